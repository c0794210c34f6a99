#include "rpc/code.h"

static const char *const names[VD_RPC_CODES] = {
	[VD_RPC_OK] = "OK",
	[VD_RPC_CANCELLED] = "CANCELLED",
	[VD_RPC_UNKNOWN] = "UNKNOWN",
	[VD_RPC_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
	[VD_RPC_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
	[VD_RPC_NOT_FOUND] = "NOT_FOUND",
	[VD_RPC_ALREADY_EXISTS] = "ALREADY_EXISTS",
	[VD_RPC_PERMISSION_DENIED] = "PERMISSION_DENIED",
	[VD_RPC_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
	[VD_RPC_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
	[VD_RPC_ABORTED] = "ABORTED",
	[VD_RPC_OUT_OF_RANGE] = "OUT_OF_RANGE",
	[VD_RPC_UNIMPLEMENTED] = "UNIMPLEMENTED",
	[VD_RPC_INTERNAL] = "INTERNAL",
	[VD_RPC_UNAVAILABLE] = "UNAVAILABLE",
	[VD_RPC_DATA_LOSS] = "DATA_LOSS",
	[VD_RPC_UNAUTHENTICATED] = "UNAUTHENTICATED",
};

const char *
vd_rpc_code_name(enum vd_rpc_code code)
{
	return names[vd_rpc_code_from_number((int64_t)code)];
}

enum vd_rpc_code
vd_rpc_code_from_number(int64_t number)
{
	return number >= 0 && number < (int64_t)VD_RPC_CODES ? (enum vd_rpc_code)number : VD_RPC_UNKNOWN;
}

bool
vd_rpc_code_parse(struct vd_str text, enum vd_rpc_code *ret)
{
	uint64_t number;
	*ret = VD_RPC_UNKNOWN;
	if (!vd_str_u64(text, &number))
		return false;
	if (number < VD_RPC_CODES)
		*ret = (enum vd_rpc_code)number;
	return true;
}

/* RFC 9113, 7 */
enum {
	STREAM_CLOSED = 0x5,
	REFUSED_STREAM = 0x7,
	CANCEL = 0x8,
	ENHANCE_YOUR_CALM = 0xb,
	INADEQUATE_SECURITY = 0xc,
	HTTP_1_1_REQUIRED = 0xd,
};

enum vd_rpc_code
vd_rpc_code_from_reset(uint32_t error)
{
	switch (error) {
	case REFUSED_STREAM:
		return VD_RPC_UNAVAILABLE;
	case CANCEL:
		return VD_RPC_CANCELLED;
	case ENHANCE_YOUR_CALM:
		return VD_RPC_RESOURCE_EXHAUSTED;
	case INADEQUATE_SECURITY:
		return VD_RPC_PERMISSION_DENIED;
	case STREAM_CLOSED: /* the mapping names neither of the two */
	case HTTP_1_1_REQUIRED:
		return VD_RPC_UNKNOWN;
	default: /* NO_ERROR too: a status should have come before it */
		return VD_RPC_INTERNAL;
	}
}

enum vd_rpc_code
vd_rpc_code_from_http(unsigned status)
{
	switch (status) {
	case 400:
	case 431:
		return VD_RPC_INTERNAL;
	case 401:
		return VD_RPC_UNAUTHENTICATED;
	case 403:
		return VD_RPC_PERMISSION_DENIED;
	case 404:
		return VD_RPC_UNIMPLEMENTED;
	case 429:
	case 502:
	case 503:
	case 504:
		return VD_RPC_UNAVAILABLE;
	default:
		return VD_RPC_UNKNOWN;
	}
}

enum vd_rpc_code
vd_rpc_code_from_status(enum vd_status st)
{
	switch (st) {
	case VD_OK:
		return VD_RPC_OK;
	case VD_EINPUT:
		return VD_RPC_INVALID_ARGUMENT;
	case VD_ENOTFOUND:
		return VD_RPC_NOT_FOUND;
	case VD_EEXIST:
		return VD_RPC_ALREADY_EXISTS;
	case VD_ELIMIT:
	case VD_ENOMEM:
		return VD_RPC_RESOURCE_EXHAUSTED;
	case VD_EAGAIN:
		return VD_RPC_UNAVAILABLE;
	case VD_EDENIED:
		return VD_RPC_PERMISSION_DENIED;
	case VD_EIO:
		return VD_RPC_INTERNAL;
	case VD_EVERSION:
		return VD_RPC_FAILED_PRECONDITION;
	case VD_END:
		return VD_RPC_OUT_OF_RANGE;
	}
	return VD_RPC_UNKNOWN;
}

enum vd_status
vd_rpc_code_to_status(enum vd_rpc_code code)
{
	static const enum vd_status statuses[VD_RPC_CODES] = {
		[VD_RPC_OK] = VD_OK,
		[VD_RPC_CANCELLED] = VD_EIO,
		[VD_RPC_UNKNOWN] = VD_EIO,
		[VD_RPC_INVALID_ARGUMENT] = VD_EINPUT,
		[VD_RPC_DEADLINE_EXCEEDED] = VD_EAGAIN,
		[VD_RPC_NOT_FOUND] = VD_ENOTFOUND,
		[VD_RPC_ALREADY_EXISTS] = VD_EEXIST,
		[VD_RPC_PERMISSION_DENIED] = VD_EDENIED,
		[VD_RPC_RESOURCE_EXHAUSTED] = VD_ELIMIT,
		[VD_RPC_FAILED_PRECONDITION] = VD_EVERSION,
		[VD_RPC_ABORTED] = VD_EAGAIN,
		[VD_RPC_OUT_OF_RANGE] = VD_EINPUT, /* not VD_END: no peer may turn an error into a good end */
		[VD_RPC_UNIMPLEMENTED] = VD_EVERSION,
		[VD_RPC_INTERNAL] = VD_EIO,
		[VD_RPC_UNAVAILABLE] = VD_EAGAIN,
		[VD_RPC_DATA_LOSS] = VD_EIO,
		[VD_RPC_UNAUTHENTICATED] = VD_EDENIED,
	};
	return statuses[vd_rpc_code_from_number((int64_t)code)];
}
