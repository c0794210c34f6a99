#include "engine/sigma/yaml.h"

#include <math.h>
#include <stdlib.h>
#include <yaml.h>

#include "base/mem.h"
#include "base/utf8.h"

#define MAX_ANCHORS 1024u /* a document; looked up one by one */
#define SMALL_MAP 12u     /* up to here every key is compared with every other */

/* libyaml counts places in characters; this walks the text along with it, forward only, and counts bytes. */
struct cursor {
	struct vd_str text;
	size_t character;
	size_t at;   /* byte offset of that character */
	size_t line; /* byte offset of the line's first character */
};

/* size is what the node costs once every alias in it is written out; height is its depth. */
struct anchor {
	const char *name;
	struct vd_yaml *node;
	size_t size;
	size_t height;
	bool open; /* an alias to it would be a circle */
};

struct frame {
	struct vd_yaml *node;
	size_t first; /* its children begin here in builder.kids */
	size_t size_before;
	size_t height;
	size_t anchor; /* SIZE_MAX: none */
};

struct builder {
	struct vd_arena *arena;
	struct vd_err *err;
	struct cursor cursor;
	size_t size; /* nodes of this document, aliases written out */
	size_t depth;
	struct frame frames[VD_YAML_MAX_DEPTH];
	size_t n_anchors;
	struct anchor *anchors;
	size_t n_kids, cap_kids;
	struct vd_yaml **kids; /* children of all open nodes; maps: key, value, key… */
	size_t n_docs, cap_docs;
	struct vd_yaml **docs;
	struct vd_yaml *root;
	size_t root_at;
};

static void
builder_fini(struct builder *b)
{
	vd_mem_free(b->kids);
	vd_mem_free(b->docs);
}

/* Bytes of the line break at p, 0 if there is none: what libyaml takes for one. */
static size_t
break_at(const char *p, size_t n)
{
	if (p[0] == '\n')
		return 1;
	if (p[0] == '\r')
		return n > 1 && p[1] == '\n' ? 2 : 1;
	if (n > 1 && memcmp(p, "\xc2\x85", 2) == 0)
		return 2;
	return n > 2 && memcmp(p, "\xe2\x80", 2) == 0 && (p[2] == '\xa8' || p[2] == '\xa9') ? 3 : 0;
}

static void
cursor_move(struct cursor *c, size_t character)
{
	while (c->character < character && c->at < c->text.len) {
		const char *p = c->text.at + c->at;
		size_t n = c->text.len - c->at;
		size_t ends_line = break_at(p, n);
		if (ends_line != 0) {
			c->character += *p == '\r' && ends_line == 2 ? 2 : 1;
			c->at += ends_line;
			c->line = c->at;
			continue;
		}
		unsigned char lead = (unsigned char)*p;
		size_t width = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
		c->at += VD_MIN(width, n);
		c->character++;
	}
}

static struct vd_pos
place(struct cursor *c, yaml_mark_t mark)
{
	cursor_move(c, mark.index);
	return (struct vd_pos){(uint32_t)(mark.line + 1), (uint32_t)(c->at - c->line + 1)};
}

static enum vd_status
no_memory(struct builder *b)
{
	return vd_fail(b->err, VD_ENOMEM, "no memory for a YAML document");
}

static enum vd_status
wrong(struct builder *b, struct vd_pos pos, const char *words)
{
	return vd_fail_at(b->err, VD_EINPUT, pos.line, pos.column, "%s", words);
}

static enum vd_status
too_large(struct builder *b, struct vd_pos pos, const char *words)
{
	return vd_fail_at(b->err, VD_ELIMIT, pos.line, pos.column, "%s", words);
}

/* ---- anchors ---- */

static enum vd_status
anchor_add(struct builder *b, const yaml_char_t *name, struct vd_yaml *node, size_t *ret)
{
	*ret = SIZE_MAX;
	if (name == NULL)
		return VD_OK;
	const char *text = (const char *)name;
	for (size_t i = 0; i < b->n_anchors; i++)
		if (strcmp(b->anchors[i].name, text) == 0)
			return vd_fail_at(b->err, VD_EINPUT, node->pos.line, node->pos.column,
				"anchor &%.64s stands here and in line %u: give each its own name", text,
				b->anchors[i].node->pos.line);
	if (b->n_anchors == MAX_ANCHORS)
		return too_large(b, node->pos, "more than 1,024 anchors in a document: write the values out");
	if (b->anchors == NULL) {
		b->anchors = vd_arena_array(b->arena, MAX_ANCHORS, sizeof *b->anchors);
		if (b->anchors == NULL)
			return no_memory(b);
	}
	char *kept = vd_arena_dup(b->arena, text, strlen(text));
	if (kept == NULL)
		return no_memory(b);
	b->anchors[b->n_anchors] =
		(struct anchor){.name = kept, .node = node, .size = 1, .height = 1, .open = true};
	*ret = b->n_anchors++;
	return VD_OK;
}

static const struct anchor *
anchor_find(const struct builder *b, const yaml_char_t *name)
{
	for (size_t i = 0; i < b->n_anchors; i++)
		if (strcmp(b->anchors[i].name, (const char *)name) == 0)
			return &b->anchors[i];
	return NULL;
}

/* ---- the tree ---- */

static enum vd_status
count_nodes(struct builder *b, struct vd_pos pos, size_t more)
{
	if (more > VD_YAML_MAX_NODES || b->size > VD_YAML_MAX_NODES - more)
		return too_large(b, pos,
			"more than 200,000 nodes in a document (each alias counts as much as what it stands "
			"for): "
			"split it");
	b->size += more;
	return VD_OK;
}

/* Hangs a finished or just opened node below the open one. */
static enum vd_status
attach(struct builder *b, struct vd_yaml *node)
{
	if (b->depth == 0) {
		b->root = node;
		b->root_at = b->cursor.at;
		return VD_OK;
	}
	struct frame *f = &b->frames[b->depth - 1];
	size_t n = b->n_kids - f->first;
	if (f->node->kind == VD_YAML_MAP && n % 2 == 0) {
		if (node->kind != VD_YAML_SCALAR)
			return wrong(
				b, node->pos, "a list or a map stands as a key: a key must be a plain word");
		if (vd_str_is(node->text, "<<") && node->plain)
			return wrong(b, node->pos, "merge key <<: Sigma has none, write the values out");
	}
	void *grown = b->kids;
	if (!vd_mem_grow(&grown, &b->cap_kids, b->n_kids + 1, sizeof *b->kids, 64))
		return no_memory(b);
	b->kids = grown;
	b->kids[b->n_kids++] = node;
	return VD_OK;
}

static struct vd_yaml *
new_node(struct builder *b, enum vd_yaml_kind kind, yaml_mark_t mark)
{
	struct vd_yaml *node = vd_arena_zalloc(b->arena, sizeof *node);
	if (node != NULL) {
		node->kind = kind;
		node->pos = place(&b->cursor, mark);
	}
	return node;
}

#define CORE_TAG "tag:yaml.org,2002:"

/* An explicit tag of the core schema is taken at its word; others have no meaning here. */
static enum vd_status
check_tag(struct builder *b, struct vd_yaml *node, const yaml_char_t *tag)
{
	if (tag == NULL || strcmp((const char *)tag, "!") == 0)
		return VD_OK;
	struct vd_str name = vd_str_from((const char *)tag);
	if (vd_str_starts(name, CORE_TAG)) {
		name.at += sizeof CORE_TAG - 1;
		name.len -= sizeof CORE_TAG - 1;
		switch (node->kind) {
		case VD_YAML_MAP:
			if (vd_str_is(name, "map"))
				return VD_OK;
			break;
		case VD_YAML_LIST:
			if (vd_str_is(name, "seq"))
				return VD_OK;
			break;
		case VD_YAML_SCALAR:
			node->plain = !vd_str_is(name, "str");
			if (!node->plain || vd_str_is(name, "int") || vd_str_is(name, "float") ||
				vd_str_is(name, "bool") || vd_str_is(name, "null"))
				return VD_OK;
			break;
		}
	}
	return wrong(b, node->pos, "a YAML tag that means nothing in a Sigma rule: remove it");
}

static enum vd_status
on_scalar(struct builder *b, const yaml_event_t *ev)
{
	struct vd_yaml *node = new_node(b, VD_YAML_SCALAR, ev->start_mark);
	if (node == NULL)
		return no_memory(b);
	struct vd_str text = {(const char *)ev->data.scalar.value, ev->data.scalar.length};
	if (!vd_arena_str(b->arena, text, &node->text))
		return no_memory(b);
	node->plain = ev->data.scalar.plain_implicit && ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	size_t anchor;
	enum vd_status st = check_tag(b, node, ev->data.scalar.tag);
	if (st == VD_OK)
		st = count_nodes(b, node->pos, 1);
	if (st == VD_OK)
		st = anchor_add(b, ev->data.scalar.anchor, node, &anchor);
	if (st != VD_OK)
		return st;
	if (anchor != SIZE_MAX)
		b->anchors[anchor].open = false;
	return attach(b, node);
}

static enum vd_status
on_alias(struct builder *b, const yaml_event_t *ev)
{
	struct vd_pos pos = place(&b->cursor, ev->start_mark);
	const struct anchor *anchor = anchor_find(b, ev->data.alias.anchor);
	const char *name = (const char *)ev->data.alias.anchor;
	if (anchor == NULL)
		return vd_fail_at(b->err, VD_EINPUT, pos.line, pos.column,
			"alias *%.64s: no anchor &%.64s stands before it (put a text that begins with * in "
			"quotes)",
			name, name);
	if (anchor->open)
		return vd_fail_at(b->err, VD_EINPUT, pos.line, pos.column,
			"alias *%.64s stands inside the value it names", name);
	enum vd_status st = count_nodes(b, pos, anchor->size);
	if (st != VD_OK)
		return st;
	if (b->depth + anchor->height > VD_YAML_MAX_DEPTH)
		return too_large(b, pos, "nested deeper than 64 levels");
	if (b->depth != 0) {
		struct frame *f = &b->frames[b->depth - 1];
		f->height = VD_MAX(f->height, anchor->height + 1);
	}
	return attach(b, anchor->node);
}

static enum vd_status
on_open(struct builder *b, enum vd_yaml_kind kind, const yaml_event_t *ev, const yaml_char_t *anchor_name,
	const yaml_char_t *tag)
{
	struct vd_yaml *node = new_node(b, kind, ev->start_mark);
	if (node == NULL)
		return no_memory(b);
	size_t size_before = b->size, anchor;
	enum vd_status st = check_tag(b, node, tag);
	if (st == VD_OK)
		st = count_nodes(b, node->pos, 1);
	if (st == VD_OK)
		st = anchor_add(b, anchor_name, node, &anchor);
	if (st == VD_OK)
		st = attach(b, node);
	if (st != VD_OK)
		return st;
	if (b->depth == VD_YAML_MAX_DEPTH)
		return too_large(b, node->pos, "nested deeper than 64 levels");
	b->frames[b->depth++] = (struct frame){
		.node = node, .first = b->n_kids, .size_before = size_before, .height = 2, .anchor = anchor};
	return VD_OK;
}

static enum vd_status
duplicate(struct builder *b, const struct vd_yaml *first, const struct vd_yaml *second)
{
	return vd_fail_at(b->err, VD_EINPUT, second->pos.line, second->pos.column,
		"key \"%.*s\" stands here and in line %u column %u: only one can count, remove or rename the "
		"other",
		(int)VD_MIN(first->text.len, (size_t)100), first->text.at, first->pos.line,
		first->pos.column);
}

static int
by_text_then_place(const void *a, const void *b)
{
	const struct vd_yaml *x = *(const struct vd_yaml *const *)a, *y = *(const struct vd_yaml *const *)b;
	int order = vd_str_cmp(x->text, y->text);
	if (order != 0)
		return order;
	if (x->pos.line != y->pos.line)
		return x->pos.line < y->pos.line ? -1 : 1;
	return (x->pos.column > y->pos.column) - (x->pos.column < y->pos.column);
}

static enum vd_status
check_keys(struct builder *b, const struct vd_yaml *map)
{
	if (map->n <= SMALL_MAP) {
		for (size_t i = 1; i < map->n; i++)
			for (size_t k = 0; k < i; k++)
				if (vd_str_eq(map->keys[i]->text, map->keys[k]->text))
					return duplicate(b, map->keys[k], map->keys[i]);
		return VD_OK;
	}
	struct vd_yaml **sorted = vd_arena_array(b->arena, map->n, sizeof *sorted);
	if (sorted == NULL)
		return no_memory(b);
	memcpy(sorted, map->keys, map->n * sizeof *sorted);
	qsort(sorted, map->n, sizeof *sorted, by_text_then_place);
	for (size_t i = 1; i < map->n; i++)
		if (vd_str_eq(sorted[i]->text, sorted[i - 1]->text))
			return duplicate(b, sorted[i - 1], sorted[i]);
	return VD_OK;
}

static enum vd_status
on_close(struct builder *b)
{
	struct frame *f = &b->frames[b->depth - 1];
	struct vd_yaml *node = f->node;
	size_t n = b->n_kids - f->first;
	struct vd_yaml **kids = b->n_kids == 0 ? b->kids : b->kids + f->first;
	if (node->kind == VD_YAML_LIST) {
		node->n = n;
		node->items = vd_arena_array(b->arena, n, sizeof *node->items);
		if (node->items == NULL)
			return no_memory(b);
		if (n != 0)
			memcpy(node->items, kids, n * sizeof *kids);
	} else {
		node->n = n / 2;
		node->keys = vd_arena_array(b->arena, node->n, sizeof *node->keys);
		node->items = vd_arena_array(b->arena, node->n, sizeof *node->items);
		if (node->keys == NULL || node->items == NULL)
			return no_memory(b);
		for (size_t i = 0; i < node->n; i++) {
			node->keys[i] = kids[2 * i];
			node->items[i] = kids[2 * i + 1];
		}
		enum vd_status st = check_keys(b, node);
		if (st != VD_OK)
			return st;
	}
	b->n_kids = f->first;
	if (f->anchor != SIZE_MAX) {
		b->anchors[f->anchor].open = false;
		b->anchors[f->anchor].size = b->size - f->size_before;
		b->anchors[f->anchor].height = f->height;
	}
	b->depth--;
	if (b->depth != 0) {
		struct frame *above = &b->frames[b->depth - 1];
		above->height = VD_MAX(above->height, f->height + 1);
	}
	return VD_OK;
}

/* ---- documents ---- */

static enum vd_status
on_document_end(struct builder *b, const yaml_event_t *ev)
{
	struct vd_yaml *root = b->root;
	(void)place(&b->cursor, ev->start_mark);
	if (root == NULL)
		return VD_OK;
	if (root->kind != VD_YAML_SCALAR)
		root->text = vd_str_trim(
			(struct vd_str){b->cursor.text.at + b->root_at, b->cursor.at - b->root_at});
	else if (vd_yaml_is_null(root))
		return VD_OK; /* nothing between two markers is no document */
	void *grown = b->docs;
	if (!vd_mem_grow(&grown, &b->cap_docs, b->n_docs + 1, sizeof *b->docs, 8))
		return no_memory(b);
	b->docs = grown;
	b->docs[b->n_docs++] = root;
	return VD_OK;
}

static void
begin_document(struct builder *b)
{
	b->size = 0;
	b->depth = 0;
	b->n_anchors = 0;
	b->n_kids = 0;
	b->root = NULL;
}

static enum vd_status
on_event(struct builder *b, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		begin_document(b);
		return VD_OK;
	case YAML_DOCUMENT_END_EVENT:
		return on_document_end(b, ev);
	case YAML_SCALAR_EVENT:
		return on_scalar(b, ev);
	case YAML_ALIAS_EVENT:
		return on_alias(b, ev);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(
			b, VD_YAML_LIST, ev, ev->data.sequence_start.anchor, ev->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return on_open(b, VD_YAML_MAP, ev, ev->data.mapping_start.anchor, ev->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(b);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
		break;
	}
	return VD_OK;
}

static enum vd_status
syntax_error(struct builder *b, const yaml_parser_t *parser)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return no_memory(b);
	const char *problem = parser->problem == NULL ? "not YAML" : parser->problem;
	const yaml_mark_t *began = &parser->context_mark;
	struct vd_pos pos = place(&b->cursor, parser->problem_mark);
	/* where a value is missing, libyaml names the place where it would begin: what is open says more */
	bool missing = parser->context != NULL && began->index == parser->problem_mark.index;
	if (missing && b->depth != 0) {
		const struct vd_yaml *open = b->frames[b->depth - 1].node;
		return vd_fail_at(b->err, VD_EINPUT, pos.line, pos.column,
			"not YAML: %s (in a %s that begins in line %u)", problem,
			open->kind == VD_YAML_MAP ? "map" : "list", open->pos.line);
	}
	if (parser->context != NULL && !missing)
		return vd_fail_at(b->err, VD_EINPUT, pos.line, pos.column,
			"not YAML: %s (%s that begins in line %zu)", problem, parser->context,
			began->line + 1);
	return vd_fail_at(b->err, VD_EINPUT, pos.line, pos.column, "not YAML: %s", problem);
}

static enum vd_status
run_parser(struct builder *b)
{
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser))
		return no_memory(b);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)b->cursor.text.at, b->cursor.text.len);
	enum vd_status st = VD_OK;
	for (bool done = false; st == VD_OK && !done;) {
		yaml_event_t ev;
		if (!yaml_parser_parse(&parser, &ev)) {
			st = syntax_error(b, &parser);
			break;
		}
		st = on_event(b, &ev);
		done = ev.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&ev);
	}
	yaml_parser_delete(&parser);
	return st;
}

/*
 * Offset of the first byte that YAML does not allow (control characters, broken UTF-8), or the length.  libyaml
 * reads ahead and would let such a byte spoil the documents before it; so the text is cut there first.
 */
static size_t
readable(struct vd_str text)
{
	for (size_t i = 0; i < text.len;) {
		unsigned char c = (unsigned char)text.at[i];
		if ((c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t' || c == '\r') {
			i++;
			continue;
		}
		size_t n = c < 0x80 ? 0 : vd_utf8_valid_at(text.at + i, text.len - i);
		if (n == 0)
			return i;
		uint32_t code = vd_utf8_decode(text.at + i, n, &n);
		if ((code < 0xa0 && code != 0x85) || code == 0xfeff || code == 0xfffe || code == 0xffff)
			return i;
		i += n;
	}
	return text.len;
}

static enum vd_status
unreadable(struct builder *b, struct vd_str whole, size_t at)
{
	struct vd_pos pos = {1, 1};
	for (size_t i = 0; i < at;) {
		size_t n = break_at(whole.at + i, at - i);
		pos.line += n != 0;
		pos.column = n != 0 ? 1 : pos.column + 1;
		i += n == 0 ? 1 : n;
	}
	if (at + 1 < whole.len &&
		(memcmp(whole.at + at, "\xff\xfe", 2) == 0 || memcmp(whole.at + at, "\xfe\xff", 2) == 0))
		return wrong(b, pos, "UTF-16: save the file as UTF-8");
	return vd_fail_at(b->err, VD_EINPUT, pos.line, pos.column,
		"byte 0x%02x: a character that YAML does not allow, or no UTF-8; remove it or write it as an "
		"escape "
		"in double quotes",
		(unsigned)(unsigned char)whole.at[at]);
}

static enum vd_status
parse_all(struct builder *b, struct vd_str text)
{
	size_t good = readable(text);
	b->cursor.text = (struct vd_str){text.at, good};
	enum vd_status st = run_parser(b);
	if (good == text.len || st == VD_ENOMEM)
		return st;
	/* what the cut text ends with is not whole */
	if (st == VD_OK && b->n_docs != 0)
		b->n_docs--;
	return unreadable(b, text, good);
}

enum vd_status
vd_yaml_parse(struct vd_arena *arena, struct vd_str text, struct vd_yaml ***ret_docs, size_t *ret_n,
	struct vd_err *err)
{
	*ret_docs = NULL;
	*ret_n = 0;
	if (text.len > VD_YAML_MAX_BYTES)
		return vd_fail_at(err, VD_ELIMIT, 1, 1,
			"%zu bytes of YAML, more than the 16 MiB that are read: split the file", text.len);
	if (vd_str_starts(text, "\xef\xbb\xbf")) {
		text.at += 3;
		text.len -= 3;
	}
	struct builder b = {.arena = arena, .err = err};
	enum vd_status st = parse_all(&b, text);
	struct vd_yaml **docs = vd_arena_array(arena, b.n_docs, sizeof *docs);
	if (docs == NULL)
		st = no_memory(&b);
	else if (b.n_docs != 0) {
		memcpy(docs, b.docs, b.n_docs * sizeof *docs);
		*ret_docs = docs;
		*ret_n = b.n_docs;
	}
	builder_fini(&b);
	return st;
}

/* ---- reading nodes ---- */

const struct vd_yaml *
vd_yaml_get(const struct vd_yaml *map, const char *key)
{
	if (map == NULL || map->kind != VD_YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->n; i++)
		if (vd_str_is(map->keys[i]->text, key))
			return map->items[i];
	return NULL;
}

static bool
is_one_of(struct vd_str text, const char *const words[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (vd_str_is(text, words[i]))
			return true;
	return false;
}

bool
vd_yaml_is_null(const struct vd_yaml *node)
{
	static const char *const spellings[] = {"", "~", "null", "Null", "NULL"};
	return node->kind == VD_YAML_SCALAR && node->plain &&
	       is_one_of(node->text, spellings, VD_ARRAY_LEN(spellings));
}

bool
vd_yaml_bool(const struct vd_yaml *node, bool *ret)
{
	static const char *const yes[] = {"true", "True", "TRUE"}, *const no[] = {"false", "False", "FALSE"};
	if (node->kind != VD_YAML_SCALAR || !node->plain)
		return false;
	bool is_true = is_one_of(node->text, yes, VD_ARRAY_LEN(yes));
	if (!is_true && !is_one_of(node->text, no, VD_ARRAY_LEN(no)))
		return false;
	*ret = is_true;
	return true;
}

static size_t
skip_digits(const char *p)
{
	size_t n = 0;
	while (p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

/* [-+]? ( . digits | digits ( . digits? )? ) ( [eE] [-+]? digits )?, YAML 1.2.2 section 10.3.2 */
static bool
is_decimal(const char *p)
{
	if (*p == '-' || *p == '+')
		p++;
	size_t whole = skip_digits(p), part = 0;
	p += whole;
	if (*p == '.') {
		part = skip_digits(++p);
		p += part;
	}
	if (whole + part == 0)
		return false;
	if (*p == 'e' || *p == 'E') {
		p++;
		if (*p == '-' || *p == '+')
			p++;
		size_t n = skip_digits(p);
		if (n == 0)
			return false;
		p += n;
	}
	return *p == '\0';
}

bool
vd_yaml_number(const struct vd_yaml *node, double *ret)
{
	char text[128];
	if (node->kind != VD_YAML_SCALAR || !node->plain || node->text.len == 0 ||
		node->text.len >= sizeof text)
		return false;
	memcpy(text, node->text.at, node->text.len);
	text[node->text.len] = '\0';
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'o')) {
		bool hex = text[1] == 'x';
		size_t n = strspn(text + 2, hex ? "0123456789abcdefABCDEF" : "01234567");
		if (n == 0 || n > 16 || n + 2 != node->text.len)
			return false;
		*ret = (double)strtoull(text + 2, NULL, hex ? 16 : 8);
		return true;
	}
	if (!is_decimal(text))
		return false;
	double number = strtod(text, NULL);
	if (!isfinite(number))
		return false;
	*ret = number;
	return true;
}
