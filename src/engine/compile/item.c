#include "engine/compile/compile.h"

#include "base/mem.h"
#include "engine/compile/atom.h"

#define SHORT 4u
#define ALL_MAX 64u /* values of one |all item: bits of a mask */

struct vd_items {
	uint32_t magic;
#define VD_ITEMS_MAGIC 0x6974656du
	struct vd_arena *arena;
	struct vd_keys *keys;
	struct vd_citem *list;
	struct vd_str *identity; /* same n: bytes that are equal for equal items */
	size_t n, cap, identity_cap;
	uint32_t *slots; /* number + 1 */
	size_t n_slots;
	struct vd_fieldref *refs;
	size_t n_refs, refs_cap;
	struct vd_buf text;
};

struct vd_items *
vd_items_new(struct vd_arena *arena, struct vd_keys *keys)
{
	struct vd_items *items = vd_obj_new(struct vd_items, VD_ITEMS_MAGIC);
	if (items == NULL)
		return NULL;
	items->arena = arena;
	items->keys = keys;
	vd_buf_init(&items->text, 0);
	return items;
}

void
vd_items_free(struct vd_items *items)
{
	if (items == NULL)
		return;
	vd_obj_check(items, VD_ITEMS_MAGIC);
	vd_mem_free(items->list);
	vd_mem_free(items->identity);
	vd_mem_free(items->slots);
	vd_mem_free(items->refs);
	vd_buf_fini(&items->text);
	vd_obj_free(items);
}

size_t
vd_items_count(const struct vd_items *items)
{
	return items->n;
}

const struct vd_citem *
vd_items_at(const struct vd_items *items, size_t i)
{
	return &items->list[i];
}

size_t
vd_items_fieldrefs(const struct vd_items *items, const struct vd_fieldref **ret)
{
	*ret = items->refs;
	return items->n_refs;
}

/* ---- identity ---- */

static void
identify_atom(struct vd_buf *to, const struct vd_atom *atom)
{
	vd_buf_printf(to, "%d,%d,%d,%d,%d,%.17g,", (int)atom->kind, atom->cased, atom->re_flags,
		(int)atom->compare, (int)atom->unit, atom->number);
	if (atom->kind == VD_ATOM_CIDR) {
		vd_buf_add(to, atom->addr, sizeof atom->addr);
		vd_buf_printf(to, "/%d", atom->prefix);
	}
	vd_buf_printf(to, "%zu:", atom->text.len);
	vd_buf_str(to, atom->text);
	for (size_t i = 0; i < atom->n_tokens; i++) {
		vd_buf_printf(to, "%d:%zu:", (int)atom->tokens[i].kind, atom->tokens[i].text.len);
		vd_buf_str(to, atom->tokens[i].text);
	}
	vd_buf_char(to, ';');
}

static struct vd_str
identify(struct vd_items *items, uint32_t key, bool all, const struct vd_value *const values[], size_t n)
{
	vd_buf_reset(&items->text);
	vd_buf_printf(&items->text, "%u%c", key, all ? '&' : '|');
	for (size_t i = 0; i < n; i++) {
		for (size_t a = 0; a < values[i]->n; a++)
			identify_atom(&items->text, &values[i]->atoms[a]);
		vd_buf_char(&items->text, '\n');
	}
	return vd_buf_view(&items->text);
}

static size_t
slot_of(const struct vd_items *items, struct vd_str identity)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < identity.len; i++)
		h = (h ^ (unsigned char)identity.at[i]) * 0x100000001b3u;
	size_t at = (size_t)(h ^ (h >> 29)) & (items->n_slots - 1);
	while (items->slots[at] != 0 && !vd_str_eq(items->identity[items->slots[at] - 1], identity))
		at = (at + 1) & (items->n_slots - 1);
	return at;
}

static bool
grow_slots(struct vd_items *items)
{
	size_t n = items->n_slots == 0 ? 4096 : items->n_slots * 2;
	uint32_t *slots = vd_mem_zalloc(n, sizeof *slots);
	if (slots == NULL)
		return false;
	vd_mem_free(items->slots);
	items->slots = slots;
	items->n_slots = n;
	for (size_t i = 0; i < items->n; i++)
		slots[slot_of(items, items->identity[i])] = (uint32_t)i + 1;
	return true;
}

/* ---- expected frequency ---- */

static double
atom_cost(const struct vd_atom *atom)
{
	size_t longest = 0;
	bool open = false;
	switch (atom->kind) {
	case VD_ATOM_PATTERN:
		for (size_t i = 0; i < atom->n_tokens; i++) {
			longest = VD_MAX(longest, atom->tokens[i].text.len);
			open |= atom->tokens[i].kind != VD_TOK_TEXT;
		}
		return longest == 0 ? (open ? 0.9 : 0.05)
				    : (open ? 0.6 : 0.2) / (double)(longest * longest + 1);
	case VD_ATOM_REGEX:
		return 0.05;
	case VD_ATOM_CIDR:
		return 0.1;
	default:
		return 0.3;
	}
}

/* How many items ask for a value: what many rules name, like \\cmd.exe, is what many events have. */
struct askers {
	size_t mask;
	struct asker {
		uint64_t hash; /* two values taken for one would cost a little time */
		uint32_t n;
	} * slots;
};

static struct asker *
asker_of(const struct askers *askers, uint32_t key, const struct vd_atom *atom)
{
	uint64_t hash = key * 8u + (uint32_t)atom->kind + 1;
	for (size_t i = 0; i < atom->n_tokens; i++)
		hash = XXH3_64bits_withSeed(atom->tokens[i].text.at, atom->tokens[i].text.len,
			hash + (uint64_t)atom->tokens[i].kind);
	for (size_t at = hash & askers->mask;; at = (at + 1) & askers->mask) {
		struct asker *one = &askers->slots[at];
		if (one->n == 0 || one->hash == hash) {
			one->hash = hash;
			return one;
		}
	}
}

static double
item_cost(const struct askers *askers, const struct vd_citem *item)
{
	double cost = item->all ? 1 : 0;
	for (size_t i = 0; i < item->n; i++) {
		double one = 0;
		for (size_t a = 0; a < item->values[i]->n; a++) {
			const struct vd_atom *atom = &item->values[i]->atoms[a];
			one += atom_cost(atom) * asker_of(askers, item->key, atom)->n;
		}
		cost = item->all ? VD_MIN(cost, one) : cost + one;
	}
	return cost > 1 ? 1 : cost;
}

static size_t
count_atoms(const struct vd_citem *item)
{
	size_t n = 0;
	for (size_t i = 0; i < item->n; i++)
		n += item->values[i]->n;
	return n;
}

/* The values of a costly item, with what each needs: where it has several forms, what all of them do. */
static bool
note_needs(struct vd_items *items, struct vd_citem *item)
{
	/* an arena gives 16 bytes of alignment, a line of the cache has 64 */
	size_t line = _Alignof(struct vd_costly), bytes = (item->n + 1) * sizeof(struct vd_costly);
	char *room = vd_arena_zalloc(items->arena, bytes);
	if (room == NULL)
		return false;
	struct vd_costly *costly =
		(struct vd_costly *)(void *)(room + (line - (uintptr_t)room % line) % line);
	for (size_t i = 0; i < item->n; i++) {
		const struct vd_value *value = item->values[i];
		struct vd_needs all = {.chars = 0};
		for (size_t a = 0; a < value->n; a++) {
			vd_buf_reset(&items->text);
			if (!vd_buf_room(&items->text, value->atoms[a].text.len + 1))
				return false;
			struct vd_needs one = vd_needs_atom(&value->atoms[a], items->text.at);
			for (size_t k = 0; k < 4; k++)
				all.bytes[k] = a == 0 ? one.bytes[k] : all.bytes[k] & one.bytes[k];
			all.chars = a == 0 ? one.chars : VD_MIN(all.chars, one.chars);
		}
		costly[i] = (struct vd_costly){vd_needs_few(&all), (uint32_t)value->n, value->atoms};
	}
	item->costly_values = costly;
	return true;
}

bool
vd_items_weigh(struct vd_items *items)
{
	size_t atoms = 0, slots = 64;
	for (size_t i = 0; i < items->n; i++)
		atoms += count_atoms(&items->list[i]);
	while (slots < atoms * 2)
		slots *= 2;
	struct askers askers = {slots - 1, vd_mem_zalloc(slots, sizeof *askers.slots)};
	if (askers.slots == NULL)
		return false;
	for (size_t i = 0; i < items->n; i++)
		for (size_t v = 0; v < items->list[i].n; v++)
			for (size_t a = 0; a < items->list[i].values[v]->n; a++)
				asker_of(&askers, items->list[i].key, &items->list[i].values[v]->atoms[a])
					->n++;
	bool ok = true;
	for (size_t i = 0; ok && i < items->n; i++) {
		items->list[i].cost = item_cost(&askers, &items->list[i]);
		ok = !items->list[i].costly || note_needs(items, &items->list[i]);
	}
	vd_mem_free(askers.slots);
	return ok;
}

/* A pattern whose longest text is found all over: to search for it finds mostly what nobody asks for. */
static bool
is_short(const struct vd_atom *atom)
{
	size_t longest = 0;
	for (size_t i = 0; i < atom->n_tokens; i++)
		longest = VD_MAX(longest, atom->tokens[i].text.len);
	return atom->kind == VD_ATOM_PATTERN && atom->n_tokens > 1 && atom->tokens[0].kind == VD_TOK_ANY &&
	       longest < SHORT;
}

static bool
is_costly(const struct vd_value *const values[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t a = 0; a < values[i]->n; a++)
			if (values[i]->atoms[a].kind == VD_ATOM_REGEX || is_short(&values[i]->atoms[a]))
				return true;
	return false;
}

void
vd_items_keep(struct vd_items *items, uint32_t item)
{
	items->list[item].later = false;
}

/* ---- sharing ---- */

static uint32_t
share(struct vd_items *items, uint32_t key, bool all, const struct vd_value *const values[], size_t n)
{
	if (items->n * 2 >= items->n_slots && !grow_slots(items))
		return VD_NONE;
	struct vd_str identity = identify(items, key, all, values, n);
	size_t slot = slot_of(items, identity);
	if (items->slots[slot] != 0)
		return items->slots[slot] - 1;
	void *list = items->list, *names = items->identity;
	bool room = vd_mem_grow(&list, &items->cap, items->n + 1, sizeof *items->list, 1024);
	items->list = list;
	room = room && vd_mem_grow(&names, &items->identity_cap, items->n + 1, sizeof *items->identity, 1024);
	items->identity = names;
	const struct vd_value **kept =
		room ? vd_arena_array(items->arena, n, sizeof(struct vd_value *)) : NULL;
	if (kept == NULL || items->text.failed ||
		!vd_arena_str(items->arena, identity, &items->identity[items->n]))
		return VD_NONE;
	for (size_t i = 0; i < n; i++)
		kept[i] = values[i];
	bool costly = is_costly(values, n);
	items->list[items->n] = (struct vd_citem){key, all, n, kept, 1, costly, costly, NULL};
	items->slots[slot] = (uint32_t)++items->n;
	return items->slots[slot] - 1;
}

/* ---- trees ---- */

static struct vd_node *
new_node(struct vd_items *items, enum vd_node_op op, uint32_t arg, size_t n)
{
	struct vd_node *node = vd_arena_zalloc(items->arena, sizeof *node);
	if (node == NULL)
		return NULL;
	node->op = op;
	node->arg = arg;
	node->n = (uint32_t)n;
	node->kids = n == 0 ? NULL : vd_arena_array(items->arena, n, sizeof(struct vd_node *));
	return n == 0 || node->kids != NULL ? node : NULL;
}

static struct vd_node *
negated(struct vd_items *items, struct vd_node *kid)
{
	struct vd_node *node = kid == NULL ? NULL : new_node(items, VD_NODE_NOT, 0, 1);
	if (node != NULL)
		node->kids[0] = kid;
	return node;
}

static bool
is_about_event(const struct vd_value *value)
{
	enum vd_atom_kind kind = value->n == 0 ? VD_ATOM_PATTERN : value->atoms[0].kind;
	return kind == VD_ATOM_NULL || kind == VD_ATOM_EXISTS || kind == VD_ATOM_FIELDREF;
}

static struct vd_node *
event_node(struct vd_items *items, uint32_t key, const struct vd_atom *atom)
{
	if (atom->kind == VD_ATOM_NULL)
		return new_node(items, VD_NODE_NULL, key, 0);
	if (atom->kind == VD_ATOM_EXISTS) {
		struct vd_node *node = new_node(items, VD_NODE_PRESENT, key, 0);
		return atom->wanted ? node : negated(items, node);
	}
	uint32_t other = vd_keys_add(items->keys, atom->text);
	void *refs = items->refs;
	if (other == VD_KEY_NONE ||
		!vd_mem_grow(&refs, &items->refs_cap, items->n_refs + 1, sizeof *items->refs, 64))
		return NULL;
	items->refs = refs;
	items->refs[items->n_refs] = (struct vd_fieldref){key, other, atom->part};
	return new_node(items, VD_NODE_FIELDREF, (uint32_t)items->n_refs++, 0);
}

/* Values that can be searched for first, those that cannot behind them: ret says how many the first are. */
static size_t
costly_last(const struct vd_value **values, size_t n)
{
	size_t first = 0;
	for (size_t i = 0; i < n; i++) {
		const struct vd_value *value = values[i];
		if (is_costly(&value, 1))
			continue;
		memmove(&values[first + 1], &values[first], (i - first) * sizeof(struct vd_value *));
		values[first++] = value;
	}
	return first;
}

/* Kids of node, one for each chunk of values: of an AND (|all) so many, and the costly ones apart. */
static bool
add_chunks(
	struct vd_items *items, struct vd_node *node, uint32_t key, const struct vd_value **values, size_t n)
{
	bool all = node->op == VD_NODE_AND;
	/* keywords are looked for in every value: one by one, each is cached like any other */
	size_t chunk = !all ? SIZE_MAX : key == VD_KEY_NONE ? 1 : ALL_MAX;
	/* the others may trigger the rule without the costly ones */
	size_t quick = all ? costly_last(values, n) : n;
	for (size_t from = 0, len; from < n; from += len) {
		len = VD_MIN(chunk, (from < quick ? quick : n) - from);
		uint32_t shared = share(items, key, all && len > 1, values + from, len);
		struct vd_node *kid = shared == VD_NONE ? NULL : new_node(items, VD_NODE_ITEM, shared, 0);
		if (kid == NULL)
			return false;
		node->kids[node->n++] = kid;
	}
	return true;
}

/* An item's values in chunks of one shared item each; event tests stand beside them. */
static struct vd_node *
item_node(struct vd_items *items, const struct vd_item *item)
{
	uint32_t key = item->field.len == 0 ? VD_KEY_NONE : vd_keys_add(items->keys, item->field);
	if (item->field.len != 0 && key == VD_KEY_NONE)
		return NULL;
	bool all = item->all && item->n > 1;
	struct vd_node *node = new_node(items, all ? VD_NODE_AND : VD_NODE_OR, 0, item->n + 1);
	const struct vd_value **values = vd_arena_array(items->arena, item->n, sizeof(struct vd_value *));
	if (node == NULL || values == NULL)
		return NULL;
	uint32_t kids = 0;
	size_t n = 0;
	for (size_t i = 0; i < item->n; i++) {
		if (is_about_event(&item->values[i])) {
			node->kids[kids] = event_node(items, key, &item->values[i].atoms[0]);
			if (node->kids[kids++] == NULL)
				return NULL;
		} else {
			values[n++] = &item->values[i];
		}
	}
	node->n = kids;
	if (!add_chunks(items, node, key, values, n))
		return NULL;
	if (node->n == 1)
		node = node->kids[0];
	return item->negate ? negated(items, node) : node;
}

struct vd_node *
vd_items_add(struct vd_items *items, const struct vd_expr *expr)
{
	if (expr->kind == VD_EXPR_ITEM)
		return item_node(items, expr->item);
	if (expr->kind == VD_EXPR_NAMED)
		return vd_items_add(items, expr->kids[0]);
	if (expr->kind == VD_EXPR_NOT)
		return negated(items, vd_items_add(items, expr->kids[0]));
	struct vd_node *node =
		new_node(items, expr->kind == VD_EXPR_AND ? VD_NODE_AND : VD_NODE_OR, 0, expr->n);
	if (node == NULL)
		return NULL;
	for (size_t i = 0; i < expr->n; i++)
		if ((node->kids[i] = vd_items_add(items, expr->kids[i])) == NULL)
			return NULL;
	return node;
}
