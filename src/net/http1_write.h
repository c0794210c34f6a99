/*
 * Answers of HTTP/1.1 (RFC 9112): status line, headers, and the framing of chunks.
 *
 * A head is written whole or not at all.  The writer alone says how long a body is and whether the connection stays,
 * so that no caller's header can say otherwise, and refuses control characters in names and values, so that no value
 * can begin a header or an answer of its own.
 *
 * Memory: the caller's buffer.  Thread: one owner.
 */
#ifndef VD_NET_HTTP1_WRITE_H
#define VD_NET_HTTP1_WRITE_H

#include "base/status.h"
#include "base/str.h"

enum vd_http1_length {
	VD_HTTP1_NOTHING,     /* 1xx, 204 and 304 alone: their heads end them (RFC 9110, 6.4.1) */
	VD_HTTP1_BYTES,       /* as many as length says; of an answer to HEAD, as many as GET would get */
	VD_HTTP1_CHUNKS,      /* for HTTP/1.1 alone */
	VD_HTTP1_UNTIL_CLOSE, /* what has no length for HTTP/1.0; closes */
};

struct vd_http1_header {
	struct vd_str name, value;
};

struct vd_http1_answer {
	unsigned status;
	enum vd_http1_length body;
	uint64_t length;    /* of BYTES */
	bool close;         /* the connection ends after this answer */
	struct vd_str date; /* "Sun, 06 Nov 1994 08:49:37 GMT"; empty: none */
	struct vd_str
		upgrade; /* the protocol of 101 and 426, which need one (RFC 9110, 7.8); of all others empty */
	/* none of these names: connection, content-length, date, keep-alive, transfer-encoding, upgrade */
	const struct vd_http1_header *headers;
	size_t n;
};

/*
 * Appends the head.  VD_EINPUT: the words name the header, and to is as it was.  VD_ELIMIT, VD_ENOMEM: to has no room
 * for it and stays failed.
 */
enum vd_status vd_http1_write_head(
	const struct vd_http1_answer *answer, struct vd_buf *to, struct vd_err *err) VD_MUST_USE;

/* "Not Found"; of a status that we do not use, "Status". */
const char *vd_http1_reason(unsigned status);

#define VD_HTTP1_CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

/* A chunk: its head, its bytes, VD_HTTP1_CHUNK_TAIL.  After all of them VD_HTTP1_LAST_CHUNK. */
#define VD_HTTP1_CHUNK_HEAD_MAX 18u
#define VD_HTTP1_CHUNK_TAIL "\r\n"
#define VD_HTTP1_LAST_CHUNK "0\r\n\r\n"

/* n > 0 bytes follow: an empty chunk would end the body.  Returns how long the head is; it has no NUL. */
size_t vd_http1_chunk_head(uint64_t n, char to[VD_HTTP1_CHUNK_HEAD_MAX]);
/* Appends a whole chunk; of no bytes nothing. */
void vd_http1_write_chunk(struct vd_str bytes, struct vd_buf *to);

#endif
