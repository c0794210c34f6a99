#include "trust/identity/source_tls.h"

#include <pthread.h>

#include <openssl/err.h>

#include "base/arena.h"
#include "base/mem.h"

#define CIPHERS "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define GROUPS "X25519:P-256"
#define SECURITY_LEVEL 2
#define TICKETS 1              /* a handshake */
#define CERTIFICATES_MAX 32768 /* bytes of what a peer may send as its chain */
#define ALPN_MAX 255u          /* bytes */

/* What the callbacks of one context need; owned by it. */
struct setup {
	uint32_t magic;
#define SETUP_MAGIC 0x746c7373u
	struct vd_source_options clock;
	struct vd_bundle *bundles[VD_SOURCE_BUNDLES_MAX];
	size_t n_bundles;
	struct vd_revoked *revoked;
	bool server;
	struct vd_arena *arena; /* owns the demand's words */
	struct vd_demand demand;
	size_t alpn_len;
};

/* What is remembered of a leaf. */
struct anchor {
	uint8_t at[VD_ANCHOR_LEN];
};

/* ---- what is tied to OpenSSL's objects ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int setup_index, anchor_index, words_index; /* below 0: OpenSSL has no memory */

static void
free_setup(struct setup *setup)
{
	if (setup == NULL)
		return;
	vd_obj_check(setup, SETUP_MAGIC);
	for (size_t i = 0; i < setup->n_bundles; i++)
		vd_bundle_unref(setup->bundles[i]);
	vd_revoked_unref(setup->revoked);
	vd_arena_free(setup->arena);
	vd_obj_free(setup);
}

static void
drop_setup(void *parent, void *mine, CRYPTO_EX_DATA *all, int index, long argl, void *argp)
{
	free_setup(mine);
}

static void
drop_bytes(void *parent, void *mine, CRYPTO_EX_DATA *all, int index, long argl, void *argp)
{
	vd_mem_free(mine);
}

static void
make_indices(void)
{
	setup_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, drop_setup);
	anchor_index = X509_get_ex_new_index(0, NULL, NULL, NULL, drop_bytes);
	words_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, drop_bytes);
}

const uint8_t *
vd_tls_anchor(const X509 *leaf)
{
	(void)pthread_once(&once, make_indices);
	const struct anchor *anchor = X509_get_ex_data(leaf, anchor_index);
	return anchor == NULL ? NULL : anchor->at;
}

const char *
vd_tls_refusal(const SSL *ssl)
{
	(void)pthread_once(&once, make_indices);
	return SSL_get_ex_data(ssl, words_index);
}

static bool
remember_anchor(X509 *leaf, const uint8_t at[VD_ANCHOR_LEN])
{
	struct anchor *anchor = X509_get_ex_data(leaf, anchor_index);
	if (anchor == NULL) {
		anchor = vd_mem_alloc(sizeof *anchor);
		if (anchor == NULL || X509_set_ex_data(leaf, anchor_index, anchor) != 1) {
			vd_mem_free(anchor);
			return false;
		}
	}
	memcpy(anchor->at, at, VD_ANCHOR_LEN);
	return true;
}

static void
remember_words(SSL *ssl, const char *text)
{
	char *words = vd_mem_strdup(text);
	vd_mem_free(SSL_get_ex_data(ssl, words_index));
	if (SSL_set_ex_data(ssl, words_index, words) != 1)
		vd_mem_free(words);
}

/* ---- judging in the handshake ---- */

static struct vd_trusted
trusted_by(const struct setup *setup)
{
	return (struct vd_trusted){.bundles = setup->bundles,
		.n_bundles = setup->n_bundles,
		.revoked = setup->revoked,
		.now_ms = setup->clock.wall_ms(setup->clock.owner),
		.skew_ms = setup->clock.skew_ms};
}

/* What the other side is told by an alert. */
static int
fault_of(enum vd_refusal refusal)
{
	switch (refusal) {
	case VD_REFUSAL_EXPIRED:
		return X509_V_ERR_CERT_HAS_EXPIRED;
	case VD_REFUSAL_NOT_YET_VALID:
		return X509_V_ERR_CERT_NOT_YET_VALID;
	case VD_REFUSAL_TRUST_DOMAIN:
	case VD_REFUSAL_UNKNOWN_ISSUER:
		return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
	case VD_REFUSAL_REVOKED_SERIAL:
	case VD_REFUSAL_REVOKED_ID:
	case VD_REFUSAL_REVOKED_BEFORE:
		return X509_V_ERR_CERT_REVOKED;
	case VD_REFUSAL_NOT_ALLOWED:
		return X509_V_ERR_APPLICATION_VERIFICATION;
	default:
		return X509_V_ERR_CERT_REJECTED;
	}
}

static int
verify(X509_STORE_CTX *store, void *owner)
{
	const struct setup *setup = owner;
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	X509 *leaf = X509_STORE_CTX_get0_cert(store);
	struct vd_trusted trusted = trusted_by(setup);
	enum vd_refusal refusal = VD_REFUSAL_NONE;
	struct vd_err err = VD_ERR_INIT;
	struct vd_peer peer;
	enum vd_status st = vd_verify_peer(&trusted, leaf, X509_STORE_CTX_get0_untrusted(store),
		setup->server, &setup->demand, &peer, &refusal, &err);
	if (st == VD_OK && !remember_anchor(leaf, peer.anchor))
		st = vd_fail(&err, VD_ENOMEM, "no memory to judge a peer");
	X509_STORE_CTX_set_error(store, st == VD_OK ? X509_V_OK : fault_of(refusal));
	if (st != VD_OK)
		remember_words(ssl, err.text);
	return st == VD_OK;
}

/* A ticket carries the anchor beside the leaf; the chain is not in it. */
static int
seal_ticket(SSL *ssl, void *owner)
{
	SSL_SESSION *session = SSL_get_session(ssl);
	const X509 *leaf = session == NULL ? NULL : SSL_SESSION_get0_peer(session);
	const uint8_t *anchor = leaf == NULL ? NULL : vd_tls_anchor(leaf);
	if (anchor == NULL)
		return 1;
	return SSL_SESSION_set1_ticket_appdata(session, anchor, VD_ANCHOR_LEN);
}

/* May the session of a ticket be resumed?  If not there is a full handshake. */
static bool
may_resume(const struct setup *setup, SSL_SESSION *session)
{
	struct vd_trusted trusted = trusted_by(setup);
	X509 *leaf = SSL_SESSION_get0_peer(session);
	void *anchor = NULL;
	size_t n = 0;
	struct vd_peer peer;
	if (leaf == NULL)
		return setup->demand.anonymous;
	if (SSL_SESSION_get0_ticket_appdata(session, &anchor, &n) != 1 || n != VD_ANCHOR_LEN)
		return false;
	return vd_verify_leaf(&trusted, leaf, anchor, &setup->demand, &peer, NULL, NULL) == VD_OK &&
	       remember_anchor(leaf, anchor);
}

static SSL_TICKET_RETURN
open_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t name_len,
	SSL_TICKET_STATUS status, void *owner)
{
	const struct setup *setup = owner;
	switch (status) {
	case SSL_TICKET_SUCCESS:
	case SSL_TICKET_SUCCESS_RENEW:
		if (!may_resume(setup, session))
			return SSL_TICKET_RETURN_IGNORE_RENEW;
		return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
	case SSL_TICKET_EMPTY:
	case SSL_TICKET_NO_DECRYPT:
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	default:
		return SSL_TICKET_RETURN_ABORT;
	}
}

static int
choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_len, const unsigned char *offered,
	unsigned offered_len, void *owner)
{
	const struct setup *setup = owner;
	unsigned char *chosen;
	if (SSL_select_next_proto(&chosen, ret_len, (const unsigned char *)setup->demand.alpn,
		    (unsigned)setup->alpn_len, offered, offered_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL; /* no_application_protocol (RFC 7301, 3.2) */
	*ret = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* ---- making ---- */

bool
vd_tls_key(bool server, const struct vd_demand *demand, uint8_t ret[VD_TLS_KEY_LEN])
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	const char *alpn = demand->alpn == NULL ? "" : demand->alpn;
	const uint64_t head[] = {server, demand->anonymous, strlen(alpn), demand->n_allow};
	unsigned n = 0;
	bool ok = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(digest, head, sizeof head) == 1 &&
		  EVP_DigestUpdate(digest, alpn, strlen(alpn)) == 1;
	for (size_t i = 0; ok && i < demand->n_allow; i++)
		ok = EVP_DigestUpdate(digest, demand->allow[i], strlen(demand->allow[i]) + 1) == 1;
	ok = ok && EVP_DigestFinal_ex(digest, ret, &n) == 1;
	EVP_MD_CTX_free(digest);
	return ok;
}

static bool
copy_demand(struct setup *setup, const struct vd_demand *demand)
{
	const char **allow = vd_arena_array(setup->arena, demand->n_allow, sizeof *allow);
	if (allow == NULL)
		return false;
	for (size_t i = 0; i < demand->n_allow; i++) {
		allow[i] = vd_arena_dup(setup->arena, demand->allow[i], strlen(demand->allow[i]));
		if (allow[i] == NULL)
			return false;
	}
	setup->demand = (struct vd_demand){demand->anonymous, allow, demand->n_allow, NULL};
	if (demand->alpn == NULL)
		return true;
	setup->alpn_len = strlen(demand->alpn);
	setup->demand.alpn = vd_arena_dup(setup->arena, demand->alpn, setup->alpn_len);
	return setup->demand.alpn != NULL;
}

/* The context owns it, also where a later step fails. */
static struct setup *
attach_setup(SSL_CTX *tls, const struct vd_tls_parts *parts, bool server, const struct vd_demand *demand)
{
	struct setup *setup = vd_obj_new(struct setup, SETUP_MAGIC);
	if (setup == NULL)
		return NULL;
	setup->clock = parts->clock;
	setup->server = server;
	for (; setup->n_bundles < parts->n_bundles; setup->n_bundles++)
		setup->bundles[setup->n_bundles] = vd_bundle_ref(parts->bundles[setup->n_bundles]);
	setup->revoked = vd_revoked_ref(parts->revoked);
	setup->arena = vd_arena_new(0);
	if (setup->arena == NULL || !copy_demand(setup, demand) ||
		SSL_CTX_set_ex_data(tls, setup_index, setup) != 1) {
		free_setup(setup);
		return NULL;
	}
	return setup;
}

static bool
set_protocol(SSL_CTX *tls)
{
	SSL_CTX_set_security_level(tls, SECURITY_LEVEL);
	SSL_CTX_set_max_cert_list(tls, CERTIFICATES_MAX);
	(void)SSL_CTX_set_timeout(tls, VD_TICKET_LIFE_S);
	(void)SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF); /* tickets need none */
	(void)SSL_CTX_set_options(tls, SSL_OP_CIPHER_SERVER_PREFERENCE);
	return SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(tls, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_ciphersuites(tls, CIPHERS) == 1 && SSL_CTX_set1_groups_list(tls, GROUPS) == 1 &&
	       SSL_CTX_set_num_tickets(tls, TICKETS) == 1 && SSL_CTX_set_max_early_data(tls, 0) == 1 &&
	       SSL_CTX_set_recv_max_early_data(tls, 0) == 1;
}

static bool
set_identity(SSL_CTX *tls, const struct vd_svid *svid)
{
	struct stack_st_X509 *chain = vd_svid_chain(svid), *rest = sk_X509_new_null(); /* borrows */
	bool ok = rest != NULL;
	for (int i = 1; ok && i < sk_X509_num(chain); i++)
		ok = sk_X509_push(rest, sk_X509_value(chain, i)) > 0;
	ok = ok && SSL_CTX_use_cert_and_key(tls, vd_svid_leaf(svid), vd_svid_key(svid), rest, 1) == 1;
	sk_X509_free(rest);
	return ok;
}

/*
 * A door that anybody may pass asks for certificates only where some are let in, and names its authorities: browsers
 * then ask their users only if they have one of those.
 */
static bool
set_asking(SSL_CTX *tls, const struct setup *setup)
{
	bool asks = !setup->server || !setup->demand.anonymous || setup->demand.n_allow > 0;
	bool must = asks && setup->server && !setup->demand.anonymous;
	SSL_CTX_set_verify(tls,
		asks ? SSL_VERIFY_PEER | (must ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0) : SSL_VERIFY_NONE,
		NULL);
	if (!asks || must || !setup->server)
		return true;
	for (size_t b = 0; b < setup->n_bundles; b++)
		for (size_t i = 0; i < vd_bundle_count(setup->bundles[b]); i++)
			if (SSL_CTX_add_client_CA(tls, vd_bundle_peek(setup->bundles[b], i)) != 1)
				return false;
	return true;
}

/* What a ticket was issued for, and when: another epoch, SVID or demand is another. */
static bool
set_session_scope(SSL_CTX *tls, const struct vd_tls_parts *parts, const uint8_t key[VD_TLS_KEY_LEN])
{
	uint8_t scope[EVP_MAX_MD_SIZE], bytes[VD_TLS_KEY_LEN + sizeof parts->epoch + VD_SERIAL_MAX] = {0};
	unsigned n = 0;
	memcpy(bytes, key, VD_TLS_KEY_LEN);
	memcpy(bytes + VD_TLS_KEY_LEN, &parts->epoch, sizeof parts->epoch);
	memcpy(bytes + VD_TLS_KEY_LEN + sizeof parts->epoch, vd_svid_self(parts->svid)->serial,
		VD_SERIAL_MAX);
	return EVP_Digest(bytes, sizeof bytes, scope, &n, EVP_sha256(), NULL) == 1 &&
	       SSL_CTX_set_session_id_context(tls, scope, n) == 1;
}

static bool
set_server(SSL_CTX *tls, const struct vd_tls_parts *parts, struct setup *setup,
	const uint8_t key[VD_TLS_KEY_LEN])
{
	if (!set_session_scope(tls, parts, key) ||
		SSL_CTX_set_session_ticket_cb(tls, seal_ticket, open_ticket, setup) != 1)
		return false;
	if (setup->demand.alpn != NULL)
		SSL_CTX_set_alpn_select_cb(tls, choose_protocol, setup);
	return true;
}

static bool
set_client(SSL_CTX *tls, const struct setup *setup)
{
	return setup->demand.alpn == NULL ||
	       SSL_CTX_set_alpn_protos(tls, (const unsigned char *)setup->demand.alpn,
		       (unsigned)setup->alpn_len) == 0; /* this one says 0 for success */
}

static enum vd_status
check_demand(const struct vd_demand *demand, struct vd_err *err)
{
	if (demand->n_allow > VD_ALLOW_MAX)
		return vd_fail(err, VD_ELIMIT, "an allow-list of %zu ids: at most %u", demand->n_allow,
			VD_ALLOW_MAX);
	if (demand->alpn != NULL && strlen(demand->alpn) > ALPN_MAX)
		return vd_fail(err, VD_ELIMIT, "protocols of more than %u bytes", ALPN_MAX);
	return VD_OK;
}

enum vd_status
vd_tls_new(const struct vd_tls_parts *parts, bool server, const struct vd_demand *demand,
	const uint8_t key[VD_TLS_KEY_LEN], SSL_CTX **ret, struct vd_err *err)
{
	enum vd_status st = check_demand(demand, err);
	if (st != VD_OK)
		return st;
	(void)pthread_once(&once, make_indices);
	if (setup_index < 0 || anchor_index < 0 || words_index < 0)
		return vd_fail(err, VD_ENOMEM, "no memory for TLS");
	SSL_CTX *tls = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	struct setup *setup = tls == NULL ? NULL : attach_setup(tls, parts, server, demand);
	if (setup == NULL) {
		SSL_CTX_free(tls);
		ERR_clear_error();
		return vd_fail(err, VD_ENOMEM, "no memory for a TLS context");
	}
	SSL_CTX_set_cert_verify_callback(tls, verify, setup);
	if (!set_protocol(tls) || !set_identity(tls, parts->svid) || !set_asking(tls, setup) ||
		!(server ? set_server(tls, parts, setup, key) : set_client(tls, setup))) {
		st = vd_crypto_fail(err, VD_EIO, "a TLS context of %s", vd_svid_self(parts->svid)->spiffe_id);
		SSL_CTX_free(tls);
		return st;
	}
	*ret = tls;
	return VD_OK;
}
