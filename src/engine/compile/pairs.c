#include "engine/compile/pairs.h"

#include "event/decode.h"

#include "engine/compile/commonness.h"

static double
pair_cost(const char *at)
{
	double cost = vd_commonness((unsigned char)at[0]) * vd_commonness((unsigned char)at[1]);
	/* punctuation seldom stands twice */
	return at[0] == at[1] && (at[0] < '0' || at[0] > 'z') ? cost / 50 : cost;
}

static bool
has_pair(struct vd_str word, const char *pair, uint32_t *ret_offset)
{
	for (size_t i = 0; i + 2 <= word.len; i++)
		if (word.at[i] == pair[0] && word.at[i + 1] == pair[1]) {
			*ret_offset = (uint32_t)i;
			return true;
		}
	return false;
}

/* Greedy set cover: again and again the pair that is cheapest for each word it newly covers. */
static const char *
best_pair(const struct vd_str *words, size_t n, const bool *covered)
{
	const char *best = NULL;
	double best_cost = 0;
	for (size_t w = 0; w < n; w++) {
		for (size_t i = 0; !covered[w] && i + 2 <= words[w].len; i++) {
			size_t covers = 0;
			uint32_t offset;
			for (size_t other = 0; other < n; other++)
				covers += !covered[other] && has_pair(words[other], words[w].at + i, &offset);
			double cost = (pair_cost(words[w].at + i) + 50) / (double)covers;
			if (best == NULL || cost < best_cost) {
				best = words[w].at + i;
				best_cost = cost;
			}
		}
	}
	return best;
}

static unsigned char
fold_bit(char c)
{
	return c >= 'a' && c <= 'z' ? 0x20 : 0;
}

static unsigned char
upper(char c)
{
	return (unsigned char)((unsigned char)c & (unsigned char)~fold_bit(c));
}

void
vd_pair_masks_add(struct vd_pair_masks *masks, uint32_t bit, unsigned char first, unsigned char second)
{
	unsigned char mask = (unsigned char)(1u << bit);
	masks->first_low[first & 15u] |= mask;
	masks->first_high[first >> 4] |= mask;
	masks->second_low[second & 15u] |= mask;
	masks->second_high[second >> 4] |= mask;
}

bool
vd_pairs_build(
	struct vd_arena *arena, const struct vd_str *words, size_t n, struct vd_pairs *ret, bool *ret_memory)
{
	bool *covered = vd_arena_array(arena, n, sizeof *covered);
	struct vd_pair_word *list = vd_arena_array(arena, n, sizeof *list);
	*ret_memory = covered == NULL || list == NULL;
	if (*ret_memory || n > 256)
		return false;
	*ret = (struct vd_pairs){.words = list};
	while (ret->n_words < n) {
		const char *pair = best_pair(words, n, covered);
		if (pair == NULL || ret->n == VD_PAIRS_MAX)
			return false;
		ret->from[ret->n] = ret->n_words;
		for (size_t w = 0; w < n; w++) {
			uint32_t offset;
			if (covered[w] || !has_pair(words[w], pair, &offset))
				continue;
			covered[w] = true;
			list[ret->n_words++] = (struct vd_pair_word){words[w], offset};
		}
		ret->first[ret->n] = (unsigned char)pair[0];
		ret->second[ret->n] = (unsigned char)pair[1];
		vd_pair_masks_add(&ret->masks, ret->n, ret->first[ret->n], ret->second[ret->n]);
		vd_pair_masks_add(&ret->masks, ret->n, upper(pair[0]), upper(pair[1]));
		ret->n++;
	}
	ret->from[ret->n] = ret->n_words;
	return true;
}

bool
vd_pair_word_around(const struct vd_pair_word *one, struct vd_str text, size_t at)
{
	struct vd_str word = one->word;
	if (one->offset > at || text.len - (at - one->offset) < word.len)
		return false;
	const char *from = text.at + at - one->offset;
	for (size_t i = 0; i < word.len; i++)
		if ((unsigned char)(from[i] | (char)fold_bit(word.at[i])) != (unsigned char)word.at[i])
			return false;
	return true;
}

/* text[i] and text[i + 1] are some pair: does one of its words stand around them? */
static bool
words_at(const struct vd_pairs *pairs, struct vd_str text, size_t i)
{
	unsigned char first = (unsigned char)text.at[i],
		      second = i + 1 < text.len ? (unsigned char)text.at[i + 1] : 0;
	for (uint32_t p = 0; p < pairs->n; p++) {
		if ((first | fold_bit((char)pairs->first[p])) != pairs->first[p] ||
			(second | fold_bit((char)pairs->second[p])) != pairs->second[p])
			continue;
		for (size_t w = pairs->from[p]; w < pairs->from[p + 1]; w++)
			if (vd_pair_word_around(&pairs->words[w], text, i))
				return true;
	}
	return false;
}

/* Does the character at text[i] fold to an ASCII letter?  Of all characters two do: U+017F to s, U+212A to k. */
static bool
hides_letter(struct vd_str text, size_t i)
{
	struct vd_str rest = {text.at + i, text.len - i};
	return vd_str_starts(rest, "\xc5\xbf") || vd_str_starts(rest, "\xe2\x84\xaa");
}

static void
note_opaque(struct vd_pairs_look *look, struct vd_str json, size_t base, const struct vd_pairs_block *block)
{
	for (uint64_t bits = block->wide | block->escapes; bits != 0; bits &= bits - 1) {
		size_t at = base + (size_t)__builtin_ctzll(bits);
		if (at >= json.len ||
			!(json.at[at] == '\\' ? vd_json_begins_escape(json, at) : hides_letter(json, at)))
			continue;
		if (look->n_opaque < VD_PAIRS_OPAQUE)
			look->opaque[look->n_opaque++] = (uint32_t)at;
		else
			look->more = true;
	}
}

struct vd_pairs_look
vd_pairs_look(const struct vd_pairs *pairs, struct vd_str json)
{
	struct vd_pairs_look look;
	look.found = look.more = false;
	look.n_opaque = 0;
	const char *at = json.at, *end = json.at + json.len;
	while (at < end) {
		struct vd_pairs_block block;
		at = vd_pairs_walk(&pairs->masks, at, end, &block);
		if (at >= end)
			break;
		size_t base = (size_t)(at - json.at), left = json.len - base;
		uint64_t inside = left >= VD_PAIRS_BLOCK ? UINT64_MAX : ((uint64_t)1 << left) - 1;
		note_opaque(&look, json, base, &block);
		for (uint64_t bits = block.hits & inside; bits != 0; bits &= bits - 1)
			if (words_at(pairs, json, base + (size_t)__builtin_ctzll(bits))) {
				look.found = true;
				return look;
			}
		at += VD_PAIRS_BLOCK;
	}
	return look;
}
