/*
 * Batches of events out of one text file: reading, UTF-16, and what the cutter leaves for the next batch.
 * Memory: holds the unfinished rest of a batch, at most max_event_bytes and one read.  Thread: one owner.
 */
#ifndef VD_EVENT_READ_TEXT_H
#define VD_EVENT_READ_TEXT_H

#include "event/cut.h"
#include "event/decompress.h"
#include "event/utf16.h"

struct vd_text_source {
	struct vd_inflow *in; /* borrowed */
	struct vd_cutter cutter;
	struct vd_utf16 utf16;
	bool is_utf16;
	bool end;
	size_t batch_bytes;
	struct vd_buf rest; /* not cut yet */
	struct vd_buf wide; /* UTF-16 as read */
	uint64_t events, bytes;
};

/* head: the first bytes of the content (vd_inflow_head).  cutter is to be initialised by the caller. */
void vd_text_source_start(
	struct vd_text_source *text, struct vd_inflow *in, struct vd_str head, size_t batch_bytes);
void vd_text_source_fini(struct vd_text_source *text);

/*
 * Fills batch, whose events are none yet.  VD_END: the file has ended, and batch may hold its last events; so it
 * is with VD_EINPUT and VD_EIO, where the file could not be read to its end.
 */
enum vd_status vd_text_source_next(
	struct vd_text_source *text, struct vd_batch *batch, struct vd_err *err) VD_MUST_USE;

#endif
