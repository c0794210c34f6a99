#include "net/http2.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>

#include "base/mem.h"

#define NV_MAX 128u
#define RESET_PERIOD_MS 10000
#define DRAIN_WAIT_MS 1000 /* for requests that were on their way when a drain began */
#define CONNECTION_WINDOWS 4
#define FRAMES_ANSWERED 1000u /* settings and pings that wait to be acknowledged */

struct vd_http2 {
	uint32_t magic;
#define VD_HTTP2_MAGIC 0x68747032u
	struct vd_http2_setup setup;
	nghttp2_session *session;
	struct vd_conn *conn;
	struct vd_exchange *first, *last; /* open ones, oldest first */
	uint32_t n_open;
	bool draining, goaway_sent, peer_leaves;
	int64_t drain_ms; /* when to stop waiting for requests on their way */
	int64_t ping_ms;  /* when an answer must be there; 0: none is awaited */
	int64_t resets_since_ms;
	uint32_t resets;
	struct vd_err why; /* what nghttp2 said last */
};

/* ---- open exchanges ---- */

static void
link_in(struct vd_http2 *session, struct vd_exchange *x)
{
	x->before = session->last;
	if (session->last == NULL)
		session->first = x;
	else
		session->last->next = x;
	session->last = x;
	session->n_open++;
	vd_conn_set_busy(session->conn, true);
}

static void
link_out(struct vd_http2 *session, struct vd_exchange *x)
{
	*(x->before == NULL ? &session->first : &x->before->next) = x->next;
	*(x->next == NULL ? &session->last : &x->next->before) = x->before;
	if (--session->n_open == 0)
		vd_conn_set_busy(session->conn, false);
}

static void
let_go(struct vd_http2 *session, struct vd_exchange *x, enum vd_gone why)
{
	link_out(session, x);
	x->out_ended = x->finished = true;
	if (x->handler != NULL)
		x->handler->gone(x, why);
	vd_exchange_release(session->setup.pool, x);
}

/* ---- times ---- */

static int64_t
earlier(int64_t a, int64_t b)
{
	return b == 0 ? a : VD_MIN(a, b);
}

/* The oldest exchange whose time is bounded, and the head that has not come to its end, decide. */
static int64_t
next_due(const struct vd_http2 *session)
{
	const struct vd_http_limits *limits = session->setup.limits;
	int64_t at = earlier(earlier(INT64_MAX, session->drain_ms), session->ping_ms);
	for (const struct vd_exchange *x = session->first; x != NULL && session->setup.server; x = x->next) {
		if (!x->head_done)
			at = VD_MIN(at, x->began_ms + limits->head_ms);
		if (!x->endless && limits->exchange_ms != 0) {
			at = VD_MIN(at, x->began_ms + limits->exchange_ms);
			break; /* later ones end later, their heads too where the bounds are sane */
		}
	}
	return at;
}

static void
set_due(struct vd_http2 *session)
{
	vd_conn_wake_at(session->conn, next_due(session));
}

/* ---- sending ---- */

static void
maybe_finish(struct vd_http2 *session)
{
	bool done = session->draining && session->goaway_sent && session->n_open == 0;
	done |= session->peer_leaves && session->n_open == 0 && !session->setup.server;
	if (nghttp2_session_want_write(session->session) != 0)
		return;
	if (done || nghttp2_session_want_read(session->session) == 0)
		vd_conn_finish(session->conn, session->why.status == VD_OK ? NULL : &session->why);
}

static void
fill(void *owner)
{
	struct vd_http2 *session = owner;
	struct vd_buf *out = vd_conn_out(session->conn);
	while (!vd_conn_is_full(session->conn)) {
		const uint8_t *bytes;
		ssize_t n = nghttp2_session_mem_send(session->session, &bytes);
		if (n < 0) {
			struct vd_err why = VD_ERR_INIT;
			(void)vd_fail(&why, VD_ENOMEM, "HTTP/2: %s", nghttp2_strerror((int)n));
			vd_conn_abort(session->conn, &why);
			return;
		}
		if (n == 0)
			break;
		vd_buf_add(out, bytes, (size_t)n);
	}
	maybe_finish(session);
}

static ssize_t
read_body(nghttp2_session *unused, int32_t stream, uint8_t *to, size_t room, uint32_t *flags,
	nghttp2_data_source *source, void *owner)
{
	(void)unused;
	struct vd_http2 *session = owner;
	struct vd_exchange *x = source->ptr;
	size_t n = VD_MIN(vd_exchange_waiting(x), room);
	if (n == 0 && !x->finished)
		return NGHTTP2_ERR_DEFERRED;
	if (n > 0)
		memcpy(to, x->out.at + x->sent, n);
	vd_exchange_sent(x, n);
	if (x->finished && vd_exchange_waiting(x) == 0) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		x->out_ended = true;
		nghttp2_nv trailers[NV_MAX];
		size_t n_trailers = 0;
		for (; n_trailers < VD_MIN(x->trailers.n, NV_MAX); n_trailers++) {
			const struct vd_header *one = &x->trailers.list[n_trailers];
			trailers[n_trailers] = (nghttp2_nv){(uint8_t *)(uintptr_t)one->name.at,
				(uint8_t *)(uintptr_t)one->value.at, one->name.len, one->value.len,
				NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
		}
		if (n_trailers > 0) {
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
			if (nghttp2_submit_trailer(session->session, stream, trailers, n_trailers) != 0)
				return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
		}
	}
	return (ssize_t)n;
}

/* nghttp2 copies names and values; list has room for NV_MAX. */
static bool
add_headers(nghttp2_nv *list, size_t *n, struct vd_headers headers)
{
	for (size_t i = 0; i < headers.n; i++) {
		const struct vd_header *one = &headers.list[i];
		if (*n == NV_MAX || one->name.len == 0 || one->name.at[0] == ':' ||
			nghttp2_check_header_name((const uint8_t *)one->name.at, one->name.len) == 0 ||
			nghttp2_check_header_value((const uint8_t *)one->value.at, one->value.len) == 0)
			return false;
		list[(*n)++] = (nghttp2_nv){(uint8_t *)(uintptr_t)one->name.at,
			(uint8_t *)(uintptr_t)one->value.at, one->name.len, one->value.len,
			one->secret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE};
	}
	return true;
}

static nghttp2_nv
pseudo(const char *name, struct vd_str value)
{
	return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value.at, strlen(name),
		value.len, NGHTTP2_NV_FLAG_NO_COPY_NAME};
}

static enum vd_status
respond(struct vd_exchange *x, unsigned status, struct vd_headers headers, bool end, struct vd_err *err)
{
	struct vd_http2 *session = x->session;
	char digits[] = {
		(char)('0' + status / 100), (char)('0' + status / 10 % 10), (char)('0' + status % 10), '\0'};
	nghttp2_nv list[NV_MAX];
	size_t n = 0;
	list[n++] = pseudo(":status", (struct vd_str){digits, 3});
	if (!add_headers(list, &n, headers))
		return vd_fail(
			err, VD_EINPUT, "a response's head has a field that cannot be sent, or too many");
	nghttp2_data_provider body = {.source.ptr = x, .read_callback = read_body};
	int failed;
	if (status < 200)
		failed = nghttp2_submit_headers(
			session->session, NGHTTP2_FLAG_NONE, x->stream, NULL, list, n, NULL);
	else
		failed = nghttp2_submit_response(session->session, x->stream, list, n, end ? NULL : &body);
	if (failed != 0)
		return vd_fail(err, failed == NGHTTP2_ERR_NOMEM ? VD_ENOMEM : VD_EIO, "HTTP/2: %s",
			nghttp2_strerror(failed));
	if (end)
		x->out_ended = true;
	vd_conn_flush_soon(session->conn);
	return VD_OK;
}

static void
more(struct vd_exchange *x)
{
	struct vd_http2 *session = x->session;
	/* an exchange that is not deferred sends by itself */
	(void)nghttp2_session_resume_data(session->session, x->stream);
	vd_conn_flush_soon(session->conn);
}

static void
reset(struct vd_exchange *x, uint32_t code)
{
	struct vd_http2 *session = x->session;
	(void)nghttp2_submit_rst_stream(session->session, NGHTTP2_FLAG_NONE, x->stream, code);
	vd_conn_flush_soon(session->conn);
}

static void
taken(struct vd_exchange *x, size_t n)
{
	struct vd_http2 *session = x->session;
	(void)nghttp2_session_consume(session->session, x->stream, n);
	vd_conn_flush_soon(session->conn);
}

static const struct vd_carrier carrier = {respond, more, reset, taken};

/* ---- receiving ---- */

static struct vd_exchange *
exchange_of(struct vd_http2 *session, int32_t stream)
{
	return nghttp2_session_get_stream_user_data(session->session, stream);
}

static int
on_begin_headers(nghttp2_session *unused, const nghttp2_frame *frame, void *owner)
{
	(void)unused;
	struct vd_http2 *session = owner;
	struct vd_exchange *x = exchange_of(session, frame->hd.stream_id);
	if (x != NULL) { /* a response's head, or trailers */
		x->n_headers = x->head_bytes = 0;
		x->status = 0;
		return 0;
	}
	if (!session->setup.server || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	x = vd_exchange_new(session->setup.pool, &carrier, session, session->conn);
	if (x == NULL ||
		nghttp2_session_set_stream_user_data(session->session, frame->hd.stream_id, x) != 0) {
		if (x != NULL)
			vd_exchange_release(session->setup.pool, x);
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	x->stream = frame->hd.stream_id;
	x->handler = session->setup.handler;
	x->began_ms = vd_loop_now(vd_conn_loop(session->conn));
	link_in(session, x);
	return 0;
}

static bool
take_pseudo(struct vd_exchange *x, struct vd_str name, struct vd_str value)
{
	struct vd_request *request = &x->request;
	struct vd_str *to = vd_str_is(name, ":method")      ? &request->method
			    : vd_str_is(name, ":scheme")    ? &request->scheme
			    : vd_str_is(name, ":authority") ? &request->authority
			    : vd_str_is(name, ":path")      ? &request->path
							    : NULL;
	if (to != NULL)
		return vd_arena_str(x->arena, value, to);
	for (size_t i = 0; vd_str_is(name, ":status") && i < value.len; i++)
		x->status = x->status * 10 + (unsigned)(value.at[i] - '0');
	return true;
}

static int
on_header(nghttp2_session *unused, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
	const uint8_t *value, size_t value_len, uint8_t flags, void *owner)
{
	(void)unused;
	(void)flags;
	struct vd_http2 *session = owner;
	struct vd_exchange *x = exchange_of(session, frame->hd.stream_id);
	struct vd_str key = {(const char *)name, name_len}, text = {(const char *)value, value_len};
	if (x == NULL || x->refused)
		return 0;
	if (name_len > 0 && name[0] == ':') {
		x->head_bytes += (uint32_t)VD_MIN(value_len, UINT16_MAX);
		if (x->head_bytes > session->setup.limits->head_bytes)
			x->refused = true;
		return x->refused || take_pseudo(x, key, text) ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	enum vd_status st = vd_exchange_note(x, session->setup.limits, key, text, NULL);
	if (st == VD_ENOMEM)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	x->refused |= st != VD_OK;
	return 0;
}

/* RFC 6585 section 5; a client gives the exchange up. */
static void
refuse(struct vd_http2 *session, struct vd_exchange *x, unsigned status)
{
	if (session->setup.server && !x->responded &&
		vd_exchange_respond(x, status, (struct vd_headers){NULL, 0}, true, NULL) == VD_OK)
		return;
	vd_exchange_reset(x, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void
end_in(struct vd_exchange *x)
{
	if (x->in_ended)
		return;
	x->in_ended = true;
	if (x->handler != NULL && x->handler->end != NULL)
		x->handler->end(x, x->in_trailers ? (struct vd_headers){x->headers, x->n_headers}
						  : (struct vd_headers){NULL, 0});
}

static void
on_head(struct vd_http2 *session, struct vd_exchange *x, bool end)
{
	struct vd_headers headers = {x->headers, x->n_headers};
	if (x->refused) { /* answered once; trailers change nothing */
		if (!x->head_done)
			refuse(session, x, 431);
		x->head_done = true;
		return;
	}
	if (x->head_done) { /* trailers */
		x->in_trailers = true;
	} else if (session->setup.server) {
		x->head_done = true;
		x->request.headers = headers;
		x->handler->request(session->setup.owner, x, &x->request);
	} else if (x->status >= 200) { /* 1xx says nothing here */
		x->head_done = true;
		if (x->handler != NULL && x->handler->response != NULL)
			x->handler->response(x, x->status, headers);
	}
	if (end)
		end_in(x);
}

static void
count_reset(struct vd_http2 *session)
{
	int64_t now = vd_loop_now(vd_conn_loop(session->conn));
	if (now - session->resets_since_ms >= RESET_PERIOD_MS) {
		session->resets_since_ms = now;
		session->resets = 0;
	}
	if (!session->setup.server || ++session->resets <= session->setup.limits->resets)
		return;
	if (session->why.status == VD_OK)
		(void)vd_fail(&session->why, VD_ELIMIT, "the other side reset %u streams in ten seconds",
			session->resets);
	(void)nghttp2_session_terminate_session(session->session, NGHTTP2_ENHANCE_YOUR_CALM);
}

/* Requests that were on their way are here now: no more. */
static void
say_goodbye(struct vd_http2 *session)
{
	if (session->goaway_sent)
		return;
	session->goaway_sent = true;
	session->drain_ms = 0;
	(void)nghttp2_submit_goaway(session->session, NGHTTP2_FLAG_NONE,
		nghttp2_session_get_last_proc_stream_id(session->session), NGHTTP2_NO_ERROR, NULL, 0);
	vd_conn_flush_soon(session->conn);
}

static void
on_ping_answer(struct vd_http2 *session)
{
	session->ping_ms = 0;
	if (session->draining)
		say_goodbye(session);
}

static int
on_frame(nghttp2_session *unused, const nghttp2_frame *frame, void *owner)
{
	(void)unused;
	struct vd_http2 *session = owner;
	struct vd_exchange *x = frame->hd.stream_id == 0 ? NULL : exchange_of(session, frame->hd.stream_id);
	bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		if (x != NULL)
			on_head(session, x, end);
		break;
	case NGHTTP2_DATA:
		if (x != NULL && end)
			end_in(x);
		break;
	case NGHTTP2_RST_STREAM:
		if (x != NULL)
			x->error = frame->rst_stream.error_code;
		count_reset(session);
		break;
	case NGHTTP2_GOAWAY:
		session->peer_leaves = true;
		if (session->setup.changed != NULL)
			session->setup.changed(session->setup.keeper);
		break;
	case NGHTTP2_PING:
		if (frame->hd.flags & NGHTTP2_FLAG_ACK)
			on_ping_answer(session);
		break;
	case NGHTTP2_SETTINGS:
		if (session->setup.changed != NULL && !(frame->hd.flags & NGHTTP2_FLAG_ACK))
			session->setup.changed(session->setup.keeper);
		break;
	default:
		break;
	}
	return 0;
}

static int
on_chunk(nghttp2_session *unused, uint8_t flags, int32_t stream, const uint8_t *bytes, size_t n, void *owner)
{
	(void)unused;
	(void)flags;
	struct vd_http2 *session = owner;
	struct vd_exchange *x = exchange_of(session, stream);
	uint64_t most = session->setup.limits->body_bytes;
	if (x == NULL || x->refused) {
		(void)nghttp2_session_consume(session->session, stream, n);
		return 0;
	}
	x->body_bytes += n;
	x->untaken += n;
	if (most != 0 && !x->endless && x->body_bytes > most) {
		x->refused = true;
		vd_exchange_taken(x, x->untaken);
		refuse(session, x, 413);
	} else if (x->handler != NULL && x->handler->body != NULL) {
		x->handler->body(x, (struct vd_str){(const char *)bytes, n});
	} else {
		vd_exchange_taken(x, n);
	}
	return 0;
}

static int
on_stream_close(nghttp2_session *unused, int32_t stream, uint32_t code, void *owner)
{
	(void)unused;
	struct vd_http2 *session = owner;
	struct vd_exchange *x = exchange_of(session, stream);
	if (x == NULL)
		return 0;
	bool done = code == NGHTTP2_NO_ERROR && x->out_ended && (x->in_ended || session->setup.server);
	x->error = code;
	let_go(session, x,
		x->own_reset                                               ? VD_GONE_OWN
		: done || (code == NGHTTP2_NO_ERROR && x->in_ended)        ? VD_GONE_DONE
		: code == NGHTTP2_REFUSED_STREAM && !session->setup.server ? VD_GONE_REFUSED
									   : VD_GONE_RESET);
	if (session->setup.changed != NULL)
		session->setup.changed(session->setup.keeper);
	return 0;
}

/* A response has gone while the request still comes: what comes is of no use (RFC 9113, 8.1). */
static int
on_sent(nghttp2_session *unused, const nghttp2_frame *frame, void *owner)
{
	(void)unused;
	struct vd_http2 *session = owner;
	if (!session->setup.server || (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) ||
		!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	struct vd_exchange *x = exchange_of(session, frame->hd.stream_id);
	if (x != NULL && !x->in_ended)
		(void)nghttp2_submit_rst_stream(
			session->session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
	return 0;
}

static int
on_words(nghttp2_session *unused, int code, const char *words, size_t n, void *owner)
{
	(void)unused;
	struct vd_http2 *session = owner;
	if (session->why.status == VD_OK)
		(void)vd_fail(&session->why, VD_EINPUT, "HTTP/2: %.*s (%s)", (int)VD_MIN(n, 300u), words,
			nghttp2_strerror(code));
	return 0;
}

static enum vd_status
received(void *owner, struct vd_str bytes, struct vd_err *err)
{
	struct vd_http2 *session = owner;
	ssize_t n = nghttp2_session_mem_recv(session->session, (const uint8_t *)bytes.at, bytes.len);
	if (n < 0)
		return vd_fail(err, n == NGHTTP2_ERR_NOMEM ? VD_ENOMEM : VD_EINPUT, "HTTP/2: %s",
			nghttp2_strerror((int)n));
	set_due(session);
	vd_conn_flush_soon(session->conn);
	return VD_OK;
}

/* ---- the end ---- */

static void
drain(void *owner)
{
	struct vd_http2 *session = owner;
	session->draining = true;
	if (!session->setup.server) {
		say_goodbye(session);
		return;
	}
	(void)nghttp2_submit_shutdown_notice(session->session);
	(void)nghttp2_submit_ping(session->session, NGHTTP2_FLAG_NONE, (const uint8_t *)"draining");
	session->drain_ms = vd_loop_now(vd_conn_loop(session->conn)) + DRAIN_WAIT_MS;
	set_due(session);
	vd_conn_flush_soon(session->conn);
}

static void
due(void *owner)
{
	struct vd_http2 *session = owner;
	const struct vd_http_limits *limits = session->setup.limits;
	int64_t now = vd_loop_now(vd_conn_loop(session->conn));
	struct vd_err why = VD_ERR_INIT;
	if (session->drain_ms != 0 && now >= session->drain_ms)
		say_goodbye(session);
	if (session->ping_ms != 0 && now >= session->ping_ms)
		(void)vd_fail(&why, VD_EIO, "the other side does not answer");
	for (struct vd_exchange *x = session->first; x != NULL && session->setup.server; x = x->next) {
		if (!x->head_done && now >= x->began_ms + limits->head_ms)
			(void)vd_fail(&why, VD_ELIMIT, "a head did not come to its end in %lld ms",
				(long long)limits->head_ms);
		else if (!x->endless && limits->exchange_ms != 0 && now >= x->began_ms + limits->exchange_ms)
			vd_exchange_reset(x, NGHTTP2_CANCEL);
	}
	if (why.status != VD_OK)
		vd_conn_abort(session->conn, &why);
	else
		set_due(session);
}

static void
discard(struct vd_http2 *session)
{
	if (session == NULL)
		return;
	vd_obj_check(session, VD_HTTP2_MAGIC);
	nghttp2_session_del(session->session);
	vd_obj_free(session);
}

VD_AUTO_DEFINE(vd_http2, discard)

static void
closed(void *owner, const struct vd_err *why)
{
	struct vd_http2 *session = owner;
	while (session->first != NULL)
		let_go(session, session->first, VD_GONE_CONNECTION);
	session->setup.closed(session->setup.keeper, session->why.status != VD_OK ? &session->why : why);
	discard(session);
}

/* ---- the beginning ---- */

static const struct vd_conn_ops ops = {
	.received = received, .room = fill, .drain = drain, .due = due, .closed = closed};

static void *
mem_alloc(size_t n, void *unused)
{
	(void)unused;
	return vd_mem_alloc(n);
}

static void
mem_free(void *at, void *unused)
{
	(void)unused;
	vd_mem_free(at);
}

static void *
mem_zalloc(size_t n, size_t size, void *unused)
{
	(void)unused;
	return vd_mem_zalloc(n, size);
}

static void *
mem_realloc(void *at, size_t n, void *unused)
{
	(void)unused;
	return vd_mem_realloc(at, n);
}

static bool
make_session(struct vd_http2 *session)
{
	nghttp2_mem mem = {NULL, mem_alloc, mem_free, mem_zalloc, mem_realloc};
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *option;
	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		return false;
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_chunk);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
	nghttp2_session_callbacks_set_error_callback2(callbacks, on_words);
	bool made = nghttp2_option_new(&option) == 0;
	if (made) {
		nghttp2_option_set_no_auto_window_update(option, 1);
		nghttp2_option_set_max_outbound_ack(option, FRAMES_ANSWERED);
		made = (session->setup.server ? nghttp2_session_server_new3(
							&session->session, callbacks, session, option, &mem)
					      : nghttp2_session_client_new3(&session->session, callbacks,
							session, option, &mem)) == 0;
		nghttp2_option_del(option);
	}
	nghttp2_session_callbacks_del(callbacks);
	return made;
}

static bool
send_settings(struct vd_http2 *session)
{
	const struct vd_http_limits *limits = session->setup.limits;
	nghttp2_settings_entry list[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->exchanges},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits->window_bytes},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits->head_bytes},
		{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
	};
	size_t n = VD_ARRAY_LEN(list) - (session->setup.server ? 1 : 0); /* a server cannot be pushed at */
	return nghttp2_submit_settings(session->session, NGHTTP2_FLAG_NONE, list, n) == 0 &&
	       nghttp2_session_set_local_window_size(session->session, NGHTTP2_FLAG_NONE, 0,
		       (int32_t)VD_MIN(limits->window_bytes * CONNECTION_WINDOWS, (uint32_t)INT32_MAX)) == 0;
}

enum vd_status
vd_http2_new(
	const struct vd_http2_setup *setup, struct vd_conn *conn, struct vd_http2 **ret, struct vd_err *err)
{
	VD_AUTO(vd_http2) session = vd_obj_new(struct vd_http2, VD_HTTP2_MAGIC);
	if (session == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for HTTP/2");
	session->setup = *setup;
	session->conn = conn;
	session->resets_since_ms = vd_loop_now(vd_conn_loop(conn));
	if (!make_session(session) || !send_settings(session))
		return vd_fail(err, VD_ENOMEM, "no memory for HTTP/2");
	vd_conn_use(conn, &ops, session);
	vd_conn_flush_soon(conn);
	*ret = vd_http2_take(&session);
	return VD_OK;
}

/* ---- client ---- */

uint32_t
vd_http2_open(const struct vd_http2 *session)
{
	return session->n_open;
}

bool
vd_http2_is_draining(const struct vd_http2 *session)
{
	return session->draining || session->peer_leaves;
}

uint32_t
vd_http2_takes(const struct vd_http2 *session)
{
	uint32_t most =
		VD_MIN(session->setup.limits->exchanges, nghttp2_session_get_remote_settings(session->session,
								 NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
	if (vd_http2_is_draining(session) || nghttp2_session_check_request_allowed(session->session) == 0)
		return 0;
	return session->n_open >= most ? 0 : most - session->n_open;
}

struct vd_conn *
vd_http2_conn(const struct vd_http2 *session)
{
	return session->conn;
}

void
vd_http2_ping(struct vd_http2 *session, int64_t timeout_ms)
{
	if (session->ping_ms != 0)
		return;
	session->ping_ms = vd_loop_now(vd_conn_loop(session->conn)) + timeout_ms;
	(void)nghttp2_submit_ping(session->session, NGHTTP2_FLAG_NONE, NULL);
	set_due(session);
	vd_conn_flush_soon(session->conn);
}

enum vd_status
vd_http2_request(struct vd_http2 *session, const struct vd_request *request, bool end,
	const struct vd_handler *handler, void *owner, struct vd_exchange **ret, struct vd_err *err)
{
	vd_obj_check(session, VD_HTTP2_MAGIC);
	if (vd_http2_takes(session) == 0)
		return vd_fail(err, VD_EAGAIN, "no more requests on this connection");
	nghttp2_nv list[NV_MAX];
	size_t n = 0;
	list[n++] = pseudo(":method", request->method);
	list[n++] = pseudo(":scheme", request->scheme);
	list[n++] = pseudo(":authority", request->authority);
	list[n++] = pseudo(":path", request->path);
	if (!add_headers(list, &n, request->headers))
		return vd_fail(
			err, VD_EINPUT, "a request's head has a field that cannot be sent, or too many");
	struct vd_exchange *x = vd_exchange_new(session->setup.pool, &carrier, session, session->conn);
	if (x == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a request");
	nghttp2_data_provider body = {.source.ptr = x, .read_callback = read_body};
	int32_t stream = nghttp2_submit_request(session->session, NULL, list, n, end ? NULL : &body, x);
	if (stream < 0) {
		vd_exchange_release(session->setup.pool, x);
		return vd_fail(err, VD_ENOMEM, "HTTP/2: %s", nghttp2_strerror(stream));
	}
	x->stream = stream;
	x->began_ms = vd_loop_now(vd_conn_loop(session->conn));
	x->finished = x->out_ended = end;
	vd_exchange_set_owner(x, handler, owner);
	link_in(session, x);
	vd_conn_flush_soon(session->conn);
	*ret = x;
	return VD_OK;
}
