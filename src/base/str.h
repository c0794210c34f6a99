/*
 * Byte strings with a length, and a growing buffer.
 *
 * struct vd_str borrows: it never owns what it points at and need not end in NUL.  struct vd_buf owns its
 * bytes; a failed append sets its sticky flag `failed` (out of memory or over its limit) and later appends
 * do nothing, so a writer checks once at the end.  Thread: one owner.
 */
#ifndef VD_BASE_STR_H
#define VD_BASE_STR_H

#include <stdbool.h>
#include <string.h>

#include "base/defs.h"
#include "vedette/types.h"

#define VD_S(literal) ((struct vd_str){"" literal, sizeof(literal) - 1})

VD_INLINE struct vd_str
vd_str_from(const char *text)
{
	return (struct vd_str){text, text == NULL ? 0 : strlen(text)};
}

VD_INLINE bool
vd_str_eq(struct vd_str a, struct vd_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

VD_INLINE bool
vd_str_is(struct vd_str a, const char *text)
{
	return vd_str_eq(a, vd_str_from(text));
}

bool vd_str_ieq(struct vd_str a, struct vd_str b); /* ASCII letters without case */
int vd_str_cmp(struct vd_str a, struct vd_str b);  /* memcmp order, shorter first */
bool vd_str_starts(struct vd_str a, const char *prefix);
bool vd_str_ends(struct vd_str a, const char *suffix);
struct vd_str vd_str_trim(struct vd_str a);       /* ASCII blanks at both ends */
bool vd_str_u64(struct vd_str a, uint64_t *ret);  /* decimal digits only, no sign, no overflow */
bool vd_str_double(struct vd_str a, double *ret); /* JSON number syntax, the whole string */

struct vd_buf {
	char *at; /* NUL-terminated once anything was written */
	size_t len;
	size_t cap;
	size_t limit; /* 0: none but memory */
	bool failed;
};

void vd_buf_init(struct vd_buf *buf, size_t limit);
void vd_buf_fini(struct vd_buf *buf);
void vd_buf_reset(struct vd_buf *buf);             /* keeps the memory, clears failed */
bool vd_buf_room(struct vd_buf *buf, size_t more); /* makes room for more bytes and a NUL */
void vd_buf_add(struct vd_buf *buf, const void *bytes, size_t n);
void vd_buf_str(struct vd_buf *buf, struct vd_str s);
void vd_buf_text(struct vd_buf *buf, const char *text);
void vd_buf_char(struct vd_buf *buf, char c);
void vd_buf_printf(struct vd_buf *buf, const char *fmt, ...) VD_PRINTF(2, 3);
/* A JSON string with its quotes; invalid UTF-8 becomes U+FFFD, control characters \uXXXX. */
void vd_buf_json(struct vd_buf *buf, struct vd_str s);

VD_INLINE struct vd_str
vd_buf_view(const struct vd_buf *buf)
{
	return (struct vd_str){buf->at, buf->len};
}

#endif
