#include "trust/sandbox/plan.h"

#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/mem.h"
#include "trust/sandbox/landlock.h"

#define MAY_KEEP (1ull << CAP_NET_BIND_SERVICE | 1ull << CAP_SYS_PTRACE)
#define MAY_ALL                                                                                              \
	(VD_SANDBOX_READ | VD_SANDBOX_WRITE | VD_SANDBOX_CREATE | VD_SANDBOX_EXECUTE | VD_SANDBOX_IF_THERE)
#define SOCKETS_ALL (VD_SANDBOX_UDP | VD_SANDBOX_UNIX_CONNECT | VD_SANDBOX_UNIX_SERVE | VD_SANDBOX_ROUTES)
#define CALLS_ALL                                                                                            \
	(VD_SANDBOX_THREADS | VD_SANDBOX_PROCESSES | VD_SANDBOX_EXEC | VD_SANDBOX_CODE | VD_SANDBOX_WATCH)

void
vd_sandbox_plan_free(struct vd_sandbox_plan *plan)
{
	if (plan == NULL)
		return;
	vd_obj_check(plan, VD_SANDBOX_PLAN_MAGIC);
	vd_arena_free(plan->arena);
	vd_obj_free(plan);
}

void
vd_sandbox_leave(struct vd_sandbox_left left[], size_t *n, unsigned layer, bool weaker, const char *fmt, ...)
{
	if (*n == VD_SANDBOX_LEFT_MAX)
		return;
	struct vd_sandbox_left *one = &left[(*n)++];
	*one = (struct vd_sandbox_left){.layer = layer, .weaker = weaker};
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(one->words, sizeof one->words, fmt, args);
	va_end(args);
}

/* ---- paths ---- */

static const char *
place_find(const struct vd_sandbox_place places[], size_t n, struct vd_str name)
{
	for (size_t i = 0; i < n; i++)
		if (vd_str_is(name, places[i].name))
			return places[i].path;
	return NULL;
}

/* Absolute, with single slashes, without one at the end; '.' and '..' would make two spellings of one path. */
static enum vd_status
tidy(char *path, struct vd_err *err)
{
	if (path[0] != '/')
		return vd_fail(err, VD_EINPUT, "'%s': a path must be absolute", path);
	char *end = path;
	for (const char *at = path; *at != '\0';) {
		at += strspn(at, "/");
		size_t len = strcspn(at, "/");
		if (len == 0)
			break;
		if ((len == 1 && at[0] == '.') || (len == 2 && at[0] == '.' && at[1] == '.'))
			return vd_fail(err, VD_EINPUT, "'%s': write the path without '.' and '..'", path);
		*end++ = '/';
		memmove(end, at, len);
		end += len;
		at += len;
	}
	*end = '\0';
	if (end == path)
		return vd_fail(err, VD_EINPUT, "'/' would be everything: name the folders that are needed");
	return VD_OK;
}

static enum vd_status
path_of(struct vd_arena *arena, const char *row, const struct vd_sandbox_place places[], size_t n_places,
	const char **ret, struct vd_err *err)
{
	const char *place = "", *rest = row;
	if (row[0] == '@') {
		struct vd_str name = {row + 1, strcspn(row + 1, "/")};
		place = place_find(places, n_places, name);
		rest = row + 1 + name.len;
		if (place == NULL)
			return vd_fail(err, VD_EINPUT, "'%s': no place of that name is given", row);
		if (place[0] == '\0')
			return vd_fail(err, VD_EINPUT, "'%s': the place's path is empty", row);
	}
	if (strlen(place) + strlen(rest) >= VD_SANDBOX_PATH_MAX)
		return vd_fail(
			err, VD_EINPUT, "'%.40s…': longer than %u bytes", row, VD_SANDBOX_PATH_MAX - 1);
	char *path = vd_arena_printf(arena, "%s%s", place, rest);
	if (path == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a path");
	*ret = path;
	return tidy(path, err);
}

static unsigned
with_implied(unsigned may)
{
	may &= ~VD_SANDBOX_IF_THERE;
	may |= may & VD_SANDBOX_CREATE ? VD_SANDBOX_WRITE : 0;
	return may | (may & VD_SANDBOX_EXECUTE ? VD_SANDBOX_READ : 0);
}

static uint64_t
rights_of(unsigned may, bool unix_serve)
{
	uint64_t rights = 0;
	may = with_implied(may);
	if (may & VD_SANDBOX_READ)
		rights |= VD_LANDLOCK_READ_FILE | VD_LANDLOCK_READ_DIR;
	if (may & VD_SANDBOX_WRITE)
		rights |= VD_LANDLOCK_WRITE_FILE | VD_LANDLOCK_TRUNCATE;
	if (may & VD_SANDBOX_CREATE)
		rights |= VD_LANDLOCK_MAKE_REG | VD_LANDLOCK_MAKE_DIR | VD_LANDLOCK_REMOVE_FILE |
			  VD_LANDLOCK_REMOVE_DIR | VD_LANDLOCK_REFER |
			  (unix_serve ? VD_LANDLOCK_MAKE_SOCK : 0);
	if (may & VD_SANDBOX_EXECUTE)
		rights |= VD_LANDLOCK_EXECUTE;
	return rights;
}

static bool
is_at_or_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);
	return strncmp(path, folder, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* By the words alone: links and mounts can bring one path below another unseen. */
static enum vd_status
check_none_narrows(const struct vd_sandbox_plan *plan, struct vd_err *err)
{
	for (size_t i = 0; i < plan->n_paths; i++)
		for (size_t k = 0; k < plan->n_paths; k++) {
			const struct vd_sandbox_path_rule *inner = &plan->path[i], *outer = &plan->path[k];
			if (is_at_or_below(inner->path, outer->path) &&
				(with_implied(outer->may) & ~with_implied(inner->may)) != 0)
				return vd_fail(err, VD_EINPUT,
					"'%s' cannot be narrower than '%s' around it: move one of them, or "
					"allow both the same",
					inner->path, outer->path);
		}
	return VD_OK;
}

static enum vd_status
plan_paths(struct vd_sandbox_plan *plan, const struct vd_sandbox_profile *profile,
	const struct vd_sandbox_place places[], size_t n_places, struct vd_err *err)
{
	if (profile->n_paths > VD_SANDBOX_PATHS_MAX)
		return vd_fail(err, VD_EINPUT, "more than %u paths", VD_SANDBOX_PATHS_MAX);
	if (profile->n_paths > 0 && profile->sees_processes)
		return vd_fail(err, VD_EINPUT,
			"sees_processes goes without Landlock, so nothing would hold the paths: take them "
			"out");
	plan->path = vd_arena_array(plan->arena, profile->n_paths + 1, sizeof *plan->path);
	if (plan->path == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for paths");
	bool unix_serve = profile->sockets & VD_SANDBOX_UNIX_SERVE, executes = false;
	for (; plan->n_paths < profile->n_paths; plan->n_paths++) {
		const struct vd_sandbox_path *row = &profile->paths[plan->n_paths];
		struct vd_sandbox_path_rule *rule = &plan->path[plan->n_paths];
		if (row->path == NULL || (row->may & ~VD_SANDBOX_IF_THERE) == 0 || (row->may & ~MAY_ALL) != 0)
			return vd_fail(err, VD_EINPUT, "path %zu: say which path, and what it may",
				plan->n_paths + 1);
		enum vd_status st = path_of(plan->arena, row->path, places, n_places, &rule->path, err);
		if (st != VD_OK)
			return st;
		rule->may = row->may;
		rule->rights = rights_of(row->may, unix_serve);
		executes |= (row->may & VD_SANDBOX_EXECUTE) != 0;
	}
	if (executes != ((profile->calls & VD_SANDBOX_EXEC) != 0))
		return vd_fail(err, VD_EINPUT,
			"starting programs takes both: a path that may EXECUTE, and the calls EXEC");
	return check_none_narrows(plan, err);
}

/* ---- ports ---- */

static enum vd_status
plan_ports(struct vd_sandbox_plan *plan, const struct vd_sandbox_ports *ports, uint64_t right,
	struct vd_err *err)
{
	bool bind = right == VD_LANDLOCK_BIND_TCP;
	const char *verb = bind ? "bind" : "connect to";
	if ((ports->scope == VD_SANDBOX_LISTED) != (ports->n > 0) || ports->scope > VD_SANDBOX_ALL)
		return vd_fail(
			err, VD_EINPUT, "ports to %s: a list goes with LISTED and with nothing else", verb);
	if (ports->n > VD_SANDBOX_PORTS_MAX)
		return vd_fail(err, VD_EINPUT, "ports to %s: more than %u", verb, VD_SANDBOX_PORTS_MAX);
	if (ports->scope == VD_SANDBOX_ALL)
		return VD_OK;
	plan->ports |= right;
	for (size_t i = 0; i < ports->n; i++) {
		if (ports->at[i] == 0 && !bind)
			return vd_fail(err, VD_EINPUT, "ports to connect to: 0 is none");
		plan->port[plan->n_ports++] = (struct vd_sandbox_port_rule){ports->at[i], right};
	}
	return VD_OK;
}

/* ---- what this kernel leaves open ---- */

#define LEAVE(plan, layer, weaker, ...)                                                                      \
	vd_sandbox_leave((plan)->left, &(plan)->n_left, (layer), (weaker), __VA_ARGS__)

static void
leave_landlock(struct vd_sandbox_plan *plan, const struct vd_sandbox_profile *profile, int error)
{
	if (profile->sees_processes)
		LEAVE(plan, VD_SANDBOX_HOLDS_FILES, !plan->seccomp,
			"no Landlock, as the profile says: it reads what its user may read; seccomp lets it "
			"change nothing");
	else
		LEAVE(plan, VD_SANDBOX_HOLDS_FILES, true,
			"the kernel has no Landlock (%s): files are not held", strerror(error));
}

/* TCP ports where Landlock does not hold them: a call that nothing else needs is refused as a whole. */
static void
leave_ports(struct vd_sandbox_plan *plan, const struct vd_sandbox_profile *profile)
{
	static const uint64_t none[6];
	bool tcp = profile->bind.scope != VD_SANDBOX_NONE || profile->connect.scope != VD_SANDBOX_NONE;
	bool bind = tcp && profile->bind.scope != VD_SANDBOX_ALL &&
		    vd_sandbox_plan_judge(plan, "bind", none) == VD_SANDBOX_ALLOWED;
	bool connect = tcp && profile->connect.scope != VD_SANDBOX_ALL &&
		       vd_sandbox_plan_judge(plan, "connect", none) == VD_SANDBOX_ALLOWED;
	if (bind || connect)
		LEAVE(plan, VD_SANDBOX_HOLDS_PORTS, true,
			"the TCP ports it may %s are not held: that takes Landlock 4 (Linux 6.7), here is %d",
			bind && connect ? "bind and connect to"
			: bind          ? "bind"
					: "connect to",
			plan->landlock_abi);
}

static void
leave_scopes(struct vd_sandbox_plan *plan, const struct vd_sandbox_profile *profile)
{
	bool signals = profile->calls & VD_SANDBOX_PROCESSES,
	     abstract = profile->sockets & VD_SANDBOX_UNIX_CONNECT;
	if (signals || abstract)
		LEAVE(plan, VD_SANDBOX_HOLDS_SCOPES, true,
			"%s of others are not held: that takes Landlock 6 (Linux 6.12), here is %d",
			signals && abstract ? "processes and abstract Unix sockets"
			: signals           ? "processes"
					    : "abstract Unix sockets",
			plan->landlock_abi);
}

static void
leave_seccomp(struct vd_sandbox_plan *plan, const struct vd_sandbox_host *host)
{
	plan->seccomp = host->seccomp;
	plan->logs = plan->kills = host->seccomp && host->seccomp_logs;
	if (!host->seccomp) {
		plan->n_calls = 0;
		LEAVE(plan,
			VD_SANDBOX_HOLDS_CALLS | VD_SANDBOX_HOLDS_PORTS | VD_SANDBOX_HOLDS_SCOPES |
				(plan->landlock_abi < 5 ? VD_SANDBOX_HOLDS_FILES : 0u),
			true,
			"the kernel has no seccomp filters: neither system calls nor the ways around "
			"Landlock are held");
	} else if (!host->seccomp_logs) {
		LEAVE(plan, VD_SANDBOX_HOLDS_CALLS, false,
			"refused calls are not logged, and the worst refused instead of ending the process, "
			"before Linux 4.14");
	}
}

static void
plan_kernel(struct vd_sandbox_plan *plan, const struct vd_sandbox_profile *profile,
	const struct vd_sandbox_host *host)
{
	int abi = plan->landlock_abi = profile->sees_processes ? 0 : host->landlock_abi;
	bool creates = false;
	plan->landlock = abi > 0;
	plan->files = abi < 1 ? 0 : VD_LANDLOCK_REFER - 1;
	plan->files |= abi < 2 ? 0 : VD_LANDLOCK_REFER;
	plan->files |= abi < 3 ? 0 : VD_LANDLOCK_TRUNCATE;
	plan->files |= abi < 5 ? 0 : VD_LANDLOCK_IOCTL_DEV;
	plan->scopes = abi < 6 ? 0 : VD_LANDLOCK_ABSTRACT_UNIX | VD_LANDLOCK_SIGNAL;
	for (size_t i = 0; i < plan->n_paths; i++) {
		plan->path[i].rights &= plan->files;
		creates |= (plan->path[i].may & VD_SANDBOX_CREATE) != 0;
	}
	leave_seccomp(plan, host);
	if (!plan->landlock)
		leave_landlock(plan, profile, host->landlock_error);
	if (abi == 1 && creates)
		LEAVE(plan, VD_SANDBOX_HOLDS_FILES, false,
			"no renaming from one folder into another: that takes Landlock 2 (Linux 5.19)");
	if (abi < 4) {
		plan->ports = 0;
		plan->n_ports = 0;
		leave_ports(plan, profile);
	}
	if (abi < 6)
		leave_scopes(plan, profile);
	plan->holds = VD_SANDBOX_HOLDS_ALL;
	for (size_t i = 0; i < plan->n_left; i++)
		if (plan->left[i].weaker)
			plan->holds &= ~plan->left[i].layer;
}

static enum vd_status
plan_capabilities(struct vd_sandbox_plan *plan, const struct vd_sandbox_profile *profile,
	const struct vd_sandbox_host *host, struct vd_err *err)
{
	if (profile->keeps & ~MAY_KEEP)
		return vd_fail(err, VD_EINPUT,
			"only CAP_NET_BIND_SERVICE and CAP_SYS_PTRACE may be kept, not 0x%llx",
			(unsigned long long)(profile->keeps & ~MAY_KEEP));
	if (profile->keeps & ~host->has)
		return vd_fail(err, VD_EINPUT,
			"it is to keep capabilities 0x%llx, which this process does not have",
			(unsigned long long)(profile->keeps & ~host->has));
	plan->keeps = profile->keeps;
	if (!host->can_drop_bound)
		LEAVE(plan, VD_SANDBOX_HOLDS_CAPABILITIES, false,
			"the bounding set stays, for want of CAP_SETPCAP: no_new_privs leaves it without "
			"effect");
	return VD_OK;
}

/* ---- the whole ---- */

static enum vd_status
check_profile(const struct vd_sandbox_profile *profile, size_t n_places, struct vd_err *err)
{
	if (n_places > VD_SANDBOX_PLACES_MAX)
		return vd_fail(err, VD_EINPUT, "more than %u places", VD_SANDBOX_PLACES_MAX);
	if (profile->sockets & ~SOCKETS_ALL || profile->calls & ~CALLS_ALL)
		return vd_fail(err, VD_EINPUT, "sockets or calls of no group that is known");
	if (profile->sees_processes && profile->hidden)
		return vd_fail(err, VD_EINPUT, "who sees processes must be seen: not hidden");
	return VD_OK;
}

static enum vd_status
fill(struct vd_sandbox_plan *plan, const struct vd_sandbox_profile *profile,
	const struct vd_sandbox_place places[], size_t n_places, const struct vd_sandbox_host *host,
	struct vd_err *err)
{
	enum vd_status st = check_profile(profile, n_places, err);
	if (st == VD_OK)
		st = plan_capabilities(plan, profile, host, err);
	if (st == VD_OK)
		st = plan_paths(plan, profile, places, n_places, err);
	if (st == VD_OK)
		st = plan_ports(plan, &profile->bind, VD_LANDLOCK_BIND_TCP, err);
	if (st == VD_OK)
		st = plan_ports(plan, &profile->connect, VD_LANDLOCK_CONNECT_TCP, err);
	if (st == VD_OK)
		st = vd_sandbox_plan_calls(plan, profile, host, err);
	if (st != VD_OK)
		return st;
	plan->hidden = profile->hidden;
	plan->nofile = profile->nofile;
	plan_kernel(plan, profile, host);
	return VD_OK;
}

enum vd_status
vd_sandbox_plan_new(const struct vd_sandbox_profile *profile, const struct vd_sandbox_place *places,
	size_t n_places, const struct vd_sandbox_host *host, struct vd_sandbox_plan **ret, struct vd_err *err)
{
	VD_AUTO(vd_sandbox_plan) plan = vd_obj_new(struct vd_sandbox_plan, VD_SANDBOX_PLAN_MAGIC);
	if (plan != NULL && (plan->arena = vd_arena_new(0)) != NULL) {
		plan->name = vd_arena_dup(plan->arena, profile->name, strlen(profile->name));
		plan->port = vd_arena_array(plan->arena, 2 * VD_SANDBOX_PORTS_MAX, sizeof *plan->port);
	}
	if (plan == NULL || plan->name == NULL || plan->port == NULL)
		return vd_fail(err, VD_ENOMEM, "sandbox '%s': no memory for a plan", profile->name);
	enum vd_status st = fill(plan, profile, places, n_places, host, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "sandbox '%s'", profile->name);
	*ret = vd_sandbox_plan_take(&plan);
	return VD_OK;
}
