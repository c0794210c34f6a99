#include "engine/sigma/pipeline.h"

/* ---- condition expressions: "a and not (b or c)" ---- */

struct logic_reader {
	struct vd_pipe_reader *r;
	const struct vd_yaml *node;
	const struct vd_pipe_conds *conds;
	struct vd_str rest;
	size_t depth;
};

static struct vd_str
peek_word(struct logic_reader *l)
{
	while (l->rest.len != 0 && memchr(" \t\r\n", l->rest.at[0], 4) != NULL)
		l->rest = (struct vd_str){l->rest.at + 1, l->rest.len - 1};
	size_t n = 0;
	while (n < l->rest.len && memchr(" \t\r\n()", l->rest.at[n], 6) == NULL)
		n++;
	return (struct vd_str){l->rest.at, n == 0 && l->rest.len != 0 ? 1 : n};
}

static bool
skip_word(struct logic_reader *l, const char *word)
{
	struct vd_str next = peek_word(l);
	if (!vd_str_is(next, word))
		return false;
	l->rest = (struct vd_str){next.at + next.len, l->rest.len - next.len};
	return true;
}

static enum vd_status
new_logic(struct logic_reader *l, struct vd_pipe_logic logic, struct vd_pipe_logic **ret)
{
	struct vd_pipe_logic *made = vd_arena_alloc(l->r->arena, sizeof *made);
	if (made == NULL)
		return VD_PIPE_NOMEM(l->r);
	*made = logic;
	*ret = made;
	return VD_OK;
}

static enum vd_status read_binary(struct logic_reader *l, enum vd_expr_kind kind, struct vd_pipe_logic **ret);

static enum vd_status
read_name(struct logic_reader *l, struct vd_pipe_logic **ret)
{
	struct vd_str name = peek_word(l);
	for (size_t i = 0; i < l->conds->n && name.len != 0; i++) {
		if (vd_str_eq(l->conds->at[i].name, name)) {
			l->rest = (struct vd_str){name.at + name.len, l->rest.len - name.len};
			return new_logic(l, (struct vd_pipe_logic){.kind = VD_EXPR_ITEM, .leaf = i}, ret);
		}
	}
	if (name.len == 0)
		return VD_PIPE_WRONG(l->r, l->node, "the condition expression ends too early");
	return VD_PIPE_WRONG(l->r, l->node, "the condition expression names %.*s, which is no condition here",
		VD_SHOW(name));
}

static enum vd_status
read_operand(struct logic_reader *l, struct vd_pipe_logic **ret)
{
	struct vd_pipe_logic not = {.kind = VD_EXPR_NOT};
	enum vd_status st;
	if (++l->depth > VD_PIPE_MAX_LOGIC)
		return VD_PIPE_WRONG(
			l->r, l->node, "the condition expression nests deeper than %u", VD_PIPE_MAX_LOGIC);
	if (skip_word(l, "not")) {
		st = read_operand(l, &not .kids[0]);
		if (st == VD_OK)
			st = new_logic(l, not, ret);
	} else if (skip_word(l, "(")) {
		st = read_binary(l, VD_EXPR_OR, ret);
		if (st == VD_OK && !skip_word(l, ")"))
			st = VD_PIPE_WRONG(
				l->r, l->node, "a bracket of the condition expression is not closed");
	} else {
		st = read_name(l, ret);
	}
	l->depth--;
	return st;
}

/* OR binds less than AND. */
static enum vd_status
read_binary(struct logic_reader *l, enum vd_expr_kind kind, struct vd_pipe_logic **ret)
{
	bool is_or = kind == VD_EXPR_OR;
	struct vd_pipe_logic *left = NULL;
	enum vd_status st = is_or ? read_binary(l, VD_EXPR_AND, &left) : read_operand(l, &left);
	/* a chain leans to the left and every link adds a level to what conditions are tested with */
	for (size_t links = 0; st == VD_OK && skip_word(l, is_or ? "or" : "and"); links++) {
		struct vd_pipe_logic both = {.kind = kind, .kids = {left}};
		if (links == VD_PIPE_MAX_LOGIC)
			return VD_PIPE_WRONG(
				l->r, l->node, "more than %u conditions in a row", VD_PIPE_MAX_LOGIC);
		st = is_or ? read_binary(l, VD_EXPR_AND, &both.kids[1]) : read_operand(l, &both.kids[1]);
		if (st == VD_OK)
			st = new_logic(l, both, &left);
	}
	if (st == VD_OK)
		*ret = left;
	return st;
}

static enum vd_status
read_logic(struct vd_pipe_reader *r, const struct vd_yaml *node, struct vd_pipe_conds *conds)
{
	struct logic_reader l = {.r = r, .node = node, .conds = conds, .rest = node->text};
	if (node->kind != VD_YAML_SCALAR)
		return VD_PIPE_WRONG(r, node, "a condition expression must be a text");
	enum vd_status st = read_binary(&l, VD_EXPR_OR, &conds->logic);
	struct vd_str left = st == VD_OK ? peek_word(&l) : (struct vd_str){0};
	if (left.len != 0)
		return VD_PIPE_WRONG(
			r, node, "the condition expression goes on after its end: %.*s", VD_SHOW(l.rest));
	return st;
}

/* ---- conditions ---- */

static enum vd_status
read_cond(struct vd_pipe_reader *r, const struct vd_yaml *map, enum vd_pipe_scope scope,
	struct vd_pipe_cond *ret)
{
	static const char *const also[] = {"type", NULL};
	const struct vd_yaml *type = vd_yaml_get(map, "type");
	if (map->kind != VD_YAML_MAP || type == NULL)
		return VD_PIPE_WRONG(r, map, "a condition must be a map with a type");
	ret->kind = vd_pipe_cond_kind_find(scope, type->text);
	if (ret->kind == NULL)
		return VD_PIPE_WRONG(
			r, type, "the condition type %.*s is not known here", VD_SHOW(type->text));
	enum vd_status st = vd_pipe_args_read(r, map, ret->kind->keys, also, &ret->args);
	if (st == VD_OK && ret->kind->check != NULL)
		st = ret->kind->check(r, map, &ret->args);
	return st == VD_OK ? VD_OK : vd_fail_in(r->err, st, "%s", ret->kind->name);
}

struct cond_keys {
	const char *list, *op, *negated, *logic;
};

static const struct cond_keys cond_keys[] = {
	[VD_PIPE_RULE] = {"rule_conditions", "rule_cond_op", "rule_cond_not", "rule_cond_expr"},
	[VD_PIPE_ITEM] = {"detection_item_conditions", "detection_item_cond_op", "detection_item_cond_not",
		"detection_item_cond_expr"},
	[VD_PIPE_FIELD] = {"field_name_conditions", "field_name_cond_op", "field_name_cond_not",
		"field_name_cond_expr"},
};

enum vd_status
vd_pipe_conds_read(struct vd_pipe_reader *r, const struct vd_yaml *map, enum vd_pipe_scope scope,
	struct vd_pipe_conds *ret)
{
	const struct cond_keys *keys = &cond_keys[scope];
	const struct vd_yaml *list = vd_yaml_get(map, keys->list), *op = vd_yaml_get(map, keys->op);
	const struct vd_yaml *negated = vd_yaml_get(map, keys->negated),
			     *logic = vd_yaml_get(map, keys->logic);
	size_t number = 0;
	if (list == NULL || vd_yaml_is_null(list))
		return logic == NULL ? VD_OK
				     : VD_PIPE_WRONG(r, logic, "%s needs %s", keys->logic, keys->list);
	if (list->kind == VD_YAML_SCALAR || (logic != NULL && list->kind != VD_YAML_MAP))
		return VD_PIPE_WRONG(r, list,
			"%s must be a list of conditions, or a map of them where %s names them", keys->list,
			keys->logic);
	if (op != NULL && !vd_pipe_choice("and or", op->text, &number))
		return VD_PIPE_WRONG(r, op, "%s must be and, or or", keys->op);
	if (negated != NULL && !vd_yaml_bool(negated, &ret->negated))
		return VD_PIPE_WRONG(r, negated, "%s must be true or false", keys->negated);
	ret->any = number == 1;
	ret->n = list->n;
	ret->at = vd_arena_array(r->arena, list->n, sizeof *ret->at);
	if (ret->at == NULL)
		return VD_PIPE_NOMEM(r);
	for (size_t i = 0; i < list->n; i++) {
		if (list->kind == VD_YAML_MAP)
			ret->at[i].name = list->keys[i]->text;
		enum vd_status st = read_cond(r, list->items[i], scope, &ret->at[i]);
		if (st != VD_OK)
			return st;
	}
	return logic == NULL ? VD_OK : read_logic(r, logic, ret);
}

/* ---- steps ---- */

static const struct vd_pipe_step_kind *
find_kind(struct vd_str name)
{
	static const struct vd_pipe_step_kind *const tables[] = {
		vd_pipe_rule_kinds, vd_pipe_field_kinds, vd_pipe_item_kinds, vd_pipe_value_kinds};
	for (size_t i = 0; i < VD_ARRAY_LEN(tables); i++)
		for (const struct vd_pipe_step_kind *kind = tables[i]; kind->name != NULL; kind++)
			if (vd_str_is(name, kind->name))
				return kind;
	return NULL;
}

static enum vd_status
unknown_kind(struct vd_pipe_reader *r, const struct vd_yaml *type)
{
	size_t number;
	if (vd_pipe_choice("file_placeholders http_placeholders command_placeholders", type->text, &number))
		return VD_PIPE_WRONG(r, type,
			"%.*s reads from outside, which an engine must not do: put the values into vars and "
			"use "
			"value_placeholders, or give them with --values",
			VD_SHOW(type->text));
	if (vd_pipe_choice("field_name_transform", type->text, &number))
		return VD_PIPE_WRONG(
			r, type, "field_name_transform calls a Python function: use field_name_mapping");
	return VD_PIPE_WRONG(r, type, "the transformation type %.*s is not known", VD_SHOW(type->text));
}

static enum vd_status
read_nested(struct vd_pipe_reader *r, const struct vd_yaml *map, struct vd_pipe_step *ret)
{
	if (++r->nesting > VD_PIPE_MAX_NESTING)
		return VD_PIPE_WRONG(r, map, "nest in nest more than %u deep", VD_PIPE_MAX_NESTING);
	enum vd_status st = vd_pipe_steps_read(r, vd_yaml_get(map, "items"), &ret->n_kids, &ret->kids);
	r->nesting--;
	return st;
}

static enum vd_status
read_step(struct vd_pipe_reader *r, const struct vd_yaml *map, struct vd_pipe_step *ret)
{
	static const char *const also[] = {"type", "id", "rule_conditions", "rule_cond_op", "rule_cond_not",
		"rule_cond_expr", "detection_item_conditions", "detection_item_cond_op",
		"detection_item_cond_not", "detection_item_cond_expr", "field_name_conditions",
		"field_name_cond_op", "field_name_cond_not", "field_name_cond_expr", NULL};
	const struct vd_yaml *type = vd_yaml_get(map, "type"), *id = vd_yaml_get(map, "id");
	if (map->kind != VD_YAML_MAP || type == NULL)
		return VD_PIPE_WRONG(r, map, "a transformation must be a map with a type");
	ret->kind = find_kind(type->text);
	if (ret->kind == NULL)
		return unknown_kind(r, type);
	ret->pos = map->pos;
	ret->number = r->pipeline->n_numbers++;
	if (ret->number >= VD_PIPE_MAX_STEPS)
		return VD_PIPE_WRONG(r, map, "more than %u transformations", VD_PIPE_MAX_STEPS);
	if (id != NULL)
		ret->id = id->text;
	enum vd_status st = vd_pipe_args_read(r, map, ret->kind->keys, also, &ret->args);
	if (st == VD_OK && ret->kind->check != NULL)
		st = ret->kind->check(r, map, &ret->args);
	if (st == VD_OK)
		st = vd_pipe_conds_read(r, map, VD_PIPE_RULE, &ret->rule_conds);
	if (st == VD_OK)
		st = vd_pipe_conds_read(r, map, VD_PIPE_ITEM, &ret->item_conds);
	if (st == VD_OK)
		st = vd_pipe_conds_read(r, map, VD_PIPE_FIELD, &ret->field_conds);
	if (st == VD_OK && ret->kind->nests)
		st = read_nested(r, map, ret);
	return st == VD_OK ? VD_OK : vd_fail_in(r->err, st, "%s", ret->kind->name);
}

enum vd_status
vd_pipe_steps_read(
	struct vd_pipe_reader *r, const struct vd_yaml *list, size_t *ret_n, struct vd_pipe_step **ret)
{
	if (list->kind != VD_YAML_LIST)
		return VD_PIPE_WRONG(r, list, "transformations must be a list");
	struct vd_pipe_step *steps = vd_arena_array(r->arena, list->n, sizeof *steps);
	if (steps == NULL)
		return VD_PIPE_NOMEM(r);
	for (size_t i = 0; i < list->n; i++) {
		enum vd_status st = read_step(r, list->items[i], &steps[i]);
		if (st != VD_OK)
			return st;
	}
	*ret_n = list->n;
	*ret = steps;
	return VD_OK;
}

/* ---- the document ---- */

static enum vd_status
read_vars(struct vd_pipe_reader *r, const struct vd_yaml *map)
{
	if (map->kind != VD_YAML_MAP)
		return VD_PIPE_WRONG(r, map, "vars must be a map of names to values");
	for (size_t i = 0; i < map->n; i++) {
		struct vd_pipe_pair *pair = vd_arena_zalloc(r->arena, sizeof *pair);
		if (pair == NULL)
			return VD_PIPE_NOMEM(r);
		enum vd_status st = vd_pipe_words_read(r, map->items[i], &pair->values);
		if (st != VD_OK)
			return st;
		pair->key = map->keys[i]->text;
		pair->next = r->pipeline->vars;
		r->pipeline->vars = pair;
	}
	return VD_OK;
}

static enum vd_status
check_top(struct vd_pipe_reader *r, const struct vd_yaml *doc)
{
	static const char known[] =
		"name priority transformations postprocessing finalizers vars allowed_backends "
		"author description date version";
	size_t number;
	if (doc->kind != VD_YAML_MAP)
		return VD_PIPE_WRONG(r, doc, "a pipeline must be a map with transformations");
	for (size_t i = 0; i < doc->n; i++)
		if (!vd_pipe_choice(known, doc->keys[i]->text, &number))
			return VD_PIPE_WRONG(
				r, doc->keys[i], "a pipeline has no key %.*s", VD_SHOW(doc->keys[i]->text));
	return VD_OK;
}

static void
note(struct vd_pipeline *pipeline, const struct vd_yaml *node, struct vd_str words)
{
	if (node != NULL && node->n != 0)
		pipeline->notes[pipeline->n_notes++] = words;
}

static enum vd_status
read_pipeline(struct vd_pipe_reader *r, const struct vd_yaml *doc)
{
	enum vd_status st = check_top(r, doc);
	if (st != VD_OK)
		return st;
	const struct vd_yaml *priority = vd_yaml_get(doc, "priority"), *vars = vd_yaml_get(doc, "vars");
	const struct vd_yaml *steps = vd_yaml_get(doc, "transformations");
	struct vd_pipeline *pipeline = r->pipeline;
	if (priority != NULL && !vd_yaml_number(priority, &pipeline->priority))
		return VD_PIPE_WRONG(r, priority, "priority must be a number");
	if (vars != NULL && !vd_yaml_is_null(vars))
		st = read_vars(r, vars);
	if (st == VD_OK && steps != NULL && !vd_yaml_is_null(steps))
		st = vd_pipe_steps_read(r, steps, &pipeline->n_steps, &pipeline->steps);
	note(pipeline, vd_yaml_get(doc, "postprocessing"),
		VD_S("postprocessing is ignored: rules are run here, not written as queries"));
	note(pipeline, vd_yaml_get(doc, "finalizers"),
		VD_S("finalizers are ignored: rules are run here, not written as queries"));
	return st;
}

enum vd_status
vd_pipeline_parse(struct vd_arena *arena, struct vd_str file, struct vd_str text, struct vd_pipeline **ret,
	struct vd_err *err)
{
	struct vd_err own = VD_ERR_INIT;
	struct vd_yaml **docs = NULL;
	size_t n = 0;
	if (err == NULL)
		err = &own;
	struct vd_pipeline *pipeline = vd_arena_zalloc(arena, sizeof *pipeline);
	if (pipeline == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a pipeline");
	pipeline->file = file;
	vd_rule_hash(text, pipeline->hash);
	struct vd_pipe_reader r = {.arena = arena, .err = err, .pipeline = pipeline};
	enum vd_status st = vd_yaml_parse(arena, text, &docs, &n, err);
	if (st == VD_OK && n != 1)
		st = vd_fail_at(
			err, VD_EINPUT, 1, 1, "a pipeline file must hold one YAML document, not %zu", n);
	if (st == VD_OK)
		st = read_pipeline(&r, docs[0]);
	if (st != VD_OK)
		return vd_fail_in(err, st, "%.*s:%u", VD_SHOW(file), err->line);
	*ret = pipeline;
	return VD_OK;
}

size_t
vd_pipeline_notes(const struct vd_pipeline *pipeline, const struct vd_str **ret)
{
	*ret = pipeline->notes;
	return pipeline->n_notes;
}
