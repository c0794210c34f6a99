/*
 * One batch of events on its way: read by the main thread, matched and printed by a worker, collected by the main
 * thread again in the order of input.
 *
 * Memory: a job owns its batch and its results and is used again for later batches.  Thread: whoever holds it.
 */
#ifndef VD_MAIN_DETECT_JOB_H
#define VD_MAIN_DETECT_JOB_H

#include "base/arena.h"
#include "event/read.h"
#include "main/detect/bad.h"
#include "main/detect/report.h"

#define VD_JOB_MAX_BAD 20u /* bad events named per job; the rest is counted */

/* What every worker reads and none changes. */
struct vd_job_shared {
	struct vd_ruleset *set;
	const struct vd_report_rule *rules;     /* of all rules of the set */
	const struct vd_correlator *correlator; /* NULL: the set has no correlations */
	const struct vd_report_format *format;
	struct vd_report_style style;
	size_t min_rank;
	bool has_since, has_until;
	int64_t since_ms, until_ms;
	int64_t now_ms; /* for times without a year */
};

struct vd_job_captured {
	size_t at, len; /* in captured_bytes */
	bool has_time;
	int64_t time_ms;
	uint64_t line;
};

struct vd_job {
	struct vd_batch *batch;
	struct vd_batch *pieces; /* of one line of it that holds more than one event */
	struct vd_bad_held held; /* what the reader said while it filled the batch */
	struct vd_str file;      /* name of the batch's file, borrowed from the reader */
	/* results */
	enum vd_status status; /* not VD_OK: the run must end, err says why */
	struct vd_err err;
	struct vd_buf rows; /* printed findings */
	uint32_t *hits;     /* rule of each printed finding */
	size_t n_hits, cap_hits;
	struct vd_buf captured_bytes;
	struct vd_job_captured *captured;
	size_t n_captured, cap_captured;
	struct vd_arena *arena;
	struct vd_bad_input bad[VD_JOB_MAX_BAD]; /* words in the arena */
	uint64_t n_bad, events, repaired, filtered;
	struct vd_matcher_limits limits; /* reached by this batch */
	bool done;                       /* guarded by the pool */
};

struct vd_job *vd_job_new(void) VD_MUST_USE;
void vd_job_free(struct vd_job *job);

struct vd_worker;

/* shared is borrowed. */
enum vd_status vd_worker_new(
	const struct vd_job_shared *shared, struct vd_worker **ret, struct vd_err *err) VD_MUST_USE;
void vd_worker_free(struct vd_worker *worker);
/* Matches the whole batch of job; its outcome stands in the job. */
void vd_worker_run(struct vd_worker *worker, struct vd_job *job);

/*
 * Id of a match: SHA-256 over rule id, rule version, file and place, first half.  The place is the event's line and,
 * where it does not begin there, its column: several may stand on one line.
 */
void vd_match_id(const struct vd_rule_view *rule, struct vd_str file, const struct vd_batch_event *event,
	uint8_t ret[VD_FINDING_ID_LEN]);

VD_AUTO_DEFINE(vd_job, vd_job_free)
VD_AUTO_DEFINE(vd_worker, vd_worker_free)

#endif
