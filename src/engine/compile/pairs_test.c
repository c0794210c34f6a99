#include "engine/compile/pairs.h"

#include "engine/random_case.h"
#include "event/decode.h"
#include "vd_test.h"

#define TEXT_MAX 400u

/* Does a character that may hide an ASCII letter begin at text[i]? */
static bool
hides(struct vd_str text, size_t i)
{
	struct vd_str rest = {text.at + i, text.len - i};
	bool escape = vd_str_starts(rest, "\\u") && vd_json_begins_escape(text, i);
	return escape || vd_str_starts(rest, "\xc5\xbf") || vd_str_starts(rest, "\xe2\x84\xaa");
}

static void
expect_opaque(const struct vd_pairs *pairs, struct vd_str text)
{
	struct vd_pairs_look look = vd_pairs_look(pairs, text);
	uint32_t n = 0;
	assert_false(look.found);
	for (size_t i = 0; i < text.len; i++) {
		if (!hides(text, i))
			continue;
		assert_true(n < look.n_opaque || look.more);
		if (n < look.n_opaque)
			assert_int_equal(look.opaque[n], i);
		n++;
	}
	assert_int_equal(look.n_opaque, VD_MIN(n, VD_PAIRS_OPAQUE));
	assert_int_equal(look.more, n > VD_PAIRS_OPAQUE);
}

/* Of escapes the plain walk tells more: those that one backslash before them excuses. */
VD_TEST(the_plain_walk_says_what_this_processors_says)
{
	struct vd_random random = {0x2545f4914f6cdd1du};
	struct vd_pair_masks masks = {0};
	char text[TEXT_MAX + 64];
	vd_pair_masks_add(&masks, 0, 'a', 'b');
	vd_pair_masks_add(&masks, 7, 0xc3, 'z');
	for (unsigned round = 0; round < 2000; round++) {
		struct vd_pairs_block one = {0, 0, 0}, other = {0, 0, 0};
		for (size_t i = 0; i < sizeof text; i++)
			text[i] = "xxxxabz\xc3"[vd_random_below(&random, round % 2 == 0 ? 8 : 5)];
		for (const char *at = text; at < text + TEXT_MAX; at += VD_PAIRS_BLOCK) {
			const char *stop = vd_pairs_walk(&masks, at, text + TEXT_MAX, &one);
			assert_ptr_equal(stop, vd_pairs_walk_plain(&masks, at, text + TEXT_MAX, &other));
			assert_true(one.hits == other.hits && one.wide == other.wide);
			at = stop;
		}
	}
	memset(text, 'x', sizeof text);
	memcpy(text + 70, "\\u", 2);
	struct vd_pairs_block block;
	assert_ptr_equal(vd_pairs_walk_plain(&masks, text, text + TEXT_MAX, &block), text + VD_PAIRS_BLOCK);
	assert_true(block.escapes == (uint64_t)1 << (70 - VD_PAIRS_BLOCK));
}

VD_TEST(what_may_hide_a_letter_is_told_wherever_blocks_end)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	static const char *const pieces[] = {
		"\\", "\\", "\\", "u", "u", "a", "x", "\xc3\xa9", "\xc5\xbf", "\xe2\x84\xaa", "C:\\\\users"};
	struct vd_random random = {0x9e3779b97f4a7c15u};
	struct vd_str word = VD_S("zqzq");
	struct vd_pairs pairs;
	bool no_memory;
	assert_non_null(arena);
	assert_true(vd_pairs_build(arena, &word, 1, &pairs, &no_memory));
	for (unsigned round = 0; round < 20000; round++) {
		char room[TEXT_MAX + 64] = "";
		size_t n = 0, len = vd_random_below(&random, TEXT_MAX - 16);
		while (n < len) {
			/* much plain text or little: blocks end for one reason, or for many */
			const char *piece = vd_random_below(&random, round % 4 + 1) == 0
						    ? pieces[vd_random_below(&random, VD_ARRAY_LEN(pieces))]
						    : "xxxxxxx";
			size_t add = strlen(piece);
			memcpy(room + n, piece, add);
			n += add;
		}
		expect_opaque(&pairs, (struct vd_str){room, n});
	}
}
