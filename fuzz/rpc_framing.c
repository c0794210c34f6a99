/*
 * Any bytes as a stream of messages: whatever the pieces they come in, the same messages come out, and the stream ends
 * the same way.  The first byte chooses the pieces, the limit and the side.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "rpc/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* What came of a stream: messages with their lengths before them, the gRPC code, the status at the end. */
struct outcome {
	struct vd_buf messages;
	enum vd_rpc_code code;
	enum vd_status end;
};

/* Hands over wire in pieces of step bytes, each in a block of its own size. */
static void
run(struct vd_str wire, size_t step, unsigned flags, struct outcome *ret)
{
	struct vd_framing framing;
	enum vd_status st = VD_END;
	vd_framing_init(&framing, (flags & 1) != 0, (flags & 2) != 0 ? 300 : VD_FRAMING_LIMIT);
	framing.encoded = (flags & 4) != 0;
	vd_buf_init(&ret->messages, 0);
	for (size_t at = 0; at < wire.len && st == VD_END; at += step) {
		size_t n = VD_MIN(step, wire.len - at);
		char *piece = vd_mem_alloc(n);
		must(piece != NULL);
		memcpy(piece, wire.at + at, n);
		struct vd_str chunk = {piece, n}, message;
		while ((st = vd_framing_next(&framing, &chunk, &message, NULL)) == VD_OK) {
			must(message.len <= framing.limit);
			vd_buf_add(&ret->messages, &message.len, sizeof message.len);
			vd_buf_str(&ret->messages, message);
		}
		must(st != VD_END || chunk.len == 0);
		must(framing.held.cap <= 512 + 2 * wire.len);
		vd_mem_free(piece);
	}
	ret->end = vd_framing_end(&framing, NULL);
	ret->code = framing.code;
	must((ret->end == VD_OK) == (ret->code == VD_RPC_OK));
	must(st == VD_END || st == ret->end);
	vd_framing_fini(&framing);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (n == 0)
		return 0;
	struct vd_str wire = {(const char *)bytes + 1, n - 1};
	struct outcome whole, pieces;
	run(wire, wire.len == 0 ? 1 : wire.len, bytes[0], &whole);
	run(wire, 1 + bytes[0] / 8u, bytes[0], &pieces);
	must(whole.end == pieces.end && whole.code == pieces.code);
	must(vd_str_eq(vd_buf_view(&whole.messages), vd_buf_view(&pieces.messages)));
	vd_buf_fini(&whole.messages);
	vd_buf_fini(&pieces.messages);
	return 0;
}
