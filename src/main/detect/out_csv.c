/* A line a finding; matched, group, events and repaired are JSON inside their cell. */
#include "main/detect/report.h"

#include "base/time.h"
#include "main/csv.h"
#include "main/level.h"

static void
cell_json(const struct vd_report_row *row, void (*write)(struct vd_buf *to, const struct vd_report_row *row),
	bool wanted, struct vd_buf *to)
{
	struct vd_buf json;
	vd_buf_char(to, ',');
	if (!wanted)
		return;
	vd_buf_init(&json, 0);
	write(&json, row);
	to->failed = to->failed || json.failed;
	vd_csv_cell(to, vd_buf_view(&json));
	vd_buf_fini(&json);
}

static void
repaired(struct vd_buf *to, const struct vd_report_row *row)
{
	vd_report_json_repaired(to, row->repaired);
}

static void
cell(struct vd_buf *to, struct vd_str value)
{
	vd_buf_char(to, ',');
	vd_csv_cell(to, value);
}

static void
csv_row(const struct vd_report_style *style, const struct vd_report_row *row, struct vd_buf *to)
{
	const struct vd_rule_view *rule = &row->rule->view;
	bool correlation = row->kind == VD_REPORT_CORRELATION;
	char time[VD_TIME_TEXT_MAX];
	size_t time_len = row->has_time ? vd_time_format(row->time_ms, time) : 0;
	vd_buf_printf(to, "%s,", vd_report_kind_name(row->kind));
	vd_report_hex(to, row->id);
	cell(to, rule->id);
	cell(to, rule->title);
	cell(to, row->rule->rank == 0 ? VD_S("") : vd_level_text(row->rule->rank));
	cell(to, (struct vd_str){time, time_len});
	cell(to, row->host);
	cell(to, row->has_place ? row->place.source : VD_S(""));
	if (row->has_place)
		vd_buf_printf(to, ",%llu", (unsigned long long)row->place.line);
	else
		vd_buf_char(to, ',');
	cell_json(row, vd_report_json_matched, !correlation, to);
	cell_json(row, vd_report_json_group, correlation, to);
	if (correlation)
		vd_buf_printf(to, ",%llu", (unsigned long long)row->count);
	else
		vd_buf_char(to, ',');
	cell_json(row, vd_report_json_events, correlation, to);
	cell_json(row, repaired, row->repaired != 0, to);
	vd_buf_char(to, '\n');
}

const struct vd_report_format vd_out_csv = {
	.begin = "type,id,rule_id,rule_title,level,time,host,event_file,event_line,matched,group,count,"
		 "events,repaired\n",
	.end = "",
	.row = csv_row,
};
