/*
 * UTF-8: validity, repair and simple case folding (Unicode CaseFolding.txt, statuses C and S).  The folding
 * table is built by tests/tools from Python's unicodedata; see utf8_fold.inc in the build folder.
 */
#ifndef VD_BASE_UTF8_H
#define VD_BASE_UTF8_H

#include <stdbool.h>

#include "base/defs.h"

/* Bytes of the well-formed sequence at p (1 to 4; RFC 3629), 0 if it is not one.  n > 0. */
size_t vd_utf8_valid_at(const char *p, size_t n);
bool vd_utf8_valid(const char *p, size_t n);
/* Copies p with each invalid byte replaced by U+FFFD; to must hold 3 * n bytes.  Returns bytes written. */
size_t vd_utf8_repair(char *to, const char *p, size_t n);

uint32_t vd_utf8_decode(const char *p, size_t n, size_t *ret_len); /* p valid */
size_t vd_utf8_encode(char *to, uint32_t c);                       /* 1 to 4 bytes */

uint32_t vd_fold_char(uint32_t c);
/*
 * Folds n bytes of p into to, which must hold vd_fold_bound(n) bytes; returns bytes written.  Invalid bytes
 * are copied as they are.  ASCII runs are folded by SIMD width.
 */
size_t vd_fold(char *to, const char *p, size_t n);
VD_INLINE size_t
vd_fold_bound(size_t n)
{
	return n + n / 2 + 64; /* the longest growth: U+023A and U+023E (2 bytes) fold to 3 */
}
bool vd_fold_eq(const char *a, size_t an, const char *b, size_t bn);

#endif
