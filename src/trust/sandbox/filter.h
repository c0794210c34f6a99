/*
 * The plan's rules about system calls as a filter of the kernel, by libseccomp.
 *
 * Memory: libseccomp's, until vd_sandbox_filter_free.  Thread: one owner.
 */
#ifndef VD_TRUST_SANDBOX_FILTER_H
#define VD_TRUST_SANDBOX_FILTER_H

#include "trust/sandbox/plan.h"

struct vd_sandbox_filter {
	void *scmp;     /* libseccomp's filter */
	unsigned calls; /* rules in it: calls that this machine has */
};

enum vd_status vd_sandbox_filter_init(
	struct vd_sandbox_filter *filter, const struct vd_sandbox_plan *plan, struct vd_err *err) VD_MUST_USE;
void vd_sandbox_filter_fini(struct vd_sandbox_filter *filter);

/* In force from here on, for this thread and those it starts; no_new_privs is set. */
enum vd_status vd_sandbox_filter_load(const struct vd_sandbox_filter *filter, struct vd_err *err) VD_MUST_USE;

#endif
