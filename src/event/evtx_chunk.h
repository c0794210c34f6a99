/*
 * The frame of an EVTX chunk: which records it holds, also when its header or some of them are damaged.
 *
 * libevtx gives up a whole chunk, or file, for one damaged field in it.  So every chunk is looked at first; in a
 * damaged one the sound records are found by their own frames, the header is written anew around them and what
 * lies between is framed as records that nobody asks for.  Bytes behind a sound chunk's last record are left
 * over from earlier use of the space: they are not events of this log.
 *
 * Pure, no allocation.  Thread: any.
 */
#ifndef VD_EVENT_EVTX_CHUNK_H
#define VD_EVENT_EVTX_CHUNK_H

#include <stdbool.h>

#include "base/defs.h"

#define VD_EVTX_FILE_HEADER 4096u /* bytes before the first chunk */
#define VD_EVTX_CHUNK 65536u
#define VD_EVTX_CHUNK_HEADER 512u
#define VD_EVTX_RECORD_MIN 28u /* header and the copy of the size at the end */
#define VD_EVTX_RECORDS_MAX ((VD_EVTX_CHUNK - VD_EVTX_CHUNK_HEADER) / VD_EVTX_RECORD_MIN)

/* Identifier of a frame put around damaged bytes. */
#define VD_EVTX_NO_RECORD UINT64_MAX

struct vd_evtx_frame {
	uint32_t offset, size;
	uint64_t id; /* VD_EVTX_NO_RECORD: damaged bytes */
};

struct vd_evtx_frames {
	size_t n;
	struct vd_evtx_frame at[VD_EVTX_RECORDS_MAX];
	size_t n_damaged; /* pieces between records that could not be made out */
	bool mended;      /* the chunk was not what its checksums say */
	bool cut_off;     /* the file ends inside it */
};

bool vd_evtx_is_chunk(const uint8_t *bytes, size_t n);
/*
 * Of n <= VD_EVTX_CHUNK bytes, how many come before the next chunk's header: where bytes were lost or added chunks
 * no longer stand where they should.
 */
size_t vd_evtx_chunk_length(const uint8_t *bytes, size_t n);
/*
 * chunk: VD_EVTX_CHUNK bytes, of which the first n came from the file and the others are zero.  Finds the records
 * and, where the chunk is damaged, rewrites its frame so that libevtx can read them.  dirty: the file's header
 * says that it was copied while in use, so this chunk's header may be behind its records.
 */
void vd_evtx_chunk_mend(uint8_t *chunk, size_t n, bool dirty, struct vd_evtx_frames *ret);
/* A file header for exactly one chunk. */
void vd_evtx_file_header(uint8_t header[VD_EVTX_FILE_HEADER]);

#endif
