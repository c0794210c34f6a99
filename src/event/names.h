/*
 * The names of event fields as a tree that is learned from the events themselves: a node is one key below one
 * parent key.  What a path is called for rules (dotted, or EVTX's own scheme) is worked out once, when a node is
 * learned; after that a key costs one probe and one compare.
 *
 * Bounds: the tree is emptied at the next event once it holds VD_NAMES_MAX nodes, so hostile keys cost time and
 * never memory.  Memory: nodes are borrowed until vd_names_begin.  Thread: one owner.
 */
#ifndef VD_EVENT_NAMES_H
#define VD_EVENT_NAMES_H

#include "base/arena.h"
#include "event/keys.h"

#define VD_NAMES_MAX 32768u
#define VD_NAMES_RECENT_LOG 12u
#define VD_NAMES_MAX_LEN 4096u /* a longer full name is cut: no rule can mean it */

enum vd_name_kind {
	VD_NAME_PLAIN,  /* dotted path */
	VD_NAME_EVENT,  /* "Event" at the top: an EVTX dump if System, EventData or UserData follow */
	VD_NAME_SYSTEM, /* Event.System */
	VD_NAME_SYSTEM_ELEMENT,
	VD_NAME_ATTRIBUTES, /* "#attributes" of an element: element_attribute */
	VD_NAME_PAYLOAD,    /* Event.EventData */
	VD_NAME_PAYLOAD_ELEMENT,
	VD_NAME_DATA_ITEM, /* EventData.Data: {"Name": …, "#text": …} */
	VD_NAME_DATA_NAME,
	VD_NAME_DATA_TEXT,
	VD_NAME_USER, /* Event.UserData and below: innermost element names */
};

struct vd_name {
	uint64_t first, last; /* bytes of local, as vd_names_ends reads them */
	const char *local;    /* key as in the text, between its quotes, still escaped; padded */
	const char *full;     /* name for rules; blanks stripped */
	uint32_t local_len, full_len;
	uint32_t key; /* number in the key table or VD_KEY_NONE */
	uint32_t parent;
	uint64_t object; /* serial number of the object it was last seen in */
	uint8_t kind;    /* enum vd_name_kind */
	bool silent;     /* containers of the EVTX form are no fields themselves */
	uint8_t flags;   /* VD_FF_* that every field of this name has */
} VD_ALIGNED(64);

VD_INLINE struct vd_str
vd_name_full(const struct vd_name *name)
{
	return (struct vd_str){name->full, name->full_len};
}

_Static_assert(sizeof(struct vd_name) == 64, "a node is one cache line");

struct vd_name_slot {
	uint32_t hash;
	uint32_t node; /* 0: free */
};

/* Only nodes is for reading outside of names.c; it moves when a child is learned. */
struct vd_names {
	uint32_t magic;
	uint32_t seed;
	struct vd_name *nodes;
	size_t n, cap;
	const struct vd_keys *keys;
	bool *taken; /* per key of the table: some node has it */
	bool shared; /* two nodes have one key */
	struct vd_arena *arena;
	struct vd_name_slot *slots; /* open addressing, at most half full */
	size_t mask;
	uint32_t *recent;            /* by hash of a key: the node it was last */
	struct vd_buf full, decoded; /* scratch */
};

struct vd_names *vd_names_new(const struct vd_keys *keys) VD_MUST_USE; /* keys borrowed */
void vd_names_free(struct vd_names *names);

/* Before each event: node 0 is the root. */
void vd_names_begin(struct vd_names *names);
/* The child of parent called local (escaped JSON text, 8 readable bytes behind it); 0 when out of memory. */
uint32_t vd_names_child(struct vd_names *names, uint32_t parent, struct vd_str local);

/* The first and the last eight bytes of a key; one of less than nine is all in the first.  local.at is padded. */
VD_INLINE void
vd_names_ends(struct vd_str local, uint64_t *ret_first, uint64_t *ret_last)
{
	memcpy(ret_first, local.at, sizeof *ret_first);
	if (local.len > 8)
		memcpy(ret_last, local.at + local.len - 8, sizeof *ret_last);
	else
		*ret_last = *ret_first = local.len == 0 ? 0 : *ret_first << (64 - 8 * local.len);
}

VD_INLINE bool
vd_names_is(const struct vd_name *name, uint32_t parent, struct vd_str local, uint64_t first, uint64_t last)
{
	return name->first == first && name->last == last && name->local_len == local.len &&
	       name->parent == parent &&
	       (local.len <= 16 || memcmp(name->local + 8, local.at + 8, local.len - 16) == 0);
}

/* First and last eight bytes and the length: keys of one log hardly share all three. */
VD_INLINE uint64_t
vd_names_hash(const struct vd_names *names, uint32_t parent, size_t len, uint64_t first, uint64_t last)
{
	uint64_t h = (first ^ names->seed) * 0x9e3779b97f4a7c15u;
	return (h ^ (last + len * 0xc2b2ae3d27d4eb4fu + parent)) * 0x165667b19e3779f9u;
}

/* vd_names_child, mostly spared: the node that a key with this hash was last is tried first.  local.at is padded. */
VD_INLINE uint32_t
vd_names_find(struct vd_names *names, uint32_t parent, struct vd_str local)
{
	uint64_t first, last;
	vd_names_ends(local, &first, &last);
	uint32_t *recent = &names->recent[vd_names_hash(names, parent, local.len, first, last) >>
					  (64 - VD_NAMES_RECENT_LOG)];
	if (VD_UNLIKELY(*recent == 0 || !vd_names_is(&names->nodes[*recent], parent, local, first, last)))
		*recent = vd_names_child(names, parent, local);
	return *recent;
}

VD_AUTO_DEFINE(vd_names, vd_names_free)

#endif
