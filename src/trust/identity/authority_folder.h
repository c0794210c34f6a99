/*
 * An authority's folder: reading it, writing a change, the lock.  Thread: one owner.
 */
#ifndef VD_TRUST_IDENTITY_AUTHORITY_FOLDER_H
#define VD_TRUST_IDENTITY_AUTHORITY_FOLDER_H

#include "trust/identity/authority_parts.h"

#define VD_AUTHORITY_FILE "authority"

/* An opened folder (vd_folder_open) and how its keys are sealed; both borrowed. */
struct vd_authority_folder {
	const char *path; /* for words */
	int fd;
	struct vd_str passphrase; /* empty: they are not */
	bool public;              /* leave the keys alone */
};

/* VD_EAGAIN: another process holds it.  Held by the descriptor until vd_authority_unlock. */
enum vd_status vd_authority_lock(const struct vd_authority_folder *folder, struct vd_err *err) VD_MUST_USE;
void vd_authority_unlock(const struct vd_authority_folder *folder);

/* Only the file "authority". */
enum vd_status vd_authority_load_state(const struct vd_authority_folder *folder,
	struct vd_authority_state *ret, struct vd_err *err) VD_MUST_USE;
/* Everything but the roots' keys, which stay NULL. */
enum vd_status vd_authority_load(
	const struct vd_authority_folder *folder, struct vd_parts *ret, struct vd_err *err) VD_MUST_USE;
/* The key of the i-th root. */
enum vd_status vd_authority_load_root_key(const struct vd_authority_folder *folder, struct vd_parts *parts,
	size_t i, struct vd_err *err) VD_MUST_USE;

/* Writes what is not there yet, then "authority", then removes what the change left behind. */
enum vd_status vd_authority_save(const struct vd_authority_folder *folder, const struct vd_parts *parts,
	struct vd_err *err) VD_MUST_USE;

#endif
