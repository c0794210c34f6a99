/*
 * The strict walk: RFC 8259 grammar over simdjson's structural index.  What it does not check is inside strings
 * nobody reads: an escape that does not exist is found (and kept as written) only when the value is decoded.
 */
#include "event/parser.h"

#include "event/json_index.h"

enum container { OBJECT, ARRAY };

struct level {
	uint64_t object; /* serial number, objects only */
	size_t from;     /* fields before this container */
	uint32_t node;   /* its name */
	uint8_t container;
	uint8_t flags; /* VD_FF_ELEMENT inside an array, at any depth */
};

struct walk {
	struct vd_event_parser *parser;
	const char *text;
	size_t len;
	const uint32_t *at; /* structural index; at[n] is len */
	size_t n, i;
	size_t depth;
	struct level levels[VD_EVENT_MAX_DEPTH];
};

static const char *
back_over_blanks(const char *from, const char *end)
{
	while (end > from && (end[-1] == ' ' || end[-1] == '\n' || end[-1] == '\r' || end[-1] == '\t'))
		end--;
	return end;
}

/* The string whose opening quote is at at[i]; NULL: what follows it is no string's end. */
static const char *
string_end(const struct walk *w, const char *first)
{
	const char *end = w->text + w->at[w->i + 1];
	if (VD_UNLIKELY(end[-1] != '"'))
		end = back_over_blanks(first, end);
	return end > first && end[-1] == '"' ? end - 1 : NULL;
}

/* A number as most are: digits, without a sign, a fraction or an exponent. */
VD_INLINE bool
is_plain_number(struct vd_str raw)
{
	bool plain = raw.len > 0 && raw.len < 19 && (raw.at[0] != '0' || raw.len == 1);
	for (size_t i = 0; plain && i < raw.len; i++)
		plain = raw.at[i] >= '0' && raw.at[i] <= '9';
	return plain;
}

static bool
is_number(struct vd_str raw)
{
	double ignored;
	return is_plain_number(raw) || vd_str_double(raw, &ignored);
}

static enum vd_status
broken(const struct walk *w, const char *what, struct vd_err *err)
{
	size_t offset = w->i < w->n ? w->at[w->i] : w->len;
	return vd_fail_at(err, VD_EINPUT, 1, (uint32_t)offset + 1, "%s", what);
}

static enum vd_status
scalar(struct walk *w, uint32_t node, unsigned flags, struct vd_err *err)
{
	const char *first = w->text + w->at[w->i];
	if (*first == '"') {
		const char *end = string_end(w, first + 1);
		if (end == NULL)
			return broken(w, "a string that does not end before the next value", err);
		return vd_event_add(w->parser, node, VD_F_STRING, flags, first + 1, (size_t)(end - first - 1))
			       ? VD_OK
			       : vd_event_full(w->parser, err);
	}
	const char *end = back_over_blanks(first, w->text + w->at[w->i + 1]);
	struct vd_str raw = {first, (size_t)(end - first)};
	enum vd_field_type type;
	if (is_number(raw))
		type = VD_F_NUMBER;
	else if (vd_str_is(raw, "true") || vd_str_is(raw, "false"))
		type = VD_F_BOOL;
	else if (vd_str_is(raw, "null"))
		type = VD_F_NULL;
	else
		return broken(
			w, "neither a string nor a number, true, false, null, an object or an array", err);
	return vd_event_add(w->parser, node, type, flags, raw.at, raw.len) ? VD_OK
									   : vd_event_full(w->parser, err);
}

static enum vd_status
open_container(struct walk *w, enum container container, uint32_t node, unsigned flags, struct vd_err *err)
{
	if (w->depth == VD_EVENT_MAX_DEPTH)
		return broken(w, "too many levels", err);
	struct vd_event_parser *parser = w->parser;
	struct level *level = &w->levels[w->depth];
	level->from = parser->n;
	const struct vd_name *name = &parser->names->nodes[node];
	enum vd_field_type type = container == OBJECT ? VD_F_OBJECT : VD_F_ARRAY;
	if (w->depth > 0 &&
		!(name->silent ? vd_event_pass(parser)
			       : vd_event_add(parser, node, type, flags, w->text + w->at[w->i], 1)))
		return vd_event_full(w->parser, err);
	level->container = (uint8_t)container;
	level->flags = (uint8_t)(flags | (container == ARRAY ? VD_FF_ELEMENT : 0));
	level->node = node;
	level->object = ++parser->objects;
	w->depth++;
	w->i++;
	return VD_OK;
}

/* The key at at[i], its colon behind it; leaves i at the value. */
VD_INLINE enum vd_status
key(struct walk *w, const struct level *level, uint32_t *ret_node, struct vd_err *err)
{
	struct vd_event_parser *parser = w->parser;
	const char *first = w->text + w->at[w->i] + 1;
	if (VD_UNLIKELY(first[-1] != '"'))
		return broken(w, "a key must stand in quotes", err);
	const char *end = string_end(w, first);
	if (VD_UNLIKELY(end == NULL || w->i + 2 >= w->n || w->text[w->at[w->i + 1]] != ':'))
		return broken(w, "a key without its colon and value", err);
	uint32_t node =
		vd_names_find(parser->names, level->node, (struct vd_str){first, (size_t)(end - first)});
	if (VD_UNLIKELY(node == 0))
		return vd_fail(err, VD_ENOMEM, "no memory for the name of a field");
	*ret_node = node;
	vd_event_seen(parser, node, level->object);
	w->i += 2;
	return VD_OK;
}

/* One value of name node at at[i]; leaves i behind it (or inside it, one level deeper). */
static enum vd_status
value(struct walk *w, uint32_t node, unsigned flags, struct vd_err *err)
{
	char c = w->text[w->at[w->i]];
	if (c == '{' || c == '[')
		return open_container(w, c == '{' ? OBJECT : ARRAY, node, flags, err);
	enum vd_status st = scalar(w, node, flags, err);
	w->i++;
	return st;
}

static enum vd_status
close_container(struct walk *w, struct vd_err *err)
{
	const struct level *level = &w->levels[--w->depth];
	w->i++;
	if (w->parser->names->nodes[level->node].kind == VD_NAME_DATA_ITEM && level->container == OBJECT &&
		!vd_event_name_data(w->parser, level->node, level->from))
		return vd_fail(err, VD_ENOMEM, "no memory for the name of a field");
	return VD_OK;
}

/* A string that ends right before end, or a plain number; false: anything else. */
VD_INLINE bool
plain_value(const char *first, const char *end, struct vd_str *ret_raw, enum vd_field_type *ret_type)
{
	*ret_type = *first == '"' ? VD_F_STRING : VD_F_NUMBER;
	if (VD_LIKELY(*first == '"')) {
		*ret_raw = (struct vd_str){first + 1, (size_t)(end - first - 2)};
		return end[-1] == '"' && end - 1 != first;
	}
	*ret_raw = (struct vd_str){first, (size_t)(end - first)};
	return is_plain_number(*ret_raw);
}

/*
 * Members as most are: a key, its colon and a value that ends right before the next comma, as long as they follow
 * one another.  Whatever else comes is left to the careful way: *ret_key says whether i is at a key (there is one to
 * read) or behind a value.
 */
VD_INLINE bool
plain_members(struct walk *w, const struct level *level, bool *ret_key)
{
	struct vd_event_parser *parser = w->parser;
	const uint32_t *at = w->at;
	const char *text = w->text;
	size_t i = w->i, n = w->n;
	bool ok = true;
	*ret_key = true;
	while (i + 4 <= n) {
		const char *first = text + at[i] + 1, *colon = text + at[i + 1], *end = text + at[i + 3];
		struct vd_str raw;
		enum vd_field_type type;
		if (VD_UNLIKELY(first[-1] != '"' || *colon != ':' || colon[-1] != '"' || colon == first ||
				!plain_value(text + at[i + 2], end, &raw, &type)))
			break;
		uint32_t node = vd_names_find(
			parser->names, level->node, (struct vd_str){first, (size_t)(colon - first - 1)});
		ok = node != 0;
		if (VD_UNLIKELY(!ok))
			break;
		vd_event_seen(parser, node, level->object);
		ok = vd_event_add(parser, node, type, level->flags, raw.at, raw.len);
		if (VD_UNLIKELY(!ok))
			break;
		i += 3;
		*ret_key = *end == ',' && i + 1 < n && text[at[i + 1]] == '"';
		if (!*ret_key)
			break;
		i++;
	}
	w->i = i;
	return ok;
}

/*
 * Members of an object from the key at at[i] on: one at least, and on as long as the values are scalars.  Stops
 * at a place step understands.
 */
static enum vd_status
members(struct walk *w, struct vd_err *err)
{
	const struct level *level = &w->levels[w->depth - 1];
	for (;;) {
		bool more;
		if (VD_UNLIKELY(!plain_members(w, level, &more)))
			return vd_event_full(w->parser, err);
		if (!more)
			return VD_OK;
		uint32_t node = 0;
		enum vd_status st = key(w, level, &node, err);
		if (VD_UNLIKELY(st != VD_OK))
			return st;
		st = value(w, node, level->flags, err);
		if (VD_UNLIKELY(st != VD_OK || &w->levels[w->depth - 1] != level))
			return st;
		if (w->i + 1 >= w->n || w->text[w->at[w->i]] != ',' || w->text[w->at[w->i + 1]] != '"')
			return VD_OK;
		w->i++;
	}
}

/* One member or element, or the end of the container at the top of the stack. */
static enum vd_status
step(struct walk *w, struct vd_err *err)
{
	const struct level *level = &w->levels[w->depth - 1];
	if (VD_UNLIKELY(w->i >= w->n))
		return broken(w, "the event ends inside an object or array", err);
	char c = w->text[w->at[w->i]], closer = level->container == OBJECT ? '}' : ']';
	char before = w->text[w->at[w->i - 1]], opener = level->container == OBJECT ? '{' : '[';
	if (c == closer && before != ',')
		return close_container(w, err);
	if (c == ',') {
		w->i++;
		if (before == opener || before == ',' || w->i >= w->n)
			return broken(w, "a comma without a value", err);
		c = w->text[w->at[w->i]];
	} else if (before != opener) {
		return broken(w, "a value where ',' or the end must stand", err);
	}
	if (c == closer)
		return broken(w, "a comma without a value", err);
	if (level->container == ARRAY)
		return value(w, level->node, level->flags, err);
	return members(w, err);
}

enum vd_status
vd_event_walk(struct vd_event_parser *parser, struct vd_str text, struct vd_err *err)
{
	struct walk w;
	w.parser = parser;
	w.text = text.at;
	w.len = text.len;
	w.i = 0;
	w.depth = 0;
	switch (vd_json_index_run(parser->index, text.at, text.len, &w.at, &w.n)) {
	case VD_JSON_INDEXED:
		break;
	case VD_JSON_NO_MEMORY:
		return vd_fail(err, VD_ENOMEM, "no memory to index an event of %zu bytes", text.len);
	default:
		return vd_fail_at(err, VD_EINPUT, 1, 1, "not valid JSON text");
	}
	if (text.at[w.at[0]] != '{')
		return broken(&w, "an event must be a JSON object", err);
	enum vd_status st = open_container(&w, OBJECT, 0, 0, err);
	while (st == VD_OK && w.depth > 0)
		st = step(&w, err);
	if (st == VD_OK && w.i != w.n)
		return broken(&w, "more text after the end of the event", err);
	return st;
}
