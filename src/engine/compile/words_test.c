#include "engine/compile/words.h"

#include <ctype.h>
#include <strings.h>

#include "engine/random_case.h"
#include "vd_test.h"

#define WORDS_MAX 120u
#define TEXT_MAX 300u

static bool
stands(struct vd_str text, struct vd_str word)
{
	for (size_t i = 0; i + word.len <= text.len; i++)
		if (strncasecmp(text.at + i, word.at, word.len) == 0)
			return true;
	return false;
}

/* A word of letters and dots; letters: how many different ones there are. */
static void
make(struct vd_random *random, uint32_t letters, char *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = vd_random_below(random, 9) == 0 ? '.'
							: (char)('a' + vd_random_below(random, letters));
}

static void
agree(struct vd_random *random, uint32_t letters, uint32_t n, uint32_t shortest)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	static char room[WORDS_MAX][16], text[TEXT_MAX + 64];
	struct vd_str list[WORDS_MAX];
	struct vd_words words;
	bool no_memory;
	assert_non_null(arena);
	for (uint32_t i = 0; i < n; i++) {
		list[i] = (struct vd_str){room[i], shortest + vd_random_below(random, 16 - shortest)};
		make(random, letters, room[i], list[i].len);
	}
	if (!vd_words_build(arena, list, n, &words, &no_memory)) {
		assert_false(no_memory);
		assert_true(shortest < VD_WORDS_LONG); /* only short ones can be too many */
		return;
	}
	for (uint32_t round = 0; round < 40; round++) {
		struct vd_str shown = {text, vd_random_below(random, TEXT_MAX)};
		make(random, 26, text, sizeof text);
		struct vd_str one = list[vd_random_below(random, n)];
		if (round % 2 == 0 && one.len <= shown.len) {
			size_t at = vd_random_below(random, (uint32_t)(shown.len - one.len) + 1);
			for (size_t i = 0; i < one.len; i++)
				text[at + i] = (char)(vd_random_below(random, 2) == 0 ? one.at[i]
										      : toupper(one.at[i]));
		}
		bool any = false;
		for (uint32_t i = 0; i < n; i++)
			any |= stands(shown, list[i]);
		assert_int_equal(vd_words_look(&words, shown).found, any);
	}
}

VD_TEST(a_word_is_found_wherever_it_stands_in_any_case)
{
	struct vd_random random = {0x2545f4914f6cdd1du};
	for (uint32_t round = 0; round < 100; round++) {
		agree(&random, 26, 1 + vd_random_below(&random, 6), 3);
		agree(&random, 26, WORDS_MAX, 7);
		agree(&random, 4, WORDS_MAX, 8);
		agree(&random, 26, WORDS_MAX, 3);
		agree(&random, 2, 12, 3);
	}
}
