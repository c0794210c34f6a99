#include "trust/identity/bundle.h"

#include <openssl/pem.h>

#include "trust/identity/identity_fixture.h"
#include "vd_test.h"

static struct vd_bundle *
bundle_of(const struct vd_authority *authority)
{
	struct vd_bundle *bundle = vd_authority_bundle(authority);
	assert_non_null(bundle);
	return bundle;
}

VD_TEST(a_bundle_reads_back_from_its_pem)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", FIXTURE_NOW_MS);
	VD_AUTO(vd_bundle) bundle = bundle_of(authority);
	VD_AUTO(vd_bundle) back = NULL;
	VD_AUTO(vd_bundle) elsewhere = NULL;
	VD_AUTO_FINI(vd_buf) pem;
	uint8_t fingerprint[VD_FINGERPRINT_LEN];
	vd_buf_init(&pem, 0);
	vd_bundle_pem(bundle, &pem);
	assert_int_equal(vd_bundle_read(VD_S("vedette.local"), vd_buf_view(&pem), 7, &back, NULL), VD_OK);
	assert_true(vd_bundle_eq(bundle, back));
	assert_int_equal(vd_bundle_sequence(back), 7);
	assert_int_equal(vd_bundle_count(back), 1);
	assert_true(vd_cert_fingerprint(vd_bundle_peek(back, 0), fingerprint));
	assert_true(vd_bundle_has(bundle, fingerprint));
	fingerprint[0] ^= 1;
	assert_false(vd_bundle_has(bundle, fingerprint));
	assert_int_equal(vd_bundle_read(VD_S("other.local"), vd_buf_view(&pem), 7, &elsewhere, NULL), VD_OK);
	assert_false(vd_bundle_eq(bundle, elsewhere));
}

VD_TEST(what_is_no_bundle_is_refused)
{
	struct vd_bundle *bundle = NULL;
	struct vd_err err = VD_ERR_INIT;
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", FIXTURE_NOW_MS);
	VD_AUTO(vd_bundle) good = bundle_of(authority);
	VD_AUTO_FINI(vd_buf) pem;
	vd_buf_init(&pem, 0);
	vd_bundle_pem(good, &pem);
	size_t len = pem.len;
	assert_int_equal(vd_bundle_read(VD_S("A"), vd_buf_view(&pem), 0, &bundle, &err), VD_EINPUT);
	assert_int_equal(vd_bundle_read(VD_S("a"), VD_S(""), 0, &bundle, &err), VD_EINPUT);
	assert_int_equal(vd_bundle_read(VD_S("a"), VD_S("certificate"), 0, &bundle, &err), VD_EINPUT);
	assert_string_equal(err.text, "no certificate in PEM form");
	/* cut anywhere behind the first line, with a whole one before it or not */
	vd_bundle_pem(good, &pem);
	for (size_t n = 28; n < len - 1; n++) {
		struct vd_str cut = {pem.at, n}, second = {pem.at, len + n};
		assert_int_equal(vd_bundle_read(VD_S("a"), cut, 0, &bundle, &err), VD_EINPUT);
		assert_int_equal(vd_bundle_read(VD_S("a"), second, 0, &bundle, &err), VD_EINPUT);
		assert_non_null(strstr(err.text, "certificate 2 cannot be read"));
	}
	vd_buf_reset(&pem);
	for (unsigned i = 0; i <= VD_ROOTS_MAX; i++)
		vd_bundle_pem(good, &pem);
	assert_int_equal(vd_bundle_read(VD_S("a"), vd_buf_view(&pem), 0, &bundle, &err), VD_ELIMIT);
	assert_null(bundle);
}

/* The bytes between two quotes behind a name. */
static struct vd_str
value_of(const char *json, const char *name)
{
	const char *at = strstr(json, name);
	assert_non_null(at);
	at = strchr(at + strlen(name), '"') + 1;
	return (struct vd_str){at, (size_t)(strchr(at, '"') - at)};
}

VD_TEST(the_spiffe_form_holds_the_certificate_and_its_key)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", FIXTURE_NOW_MS);
	VD_AUTO(vd_bundle) bundle = bundle_of(authority);
	VD_AUTO_FINI(vd_buf) json;
	unsigned char der[4096], *wanted = NULL;
	vd_buf_init(&json, 0);
	vd_bundle_jwks(bundle, 300, &json);
	struct vd_str x5c = value_of(json.at, "\"x5c\":[");
	int n = EVP_DecodeBlock(der, (const unsigned char *)x5c.at, (int)x5c.len);
	int len = i2d_X509(vd_bundle_peek(bundle, 0), &wanted);
	assert_true(len > 0 && n >= len && n < len + 3);
	assert_memory_equal(der, wanted, (size_t)len);
	OPENSSL_free(wanted);
	assert_int_equal(value_of(json.at, "\"x\":").len, 43); /* 32 bytes */
	assert_int_equal(value_of(json.at, "\"y\":").len, 43);
	assert_non_null(
		strstr(json.at, "{\"keys\":[{\"use\":\"x509-svid\",\"kty\":\"EC\",\"crv\":\"P-256\","));
	assert_non_null(strstr(json.at, "],\"spiffe_sequence\":1,\"spiffe_refresh_hint\":300}\n"));
}

VD_TEST(survives_every_out_of_memory)
{
	VD_AUTO(vd_authority) authority = fixture_authority("vedette.local", FIXTURE_NOW_MS);
	VD_AUTO(vd_bundle) good = bundle_of(authority);
	VD_AUTO_FINI(vd_buf) pem;
	vd_buf_init(&pem, 0);
	vd_bundle_pem(good, &pem);
	VD_TORTURE
	{
		VD_AUTO(vd_bundle) bundle = NULL;
		enum vd_status st =
			vd_bundle_read(VD_S("vedette.local"), vd_buf_view(&pem), 0, &bundle, NULL);
		assert_true(st == VD_OK || st == VD_ENOMEM);
	}
}
