/*
 * An identity at hand: a certificate chain, its private key, and the bundle of its trust domain.
 *
 * Memory: immutable and counted; swap the pointer to change it.  Any thread.
 */
#ifndef VD_TRUST_IDENTITY_SVID_H
#define VD_TRUST_IDENTITY_SVID_H

#include "trust/identity/bundle.h"
#include "trust/identity/files.h"

struct vd_svid;

/*
 * chain: the leaf first.  Takes references; chain and key stay the caller's.  Refused: a leaf that is no X509-SVID, has
 * ended by now_ms, does not belong to the key, or is of another trust domain than the bundle.
 */
enum vd_status vd_svid_new(struct stack_st_X509 *chain, EVP_PKEY *key, struct vd_bundle *bundle,
	int64_t now_ms, struct vd_svid **ret, struct vd_err *err) VD_MUST_USE;
struct vd_svid *vd_svid_ref(struct vd_svid *svid);
void vd_svid_unref(struct vd_svid *svid);

/* Borrowed while the svid lives. */
const struct vd_peer *vd_svid_self(const struct vd_svid *svid); /* id, serial number, times; no anchor */
struct vd_str vd_svid_trust_domain(const struct vd_svid *svid);
X509 *vd_svid_leaf(const struct vd_svid *svid);
struct stack_st_X509 *vd_svid_chain(const struct vd_svid *svid); /* the leaf first */
EVP_PKEY *vd_svid_key(const struct vd_svid *svid);
struct vd_bundle *vd_svid_bundle(const struct vd_svid *svid);

/* ---- PEM ---- */

struct vd_svid_texts {
	struct vd_str svid;       /* the chain; other blocks are passed over */
	struct vd_str key;        /* may be the same text (SPIFFE Filesystem Delivery, 2.1) */
	struct vd_str bundle;     /* of the same trust domain */
	struct vd_str passphrase; /* of a sealed key; empty: it is not */
};
enum vd_status vd_svid_read(const struct vd_svid_texts *texts, int64_t now_ms, struct vd_svid **ret,
	struct vd_err *err) VD_MUST_USE;

/* ---- files ---- */

struct vd_svid_paths {
	const char *svid;
	const char *key; /* NULL, or the same: in svid's file */
	const char *bundle;
};
struct vd_svid_stamps {
	struct vd_file_stamp svid, key, bundle;
};
bool vd_svid_stamps_eq(const struct vd_svid_stamps *a, const struct vd_svid_stamps *b);
enum vd_status vd_svid_stamps(
	const struct vd_svid_paths *paths, struct vd_svid_stamps *ret, struct vd_err *err) VD_MUST_USE;

/* VD_EDENIED: others could have read the key or written any of them. */
enum vd_status vd_svid_load(const struct vd_svid_paths *paths, int64_t now_ms, struct vd_svid **ret,
	struct vd_err *err) VD_MUST_USE;

/*
 * Puts svid.pem, key.pem and bundle.pem into the folder, which is made where missing: links through ".current", which
 * is renamed in one step to the folder of the new ones, as Kubernetes does with secrets.  A reader that looks at the
 * three by their names sees old ones or new ones; between two looks they may change, so vd_svid_load looks again.
 */
enum vd_status vd_svid_save(const struct vd_svid *svid, const char *folder, struct vd_err *err) VD_MUST_USE;

VD_AUTO_DEFINE(vd_svid, vd_svid_unref)

#endif
