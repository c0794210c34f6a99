/*
 * The text of a JSON string: escapes undone.  RFC 8259 section 7; a lone surrogate becomes U+FFFD, an escape
 * that does not exist stays as it is written.
 */
#ifndef VD_EVENT_DECODE_H
#define VD_EVENT_DECODE_H

#include "base/str.h"

/* raw stands between the quotes.  Borrows raw where it holds no backslash, else appends to buf and borrows that. */
struct vd_str vd_json_decode(struct vd_str raw, struct vd_buf *buf);

/* The same into to, which must hold raw.len bytes (decoding never grows); returns bytes written. */
size_t vd_json_decode_into(char *to, struct vd_str raw);

/* What an escape of one letter stands for; 0: it is none. */
extern const char vd_json_escapes[256];

/*
 * The same with ASCII letters made small, in one pass, for the common string: to must hold raw.len + 16 bytes, raw must
 * have 16 readable bytes behind it.  SIZE_MAX: raw holds a byte >= 0x80, a \u escape or a backslash that
 * begins none, and to is not to be read.  decode_lower_*.c, one per kind of processor.
 */
size_t vd_json_decode_lower(char *to, struct vd_str raw);

/* The ways of it that run on this processor, best first; a test holds each to the same. */
#define VD_JSON_LOWERS_MAX 2u
typedef size_t vd_json_lower(char *to, struct vd_str raw);
size_t vd_json_lowers(vd_json_lower *ret[VD_JSON_LOWERS_MAX]);

/* The backslash at json.at[i] begins an escape: an even number of them stands before it. */
VD_INLINE bool
vd_json_begins_escape(struct vd_str json, size_t i)
{
	size_t before = 0;
	while (before < i && json.at[i - before - 1] == '\\')
		before++;
	return before % 2 == 0;
}

#endif
