/*
 * Conditions: words, ( ), not, and, or, "1 of", "any of", "all of".  Text becomes a small tree of words first,
 * which then is resolved either against the identifiers of a detection or against the rules of a correlation.
 */
#include "engine/sigma/parse.h"

/* The tree around it adds at most: NAMED, lists in an identifier, a filter, a pipeline's addition. */
#define MAX_NESTING (VD_RULE_MAX_EXPR_DEPTH / 2)

enum node_kind { NODE_OR, NODE_AND, NODE_NOT, NODE_NAME, NODE_ANY_OF, NODE_ALL_OF };

struct node {
	enum node_kind kind;
	struct vd_str word; /* NAME: identifier; ANY_OF, ALL_OF: pattern or "them" */
	struct node *next;  /* sibling */
	struct node *kids;
	size_t n;
};

struct reader {
	struct vd_build *b;
	struct vd_pos pos;
	struct vd_str rest;
	struct vd_str word; /* the one ahead; len 0: end */
	size_t depth;
};

/* ---- words ---- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
advance(struct reader *r)
{
	while (r->rest.len > 0 && is_blank(r->rest.at[0])) {
		r->rest.at++;
		r->rest.len--;
	}
	size_t n = 0;
	while (n < r->rest.len && !is_blank(r->rest.at[n]) && memchr("()|", r->rest.at[n], 3) == NULL)
		n++;
	if (n == 0 && r->rest.len != 0)
		n = 1;
	r->word = (struct vd_str){r->rest.at, n};
	r->rest.at += n;
	r->rest.len -= n;
}

/* The word ahead and the one behind it. */
static bool
ahead_is(const struct reader *r, const char *first, const char *second)
{
	if (!vd_str_is(r->word, first))
		return false;
	struct reader peek = *r;
	advance(&peek);
	return vd_str_is(peek.word, second);
}

static enum vd_status
syntax(struct reader *r, const char *wanted)
{
	if (vd_str_is(r->word, "|"))
		return VD_BUILD_REJECT(r->b, r->pos, "aggregation-deprecated",
			"aggregations behind | were taken out of Sigma: write a correlation rule that counts "
			"this one");
	if (r->word.len == 0)
		return VD_BUILD_REJECT(
			r->b, r->pos, "condition-syntax", "the condition ends where %s is wanted", wanted);
	bool shouted = vd_str_ieq(r->word, VD_S("and")) || vd_str_ieq(r->word, VD_S("or")) ||
		       vd_str_ieq(r->word, VD_S("not"));
	return VD_BUILD_REJECT(r->b, r->pos, "condition-syntax",
		"condition: \"%.*s\" stands where %s is wanted%s", VD_SHOW(r->word), wanted,
		shouted ? "; write and, or, not in lower case" : "");
}

static enum vd_status
new_node(struct reader *r, enum node_kind kind, struct node **ret)
{
	struct node *node = vd_arena_zalloc(r->b->arena, sizeof *node);
	if (node == NULL)
		return VD_BUILD_NOMEM(r->b);
	node->kind = kind;
	*ret = node;
	return VD_OK;
}

/* ---- grammar ---- */

static enum vd_status read_or(struct reader *r, struct node **ret);

static bool
is_operator(struct vd_str word)
{
	return vd_str_is(word, "and") || vd_str_is(word, "or") || vd_str_is(word, "not") ||
	       vd_str_is(word, "(") || vd_str_is(word, ")") || vd_str_is(word, "|");
}

static enum vd_status
read_word(struct reader *r, enum node_kind kind, const char *wanted, struct node **ret)
{
	if (r->word.len == 0 || is_operator(r->word))
		return syntax(r, wanted);
	enum vd_status st = new_node(r, kind, ret);
	if (st != VD_OK)
		return st;
	(*ret)->word = r->word;
	advance(r);
	return VD_OK;
}

static enum vd_status
read_primary(struct reader *r, struct node **ret)
{
	bool all = ahead_is(r, "all", "of"), any = ahead_is(r, "1", "of") || ahead_is(r, "any", "of");
	if (all || any) {
		advance(r);
		advance(r);
		return read_word(r, all ? NODE_ALL_OF : NODE_ANY_OF, "a pattern or them", ret);
	}
	if (!vd_str_is(r->word, "("))
		return read_word(r, NODE_NAME, "an identifier", ret);
	advance(r);
	enum vd_status st = read_or(r, ret);
	if (st != VD_OK)
		return st;
	if (!vd_str_is(r->word, ")"))
		return syntax(r, "and, or, or )");
	advance(r);
	return VD_OK;
}

static enum vd_status
read_not(struct reader *r, struct node **ret)
{
	if (!vd_str_is(r->word, "not"))
		return read_primary(r, ret);
	if (++r->depth > MAX_NESTING)
		return VD_BUILD_REJECT(
			r->b, r->pos, "limit", "condition nested deeper than %u levels", MAX_NESTING);
	advance(r);
	enum vd_status st = new_node(r, NODE_NOT, ret);
	if (st != VD_OK)
		return st;
	(*ret)->n = 1;
	st = read_not(r, &(*ret)->kids);
	r->depth--;
	return st;
}

/* operand (word operand)*: one node with all operands, or the operand itself where there is only one. */
static enum vd_status
read_series(struct reader *r, enum node_kind kind, const char *word,
	enum vd_status (*operand)(struct reader *r, struct node **ret), struct node **ret)
{
	struct node *first = NULL;
	enum vd_status st = operand(r, &first);
	if (st != VD_OK || !vd_str_is(r->word, word)) {
		*ret = first;
		return st;
	}
	struct node *series = NULL, *last = first;
	st = new_node(r, kind, &series);
	if (st != VD_OK)
		return st;
	series->kids = first;
	series->n = 1;
	while (st == VD_OK && vd_str_is(r->word, word)) {
		advance(r);
		st = operand(r, &last->next);
		last = last->next;
		series->n++;
	}
	*ret = series;
	return st;
}

static enum vd_status
read_and(struct reader *r, struct node **ret)
{
	return read_series(r, NODE_AND, "and", read_not, ret);
}

static enum vd_status
read_or(struct reader *r, struct node **ret)
{
	if (++r->depth > MAX_NESTING)
		return VD_BUILD_REJECT(
			r->b, r->pos, "limit", "condition nested deeper than %u levels", MAX_NESTING);
	enum vd_status st = read_series(r, NODE_OR, "or", read_and, ret);
	r->depth--;
	return st;
}

static enum vd_status
read_condition(struct vd_build *b, struct vd_str text, struct vd_pos pos, struct node **ret)
{
	struct reader r = {.b = b, .pos = pos, .rest = text};
	if (text.len > VD_RULE_MAX_CONDITION)
		return VD_BUILD_REJECT(
			b, pos, "limit", "a condition of %zu bytes, more than 65,536", text.len);
	advance(&r);
	enum vd_status st = read_or(&r, ret);
	if (st == VD_OK && r.word.len != 0)
		st = syntax(&r, "and, or, or the end");
	return st;
}

/* ---- detections ---- */

struct scope {
	struct vd_build *b;
	struct vd_pos pos;
	struct vd_named *named;
	size_t n;
};

/* * fits any run of characters; nothing else is special. */
static bool
fits(struct vd_str pattern, struct vd_str name)
{
	size_t p = 0, i = 0, star = SIZE_MAX, back = 0;
	while (i < name.len) {
		if (p < pattern.len && pattern.at[p] == '*') {
			star = p++;
			back = i;
		} else if (p < pattern.len && pattern.at[p] == name.at[i]) {
			p++;
			i++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			i = ++back;
		} else
			return false;
	}
	while (p < pattern.len && pattern.at[p] == '*')
		p++;
	return p == pattern.len;
}

static bool
is_meant(struct vd_str pattern, struct vd_str name)
{
	bool hidden = vd_str_starts(name, "_");
	if (vd_str_is(pattern, "them"))
		return !hidden;
	return (!hidden || vd_str_starts(pattern, "_")) && fits(pattern, name);
}

/* Each use of an identifier has items of its own, so that whoever changes one does not change another. */
static enum vd_status
use(struct scope *s, struct vd_named *named, struct vd_expr **ret)
{
	struct vd_expr *expr = vd_expr_new(s->b->arena, VD_EXPR_NAMED, named->pos, 1);
	if (expr == NULL)
		return VD_BUILD_NOMEM(s->b);
	expr->name = named->name;
	expr->kids[0] = named->expr;
	if (named->used) {
		vd_expr_count(named->expr, &s->b->n_items, &s->b->n_values);
		if (s->b->n_items > VD_RULE_MAX_ITEMS || s->b->n_values > VD_RULE_MAX_VALUES)
			return VD_BUILD_REJECT(s->b, s->pos, "limit",
				"the condition names large identifiers so often that it has more than 4,096 "
				"items or "
				"65,536 values");
		expr->kids[0] = vd_expr_copy(s->b->arena, named->expr);
		if (expr->kids[0] == NULL)
			return VD_BUILD_NOMEM(s->b);
	}
	named->used = true;
	*ret = expr;
	return VD_OK;
}

static enum vd_status
resolve_name(struct scope *s, const struct node *node, struct vd_expr **ret)
{
	for (size_t i = 0; i < s->n; i++)
		if (vd_str_eq(s->named[i].name, node->word))
			return use(s, &s->named[i], ret);
	if (memchr(node->word.at, '*', node->word.len) != NULL)
		return VD_BUILD_REJECT(s->b, s->pos, "condition-unknown",
			"condition: %.*s is a pattern: write 1 of %.*s or all of %.*s", VD_SHOW(node->word),
			VD_SHOW(node->word), VD_SHOW(node->word));
	return VD_BUILD_REJECT(s->b, s->pos, "condition-unknown",
		"condition: no identifier is called \"%.*s\": define it in the detection or correct the name",
		VD_SHOW(node->word));
}

static enum vd_status
resolve_pattern(struct scope *s, const struct node *node, struct vd_expr **ret)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++)
		n += is_meant(node->word, s->named[i].name);
	if (n == 0)
		return VD_BUILD_REJECT(s->b, s->pos, "condition-unknown",
			"condition: no identifier fits %.*s (names that begin with _ are left out): define "
			"one or "
			"remove the term",
			VD_SHOW(node->word));
	enum vd_expr_kind kind = node->kind == NODE_ALL_OF ? VD_EXPR_AND : VD_EXPR_OR;
	struct vd_expr *expr = vd_expr_new(s->b->arena, kind, s->pos, n);
	if (expr == NULL)
		return VD_BUILD_NOMEM(s->b);
	size_t at = 0;
	for (size_t i = 0; i < s->n; i++) {
		if (!is_meant(node->word, s->named[i].name))
			continue;
		enum vd_status st = use(s, &s->named[i], &expr->kids[at++]);
		if (st != VD_OK)
			return st;
	}
	*ret = n == 1 ? expr->kids[0] : expr;
	return VD_OK;
}

static enum vd_status
resolve(struct scope *s, const struct node *node, struct vd_expr **ret)
{
	static const enum vd_expr_kind kinds[] = {
		[NODE_OR] = VD_EXPR_OR, [NODE_AND] = VD_EXPR_AND, [NODE_NOT] = VD_EXPR_NOT};
	if (node->kind == NODE_NAME)
		return resolve_name(s, node, ret);
	if (node->kind == NODE_ANY_OF || node->kind == NODE_ALL_OF)
		return resolve_pattern(s, node, ret);
	struct vd_expr *expr = vd_expr_new(s->b->arena, kinds[node->kind], s->pos, node->n);
	if (expr == NULL)
		return VD_BUILD_NOMEM(s->b);
	size_t i = 0;
	for (const struct node *kid = node->kids; kid != NULL; kid = kid->next) {
		enum vd_status st = resolve(s, kid, &expr->kids[i++]);
		if (st != VD_OK)
			return st;
	}
	*ret = expr;
	return VD_OK;
}

static enum vd_status
parse_one(struct vd_build *b, const struct vd_yaml *text, struct vd_named *named, size_t n,
	struct vd_expr **ret)
{
	if (text->kind != VD_YAML_SCALAR || vd_yaml_is_null(text))
		return VD_BUILD_REJECT(b, text->pos, "condition-type",
			"a condition is a text (or a list of texts), such as: selection");
	struct node *node;
	enum vd_status st = read_condition(b, text->text, text->pos, &node);
	if (st != VD_OK)
		return st;
	struct scope scope = {b, text->pos, named, n};
	return resolve(&scope, node, ret);
}

enum vd_status
vd_condition_parse(struct vd_build *b, const struct vd_yaml *condition, struct vd_named *named, size_t n,
	struct vd_expr **ret)
{
	if (condition->kind != VD_YAML_LIST)
		return parse_one(b, condition, named, n, ret);
	if (condition->n == 0)
		return VD_BUILD_REJECT(
			b, condition->pos, "condition-type", "the list of conditions is empty: write one");
	struct vd_expr *any = vd_expr_new(b->arena, VD_EXPR_OR, condition->pos, condition->n);
	if (any == NULL)
		return VD_BUILD_NOMEM(b);
	for (size_t i = 0; i < condition->n; i++) {
		enum vd_status st = parse_one(b, condition->items[i], named, n, &any->kids[i]);
		if (st != VD_OK)
			return st;
	}
	*ret = condition->n == 1 ? any->kids[0] : any;
	return VD_OK;
}

/* ---- correlations ---- */

#define MAX_CORR_NAMES 1024u /* of rules in one condition; each counts where alternatives are written out */

struct corr_scope {
	struct vd_build *b;
	struct vd_pos pos;
	struct vd_corr *corr;
	bool collect; /* the condition itself says which rules there are */
	size_t n;     /* names so far */
};

static enum vd_status
find_rule(struct corr_scope *s, struct vd_str name, size_t *ret)
{
	for (size_t i = 0; i < s->corr->n_rules; i++)
		if (vd_str_eq(s->corr->rules[i], name)) {
			*ret = i;
			return VD_OK;
		}
	if (!s->collect)
		return VD_BUILD_REJECT(s->b, s->pos, "condition-unknown",
			"condition: \"%.*s\" is not in the correlation's rules: add it there or correct the "
			"name",
			VD_SHOW(name));
	if (s->corr->n_rules == VD_CORR_MAX_RULES)
		return VD_BUILD_REJECT(
			s->b, s->pos, "limit", "more than %u rules in a correlation", VD_CORR_MAX_RULES);
	*ret = s->corr->n_rules;
	s->corr->rules_pos[*ret] = s->pos;
	s->corr->rules[s->corr->n_rules++] = name;
	return VD_OK;
}

static enum vd_status
resolve_corr(struct corr_scope *s, const struct node *node, struct vd_corr_expr **ret)
{
	if (node->kind == NODE_ANY_OF || node->kind == NODE_ALL_OF)
		return VD_BUILD_REJECT(s->b, s->pos, "condition-syntax",
			"1 of and all of have no meaning between rules: name them with and, or, not");
	struct vd_corr_expr *expr = vd_arena_zalloc(s->b->arena, sizeof *expr);
	if (expr == NULL)
		return VD_BUILD_NOMEM(s->b);
	*ret = expr;
	if (node->kind == NODE_NAME) {
		expr->kind = VD_EXPR_ITEM;
		if (++s->n > MAX_CORR_NAMES)
			return VD_BUILD_REJECT(s->b, s->pos, "limit",
				"the condition names rules more than %u times: simplify it", MAX_CORR_NAMES);
		return find_rule(s, node->word, &expr->rule);
	}
	expr->kind = node->kind == NODE_OR ? VD_EXPR_OR : node->kind == NODE_AND ? VD_EXPR_AND : VD_EXPR_NOT;
	expr->n = node->n;
	expr->kids = vd_arena_array(s->b->arena, node->n, sizeof(struct vd_corr_expr *));
	if (expr->kids == NULL)
		return VD_BUILD_NOMEM(s->b);
	size_t i = 0;
	for (const struct node *kid = node->kids; kid != NULL; kid = kid->next) {
		enum vd_status st = resolve_corr(s, kid, &expr->kids[i++]);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

static bool
names_rule(const struct vd_corr_expr *expr, size_t rule)
{
	if (expr->kind == VD_EXPR_ITEM)
		return expr->rule == rule;
	for (size_t i = 0; i < expr->n; i++)
		if (names_rule(expr->kids[i], rule))
			return true;
	return false;
}

enum vd_status
vd_corr_condition_parse(struct vd_build *b, struct vd_str text, struct vd_pos pos, struct vd_corr *corr,
	struct vd_corr_expr **ret)
{
	struct corr_scope scope = {b, pos, corr, corr->n_rules == 0, 0};
	struct node *node;
	enum vd_status st = read_condition(b, text, pos, &node);
	if (st == VD_OK)
		st = resolve_corr(&scope, node, ret);
	for (size_t i = 0; st == VD_OK && i < corr->n_rules; i++)
		if (!names_rule(*ret, i))
			VD_BUILD_DEGRADE(b, pos, "rule-unused",
				"the condition does not speak of %.*s: name it there or take it out of rules",
				VD_SHOW(corr->rules[i]));
	return st;
}
