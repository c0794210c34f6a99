/*
 * Bytes out and in for correlation state and spilled runs: little-endian integers, strings with a 32-bit
 * length.  A reader never passes its end: the first read that would sets its sticky flag `bad` and every later
 * one gives zero or an empty string, so a caller checks once per object.  Thread: one owner.
 */
#ifndef VD_ENGINE_CORRELATE_WIRE_H
#define VD_ENGINE_CORRELATE_WIRE_H

#include "base/str.h"

struct vd_corr_reader {
	struct vd_str rest;
	bool bad;
};

void vd_corr_put_u8(struct vd_buf *to, uint8_t v);
void vd_corr_put_u32(struct vd_buf *to, uint32_t v);
void vd_corr_put_u64(struct vd_buf *to, uint64_t v);
void vd_corr_put_i64(struct vd_buf *to, int64_t v);
void vd_corr_put_str(struct vd_buf *to, struct vd_str s);

uint8_t vd_corr_get_u8(struct vd_corr_reader *from);
uint32_t vd_corr_get_u32(struct vd_corr_reader *from);
uint64_t vd_corr_get_u64(struct vd_corr_reader *from);
int64_t vd_corr_get_i64(struct vd_corr_reader *from);
struct vd_str vd_corr_get_str(struct vd_corr_reader *from); /* borrows from the bytes read */
struct vd_str vd_corr_get_bytes(struct vd_corr_reader *from, size_t n);
/* A count of things that take at least `each` bytes apiece: bad where the rest could not hold them. */
uint32_t vd_corr_get_count(struct vd_corr_reader *from, size_t each);

#endif
