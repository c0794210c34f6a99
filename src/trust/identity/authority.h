/*
 * A certificate authority of one trust domain: a root that signs intermediates, an intermediate that signs the
 * X509-SVIDs of services.
 *
 *   root          CN=Vedette root <8 digits>,O=vedette           spiffe://<trust domain>, path length 1
 *   intermediate  CN=Vedette intermediate <8 digits>,O=vedette   spiffe://<trust domain>, path length 0
 *   leaf          CN=<service>,O=vedette                         spiffe://<trust domain>/ns/<instance>/sa/<service>
 *
 * No service can have an authority's name, since names of services hold no blank: a leaf whose subject were its
 * issuer's would look self-issued and never verify.
 *
 * Rotation keeps what was issued valid.  A new root is first only added to the bundle (the "next" root), and signs once
 * everybody has had the time to learn of it (VD_BUNDLE_SPREAD_MS); the old one stays in the bundle until everything
 * that it signed has ended.  The bundle's sequence number grows with every change of it.
 *
 * An authority lives in memory only (vd_authority_new) or in a folder (create, open), where the file "authority" is the
 * commit point (authority_state.h).  Keys there are 0600, in a folder 0700, sealed if a passphrase is given; roots' keys
 * are read only while they sign, so they may be kept elsewhere in between.  Two processes may use one folder: a change
 * holds a lock, and vd_authority_refresh sees the other's.
 *
 * Memory: an authority owns its parts; what it gives is a reference of the caller's.  Thread: one owner.
 */
#ifndef VD_TRUST_IDENTITY_AUTHORITY_H
#define VD_TRUST_IDENTITY_AUTHORITY_H

#include "trust/identity/bundle.h"
#include "trust/identity/svid.h"

#define VD_HOUR_MS 3600000
#define VD_DAY_MS 86400000
#define VD_SVID_LIFE_MS VD_HOUR_MS
#define VD_INTERMEDIATE_LIFE_MS (90 * (int64_t)VD_DAY_MS)
#define VD_ROOT_LIFE_MS (1825 * (int64_t)VD_DAY_MS)
#define VD_BUNDLE_SPREAD_MS                                                                                  \
	VD_DAY_MS               /* longer than any ordinary SVID lives, and with it the bundle at its side */
#define VD_BACKDATE_MS 60000    /* certificates begin so much before they are made: clocks may be behind */
#define VD_PASSPHRASE_MAX 1024u /* bytes */

struct vd_authority;

struct vd_authority_options {
	const char *trust_domain;
	int64_t root_life_ms;         /* at least four times the intermediate's; 0: VD_ROOT_LIFE_MS */
	int64_t intermediate_life_ms; /* 0: VD_INTERMEDIATE_LIFE_MS */
	bool unconstrained; /* leave out the name constraints, for peers whose libraries know none on URIs */
};

enum vd_status vd_authority_new(const struct vd_authority_options *options, int64_t now_ms,
	struct vd_authority **ret, struct vd_err *err) VD_MUST_USE;
/* passphrase: empty, keys lie open in their files.  VD_EEXIST: there is one. */
enum vd_status vd_authority_create(const char *path, const struct vd_authority_options *options,
	struct vd_str passphrase, int64_t now_ms, struct vd_authority **ret, struct vd_err *err) VD_MUST_USE;
/*
 * VD_ENOTFOUND: there is none.  VD_EDENIED: others could have read it, or the passphrase is wrong or missing.
 * VD_EINPUT: damaged, cut, or files of another.  VD_EVERSION.
 */
enum vd_status vd_authority_open(const char *path, struct vd_str passphrase, struct vd_authority **ret,
	struct vd_err *err) VD_MUST_USE;
/* To look at: without its keys, so without a passphrase.  It neither issues nor rotates (VD_EDENIED). */
enum vd_status vd_authority_open_public(
	const char *path, struct vd_authority **ret, struct vd_err *err) VD_MUST_USE;
void vd_authority_free(struct vd_authority *authority);

struct vd_str vd_authority_trust_domain(const struct vd_authority *authority);
/* A reference. */
struct vd_bundle *vd_authority_bundle(const struct vd_authority *authority) VD_MUST_USE;

/* ---- issuing ---- */

struct vd_svid_request {
	struct vd_str instance;
	struct vd_str service;
	const char *const *dns; /* names and addresses to be reached at */
	const char *const *addresses;
	size_t n_dns, n_addresses;
	int64_t life_ms; /* 0: VD_SVID_LIFE_MS; the intermediate's end comes first */
	int64_t earliest_ms; /* it begins no earlier, to be newer than a revocation (revoked.h); 0: no such bound */
};

/* key: the public key of the service.  ret: the leaf and the intermediate, the caller's (vd_chain_free). */
enum vd_status vd_authority_issue(const struct vd_authority *authority, EVP_PKEY *key,
	const struct vd_svid_request *request, int64_t now_ms, struct stack_st_X509 **ret,
	struct vd_err *err) VD_MUST_USE;
/* With a new key. */
enum vd_status vd_authority_issue_svid(const struct vd_authority *authority,
	const struct vd_svid_request *request, int64_t now_ms, struct vd_svid **ret,
	struct vd_err *err) VD_MUST_USE;

/* ---- rotation ---- */

#define VD_ROTATE_NEXT_ROOT 1u    /* add a root to the bundle that will sign */
#define VD_ROTATE_USE_ROOT 2u     /* sign with it: a new intermediate comes with it */
#define VD_ROTATE_INTERMEDIATE 4u /* a new intermediate */
#define VD_ROTATE_PRUNE 8u        /* take old roots out of the bundle when all they signed has ended */
/* Does not wait: use a root that not everybody may know, drop one whose certificates are in use (a stolen key). */
#define VD_ROTATE_NOW 16u

/* The steps that are due: a next root well before the old one ends, an intermediate at half its life. */
unsigned vd_authority_due(const struct vd_authority *authority, int64_t now_ms);
/* All steps or none.  VD_EAGAIN: another process is changing it, or a root is not yet known to all. */
enum vd_status vd_authority_rotate(
	struct vd_authority *authority, unsigned steps, int64_t now_ms, struct vd_err *err) VD_MUST_USE;
/* Takes what another process changed in the folder. */
enum vd_status vd_authority_refresh(
	struct vd_authority *authority, bool *ret_changed, struct vd_err *err) VD_MUST_USE;

/* ---- showing ---- */

struct vd_authority_part {
	const char *kind; /* "root", "intermediate" */
	const char *role; /* "signing", "next", "old" */
	X509 *cert;       /* borrowed until the authority changes */
};
/* Roots, then the intermediate.  False: no i-th part. */
bool vd_authority_peek(const struct vd_authority *authority, size_t i, struct vd_authority_part *ret);

VD_AUTO_DEFINE(vd_authority, vd_authority_free)

#endif
