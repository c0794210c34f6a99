#include "vd_test.h"

#include "base/str.h"

VD_TEST(equality_is_by_length_and_bytes)
{
	assert_true(vd_str_eq(VD_S(""), (struct vd_str){NULL, 0}));
	assert_true(vd_str_eq(VD_S("a\0b"), VD_S("a\0b")));
	assert_false(vd_str_eq(VD_S("a\0b"), VD_S("a\0c")));
	assert_false(vd_str_eq(VD_S("a"), VD_S("ab")));
	assert_true(vd_str_is(VD_S("abc"), "abc"));
	assert_true(vd_str_ieq(VD_S("aBc-[{"), VD_S("AbC-[{")));
	assert_false(vd_str_ieq(VD_S("["), VD_S("{")));
	assert_false(vd_str_ieq(VD_S("a"), VD_S("ab")));
	assert_int_equal(vd_str_from(NULL).len, 0);
}

VD_TEST(order_is_by_bytes_then_length)
{
	assert_true(vd_str_cmp(VD_S("a"), VD_S("b")) < 0);
	assert_true(vd_str_cmp(VD_S("b"), VD_S("ab")) > 0);
	assert_true(vd_str_cmp(VD_S("a"), VD_S("ab")) < 0);
	assert_true(vd_str_cmp(VD_S("ab"), VD_S("a")) > 0);
	assert_int_equal(vd_str_cmp(VD_S("ab"), VD_S("ab")), 0);
	assert_int_equal(vd_str_cmp((struct vd_str){NULL, 0}, VD_S("")), 0);
	assert_true(vd_str_cmp(VD_S("\xff"), VD_S("a")) > 0);
}

VD_TEST(starts_ends_and_blanks)
{
	assert_true(vd_str_starts(VD_S("abc"), "ab"));
	assert_true(vd_str_starts(VD_S("abc"), ""));
	assert_false(vd_str_starts(VD_S("a"), "ab"));
	assert_true(vd_str_ends(VD_S("abc"), "bc"));
	assert_false(vd_str_ends(VD_S("c"), "bc"));
	assert_true(vd_str_is(vd_str_trim(VD_S(" \t a b\r\n")), "a b"));
	assert_int_equal(vd_str_trim(VD_S(" \n ")).len, 0);
}

VD_TEST(whole_numbers_are_digits_that_fit)
{
	uint64_t v = 0;
	assert_true(vd_str_u64(VD_S("18446744073709551615"), &v));
	assert_true(v == UINT64_MAX);
	assert_true(vd_str_u64(VD_S("007"), &v));
	assert_true(v == 7);
	static const char *const wrong[] = {
		"", "-1", "+1", " 1", "1 ", "1.0", "18446744073709551616", "99999999999999999999", "x"};
	for (size_t i = 0; i < VD_ARRAY_LEN(wrong); i++)
		assert_false(vd_str_u64(vd_str_from(wrong[i]), &v));
	assert_true(v == 7);
}

VD_TEST(numbers_are_those_of_json)
{
	double v = 0;
	assert_true(vd_str_double(VD_S("-12.5e+1"), &v));
	assert_true(v <= -125 && v >= -125);
	assert_true(vd_str_double(VD_S("0"), &v));
	assert_true(vd_str_double(VD_S("0.5E-3"), &v));
	static const char *const wrong[] = {
		"", "-", "01", "1.", ".5", "+1", "1e", "1e+", "0x10", "inf", "nan", "1 ", " 1", "1,5", "--1"};
	for (size_t i = 0; i < VD_ARRAY_LEN(wrong); i++)
		assert_false(vd_str_double(vd_str_from(wrong[i]), &v));
}

VD_TEST(a_buffer_grows_and_ends_in_nul)
{
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	for (int i = 0; i < 1000; i++)
		vd_buf_printf(&buf, "%d,", i % 10);
	vd_buf_char(&buf, 'x');
	vd_buf_text(&buf, "yz");
	vd_buf_str(&buf, VD_S("!"));
	assert_false(buf.failed);
	assert_int_equal(buf.len, 2004);
	assert_string_equal(buf.at + 1994, "7,8,9,xyz!");
	assert_int_equal(vd_buf_view(&buf).len, 2004);
	size_t cap = buf.cap;
	vd_buf_reset(&buf);
	assert_string_equal(buf.at, "");
	assert_int_equal(buf.cap, cap);
}

VD_TEST(a_full_buffer_says_so_once_and_for_all)
{
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 5);
	vd_buf_text(&buf, "abcde");
	assert_false(buf.failed);
	vd_buf_text(&buf, "f");
	assert_true(buf.failed);
	vd_buf_text(&buf, "");
	assert_string_equal(buf.at, "abcde");
	vd_buf_reset(&buf);
	vd_buf_text(&buf, "xyz");
	assert_string_equal(buf.at, "xyz");
	vd_buf_fini(&buf);
	assert_int_equal(buf.limit, 5);
}

static void
json_is(struct vd_str s, const char *want)
{
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	vd_buf_json(&buf, s);
	assert_string_equal(buf.at, want);
}

VD_TEST(json_strings_are_quoted)
{
	json_is(VD_S(""), "\"\"");
	json_is((struct vd_str){NULL, 0}, "\"\"");
	json_is(VD_S("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
	json_is(VD_S("\b\t\n\v\f\r\x1f\x7f"), "\"\\b\\t\\n\\u000b\\f\\r\\u001f\\u007f\"");
	json_is(VD_S("a\0b"), "\"a\\u0000b\"");
	json_is(VD_S("ä日😀"), "\"ä日😀\"");
	json_is(VD_S("x\xff\xe2\x82y"), "\"x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdy\"");
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO_FINI(vd_buf) buf;
		vd_buf_init(&buf, 0);
		for (int i = 0; i < 200; i++)
			vd_buf_printf(&buf, "%010d", i);
		vd_buf_json(&buf, VD_S("\"quoted\""));
		if (!buf.failed)
			assert_int_equal(buf.len, 2012);
	}
}
