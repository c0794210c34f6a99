/*
 * Correlation rules made ready to run: documents numbered densely, references resolved to them, field names
 * to slots of records, conditions classified by how and when they are judged.
 *
 * A document is a base rule that some correlation refers to, or a correlation; base rules first, both in the
 * order of the load, so children come before parents.  Each document's records carry the values of the fields
 * that anything above it reads.
 *
 * Memory: a plan owns its tables and borrows rules and their text from the load.  Immutable, may be shared.
 */
#ifndef VD_ENGINE_CORRELATE_PLAN_H
#define VD_ENGINE_CORRELATE_PLAN_H

#include "engine/correlate/correlate.h"
#include "engine/sigma/corr_terms.h"

#define VD_CORR_NONE UINT32_MAX
#define VD_CORR_MAX_TUPLE 16u               /* fields of one condition */
#define VD_CORR_MAX_SPAN ((int64_t)1 << 50) /* ms, 35,000 years: longer timespans are this */
#define VD_CORR_MAX_TIME ((int64_t)1 << 60) /* ms to either side of 1970: no event is beyond */
#define VD_CORR_MAX_DUE (INT64_MAX / 2)     /* no window closes later */

/* What a window measures; the type of the rule, with the two meanings of value_percentile told apart. */
enum vd_corr_measure {
	VD_CORR_BY_EVENTS, /* how many events */
	VD_CORR_BY_VALUES, /* how many different values */
	VD_CORR_BY_SHARE,  /* percent of the values that are this event's */
	VD_CORR_BY_SUM,
	VD_CORR_BY_AVERAGE,
	VD_CORR_BY_PERCENTILE, /* median: the 50th */
	VD_CORR_BY_RULES,      /* how many different rules */
	VD_CORR_BY_ORDER,      /* the longest chain of different rules, in the order listed */
};

/* One reference of a correlation: how it reads the records of the document it refers to (slots in them). */
struct vd_corr_link {
	uint32_t doc;
	uint32_t *group;   /* per group-by name */
	uint32_t *value;   /* per field of the condition */
	uint32_t *carried; /* per field the correlation's own findings carry */
};

struct vd_corr_rule {
	const struct vd_corr *corr;
	enum vd_corr_measure measure;
	bool at_close; /* judged when the window closes, else at each event */
	int64_t span;  /* ms */
	double percentile;
	struct vd_corr_link *links; /* corr->n_rules */
	struct vd_corr_terms terms; /* BY_ORDER without criteria: what must come in order; else at is NULL */
	uint32_t *own;              /* per carried field: the group-by name it is, or VD_CORR_NONE */
};

struct vd_corr_parent {
	uint32_t corr; /* index in the plan's rules */
	uint32_t ref;  /* which of its references */
};

struct vd_corr_doc {
	const struct vd_rule *rule;
	size_t number; /* in the rule set */
	bool alone;
	size_t n_fields, cap_fields;
	struct vd_str *fields;
	bool *numeric; /* per field: read as a number by some condition */
	size_t n_parents, cap_parents;
	struct vd_corr_parent *parents;
};

struct vd_corr_plan {
	uint32_t magic;
#define VD_CORR_PLAN_MAGIC 0x5e1a9c41u
	struct vd_arena *arena;
	size_t n_load_rules;
	uint32_t *doc_of_rule; /* per base rule of the load, or VD_CORR_NONE */
	size_t n_docs, n_base;
	struct vd_corr_doc *docs; /* n_base base rules, then n_rules correlations */
	size_t n_rules;
	struct vd_corr_rule *rules;
	uint8_t identity[32]; /* SHA-256 over all that a saved state depends on */
};

VD_INLINE struct vd_corr_doc *
vd_corr_plan_doc(const struct vd_corr_plan *plan, size_t corr)
{
	return &plan->docs[plan->n_base + corr];
}

#endif
