#include "trust/identity/mint.h"

#include <arpa/inet.h>

#include <openssl/bn.h>
#include <openssl/sha.h>

#define SERIAL_BITS 128
#define BIT_DIGITAL_SIGNATURE 0 /* RFC 5280, 4.2.1.3 */
#define BIT_KEY_CERT_SIGN 5
#define BIT_CRL_SIGN 6
#define ORGANISATION "vedette"

VD_AUTO_DEFINE(bignum_st, BN_free)
VD_AUTO_DEFINE(BASIC_CONSTRAINTS_st, BASIC_CONSTRAINTS_free)
VD_AUTO_DEFINE(NAME_CONSTRAINTS_st, NAME_CONSTRAINTS_free)
VD_AUTO_DEFINE(AUTHORITY_KEYID_st, AUTHORITY_KEYID_free)
VD_AUTO_DEFINE(asn1_string_st, ASN1_STRING_free)
VD_AUTO_DEFINE(stack_st_GENERAL_NAME, GENERAL_NAMES_free)
VD_AUTO_DEFINE(stack_st_ASN1_OBJECT, EXTENDED_KEY_USAGE_free)
VD_AUTO_DEFINE(X509_name_st, X509_NAME_free)

static bool
put(X509 *cert, int nid, void *value, bool critical)
{
	return X509_add1_ext_i2d(cert, nid, value, critical ? 1 : 0, X509V3_ADD_DEFAULT) == 1;
}

/* ---- what every certificate has ---- */

static bool
set_serial(X509 *cert)
{
	VD_AUTO(bignum_st) n = BN_new();
	if (n == NULL)
		return false;
	do
		if (BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) != 1)
			return false;
	while (BN_is_zero(n)); /* RFC 5280 wants a positive one */
	return BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;
}

static bool
set_names(X509 *cert, const struct vd_mint *what)
{
	VD_AUTO(X509_name_st) subject = X509_NAME_new();
	return subject != NULL &&
	       X509_NAME_add_entry_by_NID(subject, NID_organizationName, MBSTRING_UTF8,
		       (const unsigned char *)ORGANISATION, -1, -1, 0) == 1 &&
	       X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
		       (const unsigned char *)what->name, -1, -1, 0) == 1 &&
	       X509_set_subject_name(cert, subject) == 1 &&
	       X509_set_issuer_name(
		       cert, what->issuer == NULL ? subject : X509_get_subject_name(what->issuer)) == 1;
}

static bool
set_times(X509 *cert, const struct vd_mint *what)
{
	return ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)(what->begins_ms / 1000)) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)(what->ends_ms / 1000)) != NULL;
}

/* RFC 5280, 4.2.1.2, method 1. */
static bool
put_key_ids(X509 *cert, const struct vd_mint *what)
{
	unsigned char digest[SHA_DIGEST_LENGTH];
	unsigned n = 0;
	VD_AUTO(asn1_string_st) own = ASN1_OCTET_STRING_new();
	VD_AUTO(AUTHORITY_KEYID_st) issuer = AUTHORITY_KEYID_new();
	if (own == NULL || issuer == NULL || X509_pubkey_digest(cert, EVP_sha1(), digest, &n) != 1 ||
		ASN1_OCTET_STRING_set(own, digest, (int)n) != 1)
		return false;
	const ASN1_OCTET_STRING *id = what->issuer == NULL ? own : X509_get0_subject_key_id(what->issuer);
	return id != NULL && (issuer->keyid = ASN1_OCTET_STRING_dup(id)) != NULL &&
	       put(cert, NID_subject_key_identifier, own, false) &&
	       put(cert, NID_authority_key_identifier, issuer, false);
}

static bool
put_constraints(X509 *cert, int path_length)
{
	VD_AUTO(BASIC_CONSTRAINTS_st) basic = BASIC_CONSTRAINTS_new();
	if (basic == NULL)
		return false;
	if (path_length >= 0) {
		basic->ca = 0xff; /* TRUE in DER */
		basic->pathlen = ASN1_INTEGER_new();
		if (basic->pathlen == NULL || ASN1_INTEGER_set(basic->pathlen, path_length) != 1)
			return false;
	}
	return put(cert, NID_basic_constraints, basic, true);
}

static bool
put_usage(X509 *cert, bool signs)
{
	VD_AUTO(asn1_string_st) usage = ASN1_BIT_STRING_new();
	if (usage == NULL ||
		ASN1_BIT_STRING_set_bit(usage, signs ? BIT_KEY_CERT_SIGN : BIT_DIGITAL_SIGNATURE, 1) != 1 ||
		(signs && ASN1_BIT_STRING_set_bit(usage, BIT_CRL_SIGN, 1) != 1) ||
		!put(cert, NID_key_usage, usage, true))
		return false;
	if (signs)
		return true;
	VD_AUTO(stack_st_ASN1_OBJECT) purposes = sk_ASN1_OBJECT_new_null();
	return purposes != NULL && sk_ASN1_OBJECT_push(purposes, OBJ_nid2obj(NID_server_auth)) > 0 &&
	       sk_ASN1_OBJECT_push(purposes, OBJ_nid2obj(NID_client_auth)) > 0 &&
	       put(cert, NID_ext_key_usage, purposes, false);
}

/* ---- names ---- */

/* Takes name, also when it fails. */
static bool
push_name(GENERAL_NAMES *names, GENERAL_NAME *name)
{
	if (name != NULL && sk_GENERAL_NAME_push(names, name) > 0)
		return true;
	GENERAL_NAME_free(name);
	return false;
}

/* type: GEN_URI, GEN_DNS or GEN_IPADD; NULL: out of memory. */
static GENERAL_NAME *
name_of(int type, const void *bytes, size_t n)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *value = ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
	if (name == NULL || value == NULL || ASN1_STRING_set(value, bytes, (int)n) != 1) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(value);
		return NULL;
	}
	GENERAL_NAME_set0_value(name, type, value);
	return name;
}

/* RFC 1123, 2.1: labels of letters, digits and hyphens; '_' is tolerated, as names of services have it. */
static bool
is_dns_name(const char *name)
{
	size_t label = 0, n = strlen(name);
	if (n == 0 || n > VD_DNS_NAME_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = name[i], next = name[i + 1];
		if (c == '.') {
			if (label == 0 || next == '\0')
				return false;
			label = 0;
			continue;
		}
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			      c == '_';
		if (!letter && (c != '-' || label == 0 || next == '.' || next == '\0'))
			return false;
		if (++label > 63)
			return false;
	}
	return true;
}

static enum vd_status
push_dns(GENERAL_NAMES *names, const struct vd_mint *what, struct vd_err *err)
{
	for (size_t i = 0; i < what->n_dns; i++) {
		const char *name = what->dns[i];
		if (!is_dns_name(name))
			return vd_fail(err, VD_EINPUT, "'%s' is no DNS name", name);
		if (!push_name(names, name_of(GEN_DNS, name, strlen(name))))
			return vd_crypto_fail(err, VD_EIO, "a DNS name");
	}
	return VD_OK;
}

static enum vd_status
push_addresses(GENERAL_NAMES *names, const struct vd_mint *what, struct vd_err *err)
{
	for (size_t i = 0; i < what->n_addresses; i++) {
		unsigned char bytes[16];
		const char *text = what->addresses[i];
		size_t n = inet_pton(AF_INET, text, bytes) == 1    ? 4
			   : inet_pton(AF_INET6, text, bytes) == 1 ? 16
								   : 0;
		if (n == 0)
			return vd_fail(err, VD_EINPUT, "'%s' is no IP address", text);
		if (!push_name(names, name_of(GEN_IPADD, bytes, n)))
			return vd_crypto_fail(err, VD_EIO, "an IP address");
	}
	return VD_OK;
}

static enum vd_status
put_subject_names(X509 *cert, const struct vd_mint *what, struct vd_err *err)
{
	if (what->n_dns > VD_NAMES_MAX || what->n_addresses > VD_NAMES_MAX)
		return vd_fail(err, VD_ELIMIT, "at most %u DNS names and as many addresses", VD_NAMES_MAX);
	VD_AUTO(stack_st_GENERAL_NAME) names = sk_GENERAL_NAME_new_null();
	if (names == NULL || !push_name(names, name_of(GEN_URI, what->uri, strlen(what->uri))))
		return vd_crypto_fail(err, VD_EIO, "the names of a certificate");
	enum vd_status st = push_dns(names, what, err);
	if (st == VD_OK)
		st = push_addresses(names, what, err);
	if (st == VD_OK && !put(cert, NID_subject_alt_name, names, false))
		return vd_crypto_fail(err, VD_EIO, "the names of a certificate");
	return st;
}

/* RFC 5280, 4.2.1.10: for a URI the constraint is about its host, and without a leading dot it is that host alone. */
static bool
put_permitted(X509 *cert, const char *trust_domain)
{
	VD_AUTO(NAME_CONSTRAINTS_st) constraints = NAME_CONSTRAINTS_new();
	if (constraints == NULL || (constraints->permittedSubtrees = sk_GENERAL_SUBTREE_new_null()) == NULL)
		return false;
	GENERAL_SUBTREE *subtree = GENERAL_SUBTREE_new();
	if (subtree == NULL)
		return false;
	GENERAL_NAME_free(subtree->base);
	subtree->base = name_of(GEN_URI, trust_domain, strlen(trust_domain));
	if (subtree->base == NULL || sk_GENERAL_SUBTREE_push(constraints->permittedSubtrees, subtree) <= 0) {
		GENERAL_SUBTREE_free(subtree);
		return false;
	}
	return put(cert, NID_name_constraints, constraints, true);
}

enum vd_status
vd_mint(const struct vd_mint *what, EVP_PKEY *key, X509 **ret, struct vd_err *err)
{
	bool signs = what->path_length >= 0;
	VD_AUTO(x509_st) cert = X509_new();
	if (cert == NULL || X509_set_version(cert, X509_VERSION_3) != 1 || !set_serial(cert) ||
		!set_names(cert, what) || !set_times(cert, what) || X509_set_pubkey(cert, key) != 1 ||
		!put_key_ids(cert, what) || !put_constraints(cert, what->path_length) ||
		!put_usage(cert, signs))
		return vd_crypto_fail(err, VD_EIO, "making the certificate of %s", what->name);
	enum vd_status st = put_subject_names(cert, what, err);
	if (st != VD_OK)
		return st;
	if (signs && what->permitted != NULL && !put_permitted(cert, what->permitted))
		return vd_crypto_fail(err, VD_EIO, "the name constraint of %s", what->name);
	if (X509_sign(cert, what->issuer_key, EVP_sha256()) == 0)
		return vd_crypto_fail(err, VD_EIO, "signing the certificate of %s", what->name);
	*ret = x509_st_take(&cert);
	return VD_OK;
}
