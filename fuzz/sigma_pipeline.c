/*
 * Any bytes as a pipeline, applied to rules that have a little of everything: it is refused with words and a
 * line, or each rule ends rejected with a reason or within the bounds of a rule.
 */
#include "engine/sigma/pipeline.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define MEMORY_MAX (256u << 20) /* bytes of one input; running out of them is no finding */

static const char rules[] =
	"title: a\n"
	"level: high\n"
	"tags: [attack.t1059]\n"
	"logsource: {product: windows, category: process_creation}\n"
	"detection:\n"
	"  a: {Image: 'C:\\*\\cmd.exe', 'CommandLine|contains|all': [a, 'b?c'], 'User|fieldref': Owner, "
	"Gone: null}\n"
	"  b:\n"
	"    - 'Hashes|contains': ['MD5=0123', 'SHA256=4567', zz]\n"
	"    - {'Path|expand': '%dirs%\\x%y%', 'Port|gt': 5, 'Name|re': 'a+b', 'Net|cidr': 10.0.0.0/8}\n"
	"  c: [keyword, 'other*']\n"
	"  condition: a and (1 of b* or not c)\n"
	"---\n"
	"title: b\n"
	"name: b\n"
	"logsource: {service: sshd}\n"
	"detection: {a: {'A|neq': [x, y], B: 5}, condition: [a, not a]}\n"
	"---\n"
	"title: c\n"
	"correlation: {type: event_count, rules: [b], group-by: [A], timespan: 5m, condition: {gte: 3}}\n"
	"---\n"
	"title: d\n"
	"logsource: {product: windows}\n"
	"filter: {rules: any, a: {User: adm}, condition: not a}\n";

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check(const struct vd_rule *rule)
{
	size_t items = 0, values = 0;
	if (rule->verdict == VD_REJECTED) {
		must(rule->code.len != 0 && rule->message.len != 0);
		return;
	}
	must(rule->kind == VD_DOC_CORRELATION || rule->expr != NULL);
	if (rule->expr == NULL)
		return;
	vd_expr_count(rule->expr, &items, &values);
	must(items > 0 && items <= VD_RULE_MAX_ITEMS && vd_expr_depth(rule->expr) <= VD_RULE_MAX_EXPR_DEPTH);
}

static void
apply(struct vd_arena *arena, struct vd_pipeline *pipeline, const struct vd_yaml *doc)
{
	struct vd_rule *rule = NULL;
	struct vd_err err = VD_ERR_INIT;
	struct vd_str field = {0};
	struct vd_pipeline *const twice[] = {pipeline, pipeline};
	enum vd_status st = vd_rule_parse(arena, VD_S("rule"), doc, &rule, &err);
	if (st == VD_OK) {
		must(rule->verdict != VD_REJECTED);
		st = vd_pipelines_apply(arena, twice, VD_ARRAY_LEN(twice), rule, &err);
	}
	must(st == VD_OK || st == VD_ENOMEM);
	if (st != VD_OK)
		return;
	check(rule);
	st = vd_pipelines_field(arena, twice, VD_ARRAY_LEN(twice), rule, VD_S("User"), &field, &err);
	must(st != VD_OK || field.at != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(MEMORY_MAX);
	struct vd_pipeline *pipeline = NULL;
	struct vd_yaml **docs = NULL;
	struct vd_err err = VD_ERR_INIT;
	size_t n_docs = 0;
	if (arena == NULL)
		return 0;
	struct vd_str text = {(const char *)bytes, n};
	enum vd_status st = vd_pipeline_parse(arena, VD_S("p"), text, &pipeline, &err);
	must(st == VD_OK || err.text[0] != '\0');
	must(st != VD_EINPUT || err.line > 0);
	if (st != VD_OK || vd_yaml_parse(arena, vd_str_from(rules), &docs, &n_docs, &err) != VD_OK)
		return 0;
	for (size_t i = 0; i < n_docs; i++)
		apply(arena, pipeline, docs[i]);
	return 0;
}
