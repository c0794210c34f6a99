#include "main/detect/report.h"

#include "base/time.h"

static const struct {
	uint32_t bit;
	const char *name;
} repairs[] = {
	{VD_MATCH_REPAIRED_UTF8, "utf8"},
	{VD_MATCH_REPAIRED_DUPLICATE, "duplicate"},
	{VD_MATCH_REPAIRED_NUL, "nul"},
	{VD_MATCH_REPAIRED_DEPTH, "depth"},
	{VD_MATCH_REPAIRED_CONTROL, "control"},
	{VD_MATCH_REPAIRED_SYNTAX, "syntax"},
};

const struct vd_report_format *
vd_report_format(enum vd_format format)
{
	switch (format) {
	case VD_FORMAT_TABLE:
		return &vd_out_table;
	case VD_FORMAT_NDJSON:
		return &vd_out_ndjson;
	case VD_FORMAT_JSON:
		return &vd_out_json;
	case VD_FORMAT_CSV:
		return &vd_out_csv;
	case VD_FORMAT_OCSF:
		return &vd_out_ocsf;
	}
	return &vd_out_ndjson;
}

const char *
vd_report_kind_name(enum vd_report_kind kind)
{
	return kind == VD_REPORT_MATCH ? "match" : "correlation";
}

bool
vd_report_shows(const struct vd_evidence *evidence)
{
	return evidence->holds && !evidence->negated;
}

void
vd_report_hex(struct vd_buf *to, const uint8_t id[VD_FINDING_ID_LEN])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < VD_FINDING_ID_LEN; i++) {
		vd_buf_char(to, digits[id[i] >> 4]);
		vd_buf_char(to, digits[id[i] & 15]);
	}
}

void
vd_report_json_time(struct vd_buf *to, const struct vd_report_row *row)
{
	char text[VD_TIME_TEXT_MAX];
	if (!row->has_time) {
		vd_buf_text(to, "null");
		return;
	}
	size_t n = vd_time_format(row->time_ms, text);
	vd_buf_json(to, (struct vd_str){text, n});
}

void
vd_report_json_matched(struct vd_buf *to, const struct vd_report_row *row)
{
	bool first = true;
	vd_buf_char(to, '[');
	for (size_t i = 0; i < row->n_matched; i++) {
		const struct vd_evidence *e = &row->matched[i];
		if (!vd_report_shows(e))
			continue;
		vd_buf_text(to, first ? "{\"field\":" : ",{\"field\":");
		first = false;
		vd_buf_json(to, e->field);
		vd_buf_text(to, ",\"value\":");
		if (e->value.at == NULL)
			vd_buf_text(to, "null");
		else
			vd_buf_json(to, e->value);
		vd_buf_text(to, ",\"predicate\":");
		vd_buf_json(to, e->predicate);
		vd_buf_char(to, '}');
	}
	vd_buf_char(to, ']');
}

void
vd_report_json_group(struct vd_buf *to, const struct vd_report_row *row)
{
	vd_buf_char(to, '{');
	for (size_t i = 0; i < row->n_group; i++) {
		vd_buf_text(to, i > 0 ? "," : "");
		vd_buf_json(to, row->group[i].name);
		vd_buf_char(to, ':');
		vd_buf_json(to, row->group[i].value);
	}
	vd_buf_char(to, '}');
}

void
vd_report_json_events(struct vd_buf *to, const struct vd_report_row *row)
{
	vd_buf_char(to, '[');
	for (size_t i = 0; i < row->n_events; i++) {
		vd_buf_text(to, i > 0 ? ",{\"file\":" : "{\"file\":");
		vd_buf_json(to, row->events[i].source);
		vd_buf_printf(to, ",\"line\":%llu}", (unsigned long long)row->events[i].line);
	}
	vd_buf_char(to, ']');
}

void
vd_report_json_repaired(struct vd_buf *to, uint32_t repaired)
{
	bool first = true;
	vd_buf_char(to, '[');
	for (size_t i = 0; i < VD_ARRAY_LEN(repairs); i++) {
		if ((repaired & repairs[i].bit) == 0)
			continue;
		vd_buf_printf(to, "%s\"%s\"", first ? "" : ",", repairs[i].name);
		first = false;
	}
	vd_buf_char(to, ']');
}
