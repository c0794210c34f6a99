#include "rpc/framing.h"

#include "vd_test.h"

#define LIMIT 1000u

/* Appends a message of n bytes: from, from + 1, … */
static void
put(struct vd_buf *wire, size_t n, unsigned from)
{
	size_t begun = vd_framing_begin(wire);
	for (size_t i = 0; i < n; i++)
		vd_buf_char(wire, (char)(from + i));
	assert_true(vd_framing_finish(wire, begun));
}

static void
is_message(struct vd_str message, size_t n, unsigned from)
{
	assert_int_equal(message.len, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal((unsigned char)message.at[i], (unsigned char)(from + i));
}

VD_TEST(a_head_is_a_zero_and_the_length_with_the_high_byte_first)
{
	uint8_t head[VD_FRAMING_HEAD];
	vd_framing_head(head, 0x01020304);
	assert_memory_equal(head, "\0\1\2\3\4", 5);
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	vd_buf_char(&wire, 'x');
	put(&wire, 3, 'a');
	assert_int_equal(wire.len, 9);
	assert_memory_equal(wire.at, "x\0\0\0\0\3abc", 9);
}

VD_TEST(a_message_in_one_chunk_is_borrowed_from_it)
{
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	put(&wire, 10, 1);
	put(&wire, 0, 0);
	put(&wire, 20, 7);
	VD_AUTO_FINI(vd_framing) framing;
	vd_framing_init(&framing, false, LIMIT);
	struct vd_str chunk = vd_buf_view(&wire), message;
	uint64_t allocated = vd_mem_count();
	assert_int_equal(vd_framing_next(&framing, &chunk, &message, NULL), VD_OK);
	is_message(message, 10, 1);
	assert_ptr_equal(message.at, wire.at + 5);
	assert_int_equal(vd_framing_next(&framing, &chunk, &message, NULL), VD_OK);
	is_message(message, 0, 0);
	assert_int_equal(vd_framing_next(&framing, &chunk, &message, NULL), VD_OK);
	is_message(message, 20, 7);
	assert_ptr_equal(message.at, wire.at + 25);
	assert_int_equal(vd_framing_next(&framing, &chunk, &message, NULL), VD_END);
	assert_int_equal(chunk.len, 0);
	assert_int_equal(vd_framing_end(&framing, NULL), VD_OK);
	assert_int_equal(vd_mem_count(), allocated);
}

/* The sizes of five messages; those that go around twice meet a buffer that is there already. */
static const size_t sizes[] = {0, 1, 600, 3, 260};

/* Hands over wire in chunks of step bytes; every chunk is wiped as soon as it is used up. */
static void
read_in_steps(struct vd_str wire, size_t step)
{
	VD_AUTO_FINI(vd_framing) framing;
	vd_framing_init(&framing, true, LIMIT);
	unsigned n = 0;
	char bytes[2000];
	for (size_t at = 0; at < wire.len; at += step) {
		struct vd_str chunk = {bytes, VD_MIN(step, wire.len - at)}, message;
		memcpy(bytes, wire.at + at, chunk.len);
		enum vd_status st;
		while ((st = vd_framing_next(&framing, &chunk, &message, NULL)) == VD_OK) {
			is_message(message, sizes[n % VD_ARRAY_LEN(sizes)], n);
			n++;
		}
		assert_int_equal(st, VD_END);
		assert_int_equal(chunk.len, 0);
		memset(bytes, 0xee, sizeof bytes);
	}
	assert_int_equal(n, 2 * VD_ARRAY_LEN(sizes));
	assert_int_equal(vd_framing_end(&framing, NULL), VD_OK);
}

VD_TEST(messages_come_out_the_same_however_the_bytes_are_cut)
{
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	for (unsigned i = 0; i < 2 * VD_ARRAY_LEN(sizes); i++)
		put(&wire, sizes[i % VD_ARRAY_LEN(sizes)], i);
	assert_true(wire.len < 2000);
	for (size_t step = 1; step <= wire.len; step++)
		read_in_steps(vd_buf_view(&wire), step);
}

/* What a server (or, from_server, a client) says to these bytes. */
static enum vd_rpc_code
refused(const char *bytes, size_t n, bool from_server, bool encoded, enum vd_status want)
{
	VD_AUTO_FINI(vd_framing) framing;
	vd_framing_init(&framing, from_server, LIMIT);
	framing.encoded = encoded;
	struct vd_str chunk = {bytes, n}, message = VD_S("untouched");
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(vd_framing_next(&framing, &chunk, &message, &err), want);
	assert_true(vd_str_is(message, "untouched"));
	assert_true(err.text[0] != '\0');
	/* and so it stays */
	struct vd_str good = VD_S("\0\0\0\0\1x");
	assert_int_equal(vd_framing_next(&framing, &good, &message, NULL), want);
	assert_int_equal(vd_framing_end(&framing, NULL), want);
	assert_int_equal(framing.held.cap, 0);
	return framing.code;
}

VD_TEST(a_compressed_message_is_refused_as_the_specification_says)
{
	assert_int_equal(refused("\1\0\0\0\1x", 6, false, false, VD_EINPUT), VD_RPC_INTERNAL);
	assert_int_equal(refused("\1\0\0\0\1x", 6, false, true, VD_EVERSION), VD_RPC_UNIMPLEMENTED);
	assert_int_equal(refused("\1\0\0\0\1x", 6, true, true, VD_EVERSION), VD_RPC_INTERNAL);
	assert_int_equal(refused("\2\0\0\0\1x", 6, false, true, VD_EINPUT), VD_RPC_INTERNAL);
	assert_int_equal(refused("\xff\0\0\0\0", 5, true, false, VD_EINPUT), VD_RPC_INTERNAL);
}

VD_TEST(an_uncompressed_message_passes_where_an_encoding_was_named)
{
	VD_AUTO_FINI(vd_framing) framing;
	vd_framing_init(&framing, false, LIMIT);
	framing.encoded = true;
	struct vd_str chunk = VD_S("\0\0\0\0\1x"), message;
	assert_int_equal(vd_framing_next(&framing, &chunk, &message, NULL), VD_OK);
	assert_true(vd_str_is(message, "x"));
}

VD_TEST(a_message_above_the_limit_is_refused_by_its_head)
{
	assert_int_equal(refused("\0\0\0\3\xe9", 5, false, false, VD_ELIMIT), VD_RPC_RESOURCE_EXHAUSTED);
	assert_int_equal(
		refused("\0\xff\xff\xff\xffxyz", 8, false, false, VD_ELIMIT), VD_RPC_RESOURCE_EXHAUSTED);
	/* exactly the limit is taken, and only what has come is kept */
	VD_AUTO_FINI(vd_framing) framing;
	vd_framing_init(&framing, false, LIMIT);
	struct vd_str chunk = VD_S("\0\0\0\3\xe8xyz"), message;
	assert_int_equal(vd_framing_next(&framing, &chunk, &message, NULL), VD_END);
	assert_int_equal(framing.held.len, 3);
	assert_true(framing.held.cap < 300);
}

VD_TEST(a_stream_may_not_end_within_a_message)
{
	for (size_t n = 1; n < 9; n++) {
		VD_AUTO_FINI(vd_framing) framing;
		vd_framing_init(&framing, false, LIMIT);
		struct vd_str chunk = {"\0\0\0\0\4abcd", n}, message;
		struct vd_err err = VD_ERR_INIT;
		assert_int_equal(vd_framing_next(&framing, &chunk, &message, NULL), VD_END);
		assert_int_equal(vd_framing_end(&framing, &err), VD_EINPUT);
		assert_int_equal(framing.code, VD_RPC_INTERNAL);
		assert_non_null(strstr(err.text, n < 5 ? "before a message" : "of a message's 4 bytes"));
	}
}

VD_TEST(a_stream_without_a_message_ends_well)
{
	VD_AUTO_FINI(vd_framing) framing;
	vd_framing_init(&framing, false, LIMIT);
	struct vd_str chunk = {NULL, 0}, message;
	assert_int_equal(vd_framing_next(&framing, &chunk, &message, NULL), VD_END);
	assert_int_equal(vd_framing_end(&framing, NULL), VD_OK);
}

VD_TEST(a_large_message_does_not_leave_its_buffer_behind)
{
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	put(&wire, 3 * VD_FRAMING_KEEP, 0);
	put(&wire, 1, 9);
	VD_AUTO_FINI(vd_framing) framing;
	vd_framing_init(&framing, false, VD_FRAMING_LIMIT);
	struct vd_str first = {wire.at, 100}, rest = {wire.at + 100, wire.len - 100}, message;
	assert_int_equal(vd_framing_next(&framing, &first, &message, NULL), VD_END);
	assert_int_equal(vd_framing_next(&framing, &rest, &message, NULL), VD_OK);
	is_message(message, 3 * VD_FRAMING_KEEP, 0);
	assert_int_equal(vd_framing_next(&framing, &rest, &message, NULL), VD_OK);
	is_message(message, 1, 9);
	assert_int_equal(framing.held.cap, 0);
}

VD_TEST(a_head_is_not_written_into_a_buffer_that_has_failed)
{
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 8);
	size_t begun = vd_framing_begin(&wire);
	vd_buf_text(&wire, "four");
	assert_false(vd_framing_finish(&wire, begun));
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO_FINI(vd_framing) framing;
		vd_framing_init(&framing, false, LIMIT);
		char bytes[605] = "\0\0\0\2\x58";
		for (size_t at = 0; at < sizeof bytes; at += 11) {
			struct vd_str chunk = {bytes + at, 11}, message;
			enum vd_status st = vd_framing_next(&framing, &chunk, &message, NULL);
			if (st == VD_ENOMEM) {
				assert_int_equal(framing.code, VD_RPC_RESOURCE_EXHAUSTED);
				assert_int_equal(vd_framing_end(&framing, NULL), VD_ENOMEM);
				break;
			}
			assert_int_equal(st, at + 11 == sizeof bytes ? VD_OK : VD_END);
		}
	}
}
