/*
 * The kernel's Landlock interface as far as it is used, declared here because the headers of Debian 12 (Linux 6.1)
 * end at its second version.  Numbers are those of the kernel's user interface, include/uapi/linux/landlock.h; the
 * version that brought each is behind it.
 *
 * Thread: any.
 */
#ifndef VD_TRUST_SANDBOX_LANDLOCK_H
#define VD_TRUST_SANDBOX_LANDLOCK_H

#include "base/status.h"

struct vd_sandbox_plan;

/* Files */
#define VD_LANDLOCK_EXECUTE (1ull << 0) /* 1: Linux 5.13 */
#define VD_LANDLOCK_WRITE_FILE (1ull << 1)
#define VD_LANDLOCK_READ_FILE (1ull << 2)
#define VD_LANDLOCK_READ_DIR (1ull << 3)
#define VD_LANDLOCK_REMOVE_DIR (1ull << 4)
#define VD_LANDLOCK_REMOVE_FILE (1ull << 5)
#define VD_LANDLOCK_MAKE_CHAR (1ull << 6)
#define VD_LANDLOCK_MAKE_DIR (1ull << 7)
#define VD_LANDLOCK_MAKE_REG (1ull << 8)
#define VD_LANDLOCK_MAKE_SOCK (1ull << 9)
#define VD_LANDLOCK_MAKE_FIFO (1ull << 10)
#define VD_LANDLOCK_MAKE_BLOCK (1ull << 11)
#define VD_LANDLOCK_MAKE_SYM (1ull << 12)
#define VD_LANDLOCK_REFER (1ull << 13)     /* 2: Linux 5.19; rename and link between folders */
#define VD_LANDLOCK_TRUNCATE (1ull << 14)  /* 3: Linux 6.2 */
#define VD_LANDLOCK_IOCTL_DEV (1ull << 15) /* 5: Linux 6.10 */

/* TCP, 4: Linux 6.7 */
#define VD_LANDLOCK_BIND_TCP (1ull << 0)
#define VD_LANDLOCK_CONNECT_TCP (1ull << 1)

/* Scopes, 6: Linux 6.12 */
#define VD_LANDLOCK_ABSTRACT_UNIX (1ull << 0)
#define VD_LANDLOCK_SIGNAL (1ull << 1)

/* What a file, not a folder, can be given. */
#define VD_LANDLOCK_OF_A_FILE                                                                                \
	(VD_LANDLOCK_EXECUTE | VD_LANDLOCK_WRITE_FILE | VD_LANDLOCK_READ_FILE | VD_LANDLOCK_TRUNCATE |       \
		VD_LANDLOCK_IOCTL_DEV)

/* The kernel's version of Landlock, 0 where there is none; *ret_error is then the errno that says why. */
int vd_landlock_version(int *ret_error);

/*
 * The plan's rules as a rule set of the kernel, a descriptor that the caller closes.  Changes nothing yet.
 * *ret_absent counts the paths that may be absent and are.
 */
enum vd_status vd_landlock_open(const struct vd_sandbox_plan *plan, int *ret_fd, unsigned *ret_absent,
	struct vd_err *err) VD_MUST_USE;
enum vd_status vd_landlock_restrict(int fd, struct vd_err *err) VD_MUST_USE;

#endif
