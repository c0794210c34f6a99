/*
 * Inside of an exchange: what http2.c and http1.c share.
 */
#ifndef VD_NET_EXCHANGE_H
#define VD_NET_EXCHANGE_H

#include "net/http.h"

/* What a version of HTTP does for its exchanges. */
struct vd_carrier {
	enum vd_status (*respond)(struct vd_exchange *x, unsigned status, struct vd_headers headers, bool end,
		struct vd_err *err);
	void (*more)(struct vd_exchange *x); /* there is something to send, or the end */
	void (*reset)(struct vd_exchange *x, uint32_t code);
	void (*taken)(struct vd_exchange *x, size_t n);
};

struct vd_exchange {
	uint32_t magic;
#define VD_EXCHANGE_MAGIC 0x65786368u
	int32_t stream;
	const struct vd_carrier *carrier;
	void *session;
	struct vd_conn *conn;
	const struct vd_handler *handler; /* NULL: not yet, or nobody listens any more */
	void *owner;
	struct vd_exchange *next, *before; /* of the session's, or free ones */
	struct vd_arena *arena;
	/* the head, or trailers, as it comes */
	struct vd_header *headers;
	uint32_t n_headers, headers_cap, head_bytes;
	struct vd_request request;
	unsigned status;
	bool refused; /* too large a head: answered, what comes is not looked at */
	bool head_done, in_trailers, in_ended, out_ended;
	bool endless;    /* no bound on its time and its body: a stream */
	bool finished;   /* nothing more will be written */
	bool asked_room; /* a write was refused */
	bool responded;
	bool own_reset;
	uint64_t body_bytes;
	size_t untaken;
	uint32_t error;
	struct vd_buf out; /* of the body */
	size_t sent;
	struct vd_headers trailers; /* to be sent, in the arena */
	int64_t began_ms;
};

/* Used again where pool is not empty. */
struct vd_exchange_pool {
	struct vd_exchange *free;
	size_t n;
};

struct vd_exchange *vd_exchange_new(struct vd_exchange_pool *pool, const struct vd_carrier *carrier,
	void *session, struct vd_conn *conn) VD_MUST_USE;
void vd_exchange_release(struct vd_exchange_pool *pool, struct vd_exchange *x);
void vd_exchange_pool_fini(struct vd_exchange_pool *pool);

/* Appends a header of the head being read, both texts copied.  VD_ELIMIT: beyond limits; VD_ENOMEM. */
enum vd_status vd_exchange_note(struct vd_exchange *x, const struct vd_http_limits *limits,
	struct vd_str name, struct vd_str value, struct vd_err *err) VD_MUST_USE;
/* Copies headers into the exchange's arena. */
bool vd_exchange_keep(struct vd_exchange *x, struct vd_headers headers, struct vd_headers *ret) VD_MUST_USE;

/* Bytes that wait in the body. */
size_t vd_exchange_waiting(const struct vd_exchange *x);
/* n of them were sent; may call handler->room. */
void vd_exchange_sent(struct vd_exchange *x, size_t n);

#endif
