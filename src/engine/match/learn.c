#include "engine/match/learn.h"

#include "base/mem.h"

#define FIRST 64u
#define CODE_PER_EVENT                                                                                       \
	128u    /* choosing takes time by the code: under a microsecond for each event that led to it */
#define PART 4u /* once it has chosen, this part of the events tells as much as all */
#define STEP 4u
#define LAST 32768u
#define NEVER UINT64_MAX /* cost of a condition that can hold with no item true */

struct vd_learned *
vd_learned_new(const struct vd_ruleset *set)
{
	size_t words = 0, most_code = 0;
	for (size_t i = 0; i < set->n_routes; i++) {
		words += 2u * set->routes[i]->n_bits + 2u + set->routes[i]->n_leaves;
		most_code = VD_MAX(most_code, set->routes[i]->n_code);
	}
	/* zeroed by the system: what no event touches takes no memory */
	struct vd_learned *all = vd_mem_zalloc(
		1, set->n_routes * sizeof *all + most_code * sizeof(uint64_t) + words * sizeof(uint32_t));
	if (all == NULL)
		return NULL;
	uint64_t *costs = (uint64_t *)(void *)(all + set->n_routes);
	uint32_t *at = (uint32_t *)(void *)(costs + most_code);
	for (size_t i = 0; i < set->n_routes; i++) {
		const struct vd_route *route = set->routes[i];
		all[i] = (struct vd_learned){
			.route = route,
			.next = VD_MAX(FIRST, route->n_code / CODE_PER_EVENT),
			.every = 1,
			.costs = costs,
			.counts = at,
			.trigger_from = route->trigger_from,
			.triggers = route->triggers,
			.own_from = at + route->n_bits,
			.own_triggers = at + 2u * route->n_bits + 2u,
		};
		at += 2u * route->n_bits + 2u + route->n_leaves;
	}
	return all;
}

void
vd_learned_free(struct vd_learned *all)
{
	vd_mem_free(all);
}

/*
 * The cost of the cheapest cover of the tree at code[at], its kids' being known: events in which some item of it is
 * true, plus a little for each item so that of equals the smaller cover wins.
 */
static uint64_t
cost_of(const struct vd_learned *learned, uint32_t at)
{
	const struct vd_code *code = learned->route->code, *node = &code[at];
	const uint64_t *costs = learned->costs;
	uint64_t sum = node->op == VD_NODE_AND ? NEVER : 0;
	switch ((enum vd_node_op)node->op) {
	case VD_NODE_ITEM:
		return (uint64_t)learned->counts[node->arg] * 64 + 1;
	case VD_NODE_AND:
		for (uint32_t kid = at + 1; kid < node->end; kid = code[kid].end)
			sum = VD_MIN(sum, costs[kid]);
		return sum;
	case VD_NODE_OR:
		for (uint32_t kid = at + 1; kid < node->end; kid = code[kid].end)
			sum = costs[kid] == NEVER || sum == NEVER ? NEVER : sum + costs[kid];
		return sum;
	case VD_NODE_FALSE:
		return 0;
	default:
		return NEVER;
	}
}

/* Marks the cheapest cover: fn for each bit. */
static void
cover(const struct vd_learned *learned, uint32_t at, void (*fn)(void *owner, uint32_t bit), void *owner)
{
	const struct vd_code *code = learned->route->code, *node = &code[at];
	if (node->op == VD_NODE_ITEM) {
		fn(owner, node->arg);
	} else if (node->op == VD_NODE_OR) {
		for (uint32_t kid = at + 1; kid < node->end; kid = code[kid].end)
			cover(learned, kid, fn, owner);
	} else if (node->op == VD_NODE_AND) {
		uint32_t best = at + 1;
		for (uint32_t kid = code[best].end; kid < node->end; kid = code[kid].end)
			if (learned->costs[kid] < learned->costs[best])
				best = kid;
		cover(learned, best, fn, owner);
	}
}

struct tally {
	uint32_t *from; /* counts first, then places */
	uint32_t *list; /* NULL: counting */
	uint32_t rule;
	uint32_t n;
};

static void
note(void *owner, uint32_t bit)
{
	struct tally *tally = owner;
	if (tally->list == NULL)
		tally->from[bit + 1]++;
	else
		tally->list[tally->from[bit]++] = tally->rule;
	tally->n++;
}

static void
walk_rules(const struct vd_learned *learned, struct tally *tally)
{
	const struct vd_route *route = learned->route;
	tally->n = 0;
	for (uint32_t r = 0; r < route->n_rules; r++) {
		tally->rule = r;
		if (learned->costs[route->rules[r].code] != NEVER)
			cover(learned, route->rules[r].code, note, tally);
	}
}

void
vd_learned_choose(struct vd_learned *learned)
{
	const struct vd_route *route = learned->route;
	uint32_t *from = learned->own_from;
	struct tally tally = {.from = from};
	learned->every = PART;
	learned->next = learned->next >= LAST ? 0 : learned->next * STEP;
	for (uint32_t at = route->n_code; at-- > 0;) /* kids stand behind their node */
		learned->costs[at] = cost_of(learned, at);
	memset(from, 0, (route->n_bits + 2u) * sizeof *from);
	walk_rules(learned, &tally);
	for (uint32_t bit = 0; bit < route->n_bits; bit++)
		from[bit + 1] += from[bit];
	tally.list = learned->own_triggers;
	walk_rules(learned, &tally);
	/* each place has moved to the next one's start */
	memmove(from + 1, from, route->n_bits * sizeof *from);
	from[0] = 0;
	learned->trigger_from = from;
	learned->triggers = learned->own_triggers;
}
