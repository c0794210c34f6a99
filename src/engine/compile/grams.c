#include "engine/compile/grams.h"

#include "engine/compile/commonness.h"

#define BITS_PER_GRAM_LOG                                                                                    \
	5u /* 32 bits of the bitmap for each gram: one text position in 32 is looked at in vain */
#define BITMAP_LOG_MIN 12u
#define BITMAP_LOG_MAX 20u /* 128 KiB: near enough, and one place in a hundred is looked at in vain */

#define PAIR_BITS 65536u

static uint32_t
gram_at(const char *at)
{
	uint32_t gram;
	memcpy(&gram, at, sizeof gram);
	return gram;
}

static uint32_t
pair_at(const char *at)
{
	return (uint32_t)(unsigned char)at[0] | (uint32_t)(unsigned char)at[1] << 8;
}

static uint32_t
bit_of(const struct vd_grams *grams, uint32_t gram)
{
	return (gram * VD_GRAM_MIX) >> grams->shift;
}

static bool
maybe(const struct vd_grams *grams, uint32_t gram)
{
	uint32_t bit = bit_of(grams, gram);
	return (grams->bitmap[bit / 32] >> (bit % 32)) & 1;
}

static struct vd_gram_slot *
slot_of(const struct vd_grams *grams, uint32_t gram)
{
	uint32_t at = (gram * 0x85ebca6bu) >> 7;
	for (;; at++) {
		struct vd_gram_slot *slot = &grams->slots[at & grams->mask];
		if (slot->first == UINT32_MAX || slot->gram == gram)
			return slot;
	}
}

static uint32_t
chain_length(const struct vd_grams *grams, uint32_t gram)
{
	uint32_t n = 0;
	for (uint32_t i = slot_of(grams, gram)->first; i != UINT32_MAX; i = grams->literals[i].next)
		n++;
	return n;
}

/* The rarest gram, and of equally rare ones the one that fewer other literals took. */
static uint32_t
best_offset(const struct vd_grams *grams, const struct vd_gram_literal *literal)
{
	uint32_t best = 0;
	double best_cost = 0;
	for (uint32_t i = 0; i + VD_GRAM <= literal->len; i++) {
		double cost = 1;
		for (uint32_t k = 0; k < VD_GRAM; k++)
			cost *= vd_commonness((unsigned char)literal->text[i + k]);
		cost *= 1 + 0.25 * chain_length(grams, gram_at(literal->text + i));
		if (i == 0 || cost < best_cost) {
			best = i;
			best_cost = cost;
		}
	}
	return best;
}

static void
place(struct vd_grams *grams, uint32_t number)
{
	struct vd_gram_literal *literal = &grams->literals[number];
	bool is_short = literal->len < VD_GRAM;
	memcpy(&literal->head, literal->text, VD_MIN(literal->len, (uint32_t)sizeof literal->head));
	literal->mask = literal->len >= 8 ? UINT64_MAX : ((uint64_t)1 << (8 * literal->len)) - 1;
	literal->offset = is_short ? 0 : best_offset(grams, literal);
	uint32_t gram = is_short ? pair_at(literal->text) : gram_at(literal->text + literal->offset);
	uint32_t bit = is_short ? gram : bit_of(grams, gram);
	uint32_t *bitmap = is_short ? grams->pairs : grams->bitmap;
	struct vd_gram_slot *slot = slot_of(grams, gram);
	slot->gram = gram;
	literal->next = slot->first;
	slot->first = number;
	bitmap[bit / 32] |= (uint32_t)1 << (bit % 32);
}

bool
vd_grams_build(struct vd_arena *arena, struct vd_gram_literal *literals, uint32_t n, struct vd_grams *ret)
{
	uint32_t log = BITMAP_LOG_MIN, slots = 64;
	while (log < BITMAP_LOG_MAX && ((uint64_t)1 << log) < (uint64_t)n << BITS_PER_GRAM_LOG)
		log++;
	while (slots < n * 2)
		slots *= 2;
	*ret = (struct vd_grams){.n = n, .literals = literals, .shift = 32 - log, .mask = slots - 1};
	ret->bitmap = vd_arena_array(arena, ((size_t)1 << log) / 32, sizeof *ret->bitmap);
	ret->slots = vd_arena_array(arena, slots, sizeof *ret->slots);
	if (ret->bitmap == NULL || ret->slots == NULL)
		return false;
	for (uint32_t i = 0; i < slots; i++)
		ret->slots[i].first = UINT32_MAX;
	for (uint32_t i = 0; i < n; i++)
		if (literals[i].len < VD_GRAM && ret->pairs == NULL) {
			ret->pairs = vd_arena_array(arena, PAIR_BITS / 32, sizeof *ret->pairs);
			if (ret->pairs == NULL)
				return false;
		}
	for (uint32_t i = 0; i < n; i++)
		place(ret, i);
	return true;
}

static void
look_at(const struct vd_grams *grams, uint32_t gram, struct vd_str text, size_t i,
	void (*found)(void *owner, uint32_t id), void *owner)
{
	uint32_t at = slot_of(grams, gram)->first;
	for (; at != UINT32_MAX; at = grams->literals[at].next) {
		const struct vd_gram_literal *literal = &grams->literals[at];
		uint64_t head;
		if (literal->offset > i || text.len - (i - literal->offset) < literal->len)
			continue;
		/* four text bytes with two NULs make the same number as a pair: the compares below tell */
		const char *from = text.at + i - literal->offset;
		memcpy(&head, from, sizeof head);
		if (((head ^ literal->head) & literal->mask) == 0 &&
			(literal->len <= 8 || memcmp(from + 8, literal->text + 8, literal->len - 8) == 0))
			found(owner, literal->id);
	}
}

static void
look_gram(const struct vd_grams *grams, struct vd_str text, size_t i, void (*found)(void *owner, uint32_t id),
	void *owner)
{
	look_at(grams, gram_at(text.at + i), text, i, found, owner);
}

static bool
maybe_pair(const struct vd_grams *grams, uint32_t pair)
{
	return (grams->pairs[pair / 32] >> (pair % 32)) & 1;
}

void
vd_grams_scan(const struct vd_grams *grams, struct vd_str text, void (*found)(void *owner, uint32_t id),
	void *owner)
{
	const char *at = text.at, *end = text.at + text.len;
	while (text.len >= 16 && at + 16 <= end) {
		struct vd_gram_hits hits;
		at = vd_grams_walk(grams, at, end, &hits);
		if (at + 16 > end)
			break;
		size_t base = (size_t)(at - text.at);
		for (; hits.grams != 0; hits.grams &= hits.grams - 1)
			look_gram(grams, text, base + (size_t)__builtin_ctz(hits.grams), found, owner);
		for (; hits.pairs != 0; hits.pairs &= hits.pairs - 1) {
			size_t i = base + (size_t)__builtin_ctz(hits.pairs);
			look_at(grams, pair_at(text.at + i), text, i, found, owner);
		}
		at += VD_GRAM_BLOCK;
	}
	for (size_t i = (size_t)(at - text.at); i + 2 <= text.len; i++) { /* the end, place by place */
		uint32_t pair = pair_at(text.at + i);
		if (grams->pairs != NULL && maybe_pair(grams, pair))
			look_at(grams, pair, text, i, found, owner);
		if (i + VD_GRAM <= text.len && maybe(grams, gram_at(text.at + i)))
			look_gram(grams, text, i, found, owner);
	}
}
