#include "main/detect/limits.h"

#include "vd_test.h"

static const struct vd_report_rule many = {.view = {.id = {"1-2", 3}, .title = {"Many \x1b logons", 13}}};
static const struct vd_report_rule nameless = {.view = {.id = {"1-2", 3}}};

static struct vd_limits
fresh(void)
{
	return (struct vd_limits){.max_groups = 100, .max_events = 200, .memory_mib = 300};
}

static void
writes(void (*write)(const struct vd_limits *, struct vd_buf *), const struct vd_limits *limits,
	const char *want)
{
	struct vd_buf to;
	vd_buf_init(&to, 0);
	write(limits, &to);
	assert_string_equal(to.at == NULL ? "" : to.at, want);
	vd_buf_fini(&to);
}

VD_TEST(nothing_reached_says_nothing)
{
	struct vd_limits limits = fresh();
	vd_limits_add(&limits, &many, &(struct vd_correlator_limits){0});
	assert_false(vd_limits_reached(&limits));
	writes(vd_limits_write, &limits, "");
}

VD_TEST(a_note_names_the_rule_the_limit_and_what_to_do)
{
	struct vd_limits limits = fresh();
	vd_limits_add(&limits, &many, &(struct vd_correlator_limits){.groups = 7, .fixed = 1});
	vd_limits_add(&limits, &nameless, &(struct vd_correlator_limits){.group_events = 1});
	assert_true(vd_limits_reached(&limits));
	writes(vd_limits_write, &limits,
		"note: correlation 'Many \\x1B logons': 7 groups were forgotten (more than 100 at a time), "
		"so findings may be missing; raise --correlation-groups\n"
		"note: correlation 'Many \\x1B logons': 1 event lost a part (more than 256 groups or 1,000 "
		"values of a field in one event), so findings may be missing; this limit is fixed: group by "
		"fewer fields that hold lists\n"
		"note: correlation '1-2': 1 event was forgotten (more than 200 in a group), so findings may "
		"be missing; raise --correlation-events\n");
	writes(vd_limits_line, &limits,
		"correlation 'Many \\x1B logons': 7 groups were forgotten (more than 100 at a time), so "
		"findings may be missing; raise --correlation-groups (and 2 more: the summary without -q "
		"names "
		"them)");
}

VD_TEST(limits_of_memory_name_it)
{
	struct vd_limits limits = fresh();
	vd_limits_add(&limits, &nameless, &(struct vd_correlator_limits){.group_bytes = 2, .time_bytes = 3});
	writes(vd_limits_write, &limits,
		"note: correlation '1-2': 2 groups were forgotten (the groups of all correlations fill half "
		"of 300 MiB), so findings may be missing; raise --correlation-memory\n"
		"note: correlation '1-2': 3 matches were left out (those of one millisecond fill half of 300 "
		"MiB), so findings may be missing; raise --correlation-memory\n");
	limits = fresh();
	vd_limits_add(&limits, &nameless, &(struct vd_correlator_limits){.held_bytes = 1});
	writes(vd_limits_line, &limits,
		"correlation '1-2': 1 match was left out (more wait than memory may hold), so findings may "
		"be "
		"missing; raise --hold");
}

VD_TEST(what_matching_cut_short_is_a_limit_too)
{
	struct vd_limits limits = {.matching = {1, 2}};
	assert_true(vd_limits_reached(&limits));
	writes(vd_limits_write, &limits,
		"note: 1 search of a regular expression was cut short and counts as no match; simplify |re "
		"with "
		"nested repeats\n"
		"note: 2 comparisons of two fields were cut short and count as no match; look at events with "
		"very "
		"many values\n");
	writes(vd_limits_line, &limits,
		"1 search of a regular expression was cut short and counts as no match; simplify |re with "
		"nested "
		"repeats (and 1 more: the summary without -q names them)");
}

VD_TEST(only_so_many_rules_are_named_and_the_rest_is_counted)
{
	struct vd_limits limits = fresh();
	struct vd_buf to;
	for (size_t i = 0; i < VD_LIMITS_NAMED + 2; i++)
		vd_limits_add(&limits, &many, &(struct vd_correlator_limits){.groups = 1});
	vd_buf_init(&to, 0);
	vd_limits_write(&limits, &to);
	size_t lines = 0;
	for (size_t i = 0; i < to.len; i++)
		lines += to.at[i] == '\n';
	assert_int_equal(lines, VD_LIMITS_NAMED + 1);
	assert_non_null(strstr(to.at, "note: 2 more correlations reached a limit\n"));
	vd_buf_reset(&to);
	vd_limits_line(&limits, &to);
	assert_non_null(strstr(to.at, "(and 11 more:"));
	vd_buf_fini(&to);
}
