/*
 * The only door to the heap, and checked heap objects.
 *
 * Every allocation of the program goes through vd_mem_alloc, so a test can make the n-th one fail
 * (vd_mem_fail_after) or count them (vd_mem_count).  Objects made with vd_obj_new begin with a 32-bit
 * magic which vd_obj_check verifies and vd_obj_free wipes.  Thread: any.
 */
#ifndef VD_BASE_MEM_H
#define VD_BASE_MEM_H

#include "base/defs.h"

void *vd_mem_alloc(size_t size) VD_MUST_USE;                 /* uninitialised; NULL when out of memory */
void *vd_mem_zalloc(size_t n, size_t size) VD_MUST_USE;      /* zeroed array; NULL also on overflow */
void *vd_mem_realloc(void *p, size_t size) VD_MUST_USE;      /* p is kept on failure */
void *vd_mem_aligned(size_t align, size_t size) VD_MUST_USE; /* size is rounded up to align */
void vd_mem_free(void *p);
char *vd_mem_strdup(const char *text) VD_MUST_USE;

/* Grows an array that holds n of cap elements by doubling; cap 0 becomes first.  False: out of memory. */
int vd_mem_grow(void **array, size_t *cap, size_t need, size_t elem, size_t first) VD_MUST_USE;

/* For tests: calls so far on this thread; fail the n-th call from now on this thread (0 = never). */
uint64_t vd_mem_count(void);
void vd_mem_fail_after(uint64_t n);
int vd_mem_failed(void); /* did the planted failure happen since vd_mem_fail_after */

void *vd_obj_alloc(size_t size, uint32_t magic) VD_MUST_USE;
void vd_obj_release(void *obj, size_t size);
void vd_obj_broken(const void *obj, uint32_t want, const char *file, int line) VD_NORETURN;

#define vd_obj_new(type, magic_) ((type *)vd_obj_alloc(sizeof(type), (magic_)))
#define vd_obj_free(obj) vd_obj_release((obj), sizeof *(obj))
#define vd_obj_check(obj, magic_)                                                                            \
	do {                                                                                                 \
		if (VD_UNLIKELY((obj) == NULL || (obj)->magic != (magic_)))                                  \
			vd_obj_broken((obj), (magic_), __FILE__, __LINE__);                                  \
	} while (0)

#endif
