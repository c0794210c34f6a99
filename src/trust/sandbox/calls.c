/*
 * Which system calls a profile needs.  A list of what is allowed: what stands nowhere here, and every call that the
 * kernel will learn, is refused.
 *
 * Landlock does not see everything, so some rules close what it leaves open whatever its version:
 *   - O_RDONLY | O_TRUNC and truncate(2) shorten files without opening them for writing (seen from version 3 only);
 *   - MSG_FASTOPEN sends to a port without connect(2), and sockets of MPTCP, SMC or SCTP are no TCP to it;
 *   - chmod, chown, xattr and utime by path are not seen at all: a file's mode is changed through a descriptor only,
 *     and only to an owner's bits;
 *   - ioctl on devices (seen from version 5 only).
 */
#include "trust/sandbox/plan.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/arena.h"

/* What a profile wants; a rule is taken when one of its groups is wanted. */
enum {
	ALWAYS = 1 << 0,
	FILES = 1 << 1,
	READ_ONLY = 1 << 2, /* files, none of them to be changed */
	CHANGES = 1 << 3,
	SOCKETS = 1 << 4,
	TCP = 1 << 5,
	UDP = 1 << 6,
	UNIX = 1 << 7,
	ROUTES = 1 << 8,
	BINDS = 1 << 9,
	LISTENS = 1 << 10,
	CONNECTS = 1 << 11,
	THREADS = 1 << 12, /* and no processes */
	PROCESSES = 1 << 13,
	ALONE = 1 << 14, /* no processes */
	EXEC = 1 << 15,
	CODE = 1 << 16,
	NO_CODE = 1 << 17,
	WATCH = 1 << 18,
};

/* What each bit of a profile brings. */
struct brings {
	unsigned bit, groups;
};

static const struct brings of_sockets[] = {
	{VD_SANDBOX_UDP, SOCKETS | UDP | BINDS | CONNECTS},
	{VD_SANDBOX_UNIX_CONNECT, SOCKETS | UNIX | CONNECTS},
	{VD_SANDBOX_UNIX_SERVE, SOCKETS | UNIX | BINDS | LISTENS},
	{VD_SANDBOX_ROUTES, SOCKETS | ROUTES | BINDS}, /* the C library binds before it asks */
};

static const struct brings of_calls[] = {
	{VD_SANDBOX_THREADS, THREADS},
	{VD_SANDBOX_PROCESSES, PROCESSES},
	{VD_SANDBOX_EXEC, EXEC},
	{VD_SANDBOX_CODE, CODE},
	{VD_SANDBOX_WATCH, WATCH},
};

static unsigned
brought(const struct brings rows[], size_t n, unsigned bits)
{
	unsigned groups = 0;
	for (size_t i = 0; i < n; i++)
		groups |= bits & rows[i].bit ? rows[i].groups : 0;
	return groups;
}

static unsigned
groups_wanted(const struct vd_sandbox_profile *profile)
{
	unsigned may = 0, wanted = ALWAYS;
	for (size_t i = 0; i < profile->n_paths; i++)
		may |= profile->paths[i].may;
	if (may & (VD_SANDBOX_WRITE | VD_SANDBOX_CREATE))
		wanted |= FILES | CHANGES;
	else if (profile->n_paths > 0 || profile->sees_processes)
		wanted |= FILES | READ_ONLY;
	if (profile->bind.scope != VD_SANDBOX_NONE)
		wanted |= SOCKETS | TCP | BINDS | LISTENS;
	if (profile->connect.scope != VD_SANDBOX_NONE)
		wanted |= SOCKETS | TCP | CONNECTS;
	wanted |= brought(of_sockets, VD_ARRAY_LEN(of_sockets), profile->sockets);
	wanted |= brought(of_calls, VD_ARRAY_LEN(of_calls), profile->calls);
	/* whoever may fork has clone with other flags, and need not be kept from signalling */
	wanted = wanted & PROCESSES ? wanted & ~(unsigned)THREADS : wanted | ALONE;
	return wanted & CODE ? wanted : wanted | NO_CODE;
}

/* ---- calls whose arguments do not matter ---- */

static const char always[] =
	/* descriptors that are open */
	"read write readv writev close close_range dup dup2 dup3 pipe pipe2 fstat newfstatat "
	"epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 poll ppoll select pselect6 "
	"eventfd eventfd2 signalfd4 timerfd_create timerfd_settime timerfd_gettime "
	/* memory */
	"munmap mremap madvise brk mlock mlock2 munlock msync membarrier "
	/* signals, time, itself */
	"rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend pause "
	"sigaltstack "
	"restart_syscall clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times "
	"getpid gettid getppid getpgrp getpgid getsid getuid geteuid getgid getegid getgroups getresuid "
	"getresgid "
	"capget getrusage getrlimit sysinfo uname getrandom getcpu exit exit_group "
	/* threads of the C library; a process without others has them too */
	"futex futex_waitv sched_yield sched_getaffinity set_tid_address set_robust_list get_robust_list "
	"rseq";

static const char files[] =
	"access faccessat faccessat2 stat lstat statx readlink readlinkat getcwd getdents getdents64 lseek "
	"pread64 preadv preadv2 fsync fdatasync sync_file_range fadvise64 readahead flock statfs fstatfs "
	"sendfile umask";

static const char changes[] = "creat pwrite64 pwritev pwritev2 ftruncate fallocate copy_file_range link "
			      "linkat mkdir mkdirat rename "
			      "renameat renameat2 rmdir unlink unlinkat";

static const char sockets[] =
	"recvfrom recvmsg recvmmsg getsockname getpeername getsockopt setsockopt shutdown";

static const char processes[] =
	"fork vfork wait4 waitid kill tkill tgkill setpgid setsid pidfd_open pidfd_send_signal";

static const struct {
	unsigned groups;
	const char *calls; /* names with blanks between */
} lists[] = {
	{ALWAYS, always},
	{FILES, files},
	{CHANGES, changes},
	{SOCKETS, sockets},
	{BINDS, "bind"},
	{LISTENS, "listen accept accept4"},
	{CONNECTS, "connect"},
	{THREADS | PROCESSES, "sched_setaffinity"},
	{PROCESSES, processes},
	{EXEC, "execve arch_prctl"},
	{CODE, "mmap mprotect"},
	{WATCH, "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch"},
};

/*
 * They reach into other processes or the kernel, no library of ours asks for them even to see whether it may, and a
 * process that does is no longer ours.
 */
static const char killed[] = "ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp "
			     "kexec_load kexec_file_load bpf "
			     "userfaultfd perf_event_open init_module finit_module delete_module "
			     "open_by_handle_at iopl ioperm modify_ldt "
			     "reboot swapon swapoff";

/* ---- calls whose arguments matter ---- */

#define OWN_PID UINT64_MAX
#define ALL_BITS UINT64_MAX
#define ACCMODE_AND(flag) ((uint64_t)(O_ACCMODE | (flag)))
#define IS(index, value)                                                                                     \
	{                                                                                                    \
		(index), ALL_BITS, (uint64_t)(value)                                                         \
	}
#define NONE_OF(index, bits)                                                                                 \
	{                                                                                                    \
		(index), (uint64_t)(bits), 0                                                                 \
	}
#define BITS_ARE(index, mask, bits)                                                                          \
	{                                                                                                    \
		(index), (uint64_t)(mask), (uint64_t)(bits)                                                  \
	}
#define TYPE_IS(type) BITS_ARE(1, 0xf, type) /* without SOCK_NONBLOCK and SOCK_CLOEXEC */

#define NAMESPACES                                                                                           \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |        \
		CLONE_NEWNET)
#define WRITE_AND_EXEC (PROT_WRITE | PROT_EXEC)

static const struct {
	unsigned groups;
	const char *call;
	unsigned n;
	struct vd_sandbox_arg tests[VD_SANDBOX_TESTS_MAX];
} tested[] = {
	/* memory is writable or holds code, never both nor one after the other (but through a file it wrote) */
	{NO_CODE, "mmap", 1, {NONE_OF(2, WRITE_AND_EXEC)}},
	{NO_CODE, "mmap", 1, {BITS_ARE(2, WRITE_AND_EXEC, PROT_WRITE)}},
	{NO_CODE, "mmap", 1, {BITS_ARE(2, WRITE_AND_EXEC, PROT_EXEC)}},
	{NO_CODE, "mprotect", 1, {NONE_OF(2, PROT_EXEC)}},
	/* signals only to itself (abort, pthread_kill) */
	{ALONE, "tgkill", 1, {IS(0, OWN_PID)}},
	/* its own limits may be read */
	{ALWAYS, "prlimit64", 2, {IS(0, 0), IS(2, 0)}},
	{ALWAYS, "prlimit64", 2, {IS(0, OWN_PID), IS(2, 0)}},
	{ALWAYS, "socketpair", 1, {IS(0, AF_UNIX)}},
	/* not F_SETOWN and F_SETSIG, by which the kernel signals others */
	{ALWAYS, "fcntl", 1, {IS(1, F_DUPFD)}},
	{ALWAYS, "fcntl", 1, {IS(1, F_DUPFD_CLOEXEC)}},
	{ALWAYS, "fcntl", 1, {IS(1, F_GETFD)}},
	{ALWAYS, "fcntl", 1, {IS(1, F_SETFD)}},
	{ALWAYS, "fcntl", 1, {IS(1, F_GETFL)}},
	{ALWAYS, "fcntl", 1, {IS(1, F_SETFL)}},
	{ALWAYS, "fcntl", 1, {IS(1, F_GETLK)}},
	{ALWAYS, "fcntl", 1, {IS(1, F_SETLK)}},
	{ALWAYS, "fcntl", 1, {IS(1, F_SETLKW)}},
	{ALWAYS, "fcntl", 1, {IS(1, F_OFD_GETLK)}},
	{ALWAYS, "fcntl", 1, {IS(1, F_OFD_SETLK)}},
	{ALWAYS, "fcntl", 1, {IS(1, F_OFD_SETLKW)}},
	{ALWAYS, "fcntl", 1, {IS(1, F_SETPIPE_SZ)}},
	{ALWAYS, "fcntl", 1, {IS(1, F_GETPIPE_SZ)}},
	{ALWAYS, "ioctl", 1, {IS(1, FIONBIO)}},
	{ALWAYS, "ioctl", 1, {IS(1, FIONREAD)}},
	{ALWAYS, "ioctl", 1, {IS(1, FIOCLEX)}},
	{ALWAYS, "ioctl", 1, {IS(1, TCGETS)}}, /* is it a terminal */
	{ALWAYS, "ioctl", 1, {IS(1, TIOCGWINSZ)}},
	{SOCKETS, "ioctl", 1, {IS(1, SIOCGIFINDEX)}}, /* fe80::1%eth0 */
	{SOCKETS, "ioctl", 1, {IS(1, SIOCGIFNAME)}},
	{SOCKETS, "ioctl", 1, {IS(1, SIOCOUTQ)}},
	{ALWAYS, "prctl", 1, {IS(0, PR_SET_NAME)}},
	{ALWAYS, "prctl", 1, {IS(0, PR_GET_NAME)}},
	{ALWAYS, "prctl", 1, {IS(0, PR_SET_PDEATHSIG)}},
	{ALWAYS, "prctl", 1, {IS(0, PR_GET_PDEATHSIG)}},
	{ALWAYS, "prctl", 1, {IS(0, PR_GET_DUMPABLE)}},
	{ALWAYS, "prctl", 2, {IS(0, PR_SET_DUMPABLE), IS(1, 0)}},
	{ALWAYS, "prctl", 1, {IS(0, PR_GET_SECCOMP)}},
	{ALWAYS, "prctl", 1, {IS(0, PR_CAPBSET_READ)}},
	{ALWAYS, "prctl", 1, {IS(0, PR_GET_NO_NEW_PRIVS)}},
	{ALWAYS, "prctl", 1, {IS(0, PR_SET_NO_NEW_PRIVS)}},
	{ALWAYS, "prctl", 1, {IS(0, PR_SET_VMA)}}, /* names memory, as allocators do */
	/* files */
	{READ_ONLY, "open", 1, {NONE_OF(1, ACCMODE_AND(O_CREAT | O_TRUNC))}},
	{READ_ONLY, "openat", 1, {NONE_OF(2, ACCMODE_AND(O_CREAT | O_TRUNC))}},
	{CHANGES, "open", 1, {NONE_OF(1, O_TRUNC)}},
	{CHANGES, "open", 1, {BITS_ARE(1, ACCMODE_AND(O_TRUNC), O_WRONLY | O_TRUNC)}},
	{CHANGES, "open", 1, {BITS_ARE(1, ACCMODE_AND(O_TRUNC), O_RDWR | O_TRUNC)}},
	{CHANGES, "openat", 1, {NONE_OF(2, O_TRUNC)}},
	{CHANGES, "openat", 1, {BITS_ARE(2, ACCMODE_AND(O_TRUNC), O_WRONLY | O_TRUNC)}},
	{CHANGES, "openat", 1, {BITS_ARE(2, ACCMODE_AND(O_TRUNC), O_RDWR | O_TRUNC)}},
	{CHANGES, "fchmod", 1, {NONE_OF(1, ~0700)}},
	{CHANGES, "utimensat", 1, {IS(1, 0)}}, /* futimens */
	/* sockets */
	{TCP, "socket", 3, {IS(0, AF_INET), TYPE_IS(SOCK_STREAM), IS(2, 0)}},
	{TCP, "socket", 3, {IS(0, AF_INET), TYPE_IS(SOCK_STREAM), IS(2, IPPROTO_TCP)}},
	{TCP, "socket", 3, {IS(0, AF_INET6), TYPE_IS(SOCK_STREAM), IS(2, 0)}},
	{TCP, "socket", 3, {IS(0, AF_INET6), TYPE_IS(SOCK_STREAM), IS(2, IPPROTO_TCP)}},
	{UDP, "socket", 3, {IS(0, AF_INET), TYPE_IS(SOCK_DGRAM), IS(2, 0)}},
	{UDP, "socket", 3, {IS(0, AF_INET), TYPE_IS(SOCK_DGRAM), IS(2, IPPROTO_UDP)}},
	{UDP, "socket", 3, {IS(0, AF_INET6), TYPE_IS(SOCK_DGRAM), IS(2, 0)}},
	{UDP, "socket", 3, {IS(0, AF_INET6), TYPE_IS(SOCK_DGRAM), IS(2, IPPROTO_UDP)}},
	{UNIX, "socket", 1, {IS(0, AF_UNIX)}},
	{ROUTES, "socket", 2, {IS(0, AF_NETLINK), IS(2, NETLINK_ROUTE)}},
	{SOCKETS, "sendto", 1, {NONE_OF(3, MSG_FASTOPEN)}},
	{SOCKETS, "sendmsg", 1, {NONE_OF(2, MSG_FASTOPEN)}},
	{SOCKETS, "sendmmsg", 1, {NONE_OF(3, MSG_FASTOPEN)}},
	/* x86-64 and arm64 have clone's flags first */
	{THREADS, "clone", 1, {BITS_ARE(0, CLONE_THREAD | NAMESPACES, CLONE_THREAD)}},
	{PROCESSES, "clone", 1, {NONE_OF(0, NAMESPACES)}},
	{PROCESSES, "prctl", 1, {IS(0, PR_SET_CHILD_SUBREAPER)}},
};

/* Their arguments are in memory, where a filter cannot look; the C library then takes clone and openat. */
static const char unknown[] = "clone3 openat2";

/* ---- into the plan ---- */

/* Takes the next name off a list; false at its end. */
static bool
next_name(const char **list, struct vd_str *ret)
{
	const char *at = *list + strspn(*list, " ");
	size_t len = strcspn(at, " ");
	*ret = (struct vd_str){at, len};
	*list = at + len;
	return len > 0;
}

struct rules {
	struct vd_arena *arena;
	struct vd_sandbox_call_rule *at; /* NULL: count only */
	size_t n;
	bool failed; /* out of memory */
};

static struct vd_sandbox_call_rule *
add(struct rules *rules, const char *call, size_t len, enum vd_sandbox_verdict verdict)
{
	size_t i = rules->n++;
	if (rules->at == NULL)
		return NULL;
	char *name = vd_arena_dup(rules->arena, call, len);
	rules->failed |= name == NULL;
	rules->at[i] = (struct vd_sandbox_call_rule){.call = name, .verdict = verdict};
	return &rules->at[i];
}

static void
add_list(struct rules *rules, const char *list, enum vd_sandbox_verdict verdict)
{
	struct vd_str name;
	while (next_name(&list, &name))
		(void)add(rules, name.at, name.len, verdict);
}

static void
add_all(struct rules *rules, unsigned wanted, int32_t pid)
{
	add_list(rules, killed, VD_SANDBOX_KILLED);
	add_list(rules, unknown, VD_SANDBOX_UNKNOWN);
	for (size_t i = 0; i < VD_ARRAY_LEN(lists); i++)
		if (lists[i].groups & wanted)
			add_list(rules, lists[i].calls, VD_SANDBOX_ALLOWED);
	for (size_t i = 0; i < VD_ARRAY_LEN(tested); i++) {
		if ((tested[i].groups & wanted) == 0)
			continue;
		struct vd_sandbox_call_rule *rule =
			add(rules, tested[i].call, strlen(tested[i].call), VD_SANDBOX_ALLOWED);
		if (rule == NULL)
			continue;
		rule->n = tested[i].n;
		memcpy(rule->tests, tested[i].tests, sizeof rule->tests);
		for (unsigned k = 0; k < rule->n; k++)
			if (rule->tests[k].want == OWN_PID)
				rule->tests[k].want = (uint64_t)pid;
	}
}

enum vd_status
vd_sandbox_plan_calls(struct vd_sandbox_plan *plan, const struct vd_sandbox_profile *profile,
	const struct vd_sandbox_host *host, struct vd_err *err)
{
	unsigned wanted = groups_wanted(profile);
	struct rules rules = {.arena = plan->arena};
	add_all(&rules, wanted, host->pid);
	rules.at = vd_arena_array(plan->arena, rules.n, sizeof *rules.at);
	rules.n = 0;
	rules.failed = rules.at == NULL;
	if (!rules.failed)
		add_all(&rules, wanted, host->pid);
	if (rules.failed)
		return vd_fail(err, VD_ENOMEM, "no memory for a filter of system calls");
	plan->call = rules.at;
	plan->n_calls = rules.n;
	return VD_OK;
}

enum vd_sandbox_verdict
vd_sandbox_plan_judge(const struct vd_sandbox_plan *plan, const char *call, const uint64_t args[6])
{
	for (size_t i = 0; i < plan->n_calls; i++) {
		const struct vd_sandbox_call_rule *rule = &plan->call[i];
		if (strcmp(rule->call, call) != 0)
			continue;
		bool holds = true;
		for (unsigned k = 0; k < rule->n; k++)
			holds &= (args[rule->tests[k].index] & rule->tests[k].mask) == rule->tests[k].want;
		if (holds)
			return rule->verdict;
	}
	return VD_SANDBOX_REFUSED;
}
