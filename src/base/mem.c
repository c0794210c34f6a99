#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local uint64_t calls;
static _Thread_local uint64_t fail_at; /* value of calls at which one call fails; 0 = never */
static _Thread_local int failed;

static int
planted(void)
{
	calls++;
	if (VD_LIKELY(fail_at == 0 || calls != fail_at))
		return 0;
	failed = 1;
	return 1;
}

void *
vd_mem_alloc(size_t size)
{
	return planted() ? NULL : malloc(size == 0 ? 1 : size);
}

void *
vd_mem_zalloc(size_t n, size_t size)
{
	if (n == 0 || size == 0)
		n = size = 1;
	return planted() ? NULL : calloc(n, size);
}

void *
vd_mem_realloc(void *p, size_t size)
{
	return planted() ? NULL : realloc(p, size == 0 ? 1 : size);
}

void *
vd_mem_aligned(size_t align, size_t size)
{
	if (planted() || size > SIZE_MAX - align)
		return NULL;
	return aligned_alloc(align, (size + align - 1) / align * align);
}

void
vd_mem_free(void *p)
{
	free(p);
}

char *
vd_mem_strdup(const char *text)
{
	size_t n = strlen(text) + 1;
	char *dup = vd_mem_alloc(n);
	return dup == NULL ? NULL : memcpy(dup, text, n);
}

int
vd_mem_grow(void **array, size_t *cap, size_t need, size_t elem, size_t first)
{
	if (need <= *cap)
		return 1;
	size_t want = *cap == 0 ? first : *cap;
	while (want < need) {
		if (want > SIZE_MAX / 2)
			return 0;
		want *= 2;
	}
	if (want > SIZE_MAX / elem)
		return 0;
	void *grown = vd_mem_realloc(*array, want * elem);
	if (grown == NULL)
		return 0;
	*array = grown;
	*cap = want;
	return 1;
}

uint64_t
vd_mem_count(void)
{
	return calls;
}

void
vd_mem_fail_after(uint64_t n)
{
	fail_at = n == 0 ? 0 : calls + n;
	failed = 0;
}

int
vd_mem_failed(void)
{
	return failed;
}

void *
vd_obj_alloc(size_t size, uint32_t magic)
{
	uint32_t *obj = vd_mem_zalloc(1, size);
	if (obj != NULL)
		*obj = magic;
	return obj;
}

void
vd_obj_release(void *obj, size_t size)
{
	if (obj == NULL)
		return;
	/* volatile: gcc deletes a plain store before free */
	volatile unsigned char *bytes = obj;
	for (size_t i = 0; i < size; i++)
		bytes[i] = 0xdb;
	vd_mem_free(obj);
}

void
vd_obj_broken(const void *obj, uint32_t want, const char *file, int line)
{
	fprintf(stderr,
		"vedette: %s:%d: object %p is not what it should be (magic %08x): a bug in the caller\n",
		file, line, obj, want);
	abort();
}
