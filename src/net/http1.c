#include "net/http1.h"

#include <time.h>

#include "base/mem.h"
#include "net/http1_parse.h"
#include "net/http1_write.h"

#define HEADERS_MAX 128u
#define CHUNK_MAX (16u * 1024u)
#define IN_KEPT (128u * 1024u)

struct vd_http1_session {
	uint32_t magic;
#define VD_HTTP1_SESSION_MAGIC 0x68747031u
	struct vd_http1_setup setup;
	struct vd_conn *conn;
	struct vd_http1 http;
	struct vd_buf in; /* bytes that are not used yet, from used on */
	size_t used;
	struct vd_exchange *x; /* the one at hand */
	int64_t head_ms;       /* when its head must be whole; 0: none has begun */
	enum vd_http1_length framing;
	bool head_only; /* HEAD: no body goes out */
	bool close;     /* after this answer */
	bool draining, running, ended;
};

/* ---- dates ---- */

/* RFC 9110, 5.6.7; made once a second. */
static struct vd_str
date_of(int64_t wall_ms)
{
	static _Thread_local char text[32];
	static _Thread_local time_t made_at = -1;
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t now = (time_t)(wall_ms / 1000);
	struct tm t;
	if (now != made_at && gmtime_r(&now, &t) != NULL) {
		(void)snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday % 7],
			t.tm_mday % 100, months[t.tm_mon % 12], (t.tm_year + 1900) % 10000, t.tm_hour % 100,
			t.tm_min % 100, t.tm_sec % 100);
		made_at = now;
	}
	return vd_str_from(text);
}

/* ---- answers ---- */

/* The handler's content-length, which the writer says itself, is taken out. */
static enum vd_status
answer_headers(struct vd_headers headers, struct vd_http1_header list[HEADERS_MAX],
	struct vd_http1_answer *answer, struct vd_err *err)
{
	answer->headers = list;
	for (size_t i = 0; i < headers.n; i++) {
		const struct vd_header *one = &headers.list[i];
		if (vd_str_is(one->name, "content-length")) {
			if (!vd_str_u64(one->value, &answer->length))
				return vd_fail(err, VD_EINPUT, "content-length is not a number");
			answer->body = VD_HTTP1_BYTES;
		} else if (answer->n == HEADERS_MAX) {
			return vd_fail(err, VD_ELIMIT, "an answer of more than %u headers", HEADERS_MAX);
		} else {
			list[answer->n++] = (struct vd_http1_header){one->name, one->value};
		}
	}
	return VD_OK;
}

static enum vd_status
respond(struct vd_exchange *x, unsigned status, struct vd_headers headers, bool end, struct vd_err *err)
{
	struct vd_http1_session *session = x->session;
	struct vd_http1_header list[HEADERS_MAX];
	bool bare = status < 200 || status == 204 || status == 304;
	struct vd_http1_answer answer = {
		.status = status,
		.body = bare                       ? VD_HTTP1_NOTHING
			: end                      ? VD_HTTP1_BYTES
			: session->http.minor == 0 ? VD_HTTP1_UNTIL_CLOSE
						   : VD_HTTP1_CHUNKS,
		.date = date_of(vd_loop_wall(vd_conn_loop(session->conn))),
	};
	enum vd_status st = answer_headers(headers, list, &answer, err);
	if (st != VD_OK)
		return st;
	session->close |=
		session->draining || !session->http.keep_alive || answer.body == VD_HTTP1_UNTIL_CLOSE;
	answer.close = session->close && status >= 200;
	st = vd_http1_write_head(&answer, vd_conn_out(session->conn), err);
	if (st != VD_OK)
		return st;
	session->framing = answer.body;
	session->head_only |= bare;
	vd_conn_flush_soon(session->conn);
	return VD_OK;
}

static void
more(struct vd_exchange *x)
{
	struct vd_http1_session *session = x->session;
	vd_conn_flush_soon(session->conn);
}

static void
give_up(struct vd_exchange *x, uint32_t code)
{
	(void)code;
	struct vd_http1_session *session = x->session;
	struct vd_err why = VD_ERR_INIT;
	(void)vd_fail(&why, VD_EAGAIN, "a request was given up");
	vd_conn_finish(session->conn, &why);
}

static void run(struct vd_http1_session *session);

static void
taken(struct vd_exchange *x, size_t n)
{
	(void)n;
	struct vd_http1_session *session = x->session;
	if (x->untaken > session->setup.limits->window_bytes / 2)
		return;
	vd_conn_pause(session->conn, false);
	vd_conn_flush_soon(session->conn); /* what is held is looked at then */
}

static const struct vd_carrier carrier = {respond, more, give_up, taken};

/* ---- requests ---- */

static void
set_due(struct vd_http1_session *session)
{
	const struct vd_http_limits *limits = session->setup.limits;
	int64_t at = session->head_ms == 0 ? INT64_MAX : session->head_ms;
	if (session->x != NULL && !session->x->endless && limits->exchange_ms != 0)
		at = VD_MIN(at, session->x->began_ms + limits->exchange_ms);
	vd_conn_wake_at(session->conn, at);
}

static void
refuse(struct vd_http1_session *session, unsigned status, const struct vd_err *why)
{
	struct vd_http1_answer answer = {.status = status,
		.body = VD_HTTP1_BYTES,
		.close = true,
		.date = date_of(vd_loop_wall(vd_conn_loop(session->conn)))};
	session->ended = true;
	if (session->x == NULL || !session->x->responded)
		(void)!vd_http1_write_head(&answer, vd_conn_out(session->conn), NULL);
	vd_conn_finish(session->conn, why);
}

/* Copies the head out of the bytes, which move on. */
static enum vd_status
take_head(struct vd_http1_session *session, struct vd_exchange *x, struct vd_err *err)
{
	const struct vd_http1 *http = &session->http;
	struct vd_request *request = &x->request;
	request->method = vd_str_from(vd_http1_method_name(http->method));
	request->scheme = VD_S("https");
	if (!vd_arena_str(x->arena, vd_http1_str(http, http->host), &request->authority) ||
		!vd_arena_str(x->arena, vd_http1_str(http, http->target), &request->path))
		return vd_fail(err, VD_ENOMEM, "no memory for a head");
	for (size_t i = 0; i < http->n_headers; i++) {
		const struct vd_http1_field *field = &http->fields[i];
		if (field->hop) /* of this connection alone: no handler's business */
			continue;
		enum vd_status st = vd_exchange_note(x, session->setup.limits,
			vd_http1_str(http, field->name), vd_http1_str(http, field->value), err);
		if (st != VD_OK)
			return st;
	}
	request->headers = (struct vd_headers){x->headers, x->n_headers};
	return VD_OK;
}

static bool
begin_exchange(struct vd_http1_session *session)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_exchange *x = vd_exchange_new(session->setup.pool, &carrier, session, session->conn);
	enum vd_status st = x == NULL ? vd_fail(&err, VD_ENOMEM, "no memory for a request") : VD_OK;
	if (st == VD_OK)
		st = take_head(session, x, &err);
	if (st != VD_OK) {
		if (x != NULL)
			vd_exchange_release(session->setup.pool, x);
		refuse(session, st == VD_ELIMIT ? 431 : 503, &err);
		return false;
	}
	session->x = x;
	session->head_ms = 0;
	session->head_only = session->http.method == VD_HTTP1_HEAD;
	session->close = false;
	x->head_done = true;
	x->handler = session->setup.handler;
	x->began_ms = vd_loop_now(vd_conn_loop(session->conn));
	vd_conn_set_busy(session->conn, true);
	x->handler->request(session->setup.owner, x, &x->request);
	if (session->http.expect_continue && !x->responded && !session->ended) {
		vd_buf_text(vd_conn_out(session->conn), VD_HTTP1_CONTINUE);
		vd_conn_flush_soon(session->conn);
	}
	return true;
}

/* False: more bytes are needed, or it is over. */
static bool
read_head(struct vd_http1_session *session)
{
	size_t n;
	struct vd_err err = VD_ERR_INIT;
	if (session->in.len == session->used)
		return false;
	enum vd_status st = vd_http1_head(
		&session->http, session->in.at + session->used, session->in.len - session->used, &n, &err);
	if (st == VD_EAGAIN) {
		if (session->head_ms == 0)
			session->head_ms =
				vd_loop_now(vd_conn_loop(session->conn)) + session->setup.limits->head_ms;
		return false;
	}
	if (st != VD_OK) {
		refuse(session, session->http.answer, &err);
		return false;
	}
	bool begun = begin_exchange(session);
	session->used += n;
	return begun;
}

static void
end_in(struct vd_http1_session *session)
{
	struct vd_exchange *x = session->x;
	x->in_ended = true;
	if (x->handler->end != NULL)
		x->handler->end(x, (struct vd_headers){NULL, 0}); /* trailers: nobody asks for them here */
}

/* False: more bytes are needed, the handler is behind, or it is over. */
static bool
read_body(struct vd_http1_session *session)
{
	struct vd_exchange *x = session->x;
	struct vd_str piece;
	size_t n;
	struct vd_err err = VD_ERR_INIT;
	if (x->in_ended)
		return false;
	if (x->untaken >= session->setup.limits->window_bytes) {
		vd_conn_pause(session->conn, true);
		return false;
	}
	enum vd_status st = vd_http1_body(&session->http, session->in.at + session->used,
		session->in.len - session->used, &piece, &n, &err);
	if (st == VD_OK || st == VD_EAGAIN || st == VD_END)
		session->used += n;
	if (st == VD_END) {
		end_in(session);
	} else if (st == VD_OK) {
		x->untaken += piece.len;
		if (x->handler->body != NULL)
			x->handler->body(x, piece);
		else
			vd_exchange_taken(x, piece.len);
	} else if (st != VD_EAGAIN) {
		refuse(session, session->http.answer, &err);
	}
	return st == VD_OK || st == VD_END;
}

static void
move_up(struct vd_http1_session *session)
{
	struct vd_buf *in = &session->in;
	if (session->used > 0 && session->used < in->len)
		memmove(in->at, in->at + session->used, in->len - session->used);
	in->len -= session->used;
	session->used = 0;
	if (in->len == 0 && in->cap > IN_KEPT) {
		vd_buf_fini(in);
		vd_buf_init(in, 0);
	}
}

static void
run(struct vd_http1_session *session)
{
	if (session->running)
		return;
	session->running = true;
	while (!session->ended &&
		(session->x == NULL ? !session->draining && read_head(session) : read_body(session)))
		;
	session->running = false;
	move_up(session);
	set_due(session);
}

static enum vd_status
received(void *owner, struct vd_str bytes, struct vd_err *err)
{
	struct vd_http1_session *session = owner;
	if (session->ended)
		return VD_OK;
	vd_buf_str(&session->in, bytes);
	if (session->in.failed)
		return vd_fail(err, VD_ENOMEM, "no memory for a request");
	run(session);
	/* one request ahead is read, no more: a head and a window are the bound */
	if (session->x != NULL && session->x->in_ended && session->in.len > 0)
		vd_conn_pause(session->conn, true);
	return VD_OK;
}

/* ---- going out ---- */

/* The answer is out; the next request may begin. */
static void
complete(struct vd_http1_session *session)
{
	struct vd_exchange *x = session->x;
	bool end = session->close || session->draining || !x->in_ended;
	session->x = NULL;
	x->out_ended = true;
	x->handler->gone(x, VD_GONE_DONE);
	vd_exchange_release(session->setup.pool, x);
	vd_conn_set_busy(session->conn, false);
	if (end) {
		session->ended = true;
		vd_conn_finish(session->conn, NULL);
		return;
	}
	vd_http1_next(&session->http);
	vd_conn_pause(session->conn, false);
	run(session);
}

static void
write_piece(struct vd_http1_session *session, struct vd_str piece)
{
	struct vd_buf *out = vd_conn_out(session->conn);
	if (session->head_only)
		return;
	if (session->framing == VD_HTTP1_CHUNKS)
		vd_http1_write_chunk(piece, out);
	else
		vd_buf_str(out, piece);
}

static void
fill(void *owner)
{
	struct vd_http1_session *session = owner;
	if (session->x != NULL && !session->x->in_ended)
		run(session);
	while (session->x != NULL && session->x->responded && !session->ended &&
		!vd_conn_is_full(session->conn)) {
		struct vd_exchange *x = session->x;
		size_t n = VD_MIN(vd_exchange_waiting(x), CHUNK_MAX);
		if (n > 0) {
			write_piece(session, (struct vd_str){x->out.at + x->sent, n});
			vd_exchange_sent(x, n);
		} else if (x->finished) {
			if (session->framing == VD_HTTP1_CHUNKS && !session->head_only)
				vd_buf_text(vd_conn_out(session->conn), VD_HTTP1_LAST_CHUNK);
			complete(session);
		} else {
			break;
		}
	}
}

static void
drain(void *owner)
{
	struct vd_http1_session *session = owner;
	session->draining = true;
	if (session->x != NULL)
		return; /* its answer says close, or the end of its body does */
	session->ended = true;
	vd_conn_finish(session->conn, NULL);
}

static void
due(void *owner)
{
	struct vd_http1_session *session = owner;
	int64_t now = vd_loop_now(vd_conn_loop(session->conn));
	struct vd_err why = VD_ERR_INIT;
	const struct vd_http_limits *limits = session->setup.limits;
	if (session->head_ms != 0 && now >= session->head_ms) {
		(void)vd_fail(&why, VD_ELIMIT, "a head did not come to its end in %lld ms",
			(long long)limits->head_ms);
		refuse(session, 408, &why);
	} else if (session->x != NULL && !session->x->endless && limits->exchange_ms != 0 &&
		   now >= session->x->began_ms + limits->exchange_ms) {
		(void)vd_fail(
			&why, VD_ELIMIT, "a request took more than %lld ms", (long long)limits->exchange_ms);
		refuse(session, session->x->in_ended ? 504 : 408, &why);
	} else {
		set_due(session);
	}
}

static void
discard(struct vd_http1_session *session)
{
	vd_buf_fini(&session->in);
	vd_obj_free(session);
}

static void
closed(void *owner, const struct vd_err *why)
{
	struct vd_http1_session *session = owner;
	if (session->x != NULL) {
		session->x->finished = session->x->out_ended = true;
		session->x->handler->gone(
			session->x, session->x->own_reset ? VD_GONE_OWN : VD_GONE_CONNECTION);
		vd_exchange_release(session->setup.pool, session->x);
	}
	session->setup.closed(session->setup.keeper, why);
	discard(session);
}

static const struct vd_conn_ops ops = {
	.received = received, .room = fill, .drain = drain, .due = due, .closed = closed};

enum vd_status
vd_http1_new(const struct vd_http1_setup *setup, struct vd_conn *conn, struct vd_err *err)
{
	struct vd_http1_session *session = vd_obj_new(struct vd_http1_session, VD_HTTP1_SESSION_MAGIC);
	if (session == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for HTTP/1.1");
	struct vd_http1_limits limits = VD_HTTP1_LIMITS;
	limits.head = VD_MIN(setup->limits->head_bytes, (uint32_t)UINT16_MAX);
	limits.fields = VD_MIN(setup->limits->headers, VD_HTTP1_FIELDS_MAX);
	limits.body = setup->limits->body_bytes == 0 ? UINT64_MAX : setup->limits->body_bytes;
	session->setup = *setup;
	session->conn = conn;
	vd_buf_init(&session->in, 0);
	vd_http1_init(&session->http, &limits);
	vd_conn_use(conn, &ops, session);
	return VD_OK;
}
