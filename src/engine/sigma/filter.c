#include "engine/sigma/parse.h"

static enum vd_status
read_rules(struct vd_build *b, const struct vd_yaml *section, struct vd_filter *filter)
{
	const struct vd_yaml *rules = vd_yaml_get(section, "rules");
	if (rules == NULL || vd_yaml_is_null(rules))
		return VD_BUILD_REJECT(b, rules == NULL ? section->pos : rules->pos, "filter-rules-missing",
			"the filter does not say which rules it is for: list them below rules, or write "
			"rules: any");
	if (rules->kind == VD_YAML_MAP)
		return VD_BUILD_REJECT(b, rules->pos, "filter-rules-type",
			"rules is a map: list names or ids, or write any");
	if (rules->kind == VD_YAML_SCALAR && vd_str_is(rules->text, "any")) {
		filter->any = true;
		return VD_OK;
	}
	bool one = rules->kind == VD_YAML_SCALAR;
	filter->n_rules = one ? 1 : rules->n;
	filter->any = filter->n_rules == 0;
	filter->rules = vd_arena_array(b->arena, filter->n_rules, sizeof *filter->rules);
	if (filter->rules == NULL)
		return VD_BUILD_NOMEM(b);
	for (size_t i = 0; i < filter->n_rules; i++) {
		const struct vd_yaml *rule = one ? rules : rules->items[i];
		if (rule->kind != VD_YAML_SCALAR || vd_yaml_is_null(rule))
			return VD_BUILD_REJECT(b, rule->pos, "filter-rules-type",
				"an entry of rules is not a name or an id");
		filter->rules[i] = rule->text;
	}
	return VD_OK;
}

enum vd_status
vd_filter_parse(struct vd_build *b, const struct vd_yaml *section)
{
	struct vd_rule *rule = b->rule;
	if (section->kind != VD_YAML_MAP)
		return VD_BUILD_REJECT(b, section->pos, "filter-type",
			"filter is not a map: it needs rules, selections and condition");
	rule->filter = vd_arena_zalloc(b->arena, sizeof *rule->filter);
	if (rule->filter == NULL)
		return VD_BUILD_NOMEM(b);
	const struct vd_yaml *condition = vd_yaml_get(section, "condition");
	if (condition != NULL && condition->kind != VD_YAML_SCALAR)
		return VD_BUILD_REJECT(b, condition->pos, "condition-type",
			"the condition of a filter is one text, not a list or map");
	enum vd_status st = read_rules(b, section, rule->filter);
	if (st == VD_OK)
		st = vd_detection_parse(b, section, "rules", &rule->expr);
	if (st == VD_OK && !vd_expr_has_not(rule->expr))
		VD_BUILD_DEGRADE(b, condition->pos, "filter-without-not",
			"a filter is AND-ed to its rules: without a not they match only what the filter "
			"describes; to "
			"exclude that, write condition: not selection");
	return st;
}
