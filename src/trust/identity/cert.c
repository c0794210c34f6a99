#include "trust/identity/cert.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#define SCRYPT_N 16384u /* 16 MiB with r 8; OpenSSL allows 32 MiB unless told otherwise */
#define SCRYPT_R 8u
#define SCRYPT_P 5u
#define SALT_LEN 16
#define SEALED_LABEL "-----BEGIN ENCRYPTED PRIVATE KEY-----"

VD_AUTO_DEFINE(X509_sig_st, X509_SIG_free)
VD_AUTO_DEFINE(pkcs8_priv_key_info_st, PKCS8_PRIV_KEY_INFO_free)

struct stack_st_X509 *
vd_chain_dup(struct stack_st_X509 *chain)
{
	return X509_chain_up_ref(chain);
}

void
vd_chain_free(struct stack_st_X509 *chain)
{
	sk_X509_pop_free(chain, X509_free);
}

void
vd_bio_free(struct bio_st *bio)
{
	(void)BIO_free(bio);
}

enum vd_status
vd_crypto_fail(struct vd_err *err, enum vd_status st, const char *fmt, ...)
{
	char words[VD_ERR_TEXT_MAX];
	unsigned long code = ERR_peek_last_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(words, sizeof words, fmt, args);
	va_end(args);
	ERR_clear_error();
	return vd_fail(err, st, "%s%s%s", words, reason == NULL ? "" : ": ", reason == NULL ? "" : reason);
}

/* ---- times, serials, names ---- */

static bool
read_time(const ASN1_TIME *from, int64_t *ret_ms)
{
	struct tm tm;
	if (ASN1_TIME_to_tm(from, &tm) != 1)
		return false;
	*ret_ms = (int64_t)timegm(&tm) * 1000;
	return true;
}

int64_t
vd_cert_begins_ms(const X509 *cert)
{
	int64_t ms;
	return read_time(X509_get0_notBefore(cert), &ms) ? ms : INT64_MAX;
}

int64_t
vd_cert_ends_ms(const X509 *cert)
{
	int64_t ms;
	return read_time(X509_get0_notAfter(cert), &ms) ? ms : INT64_MIN;
}

bool
vd_cert_serial(const X509 *cert, char ret[VD_SERIAL_MAX])
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	int len = ASN1_STRING_length(serial);
	if (ASN1_STRING_type(serial) != V_ASN1_INTEGER || len < 1 || len > (int)(VD_SERIAL_MAX / 2))
		return false;
	const unsigned char *bytes = ASN1_STRING_get0_data(serial);
	for (int i = 0; i < len; i++)
		(void)snprintf(ret + (size_t)i * 2, 3, "%02x", (unsigned)bytes[i]);
	return true;
}

bool
vd_cert_fingerprint(const X509 *cert, uint8_t ret[VD_FINGERPRINT_LEN])
{
	unsigned n = 0;
	return X509_digest(cert, EVP_sha256(), ret, &n) == 1 && n == VD_FINGERPRINT_LEN;
}

int
vd_cert_uri(const X509 *cert, char ret[VD_SPIFFE_URI_MAX + 1], size_t *ret_len)
{
	int n = 0, critical = 0; /* critical becomes -1: absent, -2: twice */
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);
	if (names == NULL)
		return critical == -1 ? 0 : -1;
	for (int i = 0; n >= 0 && n < 2 && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type != GEN_URI || ++n > 1)
			continue;
		int len = ASN1_STRING_length(name->d.uniformResourceIdentifier);
		if (len < 0 || len > (int)VD_SPIFFE_URI_MAX) {
			n = -1;
			break;
		}
		memcpy(ret, ASN1_STRING_get0_data(name->d.uniformResourceIdentifier), (size_t)len);
		*ret_len = (size_t)len;
	}
	GENERAL_NAMES_free(names);
	return n;
}

void
vd_cert_subject(const X509 *cert, struct vd_buf *to)
{
	VD_AUTO(bio_st) bio = BIO_new(BIO_s_mem());
	char *text;
	if (bio == NULL || X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) < 0) {
		to->failed = true;
		return;
	}
	long n = BIO_get_mem_data(bio, &text);
	vd_buf_add(to, text, (size_t)n);
}

/* ---- PEM ---- */

static struct bio_st *
bio_over(struct vd_str bytes)
{
	return bytes.len > VD_PEM_MAX ? NULL : BIO_new_mem_buf(bytes.at, (int)bytes.len);
}

/* Is the last error only that no further block begins? */
static bool
is_end_of_pem(void)
{
	unsigned long code = ERR_peek_last_error();
	bool end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
	if (end)
		ERR_clear_error();
	return end;
}

enum vd_status
vd_certs_read(struct vd_str pem, size_t max, struct stack_st_X509 **ret, struct vd_err *err)
{
	VD_AUTO(bio_st) bio = bio_over(pem);
	VD_AUTO(stack_st_X509) certs = sk_X509_new_null();
	if (bio == NULL || certs == NULL)
		return vd_crypto_fail(err, VD_EIO, "reading certificates");
	ERR_clear_error();
	for (size_t n = 0;; n++) {
		X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (cert == NULL && is_end_of_pem())
			break;
		if (cert == NULL)
			return vd_crypto_fail(err, VD_EINPUT, "certificate %zu cannot be read", n + 1);
		if (n == max || sk_X509_push(certs, cert) == 0) {
			X509_free(cert);
			return vd_fail(err, VD_ELIMIT, "more than %zu certificates", max);
		}
	}
	if (sk_X509_num(certs) == 0)
		return vd_fail(err, VD_EINPUT, "no certificate in PEM form");
	*ret = stack_st_X509_take(&certs);
	return VD_OK;
}

/* Moves what was written to memory behind what the buffer holds. */
static bool
move_out(struct bio_st *bio, struct vd_buf *to)
{
	char *text;
	long n = BIO_get_mem_data(bio, &text);
	if (n < 0 || !vd_buf_room(to, (size_t)n))
		return false;
	vd_buf_add(to, text, (size_t)n);
	return !to->failed;
}

bool
vd_cert_write(const X509 *cert, struct vd_buf *to)
{
	VD_AUTO(bio_st) bio = BIO_new(BIO_s_mem());
	return bio != NULL && PEM_write_bio_X509(bio, cert) == 1 && move_out(bio, to);
}

/* Stands where OpenSSL would ask at the terminal. */
static int
no_passphrase(char *to, int size, int writing, void *owner)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)owner;
	return -1;
}

static enum vd_status
read_open(struct bio_st *bio, EVP_PKEY **ret, struct vd_err *err)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	if (key == NULL)
		return vd_crypto_fail(err, VD_EINPUT, "no private key that can be read");
	*ret = key;
	return VD_OK;
}

static enum vd_status
read_sealed(struct bio_st *bio, struct vd_str passphrase, EVP_PKEY **ret, struct vd_err *err)
{
	VD_AUTO(X509_sig_st) sealed = PEM_read_bio_PKCS8(bio, NULL, NULL, NULL);
	if (sealed == NULL)
		return vd_crypto_fail(err, VD_EINPUT, "the sealed key cannot be read");
	VD_AUTO(pkcs8_priv_key_info_st) open = PKCS8_decrypt(sealed, passphrase.at, (int)passphrase.len);
	if (open == NULL) {
		ERR_clear_error();
		return vd_fail(err, VD_EDENIED, "wrong passphrase, or the sealed key is damaged");
	}
	EVP_PKEY *key = EVP_PKCS82PKEY(open);
	if (key == NULL)
		return vd_crypto_fail(err, VD_EINPUT, "the unsealed key cannot be read");
	*ret = key;
	return VD_OK;
}

enum vd_status
vd_key_read(struct vd_str pem, struct vd_str passphrase, EVP_PKEY **ret, struct vd_err *err)
{
	VD_AUTO(bio_st) bio = bio_over(pem);
	if (bio == NULL)
		return vd_crypto_fail(err, VD_EIO, "reading a key");
	ERR_clear_error();
	bool sealed = pem.len > 0 && memmem(pem.at, pem.len, SEALED_LABEL, sizeof SEALED_LABEL - 1) != NULL;
	if (sealed && passphrase.len == 0)
		return vd_fail(err, VD_EDENIED, "the key is sealed, and there is no passphrase");
	if (!sealed && passphrase.len > 0)
		return vd_fail(err, VD_EINPUT, "there is a passphrase, but the key is not sealed");
	return sealed ? read_sealed(bio, passphrase, ret, err) : read_open(bio, ret, err);
}

static bool
write_sealed(struct bio_st *bio, PKCS8_PRIV_KEY_INFO *open, struct vd_str passphrase)
{
	X509_ALGOR *how =
		PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, SALT_LEN, NULL, SCRYPT_N, SCRYPT_R, SCRYPT_P);
	if (how == NULL)
		return false;
	VD_AUTO(X509_sig_st) sealed = PKCS8_set0_pbe(passphrase.at, (int)passphrase.len, open, how);
	if (sealed == NULL) {
		X509_ALGOR_free(how);
		return false;
	}
	return PEM_write_bio_PKCS8(bio, sealed) == 1;
}

enum vd_status
vd_key_write(const EVP_PKEY *key, struct vd_str passphrase, struct vd_buf *to, struct vd_err *err)
{
	VD_AUTO(bio_st) bio = BIO_new(BIO_s_mem()); /* is wiped when freed */
	VD_AUTO(pkcs8_priv_key_info_st) open = EVP_PKEY2PKCS8(key);
	if (bio == NULL || open == NULL)
		return vd_crypto_fail(err, VD_EIO, "writing a key");
	bool written = passphrase.len > 0 ? write_sealed(bio, open, passphrase)
					  : PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, open) == 1;
	if (!written)
		return vd_crypto_fail(err, VD_EIO, "writing a key");
	return move_out(bio, to) ? VD_OK : vd_fail(err, VD_ENOMEM, "no memory for a key");
}

enum vd_status
vd_key_new(EVP_PKEY **ret, struct vd_err *err)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	if (key == NULL)
		return vd_crypto_fail(err, VD_EIO, "making a key");
	*ret = key;
	return VD_OK;
}

void
vd_secret_fini(struct vd_buf *buf)
{
	if (buf->at != NULL)
		OPENSSL_cleanse(buf->at, buf->cap);
	vd_buf_fini(buf);
}
