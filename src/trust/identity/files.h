/*
 * Files that hold keys and what is trusted: read only if nobody else could have read or changed them, written so that a
 * reader sees the old bytes or the new ones and a crash leaves either (temporary file, fsync, rename, fsync of the
 * folder).
 *
 * Names are relative to a folder's descriptor, or to AT_FDCWD.  Memory: the caller's.  Any thread.
 */
#ifndef VD_TRUST_IDENTITY_FILES_H
#define VD_TRUST_IDENTITY_FILES_H

#include <sys/stat.h>

#include "base/status.h"
#include "base/str.h"

/* Who else may touch a file.  The owner is this process's user, or root. */
enum vd_file_care {
	VD_FILE_PUBLIC,  /* anybody may read it, none but owner and group write it */
	VD_FILE_MOUNTED, /* a secret; if root owns it its group may read it, as in volumes of Kubernetes */
	VD_FILE_SECRET,  /* the owner alone */
};

/* What tells that a file is another than before. */
struct vd_file_stamp {
	uint64_t device, inode;
	int64_t modified_ns, size;
};

bool vd_file_stamp_eq(const struct vd_file_stamp *a, const struct vd_file_stamp *b);

/* VD_ENOTFOUND: there is none.  Follows links, as a mounted secret is one. */
enum vd_status vd_file_stamp(
	int folder, const char *name, struct vd_file_stamp *ret, struct vd_err *err) VD_MUST_USE;

/*
 * Reads a whole regular file of at most max bytes into ret, which has room for them all beforehand: nothing is left
 * behind in freed memory.  VD_ENOTFOUND, VD_EDENIED (others could have read or written it), VD_ELIMIT.
 */
enum vd_status vd_file_read(int folder, const char *name, size_t max, enum vd_file_care care,
	struct vd_buf *ret, struct vd_err *err) VD_MUST_USE;

enum vd_status vd_file_write(
	int folder, const char *name, struct vd_str bytes, mode_t mode, struct vd_err *err) VD_MUST_USE;

/* The same for a path; what its folder is like is the caller's business. */
enum vd_status vd_file_write_path(
	const char *path, struct vd_str bytes, mode_t mode, struct vd_err *err) VD_MUST_USE;

/* Opens a folder that is this user's (or root's) and closed to others; make: makes it, and those above, where missing. */
enum vd_status vd_folder_open(const char *path, bool make, int *ret_fd, struct vd_err *err) VD_MUST_USE;
/* What was renamed, made or removed in it is there after a crash. */
enum vd_status vd_folder_sync(int folder, const char *name, struct vd_err *err) VD_MUST_USE;

/* A descriptor that leaves its scope; -1: none. */
void vd_fd_close(const int *fd);
#define VD_AUTO_FD VD_CLEANUP(vd_fd_close) int

#endif
