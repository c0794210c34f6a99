/*
 * HTTP/1.1 (RFC 9112) on a connection, server side: for the public door and admin ports.
 *
 * One request is answered after the other; those sent ahead (pipelining) wait unread.  A request that is refused by the
 * parser is answered and the connection ended.  Where the answer is done before the request's body, the connection ends
 * after it.
 *
 * Memory: a session frees itself after closed.  Thread: the connection's loop.
 */
#ifndef VD_NET_HTTP1_H
#define VD_NET_HTTP1_H

#include "net/exchange.h"

struct vd_http1_session;

struct vd_http1_setup {
	const struct vd_http_limits *limits; /* borrowed */
	const struct vd_handler *handler;
	void *owner; /* handler->request's */
	void (*closed)(void *keeper, const struct vd_err *why);
	void *keeper;
	struct vd_exchange_pool *pool; /* the loop's; borrowed */
};

/* Takes over the connection (vd_conn_use). */
enum vd_status vd_http1_new(
	const struct vd_http1_setup *setup, struct vd_conn *conn, struct vd_err *err) VD_MUST_USE;

#endif
