#include "engine/compile/bytes.h"

uint64_t
vd_bytes_add(struct vd_bytes *bytes, unsigned char c)
{
	for (uint32_t i = 0; i < bytes->n; i++)
		if (bytes->list[i] == c)
			return (uint64_t)1 << i;
	if (bytes->n == VD_BYTES_MAX)
		return 0;
	struct vd_byte_group *group = &bytes->groups[bytes->n / VD_BYTES_GROUP];
	unsigned char bit = (unsigned char)(1u << bytes->n % VD_BYTES_GROUP);
	group->low[c & 15] |= bit;
	group->high[c >> 4] |= bit;
	bytes->list[bytes->n] = c;
	return (uint64_t)1 << bytes->n++;
}

uint64_t
vd_bytes_look(const struct vd_bytes *bytes, struct vd_str text)
{
	if (text.len == 0)
		return 0;
	uint64_t found = 0;
	size_t whole = text.len / VD_BYTES_BLOCK, rest = text.len % VD_BYTES_BLOCK;
	char last[VD_BYTES_BLOCK];
	memset(last, text.at[0], sizeof last); /* what is not text repeats what is */
	memcpy(last, text.at + text.len - rest, rest);
	for (uint32_t g = 0; g * VD_BYTES_GROUP < bytes->n; g++) {
		uint64_t bits = vd_bytes_walk(&bytes->groups[g], text.at, whole) |
				vd_bytes_walk(&bytes->groups[g], last, 1);
		found |= bits << (g * VD_BYTES_GROUP);
	}
	return found;
}
