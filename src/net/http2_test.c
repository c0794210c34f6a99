#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "net/channel.h"
#include "net/echo_server.h"
#include "net/fake_identity.h"
#include "net/server.h"
#include "vd_test.h"

#define SERVER_ID "spiffe://vedette.local/ns/default/sa/storage"
#define CLIENT_ID "spiffe://vedette.local/ns/default/sa/detector"
#define WAIT_MS 10000

/* ---- a client ---- */

struct call {
	struct vd_waiter waiter;
	struct scene *scene;
	const char *path;
	size_t to_send, sent; /* bytes of the body */
	const struct vd_header *headers;
	size_t n_headers;
	struct vd_exchange *x;
	unsigned status;
	char peer[VD_SPIFFE_ID_MAX + 1], trailer[32];
	size_t got;
	bool ended, over, wrong;
	enum vd_gone gone;
	uint32_t error;
	struct vd_err why;
};

struct scene {
	struct vd_fake_authority *authority;
	struct vd_fake server_identity, client_identity;
	struct vd_echo_served served;
	struct vd_server *server;
	struct vd_loop *loop;
	struct vd_channel *channel;
	struct vd_addr addr;
	struct vd_http_limits limits;
	struct vd_demand of_clients, of_servers;
	char path[64];
	bool channel_gone;
};

static char
byte_at(size_t i)
{
	return (char)('a' + i % 23 + i / 4096 % 3);
}

static void
send_on(struct vd_exchange *x)
{
	struct call *call = vd_exchange_owner(x);
	char bytes[4096];
	struct vd_header one = {VD_S("x-trailer"), VD_S("last"), false};
	while (call->sent < call->to_send) {
		size_t n = VD_MIN(sizeof bytes, call->to_send - call->sent);
		for (size_t i = 0; i < n; i++)
			bytes[i] = byte_at(call->sent + i);
		if (vd_exchange_write(x, (struct vd_str){bytes, n}) != VD_OK)
			return;
		call->sent += n;
	}
	(void)!vd_exchange_finish(x, (struct vd_headers){&one, 1});
}

static void
got_response(struct vd_exchange *x, unsigned status, struct vd_headers headers)
{
	struct call *call = vd_exchange_owner(x);
	struct vd_str peer = vd_headers_find(headers, "x-peer");
	call->status = status;
	(void)snprintf(call->peer, sizeof call->peer, "%.*s", (int)peer.len, peer.at);
}

static void
got_body(struct vd_exchange *x, struct vd_str bytes)
{
	struct call *call = vd_exchange_owner(x);
	for (size_t i = 0; i < bytes.len; i++)
		call->wrong |= bytes.at[i] != byte_at(call->got + i);
	call->got += bytes.len;
	vd_exchange_taken(x, bytes.len);
}

static void
got_end(struct vd_exchange *x, struct vd_headers trailers)
{
	struct call *call = vd_exchange_owner(x);
	struct vd_str value = vd_headers_find(trailers, "x-trailer");
	call->ended = true;
	(void)snprintf(call->trailer, sizeof call->trailer, "%.*s", (int)value.len, value.at);
}

static void
call_gone(struct vd_exchange *x, enum vd_gone why)
{
	struct call *call = vd_exchange_owner(x);
	call->over = true;
	call->gone = why;
	call->error = vd_exchange_error(x);
	call->x = NULL;
}

static const struct vd_handler call_handler = {
	.response = got_response, .body = got_body, .end = got_end, .room = send_on, .gone = call_gone};

static void
call_ready(struct vd_waiter *waiter, struct vd_http2 *session, const struct vd_err *why)
{
	struct call *call = (struct call *)(void *)waiter;
	struct vd_request request = {.method = VD_S("POST"),
		.scheme = VD_S("https"),
		.authority = VD_S("storage"),
		.path = vd_str_from(call->path),
		.headers = {call->headers, call->n_headers}};
	if (session == NULL) {
		call->why = *why;
		call->over = true;
		return;
	}
	assert_int_equal(
		vd_http2_request(session, &request, false, &call_handler, call, &call->x, &call->why), VD_OK);
	send_on(call->x);
}

static void
begin_call(struct scene *scene, struct call *call, const char *path, size_t n)
{
	const struct vd_header *headers = call->headers;
	*call = (struct call){.waiter.ready = call_ready,
		.scene = scene,
		.path = path,
		.to_send = n,
		.headers = headers,
		.n_headers = call->n_headers};
	vd_channel_ask(scene->channel, &call->waiter);
}

/* Rounds of the client's loop until *what, not for ever. */
static void
wait_until(struct scene *scene, const bool *what)
{
	int64_t until = vd_clock_system.now_ms(NULL) + WAIT_MS;
	while (!*what && vd_clock_system.now_ms(NULL) < until)
		assert_int_equal(vd_loop_round(scene->loop, 10, NULL), VD_OK);
	assert_true(*what);
}

static void
wait_for_count(struct scene *scene, const _Atomic uint64_t *count, uint64_t n)
{
	int64_t until = vd_clock_system.now_ms(NULL) + WAIT_MS;
	while (atomic_load(count) < n && vd_clock_system.now_ms(NULL) < until)
		assert_int_equal(vd_loop_round(scene->loop, 10, NULL), VD_OK);
	assert_true(atomic_load(count) >= n);
}

/* ---- scenes ---- */

static const char *const clients[] = {CLIENT_ID}, *const servers[] = {SERVER_ID};

static void
open_channel(struct scene *scene)
{
	struct vd_channel_setup setup = {
		.loop = scene->loop,
		.identity = scene->authority == NULL ? NULL : &scene->client_identity.identity,
		.demand = &scene->of_servers,
		.addrs = &scene->addr,
		.n_addrs = 1,
		.host = "storage",
		.limits = &vd_http_limits_default,
		.times = vd_conn_times_default,
		.connections_max = 1,
		.seed = 7,
	};
	assert_int_equal(vd_channel_new(&setup, &scene->channel, NULL), VD_OK);
}

static void
set_up(struct scene *scene, bool tls, unsigned workers)
{
	struct vd_err err = VD_ERR_INIT;
	atomic_store(&vd_echo_set_on_ms, 0);
	if (scene->limits.exchanges == 0) /* not set by the test */
		scene->limits = vd_http_limits_default;
	scene->limits.head_bytes = 2048;
	scene->of_clients = (struct vd_demand){.allow = clients, .n_allow = 1};
	if (scene->of_servers.allow == NULL) /* not set by the test */
		scene->of_servers = (struct vd_demand){.allow = servers, .n_allow = 1};
	if (tls) {
		scene->authority = vd_fake_authority_new();
		vd_fake_init(&scene->server_identity, scene->authority, SERVER_ID, 3600000);
		vd_fake_init(&scene->client_identity, scene->authority, CLIENT_ID, 3600000);
	}
	static unsigned n; /* a test that fails leaves its server: the next one has a place of its own */
	(void)snprintf(scene->path, sizeof scene->path, "unix:/tmp/vd-http2-%d-%u.sock", (int)getpid(), n++);
	struct vd_listen listen = {.demand = scene->of_clients, .handler = &vd_echo_handler};
	assert_int_equal(
		vd_addr_parse(tls ? VD_S("127.0.0.1:0") : vd_str_from(scene->path), &listen.addr, &err),
		VD_OK);
	struct vd_server_setup setup = {
		.identity = tls ? &scene->server_identity.identity : NULL,
		.limits = &scene->limits,
		.times = vd_conn_times_default,
		.clock = &vd_echo_clock,
		.workers = workers,
		.connections_max = 100,
		.report = vd_echo_report,
		.owner = &scene->served,
	};
	assert_int_equal(vd_server_new(&setup, &listen, 1, &scene->server, &err), VD_OK);
	assert_int_equal(vd_server_start(scene->server, &err), VD_OK);
	scene->addr = *vd_server_addr(scene->server, 0);
	assert_int_equal(vd_loop_new(&vd_clock_system, &scene->loop, &err), VD_OK);
	open_channel(scene);
}

static void
note_gone(void *owner)
{
	*(bool *)owner = true;
}

static void
close_channel(struct scene *scene)
{
	scene->channel_gone = false;
	vd_channel_free(scene->channel, note_gone, &scene->channel_gone);
	wait_until(scene, &scene->channel_gone);
	scene->channel = NULL;
}

static void
tear_down(struct scene *scene)
{
	if (scene->channel != NULL)
		close_channel(scene);
	vd_server_free(scene->server);
	vd_loop_free(scene->loop);
	if (scene->authority != NULL) {
		vd_fake_fini(&scene->server_identity);
		vd_fake_fini(&scene->client_identity);
		vd_fake_authority_free(scene->authority);
	}
	(void)unlink(scene->path + 5);
}

/* ---- tests ---- */

static void
expect_echo(struct scene *scene, struct call *call, const char *path, size_t n)
{
	begin_call(scene, call, path, n);
	wait_until(scene, &call->over);
	assert_int_equal(call->gone, VD_GONE_DONE);
	assert_int_equal(call->status, 200);
	assert_int_equal(call->got, n);
	assert_false(call->wrong);
	assert_true(call->ended);
	assert_string_equal(call->trailer, "last");
}

VD_TEST(a_request_is_answered_over_a_unix_socket)
{
	struct scene scene = {0};
	struct call call = {0};
	set_up(&scene, false, 1);
	expect_echo(&scene, &call, "/one", 700);
	expect_echo(&scene, &call, "/two", 0);
	assert_int_equal(atomic_load(&scene.served.opened), 1);
	tear_down(&scene);
}

VD_TEST(both_sides_know_each_other_over_tls)
{
	struct scene scene = {0};
	struct call call = {0};
	set_up(&scene, true, 2);
	expect_echo(&scene, &call, "/one", 700);
	assert_string_equal(call.peer, CLIENT_ID);
	tear_down(&scene);
	assert_int_equal(atomic_load(&scene.served.closed), 1);
}

VD_TEST(large_bodies_pass_at_once_with_bounded_buffers)
{
	struct scene scene = {0};
	static struct call calls[40];
	set_up(&scene, true, 1);
	for (size_t i = 0; i < VD_ARRAY_LEN(calls); i++)
		begin_call(&scene, &calls[i], "/large", 300000 + i * 10007);
	for (size_t i = 0; i < VD_ARRAY_LEN(calls); i++) {
		wait_until(&scene, &calls[i].over);
		assert_int_equal(calls[i].gone, VD_GONE_DONE);
		assert_int_equal(calls[i].got, 300000 + i * 10007);
		assert_false(calls[i].wrong);
	}
	assert_int_equal(atomic_load(&scene.served.opened), 1);
	tear_down(&scene);
}

VD_TEST(a_client_that_is_not_on_the_list_is_refused_with_the_reason)
{
	struct scene scene = {0};
	struct call call = {0};
	set_up(&scene, true, 1);
	vd_fake_renew(&scene.client_identity, "spiffe://vedette.local/ns/default/sa/other", 3600000);
	begin_call(&scene, &call, "/one", 1);
	wait_until(&scene, &call.over);
	assert_int_equal(call.status, 0);
	wait_for_count(&scene, &scene.served.refused, 1);
	assert_non_null(strstr(scene.served.words, "sa/other is not allowed here"));
	assert_int_equal(atomic_load(&scene.served.requests), 0);
	tear_down(&scene);
}

VD_TEST(a_server_that_is_not_the_wanted_one_gets_no_request)
{
	struct call call = {0};
	static const char *const wanted[] = {"spiffe://vedette.local/ns/default/sa/iam"};
	struct scene scene = {.of_servers = {.allow = wanted, .n_allow = 1}};
	set_up(&scene, true, 1);
	begin_call(&scene, &call, "/one", 1);
	wait_until(&scene, &call.over);
	assert_int_equal(call.why.status, VD_EDENIED);
	assert_non_null(strstr(call.why.text, "sa/storage is not allowed here"));
	assert_int_equal(atomic_load(&scene.served.requests), 0);
	tear_down(&scene);
}

VD_TEST(nobody_listens_or_connects_over_a_network_without_an_identity)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_server *server = NULL;
	struct vd_channel *channel = NULL;
	struct vd_listen listen = {.handler = &vd_echo_handler};
	assert_int_equal(vd_addr_parse(VD_S("127.0.0.1:0"), &listen.addr, &err), VD_OK);
	struct vd_server_setup setup = {.limits = &vd_http_limits_default,
		.clock = &vd_clock_system,
		.workers = 1,
		.connections_max = 1};
	assert_int_equal(vd_server_new(&setup, &listen, 1, &server, &err), VD_EDENIED);
	struct vd_channel_setup client = {.addrs = &listen.addr, .n_addrs = 1, .connections_max = 1};
	assert_int_equal(vd_channel_new(&client, &channel, &err), VD_EDENIED);
	assert_null(server);
	assert_null(channel);
}

VD_TEST(resets_are_told_to_the_other_side)
{
	struct scene scene = {0};
	struct call call = {0};
	set_up(&scene, false, 1);
	begin_call(&scene, &call, "/reset", 0);
	wait_until(&scene, &call.over);
	assert_int_equal(call.gone, VD_GONE_RESET);
	assert_int_equal(call.error, 8);
	begin_call(&scene, &call, "/never", 10);
	wait_for_count(&scene, &scene.served.requests, 2);
	vd_exchange_reset(call.x, 8);
	wait_until(&scene, &call.over);
	assert_int_equal(call.gone, VD_GONE_OWN);
	wait_for_count(&scene, &scene.served.gone[VD_GONE_RESET], 1);
	tear_down(&scene);
}

VD_TEST(a_client_that_resets_all_the_time_is_sent_away)
{
	struct scene scene = {0};
	struct call call = {0};
	set_up(&scene, false, 1);
	for (unsigned i = 0; i < 5 * scene.limits.resets && atomic_load(&scene.served.closed) == 0; i++) {
		uint64_t before = atomic_load(&scene.served.requests);
		begin_call(&scene, &call, "/never", 10);
		while (!call.over && atomic_load(&scene.served.requests) == before &&
			atomic_load(&scene.served.closed) == 0)
			assert_int_equal(vd_loop_round(scene.loop, 10, NULL), VD_OK);
		if (call.x != NULL)
			vd_exchange_reset(call.x, 8);
		if (atomic_load(&scene.served.closed) == 0)
			wait_until(&scene, &call.over);
	}
	wait_for_count(&scene, &scene.served.closed, 1);
	assert_non_null(strstr(scene.served.words, "streams in ten seconds"));
	assert_true(atomic_load(&scene.served.requests) <= scene.limits.resets + 2);
	tear_down(&scene);
}

VD_TEST(a_head_or_a_body_beyond_its_bound_is_refused)
{
	struct scene scene = {.limits = vd_http_limits_default};
	char value[1024];
	memset(value, 'v', sizeof value);
	struct vd_header headers[3] = {{VD_S("x-a"), {value, sizeof value}, false},
		{VD_S("x-b"), {value, sizeof value}, false}, {VD_S("x-c"), {value, sizeof value}, false}};
	struct call call = {.headers = headers, .n_headers = 3};
	scene.limits.body_bytes = 100000;
	set_up(&scene, false, 1);
	begin_call(&scene, &call, "/head", 0);
	wait_until(&scene, &call.over);
	assert_int_equal(call.status, 431);
	assert_int_equal(atomic_load(&scene.served.requests), 0);
	struct call large = {0}, small = {0};
	begin_call(&scene, &large, "/never", 200000);
	wait_until(&scene, &large.over);
	assert_int_equal(large.status, 413);
	expect_echo(&scene, &small, "/one", 700);
	tear_down(&scene);
}

/* What is going on ends well, and the channel's next call finds nobody. */
static void *
drain(void *owner)
{
	struct scene *scene = owner;
	return vd_server_drain(scene->server, 5000) ? scene : NULL;
}

VD_TEST(a_drained_server_ends_what_it_has_begun)
{
	struct scene scene = {0};
	struct call call = {0}, first = {0};
	pthread_t thread;
	void *clean = NULL;
	set_up(&scene, true, 2);
	expect_echo(&scene, &first, "/one", 10);
	begin_call(&scene, &call, "/large", 4000000);
	wait_for_count(&scene, &scene.served.requests, 2);
	assert_int_equal(pthread_create(&thread, NULL, drain, &scene), 0);
	wait_until(&scene, &call.over);
	assert_int_equal(call.gone, VD_GONE_DONE);
	assert_int_equal(call.got, 4000000);
	(void)pthread_join(thread, &clean);
	assert_non_null(clean);
	begin_call(&scene, &call, "/late", 10);
	wait_until(&scene, &call.over);
	assert_int_not_equal(call.why.status, VD_OK);
	tear_down(&scene);
}

VD_TEST(what_does_not_end_is_cut_off)
{
	struct scene scene = {0};
	struct call call = {0};
	set_up(&scene, false, 1);
	begin_call(&scene, &call, "/never", 10);
	wait_for_count(&scene, &scene.served.requests, 1);
	assert_false(vd_server_drain(scene.server, 50));
	wait_until(&scene, &call.over);
	assert_int_not_equal(call.gone, VD_GONE_DONE);
	tear_down(&scene);
}

VD_TEST(no_connection_outlives_a_certificate)
{
	struct scene scene = {.limits = vd_http_limits_default};
	scene.limits.exchange_ms = 0;
	struct call call = {0};
	set_up(&scene, true, 1);
	begin_call(&scene, &call, "/never", 10); /* does not end by itself */
	wait_for_count(&scene, &scene.served.requests, 1);
	atomic_store(
		&vd_echo_set_on_ms, 3600000 - 5000); /* it drains: no new exchanges, the old one goes on */
	begin_call(&scene, &call, "/never", 10);
	wait_for_count(&scene, &scene.served.closed, 0);
	atomic_store(&vd_echo_set_on_ms, 3600000 + 1000);
	wait_for_count(&scene, &scene.served.closed, 1);
	assert_non_null(strstr(scene.served.words, "expired"));
	tear_down(&scene);
}

VD_TEST(a_revoked_peer_is_gone_within_two_seconds)
{
	struct scene scene = {0};
	struct call call = {0};
	set_up(&scene, true, 1);
	begin_call(&scene, &call, "/never", 10);
	wait_for_count(&scene, &scene.served.requests, 1);
	int64_t from = vd_clock_system.now_ms(NULL);
	atomic_store(&scene.server_identity.revoked, true);
	(void)atomic_fetch_add(&scene.server_identity.epoch, 1);
	wait_until(&scene, &call.over);
	assert_int_equal(call.gone, VD_GONE_CONNECTION);
	assert_true(vd_clock_system.now_ms(NULL) - from < 2000);
	wait_for_count(&scene, &scene.served.closed, 1);
	assert_non_null(strstr(scene.served.words, "is revoked"));
	tear_down(&scene);
}

VD_TEST(a_new_certificate_is_shown_by_the_next_handshake)
{
	struct scene scene = {0};
	struct call call = {0};
	set_up(&scene, true, 1);
	expect_echo(&scene, &call, "/one", 10);
	vd_fake_renew(&scene.client_identity, CLIENT_ID, 7200000);
	expect_echo(&scene, &call, "/two", 10); /* the old connection goes on */
	assert_int_equal(atomic_load(&scene.served.opened), 1);
	close_channel(&scene);
	open_channel(&scene);
	expect_echo(&scene, &call, "/three", 10);
	assert_int_equal(atomic_load(&scene.served.opened), 2);
	tear_down(&scene);
}

VD_TEST(a_server_and_a_channel_survive_every_out_of_memory)
{
	struct vd_listen listen = {.handler = &vd_echo_handler};
	assert_int_equal(vd_addr_parse(VD_S("unix:/tmp/vd-net-torture.sock"), &listen.addr, NULL), VD_OK);
	VD_TORTURE
	{
		struct vd_server_setup setup = {.limits = &vd_http_limits_default,
			.clock = &vd_clock_system,
			.workers = 1,
			.connections_max = 1};
		VD_AUTO(vd_server) server = NULL;
		VD_AUTO(vd_loop) loop = NULL;
		struct vd_channel *channel = NULL;
		struct vd_err err = VD_ERR_INIT;
		enum vd_status st = vd_server_new(&setup, &listen, 1, &server, &err);
		assert_true(st == VD_OK || st == VD_ENOMEM);
		if (vd_loop_new(&vd_clock_system, &loop, &err) != VD_OK)
			continue;
		struct vd_channel_setup client = {
			.loop = loop, .addrs = &listen.addr, .n_addrs = 1, .connections_max = 1, .host = "x"};
		st = vd_channel_new(&client, &channel, &err);
		assert_true(st == VD_OK || st == VD_ENOMEM);
		vd_channel_free(channel, NULL, NULL);
	}
	(void)unlink("/tmp/vd-net-torture.sock");
}
