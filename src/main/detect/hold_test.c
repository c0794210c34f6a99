#include "main/detect/hold.h"

#include <stdio.h>

#include "vd_test.h"

#define N 2000u

struct seen {
	int64_t last_time;
	uint64_t last_line;
	size_t n;
};

/* Pseudo-random time of record i: few enough values that many are equal. */
static int64_t
time_of(uint64_t i)
{
	return (int64_t)((i * 2654435761u >> 7) % 97) - 40;
}

static enum vd_status
check(void *owner, const struct vd_hold_record *record, struct vd_err *err)
{
	struct seen *seen = owner;
	char text[32];
	assert_true(record->time_ms >= seen->last_time);
	if (record->time_ms == seen->last_time)
		assert_true(record->line > seen->last_line);
	assert_int_equal(record->time_ms, time_of(record->line));
	assert_int_equal(record->file, record->line % 3);
	int n = snprintf(text, sizeof text, "payload %llu", (unsigned long long)record->line);
	assert_true(vd_str_eq(record->bytes, (struct vd_str){text, (size_t)n}));
	seen->last_time = record->time_ms;
	seen->last_line = record->line;
	seen->n++;
	return VD_OK;
}

static size_t
fill_and_drain(size_t memory_bytes)
{
	struct vd_err err = VD_ERR_INIT;
	struct seen seen = {INT64_MIN, 0, 0};
	VD_AUTO(vd_hold) hold = NULL;
	assert_int_equal(vd_hold_new(memory_bytes, &hold, &err), VD_OK);
	for (uint64_t i = 1; i <= N; i++) {
		char text[32];
		int n = snprintf(text, sizeof text, "payload %llu", (unsigned long long)i);
		struct vd_hold_record record = {time_of(i), (uint32_t)(i % 3), i, {text, (size_t)n}};
		assert_int_equal(vd_hold_add(hold, &record, &err), VD_OK);
	}
	assert_int_equal(vd_hold_drain(hold, check, &seen, &err), VD_OK);
	assert_int_equal(seen.n, N);
	return vd_hold_runs(hold);
}

VD_TEST(records_come_back_by_time_and_equal_times_by_arrival)
{
	assert_int_equal(fill_and_drain(0), 0);
}

VD_TEST(spilled_records_come_back_in_the_same_order)
{
	assert_in_range(fill_and_drain(4096), 10, VD_HOLD_MAX_RUNS);
}

VD_TEST(a_hold_survives_every_out_of_memory)
{
	VD_TORTURE
	{
		struct vd_err err = VD_ERR_INIT;
		struct seen seen = {INT64_MIN, 0, 0};
		VD_AUTO(vd_hold) hold = NULL;
		if (vd_hold_new(1, &hold, &err) != VD_OK)
			continue;
		enum vd_status st = VD_OK;
		for (uint64_t i = 1; i <= 5 && st == VD_OK; i++) {
			char text[32];
			int n = snprintf(text, sizeof text, "payload %llu", (unsigned long long)i);
			struct vd_hold_record record = {time_of(i), (uint32_t)(i % 3), i, {text, (size_t)n}};
			st = vd_hold_add(hold, &record, &err);
		}
		if (st == VD_OK)
			st = vd_hold_drain(hold, check, &seen, &err);
		assert_true(st == VD_OK || st == VD_ENOMEM || st == VD_EIO);
	}
}
