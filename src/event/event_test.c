#include "event/event.h"

#include <stdio.h>

#include "vd_test.h"

static struct vd_keys *keys;

static struct vd_event_parser *
parser_of(const char *const names[])
{
	keys = vd_keys_new();
	assert_non_null(keys);
	for (size_t i = 0; names[i] != NULL; i++)
		assert_int_not_equal(vd_keys_add(keys, vd_str_from(names[i])), VD_KEY_NONE);
	struct vd_event_parser *parser = vd_event_parser_new(keys);
	assert_non_null(parser);
	return parser;
}

static void
drop(struct vd_event_parser *parser)
{
	vd_event_parser_free(parser);
	vd_keys_free(keys);
}

static struct vd_event
parse(struct vd_event_parser *parser, const char *text)
{
	static char padded[65536];
	struct vd_event ev;
	struct vd_err err = VD_ERR_INIT;
	size_t n = strlen(text);
	assert_true(n + VD_EVENT_PADDING < sizeof padded);
	memset(padded, 0, sizeof padded);
	memcpy(padded, text, n);
	if (vd_event_parse(parser, (struct vd_str){padded, n}, &ev, &err) != VD_OK)
		fail_msg("%s: %s", text, err.text);
	return ev;
}

static void
refuse(struct vd_event_parser *parser, const char *text)
{
	static char padded[65536];
	struct vd_event ev;
	struct vd_err err = VD_ERR_INIT;
	size_t n = strlen(text);
	memset(padded, 0, sizeof padded);
	memcpy(padded, text, n);
	assert_int_equal(vd_event_parse(parser, (struct vd_str){padded, n}, &ev, &err), VD_EINPUT);
	assert_true(err.text[0] != '\0');
}

/* the values under a name, joined with '|' */
static const char *
values(const struct vd_event *ev, const char *name)
{
	static char room[4096];
	size_t at = 0;
	room[0] = '\0';
	for (size_t i = 0; i < ev->n; i++) {
		VD_AUTO_FINI(vd_buf) buf;
		vd_buf_init(&buf, 0);
		if (!vd_str_is((struct vd_str){ev->fields[i].name, ev->fields[i].name_len}, name) ||
			ev->fields[i].type >= VD_F_OBJECT)
			continue;
		struct vd_str text = vd_field_text(&ev->fields[i], &buf);
		at += (size_t)snprintf(
			room + at, sizeof room - at, "%s%.*s", at == 0 ? "" : "|", (int)text.len, text.at);
	}
	return room;
}

VD_TEST(a_flat_event_gives_its_fields_in_order)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){"Image", NULL});
	struct vd_event ev = parse(parser, "{\"EventID\":1,\"Image\":\"C:\\\\a.exe\",\"x\":true,\"y\":null}");
	assert_int_equal(ev.n, 4);
	assert_int_equal(ev.fields[0].key, VD_K_EVENT_ID);
	assert_int_equal(ev.fields[0].type, VD_F_NUMBER);
	assert_string_equal(values(&ev, "Image"), "C:\\a.exe");
	assert_int_equal(ev.fields[2].type, VD_F_BOOL);
	assert_int_equal(ev.fields[2].key, VD_KEY_NONE);
	assert_int_equal(ev.fields[3].type, VD_F_NULL);
	assert_int_equal(ev.repaired, 0);
	drop(parser);
}

VD_TEST(an_event_is_single_only_where_no_name_can_have_two_values)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){"Image", "User", "a.b", NULL});
	assert_true(parse(parser, "{\"Channel\":\"x\",\"EventID\":1,\"Image\":\"a\",\"User\":\"b\"}").single);
	assert_true(parse(parser, "{\"a\":{\"b\":1},\"Image\":\"a\"}").single);
	assert_false(parse(parser, "{\"Image\":[\"a\"]}").single);
	assert_false(parse(parser, "{\"Image\":\"a\",\"Image\":\"b\"}").single);
	struct vd_event ev = parse(parser, "{\"Image\":\"a\",\"EventID\":4,\"x\":2,\"Channel\":\"c\"}");
	assert_int_equal(ev.windows[VD_K_EVENT_ID], 1);
	assert_int_equal(ev.windows[VD_K_CHANNEL], 3);
	/* another way to write a name: from then on nothing is certain */
	assert_false(parse(parser, "{\"Ima ge\":\"a\",\"User\":\"b\"}").single);
	drop(parser);
}

VD_TEST(nested_objects_get_dotted_names_and_arrays_their_own)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){"user.name", NULL});
	struct vd_event ev = parse(parser, " { \"user\" : { \"name\" : \"bob\", \"ids\":[1, [2,3] "
					   ",{\"a\":4}] } , \"e\":[], \"user.name\":\"eve\" } ");
	assert_string_equal(values(&ev, "user.name"), "bob|eve");
	assert_string_equal(values(&ev, "user.ids"), "1|2|3");
	assert_string_equal(values(&ev, "user.ids.a"), "4");
	assert_non_null(vd_event_find_name(&ev, VD_S("e")));
	assert_int_equal(vd_event_find_name(&ev, VD_S("e"))->type, VD_F_ARRAY);
	assert_int_equal(vd_event_find_name(&ev, VD_S("user"))->type, VD_F_OBJECT);
	drop(parser);
}

VD_TEST(blanks_in_names_are_stripped)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){"SourceName", NULL});
	struct vd_event ev = parse(parser, "{\"Source Name\":\"x\"}");
	assert_string_equal(values(&ev, "SourceName"), "x");
	assert_int_equal(ev.fields[0].key, vd_keys_find(keys, VD_S("SourceName")));
	drop(parser);
}

VD_TEST(the_evtx_form_gets_the_names_sigma_expects)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){NULL});
	struct vd_event ev = parse(parser, "{\"Event\":{\"#attributes\":{\"xmlns\":\"u\"},\"System\":{"
					   "\"Provider\":{\"#attributes\":{\"Name\":\"P\"}},"
					   "\"EventID\":{\"#text\":7,\"#attributes\":{\"Qualifiers\":0}},"
					   "\"TimeCreated\":{\"#attributes\":"
					   "{\"SystemTime\":\"2020-01-01T00:00:00Z\"}},\"Channel\":"
					   "\"Security\"},\"EventData\":{\"Image\":\"i\","
					   "\"Target User\":\"t\",\"Data\":[\"a\",\"b\"]}}}");
	assert_string_equal(values(&ev, "Provider_Name"), "P");
	assert_string_equal(values(&ev, "EventID"), "7");
	assert_string_equal(values(&ev, "EventID_Qualifiers"), "0");
	assert_string_equal(values(&ev, "TimeCreated_SystemTime"), "2020-01-01T00:00:00Z");
	assert_string_equal(values(&ev, "Channel"), "Security");
	assert_string_equal(values(&ev, "Image"), "i");
	assert_string_equal(values(&ev, "TargetUser"), "t");
	assert_string_equal(values(&ev, "Data"), "a|b");
	int64_t ms;
	assert_true(vd_event_time(&ev, VD_TIME_UNKNOWN, &ms));
	assert_int_equal(ms, 1577836800000);
	drop(parser);
}

VD_TEST(named_data_elements_are_fields_of_that_name)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){"Image", NULL});
	struct vd_event ev = parse(parser, "{\"Event\":{\"System\":{\"EventID\":1},\"EventData\":{\"Data\":[{"
					   "\"@Name\":\"Image\",\"#text\":\"i\"},"
					   "{\"#attributes\":{\"Name\":\"User\"},\"#text\":\"u\"}]}}}");
	assert_string_equal(values(&ev, "Image"), "i");
	assert_string_equal(values(&ev, "User"), "u");
	assert_null(vd_event_find_name(&ev, VD_S("Data_Name")));
	assert_int_equal(ev.repaired, 0);
	drop(parser);
}

VD_TEST(user_data_goes_by_its_innermost_names)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){NULL});
	struct vd_event ev = parse(parser, "{\"Event\":{\"UserData\":{\"LogFileCleared\":{\"#attributes\":{"
					   "\"xmlns\":\"n\"},\"SubjectUserName\":\"s\"}}}}");
	assert_string_equal(values(&ev, "SubjectUserName"), "s");
	drop(parser);
}

VD_TEST(a_duplicate_key_is_marked_and_both_values_are_there)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){NULL});
	struct vd_event ev = parse(parser, "{\"a\":1,\"b\":{\"a\":3},\"a\":2}");
	assert_string_equal(values(&ev, "a"), "1|2");
	assert_int_equal(ev.repaired, VD_REPAIRED_DUPLICATE);
	ev = parse(parser, "{\"a\":1,\"b\":[{\"a\":3},{\"a\":4}]}");
	assert_int_equal(ev.repaired, 0);
	drop(parser);
}

VD_TEST(what_strict_json_refuses_is_repaired_and_marked)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){NULL});
	struct vd_event ev = parse(parser, "{\"a\":\"x\xff\",\"Event\":{\"EventData\":{\"c\":\"d\"}}}");
	assert_string_equal(values(&ev, "a"), "x\xef\xbf\xbd");
	assert_string_equal(values(&ev, "c"), "d");
	assert_int_equal(ev.repaired, VD_REPAIRED_UTF8);
	drop(parser);
}

VD_TEST(deep_nesting_is_matched_as_text)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){NULL});
	char text[20100];
	memset(text, '[', 10000);
	memcpy(text, "{\"a\":", 5);
	text[10000] = '7';
	memset(text + 10001, ']', 9995);
	text[19996] = '}';
	text[19997] = '\0';
	struct vd_event ev = parse(parser, text);
	assert_true((ev.repaired & VD_REPAIRED_DEPTH) != 0);
	drop(parser);
}

VD_TEST(what_is_no_object_is_refused_with_words)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){NULL});
	static const char *const broken[] = {"", "[]", "1", "{", "{\"a\":1", "{\"a\" 1}", "{\"a\":1 \"b\":2}",
		"{\"a\":\"b}", "{\"a\":1}}", "{\"a\":1}{\"a\":2}", "plain text", "{a:1}", "{\"a\":tru e}",
		"{\"a\":[1}", "{\"a\"}"};
	for (size_t i = 0; i < VD_ARRAY_LEN(broken); i++)
		refuse(parser, broken[i]);
	drop(parser);
}

VD_TEST(many_new_names_do_not_grow_the_tree_without_bound)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){"k", NULL});
	for (unsigned i = 0; i < 70000; i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "{\"n%u\":1,\"k\":%u}", i, i);
		struct vd_event ev = parse(parser, text);
		assert_int_equal(ev.n, 2);
		assert_int_equal(ev.fields[1].key, vd_keys_find(keys, VD_S("k")));
	}
	drop(parser);
}

VD_TEST(time_and_host_come_from_the_preferred_field)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){NULL});
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	struct vd_event ev = parse(parser,
		"{\"UtcTime\":\"2020-01-02 "
		"00:00:00.000\",\"@timestamp\":\"2020-01-01T00:00:00Z\",\"host\":\"b\",\"Computer\":\"a\"}");
	int64_t ms;
	assert_true(vd_event_time(&ev, VD_TIME_UNKNOWN, &ms));
	assert_int_equal(ms, 1577836800000);
	assert_true(vd_str_is(vd_event_host(&ev, &buf), "a"));
	ev = parse(parser, "{\"x\":1}");
	assert_false(vd_event_time(&ev, VD_TIME_UNKNOWN, &ms));
	assert_int_equal(vd_event_host(&ev, &buf).len, 0);
	drop(parser);
}

#define REFERENCE 1767585540000 /* 2026-01-05T03:59:00Z */

static void
has_time(const char *text, int64_t reference_ms, int64_t want_ms)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){NULL});
	struct vd_event ev = parse(parser, text);
	int64_t ms = VD_TIME_UNKNOWN;
	bool read = vd_event_time(&ev, reference_ms, &ms);
	if (ms != want_ms || read != (want_ms != VD_TIME_UNKNOWN))
		fail_msg("%s gives %lld", text, (long long)ms);
	drop(parser);
}

VD_TEST(time_is_found_in_the_fields_of_many_sources)
{
	static const char *const texts[] = {"{\"Timestamp\":\"2026-01-05T03:59:00.0000000Z\"}",
		"{\"createdDateTime\":\"2026-01-05T03:59:00Z\"}",
		"{\"TimeCreated\":{\"SystemTime\":\"2026-01-05T03:59:00Z\"}}",
		"{\"timestamp\":\"Jan  5 2026 03:59:00\"}", "{\"timestamp\":\"Mon Jan  5 03:59:00 2026\"}",
		"{\"timestamp\":134120591400000000}", "{\"timestamp\":\"134120591400000000\"}",
		"{\"type\":\"SYSCALL\",\"msg\":\"audit(1767585540.000:45)\"}",
		"{\"msg\":\"\\\"x\\\" audit(1767585540.000:45): a\"}",
		"{\"msg\":\"audit(1.0:45)\",\"date\":\"2026-01-05T03:59:00Z\"}"};
	for (size_t i = 0; i < VD_ARRAY_LEN(texts); i++)
		has_time(texts[i], VD_TIME_UNKNOWN, REFERENCE);
	has_time("{\"msg\":\"1767585540\"}", REFERENCE, VD_TIME_UNKNOWN);
	has_time("{\"message\":\"audit(1767585540.000:45)\"}", REFERENCE, VD_TIME_UNKNOWN);
}

VD_TEST(a_time_without_a_year_needs_a_reference_and_yields_to_one_with_a_year)
{
	const char *text = "{\"timestamp\":\"Jan  5 03:59:00\"}";
	has_time(text, VD_TIME_UNKNOWN, VD_TIME_UNKNOWN);
	has_time(text, REFERENCE, REFERENCE);
	has_time(text, REFERENCE - (int64_t)2 * 86400000, REFERENCE - (int64_t)365 * 86400000);
	has_time("{\"timestamp\":\"Jan  5 03:59:00\",\"date\":\"2020-01-01T00:00:00Z\"}", REFERENCE,
		1577836800000);
	has_time("{\"timestamp\":\"Jan  4 03:59:00\",\"msg\":\"audit(1767585540.000:45)\"}", REFERENCE,
		REFERENCE);
}

static void
has_host(const char *text, const char *want)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){NULL});
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	struct vd_event ev = parse(parser, text);
	assert_true(vd_str_is(vd_event_host(&ev, &buf), want));
	drop(parser);
}

VD_TEST(the_host_of_an_audit_record_is_its_node)
{
	has_host("{\"node\":\"web01\",\"type\":\"USER_AUTH\",\"hostname\":\"evil.example\"}", "web01");
	has_host("{\"hostname\":\"?\",\"type\":\"UNKNOWN[1420]\",\"node\":\"web01\"}", "web01");
	has_host("{\"type\":\"USER_AUTH\",\"hostname\":\"web01\"}", "web01");
	has_host("{\"node\":\"rack7\",\"type\":\"access\",\"hostname\":\"web01\"}", "web01");
	has_host("{\"node\":\"rack7\",\"hostname\":\"web01\"}", "web01");
}

/* n members {"k<i>_attributes": {}, …} of Event.System, then the given end; what parsing it says */
static enum vd_status
many_silent(struct vd_event_parser *parser, unsigned n, const char *end)
{
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	vd_buf_text(&text, "{\"Event\":{\"System\":{\"a\":1");
	for (unsigned i = 0; i < n; i++)
		vd_buf_printf(&text, ",\"k%u_attributes\":{}", i);
	vd_buf_text(&text, end);
	assert_true(vd_buf_room(&text, VD_EVENT_PADDING));
	struct vd_event ev;
	struct vd_err err = VD_ERR_INIT;
	return vd_event_parse(parser, vd_buf_view(&text), &ev, &err);
}

VD_TEST(containers_that_are_no_fields_are_bounded_as_fields_are)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){NULL});
	/* one more is System itself; the second end needs repair */
	assert_int_equal(many_silent(parser, VD_EVENT_MAX_FIELDS - 1, "}}}"), VD_OK);
	assert_int_equal(many_silent(parser, VD_EVENT_MAX_FIELDS, "}}}"), VD_ELIMIT);
	assert_int_equal(many_silent(parser, VD_EVENT_MAX_FIELDS - 1, ",}}}"), VD_OK);
	assert_int_equal(many_silent(parser, VD_EVENT_MAX_FIELDS, ",}}}"), VD_ELIMIT);
	drop(parser);
}

VD_TEST(an_event_of_too_many_values_is_told_from_one_there_is_no_memory_for)
{
	struct vd_event_parser *parser = parser_of((const char *const[]){NULL});
	struct vd_buf text;
	for (unsigned n = VD_EVENT_MAX_FIELDS; n <= VD_EVENT_MAX_FIELDS + 1; n++)
		for (int broken = 0; broken < 2; broken++) {
			vd_buf_init(&text, 0);
			vd_buf_text(&text, "{\"k\":[0");
			for (unsigned i = 2; i < n; i++) /* the array is a value, too */
				vd_buf_text(&text, ",0");
			vd_buf_text(&text, broken ? ",]}" : "]}");
			assert_true(vd_buf_room(&text, VD_EVENT_PADDING));
			struct vd_event ev;
			struct vd_err err = VD_ERR_INIT;
			bool fits = n == VD_EVENT_MAX_FIELDS;
			assert_int_equal(vd_event_parse(parser, vd_buf_view(&text), &ev, &err),
				fits ? VD_OK : VD_ELIMIT);
			if (!fits)
				assert_string_equal(err.text,
					"an event of more than 65536 values, objects and "
					"arrays counted: it is not matched");
			vd_buf_fini(&text);
		}
	drop(parser);
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_keys) mine = vd_keys_new();
		if (mine == NULL || vd_keys_add(mine, VD_S("k")) == VD_KEY_NONE)
			continue;
		VD_AUTO(vd_event_parser) parser = vd_event_parser_new(mine);
		if (parser == NULL)
			continue;
		static char text[256] = "{\"k\":\"v\",\"o\":{\"p q\":[1,2]},\"s\\n\":\"\\u0041\"}";
		struct vd_event ev;
		struct vd_err err = VD_ERR_INIT;
		enum vd_status st = vd_event_parse(parser, vd_str_from(text), &ev, &err);
		assert_true(st == VD_OK || (st == VD_ENOMEM && vd_mem_failed()));
	}
}
