#include "main/detect/summary.h"

#include "base/mem.h"
#include "main/attack.h"
#include "main/level.h"
#include "main/term.h"

struct vd_summary {
	const struct vd_report_rule *rules;
	size_t n;
	uint64_t *hits; /* per rule */
	uint64_t findings;
};

struct vd_summary *
vd_summary_new(const struct vd_report_rule *rules, size_t n)
{
	struct vd_summary *summary = vd_mem_zalloc(1, sizeof *summary);
	if (summary == NULL)
		return NULL;
	summary->rules = rules;
	summary->n = n;
	summary->hits = vd_mem_zalloc(n + 1, sizeof *summary->hits);
	if (summary->hits == NULL) {
		vd_mem_free(summary);
		return NULL;
	}
	return summary;
}

void
vd_summary_free(struct vd_summary *summary)
{
	if (summary == NULL)
		return;
	vd_mem_free(summary->hits);
	vd_mem_free(summary);
}

void
vd_summary_hit(struct vd_summary *summary, size_t rule)
{
	summary->hits[rule]++;
	summary->findings++;
}

uint64_t
vd_summary_findings(const struct vd_summary *summary)
{
	return summary->findings;
}

/* ---- writing ---- */

static void
count_line(struct vd_buf *to, uint64_t n, struct vd_str what, const char *colour, size_t width)
{
	vd_buf_printf(to, "  %8llu  %s", (unsigned long long)n, colour);
	if (width == 0)
		vd_term_safe(to, what);
	else
		vd_term_cell(to, what, width, false);
	vd_buf_text(to, colour[0] != '\0' ? VD_COLOUR_OFF "\n" : "\n");
}

static void
by_level(const struct vd_summary *summary, bool colours, struct vd_buf *to)
{
	uint64_t n[VD_LEVELS] = {0};
	for (size_t i = 0; i < summary->n; i++)
		n[summary->rules[i].rank] += summary->hits[i];
	vd_buf_text(to, "by level\n");
	for (size_t rank = VD_LEVELS; rank-- > 0;)
		if (n[rank] > 0)
			count_line(to, n[rank], vd_level_text(rank), colours ? vd_level_colour(rank) : "", 0);
}

/* The rule with most hits among those that come after (hits, index) of the last one; SIZE_MAX: none. */
static size_t
next_rule(const struct vd_summary *summary, size_t last)
{
	size_t best = SIZE_MAX;
	for (size_t i = 0; i < summary->n; i++) {
		uint64_t hits = summary->hits[i];
		bool later = last == SIZE_MAX || hits < summary->hits[last] ||
			     (hits == summary->hits[last] && i > last);
		if (hits > 0 && later && (best == SIZE_MAX || hits > summary->hits[best]))
			best = i;
	}
	return best;
}

static void
by_rule(const struct vd_summary *summary, bool colours, size_t columns, struct vd_buf *to)
{
	size_t with_hits = 0, last = SIZE_MAX;
	for (size_t i = 0; i < summary->n; i++)
		with_hits += summary->hits[i] > 0;
	vd_buf_text(to, "by rule\n");
	for (size_t shown = 0; shown < VD_SUMMARY_RULES; shown++) {
		last = next_rule(summary, last);
		if (last == SIZE_MAX)
			break;
		const struct vd_report_rule *rule = &summary->rules[last];
		count_line(to, summary->hits[last],
			rule->view.title.len > 0 ? rule->view.title : rule->view.id,
			colours ? vd_level_colour(rule->rank) : "", columns > 12 ? columns - 12 : 0);
	}
	if (with_hits > VD_SUMMARY_RULES)
		vd_buf_printf(to, "            and %zu more\n", with_hits - VD_SUMMARY_RULES);
}

static void
by_tactic(const struct vd_summary *summary, struct vd_buf *to)
{
	uint64_t n[VD_TACTICS] = {0};
	bool any = false;
	for (size_t i = 0; i < summary->n; i++) {
		const struct vd_rule_view *rule = &summary->rules[i].view;
		size_t tactic;
		for (size_t k = 0; k < rule->n_tags && summary->hits[i] > 0; k++) {
			if (!vd_attack_tactic_of(rule->tags[k], &tactic))
				continue;
			n[tactic] += summary->hits[i];
			any = true;
		}
	}
	vd_buf_text(to, any ? "by ATT&CK tactic\n" : "");
	for (size_t i = 0; i < VD_TACTICS; i++)
		if (n[i] > 0)
			count_line(to, n[i], vd_attack_tactic(i)->name, "", 0);
}

static void
note(struct vd_buf *to, uint64_t n, const char *one, const char *many)
{
	if (n > 0)
		vd_buf_printf(to, "note: %llu %s\n", (unsigned long long)n, n == 1 ? one : many);
}

static void
notes(const struct vd_summary_totals *t, struct vd_buf *to)
{
	const struct vd_correlator_counts *c = &t->correlation;
	note(to, t->bad, "piece of bad input was left out", "pieces of bad input were left out");
	note(to, t->repaired, "event was repaired before matching", "events were repaired before matching");
	note(to, t->filtered, "event was left out by --since or --until",
		"events were left out by --since or --until");
	vd_limits_write(&t->limits, to);
	if (t->correlated) {
		note(to, c->late, "event came too late to be correlated",
			"events came too late to be correlated");
		note(to, c->untimed, "event has no time and was not correlated",
			"events have no time and were not correlated");
		note(to, c->ungrouped, "event lacks a group-by field and was not correlated",
			"events lack a group-by field and were not correlated");
	}
	note(to, t->silenced,
		"rule only feeds correlations and does not report alone; 'vedette rules check' marks it",
		"rules only feed correlations and do not report alone; 'vedette rules check' marks them");
	if (t->rules.rejected + t->rules.degraded > 0)
		vd_buf_printf(to, "note: %zu rule%s rejected, %zu degraded; 'vedette rules check' says why\n",
			t->rules.rejected, t->rules.rejected == 1 ? "" : "s", t->rules.degraded);
	vd_buf_text(to, t->interrupted ? "note: interrupted; the rest of the input was not read\n" : "");
}

void
vd_summary_write(const struct vd_summary *summary, const struct vd_summary_totals *totals, bool colours,
	size_t columns, struct vd_buf *to)
{
	if (summary->findings > 0) {
		by_level(summary, colours, to);
		by_rule(summary, colours, columns, to);
		by_tactic(summary, to);
	}
	vd_buf_printf(to, "%llu finding%s in %llu event%s, %zu rule%s, %.1f s\n",
		(unsigned long long)summary->findings, summary->findings == 1 ? "" : "s",
		(unsigned long long)totals->events, totals->events == 1 ? "" : "s",
		totals->rules.loaded + totals->rules.degraded,
		totals->rules.loaded + totals->rules.degraded == 1 ? "" : "s", totals->seconds);
	notes(totals, to);
}
