/*
 * A server: worker threads, each with a loop, its own listeners (SO_REUSEPORT) and the connections they accept.
 *
 * A listener says what it demands of clients and which versions of HTTP it speaks.  Nothing listens in plaintext but Unix
 * sockets: without an identity there is no other listener.
 *
 * What a service wants to log comes as reports: the server itself says nothing.
 *
 * Memory: the setup, listeners and what they name are borrowed for the server's life.  Thread: one owner calls _new,
 * _start, _drain, _free; handlers and reports run on the workers' threads.
 */
#ifndef VD_NET_SERVER_H
#define VD_NET_SERVER_H

#include "net/http.h"

struct vd_server;

struct vd_listen {
	struct vd_addr addr; /* a Unix socket is listened at by the first worker alone */
	struct vd_demand demand;
	bool http1; /* HTTP/1.1 beside HTTP/2: the public door, admin ports; on a Unix socket HTTP/1.1 alone */
	const struct vd_handler *handler;
};

enum vd_server_event {
	VD_SERVER_OPENED,  /* a peer was admitted */
	VD_SERVER_REFUSED, /* one was not, or its handshake failed: the words say why */
	VD_SERVER_CLOSED,  /* words: empty in good order */
	VD_SERVER_FULL,    /* more connections than allowed: closed at once */
};

struct vd_server_report {
	enum vd_server_event event;
	const struct vd_peer *peer; /* NULL: not known yet */
	const char *words;
};

struct vd_server_setup {
	const struct vd_identity *identity; /* NULL: Unix sockets only */
	const struct vd_http_limits *limits;
	struct vd_conn_times times;
	const struct vd_clock *clock;
	unsigned workers;         /* at least 1 */
	uint32_t connections_max; /* of each worker */
	/* What the handlers of a worker get as their owner; called on its thread before the first request. */
	void *(*begin)(void *owner, struct vd_loop *loop, unsigned worker);
	/* On its thread, after the last connection. */
	void (*end)(void *worker_owner);
	void (*report)(
		void *owner, const struct vd_server_report *report); /* any worker's thread; NULL: none */
	void *owner;
};

extern const struct vd_conn_times vd_conn_times_default;

/* Listens (so that a client may connect at once), serves from vd_server_start on. */
enum vd_status vd_server_new(const struct vd_server_setup *setup, const struct vd_listen *listens, size_t n,
	struct vd_server **ret, struct vd_err *err) VD_MUST_USE;
enum vd_status vd_server_start(struct vd_server *server, struct vd_err *err) VD_MUST_USE;
/* Where listener i listens: the port that 0 became. */
const struct vd_addr *vd_server_addr(const struct vd_server *server, size_t i);
uint32_t vd_server_connections(const struct vd_server *server);
/*
 * Accepts no more, sends GOAWAY, waits for exchanges to end, wait_ms at most; what is left is cut off.  Returns when all
 * workers have ended; true: nothing was cut off.
 */
bool vd_server_drain(struct vd_server *server, int64_t wait_ms);
/* Drains with no wait where it still runs. */
void vd_server_free(struct vd_server *server);

VD_AUTO_DEFINE(vd_server, vd_server_free)

#endif
