/*
 * The walk for processors without vector code of their own here.
 */
#include "engine/compile/words.h"

const char *
vd_words_walk(const struct vd_words *words, const char *at, const char *end, uint32_t *ret)
{
	for (; at < end; at += VD_WORDS_BLOCK) {
		*ret = 0;
		for (uint32_t k = 0; k < VD_WORDS_BLOCK / VD_WORDS_STEP; k++) {
			uint32_t gram;
			memcpy(&gram, at + VD_WORDS_STEP * k, sizeof gram);
			uint32_t bit = (gram | VD_WORDS_FOLD) * VD_WORDS_MIX >> words->shift;
			*ret |= ((words->bitmap[bit / 32] >> (bit % 32)) & 1u) << k;
		}
		if (*ret != 0)
			break;
	}
	return at;
}
