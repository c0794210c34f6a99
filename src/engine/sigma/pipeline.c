#include "engine/sigma/pipeline.h"

/* ---- what a run remembers ---- */

enum vd_status
vd_pipe_mark(struct vd_pipe_run *run, struct vd_str id, const struct vd_item *item, struct vd_str field)
{
	if (!run->keeps_marks)
		return VD_OK;
	struct vd_pipe_mark *mark = vd_arena_alloc(run->build.arena, sizeof *mark);
	if (mark == NULL)
		return VD_BUILD_NOMEM(&run->build);
	*mark = (struct vd_pipe_mark){id, item, field, run->marks};
	run->marks = mark;
	return VD_OK;
}

bool
vd_pipe_marked(
	const struct vd_pipe_run *run, struct vd_str id, const struct vd_item *item, struct vd_str field)
{
	for (const struct vd_pipe_mark *mark = run->marks; mark != NULL; mark = mark->next)
		if (mark->item == item && vd_str_eq(mark->field, field) &&
			(id.at == NULL || vd_str_eq(mark->id, id)))
			return true;
	return false;
}

const struct vd_pipe_list *
vd_pipe_pair_find(const struct vd_pipe_pair *pairs, struct vd_str key)
{
	for (; pairs != NULL; pairs = pairs->next)
		if (vd_str_eq(pairs->key, key))
			return &pairs->values;
	return NULL;
}

const struct vd_pipe_list *
vd_pipe_var(const struct vd_pipe_run *run, struct vd_str name)
{
	for (size_t i = run->n; i > 0; i--) {
		const struct vd_pipe_list *found = vd_pipe_pair_find(run->pipelines[i - 1]->vars, name);
		if (found != NULL)
			return found;
	}
	return NULL;
}

enum vd_status
vd_pipe_pair_set(struct vd_pipe_run *run, struct vd_pipe_pair **pairs, struct vd_str key, struct vd_str value)
{
	struct vd_pipe_pair *pair = vd_arena_zalloc(run->build.arena, sizeof *pair);
	struct vd_str *values = vd_arena_array(run->build.arena, 1, sizeof *values);
	if (pair == NULL || values == NULL)
		return VD_BUILD_NOMEM(&run->build);
	values[0] = value;
	*pair = (struct vd_pipe_pair){.key = key, .values = {1, values}, .next = *pairs};
	*pairs = pair;
	return VD_OK;
}

static enum vd_status
too_large(struct vd_pipe_run *run)
{
	return VD_BUILD_REJECT(&run->build, run->build.rule->pos, "limit",
		"the pipelines make the rule too large: at most %u items, %u values and %u levels",
		VD_RULE_MAX_ITEMS, VD_RULE_MAX_VALUES, VD_RULE_MAX_EXPR_DEPTH);
}

enum vd_status
vd_pipe_count_values(struct vd_pipe_run *run, size_t more)
{
	run->build.n_values += more;
	return run->build.n_values > VD_RULE_MAX_VALUES ? too_large(run) : VD_OK;
}

enum vd_status
vd_pipe_item_split(
	struct vd_pipe_run *run, const struct vd_item *item, struct vd_pos pos, struct vd_expr **ret)
{
	struct vd_item *own = vd_arena_alloc(run->build.arena, sizeof *own);
	struct vd_expr *leaf = vd_expr_new(run->build.arena, VD_EXPR_ITEM, pos, 0);
	if (own == NULL || leaf == NULL)
		return VD_BUILD_NOMEM(&run->build);
	*own = *item;
	leaf->item = own;
	*ret = leaf;
	for (const struct vd_pipe_mark *mark = run->marks, *next; mark != NULL; mark = next) {
		next = mark->next;
		enum vd_status st =
			mark->item == item ? vd_pipe_mark(run, mark->id, own, (struct vd_str){0}) : VD_OK;
		if (st != VD_OK)
			return st;
	}
	return ++run->build.n_items > VD_RULE_MAX_ITEMS ? too_large(run) : vd_pipe_count_values(run, item->n);
}

/* ---- one step over the tree ---- */

static enum vd_status
step_on_item(struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_expr **at)
{
	struct vd_pipe_subject subject = {(*at)->item, (*at)->item->field};
	bool holds;
	enum vd_status st = vd_pipe_conds_test(run, &step->item_conds, &subject, &holds);
	if (st != VD_OK || !holds)
		return st;
	if (step->kind->on_field != NULL)
		return vd_pipe_rename_item(run, step, at);
	st = vd_pipe_conds_test(run, &step->field_conds, &subject, &holds);
	if (st != VD_OK || !holds)
		return st;
	if (step->kind->on_atom != NULL)
		return vd_pipe_change_values(run, step, (*at)->item);
	return step->kind->on_item(run, step, at);
}

/* What is dropped leaves no trace: an operator without operands goes too.  Depth: VD_RULE_MAX_EXPR_DEPTH. */
static enum vd_status
walk(struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_expr **at)
{
	struct vd_expr *expr = *at;
	if (expr->kind == VD_EXPR_ITEM)
		return step_on_item(run, step, at);
	size_t kept = 0;
	for (size_t i = 0; i < expr->n; i++) {
		enum vd_status st = walk(run, step, &expr->kids[i]);
		if (st != VD_OK)
			return st;
		if (expr->kids[i] != NULL)
			expr->kids[kept++] = expr->kids[i];
	}
	expr->n = kept;
	if (kept == 0)
		*at = NULL;
	return VD_OK;
}

static enum vd_status
step_on_tree(struct vd_pipe_run *run, const struct vd_pipe_step *step)
{
	struct vd_rule *rule = run->build.rule;
	if (rule->expr == NULL)
		return VD_OK;
	enum vd_status st = walk(run, step, &rule->expr);
	if (st == VD_OK && rule->expr == NULL)
		return VD_BUILD_REJECT(&run->build, rule->pos, "pipeline-empty",
			"the pipelines drop every detection item of this rule");
	return st;
}

static enum vd_status
run_kind(struct vd_pipe_run *run, const struct vd_pipe_step *step)
{
	const struct vd_pipe_step_kind *kind = step->kind;
	if (kind->on_rule != NULL)
		return kind->on_rule(run, step);
	if (kind->on_item != NULL || kind->on_field != NULL || kind->on_atom != NULL)
		return step_on_tree(run, step);
	return VD_OK;
}

static enum vd_status
run_steps(struct vd_pipe_run *run, const struct vd_pipe_step *steps, size_t n)
{
	const struct vd_pipe_subject rule_only = {0};
	for (size_t i = 0; i < n; i++) {
		const struct vd_pipe_step *step = &steps[i];
		bool holds;
		enum vd_status st = vd_pipe_conds_test(run, &step->rule_conds, &rule_only, &holds);
		if (st == VD_OK && !holds)
			continue;
		run->build.rule->pipeline_steps[run->first_number + step->number] = true;
		if (st == VD_OK)
			st = run_kind(run, step);
		if (st == VD_OK)
			st = run_steps(run, step->kids, step->n_kids);
		if (st == VD_OK && step->id.len != 0)
			st = vd_pipe_mark(run, step->id, NULL, (struct vd_str){0});
		if (st == VD_OK && run->build.rule->expr != NULL &&
			vd_expr_depth(run->build.rule->expr) > VD_RULE_MAX_EXPR_DEPTH)
			st = too_large(run);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

/* ---- all pipelines ---- */

/* By priority; those of the same priority stay in the order given. */
static enum vd_status
run_init(struct vd_pipe_run *run, struct vd_arena *arena, struct vd_pipeline *const *pipelines, size_t n,
	struct vd_rule *rule, struct vd_err *err)
{
	*run = (struct vd_pipe_run){.build = {.arena = arena, .rule = rule, .err = err}};
	if (n > VD_PIPE_MAX_PIPELINES)
		return vd_fail(err, VD_ELIMIT, "%zu pipelines, more than %u", n, VD_PIPE_MAX_PIPELINES);
	for (; run->n < n; run->n++) {
		size_t at = run->n;
		for (; at > 0 && run->pipelines[at - 1]->priority > pipelines[run->n]->priority; at--)
			run->pipelines[at] = run->pipelines[at - 1];
		run->pipelines[at] = pipelines[run->n];
		run->keeps_marks |= pipelines[run->n]->asks_history;
	}
	return VD_OK;
}

void
vd_pipelines_revise(struct vd_pipeline *const *pipelines, size_t n, struct vd_rule *rule)
{
	for (size_t i = 0; !rule->piped && i < n; i++)
		vd_rule_revise(rule, pipelines[i]->hash);
	rule->piped = true;
}

/* A step whose conditions held, whatever it then found to do; variables of any pipeline may have served it. */
static bool
concerned(const struct vd_rule *rule, size_t n_numbers)
{
	for (size_t i = 0; i < n_numbers; i++)
		if (rule->pipeline_steps[i])
			return true;
	return false;
}

enum vd_status
vd_pipelines_apply(struct vd_arena *arena, struct vd_pipeline *const *pipelines, size_t n,
	struct vd_rule *rule, struct vd_err *err)
{
	struct vd_pipe_run run;
	size_t n_numbers = 0;
	enum vd_status st = run_init(&run, arena, pipelines, n, rule, err);
	if (st != VD_OK || n == 0)
		return st;
	for (size_t i = 0; i < n; i++)
		n_numbers += pipelines[i]->n_numbers;
	rule->pipeline_steps = vd_arena_array(arena, n_numbers, sizeof *rule->pipeline_steps);
	if (rule->pipeline_steps == NULL)
		return VD_BUILD_NOMEM(&run.build);
	if (rule->expr != NULL)
		vd_expr_count(rule->expr, &run.build.n_items, &run.build.n_values);
	for (size_t i = 0; i < n && st == VD_OK; i++) {
		st = run_steps(&run, run.pipelines[i]->steps, run.pipelines[i]->n_steps);
		run.first_number += run.pipelines[i]->n_numbers;
	}
	if (concerned(rule, n_numbers))
		vd_pipelines_revise(pipelines, n, rule);
	/* the rule is marked: it has its verdict */
	return st == VD_EINPUT ? VD_OK : st;
}

/* ---- fields of correlations ---- */

static enum vd_status
rename_by_steps(struct vd_pipe_run *run, const struct vd_pipe_step *steps, size_t n, struct vd_str *field)
{
	for (size_t i = 0; i < n; i++) {
		const struct vd_pipe_step *step = &steps[i];
		struct vd_pipe_list names = {0};
		enum vd_status st = VD_OK;
		if (!run->build.rule->pipeline_steps[run->first_number + step->number])
			continue;
		/* conditions on items ask about values, and a field of a correlation has none */
		if (step->kind->on_field != NULL && step->item_conds.n == 0)
			st = vd_pipe_rename(run, step, NULL, *field, &names);
		else if (step->args.value != NULL && step->kind->on_rule != NULL)
			st = step->kind->on_rule(run, step);
		if (st == VD_OK && names.n != 0)
			*field = names.at[0];
		if (st == VD_OK)
			st = rename_by_steps(run, step->kids, step->n_kids, field);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

enum vd_status
vd_pipelines_field(struct vd_arena *arena, struct vd_pipeline *const *pipelines, size_t n,
	const struct vd_rule *rule, struct vd_str field, struct vd_str *ret, struct vd_err *err)
{
	struct vd_pipe_run run;
	struct vd_rule copy = *rule; /* steps that are run again must not mark the rule */
	struct vd_err own = VD_ERR_INIT;
	enum vd_status st = run_init(&run, arena, pipelines, n, &copy, err == NULL ? &own : err);
	if (st != VD_OK)
		return st;
	for (size_t i = 0; i < n && st == VD_OK && rule->pipeline_steps != NULL && field.len != 0; i++) {
		st = rename_by_steps(&run, run.pipelines[i]->steps, run.pipelines[i]->n_steps, &field);
		run.first_number += run.pipelines[i]->n_numbers;
	}
	if (st == VD_OK)
		st = vd_field_name(&run.build, field, ret);
	return st == VD_EINPUT ? vd_fail(err, VD_EINPUT, "%.*s", VD_SHOW(copy.message)) : st;
}
