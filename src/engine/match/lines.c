#include "engine/match/lines.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "event/decode.h"

#define KIND 0x80000000u /* lines of a set are told from its values in the cache */

struct vd_lines {
	uint32_t magic;
#define VD_LINES_MAGIC 0x6c696e65u
	struct vd_cache *cache;
	struct vd_buf decoded, folded;
	uint32_t n;
	uint32_t ids[VD_CACHE_ITEMS_MAX + 1]; /* of one line; one more than the cache takes: too many */
	vd_gram_found *found;
	void *owner;
};

struct vd_lines *
vd_lines_new(struct vd_cache *cache)
{
	struct vd_lines *lines = vd_obj_new(struct vd_lines, VD_LINES_MAGIC);
	if (lines == NULL)
		return NULL;
	lines->cache = cache;
	vd_buf_init(&lines->decoded, 0);
	vd_buf_init(&lines->folded, 0);
	return lines;
}

void
vd_lines_free(struct vd_lines *lines)
{
	if (lines == NULL)
		return;
	vd_obj_check(lines, VD_LINES_MAGIC);
	vd_buf_fini(&lines->decoded);
	vd_buf_fini(&lines->folded);
	vd_obj_free(lines);
}

/* Bytes of the first line of raw with its \n escape.  An escape for any character (\u000a) ends no line. */
static size_t
line_length(struct vd_str raw)
{
	size_t i = 0;
	while (i < raw.len) {
		const char *slash = memchr(raw.at + i, '\\', raw.len - i);
		if (slash == NULL)
			break;
		i = (size_t)(slash - raw.at) + 2;
		if (i <= raw.len && slash[1] == 'n')
			return i;
	}
	return raw.len;
}

static void
on_literal(void *owner, uint32_t id, const uint32_t *items, uint32_t n)
{
	struct vd_lines *lines = owner;
	lines->found(lines->owner, id, items, n);
	for (uint32_t i = 0; i < VD_MIN(lines->n, 8u);
		i++) /* the same again is common, and mostly just before */
		if (lines->ids[lines->n - 1 - i] == id)
			return;
	if (lines->n <= VD_CACHE_ITEMS_MAX)
		lines->ids[lines->n++] = id;
}

static bool
search_line(struct vd_lines *lines, const struct vd_set *set, struct vd_str raw, uint64_t hash, bool cached)
{
	vd_buf_reset(&lines->decoded);
	vd_buf_reset(&lines->folded);
	if (!vd_buf_room(&lines->folded, vd_fold_bound(raw.len)))
		return false;
	lines->n = 0;
	size_t n = vd_json_decode_lower(lines->folded.at, raw);
	if (n == SIZE_MAX) {
		struct vd_str text = vd_json_decode(raw, &lines->decoded);
		if (lines->decoded.failed)
			return false;
		n = vd_fold(lines->folded.at, text.at, text.len);
	}
	vd_grams_scan(&set->grams, (struct vd_str){lines->folded.at, n}, on_literal, lines);
	if (cached && lines->n <= VD_CACHE_ITEMS_MAX)
		vd_cache_put(lines->cache, hash, KIND | set->number, raw, lines->n, lines->ids);
	return true;
}

bool
vd_lines_scan(struct vd_lines *lines, const struct vd_set *set, struct vd_str raw, vd_gram_found *found,
	void *owner)
{
	vd_obj_check(lines, VD_LINES_MAGIC);
	lines->found = found;
	lines->owner = owner;
	while (raw.len > 0) {
		struct vd_str line = {raw.at, line_length(raw)};
		raw.at += line.len;
		raw.len -= line.len;
		bool cached = line.len <= VD_CACHE_LINE_MAX;
		uint64_t hash = cached ? vd_cache_hash(lines->cache, KIND | set->number, line) : 0;
		uint32_t n;
		const uint32_t *ids;
		if (cached && vd_cache_get(lines->cache, hash, KIND | set->number, line, &n, &ids)) {
			for (uint32_t i = 0; i < n; i++)
				found(owner, ids[i], NULL, 0);
			continue;
		}
		if (!search_line(lines, set, line, hash, cached))
			return false;
	}
	return true;
}
