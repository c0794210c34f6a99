#include "trust/identity/authority_state.h"

#include "vd_test.h"

#define HEAD                                                                                                 \
	"vedette authority 1\ntrust-domain vedette.local\nrevision 4\nsequence 2\nsealed no\nconstrained "   \
	"yes\n"                                                                                              \
	"root-life 157680000\nintermediate-life 7776000\n"
#define TIMES " added 2026-01-05T03:59:00.000Z until 2026-04-05T03:59:00.000Z\n"
#define SIGNING "root signing 7fe2" TIMES
#define GOOD                                                                                                 \
	HEAD "root old 04a1" TIMES SIGNING "root next 33ab added 2026-01-05T03:59:00.000Z until -\n"         \
	     "intermediate 91c0\ndrop intermediate-5d02.key\ndrop root-5d02.pem\nend\n"

static enum vd_status
read_text(const char *text, struct vd_authority_state *ret, struct vd_err *err)
{
	return vd_authority_state_read(vd_str_from(text), ret, err);
}

VD_TEST(a_state_reads_and_writes_back_the_same_bytes)
{
	struct vd_authority_state got;
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	assert_int_equal(read_text(GOOD, &got, NULL), VD_OK);
	assert_string_equal(got.trust_domain, "vedette.local");
	assert_true(got.revision == 4 && got.sequence == 2 && !got.sealed && got.constrained);
	assert_true(got.root_life_ms == 157680000000 && got.intermediate_life_ms == 7776000000);
	assert_int_equal(got.n_roots, 3);
	assert_int_equal(got.roots[1].role, VD_ROOT_SIGNING);
	assert_string_equal(got.roots[1].serial, "7fe2");
	assert_true(got.roots[0].until_ms == 1775361540000 && got.roots[2].until_ms == INT64_MIN);
	assert_string_equal(got.intermediate, "91c0");
	assert_int_equal(got.n_drops, 2);
	assert_string_equal(got.drops[0], "intermediate-5d02.key");
	vd_authority_state_write(&got, &text);
	assert_string_equal(text.at, GOOD);
}

VD_TEST(every_cut_is_noticed)
{
	struct vd_authority_state got;
	struct vd_err err = VD_ERR_INIT;
	for (size_t n = 0; n + 1 < sizeof GOOD - 1; n++)
		if (vd_authority_state_read((struct vd_str){GOOD, n}, &got, &err) == VD_OK)
			fail_msg("%zu bytes of %zu were taken", n, sizeof GOOD - 1);
}

VD_TEST(what_is_foreign_damaged_or_of_another_version_is_told_apart)
{
	static const struct {
		const char *text;
		enum vd_status st;
		const char *why;
	} wrong[] = {
		{"", VD_EINPUT, "not made by 'trust init'"},
		{"-----BEGIN CERTIFICATE-----\n", VD_EINPUT, "not made by 'trust init'"},
		{"vedette authority 2\n", VD_EVERSION, "another version"},
		{"vedette authority 1\ntrust-domain A\n", VD_EINPUT, "line 2 is damaged"},
		{HEAD "root signing 7fe2" TIMES "end\n", VD_EINPUT, "line 10 is damaged"},
		{HEAD "root signing 7FE2" TIMES "intermediate 91c0\nend\n", VD_EINPUT, "line 9 is damaged"},
		{HEAD "root signing ../a" TIMES "intermediate 91c0\nend\n", VD_EINPUT, "line 9 is damaged"},
		{HEAD "root leading 7fe2" TIMES "intermediate 91c0\nend\n", VD_EINPUT, "line 9 is damaged"},
		{HEAD SIGNING "intermediate 91c\nend\n", VD_EINPUT, "line 10 is damaged"},
		{HEAD SIGNING "intermediate 91c0\nend\nmore\n", VD_EINPUT, "damaged"},
		{HEAD SIGNING "intermediate 91c0\ndrop ../../etc/passwd\nend\n", VD_EINPUT,
			"line 11 is damaged"},
		{HEAD SIGNING "intermediate 91c0\ndrop authority\nend\n", VD_EINPUT, "line 11 is damaged"},
		{HEAD SIGNING "intermediate 91c0\ndrop root-x.pem\nend\n", VD_EINPUT, "line 11 is damaged"},
		{HEAD SIGNING SIGNING "intermediate 91c0\nend\n", VD_EINPUT, "contradict"},
		{HEAD "root old 7fe2" TIMES "intermediate 91c0\nend\n", VD_EINPUT, "contradict"},
		{HEAD SIGNING "root old 7fe2" TIMES "intermediate 91c0\nend\n", VD_EINPUT, "contradict"},
	};
	for (size_t i = 0; i < VD_ARRAY_LEN(wrong); i++) {
		struct vd_authority_state got = {.revision = 99};
		struct vd_err err = VD_ERR_INIT;
		enum vd_status st = read_text(wrong[i].text, &got, &err);
		if (st != wrong[i].st || strstr(err.text, wrong[i].why) == NULL)
			fail_msg("%zu: %s: %s", i, vd_status_name(st), err.text);
		assert_int_equal(got.revision, 99);
	}
}

VD_TEST(there_is_a_bound_on_roots_and_on_files_to_drop)
{
	struct vd_authority_state got;
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	vd_buf_text(&text, HEAD SIGNING);
	for (unsigned i = 0; i < VD_AUTHORITY_ROOTS_MAX; i++)
		vd_buf_printf(&text, "root old 00%02x" TIMES, i);
	vd_buf_text(&text, "intermediate 91c0\nend\n");
	assert_int_equal(read_text(text.at, &got, NULL), VD_EINPUT);
	vd_buf_reset(&text);
	vd_buf_text(&text, HEAD SIGNING "intermediate 91c0\n");
	for (unsigned i = 0; i <= VD_AUTHORITY_DROPS_MAX; i++)
		vd_buf_printf(&text, "drop root-00%02x.pem\n", i);
	vd_buf_text(&text, "end\n");
	assert_int_equal(read_text(text.at, &got, NULL), VD_EINPUT);
}
