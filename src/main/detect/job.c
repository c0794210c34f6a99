#include "main/detect/job.h"

#include <nettle/sha2.h>

#include "base/mem.h"
#include "event/cut.h"

struct vd_worker {
	const struct vd_job_shared *shared;
	struct vd_matcher *matcher;
};

struct vd_job *
vd_job_new(void)
{
	VD_AUTO(vd_job) job = vd_mem_zalloc(1, sizeof *job);
	if (job == NULL)
		return NULL;
	vd_buf_init(&job->rows, 0);
	vd_buf_init(&job->captured_bytes, 0);
	job->batch = vd_batch_new();
	job->pieces = vd_batch_new();
	job->arena = vd_arena_new(0);
	if (!vd_bad_held_init(&job->held) || job->batch == NULL || job->pieces == NULL || job->arena == NULL)
		return NULL;
	return vd_job_take(&job);
}

void
vd_job_free(struct vd_job *job)
{
	if (job == NULL)
		return;
	vd_batch_free(job->batch);
	vd_batch_free(job->pieces);
	vd_bad_held_fini(&job->held);
	vd_buf_fini(&job->rows);
	vd_buf_fini(&job->captured_bytes);
	vd_mem_free(job->hits);
	vd_mem_free(job->captured);
	vd_arena_free(job->arena);
	vd_mem_free(job);
}

enum vd_status
vd_worker_new(const struct vd_job_shared *shared, struct vd_worker **ret, struct vd_err *err)
{
	struct vd_worker *worker = vd_mem_zalloc(1, sizeof *worker);
	if (worker == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a worker");
	worker->shared = shared;
	enum vd_status st = vd_matcher_new(shared->set, &worker->matcher, err);
	if (st != VD_OK) {
		vd_mem_free(worker);
		return st;
	}
	vd_matcher_set_reference(worker->matcher, shared->now_ms);
	*ret = worker;
	return VD_OK;
}

void
vd_worker_free(struct vd_worker *worker)
{
	if (worker == NULL)
		return;
	vd_matcher_free(worker->matcher);
	vd_mem_free(worker);
}

static void
clear(struct vd_job *job)
{
	job->status = VD_OK;
	job->err = VD_ERR_INIT;
	vd_buf_reset(&job->rows);
	vd_buf_reset(&job->captured_bytes);
	vd_arena_reset(job->arena);
	job->n_hits = job->n_captured = 0;
	job->n_bad = job->events = job->repaired = job->filtered = 0;
}

static void
hash_number(struct sha256_ctx *hash, uint64_t number)
{
	uint8_t bytes[8];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(number >> (8 * i));
	sha256_update(hash, sizeof bytes, bytes);
}

/* Length first, so that no two different parts give the same bytes. */
static void
hash_part(struct sha256_ctx *hash, struct vd_str part)
{
	hash_number(hash, part.len);
	sha256_update(hash, part.len, (const uint8_t *)part.at);
}

void
vd_match_id(const struct vd_rule_view *rule, struct vd_str file, const struct vd_batch_event *event,
	uint8_t ret[VD_FINDING_ID_LEN])
{
	struct sha256_ctx hash;
	sha256_init(&hash);
	hash_part(&hash, rule->id);
	sha256_update(&hash, sizeof rule->hash, rule->hash);
	hash_part(&hash, file);
	hash_number(&hash, event->line);
	if (event->column != 0)
		hash_number(&hash, event->column);
	sha256_digest(&hash, VD_FINDING_ID_LEN, ret);
}

/* ---- one event ---- */

struct seen {
	const struct vd_batch_event *event;
	struct vd_match_result result;
	bool has_time;
	int64_t time_ms;
};

static enum vd_status
note_bad(struct vd_job *job, uint64_t line, const char *words)
{
	if (job->n_bad < VD_JOB_MAX_BAD) {
		const char *what = vd_arena_dup(job->arena, words, strlen(words));
		if (what == NULL)
			return vd_fail(&job->err, VD_ENOMEM, "no memory for a message");
		job->bad[job->n_bad] = (struct vd_bad_input){job->file, line, what, 0};
	}
	job->n_bad++;
	return VD_OK;
}

static enum vd_status
print_match(struct vd_worker *worker, struct vd_job *job, const struct seen *seen, uint32_t rule)
{
	const struct vd_job_shared *shared = worker->shared;
	struct vd_report_row row = {
		.kind = VD_REPORT_MATCH,
		.rule = &shared->rules[rule],
		.has_time = seen->has_time,
		.time_ms = seen->time_ms,
		.host = vd_matcher_host(worker->matcher),
		.has_place = true,
		.place = {job->file, seen->event->line},
		.repaired = seen->result.repaired,
	};
	void *hits = job->hits;
	if (!vd_mem_grow(&hits, &job->cap_hits, job->n_hits + 1, sizeof *job->hits, 64))
		return vd_fail(&job->err, VD_ENOMEM, "no memory for findings");
	job->hits = hits;
	enum vd_status st =
		vd_matcher_evidence(worker->matcher, rule, &row.n_matched, &row.matched, &job->err);
	if (st != VD_OK)
		return st;
	vd_match_id(&row.rule->view, job->file, seen->event, row.id);
	shared->format->row(&shared->style, &row, &job->rows);
	if (job->rows.failed)
		return vd_fail(&job->err, VD_ENOMEM, "no memory for findings");
	job->hits[job->n_hits++] = rule;
	return VD_OK;
}

static enum vd_status
print_matches(struct vd_worker *worker, struct vd_job *job, const struct seen *seen)
{
	/* a copy: asking for evidence may use the matcher's own list again */
	uint32_t *rules = vd_arena_array(job->arena, seen->result.n, sizeof *rules);
	if (rules == NULL)
		return vd_fail(&job->err, VD_ENOMEM, "no memory for findings");
	memcpy(rules, seen->result.rules, seen->result.n * sizeof *rules);
	for (size_t i = 0; i < seen->result.n; i++) {
		const struct vd_report_rule *rule = &worker->shared->rules[rules[i]];
		/* min_rank 1, informational, lets rules without a level through */
		if (!rule->view.alone || VD_MAX(rule->rank, (size_t)1) < worker->shared->min_rank)
			continue;
		enum vd_status st = print_match(worker, job, seen, rules[i]);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

static enum vd_status
capture(struct vd_worker *worker, struct vd_job *job, const struct seen *seen)
{
	struct vd_str bytes = {NULL, 0};
	enum vd_status st =
		vd_matcher_capture(worker->matcher, worker->shared->correlator, &bytes, &job->err);
	if (st != VD_OK || bytes.len == 0)
		return st;
	void *captured = job->captured;
	if (!vd_mem_grow(&captured, &job->cap_captured, job->n_captured + 1, sizeof *job->captured, 64))
		return vd_fail(&job->err, VD_ENOMEM, "no memory for correlations");
	job->captured = captured;
	job->captured[job->n_captured++] = (struct vd_job_captured){
		job->captured_bytes.len, bytes.len, seen->has_time, seen->time_ms, seen->event->line};
	vd_buf_str(&job->captured_bytes, bytes);
	return job->captured_bytes.failed ? vd_fail(&job->err, VD_ENOMEM, "no memory for correlations")
					  : VD_OK;
}

static bool
is_wanted(const struct vd_job_shared *shared, const struct seen *seen)
{
	if (!seen->has_time)
		return true;
	return !(shared->has_since && seen->time_ms < shared->since_ms) &&
	       !(shared->has_until && seen->time_ms >= shared->until_ms);
}

static enum vd_status
take_matches(struct vd_worker *worker, struct vd_job *job, struct seen *seen)
{
	const struct vd_job_shared *shared = worker->shared;
	enum vd_status st = VD_OK;
	job->events++;
	job->repaired += seen->result.repaired != 0;
	if (seen->result.n == 0 && !shared->has_since && !shared->has_until)
		return VD_OK;
	seen->has_time = vd_matcher_time(worker->matcher, &seen->time_ms);
	if (!is_wanted(shared, seen)) {
		job->filtered++;
		return VD_OK;
	}
	if (seen->result.n == 0)
		return VD_OK;
	if (shared->correlator != NULL)
		st = capture(worker, job, seen);
	return st == VD_OK ? print_matches(worker, job, seen) : st;
}

/* got: what came of matching the event; why: the words if it failed. */
static enum vd_status
judge(struct vd_worker *worker, struct vd_job *job, struct seen *seen, enum vd_status got, struct vd_err *why)
{
	if (got == VD_EINPUT || got == VD_ELIMIT) {
		vd_bad_place(why, seen->event->column);
		return note_bad(job, seen->event->line, why->text);
	}
	if (got != VD_OK) {
		job->err = *why;
		return got;
	}
	return take_matches(worker, job, seen);
}

static void
on_bad_piece(void *owner, uint64_t line, const char *what)
{
	struct vd_job *job = owner;
	if (job->status == VD_OK)
		job->status = note_bad(job, line, what);
}

/* A line that was refused as one event and holds more. */
static enum vd_status
run_pieces(struct vd_worker *worker, struct vd_job *job, const struct vd_batch_event *line)
{
	struct vd_batch *pieces = job->pieces;
	pieces->n = 0;
	enum vd_status st = vd_cut_line(line, on_bad_piece, job, pieces, &job->err);
	if (st == VD_OK)
		st = job->status;
	for (size_t i = 0; i < pieces->n && st == VD_OK; i++) {
		struct seen seen = {.event = &pieces->events[i]};
		struct vd_err why = VD_ERR_INIT;
		st = vd_matcher_event(worker->matcher, seen.event->text, &seen.result, &why);
		st = judge(worker, job, &seen, st, &why);
	}
	return st;
}

static enum vd_status
run_event(struct vd_worker *worker, struct vd_job *job, const struct vd_batch_event *event)
{
	struct seen seen = {.event = event};
	struct vd_err why = VD_ERR_INIT;
	enum vd_status st = vd_matcher_event(worker->matcher, event->text, &seen.result, &why);
	if (st == VD_EINPUT && vd_cut_finds_more(event->text))
		return run_pieces(worker, job, event);
	return judge(worker, job, &seen, st, &why);
}

void
vd_worker_run(struct vd_worker *worker, struct vd_job *job)
{
	clear(job);
	struct vd_matcher_limits before = vd_matcher_limits(worker->matcher);
	for (size_t i = 0; i < job->batch->n && job->status == VD_OK; i++)
		job->status = run_event(worker, job, &job->batch->events[i]);
	struct vd_matcher_limits after = vd_matcher_limits(worker->matcher);
	job->limits.searches = after.searches - before.searches;
	job->limits.comparisons = after.comparisons - before.comparisons;
}
