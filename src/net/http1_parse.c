#include "net/http1_parse.h"

#include <arpa/inet.h>
#include <assert.h>

#include "net/http1_chars.h"

enum phase { START, FIELDS, SIZED_BYTES, CHUNK_SIZE, CHUNK_BYTES, CHUNK_END, TRAILERS, ENDED, BROKEN };

/* vd_http1.seen */
#define SEEN_EMPTY 1u /* an empty line before the request */
#define SEEN_HOST 2u
#define SEEN_LENGTH 4u
#define SEEN_CODING 8u
#define SEEN_EXPECT 16u
#define SEEN_UPGRADE 32u
#define SAID_CLOSE 64u /* words of Connection */
#define SAID_UPGRADE 128u

#define REQUEST_LINE_REST (VD_HTTP1_METHOD_MAX + sizeof "  HTTP/1.1" - 1)

static void
reset(struct vd_http1 *http)
{
	struct vd_http1_limits limits = http->limits;
	memset(http, 0, offsetof(struct vd_http1, hops)); /* what follows has its counts there */
	http->limits = limits;
	http->body_limit = limits.body;
	http->line = 1;
}

void
vd_http1_init(struct vd_http1 *http, const struct vd_http1_limits *limits)
{
	http->limits = *limits;
	http->limits.head = VD_MIN(limits->head, (uint32_t)UINT16_MAX);
	http->limits.trailer = VD_MIN(limits->trailer, (uint32_t)UINT16_MAX);
	http->limits.fields = VD_MIN(limits->fields, VD_HTTP1_FIELDS_MAX);
	reset(http);
}

void
vd_http1_next(struct vd_http1 *http)
{
	assert(http->phase == ENDED && http->keep_alive);
	reset(http);
}

VD_COLD static enum vd_status
refuse(struct vd_http1 *http, uint16_t answer, struct vd_err *err, const char *words)
{
	bool bound = answer == 413 || answer == 414 || answer == 431;
	http->phase = BROKEN;
	http->answer = answer;
	return vd_fail_at(err, bound ? VD_ELIMIT : VD_EINPUT, http->line, 0, "%s", words);
}

VD_COLD static enum vd_status
still_refused(const struct vd_http1 *http, struct vd_err *err)
{
	return vd_fail(err, VD_EINPUT, "the connection was refused with %u before: close it", http->answer);
}

static struct vd_http1_span
span(size_t at, size_t len)
{
	return (struct vd_http1_span){(uint16_t)at, (uint16_t)len};
}

static unsigned
digit(char c)
{
	return (unsigned)(unsigned char)c - '0';
}

/* 16 and more: no hexadecimal digit. */
static unsigned
hex(char c)
{
	unsigned letter = ((unsigned)(unsigned char)c | 0x20u) - 'a';
	return digit(c) <= 9 ? digit(c) : letter <= 5 ? letter + 10 : 16;
}

static size_t
token_length(struct vd_str text)
{
	size_t i = 0;
	while (i < text.len && vd_http1_kind(text.at[i]) & VD_HTTP1_TOKEN)
		i++;
	return i;
}

/* ---- lines ---- */

/* How long a line may be, and what it is answered when it is longer. */
struct room {
	size_t line;
	size_t all; /* bytes of the whole section, this line's CR LF included */
	uint16_t answer;
};

/*
 * The line at bytes[done]: its length without CR LF.  Bytes are judged in their order, so that the same one refuses
 * it whichever way it was cut: a line too long by its first byte too many, a control character where it stands.
 */
static enum vd_status
next_line(struct vd_http1 *http, const char *bytes, size_t n, const struct room *room, size_t *ret_len,
	struct vd_err *err)
{
	assert(n >= http->done + http->looked); /* what was not used must come again */
	if (http->done + 2 > room->all)
		return refuse(http, room->answer, err, "the lines are longer than allowed together");
	const char *line = bytes + http->done;
	size_t have = n - http->done, most = VD_MIN(room->line, room->all - http->done - 2);
	size_t window = VD_MIN(have, most + 1);
	size_t len = http->looked + vd_http1_plain(line + http->looked, window - http->looked);
	http->looked = len;
	if (len == window)
		return have > most ? refuse(http, room->answer, err, "a line is longer than allowed")
				   : VD_EAGAIN;
	if (line[len] != '\r')
		return refuse(http, 400, err,
			line[len] == '\n' ? "a line ends in LF without CR" : "a control character");
	if (len + 1 == have)
		return VD_EAGAIN;
	if (line[len + 1] != '\n')
		return refuse(http, 400, err, "a CR without LF");
	*ret_len = len;
	return VD_OK;
}

static void
line_done(struct vd_http1 *http, size_t len)
{
	http->done += len + 2;
	http->looked = 0;
	http->line++;
}

/* ---- the request line: RFC 9112, 3 ---- */

static const struct vd_str methods[] = {
	[VD_HTTP1_GET] = {"GET", 3},
	[VD_HTTP1_HEAD] = {"HEAD", 4},
	[VD_HTTP1_POST] = {"POST", 4},
	[VD_HTTP1_PUT] = {"PUT", 3},
	[VD_HTTP1_PATCH] = {"PATCH", 5},
	[VD_HTTP1_DELETE] = {"DELETE", 6},
	[VD_HTTP1_OPTIONS] = {"OPTIONS", 7},
};

const char *
vd_http1_method_name(enum vd_http1_method method)
{
	return methods[method].at;
}

static bool
find_method(struct vd_http1 *http, struct vd_str name)
{
	for (size_t i = 0; i < VD_ARRAY_LEN(methods); i++) {
		if (!vd_str_eq(methods[i], name))
			continue;
		http->method = (enum vd_http1_method)i;
		return true;
	}
	return false;
}

/*
 * Bytes of a path and its query at the start of text, escapes whole; what stops them is the caller's to judge.
 * ret_path: up to the first ?.
 */
static size_t
target_length(struct vd_str text, size_t *ret_path)
{
	size_t i = 0, path = SIZE_MAX;
	for (; i < text.len; i++) {
		if (VD_LIKELY(vd_http1_kind(text.at[i]) & VD_HTTP1_TARGET)) {
			if (text.at[i] == '?' && path == SIZE_MAX)
				path = i;
			continue;
		}
		if (text.at[i] != '%' || text.len - i < 3)
			break;
		unsigned high = hex(text.at[i + 1]), low = hex(text.at[i + 2]);
		if (high > 15 || low > 15 || (high | low) == 0)
			break;
		i += 2;
	}
	*ret_path = VD_MIN(path, i);
	return i;
}

static const char *
bad_target(struct vd_str rest)
{
	if (rest.len == 0)
		return "the request line has no version";
	switch (rest.at[0]) {
	case '#':
		return "a fragment in the target";
	case '%':
		return "an escape in the target that is none, or %00";
	default:
		return "a byte in the target that must be escaped";
	}
}

static enum vd_status
check_version(struct vd_http1 *http, struct vd_str version, struct vd_err *err)
{
	static const char form[] = "HTTP/1.1";
	if (version.len != sizeof form - 1 || memcmp(version.at, form, 5) != 0 || digit(version.at[5]) > 9 ||
		version.at[6] != '.' || digit(version.at[7]) > 9)
		return refuse(http, 400, err, "the request line does not end in one space and a version");
	http->minor = (uint8_t)digit(version.at[7]);
	if (version.at[5] != '1' || http->minor > 1)
		return refuse(http, 505, err, "a version other than HTTP/1.1 and HTTP/1.0");
	return VD_OK;
}

/* RFC 9112, 3.2: of its four forms, origin-form and asterisk-form. */
static enum vd_status
check_target(struct vd_http1 *http, struct vd_str target, struct vd_err *err)
{
	if (target.len > http->limits.target)
		return refuse(http, 414, err, "the target is longer than allowed");
	if (target.at[0] == '/' ||
		(target.len == 1 && target.at[0] == '*' && http->method == VD_HTTP1_OPTIONS))
		return VD_OK;
	return refuse(http, 400, err, "the target is no path");
}

static enum vd_status
request_line(struct vd_http1 *http, struct vd_str line, struct vd_err *err)
{
	if (VD_UNLIKELY(vd_str_is(line, "PRI * HTTP/2.0"))) {
		http->preface = true;
		return refuse(http, 505, err, "HTTP/2 where HTTP/1.1 was agreed on");
	}
	size_t m = token_length(line), path;
	if (m == 0 || m == line.len || line.at[m] != ' ')
		return refuse(http, 400, err, "the request line does not begin with a method and one space");
	struct vd_str rest = {line.at + m + 1, line.len - m - 1};
	struct vd_str target = {rest.at, target_length(rest, &path)};
	rest.at += target.len;
	rest.len -= target.len;
	if (target.len == 0 && rest.len != 0 && rest.at[0] == ' ')
		return refuse(http, 400, err, "more than one space behind the method");
	if (rest.len == 0 || rest.at[0] != ' ')
		return refuse(http, 400, err, bad_target(rest));
	enum vd_status st = check_version(http, (struct vd_str){rest.at + 1, rest.len - 1}, err);
	if (st != VD_OK)
		return st;
	if (!find_method(http, (struct vd_str){line.at, m}))
		return refuse(http, 501, err, "a method that is not served");
	st = check_target(http, target, err);
	if (st != VD_OK)
		return st;
	size_t at = http->done + m + 1;
	http->target = span(at, target.len);
	http->path = span(at, path);
	if (path < target.len)
		http->query = span(at + path + 1, target.len - path - 1);
	return VD_OK;
}

/* ---- headers that the parser itself reads ---- */

/* A header as it is judged. */
struct judged {
	struct vd_http1_field *field;
	struct vd_str value;
	bool tab; /* stands around the value */
};

/* RFC 1123, 2.1: labels of 1 to 63 bytes; one dot may stand at the end. */
static bool
is_name(struct vd_str name)
{
	size_t label = 0;
	for (size_t i = 0; i < name.len; i++) {
		if (name.at[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (!(vd_http1_kind(name.at[i]) & VD_HTTP1_NAME) || ++label > 63) {
			return false;
		}
	}
	return name.len > 0 && name.len <= 255;
}

static bool
is_ipv6(struct vd_str text)
{
	char ended[INET6_ADDRSTRLEN];
	struct in6_addr address;
	if (text.len >= sizeof ended)
		return false;
	memcpy(ended, text.at, text.len);
	ended[text.len] = '\0';
	return inet_pton(AF_INET6, ended, &address) == 1;
}

static bool
is_port(struct vd_str text)
{
	uint64_t port;
	return text.len <= 5 && vd_str_u64(text, &port) && port >= 1 && port <= UINT16_MAX;
}

/* uri-host [ ":" port ]: RFC 9110, 7.2 and RFC 3986, 3.2.2, without IPvFuture, escapes and empty ports. */
static bool
is_host(struct vd_str host)
{
	bool bracket = host.len > 0 && host.at[0] == '[';
	const char *end = host.len == 0 ? NULL : memchr(host.at, bracket ? ']' : ':', host.len);
	if (bracket && end == NULL)
		return false;
	size_t len = end == NULL ? host.len : (size_t)(end - host.at);
	if (bracket && !is_ipv6((struct vd_str){host.at + 1, len - 1}))
		return false;
	if (!bracket && !is_name((struct vd_str){host.at, len}))
		return false;
	len += bracket;
	return len == host.len ||
	       (host.at[len] == ':' && is_port((struct vd_str){host.at + len + 1, host.len - len - 1}));
}

/* False: it is there already. */
static bool
first(struct vd_http1 *http, unsigned header)
{
	bool is = (http->seen & header) == 0;
	http->seen |= (uint8_t)header;
	return is;
}

static enum vd_status
take_host(struct vd_http1 *http, struct judged *header, struct vd_err *err)
{
	if (!first(http, SEEN_HOST))
		return refuse(http, 400, err, "more than one Host");
	if (!is_host(header->value))
		return refuse(http, 400, err, "Host is no name or address with a port or without");
	http->host = header->field->value;
	return VD_OK;
}

/* RFC 9112, 6.3 and RFC 9110, 8.6. */
static enum vd_status
take_length(struct vd_http1 *http, struct judged *header, struct vd_err *err)
{
	struct vd_str value = header->value;
	if (!first(http, SEEN_LENGTH))
		return refuse(http, 400, err, "more than one Content-Length");
	if (header->tab || !vd_str_u64(value, &http->content_length) || (value.at[0] == '0' && value.len > 1))
		return refuse(http, 400, err, "Content-Length is no plain decimal number below 2^64");
	return VD_OK;
}

/* RFC 9112, 6.1 and 7: the one coding served, in its one spelling. */
static enum vd_status
take_coding(struct vd_http1 *http, struct judged *header, struct vd_err *err)
{
	if (!first(http, SEEN_CODING))
		return refuse(http, 400, err, "more than one Transfer-Encoding");
	if (header->tab)
		return refuse(http, 400, err, "a tab around Transfer-Encoding");
	if (!vd_str_is(header->value, "chunked"))
		return refuse(
			http, 501, err, "a Transfer-Encoding other than chunked, alone and in small letters");
	header->field->hop = true;
	return VD_OK;
}

static enum vd_status
take_expect(struct vd_http1 *http, struct judged *header, struct vd_err *err)
{
	if (!first(http, SEEN_EXPECT) || !vd_str_ieq(header->value, VD_S("100-continue")))
		return refuse(http, 417, err, "an Expect other than 100-continue, once");
	return VD_OK;
}

/* Of several none is honoured. */
static enum vd_status
take_upgrade(struct vd_http1 *http, struct judged *header, struct vd_err *err)
{
	(void)err;
	header->field->hop = true;
	http->upgrade_to = first(http, SEEN_UPGRADE) ? header->field->value : span(0, 0);
	return VD_OK;
}

static enum vd_status
take_hop(struct vd_http1 *http, struct judged *header, struct vd_err *err)
{
	(void)http;
	(void)err;
	header->field->hop = true;
	return VD_OK;
}

/* A word of Connection, which stands at place in the head. */
static enum vd_status
take_option(struct vd_http1 *http, struct vd_str word, size_t place, struct vd_err *err)
{
	if (http->options++ == VD_HTTP1_OPTIONS_MAX)
		return refuse(http, 400, err, "too many words in Connection");
	if (token_length(word) != word.len)
		return refuse(http, 400, err, "a word in Connection that is no token");
	if (vd_str_ieq(word, VD_S("close"))) {
		http->seen |= SAID_CLOSE;
	} else if (vd_str_ieq(word, VD_S("upgrade"))) {
		http->seen |= SAID_UPGRADE;
	} else if (vd_str_ieq(word, VD_S("host")) || vd_str_ieq(word, VD_S("content-length")) ||
		   vd_str_ieq(word, VD_S("transfer-encoding"))) {
		return refuse(http, 400, err, "Connection lists a header that every reader needs");
	} else if (word.len != 0 && !vd_str_ieq(word, VD_S("keep-alive"))) {
		http->hops[http->n_hop++] = span(place, word.len);
	}
	return VD_OK;
}

/* RFC 9110, 7.6.1; a list, whose elements may be empty (5.6.1). */
static enum vd_status
take_connection(struct vd_http1 *http, struct judged *header, struct vd_err *err)
{
	enum vd_status st = VD_OK;
	struct vd_str rest = header->value;
	header->field->hop = true;
	for (bool more = true; more && st == VD_OK;) {
		const char *comma = rest.len == 0 ? NULL : memchr(rest.at, ',', rest.len);
		size_t len = comma == NULL ? rest.len : (size_t)(comma - rest.at);
		struct vd_str word = vd_str_trim((struct vd_str){rest.at, len});
		st = take_option(http, word, (size_t)(word.at - http->base), err);
		more = comma != NULL;
		rest.at += len + more;
		rest.len -= len + more;
	}
	return st;
}

#define KNOWN_NAME_MAX 17u /* transfer-encoding */

static enum vd_status
take_known(struct vd_http1 *http, struct vd_str name, struct judged *header, struct vd_err *err)
{
	static const struct known {
		const char *name;
		enum vd_status (*take)(struct vd_http1 *http, struct judged *header, struct vd_err *err);
	} known[KNOWN_NAME_MAX + 1][2] = {
		/* by length */
		[2] = {{"te", take_hop}},
		[4] = {{"host", take_host}},
		[6] = {{"expect", take_expect}},
		[7] = {{"upgrade", take_upgrade}},
		[10] = {{"connection", take_connection}, {"keep-alive", take_hop}},
		[14] = {{"content-length", take_length}, {"http2-settings", take_hop}},
		[16] = {{"proxy-connection", take_hop}},
		[17] = {{"transfer-encoding", take_coding}},
	};
	if (name.len > KNOWN_NAME_MAX)
		return VD_OK;
	const struct known *same = known[name.len];
	for (size_t i = 0; i < VD_ARRAY_LEN(known[0]) && same[i].name != NULL; i++)
		if (memcmp(same[i].name, name.at, name.len) == 0)
			return same[i].take(http, header, err);
	return VD_OK;
}

/* ---- header and trailer lines: RFC 9112, 5 ---- */

/* What may not come behind a body: framing, routing, credentials, conditions, what says how to read the body, and what
   is of the connection (RFC 9110, 6.5.1). */
static bool
is_never_trailer(struct vd_str name)
{
	static const char *const names[] = {"authorization", "cache-control", "connection",
		"content-encoding", "content-length", "content-range", "content-type", "cookie", "expect",
		"forwarded", "host", "http2-settings", "idempotency-key", "keep-alive", "max-forwards",
		"pragma", "proxy-authorization", "proxy-connection", "range", "set-cookie", "te", "trailer",
		"transfer-encoding", "upgrade"};
	for (size_t i = 0; i < VD_ARRAY_LEN(names); i++)
		if (vd_str_is(name, names[i]))
			return true;
	return vd_str_starts(name, "if-") || vd_str_starts(name, "x-forwarded-");
}

static const char *
bad_name(struct vd_str line, size_t name_len)
{
	if (line.at[0] == ' ' || line.at[0] == '\t')
		return "a line that begins with a blank: folded lines are not read";
	if (name_len == line.len)
		return "a line without a colon";
	if (line.at[name_len] == ' ' || line.at[name_len] == '\t')
		return "a blank before the colon";
	return line.at[0] == ':' ? "a header without a name" : "a byte in a name that no name has";
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* What follows the colon without the blanks around it; whether a tab is among these. */
static struct vd_str
field_value(struct vd_str text, bool *ret_tab)
{
	bool tab = false;
	for (; text.len > 0 && is_blank(text.at[0]); text.at++, text.len--)
		tab |= text.at[0] == '\t';
	for (; text.len > 0 && is_blank(text.at[text.len - 1]); text.len--)
		tab |= text.at[text.len - 1] == '\t';
	*ret_tab = tab;
	return text;
}

/* The name is made small where it stands.  section: where the head or the trailers begin. */
static enum vd_status
field_line(struct vd_http1 *http, char *section, size_t len, struct vd_err *err)
{
	char *line = section + http->done;
	size_t i = 0, n = (size_t)http->n_headers + http->n_trailers;
	for (; i < len; i++) {
		unsigned kind = vd_http1_kind(line[i]);
		if (!(kind & VD_HTTP1_TOKEN))
			break;
		line[i] = (char)((unsigned char)line[i] | (kind & VD_HTTP1_UPPER));
	}
	if (i == 0 || i == len || line[i] != ':')
		return refuse(http, 400, err, bad_name((struct vd_str){line, len}, i));
	if (n >= http->limits.fields)
		return refuse(http, 431, err, "more headers than allowed");
	struct vd_str name = {line, i};
	struct judged header = {.field = &http->fields[n]};
	header.value = field_value((struct vd_str){line + i + 1, len - i - 1}, &header.tab);
	*header.field = (struct vd_http1_field){.name = span(http->done, i),
		.value = span((size_t)(header.value.at - section), header.value.len)};
	if (http->phase == FIELDS) {
		http->n_headers++;
		return take_known(http, name, &header, err);
	}
	http->n_trailers++;
	return is_never_trailer(name) ? refuse(http, 400, err, "a trailer that must be a header") : VD_OK;
}

/* ---- the head ---- */

static void
mark_hops(struct vd_http1 *http)
{
	for (unsigned i = 0; i < http->n_hop; i++)
		for (unsigned f = 0; f < http->n_headers; f++)
			if (vd_str_ieq(vd_http1_str(http, http->hops[i]),
				    vd_http1_str(http, http->fields[f].name)))
				http->fields[f].hop = true;
}

static enum vd_status
check_body_limit(struct vd_http1 *http, struct vd_err *err)
{
	if (http->framing == VD_HTTP1_SIZED && http->content_length > http->body_limit)
		return refuse(http, 413, err, "the body is longer than allowed");
	return VD_OK;
}

/* What the headers say together: RFC 9112, 6.3 (framing), 9.3 (persistence). */
static enum vd_status
end_head(struct vd_http1 *http, struct vd_err *err)
{
	unsigned seen = http->seen;
	if (http->minor == 1 && !(seen & SEEN_HOST))
		return refuse(http, 400, err, "no Host");
	if ((seen & SEEN_CODING) && http->minor == 0)
		return refuse(http, 400, err, "Transfer-Encoding in HTTP/1.0");
	if ((seen & SEEN_CODING) && (seen & SEEN_LENGTH))
		return refuse(http, 400, err, "both Transfer-Encoding and Content-Length");
	http->framing = seen & SEEN_CODING   ? VD_HTTP1_CHUNKED
			: seen & SEEN_LENGTH ? VD_HTTP1_SIZED
					     : VD_HTTP1_NO_BODY;
	http->keep_alive = http->minor == 1 && !(seen & SAID_CLOSE);
	http->expect_continue = http->minor == 1 && (seen & SEEN_EXPECT);
	http->upgrade = http->minor == 1 && (seen & SAID_UPGRADE) && http->upgrade_to.len != 0 &&
			!vd_str_ieq(vd_http1_str(http, http->upgrade_to), VD_S("h2c"));
	mark_hops(http);
	http->line = 0; /* the body's refusals name no line */
	enum vd_status st = check_body_limit(http, err);
	if (st != VD_OK)
		return st;
	http->left = http->content_length;
	http->phase = http->framing == VD_HTTP1_CHUNKED ? CHUNK_SIZE : http->left != 0 ? SIZED_BYTES : ENDED;
	return VD_OK;
}

static enum vd_status
head_line(struct vd_http1 *http, char *bytes, size_t len, struct vd_err *err)
{
	if (http->phase == FIELDS)
		return field_line(http, bytes, len, err);
	if (len != 0) {
		http->phase = FIELDS;
		return request_line(http, (struct vd_str){bytes + http->done, len}, err);
	}
	return first(http, SEEN_EMPTY) ? VD_OK : refuse(http, 400, err, "empty lines before the request");
}

enum vd_status
vd_http1_head(struct vd_http1 *http, char *bytes, size_t n, size_t *ret_used, struct vd_err *err)
{
	if (http->phase == BROKEN)
		return still_refused(http, err);
	assert(http->phase <= FIELDS);
	if (n == 0)
		return VD_EAGAIN;
	http->base = bytes;
	const struct room first_line = {http->limits.target + REQUEST_LINE_REST, http->limits.head, 414};
	const struct room other = {http->limits.line, http->limits.head, 431};
	size_t len;
	enum vd_status st;
	for (;;) {
		bool in_fields = http->phase == FIELDS;
		st = next_line(http, bytes, n, in_fields ? &other : &first_line, &len, err);
		if (st != VD_OK)
			return st;
		if (in_fields && len == 0)
			break;
		st = head_line(http, bytes, len, err);
		if (st != VD_OK)
			return st;
		line_done(http, len);
	}
	size_t used = http->done + 2;
	st = end_head(http, err);
	if (st != VD_OK)
		return st;
	http->done = http->looked = 0;
	*ret_used = used;
	return VD_OK;
}

/* ---- the body ---- */

enum vd_status
vd_http1_limit_body(struct vd_http1 *http, uint64_t limit, struct vd_err *err)
{
	if (http->phase == BROKEN)
		return still_refused(http, err);
	assert(http->phase > FIELDS && http->taken == 0);
	http->body_limit = limit;
	return check_body_limit(http, err);
}

/* qdtext and quoted-pair: RFC 9110, 5.6.4; the line has no control characters.  0: no quoted string. */
static size_t
quoted_length(struct vd_str text)
{
	size_t i = 1;
	if (text.len == 0 || text.at[0] != '"')
		return 0;
	while (i < text.len && text.at[i] != '"')
		i += text.at[i] == '\\' ? 2 : 1;
	return i < text.len ? i + 1 : 0;
}

/* *( ";" token [ "=" ( token / quoted-string ) ] ): RFC 9112, 7.1.1, without its "bad" blanks. */
static bool
are_extensions(struct vd_str text)
{
	while (text.len > 0) {
		size_t i = 1, len = token_length((struct vd_str){text.at + 1, text.len - 1});
		if (text.at[0] != ';' || len == 0)
			return false;
		i += len;
		if (i < text.len && text.at[i] == '=') {
			struct vd_str value = {text.at + i + 1, text.len - i - 1};
			len = token_length(value);
			len = len == 0 ? quoted_length(value) : len;
			if (len == 0)
				return false;
			i += 1 + len;
		}
		text.at += i;
		text.len -= i;
	}
	return true;
}

/* RFC 9112, 7.1: a size of 1 to 16 hexadecimal digits, which no number of 64 bits overflows. */
static enum vd_status
chunk_line(struct vd_http1 *http, struct vd_str line, struct vd_err *err)
{
	uint64_t size = 0;
	size_t i = 0;
	for (; i < line.len && hex(line.at[i]) <= 15; i++) {
		if (i == 16)
			return refuse(http, 400, err, "a chunk's size has more than 16 digits");
		size = size << 4 | hex(line.at[i]);
	}
	struct vd_str extensions = {line.at + i, line.len - i};
	if (i == 0 || !are_extensions(extensions))
		return refuse(http, 400, err, "a chunk does not begin with a hexadecimal size");
	http->extensions += (uint32_t)extensions.len;
	if (http->extensions > VD_HTTP1_EXTENSIONS)
		return refuse(http, 413, err, "more chunk extensions than allowed");
	if (size > http->body_limit - http->taken)
		return refuse(http, 413, err, "the body is longer than allowed");
	http->taken += size;
	http->left = size;
	http->phase = size == 0 ? TRAILERS : CHUNK_BYTES;
	return VD_OK;
}

static enum vd_status
chunk_size(struct vd_http1 *http, const char *bytes, size_t n, size_t *ret_used, struct vd_err *err)
{
	static const struct room room = {VD_HTTP1_CHUNK_LINE, VD_HTTP1_CHUNK_LINE + 2, 413};
	size_t len;
	enum vd_status st = next_line(http, bytes, n, &room, &len, err);
	if (st != VD_OK)
		return st;
	st = chunk_line(http, (struct vd_str){bytes, len}, err);
	if (st != VD_OK)
		return st;
	http->looked = 0;
	http->line = http->phase == TRAILERS;
	*ret_used = len + 2;
	return VD_OK;
}

static enum vd_status
chunk_end(struct vd_http1 *http, const char *bytes, size_t n, size_t *ret_used, struct vd_err *err)
{
	if (bytes[0] != '\r' || (n > 1 && bytes[1] != '\n'))
		return refuse(http, 400, err, "a chunk is longer than its size, or does not end in CR LF");
	if (n < 2)
		return VD_EAGAIN;
	http->phase = CHUNK_SIZE;
	*ret_used = 2;
	return VD_OK;
}

/* Uses nothing until all trailers are there: they are read where they stand. */
static enum vd_status
trailer_section(struct vd_http1 *http, char *bytes, size_t n, size_t *ret_used, struct vd_err *err)
{
	const struct room room = {http->limits.line, http->limits.trailer, 431};
	for (size_t len;;) {
		enum vd_status st = next_line(http, bytes, n, &room, &len, err);
		if (st == VD_OK && len != 0)
			st = field_line(http, bytes, len, err);
		if (st != VD_OK)
			return st;
		line_done(http, len);
		if (len == 0)
			break;
	}
	*ret_used = http->done;
	http->trailers = bytes;
	http->phase = ENDED;
	return VD_OK;
}

/* What stands between the bytes of chunks and behind them. */
static enum vd_status
chunk_framing(struct vd_http1 *http, char *bytes, size_t n, size_t *ret_used, struct vd_err *err)
{
	switch (http->phase) {
	case CHUNK_SIZE:
		return chunk_size(http, bytes, n, ret_used, err);
	case CHUNK_END:
		return chunk_end(http, bytes, n, ret_used, err);
	default:
		return trailer_section(http, bytes, n, ret_used, err);
	}
}

static struct vd_str
next_piece(struct vd_http1 *http, const char *bytes, size_t n)
{
	size_t len = http->left < n ? (size_t)http->left : n;
	http->left -= len;
	if (http->left == 0)
		http->phase = http->phase == SIZED_BYTES ? ENDED : CHUNK_END;
	return (struct vd_str){bytes, len};
}

enum vd_status
vd_http1_body(struct vd_http1 *http, char *bytes, size_t n, struct vd_str *ret_piece, size_t *ret_used,
	struct vd_err *err)
{
	if (http->phase == BROKEN)
		return still_refused(http, err);
	assert(http->phase > FIELDS);
	size_t used = 0;
	while (http->phase != ENDED && used < n) {
		char *at = bytes + used;
		if (http->phase == SIZED_BYTES || http->phase == CHUNK_BYTES) {
			*ret_piece = next_piece(http, at, n - used);
			*ret_used = used + ret_piece->len;
			return VD_OK;
		}
		size_t step;
		enum vd_status st = chunk_framing(http, at, n - used, &step, err);
		if (st == VD_EAGAIN)
			break;
		if (st != VD_OK)
			return st;
		used += step;
	}
	*ret_used = used;
	return http->phase == ENDED ? VD_END : VD_EAGAIN;
}

/* ---- looking up ---- */

static enum vd_status
find_only(const char *base, const struct vd_http1_field *fields, size_t n, struct vd_str name,
	struct vd_str *ret_value)
{
	const struct vd_http1_field *found = NULL;
	for (size_t i = 0; i < n; i++) {
		if (fields[i].name.len != name.len ||
			memcmp(base + fields[i].name.at, name.at, name.len) != 0)
			continue;
		if (found != NULL)
			return VD_EINPUT;
		found = &fields[i];
	}
	if (found == NULL)
		return VD_ENOTFOUND;
	*ret_value = (struct vd_str){base + found->value.at, found->value.len};
	return VD_OK;
}

enum vd_status
vd_http1_find_header(const struct vd_http1 *http, struct vd_str name, struct vd_str *ret_value)
{
	return find_only(http->base, http->fields, http->n_headers, name, ret_value);
}

enum vd_status
vd_http1_find_trailer(const struct vd_http1 *http, struct vd_str name, struct vd_str *ret_value)
{
	return find_only(http->trailers, http->fields + http->n_headers, http->n_trailers, name, ret_value);
}

size_t
vd_http1_find_from(const struct vd_http1 *http, struct vd_str name, size_t from)
{
	while (from < http->n_headers && !vd_str_eq(vd_http1_str(http, http->fields[from].name), name))
		from++;
	return from;
}
