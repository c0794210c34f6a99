/*
 * The window of one group: its entries in the order of time, and what the rule measures over them.
 *
 * Cost per entry, added and later removed: event_count, value_count, temporal, share O(1); sum and average O(1)
 * in practice; temporal_ordered O(k) in the number of rules listed, O(k^2) with
 * criteria; percentile and median a binary search and
 * one move of memory, O(n).  Bound: the caller drops the oldest entry beyond max_events.
 */
#ifndef VD_ENGINE_CORRELATE_WINDOW_H
#define VD_ENGINE_CORRELATE_WINDOW_H

#include "engine/correlate/bag.h"
#include "engine/correlate/numbers.h"
#include "engine/correlate/record.h"

struct vd_corr_entry {
	struct vd_corr_record *record;
	uint32_t ref; /* by which reference of the correlation it came */
};

struct vd_corr_window {
	struct vd_corr_entry *ring;
	size_t cap, head, n; /* cap: a power of two, or 0 */
	/* which of these is alive follows from the rule's measure */
	struct vd_corr_bag bag;       /* VALUES, SHARE */
	struct vd_corr_sum sum;       /* SUM, AVERAGE */
	struct vd_corr_sorted sorted; /* PERCENTILE */
	/*
	 * RULES, ORDER: per reference the time of its last entry.  ORDER, behind it: per term and rule of its
	 * chain the latest possible start of a chain up to that rule; where there are criteria instead of terms,
	 * for each reference j and length m the latest possible start of a chain of m entries of different rules,
	 * in the order listed, the last of them no later in the list than j.
	 */
	int64_t *times;
};

#define VD_CORR_NEVER INT64_MIN

/* How many int64_t a window of the rule keeps in times. */
size_t vd_corr_window_times(const struct vd_corr_rule *rule);

bool vd_corr_window_init(struct vd_corr_window *window, const struct vd_corr_rule *rule,
	struct vd_corr_shared *shared) VD_MUST_USE;
void vd_corr_window_fini(
	struct vd_corr_window *window, const struct vd_corr_rule *rule, struct vd_corr_shared *shared);

VD_INLINE struct vd_corr_entry *
vd_corr_window_at(const struct vd_corr_window *window, size_t i)
{
	return &window->ring[(window->head + i) & (window->cap - 1)];
}

/* Takes a reference of its own to the record, which is not earlier than any entry.  False: out of memory. */
bool vd_corr_window_add(struct vd_corr_window *window, const struct vd_corr_rule *rule,
	struct vd_corr_shared *shared, struct vd_corr_record *record, uint32_t ref) VD_MUST_USE;
bool vd_corr_window_drop_oldest(struct vd_corr_window *window, const struct vd_corr_rule *rule,
	struct vd_corr_shared *shared) VD_MUST_USE;
/* Drops entries earlier than from. */
bool vd_corr_window_slide(struct vd_corr_window *window, const struct vd_corr_rule *rule,
	struct vd_corr_shared *shared, int64_t from) VD_MUST_USE;

/*
 * Does the condition hold over the entries since from?  For SHARE: for some value in the window, or, where entry
 * is not NULL, for some value of that entry.  False where there is nothing to judge (an average of no values).
 * *ret_failed is set when out of memory.
 */
bool vd_corr_window_holds(const struct vd_corr_window *window, const struct vd_corr_rule *rule,
	struct vd_corr_shared *shared, int64_t from, const struct vd_corr_entry *entry, bool *ret_failed);

#endif
