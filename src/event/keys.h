/*
 * The names of event fields that somebody asks for, as dense numbers.  A table is built once (rules name their
 * fields at load), then frozen and shared; looking up is one probe and one compare.  Reserved names (time,
 * host, log source hints: keys.def) have the same number in every table.
 *
 * Memory: a table owns its names.  Thread: adding has one owner; looking up in a frozen table is free.
 */
#ifndef VD_EVENT_KEYS_H
#define VD_EVENT_KEYS_H

#include "base/status.h"
#include "base/str.h"

#define VD_KEY_NONE UINT32_MAX

struct vd_keys;

struct vd_keys *vd_keys_new(void) VD_MUST_USE; /* holds the reserved names already */
void vd_keys_free(struct vd_keys *keys);
/* Returns the number of name, adding it if new; VD_KEY_NONE when out of memory. */
uint32_t vd_keys_add(struct vd_keys *keys, struct vd_str name);
uint32_t vd_keys_find(const struct vd_keys *keys, struct vd_str name);
/* The name with this number in every table; key < VD_K_RESERVED. */
const char *vd_keys_reserved(uint32_t key);
size_t vd_keys_count(const struct vd_keys *keys);
struct vd_str vd_keys_name(const struct vd_keys *keys, uint32_t key); /* borrowed while keys lives */

VD_AUTO_DEFINE(vd_keys, vd_keys_free)

#endif
