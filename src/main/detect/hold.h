/*
 * What correlations need of events, held until the end of input and given back in the order of event time, equal
 * times in the order of arrival: finite input is correlated with no limit on lateness, so nothing may be judged
 * earlier.  Beyond memory_bytes the records are sorted and spilled to an unlinked file in $TMPDIR (or /tmp).
 *
 * Memory: a hold copies what it is given.  Thread: one owner.
 */
#ifndef VD_MAIN_DETECT_HOLD_H
#define VD_MAIN_DETECT_HOLD_H

#include "base/status.h"
#include "base/str.h"

#define VD_HOLD_BYTES (64u << 20) /* in memory by default */
#define VD_HOLD_MAX_RUNS 4096u    /* spilled parts; more: VD_ELIMIT */

struct vd_hold_record {
	int64_t time_ms;
	uint32_t file;
	uint64_t line;
	struct vd_str bytes;
};

struct vd_hold;

enum vd_status vd_hold_new(
	size_t memory_bytes, struct vd_hold **ret, struct vd_err *err) VD_MUST_USE; /* 0: VD_HOLD_BYTES */
void vd_hold_free(struct vd_hold *hold);
enum vd_status vd_hold_add(
	struct vd_hold *hold, const struct vd_hold_record *record, struct vd_err *err) VD_MUST_USE;
/* Calls fn for every record in order and empties the hold; ends at the first status that is not VD_OK. */
enum vd_status vd_hold_drain(struct vd_hold *hold,
	enum vd_status (*fn)(void *owner, const struct vd_hold_record *record, struct vd_err *err),
	void *owner, struct vd_err *err) VD_MUST_USE;
size_t vd_hold_runs(const struct vd_hold *hold); /* spilled so far */

VD_AUTO_DEFINE(vd_hold, vd_hold_free)

#endif
