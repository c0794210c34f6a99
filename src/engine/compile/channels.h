/*
 * The routes of Windows channels: one for each (channel, event id) that differs from the channel's others, be it by
 * logsource.def or because a rule names the id, and one for the rest of each channel.
 *
 * A route of its own for an id that a rule names only spares work, so it is bounded: VD_CHANNELS_WORK.  What is over
 * it goes the way of the channel's rest, which then takes no id for one that no rule names.
 */
#ifndef VD_ENGINE_COMPILE_CHANNELS_H
#define VD_ENGINE_COMPILE_CHANNELS_H

#include "engine/compile/route.h"

/*
 * What the routes of ids that rules name may cost (vd_route_builder_work): 3,700 rules of SigmaHQ cost a third.  A
 * channel may take half of what those before it left.
 */
#define VD_CHANNELS_WORK ((uint64_t)1 << 24)

/* Fills set->channel_slots. */
enum vd_status vd_channels_build(
	struct vd_ruleset *set, struct vd_route_builder *builder, struct vd_err *err) VD_MUST_USE;

#endif
