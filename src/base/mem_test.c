#include "vd_test.h"

#include <string.h>

#include "base/mem.h"

VD_TEST(the_nth_allocation_fails_as_planned)
{
	vd_mem_fail_after(2);
	void *first = vd_mem_alloc(1), *second = vd_mem_alloc(1), *third = vd_mem_alloc(1);
	assert_non_null(first);
	assert_null(second);
	assert_non_null(third);
	assert_true(vd_mem_failed());
	vd_mem_fail_after(0);
	assert_false(vd_mem_failed());
	vd_mem_free(first);
	vd_mem_free(third);
}

VD_TEST(every_door_to_the_heap_is_counted_and_can_fail)
{
	void *p = vd_mem_alloc(8);
	assert_non_null(p);
	uint64_t before = vd_mem_count();
	vd_mem_fail_after(1);
	assert_null(vd_mem_zalloc(1, 1));
	vd_mem_fail_after(1);
	assert_null(vd_mem_realloc(p, 16));
	vd_mem_fail_after(1);
	assert_null(vd_mem_aligned(64, 1));
	vd_mem_fail_after(1);
	assert_null(vd_mem_strdup("x"));
	vd_mem_fail_after(1);
	assert_null(vd_obj_alloc(16, 1));
	vd_mem_fail_after(0);
	assert_true(vd_mem_count() - before == 5);
	vd_mem_free(p);
}

VD_TEST(sizes_that_overflow_are_refused)
{
	assert_null(vd_mem_zalloc(SIZE_MAX / 2, 4));
	assert_null(vd_mem_aligned(64, SIZE_MAX - 1));
	void *array = NULL;
	size_t cap = 0;
	assert_false(vd_mem_grow(&array, &cap, SIZE_MAX / 2, 8, 16));
	assert_false(vd_mem_grow(&array, &cap, SIZE_MAX, 1, 16));
	assert_null(array);
	assert_int_equal(cap, 0);
}

VD_TEST(nothing_is_a_valid_size)
{
	void *a = vd_mem_alloc(0), *b = vd_mem_zalloc(0, 8), *c = vd_mem_realloc(NULL, 0);
	assert_true(a != NULL && b != NULL && c != NULL);
	vd_mem_free(a);
	vd_mem_free(b);
	vd_mem_free(c);
	vd_mem_free(NULL);
}

VD_TEST(aligned_memory_is_aligned)
{
	for (size_t align = 16; align <= 4096; align *= 2) {
		void *p = vd_mem_aligned(align, 5);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % align, 0);
		vd_mem_free(p);
	}
}

VD_TEST(an_array_grows_by_doubling_and_keeps_its_elements)
{
	void *array = NULL;
	size_t cap = 0;
	for (uint32_t i = 0; i < 1000; i++) {
		assert_true(vd_mem_grow(&array, &cap, i + 1, sizeof i, 4));
		((uint32_t *)array)[i] = i;
	}
	assert_int_equal(cap, 1024);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(((uint32_t *)array)[i], i);
	void *kept = array;
	vd_mem_fail_after(1);
	assert_false(vd_mem_grow(&array, &cap, 1025, sizeof(uint32_t), 4));
	vd_mem_fail_after(0);
	assert_ptr_equal(array, kept);
	assert_int_equal(cap, 1024);
	vd_mem_free(array);
}

struct thing {
	uint32_t magic;
	uint32_t value;
};

VD_TEST(an_object_begins_with_its_magic_and_zeros)
{
	struct thing *thing = vd_obj_new(struct thing, 0x1234abcdu);
	assert_non_null(thing);
	assert_int_equal(thing->magic, 0x1234abcdu);
	assert_int_equal(thing->value, 0);
	vd_obj_check(thing, 0x1234abcdu);
	vd_obj_free(thing);
	struct thing *none = NULL;
	vd_obj_free(none);
}
