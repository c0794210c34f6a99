#include "net/conn.h"

#include <errno.h>
#include <openssl/err.h>
#include <unistd.h>

#include "base/mem.h"

#define READ_BYTES (64u * 1024u)
#define TLS_READ_BYTES (32u * 1024u)
#define READS_MAX 4u /* a busy connection lets others have their turn */
#define WALL_CHECK_MS                                                                                        \
	60000 /* the real clock may be set: the end of a certificate is looked at this often at least */
#define FAREWELL_MS 2000 /* for what is written to leave, and for the other side to have read it */
#define LINGER_BYTES (256u * 1024u)

enum state { CONNECTING, SHAKING, OPEN, FINISHING, LINGERING, CLOSED };

struct vd_conn {
	uint32_t magic;
#define VD_CONN_MAGIC 0x636f6e6eu
	struct vd_watch watch;
	struct vd_timer timer;
	struct vd_task later; /* at the end of the round: flushes; tells that it is closed and frees it */
	struct vd_conn_ops ops;
	void *owner;
	struct vd_loop *loop;
	const struct vd_identity *identity;
	const struct vd_demand *demand;
	struct vd_conn_times times;
	enum state state;
	SSL *ssl; /* NULL: a Unix socket */
	bool server, busy, paused, draining, write_blocked;
	bool said_goodbye; /* FINISHING: the protocol has written its last */
	bool pending;      /* OpenSSL holds bytes that epoll knows nothing of */
	struct vd_buf out;
	size_t sent;     /* of out */
	size_t lingered; /* bytes read after the end */
	struct vd_peer peer;
	int64_t expires_ms; /* Unix ms: the earlier end of both certificates */
	int64_t active_ms, began_ms, wake_ms, finish_ms;
	struct vd_err why;
};

static struct vd_conn *
of_watch(struct vd_watch *watch)
{
	return (struct vd_conn *)(void *)((char *)watch - offsetof(struct vd_conn, watch));
}

static struct vd_conn *
of_timer(struct vd_timer *timer)
{
	return (struct vd_conn *)(void *)((char *)timer - offsetof(struct vd_conn, timer));
}

static struct vd_conn *
of_later(struct vd_task *task)
{
	return (struct vd_conn *)(void *)((char *)task - offsetof(struct vd_conn, later));
}

static void
release(struct vd_conn *conn)
{
	if (conn == NULL)
		return;
	vd_obj_check(conn, VD_CONN_MAGIC);
	SSL_free(conn->ssl);
	if (conn->watch.fd >= 0)
		(void)close(conn->watch.fd);
	vd_buf_fini(&conn->out);
	vd_obj_free(conn);
}

VD_AUTO_DEFINE(vd_conn, release)

/* Closed at once; told and freed at the end of the round: its callers and the protocol are still on the stack. */
static void
shut(struct vd_conn *conn)
{
	if (conn->state == CLOSED)
		return;
	conn->state = CLOSED;
	vd_loop_unwatch(conn->loop, &conn->watch);
	vd_loop_clear_timer(conn->loop, &conn->timer);
	if (conn->ssl != NULL && conn->why.status == VD_OK)
		(void)SSL_shutdown(conn->ssl);
	ERR_clear_error();
	(void)close(conn->watch.fd);
	conn->watch.fd = -1;
	vd_loop_put_off(conn->loop, &conn->later);
}

void
vd_conn_abort(struct vd_conn *conn, const struct vd_err *why)
{
	vd_obj_check(conn, VD_CONN_MAGIC);
	if (why != NULL && conn->why.status == VD_OK)
		conn->why = *why;
	shut(conn);
}

/* The reason OpenSSL gives, or the system's. */
static enum vd_status
tls_failed(struct vd_conn *conn, int result, const char *what, struct vd_err *err)
{
	int kind = SSL_get_error(conn->ssl, result), system = errno;
	unsigned long code = ERR_peek_error();
	char text[200] = "the other side closed the connection";
	if (code != 0)
		ERR_error_string_n(code, text, sizeof text);
	else if (kind == SSL_ERROR_SYSCALL && system != 0)
		return vd_fail(err, VD_EIO, "%s: %s", what, strerror(system));
	ERR_clear_error();
	return vd_fail(err, VD_EIO, "%s: %s", what, text);
}

/* ---- times ---- */

static int64_t
expiry_at(const struct vd_conn *conn, int64_t early_ms)
{
	if (conn->expires_ms == INT64_MAX)
		return INT64_MAX;
	int64_t left = conn->expires_ms - early_ms - vd_loop_wall(conn->loop);
	return vd_loop_now(conn->loop) + VD_MIN(left, WALL_CHECK_MS);
}

static int64_t
drain_early(const struct vd_conn *conn)
{
	return conn->draining ? 0 : conn->times.drain_ms;
}

static void
set_timer(struct vd_conn *conn)
{
	int64_t at = conn->wake_ms;
	if (conn->state == CLOSED)
		return;
	if (conn->state == FINISHING || conn->state == LINGERING)
		at = conn->finish_ms;
	else if (conn->state != OPEN)
		at = conn->began_ms + conn->times.handshake_ms;
	else if (!conn->busy)
		at = VD_MIN(at, conn->active_ms + conn->times.idle_ms);
	if (conn->state == OPEN)
		at = VD_MIN(at, expiry_at(conn, drain_early(conn)));
	if (conn->timer.place != 0 && conn->timer.at_ms <= at && conn->timer.at_ms > vd_loop_now(conn->loop))
		return; /* comes early, looks and is set anew: cheaper than moving it for each exchange */
	struct vd_err why = VD_ERR_INIT;
	if (at == INT64_MAX)
		vd_loop_clear_timer(conn->loop, &conn->timer);
	else if (!vd_loop_set_timer(conn->loop, &conn->timer, at))
		vd_conn_abort(conn, (vd_fail(&why, VD_ENOMEM, "no memory for a timer"), &why));
}

static void
give_up(struct vd_conn *conn, enum vd_status st, const char *words)
{
	struct vd_err why = VD_ERR_INIT;
	(void)vd_fail(&why, st, "%s", words);
	vd_conn_abort(conn, &why);
}

static void
check_expiry(struct vd_conn *conn, int64_t wall)
{
	struct vd_err why = VD_ERR_INIT;
	if (wall >= conn->expires_ms) {
		(void)vd_fail(&why, VD_EDENIED, "a certificate of the connection has expired");
		vd_conn_abort(conn, &why);
	} else if (!conn->draining && wall >= conn->expires_ms - conn->times.drain_ms) {
		vd_conn_drain(conn);
	}
}

static void
due(struct vd_timer *timer)
{
	struct vd_conn *conn = of_timer(timer);
	int64_t now = vd_loop_now(conn->loop);
	if (conn->state == FINISHING && now >= conn->finish_ms)
		give_up(conn, VD_EIO, "the other side did not take what was written");
	else if (conn->state == LINGERING && now >= conn->finish_ms)
		shut(conn);
	else if (conn->state < OPEN && now >= conn->began_ms + conn->times.handshake_ms)
		give_up(conn, VD_EIO, "the handshake took too long");
	else if (conn->state == OPEN && !conn->busy && now >= conn->active_ms + conn->times.idle_ms)
		vd_conn_drain(conn);
	if (conn->state == OPEN && conn->expires_ms != INT64_MAX)
		check_expiry(conn, vd_loop_wall(conn->loop));
	if (conn->state == OPEN && now >= conn->wake_ms) {
		conn->wake_ms = INT64_MAX;
		conn->ops.due(conn->owner);
	}
	set_timer(conn);
}

/* ---- bytes out ---- */

/* Bytes taken; 0: not now; -1: failed. */
static ssize_t
write_some(struct vd_conn *conn, const char *at, size_t n, struct vd_err *err)
{
	if (conn->ssl == NULL) {
		ssize_t wrote = write(conn->watch.fd, at, n);
		if (wrote >= 0 || errno == EAGAIN)
			return VD_MAX(wrote, 0);
		(void)vd_fail(err, VD_EIO, "writing: %s", strerror(errno));
		return -1;
	}
	size_t wrote = 0;
	ERR_clear_error();
	int result = SSL_write_ex(conn->ssl, at, n, &wrote);
	if (result == 1)
		return (ssize_t)wrote;
	int kind = SSL_get_error(conn->ssl, result);
	if (kind == SSL_ERROR_WANT_WRITE || kind == SSL_ERROR_WANT_READ)
		return 0;
	(void)tls_failed(conn, result, "writing", err);
	return -1;
}

/* All that waits, as far as the other side takes it. */
static bool
write_out(struct vd_conn *conn)
{
	struct vd_err why = VD_ERR_INIT;
	while (conn->sent < conn->out.len) {
		ssize_t n = write_some(conn, conn->out.at + conn->sent, conn->out.len - conn->sent, &why);
		if (n < 0) {
			vd_conn_abort(conn, &why);
			return false;
		}
		if (n == 0)
			return false;
		conn->sent += (size_t)n;
	}
	vd_buf_reset(&conn->out);
	conn->sent = 0;
	return true;
}

static void
watch_again(struct vd_conn *conn)
{
	struct vd_err why = VD_ERR_INIT;
	unsigned events = conn->paused || conn->state == FINISHING ? 0 : VD_READABLE;
	if (conn->write_blocked || conn->state == CONNECTING)
		events |= VD_WRITABLE;
	if (conn->state != CLOSED && vd_loop_watch(conn->loop, &conn->watch, events, &why) != VD_OK)
		vd_conn_abort(conn, &why);
}

/* All has gone out.  Closing with bytes unread would make the kernel reset, and the other side lose what was written. */
static void
linger(struct vd_conn *conn)
{
	if (conn->ssl != NULL)
		(void)SSL_shutdown(conn->ssl);
	ERR_clear_error();
	(void)shutdown(conn->watch.fd, SHUT_WR);
	conn->state = LINGERING;
}

/* Reads away what still comes. */
static void
read_away(struct vd_conn *conn)
{
	char bytes[4096];
	ssize_t n;
	while (conn->lingered < LINGER_BYTES && (n = read(conn->watch.fd, bytes, sizeof bytes)) > 0)
		conn->lingered += (size_t)n;
	if (conn->lingered >= LINGER_BYTES || n == 0 || errno != EAGAIN)
		shut(conn);
}

static void
flush(struct vd_conn *conn)
{
	while (conn->state == OPEN || conn->state == FINISHING) {
		if (conn->state == OPEN || !conn->said_goodbye) {
			conn->said_goodbye = conn->state == FINISHING;
			conn->ops.room(conn->owner); /* may end the connection */
		}
		if (conn->out.failed) {
			give_up(conn, VD_ENOMEM, "no memory for what is to be written");
			return;
		}
		if (conn->state == CLOSED || conn->out.len == 0)
			break;
		conn->active_ms = vd_loop_now(conn->loop);
		conn->write_blocked = !write_out(conn);
		if (conn->state == CLOSED || conn->write_blocked)
			break;
	}
	if (conn->state == FINISHING && conn->out.len == 0)
		linger(conn);
	watch_again(conn);
}

struct vd_buf *
vd_conn_out(struct vd_conn *conn)
{
	return &conn->out;
}

bool
vd_conn_is_full(const struct vd_conn *conn)
{
	return conn->out.len - conn->sent >= VD_CONN_OUT_HIGH;
}

void
vd_conn_flush_soon(struct vd_conn *conn)
{
	if (conn->state != CLOSED && !conn->write_blocked)
		vd_loop_put_off(conn->loop, &conn->later);
}

/* ---- the peer ---- */

static enum vd_status
judge_local(struct vd_conn *conn, struct vd_err *err)
{
	struct ucred who;
	socklen_t len = sizeof who;
	if (getsockopt(conn->watch.fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
		return vd_fail(err, VD_EIO, "the other end of a Unix socket: %s", strerror(errno));
	conn->peer = (struct vd_peer){.kind = VD_PEER_LOCAL,
		.expires_ms = INT64_MAX,
		.uid = who.uid,
		.gid = who.gid,
		.pid = who.pid};
	return VD_OK;
}

static enum vd_status
judge_peer(struct vd_conn *conn, struct vd_err *err)
{
	if (conn->ssl == NULL)
		return judge_local(conn, err);
	X509 *leaf = SSL_get1_peer_certificate(conn->ssl);
	enum vd_status st =
		conn->identity->judge(conn->identity->owner, leaf, conn->demand, &conn->peer, err);
	X509_free(leaf);
	return st;
}

static void
opened(struct vd_conn *conn)
{
	struct vd_err why = VD_ERR_INIT;
	if (judge_peer(conn, &why) != VD_OK) {
		vd_conn_abort(conn, &why);
		return;
	}
	conn->state = OPEN;
	conn->expires_ms = VD_MIN(conn->expires_ms, conn->peer.expires_ms);
	int64_t left = conn->expires_ms == INT64_MAX ? 0 : conn->expires_ms - vd_loop_wall(conn->loop);
	conn->times.drain_ms = VD_MIN(conn->times.drain_ms, VD_MAX(left, 0) / 10);
	conn->active_ms = vd_loop_now(conn->loop);
	conn->ops.opened(conn->owner, conn);
	if (conn->state == OPEN && conn->expires_ms != INT64_MAX)
		check_expiry(conn,
			vd_loop_wall(conn->loop)); /* a resumed session of a certificate that has ended */
}

void
vd_conn_judge_again(struct vd_conn *conn)
{
	struct vd_err why = VD_ERR_INIT;
	if (conn->state != OPEN || conn->ssl == NULL ||
		conn->identity->again(conn->identity->owner, &conn->peer, &why) == VD_OK)
		return;
	vd_conn_drain(conn);
	if (conn->state == OPEN)
		vd_conn_finish(conn, &why);
}

/* ---- bytes in ---- */

/* The supplier knows best why it refused the peer; else what OpenSSL says. */
static void
handshake_failed(struct vd_conn *conn, int result)
{
	const struct vd_identity *identity = conn->identity;
	struct vd_err why = VD_ERR_INIT;
	if (identity->refusal == NULL || !identity->refusal(identity->owner, conn->ssl, &why))
		(void)tls_failed(conn, result, "the handshake", &why);
	ERR_clear_error();
	vd_conn_abort(conn, &why);
}

static void
shake_hands(struct vd_conn *conn)
{
	if (conn->ssl == NULL) {
		opened(conn);
		return;
	}
	ERR_clear_error();
	int result = SSL_do_handshake(conn->ssl);
	int kind = result == 1 ? SSL_ERROR_NONE : SSL_get_error(conn->ssl, result);
	conn->write_blocked = kind == SSL_ERROR_WANT_WRITE;
	if (result == 1)
		opened(conn);
	else if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE)
		handshake_failed(conn, result);
}

/* Bytes read into to; 0: not now; -1: the end, or failed. */
static ssize_t
read_some(struct vd_conn *conn, char *to, struct vd_err *err)
{
	if (conn->ssl == NULL) {
		ssize_t n = read(conn->watch.fd, to, READ_BYTES);
		if (n > 0 || (n < 0 && errno == EAGAIN))
			return VD_MAX(n, 0);
		if (n < 0)
			(void)vd_fail(err, VD_EIO, "reading: %s", strerror(errno));
		return -1;
	}
	size_t n = 0;
	ERR_clear_error();
	int result = SSL_read_ex(conn->ssl, to, READ_BYTES, &n);
	if (result == 1)
		return (ssize_t)n;
	int kind = SSL_get_error(conn->ssl, result);
	if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE)
		return 0;
	if (kind != SSL_ERROR_ZERO_RETURN)
		(void)tls_failed(conn, result, "reading", err);
	return -1;
}

/* READS_MAX times at most; what OpenSSL has already taken from the socket is read in the next round. */
static void
read_in(struct vd_conn *conn)
{
	static _Thread_local char bytes[READ_BYTES];
	struct vd_err why = VD_ERR_INIT;
	conn->pending = false;
	for (unsigned i = 0; i < READS_MAX && conn->state == OPEN && !conn->paused; i++) {
		ssize_t n = read_some(conn, bytes, &why);
		if (n == 0)
			return;
		if (n < 0) {
			vd_conn_abort(conn, &why);
			return;
		}
		conn->active_ms = vd_loop_now(conn->loop);
		enum vd_status st = conn->ops.received(conn->owner, (struct vd_str){bytes, (size_t)n}, &why);
		if (st != VD_OK && conn->state == OPEN)
			vd_conn_finish(conn, &why);
		if (conn->ssl == NULL ? n < (ssize_t)READ_BYTES : !SSL_has_pending(conn->ssl))
			return; /* the loop knows of what is still in the socket */
	}
	conn->pending =
		conn->state == OPEN && !conn->paused && conn->ssl != NULL && SSL_has_pending(conn->ssl);
	if (conn->pending)
		vd_loop_put_off(conn->loop, &conn->later);
}

static void
run_later(struct vd_task *task)
{
	struct vd_conn *conn = of_later(task);
	if (conn->state == CLOSED) {
		conn->ops.closed(conn->owner, &conn->why);
		release(conn);
		return;
	}
	if (conn->pending)
		read_in(conn);
	flush(conn);
	set_timer(conn);
}

static void
connected(struct vd_conn *conn)
{
	int failed = 0;
	socklen_t len = sizeof failed;
	struct vd_err why = VD_ERR_INIT;
	if (getsockopt(conn->watch.fd, SOL_SOCKET, SO_ERROR, &failed, &len) != 0)
		failed = errno;
	if (failed != 0) {
		vd_conn_abort(conn, (vd_fail(&why, VD_EIO, "connecting: %s", strerror(failed)), &why));
		return;
	}
	conn->state = SHAKING;
}

static void
ready(struct vd_watch *watch, unsigned events)
{
	struct vd_conn *conn = of_watch(watch);
	if (conn->state == CONNECTING)
		connected(conn);
	if (conn->state == SHAKING)
		shake_hands(conn);
	if (conn->state == OPEN && (events & (VD_READABLE | VD_HUNG_UP)))
		read_in(conn);
	if (conn->state == LINGERING && (events & (VD_READABLE | VD_HUNG_UP)))
		read_away(conn);
	else if (conn->state == FINISHING && (events & VD_HUNG_UP))
		shut(conn);
	if (conn->state != CLOSED && (events & VD_WRITABLE) && conn->write_blocked) {
		conn->write_blocked = false;
		flush(conn);
	}
	if (conn->state == CLOSED)
		return;
	watch_again(conn);
	set_timer(conn);
}

/* ---- ends ---- */

void
vd_conn_finish(struct vd_conn *conn, const struct vd_err *why)
{
	vd_obj_check(conn, VD_CONN_MAGIC);
	if (conn->state >= FINISHING)
		return;
	if (why != NULL && conn->why.status == VD_OK)
		conn->why = *why;
	if (conn->state != OPEN) {
		shut(conn);
		return;
	}
	conn->state = FINISHING;
	conn->finish_ms = vd_loop_now(conn->loop) + FAREWELL_MS;
	if (!conn->write_blocked)
		vd_loop_put_off(conn->loop, &conn->later);
	set_timer(conn);
}

void
vd_conn_drain(struct vd_conn *conn)
{
	vd_obj_check(conn, VD_CONN_MAGIC);
	if (conn->draining || conn->state > OPEN)
		return;
	conn->draining = true;
	if (conn->state == OPEN)
		conn->ops.drain(conn->owner);
	else
		shut(conn);
}

/* ---- beginnings ---- */

static enum vd_status
begin_tls(struct vd_conn *conn, const char *host, struct vd_err *err)
{
	SSL_CTX *made;
	enum vd_status st = conn->identity->tls(
		conn->identity->owner, conn->server, conn->demand, &made, &conn->expires_ms, err);
	if (st != VD_OK)
		return st;
	conn->ssl = SSL_new(made);
	SSL_CTX_free(made);
	if (conn->ssl == NULL || SSL_set_fd(conn->ssl, conn->watch.fd) != 1)
		return vd_fail(err, VD_ENOMEM, "no memory for TLS");
	SSL_set_app_data(conn->ssl, conn);
	SSL_set_read_ahead(conn->ssl, 1); /* a record's head and its bytes in one call */
	SSL_set_default_read_buffer_len(conn->ssl, TLS_READ_BYTES);
	(void)SSL_set_mode(conn->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					      SSL_MODE_RELEASE_BUFFERS);
	if (conn->server) {
		SSL_set_accept_state(conn->ssl);
		return VD_OK;
	}
	SSL_set_connect_state(conn->ssl);
	if (host != NULL && SSL_set_tlsext_host_name(conn->ssl, (char *)(uintptr_t)host) != 1)
		return vd_fail(err, VD_ENOMEM, "no memory for TLS");
	return VD_OK;
}

/* Takes fd. */
static enum vd_status
begin(const struct vd_conn_setup *setup, int fd, bool server, bool local, const char *host,
	struct vd_conn **ret, struct vd_err *err)
{
	VD_AUTO(vd_conn) conn = vd_obj_new(struct vd_conn, VD_CONN_MAGIC);
	if (conn == NULL) {
		(void)close(fd);
		return vd_fail(err, VD_ENOMEM, "no memory for a connection");
	}
	conn->watch = (struct vd_watch){ready, fd, 0};
	conn->timer.due = due;
	conn->later.run = run_later;
	conn->ops = *setup->ops;
	conn->owner = setup->owner;
	conn->loop = setup->loop;
	conn->identity = setup->identity;
	conn->demand = setup->demand;
	conn->times = setup->times;
	conn->server = server;
	conn->state = server ? SHAKING : CONNECTING;
	conn->began_ms = vd_loop_now(setup->loop);
	conn->wake_ms = INT64_MAX;
	conn->expires_ms = INT64_MAX;
	vd_buf_init(&conn->out, 0);
	if (!local && setup->identity == NULL)
		return vd_fail(err, VD_EDENIED, "a connection over a network needs an identity");
	enum vd_status st = local ? VD_OK : begin_tls(conn, host, err);
	if (st == VD_OK)
		st = vd_loop_watch(setup->loop, &conn->watch, VD_READABLE | VD_WRITABLE, err);
	if (st != VD_OK)
		return st;
	if (!vd_loop_set_timer(setup->loop, &conn->timer, conn->began_ms + conn->times.handshake_ms)) {
		vd_loop_unwatch(setup->loop, &conn->watch);
		return vd_fail(err, VD_ENOMEM, "no memory for a timer");
	}
	conn->write_blocked = conn->state == CONNECTING; /* it becomes writable when it is there */
	*ret = vd_conn_take(&conn);
	return VD_OK;
}

enum vd_status
vd_conn_accept(const struct vd_conn_setup *setup, int fd, struct vd_conn **ret, struct vd_err *err)
{
	struct vd_addr own;
	enum vd_status st = vd_addr_of(fd, &own, err);
	if (st != VD_OK) {
		(void)close(fd);
		return st;
	}
	return begin(setup, fd, true, vd_addr_is_unix(&own), NULL, ret, err);
}

enum vd_status
vd_conn_connect(const struct vd_conn_setup *setup, const struct vd_addr *addr, const char *host,
	struct vd_conn **ret, struct vd_err *err)
{
	int fd;
	enum vd_status st = vd_addr_connect(addr, &fd, err);
	return st != VD_OK ? st : begin(setup, fd, false, vd_addr_is_unix(addr), host, ret, err);
}

/* ---- for the protocol ---- */

void
vd_conn_use(struct vd_conn *conn, const struct vd_conn_ops *ops, void *owner)
{
	conn->ops = *ops;
	conn->owner = owner;
}

void
vd_conn_pause(struct vd_conn *conn, bool paused)
{
	if (conn->paused == paused)
		return;
	conn->paused = paused;
	if (!paused) { /* what OpenSSL holds comes without another packet */
		conn->pending = true;
		vd_loop_put_off(conn->loop, &conn->later);
	}
}

void
vd_conn_set_busy(struct vd_conn *conn, bool busy)
{
	conn->busy = busy;
	conn->active_ms = vd_loop_now(conn->loop);
}

void
vd_conn_wake_at(struct vd_conn *conn, int64_t at_ms)
{
	conn->wake_ms = at_ms;
	if (conn->state == OPEN)
		set_timer(conn);
}

const struct vd_peer *
vd_conn_peer(const struct vd_conn *conn)
{
	return &conn->peer;
}

struct vd_loop *
vd_conn_loop(const struct vd_conn *conn)
{
	return conn->loop;
}

struct vd_str
vd_conn_protocol(const struct vd_conn *conn)
{
	const unsigned char *name = NULL;
	unsigned len = 0;
	if (conn->ssl != NULL)
		SSL_get0_alpn_selected(conn->ssl, &name, &len);
	return (struct vd_str){(const char *)name, len};
}

bool
vd_conn_is_resumed(const struct vd_conn *conn)
{
	return conn->ssl != NULL && SSL_session_reused(conn->ssl);
}
