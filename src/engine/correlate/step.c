#include "engine/correlate/core.h"

#include <stdlib.h>

#include "base/mem.h"

static enum vd_status
no_memory(struct vd_err *err)
{
	return vd_fail(err, VD_ENOMEM, "no memory for the state of correlations");
}

static void
mark_dirty(struct vd_corr_core *core, size_t corr)
{
	core->dirty[corr / 64] |= (uint64_t)1 << (corr % 64);
}

bool
vd_corr_core_pend(struct vd_corr_core *core, struct vd_corr_parent to, struct vd_corr_record *record)
{
	struct vd_corr_track *track = &core->state->tracks[to.corr];
	void *pending = track->pending;
	if (!vd_mem_grow(&pending, &track->cap_pending, track->n_pending + 1, sizeof *track->pending, 4))
		return false;
	track->pending = pending;
	track->pending[track->n_pending++] = (struct vd_corr_pending){vd_corr_record_ref(record), to.ref};
	mark_dirty(core, to.corr);
	return true;
}

/* ---- groups ---- */

/* A group leaves for the sake of a limit: with it a window that was open, which the counters tell. */
static void
drop_group(struct vd_corr_core *core, size_t corr, struct vd_corr_group *group, uint64_t *limit)
{
	struct vd_corr_track *track = &core->state->tracks[corr];
	if (group->step == core->state->step && group->touched < track->n_touched &&
		track->touched[group->touched] == group)
		track->touched[group->touched] = NULL;
	track->counts.groups_dropped++;
	(*limit)++;
	vd_corr_groups_drop(&track->groups, &core->plan->rules[corr], &core->state->shared, group);
}

/* Groups whose window holds nothing any more and that may fire again are as good as new ones. */
static void
forget_idle(struct vd_corr_core *core, size_t corr, int64_t t)
{
	const struct vd_corr_rule *rule = &core->plan->rules[corr];
	struct vd_corr_groups *groups = &core->state->tracks[corr].groups;
	while (!rule->at_close && groups->oldest != NULL && groups->oldest->last + rule->span < t)
		vd_corr_groups_drop(groups, rule, &core->state->shared, groups->oldest);
}

static struct vd_corr_group *
group_for(struct vd_corr_core *core, size_t corr, struct vd_str key, int64_t t)
{
	const struct vd_corr_rule *rule = &core->plan->rules[corr];
	struct vd_corr_groups *groups = &core->state->tracks[corr].groups;
	struct vd_corr_group *group = vd_corr_groups_find(groups, &core->state->shared, key);
	if (group != NULL) {
		vd_corr_groups_use(groups, group);
		return group;
	}
	if (groups->n >= core->options.max_groups)
		drop_group(core, corr, groups->oldest, &core->state->tracks[corr].limits.groups);
	group = vd_corr_groups_add(groups, rule, &core->state->shared, key);
	if (group == NULL || !rule->at_close)
		return group;
	vd_corr_groups_open(groups, group, t);
	core->state->next_due = VD_MIN(core->state->next_due, vd_corr_group_due(group, rule));
	return group;
}

static bool
touch(struct vd_corr_core *core, struct vd_corr_track *track, struct vd_corr_group *group, int64_t t)
{
	group->last = t;
	if (group->step == core->state->step)
		return true;
	void *touched = track->touched;
	if (!vd_mem_grow(&touched, &track->cap_touched, track->n_touched + 1, sizeof *track->touched, 4))
		return false;
	track->touched = touched;
	group->step = core->state->step;
	group->touched = track->n_touched;
	group->fired = NULL;
	track->touched[track->n_touched++] = group;
	return true;
}

/* ---- inputs ---- */

static int64_t
window_start(const struct vd_corr_rule *rule, const struct vd_corr_group *group, int64_t t)
{
	return rule->at_close ? group->opened : t - rule->span;
}

/* One event that several of the rules match counts once; temporal asks which rules, so there it serves each. */
static bool
counted_already(const struct vd_corr_core *core, const struct vd_corr_rule *rule,
	const struct vd_corr_window *window, const struct vd_corr_record *record)
{
	if (window->n == 0 || rule->measure == VD_CORR_BY_RULES || rule->measure == VD_CORR_BY_ORDER)
		return false;
	const struct vd_corr_record *last = vd_corr_window_at(window, window->n - 1)->record;
	return last->doc < core->plan->n_base && record->doc < core->plan->n_base &&
	       vd_corr_record_same_event(last, record);
}

/* More inputs cannot make these false again, so the first one that makes them true is the one that fires. */
static bool
judged_one_by_one(const struct vd_corr_rule *rule)
{
	return rule->measure == VD_CORR_BY_EVENTS || rule->measure == VD_CORR_BY_VALUES ||
	       rule->measure == VD_CORR_BY_RULES || rule->measure == VD_CORR_BY_ORDER;
}

static enum vd_status
enter_group(struct vd_corr_core *core, size_t corr, struct vd_corr_group *group,
	const struct vd_corr_pending *input, struct vd_err *err)
{
	const struct vd_corr_rule *rule = &core->plan->rules[corr];
	struct vd_corr_track *track = &core->state->tracks[corr];
	struct vd_corr_window *window = &group->window;
	int64_t t = input->record->t, from = window_start(rule, group, t);
	if (!touch(core, track, group, t) || !vd_corr_window_slide(window, rule, &core->state->shared, from))
		return no_memory(err);
	if (counted_already(core, rule, window, input->record))
		return VD_OK;
	if (window->n >= core->options.max_events) {
		track->counts.events_dropped++;
		track->limits.group_events++;
		if (!vd_corr_window_drop_oldest(window, rule, &core->state->shared))
			return no_memory(err);
	}
	bool failed = !vd_corr_window_add(window, rule, &core->state->shared, input->record, input->ref);
	if (!failed && !rule->at_close && group->fired == NULL && t >= group->silent_until &&
		judged_one_by_one(rule) &&
		vd_corr_window_holds(window, rule, &core->state->shared, from, NULL, &failed))
		group->fired = input->record;
	return failed ? no_memory(err) : VD_OK;
}

static enum vd_status
enter(struct vd_corr_core *core, size_t corr, const struct vd_corr_pending *input, struct vd_err *err)
{
	const struct vd_corr_rule *rule = &core->plan->rules[corr];
	struct vd_corr_track *track = &core->state->tracks[corr];
	struct vd_corr_combo combo;
	if (!vd_corr_combo_start(
		    &combo, input->record, rule->links[input->ref].group, rule->corr->n_group, true)) {
		track->counts.ungrouped++;
		return VD_OK;
	}
	do {
		vd_corr_combo_key(&combo, &core->key);
		if (core->key.failed)
			return no_memory(err);
		struct vd_corr_group *group =
			group_for(core, corr, vd_buf_view(&core->key), input->record->t);
		if (group == NULL)
			return no_memory(err);
		enum vd_status st = enter_group(core, corr, group, input, err);
		if (st != VD_OK)
			return st;
	} while (vd_corr_combo_next(&combo));
	if (vd_corr_combo_cut(&combo)) {
		track->counts.events_dropped++;
		track->limits.fixed++;
	}
	return VD_OK;
}

/* ---- judging ---- */

/*
 * Sums, averages and percentiles may rise and fall within one time; they are judged once it is complete, so the
 * answer does not depend on the order of its inputs.  The last input then stands for what fired.
 */
static struct vd_corr_record *
judge_whole(struct vd_corr_core *core, size_t corr, const struct vd_corr_group *group, int64_t t,
	bool *ret_failed)
{
	const struct vd_corr_rule *rule = &core->plan->rules[corr];
	const struct vd_corr_window *window = &group->window;
	int64_t from = t - rule->span;
	if (rule->measure != VD_CORR_BY_SHARE)
		return vd_corr_window_holds(window, rule, &core->state->shared, from, NULL, ret_failed)
			       ? vd_corr_window_at(window, window->n - 1)->record
			       : NULL;
	/* each input of this time is judged by its own value */
	size_t i = window->n;
	while (i > 0 && vd_corr_window_at(window, i - 1)->record->t == t)
		i--;
	for (; i < window->n && !*ret_failed; i++) {
		const struct vd_corr_entry *entry = vd_corr_window_at(window, i);
		if (vd_corr_window_holds(window, rule, &core->state->shared, from, entry, ret_failed))
			return entry->record;
	}
	return NULL;
}

static enum vd_status
judge_touched(struct vd_corr_core *core, size_t corr, int64_t t, const struct vd_corr_sink *sink,
	struct vd_err *err)
{
	const struct vd_corr_rule *rule = &core->plan->rules[corr];
	struct vd_corr_track *track = &core->state->tracks[corr];
	for (size_t i = 0; i < track->n_touched; i++) {
		struct vd_corr_group *group = track->touched[i];
		bool failed = false;
		if (group == NULL || rule->at_close || t < group->silent_until)
			continue;
		if (!judged_one_by_one(rule))
			group->fired = judge_whole(core, corr, group, t, &failed);
		if (failed)
			return no_memory(err);
		if (group->fired == NULL)
			continue;
		group->silent_until = t + rule->span;
		enum vd_status st = vd_corr_core_fire(core, corr, group, t, group->fired, sink, err);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

/* Windows that end at t include it: they are judged after the inputs of t. */
static enum vd_status
close_windows(struct vd_corr_core *core, size_t corr, int64_t t, const struct vd_corr_sink *sink,
	struct vd_err *err)
{
	const struct vd_corr_rule *rule = &core->plan->rules[corr];
	struct vd_corr_groups *groups = &core->state->tracks[corr].groups;
	while (groups->first != NULL && vd_corr_group_due(groups->first, rule) <= t) {
		struct vd_corr_group *group = groups->first;
		bool failed = false;
		enum vd_status st = VD_OK;
		if (vd_corr_window_holds(
			    &group->window, rule, &core->state->shared, group->opened, NULL, &failed))
			st = vd_corr_core_fire(core, corr, group, t, NULL, sink, err);
		if (st != VD_OK || failed)
			return failed ? no_memory(err) : st;
		vd_corr_groups_drop(groups, rule, &core->state->shared, group);
	}
	return VD_OK;
}

/* ---- a step ---- */

static int
by_reference(const void *a, const void *b)
{
	const struct vd_corr_pending *x = a, *y = b;
	int order = vd_corr_record_order(x->record, y->record);
	if (order != 0)
		return order;
	return x->ref < y->ref ? -1 : x->ref > y->ref;
}

static enum vd_status
run_correlation(struct vd_corr_core *core, size_t corr, int64_t t, const struct vd_corr_sink *sink,
	struct vd_err *err)
{
	struct vd_corr_track *track = &core->state->tracks[corr];
	enum vd_status st = VD_OK;
	forget_idle(core, corr, t);
	if (track->n_pending > 1)
		qsort(track->pending, track->n_pending, sizeof *track->pending, by_reference);
	for (size_t i = 0; st == VD_OK && i < track->n_pending; i++)
		st = enter(core, corr, &track->pending[i], err);
	if (st == VD_OK)
		st = judge_touched(core, corr, t, sink, err);
	if (st == VD_OK)
		st = close_windows(core, corr, t, sink, err);
	for (size_t i = 0; i < track->n_pending; i++)
		vd_corr_record_unref(track->pending[i].record);
	track->n_pending = track->n_touched = 0;
	return st;
}

/*
 * Hands the inputs of t to their correlations.  All inputs of one time are in memory together: beyond half of
 * max_bytes the rest of them is dropped and counted.
 */
static enum vd_status
take_inputs(struct vd_corr_core *core, int64_t t, struct vd_err *err)
{
	int64_t next;
	size_t before = core->state->shared.bytes;
	while (vd_corr_reorder_peek(&core->state->reorder, &next) && next == t) {
		struct vd_corr_record *record;
		enum vd_status st = vd_corr_reorder_pop(&core->state->reorder, &record, err);
		if (st != VD_OK)
			return st;
		vd_corr_record_move(record, &core->state->shared.bytes);
		const struct vd_corr_doc *doc = &core->plan->docs[record->doc];
		bool room = core->state->shared.bytes - before <= core->options.max_bytes / 2, done = true;
		for (size_t i = 0; done && i < doc->n_parents; i++) {
			struct vd_corr_track *track = &core->state->tracks[doc->parents[i].corr];
			if (room) {
				done = vd_corr_core_pend(core, doc->parents[i], record);
			} else {
				track->counts.events_dropped++;
				track->limits.time_bytes++;
			}
		}
		vd_corr_record_unref(record);
		if (!done)
			return no_memory(err);
	}
	return VD_OK;
}

static void
mark_due(struct vd_corr_core *core, int64_t t)
{
	if (core->state->next_due > t)
		return;
	for (size_t c = 0; c < core->plan->n_rules; c++) {
		const struct vd_corr_group *first = core->state->tracks[c].groups.first;
		if (first != NULL && vd_corr_group_due(first, &core->plan->rules[c]) <= t)
			mark_dirty(core, c);
	}
}

static void
find_next_due(struct vd_corr_core *core)
{
	core->state->next_due = INT64_MAX;
	for (size_t c = 0; c < core->plan->n_rules; c++) {
		const struct vd_corr_group *first = core->state->tracks[c].groups.first;
		if (first != NULL)
			core->state->next_due = VD_MIN(
				core->state->next_due, vd_corr_group_due(first, &core->plan->rules[c]));
	}
}

/* State beyond its half of max_bytes: of all groups the one idle longest goes first. */
static void
keep_within_bytes(struct vd_corr_core *core, int64_t t)
{
	if (core->state->shared.bytes <= core->options.max_bytes / 2)
		return;
	for (size_t c = 0; c < core->plan->n_rules; c++)
		forget_idle(core, c, t);
	while (core->state->shared.bytes > core->options.max_bytes / 2) {
		size_t idle = SIZE_MAX;
		for (size_t c = 0; c < core->plan->n_rules; c++) {
			const struct vd_corr_group *oldest = core->state->tracks[c].groups.oldest;
			if (oldest != NULL &&
				(idle == SIZE_MAX ||
					oldest->last < core->state->tracks[idle].groups.oldest->last))
				idle = c;
		}
		if (idle == SIZE_MAX)
			return;
		struct vd_corr_track *track = &core->state->tracks[idle];
		drop_group(core, idle, track->groups.oldest, &track->limits.group_bytes);
	}
}

enum vd_status
vd_corr_core_step(struct vd_corr_core *core, int64_t t, const struct vd_corr_sink *sink, struct vd_err *err)
{
	core->state->step++;
	enum vd_status st = take_inputs(core, t, err);
	bool due = core->state->next_due <= t;
	mark_due(core, t);
	/* children come before parents: a finding only marks correlations further on */
	for (size_t w = 0; w < (core->plan->n_rules + 63) / 64; w++) {
		while (st == VD_OK && core->dirty[w] != 0) {
			size_t bit = (size_t)__builtin_ctzll(core->dirty[w]);
			core->dirty[w] &= core->dirty[w] - 1;
			st = run_correlation(core, w * 64 + bit, t, sink, err);
		}
	}
	if (due)
		find_next_due(core);
	if (st == VD_OK)
		keep_within_bytes(core, t);
	return st;
}
