#include "trust/sandbox/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trust/sandbox/landlock.h"
#include "vd_test.h"

#define NOBODY 65534u

int
cell_outcome(long result)
{
	return result < 0 ? errno : 0;
}

const char *
cell_path(const struct cell *cell, const char *below)
{
	static char path[256];
	(void)snprintf(path, sizeof path, "%s/%s", cell->root, below);
	return path;
}

int
cell_open(const struct cell *cell, const char *below, int flags)
{
	int fd = open(below[0] == '/' ? below : cell_path(cell, below), flags | O_CLOEXEC, 0600);
	int outcome = cell_outcome(fd);
	if (fd >= 0)
		(void)close(fd);
	return outcome;
}

struct sockaddr_in
cell_address(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static int
listen_tcp(uint16_t *ret_port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = cell_address(0);
	socklen_t len = sizeof address;
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len) | listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static int
listen_unix(const char *path, bool abstract)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s%s", abstract ? "@" : "", path);
	if (abstract)
		address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address) | listen(fd, 16), 0);
	return fd;
}

static void
write_file(const struct cell *cell, const char *below)
{
	int fd = open(cell_path(cell, below), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "text", 4), 4);
	(void)close(fd);
}

void
cell_init(struct cell *cell)
{
	static const char *const folders[] = {"read", "state", "state/sub", "state/other", "outside"};
	static const char *const names[] = {"read", "state", "socket", "missing"};
	static const char *const paths[] = {"read", "state", "outside/socket", "missing"};
	int error;
	*cell = (struct cell){.root = "/tmp/vedette-cell-XXXXXX", .abi = vd_landlock_version(&error)};
	mode_t before = umask(0);
	assert_non_null(mkdtemp(cell->root));
	assert_int_equal(chmod(cell->root, 0755), 0);
	for (size_t i = 0; i < VD_ARRAY_LEN(folders); i++)
		assert_int_equal(mkdir(cell_path(cell, folders[i]), 0777), 0);
	write_file(cell, "read/file");
	write_file(cell, "state/old");
	write_file(cell, "outside/file");
	cell->local = listen_unix(cell_path(cell, "outside/socket"), false);
	cell->abstract = listen_unix(cell->root, true);
	cell->open_tcp = listen_tcp(&cell->open_port);
	cell->closed_tcp = listen_tcp(&cell->closed_port);
	(void)umask(before);
	for (size_t i = 0; i < VD_ARRAY_LEN(names); i++) {
		(void)snprintf(cell->paths[i], sizeof cell->paths[i], "%s/%s", cell->root, paths[i]);
		cell->places[i] = (struct vd_sandbox_place){names[i], cell->paths[i]};
	}
}

void
cell_fini(struct cell *cell)
{
	static const char *const all[] = {"state/sub/new", "state/other/new", "state/socket", "state/old",
		"state/new", "state/sub", "state/other", "state/true", "state", "read/file", "read",
		"outside/file", "outside/socket", "outside", ""};
	for (size_t i = 0; i < VD_ARRAY_LEN(all); i++)
		(void)remove(cell_path(cell, all[i]));
	(void)(close(cell->local) | close(cell->abstract) | close(cell->open_tcp) | close(cell->closed_tcp));
}

/* ---- children ---- */

static int
wait_for(pid_t pid)
{
	int status = 0;
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	if (WIFSIGNALED(status))
		return -WTERMSIG(status);
	return WEXITSTATUS(status) == 255 ? CELL_REFUSED : WEXITSTATUS(status);
}

/* A build under the thread sanitizer alone is excused: anywhere else, a child that is not alone is a fault. */
#ifdef __SANITIZE_THREAD__
#define CANNOT "the thread sanitizer runs a thread of its own in every process"
#else
#define CANNOT NULL
#endif

const char *
cell_cannot(void)
{
	return CANNOT;
}

enum vd_status
cell_enter(const struct cell *cell, const struct vd_sandbox_profile *profile, struct vd_sandbox_report *ret,
	struct vd_err *err)
{
	VD_AUTO(vd_sandbox_plan) plan = NULL;
	struct vd_sandbox_host host = vd_sandbox_probe();
	host.landlock_abi = cell->abi;
	host.landlock_error = cell->abi == 0 ? EOPNOTSUPP : 0;
	struct vd_sandbox_request request = {.profile = profile,
		.places = cell->places,
		.n_places = VD_ARRAY_LEN(cell->places),
		.keep = cell->keep,
		.n_keep = cell->n_keep,
		.require = cell->require};
	enum vd_status st = vd_sandbox_plan_new(profile, request.places, request.n_places, &host, &plan, err);
	return st == VD_OK ? vd_sandbox_apply(plan, &request, ret, err) : st;
}

static int
become_nobody(void)
{
	if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0)
		return -1;
	return setresuid(NOBODY, NOBODY, NOBODY);
}

int
cell_run(const struct cell *cell, const struct vd_sandbox_profile *profile, cell_act act, const void *arg)
{
	struct vd_sandbox_report report;
	struct vd_err err = VD_ERR_INIT;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return wait_for(pid);
	/* a child that waits for what never comes must not outlive the test */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (cell->nobody && become_nobody() != 0)
		_exit(255);
	if (cell_enter(cell, profile, &report, &err) != VD_OK) {
		(void)fprintf(stderr, "%s\n", err.text);
		_exit(255);
	}
	_exit(act(cell, arg));
}
