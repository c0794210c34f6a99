/*
 * Batches of events out of one EVTX file, chunk by chunk, from a file or a pipe.  Memory: one chunk.  Thread:
 * one owner.
 */
#ifndef VD_EVENT_READ_EVTX_H
#define VD_EVENT_READ_EVTX_H

#include "event/decompress.h"
#include "event/evtx.h"
#include "event/read.h"

struct vd_evtx_source {
	struct vd_inflow *in; /* borrowed */
	struct vd_evtx *evtx; /* made at the first file */
	void (*on_bad)(void *owner, uint64_t record, const char *what);
	void *owner;
	uint64_t chunk;    /* 0-based, of the next one */
	uint64_t chunks;   /* in use */
	unsigned expected; /* chunks in use as the file's header has it; 0: not to be trusted */
	uint64_t last_id;  /* of the newest record */
	size_t batch_bytes;
	bool dirty;            /* copied while it was written to: checksums may be behind */
	enum vd_status status; /* VD_OK until the file ends or fails */
	struct vd_err err;     /* words of the failure */
	bool open;             /* a chunk's records are being taken */
	size_t n;              /* bytes in block */
	char *block;           /* VD_EVTX_CHUNK bytes, made with evtx */
};

/* Reads the file's header.  on_bad and owner are set by the caller. */
enum vd_status vd_evtx_source_start(struct vd_evtx_source *source, struct vd_inflow *in, size_t batch_bytes,
	struct vd_err *err) VD_MUST_USE;
void vd_evtx_source_fini(struct vd_evtx_source *source);
/* As vd_text_source_next. */
enum vd_status vd_evtx_source_next(
	struct vd_evtx_source *source, struct vd_batch *batch, struct vd_err *err) VD_MUST_USE;

#endif
