#include "rpc/echo_service.h"

#include "vedette/test/v1/echo.pb-c.h"

/* What a call still has to answer. */
struct echo {
	struct vd_call *call;
	struct vd_timer timer;
	struct vd_buf payload; /* of the last request */
	int32_t left, count, fail_code;
	int64_t delay_ms;
	bool ended, waiting;
};

static bool
answers_at_end(const struct vd_call *call)
{
	return vd_call_method(call)->kind == VD_CALL_CLIENT_STREAM;
}

/* Sends what is due, as far as there is room. */
static void
go_on(struct echo *echo)
{
	while (echo->left > 0 && !echo->waiting) {
		Vedette__Test__V1__EchoResponse answer = VEDETTE__TEST__V1__ECHO_RESPONSE__INIT;
		answer.payload = (ProtobufCBinaryData){echo->payload.len, (uint8_t *)echo->payload.at};
		answer.count = echo->count;
		enum vd_status st = vd_call_send(echo->call, &answer.base);
		if (st == VD_EAGAIN)
			return; /* room follows */
		if (st != VD_OK) {
			vd_call_finish(
				echo->call, vd_rpc_code_from_status(st), "an answer could not be sent");
			return;
		}
		echo->left--;
		echo->waiting = echo->delay_ms > 0 && echo->left > 0;
		if (echo->waiting && !vd_loop_set_timer(vd_call_loop(echo->call), &echo->timer,
					     vd_loop_now(vd_call_loop(echo->call)) + echo->delay_ms))
			vd_call_finish(echo->call, VD_RPC_RESOURCE_EXHAUSTED, "no memory for a timer");
	}
	if (echo->left > 0 || echo->waiting)
		return;
	vd_call_hold(echo->call, false);
	if (echo->fail_code != 0)
		vd_call_finish(echo->call, vd_rpc_code_from_number(echo->fail_code),
			"asked to fail \xe2\x80\x93 50 %");
	else if (echo->ended)
		vd_call_finish(echo->call, VD_RPC_OK, NULL);
}

static void
due(struct vd_timer *timer)
{
	struct echo *echo = (struct echo *)(void *)((char *)timer - offsetof(struct echo, timer));
	echo->waiting = false;
	go_on(echo);
}

static void
begin(struct vd_call *call)
{
	struct echo *echo = vd_arena_zalloc(vd_call_arena(call), sizeof *echo);
	if (echo == NULL) {
		vd_call_finish(call, VD_RPC_RESOURCE_EXHAUSTED, "no memory for a call");
		return;
	}
	echo->call = call;
	echo->timer.due = due;
	vd_buf_init(&echo->payload, 0);
	vd_call_set_owner(call, echo);
	const struct vd_str *back = vd_metadata_find(vd_call_metadata(call), VD_S("x-echo"), 0);
	const struct vd_str *bin = vd_metadata_find(vd_call_metadata(call), VD_S("x-echo-bin"), 0);
	if (back != NULL)
		(void)!vd_metadata_add(vd_call_headers(call), VD_S("x-echo"), *back, NULL);
	if (bin != NULL)
		(void)!vd_metadata_add(vd_call_trailers(call), VD_S("x-echo-bin"), *bin, NULL);
}

static void
message(struct vd_call *call, const ProtobufCMessage *any)
{
	struct echo *echo = vd_call_owner(call);
	const Vedette__Test__V1__EchoRequest *request =
		(const Vedette__Test__V1__EchoRequest *)(const void *)any;
	if (echo == NULL)
		return;
	vd_buf_reset(&echo->payload);
	vd_buf_add(&echo->payload, request->payload.data, request->payload.len);
	if (echo->payload.failed) {
		vd_call_finish(call, VD_RPC_RESOURCE_EXHAUSTED, "no memory for a payload");
		return;
	}
	echo->count++;
	echo->fail_code = request->fail_code;
	echo->delay_ms = request->delay_ms;
	if (answers_at_end(call))
		return;
	echo->left = vd_call_method(call)->kind == VD_CALL_SERVER_STREAM ? VD_MAX(request->repeat, 1) : 1;
	vd_call_hold(call, true); /* one request after the other */
	echo->waiting = echo->delay_ms > 0;
	if (echo->waiting && !vd_loop_set_timer(vd_call_loop(call), &echo->timer,
				     vd_loop_now(vd_call_loop(call)) + echo->delay_ms))
		vd_call_finish(call, VD_RPC_RESOURCE_EXHAUSTED, "no memory for a timer");
	else
		go_on(echo);
}

static void
end(struct vd_call *call)
{
	struct echo *echo = vd_call_owner(call);
	if (echo == NULL)
		return;
	echo->ended = true;
	if (answers_at_end(call))
		echo->left = 1;
	go_on(echo);
}

static void
room(struct vd_call *call)
{
	struct echo *echo = vd_call_owner(call);
	if (echo != NULL)
		go_on(echo);
}

static void
gone(struct vd_call *call, bool cancelled)
{
	(void)cancelled;
	struct echo *echo = vd_call_owner(call);
	if (echo == NULL)
		return;
	vd_loop_clear_timer(vd_call_loop(call), &echo->timer);
	vd_buf_fini(&echo->payload);
}

static const struct vd_rpc_handler handler = {begin, message, end, room, gone};

#define METHOD(name_, kind_, idempotent_)                                                                    \
	{                                                                                                    \
		.service = "vedette.test.v1.Echo", .name = (name_), .kind = (kind_),                         \
		.idempotent = (idempotent_), .request = &vedette__test__v1__echo_request__descriptor,        \
		.response = &vedette__test__v1__echo_response__descriptor, .handler = &handler,              \
		.path = "/vedette.test.v1.Echo/" name_                                                       \
	}

static const struct vd_method methods_of_echo[] = {
	METHOD("Unary", VD_CALL_UNARY, true),
	METHOD("ServerStream", VD_CALL_SERVER_STREAM, false),
	METHOD("ClientStream", VD_CALL_CLIENT_STREAM, false),
	METHOD("BidiStream", VD_CALL_BIDI_STREAM, false),
};

const struct vd_method *
vd_echo_methods(void)
{
	return methods_of_echo;
}

enum vd_status
vd_echo_service_add(struct vd_methods *methods, struct vd_err *err)
{
	enum vd_status st = VD_OK;
	for (size_t i = 0; st == VD_OK && i < VD_ARRAY_LEN(methods_of_echo); i++)
		st = vd_methods_add(methods, &methods_of_echo[i], err);
	return st;
}
