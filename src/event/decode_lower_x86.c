/*
 * In one pass, 16 bytes from escape to escape with SSE2; 64 bytes, escapes and all, with AVX-512 (VBMI2).
 *
 * Which backslashes begin an escape, of a whole block without a loop: Langdale and Lemire, "Parsing gigabytes of JSON
 * per second", 2019, section 3.1.1, in the form with one subtraction.
 */
#include "event/decode.h"

#include <immintrin.h>

#define SSE2_BLOCK 16u

/* Copies 16 bytes, letters made small; bits of the result: where a backslash or a byte >= 0x80 stands. */
static unsigned
lower_block(char *to, const char *at, unsigned *ret_wide)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
	__m128i large = _mm_and_si128(
		_mm_cmpgt_epi8(bytes, _mm_set1_epi8('A' - 1)), _mm_cmpgt_epi8(_mm_set1_epi8('Z' + 1), bytes));
	__m128i lower = _mm_or_si128(bytes, _mm_and_si128(large, _mm_set1_epi8(0x20)));
	_mm_storeu_si128((__m128i *)(void *)to, lower);
	*ret_wide = (unsigned)_mm_movemask_epi8(bytes);
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
}

static size_t
lower_sse2(char *to, struct vd_str raw)
{
	size_t n = 0, i = 0;
	while (i < raw.len) {
		unsigned wide, slashes = lower_block(to + n, raw.at + i, &wide);
		size_t left = raw.len - i, width = VD_MIN(left, (size_t)SSE2_BLOCK);
		unsigned inside = width == SSE2_BLOCK ? 0xffffu : (1u << width) - 1;
		slashes &= inside;
		if (VD_UNLIKELY((wide & inside) != 0))
			return SIZE_MAX;
		if (slashes == 0) {
			n += width;
			i += width;
			continue;
		}
		size_t run = (size_t)__builtin_ctz(slashes);
		char one = i + run + 1 < raw.len ? vd_json_escapes[(unsigned char)raw.at[i + run + 1]] : 0;
		if (VD_UNLIKELY(one == 0))
			return SIZE_MAX; /* \u, or no escape: the careful way knows */
		to[n + run] = one;
		n += run + 1;
		i += run + 2;
	}
	return n;
}

/* Of a block: the backslashes that begin escapes, and the bytes that stand behind one. */
struct escapes {
	uint64_t begin, escaped;
};

/* first_escaped: 1 where the block before ended in the beginning of an escape. */
static struct escapes
find_escapes(uint64_t slashes, uint64_t first_escaped)
{
	const uint64_t odd = 0xaaaaaaaaaaaaaaaau;  /* places, counted from 0 */
	uint64_t maybe = slashes & ~first_escaped; /* backslashes that may begin an escape */
	/* the borrow runs through each run of backslashes: every second one of a run, and what stands behind it */
	uint64_t code = (((maybe << 1) | odd) - maybe) ^ odd;
	return (struct escapes){code & slashes, code ^ (slashes | first_escaped)};
}

/* Writes what those escapes stand for whose second byte is not that itself; false: one is none. */
static bool
write_others(char *to, const char *at, uint64_t others, uint64_t kept)
{
	for (; others != 0; others &= others - 1) {
		char one = vd_json_escapes[(unsigned char)at[__builtin_ctzll(others)]];
		if (one == 0)
			return false;
		to[__builtin_popcountll(kept & ((others & -others) - 1))] = one;
	}
	return true;
}

#define AVX512_BLOCK 64u

VD_TARGET("avx512bw,avx512vl,avx512vbmi2,popcnt,bmi")
static size_t
lower_avx512(char *to, struct vd_str raw)
{
	size_t n = 0;
	struct escapes found = {0, 0}; /* of the block before */
	for (size_t i = 0; i < raw.len; i += AVX512_BLOCK) {
		uint64_t inside =
			raw.len - i >= AVX512_BLOCK ? UINT64_MAX : ((uint64_t)1 << (raw.len - i)) - 1;
		__m512i bytes = _mm512_maskz_loadu_epi8(inside, raw.at + i);
		__mmask64 large = _mm512_cmplt_epu8_mask(
			_mm512_sub_epi8(bytes, _mm512_set1_epi8('A')), _mm512_set1_epi8('Z' - 'A' + 1));
		__m512i lower = _mm512_or_si512(bytes, _mm512_maskz_set1_epi8(large, 0x20));
		uint64_t slashes = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\\'));
		if (VD_UNLIKELY(_mm512_movepi8_mask(bytes) != 0))
			return SIZE_MAX;
		found = find_escapes(slashes, found.begin >> (AVX512_BLOCK - 1));
		uint64_t same = slashes | _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('"')) |
				_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('/'));
		uint64_t kept = inside & ~found.begin, others = found.escaped & ~same;
		__m512i text = _mm512_maskz_compress_epi8(kept, lower);
		unsigned width = (unsigned)__builtin_popcountll(kept);
		_mm512_mask_storeu_epi8(
			to + n, width == AVX512_BLOCK ? UINT64_MAX : ((uint64_t)1 << width) - 1, text);
		/* an escape that the text's end cuts off has its second byte outside */
		if (VD_UNLIKELY(others != 0) &&
			((others & ~inside) != 0 || !write_others(to + n, raw.at + i, others, kept)))
			return SIZE_MAX;
		n += width;
	}
	return found.begin >> (AVX512_BLOCK - 1) == 0 ? n : SIZE_MAX;
}

static bool
has_avx512(void)
{
	return __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl");
}

size_t
vd_json_decode_lower(char *to, struct vd_str raw)
{
	return has_avx512() ? lower_avx512(to, raw) : lower_sse2(to, raw);
}

size_t
vd_json_lowers(vd_json_lower *ret[VD_JSON_LOWERS_MAX])
{
	size_t n = 0;
	if (has_avx512())
		ret[n++] = lower_avx512;
	ret[n++] = lower_sse2;
	return n;
}
