#include "engine/compile/set_builder.h"

#include "base/utf8.h"
#include "engine/compile/atom.h"
#include "engine/compile/required.h"
#include "engine/sigma/regex.h"

#define DASHES_EXPANDED 2u /* more dashes in one pattern become a regular expression */

static uint64_t
hash(const char *text, size_t len, uint64_t h)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
	return h ^ (h >> 29);
}

/* ---- entries ---- */

static bool
add_mark(struct vd_set_builder *builder, struct vd_set_entry *entry, struct vd_mark mark)
{
	for (const struct vd_mark_link *link = entry->marks; link != NULL; link = link->next)
		if (link->mark.item == mark.item && link->mark.bit == mark.bit)
			return true;
	struct vd_mark_link *link = vd_arena_zalloc(builder->scratch, sizeof *link);
	if (link == NULL)
		return false;
	*link = (struct vd_mark_link){mark, entry->marks};
	entry->marks = link;
	entry->n_marks++;
	builder->n_marks++;
	return true;
}

/* The entry of this text, made where it is new, with the mark; NULL: out of memory. */
static struct vd_set_entry *
add_entry(struct vd_set_builder *builder, enum vd_set_table table, unsigned flags, struct vd_str text,
	struct vd_mark mark)
{
	uint64_t h = hash(text.at, text.len, 0xcbf29ce484222325u + table * 31u + flags * 131u);
	struct vd_set_entry **slot = &builder->slots[h & (builder->n_slots - 1)];
	for (struct vd_set_entry *e = *slot; e != NULL; e = e->chain)
		if (e->table == table && e->flags == flags && e->len == text.len &&
			memcmp(e->text, text.at, text.len) == 0)
			return add_mark(builder, e, mark) ? e : NULL;
	/* what the tables point at outlives the builder */
	struct vd_arena *arena = table >= VD_TABLE_COMPLEX ? builder->scratch : builder->arena;
	struct vd_set_entry *e = vd_arena_zalloc(builder->scratch, sizeof *e);
	char *kept = e == NULL ? NULL : vd_arena_dup(arena, text.at, text.len);
	if (kept == NULL)
		return NULL;
	*e = (struct vd_set_entry){
		.table = table, .flags = flags, .text = kept, .len = text.len, .chain = *slot};
	*slot = e;
	*builder->last[table] = e;
	builder->last[table] = &e->next;
	builder->n[table]++;
	return add_mark(builder, e, mark) ? e : NULL;
}

static bool
add(struct vd_set_builder *builder, enum vd_set_table table, struct vd_str text, struct vd_mark mark)
{
	return add_entry(builder, table, 0, text, mark) != NULL;
}

/* ---- from tokens to tables ---- */

/* What makes two patterns the same. */
static void
write_pattern(struct vd_buf *to, const struct vd_token *tokens, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		vd_buf_printf(to, "%d:%zu:", (int)tokens[i].kind, tokens[i].text.len);
		vd_buf_str(to, tokens[i].text);
	}
}

/* The longest text of a pattern, folded, for the search; empty where it is too short to be told by. */
static bool
find_literal(struct vd_set_builder *builder, const struct vd_token *tokens, size_t n, struct vd_str *ret)
{
	struct vd_str longest = {"", 0};
	for (size_t i = 0; i < n; i++)
		if (tokens[i].kind == VD_TOK_TEXT && tokens[i].text.len > longest.len)
			longest = tokens[i].text;
	char *folded = vd_arena_alloc(builder->arena, vd_fold_bound(longest.len));
	if (folded == NULL)
		return false;
	*ret = (struct vd_str){folded, vd_fold(folded, longest.at, longest.len)};
	if (ret->len < VD_GRAM_SHORTEST)
		ret->len = 0;
	return true;
}

/* The bits of what is needed, of ASCII bytes only: others are rare and would leave these no room. */
static uint64_t
bits_of(struct vd_set_builder *builder, const struct vd_needs *needs)
{
	uint64_t bits = 0;
	for (unsigned c = 0; c < 128; c++)
		if ((needs->bytes[c / 64] >> (c % 64)) & 1)
			bits |= vd_bytes_add(&builder->bytes, (unsigned char)c);
	return bits;
}

static void
note_needs(struct vd_set_builder *builder, const struct vd_needs *needs, struct vd_set_entry *e)
{
	e->needs = bits_of(builder, needs);
	e->chars = needs->chars;
}

/* A pattern with wildcards inside, or a cased one: goes by its longest literal, without one every value is tried. */
static bool
add_complex(struct vd_set_builder *builder, const struct vd_token *tokens, size_t n, bool cased,
	struct vd_mark mark)
{
	struct vd_str literal;
	vd_buf_reset(&builder->text);
	write_pattern(&builder->text, tokens, n);
	if (builder->text.failed || !find_literal(builder, tokens, n, &literal))
		return false;
	enum vd_set_table table = literal.len == 0 ? VD_TABLE_EVERY : VD_TABLE_COMPLEX;
	struct vd_set_entry *e = add_entry(builder, table, cased ? VD_ENTRY_CASED_PATTERN : VD_ENTRY_PATTERN,
		vd_buf_view(&builder->text), mark);
	if (e == NULL || e->tokens != NULL)
		return e != NULL;
	struct vd_token *kept = vd_arena_array(builder->arena, n + 1, sizeof *kept);
	if (kept == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		kept[i] = tokens[i];
		if (tokens[i].kind == VD_TOK_TEXT &&
			!vd_arena_str(builder->arena, tokens[i].text, &kept[i].text))
			return false;
	}
	e->literal = literal;
	e->tokens = kept;
	e->n_tokens = n;
	struct vd_needs needs = vd_needs_tokens(tokens, n, cased);
	if (table == VD_TABLE_EVERY)
		note_needs(builder, &needs, e);
	return true;
}

/* One character anywhere: where it is ASCII its byte answers. */
static bool
add_character(struct vd_set_builder *builder, const struct vd_token tokens[3], struct vd_mark mark)
{
	struct vd_needs needs = vd_needs_tokens(tokens, 3, false);
	uint64_t bits = bits_of(builder, &needs);
	if (bits == 0)
		return add_complex(builder, tokens, 3, false, mark);
	struct vd_set_entry *e = add_entry(builder, VD_TABLE_EVERY, VD_ENTRY_CHARACTER, tokens[1].text, mark);
	if (e != NULL)
		e->needs = bits;
	return e != NULL;
}

/* A text anywhere. */
static bool
add_contained(struct vd_set_builder *builder, const struct vd_token tokens[3], struct vd_mark mark)
{
	struct vd_str text = tokens[1].text;
	if (text.len < VD_GRAM_SHORTEST)
		return add_character(builder, tokens, mark);
	return add(builder, VD_TABLE_CONTAINS, text, mark);
}

static bool
is_component(struct vd_str text)
{
	return text.len > 1 && text.at[0] == '\\' && memchr(text.at + 1, '\\', text.len - 1) == NULL;
}

static bool
add_open(struct vd_set_builder *builder, const struct vd_token *tokens, size_t n, struct vd_mark mark)
{
	bool text0 = tokens[0].kind == VD_TOK_TEXT, any0 = tokens[0].kind == VD_TOK_ANY;
	bool text1 = n > 1 && tokens[1].kind == VD_TOK_TEXT;
	if (n == 2 && text0 && tokens[1].kind == VD_TOK_ANY)
		return add(builder, VD_TABLE_PREFIX, tokens[0].text, mark);
	if (n == 2 && any0 && text1) {
		struct vd_str text = tokens[1].text;
		if (is_component(text))
			return add(builder, VD_TABLE_COMPONENT, (struct vd_str){text.at + 1, text.len - 1},
				mark);
		return add(builder, VD_TABLE_SUFFIX, text, mark);
	}
	if (n == 3 && any0 && text1 && tokens[2].kind == VD_TOK_ANY)
		return add_contained(builder, tokens, mark);
	return add_complex(builder, tokens, n, false, mark);
}

/* ASCII without letters: folding neither changes it nor makes it out of anything else */
static bool
has_no_case(struct vd_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];
		if (c >= 0x80 || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
			return false;
	}
	return true;
}

static bool
add_plain(struct vd_set_builder *builder, const struct vd_token *tokens, size_t n, bool cased,
	struct vd_mark mark)
{
	if (n == 1 && tokens[0].kind == VD_TOK_ANY)
		return add(builder, VD_TABLE_ALWAYS, VD_S(""), mark);
	/* what has no case goes with the rest, where numbers are found however they are written */
	if (cased && !(n == 1 && tokens[0].kind == VD_TOK_TEXT && has_no_case(tokens[0].text)))
		return add_complex(builder, tokens, n, cased, mark);
	if (n == 0)
		return add(builder, VD_TABLE_EXACT, VD_S(""), mark);
	if (n == 1 && tokens[0].kind == VD_TOK_TEXT)
		return add(builder, VD_TABLE_EXACT, tokens[0].text, mark);
	return add_open(builder, tokens, n, mark);
}

/* Joins neighbours, drops empty texts: the shapes above need one form.  Returns the new count. */
static size_t
normalise(struct vd_arena *scratch, struct vd_token *tokens, size_t n)
{
	size_t to = 0;
	for (size_t i = 0; i < n; i++) {
		if (tokens[i].kind == VD_TOK_TEXT && tokens[i].text.len == 0)
			continue;
		struct vd_token *before = to == 0 ? NULL : &tokens[to - 1];
		if (before != NULL && before->kind == tokens[i].kind && before->kind == VD_TOK_ANY)
			continue;
		if (before != NULL && before->kind == tokens[i].kind && before->kind == VD_TOK_TEXT) {
			size_t len = before->text.len + tokens[i].text.len;
			char *joined = vd_arena_alloc(scratch, len);
			if (joined == NULL)
				return SIZE_MAX;
			memcpy(joined, before->text.at, before->text.len);
			memcpy(joined + before->text.len, tokens[i].text.at, tokens[i].text.len);
			before->text = (struct vd_str){joined, len};
			continue;
		}
		tokens[to++] = tokens[i];
	}
	return to;
}

static bool
add_pattern(struct vd_set_builder *builder, const struct vd_atom *atom, struct vd_mark mark)
{
	static const struct vd_str dashes[] = {
		{"-", 1}, {"/", 1}, {"\xe2\x80\x93", 3}, {"\xe2\x80\x94", 3}, {"\xe2\x80\x95", 3}};
	size_t n_dashes = 0, forms = 1;
	for (size_t i = 0; i < atom->n_tokens; i++)
		n_dashes += atom->tokens[i].kind == VD_TOK_DASH;
	bool expand = n_dashes <= DASHES_EXPANDED;
	for (size_t i = 0; expand && i < n_dashes; i++)
		forms *= VD_ARRAY_LEN(dashes);
	struct vd_token *tokens = vd_arena_array(builder->scratch, atom->n_tokens + 1, sizeof *tokens);
	if (tokens == NULL)
		return false;
	for (size_t form = 0; form < forms; form++) {
		size_t rest = form;
		for (size_t i = 0; i < atom->n_tokens; i++) {
			tokens[i] = atom->tokens[i];
			if (!expand || tokens[i].kind != VD_TOK_DASH)
				continue;
			tokens[i] = (struct vd_token){VD_TOK_TEXT, dashes[rest % VD_ARRAY_LEN(dashes)]};
			rest /= VD_ARRAY_LEN(dashes);
		}
		size_t n = normalise(builder->scratch, tokens, atom->n_tokens);
		if (n == SIZE_MAX || !add_plain(builder, tokens, n, atom->cased, mark))
			return false;
	}
	return true;
}

/* A regular expression with a literal, or one of a few pairs, that it needs goes by that, others are tried on every value. */
static bool
add_regex(struct vd_set_builder *builder, const struct vd_atom *atom, struct vd_mark mark)
{
	char *room = vd_arena_alloc(builder->scratch, atom->text.len + 1);
	if (room == NULL)
		return false;
	struct vd_required required = vd_required_find(atom->text, room);
	struct vd_str literal = required.literal;
	bool known = literal.len >= VD_GRAM_SHORTEST || required.n_pairs != 0;
	struct vd_set_entry *e = add_entry(builder, known ? VD_TABLE_SEARCHES : VD_TABLE_EVERY,
		VD_ENTRY_REGEX + (unsigned)atom->re_flags, atom->text, mark);
	if (e == NULL || e->atom != NULL)
		return e != NULL;
	char *folded = vd_arena_alloc(builder->arena, vd_fold_bound(literal.len));
	if (folded == NULL)
		return false;
	e->literal = (struct vd_str){folded, vd_fold(folded, literal.at, literal.len)};
	e->n_pairs = literal.len >= VD_GRAM_SHORTEST ? 0 : required.n_pairs;
	for (uint32_t i = 0; i < e->n_pairs; i++)
		for (unsigned k = 0; k < 2; k++) {
			char c = required.pairs[i][k];
			e->pairs[i][k] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
		}
	e->atom = atom;
	struct vd_needs needs = vd_needs_regex(atom->regex, &required);
	note_needs(builder, &needs, e);
	return true;
}

static bool
add_test(struct vd_set_builder *builder, struct vd_set *set, unsigned kind, const struct vd_atom *atom,
	struct vd_mark mark)
{
	/* tests are few and never shared: a mark each */
	struct vd_test *tests = vd_arena_array(builder->arena, set->n_tests[kind] + 1u, sizeof *tests);
	if (tests == NULL)
		return false;
	if (set->n_tests[kind] != 0)
		memcpy(tests, set->tests[kind], set->n_tests[kind] * sizeof *tests);
	tests[set->n_tests[kind]++] = (struct vd_test){atom, {mark.item, mark.bit}};
	set->tests[kind] = tests;
	return true;
}

bool
vd_set_collect(
	struct vd_set_builder *builder, struct vd_set *set, const struct vd_atom *atom, struct vd_mark mark)
{
	char room[VD_NUMBER_TEXT_MAX];
	switch (atom->kind) {
	case VD_ATOM_PATTERN:
		if (vd_atom_number_text(atom, room).len != 0 &&
			!add_test(builder, set, VD_TEST_NUMBER, atom, mark))
			return false;
		return add_pattern(builder, atom, mark);
	case VD_ATOM_REGEX:
		return add_regex(builder, atom, mark);
	case VD_ATOM_CIDR:
		return add_test(builder, set, VD_TEST_CIDR, atom, mark);
	case VD_ATOM_NUMBER:
		return add_test(builder, set, VD_TEST_NUMBER, atom, mark);
	case VD_ATOM_TIME:
		return add_test(builder, set, VD_TEST_TIME, atom, mark);
	default:
		return true; /* about the event, not the value: item.c never puts them here */
	}
}
