/*
 * Judging what a peer shows: is its certificate an X509-SVID (X509-SVID specification, 5), signed under the bundle of
 * its trust domain (RFC 5280, 6), in time, not revoked, and of a service that may come in here?
 *
 * The clock is the caller's.  Times are taken with an allowance for clocks that differ.
 *
 * Memory: everything is borrowed for the call.  Any thread.
 */
#ifndef VD_TRUST_IDENTITY_VERIFY_H
#define VD_TRUST_IDENTITY_VERIFY_H

#include "trust/identity/bundle.h"
#include "trust/identity/revoked.h"

#define VD_SKEW_MS 60000 /* the allowance, unless another is given */

enum vd_refusal {
	VD_REFUSAL_NONE,
	VD_REFUSAL_NO_CERTIFICATE,  /* none was shown where one is demanded */
	VD_REFUSAL_MALFORMED,       /* serial number, extensions or names that cannot be read */
	VD_REFUSAL_CA,              /* a certificate that signs others */
	VD_REFUSAL_SELF_ISSUED,     /* its subject is its issuer's: it or its issuer was made wrongly */
	VD_REFUSAL_NO_URI,          /* no URI name: no SVID */
	VD_REFUSAL_SEVERAL_URIS,    /* more than one URI name */
	VD_REFUSAL_ID,              /* its URI is no SPIFFE id, has no path, or is longer than ours */
	VD_REFUSAL_KEY_USAGE,       /* not for signatures, or for signing certificates too */
	VD_REFUSAL_PURPOSE,         /* not for TLS servers and clients */
	VD_REFUSAL_TRUST_DOMAIN,    /* of a trust domain without a bundle here */
	VD_REFUSAL_NOT_YET_VALID,   /* it, or what signed it */
	VD_REFUSAL_EXPIRED,         /* it, or what signed it */
	VD_REFUSAL_UNKNOWN_ISSUER,  /* no chain leads to the bundle */
	VD_REFUSAL_NAME_CONSTRAINT, /* its issuer may not sign for its trust domain */
	VD_REFUSAL_CHAIN,           /* another fault of the chain: the words hold OpenSSL's */
	VD_REFUSAL_REVOKED_SERIAL,
	VD_REFUSAL_REVOKED_ID,
	VD_REFUSAL_REVOKED_BEFORE, /* issued before a moment that was given for it or for all */
	VD_REFUSAL_NOT_ALLOWED,    /* verified, but not on the list */
};

/* "expired", "no_uri", …: for logs and metrics. */
const char *vd_refusal_name(enum vd_refusal refusal);

/* What is trusted. */
struct vd_trusted {
	struct vd_bundle *const *bundles; /* one a trust domain */
	size_t n_bundles;
	const struct vd_revoked *revoked; /* NULL: nothing is */
	int64_t now_ms;                   /* Unix */
	int64_t skew_ms;
};

/*
 * The whole judgement at a handshake.  untrusted: what the peer sent with its leaf, may be NULL; server: the peer is a
 * client of ours.  VD_EDENIED: err begins with the refusal's name; ret_refusal (may be NULL) is it.
 */
enum vd_status vd_verify_peer(const struct vd_trusted *trusted, X509 *leaf, struct stack_st_X509 *untrusted,
	bool server, const struct vd_demand *demand, struct vd_peer *ret, enum vd_refusal *ret_refusal,
	struct vd_err *err) VD_MUST_USE;

/*
 * The same without the chain, for a leaf whose chain was verified before and led to this anchor, which must still be in
 * the bundle.  anchor NULL: its chain never was.
 */
enum vd_status vd_verify_leaf(const struct vd_trusted *trusted, X509 *leaf, const uint8_t *anchor,
	const struct vd_demand *demand, struct vd_peer *ret, enum vd_refusal *ret_refusal,
	struct vd_err *err) VD_MUST_USE;

/* Of a peer that was admitted: is it still?  An allow-list does not change while a connection lives. */
enum vd_status vd_verify_again(const struct vd_trusted *trusted, const struct vd_peer *peer,
	enum vd_refusal *ret_refusal, struct vd_err *err) VD_MUST_USE;

/* The form alone: an X509-SVID, whoever signed it and whenever.  Fills ret but for the anchor. */
enum vd_status vd_verify_form(
	X509 *leaf, struct vd_peer *ret, enum vd_refusal *ret_refusal, struct vd_err *err) VD_MUST_USE;

#endif
