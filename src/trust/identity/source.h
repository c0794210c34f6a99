/*
 * Where a process has its identity from: a current SVID, the bundles it trusts and what is revoked, any of which another
 * thread may swap at any time; to the network layer it is a struct vd_identity (net/peer.h).
 *
 * What is current is one immutable snapshot.  TLS contexts belong to it, one a side and demand: a new SVID, bundle or
 * revocation makes new contexts, with new keys for session tickets, so that a session of before cannot be resumed.
 * Connections keep the context that they began with.
 *
 * Contexts: TLS 1.3 alone; TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256; X25519 and P-256;
 * no early data; tickets for ten minutes.  A handshake verifies the peer's chain and allow-list (verify.h); a session
 * that is resumed is judged again before it is.  Only a certificate that such a handshake verified passes judge().  A
 * client keeps its sessions itself and offers one only with the context that it came from.
 *
 * The epoch changes with the bundles and revocations, not with the own SVID alone.
 *
 * Memory: a source owns its snapshot; what is set is counted.  A context holds all that its handshakes need and may
 * outlive the source.  Thread: any, but for vd_source_free.
 */
#ifndef VD_TRUST_IDENTITY_SOURCE_H
#define VD_TRUST_IDENTITY_SOURCE_H

#include "net/peer.h"
#include "trust/identity/svid.h"
#include "trust/identity/verify.h"

#define VD_SOURCE_BUNDLES_MAX 16u /* trust domains, the own one included */
#define VD_TICKET_LIFE_S 600
#define VD_ALLOW_MAX 1024u /* ids of a demand */

struct vd_source;

struct vd_source_options {
	int64_t (*wall_ms)(void *owner); /* Unix milliseconds, from any thread; NULL: the system's clock */
	void *owner;                     /* lives as long as any context that the source made */
	int64_t skew_ms;                 /* allowance for clocks that differ; 0: VD_SKEW_MS */
};

/* Without an SVID: contexts are VD_EAGAIN until one is set.  options may be NULL. */
enum vd_status vd_source_new(
	const struct vd_source_options *options, struct vd_source **ret, struct vd_err *err) VD_MUST_USE;
void vd_source_free(struct vd_source *source);

/* Borrowed while the source lives. */
const struct vd_identity *vd_source_identity(const struct vd_source *source);
/* A reference; NULL: none yet. */
struct vd_svid *vd_source_svid(struct vd_source *source) VD_MUST_USE;

/* Each takes references and leaves the rest as it is. */
enum vd_status vd_source_set_svid(
	struct vd_source *source, struct vd_svid *svid, struct vd_err *err) VD_MUST_USE;
/* revoked NULL: nothing is. */
enum vd_status vd_source_set_revoked(
	struct vd_source *source, struct vd_revoked *revoked, struct vd_err *err) VD_MUST_USE;
/* Of other trust domains; the own one's comes with the SVID and is left out here. */
enum vd_status vd_source_set_bundles(
	struct vd_source *source, struct vd_bundle *const *bundles, size_t n, struct vd_err *err) VD_MUST_USE;

/* ---- from files ---- */

struct vd_source_paths {
	struct vd_svid_paths svid;
	const char *revoked; /* NULL: there is no such list */
};

/* Copies the paths; reads nothing yet. */
enum vd_status vd_source_set_paths(
	struct vd_source *source, const struct vd_source_paths *paths, struct vd_err *err) VD_MUST_USE;
/*
 * Reads again what is another file than at the last time that it could be read (device, inode, time, size).  What cannot
 * be used leaves the old in force, and the words say why; ask again later.
 */
enum vd_status vd_source_reload(struct vd_source *source, bool *ret_changed, struct vd_err *err) VD_MUST_USE;

VD_AUTO_DEFINE(vd_source, vd_source_free)

#endif
