/*
 * What went wrong with a call, for programs: google.rpc.Status with ErrorInfo and BadRequest, as the header
 * grpc-status-details-bin carries it.
 *
 * Memory: what is read is in the caller's arena; a written status borrows what it names.  Thread: one owner.
 */
#ifndef VD_RPC_STATUS_H
#define VD_RPC_STATUS_H

#include "base/arena.h"
#include "rpc/code.h"

#define VD_RPC_DETAILS_MAX 6144u  /* bytes of the header's value, so that the trailers stay below 8 KiB */
#define VD_RPC_PAIRS_MAX 64u      /* read and written */
#define VD_RPC_VIOLATIONS_MAX 64u /* read and written */

struct vd_rpc_pair {
	struct vd_str key, value;
};

struct vd_rpc_violation {
	struct vd_str field; /* path to a field of the request, parts joined by dots */
	struct vd_str words;
};

struct vd_rpc_status {
	enum vd_rpc_code code;
	struct vd_str message;
	/* ErrorInfo; reason empty: there is none */
	struct vd_str reason; /* a word for programs: A-Z, 0-9, _ */
	struct vd_str domain; /* who gave it its meaning: "vedette" */
	const struct vd_rpc_pair *pairs;
	size_t n_pairs;
	/* BadRequest; none: there is none */
	const struct vd_rpc_violation *violations;
	size_t n_violations;
};

/*
 * Appends the header's value, base64.  Bytes that are no UTF-8 go out as U+FFFD and a NUL as a blank.  VD_ELIMIT: too
 * long; send the call's end without details.
 */
enum vd_status vd_rpc_status_write(const struct vd_rpc_status *status, struct vd_arena *arena,
	struct vd_buf *buf, struct vd_err *err) VD_MUST_USE;
/* Reads the header's value.  Details of other types are passed over; of two of one type the first counts. */
enum vd_status vd_rpc_status_read(struct vd_str value, struct vd_arena *arena, struct vd_rpc_status *ret,
	struct vd_err *err) VD_MUST_USE;

#endif
