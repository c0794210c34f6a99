#include "engine/sigma/pipeline.h"

/* ---- what conditions compare ---- */

static bool
as_number(struct vd_str text, double *ret)
{
	return vd_str_double(vd_str_trim(text), ret);
}

/* Numbers as numbers, all else as text; only eq and ne mean anything for texts. */
static bool
compare(struct vd_str have, struct vd_str want, enum vd_pipe_op op)
{
	double a, b;
	bool numbers = as_number(have, &a) && as_number(want, &b);
	bool equal = numbers ? !(a < b) && !(a > b) : vd_str_eq(have, want);
	switch (op) {
	case VD_PIPE_EQ:
	case VD_PIPE_IN:
		return equal;
	case VD_PIPE_NE:
	case VD_PIPE_NOT_IN:
		return !equal;
	case VD_PIPE_GT:
		return numbers && a > b;
	case VD_PIPE_GTE:
		return numbers && a >= b;
	case VD_PIPE_LT:
		return numbers && a < b;
	case VD_PIPE_LTE:
		return numbers && a <= b;
	}
	return false;
}

/* Texts that stand in an order (levels, statuses), by their number in it. */
static bool
compare_ranks(struct vd_str have, struct vd_str want, const char *order, enum vd_pipe_op op)
{
	static const char digits[] = "0123456789";
	size_t a, b;
	if (!vd_pipe_choice(order, have, &a) || !vd_pipe_choice(order, want, &b))
		return false;
	return compare((struct vd_str){&digits[a], 1}, (struct vd_str){&digits[b], 1}, op);
}

/* The text of a condition's value, read and shown as a value of a rule would be. */
static enum vd_status
wanted_text(struct vd_pipe_run *run, const struct vd_pipe_args *args, struct vd_str *ret)
{
	struct vd_atom like = {.kind = VD_ATOM_PATTERN};
	struct vd_atoms atoms = {0};
	enum vd_status st = vd_pipe_atoms_add_text(run, &like, args->value_text, &atoms);
	return st == VD_OK ? vd_pipe_text_of(run, &atoms.at[0], ret) : st;
}

/* ---- conditions on values: how many of an item's atoms meet a test ---- */

struct asked {
	struct vd_pipe_run *run;
	const struct vd_pipe_args *args;
	struct vd_str text; /* of args->value */
};

typedef enum vd_status (*atom_test)(const struct asked *asked, const struct vd_atom *atom, bool *ret);

static enum vd_status
is_value(const struct asked *asked, const struct vd_atom *atom, bool *ret)
{
	struct vd_str text;
	*ret = false;
	if (atom->kind == VD_ATOM_NULL)
		*ret = vd_yaml_is_null(asked->args->value);
	if (atom->kind != VD_ATOM_PATTERN || vd_yaml_is_null(asked->args->value))
		return VD_OK;
	enum vd_status st = vd_pipe_text_of(asked->run, atom, &text);
	*ret = st == VD_OK && vd_str_eq(text, asked->text);
	return st;
}

static enum vd_status
matches_string(const struct asked *asked, const struct vd_atom *atom, bool *ret)
{
	struct vd_str text;
	*ret = false;
	if (atom->kind == VD_ATOM_PATTERN) {
		enum vd_status st = vd_pipe_text_of(asked->run, atom, &text);
		if (st == VD_OK)
			st = vd_pipe_regex_begins(asked->run, asked->args->regexes[0], text, ret);
		if (st != VD_OK)
			return st;
	}
	*ret = *ret != asked->args->negated;
	return VD_OK;
}

static enum vd_status
is_null(const struct asked *asked, const struct vd_atom *atom, bool *ret)
{
	*ret = atom->kind == VD_ATOM_NULL;
	return VD_OK;
}

static enum vd_status
has_wildcard(const struct asked *asked, const struct vd_atom *atom, bool *ret)
{
	*ret = false;
	for (size_t i = 0; atom->kind == VD_ATOM_PATTERN && i < atom->n_tokens; i++)
		*ret |= atom->tokens[i].kind == VD_TOK_ANY || atom->tokens[i].kind == VD_TOK_ONE;
	return VD_OK;
}

static enum vd_status
test_atoms(const struct asked *asked, const struct vd_item *item, bool all, atom_test test, bool *ret)
{
	bool one;
	*ret = all;
	for (size_t i = 0; i < item->n; i++) {
		for (size_t k = 0; k < item->values[i].n; k++) {
			enum vd_status st = test(asked, &item->values[i].atoms[k], &one);
			if (st != VD_OK)
				return st;
			if (one != all) {
				*ret = !all;
				return VD_OK;
			}
		}
	}
	return VD_OK;
}

static enum vd_status
test_item(struct vd_pipe_run *run, const struct vd_pipe_args *args, const struct vd_item *item,
	atom_test test, bool *ret)
{
	struct asked asked = {.run = run, .args = args};
	*ret = false;
	return item == NULL ? VD_OK : test_atoms(&asked, item, args->all, test, ret);
}

static enum vd_status
test_match_string(struct vd_pipe_run *run, const struct vd_pipe_args *args,
	const struct vd_pipe_subject *subject, bool *ret)
{
	return test_item(run, args, subject->item, matches_string, ret);
}

static enum vd_status
test_match_value(struct vd_pipe_run *run, const struct vd_pipe_args *args,
	const struct vd_pipe_subject *subject, bool *ret)
{
	struct asked asked = {.run = run, .args = args};
	enum vd_status st = wanted_text(run, args, &asked.text);
	*ret = false;
	if (st != VD_OK || subject->item == NULL)
		return st;
	return test_atoms(&asked, subject->item, args->all, is_value, ret);
}

static enum vd_status
test_is_null(struct vd_pipe_run *run, const struct vd_pipe_args *args, const struct vd_pipe_subject *subject,
	bool *ret)
{
	return test_item(run, args, subject->item, is_null, ret);
}

static enum vd_status
test_contains_wildcard(struct vd_pipe_run *run, const struct vd_pipe_args *args,
	const struct vd_pipe_subject *subject, bool *ret)
{
	return test_item(run, args, subject->item, has_wildcard, ret);
}

/* ---- conditions on the rule ---- */

static bool
agrees(struct vd_str want, struct vd_str have)
{
	return want.len == 0 || vd_str_eq(want, have);
}

static bool
is_of(const struct vd_logsource *want, const struct vd_logsource *have)
{
	return agrees(want->product, have->product) && agrees(want->category, have->category) &&
	       agrees(want->service, have->service);
}

static enum vd_status
test_logsource(struct vd_pipe_run *run, const struct vd_pipe_args *args,
	const struct vd_pipe_subject *subject, bool *ret)
{
	const struct vd_rule *rule = run->build.rule;
	const struct vd_corr *corr = rule->corr;
	*ret = is_of(&args->logsource, &rule->logsource);
	/* a correlation is of the log sources of the rules it names */
	for (size_t i = 0; corr != NULL && corr->below != NULL && i < corr->n_rules; i++)
		*ret = *ret ||
		       (corr->below[i] != NULL && is_of(&args->logsource, &corr->below[i]->logsource));
	return VD_OK;
}

static bool
has_field(const struct vd_pipe_args *args, const struct vd_item *item)
{
	return args->no_key ? item->field.len == 0 : vd_str_eq(item->field, args->key);
}

/* For vd_expr_each: VD_END says found. */
static enum vd_status
find_field(void *owner, struct vd_item *item)
{
	const struct asked *asked = owner;
	return has_field(asked->args, item) ? VD_END : VD_OK;
}

static enum vd_status
find_item(void *owner, struct vd_item *item)
{
	const struct asked *asked = owner;
	bool found = false;
	if (!has_field(asked->args, item))
		return VD_OK;
	enum vd_status st = test_atoms(asked, item, false, is_value, &found);
	return st == VD_OK && found ? VD_END : st;
}

static enum vd_status
test_tree(struct asked *asked, enum vd_status (*find)(void *owner, struct vd_item *item), bool *ret)
{
	struct vd_expr *expr = asked->run->build.rule->expr;
	enum vd_status st = expr == NULL ? VD_OK : vd_expr_each(expr, find, asked);
	*ret = st == VD_END;
	return st == VD_END ? VD_OK : st;
}

static enum vd_status
test_contains_field(struct vd_pipe_run *run, const struct vd_pipe_args *args,
	const struct vd_pipe_subject *subject, bool *ret)
{
	struct asked asked = {.run = run, .args = args};
	return test_tree(&asked, find_field, ret);
}

static enum vd_status
test_contains_item(struct vd_pipe_run *run, const struct vd_pipe_args *args,
	const struct vd_pipe_subject *subject, bool *ret)
{
	struct asked asked = {.run = run, .args = args};
	enum vd_status st = wanted_text(run, args, &asked.text);
	return st == VD_OK ? test_tree(&asked, find_item, ret) : st;
}

static enum vd_status
test_is_rule(struct vd_pipe_run *run, const struct vd_pipe_args *args, const struct vd_pipe_subject *subject,
	bool *ret)
{
	*ret = run->build.rule->kind != VD_DOC_CORRELATION;
	return VD_OK;
}

static enum vd_status
test_is_correlation(struct vd_pipe_run *run, const struct vd_pipe_args *args,
	const struct vd_pipe_subject *subject, bool *ret)
{
	*ret = run->build.rule->kind == VD_DOC_CORRELATION;
	return VD_OK;
}

static bool
has_tag(const struct vd_rule *rule, struct vd_str tag)
{
	for (size_t i = 0; i < rule->n_tags; i++)
		if (vd_str_eq(rule->tags[i], tag))
			return true;
	return false;
}

static enum vd_status
test_tag(struct vd_pipe_run *run, const struct vd_pipe_args *args, const struct vd_pipe_subject *subject,
	bool *ret)
{
	*ret = has_tag(run->build.rule, args->key);
	return VD_OK;
}

/* What a rule has that is a text; false: no such attribute, or the rule does not have it. */
static bool
attribute_text(const struct vd_rule *rule, struct vd_str name, struct vd_str *ret)
{
	const struct {
		const char *name;
		struct vd_str text;
	} texts[] = {{"title", rule->title}, {"id", rule->id}, {"name", rule->name}, {"author", rule->author},
		{"description", rule->description}, {"taxonomy", rule->taxonomy}};
	for (size_t i = 0; i < VD_ARRAY_LEN(texts); i++) {
		if (vd_str_is(name, texts[i].name) && texts[i].text.len != 0) {
			*ret = texts[i].text;
			return true;
		}
	}
	return false;
}

static enum vd_status
test_attribute(struct vd_pipe_run *run, const struct vd_pipe_args *args,
	const struct vd_pipe_subject *subject, bool *ret)
{
	const struct vd_rule *rule = run->build.rule;
	const struct vd_pipe_list *custom = vd_pipe_pair_find(run->attributes, args->key);
	struct vd_str text;
	if (custom != NULL)
		*ret = custom->n == 1 && compare(custom->at[0], args->value_text, args->op);
	else if (vd_str_is(args->key, "tags"))
		*ret = (args->op == VD_PIPE_IN) == has_tag(rule, args->value_text);
	else if (vd_str_is(args->key, "level"))
		*ret = compare_ranks(vd_str_from(vd_level_name(rule->level)), args->value_text,
			"informational low medium high critical", args->op);
	else if (vd_str_is(args->key, "status"))
		*ret = compare_ranks(rule->status, args->value_text,
			"unsupported deprecated experimental test stable", args->op);
	else
		*ret = attribute_text(rule, args->key, &text) && compare(text, args->value_text, args->op);
	return VD_OK;
}

/* ---- conditions of every scope ---- */

static enum vd_status
test_state(struct vd_pipe_run *run, const struct vd_pipe_args *args, const struct vd_pipe_subject *subject,
	bool *ret)
{
	const struct vd_pipe_list *state = vd_pipe_pair_find(run->states, args->key);
	*ret = state != NULL && compare(state->at[0], args->value_text, args->op);
	return VD_OK;
}

static enum vd_status
test_rule_applied(struct vd_pipe_run *run, const struct vd_pipe_args *args,
	const struct vd_pipe_subject *subject, bool *ret)
{
	*ret = vd_pipe_marked(run, args->key, NULL, (struct vd_str){0});
	return VD_OK;
}

static enum vd_status
test_item_applied(struct vd_pipe_run *run, const struct vd_pipe_args *args,
	const struct vd_pipe_subject *subject, bool *ret)
{
	*ret = subject->item != NULL && vd_pipe_marked(run, args->key, subject->item, (struct vd_str){0});
	return VD_OK;
}

static enum vd_status
test_field_applied(struct vd_pipe_run *run, const struct vd_pipe_args *args,
	const struct vd_pipe_subject *subject, bool *ret)
{
	*ret = subject->field.len != 0 && vd_pipe_marked(run, args->key, NULL, subject->field);
	return VD_OK;
}

/* ---- conditions on the field ---- */

static enum vd_status
is_listed(struct vd_pipe_run *run, const struct vd_pipe_args *args, struct vd_str field, bool *ret)
{
	*ret = false;
	for (size_t i = 0; field.len != 0 && i < args->fields.n && !*ret; i++) {
		enum vd_status st = VD_OK;
		if (args->by_regex)
			st = vd_pipe_regex_begins(run, args->regexes[i], field, ret);
		else
			*ret = vd_str_eq(args->fields.at[i], field);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

static enum vd_status
test_include(struct vd_pipe_run *run, const struct vd_pipe_args *args, const struct vd_pipe_subject *subject,
	bool *ret)
{
	return is_listed(run, args, subject->field, ret);
}

static enum vd_status
test_exclude(struct vd_pipe_run *run, const struct vd_pipe_args *args, const struct vd_pipe_subject *subject,
	bool *ret)
{
	enum vd_status st = is_listed(run, args, subject->field, ret);
	*ret = !*ret;
	return st;
}

/* ---- the tables ---- */

static enum vd_status
check_logsource(struct vd_pipe_reader *r, const struct vd_yaml *map, struct vd_pipe_args *args)
{
	if (args->logsource.product.len + args->logsource.category.len + args->logsource.service.len == 0)
		return VD_PIPE_WRONG(r, map, "a log source condition needs product, category or service");
	return VD_OK;
}

/* Attributes that documents have and this program does not keep: better refused than never true. */
static enum vd_status
check_attribute(struct vd_pipe_reader *r, const struct vd_yaml *map, struct vd_pipe_args *args)
{
	size_t number;
	if (vd_pipe_choice("date modified references license falsepositives fields related scope", args->key,
		    &number))
		return VD_PIPE_WRONG(r, map,
			"rule_attribute cannot ask for %.*s: id, name, title, status, level, "
			"description, author, taxonomy, tags and what set_custom_attribute sets",
			VD_SHOW(args->key));
	bool is_set = args->op == VD_PIPE_IN || args->op == VD_PIPE_NOT_IN;
	if (is_set != vd_str_is(args->key, "tags"))
		return VD_PIPE_WRONG(r, map, "the operators in and not_in are for tags, and tags for them");
	return VD_OK;
}

static enum vd_status
check_history(struct vd_pipe_reader *r, const struct vd_yaml *map, struct vd_pipe_args *args)
{
	r->pipeline->asks_history = true;
	return VD_OK;
}

static enum vd_status
check_fields(struct vd_pipe_reader *r, const struct vd_yaml *map, struct vd_pipe_args *args)
{
	if (!args->by_regex)
		return VD_OK;
	args->n_regexes = args->fields.n;
	args->regexes = vd_arena_array(r->arena, args->fields.n, sizeof(struct vd_pipe_regex *));
	if (args->regexes == NULL)
		return VD_PIPE_NOMEM(r);
	for (size_t i = 0; i < args->fields.n; i++) {
		enum vd_status st =
			vd_pipe_regex_new(r->arena, args->fields.at[i], map->pos, &args->regexes[i], r->err);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

#define AT(member) offsetof(struct vd_pipe_args, member)
#define COMPARISONS "eq ne gt gte lt lte"

static const struct vd_pipe_key no_keys[] = {{0}};
static const struct vd_pipe_key logsource_keys[] = {
	{.name = "product", .type = VD_PIPE_TEXT, .offset = AT(logsource.product)},
	{.name = "category", .type = VD_PIPE_TEXT, .offset = AT(logsource.category)},
	{.name = "service", .type = VD_PIPE_TEXT, .offset = AT(logsource.service)},
	{0},
};
static const struct vd_pipe_key field_keys[] = {
	{.name = "field", .type = VD_PIPE_KEY, .required = true, .offset = AT(key)},
	{0},
};
static const struct vd_pipe_key field_value_keys[] = {
	{.name = "field", .type = VD_PIPE_KEY, .required = true, .offset = AT(key)},
	{.name = "value", .type = VD_PIPE_SCALAR, .required = true, .offset = AT(value)},
	{0},
};
static const struct vd_pipe_key applied_keys[] = {
	{.name = "processing_item_id", .type = VD_PIPE_TEXT, .required = true, .offset = AT(key)},
	{0},
};
static const struct vd_pipe_key state_keys[] = {
	{.name = "key", .type = VD_PIPE_TEXT, .required = true, .offset = AT(key)},
	{.name = "val", .type = VD_PIPE_SCALAR, .required = true, .offset = AT(value)},
	{.name = "op", .type = VD_PIPE_CHOICE, .offset = AT(op), .words = COMPARISONS},
	{0},
};
static const struct vd_pipe_key attribute_keys[] = {
	{.name = "attribute", .type = VD_PIPE_TEXT, .required = true, .offset = AT(key)},
	{.name = "value", .type = VD_PIPE_SCALAR, .required = true, .offset = AT(value)},
	{.name = "op", .type = VD_PIPE_CHOICE, .offset = AT(op), .words = COMPARISONS " in not_in"},
	{0},
};
static const struct vd_pipe_key tag_keys[] = {
	{.name = "tag", .type = VD_PIPE_TEXT, .required = true, .offset = AT(key)},
	{0},
};
static const struct vd_pipe_key cond_keys[] = {
	{.name = "cond", .type = VD_PIPE_FLAG, .required = true, .offset = AT(all), .words = "any all"},
	{0},
};
static const struct vd_pipe_key match_string_keys[] = {
	{.name = "cond", .type = VD_PIPE_FLAG, .required = true, .offset = AT(all), .words = "any all"},
	{.name = "pattern", .type = VD_PIPE_REGEX, .required = true},
	{.name = "negate", .type = VD_PIPE_BOOL, .offset = AT(negated)},
	{0},
};
static const struct vd_pipe_key match_value_keys[] = {
	{.name = "cond", .type = VD_PIPE_FLAG, .required = true, .offset = AT(all), .words = "any all"},
	{.name = "value", .type = VD_PIPE_SCALAR, .required = true, .offset = AT(value)},
	{0},
};
static const struct vd_pipe_key fields_keys[] = {
	{.name = "fields", .type = VD_PIPE_WORDS, .required = true, .offset = AT(fields)},
	{.name = "mode", .type = VD_PIPE_FLAG, .offset = AT(by_regex), .words = "plain re"},
	{0},
};

static const struct vd_pipe_cond_kind rule_kinds[] = {
	{"logsource", logsource_keys, check_logsource, test_logsource},
	{"contains_detection_item", field_value_keys, NULL, test_contains_item},
	{"contains_field", field_keys, NULL, test_contains_field},
	{"processing_item_applied", applied_keys, check_history, test_rule_applied},
	{"processing_state", state_keys, NULL, test_state},
	{"is_sigma_rule", no_keys, NULL, test_is_rule},
	{"is_sigma_correlation_rule", no_keys, NULL, test_is_correlation},
	{"rule_attribute", attribute_keys, check_attribute, test_attribute},
	{"tag", tag_keys, NULL, test_tag},
	{0},
};
static const struct vd_pipe_cond_kind item_kinds[] = {
	{"match_string", match_string_keys, NULL, test_match_string},
	{"match_value", match_value_keys, NULL, test_match_value},
	{"contains_wildcard", cond_keys, NULL, test_contains_wildcard},
	{"is_null", cond_keys, NULL, test_is_null},
	{"processing_item_applied", applied_keys, check_history, test_item_applied},
	{"processing_state", state_keys, NULL, test_state},
	{0},
};
static const struct vd_pipe_cond_kind field_kinds[] = {
	{"include_fields", fields_keys, check_fields, test_include},
	{"exclude_fields", fields_keys, check_fields, test_exclude},
	{"processing_item_applied", applied_keys, check_history, test_field_applied},
	{"processing_state", state_keys, NULL, test_state},
	{0},
};

const struct vd_pipe_cond_kind *
vd_pipe_cond_kind_find(enum vd_pipe_scope scope, struct vd_str name)
{
	static const struct vd_pipe_cond_kind *const scopes[] = {
		[VD_PIPE_RULE] = rule_kinds, [VD_PIPE_ITEM] = item_kinds, [VD_PIPE_FIELD] = field_kinds};
	for (const struct vd_pipe_cond_kind *kind = scopes[scope]; kind->name != NULL; kind++)
		if (vd_str_is(name, kind->name))
			return kind;
	return NULL;
}

/* ---- groups ---- */

static enum vd_status
test_one(struct vd_pipe_run *run, const struct vd_pipe_cond *cond, const struct vd_pipe_subject *subject,
	bool *ret)
{
	return cond->kind->test(run, &cond->args, subject, ret);
}

static enum vd_status
test_logic(struct vd_pipe_run *run, const struct vd_pipe_conds *conds, const struct vd_pipe_logic *logic,
	const struct vd_pipe_subject *subject, bool *ret)
{
	if (logic->kind == VD_EXPR_ITEM)
		return test_one(run, &conds->at[logic->leaf], subject, ret);
	enum vd_status st = test_logic(run, conds, logic->kids[0], subject, ret);
	if (logic->kind == VD_EXPR_NOT)
		*ret = !*ret;
	if (st != VD_OK || logic->kind == VD_EXPR_NOT || *ret == (logic->kind == VD_EXPR_OR))
		return st;
	return test_logic(run, conds, logic->kids[1], subject, ret);
}

enum vd_status
vd_pipe_conds_test(struct vd_pipe_run *run, const struct vd_pipe_conds *conds,
	const struct vd_pipe_subject *subject, bool *ret)
{
	enum vd_status st = VD_OK;
	*ret = true;
	if (conds->n == 0)
		return VD_OK;
	if (conds->logic != NULL) {
		st = test_logic(run, conds, conds->logic, subject, ret);
	} else {
		*ret = !conds->any;
		for (size_t i = 0; i < conds->n && st == VD_OK && *ret != conds->any; i++)
			st = test_one(run, &conds->at[i], subject, ret);
	}
	*ret = *ret != conds->negated;
	return st;
}
