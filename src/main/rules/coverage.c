/*
 * "vedette rules coverage": which fields rules use and events never have, and which rules no event could reach.
 * A rule is reached by an event of its log source that has at least one of its fields, or by any where it can hold
 * without (null, a not, keywords).
 */
#include "main/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"
#include "main/commands.h"
#include "main/detect/options.h"
#include "main/interrupt.h"
#include "main/out.h"
#include "main/rows.h"
#include "main/rulebook.h"
#include "main/rules/events.h"

static const struct vd_column columns[] = {
	{"kind", VD_COLUMN_TEXT, VD_FIT_WHOLE},
	{"field", VD_COLUMN_TEXT, VD_FIT_CUT},
	{"rules", VD_COLUMN_NUMBER, VD_FIT_WHOLE},
	{"rule_id", VD_COLUMN_TEXT, VD_FIT_DROP},
	{"title", VD_COLUMN_TEXT, VD_FIT_CUT},
	{"message", VD_COLUMN_TEXT, VD_FIT_WHOLE},
};

struct field {
	struct vd_str name;
	size_t rules; /* that use it */
	bool seen;
};

struct rule {
	size_t *fields; /* in coverage.fields */
	size_t n;
	bool routed, reached;
};

struct coverage {
	struct vd_ruleset *set;
	struct vd_matcher *matcher;
	struct vd_arena *arena; /* owns rules[].fields */
	struct field *fields;   /* sorted by name while they are collected, each once */
	size_t n_fields, cap_fields;
	struct rule *rules; /* single rules */
	size_t n_rules;
	uint64_t events;
};

/* ---- what rules use ---- */

static int
by_name(const void *a, const void *b)
{
	return vd_str_cmp(((const struct field *)a)->name, ((const struct field *)b)->name);
}

static enum vd_status
collect_fields(struct coverage *c, struct vd_err *err)
{
	size_t n, kept = 0;
	for (size_t r = 0; r < c->n_rules; r++) {
		const struct vd_str *names = vd_ruleset_rule_fields(c->set, r, &n);
		void *fields = c->fields;
		if (!vd_mem_grow(&fields, &c->cap_fields, c->n_fields + n + 1, sizeof *c->fields, 1024))
			return vd_fail(err, VD_ENOMEM, "no memory for the fields of rules");
		c->fields = fields;
		for (size_t i = 0; i < n; i++)
			c->fields[c->n_fields++] = (struct field){names[i], 1, false};
	}
	if (c->n_fields == 0)
		return VD_OK;
	qsort(c->fields, c->n_fields, sizeof *c->fields, by_name);
	for (size_t i = 1; i < c->n_fields; i++) {
		if (vd_str_eq(c->fields[kept].name, c->fields[i].name))
			c->fields[kept].rules++;
		else
			c->fields[++kept] = c->fields[i];
	}
	c->n_fields = kept + 1;
	return VD_OK;
}

static enum vd_status
collect_rules(struct coverage *c, struct vd_err *err)
{
	for (size_t r = 0; r < c->n_rules; r++) {
		struct rule *rule = &c->rules[r];
		const struct vd_str *names = vd_ruleset_rule_fields(c->set, r, &rule->n);
		rule->fields = vd_arena_array(c->arena, rule->n + 1, sizeof *rule->fields);
		if (rule->fields == NULL)
			return vd_fail(err, VD_ENOMEM, "no memory for the fields of rules");
		for (size_t i = 0; i < rule->n; i++) {
			const struct field key = {names[i], 0, false};
			const struct field *found =
				bsearch(&key, c->fields, c->n_fields, sizeof key, by_name);
			rule->fields[i] = (size_t)(found - c->fields);
		}
	}
	return VD_OK;
}

static enum vd_status
init(struct coverage *c, struct vd_ruleset *set, struct vd_err *err)
{
	c->set = set;
	c->n_rules = vd_ruleset_single_rules(set);
	c->rules = vd_mem_zalloc(c->n_rules + 1, sizeof *c->rules);
	c->arena = vd_arena_new(0);
	if (c->rules == NULL || c->arena == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for %zu rules", c->n_rules);
	enum vd_status st = vd_matcher_new(set, &c->matcher, err);
	if (st == VD_OK)
		st = collect_fields(c, err);
	return st == VD_OK ? collect_rules(c, err) : st;
}

static void
fini(struct coverage *c)
{
	vd_matcher_free(c->matcher);
	vd_mem_free(c->fields);
	vd_mem_free(c->rules);
	vd_arena_free(c->arena);
}

/* ---- what events have ---- */

static bool
has_field(struct coverage *c, size_t field)
{
	struct vd_str value;
	bool has = vd_matcher_field(c->matcher, c->fields[field].name, &value);
	c->fields[field].seen = c->fields[field].seen || has;
	return has;
}

static void
reach(struct coverage *c, size_t r)
{
	struct rule *rule = &c->rules[r];
	if (rule->reached || !vd_matcher_routed(c->matcher, (uint32_t)r))
		return;
	rule->routed = true;
	rule->reached = !vd_ruleset_rule_needs_field(c->set, r);
	for (size_t i = 0; i < rule->n && !rule->reached; i++)
		rule->reached = has_field(c, rule->fields[i]);
}

static enum vd_status
look(void *owner, struct vd_str text, struct vd_event_ref place, struct vd_err *err)
{
	struct coverage *c = owner;
	struct vd_match_result result;
	enum vd_status st = vd_matcher_event(c->matcher, text, &result, err);
	if (st != VD_OK)
		return st;
	c->events++;
	for (size_t i = 0; i < c->n_fields; i++)
		if (!c->fields[i].seen)
			(void)has_field(c, i);
	for (size_t r = 0; r < c->n_rules; r++)
		reach(c, r);
	return VD_OK;
}

/* ---- the answer ---- */

static enum vd_status
add_fields(const struct coverage *c, struct vd_rows *rows, struct vd_err *err)
{
	for (size_t i = 0; i < c->n_fields; i++) {
		char n[24];
		if (c->fields[i].seen)
			continue;
		int len = snprintf(n, sizeof n, "%zu", c->fields[i].rules);
		const struct vd_str cells[] = {VD_S("field"), c->fields[i].name, {n, (size_t)len}, {NULL, 0},
			{NULL, 0},
			VD_S("no event has this field; map it with --pipeline if it has another name")};
		enum vd_status st = vd_rows_add(rows, cells, err);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

static enum vd_status
add_rules(const struct coverage *c, struct vd_rows *rows, size_t *ret_unreached, struct vd_err *err)
{
	*ret_unreached = 0;
	for (size_t r = 0; r < c->n_rules; r++) {
		if (c->rules[r].reached)
			continue;
		struct vd_rule_view view = vd_ruleset_rule(c->set, r);
		(*ret_unreached)++;
		const struct vd_str cells[] = {VD_S("rule"), {NULL, 0}, {NULL, 0},
			view.id.len > 0 ? view.id : VD_S(""), view.title.len > 0 ? view.title : VD_S(""),
			c->rules[r].routed ? VD_S("events of its log source have none of its fields")
					   : VD_S("no event of its log source")};
		enum vd_status st = vd_rows_add(rows, cells, err);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

static int
answer(const struct coverage *c, const struct vd_args *args)
{
	struct vd_err err = VD_ERR_INIT;
	size_t unreached = 0;
	VD_AUTO(vd_rows) rows = vd_rows_new(columns, VD_ARRAY_LEN(columns));
	if (rows == NULL || add_fields(c, rows, &err) != VD_OK)
		return vd_usage_error(args->command->name, &err);
	size_t missing = vd_rows_count(rows);
	if (add_rules(c, rows, &unreached, &err) != VD_OK)
		return vd_usage_error(args->command->name, &err);
	int code = vd_rows_print(rows, vd_args_value(args, VD_O_FORMAT),
		missing + unreached > 0 ? VD_EXIT_FINDINGS : VD_EXIT_NOTHING);
	if (vd_args_given(args, VD_O_QUIET))
		return code;
	struct vd_buf text;
	vd_buf_init(&text, 0);
	vd_buf_printf(&text,
		"%llu event%s: %zu of %zu field%s missing, %zu of %zu rule%s on single events without a "
		"chance\n",
		(unsigned long long)c->events, c->events == 1 ? "" : "s", missing, c->n_fields,
		c->n_fields == 1 ? "" : "s", unreached, c->n_rules, c->n_rules == 1 ? "" : "s");
	vd_out_raw(STDERR_FILENO, vd_buf_view(&text));
	vd_buf_fini(&text);
	return code;
}

int
vd_cmd_rules_coverage(const struct vd_args *args)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_rule_paths paths;
	struct coverage c = {0};
	uint64_t bad;
	size_t n_events;
	VD_AUTO(vd_rulebook) book = NULL;
	const char *const *events = vd_args_list(args, VD_O_EVENTS, &n_events);
	vd_rule_paths_read(args, &paths);
	if (n_events == 0 || paths.n_rules == 0) {
		vd_complain("rules coverage: both --events PATH… and --rules PATH… are needed");
		return VD_EXIT_ERROR;
	}
	if (vd_rulebook_new(&paths, &book, &err) != VD_OK)
		return vd_usage_error(args->command->name, &err);
	vd_rulebook_say_unreadable(book);
	vd_interrupt_install();
	enum vd_status st = init(&c, vd_rulebook_set(book), &err);
	if (st == VD_OK)
		st = vd_events_each(events, n_events, look, &c, &bad, &err);
	int code = st == VD_OK ? answer(&c, args) : vd_usage_error(args->command->name, &err);
	fini(&c);
	return code;
}
