#include "engine/sigma/pipeline.h"

bool
vd_pipe_choice(const char *words, struct vd_str word, size_t *ret)
{
	size_t number = 0;
	for (const char *p = words; *p != '\0'; number++) {
		size_t n = strcspn(p, " ");
		if (vd_str_eq(word, (struct vd_str){p, n})) {
			*ret = number;
			return true;
		}
		p += n + strspn(p + n, " ");
	}
	return false;
}

static enum vd_status
need(struct vd_pipe_reader *r, const struct vd_yaml *node, enum vd_yaml_kind kind, const char *what)
{
	return node->kind == kind ? VD_OK : VD_PIPE_WRONG(r, node, "this must be %s", what);
}

enum vd_status
vd_pipe_words_read(struct vd_pipe_reader *r, const struct vd_yaml *node, struct vd_pipe_list *ret)
{
	const struct vd_yaml *one[] = {node};
	struct vd_yaml *const *items = node->items;
	size_t n = node->kind == VD_YAML_SCALAR ? 1 : node->n;
	if (node->kind == VD_YAML_MAP)
		return VD_PIPE_WRONG(r, node, "this must be a text or a list of texts");
	struct vd_pipe_list list = {.n = n, .at = vd_arena_array(r->arena, n, sizeof *list.at)};
	if (list.at == NULL)
		return VD_PIPE_NOMEM(r);
	for (size_t i = 0; i < n; i++) {
		const struct vd_yaml *item = node->kind == VD_YAML_SCALAR ? one[i] : items[i];
		enum vd_status st = need(r, item, VD_YAML_SCALAR, "a text");
		if (st != VD_OK)
			return st;
		list.at[i] = item->text;
	}
	*ret = list;
	return VD_OK;
}

/* A mapping to null changes nothing, as in pySigma; a mapping to an empty list cannot be meant. */
static enum vd_status
read_mapping(struct vd_pipe_reader *r, const struct vd_yaml *node, struct vd_pipe_args *ret)
{
	enum vd_status st = need(r, node, VD_YAML_MAP, "a map");
	if (st != VD_OK)
		return st;
	struct vd_pipe_entry *entries = vd_arena_array(r->arena, node->n, sizeof *entries);
	if (entries == NULL)
		return VD_PIPE_NOMEM(r);
	size_t n = 0;
	for (size_t i = 0; i < node->n; i++) {
		const struct vd_yaml *to = node->items[i];
		struct vd_pipe_entry *entry = &entries[n];
		if (vd_yaml_is_null(to))
			continue;
		st = vd_pipe_words_read(r, to, &entry->to);
		if (st != VD_OK)
			return st;
		if (entry->to.n == 0 || entry->to.n > VD_PIPE_MAX_NAMES)
			return VD_PIPE_WRONG(r, to, "a mapping to %zu names: 1 to %u are allowed",
				entry->to.n, VD_PIPE_MAX_NAMES);
		entry->from = node->keys[i]->text;
		entry->keywords = vd_yaml_is_null(node->keys[i]);
		n++;
	}
	ret->n_entries = n;
	ret->entries = entries;
	return VD_OK;
}

static enum vd_status
read_regex(struct vd_pipe_reader *r, const struct vd_yaml *node, struct vd_pipe_args *ret)
{
	enum vd_status st = need(r, node, VD_YAML_SCALAR, "a regular expression");
	if (st != VD_OK)
		return st;
	ret->regexes = vd_arena_array(r->arena, 1, sizeof(struct vd_pipe_regex *));
	if (ret->regexes == NULL)
		return VD_PIPE_NOMEM(r);
	ret->n_regexes = 1;
	return vd_pipe_regex_new(r->arena, node->text, node->pos, &ret->regexes[0], r->err);
}

static enum vd_status
read_text(struct vd_pipe_reader *r, const struct vd_yaml *node, const struct vd_pipe_key *key,
	struct vd_str *ret)
{
	size_t number;
	enum vd_status st = need(r, node, VD_YAML_SCALAR, "a text");
	if (st != VD_OK)
		return st;
	if (key->words != NULL && !vd_pipe_choice(key->words, node->text, &number))
		return VD_PIPE_WRONG(
			r, node, "%s: %.*s is none of: %s", key->name, VD_SHOW(node->text), key->words);
	*ret = node->text;
	return VD_OK;
}

static enum vd_status
read_choice(struct vd_pipe_reader *r, const struct vd_yaml *node, const struct vd_pipe_key *key, size_t *ret)
{
	struct vd_str word;
	enum vd_status st = read_text(r, node, key, &word);
	if (st == VD_OK && !vd_pipe_choice(key->words, word, ret))
		return VD_PIPE_WRONG(
			r, node, "%s: %.*s is none of: %s", key->name, VD_SHOW(word), key->words);
	return st;
}

static enum vd_status
read_key(struct vd_pipe_reader *r, const struct vd_yaml *node, const struct vd_pipe_key *key,
	struct vd_pipe_args *ret)
{
	void *at = (char *)ret + key->offset;
	size_t number = 0;
	enum vd_status st;
	switch (key->type) {
	case VD_PIPE_KEY:
		ret->no_key = vd_yaml_is_null(node);
		return ret->no_key ? VD_OK : read_text(r, node, key, at);
	case VD_PIPE_TEXT:
		return read_text(r, node, key, at);
	case VD_PIPE_SCALAR:
		*(const struct vd_yaml **)at = node;
		return read_text(r, node, key, &ret->value_text);
	case VD_PIPE_NODE:
		*(const struct vd_yaml **)at = node;
		return VD_OK;
	case VD_PIPE_BOOL:
		return vd_yaml_bool(node, at) ? VD_OK
					      : VD_PIPE_WRONG(r, node, "%s must be true or false", key->name);
	case VD_PIPE_WORDS:
		return vd_pipe_words_read(r, node, at);
	case VD_PIPE_MAPPING:
		return read_mapping(r, node, ret);
	case VD_PIPE_REGEX:
		return read_regex(r, node, ret);
	case VD_PIPE_CHOICE:
		st = read_choice(r, node, key, &number);
		if (st == VD_OK)
			*(enum vd_pipe_op *)at = (enum vd_pipe_op)number;
		return st;
	case VD_PIPE_FLAG:
		st = read_choice(r, node, key, &number);
		if (st == VD_OK)
			*(bool *)at = number != 0;
		return st;
	case VD_PIPE_NESTED:
		return VD_OK;
	}
	return VD_OK;
}

static bool
is_one_of(struct vd_str name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (vd_str_is(name, *names))
			return true;
	return false;
}

enum vd_status
vd_pipe_args_read(struct vd_pipe_reader *r, const struct vd_yaml *map, const struct vd_pipe_key *keys,
	const char *const *also, struct vd_pipe_args *ret)
{
	for (const struct vd_pipe_key *key = keys; key->name != NULL; key++)
		if (key->required && vd_yaml_get(map, key->name) == NULL)
			return VD_PIPE_WRONG(r, map, "the key %s is missing", key->name);
	for (size_t i = 0; i < map->n; i++) {
		struct vd_str name = map->keys[i]->text;
		const struct vd_pipe_key *key = keys;
		while (key->name != NULL && !vd_str_is(name, key->name))
			key++;
		if (key->name == NULL && is_one_of(name, also))
			continue;
		if (key->name == NULL)
			return VD_PIPE_WRONG(
				r, map->keys[i], "the key %.*s is not known here", VD_SHOW(name));
		if (vd_yaml_is_null(map->items[i]) && !key->required)
			continue;
		enum vd_status st = read_key(r, map->items[i], key, ret);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}
