/*
 * One run of "vedette detect": read, match in workers, print in the order of input, correlate at the end.
 * Thread: main thread.
 */
#ifndef VD_MAIN_DETECT_RUN_H
#define VD_MAIN_DETECT_RUN_H

#include "main/detect/options.h"
#include "main/detect/summary.h"
#include "main/out.h"

struct vd_run_outcome {
	struct vd_summary_totals totals;
	uint64_t findings;
	bool limited; /* vd_limits_reached */
};

/* Findings go to out, the summary (unless quiet) to stderr; the words of a failure are for the caller to say. */
enum vd_status vd_run_detect(const struct vd_detect_options *options, struct vd_ruleset *set,
	struct vd_out *out, struct vd_run_outcome *ret, struct vd_err *err) VD_MUST_USE;

#endif
