/*
 * What the files of this folder share while one Sigma document is being built from its YAML.
 *
 * Functions that can find the document wrong mark it rejected and return VD_EINPUT, which only says "stop here";
 * vd_rule_parse turns that into VD_OK.  VD_ENOMEM is passed on.  Everything lives in the arena of the load.
 */
#ifndef VD_ENGINE_SIGMA_PARSE_H
#define VD_ENGINE_SIGMA_PARSE_H

#include "engine/sigma/rule.h"
#include "engine/sigma/yaml.h"

struct vd_build {
	struct vd_arena *arena;
	struct vd_rule *rule;
	struct vd_err *err;
	size_t n_items;  /* so far, against VD_RULE_MAX_ITEMS */
	size_t n_values; /* so far, against VD_RULE_MAX_VALUES */
};

#define VD_BUILD_REJECT(b, pos, ...) (vd_rule_reject((b)->rule, (b)->arena, (pos), __VA_ARGS__), VD_EINPUT)
#define VD_BUILD_DEGRADE(b, pos, ...) vd_rule_degrade((b)->rule, (b)->arena, (pos), __VA_ARGS__)
#define VD_BUILD_NOMEM(b) vd_fail((b)->err, VD_ENOMEM, "no memory for a rule")
/* For "%.*s": a bounded piece of a text, so that a message stays readable. */
#define VD_SHOW(s) (int)VD_MIN((s).len, (size_t)80), (s).at == NULL ? "" : (s).at

/* ---- value.c ---- */

/* The text a scalar stands for: booleans as true and false, hexadecimal and octal numbers as decimal. */
enum vd_status vd_scalar_text(struct vd_build *b, const struct vd_yaml *node, struct vd_str *ret) VD_MUST_USE;
/* A name of a field, with every blank taken out, as the names of events are. */
enum vd_status vd_field_name(struct vd_build *b, struct vd_str written, struct vd_str *ret) VD_MUST_USE;

/* As vd_yaml_bool, and YAML 1.1's yes, no, on, off: for keys that can hold nothing else. */
bool vd_yaml_truth(const struct vd_yaml *node, bool *ret);

/* ---- modifier.c ---- */

/* key: "Field|modifier…"; value: scalar or list of scalars. */
enum vd_status vd_item_parse(struct vd_build *b, struct vd_str key, struct vd_pos pos,
	const struct vd_yaml *value, struct vd_item **ret) VD_MUST_USE;

/* atom.c: the steps a value goes through */

/* Several atoms in the making; alternatives of one value. */
struct vd_atoms {
	size_t n;
	struct vd_atom *at;
};

enum vd_encoding { VD_ENC_UTF16LE, VD_ENC_UTF16BE, VD_ENC_UTF16 };

#define VD_MAX_ALTERNATIVES 4096u /* of one value */

enum vd_status vd_atom_wrap(struct vd_build *b, struct vd_atom *atom, enum vd_part part) VD_MUST_USE;
enum vd_status vd_atom_windash(struct vd_build *b, struct vd_atom *atom) VD_MUST_USE;
/* Writes dashes out, one atom a combination, so that encodings see plain text. */
enum vd_status vd_atoms_spread(struct vd_build *b, struct vd_pos pos, struct vd_atoms *atoms) VD_MUST_USE;
enum vd_status vd_atom_utf16(struct vd_build *b, struct vd_atom *atom, enum vd_encoding encoding) VD_MUST_USE;
enum vd_status vd_atoms_base64(
	struct vd_build *b, struct vd_pos pos, struct vd_atoms *atoms, bool offset) VD_MUST_USE;

/*
 * settle.c: REGEX and CIDR are held as tokens until no placeholder is left; then their text is put together,
 * checked and read.  Does nothing to an atom that still has a placeholder.
 */
enum vd_status vd_atom_settle(struct vd_build *b, struct vd_pos pos, struct vd_atom *atom) VD_MUST_USE;

/* address.c: "10.0.0.0/8", "2001:db8::/32", a bare address; *ret_masked: host bits were set. */
bool vd_cidr_parse(struct vd_str text, struct vd_atom *ret, bool *ret_masked);

/* regex.c: rejects the rule if the text is no regular expression. */
enum vd_status vd_regex_check(struct vd_build *b, struct vd_pos pos, const struct vd_atom *atom) VD_MUST_USE;

/* ---- condition.c ---- */

struct vd_named {
	struct vd_str name;
	struct vd_pos pos;
	struct vd_expr *expr;
	bool used; /* its items stand in the tree already: the next use is a copy */
};

enum vd_status vd_condition_parse(struct vd_build *b, const struct vd_yaml *condition, struct vd_named *named,
	size_t n, struct vd_expr **ret) VD_MUST_USE;
/* "a and b and not c" over rules[] of a correlation. */
enum vd_status vd_corr_condition_parse(struct vd_build *b, struct vd_str text, struct vd_pos pos,
	struct vd_corr *corr, struct vd_corr_expr **ret) VD_MUST_USE;

/* ---- expr.c ---- */

struct vd_expr *vd_expr_new(struct vd_arena *arena, enum vd_expr_kind kind, struct vd_pos pos, size_t n_kids);
struct vd_expr *vd_expr_copy(
	struct vd_arena *arena, const struct vd_expr *expr); /* items too; NULL: no memory */
size_t vd_expr_depth(const struct vd_expr *expr);
void vd_expr_count(const struct vd_expr *expr, size_t *items, size_t *values); /* adds to both */
bool vd_expr_has_not(const struct vd_expr *expr);
/* Calls fn for every item until one call does not return VD_OK. */
enum vd_status vd_expr_each(struct vd_expr *expr, enum vd_status (*fn)(void *owner, struct vd_item *item),
	void *owner) VD_MUST_USE;

/* ---- detection.c, corr.c, filter.c ---- */

/* The whole section: identifiers and condition.  skip: a key that is no identifier ("rules"), or NULL. */
enum vd_status vd_detection_parse(struct vd_build *b, const struct vd_yaml *section, const char *skip,
	struct vd_expr **ret) VD_MUST_USE;
enum vd_status vd_corr_parse(
	struct vd_build *b, const struct vd_yaml *doc, const struct vd_yaml *section) VD_MUST_USE;
enum vd_status vd_filter_parse(struct vd_build *b, const struct vd_yaml *section) VD_MUST_USE;

#endif
