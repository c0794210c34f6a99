#include "rpc/methods.h"

#include <stdio.h>

#include "vd_test.h"

#include "vedette/test/v1/echo.pb-c.h"

static const struct vd_peer_call rows[] = {
	{"gateway", "iam", "vedette.iam.v1.Accounts/Login", "people log in at the door", false},
	{"storage", "iam", "vedette.iam.v1.Accounts/*", "it restores them", false},
	{"*", "*", "grpc.health.v1.Health/*", "each asks whether those it needs can serve", false},
	{"plugin-*", "detector", "vedette.detector.v1.Models/Get", "features", false},
	{"*", "*", "vedette.test.v1.Echo/*", "tests of gRPC", true},
	{"gateway", "*", "vedette.test.v1.Echo/Unary", "a second row for the same", true},
};

static struct vd_methods *
methods_of(const char *callee, bool test)
{
	struct vd_methods *methods = NULL;
	struct vd_err err = VD_ERR_INIT;
	if (vd_methods_new(callee, test, rows, VD_ARRAY_LEN(rows), &methods, &err) != VD_OK)
		fail_msg("%s", err.text);
	return methods;
}

static enum vd_status
add(struct vd_methods *methods, const char *service, const char *name, struct vd_err *err)
{
	const struct vd_method method = {.service = service,
		.name = name,
		.kind = VD_CALL_SERVER_STREAM,
		.idempotent = true,
		.request = &vedette__test__v1__echo_request__descriptor,
		.response = &vedette__test__v1__echo_response__descriptor};
	return vd_methods_add(methods, &method, err);
}

VD_TEST(a_method_is_found_by_its_path_byte_for_byte)
{
	VD_AUTO(vd_methods) methods = methods_of("iam", false);
	assert_int_equal(add(methods, "vedette.iam.v1.Accounts", "Login", NULL), VD_OK);
	assert_int_equal(add(methods, "grpc.health.v1.Health", "Check", NULL), VD_OK);
	const struct vd_method *method = vd_methods_find(methods, VD_S("/grpc.health.v1.Health/Check"));
	assert_non_null(method);
	assert_int_equal(method->id, 1);
	assert_string_equal(method->path, "/grpc.health.v1.Health/Check");
	assert_string_equal(method->service, "grpc.health.v1.Health");
	assert_int_equal(method->kind, VD_CALL_SERVER_STREAM);
	assert_true(method->idempotent);
	assert_ptr_equal(method->request, &vedette__test__v1__echo_request__descriptor);
	assert_ptr_equal(vd_methods_at(methods, 1), method);
	assert_int_equal(vd_methods_count(methods), 2);
	static const char *const others[] = {"", "/", "grpc.health.v1.Health/Check",
		"/grpc.health.v1.Health/check", "/grpc.health.v1.Health/Watch", "/grpc.health.v1.Health/",
		"/grpc.health.v1.Health/Check/", "/grpc.health.v1.Health/Check?x",
		"/grpc.health.v1.health/Check", "//grpc.health.v1.Health/Check",
		"/grpc.health.v1.Health/Chec%6b"};
	for (unsigned i = 0; i < VD_ARRAY_LEN(others); i++)
		assert_null(vd_methods_find(methods, vd_str_from(others[i])));
	assert_null(vd_methods_find(methods, VD_S("/grpc.health.v1.Health/Check\0")));
	char path[VD_METHOD_PATH_MAX + 1];
	memset(path, '/', sizeof path);
	assert_null(vd_methods_find(methods, (struct vd_str){path, sizeof path}));
}

VD_TEST(a_method_that_nobody_may_call_cannot_be_registered)
{
	VD_AUTO(vd_methods) methods = methods_of("iam", false);
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(add(methods, "vedette.iam.v1.Secrets", "Read", &err), VD_EDENIED);
	assert_string_equal(err.text,
		"vedette.iam.v1.Secrets/Read: no row of peers.def says who may call it of "
		"iam: add one, with its reason");
	/* a service whose name begins with another's is another service */
	assert_int_equal(add(methods, "vedette.iam.v1.Accounts2", "Login", NULL), VD_EDENIED);
	assert_int_equal(add(methods, "vedette.iam.v1.Account", "Login", NULL), VD_EDENIED);
	/* the row speaks of another callee */
	VD_AUTO(vd_methods) of_storage = methods_of("storage", false);
	assert_int_equal(add(of_storage, "vedette.iam.v1.Accounts", "Login", NULL), VD_EDENIED);
	/* or of tests only */
	assert_int_equal(add(methods, "vedette.test.v1.Echo", "Unary", NULL), VD_EDENIED);
	VD_AUTO(vd_methods) in_test = methods_of("iam", true);
	assert_int_equal(add(in_test, "vedette.test.v1.Echo", "Unary", NULL), VD_OK);
	assert_int_equal(vd_methods_count(methods), 0);
	assert_null(vd_methods_find(methods, VD_S("/vedette.iam.v1.Secrets/Read")));
}

static bool
may_call(const struct vd_methods *methods, const char *path, const char *caller)
{
	const struct vd_method *method = vd_methods_find(methods, vd_str_from(path));
	assert_non_null(method);
	return vd_methods_may_call(methods, method, vd_str_from(caller));
}

VD_TEST(only_the_callers_of_the_rows_may_call)
{
	VD_AUTO(vd_methods) methods = methods_of("iam", false);
	assert_int_equal(add(methods, "vedette.iam.v1.Accounts", "Login", NULL), VD_OK);
	assert_int_equal(add(methods, "vedette.iam.v1.Accounts", "Delete", NULL), VD_OK);
	assert_int_equal(add(methods, "grpc.health.v1.Health", "Check", NULL), VD_OK);
	assert_true(may_call(methods, "/vedette.iam.v1.Accounts/Login", "gateway"));
	assert_true(may_call(methods, "/vedette.iam.v1.Accounts/Login", "storage"));
	assert_false(may_call(methods, "/vedette.iam.v1.Accounts/Login", "detector"));
	assert_false(may_call(methods, "/vedette.iam.v1.Accounts/Login", "gateway2"));
	assert_false(may_call(methods, "/vedette.iam.v1.Accounts/Login", "gatewa"));
	assert_false(may_call(methods, "/vedette.iam.v1.Accounts/Login", "Gateway"));
	assert_false(may_call(methods, "/vedette.iam.v1.Accounts/Delete", "gateway"));
	assert_true(may_call(methods, "/vedette.iam.v1.Accounts/Delete", "storage"));
	assert_true(may_call(methods, "/grpc.health.v1.Health/Check", "anyone"));
	assert_false(may_call(methods, "/grpc.health.v1.Health/Check", "")); /* who has no identity */
}

VD_TEST(a_star_stands_for_all_names_that_begin_so)
{
	VD_AUTO(vd_methods) methods = methods_of("detector", false);
	assert_int_equal(add(methods, "vedette.detector.v1.Models", "Get", NULL), VD_OK);
	assert_true(may_call(methods, "/vedette.detector.v1.Models/Get", "plugin-retail"));
	assert_false(may_call(methods, "/vedette.detector.v1.Models/Get", "plugin"));
	assert_false(may_call(methods, "/vedette.detector.v1.Models/Get", "retail"));
}

VD_TEST(a_method_is_registered_once_and_under_a_name_that_is_one)
{
	VD_AUTO(vd_methods) methods = methods_of("iam", false);
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(add(methods, "grpc.health.v1.Health", "Check", NULL), VD_OK);
	assert_int_equal(add(methods, "grpc.health.v1.Health", "Check", &err), VD_EEXIST);
	assert_string_equal(err.text, "grpc.health.v1.Health/Check is registered twice");
	static const char *const services[] = {
		"", ".Health", "grpc.", "grpc..Health", "grpc/Health", "grpc Health", "grpc.health.v1.*"};
	for (unsigned i = 0; i < VD_ARRAY_LEN(services); i++)
		assert_int_equal(add(methods, services[i], "Check", NULL), VD_EINPUT);
	assert_int_equal(add(methods, "grpc.health.v1.Health", "Che.ck", NULL), VD_EINPUT);
	assert_int_equal(add(methods, "grpc.health.v1.Health", "*", NULL), VD_EINPUT);
	assert_int_equal(add(methods, "grpc.health.v1.Health", "", NULL), VD_EINPUT);
	char name[VD_METHOD_PATH_MAX] = {0};
	memset(name, 'x', sizeof name - 1);
	assert_int_equal(add(methods, "grpc.health.v1.Health", name, NULL), VD_EINPUT);
	name[VD_METHOD_PATH_MAX - strlen("/grpc.health.v1.Health/")] = '\0';
	assert_int_equal(add(methods, "grpc.health.v1.Health", name, NULL), VD_OK);
	assert_int_equal(strlen(vd_methods_at(methods, 1)->path), VD_METHOD_PATH_MAX);
	assert_ptr_equal(vd_methods_find(methods, vd_str_from(vd_methods_at(methods, 1)->path)),
		vd_methods_at(methods, 1));
}

VD_TEST(many_methods_are_each_found_and_one_more_is_refused)
{
	static char names[VD_METHODS_MAX][8];
	VD_AUTO(vd_methods) methods = methods_of("iam", false);
	for (unsigned i = 0; i < VD_METHODS_MAX; i++) {
		(void)snprintf(names[i], sizeof names[i], "M%u", i);
		assert_int_equal(add(methods, "grpc.health.v1.Health", names[i], NULL), VD_OK);
	}
	for (unsigned i = 0; i < VD_METHODS_MAX; i++) {
		char path[64];
		int n = snprintf(path, sizeof path, "/grpc.health.v1.Health/M%u", i);
		const struct vd_method *method = vd_methods_find(methods, (struct vd_str){path, (size_t)n});
		assert_non_null(method);
		assert_int_equal(method->id, i);
	}
	assert_null(vd_methods_find(methods, VD_S("/grpc.health.v1.Health/M1024")));
	assert_int_equal(add(methods, "grpc.health.v1.Health", "OneMore", NULL), VD_ELIMIT);
}

VD_TEST(a_row_that_is_not_of_its_form_is_refused_with_its_number)
{
	static const struct vd_peer_call bad[] = {
		{"", "iam", "a.B/C", "why", false},
		{"gate way", "iam", "a.B/C", "why", false},
		{"gateway", "", "a.B/C", "why", false},
		{"gateway", "i*m", "a.B/C", "why", false},
		{"-*", "iam", "a.B/C", "why", false},
		{"*-", "iam", "a.B/C", "why", false},
		{"**", "iam", "a.B/C", "why", false},
		{"gateway", "iam", "a.B", "why", false},
		{"gateway", "iam", "a.B/", "why", false},
		{"gateway", "iam", "/C", "why", false},
		{"gateway", "iam", "/a.B/C", "why", false},
		{"gateway", "iam", "a.B/C*", "why", false},
		{"gateway", "iam", "a.B/C.d", "why", false},
		{"gateway", "iam", "*/*", "why", false},
		{"gateway", "iam", "a.B/C", "", false},
	};
	for (unsigned i = 0; i < VD_ARRAY_LEN(bad); i++) {
		struct vd_peer_call two[] = {rows[0], bad[i]};
		struct vd_methods *methods = NULL;
		struct vd_err err = VD_ERR_INIT;
		assert_int_equal(vd_methods_new("iam", false, two, 2, &methods, &err), VD_EINPUT);
		assert_non_null(strstr(err.text, "row 2 of who may call what: "));
		assert_null(methods);
	}
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_methods) methods = NULL;
		enum vd_status st = vd_methods_new("iam", true, rows, VD_ARRAY_LEN(rows), &methods, NULL);
		if (st == VD_OK)
			st = add(methods, "vedette.test.v1.Echo", "Unary", NULL);
		assert_int_equal(st, vd_mem_failed() ? VD_ENOMEM : VD_OK);
		if (methods != NULL)
			assert_int_equal(vd_methods_count(methods), st == VD_OK);
	}
}
