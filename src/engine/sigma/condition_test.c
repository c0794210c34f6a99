#include "engine/sigma/load_fixture.h"

#include "base/mem.h"

/* The identifiers that most conditions below speak of. */
#define NAMED "{a: {A: 1}, b: {B: 1}, c: {C: 1}, _d: {D: 1}, sel_x: {X: 1}, sel_y: {Y: 1}, condition: "
#define IS(condition, want) assert_string_equal(vd_condition_words(NAMED condition "}"), want)

VD_TEST(not_binds_closer_than_and_and_and_than_or)
{
	IS("a or b and not c", "(a:A='1' or (b:B='1' and not c:C='1'))");
	IS("not a and b", "(not a:A='1' and b:B='1')");
	IS("(a or b) and c", "((a:A='1' or b:B='1') and c:C='1')");
	IS("not not a", "not not a:A='1'");
	IS("a and b and c", "(a:A='1' and b:B='1' and c:C='1')");
	IS("'a  and\tnot(b)'", "(a:A='1' and not b:B='1')");
}

VD_TEST(of_forms_mean_any_or_all_of_what_fits)
{
	IS("1 of sel_*", "(sel_x:X='1' or sel_y:Y='1')");
	IS("any of sel_*", "(sel_x:X='1' or sel_y:Y='1')");
	IS("all of sel_*", "(sel_x:X='1' and sel_y:Y='1')");
	IS("all of *_x", "sel_x:X='1'");
	IS("1 of s*l*x", "sel_x:X='1'");
	IS("1 of a", "a:A='1'");
	IS("a and 1 of sel_* and not all of *_y",
		"(a:A='1' and (sel_x:X='1' or sel_y:Y='1') and not sel_y:Y='1')");
}

VD_TEST(hidden_identifiers_are_reached_by_name_or_by_a_pattern_that_says_so)
{
	IS("1 of them", "(a:A='1' or b:B='1' or c:C='1' or sel_x:X='1' or sel_y:Y='1')");
	IS("all of *d", "rejected condition-unknown");
	IS("1 of _*", "_d:D='1'");
	IS("a and _d", "(a:A='1' and _d:D='1')");
	assert_string_equal(
		vd_condition_words("{_a: {A: 1}, condition: 1 of them}"), "rejected condition-unknown");
}

VD_TEST(keywords_of_the_grammar_are_whole_lower_case_words)
{
	assert_string_equal(
		vd_condition_words("{android: {A: 1}, nothing: {B: 1}, condition: android or nothing}"),
		"(android:A='1' or nothing:B='1')");
	assert_string_equal(
		vd_condition_words("{notepad: {A: 1}, condition: not notepad}"), "not notepad:A='1'");
	assert_string_equal(vd_condition_words("{all: {A: 1}, of: {B: 1}, condition: all or of}"),
		"(all:A='1' or of:B='1')");
	IS("a AND b", "rejected condition-syntax");
	IS("NOT a", "rejected condition-syntax");
	IS("a Or b", "rejected condition-syntax");
	IS("ALL OF sel_*", "rejected condition-syntax");
}

VD_TEST(what_names_nothing_is_rejected)
{
	IS("z", "rejected condition-unknown");
	IS("a and 1 of zz*", "rejected condition-unknown");
	IS("sel_*", "rejected condition-unknown");
	IS("A", "rejected condition-unknown");
}

VD_TEST(a_condition_that_cannot_be_read_is_rejected)
{
	IS("''", "rejected condition-syntax");
	IS("'a b'", "rejected condition-syntax");
	IS("'a and'", "rejected condition-syntax");
	IS("'and a'", "rejected condition-syntax");
	IS("'(a'", "rejected condition-syntax");
	IS("'a)'", "rejected condition-syntax");
	IS("'()'", "rejected condition-syntax");
	IS("'not'", "rejected condition-syntax");
	IS("'1 of'", "rejected condition-syntax");
	IS("'1 of and'", "rejected condition-syntax");
	IS("'2 of sel_*'", "rejected condition-syntax");
	IS("null", "rejected condition-type");
	IS("{a: b}", "rejected condition-type");
	IS("[]", "rejected condition-type");
	IS("[[a]]", "rejected condition-type");
}

VD_TEST(aggregations_of_the_first_sigma_are_rejected_by_name)
{
	IS("'a | count() > 5'", "rejected aggregation-deprecated");
	IS("'a |count() by X > 5'", "rejected aggregation-deprecated");
	IS("'a|count()'", "rejected aggregation-deprecated");
	assert_string_equal(vd_condition_words("{a: {A: 1}, timeframe: 5m, condition: a}"),
		"rejected aggregation-deprecated");
}

VD_TEST(a_list_of_conditions_is_or)
{
	IS("[a, b and c]", "(a:A='1' or (b:B='1' and c:C='1'))");
	IS("[a]", "a:A='1'");
	IS("[a, z]", "rejected condition-unknown");
}

VD_TEST(each_use_of_an_identifier_has_items_of_its_own)
{
	const char *text = VD_RULE_HEAD "detection: {a: {A: 1}, condition: a or not a}\n";
	struct vd_loaded l;
	vd_loaded_init(&l, 1, &text, NULL);
	const struct vd_expr *any = l.result.rules[0]->expr;
	const struct vd_item *first = any->kids[0]->kids[0]->item,
			     *second = any->kids[1]->kids[0]->kids[0]->item;
	assert_ptr_not_equal(first, second);
	assert_ptr_not_equal(first->values, second->values);
	assert_ptr_not_equal(first->values[0].atoms, second->values[0].atoms);
	vd_loaded_fini(&l);
}

/* head, then part n times, then tail */
static const char *
repeated(const char *head, const char *part, size_t n, const char *tail)
{
	static char text[65536 * 2];
	size_t at = 0;
	memcpy(text, head, strlen(head));
	at += strlen(head);
	for (size_t i = 0; i < n; i++, at += strlen(part))
		memcpy(text + at, part, strlen(part));
	memcpy(text + at, tail, strlen(tail) + 1);
	return text;
}

VD_TEST(depth_and_length_have_bounds)
{
	const char *head = "{a: {A: 1}, condition: '";
	assert_string_equal(
		vd_condition_words(repeated(head, "(", 20, "a))))))))))))))))))))'}")), "a:A='1'");
	assert_string_equal(vd_condition_words(repeated(head, "(", 60000, "'}")), "rejected limit");
	assert_string_equal(vd_condition_words(repeated(head, "not ", 15000, "a'}")), "rejected limit");
	assert_string_equal(vd_condition_words(repeated(head, " ", 66000, "a'}")), "rejected limit");
	/* 4,096 items are the most, and each use counts */
	assert_string_equal(vd_condition_words(repeated(head, "a or ", 5000, "a'}")), "rejected limit");
}
