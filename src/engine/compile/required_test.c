#include "engine/compile/required.h"

#include "base/mem.h"
#include "vd_test.h"

static void requires(const char *pattern, const char *literal)
{
	char *to = vd_mem_alloc(strlen(pattern) + 1);
	assert_non_null(to);
	struct vd_str found = vd_required_literal(vd_str_from(pattern), to);
	if (!vd_str_is(found, literal))
		fail_msg("%s: '%.*s' instead of '%s'", pattern, (int)found.len, found.at, literal);
	vd_mem_free(to);
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
	requires("abcd{2}efg", "abc");
	requires("(?^x)foo bar", "");
	requires("(?#[)abcd|(?#])xyzw", "");
	requires("(?<name>ab)cdef", "cdef");
}
