/*
 * One request and its response (RFC 9110, section 3.4: an exchange), whatever the version of HTTP that carries it.
 *
 * Both sides see the same object: a server's is made by the peer's request, a client's by vd_channel_request.  What comes
 * is given to the handler's functions as it arrives; what goes is written with vd_exchange_….  Bodies stream both ways
 * with back-pressure: the peer may send on as the handler takes what came (vd_exchange_taken), and a writer that
 * was refused is told when there is room.
 *
 * Memory: an exchange and all that it hands out live until handler->gone returns; exchanges are used again, so that a
 * connection that has warmed up allocates nothing for one.  What waits to be sent is bounded by VD_EXCHANGE_OUT_HIGH and
 * one write.  Thread: the loop's of its connection.
 */
#ifndef VD_NET_HTTP_H
#define VD_NET_HTTP_H

#include "base/arena.h"
#include "net/conn.h"

#define VD_EXCHANGE_OUT_HIGH (64u * 1024u)

struct vd_exchange;

struct vd_header {
	struct vd_str name; /* small letters */
	struct vd_str value;
	bool secret; /* never kept in a compression table (RFC 7541, 7.1.3) */
};

struct vd_headers {
	const struct vd_header *list;
	size_t n;
};

/* The value of the first with this name; at NULL: none. */
struct vd_str vd_headers_find(struct vd_headers headers, const char *name);

struct vd_request {
	struct vd_str method, scheme, authority, path; /* path with its query */
	struct vd_headers headers;
};

/* Why an exchange has gone. */
enum vd_gone {
	VD_GONE_DONE,  /* both directions ended in good order */
	VD_GONE_RESET, /* the other side gave it up: vd_exchange_error says with which code */
	VD_GONE_OWN,   /* this side did: vd_exchange_reset */
	VD_GONE_REFUSED, /* certainly not begun by the other side: may be tried again (REFUSED_STREAM, GOAWAY) */
	VD_GONE_CONNECTION /* the connection ended */
};

struct vd_handler {
	/* Server: a request's head is there; vd_exchange_set_owner names what the others get.  Client: NULL. */
	void (*request)(void *server, struct vd_exchange *x, const struct vd_request *request);
	/* Client: a response's head (not 1xx) is there. */
	void (*response)(struct vd_exchange *x, unsigned status, struct vd_headers headers);
	/* Bytes of the body, borrowed; the sender goes on as they are taken. */
	void (*body)(struct vd_exchange *x, struct vd_str bytes);
	/* The other side has ended, with trailers. */
	void (*end)(struct vd_exchange *x, struct vd_headers trailers);
	/* After a write was refused: there is room again.  May be NULL. */
	void (*room)(struct vd_exchange *x);
	/* The last call. */
	void (*gone)(struct vd_exchange *x, enum vd_gone why);
};

void vd_exchange_set_owner(struct vd_exchange *x, const struct vd_handler *handler, void *owner);
void *vd_exchange_owner(const struct vd_exchange *x);

/* ---- sending ---- */

/* A response's head, copied; end: there is no body.  1xx may come before.  VD_EINPUT: no such status or name. */
enum vd_status vd_exchange_respond(struct vd_exchange *x, unsigned status, struct vd_headers headers,
	bool end, struct vd_err *err) VD_MUST_USE;
/* Bytes of the body, copied as a whole; VD_EAGAIN: wait for room; VD_EIO: nobody waits for them any more. */
enum vd_status vd_exchange_write(struct vd_exchange *x, struct vd_str bytes) VD_MUST_USE;
/* Room for n bytes, to be written in place and then told with vd_exchange_wrote; NULL: as vd_exchange_write refuses. */
char *vd_exchange_reserve(struct vd_exchange *x, size_t n) VD_MUST_USE;
void vd_exchange_wrote(struct vd_exchange *x, size_t n);
/* The body ends; trailers are copied. */
enum vd_status vd_exchange_finish(struct vd_exchange *x, struct vd_headers trailers) VD_MUST_USE;
/* Gives it up with an HTTP/2 error code (RFC 9113, section 7); HTTP/1.1 closes the connection. */
void vd_exchange_reset(struct vd_exchange *x, uint32_t code);

/* ---- the rest ---- */

/* A stream: the bounds on an exchange's time and body are not for it. */
void vd_exchange_set_endless(struct vd_exchange *x);

/* So many bytes given to handler->body are done with: their sender may send as many more. */
void vd_exchange_taken(struct vd_exchange *x, size_t n);
/* Emptied when the exchange has gone. */
struct vd_arena *vd_exchange_arena(struct vd_exchange *x);
const struct vd_peer *vd_exchange_peer(const struct vd_exchange *x);
struct vd_loop *vd_exchange_loop(const struct vd_exchange *x);
uint32_t vd_exchange_error(const struct vd_exchange *x); /* of VD_GONE_RESET */

/* Bounds of one connection's exchanges. */
struct vd_http_limits {
	uint32_t exchanges;    /* at once */
	uint32_t head_bytes;   /* of one head, names and values and 32 bytes for each (RFC 9113, 6.5.2) */
	uint32_t headers;      /* of one head */
	uint32_t window_bytes; /* of a body that came and is not yet taken */
	uint64_t body_bytes;   /* of one request or response; 0: no bound (streams) */
	int64_t head_ms;       /* from the first byte of a head to its last */
	int64_t exchange_ms;   /* server: from head to end of an exchange; 0: no bound (streams) */
	uint32_t resets;       /* by the peer in ten seconds, above which it is sent away (CVE-2023-44487) */
};

extern const struct vd_http_limits vd_http_limits_default;

#endif
