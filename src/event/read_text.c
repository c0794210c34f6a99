#include "event/read_text.h"

#include "base/status.h"
#include "event/event.h"

#define WIDE_ROOM (128u << 10) /* bytes of UTF-16 read at once */

void
vd_text_source_start(
	struct vd_text_source *text, struct vd_inflow *in, struct vd_str head, size_t batch_bytes)
{
	text->in = in;
	text->batch_bytes = batch_bytes;
	text->end = false;
	text->events = text->bytes = 0;
	vd_buf_reset(&text->rest);
	/* a byte order mark, or a first '{' or '[' with its zero byte */
	bool little =
		head.len >= 2 && (memcmp(head.at, "\xff\xfe", 2) == 0 || memcmp(head.at, "{\0", 2) == 0 ||
					 memcmp(head.at, "[\0", 2) == 0);
	bool big = head.len >= 2 && (memcmp(head.at, "\xfe\xff", 2) == 0 || memcmp(head.at, "\0{", 2) == 0 ||
					    memcmp(head.at, "\0[", 2) == 0);
	text->is_utf16 = little || big;
	text->utf16 = (struct vd_utf16){.big_endian = big};
}

void
vd_text_source_fini(struct vd_text_source *text)
{
	vd_buf_fini(&text->rest);
	vd_buf_fini(&text->wide);
}

static enum vd_status
no_memory(const struct vd_buf *buf, struct vd_err *err)
{
	return vd_fail(err, VD_ENOMEM, "no memory to read %zu bytes of events", buf->len);
}

/* Reads once behind what is in bytes, which grows at most to room bytes. */
static enum vd_status
read_more(struct vd_text_source *text, struct vd_buf *bytes, size_t room, struct vd_err *err)
{
	size_t n = 0;
	if (!vd_buf_room(bytes, room - bytes->len + VD_EVENT_PADDING))
		return no_memory(bytes, err);
	if (!text->is_utf16) {
		enum vd_status st =
			vd_inflow_read(text->in, bytes->at + bytes->len, room - bytes->len, &n, err);
		bytes->len += n;
		text->bytes += n;
		return st;
	}
	vd_buf_reset(&text->wide);
	if (!vd_buf_room(&text->wide, WIDE_ROOM) ||
		!vd_buf_room(bytes, VD_UTF16_ROOM(WIDE_ROOM) + VD_EVENT_PADDING))
		return no_memory(bytes, err);
	enum vd_status st = vd_inflow_read(text->in, text->wide.at, WIDE_ROOM, &n, err);
	text->bytes += n;
	bytes->len +=
		vd_utf16_convert(&text->utf16, (struct vd_str){text->wide.at, n}, bytes->at + bytes->len);
	return st;
}

/* Reads until bytes holds room bytes, the file ends or, from a pipe, nothing more is there yet. */
static enum vd_status
fill(struct vd_text_source *text, struct vd_buf *bytes, size_t room, struct vd_err *err)
{
	enum vd_status st = text->end ? VD_END : VD_OK;
	while (st == VD_OK && bytes->len < room) {
		st = read_more(text, bytes, room, err);
		if (st == VD_OK && !vd_inflow_ready(text->in))
			break;
	}
	text->end = st != VD_OK;
	if (!vd_buf_room(bytes, VD_EVENT_PADDING))
		return no_memory(bytes, err);
	memset(bytes->at + bytes->len, 0, VD_EVENT_PADDING);
	return st;
}

static enum vd_status
keep(struct vd_text_source *text, const struct vd_buf *bytes, size_t used, struct vd_err *err)
{
	vd_buf_reset(&text->rest);
	vd_buf_add(&text->rest, bytes->at + used, bytes->len - used);
	return text->rest.failed ? no_memory(bytes, err) : VD_OK;
}

enum vd_status
vd_text_source_next(struct vd_text_source *text, struct vd_batch *batch, struct vd_err *err)
{
	struct vd_buf *bytes = &batch->bytes;
	vd_buf_reset(bytes);
	vd_buf_str(bytes, vd_buf_view(&text->rest));
	if (bytes->failed)
		return no_memory(bytes, err);
	for (;;) {
		/* what is not cut yet doubles, so a long event is not moved too often */
		enum vd_status read =
			fill(text, bytes, bytes->len + VD_MAX(text->batch_bytes, bytes->len), err);
		if (read == VD_ENOMEM)
			return read;
		size_t used = 0;
		enum vd_status st =
			vd_cutter_run(&text->cutter, vd_buf_view(bytes), text->end, batch, &used, err);
		text->events += batch->n;
		if (st != VD_OK)
			return st;
		if (text->end)
			return read;
		if (batch->n > 0)
			return keep(text, bytes, used, err);
		memmove(bytes->at, bytes->at + used, bytes->len - used);
		bytes->len -= used;
	}
}
