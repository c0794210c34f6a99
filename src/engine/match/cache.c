#include "engine/match/cache.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"

#define WAYS 8u
#define UNIT 16u /* entries start at multiples; positions count units */

struct bucket {
	uint16_t tags[WAYS]; /* 0: free */
	uint32_t at[WAYS];   /* position, counted on over the whole life of the ring */
	uint32_t victim;
	uint32_t unused[3];
} VD_ALIGNED(64);

struct entry {
	uint32_t kind;
	uint32_t len;
	uint32_t n;
	uint32_t hash;
	/* n items, then len bytes */
};

struct vd_cache {
	uint32_t magic;
#define VD_CACHE_MAGIC 0x63616368u
	uint32_t head;  /* position of the next entry, in units, counted on */
	uint32_t units; /* ring size in units */
	uint64_t seed;
	size_t mask; /* buckets - 1 */
	struct bucket *buckets;
	unsigned char *ring;
};

struct vd_cache *
vd_cache_new(size_t ring_bytes, size_t slots)
{
	VD_AUTO(vd_cache) cache = vd_obj_new(struct vd_cache, VD_CACHE_MAGIC);
	if (cache == NULL)
		return NULL;
	size_t buckets = slots / WAYS;
	cache->units = (uint32_t)(ring_bytes / UNIT);
	cache->mask = buckets - 1;
	cache->seed =
		(uint64_t)(uintptr_t)cache * 0x9e3779b97f4a7c15u; /* crafted values must not share buckets */
	cache->ring = vd_mem_aligned(64, ring_bytes);
	cache->buckets = vd_mem_aligned(64, buckets * sizeof *cache->buckets);
	if (cache->ring == NULL || cache->buckets == NULL)
		return NULL;
	memset(cache->buckets, 0, buckets * sizeof *cache->buckets);
	memset(cache->ring, 0, ring_bytes); /* pages are there before the first event */
	return vd_cache_take(&cache);
}

void
vd_cache_free(struct vd_cache *cache)
{
	if (cache == NULL)
		return;
	vd_obj_check(cache, VD_CACHE_MAGIC);
	vd_mem_free(cache->ring);
	vd_mem_free(cache->buckets);
	vd_obj_free(cache);
}

uint64_t
vd_cache_hash(const struct vd_cache *cache, uint32_t kind, struct vd_str raw)
{
	return XXH3_64bits_withSeed(raw.at, raw.len, cache->seed + kind);
}

static uint16_t
tag_of(uint64_t hash)
{
	return (uint16_t)((hash >> 48) | 1u);
}

static struct entry *
entry_at(const struct vd_cache *cache, uint32_t at)
{
	return (struct entry *)(void *)(cache->ring + (size_t)(at & (cache->units - 1)) * UNIT);
}

/* Copies an entry to the head.  Entries never wrap: the rest of the ring is left out. */
static uint32_t
write_entry(struct vd_cache *cache, const struct entry *head, const uint32_t *items, const char *bytes)
{
	size_t items_len = head->n * sizeof *items, size = sizeof *head + items_len + head->len;
	uint32_t units = (uint32_t)((size + UNIT - 1) / UNIT);
	uint32_t left = cache->units - (cache->head & (cache->units - 1));
	uint32_t need = units > left ? left + units : units;
	if (cache->head > UINT32_MAX - need) { /* positions would start over: so does the cache */
		memset(cache->buckets, 0, (cache->mask + 1) * sizeof *cache->buckets);
		cache->head = 0;
		left = cache->units;
	}
	if (units > left)
		cache->head += left;
	uint32_t at = cache->head;
	cache->head += units;
	struct entry *to = entry_at(cache, at);
	memmove((char *)(to + 1), items, items_len);
	memmove((char *)(to + 1) + items_len, bytes, head->len);
	*to = *head;
	return at;
}

bool
vd_cache_get(struct vd_cache *cache, uint64_t hash, uint32_t kind, struct vd_str raw, uint32_t *ret_n,
	const uint32_t **ret)
{
	struct bucket *bucket = &cache->buckets[hash & cache->mask];
	uint16_t tag = tag_of(hash);
	for (unsigned way = 0; way < WAYS; way++) {
		uint32_t age = cache->head - bucket->at[way];
		if (bucket->tags[way] != tag || age > cache->units)
			continue;
		const struct entry *entry = entry_at(cache, bucket->at[way]);
		const uint32_t *items = (const uint32_t *)(const void *)(entry + 1);
		if (entry->kind != kind || entry->len != raw.len || entry->hash != (uint32_t)(hash >> 16) ||
			memcmp(items + entry->n, raw.at, raw.len) != 0)
			continue;
		*ret_n = entry->n;
		*ret = items;
		if (age > cache->units / 4 * 3) { /* second chance */
			struct entry copy = *entry;
			uint32_t kept[VD_CACHE_ITEMS_MAX];
			memcpy(kept, items, entry->n * sizeof *items);
			bucket->at[way] = write_entry(cache, &copy, kept, raw.at);
			bucket->tags[way] = tag;
			*ret = (const uint32_t *)(const void *)(entry_at(cache, bucket->at[way]) + 1);
		}
		return true;
	}
	return false;
}

void
vd_cache_prefetch_bucket(const struct vd_cache *cache, uint64_t hash)
{
	VD_PREFETCH(&cache->buckets[hash & cache->mask]);
}

void
vd_cache_prefetch(const struct vd_cache *cache, uint64_t hash)
{
	const struct bucket *bucket = &cache->buckets[hash & cache->mask];
	uint16_t tag = tag_of(hash);
	for (unsigned way = 0; way < WAYS; way++)
		if (bucket->tags[way] == tag)
			VD_PREFETCH(entry_at(cache, bucket->at[way]));
}

void
vd_cache_put(struct vd_cache *cache, uint64_t hash, uint32_t kind, struct vd_str raw, uint32_t n,
	const uint32_t *items)
{
	if (raw.len > VD_CACHE_LINE_MAX || n > VD_CACHE_ITEMS_MAX)
		return;
	struct entry head = {kind, (uint32_t)raw.len, n, (uint32_t)(hash >> 16)};
	uint32_t at = write_entry(cache, &head, items, raw.at);
	struct bucket *bucket = &cache->buckets[hash & cache->mask];
	unsigned way = 0;
	while (way < WAYS && bucket->tags[way] != 0 && cache->head - bucket->at[way] <= cache->units)
		way++;
	if (way == WAYS)
		way = bucket->victim++ % WAYS;
	bucket->tags[way] = tag_of(hash);
	bucket->at[way] = at;
}
