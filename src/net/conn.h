/*
 * One connection's bytes: the socket, TLS, buffers, and the times after which it ends.
 *
 * A connection is TLS with an identity, or a Unix socket whose other end the kernel names: there is no third kind, so no
 * protocol above can be reached in plaintext over a network.  It never outlives a certificate: shortly before the end of
 * its own or its peer's the protocol is told to drain, at the end the connection is closed.
 *
 * What is written in one round of the loop leaves together at its end, in as few TLS records as it fits.
 *
 * Memory: a connection frees itself after ops->closed, at the end of the round; nobody else does.  Its output buffer is
 * bounded by VD_CONN_OUT_HIGH and one frame of the protocol, which is asked for more only below that.
 * Thread: the loop's.
 */
#ifndef VD_NET_CONN_H
#define VD_NET_CONN_H

#include "net/addr.h"
#include "net/loop.h"
#include "net/peer.h"

#define VD_CONN_OUT_HIGH (64u * 1024u)

struct vd_conn;

/*
 * The protocol on top.  opened sees to it that one has taken over (vd_conn_use) or ends the connection: before, only opened
 * and closed are called, and after, opened is not.
 */
struct vd_conn_ops {
	/* The peer is known and admitted; vd_conn_protocol says what was agreed on. */
	void (*opened)(void *owner, struct vd_conn *conn);
	/* Bytes came, borrowed until it returns.  Not VD_OK: what was written still goes out, then the connection ends. */
	enum vd_status (*received)(void *owner, struct vd_str bytes, struct vd_err *err);
	void (*room)(void *owner);  /* before output goes, and after: write more, if there is more */
	void (*drain)(void *owner); /* end in good order: no new exchanges, close when the last is done */
	void (*due)(void *owner);   /* what vd_conn_wake_at asked for */
	/* The last call, at the end of a round.  why->status VD_OK: both sides wanted it; else the reason in words. */
	void (*closed)(void *owner, const struct vd_err *why);
};

struct vd_conn_times {
	int64_t handshake_ms; /* from the first packet to an admitted peer */
	int64_t idle_ms;      /* without an exchange */
	int64_t drain_ms; /* how long before the end of a certificate draining begins; a tenth of what is left at most */
};

struct vd_conn_setup {
	struct vd_loop *loop;
	const struct vd_identity *identity; /* NULL: Unix sockets only */
	const struct vd_demand *demand;
	struct vd_conn_times times;
	const struct vd_conn_ops *ops;
	void *owner;
};

/* Takes fd, also where it fails.  setup and what it names are borrowed for the connection's life, ops and times copied. */
enum vd_status vd_conn_accept(
	const struct vd_conn_setup *setup, int fd, struct vd_conn **ret, struct vd_err *err) VD_MUST_USE;
/* host: sent as server name (SNI) where it is a name; NULL: none. */
enum vd_status vd_conn_connect(const struct vd_conn_setup *setup, const struct vd_addr *addr,
	const char *host, struct vd_conn **ret, struct vd_err *err) VD_MUST_USE;

/* ---- for the protocol ---- */

/* From now on these are asked: for who chooses the protocol in opened. */
void vd_conn_use(struct vd_conn *conn, const struct vd_conn_ops *ops, void *owner);
/* Where to write to; vd_conn_flush_soon afterwards. */
struct vd_buf *vd_conn_out(struct vd_conn *conn);
bool vd_conn_is_full(const struct vd_conn *conn); /* VD_CONN_OUT_HIGH bytes are waiting */
void vd_conn_flush_soon(struct vd_conn *conn);
/* Nothing is read until it is false again: back-pressure for protocols without a window. */
void vd_conn_pause(struct vd_conn *conn, bool paused);
/* Exchanges are going on: the idle time does not run. */
void vd_conn_set_busy(struct vd_conn *conn, bool busy);
/* ops->due at this moment of vd_loop_now's clock; INT64_MAX: never. */
void vd_conn_wake_at(struct vd_conn *conn, int64_t at_ms);
/* Ends it when what is written has gone out.  why may be NULL: in good order. */
void vd_conn_finish(struct vd_conn *conn, const struct vd_err *why);
/* Ends it now. */
void vd_conn_abort(struct vd_conn *conn, const struct vd_err *why);

const struct vd_peer *vd_conn_peer(const struct vd_conn *conn);
struct vd_loop *vd_conn_loop(const struct vd_conn *conn);
struct vd_str vd_conn_protocol(const struct vd_conn *conn); /* by ALPN; empty on a Unix socket */
bool vd_conn_is_resumed(const struct vd_conn *conn);

/* ---- for who keeps it ---- */

void vd_conn_drain(struct vd_conn *conn);
/* The supplier's answer has changed: a peer no longer admitted is drained and closed at once. */
void vd_conn_judge_again(struct vd_conn *conn);

#endif
