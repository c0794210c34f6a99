/*
 * The walk for processors without vector code of their own here.
 */
#include "engine/compile/grams.h"

size_t
vd_grams_walk(const struct vd_grams *grams, struct vd_str text, size_t from, struct vd_gram_places *places)
{
	for (; from + VD_GRAM <= text.len && places->n < VD_GRAM_PLACES; from++) {
		uint32_t gram;
		memcpy(&gram, text.at + from, sizeof gram);
		uint32_t bit = (gram * VD_GRAM_MIX) >> grams->shift;
		if ((grams->bitmap[bit / 32] >> (bit % 32)) & 1u)
			places->n = vd_gram_note(grams, places, places->n, from, gram);
	}
	return from;
}
