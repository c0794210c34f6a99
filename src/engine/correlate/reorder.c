#include "engine/correlate/reorder.h"

#include <stdlib.h>

#include "base/mem.h"

static int
order(const struct vd_corr_record *a, const struct vd_corr_record *b)
{
	if (a->t != b->t)
		return a->t < b->t ? -1 : 1;
	return vd_corr_record_order(a, b);
}

static void
run_fini(struct vd_corr_run *run)
{
	vd_buf_fini(&run->bytes);
	vd_corr_record_unref(run->head);
	run->head = NULL;
}

void
vd_corr_reorder_fini(struct vd_corr_reorder *reorder)
{
	for (size_t i = 0; i < reorder->n; i++)
		vd_corr_record_unref(reorder->heap[i]);
	for (size_t i = 0; i < reorder->n_runs; i++)
		run_fini(&reorder->runs[i]);
	vd_mem_free(reorder->heap);
	vd_mem_free(reorder->runs);
	vd_corr_draft_fini(&reorder->draft);
	*reorder = (struct vd_corr_reorder){0};
}

/* ---- the heap ---- */

bool
vd_corr_reorder_push(struct vd_corr_reorder *reorder, struct vd_corr_record *record)
{
	void *heap = reorder->heap;
	if (!vd_mem_grow(&heap, &reorder->cap, reorder->n + 1, sizeof *reorder->heap, 64))
		return false;
	reorder->heap = heap;
	vd_corr_record_move(record, &reorder->bytes);
	size_t at = reorder->n++;
	while (at > 0 && order(record, reorder->heap[(at - 1) / 2]) < 0) {
		reorder->heap[at] = reorder->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	reorder->heap[at] = record;
	return true;
}

static struct vd_corr_record *
heap_pop(struct vd_corr_reorder *reorder)
{
	struct vd_corr_record *top = reorder->heap[0], *moved = reorder->heap[--reorder->n];
	size_t at = 0;
	for (;;) {
		size_t kid = 2 * at + 1;
		if (kid + 1 < reorder->n && order(reorder->heap[kid + 1], reorder->heap[kid]) < 0)
			kid++;
		if (kid >= reorder->n || order(moved, reorder->heap[kid]) <= 0)
			break;
		reorder->heap[at] = reorder->heap[kid];
		at = kid;
	}
	if (reorder->n > 0)
		reorder->heap[at] = moved;
	return top;
}

/* ---- runs ---- */

static enum vd_status
refill(struct vd_corr_reorder *reorder, struct vd_corr_run *run, struct vd_err *err)
{
	size_t left = run->bytes.len - run->used;
	if (left != 0)
		memmove(run->bytes.at, run->bytes.at + run->used, left);
	run->bytes.len = left;
	run->used = 0;
	size_t more = (size_t)VD_MIN(run->end - run->at, (uint64_t)VD_CORR_RUN_BUFFER);
	if (!vd_buf_room(&run->bytes, more))
		return vd_fail(err, VD_ENOMEM, "no memory to read held matches back");
	enum vd_status st =
		reorder->spill.read(reorder->spill.owner, run->at, run->bytes.at + left, more, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "matches that wait for correlation cannot be read back");
	run->bytes.len += more;
	run->at += more;
	return VD_OK;
}

/* Makes the run's next record its head.  A record is written with its length before it. */
static enum vd_status
run_next(struct vd_corr_reorder *reorder, struct vd_corr_run *run, struct vd_err *err)
{
	run->head = NULL;
	for (;;) {
		struct vd_corr_reader from = {vd_buf_view(&run->bytes), false};
		(void)vd_corr_get_bytes(&from, run->used);
		if (from.rest.len == 0 && run->at == run->end)
			return VD_OK;
		struct vd_corr_reader record = {vd_corr_get_str(&from), false};
		if (!from.bad) {
			run->used = run->bytes.len - from.rest.len;
			return vd_corr_record_read(&record, reorder->plan, &reorder->draft,
				&reorder->run_bytes, &run->head, err);
		}
		if (run->at == run->end)
			return vd_fail(err, VD_EINPUT,
				"held matches were cut off in the store they were written to");
		enum vd_status st = refill(reorder, run, err);
		if (st != VD_OK)
			return st;
	}
}

static int
by_order(const void *a, const void *b)
{
	return order(*(struct vd_corr_record *const *)a, *(struct vd_corr_record *const *)b);
}

static enum vd_status
write_sorted(struct vd_corr_reorder *reorder, struct vd_corr_run *run, struct vd_err *err)
{
	VD_AUTO_FINI(vd_buf) out, one;
	vd_buf_init(&out, 0);
	vd_buf_init(&one, 0);
	for (size_t i = 0; i < reorder->n; i++) {
		vd_buf_reset(&one);
		vd_corr_record_write(reorder->heap[i], &one);
		vd_corr_put_str(&out, vd_buf_view(&one));
		if (one.failed || out.failed)
			return vd_fail(err, VD_ENOMEM, "no memory to write held matches out");
		if (out.len < VD_CORR_RUN_BUFFER && i + 1 < reorder->n)
			continue;
		enum vd_status st = reorder->spill.write(reorder->spill.owner, vd_buf_view(&out), err);
		if (st != VD_OK)
			return vd_fail_in(err, st, "matches that wait for correlation cannot be written out");
		reorder->written += out.len;
		run->end = reorder->written;
		vd_buf_reset(&out);
	}
	return VD_OK;
}

enum vd_status
vd_corr_reorder_spill(struct vd_corr_reorder *reorder, struct vd_err *err)
{
	if (reorder->n == 0)
		return VD_OK;
	if (reorder->n_runs == VD_CORR_MAX_RUNS)
		return vd_fail(err, VD_ELIMIT,
			"held matches fill %u runs: give correlation more memory, or fewer events at a time",
			VD_CORR_MAX_RUNS);
	void *runs = reorder->runs;
	if (!vd_mem_grow(&runs, &reorder->cap_runs, reorder->n_runs + 1, sizeof *reorder->runs, 8))
		return vd_fail(err, VD_ENOMEM, "no memory for a run of held matches");
	reorder->runs = runs;
	struct vd_corr_run *run = &reorder->runs[reorder->n_runs];
	*run = (struct vd_corr_run){.at = reorder->written, .end = reorder->written};
	vd_buf_init(&run->bytes, 0);
	/* a sorted array is a heap too, so a failure below leaves the buffer as good as it was */
	qsort(reorder->heap, reorder->n, sizeof(struct vd_corr_record *), by_order);
	enum vd_status st = write_sorted(reorder, run, err);
	if (st == VD_OK)
		st = run_next(reorder, run, err);
	if (st != VD_OK) {
		run_fini(run);
		return st;
	}
	reorder->n_runs++;
	for (size_t i = 0; i < reorder->n; i++)
		vd_corr_record_unref(reorder->heap[i]);
	reorder->n = 0;
	return VD_OK;
}

/* ---- both ---- */

/* SIZE_MAX: the heap has the next one (or nothing is left); else the run that has. */
static size_t
next_source(const struct vd_corr_reorder *reorder, const struct vd_corr_record **ret_next)
{
	const struct vd_corr_record *next = reorder->n == 0 ? NULL : reorder->heap[0];
	size_t source = SIZE_MAX;
	for (size_t i = 0; i < reorder->n_runs; i++) {
		const struct vd_corr_record *head = reorder->runs[i].head;
		if (next == NULL || order(head, next) < 0) {
			next = head;
			source = i;
		}
	}
	*ret_next = next;
	return source;
}

bool
vd_corr_reorder_peek(const struct vd_corr_reorder *reorder, int64_t *ret_t)
{
	const struct vd_corr_record *next;
	(void)next_source(reorder, &next);
	if (next == NULL)
		return false;
	*ret_t = next->t;
	return true;
}

enum vd_status
vd_corr_reorder_pop(struct vd_corr_reorder *reorder, struct vd_corr_record **ret, struct vd_err *err)
{
	const struct vd_corr_record *next;
	size_t source = next_source(reorder, &next);
	if (next == NULL)
		return VD_END;
	if (source == SIZE_MAX) {
		*ret = heap_pop(reorder);
		return VD_OK;
	}
	struct vd_corr_run *run = &reorder->runs[source];
	struct vd_corr_record *taken = run->head;
	enum vd_status st = run_next(reorder, run, err);
	if (st != VD_OK) {
		run->head = taken;
		return st;
	}
	if (run->head == NULL) { /* read to its end: the last run takes its place */
		run_fini(run);
		*run = reorder->runs[--reorder->n_runs];
	}
	*ret = taken;
	return VD_OK;
}
