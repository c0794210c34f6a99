/*
 * The compiled rule set: what match/ runs.  Built once from the documents of sigma/, then immutable.
 *
 *   rule ── condition tree over leaves ── leaf: an item (a bit), or a test of presence
 *   item ── field + values, shared by every rule that says the same (item.c)
 *   set  ── all items of one field in one route, with the tables that evaluate them together (set.c); shared by
 *           every route that has the same items
 *   route ─ the rules one kind of event can reach, their condition programs with all that the route already
 *           knows worked in, and which item makes which rule worth a look (route.c, program.c)
 *
 * Memory: everything lives in the rule set's arena but what is said to be owned.  Thread: building has one owner, the
 * result is shared.
 */
#ifndef VD_ENGINE_COMPILE_COMPILE_H
#define VD_ENGINE_COMPILE_COMPILE_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "engine/compile/bytes.h"
#include "engine/compile/grams.h"
#include "engine/compile/logsource.h"
#include "engine/compile/needs.h"
#include "engine/compile/words.h"
#include "engine/sigma/load.h"
#include "event/keys.h"
#include "vedette/engine.h"

#define VD_NONE UINT32_MAX

/* ---- items ---- */

/* A value that is searched for by itself, and what it cannot do without: one line of cache for a search in vain. */
struct vd_costly {
	struct vd_needs_few needs;
	uint32_t n;
	const struct vd_atom *atoms;
} VD_ALIGNED(64);

struct vd_citem {
	uint32_t key; /* VD_KEY_NONE: keywords */
	bool all;     /* every value must be found, each in some element; at most 64 values */
	size_t n;     /* values that are strings, numbers, addresses or times: never null, exists, fieldref */
	const struct vd_value **values;
	double cost; /* how often it is expected to be true, 0 to 1: for the choice of triggers */
	bool costly; /* some value is a regular expression or a short text */
	bool later; /* costly and no rule's trigger: judged only for rules that something else has triggered */
	const struct vd_costly *costly_values; /* per value, NULL: not costly */
};

struct vd_fieldref {
	uint32_t key, other;
	enum vd_part part;
};

enum vd_node_op {
	VD_NODE_AND,
	VD_NODE_OR,
	VD_NODE_NOT,
	VD_NODE_ITEM,     /* arg: item */
	VD_NODE_LATER,    /* arg: item; in code only */
	VD_NODE_NULL,     /* arg: key; absent or null */
	VD_NODE_PRESENT,  /* arg: key */
	VD_NODE_FIELDREF, /* arg: fieldref */
	VD_NODE_TRUE,
	VD_NODE_FALSE,
};

struct vd_node {
	enum vd_node_op op;
	uint32_t arg;
	uint32_t n;
	struct vd_node **kids;
};

struct vd_items; /* the table that shares them; item.c */

struct vd_items *vd_items_new(struct vd_arena *arena, struct vd_keys *keys) VD_MUST_USE;
void vd_items_free(struct vd_items *items);
/* Turns a rule's condition into a tree over shared leaves; NULL: out of memory. */
struct vd_node *vd_items_add(struct vd_items *items, const struct vd_expr *expr) VD_MUST_USE;
/* Once all are added: their costs and needs.  False: out of memory. */
bool vd_items_weigh(struct vd_items *items) VD_MUST_USE;
/* The item triggers some rule: not later. */
void vd_items_keep(struct vd_items *items, uint32_t item);
size_t vd_items_count(const struct vd_items *items);
const struct vd_citem *vd_items_at(const struct vd_items *items, size_t i);
size_t vd_items_fieldrefs(const struct vd_items *items, const struct vd_fieldref **ret);
VD_AUTO_DEFINE(vd_items, vd_items_free)

/* ---- sets ---- */

/* What a found pattern means: item (index in the set) is true, or its value number bit is found. */
struct vd_mark {
	uint32_t item;
	uint32_t bit; /* VD_NONE: no |all */
};

struct vd_marks {
	uint32_t from, n; /* in vd_set.marks */
};

/* A literal under a hash: exact values, last path components, prefixes and suffixes. */
struct vd_literal {
	const char *text; /* folded */
	uint32_t len;
	uint32_t next; /* literal of the same slot, VD_NONE: last */
	struct vd_marks marks;
};

struct vd_literals {
	uint32_t n;
	struct vd_literal *list;
	uint32_t mask;   /* slots - 1 */
	uint32_t *slots; /* first literal or VD_NONE */
	uint32_t longest;
	uint8_t widths; /* affixes: which of 1, 2, 4, 8 bytes their keys have */
};

/* What a literal of vd_grams stands for: itself, or a pattern or regular expression that cannot do without it.  With
 * neither tokens nor a regular expression its literal, or its byte, is all. */
struct vd_contained {
	struct vd_marks marks;
	uint64_t needs;     /* bits of vd_set.bytes: what it holds, folded; without them it is not tried */
	uint32_t min_chars; /* nor on a value of fewer characters */
	uint32_t n_tokens;
	const struct vd_token *tokens; /* to be matched, NULL: none */
	bool cased;                    /* against the value as it is, else the folded one */
	const struct vd_regex *regex;  /* to be searched in the value as it is */
};

enum vd_test_kind { VD_TEST_CIDR, VD_TEST_NUMBER, VD_TEST_TIME, VD_TEST_COUNT };

struct vd_test { /* one after the other, on the value parsed once */
	const struct vd_atom *atom;
	struct vd_mark mark;
};

struct vd_set {
	uint32_t number;
	uint32_t key;
	bool has_all;
	bool has_words; /* keywords: an item is true only where one of words stands, or may stand in disguise */
	struct vd_words words;
	uint32_t n_items;
	const uint32_t *items; /* numbers of shared items, ascending */
	const uint64_t *full;  /* per item: mask of values an |all item needs, 0: none */
	const struct vd_mark *marks;
	struct vd_literals exact;
	struct vd_literals component; /* "\x": by what stands behind the last backslash */
	struct vd_literals prefix;    /* by first bytes, see VD_AFFIX */
	struct vd_literals suffix;
	struct vd_grams grams; /* literals anywhere in the value, in sets with very many of them */
	const struct vd_contained *contained; /* by literal id */
	struct vd_bytes bytes;
	uint32_t n_every;
	const struct vd_contained *every; /* tried on every value: no literal in them can be looked for */
	bool by_line;                     /* no literal of grams holds a line feed */
	bool needs_whole;                 /* something beside grams looks at values */
	struct vd_marks always;           /* "*": any value */
	uint32_t n_tests[VD_TEST_COUNT];
	const struct vd_test *tests[VD_TEST_COUNT];
};

/* Affixes are found under a hash of their outer 8, 4, 2 or 1 bytes: the most they have. */
VD_INLINE uint32_t
vd_affix(uint32_t len)
{
	return len >= 8 ? 8 : len >= 4 ? 4 : len >= 2 ? 2 : 1;
}

VD_INLINE uint64_t
vd_literal_hash(const char *text, size_t len)
{
	return XXH3_64bits(text, len);
}

/* ---- routes ---- */

struct vd_route_key {
	uint32_t set;  /* VD_NONE: no item asks for this field */
	uint32_t base; /* first bit of the set's items in this route */
	uint32_t
		presence; /* not 0: its place is noted: for null, exists, fieldref, and what is judged later */
};

/* Condition programs: trees in prefix order.  end: index behind the node's last descendant. */
struct vd_code {
	uint32_t op : 4;
	uint32_t arg : 28; /* ITEM: bit in the route, LATER: item */
	uint32_t end;
};

struct vd_route_rule {
	uint32_t rule; /* number in the rule set */
	uint32_t code; /* first instruction */
};

struct vd_route {
	uint32_t number;
	uint32_t n_bits;
	uint32_t n_rules;
	const struct vd_route_rule *rules;
	const struct vd_code *code;
	uint32_t n_code;
	uint32_t n_leaves; /* items in code: the most triggers there can be */
	const uint16_t
		*slots; /* by key number, and one more that is 0: index in keys; 0: nobody asks for it */
	uint32_t n_keys;
	const struct vd_route_key *keys;
	uint32_t keywords; /* set on every value, VD_NONE: none */
	uint32_t keywords_base;
	uint32_t n_always;
	const uint32_t *always;       /* indexes in rules: conditions that hold without any true item */
	const uint32_t *trigger_from; /* n_bits + 1 */
	const uint32_t *triggers;     /* indexes in rules */
	bool has_all;                 /* some set of a field has |all items */
	bool filtered;                /* results still pass vd_logsource_allows */
};

/* Events that name channel and event id in fields Channel and EventID. */
struct vd_channel_route {
	struct vd_str channel;  /* folded */
	struct vd_str event_id; /* empty: any other of the channel */
	uint32_t route;
};

#define VD_CHANNEL_MAX 256u /* a longer channel name is no known one */
#define VD_EVENT_ID_MAX 20u /* digits of an event id that gets a route of its own */

struct vd_ruleset {
	uint32_t magic;
#define VD_RULESET_MAGIC 0x7a1e50c3u
	_Atomic uint32_t refs;
	struct vd_arena *arena;
	struct vd_verdicts *verdicts;
	struct vd_keys *keys;
	struct vd_load_result load;
	struct vd_items *items;
	struct vd_node **conditions; /* per single rule: its tree */
	struct vd_corr_plan *plan;
	bool routing;
	size_t n_sets;
	struct vd_set **sets;
	size_t n_regexes, regexes_cap;
	struct vd_regex **regexes; /* owned; atoms borrow them */
	size_t n_routes;
	struct vd_route **routes;
	uint32_t all_route;           /* every rule */
	uint32_t windows_route;       /* an event with a channel no table knows */
	const uint32_t *class_routes; /* by vd_logsource_class */
	size_t n_channel_slots;
	struct vd_channel_route *channel_slots; /* open addressing; route VD_NONE: free */
	struct vd_str **rule_fields;            /* per rule: names its condition reads */
	size_t *n_rule_fields;
};

/* Fills sets and routes of a set whose documents, keys and items are there; input is what they are made of. */
enum vd_status vd_ruleset_compile(
	struct vd_ruleset *set, const struct vd_ruleset_input *input, struct vd_err *err) VD_MUST_USE;

/* The route of (folded channel, event id), or NULL: the event id then counts as any other, the channel as unknown. */
const struct vd_channel_route *vd_ruleset_channel(
	const struct vd_ruleset *set, struct vd_str folded_channel, struct vd_str event_id);

#endif
