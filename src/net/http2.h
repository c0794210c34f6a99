/*
 * HTTP/2 (RFC 9113) on a connection, server or client, by nghttp2.
 *
 * Of attacks on HTTP/2: streams, heads, bodies and windows are bounded by struct vd_http_limits; a peer that resets more
 * streams than it may is sent away with ENHANCE_YOUR_CALM, and so is one whose head does not come to its end;
 * nghttp2 bounds what it answers by itself (settings, pings).
 *
 * Memory: a session frees itself after closed.  Thread: the connection's loop.
 */
#ifndef VD_NET_HTTP2_H
#define VD_NET_HTTP2_H

#include "net/exchange.h"

struct vd_http2;

struct vd_http2_setup {
	const struct vd_http_limits *limits; /* borrowed */
	bool server;
	const struct vd_handler *handler; /* server: of every request */
	void *owner;                      /* server: handler->request's */
	/* Client: may begin more exchanges, or never again (vd_http2_takes).  May be NULL. */
	void (*changed)(void *keeper);
	/* The last call. */
	void (*closed)(void *keeper, const struct vd_err *why);
	void *keeper;
	struct vd_exchange_pool *pool; /* the loop's; borrowed */
};

/* Takes over the connection (vd_conn_use). */
enum vd_status vd_http2_new(const struct vd_http2_setup *setup, struct vd_conn *conn, struct vd_http2 **ret,
	struct vd_err *err) VD_MUST_USE;

/* Client: begins an exchange.  end: the request has no body.  VD_EAGAIN: not on this connection, now or ever. */
enum vd_status vd_http2_request(struct vd_http2 *session, const struct vd_request *request, bool end,
	const struct vd_handler *handler, void *owner, struct vd_exchange **ret,
	struct vd_err *err) VD_MUST_USE;
/* How many more exchanges may begin now; 0 for ever once it drains. */
uint32_t vd_http2_takes(const struct vd_http2 *session);
uint32_t vd_http2_open(const struct vd_http2 *session);
bool vd_http2_is_draining(const struct vd_http2 *session);
/* Client: asks for a sign of life; without one within timeout_ms the connection ends. */
void vd_http2_ping(struct vd_http2 *session, int64_t timeout_ms);
struct vd_conn *vd_http2_conn(const struct vd_http2 *session);

#endif
