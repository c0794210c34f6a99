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

#include "event/keys.h"

#define VD_NAMES_MAX 32768u
#define VD_NAMES_MAX_LEN 4096u /* a longer full name is cut: no rule can mean it */

enum vd_name_kind {
	VD_NAME_PLAIN,      /* dotted path */
	VD_NAME_EVENT,      /* "Event" at the top: an EVTX dump if System, EventData or UserData follow */
	VD_NAME_SYSTEM,     /* Event.System */
	VD_NAME_SYSTEM_ELEMENT,
	VD_NAME_ATTRIBUTES, /* "#attributes" of an element: element_attribute */
	VD_NAME_PAYLOAD,    /* Event.EventData */
	VD_NAME_PAYLOAD_ELEMENT,
	VD_NAME_DATA_ITEM,  /* EventData.Data: {"Name": …, "#text": …} */
	VD_NAME_DATA_NAME,
	VD_NAME_DATA_TEXT,
	VD_NAME_USER,       /* Event.UserData and below: innermost element names */
};

struct vd_name {
	struct vd_str local; /* key as in the text, between its quotes, still escaped */
	struct vd_str full;  /* name for rules; blanks stripped */
	uint32_t key;        /* number in the key table or VD_KEY_NONE */
	uint32_t parent;
	uint32_t next;       /* node that followed last time */
	uint64_t object;     /* serial number of the object it was last seen in */
	uint8_t kind;        /* enum vd_name_kind */
	bool silent;         /* containers of the EVTX form are no fields themselves */
};

struct vd_names;

struct vd_names *vd_names_new(const struct vd_keys *keys) VD_MUST_USE; /* keys borrowed */
void vd_names_free(struct vd_names *names);

/* Before each event: node 0 is the root. */
void vd_names_begin(struct vd_names *names);
/* The child of parent called local (escaped JSON text); 0 when out of memory. */
uint32_t vd_names_child(struct vd_names *names, uint32_t parent, struct vd_str local);
/* All nodes, for reading through numbers; moves when a child is learned. */
struct vd_name *vd_names_nodes(struct vd_names *names);

VD_AUTO_DEFINE(vd_names, vd_names_free)

#endif
