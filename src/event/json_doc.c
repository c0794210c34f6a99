#include "event/json_doc.h"

#include <string.h>

enum token { OUTSIDE, STRING, ESCAPE, WORD };

enum expect {
	KEY_OR_END, /* after '{' and, in objects, after a comma */
	COLON,
	VALUE,        /* after a colon */
	VALUE_OR_END, /* after '[' and, in arrays, after a comma */
	COMMA,        /* after a value: or the end */
	ANYTHING,     /* deeper than the levels told apart */
};

enum kind {
	OTHER,
	BLANK,
	NEWLINE,
	QUOTE,
	OPEN_OBJECT,
	OPEN_ARRAY,
	CLOSE_OBJECT,
	CLOSE_ARRAY,
	SEPARATOR,
	MAPS
};

static const uint8_t kinds[256] = {
	['\0'] = BLANK,
	[' '] = BLANK,
	['\t'] = BLANK,
	['\r'] = BLANK,
	['\n'] = NEWLINE,
	['"'] = QUOTE,
	['{'] = OPEN_OBJECT,
	['['] = OPEN_ARRAY,
	['}'] = CLOSE_OBJECT,
	[']'] = CLOSE_ARRAY,
	[','] = SEPARATOR,
	[':'] = MAPS,
};

void
vd_json_doc_start(struct vd_json_doc *doc, size_t column, bool element)
{
	*doc = (struct vd_json_doc){
		.column = column, .indent = SIZE_MAX, .next = SIZE_MAX, .element = element};
	doc->expect = VALUE;
}

void
vd_json_doc_forget(struct vd_json_doc *doc)
{
	doc->scanned = 0;
	doc->next = SIZE_MAX;
}

static bool
is_array(const struct vd_json_doc *doc, size_t level)
{
	return (doc->arrays[level / 64] >> (level % 64) & 1u) != 0;
}

static void
push(struct vd_json_doc *doc, bool array)
{
	size_t level = doc->depth++;
	if (level >= VD_JSON_DOC_LEVELS) {
		doc->expect = ANYTHING;
		return;
	}
	uint64_t bit = (uint64_t)1 << (level % 64);
	if (array)
		doc->arrays[level / 64] |= bit;
	else
		doc->arrays[level / 64] &= ~bit;
	doc->expect = array ? VALUE_OR_END : KEY_OR_END;
}

/* In a broken document a closer ends everything up to its own kind of opener; false: it has none. */
static bool
pop_to(struct vd_json_doc *doc, bool array)
{
	size_t level = doc->depth;
	while (level > 0 && is_array(doc, level - 1) != array)
		level--;
	if (level == 0)
		return false;
	doc->depth = level - 1;
	return true;
}

/* Takes a closer; false: it closes something around this document. */
static bool
pop(struct vd_json_doc *doc, bool array)
{
	if (doc->depth > VD_JSON_DOC_LEVELS) {
		doc->depth--;
		doc->expect = doc->depth > VD_JSON_DOC_LEVELS ? ANYTHING : COMMA;
		return true;
	}
	uint8_t empty = array ? VALUE_OR_END : KEY_OR_END;
	if (is_array(doc, doc->depth - 1) != array || (doc->expect != empty && doc->expect != COMMA))
		doc->broken = true;
	doc->expect = COMMA;
	if (!doc->broken) {
		doc->depth--;
		return true;
	}
	return pop_to(doc, array) || !(array && doc->element);
}

/* A value begins; false: none may stand here. */
static bool
take_value(struct vd_json_doc *doc, bool string)
{
	switch (doc->expect) {
	case VALUE:
	case VALUE_OR_END:
		doc->expect = COMMA;
		return true;
	case KEY_OR_END:
		doc->expect = COLON;
		return string;
	default:
		return doc->expect == ANYTHING;
	}
}

static bool
take_separator(struct vd_json_doc *doc)
{
	uint8_t was = doc->expect;
	if (was == ANYTHING)
		return true;
	doc->expect = is_array(doc, doc->depth - 1) ? VALUE_OR_END : KEY_OR_END;
	return was == COMMA || was == doc->expect;
}

static bool
take_maps(struct vd_json_doc *doc)
{
	uint8_t was = doc->expect;
	if (was != ANYTHING)
		doc->expect = VALUE;
	return was == COLON || was == ANYTHING;
}

/* '{' or '[' at i; true: this document is cut before it. */
static bool
take_opener(struct vd_json_doc *doc, size_t i, bool array)
{
	if (!array && doc->depth > 0 && doc->indent <= doc->column && doc->next == SIZE_MAX)
		doc->next = i;
	if (!doc->broken && !take_value(doc, false)) {
		doc->broken = true;
		/* an object where a key or a comma must stand, and nothing is open but the document: it was lost */
		if (!array && doc->depth == 1 && doc->next == SIZE_MAX)
			doc->next = i;
	}
	if (doc->broken && doc->next != SIZE_MAX)
		return true;
	push(doc, array);
	return false;
}

/* Moves i over the inside of a string to what may end it. */
static size_t
skip_string(const char *at, size_t i, size_t n)
{
	while (i < n && at[i] != '"' && at[i] != '\\' && at[i] != '\n')
		i++;
	return i;
}

/* at[i] inside a string; a raw line end breaks the document and ends the string. */
static void
in_string(struct vd_json_doc *doc, char c)
{
	if (doc->token == ESCAPE && c != '\n') {
		doc->token = STRING;
		return;
	}
	doc->token = c == '\\' ? ESCAPE : OUTSIDE;
	if (c == '\n') {
		doc->broken = true;
		doc->indent = 0;
	}
}

/* One character outside strings; false: the document ends or is cut before it. */
static bool
outside(struct vd_json_doc *doc, size_t i, char c)
{
	uint8_t kind = kinds[(unsigned char)c];
	bool sound = true, whole = true;
	if (kind == OTHER) {
		sound = doc->token == WORD || take_value(doc, false);
		doc->token = WORD;
		doc->broken |= !sound;
		doc->indent = SIZE_MAX;
		return true;
	}
	doc->token = OUTSIDE;
	switch (kind) {
	case BLANK:
		doc->indent += doc->indent != SIZE_MAX;
		return true;
	case NEWLINE:
		doc->indent = 0;
		return true;
	case QUOTE:
		doc->token = STRING;
		sound = take_value(doc, true);
		break;
	case OPEN_OBJECT:
	case OPEN_ARRAY:
		whole = !take_opener(doc, i, kind == OPEN_ARRAY);
		break;
	case CLOSE_OBJECT:
	case CLOSE_ARRAY:
		whole = pop(doc, kind == CLOSE_ARRAY);
		break;
	case SEPARATOR:
		sound = take_separator(doc);
		break;
	default:
		sound = take_maps(doc);
		break;
	}
	doc->broken |= !sound;
	doc->indent = SIZE_MAX;
	return whole;
}

/* Takes at[i] and, inside a string, what follows it; returns the last byte taken, n: none was left. */
static size_t
take(struct vd_json_doc *doc, const char *at, size_t i, size_t n, bool *ret_inside)
{
	*ret_inside = true;
	if (doc->token == STRING)
		i = skip_string(at, i, n);
	if (i == n)
		return n;
	if (doc->token == STRING || doc->token == ESCAPE)
		in_string(doc, at[i]);
	else
		*ret_inside = outside(doc, i, at[i]);
	return i;
}

enum vd_json_cut
vd_json_doc_scan(struct vd_json_doc *doc, const char *at, size_t n, size_t *ret_len)
{
	bool inside;
	while (doc->scanned < n) {
		size_t i = take(doc, at, doc->scanned, n, &inside);
		doc->scanned = i < n && inside ? i + 1 : i;
		if (doc->broken && doc->next != SIZE_MAX) {
			*ret_len = doc->next;
			return VD_JSON_CUT;
		}
		if (!inside || doc->depth == 0) {
			*ret_len = doc->scanned;
			return inside ? VD_JSON_WHOLE : VD_JSON_CUT;
		}
	}
	return VD_JSON_MORE;
}
