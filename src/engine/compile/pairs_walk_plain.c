/*
 * The walk for processors without vector code of their own here.
 */
#include "engine/compile/pairs.h"

static void
look_at(const struct vd_pair_masks *masks, const char *at, uint32_t i, struct vd_pairs_block *block)
{
	unsigned char a = (unsigned char)at[0], b = (unsigned char)at[1];
	unsigned char hit = masks->first_low[a & 15u] & masks->first_high[a >> 4] &
			    masks->second_low[b & 15u] & masks->second_high[b >> 4];
	block->hits |= (uint64_t)(hit != 0) << i;
	block->wide |= (uint64_t)(a >= 0x80) << i;
	block->escapes |= (uint64_t)(a == '\\' && b == 'u') << i;
}

const char *
vd_pairs_walk(const struct vd_pair_masks *masks, const char *at, const char *end, struct vd_pairs_block *ret)
{
	for (; at < end; at += VD_PAIRS_BLOCK) {
		*ret = (struct vd_pairs_block){0, 0, 0};
		for (uint32_t i = 0; i < VD_PAIRS_BLOCK; i++)
			look_at(masks, at + i, i, ret);
		if ((ret->hits | ret->wide | ret->escapes) != 0)
			break;
	}
	return at;
}
