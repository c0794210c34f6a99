/*
 * What a trust domain's certificates are verified with: its trust anchors and a sequence number that grows with every
 * change (SPIFFE Trust Domain and Bundle, 4.1).  Anchors need not be self-signed (SPIFFE Filesystem Delivery, 2.2), but
 * each must be allowed to sign certificates.
 *
 * Memory: immutable and counted.  Any thread.
 */
#ifndef VD_TRUST_IDENTITY_BUNDLE_H
#define VD_TRUST_IDENTITY_BUNDLE_H

#include "trust/identity/cert.h"

struct vd_bundle;

/* Takes a reference to each root; the stack stays the caller's. */
enum vd_status vd_bundle_new(struct vd_str trust_domain, struct stack_st_X509 *roots, uint64_t sequence,
	struct vd_bundle **ret, struct vd_err *err) VD_MUST_USE;
/* Of a PEM file's text. */
enum vd_status vd_bundle_read(struct vd_str trust_domain, struct vd_str pem, uint64_t sequence,
	struct vd_bundle **ret, struct vd_err *err) VD_MUST_USE;
struct vd_bundle *vd_bundle_ref(struct vd_bundle *bundle);
void vd_bundle_unref(struct vd_bundle *bundle);

struct vd_str vd_bundle_trust_domain(const struct vd_bundle *bundle);
uint64_t vd_bundle_sequence(const struct vd_bundle *bundle);
size_t vd_bundle_count(const struct vd_bundle *bundle);
/* Borrowed while the bundle lives. */
X509 *vd_bundle_peek(const struct vd_bundle *bundle, size_t i);
X509_STORE *vd_bundle_store(const struct vd_bundle *bundle);
bool vd_bundle_has(const struct vd_bundle *bundle, const uint8_t fingerprint[VD_FINGERPRINT_LEN]);
/* The same trust domain and the same anchors. */
bool vd_bundle_eq(const struct vd_bundle *a, const struct vd_bundle *b);

/* PEM certificates and nothing else. */
void vd_bundle_pem(const struct vd_bundle *bundle, struct vd_buf *to);
/* SPIFFE's format: a JWK set; anchors with keys that are not on a NIST curve are left out.  hint: seconds. */
void vd_bundle_jwks(const struct vd_bundle *bundle, unsigned hint, struct vd_buf *to);

VD_AUTO_DEFINE(vd_bundle, vd_bundle_unref)

#endif
