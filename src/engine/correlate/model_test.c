/*
 * Properties of correlation over random streams: the findings are those of the naive model, whatever the order of
 * arrival within the lateness, whether or not the state was saved and restored on the way, and whether or not
 * matches were spilled.
 */
#include "engine/correlate/correlate.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/correlate/naive_model.h"
#include "vd_test.h"

#define MAX_EVENTS 90u
#define ROUNDS 60u

/* Small and repeatable; the seed of a failing round is in its message. */
static uint64_t dice;

static uint64_t
below(uint64_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (dice * 0x2545f4914f6cdd1du >> 33) % n;
}

static const char *
one_of(const char *const *list, size_t n)
{
	return list[below(n)];
}

#define ONE_OF(...)                                                                                          \
	one_of((const char *const[]){__VA_ARGS__},                                                           \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* Most fields are there, some are null, absent, an array, or in another case. */
static struct world_event
random_event(const struct world *world, uint64_t line, uint64_t seconds)
{
	char text[256];
	int n = snprintf(text, sizeof text, "%llu %s", (unsigned long long)below(seconds),
		ONE_OF("ra", "rb", "rc", "ra+rb", "rc", "ra", "rb", "ra+rb+rc"));
	const char *u = ONE_OF(" U=a", " U=A", " U=b", " U=b,a", " U=c", " U=~", "", " U:=1", " U=1");
	const char *s = ONE_OF(" S=x", " S=y", " S=Y", " S=z,w", " S=~", "", " S=w", " S=v");
	const char *b =
		ONE_OF(" B:=1", " B:=2", " B=3", " B:=-4", " B=junk", "", " B:=0.5", " B:=8", " B=2.5");
	const char *h = ONE_OF(" H=g", " H=h", "", " H=G", " H=h,g");
	(void)snprintf(text + n, sizeof text - (size_t)n, "%s%s%s%s", u, s, b, h);
	return world_event(world, text, line);
}

/* ---- one round ---- */

struct round {
	struct world world;
	struct vd_corr_plan *plan;
	struct world_event *events;
	size_t n;
};

static struct vd_corr_core *
core_for(const struct round *round, int64_t lateness)
{
	struct vd_corr_core *core = NULL;
	struct vd_err err = VD_ERR_INIT;
	struct vd_correlator_options options = {.lateness_ms = lateness, .tenant = VD_S("t")};
	assert_int_equal(vd_corr_core_new(round->plan, &options, &core, &err), VD_OK);
	return core;
}

/* Saves, restores into a fresh core, and checks that it saves the same bytes. */
static struct vd_corr_core *
move_state(const struct round *round, struct vd_corr_core *core, int64_t lateness)
{
	VD_AUTO_FINI(vd_buf) first, again;
	struct vd_err err = VD_ERR_INIT;
	vd_buf_init(&first, 0);
	vd_buf_init(&again, 0);
	assert_int_equal(vd_corr_core_save(core, &first, &err), VD_OK);
	vd_corr_core_free(core);
	core = core_for(round, lateness);
	assert_int_equal(vd_corr_core_restore(core, vd_buf_view(&first), &err), VD_OK);
	assert_int_equal(vd_corr_core_save(core, &again, &err), VD_OK);
	assert_int_equal(first.len, again.len);
	assert_memory_equal(first.at, again.at, first.len);
	return core;
}

/* Feeds every event in a random order that the lateness allows; one in `moves` steps saves and restores. */
static void
run_shuffled(const struct round *round, int64_t lateness, uint64_t moves, struct world_sink *sink)
{
	struct vd_corr_core *core = core_for(round, lateness);
	struct vd_err err = VD_ERR_INIT;
	bool fed[MAX_EVENTS] = {false};
	for (size_t done = 0; done < round->n;) {
		int64_t earliest = INT64_MAX;
		for (size_t i = 0; i < round->n; i++)
			if (!fed[i])
				earliest = VD_MIN(earliest, round->events[i].t);
		size_t pick = below(round->n);
		if (fed[pick] || (lateness >= 0 && round->events[pick].t - lateness > earliest))
			continue;
		fed[pick] = true;
		done++;
		assert_int_equal(
			world_feed(&round->world, round->plan, core, &round->events[pick], &err), VD_OK);
		if (below(2) == 0)
			assert_int_equal(vd_corr_core_advance(
						 core, vd_corr_core_watermark(core), world_take, sink, &err),
				VD_OK);
		if (moves != 0 && below(moves) == 0)
			core = move_state(round, core, lateness);
	}
	assert_int_equal(vd_corr_core_finish(core, world_take, sink, &err), VD_OK);
	assert_int_equal(vd_corr_core_counts(core, SIZE_MAX).late, 0);
	assert_int_equal(vd_corr_core_counts(core, SIZE_MAX).events_dropped, 0);
	vd_corr_core_free(core);
	for (size_t i = 1; i < sink->found.n; i++)
		assert_true(sink->found.at[i - 1].t <= sink->found.at[i].t);
	world_sort(&sink->found);
}

static void
list(const char *who, const struct world_findings *found)
{
	for (size_t i = 0; i < found->n; i++)
		print_message("%s: corr %zu at %lld group %s count %llu\n", who, found->at[i].corr,
			(long long)found->at[i].t, found->at[i].group,
			(unsigned long long)found->at[i].count);
}

static void
expect_same(const struct world_findings *want, const struct world_findings *got, uint64_t seed, bool whole)
{
	bool same = want->n == got->n;
	for (size_t i = 0; same && i < want->n; i++) {
		const struct world_finding *x = &want->at[i], *y = &got->at[i];
		same = x->corr == y->corr && x->t == y->t && x->count == y->count &&
		       strcmp(x->group, y->group) == 0;
		if (same && whole)
			same = memcmp(x->id, y->id, sizeof x->id) == 0 && x->has_fired == y->has_fired &&
			       x->fired == y->fired && x->n_events == y->n_events &&
			       x->first_event == y->first_event && x->last_event == y->last_event &&
			       x->alone == y->alone;
	}
	if (same)
		return;
	list("want", want);
	list("got ", got);
	fail_msg("findings differ, seed %llu", (unsigned long long)seed);
}

static size_t
run_round(const char *const *corrs, size_t n_corrs, uint64_t seed)
{
	struct round round = {.n = 1 + below(MAX_EVENTS)};
	world_init(&round.world, corrs, n_corrs);
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(vd_corr_plan_new(&round.world.load, &round.plan, &err), VD_OK);
	round.events = vd_mem_zalloc(round.n, sizeof *round.events);
	assert_non_null(round.events);
	uint64_t seconds = 10 + below(120);
	for (size_t i = 0; i < round.n; i++)
		round.events[i] = random_event(&round.world, i + 1, seconds);
	struct world_findings want;
	naive_run(&round.world, round.events, round.n, &want);
	struct world_sink first = {.world = &round.world};
	run_shuffled(&round, -1, 0, &first);
	expect_same(&want, &first.found, seed, false);
	static const int64_t latenesses[] = {0, 1000, 7000, 40000};
	for (size_t i = 0; i < VD_ARRAY_LEN(latenesses); i++) {
		struct world_sink again = {.world = &round.world};
		run_shuffled(&round, latenesses[i], i % 2 == 0 ? 5 : 0, &again);
		expect_same(&first.found, &again.found, seed, true);
		world_sink_fini(&again);
	}
	size_t n = want.n;
	vd_mem_free(want.at);
	world_sink_fini(&first);
	vd_mem_free(round.events);
	vd_corr_plan_free(round.plan);
	world_fini(&round.world);
	return n;
}

static void
check(const char *const *corrs, size_t n_corrs)
{
	size_t found = 0;
	const char *from = getenv("VD_TEST_SEED");
	uint64_t first = from == NULL ? 1 : strtoull(from, NULL, 10);
	for (uint64_t seed = first; seed < first + ROUNDS; seed++) {
		dice = seed * 0x9e3779b97f4a7c15u | 1;
		found += run_round(corrs, n_corrs, seed);
	}
	assert_true(found > ROUNDS); /* a stream without findings shows nothing */
}

#define CHECK(...)                                                                                           \
	check((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* ---- the properties, type by type ---- */

VD_TEST(counts_agree_with_the_model)
{
	CHECK("c event_count ra by=U span=10 gte=3", "d event_count ra,rb by=U,H span=7 gt=1",
		"e event_count ra,rc span=20 lte=3", "f event_count rb by=H span=5 eq=1",
		"g event_count rb by=U span=9 gte=1");
}

VD_TEST(value_counts_agree_with_the_model)
{
	CHECK("c value_count ra by=U span=15 field=S gte=3", "d value_count ra,rb span=10 field=S,H gte=4",
		"e value_count rc by=H span=12 field=U neq=2",
		"f value_count ra,rb by=V span=9 field=V gt=0 alias=V:ra=S;rb=H");
}

VD_TEST(temporal_agrees_with_the_model)
{
	CHECK("c temporal ra,rb,rc by=U span=12", "d temporal ra,rb,rc by=H span=6 gte=2",
		"e temporal ra,rb,rc by=U span=8 expr=ra&(rb|!rc)",
		"f temporal ra,rb,rc by=U span=8 expr=ra&(rb|rc)", "g temporal ra,rb,rc span=4 lt=3");
}

VD_TEST(temporal_ordered_agrees_with_the_model)
{
	CHECK("c temporal_ordered ra,rb,rc by=U span=9", "d temporal_ordered rc,rb,ra span=3 gte=2",
		"e temporal_ordered rb,ra by=H span=5", "f temporal_ordered ra,rb,rc by=U span=9 eq=2");
}

VD_TEST(ordered_conditions_agree_with_the_model)
{
	CHECK("c temporal_ordered ra,rb,rc by=U span=9 expr=(ra|rb)&rc",
		"d temporal_ordered rc,rb,ra span=3 expr=rc&ra",
		"e temporal_ordered rb,ra,rc by=H span=5 expr=!(rb|ra)&rc",
		"f temporal_ordered ra,rb,rc by=U span=9 expr=ra&!(rb&rc)|rc");
}

VD_TEST(sums_and_averages_agree_with_the_model)
{
	CHECK("c value_sum ra by=U span=15 field=B gt=6", "d value_avg ra,rb span=10 field=B gte=2",
		"e value_sum rc by=H span=12 field=B lt=0", "f value_avg rc by=U span=12 field=B gt=1 lte=3");
}

VD_TEST(percentiles_agree_with_the_model)
{
	CHECK("c value_percentile ra by=U span=15 field=B percentile=75 gt=2",
		"d value_median rb span=10 field=B gte=2",
		"e value_percentile rc by=H span=12 field=B percentile=25 lt=1",
		"f value_median ra,rc by=U span=6 field=B eq=2");
}

VD_TEST(shares_agree_with_the_model)
{
	CHECK("c value_percentile ra by=U span=15 field=S gt=50",
		"d value_percentile rb,rc span=10 field=S lte=20",
		"e value_percentile rc by=H span=12 field=U,S gte=40");
}

VD_TEST(chains_agree_with_the_model)
{
	CHECK("a event_count ra by=U span=10 gte=2", "b value_count rb by=H span=10 field=S gte=2",
		"c temporal_ordered a,rc by=U span=15", "d temporal a,b,rb by=H span=20 gte=2",
		"e event_count c,d,ra by=S span=30 gte=3");
	CHECK("a event_count ra by=U span=5 lt=2", "b value_sum a,rb by=U span=10 field=B gt=3",
		"c value_count a,b,rc by=H span=9 field=U gte=2", "d temporal c,a span=12 alias=X:a=U",
		"e event_count d span=40 lte=5");
}

/* ---- spilling ---- */

struct store {
	struct vd_buf bytes;
	size_t writes;
	bool fails;
	size_t flip; /* the byte at this place reads wrong; 0: none */
};

static enum vd_status
store_write(void *owner, struct vd_str bytes, struct vd_err *err)
{
	struct store *store = owner;
	if (store->fails)
		return vd_fail(err, VD_EIO, "the disk is gone");
	vd_buf_str(&store->bytes, bytes);
	store->writes++;
	return store->bytes.failed ? VD_ENOMEM : VD_OK;
}

static enum vd_status
store_read(void *owner, uint64_t at, char *to, size_t n, struct vd_err *err)
{
	const struct store *store = owner;
	if (store->fails || at > store->bytes.len || n > store->bytes.len - at)
		return VD_EIO;
	memcpy(to, store->bytes.at + at, n);
	if (store->flip > at && store->flip < at + n)
		to[store->flip - at] = (char)(to[store->flip - at] ^ 0x41);
	return VD_OK;
}

struct spilling {
	struct round round;
	struct store store;
	struct vd_corr_core *core;
	struct world_sink sink;
	struct vd_err err;
};

static void
spilling_init(struct spilling *s, size_t max_bytes)
{
	static const char *const corrs[] = {
		"c event_count ra by=U span=2 gte=3", "d value_count rb span=2 field=S gte=2"};
	*s = (struct spilling){.err = VD_ERR_INIT};
	world_init(&s->round.world, corrs, VD_ARRAY_LEN(corrs));
	s->sink.world = &s->round.world;
	assert_int_equal(vd_corr_plan_new(&s->round.world.load, &s->round.plan, &s->err), VD_OK);
	const struct vd_spill spill = {store_write, store_read, &s->store};
	struct vd_correlator_options options = {.lateness_ms = -1, .max_bytes = max_bytes, .spill = &spill};
	assert_int_equal(vd_corr_core_new(s->round.plan, &options, &s->core, &s->err), VD_OK);
}

static void
spilling_fini(struct spilling *s)
{
	vd_corr_core_free(s->core);
	vd_corr_plan_free(s->round.plan);
	world_fini(&s->round.world);
	vd_buf_fini(&s->store.bytes);
	world_sink_fini(&s->sink);
}

static enum vd_status
spilling_feed(struct spilling *s, size_t n)
{
	dice = 77;
	for (size_t i = 0; i < n; i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "%llu %s U=%s S=%s", (unsigned long long)below(4000),
			ONE_OF("ra", "rb", "ra+rb"), ONE_OF("a", "b", "c"), ONE_OF("x", "y"));
		struct world_event event = world_event(&s->round.world, text, i + 1);
		enum vd_status st = world_feed(&s->round.world, s->round.plan, s->core, &event, &s->err);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

VD_TEST(spilled_matches_give_the_findings_that_held_ones_give)
{
	struct spilling held, spilled;
	spilling_init(&held, 0);
	spilling_init(&spilled, 64 * 1024);
	assert_int_equal(spilling_feed(&held, 3000), VD_OK);
	assert_int_equal(spilling_feed(&spilled, 3000), VD_OK);
	assert_int_equal(held.store.writes, 0);
	assert_true(spilled.store.writes > 10);
	VD_AUTO_FINI(vd_buf) bytes;
	vd_buf_init(&bytes, 0);
	assert_int_equal(vd_corr_core_save(spilled.core, &bytes, &spilled.err), VD_EAGAIN);
	assert_int_equal(vd_corr_core_finish(held.core, world_take, &held.sink, &held.err), VD_OK);
	assert_int_equal(vd_corr_core_finish(spilled.core, world_take, &spilled.sink, &spilled.err), VD_OK);
	assert_true(held.sink.found.n > 100);
	expect_same(&held.sink.found, &spilled.sink.found, 77, true);
	assert_int_equal(vd_corr_core_counts(spilled.core, SIZE_MAX).events_dropped, 0);
	assert_int_equal(vd_corr_core_counts(spilled.core, SIZE_MAX).groups_dropped, 0);
	spilling_fini(&held);
	spilling_fini(&spilled);
}

VD_TEST(a_store_that_fails_is_told_to_the_caller)
{
	struct spilling s;
	spilling_init(&s, 64 * 1024);
	s.store.fails = true;
	assert_int_equal(spilling_feed(&s, 3000), VD_EIO);
	assert_non_null(strstr(s.err.text, "written out"));
	spilling_fini(&s);
	spilling_init(&s, 256 * 1024);
	assert_int_equal(spilling_feed(&s, 3000), VD_OK);
	s.store.fails = true;
	assert_int_equal(vd_corr_core_finish(s.core, world_take, &s.sink, &s.err), VD_EIO);
	assert_non_null(strstr(s.err.text, "read back"));
	spilling_fini(&s);
}

VD_TEST(damage_in_the_store_is_found_or_harmless)
{
	size_t found = 0;
	for (size_t at = 1; at < 4000; at += 13) {
		struct spilling s;
		spilling_init(&s, 16 * 1024);
		s.store.flip = at;
		enum vd_status st = spilling_feed(&s, 150);
		if (st == VD_OK)
			st = vd_corr_core_finish(s.core, world_take, &s.sink, &s.err);
		assert_true(st == VD_OK || st == VD_EINPUT);
		found += st == VD_EINPUT;
		spilling_fini(&s);
	}
	assert_true(found > 50);
}

VD_TEST(spilling_survives_every_out_of_memory)
{
	VD_TORTURE
	{
		uint64_t round = vd_torture_round;
		vd_mem_fail_after(0);
		struct spilling s;
		spilling_init(&s, 4 * 1024);
		vd_mem_fail_after(round);
		enum vd_status st = spilling_feed(&s, 40);
		if (st == VD_OK)
			st = vd_corr_core_finish(s.core, world_take, &s.sink, &s.err);
		int failed = vd_mem_failed();
		assert_true(st == VD_OK || (st == VD_ENOMEM && failed));
		spilling_fini(&s);
	}
}
