/*
 * Builds a set: all items of one field in one route, sorted into tables.
 */
#ifndef VD_ENGINE_COMPILE_SET_H
#define VD_ENGINE_COMPILE_SET_H

#include "engine/compile/compile.h"

struct vd_set_builder;

/* arena: what lives as long as the rule set. */
struct vd_set_builder *vd_set_builder_new(struct vd_arena *arena) VD_MUST_USE;
void vd_set_builder_free(struct vd_set_builder *builder);

/* One set over items: numbers of shared items, ascending. */
enum vd_status vd_set_build(struct vd_set_builder *builder, const struct vd_items *items, uint32_t key,
	const uint32_t *numbers, uint32_t n, struct vd_set **ret, struct vd_err *err) VD_MUST_USE;

VD_AUTO_DEFINE(vd_set_builder, vd_set_builder_free)

#endif
