/*
 * Cuts the bytes of a text file into events: NDJSON by line ends alone, and where lines are no whole objects,
 * pretty-printed objects, objects one after another and arrays of objects by structure (event/json_doc.h).  An object
 * that begins with "Records" and an array of objects is an envelope, as AWS CloudTrail and Azure write them: its
 * elements are the events.
 *
 * What is an object from '{' to '}' is an event whether it is sound JSON or not: that is the parser's to say.
 * Everything else is reported through on_bad and skipped.
 *
 * Pure but for the batch's array of events.  Bounds: never asks to keep more than max_event_bytes and one read.
 * Thread: one owner.
 */
#ifndef VD_EVENT_CUT_H
#define VD_EVENT_CUT_H

#include "event/json_doc.h"
#include "event/read.h"

struct vd_cutter {
	void (*on_bad)(void *owner, uint64_t line, const char *what); /* line or element */
	void *owner;
	size_t max_event_bytes;

	struct vd_json_doc doc;
	uint64_t line;    /* 1-based, of the next byte */
	uint64_t element; /* elements of arrays so far */
	size_t column;    /* bytes between the start of the line and the next byte */
	uint64_t done;    /* bytes cut so far and bytes looked at more than once: rescans are bounded */
	uint64_t rescanned;
	uint8_t place;      /* what the next byte belongs to */
	uint64_t last_line; /* on which the last object ended that was cut by structure; 0: none */
	bool array;         /* inside an array of events, */
	bool envelope;      /* which is all of an object; after it, that object's end is still to come */
	bool begun;         /* something was cut or reported as no object */
	bool probed;        /* the first line was looked at */
	bool structural;    /* lines hold more than one object */
};

void vd_cutter_init(struct vd_cutter *cutter, size_t max_event_bytes,
	void (*on_bad)(void *owner, uint64_t line, const char *what), void *owner);

/*
 * Appends the events in at[0..n) to batch->events; they borrow at.  ret_used: bytes done with; the others must
 * come again in the next call, with more behind them.  last: nothing follows at[n].  VD_ENOMEM is the only
 * failure.
 */
enum vd_status vd_cutter_run(struct vd_cutter *cutter, struct vd_str bytes, bool last, struct vd_batch *batch,
	size_t *ret_used, struct vd_err *err) VD_MUST_USE;

/*
 * Sound lines cost no scan: what begins and ends like an object goes by as one event.  So when the parser refuses a
 * line, it may hold more than its first object.  The parser's caller asks and then cuts it by structure.
 */
bool vd_cut_finds_more(struct vd_str line);
/* Appends the objects of line, which borrow its text, to pieces->events.  VD_ENOMEM is the only failure. */
enum vd_status vd_cut_line(const struct vd_batch_event *line,
	void (*on_bad)(void *owner, uint64_t line, const char *what), void *owner, struct vd_batch *pieces,
	struct vd_err *err) VD_MUST_USE;

#endif
