/*
 * The walk for processors without vector code of their own here.
 */
#include "engine/compile/grams.h"

size_t
vd_grams_walk(const struct vd_grams *grams, struct vd_str text, size_t from, struct vd_gram_places *places)
{
	return vd_grams_walk_plain(grams, text, from, places);
}
