#include "engine/sigma/regex.h"

#include "base/mem.h"
#include "engine/sigma/rule.h"
#include "vd_test.h"

static enum vd_regex_result
search_in(const char *pattern, unsigned flags, struct vd_str text)
{
	VD_AUTO(vd_regex) regex = NULL;
	VD_AUTO(vd_regex_match) match = vd_regex_match_new();
	assert_non_null(match);
	assert_int_equal(vd_regex_new(vd_str_from(pattern), flags, &regex, NULL), VD_OK);
	return vd_regex_search(regex, match, text);
}

#define FINDS(pattern, flags, text) assert_int_equal(search_in(pattern, flags, VD_S(text)), VD_REGEX_YES)
#define FINDS_NOT(pattern, flags, text) assert_int_equal(search_in(pattern, flags, VD_S(text)), VD_REGEX_NO)

VD_TEST(expressions_are_searched_and_case_sensitive)
{
	FINDS("foo[0-9]+", 0, "xxfoo12yy");
	FINDS_NOT("foo[0-9]+", 0, "FOO1");
	FINDS("foo", VD_RE_ICASE, "FOO");
	FINDS("\xc3\xa4", VD_RE_ICASE, "\xc3\x84");
	FINDS("", 0, "");
}

VD_TEST(anchors_and_dots_mean_what_perl_means)
{
	FINDS("^foo.$", 0, "foox");
	FINDS("^foo.$", 0, "foox\n");
	FINDS_NOT("^b", 0, "a\nb");
	FINDS("^b", VD_RE_MULTILINE, "a\nb");
	FINDS_NOT("a.b", 0, "a\nb");
	FINDS("a.b", VD_RE_DOTALL, "a\nb");
	FINDS("^.$", 0, "\xe2\x82\xac");
	FINDS("a\\x00b", 0, "a\0b");
}

VD_TEST(bytes_that_are_no_text_hide_nothing)
{
	FINDS("evil", 0, "\xff\xfe evil");
	FINDS("evil", 0, "evil \xc3");
}

VD_TEST(a_search_without_end_is_cut_off)
{
	assert_int_equal(search_in("^(a+)+$", 0,
				 VD_S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")),
		VD_REGEX_LIMIT);
}

static size_t
quick(const char *pattern)
{
	VD_AUTO(vd_regex) regex = NULL;
	assert_int_equal(vd_regex_new(vd_str_from(pattern), 0, &regex, NULL), VD_OK);
	return vd_regex_quick_bytes(regex);
}

/* Machine code has no bound of its own: only texts that cannot take it long are its. */
VD_TEST(the_more_an_expression_repeats_the_shorter_are_its_quick_texts)
{
	size_t one = quick("foo.*bar"), two = quick("foo.*baz.*qux"), four = quick("`.*`.*`.*`.*`");
	assert_true(one > 1000000 && two < 10000 && two > 1000 && four < 200 && four > 50);
	assert_int_equal(quick("foo.*bar{2}"), one);
	assert_int_equal(quick("foo[*+?]{2}\\*\\++bar"), one);
	assert_int_equal(quick("(?i)(?:foo)+bar"), one);
	assert_int_equal(quick("foo.{0,1000}baz\\s{2,}qux"), two);
	assert_true(quick("a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?aaaaaaa") < 100);
}

/* A text that hides a match behind ways in vain: greedy from its end, or reluctant from its beginning. */
VD_TEST(a_long_text_is_searched_with_counted_steps_from_both_ends)
{
	enum { N = 600000 };
	char *text = vd_mem_alloc(N);
	assert_non_null(text);
	for (size_t i = 0; i < N; i++)
		text[i] = "baz"[i % 3];
	memcpy(text, "foo baz qux ", 12);
	assert_int_equal(search_in("foo.*baz.*qux", 0, (struct vd_str){text, N}), VD_REGEX_YES);
	memset(text, 'b', 12);
	memcpy(text, "foo", 3);
	assert_int_equal(search_in("foo.*baz.*[0-9]", 0, (struct vd_str){text, N}), VD_REGEX_LIMIT);
	text[N - 1] = '7';
	assert_int_equal(search_in("foo.*baz.*[0-9]", 0, (struct vd_str){text, N}), VD_REGEX_YES);
	vd_mem_free(text);
}

VD_TEST(a_text_without_what_must_stand_often_is_not_searched)
{
	VD_AUTO(vd_regex) regex = NULL;
	VD_AUTO(vd_regex_match) match = vd_regex_match_new();
	assert_non_null(match);
	assert_int_equal(vd_regex_new(VD_S("`.*`.*`"), 0, &regex, NULL), VD_OK);
	vd_regex_expect(regex, '`', 3);
	assert_int_equal(vd_regex_search(regex, match, VD_S("a`b`c")), VD_REGEX_NO);
	assert_int_equal(vd_regex_search(regex, match, VD_S("a`b`c`")), VD_REGEX_YES);
	assert_int_equal(vd_regex_search(regex, match, VD_S("")), VD_REGEX_NO);
}

VD_TEST(what_is_no_expression_is_refused_with_its_place)
{
	struct vd_regex *regex = NULL;
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(vd_regex_new(VD_S("ab(c"), 0, &regex, &err), VD_EINPUT);
	assert_null(regex);
	assert_int_equal(err.column, 5);
	assert_true(err.text[0] != '\0');
	char *long_text = vd_mem_alloc(VD_REGEX_MAX_LEN + 1);
	memset(long_text, 'a', VD_REGEX_MAX_LEN + 1);
	assert_int_equal(
		vd_regex_new((struct vd_str){long_text, VD_REGEX_MAX_LEN + 1}, 0, &regex, &err), VD_ELIMIT);
	vd_mem_free(long_text);
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_regex) regex = NULL;
		VD_AUTO(vd_regex_match) match = vd_regex_match_new();
		enum vd_status st = vd_regex_new(VD_S("(a|b)+[^c]{2,5}"), VD_RE_ICASE, &regex, NULL);
		assert_true(st == VD_OK || (st == VD_ENOMEM && vd_mem_failed()));
		assert_true((st == VD_OK) == (regex != NULL));
		assert_true(match != NULL || vd_mem_failed());
	}
}
