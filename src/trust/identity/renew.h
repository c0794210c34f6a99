/*
 * When an SVID is renewed, and renewing it from an authority in the same process.
 */
#ifndef VD_TRUST_IDENTITY_RENEW_H
#define VD_TRUST_IDENTITY_RENEW_H

#include "trust/identity/authority.h"
#include "trust/identity/source.h"

/*
 * Between two fifths and half of its life, spread by draw: services that started together do not come together.
 * begins_ms ≤ ends_ms.  Pure.
 */
int64_t vd_renew_at(int64_t begins_ms, int64_t ends_ms, uint64_t draw);

/* How long to wait after so many failures in a row: 1 s, 2 s, 4 s … 60 s, a quarter less or more by draw.  Pure. */
int64_t vd_renew_retry_ms(unsigned failures, uint64_t draw);

/*
 * Gives the source a new SVID if it has none, or the time has come, and the authority's bundle if it has another.
 * ret_next_ms: when to call again at the latest.  Thread: the authority's owner.
 */
enum vd_status vd_identity_renew(struct vd_source *source, const struct vd_authority *authority,
	const struct vd_svid_request *request, int64_t now_ms, int64_t *ret_next_ms,
	struct vd_err *err) VD_MUST_USE;

#endif
