/*
 * Why a rule matched the last event, or did not: its condition evaluated the plain way, value by value.
 */
#include "base/mem.h"
#include "engine/match/matcher.h"

#define VALUE_SHOWN_MAX 4096u /* bytes of a value that evidence repeats */

struct view {
	struct vd_matcher *matcher;
	bool explain; /* every predicate, also those that do not hold */
	bool negated;
	struct vd_str selection;
	bool failed;
};

static struct vd_str
quoted(struct view *view, const struct vd_item *item, const struct vd_value *value)
{
	struct vd_arena *arena = view->matcher->arena;
	struct vd_str key = item->written.len == 0 ? VD_S("keyword") : item->written;
	/* in quotes null would be a text */
	const char *quote = value->n != 0 && value->atoms[0].kind == VD_ATOM_NULL ? "" : "'";
	char *text = vd_arena_printf(arena, "%.*s: %s%.*s%s", (int)key.len, key.at, quote,
		(int)VD_MIN(value->written.len, (size_t)1024), value->written.at, quote);
	view->failed |= text == NULL;
	return vd_str_from(text == NULL ? "" : text);
}

/* shown.at == NULL: the field is absent. */
static void
add(struct view *view, const struct vd_item *item, const struct vd_value *value, struct vd_str shown,
	bool holds)
{
	struct vd_matcher *matcher = view->matcher;
	void *list = matcher->evidence;
	struct vd_str kept = {NULL, 0};
	bool absent = shown.at == NULL;
	bool room = vd_mem_grow(
		&list, &matcher->evidence_cap, matcher->n_evidence + 1, sizeof *matcher->evidence, 16);
	matcher->evidence = list;
	shown.len = VD_MIN(shown.len, VALUE_SHOWN_MAX);
	if (!room || (!absent && !vd_arena_str(matcher->arena, shown, &kept))) {
		view->failed = true;
		return;
	}
	matcher->evidence[matcher->n_evidence++] = (struct vd_evidence){
		.field = item->field,
		.value = kept,
		.predicate = quoted(view, item, value),
		.holds = holds,
		.negated = view->negated,
		.selection = view->selection,
	};
}

static bool
of_item(const struct vd_item *item, uint32_t key, const struct vd_field *field)
{
	if (item->field.len != 0)
		return field->key == key;
	return field->type == VD_F_STRING || field->type == VD_F_NUMBER;
}

/* A null, exists or fieldref test. */
static bool
event_test_holds(struct view *view, const struct vd_atom *atom, uint32_t key)
{
	const struct vd_event *ev = &view->matcher->event;
	bool present = false, null = false;
	for (size_t i = 0; i < ev->n; i++) {
		present |= ev->fields[i].key == key;
		null |= ev->fields[i].key == key && ev->fields[i].type == VD_F_NULL;
	}
	if (atom->kind == VD_ATOM_NULL)
		return !present || null;
	if (atom->kind == VD_ATOM_EXISTS)
		return present == atom->wanted;
	struct vd_fieldref ref = {key, vd_keys_find(view->matcher->set->keys, atom->text), atom->part};
	return vd_matcher_fieldref(view->matcher, &ref);
}

static bool
is_event_test(const struct vd_atom *atom)
{
	return atom->kind == VD_ATOM_NULL || atom->kind == VD_ATOM_EXISTS || atom->kind == VD_ATOM_FIELDREF;
}

/*
 * Is one written value found in some value of the event?  *ret_shown: in which; where in none, the last of the
 * field's (a keyword looks at values of every field, of which none is nearer than another).
 */
static bool
value_holds(struct view *view, const struct vd_item *item, const struct vd_value *value, uint32_t key,
	struct vd_str *ret_shown)
{
	struct vd_scan *scan = view->matcher->scan;
	const struct vd_event *ev = &view->matcher->event;
	if (value->n != 0 && is_event_test(&value->atoms[0])) {
		bool holds = event_test_holds(view, &value->atoms[0], key);
		const struct vd_field *field = vd_event_find(ev, key);
		if (field != NULL && field->raw != NULL)
			*ret_shown = (struct vd_str){field->raw, field->raw_len};
		return holds;
	}
	for (size_t i = 0; i < ev->n; i++) {
		const struct vd_field *field = &ev->fields[i];
		struct vd_value_forms forms;
		if (!vd_field_is_value(field) || !of_item(item, key, field))
			continue;
		if (!vd_scan_forms(scan, field, &forms)) {
			view->failed = true;
			return false;
		}
		bool holds = false;
		for (size_t a = 0; a < value->n && !holds; a++)
			holds = vd_atom_holds(&value->atoms[a], &forms, vd_scan_match(scan));
		if (holds || item->field.len != 0)
			*ret_shown = forms.raw;
		if (holds)
			return true;
	}
	return false;
}

/* What is shown where no value was looked at: an absent field is told apart from an empty one. */
static struct vd_str
shown_without_value(const struct view *view, const struct vd_item *item, uint32_t key)
{
	const struct vd_field *field =
		item->field.len == 0 ? NULL : vd_event_find(&view->matcher->event, key);
	if (item->field.len != 0 && field == NULL)
		return (struct vd_str){NULL, 0};
	return field != NULL && field->type == VD_F_NULL ? VD_S("null") : VD_S("");
}

static bool
item_holds(struct view *view, const struct vd_item *item, bool record)
{
	uint32_t key =
		item->field.len == 0 ? VD_KEY_NONE : vd_keys_find(view->matcher->set->keys, item->field);
	const struct vd_str nothing = shown_without_value(view, item, key);
	size_t held = 0;
	for (size_t v = 0; v < item->n; v++) {
		struct vd_str shown = nothing;
		bool holds = value_holds(view, item, &item->values[v], key, &shown);
		held += holds;
		if (record && (view->explain || (holds && (item->all || held == 1) && !item->negate)))
			add(view, item, &item->values[v], shown, holds);
	}
	return (item->all ? held == item->n : held > 0) != item->negate;
}

static bool
expr_holds(struct view *view, const struct vd_expr *expr, bool record)
{
	struct vd_str outer = view->selection;
	bool holds = false;
	switch (expr->kind) {
	case VD_EXPR_ITEM:
		return item_holds(view, expr->item, record);
	case VD_EXPR_NAMED:
		if (expr->name.len != 0)
			view->selection = expr->name;
		holds = expr_holds(view, expr->kids[0], record);
		view->selection = outer;
		return holds;
	case VD_EXPR_NOT:
		view->negated = !view->negated;
		holds = !expr_holds(view, expr->kids[0], record && view->explain);
		view->negated = !view->negated;
		return holds;
	default:
		break;
	}
	bool conjunction = expr->kind == VD_EXPR_AND;
	holds = conjunction;
	for (size_t i = 0; i < expr->n; i++) {
		/* of an OR only what holds is evidence */
		bool one = expr_holds(view, expr->kids[i], false);
		if (record && (view->explain || conjunction || one))
			(void)expr_holds(view, expr->kids[i], true);
		holds = conjunction ? holds && one : holds || one;
	}
	return holds;
}

static enum vd_status
look(struct vd_matcher *matcher, uint32_t rule, bool explain, bool *ret_holds, struct vd_err *err)
{
	vd_obj_check(matcher, VD_MATCHER_MAGIC);
	if (rule >= matcher->set->load.n_rules)
		return vd_fail(err, VD_ENOTFOUND, "rule %u is no single rule of this set", rule);
	if (!matcher->has_event)
		return vd_fail(err, VD_EINPUT, "no event to explain: the last one could not be read");
	vd_arena_reset(matcher->arena);
	matcher->n_evidence = 0;
	struct view view = {.matcher = matcher, .explain = explain, .selection = {"", 0}};
	struct vd_matcher_limits before = matcher->limits;
	uint64_t searches = vd_regex_match_limited(vd_scan_match(matcher->scan));
	matcher->failed = false;
	*ret_holds = expr_holds(&view, matcher->set->load.rules[rule]->expr, true);
	view.failed |= matcher->failed;
	if (explain)
		matcher->limits.searches += vd_regex_match_limited(vd_scan_match(matcher->scan)) - searches;
	else
		matcher->limits = before;
	return view.failed ? vd_fail(err, VD_ENOMEM, "no memory for evidence") : VD_OK;
}

enum vd_status
vd_matcher_evidence(struct vd_matcher *matcher, uint32_t rule, size_t *ret_n, const struct vd_evidence **ret,
	struct vd_err *err)
{
	bool holds = false;
	enum vd_status st = look(matcher, rule, false, &holds, err);
	if (st != VD_OK)
		return st;
	*ret_n = matcher->n_evidence;
	*ret = matcher->evidence;
	return VD_OK;
}

enum vd_status
vd_matcher_explain(struct vd_matcher *matcher, uint32_t rule, size_t *ret_n, const struct vd_evidence **ret,
	bool *ret_matches, bool *ret_routed, struct vd_err *err)
{
	bool holds = false;
	enum vd_status st = look(matcher, rule, true, &holds, err);
	if (st != VD_OK)
		return st;
	*ret_n = matcher->n_evidence;
	*ret = matcher->evidence;
	*ret_matches = holds;
	*ret_routed = vd_matcher_routed(matcher, rule);
	return VD_OK;
}
