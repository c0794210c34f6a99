#include "event/read_evtx.h"

#include <stdarg.h>
#include <stdio.h>

#include <zlib.h>

#include "base/mem.h"
#include "event/event.h"

/* Offsets in the file's header */
#define CHUNKS 42 /* how many, 16 bits */
#define FLAGS 120
#define FLAG_DIRTY 1
#define CHECKSUM 124 /* CRC-32 of the first 120 bytes */

void
vd_evtx_source_fini(struct vd_evtx_source *source)
{
	vd_evtx_free(source->evtx);
	vd_mem_free(source->block);
	source->evtx = NULL;
	source->block = NULL;
}

/* Reads until the block holds want bytes, or the file ends or fails: source->status says so. */
static void
fill(struct vd_evtx_source *source, size_t want)
{
	while (source->status == VD_OK && source->n < want) {
		size_t n = 0;
		source->status = vd_inflow_read(
			source->in, source->block + source->n, want - source->n, &n, &source->err);
		source->n += n;
	}
}

static enum vd_status
ended(const struct vd_evtx_source *source, struct vd_err *err)
{
	if (source->status == VD_END && source->chunks < source->expected)
		return vd_fail(err, VD_EINPUT, "the EVTX file is cut off: %llu of its %u chunks are missing",
			(unsigned long long)(source->expected - source->chunks), source->expected);
	if (source->status != VD_END && source->status != VD_OK)
		return vd_fail(err, source->status, "%s", source->err.text);
	return source->status;
}

static bool
is_sound(const unsigned char *header)
{
	uint32_t sum = header[CHECKSUM] | (uint32_t)header[CHECKSUM + 1] << 8 |
		       (uint32_t)header[CHECKSUM + 2] << 16 | (uint32_t)header[CHECKSUM + 3] << 24;
	return sum == (uint32_t)crc32(0, header, 120);
}

enum vd_status
vd_evtx_source_start(
	struct vd_evtx_source *source, struct vd_inflow *in, size_t batch_bytes, struct vd_err *err)
{
	source->in = in;
	source->batch_bytes = batch_bytes;
	source->chunk = source->chunks = source->last_id = 0;
	source->expected = 0;
	source->n = 0;
	source->open = false;
	source->status = VD_OK;
	source->err = VD_ERR_INIT;
	if (source->evtx == NULL)
		source->evtx = vd_evtx_new();
	if (source->block == NULL)
		source->block = vd_mem_alloc(VD_EVTX_CHUNK);
	if (source->evtx == NULL || source->block == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory to read an EVTX file");
	fill(source, VD_EVTX_FILE_HEADER);
	if (source->status == VD_END)
		return vd_fail(
			err, VD_EINPUT, "an EVTX file that is cut off in its header: it holds no event");
	const unsigned char *header = (const unsigned char *)source->block;
	source->dirty = (header[FLAGS] & FLAG_DIRTY) != 0;
	if (is_sound(header) && !source->dirty)
		source->expected = header[CHUNKS] | (unsigned)header[CHUNKS + 1] << 8;
	source->n = 0;
	return ended(source, err);
}

static void report(struct vd_evtx_source *source, uint64_t record, const char *fmt, ...) VD_PRINTF(3, 4);

static void
report(struct vd_evtx_source *source, uint64_t record, const char *fmt, ...)
{
	char words[VD_ERR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(words, sizeof words, fmt, args);
	va_end(args);
	source->on_bad(source->owner, record, words);
}

static bool
is_unused(const char *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (at[i] != 0)
			return false;
	return true;
}

/* Says what is wrong with the chunk that was just opened. */
static void
report_damage(struct vd_evtx_source *source)
{
	const struct vd_evtx_frames *frames = vd_evtx_frames(source->evtx);
	unsigned long long chunk = source->chunk;
	uint64_t first = source->last_id + 1;
	size_t records = frames->n - frames->n_damaged;
	if (frames->cut_off)
		report(source, first, "the EVTX file is cut off in chunk %llu: %zu of its records were found",
			chunk, records);
	else if (frames->n == 0 && frames->mended)
		report(source, first, "chunk %llu of the EVTX file is damaged: no record was found in it",
			chunk);
	else if (frames->n_damaged > 0)
		report(source, first, "chunk %llu of the EVTX file is damaged: %zu records were found in it",
			chunk, records);
	else if (frames->mended && !source->dirty)
		report(source, first,
			records == 1 ? "chunk %llu of the EVTX file has a wrong checksum: its %zu record is "
				       "read all "
				       "the same"
				     : "chunk %llu of the EVTX file has a wrong checksum: its %zu records "
				       "are read "
				       "all the same",
			chunk, records);
}

/* The next chunk that holds anything; VD_END after the last. */
static enum vd_status
open_chunk(struct vd_evtx_source *source, struct vd_err *err)
{
	fill(source, VD_EVTX_CHUNK);
	if (source->n == 0)
		return ended(source, err);
	size_t n = vd_evtx_chunk_length((const uint8_t *)source->block, source->n);
	bool used = !is_unused(source->block, n);
	if (used) {
		struct vd_err words = VD_ERR_INIT;
		if (vd_evtx_chunk(source->evtx, (struct vd_str){source->block, n}, source->dirty, &words) !=
			VD_OK)
			report(source, source->last_id + 1, "chunk %llu of the EVTX file: %s",
				(unsigned long long)source->chunk, words.text);
		report_damage(source);
		source->chunks++;
	}
	source->open = used;
	source->n -= n;
	memmove(source->block, source->block + n, source->n);
	source->chunk++;
	return VD_OK;
}

/* Appends one record to the batch; its text is set when the batch no longer moves. */
static enum vd_status
add_record(struct vd_evtx_source *source, struct vd_batch *batch, struct vd_err *err)
{
	struct vd_buf *bytes = &batch->bytes;
	size_t from = bytes->len;
	uint64_t id = source->last_id + 1;
	void *events = batch->events;
	if (!vd_mem_grow(&events, &batch->cap, batch->n + 1, sizeof *batch->events, 1024))
		return vd_fail(err, VD_ENOMEM, "no memory for the events of a batch");
	batch->events = events;
	struct vd_err words = VD_ERR_INIT;
	enum vd_status st = vd_evtx_record(source->evtx, bytes, &id, &words);
	if (st == VD_END)
		source->open = false;
	if (st == VD_EINPUT || st == VD_ELIMIT)
		report(source, id, "an EVTX record that cannot be read: %s", words.text);
	if (st == VD_ENOMEM)
		return vd_fail(err, st, "%s", words.text);
	if (st != VD_OK)
		return VD_OK;
	batch->events[batch->n++] = (struct vd_batch_event){{NULL, bytes->len - from}, id, 0};
	vd_buf_char(bytes, '\n');
	source->last_id = id;
	return bytes->failed ? vd_fail(err, VD_ENOMEM, "no memory for the events of a batch") : VD_OK;
}

enum vd_status
vd_evtx_source_next(struct vd_evtx_source *source, struct vd_batch *batch, struct vd_err *err)
{
	struct vd_buf *bytes = &batch->bytes;
	enum vd_status st = VD_OK;
	vd_buf_reset(bytes);
	while (st == VD_OK && bytes->len < source->batch_bytes) {
		if (!source->open && batch->n > 0 && !vd_inflow_ready(source->in))
			break; /* a pipe that pauses gives what it has */
		st = source->open ? add_record(source, batch, err) : open_chunk(source, err);
	}
	if (!vd_buf_room(bytes, VD_EVENT_PADDING))
		return vd_fail(err, VD_ENOMEM, "no memory for the events of a batch");
	memset(bytes->at + bytes->len, 0, VD_EVENT_PADDING);
	size_t from = 0;
	for (size_t i = 0; i < batch->n; i++) {
		batch->events[i].text.at = bytes->at + from;
		from += batch->events[i].text.len + 1;
	}
	return st;
}
