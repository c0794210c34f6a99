/*
 * Inside of the loader: documents that refer to each other.  Built from all documents of a run, also the rejected
 * ones, so that a reference to one of those can say why it fails.
 */
#ifndef VD_ENGINE_SIGMA_RESOLVE_H
#define VD_ENGINE_SIGMA_RESOLVE_H

#include "engine/sigma/load.h"
#include "engine/sigma/parse.h"

struct vd_names_entry {
	struct vd_str key;
	size_t doc;
};

/* Ids (letters folded to lower case) and names, each sorted. */
struct vd_doc_index {
	size_t n_ids, n_names;
	struct vd_names_entry *ids, *names;
};

/* All documents of a run, in order of input. */
struct vd_docs {
	struct vd_arena *arena;
	struct vd_err *err;
	size_t n;
	struct vd_rule **at;
	struct vd_doc_index index;
};

enum vd_status vd_docs_index(struct vd_docs *docs) VD_MUST_USE;
/* Rejects every later document that has the id or the name of an earlier one that still stands. */
void vd_docs_reject_duplicates(struct vd_docs *docs);
/* By id, then by name; a document that stands before a rejected one.  SIZE_MAX: there is none. */
size_t vd_docs_find(const struct vd_docs *docs, struct vd_str reference);

/* filters.c: ANDs every filter to the rules it is for. */
enum vd_status vd_docs_filter(struct vd_docs *docs) VD_MUST_USE;

/* Fills the result; rejects correlations whose references are missing, rejected or circular. */
enum vd_status vd_docs_resolve(struct vd_docs *docs, struct vd_pipeline *const *pipelines, size_t n_pipelines,
	struct vd_load_result *ret) VD_MUST_USE;

#endif
