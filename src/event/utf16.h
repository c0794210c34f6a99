/*
 * UTF-16 text to UTF-8, in pieces.  A lone surrogate becomes U+FFFD.  Pure; thread: one owner.
 */
#ifndef VD_EVENT_UTF16_H
#define VD_EVENT_UTF16_H

#include "base/str.h"

struct vd_utf16 {
	bool big_endian;
	bool odd; /* a byte is left over from the piece before */
	unsigned char byte;
	uint16_t high; /* a first surrogate is left over; 0: none */
};

#define VD_UTF16_ROOM(n) (((n) / 2 + 2) * 3) /* bytes that n bytes, and what was left over, can become */

/* Returns bytes written to `to`, which holds VD_UTF16_ROOM(from.len). */
size_t vd_utf16_convert(struct vd_utf16 *state, struct vd_str from, char *to);

#endif
