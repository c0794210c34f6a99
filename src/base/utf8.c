#include "base/utf8.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/utf8_fold.inc"

#define REPLACEMENT "\xef\xbf\xbd"

static bool
is_tail(unsigned char c)
{
	return (c & 0xc0u) == 0x80u;
}

size_t
vd_utf8_valid_at(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;
	unsigned char c = u[0];
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	if (n < 2 || !is_tail(u[1]))
		return 0;
	if (c < 0xe0)
		return 2;
	/* no overlong forms, no surrogates, nothing above U+10FFFF: the second byte decides */
	if ((c == 0xe0 && u[1] < 0xa0) || (c == 0xed && u[1] > 0x9f) || (c == 0xf0 && u[1] < 0x90) ||
		(c == 0xf4 && u[1] > 0x8f))
		return 0;
	if (n < 3 || !is_tail(u[2]))
		return 0;
	if (c < 0xf0)
		return 3;
	return n >= 4 && is_tail(u[3]) ? 4 : 0;
}

uint32_t
vd_utf8_decode(const char *p, size_t n, size_t *ret_len)
{
	const unsigned char *u = (const unsigned char *)p;
	if (u[0] < 0x80 || n < 2) {
		*ret_len = 1;
		return u[0];
	}
	if (u[0] < 0xe0 || n < 3) {
		*ret_len = 2;
		return (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu);
	}
	if (u[0] < 0xf0 || n < 4) {
		*ret_len = 3;
		return (u[0] & 0x0fu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);
	}
	*ret_len = 4;
	return (u[0] & 0x07u) << 18 | (u[1] & 0x3fu) << 12 | (u[2] & 0x3fu) << 6 | (u[3] & 0x3fu);
}

size_t
vd_utf8_encode(char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0u | c >> 6);
		to[1] = (char)(0x80u | (c & 0x3fu));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0u | c >> 12);
		to[1] = (char)(0x80u | (c >> 6 & 0x3fu));
		to[2] = (char)(0x80u | (c & 0x3fu));
		return 3;
	}
	to[0] = (char)(0xf0u | c >> 18);
	to[1] = (char)(0x80u | (c >> 12 & 0x3fu));
	to[2] = (char)(0x80u | (c >> 6 & 0x3fu));
	to[3] = (char)(0x80u | (c & 0x3fu));
	return 4;
}

uint32_t
vd_fold_char(uint32_t c)
{
	if (c >= FOLD_LIMIT)
		return c;
	return (c & ~0xffffu) | ((c + fold_step[fold_block[c >> 6]][c & 63u]) & 0xffffu);
}

static char
fold_ascii_char(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

#define HIGH_BITS 0x8080808080808080u
#define EACH_BYTE 0x0101010101010101u

/* Eight bytes at once; every byte is below 0x80. */
static uint64_t
fold_word(uint64_t w)
{
	uint64_t from_a = w + EACH_BYTE * (0x80 - 'A');       /* high bit: c >= 'A' */
	uint64_t beyond_z = w + EACH_BYTE * (0x80 - 'Z' - 1); /* high bit: c > 'Z' */
	return w | ((from_a & ~beyond_z & HIGH_BITS) >> 2);   /* 0x80 >> 2 is the bit of lower case */
}

static uint64_t
load_word(const char *p)
{
	uint64_t w;
	memcpy(&w, p, sizeof w);
	return w;
}

static void
store_word(char *to, uint64_t w)
{
	memcpy(to, &w, sizeof w);
}

/*
 * fold_blocks: folds whole blocks of the ASCII bytes that p begins with, and returns how many bytes it did.
 * It may write a whole block where only some of its bytes count.  ascii_blocks: counts them only.
 */
#if defined(__SSE2__)

static __m128i
load_block(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static void
fold_block_to(char *to, __m128i v)
{
	/* signed compare: bytes from 0x80 are negative, hence no letters */
	__m128i upper = _mm_and_si128(
		_mm_cmpgt_epi8(v, _mm_set1_epi8('A' - 1)), _mm_cmpgt_epi8(_mm_set1_epi8('Z' + 1), v));
	_mm_storeu_si128((__m128i *)(void *)to, _mm_or_si128(v, _mm_and_si128(upper, _mm_set1_epi8(0x20))));
}

static size_t
fold_blocks(char *to, const char *p, size_t n)
{
	size_t i = 0;
	for (; n - i >= 16; i += 16) {
		__m128i v = load_block(p + i);
		fold_block_to(to + i, v);
		int other = _mm_movemask_epi8(v);
		if (VD_UNLIKELY(other != 0))
			return i + (size_t)__builtin_ctz((unsigned)other);
	}
	if (i != 0 && i != n) { /* the rest, together with bytes that are done */
		__m128i v = load_block(p + n - 16);
		fold_block_to(to + n - 16, v);
		int other = _mm_movemask_epi8(v);
		return other == 0 ? n : n - 16 + (size_t)__builtin_ctz((unsigned)other);
	}
	return i;
}

static size_t
ascii_blocks(const char *p, size_t n)
{
	size_t i = 0;
	for (; n - i >= 64; i += 64) {
		__m128i a = _mm_or_si128(load_block(p + i), load_block(p + i + 16));
		__m128i b = _mm_or_si128(load_block(p + i + 32), load_block(p + i + 48));
		if (_mm_movemask_epi8(_mm_or_si128(a, b)) != 0)
			break;
	}
	while (n - i >= 16 && _mm_movemask_epi8(load_block(p + i)) == 0)
		i += 16;
	return i;
}

#else

static size_t
fold_blocks(char *to, const char *p, size_t n)
{
	size_t i = 0;
	for (; n - i >= 8 && (load_word(p + i) & HIGH_BITS) == 0; i += 8)
		store_word(to + i, fold_word(load_word(p + i)));
	return i;
}

static size_t
ascii_blocks(const char *p, size_t n)
{
	size_t i = 0;
	while (n - i >= 8 && (load_word(p + i) & HIGH_BITS) == 0)
		i += 8;
	return i;
}

#endif

/* Folds the ASCII bytes that p begins with, at least one of n; returns how many. */
static size_t
fold_ascii(char *to, const char *p, size_t n)
{
	size_t i = fold_blocks(to, p, n);
	if (n - i >= 8 && (load_word(p + i) & HIGH_BITS) == 0) {
		store_word(to + i, fold_word(load_word(p + i)));
		i += 8;
	}
	if (i >= 8 && i < n && n - i < 8 && (load_word(p + n - 8) & HIGH_BITS) == 0) {
		store_word(to + n - 8, fold_word(load_word(p + n - 8)));
		return n;
	}
	for (; i < n && (p[i] & 0x80) == 0; i++)
		to[i] = fold_ascii_char(p[i]);
	return i;
}

/* One character that is not ASCII, or one byte that is no character; returns the bytes read. */
static size_t
fold_other(char *to, size_t *ret_written, const char *p, size_t n)
{
	size_t len = vd_utf8_valid_at(p, n);
	if (len == 0) {
		*to = *p;
		*ret_written = 1;
		return 1;
	}
	*ret_written = vd_utf8_encode(to, vd_fold_char(vd_utf8_decode(p, len, &len)));
	return len;
}

size_t
vd_fold(char *to, const char *p, size_t n)
{
	size_t i = 0, written = 0;
	while (i < n) {
		if ((p[i] & 0x80) == 0) {
			size_t run = fold_ascii(to + written, p + i, n - i);
			i += run;
			written += run;
			continue;
		}
		size_t one;
		i += fold_other(to + written, &one, p + i, n - i);
		written += one;
	}
	return written;
}

/* Gives the bytes that vd_fold would write, one after the other. */
struct folder {
	const char *p;
	size_t n;
	char ready[4];
	size_t at, end; /* bytes of ready still to give */
};

static bool
folder_next(struct folder *f, char *ret)
{
	if (f->at == f->end) {
		if (f->n == 0)
			return false;
		size_t used = fold_other(f->ready, &f->end, f->p, f->n);
		f->at = 0;
		f->p += used;
		f->n -= used;
	}
	*ret = f->ready[f->at++];
	return true;
}

bool
vd_fold_eq(const char *a, size_t an, const char *b, size_t bn)
{
	size_t i = 0, n = VD_MIN(an, bn);
	while (i < n && ((a[i] | b[i]) & 0x80) == 0) {
		if (fold_ascii_char(a[i]) != fold_ascii_char(b[i]))
			return false;
		i++;
	}
	struct folder fa = {.p = a + i, .n = an - i}, fb = {.p = b + i, .n = bn - i};
	for (;;) {
		char ca = 0, cb = 0;
		bool more_a = folder_next(&fa, &ca), more_b = folder_next(&fb, &cb);
		if (more_a != more_b || ca != cb)
			return false;
		if (!more_a)
			return true;
	}
}

bool
vd_utf8_valid(const char *p, size_t n)
{
	size_t i = 0;
	while (i < n) {
		if ((p[i] & 0x80) == 0) {
			size_t run = ascii_blocks(p + i, n - i);
			i += run == 0 ? 1 : run;
			continue;
		}
		size_t len = vd_utf8_valid_at(p + i, n - i);
		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

size_t
vd_utf8_repair(char *to, const char *p, size_t n)
{
	size_t i = 0, written = 0;
	while (i < n) {
		size_t len = vd_utf8_valid_at(p + i, n - i);
		if (len == 0) {
			memcpy(to + written, REPLACEMENT, sizeof REPLACEMENT - 1);
			written += sizeof REPLACEMENT - 1;
			i++;
			continue;
		}
		memcpy(to + written, p + i, len);
		written += len;
		i += len;
	}
	return written;
}
