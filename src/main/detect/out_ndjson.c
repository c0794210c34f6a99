/* One JSON object a line, and the same objects in an array. */
#include "main/detect/report.h"

#include "main/level.h"

static void
object(const struct vd_report_row *row, struct vd_buf *to)
{
	const struct vd_rule_view *rule = &row->rule->view;
	vd_buf_printf(to, "{\"type\":\"%s\",\"id\":\"", vd_report_kind_name(row->kind));
	vd_report_hex(to, row->id);
	vd_buf_text(to, "\",\"rule_id\":");
	vd_buf_json(to, rule->id);
	vd_buf_text(to, ",\"rule_title\":");
	vd_buf_json(to, rule->title);
	vd_buf_text(to, ",\"level\":");
	if (row->rule->rank == 0)
		vd_buf_text(to, "null");
	else
		vd_buf_json(to, vd_level_text(row->rule->rank));
	vd_buf_text(to, ",\"time\":");
	vd_report_json_time(to, row);
	vd_buf_text(to, ",\"host\":");
	if (row->host.len == 0)
		vd_buf_text(to, "null");
	else
		vd_buf_json(to, row->host);
	if (row->has_place) {
		vd_buf_text(to, ",\"event_file\":");
		vd_buf_json(to, row->place.source);
		vd_buf_printf(to, ",\"event_line\":%llu", (unsigned long long)row->place.line);
	} else {
		vd_buf_text(to, ",\"event_file\":null,\"event_line\":null");
	}
	vd_buf_text(to, ",\"matched\":");
	vd_report_json_matched(to, row);
	if (row->kind == VD_REPORT_CORRELATION) {
		vd_buf_text(to, ",\"group\":");
		vd_report_json_group(to, row);
		vd_buf_printf(to, ",\"count\":%llu,\"events\":", (unsigned long long)row->count);
		vd_report_json_events(to, row);
	}
	if (row->repaired != 0) {
		vd_buf_text(to, ",\"repaired\":");
		vd_report_json_repaired(to, row->repaired);
	}
	vd_buf_char(to, '}');
}

static void
ndjson_row(const struct vd_report_style *style, const struct vd_report_row *row, struct vd_buf *to)
{
	object(row, to);
	vd_buf_char(to, '\n');
}

static void
json_row(const struct vd_report_style *style, const struct vd_report_row *row, struct vd_buf *to)
{
	vd_buf_text(to, ",\n");
	object(row, to);
}

const struct vd_report_format vd_out_ndjson = {.begin = "", .end = "", .row = ndjson_row};
const struct vd_report_format vd_out_json = {.begin = "[", .end = "\n]\n", .skip_first = 1, .row = json_row};
