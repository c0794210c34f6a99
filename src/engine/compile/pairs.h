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

/* Which of a few pairs may begin at a place: bit p of a byte's entry in all four tables, by its two nibbles, says that
 * the byte may be the first, the second of pair p. */
struct vd_pair_masks {
	unsigned char first_low[16], first_high[16], second_low[16], second_high[16];
};

/* bit: below VD_PAIRS_MAX; several pairs may share one. */
void vd_pair_masks_add(struct vd_pair_masks *masks, uint32_t bit, unsigned char first, unsigned char second);

struct vd_pair_word {
	struct vd_str word; /* lower case */
	uint32_t offset;    /* of what is looked for, its pair or gram */
};

struct vd_pairs {
	uint32_t n;
	unsigned char first[VD_PAIRS_MAX], second[VD_PAIRS_MAX]; /* lower case */
	struct vd_pair_masks masks;                              /* letters in both cases */
	size_t n_words;
	const struct vd_pair_word *words; /* by pair: those of pair p are from[p] … from[p + 1] */
	size_t from[VD_PAIRS_MAX + 1];
};

/* words: at least 2 bytes each.  False: more than VD_PAIRS_MAX pairs needed, or out of memory (*ret_memory). */
bool vd_pairs_build(struct vd_arena *arena, const struct vd_str *words, size_t n, struct vd_pairs *ret,
	bool *ret_memory) VD_MUST_USE;

#define VD_PAIRS_OPAQUE 32u

struct vd_pairs_look {
	bool found; /* a word stands in the text */
	/* where a word may stand in disguise: offsets of \\u escapes and of characters that fold to ASCII letters, ascending */
	uint32_t n_opaque;
	uint32_t opaque[VD_PAIRS_OPAQUE];
	bool more; /* there are more of them */
};

/* text must have 64 readable bytes behind it.  Stops at the first word found; opaque is then not told. */
struct vd_pairs_look vd_pairs_look(const struct vd_pairs *pairs, struct vd_str json);

/* Does the word stand in text, in any case, with what is at its offset at text[at]? */
bool vd_pair_word_around(const struct vd_pair_word *one, struct vd_str text, size_t at);

/* ---- pairs_walk_*.c, one per kind of processor ---- */

#define VD_PAIRS_BLOCK 64u

struct vd_pairs_block {
	uint64_t hits;    /* bit i: a pair may begin at at[i] */
	uint64_t wide;    /* bit i: at[i] >= 0x80 */
	uint64_t escapes; /* bit i: at[i] is a backslash, at[i + 1] a u, and they may be an escape */
};

/* Bit i of the block: of what stands at at. */
VD_INLINE void
vd_pairs_look_plain(
	const struct vd_pair_masks *masks, const char *at, uint32_t i, struct vd_pairs_block *block)
{
	unsigned char a = (unsigned char)at[0], b = (unsigned char)at[1];
	unsigned char hit = masks->first_low[a & 15u] & masks->first_high[a >> 4] &
			    masks->second_low[b & 15u] & masks->second_high[b >> 4];
	block->hits |= (uint64_t)(hit != 0) << i;
	block->wide |= (uint64_t)(a >= 0x80) << i;
	block->escapes |= (uint64_t)(a == '\\' && b == 'u') << i;
}

/* vd_pairs_walk byte by byte, for any processor. */
VD_INLINE const char *
vd_pairs_walk_plain(
	const struct vd_pair_masks *masks, const char *at, const char *end, struct vd_pairs_block *ret)
{
	for (; at < end; at += VD_PAIRS_BLOCK) {
		*ret = (struct vd_pairs_block){0, 0, 0};
		for (uint32_t i = 0; i < VD_PAIRS_BLOCK; i++)
			vd_pairs_look_plain(masks, at + i, i, ret);
		if ((ret->hits | ret->wide | ret->escapes) != 0)
			break;
	}
	return at;
}

/* Walks blocks from at to end (reads at most 64 bytes beyond) until one has a bit set; returns where it stands. */
const char *vd_pairs_walk(
	const struct vd_pair_masks *masks, const char *at, const char *end, struct vd_pairs_block *ret);

#endif
