#include "trust/sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trust/sandbox/plan.h"

/* Later than Linux 6.1: struct landlock_ruleset_attr since version 6, struct landlock_net_port_attr. */
struct ruleset_attr {
	uint64_t handled_access_fs, handled_access_net, scoped;
};

struct net_port_attr {
	uint64_t allowed_access, port;
};

#define RULE_NET_PORT 2

int
vd_landlock_version(int *ret_error)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	*ret_error = version > 0 ? 0 : errno;
	return version > 0 ? (int)version : 0;
}

static const char *
verb_of(unsigned may)
{
	return may & VD_SANDBOX_EXECUTE  ? "execute"
	       : may & VD_SANDBOX_CREATE ? "create below"
	       : may & VD_SANDBOX_WRITE  ? "write"
					 : "read";
}

/* A path that is not there cannot be held, and opening it later must not depend on who made it. */
static enum vd_status
add_path(int set, const struct vd_sandbox_path_rule *rule, unsigned *absent, struct vd_err *err)
{
	int fd = open(rule->path, O_PATH | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR) && rule->may & VD_SANDBOX_IF_THERE) {
		++*absent;
		return VD_OK;
	}
	if (fd < 0)
		return vd_fail(err, errno == ENOENT || errno == ENOTDIR ? VD_ENOTFOUND : VD_EIO,
			"'%s', which it may %s: %s", rule->path, verb_of(rule->may), strerror(errno));
	struct stat st;
	enum vd_status status = VD_OK;
	struct landlock_path_beneath_attr beneath = {.allowed_access = rule->rights, .parent_fd = fd};
	if (fstat(fd, &st) != 0)
		status = vd_fail(err, VD_EIO, "'%s': %s", rule->path, strerror(errno));
	else if (!S_ISDIR(st.st_mode) && rule->may & VD_SANDBOX_CREATE)
		status = vd_fail(
			err, VD_EINPUT, "'%s' is to hold what it creates, but is no folder", rule->path);
	else if (!S_ISDIR(st.st_mode))
		beneath.allowed_access &= VD_LANDLOCK_OF_A_FILE;
	if (status == VD_OK && set >= 0 &&
		syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0)
		status = vd_fail(err, VD_EIO, "a Landlock rule for '%s': %s", rule->path, strerror(errno));
	(void)close(fd);
	return status;
}

static enum vd_status
add_rules(const struct vd_sandbox_plan *plan, int set, unsigned *absent, struct vd_err *err)
{
	enum vd_status st = VD_OK;
	for (size_t i = 0; i < plan->n_paths && st == VD_OK; i++)
		st = add_path(set, &plan->path[i], absent, err);
	for (size_t i = 0; i < plan->n_ports && st == VD_OK; i++) {
		struct net_port_attr port = {plan->port[i].rights, plan->port[i].port};
		if (syscall(SYS_landlock_add_rule, set, RULE_NET_PORT, &port, 0) != 0)
			st = vd_fail(err, VD_EIO, "a Landlock rule for port %u: %s", plan->port[i].port,
				strerror(errno));
	}
	return st;
}

enum vd_status
vd_landlock_open(const struct vd_sandbox_plan *plan, int *ret_fd, unsigned *ret_absent, struct vd_err *err)
{
	int set = -1;
	unsigned absent = 0;
	struct ruleset_attr attr = {plan->files, plan->ports, plan->scopes};
	if (plan->landlock) {
		/* an older kernel takes a longer structure whose end is zero, as an older plan leaves it */
		set = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
		if (set < 0)
			return vd_fail(err, VD_EIO, "a set of Landlock rules: %s", strerror(errno));
	}
	enum vd_status st = add_rules(plan, set, &absent, err);
	if (st != VD_OK) {
		if (set >= 0)
			(void)close(set);
		return st;
	}
	*ret_fd = set;
	*ret_absent = absent;
	return VD_OK;
}

enum vd_status
vd_landlock_restrict(int fd, struct vd_err *err)
{
	if (syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		return vd_fail(err, VD_EIO, "entering the Landlock domain: %s", strerror(errno));
	return VD_OK;
}
