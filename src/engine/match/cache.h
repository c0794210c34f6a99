/*
 * What a set said about a value it has seen: (set, type, raw bytes) → the set's true items.  A ring of entries,
 * oldest overwritten first (an entry hit late in its life is written anew), found through buckets of one cache
 * line.  A hit compares the bytes: no two values are ever taken for one another.
 *
 * Memory: fixed at creation.  Thread: one owner.
 */
#ifndef VD_ENGINE_MATCH_CACHE_H
#define VD_ENGINE_MATCH_CACHE_H

#include "base/defs.h"
#include "base/str.h"

#define VD_CACHE_VALUE_MAX 2048u /* longer values repeat too rarely to be worth their room */
#define VD_CACHE_LINE_MAX 16384u /* lines repeat even when they are long: encoded commands */
#define VD_CACHE_ITEMS_MAX 512u

struct vd_cache;

/* ring_bytes: a power of two of at least 64 KiB; slots: a power of two of at least 64. */
struct vd_cache *vd_cache_new(size_t ring_bytes, size_t slots) VD_MUST_USE;
void vd_cache_free(struct vd_cache *cache);

uint64_t vd_cache_hash(const struct vd_cache *cache, uint32_t kind, struct vd_str raw);
/* kind: set and type.  True: found; *ret points into the ring until the next put. */
bool vd_cache_get(struct vd_cache *cache, uint64_t hash, uint32_t kind, struct vd_str raw, uint32_t *ret_n,
	const uint32_t **ret);
/* Two steps ahead of a get, and one: what it will read is on its way. */
void vd_cache_prefetch_bucket(const struct vd_cache *cache, uint64_t hash);
void vd_cache_prefetch(const struct vd_cache *cache, uint64_t hash);
void vd_cache_put(struct vd_cache *cache, uint64_t hash, uint32_t kind, struct vd_str raw, uint32_t n,
	const uint32_t *items);

VD_AUTO_DEFINE(vd_cache, vd_cache_free)

#endif
