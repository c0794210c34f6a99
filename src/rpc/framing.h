/*
 * Length-prefixed messages (gRPC over HTTP2): a flag byte, four bytes of length, the message.
 *
 * The reader takes the bytes of a stream as they arrive, however they are cut, and gives out whole messages.  A message
 * that lies whole in one chunk is borrowed from it; one that came in pieces is put together in a buffer that grows with
 * what has arrived (at most twice as large), never with what was announced.  We know no compression: a message that
 * says it is compressed fails the call, as does one above the limit, before any of it is kept.
 *
 * Memory: a reader owns its buffer, and keeps at most VD_FRAMING_KEEP bytes of it from one message to the next.
 * Thread: one owner.
 */
#ifndef VD_RPC_FRAMING_H
#define VD_RPC_FRAMING_H

#include "rpc/code.h"

#define VD_FRAMING_HEAD 5u          /* bytes before each message */
#define VD_FRAMING_LIMIT (4u << 20) /* bytes of a message where nothing else is said; gRPC's usual default */
#define VD_FRAMING_KEEP ((size_t)64 << 10)

struct vd_framing {
	size_t limit;     /* bytes of a message */
	bool from_server; /* we read a response */
	bool encoded; /* grpc-encoding named something other than identity; set when the headers are known */
	enum vd_status failed; /* VD_OK so far: nothing more is read after a failure */
	enum vd_rpc_code code; /* what the call comes to by that failure */
	uint8_t head[VD_FRAMING_HEAD];
	unsigned n_head;    /* bytes of head that are here */
	bool given;         /* the message of head was given out */
	struct vd_buf held; /* of a message that comes in pieces */
};

void vd_framing_init(struct vd_framing *framing, bool from_server, size_t limit);
void vd_framing_fini(struct vd_framing *framing);

/*
 * Takes bytes from the front of *chunk.  VD_OK: *ret is a message, borrowed until the next call and as long as the
 * chunk's bytes are there.  VD_END: the chunk is used up, and the next message not yet whole.  Otherwise the call fails
 * with framing->code.
 */
enum vd_status vd_framing_next(
	struct vd_framing *framing, struct vd_str *chunk, struct vd_str *ret, struct vd_err *err) VD_MUST_USE;
/* The stream has ended: fails where a message was left unfinished. */
enum vd_status vd_framing_end(struct vd_framing *framing, struct vd_err *err) VD_MUST_USE;

/* Writes what stands before an uncompressed message of n bytes. */
void vd_framing_head(uint8_t head[VD_FRAMING_HEAD], uint32_t n);
/*
 * For a message that is packed into a buffer: begin leaves room for its head and returns where; finish writes the head
 * once the message stands behind it.  False: more than 4 GiB, or the buffer has failed.
 */
size_t vd_framing_begin(struct vd_buf *buf);
bool vd_framing_finish(struct vd_buf *buf, size_t begun) VD_MUST_USE;

#endif
