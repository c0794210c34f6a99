/*
 * Compiler attributes and the few macros every file may use.  Attributes live here and nowhere else.
 */
#ifndef VD_BASE_DEFS_H
#define VD_BASE_DEFS_H

#include <stddef.h>
#include <stdint.h>

#define VD_MUST_USE __attribute__((warn_unused_result))
#define VD_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define VD_NORETURN __attribute__((noreturn))
#define VD_INLINE static inline __attribute__((always_inline))
#define VD_NOINLINE __attribute__((noinline))
/* For functions called when something failed: what leads there is kept apart from what runs all the time. */
#define VD_COLD __attribute__((cold))
/* For functions that are only called where the processor has the feature: "avx2", "ssse3". */
#define VD_TARGET(feature) __attribute__((target(feature)))
#define VD_UNUSED __attribute__((unused))
#define VD_ALIGNED(n) __attribute__((aligned(n)))
#define VD_LIKELY(x) __builtin_expect(!!(x), 1)
#define VD_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define VD_PREFETCH(at) __builtin_prefetch(at)

/*
 * VD_AUTO(vd_x) v = …; frees v with vd_x_drop(&v) when it leaves its scope.  A type opts in with
 * VD_AUTO_DEFINE(vd_x, free_function); the function takes NULL and half-built objects.
 */
#define VD_AUTO(type) __attribute__((cleanup(type##_drop))) struct type *
#define VD_AUTO_DEFINE(type, free_fn)                                                                        \
	static inline __attribute__((unused)) void type##_drop(struct type **at)                             \
	{                                                                                                    \
		free_fn(*at);                                                                                \
	}                                                                                                    \
	static inline __attribute__((unused)) struct type *type##_take(struct type **at)                     \
	{                                                                                                    \
		struct type *taken = *at;                                                                    \
		*at = NULL;                                                                                  \
		return taken;                                                                                \
	}

/* In-place objects: VD_AUTO_FINI(vd_buf) b; calls vd_buf_fini(&b) when b leaves its scope. */
#define VD_AUTO_FINI(type) __attribute__((cleanup(type##_fini))) struct type

#define VD_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define VD_MIN(a, b) ((a) < (b) ? (a) : (b))
#define VD_MAX(a, b) ((a) > (b) ? (a) : (b))

#endif
