/* Texts of rules in, matches of events out: what only the whole of compile and match can show. */
#include <stdio.h>

#include "base/status.h"
#include "base/str.h"
#include "vd_test.h"
#include "vedette/engine.h"

static struct vd_ruleset *
ruleset_of(const char *text)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_text rule = {VD_S("rule.yml"), vd_str_from(text)};
	struct vd_ruleset_input input = {.rules = &rule, .n_rules = 1, .no_routing = true};
	struct vd_ruleset *set = NULL;
	if (vd_ruleset_new(&input, &set, &err) != VD_OK)
		fail_msg("%s", err.text);
	return set;
}

/* How many of the rules match. */
static size_t
matches(struct vd_ruleset *set, const char *event)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_matcher *matcher = NULL;
	struct vd_match_result result;
	char text[512 + VD_INPUT_PADDING] = "";
	int n = snprintf(text, 512, "%s", event);
	assert_int_equal(vd_matcher_new(set, &matcher, &err), VD_OK);
	assert_int_equal(vd_matcher_event(matcher, (struct vd_str){text, (size_t)n}, &result, &err), VD_OK);
	size_t found = result.n;
	vd_matcher_free(matcher);
	return found;
}

/* ---- networks ---- */

static bool
is_in(const char *address, const char *network)
{
	char rule[512], event[256];
	(void)snprintf(rule, sizeof rule,
		"title: t\nlogsource: {category: test}\ndetection: {s: {F|cidr: '%s'}, condition: s}\n",
		network);
	(void)snprintf(event, sizeof event, "{\"F\": \"%s\"}", address);
	struct vd_ruleset *set = ruleset_of(rule);
	assert_int_equal(vd_ruleset_single_rules(set), 1);
	size_t n = matches(set, event);
	vd_ruleset_unref(set);
	return n == 1;
}

VD_TEST(a_wide_network_of_ipv6_holds_no_ipv4_address)
{
	assert_true(is_in("2001:db8::1", "::/0"));
	assert_true(is_in("::ffff:10.1.2.3", "::/0"));
	assert_false(is_in("10.1.2.3", "::/0"));
	assert_false(is_in("10.1.2.3", "::/64"));
	assert_false(is_in("10.1.2.3", "::ffff:0:0/95"));
}

VD_TEST(ipv4_in_its_ipv6_spelling_is_ipv4)
{
	assert_true(is_in("10.1.2.3", "10.0.0.0/8"));
	assert_true(is_in("::ffff:10.1.2.3", "10.0.0.0/8"));
	assert_true(is_in("10.1.2.3", "::ffff:10.0.0.0/104"));
	assert_true(is_in("10.1.2.3", "0.0.0.0/0"));
	assert_true(is_in("::ffff:10.1.2.3", "0.0.0.0/0"));
	assert_false(is_in("11.1.2.3", "10.0.0.0/8"));
	assert_false(is_in("::10.1.2.3", "0.0.0.0/0"));
}

/* ---- regular expressions ---- */

VD_TEST(a_wrong_regular_expression_costs_its_rule_and_no_other)
{
	struct vd_ruleset *set = ruleset_of("title: a\nlogsource: {category: test}\n"
					    "detection:\n  s:\n    F|re: 'x(y'\n  condition: s\n"
					    "---\n"
					    "title: b\nlogsource: {category: test}\n"
					    "detection: {s: {F|re: 'x(y|z)'}, condition: s}\n");
	assert_int_equal(vd_ruleset_single_rules(set), 1);
	assert_int_equal(vd_ruleset_verdicts(set), 2);
	struct vd_verdict_view row = vd_ruleset_verdict(set, 0);
	assert_int_equal(row.verdict, VD_RULE_REJECTED);
	assert_true(vd_str_is(row.code, "regex-invalid"));
	assert_int_equal(row.line, 5);
	assert_int_equal(row.column, 11);
	assert_int_equal(vd_ruleset_verdict(set, 1).verdict, VD_RULE_LOADED);
	assert_int_equal(matches(set, "{\"F\": \"axz\"}"), 1);
	assert_int_equal(matches(set, "{\"F\": \"ax\"}"), 0);
	vd_ruleset_unref(set);
}

/* ---- what a rule needs of an event ---- */

static bool
needs_field(const char *detection)
{
	char rule[512];
	(void)snprintf(
		rule, sizeof rule, "title: t\nlogsource: {category: test}\ndetection: {%s}\n", detection);
	struct vd_ruleset *set = ruleset_of(rule);
	assert_int_equal(vd_ruleset_single_rules(set), 1);
	bool needs = vd_ruleset_rule_needs_field(set, 0);
	/* no field and no keyword: what an empty event says is the whole truth */
	if (strstr(detection, "word") == NULL)
		assert_int_equal(matches(set, "{}"), !needs);
	vd_ruleset_unref(set);
	return needs;
}

VD_TEST(a_rule_that_can_hold_without_any_of_its_fields_is_told)
{
	assert_true(needs_field("s: {A: x, B: y}, condition: s"));
	assert_true(needs_field("s: {A: null, B: y}, condition: s"));
	assert_true(needs_field("s: {A|exists: true}, condition: s"));
	assert_true(needs_field("s: {A|fieldref: B}, condition: s"));
	assert_true(needs_field("s: {A: x}, f: {B: y}, condition: s and not f"));
	assert_true(needs_field("s: {A: null}, condition: not s"));
	assert_false(needs_field("s: {A: null}, condition: s"));
	assert_false(needs_field("s: {A: [x, null]}, condition: s"));
	assert_false(needs_field("s: {A|exists: false}, condition: s"));
	assert_false(needs_field("s: {A|neq: x}, condition: s"));
	assert_false(needs_field("s: {A: x}, condition: not s"));
	assert_false(needs_field("s: {A: x}, f: {B: null}, condition: s or f"));
	assert_false(needs_field("s: [{A: x}, {B: null}], condition: s"));
	assert_false(needs_field("s: {A: x}, f: {B: y}, condition: not (s and f)"));
	/* a keyword may hold or fail on any event */
	assert_false(needs_field("k: [word], s: {A: x}, condition: k or s"));
	assert_false(needs_field("k: [word], condition: not k"));
	assert_true(needs_field("k: [word], s: {A: x}, condition: k and s"));
	assert_true(needs_field("k: [word], s: {A: x}, condition: s and not k"));
}

/* ---- files that are not there to be read ---- */

VD_TEST(an_unreadable_file_has_a_verdict_and_the_others_load)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_text rule = {VD_S("a.yml"),
		VD_S("title: t\nlogsource: {category: test}\ndetection: {s: {A: x}, condition: s}\n")};
	struct vd_text gone = {VD_S("b.yml"), VD_S("cannot open it: Permission denied")};
	struct vd_ruleset_input input = {
		.rules = &rule, .n_rules = 1, .unreadable = &gone, .n_unreadable = 1};
	struct vd_ruleset *set = NULL;
	assert_int_equal(vd_ruleset_new(&input, &set, &err), VD_OK);
	assert_int_equal(vd_ruleset_single_rules(set), 1);
	assert_int_equal(vd_ruleset_verdicts(set), 2);
	struct vd_verdict_view v = vd_ruleset_verdict(set, 1);
	assert_int_equal(v.verdict, VD_RULE_REJECTED);
	assert_true(vd_str_is(v.file, "b.yml") && vd_str_is(v.code, "file-unreadable"));
	assert_true(vd_str_is(v.message, "cannot open it: Permission denied"));
	vd_ruleset_unref(set);
}
