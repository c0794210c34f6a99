/*
 * How long a call may take: the value of grpc-timeout, and deadlines.
 *
 * A timeout travels (two clocks need not agree); a deadline is its end on this machine's monotonic clock, in
 * milliseconds.  What a service calls on behalf of a call gets the sooner of the two deadlines: VD_MIN.  Pure
 * functions, all saturating.  Thread: any.
 */
#ifndef VD_RPC_TIMEOUT_H
#define VD_RPC_TIMEOUT_H

#include "base/str.h"

#define VD_TIMEOUT_TEXT_MAX 10u /* eight digits, a unit, NUL */
#define VD_DEADLINE_NEVER INT64_MAX

/*
 * At most eight digits and one of H M S m u n (gRPC over HTTP2, Timeout).  Parts of a millisecond are rounded up; 0,
 * which the grammar does not know and clients send, is a timeout that has passed.  False: not of this form.
 */
bool vd_timeout_parse(struct vd_str text, int64_t *ret_ms) VD_MUST_USE;
/*
 * Writes the timeout in the smallest unit that eight digits can hold, rounded down, so that the other side never waits
 * longer than we do; returns its length.  One that has passed is written as the shortest there is, 1n.
 */
size_t vd_timeout_format(int64_t ms, char text[VD_TIMEOUT_TEXT_MAX]);

/* now_ms + timeout_ms, never beyond VD_DEADLINE_NEVER; a timeout below 0 counts as 0. */
int64_t vd_deadline_after(int64_t now_ms, int64_t timeout_ms);
/* Milliseconds until the deadline: 0 once it has passed, INT64_MAX for VD_DEADLINE_NEVER. */
int64_t vd_deadline_left(int64_t deadline_ms, int64_t now_ms);

#endif
