/*
 * For tests: plays bytes to the HTTP/1.1 parser in pieces, as they could come from a connection, and writes down what
 * comes out:
 *
 *   POST /a ?b HTTP/1.1 host=h keep-alive chunked
 *     content-type: text/plain
 *   body hello
 *     a-trailer: 1
 *   closed                                    (the request was the last of its connection)
 *   more 3                                    (3 bytes are held, the rest of a request is asked for)
 *   refused 400 line 2: a blank before the colon
 *
 * Every call gets its bytes in a block of exactly their size and at another place than before, so that the address
 * sanitizer sees what is read beyond them or from a block of an earlier call.
 */
#ifndef VD_NET_HTTP1_PLAY_H
#define VD_NET_HTTP1_PLAY_H

#include "net/http1_parse.h"

/* The first piece has `first` bytes, the others `step`; 0: all that are left. */
struct vd_http1_cuts {
	size_t first, step;
};

void vd_http1_play(struct vd_str bytes, const struct vd_http1_limits *limits, struct vd_http1_cuts cuts,
	struct vd_buf *to);

#endif
