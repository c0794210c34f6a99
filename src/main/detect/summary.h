/*
 * What a run amounts to, on stderr after the findings: by level, rule and ATT&CK tactic, and everything a reader
 * must know before trusting a quiet result (bad input, repairs, limits reached, uncorrelated events, rejected rules).
 *
 * Memory: owns its counters.  Thread: main thread.
 */
#ifndef VD_MAIN_DETECT_SUMMARY_H
#define VD_MAIN_DETECT_SUMMARY_H

#include "main/detect/limits.h"
#include "main/detect/report.h"
#include "main/rulebook.h"

#define VD_SUMMARY_RULES 10u /* most frequent ones named */

struct vd_summary_totals {
	uint64_t events, repaired, filtered, bad;
	struct vd_limits limits;
	bool correlated;
	struct vd_correlator_counts correlation;
	size_t silenced; /* rules that only feed correlations */
	struct vd_rulebook_counts rules;
	bool interrupted;
	double seconds;
};

struct vd_summary;

struct vd_summary *vd_summary_new(
	const struct vd_report_rule *rules, size_t n) VD_MUST_USE; /* rules is borrowed */
void vd_summary_free(struct vd_summary *summary);
void vd_summary_hit(struct vd_summary *summary, size_t rule);
uint64_t vd_summary_findings(const struct vd_summary *summary);
void vd_summary_write(const struct vd_summary *summary, const struct vd_summary_totals *totals, bool colours,
	size_t columns, struct vd_buf *to);

VD_AUTO_DEFINE(vd_summary, vd_summary_free)

#endif
