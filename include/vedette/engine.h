/*
 * libvedette: Sigma rules, correlations and (later) anomaly detectors over events, as a pure library: no I/O,
 * no threads, no clock of its own.
 *
 *   texts of rules ──vd_ruleset_new──▶ struct vd_ruleset (immutable, shared by reference count)
 *   events ──vd_matcher_event──▶ matches of single rules ──vd_correlator_feed──▶ findings of correlations
 *
 * Memory: what a function returns as const pointer is borrowed, until the next call on the same object unless
 * stated otherwise.  Threads: a rule set may be shared freely; a matcher and a correlator have one owner each.
 */
#ifndef VEDETTE_ENGINE_H
#define VEDETTE_ENGINE_H

#include "vedette/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VD_ENGINE_VERSION "0.1.0"

/* ---- rule sets ---- */

struct vd_text {
	struct vd_str name; /* file name, for messages and verdicts */
	struct vd_str text;
};

/*
 * Where compiled rules may be kept between runs.  key is 64 hexadecimal digits: of the rules' texts and of the build
 * of this library, which is of one version and one kind of processor.  get returns VD_OK with bytes that stay readable
 * until the rule set is built, or VD_ENOTFOUND.  Bytes that are damaged or do not fit are compiled anew; whoever can
 * write others under the same key decides what the rules find, so keep them where only the user can.
 */
struct vd_blob_cache {
	enum vd_status (*get)(void *owner, const char *key, struct vd_str *ret);
	enum vd_status (*put)(void *owner, const char *key, struct vd_str bytes);
	void *owner;
};

struct vd_ruleset_input {
	const struct vd_text *rules;
	size_t n_rules;
	const struct vd_text *pipelines; /* pySigma YAML pipelines */
	size_t n_pipelines;
	const struct vd_text *placeholders; /* values files for |expand */
	size_t n_placeholders;
	bool no_routing;                   /* every rule sees every event, whatever its logsource */
	const struct vd_blob_cache *cache; /* or NULL */
	/* files of rules that the caller could not read: text says why, and each gets a verdict, rejected */
	const struct vd_text *unreadable;
	size_t n_unreadable;
};

struct vd_ruleset;

/* Fails only for memory and unreadable pipelines or values files: a bad rule gets a verdict and the rest load. */
VD_API enum vd_status vd_ruleset_new(
	const struct vd_ruleset_input *input, struct vd_ruleset **ret, struct vd_err *err);
VD_API struct vd_ruleset *vd_ruleset_ref(struct vd_ruleset *set);
VD_API void vd_ruleset_unref(struct vd_ruleset *set);

enum vd_rule_verdict { VD_RULE_LOADED, VD_RULE_DEGRADED, VD_RULE_REJECTED };

struct vd_verdict_view {
	struct vd_str file;
	uint32_t line, column;
	struct vd_str rule_id, title;
	enum vd_rule_verdict verdict;
	struct vd_str code, message;
};

VD_API size_t vd_ruleset_verdicts(const struct vd_ruleset *set);
VD_API struct vd_verdict_view vd_ruleset_verdict(const struct vd_ruleset *set, size_t i);

/* Sentences about parts of the pipelines that do nothing here; borrowed while set lives.  Returns how many. */
VD_API size_t vd_ruleset_notes(const struct vd_ruleset *set, const struct vd_str **ret);

struct vd_rule_view {
	struct vd_str id, name, title, level, author, description, file;
	struct vd_str product, category, service;
	uint32_t line;
	bool correlation;
	bool alone; /* reports its own matches (false: only feeds correlations) */
	size_t n_tags;
	const struct vd_str *tags;
	uint8_t hash[16]; /* version of the rule's text */
};

/* Single rules first, then correlations; a rule's number is its index here. */
VD_API size_t vd_ruleset_rules(const struct vd_ruleset *set);
VD_API size_t vd_ruleset_single_rules(const struct vd_ruleset *set);
VD_API struct vd_rule_view vd_ruleset_rule(const struct vd_ruleset *set, size_t rule);
/* Names of the event fields a single rule reads, each once, after pipelines; borrowed while set lives. */
VD_API const struct vd_str *vd_ruleset_rule_fields(const struct vd_ruleset *set, size_t rule, size_t *ret_n);

/*
 * Does a single rule match only events that have one of these fields?  False: it also holds without, by null, by
 * exists: false, under a not, or by a keyword.
 */
VD_API bool vd_ruleset_rule_needs_field(const struct vd_ruleset *set, size_t rule);

/* Numbers of the rules a correlation refers to, also of other correlations; borrowed while set lives. */
VD_API const size_t *vd_ruleset_rule_refers(const struct vd_ruleset *set, size_t rule, size_t *ret_n);

/* ---- matching ---- */

struct vd_matcher;

VD_API enum vd_status vd_matcher_new(struct vd_ruleset *set, struct vd_matcher **ret, struct vd_err *err);
VD_API void vd_matcher_free(struct vd_matcher *matcher);

#define VD_INPUT_PADDING 64u /* readable bytes an event's text must have behind it */

#define VD_MATCH_REPAIRED_UTF8 1u
#define VD_MATCH_REPAIRED_DUPLICATE 2u
#define VD_MATCH_REPAIRED_NUL 4u
#define VD_MATCH_REPAIRED_DEPTH 8u
#define VD_MATCH_REPAIRED_CONTROL 16u
#define VD_MATCH_REPAIRED_SYNTAX 32u

struct vd_match_result {
	size_t n;              /* rules that match, ascending */
	const uint32_t *rules; /* single rules only, also those that do not report alone */
	uint32_t repaired;     /* VD_MATCH_REPAIRED_* */
};

/*
 * Runs one event (a JSON object) through every rule its log source allows.  VD_EINPUT: not an event even
 * after repair.  text must have VD_INPUT_PADDING readable bytes behind it and stay until the next call.
 */
VD_API enum vd_status vd_matcher_event(
	struct vd_matcher *matcher, struct vd_str text, struct vd_match_result *ret, struct vd_err *err);

/* Of the last event: its time (Unix ms; false: none found) and host (empty: none). */
VD_API bool vd_matcher_time(struct vd_matcher *matcher, int64_t *ret_ms);
/*
 * A time without a year (RFC 3164, "Jan  5 03:59:00") is that of the latest year that makes it at most one day later
 * than the reference (Unix ms): the time of day where events are live, the end of the log where they are old.  Before
 * a reference is given such times are not found.
 */
VD_API void vd_matcher_set_reference(struct vd_matcher *matcher, int64_t reference_ms);
VD_API struct vd_str vd_matcher_host(struct vd_matcher *matcher);
/* First value of a field of the last event, decoded; false: absent. */
VD_API bool vd_matcher_field(struct vd_matcher *matcher, struct vd_str name, struct vd_str *ret);

/* Does the last event's log source let it reach this single rule? */
VD_API bool vd_matcher_routed(struct vd_matcher *matcher, uint32_t rule);

/* The last event's log source as routing sees it; words are static.  No words: it is not told. */
#define VD_LOG_SOURCE_MAX_WORDS 8u
struct vd_log_source {
	bool known;            /* false: nothing was recognised, and no rule is kept away */
	struct vd_str product; /* empty: not told */
	size_t n_categories, n_services;
	struct vd_str categories[VD_LOG_SOURCE_MAX_WORDS], services[VD_LOG_SOURCE_MAX_WORDS];
};
VD_API struct vd_log_source vd_matcher_log_source(struct vd_matcher *matcher);

/* Why a rule matched the last event. */
struct vd_evidence {
	struct vd_str field;     /* empty: keyword */
	struct vd_str value;     /* decoded text, whole; at == NULL: no such field */
	struct vd_str predicate; /* "Image|endswith: '\cmd.exe'" */
	bool holds;              /* for explain: false = this predicate does not hold */
	bool negated;            /* stands under a not */
	struct vd_str selection; /* identifier in the rule */
};
VD_API enum vd_status vd_matcher_evidence(struct vd_matcher *matcher, uint32_t rule, size_t *ret_n,
	const struct vd_evidence **ret, struct vd_err *err);
/* Every predicate of a rule against the last event, holding or not, also where routing kept the rule away. */
VD_API enum vd_status vd_matcher_explain(struct vd_matcher *matcher, uint32_t rule, size_t *ret_n,
	const struct vd_evidence **ret, bool *ret_matches, bool *ret_routed, struct vd_err *err);

/*
 * How often a matcher stopped at a bound since it was made, and took what it looked for as not there.  Events and
 * explanations count; evidence repeats the work of its event and does not.  A value that comes again may be answered
 * from memory, uncounted.
 */
struct vd_matcher_limits {
	uint64_t searches; /* of regular expressions: 200,000 steps */
	uint64_t
		comparisons; /* of two fields for a part (fieldref|contains …): a million pairs, fewer of long values */
};
VD_API struct vd_matcher_limits vd_matcher_limits(const struct vd_matcher *matcher);

/* ---- correlation ---- */

struct vd_correlator;

/*
 * A store for matches that wait for their turn and are more than memory should hold; the engine does no I/O, so the
 * caller brings it.  write appends; read gives exactly n of the bytes written, from offset at.  Their failures and
 * words are those of feed, advance or finish.
 */
struct vd_spill {
	enum vd_status (*write)(void *owner, struct vd_str bytes, struct vd_err *err);
	enum vd_status (*read)(void *owner, uint64_t at, char *to, size_t n, struct vd_err *err);
	void *owner;
};

struct vd_correlator_options {
	int64_t lateness_ms; /* < 0: without limit (finite input) */
	size_t max_groups;   /* per rule; 0: 100,000 */
	size_t max_events;   /* remembered per group; 0: 100,000 */
	size_t max_bytes;    /* state in all; 0: 256 MiB */
	size_t max_held;     /* bytes of waiting matches in memory; 0: half of max_bytes */
	struct vd_str tenant;
	const struct vd_spill *spill; /* copied; NULL: matches beyond max_held are dropped and counted */
};

struct vd_event_ref {
	struct vd_str source; /* file as given */
	uint64_t line;
};

struct vd_group_value {
	struct vd_str name, value;
};

struct vd_finding {
	size_t rule; /* number in the rule set */
	int64_t time_ms;
	uint8_t id[16]; /* SHA-256(rule id, rule version, tenant, group values, time), first half */
	size_t n_group;
	const struct vd_group_value *group;
	uint64_t count;  /* contributing events in the window */
	size_t n_events; /* named ones, at most 1,000, ascending by time and id */
	const struct vd_event_ref *events;
	bool has_fired; /* false: a window closed */
	struct vd_event_ref fired;
	bool alone; /* to be reported */
};

typedef enum vd_status (*vd_finding_fn)(void *owner, const struct vd_finding *finding);

VD_API enum vd_status vd_correlator_new(struct vd_ruleset *set, const struct vd_correlator_options *options,
	struct vd_correlator **ret, struct vd_err *err);
VD_API void vd_correlator_free(struct vd_correlator *correlator);
/*
 * Takes what the last event of matcher means for correlations.  time_ms is the event's time; ref names it.
 * An event later than the lateness allows is counted, not correlated (vd_correlator_counts).
 */
VD_API enum vd_status vd_correlator_feed(struct vd_correlator *correlator, struct vd_matcher *matcher,
	int64_t time_ms, struct vd_event_ref ref, struct vd_err *err);
/*
 * The same in two steps, for matchers and a correlator with different owners: capture takes from the last event
 * everything that the correlations of this correlator's rule set need (empty: no rule they refer to matched);
 * the bytes are borrowed until the next capture of this matcher and may be copied to another thread, whose
 * correlator takes them with feed_captured.  capture only reads what is fixed at the correlator's birth.
 */
VD_API enum vd_status vd_matcher_capture(struct vd_matcher *matcher, const struct vd_correlator *correlator,
	struct vd_str *ret, struct vd_err *err);
VD_API enum vd_status vd_correlator_feed_captured(struct vd_correlator *correlator, struct vd_str captured,
	bool has_time, int64_t time_ms, struct vd_event_ref ref, struct vd_err *err);
/* Moves the watermark on and reports what fires; nothing at or after the watermark is judged yet. */
VD_API enum vd_status vd_correlator_advance(struct vd_correlator *correlator, int64_t watermark_ms,
	vd_finding_fn fn, void *owner, struct vd_err *err);
/* End of input: judges everything left. */
VD_API enum vd_status vd_correlator_finish(
	struct vd_correlator *correlator, vd_finding_fn fn, void *owner, struct vd_err *err);

/* The whole state as bytes (magic, version); a correlator of the same rule set takes them up again. */
VD_API enum vd_status vd_correlator_save(
	struct vd_correlator *correlator, struct vd_str *ret, struct vd_err *err);
VD_API enum vd_status vd_correlator_restore(
	struct vd_correlator *correlator, struct vd_str bytes, struct vd_err *err);

struct vd_correlator_counts {
	uint64_t fed, late, untimed, ungrouped;  /* events not correlated, and why */
	uint64_t groups_dropped, events_dropped; /* state limits reached */
};
VD_API struct vd_correlator_counts vd_correlator_counts(const struct vd_correlator *correlator);
/* The same of one correlation rule. */
VD_API struct vd_correlator_counts vd_correlator_rule_counts(
	const struct vd_correlator *correlator, size_t rule);

/*
 * Which limits made a correlation rule drop something, and how often, since the correlator was made or restored:
 * the first two are its groups_dropped, the others its events_dropped.  Where one is not 0, findings may be missing.
 */
struct vd_correlator_limits {
	uint64_t groups;       /* groups beyond max_groups */
	uint64_t group_bytes;  /* groups, for groups beyond half of max_bytes */
	uint64_t group_events; /* events of a group beyond max_events */
	uint64_t held_bytes;   /* matches that wait beyond max_held, without a spill */
	uint64_t time_bytes;   /* matches of one millisecond beyond half of max_bytes */
	uint64_t fixed;        /* events that lost groups beyond 256, or values of a field beyond 1,000 */
};
VD_API struct vd_correlator_limits vd_correlator_rule_limits(
	const struct vd_correlator *correlator, size_t rule);

#ifdef __cplusplus
}
#endif

#endif
