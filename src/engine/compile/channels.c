#include "engine/compile/channels.h"

#include "base/mem.h"
#include "base/utf8.h"

#define FIRST_SLOTS 1024u

/* ---- the table ---- */

static uint32_t
channel_hash(struct vd_str channel, struct vd_str event_id)
{
	return (uint32_t)XXH3_64bits_withSeed(
		channel.at, channel.len, XXH3_64bits(event_id.at, event_id.len));
}

static struct vd_channel_route *
channel_slot(const struct vd_ruleset *set, struct vd_str channel, struct vd_str event_id)
{
	size_t at = channel_hash(channel, event_id) & (set->n_channel_slots - 1);
	for (;; at = (at + 1) & (set->n_channel_slots - 1)) {
		struct vd_channel_route *slot = &set->channel_slots[at];
		if (slot->route == VD_NONE ||
			(vd_str_eq(slot->channel, channel) && vd_str_eq(slot->event_id, event_id)))
			return slot;
	}
}

const struct vd_channel_route *
vd_ruleset_channel(const struct vd_ruleset *set, struct vd_str channel, struct vd_str event_id)
{
	if (set->n_channel_slots == 0)
		return NULL;
	const struct vd_channel_route *slot = channel_slot(set, channel, event_id);
	return slot->route == VD_NONE ? NULL : slot;
}

/* Twice the slots, or the first ones. */
static bool
grow(struct vd_ruleset *set)
{
	size_t old_n = set->n_channel_slots, n = old_n == 0 ? FIRST_SLOTS : old_n * 2;
	struct vd_channel_route *old = set->channel_slots;
	struct vd_channel_route *slots = vd_arena_array(set->arena, n, sizeof *slots);
	if (slots == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		slots[i].route = VD_NONE;
	set->channel_slots = slots;
	set->n_channel_slots = n;
	for (size_t i = 0; i < old_n; i++)
		if (old[i].route != VD_NONE)
			*channel_slot(set, old[i].channel, old[i].event_id) = old[i];
	return true;
}

/* ---- event ids that rules name ---- */

struct naming {
	struct vd_str id; /* digits; borrowed from the rule */
	uint32_t rule;
};

struct channels {
	struct vd_ruleset *set;
	struct vd_route_builder *builder;
	struct naming *namings; /* by id, then rule, each once */
	size_t n_namings, namings_cap;
	uint32_t rule; /* while namings are collected */
	bool failed;
	size_t n_routed;      /* entries in the table */
	uint32_t *rest, *few; /* rules: of a channel's rest, of one id */
	size_t n_rest;
	uint64_t left; /* of VD_CHANNELS_WORK */
};

static bool
is_digits(struct vd_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	return true;
}

/* Routes go by ids of digits: no event of a route has an id that is anything else. */
static void
names_of_atom(struct channels *channels, const struct vd_atom *atom)
{
	if (atom->kind != VD_ATOM_PATTERN || atom->n_tokens == 0)
		return;
	for (size_t t = 0; t < atom->n_tokens; t++)
		if (atom->tokens[t].kind != VD_TOK_TEXT || !is_digits(atom->tokens[t].text))
			return;
	void *namings = channels->namings;
	bool room = vd_mem_grow(
		&namings, &channels->namings_cap, channels->n_namings + 1, sizeof *channels->namings, 256);
	channels->namings = namings;
	if (!room) {
		channels->failed = true;
		return;
	}
	/* a text in pieces is none that fits into a route: its length says so */
	struct vd_str id = atom->tokens[0].text;
	if (atom->n_tokens > 1)
		id.len = SIZE_MAX;
	channels->namings[channels->n_namings++] = (struct naming){id, channels->rule};
}

static void
names_of_tree(struct channels *channels, const struct vd_node *node)
{
	const struct vd_items *items = channels->set->items;
	for (uint32_t i = 0; i < node->n; i++)
		names_of_tree(channels, node->kids[i]);
	if (node->op != VD_NODE_ITEM || vd_items_at(items, node->arg)->key != VD_K_EVENT_ID)
		return;
	const struct vd_citem *item = vd_items_at(items, node->arg);
	for (size_t i = 0; i < item->n; i++)
		for (size_t a = 0; a < item->values[i]->n; a++)
			names_of_atom(channels, &item->values[i]->atoms[a]);
}

static bool
fits(struct vd_str id)
{
	return id.len <= VD_EVENT_ID_MAX;
}

static bool
same_id(struct vd_str a, struct vd_str b)
{
	return a.len == b.len && (!fits(a) || vd_str_eq(a, b));
}

static int
by_id_then_rule(const void *a, const void *b)
{
	const struct naming *x = a, *y = b;
	if (x->id.len != y->id.len)
		return x->id.len < y->id.len ? -1 : 1;
	int order = fits(x->id) && x->id.len != 0 ? memcmp(x->id.at, y->id.at, x->id.len) : 0;
	if (order != 0)
		return order;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static bool
collect(struct channels *channels)
{
	const struct vd_ruleset *set = channels->set;
	for (size_t r = 0; r < set->load.n_rules; r++) {
		channels->rule = (uint32_t)r;
		names_of_tree(channels, set->conditions[r]);
	}
	if (channels->failed)
		return false;
	if (channels->n_namings != 0)
		qsort(channels->namings, channels->n_namings, sizeof *channels->namings, by_id_then_rule);
	size_t kept = 0;
	for (size_t i = 0; i < channels->n_namings; i++) {
		const struct naming *last = kept == 0 ? NULL : &channels->namings[kept - 1];
		if (last == NULL || by_id_then_rule(last, &channels->namings[i]) != 0)
			channels->namings[kept++] = channels->namings[i];
	}
	channels->n_namings = kept;
	return true;
}

/* ---- routes ---- */

static enum vd_status
add_route(struct channels *channels, const struct vd_source *src, const struct vd_known *known,
	const struct vd_rule_list *among, struct vd_err *err)
{
	struct vd_ruleset *set = channels->set;
	struct vd_channel_route entry = {known->channel, {"", 0}, VD_NONE};
	if (!vd_arena_str(set->arena, known->event_id, &entry.event_id) ||
		((channels->n_routed + 1) * 2 > set->n_channel_slots && !grow(set)))
		return vd_fail(err, VD_ENOMEM, "no memory for a channel");
	enum vd_status st = vd_route_build(channels->builder, src, known, among, &entry.route, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "channel %.*s", (int)known->channel.len, known->channel.at);
	*channel_slot(set, entry.channel, entry.event_id) = entry;
	channels->n_routed++;
	return VD_OK;
}

/* Those of namings[from…to) that may see the source, and those of the rest, ascending; 0: none of the former. */
static size_t
rules_of_id(struct channels *channels, const struct vd_source *src, size_t from, size_t to)
{
	const struct vd_ruleset *set = channels->set;
	size_t n = 0, at = 0;
	bool any = false;
	for (size_t i = from; i < to; i++) {
		uint32_t rule = channels->namings[i].rule;
		if (!vd_logsource_allows(&set->load.rules[rule]->logsource, src))
			continue;
		any = true;
		while (at < channels->n_rest && channels->rest[at] < rule)
			channels->few[n++] = channels->rest[at++];
		at += at < channels->n_rest && channels->rest[at] == rule;
		channels->few[n++] = rule;
	}
	while (any && at < channels->n_rest)
		channels->few[n++] = channels->rest[at++];
	return n;
}

/*
 * The ids of a channel that rules name, within its share of the work.  A rule that is false on the channel's rest is
 * true on such an id only if it names it, so no others are looked at.  *ret_open: some id has no route.
 */
static enum vd_status
add_named(struct channels *channels, const struct vd_source *src, struct vd_str channel, bool *ret_open,
	struct vd_err *err)
{
	enum vd_status st = VD_OK;
	uint64_t before = vd_route_builder_work(channels->builder), share = channels->left / 2;
	for (size_t from = 0, to; st == VD_OK && from < channels->n_namings; from = to) {
		struct vd_str id = channels->namings[from].id;
		for (to = from + 1; to < channels->n_namings && same_id(channels->namings[to].id, id);)
			to++;
		size_t n = rules_of_id(channels, src, from, to);
		if (n == 0 || id.len == 0 ||
			(fits(id) && vd_ruleset_channel(channels->set, channel, id) != NULL))
			continue;
		if (!fits(id) || vd_route_builder_work(channels->builder) - before >= share) {
			*ret_open = true;
			continue;
		}
		struct vd_known known = {channel, id, false};
		struct vd_rule_list among = {channels->few, n};
		st = add_route(channels, src, &known, &among, err);
	}
	channels->left -= VD_MIN(channels->left, vd_route_builder_work(channels->builder) - before);
	return st;
}

static enum vd_status
add_channel(struct channels *channels, struct vd_str channel, struct vd_err *err)
{
	struct vd_source src;
	bool open = false;
	struct vd_known known = {channel, {"", 0}, true};
	vd_logsource_windows(channel, VD_S(""), &src);
	if (!vd_route_live(channels->builder, &src, &known, channels->rest, &channels->n_rest))
		return vd_fail(err, VD_ENOMEM, "no memory for a channel");
	enum vd_status st = add_named(channels, &src, channel, &open, err);
	if (st != VD_OK)
		return st;
	struct vd_rule_list rest = {channels->rest, channels->n_rest};
	known.other_event_id = !open;
	return add_route(channels, &src, &known, open ? NULL : &rest, err);
}

static enum vd_status
add_all(struct channels *channels, struct vd_logsource_route *routes, size_t n, struct vd_err *err)
{
	enum vd_status st = VD_OK;
	for (size_t i = 0; i < n; i++) {
		char room[VD_CHANNEL_MAX * 2 + 64];
		struct vd_str folded = {room, vd_fold(room, routes[i].channel.at, routes[i].channel.len)};
		if (!vd_arena_str(channels->set->arena, folded, &routes[i].channel))
			return vd_fail(err, VD_ENOMEM, "no memory for a channel");
	}
	/* the table's own first: they are not for the rest to look at */
	for (size_t i = 0; st == VD_OK && i < n; i++) {
		struct vd_source src;
		struct vd_known known = {routes[i].channel, routes[i].event_id, false};
		if (known.event_id.len == 0 ||
			vd_ruleset_channel(channels->set, known.channel, known.event_id) != NULL)
			continue;
		vd_logsource_windows(known.channel, known.event_id, &src);
		st = add_route(channels, &src, &known, NULL, err);
	}
	for (size_t i = 0; st == VD_OK && i < n; i++)
		if (routes[i].event_id.len == 0 &&
			vd_ruleset_channel(channels->set, routes[i].channel, routes[i].event_id) == NULL)
			st = add_channel(channels, routes[i].channel, err);
	return st;
}

enum vd_status
vd_channels_build(struct vd_ruleset *set, struct vd_route_builder *builder, struct vd_err *err)
{
	struct channels channels = {.set = set, .builder = builder, .left = VD_CHANNELS_WORK};
	size_t n = vd_logsource_routes(NULL, 0);
	struct vd_logsource_route *routes = vd_mem_zalloc(n, sizeof *routes);
	channels.rest = vd_mem_zalloc(set->load.n_rules, sizeof *channels.rest);
	channels.few = vd_mem_zalloc(set->load.n_rules, sizeof *channels.few);
	enum vd_status st = VD_OK;
	if (routes == NULL || channels.rest == NULL || channels.few == NULL || !grow(set) ||
		!collect(&channels))
		st = vd_fail(err, VD_ENOMEM, "no memory for the list of channels");
	if (st == VD_OK) {
		(void)vd_logsource_routes(routes, n);
		st = add_all(&channels, routes, n, err);
	}
	vd_mem_free(routes);
	vd_mem_free(channels.rest);
	vd_mem_free(channels.few);
	vd_mem_free(channels.namings);
	return st;
}
