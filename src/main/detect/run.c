#include "main/detect/run.h"

#include <unistd.h>

#include "base/mem.h"
#include "event/event.h"
#include "main/detect/bad.h"
#include "main/detect/pool.h"
#include "main/detect/progress.h"
#include "main/detect/spill.h"
#include "main/interrupt.h"
#include "main/level.h"
#include "main/term.h"

/* Everything of one run; main thread only. */
struct run {
	const struct vd_detect_options *options;
	struct vd_ruleset *set;
	struct vd_out *out;
	struct vd_job_shared shared;
	struct vd_report_rule *rules;
	size_t n_rules;
	struct vd_bad *bad;
	struct vd_reader *reader;
	struct vd_correlator *correlator; /* NULL: no correlations */
	struct vd_spill_file spill;
	struct vd_pool *pool;
	struct vd_summary *summary;
	struct vd_progress progress;
	struct vd_summary_totals totals;
	bool printed_any;
	struct vd_buf row; /* of a correlation */
	enum vd_status
		paused; /* what came of collecting while the input paused; not VD_OK: the run must end */
	struct vd_err paused_err;
};

/* ---- printing ---- */

static void
print(struct run *run, struct vd_str rows)
{
	const struct vd_report_format *format = run->shared.format;
	if (rows.len == 0)
		return;
	if (!run->printed_any && format->heading != NULL) {
		struct vd_buf heading;
		vd_buf_init(&heading, 0);
		format->heading(&run->shared.style, &heading);
		vd_out_add(run->out, vd_buf_view(&heading));
		vd_buf_fini(&heading);
	}
	if (!run->printed_any) {
		rows.at += format->skip_first;
		rows.len -= format->skip_first;
	}
	run->printed_any = true;
	if (vd_term_is(run->out->fd))
		vd_term_clear_progress();
	vd_out_add(run->out, rows);
	if (vd_term_is(run->out->fd)) /* people read along */
		(void)vd_out_flush(run->out);
}

/* ---- collecting ---- */

/* Finite input is correlated with no limit on lateness: nothing is judged before all of it is there. */
static enum vd_status
feed_captured(struct run *run, const struct vd_job *job, struct vd_err *err)
{
	enum vd_status st = VD_OK;
	for (size_t i = 0; st == VD_OK && i < job->n_captured; i++) {
		const struct vd_job_captured *c = &job->captured[i];
		struct vd_str bytes = {job->captured_bytes.at + c->at, c->len};
		st = vd_correlator_feed_captured(run->correlator, bytes, c->has_time, c->time_ms,
			(struct vd_event_ref){job->file, c->line}, err);
	}
	return st;
}

static enum vd_status
take_results(struct run *run, struct vd_job *job, struct vd_err *err)
{
	uint64_t named = VD_MIN(job->n_bad, (uint64_t)VD_JOB_MAX_BAD);
	if (job->status != VD_OK) {
		*err = job->err;
		return vd_fail_in(
			err, job->status, "%.*s", (int)VD_MIN(job->file.len, (size_t)256), job->file.at);
	}
	vd_bad_say(run->bad, &job->held, job->bad, named);
	vd_bad_add(run->bad, job->file, job->n_bad - named);
	for (size_t i = 0; i < job->n_hits; i++)
		vd_summary_hit(run->summary, job->hits[i]);
	run->totals.events += job->events;
	run->totals.repaired += job->repaired;
	run->totals.filtered += job->filtered;
	run->totals.limits.matching.searches += job->limits.searches;
	run->totals.limits.matching.comparisons += job->limits.comparisons;
	print(run, vd_buf_view(&job->rows));
	return run->correlator == NULL ? VD_OK : feed_captured(run, job, err);
}

/* Takes what is done; wait: until nothing is under way. */
static enum vd_status
collect(struct run *run, bool wait, struct vd_err *err)
{
	struct vd_job *job;
	while ((job = vd_pool_collect(run->pool, wait)) != NULL) {
		enum vd_status st = take_results(run, job, err);
		vd_pool_release(run->pool);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

/* Takes the oldest job, waiting for it. */
static enum vd_status
collect_one(struct run *run, struct vd_err *err)
{
	struct vd_job *job = vd_pool_collect(run->pool, true);
	if (job == NULL)
		return VD_OK;
	enum vd_status st = take_results(run, job, err);
	vd_pool_release(run->pool);
	return st;
}

/* Bad input that no job brought along. */
static void
say_held(struct run *run)
{
	struct vd_job *job = vd_pool_spare(run->pool);
	if (job != NULL)
		vd_bad_say(run->bad, &job->held, NULL, 0);
}

/* The input pauses: whoever reads along gets what was found up to here. */
static void
take_pause(void *owner)
{
	struct run *run = owner;
	if (run->paused == VD_OK)
		run->paused = collect(run, true, &run->paused_err);
	say_held(run);
	(void)vd_out_flush(run->out);
}

static void
draw_progress(struct run *run)
{
	uint64_t done, total;
	vd_reader_progress(run->reader, &done, &total);
	vd_progress_draw(&run->progress, done, total, run->totals.events, vd_summary_findings(run->summary));
}

/* True: there is no point in going on; what is under way is still collected. */
static bool
should_stop(const struct run *run)
{
	return vd_interrupted() || run->out->error != 0;
}

/* Of what is read for the next job; it is said when that is collected. */
static void
note_bad(void *owner, const struct vd_bad_input *input)
{
	struct run *run = owner;
	struct vd_job *job = run->pool == NULL ? NULL : vd_pool_spare(run->pool);
	if (job != NULL && vd_bad_hold(&job->held, input))
		return;
	if (job != NULL)
		take_pause(run);
	vd_bad_note(run->bad, input);
}

static enum vd_status
read_all(struct run *run, struct vd_err *err)
{
	enum vd_status st = VD_OK;
	while (st == VD_OK && !should_stop(run)) {
		struct vd_job *job = vd_pool_spare(run->pool);
		if (job == NULL) {
			st = collect_one(run, err);
			continue;
		}
		enum vd_status got = vd_reader_next(run->reader, job->batch, err);
		if (run->paused != VD_OK) {
			*err = run->paused_err;
			return run->paused;
		}
		if (got != VD_OK)
			return got == VD_END ? VD_OK : got;
		job->file = vd_reader_file(run->reader, job->batch->file);
		vd_pool_submit(run->pool);
		st = collect(run, false, err);
		draw_progress(run);
	}
	return st;
}

static enum vd_status
read_and_match(struct run *run, struct vd_err *err)
{
	enum vd_status st = read_all(run, err);
	run->totals.interrupted = vd_interrupted();
	if (st == VD_OK)
		st = collect(run, true, err);
	say_held(run);
	return st;
}

/* ---- correlation ---- */

/* Events of one group may come from many hosts; one is known where the group is by host.  Empty: it is not. */
static struct vd_str
host_of_group(const struct vd_finding *finding)
{
	for (size_t i = 0; i < finding->n_group; i++)
		if (vd_event_names_host(finding->group[i].name))
			return finding->group[i].value;
	return (struct vd_str){NULL, 0};
}

static enum vd_status
print_finding(void *owner, const struct vd_finding *finding)
{
	struct run *run = owner;
	const struct vd_report_rule *rule = &run->rules[finding->rule];
	struct vd_report_row row = {
		.kind = VD_REPORT_CORRELATION,
		.rule = rule,
		.has_time = true,
		.time_ms = finding->time_ms,
		.host = host_of_group(finding),
		.has_place = finding->has_fired,
		.place = finding->fired,
		.n_group = finding->n_group,
		.group = finding->group,
		.count = finding->count,
		.n_events = finding->n_events,
		.events = finding->events,
	};
	if (!finding->alone || VD_MAX(rule->rank, (size_t)1) < run->shared.min_rank)
		return VD_OK;
	memcpy(row.id, finding->id, sizeof row.id);
	vd_buf_reset(&run->row);
	run->shared.format->row(&run->shared.style, &row, &run->row);
	if (run->row.failed)
		return VD_ENOMEM;
	vd_summary_hit(run->summary, finding->rule);
	print(run, vd_buf_view(&run->row));
	return VD_OK;
}

static enum vd_status
correlate(struct run *run, struct vd_err *err)
{
	if (run->correlator == NULL)
		return VD_OK;
	enum vd_status st = vd_correlator_finish(run->correlator, print_finding, run, err);
	if (st != VD_OK)
		return st;
	run->totals.correlation = vd_correlator_counts(run->correlator);
	for (size_t i = vd_ruleset_single_rules(run->set); i < run->n_rules; i++) {
		const struct vd_correlator_limits reached = vd_correlator_rule_limits(run->correlator, i);
		vd_limits_add(&run->totals.limits, &run->rules[i], &reached);
	}
	return VD_OK;
}

/* ---- beginning and end ---- */

static enum vd_status
look_up_rules(struct run *run, struct vd_err *err)
{
	run->n_rules = vd_ruleset_rules(run->set);
	run->rules = vd_mem_zalloc(run->n_rules + 1, sizeof *run->rules);
	run->summary = run->rules == NULL ? NULL : vd_summary_new(run->rules, run->n_rules);
	if (run->summary == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for %zu rules", run->n_rules);
	for (size_t i = 0; i < run->n_rules; i++) {
		run->rules[i].view = vd_ruleset_rule(run->set, i);
		run->rules[i].rank = vd_level_rank(run->rules[i].view.level);
		run->totals.silenced += !run->rules[i].view.alone;
	}
	return VD_OK;
}

static enum vd_status
open_input(struct run *run, struct vd_err *err)
{
	run->bad = vd_bad_new();
	if (run->bad == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for reading");
	struct vd_reader_options options = {.on_bad = note_bad, .on_wait = take_pause, .owner = run};
	return vd_reader_new(run->options->paths, run->options->n_paths, &options, &run->reader, err);
}

static enum vd_status
open_correlation(struct run *run, struct vd_err *err)
{
	if (run->n_rules == vd_ruleset_single_rules(run->set))
		return VD_OK;
	const struct vd_spill spill = vd_spill_file_door(&run->spill);
	struct vd_correlator_options options = {
		.lateness_ms = -1,
		.max_groups = run->options->max_groups,
		.max_events = run->options->max_events,
		.max_bytes = run->options->max_bytes,
		.max_held = run->options->hold_bytes,
		.spill = &spill,
	};
	run->totals.correlated = true;
	return vd_correlator_new(run->set, &options, &run->correlator, err);
}

static void
share(struct run *run)
{
	const struct vd_detect_options *o = run->options;
	bool table = o->format == VD_FORMAT_TABLE;
	run->shared = (struct vd_job_shared){
		.set = run->set,
		.rules = run->rules,
		.correlator = run->correlator,
		.format = vd_report_format(o->format),
		.style =
			{
				.columns = table ? vd_term_columns(run->out->fd) : 0,
				.colours = table && vd_term_colours(run->out->fd),
				.started_ms = vd_clock_now(),
			},
		.min_rank = o->min_rank,
		.has_since = o->has_since,
		.has_until = o->has_until,
		.since_ms = o->since_ms,
		.until_ms = o->until_ms,
		.now_ms = vd_clock_now(),
	};
}

static enum vd_status
begin(struct run *run, struct vd_err *err)
{
	vd_progress_init(&run->progress, run->options->quiet);
	enum vd_status st = look_up_rules(run, err);
	if (st == VD_OK)
		st = open_input(run, err);
	if (st == VD_OK)
		st = open_correlation(run, err);
	if (st != VD_OK)
		return st;
	share(run);
	st = vd_pool_new(&run->shared, run->options->threads, &run->pool, err);
	if (st == VD_OK)
		vd_out_add(run->out, vd_str_from(run->shared.format->begin));
	return st;
}

static void
fini(struct run *run)
{
	vd_pool_free(run->pool); /* first: its workers read all the others */
	vd_correlator_free(run->correlator);
	vd_spill_file_fini(&run->spill);
	vd_reader_free(run->reader);
	vd_bad_free(run->bad);
	vd_summary_free(run->summary);
	vd_mem_free(run->rules);
	vd_buf_fini(&run->row);
}

/* ---- the run ---- */

static void
warn_of_limits(const struct run *run)
{
	struct vd_buf line;
	if (!vd_limits_reached(&run->totals.limits))
		return;
	vd_buf_init(&line, 0);
	vd_buf_text(&line, "vedette: warning: ");
	vd_limits_line(&run->totals.limits, &line);
	vd_buf_char(&line, '\n');
	vd_out_raw(STDERR_FILENO, vd_buf_view(&line));
	vd_buf_fini(&line);
}

static void
summarise(struct run *run)
{
	struct vd_buf text;
	vd_term_clear_progress();
	vd_bad_say_rest(run->bad);
	run->totals.bad = vd_bad_count(run->bad);
	run->totals.rules = vd_rulebook_count(run->set);
	run->totals.seconds = vd_progress_seconds(&run->progress);
	if (run->options->quiet) {
		warn_of_limits(run);
		return;
	}
	/* on one screen the findings come first */
	(void)vd_out_flush(run->out);
	vd_buf_init(&text, 0);
	vd_summary_write(run->summary, &run->totals, vd_term_colours(STDERR_FILENO),
		vd_term_columns(STDERR_FILENO), &text);
	vd_out_raw(STDERR_FILENO, vd_buf_view(&text));
	vd_buf_fini(&text);
}

enum vd_status
vd_run_detect(const struct vd_detect_options *options, struct vd_ruleset *set, struct vd_out *out,
	struct vd_run_outcome *ret, struct vd_err *err)
{
	struct run run = {.options = options, .set = set, .out = out};
	run.totals.limits = (struct vd_limits){.max_groups = options->max_groups,
		.max_events = options->max_events,
		.memory_mib = options->max_bytes >> 20};
	vd_buf_init(&run.row, 0);
	vd_spill_file_init(&run.spill);
	enum vd_status st = begin(&run, err);
	if (st == VD_OK)
		st = read_and_match(&run, err);
	if (st == VD_OK)
		st = correlate(&run, err);
	if (st == VD_OK) {
		vd_out_add(out, vd_str_from(run.shared.format->end));
		summarise(&run);
		*ret = (struct vd_run_outcome){
			.totals = run.totals,
			.findings = vd_summary_findings(run.summary),
			.limited = vd_limits_reached(&run.totals.limits),
		};
		ret->totals.limits.n = 0; /* its rules end with the run */
	}
	vd_term_clear_progress();
	fini(&run);
	return st;
}
