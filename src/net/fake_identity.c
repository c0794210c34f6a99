#include "net/fake_identity.h"

#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/loop.h"

struct vd_fake_authority {
	X509 *cert;
	EVP_PKEY *key;
};

/* A fixture that fails is a test that cannot run. */
static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
add(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX how;
	X509V3_set_ctx(&how, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &how, nid, value);
	must(extension != NULL && X509_add_ext(cert, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

/* issuer NULL: signed by itself. */
static X509 *
make(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key, const char *san, int64_t lives_ms)
{
	static _Atomic long serial = 1;
	X509 *cert = X509_new();
	must(cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), atomic_fetch_add(&serial, 1));
	int64_t now_ms = vd_clock_system.wall_ms(NULL);
	must(ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)(now_ms / 1000 - 60)) != NULL);
	must(ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)((now_ms + lives_ms) / 1000)) != NULL);
	X509_NAME *subject = X509_get_subject_name(cert);
	must(X509_NAME_add_entry_by_txt(
		     subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) == 1);
	must(X509_set_issuer_name(cert, issuer == NULL ? subject : X509_get_subject_name(issuer)) == 1);
	must(X509_set_pubkey(cert, key) == 1);
	add(cert, issuer == NULL ? cert : issuer, NID_basic_constraints,
		issuer == NULL ? "critical,CA:TRUE" : "CA:FALSE");
	if (san != NULL)
		add(cert, issuer, NID_subject_alt_name, san);
	must(X509_sign(cert, issuer_key == NULL ? key : issuer_key, EVP_sha256()) > 0);
	return cert;
}

struct vd_fake_authority *
vd_fake_authority_new(void)
{
	struct vd_fake_authority *authority = vd_mem_zalloc(1, sizeof *authority);
	must(authority != NULL);
	authority->key = EVP_EC_gen("P-256");
	must(authority->key != NULL);
	authority->cert = make(authority->key, "authority of a test", NULL, NULL, NULL, 86400000);
	return authority;
}

void
vd_fake_authority_free(struct vd_fake_authority *authority)
{
	if (authority == NULL)
		return;
	X509_free(authority->cert);
	EVP_PKEY_free(authority->key);
	vd_mem_free(authority);
}

static int
choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_len, const unsigned char *offered,
	unsigned len, void *ours)
{
	(void)ssl;
	unsigned char *chosen;
	bool agreed = SSL_select_next_proto(&chosen, ret_len, ours, (unsigned)strlen(ours), offered, len) ==
		      OPENSSL_NPN_NEGOTIATED;
	*ret = chosen;
	return agreed ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static enum vd_status
tls(void *owner, bool server, const struct vd_demand *demand, SSL_CTX **ret, int64_t *ret_expires_ms,
	struct vd_err *err)
{
	(void)err;
	struct vd_fake *fake = owner;
	SSL_CTX *made = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	must(made != NULL && SSL_CTX_set_min_proto_version(made, TLS1_3_VERSION) == 1);
	must(SSL_CTX_use_certificate(made, fake->leaf) == 1 && SSL_CTX_use_PrivateKey(made, fake->key) == 1);
	must(X509_STORE_add_cert(SSL_CTX_get_cert_store(made), fake->authority->cert) == 1);
	SSL_CTX_set_verify(made,
		SSL_VERIFY_PEER | (server && !demand->anonymous ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
	if (server) {
		SSL_CTX_set_alpn_select_cb(made, choose_protocol, (void *)(uintptr_t)demand->alpn);
		must(SSL_CTX_set_session_id_context(made, (const unsigned char *)"test", 4) == 1);
	} else {
		must(SSL_CTX_set_alpn_protos(
			     made, (const unsigned char *)demand->alpn, (unsigned)strlen(demand->alpn)) == 0);
	}
	*ret = made;
	*ret_expires_ms = fake->expires_ms;
	return VD_OK;
}

static enum vd_status
judge(void *owner, X509 *leaf, const struct vd_demand *demand, struct vd_peer *ret, struct vd_err *err)
{
	(void)owner;
	struct vd_peer peer = {.kind = VD_PEER_ANONYMOUS, .expires_ms = INT64_MAX};
	if (leaf == NULL) {
		if (!demand->anonymous)
			return vd_fail(err, VD_EDENIED, "no certificate was shown");
		*ret = peer;
		return VD_OK;
	}
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type == GEN_URI)
			memcpy(peer.spiffe_id, ASN1_STRING_get0_data(name->d.ia5),
				(size_t)ASN1_STRING_length(name->d.ia5));
	}
	GENERAL_NAMES_free(names);
	const char *service = strstr(peer.spiffe_id, "/sa/");
	if (service != NULL)
		memcpy(peer.service, service + 4, strlen(service + 4));
	struct tm end;
	must(ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &end) == 1);
	peer.kind = VD_PEER_SVID;
	peer.expires_ms = (int64_t)timegm(&end) * 1000;
	for (size_t i = 0; i < demand->n_allow; i++)
		if (strcmp(demand->allow[i], peer.spiffe_id) == 0) {
			*ret = peer;
			return VD_OK;
		}
	return vd_fail(err, VD_EDENIED, "%s is not allowed here", peer.spiffe_id);
}

static enum vd_status
again(void *owner, const struct vd_peer *peer, struct vd_err *err)
{
	struct vd_fake *fake = owner;
	return atomic_load(&fake->revoked) ? vd_fail(err, VD_EDENIED, "%s is revoked", peer->spiffe_id)
					   : VD_OK;
}

static uint64_t
epoch(void *owner)
{
	struct vd_fake *fake = owner;
	return atomic_load(&fake->epoch);
}

void
vd_fake_renew(struct vd_fake *fake, const char *spiffe_id, int64_t lives_ms)
{
	char san[VD_SPIFFE_ID_MAX + 8];
	(void)snprintf(san, sizeof san, "URI:%s", spiffe_id);
	X509_free(fake->leaf);
	fake->leaf = make(fake->key, "leaf", fake->authority->cert, fake->authority->key, san, lives_ms);
	struct tm end;
	must(ASN1_TIME_to_tm(X509_get0_notAfter(fake->leaf), &end) == 1);
	fake->expires_ms = (int64_t)timegm(&end) * 1000;
}

void
vd_fake_init(
	struct vd_fake *fake, struct vd_fake_authority *authority, const char *spiffe_id, int64_t lives_ms)
{
	*fake = (struct vd_fake){.identity = {fake, tls, judge, again, epoch, NULL}, .authority = authority};
	fake->key = EVP_EC_gen("P-256");
	must(fake->key != NULL);
	vd_fake_renew(fake, spiffe_id, lives_ms);
}

void
vd_fake_fini(struct vd_fake *fake)
{
	X509_free(fake->leaf);
	EVP_PKEY_free(fake->key);
}
