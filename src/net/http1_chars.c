#include "net/http1_chars.h"

#define TOKEN VD_HTTP1_TOKEN
#define TARGET VD_HTTP1_TARGET
#define BOTH (TOKEN | TARGET)
#define WORD (BOTH | VD_HTTP1_NAME)
#define LARGE (WORD | VD_HTTP1_UPPER)

/* clang-format off */
const unsigned char vd_http1_kinds[256] = {
	['0'] = WORD, ['1'] = WORD, ['2'] = WORD, ['3'] = WORD, ['4'] = WORD, ['5'] = WORD, ['6'] = WORD,
	['7'] = WORD, ['8'] = WORD, ['9'] = WORD,
	['a'] = WORD, ['b'] = WORD, ['c'] = WORD, ['d'] = WORD, ['e'] = WORD, ['f'] = WORD, ['g'] = WORD,
	['h'] = WORD, ['i'] = WORD, ['j'] = WORD, ['k'] = WORD, ['l'] = WORD, ['m'] = WORD, ['n'] = WORD,
	['o'] = WORD, ['p'] = WORD, ['q'] = WORD, ['r'] = WORD, ['s'] = WORD, ['t'] = WORD, ['u'] = WORD,
	['v'] = WORD, ['w'] = WORD, ['x'] = WORD, ['y'] = WORD, ['z'] = WORD,
	['A'] = LARGE, ['B'] = LARGE, ['C'] = LARGE, ['D'] = LARGE, ['E'] = LARGE, ['F'] = LARGE, ['G'] = LARGE,
	['H'] = LARGE, ['I'] = LARGE, ['J'] = LARGE, ['K'] = LARGE, ['L'] = LARGE, ['M'] = LARGE, ['N'] = LARGE,
	['O'] = LARGE, ['P'] = LARGE, ['Q'] = LARGE, ['R'] = LARGE, ['S'] = LARGE, ['T'] = LARGE, ['U'] = LARGE,
	['V'] = LARGE, ['W'] = LARGE, ['X'] = LARGE, ['Y'] = LARGE, ['Z'] = LARGE,
	['-'] = WORD, ['_'] = WORD,
	['!'] = BOTH, ['$'] = BOTH, ['&'] = BOTH, ['\''] = BOTH, ['*'] = BOTH, ['+'] = BOTH, ['.'] = BOTH, ['~'] = BOTH,
	['#'] = TOKEN, ['%'] = TOKEN, ['^'] = TOKEN, ['`'] = TOKEN, ['|'] = TOKEN,
	['('] = TARGET, [')'] = TARGET, [','] = TARGET, ['/'] = TARGET, [':'] = TARGET, [';'] = TARGET, ['='] = TARGET,
	['?'] = TARGET, ['@'] = TARGET,
};
/* clang-format on */

#define EACH(byte) (UINT64_MAX / 255 * (byte))
#define BYTE(i) ((uint64_t)(unsigned char)at[i] << (8 * (i)))

/* Eight bytes as a number whose lowest bits are the first byte, on any machine: compilers make one load of it. */
static uint64_t
eight(const char *at)
{
	return BYTE(0) | BYTE(1) | BYTE(2) | BYTE(3) | BYTE(4) | BYTE(5) | BYTE(6) | BYTE(7);
}

/*
 * The top bit of each byte that is below 0x20 or is 0x7f.  A byte above such a one may be marked wrongly (the
 * subtraction borrows), the lowest mark never is.
 */
static uint64_t
controls(uint64_t word)
{
	uint64_t del = word ^ EACH(0x7f);
	return (((word - EACH(0x20)) & ~word) | ((del - EACH(1)) & ~del)) & EACH(0x80);
}

size_t
vd_http1_plain(const char *at, size_t n)
{
	size_t i = 0;
	while (n - i >= 8) {
		uint64_t found = controls(eight(at + i));
		if (found == 0) {
			i += 8;
			continue;
		}
		i += (size_t)__builtin_ctzll(found) / 8;
		if (at[i] != '\t')
			return i;
		i++;
	}
	for (; i < n; i++)
		if (((unsigned char)at[i] < 0x20 && at[i] != '\t') || at[i] == 0x7f)
			return i;
	return n;
}
