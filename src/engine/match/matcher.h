/*
 * Inside of a matcher: one event at a time through its route.  match.c runs it, evidence.c says why.
 */
#ifndef VD_ENGINE_MATCH_MATCHER_H
#define VD_ENGINE_MATCH_MATCHER_H

#include "engine/match/cache.h"
#include "engine/match/fieldref.h"
#include "engine/match/learn.h"
#include "engine/match/scan.h"

struct vd_route_memo { /* raw channel and event id → route, so that most events fold nothing */
	uint32_t route;
	uint8_t channel_len, event_id_len; /* channel_len 0: free */
	char channel[70];
	char event_id[20];
};

#define VD_ROUTE_MEMOS 256u

struct vd_later { /* what is known of an item that is judged later */
	uint32_t round;
	bool holds;
};

struct vd_noted { /* is a field's text plain? */
	const struct vd_field *field;
	bool plain;
};

#define VD_NOTED 4u

struct vd_matcher {
	uint32_t magic;
#define VD_MATCHER_MAGIC 0x6d617463u
	struct vd_ruleset *set;
	struct vd_event_parser *parser;
	struct vd_cache *cache;
	struct vd_scan *scan;
	struct vd_event event; /* the last one */
	bool has_event;
	const struct vd_route *route;
	struct vd_learned *learned;     /* of the route */
	struct vd_learned *all_learned; /* per route */
	struct vd_source source;        /* of a filtered route's event */
	uint32_t round;
	uint64_t *bits; /* of the route; only those in held are set */
	uint32_t *held;
	uint32_t n_held;
	uint32_t *present, *null; /* per key: round in which it was there, was null */
	uint32_t *place;   /* per key that was there, once its place is asked for: index of its last field */
	uint32_t *grouped; /* per key: round in which its values were taken together */
	uint32_t *valued;  /* per key: round in which it had a value */
	uint32_t *tried;   /* per rule of a route: round */
	struct vd_later *later;          /* per item */
	const struct vd_field *formed;   /* the scan's field, during judgement */
	struct vd_noted noted[VD_NOTED]; /* by key */
	uint32_t *candidates;
	uint32_t n_candidates;
	uint32_t *matches; /* numbers in the rule set */
	uint32_t n_matches;
	struct vd_route_memo *memos;
	struct vd_fieldrefs *fieldrefs;
	int64_t reference_ms;           /* for times without a year; VD_TIME_UNKNOWN: none */
	bool failed;                    /* memory: a condition could not be judged */
	struct vd_buf channel, decoded; /* scratch of routing, accessors */
	/* evidence and capture of the last event */
	struct vd_arena *arena;
	struct vd_evidence *evidence;
	size_t n_evidence, evidence_cap;
	struct vd_buf captured;
	struct vd_matcher_limits limits; /* but for the searches of events, which the scan counts */
	bool has_asked;
	struct vd_source asked; /* of the last event, where has_asked: found once, however many rules ask */
};

/* Runs the parsed event; fills matches. */
enum vd_status vd_matcher_run(struct vd_matcher *matcher, struct vd_err *err) VD_MUST_USE;
/* The source of the last event as routing sees it. */
void vd_matcher_source(struct vd_matcher *matcher, struct vd_source *ret);
/* The key's field where it is the only one that can have a value; NULL: that is not known. */
const struct vd_field *vd_matcher_only_field(const struct vd_matcher *matcher, uint32_t key);
/* One item that is judged later, on the last event, remembered for its other rules. */
bool vd_later_holds(struct vd_matcher *matcher, uint32_t item);
/* One FIELDREF on the last event; sets failed when out of memory. */
bool vd_matcher_fieldref(struct vd_matcher *matcher, const struct vd_fieldref *ref);

VD_AUTO_DEFINE(vd_matcher, vd_matcher_free)

#endif
