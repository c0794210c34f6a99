/*
 * Events out of files: NDJSON, JSON arrays, pretty-printed JSON, .evtx; gzip and zstd around the first three;
 * standard input ("-"); folders, recursively.  The format is told from the content, not the name.
 *
 * A source is cut into batches of whole events so that workers can match them side by side.  What cannot be
 * read is reported through on_bad with its place and skipped; it never ends the run.  A text file that was found
 * in a folder and holds no JSON object is reported once, as a whole.
 *
 * Memory: a batch owns its bytes (with VD_EVENT_PADDING behind each event).  Thread: a reader has one owner;
 * batches may be handed on.
 */
#ifndef VD_EVENT_READ_H
#define VD_EVENT_READ_H

#include "base/status.h"
#include "base/str.h"

struct vd_batch_event {
	struct vd_str text; /* one JSON object; padded */
	uint64_t line;      /* 1-based line; EVTX: record id; JSON array: element */
	uint32_t column;    /* bytes before it on that line; 0 for a record or an element */
};

struct vd_batch {
	uint32_t file;     /* index of vd_reader_file */
	uint64_t sequence; /* 0, 1, 2… over the whole run */
	size_t n;
	size_t cap;
	struct vd_batch_event *events;
	struct vd_buf bytes;
};

struct vd_batch *vd_batch_new(void) VD_MUST_USE;
void vd_batch_free(struct vd_batch *batch);

struct vd_bad_input {
	struct vd_str file;
	uint64_t line;    /* line, record or element; 0: the whole file */
	const char *what; /* a sentence: what is wrong and what was done */
	uint64_t more;    /* later pieces of the file that are not named one by one */
};

struct vd_reader_options {
	size_t max_event_bytes; /* 0: 64 MiB; longer lines are bad input, skipped without being held */
	size_t batch_bytes;     /* 0: 1 MiB */
	void (*on_bad)(void *owner, const struct vd_bad_input *bad);
	void (*on_wait)(void *owner); /* inside vd_reader_next: a pipe or terminal pauses and is waited for */
	void *owner;
};

struct vd_reader;

/*
 * paths: files, folders, "-".  A path that does not exist or may not be read is an error here, before any event is
 * read; what is found below a folder and cannot be read is bad input.
 */
enum vd_status vd_reader_new(const char *const paths[], size_t n, const struct vd_reader_options *options,
	struct vd_reader **ret, struct vd_err *err) VD_MUST_USE;
void vd_reader_free(struct vd_reader *reader);
/*
 * Fills batch (reusing its memory) with events of one file; VD_END after the last.  VD_ENOTFOUND: one of the paths
 * that were given cannot be opened after all.
 */
enum vd_status vd_reader_next(
	struct vd_reader *reader, struct vd_batch *batch, struct vd_err *err) VD_MUST_USE;

size_t vd_reader_files(const struct vd_reader *reader);
struct vd_str vd_reader_file(
	const struct vd_reader *reader, size_t file); /* as given, or found under a folder */
void vd_reader_progress(
	const struct vd_reader *reader, uint64_t *ret_done, uint64_t *ret_total); /* bytes on disk */
uint64_t vd_reader_bad(const struct vd_reader *reader); /* pieces reported through on_bad */

VD_AUTO_DEFINE(vd_batch, vd_batch_free)
VD_AUTO_DEFINE(vd_reader, vd_reader_free)

#endif
