#include "main/detect/bad.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/mem.h"
#include "main/out.h"

struct bad_file {
	struct vd_str name;
	uint64_t named, n;
};

struct vd_bad {
	struct vd_arena *arena; /* names of files */
	struct bad_file *files;
	size_t n, cap;
	uint64_t count;
};

struct vd_bad *
vd_bad_new(void)
{
	struct vd_bad *bad = vd_mem_zalloc(1, sizeof *bad);
	if (bad == NULL)
		return NULL;
	bad->arena = vd_arena_new(0);
	if (bad->arena == NULL) {
		vd_mem_free(bad);
		return NULL;
	}
	return bad;
}

void
vd_bad_free(struct vd_bad *bad)
{
	if (bad == NULL)
		return;
	vd_arena_free(bad->arena);
	vd_mem_free(bad->files);
	vd_mem_free(bad);
}

/* Files come one after another, so the one looked for is nearly always among the last. */
static struct bad_file *
find(struct vd_bad *bad, struct vd_str name)
{
	for (size_t i = bad->n; i-- > 0;)
		if (vd_str_eq(bad->files[i].name, name))
			return &bad->files[i];
	void *files = bad->files;
	struct vd_str copy;
	if (!vd_mem_grow(&files, &bad->cap, bad->n + 1, sizeof *bad->files, 16))
		return NULL;
	bad->files = files;
	if (!vd_arena_str(bad->arena, name, &copy))
		return NULL;
	bad->files[bad->n] = (struct bad_file){.name = copy};
	return &bad->files[bad->n++];
}

void
vd_bad_note(void *owner, const struct vd_bad_input *input)
{
	struct vd_bad *bad = owner;
	struct bad_file *file = find(bad, input->file);
	bad->count += 1 + input->more;
	if (file != NULL)
		file->n += 1 + input->more;
	if (file != NULL && file->named >= VD_BAD_NAMED)
		return;
	if (file != NULL)
		file->named++;
	if (input->line > 0)
		vd_complain("%.*s:%llu: %s", (int)VD_MIN(input->file.len, (size_t)4096), input->file.at,
			(unsigned long long)input->line, input->what);
	else
		vd_complain(
			"%.*s: %s", (int)VD_MIN(input->file.len, (size_t)4096), input->file.at, input->what);
}

void
vd_bad_add(struct vd_bad *bad, struct vd_str file, uint64_t n)
{
	struct bad_file *entry = n == 0 ? NULL : find(bad, file);
	bad->count += n;
	if (entry != NULL)
		entry->n += n;
}

void
vd_bad_place(struct vd_err *err, uint32_t before)
{
	size_t used = strlen(err->text), room = sizeof err->text - used;
	if (err->line == 1)
		(void)snprintf(
			err->text + used, room, " (column %llu)", (unsigned long long)before + err->column);
	else if (err->line > 1)
		(void)snprintf(
			err->text + used, room, " (line %u of the event, column %u)", err->line, err->column);
}

/* ---- until the parser has seen the same lines ---- */

bool
vd_bad_held_init(struct vd_bad_held *held)
{
	*held = (struct vd_bad_held){.arena = vd_arena_new(0)};
	return held->arena != NULL;
}

void
vd_bad_held_fini(struct vd_bad_held *held)
{
	vd_arena_free(held->arena);
	vd_mem_free(held->at);
	*held = (struct vd_bad_held){.arena = NULL};
}

bool
vd_bad_hold(struct vd_bad_held *held, const struct vd_bad_input *input)
{
	struct vd_bad_input *last = held->n == 0 ? NULL : &held->at[held->n - 1];
	bool same = last != NULL && vd_str_eq(last->file, input->file);
	if (same && held->of_file >= VD_BAD_NAMED) { /* the words would not be said */
		last->more += 1 + input->more;
		return true;
	}
	void *at = held->at;
	if (held->n == VD_BAD_HELD_MAX || !vd_mem_grow(&at, &held->cap, held->n + 1, sizeof *held->at, 16))
		return false;
	held->at = at;
	struct vd_bad_input *added = &held->at[held->n];
	*added = *input;
	added->what = vd_arena_dup(held->arena, input->what, strlen(input->what));
	if (added->what == NULL)
		return false;
	held->n++;
	held->of_file = same ? held->of_file + 1 : 1;
	return true;
}

/* Does a piece that is held come before another one?  Those of earlier files do; the file as a whole comes last. */
static bool
is_before(const struct vd_bad_input *held, const struct vd_bad_input *other)
{
	return !vd_str_eq(held->file, other->file) || (held->line != 0 && held->line <= other->line);
}

void
vd_bad_say(struct vd_bad *bad, struct vd_bad_held *held, const struct vd_bad_input others[], size_t n)
{
	size_t i = 0, k = 0;
	while (i < held->n || k < n)
		vd_bad_note(bad, k == n || (i < held->n && is_before(&held->at[i], &others[k]))
					 ? &held->at[i++]
					 : &others[k++]);
	held->n = 0;
	vd_arena_reset(held->arena);
}

uint64_t
vd_bad_count(const struct vd_bad *bad)
{
	return bad->count;
}

void
vd_bad_say_rest(const struct vd_bad *bad)
{
	for (size_t i = 0; i < bad->n; i++) {
		const struct bad_file *file = &bad->files[i];
		if (file->n > file->named)
			vd_complain("%.*s: %llu more piece%s of bad input not shown",
				(int)VD_MIN(file->name.len, (size_t)4096), file->name.at,
				(unsigned long long)(file->n - file->named),
				file->n - file->named == 1 ? "" : "s");
	}
}
