#include "event/decode.h"

#include "vd_test.h"

#define LONGEST 200u

/* Byte by byte: the careful decoding, and whether the quick way may refuse. */
static bool
is_simple(struct vd_str raw)
{
	for (size_t i = 0; i < raw.len; i++) {
		if ((unsigned char)raw.at[i] >= 0x80)
			return false;
		if (raw.at[i] == '\\' && (++i == raw.len || memchr("\"\\/bfnrt", raw.at[i], 8) == NULL))
			return false;
	}
	return true;
}

static void
expect_same_of(vd_json_lower *way, struct vd_str raw)
{
	char text[LONGEST + 64], wanted[LONGEST + 1], got[LONGEST + 17];
	memset(text, '\\', sizeof text); /* what stands behind is no part of it */
	memcpy(text, raw.at, raw.len);
	memset(got, '#', sizeof got);
	size_t n = way(got, (struct vd_str){text, raw.len});
	assert_int_equal(got[raw.len + 16], '#');
	if (!is_simple(raw)) {
		assert_true(n == SIZE_MAX);
		return;
	}
	size_t want = vd_json_decode_into(wanted, raw);
	for (size_t i = 0; i < want; i++)
		if (wanted[i] >= 'A' && wanted[i] <= 'Z')
			wanted[i] |= 0x20;
	assert_int_equal(n, want);
	assert_memory_equal(got, wanted, want);
}

/* Every way of it that runs on this processor. */
static void
expect_same(struct vd_str raw)
{
	vd_json_lower *ways[VD_JSON_LOWERS_MAX];
	size_t n = vd_json_lowers(ways);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++)
		expect_same_of(ways[i], raw);
}

/* Every character behind a backslash, at every place of three blocks. */
VD_TEST(every_escape_is_undone_wherever_it_stands)
{
	char text[LONGEST];
	for (unsigned c = 0; c < 256; c++)
		for (size_t at = 0; at + 1 < LONGEST; at += c % 7 + 1) {
			memset(text, 'Q', sizeof text);
			text[at] = '\\';
			text[at + 1] = (char)c;
			expect_same((struct vd_str){text, at + 2 + (c * 5) % (LONGEST - at - 1)});
			expect_same((struct vd_str){text, at + 1}); /* cut off */
		}
}

VD_TEST(runs_of_backslashes_pair_up_across_blocks)
{
	char text[LONGEST];
	for (size_t from = 0; from < 140; from++)
		for (size_t run = 1; run < 12; run++)
			for (size_t tail = 0; tail < 3; tail++) {
				memset(text, 'n', sizeof text);
				memset(text + from, '\\', run);
				expect_same((struct vd_str){text, from + run + tail});
			}
	memset(text, '\\', sizeof text);
	for (size_t len = 0; len <= LONGEST; len++)
		expect_same((struct vd_str){text, len});
}

VD_TEST(random_texts_are_decoded_as_the_careful_way_does)
{
	static const char *const pieces[] = {"a", "Z", "exe", "\\\\", "\\\\", "\\\"", "\\n", "\\/", "@[`{",
		"\\t\\r", " ", "C:\\\\Windows"};
	uint64_t random = 88172645463325252u;
	for (unsigned round = 0; round < 20000; round++) {
		char text[LONGEST];
		size_t len = 0, until = round % (LONGEST - 12);
		while (len < until) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			const char *piece = pieces[random % VD_ARRAY_LEN(pieces)];
			memcpy(text + len, piece, strlen(piece));
			len += strlen(piece);
		}
		if (round % 3 == 0 && len > 0)
			text[random % len] = (char)(random >> 32);
		expect_same((struct vd_str){text, len});
	}
}
