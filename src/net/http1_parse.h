/*
 * Requests of HTTP/1.1 (RFC 9112, RFC 9110) out of the bytes of a connection: strict, so that no two readers of them
 * can see different requests (request smuggling).  What is refused is answered and the connection closed.
 *
 * The caller owns the bytes and hands over all it has not used yet:
 *
 *   vd_http1_init                              once a connection
 *   vd_http1_head until it is VD_OK            the head stays where it is while its parts are read
 *   vd_http1_body until it is VD_END           pieces of the body as they come; also when there is no body
 *   vd_http1_next                              if keep_alive says so: the next request begins with the next byte
 *
 * VD_EAGAIN asks for more bytes: the next call gets those not used, wherever they stand by then, with more behind
 * them.  What comes out depends on the bytes alone, not on where they were cut, and a cut makes nothing be read
 * anew.  Every other failure is final: answer is the HTTP status to send, and then the connection ends.
 *
 * The bytes are written to: names of headers and trailers come out in small letters, as HTTP/2 has them.
 *
 * Stricter than RFC 9112 asks, and on purpose:
 *   lines end in CR LF alone; of empty lines before a request one is dropped (2.2), no more;
 *   a target is a path with its query, or * for OPTIONS; the absolute form, which proxies get, is refused;
 *   a target keeps to RFC 3986 byte by byte, and has no %00;
 *   Transfer-Encoding is `chunked` in small letters, once; Content-Length has no zero in front and comes once, equal
 *   or not; no tab stands around either; both together are refused;
 *   Host is a name, an IPv4 address or an IPv6 address in brackets, with a port or without, once; HTTP/1.0 may lack it;
 *   Connection may not list Host, Content-Length or Transfer-Encoding;
 *   chunk extensions keep to their grammar, without blanks; they are dropped.
 * Of HTTP/1.0 only requests without Transfer-Encoding are served, and the connection ends after each.  An upgrade to
 * h2c is never offered: the request is served as if it had not asked.  Dot segments and escapes other than %00 in a
 * path are the router's.
 *
 * Bounds: those of struct vd_http1_limits; nothing is allocated.  Thread: one owner.
 */
#ifndef VD_NET_HTTP1_PARSE_H
#define VD_NET_HTTP1_PARSE_H

#include "base/status.h"
#include "base/str.h"

#define VD_HTTP1_FIELDS_MAX 128u  /* headers and trailers of a request together */
#define VD_HTTP1_OPTIONS_MAX 16u  /* words in Connection, all such headers together */
#define VD_HTTP1_METHOD_MAX 32u   /* bytes of room for a method in the request line */
#define VD_HTTP1_CHUNK_LINE 256u  /* bytes of a chunk's size and extensions, without CR LF */
#define VD_HTTP1_EXTENSIONS 4096u /* bytes of a body's chunk extensions together */

/* Bytes but for fields; what is above the bound on the right is taken as that. */
struct vd_http1_limits {
	uint32_t head;    /* all of it, to the end of the empty line; <= UINT16_MAX */
	uint32_t line;    /* one header or trailer, without its CR LF */
	uint32_t target;  /* path and query */
	uint32_t fields;  /* headers, and trailers after them; <= VD_HTTP1_FIELDS_MAX */
	uint32_t trailer; /* all trailers with the empty line; <= UINT16_MAX */
	uint64_t body;    /* without chunk framing; see also vd_http1_limit_body */
};
#define VD_HTTP1_LIMITS                                                                                      \
	((struct vd_http1_limits){.head = 16u << 10,                                                         \
		.line = 8u << 10,                                                                            \
		.target = 8u << 10,                                                                          \
		.fields = 100,                                                                               \
		.trailer = 4u << 10,                                                                         \
		.body = 16u << 20})

/* TRACE, CONNECT and what no one knows are answered 501. */
enum vd_http1_method {
	VD_HTTP1_GET,
	VD_HTTP1_HEAD,
	VD_HTTP1_POST,
	VD_HTTP1_PUT,
	VD_HTTP1_PATCH,
	VD_HTTP1_DELETE,
	VD_HTTP1_OPTIONS,
};

enum vd_http1_framing {
	VD_HTTP1_NO_BODY, /* neither Content-Length nor Transfer-Encoding */
	VD_HTTP1_SIZED,
	VD_HTTP1_CHUNKED,
};

/* A part of the head, or of the trailers: bytes from its beginning. */
struct vd_http1_span {
	uint16_t at, len;
};

struct vd_http1_field {
	struct vd_http1_span name;  /* in small letters */
	struct vd_http1_span value; /* as sent, without blanks around; bytes >= 0x80 are possible */
	bool hop;                   /* for this connection alone (RFC 9110, 7.6.1): never pass it on */
};

struct vd_http1 {
	struct vd_http1_limits limits;

	/* ---- the request; known once vd_http1_head said VD_OK ---- */
	const char *base; /* where the head stands: set it anew when you move the head */
	enum vd_http1_method method;
	enum vd_http1_framing framing;
	struct vd_http1_span target, path, query; /* query: what follows the first ?, maybe nothing */
	struct vd_http1_span host;                /* with its port; empty: HTTP/1.0 without one */
	uint64_t content_length;                  /* of SIZED */
	uint8_t minor;                            /* HTTP/1.minor: 0 or 1 */
	bool keep_alive;                          /* may another request follow? */
	bool expect_continue; /* the client waits for 100 before it sends the body (RFC 9110, 10.1.1) */
	bool upgrade;         /* Connection asks for what Upgrade names, and that is not h2c alone */
	uint16_t n_headers, n_trailers;

	/* ---- a refusal ---- */
	uint16_t answer; /* the HTTP status to answer with; 0: nothing was refused */
	bool preface;    /* refused because HTTP/2 began, without TLS having chosen it */

	/* ---- the parser's own ---- */
	uint8_t phase;
	uint8_t seen;  /* headers that may come once */
	uint32_t line; /* 1-based, of the head or of the trailers */
	size_t done;   /* bytes of the head or of the trailers that were judged: whole lines */
	size_t looked; /* bytes after them that were seen to be plain */
	const char *trailers;
	uint64_t body_limit;
	uint64_t taken,
		left; /* of the body: announced by chunks so far; of it or of this chunk still to come */
	uint32_t extensions;    /* bytes */
	uint8_t options, n_hop; /* words of Connection; those among them that name headers */
	struct vd_http1_span upgrade_to;
	struct vd_http1_span hops[VD_HTTP1_OPTIONS_MAX];
	struct vd_http1_field fields[VD_HTTP1_FIELDS_MAX]; /* the headers, then the trailers */
};

void vd_http1_init(struct vd_http1 *http, const struct vd_http1_limits *limits);
/*
 * After VD_END of the body: ready for the next request, with the limits as given in the beginning.  Only where
 * keep_alive is: what a client sends after its last request is no request.
 */
void vd_http1_next(struct vd_http1 *http);

/*
 * bytes[0] is the first byte of the request.  VD_OK: the head is whole and ret_used bytes long; what is behind it is
 * the body's.  VD_EAGAIN leaves err as it is.  VD_EINPUT, VD_ELIMIT: see answer; err->line is the line of the head.
 */
enum vd_status vd_http1_head(
	struct vd_http1 *http, char *bytes, size_t n, size_t *ret_used, struct vd_err *err) VD_MUST_USE;

/* Another bound for this request's body, between its head and its body: a route's own. */
enum vd_status vd_http1_limit_body(struct vd_http1 *http, uint64_t limit, struct vd_err *err) VD_MUST_USE;

/*
 * VD_OK: ret_piece is the next piece, never empty, and lies in the ret_used bytes that are done with.  VD_EAGAIN: no
 * piece yet, but ret_used bytes are done with too.  VD_END: the body has ended, ret_used bytes later; trailers, if
 * there are any, lie in these.  bytes[0] is the first byte not used so far.
 */
enum vd_status vd_http1_body(struct vd_http1 *http, char *bytes, size_t n, struct vd_str *ret_piece,
	size_t *ret_used, struct vd_err *err) VD_MUST_USE;

/* A part of the head; borrows the caller's bytes at base. */
VD_INLINE struct vd_str
vd_http1_str(const struct vd_http1 *http, struct vd_http1_span span)
{
	return (struct vd_str){http->base + span.at, span.len};
}

/*
 * The header of this name, which is in small letters.  VD_ENOTFOUND: there is none.  VD_EINPUT: there are several,
 * and whoever reads one value of them reads another than the next.
 */
enum vd_status vd_http1_find_header(
	const struct vd_http1 *http, struct vd_str name, struct vd_str *ret_value) VD_MUST_USE;
/* The same among the trailers, after VD_END and while their bytes stand.  Trailers never count as headers. */
enum vd_status vd_http1_find_trailer(
	const struct vd_http1 *http, struct vd_str name, struct vd_str *ret_value) VD_MUST_USE;
/* Each header of a name in turn: its place at or after from; n_headers: no more. */
size_t vd_http1_find_from(const struct vd_http1 *http, struct vd_str name, size_t from);

const char *vd_http1_method_name(enum vd_http1_method method);

#endif
