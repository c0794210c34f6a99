#include "engine/correlate/numbers.h"

#include <math.h>

#include "base/mem.h"

void
vd_corr_sum_fini(struct vd_corr_sum *sum)
{
	vd_mem_free(sum->parts);
	*sum = (struct vd_corr_sum){0};
}

/* Adds x to the parts from small to large, keeping each rounding error as a part of its own. */
static bool
add_part(struct vd_corr_sum *sum, double x)
{
	void *parts = sum->parts;
	if (!vd_mem_grow(&parts, &sum->cap, sum->n + 1, sizeof *sum->parts, 2))
		return false;
	sum->parts = parts;
	size_t kept = 0;
	for (size_t i = 0; i < sum->n; i++) {
		double y = sum->parts[i];
		if (fabs(x) < fabs(y)) {
			double swap = x;
			x = y;
			y = swap;
		}
		double high = x + y, low = y - (high - x);
		if (low != 0)
			sum->parts[kept++] = low;
		x = high;
	}
	if (x != 0)
		sum->parts[kept++] = x;
	sum->n = kept;
	return true;
}

bool
vd_corr_sum_add(struct vd_corr_sum *sum, double x)
{
	if (!add_part(sum, x))
		return false;
	sum->count++;
	return true;
}

bool
vd_corr_sum_remove(struct vd_corr_sum *sum, double x)
{
	if (!add_part(sum, -x))
		return false;
	sum->count--;
	return true;
}

double
vd_corr_sum_value(const struct vd_corr_sum *sum)
{
	size_t n = sum->n;
	if (n == 0)
		return 0;
	double high = sum->parts[--n], low = 0;
	while (n > 0 && low == 0) {
		double x = high, y = sum->parts[--n];
		high = x + y;
		low = y - (high - x);
	}
	/* half a unit left over and more of its sign below: the addition above rounded to even, go one further */
	if (n > 0 && ((low < 0 && sum->parts[n - 1] < 0) || (low > 0 && sum->parts[n - 1] > 0))) {
		double y = low * 2, x = high + y;
		if (y == x - high)
			high = x;
	}
	return high;
}

void
vd_corr_sorted_fini(struct vd_corr_sorted *sorted, struct vd_corr_shared *shared)
{
	shared->bytes -= sorted->n * sizeof *sorted->values;
	vd_mem_free(sorted->values);
	*sorted = (struct vd_corr_sorted){0};
}

/* Index of the first value that is not less than x. */
static size_t
lower_bound(const struct vd_corr_sorted *sorted, double x)
{
	size_t from = 0, to = sorted->n;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (sorted->values[middle] < x)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

bool
vd_corr_sorted_add(struct vd_corr_sorted *sorted, struct vd_corr_shared *shared, double x)
{
	void *values = sorted->values;
	if (!vd_mem_grow(&values, &sorted->cap, sorted->n + 1, sizeof *sorted->values, 4))
		return false;
	sorted->values = values;
	size_t at = lower_bound(sorted, x);
	memmove(&sorted->values[at + 1], &sorted->values[at], (sorted->n - at) * sizeof *sorted->values);
	sorted->values[at] = x;
	sorted->n++;
	shared->bytes += sizeof *sorted->values;
	return true;
}

void
vd_corr_sorted_remove(struct vd_corr_sorted *sorted, struct vd_corr_shared *shared, double x)
{
	size_t at = lower_bound(sorted, x);
	if (at == sorted->n || sorted->values[at] > x)
		return;
	sorted->n--;
	memmove(&sorted->values[at], &sorted->values[at + 1], (sorted->n - at) * sizeof *sorted->values);
	shared->bytes -= sizeof *sorted->values;
}

double
vd_corr_sorted_percentile(const struct vd_corr_sorted *sorted, double percent)
{
	double place = (double)(sorted->n - 1) * percent / 100;
	size_t below = (size_t)place;
	if (below + 1 >= sorted->n)
		return sorted->values[sorted->n - 1];
	double low = sorted->values[below], high = sorted->values[below + 1];
	return low + (high - low) * (place - (double)below);
}
