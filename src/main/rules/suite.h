/*
 * A detection case: a folder with rule.yml, match.jsonl and nomatch.jsonl.  Thread: main thread.
 */
#ifndef VD_MAIN_RULES_SUITE_H
#define VD_MAIN_RULES_SUITE_H

#include "base/str.h"
#include "main/rulebook.h"

#define VD_SUITE_FAILURES 5u /* events named per case; the rest is counted */

struct vd_suite_result {
	uint64_t match, nomatch; /* events run */
	uint64_t failures;
};

/*
 * Runs the case in folder; words (a line each, no line end at the last) says what fails.  options: pipelines,
 * values and routing.  Not VD_OK: the case could not be run at all, which is no failure of the rule but an error.
 */
enum vd_status vd_suite_run(const char *folder, const struct vd_rule_paths *options,
	struct vd_suite_result *ret, struct vd_buf *words, struct vd_err *err) VD_MUST_USE;

#endif
