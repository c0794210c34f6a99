/*
 * The numbers of a window: an exact sum, and a sorted list for percentiles.
 *
 * The sum is kept as a list of doubles that do not overlap (Shewchuk 1997), so adding and removing never lose
 * a bit: the result is the true sum rounded once, whatever the order of the values, and nothing drifts as the
 * window slides.  O(parts), of which there are few (at most 41).
 * The sorted list costs a binary search and one move of memory per value: O(n), some 15 us at 100,000 values.
 */
#ifndef VD_ENGINE_CORRELATE_NUMBERS_H
#define VD_ENGINE_CORRELATE_NUMBERS_H

#include "engine/correlate/shared.h"

/* Larger ones are no numbers to a correlation, so that no sum can overflow. */
#define VD_CORR_NUMBER_MAX 1e290

struct vd_corr_sum {
	double *parts; /* ascending in size */
	size_t n, cap;
	uint64_t count; /* values in the sum */
};

void vd_corr_sum_fini(struct vd_corr_sum *sum);
bool vd_corr_sum_add(struct vd_corr_sum *sum, double x) VD_MUST_USE; /* false: out of memory */
bool vd_corr_sum_remove(struct vd_corr_sum *sum, double x) VD_MUST_USE;
double vd_corr_sum_value(const struct vd_corr_sum *sum);

struct vd_corr_sorted {
	double *values;
	size_t n, cap;
};

void vd_corr_sorted_fini(struct vd_corr_sorted *sorted, struct vd_corr_shared *shared);
bool vd_corr_sorted_add(struct vd_corr_sorted *sorted, struct vd_corr_shared *shared, double x) VD_MUST_USE;
void vd_corr_sorted_remove(struct vd_corr_sorted *sorted, struct vd_corr_shared *shared, double x);
/* Linear interpolation at (n - 1) * percent / 100; n > 0, percent from 0 to 100. */
double vd_corr_sorted_percentile(const struct vd_corr_sorted *sorted, double percent);

#endif
