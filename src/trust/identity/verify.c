#include "trust/identity/verify.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "base/time.h"

#define AUTH_LEVEL 2 /* keys and digests of at least 112 bits */

const char *
vd_refusal_name(enum vd_refusal refusal)
{
	static const char *const names[] = {
		[VD_REFUSAL_NONE] = "none",
		[VD_REFUSAL_NO_CERTIFICATE] = "no_certificate",
		[VD_REFUSAL_MALFORMED] = "malformed",
		[VD_REFUSAL_CA] = "ca",
		[VD_REFUSAL_SELF_ISSUED] = "self_issued",
		[VD_REFUSAL_NO_URI] = "no_uri",
		[VD_REFUSAL_SEVERAL_URIS] = "several_uris",
		[VD_REFUSAL_ID] = "id",
		[VD_REFUSAL_KEY_USAGE] = "key_usage",
		[VD_REFUSAL_PURPOSE] = "purpose",
		[VD_REFUSAL_TRUST_DOMAIN] = "trust_domain",
		[VD_REFUSAL_NOT_YET_VALID] = "not_yet_valid",
		[VD_REFUSAL_EXPIRED] = "expired",
		[VD_REFUSAL_UNKNOWN_ISSUER] = "unknown_issuer",
		[VD_REFUSAL_NAME_CONSTRAINT] = "name_constraint",
		[VD_REFUSAL_CHAIN] = "chain",
		[VD_REFUSAL_REVOKED_SERIAL] = "revoked_serial",
		[VD_REFUSAL_REVOKED_ID] = "revoked_id",
		[VD_REFUSAL_REVOKED_BEFORE] = "revoked_before",
		[VD_REFUSAL_NOT_ALLOWED] = "not_allowed",
	};
	return (size_t)refusal < VD_ARRAY_LEN(names) ? names[refusal] : "unknown";
}

/* "<name>: <words>" in err, VD_EDENIED. */
#define REFUSE(refusal, ret_refusal, err, ...)                                                               \
	((ret_refusal) == NULL ? (void)0 : (void)(*(ret_refusal) = (refusal)),                               \
		vd_fail((err), VD_EDENIED, __VA_ARGS__),                                                     \
		vd_fail_in((err), VD_EDENIED, "%s", vd_refusal_name(refusal)))

/* ---- the form ---- */

static enum vd_status
check_usage(X509 *leaf, enum vd_refusal *why, struct vd_err *err)
{
	uint32_t flags = X509_get_extension_flags(leaf), usage = X509_get_key_usage(leaf);
	uint32_t purposes = X509_get_extended_key_usage(leaf);
	if ((flags & EXFLAG_INVALID) != 0)
		return REFUSE(VD_REFUSAL_MALFORMED, why, err, "extensions that cannot be read");
	if ((flags & EXFLAG_CA) != 0 || ((flags & EXFLAG_KUSAGE) != 0 && (usage & KU_KEY_CERT_SIGN) != 0))
		return REFUSE(VD_REFUSAL_CA, why, err, "it may sign certificates: nobody is one");
	if ((flags & EXFLAG_KUSAGE) == 0 || (usage & KU_DIGITAL_SIGNATURE) == 0)
		return REFUSE(VD_REFUSAL_KEY_USAGE, why, err, "its key usage lacks digitalSignature");
	if ((usage & KU_CRL_SIGN) != 0)
		return REFUSE(VD_REFUSAL_KEY_USAGE, why, err, "its key usage has cRLSign");
	if ((flags & EXFLAG_XKUSAGE) != 0 &&
		(purposes & (XKU_SSL_SERVER | XKU_SSL_CLIENT)) != (XKU_SSL_SERVER | XKU_SSL_CLIENT))
		return REFUSE(VD_REFUSAL_PURPOSE, why, err,
			"its extended key usage lacks serverAuth or clientAuth");
	if (X509_NAME_cmp(X509_get_subject_name(leaf), X509_get_issuer_name(leaf)) == 0)
		return REFUSE(VD_REFUSAL_SELF_ISSUED, why, err, "its subject is its issuer's");
	return VD_OK;
}

static enum vd_status
check_id(X509 *leaf, struct vd_peer *peer, enum vd_refusal *why, struct vd_err *err)
{
	char uri[VD_SPIFFE_URI_MAX + 1];
	size_t len = 0;
	struct vd_spiffe_id id;
	struct vd_err fault = VD_ERR_INIT;
	int n = vd_cert_uri(leaf, uri, &len);
	if (n < 0)
		return REFUSE(VD_REFUSAL_MALFORMED, why, err, "names that cannot be read");
	if (n == 0)
		return REFUSE(VD_REFUSAL_NO_URI, why, err, "it has no URI name");
	if (n > 1)
		return REFUSE(VD_REFUSAL_SEVERAL_URIS, why, err, "it has more than one URI name");
	if (vd_spiffe_id_parse((struct vd_str){uri, len}, &id, &fault) != VD_OK)
		return REFUSE(VD_REFUSAL_ID, why, err, "its URI is no SPIFFE id: %s", fault.text);
	if (id.path.len == 0)
		return REFUSE(VD_REFUSAL_ID, why, err, "its id has no path");
	if (len > VD_SPIFFE_ID_MAX)
		return REFUSE(
			VD_REFUSAL_ID, why, err, "its id has %zu bytes, at most %u", len, VD_SPIFFE_ID_MAX);
	memcpy(peer->spiffe_id, uri, len);
	struct vd_str instance, service;
	if (vd_spiffe_id_service(&id, &instance, &service))
		memcpy(peer->service, service.at, service.len); /* shorter than the id */
	return VD_OK;
}

enum vd_status
vd_verify_form(X509 *leaf, struct vd_peer *ret, enum vd_refusal *ret_refusal, struct vd_err *err)
{
	struct vd_peer peer = {.kind = VD_PEER_SVID,
		.expires_ms = vd_cert_ends_ms(leaf),
		.issued_ms = vd_cert_begins_ms(leaf)};
	if (!vd_cert_serial(leaf, peer.serial))
		return REFUSE(VD_REFUSAL_MALFORMED, ret_refusal, err,
			"its serial number is negative or has more than 20 bytes");
	enum vd_status st = check_usage(leaf, ret_refusal, err);
	if (st == VD_OK)
		st = check_id(leaf, &peer, ret_refusal, err);
	ERR_clear_error(); /* what reading broken extensions left */
	if (st == VD_OK)
		*ret = peer;
	return st;
}

/* ---- what is trusted ---- */

static struct vd_bundle *
bundle_of(const struct vd_trusted *trusted, const struct vd_peer *peer)
{
	struct vd_spiffe_id id;
	if (vd_spiffe_id_parse(vd_str_from(peer->spiffe_id), &id, NULL) != VD_OK)
		return NULL;
	for (size_t i = 0; i < trusted->n_bundles; i++)
		if (vd_str_eq(vd_bundle_trust_domain(trusted->bundles[i]), id.trust_domain))
			return trusted->bundles[i];
	return NULL;
}

/* Also where the end plus the allowance exceeds what a number holds. */
static bool
is_over(int64_t ends_ms, const struct vd_trusted *trusted)
{
	return ends_ms < trusted->now_ms && trusted->now_ms - ends_ms > trusted->skew_ms;
}

static bool
is_to_come(int64_t begins_ms, const struct vd_trusted *trusted)
{
	return begins_ms > trusted->now_ms && begins_ms - trusted->now_ms > trusted->skew_ms;
}

static enum vd_status
check_times(const struct vd_trusted *trusted, const struct vd_peer *peer, enum vd_refusal *why,
	struct vd_err *err)
{
	char text[VD_TIME_TEXT_MAX];
	if (peer->issued_ms == INT64_MAX || peer->expires_ms == INT64_MIN)
		return REFUSE(VD_REFUSAL_MALFORMED, why, err, "times that cannot be read");
	if (is_to_come(peer->issued_ms, trusted)) {
		(void)vd_time_format(peer->issued_ms, text);
		return REFUSE(VD_REFUSAL_NOT_YET_VALID, why, err, "%s begins at %s", peer->spiffe_id, text);
	}
	if (is_over(peer->expires_ms, trusted)) {
		(void)vd_time_format(peer->expires_ms, text);
		return REFUSE(VD_REFUSAL_EXPIRED, why, err, "%s ended at %s", peer->spiffe_id, text);
	}
	return VD_OK;
}

static enum vd_status
check_revoked(const struct vd_trusted *trusted, const struct vd_peer *peer, enum vd_refusal *why,
	struct vd_err *err)
{
	switch (vd_revoked_find(
		trusted->revoked, peer->serial, vd_str_from(peer->spiffe_id), peer->issued_ms)) {
	case VD_REVOKED_SERIAL:
		return REFUSE(VD_REFUSAL_REVOKED_SERIAL, why, err, "%s, certificate %s", peer->spiffe_id,
			peer->serial);
	case VD_REVOKED_ID:
		return REFUSE(VD_REFUSAL_REVOKED_ID, why, err, "%s", peer->spiffe_id);
	case VD_REVOKED_ID_BEFORE:
	case VD_REVOKED_BEFORE:
		return REFUSE(VD_REFUSAL_REVOKED_BEFORE, why, err, "%s, certificate %s was issued too early",
			peer->spiffe_id, peer->serial);
	case VD_REVOKED_NOT:
		break;
	}
	return VD_OK;
}

static enum vd_status
check_allowed(
	const struct vd_demand *demand, const struct vd_peer *peer, enum vd_refusal *why, struct vd_err *err)
{
	for (size_t i = 0; i < demand->n_allow; i++)
		if (strcmp(demand->allow[i], peer->spiffe_id) == 0)
			return VD_OK;
	return REFUSE(VD_REFUSAL_NOT_ALLOWED, why, err, "%s may not come in here", peer->spiffe_id);
}

/* ---- the chain ---- */

static int
allow_for_clocks(int ok, X509_STORE_CTX *store)
{
	const struct vd_trusted *trusted = X509_STORE_CTX_get_app_data(store);
	const X509 *cert = X509_STORE_CTX_get_current_cert(store);
	int fault = X509_STORE_CTX_get_error(store);
	if (ok == 1 || cert == NULL)
		return ok;
	if ((fault != X509_V_ERR_CERT_HAS_EXPIRED || is_over(vd_cert_ends_ms(cert), trusted)) &&
		(fault != X509_V_ERR_CERT_NOT_YET_VALID || is_to_come(vd_cert_begins_ms(cert), trusted)))
		return 0;
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

static enum vd_refusal
refusal_of(int fault)
{
	switch (fault) {
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return VD_REFUSAL_NOT_YET_VALID;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return VD_REFUSAL_EXPIRED;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return VD_REFUSAL_UNKNOWN_ISSUER;
	case X509_V_ERR_PERMITTED_VIOLATION:
	case X509_V_ERR_EXCLUDED_VIOLATION:
		return VD_REFUSAL_NAME_CONSTRAINT;
	default:
		return VD_REFUSAL_CHAIN;
	}
}

static bool
prepare(X509_STORE_CTX *store, const struct vd_bundle *bundle, X509 *leaf, struct stack_st_X509 *untrusted,
	bool server, const struct vd_trusted *trusted)
{
	if (X509_STORE_CTX_init(store, vd_bundle_store(bundle), leaf, untrusted) != 1 ||
		X509_STORE_CTX_set_purpose(
			store, server ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER) != 1 ||
		X509_STORE_CTX_set_app_data(store, (void *)(uintptr_t)trusted) != 1)
		return false;
	X509_VERIFY_PARAM *how = X509_STORE_CTX_get0_param(store);
	X509_VERIFY_PARAM_set_time(how, (time_t)(trusted->now_ms / 1000));
	X509_VERIFY_PARAM_set_auth_level(how, AUTH_LEVEL);
	X509_VERIFY_PARAM_set_depth(how, (int)VD_CHAIN_MAX);
	X509_STORE_CTX_set_verify_cb(store, allow_for_clocks);
	return X509_VERIFY_PARAM_set_flags(how, X509_V_FLAG_PARTIAL_CHAIN) == 1;
}

static enum vd_status
check_chain(const struct vd_trusted *trusted, X509 *leaf, struct stack_st_X509 *untrusted, bool server,
	struct vd_peer *peer, enum vd_refusal *why, struct vd_err *err)
{
	const struct vd_bundle *bundle = bundle_of(trusted, peer);
	if (bundle == NULL)
		return REFUSE(VD_REFUSAL_TRUST_DOMAIN, why, err, "%s: no bundle of its trust domain is here",
			peer->spiffe_id);
	X509_STORE_CTX *store = X509_STORE_CTX_new();
	enum vd_status st = VD_OK;
	if (store == NULL || !prepare(store, bundle, leaf, untrusted, server, trusted)) {
		st = REFUSE(VD_REFUSAL_CHAIN, why, err, "%s: the check failed", peer->spiffe_id);
	} else if (X509_verify_cert(store) != 1) {
		int fault = X509_STORE_CTX_get_error(store);
		st = REFUSE(refusal_of(fault), why, err, "%s: %s, at depth %d", peer->spiffe_id,
			X509_verify_cert_error_string(fault), X509_STORE_CTX_get_error_depth(store));
	} else {
		STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);
		if (!vd_cert_fingerprint(sk_X509_value(chain, sk_X509_num(chain) - 1), peer->anchor))
			st = REFUSE(
				VD_REFUSAL_CHAIN, why, err, "%s: no digest of its anchor", peer->spiffe_id);
	}
	X509_STORE_CTX_free(store);
	ERR_clear_error();
	return st;
}

/* ---- the whole ---- */

enum vd_status
vd_verify_peer(const struct vd_trusted *trusted, X509 *leaf, struct stack_st_X509 *untrusted, bool server,
	const struct vd_demand *demand, struct vd_peer *ret, enum vd_refusal *ret_refusal, struct vd_err *err)
{
	struct vd_peer peer;
	enum vd_status st;
	if (leaf == NULL)
		return REFUSE(VD_REFUSAL_NO_CERTIFICATE, ret_refusal, err, "no certificate was shown");
	if ((st = vd_verify_form(leaf, &peer, ret_refusal, err)) != VD_OK ||
		(st = check_times(trusted, &peer, ret_refusal, err)) != VD_OK ||
		(st = check_chain(trusted, leaf, untrusted, server, &peer, ret_refusal, err)) != VD_OK ||
		(st = check_revoked(trusted, &peer, ret_refusal, err)) != VD_OK ||
		(st = check_allowed(demand, &peer, ret_refusal, err)) != VD_OK)
		return st;
	*ret = peer;
	return VD_OK;
}

enum vd_status
vd_verify_again(const struct vd_trusted *trusted, const struct vd_peer *peer, enum vd_refusal *ret_refusal,
	struct vd_err *err)
{
	if (peer->kind != VD_PEER_SVID)
		return VD_OK;
	const struct vd_bundle *bundle = bundle_of(trusted, peer);
	if (bundle == NULL)
		return REFUSE(VD_REFUSAL_TRUST_DOMAIN, ret_refusal, err,
			"%s: no bundle of its trust domain is here", peer->spiffe_id);
	if (!vd_bundle_has(bundle, peer->anchor))
		return REFUSE(VD_REFUSAL_UNKNOWN_ISSUER, ret_refusal, err,
			"%s: the anchor of its chain is no longer in the bundle", peer->spiffe_id);
	enum vd_status st = check_times(trusted, peer, ret_refusal, err);
	return st == VD_OK ? check_revoked(trusted, peer, ret_refusal, err) : st;
}

enum vd_status
vd_verify_leaf(const struct vd_trusted *trusted, X509 *leaf, const uint8_t *anchor,
	const struct vd_demand *demand, struct vd_peer *ret, enum vd_refusal *ret_refusal, struct vd_err *err)
{
	struct vd_peer peer;
	if (leaf == NULL)
		return REFUSE(VD_REFUSAL_NO_CERTIFICATE, ret_refusal, err, "no certificate was shown");
	if (anchor == NULL)
		return REFUSE(VD_REFUSAL_UNKNOWN_ISSUER, ret_refusal, err, "its chain was never verified");
	enum vd_status st = vd_verify_form(leaf, &peer, ret_refusal, err);
	if (st != VD_OK)
		return st;
	memcpy(peer.anchor, anchor, sizeof peer.anchor);
	st = vd_verify_again(trusted, &peer, ret_refusal, err);
	if (st == VD_OK)
		st = check_allowed(demand, &peer, ret_refusal, err);
	if (st == VD_OK)
		*ret = peer;
	return st;
}
