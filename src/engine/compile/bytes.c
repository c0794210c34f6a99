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

/* The last block of a text: what is not text repeats what is. */
static void
last_block(struct vd_str text, char ret[VD_BYTES_BLOCK])
{
	size_t rest = text.len % VD_BYTES_BLOCK;
	memset(ret, text.at[0], VD_BYTES_BLOCK);
	memcpy(ret, text.at + text.len - rest, rest);
}

uint64_t
vd_bytes_look(const struct vd_bytes *bytes, struct vd_str text)
{
	uint64_t found = 0;
	char last[VD_BYTES_BLOCK];
	if (text.len == 0)
		return 0;
	last_block(text, last);
	for (uint32_t g = 0; g * VD_BYTES_GROUP < bytes->n; g++) {
		uint64_t bits = vd_bytes_walk(&bytes->groups[g], text.at, text.len / VD_BYTES_BLOCK) |
				vd_bytes_walk(&bytes->groups[g], last, 1);
		found |= bits << (g * VD_BYTES_GROUP);
	}
	return found;
}

uint32_t
vd_bytes_look_group(const struct vd_byte_group *group, struct vd_str text)
{
	char last[VD_BYTES_BLOCK];
	if (text.len == 0)
		return 0;
	last_block(text, last);
	return vd_bytes_walk(group, text.at, text.len / VD_BYTES_BLOCK) | vd_bytes_walk(group, last, 1);
}
