#include "trust/identity/authority_folder.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "trust/identity/files.h"

#define LOOKS_MAX 4 /* at a folder that changes meanwhile */

enum vd_status
vd_authority_lock(const struct vd_authority_folder *folder, struct vd_err *err)
{
	if (flock(folder->fd, LOCK_EX | LOCK_NB) == 0)
		return VD_OK;
	if (errno == EWOULDBLOCK)
		return vd_fail(err, VD_EAGAIN, "%s: another process is changing it", folder->path);
	return vd_fail(err, VD_EIO, "%s: %s", folder->path, strerrordesc_np(errno));
}

void
vd_authority_unlock(const struct vd_authority_folder *folder)
{
	(void)flock(folder->fd, LOCK_UN);
}

/* ---- reading ---- */

enum vd_status
vd_authority_load_state(
	const struct vd_authority_folder *folder, struct vd_authority_state *ret, struct vd_err *err)
{
	VD_CLEANUP(vd_secret_fini) struct vd_buf text;
	vd_buf_init(&text, 0);
	enum vd_status st = vd_file_read(
		folder->fd, VD_AUTHORITY_FILE, VD_AUTHORITY_STATE_MAX, VD_FILE_SECRET, &text, err);
	if (st == VD_OK)
		st = vd_authority_state_read(vd_buf_view(&text), ret, err);
	return st == VD_OK ? VD_OK : vd_fail_in(err, st, "%s", folder->path);
}

static enum vd_status
load_cert(const struct vd_authority_folder *folder, const char *kind, const char *serial, X509 **ret,
	struct vd_err *err)
{
	char name[VD_AUTHORITY_FILE_MAX], found[VD_SERIAL_MAX];
	VD_CLEANUP(vd_secret_fini) struct vd_buf text;
	VD_AUTO(stack_st_X509) certs = NULL;
	vd_buf_init(&text, 0);
	vd_authority_file_name(kind, serial, "pem", name);
	enum vd_status st = vd_file_read(folder->fd, name, VD_PEM_MAX, VD_FILE_SECRET, &text, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "%s", folder->path);
	st = vd_certs_read(vd_buf_view(&text), 1, &certs, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "%s/%s", folder->path, name);
	if (!vd_cert_serial(sk_X509_value(certs, 0), found) || strcmp(found, serial) != 0)
		return vd_fail(err, VD_EINPUT, "%s/%s holds another certificate", folder->path, name);
	*ret = sk_X509_pop(certs);
	return VD_OK;
}

static enum vd_status
load_key(const struct vd_authority_folder *folder, const char *kind, const char *serial, X509 *cert,
	EVP_PKEY **ret, struct vd_err *err)
{
	char name[VD_AUTHORITY_FILE_MAX];
	VD_CLEANUP(vd_secret_fini) struct vd_buf text;
	VD_AUTO(evp_pkey_st) key = NULL;
	vd_buf_init(&text, 0);
	vd_authority_file_name(kind, serial, "key", name);
	enum vd_status st = vd_file_read(folder->fd, name, VD_PEM_MAX, VD_FILE_SECRET, &text, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "%s", folder->path);
	st = vd_key_read(vd_buf_view(&text), folder->passphrase, &key, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "%s/%s", folder->path, name);
	if (X509_check_private_key(cert, key) != 1)
		return vd_crypto_fail(
			err, VD_EINPUT, "%s/%s is the key of another certificate", folder->path, name);
	*ret = evp_pkey_st_take(&key);
	return VD_OK;
}

enum vd_status
vd_authority_load_root_key(
	const struct vd_authority_folder *folder, struct vd_parts *parts, size_t i, struct vd_err *err)
{
	if (parts->root_keys[i] != NULL)
		return VD_OK;
	return load_key(
		folder, "root", parts->state.roots[i].serial, parts->roots[i], &parts->root_keys[i], err);
}

/* The certificates of the folder fit each other: one of its roots signed the intermediate. */
static enum vd_status
check_chain(const struct vd_authority_folder *folder, const struct vd_parts *parts, struct vd_err *err)
{
	size_t signing = vd_parts_root(parts, VD_ROOT_SIGNING);
	EVP_PKEY *key = X509_get0_pubkey(parts->roots[signing]);
	if (key == NULL || X509_verify(parts->intermediate, key) != 1)
		return vd_crypto_fail(
			err, VD_EINPUT, "%s: the intermediate is not of the signing root", folder->path);
	return VD_OK;
}

static enum vd_status
load_parts(const struct vd_authority_folder *folder, struct vd_parts *parts, struct vd_err *err)
{
	const struct vd_authority_state *state = &parts->state;
	enum vd_status st = VD_OK;
	for (size_t i = 0; st == VD_OK && i < state->n_roots; i++)
		st = load_cert(folder, "root", state->roots[i].serial, &parts->roots[i], err);
	if (st == VD_OK)
		st = load_cert(folder, "intermediate", state->intermediate, &parts->intermediate, err);
	if (st == VD_OK)
		st = check_chain(folder, parts, err);
	if (st == VD_OK && !folder->public)
		st = load_key(folder, "intermediate", state->intermediate, parts->intermediate,
			&parts->intermediate_key, err);
	if (st != VD_OK)
		return st;
	st = vd_parts_bundle(parts, err);
	return st == VD_OK ? VD_OK : vd_fail_in(err, st, "%s", folder->path);
}

/* What the state says, in files that another process may be replacing. */
static enum vd_status
load_once(const struct vd_authority_folder *folder, const struct vd_authority_state *state,
	struct vd_parts *ret, struct vd_err *err)
{
	struct vd_parts parts = {.state = *state};
	enum vd_status st;
	if (parts.state.sealed && folder->passphrase.len == 0 && !folder->public)
		return vd_fail(err, VD_EDENIED, "%s: its keys are sealed: a passphrase or key file is needed",
			folder->path);
	if (!parts.state.sealed && folder->passphrase.len > 0)
		return vd_fail(err, VD_EINPUT, "%s: its keys are not sealed: leave the passphrase out",
			folder->path);
	st = load_parts(folder, &parts, err);
	if (st == VD_OK)
		*ret = parts;
	else
		vd_parts_fini(&parts);
	return st;
}

enum vd_status
vd_authority_load(const struct vd_authority_folder *folder, struct vd_parts *ret, struct vd_err *err)
{
	struct vd_authority_state state, after;
	enum vd_status st = vd_authority_load_state(folder, &state, err);
	for (unsigned look = 0; st == VD_OK && look < LOOKS_MAX; look++) {
		st = load_once(folder, &state, ret, err);
		if (st != VD_ENOTFOUND || vd_authority_load_state(folder, &after, NULL) != VD_OK ||
			after.revision == state.revision)
			return st;
		state = after; /* a rotation removed what the state named */
		st = VD_OK;
	}
	return st == VD_OK ? vd_fail(err, VD_EAGAIN, "%s changes while it is read", folder->path) : st;
}

/* ---- writing ---- */

static bool
is_there(const struct vd_authority_folder *folder, const char *name)
{
	struct vd_file_stamp stamp;
	return vd_file_stamp(folder->fd, name, &stamp, NULL) == VD_OK;
}

static enum vd_status
save_cert(const struct vd_authority_folder *folder, const char *kind, const char *serial, const X509 *cert,
	struct vd_err *err)
{
	char name[VD_AUTHORITY_FILE_MAX];
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	vd_authority_file_name(kind, serial, "pem", name);
	if (is_there(folder, name))
		return VD_OK;
	if (!vd_cert_write(cert, &text))
		return vd_crypto_fail(err, VD_ENOMEM, "writing %s", name);
	return vd_file_write(folder->fd, name, vd_buf_view(&text), 0600, err);
}

static enum vd_status
save_key(const struct vd_authority_folder *folder, const char *kind, const char *serial, const EVP_PKEY *key,
	struct vd_err *err)
{
	char name[VD_AUTHORITY_FILE_MAX];
	VD_CLEANUP(vd_secret_fini) struct vd_buf text;
	vd_buf_init(&text, 0);
	vd_authority_file_name(kind, serial, "key", name);
	if (key == NULL || is_there(folder, name))
		return VD_OK;
	enum vd_status st = vd_key_write(key, folder->passphrase, &text, err);
	return st == VD_OK ? vd_file_write(folder->fd, name, vd_buf_view(&text), 0600, err) : st;
}

static enum vd_status
save_state(
	const struct vd_authority_folder *folder, const struct vd_authority_state *state, struct vd_err *err)
{
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, VD_AUTHORITY_STATE_MAX);
	vd_authority_state_write(state, &text);
	if (text.failed)
		return vd_fail(err, VD_ENOMEM, "no memory for %s", VD_AUTHORITY_FILE);
	return vd_file_write(folder->fd, VD_AUTHORITY_FILE, vd_buf_view(&text), 0600, err);
}

enum vd_status
vd_authority_save(const struct vd_authority_folder *folder, const struct vd_parts *parts, struct vd_err *err)
{
	const struct vd_authority_state *state = &parts->state;
	enum vd_status st = VD_OK;
	for (size_t i = 0; st == VD_OK && i < state->n_roots; i++) {
		st = save_cert(folder, "root", state->roots[i].serial, parts->roots[i], err);
		if (st == VD_OK)
			st = save_key(folder, "root", state->roots[i].serial, parts->root_keys[i], err);
	}
	if (st == VD_OK)
		st = save_cert(folder, "intermediate", state->intermediate, parts->intermediate, err);
	if (st == VD_OK)
		st = save_key(folder, "intermediate", state->intermediate, parts->intermediate_key, err);
	if (st == VD_OK)
		st = save_state(folder, state, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "%s", folder->path);
	/* a crash before the end leaves them to the next that opens the folder */
	for (size_t i = 0; i < state->n_drops; i++)
		(void)unlinkat(folder->fd, state->drops[i], 0);
	return VD_OK;
}
