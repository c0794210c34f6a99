/*
 * Findings for people.  A wide terminal gets a line a finding: level, time, host, rule, where, what matched.  A
 * narrower one gets two, so that none of them is lost: level, time and rule; below them host, where, what matched.
 * Rows come one by one, so widths are fixed by the terminal; without one nothing is cut, a finding is one line and
 * only the first columns line up.  Where the event stands (file and line) comes before what matched: a reader who
 * sees only that much can look the rest up.
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
#define WIDE 180u         /* columns from which a finding is one line and time keeps its fraction */
#define NARROW 72u        /* columns below which time loses its year */
#define HOST_MOST 24u     /* of a second line */
#define PLACE_MOST 28u    /* columns that a place may keep from a longer text behind it */
#define EVIDENCE_MAX 200u /* bytes of one value shown before it is cut (the cell is cut again to its width) */
#define GAP "  "
#define DOT " · " /* between the parts of a second line; three columns */
#define INDENT "    "

struct widths {
	size_t time, host, rule;
	size_t matched; /* place and what matched; SIZE_MAX: no cut */
	bool two_lines; /* host: at most */
};

static size_t
minus(size_t a, size_t b)
{
	return a > b ? a - b : 0;
}

static struct widths
widths_of(size_t columns)
{
	struct widths w = {.time = TIME_WIDTH, .host = HOST_WIDTH, .rule = RULE_WIDTH, .matched = SIZE_MAX};
	const size_t gap = strlen(GAP);
	if (columns == 0)
		return w;
	if (columns >= WIDE) {
		w.matched = columns - (LEVEL_WIDTH + gap + w.time + gap + w.host + gap + w.rule + gap);
		return w;
	}
	w.two_lines = true;
	w.time = columns < NARROW ? TIME_SHORT : TIME_TO_SECOND;
	w.rule = minus(columns, LEVEL_WIDTH + gap + w.time + gap);
	w.host = VD_MIN(columns / 5, (size_t)HOST_MOST);
	w.matched = minus(columns, strlen(INDENT));
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

/* Adds "logs/a.jsonl:17" and returns the columns that are left for what takes want. */
static size_t
place_text(const struct vd_report_row *row, size_t width, size_t want, size_t gap, struct vd_buf *to)
{
	struct vd_buf text, cut;
	vd_buf_init(&text, 0);
	vd_buf_init(&cut, 0);
	vd_buf_str(&text, row->place.source);
	vd_buf_printf(&text, ":%llu", (unsigned long long)row->place.line);
	size_t share = VD_MIN(width / 5 * 2, (size_t)PLACE_MOST);
	vd_term_end(&cut, vd_buf_view(&text), VD_MAX(share, minus(minus(width, want), gap)));
	size_t taken = vd_term_width(vd_buf_view(&cut));
	vd_buf_str(to, vd_buf_view(&cut));
	to->failed = to->failed || text.failed || cut.failed;
	vd_buf_fini(&text);
	vd_buf_fini(&cut);
	return minus(width, taken + gap);
}

/* Where, and what matched. */
static void
matched_cell(
	const struct vd_report_row *row, size_t width, const char *between, size_t gap, struct vd_buf *to)
{
	struct vd_buf text;
	vd_buf_init(&text, 0);
	if (row->kind == VD_REPORT_MATCH)
		evidence_text(row, &text);
	else
		correlation_text(row, &text);
	if (row->has_place)
		width = place_text(row, width, vd_term_width(vd_buf_view(&text)), gap, to);
	vd_buf_text(to, row->has_place && width > 0 && text.len > 0 ? between : "");
	vd_term_cell(to, vd_buf_view(&text), width, false);
	to->failed = to->failed || text.failed;
	vd_buf_fini(&text);
}

static void
second_line(const struct vd_report_row *row, const struct widths *w, struct vd_buf *to)
{
	struct vd_str host = row->host.len > 0 ? row->host : VD_S("-");
	const size_t gap = 3;
	size_t taken = VD_MIN(vd_term_width(host), w->host);
	vd_buf_text(to, INDENT);
	vd_term_cell(to, host, taken, true);
	vd_buf_text(to, DOT);
	matched_cell(row, minus(w->matched, taken + gap), DOT, gap, to);
	vd_buf_char(to, '\n');
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
level_cell(const struct vd_report_row *row, struct vd_buf *to)
{
	struct vd_str text = vd_level_text(row->rule->rank);
	vd_term_cell(to, text.len > LEVEL_WIDTH ? VD_S("info") : text, LEVEL_WIDTH, true);
}

static void
table_row(const struct vd_report_style *style, const struct vd_report_row *row, struct vd_buf *to)
{
	struct widths w = widths_of(style->columns);
	const struct vd_rule_view *rule = &row->rule->view;
	struct vd_str title = rule->title.len > 0 ? rule->title : rule->id;
	vd_buf_text(to, style->colours ? vd_level_colour(row->rule->rank) : "");
	level_cell(row, to);
	vd_buf_text(to, style->colours ? VD_COLOUR_OFF GAP : GAP);
	time_cell(row, w.time, to);
	vd_buf_text(to, GAP);
	if (!w.two_lines) {
		column(style, row->host.len > 0 ? row->host : VD_S("-"), w.host, to);
		vd_buf_text(to, GAP);
	}
	vd_buf_text(to, style->colours ? VD_COLOUR_BOLD : "");
	if (w.two_lines)
		vd_term_cell(to, title, w.rule, false);
	else
		column(style, title, w.rule, to);
	vd_buf_text(to, style->colours ? VD_COLOUR_OFF : "");
	vd_buf_text(to, w.two_lines ? "\n" : GAP);
	if (w.two_lines) {
		second_line(row, &w, to);
		return;
	}
	matched_cell(row, w.matched, GAP, strlen(GAP), to);
	vd_buf_char(to, '\n');
}

static void
heading(const struct vd_report_style *style, struct vd_buf *to)
{
	struct widths w = widths_of(style->columns);
	vd_term_cell(to, VD_S("LEVEL"), LEVEL_WIDTH, true);
	vd_buf_text(to, GAP);
	vd_term_cell(to, VD_S("TIME"), w.time, true);
	vd_buf_text(to, GAP);
	if (w.two_lines) {
		vd_buf_text(to, "RULE\n" INDENT "HOST" DOT "FILE:LINE" DOT "MATCHED\n");
		return;
	}
	vd_term_cell(to, VD_S("HOST"), w.host, true);
	vd_buf_text(to, GAP);
	vd_term_cell(to, VD_S("RULE"), w.rule, true);
	vd_buf_text(to, GAP "MATCHED\n");
}

const struct vd_report_format vd_out_table = {.begin = "", .end = "", .row = table_row, .heading = heading};
