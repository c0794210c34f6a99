/* The steps of confining: what is checked before, what is closed, what is reported. */
#include "trust/sandbox/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vd_test.h"

#define IN_A_CELL(cell)                                                                                      \
	if (cell_cannot() != NULL)                                                                           \
		VD_SKIP(cell_cannot());                                                                      \
	VD_AUTO_FINI(cell) cell;                                                                             \
	cell_init(&cell)

static const struct vd_sandbox_path paths[] = {{"@read", VD_SANDBOX_READ}, {"@state", VD_SANDBOX_CREATE}};
static const struct vd_sandbox_profile plain = {.name = "plain", .paths = paths, .n_paths = 2};

/* What a child made of it, sent through a pipe, since it can print nothing that a test would read. */
struct account {
	enum vd_status status;
	bool free; /* neither no_new_privs nor a filter, and descriptors are as they were */
	bool kept, other_open;
	struct vd_sandbox_report report;
	char words[VD_ERR_TEXT_MAX];
};

static void *
wait_long(void *arg)
{
	(void)arg;
	(void)pause();
	return NULL;
}

struct setting {
	bool thread; /* there is a second one */
	bool keep;   /* the descriptor is named */
	bool enter;  /* by vd_sandbox_enter, with the kernel as it is */
};

static struct account
account_of(struct cell *cell, const struct vd_sandbox_profile *profile, struct setting setting)
{
	int out[2], keep[2] = {open("/dev/null", O_RDONLY), -1};
	struct account account = {.status = VD_END};
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(pipe(out), 0);
	keep[1] = out[1];
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		pthread_t id;
		if (setting.thread && pthread_create(&id, NULL, wait_long, NULL) != 0)
			_exit(1);
		cell->keep = setting.keep ? keep : keep + 1;
		cell->n_keep = setting.keep ? 2 : 1;
		struct vd_sandbox_request request = {.profile = profile,
			.places = cell->places,
			.n_places = 4,
			.keep = cell->keep,
			.n_keep = cell->n_keep,
			.require = cell->require};
		account.status = setting.enter ? vd_sandbox_enter(&request, &account.report, &err)
					       : cell_enter(cell, profile, &account.report, &err);
		account.kept = fcntl(keep[0], F_GETFD) >= 0;
		account.other_open = fcntl(out[0], F_GETFD) >= 0;
		account.free = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 &&
			       prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0 && account.other_open;
		memcpy(account.words, err.text, sizeof account.words);
		_exit(write(out[1], &account, sizeof account) != (ssize_t)sizeof account);
	}
	(void)(close(out[1]) | close(keep[0]));
	ssize_t n = read(out[0], &account, sizeof account);
	(void)close(out[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(n, sizeof account);
	return account;
}

static void
refused(const struct account *account, enum vd_status status, const char *words)
{
	assert_int_equal(account->status, status);
	assert_true(account->free);
	if (strstr(account->words, words) == NULL)
		fail_msg("'%s' lacks '%s'", account->words, words);
}

VD_TEST(descriptors_are_named_or_closed)
{
	IN_A_CELL(cell);
	struct account account = account_of(&cell, &plain, (struct setting){.keep = true});
	assert_int_equal(account.status, VD_OK);
	assert_true(account.kept && !account.other_open && !account.free);
	account = account_of(&cell, &plain, (struct setting){0});
	assert_int_equal(account.status, VD_OK);
	assert_true(!account.kept && !account.other_open);
}

VD_TEST(many_descriptors_in_any_order_stay_and_those_between_go)
{
	IN_A_CELL(cell);
	pid_t pid = fork();
	if (pid == 0) {
		int keep[] = {40, 7, 40, 1, 300, 8};
		struct vd_sandbox_report report;
		for (int fd = 3; fd < 400; fd++)
			(void)dup2(1, fd);
		cell.keep = keep;
		cell.n_keep = VD_ARRAY_LEN(keep);
		if (cell_enter(&cell, &plain, &report, NULL) != VD_OK)
			_exit(1);
		for (int fd = 0; fd < 400; fd++)
			if ((fcntl(fd, F_GETFD) >= 0) !=
				(fd < 3 || fd == 7 || fd == 8 || fd == 40 || fd == 300))
				_exit(2);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

VD_TEST(a_descriptor_that_is_not_open_cannot_stay)
{
	IN_A_CELL(cell);
	pid_t pid = fork();
	if (pid == 0) {
		int keep[] = {999};
		struct vd_err err = VD_ERR_INIT;
		struct vd_sandbox_report report;
		cell.keep = keep;
		cell.n_keep = 1;
		_exit(cell_enter(&cell, &plain, &report, &err) != VD_EINPUT ||
			strstr(err.text, "999") == NULL);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

VD_TEST(a_path_that_is_not_there_ends_it_before_anything_changes)
{
	IN_A_CELL(cell);
	static const struct vd_sandbox_path missing[] = {
		{"@read", VD_SANDBOX_READ}, {"@missing/keys", VD_SANDBOX_READ | VD_SANDBOX_WRITE}};
	struct vd_sandbox_profile profile = {.name = "lost", .paths = missing, .n_paths = 2};
	struct account account = account_of(&cell, &profile, (struct setting){0});
	refused(&account, VD_ENOTFOUND, "sandbox 'lost': '/tmp/");
	refused(&account, VD_ENOTFOUND, "/missing/keys', which it may write: No such file");
	cell.abi = 0; /* nor does a kernel that would not hold it let it pass */
	account = account_of(&cell, &profile, (struct setting){0});
	refused(&account, VD_ENOTFOUND, "/missing/keys'");
	static const struct vd_sandbox_path file[] = {{"@read/file", VD_SANDBOX_CREATE}};
	profile = (struct vd_sandbox_profile){.name = "odd", .paths = file, .n_paths = 1};
	account = account_of(&cell, &profile, (struct setting){0});
	refused(&account, VD_EINPUT, "/read/file' is to hold what it creates, but is no folder");
}

VD_TEST(a_process_with_threads_is_refused)
{
	IN_A_CELL(cell);
	struct account account = account_of(&cell, &plain, (struct setting){.thread = true});
	refused(&account, VD_EINPUT, "more than one thread");
}

VD_TEST(what_is_required_and_cannot_be_had_is_refused_before_anything_changes)
{
	IN_A_CELL(cell);
	cell.abi = 0;
	cell.require = VD_SANDBOX_HOLDS_ALL;
	struct account account = account_of(&cell, &plain, (struct setting){0});
	refused(&account, VD_EDENIED,
		"sandbox 'plain': required, but the kernel has no Landlock (Operation not supported)");
	cell.require = VD_SANDBOX_HOLDS_ALL & ~VD_SANDBOX_HOLDS_FILES;
	account = account_of(&cell, &plain, (struct setting){0});
	assert_int_equal(account.status, VD_OK);
	assert_int_equal(account.report.in_force, VD_SANDBOX_HOLDS_ALL & ~VD_SANDBOX_HOLDS_FILES);
}

VD_TEST(the_report_says_what_is_in_force)
{
	IN_A_CELL(cell);
	static const struct vd_sandbox_path some[] = {{"@read", VD_SANDBOX_READ},
		{"@missing", VD_SANDBOX_READ | VD_SANDBOX_IF_THERE}, {"@read/file", VD_SANDBOX_READ}};
	static const uint16_t ports[] = {8443, 9000};
	struct vd_sandbox_profile profile = {.name = "server",
		.paths = some,
		.n_paths = 3,
		.bind = {VD_SANDBOX_LISTED, ports, 2},
		.nofile = 1u << 30};
	struct account account = account_of(&cell, &profile, (struct setting){.enter = true});
	assert_int_equal(account.status, VD_OK);
	assert_string_equal(account.report.profile, "server");
	assert_int_equal(account.report.landlock_abi, cell.abi);
	assert_true(account.report.n_calls > 100);
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	vd_sandbox_report_write(&account.report, &buf);
	assert_non_null(strstr(buf.at, "at most "));
	if (cell.abi < 6)
		VD_SKIP("an older kernel than the one the rest is about");
	assert_int_equal(account.report.in_force, VD_SANDBOX_HOLDS_ALL);
	assert_int_equal(account.report.n_paths, 2);
	assert_int_equal(account.report.n_ports, 2);
	assert_non_null(strstr(buf.at,
		"in force: descriptors capabilities no_new_privs files ports scopes calls (Landlock "));
	assert_non_null(strstr(buf.at, "rules for 2 paths, 2 ports, "));
	assert_non_null(strstr(buf.at, "; 1 paths of the profile are not there"));
	assert_null(strstr(buf.at, "NOT HELD"));
}

VD_TEST(what_is_not_held_is_said_loudly)
{
	struct vd_sandbox_report report = {.profile = "x", .in_force = VD_SANDBOX_HOLDS_CALLS};
	vd_sandbox_leave(report.left, &report.n_left, VD_SANDBOX_HOLDS_FILES, true, "no %s", "Landlock");
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	vd_sandbox_report_write(&report, &buf);
	assert_string_equal(buf.at,
		"in force: calls (Landlock 0, rules for 0 paths, 0 ports, 0 calls); NOT HELD: no Landlock");
	for (unsigned i = 0; i < 2 * VD_SANDBOX_LEFT_MAX; i++)
		vd_sandbox_leave(report.left, &report.n_left, VD_SANDBOX_HOLDS_FILES, false, "%u", i);
	assert_int_equal(report.n_left, VD_SANDBOX_LEFT_MAX);
	assert_string_equal(vd_sandbox_layer_name(VD_SANDBOX_HOLDS_SCOPES), "scopes");
	assert_string_equal(vd_sandbox_layer_name(3), "unknown");
}

/* An operator's view: docs/internals/sandbox.md names these lines. */
VD_TEST(the_kernel_shows_what_is_in_force)
{
	IN_A_CELL(cell);
	int ready[2], stop[2];
	assert_int_equal(pipe(ready) | pipe(stop), 0);
	pid_t pid = fork();
	if (pid == 0) {
		char c = 'x';
		struct vd_sandbox_report report;
		int keep[] = {ready[1], stop[0]};
		cell.keep = keep;
		cell.n_keep = 2;
		if (cell_enter(&cell, &plain, &report, NULL) != VD_OK)
			_exit(1);
		_exit(write(ready[1], &c, 1) != 1 || read(stop[0], &c, 1) != 0);
	}
	char c, path[64];
	static char text[8192];
	(void)(close(ready[1]) | close(stop[0]));
	assert_int_equal(read(ready[0], &c, 1), 1);
	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
	assert_non_null(strstr(text, "NoNewPrivs:\t1\n"));
	assert_non_null(strstr(text, "Seccomp:\t2\n"));
	assert_non_null(strstr(text, "CapEff:\t0000000000000000\n"));
	assert_non_null(strstr(text, "CapPrm:\t0000000000000000\n"));
	if (getuid() == 0)
		assert_non_null(strstr(text, "CapBnd:\t0000000000000000\n"));
	(void)(close(fd) | close(stop[1]) | close(ready[0]));
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}
