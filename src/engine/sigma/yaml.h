/*
 * YAML documents as a tree of nodes with places, on libyaml's event parser.
 *
 * Bounds: VD_YAML_MAX_BYTES a text, VD_YAML_MAX_DEPTH levels, VD_YAML_MAX_NODES nodes a document.  Aliases are
 * resolved within a budget (a bomb is VD_ELIMIT); a duplicate key, an alias to an open anchor, a second
 * anchor of one name and a merge key are VD_EINPUT.  A broken document does not hide the ones before it.
 * Memory: nodes and strings live in the caller's arena.  Thread: any, one arena each.
 */
#ifndef VD_ENGINE_SIGMA_YAML_H
#define VD_ENGINE_SIGMA_YAML_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"
#include "engine/sigma/verdict.h"

#define VD_YAML_MAX_BYTES (16u * 1024u * 1024u)
#define VD_YAML_MAX_DEPTH 64u
#define VD_YAML_MAX_NODES 200000u

enum vd_yaml_kind { VD_YAML_SCALAR, VD_YAML_LIST, VD_YAML_MAP };

struct vd_yaml {
	enum vd_yaml_kind kind;
	bool plain; /* scalar without quotes: null, true, 12 are what they look like only then */
	struct vd_pos pos;
	struct vd_str
		text; /* scalar; a document's root list or map: its source text, borrowed from the input */
	size_t n;     /* elements or pairs */
	struct vd_yaml **keys;  /* map only, n scalars */
	struct vd_yaml **items; /* n values or elements */
};

/*
 * Parses document after document; *ret_docs (in arena) and *ret_n are set also on failure: those before it.
 * Empty documents are left out.
 */
enum vd_status vd_yaml_parse(struct vd_arena *arena, struct vd_str text, struct vd_yaml ***ret_docs,
	size_t *ret_n, struct vd_err *err) VD_MUST_USE;

/* Borrowed; NULL where map is NULL, no map, or has no such key. */
const struct vd_yaml *vd_yaml_get(const struct vd_yaml *map, const char *key);

/* YAML 1.2 core schema plus what Sigma rules in the wild use (yes/no are strings). */
bool vd_yaml_is_null(const struct vd_yaml *node);             /* plain empty, ~, null, Null, NULL */
bool vd_yaml_bool(const struct vd_yaml *node, bool *ret);     /* plain true/false, any of 3 spellings */
bool vd_yaml_number(const struct vd_yaml *node, double *ret); /* plain int (dec, 0x, 0o) or float */

#endif
