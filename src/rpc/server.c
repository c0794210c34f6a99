#include "rpc/server.h"

#include <sys/random.h>

#include "base/mem.h"
#include "rpc/framing.h"
#include "rpc/headers.h"
#include "rpc/text.h"
#include "rpc/timeout.h"

#define CHANCE_BYTES 4096u

struct vd_rpc_server {
	uint32_t magic;
#define VD_RPC_SERVER_MAGIC 0x72706373u
	struct vd_rpc_server_setup setup;
	struct vd_arena *scratch; /* of one message */
	struct vd_buf packed;
	uint8_t chance[CHANCE_BYTES]; /* random bytes, used from the end */
	size_t n_chance;
};

struct vd_call {
	uint32_t magic;
#define VD_CALL_MAGIC 0x63616c6cu
	struct vd_rpc_server *server;
	struct vd_exchange *x;
	const struct vd_method *method; /* NULL: refused before it was known */
	void *owner;
	struct vd_framing framing;
	struct vd_metadata metadata, headers, trailers;
	struct vd_timer deadline;
	int64_t deadline_ms, began_ms;
	struct vd_trace trace;
	struct vd_buf held; /* bytes that came while the handler held */
	uint32_t n_in, n_out;
	enum vd_rpc_code code; /* once finished */
	bool giving;           /* messages are being given out: who stops holding now need only say so */
	bool hold, client_done, told_end, headers_sent, finished, begun;
};

static struct vd_call *
of_deadline(struct vd_timer *timer)
{
	return (struct vd_call *)(void *)((char *)timer - offsetof(struct vd_call, deadline));
}

/* ---- servers ---- */

enum vd_status
vd_rpc_server_new(const struct vd_rpc_server_setup *setup, struct vd_rpc_server **ret, struct vd_err *err)
{
	VD_AUTO(vd_rpc_server) server = vd_obj_new(struct vd_rpc_server, VD_RPC_SERVER_MAGIC);
	if (server == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a gRPC server");
	server->setup = *setup;
	vd_buf_init(&server->packed, setup->message_bytes + VD_FRAMING_HEAD);
	server->scratch = vd_arena_new(setup->unpack->bytes * 2);
	if (server->scratch == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a gRPC server");
	*ret = vd_rpc_server_take(&server);
	return VD_OK;
}

void
vd_rpc_server_free(struct vd_rpc_server *server)
{
	if (server == NULL)
		return;
	vd_obj_check(server, VD_RPC_SERVER_MAGIC);
	vd_arena_free(server->scratch);
	vd_buf_fini(&server->packed);
	vd_obj_free(server);
}

/* Unguessable ids of spans; where the system gives none, zeros begin no trace that others would believe. */
static const uint8_t *
draw(struct vd_rpc_server *server, size_t n)
{
	if (server->n_chance < n) {
		ssize_t got = getrandom(server->chance, sizeof server->chance, 0);
		server->n_chance = got == (ssize_t)sizeof server->chance ? sizeof server->chance : n;
	}
	server->n_chance -= n;
	return server->chance + server->n_chance;
}

/* ---- the end ---- */

static struct vd_method_stats *
stats_of(const struct vd_call *call)
{
	struct vd_method_stats *all = call->server->setup.stats;
	return all == NULL || call->method == NULL ? NULL : &all[call->method->id];
}

static const struct vd_buckets latency_buckets = {
	1e-3, 12, {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 30000}};

static void
count(struct vd_call *call)
{
	struct vd_method_stats *stats = stats_of(call);
	if (stats == NULL)
		return;
	(void)atomic_fetch_add_explicit(&stats->codes[call->code], 1, memory_order_relaxed);
	vd_histogram_observe(&stats->latency, &latency_buckets,
		(uint64_t)(vd_loop_now(vd_call_loop(call)) - call->began_ms));
}

/* grpc-status and its kin: trailers, or with the head where nothing was sent (Trailers-Only). */
static void
end_headers(struct vd_call *call, const struct vd_rpc_status *status, struct vd_rpc_headers *headers)
{
	struct vd_arena *arena = headers->arena;
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	char *code = vd_arena_printf(arena, "%u", (unsigned)status->code);
	struct vd_str words;
	vd_percent_encode(&text, status->message);
	if (code == NULL || text.failed || !vd_arena_str(arena, vd_buf_view(&text), &words)) {
		headers->failed = true;
		return;
	}
	vd_rpc_headers_add(headers, VD_S("grpc-status"), vd_str_from(code));
	if (status->message.len > 0)
		vd_rpc_headers_add(headers, VD_S("grpc-message"), words);
	if (status->reason.len > 0 || status->n_violations > 0) {
		struct vd_str details;
		vd_buf_reset(&text);
		/* too many details for a header: the call ends without them */
		if (vd_rpc_status_write(status, arena, &text, NULL) == VD_OK &&
			vd_arena_str(arena, vd_buf_view(&text), &details))
			vd_rpc_headers_add(headers, VD_S("grpc-status-details-bin"), details);
	}
	vd_rpc_headers_metadata(headers, &call->trailers);
}

static void
head_headers(struct vd_call *call, struct vd_rpc_headers *headers)
{
	vd_rpc_headers_add(headers, VD_S("content-type"), VD_S("application/grpc"));
	vd_rpc_headers_metadata(headers, &call->headers);
}

static bool
send_end(struct vd_call *call, const struct vd_rpc_status *status)
{
	struct vd_rpc_headers headers;
	vd_rpc_headers_init(&headers, vd_exchange_arena(call->x));
	if (!call->headers_sent)
		head_headers(call, &headers);
	end_headers(call, status, &headers);
	if (headers.failed)
		return false;
	if (call->headers_sent)
		return vd_exchange_finish(call->x, vd_rpc_headers_view(&headers)) == VD_OK;
	return vd_exchange_respond(call->x, 200, vd_rpc_headers_view(&headers), true, NULL) == VD_OK;
}

void
vd_call_fail(struct vd_call *call, const struct vd_rpc_status *status)
{
	vd_obj_check(call, VD_CALL_MAGIC);
	if (call->finished)
		return;
	call->finished = true;
	call->code = status->code;
	vd_loop_clear_timer(vd_call_loop(call), &call->deadline);
	if (!send_end(call, status))
		vd_exchange_reset(call->x, 2); /* INTERNAL_ERROR: it could not even be said */
	count(call);
}

void
vd_call_finish(struct vd_call *call, enum vd_rpc_code code, const char *words)
{
	struct vd_rpc_status status = {.code = code, .message = vd_str_from(words == NULL ? "" : words)};
	vd_call_fail(call, &status);
}

static void
due(struct vd_timer *timer)
{
	struct vd_call *call = of_deadline(timer);
	vd_call_finish(call, VD_RPC_DEADLINE_EXCEEDED, "the deadline has passed");
}

/* ---- messages out ---- */

static enum vd_status
send_headers(struct vd_call *call)
{
	struct vd_rpc_headers headers;
	if (call->headers_sent)
		return VD_OK;
	vd_rpc_headers_init(&headers, vd_exchange_arena(call->x));
	head_headers(call, &headers);
	if (headers.failed)
		return VD_ENOMEM;
	enum vd_status st = vd_exchange_respond(call->x, 200, vd_rpc_headers_view(&headers), false, NULL);
	call->headers_sent = st == VD_OK;
	return st;
}

enum vd_status
vd_call_send(struct vd_call *call, const ProtobufCMessage *message)
{
	vd_obj_check(call, VD_CALL_MAGIC);
	if (call->finished)
		return VD_EIO;
	bool one = call->method->kind == VD_CALL_UNARY || call->method->kind == VD_CALL_CLIENT_STREAM;
	enum vd_status st = one && call->n_out > 0 ? VD_EINPUT : send_headers(call);
	if (st != VD_OK)
		return st;
	struct vd_buf *packed = &call->server->packed;
	vd_buf_reset(packed);
	size_t begun = vd_framing_begin(packed);
	st = vd_pack(message, packed, NULL);
	if (st != VD_OK || !vd_framing_finish(packed, begun))
		return st == VD_OK ? VD_ELIMIT : st;
	st = vd_exchange_write(call->x, vd_buf_view(packed));
	call->n_out += st == VD_OK;
	return st;
}

/* ---- messages in ---- */

static void
refuse(struct vd_call *call, enum vd_rpc_code code, const struct vd_err *why)
{
	vd_call_finish(call, code, why->text);
}

static bool
takes_one(const struct vd_call *call)
{
	return call->method->kind == VD_CALL_UNARY || call->method->kind == VD_CALL_SERVER_STREAM;
}

static void
take_message(struct vd_call *call, struct vd_str wire)
{
	struct vd_err err = VD_ERR_INIT;
	ProtobufCMessage *message;
	struct vd_rpc_server *server = call->server;
	if (takes_one(call) && call->n_in > 0) {
		vd_call_finish(call, VD_RPC_UNIMPLEMENTED,
			"more than one request message for a method that takes one");
		return;
	}
	call->n_in++;
	vd_arena_reset(server->scratch);
	enum vd_status st =
		vd_unpack(call->method->request, wire, server->setup.unpack, server->scratch, &message, &err);
	if (st != VD_OK) {
		refuse(call, st == VD_EINPUT ? VD_RPC_INVALID_ARGUMENT : VD_RPC_RESOURCE_EXHAUSTED, &err);
		return;
	}
	if (call->method->handler->message != NULL)
		call->method->handler->message(call, message);
}

static void
end_in(struct vd_call *call)
{
	struct vd_err err = VD_ERR_INIT;
	if (call->finished || call->told_end || !call->client_done || call->held.len > 0)
		return;
	call->told_end = true;
	if (vd_framing_end(&call->framing, &err) != VD_OK)
		refuse(call, call->framing.code, &err);
	else if (takes_one(call) && call->n_in == 0)
		vd_call_finish(call, VD_RPC_UNIMPLEMENTED, "no request message for a method that takes one");
	else if (call->method->handler->end != NULL)
		call->method->handler->end(call);
}

/* Gives out the messages in bytes until the handler holds; returns what is left. */
static struct vd_str
give_out(struct vd_call *call, struct vd_str bytes)
{
	struct vd_str message;
	struct vd_err err = VD_ERR_INIT;
	call->giving = true;
	while (!call->finished && !call->hold) {
		enum vd_status st = vd_framing_next(&call->framing, &bytes, &message, &err);
		if (st == VD_OK)
			take_message(call, message);
		else if (st == VD_END)
			break;
		else
			refuse(call, call->framing.code, &err);
	}
	call->giving = false;
	return bytes;
}

static void
on_body(struct vd_exchange *x, struct vd_str bytes)
{
	struct vd_call *call = vd_exchange_owner(x);
	size_t n = bytes.len;
	if (call->hold) {
		vd_buf_str(&call->held, bytes);
		return; /* not taken: at most a window is held */
	}
	struct vd_str left = give_out(call, bytes);
	if (!call->finished && left.len > 0)
		vd_buf_str(&call->held, left);
	else
		left.len = 0;
	vd_exchange_taken(x, n - left.len);
	if (call->held.failed)
		vd_call_finish(call, VD_RPC_RESOURCE_EXHAUSTED, "no memory for what is held");
}

void
vd_call_hold(struct vd_call *call, bool hold)
{
	vd_obj_check(call, VD_CALL_MAGIC);
	if (call->hold == hold)
		return;
	call->hold = hold;
	if (hold || call->finished || call->giving)
		return;
	size_t before = call->held.len;
	struct vd_str left = give_out(call, vd_buf_view(&call->held));
	if (left.len > 0)
		memmove(call->held.at, left.at, left.len);
	call->held.len = left.len;
	vd_exchange_taken(call->x, before - left.len);
	end_in(call);
}

static void
on_end(struct vd_exchange *x, struct vd_headers trailers)
{
	(void)trailers;
	struct vd_call *call = vd_exchange_owner(x);
	call->client_done = true;
	end_in(call);
}

static void
on_room(struct vd_exchange *x)
{
	struct vd_call *call = vd_exchange_owner(x);
	if (!call->finished && call->method->handler->room != NULL)
		call->method->handler->room(call);
}

static void
on_gone(struct vd_exchange *x, enum vd_gone why)
{
	struct vd_call *call = vd_exchange_owner(x);
	if (call == NULL)
		return;
	bool cancelled = !call->finished || call->code == VD_RPC_DEADLINE_EXCEEDED || why == VD_GONE_RESET;
	vd_loop_clear_timer(vd_call_loop(call), &call->deadline);
	if (!call->finished) {
		call->finished = true;
		call->code = VD_RPC_CANCELLED;
		count(call);
	}
	struct vd_method_stats *stats = stats_of(call);
	if (stats != NULL && call->begun)
		(void)atomic_fetch_sub_explicit(&stats->running, 1, memory_order_relaxed);
	if (call->begun)
		call->method->handler->gone(call, cancelled);
	vd_framing_fini(&call->framing);
	vd_buf_fini(&call->held);
}

/* ---- the beginning ---- */

static void
answer_http(struct vd_exchange *x, unsigned status)
{
	if (vd_exchange_respond(x, status, (struct vd_headers){NULL, 0}, true, NULL) != VD_OK)
		vd_exchange_reset(x, 2);
}

/* application/grpc, application/grpc+proto, application/grpc;… */
static bool
is_grpc(struct vd_str type)
{
	struct vd_str rest = {type.at + 16, type.len - 16};
	if (!vd_str_starts(type, "application/grpc"))
		return false;
	return rest.len == 0 || rest.at[0] == ';' || vd_str_is(rest, "+proto") ||
	       vd_str_starts(rest, "+proto;");
}

/* What the head says, but for the method.  False: the call has failed. */
static bool
read_head(struct vd_call *call, const struct vd_request *request)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_str encoding = vd_headers_find(request->headers, "grpc-encoding");
	struct vd_str timeout = vd_headers_find(request->headers, "grpc-timeout");
	struct vd_str parent = vd_headers_find(request->headers, "traceparent");
	int64_t ms = 0, now = vd_loop_now(vd_call_loop(call));
	for (size_t i = 0; i < request->headers.n; i++) {
		enum vd_status st = vd_metadata_take(
			&call->metadata, request->headers.list[i].name, request->headers.list[i].value, &err);
		if (st == VD_OK)
			continue;
		refuse(call, st == VD_EINPUT ? VD_RPC_INTERNAL : VD_RPC_RESOURCE_EXHAUSTED, &err);
		return false;
	}
	call->framing.encoded = encoding.at != NULL && !vd_str_is(encoding, "identity");
	if (timeout.at != NULL && !vd_timeout_parse(timeout, &ms)) {
		vd_call_finish(
			call, VD_RPC_INVALID_ARGUMENT, "grpc-timeout is not of the form that gRPC gives it");
		return false;
	}
	if (timeout.at != NULL)
		call->deadline_ms = vd_deadline_after(now, ms);
	struct vd_trace of_caller;
	if (vd_trace_parse(parent, &of_caller))
		vd_trace_child(&of_caller, draw(call->server, VD_SPAN_ID), &call->trace);
	else
		vd_trace_begin(draw(call->server, VD_TRACE_ID + VD_SPAN_ID), false, &call->trace);
	return true;
}

static bool
is_let_in(struct vd_call *call)
{
	const struct vd_rpc_server_setup *setup = &call->server->setup;
	const struct vd_peer *peer = vd_exchange_peer(call->x);
	struct vd_err err = VD_ERR_INIT;
	struct vd_str caller = vd_str_from(peer->service);
	if (peer->kind == VD_PEER_LOCAL && setup->local_caller != NULL)
		caller = vd_str_from(setup->local_caller);
	if (!vd_methods_may_call(setup->methods, call->method, caller)) {
		vd_call_finish(call, VD_RPC_PERMISSION_DENIED,
			"no row of the table of peers lets this caller call it");
		return false;
	}
	if (setup->authorise == NULL || setup->authorise(setup->owner, peer, call->method, &err) == VD_OK)
		return true;
	refuse(call, VD_RPC_PERMISSION_DENIED, &err);
	return false;
}

static struct vd_call *
new_call(struct vd_rpc_server *server, struct vd_exchange *x)
{
	struct vd_arena *arena = vd_exchange_arena(x);
	struct vd_call *call = vd_arena_zalloc(arena, sizeof *call);
	if (call == NULL)
		return NULL;
	call->magic = VD_CALL_MAGIC;
	call->server = server;
	call->x = x;
	call->deadline.due = due;
	call->deadline_ms = VD_DEADLINE_NEVER;
	call->began_ms = vd_loop_now(vd_exchange_loop(x));
	vd_framing_init(&call->framing, false, server->setup.message_bytes);
	vd_buf_init(&call->held, 0);
	vd_metadata_init(&call->metadata, arena, VD_METADATA_LIMIT);
	vd_metadata_init(&call->headers, arena, VD_METADATA_LIMIT);
	vd_metadata_init(&call->trailers, arena, VD_METADATA_LIMIT);
	return call;
}

static void
on_request(void *owner, struct vd_exchange *x, const struct vd_request *request)
{
	struct vd_rpc_server *server = owner;
	struct vd_call *call;
	vd_exchange_set_owner(x, &vd_rpc_server_handler, NULL);
	if (!vd_str_is(request->method, "POST")) {
		answer_http(x, 405);
		return;
	}
	if (!is_grpc(vd_headers_find(request->headers, "content-type"))) {
		answer_http(x, 415);
		return;
	}
	if ((call = new_call(server, x)) == NULL) {
		answer_http(x, 503);
		return;
	}
	vd_exchange_set_owner(x, &vd_rpc_server_handler, call);
	call->method = vd_methods_find(server->setup.methods, request->path);
	if (call->method == NULL) {
		vd_call_finish(call, VD_RPC_UNIMPLEMENTED, "there is no such method");
		return;
	}
	if (!is_let_in(call) || !read_head(call, request))
		return;
	if (call->deadline_ms != VD_DEADLINE_NEVER &&
		!vd_loop_set_timer(vd_call_loop(call), &call->deadline, call->deadline_ms)) {
		vd_call_finish(call, VD_RPC_RESOURCE_EXHAUSTED, "no memory for a timer");
		return;
	}
	struct vd_method_stats *stats = stats_of(call);
	if (stats != NULL)
		(void)atomic_fetch_add_explicit(&stats->running, 1, memory_order_relaxed);
	call->begun = true;
	if (call->method->handler->begin != NULL)
		call->method->handler->begin(call);
}

/* A refused call has no handler to be given anything: what still comes is taken away. */
static void
on_bytes(struct vd_exchange *x, struct vd_str bytes)
{
	struct vd_call *call = vd_exchange_owner(x);
	if (call == NULL || call->finished)
		vd_exchange_taken(x, bytes.len);
	else
		on_body(x, bytes);
}

static void
on_last(struct vd_exchange *x, struct vd_headers trailers)
{
	if (vd_exchange_owner(x) != NULL)
		on_end(x, trailers);
}

const struct vd_handler vd_rpc_server_handler = {
	.request = on_request, .body = on_bytes, .end = on_last, .room = on_room, .gone = on_gone};

/* ---- what a call says ---- */

void
vd_call_set_endless(struct vd_call *call)
{
	vd_exchange_set_endless(call->x);
}

void *
vd_call_service(const struct vd_call *call)
{
	return call->server->setup.service;
}

void
vd_call_set_owner(struct vd_call *call, void *owner)
{
	call->owner = owner;
}

void *
vd_call_owner(const struct vd_call *call)
{
	return call->owner;
}

const struct vd_method *
vd_call_method(const struct vd_call *call)
{
	return call->method;
}

const struct vd_metadata *
vd_call_metadata(const struct vd_call *call)
{
	return &call->metadata;
}

struct vd_metadata *
vd_call_headers(struct vd_call *call)
{
	return &call->headers;
}

struct vd_metadata *
vd_call_trailers(struct vd_call *call)
{
	return &call->trailers;
}

const struct vd_peer *
vd_call_peer(const struct vd_call *call)
{
	return vd_exchange_peer(call->x);
}

int64_t
vd_call_deadline(const struct vd_call *call)
{
	return call->deadline_ms;
}

const struct vd_trace *
vd_call_trace(const struct vd_call *call)
{
	return &call->trace;
}

struct vd_arena *
vd_call_arena(struct vd_call *call)
{
	return vd_exchange_arena(call->x);
}

struct vd_loop *
vd_call_loop(const struct vd_call *call)
{
	return vd_exchange_loop(call->x);
}

/* ---- numbers ---- */

static void
show_latency(const struct vd_method *method, const struct vd_histogram *latency, struct vd_buf *to)
{
	uint64_t n = 0;
	for (size_t i = 0; i <= latency_buckets.n; i++) {
		n += atomic_load_explicit(&latency->count[i], memory_order_relaxed);
		vd_buf_printf(to,
			"grpc_server_handling_seconds_bucket{grpc_service=\"%s\",grpc_method=\"%s\",le=\"",
			method->service, method->name);
		if (i < latency_buckets.n)
			vd_buf_printf(to, "%g", (double)latency_buckets.bounds[i] * latency_buckets.scale);
		else
			vd_buf_text(to, "+Inf");
		vd_buf_printf(to, "\"} %llu\n", (unsigned long long)n);
	}
	vd_buf_printf(to, "grpc_server_handling_seconds_sum{grpc_service=\"%s\",grpc_method=\"%s\"} %g\n",
		method->service, method->name,
		(double)atomic_load_explicit(&latency->sum, memory_order_relaxed) * latency_buckets.scale);
	vd_buf_printf(to, "grpc_server_handling_seconds_count{grpc_service=\"%s\",grpc_method=\"%s\"} %llu\n",
		method->service, method->name, (unsigned long long)n);
}

void
vd_method_stats_show(const struct vd_methods *methods, const struct vd_method_stats *stats, struct vd_buf *to)
{
	size_t n = vd_methods_count(methods);
	vd_buf_text(to, "# HELP grpc_server_handled_total calls that ended, by method and code\n"
			"# TYPE grpc_server_handled_total counter\n");
	for (size_t i = 0; i < n; i++)
		for (unsigned code = 0; code < VD_RPC_CODES; code++) {
			const struct vd_method *method = vd_methods_at(methods, i);
			uint64_t calls = atomic_load_explicit(&stats[i].codes[code], memory_order_relaxed);
			if (calls > 0)
				vd_buf_printf(to,
					"grpc_server_handled_total{grpc_service=\"%s\",grpc_method=\"%s\","
					"grpc_code="
					"\"%s\"} %llu\n",
					method->service, method->name,
					vd_rpc_code_name((enum vd_rpc_code)code), (unsigned long long)calls);
		}
	vd_buf_text(
		to, "# HELP grpc_server_running calls that are going on\n# TYPE grpc_server_running gauge\n");
	for (size_t i = 0; i < n; i++)
		vd_buf_printf(to, "grpc_server_running{grpc_service=\"%s\",grpc_method=\"%s\"} %lld\n",
			vd_methods_at(methods, i)->service, vd_methods_at(methods, i)->name,
			(long long)atomic_load_explicit(&stats[i].running, memory_order_relaxed));
	vd_buf_text(to, "# HELP grpc_server_handling_seconds time from a call's head to its end\n"
			"# TYPE grpc_server_handling_seconds histogram\n");
	for (size_t i = 0; i < n; i++)
		show_latency(vd_methods_at(methods, i), &stats[i].latency, to);
}
