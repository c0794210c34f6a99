#include "event/utf16.h"

#include "base/utf8.h"

static size_t
put_unit(struct vd_utf16 *state, uint16_t unit, char *to)
{
	size_t n = 0;
	if (state->high != 0) {
		uint32_t high = state->high;
		state->high = 0;
		if (unit >= 0xdc00 && unit < 0xe000)
			return vd_utf8_encode(to, 0x10000u + ((high - 0xd800u) << 10) + (unit - 0xdc00u));
		n = vd_utf8_encode(to, 0xfffd);
	}
	if (unit >= 0xd800 && unit < 0xdc00) {
		state->high = unit;
		return n;
	}
	return n + vd_utf8_encode(to + n, unit >= 0xdc00 && unit < 0xe000 ? 0xfffdu : unit);
}

size_t
vd_utf16_convert(struct vd_utf16 *state, struct vd_str from, char *to)
{
	size_t n = 0;
	for (size_t i = 0; i < from.len; i++) {
		unsigned char byte = (unsigned char)from.at[i];
		if (state->odd) {
			uint16_t unit = (uint16_t)(state->big_endian ? state->byte << 8 | byte
								     : byte << 8 | state->byte);
			n += put_unit(state, unit, to + n);
		}
		state->byte = byte;
		state->odd = !state->odd;
	}
	return n;
}
