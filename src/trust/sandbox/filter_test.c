#include "trust/sandbox/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vd_test.h"

#define PROGRAM_MAX 4096u /* BPF_MAXINSNS */

struct program {
	struct sock_filter at[PROGRAM_MAX];
	size_t n;
};

static void
program_of(const struct vd_sandbox_plan *plan, struct program *ret)
{
	struct vd_sandbox_filter filter;
	struct vd_err err = VD_ERR_INIT;
	if (vd_sandbox_filter_init(&filter, plan, &err) != VD_OK)
		fail_msg("%s", err.text);
	int fd = memfd_create("filter", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(seccomp_export_bpf(filter.scmp, fd), 0);
	ssize_t n = pread(fd, ret->at, sizeof ret->at, 0);
	assert_true(n > 0 && n % (ssize_t)sizeof *ret->at == 0);
	ret->n = (size_t)n / sizeof *ret->at;
	(void)close(fd);
	vd_sandbox_filter_fini(&filter);
}

/* What the kernel would answer: the few instructions that a seccomp filter of libseccomp has. */
static uint32_t
run(const struct program *program, const struct seccomp_data *call)
{
	uint32_t a = 0;
	for (size_t pc = 0; pc < program->n; pc++) {
		const struct sock_filter *ins = &program->at[pc];
		bool jump = false;
		switch (ins->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(ins->k + 4 <= sizeof *call);
			memcpy(&a, (const char *)call + ins->k, sizeof a);
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= ins->k;
			continue;
		case BPF_JMP | BPF_JA:
			pc += ins->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			jump = a == ins->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			jump = a > ins->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			jump = a >= ins->k;
			break;
		case BPF_RET | BPF_K:
			return ins->k;
		default:
			fail_msg("instruction 0x%x at %zu", ins->code, pc);
		}
		pc += jump ? ins->jt : ins->jf;
	}
	fail_msg("the program has no end");
	return 0;
}

static uint32_t
answer_to(enum vd_sandbox_verdict verdict)
{
	static const uint32_t answers[] = {
		[VD_SANDBOX_REFUSED] = SECCOMP_RET_ERRNO | EPERM,
		[VD_SANDBOX_UNKNOWN] = SECCOMP_RET_ERRNO | ENOSYS,
		[VD_SANDBOX_ALLOWED] = SECCOMP_RET_ALLOW,
		[VD_SANDBOX_KILLED] = SECCOMP_RET_KILL_PROCESS,
	};
	return answers[verdict];
}

/* Values that some rule speaks of, bits that some mask holds or leaves out, and the upper half. */
static uint64_t
some_value(uint64_t *seed)
{
	static const uint64_t values[] = {0, 1, 2, 3, 4, 6, 7, 10, 16, 17, 0x7fff, O_CREAT, O_TRUNC,
		O_TRUNC | O_WRONLY, O_TRUNC | O_RDWR, SOCK_CLOEXEC | SOCK_STREAM, SOCK_NONBLOCK | SOCK_DGRAM,
		MSG_FASTOPEN, MSG_NOSIGNAL, IPPROTO_TCP, IPPROTO_UDP, 0x10000, 0x30011, 0x50f00, 0x541b,
		0x5412, 0x10000000, 0x53564d41, 0600, 0644, 4711, 1ull << 32, UINT64_MAX};
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return values[(*seed >> 33) % VD_ARRAY_LEN(values)];
}

static unsigned
compare(const struct vd_sandbox_plan *plan, const struct program *program)
{
	uint64_t seed = 7;
	unsigned allowed = 0;
	for (int number = 0; number < 600; number++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
		for (unsigned round = 0; round < 400; round++) {
			struct seccomp_data call = {.nr = number, .arch = seccomp_arch_native()};
			uint64_t args[6];
			for (unsigned i = 0; i < 6; i++)
				call.args[i] = args[i] = some_value(&seed);
			enum vd_sandbox_verdict verdict =
				name == NULL ? VD_SANDBOX_REFUSED : vd_sandbox_plan_judge(plan, name, args);
			uint32_t got = run(program, &call);
			if (got != answer_to(verdict))
				fail_msg("%s: %s(%d): the filter says 0x%x, the plan %d", plan->name,
					name == NULL ? "?" : name, number, got, (int)verdict);
			allowed += verdict == VD_SANDBOX_ALLOWED;
		}
		free(name);
	}
	return allowed;
}

static const struct vd_sandbox_host host = {
	.landlock_abi = 7, .seccomp = true, .seccomp_logs = true, .pid = 4711, .can_drop_bound = true};

VD_TEST(the_filter_answers_every_call_as_the_plan_does)
{
	static const uint16_t port[] = {8443};
	static const struct vd_sandbox_path reads[] = {{"/r", VD_SANDBOX_READ}},
					    runs[] = {{"/x", VD_SANDBOX_EXECUTE}, {"/c", VD_SANDBOX_CREATE}};
	static const struct vd_sandbox_profile profiles[] = {
		{.name = "idle"},
		{.name = "server",
			.paths = reads,
			.n_paths = 1,
			.bind = {VD_SANDBOX_LISTED, port, 1},
			.calls = VD_SANDBOX_THREADS},
		{.name = "client",
			.connect = {VD_SANDBOX_ALL, NULL, 0},
			.sockets = VD_SANDBOX_UDP | VD_SANDBOX_ROUTES,
			.calls = VD_SANDBOX_CODE},
		{.name = "supervisor",
			.paths = runs,
			.n_paths = 2,
			.sockets = VD_SANDBOX_UNIX_CONNECT | VD_SANDBOX_UNIX_SERVE,
			.calls = VD_SANDBOX_PROCESSES | VD_SANDBOX_EXEC | VD_SANDBOX_WATCH},
	};
	static struct program program;
	for (size_t i = 0; i < VD_ARRAY_LEN(profiles); i++) {
		VD_AUTO(vd_sandbox_plan) plan = NULL;
		assert_int_equal(vd_sandbox_plan_new(&profiles[i], NULL, 0, &host, &plan, NULL), VD_OK);
		program_of(plan, &program);
		assert_true(compare(plan, &program) > 1000);
	}
}

VD_TEST(calls_by_another_door_end_the_process)
{
	static struct program program;
	VD_AUTO(vd_sandbox_plan) plan = NULL;
	struct vd_sandbox_profile idle = {.name = "idle"};
	assert_int_equal(vd_sandbox_plan_new(&idle, NULL, 0, &host, &plan, NULL), VD_OK);
	program_of(plan, &program);
	uint32_t other = seccomp_arch_native() == SCMP_ARCH_X86 ? SCMP_ARCH_ARM : SCMP_ARCH_X86;
	struct seccomp_data call = {.nr = 3, .arch = other};
	assert_int_equal(run(&program, &call), SECCOMP_RET_KILL_PROCESS);
	if (seccomp_arch_native() != SCMP_ARCH_X86_64)
		VD_SKIP("x32 is a door of x86-64 alone");
	call = (struct seccomp_data){.nr = 0x40000000, .arch = SCMP_ARCH_X86_64};
	assert_int_equal(run(&program, &call), SECCOMP_RET_KILL_PROCESS);
}

VD_TEST(a_kernel_that_cannot_end_a_process_refuses_the_worst)
{
	static struct program program;
	VD_AUTO(vd_sandbox_plan) plan = NULL;
	struct vd_sandbox_profile idle = {.name = "idle"};
	struct vd_sandbox_host old = host;
	old.seccomp_logs = false;
	assert_int_equal(vd_sandbox_plan_new(&idle, NULL, 0, &old, &plan, NULL), VD_OK);
	program_of(plan, &program);
	struct seccomp_data call = {
		.nr = seccomp_syscall_resolve_name("ptrace"), .arch = seccomp_arch_native()};
	assert_int_equal(run(&program, &call), SECCOMP_RET_ERRNO | EPERM);
}
