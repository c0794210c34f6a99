/*
 * The walk with AVX2: eight grams side by side in one load, eight bits of the bitmap from one gather.
 */
#include "engine/compile/words.h"

#include <immintrin.h>

VD_TARGET("avx2")
static const char *
walk_avx2(const struct vd_words *words, const char *at, const char *end, uint32_t *ret)
{
	const __m256i fold = _mm256_set1_epi32((int)VD_WORDS_FOLD),
		      mix = _mm256_set1_epi32((int)VD_WORDS_MIX);
	const __m256i low = _mm256_set1_epi32(31);
	const __m128i shift = _mm_cvtsi32_si128((int)words->shift);
	for (; at < end; at += VD_WORDS_BLOCK) {
		__m256i gram = _mm256_or_si256(_mm256_loadu_si256((const __m256i *)(const void *)at), fold);
		__m256i bit = _mm256_srl_epi32(_mm256_mullo_epi32(gram, mix), shift);
		__m256i found = _mm256_i32gather_epi32(
			(const int *)(const void *)words->bitmap, _mm256_srli_epi32(bit, 5), 4);
		/* the wanted bit to the sign: that is what movemask reads */
		__m256i left = _mm256_sub_epi32(low, _mm256_and_si256(bit, low));
		*ret = (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_sllv_epi32(found, left)));
		if (*ret != 0)
			break;
	}
	return at;
}

const char *
vd_words_walk(const struct vd_words *words, const char *at, const char *end, uint32_t *ret)
{
	return __builtin_cpu_supports("avx2") ? walk_avx2(words, at, end, ret)
					      : vd_words_walk_plain(words, at, end, ret);
}
