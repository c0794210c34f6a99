#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
set_text(struct vd_err *err, enum vd_status st, const char *fmt, va_list args)
{
	err->status = st;
	(void)vsnprintf(err->text, sizeof err->text, fmt, args);
}

enum vd_status
vd_fail(struct vd_err *err, enum vd_status st, const char *fmt, ...)
{
	if (err == NULL)
		return st;
	va_list args;
	va_start(args, fmt);
	set_text(err, st, fmt, args);
	va_end(args);
	err->line = 0;
	err->column = 0;
	return st;
}

enum vd_status
vd_fail_at(struct vd_err *err, enum vd_status st, uint32_t line, uint32_t column, const char *fmt, ...)
{
	if (err == NULL)
		return st;
	va_list args;
	va_start(args, fmt);
	set_text(err, st, fmt, args);
	va_end(args);
	err->line = line;
	err->column = column;
	return st;
}

enum vd_status
vd_fail_in(struct vd_err *err, enum vd_status st, const char *fmt, ...)
{
	if (err == NULL)
		return st;
	char before[VD_ERR_TEXT_MAX];
	memcpy(before, err->text, sizeof before);
	va_list args;
	va_start(args, fmt);
	set_text(err, st, fmt, args);
	va_end(args);
	size_t used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof err->text - used, ": %s", before);
	return st;
}

const char *
vd_status_name(enum vd_status st)
{
	static const char *const names[] = {
		[VD_OK] = "ok",
		[VD_EINPUT] = "input",
		[VD_ENOTFOUND] = "not_found",
		[VD_EEXIST] = "exists",
		[VD_ELIMIT] = "limit",
		[VD_EAGAIN] = "again",
		[VD_EDENIED] = "denied",
		[VD_EIO] = "io",
		[VD_ENOMEM] = "memory",
		[VD_EVERSION] = "version",
		[VD_END] = "end",
	};
	return (size_t)st < VD_ARRAY_LEN(names) ? names[st] : "unknown";
}
