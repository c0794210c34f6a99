#include "engine/compile/words.h"

#define BITS_PER_GRAM 64u
#define BITMAP_LOG_MIN 10u
#define BITMAP_LOG_MAX 18u
#define PAIRS_FOR 64u /* more words are not tried by pairs alone: that takes time and hardly succeeds */

static uint32_t
gram_at(const char *at)
{
	uint32_t gram;
	memcpy(&gram, at, sizeof gram);
	return gram | VD_WORDS_FOLD;
}

static void
sort_in(struct vd_word_gram *list, uint32_t n, struct vd_word_gram one)
{
	for (; n > 0 && list[n - 1].gram > one.gram; n--)
		list[n] = list[n - 1];
	list[n] = one;
}

static bool
add_grams(struct vd_arena *arena, const struct vd_str *words, size_t n, struct vd_words *ret)
{
	struct vd_word_gram *list = vd_arena_array(arena, n * VD_WORDS_STEP, sizeof *list);
	uint32_t log = BITMAP_LOG_MIN;
	while (log < BITMAP_LOG_MAX && ((uint64_t)1 << log) < (uint64_t)n * VD_WORDS_STEP * BITS_PER_GRAM)
		log++;
	ret->shift = 32 - log;
	ret->bitmap = vd_arena_array(arena, ((size_t)1 << log) / 32, sizeof *ret->bitmap);
	if (list == NULL || ret->bitmap == NULL)
		return false;
	for (size_t w = 0; w < n; w++)
		for (uint32_t offset = 0; offset < VD_WORDS_STEP; offset++) {
			uint32_t gram = gram_at(words[w].at + offset),
				 bit = gram * VD_WORDS_MIX >> ret->shift;
			sort_in(list, ret->n_grams++, (struct vd_word_gram){gram, {words[w], offset}});
			ret->bitmap[bit / 32] |= (uint32_t)1 << (bit % 32);
		}
	ret->grams = list;
	return true;
}

bool
vd_words_build(
	struct vd_arena *arena, const struct vd_str *words, size_t n, struct vd_words *ret, bool *ret_memory)
{
	memset(ret, 0, sizeof *ret);
	*ret_memory = false;
	if (n <= PAIRS_FOR && vd_pairs_build(arena, words, n, &ret->pairs, ret_memory))
		return true;
	struct vd_str *sorted = *ret_memory ? NULL : vd_arena_array(arena, n, sizeof *sorted);
	*ret_memory = sorted == NULL;
	if (sorted == NULL)
		return false;
	size_t n_short = 0, n_long = 0;
	for (size_t i = 0; i < n; i++)
		if (words[i].len < VD_WORDS_LONG)
			sorted[n_short++] = words[i];
		else
			sorted[n - ++n_long] = words[i];
	if (!vd_pairs_build(arena, sorted, n_short, &ret->pairs, ret_memory))
		return false;
	*ret_memory = !add_grams(arena, sorted + n_short, n_long, ret);
	return !*ret_memory;
}

/* Does a word with this gram stand around text[at]? */
static bool
word_around(const struct vd_words *words, struct vd_str text, size_t at)
{
	uint32_t gram = gram_at(text.at + at), low = 0, high = words->n_grams;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (words->grams[middle].gram < gram)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < words->n_grams && words->grams[low].gram == gram; low++)
		if (vd_pair_word_around(&words->grams[low].word, text, at))
			return true;
	return false;
}

static bool
any_long(const struct vd_words *words, struct vd_str json)
{
	const char *at = json.at, *end = json.at + json.len;
	uint32_t hits;
	for (; (at = vd_words_walk(words, at, end, &hits)) < end; at += VD_WORDS_BLOCK)
		for (; hits != 0; hits &= hits - 1) {
			size_t here = (size_t)(at - json.at) + VD_WORDS_STEP * (size_t)__builtin_ctz(hits);
			if (here + VD_WORDS_STEP <= json.len && word_around(words, json, here))
				return true;
		}
	return false;
}

struct vd_pairs_look
vd_words_look(const struct vd_words *words, struct vd_str json)
{
	struct vd_pairs_look look = vd_pairs_look(&words->pairs, json);
	if (!look.found && words->n_grams != 0)
		look.found = any_long(words, json);
	return look;
}
