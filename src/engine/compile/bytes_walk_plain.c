/*
 * The walk for processors without vector code of their own here.
 */
#include "engine/compile/bytes.h"

uint32_t
vd_bytes_walk(const struct vd_byte_group *group, const char *at, size_t n)
{
	return vd_bytes_walk_plain(group, at, n);
}
