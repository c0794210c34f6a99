/* What a confined process can no longer do, and what it still can: each attempt is a child of its own. */
#include "trust/sandbox/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trust/sandbox/drop.h"
#include "vd_test.h"

struct attempt {
	const char *what;
	cell_act act;
	const void *arg;
	int want;      /* 0, an errno, or the negative number of a signal */
	int since_abi; /* Landlock must be this new for it */
};

static void
expect(const struct cell *cell, const struct vd_sandbox_profile *profile, const struct attempt attempts[],
	size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (cell->abi < attempts[i].since_abi) {
			char reason[96];
			(void)snprintf(reason, sizeof reason, "the kernel has Landlock %d, this takes %d",
				cell->abi, attempts[i].since_abi);
			vd_test_skipped(attempts[i].what, reason);
			continue;
		}
		int got = cell_run(cell, profile, attempts[i].act, attempts[i].arg);
		if (got != attempts[i].want)
			fail_msg("%s, %s%s: %d instead of %d", profile->name, attempts[i].what,
				cell->nobody ? " as nobody" : "", got, attempts[i].want);
	}
}

/* As this user, and where that is root, as nobody too. */
static void
expect_of_all(struct cell *cell, const struct vd_sandbox_profile *profile, const struct attempt attempts[],
	size_t n)
{
	expect(cell, profile, attempts, n);
	if (getuid() != 0)
		return; /* it was no other user's */
	cell->nobody = true;
	expect(cell, profile, attempts, n);
	cell->nobody = false;
}

#define IN_A_CELL(cell)                                                                                      \
	if (cell_cannot() != NULL)                                                                           \
		VD_SKIP(cell_cannot());                                                                      \
	VD_AUTO_FINI(cell) cell;                                                                             \
	cell_init(&cell)

/* ---- the service most tests are about ---- */

static const struct vd_sandbox_path server_paths[] = {
	{"@read", VD_SANDBOX_READ},
	{"@state", VD_SANDBOX_READ | VD_SANDBOX_CREATE},
	{"@missing", VD_SANDBOX_READ | VD_SANDBOX_IF_THERE},
};

/* Whichever port the kernel picks; the port to connect to is known only once the cell is there. */
static const uint16_t any_port[] = {0};
static uint16_t open_port[1];

static const struct vd_sandbox_profile server = {
	.name = "server",
	.paths = server_paths,
	.n_paths = VD_ARRAY_LEN(server_paths),
	.bind = {VD_SANDBOX_LISTED, any_port, 1},
	.connect = {VD_SANDBOX_LISTED, open_port, 1},
	.calls = VD_SANDBOX_THREADS,
	.nofile = 64,
};

/* ---- files ---- */

struct opening {
	const char *path; /* below the cell's root, or absolute */
	int flags;
};

static int
opens(const struct cell *cell, const void *arg)
{
	const struct opening *opening = arg;
	return cell_open(cell, opening->path, opening->flags);
}
#define OPENS(path, flags)                                                                                   \
	opens, &(const struct opening)                                                                       \
	{                                                                                                    \
		(path), (flags)                                                                              \
	}

static int
renames(const struct cell *cell, const void *arg)
{
	char from[128];
	(void)snprintf(from, sizeof from, "%s", cell_path(cell, "state/new"));
	int outcome = cell_open(cell, "state/new", O_WRONLY | O_CREAT);
	if (outcome == 0)
		outcome = cell_outcome(rename(from, cell_path(cell, arg)));
	(void)unlink(from);
	(void)unlink(cell_path(cell, "state/sub/new"));
	return outcome;
}

static int
truncates(const struct cell *cell, const void *arg)
{
	return cell_outcome(truncate(cell_path(cell, arg), 0));
}

static int
shortens(const struct cell *cell, const void *arg)
{
	int fd = open(cell_path(cell, arg), O_RDWR | O_CLOEXEC);
	return cell_outcome(ftruncate(fd, 2));
}

static int
changes_mode(const struct cell *cell, const void *arg)
{
	return cell_outcome(chmod(cell_path(cell, arg), 0600));
}

static int
links(const struct cell *cell, const void *arg)
{
	return cell_outcome(symlink("/etc", cell_path(cell, arg)));
}

VD_TEST(a_confined_process_reaches_only_the_files_of_its_profile)
{
	IN_A_CELL(cell);
	open_port[0] = cell.open_port;
	const struct attempt attempts[] = {
		{"read /etc/shadow", OPENS("/etc/shadow", O_RDONLY), EACCES, 1},
		{"read a foreign file", OPENS("outside/file", O_RDONLY), EACCES, 1},
		{"write a foreign file", OPENS("outside/file", O_WRONLY), EACCES, 1},
		{"list a foreign folder", OPENS("outside", O_RDONLY | O_DIRECTORY), EACCES, 1},
		{"go round by the parent", OPENS("read/../outside/file", O_RDONLY), EACCES, 1},
		{"read an allowed file", OPENS("read/file", O_RDONLY), 0, 0},
		{"list an allowed folder", OPENS("read", O_RDONLY | O_DIRECTORY), 0, 0},
		{"write a file that is to be read", OPENS("read/file", O_WRONLY), EACCES, 1},
		{"shorten it while reading", OPENS("read/file", O_RDONLY | O_TRUNC), EPERM, 0},
		{"shorten it by its path", truncates, "read/file", EPERM, 0},
		{"make a file where only reading is allowed", OPENS("read/new", O_WRONLY | O_CREAT), EACCES,
			1},
		{"make a foreign file", OPENS("outside/new", O_WRONLY | O_CREAT), EACCES, 1},
		{"write an allowed file", OPENS("state/old", O_RDWR | O_TRUNC), 0, 0},
		{"shorten an allowed file", shortens, "state/old", 0, 0},
		{"make and rename a file", renames, "state/sub/new", 0, 2},
		{"rename a file to outside", renames, "outside/new", EACCES, 2},
		{"change a mode by path", changes_mode, "state/old", EPERM, 0},
		{"change a foreign mode", changes_mode, "outside/file", EPERM, 0},
		{"make a link", links, "state/link", EPERM, 0},
		{"open a device", OPENS("/dev/null", O_RDWR), EACCES, 1},
		{"look at other processes", OPENS("/proc/1/status", O_RDONLY), EACCES, 1},
	};
	expect_of_all(&cell, &server, attempts, VD_ARRAY_LEN(attempts));
}

/* ---- sockets ---- */

struct socket_kind {
	int family, type, protocol;
};

static int
opens_socket(const struct cell *cell, const void *arg)
{
	const struct socket_kind *kind = arg;
	(void)cell;
	return cell_outcome(socket(kind->family, kind->type, kind->protocol));
}
#define SOCKET(...)                                                                                          \
	opens_socket, &(const struct socket_kind)                                                            \
	{                                                                                                    \
		__VA_ARGS__                                                                                  \
	}

static int
connects(const struct cell *cell, const void *arg)
{
	struct sockaddr_in address = cell_address(*(const uint16_t *)arg);
	(void)cell;
	return cell_outcome(
		connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address));
}

static int
sends_fast(const struct cell *cell, const void *arg)
{
	struct sockaddr_in address = cell_address(*(const uint16_t *)arg);
	(void)cell;
	return cell_outcome(sendto(socket(AF_INET, SOCK_STREAM, 0), "x", 1, MSG_FASTOPEN,
		(struct sockaddr *)&address, sizeof address));
}

static int
serves(const struct cell *cell, const void *arg)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = cell_address(*(const uint16_t *)arg);
	(void)cell;
	if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
		return errno;
	return cell_outcome(listen(fd, 4));
}

static int
connects_unix(const struct cell *cell, const void *arg)
{
	bool abstract = arg != NULL;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s%s", abstract ? "@" : "",
		abstract ? cell->root : cell_path(cell, "outside/socket"));
	if (abstract)
		address.sun_path[0] = '\0';
	return cell_outcome(
		connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address));
}

static int
serves_unix(const struct cell *cell, const void *arg)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", cell_path(cell, arg));
	if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
		return errno;
	int outcome = cell_outcome(listen(fd, 4));
	(void)unlink(address.sun_path);
	return outcome;
}

static int
has_addresses(const struct cell *cell, const void *arg)
{
	struct ifaddrs *list = NULL;
	(void)cell;
	(void)arg;
	int outcome = cell_outcome(getifaddrs(&list));
	if (list != NULL)
		freeifaddrs(list);
	return outcome;
}

VD_TEST(a_confined_process_opens_only_the_sockets_of_its_profile)
{
	IN_A_CELL(cell);
	open_port[0] = cell.open_port;
	const struct attempt attempts[] = {
		{"connect to an allowed port", connects, &cell.open_port, 0, 0},
		{"connect to another", connects, &cell.closed_port, EACCES, 4},
		{"send to another without connecting", sends_fast, &cell.closed_port, EPERM, 0},
		{"bind and listen", serves, any_port, 0, 0},
		{"bind another port", serves, &cell.open_port, EACCES, 4},
		{"a packet socket", SOCKET(AF_PACKET, SOCK_RAW, 0x300), EPERM, 0},
		{"a raw socket", SOCKET(AF_INET, SOCK_RAW, IPPROTO_TCP), EPERM, 0},
		{"a netlink socket", SOCKET(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), EPERM, 0},
		{"a UDP socket", SOCKET(AF_INET, SOCK_DGRAM, 0), EPERM, 0},
		{"an MPTCP socket", SOCKET(AF_INET, SOCK_STREAM, 262), EPERM, 0},
		{"a Unix socket", SOCKET(AF_UNIX, SOCK_STREAM, 0), EPERM, 0},
		{"a virtual machine's socket", SOCKET(AF_VSOCK, SOCK_STREAM, 0), EPERM, 0},
		{"the kernel's ciphers", SOCKET(38, SOCK_SEQPACKET, 0), EPERM, 0},
	};
	expect_of_all(&cell, &server, attempts, VD_ARRAY_LEN(attempts));
}

VD_TEST(other_sockets_come_with_their_word)
{
	IN_A_CELL(cell);
	static const struct vd_sandbox_path sockets[] = {{"@state", VD_SANDBOX_CREATE}};
	struct vd_sandbox_profile local = {.name = "local", .sockets = VD_SANDBOX_UNIX_CONNECT};
	const struct attempt of_client[] = {
		{"connect to a Unix socket", connects_unix, NULL, 0, 0},
		{"connect to an abstract one", connects_unix, &cell, EPERM, 6},
		{"bind a Unix socket", serves_unix, "state/socket", EPERM, 0},
		{"a TCP socket", SOCKET(AF_INET, SOCK_STREAM, 0), EPERM, 0},
	};
	expect_of_all(&cell, &local, of_client, VD_ARRAY_LEN(of_client));
	struct vd_sandbox_profile door = {
		.name = "door", .paths = sockets, .n_paths = 1, .sockets = VD_SANDBOX_UNIX_SERVE};
	const struct attempt of_door[] = {
		{"bind a Unix socket", serves_unix, "state/socket", 0, 0},
		{"bind one elsewhere", serves_unix, "outside/other", EACCES, 1},
		{"connect to one", connects_unix, NULL, EPERM, 0},
	};
	expect_of_all(&cell, &door, of_door, VD_ARRAY_LEN(of_door));
	struct vd_sandbox_profile names = {.name = "names", .sockets = VD_SANDBOX_UDP | VD_SANDBOX_ROUTES};
	const struct attempt of_names[] = {
		{"a UDP socket", SOCKET(AF_INET, SOCK_DGRAM, 0), 0, 0},
		{"a ping socket", SOCKET(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), EPERM, 0},
		{"which addresses there are", has_addresses, NULL, 0, 0},
		{"netlink about the firewall", SOCKET(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER), EPERM, 0},
	};
	expect_of_all(&cell, &names, of_names, VD_ARRAY_LEN(of_names));
}

/* ---- system calls ---- */

struct call {
	const char *name;
	long number;
	int want;
	long args[6];
};

static int
makes_call(const struct cell *cell, const void *arg)
{
	const struct call *call = arg;
	const long *a = call->args;
	(void)cell;
	return cell_outcome(syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

VD_TEST(a_confined_process_cannot_become_more_than_it_is)
{
	IN_A_CELL(cell);
	open_port[0] = cell.open_port;
	const struct call calls[] = {
		{"unshare users", SYS_unshare, EPERM, {CLONE_NEWUSER}},
		{"unshare the network", SYS_unshare, EPERM, {CLONE_NEWNET}},
		{"setns", SYS_setns, EPERM, {0, CLONE_NEWNET}},
		{"mount", SYS_mount, EPERM, {(long)"none", (long)cell.root, (long)"tmpfs"}},
		{"fsopen", SYS_fsopen, EPERM, {(long)"tmpfs"}},
		{"chroot", SYS_chroot, EPERM, {(long)cell.root}},
		{"setuid", SYS_setuid, EPERM, {1}},
		{"setuid to itself", SYS_setuid, EPERM, {(long)getuid()}},
		{"setgid", SYS_setgid, EPERM, {1}},
		{"setgroups", SYS_setgroups, EPERM, {0}},
		{"capset", SYS_capset, EPERM, {0}},
		{"prctl dumpable", SYS_prctl, EPERM, {PR_SET_DUMPABLE, 1}},
		{"raise a limit", SYS_prlimit64, EPERM, {0, RLIMIT_NOFILE, (long)&(struct rlimit){64, 64}}},
		{"io_uring", SYS_io_uring_setup, EPERM, {4}},
		{"keyrings", SYS_keyctl, EPERM, {0, -3}},
		{"another filter", SYS_seccomp, EPERM, {0}},
		{"another domain", SYS_landlock_restrict_self, EPERM, {0}},
		{"memory with code", SYS_mmap, EPERM, {0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1}},
		{"a file of memory", SYS_memfd_create, EPERM, {(long)"x"}},
		{"signal its parent", SYS_kill, EPERM, {getpid(), 0}},
		{"signal a thread of its parent", SYS_tgkill, EPERM, {getpid(), getpid(), 0}},
		{"fork", SYS_clone, EPERM, {SIGCHLD}},
		{"clone3", SYS_clone3, ENOSYS, {0}},
		{"exec", SYS_execve, EPERM, {(long)"/bin/true"}},
		{"execveat", SYS_execveat, EPERM, {AT_FDCWD, (long)"/bin/true"}},
		{"trace", SYS_ptrace, -SIGSYS, {PTRACE_ATTACH, getpid()}},
		{"let itself be traced", SYS_ptrace, -SIGSYS, {PTRACE_TRACEME}},
		{"read its parent's memory", SYS_process_vm_readv, -SIGSYS, {getpid()}},
		{"write its parent's memory", SYS_process_vm_writev, -SIGSYS, {getpid()}},
		{"load a kernel", SYS_kexec_load, -SIGSYS, {0}},
		{"load a module", SYS_finit_module, -SIGSYS, {0}},
		{"load a BPF program", SYS_bpf, -SIGSYS, {BPF_PROG_LOAD}},
		{"userfaultfd", SYS_userfaultfd, -SIGSYS, {0}},
		{"perf", SYS_perf_event_open, -SIGSYS, {0}},
		{"open by handle", SYS_open_by_handle_at, -SIGSYS, {0}},
		{"take a descriptor of another", SYS_pidfd_getfd, -SIGSYS, {0}},
		{"a call that is not there", 4095, EPERM, {0}},
	};
	for (size_t i = 0; i < VD_ARRAY_LEN(calls); i++) {
		struct attempt attempt = {calls[i].name, makes_call, &calls[i], calls[i].want, 0};
		expect_of_all(&cell, &server, &attempt, 1);
	}
}

/* Bits, so that a failure says which. */
static int
keeps_something(const struct cell *cell, const void *arg)
{
	(void)cell;
	(void)arg;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2] = {{0}};
	int found = syscall(SYS_capget, &header, sets) != 0 ? 1 : 0;
	for (unsigned i = 0; i < 2; i++)
		found |= sets[i].effective | sets[i].permitted | sets[i].inheritable ? 2 : 0;
	for (unsigned long cap = 0; geteuid() == 0 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		found |= prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != 0 ? 4 : 0;
	struct rlimit core, files;
	found |= prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ? 8 : 0;
	found |= prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 2 ? 16 : 0;
	found |= getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max > 1 ? 32 : 0;
	found |= getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max != 64 ? 64 : 0;
	return found;
}

struct work {
	const struct cell *cell;
	int outcome;
};

/* A thread that was started later is held as the first is. */
static void *
work(void *arg)
{
	struct work *todo = arg;
	if (cell_open(todo->cell, "read/file", O_RDONLY) != 0)
		todo->outcome = 1;
	else if (todo->cell->abi >= 1 && cell_open(todo->cell, "outside/file", O_RDONLY) != EACCES)
		todo->outcome = 2;
	else if (socket(AF_INET, SOCK_RAW, IPPROTO_TCP) >= 0 || errno != EPERM)
		todo->outcome = 3;
	else
		todo->outcome = keeps_something(todo->cell, NULL) == 0 ? 0 : 4;
	return NULL;
}

static int
starts_a_thread(const struct cell *cell, const void *arg)
{
	pthread_t id;
	struct work todo = {cell, 5};
	(void)arg;
	if (pthread_create(&id, NULL, work, &todo) != 0 || pthread_join(id, NULL) != 0)
		return 6;
	return todo.outcome;
}

VD_TEST(no_capability_privilege_or_core_file_is_left_in_any_thread)
{
	IN_A_CELL(cell);
	open_port[0] = cell.open_port;
	const struct attempt attempts[] = {
		{"keep something", keeps_something, NULL, 0, 0},
		{"work in a thread", starts_a_thread, NULL, 0, 0},
	};
	expect_of_all(&cell, &server, attempts, VD_ARRAY_LEN(attempts));
	struct vd_sandbox_profile lone = server;
	lone.calls = 0;
	const struct attempt alone[] = {{"start a thread", starts_a_thread, NULL, 6, 0}};
	expect(&cell, &lone, alone, 1);
}

static int
keeps_what_it_may(const struct cell *cell, const void *arg)
{
	(void)cell;
	(void)arg;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2] = {{0}};
	if (syscall(SYS_capget, &header, sets) != 0)
		return 1;
	uint32_t want = 1u << CAP_NET_BIND_SERVICE;
	if (sets[0].effective != want || sets[0].permitted != want || sets[1].permitted != 0)
		return 2;
	return prctl(PR_CAPBSET_READ, CAP_NET_BIND_SERVICE, 0, 0, 0) == 1 &&
			       prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 0
		       ? 0
		       : 3;
}

VD_TEST(a_capability_that_is_named_stays)
{
	IN_A_CELL(cell);
	struct vd_sandbox_profile profile = {.name = "keeper", .keeps = 1ull << CAP_NET_BIND_SERVICE};
	if (getuid() != 0)
		VD_SKIP("only root has capabilities to keep");
	const struct attempt attempts[] = {{"keep one", keeps_what_it_may, NULL, 0, 0}};
	expect(&cell, &profile, attempts, 1);
}

/* ---- processes and programs ---- */

static int
forks(const struct cell *cell, const void *arg)
{
	pid_t pid = fork();
	int status;
	(void)arg;
	if (pid < 0)
		return errno;
	if (pid == 0)
		_exit(cell->abi >= 1 &&
			cell_open(cell, "/etc/shadow", O_RDONLY) != EACCES); /* still confined */
	if (kill(pid, 0) != 0 || waitpid(pid, &status, 0) != pid)
		return errno;
	return status;
}

static int
runs(const struct cell *cell, const void *arg)
{
	const struct opening *program = arg;
	char path[128];
	(void)snprintf(path, sizeof path, "%s",
		program->path[0] == '/' ? program->path : cell_path(cell, program->path));
	char name[] = "cat";
	char file[128];
	(void)snprintf(
		file, sizeof file, "%s", cell_path(cell, program->flags ? "outside/file" : "read/file"));
	char *args[] = {name, file, NULL}, *none[] = {NULL};
	(void)(dup2(open(cell_path(cell, "state/old"), O_WRONLY), 1) | dup2(1, 2));
	(void)execve(path, args, none);
	return errno;
}

VD_TEST(forking_and_running_take_their_words_and_confine_the_children)
{
	IN_A_CELL(cell);
	static const struct vd_sandbox_path paths[] = {{"@read", VD_SANDBOX_READ},
		{"@state", VD_SANDBOX_READ | VD_SANDBOX_CREATE}, {"/bin/cat", VD_SANDBOX_EXECUTE},
		{"/usr/lib", VD_SANDBOX_EXECUTE}, {"/lib64", VD_SANDBOX_EXECUTE | VD_SANDBOX_IF_THERE},
		{"/etc/ld.so.cache", VD_SANDBOX_READ | VD_SANDBOX_IF_THERE}};
	struct vd_sandbox_profile parent = {.name = "parent", .paths = paths, .n_paths = 2};
	parent.calls = VD_SANDBOX_PROCESSES;
	const struct call signal = {"signal", SYS_kill, 0, {getpid(), 0}};
	const struct attempt of_parent[] = {
		{"fork", forks, NULL, 0, 0},
		{"run a program", runs, &(const struct opening){"/bin/cat", 0}, EPERM, 0},
		{"signal a process outside", makes_call, &signal, EPERM, 6},
	};
	expect_of_all(&cell, &parent, of_parent, VD_ARRAY_LEN(of_parent));
	struct vd_sandbox_profile runner = {.name = "runner", .paths = paths, .n_paths = VD_ARRAY_LEN(paths)};
	runner.calls = VD_SANDBOX_EXEC;
	const struct attempt of_runner[] = {
		{"run an allowed program", runs, &(const struct opening){"/bin/cat", 0}, 0, 0},
		{"let it read what is foreign", runs, &(const struct opening){"/bin/cat", 1}, 1, 1},
		{"run another", runs, &(const struct opening){"/bin/ls", 0}, EACCES, 1},
		{"fork", forks, NULL, EPERM, 0},
	};
	expect_of_all(&cell, &runner, of_runner, VD_ARRAY_LEN(of_runner));
}

static int
makes_code(const struct cell *cell, const void *arg)
{
	(void)cell;
	(void)arg;
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return at == MAP_FAILED ? errno : 0;
}

static int
turns_into_code(const struct cell *cell, const void *arg)
{
	(void)cell;
	(void)arg;
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return at == MAP_FAILED ? 1000 : cell_outcome(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

VD_TEST(code_is_made_only_by_who_may)
{
	IN_A_CELL(cell);
	struct vd_sandbox_profile profile = {.name = "plain"};
	const struct attempt plain[] = {{"make code", makes_code, NULL, EPERM, 0},
		{"turn memory into code", turns_into_code, NULL, EPERM, 0}};
	expect(&cell, &profile, plain, 2);
	profile.calls = VD_SANDBOX_CODE;
	const struct attempt compiler[] = {{"make code", makes_code, NULL, 0, 0},
		{"turn memory into code", turns_into_code, NULL, 0, 0}};
	expect(&cell, &profile, compiler, 2);
}

/* ---- who looks at whom ---- */

static int
reads_executable_of(const struct cell *cell, const void *arg)
{
	char path[64], target[256];
	(void)cell;
	(void)snprintf(path, sizeof path, "/proc/%d/exe", (int)*(const pid_t *)arg);
	return cell_outcome(readlink(path, target, sizeof target));
}

/* A process of the same user that has no capability; ends with this one. */
static pid_t
start_workload(void)
{
	int ready[2];
	char c;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (vd_drop_capabilities(0, NULL) == VD_OK && write(ready[1], "x", 1) == 1)
			(void)pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	(void)(close(ready[0]) | close(ready[1]));
	return pid;
}

/* Why an attestor has a profile of its own: the rule that this takes is Landlock's, and no path row lifts it. */
VD_TEST(only_a_process_without_landlock_sees_who_others_are)
{
	IN_A_CELL(cell);
	pid_t workload = start_workload(), ours = getpid();
	static const struct vd_sandbox_path proc[] = {{"/proc", VD_SANDBOX_READ}};
	struct vd_sandbox_profile reader = {.name = "reader", .paths = proc, .n_paths = 1};
	const struct attempt of_reader[] = {{"see a workload", reads_executable_of, &workload, EACCES, 1}};
	expect(&cell, &reader, of_reader, 1);
	struct vd_sandbox_profile attestor = {.name = "attestor", .sees_processes = true};
	const struct attempt of_attestor[] = {
		{"see a workload", reads_executable_of, &workload, 0, 0},
		{"read a file", OPENS("outside/file", O_RDONLY), 0, 0},
		{"write a file", OPENS("outside/file", O_WRONLY), EPERM, 0},
		{"make a file", OPENS("outside/new", O_RDONLY | O_CREAT), EPERM, 0},
		{"shorten a file", OPENS("outside/file", O_RDONLY | O_TRUNC), EPERM, 0},
		{"a TCP socket", SOCKET(AF_INET, SOCK_STREAM, 0), EPERM, 0},
	};
	expect(&cell, &attestor, of_attestor, VD_ARRAY_LEN(of_attestor));
	attestor.keeps = getuid() == 0 ? 1ull << CAP_SYS_PTRACE : 0;
	const struct attempt of_root[] = {
		{"see a process with capabilities", reads_executable_of, &ours, 0, 0}};
	if (getuid() == 0)
		expect(&cell, &attestor, of_root, 1);
	(void)kill(workload, SIGKILL);
	assert_int_equal(waitpid(workload, NULL, 0), workload);
}

static int
is_seen_by_its_user(const struct cell *cell, const void *arg)
{
	(void)cell;
	(void)arg;
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
}

VD_TEST(a_hidden_process_is_not_dumped)
{
	IN_A_CELL(cell);
	struct vd_sandbox_profile profile = {.name = "seen"};
	const struct attempt seen[] = {{"be seen", is_seen_by_its_user, NULL, 1, 0}};
	expect(&cell, &profile, seen, 1);
	profile.hidden = true;
	const struct attempt hidden[] = {{"be hidden", is_seen_by_its_user, NULL, 0, 0}};
	expect(&cell, &profile, hidden, 1);
}

/* ---- older kernels ---- */

/* The plan for an older version, carried out by this kernel: what each version holds, and what seccomp makes up for. */
VD_TEST(each_version_of_landlock_holds_what_it_can)
{
	IN_A_CELL(cell);
	open_port[0] = cell.open_port;
	struct vd_sandbox_profile client = server;
	client.name = "client";
	client.sockets = VD_SANDBOX_UNIX_CONNECT;
	const int newest = cell.abi;
	for (cell.abi = 0; cell.abi <= newest; cell.abi++) {
		const int abi = cell.abi;
		const struct attempt attempts[] = {
			{"read a foreign file", OPENS("outside/file", O_RDONLY), abi >= 1 ? EACCES : 0, 0},
			{"read an allowed file", OPENS("read/file", O_RDONLY), 0, 0},
			{"shorten while reading", OPENS("read/file", O_RDONLY | O_TRUNC), EPERM, 0},
			{"shorten by path", truncates, "outside/file", EPERM, 0},
			{"write", OPENS("state/old", O_RDWR | O_TRUNC), 0, 0},
			{"rename", renames, "state/sub/new", abi == 1 ? EXDEV : 0, 0},
			{"connect", connects, &cell.open_port, 0, 0},
			{"connect elsewhere", connects, &cell.closed_port, abi >= 4 ? EACCES : 0, 0},
			{"connect to an abstract socket", connects_unix, &cell, abi >= 6 ? EPERM : 0, 0},
			{"fork", forks, NULL, EPERM, 0},
		};
		expect(&cell, &client, attempts, VD_ARRAY_LEN(attempts));
	}
	if (newest == 0)
		VD_SKIP("the kernel has no Landlock: only what is left without it was tried");
}
