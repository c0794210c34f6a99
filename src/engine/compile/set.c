#include "engine/compile/set_builder.h"

#include "base/mem.h"
#include "base/utf8.h"

#define KEYWORDS_MAX 1024u /* of more, each value is looked at */
#define KEYWORD_RUN_MIN 3u /* a shorter run is in every event */

struct vd_set_builder *
vd_set_builder_new(struct vd_arena *arena)
{
	VD_AUTO(vd_set_builder) builder = vd_obj_new(struct vd_set_builder, VD_SET_BUILDER_MAGIC);
	if (builder == NULL)
		return NULL;
	builder->arena = arena;
	vd_buf_init(&builder->text, 0);
	builder->scratch = vd_arena_new(0);
	builder->n_slots = 16384;
	builder->slots = vd_mem_zalloc(builder->n_slots, sizeof(struct vd_set_entry *));
	if (builder->scratch == NULL || builder->slots == NULL)
		return NULL;
	return vd_set_builder_take(&builder);
}

void
vd_set_builder_free(struct vd_set_builder *builder)
{
	if (builder == NULL)
		return;
	vd_obj_check(builder, VD_SET_BUILDER_MAGIC);
	vd_mem_free(builder->slots);
	vd_arena_free(builder->scratch);
	vd_buf_fini(&builder->text);
	vd_obj_free(builder);
}

/* ---- keywords ---- */

/*
 * The longest run of a pattern that JSON writes in one way only: not what it escapes or may escape.  What else
 * folds to ASCII letters is not ASCII itself, and such events are never filtered.
 */
static struct vd_str
plain_run(const struct vd_atom *atom)
{
	struct vd_str best = {"", 0};
	for (size_t t = 0; t < atom->n_tokens; t++) {
		struct vd_str text = atom->tokens[t].text;
		if (atom->tokens[t].kind != VD_TOK_TEXT)
			continue;
		for (size_t i = 0, from = 0; i <= text.len; i++) {
			bool ends = i == text.len || text.at[i] < ' ' || text.at[i] == 0x7f ||
				    (unsigned char)text.at[i] >= 0x80 ||
				    memchr("\"\\/<>&'+", text.at[i], 8) != NULL;
			if (ends && i - from > best.len)
				best = (struct vd_str){text.at + from, i - from};
			from = ends ? i + 1 : from;
		}
	}
	return best;
}

/* Words of which at least one stands in every event that makes an item true; false: out of memory. */
static bool
find_words(struct vd_set_builder *builder, const struct vd_items *items, const uint32_t *numbers, uint32_t n,
	struct vd_set *set)
{
	struct vd_str words[KEYWORDS_MAX];
	size_t n_words = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct vd_citem *item = vd_items_at(items, numbers[i]);
		for (uint32_t v = 0; v < item->n; v++)
			for (size_t a = 0; a < item->values[v]->n; a++) {
				const struct vd_atom *atom = &item->values[v]->atoms[a];
				struct vd_str run = atom->kind == VD_ATOM_PATTERN ? plain_run(atom)
										  : (struct vd_str){"", 0};
				if (run.len < KEYWORD_RUN_MIN || n_words == KEYWORDS_MAX)
					return true;
				char *lower = vd_arena_alloc(builder->arena, vd_fold_bound(run.len));
				if (lower == NULL)
					return false;
				words[n_words++] = (struct vd_str){lower, vd_fold(lower, run.at, run.len)};
			}
	}
	bool no_memory;
	set->has_words = vd_words_build(builder->arena, words, n_words, &set->words, &no_memory);
	return !no_memory;
}

static void
start(struct vd_set_builder *builder)
{
	vd_arena_reset(builder->scratch);
	memset(builder->slots, 0, builder->n_slots * sizeof(struct vd_set_entry *));
	for (unsigned table = 0; table < VD_TABLES; table++) {
		builder->first[table] = NULL;
		builder->last[table] = &builder->first[table];
		builder->n[table] = 0;
	}
	builder->n_marks = 0;
	memset(&builder->bytes, 0, sizeof builder->bytes);
}

enum vd_status
vd_set_build(struct vd_set_builder *builder, const struct vd_items *items, uint32_t key,
	const uint32_t *numbers, uint32_t n, struct vd_set **ret, struct vd_err *err)
{
	start(builder);
	struct vd_set *set = vd_arena_zalloc(builder->arena, sizeof *set);
	uint32_t *kept = vd_arena_array(builder->arena, n, sizeof *kept);
	uint64_t *full = vd_arena_array(builder->arena, n, sizeof *full);
	bool ok = set != NULL && kept != NULL && full != NULL;
	for (uint32_t i = 0; ok && i < n; i++) {
		const struct vd_citem *item = vd_items_at(items, numbers[i]);
		kept[i] = numbers[i];
		full[i] = !item->all ? 0 : item->n == 64 ? UINT64_MAX : ((uint64_t)1 << item->n) - 1;
		set->has_all |= item->all;
		for (uint32_t v = 0; ok && v < item->n; v++)
			for (size_t a = 0; ok && a < item->values[v]->n; a++)
				ok = vd_set_collect(builder, set, &item->values[v]->atoms[a],
					(struct vd_mark){i, item->all ? v : VD_NONE});
	}
	if (ok && key == VD_KEY_NONE)
		ok = find_words(builder, items, numbers, n, set);
	if (!ok || (set->key = key, set->n_items = n, set->items = kept, set->full = full,
			   !vd_set_place(builder, set)))
		return vd_fail(err, VD_ENOMEM, "no memory for a set of %u items", n);
	*ret = set;
	return VD_OK;
}
