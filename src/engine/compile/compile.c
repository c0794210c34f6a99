#include "engine/compile/compile.h"

#include "engine/compile/channels.h"
#include "engine/compile/kept.h"
#include "engine/compile/program.h"

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
		enum vd_status st = vd_route_build(builder, &src, &nothing, NULL, &routes[c], err);
		if (st != VD_OK)
			return vd_fail_in(err, st, "log source %s", vd_logsource_class_name(c));
	}
	return VD_OK;
}

static enum vd_status
build_routes(struct vd_ruleset *set, struct vd_route_builder *builder, struct vd_err *err)
{
	struct vd_known nothing = {{"", 0}, {"", 0}, false};
	enum vd_status st = vd_route_build(builder, NULL, &nothing, NULL, &set->all_route, err);
	if (st != VD_OK || !set->routing)
		return st;
	set->routes[set->all_route]->filtered = true;
	struct vd_source src;
	vd_logsource_windows(VD_S("no channel of any table"), VD_S("0"), &src);
	st = vd_route_build(builder, &src, &nothing, NULL, &set->windows_route, err);
	if (st != VD_OK)
		return vd_fail_in(err, st, "unknown channels");
	st = vd_channels_build(set, builder, err);
	return st == VD_OK ? build_classes(set, builder, err) : st;
}

static void
keep_item(void *owner, uint32_t item)
{
	vd_items_keep(owner, item);
}

static bool
has_regex(const struct vd_citem *item)
{
	for (size_t i = 0; i < item->n; i++)
		for (size_t a = 0; a < item->values[i]->n; a++)
			if (item->values[i]->atoms[a].kind == VD_ATOM_REGEX)
				return true;
	return false;
}

/* Short texts that every event is asked for are remembered with its values; regular expressions cost more than that. */
static void
keep_text(void *owner, const struct vd_node *leaf)
{
	if (leaf->op == VD_NODE_ITEM && !has_regex(vd_items_at(owner, leaf->arg)))
		vd_items_keep(owner, leaf->arg);
}

/* A cache that cannot be written costs time at the next start, nothing else: its owner reports it. */
static void
keep(struct vd_ruleset *set, const struct vd_blob_cache *cache, const char *key)
{
	VD_AUTO_FINI(vd_buf) bytes;
	vd_buf_init(&bytes, 0);
	vd_kept_write(set, key, &bytes);
	if (!bytes.failed)
		(void)cache->put(cache->owner, key, vd_buf_view(&bytes));
}

enum vd_status
vd_ruleset_compile(struct vd_ruleset *set, const struct vd_ruleset_input *input, struct vd_err *err)
{
	const struct vd_blob_cache *cache = input->cache;
	char key[VD_KEPT_KEY + 1];
	bool keyed = cache != NULL && vd_kept_key(input, key);
	if (!vd_items_weigh(set->items))
		return vd_fail(err, VD_ENOMEM, "no memory to compile rules");
	for (size_t r = 0; r < set->load.n_rules; r++)
		if (!vd_program_triggers(
			    set->items, set->conditions[r], VD_STAGE_WHOLE, keep_item, set->items))
			vd_program_leaves(set->conditions[r], keep_text, set->items); /* judged always */
	struct vd_str kept;
	if (keyed && cache->get(cache->owner, key, &kept) == VD_OK && vd_kept_read(set, key, kept))
		return VD_OK;
	VD_AUTO(vd_route_builder) builder = vd_route_builder_new(set);
	if (builder == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory to compile rules");
	enum vd_status st = build_routes(set, builder, err);
	if (st == VD_OK && keyed)
		keep(set, cache, key);
	return st;
}
