#include "rpc/status.h"

#include "rpc/text.h"
#include "vd_test.h"

static void
is(struct vd_str got, const char *want)
{
	assert_true(vd_str_is(got, want));
}

/* Writes, checks that nothing of it is borrowed, and reads. */
static void
there_and_back(const struct vd_rpc_status *status, struct vd_arena *arena, struct vd_rpc_status *ret)
{
	VD_AUTO(vd_arena) own = vd_arena_new(0);
	VD_AUTO_FINI(vd_buf) value;
	vd_buf_init(&value, 0);
	assert_int_equal(vd_rpc_status_write(status, own, &value, NULL), VD_OK);
	assert_int_equal(vd_rpc_status_read(vd_buf_view(&value), arena, ret, NULL), VD_OK);
	if (value.len != 0)
		memset(value.at, 0xee, value.len);
}

VD_TEST(a_status_with_all_its_details_comes_back)
{
	const struct vd_rpc_pair pairs[] = {{VD_S("rule"), VD_S("brute force")}, {VD_S("line"), VD_S("17")}};
	const struct vd_rpc_violation violations[] = {
		{VD_S("rules.0.title"), VD_S("is empty")}, {VD_S("tenant"), VD_S("is größer")}};
	struct vd_rpc_status status = {.code = VD_RPC_INVALID_ARGUMENT,
		.message = VD_S("2 fields are wrong"),
		.reason = VD_S("RULE_REJECTED"),
		.domain = VD_S("vedette"),
		.pairs = pairs,
		.n_pairs = 2,
		.violations = violations,
		.n_violations = 2};
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_rpc_status back;
	there_and_back(&status, arena, &back);
	assert_int_equal(back.code, VD_RPC_INVALID_ARGUMENT);
	is(back.message, "2 fields are wrong");
	is(back.reason, "RULE_REJECTED");
	is(back.domain, "vedette");
	assert_int_equal(back.n_pairs, 2);
	is(back.pairs[0].value, "brute force");
	is(back.pairs[1].key, "line");
	assert_int_equal(back.n_violations, 2);
	is(back.violations[0].field, "rules.0.title");
	is(back.violations[1].words, "is größer");
}

VD_TEST(a_status_without_details_has_none)
{
	struct vd_rpc_status status = {.code = VD_RPC_NOT_FOUND, .message = VD_S("no")}, back;
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	there_and_back(&status, arena, &back);
	assert_int_equal(back.code, VD_RPC_NOT_FOUND);
	is(back.message, "no");
	assert_int_equal(back.reason.len + back.n_pairs + back.n_violations, 0);
	status = (struct vd_rpc_status){.code = VD_RPC_OK};
	there_and_back(&status, arena, &back);
	assert_int_equal(back.code, VD_RPC_OK);
	is(back.message, "");
}

/* Written by protoc --encode: code 3, "bad", ErrorInfo (X of d, k: v), BadRequest (a.b: no). */
#define FROM_PROTOC                                                                                          \
	"CAMSA2JhZBo6Cih0eXBlLmdvb2dsZWFwaXMuY29tL2dvb2dsZS5ycGMuRXJyb3JJbmZvEg4KAVgSAWQaBgoBaxIBdho4Cil0eX" \
	"Bl"                                                                                                 \
	"Lmdvb2dsZWFwaXMuY29tL2dvb2dsZS5ycGMuQmFkUmVxdWVzdBILCgkKA2EuYhICbm8="

VD_TEST(bytes_of_another_writer_are_read)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_rpc_status back;
	struct vd_err err = VD_ERR_INIT;
	enum vd_status st = vd_rpc_status_read(VD_S(FROM_PROTOC), arena, &back, &err);
	if (st != VD_OK)
		fail_msg("%s", err.text);
	assert_int_equal(back.code, VD_RPC_INVALID_ARGUMENT);
	is(back.message, "bad");
	is(back.reason, "X");
	is(back.domain, "d");
	is(back.pairs[0].key, "k");
	is(back.pairs[0].value, "v");
	is(back.violations[0].field, "a.b");
	is(back.violations[0].words, "no");
}

/* A google.rpc.Status of these bytes. */
static enum vd_status
read_bytes(struct vd_str bytes, struct vd_arena *arena, struct vd_rpc_status *ret, struct vd_err *err)
{
	VD_AUTO_FINI(vd_buf) value;
	vd_buf_init(&value, 0);
	vd_base64_encode(&value, bytes);
	return vd_rpc_status_read(vd_buf_view(&value), arena, ret, err);
}

VD_TEST(details_of_other_types_are_passed_over_and_the_first_of_a_type_counts)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_rpc_status back;
	struct vd_str bytes = VD_S("\x08\x63" /* code 99 */
				   "\x1a\x10\x0a\x0bx/RetryInfo\x12\x01\xff"
				   "\x1a\x1d\x0a\x16/google.rpc.ErrorInfo!\x12\x03\x0a\x01Z"
				   "\x1a\x1c\x0a\x15/google.rpc.ErrorInfo\x12\x03\x0a\x01X"
				   "\x1a\x1c\x0a\x15/google.rpc.ErrorInfo\x12\x03\x0a\x01Y");
	assert_int_equal(read_bytes(bytes, arena, &back, NULL), VD_OK);
	assert_int_equal(back.code, VD_RPC_UNKNOWN);
	is(back.reason, "X");
}

VD_TEST(what_is_no_status_is_refused_and_nothing_is_given)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_rpc_status back = {.code = VD_RPC_ABORTED};
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(vd_rpc_status_read(VD_S("****"), arena, &back, &err), VD_EINPUT);
	assert_non_null(strstr(err.text, "not base64"));
	assert_int_equal(read_bytes(VD_S("\x08"), arena, &back, &err), VD_EINPUT);
	assert_string_equal(
		err.text, "grpc-status-details-bin: google.rpc.Status: code, byte 0: a varint does not end");
	assert_int_equal(
		read_bytes(VD_S("\x1a\x1a\x0a\x15/google.rpc.ErrorInfo\x12\x01\x0a"), arena, &back, &err),
		VD_EINPUT);
	assert_non_null(strstr(err.text, "google.rpc.ErrorInfo: reason"));
	assert_int_equal(back.code, VD_RPC_ABORTED);
}

VD_TEST(texts_that_no_reader_would_take_are_mended)
{
	struct vd_rpc_status status = {.message = VD_S("a\xff\0z"), .reason = VD_S("R\xc3")}, back;
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	there_and_back(&status, arena, &back);
	is(back.message, "a\xef\xbf\xbd z");
	is(back.reason, "R\xef\xbf\xbd");
}

VD_TEST(a_status_too_long_for_a_header_is_not_written)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	VD_AUTO_FINI(vd_buf) value;
	vd_buf_init(&value, 0);
	char text[VD_RPC_DETAILS_MAX] = {0};
	memset(text, 'x', sizeof text);
	struct vd_rpc_status status = {.message = {text, sizeof text / 4 * 3 - 3}};
	assert_int_equal(vd_rpc_status_write(&status, arena, &value, NULL), VD_OK);
	assert_true(value.len <= VD_RPC_DETAILS_MAX);
	size_t before = value.len;
	status.message.len++;
	assert_int_equal(vd_rpc_status_write(&status, arena, &value, NULL), VD_ELIMIT);
	struct vd_rpc_pair pairs[VD_RPC_PAIRS_MAX + 1] = {0};
	status = (struct vd_rpc_status){.pairs = pairs, .n_pairs = VD_ARRAY_LEN(pairs)};
	assert_int_equal(vd_rpc_status_write(&status, arena, &value, NULL), VD_ELIMIT);
	assert_int_equal(value.len, before);
}

VD_TEST(survives_every_out_of_memory)
{
	const struct vd_rpc_pair pair = {VD_S("k"), VD_S("v")};
	const struct vd_rpc_violation violation = {VD_S("f"), VD_S("w")};
	VD_TORTURE
	{
		VD_AUTO(vd_arena) arena = vd_arena_new(0);
		if (arena == NULL)
			continue;
		struct vd_rpc_status status = {.reason = VD_S("R"),
					     .pairs = &pair,
					     .n_pairs = 1,
					     .violations = &violation,
					     .n_violations = 1},
				     back;
		VD_AUTO_FINI(vd_buf) value;
		vd_buf_init(&value, 0);
		enum vd_status st = vd_rpc_status_write(&status, arena, &value, NULL);
		if (st == VD_OK)
			st = vd_rpc_status_read(vd_buf_view(&value), arena, &back, NULL);
		assert_int_equal(st, vd_mem_failed() ? VD_ENOMEM : VD_OK);
	}
}
