/*
 * For tests of net: an identity that makes its own authority in memory and can be told to change its mind.
 */
#ifndef VD_NET_FAKE_IDENTITY_H
#define VD_NET_FAKE_IDENTITY_H

#include <stdatomic.h>

#include "net/peer.h"

struct vd_fake_authority; /* keys of an authority, shared by the fakes that trust each other */

struct vd_fake_authority *vd_fake_authority_new(void);
void vd_fake_authority_free(struct vd_fake_authority *authority);

struct vd_fake {
	struct vd_identity identity; /* to be given to net; owner is the fake */
	struct vd_fake_authority *authority;
	X509 *leaf;
	EVP_PKEY *key;
	int64_t expires_ms;
	_Atomic uint64_t epoch;
	_Atomic bool revoked; /* whoever is asked about again is no longer admitted */
};

/* lives_ms: of its certificate, from the real clock's now on. */
void vd_fake_init(
	struct vd_fake *fake, struct vd_fake_authority *authority, const char *spiffe_id, int64_t lives_ms);
/* A new certificate for new handshakes. */
void vd_fake_renew(struct vd_fake *fake, const char *spiffe_id, int64_t lives_ms);
void vd_fake_fini(struct vd_fake *fake);

#endif
