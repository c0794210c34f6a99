#include "engine/sigma/parse.h"

#include <math.h>

#include "engine/sigma/load.h"

#define MAX_CHAIN 16u

enum modifier {
	MOD_ALL,
	MOD_NEQ,
	MOD_STARTSWITH,
	MOD_ENDSWITH,
	MOD_CONTAINS,
	MOD_CASED,
	MOD_EXPAND,
	MOD_WINDASH,
	MOD_BASE64,
	MOD_BASE64OFFSET,
	MOD_UTF16LE,
	MOD_UTF16BE,
	MOD_UTF16,
	MOD_RE,
	MOD_RE_I,
	MOD_RE_M,
	MOD_RE_S,
	MOD_CIDR,
	MOD_EXISTS,
	MOD_FIELDREF,
	MOD_LT,
	MOD_LTE,
	MOD_GT,
	MOD_GTE,
	MOD_MINUTE,
	MOD_HOUR,
	MOD_DAY,
	MOD_WEEK,
	MOD_MONTH,
	MOD_YEAR,
};

/* A chain once checked: what its values become, and the steps of a pattern in order. */
struct chain {
	struct vd_str written;
	struct vd_pos pos;
	enum vd_atom_kind kind;
	bool all, negate, cased, expand;
	bool compared; /* lt lte gt gte stood in it */
	uint8_t re_flags;
	enum vd_part part; /* FIELDREF, REGEX */
	enum vd_compare compare;
	enum vd_time_unit unit;
	size_t n;
	enum modifier steps[MAX_CHAIN]; /* PATTERN: what changes the text */
};

/* ---- the chain ---- */

static enum vd_status
misplaced(struct vd_build *b, const struct chain *c, struct vd_str name, const char *why)
{
	return VD_BUILD_REJECT(b, c->pos, "modifier-chain", "modifier %.*s in %.*s: %s", VD_SHOW(name),
		VD_SHOW(c->written), why);
}

/* contains, startswith, endswith: also before or after fieldref, and after re. */
static enum vd_status
add_part(struct vd_build *b, struct chain *c, struct vd_str name, enum modifier mod)
{
	enum vd_part part = mod == MOD_CONTAINS     ? VD_PART_CONTAINS
			    : mod == MOD_STARTSWITH ? VD_PART_STARTS
						    : VD_PART_ENDS;
	switch (c->kind) {
	case VD_ATOM_PATTERN:
		c->steps[c->n++] = mod;
		return VD_OK;
	case VD_ATOM_FIELDREF:
	case VD_ATOM_REGEX:
		/* starts and ends together leave only: somewhere in it */
		c->part = c->part == VD_PART_WHOLE || c->part == part ? part : VD_PART_CONTAINS;
		return VD_OK;
	default:
		return misplaced(
			b, c, name, "it works on texts, regular expressions and field references only");
	}
}

static enum vd_status
add_step(struct vd_build *b, struct chain *c, struct vd_str name, enum modifier mod)
{
	if (c->kind != VD_ATOM_PATTERN)
		return misplaced(b, c, name, "it works on plain texts only");
	if (mod == MOD_BASE64 || mod == MOD_BASE64OFFSET)
		for (size_t i = 0; i < c->n; i++)
			if (c->steps[i] <= MOD_CONTAINS)
				return misplaced(
					b, c, name, "it must stand before contains, startswith and endswith");
	c->steps[c->n++] = mod;
	return VD_OK;
}

/* Modifiers that give the value another type: only all, neq and expand may stand before them. */
static enum vd_status
add_type(struct vd_build *b, struct chain *c, struct vd_str name, enum vd_atom_kind kind)
{
	if (c->kind != VD_ATOM_PATTERN || c->n != 0 || c->cased)
		return misplaced(b, c, name, "it must come first: it takes the value as it is written");
	if (c->expand && kind != VD_ATOM_REGEX && kind != VD_ATOM_CIDR)
		return misplaced(b, c, name, "it cannot follow expand");
	c->kind = kind;
	return VD_OK;
}

static enum vd_status
add_raw(struct vd_build *b, struct chain *c, struct vd_str name, enum modifier mod)
{
	return add_type(b, c, name,
		mod == MOD_RE     ? VD_ATOM_REGEX
		: mod == MOD_CIDR ? VD_ATOM_CIDR
				  : VD_ATOM_EXISTS);
}

static enum vd_status
add_fieldref(struct vd_build *b, struct chain *c, struct vd_str name, enum modifier mod)
{
	struct chain before = *c;
	c->n = 0;
	enum vd_status st = add_type(b, c, name, VD_ATOM_FIELDREF);
	for (size_t i = 0; st == VD_OK && i < before.n; i++)
		if (before.steps[i] > MOD_CONTAINS)
			st = misplaced(b, c, name, "it must come first: it takes the value as it is written");
		else
			st = add_part(b, c, name, before.steps[i]);
	return st;
}

static enum vd_status
add_compare(struct vd_build *b, struct chain *c, struct vd_str name, enum modifier mod)
{
	if (c->compared)
		return misplaced(b, c, name, "one comparison is enough: use two keys for a range");
	if (c->kind != VD_ATOM_TIME) {
		enum vd_status st = add_type(b, c, name, VD_ATOM_NUMBER);
		if (st != VD_OK)
			return st;
	}
	c->compared = true;
	c->compare = (enum vd_compare)(VD_CMP_LT + (mod - MOD_LT));
	return VD_OK;
}

static enum vd_status
add_time(struct vd_build *b, struct chain *c, struct vd_str name, enum modifier mod)
{
	c->compare = VD_CMP_EQ;
	c->unit = (enum vd_time_unit)(VD_TIME_MINUTE + (mod - MOD_MINUTE));
	return add_type(b, c, name, VD_ATOM_TIME);
}

static enum vd_status
add_flag(struct vd_build *b, struct chain *c, struct vd_str name, enum modifier mod)
{
	if (c->kind != VD_ATOM_REGEX)
		return misplaced(b, c, name, "it must follow re");
	c->re_flags = (uint8_t)(c->re_flags | 1u << (mod - MOD_RE_I));
	return VD_OK;
}

static enum vd_status
add_expand(struct vd_build *b, struct chain *c, struct vd_str name, enum modifier mod)
{
	if (c->kind != VD_ATOM_PATTERN && c->kind != VD_ATOM_REGEX && c->kind != VD_ATOM_CIDR)
		return misplaced(
			b, c, name, "placeholders stand in texts, regular expressions and networks only");
	c->expand = true;
	return VD_OK;
}

static enum vd_status
add_cased(struct vd_build *b, struct chain *c, struct vd_str name, enum modifier mod)
{
	if (c->kind != VD_ATOM_PATTERN)
		return misplaced(b, c, name, "it works on plain texts only");
	c->cased = true;
	return VD_OK;
}

/* all and neq concern the item as a whole and may stand anywhere. */
static enum vd_status
add_whole(struct vd_build *b, struct chain *c, struct vd_str name, enum modifier mod)
{
	*(mod == MOD_ALL ? &c->all : &c->negate) = true;
	return VD_OK;
}

_Static_assert(VD_RE_ICASE == 1 && VD_RE_MULTILINE == 2 && VD_RE_DOTALL == 4, "order of MOD_RE_I, _M, _S");
_Static_assert(VD_CMP_GTE - VD_CMP_LT == MOD_GTE - MOD_LT, "order of comparisons");
_Static_assert(VD_TIME_YEAR - VD_TIME_MINUTE == MOD_YEAR - MOD_MINUTE, "order of time units");

static const struct row {
	const char *name;
	enum modifier modifier;
	enum vd_status (*add)(struct vd_build *b, struct chain *c, struct vd_str name, enum modifier mod);
} modifiers[] = {
	{"all", MOD_ALL, add_whole},
	{"base64", MOD_BASE64, add_step},
	{"base64offset", MOD_BASE64OFFSET, add_step},
	{"cased", MOD_CASED, add_cased},
	{"cidr", MOD_CIDR, add_raw},
	{"contains", MOD_CONTAINS, add_part},
	{"day", MOD_DAY, add_time},
	{"dotall", MOD_RE_S, add_flag},
	{"endswith", MOD_ENDSWITH, add_part},
	{"exists", MOD_EXISTS, add_raw},
	{"expand", MOD_EXPAND, add_expand},
	{"fieldref", MOD_FIELDREF, add_fieldref},
	{"gt", MOD_GT, add_compare},
	{"gte", MOD_GTE, add_compare},
	{"hour", MOD_HOUR, add_time},
	{"i", MOD_RE_I, add_flag},
	{"ignorecase", MOD_RE_I, add_flag},
	{"lt", MOD_LT, add_compare},
	{"lte", MOD_LTE, add_compare},
	{"m", MOD_RE_M, add_flag},
	{"minute", MOD_MINUTE, add_time},
	{"month", MOD_MONTH, add_time},
	{"multiline", MOD_RE_M, add_flag},
	{"neq", MOD_NEQ, add_whole},
	{"re", MOD_RE, add_raw},
	{"s", MOD_RE_S, add_flag},
	{"startswith", MOD_STARTSWITH, add_part},
	{"utf16", MOD_UTF16, add_step},
	{"utf16be", MOD_UTF16BE, add_step},
	{"utf16le", MOD_UTF16LE, add_step},
	{"week", MOD_WEEK, add_time},
	{"wide", MOD_UTF16LE, add_step},
	{"windash", MOD_WINDASH, add_step},
	{"year", MOD_YEAR, add_time},
};

static const struct row *
find_modifier(struct vd_str name)
{
	for (size_t i = 0; i < VD_ARRAY_LEN(modifiers); i++)
		if (vd_str_is(name, modifiers[i].name))
			return &modifiers[i];
	return NULL;
}

static enum vd_status
check_keyword(struct vd_build *b, struct chain *c)
{
	if (c->kind == VD_ATOM_PATTERN || c->kind == VD_ATOM_REGEX || c->kind == VD_ATOM_CIDR)
		return VD_OK;
	return VD_BUILD_REJECT(b, c->pos, "modifier-chain",
		"%.*s: keywords are texts, regular expressions or networks; name the field that is meant",
		VD_SHOW(c->written));
}

/* Splits "Field|mod|mod" and checks the chain. */
static enum vd_status
read_key(struct vd_build *b, struct chain *c, struct vd_str *ret_field)
{
	struct vd_str rest = c->written;
	const char *bar = rest.len == 0 ? NULL : memchr(rest.at, '|', rest.len);
	size_t len = bar == NULL ? rest.len : (size_t)(bar - rest.at);
	enum vd_status st = vd_field_name(b, (struct vd_str){rest.at, len}, ret_field);
	for (size_t i = 0; st == VD_OK && bar != NULL; i++) {
		rest = (struct vd_str){bar + 1, rest.len - len - 1};
		bar = rest.len == 0 ? NULL : memchr(rest.at, '|', rest.len);
		len = bar == NULL ? rest.len : (size_t)(bar - rest.at);
		struct vd_str name = vd_str_trim((struct vd_str){rest.at, len});
		const struct row *row = find_modifier(name);
		if (row == NULL)
			st = VD_BUILD_REJECT(b, c->pos, "modifier-unknown",
				"%.*s: there is no modifier \"%.*s\" (docs/sigma.md lists them)",
				VD_SHOW(c->written), VD_SHOW(name));
		else if (i == MAX_CHAIN)
			st = VD_BUILD_REJECT(
				b, c->pos, "limit", "%.*s: more than 16 modifiers", VD_SHOW(c->written));
		else
			st = row->add(b, c, name, row->modifier);
	}
	return st == VD_OK && ret_field->len == 0 ? check_keyword(b, c) : st;
}

/* ---- values ---- */

static enum vd_status
wrong_type(struct vd_build *b, const struct chain *c, const struct vd_yaml *node, const char *wanted)
{
	if (node->kind != VD_YAML_SCALAR)
		return VD_BUILD_REJECT(b, node->pos, "value-type", "%.*s: a %s stands where %s is wanted",
			VD_SHOW(c->written), node->kind == VD_YAML_MAP ? "map" : "list", wanted);
	return VD_BUILD_REJECT(b, node->pos, "value-type", "%.*s: %.*s is not %s", VD_SHOW(c->written),
		VD_SHOW(node->text.len == 0 ? VD_S("an empty value") : node->text), wanted);
}

static enum vd_status
pattern_atom(struct vd_build *b, const struct chain *c, struct vd_str text, struct vd_atom *ret)
{
	ret->kind = VD_ATOM_PATTERN;
	ret->cased = c->cased;
	return vd_pattern_parse(b->arena, text, c->expand, &ret->n_tokens, &ret->tokens, b->err);
}

static enum vd_status
run_step(struct vd_build *b, struct vd_pos pos, enum modifier mod, struct vd_atoms *atoms)
{
	enum vd_status st = VD_OK;
	if (mod == MOD_BASE64 || mod == MOD_BASE64OFFSET)
		return vd_atoms_base64(b, pos, atoms, mod == MOD_BASE64OFFSET);
	if (mod == MOD_UTF16LE || mod == MOD_UTF16BE || mod == MOD_UTF16)
		st = vd_atoms_spread(b, pos, atoms);
	for (size_t i = 0; st == VD_OK && i < atoms->n; i++) {
		struct vd_atom *atom = &atoms->at[i];
		switch (mod) {
		case MOD_CONTAINS:
			st = vd_atom_wrap(b, atom, VD_PART_CONTAINS);
			break;
		case MOD_STARTSWITH:
			st = vd_atom_wrap(b, atom, VD_PART_STARTS);
			break;
		case MOD_ENDSWITH:
			st = vd_atom_wrap(b, atom, VD_PART_ENDS);
			break;
		case MOD_WINDASH:
			st = vd_atom_windash(b, atom);
			break;
		case MOD_UTF16LE:
			st = vd_atom_utf16(b, atom, VD_ENC_UTF16LE);
			break;
		case MOD_UTF16BE:
			st = vd_atom_utf16(b, atom, VD_ENC_UTF16BE);
			break;
		default:
			st = vd_atom_utf16(b, atom, VD_ENC_UTF16);
			break;
		}
	}
	return st;
}

static bool
anchors_keyword(const struct chain *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->steps[i] == MOD_STARTSWITH || c->steps[i] == MOD_ENDSWITH)
			return true;
	return false;
}

static enum vd_status
pattern_value(struct vd_build *b, const struct chain *c, const struct vd_yaml *node, bool keyword,
	struct vd_atoms *ret)
{
	struct vd_str text;
	struct vd_atoms atoms = {1, vd_arena_zalloc(b->arena, sizeof *atoms.at)};
	if (atoms.at == NULL)
		return VD_BUILD_NOMEM(b);
	enum vd_status st = vd_scalar_text(b, node, &text);
	if (st == VD_OK)
		st = pattern_atom(b, c, text, atoms.at);
	for (size_t i = 0; st == VD_OK && i < c->n; i++)
		st = run_step(b, node->pos, c->steps[i], &atoms);
	/* a keyword is looked for anywhere in a value */
	if (st == VD_OK && keyword && !anchors_keyword(c))
		st = run_step(b, node->pos, MOD_CONTAINS, &atoms);
	*ret = atoms;
	return st;
}

/* Text between placeholders stays raw: backslashes belong to the regular expression. */
static enum vd_status
raw_tokens(struct vd_build *b, const struct chain *c, struct vd_str text, struct vd_atom *ret)
{
	size_t marks = 1;
	for (size_t i = 0; i < text.len; i++)
		marks += text.at[i] == '%';
	ret->tokens = vd_arena_array(b->arena, marks + 1, sizeof *ret->tokens);
	if (ret->tokens == NULL)
		return VD_BUILD_NOMEM(b);
	size_t plain = 0;
	for (size_t i = 0; c->expand && i < text.len; i++) {
		if (text.at[i] == '\\') {
			i++; /* whatever is escaped begins no placeholder */
			continue;
		}
		if (text.at[i] != '%')
			continue;
		const char *end = memchr(text.at + i + 1, '%', text.len - i - 1);
		struct vd_str name = {text.at + i + 1, end == NULL ? 0 : (size_t)(end - text.at) - i - 1};
		if (name.len == 0 || memchr(name.at, ' ', name.len) != NULL)
			continue;
		if (i > plain)
			ret->tokens[ret->n_tokens++] =
				(struct vd_token){VD_TOK_TEXT, {text.at + plain, i - plain}};
		ret->tokens[ret->n_tokens++] = (struct vd_token){VD_TOK_PLACEHOLDER, name};
		i += name.len + 1;
		plain = i + 1;
	}
	if (plain < text.len)
		ret->tokens[ret->n_tokens++] =
			(struct vd_token){VD_TOK_TEXT, {text.at + plain, text.len - plain}};
	return VD_OK;
}

static enum vd_status
raw_value(struct vd_build *b, const struct chain *c, const struct vd_yaml *node, struct vd_atom *ret)
{
	ret->re_flags = c->re_flags;
	enum vd_status st = raw_tokens(b, c, node->text, ret);
	if (st == VD_OK && c->kind == VD_ATOM_REGEX)
		st = vd_atom_wrap(b, ret, c->part);
	return st == VD_OK ? vd_atom_settle(b, node->pos, ret) : st;
}

static enum vd_status
number_value(struct vd_build *b, const struct chain *c, const struct vd_yaml *node, struct vd_atom *ret)
{
	static const struct {
		int first, last;
	} range[] = {
		[VD_TIME_MINUTE] = {0, 59},
		[VD_TIME_HOUR] = {0, 23},
		[VD_TIME_DAY] = {1, 31},
		[VD_TIME_WEEK] = {1, 53},
		[VD_TIME_MONTH] = {1, 12},
		[VD_TIME_YEAR] = {0, 9999},
	};
	if (!vd_yaml_number(node, &ret->number))
		return wrong_type(b, c, node, "a number (write it without quotes)");
	ret->compare = c->compare;
	ret->unit = c->unit;
	if (c->kind == VD_ATOM_TIME &&
		(ret->number < range[c->unit].first || ret->number > range[c->unit].last ||
			floor(ret->number) < ret->number))
		VD_BUILD_DEGRADE(b, node->pos, "value-range", "%.*s: %.*s is none of %d to %d",
			VD_SHOW(c->written), VD_SHOW(node->text), range[c->unit].first, range[c->unit].last);
	return VD_OK;
}

static enum vd_status
exists_value(struct vd_build *b, const struct chain *c, const struct vd_yaml *node, struct vd_atom *ret)
{
	if (!vd_yaml_truth(node, &ret->wanted))
		return wrong_type(b, c, node, "true or false (without quotes)");
	return VD_OK;
}

/* Types other than PATTERN: one atom. */
static enum vd_status
typed_value(struct vd_build *b, const struct chain *c, const struct vd_yaml *node, struct vd_atoms *ret)
{
	struct vd_atom *atom = vd_arena_zalloc(b->arena, sizeof *atom);
	if (atom == NULL)
		return VD_BUILD_NOMEM(b);
	atom->kind = c->kind;
	*ret = (struct vd_atoms){1, atom};
	switch (c->kind) {
	case VD_ATOM_REGEX:
	case VD_ATOM_CIDR:
		return raw_value(b, c, node, atom);
	case VD_ATOM_NUMBER:
	case VD_ATOM_TIME:
		return number_value(b, c, node, atom);
	case VD_ATOM_EXISTS:
		return exists_value(b, c, node, atom);
	default:
		atom->part = c->part;
		if (node->text.len == 0)
			return wrong_type(b, c, node, "the name of a field");
		return vd_field_name(b, node->text, &atom->text);
	}
}

static enum vd_status
null_value(struct vd_build *b, const struct chain *c, const struct vd_yaml *node, bool keyword, bool in_list,
	struct vd_atoms *ret)
{
	if (keyword || c->kind != VD_ATOM_PATTERN || c->n != 0 || c->cased || c->expand)
		return wrong_type(b, c, node, "a value this key can take (write '' for the empty text)");
	if (in_list)
		VD_BUILD_DEGRADE(b, node->pos, "null-in-list",
			"%.*s: Sigma allows null alone only; here it counts as one more alternative",
			VD_SHOW(c->written));
	struct vd_atom *atom = vd_arena_zalloc(b->arena, sizeof *atom);
	if (atom == NULL)
		return VD_BUILD_NOMEM(b);
	atom->kind = VD_ATOM_NULL;
	*ret = (struct vd_atoms){1, atom};
	return VD_OK;
}

static enum vd_status
read_value(struct vd_build *b, const struct chain *c, const struct vd_yaml *node, bool keyword, bool in_list,
	struct vd_value *ret)
{
	if (node->kind != VD_YAML_SCALAR)
		return wrong_type(b, c, node, "a single value");
	if (node->text.len > VD_RULE_MAX_VALUE_LEN)
		return VD_BUILD_REJECT(b, node->pos, "limit", "%.*s: a value of %zu bytes, more than 65,536",
			VD_SHOW(c->written), node->text.len);
	struct vd_atoms atoms = {0};
	enum vd_status st;
	if (vd_yaml_is_null(node))
		st = null_value(b, c, node, keyword, in_list, &atoms);
	else if (c->kind == VD_ATOM_PATTERN)
		st = pattern_value(b, c, node, keyword, &atoms);
	else
		st = typed_value(b, c, node, &atoms);
	*ret = (struct vd_value){.pos = node->pos, .written = node->text, .n = atoms.n, .atoms = atoms.at};
	return st;
}

enum vd_status
vd_item_parse(struct vd_build *b, struct vd_str key, struct vd_pos pos, const struct vd_yaml *value,
	struct vd_item **ret)
{
	struct chain c = {.written = key, .pos = pos};
	struct vd_item *item = vd_arena_zalloc(b->arena, sizeof *item);
	if (item == NULL)
		return VD_BUILD_NOMEM(b);
	enum vd_status st = read_key(b, &c, &item->field);
	if (st != VD_OK)
		return st;
	bool in_list = value->kind == VD_YAML_LIST;
	size_t n = in_list ? value->n : 1;
	if (n == 0)
		return VD_BUILD_REJECT(b, value->pos, "value-empty",
			"%.*s: an empty list matches nothing: give it values or remove the key",
			VD_SHOW(key));
	b->n_values += n;
	if (++b->n_items > VD_RULE_MAX_ITEMS || b->n_values > VD_RULE_MAX_VALUES)
		return VD_BUILD_REJECT(
			b, pos, "limit", "more than 4,096 items or 65,536 values: split the rule");
	item->pos = pos;
	item->written = key;
	item->all = c.all;
	item->negate = c.negate;
	item->n = n;
	item->values = vd_arena_array(b->arena, n, sizeof *item->values);
	if (item->values == NULL)
		return VD_BUILD_NOMEM(b);
	for (size_t i = 0; st == VD_OK && i < n; i++)
		st = read_value(b, &c, in_list ? value->items[i] : value, item->field.len == 0, in_list,
			&item->values[i]);
	if (st == VD_OK && c.all && n == 1)
		VD_BUILD_DEGRADE(b, pos, "all-single",
			"%.*s: all needs more than one value; with one it changes nothing", VD_SHOW(key));
	*ret = item;
	return st;
}
