#include "rpc/metadata.h"

#include "vd_test.h"

VD_TEST(keys_are_sorted_into_what_applications_may_send_and_what_not)
{
	const struct {
		struct vd_str key;
		enum vd_metadata_kind kind;
	} rows[] = {
		{VD_S("authorization"), VD_METADATA_ASCII},
		{VD_S("x-request.id_0"), VD_METADATA_ASCII},
		{VD_S("bin"), VD_METADATA_ASCII},
		{VD_S("x-binary"), VD_METADATA_ASCII},
		{VD_S("-bin"), VD_METADATA_BINARY},
		{VD_S("x-trace-bin"), VD_METADATA_BINARY},
		{VD_S("grpc-timeout"), VD_METADATA_RESERVED},
		{VD_S("grpc-"), VD_METADATA_RESERVED},
		{VD_S("grpc-status-details-bin"), VD_METADATA_RESERVED},
		{VD_S("grpc"), VD_METADATA_ASCII},
		{VD_S(":path"), VD_METADATA_RESERVED},
		{VD_S(":"), VD_METADATA_RESERVED},
		{VD_S("te"), VD_METADATA_RESERVED},
		{VD_S("content-type"), VD_METADATA_RESERVED},
		{VD_S("connection"), VD_METADATA_RESERVED},
		{VD_S("traceparent"), VD_METADATA_RESERVED},
		{VD_S(""), VD_METADATA_INVALID},
		{VD_S("X-Request"), VD_METADATA_INVALID},
		{VD_S("a b"), VD_METADATA_INVALID},
		{VD_S("a:b"), VD_METADATA_INVALID},
		{VD_S("a\0b"), VD_METADATA_INVALID},
		{VD_S("gr\xc3\xb6\xc3\x9f"), VD_METADATA_INVALID},
		{VD_S("a/b"), VD_METADATA_INVALID},
	};
	for (unsigned i = 0; i < VD_ARRAY_LEN(rows); i++)
		assert_int_equal(vd_metadata_kind(rows[i].key), rows[i].kind);
	char key[VD_METADATA_KEY_MAX + 1];
	memset(key, 'k', sizeof key);
	assert_int_equal(vd_metadata_kind((struct vd_str){key, VD_METADATA_KEY_MAX}), VD_METADATA_ASCII);
	assert_int_equal(vd_metadata_kind((struct vd_str){key, sizeof key}), VD_METADATA_INVALID);
}

static bool
found(const struct vd_metadata *metadata, const char *key, size_t nth, struct vd_str want)
{
	const struct vd_str *value = vd_metadata_find(metadata, vd_str_from(key), nth);
	return value != NULL && vd_str_eq(*value, want);
}

static enum vd_status
add(struct vd_metadata *metadata, const char *key, struct vd_str value, struct vd_err *err)
{
	return vd_metadata_add(metadata, vd_str_from(key), value, err);
}

static enum vd_status
take(struct vd_metadata *metadata, const char *key, struct vd_str value)
{
	return vd_metadata_take(metadata, vd_str_from(key), value, NULL);
}

VD_TEST(what_is_added_is_found_and_written_as_it_is_sent)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_metadata metadata;
	vd_metadata_init(&metadata, arena, VD_METADATA_LIMIT);
	char value[] = "one";
	assert_int_equal(add(&metadata, "a", vd_str_from(value), NULL), VD_OK);
	value[0] = 'X'; /* it is kept by the list */
	assert_int_equal(add(&metadata, "a", VD_S("two, three"), NULL), VD_OK);
	assert_int_equal(add(&metadata, "b-bin", VD_S("\0\xff,"), NULL), VD_OK);
	assert_int_equal(add(&metadata, "c", VD_S(""), NULL), VD_OK);
	assert_true(found(&metadata, "a", 0, VD_S("one")));
	assert_true(found(&metadata, "a", 1, VD_S("two, three")));
	assert_true(found(&metadata, "b-bin", 0, VD_S("\0\xff,")));
	assert_true(found(&metadata, "c", 0, VD_S("")));
	assert_null(vd_metadata_find(&metadata, VD_S("a"), 2));
	assert_null(vd_metadata_find(&metadata, VD_S("A"), 0));
	assert_int_equal(metadata.cost, 4 * 32 + 1 + 3 + 1 + 10 + 5 + 4 + 1);
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	for (size_t i = 0; i < metadata.n; i++)
		vd_metadata_write(&metadata.rows[i], &wire);
	assert_string_equal(wire.at, "onetwo, threeAP8s");
}

VD_TEST(an_application_may_not_send_what_would_not_arrive)
{
	const struct {
		const char *key;
		struct vd_str value;
		const char *words;
	} rows[] = {
		{"Upper", VD_S("x"), "'Upper': a key has"},
		{"grpc-status", VD_S("0"), "'grpc-status': the key is not for applications"},
		{":path", VD_S("/"), "':path': the key is not for applications"},
		{"a", VD_S("line\nbreak"), "'a': the value is not printable ASCII"},
		{"a", VD_S("\xc3\xb6"), "'a': the value is not printable ASCII"},
		{"a", VD_S("\x7f"), "'a': the value is not printable ASCII"},
		{"a", VD_S("x\0"), "'a': the value is not printable ASCII"},
		{"a", VD_S(" x"), "'a': the value is not printable ASCII"},
		{"a", VD_S("x "), "'a': the value is not printable ASCII"},
	};
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_metadata metadata;
	vd_metadata_init(&metadata, arena, VD_METADATA_LIMIT);
	for (unsigned i = 0; i < VD_ARRAY_LEN(rows); i++) {
		struct vd_err err = VD_ERR_INIT;
		assert_int_equal(add(&metadata, rows[i].key, rows[i].value, &err), VD_EINPUT);
		assert_non_null(strstr(err.text, rows[i].words));
	}
	assert_int_equal(metadata.n, 0);
	assert_int_equal(metadata.cost, 0);
}

VD_TEST(binary_values_that_come_are_split_at_commas_and_decoded)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_metadata metadata;
	vd_metadata_init(&metadata, arena, VD_METADATA_LIMIT);
	assert_int_equal(take(&metadata, "k-bin", VD_S("Zg==,Zm8, Zm9v ,,AP8s")), VD_OK);
	assert_int_equal(take(&metadata, "k-bin", VD_S("")), VD_OK);
	assert_int_equal(take(&metadata, "k-bin", VD_S("Zg")), VD_OK);
	static const struct vd_str want[] = {
		{"f", 1}, {"fo", 2}, {"foo", 3}, {"", 0}, {"\0\xff,", 3}, {"", 0}, {"f", 1}};
	assert_int_equal(metadata.n, VD_ARRAY_LEN(want));
	for (size_t i = 0; i < VD_ARRAY_LEN(want); i++)
		assert_true(found(&metadata, "k-bin", i, want[i]));
	assert_int_equal(take(&metadata, "k-bin", VD_S("Zg,*")), VD_EINPUT);
}

VD_TEST(of_what_comes_only_metadata_is_kept_and_all_of_it_counts)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_metadata metadata;
	vd_metadata_init(&metadata, arena, VD_METADATA_LIMIT);
	assert_int_equal(take(&metadata, ":path", VD_S("/a/b")), VD_OK);
	assert_int_equal(take(&metadata, "grpc-timeout", VD_S("1S")), VD_OK);
	assert_int_equal(take(&metadata, "a", VD_S("\xc3\xb6")), VD_OK); /* thrown away, not refused */
	assert_int_equal(take(&metadata, "a!", VD_S("1")), VD_OK);
	assert_int_equal(take(&metadata, "a", VD_S("  kept ")), VD_OK);
	assert_int_equal(metadata.n, 1);
	assert_true(found(&metadata, "a", 0, VD_S("kept")));
	assert_int_equal(metadata.cost, 5 * 32 + 5 + 4 + 12 + 2 + 1 + 2 + 2 + 1 + 1 + 7);
}

VD_TEST(the_cost_of_metadata_is_bounded)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_metadata metadata;
	vd_metadata_init(&metadata, arena, 100);
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(add(&metadata, "a", VD_S("1234567"), NULL), VD_OK); /* 40 */
	char long_value[30] = {0};
	memset(long_value, 'v', sizeof long_value);
	struct vd_str value = {long_value, 28};
	assert_int_equal(add(&metadata, "b", value, &err), VD_ELIMIT); /* 61 */
	assert_non_null(strstr(err.text, "100 bytes"));
	assert_int_equal(metadata.cost, 40);
	assert_int_equal(take(&metadata, "grpc-x", value), VD_ELIMIT);
	value.len = 27;
	assert_int_equal(take(&metadata, "b", value), VD_OK);
	assert_int_equal(metadata.cost, 100);
	assert_int_equal(take(&metadata, "", VD_S("")), VD_ELIMIT);
	/* lengths that would wrap around */
	assert_int_equal(take(&metadata, "c", (struct vd_str){"", SIZE_MAX - 16}), VD_ELIMIT);
}

VD_TEST(commas_alone_do_not_make_rows_without_end)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_metadata metadata;
	vd_metadata_init(&metadata, arena, VD_METADATA_LIMIT);
	char commas[1000];
	memset(commas, ',', sizeof commas);
	assert_int_equal(take(&metadata, "k-bin", (struct vd_str){commas, sizeof commas}), VD_ELIMIT);
	assert_int_equal(metadata.n, VD_METADATA_ROWS);
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_arena) arena = vd_arena_new(0);
		if (arena == NULL)
			continue;
		struct vd_metadata metadata;
		vd_metadata_init(&metadata, arena, VD_METADATA_LIMIT);
		bool ok = true;
		for (unsigned i = 0; i < 20 && ok; i++) {
			size_t n = metadata.n, cost = metadata.cost;
			enum vd_status st = add(&metadata, "a", VD_S("value"), NULL);
			ok = st == VD_OK;
			assert_true(ok || (st == VD_ENOMEM && metadata.n == n && metadata.cost == cost));
			if (ok)
				ok = take(&metadata, "b-bin", VD_S("Zm9v")) == VD_OK;
		}
		assert_int_equal(ok, !vd_mem_failed());
	}
}
