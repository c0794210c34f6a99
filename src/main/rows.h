/*
 * Rows of a command's answer in any of the formats: an aligned table, one JSON object a line, a JSON array, CSV.
 * Rows are kept until vd_rows_write, since a table needs the widths of all of them.
 *
 * Memory: a list copies the values it is given.  Thread: one owner.
 */
#ifndef VD_MAIN_ROWS_H
#define VD_MAIN_ROWS_H

#include "base/status.h"
#include "base/str.h"

#define VD_ROWS_MAX_COLUMNS 16u

enum vd_format { VD_FORMAT_TABLE, VD_FORMAT_NDJSON, VD_FORMAT_JSON, VD_FORMAT_CSV, VD_FORMAT_OCSF };

extern const char *const vd_format_choices[];      /* table ndjson json csv */
extern const char *const vd_format_choices_ocsf[]; /* and ocsf */

/* word NULL: a table on a terminal, ndjson otherwise. */
enum vd_format vd_format_of(const char *word, int fd);

enum vd_column_kind { VD_COLUMN_TEXT, VD_COLUMN_NUMBER };

/* What a table does with a column where the terminal is too narrow for all. */
enum vd_column_fit {
	VD_FIT_WHOLE,  /* nothing */
	VD_FIT_CUT,    /* cuts its ends */
	VD_FIT_MIDDLE, /* cuts its middles: a path */
	VD_FIT_DROP,   /* leaves it out, before anything is cut */
};

struct vd_column {
	const char *name; /* heading in capitals in a table, key in JSON */
	enum vd_column_kind kind;
	enum vd_column_fit fit; /* of any but the last */
};

struct vd_rows;

struct vd_rows *vd_rows_new(const struct vd_column columns[], size_t n) VD_MUST_USE; /* columns is borrowed */
void vd_rows_free(struct vd_rows *rows);
/* values: as many as columns; a value with at == NULL is null in JSON and empty elsewhere. */
enum vd_status vd_rows_add(
	struct vd_rows *rows, const struct vd_str values[], struct vd_err *err) VD_MUST_USE;
size_t vd_rows_count(const struct vd_rows *rows);
/*
 * terminal_columns 0: cut nothing.  Else a table that is wider puts the last column of each row in lines of their
 * own below it, broken at blanks, and makes the others fit.
 */
void vd_rows_write(
	const struct vd_rows *rows, enum vd_format format, size_t terminal_columns, struct vd_buf *to);
/* To standard output in the format of --format (NULL: not given); returns exit_code or VD_EXIT_ERROR. */
int vd_rows_print(const struct vd_rows *rows, const char *format, int exit_code);

VD_AUTO_DEFINE(vd_rows, vd_rows_free)

#endif
