#include "rpc/unpack.h"

#include <assert.h>

#include "base/utf8.h"

#define NUMBER_MAX ((1u << 29) - 1) /* of a field */
#define TAG_BYTES 5u                /* protobuf-c reads tags and lengths of at most 32 bits */
#define VARINT_BYTES 10u
#define WIRE_MAX ((size_t)INT32_MAX) /* bytes of a message: those of the format itself */

/* protobuf-c 1.4: what it notes of each field, 16 of them on the stack and then in slabs, each twice the one before. */
#define NOTE_BYTES 32u
#define NOTES_FIRST 16u

#define WIRE_VARINT ((unsigned)PROTOBUF_C_WIRE_TYPE_VARINT)
#define WIRE_64BIT ((unsigned)PROTOBUF_C_WIRE_TYPE_64BIT)
#define WIRE_LENGTH ((unsigned)PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
#define WIRE_GROUP 3u
#define WIRE_GROUP_END 4u
#define WIRE_32BIT ((unsigned)PROTOBUF_C_WIRE_TYPE_32BIT)

const struct vd_unpack_limits vd_unpack_limits_usual = {
	.bytes = (size_t)16 << 20,
	.depth = VD_UNPACK_DEPTH_MAX,
	.fields = 65536,
	.elements = 65536,
};

/* How a type stands in the bytes and in memory. */
struct shape {
	unsigned wire;
	size_t size; /* of an element of a repeated field */
};

static const struct shape shapes[] = {
	[PROTOBUF_C_TYPE_INT32] = {WIRE_VARINT, 4},
	[PROTOBUF_C_TYPE_SINT32] = {WIRE_VARINT, 4},
	[PROTOBUF_C_TYPE_SFIXED32] = {WIRE_32BIT, 4},
	[PROTOBUF_C_TYPE_INT64] = {WIRE_VARINT, 8},
	[PROTOBUF_C_TYPE_SINT64] = {WIRE_VARINT, 8},
	[PROTOBUF_C_TYPE_SFIXED64] = {WIRE_64BIT, 8},
	[PROTOBUF_C_TYPE_UINT32] = {WIRE_VARINT, 4},
	[PROTOBUF_C_TYPE_FIXED32] = {WIRE_32BIT, 4},
	[PROTOBUF_C_TYPE_UINT64] = {WIRE_VARINT, 8},
	[PROTOBUF_C_TYPE_FIXED64] = {WIRE_64BIT, 8},
	[PROTOBUF_C_TYPE_FLOAT] = {WIRE_32BIT, 4},
	[PROTOBUF_C_TYPE_DOUBLE] = {WIRE_64BIT, 8},
	[PROTOBUF_C_TYPE_BOOL] = {WIRE_VARINT, sizeof(protobuf_c_boolean)},
	[PROTOBUF_C_TYPE_ENUM] = {WIRE_VARINT, 4},
	[PROTOBUF_C_TYPE_STRING] = {WIRE_LENGTH, sizeof(char *)},
	[PROTOBUF_C_TYPE_BYTES] = {WIRE_LENGTH, sizeof(ProtobufCBinaryData)},
	[PROTOBUF_C_TYPE_MESSAGE] = {WIRE_LENGTH, sizeof(ProtobufCMessage *)},
};

/* ---- the walk ---- */

/* A message that is being walked; each stands in the frame of its own call. */
struct level {
	const struct level *up;
	const ProtobufCMessageDescriptor *desc;
	const ProtobufCFieldDescriptor *field; /* where the walk stands; NULL: at none that is declared */
	const uint8_t *end;
	unsigned depth;
	uint32_t notes_left, slab;               /* of NOTES_FIRST and what follows them */
	uint64_t seen[VD_UNPACK_FIELDS_OF / 64]; /* fields that have come, by their place in desc */
};

struct walk {
	const uint8_t *start, *at;
	const uint8_t *field_at; /* where the field begins that the walk is in */
	const struct vd_unpack_limits *limits;
	size_t bytes;
	uint32_t fields, elements;
	struct vd_err *err;
};

/* Puts the path in front of the words that err has. */
static enum vd_status
place(const struct walk *walk, const struct level *level, enum vd_status st)
{
	const struct level *from[VD_UNPACK_DEPTH_MAX];
	char path[192];
	size_t len = 0;
	unsigned n = 0;
	for (; level != NULL; level = level->up)
		from[n++] = level;
	const char *type = from[n - 1]->desc->name;
	path[0] = '\0';
	for (; n > 0 && from[n - 1]->field != NULL; n--) {
		const char *name = from[n - 1]->field->name;
		if (len + 1 + strlen(name) >= sizeof path)
			break;
		if (len != 0)
			path[len++] = '.';
		memcpy(path + len, name, strlen(name) + 1);
		len += strlen(name);
	}
	return vd_fail_in(walk->err, st, "%s: %s%sbyte %zu", type, path, len == 0 ? "" : ", ",
		(size_t)(walk->field_at - walk->start));
}

static VD_COLD enum vd_status
refuse(const struct walk *walk, const struct level *level, const char *words)
{
	return place(walk, level, vd_fail(walk->err, VD_EINPUT, "%s", words));
}

static VD_COLD enum vd_status
too_many(const struct walk *walk, const struct level *level, const char *what, size_t limit)
{
	return place(walk, level, vd_fail(walk->err, VD_ELIMIT, "%s: at most %zu are taken", what, limit));
}

static size_t
rounded(size_t n)
{
	return (n + 15) / 16 * 16; /* as the arena does */
}

static enum vd_status
charge(struct walk *walk, const struct level *level, size_t n)
{
	if (VD_UNLIKELY(n > walk->limits->bytes - walk->bytes))
		return too_many(walk, level, "bytes of memory", walk->limits->bytes);
	walk->bytes += n;
	return VD_OK;
}

/* True: a varint of at most max bytes stands there, and the walk is behind it. */
static bool
varint(struct walk *walk, const uint8_t *end, unsigned max, uint64_t *ret)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < max && walk->at + i < end; i++) {
		value |= (uint64_t)(walk->at[i] & 0x7fu) << (7 * i);
		if (walk->at[i] < 0x80) {
			walk->at += i + 1;
			*ret = value;
			return true;
		}
	}
	return false;
}

/* One more field: counted, and room for what protobuf-c notes of it. */
static enum vd_status
count_field(struct walk *walk, struct level *level)
{
	if (walk->fields++ >= walk->limits->fields)
		return too_many(walk, level, "fields", walk->limits->fields);
	if (level->notes_left-- > 0)
		return VD_OK;
	level->slab *= 2;
	level->notes_left = level->slab - 1;
	return charge(walk, level, rounded((size_t)level->slab * NOTE_BYTES));
}

/* n more elements of the level's field, which is a repeated one. */
static enum vd_status
count_elements(struct walk *walk, struct level *level, size_t n, bool first)
{
	if (n > walk->limits->elements - walk->elements)
		return too_many(walk, level, "elements", walk->limits->elements);
	walk->elements += (uint32_t)n;
	return charge(walk, level, n * shapes[level->field->type].size + (first ? 15 : 0));
}

/* True: the level's field has not come before in its message. */
static bool
first_time(struct level *level)
{
	size_t place_in = (size_t)(level->field - level->desc->fields);
	uint64_t bit = UINT64_C(1) << place_in % 64;
	bool first = (level->seen[place_in / 64] & bit) == 0;
	level->seen[place_in / 64] |= bit;
	return first;
}

/* The elements of a packed field, from the walk's place to end. */
static enum vd_status
walk_packed(struct walk *walk, struct level *level, const uint8_t *end, bool first)
{
	const struct shape *shape = &shapes[level->field->type];
	size_t n = 0, len = (size_t)(end - walk->at);
	if (shape->wire != WIRE_VARINT) {
		if (len % shape->size != 0)
			return refuse(walk, level, "packed numbers end within a number");
		n = len / shape->size;
		walk->at = end;
		return count_elements(walk, level, n, first);
	}
	for (uint64_t value; walk->at < end; n++) {
		if (!varint(walk, end, VARINT_BYTES, &value))
			return refuse(walk, level, "a packed varint does not end");
		if (level->field->type == PROTOBUF_C_TYPE_BOOL && walk->at[-1] > 1)
			return refuse(walk, level, "a packed bool is neither 0 nor 1");
	}
	if (level->field->type == PROTOBUF_C_TYPE_BOOL && n != len)
		return refuse(walk, level, "a packed bool is neither 0 nor 1");
	return count_elements(walk, level, n, first);
}

static enum vd_status
walk_string(struct walk *walk, struct level *level, size_t n)
{
	const char *text = (const char *)walk->at;
	if (n != 0 && memchr(text, '\0', n) != NULL)
		return refuse(walk, level, "a NUL stands in the string");
	if (!vd_utf8_valid(text, n))
		return refuse(walk, level, "the string is not UTF-8");
	return charge(walk, level, rounded(n + 1));
}

static enum vd_status walk_message(struct walk *walk, struct level *level);

static enum vd_status
walk_inner(struct walk *walk, const struct level *level, const uint8_t *end)
{
	struct level inner = {
		.up = level, .desc = level->field->descriptor, .end = end, .depth = level->depth + 1};
	if (inner.depth > VD_MIN(walk->limits->depth, VD_UNPACK_DEPTH_MAX))
		return too_many(walk, level, "messages within messages",
			VD_MIN(walk->limits->depth, VD_UNPACK_DEPTH_MAX));
	return walk_message(walk, &inner);
}

/* A declared field of the wire type "length": the walk stands behind the length, the content ends at end. */
static enum vd_status
walk_content(struct walk *walk, struct level *level, const uint8_t *end)
{
	const ProtobufCFieldDescriptor *field = level->field;
	bool first = first_time(level);
	if (shapes[field->type].wire != WIRE_LENGTH)
		return walk_packed(walk, level, end, first);
	enum vd_status st = VD_OK;
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		st = count_elements(walk, level, 1, first);
	else if (field->type == PROTOBUF_C_TYPE_MESSAGE && !first)
		return refuse(walk, level, "a message that is not repeated comes twice");
	if (st != VD_OK)
		return st;
	size_t n = (size_t)(end - walk->at);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return walk_inner(walk, level, end);
	st = field->type == PROTOBUF_C_TYPE_STRING ? walk_string(walk, level, n)
						   : charge(walk, level, rounded(n));
	walk->at = end;
	return st;
}

/* Moves the walk behind a length and gives the end of what it counts. */
static enum vd_status
walk_length(struct walk *walk, const struct level *level, const uint8_t **ret_end)
{
	uint64_t n;
	if (!varint(walk, level->end, TAG_BYTES, &n))
		return refuse(walk, level, "a length does not end");
	if (n > (size_t)(level->end - walk->at))
		return refuse(walk, level, "a length reaches beyond the end");
	*ret_end = walk->at + n;
	return VD_OK;
}

/* Moves the walk behind the value; of wire type "length" only behind the length.  *ret_end is the value's end. */
static enum vd_status
walk_value(struct walk *walk, const struct level *level, unsigned wire, const uint8_t **ret_end)
{
	uint64_t value;
	size_t fixed = wire == WIRE_64BIT ? 8 : 4;
	switch (wire) {
	case WIRE_VARINT:
		if (!varint(walk, level->end, VARINT_BYTES, &value))
			return refuse(walk, level, "a varint does not end");
		break;
	case WIRE_64BIT:
	case WIRE_32BIT:
		if ((size_t)(level->end - walk->at) < fixed)
			return refuse(walk, level, "a number reaches beyond the end");
		walk->at += fixed;
		break;
	case WIRE_LENGTH:
		return walk_length(walk, level, ret_end);
	case WIRE_GROUP:
	case WIRE_GROUP_END:
		return refuse(walk, level, "a group: they are of an old form and not read");
	default:
		return refuse(walk, level, "no such wire type");
	}
	*ret_end = walk->at;
	return VD_OK;
}

static enum vd_status
walk_known(struct walk *walk, struct level *level, unsigned wire)
{
	const ProtobufCFieldDescriptor *field = level->field;
	const struct shape *shape = &shapes[field->type];
	const uint8_t *end;
	bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
	bool packed = repeated && wire == WIRE_LENGTH && shape->wire != WIRE_LENGTH;
	enum vd_status st = walk_value(walk, level, wire, &end);
	if (st != VD_OK)
		return st;
	if (wire != shape->wire && !packed)
		return refuse(walk, level, "another wire type than the field has");
	if (wire == WIRE_LENGTH)
		return walk_content(walk, level, end);
	return repeated ? count_elements(walk, level, 1, first_time(level)) : VD_OK;
}

/* A field that is not declared: protobuf-c keeps a copy of it. */
static enum vd_status
walk_unknown(struct walk *walk, struct level *level, unsigned wire)
{
	const uint8_t *from = walk->at, *end;
	enum vd_status st = walk_value(walk, level, wire, &end);
	if (st != VD_OK)
		return st;
	walk->at = end;
	return charge(walk, level, sizeof(ProtobufCMessageUnknownField) + rounded((size_t)(end - from)));
}

static enum vd_status
walk_message(struct walk *walk, struct level *level)
{
	const ProtobufCMessageDescriptor *desc = level->desc;
	assert(desc->n_fields <= VD_UNPACK_FIELDS_OF);
	level->slab = level->notes_left = NOTES_FIRST;
	/* itself, which required fields came, what an array of unknown fields is rounded up by */
	enum vd_status st =
		charge(walk, level, rounded(desc->sizeof_message) + rounded(VD_UNPACK_FIELDS_OF / 8) + 15);
	while (st == VD_OK && walk->at < level->end) {
		uint64_t tag;
		level->field = NULL;
		walk->field_at = walk->at;
		if (!varint(walk, level->end, TAG_BYTES, &tag))
			return refuse(walk, level, "a field's number does not end");
		if (tag >> 3 == 0 || tag >> 3 > NUMBER_MAX)
			return refuse(walk, level, "no such field number");
		level->field = protobuf_c_message_descriptor_get_field(desc, (unsigned)(tag >> 3));
		st = count_field(walk, level);
		if (st != VD_OK)
			return st;
		st = level->field == NULL ? walk_unknown(walk, level, tag & 7u)
					  : walk_known(walk, level, tag & 7u);
	}
	return st;
}

enum vd_status
vd_unpack_check(const ProtobufCMessageDescriptor *desc, struct vd_str wire,
	const struct vd_unpack_limits *limits, size_t *ret_bytes, struct vd_err *err)
{
	const uint8_t *at = (const uint8_t *)wire.at;
	if (wire.len > WIRE_MAX)
		return vd_fail(err, VD_ELIMIT, "%s: %zu bytes, at most %zu are taken", desc->name, wire.len,
			WIRE_MAX);
	struct walk walk = {.start = at, .at = at, .field_at = at, .limits = limits, .err = err};
	struct level level = {.desc = desc, .end = wire.len == 0 ? at : at + wire.len, .depth = 1};
	enum vd_status st = walk_message(&walk, &level);
	if (st == VD_OK && ret_bytes != NULL)
		*ret_bytes = walk.bytes;
	return st;
}

/* ---- protobuf-c ---- */

/* The arena as protobuf-c's allocator, which takes no more than the limits say. */
struct budget {
	struct vd_arena *arena;
	size_t left;
	bool over, starved;
};

static void *
take(void *owner, size_t size)
{
	struct budget *budget = owner;
	size_t n = rounded(size);
	if (n > budget->left) {
		budget->over = true;
		return NULL;
	}
	budget->left -= n;
	void *p = vd_arena_alloc(budget->arena, size);
	budget->starved |= p == NULL;
	return p;
}

static void
give_back(void *owner, void *p)
{
	(void)owner; /* the arena keeps all until it is reset */
	(void)p;
}

enum vd_status
vd_unpack(const ProtobufCMessageDescriptor *desc, struct vd_str wire, const struct vd_unpack_limits *limits,
	struct vd_arena *arena, ProtobufCMessage **ret, struct vd_err *err)
{
	enum vd_status st = vd_unpack_check(desc, wire, limits, NULL, err);
	if (st != VD_OK)
		return st;
	struct budget budget = {.arena = arena, .left = limits->bytes};
	ProtobufCAllocator allocator = {take, give_back, &budget};
	ProtobufCMessage *message =
		protobuf_c_message_unpack(desc, &allocator, wire.len, (const uint8_t *)wire.at);
	if (message == NULL && budget.over)
		return vd_fail(err, VD_ELIMIT, "%s: bytes of memory: at most %zu are taken", desc->name,
			limits->bytes);
	if (message == NULL && budget.starved)
		return vd_fail(err, VD_ENOMEM, "%s: no memory to unpack it", desc->name);
	if (message == NULL)
		return vd_fail(err, VD_EINPUT, "%s: a required field is missing", desc->name);
	*ret = message;
	return VD_OK;
}

enum vd_status
vd_pack(const ProtobufCMessage *message, struct vd_buf *buf, struct vd_err *err)
{
	size_t n = protobuf_c_message_get_packed_size(message);
	if (!buf->failed && buf->limit != 0 && (n > buf->limit || buf->len > buf->limit - n))
		return vd_fail(err, VD_ELIMIT, "%s of %zu bytes: %zu are left", message->descriptor->name, n,
			buf->len > buf->limit ? (size_t)0 : buf->limit - buf->len);
	if (!vd_buf_room(buf, n))
		return vd_fail(err, VD_ENOMEM, "no memory for %zu bytes of %s", n, message->descriptor->name);
	buf->len += protobuf_c_message_pack(message, (uint8_t *)buf->at + buf->len);
	buf->at[buf->len] = '\0';
	return VD_OK;
}
