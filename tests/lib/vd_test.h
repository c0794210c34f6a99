/*
 * Tests: VD_TEST(a_sentence) { … } registers itself; the file needs nothing more.  cmocka's asserts inside.
 *
 *   VD_TEST(survives_every_out_of_memory)
 *   {
 *           VD_TORTURE {
 *                   VD_AUTO(vd_arena) arena = vd_arena_new(0);
 *                   if (arena == NULL)
 *                           continue;           (ran out as planned: the next round goes further)
 *           }
 *   }
 *
 * VD_TORTURE repeats its body, failing the 1st, 2nd, 3rd… allocation, until a round meets no failure.
 */
#ifndef VD_TEST_H
#define VD_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"

typedef void (*vd_test_fn)(void **state);

void vd_test_register(const char *name, vd_test_fn fn);

#define VD_TEST(sentence)                                                                                    \
	static void sentence(void **state);                                                                  \
	__attribute__((constructor)) static void sentence##_register(void)                                   \
	{                                                                                                    \
		vd_test_register(#sentence, sentence);                                                       \
	}                                                                                                    \
	static void sentence(void **state __attribute__((unused)))

/* Leaves the test as skipped, with the reason; the tally counts it.  (cmocka's skip() reads as a failure in TAP.) */
#define VD_SKIP(reason)                                                                                      \
	do {                                                                                                 \
		vd_test_skipped(__func__, (reason));                                                         \
		return;                                                                                      \
	} while (0)
void vd_test_skipped(const char *test, const char *reason);

#define VD_TORTURE_MAX 100000u

int vd_torture_next(uint64_t *round); /* plants the next failure; false when a round met none */

#define VD_TORTURE for (uint64_t vd_torture_round = 0; vd_torture_next(&vd_torture_round);)

/* A file of the source tree: VD_SOURCE_ROOT/path; the text is freed by the caller with vd_mem_free. */
char *vd_test_file(const char *path, size_t *ret_len);

#endif
