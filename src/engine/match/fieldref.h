/*
 * Compares the values of two fields of an event: |fieldref.
 *
 * Every value is folded once.  Whole values are looked up by hash, so that the work grows with the event and no
 * faster.  Parts (contains, startswith, endswith) are looked for pair by pair, up to VD_FIELDREF_STEPS.
 *
 * Memory: scratch for the largest comparison, then none.  Thread: one owner.
 */
#ifndef VD_ENGINE_MATCH_FIELDREF_H
#define VD_ENGINE_MATCH_FIELDREF_H

#include "engine/compile/compile.h"
#include "event/event.h"

#define VD_FIELDREF_STEPS (1u << 24) /* bytes looked at, and 16 a pair: a million pairs of short values */

struct vd_fieldrefs;

struct vd_fieldrefs *vd_fieldrefs_new(void) VD_MUST_USE;
void vd_fieldrefs_free(struct vd_fieldrefs *refs);

enum vd_fieldref_result {
	VD_FIELDREF_NO,
	VD_FIELDREF_YES,
	VD_FIELDREF_LIMIT, /* not found within the steps */
	VD_FIELDREF_NO_MEMORY,
};

enum vd_fieldref_result vd_fieldrefs_compare(
	struct vd_fieldrefs *refs, const struct vd_event *ev, const struct vd_fieldref *ref) VD_MUST_USE;

/* Are the whole values certainly different, both being plain texts that end differently?  Known without folding them. */
bool vd_fieldrefs_differ(const struct vd_field *a, const struct vd_field *b);

VD_AUTO_DEFINE(vd_fieldrefs, vd_fieldrefs_free)

#endif
