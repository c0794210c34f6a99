/*
 * For tests: loads documents from text and says in short what became of them.  Returned texts are valid until the
 * next call of the same function.
 */
#ifndef VD_ENGINE_SIGMA_LOAD_FIXTURE_H
#define VD_ENGINE_SIGMA_LOAD_FIXTURE_H

#include "engine/sigma/load.h"
#include "vd_test.h"

#define VD_FIXTURE_MAX_FILES 16u

struct vd_loaded {
	struct vd_arena *arena;
	struct vd_verdicts *verdicts;
	struct vd_load_result result;
	struct vd_err err;
	enum vd_status status;
};

/* Files are named 0.yml, 1.yml…; placeholders: text of a values file or NULL. */
void vd_loaded_init(struct vd_loaded *l, size_t n, const char *const texts[], const char *placeholders);
/* The same with a pipeline; NULL: none. */
void vd_loaded_init_piped(struct vd_loaded *l, size_t n, const char *const texts[], const char *placeholders,
	const char *pipeline);
void vd_loaded_fini(struct vd_loaded *l);

/* One file.  "loaded ok", "rejected modifier-unknown", … a document, with ", " between them. */
const char *vd_verdict_words(const char *text);

#define VD_RULE_HEAD "title: t\nlogsource: {category: test}\n"

/* A rule with `sel: {key: value}`; how its item looks, or the verdict if it is not "loaded". */
const char *vd_item_words(const char *key, const char *value);
/* A rule with this detection section (flow or block YAML below "detection:"); how its condition looks. */
const char *vd_condition_words(const char *detection);
/* The same with a values file. */
const char *vd_expand_words(const char *key, const char *value, const char *placeholders);

/* Printers, also for other tests. */
void vd_show_expr(struct vd_buf *to, const struct vd_expr *expr);
void vd_show_item(struct vd_buf *to, const struct vd_item *item);

#endif
