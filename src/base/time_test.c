#include "vd_test.h"

#include "base/time.h"

static int64_t
parsed(const char *text)
{
	int64_t ms = INT64_MIN;
	if (!vd_time_parse(vd_str_from(text), &ms))
		fail_msg("not read: %s", text);
	return ms;
}

static void
refused(const char *text)
{
	int64_t ms = 4711;
	if (vd_time_parse(vd_str_from(text), &ms))
		fail_msg("read as %lld: %s", (long long)ms, text);
	assert_true(ms == 4711);
}

#define AUG_7 1596796790000 /* 2020-08-07T10:39:50Z */

VD_TEST(rfc_3339_is_read_in_its_spellings)
{
	static const char *const same[] = {"2020-08-07T10:39:50Z", "2020-08-07t10:39:50z",
		"2020-08-07 10:39:50", "2020-08-07T10:39:50", "2020-08-07T12:39:50+02:00",
		"2020-08-07 12:39:50 +0200", "2020-08-07T05:09:50-05:30", "2020-08-07T08:39:50-02",
		"2020-08-07 10:39:50 UTC", "2020/08/07 10:39:50", "2020-08-07T10:39:50-00:00"};
	for (size_t i = 0; i < VD_ARRAY_LEN(same); i++)
		assert_true(parsed(same[i]) == AUG_7);
}

VD_TEST(fractions_of_any_length_are_cut_to_milliseconds)
{
	assert_true(parsed("2020-08-07T10:39:50.1Z") == AUG_7 + 100);
	assert_true(parsed("2020-08-07 10:39:50.123") == AUG_7 + 123);
	assert_true(parsed("2020-08-07 10:39:50,123") == AUG_7 + 123);
	assert_true(parsed("2020-08-07T10:39:50.1239999Z") == AUG_7 + 123);
	assert_true(parsed("2020-08-07T10:39:50.123456789123+00:00") == AUG_7 + 123);
}

VD_TEST(other_spellings_of_logs_are_read)
{
	assert_true(parsed("08/07/2020 10:39:50 AM") == AUG_7);
	assert_true(parsed("8/7/2020 10:39:50 AM") == AUG_7);
	assert_true(parsed("8/7/2020 10:39:50 PM") == AUG_7 + 12 * 3600000);
	assert_true(parsed("8/7/2020 12:00:00 AM") == parsed("2020-08-07T00:00:00Z"));
	assert_true(parsed("8/7/2020 12:00:00 PM") == parsed("2020-08-07T12:00:00Z"));
	assert_true(parsed("07/Aug/2020:12:39:50 +0200") == AUG_7);
	assert_true(parsed("Fri, 07 Aug 2020 10:39:50 GMT") == AUG_7);
	assert_true(parsed("Fri, 7 Aug 2020 10:39:50 +0000") == AUG_7);
	assert_true(parsed("/Date(1596796790123)/") == AUG_7 + 123);
	assert_true(parsed("/Date(1596796790123+0200)/") == AUG_7 + 123);
	assert_true(parsed("/Date(-1)/") == -1);
}

VD_TEST(epoch_numbers_are_told_apart_by_size)
{
	assert_true(parsed("1596796790") == AUG_7);
	assert_true(parsed("1596796790.1234") == AUG_7 + 123);
	assert_true(parsed("1596796790123") == AUG_7 + 123);
	assert_true(parsed("1596796790123.9") == AUG_7 + 123);
	assert_true(parsed("1596796790123456") == AUG_7 + 123);
	assert_true(parsed("1596796790123456789") == AUG_7 + 123);
	assert_true(parsed("0") == 0);
}

VD_TEST(edges_of_the_calendar_are_right)
{
	assert_true(parsed("1970-01-01T00:00:00Z") == 0);
	assert_true(parsed("1969-12-31T23:59:59.999Z") == -1);
	assert_true(parsed("2000-02-29T00:00:00Z") == 951782400000);
	assert_true(parsed("1601-01-01T00:00:00Z") == -11644473600000);
	assert_true(parsed("0000-01-01T00:00:00Z") == -62167219200000);
	assert_true(parsed("9999-12-31T23:59:59Z") == 253402300799000);
	assert_true(parsed("2016-12-31T23:59:60Z") == parsed("2017-01-01T00:00:00Z"));
}

VD_TEST(what_is_no_time_is_refused)
{
	static const char *const wrong[] = {"", "x", "-5", "1e9", "12 ", "2020-08-07", "2020-13-07T10:39:50Z",
		"2021-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2020-08-00T00:00:00Z",
		"2020-08-07T24:00:00Z", "2020-08-07T10:60:00Z", "2020-08-07T10:39:61Z",
		"2020-08-07T10:39:50.Z", "2020-08-07T10:39:50ZZ", "2020-08-07T10:39:50+2",
		"2020-08-07T10:39:50+24:00", "2020-08-07T10:39:50+02:", "2020-08/07 10:39:50",
		" 2020-08-07T10:39:50Z", "2020-08-07T10:39:50 ", "2020-08-07T10:39:50UTC",
		"13/07/2020 10:39:50 AM", "08/07/2020 13:39:50 PM", "08/07/2020 00:39:50 AM",
		"08/07/2020 10:39:50 XM", "07/Aux/2020:12:39:50 +0200", "Fra, 07 Aug 2020 10:39:50 GMT",
		"/Date(12)", "/Date()/", "/Date(99999999999999999999)/", "18446744073709551615",
		"99999999999999999999999"};
	for (size_t i = 0; i < VD_ARRAY_LEN(wrong); i++)
		refused(wrong[i]);
}

VD_TEST(no_prefix_of_a_time_reads_beyond_its_end)
{
	static const char *const texts[] = {"2020-08-07T10:39:50.123+02:00", "08/07/2020 10:39:50 AM",
		"07/Aug/2020:12:39:50 +0200", "Fri, 07 Aug 2020 10:39:50 GMT", "/Date(1596796790123+0200)/",
		"Aug  7 2020 10:39:50.123 UTC", "Fri Aug  7 10:39:50 UTC 2020", "Aug  7 10:39:50.5",
		"audit(1596796790.123:45)"};
	for (size_t i = 0; i < VD_ARRAY_LEN(texts); i++) {
		for (size_t n = 0; n < strlen(texts[i]); n++) {
			char *exact = vd_mem_alloc(n); /* so that a sanitizer sees one byte too many */
			assert_non_null(exact);
			memcpy(exact, texts[i], n);
			int64_t ms;
			struct vd_time_parts parts;
			bool read = vd_time_parse((struct vd_str){exact, n}, &ms);
			assert_int_equal(read, vd_time_parts((struct vd_str){exact, n}, &parts));
			(void)vd_time_parse_bsd((struct vd_str){exact, n}, 2020, &ms);
			(void)vd_time_parse_yearless((struct vd_str){exact, n}, AUG_7, &ms);
			(void)vd_time_parse_audit((struct vd_str){exact, n}, &ms);
			vd_mem_free(exact);
		}
	}
}

static void
week_is(const char *text, int week)
{
	struct vd_time_parts parts;
	assert_true(vd_time_parts(vd_str_from(text), &parts));
	assert_int_equal(parts.week, week);
}

VD_TEST(parts_are_as_written_without_conversion_of_zone)
{
	struct vd_time_parts parts;
	assert_true(vd_time_parts(VD_S("2026-01-05T03:59:00+05:00"), &parts));
	assert_int_equal(parts.year, 2026);
	assert_int_equal(parts.month, 1);
	assert_int_equal(parts.day, 5);
	assert_int_equal(parts.hour, 3);
	assert_int_equal(parts.minute, 59);
	assert_int_equal(parts.week, 2);
	assert_true(vd_time_parts(VD_S("1596796790"), &parts));
	assert_int_equal(parts.hour, 10);
	assert_true(vd_time_parts(VD_S("/Date(-1)/"), &parts));
	assert_int_equal(parts.year, 1969);
	assert_int_equal(parts.minute, 59);
	assert_false(vd_time_parts(VD_S("nonsense"), &parts));
	assert_false(vd_time_parts(VD_S("/Date(-9223372036854775807)/"), &parts));
}

VD_TEST(weeks_are_those_of_iso_8601)
{
	week_is("2005-01-01T00:00:00Z", 53);
	week_is("2005-01-02T00:00:00Z", 53);
	week_is("2005-12-31T00:00:00Z", 52);
	week_is("2007-01-01T00:00:00Z", 1);
	week_is("2008-12-29T00:00:00Z", 1);
	week_is("2009-12-31T00:00:00Z", 53);
	week_is("2010-01-03T00:00:00Z", 53);
	week_is("2010-01-04T00:00:00Z", 1);
	week_is("0000-01-01T00:00:00Z", 52);
}

static void
formats_as(int64_t ms, const char *want)
{
	char text[VD_TIME_TEXT_MAX];
	assert_int_equal(vd_time_format(ms, text), strlen(want));
	assert_string_equal(text, want);
}

VD_TEST(times_are_written_as_rfc_3339)
{
	formats_as(0, "1970-01-01T00:00:00.000Z");
	formats_as(-1, "1969-12-31T23:59:59.999Z");
	formats_as(AUG_7 + 7, "2020-08-07T10:39:50.007Z");
	formats_as(253402300799999, "9999-12-31T23:59:59.999Z");
	formats_as(253402300800000, "+10000-01-01T00:00:00.000Z");
	formats_as(-62167219200001, "-0001-12-31T23:59:59.999Z");
	formats_as(INT64_MAX, "+292278994-08-17T07:12:55.807Z");
	formats_as(INT64_MIN, "-292275055-05-16T16:47:04.192Z");
}

VD_TEST(what_is_written_is_read_back)
{
	for (int64_t ms = -62167219200000; ms < 253402300800000; ms += 86399999983) {
		char text[VD_TIME_TEXT_MAX];
		size_t n = vd_time_format(ms, text);
		int64_t back;
		assert_true(vd_time_parse((struct vd_str){text, n}, &back));
		assert_true(back == ms);
	}
}

VD_TEST(bsd_syslog_time_takes_the_year_of_the_caller)
{
	int64_t ms;
	assert_true(vd_time_parse_bsd(VD_S("Aug  7 10:39:50"), 2020, &ms));
	assert_true(ms == AUG_7);
	assert_true(vd_time_parse_bsd(VD_S("Aug 07 10:39:50"), 2020, &ms));
	assert_true(ms == AUG_7);
	assert_true(vd_time_parse_bsd(VD_S("Feb 29 00:00:00"), 2020, &ms));
	assert_false(vd_time_parse_bsd(VD_S("Feb 29 00:00:00"), 2021, &ms));
	assert_false(vd_time_parse_bsd(VD_S("Aug 7 10:39"), 2020, &ms));
	assert_false(vd_time_parse_bsd(VD_S("Aug 7 10:39:50 x"), 2020, &ms));
	assert_false(vd_time_parse_bsd(VD_S("aug 7 10:39:50"), 2020, &ms));
}

VD_TEST(syslog_with_a_year_and_ctime_are_read)
{
	static const char *const same[] = {"Aug  7 2020 10:39:50", "Aug 07 2020 10:39:50",
		"Aug 7 2020 10:39:50", "Aug  7 2020 10:39:50 UTC", "Aug  7 2020 12:39:50 +0200",
		"Fri Aug  7 10:39:50 2020", "Fri Aug 07 10:39:50 2020", "Fri Aug  7 10:39:50 UTC 2020"};
	for (size_t i = 0; i < VD_ARRAY_LEN(same); i++)
		assert_true(parsed(same[i]) == AUG_7);
	assert_true(parsed("Aug  7 2020 10:39:50.123") == AUG_7 + 123);
	static const char *const wrong[] = {"Aug   7 2020 10:39:50", "Aug7 2020 10:39:50",
		"Aug 32 2020 10:39:50", "Aug  7 10:39:50 2020", "Fri Aug  7 10:39:50 CEST 2020",
		"Fri Aug  7 10:39:50 2020 ", "Fra Aug  7 10:39:50 2020", "Fri Aug  7 2020 10:39:50",
		"Aug  7 10:39:50"};
	for (size_t i = 0; i < VD_ARRAY_LEN(wrong); i++)
		refused(wrong[i]);
}

VD_TEST(filetime_is_told_apart_from_nanoseconds)
{
	assert_true(parsed("133800000000000000") == parsed("2024-12-30T02:40:00.000Z"));
	assert_true(parsed("116444736000000000") == 0);
	assert_true(parsed("132413016900100000") == parsed("2020-08-07T19:21:30.010Z"));
	assert_true(parsed("264999999999999999") == parsed("2440-10-01T23:06:39.999Z"));
	/* on both sides: nanoseconds */
	assert_true(parsed("116444735999999999") == 116444735999);
	assert_true(parsed("265000000000000000") == 265000000000);
	struct vd_time_parts parts;
	assert_true(vd_time_parts(VD_S("133800000000000000"), &parts));
	assert_int_equal(parts.year, 2024);
}

static int64_t
yearless(const char *text, const char *reference)
{
	int64_t ms = INT64_MIN;
	if (!vd_time_parse_yearless(vd_str_from(text), parsed(reference), &ms))
		fail_msg("not read: %s near %s", text, reference);
	return ms;
}

VD_TEST(a_year_that_is_missing_is_the_latest_that_is_not_beyond_a_day_after_the_reference)
{
	assert_true(yearless("Aug  7 10:39:50", "2020-08-08T00:00:00Z") == AUG_7);
	assert_true(yearless("Aug  7 10:39:50", "2020-08-06T10:39:50Z") == AUG_7); /* a day ahead: a zone */
	assert_true(yearless("Aug  7 10:39:50", "2020-08-06T10:39:49Z") == parsed("2019-08-07T10:39:50Z"));
	assert_true(yearless("Aug  7 10:39:50", "2021-08-06T10:39:49Z") == AUG_7);
	/* around the new year */
	assert_true(yearless("Dec 31 23:59:59", "2026-01-01T00:00:05Z") == parsed("2025-12-31T23:59:59Z"));
	assert_true(yearless("Jan  1 00:00:01", "2025-12-31T23:00:00Z") == parsed("2026-01-01T00:00:01Z"));
	/* leap days: the latest year that has one */
	assert_true(yearless("Feb 29 12:00:00", "2026-01-01T00:00:00Z") == parsed("2024-02-29T12:00:00Z"));
	assert_true(yearless("Feb 29 12:00:00", "2024-02-28T12:00:00Z") == parsed("2024-02-29T12:00:00Z"));
	assert_true(yearless("Feb 29 12:00:00", "2104-01-01T00:00:00Z") == parsed("2096-02-29T12:00:00Z"));
	assert_true(yearless("Aug  7 10:39:50.25", "2020-09-01T00:00:00Z") == AUG_7 + 250);
	int64_t ms = 4711;
	assert_false(vd_time_parse_yearless(VD_S("Feb 30 12:00:00"), AUG_7, &ms));
	assert_false(vd_time_parse_yearless(VD_S("Aug  7 2020 10:39:50"), AUG_7, &ms));
	assert_false(vd_time_parse_yearless(VD_S("Aug  7 10:39:50"), INT64_MAX, &ms));
	assert_false(vd_time_parse_yearless(VD_S("Aug  7 10:39:50"), INT64_MIN, &ms));
	assert_true(ms == 4711);
}

VD_TEST(the_time_of_an_audit_record_is_read_and_not_its_serial)
{
	int64_t ms = 4711;
	static const char *const none[] = {"", "audit", "audit(", "audit()", "audit(:1)", "audit(x.1:1)",
		"audit(1596796790.123)", "audit(1596796790.123", "op=login audi(1.2:3)", "audit(1e3:1)"};
	for (size_t i = 0; i < VD_ARRAY_LEN(none); i++)
		assert_false(vd_time_parse_audit(vd_str_from(none[i]), &ms));
	assert_true(ms == 4711);
	static const char *const some[] = {"audit(1596796790.123:45)", "audit(1596796790.123:45):",
		"type=SYSCALL msg=audit(1596796790.123:45): arch=c000003e audit(1.0:1)",
		"a audit audit(1596796790.123:9999999999999)"};
	for (size_t i = 0; i < VD_ARRAY_LEN(some); i++) {
		assert_true(vd_time_parse_audit(vd_str_from(some[i]), &ms));
		assert_true(ms == AUG_7 + 123);
	}
}
