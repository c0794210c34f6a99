#include "engine/sigma/pipeline.h"

/* ---- texts ---- */

static enum vd_status
replace_string(struct vd_pipe_run *run, const struct vd_pipe_step *step, const struct vd_item *item,
	const struct vd_atom *atom, struct vd_atoms *ret)
{
	if (atom->kind != VD_ATOM_PATTERN)
		return VD_OK;
	return vd_pipe_regex_replace(run, step->args.regexes[0], &step->args, atom, ret);
}

static enum vd_status
check_replace(struct vd_pipe_reader *r, const struct vd_yaml *map, struct vd_pipe_args *args)
{
	return vd_pipe_template_check(args->regexes[0], args->text, vd_yaml_get(map, "replacement"), r->err);
}

static enum vd_status
map_string(struct vd_pipe_run *run, const struct vd_pipe_step *step, const struct vd_item *item,
	const struct vd_atom *atom, struct vd_atoms *ret)
{
	struct vd_str text;
	if (atom->kind != VD_ATOM_PATTERN)
		return VD_OK;
	enum vd_status st = vd_pipe_text_of(run, atom, &text);
	for (size_t i = 0; i < step->args.n_entries && st == VD_OK; i++) {
		const struct vd_pipe_entry *entry = &step->args.entries[i];
		if (!vd_str_eq(entry->from, text))
			continue;
		for (size_t k = 0; k < entry->to.n && st == VD_OK; k++)
			st = vd_pipe_atoms_add_text(run, atom, entry->to.at[k], ret);
		break;
	}
	return st;
}

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Letters of ASCII; matters only for values compared with case. */
static enum vd_status
change_case(struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_str text, struct vd_str *ret)
{
	bool snake = vd_str_is(step->args.text, "snake_case"), upper = vd_str_is(step->args.text, "upper");
	char *to = vd_arena_alloc(run->build.arena, 2 * text.len + 1);
	size_t n = 0;
	if (to == NULL)
		return VD_BUILD_NOMEM(&run->build);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		if (snake && is_upper(c) && i != 0)
			to[n++] = '_';
		if (upper)
			to[n++] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
		else
			to[n++] = is_upper(c) ? (char)(c + 32) : c;
	}
	*ret = (struct vd_str){to, n};
	return VD_OK;
}

static enum vd_status
change_cases(struct vd_pipe_run *run, const struct vd_pipe_step *step, const struct vd_item *item,
	const struct vd_atom *atom, struct vd_atoms *ret)
{
	struct vd_pipe_tokens tokens = {0};
	if (atom->kind != VD_ATOM_PATTERN)
		return VD_OK;
	for (size_t i = 0; i < atom->n_tokens; i++) {
		struct vd_token token = atom->tokens[i];
		enum vd_status st = VD_OK;
		if (token.kind == VD_TOK_TEXT)
			st = change_case(run, step, token.text, &token.text);
		if (st == VD_OK)
			st = vd_pipe_tokens_add(run, &tokens, token);
		if (st != VD_OK)
			return st;
	}
	return vd_pipe_atoms_add(run, atom, &tokens, ret);
}

/* ---- types ---- */

static enum vd_status
set_value(struct vd_pipe_run *run, const struct vd_pipe_step *step, const struct vd_item *item,
	const struct vd_atom *atom, struct vd_atoms *ret)
{
	if (!vd_yaml_is_null(step->args.value))
		return vd_pipe_atoms_add_text(run, atom, step->args.value_text, ret);
	return vd_pipe_atoms_keep(run, (struct vd_atom){.kind = VD_ATOM_NULL}, ret);
}

/* Numbers and their texts are the same to this engine, so nothing changes; what is no number is refused. */
static enum vd_status
convert_type(struct vd_pipe_run *run, const struct vd_pipe_step *step, const struct vd_item *item,
	const struct vd_atom *atom, struct vd_atoms *ret)
{
	struct vd_str text;
	double number;
	if (atom->kind != VD_ATOM_PATTERN || !vd_str_is(step->args.text, "num"))
		return VD_OK;
	enum vd_status st = vd_pipe_text_of(run, atom, &text);
	if (st != VD_OK || vd_str_double(text, &number))
		return st;
	return VD_BUILD_REJECT(&run->build, item->pos, "pipeline-failure",
		"the pipeline's convert_type needs a number and %.*s is none", VD_SHOW(text));
}

/* ---- placeholders ---- */

static bool
is_listed(const struct vd_pipe_list *list, struct vd_str name)
{
	for (size_t i = 0; i < list->n; i++)
		if (vd_str_eq(list->at[i], name))
			return true;
	return false;
}

static bool
concerns(const struct vd_pipe_step *step, const struct vd_token *token)
{
	if (token->kind != VD_TOK_PLACEHOLDER || is_listed(&step->args.exclude, token->text))
		return false;
	return step->args.include.n == 0 || is_listed(&step->args.include, token->text);
}

static bool
concerns_any(const struct vd_pipe_step *step, const struct vd_atom *atom)
{
	for (size_t i = 0; atom->kind == VD_ATOM_PATTERN && i < atom->n_tokens; i++)
		if (concerns(step, &atom->tokens[i]))
			return true;
	return false;
}

static enum vd_status
wildcard_placeholders(struct vd_pipe_run *run, const struct vd_pipe_step *step, const struct vd_item *item,
	const struct vd_atom *atom, struct vd_atoms *ret)
{
	struct vd_pipe_tokens tokens = {0};
	if (!concerns_any(step, atom))
		return VD_OK;
	for (size_t i = 0; i < atom->n_tokens; i++) {
		bool wild = concerns(step, &atom->tokens[i]);
		enum vd_status st = vd_pipe_tokens_add(
			run, &tokens, wild ? (struct vd_token){.kind = VD_TOK_ANY} : atom->tokens[i]);
		if (st != VD_OK)
			return st;
	}
	return vd_pipe_atoms_add(run, atom, &tokens, ret);
}

/* The values of a placeholder that a variable has; one that no variable has waits for --values. */
static const struct vd_pipe_list *
values_of(const struct vd_pipe_run *run, const struct vd_pipe_step *step, const struct vd_token *token)
{
	return concerns(step, token) ? vd_pipe_var(run, token->text) : NULL;
}

/* Combination number `which` of the values of all placeholders: its digits in the base of each list. */
static enum vd_status
combine(struct vd_pipe_run *run, const struct vd_pipe_step *step, const struct vd_atom *atom, size_t which,
	struct vd_atoms *ret)
{
	struct vd_pipe_tokens tokens = {0};
	enum vd_status st = VD_OK;
	for (size_t i = 0; i < atom->n_tokens && st == VD_OK; i++) {
		const struct vd_pipe_list *list = values_of(run, step, &atom->tokens[i]);
		struct vd_atoms value = {0};
		if (list == NULL) {
			st = vd_pipe_tokens_add(run, &tokens, atom->tokens[i]);
			continue;
		}
		st = vd_pipe_atoms_add_text(run, atom, list->at[which % list->n], &value);
		which /= list->n;
		for (size_t k = 0; st == VD_OK && k < value.at[0].n_tokens; k++)
			st = vd_pipe_tokens_add(run, &tokens, value.at[0].tokens[k]);
	}
	return st == VD_OK ? vd_pipe_atoms_add(run, atom, &tokens, ret) : st;
}

static enum vd_status
value_placeholders(struct vd_pipe_run *run, const struct vd_pipe_step *step, const struct vd_item *item,
	const struct vd_atom *atom, struct vd_atoms *ret)
{
	size_t n = 1;
	bool found = false;
	for (size_t i = 0; atom->kind == VD_ATOM_PATTERN && i < atom->n_tokens; i++) {
		const struct vd_pipe_list *list = values_of(run, step, &atom->tokens[i]);
		if (list == NULL)
			continue;
		found = true;
		n *= list->n;
		if (n > VD_MAX_ALTERNATIVES)
			return VD_BUILD_REJECT(&run->build, item->pos, "limit",
				"the pipeline's variables make more than %u alternatives of one value",
				VD_MAX_ALTERNATIVES);
	}
	enum vd_status st = VD_OK;
	for (size_t which = 0; found && which < n && st == VD_OK; which++)
		st = combine(run, step, atom, which, ret);
	return st;
}

static enum vd_status
query_placeholders(struct vd_pipe_run *run, const struct vd_pipe_step *step, const struct vd_item *item,
	const struct vd_atom *atom, struct vd_atoms *ret)
{
	if (!concerns_any(step, atom))
		return VD_OK;
	return VD_BUILD_REJECT(&run->build, item->pos, "pipeline-query",
		"the pipeline replaces a placeholder with an expression of a query language, and there is "
		"none here: "
		"use value_placeholders");
}

/* ---- the driver ---- */

static enum vd_status
change_value(struct vd_pipe_run *run, const struct vd_pipe_step *step, const struct vd_item *item,
	struct vd_value *value)
{
	struct vd_atoms all = {0};
	for (size_t i = 0; i < value->n; i++) {
		size_t before = all.n;
		enum vd_status st = step->kind->on_atom(run, step, item, &value->atoms[i], &all);
		if (st == VD_OK && all.n == before)
			st = vd_pipe_atoms_keep(run, value->atoms[i], &all);
		if (st == VD_OK && all.n > before + 1)
			st = vd_pipe_count_values(run, all.n - before - 1);
		if (st != VD_OK)
			return st;
	}
	value->n = all.n;
	value->atoms = all.at;
	return VD_OK;
}

enum vd_status
vd_pipe_change_values(struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_item *item)
{
	struct vd_value *values = vd_arena_array(run->build.arena, item->n, sizeof *values);
	if (values == NULL)
		return VD_BUILD_NOMEM(&run->build);
	if (item->n != 0)
		memcpy(values, item->values, item->n * sizeof *values);
	for (size_t i = 0; i < item->n; i++) {
		enum vd_status st = change_value(run, step, item, &values[i]);
		if (st != VD_OK)
			return st;
	}
	item->values = values;
	return vd_pipe_mark(run, step->id, item, (struct vd_str){0});
}

#define AT(member) offsetof(struct vd_pipe_args, member)

static const struct vd_pipe_key replace_keys[] = {
	{.name = "regex", .type = VD_PIPE_REGEX, .required = true},
	{.name = "replacement", .type = VD_PIPE_TEXT, .required = true, .offset = AT(text)},
	{.name = "skip_special", .type = VD_PIPE_BOOL, .offset = AT(skip_special)},
	{.name = "interpret_special", .type = VD_PIPE_BOOL, .offset = AT(interpret_special)},
	{0},
};
static const struct vd_pipe_key mapping_keys[] = {
	{.name = "mapping", .type = VD_PIPE_MAPPING, .required = true},
	{0},
};
static const struct vd_pipe_key case_keys[] = {
	{.name = "method", .type = VD_PIPE_TEXT, .offset = AT(text), .words = "lower upper snake_case"},
	{0},
};
static const struct vd_pipe_key regex_keys[] = {
	{.name = "method",
		.type = VD_PIPE_TEXT,
		.offset = AT(text),
		.words = "plain ignore_case_flag ignore_case_brackets"},
	{0},
};
static const struct vd_pipe_key set_value_keys[] = {
	{.name = "value", .type = VD_PIPE_SCALAR, .required = true, .offset = AT(value)},
	{.name = "force_type", .type = VD_PIPE_TEXT, .offset = AT(text), .words = "str num"},
	{0},
};
static const struct vd_pipe_key convert_keys[] = {
	{.name = "target_type",
		.type = VD_PIPE_TEXT,
		.required = true,
		.offset = AT(text),
		.words = "str num"},
	{0},
};
static const struct vd_pipe_key placeholder_keys[] = {
	{.name = "include", .type = VD_PIPE_WORDS, .offset = AT(include)},
	{.name = "exclude", .type = VD_PIPE_WORDS, .offset = AT(exclude)},
	{0},
};
static const struct vd_pipe_key query_keys[] = {
	{.name = "include", .type = VD_PIPE_WORDS, .offset = AT(include)},
	{.name = "exclude", .type = VD_PIPE_WORDS, .offset = AT(exclude)},
	{.name = "expression", .type = VD_PIPE_TEXT, .offset = AT(text)},
	{.name = "mapping", .type = VD_PIPE_MAPPING},
	{0},
};

/* regex says how a query language is to ask without case; the engine needs no help with that. */
const struct vd_pipe_step_kind vd_pipe_value_kinds[] = {
	{.name = "replace_string", .keys = replace_keys, .check = check_replace, .on_atom = replace_string},
	{.name = "map_string", .keys = mapping_keys, .on_atom = map_string},
	{.name = "case", .keys = case_keys, .on_atom = change_cases},
	{.name = "regex", .keys = regex_keys},
	{.name = "set_value", .keys = set_value_keys, .on_atom = set_value},
	{.name = "convert_type", .keys = convert_keys, .on_atom = convert_type},
	{.name = "wildcard_placeholders", .keys = placeholder_keys, .on_atom = wildcard_placeholders},
	{.name = "value_placeholders", .keys = placeholder_keys, .on_atom = value_placeholders},
	{.name = "query_expression_placeholders", .keys = query_keys, .on_atom = query_placeholders},
	{0},
};
