#include "engine/sigma/load.h"

#include <stdio.h>

#include "base/mem.h"
#include "vd_test.h"

/* Tokens as text: plain parts in quotes, * ? and %name%. */
static void
is(const char *text, bool with_placeholders, const char *want)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	size_t n;
	struct vd_token *tokens;
	assert_int_equal(
		vd_pattern_parse(arena, vd_str_from(text), with_placeholders, &n, &tokens, NULL), VD_OK);
	for (size_t i = 0; i < n; i++)
		switch (tokens[i].kind) {
		case VD_TOK_TEXT:
			vd_buf_printf(&buf, "'%.*s'", (int)tokens[i].text.len, tokens[i].text.at);
			break;
		case VD_TOK_PLACEHOLDER:
			vd_buf_printf(&buf, "%%%.*s%%", (int)tokens[i].text.len, tokens[i].text.at);
			break;
		case VD_TOK_ANY:
		case VD_TOK_ONE:
		case VD_TOK_DASH:
			vd_buf_char(&buf, tokens[i].kind == VD_TOK_ANY ? '*' : '?');
			break;
		}
	assert_string_equal(buf.at == NULL ? "" : buf.at, want);
}

VD_TEST(a_backslash_escapes_itself_and_wildcards_only)
{
	is("\\", false, "'\\'");
	is("\\\\", false, "'\\'");
	is("\\\\\\", false, "'\\\\'");
	is("\\a", false, "'\\a'");
	is("\\*", false, "'*'");
	is("\\?", false, "'?'");
	is("\\\\*", false, "'\\'*");
	is("\\\\\\*", false, "'\\*'");
	is("\\\\\\\\", false, "'\\\\'");
	is("\\%", false, "'\\%'");
}

VD_TEST(wildcards_are_tokens)
{
	is("", false, "");
	is("*", false, "*");
	is("***", false, "*");
	is("a*?b", false, "'a'*?'b'");
	is("?*?", false, "?*?");
}

VD_TEST(placeholders_are_words_between_percent_signs)
{
	is("%a%", false, "'%a%'");
	is("%a%", true, "%a%");
	is("x%a-b.c%y", true, "'x'%a-b.c%'y'");
	is("\\%a%", true, "'%a%'");
	is("%a\\%", true, "'%a%'");
	is("%a b%", true, "'%a b%'");
	is("100%", true, "'100%'");
	is("%%", true, "'%%'");
	is("%%a%", true, "'%'%a%");
	is("%a*%", true, "'%a'*'%'");
	is("%a%%b%", true, "%a%%b%");
}

VD_TEST(a_value_has_a_bound)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	char *text = vd_mem_zalloc(1, VD_RULE_MAX_VALUE_LEN + 1);
	size_t n = 7;
	struct vd_token *tokens = NULL;
	memset(text, '?', VD_RULE_MAX_VALUE_LEN + 1);
	struct vd_str value = {text, VD_RULE_MAX_VALUE_LEN + 1};
	assert_int_equal(vd_pattern_parse(arena, value, false, &n, &tokens, NULL), VD_ELIMIT);
	assert_int_equal(n, 7);
	value.len--;
	assert_int_equal(vd_pattern_parse(arena, value, false, &n, &tokens, NULL), VD_OK);
	assert_int_equal(n, VD_RULE_MAX_VALUE_LEN);
	vd_mem_free(text);
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_arena) arena = vd_arena_new(0);
		if (arena == NULL)
			continue;
		size_t n;
		struct vd_token *tokens;
		enum vd_status st = vd_pattern_parse(arena, VD_S("a*b?c*d?e*f?%x%"), true, &n, &tokens, NULL);
		assert_true(st == VD_OK || (st == VD_ENOMEM && vd_mem_failed()));
	}
}
