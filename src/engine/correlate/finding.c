#include "engine/correlate/core.h"

#include <stdlib.h>

#include <nettle/sha2.h>

#include "base/mem.h"

/* ---- contributing events ---- */

static bool
name_record(struct vd_corr_core *core, size_t *n, struct vd_corr_record *record)
{
	void *named = core->named;
	if (!vd_mem_grow(&named, &core->cap_named, *n + 1, sizeof *core->named, 64))
		return false;
	core->named = named;
	core->named[(*n)++] = record;
	return true;
}

static int
by_time(const void *a, const void *b)
{
	const struct vd_corr_record *x = *(struct vd_corr_record *const *)a;
	const struct vd_corr_record *y = *(struct vd_corr_record *const *)b;
	if (x->t != y->t)
		return x->t < y->t ? -1 : 1;
	return vd_corr_record_order(x, y);
}

/* One event may have come by two rules, or through two findings: it is named and counted once. */
static size_t
drop_repeated(struct vd_corr_record **named, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || !vd_corr_record_same_event(named[kept - 1], named[i]))
			named[kept++] = named[i];
	return kept;
}

/*
 * The matches behind the window, ascending, into core->named.  *ret_count adds what findings below counted but
 * did not name.
 */
static bool
name_events(
	struct vd_corr_core *core, const struct vd_corr_window *window, size_t *ret_n, uint64_t *ret_count)
{
	size_t n = 0;
	uint64_t unnamed = 0;
	bool sorted = true;
	for (size_t i = 0; i < window->n; i++) {
		struct vd_corr_record *record = vd_corr_window_at(window, i)->record;
		bool match = record->doc < core->plan->n_base;
		if (match && !name_record(core, &n, record))
			return false;
		for (size_t k = 0; k < record->n_named; k++)
			if (!name_record(core, &n, record->named[k]))
				return false;
		if (!match) {
			sorted = false;
			unnamed += record->count - VD_MIN(record->count, record->n_named);
		}
	}
	if (!sorted && n > 1)
		qsort(core->named, n, sizeof *core->named, by_time);
	*ret_n = drop_repeated(core->named, n);
	*ret_count = *ret_n + unnamed;
	return true;
}

/* ---- identity ---- */

static void
hash_bytes(struct sha256_ctx *sha, const void *bytes, size_t n)
{
	uint8_t len[8];
	for (size_t i = 0; i < sizeof len; i++)
		len[i] = (uint8_t)((uint64_t)n >> (8 * i));
	sha256_update(sha, sizeof len, len);
	if (n != 0)
		sha256_update(sha, n, bytes);
}

static void
identify(const struct vd_corr_core *core, const struct vd_rule *rule, struct vd_finding *finding)
{
	struct sha256_ctx sha;
	uint8_t time[8], digest[SHA256_DIGEST_SIZE];
	for (size_t i = 0; i < sizeof time; i++)
		time[i] = (uint8_t)((uint64_t)finding->time_ms >> (8 * i));
	sha256_init(&sha);
	hash_bytes(&sha, rule->id.at, rule->id.len);
	hash_bytes(&sha, rule->hash, sizeof rule->hash);
	hash_bytes(&sha, core->options.tenant.at, core->options.tenant.len);
	for (size_t i = 0; i < finding->n_group; i++)
		hash_bytes(&sha, finding->group[i].value.at, finding->group[i].value.len);
	hash_bytes(&sha, time, sizeof time);
	sha256_digest(&sha, sizeof digest, digest);
	memcpy(finding->id, digest, sizeof finding->id);
}

/* ---- what correlations above read ---- */

/* Each distinct value that the contributing inputs have, in the order they came. */
static bool
carry_values(struct vd_corr_core *core, const struct vd_corr_rule *rule, const struct vd_corr_window *window,
	size_t field)
{
	struct vd_corr_bag seen = {0};
	bool done = true, is_new;
	for (size_t i = 0; done && i < window->n && core->draft.in_field < VD_CORR_MAX_VALUES; i++) {
		const struct vd_corr_entry *entry = vd_corr_window_at(window, i);
		uint32_t slot = rule->links[entry->ref].carried[field];
		for (uint32_t v = entry->record->first[slot]; done && v < entry->record->first[slot + 1];
			v++) {
			struct vd_str text = entry->record->vals[v].text;
			done = vd_corr_bag_add(&seen, &core->state->shared, text, &is_new);
			if (done && is_new)
				vd_corr_draft_folded(&core->draft, text);
		}
	}
	vd_corr_bag_fini(&seen, &core->state->shared);
	return done;
}

/* The finding as an input of the correlations that refer to this one. */
static enum vd_status
enter_parents(struct vd_corr_core *core, size_t corr, const struct vd_corr_group *group,
	const struct vd_finding *finding, size_t first_named)
{
	const struct vd_corr_rule *rule = &core->plan->rules[corr];
	const struct vd_corr_doc *doc = vd_corr_plan_doc(core->plan, corr);
	if (doc->n_parents == 0)
		return VD_OK;
	vd_corr_draft_start(&core->draft, doc);
	for (size_t f = 0; f < doc->n_fields; f++) {
		if (rule->own[f] != VD_CORR_NONE)
			vd_corr_draft_folded(&core->draft, finding->group[rule->own[f]].value);
		else if (!carry_values(core, rule, &group->window, f))
			return VD_ENOMEM;
		vd_corr_draft_end(&core->draft);
	}
	struct vd_corr_record head = {.doc = (uint32_t)(core->plan->n_base + corr),
		.t = finding->time_ms,
		.ref = finding->fired,
		.has_ref = finding->has_fired,
		.count = finding->count};
	struct vd_corr_record *record = vd_corr_draft_finish(&core->draft, &head, core->named + first_named,
		finding->n_events, &core->state->shared.bytes);
	if (record == NULL)
		return VD_ENOMEM;
	bool done = true;
	for (size_t i = 0; done && i < doc->n_parents; i++)
		done = vd_corr_core_pend(core, doc->parents[i], record);
	vd_corr_record_unref(record);
	return done ? VD_OK : VD_ENOMEM;
}

/* ---- the whole ---- */

static void
fill_group(struct vd_corr_core *core, const struct vd_corr_rule *rule, const struct vd_corr_group *group,
	struct vd_finding *finding)
{
	struct vd_corr_reader key = {vd_corr_group_key(group), false};
	finding->n_group = rule->corr->n_group;
	finding->group = core->group;
	for (size_t i = 0; i < finding->n_group; i++)
		core->group[i] = (struct vd_group_value){rule->corr->group[i], vd_corr_get_str(&key)};
}

enum vd_status
vd_corr_core_fire(struct vd_corr_core *core, size_t corr, const struct vd_corr_group *group, int64_t t,
	const struct vd_corr_record *fired, const struct vd_corr_sink *sink, struct vd_err *err)
{
	const struct vd_corr_rule *rule = &core->plan->rules[corr];
	const struct vd_corr_doc *doc = vd_corr_plan_doc(core->plan, corr);
	struct vd_finding finding = {
		.rule = doc->number, .time_ms = t, .events = core->events, .alone = doc->alone};
	size_t n = 0;
	if (!name_events(core, &group->window, &n, &finding.count))
		return vd_fail(err, VD_ENOMEM, "no memory for the events of a finding");
	/* the latest ones: they stand nearest to what fired */
	finding.n_events = VD_MIN(n, VD_CORR_MAX_NAMED);
	size_t first_named = n - finding.n_events;
	for (size_t i = 0; i < finding.n_events; i++)
		core->events[i] = core->named[first_named + i]->ref;
	finding.has_fired = fired != NULL && fired->has_ref;
	if (finding.has_fired)
		finding.fired = fired->ref;
	fill_group(core, rule, group, &finding);
	identify(core, doc->rule, &finding);
	enum vd_status st = enter_parents(core, corr, group, &finding, first_named);
	if (st != VD_OK)
		return vd_fail(err, st, "no memory for a finding that other correlations read");
	if (sink->fn == NULL)
		return VD_OK;
	st = sink->fn(sink->owner, &finding);
	return st == VD_OK ? VD_OK : vd_fail(err, st, "a finding was not taken by its receiver");
}
