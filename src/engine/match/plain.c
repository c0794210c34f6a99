#include "engine/match/plain.h"

#include "event/decode.h"

#ifdef __SSE2__
#include <emmintrin.h>
#define WIDTH 16u

static unsigned
wide_mask(const char *at)
{
	return (unsigned)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)at));
}

/* bit i: at[i] is a backslash and at[i + 1] a u; reads at[16] */
static unsigned
escape_mask(const char *at)
{
	__m128i here = _mm_loadu_si128((const __m128i *)(const void *)at);
	__m128i next = _mm_loadu_si128((const __m128i *)(const void *)(at + 1));
	__m128i slash = _mm_cmpeq_epi8(here, _mm_set1_epi8('\\'));
	__m128i u = _mm_cmpeq_epi8(next, _mm_set1_epi8('u'));
	return (unsigned)_mm_movemask_epi8(_mm_and_si128(slash, u));
}
#else
#define WIDTH 1u

static unsigned
wide_mask(const char *at)
{
	return (unsigned char)*at >= 0x80;
}

static unsigned
escape_mask(const char *at)
{
	return at[0] == '\\' && at[1] == 'u';
}
#endif

/* Whatever stands in the block of WIDTH bytes at text[i]; the byte behind it can be read. */
static bool
block_is_plain(struct vd_str text, size_t i, const char *block)
{
	if (wide_mask(block) != 0)
		return false;
	for (unsigned found = escape_mask(block); found != 0; found &= found - 1)
		if (vd_json_begins_escape(text, i + (size_t)__builtin_ctz(found)))
			return false;
	return true;
}

bool
vd_text_is_plain(struct vd_str json)
{
	size_t i = 0;
	for (; i + WIDTH < json.len; i += WIDTH)
		if (!block_is_plain(json, i, json.at + i))
			return false;
	char last[WIDTH + 1] = {0};
	if (i == json.len)
		return true;
	memcpy(last, json.at + i, json.len - i);
	return block_is_plain(json, i, last);
}
