#include "engine/compile/route.h"

#include "base/mem.h"

/* For vd_route_builder_work: a route without rules, a set without items, an item in a set nobody had. */
#define ROUTE_WORK 256u
#define SET_WORK 64u
#define ITEM_WORK 4u

struct live_rule {
	uint32_t rule;
	const struct vd_node *tree; /* simplified, never constant false */
};

struct set_slot {
	uint64_t hash;
	struct vd_set *set;
};

struct vd_route_builder {
	uint32_t magic;
#define VD_ROUTE_BUILDER_MAGIC 0x726f7562u
	struct vd_ruleset *set;
	struct vd_arena *scratch; /* reset for each route */
	struct vd_regex_match *match;
	struct vd_set_builder *sets;
	size_t routes_cap, sets_cap;
	struct set_slot *slots; /* sets by content */
	size_t n_slots;
	uint64_t work;
	uint32_t *bit_of; /* per item: bit in the route, VD_NONE: not in it */
	uint32_t *items;  /* items of the route */
	uint32_t n_items;
	uint32_t *touched; /* keys whose place is to be noted: vd_route_key.presence */
	uint32_t n_touched, touched_cap;
	bool failed;
	struct vd_program_writer code;
	struct live_rule *live;
	uint32_t n_live;
	/* triggers while they are collected: (bit, rule index) pairs */
	struct trigger {
		uint32_t bit, index;
	} * triggers;
	size_t n_triggers, triggers_cap;
	uint32_t trigger_index;
	/* log sources that rules name, each once: there are few, and routes ask for each */
	uint32_t *source_of; /* per rule */
	const struct vd_logsource **sources;
	bool *allowed; /* per source, for the route at hand */
	uint32_t n_sources;
};

static bool
same_source(const struct vd_logsource *a, const struct vd_logsource *b)
{
	return vd_str_eq(a->product, b->product) && vd_str_eq(a->category, b->category) &&
	       vd_str_eq(a->service, b->service);
}

static bool
number_sources(struct vd_route_builder *builder)
{
	size_t n = builder->set->load.n_rules;
	builder->source_of = vd_mem_zalloc(n, sizeof *builder->source_of);
	builder->sources = vd_mem_zalloc(n, sizeof(struct vd_logsource *));
	builder->allowed = vd_mem_zalloc(n, sizeof *builder->allowed);
	if (builder->source_of == NULL || builder->sources == NULL || builder->allowed == NULL)
		return false;
	for (size_t r = 0; r < n; r++) {
		const struct vd_logsource *source = &builder->set->load.rules[r]->logsource;
		/* rules come by folder: the source of the rule before is the likely one */
		uint32_t at = r == 0 ? 0 : builder->source_of[r - 1];
		if (at >= builder->n_sources || !same_source(builder->sources[at], source))
			for (at = 0; at < builder->n_sources; at++)
				if (same_source(builder->sources[at], source))
					break;
		if (at == builder->n_sources)
			builder->sources[builder->n_sources++] = source;
		builder->source_of[r] = at;
	}
	return true;
}

struct vd_route_builder *
vd_route_builder_new(struct vd_ruleset *set)
{
	VD_AUTO(vd_route_builder) builder = vd_obj_new(struct vd_route_builder, VD_ROUTE_BUILDER_MAGIC);
	if (builder == NULL)
		return NULL;
	size_t items = vd_items_count(set->items);
	builder->set = set;
	builder->n_slots = 4096;
	builder->scratch = vd_arena_new(0);
	builder->match = vd_regex_match_new();
	builder->sets = vd_set_builder_new(set->arena);
	builder->slots = vd_mem_zalloc(builder->n_slots, sizeof *builder->slots);
	builder->bit_of = vd_mem_zalloc(items, sizeof *builder->bit_of);
	builder->items = vd_mem_zalloc(items, sizeof *builder->items);
	builder->live = vd_mem_zalloc(set->load.n_rules, sizeof *builder->live);
	if (builder->scratch == NULL || builder->match == NULL || builder->sets == NULL ||
		builder->slots == NULL || builder->bit_of == NULL || builder->items == NULL ||
		builder->live == NULL || !number_sources(builder))
		return NULL;
	memset(builder->bit_of, 0xff, items * sizeof *builder->bit_of);
	builder->code.items = set->items;
	builder->code.bit_of = builder->bit_of;
	return vd_route_builder_take(&builder);
}

void
vd_route_builder_free(struct vd_route_builder *builder)
{
	if (builder == NULL)
		return;
	vd_obj_check(builder, VD_ROUTE_BUILDER_MAGIC);
	vd_arena_free(builder->scratch);
	vd_regex_match_free(builder->match);
	vd_set_builder_free(builder->sets);
	vd_mem_free(builder->slots);
	vd_mem_free(builder->bit_of);
	vd_mem_free(builder->items);
	vd_mem_free(builder->touched);
	vd_mem_free(builder->code.code);
	vd_mem_free(builder->live);
	vd_mem_free(builder->source_of);
	vd_mem_free(builder->sources);
	vd_mem_free(builder->allowed);
	vd_mem_free(builder->triggers);
	vd_obj_free(builder);
}

/* ---- what the route's rules ask for ---- */

static void
touch(struct vd_route_builder *builder, uint32_t key)
{
	void *touched = builder->touched;
	size_t cap = builder->touched_cap;
	if (!vd_mem_grow(&touched, &cap, builder->n_touched + 1u, sizeof *builder->touched, 64)) {
		builder->failed = true;
		return;
	}
	builder->touched = touched;
	builder->touched_cap = (uint32_t)cap;
	builder->touched[builder->n_touched++] = key;
}

static void
note_leaf(void *owner, const struct vd_node *leaf)
{
	struct vd_route_builder *builder = owner;
	const struct vd_citem *item =
		leaf->op == VD_NODE_ITEM ? vd_items_at(builder->set->items, leaf->arg) : NULL;
	if (item != NULL && item->later) {
		if (item->key != VD_KEY_NONE)
			touch(builder, item->key); /* where its value stands is noted for it */
		return;
	}
	if (leaf->op == VD_NODE_ITEM && builder->bit_of[leaf->arg] == VD_NONE) {
		builder->bit_of[leaf->arg] = 0;
		builder->items[builder->n_items++] = leaf->arg;
	} else if (leaf->op == VD_NODE_NULL || leaf->op == VD_NODE_PRESENT) {
		touch(builder, leaf->arg);
	} else if (leaf->op == VD_NODE_FIELDREF) {
		const struct vd_fieldref *refs;
		(void)vd_items_fieldrefs(builder->set->items, &refs);
		touch(builder, refs[leaf->arg].key);
		touch(builder, refs[leaf->arg].other);
	}
}

static bool
gather_rule(struct vd_route_builder *builder, const struct vd_known *known, uint32_t r)
{
	struct vd_ruleset *set = builder->set;
	struct vd_node *tree =
		vd_program_simplify(builder->scratch, set->items, known, builder->match, set->conditions[r]);
	if (tree == NULL)
		return false;
	if (tree->op == VD_NODE_FALSE)
		return true;
	vd_program_leaves(tree, note_leaf, builder);
	builder->live[builder->n_live++] = (struct live_rule){r, tree};
	return true;
}

static bool
gather(struct vd_route_builder *builder, const struct vd_source *src, const struct vd_known *known,
	const struct vd_rule_list *among)
{
	struct vd_ruleset *set = builder->set;
	vd_arena_reset(builder->scratch);
	for (uint32_t i = 0; i < builder->n_items; i++)
		builder->bit_of[builder->items[i]] = VD_NONE;
	builder->n_items = 0;
	builder->n_touched = 0;
	builder->n_live = 0;
	builder->n_triggers = 0;
	builder->code.n = 0;
	for (size_t i = 0; among != NULL && i < among->n; i++)
		if (!gather_rule(builder, known, among->rules[i]))
			return false;
	if (among != NULL)
		return !builder->failed;
	for (uint32_t i = 0; i < builder->n_sources; i++)
		builder->allowed[i] = src == NULL || vd_logsource_allows(builder->sources[i], src);
	for (uint32_t r = 0; r < set->load.n_rules; r++)
		if (builder->allowed[builder->source_of[r]] && !gather_rule(builder, known, r))
			return false;
	return !builder->failed;
}

bool
vd_route_live(struct vd_route_builder *builder, const struct vd_source *src, const struct vd_known *known,
	uint32_t *to, size_t *ret_n)
{
	if (!gather(builder, src, known, NULL))
		return false;
	for (uint32_t i = 0; i < builder->n_live; i++)
		to[i] = builder->live[i].rule;
	*ret_n = builder->n_live;
	return true;
}

uint64_t
vd_route_builder_work(const struct vd_route_builder *builder)
{
	return builder->work;
}

/* ---- sets ---- */

static int
by_key_then_number(const void *a, const void *b, void *items)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	uint32_t kx = vd_items_at(items, x)->key, ky = vd_items_at(items, y)->key;
	if (kx != ky)
		return kx < ky ? -1 : 1;
	return x < y ? -1 : x > y;
}

static bool
same_set(const struct vd_set *set, uint32_t key, const uint32_t *numbers, uint32_t n)
{
	return set->key == key && set->n_items == n && memcmp(set->items, numbers, n * sizeof *numbers) == 0;
}

/* Twice the slots. */
static bool
grow_slots(struct vd_route_builder *builder)
{
	size_t n = builder->n_slots * 2;
	struct set_slot *slots = vd_mem_zalloc(n, sizeof *slots);
	if (slots == NULL)
		return false;
	for (size_t i = 0; i < builder->n_slots; i++) {
		if (builder->slots[i].set == NULL)
			continue;
		size_t at = builder->slots[i].hash & (n - 1);
		while (slots[at].set != NULL)
			at = (at + 1) & (n - 1);
		slots[at] = builder->slots[i];
	}
	vd_mem_free(builder->slots);
	builder->slots = slots;
	builder->n_slots = n;
	return true;
}

/* Where the set of these items is or belongs. */
static size_t
find_slot(const struct vd_route_builder *builder, uint64_t hash, uint32_t key, const uint32_t *numbers,
	uint32_t n)
{
	size_t at = hash & (builder->n_slots - 1);
	for (; builder->slots[at].set != NULL; at = (at + 1) & (builder->n_slots - 1))
		if (builder->slots[at].hash == hash && same_set(builder->slots[at].set, key, numbers, n))
			break;
	return at;
}

static enum vd_status
find_set(struct vd_route_builder *builder, uint32_t key, const uint32_t *numbers, uint32_t n,
	struct vd_set **ret, struct vd_err *err)
{
	struct vd_ruleset *set = builder->set;
	uint64_t hash = XXH3_64bits_withSeed(numbers, n * sizeof *numbers, key);
	if (set->n_sets * 2 >= builder->n_slots && !grow_slots(builder))
		return vd_fail(err, VD_ENOMEM, "no memory for %zu sets of patterns", set->n_sets);
	size_t at = find_slot(builder, hash, key, numbers, n);
	if (builder->slots[at].set != NULL) {
		*ret = builder->slots[at].set;
		return VD_OK;
	}
	enum vd_status st = vd_set_build(builder->sets, set->items, key, numbers, n, ret, err);
	if (st != VD_OK)
		return st;
	void *sets = set->sets;
	bool grown = vd_mem_grow(&sets, &builder->sets_cap, set->n_sets + 1, sizeof(struct vd_set *), 256);
	set->sets = sets;
	if (!grown)
		return vd_fail(err, VD_ENOMEM, "no memory for the list of sets");
	(*ret)->number = (uint32_t)set->n_sets;
	set->sets[set->n_sets++] = *ret;
	builder->slots[at] = (struct set_slot){hash, *ret};
	builder->work += SET_WORK + (uint64_t)n * ITEM_WORK;
	return VD_OK;
}

/* The route's entry for a key, made where it is new; keys[0] stands for all that nobody asks for. */
static struct vd_route_key *
key_entry(struct vd_route_key *keys, uint16_t *slots, uint32_t *n, uint32_t key)
{
	if (slots[key] == 0) {
		keys[*n].set = VD_NONE;
		slots[key] = (uint16_t)(*n)++;
	}
	return &keys[slots[key]];
}

static enum vd_status
place_sets(struct vd_route_builder *builder, struct vd_route *route, struct vd_err *err)
{
	struct vd_ruleset *set = builder->set;
	size_t n_keys = vd_keys_count(set->keys);
	uint32_t used = 1;
	uint16_t *slots = vd_arena_array(set->arena, n_keys + 1, sizeof *slots); /* the last: no key */
	struct vd_route_key *keys = vd_arena_array(
		set->arena, VD_MIN(n_keys, (size_t)builder->n_items + builder->n_touched) + 1, sizeof *keys);
	if (keys == NULL || slots == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a route's fields");
	if (n_keys > UINT16_MAX)
		return vd_fail(err, VD_ELIMIT, "rules name %zu different fields; the limit is %u", n_keys,
			UINT16_MAX);
	for (uint32_t i = 0; i < builder->n_touched; i++)
		key_entry(keys, slots, &used, builder->touched[i])->presence = 1;
	qsort_r(builder->items, builder->n_items, sizeof *builder->items, by_key_then_number, set->items);
	route->keywords = VD_NONE;
	for (uint32_t from = 0, n; from < builder->n_items; from += n) {
		uint32_t key = vd_items_at(set->items, builder->items[from])->key;
		for (n = 1; from + n < builder->n_items; n++)
			if (vd_items_at(set->items, builder->items[from + n])->key != key)
				break;
		struct vd_set *found;
		enum vd_status st = find_set(builder, key, builder->items + from, n, &found, err);
		if (st != VD_OK)
			return st;
		for (uint32_t i = 0; i < n; i++)
			builder->bit_of[builder->items[from + i]] = from + i;
		if (key == VD_KEY_NONE) {
			route->keywords = found->number;
			route->keywords_base = from;
			continue;
		}
		struct vd_route_key *entry = key_entry(keys, slots, &used, key);
		entry->set = found->number;
		entry->base = from;
		route->has_all |= found->has_all;
	}
	route->slots = slots;
	route->n_keys = used;
	route->keys = keys;
	route->n_bits = builder->n_items;
	return VD_OK;
}

/* ---- programs and triggers ---- */

static void
note_trigger(void *owner, uint32_t item)
{
	struct vd_route_builder *builder = owner;
	void *triggers = builder->triggers;
	bool grown = vd_mem_grow(
		&triggers, &builder->triggers_cap, builder->n_triggers + 1, sizeof *builder->triggers, 4096);
	builder->triggers = triggers;
	if (!grown) {
		builder->failed = true;
		return;
	}
	builder->triggers[builder->n_triggers++] =
		(struct trigger){builder->bit_of[item], builder->trigger_index};
}

static int
by_bit(const void *a, const void *b)
{
	const struct trigger *x = a, *y = b;
	if (x->bit != y->bit)
		return x->bit < y->bit ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static bool
place_triggers(struct vd_route_builder *builder, struct vd_route *route)
{
	struct vd_arena *arena = builder->set->arena;
	if (builder->n_triggers != 0)
		qsort(builder->triggers, builder->n_triggers, sizeof *builder->triggers, by_bit);
	uint32_t *from = vd_arena_array(arena, route->n_bits + 1u, sizeof *from);
	uint32_t *list = vd_arena_array(arena, builder->n_triggers, sizeof *list);
	if (from == NULL || list == NULL)
		return false;
	uint32_t n = 0;
	size_t t = 0;
	for (uint32_t bit = 0; bit < route->n_bits; bit++) {
		from[bit] = n;
		for (; t < builder->n_triggers && builder->triggers[t].bit == bit; t++)
			if (n == from[bit] || list[n - 1] != builder->triggers[t].index)
				list[n++] = builder->triggers[t].index;
	}
	from[route->n_bits] = n;
	route->trigger_from = from;
	route->triggers = list;
	return true;
}

static bool
place_rules(struct vd_route_builder *builder, struct vd_route *route)
{
	struct vd_arena *arena = builder->set->arena;
	struct vd_route_rule *rules = vd_arena_array(arena, builder->n_live, sizeof *rules);
	uint32_t *always = vd_arena_array(builder->scratch, builder->n_live, sizeof *always);
	if (rules == NULL || always == NULL)
		return false;
	for (uint32_t i = 0; i < builder->n_live; i++) {
		const struct live_rule *live = &builder->live[i];
		rules[i] = (struct vd_route_rule){live->rule, vd_program_write(&builder->code, live->tree)};
		if (rules[i].code == VD_NONE)
			return false;
		builder->trigger_index = i;
		if (!vd_program_triggers(
			    builder->set->items, live->tree, VD_STAGE_ROUTE, note_trigger, builder))
			always[route->n_always++] = i;
	}
	struct vd_code *code = vd_arena_array(arena, builder->code.n, sizeof *code);
	uint32_t *kept = vd_arena_array(arena, route->n_always, sizeof *kept);
	if (code == NULL || kept == NULL || builder->failed)
		return false;
	if (builder->code.n != 0)
		memcpy(code, builder->code.code, builder->code.n * sizeof *code);
	memcpy(kept, always, route->n_always * sizeof *kept);
	route->rules = rules;
	route->n_rules = builder->n_live;
	route->code = code;
	route->n_code = (uint32_t)builder->code.n;
	for (uint32_t i = 0; i < route->n_code; i++)
		route->n_leaves += code[i].op == VD_NODE_ITEM;
	route->always = kept;
	return place_triggers(builder, route);
}

enum vd_status
vd_route_build(struct vd_route_builder *builder, const struct vd_source *src, const struct vd_known *known,
	const struct vd_rule_list *among, uint32_t *ret, struct vd_err *err)
{
	struct vd_ruleset *set = builder->set;
	struct vd_route *route = vd_arena_zalloc(set->arena, sizeof *route);
	void *routes = set->routes;
	bool room = route != NULL && vd_mem_grow(&routes, &builder->routes_cap, set->n_routes + 1,
					     sizeof(struct vd_route *), 256);
	set->routes = routes;
	if (!room || !gather(builder, src, known, among))
		return vd_fail(err, VD_ENOMEM, "no memory for a route");
	enum vd_status st = place_sets(builder, route, err);
	if (st != VD_OK)
		return st;
	if (!place_rules(builder, route))
		return vd_fail(err, VD_ENOMEM, "no memory for the rules of a route");
	route->number = (uint32_t)set->n_routes;
	set->routes[set->n_routes++] = route;
	builder->work += ROUTE_WORK + vd_keys_count(set->keys) / 8 + route->n_bits + route->n_code;
	*ret = route->number;
	return VD_OK;
}
