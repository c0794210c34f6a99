#include "engine/correlate/numbers.h"

#include <math.h>

#include "engine/correlate/bag.h"
#include "vd_test.h"

static uint64_t dice;

static uint64_t
below(uint64_t n)
{
	dice = dice * 6364136223846793005u + 1442695040888963407u;
	return (dice >> 33) % n;
}

VD_TEST(a_sum_keeps_what_doubles_would_lose)
{
	struct vd_corr_sum sum = {0};
	static const double values[] = {1e16, 1, -1e16, 1e-9, 1e290, -1e290};
	for (size_t i = 0; i < VD_ARRAY_LEN(values); i++)
		assert_true(vd_corr_sum_add(&sum, values[i]));
	assert_true(vd_corr_sum_value(&sum) == 1 + 1e-9);
	assert_true(vd_corr_sum_remove(&sum, 1));
	assert_true(vd_corr_sum_value(&sum) == 1e-9);
	assert_int_equal(sum.count, 5);
	vd_corr_sum_fini(&sum);
}

VD_TEST(a_sum_is_rounded_once_to_even)
{
	/* 2^53 + 1 lies half way and goes to even, 2^53 + 1 + something goes up */
	struct vd_corr_sum sum = {0};
	assert_true(vd_corr_sum_add(&sum, 9007199254740992.0));
	assert_true(vd_corr_sum_add(&sum, 1));
	assert_true(vd_corr_sum_value(&sum) == 9007199254740992.0);
	assert_true(vd_corr_sum_add(&sum, 1e-30));
	assert_true(vd_corr_sum_value(&sum) == 9007199254740994.0);
	vd_corr_sum_fini(&sum);
}

VD_TEST(a_sum_does_not_depend_on_order_and_ends_at_zero)
{
	enum { n = 400 };
	double values[n];
	dice = 5;
	for (size_t i = 0; i < n; i++)
		values[i] = ldexp((double)below(1000000) - 500000, (int)below(80) - 40);
	struct vd_corr_sum up = {0}, down = {0};
	for (size_t i = 0; i < n; i++) {
		assert_true(vd_corr_sum_add(&up, values[i]));
		assert_true(vd_corr_sum_add(&down, values[n - 1 - i]));
	}
	assert_true(vd_corr_sum_value(&up) == vd_corr_sum_value(&down));
	assert_true(up.n < 41 && down.n < 41);
	for (size_t i = 0; i < n; i++)
		assert_true(vd_corr_sum_remove(&up, values[i]));
	assert_int_equal(up.n, 0);
	assert_int_equal(up.count, 0);
	vd_corr_sum_fini(&up);
	vd_corr_sum_fini(&down);
}

VD_TEST(a_percentile_lies_between_its_neighbours)
{
	struct vd_corr_shared shared = {0};
	struct vd_corr_sorted sorted = {0};
	static const double values[] = {40, 10, 30, 20};
	for (size_t i = 0; i < VD_ARRAY_LEN(values); i++)
		assert_true(vd_corr_sorted_add(&sorted, &shared, values[i]));
	assert_true(vd_corr_sorted_percentile(&sorted, 0) == 10);
	assert_true(vd_corr_sorted_percentile(&sorted, 50) == 25);
	assert_true(vd_corr_sorted_percentile(&sorted, 75) == 32.5);
	assert_true(vd_corr_sorted_percentile(&sorted, 100) == 40);
	vd_corr_sorted_remove(&sorted, &shared, 20);
	vd_corr_sorted_remove(&sorted, &shared, 21); /* not there */
	assert_true(vd_corr_sorted_percentile(&sorted, 50) == 30);
	vd_corr_sorted_fini(&sorted, &shared);
	assert_int_equal(shared.bytes, 0);
}

VD_TEST(a_bag_counts_what_goes_in_and_out)
{
	struct vd_corr_shared shared = {.seed = 9};
	struct vd_corr_bag bag = {0};
	bool is_new;
	uint64_t counts[50] = {0}, total = 0;
	dice = 11;
	for (size_t i = 0; i < 5000; i++) {
		char text[2] = {(char)('A' + below(50)), 'x'};
		struct vd_str value = {text, sizeof text};
		uint64_t *count = &counts[text[0] - 'A'];
		if (below(3) != 0) {
			assert_true(vd_corr_bag_add(&bag, &shared, value, &is_new));
			assert_int_equal(is_new, *count == 0);
			*count += 1;
			total++;
		} else {
			vd_corr_bag_remove(&bag, &shared, value);
			total -= *count > 0;
			*count -= *count > 0;
		}
		assert_int_equal(vd_corr_bag_count(&bag, &shared, value), *count);
		assert_int_equal(bag.total, total);
	}
	assert_int_equal(bag.n, 50);
	vd_corr_bag_fini(&bag, &shared);
	assert_int_equal(shared.bytes, 0);
}

VD_TEST(numbers_and_bags_survive_every_out_of_memory)
{
	VD_TORTURE
	{
		struct vd_corr_shared shared = {0};
		struct vd_corr_bag bag = {0};
		struct vd_corr_sum sum = {0};
		struct vd_corr_sorted sorted = {0};
		bool done = true;
		for (int i = 0; done && i < 20; i++) {
			char text = (char)i;
			done = vd_corr_bag_add(&bag, &shared, (struct vd_str){&text, 1}, NULL) &&
			       vd_corr_sum_add(&sum, ldexp(1, i * 40)) &&
			       vd_corr_sorted_add(&sorted, &shared, i);
		}
		assert_true(done || vd_mem_failed());
		vd_corr_bag_fini(&bag, &shared);
		vd_corr_sum_fini(&sum);
		vd_corr_sorted_fini(&sorted, &shared);
		assert_int_equal(shared.bytes, 0);
	}
}
