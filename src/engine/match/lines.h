/*
 * Long values line by line: a literal without a line feed stands within one line, and lines repeat where whole
 * values do not (a PowerShell event's context differs in one number).  Which literals a line holds is cached like
 * any other value; only new lines are decoded and searched.
 *
 * Memory: scratch for the longest line, then none; the cache is borrowed.  Thread: one owner.
 */
#ifndef VD_ENGINE_MATCH_LINES_H
#define VD_ENGINE_MATCH_LINES_H

#include "engine/compile/compile.h"
#include "engine/match/cache.h"

#define VD_LINES_MIN 256u /* shorter values are searched whole */

struct vd_lines;

struct vd_lines *vd_lines_new(struct vd_cache *cache) VD_MUST_USE;
void vd_lines_free(struct vd_lines *lines);

/*
 * Calls found for the id of each literal of set->grams in raw, the JSON text of a string; an id may come more than
 * once.  False: out of memory.
 */
bool vd_lines_scan(struct vd_lines *lines, const struct vd_set *set, struct vd_str raw, vd_gram_found *found,
	void *owner) VD_MUST_USE;

VD_AUTO_DEFINE(vd_lines, vd_lines_free)

#endif
