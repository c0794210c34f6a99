#include "engine/correlate/wire.h"

void
vd_corr_put_u8(struct vd_buf *to, uint8_t v)
{
	vd_buf_add(to, &v, 1);
}

static void
put_le(struct vd_buf *to, uint64_t v, size_t n)
{
	unsigned char bytes[8];
	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)(v >> (8 * i));
	vd_buf_add(to, bytes, n);
}

void
vd_corr_put_u32(struct vd_buf *to, uint32_t v)
{
	put_le(to, v, 4);
}

void
vd_corr_put_u64(struct vd_buf *to, uint64_t v)
{
	put_le(to, v, 8);
}

void
vd_corr_put_i64(struct vd_buf *to, int64_t v)
{
	put_le(to, (uint64_t)v, 8);
}

void
vd_corr_put_str(struct vd_buf *to, struct vd_str s)
{
	if (s.len > UINT32_MAX) {
		to->failed = true;
		return;
	}
	vd_corr_put_u32(to, (uint32_t)s.len);
	vd_buf_str(to, s);
}

struct vd_str
vd_corr_get_bytes(struct vd_corr_reader *from, size_t n)
{
	if (from->bad || n > from->rest.len) {
		from->bad = true;
		return (struct vd_str){NULL, 0};
	}
	struct vd_str got = {from->rest.at, n};
	if (n != 0)
		from->rest.at += n;
	from->rest.len -= n;
	return got;
}

static uint64_t
get_le(struct vd_corr_reader *from, size_t n)
{
	struct vd_str bytes = vd_corr_get_bytes(from, n);
	uint64_t v = 0;
	for (size_t i = 0; i < bytes.len; i++)
		v |= (uint64_t)(unsigned char)bytes.at[i] << (8 * i);
	return v;
}

uint8_t
vd_corr_get_u8(struct vd_corr_reader *from)
{
	return (uint8_t)get_le(from, 1);
}

uint32_t
vd_corr_get_u32(struct vd_corr_reader *from)
{
	return (uint32_t)get_le(from, 4);
}

uint64_t
vd_corr_get_u64(struct vd_corr_reader *from)
{
	return get_le(from, 8);
}

int64_t
vd_corr_get_i64(struct vd_corr_reader *from)
{
	return (int64_t)get_le(from, 8);
}

struct vd_str
vd_corr_get_str(struct vd_corr_reader *from)
{
	return vd_corr_get_bytes(from, vd_corr_get_u32(from));
}

uint32_t
vd_corr_get_count(struct vd_corr_reader *from, size_t each)
{
	uint32_t n = vd_corr_get_u32(from);
	if (n > from->rest.len / each) {
		from->bad = true;
		return 0;
	}
	return n;
}
