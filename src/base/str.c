#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"

static unsigned char
lower(char c)
{
	unsigned char u = (unsigned char)c;
	return u >= 'A' && u <= 'Z' ? (unsigned char)(u | 0x20u) : u;
}

bool
vd_str_ieq(struct vd_str a, struct vd_str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.at[i]) != lower(b.at[i]))
			return false;
	return true;
}

int
vd_str_cmp(struct vd_str a, struct vd_str b)
{
	size_t n = VD_MIN(a.len, b.len);
	int order = n == 0 ? 0 : memcmp(a.at, b.at, n);
	if (order != 0)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

bool
vd_str_starts(struct vd_str a, const char *prefix)
{
	size_t n = strlen(prefix);
	return a.len >= n && memcmp(a.at, prefix, n) == 0;
}

bool
vd_str_ends(struct vd_str a, const char *suffix)
{
	size_t n = strlen(suffix);
	return a.len >= n && memcmp(a.at + a.len - n, suffix, n) == 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct vd_str
vd_str_trim(struct vd_str a)
{
	while (a.len > 0 && is_blank(a.at[0])) {
		a.at++;
		a.len--;
	}
	while (a.len > 0 && is_blank(a.at[a.len - 1]))
		a.len--;
	return a;
}

bool
vd_str_u64(struct vd_str a, uint64_t *ret)
{
	uint64_t v = 0;
	if (a.len == 0)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		unsigned digit = (unsigned)(unsigned char)a.at[i] - '0';
		if (digit > 9 || v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*ret = v;
	return true;
}

static size_t
digits(const char *at, size_t i, size_t n)
{
	size_t from = i;
	while (i < n && at[i] >= '0' && at[i] <= '9')
		i++;
	return i - from;
}

/* -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? : RFC 8259 section 6 */
static bool
is_json_number(struct vd_str a)
{
	size_t i = 0, n;
	if (i < a.len && a.at[i] == '-')
		i++;
	n = digits(a.at, i, a.len);
	if (n == 0 || (n > 1 && a.at[i] == '0'))
		return false;
	i += n;
	if (i < a.len && a.at[i] == '.') {
		n = digits(a.at, ++i, a.len);
		if (n == 0)
			return false;
		i += n;
	}
	if (i < a.len && (a.at[i] == 'e' || a.at[i] == 'E')) {
		i++;
		if (i < a.len && (a.at[i] == '+' || a.at[i] == '-'))
			i++;
		n = digits(a.at, i, a.len);
		if (n == 0)
			return false;
		i += n;
	}
	return i == a.len;
}

bool
vd_str_double(struct vd_str a, double *ret)
{
	char text[64];
	if (a.len == 0 || a.len >= sizeof text || !is_json_number(a))
		return false;
	memcpy(text, a.at, a.len);
	text[a.len] = '\0';
	*ret = strtod(text, NULL);
	return true;
}

void
vd_buf_init(struct vd_buf *buf, size_t limit)
{
	*buf = (struct vd_buf){.limit = limit};
}

void
vd_buf_fini(struct vd_buf *buf)
{
	vd_mem_free(buf->at);
	*buf = (struct vd_buf){.limit = buf->limit};
}

void
vd_buf_reset(struct vd_buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->at != NULL)
		buf->at[0] = '\0';
}

bool
vd_buf_room(struct vd_buf *buf, size_t more)
{
	if (buf->failed)
		return false;
	if (more >= SIZE_MAX / 2 - buf->len || (buf->limit != 0 && buf->len + more > buf->limit)) {
		buf->failed = true;
		return false;
	}
	void *grown = buf->at;
	if (!vd_mem_grow(&grown, &buf->cap, buf->len + more + 1, 1, 256)) {
		buf->failed = true;
		return false;
	}
	buf->at = grown;
	return true;
}

void
vd_buf_add(struct vd_buf *buf, const void *bytes, size_t n)
{
	if (!vd_buf_room(buf, n))
		return;
	if (n != 0)
		memcpy(buf->at + buf->len, bytes, n);
	buf->len += n;
	buf->at[buf->len] = '\0';
}

void
vd_buf_str(struct vd_buf *buf, struct vd_str s)
{
	vd_buf_add(buf, s.at, s.len);
}

void
vd_buf_text(struct vd_buf *buf, const char *text)
{
	vd_buf_add(buf, text, strlen(text));
}

void
vd_buf_char(struct vd_buf *buf, char c)
{
	vd_buf_add(buf, &c, 1);
}

void
vd_buf_printf(struct vd_buf *buf, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0 || !vd_buf_room(buf, (size_t)n))
		return;
	va_start(args, fmt);
	(void)vsnprintf(buf->at + buf->len, (size_t)n + 1, fmt, args);
	va_end(args);
	buf->len += (size_t)n;
}

static void
json_char(struct vd_buf *buf, unsigned char c)
{
	static const char short_form[] = "btn?fr";
	if (c == '"' || c == '\\')
		vd_buf_add(buf, (char[]){'\\', (char)c}, 2);
	else if (c >= 8 && c <= 13 && c != 11)
		vd_buf_add(buf, (char[]){'\\', short_form[c - 8]}, 2);
	else
		vd_buf_printf(buf, "\\u%04x", c);
}

void
vd_buf_json(struct vd_buf *buf, struct vd_str s)
{
	vd_buf_char(buf, '"');
	size_t i = 0, plain = 0;
	while (i < s.len) {
		unsigned char c = (unsigned char)s.at[i];
		size_t step = c < 0x80 ? 1 : vd_utf8_valid_at(s.at + i, s.len - i);
		if (step != 0 && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
			i += step;
			continue;
		}
		vd_buf_add(buf, s.at + plain, i - plain);
		if (step == 0)
			vd_buf_text(buf, "\xef\xbf\xbd");
		else
			json_char(buf, c);
		plain = ++i;
	}
	if (plain < s.len)
		vd_buf_add(buf, s.at + plain, s.len - plain);
	vd_buf_char(buf, '"');
}
