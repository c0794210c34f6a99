#include "engine/sigma/parse.h"

#include <arpa/inet.h>

/* Clears the bits behind the prefix; true if any was set. */
static bool
mask(uint8_t addr[16], unsigned prefix)
{
	bool any = false;
	for (unsigned bit = prefix; bit < 128; bit++) {
		uint8_t one = (uint8_t)(0x80u >> bit % 8);
		any = any || (addr[bit / 8] & one) != 0;
		addr[bit / 8] = (uint8_t)(addr[bit / 8] & ~one);
	}
	return any;
}

bool
vd_cidr_parse(struct vd_str text, struct vd_atom *ret, bool *ret_masked)
{
	char addr[64];
	const char *slash = text.len == 0 ? NULL : memchr(text.at, '/', text.len);
	size_t len = slash == NULL ? text.len : (size_t)(slash - text.at);
	if (len >= sizeof addr || memchr(text.at, '\0', text.len) != NULL)
		return false;
	memcpy(addr, text.at, len);
	addr[len] = '\0';
	uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff};
	bool v4 = inet_pton(AF_INET, addr, bytes + 12) == 1;
	if (!v4 && inet_pton(AF_INET6, addr, bytes) != 1)
		return false;
	uint64_t prefix = v4 ? 32 : 128;
	if (slash != NULL && (!vd_str_u64((struct vd_str){slash + 1, text.len - len - 1}, &prefix) ||
				     prefix > (v4 ? 32u : 128u)))
		return false;
	if (v4)
		prefix += VD_CIDR_V4_BITS;
	*ret_masked = mask(bytes, (unsigned)prefix);
	ret->kind = VD_ATOM_CIDR;
	memcpy(ret->addr, bytes, sizeof bytes);
	ret->prefix = (uint8_t)prefix;
	return true;
}
