/*
 * Findings for people: level, time, host, rule, where, what matched.  Rows come one by one, so widths are fixed by
 * the terminal; without one nothing is cut and only the first columns line up.  Where the event stands (file and
 * line) comes before what matched: a reader who sees only that much can look the rest up.
 */
#include "main/detect/report.h"

#include "base/time.h"
#include "main/level.h"
#include "main/term.h"

#define LEVEL_WIDTH 8u
#define TIME_WIDTH 24u
#define TIME_TO_SECOND 19u
#define TIME_SHORT 14u /* without year and fraction */
#define YEAR 5u        /* "2026-" */
#define HOST_WIDTH 12u
#define RULE_WIDTH 44u
#define RULE_LEAST 30u
#define MATCHED_LEAST 18u /* an end of a file name, and a line */
#define WIDE 160u         /* columns from which time keeps its fraction */
#define NARROW 100u       /* columns below which time loses its year and host goes */
#define PLACE_MOST 28u    /* columns that a place may keep from a longer text behind it */
#define BOTH_LEAST 28u    /* columns below which only the place is shown of what matched */
#define EVIDENCE_MAX 200u /* bytes of one value shown before it is cut (the cell is cut again to its width) */
#define GAP "  "

struct widths {
	size_t level, time, host, rule, matched; /* host 0: column left out; matched SIZE_MAX: no cut */
};

static struct widths
widths_of(size_t columns)
{
	struct widths w = {LEVEL_WIDTH, TIME_WIDTH, HOST_WIDTH, RULE_WIDTH, SIZE_MAX};
	if (columns == 0)
		return w;
	if (columns < WIDE)
		w.time = TIME_TO_SECOND;
	if (columns < NARROW) {
		w.host = 0;
		w.time = TIME_SHORT;
	}
	size_t fixed = w.level + 2 + w.time + 2 + (w.host > 0 ? w.host + 2 : 0);
	size_t left = columns > fixed ? columns - fixed : 0;
	size_t beside_place = left > MATCHED_LEAST + 2 ? left - MATCHED_LEAST - 2 : 0;
	w.rule = VD_MAX(left * 2 / 5, VD_MIN((size_t)RULE_LEAST, beside_place));
	w.rule = VD_MIN(w.rule, (size_t)RULE_WIDTH);
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
		vd_buf_str(to, e->value.at == NULL ? VD_REPORT_ABSENT : beginning(e->value));
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

/* The end of text in at most width columns, "…" before it where it is cut: what tells files apart ends their names. */
static void
end_of(struct vd_str text, size_t width, struct vd_buf *to)
{
	if (vd_term_width(text) <= width) {
		vd_term_safe(to, text);
		return;
	}
	size_t longest = 4 * width; /* bytes that width columns can take, but for marks that take none */
	size_t at = text.len > longest ? text.len - longest : 0;
	while (at < text.len && (((unsigned char)text.at[at] & 0xc0) == 0x80 ||
					vd_term_width((struct vd_str){text.at + at, text.len - at}) >= width))
		at++;
	vd_buf_text(to, width > 0 ? "…" : "");
	vd_term_safe(to, (struct vd_str){text.at + at, text.len - at});
}

/* Adds "logs/a.jsonl:17" and returns the columns that are left for what takes want. */
static size_t
place_text(const struct vd_report_row *row, size_t width, size_t want, struct vd_buf *to)
{
	struct vd_buf text, cut;
	vd_buf_init(&text, 0);
	vd_buf_init(&cut, 0);
	vd_buf_str(&text, row->place.source);
	vd_buf_printf(&text, ":%llu", (unsigned long long)row->place.line);
	size_t share = VD_MIN(width / 5 * 3, (size_t)PLACE_MOST);
	size_t most = width > want + 2 ? VD_MAX(share, width - want - 2) : share;
	end_of(vd_buf_view(&text), width < BOTH_LEAST ? width : most, &cut);
	size_t taken = vd_term_width(vd_buf_view(&cut));
	vd_buf_str(to, vd_buf_view(&cut));
	to->failed = to->failed || text.failed || cut.failed;
	vd_buf_fini(&text);
	vd_buf_fini(&cut);
	return width < BOTH_LEAST || width < taken + 2 ? 0 : width - taken - 2;
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
	if (row->has_place)
		width = place_text(row, width, vd_term_width(vd_buf_view(&text)), to);
	vd_buf_text(to, row->has_place && width > 0 && text.len > 0 ? GAP : "");
	vd_term_cell(to, vd_buf_view(&text), width, false);
	to->failed = to->failed || text.failed;
	vd_buf_fini(&text);
}

static void
time_cell(const struct vd_report_row *row, size_t width, struct vd_buf *to)
{
	char time[VD_TIME_TEXT_MAX];
	struct vd_str text = {time, row->has_time ? vd_time_format(row->time_ms, time) : 0};
	if (width == TIME_SHORT && text.len > YEAR)
		text = (struct vd_str){text.at + YEAR, text.len - YEAR};
	text.len = VD_MIN(text.len, width);
	vd_term_cell(to, text.len > 0 ? text : VD_S("-"), width, true);
}

static void
level_cell(const struct vd_report_row *row, size_t width, struct vd_buf *to)
{
	struct vd_str text = vd_level_text(row->rule->rank);
	vd_term_cell(to, text.len > width ? VD_S("info") : text, width, true);
}

static void
table_row(const struct vd_report_style *style, const struct vd_report_row *row, struct vd_buf *to)
{
	struct widths w = widths_of(style->columns);
	const struct vd_rule_view *rule = &row->rule->view;
	vd_buf_text(to, style->colours ? vd_level_colour(row->rule->rank) : "");
	level_cell(row, w.level, to);
	vd_buf_text(to, style->colours ? VD_COLOUR_OFF GAP : GAP);
	time_cell(row, w.time, to);
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
