/*
 * What every match of a regular expression holds, a literal and single bytes: what a search for it may be gated by.
 */
#ifndef VD_ENGINE_COMPILE_REQUIRED_H
#define VD_ENGINE_COMPILE_REQUIRED_H

#include "base/str.h"

#define VD_REQUIRED_PAIRS 8u

struct vd_required {
	struct vd_str
		literal; /* the longest run of ASCII characters that stands unconditionally at the top level */
	uint64_t bytes[2]; /* bit c: ASCII character c stands so, as written */
	char often;        /* of those that are no letters the one that stands so most often, */
	uint32_t times;    /* in so many places; 0: there is none */
	/* one of these pairs stands so: a character and what a small class behind it allows */
	uint32_t n_pairs;
	char pairs[VD_REQUIRED_PAIRS][2];
};

/*
 * Of a PCRE pattern; the literal is written to `to` (pattern.len bytes).  Nothing where nothing is certain: with an
 * alternation at the top level, an extended or literal mode, or anything this reader does not know.
 */
struct vd_required vd_required_find(struct vd_str pattern, char *to);

#endif
