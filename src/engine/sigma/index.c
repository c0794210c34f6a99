#include "engine/sigma/resolve.h"

#include <stdlib.h>

static int
by_key(const void *a, const void *b)
{
	const struct vd_names_entry *x = a, *y = b;
	int order = vd_str_cmp(x->key, y->key);
	return order != 0 ? order : (x->doc > y->doc) - (x->doc < y->doc);
}

static bool
lower(struct vd_arena *arena, struct vd_str *key)
{
	char *text = vd_arena_dup(arena, key->at, key->len);
	if (text == NULL)
		return false;
	for (size_t i = 0; i < key->len; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] = (char)(text[i] | 0x20);
	key->at = text;
	return true;
}

enum vd_status
vd_docs_index(struct vd_docs *docs)
{
	struct vd_doc_index *index = &docs->index;
	index->ids = vd_arena_array(docs->arena, docs->n, sizeof *index->ids);
	index->names = vd_arena_array(docs->arena, docs->n, sizeof *index->names);
	if (index->ids == NULL || index->names == NULL)
		return vd_fail(docs->err, VD_ENOMEM, "no memory for an index of rules");
	for (size_t i = 0; i < docs->n; i++) {
		const struct vd_rule *rule = docs->at[i];
		if (rule->id.len != 0) {
			struct vd_names_entry *entry = &index->ids[index->n_ids++];
			*entry = (struct vd_names_entry){rule->id, i};
			if (!lower(docs->arena, &entry->key))
				return vd_fail(docs->err, VD_ENOMEM, "no memory for an index of rules");
		}
		if (rule->name.len != 0)
			index->names[index->n_names++] = (struct vd_names_entry){rule->name, i};
	}
	qsort(index->ids, index->n_ids, sizeof *index->ids, by_key);
	qsort(index->names, index->n_names, sizeof *index->names, by_key);
	return VD_OK;
}

static bool
stands(const struct vd_docs *docs, size_t doc)
{
	return docs->at[doc]->verdict != VD_REJECTED;
}

/* Entries of one key are in order of input. */
static void
reject_later(struct vd_docs *docs, const struct vd_names_entry *entries, size_t n, const char *code,
	const char *what)
{
	size_t kept = SIZE_MAX;
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || !vd_str_eq(entries[i].key, entries[i - 1].key))
			kept = SIZE_MAX;
		if (!stands(docs, entries[i].doc))
			continue;
		if (kept == SIZE_MAX) {
			kept = entries[i].doc;
			continue;
		}
		struct vd_rule *rule = docs->at[entries[i].doc];
		const struct vd_rule *first = docs->at[kept];
		vd_rule_reject(rule, docs->arena, rule->pos, code,
			"%s %.*s belongs to the rule in %.*s line %u already: give this one its own", what,
			VD_SHOW(entries[i].key), VD_SHOW(first->file), first->pos.line);
	}
}

void
vd_docs_reject_duplicates(struct vd_docs *docs)
{
	reject_later(docs, docs->index.ids, docs->index.n_ids, "id-duplicate", "id");
	reject_later(docs, docs->index.names, docs->index.n_names, "name-duplicate", "name");
}

static size_t
find_in(const struct vd_docs *docs, const struct vd_names_entry *entries, size_t n, struct vd_str key)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (vd_str_cmp(entries[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == n || !vd_str_eq(entries[low].key, key))
		return SIZE_MAX;
	for (size_t i = low; i < n && vd_str_eq(entries[i].key, key); i++)
		if (stands(docs, entries[i].doc))
			return entries[i].doc;
	return entries[low].doc;
}

size_t
vd_docs_find(const struct vd_docs *docs, struct vd_str reference)
{
	char id[64];
	size_t found = SIZE_MAX;
	if (reference.len <= sizeof id) {
		for (size_t i = 0; i < reference.len; i++) {
			char c = reference.at[i];
			id[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
		}
		found = find_in(docs, docs->index.ids, docs->index.n_ids, (struct vd_str){id, reference.len});
	}
	if (found != SIZE_MAX && stands(docs, found))
		return found;
	size_t named = find_in(docs, docs->index.names, docs->index.n_names, reference);
	return named != SIZE_MAX && (found == SIZE_MAX || stands(docs, named)) ? named : found;
}
