/*
 * A condition of rules as a list of alternatives, each "these rules, and none of those": what temporal_ordered
 * keeps a chain for.  Bound: VD_CORR_MAX_TERMS alternatives; the loader rejects what has more.
 */
#ifndef VD_ENGINE_SIGMA_CORR_TERMS_H
#define VD_ENGINE_SIGMA_CORR_TERMS_H

#include "engine/sigma/rule.h"

#define VD_CORR_MAX_TERMS 256u

/* Bit j: the j-th reference of the correlation. */
struct vd_corr_term {
	uint64_t with;    /* came, in the order listed */
	uint64_t without; /* did not come at all */
};

struct vd_corr_terms {
	size_t n;
	struct vd_corr_term *at;
};

/* In the arena.  VD_ELIMIT: more alternatives than the bound; VD_ENOMEM. */
enum vd_status vd_corr_terms_of(
	struct vd_arena *arena, const struct vd_corr_expr *expr, struct vd_corr_terms *ret) VD_MUST_USE;
/* One alternative: the first n rules, all of them. */
enum vd_status vd_corr_terms_all(struct vd_arena *arena, size_t n, struct vd_corr_terms *ret) VD_MUST_USE;

#endif
