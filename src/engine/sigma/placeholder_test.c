#include "engine/sigma/load_fixture.h"

#include "base/mem.h"

#define VALUES                                                                                               \
	"admins: [alice, 'bob*']\nhosts: h1\nnets: [10.0.0.0/8, 192.168.0.0/16]\nre: ['a+', 'b']\nnone: "    \
	"[]\n"
#define IS(key, value, want) assert_string_equal(vd_expand_words(key, value, VALUES), want)

VD_TEST(a_placeholder_becomes_the_values_of_its_list)
{
	IS("F|expand", "'%admins%'", "'alice' | 'bob'*");
	IS("F|expand", "'%hosts%'", "'h1'");
	IS("F|expand", "['%admins%', carl]", "'alice' | 'bob'*, 'carl'");
}

VD_TEST(it_may_stand_inside_a_longer_value)
{
	IS("F|expand", "'CORP\\\\%admins%$'", "'CORP\\alice$' | 'CORP\\bob'*'$'");
	IS("F|contains|expand", "'%hosts%'", "*'h1'*");
	IS("F|expand|startswith", "'x%hosts%'", "'xh1'*");
	IS("F|expand", "'\\%hosts\\%'", "'%hosts%'");
	IS("F|endswith|expand", "'%admins%'", "*'alice' | *'bob'*");
}

VD_TEST(two_in_one_value_give_every_combination)
{
	IS("F|expand", "'%admins%@%hosts%'", "'alice@h1' | 'bob'*'@h1'");
	IS("F|expand", "'%admins%%admins%'", "'alicealice' | 'alicebob'* | 'bob'*'alice' | 'bob'*'bob'*");
}

VD_TEST(networks_and_regular_expressions_expand_too)
{
	IS("F|cidr|expand", "'%nets%'", "cidr ::ffff:10.0.0.0/104 | cidr ::ffff:192.168.0.0/112");
	IS("F|re|expand", "'^%re%$'", "re/^a+$/ | re/^b$/");
	IS("F|re|expand", "'\\%re\\%'", "re/\\%re\\%/");
	IS("F|expand|re|i", "'%re%'", "re/a+/i | re/b/i");
	IS("F|cidr|expand", "'%admins%'", "rejected cidr-invalid");
	IS("F|re|expand", "'(%re%'", "rejected regex-invalid");
}

VD_TEST(an_unknown_name_rejects_the_rule)
{
	IS("F|expand", "'%nobody%'", "rejected placeholder-unknown");
	IS("F|expand", "'%ADMINS%'", "rejected placeholder-unknown");
	IS("F|expand", "'%admins%%nobody%'", "rejected placeholder-unknown");
}

VD_TEST(an_empty_list_matches_nothing_and_is_said_to)
{
	IS("F|expand", "'%none%'", "degraded placeholder-empty: nothing");
}

VD_TEST(a_placeholder_is_not_encoded)
{
	IS("F|expand|base64", "'%admins%'", "rejected modifier-chain");
}

static enum vd_status
parse(const char *text, struct vd_err *err)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_placeholders *lists;
	return vd_placeholders_parse(arena, VD_S("v.yml"), vd_str_from(text), &lists, err);
}

VD_TEST(a_values_file_that_is_none_stops_the_load)
{
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(parse("a: [1]\nb: {c: d}\n", &err), VD_EINPUT);
	assert_non_null(strstr(err.text, "v.yml:2:4"));
	assert_int_equal(parse("[a]", &err), VD_EINPUT);
	assert_int_equal(parse("a: [[b]]", &err), VD_EINPUT);
	assert_int_equal(parse("a: null", &err), VD_EINPUT);
	assert_int_equal(parse("a: [", &err), VD_EINPUT);
	assert_int_equal(parse("a: [1, true, 0x10]\n---\nb: c\n", &err), VD_OK);
	assert_int_equal(parse("", NULL), VD_OK);
}

VD_TEST(lists_of_one_name_in_several_documents_add_up)
{
	assert_string_equal(vd_expand_words("F|expand", "'%a%'", "a: [x]\n---\na: [y]\n"), "'x' | 'y'");
}

VD_TEST(expansion_is_bounded)
{
	static char values[8192];
	size_t at = 4;
	memcpy(values, "a: [", 4);
	for (int i = 0; i < 1000; i++, at += 2)
		memcpy(values + at, "x,", 2);
	memcpy(values + at, "x]\n", 4);
	assert_string_equal(vd_expand_words("F|expand", "'%a%%a%%a%'", values), "rejected limit");
}
