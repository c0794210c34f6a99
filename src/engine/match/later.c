/*
 * Items that only a rule which something else has triggered asks about: judged then, value by value.
 */
#include "engine/match/matcher.h"
#include "engine/match/plain.h"

/* Several items ask this of one value.  Whatever is not ASCII or is written as \\u may stand for any byte. */
static bool
is_plain(struct vd_matcher *matcher, const struct vd_field *field)
{
	struct vd_noted *noted = &matcher->noted[field->key % VD_NOTED];
	if (noted->field != field) {
		noted->field = field;
		noted->plain = vd_text_is_plain((struct vd_str){field->raw, field->raw_len});
	}
	return noted->plain;
}

static bool
may_hold(struct vd_matcher *matcher, const struct vd_needs_few *needs, const struct vd_field *field)
{
	if (field->type != VD_F_STRING)
		return true;
	if (field->raw_len < needs->chars)
		return false;
	/* mostly what is needed is missing, and then the value is plain: asked last, and once */
	return vd_needs_found(needs, (struct vd_str){field->raw, field->raw_len}) ||
	       !is_plain(matcher, field);
}

static bool
value_holds(struct vd_matcher *matcher, const struct vd_costly *value, const struct vd_field *field)
{
	VD_PREFETCH(value->atoms);
	if (!may_hold(matcher, &value->needs, field))
		return false;
	if (matcher->formed != field) /* mostly several ask about one command line */
		vd_scan_field(matcher->scan, field);
	matcher->formed = field;
	for (uint32_t a = 0; a < value->n; a++)
		if (vd_scan_atom(matcher->scan, &value->atoms[a]))
			return true;
	matcher->failed |= vd_scan_failed(matcher->scan);
	return false;
}

/* The next field from *i on that has a value under the key, or one for keywords; NULL: there is none. */
static const struct vd_field *
next_field(const struct vd_event *ev, uint32_t key, size_t *i)
{
	for (; *i < ev->n; ++*i) {
		const struct vd_field *field = &ev->fields[*i];
		bool asked = key == VD_KEY_NONE ? vd_field_is_text(field)
						: field->key == key && vd_field_is_value(field);
		if (asked)
			return &ev->fields[(*i)++];
	}
	return NULL;
}

/* |all: does every value stand in the field?  Else: does any? */
static bool
field_holds(struct vd_matcher *matcher, const struct vd_citem *item, const struct vd_field *field)
{
	for (size_t v = 0; v < item->n; v++) {
		bool holds = value_holds(matcher, &item->costly_values[v], field);
		if (item->all && !holds)
			return false;
		if (!item->all && holds)
			return true;
	}
	return item->all && item->n != 0;
}

/* |all: every value in some field; else any value in any. */
static bool
judge(struct vd_matcher *matcher, const struct vd_citem *item)
{
	const struct vd_field *only = vd_matcher_only_field(matcher, item->key);
	if (only != NULL)
		return vd_field_is_value(only) && field_holds(matcher, item, only);
	const struct vd_event *ev = &matcher->event;
	uint64_t found = 0;
	size_t i = 0;
	for (const struct vd_field *field; (field = next_field(ev, item->key, &i)) != NULL;)
		for (size_t v = 0; v < item->n; v++) {
			if (item->all && ((found >> v) & 1)) /* at most 64 values */
				continue;
			if (!value_holds(matcher, &item->costly_values[v], field))
				continue;
			if (!item->all)
				return true;
			found |= (uint64_t)1 << v;
		}
	return item->all && item->n != 0 && found == UINT64_MAX >> (64 - item->n);
}

bool
vd_later_holds(struct vd_matcher *matcher, uint32_t item)
{
	struct vd_later *later = &matcher->later[item];
	if (later->round != matcher->round) {
		later->round = matcher->round;
		later->holds = judge(matcher, vd_items_at(matcher->set->items, item));
	}
	return later->holds;
}
