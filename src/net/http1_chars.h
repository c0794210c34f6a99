/*
 * Which bytes HTTP/1.1 allows where: of the parser and the writer, nobody else's.
 *
 * Thread: any; tables alone.
 */
#ifndef VD_NET_HTTP1_CHARS_H
#define VD_NET_HTTP1_CHARS_H

#include "base/defs.h"

#define VD_HTTP1_TOKEN 1u  /* tchar of a token: RFC 9110, 5.6.2 */
#define VD_HTTP1_TARGET 2u /* of a path and its query but for %: RFC 3986, 3.3 and 3.4 */
#define VD_HTTP1_NAME 4u   /* of a host's name: letters, digits, hyphen, and the underscore that people use */
#define VD_HTTP1_UPPER 0x20u /* a large letter: the bit that makes it small */

extern const unsigned char vd_http1_kinds[256];

VD_INLINE unsigned
vd_http1_kind(char c)
{
	return vd_http1_kinds[(unsigned char)c];
}

/* How many bytes of the first n are no control characters; a tab is none here.  n: nowhere is one. */
size_t vd_http1_plain(const char *at, size_t n);

#endif
