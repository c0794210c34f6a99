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

/* ---- cut elsewhere, and wrapped ---- */

static const char *
middle(struct vd_buf *buf, const char *text, size_t width)
{
	vd_buf_reset(buf);
	vd_buf_text(buf, "");
	vd_term_middle(buf, vd_str_from(text), width, true);
	return buf->at;
}

VD_TEST(the_middle_is_cut_so_that_beginning_and_end_stay)
{
	struct vd_buf buf;
	vd_buf_init(&buf, 0);
	assert_string_equal(middle(&buf, "sigma/rules/a.yml", 17), "sigma/rules/a.yml");
	assert_string_equal(middle(&buf, "sigma/rules/a.yml", 19), "sigma/rules/a.yml  ");
	assert_string_equal(middle(&buf, "sigma/rules/a.yml", 12), "sigm…s/a.yml");
	assert_string_equal(middle(&buf, "sigma/\x1b/日本語日本語.yml", 12), "sigm…語.yml ");
	vd_buf_fini(&buf);
}

VD_TEST(an_end_is_kept_behind_a_mark)
{
	struct vd_buf buf;
	vd_buf_init(&buf, 0);
	vd_term_end(&buf, VD_S("logs/a.jsonl:17"), 10);
	assert_string_equal(buf.at, "….jsonl:17");
	vd_buf_reset(&buf);
	vd_term_end(&buf, VD_S("a:1"), 10);
	assert_string_equal(buf.at, "a:1");
	vd_buf_fini(&buf);
}

static const char *
wrap(struct vd_buf *buf, const char *text, size_t width, size_t most)
{
	vd_buf_reset(buf);
	vd_buf_text(buf, "");
	vd_term_wrap(buf, vd_str_from(text), 2, width, most);
	return buf->at;
}

VD_TEST(lines_break_at_blanks_and_the_last_one_is_cut)
{
	struct vd_buf buf;
	vd_buf_init(&buf, 0);
	assert_string_equal(wrap(&buf, "", 10, 3), "");
	assert_string_equal(wrap(&buf, "one two", 10, 3), "  one two\n");
	assert_string_equal(wrap(&buf, "one two three", 10, 3), "  one two\n  three\n");
	assert_string_equal(wrap(&buf, "0123456789 a", 10, 3), "  0123456789\n  a\n");
	assert_string_equal(wrap(&buf, "0123456789abc", 10, 3), "  0123456789\n  abc\n");
	assert_string_equal(wrap(&buf, "one two three four five", 10, 2), "  one two\n  three fou…\n");
	assert_string_equal(wrap(&buf, "日本語日本語", 5, 9), "  日本\n  語日\n  本語\n");
	vd_buf_fini(&buf);
}
