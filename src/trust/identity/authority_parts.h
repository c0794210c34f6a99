/*
 * The certificates and keys of an authority in memory, and the steps of their rotation.  No files here.
 *
 * struct vd_parts owns references; a change is made on a copy, so that a step that fails leaves the parts as they were.
 * Thread: one owner.
 */
#ifndef VD_TRUST_IDENTITY_AUTHORITY_PARTS_H
#define VD_TRUST_IDENTITY_AUTHORITY_PARTS_H

#include "trust/identity/authority.h"
#include "trust/identity/authority_state.h"
#include "trust/identity/bundle.h"

struct vd_parts {
	struct vd_authority_state state;
	X509 *roots[VD_AUTHORITY_ROOTS_MAX];         /* as in state */
	EVP_PKEY *root_keys[VD_AUTHORITY_ROOTS_MAX]; /* NULL: not at hand */
	X509 *intermediate;
	EVP_PKEY *intermediate_key;
	struct vd_bundle *bundle; /* of all roots */
};

/* A first root and a first intermediate. */
enum vd_status vd_parts_make(struct vd_parts *ret, const struct vd_authority_options *options, int64_t now_ms,
	struct vd_err *err) VD_MUST_USE;
void vd_parts_copy(struct vd_parts *to, const struct vd_parts *from);
void vd_parts_fini(struct vd_parts *parts);

/* The index of the root in a role; n_roots: none has it. */
size_t vd_parts_root(const struct vd_parts *parts, enum vd_root_role role);

/* VD_ROTATE_…: what the calendar asks for. */
unsigned vd_parts_due(const struct vd_parts *parts, int64_t now_ms);
/* The keys that the steps need are at hand.  After a failure parts is only good for vd_parts_fini. */
enum vd_status vd_parts_rotate(
	struct vd_parts *parts, unsigned steps, int64_t now_ms, struct vd_err *err) VD_MUST_USE;

/* Makes parts->bundle anew from the roots. */
enum vd_status vd_parts_bundle(struct vd_parts *parts, struct vd_err *err) VD_MUST_USE;

#endif
