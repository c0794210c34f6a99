#include "main/rules/suite.h"

#include <unistd.h>

#include "base/mem.h"
#include "main/rules/events.h"

/* Times without a year are of 2024 whenever a case runs: one year, and with a leap day. */
#define REFERENCE_MS 1735603199000 /* 2024-12-30T23:59:59Z: with the day after it, all of 2024 */

/* One case on its way. */
struct suite {
	struct vd_ruleset *set;
	struct vd_matcher *matcher;
	struct vd_correlator *correlator; /* NULL: the case is about single rules */
	uint64_t *fired;                  /* per rule of the set, in the file at hand */
	bool wanted;                      /* match.jsonl */
	bool routed;                      /* some event of the file reached a rule */
	uint64_t events;
	struct vd_suite_result *result;
	struct vd_buf *words;
};

static void
fail(struct suite *s, const char *what, const char *file, uint64_t line, struct vd_str title)
{
	if (++s->result->failures > VD_SUITE_FAILURES)
		return;
	vd_buf_text(s->words, s->words->len > 0 ? "; " : "");
	vd_buf_text(s->words, file);
	if (line > 0)
		vd_buf_printf(s->words, ":%llu", (unsigned long long)line);
	vd_buf_printf(s->words, " %s", what);
	if (title.len > 0) {
		vd_buf_text(s->words, " '");
		vd_buf_str(s->words, title);
		vd_buf_char(s->words, '\'');
	}
}

static const char *
file_of(const struct suite *s)
{
	return s->wanted ? "match.jsonl" : "nomatch.jsonl";
}

/* ---- single rules ---- */

/* The first rule of the result that reports alone; false: none. */
static bool
first_alone(const struct suite *s, const struct vd_match_result *result, struct vd_str *ret_title)
{
	for (size_t i = 0; i < result->n; i++) {
		struct vd_rule_view rule = vd_ruleset_rule(s->set, result->rules[i]);
		if (!rule.alone)
			continue;
		*ret_title = rule.title;
		return true;
	}
	return false;
}

/* Does the last event's log source let it reach any rule of the case? */
static bool
is_routed(const struct suite *s)
{
	for (size_t i = 0; i < vd_ruleset_single_rules(s->set); i++)
		if (vd_matcher_routed(s->matcher, (uint32_t)i))
			return true;
	return false;
}

static enum vd_status
look(void *owner, struct vd_str text, struct vd_event_ref place, struct vd_err *err)
{
	struct suite *s = owner;
	struct vd_match_result result;
	struct vd_str title = {NULL, 0};
	enum vd_status st = vd_matcher_event(s->matcher, text, &result, err);
	if (st != VD_OK)
		return st;
	s->events++;
	bool routed = is_routed(s);
	s->routed = s->routed || routed;
	if (s->correlator != NULL) {
		int64_t time_ms = 0;
		struct vd_str captured;
		bool has_time = vd_matcher_time(s->matcher, &time_ms);
		st = vd_matcher_capture(s->matcher, s->correlator, &captured, err);
		if (st != VD_OK || captured.len == 0)
			return st;
		return vd_correlator_feed_captured(s->correlator, captured, has_time, time_ms, place, err);
	}
	bool matches = first_alone(s, &result, &title);
	if (s->wanted && !matches)
		fail(s,
			routed ? "does not match"
			       : "does not match: the log source of the rule keeps it away from this event",
			file_of(s), place.line, title);
	if (!s->wanted && matches)
		fail(s, "matches", file_of(s), place.line, title);
	return VD_OK;
}

/* ---- correlations ---- */

static enum vd_status
note_finding(void *owner, const struct vd_finding *finding)
{
	struct suite *s = owner;
	s->fired[finding->rule]++;
	return VD_OK;
}

static enum vd_status
judge_correlations(struct suite *s, struct vd_err *err)
{
	enum vd_status st = vd_correlator_finish(s->correlator, note_finding, s, err);
	for (size_t i = vd_ruleset_single_rules(s->set); st == VD_OK && i < vd_ruleset_rules(s->set); i++) {
		struct vd_rule_view rule = vd_ruleset_rule(s->set, i);
		if (!rule.alone)
			continue;
		if (s->wanted && s->fired[i] == 0)
			fail(s,
				s->routed ? "does not fire"
					  : "does not fire: the log sources of the rules keep them away from "
					    "every event:",
				file_of(s), 0, rule.title);
		if (!s->wanted && s->fired[i] > 0)
			fail(s, "fires", file_of(s), 0, rule.title);
	}
	return st;
}

static enum vd_status
open_correlator(struct suite *s, struct vd_err *err)
{
	size_t n = vd_ruleset_rules(s->set);
	struct vd_correlator_options options = {.lateness_ms = -1};
	vd_correlator_free(s->correlator);
	s->correlator = NULL;
	if (n == vd_ruleset_single_rules(s->set))
		return VD_OK;
	memset(s->fired, 0, n * sizeof *s->fired);
	return vd_correlator_new(s->set, &options, &s->correlator, err);
}

/* ---- the case ---- */

static enum vd_status
run_file(struct suite *s, const char *folder, bool wanted, struct vd_err *err)
{
	struct vd_buf path;
	uint64_t bad = 0;
	s->wanted = wanted;
	s->routed = false;
	s->events = 0;
	vd_buf_init(&path, 0);
	vd_buf_printf(&path, "%s/%s", folder, file_of(s));
	enum vd_status st =
		path.failed ? vd_fail(err, VD_ENOMEM, "no memory for a path") : open_correlator(s, err);
	if (st == VD_OK && access(path.at, R_OK) != 0) {
		fail(s, "is missing", file_of(s), 0, VD_S(""));
	} else if (st == VD_OK) {
		const char *file = path.at;
		st = vd_events_each(&file, 1, look, s, &bad, err);
		if (st == VD_OK && s->correlator != NULL)
			st = judge_correlations(s, err);
		if (bad > 0)
			fail(s, "holds bad input", file_of(s), 0, VD_S(""));
		else if (s->events == 0)
			fail(s, "holds no event", file_of(s), 0, VD_S(""));
	}
	*(wanted ? &s->result->match : &s->result->nomatch) = s->events;
	vd_buf_fini(&path);
	return st;
}

static void
judge_verdicts(struct suite *s)
{
	for (size_t i = 0; i < vd_ruleset_verdicts(s->set); i++) {
		struct vd_verdict_view v = vd_ruleset_verdict(s->set, i);
		if (v.verdict == VD_RULE_REJECTED)
			fail(s, "is rejected:", "rule.yml", v.line, v.message);
	}
}

static enum vd_status
run_set(struct suite *s, const char *folder, struct vd_err *err)
{
	judge_verdicts(s);
	if (vd_ruleset_rules(s->set) == 0) {
		if (s->result->failures == 0)
			fail(s, "holds no rule", "rule.yml", 0, VD_S(""));
		return VD_OK;
	}
	s->fired = vd_mem_zalloc(vd_ruleset_rules(s->set), sizeof *s->fired);
	if (s->fired == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a case");
	enum vd_status st = vd_matcher_new(s->set, &s->matcher, err);
	if (st == VD_OK) {
		vd_matcher_set_reference(s->matcher, REFERENCE_MS);
		st = run_file(s, folder, true, err);
	}
	if (st == VD_OK)
		st = run_file(s, folder, false, err);
	if (s->result->failures > VD_SUITE_FAILURES)
		vd_buf_printf(s->words, "; and %llu more",
			(unsigned long long)(s->result->failures - VD_SUITE_FAILURES));
	return st;
}

enum vd_status
vd_suite_run(const char *folder, const struct vd_rule_paths *options, struct vd_suite_result *ret,
	struct vd_buf *words, struct vd_err *err)
{
	struct vd_rule_paths paths = *options;
	struct suite s = {.result = ret, .words = words};
	struct vd_buf path;
	VD_AUTO(vd_rulebook) book = NULL;
	*ret = (struct vd_suite_result){0, 0, 0};
	vd_buf_init(&path, 0);
	vd_buf_printf(&path, "%s/rule.yml", folder);
	const char *file = path.at;
	paths.rules = &file;
	paths.n_rules = 1;
	paths.no_cache = true; /* one rule is compiled faster than looked up */
	enum vd_status st = path.failed ? vd_fail(err, VD_ENOMEM, "no memory for a path")
					: vd_rulebook_new(&paths, &book, err);
	if (st == VD_OK) {
		s.set = vd_rulebook_set(book);
		st = run_set(&s, folder, err);
	}
	vd_correlator_free(s.correlator);
	vd_matcher_free(s.matcher);
	vd_mem_free(s.fired);
	vd_buf_fini(&path);
	return st;
}
