/* "vedette rules check": a row a rule, whether it loads, and why not. */
#include "main/cmd.h"

#include <stdio.h>
#include <unistd.h>

#include "main/commands.h"
#include "main/detect/options.h"
#include "main/out.h"
#include "main/rows.h"
#include "main/rulebook.h"
#include "main/term.h"

static const struct vd_column columns[] = {
	{"file", VD_COLUMN_TEXT, VD_FIT_MIDDLE},
	{"line", VD_COLUMN_NUMBER, VD_FIT_WHOLE},
	{"column", VD_COLUMN_NUMBER, VD_FIT_DROP},
	{"rule_id", VD_COLUMN_TEXT, VD_FIT_DROP},
	{"title", VD_COLUMN_TEXT, VD_FIT_CUT},
	{"verdict", VD_COLUMN_TEXT, VD_FIT_WHOLE},
	{"code", VD_COLUMN_TEXT, VD_FIT_WHOLE},
	{"message", VD_COLUMN_TEXT, VD_FIT_WHOLE},
};

static enum vd_status
add_row(struct vd_rows *rows, const struct vd_ruleset *set, size_t i, struct vd_err *err)
{
	struct vd_verdict_view v = vd_ruleset_verdict(set, i);
	char line[16], column[16];
	int line_len = snprintf(line, sizeof line, "%u", v.line);
	int column_len = snprintf(column, sizeof column, "%u", v.column);
	const struct vd_str cells[VD_ARRAY_LEN(columns)] = {
		v.file,
		{line, (size_t)line_len},
		{column, (size_t)column_len},
		v.rule_id.len > 0 ? v.rule_id : VD_S(""),
		v.title.len > 0 ? v.title : VD_S(""),
		vd_str_from(vd_rulebook_verdict(v.verdict)),
		v.code,
		v.message.len > 0 ? v.message : VD_S(""),
	};
	return vd_rows_add(rows, cells, err);
}

static enum vd_status
collect(const struct vd_ruleset *set, struct vd_rows **ret, struct vd_err *err)
{
	VD_AUTO(vd_rows) rows = vd_rows_new(columns, VD_ARRAY_LEN(columns));
	if (rows == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for the rows");
	for (size_t i = 0; i < vd_ruleset_verdicts(set); i++) {
		enum vd_status st = add_row(rows, set, i, err);
		if (st != VD_OK)
			return st;
	}
	*ret = vd_rows_take(&rows);
	return VD_OK;
}

static void
summarise(const struct vd_rulebook_counts *counts)
{
	struct vd_buf text;
	vd_buf_init(&text, 0);
	vd_buf_printf(&text, "%zu loaded, %zu degraded, %zu rejected\n", counts->loaded, counts->degraded,
		counts->rejected);
	vd_out_raw(STDERR_FILENO, vd_buf_view(&text));
	vd_buf_fini(&text);
}

int
vd_cmd_rules_check(const struct vd_args *args)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_rule_paths paths;
	VD_AUTO(vd_rulebook) book = NULL;
	VD_AUTO(vd_rows) rows = NULL;
	vd_rule_paths_read(args, &paths);
	paths.rules = vd_args_operands(args, &paths.n_rules);
	if (vd_rulebook_new(&paths, &book, &err) != VD_OK ||
		collect(vd_rulebook_set(book), &rows, &err) != VD_OK)
		return vd_usage_error(args->command->name, &err);
	struct vd_rulebook_counts counts = vd_rulebook_count(vd_rulebook_set(book));
	int code = vd_rows_print(rows, vd_args_value(args, VD_O_FORMAT),
		counts.rejected > 0 ? VD_EXIT_FINDINGS : VD_EXIT_NOTHING);
	if (!paths.quiet) {
		vd_rulebook_say_notes(book);
		summarise(&counts);
	}
	return code;
}
