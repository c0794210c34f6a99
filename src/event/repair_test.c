#include "event/repair.h"

#include <stdio.h>

#include "vd_test.h"

/* A sink that writes what it is given as text: {key=s:text …} and [s:text …]. */
static enum vd_status
on_key(void *owner, struct vd_str text, struct vd_err *err)
{
	struct vd_buf *out = owner;
	vd_buf_str(out, text);
	vd_buf_char(out, '=');
	return VD_OK;
}

static enum vd_status
on_open(void *owner, enum vd_field_type container, struct vd_err *err)
{
	vd_buf_char(owner, container == VD_F_OBJECT ? '{' : '[');
	return VD_OK;
}

static enum vd_status
on_close(void *owner, enum vd_field_type container, struct vd_err *err)
{
	vd_buf_text(owner, container == VD_F_OBJECT ? "} " : "] ");
	return VD_OK;
}

static enum vd_status
on_scalar(void *owner, const struct vd_repair_value *value, struct vd_err *err)
{
	static const char letters[] = {
		[VD_F_NULL] = 'z', [VD_F_BOOL] = 'b', [VD_F_NUMBER] = 'n', [VD_F_STRING] = 's'};
	struct vd_buf *out = owner;
	vd_buf_char(out, letters[value->type]);
	vd_buf_char(out, ':');
	vd_buf_str(out, value->text);
	vd_buf_char(out, ' ');
	return out->failed ? vd_fail(err, VD_ENOMEM, "no memory") : VD_OK;
}

static enum vd_status
repair(struct vd_arena *arena, struct vd_str text, struct vd_buf *out, uint32_t *ret_repaired,
	struct vd_err *err)
{
	const struct vd_repair_sink sink = {on_key, on_open, on_close, on_scalar, out};
	return vd_event_repair(arena, text, &sink, ret_repaired, err);
}

static void
assert_repaired(struct vd_str text, const char *expected, uint32_t expected_flags)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	VD_AUTO_FINI(vd_buf) out;
	vd_buf_init(&out, 0);
	struct vd_err err = VD_ERR_INIT;
	uint32_t repaired = UINT32_MAX;
	enum vd_status st = repair(arena, text, &out, &repaired, &err);
	if (st != VD_OK)
		fail_msg("%.*s: line %u column %u: %s", (int)text.len, text.at, err.line, err.column,
			err.text);
	assert_string_equal(out.at, expected);
	assert_int_equal(repaired, expected_flags);
}

static void
assert_broken(struct vd_str text, uint32_t line, uint32_t column, const char *words)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	VD_AUTO_FINI(vd_buf) out;
	vd_buf_init(&out, 0);
	struct vd_err err = VD_ERR_INIT;
	uint32_t repaired = 0;
	assert_int_equal(repair(arena, text, &out, &repaired, &err), VD_EINPUT);
	assert_string_equal(err.text, words);
	assert_int_equal(err.line, line);
	assert_int_equal(err.column, column);
}

VD_TEST(sound_text_comes_out_as_it_is)
{
	assert_repaired(VD_S("{\"a\":1,\"b\":\"x\",\"c\":[true,null,-1.5e3],\"d\":{},\"e\":[]}"),
		"{a=n:1 b=s:x c=[b:true z:null n:-1.5e3 ] d={} e=[] } ", 0);
	assert_repaired(VD_S(" {\r\n\t\"a\" : [ { \"b\" : false } ] } \n"), "{a=[{b=b:false } ] } ", 0);
	assert_repaired(VD_S("{}"), "{} ", 0);
}

VD_TEST(escapes_are_undone_and_unknown_ones_stay)
{
	assert_repaired(VD_S("{\"k\\n\":\"C:\\\\x\\u0041\\/\\ud83d\\ude00\"}"),
		"{k\n=s:C:\\xA/\xf0\x9f\x98\x80 } ", 0);
	assert_repaired(VD_S("{\"a\":\"\\q\\x41\\u12\"}"), "{a=s:\\q\\x41\\u12 } ", 0);
	assert_repaired(VD_S("{\"a\":\"\\ud800\"}"), "{a=s:\xef\xbf\xbd } ", 0);
	assert_repaired(VD_S("{\"a\":\"say \\\"hi\\\" \\\\\"}"), "{a=s:say \"hi\" \\ } ", 0);
}

VD_TEST(bytes_that_are_not_utf8_become_the_replacement_character)
{
	assert_repaired(
		VD_S("{\"a\":\"x\xff\\ty\xc3\"}"), "{a=s:x\xef\xbf\xbd\ty\xef\xbf\xbd } ", VD_REPAIRED_UTF8);
	assert_repaired(VD_S("{\"a\":\"\\\xff\"}"), "{a=s:\\\xef\xbf\xbd } ", VD_REPAIRED_UTF8);
	assert_repaired(VD_S("{\"\x80\":1}"), "{\xef\xbf\xbd=n:1 } ", VD_REPAIRED_UTF8);
}

VD_TEST(raw_control_characters_and_nul_are_characters_in_strings_and_blanks_elsewhere)
{
	assert_repaired(VD_S("{\"a\":\"x\ny\"}"), "{a=s:x\ny } ", VD_REPAIRED_CONTROL);
	assert_repaired(VD_S("{\"a\":\f1}"), "{a=n:1 } ", VD_REPAIRED_CONTROL);
	assert_repaired(VD_S("\0\0{\"a\":1}\0"), "{a=n:1 } ", VD_REPAIRED_NUL);
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	VD_AUTO_FINI(vd_buf) out;
	vd_buf_init(&out, 0);
	uint32_t repaired = 0;
	assert_int_equal(repair(arena, VD_S("{\"a\":\"x\0y\"}"), &out, &repaired, NULL), VD_OK);
	assert_int_equal(repaired, VD_REPAIRED_NUL);
	assert_memory_equal(out.at, "{a=s:x\0y } ", 11);
}

VD_TEST(commas_without_a_value_and_unknown_words_are_taken)
{
	assert_repaired(VD_S("{\"a\":1,}"), "{a=n:1 } ", VD_REPAIRED_SYNTAX);
	assert_repaired(VD_S("{,\"a\":[1,,2,],}"), "{a=[n:1 n:2 ] } ", VD_REPAIRED_SYNTAX);
	assert_repaired(VD_S("{\"a\":NaN,\"b\":-Infinity,\"c\":True,\"d\":01,\"e\":0x1f}"),
		"{a=s:NaN b=s:-Infinity c=s:True d=s:01 e=s:0x1f } ", VD_REPAIRED_SYNTAX);
}

VD_TEST(numbers_of_any_length_are_numbers)
{
	char text[512] = "{\"a\":", expected[512] = "{a=n:", digits[301];
	memset(digits, '7', sizeof digits - 1);
	digits[sizeof digits - 1] = '\0';
	size_t n = strlen(text), m = strlen(expected);
	(void)snprintf(text + n, sizeof text - n, "%s}", digits);
	(void)snprintf(expected + m, sizeof expected - m, "%s } ", digits);
	assert_repaired(vd_str_from(text), expected, 0);
	assert_repaired(VD_S("{\"a\":1.}"), "{a=s:1. } ", VD_REPAIRED_SYNTAX);
	assert_repaired(VD_S("{\"a\":1e}"), "{a=s:1e } ", VD_REPAIRED_SYNTAX);
}

VD_TEST(a_duplicate_key_is_given_twice)
{
	assert_repaired(VD_S("{\"a\":1,\"a\":2}"), "{a=n:1 a=n:2 } ", 0);
}

VD_TEST(a_value_that_is_too_deep_is_one_text_with_its_strings_decoded)
{
	VD_AUTO_FINI(vd_buf) text, expected;
	vd_buf_init(&text, 0);
	vd_buf_init(&expected, 0);
	vd_buf_text(&text, "{\"a\":");
	vd_buf_text(&expected, "{a=");
	for (unsigned i = 1; i < VD_EVENT_MAX_DEPTH; i++) {
		vd_buf_char(&text, '[');
		vd_buf_char(&expected, '[');
	}
	vd_buf_text(&text, "{\"c\":[\"C:\\\\evil\\\"]\xff\"]\xfe}");
	vd_buf_text(&expected, "s:{\"c\":[\"C:\\evil\"]\xef\xbf\xbd\"]\xef\xbf\xbd} ");
	for (unsigned i = 1; i < VD_EVENT_MAX_DEPTH; i++) {
		vd_buf_char(&text, ']');
		vd_buf_text(&expected, "] ");
	}
	vd_buf_text(&text, ",\"b\":2}");
	vd_buf_text(&expected, "b=n:2 } ");
	assert_repaired(vd_buf_view(&text), expected.at, VD_REPAIRED_DEPTH | VD_REPAIRED_UTF8);
}

VD_TEST(a_million_levels_are_walked_in_bounded_stack)
{
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	vd_buf_text(&text, "{\"a\":");
	for (unsigned i = 0; i < 1000000; i++)
		vd_buf_char(&text, '[');
	assert_broken(vd_buf_view(&text), 1, VD_EVENT_MAX_DEPTH + 5,
		"an object or array that begins here does not end");
	for (unsigned i = 0; i < 1000000; i++)
		vd_buf_char(&text, ']');
	vd_buf_char(&text, '}');
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	VD_AUTO_FINI(vd_buf) out;
	vd_buf_init(&out, 0);
	uint32_t repaired = 0;
	assert_int_equal(repair(arena, vd_buf_view(&text), &out, &repaired, NULL), VD_OK);
	assert_int_equal(repaired, VD_REPAIRED_DEPTH);
}

VD_TEST(what_cannot_be_read_is_named_with_its_place)
{
	assert_broken(VD_S(""), 1, 1, "an empty event");
	assert_broken(VD_S("[1]"), 1, 1, "an event must be a JSON object and begin with '{'");
	assert_broken(VD_S("{\"a\":1"), 1, 7, "the event ends before its last '}'");
	assert_broken(VD_S("{\"a\":"), 1, 6, "the event ends where a value must stand");
	assert_broken(VD_S("{\"a\":\"x"), 1, 6, "a string that begins here does not end");
	assert_broken(VD_S("{\"a\":\"x\\\"}"), 1, 6, "a string that begins here does not end");
	assert_broken(VD_S("{\"a\" 1}"), 1, 6, "expected ':' after a key");
	assert_broken(VD_S("{a:1}"), 1, 2, "expected a key in double quotes or '}'");
	assert_broken(VD_S("{\"a\":1 \"b\":2}"), 1, 8, "expected ',' or '}' after a value");
	assert_broken(VD_S("{\"a\":[1 2]}"), 1, 9, "expected ',' or ']' after a value");
	assert_broken(VD_S("{\"a\":'x'}"), 1, 6, "expected a value");
	assert_broken(VD_S("{\n\"a\":1,\n  ]}"), 3, 3, "expected a key in double quotes or '}'");
	assert_broken(VD_S("{}{}"), 1, 3, "more text after the end of the event");
}

static enum vd_status
refuse(void *owner, enum vd_field_type container, struct vd_err *err)
{
	return vd_fail(err, VD_ELIMIT, "enough");
}

VD_TEST(what_the_sink_says_ends_the_walk)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	VD_AUTO_FINI(vd_buf) out;
	vd_buf_init(&out, 0);
	const struct vd_repair_sink sink = {on_key, on_open, refuse, on_scalar, &out};
	struct vd_err err = VD_ERR_INIT;
	uint32_t repaired = 7;
	assert_int_equal(vd_event_repair(arena, VD_S("{\"a\":1}"), &sink, &repaired, &err), VD_ELIMIT);
	assert_string_equal(err.text, "enough");
	assert_int_equal(repaired, 7);
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_arena) arena = vd_arena_new(0);
		if (arena == NULL)
			continue;
		VD_AUTO_FINI(vd_buf) out;
		vd_buf_init(&out, 0);
		uint32_t repaired = 0;
		enum vd_status st =
			repair(arena, VD_S("{\"a\":\"x\\ny\",\"b\":\"\xff\"}"), &out, &repaired, NULL);
		assert_true(st == VD_OK || vd_mem_failed());
	}
}
