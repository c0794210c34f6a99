#include "trust/sandbox/filter.h"

#include <errno.h>
#include <seccomp.h>

static uint32_t
action_of(enum vd_sandbox_verdict verdict, bool kills)
{
	switch (verdict) {
	case VD_SANDBOX_ALLOWED:
		return SCMP_ACT_ALLOW;
	case VD_SANDBOX_UNKNOWN:
		return SCMP_ACT_ERRNO(ENOSYS);
	case VD_SANDBOX_KILLED:
		/* the whole process: the other threads of one that was taken over are no better */
		return kills ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM);
	case VD_SANDBOX_REFUSED:
		break;
	}
	return SCMP_ACT_ERRNO(EPERM);
}

/* 0 or a negative errno, as libseccomp has it. */
static int
add_rule(struct vd_sandbox_filter *filter, const struct vd_sandbox_call_rule *rule, bool kills)
{
	struct scmp_arg_cmp tests[VD_SANDBOX_TESTS_MAX] = {{0}};
	uint32_t action = action_of(rule->verdict, kills);
	int number = seccomp_syscall_resolve_name(rule->call);
	/* below 0: a name of other machines, or newer than the library.  What stands for refusing is refused anyway. */
	if (number < 0 || action == SCMP_ACT_ERRNO(EPERM))
		return 0;
	for (unsigned i = 0; i < rule->n; i++) {
		const struct vd_sandbox_arg *test = &rule->tests[i];
		bool whole = test->mask == UINT64_MAX;
		tests[i] = (struct scmp_arg_cmp){
			.arg = test->index,
			.op = whole ? SCMP_CMP_EQ : SCMP_CMP_MASKED_EQ,
			.datum_a = whole ? test->want : test->mask,
			.datum_b = whole ? 0 : test->want,
		};
	}
	filter->calls++;
	return seccomp_rule_add_array(filter->scmp, action, number, rule->n, tests);
}

enum vd_status
vd_sandbox_filter_init(
	struct vd_sandbox_filter *filter, const struct vd_sandbox_plan *plan, struct vd_err *err)
{
	*filter = (struct vd_sandbox_filter){.scmp = seccomp_init(SCMP_ACT_ERRNO(EPERM))};
	if (filter->scmp == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a filter of system calls");
	/* calls by another door (32 bits, x32) have other numbers */
	int failed = seccomp_attr_set(filter->scmp, SCMP_FLTATR_ACT_BADARCH,
		plan->kills ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM));
	if (failed == 0 && plan->logs)
		failed = seccomp_attr_set(filter->scmp, SCMP_FLTATR_CTL_LOG, 1);
	/* searched as a tree: eight steps instead of a hundred and fifty for what the kernel does not remember */
	if (failed == 0)
		failed = seccomp_attr_set(filter->scmp, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; i < plan->n_calls && failed == 0; i++)
		failed = add_rule(filter, &plan->call[i], plan->kills);
	if (failed == 0)
		return VD_OK;
	vd_sandbox_filter_fini(filter);
	return vd_fail(err, failed == -ENOMEM ? VD_ENOMEM : VD_EIO, "a filter of system calls: %s",
		strerror(-failed));
}

void
vd_sandbox_filter_fini(struct vd_sandbox_filter *filter)
{
	if (filter->scmp != NULL)
		seccomp_release(filter->scmp);
	filter->scmp = NULL;
}

enum vd_status
vd_sandbox_filter_load(const struct vd_sandbox_filter *filter, struct vd_err *err)
{
	int failed = seccomp_load(filter->scmp);
	if (failed != 0)
		return vd_fail(
			err, VD_EIO, "putting the filter of system calls in force: %s", strerror(-failed));
	return VD_OK;
}
