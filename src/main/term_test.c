#include "main/term.h"

#include "vd_test.h"

static const char *
safe(struct vd_buf *buf, struct vd_str s)
{
	vd_buf_reset(buf);
	vd_term_safe(buf, s);
	vd_buf_char(buf, '\0');
	return buf->at;
}

static const char *
cell(struct vd_buf *buf, const char *text, size_t width, bool pad)
{
	vd_buf_reset(buf);
	vd_term_cell(buf, vd_str_from(text), width, pad);
	vd_buf_char(buf, '\0');
	return buf->at;
}

VD_TEST(nothing_an_event_holds_can_steer_the_terminal)
{
	struct vd_buf buf;
	vd_buf_init(&buf, 0);
	assert_string_equal(safe(&buf, VD_S("a\x1b[2J\nb\t\0c")), "a\\x1B[2J\\x0Ab\\x09\\x00c");
	assert_string_equal(safe(&buf, VD_S("\x7f \xc2\x9b")), "\\x7F \\xC2\\x9B");
	/* right-to-left override */
	assert_string_equal(safe(&buf, VD_S("\xe2\x80\xae"
					    "exe")),
		"\\xE2\\x80\\xAE"
		"exe");
	/* not UTF-8 */
	assert_string_equal(safe(&buf, VD_S("\xff\xc3")), "\\xFF\\xC3");
	assert_string_equal(safe(&buf, VD_S("Grüße 日本")), "Grüße 日本");
	vd_buf_fini(&buf);
}

VD_TEST(a_cell_has_exactly_its_width)
{
	struct vd_buf buf;
	vd_buf_init(&buf, 0);
	assert_string_equal(cell(&buf, "abc", 5, true), "abc  ");
	assert_string_equal(cell(&buf, "abcde", 5, true), "abcde");
	assert_string_equal(cell(&buf, "abcdef", 5, true), "abcd…");
	assert_string_equal(cell(&buf, "abc", 5, false), "abc");
	assert_string_equal(cell(&buf, "abc", 0, true), "");
	/* a wide character that does not fit leaves a blank */
	assert_string_equal(cell(&buf, "日本語", 4, true), "日… ");
	/* an escape is not cut in two */
	assert_string_equal(cell(&buf, "ab\x01z", 5, true), "ab…  ");
	vd_buf_fini(&buf);
}

VD_TEST(width_counts_what_is_shown)
{
	assert_int_equal(vd_term_width(VD_S("a\x01")), 5);
	assert_int_equal(vd_term_width(VD_S("日本")), 4);
	assert_int_equal(vd_term_width(VD_S("e\xcc\x81")), 1);
}
