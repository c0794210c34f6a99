#include "trust/identity/bundle.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>

#include "base/mem.h"

#define COORDINATE_MAX 66u /* bytes: P-521 */

struct fingerprint {
	uint8_t at[VD_FINGERPRINT_LEN];
};

struct vd_bundle {
	uint32_t magic;
#define VD_BUNDLE_MAGIC 0x62756e64u
	atomic_uint refs;
	char trust_domain[VD_TRUST_DOMAIN_MAX + 1];
	uint64_t sequence;
	struct stack_st_X509 *roots;
	X509_STORE *store;
	size_t n;
	struct fingerprint *sorted; /* n of them */
};

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, VD_FINGERPRINT_LEN);
}

/* An anchor that could not sign would be trusted as a leaf. */
static enum vd_status
check_root(X509 *root, size_t i, struct vd_err *err)
{
	if (X509_check_ca(root) != 1 || (X509_get_key_usage(root) & KU_KEY_CERT_SIGN) == 0)
		return vd_fail(err, VD_EINPUT, "certificate %zu is not one that may sign others", i + 1);
	return VD_OK;
}

static enum vd_status
take_roots(struct vd_bundle *bundle, struct stack_st_X509 *roots, struct vd_err *err)
{
	bundle->n = (size_t)sk_X509_num(roots);
	bundle->sorted = vd_mem_zalloc(bundle->n, sizeof *bundle->sorted);
	if (bundle->sorted == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a bundle");
	bundle->roots = vd_chain_dup(roots);
	bundle->store = X509_STORE_new();
	if (bundle->roots == NULL || bundle->store == NULL)
		return vd_crypto_fail(err, VD_EIO, "a bundle");
	for (size_t i = 0; i < bundle->n; i++) {
		X509 *root = sk_X509_value(roots, (int)i);
		enum vd_status st = check_root(root, i, err);
		if (st != VD_OK)
			return st;
		if (!vd_cert_fingerprint(root, bundle->sorted[i].at) ||
			X509_STORE_add_cert(bundle->store, root) != 1)
			return vd_crypto_fail(err, VD_EIO, "certificate %zu of a bundle", i + 1);
	}
	qsort(bundle->sorted, bundle->n, sizeof *bundle->sorted, compare);
	return VD_OK;
}

enum vd_status
vd_bundle_new(struct vd_str trust_domain, struct stack_st_X509 *roots, uint64_t sequence,
	struct vd_bundle **ret, struct vd_err *err)
{
	enum vd_status st = vd_trust_domain_check(trust_domain, err);
	if (st != VD_OK)
		return st;
	if (sk_X509_num(roots) < 1 || sk_X509_num(roots) > (int)VD_ROOTS_MAX)
		return vd_fail(err, VD_ELIMIT, "%d certificates: a bundle has 1 to %u", sk_X509_num(roots),
			VD_ROOTS_MAX);
	VD_AUTO(vd_bundle) bundle = vd_obj_new(struct vd_bundle, VD_BUNDLE_MAGIC);
	if (bundle == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a bundle");
	bundle->refs = 1;
	bundle->sequence = sequence;
	memcpy(bundle->trust_domain, trust_domain.at, trust_domain.len);
	st = take_roots(bundle, roots, err);
	if (st == VD_OK)
		*ret = vd_bundle_take(&bundle);
	return st;
}

enum vd_status
vd_bundle_read(struct vd_str trust_domain, struct vd_str pem, uint64_t sequence, struct vd_bundle **ret,
	struct vd_err *err)
{
	VD_AUTO(stack_st_X509) roots = NULL;
	enum vd_status st = vd_certs_read(pem, VD_ROOTS_MAX, &roots, err);
	return st == VD_OK ? vd_bundle_new(trust_domain, roots, sequence, ret, err) : st;
}

struct vd_bundle *
vd_bundle_ref(struct vd_bundle *bundle)
{
	if (bundle == NULL)
		return NULL;
	vd_obj_check(bundle, VD_BUNDLE_MAGIC);
	atomic_fetch_add_explicit(&bundle->refs, 1, memory_order_relaxed);
	return bundle;
}

void
vd_bundle_unref(struct vd_bundle *bundle)
{
	if (bundle == NULL)
		return;
	vd_obj_check(bundle, VD_BUNDLE_MAGIC);
	if (atomic_fetch_sub_explicit(&bundle->refs, 1, memory_order_acq_rel) > 1)
		return;
	vd_chain_free(bundle->roots);
	X509_STORE_free(bundle->store);
	vd_mem_free(bundle->sorted);
	vd_obj_free(bundle);
}

struct vd_str
vd_bundle_trust_domain(const struct vd_bundle *bundle)
{
	return vd_str_from(bundle->trust_domain);
}

uint64_t
vd_bundle_sequence(const struct vd_bundle *bundle)
{
	return bundle->sequence;
}

size_t
vd_bundle_count(const struct vd_bundle *bundle)
{
	return bundle->n;
}

X509 *
vd_bundle_peek(const struct vd_bundle *bundle, size_t i)
{
	return sk_X509_value(bundle->roots, (int)i);
}

X509_STORE *
vd_bundle_store(const struct vd_bundle *bundle)
{
	return bundle->store;
}

bool
vd_bundle_has(const struct vd_bundle *bundle, const uint8_t fingerprint[VD_FINGERPRINT_LEN])
{
	return bsearch(fingerprint, bundle->sorted, bundle->n, sizeof *bundle->sorted, compare) != NULL;
}

bool
vd_bundle_eq(const struct vd_bundle *a, const struct vd_bundle *b)
{
	return strcmp(a->trust_domain, b->trust_domain) == 0 && a->n == b->n &&
	       memcmp(a->sorted, b->sorted, a->n * sizeof *a->sorted) == 0;
}

void
vd_bundle_pem(const struct vd_bundle *bundle, struct vd_buf *to)
{
	for (size_t i = 0; i < bundle->n; i++)
		if (!vd_cert_write(vd_bundle_peek(bundle, i), to))
			to->failed = true;
}

/* ---- JWK set ---- */

static void
add_base64(struct vd_buf *to, const unsigned char *bytes, size_t n, bool url)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
			  for_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *letters = url ? for_url : plain;
	for (size_t i = 0; i < n; i += 3) {
		size_t left = VD_MIN(n - i, 3u);
		unsigned v = (unsigned)bytes[i] << 16 | (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
			     (left > 2 ? bytes[i + 2] : 0u);
		for (size_t k = 0; k <= left; k++)
			vd_buf_char(to, letters[v >> (18 - 6 * k) & 63]);
		for (size_t k = left; k < 3 && !url; k++)
			vd_buf_char(to, '=');
	}
}

/* RFC 7518, 6.2.1: as many bytes as the curve's field has. */
static bool
coordinate(const EVP_PKEY *key, const char *which, size_t n, unsigned char to[COORDINATE_MAX])
{
	BIGNUM *value = NULL;
	bool ok = EVP_PKEY_get_bn_param(key, which, &value) == 1 && BN_bn2binpad(value, to, (int)n) == (int)n;
	BN_free(value);
	return ok;
}

static void
add_certificate(struct vd_buf *to, const X509 *cert)
{
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der);
	if (n < 0) {
		to->failed = true;
		return;
	}
	vd_buf_text(to, "\"x5c\":[\"");
	add_base64(to, der, (size_t)n, false);
	vd_buf_text(to, "\"]}");
	OPENSSL_free(der);
}

/* False: a key of another kind. */
static bool
add_jwk(struct vd_buf *to, const X509 *cert, bool first)
{
	static const struct {
		const char *group, *curve;
		size_t bytes;
	} curves[] = {{"prime256v1", "P-256", 32}, {"secp384r1", "P-384", 48}, {"secp521r1", "P-521", 66}};
	const EVP_PKEY *key = X509_get0_pubkey(cert);
	unsigned char x[COORDINATE_MAX], y[COORDINATE_MAX];
	char group[32];
	size_t c = 0;
	if (key == NULL || EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1)
		return false;
	while (c < VD_ARRAY_LEN(curves) && strcmp(curves[c].group, group) != 0)
		c++;
	if (c == VD_ARRAY_LEN(curves) || !coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, curves[c].bytes, x) ||
		!coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, curves[c].bytes, y))
		return false;
	vd_buf_printf(to, "%s{\"use\":\"x509-svid\",\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"", first ? "" : ",",
		curves[c].curve);
	add_base64(to, x, curves[c].bytes, true);
	vd_buf_text(to, "\",\"y\":\"");
	add_base64(to, y, curves[c].bytes, true);
	vd_buf_text(to, "\",");
	add_certificate(to, cert);
	return true;
}

void
vd_bundle_jwks(const struct vd_bundle *bundle, unsigned hint, struct vd_buf *to)
{
	bool first = true;
	vd_buf_text(to, "{\"keys\":[");
	for (size_t i = 0; i < bundle->n; i++)
		if (add_jwk(to, vd_bundle_peek(bundle, i), first))
			first = false;
	vd_buf_printf(to, "],\"spiffe_sequence\":%llu,\"spiffe_refresh_hint\":%u}\n",
		(unsigned long long)bundle->sequence, hint);
}
