/*
 * Event-time correlation over matches of single rules: design.md section 4.4, sigma-correlation-rules
 * specification 2.1.0.  The core works on inputs in the order of (time, id); a reorder buffer in front of it
 * gives that order for any order of arrival within the lateness.
 *
 * For each distinct time t below the watermark: correlations in topological order; each takes its inputs at t
 * (matches, findings of its children), then judges, then its timers due at t fire.
 *
 * Memory: a core owns its state and copies what it is fed.  Thread: one owner.
 */
#ifndef VD_ENGINE_CORRELATE_CORRELATE_H
#define VD_ENGINE_CORRELATE_CORRELATE_H

#include "engine/sigma/load.h"
#include "vedette/engine.h"

/* What a match must bring along: the values of the fields that correlations above the rule read. */
struct vd_corr_plan;

/* load must outlive the plan. */
enum vd_status vd_corr_plan_new(
	const struct vd_load_result *load, struct vd_corr_plan **ret, struct vd_err *err) VD_MUST_USE;
void vd_corr_plan_free(struct vd_corr_plan *plan);
bool vd_corr_plan_wants(const struct vd_corr_plan *plan, size_t rule); /* does any correlation refer to it */
size_t vd_corr_plan_fields(const struct vd_corr_plan *plan, size_t rule, const struct vd_str **ret);

enum vd_corr_value_type { VD_CORR_STRING, VD_CORR_NUMBER, VD_CORR_BOOL, VD_CORR_NULL };

struct vd_corr_value {
	struct vd_str text; /* decoded */
	enum vd_corr_value_type type;
};

struct vd_corr_field {
	size_t n; /* 0: absent; more than one: array elements or a duplicate key */
	const struct vd_corr_value *values;
};

struct vd_corr_input {
	size_t rule;             /* index in load->rules */
	int64_t t;               /* Unix ms */
	struct vd_event_ref ref; /* names the event: inputs of one time with the same one are one event */
	const struct vd_corr_field *fields; /* as many as vd_corr_plan_fields says, in that order */
};

struct vd_corr_core;

enum vd_status vd_corr_core_new(const struct vd_corr_plan *plan, const struct vd_correlator_options *options,
	struct vd_corr_core **ret, struct vd_err *err) VD_MUST_USE;
void vd_corr_core_free(struct vd_corr_core *core);
/*
 * Copies the input into the reorder buffer; one earlier than the watermark is counted as late.  A match of a rule
 * that no correlation refers to is ignored.
 */
enum vd_status vd_corr_core_feed(
	struct vd_corr_core *core, const struct vd_corr_input *input, struct vd_err *err) VD_MUST_USE;
/*
 * The highest time fed less the lateness: the watermark of a caller who has none of his own.  INT64_MIN before
 * the first input and where lateness has no limit.
 */
int64_t vd_corr_core_watermark(const struct vd_corr_core *core);
/*
 * Judges every time below the watermark and calls fn with what fires, in the order of time; a lower watermark than
 * before changes nothing.  The caller says that nothing earlier is to come, whatever the lateness: with finite input
 * in any order he only finishes.  A failure (of fn, or memory) leaves the core in the middle of a time: from then on
 * every call but free and restore repeats it.
 */
enum vd_status vd_corr_core_advance(struct vd_corr_core *core, int64_t watermark, vd_finding_fn fn,
	void *owner, struct vd_err *err) VD_MUST_USE;
enum vd_status vd_corr_core_finish(
	struct vd_corr_core *core, vd_finding_fn fn, void *owner, struct vd_err *err) VD_MUST_USE;
/*
 * The whole state, after any feed or advance; not while matches are spilled (VD_EAGAIN).  Restoring takes the place
 * of what the core held; it needs the same correlations, rules below them and tenant (else VD_EVERSION) and leaves
 * the core as it was on failure.
 */
enum vd_status vd_corr_core_save(
	struct vd_corr_core *core, struct vd_buf *to, struct vd_err *err) VD_MUST_USE;
enum vd_status vd_corr_core_restore(
	struct vd_corr_core *core, struct vd_str bytes, struct vd_err *err) VD_MUST_USE;
void vd_corr_core_count_untimed(struct vd_corr_core *core, size_t rule);
struct vd_correlator_counts vd_corr_core_counts(
	const struct vd_corr_core *core, size_t corr); /* SIZE_MAX: all */
struct vd_correlator_limits vd_corr_core_limits(const struct vd_corr_core *core, size_t corr);

VD_AUTO_DEFINE(vd_corr_plan, vd_corr_plan_free)
VD_AUTO_DEFINE(vd_corr_core, vd_corr_core_free)

#endif
