#include "trust/identity/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define OTHERS (S_IRWXG | S_IRWXO)
#define PATH_BYTES 4096u

void
vd_fd_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static struct vd_file_stamp
stamp_of(const struct stat *st)
{
	return (struct vd_file_stamp){st->st_dev, st->st_ino,
		(int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec, st->st_size};
}

bool
vd_file_stamp_eq(const struct vd_file_stamp *a, const struct vd_file_stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->modified_ns == b->modified_ns &&
	       a->size == b->size;
}

static enum vd_status
fail_errno(struct vd_err *err, const char *name)
{
	enum vd_status st = errno == ENOENT   ? VD_ENOTFOUND
			    : errno == EACCES ? VD_EDENIED
			    : errno == EEXIST ? VD_EEXIST
					      : VD_EIO;
	return vd_fail(err, st, "%s: %s", name, strerrordesc_np(errno));
}

enum vd_status
vd_file_stamp(int folder, const char *name, struct vd_file_stamp *ret, struct vd_err *err)
{
	struct stat st;
	if (fstatat(folder, name, &st, 0) != 0)
		return fail_errno(err, name);
	*ret = stamp_of(&st);
	return VD_OK;
}

/* ---- reading ---- */

static enum vd_status
check_care(const char *name, const struct stat *st, enum vd_file_care care, struct vd_err *err)
{
	mode_t forbidden = care == VD_FILE_PUBLIC                       ? S_IWOTH
			   : care == VD_FILE_MOUNTED && st->st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO
									: OTHERS;
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return vd_fail(err, VD_EDENIED, "%s belongs to user %u: run as that user, or make it yours",
			name, (unsigned)st->st_uid);
	if ((st->st_mode & forbidden) == 0)
		return VD_OK;
	return vd_fail(err, VD_EDENIED, "%s: others could have %s it (mode %04o); make it %s", name,
		care == VD_FILE_PUBLIC ? "written" : "read or written", (unsigned)(st->st_mode & 07777),
		care == VD_FILE_PUBLIC ? "chmod o-w"
				       : "chmod 600, with a new key if it was not so all along");
}

static enum vd_status
read_all(int fd, const char *name, size_t n, struct vd_buf *ret, struct vd_err *err)
{
	if (!vd_buf_room(ret, n))
		return vd_fail(err, VD_ENOMEM, "%s: no memory for %zu bytes", name, n);
	while (n > 0) {
		ssize_t got = read(fd, ret->at + ret->len, n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_errno(err, name);
		if (got == 0)
			break;
		ret->len += (size_t)got;
		n -= (size_t)got;
	}
	ret->at[ret->len] = '\0';
	return VD_OK;
}

enum vd_status
vd_file_read(int folder, const char *name, size_t max, enum vd_file_care care, struct vd_buf *ret,
	struct vd_err *err)
{
	struct stat st;
	/* a pipe that stands there must not hold the program */
	VD_AUTO_FD fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0)
		return fail_errno(err, name);
	if (!S_ISREG(st.st_mode))
		return vd_fail(err, VD_EINPUT, "%s is no regular file", name);
	enum vd_status status = check_care(name, &st, care, err);
	if (status != VD_OK)
		return status;
	if (st.st_size < 0 || (uint64_t)st.st_size > max)
		return vd_fail(err, VD_ELIMIT, "%s has more than %zu bytes", name, max);
	return read_all(fd, name, (size_t)st.st_size, ret, err);
}

/* ---- writing ---- */

static bool
write_all(int fd, struct vd_str bytes)
{
	while (bytes.len > 0) {
		ssize_t put = write(fd, bytes.at, bytes.len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		bytes = (struct vd_str){bytes.at + put, bytes.len - (size_t)put};
	}
	return true;
}

enum vd_status
vd_folder_sync(int folder, const char *name, struct vd_err *err)
{
	return fsync(folder) == 0 ? VD_OK : fail_errno(err, name);
}

static enum vd_status
write_temporary(int folder, const char *temporary, struct vd_str bytes, mode_t mode, struct vd_err *err)
{
	(void)unlinkat(folder, temporary, 0); /* of a run that was killed */
	VD_AUTO_FD fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	/* the mode is set apart, as the process's mask would cut it */
	if (fd < 0 || !write_all(fd, bytes) || fchmod(fd, mode) != 0 || fsync(fd) != 0)
		return fail_errno(err, temporary);
	return VD_OK;
}

enum vd_status
vd_file_write(int folder, const char *name, struct vd_str bytes, mode_t mode, struct vd_err *err)
{
	char temporary[256];
	int n = snprintf(temporary, sizeof temporary, "%s.new", name);
	if (n < 0 || (size_t)n >= sizeof temporary)
		return vd_fail(err, VD_ELIMIT, "%s: too long a name", name);
	enum vd_status st = write_temporary(folder, temporary, bytes, mode, err);
	if (st == VD_OK && renameat(folder, temporary, folder, name) != 0)
		st = fail_errno(err, name);
	if (st == VD_OK)
		return vd_folder_sync(folder, name, err);
	(void)unlinkat(folder, temporary, 0);
	return st;
}

enum vd_status
vd_file_write_path(const char *path, struct vd_str bytes, mode_t mode, struct vd_err *err)
{
	char folder[PATH_BYTES];
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	size_t len = slash == NULL ? 0 : (size_t)(name - path);
	if (len >= sizeof folder)
		return vd_fail(err, VD_ELIMIT, "%s: too long a path", path);
	memcpy(folder, path, len);
	folder[len] = '\0';
	VD_AUTO_FD fd = open(len == 0 ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, folder);
	return vd_file_write(fd, name, bytes, mode, err);
}

/* ---- folders ---- */

/* Makes path and what is missing above it; where it cannot, opening it will say why. */
static void
make_folders(const char *path)
{
	char part[PATH_BYTES];
	size_t len = strlen(path);
	if (len >= sizeof part)
		return;
	memcpy(part, path, len + 1);
	for (char *slash = len == 0 ? NULL : strchr(part + 1, '/'); slash != NULL;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(part, 0700);
		*slash = '/';
	}
	(void)mkdir(part, 0700);
}

enum vd_status
vd_folder_open(const char *path, bool make, int *ret_fd, struct vd_err *err)
{
	struct stat st;
	if (make)
		make_folders(path);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, path);
	enum vd_status status = VD_OK;
	if (fstat(fd, &st) != 0)
		status = fail_errno(err, path);
	else if (st.st_uid != geteuid() && st.st_uid != 0)
		status = vd_fail(err, VD_EDENIED, "%s belongs to user %u: run as that user, or make it yours",
			path, (unsigned)st.st_uid);
	else if ((st.st_mode & OTHERS) != 0)
		status = vd_fail(err, VD_EDENIED, "%s: others may enter it (mode %04o); make it chmod 700",
			path, (unsigned)(st.st_mode & 07777));
	if (status != VD_OK) {
		(void)close(fd);
		return status;
	}
	*ret_fd = fd;
	return VD_OK;
}
