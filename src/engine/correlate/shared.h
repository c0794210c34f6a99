/*
 * What all windows of one core share: the bytes charged for state, a scratch buffer, the seed of its hash
 * tables.  Charges follow what is stored, not how much a table happens to have allocated, so that a restored
 * core reaches its limits at the same input as the one that was saved.
 */
#ifndef VD_ENGINE_CORRELATE_SHARED_H
#define VD_ENGINE_CORRELATE_SHARED_H

#include "base/str.h"

struct vd_corr_shared {
	size_t bytes;        /* charged: records, groups, entries, values */
	struct vd_buf tuple; /* scratch for the key of a value */
	uint64_t seed;       /* of this process: results never depend on it */
};

/* Seeded, for tables that are filled with what events contain; equal hashes are always compared. */
VD_INLINE uint64_t
vd_corr_hash(uint64_t seed, struct vd_str s)
{
	const uint64_t k = 0x9e3779b97f4a7c15u;
	uint64_t h = seed ^ (s.len * k);
	size_t i = 0;
	for (; i + 8 <= s.len; i += 8) {
		uint64_t word;
		memcpy(&word, s.at + i, 8);
		h = (h ^ word) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	uint64_t word = 0;
	if (i < s.len)
		memcpy(&word, s.at + i, s.len - i);
	h = (h ^ word) * 0xc4ceb9fe1a85ec53u;
	h ^= h >> 29;
	h *= k;
	return h ^ (h >> 32);
}

#endif
