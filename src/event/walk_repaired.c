/*
 * The tolerant walk: the same list of fields as walk.c makes, out of repair.h's reader.
 */
#include "event/parser.h"

#include "event/repair.h"

struct level {
	uint64_t object;
	size_t from;
	uint32_t node;
	uint8_t flags;
	bool array;
};

struct taker {
	struct vd_event_parser *parser;
	uint32_t node; /* of the value to come */
	size_t depth;
	struct level levels[VD_EVENT_MAX_DEPTH + 1];
};

/* Keys of the strict walk are raw text: what a decoded key escapes there is escaped again. */
static struct vd_str
as_raw(struct vd_buf *to, struct vd_str text)
{
	vd_buf_reset(to);
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\\' || text.at[i] == '"')
			vd_buf_char(to, '\\');
		vd_buf_char(to, text.at[i]);
	}
	if (!vd_buf_room(to, 8)) /* padding */
		return (struct vd_str){"        ", 0};
	return vd_buf_view(to);
}

static enum vd_status
take_key(void *owner, struct vd_str text, struct vd_err *err)
{
	struct taker *taker = owner;
	const struct level *level = &taker->levels[taker->depth - 1];
	struct vd_names *names = taker->parser->names;
	taker->node = vd_names_child(names, level->node, as_raw(&taker->parser->decoded, text));
	if (taker->node == 0)
		return vd_fail(err, VD_ENOMEM, "no memory for the name of a field");
	vd_event_seen(taker->parser, taker->node, level->object);
	return VD_OK;
}

static unsigned
flags_here(const struct taker *taker)
{
	return taker->depth == 0 ? 0 : taker->levels[taker->depth - 1].flags;
}

/* in an array each value has the array's name */
static uint32_t
node_here(const struct taker *taker)
{
	const struct level *level = taker->depth == 0 ? NULL : &taker->levels[taker->depth - 1];
	return level != NULL && level->array ? level->node : taker->node;
}

static enum vd_status
take_open(void *owner, enum vd_field_type container, struct vd_err *err)
{
	struct taker *taker = owner;
	struct vd_event_parser *parser = taker->parser;
	uint32_t node = node_here(taker);
	unsigned flags = flags_here(taker);
	if (taker->depth > VD_EVENT_MAX_DEPTH)
		return vd_fail(err, VD_ELIMIT, "more than %u levels", VD_EVENT_MAX_DEPTH);
	struct level *level = &taker->levels[taker->depth];
	level->from = parser->n;
	if (taker->depth > 0 &&
		!(parser->names->nodes[node].silent ? vd_event_pass(parser)
						    : vd_event_add(parser, node, container, flags, "", 0)))
		return vd_event_full(parser, err);
	level->object = ++parser->objects;
	level->node = node;
	level->array = container == VD_F_ARRAY;
	level->flags = (uint8_t)(flags | (level->array ? VD_FF_ELEMENT : 0));
	taker->depth++;
	return VD_OK;
}

static enum vd_status
take_close(void *owner, enum vd_field_type container, struct vd_err *err)
{
	struct taker *taker = owner;
	const struct level *level = &taker->levels[--taker->depth];
	if (container == VD_F_OBJECT && taker->parser->names->nodes[level->node].kind == VD_NAME_DATA_ITEM &&
		!vd_event_name_data(taker->parser, level->node, level->from))
		return vd_fail(err, VD_ENOMEM, "no memory for the name of a field");
	return VD_OK;
}

static enum vd_status
take_scalar(void *owner, const struct vd_repair_value *value, struct vd_err *err)
{
	struct taker *taker = owner;
	unsigned flags = flags_here(taker) | (value->type == VD_F_STRING ? VD_FF_PLAIN : 0);
	return vd_event_add(
		       taker->parser, node_here(taker), value->type, flags, value->text.at, value->text.len)
		       ? VD_OK
		       : vd_event_full(taker->parser, err);
}

enum vd_status
vd_event_walk_repaired(struct vd_event_parser *parser, struct vd_str text, struct vd_err *err)
{
	struct taker taker;
	taker.parser = parser;
	taker.node = 0;
	taker.depth = 0;
	struct vd_repair_sink sink = {take_key, take_open, take_close, take_scalar, &taker};
	uint32_t repaired = 0;
	vd_arena_reset(parser->arena);
	enum vd_status st = vd_event_repair(parser->arena, text, &sink, &repaired, err);
	parser->repaired |= repaired;
	return st;
}
