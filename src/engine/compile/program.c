#include "engine/compile/program.h"

#include <float.h>

#include "base/mem.h"
#include "engine/compile/atom.h"

/* ---- partial evaluation ---- */

enum truth { FALSE, TRUE, OPEN };

static bool
value_holds(const struct vd_value *value, struct vd_str text, struct vd_regex_match *match)
{
	struct vd_value_forms forms = {text, text, {"", 0}, false};
	for (size_t a = 0; a < value->n; a++)
		if (vd_atom_holds(&value->atoms[a], &forms, match))
			return true;
	return false;
}

static enum truth
item_on_text(const struct vd_citem *item, struct vd_str text, struct vd_regex_match *match)
{
	size_t held = 0;
	for (size_t i = 0; i < item->n; i++)
		held += value_holds(item->values[i], text, match);
	return item->all ? (held == item->n ? TRUE : FALSE) : (held > 0 ? TRUE : FALSE);
}

/* only texts without wildcards: what such an item names is known in full */
static bool
is_exact(const struct vd_citem *item)
{
	for (size_t i = 0; i < item->n; i++)
		for (size_t a = 0; a < item->values[i]->n; a++) {
			const struct vd_atom *atom = &item->values[i]->atoms[a];
			if (atom->kind != VD_ATOM_PATTERN || atom->cased)
				return false;
			for (size_t t = 0; t < atom->n_tokens; t++)
				if (atom->tokens[t].kind != VD_TOK_TEXT)
					return false;
		}
	return true;
}

static bool
is_caseless_pattern(const struct vd_citem *item)
{
	for (size_t i = 0; i < item->n; i++)
		for (size_t a = 0; a < item->values[i]->n; a++)
			if (item->values[i]->atoms[a].kind != VD_ATOM_PATTERN ||
				item->values[i]->atoms[a].cased)
				return false;
	return true;
}

/* Has it a number that is not written as the ids of routes are?  Whether it holds is up to the type of the event's. */
static bool
has_number(const struct vd_citem *item)
{
	char room[VD_NUMBER_TEXT_MAX];
	for (size_t i = 0; i < item->n; i++)
		for (size_t a = 0; a < item->values[i]->n; a++)
			if (vd_atom_number_text(&item->values[i]->atoms[a], room).len != 0)
				return true;
	return false;
}

static enum truth
item_truth(const struct vd_citem *item, const struct vd_known *known, struct vd_regex_match *match)
{
	if (item->key == VD_K_EVENT_ID && has_number(item))
		return OPEN;
	if (item->key == VD_K_EVENT_ID && known->event_id.len != 0)
		return item_on_text(item, known->event_id, match);
	if (item->key == VD_K_EVENT_ID && known->other_event_id && is_exact(item))
		return FALSE;
	/* the event may write its channel in any case */
	if (item->key == VD_K_CHANNEL && known->channel.len != 0 && is_caseless_pattern(item))
		return item_on_text(item, known->channel, match);
	return OPEN;
}

static enum truth
leaf_truth(const struct vd_items *items, const struct vd_node *node, const struct vd_known *known,
	struct vd_regex_match *match)
{
	bool present = (node->arg == VD_K_EVENT_ID && known->event_id.len != 0) ||
		       (node->arg == VD_K_CHANNEL && known->channel.len != 0);
	switch (node->op) {
	case VD_NODE_ITEM:
		return item_truth(vd_items_at(items, node->arg), known, match);
	case VD_NODE_NULL:
		return present ? FALSE : OPEN;
	case VD_NODE_PRESENT:
		return present ? TRUE : OPEN;
	case VD_NODE_TRUE:
		return TRUE;
	case VD_NODE_FALSE:
		return FALSE;
	default:
		return OPEN;
	}
}

static struct vd_node *
constant(struct vd_arena *arena, bool value)
{
	struct vd_node *node = vd_arena_zalloc(arena, sizeof *node);
	if (node != NULL)
		node->op = value ? VD_NODE_TRUE : VD_NODE_FALSE;
	return node;
}

static struct vd_node *
simplify_not(struct vd_arena *arena, struct vd_node *kid)
{
	if (kid == NULL || kid->op == VD_NODE_TRUE || kid->op == VD_NODE_FALSE)
		return kid == NULL ? NULL : constant(arena, kid->op == VD_NODE_FALSE);
	if (kid->op == VD_NODE_NOT)
		return kid->kids[0];
	struct vd_node *node = vd_arena_zalloc(arena, sizeof *node);
	struct vd_node **kids = vd_arena_array(arena, 1, sizeof(struct vd_node *));
	if (node == NULL || kids == NULL)
		return NULL;
	kids[0] = kid;
	*node = (struct vd_node){VD_NODE_NOT, 0, 1, kids};
	return node;
}

struct vd_node *
vd_program_simplify(struct vd_arena *arena, const struct vd_items *items, const struct vd_known *known,
	struct vd_regex_match *match, struct vd_node *node)
{
	if (node->op == VD_NODE_NOT)
		return simplify_not(arena, vd_program_simplify(arena, items, known, match, node->kids[0]));
	if (node->op != VD_NODE_AND && node->op != VD_NODE_OR) {
		enum truth truth = leaf_truth(items, node, known, match);
		return truth == OPEN ? node : constant(arena, truth == TRUE);
	}
	enum vd_node_op absorbs = node->op == VD_NODE_AND ? VD_NODE_FALSE : VD_NODE_TRUE;
	enum vd_node_op neutral = node->op == VD_NODE_AND ? VD_NODE_TRUE : VD_NODE_FALSE;
	struct vd_node *made = vd_arena_zalloc(arena, sizeof *made);
	struct vd_node **kids = vd_arena_array(arena, node->n + 1u, sizeof(struct vd_node *));
	if (made == NULL || kids == NULL)
		return NULL;
	uint32_t n = 0;
	for (uint32_t i = 0; i < node->n; i++) {
		struct vd_node *kid = vd_program_simplify(arena, items, known, match, node->kids[i]);
		if (kid == NULL || kid->op == absorbs)
			return kid;
		if (kid->op != neutral)
			kids[n++] = kid;
	}
	if (n == 0)
		return constant(arena, neutral == VD_NODE_TRUE);
	if (n == 1)
		return kids[0];
	*made = (struct vd_node){node->op, 0, n, kids};
	return made;
}

/* ---- triggers ---- */

#define COSTLY 1e3  /* against costs of at most 1 each: only where nothing else triggers */
#define ROUTING 1e6 /* a route knows the values of these fields and has no use for their items */

static double
trigger_cost(const struct vd_citem *item, enum vd_program_stage stage)
{
	if (stage == VD_STAGE_ROUTE)
		return item->later ? DBL_MAX : item->cost;
	if (item->key == VD_K_EVENT_ID || item->key == VD_K_CHANNEL)
		return ROUTING;
	return item->costly ? COSTLY + item->cost : item->cost;
}

static double
cover_cost(const struct vd_items *items, const struct vd_node *node, enum vd_program_stage stage)
{
	double cost;
	switch (node->op) {
	case VD_NODE_ITEM:
		return trigger_cost(vd_items_at(items, node->arg), stage);
	case VD_NODE_FALSE:
		return 0;
	case VD_NODE_AND:
		cost = DBL_MAX;
		for (uint32_t i = 0; i < node->n; i++)
			cost = VD_MIN(cost, cover_cost(items, node->kids[i], stage));
		return cost;
	case VD_NODE_OR:
		cost = 0;
		for (uint32_t i = 0; i < node->n; i++) {
			double one = cover_cost(items, node->kids[i], stage);
			cost = one >= DBL_MAX || cost >= DBL_MAX ? DBL_MAX : cost + one;
		}
		return cost;
	default:
		return DBL_MAX;
	}
}

static void
cover(const struct vd_items *items, const struct vd_node *node, enum vd_program_stage stage,
	void (*fn)(void *owner, uint32_t item), void *owner)
{
	if (node->op == VD_NODE_ITEM) {
		fn(owner, node->arg);
	} else if (node->op == VD_NODE_OR) {
		for (uint32_t i = 0; i < node->n; i++)
			cover(items, node->kids[i], stage, fn, owner);
	} else if (node->op == VD_NODE_AND) {
		const struct vd_node *best = node->kids[0];
		double cost = cover_cost(items, best, stage);
		for (uint32_t i = 1; i < node->n; i++) {
			double one = cover_cost(items, node->kids[i], stage);
			if (one < cost) {
				cost = one;
				best = node->kids[i];
			}
		}
		cover(items, best, stage, fn, owner);
	}
}

bool
vd_program_triggers(const struct vd_items *items, const struct vd_node *node, enum vd_program_stage stage,
	void (*fn)(void *owner, uint32_t item), void *owner)
{
	if (cover_cost(items, node, stage) >= DBL_MAX)
		return false;
	cover(items, node, stage, fn, owner);
	return true;
}

void
vd_program_leaves(
	const struct vd_node *node, void (*fn)(void *owner, const struct vd_node *leaf), void *owner)
{
	if (node->n == 0)
		fn(owner, node);
	for (uint32_t i = 0; i < node->n; i++)
		vd_program_leaves(node->kids[i], fn, owner);
}

/* ---- code ---- */

static bool
append(struct vd_program_writer *writer, enum vd_node_op op, uint32_t arg)
{
	void *code = writer->code;
	bool room = vd_mem_grow(&code, &writer->cap, writer->n + 1, sizeof *writer->code, 4096);
	writer->code = code;
	if (!room)
		return false;
	writer->code[writer->n++] = (struct vd_code){.op = (unsigned)op & 0xfu, .arg = arg & 0xfffffffu};
	return true;
}

/* What it may take to judge: bits are there already, two values are compared, patterns are tried. */
static double
effort(const struct vd_items *items, const struct vd_node *node)
{
	double most = node->n > 0 ? 10 : 0;
	if (node->op == VD_NODE_FIELDREF)
		return 20;
	if (node->op == VD_NODE_ITEM && vd_items_at(items, node->arg)->later)
		return 30;
	for (uint32_t i = 0; i < node->n; i++)
		most = VD_MAX(most, effort(items, node->kids[i]));
	return most;
}

/* What decides soonest comes first: with equal effort the rarest kid of an AND, the commonest of an OR. */
static double
rank(const struct vd_items *items, enum vd_node_op op, const struct vd_node *node)
{
	double cost = node->op == VD_NODE_ITEM ? vd_items_at(items, node->arg)->cost : 1;
	return (op == VD_NODE_AND ? cost : -cost) + effort(items, node);
}

static void
sort_kids(const struct vd_items *items, enum vd_node_op op, struct vd_node **kids, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		struct vd_node *kid = kids[i];
		double own = rank(items, op, kid);
		uint32_t at = i;
		for (; at > 0 && rank(items, op, kids[at - 1]) > own; at--)
			kids[at] = kids[at - 1];
		kids[at] = kid;
	}
}

uint32_t
vd_program_write(struct vd_program_writer *writer, const struct vd_node *node)
{
	uint32_t at = (uint32_t)writer->n;
	bool item = node->op == VD_NODE_ITEM, later = item && vd_items_at(writer->items, node->arg)->later;
	uint32_t arg = item && !later ? writer->bit_of[node->arg] : node->arg;
	if (!append(writer, later ? VD_NODE_LATER : node->op, arg))
		return VD_NONE;
	if (node->n > 1 && node->n <= 64)
		sort_kids(writer->items, node->op, node->kids, node->n);
	for (uint32_t i = 0; i < node->n; i++)
		if (vd_program_write(writer, node->kids[i]) == VD_NONE)
			return VD_NONE;
	writer->code[at].end = (uint32_t)writer->n;
	return at;
}
