/*
 * Which rule of a set a word on the command line means, for commands that look at one rule on single events.
 */
#ifndef VD_MAIN_RULES_PICK_H
#define VD_MAIN_RULES_PICK_H

#include "base/status.h"
#include "vedette/engine.h"

/*
 * wanted: id, name or title; NULL: the only rule.  What is no rule on single events (a correlation, a filter, a
 * rejected document, several rules) fails with what it is and what to write instead.
 */
enum vd_status vd_rule_pick(
	const struct vd_ruleset *set, const char *wanted, uint32_t *ret, struct vd_err *err) VD_MUST_USE;

#endif
