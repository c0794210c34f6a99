#include "engine/match/cache.h"

#include <stdio.h>

#include "vd_test.h"

#define RING 65536u

static void
put(struct vd_cache *cache, uint32_t kind, struct vd_str raw, uint32_t n, const uint32_t *items)
{
	vd_cache_put(cache, vd_cache_hash(cache, kind, raw), kind, raw, n, items);
}

static bool
get(struct vd_cache *cache, uint32_t kind, struct vd_str raw, uint32_t *ret_n, const uint32_t **ret)
{
	return vd_cache_get(cache, vd_cache_hash(cache, kind, raw), kind, raw, ret_n, ret);
}

static bool
has(struct vd_cache *cache, uint32_t kind, struct vd_str raw, uint32_t item)
{
	uint32_t n;
	const uint32_t *items;
	return get(cache, kind, raw, &n, &items) && n == 1 && items[0] == item;
}

VD_TEST(what_was_put_is_found_with_its_items)
{
	VD_AUTO(vd_cache) cache = vd_cache_new(RING, 64);
	uint32_t n = 9, items[] = {7, 3, 5};
	const uint32_t *found;
	assert_non_null(cache);
	assert_false(get(cache, 1, VD_S("value"), &n, &found));
	put(cache, 1, VD_S("value"), 3, items);
	put(cache, 1, VD_S(""), 0, items);
	assert_true(get(cache, 1, VD_S("value"), &n, &found));
	assert_int_equal(n, 3);
	assert_memory_equal(found, items, sizeof items);
	assert_true(get(cache, 1, VD_S(""), &n, &found));
	assert_int_equal(n, 0);
}

/* With one hash for all, only the compares tell them apart. */
VD_TEST(values_of_one_hash_are_told_apart)
{
	VD_AUTO(vd_cache) cache = vd_cache_new(RING, 64);
	struct vd_str texts[] = {VD_S("value"), VD_S("valu"), VD_S("valuE"), VD_S("value ")};
	assert_non_null(cache);
	for (uint32_t i = 0; i < 4; i++)
		vd_cache_put(cache, 42, 1, texts[i], 1, &i);
	uint32_t other = 99, n;
	const uint32_t *items;
	vd_cache_put(cache, 42, 2, texts[0], 1, &other);
	for (uint32_t i = 0; i < 4; i++) {
		assert_true(vd_cache_get(cache, 42, 1, texts[i], &n, &items));
		assert_int_equal(items[0], i);
	}
	assert_true(vd_cache_get(cache, 42, 2, texts[0], &n, &items));
	assert_int_equal(items[0], 99);
	assert_false(vd_cache_get(cache, 42, 2, texts[1], &n, &items));
}

VD_TEST(the_oldest_goes_and_what_is_asked_for_stays)
{
	VD_AUTO(vd_cache) cache = vd_cache_new(RING, 65536);
	uint32_t item = 1;
	assert_non_null(cache);
	put(cache, 1, VD_S("asked for"), 1, &item);
	put(cache, 1, VD_S("forgotten"), 1, &item);
	for (uint32_t i = 0; i < 20000; i++) {
		char text[32];
		int len = snprintf(text, sizeof text, "value %u", i);
		put(cache, 1, (struct vd_str){text, (size_t)len}, 1, &i);
		assert_true(has(cache, 1, (struct vd_str){text, (size_t)len}, i));
		assert_true(has(cache, 1, VD_S("asked for"), 1));
	}
	assert_false(has(cache, 1, VD_S("forgotten"), 1));
}

VD_TEST(values_at_the_limits_are_kept_and_beyond_them_not)
{
	static char text[VD_CACHE_LINE_MAX + 1];
	static uint32_t items[VD_CACHE_ITEMS_MAX + 1];
	VD_AUTO(vd_cache) cache = vd_cache_new(RING, 64);
	uint32_t n;
	const uint32_t *found;
	assert_non_null(cache);
	memset(text, 'x', sizeof text);
	for (uint32_t i = 0; i <= VD_CACHE_ITEMS_MAX; i++)
		items[i] = i;
	struct vd_str longest = {text, VD_CACHE_LINE_MAX}, longer = {text, VD_CACHE_LINE_MAX + 1};
	for (uint32_t round = 0; round < 10; round++) { /* also where the ring ends */
		put(cache, round, longest, VD_CACHE_ITEMS_MAX, items);
		assert_true(get(cache, round, longest, &n, &found));
		assert_int_equal(n, VD_CACHE_ITEMS_MAX);
		assert_memory_equal(found, items, VD_CACHE_ITEMS_MAX * sizeof *items);
	}
	put(cache, 1, longer, 1, items);
	assert_false(get(cache, 1, longer, &n, &found));
	put(cache, 1, VD_S("many"), VD_CACHE_ITEMS_MAX + 1, items);
	assert_false(get(cache, 1, VD_S("many"), &n, &found));
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_cache) cache = vd_cache_new(RING, 64);
		uint32_t item = 4;
		if (cache == NULL)
			continue;
		put(cache, 1, VD_S("x"), 1, &item);
		assert_true(has(cache, 1, VD_S("x"), 4));
	}
}
