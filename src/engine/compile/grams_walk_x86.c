/*
 * The walk with AVX2: eight overlapping grams from one load, eight bits of the bitmap from one gather.
 */
#include "engine/compile/grams.h"

#include <immintrin.h>

VD_TARGET("avx2") static inline uint32_t bits_at(const uint32_t *bitmap, __m256i bit)
{
	__m256i words =
		_mm256_i32gather_epi32((const int *)(const void *)bitmap, _mm256_srli_epi32(bit, 5), 4);
	/* the wanted bit to the sign: that is what movemask reads */
	__m256i left = _mm256_sub_epi32(_mm256_set1_epi32(31), _mm256_and_si256(bit, _mm256_set1_epi32(31)));
	return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_sllv_epi32(words, left)));
}

VD_TARGET("avx2")
static size_t
walk_avx2(const struct vd_grams *grams, struct vd_str text, size_t from, struct vd_gram_places *places)
{
	const __m256i spread = _mm256_setr_epi8(0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6, 4, 5, 6, 7, 5,
		6, 7, 8, 6, 7, 8, 9, 7, 8, 9, 10);
	const __m256i mix = _mm256_set1_epi32((int)VD_GRAM_MIX);
	const __m128i shift = _mm_cvtsi32_si128((int)grams->shift);
	uint32_t n = places->n;
	for (; from + VD_GRAM <= text.len && n + VD_GRAM_BLOCK <= VD_GRAM_PLACES; from += VD_GRAM_BLOCK) {
		__m256i block = _mm256_broadcastsi128_si256(
			_mm_loadu_si128((const __m128i *)(const void *)(text.at + from)));
		__m256i gram = _mm256_shuffle_epi8(block, spread);
		uint32_t bits =
			bits_at(grams->bitmap, _mm256_srl_epi32(_mm256_mullo_epi32(gram, mix), shift));
		size_t left = text.len - from - (VD_GRAM - 1); /* places of text */
		if (VD_UNLIKELY(left < VD_GRAM_BLOCK))
			bits &= (1u << left) - 1;
		for (; bits != 0; bits &= bits - 1) {
			size_t here = from + (size_t)__builtin_ctz(bits);
			uint32_t one;
			memcpy(&one, text.at + here, sizeof one);
			n = vd_gram_note(grams, places, n, here, one);
		}
	}
	places->n = n;
	return from;
}

size_t
vd_grams_walk(const struct vd_grams *grams, struct vd_str text, size_t from, struct vd_gram_places *places)
{
	return __builtin_cpu_supports("avx2") ? walk_avx2(grams, text, from, places)
					      : vd_grams_walk_plain(grams, text, from, places);
}
