#include "engine/sigma/parse.h"

/* ---- one identifier: a map is AND, a list is OR, a scalar is a keyword ---- */

static enum vd_status read_search(struct vd_build *b, const struct vd_yaml *node, struct vd_expr **ret);

static enum vd_status
item_expr(struct vd_build *b, struct vd_str key, struct vd_pos pos, const struct vd_yaml *value,
	struct vd_expr **ret)
{
	struct vd_expr *expr = vd_expr_new(b->arena, VD_EXPR_ITEM, pos, 0);
	if (expr == NULL)
		return VD_BUILD_NOMEM(b);
	*ret = expr;
	return vd_item_parse(b, key, pos, value, &expr->item);
}

static enum vd_status
read_map(struct vd_build *b, const struct vd_yaml *map, struct vd_expr **ret)
{
	if (map->n == 0)
		return VD_BUILD_REJECT(
			b, map->pos, "detection-empty", "an empty map: name a field and its value");
	struct vd_expr *all = vd_expr_new(b->arena, VD_EXPR_AND, map->pos, map->n);
	if (all == NULL)
		return VD_BUILD_NOMEM(b);
	for (size_t i = 0; i < map->n; i++) {
		if (vd_yaml_is_null(map->keys[i]))
			return VD_BUILD_REJECT(b, map->keys[i]->pos, "field-name",
				"null stands where the name of a field is wanted: put it in quotes if it is "
				"one");
		enum vd_status st =
			item_expr(b, map->keys[i]->text, map->keys[i]->pos, map->items[i], &all->kids[i]);
		if (st != VD_OK)
			return st;
	}
	*ret = map->n == 1 ? all->kids[0] : all;
	return VD_OK;
}

static bool
only_scalars(const struct vd_yaml *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i]->kind != VD_YAML_SCALAR)
			return false;
	return true;
}

static enum vd_status
read_list(struct vd_build *b, const struct vd_yaml *list, struct vd_expr **ret)
{
	if (list->n == 0)
		return VD_BUILD_REJECT(
			b, list->pos, "detection-empty", "an empty list: give it maps or keywords");
	if (only_scalars(list))
		return item_expr(b, VD_S(""), list->pos, list, ret);
	struct vd_expr *any = vd_expr_new(b->arena, VD_EXPR_OR, list->pos, list->n);
	if (any == NULL)
		return VD_BUILD_NOMEM(b);
	for (size_t i = 0; i < list->n; i++) {
		enum vd_status st = read_search(b, list->items[i], &any->kids[i]);
		if (st != VD_OK)
			return st;
	}
	*ret = list->n == 1 ? any->kids[0] : any;
	return VD_OK;
}

/* Recursion: at most VD_YAML_MAX_DEPTH. */
static enum vd_status
read_search(struct vd_build *b, const struct vd_yaml *node, struct vd_expr **ret)
{
	switch (node->kind) {
	case VD_YAML_MAP:
		return read_map(b, node, ret);
	case VD_YAML_LIST:
		return read_list(b, node, ret);
	case VD_YAML_SCALAR:
		break;
	}
	if (vd_yaml_is_null(node))
		return VD_BUILD_REJECT(b, node->pos, "detection-empty",
			"nothing stands below this identifier: give it a map, a list or a keyword");
	return item_expr(b, VD_S(""), node->pos, node, ret);
}

/* ---- the section ---- */

static enum vd_status
check_timeframe(struct vd_build *b, const struct vd_yaml *section)
{
	const struct vd_yaml *timeframe = vd_yaml_get(section, "timeframe");
	if (timeframe == NULL || timeframe->kind != VD_YAML_SCALAR)
		return VD_OK;
	return VD_BUILD_REJECT(b, timeframe->pos, "aggregation-deprecated",
		"timeframe was taken out of Sigma: write a correlation rule with a timespan that counts this "
		"one");
}

static enum vd_status
read_named(struct vd_build *b, const struct vd_yaml *section, const char *skip, struct vd_named *named,
	size_t *ret_n)
{
	size_t n = 0;
	for (size_t i = 0; i < section->n; i++) {
		const struct vd_yaml *key = section->keys[i];
		if (vd_str_is(key->text, "condition") || (skip != NULL && vd_str_is(key->text, skip)))
			continue;
		named[n].name = key->text;
		named[n].pos = key->pos;
		enum vd_status st = read_search(b, section->items[i], &named[n].expr);
		if (st != VD_OK)
			return st;
		n++;
	}
	*ret_n = n;
	return VD_OK;
}

enum vd_status
vd_detection_parse(struct vd_build *b, const struct vd_yaml *section, const char *skip, struct vd_expr **ret)
{
	const struct vd_yaml *condition = vd_yaml_get(section, "condition");
	if (condition == NULL)
		return VD_BUILD_REJECT(b, section->pos, "condition-missing",
			"there is no condition: add one, such as condition: selection");
	enum vd_status st = check_timeframe(b, section);
	if (st != VD_OK)
		return st;
	struct vd_named *named = vd_arena_array(b->arena, section->n, sizeof *named);
	if (named == NULL)
		return VD_BUILD_NOMEM(b);
	size_t n;
	st = read_named(b, section, skip, named, &n);
	if (st != VD_OK)
		return st;
	if (n == 0)
		return VD_BUILD_REJECT(b, section->pos, "detection-empty",
			"there is nothing but a condition: add what it speaks of, such as selection");
	struct vd_expr *expr;
	st = vd_condition_parse(b, condition, named, n, &expr);
	if (st != VD_OK)
		return st;
	/* two levels are kept for what filters and pipelines put around it */
	if (vd_expr_depth(expr) > VD_RULE_MAX_EXPR_DEPTH - 2)
		return VD_BUILD_REJECT(b, condition->pos, "limit",
			"nested deeper than %u levels: simplify it", VD_RULE_MAX_EXPR_DEPTH);
	*ret = expr;
	return VD_OK;
}
