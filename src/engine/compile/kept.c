#include "engine/compile/kept.h"

#include <link.h>
#include <nettle/sha2.h>
#include <stdio.h>

#include "base/mem.h"
#include "engine/compile/set.h"

#define MAGIC "VDKEPT01"
#define MAGIC_LEN 8u
#define HASH_AT MAGIC_LEN
#define KEY_AT (HASH_AT + 8u)
#define BODY_AT (KEY_AT + VD_KEPT_KEY)

/* ---- the key ---- */

#define BUILD_MAX 64u

struct build {
	uint8_t id[BUILD_MAX];
	size_t len; /* 0: none */
};

static size_t
padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* The build id among the notes of one segment (elf(5), Nhdr). */
static void
find_note(const char *at, size_t n, struct build *build)
{
	ElfW(Nhdr) note;
	while (n >= sizeof note) {
		memcpy(&note, at, sizeof note);
		size_t name = padded(note.n_namesz), len = padded(note.n_descsz);
		if (n - sizeof note < name || n - sizeof note - name < len)
			return;
		const char *id = at + sizeof note + name;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
			memcmp(at + sizeof note, "GNU", 4) == 0 && note.n_descsz <= BUILD_MAX) {
			memcpy(build->id, id, note.n_descsz);
			build->len = note.n_descsz;
			return;
		}
		at = id + len;
		n -= sizeof note + name + len;
	}
}

/* Of the object that this function is in: a program, or the library. */
static int
find_build(struct dl_phdr_info *object, size_t size, void *owner)
{
	uintptr_t own = (uintptr_t)&find_build;
	bool ours = false;
	(void)size;
	for (unsigned i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		uintptr_t from = object->dlpi_addr + part->p_vaddr;
		ours |= part->p_type == PT_LOAD && own >= from && own - from < part->p_memsz;
	}
	for (unsigned i = 0; ours && i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		if (part->p_type == PT_NOTE)
			find_note((const char *)(object->dlpi_addr + part->p_vaddr), part->p_memsz, owner);
	}
	return ours;
}

static void
digest_text(struct sha256_ctx *hash, struct vd_str text)
{
	uint64_t len = text.len;
	sha256_update(hash, sizeof len, (const uint8_t *)&len);
	sha256_update(hash, text.len, (const uint8_t *)text.at);
}

/* Names of files are for messages only. */
static void
digest_texts(struct sha256_ctx *hash, const struct vd_text *texts, size_t n)
{
	sha256_update(hash, sizeof n, (const uint8_t *)&n);
	for (size_t i = 0; i < n; i++)
		digest_text(hash, texts[i].text);
}

bool
vd_kept_key(const struct vd_ruleset_input *input, char ret[VD_KEPT_KEY + 1])
{
	struct build build = {.len = 0};
	struct sha256_ctx hash;
	uint8_t sum[SHA256_DIGEST_SIZE], routing = !input->no_routing;
	(void)dl_iterate_phdr(find_build, &build);
	if (build.len == 0)
		return false;
	sha256_init(&hash);
	digest_text(&hash, (struct vd_str){(const char *)build.id, build.len});
	sha256_update(&hash, 1, &routing);
	digest_texts(&hash, input->rules, input->n_rules);
	digest_texts(&hash, input->pipelines, input->n_pipelines);
	digest_texts(&hash, input->placeholders, input->n_placeholders);
	sha256_digest(&hash, sizeof sum, sum);
	for (size_t i = 0; i < sizeof sum; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", sum[i]);
	return true;
}

void
vd_kept_begin(const char *key, struct vd_buf *to)
{
	uint64_t hash = 0;
	vd_buf_add(to, MAGIC, MAGIC_LEN);
	vd_buf_add(to, &hash, sizeof hash);
	vd_buf_add(to, key, VD_KEPT_KEY);
}

void
vd_kept_seal(struct vd_buf *to)
{
	if (to->failed)
		return;
	uint64_t hash = XXH3_64bits(to->at + KEY_AT, to->len - KEY_AT);
	memcpy(to->at + HASH_AT, &hash, sizeof hash);
}

/* ---- one way for both directions ---- */

struct pass {
	struct vd_ruleset *set;
	struct vd_buf *to;  /* writing; NULL: reading */
	struct vd_str from; /* reading: what is left */
	bool failed;        /* reading: too short, or out of memory */
};

static void
plain(struct pass *pass, void *at, size_t n)
{
	if (pass->to != NULL) {
		vd_buf_add(pass->to, at, n);
		return;
	}
	if (pass->failed || pass->from.len < n) {
		memset(at, 0, n);
		pass->failed = true;
		return;
	}
	memcpy(at, pass->from.at, n);
	pass->from = (struct vd_str){pass->from.at + n, pass->from.len - n};
}

static void
number(struct pass *pass, uint32_t *n)
{
	plain(pass, n, sizeof *n);
}

/* The list itself where it is written, a copy in the arena where it is read: what it is to be from now on. */
static const void *
array(struct pass *pass, const void *list, size_t n, size_t size)
{
	if (pass->to != NULL) {
		vd_buf_add(pass->to, list, n * size);
		return list;
	}
	void *made =
		pass->failed || pass->from.len / size < n ? NULL : vd_arena_array(pass->set->arena, n, size);
	pass->failed |= made == NULL;
	if (made != NULL && n != 0)
		plain(pass, made, n * size);
	return made;
}

static void
text(struct pass *pass, struct vd_str *one)
{
	uint32_t len = (uint32_t)one->len;
	number(pass, &len);
	one->at = array(pass, one->at, len, 1);
	one->len = len;
}

/* ---- what is kept ---- */

static void
pass_set(struct pass *pass, struct vd_set_builder *builder, struct vd_set **set)
{
	struct vd_set empty = {0}, *one = pass->to != NULL ? *set : &empty;
	const struct vd_items *items = pass->set->items;
	number(pass, &one->key);
	number(pass, &one->n_items);
	one->items = array(pass, one->items, one->n_items, sizeof *one->items);
	if (pass->to != NULL)
		return;
	for (uint32_t i = 0; !pass->failed && i < one->n_items; i++)
		pass->failed |= one->items[i] >= vd_items_count(items) ||
				vd_items_at(items, one->items[i])->key != one->key;
	pass->failed = pass->failed ||
		       vd_set_build(builder, items, one->key, one->items, one->n_items, set, NULL) != VD_OK;
}

static bool
is_leaf(const struct vd_code *node)
{
	return node->op != VD_NODE_AND && node->op != VD_NODE_OR && node->op != VD_NODE_NOT;
}

/* Half of what it takes in memory: a leaf ends behind itself, and what has kids needs no arg but says its length. */
static void
write_code(struct pass *pass, const struct vd_route *route)
{
	for (uint32_t i = 0; i < route->n_code; i++) {
		const struct vd_code *one = &route->code[i];
		uint32_t packed = (is_leaf(one) ? one->arg : one->end - i) << 4 | one->op;
		number(pass, &packed);
	}
}

static void
read_code(struct pass *pass, struct vd_route *route)
{
	uint32_t n = route->n_code, packed;
	bool there = !pass->failed && n <= pass->from.len / sizeof packed;
	struct vd_code *made = there ? vd_arena_array(pass->set->arena, n, sizeof *made) : NULL;
	pass->failed |= made == NULL;
	for (uint32_t i = 0; made != NULL && i < n; i++) {
		memcpy(&packed, pass->from.at + i * sizeof packed, sizeof packed);
		uint32_t arg = packed >> 4;
		made[i] = (struct vd_code){.op = packed & 15u, .arg = arg & 0xfffffffu, .end = i + 1};
		if (!is_leaf(&made[i])) {
			made[i].arg = 0;
			made[i].end = i + arg;
		}
	}
	if (made != NULL)
		pass->from = (struct vd_str){
			pass->from.at + n * sizeof packed, pass->from.len - n * sizeof packed};
	route->code = made;
}

static void
pass_route(struct pass *pass, struct vd_route *route)
{
	uint32_t flags = (uint32_t)route->has_all | (uint32_t)route->filtered << 1;
	number(pass, &flags);
	route->has_all = (flags & 1) != 0;
	route->filtered = (flags & 2) != 0;
	number(pass, &route->n_bits);
	number(pass, &route->n_rules);
	number(pass, &route->n_code);
	number(pass, &route->n_leaves);
	number(pass, &route->n_keys);
	number(pass, &route->keywords);
	number(pass, &route->keywords_base);
	number(pass, &route->n_always);
	route->rules = array(pass, route->rules, route->n_rules, sizeof *route->rules);
	if (pass->to != NULL)
		write_code(pass, route);
	else
		read_code(pass, route);
	route->slots = array(pass, route->slots, vd_keys_count(pass->set->keys) + 1, sizeof *route->slots);
	route->keys = array(pass, route->keys, route->n_keys, sizeof *route->keys);
	route->always = array(pass, route->always, route->n_always, sizeof *route->always);
	route->trigger_from =
		array(pass, route->trigger_from, route->n_bits + (size_t)1, sizeof *route->trigger_from);
	uint32_t n = pass->failed ? 0 : route->trigger_from[route->n_bits];
	route->triggers = array(pass, route->triggers, n, sizeof *route->triggers);
}

static void
pass_channel(struct pass *pass, struct vd_channel_route *slot)
{
	number(pass, &slot->route);
	if (slot->route == VD_NONE)
		return;
	text(pass, &slot->channel);
	text(pass, &slot->event_id);
}

/* How many there are: no more than what is left can hold, at size bytes each at least. */
static size_t
count(struct pass *pass, size_t n, size_t size)
{
	uint32_t kept = (uint32_t)n;
	number(pass, &kept);
	pass->failed |= pass->to == NULL && kept > pass->from.len / size;
	return pass->failed ? 0 : kept;
}

static void
pass_routing(struct pass *pass)
{
	struct vd_ruleset *set = pass->set;
	number(pass, &set->windows_route);
	set->class_routes = array(pass, set->class_routes, vd_logsource_classes(), sizeof *set->class_routes);
	set->n_channel_slots = count(pass, set->n_channel_slots, sizeof(uint32_t));
	if (pass->to == NULL)
		set->channel_slots =
			vd_arena_array(set->arena, set->n_channel_slots, sizeof *set->channel_slots);
	pass->failed |= set->channel_slots == NULL;
	for (size_t i = 0; !pass->failed && i < set->n_channel_slots; i++)
		pass_channel(pass, &set->channel_slots[i]);
}

static void
pass_all(struct pass *pass, struct vd_set_builder *builder)
{
	struct vd_ruleset *set = pass->set;
	set->n_sets = count(pass, set->n_sets, 2 * sizeof(uint32_t));
	if (pass->to == NULL)
		set->sets = vd_mem_zalloc(set->n_sets, sizeof(struct vd_set *));
	pass->failed |= set->sets == NULL && set->n_sets != 0;
	for (size_t i = 0; !pass->failed && i < set->n_sets; i++) {
		pass_set(pass, builder, &set->sets[i]);
		if (!pass->failed)
			set->sets[i]->number = (uint32_t)i;
	}
	set->n_routes = count(pass, set->n_routes, 9 * sizeof(uint32_t));
	if (pass->to == NULL)
		set->routes = vd_mem_zalloc(set->n_routes, sizeof(struct vd_route *));
	pass->failed |= set->routes == NULL;
	for (size_t i = 0; !pass->failed && i < set->n_routes; i++) {
		if (pass->to == NULL)
			set->routes[i] = vd_arena_zalloc(set->arena, sizeof *set->routes[i]);
		pass->failed |= set->routes[i] == NULL;
		if (!pass->failed)
			pass_route(pass, set->routes[i]);
		if (!pass->failed)
			set->routes[i]->number = (uint32_t)i;
	}
	number(pass, &set->all_route);
	if (set->routing)
		pass_routing(pass);
}

/* ---- does it fit? ---- */

static bool
leaf_fits(const struct vd_ruleset *set, const struct vd_route *route, const struct vd_code *leaf)
{
	const struct vd_fieldref *refs;
	switch ((enum vd_node_op)leaf->op) {
	case VD_NODE_ITEM:
		return leaf->arg < route->n_bits;
	case VD_NODE_LATER:
		return leaf->arg < vd_items_count(set->items) && vd_items_at(set->items, leaf->arg)->later;
	case VD_NODE_NULL:
	case VD_NODE_PRESENT:
		return leaf->arg < vd_keys_count(set->keys);
	case VD_NODE_FIELDREF:
		return leaf->arg < vd_items_fieldrefs(set->items, &refs);
	default:
		return leaf->op == VD_NODE_TRUE || leaf->op == VD_NODE_FALSE;
	}
}

/* Recursion is bounded by depth. */
static bool
tree_fits(
	const struct vd_ruleset *set, const struct vd_route *route, uint32_t at, uint32_t end, uint32_t depth)
{
	const struct vd_code *code = route->code, *node = &code[at];
	uint32_t kids = 0;
	if (depth == 0 || node->end <= at || node->end > end)
		return false;
	if (is_leaf(node))
		return leaf_fits(set, route, node);
	for (uint32_t kid = at + 1; kid < node->end; kid = code[kid].end, kids++)
		if (!tree_fits(set, route, kid, node->end, depth - 1))
			return false;
	return node->op == VD_NODE_NOT ? kids == 1 : kids != 0;
}

/* One program behind the other, and the leaves are as many as is said. */
static bool
rules_fit(const struct vd_ruleset *set, const struct vd_route *route)
{
	uint32_t at = 0, leaves = 0;
	for (uint32_t i = 0; i < route->n_rules; i++) {
		const struct vd_route_rule *rule = &route->rules[i];
		if (rule->rule >= set->load.n_rules || (i != 0 && rule->rule <= rule[-1].rule) ||
			rule->code != at || at >= route->n_code ||
			!tree_fits(set, route, at, route->n_code, VD_RULE_MAX_EXPR_DEPTH))
			return false;
		at = route->code[at].end;
	}
	for (uint32_t i = 0; i < route->n_code; i++)
		leaves += route->code[i].op == VD_NODE_ITEM;
	return at == route->n_code && leaves == route->n_leaves;
}

static bool
bits_fit(const struct vd_ruleset *set, const struct vd_route *route, uint32_t number, uint32_t base)
{
	return number == VD_NONE || (number < set->n_sets && base <= route->n_bits &&
					    set->sets[number]->n_items <= route->n_bits - base);
}

static bool
keys_fit(const struct vd_ruleset *set, const struct vd_route *route)
{
	size_t n_slots = vd_keys_count(set->keys) + 1;
	for (size_t i = 0; i < n_slots; i++)
		if (route->slots[i] >= route->n_keys)
			return false;
	for (uint32_t i = 1; i < route->n_keys; i++)
		if (!bits_fit(set, route, route->keys[i].set, route->keys[i].base))
			return false;
	return route->slots[n_slots - 1] == 0 && bits_fit(set, route, route->keywords, route->keywords_base);
}

static bool
below(const uint32_t *list, size_t n, size_t limit)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] >= limit)
			return false;
	return true;
}

static bool
route_fits(const struct vd_ruleset *set, const struct vd_route *route)
{
	const uint32_t *from = route->trigger_from;
	for (uint32_t bit = 0; bit < route->n_bits; bit++)
		if (from[bit] > from[bit + 1])
			return false;
	return from[0] == 0 && route->n_always <= route->n_rules &&
	       below(route->always, route->n_always, route->n_rules) &&
	       below(route->triggers, from[route->n_bits], route->n_rules) && rules_fit(set, route) &&
	       keys_fit(set, route);
}

static bool
routing_fits(const struct vd_ruleset *set)
{
	size_t n = set->n_channel_slots, used = 0;
	for (size_t i = 0; i < n; i++) {
		if (set->channel_slots[i].route != VD_NONE &&
			(set->channel_slots[i].route >= set->n_routes || ++used == n))
			return false; /* a search ends at a free slot */
	}
	return n != 0 && (n & (n - 1)) == 0 && set->windows_route < set->n_routes &&
	       below(set->class_routes, vd_logsource_classes(), set->n_routes);
}

static bool
all_fits(const struct vd_ruleset *set)
{
	for (size_t i = 0; i < set->n_routes; i++)
		if (!route_fits(set, set->routes[i]))
			return false;
	return set->all_route < set->n_routes && (!set->routing || routing_fits(set));
}

/* ---- doors ---- */

void
vd_kept_write(struct vd_ruleset *set, const char *key, struct vd_buf *to)
{
	struct pass pass = {.set = set, .to = to};
	vd_kept_begin(key, to);
	pass_all(&pass, NULL);
	vd_kept_seal(to);
}

static bool
is_whole(const char *key, struct vd_str bytes)
{
	uint64_t hash;
	if (bytes.len < BODY_AT || memcmp(bytes.at, MAGIC, MAGIC_LEN) != 0 ||
		memcmp(bytes.at + KEY_AT, key, VD_KEPT_KEY) != 0)
		return false;
	memcpy(&hash, bytes.at + HASH_AT, sizeof hash);
	return hash == XXH3_64bits(bytes.at + KEY_AT, bytes.len - KEY_AT);
}

static void
forget(struct vd_ruleset *set)
{
	vd_mem_free(set->sets);
	vd_mem_free(set->routes);
	set->sets = NULL;
	set->routes = NULL;
	set->n_sets = set->n_routes = set->n_channel_slots = 0;
	set->channel_slots = NULL;
	set->class_routes = NULL;
}

bool
vd_kept_read(struct vd_ruleset *set, const char *key, struct vd_str bytes)
{
	if (!is_whole(key, bytes))
		return false;
	VD_AUTO(vd_set_builder) builder = vd_set_builder_new(set->arena);
	struct pass pass = {.set = set, .from = {bytes.at + BODY_AT, bytes.len - BODY_AT}};
	if (builder == NULL)
		return false;
	pass_all(&pass, builder);
	if (!pass.failed && pass.from.len == 0 && all_fits(set))
		return true;
	forget(set);
	return false;
}
