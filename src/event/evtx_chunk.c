#include "event/evtx_chunk.h"

#include <string.h>

#include <zlib.h>

/* Offsets in a chunk's header; all numbers are little-endian. */
enum {
	FIRST_NUMBER = 8,
	LAST_NUMBER = 16,
	FIRST_ID = 24,
	LAST_ID = 32,
	HEADER_SIZE = 40,
	LAST_RECORD = 44,
	FREE_SPACE = 48,
	RECORDS_CRC = 52,
	FLAGS = 120,
	HEADER_CRC = 124, /* over bytes 0 to 119 and 128 to 511 */
};

static const char chunk_signature[8] = "ElfChnk";
static const uint8_t record_signature[4] = {0x2a, 0x2a, 0, 0};

static uint32_t
get32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t
get64(const uint8_t *at)
{
	return get32(at) | (uint64_t)get32(at + 4) << 32;
}

static void
put32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static void
put64(uint8_t *at, uint64_t value)
{
	put32(at, (uint32_t)value);
	put32(at + 4, (uint32_t)(value >> 32));
}

static uint32_t
checksum(uint32_t before, const uint8_t *at, size_t n)
{
	return (uint32_t)crc32(before, at, (unsigned)n);
}

static uint32_t
header_checksum(const uint8_t *chunk)
{
	return checksum(checksum(0, chunk, 120), chunk + 128, VD_EVTX_CHUNK_HEADER - 128);
}

bool
vd_evtx_is_chunk(const uint8_t *bytes, size_t n)
{
	return n >= sizeof chunk_signature && memcmp(bytes, chunk_signature, sizeof chunk_signature) == 0;
}

size_t
vd_evtx_chunk_length(const uint8_t *bytes, size_t n)
{
	/* inside the records the same bytes are only somebody's text */
	bool sound = n >= VD_EVTX_CHUNK_HEADER && vd_evtx_is_chunk(bytes, n) &&
		     get32(bytes + HEADER_CRC) == header_checksum(bytes);
	size_t from = sound ? get32(bytes + FREE_SPACE) : 1;
	while (from < n) {
		const uint8_t *at = memmem(bytes + from, n - from, chunk_signature, sizeof chunk_signature);
		if (at == NULL)
			break;
		size_t offset = (size_t)(at - bytes);
		if (n - offset >= LAST_RECORD && get32(at + HEADER_SIZE) == 128)
			return offset;
		from = offset + 1;
	}
	return n;
}

/* A whole record at offset, ending at or before end. */
static bool
is_record(const uint8_t *chunk, size_t offset, size_t end, struct vd_evtx_frame *ret)
{
	if (end - offset < VD_EVTX_RECORD_MIN || memcmp(chunk + offset, record_signature, 4) != 0)
		return false;
	uint32_t size = get32(chunk + offset + 4);
	if (size < VD_EVTX_RECORD_MIN || size > end - offset || get32(chunk + offset + size - 4) != size)
		return false;
	*ret = (struct vd_evtx_frame){(uint32_t)offset, size, get64(chunk + offset + 8)};
	return true;
}

/* Both checksums hold and the records fill the space they should. */
static bool
is_sound(const uint8_t *chunk, struct vd_evtx_frames *ret)
{
	uint32_t end = get32(chunk + FREE_SPACE);
	if (!vd_evtx_is_chunk(chunk, VD_EVTX_CHUNK) || get32(chunk + HEADER_CRC) != header_checksum(chunk) ||
		end < VD_EVTX_CHUNK_HEADER || end > VD_EVTX_CHUNK ||
		get32(chunk + RECORDS_CRC) !=
			checksum(0, chunk + VD_EVTX_CHUNK_HEADER, end - VD_EVTX_CHUNK_HEADER))
		return false;
	size_t offset = VD_EVTX_CHUNK_HEADER;
	ret->n = 0;
	while (offset < end && is_record(chunk, offset, end, &ret->at[ret->n]))
		offset += ret->at[ret->n++].size;
	return offset == end;
}

/* The first record at or after offset that is younger than the one before it; false: none. */
static bool
next_record(const uint8_t *chunk, size_t offset, uint64_t after, bool any, struct vd_evtx_frame *ret)
{
	while (offset < VD_EVTX_CHUNK) {
		const uint8_t *at = memmem(chunk + offset, VD_EVTX_CHUNK - offset, record_signature, 4);
		if (at == NULL)
			return false;
		offset = (size_t)(at - chunk);
		if (is_record(chunk, offset, VD_EVTX_CHUNK, ret) && ret->id != VD_EVTX_NO_RECORD &&
			(any || ret->id > after))
			return true;
		offset++;
	}
	return false;
}

/* The records that can be found, with the gaps between them as frames without a record. */
static void
find_records(const uint8_t *chunk, struct vd_evtx_frames *ret)
{
	size_t end = VD_EVTX_CHUNK_HEADER, from = end; /* of the frames so far; where to look next */
	uint64_t last = 0;
	struct vd_evtx_frame found;
	ret->n = 0;
	ret->n_damaged = 0;
	while (next_record(chunk, from, last, ret->n == 0, &found)) {
		/* a gap too small for a frame means that the record before it is not to be trusted either */
		while (found.offset != end && found.offset - end < VD_EVTX_RECORD_MIN && ret->n > 0) {
			end = ret->at[--ret->n].offset;
			ret->n_damaged -= ret->at[ret->n].id == VD_EVTX_NO_RECORD;
		}
		uint32_t gap = found.offset - (uint32_t)end;
		if (gap != 0 && gap < VD_EVTX_RECORD_MIN) {
			from = found.offset + 1; /* none before it: then it is not to be trusted itself */
			continue;
		}
		if (gap != 0) {
			ret->at[ret->n++] = (struct vd_evtx_frame){(uint32_t)end, gap, VD_EVTX_NO_RECORD};
			ret->n_damaged++;
		}
		ret->at[ret->n++] = found;
		last = found.id;
		from = end = found.offset + found.size;
	}
}

/*
 * Leaves out what follows the record that ends where the header says that the free space begins: it is left over
 * from earlier use.  But in a log that was copied while in use the header may be behind: there records that follow
 * without a gap in place and number belong to it.
 */
static void
limit_records(const uint8_t *chunk, bool dirty, struct vd_evtx_frames *frames)
{
	uint32_t end = get32(chunk + FREE_SPACE);
	size_t n = 0;
	while (n < frames->n && frames->at[n].offset + frames->at[n].size != end)
		n++;
	if (n++ == frames->n)
		return;
	while (dirty && n < frames->n && frames->at[n].id == frames->at[n - 1].id + 1)
		n++;
	for (size_t i = n; i < frames->n; i++)
		frames->n_damaged -= frames->at[i].id == VD_EVTX_NO_RECORD;
	frames->n = n;
}

/* Adds to the records of a sound chunk those that a header that is behind does not count yet; false: none. */
static bool
add_newer(const uint8_t *chunk, struct vd_evtx_frames *frames)
{
	size_t before = frames->n;
	if (before == 0)
		return false;
	struct vd_evtx_frame last = frames->at[before - 1];
	while (is_record(chunk, last.offset + last.size, VD_EVTX_CHUNK, &frames->at[frames->n]) &&
		frames->at[frames->n].id == last.id + 1)
		last = frames->at[frames->n++];
	return frames->n > before;
}

/* Writes frames around the gaps and a header that agrees with the frames. */
static void
write_frames(uint8_t *chunk, const struct vd_evtx_frames *frames)
{
	for (size_t i = 0; i < frames->n; i++) {
		const struct vd_evtx_frame *frame = &frames->at[i];
		if (frame->id != VD_EVTX_NO_RECORD)
			continue;
		uint8_t *at = chunk + frame->offset;
		memcpy(at, record_signature, 4);
		put32(at + 4, frame->size);
		put64(at + 8, VD_EVTX_NO_RECORD);
		put32(at + frame->size - 4, frame->size);
	}
	const struct vd_evtx_frame *last = &frames->at[frames->n - 1];
	uint32_t end = last->offset + last->size;
	memcpy(chunk, chunk_signature, sizeof chunk_signature);
	put64(chunk + FIRST_NUMBER, 1);
	put64(chunk + LAST_NUMBER, frames->n);
	put64(chunk + FIRST_ID, frames->at[0].id);
	put64(chunk + LAST_ID, last->id);
	put32(chunk + HEADER_SIZE, 128);
	put32(chunk + LAST_RECORD, last->offset);
	put32(chunk + FREE_SPACE, end);
	put32(chunk + RECORDS_CRC, checksum(0, chunk + VD_EVTX_CHUNK_HEADER, end - VD_EVTX_CHUNK_HEADER));
	put32(chunk + FLAGS, 0);
	put32(chunk + HEADER_CRC, header_checksum(chunk));
}

void
vd_evtx_chunk_mend(uint8_t *chunk, size_t n, bool dirty, struct vd_evtx_frames *ret)
{
	ret->n_damaged = 0;
	ret->mended = false;
	ret->cut_off = n < VD_EVTX_CHUNK;
	bool sound = is_sound(chunk, ret);
	if (sound && !(dirty && add_newer(chunk, ret)))
		return;
	ret->mended = true;
	if (!sound) {
		find_records(chunk, ret);
		limit_records(chunk, dirty, ret);
	}
	if (ret->n > 0)
		write_frames(chunk, ret);
}

void
vd_evtx_file_header(uint8_t header[VD_EVTX_FILE_HEADER])
{
	memset(header, 0, VD_EVTX_FILE_HEADER);
	memcpy(header, "ElfFile", 8);
	put64(header + 24, 2);                              /* next record identifier */
	put32(header + 32, 128);                            /* header size */
	put32(header + 36, 3u << 16 | 1u);                  /* version 3.1 */
	put32(header + 40, 1u << 16 | VD_EVTX_FILE_HEADER); /* one chunk, size of this block */
	put32(header + 124, checksum(0, header, 120));
}
