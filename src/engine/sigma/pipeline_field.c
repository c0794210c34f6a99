#include "engine/sigma/pipeline.h"

/* ---- what becomes of a name ---- */

static enum vd_status
one_name(struct vd_pipe_run *run, struct vd_str before, struct vd_str after, struct vd_pipe_list *ret)
{
	char *name = vd_arena_alloc(run->build.arena, before.len + after.len + 1);
	ret->at = vd_arena_array(run->build.arena, 1, sizeof *ret->at);
	if (name == NULL || ret->at == NULL)
		return VD_BUILD_NOMEM(&run->build);
	memcpy(name, before.at, before.len);
	memcpy(name + before.len, after.at, after.len);
	name[before.len + after.len] = '\0';
	ret->at[0] = (struct vd_str){name, before.len + after.len};
	ret->n = 1;
	return VD_OK;
}

static enum vd_status
map_field(struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_str field,
	struct vd_pipe_list *ret)
{
	for (size_t i = 0; i < step->args.n_entries; i++) {
		const struct vd_pipe_entry *entry = &step->args.entries[i];
		if (field.len == 0 ? entry->keywords : !entry->keywords && vd_str_eq(entry->from, field)) {
			*ret = entry->to;
			break;
		}
	}
	return VD_OK;
}

/* The first entry that fits is taken, as in pySigma, not the longest. */
static enum vd_status
map_prefix(struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_str field,
	struct vd_pipe_list *ret)
{
	const struct vd_pipe_entry *entry = step->args.entries, *end = entry + step->args.n_entries;
	while (entry < end && (entry->keywords || field.len == 0 || field.len < entry->from.len ||
				      memcmp(field.at, entry->from.at, entry->from.len) != 0))
		entry++;
	if (entry == end)
		return VD_OK;
	struct vd_str rest = {field.at + entry->from.len, field.len - entry->from.len};
	struct vd_pipe_list names = {.at = vd_arena_array(run->build.arena, entry->to.n, sizeof *names.at)};
	if (names.at == NULL)
		return VD_BUILD_NOMEM(&run->build);
	for (; names.n < entry->to.n; names.n++) {
		struct vd_pipe_list one;
		enum vd_status st = one_name(run, entry->to.at[names.n], rest, &one);
		if (st != VD_OK)
			return st;
		names.at[names.n] = one.at[0];
	}
	*ret = names;
	return VD_OK;
}

static enum vd_status
add_prefix(struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_str field,
	struct vd_pipe_list *ret)
{
	return field.len == 0 ? VD_OK : one_name(run, step->args.affix, field, ret);
}

static enum vd_status
add_suffix(struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_str field,
	struct vd_pipe_list *ret)
{
	return field.len == 0 ? VD_OK : one_name(run, field, step->args.affix, ret);
}

enum vd_status
vd_pipe_rename(struct vd_pipe_run *run, const struct vd_pipe_step *step, const struct vd_item *item,
	struct vd_str field, struct vd_pipe_list *ret)
{
	struct vd_pipe_subject subject = {item, field};
	bool holds;
	*ret = (struct vd_pipe_list){0};
	enum vd_status st = vd_pipe_conds_test(run, &step->field_conds, &subject, &holds);
	if (st == VD_OK && holds)
		st = step->kind->on_field(run, step, field, ret);
	for (size_t i = 0; i < ret->n && st == VD_OK; i++)
		st = vd_pipe_mark(run, step->id, NULL, ret->at[i]);
	return st;
}

/* ---- references to fields ---- */

static enum vd_status
rename_refs_of(struct vd_pipe_run *run, const struct vd_pipe_step *step, const struct vd_item *item,
	struct vd_value *value, bool *changed)
{
	size_t n = 0, cap = value->n * VD_PIPE_MAX_NAMES;
	struct vd_atom *atoms = vd_arena_array(run->build.arena, cap, sizeof *atoms);
	if (atoms == NULL)
		return VD_BUILD_NOMEM(&run->build);
	for (size_t i = 0; i < value->n; i++) {
		struct vd_pipe_list names = {0};
		if (value->atoms[i].kind == VD_ATOM_FIELDREF) {
			enum vd_status st = vd_pipe_rename(run, step, item, value->atoms[i].text, &names);
			if (st != VD_OK)
				return st;
		}
		*changed |= names.n != 0;
		for (size_t k = 0; k < VD_MAX(names.n, (size_t)1) && n < cap; k++) {
			atoms[n] = value->atoms[i];
			if (names.n != 0)
				atoms[n].text = names.at[k];
			n++;
		}
	}
	enum vd_status st = vd_pipe_count_values(run, n - value->n);
	value->atoms = atoms;
	value->n = n;
	return st;
}

static bool
refers(const struct vd_value *value)
{
	for (size_t i = 0; i < value->n; i++)
		if (value->atoms[i].kind == VD_ATOM_FIELDREF)
			return true;
	return false;
}

static enum vd_status
rename_refs(struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_item *item, bool *changed)
{
	size_t i = 0;
	while (i < item->n && !refers(&item->values[i]))
		i++;
	if (i == item->n)
		return VD_OK;
	struct vd_value *values = vd_arena_array(run->build.arena, item->n, sizeof *values);
	if (values == NULL)
		return VD_BUILD_NOMEM(&run->build);
	memcpy(values, item->values, item->n * sizeof *values);
	for (; i < item->n; i++) {
		enum vd_status st =
			refers(&values[i]) ? rename_refs_of(run, step, item, &values[i], changed) : VD_OK;
		if (st != VD_OK)
			return st;
	}
	item->values = values;
	return VD_OK;
}

/* ---- items ---- */

/* Keywords are found anywhere in a value; in a field of their own they must say so. */
static enum vd_status
unanchor(struct vd_pipe_run *run, struct vd_item *item)
{
	struct vd_value *values = vd_arena_array(run->build.arena, item->n, sizeof *values);
	if (values == NULL)
		return VD_BUILD_NOMEM(&run->build);
	memcpy(values, item->values, item->n * sizeof *values);
	for (size_t i = 0; i < item->n; i++) {
		struct vd_atom *atoms = vd_arena_array(run->build.arena, values[i].n, sizeof *atoms);
		if (atoms == NULL)
			return VD_BUILD_NOMEM(&run->build);
		memcpy(atoms, values[i].atoms, values[i].n * sizeof *atoms);
		for (size_t k = 0; k < values[i].n; k++) {
			enum vd_status st = atoms[k].kind == VD_ATOM_PATTERN
						    ? vd_atom_wrap(&run->build, &atoms[k], VD_PART_CONTAINS)
						    : VD_OK;
			if (st != VD_OK)
				return st;
		}
		values[i].atoms = atoms;
	}
	item->values = values;
	return VD_OK;
}

/* Does the item hold where its field is absent?  Then all of several names must be. */
static bool
asks_absence(const struct vd_item *item)
{
	for (size_t i = 0; i < item->n; i++) {
		for (size_t k = 0; k < item->values[i].n; k++) {
			const struct vd_atom *atom = &item->values[i].atoms[k];
			bool absence =
				atom->kind == VD_ATOM_NULL || (atom->kind == VD_ATOM_EXISTS && !atom->wanted);
			if (!absence)
				return false;
		}
	}
	return true;
}

/*
 * One name in place of another; several are alternatives.  An event has the field under one of them, so what
 * negates (neq) or asks for absence holds only if it holds for all: pySigma 1.5.1 says OR there too, which is
 * true of nearly every event.
 */
static enum vd_status
give_names(struct vd_pipe_run *run, const struct vd_pipe_step *step, const struct vd_pipe_list *names,
	struct vd_expr **at)
{
	struct vd_item *item = (*at)->item;
	bool keywords = item->field.len == 0;
	enum vd_status st = keywords ? unanchor(run, item) : VD_OK;
	if (st == VD_OK)
		st = vd_pipe_mark(run, step->id, item, (struct vd_str){0});
	if (st != VD_OK)
		return st;
	if (names->n == 1)
		return vd_field_name(&run->build, names->at[0], &item->field);
	bool every = item->negate || asks_absence(item);
	struct vd_expr *group =
		vd_expr_new(run->build.arena, every ? VD_EXPR_AND : VD_EXPR_OR, (*at)->pos, names->n);
	if (group == NULL)
		return VD_BUILD_NOMEM(&run->build);
	for (size_t i = 0; i < names->n && st == VD_OK; i++) {
		st = vd_pipe_item_split(run, item, (*at)->pos, &group->kids[i]);
		if (st == VD_OK)
			st = vd_field_name(&run->build, names->at[i], &group->kids[i]->item->field);
	}
	*at = group;
	return st;
}

enum vd_status
vd_pipe_rename_item(struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_expr **at)
{
	struct vd_item *item = (*at)->item;
	struct vd_pipe_list names;
	bool changed = false;
	enum vd_status st = vd_pipe_rename(run, step, item, item->field, &names);
	if (st == VD_OK)
		st = rename_refs(run, step, item, &changed);
	if (st == VD_OK && names.n != 0)
		return give_names(run, step, &names, at);
	return st == VD_OK && changed ? vd_pipe_mark(run, step->id, item, (struct vd_str){0}) : st;
}

#define AT(member) offsetof(struct vd_pipe_args, member)

static const struct vd_pipe_key mapping_keys[] = {
	{.name = "mapping", .type = VD_PIPE_MAPPING, .required = true},
	{0},
};
static const struct vd_pipe_key prefix_keys[] = {
	{.name = "prefix", .type = VD_PIPE_TEXT, .required = true, .offset = AT(affix)},
	{0},
};
static const struct vd_pipe_key suffix_keys[] = {
	{.name = "suffix", .type = VD_PIPE_TEXT, .required = true, .offset = AT(affix)},
	{0},
};

const struct vd_pipe_step_kind vd_pipe_field_kinds[] = {
	{.name = "field_name_mapping", .keys = mapping_keys, .on_field = map_field},
	{.name = "field_name_prefix_mapping", .keys = mapping_keys, .on_field = map_prefix},
	{.name = "field_name_prefix", .keys = prefix_keys, .on_field = add_prefix},
	{.name = "field_name_suffix", .keys = suffix_keys, .on_field = add_suffix},
	{0},
};
