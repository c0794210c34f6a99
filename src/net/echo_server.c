#include "net/echo_server.h"

#include <stdio.h>

#include "vd_test.h"

struct echo {
	struct vd_echo_served *served;
	struct vd_buf waiting; /* came, but there was no room to send it back */
	bool ended;
	char trailer[32];
};

static void
echo_on(struct vd_exchange *x)
{
	struct echo *echo = vd_exchange_owner(x);
	size_t n = echo->waiting.len;
	if (n > 0 && vd_exchange_write(x, vd_buf_view(&echo->waiting)) != VD_OK)
		return;
	vd_buf_reset(&echo->waiting);
	vd_exchange_taken(x, n);
	struct vd_header one = {VD_S("x-trailer"), vd_str_from(echo->trailer), false};
	if (echo->ended)
		assert_int_equal(vd_exchange_finish(x, (struct vd_headers){&one, 1}), VD_OK);
}

static void
echo_body(struct vd_exchange *x, struct vd_str bytes)
{
	struct echo *echo = vd_exchange_owner(x);
	vd_buf_str(&echo->waiting, bytes);
	echo_on(x);
}

static void
echo_end(struct vd_exchange *x, struct vd_headers trailers)
{
	struct echo *echo = vd_exchange_owner(x);
	struct vd_str value = vd_headers_find(trailers, "x-trailer");
	echo->ended = true;
	(void)snprintf(echo->trailer, sizeof echo->trailer, "%.*s", (int)value.len, value.at);
	echo_on(x);
}

static void
echo_gone(struct vd_exchange *x, enum vd_gone why)
{
	struct echo *echo = vd_exchange_owner(x);
	if (echo == NULL)
		return;
	(void)atomic_fetch_add(&echo->served->gone[why], 1);
	vd_buf_fini(&echo->waiting);
}

static void
echo_request(void *owner, struct vd_exchange *x, const struct vd_request *request)
{
	struct vd_echo_served *served = owner;
	struct echo *echo = vd_arena_zalloc(vd_exchange_arena(x), sizeof *echo);
	(void)atomic_fetch_add(&served->requests, 1);
	struct vd_header headers[] = {{VD_S("content-type"), VD_S("text/plain"), false},
		{VD_S("x-path"), request->path, false},
		{VD_S("x-peer"), vd_str_from(vd_exchange_peer(x)->spiffe_id), true}};
	assert_non_null(echo);
	echo->served = served;
	vd_buf_init(&echo->waiting, 0);
	vd_exchange_set_owner(x, &vd_echo_handler, echo);
	if (vd_str_is(request->path, "/reset"))
		vd_exchange_reset(x, 8);
	else if (!vd_str_is(request->path, "/never"))
		assert_int_equal(
			vd_exchange_respond(x, 200, (struct vd_headers){headers, 3}, false, NULL), VD_OK);
}

const struct vd_handler vd_echo_handler = {
	.request = echo_request, .body = echo_body, .end = echo_end, .room = echo_on, .gone = echo_gone};

void
vd_echo_report(void *owner, const struct vd_server_report *one)
{
	struct vd_echo_served *served = owner;
	if (one->words[0] != '\0')
		(void)snprintf(served->words, sizeof served->words, "%s", one->words);
	if (one->event == VD_SERVER_OPENED)
		(void)atomic_fetch_add(&served->opened, 1);
	else
		(void)atomic_fetch_add(
			one->event == VD_SERVER_CLOSED ? &served->closed : &served->refused, 1);
}

_Atomic int64_t vd_echo_set_on_ms;

static int64_t
test_now(void *owner)
{
	return vd_clock_system.now_ms(owner) + atomic_load(&vd_echo_set_on_ms);
}

static int64_t
test_wall(void *owner)
{
	return vd_clock_system.wall_ms(owner) + atomic_load(&vd_echo_set_on_ms);
}

const struct vd_clock vd_echo_clock = {test_now, test_wall, NULL};
