#include "engine/sigma/verdict.h"

#include "base/mem.h"
#include "vd_test.h"

VD_TEST(rows_are_copies)
{
	VD_AUTO(vd_verdicts) list = vd_verdicts_new();
	char file[] = "a.yml";
	struct vd_verdict row = {.file = {file, 5}, .pos = {3, 4}, .kind = VD_REJECTED, .code = VD_S("yaml")};
	assert_int_equal(vd_verdicts_add(list, &row), VD_OK);
	file[0] = 'x';
	assert_int_equal(vd_verdicts_count(list), 1);
	const struct vd_verdict *kept = vd_verdicts_at(list, 0);
	assert_true(vd_str_is(kept->file, "a.yml"));
	assert_int_equal(kept->pos.line, 3);
	assert_int_equal(kept->kind, VD_REJECTED);
	assert_null(vd_verdicts_at(list, 1));
}

VD_TEST(kinds_have_names)
{
	assert_string_equal(vd_verdict_kind_name(VD_LOADED), "loaded");
	assert_string_equal(vd_verdict_kind_name(VD_DEGRADED), "degraded");
	assert_string_equal(vd_verdict_kind_name(VD_REJECTED), "rejected");
}

VD_TEST(freeing_nothing_is_fine)
{
	vd_verdicts_free(NULL);
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_verdicts) list = vd_verdicts_new();
		if (list == NULL)
			continue;
		struct vd_verdict row = {.title = VD_S("t"), .message = VD_S("m")};
		for (size_t i = 0; i < 300; i++) {
			size_t before = vd_verdicts_count(list);
			if (vd_verdicts_add(list, &row) != VD_OK) {
				assert_int_equal(vd_verdicts_count(list), before);
				break;
			}
		}
	}
}
