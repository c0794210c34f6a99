#include "engine/compile/needs.h"

#include "vd_test.h"

static struct vd_token
text(const char *words)
{
	return (struct vd_token){VD_TOK_TEXT, vd_str_from(words)};
}

static const struct vd_token any = {VD_TOK_ANY, {"", 0}}, one = {VD_TOK_ONE, {"", 0}};

/* Are exactly these bytes and so many characters needed? */
static void
expect(struct vd_needs needs, const char *bytes, uint32_t chars)
{
	assert_int_equal(needs.chars, chars);
	for (unsigned c = 1; c < 256; c++)
		assert_int_equal((needs.bytes[c / 64] >> (c % 64)) & 1, strchr(bytes, (int)c) != NULL);
}

VD_TEST(a_pattern_needs_its_bytes_and_characters)
{
	expect(vd_needs_tokens((struct vd_token[]){any, text("a-b"), one, text("a"), any}, 5, false), "ab-",
		5);
	expect(vd_needs_tokens((struct vd_token[]){any, text("\xc2\xae"), any}, 3, false), "\xc2\xae", 1);
	expect(vd_needs_tokens((struct vd_token[]){any}, 1, false), "", 0);
}

/* Values are asked in their folded form, where a capital is small and other characters may be written anew. */
VD_TEST(a_cased_pattern_needs_what_folding_leaves_of_it)
{
	expect(vd_needs_tokens((struct vd_token[]){text("A\xc3\x89z")}, 1, true), "az", 3);
}

VD_TEST(of_many_needs_the_rarest_are_asked)
{
	struct vd_token words = text("etaoinshrdlu |~ z\n");
	struct vd_needs needs = vd_needs_tokens(&words, 1, false);
	struct vd_needs_few few = vd_needs_few(&needs);
	bool bar = false, e = false;
	assert_int_equal(few.n, VD_NEEDS_FEW);
	for (unsigned i = 0; i < few.n; i++) {
		bar |= few.bytes[i] == '|';
		e |= few.bytes[i] == 'e';
	}
	assert_true(bar && !e);
	assert_int_equal(few.chars, 18);
}

/* A value is asked as JSON writes it: letters in any case, control characters as escapes. */
VD_TEST(what_is_needed_is_found_in_any_case)
{
	struct vd_token words = text("k9~\n");
	struct vd_needs needs = vd_needs_tokens(&words, 1, false);
	struct vd_needs_few few = vd_needs_few(&needs);
	assert_int_equal(few.n, 3);
	assert_true(vd_needs_found(&few, vd_str_from("~ 9 K")));
	assert_true(vd_needs_found(&few, vd_str_from("k~\\n9")));
	assert_false(vd_needs_found(&few, vd_str_from("k~8")));
	assert_false(vd_needs_found(&few, vd_str_from("+~9"))); /* half of 'k' */
	assert_false(vd_needs_found(&few, vd_str_from("")));
}

VD_TEST(what_needs_nothing_finds_it_everywhere)
{
	struct vd_needs_few few = vd_needs_few(&(struct vd_needs){.chars = 3});
	assert_int_equal(few.n, 0);
	assert_true(vd_needs_found(&few, vd_str_from("")));
	assert_true(vd_needs_found(&few, vd_str_from("abc")));
}
