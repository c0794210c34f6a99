#include "vd_test.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

static void
folds_to(const char *text, const char *want)
{
	char to[256];
	assert_true(vd_fold_bound(strlen(text)) <= sizeof to);
	size_t n = vd_fold(to, text, strlen(text));
	assert_int_equal(n, strlen(want));
	assert_memory_equal(to, want, n);
}

VD_TEST(ascii_folds_at_every_length_and_place)
{
	char from[200], want[200], to[vd_fold_bound(200)];
	for (size_t n = 0; n <= sizeof from; n++) {
		for (size_t i = 0; i < n; i++) {
			from[i] = (char)((i * 37 + n) % 127 + 1);
			want[i] = from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] + 32) : from[i];
		}
		assert_int_equal(vd_fold(to, from, n), n);
		assert_memory_equal(to, want, n);
		assert_true(vd_fold_eq(from, n, want, n));
	}
}

VD_TEST(simple_folding_is_that_of_unicode)
{
	folds_to("ÄRGER", "ärger");
	folds_to("ΜΆΪΟΣ ς", "μάϊοσ σ");
	folds_to("ПРИВЕТ", "привет");
	folds_to("\u212A\u2126\u00B5", "k\u03c9\u03bc"); /* Kelvin, ohm, micro */
	folds_to("\u1E9E\u00DF", "\u00df\u00df");        /* status S, and no folding to ss (status F) */
	folds_to("\u0130\u0131", "\u0130\u0131");        /* statuses F and T only */
	folds_to("\u023A\u023E", "\u2C65\u2C66");        /* two bytes become three */
	folds_to("\uA64A\u1C88", "\uA64B\uA64B");
	folds_to("\uAB70\u13F8", "\u13A0\u13F0"); /* Cherokee folds to upper case */
	folds_to("\U00010400\U0001E921", "\U00010428\U0001E943");
	folds_to("日本語 😀", "日本語 😀");
	folds_to("\u1F88\u1FBC", "\u1F80\u1FB3");
}

VD_TEST(every_folding_is_stable_and_fits_its_bound)
{
	size_t changed = 0;
	for (uint32_t c = 0; c < 0x110000; c++) {
		if (c >= 0xd800 && c < 0xe000)
			continue;
		char text[4], folded[4];
		uint32_t f = vd_fold_char(c);
		assert_int_equal(vd_fold_char(f), f);
		changed += f != c;
		size_t n = vd_utf8_encode(text, c), len;
		assert_int_equal(vd_utf8_valid_at(text, n), n);
		assert_int_equal(vd_utf8_decode(text, n, &len), c);
		assert_int_equal(len, n);
		assert_true(2 * vd_utf8_encode(folded, f) <= 3 * n);
	}
	/* C and S entries: 1,411 in Unicode 13 and 1,423 in 15; a table of nothing must not pass */
	assert_in_range(changed, 1400, 1600);
}

/* The plain way, byte for byte what vd_fold promises. */
static size_t
fold_plainly(char *to, const char *p, size_t n)
{
	size_t written = 0;
	for (size_t i = 0; i < n;) {
		size_t len = vd_utf8_valid_at(p + i, n - i);
		if (len == 0) {
			to[written++] = p[i++];
			continue;
		}
		written += vd_utf8_encode(to + written, vd_fold_char(vd_utf8_decode(p + i, len, &len)));
		i += len;
	}
	return written;
}

static uint32_t
next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

VD_TEST(folding_by_blocks_gives_what_folding_by_characters_gives)
{
	static const char *const pieces[] = {"A", "Zz", "abcDEF0123456789XYZ", "Ä", "\u212A", "\u023A",
		"\U00010400", "\xff", "\xe2\x82", "@[`{", "QWERTYUIOPASDFGHJKLZXCVBNMQWERTYUIOP"};
	uint32_t seed = 7;
	for (int round = 0; round < 20000; round++) {
		char text[160];
		size_t n = 0, end = next_random(&seed) % 100;
		while (n < end) {
			const char *piece = pieces[next_random(&seed) % VD_ARRAY_LEN(pieces)];
			memcpy(text + n, piece, strlen(piece));
			n += strlen(piece);
		}
		size_t bound = vd_fold_bound(n);
		char *from = vd_mem_alloc(n), *to = vd_mem_alloc(bound), *want = vd_mem_alloc(bound);
		assert_true(from != NULL && to != NULL && want != NULL);
		memcpy(from, text, n);
		size_t want_n = fold_plainly(want, from, n);
		assert_int_equal(vd_fold(to, from, n), want_n);
		assert_memory_equal(to, want, want_n);
		assert_true(vd_fold_eq(from, n, want, want_n));
		vd_mem_free(from);
		vd_mem_free(to);
		vd_mem_free(want);
	}
}

static bool
fold_eq(const char *a, const char *b)
{
	return vd_fold_eq(a, strlen(a), b, strlen(b));
}

VD_TEST(comparing_folded_tells_equal_from_different)
{
	assert_true(fold_eq("", ""));
	assert_true(fold_eq("Kelvin", "\u212Aelvin"));
	assert_true(fold_eq("\u023A", "\u2C65"));
	assert_true(fold_eq("a\xff", "A\xff"));
	assert_false(fold_eq("a", ""));
	assert_false(fold_eq("ab", "a"));
	assert_false(fold_eq("ä", "a"));
	assert_false(fold_eq("a\xff", "a\xfe"));
	assert_false(fold_eq("[", "{"));
	assert_false(fold_eq("äb", "ä"));
}

static void
validity(const char *bytes, size_t n, bool want)
{
	char padded[200];
	for (size_t before = 0; before < 80; before++) {
		memset(padded, 'x', sizeof padded);
		memcpy(padded + before, bytes, n);
		assert_int_equal(vd_utf8_valid(padded, before + n), want);
		if (want || n > 1) /* a cut sequence is no better with text behind it */
			assert_int_equal(vd_utf8_valid(padded, before + n + 70), want);
	}
}

#define VALIDITY(literal, want) validity(literal, sizeof(literal) - 1, want)

VD_TEST(utf8_is_that_of_rfc_3629)
{
	VALIDITY("", true);
	VALIDITY("\x7f", true);
	VALIDITY("\xc2\x80", true);
	VALIDITY("\xdf\xbf", true);
	VALIDITY("\xe0\xa0\x80", true);
	VALIDITY("\xed\x9f\xbf", true);
	VALIDITY("\xee\x80\x80", true);
	VALIDITY("\xf0\x90\x80\x80", true);
	VALIDITY("\xf4\x8f\xbf\xbf", true);
	VALIDITY("\x80", false);
	VALIDITY("\xc0\x80", false);
	VALIDITY("\xc1\xbf", false);
	VALIDITY("\xc2", false);
	VALIDITY("\xe0\x9f\xbf", false);
	VALIDITY("\xed\xa0\x80", false);
	VALIDITY("\xe2\x82", false);
	VALIDITY("\xf0\x8f\xbf\xbf", false);
	VALIDITY("\xf0\x90\x80", false);
	VALIDITY("\xf4\x90\x80\x80", false);
	VALIDITY("\xf5\x80\x80\x80", false);
	VALIDITY("\xc3\x28", false);
	assert_true(vd_utf8_valid(NULL, 0));
}

VD_TEST(repair_replaces_each_wrong_byte)
{
	char to[64];
	static const char broken[] = "a\xff\xe2\x82z\xc3\xa4";
	size_t n = vd_utf8_repair(to, broken, sizeof broken - 1);
	static const char want[] = "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\xc3\xa4";
	assert_int_equal(n, sizeof want - 1);
	assert_memory_equal(to, want, n);
	assert_true(vd_utf8_valid(to, n));
	assert_int_equal(vd_utf8_repair(to, "\x80\x80", 2), 6);
}
