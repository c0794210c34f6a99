#include "trust/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "trust/sandbox/drop.h"
#include "trust/sandbox/filter.h"
#include "trust/sandbox/landlock.h"
#include "trust/sandbox/plan.h"

#define SECCOMP_API_LOGS 3u /* libseccomp: the kernel logs on request and can end a whole process */

static const struct {
	unsigned layer;
	const char *name;
} layers[] = {
	{VD_SANDBOX_HOLDS_DESCRIPTORS, "descriptors"},
	{VD_SANDBOX_HOLDS_CAPABILITIES, "capabilities"},
	{VD_SANDBOX_HOLDS_PRIVILEGES, "no_new_privs"},
	{VD_SANDBOX_HOLDS_FILES, "files"},
	{VD_SANDBOX_HOLDS_PORTS, "ports"},
	{VD_SANDBOX_HOLDS_SCOPES, "scopes"},
	{VD_SANDBOX_HOLDS_CALLS, "calls"},
};

const char *
vd_sandbox_layer_name(unsigned layer)
{
	for (size_t i = 0; i < VD_ARRAY_LEN(layers); i++)
		if (layers[i].layer == layer)
			return layers[i].name;
	return "unknown";
}

static void
write_layers(struct vd_buf *buf, unsigned set)
{
	bool first = true;
	for (size_t i = 0; i < VD_ARRAY_LEN(layers); i++) {
		if ((set & layers[i].layer) == 0)
			continue;
		vd_buf_printf(buf, "%s%s", first ? "" : " ", layers[i].name);
		first = false;
	}
	if (first)
		vd_buf_text(buf, "nothing");
}

void
vd_sandbox_report_write(const struct vd_sandbox_report *report, struct vd_buf *buf)
{
	vd_buf_text(buf, "in force: ");
	write_layers(buf, report->in_force);
	vd_buf_printf(buf, " (Landlock %d, rules for %u paths, %u ports, %u calls)", report->landlock_abi,
		report->n_paths, report->n_ports, report->n_calls);
	for (size_t i = 0; i < report->n_left; i++)
		vd_buf_printf(
			buf, "; %s%s", report->left[i].weaker ? "NOT HELD: " : "", report->left[i].words);
}

struct vd_sandbox_host
vd_sandbox_probe(void)
{
	struct vd_sandbox_host host = {.pid = getpid(), .has = vd_drop_capabilities_held()};
	host.landlock_abi = vd_landlock_version(&host.landlock_error);
	host.seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
	host.seccomp_logs = host.seccomp && seccomp_api_get() >= SECCOMP_API_LOGS;
	host.can_drop_bound = host.has >> CAP_SETPCAP & 1;
	return host;
}

static enum vd_status
check_keep(const int keep[], size_t n, struct vd_err *err)
{
	if (n > VD_SANDBOX_KEEP_MAX)
		return vd_fail(err, VD_EINPUT, "more than %u descriptors to keep", VD_SANDBOX_KEEP_MAX);
	for (size_t i = 0; i < n; i++)
		if (fcntl(keep[i], F_GETFD) < 0)
			return vd_fail(err, VD_EINPUT, "descriptor %d is to stay, but is not open", keep[i]);
	return VD_OK;
}

static enum vd_status
check_required(const struct vd_sandbox_plan *plan, unsigned require, struct vd_err *err)
{
	for (size_t i = 0; i < plan->n_left; i++)
		if (plan->left[i].weaker && plan->left[i].layer & require)
			return vd_fail(err, VD_EDENIED, "required, but %s", plan->left[i].words);
	return VD_OK;
}

static enum vd_status
give_up(const struct vd_sandbox_plan *plan, const struct vd_sandbox_request *request, int rules,
	uint64_t *nofile, struct vd_err *err)
{
	int keep[VD_SANDBOX_KEEP_MAX + 1];
	size_t n = 0;
	for (; n < request->n_keep; n++)
		keep[n] = request->keep[n];
	if (rules >= 0)
		keep[n++] = rules;
	enum vd_status st = vd_drop_descriptors(keep, n, err);
	if (st == VD_OK)
		st = vd_drop_limits(plan->nofile, nofile, err);
	if (st == VD_OK)
		st = vd_drop_capabilities(plan->keeps, err);
	return st == VD_OK ? vd_drop_new_privileges(plan->hidden, err) : st;
}

static enum vd_status
carry_out(const struct vd_sandbox_plan *plan, const struct vd_sandbox_request *request, int rules,
	const struct vd_sandbox_filter *filter, uint64_t *nofile, struct vd_err *err)
{
	enum vd_status st = give_up(plan, request, rules, nofile, err);
	if (st == VD_OK && plan->landlock)
		st = vd_landlock_restrict(rules, err);
	if (rules >= 0)
		(void)close(rules);
	return st == VD_OK && plan->seccomp ? vd_sandbox_filter_load(filter, err) : st;
}

static void
report_on(const struct vd_sandbox_plan *plan, unsigned absent, unsigned calls, uint64_t nofile,
	struct vd_sandbox_report *ret)
{
	*ret = (struct vd_sandbox_report){.in_force = plan->holds, .landlock_abi = plan->landlock_abi};
	(void)snprintf(ret->profile, sizeof ret->profile, "%s", plan->name);
	ret->n_paths = plan->landlock ? (unsigned)plan->n_paths - absent : 0;
	ret->n_ports = (unsigned)plan->n_ports;
	ret->n_calls = plan->seccomp ? calls : 0;
	memcpy(ret->left, plan->left, sizeof ret->left);
	ret->n_left = plan->n_left;
	if (absent > 0)
		vd_sandbox_leave(ret->left, &ret->n_left, VD_SANDBOX_HOLDS_FILES, false,
			"%u paths of the profile are not there", absent);
	if (plan->nofile > nofile)
		vd_sandbox_leave(ret->left, &ret->n_left, VD_SANDBOX_HOLDS_DESCRIPTORS, false,
			"at most %llu open descriptors, where the profile asks for %llu: the limit was lower",
			(unsigned long long)nofile, (unsigned long long)plan->nofile);
}

/* Whatever can be wrong with profile, request or kernel is found before the first step that changes something. */
enum vd_status
vd_sandbox_apply(const struct vd_sandbox_plan *plan, const struct vd_sandbox_request *request,
	struct vd_sandbox_report *ret, struct vd_err *err)
{
	int rules = -1;
	unsigned absent = 0;
	uint64_t nofile = 0;
	struct vd_sandbox_filter filter = {0};
	enum vd_status st = vd_drop_check_alone(err);
	if (st == VD_OK)
		st = check_keep(request->keep, request->n_keep, err);
	if (st == VD_OK)
		st = check_required(plan, request->require, err);
	if (st == VD_OK)
		st = vd_sandbox_filter_init(&filter, plan, err);
	if (st == VD_OK)
		st = vd_landlock_open(plan, &rules, &absent, err);
	if (st == VD_OK)
		st = carry_out(plan, request, rules, &filter, &nofile, err);
	unsigned calls = filter.calls;
	vd_sandbox_filter_fini(&filter);
	if (st != VD_OK)
		return vd_fail_in(err, st, "sandbox '%s'", plan->name);
	report_on(plan, absent, calls, nofile, ret);
	return VD_OK;
}

enum vd_status
vd_sandbox_enter(const struct vd_sandbox_request *request, struct vd_sandbox_report *ret, struct vd_err *err)
{
	VD_AUTO(vd_sandbox_plan) plan = NULL;
	struct vd_sandbox_host host = vd_sandbox_probe();
	enum vd_status st =
		vd_sandbox_plan_new(request->profile, request->places, request->n_places, &host, &plan, err);
	return st == VD_OK ? vd_sandbox_apply(plan, request, ret, err) : st;
}
