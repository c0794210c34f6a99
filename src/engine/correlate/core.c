#include "engine/correlate/core.h"

#include "base/mem.h"

#define DEFAULT_GROUPS 100000u
#define DEFAULT_EVENTS 100000u
#define DEFAULT_BYTES ((size_t)256 * 1024 * 1024)

static bool
set_options(struct vd_corr_core *core, const struct vd_correlator_options *options)
{
	core->options = *options;
	if (core->options.max_groups == 0)
		core->options.max_groups = DEFAULT_GROUPS;
	if (core->options.max_events == 0)
		core->options.max_events = DEFAULT_EVENTS;
	if (core->options.max_bytes == 0)
		core->options.max_bytes = DEFAULT_BYTES;
	if (core->options.max_held == 0)
		core->options.max_held = core->options.max_bytes / 2;
	core->tenant = vd_mem_alloc(options->tenant.len);
	if (core->tenant == NULL)
		return false;
	if (options->tenant.len != 0)
		memcpy(core->tenant, options->tenant.at, options->tenant.len);
	core->options.tenant.at = core->tenant;
	return true;
}

struct vd_corr_state *
vd_corr_state_new(const struct vd_corr_plan *plan)
{
	struct vd_corr_state *state = vd_mem_zalloc(1, sizeof *state);
	if (state == NULL)
		return NULL;
	state->watermark = state->newest = INT64_MIN;
	state->next_due = INT64_MAX;
	state->reorder.plan = plan;
	state->shared.seed =
		(uint64_t)(uintptr_t)state; /* differs from process to process: not to be guessed */
	vd_buf_init(&state->shared.tuple, 0);
	state->tracks = vd_mem_zalloc(plan->n_rules, sizeof *state->tracks);
	if (state->tracks == NULL) {
		vd_mem_free(state);
		return NULL;
	}
	return state;
}

void
vd_corr_state_free(struct vd_corr_state *state, const struct vd_corr_plan *plan)
{
	if (state == NULL)
		return;
	for (size_t c = 0; c < plan->n_rules; c++) {
		struct vd_corr_track *track = &state->tracks[c];
		for (size_t i = 0; i < track->n_pending; i++)
			vd_corr_record_unref(track->pending[i].record);
		vd_corr_groups_fini(&track->groups, &plan->rules[c], &state->shared);
		vd_mem_free(track->pending);
		vd_mem_free(track->touched);
	}
	vd_mem_free(state->tracks);
	vd_corr_reorder_fini(&state->reorder);
	vd_buf_fini(&state->shared.tuple);
	vd_mem_free(state);
}

enum vd_status
vd_corr_core_new(const struct vd_corr_plan *plan, const struct vd_correlator_options *options,
	struct vd_corr_core **ret, struct vd_err *err)
{
	VD_AUTO(vd_corr_core) core = vd_obj_new(struct vd_corr_core, VD_CORR_CORE_MAGIC);
	if (core == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for correlation");
	core->plan = plan;
	vd_buf_init(&core->key, 0);
	core->state = vd_corr_state_new(plan);
	core->dirty = vd_mem_zalloc(plan->n_rules / 64 + 1, sizeof *core->dirty);
	if (core->state == NULL || core->dirty == NULL || !set_options(core, options))
		return vd_fail(err, VD_ENOMEM, "no memory for %zu correlations", plan->n_rules);
	if (options->spill != NULL)
		core->state->reorder.spill = *options->spill;
	core->options.spill = NULL; /* borrowed: not to be looked at again */
	*ret = vd_corr_core_take(&core);
	return VD_OK;
}

void
vd_corr_core_free(struct vd_corr_core *core)
{
	if (core == NULL)
		return;
	vd_obj_check(core, VD_CORR_CORE_MAGIC);
	vd_corr_state_free(core->state, core->plan);
	vd_corr_draft_fini(&core->draft);
	vd_buf_fini(&core->key);
	vd_mem_free(core->dirty);
	vd_mem_free(core->tenant);
	vd_mem_free(core->named);
	vd_obj_free(core);
}

/* ---- inputs ---- */

static enum vd_status
broken(const struct vd_corr_core *core, struct vd_err *err)
{
	return vd_fail(err, core->broken, "correlation stopped in the middle of a time by a failure before");
}

enum counter { FED, LATE, UNTIMED, NOT_HELD, CUT };

static void
count(struct vd_correlator_counts *counts, struct vd_correlator_limits *limits, enum counter counter)
{
	switch (counter) {
	case FED:
		counts->fed++;
		break;
	case LATE:
		counts->late++;
		break;
	case UNTIMED:
		counts->untimed++;
		break;
	case NOT_HELD:
		counts->events_dropped++;
		limits->held_bytes++;
		break;
	case CUT:
		counts->events_dropped++;
		limits->fixed++;
		break;
	}
}

/* Once at each correlation that refers to the document. */
static void
count_each(struct vd_corr_core *core, const struct vd_corr_doc *doc, enum counter counter)
{
	for (size_t i = 0; i < doc->n_parents; i++) {
		struct vd_corr_track *track = &core->state->tracks[doc->parents[i].corr];
		count(&track->counts, &track->limits, counter);
	}
}

/* And once in all. */
static void
count_event(struct vd_corr_core *core, const struct vd_corr_doc *doc, enum counter counter)
{
	struct vd_correlator_limits ignored = {0}; /* limits are of a rule */
	count(&core->state->counts, &ignored, counter);
	count_each(core, doc, counter);
}

/* Makes room in the buffer for one more; false in *ret_room: there is none and the input is dropped. */
static enum vd_status
make_room(struct vd_corr_core *core, size_t size, bool *ret_room, struct vd_err *err)
{
	*ret_room = true;
	if (core->state->reorder.bytes + size <= core->options.max_held)
		return VD_OK;
	if (core->state->reorder.spill.write != NULL)
		return vd_corr_reorder_spill(&core->state->reorder, err);
	*ret_room = false;
	return VD_OK;
}

static enum vd_status
hold(struct vd_corr_core *core, const struct vd_corr_input *input, uint32_t d, struct vd_err *err)
{
	const struct vd_corr_doc *doc = &core->plan->docs[d];
	struct vd_corr_draft *draft = &core->draft;
	size_t charge = 0;
	bool room;
	vd_corr_draft_start(draft, doc);
	for (size_t f = 0; f < doc->n_fields; f++) {
		for (size_t i = 0; i < input->fields[f].n; i++)
			vd_corr_draft_value(draft, &input->fields[f].values[i]);
		vd_corr_draft_end(draft);
	}
	struct vd_corr_record head = {
		.doc = d, .t = input->t, .ref = input->ref, .has_ref = true, .count = 1};
	struct vd_corr_record *record = vd_corr_draft_finish(draft, &head, NULL, 0, &charge);
	if (record == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory to hold a match for correlation");
	enum vd_status st = make_room(core, record->size, &room, err);
	if (st == VD_OK && room && !vd_corr_reorder_push(&core->state->reorder, record))
		st = vd_fail(err, VD_ENOMEM, "no memory to hold a match for correlation");
	if (st != VD_OK || !room)
		vd_corr_record_unref(record);
	if (st == VD_OK && !room)
		count_each(core, doc, NOT_HELD);
	else if (st == VD_OK && draft->dropped)
		count_each(core, doc, CUT);
	return st;
}

enum vd_status
vd_corr_core_feed(struct vd_corr_core *core, const struct vd_corr_input *input, struct vd_err *err)
{
	vd_obj_check(core, VD_CORR_CORE_MAGIC);
	if (core->broken != VD_OK)
		return broken(core, err);
	if (input->rule >= core->plan->n_load_rules)
		return vd_fail(
			err, VD_EINPUT, "a match of rule number %zu, which does not exist", input->rule);
	uint32_t d = core->plan->doc_of_rule[input->rule];
	if (d == VD_CORR_NONE)
		return VD_OK;
	const struct vd_corr_doc *doc = &core->plan->docs[d];
	if (input->t > VD_CORR_MAX_TIME || input->t < -VD_CORR_MAX_TIME) {
		count_event(core, doc, UNTIMED);
		return VD_OK;
	}
	if (input->t < core->state->watermark) {
		count_event(core, doc, FED);
		count_event(core, doc, LATE);
		return VD_OK;
	}
	enum vd_status st = hold(core, input, d, err);
	if (st != VD_OK)
		return st;
	count_event(core, doc, FED);
	core->state->newest = VD_MAX(core->state->newest, input->t);
	return VD_OK;
}

void
vd_corr_core_count_untimed(struct vd_corr_core *core, size_t rule)
{
	vd_obj_check(core, VD_CORR_CORE_MAGIC);
	if (vd_corr_plan_wants(core->plan, rule))
		count_event(core, &core->plan->docs[core->plan->doc_of_rule[rule]], UNTIMED);
}

struct vd_correlator_counts
vd_corr_core_counts(const struct vd_corr_core *core, size_t corr)
{
	vd_obj_check(core, VD_CORR_CORE_MAGIC);
	if (corr < core->plan->n_rules)
		return core->state->tracks[corr].counts;
	struct vd_correlator_counts all = core->state->counts;
	for (size_t c = 0; c < core->plan->n_rules; c++) {
		all.ungrouped += core->state->tracks[c].counts.ungrouped;
		all.groups_dropped += core->state->tracks[c].counts.groups_dropped;
		all.events_dropped += core->state->tracks[c].counts.events_dropped;
	}
	return all;
}

struct vd_correlator_limits
vd_corr_core_limits(const struct vd_corr_core *core, size_t corr)
{
	vd_obj_check(core, VD_CORR_CORE_MAGIC);
	return corr < core->plan->n_rules ? core->state->tracks[corr].limits
					  : (struct vd_correlator_limits){0};
}

/* ---- time ---- */

int64_t
vd_corr_core_watermark(const struct vd_corr_core *core)
{
	vd_obj_check(core, VD_CORR_CORE_MAGIC);
	int64_t lateness = core->options.lateness_ms;
	if (lateness < 0 || core->state->newest < INT64_MIN + lateness)
		return INT64_MIN;
	return core->state->newest - lateness;
}

/* Every time up to last, inputs and closing windows in turn. */
static enum vd_status
run_until(struct vd_corr_core *core, int64_t last, const struct vd_corr_sink *sink, struct vd_err *err)
{
	for (;;) {
		int64_t t = core->state->next_due, input;
		if (vd_corr_reorder_peek(&core->state->reorder, &input))
			t = VD_MIN(t, input);
		if (t > last || t == INT64_MAX)
			return VD_OK;
		enum vd_status st = vd_corr_core_step(core, t, sink, err);
		if (st != VD_OK) {
			core->broken = st;
			return st;
		}
	}
}

enum vd_status
vd_corr_core_advance(
	struct vd_corr_core *core, int64_t watermark, vd_finding_fn fn, void *owner, struct vd_err *err)
{
	vd_obj_check(core, VD_CORR_CORE_MAGIC);
	if (core->broken != VD_OK)
		return broken(core, err);
	if (watermark <= core->state->watermark)
		return VD_OK;
	core->state->watermark = watermark;
	return run_until(core, watermark - 1, &(struct vd_corr_sink){fn, owner}, err);
}

enum vd_status
vd_corr_core_finish(struct vd_corr_core *core, vd_finding_fn fn, void *owner, struct vd_err *err)
{
	vd_obj_check(core, VD_CORR_CORE_MAGIC);
	if (core->broken != VD_OK)
		return broken(core, err);
	core->state->watermark = INT64_MAX;
	return run_until(core, INT64_MAX, &(struct vd_corr_sink){fn, owner}, err);
}
