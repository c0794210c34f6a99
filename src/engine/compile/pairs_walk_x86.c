/*
 * The walk by table look-ups on nibbles (Muła and Lemire, "Faster Base64…", use the same step; Hyperscan's Teddy
 * is the model for the whole: Wang et al., NSDI 2019, section 5.2), 64 bytes at a time with AVX-512, 32 with AVX2, 16
 * with SSSE3.
 */
#include "engine/compile/pairs.h"

#include <immintrin.h>

struct looked { /* bit i: of at[i] */
	uint64_t hits, wide, slash, u;
};

/* Backslashes before the block: of the byte before it, and of the one before that. */
struct before {
	uint64_t last, last_but_one;
};

/* Where the walk begins: two, so that no backslash in front of its first block excuses one in it. */
static const struct before unknown = {1, 1};

/* A backslash behind exactly one other is that one's escape: "C:\\users" has none for a character. */
static inline bool
is_worth(const struct looked *looked, struct before *before, struct vd_pairs_block *ret)
{
	uint64_t one = looked->slash << 1 | before->last;
	uint64_t two = looked->slash << 2 | before->last << 1 | before->last_but_one;
	ret->hits = looked->hits;
	ret->wide = looked->wide;
	ret->escapes = looked->slash & looked->u & ~(one & ~two);
	before->last = looked->slash >> 63;
	before->last_but_one = (looked->slash >> 62) & 1;
	return (ret->hits | ret->wide | ret->escapes) != 0;
}

struct tables128 {
	__m128i first_low, first_high, second_low, second_high;
};

static __m128i
load16(const void *at)
{
	return _mm_loadu_si128(at);
}

VD_TARGET("ssse3")
static inline void
look16(const struct tables128 *t, const char *at, unsigned shift, struct looked *ret)
{
	__m128i low = _mm_set1_epi8(15), here = load16(at), next = load16(at + 1);
	__m128i a = _mm_and_si128(_mm_shuffle_epi8(t->first_low, _mm_and_si128(here, low)),
		_mm_shuffle_epi8(t->first_high, _mm_and_si128(_mm_srli_epi16(here, 4), low)));
	__m128i b = _mm_and_si128(_mm_shuffle_epi8(t->second_low, _mm_and_si128(next, low)),
		_mm_shuffle_epi8(t->second_high, _mm_and_si128(_mm_srli_epi16(next, 4), low)));
	__m128i none = _mm_cmpeq_epi8(_mm_and_si128(a, b), _mm_setzero_si128());
	__m128i slash = _mm_cmpeq_epi8(here, _mm_set1_epi8('\\')),
		u = _mm_cmpeq_epi8(next, _mm_set1_epi8('u'));
	ret->hits |= (uint64_t)(~(unsigned)_mm_movemask_epi8(none) & 0xffffu) << shift;
	ret->wide |= (uint64_t)(unsigned)_mm_movemask_epi8(here) << shift;
	ret->slash |= (uint64_t)(unsigned)_mm_movemask_epi8(slash) << shift;
	ret->u |= (uint64_t)(unsigned)_mm_movemask_epi8(u) << shift;
}

VD_TARGET("ssse3")
static const char *
walk_ssse3(const struct vd_pair_masks *masks, const char *at, const char *end, struct vd_pairs_block *ret)
{
	struct tables128 t = {load16(masks->first_low), load16(masks->first_high), load16(masks->second_low),
		load16(masks->second_high)};
	struct before before = unknown;
	for (; at < end; at += VD_PAIRS_BLOCK) {
		struct looked looked = {0, 0, 0, 0};
		for (unsigned i = 0; i < VD_PAIRS_BLOCK; i += 16)
			look16(&t, at + i, i, &looked);
		if (is_worth(&looked, &before, ret))
			break;
	}
	return at;
}

struct tables256 {
	__m256i first_low, first_high, second_low, second_high;
};

VD_TARGET("avx2")
static inline void
look32(const struct tables256 *t, const char *at, unsigned shift, struct looked *ret)
{
	__m256i low = _mm256_set1_epi8(15), here = _mm256_loadu_si256((const __m256i *)(const void *)at),
		next = _mm256_loadu_si256((const __m256i *)(const void *)(at + 1));
	__m256i a = _mm256_and_si256(_mm256_shuffle_epi8(t->first_low, _mm256_and_si256(here, low)),
		_mm256_shuffle_epi8(t->first_high, _mm256_and_si256(_mm256_srli_epi16(here, 4), low)));
	__m256i b = _mm256_and_si256(_mm256_shuffle_epi8(t->second_low, _mm256_and_si256(next, low)),
		_mm256_shuffle_epi8(t->second_high, _mm256_and_si256(_mm256_srli_epi16(next, 4), low)));
	__m256i none = _mm256_cmpeq_epi8(_mm256_and_si256(a, b), _mm256_setzero_si256());
	__m256i slash = _mm256_cmpeq_epi8(here, _mm256_set1_epi8('\\')),
		u = _mm256_cmpeq_epi8(next, _mm256_set1_epi8('u'));
	ret->hits |= (uint64_t)(uint32_t)~_mm256_movemask_epi8(none) << shift;
	ret->wide |= (uint64_t)(uint32_t)_mm256_movemask_epi8(here) << shift;
	ret->slash |= (uint64_t)(uint32_t)_mm256_movemask_epi8(slash) << shift;
	ret->u |= (uint64_t)(uint32_t)_mm256_movemask_epi8(u) << shift;
}

VD_TARGET("avx2")
static const char *
walk_avx2(const struct vd_pair_masks *masks, const char *at, const char *end, struct vd_pairs_block *ret)
{
	struct tables256 t = {_mm256_broadcastsi128_si256(load16(masks->first_low)),
		_mm256_broadcastsi128_si256(load16(masks->first_high)),
		_mm256_broadcastsi128_si256(load16(masks->second_low)),
		_mm256_broadcastsi128_si256(load16(masks->second_high))};
	struct before before = unknown;
	for (; at < end; at += VD_PAIRS_BLOCK) {
		struct looked looked = {0, 0, 0, 0};
		look32(&t, at, 0, &looked);
		look32(&t, at + 32, 32, &looked);
		if (is_worth(&looked, &before, ret))
			break;
	}
	return at;
}

VD_TARGET("avx512f,avx512bw")
static const char *
walk_avx512(const struct vd_pair_masks *masks, const char *at, const char *end, struct vd_pairs_block *ret)
{
	__m512i first_low = _mm512_broadcast_i32x4(load16(masks->first_low)),
		first_high = _mm512_broadcast_i32x4(load16(masks->first_high)),
		second_low = _mm512_broadcast_i32x4(load16(masks->second_low)),
		second_high = _mm512_broadcast_i32x4(load16(masks->second_high)), low = _mm512_set1_epi8(15);
	struct before before = unknown;
	for (; at < end; at += VD_PAIRS_BLOCK) {
		__m512i here = _mm512_loadu_si512(at), next = _mm512_loadu_si512(at + 1);
		__m512i a = _mm512_and_si512(_mm512_shuffle_epi8(first_low, _mm512_and_si512(here, low)),
			_mm512_shuffle_epi8(first_high, _mm512_and_si512(_mm512_srli_epi16(here, 4), low)));
		__m512i b = _mm512_and_si512(_mm512_shuffle_epi8(second_low, _mm512_and_si512(next, low)),
			_mm512_shuffle_epi8(second_high, _mm512_and_si512(_mm512_srli_epi16(next, 4), low)));
		struct looked looked = {
			.hits = _mm512_test_epi8_mask(a, b),
			.wide = _mm512_movepi8_mask(here),
			.slash = _mm512_cmpeq_epi8_mask(here, _mm512_set1_epi8('\\')),
			.u = _mm512_cmpeq_epi8_mask(next, _mm512_set1_epi8('u')),
		};
		if (is_worth(&looked, &before, ret))
			break;
	}
	return at;
}

const char *
vd_pairs_walk(const struct vd_pair_masks *masks, const char *at, const char *end, struct vd_pairs_block *ret)
{
	return __builtin_cpu_supports("avx512bw") ? walk_avx512(masks, at, end, ret)
	       : __builtin_cpu_supports("avx2")   ? walk_avx2(masks, at, end, ret)
	       : __builtin_cpu_supports("ssse3")  ? walk_ssse3(masks, at, end, ret)
						  : vd_pairs_walk_plain(masks, at, end, ret);
}
