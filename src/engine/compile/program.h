/*
 * Condition programs: a rule's tree with what a route knows worked in, as prefix code over bits, and the
 * triggers that make it worth running.
 */
#ifndef VD_ENGINE_COMPILE_PROGRAM_H
#define VD_ENGINE_COMPILE_PROGRAM_H

#include "engine/compile/compile.h"
#include "engine/sigma/regex.h"

/* What every event of a route has in common; raw and folded are the same text where they are known. */
struct vd_known {
	struct vd_str channel;  /* folded; empty: not known */
	struct vd_str event_id; /* empty: not known */
	bool other_event_id;    /* none of the event ids that rules of the channel name exactly */
};

/* The tree with constants folded; shares what did not change.  NULL: out of memory. */
struct vd_node *vd_program_simplify(struct vd_arena *arena, const struct vd_items *items,
	const struct vd_known *known, struct vd_regex_match *match, struct vd_node *node) VD_MUST_USE;

/* bit_of: item number → bit in the route. */
struct vd_program_writer {
	const struct vd_items *items;
	const uint32_t *bit_of;
	struct vd_code *code; /* grows */
	size_t n, cap;
};

/* Appends the program of a tree; returns its first instruction or VD_NONE when out of memory. */
uint32_t vd_program_write(struct vd_program_writer *writer, const struct vd_node *node) VD_MUST_USE;

enum vd_program_stage {
	VD_STAGE_WHOLE, /* a rule's whole tree: finds the costly items that it cannot do without (vd_items_keep) */
	VD_STAGE_ROUTE, /* what a route left of it: of the items that are not judged later */
};

/*
 * The cheapest items of which at least one is true whenever the tree is.  False: there are none (the rule must be
 * run on every event).  Calls fn for each item number.
 */
bool vd_program_triggers(const struct vd_items *items, const struct vd_node *node,
	enum vd_program_stage stage, void (*fn)(void *owner, uint32_t item), void *owner);

/* Calls fn for every leaf that is still in the tree. */
void vd_program_leaves(
	const struct vd_node *node, void (*fn)(void *owner, const struct vd_node *leaf), void *owner);

#endif
