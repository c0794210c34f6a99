/*
 * For tests: correlation as docs/correlation.md says it, written a second time with loops instead of state.
 * Every window is built from nothing, so it is slow and easy to check against the text; it shares no code with
 * the product.  Times are whole milliseconds, numbers small multiples of one half.
 */
#ifndef VD_ENGINE_CORRELATE_NAIVE_MODEL_H
#define VD_ENGINE_CORRELATE_NAIVE_MODEL_H

#include "engine/correlate/world_fake.h"

/* All findings of finite input, by time, correlation and group; only corr, t, group and count are filled in. */
void naive_run(
	const struct world *world, const struct world_event *events, size_t n, struct world_findings *ret);

#endif
