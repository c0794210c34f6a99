#include "main/rows.h"

#include <stdio.h>

#include "base/mem.h"
#include "main/csv.h"
#include "main/term.h"
#include "vd_test.h"

static const struct vd_column columns[] = {
	{"name", VD_COLUMN_TEXT, VD_FIT_CUT},
	{"n", VD_COLUMN_NUMBER, VD_FIT_WHOLE},
	{"words", VD_COLUMN_TEXT, VD_FIT_WHOLE},
};

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

static const struct vd_column verdict_columns[] = {
	{"file", VD_COLUMN_TEXT, VD_FIT_MIDDLE},
	{"line", VD_COLUMN_NUMBER, VD_FIT_WHOLE},
	{"rule_id", VD_COLUMN_TEXT, VD_FIT_DROP},
	{"title", VD_COLUMN_TEXT, VD_FIT_CUT},
	{"code", VD_COLUMN_TEXT, VD_FIT_WHOLE},
	{"message", VD_COLUMN_TEXT, VD_FIT_WHOLE},
};
#define MESSAGE "there is no modifier 'nosuchmodifier'; write contains, startswith, endswith, re or cidr"

static void
verdict_table(size_t terminal, struct vd_buf *to)
{
	struct vd_err err = VD_ERR_INIT;
	const struct vd_str bad[] = {VD_S("sigma/rules/windows/process_creation/proc_creation_win_shell.yml"),
		VD_S("11"), VD_S("00000000-0000-4000-8000-000000000001"),
		VD_S("Shell Started by an Office Program"), VD_S("modifier-unknown"), VD_S(MESSAGE)};
	const struct vd_str good[] = {VD_S("a.yml"), VD_S("1"), VD_S("00000000-0000-4000-8000-000000000002"),
		VD_S("Short"), VD_S("ok"), VD_S("")};
	VD_AUTO(vd_rows) rows = vd_rows_new(verdict_columns, VD_ARRAY_LEN(verdict_columns));
	assert_non_null(rows);
	assert_int_equal(vd_rows_add(rows, bad, &err), VD_OK);
	assert_int_equal(vd_rows_add(rows, good, &err), VD_OK);
	vd_buf_reset(to);
	vd_rows_write(rows, VD_FORMAT_TABLE, terminal, to);
}

VD_TEST(a_terminal_too_narrow_gives_the_last_column_lines_of_its_own)
{
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	verdict_table(80, &buf);
	assert_string_equal(buf.at,
		"FILE                         LINE  TITLE                        CODE\n"
		"    MESSAGE\n"
		"sigma/rul…ion_win_shell.yml  11    Shell Started by an Office…  modifier-unknown\n"
		"    there is no modifier 'nosuchmodifier'; write contains, startswith, endswith,\n"
		"    re or cidr\n"
		"a.yml                        1     Short                        ok\n");
}

VD_TEST(a_table_fits_every_usual_width_and_keeps_all_of_its_last_column)
{
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	for (size_t terminal = 60; terminal <= 260; terminal += 5) {
		char words[sizeof MESSAGE + 64] = "";
		verdict_table(terminal, &buf);
		for (char *line = buf.at, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
			*end = '\0';
			assert_in_range(vd_term_width(vd_str_from(line)), 1, terminal);
			if (strncmp(line, "    ", 4) == 0 && strstr(line, "MESSAGE") == NULL)
				(void)snprintf(words + strlen(words), sizeof words - strlen(words), "%s%s",
					words[0] == '\0' ? "" : " ", line + 4);
			else if (strstr(line, MESSAGE) != NULL)
				(void)snprintf(words, sizeof words, MESSAGE);
		}
		assert_string_equal(words, MESSAGE);
	}
}

VD_TEST(a_very_long_last_column_is_cut_after_some_lines)
{
	struct vd_buf buf;
	struct vd_err err = VD_ERR_INIT;
	char text[4096];
	memset(text, 'x', sizeof text);
	const struct vd_str cells[] = {VD_S("alpha"), VD_S("7"), {text, sizeof text}};
	VD_AUTO(vd_rows) rows = vd_rows_new(columns, VD_ARRAY_LEN(columns));
	size_t lines = 0;
	vd_buf_init(&buf, 0);
	assert_non_null(rows);
	assert_int_equal(vd_rows_add(rows, cells, &err), VD_OK);
	vd_rows_write(rows, VD_FORMAT_TABLE, 60, &buf);
	for (size_t i = 0; i < buf.len; i++)
		lines += buf.at[i] == '\n';
	assert_int_equal(lines, 2 + 1 + 6);
	assert_true(vd_str_ends(vd_buf_view(&buf), "…\n"));
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
