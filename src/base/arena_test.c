#include "vd_test.h"

#include <string.h>

#include "base/arena.h"

VD_TEST(what_an_arena_gives_is_aligned_and_apart)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	assert_non_null(arena);
	unsigned char *parts[500];
	for (size_t i = 0; i < 500; i++) {
		parts[i] = vd_arena_alloc(arena, i);
		assert_non_null(parts[i]);
		assert_int_equal((uintptr_t)parts[i] % 16, 0);
		memset(parts[i], (int)(i % 251), i);
	}
	for (size_t i = 0; i < 500; i++)
		for (size_t k = 0; k < i; k++)
			assert_int_equal(parts[i][k], i % 251);
}

static void
one_round(struct vd_arena *arena)
{
	for (size_t i = 1; i < 60; i++)
		assert_non_null(vd_arena_alloc(arena, i * 997));
}

VD_TEST(after_its_largest_round_an_arena_allocates_nothing)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	assert_non_null(arena);
	one_round(arena);
	uint64_t calls = vd_mem_count();
	size_t used = vd_arena_used(arena);
	for (int round = 0; round < 100; round++) {
		vd_arena_reset(arena);
		one_round(arena);
	}
	assert_true(vd_mem_count() == calls);
	assert_int_equal(vd_arena_used(arena), used);
}

VD_TEST(an_arena_never_exceeds_its_limit)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(100000);
	assert_non_null(arena);
	assert_null(vd_arena_alloc(arena, 100001));
	size_t got = 0;
	while (vd_arena_alloc(arena, 1000) != NULL)
		got += 1000;
	assert_in_range(got, 90000, 100000);
	assert_in_range(vd_arena_used(arena), got, 100000);
	vd_arena_reset(arena);
	assert_non_null(vd_arena_alloc(arena, 1000));
}

VD_TEST(one_large_piece_is_served)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	assert_non_null(arena);
	assert_non_null(vd_arena_alloc(arena, 1));
	char *large = vd_arena_alloc(arena, 10u << 20);
	assert_non_null(large);
	memset(large, 'x', 10u << 20);
	assert_non_null(vd_arena_alloc(arena, 1));
}

VD_TEST(sizes_that_overflow_are_refused)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	assert_non_null(arena);
	assert_null(vd_arena_alloc(arena, SIZE_MAX));
	assert_null(vd_arena_alloc(arena, SIZE_MAX - 8));
	assert_null(vd_arena_array(arena, SIZE_MAX / 8, 16));
	assert_null(vd_arena_dup(arena, "x", SIZE_MAX));
}

VD_TEST(memory_asked_for_zeroed_is_zeroed_also_after_a_reset)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	assert_non_null(arena);
	char *dirty = vd_arena_alloc(arena, 1000);
	assert_non_null(dirty);
	memset(dirty, 'x', 1000);
	vd_arena_reset(arena);
	char *clean = vd_arena_array(arena, 10, 100);
	assert_non_null(clean);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(clean[i], 0);
}

VD_TEST(copies_and_prints_end_in_nul)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	assert_non_null(arena);
	assert_string_equal(vd_arena_dup(arena, "abcdef", 3), "abc");
	assert_string_equal(vd_arena_dup(arena, NULL, 0), "");
	assert_string_equal(vd_arena_printf(arena, "%d-%s", 7, "x"), "7-x");
	struct vd_str s;
	assert_true(vd_arena_str(arena, VD_S("abc"), &s));
	assert_true(vd_str_is(s, "abc"));
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_arena) arena = vd_arena_new(0);
		if (arena == NULL)
			continue;
		for (size_t i = 0; i < 5; i++) {
			char *p = vd_arena_alloc(arena, 50000);
			if (p != NULL)
				memset(p, 1, 50000);
		}
		vd_arena_reset(arena);
		char *text = vd_arena_printf(arena, "%0100000d", 1);
		if (text != NULL)
			assert_int_equal(strlen(text), 100000);
	}
	vd_arena_free(NULL);
}
