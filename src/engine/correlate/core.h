/*
 * The running half of correlation: what struct vd_corr_core holds, for the files that share it.
 *
 *   feed ─▶ reorder ─▶ step(t): pending of each correlation ─▶ groups ─▶ findings ─▶ pending of those above
 *
 * core.c takes inputs and moves the watermark; step.c runs one time through the correlations; finding.c makes
 * what is reported; state.c saves and restores.
 */
#ifndef VD_ENGINE_CORRELATE_CORE_H
#define VD_ENGINE_CORRELATE_CORE_H

#include "engine/correlate/groups.h"
#include "engine/correlate/reorder.h"

struct vd_corr_pending {
	struct vd_corr_record *record;
	uint32_t ref;
};

/* One correlation rule, running. */
struct vd_corr_track {
	struct vd_corr_groups groups;
	struct vd_corr_pending *pending; /* inputs of this step, each with a reference */
	size_t n_pending, cap_pending;
	struct vd_corr_group **touched; /* groups this step's inputs went to; NULL: dropped since */
	size_t n_touched, cap_touched;
	struct vd_correlator_counts counts;
	struct vd_correlator_limits limits; /* not saved */
};

/* All that is saved and restored; a heap object, because records point at the account they are charged to. */
struct vd_corr_state {
	struct vd_corr_shared shared;
	struct vd_corr_reorder reorder;
	struct vd_corr_track *tracks;       /* plan->n_rules */
	struct vd_correlator_counts counts; /* fed, late, untimed: each match once */
	int64_t watermark;                  /* every time below it was judged */
	int64_t newest;                     /* highest time fed */
	int64_t next_due;                   /* no window closes before; INT64_MAX: none is open */
	uint64_t step;                      /* not saved */
};

struct vd_corr_core {
	uint32_t magic;
#define VD_CORR_CORE_MAGIC 0x27c0de5au
	const struct vd_corr_plan *plan;
	struct vd_correlator_options options; /* zeros replaced; the tenant is owned */
	char *tenant;
	struct vd_corr_state *state;
	uint64_t *dirty;       /* a bit per correlation: has something to do in this step */
	enum vd_status broken; /* the failure in the middle of a step */
	struct vd_corr_draft draft;
	struct vd_buf key;
	/* scratch of one finding */
	struct vd_corr_record **named;
	size_t cap_named;
	struct vd_event_ref events[VD_CORR_MAX_NAMED];
	struct vd_group_value group[VD_CORR_MAX_GROUP];
};

struct vd_corr_state *vd_corr_state_new(
	const struct vd_corr_plan *plan) VD_MUST_USE; /* NULL: out of memory */
void vd_corr_state_free(struct vd_corr_state *state, const struct vd_corr_plan *plan);

/* Whom findings go to. */
struct vd_corr_sink {
	vd_finding_fn fn;
	void *owner;
};

/* step.c: judges time t: all inputs held for it, then the windows that close at it. */
enum vd_status vd_corr_core_step(struct vd_corr_core *core, int64_t t, const struct vd_corr_sink *sink,
	struct vd_err *err) VD_MUST_USE;
/* Gives an input to a correlation in the step that runs; takes a reference of its own. */
bool vd_corr_core_pend(
	struct vd_corr_core *core, struct vd_corr_parent to, struct vd_corr_record *record) VD_MUST_USE;

/* finding.c: the group fires at t; fired NULL: its window closed. */
enum vd_status vd_corr_core_fire(struct vd_corr_core *core, size_t corr, const struct vd_corr_group *group,
	int64_t t, const struct vd_corr_record *fired, const struct vd_corr_sink *sink,
	struct vd_err *err) VD_MUST_USE;

#endif
