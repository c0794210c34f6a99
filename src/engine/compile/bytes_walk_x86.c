/*
 * The walk by table look-ups on nibbles, as in pairs_walk_x86.c: 32 bytes at a time with AVX2, 16 with SSSE3.
 */
#include "engine/compile/bytes.h"

#include <immintrin.h>

static __m128i
load16(const void *at)
{
	return _mm_loadu_si128(at);
}

static uint32_t
fold(uint64_t a, uint64_t b)
{
	a |= b;
	a |= a >> 32;
	a |= a >> 16;
	return (uint32_t)((a | a >> 8) & 0xff);
}

VD_TARGET("ssse3")
static uint32_t
walk_ssse3(const struct vd_byte_group *group, const char *at, size_t n)
{
	__m128i low = load16(group->low), high = load16(group->high), nibble = _mm_set1_epi8(15);
	__m128i found = _mm_setzero_si128();
	for (const char *end = at + n * VD_BYTES_BLOCK; at < end; at += 16) {
		__m128i text = load16(at);
		found = _mm_or_si128(found,
			_mm_and_si128(_mm_shuffle_epi8(low, _mm_and_si128(text, nibble)),
				_mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(text, 4), nibble))));
	}
	return fold((uint64_t)_mm_cvtsi128_si64(found),
		(uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(found, found)));
}

VD_TARGET("avx2")
static uint32_t
walk_avx2(const struct vd_byte_group *group, const char *at, size_t n)
{
	__m256i low = _mm256_broadcastsi128_si256(load16(group->low)), nibble = _mm256_set1_epi8(15);
	__m256i high = _mm256_broadcastsi128_si256(load16(group->high)), found = _mm256_setzero_si256();
	for (const char *end = at + n * VD_BYTES_BLOCK; at < end; at += VD_BYTES_BLOCK) {
		__m256i text = _mm256_loadu_si256((const __m256i *)(const void *)at);
		found = _mm256_or_si256(
			found, _mm256_and_si256(_mm256_shuffle_epi8(low, _mm256_and_si256(text, nibble)),
				       _mm256_shuffle_epi8(
					       high, _mm256_and_si256(_mm256_srli_epi16(text, 4), nibble))));
	}
	__m128i half = _mm_or_si128(_mm256_castsi256_si128(found), _mm256_extracti128_si256(found, 1));
	return fold((uint64_t)_mm_cvtsi128_si64(half),
		(uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(half, half)));
}

uint32_t
vd_bytes_walk(const struct vd_byte_group *group, const char *at, size_t n)
{
	return __builtin_cpu_supports("avx2")    ? walk_avx2(group, at, n)
	       : __builtin_cpu_supports("ssse3") ? walk_ssse3(group, at, n)
						 : vd_bytes_walk_plain(group, at, n);
}
