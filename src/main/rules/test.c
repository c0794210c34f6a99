/* "vedette rules test": every detection case under the given folders. */
#include "main/cmd.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main/commands.h"
#include "main/detect/options.h"
#include "main/interrupt.h"
#include "main/out.h"
#include "main/rows.h"
#include "main/rules/suite.h"
#include "main/texts.h"

static const struct vd_column columns[] = {
	{"verdict", VD_COLUMN_TEXT, VD_FIT_WHOLE},
	{"case", VD_COLUMN_TEXT, VD_FIT_MIDDLE},
	{"match", VD_COLUMN_NUMBER, VD_FIT_WHOLE},
	{"nomatch", VD_COLUMN_NUMBER, VD_FIT_WHOLE},
	{"message", VD_COLUMN_TEXT, VD_FIT_WHOLE},
};

struct testing {
	struct vd_rule_paths options;
	struct vd_rows *rows;
	size_t cases, failed;
};

static enum vd_status
run_case(struct testing *t, const char *folder, struct vd_err *err)
{
	struct vd_suite_result result;
	struct vd_buf words, match, nomatch;
	vd_buf_init(&words, 0);
	vd_buf_init(&match, 0);
	vd_buf_init(&nomatch, 0);
	enum vd_status st = vd_suite_run(folder, &t->options, &result, &words, err);
	if (st == VD_OK) {
		t->cases++;
		t->failed += result.failures > 0;
		vd_buf_printf(&match, "%llu", (unsigned long long)result.match);
		vd_buf_printf(&nomatch, "%llu", (unsigned long long)result.nomatch);
	} else {
		(void)vd_fail_in(err, st, "%s", folder);
	}
	if (st == VD_OK && (result.failures > 0 || !t->options.quiet)) {
		const struct vd_str cells[] = {result.failures > 0 ? VD_S("FAIL") : VD_S("ok"),
			vd_str_from(folder), vd_buf_view(&match), vd_buf_view(&nomatch),
			words.len > 0 ? vd_buf_view(&words) : VD_S("")};
		st = vd_rows_add(t->rows, cells, err);
	}
	vd_buf_fini(&words);
	vd_buf_fini(&match);
	vd_buf_fini(&nomatch);
	return st;
}

static int
wanted_name(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static enum vd_status run_folder(struct testing *t, const char *folder, unsigned depth, struct vd_err *err);

/* A folder within folder; whatever is no folder is passed over. */
static enum vd_status
run_entry(struct testing *t, const char *folder, const char *name, unsigned depth, struct vd_err *err)
{
	struct vd_buf path;
	struct stat st;
	vd_buf_init(&path, 0);
	vd_buf_printf(&path, "%s%s%s", folder, vd_str_ends(vd_str_from(folder), "/") ? "" : "/", name);
	enum vd_status status = VD_OK;
	if (path.failed)
		status = vd_fail(err, VD_ENOMEM, "no memory for a path");
	else if (lstat(path.at, &st) == 0 && S_ISDIR(st.st_mode))
		status = run_folder(t, path.at, depth + 1, err);
	vd_buf_fini(&path);
	return status;
}

static bool
is_case(const char *folder)
{
	struct vd_buf path;
	vd_buf_init(&path, 0);
	vd_buf_printf(&path, "%s/rule.yml", folder);
	bool is = !path.failed && access(path.at, F_OK) == 0;
	vd_buf_fini(&path);
	return is;
}

static enum vd_status
run_folder(struct testing *t, const char *folder, unsigned depth, struct vd_err *err)
{
	struct dirent **entries;
	if (vd_interrupted())
		return VD_OK;
	if (is_case(folder))
		return run_case(t, folder, err);
	if (depth > VD_TEXT_MAX_DEPTH)
		return vd_fail(err, VD_ELIMIT, "%s: more than %u folders deep", folder, VD_TEXT_MAX_DEPTH);
	int n = scandir(folder, &entries, wanted_name, alphasort);
	if (n < 0 && errno == ENOTDIR)
		return vd_fail(err, VD_EINPUT,
			"%s: this is a file; give the folder that holds rule.yml, match.jsonl and "
			"nomatch.jsonl",
			folder);
	if (n < 0)
		return vd_fail(err, VD_EIO, "%s: cannot list it: %s", folder, strerrordesc_np(errno));
	enum vd_status st = VD_OK;
	for (int i = 0; i < n; i++) {
		if (st == VD_OK)
			st = run_entry(t, folder, entries[i]->d_name, depth, err);
		free(entries[i]);
	}
	free(entries);
	return st;
}

static enum vd_status
run_all(struct testing *t, const char *const folders[], size_t n, struct vd_err *err)
{
	for (size_t i = 0; i < n; i++) {
		size_t before = t->cases;
		enum vd_status st = run_folder(t, folders[i], 0, err);
		if (st == VD_OK && t->cases == before && !vd_interrupted())
			st = vd_fail(err, VD_ENOTFOUND,
				"%s: no case in it; a case is a folder with rule.yml, match.jsonl, "
				"nomatch.jsonl",
				folders[i]);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

int
vd_cmd_rules_test(const struct vd_args *args)
{
	struct vd_err err = VD_ERR_INIT;
	size_t n;
	VD_AUTO(vd_rows) rows = vd_rows_new(columns, VD_ARRAY_LEN(columns));
	struct testing t = {.rows = rows};
	const char *const *folders = vd_args_operands(args, &n);
	if (rows == NULL)
		return VD_EXIT_ERROR;
	vd_rule_paths_read(args, &t.options);
	vd_interrupt_install();
	enum vd_status st = run_all(&t, folders, n, &err);
	/* what was run is said even where a later case could not be */
	int code = vd_rows_print(
		rows, vd_args_value(args, VD_O_FORMAT), t.failed > 0 ? VD_EXIT_FINDINGS : VD_EXIT_NOTHING);
	if (st != VD_OK || vd_interrupted())
		code = st == VD_OK ? VD_EXIT_ERROR : vd_usage_error(args->command->name, &err);
	if (!t.options.quiet) {
		struct vd_buf text;
		vd_buf_init(&text, 0);
		vd_buf_printf(&text, "%zu case%s, %zu failed\n", t.cases, t.cases == 1 ? "" : "s", t.failed);
		vd_out_raw(STDERR_FILENO, vd_buf_view(&text));
		vd_buf_fini(&text);
	}
	return code;
}
