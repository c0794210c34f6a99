/* "vedette rules explain": every predicate of one rule against one event. */
#include "main/cmd.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "main/commands.h"
#include "main/detect/options.h"
#include "main/detect/report.h"
#include "main/out.h"
#include "main/rows.h"
#include "main/rulebook.h"
#include "main/rules/events.h"
#include "main/rules/pick.h"

static const struct vd_column columns[] = {
	{"selection", VD_COLUMN_TEXT, VD_FIT_CUT},
	{"holds", VD_COLUMN_NUMBER, VD_FIT_WHOLE}, /* true or false as they are */
	{"negated", VD_COLUMN_NUMBER, VD_FIT_WHOLE},
	{"predicate", VD_COLUMN_TEXT, VD_FIT_CUT},
	{"field", VD_COLUMN_TEXT, VD_FIT_CUT},
	{"value", VD_COLUMN_TEXT, VD_FIT_WHOLE},
};

struct explain {
	const struct vd_args *args;
	struct vd_ruleset *set;
	struct vd_matcher *matcher;
	uint32_t rule;
	struct vd_log_source source; /* of the event */
	bool found, matches, routed;
	bool cut_search, cut_comparison; /* at a bound */
	struct vd_str absent;            /* stands for the value of a field the event lacks */
	struct vd_rows *rows;
};

/* Splits "FILE:REST" where FILE exists; without REST the whole text is FILE.  False: no such file. */
static bool
split(struct vd_arena *arena, const char *text, const char **ret_file, const char **ret_rest)
{
	struct stat st;
	*ret_rest = NULL;
	if (stat(text, &st) == 0 || strcmp(text, "-") == 0) {
		*ret_file = text;
		return true;
	}
	for (const char *colon = strchr(text, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
		char *file = vd_arena_dup(arena, text, (size_t)(colon - text));
		if (file == NULL)
			return false;
		if (stat(file, &st) == 0 || strcmp(file, "-") == 0) {
			*ret_file = file;
			*ret_rest = colon + 1;
			return true;
		}
	}
	return false;
}

/* ---- the rule ---- */

static enum vd_status
open_rule(struct explain *e, struct vd_arena *arena, const char *text, struct vd_rulebook **ret,
	struct vd_err *err)
{
	struct vd_rule_paths paths;
	const char *file = NULL, *wanted = text;
	vd_rule_paths_read(e->args, &paths);
	if (paths.n_rules == 0) {
		paths.no_cache = true; /* one rule is compiled faster than looked up */
		if (!split(arena, text, &file, &wanted))
			return vd_fail(err, VD_ENOTFOUND,
				"'%s' is no rule file; write FILE, FILE:ID, or an id with --rules PATH…",
				text);
		paths.rules = &file;
		paths.n_rules = 1;
	}
	enum vd_status st = vd_rulebook_new(&paths, ret, err);
	if (st != VD_OK)
		return st;
	vd_rulebook_say_unreadable(*ret);
	e->set = vd_rulebook_set(*ret);
	st = vd_rule_pick(e->set, wanted, &e->rule, err);
	return st == VD_OK ? vd_matcher_new(e->set, &e->matcher, err) : st;
}

/* ---- the event ---- */

static enum vd_status
add_evidence(struct explain *e, const struct vd_evidence *v, struct vd_err *err)
{
	const struct vd_str cells[] = {
		v->selection.len > 0 ? v->selection : VD_S(""),
		v->holds ? VD_S("true") : VD_S("false"),
		v->negated ? VD_S("true") : VD_S("false"),
		v->predicate.len > 0 ? v->predicate : VD_S(""),
		v->field.len > 0 ? v->field : VD_S(""),
		v->value.at == NULL ? e->absent : v->value,
	};
	return vd_rows_add(e->rows, cells, err);
}

static enum vd_status
look(void *owner, struct vd_str text, struct vd_event_ref place, struct vd_err *err)
{
	struct explain *e = owner;
	struct vd_match_result result;
	const struct vd_evidence *evidence;
	size_t n;
	enum vd_status st = vd_matcher_event(e->matcher, text, &result, err);
	struct vd_matcher_limits before = vd_matcher_limits(e->matcher);
	if (st == VD_OK)
		st = vd_matcher_explain(e->matcher, e->rule, &n, &evidence, &e->matches, &e->routed, err);
	if (st != VD_OK)
		return st;
	e->found = true;
	e->source = vd_matcher_log_source(e->matcher);
	struct vd_matcher_limits after = vd_matcher_limits(e->matcher);
	e->cut_search = after.searches != before.searches;
	e->cut_comparison = after.comparisons != before.comparisons;
	for (size_t i = 0; i < n && st == VD_OK; i++)
		st = add_evidence(e, &evidence[i], err);
	return st == VD_OK ? VD_END : st;
}

static enum vd_status
open_event(struct explain *e, struct vd_arena *arena, const char *text, struct vd_err *err)
{
	const char *file, *line = NULL;
	uint64_t number = 0; /* the first event */
	if (!split(arena, text, &file, &line))
		return vd_fail(err, VD_ENOTFOUND, "'%s' is no event file; write FILE or FILE:LINE", text);
	if (line != NULL && (!vd_str_u64(vd_str_from(line), &number) || number == 0))
		return vd_fail(err, VD_EINPUT, "'%s': the line behind ':' must be a number from 1", text);
	enum vd_status st = vd_events_at(file, number, look, e, err);
	if (st == VD_OK && !e->found)
		return vd_fail(err, VD_ENOTFOUND, "'%s': no event there", text);
	return st;
}

/* ---- the answer ---- */

/* "category a or b" behind what stands there already; nothing where there is no word. */
static void
say_part(
	struct vd_buf *line, const char **ret_before, const char *what, const struct vd_str words[], size_t n)
{
	if (n == 0 || words[0].len == 0)
		return;
	vd_buf_printf(line, "%s%s ", *ret_before, what);
	for (size_t i = 0; i < n; i++)
		vd_buf_printf(line, "%s%.*s", i > 0 ? " or " : "", (int)words[i].len, words[i].at);
	*ret_before = ", ";
}

static void
say_sources(const struct vd_rule_view *rule, const struct vd_log_source *source, struct vd_buf *line)
{
	const char *before = " (the rule's: ";
	say_part(line, &before, "product", &rule->product, 1);
	say_part(line, &before, "category", &rule->category, 1);
	say_part(line, &before, "service", &rule->service, 1);
	before = "; the event's: ";
	say_part(line, &before, "product", &source->product, 1);
	say_part(line, &before, "category", source->categories, source->n_categories);
	say_part(line, &before, "service", source->services, source->n_services);
	vd_buf_char(line, ')');
}

static void
say(const struct explain *e)
{
	struct vd_rule_view rule = vd_ruleset_rule(e->set, e->rule);
	const char *text = e->matches && e->routed ? "matches"
			   : e->matches ? "would match, but its log source keeps it away from this event"
			   : e->routed  ? "does not match"
					: "does not match, and its log source keeps it away from this event";
	struct vd_buf line;
	vd_buf_init(&line, 0);
	vd_buf_str(&line, rule.title.len > 0 ? rule.title : rule.id);
	vd_buf_printf(&line, ": %s", text);
	if (!e->routed)
		say_sources(&rule, &e->source, &line);
	if (!line.failed)
		vd_complain("%s", line.at);
	if (e->cut_comparison)
		vd_complain("a comparison of two fields was cut short and counts as no match; the event has "
			    "very many "
			    "values");
	if (e->cut_search)
		vd_complain("a search of a regular expression was cut short and counts as no match; simplify "
			    "|re with "
			    "nested repeats");
	vd_buf_fini(&line);
}

int
vd_cmd_rules_explain(const struct vd_args *args)
{
	struct vd_err err = VD_ERR_INIT;
	struct explain e = {.args = args};
	size_t n;
	VD_AUTO(vd_rulebook) book = NULL;
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	VD_AUTO(vd_rows) rows = vd_rows_new(columns, VD_ARRAY_LEN(columns));
	const char *const *operands = vd_args_operands(args, &n);
	enum vd_status st = VD_OK;
	e.rows = rows;
	if (vd_format_of(vd_args_value(args, VD_O_FORMAT), STDOUT_FILENO) == VD_FORMAT_TABLE)
		e.absent = VD_REPORT_ABSENT; /* elsewhere null, or what the format has for it */
	if (arena == NULL || rows == NULL)
		st = vd_fail(&err, VD_ENOMEM, "no memory");
	if (st == VD_OK)
		st = open_rule(&e, arena, operands[0], &book, &err);
	if (st == VD_OK)
		st = open_event(&e, arena, operands[1], &err);
	vd_matcher_free(e.matcher);
	if (st != VD_OK)
		return vd_usage_error(args->command->name, &err);
	bool matches = e.matches && e.routed;
	int code = vd_rows_print(
		rows, vd_args_value(args, VD_O_FORMAT), matches ? VD_EXIT_FINDINGS : VD_EXIT_NOTHING);
	if (!vd_args_given(args, VD_O_QUIET))
		say(&e);
	return code;
}
