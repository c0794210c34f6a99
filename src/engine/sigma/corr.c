#include "engine/sigma/corr_terms.h"
#include "engine/sigma/parse.h"

#define MAX_TIMESPAN_MS (INT64_C(1000) * 86400 * 36525) /* a hundred years */

static bool
is_temporal(const struct vd_corr *corr)
{
	return corr->type == VD_CORR_TEMPORAL || corr->type == VD_CORR_TEMPORAL_ORDERED;
}

/* ---- lists of names ---- */

/* A scalar or a list of scalars; `what` names the key in messages. */
static enum vd_status
read_names(struct vd_build *b, const struct vd_yaml *node, const char *what, size_t max, struct vd_str **ret,
	struct vd_pos **ret_pos, size_t *ret_n)
{
	bool one = node->kind == VD_YAML_SCALAR;
	if (node->kind == VD_YAML_MAP)
		return VD_BUILD_REJECT(b, node->pos, "correlation-type",
			"%s is a map: a name or a list of names is wanted", what);
	size_t n = one ? 1 : node->n;
	if (n > max)
		return VD_BUILD_REJECT(
			b, node->pos, "limit", "%s has %zu entries, more than %zu", what, n, max);
	struct vd_str *names = vd_arena_array(b->arena, max, sizeof *names);
	struct vd_pos *places = vd_arena_array(b->arena, max, sizeof *places);
	if (names == NULL || places == NULL)
		return VD_BUILD_NOMEM(b);
	for (size_t i = 0; i < n; i++) {
		const struct vd_yaml *entry = one ? node : node->items[i];
		if (entry->kind != VD_YAML_SCALAR || vd_yaml_is_null(entry) || entry->text.len == 0)
			return VD_BUILD_REJECT(
				b, entry->pos, "correlation-type", "an entry of %s is not a name", what);
		names[i] = entry->text;
		places[i] = entry->pos;
		for (size_t k = 0; k < i; k++)
			if (vd_str_eq(names[k], names[i]))
				return VD_BUILD_REJECT(b, entry->pos, "correlation-duplicate",
					"%.*s stands twice in %s: remove one", VD_SHOW(names[i]), what);
	}
	*ret = names;
	if (ret_pos != NULL)
		*ret_pos = places;
	*ret_n = n;
	return VD_OK;
}

static enum vd_status
strip_names(struct vd_build *b, struct vd_str *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum vd_status st = vd_field_name(b, names[i], &names[i]);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

/* ---- type, rules, group-by, timespan ---- */

static enum vd_status
read_type(struct vd_build *b, const struct vd_yaml *section, struct vd_corr *corr)
{
	const struct vd_yaml *type = vd_yaml_get(section, "type");
	if (type == NULL)
		return VD_BUILD_REJECT(b, section->pos, "correlation-type-missing",
			"the correlation has no type: event_count, value_count, temporal, temporal_ordered, "
			"value_sum, "
			"value_avg, value_percentile or value_median");
	for (int i = VD_CORR_EVENT_COUNT; i <= VD_CORR_VALUE_MEDIAN; i++)
		if (type->kind == VD_YAML_SCALAR &&
			vd_str_is(type->text, vd_corr_type_name((enum vd_corr_type)i))) {
			corr->type = (enum vd_corr_type)i;
			return VD_OK;
		}
	/* pySigma's names for temporal correlations with a condition in words */
	if (type->kind == VD_YAML_SCALAR && vd_str_is(type->text, "temporal_extended")) {
		corr->type = VD_CORR_TEMPORAL;
		return VD_OK;
	}
	if (type->kind == VD_YAML_SCALAR && vd_str_is(type->text, "temporal_ordered_extended")) {
		corr->type = VD_CORR_TEMPORAL_ORDERED;
		return VD_OK;
	}
	return VD_BUILD_REJECT(b, type->pos, "correlation-type-unknown",
		"\"%.*s\" is no type of correlation: event_count, value_count, temporal, temporal_ordered, "
		"value_sum, "
		"value_avg, value_percentile or value_median",
		VD_SHOW(type->text));
}

static enum vd_status
read_rules(struct vd_build *b, const struct vd_yaml *section, struct vd_corr *corr)
{
	const struct vd_yaml *rules = vd_yaml_get(section, "rules");
	const struct vd_yaml *condition = vd_yaml_get(section, "condition");
	bool in_words = is_temporal(corr) && condition != NULL && condition->kind == VD_YAML_SCALAR;
	if (rules == NULL && in_words) {
		corr->rules = vd_arena_array(b->arena, VD_CORR_MAX_RULES, sizeof *corr->rules);
		corr->rules_pos = vd_arena_array(b->arena, VD_CORR_MAX_RULES, sizeof *corr->rules_pos);
		return corr->rules == NULL || corr->rules_pos == NULL ? VD_BUILD_NOMEM(b) : VD_OK;
	}
	if (rules == NULL || vd_yaml_is_null(rules) || (rules->kind != VD_YAML_SCALAR && rules->n == 0))
		return VD_BUILD_REJECT(b, rules == NULL ? section->pos : rules->pos,
			"correlation-rules-missing",
			"the correlation names no rules: list them below rules, by name or id");
	return read_names(
		b, rules, "rules", VD_CORR_MAX_RULES, &corr->rules, &corr->rules_pos, &corr->n_rules);
}

static enum vd_status
read_group(struct vd_build *b, const struct vd_yaml *section, struct vd_corr *corr)
{
	const struct vd_yaml *group = vd_yaml_get(section, "group-by");
	if (group == NULL || vd_yaml_is_null(group) || (group->kind == VD_YAML_LIST && group->n == 0)) {
		VD_BUILD_DEGRADE(b, group == NULL ? section->pos : group->pos, "group-by-missing",
			"Sigma demands group-by; without it all events make one group");
		return VD_OK;
	}
	enum vd_status st =
		read_names(b, group, "group-by", VD_CORR_MAX_GROUP, &corr->group, NULL, &corr->n_group);
	return st == VD_OK ? strip_names(b, corr->group, corr->n_group) : st;
}

/* M and y are the mean month and year of pySigma: 2,629,746 and 31,556,952 seconds. */
static int64_t
unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 604800;
	case 'M':
		return 2629746;
	case 'y':
		return 31556952;
	default:
		return 0;
	}
}

static enum vd_status
read_timespan(struct vd_build *b, const struct vd_yaml *section, struct vd_corr *corr)
{
	const struct vd_yaml *span = vd_yaml_get(section, "timespan");
	if (span == NULL)
		return VD_BUILD_REJECT(b, section->pos, "timespan-missing",
			"the correlation has no timespan: add one, such as timespan: 5m");
	struct vd_str text = span->text;
	uint64_t count = 0;
	int64_t unit = span->kind != VD_YAML_SCALAR || text.len < 2 ? 0 : unit_seconds(text.at[text.len - 1]);
	if (unit == 0 || !vd_str_u64((struct vd_str){text.at, text.len - 1}, &count) || count == 0)
		return VD_BUILD_REJECT(b, span->pos, "timespan-invalid",
			"\"%.*s\" is no timespan: one whole number above 0 and one of s m h d w M y, such as "
			"90m",
			VD_SHOW(text));
	if (count > (uint64_t)(MAX_TIMESPAN_MS / 1000 / unit))
		return VD_BUILD_REJECT(
			b, span->pos, "limit", "timespan %.*s is longer than 100 years", VD_SHOW(text));
	corr->timespan_ms = (int64_t)count * unit * 1000;
	return VD_OK;
}

/* RSigma's windows: only the sliding one means what Sigma says. */
static enum vd_status
check_window(struct vd_build *b, const struct vd_yaml *doc, const struct vd_yaml *section)
{
	static const char *const keys[] = {"window", "rsigma.window"};
	for (size_t i = 0; i < VD_ARRAY_LEN(keys); i++)
		for (int k = 0; k < 2; k++) {
			const struct vd_yaml *window = vd_yaml_get(k == 0 ? section : doc, keys[i]);
			if (window != NULL &&
				!(window->kind == VD_YAML_SCALAR && vd_str_is(window->text, "sliding")))
				return VD_BUILD_REJECT(b, window->pos, "correlation-window",
					"only sliding windows exist here: remove %s", keys[i]);
		}
	return VD_OK;
}

/* ---- aliases ---- */

static enum vd_status
read_alias(
	struct vd_build *b, const struct vd_yaml *name, const struct vd_yaml *map, struct vd_corr_alias *ret)
{
	if (map->kind != VD_YAML_MAP)
		return VD_BUILD_REJECT(b, map->pos, "alias-type", "alias %.*s is not a map of rule: field",
			VD_SHOW(name->text));
	enum vd_status st = vd_field_name(b, name->text, &ret->name);
	if (st != VD_OK)
		return st;
	ret->n = map->n;
	ret->rules = vd_arena_array(b->arena, map->n, sizeof *ret->rules);
	ret->fields = vd_arena_array(b->arena, map->n, sizeof *ret->fields);
	if (ret->rules == NULL || ret->fields == NULL)
		return VD_BUILD_NOMEM(b);
	for (size_t i = 0; i < map->n; i++) {
		const struct vd_yaml *field = map->items[i];
		if (field->kind != VD_YAML_SCALAR || vd_yaml_is_null(field) || field->text.len == 0)
			return VD_BUILD_REJECT(b, field->pos, "alias-type",
				"alias %.*s: the name of a field is wanted for %.*s", VD_SHOW(name->text),
				VD_SHOW(map->keys[i]->text));
		ret->rules[i] = map->keys[i]->text;
		st = vd_field_name(b, field->text, &ret->fields[i]);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

static enum vd_status
read_aliases(struct vd_build *b, const struct vd_yaml *section, struct vd_corr *corr)
{
	const struct vd_yaml *aliases = vd_yaml_get(section, "aliases");
	if (aliases == NULL || vd_yaml_is_null(aliases))
		return VD_OK;
	if (aliases->kind != VD_YAML_MAP)
		return VD_BUILD_REJECT(
			b, aliases->pos, "alias-type", "aliases is not a map of alias: {rule: field}");
	if (aliases->n > VD_RULE_MAX_ITEMS)
		return VD_BUILD_REJECT(b, aliases->pos, "limit", "more than %u aliases", VD_RULE_MAX_ITEMS);
	corr->aliases = vd_arena_array(b->arena, aliases->n, sizeof *corr->aliases);
	if (corr->aliases == NULL)
		return VD_BUILD_NOMEM(b);
	corr->n_aliases = aliases->n;
	for (size_t i = 0; i < aliases->n; i++) {
		enum vd_status st = read_alias(b, aliases->keys[i], aliases->items[i], &corr->aliases[i]);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

/* ---- condition ---- */

static bool
find_compare(struct vd_str name, enum vd_compare *ret)
{
	static const char *const names[] = {
		[VD_CMP_LT] = "lt",
		[VD_CMP_LTE] = "lte",
		[VD_CMP_GT] = "gt",
		[VD_CMP_GTE] = "gte",
		[VD_CMP_EQ] = "eq",
		[VD_CMP_NEQ] = "neq",
	};
	for (size_t i = 0; i < VD_ARRAY_LEN(names); i++)
		if (vd_str_is(name, names[i])) {
			*ret = (enum vd_compare)i;
			return true;
		}
	return false;
}

static enum vd_status
read_percentile(struct vd_build *b, const struct vd_yaml *value, struct vd_corr *corr)
{
	if (!vd_yaml_number(value, &corr->percentile) || corr->percentile < 0 || corr->percentile > 100)
		return VD_BUILD_REJECT(
			b, value->pos, "correlation-condition", "percentile is not a number from 0 to 100");
	corr->has_percentile = true;
	return VD_OK;
}

static enum vd_status
read_fields(struct vd_build *b, const struct vd_yaml *value, struct vd_corr *corr)
{
	if (vd_yaml_is_null(value) || (value->kind == VD_YAML_LIST && value->n == 0))
		return VD_BUILD_REJECT(
			b, value->pos, "correlation-condition", "field is empty: name a field");
	enum vd_status st =
		read_names(b, value, "field", VD_CORR_MAX_GROUP, &corr->fields, NULL, &corr->n_fields);
	return st == VD_OK ? strip_names(b, corr->fields, corr->n_fields) : st;
}

static enum vd_status
read_criterion(
	struct vd_build *b, const struct vd_yaml *key, const struct vd_yaml *value, struct vd_corr *corr)
{
	struct vd_criterion criterion;
	if (vd_str_is(key->text, "field"))
		return read_fields(b, value, corr);
	if (vd_str_is(key->text, "percentile"))
		return read_percentile(b, value, corr);
	if (!find_compare(key->text, &criterion.compare))
		return VD_BUILD_REJECT(b, key->pos, "correlation-condition",
			"\"%.*s\" has no meaning in a condition: gt, gte, lt, lte, eq, neq, field, "
			"percentile",
			VD_SHOW(key->text));
	if (!vd_yaml_number(value, &criterion.number))
		return VD_BUILD_REJECT(b, value->pos, "correlation-condition",
			"%.*s is not a number (write it without quotes)", VD_SHOW(key->text));
	/* keys are unique, so there are never more than the six comparisons */
	corr->criteria[corr->n_criteria++] = criterion;
	return VD_OK;
}

/* Keys that only fit some types. */
static enum vd_status
check_condition(struct vd_build *b, struct vd_pos pos, const struct vd_corr *corr)
{
	bool on_values = corr->type != VD_CORR_EVENT_COUNT && !is_temporal(corr);
	if (on_values && corr->n_fields == 0)
		return VD_BUILD_REJECT(b, pos, "correlation-field-missing",
			"%s needs the field it looks at: add field to the condition",
			vd_corr_type_name(corr->type));
	if (!on_values && corr->n_fields != 0)
		return VD_BUILD_REJECT(b, pos, "correlation-condition",
			"%s counts events, not values: remove field", vd_corr_type_name(corr->type));
	if (corr->n_fields > 1 && corr->type != VD_CORR_VALUE_COUNT)
		return VD_BUILD_REJECT(b, pos, "correlation-condition",
			"%s takes one field; only value_count takes several", vd_corr_type_name(corr->type));
	if (corr->has_percentile && corr->type != VD_CORR_VALUE_PERCENTILE)
		return VD_BUILD_REJECT(
			b, pos, "correlation-condition", "percentile fits value_percentile only");
	if (corr->n_criteria == 0 && (!is_temporal(corr)))
		return VD_BUILD_REJECT(b, pos, "correlation-condition",
			"the condition compares with nothing: add gte or another comparison");
	return VD_OK;
}

/* temporal_ordered keeps a chain for each alternative of its condition. */
static enum vd_status
check_terms(struct vd_build *b, const struct vd_yaml *condition, const struct vd_corr *corr)
{
	struct vd_corr_terms terms;
	if (corr->type != VD_CORR_TEMPORAL_ORDERED)
		return VD_OK;
	VD_AUTO(vd_arena) scratch = vd_arena_new(0);
	enum vd_status st = scratch == NULL ? VD_ENOMEM : vd_corr_terms_of(scratch, corr->expr, &terms);
	if (st == VD_ENOMEM)
		return VD_BUILD_NOMEM(b);
	return st == VD_OK ? VD_OK
			   : VD_BUILD_REJECT(b, condition->pos, "limit",
				     "the condition has more than %u alternatives to be kept in order: "
				     "simplify it",
				     VD_CORR_MAX_TERMS);
}

static enum vd_status
read_words(struct vd_build *b, const struct vd_yaml *condition, struct vd_corr *corr)
{
	if (!is_temporal(corr))
		return VD_BUILD_REJECT(b, condition->pos, "correlation-condition",
			"a condition in words fits temporal and temporal_ordered; %s compares, such as gte: "
			"10",
			vd_corr_type_name(corr->type));
	enum vd_status st = vd_corr_condition_parse(b, condition->text, condition->pos, corr, &corr->expr);
	return st == VD_OK ? check_terms(b, condition, corr) : st;
}

static enum vd_status
read_condition(struct vd_build *b, const struct vd_yaml *section, struct vd_corr *corr)
{
	const struct vd_yaml *condition = vd_yaml_get(section, "condition");
	if (condition == NULL || vd_yaml_is_null(condition)) {
		if (is_temporal(corr))
			return VD_OK;
		return VD_BUILD_REJECT(b, section->pos, "condition-missing",
			"the correlation has no condition: add one, such as condition: {gte: 10}");
	}
	if (condition->kind == VD_YAML_SCALAR)
		return read_words(b, condition, corr);
	if (condition->kind == VD_YAML_LIST)
		return VD_BUILD_REJECT(b, condition->pos, "condition-type",
			"the condition of a correlation is a map such as {gte: 10}, or words between rules");
	for (size_t i = 0; i < condition->n; i++) {
		enum vd_status st = read_criterion(b, condition->keys[i], condition->items[i], corr);
		if (st != VD_OK)
			return st;
	}
	return check_condition(b, condition->pos, corr);
}

/* Top level as the specification has it, or inside correlation as pySigma writes it. */
static enum vd_status
read_generate(struct vd_build *b, const struct vd_yaml *doc, const struct vd_yaml *section)
{
	const struct vd_yaml *generate = vd_yaml_get(doc, "generate");
	if (generate == NULL)
		generate = vd_yaml_get(section, "generate");
	if (generate == NULL || vd_yaml_truth(generate, &b->rule->generate))
		return VD_OK;
	return VD_BUILD_REJECT(b, generate->pos, "generate-type", "generate is neither true nor false");
}

enum vd_status
vd_corr_parse(struct vd_build *b, const struct vd_yaml *doc, const struct vd_yaml *section)
{
	if (section->kind != VD_YAML_MAP)
		return VD_BUILD_REJECT(b, section->pos, "correlation-type",
			"correlation is not a map: it needs type, rules, group-by, timespan and condition");
	struct vd_corr *corr = vd_arena_zalloc(b->arena, sizeof *corr);
	if (corr == NULL)
		return VD_BUILD_NOMEM(b);
	b->rule->corr = corr;
	enum vd_status st = read_type(b, section, corr);
	if (st == VD_OK)
		st = read_rules(b, section, corr);
	if (st == VD_OK)
		st = read_group(b, section, corr);
	if (st == VD_OK)
		st = read_timespan(b, section, corr);
	if (st == VD_OK)
		st = check_window(b, doc, section);
	if (st == VD_OK)
		st = read_aliases(b, section, corr);
	if (st == VD_OK)
		st = read_condition(b, section, corr);
	if (st == VD_OK)
		st = read_generate(b, doc, section);
	return st;
}
