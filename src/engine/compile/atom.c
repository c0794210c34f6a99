#include "engine/compile/atom.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>

#include "base/time.h"
#include "base/utf8.h"

bool
vd_atom_prepare(struct vd_arena *arena, struct vd_atom *atom)
{
	if (atom->kind != VD_ATOM_PATTERN || atom->cased)
		return true;
	for (size_t i = 0; i < atom->n_tokens; i++) {
		struct vd_token *token = &atom->tokens[i];
		if (token->kind != VD_TOK_TEXT)
			continue;
		char *to = vd_arena_alloc(arena, vd_fold_bound(token->text.len));
		if (to == NULL)
			return false;
		token->text = (struct vd_str){to, vd_fold(to, token->text.at, token->text.len)};
	}
	return true;
}

/* bytes of the code point at text[i], 1 where it is no valid sequence */
static size_t
char_len(struct vd_str text, size_t i)
{
	size_t n = vd_utf8_valid_at(text.at + i, text.len - i);
	return n == 0 ? 1 : n;
}

static bool
is_dash(const char *at, size_t n)
{
	if (n == 1)
		return *at == '-' || *at == '/';
	/* U+2013 U+2014 U+2015 */
	return n == 3 && memcmp(at, "\xe2\x80", 2) == 0 && (unsigned char)at[2] >= 0x93 &&
	       (unsigned char)at[2] <= 0x95;
}

/* bytes that one token takes at text[i], or -1; ANY is the caller's */
static ptrdiff_t
token_takes(const struct vd_token *token, struct vd_str text, size_t i)
{
	if (token->kind == VD_TOK_TEXT) {
		if (text.len - i < token->text.len)
			return -1;
		return token->text.len == 0 || memcmp(text.at + i, token->text.at, token->text.len) == 0
			       ? (ptrdiff_t)token->text.len
			       : -1;
	}
	if (i == text.len)
		return -1;
	size_t n = char_len(text, i);
	if (token->kind == VD_TOK_ONE)
		return (ptrdiff_t)n;
	return token->kind == VD_TOK_DASH && is_dash(text.at + i, n) ? (ptrdiff_t)n : -1;
}

/* The next place from i on where a token behind an ANY may begin; SIZE_MAX: there is none. */
static size_t
next_place(const struct vd_token *token, struct vd_str text, size_t i)
{
	if (token->kind != VD_TOK_TEXT || token->text.len == 0)
		return i;
	const char *found =
		i >= text.len ? NULL : memmem(text.at + i, text.len - i, token->text.at, token->text.len);
	return found == NULL ? SIZE_MAX : (size_t)(found - text.at);
}

/* The classic two-pointer walk: on a mismatch only the last ANY gives more, up to the next place of what follows it. */
bool
vd_tokens_match(const struct vd_token *tokens, size_t n, struct vd_str text)
{
	size_t t = 0, i = 0, back_t = SIZE_MAX, back_i = 0;
	for (;;) {
		if (t < n && tokens[t].kind == VD_TOK_ANY) {
			back_t = ++t;
			if (t == n)
				return true;
			if ((i = next_place(&tokens[t], text, i)) == SIZE_MAX)
				return false;
			back_i = i;
			continue;
		}
		ptrdiff_t takes = t < n ? token_takes(&tokens[t], text, i) : -1;
		if (takes >= 0) {
			t++;
			i += (size_t)takes;
			continue;
		}
		if (t == n && i == text.len)
			return true;
		if (back_t == SIZE_MAX || back_i >= text.len)
			return false;
		back_i = next_place(&tokens[back_t], text, back_i + char_len(text, back_i));
		if (back_i == SIZE_MAX)
			return false;
		t = back_t;
		i = back_i;
	}
}

bool
vd_compare_doubles(double a, enum vd_compare compare, double b)
{
	switch (compare) {
	case VD_CMP_LT:
		return a < b;
	case VD_CMP_LTE:
		return a <= b;
	case VD_CMP_GT:
		return a > b;
	case VD_CMP_GTE:
		return a >= b;
	case VD_CMP_EQ:
		return !(a < b) && !(a > b);
	case VD_CMP_NEQ:
		return a < b || a > b;
	}
	return false;
}

bool
vd_address_parse(struct vd_str text, struct vd_address *ret)
{
	char room[INET6_ADDRSTRLEN + 1];
	text = vd_str_trim(text);
	if (text.len == 0 || text.len >= sizeof room)
		return false;
	memcpy(room, text.at, text.len);
	room[text.len] = '\0';
	ret->v4 = false;
	if (inet_pton(AF_INET6, room, ret->at) == 1)
		return true;
	*ret = (struct vd_address){.at = {[10] = 0xff, [11] = 0xff}, .v4 = true};
	return inet_pton(AF_INET, room, ret->at + 12) == 1;
}

bool
vd_cidr_holds(const struct vd_atom *atom, const struct vd_address *address)
{
	size_t whole = atom->prefix / 8u, rest = atom->prefix % 8u;
	if (address->v4 && atom->prefix < VD_CIDR_V4_BITS)
		return false;
	if (memcmp(atom->addr, address->at, whole) != 0)
		return false;
	return rest == 0 || ((atom->addr[whole] ^ address->at[whole]) >> (8 - rest)) == 0;
}

bool
vd_time_holds(const struct vd_atom *atom, const struct vd_time_parts *parts)
{
	int part = 0;
	switch (atom->unit) {
	case VD_TIME_MINUTE:
		part = parts->minute;
		break;
	case VD_TIME_HOUR:
		part = parts->hour;
		break;
	case VD_TIME_DAY:
		part = parts->day;
		break;
	case VD_TIME_WEEK:
		part = parts->week;
		break;
	case VD_TIME_MONTH:
		part = parts->month;
		break;
	case VD_TIME_YEAR:
		part = parts->year;
		break;
	}
	return vd_compare_doubles(part, atom->compare, atom->number);
}

struct vd_str
vd_number_text(struct vd_str raw, char room[VD_NUMBER_TEXT_MAX])
{
	size_t digits = raw.len > 0 && raw.at[0] == '-' ? 1 : 0;
	bool plain = raw.len > digits && !(raw.len == 2 && digits == 1 && raw.at[1] == '0');
	for (size_t i = digits; plain && i < raw.len; i++)
		plain = raw.at[i] >= '0' && raw.at[i] <= '9';
	if (plain)
		return raw;
	double number;
	if (!vd_str_double(raw, &number) || !isfinite(number))
		return (struct vd_str){room, 0};
	/* those that fit 64 bits, as plain integers are written */
	bool whole = number >= -0x1p63 && number < 0x1p63 && floor(number) >= number;
	int n = 0;
	if (whole)
		n = snprintf(room, VD_NUMBER_TEXT_MAX, "%lld", (long long)number);
	else
		for (int precision = 1; precision <= 17;
			precision++) { /* the shortest text that reads back the same */
			n = snprintf(room, VD_NUMBER_TEXT_MAX, "%.*g", precision, number);
			double again;
			if (vd_str_double((struct vd_str){room, (size_t)n}, &again) && again >= number &&
				again <= number)
				break;
		}
	return (struct vd_str){room, n < 0 ? 0 : (size_t)n};
}

struct vd_str
vd_atom_number_text(const struct vd_atom *atom, char room[VD_NUMBER_TEXT_MAX])
{
	const struct vd_str none = {room, 0};
	if (atom->kind != VD_ATOM_PATTERN || atom->n_tokens != 1 || atom->tokens[0].kind != VD_TOK_TEXT)
		return none;
	struct vd_str written = atom->tokens[0].text;
	/* an exponent is a letter: cased texts mean the one that is written */
	if (atom->cased && (memchr(written.at, 'e', written.len) != NULL ||
				   memchr(written.at, 'E', written.len) != NULL))
		return none;
	struct vd_str number = vd_number_text(written, room);
	return number.at == written.at || vd_str_eq(number, written) ? none : number;
}

/* no wildcards: what the pattern means is one text, but for its dashes */
static bool
is_exact(const struct vd_atom *atom)
{
	for (size_t i = 0; i < atom->n_tokens; i++)
		if (atom->tokens[i].kind != VD_TOK_TEXT && atom->tokens[i].kind != VD_TOK_DASH)
			return false;
	return true;
}

static bool
pattern_holds(const struct vd_atom *atom, const struct vd_value_forms *value)
{
	if (vd_tokens_match(atom->tokens, atom->n_tokens, atom->cased ? value->raw : value->folded))
		return true;
	if (value->is_number) {
		char room[VD_NUMBER_TEXT_MAX];
		struct vd_str number = vd_atom_number_text(atom, room);
		if (number.len != 0)
			return vd_str_eq(number, value->number.len != 0 ? value->number : value->raw);
	}
	if (value->number.len == 0 || !is_exact(atom))
		return false;
	/* an exponent is a letter: cased texts mean the one that is written */
	return (!atom->cased || memchr(value->number.at, 'e', value->number.len) == NULL) &&
	       vd_tokens_match(atom->tokens, atom->n_tokens, value->number);
}

bool
vd_atom_holds(const struct vd_atom *atom, const struct vd_value_forms *value, struct vd_regex_match *match)
{
	struct vd_address address;
	double number;
	struct vd_time_parts parts;
	switch (atom->kind) {
	case VD_ATOM_PATTERN:
		return pattern_holds(atom, value);
	case VD_ATOM_REGEX:
		return atom->regex != NULL && vd_regex_search(atom->regex, match, value->raw) == VD_REGEX_YES;
	case VD_ATOM_CIDR:
		return vd_address_parse(value->raw, &address) && vd_cidr_holds(atom, &address);
	case VD_ATOM_NUMBER:
		return vd_str_double(vd_str_trim(value->raw), &number) &&
		       vd_compare_doubles(number, atom->compare, atom->number);
	case VD_ATOM_TIME:
		return vd_time_parts(value->raw, &parts) && vd_time_holds(atom, &parts);
	case VD_ATOM_NULL:
	case VD_ATOM_EXISTS:
	case VD_ATOM_FIELDREF:
		break;
	}
	return false;
}
