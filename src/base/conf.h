/*
 * Configuration declared as rows.  A service lists its settings once, in <service>.def:
 *
 *   VD_CONF(lateness, DURATION, "", "5s", "0s", "1h", LIVE, "how late an event may come and still be correlated")
 *
 * and makes of it a structure, a table and, from the table, validation, --help-config and the manual page:
 *
 *   struct vd_detector_conf {
 *   #define VD_CONF(name, type, ...) VD_CONF_C_##type name;
 *   #include "services/detector/detector.def"
 *   #undef VD_CONF
 *   };
 *   static const struct vd_conf_row rows[] = {
 *   #define VD_CONF(name, type, ...) VD_CONF_ROW(struct vd_detector_conf, name, type, __VA_ARGS__)
 *   #include "services/detector/detector.def"
 *   #undef VD_CONF
 *   };
 *   static const struct vd_conf_table table = VD_CONF_TABLE("detector", struct vd_detector_conf, rows);
 *
 * Default and bounds are written as a user would write them; an empty bound is none.
 *
 * Memory: text values live in the arena the caller gives.  Thread: one owner; a running service swaps in a new
 * structure by pointer.
 */
#ifndef VD_BASE_CONF_H
#define VD_BASE_CONF_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

#define VD_CONF_ROWS_MAX 256u

enum vd_conf_type {
	VD_CONF_BOOL,     /* bool: true, false, yes, no, on, off */
	VD_CONF_COUNT,    /* uint64_t: digits */
	VD_CONF_SIZE,     /* uint64_t, bytes: 4096, 64KiB, 16MiB, 2GiB */
	VD_CONF_DURATION, /* int64_t, milliseconds: 250ms, 5s, 10m, 2h, 1d */
	VD_CONF_RATIO,    /* double: a JSON number */
	VD_CONF_WORDS,    /* struct vd_str; its bounds are lengths in bytes */
	VD_CONF_CHOICE,   /* unsigned: index into the words of the unit column, "table|ndjson|csv" */
};

#define VD_CONF_C_BOOL bool
#define VD_CONF_C_COUNT uint64_t
#define VD_CONF_C_SIZE uint64_t
#define VD_CONF_C_DURATION int64_t
#define VD_CONF_C_RATIO double
#define VD_CONF_C_WORDS struct vd_str
#define VD_CONF_C_CHOICE unsigned

enum vd_conf_when { VD_CONF_LIVE, VD_CONF_RESTART }; /* does a change take effect in a running service? */

struct vd_conf_row {
	const char *name; /* lower case, words joined by _ */
	enum vd_conf_type type;
	const char *unit; /* what a COUNT counts; the words of a CHOICE; else "" */
	const char *def, *min, *max;
	enum vd_conf_when when;
	const char *doc; /* one line, no full stop */
	size_t offset;
};

struct vd_conf_table {
	const char *service;
	const struct vd_conf_row *rows;
	size_t n;
	size_t size; /* bytes of the structure */
};

#define VD_CONF_ROW(owner, name_, type_, unit_, def_, min_, max_, when_, doc_)                               \
	{.name = #name_,                                                                                     \
		.type = VD_CONF_##type_,                                                                     \
		.unit = (unit_),                                                                             \
		.def = (def_),                                                                               \
		.min = (min_),                                                                               \
		.max = (max_),                                                                               \
		.when = VD_CONF_##when_,                                                                     \
		.doc = (doc_),                                                                               \
		.offset = offsetof(owner, name_)},
#define VD_CONF_TABLE(service_, owner, rows_)                                                                \
	{                                                                                                    \
		.service = (service_), .rows = (rows_), .n = VD_ARRAY_LEN(rows_), .size = sizeof(owner)      \
	}

/* Sets every value to its default.  Fails for a row that is itself wrong: a service's test calls this. */
enum vd_status vd_conf_init(const struct vd_conf_table *table, void *values, struct vd_arena *arena,
	struct vd_err *err) VD_MUST_USE;

/* values stays as it was when this fails. */
enum vd_status vd_conf_set(const struct vd_conf_table *table, void *values, struct vd_str name,
	struct vd_str value, struct vd_arena *arena, struct vd_err *err) VD_MUST_USE;

/*
 * Takes the lines of a configuration file: "name = value", blank lines, comments from # at the start of a line.
 * All or nothing; err has the line.  A name given twice is an error.
 */
enum vd_status vd_conf_read(const struct vd_conf_table *table, void *values, struct vd_str text,
	struct vd_arena *arena, struct vd_err *err) VD_MUST_USE;

/* Every setting as vd_conf_read takes it. */
void vd_conf_show(const struct vd_conf_table *table, const void *values, struct vd_buf *to);
/* What --help-config prints: every setting with type, default, bounds, when it takes effect, and its line. */
void vd_conf_help(const struct vd_conf_table *table, struct vd_buf *to);

/* The first setting that differs and needs a restart to take effect; NULL: none, swap the structures. */
const struct vd_conf_row *vd_conf_restart(
	const struct vd_conf_table *table, const void *running, const void *wanted);

#endif
