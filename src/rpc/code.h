/*
 * The status codes of gRPC, and what HTTP and our own calls say in their terms.
 *
 * Numbers and names are those of gRPC's "Status codes and their use"; the mappings those of "gRPC over HTTP2" (Errors)
 * and "HTTP to gRPC Status Code Mapping".  Pure functions.  Thread: any.
 */
#ifndef VD_RPC_CODE_H
#define VD_RPC_CODE_H

#include "base/status.h"
#include "base/str.h"

enum vd_rpc_code {
	VD_RPC_OK = 0,
	VD_RPC_CANCELLED = 1,
	VD_RPC_UNKNOWN = 2,
	VD_RPC_INVALID_ARGUMENT = 3,
	VD_RPC_DEADLINE_EXCEEDED = 4,
	VD_RPC_NOT_FOUND = 5,
	VD_RPC_ALREADY_EXISTS = 6,
	VD_RPC_PERMISSION_DENIED = 7,
	VD_RPC_RESOURCE_EXHAUSTED = 8,
	VD_RPC_FAILED_PRECONDITION = 9,
	VD_RPC_ABORTED = 10,
	VD_RPC_OUT_OF_RANGE = 11,
	VD_RPC_UNIMPLEMENTED = 12,
	VD_RPC_INTERNAL = 13,
	VD_RPC_UNAVAILABLE = 14,
	VD_RPC_DATA_LOSS = 15,
	VD_RPC_UNAUTHENTICATED = 16,
};
#define VD_RPC_CODES 17u

/* "OK", "CANCELLED"…; a number that is no code is "UNKNOWN", as the code it counts as is. */
const char *vd_rpc_code_name(enum vd_rpc_code code);
/* A number that is no code counts as UNKNOWN. */
enum vd_rpc_code vd_rpc_code_from_number(int64_t number);
/* The value of grpc-status.  False: these are no decimal digits, and *ret is UNKNOWN. */
bool vd_rpc_code_parse(struct vd_str text, enum vd_rpc_code *ret);

/* A stream that was reset by the peer with this error code of HTTP/2 (RFC 9113, 7). */
enum vd_rpc_code vd_rpc_code_from_reset(uint32_t error);
/* A response that has no grpc-status: what its :status says. */
enum vd_rpc_code vd_rpc_code_from_http(unsigned status);

/*
 * A server's answer for what a handler returned.  The way back loses some: three codes are VD_EAGAIN, and what a
 * client should do with UNKNOWN, INTERNAL or DATA_LOSS is the same, VD_EIO.
 */
enum vd_rpc_code vd_rpc_code_from_status(enum vd_status st);
enum vd_status vd_rpc_code_to_status(enum vd_rpc_code code);

#endif
