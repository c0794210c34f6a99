/*
 * Messages of protobuf-c, from bytes that a stranger sent and back.
 *
 * protobuf-c trusts its input: it recurses as deep as the bytes say and takes as much memory.  So the bytes are walked
 * before, against the message's descriptor: depth, number of fields and of elements, the memory that unpacking will
 * take; lengths, varints and wire types; strings are UTF-8 without a NUL (in C they would end there).  What the walk
 * lets pass, protobuf-c unpacks.
 *
 * Stricter than the format asks for (protobuf.dev, Encoding): a field with another wire type than its own is refused
 * rather than kept as unknown, and so is a singular message that comes twice.  Readers should merge the two; no
 * serialiser writes that, and protobuf-c 1.4 loses scalars by it and reads before a table where a oneof is unset.
 *
 * Memory: an unpacked message and all in it is in the caller's arena.  Thread: any, one owner an arena.
 */
#ifndef VD_RPC_UNPACK_H
#define VD_RPC_UNPACK_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

#define VD_UNPACK_DEPTH_MAX 64u  /* the walk's own bound, whatever the limits say */
#define VD_UNPACK_FIELDS_OF 256u /* fields of one message's declaration; more is a mistake of ours */

struct vd_unpack_limits {
	size_t bytes;      /* of memory */
	uint32_t depth;    /* messages within messages; the outermost is 1 */
	uint32_t fields;   /* that stand in the bytes, in all messages together */
	uint32_t elements; /* of repeated fields, in all messages together */
};

/* 16 MiB, 64 deep, 65,536 fields, 65,536 elements. */
extern const struct vd_unpack_limits vd_unpack_limits_usual;

/*
 * Walks the bytes.  *ret_bytes (may be NULL): an upper bound of the memory that unpacking takes.  VD_EINPUT or
 * VD_ELIMIT, with the path to the field and the byte in words.
 */
enum vd_status vd_unpack_check(const ProtobufCMessageDescriptor *desc, struct vd_str wire,
	const struct vd_unpack_limits *limits, size_t *ret_bytes, struct vd_err *err) VD_MUST_USE;
/* Walks and unpacks.  The message borrows nothing of wire and lives as long as the arena is not reset. */
enum vd_status vd_unpack(const ProtobufCMessageDescriptor *desc, struct vd_str wire,
	const struct vd_unpack_limits *limits, struct vd_arena *arena, ProtobufCMessage **ret,
	struct vd_err *err) VD_MUST_USE;
/*
 * Appends the message to buf, whose limit bounds it.  Its strings are UTF-8: the caller's to see to, since every reader
 * refuses others.
 */
enum vd_status vd_pack(const ProtobufCMessage *message, struct vd_buf *buf, struct vd_err *err) VD_MUST_USE;

#endif
