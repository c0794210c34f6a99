#include "engine/sigma/pipeline.h"

static enum vd_status
set_state(struct vd_pipe_run *run, const struct vd_pipe_step *step)
{
	return vd_pipe_pair_set(run, &run->states, step->args.key, step->args.value_text);
}

static enum vd_status
set_attribute(struct vd_pipe_run *run, const struct vd_pipe_step *step)
{
	return vd_pipe_pair_set(run, &run->attributes, step->args.key, step->args.value_text);
}

/* What is not named is taken away, as in pySigma. */
static enum vd_status
change_logsource(struct vd_pipe_run *run, const struct vd_pipe_step *step)
{
	if (run->build.rule->kind != VD_DOC_CORRELATION)
		run->build.rule->logsource = step->args.logsource;
	return VD_OK;
}

static enum vd_status
check_logsource(struct vd_pipe_reader *r, const struct vd_yaml *map, struct vd_pipe_args *args)
{
	if (args->logsource.product.len + args->logsource.category.len + args->logsource.service.len == 0)
		return VD_PIPE_WRONG(r, map, "a log source needs product, category or service");
	return VD_OK;
}

static enum vd_status
fail_rule(struct vd_pipe_run *run, const struct vd_pipe_step *step)
{
	return VD_BUILD_REJECT(&run->build, run->build.rule->pos, "pipeline-failure",
		"the pipeline refuses this rule: %.*s", VD_SHOW(step->args.text));
}

static enum vd_status
find_unmapped(void *owner, struct vd_item *item)
{
	struct vd_pipe_run *run = owner;
	if (item->field.len == 0 || vd_pipe_marked(run, VD_PIPE_ANY_ID, NULL, item->field))
		return VD_OK;
	return VD_BUILD_REJECT(&run->build, item->pos, "pipeline-failure",
		"the pipeline has no mapping for the field %.*s and is strict about it",
		VD_SHOW(item->field));
}

static enum vd_status
fail_unmapped(struct vd_pipe_run *run, const struct vd_pipe_step *step)
{
	struct vd_expr *expr = run->build.rule->expr;
	return expr == NULL ? VD_OK : vd_expr_each(expr, find_unmapped, run);
}

static enum vd_status
check_strict(struct vd_pipe_reader *r, const struct vd_yaml *map, struct vd_pipe_args *args)
{
	r->pipeline->asks_history = true;
	return VD_OK;
}

/* ---- add_condition ---- */

/* $name and ${name} of product, category and service; $$ is a dollar; others stay, as in Python's templates. */
static void
put_variable(struct vd_buf *out, const struct vd_logsource *logsource, struct vd_str *rest)
{
	const struct {
		const char *name;
		struct vd_str text;
	} variables[] = {{"product", logsource->product}, {"category", logsource->category},
		{"service", logsource->service}};
	bool braces = rest->len > 1 && rest->at[1] == '{';
	struct vd_str name = {rest->at + 1 + braces, rest->len - 1 - braces};
	size_t n = 1;
	if (rest->len > 1 && rest->at[1] == '$')
		n = 2;
	for (size_t i = 0; i < VD_ARRAY_LEN(variables); i++) {
		size_t len = strlen(variables[i].name);
		if (!vd_str_starts(name, variables[i].name) ||
			(braces && (name.len == len || name.at[len] != '}')))
			continue;
		vd_buf_str(out, variables[i].text);
		n = 1 + len + 2 * (size_t)braces;
		rest->at += n;
		rest->len -= n;
		return;
	}
	vd_buf_char(out, '$');
	rest->at += n;
	rest->len -= n;
}

static enum vd_status
fill_in(struct vd_build *b, const struct vd_logsource *logsource, struct vd_str text, struct vd_str *ret)
{
	VD_AUTO_FINI(vd_buf) out;
	vd_buf_init(&out, 0);
	while (text.len != 0) {
		if (text.at[0] == '$') {
			put_variable(&out, logsource, &text);
			continue;
		}
		vd_buf_char(&out, text.at[0]);
		text = (struct vd_str){text.at + 1, text.len - 1};
	}
	if (out.failed || !vd_arena_str(b->arena, vd_buf_view(&out), ret))
		return VD_BUILD_NOMEM(b);
	return VD_OK;
}

/* A copy of a scalar or list of scalars with its variables filled in. */
static enum vd_status
fill_in_node(struct vd_build *b, const struct vd_yaml *node, struct vd_yaml **ret)
{
	struct vd_yaml *copy = vd_arena_alloc(b->arena, sizeof *copy);
	if (copy == NULL)
		return VD_BUILD_NOMEM(b);
	*copy = *node;
	*ret = copy;
	if (node->kind == VD_YAML_SCALAR)
		return fill_in(b, &b->rule->logsource, node->text, &copy->text);
	copy->items = vd_arena_array(b->arena, node->n, sizeof(struct vd_yaml *));
	if (copy->items == NULL)
		return VD_BUILD_NOMEM(b);
	for (size_t i = 0; i < node->n; i++) {
		copy->items[i] = node->items[i];
		/* a list in a list is left for the item's own reader to refuse */
		enum vd_status st = node->items[i]->kind == VD_YAML_SCALAR
					    ? fill_in_node(b, node->items[i], &copy->items[i])
					    : VD_OK;
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

/* AND of the items that the conditions describe. */
static enum vd_status
build_conditions(struct vd_build *b, const struct vd_pipe_args *args, struct vd_expr **ret)
{
	const struct vd_yaml *map = args->conditions;
	struct vd_pos pos = b->rule->pos;
	struct vd_expr *all = vd_expr_new(b->arena, VD_EXPR_AND, pos, map->n);
	if (all == NULL)
		return VD_BUILD_NOMEM(b);
	for (size_t i = 0; i < map->n; i++) {
		struct vd_yaml *filled = map->items[i];
		struct vd_str key =
			vd_yaml_is_null(map->keys[i]) ? (struct vd_str){"", 0} : map->keys[i]->text;
		enum vd_status st = VD_OK;
		all->kids[i] = vd_expr_new(b->arena, VD_EXPR_ITEM, pos, 0);
		if (all->kids[i] == NULL)
			return VD_BUILD_NOMEM(b);
		if (args->is_template && filled->kind != VD_YAML_MAP)
			st = fill_in_node(b, filled, &filled);
		if (st == VD_OK)
			st = vd_item_parse(b, key, pos, filled, &all->kids[i]->item);
		if (st != VD_OK)
			return st;
	}
	*ret = all;
	return VD_OK;
}

static enum vd_status
wrap(struct vd_build *b, enum vd_expr_kind kind, struct vd_expr **at)
{
	struct vd_expr *outer = vd_expr_new(b->arena, kind, b->rule->pos, 1);
	if (outer == NULL)
		return VD_BUILD_NOMEM(b);
	outer->kids[0] = *at;
	*at = outer;
	return VD_OK;
}

/* A filter gets none: it is joined to rules that have them. */
static enum vd_status
add_condition(struct vd_pipe_run *run, const struct vd_pipe_step *step)
{
	struct vd_build *b = &run->build;
	struct vd_expr *added = NULL;
	if (b->rule->kind != VD_DOC_RULE || b->rule->expr == NULL)
		return VD_OK;
	enum vd_status st = build_conditions(b, &step->args, &added);
	if (st == VD_OK)
		st = wrap(b, VD_EXPR_NAMED, &added);
	if (st == VD_OK && step->args.negated)
		st = wrap(b, VD_EXPR_NOT, &added);
	if (st != VD_OK)
		return st;
	struct vd_expr *both = vd_expr_new(b->arena, VD_EXPR_AND, b->rule->expr->pos, 2);
	if (both == NULL)
		return VD_BUILD_NOMEM(b);
	both->kids[0] = added;
	both->kids[1] = b->rule->expr;
	b->rule->expr = both;
	return VD_OK;
}

/* Builds the items once for a rule of no importance, so that a mistake is found in the pipeline, not in rules. */
static enum vd_status
check_conditions(struct vd_pipe_reader *r, const struct vd_yaml *map, struct vd_pipe_args *args)
{
	struct vd_rule rule = {.kind = VD_DOC_RULE, .logsource = {VD_S("x"), VD_S("x"), VD_S("x")}};
	struct vd_build build = {.arena = r->arena, .rule = &rule, .err = r->err};
	struct vd_expr *expr;
	if (args->conditions->kind != VD_YAML_MAP || args->conditions->n == 0)
		return VD_PIPE_WRONG(r, args->conditions, "conditions must be a map of fields to values");
	enum vd_status st = build_conditions(&build, args, &expr);
	if (st == VD_EINPUT)
		return VD_PIPE_WRONG(r, args->conditions, "%.*s: %.*s", VD_SHOW(rule.code),
			(int)rule.message.len, rule.message.at);
	return st;
}

#define AT(member) offsetof(struct vd_pipe_args, member)

static const struct vd_pipe_key pair_keys[] = {
	{.name = "key", .type = VD_PIPE_TEXT, .required = true, .offset = AT(key)},
	{.name = "val", .type = VD_PIPE_SCALAR, .required = true, .offset = AT(value)},
	{0},
};
static const struct vd_pipe_key attribute_keys[] = {
	{.name = "attribute", .type = VD_PIPE_TEXT, .required = true, .offset = AT(key)},
	{.name = "value", .type = VD_PIPE_SCALAR, .required = true, .offset = AT(value)},
	{0},
};
static const struct vd_pipe_key logsource_keys[] = {
	{.name = "product", .type = VD_PIPE_TEXT, .offset = AT(logsource.product)},
	{.name = "category", .type = VD_PIPE_TEXT, .offset = AT(logsource.category)},
	{.name = "service", .type = VD_PIPE_TEXT, .offset = AT(logsource.service)},
	{0},
};
static const struct vd_pipe_key failure_keys[] = {
	{.name = "message", .type = VD_PIPE_TEXT, .required = true, .offset = AT(text)},
	{0},
};
static const struct vd_pipe_key condition_keys[] = {
	{.name = "conditions", .type = VD_PIPE_NODE, .required = true, .offset = AT(conditions)},
	{.name = "name", .type = VD_PIPE_TEXT, .offset = AT(text)},
	{.name = "template", .type = VD_PIPE_BOOL, .offset = AT(is_template)},
	{.name = "negated", .type = VD_PIPE_BOOL, .offset = AT(negated)},
	{0},
};
static const struct vd_pipe_key output_keys[] = {
	{.name = "field", .type = VD_PIPE_WORDS, .required = true, .offset = AT(fields)},
	{0},
};
static const struct vd_pipe_key set_field_keys[] = {
	{.name = "fields", .type = VD_PIPE_WORDS, .required = true, .offset = AT(fields)},
	{0},
};
static const struct vd_pipe_key nest_keys[] = {
	{.name = "items", .type = VD_PIPE_NESTED, .required = true},
	{0},
};
static const struct vd_pipe_key no_keys[] = {{0}};

/* add_field, remove_field and set_field concern the list of fields that a query returns: nothing to do here. */
const struct vd_pipe_step_kind vd_pipe_rule_kinds[] = {
	{.name = "add_condition",
		.keys = condition_keys,
		.check = check_conditions,
		.on_rule = add_condition},
	{.name = "change_logsource",
		.keys = logsource_keys,
		.check = check_logsource,
		.on_rule = change_logsource},
	{.name = "set_state", .keys = pair_keys, .on_rule = set_state},
	{.name = "set_custom_attribute", .keys = attribute_keys, .on_rule = set_attribute},
	{.name = "rule_failure", .keys = failure_keys, .on_rule = fail_rule},
	{.name = "strict_field_mapping_failure",
		.keys = no_keys,
		.check = check_strict,
		.on_rule = fail_unmapped},
	{.name = "nest", .keys = nest_keys, .nests = true},
	{.name = "add_field", .keys = output_keys},
	{.name = "remove_field", .keys = output_keys},
	{.name = "set_field", .keys = set_field_keys},
	{0},
};
