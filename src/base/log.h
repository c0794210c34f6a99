/*
 * Logs for programs (the library itself never logs): an event name and fields, one line each.
 *
 *   vd_log(log, VD_WARN, "rule.rejected", VD_STR("rule", id), VD_INT("line", n));
 *
 * as JSON  {"level":"warn","time":"2026-01-05T03:59:00.000Z","service":"detect","event":"rule.rejected",…}
 * or text  2026-01-05T03:59:00.000Z warn   detect rule.rejected rule=4f2a line=17
 *
 * Event names are lower case with dots, without a full stop; never log payloads or secrets.  The logger adds
 * time, service, instance and trace id itself, and hands each line, newline included, to the writer it was
 * given: it does no I/O and keeps no clock.
 *
 * Memory: a logger allocates at vd_log_new and never after; identity and trace id are copied.  A line has at most
 * VD_LOG_LINE_MAX bytes, a value VD_LOG_VALUE_MAX bytes before escaping; what is longer is cut and ends in "…".
 * Thread: one owner.
 */
#ifndef VD_BASE_LOG_H
#define VD_BASE_LOG_H

#include "base/status.h"
#include "base/str.h"

#define VD_LOG_LINE_MAX 16384u
#define VD_LOG_VALUE_MAX 1024u
#define VD_LOG_NAME_MAX 64u /* service, instance, trace id */

enum vd_log_level { VD_DEBUG, VD_NOTICE, VD_WARN, VD_ERROR };
enum vd_log_form { VD_LOG_JSON, VD_LOG_TEXT };

enum vd_log_kind { VD_LOG_END, VD_LOG_STR, VD_LOG_INT, VD_LOG_UINT, VD_LOG_DOUBLE, VD_LOG_BOOL };

struct vd_log_field {
	enum vd_log_kind kind;
	const char *name;
	union {
		struct vd_str str;
		int64_t i;
		uint64_t u;
		double d;
		bool b;
	} value;
};

#define VD_STR(name_, value_) ((struct vd_log_field){VD_LOG_STR, (name_), {.str = (value_)}})
#define VD_TEXT(name_, value_) ((struct vd_log_field){VD_LOG_STR, (name_), {.str = vd_str_from(value_)}})
#define VD_INT(name_, value_) ((struct vd_log_field){VD_LOG_INT, (name_), {.i = (value_)}})
#define VD_UINT(name_, value_) ((struct vd_log_field){VD_LOG_UINT, (name_), {.u = (value_)}})
#define VD_DOUBLE(name_, value_) ((struct vd_log_field){VD_LOG_DOUBLE, (name_), {.d = (value_)}})
#define VD_BOOL(name_, value_) ((struct vd_log_field){VD_LOG_BOOL, (name_), {.b = (value_)}})

struct vd_log_options {
	enum vd_log_level level; /* the lowest that is written */
	enum vd_log_form form;
	const char *service;
	const char *instance;           /* NULL: none */
	int64_t (*now_ms)(void *owner); /* NULL: lines have no time */
	void (*write)(void *owner, enum vd_log_level level, struct vd_str line);
	void *owner;
};

struct vd_log;

enum vd_status vd_log_new(
	const struct vd_log_options *options, struct vd_log **ret, struct vd_err *err) VD_MUST_USE;
void vd_log_free(struct vd_log *log);

void vd_log_set_level(struct vd_log *log, enum vd_log_level level);
/* The trace id of what is being worked on; empty ends it. */
void vd_log_set_trace(struct vd_log *log, struct vd_str trace);

/* Arguments after the event name are fields.  A NULL log swallows the line. */
#define vd_log(log, level, ...)                                                                              \
	vd_log_write((log), (level), __VA_ARGS__, (struct vd_log_field){.kind = VD_LOG_END})
void vd_log_write(struct vd_log *log, enum vd_log_level level, const char *event, ...);

const char *vd_log_level_name(enum vd_log_level level);
bool vd_log_level_parse(struct vd_str name, enum vd_log_level *ret);

VD_AUTO_DEFINE(vd_log, vd_log_free)

#endif
