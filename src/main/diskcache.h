/*
 * Compiled rules on disk, between runs: $VEDETTE_CACHE, else $XDG_CACHE_HOME/vedette, else ~/.cache/vedette.
 *
 * These bytes decide what rules find, so a folder or file that another user could have written is not used: owner must
 * be this user, group and others may not write, no symbolic link is followed.  Folder 0700, files 0600, written
 * beside and renamed, oldest (by last use) removed beyond VD_DISKCACHE_MAX_BYTES.  A cache that cannot be used costs
 * time, never a run: vd_diskcache_new succeeds and why says what is wrong.
 *
 * File: a header of 64 bytes ("VEDCACHE", format version and length of the rest as little-endian 64-bit numbers, the
 * first 40 digits of the key), then the engine's bytes (which carry a version of their own).
 *
 * Memory: the cache owns what it has mapped until vd_diskcache_free.  Thread: one owner.
 */
#ifndef VD_MAIN_DISKCACHE_H
#define VD_MAIN_DISKCACHE_H

#include "base/status.h"
#include "base/str.h"
#include "vedette/engine.h"

#define VD_DISKCACHE_MAX_BYTES (2ull << 30)
#define VD_DISKCACHE_FORMAT 1u

struct vd_diskcache;

/* folder NULL: found by the environment; max_bytes 0: VD_DISKCACHE_MAX_BYTES. */
enum vd_status vd_diskcache_new(
	const char *folder, uint64_t max_bytes, struct vd_diskcache **ret, struct vd_err *err) VD_MUST_USE;
void vd_diskcache_free(struct vd_diskcache *cache);
const struct vd_blob_cache *vd_diskcache_door(const struct vd_diskcache *cache);
const char *vd_diskcache_why(const struct vd_diskcache *cache); /* why it is not used; "" where it is */

VD_AUTO_DEFINE(vd_diskcache, vd_diskcache_free)

#endif
