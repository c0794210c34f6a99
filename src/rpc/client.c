#include "rpc/client.h"

#include "base/mem.h"
#include "rpc/framing.h"
#include "rpc/headers.h"
#include "rpc/text.h"
#include "rpc/timeout.h"

#define ARENA_MAX (32u * 1024u * 1024u)
#define CANCEL 8u /* RFC 9113, section 7 */

struct vd_outcall {
	uint32_t magic;
#define VD_OUTCALL_MAGIC 0x6f757463u
	struct vd_outcall_setup setup;
	struct vd_waiter waiter;
	struct vd_timer deadline;
	struct vd_task
		finish; /* done is told from the loop, never from inside of what the owner has called */
	struct vd_loop *loop;
	struct vd_arena *arena;   /* of the call */
	struct vd_arena *scratch; /* of one message */
	struct vd_exchange *x;
	struct vd_buf request; /* framed; what is sent again */
	struct vd_metadata metadata, headers, trailers;
	struct vd_framing framing;
	struct vd_rpc_status status;
	unsigned tries, http_status;
	uint32_t n_in;
	bool streams, answered, ended, sent_end, over;
	char words[VD_ERR_TEXT_MAX];
};

static struct vd_outcall *
of_waiter(struct vd_waiter *waiter)
{
	return (struct vd_outcall *)(void *)((char *)waiter - offsetof(struct vd_outcall, waiter));
}

static struct vd_outcall *
of_deadline(struct vd_timer *timer)
{
	return (struct vd_outcall *)(void *)((char *)timer - offsetof(struct vd_outcall, deadline));
}

static struct vd_outcall *
of_finish(struct vd_task *task)
{
	return (struct vd_outcall *)(void *)((char *)task - offsetof(struct vd_outcall, finish));
}

static void
release(struct vd_outcall *call)
{
	if (call == NULL)
		return;
	vd_obj_check(call, VD_OUTCALL_MAGIC);
	vd_arena_free(call->arena);
	vd_arena_free(call->scratch);
	vd_buf_fini(&call->request);
	vd_framing_fini(&call->framing);
	vd_obj_free(call);
}

VD_AUTO_DEFINE(vd_outcall, release)

/* ---- the end ---- */

static void
run_finish(struct vd_task *task)
{
	struct vd_outcall *call = of_finish(task);
	call->setup.ops->done(call, &call->status, &call->trailers);
	release(call);
}

/* The call has its code; words are copied. */
static void
end(struct vd_outcall *call, enum vd_rpc_code code, const char *words)
{
	if (call->over)
		return;
	call->over = true;
	call->status.code = code;
	if (words != NULL) {
		(void)snprintf(call->words, sizeof call->words, "%s", words);
		call->status.message = vd_str_from(call->words);
	}
	vd_channel_forget(call->setup.channel, &call->waiter);
	vd_loop_clear_timer(call->loop, &call->deadline);
	if (call->x != NULL)
		vd_exchange_reset(call->x, CANCEL); /* finished when it has gone */
	else
		vd_loop_put_off(call->loop, &call->finish);
}

static void
due(struct vd_timer *timer)
{
	end(of_deadline(timer), VD_RPC_DEADLINE_EXCEEDED, "the deadline has passed");
}

/* ---- answers ---- */

static void
take_headers(struct vd_outcall *call, struct vd_metadata *to, struct vd_headers headers)
{
	struct vd_err err = VD_ERR_INIT;
	for (size_t i = 0; i < headers.n; i++) {
		enum vd_status st = vd_metadata_take(to, headers.list[i].name, headers.list[i].value, &err);
		if (st != VD_OK)
			end(call, st == VD_EINPUT ? VD_RPC_INTERNAL : VD_RPC_RESOURCE_EXHAUSTED, err.text);
	}
}

/* grpc-status and its kin.  False: there is none. */
static bool
read_status(struct vd_outcall *call, struct vd_headers headers)
{
	struct vd_str code = vd_headers_find(headers, "grpc-status");
	struct vd_str message = vd_headers_find(headers, "grpc-message");
	struct vd_str details = vd_headers_find(headers, "grpc-status-details-bin");
	enum vd_rpc_code number = VD_RPC_UNKNOWN;
	if (code.at == NULL)
		return false;
	(void)vd_rpc_code_parse(code, &number);
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	vd_percent_decode(&text, message);
	if (details.at == NULL || vd_rpc_status_read(details, call->arena, &call->status, NULL) != VD_OK)
		call->status = (struct vd_rpc_status){.code = number};
	call->status.code = number; /* details do not say otherwise */
	if (text.failed || !vd_arena_str(call->arena, vd_buf_view(&text), &call->status.message))
		call->status.message = VD_S("");
	call->ended = true;
	return true;
}

static void
on_response(struct vd_exchange *x, unsigned status, struct vd_headers headers)
{
	struct vd_outcall *call = vd_exchange_owner(x);
	struct vd_str type = vd_headers_find(headers, "content-type");
	struct vd_str encoding = vd_headers_find(headers, "grpc-encoding");
	if (call->over)
		return;
	call->http_status = status;
	take_headers(call, &call->headers, headers);
	call->framing.encoded = encoding.at != NULL && !vd_str_is(encoding, "identity");
	if (read_status(call, headers)) /* Trailers-Only */
		return;
	if (status != 200 || !vd_str_starts(type, "application/grpc")) {
		char words[64];
		(void)snprintf(words, sizeof words, "HTTP status %u instead of a gRPC answer", status);
		end(call, status == 200 ? VD_RPC_UNKNOWN : vd_rpc_code_from_http(status), words);
		return;
	}
	call->answered = true;
	if (call->setup.ops->headers != NULL)
		call->setup.ops->headers(call, &call->headers);
}

static bool
gets_one(const struct vd_outcall *call)
{
	return call->setup.method->kind == VD_CALL_UNARY || call->setup.method->kind == VD_CALL_CLIENT_STREAM;
}

static void
take_message(struct vd_outcall *call, struct vd_str wire)
{
	struct vd_err err = VD_ERR_INIT;
	ProtobufCMessage *message;
	if (gets_one(call) && call->n_in > 0) {
		end(call, VD_RPC_UNIMPLEMENTED, "more than one answer of a method that gives one");
		return;
	}
	call->n_in++;
	vd_arena_reset(call->scratch);
	enum vd_status st = vd_unpack(
		call->setup.method->response, wire, call->setup.unpack, call->scratch, &message, &err);
	if (st != VD_OK)
		end(call, st == VD_EINPUT ? VD_RPC_INTERNAL : VD_RPC_RESOURCE_EXHAUSTED, err.text);
	else if (call->setup.ops->message != NULL)
		call->setup.ops->message(call, message);
}

static void
on_body(struct vd_exchange *x, struct vd_str bytes)
{
	struct vd_outcall *call = vd_exchange_owner(x);
	size_t n = bytes.len;
	struct vd_str message;
	struct vd_err err = VD_ERR_INIT;
	while (!call->over) {
		enum vd_status st = vd_framing_next(&call->framing, &bytes, &message, &err);
		if (st == VD_OK)
			take_message(call, message);
		else if (st == VD_END)
			break;
		else
			end(call, call->framing.code, err.text);
	}
	vd_exchange_taken(x, n);
}

static void
on_end(struct vd_exchange *x, struct vd_headers trailers)
{
	struct vd_outcall *call = vd_exchange_owner(x);
	struct vd_err err = VD_ERR_INIT;
	if (call->over || call->ended)
		return;
	take_headers(call, &call->trailers, trailers);
	if (call->over)
		return;
	if (!read_status(call, trailers)) {
		end(call, VD_RPC_UNKNOWN, "the answer ended without a status");
		return;
	}
	if (call->status.code != VD_RPC_OK)
		return;
	if (vd_framing_end(&call->framing, &err) != VD_OK)
		end(call, call->framing.code, err.text);
	else if (gets_one(call) && call->n_in == 0)
		end(call, VD_RPC_UNIMPLEMENTED, "no answer of a method that gives one");
}

static void
on_room(struct vd_exchange *x)
{
	struct vd_outcall *call = vd_exchange_owner(x);
	if (!call->over && call->setup.ops->room != NULL)
		call->setup.ops->room(call);
}

/* ---- beginning, and again ---- */

static bool
may_try_again(const struct vd_outcall *call, bool unseen)
{
	if (call->streams || call->answered || call->tries >= VD_OUTCALL_TRIES)
		return false;
	return unseen || call->setup.method->idempotent;
}

static void
ask(struct vd_outcall *call)
{
	call->tries++;
	call->ended = false;
	call->n_in = 0;
	vd_framing_fini(&call->framing);
	vd_framing_init(&call->framing, true, call->setup.message_bytes);
	vd_channel_ask(call->setup.channel, &call->waiter);
}

static void
on_gone(struct vd_exchange *x, enum vd_gone why)
{
	struct vd_outcall *call = vd_exchange_owner(x);
	call->x = NULL;
	if (call->over) { /* its code is known */
		vd_loop_put_off(call->loop, &call->finish);
		return;
	}
	bool unavailable = call->ended && call->status.code == VD_RPC_UNAVAILABLE && !call->answered;
	bool lost = !call->ended && (why == VD_GONE_CONNECTION || why == VD_GONE_REFUSED);
	if ((unavailable || lost) && may_try_again(call, why == VD_GONE_REFUSED)) {
		ask(call);
		return;
	}
	if (call->ended)
		end(call, call->status.code, NULL);
	else if (why == VD_GONE_RESET)
		end(call, vd_rpc_code_from_reset(vd_exchange_error(x)), "the server gave the call up");
	else
		end(call, VD_RPC_UNAVAILABLE, "the connection ended");
}

static const struct vd_handler handler = {
	.response = on_response, .body = on_body, .end = on_end, .room = on_room, .gone = on_gone};

static void
request_headers(struct vd_outcall *call, struct vd_rpc_headers *headers)
{
	char *timeout = vd_arena_alloc(call->arena, VD_TIMEOUT_TEXT_MAX);
	char *parent = vd_arena_alloc(call->arena, VD_TRACEPARENT_LEN + 1);
	vd_rpc_headers_init(headers, call->arena);
	if (timeout == NULL || parent == NULL) {
		headers->failed = true;
		return;
	}
	vd_rpc_headers_add(headers, VD_S("te"), VD_S("trailers"));
	vd_rpc_headers_add(headers, VD_S("content-type"), VD_S("application/grpc"));
	if (call->setup.deadline_ms != VD_DEADLINE_NEVER) {
		size_t len = vd_timeout_format(
			vd_deadline_left(call->setup.deadline_ms, vd_loop_now(call->loop)), timeout);
		vd_rpc_headers_add(headers, VD_S("grpc-timeout"), (struct vd_str){timeout, len});
	}
	if (call->setup.trace != NULL) {
		vd_trace_format(call->setup.trace, parent);
		vd_rpc_headers_add(headers, VD_S("traceparent"), vd_str_from(parent));
	}
	vd_rpc_headers_metadata(headers, &call->metadata);
}

static void
on_ready(struct vd_waiter *waiter, struct vd_http2 *session, const struct vd_err *why)
{
	struct vd_outcall *call = of_waiter(waiter);
	struct vd_rpc_headers headers;
	struct vd_err err = VD_ERR_INIT;
	if (session == NULL) {
		end(call, why->status == VD_EDENIED ? VD_RPC_UNAUTHENTICATED : VD_RPC_UNAVAILABLE, why->text);
		return;
	}
	struct vd_request request = {.method = VD_S("POST"),
		.scheme = VD_S("https"),
		.authority = vd_str_from(vd_channel_host(call->setup.channel)),
		.path = vd_str_from(call->setup.method->path)};
	request_headers(call, &headers);
	if (headers.failed) {
		end(call, VD_RPC_RESOURCE_EXHAUSTED, "no memory for a request");
		return;
	}
	request.headers = vd_rpc_headers_view(&headers);
	enum vd_status st = vd_http2_request(session, &request, false, &handler, call, &call->x, &err);
	if (st == VD_EAGAIN) {
		vd_channel_ask(call->setup.channel, &call->waiter);
		return;
	}
	if (st == VD_OK && call->request.len > 0)
		st = vd_exchange_write(call->x, vd_buf_view(&call->request));
	if (st != VD_OK) {
		end(call, vd_rpc_code_from_status(st), err.text);
		return;
	}
	if (!call->streams || call->sent_end)
		(void)!vd_exchange_finish(call->x, (struct vd_headers){NULL, 0});
	else if (call->setup.ops->room != NULL)
		call->setup.ops->room(call);
}

static enum vd_status
prepare(struct vd_outcall *call, const ProtobufCMessage *request, struct vd_err *err)
{
	const struct vd_outcall_setup *setup = &call->setup;
	call->arena = vd_arena_new(ARENA_MAX);
	call->scratch = vd_arena_new(setup->unpack->bytes * 2);
	if (call->arena == NULL || call->scratch == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a call");
	vd_metadata_init(&call->metadata, call->arena, VD_METADATA_LIMIT);
	vd_metadata_init(&call->headers, call->arena, VD_METADATA_LIMIT);
	vd_metadata_init(&call->trailers, call->arena, VD_METADATA_LIMIT);
	for (size_t i = 0; setup->metadata != NULL && i < setup->metadata->n; i++) {
		enum vd_status st = vd_metadata_add(
			&call->metadata, setup->metadata->rows[i].key, setup->metadata->rows[i].value, err);
		if (st != VD_OK)
			return st;
	}
	if (request == NULL)
		return VD_OK;
	size_t begun = vd_framing_begin(&call->request);
	enum vd_status st = vd_pack(request, &call->request, err);
	if (st == VD_OK && !vd_framing_finish(&call->request, begun))
		st = vd_fail(err, VD_ENOMEM, "no memory for a message");
	return st;
}

enum vd_status
vd_outcall_begin(const struct vd_outcall_setup *setup, const ProtobufCMessage *request,
	struct vd_outcall **ret, struct vd_err *err)
{
	VD_AUTO(vd_outcall) call = vd_obj_new(struct vd_outcall, VD_OUTCALL_MAGIC);
	if (call == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a call");
	call->setup = *setup;
	call->loop = vd_channel_loop(setup->channel);
	call->waiter.ready = on_ready;
	call->waiter.patient = setup->patient;
	call->deadline.due = due;
	call->finish.run = run_finish;
	call->streams = request == NULL;
	vd_buf_init(&call->request, 0);
	vd_framing_init(&call->framing, true, setup->message_bytes);
	enum vd_status st = prepare(call, request, err);
	if (st != VD_OK)
		return st;
	if (setup->deadline_ms != VD_DEADLINE_NEVER &&
		!vd_loop_set_timer(call->loop, &call->deadline, setup->deadline_ms))
		return vd_fail(err, VD_ENOMEM, "no memory for a timer");
	*ret = call;
	ask(vd_outcall_take(&call));
	return VD_OK;
}

enum vd_status
vd_outcall_send(struct vd_outcall *call, const ProtobufCMessage *message)
{
	vd_obj_check(call, VD_OUTCALL_MAGIC);
	if (call->over || call->ended || call->sent_end)
		return VD_EIO;
	if (call->x == NULL)
		return VD_EAGAIN; /* room is called once it has begun */
	vd_buf_reset(&call->request);
	size_t begun = vd_framing_begin(&call->request);
	enum vd_status st = vd_pack(message, &call->request, NULL);
	if (st == VD_OK && !vd_framing_finish(&call->request, begun))
		st = VD_ENOMEM;
	if (st == VD_OK)
		st = vd_exchange_write(call->x, vd_buf_view(&call->request));
	vd_buf_reset(&call->request);
	return st;
}

void
vd_outcall_send_end(struct vd_outcall *call)
{
	vd_obj_check(call, VD_OUTCALL_MAGIC);
	call->sent_end = true;
	if (call->x != NULL && !call->over)
		(void)!vd_exchange_finish(call->x, (struct vd_headers){NULL, 0});
}

void
vd_outcall_cancel(struct vd_outcall *call)
{
	vd_obj_check(call, VD_OUTCALL_MAGIC);
	end(call, VD_RPC_CANCELLED, "cancelled");
}

void *
vd_outcall_owner(const struct vd_outcall *call)
{
	return call->setup.owner;
}

struct vd_arena *
vd_outcall_arena(struct vd_outcall *call)
{
	return call->arena;
}
