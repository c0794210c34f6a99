/*
 * A literal that every match of a regular expression holds: what a search for it may be gated by.
 */
#ifndef VD_ENGINE_COMPILE_REQUIRED_H
#define VD_ENGINE_COMPILE_REQUIRED_H

#include "base/str.h"

/*
 * The longest run of ASCII characters that stands unconditionally at the top level of a PCRE pattern, into to
 * (pattern.len bytes).  Empty where there is none that is certain: with an alternation at the top level, an
 * extended or literal mode, or anything this reader does not know.
 */
struct vd_str vd_required_literal(struct vd_str pattern, char *to);

#endif
