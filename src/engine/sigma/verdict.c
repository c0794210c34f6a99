#include "engine/sigma/verdict.h"

#include "base/arena.h"
#include "base/mem.h"

struct vd_verdicts {
	uint32_t magic;
#define VD_VERDICTS_MAGIC 0x76657201u
	struct vd_arena *texts;
	struct vd_verdict *rows;
	size_t n, cap;
};

struct vd_verdicts *
vd_verdicts_new(void)
{
	VD_AUTO(vd_verdicts) list = vd_obj_new(struct vd_verdicts, VD_VERDICTS_MAGIC);
	if (list == NULL)
		return NULL;
	list->texts = vd_arena_new(0);
	return list->texts == NULL ? NULL : vd_verdicts_take(&list);
}

void
vd_verdicts_free(struct vd_verdicts *list)
{
	if (list == NULL)
		return;
	vd_obj_check(list, VD_VERDICTS_MAGIC);
	vd_arena_free(list->texts);
	vd_mem_free(list->rows);
	vd_obj_free(list);
}

enum vd_status
vd_verdicts_add(struct vd_verdicts *list, const struct vd_verdict *row)
{
	vd_obj_check(list, VD_VERDICTS_MAGIC);
	void *grown = list->rows;
	if (!vd_mem_grow(&grown, &list->cap, list->n + 1, sizeof *list->rows, 64))
		return VD_ENOMEM;
	list->rows = grown;
	struct vd_verdict copy = *row;
	if (!vd_arena_str(list->texts, row->file, &copy.file) ||
		!vd_arena_str(list->texts, row->rule_id, &copy.rule_id) ||
		!vd_arena_str(list->texts, row->title, &copy.title) ||
		!vd_arena_str(list->texts, row->code, &copy.code) ||
		!vd_arena_str(list->texts, row->message, &copy.message))
		return VD_ENOMEM;
	list->rows[list->n++] = copy;
	return VD_OK;
}

size_t
vd_verdicts_count(const struct vd_verdicts *list)
{
	vd_obj_check(list, VD_VERDICTS_MAGIC);
	return list->n;
}

const struct vd_verdict *
vd_verdicts_at(const struct vd_verdicts *list, size_t i)
{
	vd_obj_check(list, VD_VERDICTS_MAGIC);
	return i < list->n ? &list->rows[i] : NULL;
}

const char *
vd_verdict_kind_name(enum vd_verdict_kind kind)
{
	static const char *const names[] = {
		[VD_LOADED] = "loaded", [VD_DEGRADED] = "degraded", [VD_REJECTED] = "rejected"};
	return (size_t)kind < VD_ARRAY_LEN(names) ? names[kind] : "unknown";
}
