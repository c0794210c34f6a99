#include "engine/compile/bytes.h"

uint32_t
vd_bytes_walk(const struct vd_byte_group *group, const char *at, size_t n)
{
	uint32_t found = 0;
	for (const char *end = at + n * VD_BYTES_BLOCK; at < end; at++)
		found |= (uint32_t)(group->low[*at & 15] & group->high[(unsigned char)*at >> 4]);
	return found;
}
