#include "engine/correlate/plan.h"

#include <nettle/sha2.h>

#include "base/mem.h"

static bool
field_slot(struct vd_corr_plan *plan, struct vd_corr_doc *doc, struct vd_str name, uint32_t *ret)
{
	for (size_t i = 0; i < doc->n_fields; i++) {
		if (vd_str_eq(doc->fields[i], name)) {
			*ret = (uint32_t)i;
			return true;
		}
	}
	if (doc->n_fields == doc->cap_fields) {
		size_t cap = doc->cap_fields == 0 ? 4 : doc->cap_fields * 2;
		struct vd_str *fields = vd_arena_array(plan->arena, cap, sizeof *fields);
		bool *numeric = vd_arena_array(plan->arena, cap, sizeof *numeric);
		if (fields == NULL || numeric == NULL)
			return false;
		if (doc->n_fields != 0) {
			memcpy(fields, doc->fields, doc->n_fields * sizeof *fields);
			memcpy(numeric, doc->numeric, doc->n_fields * sizeof *numeric);
		}
		doc->fields = fields;
		doc->numeric = numeric;
		doc->cap_fields = cap;
	}
	doc->fields[doc->n_fields] = name;
	*ret = (uint32_t)doc->n_fields++;
	return true;
}

static bool
add_parent(struct vd_corr_plan *plan, struct vd_corr_doc *doc, uint32_t corr, uint32_t ref)
{
	if (doc->n_parents == doc->cap_parents) {
		size_t cap = doc->cap_parents == 0 ? 2 : doc->cap_parents * 2;
		struct vd_corr_parent *parents = vd_arena_array(plan->arena, cap, sizeof *parents);
		if (parents == NULL)
			return false;
		if (doc->n_parents != 0)
			memcpy(parents, doc->parents, doc->n_parents * sizeof *parents);
		doc->parents = parents;
		doc->cap_parents = cap;
	}
	doc->parents[doc->n_parents++] = (struct vd_corr_parent){corr, ref};
	return true;
}

/* What a name of a correlation is called in a document it refers to; an alias without an entry is a field. */
static struct vd_str
field_of(const struct vd_corr *corr, const struct vd_rule *of, struct vd_str name)
{
	for (size_t i = 0; i < corr->n_aliases; i++) {
		const struct vd_corr_alias *alias = &corr->aliases[i];
		if (!vd_str_eq(alias->name, name))
			continue;
		for (size_t j = 0; j < alias->n; j++)
			if ((of->name.len != 0 && vd_str_eq(alias->rules[j], of->name)) ||
				(of->id.len != 0 && vd_str_eq(alias->rules[j], of->id)))
				return alias->fields[j];
	}
	return name;
}

static bool
has_not(const struct vd_corr_expr *expr)
{
	if (expr == NULL)
		return false;
	if (expr->kind == VD_EXPR_NOT)
		return true;
	for (size_t i = 0; i < expr->n; i++)
		if (has_not(expr->kids[i]))
			return true;
	return false;
}

/* Only what can turn from false to true by one more event may be judged at each event. */
static bool
judged_at_close(const struct vd_corr *corr)
{
	for (size_t i = 0; i < corr->n_criteria; i++)
		if (corr->criteria[i].compare != VD_CMP_GT && corr->criteria[i].compare != VD_CMP_GTE)
			return true;
	return has_not(corr->expr);
}

static enum vd_corr_measure
measure_of(const struct vd_corr *corr)
{
	switch (corr->type) {
	case VD_CORR_VALUE_COUNT:
		return VD_CORR_BY_VALUES;
	case VD_CORR_TEMPORAL:
		return VD_CORR_BY_RULES;
	case VD_CORR_TEMPORAL_ORDERED:
		return VD_CORR_BY_ORDER;
	case VD_CORR_VALUE_SUM:
		return VD_CORR_BY_SUM;
	case VD_CORR_VALUE_AVG:
		return VD_CORR_BY_AVERAGE;
	case VD_CORR_VALUE_PERCENTILE:
		return corr->has_percentile ? VD_CORR_BY_PERCENTILE : VD_CORR_BY_SHARE;
	case VD_CORR_VALUE_MEDIAN:
		return VD_CORR_BY_PERCENTILE;
	case VD_CORR_EVENT_COUNT:
	default:
		return VD_CORR_BY_EVENTS;
	}
}

static bool
reads_numbers(enum vd_corr_measure measure)
{
	return measure == VD_CORR_BY_SUM || measure == VD_CORR_BY_AVERAGE || measure == VD_CORR_BY_PERCENTILE;
}

static bool
is_temporal(const struct vd_corr_rule *made)
{
	return made->measure == VD_CORR_BY_RULES || made->measure == VD_CORR_BY_ORDER;
}

/* What is wrong with the condition, or NULL. */
static const char *
wrong_condition(const struct vd_corr_rule *made)
{
	const struct vd_corr *corr = made->corr;
	bool counts = is_temporal(made) || made->measure == VD_CORR_BY_EVENTS;
	if (corr->expr != NULL && (!is_temporal(made) || corr->n_criteria != 0))
		return "has a condition of rules that is not its only one, or is not temporal";
	if (corr->n_criteria > VD_CORR_MAX_CRITERIA || (corr->n_criteria == 0 && !is_temporal(made)))
		return "needs a condition";
	if (!counts && corr->n_fields == 0)
		return "needs condition.field";
	if (reads_numbers(made->measure) && corr->n_fields != 1)
		return "needs exactly one condition.field";
	if (!(made->percentile >= 0 && made->percentile <= 100))
		return "needs a percentile from 0 to 100";
	return NULL;
}

/* The loader has refused all of these with a verdict; a load built otherwise gets words. */
static enum vd_status
check(const struct vd_corr_plan *plan, const struct vd_load_result *load, size_t c, struct vd_err *err)
{
	const struct vd_rule *rule = load->corrs[c];
	const struct vd_corr *corr = rule->corr;
	const char *wrong = wrong_condition(&plan->rules[c]);
	if (corr->n_rules == 0 || corr->n_rules > VD_CORR_MAX_RULES)
		wrong = "refers to no rule, or to more than 64";
	else if (corr->n_group > VD_CORR_MAX_GROUP || corr->n_fields > VD_CORR_MAX_TUPLE)
		wrong = "has more than 16 fields in group-by or in its condition";
	else if (corr->timespan_ms <= 0)
		wrong = "needs a timespan above zero";
	for (size_t j = 0; wrong == NULL && j < corr->n_rules; j++)
		if (load->refs[c][j] >= load->n_rules + c)
			wrong = "refers to a correlation that is not before it";
	if (wrong != NULL)
		return vd_fail(err, VD_EINPUT, "correlation \"%.*s\" %s", (int)VD_MIN(rule->title.len, 80u),
			rule->title.at, wrong);
	return VD_OK;
}

static enum vd_status
number_docs(struct vd_corr_plan *plan, const struct vd_load_result *load)
{
	plan->n_load_rules = load->n_rules;
	plan->n_rules = load->n_corrs;
	plan->doc_of_rule = vd_arena_array(plan->arena, load->n_rules, sizeof *plan->doc_of_rule);
	plan->docs = vd_arena_array(plan->arena, load->n_rules + load->n_corrs, sizeof *plan->docs);
	plan->rules = vd_arena_array(plan->arena, load->n_corrs, sizeof *plan->rules);
	if (plan->doc_of_rule == NULL || plan->docs == NULL || plan->rules == NULL)
		return VD_ENOMEM;
	memset(plan->doc_of_rule, 0xff, load->n_rules * sizeof *plan->doc_of_rule);
	for (size_t c = 0; c < load->n_corrs; c++)
		for (size_t j = 0; j < load->corrs[c]->corr->n_rules; j++)
			if (load->refs[c][j] < load->n_rules)
				plan->doc_of_rule[load->refs[c][j]] = 0; /* wanted */
	for (size_t r = 0; r < load->n_rules; r++) {
		if (plan->doc_of_rule[r] == VD_CORR_NONE)
			continue;
		plan->doc_of_rule[r] = (uint32_t)plan->n_docs;
		plan->docs[plan->n_docs++] = (struct vd_corr_doc){.rule = load->rules[r],
			.number = r,
			.alone = load->rule_alone != NULL && load->rule_alone[r]};
	}
	plan->n_base = plan->n_docs;
	for (size_t c = 0; c < load->n_corrs; c++)
		plan->docs[plan->n_docs++] = (struct vd_corr_doc){.rule = load->corrs[c],
			.number = load->n_rules + c,
			.alone = load->corr_alone != NULL && load->corr_alone[c]};
	return VD_OK;
}

/* Slots for the names in one document; marks them numeric where that is how they are read. */
static uint32_t *
slots_for(struct vd_corr_plan *plan, const struct vd_corr *corr, struct vd_corr_doc *doc, size_t n,
	const struct vd_str *names, bool numeric)
{
	uint32_t *slots = vd_arena_array(plan->arena, n, sizeof *slots);
	for (size_t i = 0; slots != NULL && i < n; i++) {
		if (!field_slot(plan, doc, field_of(corr, doc->rule, names[i]), &slots[i]))
			return NULL;
		doc->numeric[slots[i]] |= numeric;
	}
	return slots;
}

/* What findings of a correlation carry for those above it: a group value where it is one, else event fields. */
static bool
link_carried(struct vd_corr_plan *plan, size_t c, struct vd_corr_link *link)
{
	const struct vd_corr_doc *self = vd_corr_plan_doc(plan, c);
	const struct vd_corr_rule *made = &plan->rules[c];
	struct vd_corr_doc *doc = &plan->docs[link->doc];
	link->carried = vd_arena_array(plan->arena, self->n_fields, sizeof *link->carried);
	if (link->carried == NULL)
		return false;
	for (size_t i = 0; i < self->n_fields; i++) {
		link->carried[i] = VD_CORR_NONE;
		if (made->own[i] != VD_CORR_NONE)
			continue;
		if (!field_slot(
			    plan, doc, field_of(made->corr, doc->rule, self->fields[i]), &link->carried[i]))
			return false;
		doc->numeric[link->carried[i]] |= self->numeric[i];
	}
	return true;
}

static bool
own_groups(struct vd_corr_plan *plan, size_t c)
{
	const struct vd_corr_doc *self = vd_corr_plan_doc(plan, c);
	struct vd_corr_rule *made = &plan->rules[c];
	made->own = vd_arena_array(plan->arena, self->n_fields, sizeof *made->own);
	for (size_t i = 0; made->own != NULL && i < self->n_fields; i++) {
		made->own[i] = VD_CORR_NONE;
		for (size_t g = 0; g < made->corr->n_group; g++)
			if (vd_str_eq(made->corr->group[g], self->fields[i]))
				made->own[i] = (uint32_t)g;
	}
	return made->own != NULL;
}

/* Parents come after children, so going down from the last one a document's fields are complete in its turn. */
static enum vd_status
link_rule(struct vd_corr_plan *plan, const struct vd_load_result *load, size_t c)
{
	struct vd_corr_rule *made = &plan->rules[c];
	const struct vd_corr *corr = made->corr;
	made->links = vd_arena_array(plan->arena, corr->n_rules, sizeof *made->links);
	if (made->links == NULL || !own_groups(plan, c))
		return VD_ENOMEM;
	for (size_t j = 0; j < corr->n_rules; j++) {
		struct vd_corr_link *link = &made->links[j];
		size_t ref = load->refs[c][j];
		link->doc = ref < load->n_rules ? plan->doc_of_rule[ref]
						: (uint32_t)(plan->n_base + ref - load->n_rules);
		struct vd_corr_doc *doc = &plan->docs[link->doc];
		link->group = slots_for(plan, corr, doc, corr->n_group, corr->group, false);
		link->value = slots_for(
			plan, corr, doc, corr->n_fields, corr->fields, reads_numbers(made->measure));
		if (link->group == NULL || link->value == NULL || !link_carried(plan, c, link) ||
			!add_parent(plan, doc, (uint32_t)c, (uint32_t)j))
			return VD_ENOMEM;
	}
	return VD_OK;
}

static void
hash_number(struct sha256_ctx *sha, uint64_t number)
{
	uint8_t bytes[8];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(number >> (8 * i));
	sha256_update(sha, sizeof bytes, bytes);
}

static void
hash_str(struct sha256_ctx *sha, struct vd_str s)
{
	hash_number(sha, s.len);
	if (s.len != 0)
		sha256_update(sha, s.len, (const uint8_t *)s.at);
}

/* A rule's version covers its text; the fields its records carry depend on the rules above it too. */
static void
identify(struct vd_corr_plan *plan)
{
	struct sha256_ctx sha;
	sha256_init(&sha);
	for (size_t d = 0; d < plan->n_docs; d++) {
		const struct vd_corr_doc *doc = &plan->docs[d];
		hash_str(&sha, d < plan->n_base ? VD_S("rule") : VD_S("correlation"));
		hash_str(&sha, doc->rule->id);
		hash_str(&sha, (struct vd_str){(const char *)doc->rule->hash, sizeof doc->rule->hash});
		for (size_t i = 0; i < doc->n_fields; i++)
			hash_str(&sha, doc->fields[i]);
		for (size_t j = 0; d >= plan->n_base && j < doc->rule->corr->n_rules; j++)
			hash_number(&sha, plan->rules[d - plan->n_base].links[j].doc);
	}
	sha256_digest(&sha, sizeof plan->identity, plan->identity);
}

static enum vd_status
make_terms(struct vd_corr_plan *plan, size_t c, struct vd_err *err)
{
	struct vd_corr_rule *made = &plan->rules[c];
	const struct vd_corr *corr = made->corr;
	if (made->measure != VD_CORR_BY_ORDER || corr->n_criteria != 0)
		return VD_OK;
	enum vd_status st = corr->expr == NULL ? vd_corr_terms_all(plan->arena, corr->n_rules, &made->terms)
					       : vd_corr_terms_of(plan->arena, corr->expr, &made->terms);
	const struct vd_str title = vd_corr_plan_doc(plan, c)->rule->title;
	if (st == VD_ELIMIT)
		return vd_fail(err, VD_EINPUT,
			"correlation \"%.*s\" has a condition of more than %u alternatives: simplify it",
			(int)VD_MIN(title.len, 80u), title.at, VD_CORR_MAX_TERMS);
	return st;
}

static enum vd_status
build(struct vd_corr_plan *plan, const struct vd_load_result *load, struct vd_err *err)
{
	enum vd_status st = number_docs(plan, load);
	for (size_t c = 0; st == VD_OK && c < load->n_corrs; c++) {
		const struct vd_corr *corr = load->corrs[c]->corr;
		plan->rules[c] = (struct vd_corr_rule){.corr = corr,
			.measure = measure_of(corr),
			.at_close = judged_at_close(corr),
			.span = VD_MIN(corr->timespan_ms, VD_CORR_MAX_SPAN),
			.percentile = corr->type == VD_CORR_VALUE_MEDIAN ? 50
				      : corr->has_percentile             ? corr->percentile
									 : 0};
		st = check(plan, load, c, err);
		if (st == VD_OK)
			st = make_terms(plan, c, err);
	}
	for (size_t c = load->n_corrs; st == VD_OK && c-- > 0;)
		st = link_rule(plan, load, c);
	if (st == VD_ENOMEM)
		return vd_fail(err, st, "no memory for the plan of %zu correlations", load->n_corrs);
	if (st == VD_OK)
		identify(plan);
	return st;
}

enum vd_status
vd_corr_plan_new(const struct vd_load_result *load, struct vd_corr_plan **ret, struct vd_err *err)
{
	VD_AUTO(vd_corr_plan) plan = vd_obj_new(struct vd_corr_plan, VD_CORR_PLAN_MAGIC);
	if (plan == NULL || (plan->arena = vd_arena_new(0)) == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for the plan of %zu correlations", load->n_corrs);
	enum vd_status st = build(plan, load, err);
	if (st != VD_OK)
		return st;
	*ret = vd_corr_plan_take(&plan);
	return VD_OK;
}

void
vd_corr_plan_free(struct vd_corr_plan *plan)
{
	if (plan == NULL)
		return;
	vd_obj_check(plan, VD_CORR_PLAN_MAGIC);
	vd_arena_free(plan->arena);
	vd_obj_free(plan);
}

bool
vd_corr_plan_wants(const struct vd_corr_plan *plan, size_t rule)
{
	return rule < plan->n_load_rules && plan->doc_of_rule[rule] != VD_CORR_NONE;
}

size_t
vd_corr_plan_fields(const struct vd_corr_plan *plan, size_t rule, const struct vd_str **ret)
{
	if (!vd_corr_plan_wants(plan, rule))
		return 0;
	const struct vd_corr_doc *doc = &plan->docs[plan->doc_of_rule[rule]];
	*ret = doc->fields;
	return doc->n_fields;
}
