/*
 * Builds one route: which rules, their programs, the sets of its fields.
 */
#ifndef VD_ENGINE_COMPILE_ROUTE_H
#define VD_ENGINE_COMPILE_ROUTE_H

#include "engine/compile/program.h"
#include "engine/compile/set.h"

struct vd_route_builder;

struct vd_route_builder *vd_route_builder_new(struct vd_ruleset *set) VD_MUST_USE;
void vd_route_builder_free(struct vd_route_builder *builder);

/* src NULL: every rule.  Appends to the rule set's routes; *ret is the number. */
enum vd_status vd_route_build(struct vd_route_builder *builder, const struct vd_source *src,
	const struct vd_known *known, uint32_t *ret, struct vd_err *err) VD_MUST_USE;

size_t vd_route_builder_plans(struct vd_route_builder *builder, struct vd_database_plan **ret);

VD_AUTO_DEFINE(vd_route_builder, vd_route_builder_free)

#endif
