#include "engine/correlate/window.h"

#include "base/mem.h"

#define FIRST_ENTRIES 2u

size_t
vd_corr_window_times(const struct vd_corr_rule *rule)
{
	size_t n = rule->corr->n_rules;
	switch (rule->measure) {
	case VD_CORR_BY_RULES:
		return n;
	case VD_CORR_BY_ORDER:
		if (rule->terms.at == NULL)
			return n + n * n;
		for (size_t i = 0; i < rule->terms.n; i++)
			n += (size_t)__builtin_popcountll(rule->terms.at[i].with);
		return n;
	default:
		return 0;
	}
}

bool
vd_corr_window_init(
	struct vd_corr_window *window, const struct vd_corr_rule *rule, struct vd_corr_shared *shared)
{
	*window = (struct vd_corr_window){0};
	size_t n = vd_corr_window_times(rule);
	if (n == 0)
		return true;
	window->times = vd_mem_alloc(n * sizeof *window->times);
	if (window->times == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		window->times[i] = VD_CORR_NEVER;
	shared->bytes += n * sizeof *window->times;
	return true;
}

void
vd_corr_window_fini(
	struct vd_corr_window *window, const struct vd_corr_rule *rule, struct vd_corr_shared *shared)
{
	for (size_t i = 0; i < window->n; i++)
		vd_corr_record_unref(vd_corr_window_at(window, i)->record);
	shared->bytes -= window->n * sizeof *window->ring;
	vd_mem_free(window->ring);
	vd_corr_bag_fini(&window->bag, shared);
	vd_corr_sum_fini(&window->sum);
	vd_corr_sorted_fini(&window->sorted, shared);
	if (window->times != NULL)
		shared->bytes -= vd_corr_window_times(rule) * sizeof *window->times;
	vd_mem_free(window->times);
	*window = (struct vd_corr_window){0};
}

static bool
grow(struct vd_corr_window *window)
{
	if (window->n < window->cap)
		return true;
	size_t cap = window->cap == 0 ? FIRST_ENTRIES : window->cap * 2;
	if (cap > SIZE_MAX / sizeof *window->ring)
		return false;
	struct vd_corr_entry *ring = vd_mem_alloc(cap * sizeof *ring);
	if (ring == NULL)
		return false;
	for (size_t i = 0; i < window->n; i++)
		ring[i] = *vd_corr_window_at(window, i);
	vd_mem_free(window->ring);
	window->ring = ring;
	window->cap = cap;
	window->head = 0;
	return true;
}

/* ---- what entries bring and take ---- */

static bool
count_tuples(struct vd_corr_window *window, const struct vd_corr_rule *rule, struct vd_corr_shared *shared,
	const struct vd_corr_entry *entry, bool added)
{
	struct vd_corr_combo combo;
	const struct vd_corr_link *link = &rule->links[entry->ref];
	if (!vd_corr_combo_start(&combo, entry->record, link->value, rule->corr->n_fields, false))
		return true; /* a tuple counts only if all its fields are there */
	do {
		vd_corr_combo_key(&combo, &shared->tuple);
		struct vd_str key = vd_buf_view(&shared->tuple);
		if (shared->tuple.failed || (added && !vd_corr_bag_add(&window->bag, shared, key, NULL)))
			return false;
		if (!added)
			vd_corr_bag_remove(&window->bag, shared, key);
	} while (vd_corr_combo_next(&combo));
	return true;
}

static bool
count_number(struct vd_corr_window *window, const struct vd_corr_rule *rule, struct vd_corr_shared *shared,
	double number, bool added)
{
	if (rule->measure != VD_CORR_BY_PERCENTILE)
		return added ? vd_corr_sum_add(&window->sum, number)
			     : vd_corr_sum_remove(&window->sum, number);
	if (added)
		return vd_corr_sorted_add(&window->sorted, shared, number);
	vd_corr_sorted_remove(&window->sorted, shared, number);
	return true;
}

static bool
count_numbers(struct vd_corr_window *window, const struct vd_corr_rule *rule, struct vd_corr_shared *shared,
	const struct vd_corr_entry *entry, bool added)
{
	const struct vd_corr_record *record = entry->record;
	uint32_t slot = rule->links[entry->ref].value[0];
	for (uint32_t i = record->first[slot]; i < record->first[slot + 1]; i++)
		if (record->vals[i].numeric &&
			!count_number(window, rule, shared, record->vals[i].number, added))
			return false;
	return true;
}

/*
 * Entries of one time satisfy any order, so every rule whose last entry is of this very time is carried on again,
 * in the order listed, whichever of them has just come.
 */
static void
extend_chains(struct vd_corr_window *window, size_t n, int64_t t)
{
	int64_t *last = window->times, *start = window->times + n;
	for (size_t j = 0; j < n; j++) {
		if (last[j] != t)
			continue;
		for (size_t m = 0; m <= j; m++) {
			int64_t from = m == 0 ? t : start[(j - 1) * n + m - 1];
			for (size_t k = j; k < n && from != VD_CORR_NEVER && start[k * n + m] < from; k++)
				start[k * n + m] = from;
		}
	}
}

/* The same for the chain of each term, of which only the whole matters. */
static void
extend_terms(struct vd_corr_window *window, const struct vd_corr_rule *rule, int64_t t)
{
	int64_t *start = window->times + rule->corr->n_rules;
	for (size_t i = 0; i < rule->terms.n; i++) {
		int64_t before = t;
		for (uint64_t left = rule->terms.at[i].with; left != 0; left &= left - 1) {
			size_t j = (size_t)__builtin_ctzll(left);
			if (window->times[j] == t && *start < before)
				*start = before;
			before = *start++;
		}
	}
}

static bool
count_entry(struct vd_corr_window *window, const struct vd_corr_rule *rule, struct vd_corr_shared *shared,
	const struct vd_corr_entry *entry, bool added)
{
	switch (rule->measure) {
	case VD_CORR_BY_VALUES:
	case VD_CORR_BY_SHARE:
		return count_tuples(window, rule, shared, entry, added);
	case VD_CORR_BY_SUM:
	case VD_CORR_BY_AVERAGE:
	case VD_CORR_BY_PERCENTILE:
		return count_numbers(window, rule, shared, entry, added);
	case VD_CORR_BY_RULES:
	case VD_CORR_BY_ORDER:
		if (!added)
			return true; /* times are compared with the window's start when they are judged */
		window->times[entry->ref] = entry->record->t;
		if (rule->terms.at != NULL)
			extend_terms(window, rule, entry->record->t);
		else if (rule->measure == VD_CORR_BY_ORDER)
			extend_chains(window, rule->corr->n_rules, entry->record->t);
		return true;
	case VD_CORR_BY_EVENTS:
	default:
		return true;
	}
}

bool
vd_corr_window_add(struct vd_corr_window *window, const struct vd_corr_rule *rule,
	struct vd_corr_shared *shared, struct vd_corr_record *record, uint32_t ref)
{
	struct vd_corr_entry entry = {record, ref};
	if (!grow(window) || !count_entry(window, rule, shared, &entry, true))
		return false;
	vd_corr_record_ref(record);
	window->n++;
	*vd_corr_window_at(window, window->n - 1) = entry;
	shared->bytes += sizeof entry;
	return true;
}

bool
vd_corr_window_drop_oldest(
	struct vd_corr_window *window, const struct vd_corr_rule *rule, struct vd_corr_shared *shared)
{
	struct vd_corr_entry entry = *vd_corr_window_at(window, 0);
	if (!count_entry(window, rule, shared, &entry, false))
		return false;
	window->head = (window->head + 1) & (window->cap - 1);
	window->n--;
	shared->bytes -= sizeof entry;
	vd_corr_record_unref(entry.record);
	return true;
}

bool
vd_corr_window_slide(struct vd_corr_window *window, const struct vd_corr_rule *rule,
	struct vd_corr_shared *shared, int64_t from)
{
	while (window->n > 0 && vd_corr_window_at(window, 0)->record->t < from)
		if (!vd_corr_window_drop_oldest(window, rule, shared))
			return false;
	return true;
}

/* ---- judging ---- */

static bool
criterion_holds(const struct vd_criterion *criterion, double value)
{
	switch (criterion->compare) {
	case VD_CMP_LT:
		return value < criterion->number;
	case VD_CMP_LTE:
		return value <= criterion->number;
	case VD_CMP_GT:
		return value > criterion->number;
	case VD_CMP_GTE:
		return value >= criterion->number;
	case VD_CMP_EQ:
		return value == criterion->number;
	case VD_CMP_NEQ:
		return value != criterion->number;
	default:
		return false;
	}
}

static bool
all_hold(const struct vd_corr *corr, double value)
{
	for (size_t i = 0; i < corr->n_criteria; i++)
		if (!criterion_holds(&corr->criteria[i], value))
			return false;
	return true;
}

static bool
came_since(const struct vd_corr_window *window, size_t rule, int64_t from)
{
	return window->times[rule] != VD_CORR_NEVER && window->times[rule] >= from;
}

static bool
expr_holds(const struct vd_corr_window *window, const struct vd_corr_expr *expr, int64_t from)
{
	switch (expr->kind) {
	case VD_EXPR_ITEM:
		return came_since(window, expr->rule, from);
	case VD_EXPR_NOT:
		return !expr_holds(window, expr->kids[0], from);
	case VD_EXPR_AND:
		for (size_t i = 0; i < expr->n; i++)
			if (!expr_holds(window, expr->kids[i], from))
				return false;
		return true;
	case VD_EXPR_OR:
		for (size_t i = 0; i < expr->n; i++)
			if (expr_holds(window, expr->kids[i], from))
				return true;
		return false;
	case VD_EXPR_NAMED:
	default:
		return expr->n == 1 && expr_holds(window, expr->kids[0], from);
	}
}

/* Different rules since from: all that came, or the most that came in the order listed. */
static size_t
rules_since(const struct vd_corr_window *window, const struct vd_corr_rule *rule, int64_t from)
{
	size_t n = rule->corr->n_rules, came = 0;
	bool ordered = rule->measure == VD_CORR_BY_ORDER;
	const int64_t *times = ordered ? &window->times[n + (n - 1) * n] : window->times;
	for (size_t i = 0; i < n; i++)
		if (times[i] != VD_CORR_NEVER && times[i] >= from)
			came = ordered ? i + 1 : came + 1;
	return came;
}

static bool
terms_hold(const struct vd_corr_window *window, const struct vd_corr_rule *rule, int64_t from)
{
	const int64_t *start = window->times + rule->corr->n_rules;
	for (size_t i = 0; i < rule->terms.n; i++) {
		const struct vd_corr_term *term = &rule->terms.at[i];
		size_t n = (size_t)__builtin_popcountll(term->with);
		bool holds = n == 0 || (start[n - 1] != VD_CORR_NEVER && start[n - 1] >= from);
		for (uint64_t left = term->without; holds && left != 0; left &= left - 1)
			holds = !came_since(window, (size_t)__builtin_ctzll(left), from);
		if (holds)
			return true;
		start += n;
	}
	return false;
}

static bool
rules_hold(const struct vd_corr_window *window, const struct vd_corr_rule *rule, int64_t from)
{
	const struct vd_corr *corr = rule->corr;
	if (rule->terms.at != NULL)
		return terms_hold(window, rule, from);
	size_t came = rules_since(window, rule, from);
	if (corr->expr == NULL && corr->n_criteria == 0)
		return came == corr->n_rules;
	if (!all_hold(corr, (double)came))
		return false;
	return corr->expr == NULL || expr_holds(window, corr->expr, from);
}

static bool
share_holds(const struct vd_corr_window *window, const struct vd_corr *corr, uint64_t count)
{
	return all_hold(corr, 100.0 * (double)count / (double)window->bag.total);
}

static bool
entry_share_holds(const struct vd_corr_window *window, const struct vd_corr_rule *rule,
	struct vd_corr_shared *shared, const struct vd_corr_entry *entry, bool *ret_failed)
{
	struct vd_corr_combo combo;
	const struct vd_corr_link *link = &rule->links[entry->ref];
	if (!vd_corr_combo_start(&combo, entry->record, link->value, rule->corr->n_fields, false))
		return false;
	do {
		vd_corr_combo_key(&combo, &shared->tuple);
		if (shared->tuple.failed) {
			*ret_failed = true;
			return false;
		}
		uint64_t count = vd_corr_bag_count(&window->bag, shared, vd_buf_view(&shared->tuple));
		if (share_holds(window, rule->corr, count))
			return true;
	} while (vd_corr_combo_next(&combo));
	return false;
}

static bool
any_share_holds(const struct vd_corr_window *window, const struct vd_corr_rule *rule)
{
	for (size_t i = 0; i < window->bag.n_buckets; i++)
		for (struct vd_corr_bag_item *item = window->bag.buckets[i]; item != NULL; item = item->next)
			if (share_holds(window, rule->corr, item->count))
				return true;
	return false;
}

bool
vd_corr_window_holds(const struct vd_corr_window *window, const struct vd_corr_rule *rule,
	struct vd_corr_shared *shared, int64_t from, const struct vd_corr_entry *entry, bool *ret_failed)
{
	const struct vd_corr *corr = rule->corr;
	switch (rule->measure) {
	case VD_CORR_BY_EVENTS:
		return all_hold(corr, (double)window->n);
	case VD_CORR_BY_VALUES:
		return all_hold(corr, (double)window->bag.n);
	case VD_CORR_BY_SHARE:
		return entry == NULL ? any_share_holds(window, rule)
				     : entry_share_holds(window, rule, shared, entry, ret_failed);
	case VD_CORR_BY_SUM:
		return window->sum.count != 0 && all_hold(corr, vd_corr_sum_value(&window->sum));
	case VD_CORR_BY_AVERAGE:
		return window->sum.count != 0 &&
		       all_hold(corr, vd_corr_sum_value(&window->sum) / (double)window->sum.count);
	case VD_CORR_BY_PERCENTILE:
		return window->sorted.n != 0 &&
		       all_hold(corr, vd_corr_sorted_percentile(&window->sorted, rule->percentile));
	case VD_CORR_BY_RULES:
	case VD_CORR_BY_ORDER:
	default:
		return rules_hold(window, rule, from);
	}
}
