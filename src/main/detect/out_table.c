/*
 * Findings for people: level, time, host, rule, what matched.  Rows come one by one, so widths are fixed by the
 * terminal; without one nothing is cut and only the first columns line up.
 */
#include "main/detect/report.h"

#include "base/time.h"
#include "main/level.h"
#include "main/term.h"

#define LEVEL_WIDTH 13u
#define TIME_WIDTH 24u
#define HOST_WIDTH 20u
#define RULE_WIDTH 44u
#define NARROW 100u       /* columns below which time loses its date's end and host goes */
#define EVIDENCE_MAX 200u /* bytes of one value shown before it is cut (the cell is cut again to its width) */
#define GAP "  "

struct widths {
	size_t level, time, host, rule, matched; /* 0: column left out; matched SIZE_MAX: no cut */
};

static struct widths
widths_of(size_t columns)
{
	if (columns == 0)
		return (struct widths){LEVEL_WIDTH, TIME_WIDTH, HOST_WIDTH, RULE_WIDTH, SIZE_MAX};
	struct widths w = {LEVEL_WIDTH, TIME_WIDTH, HOST_WIDTH, RULE_WIDTH, 0};
	if (columns < NARROW) {
		w.host = 0;
		w.time = 19; /* to the second */
	}
	size_t fixed = w.level + 2 + w.time + 2 + (w.host > 0 ? w.host + 2 : 0);
	size_t left = columns > fixed ? columns - fixed : 0;
	w.rule = VD_MIN(w.rule, left * 2 / 5);
	w.matched = left > w.rule + 2 ? left - w.rule - 2 : 0;
	return w;
}

/* Whole where there is no terminal to keep to. */
static void
column(const struct vd_report_style *style, struct vd_str text, size_t width, struct vd_buf *to)
{
	if (style->columns == 0 && vd_term_width(text) > width)
		vd_term_safe(to, text);
	else
		vd_term_cell(to, text, width, true);
}

/* The first bytes of a value, not ending inside a character. */
static struct vd_str
beginning(struct vd_str value)
{
	size_t n = VD_MIN(value.len, (size_t)EVIDENCE_MAX);
	while (n > 0 && n < value.len && ((unsigned char)value.at[n] & 0xc0) == 0x80)
		n--;
	return (struct vd_str){value.at, n};
}

/* "Image: C:\…\cmd.exe, CommandLine: …": each field once. */
static void
evidence_text(const struct vd_report_row *row, struct vd_buf *to)
{
	bool first = true;
	for (size_t i = 0; i < row->n_matched; i++) {
		const struct vd_evidence *e = &row->matched[i];
		bool seen = !vd_report_shows(e);
		for (size_t k = 0; k < i && !seen; k++)
			seen = vd_report_shows(&row->matched[k]) &&
			       vd_str_eq(row->matched[k].field, e->field) &&
			       vd_str_eq(row->matched[k].value, e->value);
		if (seen)
			continue;
		vd_buf_text(to, first ? "" : ", ");
		first = false;
		if (e->field.len > 0) {
			vd_buf_str(to, e->field);
			vd_buf_text(to, ": ");
		}
		vd_buf_str(to, beginning(e->value));
		vd_buf_text(to, e->value.len > EVIDENCE_MAX ? "…" : "");
	}
}

static void
correlation_text(const struct vd_report_row *row, struct vd_buf *to)
{
	vd_buf_printf(to, "%llu event%s", (unsigned long long)row->count, row->count == 1 ? "" : "s");
	for (size_t i = 0; i < row->n_group; i++) {
		vd_buf_text(to, ", ");
		vd_buf_str(to, row->group[i].name);
		vd_buf_text(to, ": ");
		vd_buf_str(to, row->group[i].value);
	}
}

static void
matched_cell(const struct vd_report_row *row, size_t width, struct vd_buf *to)
{
	struct vd_buf text;
	vd_buf_init(&text, 0);
	if (row->kind == VD_REPORT_MATCH)
		evidence_text(row, &text);
	else
		correlation_text(row, &text);
	if (row->has_place) {
		vd_buf_text(&text, text.len > 0 ? "  " : "");
		vd_buf_char(&text, '(');
		vd_buf_str(&text, row->place.source);
		vd_buf_printf(&text, ":%llu)", (unsigned long long)row->place.line);
	}
	vd_term_cell(to, vd_buf_view(&text), width, false);
	to->failed = to->failed || text.failed;
	vd_buf_fini(&text);
}

static void
table_row(const struct vd_report_style *style, const struct vd_report_row *row, struct vd_buf *to)
{
	struct widths w = widths_of(style->columns);
	const struct vd_rule_view *rule = &row->rule->view;
	char time[VD_TIME_TEXT_MAX];
	size_t time_len = row->has_time ? vd_time_format(row->time_ms, time) : 0;
	vd_buf_text(to, style->colours ? vd_level_colour(row->rule->rank) : "");
	vd_term_cell(to, vd_level_text(row->rule->rank), w.level, true);
	vd_buf_text(to, style->colours ? VD_COLOUR_OFF GAP : GAP);
	vd_term_cell(
		to, time_len > 0 ? (struct vd_str){time, VD_MIN(time_len, w.time)} : VD_S("-"), w.time, true);
	vd_buf_text(to, GAP);
	if (w.host > 0) {
		column(style, row->host.len > 0 ? row->host : VD_S("-"), w.host, to);
		vd_buf_text(to, GAP);
	}
	vd_buf_text(to, style->colours ? VD_COLOUR_BOLD : "");
	column(style, rule->title.len > 0 ? rule->title : rule->id, w.rule, to);
	vd_buf_text(to, style->colours ? VD_COLOUR_OFF GAP : GAP);
	matched_cell(row, w.matched, to);
	vd_buf_char(to, '\n');
}

static void
heading(const struct vd_report_style *style, struct vd_buf *to)
{
	struct widths w = widths_of(style->columns);
	vd_term_cell(to, VD_S("LEVEL"), w.level, true);
	vd_buf_text(to, GAP);
	vd_term_cell(to, VD_S("TIME"), w.time, true);
	vd_buf_text(to, GAP);
	if (w.host > 0) {
		vd_term_cell(to, VD_S("HOST"), w.host, true);
		vd_buf_text(to, GAP);
	}
	vd_term_cell(to, VD_S("RULE"), w.rule, true);
	vd_buf_text(to, GAP "MATCHED\n");
}

const struct vd_report_format vd_out_table = {.begin = "", .end = "", .row = table_row, .heading = heading};
