/*
 * Bytes as text in headers: percent-encoding (grpc-message) and base64 (values of keys that end in -bin).
 *
 * All write behind what is in the buffer.  Thread: any, one owner a buffer.
 */
#ifndef VD_RPC_TEXT_H
#define VD_RPC_TEXT_H

#include "base/str.h"

#define VD_RPC_MESSAGE_MAX                                                                                   \
	1024u /* bytes of a message that are sent, before encoding; cut where a character ends */

/*
 * gRPC over HTTP2, Percent-Encoded: all but printable ASCII, and %, becomes %XX.  The text is UTF-8; bytes that are
 * none go out as U+FFFD, so that every reader can decode what comes.
 */
void vd_percent_encode(struct vd_buf *buf, struct vd_str message);
/* %XX, either case, becomes its byte; what is broken stays as it stands.  Never fails but for memory. */
void vd_percent_decode(struct vd_buf *buf, struct vd_str text);

/* RFC 4648, 4, without padding. */
void vd_base64_encode(struct vd_buf *buf, struct vd_str bytes);
/*
 * With padding or without it.  False: not base64, and the buffer is as it was.  Bits that belong to no byte are not
 * looked at (RFC 4648, 3.5), since gRPC's implementations do not either.
 */
bool vd_base64_decode(struct vd_buf *buf, struct vd_str text) VD_MUST_USE;

#endif
