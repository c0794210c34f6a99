/*
 * Any bytes as saved state of correlations: restored or refused, never a crash; what was restored runs on and can
 * be saved.  The head (magic to tenant) and the digest are put around the input here, so that the fuzzer works on
 * what is behind them.
 */
#include <nettle/sha2.h>

#include "engine/correlate/correlate.h"
#include "engine/correlate/plan.h"
#include "engine/correlate/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define SPAN 60000 /* ms */

static struct vd_str group_u[] = {{"U", 1}}, group_h[] = {{"H", 1}}, field_s[] = {{"S", 1}},
		     field_b[] = {{"B", 1}};

static struct vd_corr corrs[] = {
	{.type = VD_CORR_EVENT_COUNT,
		.n_rules = 1,
		.n_group = 1,
		.group = group_u,
		.timespan_ms = SPAN,
		.n_criteria = 1,
		.criteria = {{VD_CMP_GTE, 2}}},
	{.type = VD_CORR_VALUE_COUNT,
		.n_rules = 1,
		.n_group = 1,
		.group = group_u,
		.timespan_ms = SPAN,
		.n_criteria = 1,
		.criteria = {{VD_CMP_LT, 3}},
		.n_fields = 1,
		.fields = field_s},
	{.type = VD_CORR_TEMPORAL_ORDERED, .n_rules = 2, .n_group = 1, .group = group_h, .timespan_ms = SPAN},
	{.type = VD_CORR_VALUE_SUM,
		.n_rules = 1,
		.timespan_ms = SPAN,
		.n_criteria = 1,
		.criteria = {{VD_CMP_GT, 5}},
		.n_fields = 1,
		.fields = field_b},
	{.type = VD_CORR_VALUE_MEDIAN,
		.n_rules = 2,
		.n_group = 1,
		.group = group_u,
		.timespan_ms = SPAN,
		.n_criteria = 1,
		.criteria = {{VD_CMP_GTE, 1}},
		.n_fields = 1,
		.fields = field_b},
};

/* References: 0 and 1 are the base rules, 2 and up the correlations. */
static size_t refs_0[] = {0}, refs_1[] = {0}, refs_2[] = {2, 1}, refs_3[] = {0}, refs_4[] = {1, 5};
static size_t *refs[] = {refs_0, refs_1, refs_2, refs_3, refs_4};

static struct vd_rule base[] = {{.name = {"ra", 2}}, {.name = {"rb", 2}}};
static struct vd_rule above[VD_ARRAY_LEN(corrs)];
static struct vd_rule *base_list[VD_ARRAY_LEN(base)], *above_list[VD_ARRAY_LEN(corrs)];

static struct vd_corr_plan *
make_plan(void)
{
	for (size_t i = 0; i < VD_ARRAY_LEN(base); i++)
		base_list[i] = &base[i];
	for (size_t i = 0; i < VD_ARRAY_LEN(corrs); i++) {
		above[i] = (struct vd_rule){.kind = VD_DOC_CORRELATION, .corr = &corrs[i]};
		above_list[i] = &above[i];
	}
	struct vd_load_result load = {.n_rules = VD_ARRAY_LEN(base),
		.rules = base_list,
		.n_corrs = VD_ARRAY_LEN(corrs),
		.corrs = above_list,
		.refs = refs};
	struct vd_corr_plan *plan = NULL;
	struct vd_err err = {0};
	return vd_corr_plan_new(&load, &plan, &err) == VD_OK ? plan : NULL;
}

static void
wrap(const struct vd_corr_plan *plan, const uint8_t *bytes, size_t n, struct vd_buf *to)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;
	vd_buf_text(to, "VDCS");
	vd_corr_put_u32(to, 1);
	vd_buf_add(to, plan->identity, sizeof plan->identity);
	vd_corr_put_str(to, VD_S(""));
	vd_buf_add(to, bytes, n);
	if (to->failed)
		return;
	sha256_init(&sha);
	sha256_update(&sha, to->len, (const uint8_t *)to->at);
	sha256_digest(&sha, sizeof digest, digest);
	vd_buf_add(to, digest, sizeof digest / 2);
}

static enum vd_status
take(void *owner, const struct vd_finding *finding)
{
	uint64_t *sum = owner;
	for (size_t i = 0; i < finding->n_events; i++)
		*sum += finding->events[i].line + finding->events[i].source.len;
	for (size_t i = 0; i < finding->n_group; i++)
		*sum += finding->group[i].value.len;
	return VD_OK;
}

static void
run_on(const struct vd_corr_plan *plan, struct vd_corr_core *core)
{
	struct vd_err err = {0};
	uint64_t sum = 0;
	struct vd_corr_value value = {VD_S("a"), VD_CORR_STRING};
	struct vd_corr_field fields[8] = {{1, &value}, {1, &value}, {1, &value}, {1, &value}, {1, &value}};
	for (size_t rule = 0; rule < VD_ARRAY_LEN(base); rule++) {
		const struct vd_str *names;
		struct vd_corr_input input = {
			.rule = rule, .t = 1000, .ref = {VD_S("f"), rule}, .fields = fields};
		if (vd_corr_plan_fields(plan, rule, &names) > VD_ARRAY_LEN(fields) ||
			vd_corr_core_feed(core, &input, &err) != VD_OK)
			return;
	}
	VD_AUTO_FINI(vd_buf) saved;
	vd_buf_init(&saved, 0);
	if (vd_corr_core_advance(core, 2000, take, &sum, &err) != VD_OK ||
		vd_corr_core_save(core, &saved, &err) != VD_OK ||
		vd_corr_core_restore(core, vd_buf_view(&saved), &err) != VD_OK ||
		vd_corr_core_finish(core, take, &sum, &err) != VD_OK)
		__builtin_trap(); /* what was restored must run, and what was saved must be readable */
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct vd_corr_plan *plan;
	if (plan == NULL && (plan = make_plan()) == NULL)
		return 0;
	VD_AUTO(vd_corr_core) core = NULL;
	VD_AUTO_FINI(vd_buf) state;
	struct vd_err err = {0};
	vd_buf_init(&state, 0);
	wrap(plan, bytes, n, &state);
	if (state.failed || vd_corr_core_new(plan, &(struct vd_correlator_options){0}, &core, &err) != VD_OK)
		return 0;
	if (vd_corr_core_restore(core, vd_buf_view(&state), &err) == VD_OK)
		run_on(plan, core);
	return 0;
}
