#include "engine/sigma/load_fixture.h"

#include <stdio.h>

#define BASE(name)                                                                                           \
	"title: " name "\nname: " name "\nlogsource: {category: test}\n"                                     \
	"detection: {a: {A: 1}, condition: a}\n---\n"
#define HEAD BASE("r1") BASE("r2") BASE("r3") "title: c\ncorrelation:\n"
#define RULES "    rules: [r1, r2]\n"
#define REST RULES "    group-by: [U]\n    timespan: 5m\n"
#define COUNT "    type: event_count\n" REST

/* The verdict of the correlation that stands behind three rules. */
static const char *
verdict_of(const char *body)
{
	static char text[8192];
	int n = snprintf(text, sizeof text, "%s%s", HEAD, body);
	assert_true(n > 0 && (size_t)n < sizeof text);
	const char *all = vd_verdict_words(text), *last = all;
	for (const char *p = all; (p = strstr(p, ", ")) != NULL; p += 2)
		last = p + 2;
	return last;
}

#define IS(body, want) assert_string_equal(verdict_of(body), want)

static void
load_corr(struct vd_loaded *l, const char *body)
{
	static char text[8192];
	int n = snprintf(text, sizeof text, "%s%s", HEAD, body);
	assert_true(n > 0 && (size_t)n < sizeof text);
	const char *texts[] = {text};
	vd_loaded_init(l, 1, texts, NULL);
	assert_int_equal(l->status, VD_OK);
	assert_int_equal(l->result.n_corrs, 1);
}

VD_TEST(all_types_load)
{
	IS(COUNT "    condition: {gte: 3}\n", "loaded ok");
	IS("    type: value_count\n" REST "    condition: {gte: 3, field: F}\n", "loaded ok");
	IS("    type: value_count\n" REST "    condition: {gte: 3, field: [F, G]}\n", "loaded ok");
	IS("    type: value_sum\n" REST "    condition: {gte: 3, field: F}\n", "loaded ok");
	IS("    type: value_avg\n" REST "    condition: {gte: 3, field: F}\n", "loaded ok");
	IS("    type: value_median\n" REST "    condition: {gte: 3, field: F}\n", "loaded ok");
	IS("    type: value_percentile\n" REST "    condition: {lte: 1, field: F}\n", "loaded ok");
	IS("    type: value_percentile\n" REST "    condition: {gt: 15, field: F, percentile: 75}\n",
		"loaded ok");
	IS("    type: temporal\n" REST, "loaded ok");
	IS("    type: temporal_ordered\n" REST, "loaded ok");
	IS("    type: temporal\n" REST "    condition: {gte: 2}\n", "loaded ok");
	IS("    type: temporal_extended\n" REST "    condition: r1 and r2\n", "loaded ok");
	IS("    type: temporal_ordered_extended\n" REST "    condition: r1 and r2\n", "loaded ok");
}

VD_TEST(types_that_do_not_exist_are_rejected)
{
	IS(REST "    condition: {gte: 3}\n", "rejected correlation-type-missing");
	IS("    type: sequence\n" REST "    condition: {gte: 3}\n", "rejected correlation-type-unknown");
	IS("    type: EVENT_COUNT\n" REST "    condition: {gte: 3}\n", "rejected correlation-type-unknown");
	IS("    type: [event_count]\n" REST "    condition: {gte: 3}\n", "rejected correlation-type-unknown");
	assert_string_equal(vd_verdict_words("title: c\ncorrelation: x\n"), "rejected correlation-type");
}

VD_TEST(rules_are_named_once_and_must_exist)
{
	IS("    type: temporal\n    group-by: [U]\n    timespan: 5m\n", "rejected correlation-rules-missing");
	IS("    type: temporal\n    rules: []\n    group-by: [U]\n    timespan: 5m\n",
		"rejected correlation-rules-missing");
	IS("    type: temporal\n    rules: {a: b}\n    group-by: [U]\n    timespan: 5m\n",
		"rejected correlation-type");
	IS("    type: temporal\n    rules: [r1, [r2]]\n    group-by: [U]\n    timespan: 5m\n",
		"rejected correlation-type");
	IS("    type: temporal\n    rules: [r1, r1]\n    group-by: [U]\n    timespan: 5m\n",
		"rejected correlation-duplicate");
	IS("    type: temporal\n    rules: [r1, nobody]\n    group-by: [U]\n    timespan: 5m\n",
		"rejected reference-missing");
	IS("    type: event_count\n    rules: r1\n    group-by: U\n    timespan: 5m\n    condition: {gte: "
	   "1}\n",
		"loaded ok");
}

VD_TEST(group_by_may_be_absent_and_is_missed)
{
	IS("    type: event_count\n" RULES "    timespan: 5m\n    condition: {gte: 3}\n",
		"degraded group-by-missing");
	IS("    type: event_count\n" RULES "    group-by: []\n    timespan: 5m\n    condition: {gte: 3}\n",
		"degraded group-by-missing");
	IS("    type: event_count\n" RULES
	   "    group-by: {a: b}\n    timespan: 5m\n    condition: {gte: 3}\n",
		"rejected correlation-type");
}

static int64_t
span_of(const char *span)
{
	char body[512];
	struct vd_loaded l;
	(void)snprintf(body, sizeof body, "    type: temporal\n%s    group-by: [U]\n    timespan: %s\n",
		RULES, span);
	load_corr(&l, body);
	int64_t ms = l.result.corrs[0]->corr->timespan_ms;
	vd_loaded_fini(&l);
	return ms;
}

VD_TEST(timespans_are_a_number_and_a_unit)
{
	assert_true(span_of("1s") == 1000);
	assert_true(span_of("90m") == 5400000);
	assert_true(span_of("1h") == 3600000);
	assert_true(span_of("2d") == INT64_C(172800000));
	assert_true(span_of("1w") == INT64_C(604800000));
	assert_true(span_of("1M") == INT64_C(2629746000));
	assert_true(span_of("1y") == INT64_C(31556952000));
}

VD_TEST(other_timespans_are_rejected)
{
	static const char *const wrong[] = {
		"1H", "1h30m", "0s", "-1s", "1.5h", "s", "5", "' 5m'", "5 m", "[5m]", "''"};
	char body[512];
	for (size_t i = 0; i < VD_ARRAY_LEN(wrong); i++) {
		(void)snprintf(body, sizeof body,
			"    type: temporal\n%s    group-by: [U]\n    timespan: %s\n", RULES, wrong[i]);
		IS(body, "rejected timespan-invalid");
	}
	IS("    type: temporal\n" RULES "    group-by: [U]\n", "rejected timespan-missing");
	IS("    type: temporal\n" RULES "    group-by: [U]\n    timespan: 101y\n", "rejected limit");
	IS("    type: temporal\n" RULES "    group-by: [U]\n    timespan: 99999999999999999999y\n",
		"rejected timespan-invalid");
}

VD_TEST(criteria_keep_their_fractions_and_make_ranges)
{
	struct vd_loaded l;
	load_corr(&l, COUNT "    condition: {gte: 500.7, lt: 1e3, neq: 600, eq: 0.5}\n");
	const struct vd_corr *corr = l.result.corrs[0]->corr;
	assert_int_equal(corr->n_criteria, 4);
	assert_int_equal(corr->criteria[0].compare, VD_CMP_GTE);
	assert_true(corr->criteria[0].number > 500.69 && corr->criteria[0].number < 500.71);
	assert_int_equal(corr->criteria[1].compare, VD_CMP_LT);
	assert_int_equal(corr->criteria[2].compare, VD_CMP_NEQ);
	assert_int_equal(corr->criteria[3].compare, VD_CMP_EQ);
	assert_true(corr->criteria[3].number > 0.49 && corr->criteria[3].number < 0.51);
	vd_loaded_fini(&l);
}

VD_TEST(conditions_that_do_not_fit_their_type_are_rejected)
{
	IS(COUNT, "rejected condition-missing");
	IS(COUNT "    condition: {}\n", "rejected correlation-condition");
	IS(COUNT "    condition: [gte]\n", "rejected condition-type");
	IS(COUNT "    condition: {gte: '3'}\n", "rejected correlation-condition");
	IS(COUNT "    condition: {gte: many}\n", "rejected correlation-condition");
	IS(COUNT "    condition: {ge: 3}\n", "rejected correlation-condition");
	IS(COUNT "    condition: {gte: 3, field: F}\n", "rejected correlation-condition");
	IS(COUNT "    condition: {gte: 3, percentile: 5}\n", "rejected correlation-condition");
	IS(COUNT "    condition: r1 and r2\n", "rejected correlation-condition");
	IS("    type: value_count\n" REST "    condition: {gte: 3}\n", "rejected correlation-field-missing");
	IS("    type: value_count\n" REST "    condition: {gte: 3, field: []}\n",
		"rejected correlation-condition");
	IS("    type: value_sum\n" REST "    condition: {gte: 3, field: [F, G]}\n",
		"rejected correlation-condition");
	IS("    type: value_percentile\n" REST "    condition: {gt: 1, field: F, percentile: 101}\n",
		"rejected correlation-condition");
	IS("    type: temporal\n" REST "    condition: {gte: 1, field: F}\n",
		"rejected correlation-condition");
}

static void
show(struct vd_buf *to, const struct vd_corr_expr *expr)
{
	if (expr->kind == VD_EXPR_ITEM) {
		vd_buf_printf(to, "%zu", expr->rule);
		return;
	}
	vd_buf_text(to, expr->kind == VD_EXPR_NOT ? "not " : expr->kind == VD_EXPR_AND ? "and(" : "or(");
	for (size_t i = 0; i < expr->n; i++) {
		vd_buf_text(to, i == 0 ? "" : " ");
		show(to, expr->kids[i]);
	}
	vd_buf_text(to, expr->kind == VD_EXPR_NOT ? "" : ")");
}

static void
condition_is(const char *body, const char *want)
{
	struct vd_loaded l;
	struct vd_buf buf;
	vd_buf_init(&buf, 0);
	load_corr(&l, body);
	show(&buf, l.result.corrs[0]->corr->expr);
	assert_string_equal(buf.at, want);
	vd_buf_fini(&buf);
	vd_loaded_fini(&l);
}

/* "(a0 or b0) and (a1 or b1) and …": two to the power of n alternatives. */
static const char *
verdict_of_pairs(const char *type, size_t n)
{
	static char body[2048];
	int at = snprintf(body, sizeof body,
		"    type: %s\n    group-by: [U]\n    timespan: 5m\n    condition: ", type);
	for (size_t i = 0; i < n; i++)
		at += snprintf(
			body + at, sizeof body - (size_t)at, "%s(a%zu or b%zu)", i == 0 ? "" : " and ", i, i);
	(void)snprintf(body + at, sizeof body - (size_t)at, "\n");
	return verdict_of(body);
}

VD_TEST(conditions_of_too_many_alternatives_are_rejected)
{
	/* the rules do not exist, which is found out after the condition was read */
	assert_string_equal(verdict_of_pairs("temporal_ordered", 8), "rejected reference-missing");
	assert_string_equal(verdict_of_pairs("temporal_ordered", 9), "rejected limit");
	assert_string_equal(verdict_of_pairs("temporal", 9), "rejected reference-missing");
}

VD_TEST(conditions_of_too_many_names_are_rejected)
{
	static char body[7500];
	for (size_t n = 1024; n <= 1025; n++) {
		size_t at = (size_t)snprintf(
			body, sizeof body, "    type: temporal\n" REST "    condition: r1 and r2");
		for (size_t i = 2; i < n; i++, at += 6)
			memcpy(body + at, " or r1", 6);
		memcpy(body + at, "\n", 2);
		IS(body, n == 1024 ? "loaded ok" : "rejected limit");
	}
}

VD_TEST(temporal_conditions_are_words_between_rules)
{
	condition_is("    type: temporal\n" REST "    condition: r1 and r2\n", "and(0 1)");
	condition_is("    type: temporal\n" REST "    condition: r1 and not r2\n", "and(0 not 1)");
	condition_is("    type: temporal\n    rules: [r1, r2, r3]\n    group-by: [U]\n    timespan: 5m\n"
		     "    condition: r3 or (r1 and r2)\n",
		"or(2 and(0 1))");
	/* the condition alone may say which rules there are */
	condition_is(
		"    type: temporal\n    group-by: [U]\n    timespan: 5m\n    condition: r2 and not r1\n",
		"and(0 not 1)");
}

VD_TEST(temporal_conditions_name_listed_rules_only)
{
	IS("    type: temporal\n" REST "    condition: r1 and r3\n", "rejected condition-unknown");
	IS("    type: temporal\n" REST "    condition: r1 and 1 of r*\n", "rejected condition-syntax");
	IS("    type: temporal\n" REST "    condition: r1 r2\n", "rejected condition-syntax");
	IS("    type: temporal\n" REST "    condition: r1\n", "degraded rule-unused");
}

VD_TEST(aliases_are_maps_from_rules_to_fields)
{
	struct vd_loaded l;
	load_corr(&l, "    type: temporal\n" RULES "    group-by: [ip]\n    timespan: 5m\n"
		      "    aliases: {ip: {r1: dst, r2: 'src ip'}}\n");
	const struct vd_corr *corr = l.result.corrs[0]->corr;
	assert_int_equal(corr->n_aliases, 1);
	assert_true(vd_str_is(corr->aliases[0].name, "ip"));
	assert_int_equal(corr->aliases[0].n, 2);
	assert_true(vd_str_is(corr->aliases[0].rules[1], "r2"));
	assert_true(vd_str_is(corr->aliases[0].fields[1], "srcip"));
	vd_loaded_fini(&l);
	IS("    type: temporal\n" REST "    aliases: [a]\n", "rejected alias-type");
	IS("    type: temporal\n" REST "    aliases: {ip: x}\n", "rejected alias-type");
	IS("    type: temporal\n" REST "    aliases: {ip: {r1: [x]}}\n", "rejected alias-type");
	IS("    type: temporal\n" REST "    aliases: {ip: {r3: x}}\n", "degraded alias-unused");
}

VD_TEST(generate_stands_outside_or_inside)
{
	struct vd_loaded l;
	load_corr(&l, "    type: temporal\n" REST);
	assert_false(l.result.corrs[0]->generate);
	assert_false(l.result.rule_alone[0]);
	assert_true(l.result.rule_alone[2]);
	vd_loaded_fini(&l);
	load_corr(&l, "    type: temporal\n" REST "generate: true\n");
	assert_true(l.result.rule_alone[0]);
	vd_loaded_fini(&l);
	load_corr(&l, "    type: temporal\n" REST "    generate: true\n");
	assert_true(l.result.rule_alone[0]);
	vd_loaded_fini(&l);
	IS("    type: temporal\n" REST "    generate: maybe\n", "rejected generate-type");
}

VD_TEST(windows_other_than_sliding_are_rejected)
{
	IS("    type: temporal\n" REST "    window: sliding\n", "loaded ok");
	IS("    type: temporal\n" REST "    window: tumbling\n", "rejected correlation-window");
	IS("    type: temporal\n" REST "rsigma.window: session\n", "rejected correlation-window");
}

VD_TEST(too_many_rules_or_groups_are_rejected)
{
	char body[4096];
	size_t at = (size_t)snprintf(
		body, sizeof body, "    type: temporal\n    group-by: [U]\n    timespan: 5m\n    rules: [r1");
	for (int i = 0; i < 64; i++)
		at += (size_t)snprintf(body + at, sizeof body - at, ", x%d", i);
	(void)snprintf(body + at, sizeof body - at, "]\n");
	IS(body, "rejected limit");
	at = (size_t)snprintf(
		body, sizeof body, "    type: temporal\n" RULES "    timespan: 5m\n    group-by: [a");
	for (int i = 0; i < 16; i++)
		at += (size_t)snprintf(body + at, sizeof body - at, ", x%d", i);
	(void)snprintf(body + at, sizeof body - at, "]\n");
	IS(body, "rejected limit");
}
