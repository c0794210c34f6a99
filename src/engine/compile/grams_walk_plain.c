/*
 * The walk for processors without vector code of their own here.
 */
#include "engine/compile/grams.h"

static uint32_t
bit_at(const uint32_t *bitmap, uint32_t bit)
{
	return (bitmap[bit / 32] >> (bit % 32)) & 1u;
}

const char *
vd_grams_walk(const struct vd_grams *grams, const char *at, const char *end, struct vd_gram_hits *ret)
{
	for (; at + 16 <= end; at += VD_GRAM_BLOCK) {
		*ret = (struct vd_gram_hits){0, 0};
		for (uint32_t k = 0; k < VD_GRAM_BLOCK; k++) {
			uint32_t gram;
			memcpy(&gram, at + k, sizeof gram);
			ret->grams |= bit_at(grams->bitmap, (gram * VD_GRAM_MIX) >> grams->shift) << k;
			if (grams->pairs != NULL)
				ret->pairs |= bit_at(grams->pairs, gram & 0xffffu) << k;
		}
		if ((ret->grams | ret->pairs) != 0)
			break;
	}
	return at;
}
