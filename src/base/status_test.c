#include "vd_test.h"

#include <string.h>

#include "base/status.h"

VD_TEST(a_failure_carries_its_words_and_place)
{
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(vd_fail_at(&err, VD_EINPUT, 7, 3, "no %s", "condition"), VD_EINPUT);
	assert_int_equal(err.status, VD_EINPUT);
	assert_int_equal(err.line, 7);
	assert_int_equal(err.column, 3);
	assert_string_equal(err.text, "no condition");
}

VD_TEST(places_are_put_before_the_words_on_the_way_up)
{
	struct vd_err err = VD_ERR_INIT;
	(void)vd_fail_at(&err, VD_EINPUT, 7, 3, "no condition");
	assert_int_equal(vd_fail_in(&err, VD_EINPUT, "rule %d", 17), VD_EINPUT);
	(void)vd_fail_in(&err, VD_EINPUT, "rules.yml");
	assert_string_equal(err.text, "rules.yml: rule 17: no condition");
	assert_int_equal(err.line, 7);
}

VD_TEST(a_new_failure_forgets_the_place_of_the_last)
{
	struct vd_err err = VD_ERR_INIT;
	(void)vd_fail_at(&err, VD_EINPUT, 7, 3, "first");
	(void)vd_fail(&err, VD_ENOMEM, "second");
	assert_int_equal(err.line, 0);
	assert_int_equal(err.column, 0);
	assert_string_equal(err.text, "second");
}

VD_TEST(words_too_long_are_cut_and_still_end)
{
	struct vd_err err = VD_ERR_INIT;
	char text[2 * VD_ERR_TEXT_MAX];
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	(void)vd_fail(&err, VD_EINPUT, "%s", text);
	assert_int_equal(strlen(err.text), VD_ERR_TEXT_MAX - 1);
	(void)vd_fail_in(&err, VD_EINPUT, "here");
	assert_int_equal(strlen(err.text), VD_ERR_TEXT_MAX - 1);
	assert_memory_equal(err.text, "here: xxx", 9);
	(void)vd_fail_in(&err, VD_EINPUT, "%s", text);
	assert_int_equal(strlen(err.text), VD_ERR_TEXT_MAX - 1);
}

VD_TEST(who_does_not_want_the_words_gets_the_status)
{
	assert_int_equal(vd_fail(NULL, VD_EIO, "x"), VD_EIO);
	assert_int_equal(vd_fail_in(NULL, VD_EIO, "x"), VD_EIO);
	assert_int_equal(vd_fail_at(NULL, VD_EIO, 1, 1, "x"), VD_EIO);
}

VD_TEST(every_status_has_a_name_of_its_own)
{
	for (int a = VD_OK; a <= VD_END; a++) {
		assert_string_not_equal(vd_status_name((enum vd_status)a), "unknown");
		for (int b = VD_OK; b < a; b++)
			assert_string_not_equal(
				vd_status_name((enum vd_status)a), vd_status_name((enum vd_status)b));
	}
	assert_string_equal(vd_status_name((enum vd_status)(VD_END + 1)), "unknown");
}
