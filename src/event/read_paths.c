#include "event/read_paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

/* The folders being walked, innermost first. */
struct folder {
	const struct folder *around;
	dev_t dev;
	ino_t ino;
	size_t depth;
};

struct names {
	char **at;
	size_t n, cap;
};

void
vd_paths_init(struct vd_paths *paths, void (*on_bad)(void *owner, struct vd_str path, const char *what),
	void *owner)
{
	*paths = (struct vd_paths){.on_bad = on_bad, .owner = owner};
}

void
vd_paths_fini(struct vd_paths *paths)
{
	vd_mem_free(paths->at);
	vd_arena_free(paths->arena);
	*paths = (struct vd_paths){.arena = NULL};
}

static void
names_fini(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		vd_mem_free(names->at[i]);
	vd_mem_free(names->at);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
report(struct vd_paths *paths, struct vd_str path, const char *what)
{
	paths->bad++;
	paths->on_bad(paths->owner, path, what);
}

static enum vd_status
no_memory(const char *path, struct vd_err *err)
{
	return vd_fail(err, VD_ENOMEM, "no memory for the files under '%s'", path);
}

static enum vd_status
add_name(struct names *names, const char *name, const char *folder, struct vd_err *err)
{
	void *at = names->at;
	if (names->n == VD_PATHS_MAX)
		return vd_fail(err, VD_ELIMIT, "more than %u files in '%s'", VD_PATHS_MAX, folder);
	if (!vd_mem_grow(&at, &names->cap, names->n + 1, sizeof *names->at, 64))
		return no_memory(folder, err);
	names->at = at;
	names->at[names->n] = vd_mem_strdup(name);
	if (names->at[names->n] == NULL)
		return no_memory(folder, err);
	names->n++;
	return VD_OK;
}

/* VD_EIO: the folder cannot be read. */
static enum vd_status
list(const char *folder, struct names *ret, struct vd_err *err)
{
	DIR *dir = opendir(folder);
	if (dir == NULL)
		return vd_fail(err, VD_EIO, "cannot open the folder: %s", strerror(errno));
	const struct dirent *entry;
	enum vd_status st = VD_OK;
	while (st == VD_OK && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			st = add_name(ret, entry->d_name, folder, err);
	(void)closedir(dir);
	if (ret->n > 0)
		qsort(ret->at, ret->n, sizeof *ret->at, by_name);
	return st;
}

static enum vd_status
add_file(struct vd_paths *paths, const char *path, const struct stat *st, bool found, struct vd_err *err)
{
	void *at = paths->at;
	if (paths->n == VD_PATHS_MAX)
		return vd_fail(err, VD_ELIMIT, "more than %u files", VD_PATHS_MAX);
	if (paths->arena == NULL && (paths->arena = vd_arena_new(0)) == NULL)
		return no_memory(path, err);
	if (!vd_mem_grow(&at, &paths->cap, paths->n + 1, sizeof *paths->at, 16))
		return no_memory(path, err);
	paths->at = at;
	struct vd_path *added = &paths->at[paths->n];
	bool regular = st != NULL && S_ISREG(st->st_mode);
	added->size = regular ? (uint64_t)st->st_size : 0;
	added->waits = st != NULL && S_ISFIFO(st->st_mode);
	added->found = found;
	if (!vd_arena_str(paths->arena, vd_str_from(path), &added->name))
		return no_memory(path, err);
	paths->n++;
	return VD_OK;
}

static bool
is_around(const struct folder *folder, const struct stat *st)
{
	for (; folder != NULL; folder = folder->around)
		if (folder->dev == st->st_dev && folder->ino == st->st_ino)
			return true;
	return false;
}

static enum vd_status walk(struct vd_paths *paths, const char *path, const struct folder *around,
	const struct stat *st, struct vd_err *err);

/* name inside a folder: recursion is bounded by VD_PATHS_MAX_DEPTH */
static enum vd_status
add_entry(struct vd_paths *paths, const char *path, const char *name, const struct folder *folder,
	struct vd_err *err)
{
	VD_AUTO_FINI(vd_buf) full;
	vd_buf_init(&full, 0);
	bool slash = path[0] != '\0' && path[strlen(path) - 1] == '/';
	vd_buf_printf(&full, "%s%s%s", path, slash ? "" : "/", name);
	if (full.failed)
		return no_memory(path, err);
	struct stat st;
	if (stat(full.at, &st) != 0) {
		char words[128];
		(void)snprintf(words, sizeof words, "cannot be read: %s", strerror(errno));
		report(paths, vd_buf_view(&full), words);
		return VD_OK;
	}
	if (S_ISREG(st.st_mode))
		return add_file(paths, full.at, &st, true, err);
	if (!S_ISDIR(st.st_mode) || is_around(folder, &st))
		return VD_OK;
	if (folder->depth == VD_PATHS_MAX_DEPTH) {
		report(paths, vd_buf_view(&full), "too many folders inside one another: not walked");
		return VD_OK;
	}
	return walk(paths, full.at, folder, &st, err);
}

static enum vd_status
walk(struct vd_paths *paths, const char *path, const struct folder *around, const struct stat *st,
	struct vd_err *err)
{
	const struct folder folder = {around, st->st_dev, st->st_ino, around == NULL ? 1 : around->depth + 1};
	struct names names = {NULL, 0, 0};
	enum vd_status status = list(path, &names, err);
	if (status == VD_EIO) {
		report(paths, vd_str_from(path), err == NULL ? "cannot open the folder" : err->text);
		status = VD_OK;
	}
	for (size_t i = 0; status == VD_OK && i < names.n; i++)
		status = add_entry(paths, path, names.at[i], &folder, err);
	names_fini(&names);
	return status;
}

enum vd_status
vd_paths_add(struct vd_paths *paths, const char *path, struct vd_err *err)
{
	struct stat st;
	if (strcmp(path, "-") == 0)
		return add_file(paths, path, NULL, false, err);
	/* with the rights that opening it will have; one that may be listed but not entered is no use either */
	if (stat(path, &st) != 0 ||
		faccessat(AT_FDCWD, path, S_ISDIR(st.st_mode) ? R_OK | X_OK : R_OK, AT_EACCESS) != 0)
		return vd_fail(err, errno == ENOENT || errno == ENOTDIR ? VD_ENOTFOUND : VD_EIO,
			"cannot read '%s': %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return add_file(paths, path, &st, false, err);
	size_t before = paths->n;
	uint64_t bad_before = paths->bad;
	enum vd_status status = walk(paths, path, NULL, &st, err);
	if (status == VD_OK && paths->n == before && paths->bad == bad_before)
		report(paths, vd_str_from(path), "the folder holds no file");
	return status;
}
