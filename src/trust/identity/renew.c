#include "trust/identity/renew.h"

#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS 60000

int64_t
vd_renew_at(int64_t begins_ms, int64_t ends_ms, uint64_t draw)
{
	int64_t life_ms = ends_ms - begins_ms;
	int64_t half_ms = life_ms / 2, spread_ms = life_ms / 10;
	return begins_ms + half_ms - (int64_t)(draw % ((uint64_t)spread_ms + 1));
}

int64_t
vd_renew_retry_ms(unsigned failures, uint64_t draw)
{
	int64_t wait_ms = RETRY_FIRST_MS;
	for (unsigned i = 1; i < failures && wait_ms < RETRY_MAX_MS; i++)
		wait_ms *= 2;
	wait_ms = VD_MIN(wait_ms, RETRY_MAX_MS);
	return wait_ms - wait_ms / 4 + (int64_t)(draw % ((uint64_t)wait_ms / 2 + 1));
}

/* A serial number is random: drawn from it, the time of renewal stays the same however often it is asked. */
static uint64_t
draw_of(const struct vd_peer *self)
{
	uint64_t draw = 0;
	for (const char *c = self->serial; *c != '\0'; c++)
		draw = draw * 31 + (unsigned char)*c;
	return draw;
}

static int64_t
renewal_of(const struct vd_svid *svid)
{
	const struct vd_peer *self = vd_svid_self(svid);
	return vd_renew_at(self->issued_ms, self->expires_ms, draw_of(self));
}

/* The same certificate beside another bundle. */
static enum vd_status
with_bundle(const struct vd_svid *svid, struct vd_bundle *bundle, int64_t now_ms, struct vd_svid **ret,
	struct vd_err *err)
{
	return vd_svid_new(vd_svid_chain(svid), vd_svid_key(svid), bundle, now_ms, ret, err);
}

enum vd_status
vd_identity_renew(struct vd_source *source, const struct vd_authority *authority,
	const struct vd_svid_request *request, int64_t now_ms, int64_t *ret_next_ms, struct vd_err *err)
{
	VD_AUTO(vd_svid) svid = vd_source_svid(source);
	VD_AUTO(vd_svid) fresh = NULL;
	VD_AUTO(vd_bundle) bundle = vd_authority_bundle(authority);
	enum vd_status st = VD_OK;
	if (svid == NULL || now_ms >= renewal_of(svid))
		st = vd_authority_issue_svid(authority, request, now_ms, &fresh, err);
	else if (!vd_bundle_eq(vd_svid_bundle(svid), bundle))
		st = with_bundle(svid, bundle, now_ms, &fresh, err);
	if (st == VD_OK && fresh != NULL)
		st = vd_source_set_svid(source, fresh, err);
	if (st == VD_OK)
		*ret_next_ms = renewal_of(fresh != NULL ? fresh : svid);
	return st;
}
