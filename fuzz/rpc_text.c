/*
 * Any bytes as what stands in headers: percent-encoding, base64, timeouts, metadata, traceparent and tracestate, a
 * status with details.  What is written reads back; what is read writes the same.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "rpc/metadata.h"
#include "rpc/status.h"
#include "rpc/text.h"
#include "rpc/timeout.h"
#include "rpc/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_percent(struct vd_str text)
{
	struct vd_buf wire, back;
	vd_buf_init(&wire, 0);
	vd_buf_init(&back, 0);
	vd_percent_encode(&wire, text);
	must(vd_metadata_is_ascii(vd_buf_view(&wire)) && wire.len <= 3 * (size_t)VD_RPC_MESSAGE_MAX);
	vd_percent_decode(&back, vd_buf_view(&wire));
	must(vd_utf8_valid(back.at, back.len));
	if (text.len <= VD_RPC_MESSAGE_MAX && vd_utf8_valid(text.at, text.len))
		must(vd_str_eq(vd_buf_view(&back), text));
	vd_buf_reset(&back);
	vd_percent_decode(&back, text);
	must(back.len <= text.len);
	vd_buf_fini(&wire);
	vd_buf_fini(&back);
}

static void
check_base64(struct vd_str text)
{
	struct vd_buf wire, back, again;
	vd_buf_init(&wire, 0);
	vd_buf_init(&back, 0);
	vd_buf_init(&again, 0);
	vd_base64_encode(&wire, text);
	must(vd_base64_decode(&back, vd_buf_view(&wire)));
	must(vd_str_eq(vd_buf_view(&back), text));
	vd_buf_reset(&wire);
	vd_buf_reset(&back);
	if (vd_base64_decode(&back, text)) {
		vd_base64_encode(&wire, vd_buf_view(&back));
		must(vd_base64_decode(&again, vd_buf_view(&wire)));
		must(vd_str_eq(vd_buf_view(&again), vd_buf_view(&back)));
	} else {
		must(back.len == 0 && !back.failed);
	}
	vd_buf_fini(&wire);
	vd_buf_fini(&back);
	vd_buf_fini(&again);
}

static void
check_timeout(struct vd_str text)
{
	char written[VD_TIMEOUT_TEXT_MAX];
	int64_t ms, back = 0;
	if (!vd_timeout_parse(text, &ms))
		return;
	must(ms >= 0);
	struct vd_str again = {written, vd_timeout_format(ms, written)};
	must(again.len < sizeof written && vd_timeout_parse(again, &back));
	must(back <= VD_MAX(ms, (int64_t)1));
	must(vd_deadline_left(vd_deadline_after(5, ms), 5) == ms);
}

static void
check_trace(struct vd_str text)
{
	struct vd_trace trace, back;
	char parent[VD_TRACEPARENT_LEN + 1], state[VD_TRACESTATE_MAX + 1], again[VD_TRACESTATE_MAX + 1];
	if (vd_trace_parse(text, &trace)) {
		vd_trace_format(&trace, parent);
		must(memcmp(parent + 2, text.at + 2, 51) == 0);
		must(vd_trace_parse((struct vd_str){parent, VD_TRACEPARENT_LEN}, &back));
		must(memcmp(back.trace_id, trace.trace_id, VD_TRACE_ID) == 0);
		must(back.sampled == trace.sampled);
	}
	size_t n = vd_trace_state(text, state);
	must(n <= VD_TRACESTATE_MAX && strlen(state) == n);
	must(vd_trace_state((struct vd_str){state, n}, again) == n && memcmp(state, again, n) == 0);
}

/* key, a byte 0, value */
static void
check_metadata(struct vd_str text)
{
	struct vd_arena *arena = vd_arena_new(0);
	struct vd_metadata came, sent;
	struct vd_buf wire;
	must(arena != NULL);
	vd_buf_init(&wire, 0);
	vd_metadata_init(&came, arena, VD_METADATA_LIMIT);
	vd_metadata_init(&sent, arena, VD_METADATA_LIMIT);
	const char *end = text.len == 0 ? NULL : memchr(text.at, '\0', text.len);
	size_t n = end == NULL ? text.len : (size_t)(end - text.at);
	struct vd_str key = {text.at, n};
	struct vd_str value = end == NULL ? VD_S("") : (struct vd_str){end + 1, text.len - n - 1};
	enum vd_status st = vd_metadata_take(&came, key, value, NULL);
	for (size_t i = 0; st == VD_OK && i < came.n; i++) {
		/* what has come may be sent on, and comes out the same */
		st = vd_metadata_add(&sent, came.rows[i].key, came.rows[i].value, NULL);
		must(st == VD_OK || st == VD_ELIMIT);
		vd_buf_reset(&wire);
		vd_metadata_write(&came.rows[i], &wire);
		must(vd_metadata_is_ascii(vd_buf_view(&wire)));
	}
	vd_buf_fini(&wire);
	vd_arena_free(arena);
}

static void
check_status(struct vd_str text)
{
	struct vd_arena *arena = vd_arena_new(0);
	struct vd_rpc_status status, back;
	struct vd_buf wire;
	must(arena != NULL);
	vd_buf_init(&wire, 0);
	if (vd_rpc_status_read(text, arena, &status, NULL) == VD_OK &&
		vd_rpc_status_write(&status, arena, &wire, NULL) == VD_OK) {
		must(vd_rpc_status_read(vd_buf_view(&wire), arena, &back, NULL) == VD_OK);
		must(back.code == status.code && vd_str_eq(back.message, status.message));
		must(vd_str_eq(back.reason, status.reason) && back.n_violations == status.n_violations);
	}
	vd_buf_fini(&wire);
	vd_arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct vd_str text = {(const char *)bytes, n};
	enum vd_rpc_code code;
	check_percent(text);
	check_base64(text);
	check_timeout(text);
	check_trace(text);
	check_metadata(text);
	check_status(text);
	(void)vd_rpc_code_parse(text, &code);
	return 0;
}
