#include "rpc/descriptors.h"

#include "vd_test.h"

static struct vd_descriptors *
descriptors_of_the_program(void)
{
	struct vd_descriptors *descriptors = NULL;
	struct vd_err err = VD_ERR_INIT;
	if (vd_descriptors_new(&descriptors, &err) != VD_OK)
		fail_msg("%s", err.text);
	return descriptors;
}

VD_TEST(files_are_found_by_the_name_that_imports_use)
{
	VD_AUTO(vd_descriptors) descriptors = descriptors_of_the_program();
	int file = vd_descriptors_by_name(descriptors, VD_S("grpc/health/v1/health.proto"));
	assert_true(file >= 0);
	/* a FileDescriptorProto begins with field 1, its name */
	struct vd_str bytes = vd_descriptors_file(descriptors, file);
	assert_true(bytes.len > 29 && memcmp(bytes.at, "\x0a\x1bgrpc/health/v1/health.proto", 29) == 0);
	assert_int_equal(vd_descriptors_by_name(descriptors, VD_S("health.proto")), -1);
	assert_int_equal(vd_descriptors_by_name(descriptors, VD_S("")), -1);
}

VD_TEST(messages_enums_services_and_methods_are_found_by_their_full_names)
{
	static const struct {
		const char *symbol, *file;
	} rows[] = {
		{"grpc.health.v1.HealthCheckRequest", "grpc/health/v1/health.proto"},
		{"grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto"},
		{"grpc.health.v1.Health", "grpc/health/v1/health.proto"},
		{"grpc.health.v1.Health.Watch", "grpc/health/v1/health.proto"},
		{"grpc.reflection.v1.ServerReflection", "grpc/reflection/v1/reflection.proto"},
		{"grpc.reflection.v1alpha.ServerReflection", "grpc/reflection/v1alpha/reflection.proto"},
		{"google.protobuf.Any", "google/protobuf/any.proto"},
		{"google.rpc.BadRequest.FieldViolation", "google/rpc/error_details.proto"},
		{"SpiffeWorkloadAPI", "spiffe/workload/workload.proto"},
		{"SpiffeWorkloadAPI.FetchX509SVID", "spiffe/workload/workload.proto"},
		{"X509SVID", "spiffe/workload/workload.proto"},
		{"vedette.test.v1.Echo.BidiStream", "vedette/test/v1/echo.proto"},
	};
	VD_AUTO(vd_descriptors) descriptors = descriptors_of_the_program();
	for (unsigned i = 0; i < VD_ARRAY_LEN(rows); i++) {
		int file = vd_descriptors_by_symbol(descriptors, vd_str_from(rows[i].symbol));
		assert_true(file >= 0);
		assert_int_equal(file, vd_descriptors_by_name(descriptors, vd_str_from(rows[i].file)));
	}
}

VD_TEST(what_is_not_there_is_not_found)
{
	static const char *const symbols[] = {"", ".", "grpc.health.v1", "grpc.health.v1.",
		"grpc.health.v1.Healt", "grpc.health.v1.Health.", "grpc.health.v1.Health.watch",
		"grpc.health.v1.Health.Watch.x", ".grpc.health.v1.Health", "Health",
		"grpc.health.v1.HealthCheckResponse.ServingStatus.x", "spiffe.SpiffeWorkloadAPI",
		"grpc.reflection.v1.ServerReflectionX"};
	VD_AUTO(vd_descriptors) descriptors = descriptors_of_the_program();
	for (unsigned i = 0; i < VD_ARRAY_LEN(symbols); i++)
		assert_int_equal(vd_descriptors_by_symbol(descriptors, vd_str_from(symbols[i])), -1);
}

VD_TEST(a_file_comes_with_all_it_imports)
{
	VD_AUTO(vd_descriptors) descriptors = descriptors_of_the_program();
	int needed[VD_DESCRIPTOR_FILES_MAX];
	int status = vd_descriptors_by_name(descriptors, VD_S("google/rpc/status.proto"));
	assert_int_equal(vd_descriptors_needed(descriptors, status, needed), 2);
	assert_int_equal(needed[0], status);
	assert_int_equal(needed[1], vd_descriptors_by_name(descriptors, VD_S("google/protobuf/any.proto")));
	assert_int_equal(vd_descriptors_needed(descriptors, needed[1], needed), 1);
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_descriptors) descriptors = NULL;
		enum vd_status st = vd_descriptors_new(&descriptors, NULL);
		assert_int_equal(st, vd_mem_failed() ? VD_ENOMEM : VD_OK);
	}
}
