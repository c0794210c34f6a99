/*
 * A client's connections to one service: opened when asked for, shared by many exchanges, opened anew when they end.
 *
 * A channel knows one or more addresses of the service and turns from one to the next.  After a failed attempt it waits
 * before the next one: doubling from 100 ms to 20 s, a random part of it taken off so that many clients do not come at
 * once.  Who asks meanwhile is told the reason, or waits if it wants to.
 *
 * Memory: setup and what it names are borrowed for the channel's life; waiters stand in their owners.
 * Thread: the loop's.
 */
#ifndef VD_NET_CHANNEL_H
#define VD_NET_CHANNEL_H

#include "net/http2.h"

struct vd_channel;

struct vd_channel_setup {
	struct vd_loop *loop;
	const struct vd_identity *identity; /* NULL: Unix sockets only */
	const struct vd_demand *demand;     /* which servers are the right ones */
	const struct vd_addr *addrs;
	size_t n_addrs;
	const char *host; /* :authority, and the server name where it is one */
	const struct vd_http_limits *limits;
	struct vd_conn_times times;
	uint32_t connections_max;
	int64_t keep_alive_ms; /* a ping so often on a connection with exchanges; 0: none */
	uint64_t seed;         /* of the random part of a wait */
	/* An attempt failed or a connection ended: why->status VD_OK in good order.  May be NULL. */
	void (*report)(void *owner, const struct vd_addr *addr, const struct vd_err *why);
	void *owner;
};

enum vd_status vd_channel_new(
	const struct vd_channel_setup *setup, struct vd_channel **ret, struct vd_err *err) VD_MUST_USE;
/*
 * Ends all connections, whatever goes on there, and forgets its waiters; it frees itself once the last connection has gone, some rounds of the
 * loop later, and calls gone then (may be NULL).
 */
void vd_channel_free(struct vd_channel *channel, void (*gone)(void *owner), void *owner);

struct vd_waiter {
	/* session: takes at least one exchange, now.  NULL: why.  Called once. */
	void (*ready)(struct vd_waiter *waiter, struct vd_http2 *session, const struct vd_err *why);
	bool patient; /* also waits through failed attempts; its owner has a deadline of its own */
	struct vd_waiter *next, *before;
	bool waiting;
};

/* Calls waiter->ready, perhaps at once. */
void vd_channel_ask(struct vd_channel *channel, struct vd_waiter *waiter);
void vd_channel_forget(struct vd_channel *channel, struct vd_waiter *waiter);
const char *vd_channel_host(const struct vd_channel *channel);
struct vd_loop *vd_channel_loop(const struct vd_channel *channel);
/* Connections that are open, and exchanges on them. */
uint32_t vd_channel_connections(const struct vd_channel *channel);

#endif
