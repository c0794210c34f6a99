#include <stdio.h>
#include <unistd.h>

#include "net/fake_identity.h"
#include "rpc/client.h"
#include "rpc/echo_service.h"
#include "rpc/timeout.h"
#include "vd_test.h"
#include "vedette/test/v1/echo.pb-c.h"

#define SERVER_ID "spiffe://vedette.local/ns/default/sa/storage"
#define CLIENT_ID "spiffe://vedette.local/ns/default/sa/detector"
#define OTHER_ID "spiffe://vedette.local/ns/default/sa/responder"
#define WAIT_MS 10000
#define MESSAGE_BYTES (4u << 20)

enum { UNARY, SERVER_STREAM, CLIENT_STREAM, BIDI };

/* ---- a server ---- */

struct scene {
	struct vd_fake_authority *authority;
	struct vd_fake server_identity, client_identity;
	struct vd_methods *methods;
	struct vd_method_stats stats[8];
	struct vd_rpc_server *rpc;
	struct vd_server *server;
	struct vd_loop *loop;
	struct vd_channel *channel;
	struct vd_addr addr;
	struct vd_demand of_clients, of_servers;
	bool deny, channel_gone;
};

static enum vd_status
authorise(void *owner, const struct vd_peer *peer, const struct vd_method *method, struct vd_err *err)
{
	struct scene *scene = owner;
	(void)peer;
	return scene->deny ? vd_fail(err, VD_EDENIED, "the policy does not let %s be called", method->name)
			   : VD_OK;
}

static void *
begin_worker(void *owner, struct vd_loop *loop, unsigned worker)
{
	struct scene *scene = owner;
	(void)loop;
	(void)worker;
	struct vd_rpc_server_setup setup = {.methods = scene->methods,
		.stats = scene->stats,
		.message_bytes = MESSAGE_BYTES,
		.unpack = &vd_unpack_limits_usual,
		.authorise = authorise,
		.owner = scene};
	assert_int_equal(vd_rpc_server_new(&setup, &scene->rpc, NULL), VD_OK);
	return scene->rpc;
}

static void
end_worker(void *rpc)
{
	vd_rpc_server_free(rpc);
}

static const char *const clients[] = {CLIENT_ID, OTHER_ID}, *const servers[] = {SERVER_ID};
static const struct vd_peer_call rows[] = {
	{.caller = "detector", .callee = "storage", .method = "vedette.test.v1.Echo/*", .why = "a test"}};

static void
set_up(struct scene *scene)
{
	struct vd_err err = VD_ERR_INIT;
	scene->authority = vd_fake_authority_new();
	vd_fake_init(&scene->server_identity, scene->authority, SERVER_ID, 3600000);
	vd_fake_init(&scene->client_identity, scene->authority, CLIENT_ID, 3600000);
	scene->of_clients = (struct vd_demand){.allow = clients, .n_allow = 2};
	scene->of_servers = (struct vd_demand){.allow = servers, .n_allow = 1};
	assert_int_equal(
		vd_methods_new("storage", false, rows, VD_ARRAY_LEN(rows), &scene->methods, &err), VD_OK);
	assert_int_equal(vd_echo_service_add(scene->methods, &err), VD_OK);
	struct vd_listen listen = {.demand = scene->of_clients, .handler = &vd_rpc_server_handler};
	assert_int_equal(vd_addr_parse(VD_S("127.0.0.1:0"), &listen.addr, &err), VD_OK);
	struct vd_server_setup setup = {
		.identity = &scene->server_identity.identity,
		.limits = &vd_http_limits_default,
		.times = vd_conn_times_default,
		.clock = &vd_clock_system,
		.workers = 1,
		.connections_max = 100,
		.begin = begin_worker,
		.end = end_worker,
		.owner = scene,
	};
	assert_int_equal(vd_server_new(&setup, &listen, 1, &scene->server, &err), VD_OK);
	assert_int_equal(vd_server_start(scene->server, &err), VD_OK);
	scene->addr = *vd_server_addr(scene->server, 0);
	assert_int_equal(vd_loop_new(&vd_clock_system, &scene->loop, &err), VD_OK);
	struct vd_channel_setup channel = {
		.loop = scene->loop,
		.identity = &scene->client_identity.identity,
		.demand = &scene->of_servers,
		.addrs = &scene->addr,
		.n_addrs = 1,
		.host = "storage",
		.limits = &vd_http_limits_default,
		.times = vd_conn_times_default,
		.connections_max = 2,
		.seed = 7,
	};
	assert_int_equal(vd_channel_new(&channel, &scene->channel, &err), VD_OK);
}

static void
wait_until(struct scene *scene, const bool *what)
{
	int64_t until = vd_clock_system.now_ms(NULL) + WAIT_MS;
	while (!*what && vd_clock_system.now_ms(NULL) < until)
		assert_int_equal(vd_loop_round(scene->loop, 10, NULL), VD_OK);
	assert_true(*what);
}

static void
note_gone(void *owner)
{
	*(bool *)owner = true;
}

static void
tear_down(struct scene *scene)
{
	vd_channel_free(scene->channel, note_gone, &scene->channel_gone);
	wait_until(scene, &scene->channel_gone);
	vd_server_free(scene->server);
	vd_loop_free(scene->loop);
	vd_methods_free(scene->methods);
	vd_fake_fini(&scene->server_identity);
	vd_fake_fini(&scene->client_identity);
	vd_fake_authority_free(scene->authority);
}

/* ---- a client's call ---- */

struct talk {
	struct scene *scene;
	struct vd_outcall *call;
	int method;
	size_t payload; /* bytes of each request */
	int32_t repeat, fail_code;
	int64_t delay_ms, timeout_ms;
	uint32_t to_send, sent, got, last_count;
	bool wrong, done;
	enum vd_rpc_code code;
	char words[200], header[64];
	uint8_t trailer[8];
	size_t n_trailer;
};

static uint8_t bytes[MESSAGE_BYTES];

static void
send_on(struct vd_outcall *call)
{
	struct talk *talk = vd_outcall_owner(call);
	while (talk->sent < talk->to_send) {
		Vedette__Test__V1__EchoRequest request = VEDETTE__TEST__V1__ECHO_REQUEST__INIT;
		request.payload = (ProtobufCBinaryData){talk->payload, bytes};
		if (vd_outcall_send(call, &request.base) != VD_OK)
			return;
		talk->sent++;
	}
	vd_outcall_send_end(call);
}

static void
got_headers(struct vd_outcall *call, const struct vd_metadata *metadata)
{
	struct talk *talk = vd_outcall_owner(call);
	const struct vd_str *back = vd_metadata_find(metadata, VD_S("x-echo"), 0);
	if (back != NULL)
		(void)snprintf(talk->header, sizeof talk->header, "%.*s", (int)back->len, back->at);
}

static void
got_message(struct vd_outcall *call, const ProtobufCMessage *any)
{
	struct talk *talk = vd_outcall_owner(call);
	const Vedette__Test__V1__EchoResponse *answer =
		(const Vedette__Test__V1__EchoResponse *)(const void *)any;
	talk->got++;
	talk->last_count = (uint32_t)answer->count;
	talk->wrong |= answer->payload.len != talk->payload ||
		       (talk->payload > 0 && memcmp(answer->payload.data, bytes, talk->payload) != 0);
}

static void
got_done(struct vd_outcall *call, const struct vd_rpc_status *status, const struct vd_metadata *trailers)
{
	struct talk *talk = vd_outcall_owner(call);
	const struct vd_str *bin = vd_metadata_find(trailers, VD_S("x-echo-bin"), 0);
	talk->done = true;
	talk->code = status->code;
	talk->call = NULL;
	(void)snprintf(talk->words, sizeof talk->words, "%.*s", (int)status->message.len, status->message.at);
	if (bin != NULL && bin->len <= sizeof talk->trailer) {
		memcpy(talk->trailer, bin->at, bin->len);
		talk->n_trailer = bin->len;
	}
}

static const struct vd_outcall_ops ops = {got_headers, got_message, send_on, got_done};

static void
begin(struct scene *scene, struct talk *talk)
{
	Vedette__Test__V1__EchoRequest request = VEDETTE__TEST__V1__ECHO_REQUEST__INIT;
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_metadata metadata;
	bool streams = talk->method == CLIENT_STREAM || talk->method == BIDI;
	talk->scene = scene;
	request.payload = (ProtobufCBinaryData){talk->payload, bytes};
	request.repeat = talk->repeat;
	request.delay_ms = talk->delay_ms;
	request.fail_code = talk->fail_code;
	vd_metadata_init(&metadata, arena, VD_METADATA_LIMIT);
	assert_int_equal(vd_metadata_add(&metadata, VD_S("x-echo"), VD_S("to and fro"), NULL), VD_OK);
	assert_int_equal(vd_metadata_add(&metadata, VD_S("x-echo-bin"), VD_S("\0\1\xff"), NULL), VD_OK);
	struct vd_outcall_setup setup = {
		.channel = scene->channel,
		.method = &vd_echo_methods()[talk->method],
		.metadata = &metadata,
		.deadline_ms = talk->timeout_ms == 0 ? VD_DEADLINE_NEVER
						     : vd_loop_now(scene->loop) + talk->timeout_ms,
		.message_bytes = MESSAGE_BYTES,
		.unpack = &vd_unpack_limits_usual,
		.ops = &ops,
		.owner = talk,
	};
	assert_int_equal(vd_outcall_begin(&setup, streams ? NULL : &request.base, &talk->call, NULL), VD_OK);
}

static void
expect(struct scene *scene, struct talk *talk, enum vd_rpc_code code, uint32_t answers)
{
	begin(scene, talk);
	wait_until(scene, &talk->done);
	assert_string_equal(vd_rpc_code_name(talk->code), vd_rpc_code_name(code));
	assert_int_equal(talk->got, answers);
	assert_false(talk->wrong);
}

/* ---- tests ---- */

VD_TEST(every_kind_of_call_is_answered)
{
	struct scene scene = {0};
	set_up(&scene);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	struct talk one = {.method = UNARY, .payload = 700};
	expect(&scene, &one, VD_RPC_OK, 1);
	assert_string_equal(one.header, "to and fro");
	assert_int_equal(one.n_trailer, 3);
	assert_memory_equal(one.trailer, "\0\1\xff", 3);
	struct talk many = {.method = SERVER_STREAM, .payload = 5000, .repeat = 1000};
	expect(&scene, &many, VD_RPC_OK, 1000);
	struct talk sum = {.method = CLIENT_STREAM, .payload = 5000, .to_send = 1000};
	expect(&scene, &sum, VD_RPC_OK, 1);
	assert_int_equal(sum.last_count, 1000);
	struct talk both = {.method = BIDI, .payload = 3000, .to_send = 1000};
	expect(&scene, &both, VD_RPC_OK, 1000);
	assert_int_equal(both.last_count, 1000);
	struct talk none = {.method = BIDI};
	expect(&scene, &none, VD_RPC_OK, 0);
	struct talk empty = {.method = UNARY};
	expect(&scene, &empty, VD_RPC_OK, 1);
	tear_down(&scene);
}

VD_TEST(large_messages_pass_and_larger_ones_are_refused)
{
	struct scene scene = {0};
	set_up(&scene);
	struct talk large = {.method = UNARY, .payload = MESSAGE_BYTES - 1000};
	expect(&scene, &large, VD_RPC_OK, 1);
	struct talk larger = {.method = UNARY, .payload = MESSAGE_BYTES};
	expect(&scene, &larger, VD_RPC_RESOURCE_EXHAUSTED, 0);
	tear_down(&scene);
}

VD_TEST(a_failure_comes_with_its_words)
{
	struct scene scene = {0};
	set_up(&scene);
	for (int32_t code = 1; code < (int32_t)VD_RPC_CODES; code++) {
		struct talk talk = {.method = SERVER_STREAM, .payload = 10, .repeat = 3, .fail_code = code};
		expect(&scene, &talk, (enum vd_rpc_code)code, 3);
		assert_string_equal(talk.words, "asked to fail \xe2\x80\x93 50 %");
	}
	tear_down(&scene);
}

VD_TEST(a_deadline_ends_a_call_on_both_sides)
{
	struct scene scene = {0};
	set_up(&scene);
	struct talk talk = {.method = UNARY, .payload = 10, .delay_ms = 60000, .timeout_ms = 50};
	expect(&scene, &talk, VD_RPC_DEADLINE_EXCEEDED, 0);
	int64_t until = vd_clock_system.now_ms(NULL) + WAIT_MS;
	while (atomic_load(&scene.stats[UNARY].running) != 0 && vd_clock_system.now_ms(NULL) < until)
		assert_int_equal(vd_loop_round(scene.loop, 10, NULL), VD_OK);
	assert_int_equal(atomic_load(&scene.stats[UNARY].running), 0);
	assert_int_equal(atomic_load(&scene.stats[UNARY].codes[VD_RPC_DEADLINE_EXCEEDED]) +
				 atomic_load(&scene.stats[UNARY].codes[VD_RPC_CANCELLED]),
		1);
	tear_down(&scene);
}

VD_TEST(a_cancelled_call_ends_on_the_server_too)
{
	struct scene scene = {0};
	set_up(&scene);
	struct talk talk = {.method = SERVER_STREAM, .payload = 10, .repeat = 1000, .delay_ms = 5};
	begin(&scene, &talk);
	int64_t until = vd_clock_system.now_ms(NULL) + WAIT_MS;
	while (talk.got < 3 && vd_clock_system.now_ms(NULL) < until)
		assert_int_equal(vd_loop_round(scene.loop, 10, NULL), VD_OK);
	vd_outcall_cancel(talk.call);
	wait_until(&scene, &talk.done);
	assert_int_equal(talk.code, VD_RPC_CANCELLED);
	while (atomic_load(&scene.stats[SERVER_STREAM].codes[VD_RPC_CANCELLED]) == 0 &&
		vd_clock_system.now_ms(NULL) < until)
		assert_int_equal(vd_loop_round(scene.loop, 10, NULL), VD_OK);
	assert_int_equal(atomic_load(&scene.stats[SERVER_STREAM].codes[VD_RPC_CANCELLED]), 1);
	tear_down(&scene);
}

VD_TEST(who_is_not_named_may_not_call)
{
	struct scene scene = {0};
	set_up(&scene);
	vd_fake_renew(&scene.client_identity, OTHER_ID, 3600000); /* may connect, to call other methods */
	struct talk talk = {.method = UNARY, .payload = 10};
	expect(&scene, &talk, VD_RPC_PERMISSION_DENIED, 0);
	tear_down(&scene);
}

VD_TEST(the_policy_may_say_no)
{
	struct scene scene = {.deny = true};
	set_up(&scene);
	struct talk talk = {.method = BIDI, .payload = 10, .to_send = 3};
	expect(&scene, &talk, VD_RPC_PERMISSION_DENIED, 0);
	assert_string_equal(talk.words, "the policy does not let BidiStream be called");
	tear_down(&scene);
}

VD_TEST(nobody_there_is_unavailable)
{
	struct scene scene = {0};
	set_up(&scene);
	(void)vd_server_drain(scene.server, 0);
	struct talk talk = {.method = UNARY, .payload = 10};
	expect(&scene, &talk, VD_RPC_UNAVAILABLE, 0);
	tear_down(&scene);
}

VD_TEST(many_calls_share_a_connection)
{
	struct scene scene = {0};
	static struct talk talks[200];
	set_up(&scene);
	for (size_t i = 0; i < VD_ARRAY_LEN(talks); i++) {
		talks[i] = (struct talk){.method = UNARY, .payload = 700 + i};
		begin(&scene, &talks[i]);
	}
	for (size_t i = 0; i < VD_ARRAY_LEN(talks); i++) {
		wait_until(&scene, &talks[i].done);
		assert_int_equal(talks[i].code, VD_RPC_OK);
		assert_false(talks[i].wrong);
	}
	assert_int_equal(atomic_load(&scene.stats[UNARY].codes[VD_RPC_OK]), 200);
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	vd_method_stats_show(scene.methods, scene.stats, &text);
	assert_non_null(strstr(text.at, "grpc_server_handled_total{grpc_service=\"vedette.test.v1.Echo\","
					"grpc_method=\"Unary\",grpc_code=\"OK\"} 200\n"));
	tear_down(&scene);
}
