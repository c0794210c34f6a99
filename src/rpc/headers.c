#include "rpc/headers.h"

void
vd_rpc_headers_init(struct vd_rpc_headers *headers, struct vd_arena *arena)
{
	headers->arena = arena;
	headers->n = 0;
	headers->failed = false;
}

void
vd_rpc_headers_add(struct vd_rpc_headers *headers, struct vd_str name, struct vd_str value)
{
	if (headers->n == VD_RPC_HEADERS_MAX)
		headers->failed = true;
	else
		headers->list[headers->n++] = (struct vd_header){.name = name, .value = value};
}

void
vd_rpc_headers_metadata(struct vd_rpc_headers *headers, const struct vd_metadata *metadata)
{
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	for (size_t i = 0; i < metadata->n && !headers->failed; i++) {
		struct vd_str value;
		vd_buf_reset(&text);
		vd_metadata_write(&metadata->rows[i], &text);
		if (text.failed || !vd_arena_str(headers->arena, vd_buf_view(&text), &value))
			headers->failed = true;
		else
			vd_rpc_headers_add(headers, metadata->rows[i].key, value);
	}
}

struct vd_headers
vd_rpc_headers_view(const struct vd_rpc_headers *headers)
{
	return (struct vd_headers){headers->list, headers->n};
}
