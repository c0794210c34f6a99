#include "event/evtx_xml.h"

#include "base/mem.h"
#include "base/utf8.h"

struct field {
	size_t name, name_len, value, value_len; /* in xml->bytes */
	bool null;
	bool system; /* of Event/System */
	bool apart;  /* of System, and the name stands elsewhere too */
	bool written;
};

struct element {
	struct vd_str name;      /* in the XML text */
	size_t text;             /* where its text begins in xml->bytes */
	size_t label, label_len; /* Data's Name in xml->bytes; label_len 0: none */
	bool labelled;
	bool parent; /* it has elements inside: its own text is indentation */
	bool attributes;
};

struct vd_evtx_xml {
	uint32_t magic;
#define VD_EVTX_XML_MAGIC 0x65786d01u
	struct vd_buf sound; /* the text with its UTF-8 mended, where it was not valid */
	struct vd_buf bytes; /* decoded names and values */
	struct field *fields;
	size_t n, cap;
	struct element stack[VD_EVTX_XML_DEPTH];
	size_t depth;
	const char *at, *end, *first; /* text still to be read */
	struct vd_err *err;
};

struct vd_evtx_xml *
vd_evtx_xml_new(void)
{
	struct vd_evtx_xml *xml = vd_obj_new(struct vd_evtx_xml, VD_EVTX_XML_MAGIC);
	if (xml == NULL)
		return NULL;
	vd_buf_init(&xml->sound, 0);
	vd_buf_init(&xml->bytes, 0);
	return xml;
}

void
vd_evtx_xml_free(struct vd_evtx_xml *xml)
{
	if (xml == NULL)
		return;
	vd_obj_check(xml, VD_EVTX_XML_MAGIC);
	vd_buf_fini(&xml->sound);
	vd_buf_fini(&xml->bytes);
	vd_mem_free(xml->fields);
	vd_obj_free(xml);
}

static enum vd_status
broken(const struct vd_evtx_xml *xml, const char *what)
{
	return vd_fail(xml->err, VD_EINPUT, "not an event: %s at byte %zu of its XML", what,
		(size_t)(xml->at - xml->first));
}

static enum vd_status
no_memory(const struct vd_evtx_xml *xml)
{
	return vd_fail(xml->err, VD_ENOMEM, "no memory for an EVTX record");
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
skip_spaces(struct vd_evtx_xml *xml)
{
	while (xml->at < xml->end && is_space(*xml->at))
		xml->at++;
}

static bool
skip_to(struct vd_evtx_xml *xml, const char *mark)
{
	size_t n = strlen(mark);
	const char *found = memmem(xml->at, (size_t)(xml->end - xml->at), mark, n);
	if (found != NULL)
		xml->at = found + n;
	return found != NULL;
}

static bool
begins(const struct vd_evtx_xml *xml, const char *mark)
{
	return vd_str_starts((struct vd_str){xml->at, (size_t)(xml->end - xml->at)}, mark);
}

/* ---- text ---- */

/* "#38" or "#x26" */
static uint32_t
numbered_character(struct vd_str name)
{
	bool hex = name.len > 2 && (name.at[1] == 'x' || name.at[1] == 'X');
	uint32_t c = 0;
	for (size_t i = hex ? 2 : 1; i < name.len; i++) {
		char digit = name.at[i];
		uint32_t value;
		if (digit >= '0' && digit <= '9')
			value = (uint32_t)(digit - '0');
		else if (hex && (digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
			value = (uint32_t)((digit | 0x20) - 'a') + 10;
		else
			return UINT32_MAX;
		c = c * (hex ? 16 : 10) + value;
		if (c > 0x10ffff)
			return UINT32_MAX;
	}
	return c;
}

/* The character that &name; stands for; UINT32_MAX: none. */
static uint32_t
entity(struct vd_str name)
{
	static const struct {
		const char *name;
		char c;
	} known[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
	for (size_t i = 0; i < VD_ARRAY_LEN(known); i++)
		if (vd_str_is(name, known[i].name))
			return (unsigned char)known[i].c;
	return name.len > 1 && name.at[0] == '#' ? numbered_character(name) : UINT32_MAX;
}

#define ENTITY_MAX 10u /* bytes between '&' and ';' */

/* Appends text with its entities replaced; an '&' that begins none stays. */
static void
add_decoded(struct vd_buf *to, struct vd_str text)
{
	size_t i = 0;
	while (i < text.len) {
		const char *mark = memchr(text.at + i, '&', text.len - i);
		size_t run = mark == NULL ? text.len - i : (size_t)(mark - (text.at + i));
		vd_buf_add(to, text.at + i, run);
		i += run;
		if (mark == NULL)
			return;
		const char *semicolon = memchr(mark, ';', VD_MIN(text.len - i, ENTITY_MAX + 2));
		uint32_t c = UINT32_MAX;
		if (semicolon != NULL)
			c = entity((struct vd_str){mark + 1, (size_t)(semicolon - mark) - 1});
		if (c == UINT32_MAX || (c >= 0xd800 && c < 0xe000)) {
			vd_buf_char(to, '&');
			i++;
			continue;
		}
		char encoded[4];
		vd_buf_add(to, encoded, vd_utf8_encode(encoded, c));
		i += (size_t)(semicolon - mark) + 1;
	}
}

/* ---- fields ---- */

static void
add_stripped(struct vd_buf *to, struct vd_str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!is_space(name.at[i]))
			vd_buf_char(to, name.at[i]);
}

/* Event, and the section inside it: System, EventData, UserData or another */
static bool
in_section(const struct vd_evtx_xml *xml, const char *section)
{
	return xml->depth >= 2 && vd_str_is(xml->stack[1].name, section);
}

/* Appends a field whose name was written to bytes from `name` on. */
static enum vd_status
add_field(struct vd_evtx_xml *xml, size_t name, size_t name_len, size_t value, size_t value_len, bool null)
{
	void *fields = xml->fields;
	if (xml->n == VD_EVTX_XML_FIELDS)
		return vd_fail(
			xml->err, VD_ELIMIT, "an EVTX record of more than %u values", VD_EVTX_XML_FIELDS);
	if (xml->bytes.failed || !vd_mem_grow(&fields, &xml->cap, xml->n + 1, sizeof *xml->fields, 64))
		return no_memory(xml);
	xml->fields = fields;
	xml->fields[xml->n++] = (struct field){.name = name,
		.name_len = name_len,
		.value = value,
		.value_len = value_len,
		.null = null,
		.system = in_section(xml, "System")};
	return VD_OK;
}

static bool
in_known_section(const struct vd_evtx_xml *xml)
{
	return in_section(xml, "System") || in_section(xml, "EventData") || in_section(xml, "UserData");
}

/* Writes the name of the innermost element; sections nobody knows get their whole path. */
static void
write_name(struct vd_evtx_xml *xml)
{
	size_t innermost = xml->depth - 1, i = innermost == 0 || in_known_section(xml) ? innermost : 0;
	for (; i <= innermost; i++) {
		add_stripped(&xml->bytes, xml->stack[i].name);
		if (i < innermost)
			vd_buf_char(&xml->bytes, '.');
	}
}

static bool
is_data_item(const struct vd_evtx_xml *xml)
{
	return xml->depth == 3 && in_section(xml, "EventData") && vd_str_is(xml->stack[2].name, "Data");
}

/* An attribute of the innermost element. */
static enum vd_status
take_attribute(struct vd_evtx_xml *xml, struct vd_str name, struct vd_str raw)
{
	struct element *element = &xml->stack[xml->depth - 1];
	if (vd_str_is(name, "xmlns") || vd_str_starts(name, "xmlns:"))
		return VD_OK;
	size_t from = xml->bytes.len;
	if (is_data_item(xml) && vd_str_is(name, "Name")) {
		VD_AUTO_FINI(vd_buf) label;
		vd_buf_init(&label, 0);
		add_decoded(&label, raw);
		add_stripped(&xml->bytes, vd_buf_view(&label));
		element->label = from;
		element->label_len = xml->bytes.len - from;
		element->labelled = true;
		return label.failed || xml->bytes.failed ? no_memory(xml) : VD_OK;
	}
	element->attributes = true;
	write_name(xml);
	vd_buf_char(&xml->bytes, '_');
	add_stripped(&xml->bytes, name);
	size_t value = xml->bytes.len;
	add_decoded(&xml->bytes, raw);
	return add_field(xml, from, value - from, value, xml->bytes.len - value, false);
}

/* The innermost element ends: if it has no elements inside, its text is a value. */
static enum vd_status
take_element(struct vd_evtx_xml *xml)
{
	const struct element *element = &xml->stack[xml->depth - 1];
	size_t value = element->text, value_len = xml->bytes.len - value;
	bool empty = value_len == 0;
	if (element->parent || (xml->depth <= 2 && empty) ||
		(empty && element->attributes && !element->labelled))
		return VD_OK;
	size_t name = xml->bytes.len;
	if (element->labelled && element->label_len > 0)
		return add_field(xml, element->label, element->label_len, value, value_len, false);
	write_name(xml);
	return add_field(
		xml, name, xml->bytes.len - name, value, value_len, empty && in_section(xml, "System"));
}

/* ---- markup ---- */

/* A name at at, up to a blank or one of = / > */
static struct vd_str
take_name(struct vd_evtx_xml *xml)
{
	const char *from = xml->at;
	while (xml->at < xml->end && !is_space(*xml->at) && *xml->at != '=' && *xml->at != '/' &&
		*xml->at != '>')
		xml->at++;
	return (struct vd_str){from, (size_t)(xml->at - from)};
}

static enum vd_status
attribute(struct vd_evtx_xml *xml)
{
	struct vd_str name = take_name(xml);
	skip_spaces(xml);
	if (name.len == 0 || xml->end - xml->at < 2 || *xml->at != '=')
		return broken(xml, "an attribute without a value");
	xml->at++;
	skip_spaces(xml);
	char quote = xml->at < xml->end ? *xml->at : '\0';
	if (quote != '"' && quote != '\'')
		return broken(xml, "an attribute without quotes");
	const char *from = ++xml->at, *to = memchr(from, quote, (size_t)(xml->end - from));
	if (to == NULL)
		return broken(xml, "an attribute that does not end");
	xml->at = to + 1;
	return take_attribute(xml, name, (struct vd_str){from, (size_t)(to - from)});
}

static enum vd_status
close_element(struct vd_evtx_xml *xml)
{
	enum vd_status st = take_element(xml);
	xml->depth--;
	return st;
}

/* "<name attributes>" or "<name attributes/>", at behind '<' */
static enum vd_status
opening_tag(struct vd_evtx_xml *xml)
{
	struct vd_str name = take_name(xml);
	if (name.len == 0)
		return broken(xml, "a tag without a name");
	if (xml->depth == VD_EVTX_XML_DEPTH)
		return vd_fail(xml->err, VD_ELIMIT,
			"more than %u elements inside one another in an EVTX record", VD_EVTX_XML_DEPTH);
	if (xml->depth == 0 && !vd_str_is(name, "Event"))
		return broken(xml, "the outermost element is not Event");
	if (xml->depth > 0)
		xml->stack[xml->depth - 1].parent = true;
	xml->stack[xml->depth++] = (struct element){.name = name};
	enum vd_status st = VD_OK;
	skip_spaces(xml);
	while (st == VD_OK && xml->at < xml->end && *xml->at != '>' && *xml->at != '/') {
		st = attribute(xml);
		skip_spaces(xml);
	}
	if (st != VD_OK)
		return st;
	xml->stack[xml->depth - 1].text = xml->bytes.len;
	if (begins(xml, "/>")) {
		xml->at += 2;
		return close_element(xml);
	}
	if (!begins(xml, ">"))
		return broken(xml, "a tag that does not end");
	xml->at++;
	return VD_OK;
}

/* "</name>", at behind "</" */
static enum vd_status
closing_tag(struct vd_evtx_xml *xml)
{
	struct vd_str name = take_name(xml);
	skip_spaces(xml);
	if (!begins(xml, ">"))
		return broken(xml, "a tag that does not end");
	xml->at++;
	if (xml->depth == 0 || !vd_str_eq(name, xml->stack[xml->depth - 1].name))
		return broken(xml, "a closing tag of another element");
	return close_element(xml);
}

static enum vd_status
character_section(struct vd_evtx_xml *xml)
{
	const char *from = xml->at;
	if (!skip_to(xml, "]]>"))
		return broken(xml, "a CDATA section that does not end");
	if (xml->depth > 0 && !xml->stack[xml->depth - 1].parent)
		vd_buf_add(&xml->bytes, from, (size_t)(xml->at - from) - 3);
	return VD_OK;
}

/* One tag, comment or run of text. */
static enum vd_status
step(struct vd_evtx_xml *xml)
{
	if (*xml->at != '<') {
		const char *from = xml->at, *to = memchr(from, '<', (size_t)(xml->end - from));
		xml->at = to == NULL ? xml->end : to;
		if (xml->depth > 0 && !xml->stack[xml->depth - 1].parent)
			add_decoded(&xml->bytes, (struct vd_str){from, (size_t)(xml->at - from)});
		return VD_OK;
	}
	if (begins(xml, "<![CDATA[")) {
		xml->at += 9;
		return character_section(xml);
	}
	if (begins(xml, "<?"))
		return skip_to(xml, "?>") ? VD_OK : broken(xml, "an instruction that does not end");
	if (begins(xml, "<!--"))
		return skip_to(xml, "-->") ? VD_OK : broken(xml, "a comment that does not end");
	if (begins(xml, "</")) {
		xml->at += 2;
		return closing_tag(xml);
	}
	xml->at++;
	return opening_tag(xml);
}

/* ---- JSON ---- */

static struct vd_str
name_of(const struct vd_evtx_xml *xml, const struct field *field)
{
	return (struct vd_str){xml->bytes.at + field->name, field->name_len};
}

/*
 * libevtx pads hexadecimal numbers to the width of their type, 0x00000000000003e7 for 0x3e7; Windows, other
 * readers and rules do not.  Returns how many zeros are padding.
 */
static size_t
padding(struct vd_str value)
{
	if ((value.len != 2 + 8 && value.len != 2 + 16) || !vd_str_starts(value, "0x0"))
		return 0;
	size_t zeros = 0;
	for (size_t i = 2; i < value.len; i++) {
		char c = value.at[i];
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return 0;
		zeros += c == '0' && zeros == i - 2;
	}
	return VD_MIN(zeros, value.len - 3);
}

static void
write_string(struct vd_buf *json, struct vd_str value)
{
	size_t zeros = padding(value);
	if (zeros == 0) {
		vd_buf_json(json, value);
		return;
	}
	vd_buf_text(json, "\"0x");
	vd_buf_add(json, value.at + 2 + zeros, value.len - 2 - zeros);
	vd_buf_char(json, '"');
}

static void
write_value(const struct vd_evtx_xml *xml, const struct field *field, struct vd_buf *json)
{
	struct vd_str value = {xml->bytes.at + field->value, field->value_len};
	uint64_t number;
	if (field->null)
		vd_buf_text(json, "null");
	else if (vd_str_is(name_of(xml, field), "EventID") && vd_str_u64(value, &number))
		vd_buf_printf(json, "%llu", (unsigned long long)number);
	else
		write_string(json, value);
}

/* The field and, in an array with it, all later ones of its name: names are few, so each looks at all. */
static void
write_field(struct vd_evtx_xml *xml, size_t i, struct vd_buf *json)
{
	struct vd_str name = name_of(xml, &xml->fields[i]);
	size_t others = 0;
	vd_buf_json(json, name);
	vd_buf_char(json, ':');
	size_t opening = json->len;
	write_value(xml, &xml->fields[i], json);
	for (size_t k = i + 1; k < xml->n; k++) {
		struct field *other = &xml->fields[k];
		if (other->apart != xml->fields[i].apart || !vd_str_eq(name_of(xml, other), name))
			continue;
		if (others++ == 0 && vd_buf_room(json, 1)) {
			memmove(json->at + opening + 1, json->at + opening, json->len - opening);
			json->at[opening] = '[';
			json->len++;
		}
		vd_buf_char(json, ',');
		write_value(xml, other, json);
		other->written = true;
	}
	if (others > 0)
		vd_buf_char(json, ']');
}

/* Which names of System stand elsewhere too; returns how many fields of System have one. */
static size_t
set_apart(struct vd_evtx_xml *xml)
{
	size_t n = 0;
	for (size_t i = 0; i < xml->n; i++) {
		struct field *field = &xml->fields[i];
		for (size_t k = 0; field->system && !field->apart && k < xml->n; k++)
			field->apart = !xml->fields[k].system &&
				       vd_str_eq(name_of(xml, &xml->fields[k]), name_of(xml, field));
		n += field->apart;
	}
	return n;
}

/* The members that are apart, or that are not. */
static void
write_members(struct vd_evtx_xml *xml, bool apart, struct vd_buf *json, uint64_t *ret_record_id)
{
	vd_buf_char(json, '{');
	bool first = true;
	for (size_t i = 0; i < xml->n; i++) {
		const struct field *field = &xml->fields[i];
		if (field->written || field->apart != apart)
			continue;
		if (!first)
			vd_buf_char(json, ',');
		first = false;
		if (field->system && vd_str_is(name_of(xml, field), "EventRecordID"))
			(void)vd_str_u64((struct vd_str){xml->bytes.at + field->value, field->value_len},
				ret_record_id);
		write_field(xml, i, json);
	}
}

static enum vd_status
write_json(struct vd_evtx_xml *xml, struct vd_buf *json, uint64_t *ret_record_id)
{
	size_t before = json->len, apart = set_apart(xml);
	write_members(xml, false, json, ret_record_id);
	if (apart > 0) { /* there is a member before it: the same name elsewhere */
		vd_buf_text(json, ",\"Event\":{\"System\":");
		write_members(xml, true, json, ret_record_id);
		vd_buf_text(json, "}}");
	}
	vd_buf_char(json, '}');
	if (!json->failed)
		return VD_OK;
	json->len = before;
	return no_memory(xml);
}

/* Before anything is compared: names that differ in broken bytes alone are one name in valid JSON. */
static enum vd_status
mend(struct vd_evtx_xml *xml, struct vd_str *text)
{
	if (vd_utf8_valid(text->at, text->len))
		return VD_OK;
	vd_buf_reset(&xml->sound);
	if (!vd_buf_room(&xml->sound, 3 * text->len))
		return no_memory(xml);
	xml->sound.len = vd_utf8_repair(xml->sound.at, text->at, text->len);
	*text = vd_buf_view(&xml->sound);
	return VD_OK;
}

enum vd_status
vd_evtx_xml_convert(struct vd_evtx_xml *xml, struct vd_str text, struct vd_buf *json, uint64_t *ret_record_id,
	struct vd_err *err)
{
	vd_obj_check(xml, VD_EVTX_XML_MAGIC);
	xml->err = err;
	enum vd_status st = mend(xml, &text);
	xml->n = xml->depth = 0;
	xml->at = xml->first = text.at;
	xml->end = text.at + text.len;
	vd_buf_reset(&xml->bytes);
	bool root = false;
	while (st == VD_OK && xml->at < xml->end && !(root && xml->depth == 0)) {
		st = step(xml);
		root |= xml->depth > 0;
	}
	if (st == VD_OK && (!root || xml->depth > 0))
		st = broken(xml, root ? "the XML ends inside an element" : "no element");
	if (st == VD_OK && xml->bytes.failed)
		st = no_memory(xml);
	return st == VD_OK ? write_json(xml, json, ret_record_id) : st;
}
