/*
 * Any bytes as a certificate (DER), and as the PEM files of an identity: whatever OpenSSL takes, judging it neither
 * crashes nor lets in what is no SPIFFE id.
 */
#include <stdlib.h>

#include <openssl/err.h>

#include "trust/identity/svid.h"
#include "trust/identity/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_cert(X509 *cert)
{
	struct vd_peer peer;
	struct vd_err err = VD_ERR_INIT;
	struct vd_spiffe_id id;
	enum vd_refusal refusal = VD_REFUSAL_NONE;
	VD_AUTO_FINI(vd_buf) subject;
	vd_buf_init(&subject, 0);
	vd_cert_subject(cert, &subject);
	if (vd_verify_form(cert, &peer, &refusal, &err) != VD_OK) {
		must(refusal != VD_REFUSAL_NONE && err.text[0] != '\0');
		return;
	}
	must(vd_spiffe_id_parse(vd_str_from(peer.spiffe_id), &id, NULL) == VD_OK && id.path.len > 0);
	must(strspn(peer.serial, "0123456789abcdef") == strlen(peer.serial) && peer.serial[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const unsigned char *at = bytes;
	struct vd_str text = {(const char *)bytes, n};
	const struct vd_svid_texts texts = {.svid = text, .key = text, .bundle = text};
	struct vd_err err = VD_ERR_INIT;
	VD_AUTO(vd_svid) svid = NULL;
	VD_AUTO(stack_st_X509) certs = NULL;
	X509 *cert = n > 65536 ? NULL : d2i_X509(NULL, &at, (long)n);
	if (cert != NULL)
		check_cert(cert);
	X509_free(cert);
	if (vd_certs_read(text, VD_CHAIN_MAX, &certs, &err) == VD_OK)
		for (int i = 0; i < sk_X509_num(certs); i++)
			check_cert(sk_X509_value(certs, i));
	must(vd_svid_read(&texts, 0, &svid, &err) == VD_OK || err.text[0] != '\0');
	ERR_clear_error();
	return 0;
}
