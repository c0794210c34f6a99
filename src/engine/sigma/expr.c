#include "engine/sigma/parse.h"

struct vd_expr *
vd_expr_new(struct vd_arena *arena, enum vd_expr_kind kind, struct vd_pos pos, size_t n_kids)
{
	struct vd_expr *expr = vd_arena_zalloc(arena, sizeof *expr);
	if (expr == NULL)
		return NULL;
	expr->kind = kind;
	expr->pos = pos;
	expr->n = n_kids;
	if (n_kids != 0 && (expr->kids = vd_arena_array(arena, n_kids, sizeof(struct vd_expr *))) == NULL)
		return NULL;
	return expr;
}

static bool
copy_tokens(struct vd_arena *arena, struct vd_atom *atom)
{
	const struct vd_token *from = atom->tokens;
	if (atom->n_tokens == 0)
		return true;
	atom->tokens = vd_arena_array(arena, atom->n_tokens, sizeof *atom->tokens);
	if (atom->tokens != NULL)
		memcpy(atom->tokens, from, atom->n_tokens * sizeof *from);
	return atom->tokens != NULL;
}

static struct vd_item *
copy_item(struct vd_arena *arena, const struct vd_item *item)
{
	struct vd_item *copy = vd_arena_alloc(arena, sizeof *copy);
	struct vd_value *values = vd_arena_array(arena, item->n, sizeof *values);
	if (copy == NULL || values == NULL)
		return NULL;
	*copy = *item;
	copy->values = values;
	for (size_t i = 0; i < item->n; i++) {
		values[i] = item->values[i];
		values[i].atoms = vd_arena_array(arena, values[i].n, sizeof(struct vd_atom));
		if (values[i].atoms == NULL)
			return NULL;
		for (size_t k = 0; k < values[i].n; k++) {
			values[i].atoms[k] = item->values[i].atoms[k];
			if (!copy_tokens(arena, &values[i].atoms[k]))
				return NULL;
		}
	}
	return copy;
}

/* Recursion: at most VD_RULE_MAX_EXPR_DEPTH, as every expression. */
struct vd_expr *
vd_expr_copy(struct vd_arena *arena, const struct vd_expr *expr)
{
	struct vd_expr *copy = vd_expr_new(arena, expr->kind, expr->pos, expr->n);
	if (copy == NULL)
		return NULL;
	copy->name = expr->name;
	if (expr->item != NULL && (copy->item = copy_item(arena, expr->item)) == NULL)
		return NULL;
	for (size_t i = 0; i < expr->n; i++)
		if ((copy->kids[i] = vd_expr_copy(arena, expr->kids[i])) == NULL)
			return NULL;
	return copy;
}

size_t
vd_expr_depth(const struct vd_expr *expr)
{
	size_t deepest = 0;
	for (size_t i = 0; i < expr->n; i++) {
		size_t depth = vd_expr_depth(expr->kids[i]);
		deepest = VD_MAX(deepest, depth);
	}
	return deepest + 1;
}

void
vd_expr_count(const struct vd_expr *expr, size_t *items, size_t *values)
{
	if (expr->kind == VD_EXPR_ITEM) {
		*items += 1;
		*values += expr->item->n;
	}
	for (size_t i = 0; i < expr->n; i++)
		vd_expr_count(expr->kids[i], items, values);
}

bool
vd_expr_has_not(const struct vd_expr *expr)
{
	if (expr->kind == VD_EXPR_NOT || (expr->kind == VD_EXPR_ITEM && expr->item->negate))
		return true;
	for (size_t i = 0; i < expr->n; i++)
		if (vd_expr_has_not(expr->kids[i]))
			return true;
	return false;
}

enum vd_status
vd_expr_each(struct vd_expr *expr, enum vd_status (*fn)(void *owner, struct vd_item *item), void *owner)
{
	if (expr->kind == VD_EXPR_ITEM)
		return fn(owner, expr->item);
	for (size_t i = 0; i < expr->n; i++) {
		enum vd_status st = vd_expr_each(expr->kids[i], fn, owner);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}
