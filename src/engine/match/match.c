#include "engine/match/matcher.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "engine/match/plain.h"

/* ---- which route ---- */

static struct vd_str
raw_of(const struct vd_field *field)
{
	return (struct vd_str){field->raw, field->raw_len};
}

static uint32_t
channel_route(struct vd_matcher *matcher, struct vd_str channel, struct vd_str event_id)
{
	const struct vd_ruleset *set = matcher->set;
	vd_buf_reset(&matcher->channel);
	if (channel.len > VD_CHANNEL_MAX || !vd_buf_room(&matcher->channel, vd_fold_bound(channel.len)))
		return set->windows_route;
	struct vd_str folded = {matcher->channel.at, vd_fold(matcher->channel.at, channel.at, channel.len)};
	const struct vd_channel_route *found = vd_ruleset_channel(set, folded, event_id);
	if (found == NULL)
		found = vd_ruleset_channel(set, folded, (struct vd_str){"", 0});
	return found == NULL ? set->windows_route : found->route;
}

static uint32_t
memo_route(struct vd_matcher *matcher, struct vd_str channel, struct vd_str event_id)
{
	uint64_t hash = XXH3_64bits_withSeed(
		channel.at, channel.len, event_id.len == 0 ? 0 : XXH3_64bits(event_id.at, event_id.len));
	struct vd_route_memo *memo = &matcher->memos[hash & (VD_ROUTE_MEMOS - 1)];
	if (memo->channel_len == channel.len && memo->event_id_len == event_id.len && channel.len != 0 &&
		memcmp(memo->channel, channel.at, channel.len) == 0 &&
		memcmp(memo->event_id, event_id.at, event_id.len) == 0)
		return memo->route;
	uint32_t route = channel_route(matcher, channel, event_id);
	if (channel.len == 0 || channel.len > sizeof memo->channel || event_id.len > sizeof memo->event_id)
		return route;
	memo->route = route;
	memo->channel_len = (uint8_t)channel.len;
	memo->event_id_len = (uint8_t)event_id.len;
	memcpy(memo->channel, channel.at, channel.len);
	memcpy(memo->event_id, event_id.at, event_id.len);
	return route;
}

static bool
is_plain_channel(const struct vd_field *field)
{
	return field->type == VD_F_STRING && field->raw_len > 0 &&
	       (field->flags & (VD_FF_ELEMENT | VD_FF_PLAIN)) == 0 &&
	       memchr(field->raw, '\\', field->raw_len) == NULL;
}

static bool
is_plain_event_id(const struct vd_field *field)
{
	if ((field->type != VD_F_STRING && field->type != VD_F_NUMBER) || field->raw_len == 0 ||
		(field->flags & (VD_FF_ELEMENT | VD_FF_PLAIN)) != 0)
		return false;
	for (uint32_t i = 0; i < field->raw_len; i++)
		if (field->raw[i] < '0' || field->raw[i] > '9')
			return false;
	return true;
}

/*
 * Channel and EventID as an event of the Windows event log has them: one value each, the channel a string without
 * escapes, the id a plain string or number.  False: anything else.  A route takes these values for all that rules may
 * ask Channel and EventID for, so one more anywhere in the event must be the same.
 */
static bool
plain_windows(const struct vd_event *ev, struct vd_str *ret_channel, struct vd_str *ret_event_id)
{
	_Static_assert(VD_K_CHANNEL == 0 && VD_K_EVENT_ID == 1, "they index found");
	const struct vd_field *found[2] = {NULL, NULL};
	for (size_t key = 0; ev->single && key < 2; key++)
		found[key] = ev->windows[key] == VD_KEY_NONE ? NULL : &ev->fields[ev->windows[key]];
	for (size_t i = 0; !ev->single && i < ev->n; i++) {
		const struct vd_field *field = &ev->fields[i];
		if (VD_LIKELY(field->key > VD_K_EVENT_ID) || field->type >= VD_F_OBJECT)
			continue;
		const struct vd_field *before = found[field->key];
		if (before != NULL && (before->type == VD_F_NULL || field->type == VD_F_NULL ||
					      !vd_str_eq(raw_of(before), raw_of(field))))
			return false;
		found[field->key] = field;
	}
	if (found[VD_K_CHANNEL] == NULL || found[VD_K_EVENT_ID] == NULL ||
		(ev->repaired & VD_REPAIRED_DUPLICATE) || !is_plain_channel(found[VD_K_CHANNEL]) ||
		!is_plain_event_id(found[VD_K_EVENT_ID]))
		return false;
	*ret_channel = raw_of(found[VD_K_CHANNEL]);
	*ret_event_id = raw_of(found[VD_K_EVENT_ID]);
	return true;
}

void
vd_matcher_source(struct vd_matcher *matcher, struct vd_source *ret)
{
	struct vd_str channel, event_id;
	memset(ret, 0, sizeof *ret);
	/* a key written twice may name two sources: then none is believed */
	if (matcher->event.repaired & VD_REPAIRED_DUPLICATE)
		return;
	vd_buf_reset(&matcher->channel);
	switch (vd_logsource_channel(&matcher->event, &matcher->channel, &channel, &event_id)) {
	case VD_LOGSOURCE_CHANNEL:
		vd_logsource_windows(channel, event_id, ret);
		return;
	case VD_LOGSOURCE_SEVERAL:
		return;
	case VD_LOGSOURCE_NONE:
		break;
	}
	uint32_t class = vd_logsource_class(&matcher->event);
	if (class == VD_LOGSOURCE_EXPLICIT)
		(void)vd_logsource_explicit(&matcher->event, ret);
	else
		vd_logsource_describe(class, ret);
}

static void
choose_route(struct vd_matcher *matcher)
{
	const struct vd_ruleset *set = matcher->set;
	struct vd_str channel, event_id;
	uint32_t route = set->all_route;
	matcher->source.known = false;
	if (set->routing && plain_windows(&matcher->event, &channel, &event_id)) {
		route = memo_route(matcher, channel, event_id);
	} else if (set->routing) {
		vd_buf_reset(&matcher->channel);
		bool windows = (matcher->event.repaired & VD_REPAIRED_DUPLICATE) ||
			       vd_logsource_channel(&matcher->event, &matcher->channel, &channel,
				       &event_id) != VD_LOGSOURCE_NONE;
		uint32_t class = windows ? VD_LOGSOURCE_UNKNOWN : vd_logsource_class(&matcher->event);
		route = set->class_routes[class];
		if (route == set->all_route)
			vd_matcher_source(matcher, &matcher->source);
	}
	matcher->route = set->routes[route];
	matcher->learned = &matcher->all_learned[route];
}

/* ---- true items ---- */

static void
hold(struct vd_matcher *matcher, uint32_t bit)
{
	uint64_t mask = (uint64_t)1 << (bit % 64);
	if (matcher->bits[bit / 64] & mask)
		return;
	matcher->bits[bit / 64] |= mask;
	matcher->held[matcher->n_held++] = bit;
	const struct vd_learned *learned = matcher->learned;
	for (uint32_t t = learned->trigger_from[bit]; t < learned->trigger_from[bit + 1]; t++) {
		uint32_t index = learned->triggers[t];
		if (matcher->tried[index] == matcher->round)
			continue;
		matcher->tried[index] = matcher->round;
		matcher->candidates[matcher->n_candidates++] = index;
	}
}

/* A value that some item of the route asks for. */
struct wanted {
	const struct vd_field *field;
	const struct vd_set *set;
	uint32_t base; /* of the set in the route */
	uint32_t kind;
	uint64_t hash;
};

static bool
is_cached(const struct vd_field *field)
{
	return field->raw_len <= VD_CACHE_VALUE_MAX;
}

static void
want(struct vd_matcher *matcher, const struct vd_set *set, uint32_t base, const struct vd_field *field,
	struct wanted *ret)
{
	*ret = (struct wanted){
		field, set, base, set->number * 8u + field->type + (field->flags & VD_FF_PLAIN ? 4u : 0), 0};
	if (is_cached(field))
		ret->hash = vd_cache_hash(matcher->cache, ret->kind, raw_of(field));
}

static enum vd_status
take_wanted(struct vd_matcher *matcher, const struct wanted *one, struct vd_err *err)
{
	uint32_t n;
	const uint32_t *items;
	struct vd_str raw = raw_of(one->field);
	bool cached = is_cached(one->field);
	if (!cached || !vd_cache_get(matcher->cache, one->hash, one->kind, raw, &n, &items)) {
		vd_scan_begin(matcher->scan, one->set);
		enum vd_status st = vd_scan_value(matcher->scan, one->field, err);
		if (st != VD_OK)
			return st;
		n = vd_scan_end(matcher->scan, &items);
		if (cached)
			vd_cache_put(matcher->cache, one->hash, one->kind, raw, n, items);
	}
	for (uint32_t i = 0; i < n; i++)
		hold(matcher, one->base + items[i]);
	return VD_OK;
}

static enum vd_status
take_value(struct vd_matcher *matcher, const struct vd_set *set, uint32_t base, const struct vd_field *field,
	struct vd_err *err)
{
	struct wanted one;
	want(matcher, set, base, field, &one);
	return take_wanted(matcher, &one, err);
}

/* All values of one key together: |all items look for each of their values in any of them. */
static enum vd_status
take_group(
	struct vd_matcher *matcher, const struct vd_set *set, uint32_t base, uint32_t key, struct vd_err *err)
{
	const uint32_t *items;
	vd_scan_begin(matcher->scan, set);
	for (size_t i = 0; i < matcher->event.n; i++) {
		const struct vd_field *field = &matcher->event.fields[i];
		if (field->key != key || !vd_field_is_value(field))
			continue;
		enum vd_status st = vd_scan_value(matcher->scan, field, err);
		if (st != VD_OK)
			return st;
	}
	uint32_t n = vd_scan_end(matcher->scan, &items);
	for (uint32_t i = 0; i < n; i++)
		hold(matcher, base + items[i]);
	return VD_OK;
}

/* Is there another value under the same name: an array's, a duplicate's, or one that flattening gave the name? */
static bool
repeats(const struct vd_event *ev, const struct vd_field *field)
{
	for (size_t i = 0; i < ev->n; i++)
		if (ev->fields[i].key == field->key && &ev->fields[i] != field &&
			vd_field_is_value(&ev->fields[i]))
			return true;
	return false;
}

/* Does any name stand before two values? */
static bool
any_repeats(struct vd_matcher *matcher)
{
	bool found = false;
	for (size_t i = 0; !matcher->event.single && i < matcher->event.n; i++) {
		const struct vd_field *field = &matcher->event.fields[i];
		if (field->key == VD_KEY_NONE || !vd_field_is_value(field))
			continue;
		found |= matcher->valued[field->key] == matcher->round;
		matcher->valued[field->key] = matcher->round;
	}
	return found;
}

/* Values looked up together: what one waits for is fetched while others are. */
#define WANTED 64u

static enum vd_status
take_all(struct vd_matcher *matcher, const struct wanted *list, size_t n, struct vd_err *err)
{
	enum vd_status st = VD_OK;
	for (size_t i = 0; i < n; i++)
		vd_cache_prefetch(matcher->cache, list[i].hash);
	for (size_t i = 0; st == VD_OK && i < n; i++)
		st = take_wanted(matcher, &list[i], err);
	return st;
}

/*
 * Which of the fields from `from` on somebody asks for, up to WANTED of them looked at.  Without a branch: nobody can
 * tell.  What has no key has the last slot, which is 0.
 */
static size_t
asked_fields(const struct vd_matcher *matcher, size_t from, uint32_t asked[WANTED])
{
	const struct vd_event *ev = &matcher->event;
	const uint16_t *slots = matcher->route->slots;
	uint32_t none = (uint32_t)vd_keys_count(matcher->set->keys);
	size_t n = 0, end = VD_MIN(from + WANTED, ev->n);
	for (size_t i = from; i < end; i++) {
		asked[n] = (uint32_t)i;
		n += slots[VD_MIN(ev->fields[i].key, none)] != 0;
	}
	return n;
}

static enum vd_status
take_asked(
	struct vd_matcher *matcher, const uint32_t *asked, size_t n_asked, bool repeated, struct vd_err *err)
{
	const struct vd_route *route = matcher->route;
	struct wanted list[WANTED];
	size_t n = 0;
	enum vd_status st = VD_OK;
	for (size_t i = 0; st == VD_OK && i < n_asked; i++) {
		const struct vd_field *field = &matcher->event.fields[asked[i]];
		const struct vd_route_key *wanted = &route->keys[route->slots[field->key]];
		if (wanted->presence) {
			matcher->present[field->key] = matcher->round;
			matcher->place[field->key] = asked[i];
			if (field->type == VD_F_NULL)
				matcher->null[field->key] = matcher->round;
		}
		if (wanted->set == VD_NONE || !vd_field_is_value(field))
			continue;
		const struct vd_set *set = matcher->set->sets[wanted->set];
		if (repeated && set->has_all && repeats(&matcher->event, field)) {
			if (matcher->grouped[field->key] != matcher->round)
				st = take_group(matcher, set, wanted->base, field->key, err);
			matcher->grouped[field->key] = matcher->round;
			continue;
		}
		want(matcher, set, wanted->base, field, &list[n++]);
		vd_cache_prefetch_bucket(matcher->cache, list[n - 1].hash);
	}
	return st == VD_OK ? take_all(matcher, list, n, err) : st;
}

static enum vd_status
take_fields(struct vd_matcher *matcher, struct vd_err *err)
{
	bool repeated = matcher->route->has_all && any_repeats(matcher);
	enum vd_status st = VD_OK;
	for (size_t from = 0; st == VD_OK && from < matcher->event.n; from += WANTED) {
		uint32_t asked[WANTED];
		size_t n = asked_fields(matcher, from, asked);
		st = take_asked(matcher, asked, n, repeated, err);
	}
	return st;
}

/* Only the values in which a word may stand in disguise.  Fields stand in the order of the text. */
static enum vd_status
take_opaque(struct vd_matcher *matcher, const struct vd_set *set, const struct vd_pairs_look *look,
	struct vd_err *err)
{
	const struct vd_event *ev = &matcher->event;
	enum vd_status st = VD_OK;
	uint32_t k = 0;
	for (size_t i = 0; st == VD_OK && i < ev->n && k < look->n_opaque; i++) {
		const struct vd_field *field = &ev->fields[i];
		if (!vd_field_is_text(field))
			continue;
		while (k < look->n_opaque && ev->text.at + look->opaque[k] < field->raw)
			k++;
		if (k < look->n_opaque && ev->text.at + look->opaque[k] < field->raw + field->raw_len)
			st = take_value(matcher, set, matcher->route->keywords_base, field, err);
	}
	return st;
}

static enum vd_status
take_keywords(struct vd_matcher *matcher, struct vd_err *err)
{
	const struct vd_route *route = matcher->route;
	const struct vd_set *set = matcher->set->sets[route->keywords];
	if (set->has_words && matcher->event.repaired == 0) {
		struct vd_pairs_look look = vd_words_look(&set->words, matcher->event.text);
		if (!look.found && look.n_opaque == 0)
			return VD_OK;
		if (!look.found && !look.more)
			return take_opaque(matcher, set, &look, err);
	}
	enum vd_status st = VD_OK;
	for (size_t i = 0; st == VD_OK && i < matcher->event.n; i++) {
		const struct vd_field *field = &matcher->event.fields[i];
		if (vd_field_is_text(field))
			st = take_value(matcher, set, route->keywords_base, field, err);
	}
	return st;
}

/* ---- conditions ---- */

const struct vd_field *
vd_matcher_only_field(const struct vd_matcher *matcher, uint32_t key)
{
	return key != VD_KEY_NONE && matcher->event.single && matcher->present[key] == matcher->round
		       ? &matcher->event.fields[matcher->place[key]]
		       : NULL;
}

bool
vd_matcher_fieldref(struct vd_matcher *matcher, const struct vd_fieldref *ref)
{
	const struct vd_field *a = vd_matcher_only_field(matcher, ref->key),
			      *b = vd_matcher_only_field(matcher, ref->other);
	if (ref->part == VD_PART_WHOLE && a != NULL && b != NULL && vd_fieldrefs_differ(a, b))
		return false;
	switch (vd_fieldrefs_compare(matcher->fieldrefs, &matcher->event, ref)) {
	case VD_FIELDREF_YES:
		return true;
	case VD_FIELDREF_LIMIT:
		matcher->limits.comparisons++;
		return false;
	case VD_FIELDREF_NO_MEMORY:
		matcher->failed = true;
		return false;
	case VD_FIELDREF_NO:
		return false;
	}
	return false;
}

static bool
leaf_holds(struct vd_matcher *matcher, const struct vd_code *code)
{
	const struct vd_fieldref *refs;
	switch ((enum vd_node_op)code->op) {
	case VD_NODE_ITEM:
		return (matcher->bits[code->arg / 64] >> (code->arg % 64)) & 1;
	case VD_NODE_LATER:
		return vd_later_holds(matcher, code->arg);
	case VD_NODE_NULL:
		return matcher->present[code->arg] != matcher->round ||
		       matcher->null[code->arg] == matcher->round;
	case VD_NODE_PRESENT:
		return matcher->present[code->arg] == matcher->round;
	case VD_NODE_FIELDREF:
		(void)vd_items_fieldrefs(matcher->set->items, &refs);
		/* the route has noted whether both fields are there */
		return matcher->present[refs[code->arg].key] == matcher->round &&
		       matcher->present[refs[code->arg].other] == matcher->round &&
		       vd_matcher_fieldref(matcher, &refs[code->arg]);
	default:
		return code->op == VD_NODE_TRUE;
	}
}

/* Recursion is bounded by VD_RULE_MAX_EXPR_DEPTH, which the parser of conditions keeps. */
static bool
holds(struct vd_matcher *matcher, const struct vd_code *code, uint32_t at)
{
	const struct vd_code *node = &code[at];
	if (node->op == VD_NODE_NOT)
		return !holds(matcher, code, at + 1);
	if (node->op != VD_NODE_AND && node->op != VD_NODE_OR)
		return leaf_holds(matcher, node);
	bool decides = node->op == VD_NODE_OR;
	for (uint32_t kid = at + 1; kid < node->end; kid = code[kid].end)
		if (holds(matcher, code, kid) == decides)
			return decides;
	return !decides;
}

static void
judge(struct vd_matcher *matcher, uint32_t index)
{
	const struct vd_route *route = matcher->route;
	const struct vd_route_rule *rule = &route->rules[index];
	if (!holds(matcher, route->code, rule->code))
		return;
	if (route->filtered &&
		!vd_logsource_allows(&matcher->set->load.rules[rule->rule]->logsource, &matcher->source))
		return;
	uint32_t at = matcher->n_matches++;
	for (; at > 0 && matcher->matches[at - 1] > rule->rule; at--)
		matcher->matches[at] = matcher->matches[at - 1];
	matcher->matches[at] = rule->rule;
}

static void
begin(struct vd_matcher *matcher)
{
	for (uint32_t i = 0; i < matcher->n_held; i++)
		matcher->bits[matcher->held[i] / 64] = 0;
	matcher->n_held = 0;
	matcher->n_candidates = 0;
	matcher->n_matches = 0;
	matcher->formed = NULL;
	for (size_t i = 0; i < VD_NOTED; i++)
		matcher->noted[i].field = NULL;
	matcher->failed = false;
	if (++matcher->round != 0)
		return;
	size_t keys = vd_keys_count(matcher->set->keys); /* started over: old rounds must not look new */
	memset(matcher->present, 0, keys * sizeof *matcher->present);
	memset(matcher->null, 0, keys * sizeof *matcher->null);
	memset(matcher->grouped, 0, keys * sizeof *matcher->grouped);
	memset(matcher->valued, 0, keys * sizeof *matcher->valued);
	memset(matcher->tried, 0, matcher->set->load.n_rules * sizeof *matcher->tried);
	memset(matcher->later, 0, vd_items_count(matcher->set->items) * sizeof *matcher->later);
	matcher->round = 1;
}

enum vd_status
vd_matcher_run(struct vd_matcher *matcher, struct vd_err *err)
{
	begin(matcher);
	choose_route(matcher);
	const struct vd_route *route = matcher->route;
	enum vd_status st = take_fields(matcher, err);
	if (st == VD_OK && route->keywords != VD_NONE)
		st = take_keywords(matcher, err);
	if (st != VD_OK)
		return st;
	for (uint32_t i = 0; i < matcher->n_candidates; i++)
		VD_PREFETCH(&route->code[route->rules[matcher->candidates[i]].code]);
	for (uint32_t i = 0; i < matcher->n_candidates; i++)
		judge(matcher, matcher->candidates[i]);
	for (uint32_t i = 0; i < route->n_always; i++)
		judge(matcher, route->always[i]);
	if (VD_UNLIKELY(matcher->failed))
		return vd_fail(err, VD_ENOMEM, "no memory for a value of the event");
	vd_learned_count(matcher->learned, matcher->held, matcher->n_held);
	return VD_OK;
}
