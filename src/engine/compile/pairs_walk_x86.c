/*
 * The walk by table look-ups on nibbles (Muła and Lemire, "Faster Base64…", use the same step; Hyperscan's Teddy
 * is the model for the whole: Wang et al., NSDI 2019, section 5.2), 32 bytes at a time with AVX2, 16 with SSSE3.
 */
#include "engine/compile/pairs.h"

#include <immintrin.h>

struct tables128 {
	__m128i first_low, first_high, second_low, second_high;
};

static __m128i
load16(const void *at)
{
	return _mm_loadu_si128(at);
}

VD_TARGET("ssse3")
static inline uint32_t
look16(const struct tables128 *t, const char *at, uint32_t *wide, uint32_t *escapes)
{
	__m128i low = _mm_set1_epi8(15), here = load16(at), next = load16(at + 1);
	__m128i a = _mm_and_si128(_mm_shuffle_epi8(t->first_low, _mm_and_si128(here, low)),
		_mm_shuffle_epi8(t->first_high, _mm_and_si128(_mm_srli_epi16(here, 4), low)));
	__m128i b = _mm_and_si128(_mm_shuffle_epi8(t->second_low, _mm_and_si128(next, low)),
		_mm_shuffle_epi8(t->second_high, _mm_and_si128(_mm_srli_epi16(next, 4), low)));
	__m128i none = _mm_cmpeq_epi8(_mm_and_si128(a, b), _mm_setzero_si128());
	__m128i escape = _mm_and_si128(
		_mm_cmpeq_epi8(here, _mm_set1_epi8('\\')), _mm_cmpeq_epi8(next, _mm_set1_epi8('u')));
	*wide = (uint32_t)_mm_movemask_epi8(here);
	*escapes = (uint32_t)_mm_movemask_epi8(escape);
	return ~(uint32_t)_mm_movemask_epi8(none) & 0xffffu;
}

VD_TARGET("ssse3")
static const char *
walk_ssse3(const struct vd_pairs *pairs, const char *at, const char *end, struct vd_pairs_block *ret)
{
	struct tables128 t = {load16(pairs->first_low), load16(pairs->first_high), load16(pairs->second_low),
		load16(pairs->second_high)};
	for (; at < end; at += VD_PAIRS_BLOCK) {
		uint32_t wide[2], escapes[2];
		ret->hits = look16(&t, at, &wide[0], &escapes[0]);
		ret->hits |= look16(&t, at + 16, &wide[1], &escapes[1]) << 16;
		ret->wide = wide[0] | wide[1] << 16;
		ret->escapes = escapes[0] | escapes[1] << 16;
		if ((ret->hits | ret->wide | ret->escapes) != 0)
			break;
	}
	return at;
}

VD_TARGET("avx2")
static const char *
walk_avx2(const struct vd_pairs *pairs, const char *at, const char *end, struct vd_pairs_block *ret)
{
	__m256i first_low = _mm256_broadcastsi128_si256(load16(pairs->first_low));
	__m256i first_high = _mm256_broadcastsi128_si256(load16(pairs->first_high));
	__m256i second_low = _mm256_broadcastsi128_si256(load16(pairs->second_low));
	__m256i second_high = _mm256_broadcastsi128_si256(load16(pairs->second_high));
	__m256i low = _mm256_set1_epi8(15), slash = _mm256_set1_epi8('\\'), u = _mm256_set1_epi8('u');
	for (; at < end; at += VD_PAIRS_BLOCK) {
		__m256i here = _mm256_loadu_si256((const __m256i *)(const void *)at);
		__m256i next = _mm256_loadu_si256((const __m256i *)(const void *)(at + 1));
		__m256i a = _mm256_and_si256(_mm256_shuffle_epi8(first_low, _mm256_and_si256(here, low)),
			_mm256_shuffle_epi8(first_high, _mm256_and_si256(_mm256_srli_epi16(here, 4), low)));
		__m256i b = _mm256_and_si256(_mm256_shuffle_epi8(second_low, _mm256_and_si256(next, low)),
			_mm256_shuffle_epi8(second_high, _mm256_and_si256(_mm256_srli_epi16(next, 4), low)));
		__m256i escape = _mm256_and_si256(_mm256_cmpeq_epi8(here, slash), _mm256_cmpeq_epi8(next, u));
		__m256i none = _mm256_cmpeq_epi8(_mm256_and_si256(a, b), _mm256_setzero_si256());
		ret->hits = ~(uint32_t)_mm256_movemask_epi8(none);
		ret->wide = (uint32_t)_mm256_movemask_epi8(here);
		ret->escapes = (uint32_t)_mm256_movemask_epi8(escape);
		if ((ret->hits | ret->wide | ret->escapes) != 0)
			break;
	}
	return at;
}

const char *
vd_pairs_walk(const struct vd_pairs *pairs, const char *at, const char *end, struct vd_pairs_block *ret)
{
	/* Vectorscan runs from SSE4.2 on: SSSE3 is always there */
	return __builtin_cpu_supports("avx2") ? walk_avx2(pairs, at, end, ret)
					      : walk_ssse3(pairs, at, end, ret);
}
