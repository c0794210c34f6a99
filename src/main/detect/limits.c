#include "main/detect/limits.h"

#include "main/term.h"

enum unit { NONE, GROUPS, EVENTS, MEMORY };

static const struct kind {
	size_t at; /* in struct vd_correlator_limits */
	enum unit unit;
	const char *one, *many;
	const char *limit; /* %zu: the limit */
	const char *remedy;
} kinds[] = {
	{offsetof(struct vd_correlator_limits, groups), GROUPS, "group was forgotten",
		"groups were forgotten", "more than %zu at a time", "raise --correlation-groups"},
	{offsetof(struct vd_correlator_limits, group_bytes), MEMORY, "group was forgotten",
		"groups were forgotten", "the groups of all correlations fill half of %zu MiB",
		"raise --correlation-memory"},
	{offsetof(struct vd_correlator_limits, group_events), EVENTS, "event was forgotten",
		"events were forgotten", "more than %zu in a group", "raise --correlation-events"},
	{offsetof(struct vd_correlator_limits, held_bytes), NONE, "match was left out",
		"matches were left out", "more wait than memory may hold", "raise --hold"},
	{offsetof(struct vd_correlator_limits, time_bytes), MEMORY, "match was left out",
		"matches were left out", "those of one millisecond fill half of %zu MiB",
		"raise --correlation-memory"},
	{offsetof(struct vd_correlator_limits, fixed), NONE, "event lost a part", "events lost a part",
		"more than 256 groups or 1,000 values of a field in one event",
		"this limit is fixed: group by fewer fields that hold lists"},
};

_Static_assert(
	sizeof(struct vd_correlator_limits) == VD_ARRAY_LEN(kinds) * sizeof(uint64_t), "all have words");

static uint64_t
count_of(const struct vd_correlator_limits *reached, const struct kind *kind)
{
	uint64_t n;
	memcpy(&n, (const char *)reached + kind->at, sizeof n);
	return n;
}

void
vd_limits_add(struct vd_limits *limits, const struct vd_report_rule *rule,
	const struct vd_correlator_limits *reached)
{
	uint64_t any = 0;
	for (size_t k = 0; k < VD_ARRAY_LEN(kinds); k++)
		any |= count_of(reached, &kinds[k]);
	if (any == 0)
		return;
	if (limits->n < VD_LIMITS_NAMED) {
		limits->rules[limits->n].rule = rule;
		limits->rules[limits->n].reached = *reached;
	}
	limits->n++;
}

bool
vd_limits_reached(const struct vd_limits *limits)
{
	return limits->n > 0 || limits->matching.searches > 0 || limits->matching.comparisons > 0;
}

/* ---- words ---- */

static void
add_searches(uint64_t n, struct vd_buf *to)
{
	vd_buf_printf(to,
		n == 1 ? "%llu search of a regular expression was cut short and counts as no match"
		       : "%llu searches of regular expressions were cut short and count as no match",
		(unsigned long long)n);
	vd_buf_text(to, "; simplify |re with nested repeats");
}

static void
add_comparisons(uint64_t n, struct vd_buf *to)
{
	vd_buf_printf(to,
		n == 1 ? "%llu comparison of two fields was cut short and counts as no match"
		       : "%llu comparisons of two fields were cut short and count as no match",
		(unsigned long long)n);
	vd_buf_text(to, "; look at events with very many values");
}

static size_t
limit_of(const struct vd_limits *limits, enum unit unit)
{
	switch (unit) {
	case GROUPS:
		return limits->max_groups;
	case EVENTS:
		return limits->max_events;
	case MEMORY:
		return limits->memory_mib;
	case NONE:
		break;
	}
	return 0;
}

static void
add_rule(const struct vd_limits *limits, size_t rule, const struct kind *kind, struct vd_buf *to)
{
	const struct vd_rule_view *view = &limits->rules[rule].rule->view;
	uint64_t n = count_of(&limits->rules[rule].reached, kind);
	vd_buf_text(to, "correlation '");
	vd_term_safe(to, view->title.len > 0 ? view->title : view->id);
	vd_buf_printf(to, "': %llu %s (", (unsigned long long)n, n == 1 ? kind->one : kind->many);
	const char *number = strstr(kind->limit, "%zu");
	if (number == NULL) {
		vd_buf_text(to, kind->limit);
	} else {
		vd_buf_str(to, (struct vd_str){kind->limit, (size_t)(number - kind->limit)});
		vd_buf_printf(to, "%zu%s", limit_of(limits, kind->unit), number + 3);
	}
	vd_buf_printf(to, "), so findings may be missing; %s", kind->remedy);
}

/* Statement i of all; false: there are no more. */
static bool
add_statement(const struct vd_limits *limits, size_t i, struct vd_buf *to)
{
	if (limits->matching.searches > 0 && i-- == 0) {
		add_searches(limits->matching.searches, to);
		return true;
	}
	if (limits->matching.comparisons > 0 && i-- == 0) {
		add_comparisons(limits->matching.comparisons, to);
		return true;
	}
	for (size_t r = 0; r < VD_MIN(limits->n, (size_t)VD_LIMITS_NAMED); r++) {
		for (size_t k = 0; k < VD_ARRAY_LEN(kinds); k++) {
			if (count_of(&limits->rules[r].reached, &kinds[k]) == 0 || i-- != 0)
				continue;
			add_rule(limits, r, &kinds[k], to);
			return true;
		}
	}
	return false;
}

void
vd_limits_write(const struct vd_limits *limits, struct vd_buf *to)
{
	struct vd_buf statement;
	vd_buf_init(&statement, 0);
	for (size_t i = 0; add_statement(limits, i, &statement); i++) {
		vd_buf_text(to, "note: ");
		vd_buf_str(to, vd_buf_view(&statement));
		vd_buf_char(to, '\n');
		vd_buf_reset(&statement);
	}
	vd_buf_fini(&statement);
	if (limits->n > VD_LIMITS_NAMED)
		vd_buf_printf(to, "note: %zu more correlation%s reached a limit\n",
			limits->n - VD_LIMITS_NAMED, limits->n - VD_LIMITS_NAMED == 1 ? "" : "s");
}

void
vd_limits_line(const struct vd_limits *limits, struct vd_buf *to)
{
	struct vd_buf rest;
	size_t more = 0;
	vd_buf_init(&rest, 0);
	(void)add_statement(limits, 0, to);
	while (add_statement(limits, more + 1, &rest))
		more++;
	vd_buf_fini(&rest);
	if (limits->n > VD_LIMITS_NAMED)
		more += limits->n - VD_LIMITS_NAMED;
	if (more > 0)
		vd_buf_printf(to, " (and %zu more: the summary without -q names them)", more);
}
