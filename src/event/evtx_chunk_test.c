#include "event/evtx_chunk.h"

#include <string.h>

#include <zlib.h>

#include "vd_test.h"

/* A chunk whose records hold nothing but their frame; tests damage it and look at what is found. */
struct made {
	uint8_t chunk[VD_EVTX_CHUNK];
	uint32_t end;
	struct vd_evtx_frames frames;
};

static void
put32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static void
put_record(struct made *made, uint32_t size, uint8_t id)
{
	uint8_t *at = made->chunk + made->end;
	memset(at, 0x55, size);
	memcpy(at, "\x2a\x2a\0\0", 4);
	put32(at + 4, size);
	memset(at + 8, 0, 8);
	at[8] = id;
	put32(at + size - 4, size);
	made->end += size;
}

static void
seal(struct made *made)
{
	uint8_t *at = made->chunk;
	memcpy(at, "ElfChnk", 8);
	put32(at + 48, made->end);
	put32(at + 52, (uint32_t)crc32(0, at + VD_EVTX_CHUNK_HEADER, made->end - VD_EVTX_CHUNK_HEADER));
	put32(at + 124, (uint32_t)crc32(crc32(0, at, 120), at + 128, VD_EVTX_CHUNK_HEADER - 128));
}

/* Records 1, 2, 3 of 100, 200 and 300 bytes, then a left over record 9. */
static struct made *
make(void)
{
	static struct made made;
	memset(&made, 0, sizeof made);
	made.end = VD_EVTX_CHUNK_HEADER;
	for (uint8_t i = 1; i <= 3; i++)
		put_record(&made, 100u * i, i);
	uint32_t end = made.end;
	put_record(&made, 100, 9);
	made.end = end;
	seal(&made);
	return &made;
}

static void
assert_ids(const struct made *made, const char *expected)
{
	char ids[16] = "";
	for (size_t i = 0; i < made->frames.n && i < sizeof ids - 1; i++)
		ids[i] = made->frames.at[i].id == VD_EVTX_NO_RECORD ? '-'
								    : (char)('0' + made->frames.at[i].id);
	assert_string_equal(ids, expected);
}

/* What was mended is sound: a second look finds the same frames and changes nothing. */
static void
assert_mended(struct made *made, const char *expected)
{
	static struct made again;
	assert_true(made->frames.mended);
	assert_ids(made, expected);
	memcpy(again.chunk, made->chunk, sizeof again.chunk);
	vd_evtx_chunk_mend(again.chunk, VD_EVTX_CHUNK, false, &again.frames);
	assert_false(again.frames.mended);
	assert_int_equal(again.frames.n, made->frames.n);
	assert_memory_equal(again.frames.at, made->frames.at, made->frames.n * sizeof *made->frames.at);
	assert_memory_equal(again.chunk, made->chunk, sizeof again.chunk);
}

VD_TEST(a_sound_chunk_is_left_alone)
{
	struct made *made = make();
	static uint8_t before[VD_EVTX_CHUNK];
	memcpy(before, made->chunk, sizeof before);
	vd_evtx_chunk_mend(made->chunk, VD_EVTX_CHUNK, false, &made->frames);
	assert_ids(made, "123");
	assert_false(made->frames.mended);
	assert_memory_equal(made->chunk, before, sizeof before);
	assert_int_equal(made->frames.at[2].offset, VD_EVTX_CHUNK_HEADER + 300);
	assert_int_equal(made->frames.at[2].size, 300);
}

VD_TEST(a_damaged_header_costs_no_record)
{
	const size_t places[] = {0, 8, 44, 52, 124, 200};
	for (size_t i = 0; i < VD_ARRAY_LEN(places); i++) {
		struct made *made = make();
		made->chunk[places[i]] ^= 0x41;
		vd_evtx_chunk_mend(made->chunk, VD_EVTX_CHUNK, false, &made->frames);
		assert_mended(made, "123");
	}
}

VD_TEST(where_the_free_space_begins_is_not_known_left_over_records_are_taken)
{
	struct made *made = make();
	put32(made->chunk + 48, 0xffffffffu);
	vd_evtx_chunk_mend(made->chunk, VD_EVTX_CHUNK, false, &made->frames);
	assert_mended(made, "1239");
}

VD_TEST(older_records_behind_newer_ones_are_left_over)
{
	struct made *made = make();
	put32(made->chunk + 48, 0);
	made->chunk[VD_EVTX_CHUNK_HEADER + 600 + 8] = 2;
	vd_evtx_chunk_mend(made->chunk, VD_EVTX_CHUNK, false, &made->frames);
	assert_mended(made, "123");
}

VD_TEST(a_damaged_record_costs_no_other)
{
	struct made *made = make();
	made->chunk[VD_EVTX_CHUNK_HEADER] = 0;
	vd_evtx_chunk_mend(made->chunk, VD_EVTX_CHUNK, false, &made->frames);
	assert_mended(made, "-23");
	assert_int_equal(made->frames.n_damaged, 1);
	made = make();
	made->chunk[VD_EVTX_CHUNK_HEADER + 100 + 5] = 0x7f; /* its size */
	vd_evtx_chunk_mend(made->chunk, VD_EVTX_CHUNK, false, &made->frames);
	assert_mended(made, "1-3");
	made = make();
	made->chunk[VD_EVTX_CHUNK_HEADER + 300 + 299] = 0x7f; /* the copy of its size */
	vd_evtx_chunk_mend(made->chunk, VD_EVTX_CHUNK, false, &made->frames);
	assert_true(made->frames.n >= 2);
	assert_int_equal(made->frames.at[0].id, 1);
	assert_int_equal(made->frames.at[1].id, 2);
}

VD_TEST(what_is_damaged_inside_a_record_keeps_its_frame)
{
	struct made *made = make();
	made->chunk[VD_EVTX_CHUNK_HEADER + 150] ^= 0xff;
	vd_evtx_chunk_mend(made->chunk, VD_EVTX_CHUNK, false, &made->frames);
	assert_mended(made, "123");
}

VD_TEST(a_chunk_that_is_cut_off_keeps_its_whole_records)
{
	struct made *made = make();
	size_t n = VD_EVTX_CHUNK_HEADER + 350;
	memset(made->chunk + n, 0, VD_EVTX_CHUNK - n);
	vd_evtx_chunk_mend(made->chunk, n, false, &made->frames);
	assert_mended(made, "12");
	assert_true(made->frames.cut_off);
}

VD_TEST(in_a_log_copied_while_in_use_newer_records_count)
{
	struct made *made = make();
	made->chunk[VD_EVTX_CHUNK_HEADER + 600 + 8] = 4;
	vd_evtx_chunk_mend(made->chunk, VD_EVTX_CHUNK, false, &made->frames);
	assert_ids(made, "123");
	vd_evtx_chunk_mend(made->chunk, VD_EVTX_CHUNK, true, &made->frames);
	assert_mended(made, "1234");
	made = make(); /* its left over record has number 9, not 4 */
	vd_evtx_chunk_mend(made->chunk, VD_EVTX_CHUNK, true, &made->frames);
	assert_ids(made, "123");
}

VD_TEST(a_chunk_of_nothing_has_no_record)
{
	static struct made made;
	memset(&made, 0, sizeof made);
	vd_evtx_chunk_mend(made.chunk, VD_EVTX_CHUNK, false, &made.frames);
	assert_int_equal(made.frames.n, 0);
	assert_true(made.frames.mended);
}

VD_TEST(a_chunk_full_of_the_smallest_records_is_within_its_bounds)
{
	static struct made made;
	memset(&made, 0, sizeof made);
	made.end = VD_EVTX_CHUNK_HEADER;
	for (unsigned i = 0; i < VD_EVTX_RECORDS_MAX; i++) {
		put_record(&made, VD_EVTX_RECORD_MIN, (uint8_t)(i + 1));
		made.chunk[made.end - VD_EVTX_RECORD_MIN + 9] = (uint8_t)((i + 1) >> 8);
	}
	vd_evtx_chunk_mend(made.chunk, VD_EVTX_CHUNK, true, &made.frames);
	assert_int_equal(made.frames.n, VD_EVTX_RECORDS_MAX);
	vd_evtx_chunk_mend(made.chunk, VD_EVTX_CHUNK, true, &made.frames);
	assert_int_equal(made.frames.n, VD_EVTX_RECORDS_MAX);
	assert_false(made.frames.mended);
}
