#include "trust/sandbox/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "trust/sandbox/landlock.h"
#include "vd_test.h"

static const struct vd_sandbox_place places[] = {{"state", "/var/lib/vedette//bus/"}, {"empty", ""}};

static const uint16_t two_ports[] = {8443, 9000};

#define LISTED                                                                                               \
	{                                                                                                    \
		VD_SANDBOX_LISTED, two_ports, 2                                                              \
	}

static struct vd_sandbox_host
host_with(int abi)
{
	return (struct vd_sandbox_host){.landlock_abi = abi,
		.landlock_error = abi == 0 ? ENOSYS : 0,
		.seccomp = true,
		.seccomp_logs = true,
		.pid = 4711,
		.has = 1ull << CAP_NET_BIND_SERVICE | 1ull << CAP_SETPCAP,
		.can_drop_bound = true};
}

static struct vd_sandbox_plan *
plan_on(const struct vd_sandbox_profile *profile, const struct vd_sandbox_host *host)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_sandbox_plan *plan = NULL;
	if (vd_sandbox_plan_new(profile, places, VD_ARRAY_LEN(places), host, &plan, &err) != VD_OK)
		fail_msg("%s", err.text);
	return plan;
}

static struct vd_sandbox_plan *
plan_for(const struct vd_sandbox_profile *profile, int abi)
{
	struct vd_sandbox_host host = host_with(abi);
	return plan_on(profile, &host);
}

#define JUDGE(plan, call, ...) vd_sandbox_plan_judge(plan, call, (const uint64_t[6]){__VA_ARGS__})
#define ALLOWED(plan, ...) assert_int_equal(JUDGE(plan, __VA_ARGS__), VD_SANDBOX_ALLOWED)
#define REFUSED(plan, ...) assert_int_equal(JUDGE(plan, __VA_ARGS__), VD_SANDBOX_REFUSED)

/* ---- profiles that are wrong ---- */

static void
refused(const struct vd_sandbox_profile *profile, const char *words)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_sandbox_plan *plan = NULL;
	struct vd_sandbox_host host = host_with(7);
	assert_int_equal(
		vd_sandbox_plan_new(profile, places, VD_ARRAY_LEN(places), &host, &plan, &err), VD_EINPUT);
	assert_null(plan);
	if (strstr(err.text, words) == NULL || strstr(err.text, "sandbox 'wrong'") == NULL)
		fail_msg("'%s' lacks '%s'", err.text, words);
}

static void
refused_path(const char *path, unsigned may, const char *words)
{
	struct vd_sandbox_path rows[] = {{"/usr/share/zoneinfo", VD_SANDBOX_READ}, {path, may}};
	refused(&(struct vd_sandbox_profile){.name = "wrong", .paths = rows, .n_paths = 2}, words);
}

VD_TEST(a_path_that_is_wrong_is_refused_in_words)
{
	refused_path("etc/hosts", VD_SANDBOX_READ, "'etc/hosts': a path must be absolute");
	refused_path("", VD_SANDBOX_READ, "must be absolute");
	refused_path("/", VD_SANDBOX_READ, "'/' would be everything");
	refused_path("///", VD_SANDBOX_READ, "'/' would be everything");
	refused_path("/etc/../root", VD_SANDBOX_READ, "without '.' and '..'");
	refused_path("/etc/.", VD_SANDBOX_READ, "without '.' and '..'");
	refused_path("@nowhere/bus", VD_SANDBOX_READ, "'@nowhere/bus': no place of that name");
	refused_path("@stat/bus", VD_SANDBOX_READ, "no place of that name");
	refused_path("@empty", VD_SANDBOX_READ, "the place's path is empty");
	refused_path("@empty/etc", VD_SANDBOX_READ, "the place's path is empty");
	refused_path("/etc/hosts", 0, "path 2: say which path, and what it may");
	refused_path("/etc/hosts", VD_SANDBOX_IF_THERE, "path 2");
	refused_path("/etc/hosts", 64, "path 2");
	refused_path(NULL, VD_SANDBOX_READ, "path 2");
	char large[VD_SANDBOX_PATH_MAX + 1];
	memset(large, 'a', sizeof large - 1);
	large[0] = '/';
	large[sizeof large - 1] = '\0';
	refused_path(large, VD_SANDBOX_READ, "longer than 4095 bytes");
}

VD_TEST(a_row_that_would_be_narrower_than_one_around_it_is_refused)
{
	refused_path("/usr/share", VD_SANDBOX_READ | VD_SANDBOX_WRITE,
		"'/usr/share/zoneinfo' cannot be narrower than '/usr/share' around it");
	refused_path("/usr/share/zoneinfo/", VD_SANDBOX_READ | VD_SANDBOX_WRITE, "cannot be narrower");
	refused_path("/usr/share/zoneinfo/posix", VD_SANDBOX_WRITE,
		"'/usr/share/zoneinfo/posix' cannot be narrower");
	struct vd_sandbox_path rows[] = {{"/usr/share", VD_SANDBOX_READ},
		{"/usr/share/zoneinfo", VD_SANDBOX_READ | VD_SANDBOX_CREATE},
		{"/usr/share2", VD_SANDBOX_WRITE}, {"@state", VD_SANDBOX_CREATE},
		{"@state/x", VD_SANDBOX_WRITE | VD_SANDBOX_CREATE | VD_SANDBOX_IF_THERE}};
	VD_AUTO(vd_sandbox_plan)
	plan = plan_for(
		&(struct vd_sandbox_profile){.name = "nested", .paths = rows, .n_paths = VD_ARRAY_LEN(rows)},
		7);
	assert_int_equal(plan->n_paths, 5);
}

VD_TEST(ports_capabilities_and_groups_that_are_wrong_are_refused)
{
	static const uint16_t none[] = {0}, many[VD_SANDBOX_PORTS_MAX + 1];
	static const struct vd_sandbox_path run[] = {{"/usr/bin/true", VD_SANDBOX_EXECUTE}};
	static struct vd_sandbox_path rows[VD_SANDBOX_PATHS_MAX + 1];
#define WRONG(words, ...) refused(&(struct vd_sandbox_profile){.name = "wrong", __VA_ARGS__}, words)
	WRONG("ports to bind: a list goes with LISTED", .bind = {VD_SANDBOX_LISTED, NULL, 0});
	WRONG("ports to bind: a list goes with LISTED", .bind = {VD_SANDBOX_NONE, two_ports, 2});
	WRONG("ports to connect to: a list goes with LISTED", .connect = {VD_SANDBOX_ALL, two_ports, 2});
	WRONG("0 is none", .connect = {VD_SANDBOX_LISTED, none, 1});
	WRONG("more than 64", .bind = {VD_SANDBOX_LISTED, many, VD_ARRAY_LEN(many)});
	WRONG("more than 64 paths", .paths = rows, .n_paths = VD_ARRAY_LEN(rows));
	WRONG("starting programs takes both", .calls = VD_SANDBOX_EXEC);
	WRONG("starting programs takes both", .paths = run, .n_paths = 1);
	WRONG("of no group that is known", .calls = 1u << 20);
	WRONG("of no group that is known", .sockets = 1u << 20);
	WRONG("may be kept, not 0x200000", .keeps = 1ull << CAP_SYS_ADMIN);
	WRONG("0x80000, which this process does not have", .keeps = 1ull << CAP_SYS_PTRACE);
	WRONG("take them out", .paths = run, .n_paths = 1, .sees_processes = true);
	WRONG("not hidden", .hidden = true, .sees_processes = true);
#undef WRONG
	struct vd_sandbox_host host = host_with(7);
	struct vd_sandbox_plan *plan = NULL;
	struct vd_sandbox_profile profile = {.name = "x"};
	assert_int_equal(vd_sandbox_plan_new(&profile, places, VD_SANDBOX_PLACES_MAX + 1, &host, &plan, NULL),
		VD_EINPUT);
}

/* ---- Landlock ---- */

static const struct vd_sandbox_path each_right[] = {
	{"/r", VD_SANDBOX_READ},
	{"/w", VD_SANDBOX_WRITE},
	{"@state/lanes", VD_SANDBOX_CREATE | VD_SANDBOX_IF_THERE},
	{"/x", VD_SANDBOX_EXECUTE},
};

static const struct vd_sandbox_profile service = {
	.name = "service",
	.paths = each_right,
	.n_paths = VD_ARRAY_LEN(each_right),
	.bind = LISTED,
	.connect = LISTED,
	.sockets = VD_SANDBOX_UNIX_CONNECT,
	.calls = VD_SANDBOX_THREADS | VD_SANDBOX_PROCESSES | VD_SANDBOX_EXEC,
};

VD_TEST(places_stand_for_their_paths)
{
	VD_AUTO(vd_sandbox_plan) plan = plan_for(&service, 7);
	assert_string_equal(plan->path[2].path, "/var/lib/vedette/bus/lanes");
	struct vd_sandbox_path bare[] = {{"@state", VD_SANDBOX_READ}};
	VD_AUTO(vd_sandbox_plan)
	whole = plan_for(&(struct vd_sandbox_profile){.name = "p", .paths = bare, .n_paths = 1}, 7);
	assert_string_equal(whole->path[0].path, "/var/lib/vedette/bus");
}

VD_TEST(rights_are_those_that_the_version_of_landlock_has)
{
	static const uint64_t handled[] = {0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff, 0xffff, 0xffff, 0xffff};
	for (int abi = 0; abi < (int)VD_ARRAY_LEN(handled); abi++) {
		VD_AUTO(vd_sandbox_plan) plan = plan_for(&service, abi);
		uint64_t truncate = abi >= 3 ? VD_LANDLOCK_TRUNCATE : 0,
			 refer = abi >= 2 ? VD_LANDLOCK_REFER : 0;
		uint64_t writes = VD_LANDLOCK_WRITE_FILE | truncate;
		assert_int_equal(plan->landlock, abi > 0);
		assert_int_equal(plan->landlock_abi, abi);
		assert_int_equal(plan->files, handled[abi]);
		assert_int_equal(plan->ports, abi >= 4 ? 3 : 0);
		assert_int_equal(plan->n_ports, abi >= 4 ? 4 : 0);
		assert_int_equal(plan->scopes, abi >= 6 ? 3 : 0);
		if (abi == 0)
			continue;
		assert_int_equal(plan->path[0].rights, VD_LANDLOCK_READ_FILE | VD_LANDLOCK_READ_DIR);
		assert_int_equal(plan->path[1].rights, writes);
		assert_int_equal(
			plan->path[2].rights, writes | refer | VD_LANDLOCK_MAKE_REG | VD_LANDLOCK_MAKE_DIR |
						      VD_LANDLOCK_REMOVE_FILE | VD_LANDLOCK_REMOVE_DIR);
		assert_int_equal(plan->path[3].rights,
			VD_LANDLOCK_EXECUTE | VD_LANDLOCK_READ_FILE | VD_LANDLOCK_READ_DIR);
	}
}

VD_TEST(ports_are_held_as_listed_and_all_is_not_held)
{
	struct vd_sandbox_profile profile = service;
	VD_AUTO(vd_sandbox_plan) listed = plan_for(&profile, 4);
	assert_int_equal(listed->port[1].port, 9000);
	assert_int_equal(listed->port[1].rights, VD_LANDLOCK_BIND_TCP);
	assert_int_equal(listed->port[2].port, 8443);
	assert_int_equal(listed->port[2].rights, VD_LANDLOCK_CONNECT_TCP);
	profile.bind = (struct vd_sandbox_ports){VD_SANDBOX_ALL, NULL, 0};
	VD_AUTO(vd_sandbox_plan) any = plan_for(&profile, 4);
	assert_int_equal(any->ports, VD_LANDLOCK_CONNECT_TCP);
	profile.connect = (struct vd_sandbox_ports){VD_SANDBOX_NONE, NULL, 0};
	VD_AUTO(vd_sandbox_plan) none = plan_for(&profile, 4);
	assert_int_equal(none->ports, VD_LANDLOCK_CONNECT_TCP);
	assert_int_equal(none->n_ports, 0);
}

VD_TEST(sockets_are_made_only_by_who_serves_them)
{
	struct vd_sandbox_profile profile = service;
	profile.sockets = VD_SANDBOX_UNIX_SERVE;
	VD_AUTO(vd_sandbox_plan) plan = plan_for(&profile, 7);
	assert_true(plan->path[2].rights & VD_LANDLOCK_MAKE_SOCK);
	assert_false(plan->path[1].rights & VD_LANDLOCK_MAKE_SOCK);
}

/* ---- what a kernel leaves open ---- */

static unsigned
held(const struct vd_sandbox_profile *profile, int abi)
{
	VD_AUTO(vd_sandbox_plan) plan = plan_for(profile, abi);
	return plan->holds;
}

VD_TEST(what_the_kernel_cannot_hold_is_said)
{
	const unsigned files = VD_SANDBOX_HOLDS_FILES, ports = VD_SANDBOX_HOLDS_PORTS,
		       scopes = VD_SANDBOX_HOLDS_SCOPES, all = VD_SANDBOX_HOLDS_ALL;
	assert_int_equal(held(&service, 0), all & ~(files | ports | scopes));
	assert_int_equal(held(&service, 1), all & ~(ports | scopes));
	assert_int_equal(held(&service, 3), all & ~(ports | scopes));
	assert_int_equal(held(&service, 4), all & ~scopes);
	assert_int_equal(held(&service, 6), all);
	VD_AUTO(vd_sandbox_plan) oldest = plan_for(&service, 0);
	assert_int_equal(oldest->n_left, 3);
	assert_non_null(strstr(oldest->left[0].words, "no Landlock (Function not implemented)"));
	assert_non_null(strstr(oldest->left[1].words, "bind and connect to"));
	VD_AUTO(vd_sandbox_plan) old = plan_for(&service, 1);
	assert_non_null(strstr(old->left[0].words, "from one folder into another"));
	assert_false(old->left[0].weaker);
	VD_AUTO(vd_sandbox_plan) current = plan_for(&service, 6);
	assert_int_equal(current->n_left, 0);
}

/* A call that nothing else needs is refused as a whole, so no port is left to hold. */
VD_TEST(seccomp_stands_in_for_ports_and_scopes_where_it_can)
{
	const unsigned ports = VD_SANDBOX_HOLDS_PORTS, scopes = VD_SANDBOX_HOLDS_SCOPES;
	struct vd_sandbox_profile client = {.name = "client", .connect = {VD_SANDBOX_ALL, NULL, 0}};
	assert_int_equal(held(&client, 1) & (ports | scopes), ports | scopes);
	client.connect = (struct vd_sandbox_ports)LISTED;
	assert_int_equal(held(&client, 3) & (ports | scopes), scopes);
	client.connect = (struct vd_sandbox_ports){VD_SANDBOX_ALL, NULL, 0};
	client.sockets = VD_SANDBOX_UDP; /* binds its sockets, and a TCP one looks the same */
	assert_int_equal(held(&client, 3) & (ports | scopes), scopes);
	struct vd_sandbox_profile server = {.name = "server", .bind = {VD_SANDBOX_ALL, NULL, 0}};
	assert_int_equal(held(&server, 3) & (ports | scopes), ports | scopes);
	server.sockets = VD_SANDBOX_UNIX_CONNECT;
	assert_int_equal(held(&server, 3) & (ports | scopes), 0);
	struct vd_sandbox_profile nothing = {.name = "nothing", .sockets = VD_SANDBOX_UDP};
	assert_int_equal(held(&nothing, 3) & (ports | scopes), ports | scopes); /* no TCP socket at all */
	struct vd_sandbox_profile parent = {.name = "parent", .calls = VD_SANDBOX_PROCESSES};
	assert_int_equal(held(&parent, 5) & (ports | scopes), ports);
}

VD_TEST(a_kernel_without_seccomp_leaves_the_ways_around_landlock_open)
{
	struct vd_sandbox_host host = host_with(7);
	host.seccomp = host.seccomp_logs = false;
	VD_AUTO(vd_sandbox_plan) plan = plan_on(&service, &host);
	assert_false(plan->seccomp || plan->logs || plan->kills);
	assert_int_equal(plan->holds,
		VD_SANDBOX_HOLDS_ALL &
			~(VD_SANDBOX_HOLDS_CALLS | VD_SANDBOX_HOLDS_PORTS | VD_SANDBOX_HOLDS_SCOPES));
	host = host_with(2);
	host.seccomp = false;
	VD_AUTO(vd_sandbox_plan) older = plan_on(&service, &host);
	assert_false(older->holds & VD_SANDBOX_HOLDS_FILES);
	host = host_with(7);
	host.seccomp_logs = false;
	VD_AUTO(vd_sandbox_plan) silent = plan_on(&service, &host);
	assert_true(silent->seccomp && !silent->logs && !silent->kills);
	assert_int_equal(silent->holds, VD_SANDBOX_HOLDS_ALL);
	assert_int_equal(silent->n_left, 1);
}

VD_TEST(who_attests_processes_has_no_landlock_and_changes_nothing)
{
	struct vd_sandbox_profile profile = {.name = "attestor", .sees_processes = true};
	VD_AUTO(vd_sandbox_plan) plan = plan_for(&profile, 7);
	assert_false(plan->landlock);
	assert_int_equal(plan->files | plan->ports | plan->scopes, 0);
	assert_int_equal(plan->holds, VD_SANDBOX_HOLDS_ALL);
	assert_int_equal(plan->n_left, 1);
	ALLOWED(plan, "openat", 0, 0, O_RDONLY | O_CLOEXEC);
	ALLOWED(plan, "readlink", 0);
	REFUSED(plan, "openat", 0, 0, O_WRONLY);
	REFUSED(plan, "unlink", 0);
	REFUSED(plan, "mkdirat", 0);
	REFUSED(plan, "socket", AF_INET, SOCK_STREAM);
}

VD_TEST(capabilities_that_stay_are_named_and_the_bounding_set_takes_one)
{
	struct vd_sandbox_profile profile = {.name = "door", .keeps = 1ull << CAP_NET_BIND_SERVICE};
	struct vd_sandbox_host host = host_with(7);
	host.can_drop_bound = false;
	VD_AUTO(vd_sandbox_plan) plan = plan_on(&profile, &host);
	assert_int_equal(plan->keeps, 1ull << CAP_NET_BIND_SERVICE);
	assert_int_equal(plan->n_left, 1);
	assert_int_equal(plan->holds, VD_SANDBOX_HOLDS_ALL);
}

/* ---- system calls ---- */

VD_TEST(a_profile_that_asks_for_nothing_may_only_be)
{
	VD_AUTO(vd_sandbox_plan) plan = plan_for(&(struct vd_sandbox_profile){.name = "idle"}, 7);
	static const char *const refused_calls[] = {"openat", "open", "socket", "connect", "bind", "listen",
		"clone", "fork", "vfork", "execve", "execveat", "kill", "unshare", "setns", "mount",
		"umount2", "pivot_root", "chroot", "setuid", "setresuid", "setgid", "setgroups", "capset",
		"io_uring_setup", "io_uring_enter", "keyctl", "add_key", "seccomp", "personality",
		"memfd_create", "symlink", "chmod", "fchmodat", "chown", "setxattr", "truncate", "mknod",
		"inotify_add_watch", "sendmsg", "splice", "vmsplice", "syslog", "acct", "quotactl",
		"clock_settime", "sethostname", "ptrac", "prlimit", "landlock_restrict_self", "tkill",
		"no_such_call"};
	for (size_t i = 0; i < VD_ARRAY_LEN(refused_calls); i++)
		if (JUDGE(plan, refused_calls[i], 0) != VD_SANDBOX_REFUSED)
			fail_msg("%s is not refused", refused_calls[i]);
	ALLOWED(plan, "read", 0);
	ALLOWED(plan, "futex", 0);
	ALLOWED(plan, "exit_group", 0);
	ALLOWED(plan, "socketpair", AF_UNIX);
	REFUSED(plan, "socketpair", AF_INET);
	ALLOWED(plan, "tgkill", 4711);
	REFUSED(plan, "tgkill", 4712);
	ALLOWED(plan, "prlimit64", 0, 7, 0);
	ALLOWED(plan, "prlimit64", 4711, 7, 0);
	REFUSED(plan, "prlimit64", 0, 7, 0x1000);
	REFUSED(plan, "prlimit64", 1, 7, 0);
	ALLOWED(plan, "fcntl", 3, F_SETFL);
	REFUSED(plan, "fcntl", 3, F_SETOWN);
	REFUSED(plan, "fcntl", 3, F_SETSIG);
	ALLOWED(plan, "ioctl", 3, 0x541b); /* FIONREAD */
	REFUSED(plan, "ioctl", 3, 0x5412); /* TIOCSTI */
	ALLOWED(plan, "prctl", PR_SET_NAME);
	ALLOWED(plan, "prctl", PR_SET_DUMPABLE, 0);
	REFUSED(plan, "prctl", PR_SET_DUMPABLE, 1);
	REFUSED(plan, "prctl", PR_SET_SECCOMP);
	REFUSED(plan, "prctl", PR_SET_MM);
}

VD_TEST(the_worst_end_the_process_and_calls_that_cannot_be_seen_into_are_unknown)
{
	static const char *const worst[] = {"ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd",
		"kexec_load", "kexec_file_load", "bpf", "userfaultfd", "perf_event_open", "init_module",
		"finit_module", "delete_module", "open_by_handle_at"};
	VD_AUTO(vd_sandbox_plan) plan = plan_for(&service, 7);
	for (size_t i = 0; i < VD_ARRAY_LEN(worst); i++)
		assert_int_equal(JUDGE(plan, worst[i], 0), VD_SANDBOX_KILLED);
	assert_int_equal(JUDGE(plan, "clone3", 0), VD_SANDBOX_UNKNOWN);
	assert_int_equal(JUDGE(plan, "openat2", 0), VD_SANDBOX_UNKNOWN);
}

VD_TEST(files_are_opened_as_the_paths_say)
{
	struct vd_sandbox_path rows[] = {{"/r", VD_SANDBOX_READ}};
	struct vd_sandbox_profile profile = {.name = "reader", .paths = rows, .n_paths = 1};
	VD_AUTO(vd_sandbox_plan) reader = plan_for(&profile, 7);
	ALLOWED(reader, "openat", 0, 0, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	ALLOWED(reader, "open", 0, O_RDONLY | O_NOFOLLOW);
	static const uint64_t writing[] = {
		O_WRONLY, O_RDWR, O_ACCMODE, O_RDONLY | O_CREAT, O_RDONLY | O_TRUNC, O_TMPFILE | O_RDWR};
	for (size_t i = 0; i < VD_ARRAY_LEN(writing); i++) {
		REFUSED(reader, "openat", 0, 0, writing[i]);
		REFUSED(reader, "open", 0, writing[i]);
	}
	REFUSED(reader, "unlinkat", 0);
	REFUSED(reader, "fchmod", 3, 0600);
	rows[0].may = VD_SANDBOX_WRITE;
	VD_AUTO(vd_sandbox_plan) writer = plan_for(&profile, 7);
	ALLOWED(writer, "openat", 0, 0, O_RDONLY);
	ALLOWED(writer, "openat", 0, 0, O_WRONLY | O_CREAT | O_TRUNC);
	ALLOWED(writer, "openat", 0, 0, O_RDWR | O_TRUNC);
	REFUSED(writer, "openat", 0, 0, O_RDONLY | O_TRUNC);
	REFUSED(writer, "openat", 0, 0, O_ACCMODE | O_TRUNC);
	REFUSED(writer, "open", 0, O_RDONLY | O_TRUNC | O_CLOEXEC);
	ALLOWED(writer, "unlinkat", 0);
	ALLOWED(writer, "ftruncate", 0);
	REFUSED(writer, "truncate", 0);
	ALLOWED(writer, "fchmod", 3, 0600);
	REFUSED(writer, "fchmod", 3, 0644);
	REFUSED(writer, "fchmod", 3, 04700);
	ALLOWED(writer, "utimensat", 3, 0);
	REFUSED(writer, "utimensat", 3, 0x1000);
	REFUSED(writer, "inotify_add_watch", 0);
}

VD_TEST(sockets_are_of_the_families_that_the_profile_names)
{
	static const struct {
		uint64_t family, type, protocol;
		bool tcp, udp, local, routes;
	} rows[] = {
		{AF_INET, SOCK_STREAM, 0, .tcp = true},
		{AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP, .tcp = true},
		{AF_INET, SOCK_STREAM, 262 /* MPTCP */, .tcp = false},
		{AF_INET, SOCK_STREAM, 132 /* SCTP */, .tcp = false},
		{AF_INET, SOCK_SEQPACKET, 0, .tcp = false},
		{AF_INET, SOCK_DGRAM, 0, .udp = true},
		{AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP, .udp = true},
		{AF_INET, SOCK_DGRAM, IPPROTO_ICMP, .udp = false},
		{AF_INET, SOCK_RAW, IPPROTO_TCP, .tcp = false},
		{AF_PACKET, SOCK_RAW, 0, .tcp = false},
		{AF_UNIX, SOCK_STREAM, 0, .local = true},
		{AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, .local = true},
		{AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE, .routes = true},
		{AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER, .routes = false},
		{AF_VSOCK, SOCK_STREAM, 0, .tcp = false},
		{38 /* AF_ALG */, SOCK_SEQPACKET, 0, .tcp = false},
		{43 /* AF_SMC */, SOCK_STREAM, 0, .tcp = false},
		{AF_INET + (1ull << 32), SOCK_STREAM, 0, .tcp = false},
	};
	VD_AUTO(vd_sandbox_plan)
	tcp = plan_for(&(struct vd_sandbox_profile){.name = "tcp", .connect = LISTED}, 7);
	VD_AUTO(vd_sandbox_plan)
	udp = plan_for(&(struct vd_sandbox_profile){.name = "udp", .sockets = VD_SANDBOX_UDP}, 7);
	VD_AUTO(vd_sandbox_plan)
	local = plan_for(&(struct vd_sandbox_profile){.name = "unix", .sockets = VD_SANDBOX_UNIX_CONNECT}, 7);
	VD_AUTO(vd_sandbox_plan)
	routes = plan_for(&(struct vd_sandbox_profile){.name = "routes", .sockets = VD_SANDBOX_ROUTES}, 7);
	for (size_t i = 0; i < VD_ARRAY_LEN(rows); i++) {
		const uint64_t args[6] = {rows[i].family, rows[i].type, rows[i].protocol};
		bool may[] = {rows[i].tcp, rows[i].udp, rows[i].local, rows[i].routes};
		const struct vd_sandbox_plan *plans[] = {tcp, udp, local, routes};
		for (size_t k = 0; k < VD_ARRAY_LEN(plans); k++)
			if ((vd_sandbox_plan_judge(plans[k], "socket", args) == VD_SANDBOX_ALLOWED) != may[k])
				fail_msg("row %zu under %s", i, plans[k]->name);
	}
	REFUSED(tcp, "bind", 0);
	REFUSED(tcp, "listen", 0);
	ALLOWED(tcp, "connect", 0);
	ALLOWED(udp, "bind", 0);
	REFUSED(udp, "listen", 0);
	REFUSED(local, "bind", 0);
	ALLOWED(routes, "bind", 0);
	REFUSED(routes, "connect", 0);
}

VD_TEST(sending_is_no_way_to_connect)
{
	VD_AUTO(vd_sandbox_plan)
	plan = plan_for(&(struct vd_sandbox_profile){.name = "server", .bind = LISTED}, 7);
	ALLOWED(plan, "sendto", 3, 0, 0, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
	REFUSED(plan, "sendto", 3, 0, 0, MSG_FASTOPEN | MSG_NOSIGNAL, 0x1000, 16);
	REFUSED(plan, "sendmsg", 3, 0, MSG_FASTOPEN);
	REFUSED(plan, "sendmmsg", 3, 0, 1, MSG_FASTOPEN);
	ALLOWED(plan, "accept4", 0);
	REFUSED(plan, "connect", 0);
}

VD_TEST(threads_processes_programs_and_code_each_want_their_word)
{
	const uint64_t thread = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND,
		       rwx = PROT_READ | PROT_WRITE | PROT_EXEC;
	struct vd_sandbox_profile profile = {.name = "p", .calls = VD_SANDBOX_THREADS};
	VD_AUTO(vd_sandbox_plan) threads = plan_for(&profile, 7);
	ALLOWED(threads, "clone", thread);
	REFUSED(threads, "clone", 17 /* SIGCHLD: fork */);
	REFUSED(threads, "clone", thread | CLONE_NEWUSER);
	REFUSED(threads, "fork", 0);
	REFUSED(threads, "wait4", 0);
	profile.calls = VD_SANDBOX_THREADS | VD_SANDBOX_PROCESSES;
	VD_AUTO(vd_sandbox_plan) processes = plan_for(&profile, 7);
	ALLOWED(processes, "clone", thread);
	ALLOWED(processes, "clone", 17);
	REFUSED(processes, "clone", 17 | CLONE_NEWNET);
	ALLOWED(processes, "kill", 1);
	REFUSED(processes, "execve", 0);
	static const struct vd_sandbox_path run[] = {{"/usr/bin", VD_SANDBOX_EXECUTE}};
	struct vd_sandbox_profile runs = {.name = "r", .paths = run, .n_paths = 1, .calls = VD_SANDBOX_EXEC};
	VD_AUTO(vd_sandbox_plan) exec = plan_for(&runs, 7);
	ALLOWED(exec, "execve", 0);
	REFUSED(exec, "execveat", 0);
	ALLOWED(threads, "mmap", 0, 0, PROT_READ | PROT_WRITE);
	ALLOWED(threads, "mmap", 0, 0, PROT_READ | PROT_EXEC);
	ALLOWED(threads, "mmap", 0, 0, PROT_NONE);
	REFUSED(threads, "mmap", 0, 0, rwx);
	ALLOWED(threads, "mprotect", 0, 0, PROT_READ | PROT_WRITE);
	REFUSED(threads, "mprotect", 0, 0, PROT_EXEC);
	profile.calls = VD_SANDBOX_CODE | VD_SANDBOX_WATCH;
	VD_AUTO(vd_sandbox_plan) code = plan_for(&profile, 7);
	ALLOWED(code, "mmap", 0, 0, rwx);
	ALLOWED(code, "mprotect", 0, 0, PROT_EXEC);
	ALLOWED(code, "inotify_add_watch", 0);
	REFUSED(code, "clone", thread);
}

/* A slip of the pen would refuse a call for ever, or let its tests be passed by. */
VD_TEST(every_call_has_a_name_that_is_known_and_either_tests_or_none)
{
	struct vd_sandbox_profile everything = service;
	everything.sockets |= VD_SANDBOX_UDP | VD_SANDBOX_UNIX_SERVE | VD_SANDBOX_ROUTES;
	everything.calls |= VD_SANDBOX_WATCH;
	VD_AUTO(vd_sandbox_plan) plan = plan_for(&everything, 7);
	assert_true(plan->n_calls > 200);
	for (size_t i = 0; i < plan->n_calls; i++) {
		if (seccomp_syscall_resolve_name(plan->call[i].call) == __NR_SCMP_ERROR)
			fail_msg("%s is no system call", plan->call[i].call);
		for (size_t k = 0; k < i; k++)
			if (strcmp(plan->call[i].call, plan->call[k].call) == 0 &&
				(plan->call[i].n == 0 || plan->call[k].n == 0))
				fail_msg("%s stands twice", plan->call[i].call);
	}
}

VD_TEST(survives_every_out_of_memory)
{
	struct vd_sandbox_host host = host_with(7);
	VD_TORTURE
	{
		VD_AUTO(vd_sandbox_plan) plan = NULL;
		struct vd_err err = VD_ERR_INIT;
		enum vd_status st = vd_sandbox_plan_new(&service, places, 2, &host, &plan, &err);
		assert_true(st == VD_OK || st == VD_ENOMEM);
		if (st == VD_OK)
			assert_int_equal(plan->n_paths, 4);
	}
}
