#include "engine/compile/grams.h"

#include "engine/random_case.h"
#include "vd_test.h"

#define LITERALS 60u
#define TEXT_MAX 200u

struct tally {
	uint32_t counts[LITERALS];
};

static void
count(void *owner, uint32_t id, const uint32_t *items, uint32_t n)
{
	assert_int_equal(n, id % 3);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(items[i], id + i);
	struct tally *tally = owner;
	tally->counts[id]++;
}

/* Places where literal stands in text, one by one. */
static uint32_t
places(struct vd_str text, const struct vd_gram_literal *literal)
{
	uint32_t n = 0;
	for (size_t i = 0; i + literal->len <= text.len; i++)
		n += memcmp(text.at + i, literal->text, literal->len) == 0;
	return n;
}

/* letters: how many different bytes there are; shortest: of the literals */
static void
agree(struct vd_random *random, uint32_t letters, uint32_t shortest)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	static struct vd_gram_literal literals[LITERALS];
	static uint32_t items[LITERALS][2];
	static char words[LITERALS][24], text[TEXT_MAX + 64];
	struct vd_grams grams;
	uint32_t n = 1 + vd_random_below(random, LITERALS);
	assert_non_null(arena);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t len = shortest + vd_random_below(random, 3) * vd_random_below(random, 10);
		for (uint32_t k = 0; k < len; k++)
			words[i][k] = (char)vd_random_below(random, letters);
		for (uint32_t k = 0; k < 2; k++)
			items[i][k] = i + k;
		literals[i] = (struct vd_gram_literal){
			.text = words[i], .len = len, .id = i, .n_items = i % 3, .items = items[i]};
	}
	assert_true(vd_grams_build(arena, literals, n, &grams));
	for (uint32_t round = 0; round < 20; round++) {
		struct vd_str shown = {text, vd_random_below(random, round < 8 ? 20 : TEXT_MAX)};
		for (uint32_t k = 0; k < sizeof text; k++)
			text[k] = (char)vd_random_below(random, letters);
		uint32_t one = vd_random_below(random, n);
		if (literals[one].len <= shown.len) /* one stands at the very end */
			memcpy(text + shown.len - literals[one].len, literals[one].text, literals[one].len);
		struct tally tally = {{0}};
		vd_grams_scan(&grams, shown, count, &tally);
		for (uint32_t i = 0; i < n; i++) {
			uint32_t n_found = tally.counts[literals[i].id],
				 n_places = places(shown, &literals[i]);
			assert_true(n_found >= n_places && (n_places > 0 || n_found == 0));
		}
	}
}

VD_TEST(every_place_of_every_literal_is_found_and_no_other)
{
	struct vd_random random = {0x9e3779b97f4a7c15u};
	for (uint32_t round = 0; round < 150; round++) {
		agree(&random, 2, 2);
		agree(&random, 3, 4);
		agree(&random, 256, 2);
	}
}
