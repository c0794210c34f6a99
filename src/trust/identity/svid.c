#include "trust/identity/svid.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "base/time.h"
#include "trust/identity/verify.h"

struct vd_svid {
	uint32_t magic;
#define VD_SVID_MAGIC 0x73766964u
	atomic_uint refs;
	struct vd_peer self;
	struct vd_str trust_domain; /* within self.spiffe_id */
	struct stack_st_X509 *chain;
	EVP_PKEY *key;
	struct vd_bundle *bundle;
};

static enum vd_status
check(struct vd_svid *svid, int64_t now_ms, struct vd_err *err)
{
	struct vd_spiffe_id id;
	char time[VD_TIME_TEXT_MAX];
	X509 *leaf = vd_svid_leaf(svid);
	enum vd_status st = vd_verify_form(leaf, &svid->self, NULL, err);
	if (st != VD_OK)
		return vd_fail_in(err, VD_EINPUT, "the certificate is no X509-SVID");
	st = vd_spiffe_id_parse(vd_str_from(svid->self.spiffe_id), &id, err);
	if (st != VD_OK)
		return st;
	svid->trust_domain = id.trust_domain;
	if (X509_check_private_key(leaf, svid->key) != 1)
		return vd_crypto_fail(err, VD_EINPUT, "the key is not that of %s", svid->self.spiffe_id);
	if (svid->self.expires_ms <= now_ms) {
		(void)vd_time_format(svid->self.expires_ms, time);
		return vd_fail(err, VD_EINPUT, "%s ended at %s", svid->self.spiffe_id, time);
	}
	if (!vd_str_eq(id.trust_domain, vd_bundle_trust_domain(svid->bundle)))
		return vd_fail(
			err, VD_EINPUT, "%s and a bundle of another trust domain", svid->self.spiffe_id);
	return VD_OK;
}

enum vd_status
vd_svid_new(struct stack_st_X509 *chain, EVP_PKEY *key, struct vd_bundle *bundle, int64_t now_ms,
	struct vd_svid **ret, struct vd_err *err)
{
	if (sk_X509_num(chain) < 1 || sk_X509_num(chain) > (int)VD_CHAIN_MAX)
		return vd_fail(err, VD_EINPUT, "a chain of %d certificates: 1 to %u", sk_X509_num(chain),
			VD_CHAIN_MAX);
	VD_AUTO(vd_svid) svid = vd_obj_new(struct vd_svid, VD_SVID_MAGIC);
	if (svid == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for an identity");
	svid->refs = 1;
	svid->bundle = vd_bundle_ref(bundle);
	svid->chain = vd_chain_dup(chain);
	if (svid->chain == NULL || EVP_PKEY_up_ref(key) != 1)
		return vd_crypto_fail(err, VD_EIO, "an identity");
	svid->key = key;
	enum vd_status st = check(svid, now_ms, err);
	if (st == VD_OK)
		*ret = vd_svid_take(&svid);
	return st;
}

struct vd_svid *
vd_svid_ref(struct vd_svid *svid)
{
	if (svid == NULL)
		return NULL;
	vd_obj_check(svid, VD_SVID_MAGIC);
	atomic_fetch_add_explicit(&svid->refs, 1, memory_order_relaxed);
	return svid;
}

void
vd_svid_unref(struct vd_svid *svid)
{
	if (svid == NULL)
		return;
	vd_obj_check(svid, VD_SVID_MAGIC);
	if (atomic_fetch_sub_explicit(&svid->refs, 1, memory_order_acq_rel) > 1)
		return;
	vd_chain_free(svid->chain);
	EVP_PKEY_free(svid->key);
	vd_bundle_unref(svid->bundle);
	vd_obj_free(svid);
}

const struct vd_peer *
vd_svid_self(const struct vd_svid *svid)
{
	return &svid->self;
}

struct vd_str
vd_svid_trust_domain(const struct vd_svid *svid)
{
	return svid->trust_domain;
}

X509 *
vd_svid_leaf(const struct vd_svid *svid)
{
	return sk_X509_value(svid->chain, 0);
}

struct stack_st_X509 *
vd_svid_chain(const struct vd_svid *svid)
{
	return svid->chain;
}

EVP_PKEY *
vd_svid_key(const struct vd_svid *svid)
{
	return svid->key;
}

struct vd_bundle *
vd_svid_bundle(const struct vd_svid *svid)
{
	return svid->bundle;
}

/* The trust domain that the leaf names: it says which bundle the text must be. */
static enum vd_status
trust_domain_of(X509 *leaf, struct vd_peer *self, struct vd_str *ret, struct vd_err *err)
{
	struct vd_spiffe_id id;
	enum vd_status st = vd_verify_form(leaf, self, NULL, err);
	if (st != VD_OK)
		return vd_fail_in(err, VD_EINPUT, "the certificate is no X509-SVID");
	st = vd_spiffe_id_parse(vd_str_from(self->spiffe_id), &id, err);
	if (st == VD_OK)
		*ret = id.trust_domain;
	return st;
}

enum vd_status
vd_svid_read(const struct vd_svid_texts *texts, int64_t now_ms, struct vd_svid **ret, struct vd_err *err)
{
	VD_AUTO(stack_st_X509) chain = NULL;
	VD_AUTO(evp_pkey_st) key = NULL;
	VD_AUTO(vd_bundle) bundle = NULL;
	struct vd_peer self;
	struct vd_str trust_domain;
	enum vd_status st = vd_certs_read(texts->svid, VD_CHAIN_MAX, &chain, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "the certificate");
	st = trust_domain_of(sk_X509_value(chain, 0), &self, &trust_domain, err);
	if (st != VD_OK)
		return st;
	st = vd_key_read(texts->key, texts->passphrase, &key, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "the key");
	st = vd_bundle_read(trust_domain, texts->bundle, 0, &bundle, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "the bundle");
	return vd_svid_new(chain, key, bundle, now_ms, ret, err);
}
