/*
 * The public rules and vectors, where VD_SHARED_DATA names the folder that holds them: sigma/rules…, vectors.jsonl.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "engine/sigma/load.h"
#include "event/event.h"
#include "vd_test.h"

#define NO_SHARED "VD_SHARED_DATA is not set: it names a folder of public rules and vectors"

/* NULL: not given. */
static const char *
shared(void)
{
	const char *folder = getenv("VD_SHARED_DATA");
	return folder == NULL || folder[0] == '\0' ? NULL : folder;
}

static char *
read_whole(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("cannot open %s", path);
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	for (size_t n = 1; n != 0;) {
		char part[65536];
		n = fread(part, 1, sizeof part, f);
		vd_buf_add(&buf, part, n);
	}
	(void)fclose(f);
	vd_buf_add(&buf, (char[64]){0}, 64);
	assert_false(buf.failed);
	*ret_len = buf.len - 64;
	char *text = buf.at;
	buf.at = NULL;
	return text;
}

#define MAX_FILES 8192u

/* nftw has no owner argument */
static struct vd_source_text files[MAX_FILES];
static size_t n_files;

static int
add_file(const char *path, const struct stat *st, int type, struct FTW *where)
{
	struct vd_str name = vd_str_from(path);
	if (type != FTW_F || !vd_str_ends(name, ".yml"))
		return 0;
	assert_true(n_files < MAX_FILES);
	size_t len;
	char *text = read_whole(path, &len);
	files[n_files++] = (struct vd_source_text){{vd_mem_strdup(path), name.len}, {text, len}};
	return 0;
}

static void
forget_files(void)
{
	for (size_t i = 0; i < n_files; i++) {
		free((void *)(uintptr_t)files[i].file.at);
		free((void *)(uintptr_t)files[i].text.at);
	}
	n_files = 0;
}

VD_TEST(all_public_rules_load_or_lack_a_values_file)
{
	const char *folder = shared();
	if (folder == NULL)
		VD_SKIP(NO_SHARED);
	static const char *const parts[] = {"rules", "rules-emerging-threats", "rules-threat-hunting"};
	for (size_t i = 0; i < VD_ARRAY_LEN(parts); i++) {
		char path[4096];
		(void)snprintf(path, sizeof path, "%s/sigma/%s", folder, parts[i]);
		assert_int_equal(nftw(path, add_file, 16, 0), 0);
	}
	assert_true(n_files > 3000);
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	VD_AUTO(vd_verdicts) verdicts = vd_verdicts_new();
	struct vd_load_input input = {.n_rules = n_files, .rules = files};
	struct vd_load_result result;
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(vd_load_run(arena, &input, verdicts, &result, &err), VD_OK);
	for (size_t i = 0; i < vd_verdicts_count(verdicts); i++) {
		const struct vd_verdict *row = vd_verdicts_at(verdicts, i);
		if (row->kind == VD_REJECTED && !vd_str_is(row->code, "placeholder-unknown"))
			fail_msg("%.*s:%u: %.*s %.*s", (int)row->file.len, row->file.at, row->pos.line,
				(int)row->code.len, row->code.at, (int)row->message.len, row->message.at);
	}
	assert_true(result.n_rules + 10 > n_files);
	forget_files();
}

/* Loads one vector's rule; true if anything was rejected. */
static bool
is_rejected(struct vd_str rule)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	VD_AUTO(vd_verdicts) verdicts = vd_verdicts_new();
	struct vd_source_text file = {VD_S("rule.yml"), rule};
	struct vd_load_input input = {.n_rules = 1, .rules = &file};
	struct vd_load_result result;
	struct vd_err err = VD_ERR_INIT;
	bool rejected = false;
	assert_int_equal(vd_load_run(arena, &input, verdicts, &result, &err), VD_OK);
	for (size_t i = 0; i < vd_verdicts_count(verdicts); i++)
		rejected = rejected || vd_verdicts_at(verdicts, i)->kind == VD_REJECTED;
	return rejected;
}

static struct vd_str
text_of(const struct vd_event *ev, const char *name, struct vd_buf *buf)
{
	const struct vd_field *field = vd_event_find_name(ev, vd_str_from(name));
	vd_buf_reset(buf);
	return field == NULL ? (struct vd_str){0} : vd_field_text(field, buf);
}

static void
check_vector(const struct vd_event *ev)
{
	VD_AUTO_FINI(vd_buf) id;
	VD_AUTO_FINI(vd_buf) load;
	VD_AUTO_FINI(vd_buf) rule;
	vd_buf_init(&id, 0);
	vd_buf_init(&load, 0);
	vd_buf_init(&rule, 0);
	struct vd_str name = text_of(ev, "id", &id);
	bool wanted = vd_str_is(text_of(ev, "load", &load), "reject");
	if (is_rejected(text_of(ev, "rule", &rule)) != wanted)
		fail_msg("vector %.*s: %s", (int)name.len, name.at, wanted ? "loads" : "is rejected");
}

VD_TEST(vectors_are_rejected_exactly_where_they_say_so)
{
	char path[4096];
	if (shared() == NULL)
		VD_SKIP(NO_SHARED);
	(void)snprintf(path, sizeof path, "%s/sigma/vectors.jsonl", shared());
	size_t len, n = 0;
	char *text = read_whole(path, &len);
	VD_AUTO(vd_keys) keys = vd_keys_new();
	VD_AUTO(vd_event_parser) parser = vd_event_parser_new(keys);
	for (char *line = text, *end; line < text + len; line = end + 1) {
		end = memchr(line, '\n', (size_t)(text + len - line));
		if (end == NULL)
			end = text + len;
		struct vd_event ev;
		struct vd_err err = VD_ERR_INIT;
		if (end == line)
			continue;
		assert_int_equal(
			vd_event_parse(parser, (struct vd_str){line, (size_t)(end - line)}, &ev, &err),
			VD_OK);
		check_vector(&ev);
		n++;
	}
	assert_true(n > 50);
	vd_mem_free(text);
}
