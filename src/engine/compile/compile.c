#include "engine/compile/compile.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "engine/compile/program.h"
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
struct pairs {
	struct vd_arena *arena;
	struct vd_channel_route *list;
	size_t n, cap;
	bool failed;
	struct vd_str channel; /* while one channel's rules are read */
};

static void
add_pair(struct pairs *pairs, struct vd_str channel, struct vd_str event_id)
{
	char room[VD_CHANNEL_MAX * 2 + 64];
	struct vd_str folded = {room, vd_fold(room, channel.at, channel.len)};
	for (size_t i = 0; i < pairs->n; i++)
		if (vd_str_eq(pairs->list[i].event_id, event_id) && vd_str_eq(pairs->list[i].channel, folded))
			return;
	void *list = pairs->list;
	bool room_left = vd_mem_grow(&list, &pairs->cap, pairs->n + 1, sizeof *pairs->list, 256);
	pairs->list = list;
	if (!room_left || !vd_arena_str(pairs->arena, folded, &pairs->list[pairs->n].channel) ||
		!vd_arena_str(pairs->arena, event_id, &pairs->list[pairs->n].event_id)) {
		pairs->failed = true;
		return;
	}
	pairs->list[pairs->n++].route = VD_NONE;
}

/* Every event id that an item names exactly gets a route of its own on the channel. */
static void
pairs_of_tree(struct pairs *pairs, const struct vd_items *items, const struct vd_node *node)
{
	for (uint32_t i = 0; i < node->n; i++)
		pairs_of_tree(pairs, items, node->kids[i]);
	if (node->op != VD_NODE_ITEM || vd_items_at(items, node->arg)->key != VD_K_EVENT_ID)
		return;
	const struct vd_citem *item = vd_items_at(items, node->arg);
	for (size_t i = 0; i < item->n; i++)
		for (size_t a = 0; a < item->values[i]->n; a++) {
			const struct vd_atom *atom = &item->values[i]->atoms[a];
			if (atom->kind == VD_ATOM_PATTERN && atom->n_tokens == 1 &&
				atom->tokens[0].kind == VD_TOK_TEXT && atom->tokens[0].text.len <= 20)
				add_pair(pairs, pairs->channel, atom->tokens[0].text);
		}
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
	for (size_t i = 0; i < n; i++) {
		if (routes[i].event_id.len != 0)
			continue;
		struct vd_source src;
		vd_logsource_windows(routes[i].channel, routes[i].event_id, &src);
		src.any_category = true; /* rules of every category the channel may carry */
		pairs->channel = routes[i].channel;
		for (size_t r = 0; r < set->load.n_rules; r++)
			if (vd_logsource_allows(&set->load.rules[r]->logsource, &src) &&
				set->load.rules[r]->logsource.category.len == 0)
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
		struct vd_channel_route pair = pairs->list[i];
		struct vd_source src;
		vd_logsource_windows(pair.channel, pair.event_id, &src);
		struct vd_known known = {pair.channel, pair.event_id, pair.event_id.len == 0};
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

static void
keep_item(void *owner, uint32_t item)
{
	vd_items_keep(owner, item);
}

enum vd_status
vd_ruleset_compile(struct vd_ruleset *set, const struct vd_blob_cache *cache, struct vd_err *err)
{
	enum vd_status st = vd_databases_setup(err);
	if (st != VD_OK)
		return st;
	VD_AUTO(vd_route_builder) builder = vd_route_builder_new(set);
	if (builder == NULL || !vd_items_weigh(set->items))
		return vd_fail(err, VD_ENOMEM, "no memory to compile rules");
	for (size_t r = 0; r < set->load.n_rules; r++) /* one without triggers is judged always, its items later */
		(void)vd_program_triggers(
			set->items, set->conditions[r], VD_STAGE_WHOLE, keep_item, set->items);
	st = build_routes(set, builder, err);
	if (st != VD_OK)
		return st;
	struct vd_database_plan *plans;
	size_t n = vd_route_builder_plans(builder, &plans);
	return vd_databases_build(set, plans, n, cache, err);
}
