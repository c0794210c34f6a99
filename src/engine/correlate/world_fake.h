/*
 * For tests: correlations and events in a few words each, without the loader and the matcher.
 *
 *   correlation  "name type rule,rule by=U,D span=60 gte=3 lte=5 field=S percentile=75
 *                 alias=ip:ra=dst;rb=src expr=ra&(rb|!rc)"            (span in seconds; names not yet known
 *                                                                      as correlations are base rules)
 *   event        "5 fail U=a B:=12.5 S=x,y H=~"                       (second, rule+rule, =text :=number ~null)
 *
 * Memory: a world owns all it holds.  Asserts instead of returning failures, except where a torture test reads
 * the status.
 */
#ifndef VD_ENGINE_CORRELATE_WORLD_FAKE_H
#define VD_ENGINE_CORRELATE_WORLD_FAKE_H

#include "base/mem.h"
#include "engine/correlate/plan.h"

#define WORLD_MAX_RULES 32u
#define WORLD_MAX_VALUES 16u
#define WORLD_MAX_FIELDS 8u

struct world_field {
	struct vd_str name;
	size_t n;
	struct vd_corr_value values[WORLD_MAX_VALUES];
};

struct world_event {
	int64_t t; /* ms */
	uint64_t line;
	size_t n_rules;
	size_t rules[WORLD_MAX_RULES];
	size_t n_fields;
	struct world_field fields[WORLD_MAX_FIELDS];
};

struct world_finding {
	size_t corr;
	int64_t t;
	char group[160]; /* "a|b" */
	uint64_t count;
	uint8_t id[16];
	bool has_fired;
	uint64_t fired; /* line */
	size_t n_events;
	uint64_t first_event, last_event; /* lines */
	bool alone;
};

struct world_findings {
	struct world_finding *at;
	size_t n, cap;
};

struct world {
	struct vd_arena *arena;
	struct vd_load_result load;
	struct vd_rule *rules[WORLD_MAX_RULES], *corrs[WORLD_MAX_RULES];
	bool rule_alone[WORLD_MAX_RULES], corr_alone[WORLD_MAX_RULES];
	size_t *refs[WORLD_MAX_RULES];
};

void world_init(struct world *world, const char *const correlations[], size_t n);
void world_fini(struct world *world);
size_t world_corr(const struct world *world, const char *name);
struct world_event world_event(const struct world *world, const char *text, uint64_t line);

/* Feeds the event as a match of each of its rules. */
enum vd_status world_feed(const struct world *world, const struct vd_corr_plan *plan,
	struct vd_corr_core *core, const struct world_event *event, struct vd_err *err);
/* A vd_finding_fn whose owner is a struct world_sink. */
struct world_sink {
	const struct world *world;
	struct world_findings found;
};
enum vd_status world_take(void *owner, const struct vd_finding *finding);
void world_sink_fini(struct world_sink *sink);
/* By time, correlation, group. */
void world_sort(struct world_findings *findings);

#endif
