/*
 * Where a call belongs in a trace: the headers traceparent and tracestate of W3C Trace Context (Recommendation).
 *
 * Random bytes are given by the caller, so that this room has no source of chance of its own.  Pure functions.
 * Thread: any.
 */
#ifndef VD_RPC_TRACE_H
#define VD_RPC_TRACE_H

#include "base/str.h"

#define VD_TRACE_ID 16u
#define VD_SPAN_ID 8u
#define VD_TRACEPARENT_LEN 55u    /* bytes of the text, NUL not counted */
#define VD_TRACESTATE_MAX 512u    /* bytes that are passed on (3.3.1.5) */
#define VD_TRACESTATE_MEMBERS 32u /* (3.3.1.1) */

struct vd_trace {
	uint8_t trace_id[VD_TRACE_ID]; /* never all zero */
	uint8_t span_id[VD_SPAN_ID];   /* never all zero; the sender's when it came in a header */
	bool sampled;
};

/*
 * Reads a traceparent.  Version 00 has exactly this length; of a later version the part we know is read, when more
 * follows after a dash (3.2.4, 4.3).  Version ff, ids of zeros only and capital letters are refused.  False: there is
 * none, and a new trace begins.
 */
bool vd_trace_parse(struct vd_str text, struct vd_trace *ret) VD_MUST_USE;
/* Writes version 00 and a NUL; of the flags only the one that version 00 knows. */
void vd_trace_format(const struct vd_trace *trace, char text[VD_TRACEPARENT_LEN + 1]);

/* A new trace, from random bytes. */
void vd_trace_begin(const uint8_t chance[VD_TRACE_ID + VD_SPAN_ID], bool sampled, struct vd_trace *ret);
/* A span of its own within parent's trace; ret may be parent. */
void vd_trace_child(const struct vd_trace *parent, const uint8_t chance[VD_SPAN_ID], struct vd_trace *ret);

/*
 * What to pass on of a tracestate: writes it to text, with a NUL, and returns its length; 0: nothing, also where it is
 * not of the form that 3.3.1 gives.  Several headers are joined by commas before (RFC 9110, 5.3).  Above
 * VD_TRACESTATE_MAX members of more than 128 bytes go first, then those at the end (3.3.1.5).
 */
size_t vd_trace_state(struct vd_str state, char text[VD_TRACESTATE_MAX + 1]);

#endif
