#include "rpc/code.h"

#include "vd_test.h"

VD_TEST(names_and_numbers_are_those_of_grpc)
{
	/* in the order of their numbers, as the specification lists them */
	static const char *const listed[] = {"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT",
		"DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
		"FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
		"DATA_LOSS", "UNAUTHENTICATED"};
	assert_int_equal(VD_ARRAY_LEN(listed), VD_RPC_CODES);
	for (unsigned i = 0; i < VD_RPC_CODES; i++)
		assert_string_equal(vd_rpc_code_name((enum vd_rpc_code)i), listed[i]);
	assert_string_equal(vd_rpc_code_name((enum vd_rpc_code)17), "UNKNOWN");
}

VD_TEST(a_number_that_is_no_code_counts_as_unknown)
{
	static const int64_t numbers[] = {-1, 17, 99, INT64_MIN, INT64_MAX, (int64_t)1 << 32};
	for (unsigned i = 0; i < VD_ARRAY_LEN(numbers); i++)
		assert_int_equal(vd_rpc_code_from_number(numbers[i]), VD_RPC_UNKNOWN);
	assert_int_equal(vd_rpc_code_from_number(16), VD_RPC_UNAUTHENTICATED);
	assert_int_equal(vd_rpc_code_from_number(0), VD_RPC_OK);
}

VD_TEST(grpc_status_is_read_from_decimal_digits_alone)
{
	enum vd_rpc_code code;
	assert_true(vd_rpc_code_parse(VD_S("0"), &code));
	assert_int_equal(code, VD_RPC_OK);
	assert_true(vd_rpc_code_parse(VD_S("14"), &code));
	assert_int_equal(code, VD_RPC_UNAVAILABLE);
	assert_true(vd_rpc_code_parse(VD_S("17"), &code));
	assert_int_equal(code, VD_RPC_UNKNOWN);
	static const char *const bad[] = {"", "OK", "-1", "+0", "0 ", " 0", "0x0", "99999999999999999999"};
	for (unsigned i = 0; i < VD_ARRAY_LEN(bad); i++) {
		code = VD_RPC_OK;
		assert_false(vd_rpc_code_parse(vd_str_from(bad[i]), &code));
		assert_int_equal(code, VD_RPC_UNKNOWN);
	}
}

VD_TEST(a_reset_stream_says_what_the_specification_maps_it_to)
{
	static const enum vd_rpc_code want[] = {
		VD_RPC_INTERNAL,           /* NO_ERROR */
		VD_RPC_INTERNAL,           /* PROTOCOL_ERROR */
		VD_RPC_INTERNAL,           /* INTERNAL_ERROR */
		VD_RPC_INTERNAL,           /* FLOW_CONTROL_ERROR */
		VD_RPC_INTERNAL,           /* SETTINGS_TIMEOUT */
		VD_RPC_UNKNOWN,            /* STREAM_CLOSED */
		VD_RPC_INTERNAL,           /* FRAME_SIZE_ERROR */
		VD_RPC_UNAVAILABLE,        /* REFUSED_STREAM */
		VD_RPC_CANCELLED,          /* CANCEL */
		VD_RPC_INTERNAL,           /* COMPRESSION_ERROR */
		VD_RPC_INTERNAL,           /* CONNECT_ERROR */
		VD_RPC_RESOURCE_EXHAUSTED, /* ENHANCE_YOUR_CALM */
		VD_RPC_PERMISSION_DENIED,  /* INADEQUATE_SECURITY */
		VD_RPC_UNKNOWN,            /* HTTP_1_1_REQUIRED */
		VD_RPC_INTERNAL,           /* not assigned */
	};
	for (uint32_t i = 0; i < VD_ARRAY_LEN(want); i++)
		assert_int_equal(vd_rpc_code_from_reset(i), want[i]);
	assert_int_equal(vd_rpc_code_from_reset(UINT32_MAX), VD_RPC_INTERNAL);
}

VD_TEST(a_response_without_grpc_status_is_judged_by_its_http_status)
{
	static const struct {
		unsigned status;
		enum vd_rpc_code code;
	} rows[] = {{400, VD_RPC_INTERNAL}, {401, VD_RPC_UNAUTHENTICATED}, {403, VD_RPC_PERMISSION_DENIED},
		{404, VD_RPC_UNIMPLEMENTED}, {429, VD_RPC_UNAVAILABLE}, {431, VD_RPC_INTERNAL},
		{502, VD_RPC_UNAVAILABLE}, {503, VD_RPC_UNAVAILABLE}, {504, VD_RPC_UNAVAILABLE},
		{200, VD_RPC_UNKNOWN}, {302, VD_RPC_UNKNOWN}, {402, VD_RPC_UNKNOWN}, {500, VD_RPC_UNKNOWN},
		{0, VD_RPC_UNKNOWN}};
	for (unsigned i = 0; i < VD_ARRAY_LEN(rows); i++)
		assert_int_equal(vd_rpc_code_from_http(rows[i].status), rows[i].code);
}

VD_TEST(what_a_handler_returned_is_what_its_caller_should_do)
{
	/* these come back as they went */
	static const enum vd_status same[] = {VD_OK, VD_EINPUT, VD_ENOTFOUND, VD_EEXIST, VD_ELIMIT, VD_EAGAIN,
		VD_EDENIED, VD_EIO, VD_EVERSION};
	for (unsigned i = 0; i < VD_ARRAY_LEN(same); i++)
		assert_int_equal(vd_rpc_code_to_status(vd_rpc_code_from_status(same[i])), same[i]);
	assert_int_equal(vd_rpc_code_from_status(VD_ENOMEM), VD_RPC_RESOURCE_EXHAUSTED);
	assert_int_equal(vd_rpc_code_from_status((enum vd_status)99), VD_RPC_UNKNOWN);
	assert_int_equal(vd_rpc_code_from_status(VD_EDENIED), VD_RPC_PERMISSION_DENIED);
	assert_int_equal(vd_rpc_code_from_status(VD_EAGAIN), VD_RPC_UNAVAILABLE);
}

VD_TEST(no_code_but_ok_becomes_a_good_end)
{
	for (unsigned i = 1; i < VD_RPC_CODES + 3; i++) {
		enum vd_status st = vd_rpc_code_to_status((enum vd_rpc_code)i);
		assert_true(st != VD_OK && st != VD_END);
	}
	assert_int_equal(vd_rpc_code_to_status(VD_RPC_UNAUTHENTICATED), VD_EDENIED);
	assert_int_equal(vd_rpc_code_to_status(VD_RPC_DEADLINE_EXCEEDED), VD_EAGAIN);
}
