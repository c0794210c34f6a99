#include "engine/correlate/groups.h"

#include "base/mem.h"

#define FIRST_BUCKETS 16u

static size_t
charge(const struct vd_corr_group *group)
{
	return sizeof *group + group->key_len + 2 * sizeof(void *); /* with its share of the buckets */
}

static void
release(struct vd_corr_group *group, const struct vd_corr_rule *rule, struct vd_corr_shared *shared)
{
	vd_corr_window_fini(&group->window, rule, shared);
	shared->bytes -= charge(group);
	vd_mem_free(group);
}

void
vd_corr_groups_fini(
	struct vd_corr_groups *groups, const struct vd_corr_rule *rule, struct vd_corr_shared *shared)
{
	struct vd_corr_group *group = groups->oldest, *newer;
	for (; group != NULL; group = newer) {
		newer = group->newer;
		release(group, rule, shared);
	}
	vd_mem_free(groups->buckets);
	*groups = (struct vd_corr_groups){0};
}

static struct vd_corr_group **
find(const struct vd_corr_groups *groups, uint64_t hash, struct vd_str key)
{
	struct vd_corr_group **link = &groups->buckets[hash & (groups->n_buckets - 1)];
	while (*link != NULL && ((*link)->hash != hash || !vd_str_eq(vd_corr_group_key(*link), key)))
		link = &(*link)->next;
	return link;
}

struct vd_corr_group *
vd_corr_groups_find(
	const struct vd_corr_groups *groups, const struct vd_corr_shared *shared, struct vd_str key)
{
	return groups->n_buckets == 0 ? NULL : *find(groups, vd_corr_hash(shared->seed, key), key);
}

static bool
grow(struct vd_corr_groups *groups)
{
	if (groups->n < groups->n_buckets)
		return true;
	size_t n = groups->n_buckets == 0 ? FIRST_BUCKETS : groups->n_buckets * 2;
	struct vd_corr_group **buckets = vd_mem_zalloc(n, sizeof *buckets);
	if (buckets == NULL)
		return false;
	for (struct vd_corr_group *group = groups->oldest; group != NULL; group = group->newer) {
		group->next = buckets[group->hash & (n - 1)];
		buckets[group->hash & (n - 1)] = group;
	}
	vd_mem_free(groups->buckets);
	groups->buckets = buckets;
	groups->n_buckets = n;
	return true;
}

static void
append_newest(struct vd_corr_groups *groups, struct vd_corr_group *group)
{
	group->older = groups->newest;
	group->newer = NULL;
	if (groups->newest == NULL)
		groups->oldest = group;
	else
		groups->newest->newer = group;
	groups->newest = group;
}

static void
unlink_use(struct vd_corr_groups *groups, struct vd_corr_group *group)
{
	if (group->older == NULL)
		groups->oldest = group->newer;
	else
		group->older->newer = group->newer;
	if (group->newer == NULL)
		groups->newest = group->older;
	else
		group->newer->older = group->older;
}

struct vd_corr_group *
vd_corr_groups_add(struct vd_corr_groups *groups, const struct vd_corr_rule *rule,
	struct vd_corr_shared *shared, struct vd_str key)
{
	if (!grow(groups))
		return NULL;
	struct vd_corr_group *group = vd_mem_alloc(sizeof *group + key.len);
	if (group == NULL)
		return NULL;
	*group = (struct vd_corr_group){.hash = vd_corr_hash(shared->seed, key),
		.last = VD_CORR_NEVER,
		.silent_until = VD_CORR_NEVER,
		.key_len = key.len};
	if (key.len != 0)
		memcpy(group->key, key.at, key.len);
	if (!vd_corr_window_init(&group->window, rule, shared)) {
		vd_mem_free(group);
		return NULL;
	}
	*find(groups, group->hash, key) = group;
	append_newest(groups, group);
	groups->n++;
	shared->bytes += charge(group);
	return group;
}

void
vd_corr_groups_use(struct vd_corr_groups *groups, struct vd_corr_group *group)
{
	if (group == groups->newest)
		return;
	unlink_use(groups, group);
	append_newest(groups, group);
}

void
vd_corr_groups_open(struct vd_corr_groups *groups, struct vd_corr_group *group, int64_t t)
{
	group->opened = t;
	group->before = groups->last;
	group->after = NULL;
	if (groups->last == NULL)
		groups->first = group;
	else
		groups->last->after = group;
	groups->last = group;
}

static void
unlink_open(struct vd_corr_groups *groups, struct vd_corr_group *group)
{
	if (group->before != NULL)
		group->before->after = group->after;
	else if (groups->first == group)
		groups->first = group->after;
	if (group->after != NULL)
		group->after->before = group->before;
	else if (groups->last == group)
		groups->last = group->before;
}

void
vd_corr_groups_drop(struct vd_corr_groups *groups, const struct vd_corr_rule *rule,
	struct vd_corr_shared *shared, struct vd_corr_group *group)
{
	struct vd_corr_group **link = find(groups, group->hash, vd_corr_group_key(group));
	*link = group->next;
	unlink_use(groups, group);
	unlink_open(groups, group);
	groups->n--;
	release(group, rule, shared);
}
