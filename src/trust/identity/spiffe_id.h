/*
 * SPIFFE ids, read strictly as the SPIFFE ID specification says (sections 2.1 to 2.3), and Vedette's form of them:
 *
 *   spiffe://<trust domain>/ns/<instance>/sa/<service>
 *
 * What the specification calls case-insensitive in a URI (the scheme, the trust domain) must be written in lower
 * case: two ids are equal exactly if their bytes are.
 *
 * Memory: struct vd_spiffe_id borrows the text it was read from.  Pure; any thread.
 */
#ifndef VD_TRUST_IDENTITY_SPIFFE_ID_H
#define VD_TRUST_IDENTITY_SPIFFE_ID_H

#include "base/status.h"
#include "base/str.h"
#include "net/peer.h"

#define VD_SPIFFE_URI_MAX 2048u  /* bytes of an id (specification, 2.3) */
#define VD_TRUST_DOMAIN_MAX 255u /* bytes (2.3) */
#define VD_SPIFFE_NAME_MAX                                                                                   \
	64u /* bytes of an instance or a service: it becomes a common name (X.520, ub-common-name) */

struct vd_spiffe_id {
	struct vd_str text;
	struct vd_str trust_domain;
	struct vd_str path; /* begins with '/'; empty: the id of the trust domain itself */
};

/* The words say what is wrong and where: column is the first byte that may not stand there. */
enum vd_status vd_spiffe_id_parse(
	struct vd_str text, struct vd_spiffe_id *ret, struct vd_err *err) VD_MUST_USE;

/* A trust domain's name alone. */
enum vd_status vd_trust_domain_check(struct vd_str name, struct vd_err *err) VD_MUST_USE;
/* One segment of a path that is short enough for an instance or a service; what: for the words. */
enum vd_status vd_spiffe_name_check(struct vd_str name, const char *what, struct vd_err *err) VD_MUST_USE;

/* False: an id of another form. */
bool vd_spiffe_id_service(
	const struct vd_spiffe_id *id, struct vd_str *ret_instance, struct vd_str *ret_service);

/* Writes the id of a service; VD_ELIMIT: longer than VD_SPIFFE_ID_MAX. */
enum vd_status vd_spiffe_id_format(struct vd_str trust_domain, struct vd_str instance, struct vd_str service,
	char ret[VD_SPIFFE_ID_MAX + 1], struct vd_err *err) VD_MUST_USE;

#endif
