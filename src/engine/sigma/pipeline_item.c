#include "engine/sigma/pipeline.h"

static enum vd_status
drop_item(struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_expr **at)
{
	*at = NULL;
	return VD_OK;
}

static enum vd_status
fail_item(struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_expr **at)
{
	struct vd_item *item = (*at)->item;
	return VD_BUILD_REJECT(&run->build, item->pos, "pipeline-failure", "the pipeline refuses %.*s: %.*s",
		VD_SHOW(item->written), VD_SHOW(step->args.text));
}

/* ---- groups of items that take the place of one ---- */

struct group {
	struct vd_pipe_run *run;
	const struct vd_item *from;
	struct vd_pos pos;
	size_t n, cap;
	struct vd_expr **kids;
};

static enum vd_status
group_add(struct group *g, struct vd_expr *kid)
{
	if (g->n == g->cap) {
		size_t cap = g->cap == 0 ? 8 : g->cap * 2;
		struct vd_expr **grown = vd_arena_array(g->run->build.arena, cap, sizeof(struct vd_expr *));
		if (grown == NULL)
			return VD_BUILD_NOMEM(&g->run->build);
		if (g->n != 0)
			memcpy(grown, g->kids, g->n * sizeof(struct vd_expr *));
		g->kids = grown;
		g->cap = cap;
	}
	g->kids[g->n++] = kid;
	return VD_OK;
}

/* An item with values of its own, and without the negation, which stands around the group. */
static enum vd_status
group_item(
	struct group *g, struct vd_str field, const struct vd_value *values, size_t n, struct vd_expr **ret)
{
	enum vd_status st = vd_pipe_item_split(g->run, g->from, g->pos, ret);
	if (st != VD_OK)
		return st;
	struct vd_item *item = (*ret)->item;
	struct vd_value *own = vd_arena_array(g->run->build.arena, n, sizeof *own);
	if (own == NULL)
		return VD_BUILD_NOMEM(&g->run->build);
	memcpy(own, values, n * sizeof *own);
	item->field = field;
	item->values = own;
	item->n = n;
	item->negate = false;
	return VD_OK;
}

static enum vd_status
group_end(const struct group *g, bool every, struct vd_expr **ret)
{
	struct vd_arena *arena = g->run->build.arena;
	struct vd_expr *expr = g->kids[0];
	if (g->n > 1) {
		expr = vd_expr_new(arena, every ? VD_EXPR_AND : VD_EXPR_OR, g->pos, g->n);
		if (expr == NULL)
			return VD_BUILD_NOMEM(&g->run->build);
		memcpy(expr->kids, g->kids, g->n * sizeof(struct vd_expr *));
	}
	*ret = expr;
	return VD_OK;
}

static enum vd_status
group_replace(const struct group *g, struct vd_expr **at)
{
	struct vd_expr *expr = NULL;
	enum vd_status st = group_end(g, g->from->all, &expr);
	if (st == VD_OK && g->from->negate) {
		struct vd_expr *not = vd_expr_new(g->run->build.arena, VD_EXPR_NOT, g->pos, 1);
		if (not == NULL)
			return VD_BUILD_NOMEM(&g->run->build);
		not ->kids[0] = expr;
		expr = not ;
	}
	if (st == VD_OK)
		*at = expr;
	return st;
}

/* ---- hashes_fields: Hashes|contains: 'SHA256=…' becomes SHA256: '…' ---- */

/* The algorithm in args->algos, by its name or by the length of a bare hash; algos.n: none. */
static size_t
algo_number(const struct vd_pipe_args *args, struct vd_str name, size_t bare_len)
{
	static const struct {
		size_t len;
		const char *name;
	} bare[] = {{32, "MD5"}, {40, "SHA1"}, {64, "SHA256"}, {128, "SHA512"}};
	for (size_t i = 0; i < VD_ARRAY_LEN(bare); i++)
		if (name.len == 0 && bare[i].len == bare_len)
			name = vd_str_from(bare[i].name);
	size_t i = 0;
	while (i < args->algos.n && !vd_str_ieq(args->algos.at[i], name))
		i++;
	return i;
}

/* "NAME=rest" or "NAME|rest" or a bare hash; false: none, or of an algorithm that is not listed. */
static bool
read_hash(const struct vd_pipe_args *args, struct vd_str text, bool is_whole, size_t *ret_algo,
	struct vd_str *ret_rest)
{
	size_t cut = 0;
	while (cut < text.len && text.at[cut] != '=' && text.at[cut] != '|')
		cut++;
	bool named = cut < text.len;
	/* several hashes in one value stand for one record and cannot be taken apart */
	if (memchr(text.at, ',', text.len) != NULL || (named && cut == 0) || (!named && !is_whole))
		return false;
	*ret_rest = named ? (struct vd_str){text.at + cut + 1, text.len - cut - 1} : text;
	*ret_algo = algo_number(args, (struct vd_str){text.at, named ? cut : 0}, text.len);
	return *ret_algo < args->algos.n;
}

/* The wildcards around a hash go: the field that it gets holds nothing else. */
static enum vd_status
split_atom(struct vd_pipe_run *run, const struct vd_pipe_args *args, const struct vd_atom *atom,
	size_t *ret_algo, struct vd_atoms *ret)
{
	const struct vd_token *tokens = atom->tokens;
	struct vd_pipe_tokens out = {0};
	size_t from = 0, end = atom->n_tokens;
	struct vd_str rest;
	if (atom->kind != VD_ATOM_PATTERN)
		return VD_OK;
	while (from < end && tokens[from].kind == VD_TOK_ANY)
		from++;
	while (from < end && tokens[end - 1].kind == VD_TOK_ANY)
		end--;
	if (from == end || tokens[from].kind != VD_TOK_TEXT ||
		!read_hash(args, tokens[from].text, end - from == 1, ret_algo, &rest))
		return VD_OK;
	enum vd_status st = vd_pipe_tokens_add(run, &out, (struct vd_token){VD_TOK_TEXT, rest});
	for (size_t i = from + 1; i < end && st == VD_OK; i++)
		st = vd_pipe_tokens_add(run, &out, tokens[i]);
	if (st == VD_OK && out.n == 0)
		st = vd_pipe_tokens_add(run, &out, (struct vd_token){.kind = VD_TOK_ANY});
	return st == VD_OK ? vd_pipe_atoms_add(run, atom, &out, ret) : st;
}

/* Values by the field they go to; the last list stays with the field they came from. */
struct sorted {
	size_t n_lists;
	struct vd_value **lists;
	size_t *n;
};

static enum vd_status
sorted_init(struct vd_pipe_run *run, const struct vd_pipe_args *args, size_t n_values, struct sorted *s)
{
	s->n_lists = args->algos.n + 1;
	s->lists = vd_arena_array(run->build.arena, s->n_lists, sizeof(struct vd_value *));
	s->n = vd_arena_array(run->build.arena, s->n_lists, sizeof *s->n);
	if (s->lists == NULL || s->n == NULL)
		return VD_BUILD_NOMEM(&run->build);
	for (size_t i = 0; i < s->n_lists; i++) {
		s->lists[i] = vd_arena_array(run->build.arena, n_values, sizeof *s->lists[i]);
		if (s->lists[i] == NULL)
			return VD_BUILD_NOMEM(&run->build);
	}
	return VD_OK;
}

static enum vd_status
sort_values(struct vd_pipe_run *run, const struct vd_pipe_args *args, const struct vd_item *item,
	struct sorted *s)
{
	for (size_t i = 0; i < item->n; i++) {
		struct vd_value value = item->values[i];
		struct vd_atoms atoms = {0};
		size_t list = args->algos.n;
		/* alternatives of one value (encodings) are no hashes */
		enum vd_status st =
			value.n == 1 ? split_atom(run, args, &value.atoms[0], &list, &atoms) : VD_OK;
		if (st != VD_OK)
			return st;
		if (atoms.n != 0)
			value.atoms = atoms.at;
		if (list < args->algos.n && args->drop_algo_prefix)
			list = 0;
		s->lists[list][s->n[list]++] = value;
	}
	return VD_OK;
}

static enum vd_status
hash_field(struct vd_pipe_run *run, const struct vd_pipe_args *args, size_t algo, struct vd_str *ret)
{
	struct vd_str name = args->drop_algo_prefix ? (struct vd_str){"", 0} : args->algos.at[algo];
	char *text = vd_arena_printf(run->build.arena, "%.*s%.*s", (int)args->affix.len,
		args->affix.len == 0 ? "" : args->affix.at, (int)name.len, name.at);
	if (text == NULL)
		return VD_BUILD_NOMEM(&run->build);
	*ret = vd_str_from(text);
	return VD_OK;
}

static bool
is_listed(const struct vd_pipe_list *list, struct vd_str name)
{
	for (size_t i = 0; i < list->n; i++)
		if (vd_str_eq(list->at[i], name))
			return true;
	return false;
}

/*
 * Values that are no hash of a listed algorithm stay with their field: pySigma drops them, and with them matches
 * of events that have it.
 */
static enum vd_status
split_hashes(struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_expr **at)
{
	struct vd_item *item = (*at)->item;
	struct sorted s;
	struct group g = {.run = run, .from = item, .pos = (*at)->pos};
	if (!is_listed(&step->args.fields, item->field))
		return VD_OK;
	enum vd_status st = sorted_init(run, &step->args, item->n, &s);
	if (st == VD_OK)
		st = sort_values(run, &step->args, item, &s);
	if (st != VD_OK || s.n[s.n_lists - 1] == item->n)
		return st;
	st = vd_pipe_mark(run, step->id, item, (struct vd_str){0});
	for (size_t i = 0; i < s.n_lists && st == VD_OK; i++) {
		struct vd_str field = item->field;
		struct vd_expr *kid = NULL;
		if (s.n[i] == 0)
			continue;
		if (i + 1 < s.n_lists)
			st = hash_field(run, &step->args, i, &field);
		if (st == VD_OK)
			st = group_item(&g, field, s.lists[i], s.n[i], &kid);
		if (st == VD_OK)
			st = group_add(&g, kid);
	}
	return st == VD_OK ? group_replace(&g, at) : st;
}

static enum vd_status
check_hashes(struct vd_pipe_reader *r, const struct vd_yaml *map, struct vd_pipe_args *args)
{
	static struct vd_str usual[] = {{"Hashes", 6}, {"Hash", 4}};
	if (args->fields.n == 0)
		args->fields = (struct vd_pipe_list){VD_ARRAY_LEN(usual), usual};
	if (args->algos.n == 0 || args->algos.n > VD_PIPE_MAX_NAMES)
		return VD_PIPE_WRONG(
			r, map, "valid_hash_algos must name 1 to %u algorithms", VD_PIPE_MAX_NAMES);
	if (args->drop_algo_prefix && args->affix.len == 0)
		return VD_PIPE_WRONG(r, map, "drop_algo_prefix needs a field_prefix: no name would be left");
	return VD_OK;
}

/* ---- extract_fields: the named groups of a regular expression become fields ---- */

static enum vd_status
extracted_item(struct group *g, const struct vd_pipe_args *args, const struct vd_value *value,
	const struct vd_pipe_group *part, struct vd_expr **ret)
{
	struct vd_pipe_run *run = g->run;
	struct vd_atoms atoms = {0};
	struct vd_value one = *value;
	const char *dot = args->affix.len == 0 ? "" : ".";
	char *field = vd_arena_printf(run->build.arena, "%.*s%s%.*s", (int)args->affix.len,
		args->affix.len == 0 ? "" : args->affix.at, dot, (int)part->name.len, part->name.at);
	if (field == NULL)
		return VD_BUILD_NOMEM(&run->build);
	enum vd_status st = vd_pipe_atoms_add_text(run, &value->atoms[0], part->text, &atoms);
	if (st != VD_OK)
		return st;
	one.n = atoms.n;
	one.atoms = atoms.at;
	return group_item(g, vd_str_from(field), &one, 1, ret);
}

/* AND of the fields of one value; NULL: the expression does not match it. */
static enum vd_status
extract_value(struct vd_pipe_run *run, const struct vd_pipe_args *args, const struct group *outer,
	const struct vd_value *value, struct vd_expr **ret)
{
	struct group g = {.run = run, .from = outer->from, .pos = outer->pos};
	struct vd_pipe_group *parts = NULL;
	struct vd_str text;
	size_t n = 0;
	*ret = NULL;
	if (value->n != 1 || value->atoms[0].kind != VD_ATOM_PATTERN)
		return VD_OK;
	enum vd_status st = vd_pipe_text_of(run, &value->atoms[0], &text);
	if (st == VD_OK)
		st = vd_pipe_regex_groups(run, args->regexes[0], text, &n, &parts);
	for (size_t i = 0; i < n && st == VD_OK; i++) {
		struct vd_expr *kid = NULL;
		st = extracted_item(&g, args, value, &parts[i], &kid);
		if (st == VD_OK)
			st = group_add(&g, kid);
	}
	return st == VD_OK && g.n != 0 ? group_end(&g, true, ret) : st;
}

static enum vd_status
extract_fields(struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_expr **at)
{
	struct vd_item *item = (*at)->item;
	struct group g = {.run = run, .from = item, .pos = (*at)->pos};
	bool found = false;
	for (size_t i = 0; i < item->n; i++) {
		struct vd_expr *kid;
		enum vd_status st = extract_value(run, &step->args, &g, &item->values[i], &kid);
		found |= st == VD_OK && kid != NULL;
		if (st == VD_OK && kid == NULL && step->args.preserve_unmatched)
			st = group_item(&g, item->field, &item->values[i], 1, &kid);
		if (st == VD_OK && kid != NULL)
			st = group_add(&g, kid);
		if (st != VD_OK)
			return st;
	}
	if (!found)
		return VD_OK;
	enum vd_status st = vd_pipe_mark(run, step->id, item, (struct vd_str){0});
	return st == VD_OK ? group_replace(&g, at) : st;
}

#define AT(member) offsetof(struct vd_pipe_args, member)

static const struct vd_pipe_key no_keys[] = {{0}};
static const struct vd_pipe_key failure_keys[] = {
	{.name = "message", .type = VD_PIPE_TEXT, .required = true, .offset = AT(text)},
	{0},
};
static const struct vd_pipe_key hashes_keys[] = {
	{.name = "valid_hash_algos", .type = VD_PIPE_WORDS, .required = true, .offset = AT(algos)},
	{.name = "field_prefix", .type = VD_PIPE_TEXT, .offset = AT(affix)},
	{.name = "drop_algo_prefix", .type = VD_PIPE_BOOL, .offset = AT(drop_algo_prefix)},
	{.name = "field_to_parse", .type = VD_PIPE_WORDS, .offset = AT(fields)},
	{0},
};
static const struct vd_pipe_key extract_keys[] = {
	{.name = "regex", .type = VD_PIPE_REGEX, .required = true},
	{.name = "field_prefix", .type = VD_PIPE_TEXT, .offset = AT(affix)},
	{.name = "preserve_unmatched", .type = VD_PIPE_BOOL, .offset = AT(preserve_unmatched)},
	{0},
};

const struct vd_pipe_step_kind vd_pipe_item_kinds[] = {
	{.name = "drop_detection_item", .keys = no_keys, .on_item = drop_item},
	{.name = "detection_item_failure", .keys = failure_keys, .on_item = fail_item},
	{.name = "hashes_fields", .keys = hashes_keys, .check = check_hashes, .on_item = split_hashes},
	{.name = "extract_fields", .keys = extract_keys, .on_item = extract_fields},
	{0},
};
