/*
 * The public face of a correlator: joins what a matcher saw to the correlation core.
 *
 * Captured bytes, host byte order, between threads of one process only: per correlated rule that matched
 *   u32 rule, u32 fields, then per field u32 values, then per value u8 type, u32 length, bytes
 */
#include "engine/correlate/correlate.h"
#include "engine/match/matcher.h"

#include "base/mem.h"

#define FIELDS_MAX                                                                                           \
	64u /* of one rule; values beyond VALUES_MAX of one field are cut: no rule groups by so many */
#define VALUES_MAX 1024u

struct vd_correlator {
	uint32_t magic;
#define VD_CORRELATOR_MAGIC 0x636f7272u
	struct vd_ruleset *set;
	struct vd_corr_core *core;
	struct vd_buf state;
	struct vd_arena *arena; /* of one feed */
};

VD_AUTO_DEFINE(vd_correlator, vd_correlator_free)

enum vd_status
vd_correlator_new(struct vd_ruleset *set, const struct vd_correlator_options *options,
	struct vd_correlator **ret, struct vd_err *err)
{
	vd_obj_check(set, VD_RULESET_MAGIC);
	VD_AUTO(vd_correlator) correlator = vd_obj_new(struct vd_correlator, VD_CORRELATOR_MAGIC);
	if (correlator == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a correlator");
	correlator->set = vd_ruleset_ref(set);
	vd_buf_init(&correlator->state, 0);
	correlator->arena = vd_arena_new(0);
	if (correlator->arena == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a correlator");
	enum vd_status st = vd_corr_core_new(set->plan, options, &correlator->core, err);
	if (st != VD_OK)
		return st;
	*ret = vd_correlator_take(&correlator);
	return VD_OK;
}

void
vd_correlator_free(struct vd_correlator *correlator)
{
	if (correlator == NULL)
		return;
	vd_obj_check(correlator, VD_CORRELATOR_MAGIC);
	vd_corr_core_free(correlator->core);
	vd_arena_free(correlator->arena);
	vd_buf_fini(&correlator->state);
	vd_ruleset_unref(correlator->set);
	vd_obj_free(correlator);
}

/* ---- capture ---- */

static void
put_u32(struct vd_buf *to, uint32_t n)
{
	vd_buf_add(to, &n, sizeof n);
}

static void
capture_field(struct vd_matcher *matcher, uint32_t key)
{
	static const uint8_t types[] = {[VD_F_NULL] = VD_CORR_NULL,
		[VD_F_BOOL] = VD_CORR_BOOL,
		[VD_F_NUMBER] = VD_CORR_NUMBER,
		[VD_F_STRING] = VD_CORR_STRING};
	struct vd_buf *to = &matcher->captured;
	size_t count_at = to->len;
	uint32_t n = 0;
	put_u32(to, 0);
	for (size_t i = 0; i < matcher->event.n && n < VALUES_MAX; i++) {
		const struct vd_field *field = &matcher->event.fields[i];
		if (field->key != key || field->type >= VD_F_OBJECT)
			continue;
		vd_buf_reset(&matcher->decoded);
		struct vd_str text = vd_field_text(field, &matcher->decoded);
		vd_buf_char(to, (char)types[field->type]);
		put_u32(to, (uint32_t)text.len);
		vd_buf_str(to, text);
		n++;
	}
	if (!to->failed)
		memcpy(to->at + count_at, &n, sizeof n);
}

enum vd_status
vd_matcher_capture(struct vd_matcher *matcher, const struct vd_correlator *correlator, struct vd_str *ret,
	struct vd_err *err)
{
	vd_obj_check(matcher, VD_MATCHER_MAGIC);
	vd_obj_check(correlator, VD_CORRELATOR_MAGIC);
	const struct vd_corr_plan *plan = correlator->set->plan;
	vd_buf_reset(&matcher->captured);
	for (uint32_t m = 0; matcher->has_event && m < matcher->n_matches; m++) {
		uint32_t rule = matcher->matches[m];
		if (!vd_corr_plan_wants(plan, rule))
			continue;
		const struct vd_str *fields;
		size_t n = vd_corr_plan_fields(plan, rule, &fields);
		put_u32(&matcher->captured, rule);
		put_u32(&matcher->captured, (uint32_t)n);
		for (size_t i = 0; i < n; i++)
			capture_field(matcher, vd_keys_find(matcher->set->keys, fields[i]));
	}
	if (matcher->captured.failed)
		return vd_fail(err, VD_ENOMEM, "no memory for what correlations need of an event");
	*ret = vd_buf_view(&matcher->captured);
	return VD_OK;
}

/* ---- feeding ---- */

static bool
get_u32(struct vd_str *from, uint32_t *ret)
{
	if (from->len < sizeof *ret)
		return false;
	memcpy(ret, from->at, sizeof *ret);
	from->at += sizeof *ret;
	from->len -= sizeof *ret;
	return true;
}

static bool
get_value(struct vd_str *from, struct vd_corr_value *ret)
{
	uint32_t len;
	if (from->len < 1)
		return false;
	ret->type = (enum vd_corr_value_type)(unsigned char)from->at[0];
	from->at++;
	from->len--;
	if (!get_u32(from, &len) || from->len < len)
		return false;
	ret->text = (struct vd_str){from->at, len};
	from->at += len;
	from->len -= len;
	return true;
}

static bool
get_field(struct vd_arena *arena, struct vd_str *from, struct vd_corr_field *ret)
{
	uint32_t n;
	if (!get_u32(from, &n) || n > VALUES_MAX)
		return false;
	struct vd_corr_value *values = vd_arena_array(arena, n, sizeof *values);
	if (values == NULL)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!get_value(from, &values[i]))
			return false;
	*ret = (struct vd_corr_field){n, values};
	return true;
}

static enum vd_status
feed_rule(struct vd_correlator *correlator, struct vd_str *from, struct vd_corr_input *input, bool has_time,
	struct vd_err *err)
{
	uint32_t rule, n;
	if (!get_u32(from, &rule) || !get_u32(from, &n) || rule >= correlator->set->load.n_rules)
		return vd_fail(err, VD_EINPUT, "captured bytes are not of this rule set");
	struct vd_corr_field *fields = vd_arena_array(correlator->arena, n, sizeof *fields);
	if (fields == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for what correlations need of an event");
	for (uint32_t i = 0; i < n; i++)
		if (!get_field(correlator->arena, from, &fields[i]))
			return vd_fail(err, VD_EINPUT, "captured bytes end early");
	if (!has_time) {
		vd_corr_core_count_untimed(correlator->core, rule);
		return VD_OK;
	}
	input->rule = rule;
	input->fields = fields;
	return vd_corr_core_feed(correlator->core, input, err);
}

enum vd_status
vd_correlator_feed_captured(struct vd_correlator *correlator, struct vd_str captured, bool has_time,
	int64_t time_ms, struct vd_event_ref ref, struct vd_err *err)
{
	vd_obj_check(correlator, VD_CORRELATOR_MAGIC);
	struct vd_corr_input input = {.t = time_ms, .ref = ref};
	vd_arena_reset(correlator->arena);
	while (captured.len > 0) {
		enum vd_status st = feed_rule(correlator, &captured, &input, has_time, err);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

enum vd_status
vd_correlator_feed(struct vd_correlator *correlator, struct vd_matcher *matcher, int64_t time_ms,
	struct vd_event_ref ref, struct vd_err *err)
{
	struct vd_str captured;
	enum vd_status st = vd_matcher_capture(matcher, correlator, &captured, err);
	return st == VD_OK ? vd_correlator_feed_captured(correlator, captured, true, time_ms, ref, err) : st;
}

/* ---- the rest is the core's ---- */

enum vd_status
vd_correlator_advance(struct vd_correlator *correlator, int64_t watermark_ms, vd_finding_fn fn, void *owner,
	struct vd_err *err)
{
	vd_obj_check(correlator, VD_CORRELATOR_MAGIC);
	return vd_corr_core_advance(correlator->core, watermark_ms, fn, owner, err);
}

enum vd_status
vd_correlator_finish(struct vd_correlator *correlator, vd_finding_fn fn, void *owner, struct vd_err *err)
{
	vd_obj_check(correlator, VD_CORRELATOR_MAGIC);
	return vd_corr_core_finish(correlator->core, fn, owner, err);
}

enum vd_status
vd_correlator_save(struct vd_correlator *correlator, struct vd_str *ret, struct vd_err *err)
{
	vd_obj_check(correlator, VD_CORRELATOR_MAGIC);
	vd_buf_reset(&correlator->state);
	enum vd_status st = vd_corr_core_save(correlator->core, &correlator->state, err);
	if (st == VD_OK)
		*ret = vd_buf_view(&correlator->state);
	return st;
}

enum vd_status
vd_correlator_restore(struct vd_correlator *correlator, struct vd_str bytes, struct vd_err *err)
{
	vd_obj_check(correlator, VD_CORRELATOR_MAGIC);
	return vd_corr_core_restore(correlator->core, bytes, err);
}

struct vd_correlator_counts
vd_correlator_counts(const struct vd_correlator *correlator)
{
	vd_obj_check(correlator, VD_CORRELATOR_MAGIC);
	return vd_corr_core_counts(correlator->core, SIZE_MAX);
}

struct vd_correlator_counts
vd_correlator_rule_counts(const struct vd_correlator *correlator, size_t rule)
{
	vd_obj_check(correlator, VD_CORRELATOR_MAGIC);
	size_t single = correlator->set->load.n_rules;
	if (rule < single || rule >= single + correlator->set->load.n_corrs)
		return (struct vd_correlator_counts){0};
	return vd_corr_core_counts(correlator->core, rule - single);
}

struct vd_correlator_limits
vd_correlator_rule_limits(const struct vd_correlator *correlator, size_t rule)
{
	vd_obj_check(correlator, VD_CORRELATOR_MAGIC);
	size_t single = correlator->set->load.n_rules;
	if (rule < single || rule >= single + correlator->set->load.n_corrs)
		return (struct vd_correlator_limits){0};
	return vd_corr_core_limits(correlator->core, rule - single);
}
