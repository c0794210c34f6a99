#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define ALIGN 16u
#define FIRST_BLOCK (16u * 1024u - 64u)
#define LARGEST_BLOCK (4u * 1024u * 1024u)

struct block {
	struct block *next;
	size_t size; /* bytes behind the header */
	size_t used;
	size_t pad;
};

struct vd_arena {
	uint32_t magic;
#define VD_ARENA_MAGIC 0xa7e4a001u
	size_t limit;
	size_t held; /* sum of block sizes */
	struct block *first;
	struct block *at;
};

struct vd_arena *
vd_arena_new(size_t limit)
{
	struct vd_arena *arena = vd_obj_new(struct vd_arena, VD_ARENA_MAGIC);
	if (arena != NULL)
		arena->limit = limit;
	return arena;
}

void
vd_arena_free(struct vd_arena *arena)
{
	if (arena == NULL)
		return;
	vd_obj_check(arena, VD_ARENA_MAGIC);
	for (struct block *b = arena->first, *next; b != NULL; b = next) {
		next = b->next;
		vd_mem_free(b);
	}
	vd_obj_free(arena);
}

void
vd_arena_reset(struct vd_arena *arena)
{
	vd_obj_check(arena, VD_ARENA_MAGIC);
	for (struct block *b = arena->first; b != NULL; b = b->next)
		b->used = 0;
	arena->at = arena->first;
}

static struct block *
add_block(struct vd_arena *arena, size_t need)
{
	size_t size = arena->at == NULL ? FIRST_BLOCK : VD_MIN(arena->at->size * 2, (size_t)LARGEST_BLOCK);
	if (size < need)
		size = need;
	if (arena->limit != 0 && (arena->held > arena->limit || size > arena->limit - arena->held)) {
		if (arena->held > arena->limit || need > arena->limit - arena->held)
			return NULL;
		size = need;
	}
	struct block *b = vd_mem_alloc(sizeof *b + size);
	if (b == NULL)
		return NULL;
	b->size = size;
	b->used = 0;
	b->next = arena->at == NULL ? NULL : arena->at->next;
	if (arena->at == NULL)
		arena->first = b;
	else
		arena->at->next = b;
	arena->held += size;
	return b;
}

void *
vd_arena_alloc(struct vd_arena *arena, size_t size)
{
	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	while (arena->at == NULL || arena->at->size - arena->at->used < size) {
		if (arena->at != NULL && arena->at->next != NULL) {
			arena->at = arena->at->next;
			continue;
		}
		struct block *b = add_block(arena, size);
		if (b == NULL)
			return NULL;
		arena->at = b;
	}
	void *p = (char *)(arena->at + 1) + arena->at->used;
	arena->at->used += size;
	return p;
}

void *
vd_arena_zalloc(struct vd_arena *arena, size_t size)
{
	void *p = vd_arena_alloc(arena, size);
	return p == NULL ? NULL : memset(p, 0, size);
}

void *
vd_arena_array(struct vd_arena *arena, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / 2 / size)
		return NULL;
	return vd_arena_zalloc(arena, n * size);
}

char *
vd_arena_dup(struct vd_arena *arena, const char *bytes, size_t n)
{
	if (n > SIZE_MAX / 2)
		return NULL;
	char *p = vd_arena_alloc(arena, n + 1);
	if (p == NULL)
		return NULL;
	if (n != 0)
		memcpy(p, bytes, n);
	p[n] = '\0';
	return p;
}

int
vd_arena_str(struct vd_arena *arena, struct vd_str from, struct vd_str *ret)
{
	char *p = vd_arena_dup(arena, from.at, from.len);
	if (p == NULL)
		return 0;
	*ret = (struct vd_str){p, from.len};
	return 1;
}

char *
vd_arena_printf(struct vd_arena *arena, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0)
		return NULL;
	char *p = vd_arena_alloc(arena, (size_t)n + 1);
	if (p == NULL)
		return NULL;
	va_start(args, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, args);
	va_end(args);
	return p;
}

size_t
vd_arena_used(const struct vd_arena *arena)
{
	return arena->held;
}
