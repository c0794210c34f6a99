/*
 * One TLS context of a source: who shows what, who may come in.
 *
 * Memory: a context holds references to all it needs and lives by OpenSSL's count.  Any thread.
 */
#ifndef VD_TRUST_IDENTITY_SOURCE_TLS_H
#define VD_TRUST_IDENTITY_SOURCE_TLS_H

#include "trust/identity/source.h"

#define VD_TLS_KEY_LEN 32u

/* What a context is made of; all borrowed. */
struct vd_tls_parts {
	struct vd_source_options clock; /* with a function and an allowance */
	struct vd_svid *svid;
	struct vd_bundle *const *bundles;
	size_t n_bundles;
	struct vd_revoked *revoked;
	uint64_t epoch;
};

/* A digest of side and demand: contexts with the same are the same. */
bool vd_tls_key(bool server, const struct vd_demand *demand, uint8_t ret[VD_TLS_KEY_LEN]);

enum vd_status vd_tls_new(const struct vd_tls_parts *parts, bool server, const struct vd_demand *demand,
	const uint8_t key[VD_TLS_KEY_LEN], SSL_CTX **ret, struct vd_err *err) VD_MUST_USE;

/* The anchor that the chain of a leaf led to in a handshake of such a context; NULL: none did. */
const uint8_t *vd_tls_anchor(const X509 *leaf);
/* The words of a refusal in a handshake; NULL: there was none. */
const char *vd_tls_refusal(const SSL *ssl);

#endif
