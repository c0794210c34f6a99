/*
 * Inside of the event parser: the list that both walks fill, the strict one over simdjson's index (walk.c) and
 * the tolerant one (walk_repaired.c).
 */
#ifndef VD_EVENT_PARSER_H
#define VD_EVENT_PARSER_H

#include "base/arena.h"
#include "base/mem.h"
#include "event/event.h"
#include "event/names.h"

struct vd_json_index;

struct vd_event_parser {
	uint32_t magic;
#define VD_EVENT_PARSER_MAGIC 0x65767001u
	struct vd_names *names;
	struct vd_json_index *index;
	struct vd_arena *arena; /* decoded text of repaired events */
	struct vd_buf decoded;
	struct vd_field *fields;
	size_t n, cap;
	uint32_t silent; /* containers that are no fields */
	uint32_t repaired;
	bool several; /* one key may have two values: elements, or texts that are called by a name beside them */
	uint32_t windows[VD_K_EVENT_ID + 1]; /* index of the last field with this key, VD_KEY_NONE: none */
	uint64_t objects;                    /* serial number of the newest object, over all events */
	uint64_t event;                      /* serial number of this event among them */
};

void vd_event_parser_begin(struct vd_event_parser *parser);
enum vd_status vd_event_walk(
	struct vd_event_parser *parser, struct vd_str text, struct vd_err *err) VD_MUST_USE;
enum vd_status vd_event_walk_repaired(
	struct vd_event_parser *parser, struct vd_str text, struct vd_err *err) VD_MUST_USE;

/* The failure of an event whose values found no room: VD_ELIMIT where there are too many, else VD_ENOMEM. */
enum vd_status vd_event_full(const struct vd_event_parser *parser, struct vd_err *err) VD_COLD;

/* NULL: no memory or over VD_EVENT_MAX_FIELDS */
struct vd_field *vd_event_parser_grow(struct vd_event_parser *parser);

/* Appends a field under name node `node`; false: no memory or too many. */
VD_INLINE bool
vd_event_add(struct vd_event_parser *parser, uint32_t node, enum vd_field_type type, unsigned flags,
	const char *raw, size_t raw_len)
{
	if (VD_UNLIKELY(parser->n == parser->cap) && vd_event_parser_grow(parser) == NULL)
		return false;
	const struct vd_name *name = &parser->names->nodes[node];
	if (VD_UNLIKELY(name->key <= VD_K_EVENT_ID))
		parser->windows[name->key] = (uint32_t)parser->n;
	parser->several |= (flags & VD_FF_ELEMENT) != 0;
	parser->fields[parser->n++] = (struct vd_field){
		.raw = raw,
		.name = name->full,
		.raw_len = (uint32_t)raw_len,
		.key = name->key,
		.name_len = name->full_len,
		.type = (uint8_t)type,
		.flags = (uint8_t)(flags | name->flags),
	};
	return true;
}

/* Opens a container of the EVTX form, which is no field and costs like one; false: too many. */
VD_INLINE bool
vd_event_pass(struct vd_event_parser *parser)
{
	return ++parser->silent <= VD_EVENT_MAX_FIELDS;
}

/* Notes that key `node` stands in object number `object`; a second time there is a duplicate key. */
VD_INLINE void
vd_event_seen(struct vd_event_parser *parser, uint32_t node, uint64_t object)
{
	struct vd_name *name = &parser->names->nodes[node];
	if (VD_UNLIKELY(name->object == object))
		parser->repaired |= VD_REPAIRED_DUPLICATE;
	name->object = object;
}

/*
 * EventData.Data as {"Name": n, "#text": t}: the text is the field called n.  Called when the object that gave
 * fields[from..] ends.
 */
bool vd_event_name_data(struct vd_event_parser *parser, uint32_t node, size_t from);

#endif
