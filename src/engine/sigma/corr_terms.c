#include "engine/sigma/corr_terms.h"

static bool
make_room(struct vd_arena *arena, size_t n, struct vd_corr_terms *terms)
{
	*terms = (struct vd_corr_terms){.at = vd_arena_array(arena, n, sizeof *terms->at)};
	return terms->at != NULL;
}

/* What asks for a rule to have come and not to have come is never true: left out. */
static bool
add_term(struct vd_corr_terms *terms, struct vd_corr_term term)
{
	if ((term.with & term.without) != 0)
		return true;
	for (size_t i = 0; i < terms->n; i++)
		if (terms->at[i].with == term.with && terms->at[i].without == term.without)
			return true;
	if (terms->n == VD_CORR_MAX_TERMS)
		return false;
	terms->at[terms->n++] = term;
	return true;
}

static enum vd_status expand(
	struct vd_arena *arena, const struct vd_corr_expr *expr, bool negated, struct vd_corr_terms *ret);

/* Every alternative of one with every alternative of the other. */
static enum vd_status
join(struct vd_arena *arena, const struct vd_corr_terms *a, const struct vd_corr_terms *b,
	struct vd_corr_terms *ret)
{
	if (!make_room(arena, VD_MIN(a->n * b->n, VD_CORR_MAX_TERMS), ret))
		return VD_ENOMEM;
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			if (!add_term(ret, (struct vd_corr_term){a->at[i].with | b->at[k].with,
						   a->at[i].without | b->at[k].without}))
				return VD_ELIMIT;
	return VD_OK;
}

static enum vd_status
expand_kids(struct vd_arena *arena, const struct vd_corr_expr *expr, bool negated, bool all,
	struct vd_corr_terms *ret)
{
	if (!make_room(arena, VD_CORR_MAX_TERMS, ret))
		return VD_ENOMEM;
	if (all)
		ret->n = 1; /* of nothing: true */
	for (size_t i = 0; i < expr->n; i++) {
		struct vd_corr_terms kid, joined;
		enum vd_status st = expand(arena, expr->kids[i], negated, &kid);
		if (st == VD_OK && all) {
			st = join(arena, ret, &kid, &joined);
			*ret = joined;
		}
		for (size_t k = 0; st == VD_OK && !all && k < kid.n; k++)
			st = add_term(ret, kid.at[k]) ? VD_OK : VD_ELIMIT;
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

static enum vd_status
expand(struct vd_arena *arena, const struct vd_corr_expr *expr, bool negated, struct vd_corr_terms *ret)
{
	uint64_t bit = (uint64_t)1 << (expr->rule % 64);
	switch (expr->kind) {
	case VD_EXPR_AND:
		return expand_kids(arena, expr, negated, !negated, ret);
	case VD_EXPR_OR:
		return expand_kids(arena, expr, negated, negated, ret);
	case VD_EXPR_NOT:
	case VD_EXPR_NAMED:
		return expand(arena, expr->kids[0], negated != (expr->kind == VD_EXPR_NOT), ret);
	case VD_EXPR_ITEM:
	default:
		if (!make_room(arena, 1, ret))
			return VD_ENOMEM;
		ret->at[ret->n++] = negated ? (struct vd_corr_term){0, bit} : (struct vd_corr_term){bit, 0};
		return VD_OK;
	}
}

enum vd_status
vd_corr_terms_of(struct vd_arena *arena, const struct vd_corr_expr *expr, struct vd_corr_terms *ret)
{
	return expand(arena, expr, false, ret);
}

enum vd_status
vd_corr_terms_all(struct vd_arena *arena, size_t n, struct vd_corr_terms *ret)
{
	if (!make_room(arena, 1, ret))
		return VD_ENOMEM;
	ret->at[ret->n++] = (struct vd_corr_term){n >= 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1, 0};
	return VD_OK;
}
