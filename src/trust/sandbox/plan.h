/*
 * The pure half: profile and what the kernel can do → a plan.  No system call is made here, so any kernel can be
 * planned for, and the plan can be asked what it would say to a call.
 *
 * Memory: a plan owns all it shows; profile and places may go.  Thread: one owner; immutable once made.
 */
#ifndef VD_TRUST_SANDBOX_PLAN_H
#define VD_TRUST_SANDBOX_PLAN_H

#include "trust/sandbox/sandbox.h"

/* What the kernel can do, and who asks. */
struct vd_sandbox_host {
	int landlock_abi;    /* 0: no Landlock */
	int landlock_error;  /* its errno then */
	bool seccomp;        /* filters of system calls */
	bool seccomp_logs;   /* Linux 4.14: logs what it refuses, can end a process as a whole */
	int32_t pid;         /* of the process to be confined */
	uint64_t has;        /* its permitted capabilities, 1 << CAP_… */
	bool can_drop_bound; /* CAP_SETPCAP: the bounding set can be emptied */
};

/* ---- Landlock ---- */

struct vd_sandbox_path_rule {
	const char *path;
	uint64_t rights; /* VD_LANDLOCK_… of a folder; a file gets VD_LANDLOCK_OF_A_FILE of them */
	unsigned may;    /* VD_SANDBOX_READ … as the profile says */
};

struct vd_sandbox_port_rule {
	uint16_t port;
	uint64_t rights;
};

/* ---- seccomp ---- */

enum vd_sandbox_verdict {
	VD_SANDBOX_REFUSED, /* EPERM: what no rule allows */
	VD_SANDBOX_UNKNOWN, /* ENOSYS, so that the C library takes the older call, whose arguments a filter can see */
	VD_SANDBOX_ALLOWED,
	VD_SANDBOX_KILLED, /* the process ends by SIGSYS: no honest program of ours would ask */
};

#define VD_SANDBOX_TESTS_MAX 3u

/* (argument & mask) == want */
struct vd_sandbox_arg {
	unsigned index; /* 0 to 5 */
	uint64_t mask, want;
};

struct vd_sandbox_call_rule {
	const char *call; /* name of the system call; one that this machine does not have is passed over */
	enum vd_sandbox_verdict verdict;
	unsigned n; /* tests, all of which must hold; rules of one call are alternatives */
	struct vd_sandbox_arg tests[VD_SANDBOX_TESTS_MAX];
};

/* ---- the plan ---- */

struct vd_sandbox_plan {
	uint32_t magic;
#define VD_SANDBOX_PLAN_MAGIC 0x5a4db0c5u
	struct vd_arena *arena;
	const char *name;
	bool landlock, seccomp, hidden;
	int landlock_abi;                  /* planned for; 0: none */
	uint64_t files, ports, scopes;     /* what Landlock is to hold */
	struct vd_sandbox_path_rule *path; /* n_paths */
	size_t n_paths;
	struct vd_sandbox_port_rule *port;
	size_t n_ports;
	const struct vd_sandbox_call_rule *call;
	size_t n_calls;
	bool logs, kills; /* the filter's */
	uint64_t keeps;   /* capabilities */
	uint64_t nofile;
	unsigned
		holds; /* VD_SANDBOX_HOLDS_…: layers that hold all of the profile, once the plan is carried out */
	struct vd_sandbox_left left[VD_SANDBOX_LEFT_MAX];
	size_t n_left;
};

/* VD_EINPUT with the row that is wrong. */
enum vd_status vd_sandbox_plan_new(const struct vd_sandbox_profile *profile,
	const struct vd_sandbox_place *places, size_t n_places, const struct vd_sandbox_host *host,
	struct vd_sandbox_plan **ret, struct vd_err *err) VD_MUST_USE;
void vd_sandbox_plan_free(struct vd_sandbox_plan *plan);

/* What the filter says to a call, by the plan alone. */
enum vd_sandbox_verdict vd_sandbox_plan_judge(
	const struct vd_sandbox_plan *plan, const char *call, const uint64_t args[6]);

/* sandbox.c: what this kernel can do, and the plan carried out; vd_sandbox_enter is the two with a plan between. */
struct vd_sandbox_host vd_sandbox_probe(void);
enum vd_status vd_sandbox_apply(const struct vd_sandbox_plan *plan, const struct vd_sandbox_request *request,
	struct vd_sandbox_report *ret, struct vd_err *err) VD_MUST_USE;

/* Adds to what is left out; planning and carrying out have less than VD_SANDBOX_LEFT_MAX things to say. */
void vd_sandbox_leave(struct vd_sandbox_left left[], size_t *n, unsigned layer, bool weaker, const char *fmt,
	...) VD_PRINTF(5, 6);

/* calls.c: the rules of seccomp, into the plan. */
enum vd_status vd_sandbox_plan_calls(struct vd_sandbox_plan *plan, const struct vd_sandbox_profile *profile,
	const struct vd_sandbox_host *host, struct vd_err *err) VD_MUST_USE;

VD_AUTO_DEFINE(vd_sandbox_plan, vd_sandbox_plan_free)

#endif
