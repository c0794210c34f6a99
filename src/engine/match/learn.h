/*
 * Triggers that fit the stream.  At load a rule's triggers are chosen by what its values look like; a matcher
 * counts how often each item of a route is really true and, after 64 events of the route (more where its rules are
 * very many) and ever later some times again, chooses anew: the rarest items of which one must be true.  What matches
 * never depends on it, only how many rules are judged in vain.
 *
 * Memory: room for every route's counts and triggers is made at the start, none later.  Thread: one owner.
 */
#ifndef VD_ENGINE_MATCH_LEARN_H
#define VD_ENGINE_MATCH_LEARN_H

#include "engine/compile/compile.h"

struct vd_learned {
	const struct vd_route *route;
	uint32_t seen, every; /* events of the route; which part of them is counted: one in every so many */
	uint32_t events;      /* counted */
	uint32_t next;        /* choose when events reaches it; 0: never again */
	uint32_t *counts;     /* per bit */
	/* the triggers in force, as in vd_route */
	const uint32_t *trigger_from, *triggers;
	uint64_t *costs; /* per instruction, while choosing: the same room for every route */
	/* room for own ones: n_bits + 2, and one for each item in a condition */
	uint32_t *own_from, *own_triggers;
};

/* One for each route of the set, in one block; NULL: out of memory. */
struct vd_learned *vd_learned_new(const struct vd_ruleset *set) VD_MUST_USE;
void vd_learned_free(struct vd_learned *all);

void vd_learned_choose(struct vd_learned *learned);

/* Call for each event, with its true bits. */
VD_INLINE void
vd_learned_count(struct vd_learned *learned, const uint32_t *held, uint32_t n)
{
	if (VD_LIKELY(learned->next == 0) || (++learned->seen % learned->every) != 0)
		return;
	for (uint32_t i = 0; i < n; i++)
		learned->counts[held[i]]++;
	if (++learned->events == learned->next)
		vd_learned_choose(learned);
}

#endif
