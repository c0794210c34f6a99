#include "trust/sandbox/drop.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/defs.h"

#define CAPABILITIES_MAX 64u

/* ---- threads ---- */

/* From /proc/self/status; 0: cannot be told. */
static unsigned
count_threads(void)
{
	char line[256];
	unsigned n = 0;
	FILE *f = fopen("/proc/self/status", "re");
	while (f != NULL && n == 0 && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "Threads:", 8) == 0)
			n = (unsigned)strtoul(line + 8, NULL, 10);
	if (f != NULL)
		(void)fclose(f);
	return n;
}

enum vd_status
vd_drop_check_alone(struct vd_err *err)
{
	/* unshare(2): with CLONE_THREAD it does nothing for a process of one thread, and EINVAL for others */
	if (unshare(CLONE_THREAD) == 0)
		return VD_OK;
	unsigned n = errno == EINVAL ? 0 : count_threads(); /* a filter around us may forbid to ask */
	if (n == 1)
		return VD_OK;
	return vd_fail(err, VD_EINPUT,
		"the process has more than one thread, and a thread cannot confine another: do it before "
		"starting any");
}

/* ---- descriptors ---- */

static int
by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

enum vd_status
vd_drop_descriptors(int keep[], size_t n, struct vd_err *err)
{
	unsigned from = STDERR_FILENO + 1;
	if (n > 0)
		qsort(keep, n, sizeof *keep, by_number);
	for (size_t i = 0; i <= n; i++) {
		unsigned until = i < n ? (unsigned)keep[i] : ~0u;
		if (until > from && close_range(from, i < n ? until - 1 : until, 0) != 0)
			return vd_fail(err, VD_EIO, "closing descriptors: %s", strerror(errno));
		if (until >= from)
			from = until + 1;
	}
	return VD_OK;
}

/* ---- capabilities ---- */

uint64_t
vd_drop_capabilities_held(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0}};
	if (syscall(SYS_capget, &header, sets) != 0)
		return 0;
	return sets[0].permitted | (uint64_t)sets[1].permitted << 32;
}

/* Those that this kernel has, from 0 on; the first it does not know ends it. */
static enum vd_status
empty_bounding_set(uint64_t keeps, struct vd_err *err)
{
	for (unsigned long cap = 0; cap < CAPABILITIES_MAX; cap++) {
		int held = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
		if (held < 0)
			break;
		if (held == 1 && (keeps >> cap & 1) == 0 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
			return vd_fail(err, VD_EIO, "dropping capability %lu from the bounding set: %s", cap,
				strerror(errno));
	}
	return VD_OK;
}

enum vd_status
vd_drop_capabilities(uint64_t keeps, struct vd_err *err)
{
	/* the bounding set first: emptying it takes a capability */
	if (vd_drop_capabilities_held() >> CAP_SETPCAP & 1) {
		enum vd_status st = empty_bounding_set(keeps, err);
		if (st != VD_OK)
			return st;
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return vd_fail(err, VD_EIO, "clearing the ambient capabilities: %s", strerror(errno));
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0}};
	for (unsigned i = 0; i < VD_ARRAY_LEN(sets); i++)
		sets[i].effective = sets[i].permitted = (uint32_t)(keeps >> (32 * i));
	if (syscall(SYS_capset, &header, sets) != 0)
		return vd_fail(err, VD_EIO, "dropping capabilities: %s", strerror(errno));
	return VD_OK;
}

/* ---- limits, privileges ---- */

enum vd_status
vd_drop_limits(uint64_t nofile, uint64_t *ret_nofile, struct vd_err *err)
{
	struct rlimit core, files;
	if (getrlimit(RLIMIT_CORE, &core) != 0 || getrlimit(RLIMIT_NOFILE, &files) != 0)
		return vd_fail(err, VD_EIO, "reading limits: %s", strerror(errno));
	/*
	 * Keys are in memory.  1 byte is as good as none where the kernel writes the core itself, and where it pipes it
	 * to a program, which no other limit prevents, it takes 1 as "none" (fs/coredump.c).
	 */
	core.rlim_max = VD_MIN(core.rlim_max, 1);
	core.rlim_cur = core.rlim_max;
	if (nofile != 0) {
		files.rlim_max = VD_MIN(files.rlim_max, nofile);
		files.rlim_cur = files.rlim_max;
	}
	if (setrlimit(RLIMIT_CORE, &core) != 0 || setrlimit(RLIMIT_NOFILE, &files) != 0)
		return vd_fail(err, VD_EIO, "setting limits: %s", strerror(errno));
	*ret_nofile = files.rlim_cur;
	return VD_OK;
}

enum vd_status
vd_drop_new_privileges(bool hidden, struct vd_err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return vd_fail(err, VD_EIO, "no_new_privs: %s", strerror(errno));
	if (hidden && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return vd_fail(
			err, VD_EIO, "hiding the process from others of its user: %s", strerror(errno));
	return VD_OK;
}
