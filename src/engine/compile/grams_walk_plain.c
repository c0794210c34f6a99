/*
 * The walk for processors without vector code of their own here.
 */
#include "engine/compile/grams.h"

size_t
vd_grams_walk(const struct vd_grams *grams, struct vd_str text, size_t from, struct vd_gram_places *places)
{
	for (; from + 16 <= text.len && places->n + VD_GRAM_BLOCK <= VD_GRAM_PLACES; from += VD_GRAM_BLOCK)
		for (uint32_t k = 0; k < VD_GRAM_BLOCK; k++) {
			uint32_t gram;
			memcpy(&gram, text.at + from + k, sizeof gram);
			uint32_t bit = (gram * VD_GRAM_MIX) >> grams->shift;
			places->at[places->n] = (uint32_t)(from + k);
			places->n += (grams->bitmap[bit / 32] >> (bit % 32)) & 1u;
		}
	return from;
}
