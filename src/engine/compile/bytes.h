/*
 * Which of a few bytes stand in a text: the cheap question before a costly one.  An expression with a backtick in
 * it need not be tried on a text without.
 *
 * Memory: by value.  Thread: shared once built.
 */
#ifndef VD_ENGINE_COMPILE_BYTES_H
#define VD_ENGINE_COMPILE_BYTES_H

#include "base/str.h"

#define VD_BYTES_MAX 64u
#define VD_BYTES_GROUP 8u

/* bit k of a byte's entries in both tables: by its two nibbles the byte is number k of the group */
struct vd_byte_group {
	unsigned char low[16], high[16];
};

struct vd_bytes {
	uint32_t n;
	unsigned char list[VD_BYTES_MAX];
	struct vd_byte_group groups[VD_BYTES_MAX / VD_BYTES_GROUP];
};

/* The byte's bit, made where it is new; 0: there are VD_BYTES_MAX others. */
uint64_t vd_bytes_add(struct vd_bytes *bytes, unsigned char c);

/* Bits of the bytes that stand in text. */
uint64_t vd_bytes_look(const struct vd_bytes *bytes, struct vd_str text);

/* The same of one group. */
uint32_t vd_bytes_look_group(const struct vd_byte_group *group, struct vd_str text);

/* ---- bytes_walk_*.c, one per kind of processor ---- */

#define VD_BYTES_BLOCK 32u

/* vd_bytes_walk byte by byte, for any processor. */
VD_INLINE uint32_t
vd_bytes_walk_plain(const struct vd_byte_group *group, const char *at, size_t n)
{
	uint32_t found = 0;
	for (const char *end = at + n * VD_BYTES_BLOCK; at < end; at++)
		found |= (uint32_t)(group->low[*at & 15] & group->high[(unsigned char)*at >> 4]);
	return found;
}

/* Bits of one group in n blocks of VD_BYTES_BLOCK bytes at at. */
uint32_t vd_bytes_walk(const struct vd_byte_group *group, const char *at, size_t n);

#endif
