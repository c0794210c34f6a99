/*
 * Builds a set: all items of one field in one route, sorted into tables and database plans.
 */
#ifndef VD_ENGINE_COMPILE_SET_H
#define VD_ENGINE_COMPILE_SET_H

#include "engine/compile/database.h"

struct vd_set_builder;

/* arena: what lives as long as the rule set. */
struct vd_set_builder *vd_set_builder_new(struct vd_arena *arena) VD_MUST_USE;
void vd_set_builder_free(struct vd_set_builder *builder);

/*
 * One set over items (numbers of shared items, ascending); plans of its databases are appended to the builder's
 * list and point into the set.
 */
enum vd_status vd_set_build(struct vd_set_builder *builder, const struct vd_items *items, uint32_t key,
	const uint32_t *numbers, uint32_t n, struct vd_set **ret, struct vd_err *err) VD_MUST_USE;

size_t vd_set_builder_plans(struct vd_set_builder *builder, struct vd_database_plan **ret);

VD_AUTO_DEFINE(vd_set_builder, vd_set_builder_free)

#endif
