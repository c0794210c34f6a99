#include "engine/match/fieldref.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "engine/match/plain.h"

#define PAIRS_FOR_HASH 64u /* fewer are compared faster than hashed */
#define PAIR_STEPS 16u

struct vd_fieldrefs {
	uint32_t magic;
#define VD_FIELDREFS_MAGIC 0x66726566u
	struct vd_arena *arena; /* of one comparison */
	struct vd_buf decoded;
	uint64_t seed;
};

struct texts {
	size_t n;
	struct vd_str *list; /* folded */
};

struct vd_fieldrefs *
vd_fieldrefs_new(void)
{
	VD_AUTO(vd_fieldrefs) refs = vd_obj_new(struct vd_fieldrefs, VD_FIELDREFS_MAGIC);
	if (refs == NULL)
		return NULL;
	vd_buf_init(&refs->decoded, 0);
	refs->arena = vd_arena_new(0);
	/* values of an attacker's making must not collide on purpose: the address is not known to them */
	refs->seed = (uint64_t)(uintptr_t)refs * 0x9e3779b97f4a7c15u;
	return refs->arena == NULL ? NULL : vd_fieldrefs_take(&refs);
}

void
vd_fieldrefs_free(struct vd_fieldrefs *refs)
{
	if (refs == NULL)
		return;
	vd_obj_check(refs, VD_FIELDREFS_MAGIC);
	vd_arena_free(refs->arena);
	vd_buf_fini(&refs->decoded);
	vd_obj_free(refs);
}

static bool
is_of(const struct vd_field *field, uint32_t key)
{
	return field->key == key && vd_field_is_value(field);
}

static bool
fold_one(struct vd_fieldrefs *refs, const struct vd_field *field, struct vd_str *ret)
{
	vd_buf_reset(&refs->decoded);
	struct vd_str text = vd_field_text(field, &refs->decoded);
	char *folded = refs->decoded.failed ? NULL : vd_arena_alloc(refs->arena, vd_fold_bound(text.len) + 1);
	if (folded == NULL)
		return false;
	*ret = (struct vd_str){folded, vd_fold(folded, text.at, text.len)};
	return true;
}

static bool
fold_all(struct vd_fieldrefs *refs, const struct vd_event *ev, uint32_t key, struct texts *ret)
{
	size_t n = 0;
	for (size_t i = 0; i < ev->n; i++)
		n += is_of(&ev->fields[i], key);
	*ret = (struct texts){0, n == 0 ? NULL : vd_arena_array(refs->arena, n, sizeof *ret->list)};
	if (n != 0 && ret->list == NULL)
		return false;
	for (size_t i = 0; ret->n < n; i++)
		if (is_of(&ev->fields[i], key) && !fold_one(refs, &ev->fields[i], &ret->list[ret->n++]))
			return false;
	return true;
}

static bool
part_holds(struct vd_str value, enum vd_part part, struct vd_str other)
{
	if (other.len > value.len)
		return false;
	switch (part) {
	case VD_PART_WHOLE:
		return vd_str_eq(value, other);
	case VD_PART_STARTS:
		return other.len == 0 || memcmp(value.at, other.at, other.len) == 0;
	case VD_PART_ENDS:
		return other.len == 0 || memcmp(value.at + value.len - other.len, other.at, other.len) == 0;
	case VD_PART_CONTAINS:
		return other.len == 0 || memmem(value.at, value.len, other.at, other.len) != NULL;
	}
	return false;
}

static enum vd_fieldref_result
compare_pairs(const struct texts *values, enum vd_part part, const struct texts *others)
{
	uint64_t steps = 0;
	for (size_t i = 0; i < values->n; i++)
		for (size_t k = 0; k < others->n; k++) {
			struct vd_str value = values->list[i], other = others->list[k];
			if (part_holds(value, part, other))
				return VD_FIELDREF_YES;
			if (other.len <= value.len)
				steps += part == VD_PART_CONTAINS ? value.len : other.len;
			steps += PAIR_STEPS;
			if (steps > VD_FIELDREF_STEPS && (i + 1 < values->n || k + 1 < others->n))
				return VD_FIELDREF_LIMIT;
		}
	return VD_FIELDREF_NO;
}

/* The slot where text is, or would be. */
static size_t
find_slot(const struct vd_fieldrefs *refs, const struct vd_str *slots, size_t mask, struct vd_str text)
{
	size_t at = XXH3_64bits_withSeed(text.at, text.len, refs->seed) & mask;
	while (slots[at].at != NULL && !vd_str_eq(slots[at], text))
		at = (at + 1) & mask;
	return at;
}

static enum vd_fieldref_result
compare_whole(struct vd_fieldrefs *refs, const struct texts *values, const struct texts *others)
{
	size_t mask = 128;
	while (mask < others->n * 2)
		mask *= 2;
	struct vd_str *slots = vd_arena_array(refs->arena, mask, sizeof *slots);
	if (slots == NULL)
		return VD_FIELDREF_NO_MEMORY;
	mask--;
	for (size_t k = 0; k < others->n; k++)
		slots[find_slot(refs, slots, mask, others->list[k])] = others->list[k];
	for (size_t i = 0; i < values->n; i++)
		if (slots[find_slot(refs, slots, mask, values->list[i])].at != NULL)
			return VD_FIELDREF_YES;
	return VD_FIELDREF_NO;
}

static bool
is_plain_end(const struct vd_field *field, size_t back)
{
	char c = back < field->raw_len ? field->raw[field->raw_len - back - 1] : '\\';
	bool escaped = back + 1 < field->raw_len && field->raw[field->raw_len - back - 2] == '\\';
	return !escaped &&
	       ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.');
}

static bool
is_plain_text(const struct vd_field *field)
{
	return field->type == VD_F_STRING && (field->flags & VD_FF_PLAIN) == 0 &&
	       vd_text_is_plain((struct vd_str){field->raw, field->raw_len});
}

bool
vd_fieldrefs_differ(const struct vd_field *a, const struct vd_field *b)
{
	size_t back = 0;
	for (; is_plain_end(a, back) && is_plain_end(b, back); back++)
		if ((a->raw[a->raw_len - back - 1] | 0x20) != (b->raw[b->raw_len - back - 1] | 0x20))
			return is_plain_text(a) && is_plain_text(b);
	return false;
}

enum vd_fieldref_result
vd_fieldrefs_compare(struct vd_fieldrefs *refs, const struct vd_event *ev, const struct vd_fieldref *ref)
{
	struct texts values, others;
	vd_arena_reset(refs->arena);
	if (!fold_all(refs, ev, ref->key, &values) || !fold_all(refs, ev, ref->other, &others))
		return VD_FIELDREF_NO_MEMORY;
	if (values.n == 0 || others.n == 0)
		return VD_FIELDREF_NO;
	if (ref->part == VD_PART_WHOLE && values.n > PAIRS_FOR_HASH / others.n)
		return compare_whole(refs, &values, &others);
	return compare_pairs(&values, ref->part, &others);
}
