#include "event/keys.h"

#include "base/arena.h"
#include "base/mem.h"
#include "event/event.h"

struct vd_keys {
	uint32_t magic;
#define VD_KEYS_MAGIC 0x6b657901u
	struct vd_arena *arena;
	struct vd_str *names;
	size_t n, cap;
	uint32_t *slots; /* number + 1, 0 = free; a power of two, at most half full */
	size_t n_slots;
};

static const char *const reserved[] = {
#define VD_KEY(symbol, name) name,
#include "event/keys.def"
#undef VD_KEY
};

const char *
vd_keys_reserved(uint32_t key)
{
	return reserved[key];
}

static size_t
hash(struct vd_str name)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a: load time only */
	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)name.at[i]) * 0x100000001b3u;
	return (size_t)(h ^ (h >> 32));
}

static size_t
slot_of(const struct vd_keys *keys, struct vd_str name)
{
	size_t at = hash(name) & (keys->n_slots - 1);
	while (keys->slots[at] != 0 && !vd_str_eq(keys->names[keys->slots[at] - 1], name))
		at = (at + 1) & (keys->n_slots - 1);
	return at;
}

static bool
grow_slots(struct vd_keys *keys)
{
	size_t n = keys->n_slots == 0 ? 1024 : keys->n_slots * 2;
	uint32_t *slots = vd_mem_zalloc(n, sizeof *slots);
	if (slots == NULL)
		return false;
	vd_mem_free(keys->slots);
	keys->slots = slots;
	keys->n_slots = n;
	for (size_t i = 0; i < keys->n; i++)
		slots[slot_of(keys, keys->names[i])] = (uint32_t)i + 1;
	return true;
}

struct vd_keys *
vd_keys_new(void)
{
	VD_AUTO(vd_keys) keys = vd_obj_new(struct vd_keys, VD_KEYS_MAGIC);
	if (keys == NULL || (keys->arena = vd_arena_new(0)) == NULL)
		return NULL;
	for (size_t i = 0; i < VD_ARRAY_LEN(reserved); i++)
		if (vd_keys_add(keys, vd_str_from(reserved[i])) != i)
			return NULL;
	return vd_keys_take(&keys);
}

void
vd_keys_free(struct vd_keys *keys)
{
	if (keys == NULL)
		return;
	vd_obj_check(keys, VD_KEYS_MAGIC);
	vd_arena_free(keys->arena);
	vd_mem_free(keys->names);
	vd_mem_free(keys->slots);
	vd_obj_free(keys);
}

uint32_t
vd_keys_add(struct vd_keys *keys, struct vd_str name)
{
	if (keys->n * 2 >= keys->n_slots && !grow_slots(keys))
		return VD_KEY_NONE;
	size_t at = slot_of(keys, name);
	if (keys->slots[at] != 0)
		return keys->slots[at] - 1;
	void *names = keys->names;
	if (keys->n >= VD_KEY_NONE - 1 ||
		!vd_mem_grow(&names, &keys->cap, keys->n + 1, sizeof *keys->names, 256))
		return VD_KEY_NONE;
	keys->names = names;
	if (!vd_arena_str(keys->arena, name, &keys->names[keys->n]))
		return VD_KEY_NONE;
	keys->slots[at] = (uint32_t)++keys->n;
	return keys->slots[at] - 1;
}

uint32_t
vd_keys_find(const struct vd_keys *keys, struct vd_str name)
{
	uint32_t number = keys->slots[slot_of(keys, name)];
	return number == 0 ? VD_KEY_NONE : number - 1;
}

size_t
vd_keys_count(const struct vd_keys *keys)
{
	return keys->n;
}

struct vd_str
vd_keys_name(const struct vd_keys *keys, uint32_t key)
{
	return keys->names[key];
}
