/* Filters meet rules: rule' = rule and (condition of every filter that is for it). */
#include "engine/sigma/resolve.h"

static bool
key_fits(struct vd_str wanted, struct vd_str has)
{
	return wanted.len == 0 || vd_str_ieq(wanted, has);
}

static bool
logsource_fits(const struct vd_logsource *filter, const struct vd_logsource *rule)
{
	return key_fits(filter->product, rule->product) && key_fits(filter->category, rule->category) &&
	       key_fits(filter->service, rule->service);
}

static bool
is_for(const struct vd_filter *filter, const struct vd_rule *rule)
{
	if (filter->any)
		return true;
	for (size_t i = 0; i < filter->n_rules; i++)
		if ((rule->id.len != 0 && vd_str_ieq(filter->rules[i], rule->id)) ||
			(rule->name.len != 0 && vd_str_eq(filter->rules[i], rule->name)))
			return true;
	return false;
}

static enum vd_status
add_filter(struct vd_docs *docs, struct vd_rule *rule, const struct vd_rule *filter)
{
	struct vd_expr *all = rule->expr;
	bool open = all->kind == VD_EXPR_AND && all->pos.line == 0; /* made here for an earlier filter */
	struct vd_expr *grown =
		vd_expr_new(docs->arena, VD_EXPR_AND, (struct vd_pos){0}, open ? all->n + 1 : 2);
	struct vd_expr *copy = vd_expr_copy(docs->arena, filter->expr);
	if (grown == NULL || copy == NULL)
		return vd_fail(docs->err, VD_ENOMEM, "no memory for a filter");
	if (open)
		memcpy(grown->kids, all->kids, all->n * sizeof(struct vd_expr *));
	else
		grown->kids[0] = all;
	grown->kids[grown->n - 1] = copy;
	size_t items = 0, values = 0;
	vd_expr_count(grown, &items, &values);
	if (items > VD_RULE_MAX_ITEMS || values > VD_RULE_MAX_VALUES ||
		vd_expr_depth(grown) > VD_RULE_MAX_EXPR_DEPTH)
		vd_rule_reject(rule, docs->arena, rule->pos, "limit",
			"with its filters the rule has more than 4,096 items or 65,536 values");
	rule->expr = grown;
	vd_rule_revise(rule, filter->hash);
	return VD_OK;
}

static void
report_unused(struct vd_docs *docs, struct vd_rule *filter, size_t used)
{
	for (size_t i = 0; i < filter->filter->n_rules; i++)
		if (vd_docs_find(docs, filter->filter->rules[i]) == SIZE_MAX)
			vd_rule_degrade(filter, docs->arena, filter->pos, "reference-missing",
				"the filter names %.*s, which is not among the rules: correct the name or "
				"load it too",
				VD_SHOW(filter->filter->rules[i]));
	if (used == 0)
		vd_rule_degrade(filter, docs->arena, filter->pos, "filter-unused",
			"the filter is for no rule that was loaded: every key of its logsource must equal "
			"the rule's");
}

enum vd_status
vd_docs_filter(struct vd_docs *docs)
{
	for (size_t f = 0; f < docs->n; f++) {
		struct vd_rule *filter = docs->at[f];
		if (filter->kind != VD_DOC_FILTER || filter->verdict == VD_REJECTED)
			continue;
		size_t used = 0;
		for (size_t r = 0; r < docs->n; r++) {
			struct vd_rule *rule = docs->at[r];
			if (rule->kind != VD_DOC_RULE || rule->verdict == VD_REJECTED ||
				!logsource_fits(&filter->logsource, &rule->logsource) ||
				!is_for(filter->filter, rule))
				continue;
			enum vd_status st = add_filter(docs, rule, filter);
			if (st != VD_OK)
				return st;
			used++;
		}
		report_unused(docs, filter, used);
	}
	return VD_OK;
}
