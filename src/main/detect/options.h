/* What "vedette detect" was asked to do.  Borrows argv.  Pure but for the clock that spans are counted from. */
#ifndef VD_MAIN_DETECT_OPTIONS_H
#define VD_MAIN_DETECT_OPTIONS_H

#include "main/args.h"
#include "main/rows.h"
#include "main/rulebook.h"

struct vd_detect_options {
	struct vd_rule_paths rules;
	const char *const *paths;
	size_t n_paths;
	enum vd_format format;
	size_t min_rank;
	bool has_since, has_until;
	int64_t since_ms, until_ms;
	size_t threads;
	size_t hold_bytes; /* of matches that wait for correlation */
	/* limits of correlation: groups a rule, events a group, bytes in all */
	size_t max_groups, max_events, max_bytes;
	bool strict, quiet;
};

enum vd_status vd_detect_options_read(const struct vd_args *args, int64_t now_ms,
	struct vd_detect_options *ret, struct vd_err *err) VD_MUST_USE;

/* RFC 3339 and its kin, a date, epoch seconds, or a span back from now: 90m, 24h, 7d. */
enum vd_status vd_detect_time(const char *option, const char *text, int64_t now_ms, int64_t *ret_ms,
	struct vd_err *err) VD_MUST_USE;

/* --rules --pipeline --values --no-routing --no-cache, as far as the command has them. */
void vd_rule_paths_read(const struct vd_args *args, struct vd_rule_paths *ret);

#endif
