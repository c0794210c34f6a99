/*
 * Events of one EVTX chunk through libevtx, as flat JSON objects (event/evtx_xml.h).
 *
 * A chunk stands for itself: libevtx is given each one, mended (event/evtx_chunk.h), as a file of its own in
 * memory.  So a log of any size needs the memory of a chunk, can come through a pipe, and damage in one chunk
 * costs no other.
 *
 * Memory: owns a chunk and what libevtx makes of it.  Thread: one owner.
 */
#ifndef VD_EVENT_EVTX_H
#define VD_EVENT_EVTX_H

#include "base/status.h"
#include "base/str.h"
#include "event/evtx_chunk.h"

struct vd_evtx;

struct vd_evtx *vd_evtx_new(void) VD_MUST_USE;
void vd_evtx_free(struct vd_evtx *evtx);

/* Takes a chunk of n <= VD_EVTX_CHUNK bytes, fewer where the file is cut off; dirty as in
 * vd_evtx_chunk_mend.  VD_EINPUT: records are missing. */
enum vd_status vd_evtx_chunk(
	struct vd_evtx *evtx, struct vd_str chunk, bool dirty, struct vd_err *err) VD_MUST_USE;
/* What the chunk was found to hold; borrowed until the next chunk. */
const struct vd_evtx_frames *vd_evtx_frames(const struct vd_evtx *evtx);
/*
 * Appends the next record of the chunk to json.  ret_id: the event's EventRecordID or, where it has none, the
 * identifier of its record.  VD_EINPUT, VD_ELIMIT: this record cannot be read, the next ones may; VD_END: no more.
 */
enum vd_status vd_evtx_record(
	struct vd_evtx *evtx, struct vd_buf *json, uint64_t *ret_id, struct vd_err *err) VD_MUST_USE;

VD_AUTO_DEFINE(vd_evtx, vd_evtx_free)

#endif
