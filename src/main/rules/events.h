/*
 * Events one by one, for commands that look at each: paths in, a callback an event.  Bad input is named on stderr.
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

/*
 * Only the event in this line of path (0: the first).  VD_EINPUT: the line is bad input, and the words say why; other
 * bad lines are passed over.  VD_OK without a call of fn: there is no event in it.
 */
enum vd_status vd_events_at(
	const char *path, uint64_t line, vd_event_fn fn, void *owner, struct vd_err *err) VD_MUST_USE;

#endif
