/*
 * gRPC calls made over a channel of net.
 *
 * A call ends once, with its code: from the server, by its deadline, by vd_outcall_cancel, or because no connection
 * could be had.  It is sent again only where that is safe: when the server certainly has not seen it (REFUSED_STREAM,
 * a connection that never took it), or when its method is idempotent and the server said UNAVAILABLE before any answer
 * came; VD_OUTCALL_TRIES in all, with the deadline as the bound.
 *
 * Memory: a call frees itself after done; its messages are borrowed until the function they are given to returns.
 * Thread: the channel's loop.
 */
#ifndef VD_RPC_CLIENT_H
#define VD_RPC_CLIENT_H

#include "net/channel.h"
#include "rpc/code.h"
#include "rpc/metadata.h"
#include "rpc/methods.h"
#include "rpc/status.h"
#include "rpc/trace.h"
#include "rpc/unpack.h"

#define VD_OUTCALL_TRIES 3u

struct vd_outcall; /* a call that this side makes */

struct vd_outcall_ops {
	/* Metadata of the answer is there.  May be NULL, as may message and room. */
	void (*headers)(struct vd_outcall *call, const struct vd_metadata *metadata);
	void (*message)(struct vd_outcall *call, const ProtobufCMessage *message);
	void (*room)(
		struct vd_outcall *call); /* a stream's vd_outcall_send was refused; or the call has begun */
	/* The last call.  status borrows the call; metadata: of the trailers. */
	void (*done)(struct vd_outcall *call, const struct vd_rpc_status *status,
		const struct vd_metadata *trailers);
};

struct vd_outcall_setup {
	struct vd_channel *channel;
	const struct vd_method
		*method; /* path, kind, idempotent, descriptors; borrowed for the call's life */
	const struct vd_metadata *metadata; /* NULL: none; copied */
	int64_t deadline_ms;                /* of vd_loop_now's clock; VD_DEADLINE_NEVER */
	const struct vd_trace *trace;       /* the span that makes the call; NULL: none */
	bool patient;         /* waits for a connection until the deadline instead of failing at once */
	size_t message_bytes; /* of one answer */
	const struct vd_unpack_limits *unpack;
	const struct vd_outcall_ops *ops;
	void *owner;
};

/*
 * Begins a call; request: its one message, or NULL for a client that streams.  done may be called before it returns
 * only where it fails to begin, which is told by the returned status alone: then done is not called.
 */
enum vd_status vd_outcall_begin(const struct vd_outcall_setup *setup, const ProtobufCMessage *request,
	struct vd_outcall **ret, struct vd_err *err) VD_MUST_USE;
/* A streaming client's.  VD_EAGAIN: wait for room; VD_EIO: the call has ended. */
enum vd_status vd_outcall_send(struct vd_outcall *call, const ProtobufCMessage *message) VD_MUST_USE;
void vd_outcall_send_end(struct vd_outcall *call);
/* done follows, with CANCELLED. */
void vd_outcall_cancel(struct vd_outcall *call);
void *vd_outcall_owner(const struct vd_outcall *call);
struct vd_arena *vd_outcall_arena(struct vd_outcall *call);

#endif
