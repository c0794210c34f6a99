/* Saved state: taken up anywhere in a stream, refused when it is damaged or belongs to other rules. */
#include "engine/correlate/correlate.h"

#include <stdio.h>
#include <stdlib.h>

#include <nettle/sha2.h>

#include "engine/correlate/world_fake.h"
#include "vd_test.h"

#define GOLDEN "tests/golden/correlate-state-1.bin"

static const char *const corrs[] = {
	"count event_count ra by=U span=60 gte=2",
	"values value_count ra,rb by=U span=60 lt=3 field=S",
	"order temporal_ordered count,rb by=H span=60",
	"rules temporal ra,rb by=U span=60 expr=ra&!rb",
	"sum value_sum ra span=60 field=B gt=5",
	"median value_median rb,sum by=U span=60 field=B gte=1",
	"share value_percentile ra span=60 field=S gt=60",
};

static const char *const events[] = {
	"100 ra U=a S=x H=h B:=1",
	"101 ra U=a S=y H=h,g B:=3.25",
	"102 rb U=a H=h B:=2",
	"103 ra+rb U=b S=x H=g B:=4.5",
	"110 rb U=b H=g",
	"111 ra U=c S=x",
	"90 ra U=a",
	"171 rb U=a,c H=h B:=1",
	"172 ra U=a S=x H=h B:=2",
	"260 ra U=a S=y",
};

struct rig {
	struct world world;
	struct vd_corr_plan *plan;
	struct vd_err err;
};

static void
rig_init(struct rig *rig, const char *const *lines, size_t n)
{
	*rig = (struct rig){.err = VD_ERR_INIT};
	world_init(&rig->world, lines, n);
	assert_int_equal(vd_corr_plan_new(&rig->world.load, &rig->plan, &rig->err), VD_OK);
}

static void
rig_fini(struct rig *rig)
{
	vd_corr_plan_free(rig->plan);
	world_fini(&rig->world);
}

static struct vd_corr_core *
rig_core(struct rig *rig)
{
	struct vd_corr_core *core = NULL;
	struct vd_correlator_options options = {.lateness_ms = 3000, .tenant = VD_S("acme")};
	assert_int_equal(vd_corr_core_new(rig->plan, &options, &core, &rig->err), VD_OK);
	return core;
}

/* Events from..to (not included), the watermark after each. */
static void
run(struct rig *rig, struct vd_corr_core *core, size_t from, size_t to, struct world_sink *sink)
{
	for (size_t i = from; i < to; i++) {
		struct world_event event = world_event(&rig->world, events[i], i + 1);
		assert_int_equal(world_feed(&rig->world, rig->plan, core, &event, &rig->err), VD_OK);
		assert_int_equal(
			vd_corr_core_advance(core, vd_corr_core_watermark(core), world_take, sink, &rig->err),
			VD_OK);
	}
}

static void
finish(struct rig *rig, struct vd_corr_core *core, struct world_sink *sink)
{
	assert_int_equal(vd_corr_core_finish(core, world_take, sink, &rig->err), VD_OK);
}

static void
save(struct rig *rig, struct vd_corr_core *core, struct vd_buf *to)
{
	vd_buf_reset(to);
	assert_int_equal(vd_corr_core_save(core, to, &rig->err), VD_OK);
}

VD_TEST(state_taken_up_at_any_point_gives_the_same_findings_and_counters)
{
	struct rig rig;
	rig_init(&rig, corrs, VD_ARRAY_LEN(corrs));
	struct world_sink want = {.world = &rig.world};
	VD_AUTO_FINI(vd_buf) bytes;
	vd_buf_init(&bytes, 0);
	struct vd_corr_core *core = rig_core(&rig);
	run(&rig, core, 0, VD_ARRAY_LEN(events), &want);
	finish(&rig, core, &want);
	struct vd_correlator_counts counts = vd_corr_core_counts(core, SIZE_MAX);
	assert_true(want.found.n > 10);
	assert_int_equal(counts.late, 1);
	vd_corr_core_free(core);
	for (size_t at = 0; at <= VD_ARRAY_LEN(events); at++) {
		struct world_sink got = {.world = &rig.world};
		core = rig_core(&rig);
		run(&rig, core, 0, at, &got);
		save(&rig, core, &bytes);
		vd_corr_core_free(core);
		core = rig_core(&rig);
		struct world_sink other = {.world = &rig.world};
		run(&rig, core, 0, at / 2, &other); /* what it held before goes */
		world_sink_fini(&other);
		assert_int_equal(vd_corr_core_restore(core, vd_buf_view(&bytes), &rig.err), VD_OK);
		run(&rig, core, at, VD_ARRAY_LEN(events), &got);
		finish(&rig, core, &got);
		assert_int_equal(got.found.n, want.found.n);
		assert_memory_equal(got.found.at, want.found.at, want.found.n * sizeof *want.found.at);
		struct vd_correlator_counts now = vd_corr_core_counts(core, SIZE_MAX);
		assert_memory_equal(&now, &counts, sizeof counts);
		vd_corr_core_free(core);
		world_sink_fini(&got);
	}
	world_sink_fini(&want);
	rig_fini(&rig);
}

/* A core in the middle of the stream, and its bytes. */
static struct vd_corr_core *
half_way(struct rig *rig, struct vd_buf *bytes)
{
	struct world_sink sink = {.world = &rig->world};
	struct vd_corr_core *core = rig_core(rig);
	run(rig, core, 0, 8, &sink);
	world_sink_fini(&sink);
	save(rig, core, bytes);
	return core;
}

VD_TEST(damaged_state_is_refused_and_leaves_the_core_as_it_was)
{
	struct rig rig;
	rig_init(&rig, corrs, VD_ARRAY_LEN(corrs));
	VD_AUTO_FINI(vd_buf) bytes, after;
	vd_buf_init(&bytes, 0);
	vd_buf_init(&after, 0);
	struct vd_corr_core *core = half_way(&rig, &bytes);
	for (size_t i = 0; i < bytes.len; i++) {
		bytes.at[i] = (char)(bytes.at[i] ^ 0x20);
		enum vd_status st = vd_corr_core_restore(core, vd_buf_view(&bytes), &rig.err);
		assert_true(st == VD_EINPUT || st == VD_EVERSION);
		assert_int_equal(
			vd_corr_core_restore(core, (struct vd_str){bytes.at, i}, &rig.err) == VD_OK, false);
		bytes.at[i] = (char)(bytes.at[i] ^ 0x20);
	}
	save(&rig, core, &after);
	assert_int_equal(after.len, bytes.len);
	assert_memory_equal(after.at, bytes.at, bytes.len);
	vd_corr_core_free(core);
	rig_fini(&rig);
}

/* Damage that the digest covers up must meet the bounds behind it. */
VD_TEST(forged_state_is_refused_or_runs)
{
	struct rig rig;
	rig_init(&rig, corrs, VD_ARRAY_LEN(corrs));
	VD_AUTO_FINI(vd_buf) bytes;
	vd_buf_init(&bytes, 0);
	struct vd_corr_core *core = half_way(&rig, &bytes);
	size_t refused = 0;
	static const unsigned char flips[] = {0x01, 0x80, 0xff};
	for (size_t i = 0; i < (bytes.len - 16) * VD_ARRAY_LEN(flips); i++) {
		size_t at = i / VD_ARRAY_LEN(flips);
		uint8_t digest[SHA256_DIGEST_SIZE];
		struct sha256_ctx sha;
		char was = bytes.at[at];
		bytes.at[at] = (char)(was ^ (char)flips[i % VD_ARRAY_LEN(flips)]);
		sha256_init(&sha);
		sha256_update(&sha, bytes.len - 16, (const uint8_t *)bytes.at);
		sha256_digest(&sha, sizeof digest, digest);
		memcpy(bytes.at + bytes.len - 16, digest, 16);
		enum vd_status st = vd_corr_core_restore(core, vd_buf_view(&bytes), &rig.err);
		refused += st != VD_OK;
		assert_true(st == VD_OK || st == VD_EINPUT || st == VD_EVERSION);
		if (st == VD_OK) {
			struct world_sink sink = {.world = &rig.world};
			finish(&rig, core, &sink);
			world_sink_fini(&sink);
		}
		bytes.at[at] = was;
	}
	assert_true(refused > 500);
	vd_corr_core_free(core);
	rig_fini(&rig);
}

VD_TEST(state_of_other_rules_another_tenant_or_a_later_version_is_refused)
{
	struct rig rig, other;
	rig_init(&rig, corrs, VD_ARRAY_LEN(corrs));
	rig_init(&other, corrs, VD_ARRAY_LEN(corrs) - 1);
	VD_AUTO_FINI(vd_buf) bytes;
	vd_buf_init(&bytes, 0);
	struct vd_corr_core *core = half_way(&rig, &bytes), *stranger = rig_core(&other);
	assert_int_equal(vd_corr_core_restore(stranger, vd_buf_view(&bytes), &other.err), VD_EVERSION);
	assert_non_null(strstr(other.err.text, "other correlation rules"));
	vd_corr_core_free(stranger);
	struct vd_correlator_options options = {.tenant = VD_S("else")};
	assert_int_equal(vd_corr_core_new(rig.plan, &options, &stranger, &rig.err), VD_OK);
	assert_int_equal(vd_corr_core_restore(stranger, vd_buf_view(&bytes), &rig.err), VD_EVERSION);
	bytes.at[4] = 2;
	assert_int_equal(vd_corr_core_restore(core, vd_buf_view(&bytes), &rig.err), VD_EVERSION);
	assert_non_null(strstr(rig.err.text, "version 2"));
	vd_corr_core_free(stranger);
	vd_corr_core_free(core);
	rig_fini(&rig);
	rig_fini(&other);
}

VD_TEST(state_is_taken_up_under_the_same_limits)
{
	static const char *const one[] = {"c event_count ra by=U span=1000 gte=2"};
	struct rig rig;
	rig_init(&rig, one, 1);
	struct vd_correlator_options options = {.max_bytes = 40000};
	VD_AUTO_FINI(vd_buf) bytes;
	vd_buf_init(&bytes, 0);
	uint64_t dropped[2];
	for (size_t moved = 0; moved < 2; moved++) {
		struct vd_corr_core *core = NULL;
		struct world_sink sink = {.world = &rig.world};
		assert_int_equal(vd_corr_core_new(rig.plan, &options, &core, &rig.err), VD_OK);
		for (int i = 0; i < 400; i++) {
			char text[64];
			(void)snprintf(text, sizeof text, "%d ra U=u%d", i, i);
			struct world_event event = world_event(&rig.world, text, (uint64_t)i);
			assert_int_equal(world_feed(&rig.world, rig.plan, core, &event, &rig.err), VD_OK);
			assert_int_equal(
				vd_corr_core_advance(core, event.t, world_take, &sink, &rig.err), VD_OK);
			if (moved == 0 || i % 10 != 0)
				continue;
			save(&rig, core, &bytes);
			vd_corr_core_free(core);
			assert_int_equal(vd_corr_core_new(rig.plan, &options, &core, &rig.err), VD_OK);
			assert_int_equal(vd_corr_core_restore(core, vd_buf_view(&bytes), &rig.err), VD_OK);
		}
		dropped[moved] = vd_corr_core_counts(core, 0).groups_dropped;
		vd_corr_core_free(core);
		world_sink_fini(&sink);
	}
	assert_true(dropped[0] > 100);
	assert_int_equal(dropped[0], dropped[1]);
	rig_fini(&rig);
}

VD_TEST(the_golden_file_of_version_1_is_read)
{
	struct rig rig;
	rig_init(&rig, corrs, VD_ARRAY_LEN(corrs));
	struct world_sink want = {.world = &rig.world}, got = {.world = &rig.world};
	struct vd_corr_core *core = rig_core(&rig);
	run(&rig, core, 0, 8, &want);
	world_sink_fini(&want);
	want.found = (struct world_findings){0};
	run(&rig, core, 8, VD_ARRAY_LEN(events), &want);
	finish(&rig, core, &want);
	vd_corr_core_free(core);
	size_t n;
	char *bytes = vd_test_file(GOLDEN, &n);
	core = rig_core(&rig);
	assert_int_equal(vd_corr_core_restore(core, (struct vd_str){bytes, n}, &rig.err), VD_OK);
	run(&rig, core, 8, VD_ARRAY_LEN(events), &got);
	finish(&rig, core, &got);
	assert_true(want.found.n > 3);
	assert_int_equal(got.found.n, want.found.n);
	assert_memory_equal(got.found.at, want.found.at, want.found.n * sizeof *want.found.at);
	vd_mem_free(bytes);
	vd_corr_core_free(core);
	world_sink_fini(&want);
	world_sink_fini(&got);
	rig_fini(&rig);
}

VD_TEST(saving_and_restoring_survive_every_out_of_memory)
{
	struct rig rig;
	rig_init(&rig, corrs, VD_ARRAY_LEN(corrs));
	VD_AUTO_FINI(vd_buf) want;
	vd_buf_init(&want, 0);
	struct vd_corr_core *core = half_way(&rig, &want), *other = rig_core(&rig);
	VD_TORTURE
	{
		VD_AUTO_FINI(vd_buf) bytes;
		vd_buf_init(&bytes, 0);
		enum vd_status st = vd_corr_core_save(core, &bytes, &rig.err);
		if (st == VD_OK) {
			assert_memory_equal(bytes.at, want.at, want.len);
			st = vd_corr_core_restore(other, vd_buf_view(&bytes), &rig.err);
		}
		assert_true(st == VD_OK || (st == VD_ENOMEM && vd_mem_failed()));
	}
	VD_AUTO_FINI(vd_buf) again;
	vd_buf_init(&again, 0);
	save(&rig, other, &again);
	assert_memory_equal(again.at, want.at, want.len);
	vd_corr_core_free(core);
	vd_corr_core_free(other);
	rig_fini(&rig);
}
