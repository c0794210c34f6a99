/*
 * What a value cannot do without if an atom is to hold in it: single bytes of its folded form, and a number of
 * characters.  The cheap question before a pattern or a regular expression is tried.
 *
 * Folding changes no number of characters and no character is written in less than a byte: a value of fewer bytes
 * has too few characters.
 *
 * Thread: pure.
 */
#ifndef VD_ENGINE_COMPILE_NEEDS_H
#define VD_ENGINE_COMPILE_NEEDS_H

#include "engine/compile/bytes.h"
#include "engine/compile/required.h"
#include "engine/sigma/rule.h"

struct vd_needs {
	uint64_t bytes[4]; /* bit c: byte c stands in the folded value */
	uint32_t chars;
};

/* Of a pattern: folded, or cased. */
struct vd_needs vd_needs_tokens(const struct vd_token *tokens, size_t n, bool cased);
/* Of a compiled regular expression: required as vd_required_find says it. */
struct vd_needs vd_needs_regex(const struct vd_regex *regex, const struct vd_required *required);
/* A PATTERN, or a REGEX once it is compiled.  room: atom->text.len + 1 bytes of scratch.  Nothing of other kinds. */
struct vd_needs vd_needs_atom(const struct vd_atom *atom, char *room);

#define VD_NEEDS_FEW VD_BYTES_GROUP

/* The rarest of them, asked in one walk over the value as JSON writes it. */
struct vd_needs_few {
	struct vd_byte_group group; /* letters in both cases, no byte that JSON writes as an escape */
	uint32_t chars;
	uint8_t n;
	uint8_t bytes[VD_NEEDS_FEW];
};

struct vd_needs_few vd_needs_few(const struct vd_needs *needs);

/*
 * Do they all stand in a string as JSON writes it?  False says nothing unless the string is plain
 * (vd_text_is_plain).
 */
bool vd_needs_found(const struct vd_needs_few *few, struct vd_str json);

#endif
