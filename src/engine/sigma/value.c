#include "engine/sigma/parse.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/sigma/load.h"

/* ---- scalars ---- */

/* Hexadecimal and octal integers; false: text is none, or does not fit 64 bits. */
static bool
is_radix_number(struct vd_str text, uint64_t *ret)
{
	if (text.len < 3 || text.len > 18 || text.at[0] != '0' || (text.at[1] != 'x' && text.at[1] != 'o'))
		return false;
	char digits[20];
	memcpy(digits, text.at + 2, text.len - 2);
	digits[text.len - 2] = '\0';
	const char *allowed = text.at[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567";
	if (strspn(digits, allowed) != text.len - 2)
		return false;
	*ret = strtoull(digits, NULL, text.at[1] == 'x' ? 16 : 8);
	return true;
}

/* The shortest decimal text that reads back as the same number. */
static enum vd_status
shortest(struct vd_build *b, double number, struct vd_str *ret)
{
	char text[40];
	for (int precision = 1; precision <= 17; precision++) {
		(void)snprintf(text, sizeof text, "%.*g", precision, number);
		if (strtod(text, NULL) == number)
			break;
	}
	return vd_arena_str(b->arena, vd_str_from(text), ret) ? VD_OK : VD_BUILD_NOMEM(b);
}

bool
vd_yaml_truth(const struct vd_yaml *node, bool *ret)
{
	if (vd_yaml_bool(node, ret))
		return true;
	if (node->kind != VD_YAML_SCALAR || !node->plain)
		return false;
	bool yes = vd_str_ieq(node->text, VD_S("yes")) || vd_str_ieq(node->text, VD_S("on"));
	if (!yes && !vd_str_ieq(node->text, VD_S("no")) && !vd_str_ieq(node->text, VD_S("off")))
		return false;
	*ret = yes;
	return true;
}

/*
 * Numbers stay as they are written wherever JSON would read them the same ("10.0" is a version as often as a
 * number); so do digits behind leading zeros.
 */
enum vd_status
vd_scalar_text(struct vd_build *b, const struct vd_yaml *node, struct vd_str *ret)
{
	bool truth;
	double number;
	uint64_t whole;
	if (vd_yaml_bool(node, &truth)) {
		*ret = truth ? VD_S("true") : VD_S("false");
		return VD_OK;
	}
	*ret = node->text;
	if (!node->plain || !vd_yaml_number(node, &number) || vd_str_double(node->text, &number))
		return VD_OK;
	if (is_radix_number(node->text, &whole)) {
		VD_BUILD_DEGRADE(b, node->pos, "number-hex",
			"%.*s is the number %llu to YAML and compared as that: put it in quotes if the text "
			"is meant",
			VD_SHOW(node->text), (unsigned long long)whole);
		char *text = vd_arena_printf(b->arena, "%llu", (unsigned long long)whole);
		if (text == NULL)
			return VD_BUILD_NOMEM(b);
		*ret = vd_str_from(text);
		return VD_OK;
	}
	struct vd_str text = node->text;
	if (text.at[0] == '+')
		text = (struct vd_str){text.at + 1, text.len - 1};
	if (vd_str_double(text, &number)) {
		*ret = text;
		return VD_OK;
	}
	if (memchr(text.at, '.', text.len) == NULL)
		return VD_OK;
	return shortest(b, number, ret);
}

enum vd_status
vd_field_name(struct vd_build *b, struct vd_str written, struct vd_str *ret)
{
	char *name = vd_arena_dup(b->arena, written.at, written.len);
	if (name == NULL)
		return VD_BUILD_NOMEM(b);
	size_t n = 0;
	for (size_t i = 0; i < written.len; i++)
		if (written.at[i] != ' ' && written.at[i] != '\t')
			name[n++] = written.at[i];
	name[n] = '\0';
	*ret = (struct vd_str){name, n};
	return VD_OK;
}

/* ---- patterns ---- */

/* Tokens are at most as many as bytes; text of all of them is at most as long as the input. */
struct scan {
	struct vd_token *tokens;
	size_t n, cap;
	char *text; /* next free byte for plain text */
	size_t run; /* bytes of the token being written */
	struct vd_arena *arena;
};

static bool
push(struct scan *s, enum vd_token_kind kind, struct vd_str text)
{
	if (kind == VD_TOK_ANY && s->n != 0 && s->tokens[s->n - 1].kind == VD_TOK_ANY)
		return true; /* two stars are one */
	if (s->n == s->cap) {
		size_t cap = s->cap == 0 ? 4 : s->cap * 2;
		struct vd_token *grown = vd_arena_array(s->arena, cap, sizeof *grown);
		if (grown == NULL)
			return false;
		if (s->n != 0)
			memcpy(grown, s->tokens, s->n * sizeof *grown);
		s->tokens = grown;
		s->cap = cap;
	}
	s->tokens[s->n++] = (struct vd_token){kind, text};
	return true;
}

static bool
end_run(struct scan *s)
{
	if (s->run == 0)
		return true;
	struct vd_str text = {s->text - s->run, s->run};
	s->run = 0;
	return push(s, VD_TOK_TEXT, text);
}

/* Length of "%name%" at text[0], 0 if it is none.  A name has no blanks and is not empty. */
static size_t
placeholder_at(struct vd_str text)
{
	for (size_t i = 1; i < text.len; i++) {
		char c = text.at[i];
		if (c == '%')
			return i > 1 ? i + 1 : 0;
		if ((unsigned char)c <= ' ' || c == '\\' || c == '*' || c == '?')
			return 0;
	}
	return 0;
}

/* One step; returns the bytes it took, 0 when out of memory. */
static size_t
scan_step(struct scan *s, struct vd_str rest, bool with_placeholders)
{
	char c = rest.at[0], next = rest.len > 1 ? rest.at[1] : '\0';
	if (c == '\\' && rest.len > 1 &&
		(next == '\\' || next == '*' || next == '?' || (with_placeholders && next == '%'))) {
		*s->text++ = next;
		s->run++;
		return 2;
	}
	size_t named = c == '%' && with_placeholders ? placeholder_at(rest) : 0;
	if (c != '*' && c != '?' && named == 0) {
		*s->text++ = c;
		s->run++;
		return 1;
	}
	if (!end_run(s))
		return 0;
	if (named != 0)
		return push(s, VD_TOK_PLACEHOLDER, (struct vd_str){rest.at + 1, named - 2}) ? named : 0;
	return push(s, c == '*' ? VD_TOK_ANY : VD_TOK_ONE, (struct vd_str){0}) ? 1 : 0;
}

enum vd_status
vd_pattern_parse(struct vd_arena *arena, struct vd_str text, bool with_placeholders, size_t *ret_n,
	struct vd_token **ret, struct vd_err *err)
{
	if (text.len > VD_RULE_MAX_VALUE_LEN)
		return vd_fail(err, VD_ELIMIT, "a value of %zu bytes, more than 65,536", text.len);
	char *plain = vd_arena_alloc(arena, text.len + 1);
	if (plain == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a value");
	struct scan s = {.text = plain, .arena = arena};
	for (size_t i = 0; i < text.len;) {
		size_t took = scan_step(&s, (struct vd_str){text.at + i, text.len - i}, with_placeholders);
		if (took == 0)
			return vd_fail(err, VD_ENOMEM, "no memory for a value");
		i += took;
	}
	if (!end_run(&s))
		return vd_fail(err, VD_ENOMEM, "no memory for a value");
	*ret_n = s.n;
	*ret = s.tokens;
	return VD_OK;
}
