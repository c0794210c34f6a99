/*
 * From paths on the command line to a rule set: texts, cache, engine.  Messages go to stderr here, since every
 * command says the same.
 *
 * Memory: a rule book owns texts and rule set.  Thread: main thread; the set itself may be shared.
 */
#ifndef VD_MAIN_RULEBOOK_H
#define VD_MAIN_RULEBOOK_H

#include "base/status.h"
#include "vedette/engine.h"

struct vd_rule_paths {
	const char *const *rules;
	size_t n_rules;
	const char *const *pipelines;
	size_t n_pipelines;
	const char *const *values;
	size_t n_values;
	bool no_routing;
	bool no_cache;
	bool quiet; /* no word about a cache that cannot be used */
};

struct vd_rulebook;

/*
 * Fails when a given file cannot be read, a pipeline or values file is wrong, or there is no rule file at all.  A
 * file of a given folder that cannot be read has a verdict, as a wrong rule has.
 */
enum vd_status vd_rulebook_new(
	const struct vd_rule_paths *paths, struct vd_rulebook **ret, struct vd_err *err) VD_MUST_USE;
void vd_rulebook_free(struct vd_rulebook *book);
struct vd_ruleset *vd_rulebook_set(const struct vd_rulebook *book); /* borrowed */

/* For commands that show no verdicts: files below the given folders that could not be read, a line each. */
void vd_rulebook_say_unreadable(const struct vd_rulebook *book);
void vd_rulebook_say_notes(const struct vd_rulebook *book); /* what pipelines hold that does nothing here */

struct vd_rulebook_counts {
	size_t loaded, degraded, rejected;
};
struct vd_rulebook_counts vd_rulebook_count(const struct vd_ruleset *set);
const char *vd_rulebook_verdict(enum vd_rule_verdict verdict);

VD_AUTO_DEFINE(vd_rulebook, vd_rulebook_free)

#endif
