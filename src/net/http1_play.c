#include "net/http1_play.h"

#include <assert.h>

#include "base/mem.h"

struct play {
	struct vd_http1 http;
	char *held; /* what the parser has not used, in a block of its size */
	size_t n;
	bool in_body, over;
	struct vd_buf body;
	struct vd_buf *to;
};

/* Replaces what is held: drops its first bytes and puts more behind it. */
static void
hold(struct play *play, size_t drop, struct vd_str more)
{
	assert(drop <= play->n);
	size_t kept = play->n - drop;
	char *block = vd_mem_alloc(kept + more.len);
	assert(block != NULL);
	if (kept != 0)
		memcpy(block, play->held + drop, kept);
	if (more.len != 0)
		memcpy(block + kept, more.at, more.len);
	vd_mem_free(play->held);
	play->held = block;
	play->n = kept + more.len;
}

static void
write_fields(struct vd_buf *to, const char *base, const struct vd_http1_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		vd_buf_text(to, "  ");
		vd_buf_add(to, base + fields[i].name.at, fields[i].name.len);
		vd_buf_text(to, fields[i].hop ? " (hop): " : ": ");
		vd_buf_add(to, base + fields[i].value.at, fields[i].value.len);
		vd_buf_char(to, '\n');
	}
}

static void
write_head(const struct vd_http1 *http, struct vd_buf *to)
{
	static const char *const framings[] = {"no-body", "sized", "chunked"};
	assert(http->path.at == http->target.at && http->path.len <= http->target.len);
	vd_buf_printf(to, "%s ", vd_http1_method_name(http->method));
	vd_buf_str(to, vd_http1_str(http, http->path));
	if (http->path.len < http->target.len) {
		assert(http->path.len + 1u + http->query.len == http->target.len);
		vd_buf_text(to, " ?");
		vd_buf_str(to, vd_http1_str(http, http->query));
	} else {
		assert(http->query.len == 0);
	}
	vd_buf_printf(to, " HTTP/1.%u host=", http->minor);
	vd_buf_str(to, vd_http1_str(http, http->host));
	vd_buf_printf(to, "%s %s", http->keep_alive ? " keep-alive" : " close", framings[http->framing]);
	if (http->framing == VD_HTTP1_SIZED)
		vd_buf_printf(to, "=%llu", (unsigned long long)http->content_length);
	vd_buf_printf(
		to, "%s%s\n", http->expect_continue ? " continue" : "", http->upgrade ? " upgrade" : "");
	write_fields(to, http->base, http->fields, http->n_headers);
}

static void
write_body(struct play *play)
{
	if (play->in_body) {
		vd_buf_text(play->to, "body ");
		vd_buf_str(play->to, vd_buf_view(&play->body));
		vd_buf_char(play->to, '\n');
	}
	vd_buf_reset(&play->body);
	play->in_body = false;
}

/* One call; false: it made no progress. */
static bool
go(struct play *play, struct vd_err *err)
{
	struct vd_http1 *http = &play->http;
	struct vd_str piece = {NULL, 0};
	size_t used = 0;
	bool in_body = play->in_body;
	enum vd_status st = in_body ? vd_http1_body(http, play->held, play->n, &piece, &used, err)
				    : vd_http1_head(http, play->held, play->n, &used, err);
	assert(used <= play->n);
	if (st == VD_OK && in_body) {
		assert(piece.len > 0 && piece.at >= play->held && piece.at + piece.len == play->held + used);
		vd_buf_str(&play->body, piece);
	} else if (st == VD_OK) {
		write_head(http, play->to);
		play->in_body = true;
	} else if (st == VD_END) {
		write_body(play);
		write_fields(play->to, http->trailers, http->fields + http->n_headers, http->n_trailers);
		if (!http->keep_alive) {
			vd_buf_text(play->to, "closed\n");
			play->over = true;
			return false;
		}
		vd_http1_next(http);
	} else if (st != VD_EAGAIN) {
		assert(http->answer >= 400 && (st == VD_EINPUT || st == VD_ELIMIT));
		write_body(play);
		vd_buf_printf(play->to, "refused %u%s line %u: %s\n", http->answer,
			st == VD_ELIMIT ? " limit" : "", err->line, err->text);
		assert(vd_http1_head(http, play->held, play->n, &used, NULL) == VD_EINPUT);
		assert(vd_http1_body(http, play->held, play->n, &piece, &used, NULL) == VD_EINPUT);
		play->over = true;
		return false;
	}
	hold(play, used, VD_S(""));
	return st != VD_EAGAIN && (play->n > 0 || play->in_body);
}

void
vd_http1_play(struct vd_str bytes, const struct vd_http1_limits *limits, struct vd_http1_cuts cuts,
	struct vd_buf *to)
{
	struct play play = {.to = to};
	struct vd_err err = VD_ERR_INIT;
	size_t at = 0, step = cuts.first;
	vd_http1_init(&play.http, limits);
	while (at < bytes.len && !play.over) {
		size_t n = step == 0 ? bytes.len - at : VD_MIN(step, bytes.len - at);
		hold(&play, 0, (struct vd_str){bytes.at + at, n});
		while (go(&play, &err)) {
		}
		at += n;
		step = cuts.step;
	}
	if (!play.over && (play.n > 0 || play.in_body)) {
		write_body(&play);
		vd_buf_printf(to, "more %zu\n", play.n);
	}
	vd_buf_fini(&play.body);
	vd_mem_free(play.held);
}
