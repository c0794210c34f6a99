#include "engine/sigma/rule.h"

#include "base/mem.h"
#include "vd_test.h"

VD_TEST(the_worst_mark_wins_and_the_first_of_a_kind_stays)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_rule rule = {.pos = {1, 1}};
	vd_rule_degrade(&rule, arena, (struct vd_pos){2, 3}, "one", "first %d", 1);
	vd_rule_degrade(&rule, arena, (struct vd_pos){4, 5}, "two", "second");
	assert_int_equal(rule.verdict, VD_DEGRADED);
	assert_true(vd_str_is(rule.code, "one"));
	assert_true(vd_str_is(rule.message, "first 1"));
	assert_int_equal(rule.verdict_pos.line, 2);
	vd_rule_reject(&rule, arena, (struct vd_pos){6, 7}, "three", "third");
	vd_rule_reject(&rule, arena, (struct vd_pos){8, 9}, "four", "fourth");
	vd_rule_degrade(&rule, arena, (struct vd_pos){8, 9}, "five", "fifth");
	assert_int_equal(rule.verdict, VD_REJECTED);
	assert_true(vd_str_is(rule.code, "three"));
	assert_int_equal(rule.verdict_pos.line, 6);
}

VD_TEST(a_mark_without_a_place_has_the_documents)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_rule rule = {.pos = {7, 2}};
	vd_rule_reject(&rule, arena, (struct vd_pos){0}, "code", "words");
	assert_int_equal(rule.verdict_pos.line, 7);
	assert_int_equal(rule.verdict_pos.column, 2);
}

VD_TEST(a_mark_survives_without_memory_for_its_words)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(1);
	struct vd_rule rule = {.pos = {1, 1}};
	vd_rule_reject(&rule, arena, (struct vd_pos){0}, "code", "words that do not fit anywhere");
	assert_int_equal(rule.verdict, VD_REJECTED);
	assert_true(vd_str_is(rule.code, "code"));
	assert_true(rule.message.len != 0);
}

VD_TEST(levels_have_five_names_in_any_case)
{
	enum vd_level level = VD_LEVEL_NONE;
	assert_true(vd_level_parse(VD_S("critical"), &level));
	assert_int_equal(level, VD_LEVEL_CRITICAL);
	assert_true(vd_level_parse(VD_S("Informational"), &level));
	assert_int_equal(level, VD_LEVEL_INFORMATIONAL);
	assert_false(vd_level_parse(VD_S(""), &level));
	assert_false(vd_level_parse(VD_S("severe"), &level));
	assert_int_equal(level, VD_LEVEL_INFORMATIONAL);
	assert_string_equal(vd_level_name(VD_LEVEL_NONE), "");
	assert_string_equal(vd_level_name(VD_LEVEL_MEDIUM), "medium");
}

VD_TEST(types_of_correlations_have_the_names_of_the_specification)
{
	static const char *const names[] = {"event_count", "value_count", "temporal", "temporal_ordered",
		"value_sum", "value_avg", "value_percentile", "value_median"};
	for (size_t i = 0; i < VD_ARRAY_LEN(names); i++)
		assert_string_equal(vd_corr_type_name((enum vd_corr_type)i), names[i]);
}
