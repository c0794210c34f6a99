#include "rpc/unpack.h"

#include "vd_test.h"

#include "vedette/test/v1/echo.pb-c.h"
#include "vedette/test/v1/shapes.pb-c.h"
#include "vedette/test/v1/strict.pb-c.h"

#define SHAPES (&vedette__test__v1__shapes__descriptor)

typedef Vedette__Test__V1__Shapes Shapes;

/* ---- writing wire bytes by hand ---- */

static void
varint(struct vd_buf *wire, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		vd_buf_char(wire, (char)(value | 0x80));
	vd_buf_char(wire, (char)value);
}

static void
tag(struct vd_buf *wire, uint32_t field, unsigned type)
{
	varint(wire, (uint64_t)field << 3 | type);
}

static void
piece(struct vd_buf *wire, uint32_t field, struct vd_str bytes)
{
	tag(wire, field, 2);
	varint(wire, bytes.len);
	vd_buf_str(wire, bytes);
}

/* Wraps what is in wire into field, depth times. */
static void
nest(struct vd_buf *wire, uint32_t field, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++) {
		VD_AUTO_FINI(vd_buf) outer;
		vd_buf_init(&outer, 0);
		piece(&outer, field, vd_buf_view(wire));
		vd_buf_reset(wire);
		vd_buf_str(wire, vd_buf_view(&outer));
	}
}

static enum vd_status
check(struct vd_str wire, struct vd_err *err)
{
	return vd_unpack_check(SHAPES, wire, &vd_unpack_limits_usual, NULL, err);
}

/* The bytes are refused with these words; no arena is touched. */
static void
refused(struct vd_str wire, enum vd_status want, const char *words)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	ProtobufCMessage *message = NULL;
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(vd_unpack(SHAPES, wire, &vd_unpack_limits_usual, arena, &message, &err), want);
	if (strstr(err.text, words) == NULL)
		fail_msg("'%s' does not say '%s'", err.text, words);
	assert_null(message);
	assert_int_equal(vd_arena_used(arena), 0);
}

/* ---- what is right ---- */

static void
fill(Shapes *shapes)
{
	static char *texts[] = {"one", "", "größer"};
	static ProtobufCBinaryData blobs[] = {{2, (uint8_t *)"\0\xff"}, {0, NULL}};
	static int32_t i32s[] = {0, -1, INT32_MAX, INT32_MIN};
	static int64_t s64s[] = {0, -1, INT64_MAX, INT64_MIN};
	static uint32_t u32s[] = {1, UINT32_MAX};
	static double twice[] = {0.5, -1e300};
	static protobuf_c_boolean yes[] = {1, 0, 1};
	vedette__test__v1__shapes__init(shapes);
	shapes->i32 = INT32_MIN;
	shapes->s32 = -7;
	shapes->sf64 = INT64_MIN;
	shapes->u64 = UINT64_MAX;
	shapes->single = 1.5f;
	shapes->yes = 1;
	shapes->colour = VEDETTE__TEST__V1__SHAPES__COLOUR__RED;
	shapes->text = "日本";
	shapes->blob = blobs[0];
	shapes->n_texts = VD_ARRAY_LEN(texts), shapes->texts = texts;
	shapes->n_blobs = VD_ARRAY_LEN(blobs), shapes->blobs = blobs;
	shapes->n_packed_i32 = VD_ARRAY_LEN(i32s), shapes->packed_i32 = i32s;
	shapes->n_packed_s64 = VD_ARRAY_LEN(s64s), shapes->packed_s64 = s64s;
	shapes->n_packed_f32 = VD_ARRAY_LEN(u32s), shapes->packed_f32 = u32s;
	shapes->n_packed_twice = VD_ARRAY_LEN(twice), shapes->packed_twice = twice;
	shapes->n_packed_yes = VD_ARRAY_LEN(yes), shapes->packed_yes = yes;
	shapes->n_loose_u32 = VD_ARRAY_LEN(u32s), shapes->loose_u32 = u32s;
	shapes->far = 9;
	shapes->choice_case = VEDETTE__TEST__V1__SHAPES__CHOICE_CHOICE_I32;
	shapes->choice_i32 = 11;
}

/* A message with all of it, itself within and in a map, packed into wire. */
static void
pack_all(struct vd_buf *wire)
{
	Shapes inner, outer;
	Vedette__Test__V1__Shapes__ByNameEntry entry;
	Vedette__Test__V1__Shapes__ByNameEntry *entries[] = {&entry};
	Shapes *list[] = {&inner, &inner};
	vedette__test__v1__shapes__by_name_entry__init(&entry);
	fill(&inner);
	fill(&outer);
	entry.key = "key";
	entry.value = &inner;
	outer.inner = &inner;
	outer.n_list = 2, outer.list = list;
	outer.n_by_name = 1, outer.by_name = entries;
	assert_int_equal(vd_pack(&outer.base, wire, NULL), VD_OK);
}

VD_TEST(a_message_of_every_kind_of_field_comes_back_as_it_was_packed)
{
	VD_AUTO_FINI(vd_buf) wire, again;
	vd_buf_init(&wire, 0);
	vd_buf_init(&again, 0);
	pack_all(&wire);
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	ProtobufCMessage *message;
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(
		vd_unpack(SHAPES, vd_buf_view(&wire), &vd_unpack_limits_usual, arena, &message, &err), VD_OK);
	Shapes *shapes = (Shapes *)message;
	assert_string_equal(shapes->list[1]->texts[2], "größer");
	assert_int_equal(shapes->by_name[0]->value->packed_s64[3], INT64_MIN);
	assert_int_equal(shapes->n_packed_yes, 3);
	assert_int_equal(shapes->inner->choice_i32, 11);
	assert_int_equal(shapes->far, 9);
	assert_int_equal(shapes->blobs[0].len, 2);
	assert_int_equal(vd_pack(message, &again, NULL), VD_OK);
	assert_true(vd_str_eq(vd_buf_view(&wire), vd_buf_view(&again)));
}

VD_TEST(the_walk_foresees_the_memory_that_unpacking_takes)
{
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	pack_all(&wire);
	for (unsigned i = 0; i < 200; i++) { /* so many that protobuf-c needs slabs, and unknown ones */
		piece(&wire, 19, VD_S("text"));
		piece(&wire, 99, VD_S("unknown"));
	}
	struct vd_unpack_limits limits = vd_unpack_limits_usual;
	assert_int_equal(vd_unpack_check(SHAPES, vd_buf_view(&wire), &limits, &limits.bytes, NULL), VD_OK);
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	ProtobufCMessage *message;
	/* enough, and unpacking itself is held to the same limit */
	assert_int_equal(vd_unpack(SHAPES, vd_buf_view(&wire), &limits, arena, &message, NULL), VD_OK);
	assert_int_equal(message->n_unknown_fields, 200);
	/* not absurdly too much */
	assert_true(limits.bytes < 40 * wire.len);
	struct vd_err err = VD_ERR_INIT;
	limits.bytes--;
	assert_int_equal(vd_unpack(SHAPES, vd_buf_view(&wire), &limits, arena, &message, &err), VD_ELIMIT);
	assert_non_null(strstr(err.text, "bytes of memory: at most"));
}

VD_TEST(no_bytes_are_a_message_of_defaults)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	ProtobufCMessage *message;
	assert_int_equal(
		vd_unpack(SHAPES, (struct vd_str){NULL, 0}, &vd_unpack_limits_usual, arena, &message, NULL),
		VD_OK);
	assert_string_equal(((Shapes *)message)->text, "");
	assert_int_equal(((Shapes *)message)->blob.len, 0);
}

VD_TEST(a_message_is_unpacked_without_the_heap_once_the_arena_is_warm)
{
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	pack_all(&wire);
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	ProtobufCMessage *message;
	uint64_t allocated = 0;
	for (unsigned i = 0; i < 3; i++) {
		allocated = vd_mem_count();
		vd_arena_reset(arena);
		assert_int_equal(
			vd_unpack(SHAPES, vd_buf_view(&wire), &vd_unpack_limits_usual, arena, &message, NULL),
			VD_OK);
	}
	assert_int_equal(vd_mem_count(), allocated);
}

VD_TEST(repeated_numbers_are_read_packed_and_one_by_one)
{
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	vd_buf_add(&wire, "\xa8\x01\x05", 3);         /* packed_i32 = 5, by itself */
	vd_buf_add(&wire, "\xaa\x01\x02\x06\x07", 5); /* 6, 7 packed */
	vd_buf_add(&wire, "\xda\x01\x02\x08\x09", 5); /* loose_u32 = 8, 9, packed although it is loose */
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	ProtobufCMessage *message;
	assert_int_equal(
		vd_unpack(SHAPES, vd_buf_view(&wire), &vd_unpack_limits_usual, arena, &message, NULL), VD_OK);
	Shapes *shapes = (Shapes *)message;
	assert_int_equal(shapes->n_packed_i32, 3);
	assert_int_equal(shapes->packed_i32[2], 7);
	assert_int_equal(shapes->loose_u32[1], 9);
}

VD_TEST(of_a_oneof_that_comes_twice_the_last_stands)
{
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	piece(&wire, 30, VD_S("text"));
	piece(&wire, 31, VD_S("blob"));
	piece(&wire, 32, VD_S("\x08\x05"));
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	ProtobufCMessage *message;
	assert_int_equal(
		vd_unpack(SHAPES, vd_buf_view(&wire), &vd_unpack_limits_usual, arena, &message, NULL), VD_OK);
	assert_int_equal(((Shapes *)message)->choice_case, VEDETTE__TEST__V1__SHAPES__CHOICE_CHOICE_INNER);
	assert_int_equal(((Shapes *)message)->choice_inner->i32, 5);
}

/* ---- what is wrong ---- */

VD_TEST(broken_bytes_are_refused_with_the_place)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *words;
	} rows[] = {
		{"\x08", 1, "vedette.test.v1.Shapes: i32, byte 0: a varint does not end"},
		{"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12,
			"i32, byte 0: a varint does not end"},
		{"\x08\x01\x25\x01\x02\x03", 6, "f32, byte 2: a number reaches beyond the end"},
		{"\x49\x01\x02\x03\x04\x05\x06\x07", 8, "f64, byte 0: a number reaches beyond the end"},
		{"\x7a\x05name", 6, "text, byte 0: a length reaches beyond the end"},
		{"\x7a\xff\xff\xff\xff\x0f", 6, "text, byte 0: a length reaches beyond the end"},
		{"\x7a\xff\xff\xff\xff\xff\x01", 7, "text, byte 0: a length does not end"},
		{"\x7a\x80", 2, "text, byte 0: a length does not end"},
		{"\x80", 1, "Shapes: byte 0: a field's number does not end"},
		{"\xff\xff\xff\xff\xff\x01\x00", 7, "byte 0: a field's number does not end"},
		{"\x08\x01\x00\x01", 4, "byte 2: no such field number"},
		{"\xf8\xff\xff\xff\x1f\x01", 6, "byte 0: no such field number"},
		{"\x0b\x0c", 2, "i32, byte 0: a group"},
		{"\x9b\x06\x9c\x06", 4, "byte 0: a group"}, /* of a field that is not declared */
		{"\x0c", 1, "i32, byte 0: a group"},
		{"\x0e\x00", 2, "i32, byte 0: no such wire type"},
		{"\x0f\x00", 2, "i32, byte 0: no such wire type"},
		{"\x0a\x00", 2, "i32, byte 0: another wire type"},
		{"\x0d\x00\x00\x00\x00", 5, "i32, byte 0: another wire type"},
		{"\x78\x00", 2, "text, byte 0: another wire type"},
		{"\x88\x01\x00", 3, "inner, byte 0: another wire type"},
		{"\x20\x00", 2, "f32, byte 0: another wire type"},
		{"\x6a\x01\x01", 3, "yes, byte 0: another wire type"},
		{"\x98\x01\x00", 3, "texts, byte 0: another wire type"},
		{"\xaa\x01\x01\x80", 4, "packed_i32, byte 0: a packed varint does not end"},
		{"\xba\x01\x05\x01\x02\x03\x04\x05", 8, "packed_f32, byte 0: packed numbers end within"},
		{"\xca\x01\x01\x02", 4, "packed_yes, byte 0: a packed bool"},
		{"\xca\x01\x02\x80\x01", 5, "packed_yes, byte 0: a packed bool"},
		{"\x8a\x01\x00\x8a\x01\x00", 6, "inner, byte 3: a message that is not repeated comes twice"},
	};
	for (unsigned i = 0; i < VD_ARRAY_LEN(rows); i++)
		refused((struct vd_str){rows[i].bytes, rows[i].n}, VD_EINPUT, rows[i].words);
}

VD_TEST(a_message_cut_off_anywhere_within_a_field_is_refused)
{
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	pack_all(&wire);
	unsigned fine = 0;
	for (size_t n = 0; n < wire.len; n++) {
		VD_AUTO(vd_arena) arena = vd_arena_new(0);
		ProtobufCMessage *message;
		enum vd_status st = vd_unpack(
			SHAPES, (struct vd_str){wire.at, n}, &vd_unpack_limits_usual, arena, &message, NULL);
		fine += st == VD_OK; /* between two fields */
		assert_true(st == VD_OK || st == VD_EINPUT);
	}
	assert_int_equal(fine, 27); /* the outer message has so many fields on the wire */
}

VD_TEST(strings_are_utf8_without_a_nul)
{
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	piece(&wire, 19, VD_S("fine"));
	piece(&wire, 19, VD_S("\xff"));
	refused(vd_buf_view(&wire), VD_EINPUT, "texts, byte 7: the string is not UTF-8");
	vd_buf_reset(&wire);
	piece(&wire, 15, VD_S("ad\0min"));
	refused(vd_buf_view(&wire), VD_EINPUT, "text, byte 0: a NUL stands in the string");
	vd_buf_reset(&wire);
	piece(&wire, 1, VD_S("\xed\xa0\x80")); /* a key of by_name, a surrogate */
	nest(&wire, 28, 1);
	nest(&wire, 17, 2);
	refused(vd_buf_view(&wire), VD_EINPUT, "inner.inner.by_name.key, byte 9: the string is not UTF-8");
	vd_buf_reset(&wire);
	piece(&wire, 16, VD_S("\xff\0")); /* bytes may be anything, */
	piece(&wire, 77, VD_S("\xff\0")); /* and so may what we do not know */
	assert_int_equal(check(vd_buf_view(&wire), NULL), VD_OK);
}

VD_TEST(depth_is_bounded)
{
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	nest(&wire, 17, VD_UNPACK_DEPTH_MAX - 1);
	assert_int_equal(check(vd_buf_view(&wire), NULL), VD_OK);
	nest(&wire, 32, 1);
	refused(vd_buf_view(&wire), VD_ELIMIT, "messages within messages: at most 64 are taken");
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(check(vd_buf_view(&wire), &err), VD_ELIMIT);
	assert_non_null(strstr(err.text, "choice_inner.inner.inner."));
	/* a limit above the walk's own is no limit */
	struct vd_unpack_limits limits = vd_unpack_limits_usual;
	limits.depth = 1000;
	assert_int_equal(vd_unpack_check(SHAPES, vd_buf_view(&wire), &limits, NULL, NULL), VD_ELIMIT);
	limits.depth = 1;
	assert_int_equal(vd_unpack_check(SHAPES, VD_S("\x08\x01"), &limits, NULL, NULL), VD_OK);
	assert_int_equal(vd_unpack_check(SHAPES, VD_S("\x8a\x01\x00"), &limits, NULL, NULL), VD_ELIMIT);
}

VD_TEST(fields_and_elements_are_counted_in_all_messages_together)
{
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	vd_buf_add(
		&wire, "\x08\x01\x08\x02\xaa\x01\x03\x01\x02\x03\x98\x06\x01", 13); /* 4 fields, 3 elements */
	nest(&wire, 18, 1);                                                         /* 1 and 1 more */
	struct vd_unpack_limits limits = vd_unpack_limits_usual;
	struct vd_err err = VD_ERR_INIT;
	limits.fields = 5, limits.elements = 4;
	assert_int_equal(vd_unpack_check(SHAPES, vd_buf_view(&wire), &limits, NULL, NULL), VD_OK);
	limits.fields = 4;
	assert_int_equal(vd_unpack_check(SHAPES, vd_buf_view(&wire), &limits, NULL, &err), VD_ELIMIT);
	assert_string_equal(err.text, "vedette.test.v1.Shapes: list, byte 13: fields: at most 4 are taken");
	limits.fields = 5, limits.elements = 3;
	assert_int_equal(vd_unpack_check(SHAPES, vd_buf_view(&wire), &limits, NULL, &err), VD_ELIMIT);
	assert_string_equal(
		err.text, "vedette.test.v1.Shapes: list.packed_i32, byte 7: elements: at most 3 are taken");
}

VD_TEST(few_bytes_cannot_ask_for_much_memory)
{
	/* two bytes for an empty message in the list: each would take some 400 */
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	for (unsigned i = 0; i < 65536; i++)
		vd_buf_add(&wire, "\x92\x01\x00", 3);
	refused(vd_buf_view(&wire), VD_ELIMIT, "list, byte ");
	refused(vd_buf_view(&wire), VD_ELIMIT, "bytes of memory: at most 16777216 are taken");
	refused((struct vd_str){wire.at, (size_t)INT32_MAX + 1}, VD_ELIMIT, "bytes, at most 2147483647");
}

VD_TEST(a_required_field_must_be_there)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	ProtobufCMessage *message;
	struct vd_err err = VD_ERR_INIT;
	const ProtobufCMessageDescriptor *desc = &vedette__test__v1__strict__descriptor;
	assert_int_equal(vd_unpack(desc, VD_S("\x12\x01x"), &vd_unpack_limits_usual, arena, &message, &err),
		VD_EINPUT);
	assert_non_null(strstr(err.text, "a required field is missing"));
	assert_int_equal(
		vd_unpack(desc, VD_S("\x08\x05"), &vd_unpack_limits_usual, arena, &message, NULL), VD_OK);
	assert_string_equal(((Vedette__Test__V1__Strict *)message)->maybe, "nothing");
	assert_int_equal(
		vd_unpack(desc, VD_S("\x08\x05\x12\x01x"), &vd_unpack_limits_usual, arena, &message, NULL),
		VD_OK);
	assert_string_equal(((Vedette__Test__V1__Strict *)message)->maybe, "x");
}

VD_TEST(a_path_too_long_for_its_words_is_cut)
{
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	vd_buf_char(&wire, '\x08');
	nest(&wire, 32, 60);
	refused(vd_buf_view(&wire), VD_EINPUT, "choice_inner.choice_inner.choice_inner");
	refused(vd_buf_view(&wire), VD_EINPUT, ": a varint does not end");
}

/* ---- packing ---- */

VD_TEST(packing_appends_and_is_held_to_the_buffer_s_limit)
{
	Vedette__Test__V1__EchoRequest request = VEDETTE__TEST__V1__ECHO_REQUEST__INIT;
	request.payload = (ProtobufCBinaryData){4, (uint8_t *)"four"};
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 8);
	vd_buf_text(&buf, "x");
	assert_int_equal(vd_pack(&request.base, &buf, NULL), VD_OK);
	assert_int_equal(buf.len, 7);
	assert_memory_equal(buf.at,
		"x\x0a\x04"
		"four",
		8);
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(vd_pack(&request.base, &buf, &err), VD_ELIMIT);
	assert_non_null(strstr(err.text, "vedette.test.v1.EchoRequest of 6 bytes: 1 are left"));
	assert_int_equal(buf.len, 7);
}

VD_TEST(survives_every_out_of_memory)
{
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	pack_all(&wire);
	char *blob = vd_mem_zalloc(1, 40000); /* so that the arena needs several blocks */
	assert_non_null(blob);
	for (unsigned i = 0; i < 5; i++)
		piece(&wire, 20, (struct vd_str){blob, 40000});
	vd_mem_free(blob);
	VD_TORTURE
	{
		VD_AUTO(vd_arena) arena = vd_arena_new(0);
		if (arena == NULL)
			continue;
		ProtobufCMessage *message = NULL;
		enum vd_status st =
			vd_unpack(SHAPES, vd_buf_view(&wire), &vd_unpack_limits_usual, arena, &message, NULL);
		assert_int_equal(st, vd_mem_failed() ? VD_ENOMEM : VD_OK);
		VD_AUTO_FINI(vd_buf) again;
		vd_buf_init(&again, 0);
		if (st != VD_OK)
			continue;
		st = vd_pack(message, &again, NULL);
		assert_int_equal(st, vd_mem_failed() ? VD_ENOMEM : VD_OK);
	}
}

VD_TEST(every_place_where_the_arena_may_run_out_is_survived)
{
	VD_AUTO_FINI(vd_buf) wire;
	vd_buf_init(&wire, 0);
	pack_all(&wire);
	bool done = false;
	for (size_t limit = 16; !done; limit += 16) {
		VD_AUTO(vd_arena) arena = vd_arena_new(limit);
		ProtobufCMessage *message;
		enum vd_status st =
			vd_unpack(SHAPES, vd_buf_view(&wire), &vd_unpack_limits_usual, arena, &message, NULL);
		assert_true(st == VD_OK || st == VD_ENOMEM);
		done = st == VD_OK;
	}
}
