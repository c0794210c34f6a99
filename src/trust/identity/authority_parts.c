#include "trust/identity/authority_parts.h"

#include <stdio.h>

#include "trust/identity/mint.h"
#include "trust/identity/verify.h"

#define LIVES_MIN 4 /* lives of an intermediate in that of a root: a next root is made two before the end */
#define LIFE_MIN_MS (2 * (int64_t)VD_HOUR_MS)
#define LIFE_MAX_MS (36500 * (int64_t)VD_DAY_MS)
#define ROOT_PATH_LENGTH 1
#define INTERMEDIATE_PATH_LENGTH 0

void
vd_parts_fini(struct vd_parts *parts)
{
	for (size_t i = 0; i < VD_AUTHORITY_ROOTS_MAX; i++) {
		X509_free(parts->roots[i]);
		EVP_PKEY_free(parts->root_keys[i]);
	}
	X509_free(parts->intermediate);
	EVP_PKEY_free(parts->intermediate_key);
	vd_bundle_unref(parts->bundle);
	*parts = (struct vd_parts){0};
}

static EVP_PKEY *
key_ref(EVP_PKEY *key)
{
	if (key != NULL)
		(void)EVP_PKEY_up_ref(key);
	return key;
}

static X509 *
cert_ref(X509 *cert)
{
	if (cert != NULL)
		(void)X509_up_ref(cert);
	return cert;
}

void
vd_parts_copy(struct vd_parts *to, const struct vd_parts *from)
{
	*to = *from;
	for (size_t i = 0; i < VD_AUTHORITY_ROOTS_MAX; i++) {
		(void)cert_ref(to->roots[i]);
		(void)key_ref(to->root_keys[i]);
	}
	(void)cert_ref(to->intermediate);
	(void)key_ref(to->intermediate_key);
	(void)vd_bundle_ref(to->bundle);
}

size_t
vd_parts_root(const struct vd_parts *parts, enum vd_root_role role)
{
	size_t i = 0;
	while (i < parts->state.n_roots && parts->state.roots[i].role != role)
		i++;
	return i;
}

enum vd_status
vd_parts_bundle(struct vd_parts *parts, struct vd_err *err)
{
	struct vd_bundle *bundle;
	struct stack_st_X509 *roots = sk_X509_new_null(); /* borrows */
	bool pushed = roots != NULL;
	for (size_t i = 0; pushed && i < parts->state.n_roots; i++)
		pushed = sk_X509_push(roots, parts->roots[i]) > 0;
	enum vd_status st = pushed ? vd_bundle_new(vd_str_from(parts->state.trust_domain), roots,
					     parts->state.sequence, &bundle, err)
				   : vd_crypto_fail(err, VD_EIO, "a bundle");
	sk_X509_free(roots);
	if (st != VD_OK)
		return st;
	vd_bundle_unref(parts->bundle);
	parts->bundle = bundle;
	return VD_OK;
}

/* ---- making ---- */

/* kind: "root" or "intermediate"; the name is drawn from the key, so that no two of a kind share one. */
static enum vd_status
mint_signer(const struct vd_authority_state *state, const char *kind, struct vd_mint *what, EVP_PKEY *key,
	X509 **ret, char serial[VD_SERIAL_MAX], struct vd_err *err)
{
	char name[64], uri[sizeof "spiffe://" + VD_TRUST_DOMAIN_MAX];
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	VD_AUTO(x509_st) probe = X509_new(); /* a carrier of the key, for its digest */
	if (probe == NULL || X509_set_pubkey(probe, key) != 1 ||
		X509_pubkey_digest(probe, EVP_sha256(), digest, &n) != 1)
		return vd_crypto_fail(err, VD_EIO, "naming the %s", kind);
	(void)snprintf(name, sizeof name, "Vedette %s %02x%02x%02x%02x", kind, digest[0], digest[1],
		digest[2], digest[3]);
	(void)snprintf(uri, sizeof uri, "spiffe://%s", state->trust_domain);
	what->name = name;
	what->uri = uri;
	what->permitted = state->constrained ? state->trust_domain : NULL;
	VD_AUTO(x509_st) cert = NULL;
	enum vd_status st = vd_mint(what, key, &cert, err);
	if (st != VD_OK)
		return st;
	if (!vd_cert_serial(cert, serial))
		return vd_fail(err, VD_EIO, "a serial number that cannot be written");
	*ret = x509_st_take(&cert);
	return VD_OK;
}

static enum vd_status
add_root(struct vd_parts *parts, enum vd_root_role role, int64_t now_ms, struct vd_err *err)
{
	struct vd_authority_state *state = &parts->state;
	VD_AUTO(evp_pkey_st) key = NULL;
	VD_AUTO(x509_st) cert = NULL;
	struct vd_root_state root = {.role = role, .added_ms = now_ms, .until_ms = INT64_MIN};
	if (state->n_roots == VD_AUTHORITY_ROOTS_MAX)
		return vd_fail(err, VD_ELIMIT, "%u roots are in the bundle: wait until old ones have ended",
			VD_AUTHORITY_ROOTS_MAX);
	enum vd_status st = vd_key_new(&key, err);
	if (st != VD_OK)
		return st;
	struct vd_mint what = {.begins_ms = now_ms - VD_BACKDATE_MS,
		.ends_ms = now_ms + state->root_life_ms,
		.path_length = ROOT_PATH_LENGTH,
		.issuer_key = key};
	st = mint_signer(state, "root", &what, key, &cert, root.serial, err);
	if (st != VD_OK)
		return st;
	size_t i = state->n_roots++;
	state->roots[i] = root;
	state->sequence++;
	parts->roots[i] = x509_st_take(&cert);
	parts->root_keys[i] = evp_pkey_st_take(&key);
	return vd_parts_bundle(parts, err);
}

static void
drop_file(struct vd_authority_state *state, const char *kind, const char *serial, const char *ending)
{
	if (state->n_drops < VD_AUTHORITY_DROPS_MAX)
		vd_authority_file_name(kind, serial, ending, state->drops[state->n_drops++]);
}

static enum vd_status
new_intermediate(struct vd_parts *parts, int64_t now_ms, struct vd_err *err)
{
	struct vd_authority_state *state = &parts->state;
	size_t i = vd_parts_root(parts, VD_ROOT_SIGNING);
	VD_AUTO(evp_pkey_st) key = NULL;
	VD_AUTO(x509_st) cert = NULL;
	char serial[VD_SERIAL_MAX];
	int64_t root_ends_ms = vd_cert_ends_ms(parts->roots[i]);
	if (root_ends_ms <= now_ms)
		return vd_fail(
			err, VD_EDENIED, "the root has ended: add a next one (trust rotate --root --now)");
	if (parts->root_keys[i] == NULL)
		return vd_fail(err, VD_ENOTFOUND, "the key of the signing root is not at hand");
	enum vd_status st = vd_key_new(&key, err);
	if (st != VD_OK)
		return st;
	struct vd_mint what = {.begins_ms = now_ms - VD_BACKDATE_MS,
		.ends_ms = VD_MIN(now_ms + state->intermediate_life_ms, root_ends_ms),
		.path_length = INTERMEDIATE_PATH_LENGTH,
		.issuer = parts->roots[i],
		.issuer_key = parts->root_keys[i]};
	st = mint_signer(state, "intermediate", &what, key, &cert, serial, err);
	if (st != VD_OK)
		return st;
	if (state->intermediate[0] != '\0') {
		drop_file(state, "intermediate", state->intermediate, "pem");
		drop_file(state, "intermediate", state->intermediate, "key");
	}
	memcpy(state->intermediate, serial, sizeof serial);
	state->roots[i].until_ms = VD_MAX(state->roots[i].until_ms, vd_cert_ends_ms(cert));
	X509_free(parts->intermediate);
	EVP_PKEY_free(parts->intermediate_key);
	parts->intermediate = x509_st_take(&cert);
	parts->intermediate_key = evp_pkey_st_take(&key);
	return VD_OK;
}

static enum vd_status
check_lives(const struct vd_authority_state *state, struct vd_err *err)
{
	int64_t root = state->root_life_ms, intermediate = state->intermediate_life_ms;
	if (intermediate < LIFE_MIN_MS || root > LIFE_MAX_MS)
		return vd_fail(err, VD_EINPUT,
			"an intermediate lives at least two hours, a root at most 36500 days");
	if (root / LIVES_MIN < intermediate)
		return vd_fail(err, VD_EINPUT, "a root lives at least %d times as long as an intermediate",
			LIVES_MIN);
	return VD_OK;
}

enum vd_status
vd_parts_make(
	struct vd_parts *ret, const struct vd_authority_options *options, int64_t now_ms, struct vd_err *err)
{
	struct vd_parts parts = {.state = {
					 .constrained = !options->unconstrained,
					 .root_life_ms = options->root_life_ms,
					 .intermediate_life_ms = options->intermediate_life_ms,
				 }};
	struct vd_str domain = vd_str_from(options->trust_domain);
	if (parts.state.root_life_ms == 0)
		parts.state.root_life_ms = VD_ROOT_LIFE_MS;
	if (parts.state.intermediate_life_ms == 0)
		parts.state.intermediate_life_ms = VD_INTERMEDIATE_LIFE_MS;
	enum vd_status st = vd_trust_domain_check(domain, err);
	if (st != VD_OK || (st = check_lives(&parts.state, err)) != VD_OK)
		return st;
	memcpy(parts.state.trust_domain, domain.at, domain.len);
	st = add_root(&parts, VD_ROOT_SIGNING, now_ms, err);
	if (st == VD_OK)
		st = new_intermediate(&parts, now_ms, err);
	if (st == VD_OK)
		*ret = parts;
	else
		vd_parts_fini(&parts);
	return st;
}

/* ---- rotation ---- */

static bool
is_over(const struct vd_root_state *root, int64_t now_ms)
{
	return root->role == VD_ROOT_OLD &&
	       (root->until_ms == INT64_MIN || root->until_ms + VD_SKEW_MS < now_ms);
}

static bool
is_spread(const struct vd_root_state *root, int64_t now_ms)
{
	return now_ms - root->added_ms >= VD_BUNDLE_SPREAD_MS;
}

unsigned
vd_parts_due(const struct vd_parts *parts, int64_t now_ms)
{
	const struct vd_authority_state *state = &parts->state;
	size_t signing = vd_parts_root(parts, VD_ROOT_SIGNING), next = vd_parts_root(parts, VD_ROOT_NEXT);
	int64_t begins_ms = vd_cert_begins_ms(parts->intermediate),
		ends_ms = vd_cert_ends_ms(parts->intermediate);
	unsigned due = 0;
	if (next < state->n_roots && is_spread(&state->roots[next], now_ms))
		due |= VD_ROTATE_USE_ROOT;
	if (next == state->n_roots &&
		vd_cert_ends_ms(parts->roots[signing]) - now_ms < 2 * state->intermediate_life_ms)
		due |= VD_ROTATE_NEXT_ROOT;
	if (now_ms >= begins_ms + (ends_ms - begins_ms) / 2)
		due |= VD_ROTATE_INTERMEDIATE;
	for (size_t i = 0; i < state->n_roots; i++)
		if (is_over(&state->roots[i], now_ms))
			due |= VD_ROTATE_PRUNE;
	return due;
}

static enum vd_status
use_root(struct vd_parts *parts, bool now, int64_t now_ms, struct vd_err *err)
{
	struct vd_authority_state *state = &parts->state;
	size_t signing = vd_parts_root(parts, VD_ROOT_SIGNING), next = vd_parts_root(parts, VD_ROOT_NEXT);
	if (next == state->n_roots)
		return vd_fail(err, VD_ENOTFOUND, "there is no next root to use");
	if (!now && !is_spread(&state->roots[next], now_ms))
		return vd_fail(err, VD_EAGAIN,
			"the next root is in the bundle for less than a day: not all know it");
	state->roots[signing].role = VD_ROOT_OLD;
	state->roots[next].role = VD_ROOT_SIGNING;
	EVP_PKEY_free(parts->root_keys[signing]);
	parts->root_keys[signing] = NULL;
	drop_file(state, "root", state->roots[signing].serial, "key");
	return new_intermediate(parts, now_ms, err);
}

static enum vd_status
prune(struct vd_parts *parts, bool now, int64_t now_ms, struct vd_err *err)
{
	struct vd_authority_state *state = &parts->state;
	size_t kept = 0, n = state->n_roots;
	for (size_t i = 0; i < n; i++) {
		struct vd_root_state root = state->roots[i];
		X509 *cert = parts->roots[i];
		EVP_PKEY *key = parts->root_keys[i];
		parts->roots[i] = NULL;
		parts->root_keys[i] = NULL;
		if (root.role == VD_ROOT_OLD && (now || is_over(&root, now_ms))) {
			drop_file(state, "root", root.serial, "pem");
			X509_free(cert);
			EVP_PKEY_free(key);
			continue;
		}
		state->roots[kept] = root;
		parts->roots[kept] = cert;
		parts->root_keys[kept++] = key;
	}
	if (kept == n)
		return VD_OK;
	state->n_roots = kept;
	state->sequence++;
	return vd_parts_bundle(parts, err);
}

enum vd_status
vd_parts_rotate(struct vd_parts *parts, unsigned steps, int64_t now_ms, struct vd_err *err)
{
	bool now = (steps & VD_ROTATE_NOW) != 0;
	enum vd_status st = VD_OK;
	parts->state.n_drops = 0;
	parts->state.revision++;
	if ((steps & VD_ROTATE_NEXT_ROOT) != 0)
		st = vd_parts_root(parts, VD_ROOT_NEXT) < parts->state.n_roots
			     ? vd_fail(err, VD_EEXIST, "there is a next root already")
			     : add_root(parts, VD_ROOT_NEXT, now_ms, err);
	if (st == VD_OK && (steps & VD_ROTATE_USE_ROOT) != 0)
		st = use_root(parts, now, now_ms, err);
	else if (st == VD_OK && (steps & VD_ROTATE_INTERMEDIATE) != 0)
		st = new_intermediate(parts, now_ms, err);
	if (st == VD_OK && (steps & VD_ROTATE_PRUNE) != 0)
		st = prune(parts, now, now_ms, err);
	return st;
}
