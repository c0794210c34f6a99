/*
 * Confines this process to what its profile says, for good.
 *
 *   struct vd_sandbox_request request = {.profile = &row, .places = places, .n_places = 2, .require = ~0u};
 *   st = vd_sandbox_enter(&request, &report, &err);
 *
 * The steps, each narrower than the one before: paths are looked up (a missing one ends it here, with nothing changed
 * yet) → descriptors that the request does not name are closed → limits → capabilities dropped → no_new_privs →
 * Landlock → seccomp.
 *
 * What the kernel cannot do is told in the report.  What the request requires and the kernel cannot do is an error,
 * before anything is changed.  An error later leaves the process narrower than before, and of no further use: end it.
 *
 * Memory: nothing is kept; the report owns its words (fixed room).
 * Thread: the only one.  Landlock and capabilities belong to a thread and pass to the threads it starts, so a process
 * that has started others is refused.  Libraries that load code or settings later (OpenSSL's providers, NSS modules)
 * must have done so before, or their files be named.
 */
#ifndef VD_TRUST_SANDBOX_SANDBOX_H
#define VD_TRUST_SANDBOX_SANDBOX_H

#include "base/status.h"
#include "base/str.h"
#include "trust/sandbox/profile.h"

#define VD_SANDBOX_PLACES_MAX 16u
#define VD_SANDBOX_KEEP_MAX 64u

/* The path behind @name in a profile. */
struct vd_sandbox_place {
	const char *name; /* without the @ */
	const char *path; /* absolute */
};

/* The layers; a report and a requirement are sums of them. */
#define VD_SANDBOX_HOLDS_DESCRIPTORS 1u
#define VD_SANDBOX_HOLDS_CAPABILITIES 2u
#define VD_SANDBOX_HOLDS_PRIVILEGES 4u /* no_new_privs */
#define VD_SANDBOX_HOLDS_FILES 8u
#define VD_SANDBOX_HOLDS_PORTS 16u  /* which TCP ports */
#define VD_SANDBOX_HOLDS_SCOPES 32u /* signals and abstract Unix sockets of others */
#define VD_SANDBOX_HOLDS_CALLS 64u  /* seccomp */
#define VD_SANDBOX_HOLDS_ALL 127u

struct vd_sandbox_request {
	const struct vd_sandbox_profile *profile;
	const struct vd_sandbox_place *places;
	size_t n_places;
	const int *keep; /* open descriptors that stay, besides 0, 1 and 2; each must be open */
	size_t n_keep;
	unsigned require; /* VD_SANDBOX_HOLDS_…: layers without which not to go on */
};

#define VD_SANDBOX_LEFT_MAX 16u
#define VD_SANDBOX_WORDS_MAX 256u

struct vd_sandbox_left {
	unsigned layer; /* VD_SANDBOX_HOLDS_…, one or several */
	bool weaker;    /* the layer does not hold as the profile says; false: only a remark */
	char words[VD_SANDBOX_WORDS_MAX];
};

struct vd_sandbox_report {
	char profile[32];
	unsigned in_force; /* VD_SANDBOX_HOLDS_…: those that hold all that the profile says */
	int landlock_abi;  /* used; 0: no Landlock */
	unsigned n_paths, n_ports, n_calls; /* rules given to the kernel */
	struct vd_sandbox_left left[VD_SANDBOX_LEFT_MAX];
	size_t n_left;
};

/*
 * VD_EINPUT: the profile or the request is wrong.  VD_ENOTFOUND: a path is not there.  VD_EDENIED: the kernel cannot do
 * what is required.  VD_EIO: the system failed half way.
 */
enum vd_status vd_sandbox_enter(const struct vd_sandbox_request *request, struct vd_sandbox_report *ret,
	struct vd_err *err) VD_MUST_USE;

/* One line: what is in force, then what was left out. */
void vd_sandbox_report_write(const struct vd_sandbox_report *report, struct vd_buf *buf);
const char *vd_sandbox_layer_name(unsigned layer); /* one VD_SANDBOX_HOLDS_… */

#endif
