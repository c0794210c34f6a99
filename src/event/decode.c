#include "event/decode.h"

#include "base/utf8.h"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* four hex digits at raw[i], or -1 */
static int32_t
hex4(struct vd_str raw, size_t i)
{
	int32_t value = 0;
	if (i + 4 > raw.len)
		return -1;
	for (size_t k = i; k < i + 4; k++) {
		int digit = hex_digit(raw.at[k]);
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* raw[*i] is the u of \u; moves *i behind the escape; returns bytes written, 0 where it is no escape */
static size_t
decode_unicode(char *to, struct vd_str raw, size_t *i)
{
	int32_t high = hex4(raw, *i + 1);
	if (high < 0)
		return 0;
	*i += 5;
	uint32_t c = (uint32_t)high;
	if (high >= 0xd800 && high < 0xe000) {
		int32_t low = -1;
		if (high < 0xdc00 && *i + 1 < raw.len && raw.at[*i] == '\\' && raw.at[*i + 1] == 'u')
			low = hex4(raw, *i + 2);
		if (low >= 0xdc00 && low < 0xe000) {
			c = 0x10000u + (((uint32_t)high - 0xd800u) << 10) + ((uint32_t)low - 0xdc00u);
			*i += 6;
		} else {
			c = 0xfffd;
		}
	}
	return vd_utf8_encode(to, c);
}

const char vd_json_escapes[256] = {
	['"'] = '"',
	['\\'] = '\\',
	['/'] = '/',
	['b'] = '\b',
	['f'] = '\f',
	['n'] = '\n',
	['r'] = '\r',
	['t'] = '\t',
};

size_t
vd_json_decode_into(char *to, struct vd_str raw)
{
	size_t n = 0, i = 0;
	while (i < raw.len) {
		const char *slash = memchr(raw.at + i, '\\', raw.len - i);
		size_t run = slash == NULL ? raw.len - i : (size_t)(slash - (raw.at + i));
		memmove(to + n, raw.at + i, run);
		n += run;
		i += run;
		if (slash == NULL)
			break;
		if (i + 1 >= raw.len) {
			to[n++] = '\\';
			break;
		}
		char c = raw.at[i + 1], one = vd_json_escapes[(unsigned char)c];
		size_t at = i + 1, wide;
		if (one != 0) {
			to[n++] = one;
			i += 2;
		} else if (c == 'u' && (wide = decode_unicode(to + n, raw, &at)) != 0) {
			n += wide;
			i = at;
		} else {
			to[n++] = '\\';
			i++;
		}
	}
	return n;
}

struct vd_str
vd_json_decode(struct vd_str raw, struct vd_buf *buf)
{
	if (raw.len == 0 || memchr(raw.at, '\\', raw.len) == NULL)
		return raw;
	if (!vd_buf_room(buf, raw.len))
		return (struct vd_str){"", 0};
	char *to = buf->at + buf->len;
	size_t n = vd_json_decode_into(to, raw);
	buf->len += n;
	buf->at[buf->len] = '\0';
	return (struct vd_str){to, n};
}
