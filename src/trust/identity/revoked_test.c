#include "trust/identity/revoked.h"

#include <stdio.h>

#include "vd_test.h"

#define DAY "2026-01-05T03:59:00Z"
#define DAY_MS 1767585540000

static enum vd_status
read_text(const char *text, struct vd_revoked **ret, struct vd_err *err)
{
	return vd_revoked_read(vd_str_from(text), ret, err);
}

VD_TEST(each_kind_of_revocation_is_found)
{
	VD_AUTO(vd_revoked) list = NULL;
	assert_int_equal(read_text("vedette revoked 1\n"
				   "# stolen\n"
				   "serial 00AB12\r\n"
				   "serial f\n"
				   "\n"
				   "id spiffe://a/b\n"
				   "id spiffe://a/c before " DAY "\n"
				   "id spiffe://a/c before 2020-01-01T00:00:00Z\n"
				   "before 2025-01-01T00:00:00Z\n"
				   "end\n",
				 &list, NULL),
		VD_OK);
	assert_int_equal(vd_revoked_count(list), 5);
	assert_int_equal(vd_revoked_find(list, "ab12", VD_S("spiffe://a/x"), DAY_MS), VD_REVOKED_SERIAL);
	assert_int_equal(vd_revoked_find(list, "0f", VD_S("spiffe://a/x"), DAY_MS), VD_REVOKED_SERIAL);
	assert_int_equal(vd_revoked_find(list, "ab13", VD_S("spiffe://a/x"), DAY_MS), VD_REVOKED_NOT);
	assert_int_equal(vd_revoked_find(list, "01", VD_S("spiffe://a/b"), INT64_MAX - 1), VD_REVOKED_ID);
	assert_int_equal(vd_revoked_find(list, "01", VD_S("spiffe://a/c"), DAY_MS - 1), VD_REVOKED_ID_BEFORE);
	assert_int_equal(vd_revoked_find(list, "01", VD_S("spiffe://a/c"), DAY_MS), VD_REVOKED_NOT);
	assert_int_equal(vd_revoked_find(list, "01", VD_S("spiffe://a/d"), 0), VD_REVOKED_BEFORE);
	assert_int_equal(vd_revoked_find(NULL, "ab12", VD_S("spiffe://a/b"), 0), VD_REVOKED_NOT);
}

VD_TEST(what_cannot_be_read_whole_is_refused_with_its_line)
{
	static const struct {
		const char *text, *why;
		enum vd_status st;
		unsigned line;
	} wrong[] = {
		{"", "no list of revocations", VD_EINPUT, 0},
		{"serial 01\nend\n", "no list of revocations", VD_EINPUT, 0},
		{"vedette revoked 2\nend\n", "another version", VD_EVERSION, 0},
		{"vedette revoked 1\n", "it was cut", VD_EINPUT, 0},
		{"vedette revoked 1\nserial 01\n", "it was cut", VD_EINPUT, 0},
		{"vedette revoked 1\nserial 01\nen", "line 3: 'en' is neither", VD_EINPUT, 3},
		{"vedette revoked 1\nend\nserial 01\n", "line 3: something after 'end'", VD_EINPUT, 3},
		{"vedette revoked 1\n\nserial\nend\n", "line 3: '' is no serial", VD_EINPUT, 3},
		{"vedette revoked 1\nserial 0x12\nend\n", "line 2: '0x12' is no serial", VD_EINPUT, 2},
		{"vedette revoked 1\nserial 12 13\nend\n", "line 2: more words", VD_EINPUT, 2},
		{"vedette revoked 1\nserial 1123456789abcdef0123456789abcdef0123456789\nend\n", "1 to 40",
			VD_EINPUT, 2},
		{"vedette revoked 1\nid spiffe://a//b\nend\n", "empty segment", VD_EINPUT, 2},
		{"vedette revoked 1\nid spiffe://a/b after " DAY "\nend\n", "'before' and a time", VD_EINPUT,
			2},
		{"vedette revoked 1\nid spiffe://a/b before\nend\n", "is no time", VD_EINPUT, 2},
		{"vedette revoked 1\nbefore yesterday\nend\n", "'yesterday' is no time", VD_EINPUT, 2},
		{"vedette revoked 1\nbefore 1969-12-31T23:59:59Z\nend\n", "is no time", VD_EINPUT, 2},
	};
	for (size_t i = 0; i < VD_ARRAY_LEN(wrong); i++) {
		struct vd_revoked *list = NULL;
		struct vd_err err = VD_ERR_INIT;
		enum vd_status st = read_text(wrong[i].text, &list, &err);
		if (st != wrong[i].st || strstr(err.text, wrong[i].why) == NULL || err.line != wrong[i].line)
			fail_msg("%zu: %s, line %u: %s", i, vd_status_name(st), err.line, err.text);
		assert_null(list);
	}
}

VD_TEST(a_list_is_bounded)
{
	struct vd_buf text;
	struct vd_revoked *list = NULL;
	vd_buf_init(&text, 0);
	vd_buf_text(&text, "vedette revoked 1\n");
	for (unsigned i = 0; i < VD_REVOKED_MAX; i++)
		vd_buf_printf(&text, "serial %x\n", i + 1);
	size_t len = text.len;
	vd_buf_text(&text, "end\n");
	assert_int_equal(vd_revoked_read(vd_buf_view(&text), &list, NULL), VD_OK);
	assert_int_equal(vd_revoked_count(list), VD_REVOKED_MAX);
	assert_int_equal(vd_revoked_find(list, "010000", VD_S("spiffe://a/b"), 0), VD_REVOKED_SERIAL);
	assert_int_equal(vd_revoked_find(list, "010001", VD_S("spiffe://a/b"), 0), VD_REVOKED_NOT);
	vd_revoked_unref(list);
	text.len = len;
	vd_buf_text(&text, "serial ffffffff\nend\n");
	assert_int_equal(vd_revoked_read(vd_buf_view(&text), &list, NULL), VD_ELIMIT);
	vd_buf_fini(&text);
}

VD_TEST(what_is_written_reads_back_the_same)
{
	struct vd_buf text;
	VD_AUTO(vd_revoked) list = NULL;
	VD_AUTO(vd_revoked) back = NULL;
	VD_AUTO(vd_revoked) other = NULL;
	assert_int_equal(read_text("vedette revoked 1\nserial 0B\nserial 0b\nserial 0a\nid spiffe://a/b\n"
				   "id spiffe://a/b before " DAY "\nid spiffe://a/a before " DAY
				   "\nbefore " DAY "\nend",
				 &list, NULL),
		VD_OK);
	vd_buf_init(&text, 0);
	vd_revoked_write(list, &text);
	assert_string_equal(text.at, "vedette revoked 1\nbefore 2026-01-05T03:59:00.000Z\n"
				     "id spiffe://a/a before 2026-01-05T03:59:00.000Z\nid spiffe://a/b\n"
				     "serial 0a\nserial 0b\nend\n");
	assert_int_equal(vd_revoked_read(vd_buf_view(&text), &back, NULL), VD_OK);
	assert_true(vd_revoked_eq(list, back));
	assert_int_equal(read_text("vedette revoked 1\nserial 0b\nend\n", &other, NULL), VD_OK);
	assert_false(vd_revoked_eq(list, other));
	assert_false(vd_revoked_eq(list, NULL));
	assert_true(vd_revoked_eq(NULL, NULL));
	vd_buf_fini(&text);
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_revoked) list = NULL;
		enum vd_status st = read_text(
			"vedette revoked 1\nserial 01\nid spiffe://a/b\nbefore " DAY "\nend\n", &list, NULL);
		assert_true(st == VD_OK || st == VD_ENOMEM);
		assert_true((st == VD_OK) == (list != NULL));
	}
}
