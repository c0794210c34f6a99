/*
 * Is any of a few words in a text?  Each word is represented by one rare pair of adjacent bytes; a text is walked
 * once for all pairs, a vector's width at a time, and only where a pair stands are the words compared.  Words are
 * ASCII and found in any case.
 *
 * Memory: borrowed words, the table in the caller's arena.  Thread: shared once built.
 */
#ifndef VD_ENGINE_COMPILE_PAIRS_H
#define VD_ENGINE_COMPILE_PAIRS_H

#include "base/arena.h"
#include "base/str.h"

#define VD_PAIRS_MAX 8u

struct vd_pair_word {
	struct vd_str word; /* lower case */
	uint32_t offset;    /* of the pair in the word */
};

struct vd_pairs {
	uint32_t n;
	unsigned char first[VD_PAIRS_MAX], second[VD_PAIRS_MAX];   /* lower case */
	unsigned char fold_first[VD_PAIRS_MAX], fold_second[VD_PAIRS_MAX]; /* 0x20 for letters, else 0 */
	size_t n_words;
	const struct vd_pair_word *words; /* by pair: those of pair p are from[p] … from[p + 1] */
	size_t from[VD_PAIRS_MAX + 1];
};

/* words: at least 2 bytes each.  False: more than VD_PAIRS_MAX pairs needed, or out of memory (*ret_memory). */
bool vd_pairs_build(struct vd_arena *arena, const struct vd_str *words, size_t n, struct vd_pairs *ret,
	bool *ret_memory) VD_MUST_USE;

bool vd_pairs_find(const struct vd_pairs *pairs, struct vd_str text);

#endif
