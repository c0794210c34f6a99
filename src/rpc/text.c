#include "rpc/text.h"

#include "base/utf8.h"

static const char hex_digits[] = "0123456789ABCDEF";

static void
percent(struct vd_buf *buf, unsigned char c)
{
	vd_buf_add(buf, (char[]){'%', hex_digits[c >> 4], hex_digits[c & 15u]}, 3);
}

static bool
stays(unsigned char c)
{
	return c >= 0x20 && c <= 0x7e && c != '%';
}

void
vd_percent_encode(struct vd_buf *buf, struct vd_str message)
{
	size_t sent = 0;
	for (size_t i = 0, n; i < message.len; i += VD_MAX(n, (size_t)1)) {
		n = vd_utf8_valid_at(message.at + i, message.len - i);
		struct vd_str character = n == 0 ? VD_S("\xef\xbf\xbd") : (struct vd_str){message.at + i, n};
		sent += character.len;
		if (sent > VD_RPC_MESSAGE_MAX)
			return;
		for (size_t k = 0; k < character.len; k++) {
			unsigned char c = (unsigned char)character.at[k];
			if (stays(c))
				vd_buf_char(buf, (char)c);
			else
				percent(buf, c);
		}
	}
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void
vd_percent_decode(struct vd_buf *buf, struct vd_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		int high = -1, low = -1;
		if (text.at[i] == '%' && text.len - i > 2) {
			high = hex_value(text.at[i + 1]);
			low = hex_value(text.at[i + 2]);
		}
		if (high < 0 || low < 0) {
			vd_buf_char(buf, text.at[i]);
			continue;
		}
		vd_buf_char(buf, (char)(high * 16 + low));
		i += 2;
	}
}

/* ---- base64 ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
vd_base64_encode(struct vd_buf *buf, struct vd_str bytes)
{
	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t n = VD_MIN(bytes.len - i, (size_t)3);
		uint32_t three = 0;
		for (size_t k = 0; k < 3; k++)
			three = three << 8 | (k < n ? (unsigned char)bytes.at[i + k] : 0u);
		char four[4];
		for (unsigned k = 0; k < 4; k++)
			four[k] = alphabet[three >> (18 - 6 * k) & 63u];
		vd_buf_add(buf, four, n + 1);
	}
}

static int
sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Takes the padding off; false where there is some and it does not fill up the last four. */
static bool
unpad(struct vd_str *text)
{
	size_t n = text->len;
	while (n > 0 && text->len - n < 2 && text->at[n - 1] == '=')
		n--;
	if (n != text->len && text->len % 4 != 0)
		return false;
	text->len = n;
	return n % 4 != 1; /* six bits are no byte */
}

bool
vd_base64_decode(struct vd_buf *buf, struct vd_str text)
{
	size_t before = buf->len;
	if (!unpad(&text) || !vd_buf_room(buf, text.len / 4 * 3 + 2))
		return false;
	uint32_t bits = 0;
	for (size_t i = 0; i < text.len; i++) {
		int six = sextet(text.at[i]);
		if (six < 0) {
			buf->len = before;
			buf->at[before] = '\0';
			return false;
		}
		bits = bits << 6 | (uint32_t)six;
		if (i % 4 != 0)
			vd_buf_char(buf, (char)(bits >> (6 - 2 * (i % 4)) & 255u));
	}
	return true;
}
