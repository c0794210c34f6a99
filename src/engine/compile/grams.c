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
maybe_pair(const struct vd_grams *grams, uint32_t pair)
{
	return (grams->pairs[pair / 32] >> (pair % 32)) & 1;
}

static struct vd_gram_slot *
slot_of(const struct vd_grams *grams, uint32_t gram)
{
	return &grams->slots[vd_gram_slot_of(grams, gram)];
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
	for (uint32_t at = vd_gram_hash(gram);; at++) {
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

/* The rarest pair of a short literal. */
static uint32_t
best_pair(const struct vd_gram_literal *literal)
{
	const unsigned char *text = (const unsigned char *)literal->text;
	return literal->len > 2 && vd_commonness(text[2]) < vd_commonness(text[0]);
}

static uint32_t
gram_of(const struct vd_gram_literal *literal, uint32_t offset)
{
	return literal->len < VD_GRAM ? pair_at(literal->text + offset) : gram_at(literal->text + offset);
}

/* Takes a gram for the literal and counts it there. */
static uint32_t
choose(struct vd_grams *grams, const struct spread *spread, const struct vd_gram_literal *literal)
{
	bool is_short = literal->len < VD_GRAM;
	uint32_t offset = is_short ? best_pair(literal) : best_offset(spread, literal);
	uint32_t gram = gram_of(literal, offset);
	uint32_t bit = is_short ? gram : bit_of(grams, gram);
	uint32_t *bitmap = is_short ? grams->pairs : grams->bitmap;
	struct vd_gram_slot *slot = slot_of(grams, gram);
	slot->n++;
	bitmap[bit / 32] |= (uint32_t)1 << (bit % 32);
	return offset;
}

static uint32_t
units_of(uint32_t bytes)
{
	return (bytes + 7) / 8;
}

/* Units of an entry, head and all. */
static uint32_t
entry_units(uint32_t len, uint32_t n_items)
{
	return units_of(sizeof(struct vd_gram_entry)) + units_of(len) +
	       units_of(n_items * (uint32_t)sizeof(uint32_t));
}

static void
place(struct vd_grams *grams, const struct vd_gram_literal *literal, uint32_t offset)
{
	struct vd_gram_slot *slot = slot_of(grams, gram_of(literal, offset));
	uint64_t *to = &grams->units[slot->from];
	struct vd_gram_entry entry = {literal->len, offset, literal->id, literal->n_items};
	memcpy(to, &entry, sizeof entry);
	to += units_of(sizeof entry);
	memcpy(to, literal->text, literal->len);
	if (literal->n_items != 0)
		memcpy(to + units_of(literal->len), literal->items,
			literal->n_items * sizeof *literal->items);
	slot->from += entry_units(literal->len, literal->n_items);
}

static bool
allot(struct vd_arena *arena, const struct vd_gram_literal *literals, uint32_t n, struct vd_grams *ret)
{
	uint32_t log = BITMAP_LOG_MIN, slots = 64;
	size_t units = 0;
	bool any_short = false;
	while (log < BITMAP_LOG_MAX && ((uint64_t)1 << log) < (uint64_t)n << BITS_PER_GRAM_LOG)
		log++;
	while (slots < n * 4)
		slots *= 2;
	for (uint32_t i = 0; i < n; i++) {
		any_short |= literals[i].len < VD_GRAM;
		units += entry_units(literals[i].len, literals[i].n_items);
	}
	*ret = (struct vd_grams){.n = n, .shift = 32 - log, .mask = slots - 1};
	ret->units = units > UINT32_MAX ? NULL : vd_arena_array(arena, units, sizeof *ret->units);
	ret->bitmap = vd_arena_array(arena, ((size_t)1 << log) / 32, sizeof *ret->bitmap);
	ret->slots = vd_arena_array(arena, slots, sizeof *ret->slots);
	ret->pairs = any_short ? vd_arena_array(arena, PAIR_BITS / 32, sizeof *ret->pairs) : NULL;
	return ret->units != NULL && ret->bitmap != NULL && ret->slots != NULL &&
	       (!any_short || ret->pairs != NULL);
}

/* Neighbours share a bit: their first bytes are the same or nearly so. */
static void
note_pairs(struct vd_grams *grams)
{
	uint32_t n = 0, k = 0;
	for (uint32_t i = 0; grams->pairs != NULL && i < PAIR_BITS / 32; i++)
		n += (uint32_t)__builtin_popcount(grams->pairs[i]);
	for (uint32_t first = 0; n != 0 && first < 256; first++)
		for (uint32_t second = 0; second < 256; second++)
			if (maybe_pair(grams, first | second << 8))
				vd_pair_masks_add(&grams->masks, k++ * VD_PAIRS_MAX / n, (unsigned char)first,
					(unsigned char)second);
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
	for (uint32_t i = 0; i < n; i++) {
		offsets[i] = choose(ret, &spread, &literals[i]);
		slot_of(ret, gram_of(&literals[i], offsets[i]))->from +=
			entry_units(literals[i].len, literals[i].n_items);
	}
	uint32_t from = 0;
	for (uint32_t i = 0; i <= ret->mask; i++) { /* sizes become places */
		uint32_t size = ret->slots[i].from;
		ret->slots[i].from = from;
		from += size;
	}
	for (uint32_t i = 0; i < n; i++)
		place(ret, &literals[i], offsets[i]);
	from = 0;
	for (uint32_t i = 0; i <= ret->mask; i++) { /* each place has moved to the next one's start: back */
		uint32_t end = ret->slots[i].from;
		ret->slots[i].from = from;
		from = ret->slots[i].n == 0 ? from : end;
	}
	note_pairs(ret);
	return true;
}

/* ---- searching ---- */

/* Are the len bytes at both places the same?  Reads whole units. */
static bool
same(const char *a, const char *b, uint32_t len)
{
	uint64_t one, other;
	for (; len > 8; len -= 8, a += 8, b += 8) {
		memcpy(&one, a, sizeof one);
		memcpy(&other, b, sizeof other);
		if (one != other)
			return false;
	}
	memcpy(&one, a, sizeof one);
	memcpy(&other, b, sizeof other);
	return (one ^ other) << (8 * (8 - len)) == 0; /* little endian: the first bytes are the low ones */
}

static void
compare(const struct vd_gram_search *search, const struct vd_gram_slot *slot, size_t at)
{
	const uint64_t *unit = &search->grams->units[slot->from];
	struct vd_str text = search->text;
	for (uint32_t left = slot->n; left != 0; left--) {
		struct vd_gram_entry entry;
		memcpy(&entry, unit, sizeof entry);
		const uint64_t *literal = unit + units_of(sizeof entry);
		unit += entry_units(entry.len, entry.n_items);
		if (entry.offset > at || text.len - (at - entry.offset) < entry.len ||
			!same(text.at + at - entry.offset, (const char *)literal, entry.len))
			continue;
		search->found(search->owner, entry.id,
			(const uint32_t *)(const void *)(literal + units_of(entry.len)), entry.n_items);
	}
}

static void
fetch(const struct vd_grams *grams, const struct vd_gram_places *places)
{
	for (uint32_t i = 0; i < places->n; i++)
		VD_PREFETCH(&grams->units[grams->slots[places->slot[i]].from]);
}

static void
look(struct vd_gram_search *search)
{
	struct vd_gram_places *places = &search->places;
	for (uint32_t i = 0; i < places->n; i++)
		compare(search, &search->grams->slots[places->slot[i]], places->at[i]);
	places->n = 0;
}

/* Places of the block where a pair really begins. */
static void
take_pairs(struct vd_gram_search *search, size_t base, uint64_t hits)
{
	struct vd_gram_places *places = &search->places;
	for (; hits != 0; hits &= hits - 1) {
		size_t at = base + (size_t)__builtin_ctzll(hits);
		uint32_t pair = pair_at(search->text.at + at);
		if (at + 2 <= search->text.len && maybe_pair(search->grams, pair))
			places->n = vd_gram_note(search->grams, places, places->n, at, pair);
	}
	if (places->n + VD_PAIRS_BLOCK > VD_GRAM_PLACES)
		look(search);
}

static void
search_pairs(struct vd_gram_search *search)
{
	struct vd_pairs_block block;
	const char *start = search->text.at, *at = start, *end = at + search->text.len;
	for (; (at = vd_pairs_walk(&search->grams->masks, at, end, &block)) < end; at += VD_PAIRS_BLOCK)
		take_pairs(search, (size_t)(at - start), block.hits);
}

void
vd_grams_begin(struct vd_gram_search *search, const struct vd_grams *grams, struct vd_str text,
	vd_gram_found *found, void *owner)
{
	search->grams = grams;
	search->text = text;
	search->found = found;
	search->owner = owner;
	search->places.n = 0;
	if (grams->pairs != NULL && text.len >= VD_GRAM_SHORTEST)
		search_pairs(search);
	for (size_t i = 0; i + VD_GRAM <= text.len;) {
		i = vd_grams_walk(grams, text, i, &search->places);
		if (i + VD_GRAM > text.len)
			break;
		fetch(grams, &search->places); /* no more room: these at once */
		look(search);
	}
}

void
vd_grams_fetch(const struct vd_gram_search *search)
{
	fetch(search->grams, &search->places);
}

void
vd_grams_end(struct vd_gram_search *search)
{
	look(search);
}

void
vd_grams_scan(const struct vd_grams *grams, struct vd_str text, vd_gram_found *found, void *owner)
{
	struct vd_gram_search search;
	vd_grams_begin(&search, grams, text, found, owner);
	vd_grams_fetch(&search);
	vd_grams_end(&search);
}
