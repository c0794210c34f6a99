#include "event/repair.h"

#include "base/utf8.h"
#include "event/decode.h"

enum expect {
	EXPECT_FIRST, /* after an opener: a member or element, or the closer */
	EXPECT_NEXT,  /* after a comma: the same, and the closer makes the comma one too many */
	EXPECT_COMMA, /* after a value: a comma or the closer */
};

struct repair {
	struct vd_arena *arena;
	const struct vd_repair_sink *sink;
	struct vd_err *err;
	const char *at;
	size_t len, i;
	uint32_t repaired;
	uint32_t depth;
	uint8_t containers[VD_EVENT_MAX_DEPTH]; /* enum vd_field_type */
};

/* Words with the place of byte i. */
static enum vd_status
broken(const struct repair *r, size_t i, const char *what)
{
	uint32_t line = 1;
	size_t from = 0;
	for (const char *end; (end = memchr(r->at + from, '\n', i - from)) != NULL; line++)
		from = (size_t)(end - r->at) + 1;
	return vd_fail_at(r->err, VD_EINPUT, line, (uint32_t)(i - from) + 1, "%s", what);
}

static enum vd_status
no_memory(const struct repair *r)
{
	return vd_fail(r->err, VD_ENOMEM, "no memory to repair an event of %zu bytes", r->len);
}

static void
note_control(struct repair *r, unsigned char c)
{
	r->repaired |= c == 0 ? VD_REPAIRED_NUL : VD_REPAIRED_CONTROL;
}

static void
skip_blanks(struct repair *r)
{
	for (; r->i < r->len; r->i++) {
		unsigned char c = (unsigned char)r->at[r->i];
		if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
			continue;
		if (c > ' ')
			return;
		note_control(r, c);
	}
}

/* i is behind the opening quote; moves it behind the closing one and counts what must be replaced. */
static enum vd_status
find_string_end(struct repair *r, struct vd_str *ret_raw, size_t *ret_invalid)
{
	size_t from = r->i;
	*ret_invalid = 0;
	while (r->i < r->len) {
		unsigned char c = (unsigned char)r->at[r->i];
		if (c == '"') {
			*ret_raw = (struct vd_str){r->at + from, r->i++ - from};
			return VD_OK;
		}
		size_t step = c < 0x80 ? 1 : vd_utf8_valid_at(r->at + r->i, r->len - r->i);
		if (c < 0x20)
			note_control(r, c);
		if (step == 0) {
			(*ret_invalid)++;
			step = 1;
		}
		/* an escaped quote does not end the string; a bad byte behind a backslash is looked at next
		 */
		if (c == '\\' && r->i + 1 < r->len && (r->at[r->i + 1] == '"' || r->at[r->i + 1] == '\\'))
			step = 2;
		r->i += step;
	}
	return broken(r, from - 1, "a string that begins here does not end");
}

/* The string whose opening quote is at i, decoded and valid UTF-8; i moves behind it. */
static enum vd_status
string(struct repair *r, struct vd_str *ret)
{
	struct vd_str raw;
	size_t invalid;
	r->i++;
	enum vd_status st = find_string_end(r, &raw, &invalid);
	if (st != VD_OK)
		return st;
	if (invalid == 0 && (raw.len == 0 || memchr(raw.at, '\\', raw.len) == NULL)) {
		*ret = raw;
		return VD_OK;
	}
	/* each invalid byte grows to the three of U+FFFD; decoding in place only shrinks */
	char *to = vd_arena_alloc(r->arena, raw.len + 2 * invalid);
	if (to == NULL)
		return no_memory(r);
	size_t n = raw.len;
	if (invalid != 0) {
		r->repaired |= VD_REPAIRED_UTF8;
		n = vd_utf8_repair(to, raw.at, raw.len);
	} else {
		memcpy(to, raw.at, n);
	}
	*ret = (struct vd_str){to, vd_json_decode_into(to, (struct vd_str){to, n})};
	return VD_OK;
}

static size_t
skip_digits(struct vd_str a, size_t i)
{
	while (i < a.len && a.at[i] >= '0' && a.at[i] <= '9')
		i++;
	return i;
}

/* RFC 8259 section 6, of any length */
static bool
is_number(struct vd_str a)
{
	size_t i = a.len > 0 && a.at[0] == '-', from = i;
	i = skip_digits(a, i);
	if (i == from || (i > from + 1 && a.at[from] == '0'))
		return false;
	if (i < a.len && a.at[i] == '.') {
		from = ++i;
		i = skip_digits(a, i);
		if (i == from)
			return false;
	}
	if (i < a.len && (a.at[i] == 'e' || a.at[i] == 'E')) {
		i++;
		if (i < a.len && (a.at[i] == '+' || a.at[i] == '-'))
			i++;
		from = i;
		i = skip_digits(a, i);
		if (i == from)
			return false;
	}
	return i == a.len;
}

static bool
is_word_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
	       c == '-' || c == '.' || c == '_';
}

/* A number, true, false, null, or a word that JSON does not know (NaN, None, 0x1f), taken as text. */
static enum vd_status
word(struct repair *r, struct vd_repair_value *ret)
{
	size_t from = r->i;
	while (r->i < r->len && is_word_char(r->at[r->i]))
		r->i++;
	ret->text = (struct vd_str){r->at + from, r->i - from};
	if (ret->text.len == 0)
		return broken(r, from, "expected a value");
	if (is_number(ret->text)) {
		ret->type = VD_F_NUMBER;
	} else if (vd_str_is(ret->text, "true") || vd_str_is(ret->text, "false")) {
		ret->type = VD_F_BOOL;
	} else if (vd_str_is(ret->text, "null")) {
		ret->type = VD_F_NULL;
	} else {
		ret->type = VD_F_STRING;
		r->repaired |= VD_REPAIRED_SYNTAX;
	}
	return VD_OK;
}

/* Behind the closer of the container at i, brackets counted and strings stepped over; 0: it does not end. */
static size_t
container_end(const struct repair *r)
{
	size_t i = r->i, open = 0;
	bool quoted = false;
	for (; i < r->len; i++) {
		char c = r->at[i];
		if (c == '"') {
			quoted = !quoted;
		} else if (quoted) {
			i += c == '\\';
		} else if (c == '{' || c == '[') {
			open++;
		} else if ((c == '}' || c == ']') && --open == 0) {
			return i + 1;
		}
	}
	return 0;
}

/*
 * The container at i, too deep to be walked, as one text: strings decoded so that what rules look for can be
 * found in it, all else as written.
 */
static enum vd_status
deep_value(struct repair *r, struct vd_str *ret)
{
	size_t end = container_end(r);
	if (end == 0)
		return broken(r, r->i, "an object or array that begins here does not end");
	/* a byte gives at most the three of U+FFFD */
	char *first = vd_arena_alloc(r->arena, 3 * (end - r->i)), *to = first;
	if (first == NULL)
		return no_memory(r);
	r->repaired |= VD_REPAIRED_DEPTH;
	while (r->i < end) {
		const char *quote = memchr(r->at + r->i, '"', end - r->i);
		size_t run = quote == NULL ? end - r->i : (size_t)(quote - (r->at + r->i));
		if (!vd_utf8_valid(r->at + r->i, run))
			r->repaired |= VD_REPAIRED_UTF8;
		to += vd_utf8_repair(to, r->at + r->i, run);
		r->i += run;
		struct vd_str text;
		if (quote == NULL)
			break;
		enum vd_status st = string(r, &text);
		if (st != VD_OK)
			return st;
		*to++ = '"';
		memcpy(to, text.at, text.len);
		to += text.len;
		*to++ = '"';
	}
	*ret = (struct vd_str){first, (size_t)(to - first)};
	return VD_OK;
}

/* The value at i; leaves i behind it, or inside a container, one level deeper. */
static enum vd_status
value(struct repair *r, enum expect *expect)
{
	struct vd_repair_value got = {VD_F_STRING, {"", 0}};
	enum vd_status st;
	char c = r->at[r->i];
	if ((c == '{' || c == '[') && r->depth < VD_EVENT_MAX_DEPTH) {
		enum vd_field_type container = c == '{' ? VD_F_OBJECT : VD_F_ARRAY;
		r->containers[r->depth++] = (uint8_t)container;
		r->i++;
		*expect = EXPECT_FIRST;
		return r->sink->open(r->sink->owner, container, r->err);
	}
	if (c == '{' || c == '[')
		st = deep_value(r, &got.text);
	else if (c == '"')
		st = string(r, &got.text);
	else
		st = word(r, &got);
	*expect = EXPECT_COMMA;
	return st == VD_OK ? r->sink->scalar(r->sink->owner, &got, r->err) : st;
}

/* A key and its colon; leaves i at the value. */
static enum vd_status
key(struct repair *r)
{
	if (r->at[r->i] != '"')
		return broken(r, r->i, "expected a key in double quotes or '}'");
	struct vd_str text;
	enum vd_status st = string(r, &text);
	if (st == VD_OK)
		st = r->sink->key(r->sink->owner, text, r->err);
	if (st != VD_OK)
		return st;
	skip_blanks(r);
	if (r->i >= r->len || r->at[r->i] != ':')
		return broken(r, r->i, "expected ':' after a key");
	r->i++;
	skip_blanks(r);
	return r->i < r->len ? VD_OK : broken(r, r->i, "the event ends where a value must stand");
}

static enum vd_status
close_container(struct repair *r, enum expect *expect)
{
	if (*expect == EXPECT_NEXT)
		r->repaired |= VD_REPAIRED_SYNTAX;
	*expect = EXPECT_COMMA;
	r->i++;
	r->depth--;
	return r->sink->close(r->sink->owner, r->containers[r->depth], r->err);
}

/* What stands at i inside the innermost container. */
static enum vd_status
step(struct repair *r, enum expect *expect)
{
	bool object = r->containers[r->depth - 1] == VD_F_OBJECT;
	char c = r->at[r->i];
	if (c == (object ? '}' : ']'))
		return close_container(r, expect);
	if (*expect == EXPECT_COMMA) {
		if (c != ',')
			return broken(r, r->i,
				object ? "expected ',' or '}' after a value"
				       : "expected ',' or ']' after a value");
		r->i++;
		*expect = EXPECT_NEXT;
		return VD_OK;
	}
	if (c == ',') {
		r->i++;
		r->repaired |= VD_REPAIRED_SYNTAX;
		return VD_OK;
	}
	enum vd_status st = object ? key(r) : VD_OK;
	return st == VD_OK ? value(r, expect) : st;
}

enum vd_status
vd_event_repair(struct vd_arena *arena, struct vd_str text, const struct vd_repair_sink *sink,
	uint32_t *ret_repaired, struct vd_err *err)
{
	struct repair r = {.arena = arena, .sink = sink, .err = err, .at = text.at, .len = text.len};
	skip_blanks(&r);
	if (r.i >= r.len)
		return broken(&r, r.i, "an empty event");
	if (r.at[r.i] != '{')
		return broken(&r, r.i, "an event must be a JSON object and begin with '{'");
	enum expect expect = EXPECT_FIRST;
	enum vd_status st = value(&r, &expect);
	while (st == VD_OK && r.depth > 0) {
		skip_blanks(&r);
		st = r.i < r.len ? step(&r, &expect) : broken(&r, r.i, "the event ends before its last '}'");
	}
	if (st != VD_OK)
		return st;
	skip_blanks(&r);
	if (r.i < r.len)
		return broken(&r, r.i, "more text after the end of the event");
	*ret_repaired = r.repaired;
	return VD_OK;
}
