/*
 * gRPC calls served over the exchanges of net (gRPC over HTTP2).
 *
 * A call is let in when its method exists, its caller's service name (vd_peer.service) is one that the registry's rows let call it, and the
 * authorise hook agrees; then its messages are given to the method's handler as they come, unpacked and checked.
 * A call ends once: by vd_call_finish, by its deadline, by the client that gives it up, or with its connection.
 *
 * Where the client breaks the protocol the call fails by the codes that gRPC's "Status codes and their use" names.
 *
 * Memory: a call and what it hands out live until handler->gone returns; messages until handler->message returns.
 * Thread: the loop's of its connection; one struct vd_rpc_server a worker, the registry shared.
 */
#ifndef VD_RPC_SERVER_H
#define VD_RPC_SERVER_H

#include "base/metrics.h"
#include "net/server.h"
#include "rpc/code.h"
#include "rpc/metadata.h"
#include "rpc/methods.h"
#include "rpc/status.h"
#include "rpc/trace.h"
#include "rpc/unpack.h"

struct vd_call;

struct vd_rpc_handler {
	/* The call begins.  May be NULL, as may the others but gone. */
	void (*begin)(struct vd_call *call);
	void (*message)(struct vd_call *call, const ProtobufCMessage *message);
	/* The client has sent its last. */
	void (*end)(struct vd_call *call);
	/* After a send was refused: there is room again. */
	void (*room)(struct vd_call *call);
	/* The last call.  cancelled: the client does not wait for an answer any more, or its time was up. */
	void (*gone)(struct vd_call *call, bool cancelled);
};

/* Of one method, counted by every worker; latency from head to end. */
struct vd_method_stats {
	_Atomic uint64_t codes[VD_RPC_CODES];
	_Atomic int64_t running;
	struct vd_histogram latency;
};

struct vd_rpc_server_setup {
	const struct vd_methods *methods;
	struct vd_method_stats *stats; /* by method id, shared by all workers; NULL: none are kept */
	size_t message_bytes;          /* of one request message */
	const struct vd_unpack_limits *unpack;
	/* Beyond the registry's rows: the policy.  Not VD_OK: PERMISSION_DENIED with the words.  NULL: none. */
	enum vd_status (*authorise)(
		void *owner, const struct vd_peer *peer, const struct vd_method *method, struct vd_err *err);
	/* A peer of a Unix socket calls under this name; NULL: it may call nothing. */
	const char *local_caller;
	void *owner;   /* authorise's */
	void *service; /* vd_call_service */
};

struct vd_rpc_server;

enum vd_status vd_rpc_server_new(
	const struct vd_rpc_server_setup *setup, struct vd_rpc_server **ret, struct vd_err *err) VD_MUST_USE;
void vd_rpc_server_free(struct vd_rpc_server *server);

/* For vd_listen.handler; its owner (vd_server_setup.begin) is the struct vd_rpc_server. */
extern const struct vd_handler vd_rpc_server_handler;

/* Prometheus text: grpc_server_handled_total, grpc_server_running, grpc_server_handling_seconds. */
void vd_method_stats_show(
	const struct vd_methods *methods, const struct vd_method_stats *stats, struct vd_buf *to);

/* ---- for handlers ---- */

/* VD_EAGAIN: wait for room; VD_EIO: nobody waits for it any more; VD_ENOMEM, VD_ELIMIT: the call should fail. */
enum vd_status vd_call_send(struct vd_call *call, const ProtobufCMessage *message) VD_MUST_USE;
/* Ends the call.  words may be NULL. */
void vd_call_finish(struct vd_call *call, enum vd_rpc_code code, const char *words);
/* The same with details. */
void vd_call_fail(struct vd_call *call, const struct vd_rpc_status *status);
/* No messages are given until it is false again, and the client stops when the window is full. */
void vd_call_hold(struct vd_call *call, bool hold);
/* A stream that may last: the server's bounds on an exchange's time and size are not for it. */
void vd_call_set_endless(struct vd_call *call);

void *vd_call_service(const struct vd_call *call);
void vd_call_set_owner(struct vd_call *call, void *owner);
void *vd_call_owner(const struct vd_call *call);
const struct vd_method *vd_call_method(const struct vd_call *call);
const struct vd_metadata *vd_call_metadata(const struct vd_call *call);
/* To be sent: before the first message, and with the end. */
struct vd_metadata *vd_call_headers(struct vd_call *call);
struct vd_metadata *vd_call_trailers(struct vd_call *call);
const struct vd_peer *vd_call_peer(const struct vd_call *call);
int64_t vd_call_deadline(const struct vd_call *call); /* vd_loop_now's clock; VD_DEADLINE_NEVER */
/* The call's own span: what is called on its behalf is its child. */
const struct vd_trace *vd_call_trace(const struct vd_call *call);
struct vd_arena *vd_call_arena(struct vd_call *call);
struct vd_loop *vd_call_loop(const struct vd_call *call);

VD_AUTO_DEFINE(vd_rpc_server, vd_rpc_server_free)

#endif
