/*
 * Any bytes as an EVTX chunk: the frames found lie one behind another inside it, and a mended chunk is sound.
 */
#include "event/evtx_chunk.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static uint8_t chunk[VD_EVTX_CHUNK];
	static struct vd_evtx_frames frames, again;
	/* the first byte: whether the file is dirty, and whether the rest is a chunk or only its records */
	if (n < 2)
		return 0;
	bool dirty = (bytes[0] & 1) != 0;
	size_t len = VD_MIN(n - 1, (size_t)VD_EVTX_CHUNK);
	must(vd_evtx_chunk_length(bytes + 1, len) <= len);
	memset(chunk, 0, sizeof chunk);
	if ((bytes[0] & 2) != 0)
		memcpy(chunk, bytes + 1, len);
	else
		memcpy(chunk + VD_EVTX_CHUNK_HEADER, bytes + 1,
			VD_MIN(len, VD_EVTX_CHUNK - VD_EVTX_CHUNK_HEADER));
	vd_evtx_chunk_mend(chunk, VD_EVTX_CHUNK, dirty, &frames);
	size_t offset = VD_EVTX_CHUNK_HEADER, damaged = 0;
	must(frames.n <= VD_EVTX_RECORDS_MAX);
	for (size_t i = 0; i < frames.n; i++) {
		must(frames.at[i].offset == offset && frames.at[i].size >= VD_EVTX_RECORD_MIN);
		damaged += frames.at[i].id == VD_EVTX_NO_RECORD;
		offset += frames.at[i].size;
	}
	must(offset <= VD_EVTX_CHUNK && damaged == frames.n_damaged);
	if (frames.n > 0) {
		vd_evtx_chunk_mend(chunk, VD_EVTX_CHUNK, false, &again);
		must(!again.mended && again.n == frames.n);
	}
	return 0;
}
