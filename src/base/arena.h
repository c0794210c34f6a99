/*
 * A bump arena: many small allocations, one free.  An arena owns its blocks; what it hands out is aligned
 * to 16 bytes and lives until vd_arena_reset or vd_arena_free.  Reset keeps the blocks, so an arena that has
 * seen its largest round allocates nothing more.  An arena never exceeds its limit: beyond it, and out of
 * memory, vd_arena_alloc returns NULL.  Thread: one owner.
 */
#ifndef VD_BASE_ARENA_H
#define VD_BASE_ARENA_H

#include "base/defs.h"
#include "base/str.h"

struct vd_arena;

struct vd_arena *vd_arena_new(size_t limit) VD_MUST_USE; /* limit 0: no bound but memory */
void vd_arena_free(struct vd_arena *arena);
void vd_arena_reset(struct vd_arena *arena);

void *vd_arena_alloc(struct vd_arena *arena, size_t size) VD_MUST_USE; /* uninitialised */
void *vd_arena_zalloc(struct vd_arena *arena, size_t size) VD_MUST_USE;
void *vd_arena_array(struct vd_arena *arena, size_t n, size_t size) VD_MUST_USE;              /* zeroed */
char *vd_arena_dup(struct vd_arena *arena, const char *bytes, size_t n) VD_MUST_USE;          /* NUL added */
int vd_arena_str(struct vd_arena *arena, struct vd_str from, struct vd_str *ret) VD_MUST_USE; /* true: ok */
char *vd_arena_printf(struct vd_arena *arena, const char *fmt, ...) VD_PRINTF(2, 3) VD_MUST_USE;

size_t vd_arena_used(const struct vd_arena *arena); /* bytes held in blocks */

VD_AUTO_DEFINE(vd_arena, vd_arena_free)

#endif
