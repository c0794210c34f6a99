/*
 * Who is at the other end of a connection, and where this process's own identity comes from.
 *
 * net knows certificates only through a struct vd_identity: trust/identity gives the one that speaks SPIFFE, tests
 * give fakes.  A supplier hands out TLS contexts for new handshakes and judges a peer once its handshake is done; its
 * epoch changes whenever its answer about an open connection may have changed (a bundle, a revocation), and then
 * every open connection is judged anew.
 *
 * Memory: struct vd_peer owns its words (fixed room).  Thread: a vd_identity answers from any thread.
 */
#ifndef VD_NET_PEER_H
#define VD_NET_PEER_H

#include <openssl/ssl.h>

#include "base/status.h"
#include "base/str.h"

#define VD_SPIFFE_ID_MAX                                                                                     \
	255u              /* bytes of a whole id; the SPIFFE ID specification allows 2048, ours are short */
#define VD_SERIAL_MAX 41u /* hexadecimal digits of 20 bytes (RFC 5280, 4.1.2.2), NUL */
#define VD_ANCHOR_LEN 32u /* SHA-256 of a trust anchor's certificate */

enum vd_peer_kind {
	VD_PEER_ANONYMOUS, /* a client of the public door: TLS without a certificate */
	VD_PEER_SVID,      /* showed an X.509-SVID that was verified */
	VD_PEER_LOCAL,     /* at the other end of a Unix socket: what the kernel says */
};

struct vd_peer {
	enum vd_peer_kind kind;
	char spiffe_id[VD_SPIFFE_ID_MAX + 1]; /* "": none */
	char service[VD_SPIFFE_ID_MAX +
		     1];            /* that the id names, …/ns/<instance>/sa/<service>; "": it names none */
	char serial[VD_SERIAL_MAX]; /* of its certificate */
	int64_t expires_ms;         /* Unix milliseconds: end of its certificate; INT64_MAX: never */
	int64_t issued_ms;          /* SVID: beginning of its certificate */
	uint8_t anchor[VD_ANCHOR_LEN]; /* SVID: which trust anchor its chain ends at */
	uint32_t uid, gid;             /* LOCAL */
	int32_t pid;                   /* LOCAL; 0: from another pid namespace */
};

/* What a listener or a channel demands of the other side. */
struct vd_demand {
	bool anonymous; /* server: a client need not show a certificate (the public door alone) */
	const char *const
		*allow; /* SPIFFE ids, the whole list; empty allows nobody who shows a certificate */
	size_t n_allow;
	/*
	 * Protocols by preference, as RFC 7301 sends them ("\x02h2\x08http/1.1"); NULL: none.  A server refuses a client
	 * that offers only others; one that offers none is the caller's to judge.  It stands here since a server's choice
	 * belongs to its context, and contexts are shared between threads.
	 */
	const char *alpn;
};

struct vd_identity {
	void *owner;
	/*
	 * A context for new handshakes, server or client, which the caller drops with SSL_CTX_free, and the end of the
	 * certificate in it (Unix ms).  TLS 1.3 only; the peer's chain is verified by it.  VD_EAGAIN: there is none yet.
	 */
	enum vd_status (*tls)(void *owner, bool server, const struct vd_demand *demand, SSL_CTX **ret,
		int64_t *ret_expires_ms, struct vd_err *err);
	/*
	 * Judges the peer of a finished handshake (also a resumed one).  leaf is the very object that the SSL holds
	 * (SSL_get1_peer_certificate), since the verified chain is remembered with it; NULL: no certificate was shown.
	 * VD_EDENIED with the reason in words.
	 */
	enum vd_status (*judge)(void *owner, X509 *leaf, const struct vd_demand *demand, struct vd_peer *ret,
		struct vd_err *err);
	/* Is a peer that was admitted still admitted?  Asked of open connections when epoch has changed. */
	enum vd_status (*again)(void *owner, const struct vd_peer *peer, struct vd_err *err);
	uint64_t (*epoch)(void *owner);
	/* Why the peer of a handshake that failed was refused, in words; false: for another reason.  May be NULL. */
	bool (*refusal)(void *owner, const SSL *ssl, struct vd_err *ret);
};

#endif
