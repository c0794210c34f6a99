/*
 * The limits that a run reached: what was cut short or forgotten, so that findings may be missing.  Pure.
 *
 * Memory: borrows the rules.  Thread: any.
 */
#ifndef VD_MAIN_DETECT_LIMITS_H
#define VD_MAIN_DETECT_LIMITS_H

#include "base/str.h"
#include "main/detect/report.h"

#define VD_LIMITS_NAMED 10u /* correlations; the rest is counted */

struct vd_limits {
	struct vd_matcher_limits matching;
	/* of the run's correlator */
	size_t max_groups, max_events;
	size_t memory_mib;
	/* rules that dropped something: vd_limits_add */
	size_t n;
	struct {
		const struct vd_report_rule *rule;
		struct vd_correlator_limits reached;
	} rules[VD_LIMITS_NAMED];
};

/* What one correlation rule dropped; nothing: ignored. */
void vd_limits_add(struct vd_limits *limits, const struct vd_report_rule *rule,
	const struct vd_correlator_limits *reached);
bool vd_limits_reached(const struct vd_limits *limits);
/* A note a kind of matching, and a note a correlation and limit. */
void vd_limits_write(const struct vd_limits *limits, struct vd_buf *to);
/* All of it in one line, without its end: the first in words, the others as a number.  Needs vd_limits_reached. */
void vd_limits_line(const struct vd_limits *limits, struct vd_buf *to);

#endif
