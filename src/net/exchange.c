#include "net/exchange.h"

#include "base/mem.h"

#define ARENA_MAX                                                                                            \
	(4u * 1024u * 1024u) /* heads are bounded far below; handlers put their messages here, too */
#define HEADER_OVERHEAD 32u
#define FREE_MAX 256u
#define OUT_KEPT (256u * 1024u) /* a buffer that grew beyond this is not kept for the next */

const struct vd_http_limits vd_http_limits_default = {
	.exchanges = 256,
	.head_bytes = 16 * 1024,
	.headers = 100,
	.window_bytes = 256 * 1024,
	.body_bytes = 16 * 1024 * 1024,
	.head_ms = 10000,
	.exchange_ms = 60000,
	.resets = 200,
};

struct vd_str
vd_headers_find(struct vd_headers headers, const char *name)
{
	for (size_t i = 0; i < headers.n; i++)
		if (vd_str_is(headers.list[i].name, name))
			return headers.list[i].value;
	return (struct vd_str){NULL, 0};
}

static void
discard(struct vd_exchange *x)
{
	if (x == NULL)
		return;
	vd_arena_free(x->arena);
	vd_mem_free(x->headers);
	vd_buf_fini(&x->out);
	vd_obj_free(x);
}

VD_AUTO_DEFINE(vd_exchange, discard)

static struct vd_exchange *
make(void)
{
	VD_AUTO(vd_exchange) x = vd_obj_new(struct vd_exchange, VD_EXCHANGE_MAGIC);
	if (x == NULL)
		return NULL;
	vd_buf_init(&x->out, 0);
	x->arena = vd_arena_new(ARENA_MAX);
	return x->arena == NULL ? NULL : vd_exchange_take(&x);
}

struct vd_exchange *
vd_exchange_new(
	struct vd_exchange_pool *pool, const struct vd_carrier *carrier, void *session, struct vd_conn *conn)
{
	struct vd_exchange *x = pool->free;
	if (x != NULL) {
		pool->free = x->next;
		pool->n--;
	} else if ((x = make()) == NULL) {
		return NULL;
	}
	x->next = x->before = NULL;
	x->carrier = carrier;
	x->session = session;
	x->conn = conn;
	return x;
}

void
vd_exchange_release(struct vd_exchange_pool *pool, struct vd_exchange *x)
{
	if (pool->n >= FREE_MAX || x->out.cap > OUT_KEPT) {
		discard(x);
		return;
	}
	vd_arena_reset(x->arena);
	vd_buf_reset(&x->out);
	*x = (struct vd_exchange){
		.magic = x->magic,
		.arena = x->arena,
		.headers = x->headers,
		.headers_cap = x->headers_cap,
		.out = x->out,
		.next = pool->free,
	};
	pool->free = x;
	pool->n++;
}

void
vd_exchange_pool_fini(struct vd_exchange_pool *pool)
{
	while (pool->free != NULL) {
		struct vd_exchange *x = pool->free;
		pool->free = x->next;
		discard(x);
	}
	pool->n = 0;
}

enum vd_status
vd_exchange_note(struct vd_exchange *x, const struct vd_http_limits *limits, struct vd_str name,
	struct vd_str value, struct vd_err *err)
{
	uint64_t bytes = (uint64_t)x->head_bytes + name.len + value.len + HEADER_OVERHEAD;
	if (bytes > limits->head_bytes || x->n_headers >= limits->headers)
		return vd_fail(err, VD_ELIMIT, "a head of more than %u bytes or %u fields",
			limits->head_bytes, limits->headers);
	void *list = x->headers;
	size_t cap = x->headers_cap;
	if (!vd_mem_grow(&list, &cap, x->n_headers + 1u, sizeof *x->headers, 32))
		return vd_fail(err, VD_ENOMEM, "no memory for a head");
	x->headers = list;
	x->headers_cap = (uint32_t)cap;
	struct vd_header *one = &x->headers[x->n_headers];
	*one = (struct vd_header){.name = name};
	if (!vd_arena_str(x->arena, name, &one->name) || !vd_arena_str(x->arena, value, &one->value))
		return vd_fail(err, VD_ENOMEM, "no memory for a head");
	x->n_headers++;
	x->head_bytes = (uint32_t)bytes;
	return VD_OK;
}

bool
vd_exchange_keep(struct vd_exchange *x, struct vd_headers headers, struct vd_headers *ret)
{
	struct vd_header *list = vd_arena_array(x->arena, VD_MAX(headers.n, 1), sizeof *list);
	if (list == NULL)
		return false;
	for (size_t i = 0; i < headers.n; i++) {
		list[i].secret = headers.list[i].secret;
		if (!vd_arena_str(x->arena, headers.list[i].name, &list[i].name) ||
			!vd_arena_str(x->arena, headers.list[i].value, &list[i].value))
			return false;
	}
	*ret = (struct vd_headers){list, headers.n};
	return true;
}

/* ---- for handlers ---- */

void
vd_exchange_set_owner(struct vd_exchange *x, const struct vd_handler *handler, void *owner)
{
	x->handler = handler;
	x->owner = owner;
}

void *
vd_exchange_owner(const struct vd_exchange *x)
{
	return x->owner;
}

enum vd_status
vd_exchange_respond(
	struct vd_exchange *x, unsigned status, struct vd_headers headers, bool end, struct vd_err *err)
{
	vd_obj_check(x, VD_EXCHANGE_MAGIC);
	if (status < 100 || status > 599 || x->responded || x->out_ended)
		return vd_fail(err, VD_EINPUT, "status %u cannot be sent here", status);
	enum vd_status st = x->carrier->respond(x, status, headers, end, err);
	if (st == VD_OK && status >= 200)
		x->responded = true;
	if (st == VD_OK && end)
		x->finished = true;
	return st;
}

size_t
vd_exchange_waiting(const struct vd_exchange *x)
{
	return x->out.len - x->sent;
}

/* What was sent makes room. */
static void
move_up(struct vd_exchange *x)
{
	if (x->sent == 0)
		return;
	memmove(x->out.at, x->out.at + x->sent, x->out.len - x->sent);
	x->out.len -= x->sent;
	x->sent = 0;
}

static enum vd_status
may_write(struct vd_exchange *x)
{
	vd_obj_check(x, VD_EXCHANGE_MAGIC);
	if (x->finished || x->out_ended || x->own_reset)
		return VD_EIO;
	if (vd_exchange_waiting(x) < VD_EXCHANGE_OUT_HIGH)
		return VD_OK;
	x->asked_room = true;
	return VD_EAGAIN;
}

char *
vd_exchange_reserve(struct vd_exchange *x, size_t n)
{
	if (may_write(x) != VD_OK)
		return NULL;
	move_up(x);
	return vd_buf_room(&x->out, n) ? x->out.at + x->out.len : NULL;
}

void
vd_exchange_wrote(struct vd_exchange *x, size_t n)
{
	x->out.len += n;
	x->carrier->more(x);
}

enum vd_status
vd_exchange_write(struct vd_exchange *x, struct vd_str bytes)
{
	enum vd_status st = may_write(x);
	if (st != VD_OK || bytes.len == 0)
		return st;
	char *to = vd_exchange_reserve(x, bytes.len);
	if (to == NULL)
		return VD_ENOMEM;
	memcpy(to, bytes.at, bytes.len);
	vd_exchange_wrote(x, bytes.len);
	return VD_OK;
}

enum vd_status
vd_exchange_finish(struct vd_exchange *x, struct vd_headers trailers)
{
	vd_obj_check(x, VD_EXCHANGE_MAGIC);
	if (x->finished || x->out_ended || x->own_reset)
		return VD_EIO;
	if (!vd_exchange_keep(x, trailers, &x->trailers))
		return VD_ENOMEM;
	x->finished = true;
	x->carrier->more(x);
	return VD_OK;
}

void
vd_exchange_reset(struct vd_exchange *x, uint32_t code)
{
	vd_obj_check(x, VD_EXCHANGE_MAGIC);
	if (x->own_reset)
		return;
	x->own_reset = true;
	x->carrier->reset(x, code);
}

void
vd_exchange_sent(struct vd_exchange *x, size_t n)
{
	x->sent += n;
	if (!x->asked_room || vd_exchange_waiting(x) > VD_EXCHANGE_OUT_HIGH / 2)
		return;
	x->asked_room = false;
	if (x->handler != NULL && x->handler->room != NULL)
		x->handler->room(x);
}

void
vd_exchange_taken(struct vd_exchange *x, size_t n)
{
	vd_obj_check(x, VD_EXCHANGE_MAGIC);
	n = VD_MIN(n, x->untaken);
	x->untaken -= n;
	if (n > 0)
		x->carrier->taken(x, n);
}

void
vd_exchange_set_endless(struct vd_exchange *x)
{
	x->endless = true;
}

struct vd_arena *
vd_exchange_arena(struct vd_exchange *x)
{
	return x->arena;
}

const struct vd_peer *
vd_exchange_peer(const struct vd_exchange *x)
{
	return vd_conn_peer(x->conn);
}

struct vd_loop *
vd_exchange_loop(const struct vd_exchange *x)
{
	return vd_conn_loop(x->conn);
}

uint32_t
vd_exchange_error(const struct vd_exchange *x)
{
	return x->error;
}
