/*
 * The state of a core as bytes, version 1; all integers little-endian, strings with a 32-bit length:
 *
 *   "VDCS", version u32, identity of the plan (32 bytes), tenant
 *   watermark, newest time i64; counters of all (6 u64), of each correlation (6 u64)
 *   matches: number u32, each as vd_corr_record_write does
 *   findings: number u32, each document u32, time i64, has a reference u8, source, line u64, count u64,
 *             number u32 and indexes u32 of the matches it names, fields
 *   waiting: number u32, indexes u32 of matches
 *   per correlation: number of groups u32; each, the idle longest first: key, last, opened, silent until i64,
 *             times i64…, number of entries u32, each record u32 (matches, then findings) and reference u32;
 *             where windows are judged at close: the groups' indexes u32 in the order they opened
 *   first half of the SHA-256 of all before
 *
 * What windows count and sum is not written: it is counted again from the entries.
 */
#include "engine/correlate/core.h"

#include <nettle/sha2.h>

#include "base/mem.h"

#define STATE_MAGIC VD_S("VDCS")
#define STATE_VERSION 1u
#define DIGEST_BYTES 16u
/* the least bytes one of them takes, so a count can be held against what is left */
#define MIN_MATCH 24u
#define MIN_FINDING 37u
#define MIN_GROUP 32u
#define MIN_ENTRY 8u

struct record_list {
	struct vd_corr_record **at;
	size_t n, cap;
};

static bool
list_add(struct record_list *list, struct vd_corr_record *record)
{
	void *at = list->at;
	if (list->n >= UINT32_MAX || !vd_mem_grow(&at, &list->cap, list->n + 1, sizeof *list->at, 64))
		return false;
	list->at = at;
	list->at[list->n++] = record;
	return true;
}

static void
digest(struct vd_str bytes, uint8_t to[DIGEST_BYTES])
{
	struct sha256_ctx sha;
	uint8_t whole[SHA256_DIGEST_SIZE];
	sha256_init(&sha);
	sha256_update(&sha, bytes.len, (const uint8_t *)bytes.at);
	sha256_digest(&sha, sizeof whole, whole);
	memcpy(to, whole, DIGEST_BYTES);
}

/* ---- save ---- */

struct saving {
	const struct vd_corr_core *core;
	struct vd_buf *to;
	struct record_list matches, findings; /* numbered: a record's mark is its index here + 1 */
};

/* Marks are zero outside of a save. */
static void
saving_fini(struct saving *saving)
{
	for (size_t i = 0; i < saving->matches.n; i++)
		saving->matches.at[i]->mark = 0;
	for (size_t i = 0; i < saving->findings.n; i++)
		saving->findings.at[i]->mark = 0;
	vd_mem_free(saving->matches.at);
	vd_mem_free(saving->findings.at);
}

static bool
number_record(struct saving *saving, struct vd_corr_record *record)
{
	if (record->mark != 0)
		return true;
	bool match = record->doc < saving->core->plan->n_base;
	struct record_list *list = match ? &saving->matches : &saving->findings;
	if (!list_add(list, record))
		return false;
	record->mark = (uint32_t)list->n;
	for (size_t i = 0; i < record->n_named; i++)
		if (!number_record(saving, record->named[i]))
			return false;
	return true;
}

static bool
number_records(struct saving *saving)
{
	const struct vd_corr_state *state = saving->core->state;
	for (size_t i = 0; i < state->reorder.n; i++)
		if (!number_record(saving, state->reorder.heap[i]))
			return false;
	for (size_t c = 0; c < saving->core->plan->n_rules; c++) {
		const struct vd_corr_group *group = state->tracks[c].groups.oldest;
		for (; group != NULL; group = group->newer)
			for (size_t i = 0; i < group->window.n; i++)
				if (!number_record(saving, vd_corr_window_at(&group->window, i)->record))
					return false;
	}
	return true;
}

static void
write_counts(struct vd_buf *to, const struct vd_correlator_counts *counts)
{
	vd_corr_put_u64(to, counts->fed);
	vd_corr_put_u64(to, counts->late);
	vd_corr_put_u64(to, counts->untimed);
	vd_corr_put_u64(to, counts->ungrouped);
	vd_corr_put_u64(to, counts->groups_dropped);
	vd_corr_put_u64(to, counts->events_dropped);
}

static void
write_finding(struct vd_buf *to, const struct vd_corr_record *record)
{
	vd_corr_put_u32(to, record->doc);
	vd_corr_put_i64(to, record->t);
	vd_corr_put_u8(to, record->has_ref);
	vd_corr_put_str(to, record->ref.source);
	vd_corr_put_u64(to, record->ref.line);
	vd_corr_put_u64(to, record->count);
	vd_corr_put_u32(to, record->n_named);
	for (size_t i = 0; i < record->n_named; i++)
		vd_corr_put_u32(to, record->named[i]->mark - 1);
	vd_corr_record_write_fields(record, to);
}

static void
write_records(struct saving *saving)
{
	const struct vd_corr_reorder *reorder = &saving->core->state->reorder;
	struct vd_buf *to = saving->to;
	vd_corr_put_u32(to, (uint32_t)saving->matches.n);
	for (size_t i = 0; i < saving->matches.n; i++)
		vd_corr_record_write(saving->matches.at[i], to);
	vd_corr_put_u32(to, (uint32_t)saving->findings.n);
	for (size_t i = 0; i < saving->findings.n; i++)
		write_finding(to, saving->findings.at[i]);
	vd_corr_put_u32(to, (uint32_t)reorder->n);
	for (size_t i = 0; i < reorder->n; i++)
		vd_corr_put_u32(to, reorder->heap[i]->mark - 1);
}

static void
write_group(struct saving *saving, const struct vd_corr_rule *rule, const struct vd_corr_group *group)
{
	const struct vd_corr_window *window = &group->window;
	struct vd_buf *to = saving->to;
	vd_corr_put_str(to, vd_corr_group_key(group));
	vd_corr_put_i64(to, group->last);
	vd_corr_put_i64(to, group->opened);
	vd_corr_put_i64(to, group->silent_until);
	for (size_t i = 0; i < vd_corr_window_times(rule); i++)
		vd_corr_put_i64(to, window->times[i]);
	vd_corr_put_u32(to, (uint32_t)window->n);
	for (size_t i = 0; i < window->n; i++) {
		const struct vd_corr_entry *entry = vd_corr_window_at(window, i);
		bool match = entry->record->doc < saving->core->plan->n_base;
		vd_corr_put_u32(to, entry->record->mark - 1 + (match ? 0 : (uint32_t)saving->matches.n));
		vd_corr_put_u32(to, entry->ref);
	}
}

static void
write_track(struct saving *saving, size_t corr)
{
	const struct vd_corr_rule *rule = &saving->core->plan->rules[corr];
	struct vd_corr_groups *groups = &saving->core->state->tracks[corr].groups;
	vd_corr_put_u32(saving->to, (uint32_t)groups->n);
	size_t number = 0;
	for (struct vd_corr_group *group = groups->oldest; group != NULL; group = group->newer) {
		group->touched = number++; /* free between steps */
		write_group(saving, rule, group);
	}
	for (const struct vd_corr_group *group = groups->first; group != NULL; group = group->after)
		vd_corr_put_u32(saving->to, (uint32_t)group->touched);
}

enum vd_status
vd_corr_core_save(struct vd_corr_core *core, struct vd_buf *to, struct vd_err *err)
{
	vd_obj_check(core, VD_CORR_CORE_MAGIC);
	const struct vd_corr_state *state = core->state;
	if (core->broken != VD_OK)
		return vd_fail(
			err, core->broken, "correlation stopped in the middle of a time: no state to save");
	if (state->reorder.n_runs != 0)
		return vd_fail(
			err, VD_EAGAIN, "held matches are spilled: state can be saved when they were judged");
	struct saving saving = {.core = core, .to = to};
	bool numbered = number_records(&saving);
	size_t start = to->len;
	vd_buf_str(to, STATE_MAGIC);
	vd_corr_put_u32(to, STATE_VERSION);
	vd_buf_add(to, core->plan->identity, sizeof core->plan->identity);
	vd_corr_put_str(to, core->options.tenant);
	vd_corr_put_i64(to, state->watermark);
	vd_corr_put_i64(to, state->newest);
	write_counts(to, &state->counts);
	for (size_t c = 0; c < core->plan->n_rules; c++)
		write_counts(to, &state->tracks[c].counts);
	if (numbered)
		write_records(&saving);
	for (size_t c = 0; numbered && c < core->plan->n_rules; c++)
		write_track(&saving, c);
	saving_fini(&saving);
	uint8_t sum[DIGEST_BYTES];
	if (!to->failed)
		digest((struct vd_str){to->at + start, to->len - start}, sum);
	vd_buf_add(to, sum, sizeof sum);
	if (!numbered || to->failed)
		return vd_fail(err, VD_ENOMEM, "no memory for the saved state of correlations");
	return VD_OK;
}

/* ---- restore ---- */

struct restoring {
	struct vd_corr_core *core;
	struct vd_corr_state *state; /* the new one */
	struct vd_corr_reader from;
	struct record_list records; /* matches, then findings; a reference each */
	size_t n_matches;
	struct vd_err *err;
};

static enum vd_status
damaged(const struct restoring *restoring)
{
	return vd_fail(restoring->err, VD_EINPUT,
		"the saved state of correlations is damaged (%zu bytes from its end)",
		restoring->from.rest.len);
}

static enum vd_status
no_memory(const struct restoring *restoring)
{
	return vd_fail(restoring->err, VD_ENOMEM, "no memory to restore the state of correlations");
}

static struct vd_correlator_counts
read_counts(struct vd_corr_reader *from)
{
	struct vd_correlator_counts counts = {.fed = vd_corr_get_u64(from)};
	counts.late = vd_corr_get_u64(from);
	counts.untimed = vd_corr_get_u64(from);
	counts.ungrouped = vd_corr_get_u64(from);
	counts.groups_dropped = vd_corr_get_u64(from);
	counts.events_dropped = vd_corr_get_u64(from);
	return counts;
}

static enum vd_status
read_head(struct restoring *restoring)
{
	struct vd_corr_reader *from = &restoring->from;
	const struct vd_corr_core *core = restoring->core;
	struct vd_err *err = restoring->err;
	if (!vd_str_eq(vd_corr_get_bytes(from, STATE_MAGIC.len), STATE_MAGIC))
		return vd_fail(err, VD_EINPUT, "these bytes are no saved state of correlations");
	uint32_t version = vd_corr_get_u32(from);
	if (!from->bad && version != STATE_VERSION)
		return vd_fail(err, VD_EVERSION,
			"state of correlations version %u: this build reads version %u", version,
			STATE_VERSION);
	struct vd_str rest = {from->rest.at, from->rest.len};
	struct vd_str identity = vd_corr_get_bytes(from, sizeof core->plan->identity);
	struct vd_str tenant = vd_corr_get_str(from);
	if (from->bad || rest.len < DIGEST_BYTES)
		return damaged(restoring);
	if (memcmp(identity.at, core->plan->identity, identity.len) != 0)
		return vd_fail(err, VD_EVERSION,
			"the state was saved under other correlation rules: go on with those, or start "
			"afresh");
	if (!vd_str_eq(tenant, core->options.tenant))
		return vd_fail(err, VD_EVERSION, "the state was saved for another tenant");
	return VD_OK;
}

static enum vd_status
check_digest(struct restoring *restoring, struct vd_str bytes)
{
	uint8_t sum[DIGEST_BYTES];
	if (bytes.len < DIGEST_BYTES)
		return damaged(restoring);
	struct vd_str body = {bytes.at, bytes.len - DIGEST_BYTES};
	digest(body, sum);
	if (memcmp(sum, bytes.at + body.len, DIGEST_BYTES) != 0)
		return damaged(restoring);
	restoring->from.rest.len -= DIGEST_BYTES;
	return VD_OK;
}

/* Takes the reference. */
static enum vd_status
keep_record(struct restoring *restoring, struct vd_corr_record *record)
{
	if (list_add(&restoring->records, record))
		return VD_OK;
	vd_corr_record_unref(record);
	return no_memory(restoring);
}

static enum vd_status
read_matches(struct restoring *restoring)
{
	uint32_t n = vd_corr_get_count(&restoring->from, MIN_MATCH);
	for (uint32_t i = 0; i < n; i++) {
		struct vd_corr_record *record;
		enum vd_status st = vd_corr_record_read(&restoring->from, restoring->core->plan,
			&restoring->core->draft, &restoring->state->shared.bytes, &record, restoring->err);
		if (st == VD_OK)
			st = keep_record(restoring, record);
		if (st != VD_OK)
			return st;
	}
	restoring->n_matches = n;
	return restoring->from.bad ? damaged(restoring) : VD_OK;
}

static enum vd_status
read_finding(struct restoring *restoring)
{
	struct vd_corr_reader *from = &restoring->from;
	const struct vd_corr_plan *plan = restoring->core->plan;
	struct vd_corr_draft *draft = &restoring->core->draft;
	struct vd_corr_record *named[VD_CORR_MAX_NAMED];
	struct vd_corr_record head = {.doc = vd_corr_get_u32(from)};
	head.t = vd_corr_get_i64(from);
	head.has_ref = vd_corr_get_u8(from) != 0;
	head.ref.source = vd_corr_get_str(from);
	head.ref.line = vd_corr_get_u64(from);
	head.count = vd_corr_get_u64(from);
	uint32_t n = vd_corr_get_count(from, 4);
	if (from->bad || head.doc < plan->n_base || head.doc >= plan->n_docs || n > VD_CORR_MAX_NAMED ||
		head.t < -VD_CORR_MAX_TIME || head.t > VD_CORR_MAX_DUE)
		return damaged(restoring);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = vd_corr_get_u32(from);
		if (at >= restoring->n_matches)
			return damaged(restoring);
		named[i] = restoring->records.at[at];
	}
	vd_corr_draft_start(draft, &plan->docs[head.doc]);
	vd_corr_draft_read_fields(draft, from);
	if (from->bad)
		return damaged(restoring);
	struct vd_corr_record *record =
		vd_corr_draft_finish(draft, &head, named, n, &restoring->state->shared.bytes);
	return record == NULL ? no_memory(restoring) : keep_record(restoring, record);
}

static enum vd_status
read_waiting(struct restoring *restoring)
{
	struct vd_corr_state *state = restoring->state;
	uint32_t n = vd_corr_get_count(&restoring->from, 4);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = vd_corr_get_u32(&restoring->from);
		if (at >= restoring->n_matches)
			return damaged(restoring);
		struct vd_corr_record *record = restoring->records.at[at];
		/* each waits once, and only what the watermark has not passed */
		if (record->mark != 0 || record->t < state->watermark)
			return damaged(restoring);
		if (!vd_corr_reorder_push(&state->reorder, record))
			return no_memory(restoring);
		vd_corr_record_ref(record);
		record->mark = 1;
	}
	for (size_t i = 0; i < state->reorder.n; i++)
		state->reorder.heap[i]->mark = 0;
	return restoring->from.bad ? damaged(restoring) : VD_OK;
}

static enum vd_status
read_entry(struct restoring *restoring, const struct vd_corr_rule *rule, struct vd_corr_group *group)
{
	struct vd_corr_state *state = restoring->state;
	struct vd_corr_window *window = &group->window;
	uint32_t at = vd_corr_get_u32(&restoring->from), ref = vd_corr_get_u32(&restoring->from);
	if (restoring->from.bad || at >= restoring->records.n || ref >= rule->corr->n_rules)
		return damaged(restoring);
	struct vd_corr_record *record = restoring->records.at[at];
	if (record->doc != rule->links[ref].doc || record->t >= state->watermark || record->t > group->last ||
		(rule->at_close && record->t < group->opened) ||
		(window->n != 0 && record->t < vd_corr_window_at(window, window->n - 1)->record->t))
		return damaged(restoring);
	if (record->charge == &state->reorder.bytes) /* what was judged does not wait any more */
		return damaged(restoring);
	return vd_corr_window_add(window, rule, &state->shared, record, ref) ? VD_OK : no_memory(restoring);
}

/* A key is as many strings as the rule has group-by names, no more and no less. */
static bool
is_key(const struct vd_corr_rule *rule, struct vd_str key)
{
	struct vd_corr_reader from = {key, false};
	for (size_t i = 0; i < rule->corr->n_group; i++)
		(void)vd_corr_get_str(&from);
	return !from.bad && from.rest.len == 0;
}

static enum vd_status
read_group(struct restoring *restoring, const struct vd_corr_rule *rule, struct vd_corr_groups *groups)
{
	struct vd_corr_reader *from = &restoring->from;
	struct vd_corr_state *state = restoring->state;
	struct vd_str key = vd_corr_get_str(from);
	int64_t last = vd_corr_get_i64(from), opened = vd_corr_get_i64(from), silent = vd_corr_get_i64(from);
	if (from->bad || !is_key(rule, key) || vd_corr_groups_find(groups, &state->shared, key) != NULL ||
		last >= state->watermark || last < -VD_CORR_MAX_TIME || last > VD_CORR_MAX_DUE ||
		(groups->newest != NULL && last < groups->newest->last) ||
		silent > VD_CORR_MAX_DUE + VD_CORR_MAX_SPAN)
		return damaged(restoring);
	if (rule->at_close && (opened < -VD_CORR_MAX_TIME || opened > last))
		return damaged(restoring);
	struct vd_corr_group *group = vd_corr_groups_add(groups, rule, &state->shared, key);
	if (group == NULL)
		return no_memory(restoring);
	group->last = last;
	group->opened = opened;
	group->silent_until = silent;
	/* the entries set times too, but those that a limit has dropped are only known here: kept for the end */
	struct vd_corr_reader times = {vd_corr_get_bytes(from, vd_corr_window_times(rule) * 8), false};
	uint32_t n = vd_corr_get_count(from, MIN_ENTRY);
	for (uint32_t i = 0; i < n; i++) {
		enum vd_status st = read_entry(restoring, rule, group);
		if (st != VD_OK)
			return st;
	}
	for (size_t i = 0; times.rest.len != 0; i++)
		group->window.times[i] = vd_corr_get_i64(&times);
	return from->bad ? damaged(restoring) : VD_OK;
}

/* The order in which windows opened: every group once, by rising time. */
static enum vd_status
read_opened(struct restoring *restoring, const struct vd_corr_rule *rule, struct vd_corr_groups *groups)
{
	struct vd_corr_state *state = restoring->state;
	struct vd_corr_group **numbered = vd_mem_zalloc(groups->n, sizeof(struct vd_corr_group *));
	if (numbered == NULL)
		return no_memory(restoring);
	size_t n = 0;
	for (struct vd_corr_group *group = groups->oldest; group != NULL; group = group->newer)
		numbered[n++] = group;
	bool good = true;
	for (size_t i = 0; good && i < n; i++) {
		uint32_t at = vd_corr_get_u32(&restoring->from);
		struct vd_corr_group *group = at < n ? numbered[at] : NULL;
		good = !restoring->from.bad && group != NULL &&
		       (groups->last == NULL || group->opened >= groups->last->opened) &&
		       vd_corr_group_due(group, rule) >= state->watermark;
		if (!good)
			break;
		numbered[at] = NULL;
		vd_corr_groups_open(groups, group, group->opened);
		state->next_due = VD_MIN(state->next_due, vd_corr_group_due(group, rule));
	}
	vd_mem_free(numbered);
	return good ? VD_OK : damaged(restoring);
}

static enum vd_status
read_body(struct restoring *restoring)
{
	struct vd_corr_state *state = restoring->state;
	struct vd_corr_reader *from = &restoring->from;
	const struct vd_corr_plan *plan = restoring->core->plan;
	state->watermark = vd_corr_get_i64(from);
	state->newest = vd_corr_get_i64(from);
	state->counts = read_counts(from);
	for (size_t c = 0; c < plan->n_rules; c++)
		state->tracks[c].counts = read_counts(from);
	enum vd_status st = read_matches(restoring);
	uint32_t n = st == VD_OK ? vd_corr_get_count(from, MIN_FINDING) : 0;
	for (uint32_t i = 0; st == VD_OK && i < n; i++)
		st = read_finding(restoring);
	if (st == VD_OK)
		st = read_waiting(restoring);
	for (size_t c = 0; st == VD_OK && c < plan->n_rules; c++) {
		const struct vd_corr_rule *rule = &plan->rules[c];
		struct vd_corr_groups *groups = &state->tracks[c].groups;
		uint32_t n_groups = vd_corr_get_count(from, MIN_GROUP);
		for (uint32_t i = 0; st == VD_OK && i < n_groups; i++)
			st = read_group(restoring, rule, groups);
		if (st == VD_OK && rule->at_close)
			st = read_opened(restoring, rule, groups);
	}
	if (st == VD_OK && (from->bad || from->rest.len != 0))
		st = damaged(restoring);
	return st;
}

/* The store for spilled matches goes on where it is; what was spilled before belongs to the state that goes. */
static void
take_up(struct vd_corr_core *core, struct vd_corr_state *state)
{
	state->reorder.spill = core->state->reorder.spill;
	state->reorder.written = core->state->reorder.written;
	vd_corr_state_free(core->state, core->plan);
	core->state = state;
	core->broken = VD_OK;
	memset(core->dirty, 0, (core->plan->n_rules / 64 + 1) * sizeof *core->dirty);
}

enum vd_status
vd_corr_core_restore(struct vd_corr_core *core, struct vd_str bytes, struct vd_err *err)
{
	vd_obj_check(core, VD_CORR_CORE_MAGIC);
	struct restoring restoring = {.core = core, .from = {bytes, false}, .err = err};
	enum vd_status st = read_head(&restoring);
	if (st == VD_OK)
		st = check_digest(&restoring, bytes);
	if (st != VD_OK)
		return st;
	restoring.state = vd_corr_state_new(core->plan);
	if (restoring.state == NULL)
		return no_memory(&restoring);
	st = read_body(&restoring);
	for (size_t i = 0; i < restoring.records.n; i++)
		vd_corr_record_unref(restoring.records.at[i]);
	vd_mem_free(restoring.records.at);
	if (st == VD_OK)
		take_up(core, restoring.state);
	else
		vd_corr_state_free(restoring.state, core->plan);
	return st;
}
