#include "trust/identity/cert.h"

#include <openssl/pem.h>

#include "trust/identity/identity_fixture.h"
#include "vd_test.h"

VD_TEST(a_key_reads_back_open_and_sealed)
{
	VD_AUTO(evp_pkey_st) key = fixture_key();
	VD_AUTO_FINI(vd_buf) open;
	VD_AUTO_FINI(vd_buf) sealed;
	vd_buf_init(&open, 0);
	vd_buf_init(&sealed, 0);
	assert_int_equal(vd_key_write(key, VD_S(""), &open, NULL), VD_OK);
	assert_int_equal(vd_key_write(key, VD_S("a pass\0phrase"), &sealed, NULL), VD_OK);
	assert_int_equal(strncmp(open.at, "-----BEGIN PRIVATE KEY-----\n", 28), 0);
	assert_int_equal(strncmp(sealed.at, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", 38), 0);
	VD_AUTO(evp_pkey_st) first = NULL;
	VD_AUTO(evp_pkey_st) second = NULL;
	VD_AUTO(evp_pkey_st) wrong = NULL;
	assert_int_equal(vd_key_read(vd_buf_view(&open), VD_S(""), &first, NULL), VD_OK);
	assert_int_equal(vd_key_read(vd_buf_view(&sealed), VD_S("a pass\0phrase"), &second, NULL), VD_OK);
	assert_int_equal(EVP_PKEY_eq(key, first), 1);
	assert_int_equal(EVP_PKEY_eq(key, second), 1);
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(vd_key_read(vd_buf_view(&sealed), VD_S("a pass"), &wrong, &err), VD_EDENIED);
	assert_non_null(strstr(err.text, "wrong passphrase"));
	assert_int_equal(vd_key_read(vd_buf_view(&sealed), VD_S(""), &wrong, &err), VD_EDENIED);
	assert_non_null(strstr(err.text, "there is no passphrase"));
	assert_int_equal(vd_key_read(vd_buf_view(&open), VD_S("x"), &wrong, &err), VD_EINPUT);
	sealed.at[60] = sealed.at[60] == 'A' ? 'B' : 'A';
	assert_int_not_equal(vd_key_read(vd_buf_view(&sealed), VD_S("a pass\0phrase"), &wrong, &err), VD_OK);
	assert_int_equal(vd_key_read(VD_S("no key"), VD_S(""), &wrong, &err), VD_EINPUT);
	assert_null(wrong);
}

VD_TEST(a_key_is_sealed_with_scrypt_and_aes_256)
{
	VD_AUTO(evp_pkey_st) key = fixture_key();
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	assert_int_equal(vd_key_write(key, VD_S("passphrase"), &text, NULL), VD_OK);
	VD_AUTO(bio_st) bio = BIO_new_mem_buf(text.at, (int)text.len);
	X509_SIG *sealed = PEM_read_bio_PKCS8(bio, NULL, NULL, NULL);
	assert_non_null(sealed);
	const X509_ALGOR *how;
	const ASN1_OBJECT *kind;
	const void *parameters;
	int type;
	X509_SIG_get0(sealed, &how, NULL);
	X509_ALGOR_get0(&kind, &type, &parameters, how);
	assert_int_equal(OBJ_obj2nid(kind), NID_pbes2);
	PBE2PARAM *pbe = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), how->parameter);
	assert_non_null(pbe);
	assert_int_equal(OBJ_obj2nid(pbe->keyfunc->algorithm), NID_id_scrypt);
	assert_int_equal(OBJ_obj2nid(pbe->encryption->algorithm), NID_aes_256_cbc);
	SCRYPT_PARAMS *cost =
		ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), pbe->keyfunc->parameter);
	assert_non_null(cost);
	assert_int_equal(ASN1_INTEGER_get(cost->costParameter), 16384);
	assert_int_equal(
		ASN1_INTEGER_get(cost->blockSize) * ASN1_INTEGER_get(cost->parallelizationParameter), 40);
	assert_int_equal(ASN1_STRING_length(cost->salt), 16);
	SCRYPT_PARAMS_free(cost);
	PBE2PARAM_free(pbe);
	X509_SIG_free(sealed);
}

VD_TEST(a_serial_number_is_written_byte_by_byte)
{
	VD_AUTO(evp_pkey_st) key = fixture_key();
	struct fixture_cert what = fixture_ca();
	char serial[VD_SERIAL_MAX] = "untouched";
	what.serial = 0x80;
	VD_AUTO(x509_st) cert = fixture_mint(&what, key);
	assert_true(vd_cert_serial(cert, serial));
	assert_string_equal(serial, "80"); /* DER's zero in front is not of the number */
	what.serial = 0;
	VD_AUTO(x509_st) zero = fixture_mint(&what, key);
	assert_true(vd_cert_serial(zero, serial));
	assert_string_equal(serial, "00");
	what.serial = -5;
	VD_AUTO(x509_st) negative = fixture_mint(&what, key);
	memcpy(serial, "untouched", 10);
	assert_false(vd_cert_serial(negative, serial));
	assert_string_equal(serial, "untouched");
	unsigned char many[21] = {1};
	assert_int_equal(ASN1_STRING_set(X509_get_serialNumber(zero), many, 20), 1);
	assert_true(vd_cert_serial(zero, serial));
	assert_int_equal(strlen(serial), 40);
	assert_int_equal(ASN1_STRING_set(X509_get_serialNumber(zero), many, 21), 1);
	assert_false(vd_cert_serial(zero, serial));
}

VD_TEST(names_that_stand_there_twice_are_no_names)
{
	VD_AUTO(evp_pkey_st) key = fixture_key();
	struct fixture_cert what = fixture_leaf(NULL, NULL);
	VD_AUTO(x509_st) cert = fixture_mint(&what, key);
	char uri[VD_SPIFFE_URI_MAX + 1];
	size_t len = 0;
	assert_int_equal(vd_cert_uri(cert, uri, &len), 1);
	assert_true(vd_str_is((struct vd_str){uri, len}, FIXTURE_ID));
	int at = X509_get_ext_by_NID(cert, NID_subject_alt_name, -1);
	assert_int_equal(X509_add_ext(cert, X509_get_ext(cert, at), -1), 1);
	assert_int_equal(vd_cert_uri(cert, uri, &len), -1);
}

VD_TEST(times_are_unix_milliseconds)
{
	VD_AUTO(evp_pkey_st) key = fixture_key();
	struct fixture_cert what = fixture_ca();
	what.ends_ms = 253402300799000; /* 9999-12-31T23:59:59Z: no end (RFC 5280, 4.1.2.5) */
	VD_AUTO(x509_st) cert = fixture_mint(&what, key);
	assert_true(vd_cert_begins_ms(cert) == what.begins_ms && vd_cert_ends_ms(cert) == what.ends_ms);
	assert_int_equal(ASN1_STRING_set(X509_getm_notAfter(cert), "nonsense", 8), 1);
	assert_int_equal(ASN1_STRING_set(X509_getm_notBefore(cert), "nonsense", 8), 1);
	assert_true(vd_cert_begins_ms(cert) == INT64_MAX && vd_cert_ends_ms(cert) == INT64_MIN);
}

VD_TEST(survives_every_out_of_memory)
{
	VD_AUTO(evp_pkey_st) key = fixture_key();
	VD_TORTURE
	{
		VD_CLEANUP(vd_secret_fini) struct vd_buf text;
		vd_buf_init(&text, 0);
		enum vd_status st = vd_key_write(key, VD_S(""), &text, NULL);
		assert_true(st == VD_OK || st == VD_ENOMEM);
	}
}
