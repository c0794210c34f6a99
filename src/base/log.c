#include "base/log.h"

#include <math.h>
#include <stdarg.h>

#include "base/mem.h"
#include "base/time.h"
#include "base/utf8.h"

#define LOG_MAGIC 0x10661d3eu
/* Room kept at the end of a line for what closes it: "…", quote, brace, newline. */
#define TAIL 8u

struct vd_log {
	uint32_t magic;
	enum vd_log_level level;
	enum vd_log_form form;
	int64_t (*now_ms)(void *owner);
	void (*write)(void *owner, enum vd_log_level level, struct vd_str line);
	void *owner;
	char service[VD_LOG_NAME_MAX];
	char instance[VD_LOG_NAME_MAX];
	char trace[VD_LOG_NAME_MAX];
	struct vd_buf line;
	struct vd_buf field; /* one field, before it is known to fit */
};

static const char *const level_names[] = {
	[VD_DEBUG] = "debug", [VD_NOTICE] = "notice", [VD_WARN] = "warn", [VD_ERROR] = "error"};

const char *
vd_log_level_name(enum vd_log_level level)
{
	return (size_t)level < VD_ARRAY_LEN(level_names) ? level_names[level] : "unknown";
}

bool
vd_log_level_parse(struct vd_str name, enum vd_log_level *ret)
{
	for (size_t i = 0; i < VD_ARRAY_LEN(level_names); i++) {
		if (vd_str_is(name, level_names[i])) {
			*ret = (enum vd_log_level)i;
			return true;
		}
	}
	return false;
}

/* The longest start of s that has at most n bytes and cuts no UTF-8 sequence. */
static size_t
cut(struct vd_str s, size_t n)
{
	if (s.len <= n)
		return s.len;
	while (n > 0 && ((unsigned char)s.at[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static void
copy_name(char to[VD_LOG_NAME_MAX], struct vd_str from)
{
	size_t n = cut(from, VD_LOG_NAME_MAX - 1);
	if (n > 0)
		memcpy(to, from.at, n);
	to[n] = '\0';
}

enum vd_status
vd_log_new(const struct vd_log_options *options, struct vd_log **ret, struct vd_err *err)
{
	VD_AUTO(vd_log) log = vd_obj_new(struct vd_log, LOG_MAGIC);
	if (log == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a logger");
	log->level = options->level;
	log->form = options->form;
	log->now_ms = options->now_ms;
	log->write = options->write;
	log->owner = options->owner;
	copy_name(log->service, vd_str_from(options->service));
	copy_name(log->instance, vd_str_from(options->instance));
	vd_buf_init(&log->line, VD_LOG_LINE_MAX);
	/* an escaped byte takes six; names are ours and short */
	vd_buf_init(&log->field, 6 * (VD_LOG_VALUE_MAX + TAIL) + 2 * VD_LOG_NAME_MAX);
	if (!vd_buf_room(&log->line, log->line.limit) || !vd_buf_room(&log->field, log->field.limit))
		return vd_fail(err, VD_ENOMEM, "no memory for a logger");
	*ret = vd_log_take(&log);
	return VD_OK;
}

void
vd_log_free(struct vd_log *log)
{
	if (log == NULL)
		return;
	vd_obj_check(log, LOG_MAGIC);
	vd_buf_fini(&log->line);
	vd_buf_fini(&log->field);
	vd_obj_free(log);
}

void
vd_log_set_level(struct vd_log *log, enum vd_log_level level)
{
	vd_obj_check(log, LOG_MAGIC);
	log->level = level;
}

void
vd_log_set_trace(struct vd_log *log, struct vd_str trace)
{
	vd_obj_check(log, LOG_MAGIC);
	copy_name(log->trace, trace);
}

/* Text form: a value stands bare where that is unambiguous, else as a JSON string. */
static bool
is_bare(struct vd_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];
		if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
			return false;
	}
	return s.len > 0;
}

static void
add_str(struct vd_log *log, struct vd_str s)
{
	char shortened[VD_LOG_VALUE_MAX + TAIL];
	if (s.len > VD_LOG_VALUE_MAX) {
		size_t n = cut(s, VD_LOG_VALUE_MAX);
		memcpy(shortened, s.at, n);
		memcpy(shortened + n, "…", sizeof "…" - 1);
		s = (struct vd_str){shortened, n + sizeof "…" - 1};
	}
	if (log->form == VD_LOG_TEXT && is_bare(s))
		vd_buf_str(&log->field, s);
	else
		vd_buf_json(&log->field, s);
}

static void
add_value(struct vd_log *log, const struct vd_log_field *field)
{
	switch (field->kind) {
	case VD_LOG_STR:
		add_str(log, field->value.str);
		break;
	case VD_LOG_INT:
		vd_buf_printf(&log->field, "%lld", (long long)field->value.i);
		break;
	case VD_LOG_UINT:
		vd_buf_printf(&log->field, "%llu", (unsigned long long)field->value.u);
		break;
	case VD_LOG_DOUBLE: /* JSON has no words for the others */
		if (isfinite(field->value.d))
			vd_buf_printf(&log->field, "%.17g", field->value.d);
		else
			vd_buf_text(&log->field, "null");
		break;
	case VD_LOG_BOOL:
		vd_buf_text(&log->field, field->value.b ? "true" : "false");
		break;
	case VD_LOG_END:
		break;
	}
}

/* A field that does not fit, and all after it, gives way to a mark.  False: no more will fit. */
static bool
add_field(struct vd_log *log, const struct vd_log_field *field)
{
	vd_buf_reset(&log->field);
	if (log->form == VD_LOG_JSON) {
		vd_buf_char(&log->field, ',');
		vd_buf_json(&log->field, vd_str_from(field->name));
		vd_buf_char(&log->field, ':');
	} else {
		vd_buf_printf(&log->field, " %s=", field->name);
	}
	add_value(log, field);
	struct vd_str text = vd_buf_view(&log->field);
	if (log->field.failed || log->line.len + text.len + sizeof ",\"cut\":true" + TAIL > VD_LOG_LINE_MAX) {
		vd_buf_text(&log->line, log->form == VD_LOG_JSON ? ",\"cut\":true" : " cut=true");
		return false;
	}
	vd_buf_str(&log->line, text);
	return true;
}

static void
begin_json(struct vd_log *log, enum vd_log_level level, const char *event, const char *time)
{
	vd_buf_printf(&log->line, "{\"level\":\"%s\"", vd_log_level_name(level));
	if (time[0] != '\0')
		(void)add_field(log, &VD_TEXT("time", time));
	(void)add_field(log, &VD_TEXT("service", log->service));
	if (log->instance[0] != '\0')
		(void)add_field(log, &VD_TEXT("instance", log->instance));
	if (log->trace[0] != '\0')
		(void)add_field(log, &VD_TEXT("trace", log->trace));
	(void)add_field(log, &VD_TEXT("event", event));
}

static void
begin_text(struct vd_log *log, enum vd_log_level level, const char *event, const char *time)
{
	vd_buf_printf(&log->line, "%s%s%-6s %s", time, time[0] == '\0' ? "" : " ", vd_log_level_name(level),
		log->service);
	if (log->instance[0] != '\0')
		vd_buf_printf(&log->line, "/%s", log->instance);
	vd_buf_printf(&log->line, " %s", event);
	if (log->trace[0] != '\0')
		(void)add_field(log, &VD_TEXT("trace", log->trace));
}

void
vd_log_write(struct vd_log *log, enum vd_log_level level, const char *event, ...)
{
	if (log == NULL || level < log->level)
		return;
	vd_obj_check(log, LOG_MAGIC);
	char time[VD_TIME_TEXT_MAX] = "";
	if (log->now_ms != NULL)
		(void)vd_time_format(log->now_ms(log->owner), time);
	vd_buf_reset(&log->line);
	if (log->form == VD_LOG_JSON)
		begin_json(log, level, event, time);
	else
		begin_text(log, level, event, time);
	va_list fields;
	va_start(fields, event);
	bool fits = true;
	for (;;) {
		struct vd_log_field field = va_arg(fields, struct vd_log_field);
		if (field.kind == VD_LOG_END)
			break;
		fits = fits && add_field(log, &field);
	}
	va_end(fields);
	vd_buf_text(&log->line, log->form == VD_LOG_JSON ? "}\n" : "\n");
	log->write(log->owner, level, vd_buf_view(&log->line));
}
