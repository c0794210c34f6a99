#include "engine/compile/needs.h"

#include "engine/compile/commonness.h"
#include "engine/sigma/regex.h"

static void
need(struct vd_needs *needs, unsigned char c)
{
	needs->bytes[c / 64] |= (uint64_t)1 << (c % 64);
}

static unsigned char
small(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static void
need_text(struct vd_needs *needs, struct vd_str text, bool cased)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];
		needs->chars += (c & 0xc0) != 0x80;
		/* folding writes other bytes for characters that are not ASCII: a folded text has them already */
		if (c < 0x80 || !cased)
			need(needs, small(c));
	}
}

struct vd_needs
vd_needs_tokens(const struct vd_token *tokens, size_t n, bool cased)
{
	struct vd_needs needs = {.chars = 0};
	for (size_t i = 0; i < n; i++) {
		if (tokens[i].kind == VD_TOK_TEXT)
			need_text(&needs, tokens[i].text, cased);
		else if (tokens[i].kind != VD_TOK_ANY)
			needs.chars++;
	}
	return needs;
}

struct vd_needs
vd_needs_regex(const struct vd_regex *regex, const struct vd_required *required)
{
	struct vd_needs needs = {.chars = vd_regex_min_chars(regex)};
	for (unsigned c = 0; c < 128; c++)
		if ((required->bytes[c / 64] >> (c % 64)) & 1)
			need(&needs, small((unsigned char)c));
	return needs;
}

struct vd_needs
vd_needs_atom(const struct vd_atom *atom, char *room)
{
	if (atom->kind == VD_ATOM_PATTERN)
		return vd_needs_tokens(atom->tokens, atom->n_tokens, atom->cased);
	if (atom->kind != VD_ATOM_REGEX || atom->regex == NULL)
		return (struct vd_needs){.chars = 0};
	struct vd_required required = vd_required_find(atom->text, room);
	return vd_needs_regex(atom->regex, &required);
}

static bool
has(const struct vd_needs *needs, unsigned c)
{
	return (needs->bytes[c / 64] >> (c % 64)) & 1;
}

/* The bytes in the order of few, each in its case and the other. */
static struct vd_byte_group
group_of(const struct vd_needs_few *few)
{
	struct vd_byte_group group = {{0}, {0}};
	for (unsigned i = 0; i < few->n; i++) {
		unsigned char c = few->bytes[i], bit = (unsigned char)(1u << i);
		group.low[c & 15] |= bit;
		group.high[c >> 4] |= bit;
		if (c >= 'a' && c <= 'z')
			group.high[(c ^ 0x20) >> 4] |= bit;
	}
	return group;
}

struct vd_needs_few
vd_needs_few(const struct vd_needs *needs)
{
	struct vd_needs_few few = {.chars = needs->chars};
	double frequency[VD_NEEDS_FEW];
	for (unsigned c = ' '; c < 256; c++) {
		double own = vd_commonness((unsigned char)c);
		if (!has(needs, c) || (few.n == VD_NEEDS_FEW && frequency[VD_NEEDS_FEW - 1] <= own))
			continue;
		unsigned at = few.n == VD_NEEDS_FEW ? VD_NEEDS_FEW - 1u : few.n++;
		for (; at > 0 && frequency[at - 1] > own; at--) {
			few.bytes[at] = few.bytes[at - 1];
			frequency[at] = frequency[at - 1];
		}
		few.bytes[at] = (uint8_t)c;
		frequency[at] = own;
	}
	few.group = group_of(&few);
	return few;
}

bool
vd_needs_found(const struct vd_needs_few *few, struct vd_str json)
{
	return vd_bytes_look_group(&few->group, json) == (1u << few->n) - 1;
}
