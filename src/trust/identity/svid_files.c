#include "trust/identity/svid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOKS_MAX 4 /* a writer that swaps more often than that while we read is no writer of certificates */
#define CURRENT ".current"
#define VERSION_PREFIX ".svid-"
#define VERSION_MAX (sizeof VERSION_PREFIX + VD_SERIAL_MAX)

static const char *const names[] = {"svid.pem", "key.pem", "bundle.pem"};

/* ---- loading ---- */

static bool
is_one_file(const struct vd_svid_paths *paths)
{
	return paths->key == NULL || strcmp(paths->key, paths->svid) == 0;
}

bool
vd_svid_stamps_eq(const struct vd_svid_stamps *a, const struct vd_svid_stamps *b)
{
	return vd_file_stamp_eq(&a->svid, &b->svid) && vd_file_stamp_eq(&a->key, &b->key) &&
	       vd_file_stamp_eq(&a->bundle, &b->bundle);
}

enum vd_status
vd_svid_stamps(const struct vd_svid_paths *paths, struct vd_svid_stamps *ret, struct vd_err *err)
{
	struct vd_svid_stamps stamps;
	enum vd_status st = vd_file_stamp(AT_FDCWD, paths->svid, &stamps.svid, err);
	if (st == VD_OK)
		st = vd_file_stamp(AT_FDCWD, is_one_file(paths) ? paths->svid : paths->key, &stamps.key, err);
	if (st == VD_OK)
		st = vd_file_stamp(AT_FDCWD, paths->bundle, &stamps.bundle, err);
	if (st == VD_OK)
		*ret = stamps;
	return st;
}

static enum vd_status
load_once(const struct vd_svid_paths *paths, int64_t now_ms, struct vd_svid **ret, struct vd_err *err)
{
	VD_CLEANUP(vd_secret_fini) struct vd_buf svid, key, bundle;
	bool one = is_one_file(paths);
	vd_buf_init(&svid, 0);
	vd_buf_init(&key, 0);
	vd_buf_init(&bundle, 0);
	enum vd_status st = vd_file_read(
		AT_FDCWD, paths->svid, VD_PEM_MAX, one ? VD_FILE_MOUNTED : VD_FILE_PUBLIC, &svid, err);
	if (st == VD_OK && !one)
		st = vd_file_read(AT_FDCWD, paths->key, VD_PEM_MAX, VD_FILE_MOUNTED, &key, err);
	if (st == VD_OK)
		st = vd_file_read(AT_FDCWD, paths->bundle, VD_PEM_MAX, VD_FILE_PUBLIC, &bundle, err);
	if (st != VD_OK)
		return st;
	const struct vd_svid_texts texts = {.svid = vd_buf_view(&svid),
		.key = vd_buf_view(one ? &svid : &key),
		.bundle = vd_buf_view(&bundle)};
	st = vd_svid_read(&texts, now_ms, ret, err);
	return st == VD_OK ? VD_OK : vd_fail_in(err, st, "%s", paths->svid);
}

enum vd_status
vd_svid_load(const struct vd_svid_paths *paths, int64_t now_ms, struct vd_svid **ret, struct vd_err *err)
{
	for (unsigned look = 0; look < LOOKS_MAX; look++) {
		struct vd_svid_stamps before, after;
		VD_AUTO(vd_svid) svid = NULL;
		enum vd_status st = vd_svid_stamps(paths, &before, err);
		if (st != VD_OK)
			return st;
		st = load_once(paths, now_ms, &svid, err);
		if (st == VD_ENOMEM)
			return st;
		enum vd_status seen = vd_svid_stamps(paths, &after, NULL);
		if (seen != VD_OK || !vd_svid_stamps_eq(&before, &after))
			continue; /* swapped meanwhile: what was read may be of two versions */
		if (st == VD_OK)
			*ret = vd_svid_take(&svid);
		return st;
	}
	return vd_fail(err, VD_EAGAIN, "%s changes while it is read", paths->svid);
}

/* ---- saving ---- */

static enum vd_status
fail_errno(struct vd_err *err, const char *what)
{
	return vd_fail(err, VD_EIO, "%s: %s", what, strerrordesc_np(errno));
}

static enum vd_status
write_text(int folder, const char *name, const struct vd_buf *text, struct vd_err *err)
{
	if (text->failed)
		return vd_fail(err, VD_ENOMEM, "no memory for %s", name);
	return vd_file_write(folder, name, vd_buf_view(text), 0600, err);
}

static enum vd_status
write_parts(const struct vd_svid *svid, int folder, struct vd_err *err)
{
	VD_CLEANUP(vd_secret_fini) struct vd_buf chain, key, bundle;
	vd_buf_init(&chain, 0);
	vd_buf_init(&key, 0);
	vd_buf_init(&bundle, 0);
	for (int i = 0; i < sk_X509_num(vd_svid_chain(svid)); i++)
		if (!vd_cert_write(sk_X509_value(vd_svid_chain(svid), i), &chain))
			chain.failed = true;
	vd_bundle_pem(vd_svid_bundle(svid), &bundle);
	enum vd_status st = vd_key_write(vd_svid_key(svid), VD_S(""), &key, err);
	if (st == VD_OK)
		st = write_text(folder, names[0], &chain, err);
	if (st == VD_OK)
		st = write_text(folder, names[1], &key, err);
	return st == VD_OK ? write_text(folder, names[2], &bundle, err) : st;
}

/* A version's folder and its three files, if they are there. */
static void
remove_version(int folder, const char *version)
{
	int fd = openat(folder, version, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	for (size_t i = 0; i < VD_ARRAY_LEN(names); i++)
		(void)unlinkat(fd, names[i], 0);
	(void)close(fd);
	(void)unlinkat(folder, version, AT_REMOVEDIR);
}

static enum vd_status
write_version(const struct vd_svid *svid, int folder, const char *version, struct vd_err *err)
{
	remove_version(folder, version);
	if (mkdirat(folder, version, 0700) != 0)
		return fail_errno(err, version);
	VD_AUTO_FD fd = openat(folder, version, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, version);
	return write_parts(svid, fd, err);
}

/* The links that the names are, before there is anything behind ".current". */
static enum vd_status
link_names(int folder, struct vd_err *err)
{
	char target[64], found[64];
	for (size_t i = 0; i < VD_ARRAY_LEN(names); i++) {
		(void)snprintf(target, sizeof target, CURRENT "/%s", names[i]);
		if (symlinkat(target, folder, names[i]) == 0)
			continue;
		ssize_t n = errno == EEXIST ? readlinkat(folder, names[i], found, sizeof found) : -1;
		if (n < 0 || !vd_str_is((struct vd_str){found, (size_t)n}, target))
			return vd_fail(
				err, VD_EEXIST, "%s is there and was not made by 'trust issue'", names[i]);
	}
	return VD_OK;
}

static enum vd_status
swap_current(int folder, const char *version, struct vd_err *err)
{
	char old[VERSION_MAX];
	ssize_t n = readlinkat(folder, CURRENT, old, sizeof old - 1);
	(void)unlinkat(folder, CURRENT ".new", 0);
	if (symlinkat(version, folder, CURRENT ".new") != 0 ||
		renameat(folder, CURRENT ".new", folder, CURRENT) != 0)
		return fail_errno(err, CURRENT);
	enum vd_status st = vd_folder_sync(folder, CURRENT, err);
	if (st != VD_OK || n <= 0)
		return st;
	old[n] = '\0';
	if (strcmp(old, version) != 0 && strncmp(old, VERSION_PREFIX, sizeof VERSION_PREFIX - 1) == 0 &&
		strchr(old, '/') == NULL)
		remove_version(folder, old);
	return VD_OK;
}

enum vd_status
vd_svid_save(const struct vd_svid *svid, const char *folder, struct vd_err *err)
{
	char version[VERSION_MAX];
	int opened = -1;
	enum vd_status st = vd_folder_open(folder, true, &opened, err);
	VD_AUTO_FD fd = opened;
	(void)snprintf(version, sizeof version, VERSION_PREFIX "%s", vd_svid_self(svid)->serial);
	if (st != VD_OK)
		return st;
	st = link_names(fd, err);
	if (st == VD_OK)
		st = write_version(svid, fd, version, err);
	if (st == VD_OK)
		st = swap_current(fd, version, err);
	return st == VD_OK ? VD_OK : vd_fail_in(err, st, "%s", folder);
}
