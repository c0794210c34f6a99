/*
 * Inside of the set builder: patterns sorted into tables (set_collect.c), tables laid out as the set (set_place.c).
 */
#ifndef VD_ENGINE_COMPILE_SET_BUILDER_H
#define VD_ENGINE_COMPILE_SET_BUILDER_H

#include "engine/compile/required.h"
#include "engine/compile/set.h"

enum vd_set_table {
	VD_TABLE_EXACT,
	VD_TABLE_COMPONENT,
	VD_TABLE_PREFIX,
	VD_TABLE_SUFFIX,
	VD_TABLE_CONTAINS, /* plain text anywhere */
	VD_TABLE_COMPLEX,  /* wildcards inside, with a literal it needs */
	VD_TABLE_SEARCHES, /* a regular expression with a literal it needs */
	VD_TABLE_EVERY, /* a pattern or regular expression without: every value must be tried, but for its bytes */
	VD_TABLE_ALWAYS,
	VD_TABLES
};

/* What an entry of COMPLEX, SEARCHES or EVERY is, so that equal texts of different kinds stay apart. */
enum vd_entry_flag {
	VD_ENTRY_PATTERN,
	VD_ENTRY_CASED_PATTERN,
	VD_ENTRY_CHARACTER,
	VD_ENTRY_REGEX, /* + VD_RE_* */
};

struct vd_mark_link {
	struct vd_mark mark;
	struct vd_mark_link *next;
};

struct vd_set_entry {
	enum vd_set_table table;
	unsigned flags;   /* COMPLEX, SEARCHES, EVERY: enum vd_entry_flag */
	const char *text; /* what makes the entry one of its table; NUL-terminated behind len */
	size_t len;
	struct vd_str literal; /* COMPLEX, SEARCHES: folded, lives as long as the set; or else one of */
	uint32_t n_pairs;
	char pairs[VD_REQUIRED_PAIRS][2]; /* likewise */
	size_t n_tokens;
	const struct vd_token *tokens; /* COMPLEX: likewise */
	const struct vd_atom *atom;    /* SEARCHES */
	uint64_t needs;                /* bits of builder->bytes */
	uint32_t chars;                /* at least so many characters */
	struct vd_mark_link *marks;
	uint32_t n_marks;
	struct vd_set_entry *chain; /* same slot */
	struct vd_set_entry *next;  /* same table, in order of arrival */
};

struct vd_set_builder {
	uint32_t magic;
#define VD_SET_BUILDER_MAGIC 0x73657462u
	struct vd_arena *arena;
	struct vd_arena *scratch; /* reset for each set */
	/* of the set being built */
	struct vd_set_entry **slots;
	size_t n_slots;
	struct vd_set_entry *first[VD_TABLES], **last[VD_TABLES];
	uint32_t n[VD_TABLES];
	uint32_t n_marks;
	struct vd_bytes bytes;
	struct vd_buf text;
};

/* Both: false when out of memory. */
bool vd_set_collect(struct vd_set_builder *builder, struct vd_set *set, const struct vd_atom *atom,
	struct vd_mark mark) VD_MUST_USE;
bool vd_set_place(struct vd_set_builder *builder, struct vd_set *set) VD_MUST_USE;

#endif
