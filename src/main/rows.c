#include "main/rows.h"

#include <ctype.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"
#include "main/csv.h"
#include "main/out.h"
#include "main/term.h"

#define GAP 2u          /* blanks between columns */
#define CUT_LEAST 8u    /* columns that a cut one keeps */
#define INDENT 4u       /* of lines below a row */
#define BELOW_LEAST 20u /* their width, however narrow the terminal */
#define BELOW_MOST 6u   /* such lines a row */

const char *const vd_format_choices[] = {"table", "ndjson", "json", "csv", NULL};
const char *const vd_format_choices_ocsf[] = {"table", "ndjson", "json", "csv", "ocsf", NULL};

struct vd_rows {
	const struct vd_column *columns;
	size_t n_columns;
	struct vd_arena *arena; /* owns the cells' bytes */
	struct vd_str *cells;   /* n * n_columns */
	size_t n, cap;
};

enum vd_format
vd_format_of(const char *word, int fd)
{
	if (word == NULL)
		return vd_term_is(fd) ? VD_FORMAT_TABLE : VD_FORMAT_NDJSON;
	for (size_t i = 0; vd_format_choices_ocsf[i] != NULL; i++)
		if (strcmp(word, vd_format_choices_ocsf[i]) == 0)
			return (enum vd_format)i;
	return VD_FORMAT_NDJSON;
}

struct vd_rows *
vd_rows_new(const struct vd_column columns[], size_t n)
{
	struct vd_rows *rows = vd_mem_zalloc(1, sizeof *rows);
	if (rows == NULL)
		return NULL;
	rows->columns = columns;
	rows->n_columns = n;
	rows->arena = vd_arena_new(0);
	if (rows->arena == NULL) {
		vd_rows_free(rows);
		return NULL;
	}
	return rows;
}

void
vd_rows_free(struct vd_rows *rows)
{
	if (rows == NULL)
		return;
	vd_arena_free(rows->arena);
	vd_mem_free(rows->cells);
	vd_mem_free(rows);
}

enum vd_status
vd_rows_add(struct vd_rows *rows, const struct vd_str values[], struct vd_err *err)
{
	size_t need = (rows->n + 1) * rows->n_columns;
	void *cells = rows->cells;
	if (!vd_mem_grow(&cells, &rows->cap, need, sizeof *rows->cells, 64 * rows->n_columns))
		return vd_fail(err, VD_ENOMEM, "no memory for row %zu", rows->n + 1);
	rows->cells = cells;
	for (size_t i = 0; i < rows->n_columns; i++) {
		struct vd_str *to = &rows->cells[rows->n * rows->n_columns + i];
		*to = (struct vd_str){NULL, 0};
		if (values[i].at != NULL && !vd_arena_str(rows->arena, values[i], to))
			return vd_fail(err, VD_ENOMEM, "no memory for row %zu", rows->n + 1);
	}
	rows->n++;
	return VD_OK;
}

size_t
vd_rows_count(const struct vd_rows *rows)
{
	return rows->n;
}

/* ---- writing ---- */

static void
write_json_row(const struct vd_rows *rows, const struct vd_str *cells, struct vd_buf *to)
{
	vd_buf_char(to, '{');
	for (size_t i = 0; i < rows->n_columns; i++) {
		vd_buf_text(to, i > 0 ? "," : "");
		vd_buf_json(to, vd_str_from(rows->columns[i].name));
		vd_buf_char(to, ':');
		if (cells[i].at == NULL)
			vd_buf_text(to, "null");
		else if (rows->columns[i].kind == VD_COLUMN_NUMBER)
			vd_buf_str(to, cells[i]);
		else
			vd_buf_json(to, cells[i]);
	}
	vd_buf_char(to, '}');
}

static void
write_csv_row(const struct vd_rows *rows, const struct vd_str *cells, struct vd_buf *to)
{
	for (size_t i = 0; i < rows->n_columns; i++) {
		vd_buf_text(to, i > 0 ? "," : "");
		vd_csv_cell(to, cells == NULL ? vd_str_from(rows->columns[i].name) : cells[i]);
	}
	vd_buf_char(to, '\n');
}

/* ---- tables ---- */

struct layout {
	size_t widths[VD_ROWS_MAX_COLUMNS]; /* 0: left out */
	size_t first_line;                  /* columns that stand in a row's first line */
	size_t below;                       /* width of the lines below it; 0: there are none */
};

static void
widest(const struct vd_rows *rows, struct layout *l)
{
	for (size_t i = 0; i < rows->n_columns; i++) {
		l->widths[i] = strlen(rows->columns[i].name);
		for (size_t r = 0; r < rows->n; r++)
			l->widths[i] =
				VD_MAX(l->widths[i], vd_term_width(rows->cells[r * rows->n_columns + i]));
	}
}

/* Of the columns of the first line, with the gaps between them. */
static size_t
width_of(const struct layout *l)
{
	size_t width = 0;
	for (size_t i = 0; i < l->first_line; i++)
		width += l->widths[i] == 0 ? 0 : l->widths[i] + (width > 0 ? GAP : 0);
	return width;
}

/* The widest column that may be cut and is not at its least; SIZE_MAX: none. */
static size_t
next_to_cut(const struct vd_rows *rows, const struct layout *l)
{
	size_t found = SIZE_MAX;
	for (size_t i = 0; i < l->first_line; i++) {
		bool may = rows->columns[i].fit == VD_FIT_CUT || rows->columns[i].fit == VD_FIT_MIDDLE;
		if (may && l->widths[i] > CUT_LEAST && (found == SIZE_MAX || l->widths[i] > l->widths[found]))
			found = i;
	}
	return found;
}

static struct layout
lay_out(const struct vd_rows *rows, size_t terminal_columns)
{
	struct layout l = {.first_line = rows->n_columns};
	widest(rows, &l);
	if (terminal_columns == 0 || width_of(&l) <= terminal_columns)
		return l;
	l.first_line = rows->n_columns - 1;
	l.below = VD_MAX(terminal_columns, INDENT + BELOW_LEAST) - INDENT;
	for (size_t i = l.first_line; i-- > 0 && width_of(&l) > terminal_columns;)
		if (rows->columns[i].fit == VD_FIT_DROP)
			l.widths[i] = 0;
	for (size_t i; width_of(&l) > terminal_columns && (i = next_to_cut(rows, &l)) != SIZE_MAX;)
		l.widths[i]--;
	return l;
}

static void
write_table_row(
	const struct vd_rows *rows, const struct vd_str *cells, const struct layout *l, struct vd_buf *to)
{
	size_t last = l->first_line - 1;
	while (last > 0 && l->widths[last] == 0)
		last--;
	for (size_t i = 0; i <= last; i++) {
		if (l->widths[i] == 0)
			continue;
		if (rows->columns[i].fit == VD_FIT_MIDDLE)
			vd_term_middle(to, cells[i], l->widths[i], i < last);
		else
			vd_term_cell(to, cells[i], l->widths[i], i < last);
		vd_buf_text(to, i < last ? "  " : "\n");
	}
	if (l->below > 0)
		vd_term_wrap(to, cells[l->first_line], INDENT, l->below, BELOW_MOST);
}

static void
write_table(const struct vd_rows *rows, size_t terminal_columns, struct vd_buf *to)
{
	char headings[VD_ROWS_MAX_COLUMNS][32];
	struct vd_str cells[VD_ROWS_MAX_COLUMNS];
	if (rows->n == 0)
		return;
	struct layout l = lay_out(rows, terminal_columns);
	for (size_t i = 0; i < rows->n_columns; i++) {
		size_t n = VD_MIN(strlen(rows->columns[i].name), sizeof headings[i]);
		for (size_t k = 0; k < n; k++)
			headings[i][k] = (char)toupper((unsigned char)rows->columns[i].name[k]);
		cells[i] = (struct vd_str){headings[i], n};
	}
	write_table_row(rows, cells, &l, to);
	for (size_t r = 0; r < rows->n; r++)
		write_table_row(rows, rows->cells + r * rows->n_columns, &l, to);
}

void
vd_rows_write(const struct vd_rows *rows, enum vd_format format, size_t terminal_columns, struct vd_buf *to)
{
	if (format == VD_FORMAT_TABLE) {
		write_table(rows, terminal_columns, to);
		return;
	}
	vd_buf_text(to, format == VD_FORMAT_JSON ? "[" : "");
	if (format == VD_FORMAT_CSV)
		write_csv_row(rows, NULL, to);
	for (size_t r = 0; r < rows->n; r++) {
		const struct vd_str *cells = rows->cells + r * rows->n_columns;
		if (format == VD_FORMAT_CSV) {
			write_csv_row(rows, cells, to);
			continue;
		}
		if (format == VD_FORMAT_JSON)
			vd_buf_text(to, r > 0 ? ",\n" : "\n");
		write_json_row(rows, cells, to);
		vd_buf_text(to, format == VD_FORMAT_NDJSON ? "\n" : "");
	}
	vd_buf_text(to, format == VD_FORMAT_JSON ? "\n]\n" : "");
}

int
vd_rows_print(const struct vd_rows *rows, const char *format, int exit_code)
{
	struct vd_out out;
	vd_out_init(&out, STDOUT_FILENO);
	vd_rows_write(rows, vd_format_of(format, out.fd), vd_term_columns(out.fd), &out.buf);
	int code = vd_out_end(&out, exit_code);
	vd_out_fini(&out);
	return code;
}
