/*
 * Matches that wait for the watermark: a heap by (time, reference), and sorted runs in the caller's store
 * where they are more than memory should hold.  What comes out is in order whatever order went in.
 *
 * Memory: owns a reference to each record in the heap; a run keeps a read buffer of VD_CORR_RUN_BUFFER bytes.
 * Bounds: the caller's limit on bytes; VD_CORR_MAX_RUNS runs.
 */
#ifndef VD_ENGINE_CORRELATE_REORDER_H
#define VD_ENGINE_CORRELATE_REORDER_H

#include "engine/correlate/record.h"

#define VD_CORR_MAX_RUNS 1024u
#define VD_CORR_RUN_BUFFER (16u * 1024u)

struct vd_corr_run {
	uint64_t at, end;    /* in the store: what was not read into bytes yet */
	struct vd_buf bytes; /* read, not taken yet: from used on */
	size_t used;
	struct vd_corr_record *head; /* next record; NULL: none left */
};

struct vd_corr_reorder {
	struct vd_corr_record **heap;
	size_t n, cap;
	size_t bytes;          /* charged for the records in the heap */
	struct vd_spill spill; /* write NULL: none */
	uint64_t written;
	struct vd_corr_run *runs;
	size_t n_runs, cap_runs;
	size_t run_bytes; /* charged for the runs' heads */
	const struct vd_corr_plan *plan;
	struct vd_corr_draft draft;
};

void vd_corr_reorder_fini(struct vd_corr_reorder *reorder);
/* Takes the caller's reference, also charges the record to the buffer.  False: out of memory, nothing taken. */
bool vd_corr_reorder_push(struct vd_corr_reorder *reorder, struct vd_corr_record *record) VD_MUST_USE;
/* Writes what is in memory out as one run. */
enum vd_status vd_corr_reorder_spill(struct vd_corr_reorder *reorder, struct vd_err *err) VD_MUST_USE;
bool vd_corr_reorder_peek(const struct vd_corr_reorder *reorder, int64_t *ret_t); /* time of the next one */
/* Gives the next one with its reference; VD_END when empty. */
enum vd_status vd_corr_reorder_pop(
	struct vd_corr_reorder *reorder, struct vd_corr_record **ret, struct vd_err *err) VD_MUST_USE;

#endif
