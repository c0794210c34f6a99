/*
 * The public face of a matcher.
 */
#include "engine/match/matcher.h"

#include "base/mem.h"

#define FETCHED_MAX 2048u
#define CACHE_BYTES (8u * 1024u * 1024u)
#define CACHE_SLOTS 32768u

_Static_assert(VD_LOG_SOURCE_MAX_WORDS == VD_SOURCE_MAX_WORDS, "a log source fits its public face");

static enum vd_status
allot(struct vd_matcher *matcher, struct vd_err *err)
{
	const struct vd_ruleset *set = matcher->set;
	size_t keys = vd_keys_count(set->keys), rules = set->load.n_rules, bits = 1;
	for (size_t i = 0; i < set->n_routes; i++)
		bits = VD_MAX(bits, set->routes[i]->n_bits);
	matcher->parser = vd_event_parser_new(set->keys);
	matcher->cache = vd_cache_new(CACHE_BYTES, CACHE_SLOTS);
	matcher->fieldrefs = vd_fieldrefs_new();
	matcher->arena = vd_arena_new(0);
	matcher->bits = vd_mem_zalloc(bits / 64 + 1, sizeof *matcher->bits);
	matcher->held = vd_mem_zalloc(bits, sizeof *matcher->held);
	matcher->present = vd_mem_zalloc(keys, sizeof *matcher->present);
	matcher->place = vd_mem_zalloc(keys, sizeof *matcher->place);
	matcher->null = vd_mem_zalloc(keys, sizeof *matcher->null);
	matcher->grouped = vd_mem_zalloc(keys, sizeof *matcher->grouped);
	matcher->valued = vd_mem_zalloc(keys, sizeof *matcher->valued);
	matcher->tried = vd_mem_zalloc(rules, sizeof *matcher->tried);
	matcher->later = vd_mem_zalloc(vd_items_count(set->items), sizeof *matcher->later);
	matcher->candidates = vd_mem_zalloc(rules, sizeof *matcher->candidates);
	matcher->matches = vd_mem_zalloc(rules, sizeof *matcher->matches);
	matcher->all_learned = vd_learned_new(set);
	matcher->memos = vd_mem_zalloc(VD_ROUTE_MEMOS, sizeof *matcher->memos);
	if (matcher->parser == NULL || matcher->cache == NULL || matcher->arena == NULL ||
		matcher->fieldrefs == NULL || matcher->bits == NULL || matcher->held == NULL ||
		matcher->present == NULL || matcher->null == NULL || matcher->grouped == NULL ||
		matcher->tried == NULL || matcher->candidates == NULL || matcher->matches == NULL ||
		matcher->memos == NULL || matcher->all_learned == NULL || matcher->later == NULL ||
		matcher->valued == NULL || matcher->place == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a matcher");
	return vd_scan_new(set, matcher->cache, &matcher->scan, err);
}

enum vd_status
vd_matcher_new(struct vd_ruleset *set, struct vd_matcher **ret, struct vd_err *err)
{
	vd_obj_check(set, VD_RULESET_MAGIC);
	VD_AUTO(vd_matcher) matcher = vd_obj_new(struct vd_matcher, VD_MATCHER_MAGIC);
	if (matcher == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a matcher");
	matcher->set = vd_ruleset_ref(set);
	matcher->reference_ms = VD_TIME_UNKNOWN;
	vd_buf_init(&matcher->channel, 0);
	vd_buf_init(&matcher->decoded, 0);
	vd_buf_init(&matcher->captured, 0);
	enum vd_status st = allot(matcher, err);
	if (st != VD_OK)
		return st;
	*ret = vd_matcher_take(&matcher);
	return VD_OK;
}

void
vd_matcher_free(struct vd_matcher *matcher)
{
	if (matcher == NULL)
		return;
	vd_obj_check(matcher, VD_MATCHER_MAGIC);
	vd_event_parser_free(matcher->parser);
	vd_cache_free(matcher->cache);
	vd_scan_free(matcher->scan);
	vd_fieldrefs_free(matcher->fieldrefs);
	vd_arena_free(matcher->arena);
	vd_mem_free(matcher->bits);
	vd_mem_free(matcher->held);
	vd_mem_free(matcher->present);
	vd_mem_free(matcher->null);
	vd_mem_free(matcher->place);
	vd_mem_free(matcher->grouped);
	vd_mem_free(matcher->valued);
	vd_mem_free(matcher->tried);
	vd_mem_free(matcher->later);
	vd_mem_free(matcher->candidates);
	vd_mem_free(matcher->matches);
	vd_learned_free(matcher->all_learned);
	vd_mem_free(matcher->memos);
	vd_mem_free(matcher->evidence);
	vd_buf_fini(&matcher->channel);
	vd_buf_fini(&matcher->decoded);
	vd_buf_fini(&matcher->captured);
	vd_ruleset_unref(matcher->set);
	vd_obj_free(matcher);
}

/* Events mostly stand one behind the other: the next one is fetched while rules look at this one. */
static void
fetch_next(struct vd_str text)
{
	size_t n = VD_MIN(text.len, FETCHED_MAX);
	for (size_t i = 0; i < n; i += 64)
		VD_PREFETCH((const void *)((uintptr_t)text.at + text.len + i));
}

enum vd_status
vd_matcher_event(
	struct vd_matcher *matcher, struct vd_str text, struct vd_match_result *ret, struct vd_err *err)
{
	vd_obj_check(matcher, VD_MATCHER_MAGIC);
	matcher->has_event = false;
	matcher->has_asked = false;
	enum vd_status st = vd_event_parse(matcher->parser, text, &matcher->event, err);
	fetch_next(text);
	if (st == VD_OK)
		st = vd_matcher_run(matcher, err);
	if (st != VD_OK)
		return st;
	matcher->has_event = true;
	*ret = (struct vd_match_result){matcher->n_matches, matcher->matches, matcher->event.repaired};
	return VD_OK;
}

bool
vd_matcher_time(struct vd_matcher *matcher, int64_t *ret_ms)
{
	vd_obj_check(matcher, VD_MATCHER_MAGIC);
	return matcher->has_event && vd_event_time(&matcher->event, matcher->reference_ms, ret_ms);
}

void
vd_matcher_set_reference(struct vd_matcher *matcher, int64_t reference_ms)
{
	vd_obj_check(matcher, VD_MATCHER_MAGIC);
	matcher->reference_ms = reference_ms;
}

struct vd_str
vd_matcher_host(struct vd_matcher *matcher)
{
	vd_obj_check(matcher, VD_MATCHER_MAGIC);
	vd_buf_reset(&matcher->decoded);
	return matcher->has_event ? vd_event_host(&matcher->event, &matcher->decoded)
				  : (struct vd_str){"", 0};
}

bool
vd_matcher_field(struct vd_matcher *matcher, struct vd_str name, struct vd_str *ret)
{
	vd_obj_check(matcher, VD_MATCHER_MAGIC);
	const struct vd_field *field = matcher->has_event ? vd_event_find_name(&matcher->event, name) : NULL;
	if (field == NULL)
		return false;
	vd_buf_reset(&matcher->decoded);
	*ret = vd_field_text(field, &matcher->decoded);
	return true;
}

static const struct vd_source *
ask_source(struct vd_matcher *matcher)
{
	if (!matcher->has_asked)
		vd_matcher_source(matcher, &matcher->asked);
	matcher->has_asked = true;
	return &matcher->asked;
}

bool
vd_matcher_routed(struct vd_matcher *matcher, uint32_t rule)
{
	vd_obj_check(matcher, VD_MATCHER_MAGIC);
	if (!matcher->has_event || rule >= matcher->set->load.n_rules)
		return false;
	if (!matcher->set->routing)
		return true;
	return vd_logsource_allows(&matcher->set->load.rules[rule]->logsource, ask_source(matcher));
}

struct vd_log_source
vd_matcher_log_source(struct vd_matcher *matcher)
{
	vd_obj_check(matcher, VD_MATCHER_MAGIC);
	struct vd_log_source ret = {0};
	if (!matcher->has_event)
		return ret;
	const struct vd_source *src = ask_source(matcher);
	ret.known = src->known;
	ret.product = src->product;
	for (; ret.n_categories < src->n_categories; ret.n_categories++)
		ret.categories[ret.n_categories] = src->categories[ret.n_categories];
	for (; ret.n_services < src->n_services; ret.n_services++)
		ret.services[ret.n_services] = src->services[ret.n_services];
	return ret;
}

struct vd_matcher_limits
vd_matcher_limits(const struct vd_matcher *matcher)
{
	vd_obj_check(matcher, VD_MATCHER_MAGIC);
	struct vd_matcher_limits limits = matcher->limits;
	limits.searches += vd_scan_limited(matcher->scan);
	return limits;
}
