/*
 * From texts to documents: parse every YAML document, apply pipelines, filters and placeholders, resolve the
 * references of correlations, and give every document its verdict.
 *
 * Order: parse → filters → pipelines (by priority; rules, then correlations) → placeholders → references; so a
 * pipeline maps the fields of a filter as those of the rule it was added to.  A document that is rejected is not in
 * the result; its verdict is.  Pure: the texts come from the caller.  Thread: one owner.
 */
#ifndef VD_ENGINE_SIGMA_LOAD_H
#define VD_ENGINE_SIGMA_LOAD_H

#include "engine/sigma/rule.h"

struct vd_source_text {
	struct vd_str file; /* name for messages */
	struct vd_str text; /* borrowed until vd_load_run returns */
};

struct vd_load_input {
	size_t n_rules;
	const struct vd_source_text *rules;
	size_t n_pipelines;
	const struct vd_source_text *pipelines;
	size_t n_placeholders; /* YAML maps: name: [values] */
	const struct vd_source_text *placeholders;
	size_t n_unreadable; /* files of rules that are not there to be read: text says why */
	const struct vd_source_text *unreadable;
};

struct vd_load_result {
	size_t n_rules;
	struct vd_rule **rules; /* RULE documents that load, in order of input */
	size_t n_corrs;
	struct vd_rule **corrs; /* CORRELATION documents, children before parents (topological) */
	/* per rule in rules[]: reports alone; false where every correlation that refers to it says generate: false */
	bool *rule_alone;
	bool *corr_alone; /* per correlation in corrs[] */
	/* references resolved: for corrs[i] and reference j: index in rules[], or n_rules + index in corrs[] */
	size_t **refs;
	/* sentences about parts of the pipelines that do nothing here, each with its file */
	size_t n_notes;
	struct vd_str *notes;
};

/*
 * verdicts gets a row a document (and a row for a file that is no YAML at all, or unreadable; these come last).  Fails only for VD_ENOMEM and
 * for pipelines or placeholder files that cannot be read (VD_EINPUT: the words say where).
 */
enum vd_status vd_load_run(struct vd_arena *arena, const struct vd_load_input *input,
	struct vd_verdicts *verdicts, struct vd_load_result *ret, struct vd_err *err) VD_MUST_USE;

/* ---- the parts, each in a file of its own ---- */

/* parse.c: one YAML document to one rule; a wrong document is marked rejected, VD_OK is returned. */
struct vd_yaml;
enum vd_status vd_rule_parse(struct vd_arena *arena, struct vd_str file, const struct vd_yaml *doc,
	struct vd_rule **ret, struct vd_err *err) VD_MUST_USE;

/* pipeline.c */
struct vd_pipeline;
enum vd_status vd_pipeline_parse(struct vd_arena *arena, struct vd_str file, struct vd_str text,
	struct vd_pipeline **ret, struct vd_err *err) VD_MUST_USE;
/* Sentences about parts of the pipeline that do nothing here; borrowed from it. */
size_t vd_pipeline_notes(const struct vd_pipeline *pipeline, const struct vd_str **ret);
/* Sorted by their priority field, then by position given.  Marks the rule where a transformation fails it. */
enum vd_status vd_pipelines_apply(struct vd_arena *arena, struct vd_pipeline *const *pipelines, size_t n,
	struct vd_rule *rule, struct vd_err *err) VD_MUST_USE;
/* The pipelines become part of the rule's version, once; vd_pipelines_apply does it where a step concerned it. */
void vd_pipelines_revise(struct vd_pipeline *const *pipelines, size_t n, struct vd_rule *rule);
/* For correlations: the name a field of the given base rule, which has been through vd_pipelines_apply with the
 * same pipelines, has after them; the first one where there are several. */
enum vd_status vd_pipelines_field(struct vd_arena *arena, struct vd_pipeline *const *pipelines, size_t n,
	const struct vd_rule *rule, struct vd_str field, struct vd_str *ret, struct vd_err *err) VD_MUST_USE;

/* placeholder.c: replaces PLACEHOLDER tokens; an unknown name rejects the rule ("placeholder-unknown"). */
struct vd_placeholders;
enum vd_status vd_placeholders_parse(struct vd_arena *arena, struct vd_str file, struct vd_str text,
	struct vd_placeholders **ret, struct vd_err *err) VD_MUST_USE;
enum vd_status vd_placeholders_apply(struct vd_arena *arena, const struct vd_placeholders *const *lists,
	size_t n, struct vd_rule *rule, struct vd_err *err) VD_MUST_USE;

/*
 * value.c: Sigma string syntax (backslash rules, wildcards) to tokens; with_placeholders: %name% too (their names
 * borrow text).
 */
enum vd_status vd_pattern_parse(struct vd_arena *arena, struct vd_str text, bool with_placeholders,
	size_t *ret_n, struct vd_token **ret, struct vd_err *err) VD_MUST_USE;

#endif
