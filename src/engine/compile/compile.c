#include "engine/compile/compile.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "engine/compile/route.h"

/* ---- channels ---- */

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

/* A list of (channel, event id) that grows: the table's own and what rules name. */
struct pair {
	struct vd_channel_route route;
	bool open; /* of a channel's rest: rules name ids that have no route of their own */
};

struct pairs {
	struct vd_arena *arena;
	struct pair *list;
	size_t n, cap;
	bool failed;
	size_t rest; /* while one channel's rules are read: its pair without an event id */
};

static void
add_pair(struct pairs *pairs, struct vd_str channel, struct vd_str event_id)
{
	char room[VD_CHANNEL_MAX * 2 + 64];
	struct vd_str folded = {room, vd_fold(room, channel.at, channel.len)};
	for (size_t i = 0; i < pairs->n; i++)
		if (vd_str_eq(pairs->list[i].route.event_id, event_id) &&
			vd_str_eq(pairs->list[i].route.channel, folded))
			return;
	void *list = pairs->list;
	bool room_left = vd_mem_grow(&list, &pairs->cap, pairs->n + 1, sizeof *pairs->list, 256);
	pairs->list = list;
	if (!room_left) {
		pairs->failed = true;
		return;
	}
	struct pair *pair = &pairs->list[pairs->n++];
	*pair = (struct pair){.route.route = VD_NONE};
	pairs->failed |= !vd_arena_str(pairs->arena, folded, &pair->route.channel) ||
			 !vd_arena_str(pairs->arena, event_id, &pair->route.event_id);
}

static bool
is_digits(struct vd_str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	return true;
}

/* Routes go by ids of digits; an item that names one exactly gives it a route of its own on the channel. */
static void
pair_of_atom(struct pairs *pairs, const struct vd_atom *atom)
{
	if (atom->kind != VD_ATOM_PATTERN || atom->n_tokens == 0)
		return;
	for (size_t t = 0; t < atom->n_tokens; t++)
		if (atom->tokens[t].kind != VD_TOK_TEXT || !is_digits(atom->tokens[t].text))
			return;
	struct pair *rest = &pairs->list[pairs->rest];
	if (atom->n_tokens == 1 && atom->tokens[0].text.len <= VD_EVENT_ID_MAX)
		add_pair(pairs, rest->route.channel, atom->tokens[0].text);
	else
		rest->open = true;
}

static void
pairs_of_tree(struct pairs *pairs, const struct vd_items *items, const struct vd_node *node)
{
	for (uint32_t i = 0; i < node->n; i++)
		pairs_of_tree(pairs, items, node->kids[i]);
	if (node->op != VD_NODE_ITEM || vd_items_at(items, node->arg)->key != VD_K_EVENT_ID)
		return;
	const struct vd_citem *item = vd_items_at(items, node->arg);
	for (size_t i = 0; i < item->n; i++)
		for (size_t a = 0; a < item->values[i]->n; a++)
			pair_of_atom(pairs, &item->values[i]->atoms[a]);
}

static bool
collect_pairs(const struct vd_ruleset *set, struct pairs *pairs)
{
	size_t n = vd_logsource_routes(NULL, 0);
	struct vd_logsource_route *routes = vd_mem_zalloc(n, sizeof *routes);
	if (routes == NULL)
		return false;
	(void)vd_logsource_routes(routes, n);
	for (size_t i = 0; i < n; i++)
		add_pair(pairs, routes[i].channel, routes[i].event_id);
	size_t table = pairs->n;
	for (size_t i = 0; i < table && !pairs->failed; i++) {
		if (pairs->list[i].route.event_id.len != 0)
			continue;
		/* a rule that the rest of the channel cannot reach names only ids of the table in vain */
		struct vd_source src;
		vd_logsource_windows(pairs->list[i].route.channel, VD_S(""), &src);
		pairs->rest = i;
		for (size_t r = 0; r < set->load.n_rules && !pairs->failed; r++)
			if (vd_logsource_allows(&set->load.rules[r]->logsource, &src))
				pairs_of_tree(pairs, set->items, set->conditions[r]);
	}
	vd_mem_free(routes);
	return !pairs->failed;
}

static enum vd_status
build_channels(
	struct vd_ruleset *set, struct vd_route_builder *builder, struct pairs *pairs, struct vd_err *err)
{
	size_t slots = 64;
	while (slots < pairs->n * 2)
		slots *= 2;
	set->channel_slots = vd_arena_array(set->arena, slots, sizeof *set->channel_slots);
	if (set->channel_slots == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for %zu channels", pairs->n);
	set->n_channel_slots = slots;
	for (size_t i = 0; i < slots; i++)
		set->channel_slots[i].route = VD_NONE;
	for (size_t i = 0; i < pairs->n; i++) {
		struct vd_channel_route pair = pairs->list[i].route;
		struct vd_source src;
		vd_logsource_windows(pair.channel, pair.event_id, &src);
		struct vd_known known = {
			pair.channel, pair.event_id, pair.event_id.len == 0 && !pairs->list[i].open};
		enum vd_status st = vd_route_build(builder, &src, &known, &pair.route, err);
		if (st != VD_OK)
			return vd_fail_in(err, st, "channel %.*s", (int)pair.channel.len, pair.channel.at);
		*channel_slot(set, pair.channel, pair.event_id) = pair;
	}
	return VD_OK;
}

static enum vd_status
build_classes(struct vd_ruleset *set, struct vd_route_builder *builder, struct vd_err *err)
{
	uint32_t n = vd_logsource_classes();
	uint32_t *routes = vd_arena_array(set->arena, n, sizeof *routes);
	if (routes == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for %u log sources", n);
	set->class_routes = routes;
	struct vd_known nothing = {{"", 0}, {"", 0}, false};
	for (uint32_t c = 0; c < n; c++) {
		struct vd_source src;
		vd_logsource_describe(c, &src);
		routes[c] = set->all_route;
		if (!src.known)
			continue;
		enum vd_status st = vd_route_build(builder, &src, &nothing, &routes[c], err);
		if (st != VD_OK)
			return vd_fail_in(err, st, "log source %s", vd_logsource_class_name(c));
	}
	return VD_OK;
}

static enum vd_status
build_routes(struct vd_ruleset *set, struct vd_route_builder *builder, struct vd_err *err)
{
	struct vd_known nothing = {{"", 0}, {"", 0}, false};
	enum vd_status st = vd_route_build(builder, NULL, &nothing, &set->all_route, err);
	if (st != VD_OK || !set->routing)
		return st;
	set->routes[set->all_route]->filtered = true;
	struct vd_source src;
	vd_logsource_windows(VD_S("no channel of any table"), VD_S("0"), &src);
	st = vd_route_build(builder, &src, &nothing, &set->windows_route, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "unknown channels");
	struct pairs pairs = {.arena = set->arena};
	st = collect_pairs(set, &pairs) ? build_channels(set, builder, &pairs, err)
					: vd_fail(err, VD_ENOMEM, "no memory for the list of channels");
	vd_mem_free(pairs.list);
	return st == VD_OK ? build_classes(set, builder, err) : st;
}

enum vd_status
vd_ruleset_compile(struct vd_ruleset *set, const struct vd_blob_cache *cache, struct vd_err *err)
{
	enum vd_status st = vd_databases_setup(err);
	if (st != VD_OK)
		return st;
	VD_AUTO(vd_route_builder) builder = vd_route_builder_new(set);
	if (builder == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory to compile rules");
	st = build_routes(set, builder, err);
	if (st != VD_OK)
		return st;
	struct vd_database_plan *plans;
	size_t n = vd_route_builder_plans(builder, &plans);
	return vd_databases_build(set, plans, n, cache, err);
}
