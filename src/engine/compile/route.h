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

/* Numbers of rules, ascending. */
struct vd_rule_list {
	const uint32_t *rules;
	size_t n;
};

/*
 * Appends to the rule set's routes; *ret is the number.  src NULL: every rule.  among: the only rules that need be
 * looked at, all of which may see src; NULL: every rule is.
 */
enum vd_status vd_route_build(struct vd_route_builder *builder, const struct vd_source *src,
	const struct vd_known *known, const struct vd_rule_list *among, uint32_t *ret,
	struct vd_err *err) VD_MUST_USE;

/* The rules a route would have; to has room for all of the set.  False: out of memory. */
bool vd_route_live(struct vd_route_builder *builder, const struct vd_source *src,
	const struct vd_known *known, uint32_t *to, size_t *ret_n) VD_MUST_USE;

/* What the routes so far cost in time and memory, by the size of their rules, items, and sets of items. */
uint64_t vd_route_builder_work(const struct vd_route_builder *builder);

VD_AUTO_DEFINE(vd_route_builder, vd_route_builder_free)

#endif
