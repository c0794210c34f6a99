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

static uint32_t
slot_index(uint32_t gram)
{
	return (gram * 0x85ebca6bu) >> 7;
}

static struct vd_gram_slot *
slot_of(const struct vd_grams *grams, uint32_t gram)
{
	for (uint32_t at = slot_index(gram);; at++) {
		struct vd_gram_slot *slot = &grams->slots[at & grams->mask];
		if (slot->n == 0 || slot->gram == gram)
			return slot;
	}
}

/* How many literals hold each gram.  What rules look for often is also what values are made of: ".exe", "\\windows\\". */
struct spread {
	uint32_t mask;
	struct spread_slot {
		uint32_t gram, n;
	} * slots;
};

static uint32_t *
spread_of(const struct spread *spread, uint32_t gram)
{
	for (uint32_t at = slot_index(gram);; at++) {
		struct spread_slot *slot = &spread->slots[at & spread->mask];
		if (slot->n == 0 || slot->gram == gram) {
			slot->gram = gram;
			return &slot->n;
		}
	}
}

static bool
count_grams(struct vd_arena *scratch, const struct vd_gram_literal *literals, uint32_t n, struct spread *ret)
{
	size_t grams = 0, slots = 64;
	for (uint32_t i = 0; i < n; i++)
		grams += literals[i].len;
	while (slots < grams * 2)
		slots *= 2;
	ret->mask = (uint32_t)(slots - 1);
	ret->slots = vd_arena_array(scratch, slots, sizeof *ret->slots);
	if (ret->slots == NULL)
		return false;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k + VD_GRAM <= literals[i].len; k++)
			++*spread_of(ret, gram_at(literals[i].text + k));
	return true;
}

/* The rarest gram by its letters and by how many literals hold it. */
static uint32_t
best_offset(const struct spread *spread, const struct vd_gram_literal *literal)
{
	uint32_t best = 0;
	double best_cost = 0;
	for (uint32_t i = 0; i + VD_GRAM <= literal->len; i++) {
		double cost = 1;
		for (uint32_t k = 0; k < VD_GRAM; k++)
			cost *= vd_commonness((unsigned char)literal->text[i + k]);
		double n = *spread_of(spread, gram_at(literal->text + i));
		cost *= n * n;
		if (i == 0 || cost < best_cost) {
			best = i;
			best_cost = cost;
		}
	}
	return best;
}

static uint32_t
gram_of(const struct vd_gram_literal *literal, uint32_t offset)
{
	return literal->len < VD_GRAM ? pair_at(literal->text) : gram_at(literal->text + offset);
}

/* Takes a gram for the literal and counts it there. */
static uint32_t
choose(struct vd_grams *grams, const struct spread *spread, const struct vd_gram_literal *literal)
{
	bool is_short = literal->len < VD_GRAM;
	uint32_t offset = is_short ? 0 : best_offset(spread, literal), gram = gram_of(literal, offset);
	uint32_t bit = is_short ? gram : bit_of(grams, gram);
	uint32_t *bitmap = is_short ? grams->pairs : grams->bitmap;
	struct vd_gram_slot *slot = slot_of(grams, gram);
	slot->gram = gram;
	slot->n++;
	bitmap[bit / 32] |= (uint32_t)1 << (bit % 32);
	return offset;
}

static void
place(struct vd_grams *grams, const struct vd_gram_literal *literal, uint32_t offset)
{
	struct vd_gram_slot *slot = slot_of(grams, gram_of(literal, offset));
	struct vd_gram_entry *entry = &grams->entries[slot->from++];
	*entry = (struct vd_gram_entry){
		.text = literal->text, .len = literal->len, .offset = offset, .id = literal->id};
	memcpy(&entry->head, literal->text, VD_MIN(literal->len, (uint32_t)sizeof entry->head));
	entry->mask = literal->len >= 8 ? UINT64_MAX : ((uint64_t)1 << (8 * literal->len)) - 1;
}

static bool
allot(struct vd_arena *arena, const struct vd_gram_literal *literals, uint32_t n, struct vd_grams *ret)
{
	uint32_t log = BITMAP_LOG_MIN, slots = 64;
	bool any_short = false;
	while (log < BITMAP_LOG_MAX && ((uint64_t)1 << log) < (uint64_t)n << BITS_PER_GRAM_LOG)
		log++;
	while (slots < n * 2)
		slots *= 2;
	for (uint32_t i = 0; i < n; i++)
		any_short |= literals[i].len < VD_GRAM;
	*ret = (struct vd_grams){.n = n, .shift = 32 - log, .mask = slots - 1};
	ret->entries = vd_arena_array(arena, n, sizeof *ret->entries);
	ret->bitmap = vd_arena_array(arena, ((size_t)1 << log) / 32, sizeof *ret->bitmap);
	ret->slots = vd_arena_array(arena, slots, sizeof *ret->slots);
	ret->pairs = any_short ? vd_arena_array(arena, PAIR_BITS / 32, sizeof *ret->pairs) : NULL;
	return ret->entries != NULL && ret->bitmap != NULL && ret->slots != NULL &&
	       (!any_short || ret->pairs != NULL);
}

bool
vd_grams_build(
	struct vd_arena *arena, const struct vd_gram_literal *literals, uint32_t n, struct vd_grams *ret)
{
	VD_AUTO(vd_arena) scratch = vd_arena_new(0);
	uint32_t *offsets = scratch == NULL ? NULL : vd_arena_array(scratch, n, sizeof *offsets);
	struct spread spread;
	if (offsets == NULL || !allot(arena, literals, n, ret) || !count_grams(scratch, literals, n, &spread))
		return false;
	for (uint32_t i = 0; i < n; i++)
		offsets[i] = choose(ret, &spread, &literals[i]);
	uint32_t from = 0;
	for (uint32_t i = 0; i <= ret->mask; i++) {
		ret->slots[i].from = from;
		from += ret->slots[i].n;
	}
	for (uint32_t i = 0; i < n; i++)
		place(ret, &literals[i], offsets[i]);
	for (uint32_t i = 0; i <= ret->mask; i++) /* each place has moved to the next one's start */
		ret->slots[i].from -= ret->slots[i].n;
	return true;
}

/* Places of a text worth a look, looked at together: what one waits for is fetched while others are. */
#define HITS 64u

struct hits {
	const struct vd_grams *grams;
	struct vd_str text;
	void (*found)(void *owner, uint32_t id);
	void *owner;
	uint32_t n;
	struct hit {
		uint32_t gram;
		uint32_t at;
		const struct vd_gram_slot *slot;
	} list[HITS];
};

static void
compare(const struct hits *hits, const struct hit *hit)
{
	const struct vd_gram_entry *literal = &hits->grams->entries[hit->slot->from];
	struct vd_str text = hits->text;
	for (uint32_t left = hit->slot->n; left != 0; left--, literal++) {
		uint64_t head;
		if (literal->offset > hit->at || text.len - (hit->at - literal->offset) < literal->len)
			continue;
		/* four text bytes with two NULs make the same number as a pair: the compares below tell */
		const char *from = text.at + hit->at - literal->offset;
		memcpy(&head, from, sizeof head);
		if (((head ^ literal->head) & literal->mask) == 0 &&
			(literal->len <= 8 || memcmp(from + 8, literal->text + 8, literal->len - 8) == 0))
			hits->found(hits->owner, literal->id);
	}
}

static void
look(struct hits *hits)
{
	const struct vd_grams *grams = hits->grams;
	uint32_t n = 0;
	for (uint32_t i = 0; i < hits->n; i++) {
		const struct vd_gram_slot *slot = slot_of(grams, hits->list[i].gram);
		if (slot->n == 0)
			continue;
		VD_PREFETCH(&grams->entries[slot->from]);
		hits->list[n] = hits->list[i];
		hits->list[n++].slot = slot;
	}
	for (uint32_t i = 0; i < n; i++)
		compare(hits, &hits->list[i]);
	hits->n = 0;
}

static void
note(struct hits *hits, uint32_t gram, size_t at)
{
	VD_PREFETCH(&hits->grams->slots[slot_index(gram) & hits->grams->mask]);
	hits->list[hits->n++] = (struct hit){gram, (uint32_t)at, NULL};
	if (hits->n == HITS)
		look(hits);
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
	struct hits hits;
	hits.grams = grams;
	hits.text = text;
	hits.found = found;
	hits.owner = owner;
	hits.n = 0;
	const char *at = text.at, *end = text.at + text.len;
	while (text.len >= 16 && at + 16 <= end) {
		struct vd_gram_hits block;
		at = vd_grams_walk(grams, at, end, &block);
		if (at + 16 > end)
			break;
		for (; block.grams != 0; block.grams &= block.grams - 1) {
			const char *here = at + __builtin_ctz(block.grams);
			note(&hits, gram_at(here), (size_t)(here - text.at));
		}
		for (; block.pairs != 0; block.pairs &= block.pairs - 1) {
			const char *here = at + __builtin_ctz(block.pairs);
			note(&hits, pair_at(here), (size_t)(here - text.at));
		}
		at += VD_GRAM_BLOCK;
	}
	for (size_t i = (size_t)(at - text.at); i + 2 <= text.len; i++) { /* the end, place by place */
		uint32_t pair = pair_at(text.at + i);
		if (grams->pairs != NULL && maybe_pair(grams, pair))
			note(&hits, pair, i);
		if (i + VD_GRAM <= text.len && maybe(grams, gram_at(text.at + i)))
			note(&hits, gram_at(text.at + i), i);
	}
	look(&hits);
}
