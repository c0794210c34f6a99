/*
 * Regular expressions of |re on PCRE2: searched, case-sensitive unless flagged, on the raw value, UTF-8 aware.
 * Every search is bounded (match and depth limits); one that hits its bound counts as no match and says so.
 *
 * Memory: an expression owns itself; a match block belongs to one matcher.  Thread: expressions are shared.
 */
#ifndef VD_ENGINE_SIGMA_REGEX_H
#define VD_ENGINE_SIGMA_REGEX_H

#include "base/status.h"
#include "base/str.h"

#define VD_REGEX_MATCH_LIMIT 200000u
#define VD_REGEX_DEPTH_LIMIT 20000u
#define VD_REGEX_MAX_LEN 16384u

struct vd_regex;
struct vd_regex_match;

/* flags: VD_RE_*.  VD_EINPUT: not a regular expression; err has the column. */
enum vd_status vd_regex_new(
	struct vd_str text, unsigned flags, struct vd_regex **ret, struct vd_err *err) VD_MUST_USE;
void vd_regex_free(struct vd_regex *regex);
/* A lower bound of the characters that a match has. */
uint32_t vd_regex_min_chars(const struct vd_regex *regex);

struct vd_regex_match *vd_regex_match_new(void) VD_MUST_USE;
void vd_regex_match_free(struct vd_regex_match *match);

enum vd_regex_result { VD_REGEX_NO, VD_REGEX_YES, VD_REGEX_LIMIT };

enum vd_regex_result vd_regex_search(
	const struct vd_regex *regex, struct vd_regex_match *match, struct vd_str text) VD_MUST_USE;

/* Searches with this block that hit a bound. */
uint64_t vd_regex_match_limited(const struct vd_regex_match *match);

VD_AUTO_DEFINE(vd_regex, vd_regex_free)
VD_AUTO_DEFINE(vd_regex_match, vd_regex_match_free)

#endif
