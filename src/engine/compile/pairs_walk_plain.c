/*
 * The walk for processors without vector code of their own here.
 */
#include "engine/compile/pairs.h"

const char *
vd_pairs_walk(const struct vd_pair_masks *masks, const char *at, const char *end, struct vd_pairs_block *ret)
{
	return vd_pairs_walk_plain(masks, at, end, ret);
}
