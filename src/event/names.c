#include "event/names.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/mem.h"
#include "event/decode.h"
#include "event/event.h"

#define FIRST_SLOTS 2048u /* power of two */

#define VD_NAMES_MAGIC 0x6e616d01u

static void
empty(struct vd_names *names)
{
	vd_arena_reset(names->arena);
	memset(names->slots, 0, (names->mask + 1) * sizeof *names->slots);
	memset(names->recent, 0, sizeof *names->recent << VD_NAMES_RECENT_LOG);
	memset(names->taken, 0, vd_keys_count(names->keys) * sizeof *names->taken);
	names->shared = false;
	names->nodes[0] =
		(struct vd_name){.local = "", .full = "", .key = VD_KEY_NONE, .kind = VD_NAME_PLAIN};
	names->n = 1;
}

struct vd_names *
vd_names_new(const struct vd_keys *keys)
{
	VD_AUTO(vd_names) names = vd_obj_new(struct vd_names, VD_NAMES_MAGIC);
	if (names == NULL)
		return NULL;
	names->keys = keys;
	vd_buf_init(&names->full, VD_NAMES_MAX_LEN * 2);
	vd_buf_init(&names->decoded, 0);
	names->arena = vd_arena_new(0);
	names->cap = 256;
	names->nodes = vd_mem_aligned(64, names->cap * sizeof *names->nodes);
	names->mask = FIRST_SLOTS - 1;
	names->slots = vd_mem_zalloc(FIRST_SLOTS, sizeof *names->slots);
	names->recent = vd_mem_zalloc((size_t)1 << VD_NAMES_RECENT_LOG, sizeof *names->recent);
	names->taken = vd_mem_zalloc(vd_keys_count(keys), sizeof *names->taken);
	if (names->arena == NULL || names->taken == NULL || names->nodes == NULL || names->slots == NULL ||
		names->recent == NULL)
		return NULL;
	/* keys of an attacker's making must not collide on purpose: the address is not known to them */
	names->seed = (uint32_t)((uintptr_t)names >> 4);
	empty(names);
	return vd_names_take(&names);
}

void
vd_names_free(struct vd_names *names)
{
	if (names == NULL)
		return;
	vd_obj_check(names, VD_NAMES_MAGIC);
	vd_arena_free(names->arena);
	vd_mem_free(names->taken);
	vd_mem_free(names->nodes);
	vd_mem_free(names->slots);
	vd_mem_free(names->recent);
	vd_buf_fini(&names->full);
	vd_buf_fini(&names->decoded);
	vd_obj_free(names);
}

void
vd_names_begin(struct vd_names *names)
{
	if (VD_UNLIKELY(names->n >= VD_NAMES_MAX))
		empty(names);
}

/* ---- what a path is called ---- */

static bool
is_attributes(struct vd_str local)
{
	return vd_str_is(local, "#attributes");
}

/* "Provider_attributes" beside "Provider": how some dumpers keep attributes apart */
static bool
is_separate_attributes(struct vd_str local)
{
	return local.len > 11 && vd_str_ends(local, "_attributes");
}

static void
add_stripped(struct vd_buf *to, struct vd_str part)
{
	for (size_t i = 0; i < part.len; i++)
		if (part.at[i] != ' ' && part.at[i] != '\t')
			vd_buf_char(to, part.at[i]);
}

static void
join(struct vd_buf *to, struct vd_str above, char mark, struct vd_str local)
{
	vd_buf_str(to, above);
	if (above.len != 0)
		vd_buf_char(to, mark);
	add_stripped(to, local);
}

static struct vd_str
without_at(struct vd_str local)
{
	return local.len > 1 && local.at[0] == '@' ? (struct vd_str){local.at + 1, local.len - 1} : local;
}

static void
name_in_event(struct vd_name *node, struct vd_str local, struct vd_buf *full)
{
	node->silent = true;
	if (vd_str_is(local, "System"))
		node->kind = VD_NAME_SYSTEM;
	else if (vd_str_is(local, "EventData"))
		node->kind = VD_NAME_PAYLOAD;
	else if (vd_str_is(local, "UserData"))
		node->kind = VD_NAME_USER;
	else if (is_attributes(local) || is_separate_attributes(local))
		node->kind = VD_NAME_ATTRIBUTES;
	else {
		node->kind = VD_NAME_PLAIN;
		node->silent = false;
		join(full, VD_S("Event"), '.', local);
		return;
	}
	add_stripped(full, node->kind == VD_NAME_ATTRIBUTES ? VD_S("Event") : local);
}

static void
name_element(struct vd_name *node, enum vd_name_kind kind, struct vd_str above, struct vd_str local,
	struct vd_buf *full)
{
	if (is_attributes(local)) {
		node->kind = VD_NAME_ATTRIBUTES;
		node->silent = true;
		vd_buf_str(full, above);
	} else if (is_separate_attributes(local)) {
		node->kind = VD_NAME_ATTRIBUTES;
		node->silent = true;
		add_stripped(full, (struct vd_str){local.at, local.len - 11});
	} else {
		node->kind = (uint8_t)kind;
		add_stripped(full, local);
	}
}

static void
name_data_item(struct vd_name *node, struct vd_str local, struct vd_buf *full)
{
	struct vd_str bare = without_at(local);
	if (is_attributes(local)) {
		node->kind = VD_NAME_DATA_ITEM;
		node->silent = true;
		vd_buf_text(full, "Data");
	} else if (vd_str_is(bare, "Name")) {
		node->kind = VD_NAME_DATA_NAME;
		vd_buf_text(full, "Data_Name");
	} else if (vd_str_is(local, "#text")) {
		node->kind = VD_NAME_DATA_TEXT;
		vd_buf_text(full, "Data");
	} else {
		node->kind = VD_NAME_PLAIN;
		join(full, VD_S("Data"), '_', bare);
	}
}

/* above: the parent; local: decoded key.  Sets kind and silent, writes the full name. */
static void
name_child(const struct vd_name *above, bool at_top, struct vd_str local, struct vd_name *node,
	struct vd_buf *full)
{
	switch ((enum vd_name_kind)above->kind) {
	case VD_NAME_EVENT:
		name_in_event(node, local, full);
		return;
	case VD_NAME_SYSTEM:
		name_element(node, VD_NAME_SYSTEM_ELEMENT, VD_S("System"), local, full);
		return;
	case VD_NAME_SYSTEM_ELEMENT:
	case VD_NAME_ATTRIBUTES:
		if (vd_str_is(local, "#text")) {
			node->kind = VD_NAME_SYSTEM_ELEMENT;
			vd_buf_str(full, vd_name_full(above));
			return;
		}
		if (is_attributes(local)) {
			node->kind = VD_NAME_ATTRIBUTES;
			node->silent = true;
			vd_buf_str(full, vd_name_full(above));
			return;
		}
		node->kind = VD_NAME_PLAIN;
		join(full, vd_name_full(above), '_', without_at(local));
		return;
	case VD_NAME_PAYLOAD:
		name_element(node, vd_str_is(local, "Data") ? VD_NAME_DATA_ITEM : VD_NAME_PAYLOAD_ELEMENT,
			VD_S("EventData"), local, full);
		return;
	case VD_NAME_DATA_ITEM:
		name_data_item(node, local, full);
		return;
	case VD_NAME_USER:
	case VD_NAME_PAYLOAD_ELEMENT:
		if (vd_str_is(local, "#text"))
			vd_buf_str(full, vd_name_full(above));
		else
			name_element(node, VD_NAME_USER, vd_name_full(above), local, full);
		return;
	default:
		node->kind = at_top && vd_str_is(local, "Event") ? VD_NAME_EVENT : VD_NAME_PLAIN;
		join(full, vd_name_full(above), '.', local);
		return;
	}
}

/* Twice the slots; hashes are kept in them. */
static bool
grow_slots(struct vd_names *names)
{
	size_t n = (names->mask + 1) * 2;
	struct vd_name_slot *slots = vd_mem_zalloc(n, sizeof *slots);
	if (slots == NULL)
		return false;
	for (size_t i = 0; i <= names->mask; i++) {
		if (names->slots[i].node == 0)
			continue;
		size_t at = names->slots[i].hash & (n - 1);
		while (slots[at].node != 0)
			at = (at + 1) & (n - 1);
		slots[at] = names->slots[i];
	}
	vd_mem_free(names->slots);
	names->slots = slots;
	names->mask = n - 1;
	return true;
}

static bool
grow_nodes(struct vd_names *names)
{
	struct vd_name *nodes = vd_mem_aligned(64, names->cap * 2 * sizeof *nodes);
	if (nodes == NULL)
		return false;
	memcpy(nodes, names->nodes, names->n * sizeof *nodes);
	vd_mem_free(names->nodes);
	names->nodes = nodes;
	names->cap *= 2;
	return true;
}

static uint32_t
learn(struct vd_names *names, uint32_t parent, struct vd_str local, uint32_t h)
{
	if (names->n * 2 >= names->mask && !grow_slots(names))
		return 0;
	if (names->n == names->cap && !grow_nodes(names))
		return 0;
	struct vd_name node = {.parent = parent, .kind = VD_NAME_PLAIN};
	vd_buf_reset(&names->decoded);
	vd_buf_reset(&names->full);
	struct vd_str plain = vd_json_decode(local, &names->decoded);
	name_child(&names->nodes[parent], parent == 0, plain, &node, &names->full);
	char *kept = vd_arena_zalloc(names->arena, local.len + 8); /* padded: vd_names_ends */
	if (names->decoded.failed || kept == NULL)
		return 0;
	if (local.len != 0)
		memcpy(kept, local.at, local.len);
	vd_names_ends(local, &node.first, &node.last);
	node.local = kept;
	node.local_len = (uint32_t)local.len;
	struct vd_str full = vd_buf_view(&names->full);
	if (full.len > VD_NAMES_MAX_LEN)
		full.len = VD_NAMES_MAX_LEN;
	if (!vd_arena_str(names->arena, full, &full))
		return 0;
	node.full = full.at;
	node.full_len = (uint32_t)full.len;
	node.key = vd_keys_find(names->keys, full);
	if (node.key != VD_KEY_NONE) {
		names->shared |= names->taken[node.key];
		names->taken[node.key] = true;
	}
	node.flags = node.kind == VD_NAME_SYSTEM_ELEMENT ? VD_FF_SYSTEM : 0;
	uint32_t number = (uint32_t)names->n++;
	names->nodes[number] = node;
	size_t at = h & names->mask;
	while (names->slots[at].node != 0)
		at = (at + 1) & names->mask;
	names->slots[at] = (struct vd_name_slot){h, number};
	return number;
}

uint32_t
vd_names_child(struct vd_names *names, uint32_t parent, struct vd_str local)
{
	uint64_t first, last;
	vd_names_ends(local, &first, &last);
	/* of all bytes, unlike the quick hash: here keys that collide would cost a step each */
	uint32_t h =
		(uint32_t)XXH3_64bits_withSeed(local.at, local.len, ((uint64_t)parent << 32) + names->seed);
	for (size_t at = h & names->mask;; at = (at + 1) & names->mask) {
		const struct vd_name_slot *slot = &names->slots[at];
		if (slot->node == 0)
			return learn(names, parent, local, h);
		const struct vd_name *node = &names->nodes[slot->node];
		if (slot->hash == h && vd_names_is(node, parent, local, first, last))
			return slot->node;
	}
}
