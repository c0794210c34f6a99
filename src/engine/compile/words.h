/*
 * Is any of many words in an event?  A few go by pairs (pairs.h).  Of more, those of seven bytes and longer are found by
 * looking at every fourth place only: the four bytes there are one of the four grams that begin at a word's first four
 * bytes, wherever the word stands; a bitmap says which are worth a look.  (The sampling of Wu and Manber, "A fast
 * algorithm for multi-pattern searching", 1994, section 2, with a step of one gram.)
 *
 * Memory: borrowed words, tables in the caller's arena.  Thread: shared once built.
 */
#ifndef VD_ENGINE_COMPILE_WORDS_H
#define VD_ENGINE_COMPILE_WORDS_H

#include "engine/compile/pairs.h"

#define VD_WORDS_STEP 4u
#define VD_WORDS_LONG (2u * VD_WORDS_STEP - 1u) /* so that one whole gram stands at a looked-at place */

struct vd_word_gram {
	uint32_t gram; /* folded by VD_WORDS_FOLD */
	struct vd_pair_word word;
};

struct vd_words {
	struct vd_pairs pairs;            /* of the short ones, or of all */
	uint32_t n_grams;                 /* 0: pairs are all */
	const struct vd_word_gram *grams; /* by gram */
	uint32_t shift;                   /* 32 - log2 of bits in the bitmap */
	uint32_t *bitmap;
};

/* words: ASCII, lower case, at least two bytes each.  False: too many short ones, or out of memory (*ret_memory). */
bool vd_words_build(struct vd_arena *arena, const struct vd_str *words, size_t n, struct vd_words *ret,
	bool *ret_memory) VD_MUST_USE;

/* As vd_pairs_look. */
struct vd_pairs_look vd_words_look(const struct vd_words *words, struct vd_str json);

/* ---- words_walk_*.c, one per kind of processor ---- */

#define VD_WORDS_MIX 0x9e3779b1u
#define VD_WORDS_FOLD 0x20202020u /* letters in one case; other bytes may be mixed up: the compare tells */
#define VD_WORDS_BLOCK 32u

/* Grams of one block that are worth a look, as vd_words_walk tells them, for any processor. */
VD_INLINE uint32_t
vd_words_block_plain(const struct vd_words *words, const char *at)
{
	uint32_t hits = 0;
	for (uint32_t k = 0; k < VD_WORDS_BLOCK / VD_WORDS_STEP; k++) {
		uint32_t gram;
		memcpy(&gram, at + VD_WORDS_STEP * k, sizeof gram);
		uint32_t bit = (gram | VD_WORDS_FOLD) * VD_WORDS_MIX >> words->shift;
		hits |= ((words->bitmap[bit / 32] >> (bit % 32)) & 1u) << k;
	}
	return hits;
}

VD_INLINE const char *
vd_words_walk_plain(const struct vd_words *words, const char *at, const char *end, uint32_t *ret)
{
	for (; at < end; at += VD_WORDS_BLOCK)
		if ((*ret = vd_words_block_plain(words, at)) != 0)
			break;
	return at;
}

/*
 * Walks blocks of VD_WORDS_BLOCK bytes (read whole) from at to end until one has a gram that is worth a look; returns where it
 * stands.  ret: bit k: the gram at at[4 * k].
 */
const char *vd_words_walk(const struct vd_words *words, const char *at, const char *end, uint32_t *ret);

#endif
