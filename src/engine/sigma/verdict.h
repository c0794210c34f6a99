/*
 * What became of a rule at load: loaded, degraded or rejected, each with a stable reason code, the words and
 * the place.  A verdict list is what "vedette rules check" prints and what no load may leave empty: every
 * document of every file ends with exactly one final verdict, and may have notes (warnings) beside it.
 *
 * Memory: a list owns its rows and their strings.  Thread: one owner.
 */
#ifndef VD_ENGINE_SIGMA_VERDICT_H
#define VD_ENGINE_SIGMA_VERDICT_H

#include "base/status.h"
#include "base/str.h"

enum vd_verdict_kind { VD_LOADED, VD_DEGRADED, VD_REJECTED };

struct vd_pos {
	uint32_t line;   /* 1-based */
	uint32_t column; /* 1-based, in bytes */
};

struct vd_verdict {
	struct vd_str file;
	struct vd_pos pos;
	struct vd_str rule_id; /* empty where the document has none */
	struct vd_str title;
	enum vd_verdict_kind kind;
	struct vd_str code;    /* "ok", or a reason of docs/verdicts.md such as "modifier-unknown" */
	struct vd_str message; /* what is wrong and what to do; empty for "ok" */
};

struct vd_verdicts;

struct vd_verdicts *vd_verdicts_new(void) VD_MUST_USE;
void vd_verdicts_free(struct vd_verdicts *list);
/* Copies everything. */
enum vd_status vd_verdicts_add(struct vd_verdicts *list, const struct vd_verdict *row) VD_MUST_USE;
size_t vd_verdicts_count(const struct vd_verdicts *list);
const struct vd_verdict *vd_verdicts_at(const struct vd_verdicts *list, size_t i); /* borrowed */
const char *vd_verdict_kind_name(enum vd_verdict_kind kind); /* loaded degraded rejected */

VD_AUTO_DEFINE(vd_verdicts, vd_verdicts_free)

#endif
