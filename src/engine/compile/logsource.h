/*
 * Log sources: what an event's source is, and whether a rule's logsource allows it.  The facts are rows of
 * logsource.def; docs/logsources.md explains them.
 *
 * The principle: a rule is kept from an event only when the event's recognised source contradicts it.  An
 * unknown source allows every rule, and a rule's word that no row knows (category: test) excludes nothing.
 *
 * Windows events go by channel and event id (vd_logsource_channel, vd_logsource_windows), all others by the
 * first row whose tests their fields pass (vd_logsource_class); an event that names its own logsource is
 * believed (vd_logsource_explicit).
 *
 * Memory: nothing is allocated; all text in struct vd_source is static.  Thread: any.
 */
#ifndef VD_ENGINE_COMPILE_LOGSOURCE_H
#define VD_ENGINE_COMPILE_LOGSOURCE_H

#include "engine/sigma/rule.h"
#include "event/event.h"

#define VD_SOURCE_MAX_WORDS 8u

struct vd_source {
	bool known;            /* false: nothing was recognised, the rest is empty */
	bool any_category;     /* not told: no category is excluded */
	bool any_service;      /* likewise */
	struct vd_str product; /* empty: not told */
	size_t n_categories;
	size_t n_services;
	struct vd_str categories[VD_SOURCE_MAX_WORDS];
	struct vd_str services[VD_SOURCE_MAX_WORDS];
};

/* A NULL or unknown source allows everything. */
bool vd_logsource_allows(const struct vd_logsource *rule, const struct vd_source *src);

/* ---- Windows (and Sysmon for Linux): by channel and event id ---- */

enum vd_logsource_found {
	VD_LOGSOURCE_NONE,    /* it is no event of an event log */
	VD_LOGSOURCE_CHANNEL, /* it is */
	VD_LOGSOURCE_SEVERAL, /* it names different channels or event ids: none is to be believed */
};

/*
 * The channel and the event id (empty: none) an event names: Channel or winlog.channel, else the channel of a
 * known provider.  Of several values those of Event.System decide.  A channel no row knows counts only beside an
 * event id.  *ret_…: only for CHANNEL; borrowed from the event, or from buf where the text was escaped.
 */
enum vd_logsource_found vd_logsource_channel(const struct vd_event *ev, struct vd_buf *buf,
	struct vd_str *ret_channel, struct vd_str *ret_event_id) VD_MUST_USE;

/* The source of such an event; a channel no row knows is Windows without service and category. */
void vd_logsource_windows(struct vd_str channel, struct vd_str event_id, struct vd_source *ret);

/*
 * Every (channel, event id) whose source differs from the channel's others, and (channel, "") for the rest of
 * each channel.  Writes at most cap of them and returns how many there are.
 */
struct vd_logsource_route {
	struct vd_str channel;
	struct vd_str event_id; /* empty: any other */
};
size_t vd_logsource_routes(struct vd_logsource_route *ret, size_t cap);

/* ---- others: by fields ---- */

#define VD_LOGSOURCE_UNKNOWN 0u
#define VD_LOGSOURCE_EXPLICIT 1u /* ask vd_logsource_explicit */

/* A dense number below vd_logsource_classes(). */
uint32_t vd_logsource_class(const struct vd_event *ev);
uint32_t vd_logsource_classes(void);
/* UNKNOWN and EXPLICIT give an unknown source. */
void vd_logsource_describe(uint32_t source_class, struct vd_source *ret);
const char *vd_logsource_class_name(uint32_t source_class); /* as in logsource.def; "" if there is none */

/*
 * The source an event names itself: logsource.product/.category/.service or product/category/service, where
 * the values are known words (category and service without a product only where Sigma uses them so).  Returns
 * 0 if it names none; else a number that is the same for the same source, below VD_LOGSOURCE_EXPLICIT_MAX.
 */
#define VD_LOGSOURCE_EXPLICIT_MAX (1u << 30)
uint32_t vd_logsource_explicit(const struct vd_event *ev, struct vd_source *ret);

#endif
