#include "vd_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TESTS 512u

static struct CMUnitTest tests[MAX_TESTS];
static size_t n_tests;

void
vd_test_register(const char *name, vd_test_fn fn)
{
	if (n_tests == MAX_TESTS) {
		fprintf(stderr, "more than %u tests in one file: split it\n", MAX_TESTS);
		abort();
	}
	tests[n_tests++] = (struct CMUnitTest){.name = name, .test_func = fn};
}

void
vd_test_skipped(const char *test, const char *reason)
{
	printf("# skipped: %s: %s\n", test, reason); /* read by tests/tools/tally.py */
}

int
vd_torture_next(uint64_t *round)
{
	if (*round > 0 && !vd_mem_failed()) {
		vd_mem_fail_after(0);
		return 0;
	}
	if (++*round > VD_TORTURE_MAX)
		fail_msg("no round without a failure in %u: does the body ever end?", VD_TORTURE_MAX);
	vd_mem_fail_after(*round);
	return 1;
}

char *
vd_test_file(const char *path, size_t *ret_len)
{
	const char *root = getenv("VD_SOURCE_ROOT");
	char full[4096];
	(void)snprintf(full, sizeof full, "%s/%s", root == NULL ? "." : root, path);
	FILE *f = fopen(full, "rb");
	if (f == NULL)
		fail_msg("cannot open %s", full);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	long n = ftell(f);
	assert_true(n >= 0);
	rewind(f);
	char *text = vd_mem_zalloc(1, (size_t)n + 65);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)n, f), (size_t)n);
	(void)fclose(f);
	*ret_len = (size_t)n;
	return text;
}

int
main(void)
{
	cmocka_set_test_filter(getenv("VD_TEST_ONLY")); /* a pattern with * and ?; NULL: all */
	return _cmocka_run_group_tests("unit", tests, n_tests, NULL, NULL) != 0;
}
