/*
 * One test on one value, the plain way: for what is known at load (a route's EventID), for evidence, and as the
 * measure of the fast way.  Patterns of atoms that are not cased must be folded already (vd_atom_prepare).
 */
#ifndef VD_ENGINE_COMPILE_ATOM_H
#define VD_ENGINE_COMPILE_ATOM_H

#include "engine/sigma/regex.h"
#include "engine/sigma/rule.h"

/* A value in the forms that tests ask for; the strings are borrowed. */
struct vd_value_forms {
	struct vd_str raw;    /* decoded text */
	struct vd_str folded; /* simple case folding */
	struct vd_str
		number; /* canonical text of a JSON number that is not written canonically; else empty */
	bool is_number; /* a JSON number, not a text */
};

/* Folds the tokens of a pattern; done once, before any test. */
bool vd_atom_prepare(struct vd_arena *arena, struct vd_atom *atom) VD_MUST_USE;

/* NULL, EXISTS and FIELDREF are about the event, not a value: false here. */
bool vd_atom_holds(
	const struct vd_atom *atom, const struct vd_value_forms *value, struct vd_regex_match *match);

/* Tokens against text, the whole text; both folded or both raw. */
bool vd_tokens_match(const struct vd_token *tokens, size_t n, struct vd_str text);

bool vd_compare_doubles(double a, enum vd_compare compare, double b);
struct vd_address {
	uint8_t at[16]; /* IPv4 as ::ffff:a.b.c.d */
	bool v4;        /* written as IPv4: in no network of IPv6 that is wider than all of IPv4 */
};
/* false: no address */
bool vd_address_parse(struct vd_str text, struct vd_address *ret);
bool vd_cidr_holds(const struct vd_atom *atom, const struct vd_address *address);
struct vd_time_parts;
bool vd_time_holds(const struct vd_atom *atom, const struct vd_time_parts *parts);

/*
 * Canonical decimal text of a JSON number: 443.0, 4.43e2 and 443 are one.  Borrows raw where it is a plain
 * integer, else writes to room; len 0: no number.
 */
#define VD_NUMBER_TEXT_MAX 40u
struct vd_str vd_number_text(struct vd_str raw, char room[VD_NUMBER_TEXT_MAX]);
/*
 * The same of a pattern that is a number not written canonically (443.0, 1e3): beside the text as it is written it
 * means the JSON numbers of its value.  len 0: any other atom.
 */
struct vd_str vd_atom_number_text(const struct vd_atom *atom, char room[VD_NUMBER_TEXT_MAX]);

#endif
