#include "main/peers.h"

#include "vd_test.h"

/* The services, as the design names them: until a table of services says so itself. */
static const char *const services[] = {"gateway", "collector", "plugin-retail", "detector", "responder",
	"auditor", "storage", "iam", "registry", "monitor"};

static struct vd_methods *
methods_of(const char *callee, bool test)
{
	struct vd_methods *methods = NULL;
	struct vd_err err = VD_ERR_INIT;
	if (vd_methods_new(callee, test, vd_peer_calls, vd_peer_calls_n, &methods, &err) != VD_OK)
		fail_msg("%s", err.text); /* names the row that is not of its form */
	return methods;
}

static enum vd_status
add(struct vd_methods *methods, const char *service, const char *name)
{
	return vd_methods_add(methods, &(struct vd_method){.service = service, .name = name}, NULL);
}

VD_TEST(every_service_answers_about_its_health_and_anyone_may_ask)
{
	for (unsigned i = 0; i < VD_ARRAY_LEN(services); i++) {
		VD_AUTO(vd_methods) methods = methods_of(services[i], false);
		assert_int_equal(add(methods, "grpc.health.v1.Health", "Check"), VD_OK);
		assert_int_equal(add(methods, "grpc.health.v1.Health", "Watch"), VD_OK);
		for (unsigned k = 0; k < VD_ARRAY_LEN(services); k++)
			assert_true(vd_methods_may_call(
				methods, vd_methods_at(methods, 0), vd_str_from(services[k])));
		assert_false(vd_methods_may_call(methods, vd_methods_at(methods, 0), VD_S("")));
	}
}

VD_TEST(reflection_and_echo_are_there_in_tests_only)
{
	static const struct {
		const char *service, *name;
	} rows[] = {{"grpc.reflection.v1.ServerReflection", "ServerReflectionInfo"},
		{"grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo"},
		{"vedette.test.v1.Echo", "Unary"}, {"vedette.test.v1.Echo", "BidiStream"}};
	VD_AUTO(vd_methods) methods = methods_of("detector", false);
	VD_AUTO(vd_methods) in_test = methods_of("detector", true);
	for (unsigned i = 0; i < VD_ARRAY_LEN(rows); i++) {
		assert_int_equal(add(methods, rows[i].service, rows[i].name), VD_EDENIED);
		assert_int_equal(add(in_test, rows[i].service, rows[i].name), VD_OK);
	}
}

VD_TEST(only_iam_gives_out_identities)
{
	for (unsigned i = 0; i < VD_ARRAY_LEN(services); i++) {
		VD_AUTO(vd_methods) methods = methods_of(services[i], false);
		enum vd_status want = strcmp(services[i], "iam") == 0 ? VD_OK : VD_EDENIED;
		assert_int_equal(add(methods, "SpiffeWorkloadAPI", "FetchX509SVID"), want);
		assert_int_equal(add(methods, "SpiffeWorkloadAPI", "FetchX509Bundles"), want);
	}
}

/* Does a service of the design go by this name or pattern? */
static bool
is_known(const char *pattern)
{
	size_t n = strlen(pattern) - 1;
	for (unsigned i = 0; i < VD_ARRAY_LEN(services); i++)
		if (strcmp(pattern, services[i]) == 0 ||
			(pattern[n] == '*' && strncmp(pattern, services[i], n) == 0))
			return true;
	return false;
}

VD_TEST(rows_speak_of_services_that_exist_and_each_but_once)
{
	for (size_t i = 0; i < vd_peer_calls_n; i++) {
		const struct vd_peer_call *row = &vd_peer_calls[i];
		if (!is_known(row->caller) || !is_known(row->callee))
			fail_msg("%s to %s, %s: no such service", row->caller, row->callee, row->method);
		for (size_t k = 0; k < i; k++)
			if (strcmp(row->caller, vd_peer_calls[k].caller) == 0 &&
				strcmp(row->callee, vd_peer_calls[k].callee) == 0 &&
				strcmp(row->method, vd_peer_calls[k].method) == 0)
				fail_msg("%s to %s, %s: twice", row->caller, row->callee, row->method);
	}
}
