#include "main/rows.h"

#include "base/mem.h"
#include "main/csv.h"
#include "vd_test.h"

static const struct vd_column columns[] = {
	{"name", VD_COLUMN_TEXT}, {"n", VD_COLUMN_NUMBER}, {"words", VD_COLUMN_TEXT}};

static struct vd_rows *
two_rows(void)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_rows *rows = vd_rows_new(columns, VD_ARRAY_LEN(columns));
	const struct vd_str first[] = {VD_S("alpha"), VD_S("7"), VD_S("says \"hi\", twice")};
	const struct vd_str second[] = {VD_S("b"), {NULL, 0}, VD_S("")};
	assert_non_null(rows);
	assert_int_equal(vd_rows_add(rows, first, &err), VD_OK);
	assert_int_equal(vd_rows_add(rows, second, &err), VD_OK);
	return rows;
}

static void
expect(enum vd_format format, size_t terminal, const char *want)
{
	struct vd_buf buf;
	struct vd_rows *rows = two_rows();
	vd_buf_init(&buf, 0);
	vd_rows_write(rows, format, terminal, &buf);
	assert_string_equal(buf.at, want);
	vd_buf_fini(&buf);
	vd_rows_free(rows);
}

VD_TEST(a_table_is_aligned_by_its_widest_cells)
{
	expect(VD_FORMAT_TABLE, 0,
		"NAME   N  WORDS\n"
		"alpha  7  says \"hi\", twice\n"
		"b         \n");
}

VD_TEST(ndjson_has_a_line_a_row_and_null_for_nothing)
{
	expect(VD_FORMAT_NDJSON, 0,
		"{\"name\":\"alpha\",\"n\":7,\"words\":\"says \\\"hi\\\", twice\"}\n"
		"{\"name\":\"b\",\"n\":null,\"words\":\"\"}\n");
}

VD_TEST(json_is_one_array)
{
	expect(VD_FORMAT_JSON, 0,
		"[\n{\"name\":\"alpha\",\"n\":7,\"words\":\"says \\\"hi\\\", twice\"},\n"
		"{\"name\":\"b\",\"n\":null,\"words\":\"\"}\n]\n");
}

VD_TEST(csv_has_a_heading_and_quotes_what_needs_it)
{
	expect(VD_FORMAT_CSV, 0, "name,n,words\nalpha,7,\"says \"\"hi\"\", twice\"\nb,,\n");
}

VD_TEST(a_narrow_terminal_cuts_only_the_last_column)
{
	struct vd_buf buf;
	struct vd_err err = VD_ERR_INIT;
	const struct vd_str cells[] = {VD_S("alpha"), VD_S("7"), VD_S("0123456789 0123456789 0123456789")};
	VD_AUTO(vd_rows) rows = vd_rows_new(columns, VD_ARRAY_LEN(columns));
	vd_buf_init(&buf, 0);
	assert_non_null(rows);
	assert_int_equal(vd_rows_add(rows, cells, &err), VD_OK);
	vd_rows_write(rows, VD_FORMAT_TABLE, 34, &buf);
	assert_string_equal(buf.at, "NAME   N  WORDS\nalpha  7  0123456789 0123456789 0…\n");
	/* the last column keeps 20 columns, however narrow the terminal */
	vd_buf_reset(&buf);
	vd_rows_write(rows, VD_FORMAT_TABLE, 12, &buf);
	assert_string_equal(buf.at, "NAME   N  WORDS\nalpha  7  0123456789 01234567…\n");
	vd_buf_fini(&buf);
}

VD_TEST(csv_quotes_line_ends_and_blanks_at_the_edges)
{
	struct vd_buf buf;
	vd_buf_init(&buf, 0);
	vd_csv_cell(&buf, VD_S("a\nb"));
	vd_buf_char(&buf, ',');
	vd_csv_cell(&buf, VD_S(" a"));
	vd_buf_char(&buf, ',');
	vd_csv_cell(&buf, VD_S("a"));
	vd_buf_char(&buf, ',');
	vd_csv_cell(&buf, VD_S(""));
	assert_string_equal(buf.at, "\"a\nb\",\" a\",a,");
	vd_buf_fini(&buf);
}

VD_TEST(no_rows_are_an_empty_answer_in_every_format)
{
	struct vd_buf buf;
	VD_AUTO(vd_rows) rows = vd_rows_new(columns, VD_ARRAY_LEN(columns));
	vd_buf_init(&buf, 0);
	vd_rows_write(rows, VD_FORMAT_TABLE, 0, &buf);
	assert_int_equal(buf.len, 0);
	vd_rows_write(rows, VD_FORMAT_JSON, 0, &buf);
	assert_string_equal(buf.at, "[\n]\n");
	vd_buf_fini(&buf);
}

VD_TEST(rows_survive_every_out_of_memory)
{
	VD_TORTURE
	{
		struct vd_err err = VD_ERR_INIT;
		const struct vd_str cells[] = {VD_S("a"), VD_S("1"), VD_S("b")};
		VD_AUTO(vd_rows) rows = vd_rows_new(columns, VD_ARRAY_LEN(columns));
		if (rows == NULL)
			continue;
		enum vd_status st = vd_rows_add(rows, cells, &err);
		assert_int_equal(vd_rows_count(rows), st == VD_OK ? 1 : 0);
	}
}
