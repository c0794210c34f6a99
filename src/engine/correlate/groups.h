/*
 * The groups of one correlation: found by key, ordered by last use (the idle longest is dropped first) and,
 * where windows are judged when they close, by the time they opened.
 *
 * Memory: a table owns its groups and their windows.  Bound: the caller keeps n below max_groups.
 */
#ifndef VD_ENGINE_CORRELATE_GROUPS_H
#define VD_ENGINE_CORRELATE_GROUPS_H

#include "engine/correlate/window.h"

struct vd_corr_group {
	struct vd_corr_group *next;           /* in its bucket */
	struct vd_corr_group *older, *newer;  /* by last use */
	struct vd_corr_group *before, *after; /* by the time the window opened */
	uint64_t hash;
	int64_t last;                 /* time of its last input */
	int64_t opened;               /* judged at close: the window is [opened, opened + span] */
	int64_t silent_until;         /* fired: does not fire again before */
	uint64_t step;                /* of the core's steps the last one that touched it… */
	size_t touched;               /* …and its place among those touched */
	struct vd_corr_record *fired; /* this step: the first input that made the condition true; borrowed */
	struct vd_corr_window window;
	size_t key_len;
	char key[];
};

struct vd_corr_groups {
	struct vd_corr_group **buckets;
	size_t n_buckets, n;
	struct vd_corr_group *oldest, *newest;
	struct vd_corr_group *first, *last; /* windows open, judged at close only */
};

VD_INLINE struct vd_str
vd_corr_group_key(const struct vd_corr_group *group)
{
	return (struct vd_str){group->key, group->key_len};
}

void vd_corr_groups_fini(
	struct vd_corr_groups *groups, const struct vd_corr_rule *rule, struct vd_corr_shared *shared);
struct vd_corr_group *vd_corr_groups_find(
	const struct vd_corr_groups *groups, const struct vd_corr_shared *shared, struct vd_str key);
/* Adds a group that is not there, as the newest; NULL: out of memory. */
struct vd_corr_group *vd_corr_groups_add(struct vd_corr_groups *groups, const struct vd_corr_rule *rule,
	struct vd_corr_shared *shared, struct vd_str key) VD_MUST_USE;
void vd_corr_groups_use(struct vd_corr_groups *groups, struct vd_corr_group *group); /* becomes the newest */
void vd_corr_groups_open(struct vd_corr_groups *groups, struct vd_corr_group *group, int64_t t);
void vd_corr_groups_drop(struct vd_corr_groups *groups, const struct vd_corr_rule *rule,
	struct vd_corr_shared *shared, struct vd_corr_group *group);

VD_INLINE int64_t
vd_corr_group_due(const struct vd_corr_group *group, const struct vd_corr_rule *rule)
{
	return VD_MIN(group->opened + rule->span, VD_CORR_MAX_DUE);
}

#endif
