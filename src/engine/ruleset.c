/*
 * The public face of a rule set.
 */
#include "engine/compile/compile.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "engine/compile/atom.h"
#include "engine/correlate/correlate.h"

VD_AUTO_DEFINE(vd_ruleset, vd_ruleset_unref)

struct vd_ruleset *
vd_ruleset_ref(struct vd_ruleset *set)
{
	vd_obj_check(set, VD_RULESET_MAGIC);
	(void)atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
	return set;
}

void
vd_ruleset_unref(struct vd_ruleset *set)
{
	if (set == NULL)
		return;
	vd_obj_check(set, VD_RULESET_MAGIC);
	if (atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; i < set->n_regexes; i++)
		vd_regex_free(set->regexes[i]);
	vd_mem_free(set->regexes);
	vd_mem_free(set->sets);
	vd_mem_free(set->routes);
	vd_corr_plan_free(set->plan);
	vd_items_free(set->items);
	vd_keys_free(set->keys);
	vd_verdicts_free(set->verdicts);
	vd_arena_free(set->arena);
	vd_obj_free(set);
}

/* ---- preparing the documents ---- */

static enum vd_status
prepare_atom(struct vd_ruleset *set, struct vd_atom *atom, struct vd_err *err)
{
	if (!vd_atom_prepare(set->arena, atom))
		return vd_fail(err, VD_ENOMEM, "no memory for a pattern");
	if (atom->kind != VD_ATOM_REGEX)
		return VD_OK;
	void *regexes = set->regexes;
	bool room =
		vd_mem_grow(&regexes, &set->regexes_cap, set->n_regexes + 1, sizeof(struct vd_regex *), 64);
	set->regexes = regexes;
	if (!room)
		return vd_fail(err, VD_ENOMEM, "no memory for a regular expression");
	struct vd_regex *regex;
	enum vd_status st = vd_regex_new(atom->text, atom->re_flags, &regex, err);
	if (st != VD_OK)
		return st;
	set->regexes[set->n_regexes++] = regex;
	char *room_for_literal = vd_arena_alloc(set->arena, atom->text.len + 1);
	if (room_for_literal == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a regular expression");
	struct vd_required required = vd_required_find(atom->text, room_for_literal);
	if (required.times > 1) /* once: bytes are asked for already */
		vd_regex_expect(regex, required.often, required.times);
	atom->regex = regex;
	return VD_OK;
}

static enum vd_status
prepare_expr(struct vd_ruleset *set, const struct vd_expr *expr, struct vd_err *err)
{
	enum vd_status st = VD_OK;
	for (size_t i = 0; st == VD_OK && i < expr->n; i++)
		st = prepare_expr(set, expr->kids[i], err);
	if (expr->kind != VD_EXPR_ITEM)
		return st;
	for (size_t v = 0; v < expr->item->n; v++)
		for (size_t a = 0; st == VD_OK && a < expr->item->values[v].n; a++)
			if (expr->item->values[v].atoms[a].regex == NULL)
				st = prepare_atom(set, &expr->item->values[v].atoms[a], err);
	return st;
}

static bool
add_field_names(struct vd_ruleset *set, const struct vd_expr *expr, struct vd_str *names, size_t *n)
{
	for (size_t i = 0; i < expr->n; i++)
		if (!add_field_names(set, expr->kids[i], names, n))
			return false;
	if (expr->kind != VD_EXPR_ITEM || expr->item->field.len == 0)
		return true;
	for (size_t i = 0; i < *n; i++)
		if (vd_str_eq(names[i], expr->item->field))
			return true;
	names[(*n)++] = expr->item->field;
	return true;
}

static size_t
count_items(const struct vd_expr *expr)
{
	size_t n = expr->kind == VD_EXPR_ITEM;
	for (size_t i = 0; i < expr->n; i++)
		n += count_items(expr->kids[i]);
	return n;
}

static enum vd_status
list_fields(struct vd_ruleset *set, struct vd_err *err)
{
	size_t n = set->load.n_rules;
	set->rule_fields = vd_arena_array(set->arena, n, sizeof(struct vd_str *));
	set->n_rule_fields = vd_arena_array(set->arena, n, sizeof(size_t));
	if (set->rule_fields == NULL || set->n_rule_fields == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for the fields of %zu rules", n);
	for (size_t r = 0; r < n; r++) {
		const struct vd_expr *expr = set->load.rules[r]->expr;
		set->rule_fields[r] = vd_arena_array(set->arena, count_items(expr), sizeof(struct vd_str));
		if (set->rule_fields[r] == NULL)
			return vd_fail(err, VD_ENOMEM, "no memory for the fields of a rule");
		(void)add_field_names(set, expr, set->rule_fields[r], &set->n_rule_fields[r]);
	}
	return VD_OK;
}

static enum vd_status
add_conditions(struct vd_ruleset *set, struct vd_err *err)
{
	set->conditions = vd_arena_array(set->arena, set->load.n_rules, sizeof(struct vd_node *));
	if (set->conditions == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for %zu conditions", set->load.n_rules);
	for (size_t r = 0; r < set->load.n_rules; r++) {
		const struct vd_rule *rule = set->load.rules[r];
		enum vd_status st = prepare_expr(set, rule->expr, err);
		if (st != VD_OK)
			return vd_fail_in(err, st, "%.*s", (int)rule->file.len, rule->file.at);
		set->conditions[r] = vd_items_add(set->items, rule->expr);
		if (set->conditions[r] == NULL)
			return vd_fail(err, VD_ENOMEM, "no memory for the condition of a rule");
	}
	return VD_OK;
}

/* Correlations read fields that no condition names. */
static enum vd_status
add_correlated_fields(struct vd_ruleset *set, struct vd_err *err)
{
	enum vd_status st = vd_corr_plan_new(&set->load, &set->plan, err);
	for (size_t r = 0; st == VD_OK && r < set->load.n_rules; r++) {
		const struct vd_str *fields;
		size_t n = vd_corr_plan_wants(set->plan, r) ? vd_corr_plan_fields(set->plan, r, &fields) : 0;
		for (size_t i = 0; i < n; i++)
			if (vd_keys_add(set->keys, fields[i]) == VD_KEY_NONE)
				return vd_fail(err, VD_ENOMEM, "no memory for the names of fields");
	}
	return st;
}

static struct vd_source_text *
texts(struct vd_arena *arena, const struct vd_text *from, size_t n)
{
	struct vd_source_text *to = vd_arena_array(arena, n, sizeof *to);
	for (size_t i = 0; to != NULL && i < n; i++)
		to[i] = (struct vd_source_text){from[i].name, from[i].text};
	return to;
}

static enum vd_status
load(struct vd_ruleset *set, const struct vd_ruleset_input *input, struct vd_err *err)
{
	struct vd_load_input all = {
		.n_rules = input->n_rules,
		.rules = texts(set->arena, input->rules, input->n_rules),
		.n_pipelines = input->n_pipelines,
		.pipelines = texts(set->arena, input->pipelines, input->n_pipelines),
		.n_placeholders = input->n_placeholders,
		.placeholders = texts(set->arena, input->placeholders, input->n_placeholders),
		.n_unreadable = input->n_unreadable,
		.unreadable = texts(set->arena, input->unreadable, input->n_unreadable),
	};
	if (all.rules == NULL || all.pipelines == NULL || all.placeholders == NULL || all.unreadable == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for %zu files", input->n_rules);
	return vd_load_run(set->arena, &all, set->verdicts, &set->load, err);
}

enum vd_status
vd_ruleset_new(const struct vd_ruleset_input *input, struct vd_ruleset **ret, struct vd_err *err)
{
	VD_AUTO(vd_ruleset) set = vd_obj_new(struct vd_ruleset, VD_RULESET_MAGIC);
	if (set == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a rule set");
	set->refs = 1;
	set->routing = !input->no_routing;
	set->arena = vd_arena_new(0);
	set->verdicts = vd_verdicts_new();
	set->keys = vd_keys_new();
	set->items = set->arena == NULL || set->keys == NULL ? NULL : vd_items_new(set->arena, set->keys);
	if (set->items == NULL || set->verdicts == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a rule set");
	enum vd_status st = load(set, input, err);
	if (st == VD_OK)
		st = add_conditions(set, err);
	if (st == VD_OK)
		st = list_fields(set, err);
	if (st == VD_OK)
		st = add_correlated_fields(set, err);
	if (st == VD_OK)
		st = vd_ruleset_compile(set, input, err);
	if (st != VD_OK)
		return st;
	*ret = vd_ruleset_take(&set);
	return VD_OK;
}

/* ---- what is in it ---- */

size_t
vd_ruleset_verdicts(const struct vd_ruleset *set)
{
	vd_obj_check(set, VD_RULESET_MAGIC);
	return vd_verdicts_count(set->verdicts);
}

struct vd_verdict_view
vd_ruleset_verdict(const struct vd_ruleset *set, size_t i)
{
	vd_obj_check(set, VD_RULESET_MAGIC);
	const struct vd_verdict *row = vd_verdicts_at(set->verdicts, i);
	static const enum vd_rule_verdict kinds[] = {[VD_LOADED] = VD_RULE_LOADED,
		[VD_DEGRADED] = VD_RULE_DEGRADED,
		[VD_REJECTED] = VD_RULE_REJECTED};
	return (struct vd_verdict_view){row->file, row->pos.line, row->pos.column, row->rule_id, row->title,
		kinds[row->kind], row->code, row->message};
}

size_t
vd_ruleset_notes(const struct vd_ruleset *set, const struct vd_str **ret)
{
	vd_obj_check(set, VD_RULESET_MAGIC);
	*ret = set->load.notes;
	return set->load.n_notes;
}

size_t
vd_ruleset_rules(const struct vd_ruleset *set)
{
	vd_obj_check(set, VD_RULESET_MAGIC);
	return set->load.n_rules + set->load.n_corrs;
}

size_t
vd_ruleset_single_rules(const struct vd_ruleset *set)
{
	vd_obj_check(set, VD_RULESET_MAGIC);
	return set->load.n_rules;
}

struct vd_rule_view
vd_ruleset_rule(const struct vd_ruleset *set, size_t rule)
{
	vd_obj_check(set, VD_RULESET_MAGIC);
	bool correlation = rule >= set->load.n_rules;
	size_t i = correlation ? rule - set->load.n_rules : rule;
	const struct vd_rule *one = correlation ? set->load.corrs[i] : set->load.rules[i];
	struct vd_rule_view view = {
		.id = one->id,
		.name = one->name,
		.title = one->title,
		.level = vd_str_from(vd_level_name(one->level)),
		.author = one->author,
		.description = one->description,
		.file = one->file,
		.product = one->logsource.product,
		.category = one->logsource.category,
		.service = one->logsource.service,
		.line = one->pos.line,
		.correlation = correlation,
		.alone = correlation ? set->load.corr_alone[i] : set->load.rule_alone[i],
		.n_tags = one->n_tags,
		.tags = one->tags,
	};
	memcpy(view.hash, one->hash, sizeof view.hash);
	return view;
}

const struct vd_str *
vd_ruleset_rule_fields(const struct vd_ruleset *set, size_t rule, size_t *ret_n)
{
	vd_obj_check(set, VD_RULESET_MAGIC);
	bool single = rule < set->load.n_rules;
	*ret_n = single ? set->n_rule_fields[rule] : 0;
	return single ? set->rule_fields[rule] : NULL;
}

/* What a part of a condition may come to on an event that has none of the fields. */
#define MAY_HOLD 1u
#define MAY_FAIL 2u

static bool
value_holds_without(const struct vd_value *value)
{
	for (size_t i = 0; i < value->n; i++)
		if (value->atoms[i].kind == VD_ATOM_NULL ||
			(value->atoms[i].kind == VD_ATOM_EXISTS && !value->atoms[i].wanted))
			return true;
	return false;
}

static unsigned
item_without(const struct vd_item *item)
{
	size_t held = 0;
	if (item->field.len == 0) /* keywords look at whatever there is */
		return MAY_HOLD | MAY_FAIL;
	for (size_t i = 0; i < item->n; i++)
		held += value_holds_without(&item->values[i]);
	return (item->all ? held == item->n : held > 0) != item->negate ? MAY_HOLD : MAY_FAIL;
}

/* As deep as conditions are: bounded when they are read. */
static unsigned
expr_without(const struct vd_expr *expr)
{
	if (expr->kind == VD_EXPR_ITEM)
		return item_without(expr->item);
	unsigned first = expr_without(expr->kids[0]);
	if (expr->kind == VD_EXPR_NOT)
		return ((first & MAY_HOLD) != 0 ? MAY_FAIL : 0) | ((first & MAY_FAIL) != 0 ? MAY_HOLD : 0);
	/* of an OR one that may hold is enough, of an AND one that may fail */
	unsigned one = expr->kind == VD_EXPR_OR ? MAY_HOLD : MAY_FAIL;
	unsigned some = first, every = first;
	for (size_t i = 1; i < expr->n; i++) {
		unsigned kid = expr_without(expr->kids[i]);
		some |= kid;
		every &= kid;
	}
	return (some & one) | (every & ~one);
}

bool
vd_ruleset_rule_needs_field(const struct vd_ruleset *set, size_t rule)
{
	vd_obj_check(set, VD_RULESET_MAGIC);
	return rule < set->load.n_rules && (expr_without(set->load.rules[rule]->expr) & MAY_HOLD) == 0;
}

const size_t *
vd_ruleset_rule_refers(const struct vd_ruleset *set, size_t rule, size_t *ret_n)
{
	vd_obj_check(set, VD_RULESET_MAGIC);
	size_t i = rule - set->load.n_rules;
	bool correlation = rule >= set->load.n_rules && i < set->load.n_corrs;
	*ret_n = correlation ? set->load.corrs[i]->corr->n_rules : 0;
	return correlation ? set->load.refs[i] : NULL;
}
