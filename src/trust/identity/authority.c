#include "trust/identity/authority.h"

#include <stdio.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/mem.h"
#include "trust/identity/authority_folder.h"
#include "trust/identity/authority_parts.h"
#include "trust/identity/files.h"
#include "trust/identity/mint.h"

#define SECURITY_BITS 112 /* NIST SP 800-57: RSA of 2048 bits, curves of 224 */

struct vd_authority {
	uint32_t magic;
#define VD_AUTHORITY_MAGIC 0x61757468u
	struct vd_parts parts;
	char *folder; /* NULL: in memory only */
	int fd;       /* of the folder; -1 */
	char passphrase[VD_PASSPHRASE_MAX];
	size_t passphrase_len;
	bool public; /* without keys */
};

/* ---- life ---- */

void
vd_authority_free(struct vd_authority *authority)
{
	if (authority == NULL)
		return;
	vd_obj_check(authority, VD_AUTHORITY_MAGIC);
	vd_parts_fini(&authority->parts);
	vd_fd_close(&authority->fd);
	vd_mem_free(authority->folder);
	OPENSSL_cleanse(authority->passphrase, sizeof authority->passphrase);
	vd_obj_free(authority);
}

static struct vd_authority *
new_authority(void)
{
	struct vd_authority *authority = vd_obj_new(struct vd_authority, VD_AUTHORITY_MAGIC);
	if (authority != NULL)
		authority->fd = -1;
	return authority;
}

enum vd_status
vd_authority_new(const struct vd_authority_options *options, int64_t now_ms, struct vd_authority **ret,
	struct vd_err *err)
{
	VD_AUTO(vd_authority) authority = new_authority();
	if (authority == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for an authority");
	enum vd_status st = vd_parts_make(&authority->parts, options, now_ms, err);
	if (st == VD_OK)
		*ret = vd_authority_take(&authority);
	return st;
}

static struct vd_authority_folder
folder_of(const struct vd_authority *authority)
{
	return (struct vd_authority_folder){authority->folder, authority->fd,
		{authority->passphrase, authority->passphrase_len}, authority->public};
}

static enum vd_status
new_in_folder(
	const char *path, bool make, struct vd_str passphrase, struct vd_authority **ret, struct vd_err *err)
{
	if (passphrase.len > VD_PASSPHRASE_MAX)
		return vd_fail(err, VD_EINPUT, "a passphrase of %zu bytes: at most %u", passphrase.len,
			VD_PASSPHRASE_MAX);
	VD_AUTO(vd_authority) authority = new_authority();
	if (authority == NULL || (authority->folder = vd_mem_strdup(path)) == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for an authority");
	if (passphrase.len > 0)
		memcpy(authority->passphrase, passphrase.at, passphrase.len);
	authority->passphrase_len = passphrase.len;
	enum vd_status st = vd_folder_open(path, make, &authority->fd, err);
	if (st == VD_OK)
		*ret = vd_authority_take(&authority);
	return st;
}

/* Roots' keys stay in memory only while they are needed. */
static void
forget_root_keys(struct vd_parts *parts)
{
	for (size_t i = 0; i < VD_AUTHORITY_ROOTS_MAX; i++) {
		EVP_PKEY_free(parts->root_keys[i]);
		parts->root_keys[i] = NULL;
	}
}

/* With the lock held. */
static enum vd_status
create_locked(struct vd_authority *authority, const struct vd_authority_options *options, int64_t now_ms,
	struct vd_err *err)
{
	struct vd_authority_folder folder = folder_of(authority);
	struct vd_file_stamp stamp;
	enum vd_status st = vd_file_stamp(folder.fd, VD_AUTHORITY_FILE, &stamp, err);
	if (st == VD_OK)
		return vd_fail(err, VD_EEXIST, "%s: there is an authority already", folder.path);
	if (st != VD_ENOTFOUND)
		return vd_fail_in(err, st, "%s", folder.path);
	st = vd_parts_make(&authority->parts, options, now_ms, err);
	if (st != VD_OK)
		return st;
	authority->parts.state.revision = 1;
	authority->parts.state.sealed = authority->passphrase_len > 0;
	st = vd_authority_save(&folder, &authority->parts, err);
	forget_root_keys(&authority->parts);
	return st;
}

enum vd_status
vd_authority_create(const char *path, const struct vd_authority_options *options, struct vd_str passphrase,
	int64_t now_ms, struct vd_authority **ret, struct vd_err *err)
{
	VD_AUTO(vd_authority) authority = NULL;
	enum vd_status st = new_in_folder(path, true, passphrase, &authority, err);
	if (st != VD_OK)
		return st;
	struct vd_authority_folder folder = folder_of(authority);
	st = vd_authority_lock(&folder, err);
	if (st != VD_OK)
		return st;
	st = create_locked(authority, options, now_ms, err);
	vd_authority_unlock(&folder);
	if (st == VD_OK)
		*ret = vd_authority_take(&authority);
	return st;
}

static enum vd_status
open_in_folder(const char *path, struct vd_str passphrase, bool public, struct vd_authority **ret,
	struct vd_err *err)
{
	VD_AUTO(vd_authority) authority = NULL;
	enum vd_status st = new_in_folder(path, false, passphrase, &authority, err);
	if (st != VD_OK)
		return st;
	authority->public = public;
	struct vd_authority_folder folder = folder_of(authority);
	st = vd_authority_load(&folder, &authority->parts, err);
	if (st != VD_OK)
		return st;
	/* what a change that was cut short left behind */
	for (size_t i = 0; i < authority->parts.state.n_drops; i++)
		(void)unlinkat(folder.fd, authority->parts.state.drops[i], 0);
	*ret = vd_authority_take(&authority);
	return VD_OK;
}

enum vd_status
vd_authority_open(const char *path, struct vd_str passphrase, struct vd_authority **ret, struct vd_err *err)
{
	return open_in_folder(path, passphrase, false, ret, err);
}

enum vd_status
vd_authority_open_public(const char *path, struct vd_authority **ret, struct vd_err *err)
{
	return open_in_folder(path, VD_S(""), true, ret, err);
}

static enum vd_status
check_keys(const struct vd_authority *authority, struct vd_err *err)
{
	return authority->public ? vd_fail(err, VD_EDENIED, "the authority was opened without its keys")
				 : VD_OK;
}

struct vd_str
vd_authority_trust_domain(const struct vd_authority *authority)
{
	return vd_str_from(authority->parts.state.trust_domain);
}

struct vd_bundle *
vd_authority_bundle(const struct vd_authority *authority)
{
	return vd_bundle_ref(authority->parts.bundle);
}

/* ---- issuing ---- */

/* The end and the beginning of a leaf: whole seconds, within the intermediate's. */
static enum vd_status
set_times(struct vd_mint *what, const struct vd_parts *parts, const struct vd_svid_request *request,
	int64_t now_ms, struct vd_err *err)
{
	int64_t life_ms = request->life_ms == 0 ? VD_SVID_LIFE_MS : request->life_ms;
	if (life_ms < 1000 || now_ms > INT64_MAX - life_ms)
		return vd_fail(err, VD_EINPUT, "a certificate lives at least a second");
	if (request->earliest_ms < 0 || request->earliest_ms > now_ms + life_ms)
		return vd_fail(err, VD_EINPUT, "a certificate would end before it may begin");
	what->begins_ms = VD_MAX(now_ms - VD_BACKDATE_MS, (request->earliest_ms + 999) / 1000 * 1000);
	what->ends_ms = VD_MIN(now_ms + life_ms, vd_cert_ends_ms(parts->intermediate));
	if (what->ends_ms <= now_ms || what->ends_ms <= what->begins_ms)
		return vd_fail(err, VD_EAGAIN,
			"the intermediate has ended, or will before the certificate "
			"begins: rotate it");
	return VD_OK;
}

enum vd_status
vd_authority_issue(const struct vd_authority *authority, EVP_PKEY *key, const struct vd_svid_request *request,
	int64_t now_ms, struct stack_st_X509 **ret, struct vd_err *err)
{
	const struct vd_parts *parts = &authority->parts;
	char uri[VD_SPIFFE_ID_MAX + 1], name[VD_SPIFFE_NAME_MAX + 1];
	vd_obj_check(authority, VD_AUTHORITY_MAGIC);
	enum vd_status st = check_keys(authority, err);
	if (st == VD_OK)
		st = vd_spiffe_id_format(vd_str_from(parts->state.trust_domain), request->instance,
			request->service, uri, err);
	if (st != VD_OK)
		return st;
	if (EVP_PKEY_get_security_bits(key) < SECURITY_BITS)
		return vd_fail(err, VD_EINPUT, "the key of %s is too weak", uri);
	(void)snprintf(name, sizeof name, "%.*s", (int)request->service.len, request->service.at);
	struct vd_mint what = {.name = name,
		.uri = uri,
		.dns = request->dns,
		.n_dns = request->n_dns,
		.addresses = request->addresses,
		.n_addresses = request->n_addresses,
		.path_length = -1,
		.issuer = parts->intermediate,
		.issuer_key = parts->intermediate_key};
	st = set_times(&what, parts, request, now_ms, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "%s", uri);
	VD_AUTO(x509_st) leaf = NULL;
	VD_AUTO(stack_st_X509) chain = sk_X509_new_null();
	st = vd_mint(&what, key, &leaf, err);
	if (st != VD_OK)
		return st;
	if (chain == NULL || X509_add_cert(chain, leaf, X509_ADD_FLAG_UP_REF) != 1 ||
		X509_add_cert(chain, parts->intermediate, X509_ADD_FLAG_UP_REF) != 1)
		return vd_crypto_fail(err, VD_EIO, "the chain of %s", uri);
	*ret = stack_st_X509_take(&chain);
	return VD_OK;
}

enum vd_status
vd_authority_issue_svid(const struct vd_authority *authority, const struct vd_svid_request *request,
	int64_t now_ms, struct vd_svid **ret, struct vd_err *err)
{
	VD_AUTO(evp_pkey_st) key = NULL;
	VD_AUTO(stack_st_X509) chain = NULL;
	enum vd_status st = vd_key_new(&key, err);
	if (st == VD_OK)
		st = vd_authority_issue(authority, key, request, now_ms, &chain, err);
	return st == VD_OK ? vd_svid_new(chain, key, authority->parts.bundle, now_ms, ret, err) : st;
}

/* ---- rotation ---- */

unsigned
vd_authority_due(const struct vd_authority *authority, int64_t now_ms)
{
	return vd_parts_due(&authority->parts, now_ms);
}

/* The root that will sign the new intermediate, where steps make one. */
static enum vd_status
fetch_root_key(
	const struct vd_authority_folder *folder, struct vd_parts *parts, unsigned steps, struct vd_err *err)
{
	bool uses = (steps & VD_ROTATE_USE_ROOT) != 0;
	if (!uses && (steps & VD_ROTATE_INTERMEDIATE) == 0)
		return VD_OK;
	size_t i = vd_parts_root(parts, uses ? VD_ROOT_NEXT : VD_ROOT_SIGNING);
	if (i == parts->state.n_roots)
		return VD_OK; /* it is made in the same change, or that says what is missing */
	return vd_authority_load_root_key(folder, parts, i, err);
}

/* With the lock held: on what the folder says now. */
static enum vd_status
rotate_folder(const struct vd_authority_folder *folder, unsigned steps, int64_t now_ms,
	struct vd_parts *parts, struct vd_err *err)
{
	enum vd_status st = vd_authority_load(folder, parts, err);
	if (st == VD_OK)
		st = fetch_root_key(folder, parts, steps, err);
	if (st == VD_OK)
		st = vd_parts_rotate(parts, steps, now_ms, err);
	if (st == VD_OK)
		st = vd_authority_save(folder, parts, err);
	forget_root_keys(parts);
	return st;
}

enum vd_status
vd_authority_rotate(struct vd_authority *authority, unsigned steps, int64_t now_ms, struct vd_err *err)
{
	vd_obj_check(authority, VD_AUTHORITY_MAGIC);
	struct vd_authority_folder folder = folder_of(authority);
	struct vd_parts parts = {0};
	enum vd_status st = check_keys(authority, err);
	if (st != VD_OK)
		return st;
	if (authority->folder == NULL) {
		vd_parts_copy(&parts, &authority->parts);
		st = vd_parts_rotate(&parts, steps, now_ms, err);
	} else {
		st = vd_authority_lock(&folder, err);
		if (st != VD_OK)
			return st;
		st = rotate_folder(&folder, steps, now_ms, &parts, err);
		vd_authority_unlock(&folder);
	}
	if (st != VD_OK) {
		vd_parts_fini(&parts);
		return st;
	}
	vd_parts_fini(&authority->parts);
	authority->parts = parts;
	return VD_OK;
}

enum vd_status
vd_authority_refresh(struct vd_authority *authority, bool *ret_changed, struct vd_err *err)
{
	vd_obj_check(authority, VD_AUTHORITY_MAGIC);
	struct vd_authority_folder folder = folder_of(authority);
	struct vd_authority_state state;
	struct vd_parts parts;
	*ret_changed = false;
	if (authority->folder == NULL)
		return VD_OK;
	enum vd_status st = vd_authority_load_state(&folder, &state, err);
	if (st != VD_OK || state.revision == authority->parts.state.revision)
		return st;
	st = vd_authority_load(&folder, &parts, err);
	if (st != VD_OK)
		return st;
	vd_parts_fini(&authority->parts);
	authority->parts = parts;
	*ret_changed = true;
	return VD_OK;
}

/* ---- showing ---- */

bool
vd_authority_peek(const struct vd_authority *authority, size_t i, struct vd_authority_part *ret)
{
	const struct vd_parts *parts = &authority->parts;
	if (i > parts->state.n_roots)
		return false;
	*ret = i == parts->state.n_roots
		       ? (struct vd_authority_part){"intermediate", "signing", parts->intermediate}
		       : (struct vd_authority_part){
				 "root", vd_root_role_name(parts->state.roots[i].role), parts->roots[i]};
	return true;
}
