/*
 * The metadata of a call: keys and values that applications send along, beside what gRPC itself says in headers.
 *
 * A key that ends in -bin has bytes as its value; they are base64 on the wire and plain in a struct vd_metadata.  Keys
 * of gRPC ("grpc-…"), of HTTP and of tracing are not metadata: an application may not send them, and those that come
 * are left to the layer that knows them.
 *
 * Memory: a list borrows an arena, which keeps all of its keys and values.  Bounds: the cost of the list, as
 * SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113, 6.5.2), and VD_METADATA_ROWS.  Thread: one owner.
 */
#ifndef VD_RPC_METADATA_H
#define VD_RPC_METADATA_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

#define VD_METADATA_LIMIT 8192u /* cost of a list where nothing else is said: gRPC over HTTP2 suggests it */
#define VD_METADATA_ROWS 256u
#define VD_METADATA_KEY_MAX 128u /* bytes */

enum vd_metadata_kind {
	VD_METADATA_ASCII,
	VD_METADATA_BINARY,
	VD_METADATA_RESERVED, /* a pseudo header, or a header of gRPC, HTTP or tracing */
	VD_METADATA_INVALID,  /* no key at all: a byte other than 0-9 a-z _ - . stands in it */
};

enum vd_metadata_kind vd_metadata_kind(struct vd_str key);
/* Space and printable ASCII. */
bool vd_metadata_is_ascii(struct vd_str value);
/* What a header of these lengths, as sent, adds to its list. */
VD_INLINE size_t
vd_metadata_cost(size_t key, size_t value)
{
	return key + value + 32;
}

struct vd_metadata_row {
	struct vd_str key, value;
};

struct vd_metadata {
	struct vd_arena *arena;
	size_t limit, cost;
	struct vd_metadata_row *rows; /* in the order they came */
	size_t n, cap;
};

void vd_metadata_init(struct vd_metadata *metadata, struct vd_arena *arena, size_t limit);

/*
 * What an application sends: strict.  VD_EINPUT: a key it may not send, or a value that would not arrive as it is.
 * VD_ELIMIT: too much.  On failure the list is as it was, but for memory of the arena.
 */
enum vd_status vd_metadata_add(
	struct vd_metadata *metadata, struct vd_str key, struct vd_str value, struct vd_err *err) VD_MUST_USE;
/*
 * A header that came.  All count towards the limit; those that are no metadata are not kept, nor are values that ASCII
 * metadata cannot have (gRPC over HTTP2, ASCII-Value: they may be thrown away, and must not fail the call).  A value of
 * a -bin key may hold several, joined by commas.  VD_EINPUT: one of them is not base64.
 */
enum vd_status vd_metadata_take(
	struct vd_metadata *metadata, struct vd_str key, struct vd_str value, struct vd_err *err) VD_MUST_USE;

/* The nth (from 0) value of a key, or NULL; borrowed from the arena. */
const struct vd_str *vd_metadata_find(const struct vd_metadata *metadata, struct vd_str key, size_t nth);
/* Writes a row's value as it is sent. */
void vd_metadata_write(const struct vd_metadata_row *row, struct vd_buf *buf);

#endif
