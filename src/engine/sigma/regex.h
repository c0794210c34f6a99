/*
 * Regular expressions of |re on PCRE2: searched, case-sensitive unless flagged, on the raw value, UTF-8 aware.
 * Every search is bounded: one that hits its bound counts as no match and says so.
 *
 * PCRE2's machine code counts no steps of a repeated character: "a.*b.*c" may take time by the square of a text's length,
 * and more repetitions more.  So machine code runs on texts that cannot take it more than VD_REGEX_QUICK_STEPS, by their
 * length and the repetitions in the expression; others are left to the interpreter, which counts every step.  A text made
 * to use up the steps of a greedy search is searched once more with all repetitions reluctant: what matches is the same.
 *
 * Memory: an expression owns itself; a match block belongs to one matcher.  Thread: expressions are shared.
 */
#ifndef VD_ENGINE_SIGMA_REGEX_H
#define VD_ENGINE_SIGMA_REGEX_H

#include "base/status.h"
#include "base/str.h"

#define VD_REGEX_QUICK_STEPS 3e7        /* of machine code: some tens of milliseconds */
#define VD_REGEX_MATCH_LIMIT 200000u    /* steps of the interpreter, and so many more */
#define VD_REGEX_STEPS_PER_BYTE 16u     /* for each byte of the text */
#define VD_REGEX_HEAP_KIB (64u * 1024u) /* of the interpreter */
#define VD_REGEX_DEPTH_LIMIT 20000u
#define VD_REGEX_MAX_LEN 16384u

struct vd_regex;
struct vd_regex_match;

/* flags: VD_RE_*.  VD_EINPUT: not a regular expression; err has the column. */
enum vd_status vd_regex_new(
	struct vd_str text, unsigned flags, struct vd_regex **ret, struct vd_err *err) VD_MUST_USE;
void vd_regex_free(struct vd_regex *regex);
/* Only texts in which the ASCII character stands so often can match: the rest is not searched. */
void vd_regex_expect(struct vd_regex *regex, char c, uint32_t n);
/* Longer texts are left to the interpreter. */
size_t vd_regex_quick_bytes(const struct vd_regex *regex);
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
