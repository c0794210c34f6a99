/*
 * Any bytes through the YAML reader: places are inside the text, keys are unique scalars, trees stay in bounds.
 */
#include "engine/sigma/yaml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check(const struct vd_yaml *node, size_t text_len, size_t depth, size_t *nodes)
{
	must(++*nodes <= VD_YAML_MAX_NODES);
	must(depth <= VD_YAML_MAX_DEPTH + 1);
	must(node->pos.line > 0 && node->pos.column > 0);
	must(node->pos.line <= text_len + 1 && node->pos.column <= text_len + 1);
	for (size_t i = 0; i < node->n; i++) {
		if (node->kind == VD_YAML_MAP) {
			must(node->keys[i]->kind == VD_YAML_SCALAR);
			must(i == 0 || !vd_str_eq(node->keys[i]->text, node->keys[i - 1]->text));
			++*nodes;
		}
		check(node->items[i], text_len, depth + 1, nodes);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_yaml **docs;
	size_t n_docs;
	struct vd_err err = VD_ERR_INIT;
	if (arena == NULL)
		return 0;
	enum vd_status st =
		vd_yaml_parse(arena, (struct vd_str){(const char *)bytes, n}, &docs, &n_docs, &err);
	must(st == VD_OK || (err.text[0] != '\0' && err.line > 0 && err.column > 0));
	for (size_t i = 0; i < n_docs; i++) {
		size_t nodes = 0;
		check(docs[i], n, 1, &nodes);
	}
	return 0;
}
