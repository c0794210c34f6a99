#include "engine/compile/set_builder.h"

static void
place_marks(const struct vd_set_entry *entry, struct vd_mark *marks, uint32_t *used, struct vd_marks *ret)
{
	*ret = (struct vd_marks){*used, entry->n_marks};
	for (const struct vd_mark_link *link = entry->marks; link != NULL; link = link->next)
		marks[(*used)++] = link->mark;
}

static uint64_t
literal_key(enum vd_set_table table, const char *text, uint32_t len)
{
	if (table == VD_TABLE_PREFIX)
		return vd_literal_hash(text, vd_affix(len));
	if (table == VD_TABLE_SUFFIX)
		return vd_literal_hash(text + len - vd_affix(len), vd_affix(len));
	return vd_literal_hash(text, len);
}

static bool
place_literals(struct vd_set_builder *builder, enum vd_set_table table, struct vd_mark *marks, uint32_t *used,
	struct vd_literals *ret)
{
	uint32_t n = builder->n[table], slots = 2;
	if (n == 0)
		return true;
	while (slots < n * 2)
		slots *= 2;
	ret->list = vd_arena_array(builder->arena, n, sizeof *ret->list);
	ret->slots = vd_arena_array(builder->arena, slots, sizeof *ret->slots);
	if (ret->list == NULL || ret->slots == NULL)
		return false;
	memset(ret->slots, 0xff, slots * sizeof *ret->slots);
	ret->mask = slots - 1;
	for (const struct vd_set_entry *e = builder->first[table]; e != NULL; e = e->next) {
		struct vd_literal *literal = &ret->list[ret->n];
		*literal = (struct vd_literal){.text = e->text, .len = (uint32_t)e->len};
		place_marks(e, marks, used, &literal->marks);
		uint32_t *slot = &ret->slots[literal_key(table, e->text, literal->len) & ret->mask];
		literal->next = *slot;
		*slot = ret->n++;
		ret->longest = VD_MAX(ret->longest, literal->len);
		ret->widths |= (uint8_t)vd_affix(literal->len);
	}
	return true;
}

static struct vd_contained
contained_of(const struct vd_set_entry *e, struct vd_mark *marks, uint32_t *used)
{
	struct vd_contained made = {
		.needs = e->needs,
		.min_chars = e->chars,
		.n_tokens = (uint32_t)e->n_tokens,
		.tokens = e->tokens,
		.cased = e->tokens != NULL && e->flags != 0,
		.regex = e->atom == NULL ? NULL : e->atom->regex,
	};
	place_marks(e, marks, used, &made.marks);
	return made;
}

static bool
place_every(struct vd_set_builder *builder, struct vd_mark *marks, uint32_t *used, struct vd_set *set)
{
	struct vd_contained *every =
		vd_arena_array(builder->arena, builder->n[VD_TABLE_EVERY], sizeof *every);
	if (every == NULL)
		return false;
	for (const struct vd_set_entry *e = builder->first[VD_TABLE_EVERY]; e != NULL; e = e->next)
		every[set->n_every++] = contained_of(e, marks, used);
	set->every = every;
	return true;
}

/* The items of a literal that is all there is to them: the search hands them out itself. */
static bool
plain_items(struct vd_set_builder *builder, const struct vd_mark *marks, const struct vd_marks *of,
	struct vd_gram_literal *literal)
{
	uint32_t *items = vd_arena_array(builder->scratch, of->n, sizeof *items);
	if (items == NULL)
		return false;
	for (uint32_t i = 0; i < of->n; i++) {
		if (marks[of->from + i].bit != VD_NONE)
			return true;
		items[i] = marks[of->from + i].item;
	}
	literal->items = items;
	literal->n_items = of->n;
	return true;
}

/* What stands for an entry in the search: its literal or each of its pairs. */
static bool
add_literals(struct vd_set_builder *builder, const struct vd_set_entry *e, const struct vd_mark *marks,
	struct vd_set *set, uint32_t id, struct vd_gram_literal *literals, uint32_t *n)
{
	for (uint32_t i = 0; i < e->n_pairs; i++)
		literals[(*n)++] = (struct vd_gram_literal){.text = e->pairs[i], .len = 2, .id = id};
	if (e->n_pairs != 0)
		return true;
	bool whole = e->table == VD_TABLE_CONTAINS;
	struct vd_str text = whole ? (struct vd_str){e->text, e->len} : e->literal;
	struct vd_gram_literal *literal = &literals[(*n)++];
	*literal = (struct vd_gram_literal){.text = text.at, .len = (uint32_t)text.len, .id = id};
	set->by_line &= memchr(text.at, '\n', text.len) == NULL;
	return !whole || plain_items(builder, marks, &set->contained[id].marks, literal);
}

static bool
place_grams(struct vd_set_builder *builder, struct vd_mark *marks, uint32_t *used, struct vd_set *set)
{
	uint32_t searches = builder->n[VD_TABLE_SEARCHES],
		 n = builder->n[VD_TABLE_CONTAINS] + builder->n[VD_TABLE_COMPLEX] + searches, n_literals = 0;
	set->by_line = true;
	if (n == 0)
		return true;
	struct vd_gram_literal *literals = vd_arena_array(
		builder->scratch, n + (size_t)searches * (VD_REQUIRED_PAIRS - 1), sizeof *literals);
	struct vd_contained *contained = vd_arena_array(builder->arena, n, sizeof *contained);
	if (literals == NULL || contained == NULL)
		return false;
	set->contained = contained;
	uint32_t id = 0;
	for (enum vd_set_table table = VD_TABLE_CONTAINS; table <= VD_TABLE_SEARCHES; table++)
		for (const struct vd_set_entry *e = builder->first[table]; e != NULL; e = e->next, id++) {
			contained[id] = contained_of(e, marks, used);
			if (!add_literals(builder, e, marks, set, id, literals, &n_literals))
				return false;
		}
	return vd_grams_build(builder->arena, literals, n_literals, &set->grams);
}

static bool
place_always(struct vd_set_builder *builder, struct vd_mark *marks, uint32_t *used, struct vd_set *set)
{
	const struct vd_set_entry *e = builder->first[VD_TABLE_ALWAYS];
	if (e == NULL)
		return true;
	place_marks(e, marks, used, &set->always);
	return true;
}

static void
note_needs(struct vd_set *set)
{
	set->needs_whole =
		set->exact.n + set->component.n + set->prefix.n + set->suffix.n + set->always.n != 0 ||
		set->n_tests[VD_TEST_CIDR] + set->n_tests[VD_TEST_NUMBER] + set->n_tests[VD_TEST_TIME] != 0 ||
		set->n_every != 0;
}

bool
vd_set_place(struct vd_set_builder *builder, struct vd_set *set)
{
	uint32_t used = 0;
	struct vd_mark *marks = vd_arena_array(builder->arena, builder->n_marks, sizeof *marks);
	bool ok = marks != NULL && place_literals(builder, VD_TABLE_EXACT, marks, &used, &set->exact) &&
		  place_literals(builder, VD_TABLE_COMPONENT, marks, &used, &set->component) &&
		  place_literals(builder, VD_TABLE_PREFIX, marks, &used, &set->prefix) &&
		  place_literals(builder, VD_TABLE_SUFFIX, marks, &used, &set->suffix) &&
		  place_grams(builder, marks, &used, set) && place_every(builder, marks, &used, set) &&
		  place_always(builder, marks, &used, set);
	set->marks = marks;
	set->bytes = builder->bytes;
	if (ok)
		note_needs(set);
	return ok;
}
