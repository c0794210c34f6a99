/*
 * What this room needs of certificates and keys as OpenSSL holds them: times, serial numbers, the URI names, PEM in and
 * out, and OpenSSL's own words for a failure.
 *
 * Memory: OpenSSL's objects are counted by OpenSSL; VD_AUTO(x509_st) and its kin drop one reference.  Secrets that pass
 * through a struct vd_buf are wiped by vd_secret_fini.  Pure but for OpenSSL's error queue, which belongs to the thread.
 */
#ifndef VD_TRUST_IDENTITY_CERT_H
#define VD_TRUST_IDENTITY_CERT_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/status.h"
#include "base/str.h"
#include "net/peer.h"
#include "trust/identity/spiffe_id.h"

#define VD_CHAIN_MAX 8u       /* certificates of a chain that is shown: the leaf and what signed it */
#define VD_ROOTS_MAX 64u      /* certificates of a bundle */
#define VD_PEM_MAX 262144u    /* bytes of a PEM file */
#define VD_FINGERPRINT_LEN 32 /* SHA-256 of a certificate's DER */

/* A stack of its own with a reference to each certificate. */
struct stack_st_X509 *vd_chain_dup(struct stack_st_X509 *chain) VD_MUST_USE;
void vd_chain_free(struct stack_st_X509 *chain);
void vd_bio_free(struct bio_st *bio);

VD_AUTO_DEFINE(x509_st, X509_free)
VD_AUTO_DEFINE(evp_pkey_st, EVP_PKEY_free)
VD_AUTO_DEFINE(stack_st_X509, vd_chain_free)
VD_AUTO_DEFINE(bio_st, vd_bio_free)

/* Like vd_fail, with ": " and what OpenSSL says behind; empties OpenSSL's queue. */
enum vd_status vd_crypto_fail(struct vd_err *err, enum vd_status st, const char *fmt, ...)
	VD_PRINTF(3, 4) VD_COLD;

/* Unix milliseconds.  A time that cannot be read makes a certificate that is never valid. */
int64_t vd_cert_begins_ms(const X509 *cert);
int64_t vd_cert_ends_ms(const X509 *cert);

/* Lower-case hexadecimal, two digits a byte.  False: negative, or longer than RFC 5280 allows. */
bool vd_cert_serial(const X509 *cert, char ret[VD_SERIAL_MAX]);
bool vd_cert_fingerprint(const X509 *cert, uint8_t ret[VD_FINGERPRINT_LEN]);

/*
 * How many URI names the certificate has (2: two or more); with one, its bytes, which may hold anything, also NUL.
 * -1: the names cannot be read, or stand there twice.
 */
int vd_cert_uri(const X509 *cert, char ret[VD_SPIFFE_URI_MAX + 1], size_t *ret_len);

/* "CN=gateway,O=vedette" (RFC 2253); "" where there is no subject. */
void vd_cert_subject(const X509 *cert, struct vd_buf *to);

/* ---- PEM ---- */

/* Every certificate of the text, at least one and at most max; other blocks are passed over. */
enum vd_status vd_certs_read(
	struct vd_str pem, size_t max, struct stack_st_X509 **ret, struct vd_err *err) VD_MUST_USE;
bool vd_cert_write(const X509 *cert, struct vd_buf *to);

/* A sealed key needs its passphrase, an open one must not be given any. */
enum vd_status vd_key_read(
	struct vd_str pem, struct vd_str passphrase, EVP_PKEY **ret, struct vd_err *err) VD_MUST_USE;
/* PKCS#8; with a passphrase sealed by PBES2: scrypt (N 2^14, r 8, p 5: 16 MiB) and AES-256-CBC. */
enum vd_status vd_key_write(
	const EVP_PKEY *key, struct vd_str passphrase, struct vd_buf *to, struct vd_err *err) VD_MUST_USE;

/* EC P-256. */
enum vd_status vd_key_new(EVP_PKEY **ret, struct vd_err *err) VD_MUST_USE;

/* Wipes what the buffer holds, then vd_buf_fini.  Give the buffer a limit or room first: growing leaves copies. */
void vd_secret_fini(struct vd_buf *buf);

#endif
