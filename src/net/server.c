#include "net/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/http1.h"
#include "net/http2.h"

#define WORKERS_MAX 256u
#define LISTENS_MAX 64u
#define ACCEPTS_MAX 64u     /* in one round */
#define EPOCH_CHECK_MS 500  /* a revoked peer is gone within 2 s (design.md, section 5) */
#define OUT_OF_FILES_MS 100 /* how long to accept nothing where there are no descriptors left */

const struct vd_conn_times vd_conn_times_default = {
	.handshake_ms = 10000, .idle_ms = 300000, .drain_ms = 30000};

#define ALPN_H2 "\x02h2" /* RFC 7301 */
#define ALPN_H2_AND_HTTP1 "\x02h2\x08http/1.1"

/* A listener in one worker. */
struct door {
	struct vd_watch watch;
	struct worker *worker;
	const struct vd_listen *listen;
	struct vd_demand demand; /* the listener's, and its protocols */
	struct vd_conn_setup setup;
};

/* An accepted connection, until its protocol is known and beyond. */
struct line {
	struct line *next, *before;
	struct door *door;
	struct vd_conn *conn;
	struct vd_http2 *http2;
	bool admitted;
};

struct worker {
	struct vd_server *server;
	unsigned number;
	struct vd_loop *loop;
	pthread_t thread;
	bool started;
	void *owner;
	struct door *doors;
	struct line *lines;
	_Atomic uint32_t n_lines;
	struct vd_exchange_pool pool;
	struct vd_timer epoch_timer, accept_timer, cut_timer;
	uint64_t epoch;
	struct vd_task drain;
	bool draining;
	_Atomic bool cut; /* something did not end by itself */
};

struct vd_server {
	uint32_t magic;
#define VD_SERVER_MAGIC 0x73657276u
	struct vd_server_setup setup;
	struct vd_listen *listens;
	struct vd_addr *addrs;
	size_t n_listens;
	struct worker *workers;
	bool running;
	int64_t drain_wait_ms;
};

static void
report(struct worker *worker, enum vd_server_event event, const struct vd_peer *peer, const char *words)
{
	const struct vd_server_setup *setup = &worker->server->setup;
	struct vd_server_report one = {event, peer, words};
	if (setup->report != NULL)
		setup->report(setup->owner, &one);
}

/* ---- connections ---- */

static void
maybe_stop(struct worker *worker)
{
	if (worker->draining && worker->lines == NULL)
		vd_loop_stop(worker->loop);
}

static void
line_closed(void *owner, const struct vd_err *why)
{
	struct line *line = owner;
	struct worker *worker = line->door->worker;
	report(worker, line->admitted ? VD_SERVER_CLOSED : VD_SERVER_REFUSED,
		line->admitted ? vd_conn_peer(line->conn) : NULL, why->status == VD_OK ? "" : why->text);
	*(line->before == NULL ? &worker->lines : &line->before->next) = line->next;
	if (line->next != NULL)
		line->next->before = line->before;
	atomic_fetch_sub(&worker->n_lines, 1);
	vd_mem_free(line);
	maybe_stop(worker);
}

static void
line_opened(void *owner, struct vd_conn *conn)
{
	struct line *line = owner;
	struct worker *worker = line->door->worker;
	struct vd_err err = VD_ERR_INIT;
	struct vd_http2_setup setup = {
		.limits = worker->server->setup.limits,
		.server = true,
		.handler = line->door->listen->handler,
		.owner = worker->owner,
		.closed = line_closed,
		.keeper = line,
		.pool = &worker->pool,
	};
	line->admitted = true;
	report(worker, VD_SERVER_OPENED, vd_conn_peer(conn), "");
	struct vd_http1_setup setup1 = {
		.limits = setup.limits,
		.handler = setup.handler,
		.owner = setup.owner,
		.closed = line_closed,
		.keeper = line,
		.pool = setup.pool,
	};
	/* who offers no protocol speaks HTTP/1.1, where that is spoken at all */
	bool h2 = vd_str_is(vd_conn_protocol(conn), "h2") || vd_addr_is_unix(&line->door->listen->addr);
	bool http1 = line->door->listen->http1 && !vd_str_is(vd_conn_protocol(conn), "h2");
	if (!h2 && !http1) {
		(void)vd_fail(&err, VD_EINPUT, "the client offers no protocol (ALPN h2)");
		vd_conn_abort(conn, &err);
		return;
	}
	enum vd_status st =
		http1 ? vd_http1_new(&setup1, conn, &err) : vd_http2_new(&setup, conn, &line->http2, &err);
	if (st != VD_OK)
		vd_conn_abort(conn, &err);
}

static const struct vd_conn_ops line_ops = {.opened = line_opened, .closed = line_closed};

static void
admit(struct door *door, int fd)
{
	struct worker *worker = door->worker;
	struct vd_err err = VD_ERR_INIT;
	struct vd_conn_setup setup = door->setup;
	int on = 1;
	if (atomic_load(&worker->n_lines) >= worker->server->setup.connections_max) {
		(void)close(fd);
		report(worker, VD_SERVER_FULL, NULL, "more connections than connections_max");
		return;
	}
	struct line *line = vd_mem_zalloc(1, sizeof *line);
	if (line == NULL) {
		(void)close(fd);
		report(worker, VD_SERVER_REFUSED, NULL, "no memory for a connection");
		return;
	}
	if (!vd_addr_is_unix(&door->listen->addr))
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	line->door = door;
	setup.owner = line;
	if (vd_conn_accept(&setup, fd, &line->conn, &err) != VD_OK) {
		report(worker, VD_SERVER_REFUSED, NULL, err.text);
		vd_mem_free(line);
		return;
	}
	line->next = worker->lines;
	if (worker->lines != NULL)
		worker->lines->before = line;
	worker->lines = line;
	atomic_fetch_add(&worker->n_lines, 1);
}

/* ---- doors ---- */

static void
open_doors(struct worker *worker, bool open)
{
	struct vd_err err = VD_ERR_INIT;
	for (size_t i = 0; i < worker->server->n_listens; i++) {
		struct door *door = &worker->doors[i];
		if (door->watch.fd < 0)
			continue;
		if (!open)
			vd_loop_unwatch(worker->loop, &door->watch);
		else if (vd_loop_watch(worker->loop, &door->watch, VD_READABLE, &err) != VD_OK)
			report(worker, VD_SERVER_FULL, NULL, err.text);
	}
}

static void
close_doors(struct worker *worker)
{
	for (size_t i = 0; worker->doors != NULL && i < worker->server->n_listens; i++) {
		if (worker->doors[i].watch.fd >= 0)
			(void)close(worker->doors[i].watch.fd);
		worker->doors[i].watch.fd = -1;
	}
}

static void
accept_again(struct vd_timer *timer)
{
	struct worker *worker =
		(struct worker *)(void *)((char *)timer - offsetof(struct worker, accept_timer));
	if (!worker->draining)
		open_doors(worker, true);
}

/* Without descriptors a level-triggered listener would spin. */
static void
rest(struct worker *worker)
{
	report(worker, VD_SERVER_FULL, NULL, "no file descriptors left: raise the limit (nofile)");
	if (vd_loop_set_timer(
		    worker->loop, &worker->accept_timer, vd_loop_now(worker->loop) + OUT_OF_FILES_MS))
		open_doors(worker, false);
}

static void
knocked(struct vd_watch *watch, unsigned events)
{
	struct door *door = (struct door *)(void *)watch;
	(void)events;
	for (unsigned i = 0; i < ACCEPTS_MAX; i++) {
		int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			admit(door, fd);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			rest(door->worker);
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
}

/* ---- workers ---- */

static void
check_epoch(struct vd_timer *timer)
{
	struct worker *worker =
		(struct worker *)(void *)((char *)timer - offsetof(struct worker, epoch_timer));
	const struct vd_identity *identity = worker->server->setup.identity;
	uint64_t epoch = identity->epoch(identity->owner);
	if (epoch != worker->epoch) {
		worker->epoch = epoch;
		for (struct line *line = worker->lines; line != NULL; line = line->next)
			vd_conn_judge_again(line->conn);
	}
	/* without memory the next connection's handshake finds the same: it is judged by itself */
	(void)!vd_loop_set_timer(worker->loop, timer, vd_loop_now(worker->loop) + EPOCH_CHECK_MS);
}

static void
cut_off(struct vd_timer *timer)
{
	struct worker *worker = (struct worker *)(void *)((char *)timer - offsetof(struct worker, cut_timer));
	struct vd_err why = VD_ERR_INIT;
	(void)vd_fail(&why, VD_EAGAIN, "the server ends and waits no longer");
	for (struct line *line = worker->lines; line != NULL; line = line->next) {
		atomic_store(&worker->cut, true);
		vd_conn_abort(line->conn, &why);
	}
}

static void
begin_drain(struct vd_task *task)
{
	struct worker *worker = (struct worker *)(void *)((char *)task - offsetof(struct worker, drain));
	worker->draining = true;
	open_doors(worker, false);
	close_doors(worker); /* who comes now is refused at once, and may try another server */
	for (struct line *line = worker->lines; line != NULL; line = line->next)
		vd_conn_drain(line->conn);
	if (!vd_loop_set_timer(worker->loop, &worker->cut_timer,
		    vd_loop_now(worker->loop) + worker->server->drain_wait_ms))
		cut_off(&worker->cut_timer);
	maybe_stop(worker);
}

static void *
work(void *owner)
{
	struct worker *worker = owner;
	const struct vd_server_setup *setup = &worker->server->setup;
	struct vd_err err = VD_ERR_INIT;
	worker->owner = setup->begin == NULL ? setup->owner
					     : setup->begin(setup->owner, worker->loop, worker->number);
	open_doors(worker, true);
	while (!(worker->draining && worker->lines == NULL))
		if (vd_loop_run(worker->loop, &err) != VD_OK) {
			report(worker, VD_SERVER_FULL, NULL, err.text);
			break;
		}
	vd_exchange_pool_fini(&worker->pool);
	if (setup->end != NULL)
		setup->end(worker->owner);
	return NULL;
}

static enum vd_status
build_doors(struct worker *worker, struct vd_err *err)
{
	struct vd_server *server = worker->server;
	worker->doors = vd_mem_zalloc(server->n_listens, sizeof *worker->doors);
	if (worker->doors == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a server");
	for (size_t i = 0; i < server->n_listens; i++)
		worker->doors[i].watch = (struct vd_watch){knocked, -1, 0};
	for (size_t i = 0; i < server->n_listens; i++) {
		const struct vd_listen *listen = &server->listens[i];
		struct door *door = &worker->doors[i];
		door->worker = worker;
		door->listen = listen;
		door->demand = listen->demand;
		door->demand.alpn = listen->http1 ? ALPN_H2_AND_HTTP1 : ALPN_H2;
		door->setup = (struct vd_conn_setup){
			.loop = worker->loop,
			.identity = server->setup.identity,
			.demand = &door->demand,
			.times = server->setup.times,
			.ops = &line_ops,
		};
		if (worker->number > 0 && vd_addr_is_unix(&listen->addr))
			continue;
		/* the first worker's port 0 becomes a port, which the others share */
		enum vd_status st =
			vd_addr_listen(&server->addrs[i], server->setup.workers > 1, &door->watch.fd, err);
		if (st == VD_OK && worker->number == 0)
			st = vd_addr_of(door->watch.fd, &server->addrs[i], err);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

static enum vd_status
build_worker(struct vd_server *server, unsigned number, struct vd_err *err)
{
	struct worker *worker = &server->workers[number];
	worker->server = server;
	worker->number = number;
	worker->epoch_timer.due = check_epoch;
	worker->accept_timer.due = accept_again;
	worker->cut_timer.due = cut_off;
	worker->drain.run = begin_drain;
	enum vd_status st = vd_loop_new(server->setup.clock, &worker->loop, err);
	if (st == VD_OK)
		st = build_doors(worker, err);
	if (st != VD_OK || server->setup.identity == NULL)
		return st;
	worker->epoch = server->setup.identity->epoch(server->setup.identity->owner);
	if (!vd_loop_set_timer(
		    worker->loop, &worker->epoch_timer, vd_loop_now(worker->loop) + EPOCH_CHECK_MS))
		return vd_fail(err, VD_ENOMEM, "no memory for a server");
	return VD_OK;
}

static enum vd_status
check(const struct vd_server_setup *setup, const struct vd_listen *listens, size_t n, struct vd_err *err)
{
	if (setup->workers == 0 || setup->workers > WORKERS_MAX || n == 0 || n > LISTENS_MAX)
		return vd_fail(err, VD_EINPUT, "a server has 1 to %u workers and 1 to %u listeners",
			WORKERS_MAX, LISTENS_MAX);
	for (size_t i = 0; i < n; i++)
		if (setup->identity == NULL && !vd_addr_is_unix(&listens[i].addr))
			return vd_fail(err, VD_EDENIED, "a listener on a network needs an identity");
	return VD_OK;
}

enum vd_status
vd_server_new(const struct vd_server_setup *setup, const struct vd_listen *listens, size_t n,
	struct vd_server **ret, struct vd_err *err)
{
	enum vd_status st = check(setup, listens, n, err);
	if (st != VD_OK)
		return st;
	VD_AUTO(vd_server) server = vd_obj_new(struct vd_server, VD_SERVER_MAGIC);
	if (server == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a server");
	server->setup = *setup;
	server->n_listens = n;
	server->listens = vd_mem_zalloc(n, sizeof *server->listens);
	server->addrs = vd_mem_zalloc(n, sizeof *server->addrs);
	server->workers = vd_mem_zalloc(setup->workers, sizeof *server->workers);
	if (server->listens == NULL || server->addrs == NULL || server->workers == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a server");
	memcpy(server->listens, listens, n * sizeof *listens);
	for (size_t i = 0; i < n; i++)
		server->addrs[i] = listens[i].addr;
	for (unsigned i = 0; st == VD_OK && i < setup->workers; i++)
		st = build_worker(server, i, err);
	if (st != VD_OK)
		return st;
	*ret = vd_server_take(&server);
	return VD_OK;
}

enum vd_status
vd_server_start(struct vd_server *server, struct vd_err *err)
{
	vd_obj_check(server, VD_SERVER_MAGIC);
	server->running = true;
	for (unsigned i = 0; i < server->setup.workers; i++) {
		int failed = pthread_create(&server->workers[i].thread, NULL, work, &server->workers[i]);
		if (failed != 0) {
			(void)vd_server_drain(server, 0);
			return vd_fail(err, VD_EIO, "a worker's thread: %s", strerror(failed));
		}
		server->workers[i].started = true;
	}
	return VD_OK;
}

const struct vd_addr *
vd_server_addr(const struct vd_server *server, size_t i)
{
	return &server->addrs[i];
}

uint32_t
vd_server_connections(const struct vd_server *server)
{
	uint32_t n = 0;
	for (unsigned i = 0; i < server->setup.workers; i++)
		n += atomic_load(&server->workers[i].n_lines);
	return n;
}

bool
vd_server_drain(struct vd_server *server, int64_t wait_ms)
{
	bool cut = false;
	vd_obj_check(server, VD_SERVER_MAGIC);
	server->drain_wait_ms = wait_ms;
	for (unsigned i = 0; i < server->setup.workers; i++)
		if (server->workers[i].started)
			vd_loop_post(server->workers[i].loop, &server->workers[i].drain);
	for (unsigned i = 0; i < server->setup.workers; i++) {
		if (!server->workers[i].started)
			continue;
		(void)pthread_join(server->workers[i].thread, NULL);
		server->workers[i].started = false;
		cut |= atomic_load(&server->workers[i].cut);
	}
	server->running = false;
	return !cut;
}

void
vd_server_free(struct vd_server *server)
{
	if (server == NULL)
		return;
	vd_obj_check(server, VD_SERVER_MAGIC);
	if (server->running)
		(void)vd_server_drain(server, 0);
	for (unsigned w = 0; server->workers != NULL && w < server->setup.workers; w++) {
		struct worker *worker = &server->workers[w];
		close_doors(worker);
		vd_loop_free(worker->loop);
		vd_mem_free(worker->doors);
	}
	vd_mem_free(server->workers);
	vd_mem_free(server->addrs);
	vd_mem_free(server->listens);
	vd_obj_free(server);
}
