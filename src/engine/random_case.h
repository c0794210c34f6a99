/*
 * For tests: random rules and random events from one small vocabulary, so that they often meet.  The same seed
 * gives the same texts everywhere.
 */
#ifndef VD_ENGINE_RANDOM_CASE_H
#define VD_ENGINE_RANDOM_CASE_H

#include "base/str.h"

struct vd_random {
	uint64_t state; /* never 0 */
};

uint32_t vd_random_below(struct vd_random *random, uint32_t n);

/* Appends a YAML stream of n rules, titles r0, r1, …: every modifier, lists, keywords, nested conditions. */
void vd_random_rules(struct vd_random *random, uint32_t n, struct vd_buf *to);
/* Appends one JSON object: nested objects, arrays, null, escapes, duplicate keys, long texts of many lines. */
void vd_random_event(struct vd_random *random, struct vd_buf *to);

#endif
