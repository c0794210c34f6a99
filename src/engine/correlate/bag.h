/*
 * Counted values: how often each byte string is in a window.  Adding, removing and counting are O(1).
 * Memory: a bag owns copies of its values.  Bound: the entries of its window.
 */
#ifndef VD_ENGINE_CORRELATE_BAG_H
#define VD_ENGINE_CORRELATE_BAG_H

#include "engine/correlate/shared.h"

struct vd_corr_bag_item {
	struct vd_corr_bag_item *next;
	uint64_t hash;
	uint64_t count;
	size_t len;
	char bytes[];
};

struct vd_corr_bag {
	struct vd_corr_bag_item **buckets;
	size_t n_buckets; /* a power of two, or 0 */
	size_t n;         /* distinct values */
	uint64_t total;   /* values, repeated ones as often as they are in */
};

void vd_corr_bag_fini(struct vd_corr_bag *bag, struct vd_corr_shared *shared);
/* False: out of memory, nothing was added.  *ret_new (may be NULL): it was not in the bag before. */
bool vd_corr_bag_add(struct vd_corr_bag *bag, struct vd_corr_shared *shared, struct vd_str value,
	bool *ret_new) VD_MUST_USE;
void vd_corr_bag_remove(struct vd_corr_bag *bag, struct vd_corr_shared *shared, struct vd_str value);
uint64_t vd_corr_bag_count(
	const struct vd_corr_bag *bag, const struct vd_corr_shared *shared, struct vd_str value);

#endif
