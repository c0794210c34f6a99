#include "rpc/framing.h"

void
vd_framing_init(struct vd_framing *framing, bool from_server, size_t limit)
{
	*framing = (struct vd_framing){.limit = limit, .from_server = from_server};
	vd_buf_init(&framing->held, 0);
}

void
vd_framing_fini(struct vd_framing *framing)
{
	vd_buf_fini(&framing->held);
}

static uint32_t
announced(const struct vd_framing *framing)
{
	const uint8_t *at = framing->head;
	return (uint32_t)at[1] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 8 | at[4];
}

static enum vd_status
fail_with(struct vd_framing *framing, enum vd_rpc_code code, enum vd_status st)
{
	framing->code = code;
	framing->failed = st;
	return st;
}

/*
 * gRPC's "Compression" (Test cases): a flag without an encoding is INTERNAL; an encoding that the reader does not know
 * is UNIMPLEMENTED at a server and INTERNAL at a client.
 */
static enum vd_status
judge_head(struct vd_framing *framing, struct vd_err *err)
{
	if (framing->head[0] > 1) {
		(void)vd_fail(err, VD_EINPUT, "a message begins with %u, which is no compressed-flag",
			framing->head[0]);
		return fail_with(framing, VD_RPC_INTERNAL, VD_EINPUT);
	}
	if (framing->head[0] == 1 && framing->encoded) {
		(void)vd_fail(
			err, VD_EVERSION, "a message is compressed: send it with grpc-encoding identity");
		return fail_with(
			framing, framing->from_server ? VD_RPC_INTERNAL : VD_RPC_UNIMPLEMENTED, VD_EVERSION);
	}
	if (framing->head[0] == 1) {
		(void)vd_fail(
			err, VD_EINPUT, "a message says it is compressed, but no grpc-encoding says how");
		return fail_with(framing, VD_RPC_INTERNAL, VD_EINPUT);
	}
	if (announced(framing) > framing->limit) {
		(void)vd_fail(err, VD_ELIMIT, "a message of %u bytes: at most %zu are taken",
			announced(framing), framing->limit);
		return fail_with(framing, VD_RPC_RESOURCE_EXHAUSTED, VD_ELIMIT);
	}
	return VD_OK;
}

static struct vd_str
cut(struct vd_str *chunk, size_t n)
{
	struct vd_str taken = {chunk->at, n};
	if (n != 0)
		chunk->at += n;
	chunk->len -= n;
	return taken;
}

static enum vd_status
take_head(struct vd_framing *framing, struct vd_str *chunk, struct vd_err *err)
{
	if (framing->n_head == VD_FRAMING_HEAD)
		return VD_OK;
	struct vd_str taken = cut(chunk, VD_MIN(chunk->len, (size_t)(VD_FRAMING_HEAD - framing->n_head)));
	if (taken.len != 0)
		memcpy(framing->head + framing->n_head, taken.at, taken.len);
	framing->n_head += (unsigned)taken.len;
	return framing->n_head == VD_FRAMING_HEAD ? judge_head(framing, err) : VD_END;
}

/* Makes ready for the next message; the one before is no longer borrowed. */
static void
forget(struct vd_framing *framing)
{
	if (framing->held.cap > VD_FRAMING_KEEP)
		vd_buf_fini(&framing->held);
	else
		vd_buf_reset(&framing->held);
	framing->n_head = 0;
	framing->given = false;
}

enum vd_status
vd_framing_next(struct vd_framing *framing, struct vd_str *chunk, struct vd_str *ret, struct vd_err *err)
{
	if (framing->failed != VD_OK)
		return vd_fail(err, framing->failed, "the messages of this stream could not be read before");
	if (framing->given)
		forget(framing);
	enum vd_status st = take_head(framing, chunk, err);
	if (st != VD_OK)
		return st;
	size_t missing = announced(framing) - framing->held.len;
	struct vd_str taken = cut(chunk, VD_MIN(chunk->len, missing));
	framing->given = taken.len == missing;
	if (framing->given && framing->held.len == 0) {
		*ret = taken;
		return VD_OK;
	}
	vd_buf_add(&framing->held, taken.at, taken.len);
	if (framing->held.failed) {
		(void)vd_fail(err, VD_ENOMEM, "no memory for a message of %u bytes", announced(framing));
		return fail_with(framing, VD_RPC_RESOURCE_EXHAUSTED, VD_ENOMEM);
	}
	if (!framing->given)
		return VD_END;
	*ret = vd_buf_view(&framing->held);
	return VD_OK;
}

enum vd_status
vd_framing_end(struct vd_framing *framing, struct vd_err *err)
{
	if (framing->failed != VD_OK)
		return vd_fail(err, framing->failed, "the messages of this stream could not be read before");
	if (framing->n_head == 0 || framing->given)
		return VD_OK;
	if (framing->n_head < VD_FRAMING_HEAD)
		(void)vd_fail(err, VD_EINPUT, "the stream ends within the %u bytes before a message",
			VD_FRAMING_HEAD);
	else
		(void)vd_fail(err, VD_EINPUT, "the stream ends after %zu of a message's %u bytes",
			framing->held.len, announced(framing));
	return fail_with(framing, VD_RPC_INTERNAL, VD_EINPUT);
}

void
vd_framing_head(uint8_t head[VD_FRAMING_HEAD], uint32_t n)
{
	head[0] = 0;
	head[1] = (uint8_t)(n >> 24);
	head[2] = (uint8_t)(n >> 16);
	head[3] = (uint8_t)(n >> 8);
	head[4] = (uint8_t)n;
}

size_t
vd_framing_begin(struct vd_buf *buf)
{
	static const uint8_t room[VD_FRAMING_HEAD];
	size_t begun = buf->len;
	vd_buf_add(buf, room, sizeof room);
	return begun;
}

bool
vd_framing_finish(struct vd_buf *buf, size_t begun)
{
	uint8_t head[VD_FRAMING_HEAD];
	if (buf->failed || buf->len - begun - VD_FRAMING_HEAD > UINT32_MAX)
		return false;
	vd_framing_head(head, (uint32_t)(buf->len - begun - VD_FRAMING_HEAD));
	memcpy(buf->at + begun, head, sizeof head);
	return true;
}
