/*
 * Evaluates a set on the values of one field: which items are true.
 *
 *   vd_scan_begin → vd_scan_value for each value (array elements, duplicate keys) → vd_scan_end
 *
 * Memory: buffers grow to the longest value and stay.  Thread: one owner.
 */
#ifndef VD_ENGINE_MATCH_SCAN_H
#define VD_ENGINE_MATCH_SCAN_H

#include "engine/compile/atom.h"
#include "engine/compile/compile.h"
#include "engine/match/cache.h"
#include "event/event.h"

struct vd_scan;

/* cache: of values and of lines; borrowed. */
enum vd_status vd_scan_new(const struct vd_ruleset *set, struct vd_cache *cache, struct vd_scan **ret,
	struct vd_err *err) VD_MUST_USE;
void vd_scan_free(struct vd_scan *scan);

void vd_scan_begin(struct vd_scan *scan, const struct vd_set *set);
enum vd_status vd_scan_value(
	struct vd_scan *scan, const struct vd_field *field, struct vd_err *err) VD_MUST_USE;
/* Items by their index in the set, in no order; borrowed until the next begin. */
uint32_t vd_scan_end(struct vd_scan *scan, const uint32_t **ret);

/* The forms of a value; borrowed until the next call.  False: out of memory. */
bool vd_scan_forms(
	struct vd_scan *scan, const struct vd_field *field, struct vd_value_forms *ret) VD_MUST_USE;
/* Atoms one by one on one value: field is looked at from here on, in the forms that they ask for. */
void vd_scan_field(struct vd_scan *scan, const struct vd_field *field);
/* A search cut short is counted.  False too when out of memory, which vd_scan_failed tells. */
bool vd_scan_atom(struct vd_scan *scan, const struct vd_atom *atom);
bool vd_scan_failed(const struct vd_scan *scan);
struct vd_regex_match *vd_scan_match(struct vd_scan *scan);
/* Searches of regular expressions that were cut short at their limit. */
uint64_t vd_scan_limited(const struct vd_scan *scan);

VD_AUTO_DEFINE(vd_scan, vd_scan_free)

#endif
