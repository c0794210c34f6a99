#include "event/decode.h"

size_t
vd_json_decode_lower(char *to, struct vd_str raw)
{
	size_t n = 0;
	for (size_t i = 0; i < raw.len; i++) {
		char c = raw.at[i];
		if ((unsigned char)c >= 0x80)
			return SIZE_MAX;
		if (c != '\\') {
			to[n++] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
			continue;
		}
		char one = ++i < raw.len ? vd_json_escapes[(unsigned char)raw.at[i]] : 0;
		if (one == 0)
			return SIZE_MAX;
		to[n++] = one;
	}
	return n;
}

size_t
vd_json_lowers(vd_json_lower *ret[VD_JSON_LOWERS_MAX])
{
	ret[0] = vd_json_decode_lower;
	return 1;
}
