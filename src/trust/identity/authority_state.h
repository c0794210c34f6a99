/*
 * What an authority's folder says of itself, in the file "authority".  The file is the commit point of every change: it
 * names the others by the serial numbers of their certificates, and those never change once they are written.
 *
 *   vedette authority 1
 *   trust-domain vedette.local
 *   revision 4
 *   sequence 2
 *   sealed no
 *   constrained yes
 *   root-life 157680000
 *   intermediate-life 7776000
 *   root old 04a1… added 2026-01-05T03:59:00.000Z until 2026-04-05T03:59:00.000Z
 *   root signing 7fe2… added … until …
 *   root next 33ab… added … until -
 *   intermediate 91c0…
 *   drop intermediate-5d02….key
 *   end
 *
 * Pure; memory is the caller's.
 */
#ifndef VD_TRUST_IDENTITY_AUTHORITY_STATE_H
#define VD_TRUST_IDENTITY_AUTHORITY_STATE_H

#include "trust/identity/spiffe_id.h"

#define VD_AUTHORITY_ROOTS_MAX 8u
#define VD_AUTHORITY_DROPS_MAX 20u /* a root's certificate and key each, and an intermediate's */
#define VD_AUTHORITY_FILE_MAX 80u  /* "intermediate-<serial>.key" */
#define VD_AUTHORITY_STATE_MAX 8192u

enum vd_root_role {
	VD_ROOT_OLD,     /* signs nothing more; what it signed may still be in use */
	VD_ROOT_SIGNING, /* exactly one */
	VD_ROOT_NEXT,    /* at most one: in the bundle, so that all know it before it signs */
};

struct vd_root_state {
	enum vd_root_role role;
	char serial[VD_SERIAL_MAX];
	int64_t added_ms;
	int64_t until_ms; /* the latest end of what it signed; INT64_MIN: it signed nothing yet */
};

struct vd_authority_state {
	char trust_domain[VD_TRUST_DOMAIN_MAX + 1];
	uint64_t revision; /* of this file */
	uint64_t sequence; /* of the bundle */
	bool sealed;       /* the keys */
	bool constrained;  /* to the trust domain, by name constraints */
	int64_t root_life_ms, intermediate_life_ms;
	struct vd_root_state roots[VD_AUTHORITY_ROOTS_MAX];
	size_t n_roots;
	char intermediate[VD_SERIAL_MAX];
	char drops[VD_AUTHORITY_DROPS_MAX][VD_AUTHORITY_FILE_MAX]; /* files that this change left behind */
	size_t n_drops;
};

const char *vd_root_role_name(enum vd_root_role role);

/* VD_EVERSION: of another version.  err has the line. */
enum vd_status vd_authority_state_read(
	struct vd_str text, struct vd_authority_state *ret, struct vd_err *err) VD_MUST_USE;
void vd_authority_state_write(const struct vd_authority_state *state, struct vd_buf *to);

/* "root-<serial>.pem" and its like; kind: "root", "intermediate". */
void vd_authority_file_name(
	const char *kind, const char *serial, const char *ending, char ret[VD_AUTHORITY_FILE_MAX]);

#endif
