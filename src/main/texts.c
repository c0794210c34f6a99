#include "main/texts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"

struct vd_texts {
	struct vd_arena *arena; /* owns names and bytes */
	struct vd_text *texts;
	size_t n, cap;
	bool puts_aside;
	struct vd_text *unreadable;
	size_t n_unreadable, cap_unreadable;
};

struct vd_texts *
vd_texts_new(void)
{
	struct vd_texts *list = vd_mem_zalloc(1, sizeof *list);
	if (list == NULL)
		return NULL;
	list->arena = vd_arena_new(0);
	if (list->arena == NULL) {
		vd_texts_free(list);
		return NULL;
	}
	return list;
}

void
vd_texts_free(struct vd_texts *list)
{
	if (list == NULL)
		return;
	vd_arena_free(list->arena);
	vd_mem_free(list->texts);
	vd_mem_free(list->unreadable);
	vd_mem_free(list);
}

/* ---- one file ---- */

/* Words here do not name the path: whoever returns them to the caller puts it in front. */
static enum vd_status
io_failed(const char *what, struct vd_err *err)
{
	int error = errno;
	return vd_fail(
		err, error == ENOENT ? VD_ENOTFOUND : VD_EIO, "cannot %s: %s", what, strerrordesc_np(error));
}

/* Reads to the end: the size may be unknown (a pipe). */
static enum vd_status
read_all(int fd, struct vd_buf *to, struct vd_err *err)
{
	for (;;) {
		if (!vd_buf_room(to, 1u << 16))
			return vd_fail(err, VD_EINPUT, "longer than %u MiB; split the file",
				VD_TEXT_MAX_BYTES >> 20);
		ssize_t n = read(fd, to->at + to->len, 1u << 16);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return io_failed("read it", err);
		if (n == 0)
			return VD_OK;
		to->len += (size_t)n;
	}
}

static enum vd_status
add_file(struct vd_texts *list, const char *path, struct vd_err *err)
{
	struct vd_buf bytes;
	struct vd_text text = {{NULL, 0}, {NULL, 0}};
	void *texts = list->texts;
	if (list->n >= VD_TEXT_MAX_FILES)
		return vd_fail(err, VD_ELIMIT, "more than %u rule files", VD_TEXT_MAX_FILES);
	if (!vd_mem_grow(&texts, &list->cap, list->n + 1, sizeof *list->texts, 256))
		return vd_fail(err, VD_ENOMEM, "no memory for it");
	list->texts = texts;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return io_failed("open it", err);
	vd_buf_init(&bytes, VD_TEXT_MAX_BYTES);
	enum vd_status st = read_all(fd, &bytes, err);
	close(fd);
	if (st == VD_OK && (!vd_arena_str(list->arena, vd_str_from(path), &text.name) ||
				   !vd_arena_str(list->arena, vd_buf_view(&bytes), &text.text)))
		st = vd_fail(err, VD_ENOMEM, "no memory for it");
	if (st == VD_OK)
		list->texts[list->n++] = text;
	vd_buf_fini(&bytes);
	return st;
}

/* ---- folders ---- */

static int
wanted_name(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool
is_yaml(const char *name)
{
	struct vd_str s = vd_str_from(name);
	return vd_str_ends(s, ".yml") || vd_str_ends(s, ".yaml");
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* st and err say why path, which was found below a folder, cannot be read. */
static enum vd_status
put_aside(struct vd_texts *list, const char *path, enum vd_status st, struct vd_err *err)
{
	bool is_of_path = st == VD_EIO || st == VD_ENOTFOUND || st == VD_EINPUT;
	struct vd_text *text = NULL;
	void *grown = list->unreadable;
	if (!list->puts_aside || !is_of_path)
		return vd_fail_in(err, st, "%s", path);
	if (!vd_mem_grow(&grown, &list->cap_unreadable, list->n_unreadable + 1, sizeof *text, 16))
		return vd_fail(err, VD_ENOMEM, "no memory for %s", path);
	list->unreadable = grown;
	text = &list->unreadable[list->n_unreadable];
	if (!vd_arena_str(list->arena, vd_str_from(path), &text->name) ||
		!vd_arena_str(list->arena, vd_str_from(err->text), &text->text))
		return vd_fail(err, VD_ENOMEM, "no memory for %s", path);
	list->n_unreadable++;
	return VD_OK;
}

/* A name that rules have. */
static enum vd_status
add_found(struct vd_texts *list, const char *path, bool is_link, struct vd_err *err)
{
	struct stat target;
	enum vd_status st = VD_OK;
	if (stat(path, &target) != 0)
		st = io_failed(is_link ? "follow the link" : "look at it", err);
	else if (S_ISDIR(target.st_mode)) /* a link: those to folders are left out */
		return VD_OK;
	else if (!S_ISREG(target.st_mode))
		st = vd_fail(err, VD_EINPUT, "neither a file nor a folder");
	else
		st = add_file(list, path, err);
	return st == VD_OK ? VD_OK : put_aside(list, path, st, err);
}

static enum vd_status add_folder(struct vd_texts *list, const char *path, unsigned depth, struct vd_err *err);

static enum vd_status
add_entry(struct vd_texts *list, const char *folder, const char *name, unsigned depth, struct vd_err *err)
{
	struct vd_buf path;
	struct stat link;
	vd_buf_init(&path, 0);
	vd_buf_text(&path, folder);
	if (path.len > 0 && path.at[path.len - 1] != '/')
		vd_buf_char(&path, '/');
	vd_buf_text(&path, name);
	enum vd_status st = VD_OK;
	if (path.failed)
		st = vd_fail(err, VD_ENOMEM, "no memory for a path in %s", folder);
	else if (lstat(path.at, &link) != 0)
		st = put_aside(list, path.at, io_failed("look at it", err), err);
	else if (S_ISDIR(link.st_mode))
		st = add_folder(list, path.at, depth + 1, err);
	else if (is_yaml(name))
		st = add_found(list, path.at, S_ISLNK(link.st_mode), err);
	vd_buf_fini(&path);
	return st;
}

static enum vd_status
add_folder(struct vd_texts *list, const char *path, unsigned depth, struct vd_err *err)
{
	struct dirent **entries;
	if (depth > VD_TEXT_MAX_DEPTH)
		return vd_fail(err, VD_ELIMIT, "%s: more than %u folders deep", path, VD_TEXT_MAX_DEPTH);
	int n = scandir(path, &entries, wanted_name, by_name);
	if (n < 0 && depth > 0)
		return put_aside(list, path, io_failed("list it", err), err);
	if (n < 0)
		return vd_fail_in(err, io_failed("list it", err), "%s", path);
	enum vd_status st = VD_OK;
	for (int i = 0; i < n; i++) {
		if (st == VD_OK)
			st = add_entry(list, path, entries[i]->d_name, depth, err);
		free(entries[i]);
	}
	free(entries);
	return st;
}

static enum vd_status
add_given(struct vd_texts *list, const char *path, struct vd_err *err)
{
	struct stat st;
	enum vd_status status = VD_OK;
	if (stat(path, &st) != 0)
		status = io_failed("open it", err);
	else if (S_ISDIR(st.st_mode))
		return add_folder(list, path, 0, err);
	else
		status = add_file(list, path, err);
	return status == VD_OK ? VD_OK : vd_fail_in(err, status, "%s", path);
}

enum vd_status
vd_texts_add(struct vd_texts *list, const char *const paths[], size_t n, struct vd_err *err)
{
	enum vd_status st = VD_OK;
	for (size_t i = 0; st == VD_OK && i < n; i++)
		st = add_given(list, paths[i], err);
	return st;
}

enum vd_status
vd_texts_add_rules(struct vd_texts *list, const char *const paths[], size_t n, struct vd_err *err)
{
	list->puts_aside = true;
	enum vd_status st = vd_texts_add(list, paths, n, err);
	list->puts_aside = false;
	return st;
}

size_t
vd_texts_count(const struct vd_texts *list)
{
	return list->n;
}

const struct vd_text *
vd_texts_all(const struct vd_texts *list)
{
	return list->texts;
}

const struct vd_text *
vd_texts_unreadable(const struct vd_texts *list, size_t *ret_n)
{
	*ret_n = list->n_unreadable;
	return list->unreadable;
}
