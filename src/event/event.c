#include "event/event.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/time.h"
#include "event/decode.h"
#include "event/json_index.h"
#include "event/names.h"
#include "event/parser.h"

struct vd_event_parser *
vd_event_parser_new(const struct vd_keys *keys)
{
	VD_AUTO(vd_event_parser) parser = vd_obj_new(struct vd_event_parser, VD_EVENT_PARSER_MAGIC);
	if (parser == NULL)
		return NULL;
	vd_buf_init(&parser->decoded, 0);
	parser->names = vd_names_new(keys);
	parser->index = vd_json_index_new();
	parser->arena = vd_arena_new(0);
	parser->cap = 256;
	parser->fields = vd_mem_zalloc(parser->cap, sizeof *parser->fields);
	if (parser->names == NULL || parser->index == NULL || parser->arena == NULL || parser->fields == NULL)
		return NULL;
	return vd_event_parser_take(&parser);
}

void
vd_event_parser_free(struct vd_event_parser *parser)
{
	if (parser == NULL)
		return;
	vd_obj_check(parser, VD_EVENT_PARSER_MAGIC);
	vd_names_free(parser->names);
	if (parser->index != NULL)
		vd_json_index_free(parser->index);
	vd_arena_free(parser->arena);
	vd_mem_free(parser->fields);
	vd_buf_fini(&parser->decoded);
	vd_obj_free(parser);
}

void
vd_event_parser_begin(struct vd_event_parser *parser)
{
	vd_names_begin(parser->names);
	parser->n = 0;
	parser->silent = 0;
	parser->repaired = 0;
	parser->several = false;
	parser->windows[VD_K_CHANNEL] = parser->windows[VD_K_EVENT_ID] = VD_KEY_NONE;
	parser->event = ++parser->objects;
}

enum vd_status
vd_event_parse(struct vd_event_parser *parser, struct vd_str text, struct vd_event *ret, struct vd_err *err)
{
	vd_obj_check(parser, VD_EVENT_PARSER_MAGIC);
	if (text.len > VD_EVENT_MAX_BYTES)
		return vd_fail(err, VD_ELIMIT, "an event of %zu bytes; the limit is %u", text.len,
			VD_EVENT_MAX_BYTES);
	vd_event_parser_begin(parser);
	enum vd_status st = vd_event_walk(parser, text, err);
	if (st == VD_EINPUT) {
		vd_event_parser_begin(parser);
		st = vd_event_walk_repaired(parser, text, err);
	}
	if (st != VD_OK)
		return st;
	/* only now: the end of a text that nobody has read yet is far away */
	*ret = (struct vd_event){
		.fields = parser->fields,
		.n = parser->n,
		.text = vd_str_trim(text),
		.repaired = parser->repaired,
		.single = !parser->several && !parser->names->shared &&
			  (parser->repaired & VD_REPAIRED_DUPLICATE) == 0,
		.windows = {parser->windows[VD_K_CHANNEL], parser->windows[VD_K_EVENT_ID]},
	};
	return VD_OK;
}

enum vd_status
vd_event_full(const struct vd_event_parser *parser, struct vd_err *err)
{
	if (parser->n < VD_EVENT_MAX_FIELDS && parser->silent <= VD_EVENT_MAX_FIELDS)
		return vd_fail(err, VD_ENOMEM, "no memory for the values of an event");
	return vd_fail(err, VD_ELIMIT,
		"an event of more than %u values, objects and arrays counted: it is not matched",
		VD_EVENT_MAX_FIELDS);
}

struct vd_field *
vd_event_parser_grow(struct vd_event_parser *parser)
{
	void *fields = parser->fields;
	if (parser->n >= VD_EVENT_MAX_FIELDS ||
		!vd_mem_grow(&fields, &parser->cap, parser->n + 1, sizeof *parser->fields, 256))
		return NULL;
	parser->fields = fields;
	return &parser->fields[parser->n];
}

static bool
is_called(const struct vd_field *field, const char *name)
{
	return vd_str_is((struct vd_str){field->name, field->name_len}, name);
}

/*
 * Of fields[from…]: the text is called by the name; the name itself and the object around both are no values of the
 * event and go.
 */
bool
vd_event_name_data(struct vd_event_parser *parser, uint32_t node, size_t from)
{
	const struct vd_field *name = NULL;
	bool text = false;
	for (size_t i = from; i < parser->n; i++) {
		const struct vd_field *field = &parser->fields[i];
		if (is_called(field, "Data_Name"))
			name = field;
		text |= is_called(field, "Data") && field->type < VD_F_OBJECT;
	}
	if (name == NULL || name->type != VD_F_STRING || !text)
		return true;
	parser->several = true;
	uint32_t parent = parser->names->nodes[node].parent;
	vd_buf_reset(&parser->decoded);
	vd_buf_add(&parser->decoded, name->raw, name->raw_len);
	if (!vd_buf_room(&parser->decoded, 8)) /* padding */
		return false;
	uint32_t named = vd_names_child(parser->names, parent, vd_buf_view(&parser->decoded));
	if (named == 0)
		return false;
	const struct vd_name *target = &parser->names->nodes[named];
	size_t kept = from;
	for (size_t i = from; i < parser->n; i++) {
		struct vd_field field = parser->fields[i];
		bool container = field.type == VD_F_OBJECT || field.type == VD_F_ARRAY;
		if (is_called(&field, "Data_Name") || (container && is_called(&field, "Data")))
			continue;
		if (is_called(&field, "Data")) {
			field.name = target->full;
			field.name_len = target->full_len;
			field.key = target->key;
			field.flags &= (uint8_t)~VD_FF_ELEMENT;
			vd_event_seen(parser, named, parser->event);
		}
		parser->fields[kept++] = field;
	}
	parser->n = kept;
	return true;
}

struct vd_str
vd_field_text(const struct vd_field *field, struct vd_buf *buf)
{
	struct vd_str raw = {field->raw, field->raw_len};
	if (field->type != VD_F_STRING || (field->flags & VD_FF_PLAIN))
		return raw;
	return vd_json_decode(raw, buf);
}

const struct vd_field *
vd_event_find(const struct vd_event *ev, uint32_t key)
{
	for (size_t i = 0; i < ev->n; i++)
		if (ev->fields[i].key == key)
			return &ev->fields[i];
	return NULL;
}

const struct vd_field *
vd_event_find_name(const struct vd_event *ev, struct vd_str name)
{
	for (size_t i = 0; i < ev->n; i++)
		if (vd_str_eq((struct vd_str){ev->fields[i].name, ev->fields[i].name_len}, name))
			return &ev->fields[i];
	return NULL;
}

/* reference_ms: only spellings without a year, near it; VD_TIME_UNKNOWN: only those with one. */
static bool
field_time(const struct vd_field *field, int64_t reference_ms, int64_t *ret_ms)
{
	char room[128];
	struct vd_str raw = {field->raw, field->raw_len};
	if ((field->type != VD_F_STRING && field->type != VD_F_NUMBER) || raw.len > sizeof room)
		return false;
	if (field->type == VD_F_STRING && !(field->flags & VD_FF_PLAIN))
		raw = (struct vd_str){room, vd_json_decode_into(room, raw)};
	return reference_ms == VD_TIME_UNKNOWN ? vd_time_parse(raw, ret_ms)
					       : vd_time_parse_yearless(raw, reference_ms, ret_ms);
}

static bool
first_time(const struct vd_event *ev, int64_t reference_ms, int64_t *ret_ms)
{
	uint32_t best = VD_K_T_CREATED_DATE_TIME + 1;
	for (size_t i = 0; i < ev->n; i++) {
		uint32_t key = ev->fields[i].key;
		if (key >= VD_K_T_TIMESTAMP && key < best && field_time(&ev->fields[i], reference_ms, ret_ms))
			best = key;
	}
	return best <= VD_K_T_CREATED_DATE_TIME;
}

static bool
audit_time(const struct vd_event *ev, int64_t *ret_ms)
{
	for (size_t i = 0; i < ev->n; i++) {
		const struct vd_field *field = &ev->fields[i];
		/* raw: nothing in it is written with an escape */
		if (field->key == VD_K_A_MSG && field->type == VD_F_STRING &&
			vd_time_parse_audit((struct vd_str){field->raw, field->raw_len}, ret_ms))
			return true;
	}
	return false;
}

bool
vd_event_time(const struct vd_event *ev, int64_t reference_ms, int64_t *ret_ms)
{
	/* a year that is written is better than one that is inferred */
	if (first_time(ev, VD_TIME_UNKNOWN, ret_ms) || audit_time(ev, ret_ms))
		return true;
	return reference_ms != VD_TIME_UNKNOWN && first_time(ev, reference_ms, ret_ms);
}

/* A record type of Linux auditd: USER_AUTH, SYSCALL, UNKNOWN[1420]. */
static bool
is_audit_type(const struct vd_field *type)
{
	if (type->type != VD_F_STRING || type->raw_len == 0)
		return false;
	for (size_t i = 0; i < type->raw_len; i++) {
		char c = type->raw[i];
		if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '[' || c == ']'))
			return false;
	}
	return true;
}

static bool
is_host(uint32_t key)
{
	return key == VD_K_COMPUTER || (key >= VD_K_H_HOSTNAME && key <= VD_K_H_MACHINE_NAME);
}

bool
vd_event_names_host(struct vd_str name)
{
	for (uint32_t key = 0; key < VD_K_RESERVED; key++)
		if (is_host(key) && vd_str_is(name, vd_keys_reserved(key)))
			return true;
	return false;
}

struct vd_str
vd_event_host(const struct vd_event *ev, struct vd_buf *buf)
{
	const struct vd_field *best = NULL, *node = NULL;
	bool audit = false;
	for (size_t i = 0; i < ev->n; i++) {
		const struct vd_field *field = &ev->fields[i];
		audit = audit || (field->key == VD_K_L_TYPE && is_audit_type(field));
		if (!is_host(field->key) || field->type != VD_F_STRING || field->raw_len == 0)
			continue;
		if (best == NULL || field->key < best->key)
			best = field;
		if (node == NULL && field->key == VD_K_H_NODE)
			node = field;
	}
	/* in an audit record hostname is the other end of a connection */
	if (audit && node != NULL)
		best = node;
	return best == NULL ? (struct vd_str){"", 0} : vd_field_text(best, buf);
}
