#include "net/http1_write.h"

#include <assert.h>

#include "net/http1_chars.h"

static const struct reason {
	unsigned status;
	const char *words;
} reasons[] = {
	/* RFC 9110, 15; 428 to 431: RFC 6585.  First what is looked for most. */
	{200, "OK"},
	{100, "Continue"},
	{101, "Switching Protocols"},
	{201, "Created"},
	{202, "Accepted"},
	{204, "No Content"},
	{206, "Partial Content"},
	{301, "Moved Permanently"},
	{302, "Found"},
	{303, "See Other"},
	{304, "Not Modified"},
	{307, "Temporary Redirect"},
	{308, "Permanent Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{410, "Gone"},
	{411, "Length Required"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{416, "Range Not Satisfiable"},
	{417, "Expectation Failed"},
	{421, "Misdirected Request"},
	{422, "Unprocessable Content"},
	{426, "Upgrade Required"},
	{428, "Precondition Required"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
	{505, "HTTP Version Not Supported"},
};

const char *
vd_http1_reason(unsigned status)
{
	for (size_t i = 0; i < VD_ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].words;
	return "Status";
}

static bool
is_token(struct vd_str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!(vd_http1_kind(name.at[i]) & VD_HTTP1_TOKEN))
			return false;
	return name.len > 0;
}

static bool
is_plain(struct vd_str value)
{
	return value.len == 0 || vd_http1_plain(value.at, value.len) == value.len;
}

/* What this file writes itself, or what would change what it wrote. */
static bool
is_own(struct vd_str name)
{
	static const struct vd_str own[] = {{"connection", 10}, {"content-length", 14}, {"date", 4},
		{"keep-alive", 10}, {"transfer-encoding", 17}, {"upgrade", 7}};
	for (size_t i = 0; i < VD_ARRAY_LEN(own); i++)
		if (vd_str_ieq(name, own[i]))
			return true;
	return false;
}

static enum vd_status
check(const struct vd_http1_answer *answer, struct vd_err *err)
{
	unsigned status = answer->status;
	if (status < 100 || status > 599)
		return vd_fail(err, VD_EINPUT, "an answer: there is no status %u", status);
	bool bare = status < 200 || status == 204 || status == 304;
	if (bare != (answer->body == VD_HTTP1_NOTHING))
		return vd_fail(err, VD_EINPUT, "an answer: status %u %s", status,
			bare ? "has no body" : "needs a length of its body");
	if (!is_plain(answer->date))
		return vd_fail(err, VD_EINPUT, "an answer: a control character in its date");
	if ((status == 101 || status == 426) != (answer->upgrade.len != 0) ||
		(answer->upgrade.len != 0 && !is_token(answer->upgrade)))
		return vd_fail(err, VD_EINPUT, "an answer: 101 and 426 name a protocol, no others do");
	for (size_t i = 0; i < answer->n; i++) {
		struct vd_str name = answer->headers[i].name;
		if (!is_token(name))
			return vd_fail(err, VD_EINPUT, "an answer: the name of header %zu is none", i + 1);
		int len = (int)VD_MIN(name.len, (size_t)64);
		if (is_own(name))
			return vd_fail(
				err, VD_EINPUT, "an answer: %.*s is not the caller's to write", len, name.at);
		if (!is_plain(answer->headers[i].value))
			return vd_fail(err, VD_EINPUT, "an answer: %.*s: a control character in its value",
				len, name.at);
	}
	return VD_OK;
}

/* Decimal digits at the end of to; returns the first. */
static struct vd_str
decimal(uint64_t n, char to[20])
{
	size_t i = 20;
	do
		to[--i] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	return (struct vd_str){to + i, 20 - i};
}

static void
write_header(const char *name, struct vd_str value, struct vd_buf *to)
{
	vd_buf_text(to, name);
	vd_buf_str(to, value);
	vd_buf_add(to, "\r\n", 2);
}

static void
write_framing(const struct vd_http1_answer *answer, struct vd_buf *to)
{
	char digits[20];
	if (answer->body == VD_HTTP1_BYTES)
		write_header("content-length: ", decimal(answer->length, digits), to);
	else if (answer->body == VD_HTTP1_CHUNKS)
		vd_buf_text(to, "transfer-encoding: chunked\r\n");
	bool close = answer->close || answer->body == VD_HTTP1_UNTIL_CLOSE;
	if (answer->upgrade.len != 0) {
		write_header("upgrade: ", answer->upgrade, to);
		write_header("connection: upgrade", close ? VD_S(", close") : VD_S(""), to);
	} else if (close) {
		vd_buf_text(to, "connection: close\r\n");
	}
}

enum vd_status
vd_http1_write_head(const struct vd_http1_answer *answer, struct vd_buf *to, struct vd_err *err)
{
	char digits[20];
	size_t before = to->len;
	enum vd_status st = check(answer, err);
	if (st != VD_OK)
		return st;
	vd_buf_text(to, "HTTP/1.1 ");
	vd_buf_str(to, decimal(answer->status, digits));
	vd_buf_char(to, ' ');
	write_header(vd_http1_reason(answer->status), VD_S(""), to);
	if (answer->date.len != 0)
		write_header("date: ", answer->date, to);
	for (size_t i = 0; i < answer->n; i++) {
		vd_buf_str(to, answer->headers[i].name);
		write_header(": ", answer->headers[i].value, to);
	}
	write_framing(answer, to);
	vd_buf_add(to, "\r\n", 2);
	if (!to->failed)
		return VD_OK;
	to->len = before; /* it stays failed: what comes behind a head that is missing must not go out */
	if (to->at != NULL)
		to->at[before] = '\0';
	return vd_fail(err, to->limit != 0 ? VD_ELIMIT : VD_ENOMEM, "an answer: no room for its head");
}

size_t
vd_http1_chunk_head(uint64_t n, char to[VD_HTTP1_CHUNK_HEAD_MAX])
{
	assert(n > 0);
	size_t len = 0, digits = (67u - (unsigned)__builtin_clzll(n)) / 4;
	for (; len < digits; len++)
		to[len] = "0123456789abcdef"[n >> (4 * (digits - 1 - len)) & 15];
	to[len] = '\r';
	to[len + 1] = '\n';
	return len + 2;
}

void
vd_http1_write_chunk(struct vd_str bytes, struct vd_buf *to)
{
	char head[VD_HTTP1_CHUNK_HEAD_MAX];
	if (bytes.len == 0)
		return;
	vd_buf_add(to, head, vd_http1_chunk_head(bytes.len, head));
	vd_buf_str(to, bytes);
	vd_buf_text(to, VD_HTTP1_CHUNK_TAIL);
}
