/* The steps of a modifier chain on one pattern: wildcards around it, dashes, UTF-16, Base64. */
#include "engine/sigma/parse.h"

#include <nettle/base64.h>

#include "base/utf8.h"

#define N_DASHES 5u

static const struct vd_str dashes[N_DASHES] = {
	{"-", 1}, {"/", 1}, {"\xe2\x80\x93", 3}, {"\xe2\x80\x94", 3}, {"\xe2\x80\x95", 3}};

/* ---- contains, startswith, endswith ---- */

static enum vd_status
add_any(struct vd_build *b, struct vd_atom *atom, bool before, bool after)
{
	struct vd_token *tokens = vd_arena_array(b->arena, atom->n_tokens + 2, sizeof *tokens);
	if (tokens == NULL)
		return VD_BUILD_NOMEM(b);
	size_t n = 0;
	if (before)
		tokens[n++].kind = VD_TOK_ANY;
	if (atom->n_tokens != 0)
		memcpy(tokens + n, atom->tokens, atom->n_tokens * sizeof *tokens);
	n += atom->n_tokens;
	if (after && (n == 0 || tokens[n - 1].kind != VD_TOK_ANY))
		tokens[n++].kind = VD_TOK_ANY;
	atom->tokens = tokens;
	atom->n_tokens = n;
	return VD_OK;
}

/*
 * A regular expression is searched, so contains adds nothing to it; startswith and endswith bind it to the very
 * ends of the value.
 */
static enum vd_status
wrap_regex(struct vd_build *b, struct vd_atom *atom, enum vd_part part)
{
	if (part == VD_PART_CONTAINS || part == VD_PART_WHOLE)
		return VD_OK;
	struct vd_token *tokens = vd_arena_array(b->arena, atom->n_tokens + 2, sizeof *tokens);
	if (tokens == NULL)
		return VD_BUILD_NOMEM(b);
	tokens[0] = (struct vd_token){VD_TOK_TEXT, part == VD_PART_STARTS ? VD_S("\\A(?:") : VD_S("(?:")};
	if (atom->n_tokens != 0)
		memcpy(tokens + 1, atom->tokens, atom->n_tokens * sizeof *tokens);
	tokens[atom->n_tokens + 1] =
		(struct vd_token){VD_TOK_TEXT, part == VD_PART_STARTS ? VD_S(")") : VD_S(")\\z")};
	atom->tokens = tokens;
	atom->n_tokens += 2;
	return VD_OK;
}

enum vd_status
vd_atom_wrap(struct vd_build *b, struct vd_atom *atom, enum vd_part part)
{
	if (atom->kind == VD_ATOM_REGEX)
		return wrap_regex(b, atom, part);
	bool starts_any = atom->n_tokens != 0 && atom->tokens[0].kind == VD_TOK_ANY;
	bool ends_any = atom->n_tokens != 0 && atom->tokens[atom->n_tokens - 1].kind == VD_TOK_ANY;
	bool before = (part == VD_PART_CONTAINS || part == VD_PART_ENDS) && !starts_any;
	bool after = (part == VD_PART_CONTAINS || part == VD_PART_STARTS) && !ends_any;
	return before || after ? add_any(b, atom, before, after) : VD_OK;
}

/* ---- windash ---- */

/* Beyond ASCII: signs, punctuation, arrows, drawings, emoji.  All else there is a letter or digit to windash. */
static const struct {
	uint32_t first, last;
} no_words[] = {
	{0x80, 0xa9},
	{0xab, 0xb1},
	{0xb4, 0xb4},
	{0xb6, 0xb8},
	{0xbb, 0xbb},
	{0xbf, 0xbf},
	{0xd7, 0xd7},
	{0xf7, 0xf7},
	{0x2000, 0x206f},
	{0x20a0, 0x20cf},
	{0x2190, 0x23ff},
	{0x2500, 0x2bff},
	{0x3000, 0x3004},
	{0x3008, 0x3020},
	{0xff01, 0xff0f},
	{0x1f000, 0x1faff},
};

/* Letters, digits and _, as Python's \w sees them. */
static bool
is_word(uint32_t c)
{
	if (c < 0x80)
		return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
	for (size_t i = 0; i < VD_ARRAY_LEN(no_words); i++)
		if (c >= no_words[i].first && c <= no_words[i].last)
			return false;
	return true;
}

static uint32_t
code_at(const char *p, size_t n, size_t *ret_len)
{
	size_t len = vd_utf8_valid_at(p, n);
	if (len == 0) {
		*ret_len = 1;
		return (unsigned char)*p;
	}
	return vd_utf8_decode(p, len, ret_len);
}

/* Length of the dash at text[0], 0 if there is none. */
static size_t
dash_at(struct vd_str text)
{
	for (size_t i = 0; i < N_DASHES; i++)
		if (text.len >= dashes[i].len && memcmp(text.at, dashes[i].at, dashes[i].len) == 0)
			return dashes[i].len;
	return 0;
}

/* Cuts a text at the dashes that have no word character before and one after them.  tokens NULL: counts. */
static size_t
cut_at_dashes(struct vd_str text, struct vd_token *tokens)
{
	size_t n = 0, plain = 0;
	bool after_word = false;
	for (size_t i = 0; i < text.len;) {
		size_t len, next_len;
		uint32_t c = code_at(text.at + i, text.len - i, &len);
		size_t dash = dash_at((struct vd_str){text.at + i, text.len - i});
		bool opens = dash != 0 && !after_word && i + dash < text.len &&
			     is_word(code_at(text.at + i + dash, text.len - i - dash, &next_len));
		after_word = is_word(c);
		if (opens) {
			if (i > plain && tokens != NULL)
				tokens[n] = (struct vd_token){VD_TOK_TEXT, {text.at + plain, i - plain}};
			n += i > plain;
			if (tokens != NULL)
				tokens[n] = (struct vd_token){.kind = VD_TOK_DASH};
			n++;
			plain = i + dash;
		}
		i += len;
	}
	if (plain < text.len && tokens != NULL)
		tokens[n] = (struct vd_token){VD_TOK_TEXT, {text.at + plain, text.len - plain}};
	return n + (plain < text.len);
}

enum vd_status
vd_atom_windash(struct vd_build *b, struct vd_atom *atom)
{
	size_t n = 0;
	for (size_t i = 0; i < atom->n_tokens; i++)
		n += atom->tokens[i].kind == VD_TOK_TEXT ? cut_at_dashes(atom->tokens[i].text, NULL) : 1;
	if (n == atom->n_tokens)
		return VD_OK;
	struct vd_token *tokens = vd_arena_array(b->arena, n, sizeof *tokens);
	if (tokens == NULL)
		return VD_BUILD_NOMEM(b);
	size_t at = 0;
	for (size_t i = 0; i < atom->n_tokens; i++)
		if (atom->tokens[i].kind == VD_TOK_TEXT)
			at += cut_at_dashes(atom->tokens[i].text, tokens + at);
		else
			tokens[at++] = atom->tokens[i];
	atom->tokens = tokens;
	atom->n_tokens = n;
	return VD_OK;
}

/* ---- writing dashes out ---- */

static bool
joins(const struct vd_token *token)
{
	return token->kind == VD_TOK_TEXT || token->kind == VD_TOK_DASH;
}

/* Copies the tokens, dash number i being digit i of choice in base 5, and neighbouring texts made one. */
static enum vd_status
write_out(struct vd_build *b, const struct vd_atom *from, size_t choice, struct vd_atom *ret)
{
	*ret = *from;
	ret->tokens = vd_arena_array(b->arena, from->n_tokens, sizeof *ret->tokens);
	if (ret->tokens == NULL)
		return VD_BUILD_NOMEM(b);
	ret->n_tokens = 0;
	for (size_t i = 0; i < from->n_tokens;) {
		if (!joins(&from->tokens[i])) {
			ret->tokens[ret->n_tokens++] = from->tokens[i++];
			continue;
		}
		size_t len = 0, end = i;
		for (; end < from->n_tokens && joins(&from->tokens[end]); end++)
			len += VD_MAX(from->tokens[end].text.len, dashes[N_DASHES - 1].len);
		char *text = vd_arena_alloc(b->arena, len), *to = text;
		if (text == NULL)
			return VD_BUILD_NOMEM(b);
		for (; i < end; i++) {
			struct vd_str part = from->tokens[i].text;
			if (from->tokens[i].kind == VD_TOK_DASH) {
				part = dashes[choice % N_DASHES];
				choice /= N_DASHES;
			}
			memcpy(to, part.at, part.len);
			to += part.len;
		}
		ret->tokens[ret->n_tokens++] = (struct vd_token){VD_TOK_TEXT, {text, (size_t)(to - text)}};
	}
	return VD_OK;
}

/* How many plain variants an atom has; 0: too many. */
static size_t
count_variants(const struct vd_atom *atom)
{
	size_t variants = 1;
	for (size_t i = 0; i < atom->n_tokens; i++)
		if (atom->tokens[i].kind == VD_TOK_DASH) {
			variants *= N_DASHES;
			if (variants > VD_MAX_ALTERNATIVES)
				return 0;
		}
	return variants;
}

enum vd_status
vd_atoms_spread(struct vd_build *b, struct vd_pos pos, struct vd_atoms *atoms)
{
	size_t total = 0;
	for (size_t i = 0; i < atoms->n; i++) {
		size_t variants = count_variants(&atoms->at[i]);
		total += variants;
		if (variants == 0 || total > VD_MAX_ALTERNATIVES)
			return VD_BUILD_REJECT(b, pos, "limit",
				"windash before an encoding gives more than 4,096 values: split the text");
	}
	struct vd_atom *at = vd_arena_array(b->arena, total, sizeof *at);
	if (at == NULL)
		return VD_BUILD_NOMEM(b);
	size_t n = 0;
	for (size_t i = 0; i < atoms->n; i++) {
		size_t variants = count_variants(&atoms->at[i]);
		for (size_t choice = 0; choice < variants; choice++) {
			enum vd_status st = write_out(b, &atoms->at[i], choice, &at[n++]);
			if (st != VD_OK)
				return st;
		}
	}
	*atoms = (struct vd_atoms){total, at};
	return VD_OK;
}

/* ---- UTF-16 ---- */

static size_t
put_unit(char *to, uint32_t unit, bool big)
{
	to[big ? 1 : 0] = (char)(unit & 0xff);
	to[big ? 0 : 1] = (char)(unit >> 8 & 0xff);
	return 2;
}

static enum vd_status
to_utf16(struct vd_build *b, struct vd_str text, bool big, bool mark, struct vd_str *ret)
{
	char *bytes = vd_arena_alloc(b->arena, 2 * text.len + 2);
	if (bytes == NULL)
		return VD_BUILD_NOMEM(b);
	size_t n = mark ? put_unit(bytes, 0xfeff, big) : 0;
	for (size_t i = 0; i < text.len;) {
		size_t len;
		uint32_t c = code_at(text.at + i, text.len - i, &len);
		i += len;
		if (c >= 0x10000) {
			n += put_unit(bytes + n, 0xd800 + (c - 0x10000) / 0x400, big);
			c = 0xdc00 + (c - 0x10000) % 0x400;
		}
		n += put_unit(bytes + n, c, big);
	}
	*ret = (struct vd_str){bytes, n};
	return VD_OK;
}

enum vd_status
vd_atom_utf16(struct vd_build *b, struct vd_atom *atom, enum vd_encoding encoding)
{
	bool mark = encoding == VD_ENC_UTF16, big = encoding == VD_ENC_UTF16BE;
	/* one more: the byte order mark may need a token of its own */
	struct vd_token *tokens = vd_arena_array(b->arena, atom->n_tokens + 1, sizeof *tokens);
	if (tokens == NULL)
		return VD_BUILD_NOMEM(b);
	size_t n = 0;
	if (mark && (atom->n_tokens == 0 || atom->tokens[0].kind != VD_TOK_TEXT)) {
		tokens[n++] = (struct vd_token){VD_TOK_TEXT, VD_S("\xff\xfe")};
		mark = false;
	}
	for (size_t i = 0; i < atom->n_tokens; i++) {
		tokens[n] = atom->tokens[i];
		if (tokens[n].kind == VD_TOK_TEXT) {
			enum vd_status st =
				to_utf16(b, atom->tokens[i].text, big, mark && i == 0, &tokens[n].text);
			if (st != VD_OK)
				return st;
		}
		n++;
	}
	atom->tokens = tokens;
	atom->n_tokens = n;
	return VD_OK;
}

/* ---- Base64 ---- */

static enum vd_status
plain_bytes(struct vd_build *b, struct vd_pos pos, const struct vd_atom *atom, struct vd_str *ret)
{
	size_t len = 0;
	for (size_t i = 0; i < atom->n_tokens; i++) {
		if (atom->tokens[i].kind == VD_TOK_PLACEHOLDER)
			return VD_BUILD_REJECT(b, pos, "modifier-chain",
				"a placeholder cannot be encoded: encode the values themselves in the values "
				"file");
		if (atom->tokens[i].kind != VD_TOK_TEXT)
			return VD_BUILD_REJECT(b, pos, "value-wildcard",
				"Base64 of a wildcard has no meaning: write \\* or \\? for the plain "
				"character, or "
				"encode the parts on their own");
		len += atom->tokens[i].text.len;
	}
	char *bytes = vd_arena_alloc(b->arena, len + 1);
	if (bytes == NULL)
		return VD_BUILD_NOMEM(b);
	*ret = (struct vd_str){bytes, len};
	for (size_t i = 0; i < atom->n_tokens; i++) {
		memcpy(bytes, atom->tokens[i].text.at, atom->tokens[i].text.len);
		bytes += atom->tokens[i].text.len;
	}
	return VD_OK;
}

/*
 * Base64 of bytes as it looks when `offset` unknown bytes stand before them and any bytes after, cut to the
 * characters that depend on them alone.
 */
static enum vd_status
encode(struct vd_build *b, struct vd_str bytes, size_t offset, bool cut, struct vd_str *ret)
{
	static const size_t lead[3] = {0, 2, 3}, tail[3] = {0, 3, 2};
	char *padded = vd_arena_zalloc(b->arena, bytes.len + offset + 1);
	size_t n = BASE64_ENCODE_RAW_LENGTH(bytes.len + offset);
	char *text = vd_arena_alloc(b->arena, n + 1);
	if (padded == NULL || text == NULL)
		return VD_BUILD_NOMEM(b);
	memcpy(padded + offset, bytes.at, bytes.len);
	base64_encode_raw(text, bytes.len + offset, (const uint8_t *)padded);
	size_t from = cut ? lead[offset] : 0, to = cut ? n - tail[(bytes.len + offset) % 3] : n;
	*ret = (struct vd_str){text + VD_MIN(from, to), to > from ? to - from : 0};
	return VD_OK;
}

static enum vd_status
add_base64(struct vd_build *b, const struct vd_atom *like, struct vd_str bytes, size_t offset, bool cut,
	struct vd_atoms *to)
{
	struct vd_str text;
	enum vd_status st = encode(b, bytes, offset, cut, &text);
	if (st != VD_OK)
		return st;
	if (cut && text.len == 0)
		return VD_OK; /* nothing is certain at this offset, and an empty text would be found anywhere */
	struct vd_atom *atom = &to->at[to->n];
	*atom = *like;
	atom->n_tokens = text.len != 0;
	atom->tokens = vd_arena_zalloc(b->arena, sizeof *atom->tokens);
	if (atom->tokens == NULL)
		return VD_BUILD_NOMEM(b);
	atom->tokens[0] = (struct vd_token){VD_TOK_TEXT, text};
	to->n++;
	return VD_OK;
}

enum vd_status
vd_atoms_base64(struct vd_build *b, struct vd_pos pos, struct vd_atoms *atoms, bool offset)
{
	enum vd_status st = vd_atoms_spread(b, pos, atoms);
	if (st != VD_OK)
		return st;
	size_t each = offset ? 3 : 1;
	struct vd_atoms to = {0, vd_arena_array(b->arena, atoms->n * each, sizeof *to.at)};
	if (to.at == NULL)
		return VD_BUILD_NOMEM(b);
	if (atoms->n * each > VD_MAX_ALTERNATIVES)
		return VD_BUILD_REJECT(b, pos, "limit", "more than 4,096 encoded values: split the text");
	for (size_t i = 0; i < atoms->n; i++) {
		struct vd_str bytes = {0};
		st = plain_bytes(b, pos, &atoms->at[i], &bytes);
		for (size_t k = 0; st == VD_OK && k < each; k++)
			st = add_base64(b, &atoms->at[i], bytes, k, offset, &to);
		if (st != VD_OK)
			return st;
	}
	if (to.n == 0)
		return VD_BUILD_REJECT(
			b, pos, "value-empty", "base64offset of nothing: give the text to look for");
	*atoms = to;
	return VD_OK;
}
