/*
 * The walk for processors without vector code of their own here.
 */
#include "engine/compile/words.h"

const char *
vd_words_walk(const struct vd_words *words, const char *at, const char *end, uint32_t *ret)
{
	return vd_words_walk_plain(words, at, end, ret);
}
