#include "engine/sigma/load_fixture.h"

#define RULE(name, source)                                                                                   \
	"title: " name "\nname: " name "\nid: 00000000-0000-4000-8000-00000000000" name                      \
	"\nlogsource: " source "\ndetection: {a: {A: 1}, condition: a}\n---\n"
#define WIN "{product: windows, category: test}"
#define FILTER(source, body) "title: f\nlogsource: " source "\nfilter: {" body "}\n"
#define NOT_ADMIN "s: {U: adm}, condition: not s"

/* How the condition of rule number i looks. */
static void
expr_is(const char *text, size_t i, const char *want)
{
	struct vd_loaded l;
	struct vd_buf buf;
	vd_buf_init(&buf, 0);
	vd_loaded_init(&l, 1, &text, NULL);
	assert_int_equal(l.status, VD_OK);
	assert_true(i < l.result.n_rules);
	vd_show_expr(&buf, l.result.rules[i]->expr);
	assert_string_equal(buf.at, want);
	vd_buf_fini(&buf);
	vd_loaded_fini(&l);
}

#define FILTERED "(a:A='1' and not s:U='adm')"

VD_TEST(a_filter_is_anded_to_the_rules_it_names)
{
	expr_is(RULE("1", WIN) RULE("2", WIN) FILTER("{product: windows}", "rules: ['1'], " NOT_ADMIN), 0,
		FILTERED);
	expr_is(RULE("1", WIN) RULE("2", WIN) FILTER("{product: windows}", "rules: ['1'], " NOT_ADMIN), 1,
		"a:A='1'");
	expr_is(RULE("1", WIN) FILTER(
			"{product: windows}", "rules: [00000000-0000-4000-8000-000000000001], " NOT_ADMIN),
		0, FILTERED);
	expr_is(RULE("1", WIN) FILTER("{product: windows}", "rules: '1', " NOT_ADMIN), 0, FILTERED);
}

VD_TEST(any_and_an_empty_list_mean_every_rule)
{
	expr_is(RULE("1", WIN) FILTER("{product: windows}", "rules: any, " NOT_ADMIN), 0, FILTERED);
	expr_is(RULE("1", WIN) FILTER("{product: windows}", "rules: [], " NOT_ADMIN), 0, FILTERED);
}

VD_TEST(every_key_of_its_log_source_must_equal_the_rules)
{
	expr_is(RULE("1", WIN) FILTER("{product: windows, category: test}", "rules: any, " NOT_ADMIN), 0,
		FILTERED);
	expr_is(RULE("1", WIN) FILTER("{product: linux}", "rules: any, " NOT_ADMIN), 0, "a:A='1'");
	expr_is(RULE("1", WIN) FILTER("{product: windows, service: sysmon}", "rules: any, " NOT_ADMIN), 0,
		"a:A='1'");
}

VD_TEST(several_filters_are_all_anded)
{
	expr_is(RULE("1", WIN) FILTER("{product: windows}", "rules: any, " NOT_ADMIN) "---\n" FILTER(
			"{category: test}", "rules: any, t: {H: x}, condition: not t"),
		0, "(a:A='1' and not s:U='adm' and not t:H='x')");
}

VD_TEST(a_filter_has_names_of_its_own)
{
	expr_is(RULE("1", WIN)
			FILTER("{product: windows}", "rules: any, a: {U: adm}, condition: not 1 of them"),
		0, "(a:A='1' and not a:U='adm')");
	assert_string_equal(vd_verdict_words(RULE("1", WIN) FILTER(
				    "{product: windows}", "rules: any, s: {U: adm}, condition: not a")),
		"loaded ok, rejected condition-unknown");
}

VD_TEST(a_filter_without_not_is_loaded_and_warned_about)
{
	assert_string_equal(vd_verdict_words(RULE("1", WIN) FILTER(
				    "{product: windows}", "rules: any, s: {U: adm}, condition: s")),
		"loaded ok, degraded filter-without-not");
	assert_string_equal(vd_verdict_words(RULE("1", WIN) FILTER(
				    "{product: windows}", "rules: any, s: {U|neq: adm}, condition: s")),
		"loaded ok, loaded ok");
}

#define IS(body, want)                                                                                       \
	assert_string_equal(                                                                                 \
		vd_verdict_words(RULE("1", WIN) FILTER("{product: windows}", body)), "loaded ok, " want)

VD_TEST(filters_that_cannot_be_understood_are_rejected)
{
	IS(NOT_ADMIN, "rejected filter-rules-missing");
	IS("rules: null, " NOT_ADMIN, "rejected filter-rules-missing");
	IS("rules: {a: b}, " NOT_ADMIN, "rejected filter-rules-type");
	IS("rules: [[a]], " NOT_ADMIN, "rejected filter-rules-type");
	IS("rules: any, s: {U: adm}, condition: [not s]", "rejected condition-type");
	IS("rules: any, s: {U: adm}", "rejected condition-missing");
	IS("rules: any, condition: not s", "rejected detection-empty");
	assert_string_equal(vd_verdict_words("title: f\nfilter: {rules: any, " NOT_ADMIN "}\n"),
		"rejected logsource-missing");
	assert_string_equal(vd_verdict_words("title: f\nlogsource: {product: windows}\nfilter: x\n"),
		"rejected filter-type");
}

VD_TEST(a_filter_that_meets_no_rule_says_so)
{
	IS("rules: [nobody], " NOT_ADMIN, "degraded reference-missing");
	assert_string_equal(
		vd_verdict_words(RULE("1", WIN) FILTER("{product: linux}", "rules: any, " NOT_ADMIN)),
		"loaded ok, degraded filter-unused");
}

VD_TEST(a_rejected_filter_leaves_its_rules_alone)
{
	expr_is(RULE("1", WIN) FILTER("{product: windows}", "rules: any, s: {U|nope: x}, condition: not s"),
		0, "a:A='1'");
	expr_is(RULE("1", WIN)
			FILTER("{product: windows}", "rules: any, s: {U|expand: '%x%'}, condition: not s"),
		0, "a:A='1'");
	IS("rules: any, s: {U|expand: '%x%'}, condition: not s", "rejected placeholder-unknown");
}

VD_TEST(rules_that_share_a_filter_share_none_of_its_items)
{
	const char *text =
		RULE("1", WIN) RULE("2", WIN) FILTER("{product: windows}", "rules: any, " NOT_ADMIN);
	struct vd_loaded l;
	vd_loaded_init(&l, 1, &text, NULL);
	assert_int_equal(l.result.n_rules, 2);
	const struct vd_item *first = l.result.rules[0]->expr->kids[1]->kids[0]->kids[0]->item;
	const struct vd_item *second = l.result.rules[1]->expr->kids[1]->kids[0]->kids[0]->item;
	assert_ptr_not_equal(first, second);
	assert_ptr_not_equal(first->values[0].atoms[0].tokens, second->values[0].atoms[0].tokens);
	vd_loaded_fini(&l);
}
