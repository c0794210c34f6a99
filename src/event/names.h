/*
 * The names of event fields as a tree that is learned from the events themselves: a node is one key below one
 * parent key.  What a path is called for rules (dotted, or EVTX's own scheme) is worked out once, when a node is
 * learned; after that a key costs one compare, because each node remembers which key followed it last time.
 *
 * Bounds: the tree is emptied at the next event once it holds VD_NAMES_MAX nodes, so hostile keys cost time and
 * never memory.  Memory: nodes are borrowed until vd_names_begin.  Thread: one owner.
 */
#ifndef VD_EVENT_NAMES_H
#define VD_EVENT_NAMES_H

#include "base/arena.h"
#include "event/keys.h"

#define VD_NAMES_MAX 32768u
#define VD_NAMES_FOLLOWERS_LOG 16u
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
	uint32_t *followers;         /* by hash of a path: the node that came next */
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
vd_names_is(const struct vd_name *name, uint32_t parent, struct vd_str local)
{
	uint64_t first, last;
	if (name->local_len != local.len || name->parent != parent)
		return false;
	vd_names_ends(local, &first, &last);
	return name->first == first && name->last == last &&
	       (local.len <= 16 || memcmp(name->local + 8, local.at + 8, local.len - 16) == 0);
}

/* What the next key is guessed by; all 0 at the start of an event. */
struct vd_names_path {
	uint32_t recent; /* the four keys before */
	uint32_t kind;   /* the event id, once it was met: events of one id have the same keys */
};

VD_INLINE void
vd_names_kind(struct vd_names_path *path, struct vd_str event_id)
{
	for (size_t i = 0; i < event_id.len && i < 8; i++)
		path->kind = (path->kind ^ (unsigned char)event_id.at[i]) * 0x01000193u;
}

/* vd_names_child, which path mostly spares: the key that followed it last time is tried first.  local.at is padded. */
VD_INLINE uint32_t
vd_names_after(struct vd_names *names, struct vd_names_path *path, uint32_t parent, struct vd_str local)
{
	uint32_t at = (path->recent ^ path->kind) * 0x9e3779b1u >> (32 - VD_NAMES_FOLLOWERS_LOG);
	uint32_t *guess = &names->followers[at];
	uint32_t node = *guess;
	if (VD_UNLIKELY(node == 0 || !vd_names_is(&names->nodes[node], parent, local))) {
		node = vd_names_child(names, parent, local);
		*guess = node;
	}
	path->recent = path->recent << 8 ^ node;
	return node;
}

VD_AUTO_DEFINE(vd_names, vd_names_free)

#endif
