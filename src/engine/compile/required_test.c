#include "engine/compile/required.h"

#include "base/mem.h"
#include "vd_test.h"

static void requires(const char *pattern, const char *literal)
{
	char *to = vd_mem_alloc(strlen(pattern) + 1);
	assert_non_null(to);
	struct vd_str found = vd_required_find(vd_str_from(pattern), to).literal;
	if (!vd_str_is(found, literal))
		fail_msg("%s: '%.*s' instead of '%s'", pattern, (int)found.len, found.at, literal);
	vd_mem_free(to);
}

VD_TEST(what_stands_most_often_is_counted)
{
	static const struct {
		const char *pattern;
		char often;
		uint32_t times;
	} cases[] = {{"`.*`.*`", '`', 3}, {"\\+.*\\+a\\+?aaaa", '+', 2}, {"-{2}_*_-?", '-', 1},
		{"abc", '\0', 0}, {"-|--", '\0', 0}, {"(--)-", '-', 1}};
	char to[64];
	for (size_t i = 0; i < VD_ARRAY_LEN(cases); i++) {
		struct vd_required found = vd_required_find(vd_str_from(cases[i].pattern), to);
		assert_int_equal(found.times, cases[i].times);
		assert_int_equal(found.often, cases[i].often);
	}
}

static void
requires_bytes(const char *pattern, const char *bytes)
{
	char *to = vd_mem_alloc(strlen(pattern) + 1);
	assert_non_null(to);
	struct vd_required found = vd_required_find(vd_str_from(pattern), to);
	for (int c = 1; c < 128; c++)
		if (((found.bytes[c / 64] >> (c % 64)) & 1) != (strchr(bytes, c) != NULL))
			fail_msg(
				"%s: '%c' is%s required", pattern, c, strchr(bytes, c) != NULL ? " not" : "");
	vd_mem_free(to);
}

VD_TEST(single_characters_are_required_too)
{
	requires_bytes("\\^.*\\^", "^");
	requires_bytes("\\w+`(?:\\w+|-|.)`[\\w+|\\s]", "`");
	requires_bytes("a?b*c+d{0,1}e{2}f{1,}g", "cefg");
	requires_bytes("\\{[a-f0-9]{8}-[a-f0-9]{4}\\}", "{-}");
	requires_bytes("ab|cd", "");
	requires_bytes("(ab)cd", "cd");
	requires_bytes("[-/]x\\s", "x");
}

static void
requires_pairs(const char *pattern, const char *pairs)
{
	char *to = vd_mem_alloc(strlen(pattern) + 1);
	assert_non_null(to);
	struct vd_required found = vd_required_find(vd_str_from(pattern), to);
	if (found.n_pairs * 2 != strlen(pairs) || memcmp(found.pairs, pairs, strlen(pairs)) != 0)
		fail_msg("%s: not the pairs %s", pattern, pairs);
	vd_mem_free(to);
}

VD_TEST(a_character_before_a_small_class_makes_pairs)
{
	requires_pairs("\\\\[a-z]{1,32}\\.[a-z]{1,6}\\.[ \"']{1}", ". .\".'");
	requires_pairs("a[xy]", "axay");
	requires_pairs("ab[xyz]c[de]+f", "cdce");
	requires_pairs("a[xy]?b", "");
	requires_pairs("a[^xy]", "");
	requires_pairs("a[x-z]", "");
	requires_pairs("a[x\\s]", "");
	requires_pairs("a+[xy]", "");
	requires_pairs("a[xy]{0,2}", "");
	requires_pairs("(a[xy])?b", "");
	requires_pairs("a[xy]|b", "");
	requires_pairs("a[xy", "");
	requires_pairs("-(W|R)\\s?", "-W-R");
	requires_pairs("-(W)x", "-W");
	requires_pairs("-(W|RX)x", "");
	requires_pairs("-(W|)x", "");
	requires_pairs("-(|W)x", "");
	requires_pairs("-()x", "");
	requires_pairs("-(.|W)x", "");
	requires_pairs("-(W|R)?x", "");
	requires_pairs("-(?:W|R)x", "");
}

VD_TEST(a_plain_pattern_requires_itself)
{
	requires("powershell", "powershell");
	requires("a\\.exe", "a.exe");
	requires("^\\\\\\\\srv\\\\x$", "\\\\srv\\x");
}

VD_TEST(what_may_be_missing_is_not_required)
{
	requires("abc?defg", "defg");
	requires("abcd*", "abc");
	requires("abcd{0,3}xy", "abc");
	requires("abcd+ef", "abcd");
	requires("(?:abcdef)?xyz", "xyz");
	requires("[abcdef]+xy", "xy");
	requires("ab.cde", "cde");
	requires("ab\\s+cde", "cde");
}

VD_TEST(what_stands_inside_groups_and_classes_may_change_all)
{
	requires("(a(*ACCEPT))cd", "");
	requires("([\\Q])abc([\\E])", "");
	requires("[[:]a|b:]]cd", "");
	requires("(a(?#[)b|q)[]))]x?zz", "");
	requires("(a(?x) b)cd", "");
	requires("[[:alpha:]]cd", "cd");
	requires("[[:^digit:]x]cd", "cd");
	requires("[a[b]cd", "cd");
	requires("((?:a)b)cd", "cd");
}

VD_TEST(alternation_and_modes_leave_nothing_certain)
{
	requires("abc|def", "");
	requires("(?x)a b c", "");
	requires("\\Qabc\\E", "");
	requires("\\x41bcd", "");
	requires("ab(c|d)efg", "efg");
	requires("(?i)abcd", "abcd");
	requires("[]a]bcd", "bcd");
	requires("[[:alpha:]]bcd", "bcd");
	requires("(a[)]b)cde", "cde");
	requires("abc)", "");
	requires("abc(", "");
	requires("", "");
	requires("abcdef{2|gh", "");
	requires("abcd{2,x}ef", "");
	requires("abcd{2}efg", "abcd");
	requires("(?^x)foo bar", "");
	requires("(?#[)abcd|(?#])xyzw", "");
	requires("(?<name>ab)cdef", "cdef");
}
