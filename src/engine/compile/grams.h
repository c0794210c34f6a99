/*
 * Many literals in one text, for sets so large that a general matcher's tables no longer stay near the processor:
 * each literal is represented by its rarest four bytes (a q-gram), a bitmap says which four bytes are worth a look,
 * and only there literals are compared.  (Wu and Manber, "A fast algorithm for multi-pattern searching", 1994, with
 * the block chosen by rarity instead of by place.)
 *
 * Memory: everything in the caller's arena.  Thread: shared once built.
 */
#ifndef VD_ENGINE_COMPILE_GRAMS_H
#define VD_ENGINE_COMPILE_GRAMS_H

#include "engine/compile/pairs.h"

#define VD_GRAM 4u

struct vd_gram_literal {
	const char *text;
	uint32_t len;
	uint32_t id; /* the caller's, */
	uint32_t n_items;
	const uint32_t *items; /* and more of his: both are handed to found */
};

/* items: NULL where the caller remembers only the id. */
typedef void vd_gram_found(void *owner, uint32_t id, const uint32_t *items, uint32_t n);

/*
 * A literal as the search meets it: what it needs stands in one place, the text behind this head (filled up with NULs to
 * whole units), the items behind the text.  Those of one gram stand side by side.
 */
struct vd_gram_entry {
	uint32_t len;
	uint32_t offset; /* of its gram */
	uint32_t id;
	uint32_t n_items;
};

/* Literals whose grams have one hash: where they begin, how many there are.  What is not the text's the compare tells. */
struct vd_gram_slot {
	uint32_t from, n;
};

struct vd_grams {
	uint32_t n;
	uint64_t *units;  /* entries */
	uint32_t shift;   /* 32 - log2 of bits in the bitmap */
	uint32_t *bitmap; /* words of 32 bits: a vector gathers eight */
	uint32_t mask;
	struct vd_gram_slot *slots;
	uint32_t *pairs;            /* bitmap of two bytes of short literals, NULL: there are none */
	struct vd_pair_masks masks; /* of the same, some sharing a bit */
};

#define VD_GRAM_SHORTEST 2u

/* Literals of at least VD_GRAM_SHORTEST bytes; nothing of them is kept.  False: out of memory. */
bool vd_grams_build(struct vd_arena *arena, const struct vd_gram_literal *literals, uint32_t n,
	struct vd_grams *ret) VD_MUST_USE;

/* Places of a text that are worth a look, and the slots to look at. */
#define VD_GRAM_PLACES 128u

struct vd_gram_places {
	uint32_t n;
	uint32_t at[VD_GRAM_PLACES];
	uint32_t slot[VD_GRAM_PLACES];
};

/* A search under way: what it waits for is fetched while its caller does something else. */
struct vd_gram_search {
	const struct vd_grams *grams;
	struct vd_str text;
	vd_gram_found *found;
	void *owner;
	struct vd_gram_places places;
};

/*
 * Calls found for the id of each literal in text (64 readable bytes behind it), at least once for each place it stands at
 * (twice where NULs make four bytes look like two): begin, fetch and end in this order, during all of which text stays.
 */
void vd_grams_begin(struct vd_gram_search *search, const struct vd_grams *grams, struct vd_str text,
	vd_gram_found *found, void *owner);
void vd_grams_fetch(const struct vd_gram_search *search);
void vd_grams_end(struct vd_gram_search *search);
/* All three. */
void vd_grams_scan(const struct vd_grams *grams, struct vd_str text, vd_gram_found *found, void *owner);

/* ---- grams_walk_*.c, one per kind of processor ---- */

#define VD_GRAM_MIX 0x9e3779b1u

VD_INLINE uint32_t
vd_gram_hash(uint32_t gram)
{
	uint32_t h = gram * 0x85ebca6bu;
	return h ^ h >> 15; /* low bits of a product know only the low bytes */
}

VD_INLINE uint32_t
vd_gram_slot_of(const struct vd_grams *grams, uint32_t gram)
{
	return vd_gram_hash(gram) & grams->mask;
}

/* Notes a place and fetches its slot. */
VD_INLINE uint32_t
vd_gram_note(
	const struct vd_grams *grams, struct vd_gram_places *places, uint32_t n, size_t at, uint32_t gram)
{
	uint32_t slot = vd_gram_slot_of(grams, gram);
	VD_PREFETCH(&grams->slots[slot]);
	places->at[n] = (uint32_t)at;
	places->slot[n] = slot;
	return n + 1;
}

/* vd_grams_walk place by place, for any processor. */
VD_INLINE size_t
vd_grams_walk_plain(
	const struct vd_grams *grams, struct vd_str text, size_t from, struct vd_gram_places *places)
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

/* Looks at eight places from one on; reads 16 bytes. */
#define VD_GRAM_BLOCK 8u

/*
 * Appends the places from `from` on whose four bytes are some gram, as long as places has room for a block; returns where
 * it stands, at the end near or behind that of text.
 */
size_t vd_grams_walk(
	const struct vd_grams *grams, struct vd_str text, size_t from, struct vd_gram_places *places);

#endif
