/*
 * Vectorscan databases: built from expressions, or read back from a blob of an earlier run.
 *
 * All databases of a rule set make one blob, keyed by the SHA-256 of every expression, Vectorscan's version and
 * the CPU features it compiles for.  Memory: an hs_database_t is owned by the rule set.
 */
#ifndef VD_ENGINE_COMPILE_DATABASE_H
#define VD_ENGINE_COMPILE_DATABASE_H

#include "engine/compile/compile.h"

/* One expression to be; pattern and marks of the same index stand in the database's patterns. */
struct vd_expression {
	const char *text; /* Vectorscan's own PCRE subset, NUL-terminated */
	unsigned flags;   /* HS_FLAG_* */
};

struct vd_database_plan {
	struct vd_database *target; /* gets .db */
	size_t n, cap;
	struct vd_expression *expressions;
};

/* Builds or reads every plan's database, allots the scratch; set->databases owns them. */
enum vd_status vd_databases_build(struct vd_ruleset *set, struct vd_database_plan *plans, size_t n,
	const struct vd_blob_cache *cache, struct vd_err *err) VD_MUST_USE;
void vd_databases_free(struct vd_ruleset *set);

/* Vectorscan allocates through base/mem; to be called before anything else of it. */
enum vd_status vd_databases_setup(struct vd_err *err) VD_MUST_USE;

#endif
