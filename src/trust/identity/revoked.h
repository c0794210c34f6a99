/*
 * What is trusted no longer although its certificate has not ended: certificates by serial number, services by SPIFFE
 * id, and all that was issued before a moment, of a service or of everybody.
 *
 * A certificate's moment of issue is the beginning of its validity.  That may lie a little before the true one
 * (authorities allow for clocks that are behind), so one that was issued just after the moment may be refused too, never
 * the other way round; vd_authority_issue is told the moment to avoid it.
 *
 * As text, for files and people, one revocation a line, '#' begins a comment:
 *
 *   vedette revoked 1
 *   serial 04a1…
 *   id spiffe://vedette.local/ns/default/sa/collector
 *   id spiffe://vedette.local/ns/default/sa/gateway before 2026-01-05T03:59:00Z
 *   before 2026-01-05T03:59:00Z
 *   end
 *
 * Memory: immutable and counted.  Any thread.
 */
#ifndef VD_TRUST_IDENTITY_REVOKED_H
#define VD_TRUST_IDENTITY_REVOKED_H

#include "base/status.h"
#include "base/str.h"
#include "net/peer.h"

#define VD_REVOKED_MAX 65536u         /* lines */
#define VD_REVOKED_TEXT_MAX 16777216u /* bytes */

struct vd_revoked;

enum vd_revoked_why {
	VD_REVOKED_NOT,
	VD_REVOKED_SERIAL,
	VD_REVOKED_ID,
	VD_REVOKED_ID_BEFORE,
	VD_REVOKED_BEFORE,
};

enum vd_status vd_revoked_read(struct vd_str text, struct vd_revoked **ret, struct vd_err *err) VD_MUST_USE;
struct vd_revoked *vd_revoked_ref(struct vd_revoked *revoked);
void vd_revoked_unref(struct vd_revoked *revoked);

size_t vd_revoked_count(const struct vd_revoked *revoked);
/* revoked NULL: nothing is.  serial as vd_cert_serial writes it. */
enum vd_revoked_why vd_revoked_find(
	const struct vd_revoked *revoked, const char *serial, struct vd_str spiffe_id, int64_t issued_ms);
/* As vd_revoked_read takes it, sorted. */
void vd_revoked_write(const struct vd_revoked *revoked, struct vd_buf *to);
bool vd_revoked_eq(const struct vd_revoked *a, const struct vd_revoked *b); /* either may be NULL */

VD_AUTO_DEFINE(vd_revoked, vd_revoked_unref)

#endif
