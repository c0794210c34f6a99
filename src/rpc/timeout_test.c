#include "rpc/timeout.h"

#include "vd_test.h"

VD_TEST(each_unit_is_read_and_parts_of_a_millisecond_count_as_one)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {{"1H", 3600000}, {"2M", 120000}, {"3S", 3000}, {"4m", 4}, {"5000u", 5}, {"5001u", 6},
		{"1u", 1}, {"1n", 1}, {"1000000n", 1}, {"1000001n", 2}, {"0S", 0}, {"0n", 0},
		{"00000001S", 1000}, {"99999999n", 100}, {"99999999m", 99999999},
		{"99999999H", INT64_C(359999996400000)}};
	for (unsigned i = 0; i < VD_ARRAY_LEN(rows); i++) {
		int64_t ms = -1;
		assert_true(vd_timeout_parse(vd_str_from(rows[i].text), &ms));
		assert_int_equal(ms, rows[i].ms);
	}
}

VD_TEST(what_is_no_timeout_is_refused)
{
	static const char *const bad[] = {"", "S", "1", "100", "1s", "1h", "1 S", " 1S", "1S ", "-1S", "+1S",
		"1.5S", "0x1S", "123456789S", "000000001S", "1SS", "1µ", "H1", "1m1"};
	for (unsigned i = 0; i < VD_ARRAY_LEN(bad); i++) {
		int64_t ms = 77;
		assert_false(vd_timeout_parse(vd_str_from(bad[i]), &ms));
		assert_int_equal(ms, 77);
	}
	int64_t ms;
	assert_false(vd_timeout_parse(VD_S("1\0S"), &ms));
}

VD_TEST(a_timeout_is_written_in_the_smallest_unit_that_holds_it)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {{INT64_MIN, "1n"}, {-1, "1n"}, {0, "1n"}, {1, "1m"}, {99999999, "99999999m"},
		{100000000, "100000S"}, {100000999, "100000S"}, {INT64_C(99999999999), "99999999S"},
		{INT64_C(100000000000), "1666666M"}, {INT64_C(5999999999999), "99999999M"},
		{INT64_C(6000000000000), "1666666H"}, {INT64_C(359999996400000), "99999999H"},
		{INT64_C(360000000000000), "99999999H"}, {INT64_MAX, "99999999H"}};
	for (unsigned i = 0; i < VD_ARRAY_LEN(rows); i++) {
		char text[VD_TIMEOUT_TEXT_MAX];
		assert_int_equal(vd_timeout_format(rows[i].ms, text), strlen(rows[i].text));
		assert_string_equal(text, rows[i].text);
	}
}

VD_TEST(what_is_written_reads_back_as_no_longer_than_it_was)
{
	for (int64_t ms = 1; ms < INT64_C(300000000000000); ms += ms / 7 + 1) {
		char text[VD_TIMEOUT_TEXT_MAX];
		int64_t back;
		size_t n = vd_timeout_format(ms, text);
		assert_true(vd_timeout_parse((struct vd_str){text, n}, &back));
		assert_true(back <= ms && back > 0);
		assert_true(ms - back < 3600000 && (ms > 99999999 || back == ms));
	}
}

VD_TEST(deadlines_do_not_wrap_around)
{
	assert_int_equal(vd_deadline_after(1000, 500), 1500);
	assert_int_equal(vd_deadline_after(1000, 0), 1000);
	assert_int_equal(vd_deadline_after(1000, -5), 1000);
	assert_int_equal(vd_deadline_after(1000, INT64_MAX), VD_DEADLINE_NEVER);
	assert_int_equal(vd_deadline_after(-1000, INT64_MAX), INT64_MAX - 1000);
	assert_int_equal(vd_deadline_left(1500, 1000), 500);
	assert_int_equal(vd_deadline_left(1500, 1500), 0);
	assert_int_equal(vd_deadline_left(1500, 2000), 0);
	assert_int_equal(vd_deadline_left(VD_DEADLINE_NEVER, 2000), INT64_MAX);
	assert_int_equal(vd_deadline_left(INT64_MAX - 1, -5), INT64_MAX);
	assert_int_equal(vd_deadline_left(100, -100), 200);
}
