/*
 * The headers of a request, an answer or its end, while they are put together.
 *
 * Nothing is copied but metadata, whose texts as sent go to the arena: names and values live until the headers are sent.
 * What does not fit, or has no memory, sets failed; a writer looks once at the end.  Thread: one owner.
 */
#ifndef VD_RPC_HEADERS_H
#define VD_RPC_HEADERS_H

#include "net/http.h"
#include "rpc/metadata.h"

#define VD_RPC_HEADERS_MAX 100u

struct vd_rpc_headers {
	struct vd_arena *arena;
	size_t n;
	bool failed;
	struct vd_header list[VD_RPC_HEADERS_MAX];
};

void vd_rpc_headers_init(struct vd_rpc_headers *headers, struct vd_arena *arena);
void vd_rpc_headers_add(struct vd_rpc_headers *headers, struct vd_str name, struct vd_str value);
void vd_rpc_headers_metadata(struct vd_rpc_headers *headers, const struct vd_metadata *metadata);
struct vd_headers vd_rpc_headers_view(const struct vd_rpc_headers *headers);

#endif
