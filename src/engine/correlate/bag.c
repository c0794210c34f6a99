#include "engine/correlate/bag.h"

#include "base/mem.h"

#define FIRST_BUCKETS 4u

static size_t
charge(const struct vd_corr_bag_item *item)
{
	return sizeof *item + item->len + 2 * sizeof(void *); /* with its share of the buckets */
}

void
vd_corr_bag_fini(struct vd_corr_bag *bag, struct vd_corr_shared *shared)
{
	for (size_t i = 0; i < bag->n_buckets; i++) {
		struct vd_corr_bag_item *item = bag->buckets[i], *next;
		for (; item != NULL; item = next) {
			next = item->next;
			shared->bytes -= charge(item);
			vd_mem_free(item);
		}
	}
	vd_mem_free(bag->buckets);
	*bag = (struct vd_corr_bag){0};
}

/* The link that holds the item, or the empty one at the end of its bucket.  The bag has buckets. */
static struct vd_corr_bag_item **
find(const struct vd_corr_bag *bag, uint64_t hash, struct vd_str value)
{
	struct vd_corr_bag_item **link = &bag->buckets[hash & (bag->n_buckets - 1)];
	for (; *link != NULL; link = &(*link)->next) {
		struct vd_corr_bag_item *item = *link;
		if (item->hash == hash && vd_str_eq((struct vd_str){item->bytes, item->len}, value))
			break;
	}
	return link;
}

static bool
grow(struct vd_corr_bag *bag)
{
	if (bag->n < bag->n_buckets)
		return true;
	size_t n = bag->n_buckets == 0 ? FIRST_BUCKETS : bag->n_buckets * 2;
	struct vd_corr_bag_item **buckets = vd_mem_zalloc(n, sizeof *buckets);
	if (buckets == NULL)
		return false;
	for (size_t i = 0; i < bag->n_buckets; i++) {
		struct vd_corr_bag_item *item = bag->buckets[i], *next;
		for (; item != NULL; item = next) {
			next = item->next;
			item->next = buckets[item->hash & (n - 1)];
			buckets[item->hash & (n - 1)] = item;
		}
	}
	vd_mem_free(bag->buckets);
	bag->buckets = buckets;
	bag->n_buckets = n;
	return true;
}

bool
vd_corr_bag_add(struct vd_corr_bag *bag, struct vd_corr_shared *shared, struct vd_str value, bool *ret_new)
{
	if (!grow(bag))
		return false;
	uint64_t hash = vd_corr_hash(shared->seed, value);
	struct vd_corr_bag_item **link = find(bag, hash, value);
	bool is_new = *link == NULL;
	if (is_new) {
		struct vd_corr_bag_item *item = vd_mem_alloc(sizeof *item + value.len);
		if (item == NULL)
			return false;
		*item = (struct vd_corr_bag_item){.hash = hash, .len = value.len};
		if (value.len != 0)
			memcpy(item->bytes, value.at, value.len);
		*link = item;
		bag->n++;
		shared->bytes += charge(item);
	}
	(*link)->count++;
	bag->total++;
	if (ret_new != NULL)
		*ret_new = is_new;
	return true;
}

void
vd_corr_bag_remove(struct vd_corr_bag *bag, struct vd_corr_shared *shared, struct vd_str value)
{
	if (bag->n_buckets == 0)
		return;
	struct vd_corr_bag_item **link = find(bag, vd_corr_hash(shared->seed, value), value);
	struct vd_corr_bag_item *item = *link;
	if (item == NULL)
		return;
	bag->total--;
	if (--item->count > 0)
		return;
	*link = item->next;
	bag->n--;
	shared->bytes -= charge(item);
	vd_mem_free(item);
}

uint64_t
vd_corr_bag_count(const struct vd_corr_bag *bag, const struct vd_corr_shared *shared, struct vd_str value)
{
	if (bag->n_buckets == 0)
		return 0;
	const struct vd_corr_bag_item *item = *find(bag, vd_corr_hash(shared->seed, value), value);
	return item == NULL ? 0 : item->count;
}
