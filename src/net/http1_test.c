#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/echo_server.h"
#include "vd_test.h"

/* A server on a Unix socket, and one connection to it. */
struct scene {
	struct vd_echo_served served;
	struct vd_http_limits limits;
	struct vd_server *server;
	struct vd_addr addr;
	char path[64];
	int fd;
};

static void
connect_to(struct scene *scene)
{
	struct timeval patience = {.tv_sec = 10};
	scene->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(scene->fd >= 0);
	assert_int_equal(setsockopt(scene->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	assert_int_equal(connect(scene->fd, (struct sockaddr *)(void *)&scene->addr.at, scene->addr.len), 0);
}

static void
set_up(struct scene *scene)
{
	struct vd_listen listen = {.http1 = true, .handler = &vd_echo_handler};
	atomic_store(&vd_echo_set_on_ms, 0);
	if (scene->limits.exchanges == 0) /* not set by the test */
		scene->limits = vd_http_limits_default;
	static unsigned n; /* a test that fails leaves its server: the next one has a place of its own */
	(void)snprintf(scene->path, sizeof scene->path, "unix:/tmp/vd-http1-%d-%u.sock", (int)getpid(), n++);
	assert_int_equal(vd_addr_parse(vd_str_from(scene->path), &listen.addr, NULL), VD_OK);
	struct vd_server_setup setup = {
		.limits = &scene->limits,
		.times = vd_conn_times_default,
		.clock = &vd_echo_clock,
		.workers = 1,
		.connections_max = 10,
		.report = vd_echo_report,
		.owner = &scene->served,
	};
	scene->addr = listen.addr;
	assert_int_equal(vd_server_new(&setup, &listen, 1, &scene->server, NULL), VD_OK);
	assert_int_equal(vd_server_start(scene->server, NULL), VD_OK);
	connect_to(scene);
}

static void
tear_down(struct scene *scene)
{
	(void)close(scene->fd);
	vd_server_free(scene->server);
	(void)unlink(scene->path + 5);
}

static void
say(struct scene *scene, const char *text)
{
	assert_int_equal(write(scene->fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Reads until the text ends so, or the server closes; *ret_closed says which. */
static struct vd_str
hear(struct scene *scene, const char *end, char *to, size_t room, bool *ret_closed)
{
	struct vd_str got = {to, 0};
	ssize_t n = 1;
	while (!(end != NULL && vd_str_ends(got, end)) && got.len < room - 1 &&
		(n = read(scene->fd, to + got.len, room - 1 - got.len)) > 0)
		got.len += (size_t)n;
	assert_true(n >= 0); /* else it did not come in ten seconds */
	to[got.len] = '\0';
	*ret_closed = n == 0;
	return got;
}

/* One answer, its date written as DATE. */
static void
expect(struct scene *scene, const char *end, const char *answer, bool wants_close)
{
	char text[4096];
	bool closed;
	(void)hear(scene, end, text, sizeof text, &closed);
	for (char *date = text; (date = strstr(date, "date: ")) != NULL; date += 6) {
		assert_true(strlen(date) > 35 && memcmp(date + 31, " GMT", 4) == 0);
		memmove(date + 10, date + 35, strlen(date + 35) + 1);
		memcpy(date + 6, "DATE", 4);
	}
	assert_string_equal(text, answer);
	assert_int_equal(closed, wants_close);
}

#define HEAD(path)                                                                                           \
	"HTTP/1.1 200 OK\r\ndate: DATE\r\ncontent-type: text/plain\r\nx-path: " path                         \
	"\r\nx-peer: \r\ntransfer-encoding: chunked\r\n\r\n"

VD_TEST(one_connection_answers_several_requests)
{
	struct scene scene = {0};
	set_up(&scene);
	for (unsigned i = 0; i < 3; i++) {
		say(&scene, "POST /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
		expect(&scene, "0\r\n\r\n", HEAD("/a?b=c") "5\r\nhello\r\n0\r\n\r\n", false);
	}
	assert_int_equal(atomic_load(&scene.served.opened), 1);
	tear_down(&scene);
	assert_int_equal(atomic_load(&scene.served.gone[VD_GONE_DONE]), 3);
}

VD_TEST(requests_sent_ahead_are_answered_in_their_order)
{
	struct scene scene = {0};
	set_up(&scene);
	say(&scene,
		"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
		"chunked\r\n\r\n"
		"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	char text[4096];
	bool closed;
	struct vd_str got = hear(&scene, NULL, text, sizeof text, &closed);
	const char *one = strstr(got.at, "x-path: /1"), *two = strstr(got.at, "x-path: /2"),
		   *three = strstr(got.at, "x-path: /3");
	assert_true(one != NULL && two != NULL && three != NULL && one < two && two < three);
	assert_non_null(strstr(two, "abc"));
	assert_non_null(strstr(got.at, "connection: close"));
	assert_true(closed);
	tear_down(&scene);
}

VD_TEST(a_client_that_waits_to_send_is_told_to)
{
	struct scene scene = {0};
	set_up(&scene);
	say(&scene, "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	char text[1024];
	bool closed;
	/* this server answers with the head at once, which tells as much */
	struct vd_str got = hear(&scene, "chunked\r\n\r\n", text, sizeof text, &closed);
	assert_non_null(strstr(got.at, "200 OK"));
	say(&scene, "ok");
	expect(&scene, "0\r\n\r\n", "2\r\nok\r\n0\r\n\r\n", false);
	say(&scene, "POST /never HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	expect(&scene, "\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n", false);
	tear_down(&scene);
}

VD_TEST(the_old_version_is_answered_without_chunks_and_closed)
{
	struct scene scene = {0};
	set_up(&scene);
	say(&scene, "POST /a HTTP/1.0\r\nContent-Length: 2\r\n\r\nok");
	expect(&scene, NULL,
		"HTTP/1.1 200 OK\r\ndate: DATE\r\ncontent-type: text/plain\r\nx-path: /a\r\n"
		"x-peer: \r\nconnection: close\r\n\r\nok",
		true);
	tear_down(&scene);
}

VD_TEST(a_head_alone_has_no_body)
{
	struct scene scene = {0};
	set_up(&scene);
	say(&scene,
		"HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	char text[4096];
	bool closed;
	struct vd_str got = hear(&scene, NULL, text, sizeof text, &closed);
	const char *second = strstr(got.at + 1, "HTTP/1.1 200");
	assert_true(closed && second != NULL && memcmp(second - 4, "\r\n\r\n", 4) == 0);
	tear_down(&scene);
}

VD_TEST(what_could_be_read_in_two_ways_is_refused_and_ends_the_connection)
{
	static const struct {
		const char *request, *status;
	} cases[] = {
		{"GET / HTTP/1.1\nHost: h\n\n", "400"},
		{"GET / HTTP/1.1\r\nHost: h\r\n folded: x\r\n\r\n", "400"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
			"400"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", "400"},
		{"GET / HTTP/1.1\r\n\r\n", "400"},
		{"GET / HTTP/3.0\r\nHost: h\r\n\r\n", "505"},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
	};
	for (size_t i = 0; i < VD_ARRAY_LEN(cases); i++) {
		struct scene scene = {0};
		char text[1024];
		bool closed;
		set_up(&scene);
		say(&scene, cases[i].request);
		struct vd_str got = hear(&scene, NULL, text, sizeof text, &closed);
		assert_true(closed && got.len > 12);
		if (i < 6)
			assert_memory_equal(got.at + 9, cases[i].status, 3);
		assert_int_equal(atomic_load(&scene.served.requests), 0);
		tear_down(&scene);
	}
}

VD_TEST(a_head_that_does_not_end_is_answered_in_time)
{
	struct scene scene = {0};
	set_up(&scene);
	say(&scene, "GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ");
	struct pollfd answer = {.fd = scene.fd, .events = POLLIN};
	for (unsigned i = 0; i < 1000 && poll(&answer, 1, 10) == 0; i++) {
		/* its clock is set on, not waited for; another byte wakes it */
		(void)atomic_fetch_add(&vd_echo_set_on_ms, scene.limits.head_ms + 1000);
		say(&scene, "x");
	}
	char text[1024];
	bool closed;
	struct vd_str got = hear(&scene, NULL, text, sizeof text, &closed);
	assert_true(closed && vd_str_starts(got, "HTTP/1.1 408"));
	tear_down(&scene);
}

VD_TEST(a_body_beyond_its_bound_is_refused)
{
	struct scene scene = {.limits = vd_http_limits_default};
	scene.limits.body_bytes = 10;
	set_up(&scene);
	say(&scene, "POST /never HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world");
	char text[1024];
	bool closed;
	struct vd_str got = hear(&scene, NULL, text, sizeof text, &closed);
	assert_true(closed && vd_str_starts(got, "HTTP/1.1 413"));
	tear_down(&scene);
}

VD_TEST(a_large_body_comes_back_whole)
{
	struct scene scene = {0};
	static char sent[3000000], got[3500000];
	bool closed;
	set_up(&scene);
	for (size_t i = 0; i < sizeof sent; i++)
		sent[i] = (char)('a' + i % 7 + i / 5000 % 11);
	char head[100];
	(void)snprintf(head, sizeof head,
		"POST /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
		sizeof sent);
	say(&scene, head);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		ssize_t n;
		for (size_t at = 0;
			at < sizeof sent && (n = write(scene.fd, sent + at, sizeof sent - at)) > 0;)
			at += (size_t)n;
		_exit(0);
	}
	struct vd_str text = hear(&scene, NULL, got, sizeof got, &closed);
	assert_true(closed);
	const char *at = strstr(text.at, "\r\n\r\n") + 4;
	size_t whole = 0;
	for (unsigned long n; (n = strtoul(at, NULL, 16)) != 0; whole += n) {
		at = strstr(at, "\r\n") + 2;
		assert_true(whole + n <= sizeof sent);
		assert_memory_equal(at, sent + whole, n);
		at += n + 2;
	}
	assert_int_equal(whole, sizeof sent);
	tear_down(&scene);
}

VD_TEST(a_drained_server_answers_and_says_that_it_closes)
{
	struct scene scene = {0};
	char text[4096];
	bool closed;
	set_up(&scene);
	say(&scene, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel");
	(void)hear(&scene, "hel\r\n", text, sizeof text, &closed);
	say(&scene, "lo");
	assert_true(vd_server_drain(scene.server, 5000));
	struct vd_str got = hear(&scene, NULL, text, sizeof text, &closed);
	assert_true(closed && vd_str_ends(got, "0\r\n\r\n"));
	tear_down(&scene);
}
