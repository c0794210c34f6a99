/*
 * Events one by one, for commands that look at each: paths in, a callback a event.  Bad input is named on stderr.
 * Thread: main thread.
 */
#ifndef VD_MAIN_RULES_EVENTS_H
#define VD_MAIN_RULES_EVENTS_H

#include "base/status.h"
#include "vedette/engine.h"

/* VD_END from fn: enough, vd_events_each returns VD_OK. */
typedef enum vd_status (*vd_event_fn)(
	void *owner, struct vd_str text, struct vd_event_ref place, struct vd_err *err);

enum vd_status vd_events_each(const char *const paths[], size_t n, vd_event_fn fn, void *owner,
	uint64_t *ret_bad, struct vd_err *err) VD_MUST_USE;

#endif
