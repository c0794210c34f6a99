#include "engine/correlate/correlate.h"

#include <stdio.h>

#include "engine/correlate/world_fake.h"
#include "vd_test.h"

#define LINES(...)                                                                                           \
	((const char *const[]){__VA_ARGS__}),                                                                \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)

struct rig {
	struct world world;
	struct vd_corr_plan *plan;
	struct vd_corr_core *core;
	struct world_sink sink;
	struct vd_err err;
	uint64_t line;
};

static void
rig_init(struct rig *rig, const struct vd_correlator_options *options, const char *const *corrs, size_t n)
{
	*rig = (struct rig){.err = VD_ERR_INIT};
	world_init(&rig->world, corrs, n);
	rig->sink.world = &rig->world;
	assert_int_equal(vd_corr_plan_new(&rig->world.load, &rig->plan, &rig->err), VD_OK);
	assert_int_equal(vd_corr_core_new(rig->plan, options, &rig->core, &rig->err), VD_OK);
}

static void
rig_fini(struct rig *rig)
{
	vd_corr_core_free(rig->core);
	vd_corr_plan_free(rig->plan);
	world_sink_fini(&rig->sink);
	world_fini(&rig->world);
}

static void
rig_feed(struct rig *rig, const char *text)
{
	struct world_event event = world_event(&rig->world, text, ++rig->line);
	assert_int_equal(world_feed(&rig->world, rig->plan, rig->core, &event, &rig->err), VD_OK);
}

static void
rig_advance(struct rig *rig, int64_t second)
{
	assert_int_equal(
		vd_corr_core_advance(rig->core, second * 1000, world_take, &rig->sink, &rig->err), VD_OK);
}

static void
rig_finish(struct rig *rig)
{
	assert_int_equal(vd_corr_core_finish(rig->core, world_take, &rig->sink, &rig->err), VD_OK);
}

/*
 * Runs events through correlations and compares the findings of the last one with expected, a row each:
 * "second group fired-line" (line 0: the window closed), by time.
 */
static void
expect_with(const struct vd_correlator_options *options, const char *const *corrs, size_t n_corrs,
	const char *const *events, size_t n_events, const char *const *expected, size_t n_expected)
{
	struct rig rig;
	rig_init(&rig, options, corrs, n_corrs);
	for (size_t i = 0; i < n_events; i++)
		rig_feed(&rig, events[i]);
	rig_finish(&rig);
	world_sort(&rig.sink.found);
	size_t n = 0;
	for (size_t i = 0; i < rig.sink.found.n; i++) {
		const struct world_finding *f = &rig.sink.found.at[i];
		char row[256];
		if (f->corr != n_corrs - 1)
			continue;
		(void)snprintf(row, sizeof row, "%g %s %llu", (double)f->t / 1000,
			f->group[0] == '\0' ? "-" : f->group,
			(unsigned long long)(f->has_fired ? f->fired : 0));
		if (n >= n_expected)
			fail_msg("one finding too many: %s", row);
		assert_string_equal(row, expected[n]);
		n++;
	}
	assert_int_equal(n, n_expected);
	rig_fini(&rig);
}

static const struct vd_correlator_options finite = {.lateness_ms = -1};

#define EXPECT(corrs, events, expected) expect_with(&finite, corrs, events, expected)
#define NOTHING NULL, 0

/* ---- the vectors of the semantics page, by name ---- */

VD_TEST(event_count_fires_at_the_third_of_one_group)
{
	EXPECT(LINES("c event_count fail by=U span=60 gte=3"),
		LINES("0 fail U=a", "10 fail U=b", "20 fail U=a", "40 fail U=a"), LINES("40 a 4"));
}

VD_TEST(an_event_without_its_group_is_not_counted)
{
	EXPECT(LINES("c event_count fail by=U span=60 gte=2"),
		LINES("0 fail", "1 fail", "2 fail U=~", "3 fail U=a", "4 fail U=a"), LINES("4 a 5"));
}

VD_TEST(value_count_counts_distinct_values_and_no_null)
{
	EXPECT(LINES("c value_count fail by=U span=60 gte=3 field=S"),
		LINES("0 fail U=a S=x", "5 fail U=a S=X", "6 fail U=a", "7 fail U=a S=~", "8 fail U=a S=y",
			"9 fail U=a S=z"),
		LINES("9 a 6"));
}

VD_TEST(temporal_needs_every_rule_in_one_group)
{
	EXPECT(LINES("c temporal ra,rb,rc by=H span=300"),
		LINES("0 rb H=h", "1 rb H=h", "2 rc H=g", "3 rc H=h", "4 ra H=h"), LINES("4 h 5"));
}

VD_TEST(temporal_ordered_needs_the_order)
{
	EXPECT(LINES("c temporal_ordered ra,rb by=H span=3600"), LINES("0 rb H=h", "10 ra H=h", "20 rb H=h"),
		LINES("20 h 3"));
}

VD_TEST(an_alias_names_another_field_in_each_rule)
{
	EXPECT(LINES("c temporal ra,rb by=ip span=10 alias=ip:ra=dst;rb=src"),
		LINES("0 ra dst=1.1.1.1 src=2.2.2.2", "1 rb src=3.3.3.3 dst=2.2.2.2",
			"2 rb src=1.1.1.1 dst=2.2.2.2"),
		LINES("2 1.1.1.1 3"));
}

VD_TEST(a_sum_takes_numbers_in_text_and_skips_junk)
{
	EXPECT(LINES("c value_sum w by=U span=3600 field=B gt=1000"),
		LINES("0 w U=a B:=600", "1 w U=b B:=600", "2 w U=a B=300", "3 w U=a B=junk", "4 w U=a",
			"5 w U=a B:=200"),
		LINES("5 a 6"));
}

VD_TEST(a_finding_is_an_input_of_the_correlation_above)
{
	EXPECT(LINES("many event_count failed by=U span=600 gte=3",
		       "brute temporal_ordered many,succ by=U span=600"),
		LINES("0 succ U=a", "1 failed U=a", "2 failed U=a", "3 succ U=a", "4 failed U=a",
			"5 succ U=b", "6 succ U=a"),
		LINES("6 a 7"));
}

VD_TEST(two_group_fields_are_a_pair)
{
	EXPECT(LINES("c event_count fail by=U,D span=60 gte=2"),
		LINES("0 fail U=a D=x", "1 fail U=a D=y", "2 fail U=a D=x"), LINES("2 a|x 3"));
}

VD_TEST(less_than_is_judged_when_the_window_closes)
{
	EXPECT(LINES("c event_count fail by=U span=60 lt=3"),
		LINES("0 fail U=a", "1 fail U=b", "2 fail U=b", "3 fail U=b", "10 fail U=a"),
		LINES("60 a 0"));
}

VD_TEST(a_range_is_judged_when_the_window_closes)
{
	EXPECT(LINES("c event_count fail by=U span=60 gte=2 lte=3"),
		LINES("0 fail U=a", "1 fail U=b", "2 fail U=b", "3 fail U=b", "4 fail U=b", "5 fail U=b",
			"7 fail U=c", "10 fail U=a"),
		LINES("60 a 0"));
}

VD_TEST(an_event_exactly_timespan_old_still_counts)
{
	EXPECT(LINES("c event_count fail by=U span=60 gte=2"), LINES("0 fail U=a", "60 fail U=a"),
		LINES("60 a 2"));
	EXPECT(LINES("c event_count fail by=U span=60 gte=2"), LINES("0 fail U=a", "60.001 fail U=a"),
		NOTHING);
}

VD_TEST(equal_times_satisfy_any_order)
{
	EXPECT(LINES("c temporal_ordered ra,rb by=H span=3600"), LINES("5 rb H=h", "5 ra H=h"),
		LINES("5 h 2"));
	EXPECT(LINES("c temporal_ordered ra,rb,rc by=H span=3600"), LINES("5 rc H=h", "5 rb H=h", "5 ra H=h"),
		LINES("5 h 3"));
	EXPECT(LINES("c temporal_ordered ra,rb,rc by=H span=3600"), LINES("6 rc H=h", "6 ra H=h", "5 rb H=h"),
		NOTHING);
}

VD_TEST(a_group_fires_once_and_is_silent_for_the_timespan)
{
	EXPECT(LINES("c event_count fail by=U span=60 gte=2"),
		LINES("0 fail U=a", "1 fail U=a", "2 fail U=a", "3 fail U=a", "70 fail U=a", "71 fail U=a"),
		LINES("1 a 2", "71 a 6"));
}

VD_TEST(silence_ends_at_firing_plus_timespan)
{
	EXPECT(LINES("c event_count fail by=U span=60 gte=1"),
		LINES("0 fail U=a", "59.999 fail U=a", "60 fail U=a"), LINES("0 a 1", "60 a 3"));
}

VD_TEST(events_go_on_counting_while_a_group_is_silent)
{
	EXPECT(LINES("c event_count fail by=U span=60 gte=3"),
		LINES("0 fail U=a", "1 fail U=a", "2 fail U=a", "30 fail U=a", "40 fail U=a", "62 fail U=a"),
		LINES("2 a 3", "62 a 6"));
}

VD_TEST(a_percentile_is_interpolated)
{
	EXPECT(LINES("c value_percentile w by=U span=3600 field=B percentile=75 gt=15"),
		LINES("0 w U=a B:=10", "1 w U=a", "2 w U=a B:=20"), LINES("2 a 3"));
}

/* ---- what the vectors leave out ---- */

VD_TEST(no_group_by_is_one_group)
{
	EXPECT(LINES("c event_count fail span=60 gte=2"), LINES("0 fail U=a", "1 fail U=b"), LINES("1 - 2"));
}

VD_TEST(group_values_are_folded_and_have_no_type)
{
	EXPECT(LINES("c event_count fail by=U span=60 gte=2"),
		LINES("0 fail U=\xc3\x84rger", "1 fail U=\xc3\xa4RGER"), LINES("1 \xc3\xa4rger 2"));
	EXPECT(LINES("c event_count fail by=U span=60 gte=3"),
		LINES("0 fail U:=1", "1 fail U=1", "2 fail U:=1.0"), LINES("2 1 3"));
	EXPECT(LINES("c event_count fail by=U span=60 gte=2"), LINES("0 fail U=1", "1 fail U=1.0"), NOTHING);
}

VD_TEST(an_array_gives_a_group_per_element)
{
	EXPECT(LINES("c event_count fail by=U span=60 gte=2"),
		LINES("0 fail U=a,b,A", "1 fail U=b", "2 fail U=c"), LINES("1 b 2"));
	EXPECT(LINES("c event_count fail by=U,D span=60 gte=1"), LINES("0 fail U=a,b D=x,y"),
		LINES("0 a|x 1", "0 a|y 1", "0 b|x 1", "0 b|y 1"));
}

VD_TEST(an_event_that_two_rules_match_counts_once_but_serves_both)
{
	EXPECT(LINES("c event_count ra,rb by=U span=60 gte=2"), LINES("0 ra+rb U=a", "1 ra U=b", "2 rb U=b"),
		LINES("2 b 3"));
	EXPECT(LINES("c temporal ra,rb by=U span=60"), LINES("0 ra+rb U=a"), LINES("0 a 1"));
	EXPECT(LINES("c value_sum ra,rb by=U span=60 field=B gte=10"), LINES("0 ra+rb U=a B:=5"), NOTHING);
}

VD_TEST(temporal_with_a_number_counts_different_rules)
{
	EXPECT(LINES("c temporal ra,rb,rc by=U span=60 gte=2"), LINES("0 ra U=a", "1 ra U=a", "2 rc U=a"),
		LINES("2 a 3"));
}

VD_TEST(temporal_takes_a_condition_of_rules)
{
	EXPECT(LINES("c temporal ra,rb,rc by=U span=60 expr=ra&(rb|rc)"), LINES("0 ra U=a", "2 rc U=a"),
		LINES("2 a 2"));
}

VD_TEST(an_ordered_condition_of_rules_wants_those_that_make_it_true_in_order)
{
	EXPECT(LINES("c temporal_ordered ra,rb,rc span=60 expr=ra&(rb|rc)"), LINES("0 rb", "1 ra", "2 rb"),
		LINES("2 - 3"));
	EXPECT(LINES("c temporal_ordered ra,rb,rc span=60 expr=ra&(rb|rc)"), LINES("0 rc", "1 rb", "2 ra"),
		NOTHING);
	EXPECT(LINES("c temporal_ordered ra,rb,rc span=60 expr=ra&rc&!rb"),
		LINES("0 ra", "1 rc", "100 ra", "101 rb", "102 rc", "200 rc", "201 ra"), LINES("60 - 0"));
}

VD_TEST(a_negated_condition_is_judged_when_the_window_closes)
{
	EXPECT(LINES("c temporal ra,rb by=U span=60 expr=ra&!rb"),
		LINES("0 ra U=a", "60 rb U=a", "0 ra U=b", "60.001 rb U=b", "0 rb U=c"), LINES("60 b 0"));
}

VD_TEST(the_next_window_opens_with_the_first_event_after_the_last_one)
{
	EXPECT(LINES("c event_count fail by=U span=10 lt=2"),
		LINES("0 fail U=a", "10 fail U=a", "11 fail U=a", "30 fail U=a"), LINES("21 a 0", "40 a 0"));
}

VD_TEST(an_equality_is_judged_when_the_window_closes)
{
	EXPECT(LINES("c value_count fail by=U span=10 eq=2 field=S"),
		LINES("0 fail U=a S=x", "1 fail U=a S=y", "2 fail U=a S=z", "3 fail U=b S=x",
			"4 fail U=b S=y"),
		LINES("13 b 0"));
	EXPECT(LINES("c event_count fail by=U span=10 neq=1"),
		LINES("0 fail U=a", "0 fail U=b", "1 fail U=b"), LINES("10 b 0"));
}

VD_TEST(a_tuple_counts_only_when_all_its_fields_are_there)
{
	EXPECT(LINES("c value_count fail span=60 gte=2 field=S,T"),
		LINES("0 fail S=x T=1", "1 fail S=y", "2 fail S=X T=1", "3 fail S=x T=2"), LINES("3 - 4"));
	EXPECT(LINES("c value_count fail span=60 gte=2 field=S,T"),
		LINES("0 fail S=ab T=c", "1 fail S=a T=bc"), LINES("1 - 2"));
}

VD_TEST(an_average_of_no_values_is_not_judged)
{
	EXPECT(LINES("c value_avg w by=U span=10 field=B lt=5"),
		LINES("0 w U=a", "0 w U=b B:=4", "1 w U=b B:=5"), LINES("10 b 0"));
	EXPECT(LINES("c value_avg w by=U span=10 field=B gte=4.5"), LINES("0 w U=b B:=4", "1 w U=b B:=5"),
		LINES("1 b 2"));
}

VD_TEST(a_sum_of_no_values_is_not_judged)
{
	EXPECT(LINES("c value_sum w by=U span=10 field=B lt=5"), LINES("0 w U=a", "0 w U=b B:=4"),
		LINES("10 b 0"));
}

VD_TEST(an_average_forgets_what_left_the_window)
{
	EXPECT(LINES("c value_avg w span=10 field=B gt=0"),
		LINES("0 w B:=-1e16", "1 w B:=0.1", "2 w B:=-0.1", "11 w B:=1e-9"), LINES("11 - 4"));
}

VD_TEST(a_median_is_the_fiftieth_percentile)
{
	EXPECT(LINES("c value_median w span=10 field=B gte=2.5"),
		LINES("0 w B:=1", "1 w B:=2", "2 w B:=3", "3 w B:=9"), LINES("3 - 4"));
}

VD_TEST(a_share_is_the_percent_of_values_that_are_this_one)
{
	EXPECT(LINES("c value_percentile w span=100 field=I lte=20"),
		LINES("0 w I=a", "1 w I=a", "2 w I=a", "3 w I=a", "4 w I=rare"), LINES("100 - 0"));
	EXPECT(LINES("c value_percentile w span=100 field=I lt=20"),
		LINES("0 w I=a", "1 w I=a", "2 w I=a", "3 w I=a", "4 w I=rare"), NOTHING);
	EXPECT(LINES("c value_percentile w by=U span=100 field=I gt=60"),
		LINES("0 w U=x", "1 w U=u I=a", "2 w U=v I=a"), LINES("1 u 2", "2 v 3"));
}

VD_TEST(a_sum_is_judged_when_its_time_is_complete)
{
	EXPECT(LINES("c value_sum w span=10 field=B gt=5"), LINES("0 w B:=7", "0 w B:=-3"), NOTHING);
	EXPECT(LINES("c value_sum w span=10 field=B gt=5"), LINES("0 w B:=-3", "0 w B:=9"), LINES("0 - 2"));
}

VD_TEST(a_parent_with_another_group_reads_the_contributing_events)
{
	EXPECT(LINES("many event_count failed by=IP span=600 gte=2", "c temporal many,succ by=U span=600"),
		LINES("0 failed IP=1 U=a", "1 failed IP=1 U=b", "2 succ U=b", "3 succ U=c"), LINES("2 b 3"));
}

VD_TEST(a_parent_reads_group_values_through_aliases)
{
	EXPECT(LINES("many event_count failed by=src span=600 gte=2 alias=src:failed=IP",
		       "c temporal many,succ by=ip span=600 alias=ip:many=src;succ=client"),
		LINES("0 failed IP=1", "1 failed IP=1", "2 succ client=2", "3 succ client=1"),
		LINES("3 1 4"));
}

VD_TEST(a_parent_reads_each_distinct_value_of_the_contributing_events_once)
{
	EXPECT(LINES("many event_count x by=U span=60 gte=3", "c value_sum many span=60 field=B gte=8"),
		LINES("0 x U=a B:=5", "1 x U=a B:=5", "2 x U=a B:=2"), NOTHING);
	EXPECT(LINES("many event_count x by=U span=60 gte=3", "c value_sum many span=60 field=B gte=7"),
		LINES("0 x U=a B:=5", "1 x U=a B:=5", "2 x U=a B:=2"), LINES("2 - 3"));
}

VD_TEST(three_levels_fire_at_one_time)
{
	EXPECT(LINES("one event_count x by=U span=60 gte=1", "two event_count one by=U span=60 gte=1",
		       "three event_count two by=H span=60 gte=1"),
		LINES("7 x U=a H=h"), LINES("7 h 1"));
}

VD_TEST(a_window_that_closes_feeds_its_parent_at_that_time)
{
	EXPECT(LINES("quiet event_count beat by=H span=60 lt=2", "c temporal quiet,login by=H span=30"),
		LINES("0 beat H=h", "60 login H=h", "0 beat H=g", "1 beat H=g", "60 login H=g"),
		LINES("60 h 0"));
}

VD_TEST(a_childs_windows_outlast_the_input)
{
	EXPECT(LINES("quiet event_count beat by=H span=60 lt=2", "c event_count quiet span=100 lt=9"),
		LINES("0 beat H=h"), LINES("160 - 0"));
}

/* ---- counters and limits ---- */

VD_TEST(nothing_at_or_after_the_watermark_is_judged)
{
	struct rig rig;
	rig_init(&rig, &(struct vd_correlator_options){0},
		LINES("c event_count x span=60 gte=1", "d event_count x span=60 lt=9"));
	rig_feed(&rig, "10 x");
	rig_advance(&rig, 10);
	assert_int_equal(rig.sink.found.n, 0);
	rig_advance(&rig, 11);
	assert_int_equal(rig.sink.found.n, 1);
	rig_advance(&rig, 70); /* the window [10, 70] closes when the watermark is beyond it */
	assert_int_equal(rig.sink.found.n, 1);
	rig_advance(&rig, 71);
	assert_int_equal(rig.sink.found.n, 2);
	assert_int_equal(rig.sink.found.at[1].t, 70000);
	rig_fini(&rig);
}

VD_TEST(late_untimed_and_ungrouped_events_are_counted_by_rule)
{
	struct rig rig;
	rig_init(&rig, &(struct vd_correlator_options){.lateness_ms = 5000},
		LINES("c event_count x by=U span=60 gte=9", "d event_count y span=60 gte=9"));
	assert_int_equal(vd_corr_core_watermark(rig.core), INT64_MIN);
	rig_feed(&rig, "100 x U=a");
	assert_int_equal(vd_corr_core_watermark(rig.core), 95000);
	rig_advance(&rig, 95);
	rig_feed(&rig, "94.999 x U=a");
	rig_feed(&rig, "95 x");
	vd_corr_core_count_untimed(rig.core, 0);
	vd_corr_core_count_untimed(rig.core, 99);
	rig_finish(&rig);
	struct vd_correlator_counts all = vd_corr_core_counts(rig.core, SIZE_MAX);
	struct vd_correlator_counts c = vd_corr_core_counts(rig.core, 0),
				    d = vd_corr_core_counts(rig.core, 1);
	assert_int_equal(all.fed, 3);
	assert_int_equal(all.late, 1);
	assert_int_equal(all.untimed, 1);
	assert_int_equal(all.ungrouped, 1);
	assert_memory_equal(&all, &c, sizeof c);
	assert_int_equal(d.fed + d.late + d.untimed + d.ungrouped, 0);
	rig_fini(&rig);
}

VD_TEST(the_group_idle_longest_is_dropped_at_the_limit)
{
	struct rig rig;
	rig_init(&rig, &(struct vd_correlator_options){.max_groups = 2},
		LINES("c event_count x by=U span=60 gte=2"));
	rig_feed(&rig, "0 x U=a");
	rig_feed(&rig, "1 x U=b");
	rig_feed(&rig, "2 x U=c"); /* a goes */
	rig_feed(&rig, "3 x U=a"); /* b goes */
	rig_feed(&rig, "4 x U=c");
	rig_finish(&rig);
	assert_int_equal(rig.sink.found.n, 1);
	assert_string_equal(rig.sink.found.at[0].group, "c");
	assert_int_equal(vd_corr_core_counts(rig.core, 0).groups_dropped, 2);
	rig_fini(&rig);
}

VD_TEST(a_group_dropped_in_the_step_that_fires_it_does_no_harm)
{
	struct rig rig;
	rig_init(&rig, &(struct vd_correlator_options){.max_groups = 1},
		LINES("c event_count x by=U span=60 gte=1", "d event_count x by=U span=60 lt=9"));
	rig_feed(&rig, "0 x U=a,b,c");
	rig_feed(&rig, "0 x U=b");
	rig_finish(&rig);
	assert_int_equal(rig.sink.found.n, 2);
	assert_int_equal(vd_corr_core_counts(rig.core, SIZE_MAX).groups_dropped, 6);
	rig_fini(&rig);
}

VD_TEST(idle_groups_are_forgotten_without_being_counted)
{
	struct rig rig;
	rig_init(&rig, &(struct vd_correlator_options){.max_groups = 2},
		LINES("c event_count x by=U span=5 gte=1"));
	rig_feed(&rig, "0 x U=a");
	rig_feed(&rig, "10 x U=b");
	rig_feed(&rig, "20 x U=c");
	rig_finish(&rig);
	assert_int_equal(rig.sink.found.n, 3);
	assert_int_equal(vd_corr_core_counts(rig.core, 0).groups_dropped, 0);
	rig_fini(&rig);
}

VD_TEST(the_oldest_event_is_dropped_at_the_limit)
{
	struct rig rig;
	rig_init(&rig, &(struct vd_correlator_options){.max_events = 2},
		LINES("c event_count x span=60 gte=3", "d value_count x span=60 field=S gte=3",
			"e value_sum x span=60 field=B gte=5"));
	rig_feed(&rig, "0 x S=a B:=1");
	rig_feed(&rig, "1 x S=b B:=2");
	rig_feed(&rig, "2 x S=c B:=3");
	rig_finish(&rig);
	assert_int_equal(rig.sink.found.n, 1);
	assert_int_equal(rig.sink.found.at[0].corr, 2);
	assert_int_equal(rig.sink.found.at[0].count, 2);
	assert_int_equal(vd_corr_core_counts(rig.core, SIZE_MAX).events_dropped, 3);
	rig_fini(&rig);
}

VD_TEST(state_stays_within_max_bytes)
{
	struct rig rig;
	rig_init(&rig, &(struct vd_correlator_options){.max_bytes = 64 * 1024},
		LINES("c event_count x by=U span=100000 gte=2"));
	for (int i = 0; i < 2000; i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "%d x U=user%d", i, i);
		rig_feed(&rig, text);
		rig_advance(&rig, i);
	}
	struct vd_correlator_counts counts = vd_corr_core_counts(rig.core, 0);
	assert_true(counts.groups_dropped > 1700 && counts.groups_dropped < 2000);
	rig_feed(&rig, "2000 x U=user1999"); /* the newest are still there */
	rig_finish(&rig);
	assert_int_equal(rig.sink.found.n, 1);
	rig_fini(&rig);
}

VD_TEST(held_matches_beyond_the_limit_are_dropped_and_counted)
{
	struct rig rig;
	rig_init(&rig, &(struct vd_correlator_options){.lateness_ms = -1, .max_bytes = 20000},
		LINES("c event_count x span=100000 gte=1"));
	for (int i = 0; i < 1000; i++)
		rig_feed(&rig, "0 x");
	struct vd_correlator_counts counts = vd_corr_core_counts(rig.core, 0);
	assert_int_equal(counts.fed, 1000);
	assert_true(counts.events_dropped > 500 && counts.events_dropped < 1000);
	rig_finish(&rig);
	assert_int_equal(rig.sink.found.n, 1);
	rig_fini(&rig);
}

/* What the limits dropped is what the counters say, and nothing but the expected limit was reached. */
static void
only_limit(const struct vd_corr_core *core, size_t corr, uint64_t *limit, struct vd_correlator_limits *got)
{
	struct vd_correlator_counts counts = vd_corr_core_counts(core, corr);
	*got = vd_corr_core_limits(core, corr);
	assert_int_equal(got->groups + got->group_bytes, counts.groups_dropped);
	assert_int_equal(
		got->group_events + got->held_bytes + got->time_bytes + got->fixed, counts.events_dropped);
	assert_true(*limit > 0);
	*limit = 0;
	assert_memory_equal(got, &(struct vd_correlator_limits){0}, sizeof *got);
}

VD_TEST(the_limit_that_was_reached_is_told_by_rule)
{
	struct rig rig;
	struct vd_correlator_limits limits;
	rig_init(&rig, &(struct vd_correlator_options){.max_groups = 2, .max_events = 3},
		LINES("c event_count x by=U span=60 gte=9", "d event_count x span=60 gte=9"));
	for (int i = 0; i < 4; i++)
		rig_feed(&rig, i % 2 == 0 ? "0 x U=a,b" : "0 x U=c");
	rig_finish(&rig);
	only_limit(rig.core, 0, &limits.groups, &limits);
	only_limit(rig.core, 1, &limits.group_events, &limits);
	rig_fini(&rig);

	rig_init(&rig, &(struct vd_correlator_options){.max_bytes = 16 * 1024},
		LINES("c event_count x by=U span=100000 gte=2", "d event_count y span=1 gte=1"));
	for (int i = 0; i < 1000; i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "%d x U=user%d", i, i);
		rig_feed(&rig, text);
		rig_advance(&rig, i);
	}
	only_limit(rig.core, 0, &limits.group_bytes, &limits);
	assert_int_equal(vd_corr_core_limits(rig.core, 1).group_bytes, 0);
	rig_fini(&rig);

	rig_init(&rig, &(struct vd_correlator_options){.max_held = 1000},
		LINES("c event_count x span=9 gte=9"));
	for (int i = 0; i < 100; i++)
		rig_feed(&rig, "0 x");
	only_limit(rig.core, 0, &limits.held_bytes, &limits);
	rig_fini(&rig);

	rig_init(&rig, &(struct vd_correlator_options){.max_bytes = 16 * 1024, .max_held = 1 << 20},
		LINES("c event_count x span=9 gte=1"));
	for (int i = 0; i < 1000; i++)
		rig_feed(&rig, "0 x");
	rig_finish(&rig);
	limits = vd_corr_core_limits(rig.core, 0);
	assert_true(limits.time_bytes > 0 && limits.time_bytes < 1000);
	assert_int_equal(limits.time_bytes, vd_corr_core_counts(rig.core, 0).events_dropped);
	rig_fini(&rig);

	rig_init(&rig, &finite, LINES("c event_count x by=A,B,C span=60 gte=1"));
	rig_feed(&rig, "0 x A=1,2,3,4,5,6,7,8 B=1,2,3,4,5,6,7,8 C=1,2,3,4,5,6,7,8");
	rig_finish(&rig);
	only_limit(rig.core, 0, &limits.fixed, &limits);
	rig_fini(&rig);
}

VD_TEST(an_array_of_very_many_groups_is_cut_and_counted)
{
	struct rig rig;
	rig_init(&rig, &finite, LINES("c event_count x by=A,B,C span=60 gte=1"));
	rig_feed(&rig, "0 x A=1,2,3,4,5,6,7,8 B=1,2,3,4,5,6,7,8 C=1,2,3,4,5,6,7,8");
	rig_finish(&rig);
	assert_int_equal(rig.sink.found.n, 256);
	assert_int_equal(vd_corr_core_counts(rig.core, 0).events_dropped, 1);
	rig_fini(&rig);
	rig_init(&rig, &finite, LINES("c event_count x by=A,B,C span=60 gte=1"));
	rig_feed(&rig, "0 x A=1,1,1,1,1,1,1,1 B=1,1,1,1,1,1,1,1 C=1,1,1,1,1,1,1,1"); /* one group */
	rig_finish(&rig);
	assert_int_equal(rig.sink.found.n, 1);
	assert_int_equal(vd_corr_core_counts(rig.core, 0).events_dropped, 0);
	rig_fini(&rig);
}

VD_TEST(a_finding_names_the_latest_thousand_events_and_counts_all)
{
	struct rig rig;
	rig_init(&rig, &finite,
		LINES("c event_count x span=100000 gte=1500", "d event_count c,y span=9 gte=1"));
	for (int i = 0; i < 1500; i++) {
		char text[32];
		(void)snprintf(text, sizeof text, "%d x", i);
		rig_feed(&rig, text);
	}
	rig_feed(&rig, "1499 y");
	rig_finish(&rig);
	assert_int_equal(rig.sink.found.n, 2);
	const struct world_finding *c = &rig.sink.found.at[0], *d = &rig.sink.found.at[1];
	assert_int_equal(c->count, 1500);
	assert_int_equal(c->n_events, 1000);
	assert_int_equal(c->first_event, 501);
	assert_int_equal(c->last_event, 1500);
	assert_int_equal(d->count, 1501);
	assert_int_equal(d->n_events, 1000);
	assert_int_equal(d->last_event, 1501);
	rig_fini(&rig);
}

VD_TEST(a_time_no_clock_shows_is_untimed)
{
	struct rig rig;
	rig_init(&rig, &finite, LINES("c event_count x span=60 gte=1", "d event_count x span=60 lt=9"));
	struct vd_corr_input input = {.rule = 0, .t = INT64_MAX, .ref = {VD_S("f"), 1}};
	assert_int_equal(vd_corr_core_feed(rig.core, &input, &rig.err), VD_OK);
	input.t = INT64_MIN;
	assert_int_equal(vd_corr_core_feed(rig.core, &input, &rig.err), VD_OK);
	rig_finish(&rig);
	assert_int_equal(rig.sink.found.n, 0);
	assert_int_equal(vd_corr_core_counts(rig.core, 0).untimed, 2);
	input.rule = 77;
	assert_int_equal(vd_corr_core_feed(rig.core, &input, &rig.err), VD_EINPUT);
	rig_fini(&rig);
}

VD_TEST(ids_differ_by_rule_group_time_and_tenant_alone)
{
	struct rig a, b;
	rig_init(&a, &(struct vd_correlator_options){.tenant = VD_S("one")},
		LINES("c event_count x by=U,V span=1 gte=1"));
	rig_init(&b, &(struct vd_correlator_options){.tenant = VD_S("two")},
		LINES("c event_count x by=U,V span=1 gte=1"));
	const char *const events[] = {"0 x U=ab V=c", "0 x U=a V=bc", "5 x U=ab V=c"};
	for (size_t i = 0; i < VD_ARRAY_LEN(events); i++) {
		rig_feed(&a, events[i]);
		rig_feed(&b, events[i]);
	}
	rig_finish(&a);
	rig_finish(&b);
	assert_int_equal(a.sink.found.n, 3);
	assert_int_equal(b.sink.found.n, 3);
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < i; j++) {
			const struct world_finding *x = i < 3 ? &a.sink.found.at[i] : &b.sink.found.at[i - 3];
			const struct world_finding *y = j < 3 ? &a.sink.found.at[j] : &b.sink.found.at[j - 3];
			assert_memory_not_equal(x->id, y->id, sizeof x->id);
		}
	rig_fini(&a);
	rig_fini(&b);
}

static enum vd_status
refuse(void *owner, const struct vd_finding *finding)
{
	(void)owner;
	(void)finding;
	return VD_EIO;
}

VD_TEST(a_receiver_that_fails_stops_the_core_for_good)
{
	struct rig rig;
	rig_init(&rig, &finite, LINES("c event_count x span=60 gte=1"));
	rig_feed(&rig, "0 x");
	assert_int_equal(vd_corr_core_finish(rig.core, refuse, NULL, &rig.err), VD_EIO);
	assert_int_equal(vd_corr_core_finish(rig.core, world_take, &rig.sink, &rig.err), VD_EIO);
	rig_fini(&rig);
}

VD_TEST(a_plan_knows_what_a_base_rule_must_bring)
{
	struct rig rig;
	rig_init(&rig, &finite,
		LINES("one value_sum x by=U span=60 field=B gte=1",
			"two event_count one,y by=H span=60 gte=1"));
	const struct vd_str *fields;
	assert_true(vd_corr_plan_wants(rig.plan, 0));
	assert_int_equal(vd_corr_plan_fields(rig.plan, 0, &fields), 3); /* H for the one above, U, B */
	assert_true(vd_corr_plan_wants(rig.plan, 1));
	assert_int_equal(vd_corr_plan_fields(rig.plan, 1, &fields), 1);
	assert_true(vd_str_is(fields[0], "H"));
	assert_false(vd_corr_plan_wants(rig.plan, 2));
	assert_int_equal(vd_corr_plan_fields(rig.plan, 2, &fields), 0);
	rig_fini(&rig);
}

VD_TEST(a_plan_refuses_with_words_what_cannot_run)
{
	static const char *const wrong[] = {"c event_count x span=60", "c value_count x span=60 gte=1",
		"c event_count x gte=1", "c value_sum x span=9 field=A,B gte=1",
		"c value_percentile x span=9 field=A percentile=101 gte=1",
		"c temporal_ordered x,y span=9 gte=1 expr=x&y"};
	for (size_t i = 0; i < VD_ARRAY_LEN(wrong); i++) {
		struct world world;
		world_init(&world, &wrong[i], 1);
		struct vd_corr_plan *plan = NULL;
		struct vd_err err = VD_ERR_INIT;
		assert_int_equal(vd_corr_plan_new(&world.load, &plan, &err), VD_EINPUT);
		assert_null(plan);
		assert_non_null(strstr(err.text, "correlation \"c\""));
		world_fini(&world);
	}
}

/* sum at 0 (a), 1 (b), 99 (a); many at 1; val at 0, 99; c at 2; med and d at the close of [0, 60], [99, 159] */
enum { torture_findings = 3 + 1 + 2 + 1 + 2 + 2 };

VD_TEST(survives_every_out_of_memory)
{
	struct world world;
	world_init(&world,
		LINES("many event_count failed by=U span=60 gte=2",
			"sum value_sum failed by=U span=60 field=B gte=1",
			"med value_median failed span=60 field=B lt=9",
			"val value_count failed by=H span=60 field=U,B gte=1",
			"c temporal_ordered many,succ by=H span=60", "d event_count c,val span=60 lt=50"));
	struct world_event events[] = {world_event(&world, "0 failed U=a H=h B:=1", 1),
		world_event(&world, "1 failed U=a,b H=h B:=2", 2), world_event(&world, "2 succ H=h", 3),
		world_event(&world, "99 failed U=a H=h B:=3", 4)};
	uint64_t rounds = 0;
	VD_TORTURE
	{
		rounds++;
		VD_AUTO(vd_corr_plan) plan = NULL;
		VD_AUTO(vd_corr_core) core = NULL;
		struct vd_err err = VD_ERR_INIT;
		if (vd_corr_plan_new(&world.load, &plan, &err) != VD_OK)
			continue;
		if (vd_corr_core_new(plan, &(struct vd_correlator_options){0}, &core, &err) != VD_OK)
			continue;
		struct world_sink sink = {.world = &world};
		enum vd_status st = VD_OK;
		for (size_t i = 0; st == VD_OK && i < VD_ARRAY_LEN(events); i++) {
			st = world_feed(&world, plan, core, &events[i], &err);
			if (st == VD_OK)
				st = vd_corr_core_advance(core, events[i].t, world_take, &sink, &err);
		}
		if (st == VD_OK)
			st = vd_corr_core_finish(core, world_take, &sink, &err);
		assert_true(st == VD_OK || st == VD_ENOMEM);
		if (st == VD_OK)
			assert_int_equal(sink.found.n, torture_findings);
		world_sink_fini(&sink);
	}
	assert_true(rounds > 60);
	world_fini(&world);
}
