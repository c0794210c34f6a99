/*
 * One event: its leaf values in order, with the names that rules use.
 *
 * Nested objects are flattened to dotted names, array elements keep the name of their array, and the
 * {"Event": {"System": …, "EventData": …}} form of EVTX dumpers gets the names Sigma expects (docs/events.md).
 * Values stay raw JSON text until somebody needs them decoded.  A field or value that was repaired is marked.
 *
 * Memory: an event borrows the input bytes and the parser's buffers until the next parse; the fields array
 * grows to the largest event seen and is then reused.  Thread: one owner.
 */
#ifndef VD_EVENT_EVENT_H
#define VD_EVENT_EVENT_H

#include "base/status.h"
#include "base/str.h"
#include "event/keys.h"

enum vd_key_reserved {
#define VD_KEY(symbol, name) VD_K_##symbol,
#include "event/keys.def"
#undef VD_KEY
	VD_K_RESERVED
};

enum vd_field_type {
	VD_F_NULL,
	VD_F_BOOL,
	VD_F_NUMBER,
	VD_F_STRING,
	VD_F_OBJECT, /* name of an object: it exists and matches nothing */
	VD_F_ARRAY,  /* name of an array (also empty): it exists; its elements follow under the same name */
};

#define VD_FF_ELEMENT 1u /* element of an array */
#define VD_FF_PLAIN 2u   /* STRING: raw is decoded text already (repair path): never unescape */
#define VD_FF_SYSTEM 4u  /* an element of Event.System, not of what the event's writer put beside it */

struct vd_field {
	const char *raw;  /* value: string without its quotes, number or literal as written */
	const char *name; /* flattened, blanks stripped */
	uint32_t raw_len;
	uint32_t key; /* number in the table the event was parsed with, or VD_KEY_NONE */
	uint32_t name_len;
	uint8_t type;  /* enum vd_field_type */
	uint8_t flags; /* VD_FF_* */
};

#define VD_REPAIRED_UTF8 1u
#define VD_REPAIRED_DUPLICATE 2u
#define VD_REPAIRED_NUL 4u
#define VD_REPAIRED_DEPTH 8u
#define VD_REPAIRED_CONTROL 16u /* raw control characters inside a string */
#define VD_REPAIRED_SYNTAX 32u  /* a comma without a value, a word JSON does not know (NaN) */

/* Has it a value that can match?  null, objects and arrays only exist. */
VD_INLINE bool
vd_field_is_value(const struct vd_field *field)
{
	return field->type == VD_F_STRING || field->type == VD_F_NUMBER || field->type == VD_F_BOOL;
}

/* Has it a value that keywords look at? */
VD_INLINE bool
vd_field_is_text(const struct vd_field *field)
{
	return field->type == VD_F_STRING || field->type == VD_F_NUMBER;
}

struct vd_event {
	struct vd_field *fields;
	size_t n;
	struct vd_str text;                  /* the whole event as it came */
	uint32_t repaired;                   /* VD_REPAIRED_* */
	bool single;                         /* certainly no key of the table has two values */
	uint32_t windows[VD_K_EVENT_ID + 1]; /* if single: index of Channel and EventID; VD_KEY_NONE: none */
};

#define VD_EVENT_MAX_DEPTH 64u        /* deeper values are matched as text (repaired: depth) */
#define VD_EVENT_MAX_FIELDS 65536u    /* more: VD_ELIMIT; as many containers that are no fields */
#define VD_EVENT_MAX_BYTES (1u << 28) /* one event's text */

struct vd_event_parser;

/* keys is borrowed and must outlive the parser. */
struct vd_event_parser *vd_event_parser_new(const struct vd_keys *keys) VD_MUST_USE;
void vd_event_parser_free(struct vd_event_parser *parser);

/* text must have VD_EVENT_PADDING readable bytes behind it (their content does not matter). */
#define VD_EVENT_PADDING 64u

/*
 * Parses one JSON object.  The strict path is tried first; where it fails the tolerant path repairs what can
 * be read and marks it.  VD_EINPUT: not an object even so; err has the byte column.
 */
enum vd_status vd_event_parse(struct vd_event_parser *parser, struct vd_str text, struct vd_event *ret,
	struct vd_err *err) VD_MUST_USE;

/* Decodes a STRING's text (escapes, lone surrogates become U+FFFD) into buf or borrows raw. */
struct vd_str vd_field_text(const struct vd_field *field, struct vd_buf *buf);

/* First field with this key, NULL if none. */
const struct vd_field *vd_event_find(const struct vd_event *ev, uint32_t key);
const struct vd_field *vd_event_find_name(const struct vd_event *ev, struct vd_str name);

#define VD_TIME_UNKNOWN INT64_MIN
/*
 * Event time in Unix milliseconds from the reserved names; false: none could be read.  reference_ms: spellings without
 * a year take the latest one that makes them at most one day later; VD_TIME_UNKNOWN: they are not read.
 */
bool vd_event_time(const struct vd_event *ev, int64_t reference_ms, int64_t *ret_ms);
/* Host, decoded into buf or borrowed; len 0: none. */
struct vd_str vd_event_host(const struct vd_event *ev, struct vd_buf *buf);
/* Is this the name of a field that vd_event_host reads? */
bool vd_event_names_host(struct vd_str name);

VD_AUTO_DEFINE(vd_event_parser, vd_event_parser_free)

#endif
