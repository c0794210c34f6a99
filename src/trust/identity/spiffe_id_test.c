#include "trust/identity/spiffe_id.h"

#include "vd_test.h"

static enum vd_status
parse(const char *text, struct vd_spiffe_id *ret, struct vd_err *err)
{
	return vd_spiffe_id_parse(vd_str_from(text), ret, err);
}

VD_TEST(an_id_has_a_trust_domain_and_a_path)
{
	struct vd_spiffe_id id;
	assert_int_equal(parse("spiffe://vedette.local/ns/default/sa/gateway", &id, NULL), VD_OK);
	assert_true(vd_str_is(id.trust_domain, "vedette.local"));
	assert_true(vd_str_is(id.path, "/ns/default/sa/gateway"));
	assert_int_equal(parse("spiffe://a_b-c.9", &id, NULL), VD_OK);
	assert_true(vd_str_is(id.trust_domain, "a_b-c.9"));
	assert_int_equal(id.path.len, 0);
	assert_int_equal(parse("spiffe://a/...", &id, NULL), VD_OK); /* neither "." nor ".." */
	assert_int_equal(parse("spiffe://a/B.c-d_E/9", &id, NULL), VD_OK);
}

VD_TEST(what_the_specification_forbids_is_refused_with_its_place)
{
	static const struct {
		const char *text;
		unsigned column;
		const char *why;
	} wrong[] = {
		{"", 1, "begins with spiffe://"},
		{"spiffe:/a/b", 1, "begins with spiffe://"},
		{"spiffe", 1, "begins with spiffe://"},
		{"https://a/b", 1, "begins with spiffe://"},
		{"SPIFFE://a/b", 1, "begins with spiffe://"},
		{" spiffe://a/b", 1, "begins with spiffe://"},
		{"spiffe://", 10, "trust domain is empty"},
		{"spiffe:///a", 10, "trust domain is empty"},
		{"spiffe://A/b", 10, "lower case"},
		{"spiffe://a:8443/b", 11, "no port"},
		{"spiffe://a:/b", 11, "no port"},
		{"spiffe://u@a/b", 11, "no user"},
		{"spiffe://a?q", 11, "no query"},
		{"spiffe://a#f", 11, "no fragment"},
		{"spiffe://a%41/b", 11, "'%' in the trust domain"},
		{"spiffe://[::1]/b", 10, "'[' in the trust domain"},
		{"spiffe://\xc3\xa4/b", 10, "\\xc3 in the trust domain"},
		{"spiffe://a\nb/c", 11, "\\x0a in the trust domain"},
		{"spiffe://a/", 12, "empty segment"},
		{"spiffe://a//b", 12, "empty segment"},
		{"spiffe://a/b/", 14, "'/' at its end"},
		{"spiffe://a/b//c", 14, "empty segment"},
		{"spiffe://a/.", 12, "'.' or '..'"},
		{"spiffe://a/b/../c", 14, "'.' or '..'"},
		{"spiffe://a/b?q=1", 13, "no query"},
		{"spiffe://a/b#f", 13, "no fragment"},
		{"spiffe://a/%2e%2e/b", 12, "percent-encoded"},
		{"spiffe://a/b c", 13, "\\x20 in the path"},
		{"spiffe://a/b;c", 13, "';' in the path"},
		{"spiffe://a/b\\c", 13, "'\\' in the path"},
		{"spiffe://a/b:c", 13, "':' in the path"},
		{"spiffe://a/b\xff", 13, "\\xff in the path"},
	};
	for (size_t i = 0; i < VD_ARRAY_LEN(wrong); i++) {
		struct vd_spiffe_id id = {0};
		struct vd_err err = VD_ERR_INIT;
		if (parse(wrong[i].text, &id, &err) != VD_EINPUT)
			fail_msg("'%s' was taken", wrong[i].text);
		if (strstr(err.text, wrong[i].why) == NULL || err.column != wrong[i].column)
			fail_msg("'%s': column %u: %s", wrong[i].text, err.column, err.text);
		assert_null(id.text.at);
	}
}

VD_TEST(a_nul_is_no_end)
{
	struct vd_spiffe_id id;
	static const char text[] = "spiffe://a/b\0c";
	assert_int_equal(vd_spiffe_id_parse((struct vd_str){text, sizeof text - 1}, &id, NULL), VD_EINPUT);
	static const char host[] = "spiffe://a\0b/c";
	assert_int_equal(vd_spiffe_id_parse((struct vd_str){host, sizeof host - 1}, &id, NULL), VD_EINPUT);
}

VD_TEST(lengths_end_where_the_specification_says)
{
	char text[VD_SPIFFE_URI_MAX + 2];
	struct vd_spiffe_id id;
	memset(text, 'a', sizeof text);
	memcpy(text, "spiffe://t/", 11);
	assert_int_equal(vd_spiffe_id_parse((struct vd_str){text, VD_SPIFFE_URI_MAX}, &id, NULL), VD_OK);
	assert_int_equal(
		vd_spiffe_id_parse((struct vd_str){text, VD_SPIFFE_URI_MAX + 1}, &id, NULL), VD_EINPUT);
	text[10] = 'a';
	assert_int_equal(
		vd_spiffe_id_parse((struct vd_str){text, 9 + VD_TRUST_DOMAIN_MAX}, &id, NULL), VD_OK);
	assert_int_equal(
		vd_spiffe_id_parse((struct vd_str){text, 10 + VD_TRUST_DOMAIN_MAX}, &id, NULL), VD_EINPUT);
}

VD_TEST(the_form_of_a_service_is_told_from_others)
{
	static const char *const others[] = {"spiffe://a", "spiffe://a/ns/x", "spiffe://a/ns/x/sa",
		"spiffe://a/ns/x/sa/y/z", "spiffe://a/nS/x/sa/y", "spiffe://a/ns/x/sb/y", "spiffe://a/sa/y"};
	struct vd_spiffe_id id;
	struct vd_str instance, service;
	assert_int_equal(parse("spiffe://a/ns/blue/sa/plugin-retail", &id, NULL), VD_OK);
	assert_true(vd_spiffe_id_service(&id, &instance, &service));
	assert_true(vd_str_is(instance, "blue") && vd_str_is(service, "plugin-retail"));
	for (size_t i = 0; i < VD_ARRAY_LEN(others); i++) {
		assert_int_equal(parse(others[i], &id, NULL), VD_OK);
		assert_false(vd_spiffe_id_service(&id, &instance, &service));
	}
}

VD_TEST(what_is_written_reads_back)
{
	char text[VD_SPIFFE_ID_MAX + 1] = "untouched";
	struct vd_err err = VD_ERR_INIT;
	struct vd_spiffe_id id;
	assert_int_equal(
		vd_spiffe_id_format(VD_S("vedette.local"), VD_S("default"), VD_S("iam"), text, &err), VD_OK);
	assert_string_equal(text, "spiffe://vedette.local/ns/default/sa/iam");
	assert_int_equal(parse(text, &id, NULL), VD_OK);
	memcpy(text, "untouched", 10);
	assert_int_equal(vd_spiffe_id_format(VD_S("A"), VD_S("b"), VD_S("c"), text, &err), VD_EINPUT);
	assert_string_equal(err.text, "the trust domain: a trust domain is written in lower case");
	assert_int_equal(vd_spiffe_id_format(VD_S("a"), VD_S("b/c"), VD_S("d"), text, &err), VD_EINPUT);
	assert_non_null(strstr(err.text, "the instance: '/' in the path"));
	assert_int_equal(vd_spiffe_id_format(VD_S("a"), VD_S("b"), VD_S(".."), text, &err), VD_EINPUT);
	assert_int_equal(vd_spiffe_id_format(VD_S("a"), VD_S("b"), VD_S(""), text, &err), VD_EINPUT);
	assert_string_equal(text, "untouched");
}

VD_TEST(a_name_has_as_many_bytes_as_a_common_name_and_an_id_as_many_as_a_peer_holds)
{
	char name[VD_SPIFFE_NAME_MAX + 1], domain[VD_TRUST_DOMAIN_MAX], text[VD_SPIFFE_ID_MAX + 1];
	struct vd_err err = VD_ERR_INIT;
	memset(name, 'n', sizeof name);
	memset(domain, 'd', sizeof domain);
	struct vd_str longest = {name, VD_SPIFFE_NAME_MAX}, too_long = {name, sizeof name};
	assert_int_equal(vd_spiffe_id_format(VD_S("a"), longest, longest, text, &err), VD_OK);
	assert_int_equal(vd_spiffe_id_format(VD_S("a"), VD_S("b"), too_long, text, &err), VD_EINPUT);
	assert_int_equal(
		vd_spiffe_id_format((struct vd_str){domain, sizeof domain}, VD_S("b"), VD_S("c"), text, &err),
		VD_ELIMIT);
	assert_int_equal(vd_spiffe_id_format((struct vd_str){domain, VD_SPIFFE_ID_MAX - 19}, VD_S("b"),
				 VD_S("c"), text, &err),
		VD_OK);
	assert_int_equal(strlen(text), VD_SPIFFE_ID_MAX);
}
