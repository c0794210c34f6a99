#include "engine/sigma/parse.h"

#include "engine/sigma/load.h"

#define MAX_BYTES (16u * 1024u * 1024u) /* of text that the placeholders of one rule may become */

/* One name and its values, as written in a values file. */
struct list {
	struct vd_str name;
	struct vd_str file;
	size_t n;
	struct vd_str *values;
};

struct vd_placeholders {
	uint8_t hash[VD_RULE_HASH_LEN]; /* of the file */
	size_t n;
	struct list *lists;
};

/* ---- values files ---- */

static enum vd_status
read_list(struct vd_build *b, const struct vd_yaml *key, const struct vd_yaml *value, struct list *ret)
{
	bool one = value->kind == VD_YAML_SCALAR;
	size_t n = one ? 1 : value->n;
	if (value->kind == VD_YAML_MAP || (one && vd_yaml_is_null(value)))
		return vd_fail_at(b->err, VD_EINPUT, value->pos.line, value->pos.column,
			"%.*s: a list of values is wanted, such as [alice, bob]", VD_SHOW(key->text));
	ret->name = key->text;
	ret->values = vd_arena_array(b->arena, n, sizeof *ret->values);
	if (ret->values == NULL)
		return VD_BUILD_NOMEM(b);
	for (size_t i = 0; i < n; i++) {
		const struct vd_yaml *entry = one ? value : value->items[i];
		if (entry->kind != VD_YAML_SCALAR || vd_yaml_is_null(entry))
			return vd_fail_at(b->err, VD_EINPUT, entry->pos.line, entry->pos.column,
				"%.*s: an entry is not a single value", VD_SHOW(key->text));
		enum vd_status st = vd_scalar_text(b, entry, &ret->values[ret->n++]);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

/* Documents of one file add up; a name twice in different documents is the union. */
static enum vd_status
read_map(struct vd_build *b, struct vd_str file, const struct vd_yaml *map, struct vd_placeholders *to)
{
	if (map->kind != VD_YAML_MAP)
		return vd_fail_at(b->err, VD_EINPUT, map->pos.line, map->pos.column,
			"a values file is a map of name: [values]");
	for (size_t i = 0; i < map->n; i++) {
		enum vd_status st = read_list(b, map->keys[i], map->items[i], &to->lists[to->n]);
		if (st != VD_OK)
			return st;
		to->lists[to->n++].file = file;
	}
	return VD_OK;
}

static enum vd_status
read_file(struct vd_build *b, struct vd_str file, struct vd_str text, struct vd_placeholders **ret)
{
	struct vd_yaml **docs;
	size_t n, total = 0;
	enum vd_status st = vd_yaml_parse(b->arena, text, &docs, &n, b->err);
	if (st != VD_OK)
		return st;
	for (size_t i = 0; i < n; i++)
		total += docs[i]->n;
	struct vd_placeholders *lists = vd_arena_zalloc(b->arena, sizeof *lists);
	if (lists == NULL || (lists->lists = vd_arena_array(b->arena, total, sizeof *lists->lists)) == NULL)
		return VD_BUILD_NOMEM(b);
	for (size_t i = 0; st == VD_OK && i < n; i++)
		st = read_map(b, file, docs[i], lists);
	*ret = lists;
	return st;
}

enum vd_status
vd_placeholders_parse(struct vd_arena *arena, struct vd_str file, struct vd_str text,
	struct vd_placeholders **ret, struct vd_err *err)
{
	struct vd_err own = VD_ERR_INIT;
	struct vd_rule unused = {0}; /* takes the marks of values; a values file has no verdict */
	struct vd_build b = {.arena = arena, .rule = &unused, .err = err == NULL ? &own : err};
	struct vd_placeholders *lists = NULL;
	enum vd_status st = read_file(&b, file, text, &lists);
	if (st != VD_OK) {
		uint32_t line = b.err->line, column = b.err->column;
		(void)vd_fail_in(b.err, st, "%.*s:%u:%u", VD_SHOW(file), line, column);
		return st;
	}
	vd_rule_hash(text, lists->hash);
	*ret = lists;
	return VD_OK;
}

/* ---- replacing ---- */

struct work {
	struct vd_build b;
	const struct vd_placeholders *const *lists;
	size_t n;
	size_t bytes; /* of text made so far, against MAX_BYTES */
	bool any;     /* a placeholder was met */
};

/* Atoms in the making; grows in the arena. */
struct pile {
	size_t n, cap;
	struct vd_atom *at;
};

static enum vd_status
push(struct work *w, struct pile *pile, const struct vd_atom *atom, struct vd_pos pos)
{
	for (size_t i = 0; i < atom->n_tokens; i++)
		w->bytes += atom->tokens[i].text.len;
	if (w->b.n_values++ == VD_RULE_MAX_VALUES || w->bytes > MAX_BYTES)
		return VD_BUILD_REJECT(&w->b, pos, "limit",
			"placeholders give more than 65,536 values or 16 MiB of text: shorten their lists");
	if (pile->n == pile->cap) {
		size_t cap = pile->cap == 0 ? 8 : pile->cap * 2;
		struct vd_atom *grown = vd_arena_array(w->b.arena, cap, sizeof *grown);
		if (grown == NULL)
			return VD_BUILD_NOMEM(&w->b);
		if (pile->n != 0)
			memcpy(grown, pile->at, pile->n * sizeof *grown);
		pile->at = grown;
		pile->cap = cap;
	}
	pile->at[pile->n++] = *atom;
	return VD_OK;
}

static size_t
first_placeholder(const struct vd_atom *atom)
{
	size_t i = 0;
	while (i < atom->n_tokens && atom->tokens[i].kind != VD_TOK_PLACEHOLDER)
		i++;
	return i;
}

/* Tokens of one list entry: in patterns Sigma's syntax counts, elsewhere the text is taken as it is. */
static enum vd_status
entry_tokens(struct work *w, const struct vd_atom *atom, struct vd_str value, struct vd_pos pos,
	size_t *ret_n, struct vd_token **ret)
{
	if (atom->kind == VD_ATOM_PATTERN) {
		enum vd_status st = vd_pattern_parse(w->b.arena, value, false, ret_n, ret, w->b.err);
		if (st != VD_ELIMIT)
			return st;
		return VD_BUILD_REJECT(&w->b, pos, "limit", "a placeholder's value has %zu bytes", value.len);
	}
	*ret = vd_arena_zalloc(w->b.arena, sizeof **ret);
	if (*ret == NULL)
		return VD_BUILD_NOMEM(&w->b);
	(*ret)->text = value;
	*ret_n = 1;
	return VD_OK;
}

/* atom with token `at` replaced by the entry's tokens. */
static enum vd_status
substitute(struct work *w, const struct vd_atom *atom, size_t at, struct vd_str value, struct vd_pos pos,
	struct vd_atom *ret)
{
	size_t n;
	struct vd_token *entry;
	enum vd_status st = entry_tokens(w, atom, value, pos, &n, &entry);
	if (st != VD_OK)
		return st;
	struct vd_token *tokens = vd_arena_array(w->b.arena, atom->n_tokens + n, sizeof *tokens);
	if (tokens == NULL)
		return VD_BUILD_NOMEM(&w->b);
	memcpy(tokens, atom->tokens, at * sizeof *tokens);
	if (n != 0)
		memcpy(tokens + at, entry, n * sizeof *tokens);
	memcpy(tokens + at + n, atom->tokens + at + 1, (atom->n_tokens - at - 1) * sizeof *tokens);
	*ret = *atom;
	ret->tokens = tokens;
	ret->n_tokens = atom->n_tokens - 1 + n;
	return VD_OK;
}

/* *ret_known: some list has the name, if only with no entry. */
static enum vd_status
expand_first(struct work *w, const struct vd_atom *atom, size_t at, struct vd_pos pos, struct pile *pile,
	bool *ret_known)
{
	struct vd_str name = atom->tokens[at].text;
	*ret_known = false;
	for (size_t i = 0; i < w->n; i++)
		for (size_t k = 0; k < w->lists[i]->n; k++) {
			const struct list *list = &w->lists[i]->lists[k];
			if (!vd_str_eq(list->name, name))
				continue;
			*ret_known = true;
			for (size_t v = 0; v < list->n; v++) {
				struct vd_atom one;
				enum vd_status st = substitute(w, atom, at, list->values[v], pos, &one);
				if (st == VD_OK)
					st = push(w, pile, &one, pos);
				if (st != VD_OK)
					return st;
			}
		}
	return VD_OK;
}

/* Writes neighbouring texts as one and two stars as one, as the parser would have. */
static enum vd_status
tidy(struct work *w, struct vd_atom *atom)
{
	size_t len = 0, n = 0;
	for (size_t i = 0; i < atom->n_tokens; i++)
		len += atom->tokens[i].text.len;
	char *text = vd_arena_alloc(w->b.arena, len + 1);
	if (text == NULL)
		return VD_BUILD_NOMEM(&w->b);
	for (size_t i = 0; i < atom->n_tokens; i++) {
		struct vd_token token = atom->tokens[i];
		struct vd_token *last = n == 0 ? NULL : &atom->tokens[n - 1];
		if (token.kind == VD_TOK_TEXT) {
			if (token.text.len != 0)
				memcpy(text, token.text.at, token.text.len);
			if (last != NULL && last->kind == VD_TOK_TEXT)
				last->text.len += token.text.len;
			else if (token.text.len != 0)
				atom->tokens[n++] = (struct vd_token){VD_TOK_TEXT, {text, token.text.len}};
			text += token.text.len;
		} else if (token.kind != VD_TOK_ANY || last == NULL || last->kind != VD_TOK_ANY)
			atom->tokens[n++] = token;
	}
	atom->n_tokens = n;
	return VD_OK;
}

static enum vd_status
finish(struct work *w, struct vd_atom *atom, struct vd_pos pos)
{
	return atom->kind == VD_ATOM_PATTERN ? tidy(w, atom) : vd_atom_settle(&w->b, pos, atom);
}

static enum vd_status
unknown(struct work *w, const struct vd_value *value, struct vd_str name)
{
	return VD_BUILD_REJECT(&w->b, value->pos, "placeholder-unknown",
		"no values file has a list for %%%.*s%%: add \"%.*s: [...]\" to one and give it with "
		"--values",
		VD_SHOW(name), VD_SHOW(name));
}

/* One placeholder after the other, so that two in one value give every combination. */
static enum vd_status
expand_value(struct work *w, struct vd_value *value)
{
	struct pile open = {value->n, value->n, value->atoms}, done = {0};
	bool any = false;
	while (open.n != 0) {
		struct pile next = {0};
		for (size_t i = 0; i < open.n; i++) {
			struct vd_atom *atom = &open.at[i];
			size_t at = first_placeholder(atom);
			bool known = true;
			enum vd_status st;
			if (at < atom->n_tokens) {
				any = true;
				st = expand_first(w, atom, at, value->pos, &next, &known);
			} else {
				st = any ? finish(w, atom, value->pos) : VD_OK;
				if (st == VD_OK)
					st = push(w, &done, atom, value->pos);
			}
			if (st != VD_OK)
				return st;
			if (!known)
				return unknown(w, value, atom->tokens[at].text);
		}
		open = next;
	}
	if (any) {
		value->n = done.n;
		value->atoms = done.at;
	}
	return VD_OK;
}

static enum vd_status
expand_item(void *owner, struct vd_item *item)
{
	struct work *w = owner;
	for (size_t i = 0; i < item->n; i++) {
		bool wanted = false;
		for (size_t k = 0; k < item->values[i].n; k++)
			wanted = wanted || first_placeholder(&item->values[i].atoms[k]) <
						   item->values[i].atoms[k].n_tokens;
		w->any = w->any || wanted;
		enum vd_status st = wanted ? expand_value(w, &item->values[i]) : VD_OK;
		if (st != VD_OK)
			return st;
		if (item->values[i].n == 0)
			VD_BUILD_DEGRADE(&w->b, item->values[i].pos, "placeholder-empty",
				"%.*s: the list behind the placeholder is empty: it matches nothing",
				VD_SHOW(item->values[i].written));
	}
	return VD_OK;
}

enum vd_status
vd_placeholders_apply(struct vd_arena *arena, const struct vd_placeholders *const *lists, size_t n,
	struct vd_rule *rule, struct vd_err *err)
{
	struct work w = {.b = {.arena = arena, .rule = rule, .err = err}, .lists = lists, .n = n};
	if (rule->expr == NULL)
		return VD_OK;
	enum vd_status st = vd_expr_each(rule->expr, expand_item, &w);
	for (size_t i = 0; w.any && i < n; i++)
		vd_rule_revise(rule, lists[i]->hash);
	return st == VD_ENOMEM ? st : VD_OK;
}
