#include "vd_test.h"

#include <stdio.h>

#include "engine/sigma/load.h"
#include "engine/sigma/pipeline.h"

/* ---- a rule, a pipeline, and what came of them as a line of text ---- */

static void
show_atom(struct vd_buf *out, const struct vd_atom *atom)
{
	VD_AUTO_FINI(vd_pipe_shown) shown = {0};
	switch (atom->kind) {
	case VD_ATOM_PATTERN:
		vd_pipe_shown_add(&shown, atom->tokens, atom->n_tokens, true);
		vd_buf_str(out, vd_buf_view(&shown.text));
		break;
	case VD_ATOM_REGEX:
		vd_buf_printf(out, "/%.*s/", (int)atom->text.len, atom->text.at);
		break;
	case VD_ATOM_NULL:
		vd_buf_text(out, "null");
		break;
	case VD_ATOM_EXISTS:
		vd_buf_text(out, atom->wanted ? "exists" : "absent");
		break;
	case VD_ATOM_FIELDREF:
		vd_buf_printf(out, "@%.*s", (int)atom->text.len, atom->text.at);
		break;
	default:
		vd_buf_printf(out, "kind %d", (int)atom->kind);
	}
}

/* field=a|b; & for all; alternatives of one value with /; != where it is negated */
static void
show_item(struct vd_buf *out, const struct vd_item *item)
{
	vd_buf_str(out, item->field);
	vd_buf_text(out, item->negate ? "!=" : "=");
	for (size_t i = 0; i < item->n; i++) {
		for (size_t k = 0; k < item->values[i].n; k++) {
			if (i + k != 0)
				vd_buf_char(out, k != 0 ? '/' : item->all ? '&' : '|');
			show_atom(out, &item->values[i].atoms[k]);
		}
	}
}

static void
show_expr(struct vd_buf *out, const struct vd_expr *expr)
{
	static const char *const names[] = {"and", "or", "not"};
	if (expr->kind == VD_EXPR_ITEM) {
		show_item(out, expr->item);
		return;
	}
	bool plain = expr->kind == VD_EXPR_NAMED || (expr->n == 1 && expr->kind != VD_EXPR_NOT);
	if (!plain)
		vd_buf_printf(out, "%s(", names[expr->kind]);
	for (size_t i = 0; i < expr->n; i++) {
		if (i != 0)
			vd_buf_text(out, ", ");
		show_expr(out, expr->kids[i]);
	}
	if (!plain)
		vd_buf_char(out, ')');
}

/* Text in YAML flow style is easiest to read beside its result. */
static struct vd_rule *
rule_of(struct vd_arena *arena, const char *yaml)
{
	struct vd_yaml **docs = NULL;
	struct vd_rule *rule = NULL;
	struct vd_err err = VD_ERR_INIT;
	size_t n = 0;
	if (vd_yaml_parse(arena, vd_str_from(yaml), &docs, &n, &err) != VD_OK || n != 1)
		fail_msg("not YAML: %s: %s", err.text, yaml);
	if (vd_rule_parse(arena, VD_S("rule.yml"), docs[0], &rule, &err) != VD_OK)
		fail_msg("not a rule: %s", err.text);
	if (rule->verdict == VD_REJECTED)
		fail_msg("rejected: %.*s: %s", (int)rule->message.len, rule->message.at, yaml);
	return rule;
}

static struct vd_rule *
rule_with(struct vd_arena *arena, const char *detection)
{
	char yaml[2048];
	(void)snprintf(yaml, sizeof yaml,
		"{title: t, id: 5013198a-ff8c-4be1-b9ed-4d0f8b4d0c11, status: test, level: high, author: me, "
		"tags: [attack.t1059],\n"
		" logsource: {product: windows, category: process_creation},\n detection: %s}",
		detection);
	return rule_of(arena, yaml);
}

static struct vd_pipeline *
pipeline_of(struct vd_arena *arena, const char *yaml)
{
	struct vd_pipeline *pipeline = NULL;
	struct vd_err err = VD_ERR_INIT;
	if (vd_pipeline_parse(arena, VD_S("p.yml"), vd_str_from(yaml), &pipeline, &err) != VD_OK)
		fail_msg("refused: %s: %s", err.text, yaml);
	return pipeline;
}

static void
apply(struct vd_arena *arena, const char *const *yamls, size_t n, struct vd_rule *rule)
{
	struct vd_pipeline *pipelines[8];
	struct vd_err err = VD_ERR_INIT;
	for (size_t i = 0; i < n; i++)
		pipelines[i] = pipeline_of(arena, yamls[i]);
	if (vd_pipelines_apply(arena, pipelines, n, rule, &err) != VD_OK)
		fail_msg("not applied: %s", err.text);
}

static void
becomes(const char *detection, const char *pipeline, const char *want)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	VD_AUTO_FINI(vd_buf) got = {0};
	assert_non_null(arena);
	struct vd_rule *rule = rule_with(arena, detection);
	apply(arena, &pipeline, 1, rule);
	if (rule->verdict == VD_REJECTED)
		vd_buf_printf(&got, "%.*s: %.*s", (int)rule->code.len, rule->code.at, (int)rule->message.len,
			rule->message.at);
	else
		show_expr(&got, rule->expr);
	assert_string_equal(got.at, want);
}

/* One step; the pipeline around it adds nothing. */
#define STEP(step) "{transformations: [" step "]}"

static void
refused(const char *pipeline, const char *words)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_pipeline *none = NULL;
	struct vd_err err = VD_ERR_INIT;
	assert_non_null(arena);
	assert_int_equal(
		vd_pipeline_parse(arena, VD_S("p.yml"), vd_str_from(pipeline), &none, &err), VD_EINPUT);
	assert_null(none);
	assert_true(err.line > 0);
	assert_memory_equal(err.text, "p.yml:", 6);
	if (strstr(err.text, words) == NULL)
		fail_msg("the words are: %s", err.text);
}

#define SEL(items) "{sel: " items ", condition: sel}"

/* ---- field names ---- */

VD_TEST(a_field_gets_its_new_name)
{
	becomes(SEL("{A: x, B: y, C: z}"), STEP("{type: field_name_mapping, mapping: {A: p, B: q.r, Z: no}}"),
		"and(p=x, q.r=y, C=z)");
}

VD_TEST(several_names_are_alternatives)
{
	becomes(SEL("{A: x, B: y}"), STEP("{type: field_name_mapping, mapping: {A: [p, q]}}"),
		"and(or(p=x, q=x), B=y)");
	becomes("{sel: {A: x}, condition: not sel}", STEP("{type: field_name_mapping, mapping: {A: [p, q]}}"),
		"not(or(p=x, q=x))");
	becomes(SEL("{'A|contains|all': [x, z]}"), STEP("{type: field_name_mapping, mapping: {A: [p, q]}}"),
		"or(p=*x*&*z*, q=*x*&*z*)");
}

VD_TEST(what_negates_or_asks_for_absence_must_hold_for_every_name)
{
	becomes(SEL("{'A|neq': x}"), STEP("{type: field_name_mapping, mapping: {A: [p, q]}}"),
		"and(p!=x, q!=x)");
	becomes(SEL("{A: null}"), STEP("{type: field_name_mapping, mapping: {A: [p, q]}}"),
		"and(p=null, q=null)");
	becomes(SEL("{'A|exists': false}"), STEP("{type: field_name_mapping, mapping: {A: [p, q]}}"),
		"and(p=absent, q=absent)");
	becomes(SEL("{'A|exists': true}"), STEP("{type: field_name_mapping, mapping: {A: [p, q]}}"),
		"or(p=exists, q=exists)");
}

VD_TEST(references_to_fields_are_renamed_too)
{
	becomes(SEL("{'A|fieldref': B}"), STEP("{type: field_name_mapping, mapping: {A: p, B: q}}"), "p=@q");
	becomes(SEL("{'A|fieldref': B}"),
		STEP("{type: field_name_mapping, mapping: {A: [p, p2], B: [q, q2]}}"),
		"or(p=@q/@q2, p2=@q/@q2)");
	becomes(SEL("{'A|fieldref': B}"), STEP("{type: field_name_prefix, prefix: w.}"), "w.A=@w.B");
	becomes(SEL("{'A|fieldref': B}"),
		STEP("{type: field_name_mapping, mapping: {A: p, B: q}, "
		     "field_name_conditions: [{type: include_fields, fields: [B]}]}"),
		"A=@q");
}

VD_TEST(keywords_get_a_field_by_the_key_null)
{
	becomes(SEL("[one, two]"), STEP("{type: field_name_mapping, mapping: {null: message}}"),
		"message=*one*|*two*");
	becomes(SEL("[one]"), STEP("{type: field_name_prefix, prefix: w.}"), "=*one*");
}

VD_TEST(prefixes_and_suffixes_are_put_on_and_mapped)
{
	becomes(SEL("{A: x, B.c: y}"),
		STEP("{type: field_name_prefix, prefix: win.}, {type: field_name_suffix, suffix: .s}"),
		"and(win.A.s=x, win.B.c.s=y)");
	becomes(SEL("{A.x: x, B.c: y, C: z}"),
		STEP("{type: field_name_prefix_mapping, mapping: {A.: p., B: [q, r]}}"),
		"and(p.x=x, or(q.c=y, r.c=y), C=z)");
}

VD_TEST(steps_see_what_earlier_steps_made)
{
	becomes(SEL("{A: x}"),
		STEP("{type: field_name_mapping, mapping: {A: [B, C]}}, "
		     "{type: field_name_mapping, mapping: {B: D, C: [E, F]}}"),
		"or(D=x, or(E=x, F=x))");
}

/* ---- conditions ---- */

#define SUFFIX "type: field_name_suffix, suffix: _S"

VD_TEST(conditions_on_field_names_choose_fields)
{
	becomes(SEL("{A: x, B: y}"),
		STEP("{" SUFFIX ", field_name_conditions: [{type: include_fields, fields: [A]}]}"),
		"and(A_S=x, B=y)");
	becomes(SEL("{A: x, B: y}"),
		STEP("{" SUFFIX ", field_name_conditions: [{type: exclude_fields, fields: [A]}]}"),
		"and(A=x, B_S=y)");
	becomes(SEL("{Abc: x, xAb: y}"),
		STEP("{" SUFFIX
		     ", field_name_conditions: [{type: include_fields, mode: re, fields: ['A.', nope]}]}"),
		"and(Abc_S=x, xAb=y)");
	becomes(SEL("{A: x, B: y, C: z}"),
		STEP("{" SUFFIX ", field_name_cond_op: or, field_name_conditions: "
		     "[{type: include_fields, fields: [A]}, {type: include_fields, fields: [B]}]}"),
		"and(A_S=x, B_S=y, C=z)");
	becomes(SEL("{A: x, B: y}"),
		STEP("{" SUFFIX ", field_name_cond_not: true, field_name_conditions: "
		     "[{type: include_fields, fields: [A]}]}"),
		"and(A=x, B_S=y)");
}

VD_TEST(condition_expressions_know_and_or_not_and_brackets)
{
#define NAMED_FIELDS                                                                                         \
	"field_name_conditions: {a: {type: include_fields, fields: [A]}, b: {type: include_fields, fields: " \
	"[B]}}"
	becomes(SEL("{A: x, B: y, C: z}"),
		STEP("{" SUFFIX ", " NAMED_FIELDS ", field_name_cond_expr: not (a or b)}"),
		"and(A=x, B=y, C_S=z)");
	becomes(SEL("{A: x, B: y, C: z}"),
		STEP("{" SUFFIX ", " NAMED_FIELDS ", field_name_cond_expr: a or not b}"),
		"and(A_S=x, B=y, C_S=z)");
	becomes(SEL("{A: x, B: y, C: z}"),
		STEP("{" SUFFIX ", " NAMED_FIELDS ", field_name_cond_expr: not a and not b or b and (a)}"),
		"and(A=x, B=y, C_S=z)");
	refused(STEP("{" SUFFIX ", " NAMED_FIELDS ", field_name_cond_expr: a or zz}"),
		"zz, which is no condition");
	refused(STEP("{" SUFFIX ", " NAMED_FIELDS ", field_name_cond_expr: (a or b}"), "not closed");
	refused(STEP("{" SUFFIX ", " NAMED_FIELDS ", field_name_cond_expr: a b}"), "goes on after its end");
	refused(STEP("{" SUFFIX ", " NAMED_FIELDS ", field_name_cond_expr: a and}"), "ends too early");
	refused(STEP("{" SUFFIX ", field_name_cond_expr: a}"), "needs field_name_conditions");
	refused(STEP("{" SUFFIX ", field_name_conditions: [{type: include_fields, fields: [A]}], "
		     "field_name_cond_expr: a}"),
		"must be a list");
}

VD_TEST(conditions_on_items_look_at_values)
{
#define ON_ITEM(cond) STEP("{" SUFFIX ", detection_item_conditions: [" cond "]}")
	static const char rule[] = SEL("{A: [x, 'y*x'], B: '*xx', C: 5, D: null}");
	becomes(rule, ON_ITEM("{type: match_string, cond: any, pattern: x}"),
		"and(A_S=x|y*x, B=*xx, C=5, D=null)");
	becomes(rule, ON_ITEM("{type: match_string, cond: all, pattern: x}"),
		"and(A=x|y*x, B=*xx, C=5, D=null)");
	becomes(rule, ON_ITEM("{type: match_string, cond: all, pattern: '.*x$'}"),
		"and(A_S=x|y*x, B_S=*xx, C=5, D=null)");
	becomes(rule, ON_ITEM("{type: match_string, cond: any, pattern: x, negate: true}"),
		"and(A_S=x|y*x, B_S=*xx, C_S=5, D_S=null)");
	becomes(rule, ON_ITEM("{type: match_value, cond: any, value: 5}"),
		"and(A=x|y*x, B=*xx, C_S=5, D=null)");
	becomes(rule, ON_ITEM("{type: match_value, cond: any, value: X}"),
		"and(A=x|y*x, B=*xx, C=5, D=null)");
	becomes(rule, ON_ITEM("{type: match_value, cond: any, value: '*xx'}"),
		"and(A=x|y*x, B_S=*xx, C=5, D=null)");
	becomes(rule, ON_ITEM("{type: is_null, cond: all}"), "and(A=x|y*x, B=*xx, C=5, D_S=null)");
	becomes(rule, ON_ITEM("{type: contains_wildcard, cond: any}"),
		"and(A_S=x|y*x, B_S=*xx, C=5, D=null)");
	becomes(rule, ON_ITEM("{type: contains_wildcard, cond: all}"), "and(A=x|y*x, B_S=*xx, C=5, D=null)");
}

static void
holds(const char *cond, bool want)
{
	char pipeline[1024];
	(void)snprintf(pipeline, sizeof pipeline,
		STEP("{type: set_custom_attribute, attribute: foo, value: 7}, {type: set_state, key: k, val: "
		     "5}, "
		     "{id: s, type: field_name_suffix, suffix: _S, rule_conditions: [%s]}"),
		cond);
	becomes(SEL("{A: x, B: 5, 'C|contains': s}"), pipeline,
		want ? "and(A_S=x, B_S=5, C_S=*s*)" : "and(A=x, B=5, C=*s*)");
}

VD_TEST(conditions_on_the_rule_look_at_the_rule)
{
	holds("{type: logsource, product: windows}", true);
	holds("{type: logsource, product: windows, category: process_creation}", true);
	holds("{type: logsource, product: linux}", false);
	holds("{type: logsource, product: windows, service: sysmon}", false);
	holds("{type: contains_field, field: A}", true);
	holds("{type: contains_field, field: a}", false);
	holds("{type: contains_field, field: null}", false);
	holds("{type: contains_detection_item, field: A, value: x}", true);
	holds("{type: contains_detection_item, field: A, value: X}", false);
	holds("{type: contains_detection_item, field: B, value: 5}", true);
	holds("{type: contains_detection_item, field: C, value: s}", false);
	holds("{type: contains_detection_item, field: C, value: '*s*'}", true);
	holds("{type: is_sigma_rule}", true);
	holds("{type: is_sigma_correlation_rule}", false);
	holds("{type: tag, tag: attack.t1059}", true);
	holds("{type: tag, tag: attack.t1060}", false);
	holds("{type: processing_state, key: k, val: 5}", true);
	holds("{type: processing_state, key: k, val: 4, op: gt}", true);
	holds("{type: processing_state, key: k, val: 5, op: ne}", false);
	holds("{type: processing_state, key: nope, val: 5, op: ne}", false);
	holds("{type: rule_attribute, attribute: level, value: medium, op: gte}", true);
	holds("{type: rule_attribute, attribute: level, value: high, op: lt}", false);
	holds("{type: rule_attribute, attribute: status, value: experimental, op: gt}", true);
	holds("{type: rule_attribute, attribute: title, value: t}", true);
	holds("{type: rule_attribute, attribute: author, value: you, op: ne}", true);
	holds("{type: rule_attribute, attribute: tags, value: attack.t1059, op: in}", true);
	holds("{type: rule_attribute, attribute: tags, value: attack.t1059, op: not_in}", false);
	holds("{type: rule_attribute, attribute: foo, value: 6, op: gt}", true);
	holds("{type: rule_attribute, attribute: bar, value: 6, op: ne}", false);
}

VD_TEST(a_step_can_ask_what_was_applied_before)
{
#define APPLIED "{type: processing_item_applied, processing_item_id: m}"
#define MAP "{id: m, type: field_name_mapping, mapping: {A: [p, q]}}, "
	becomes(SEL("{A: x, B: y}"), STEP(MAP "{" SUFFIX ", rule_conditions: [" APPLIED "]}"),
		"and(or(p_S=x, q_S=x), B_S=y)");
	becomes(SEL("{A: x, B: y}"), STEP(MAP "{" SUFFIX ", detection_item_conditions: [" APPLIED "]}"),
		"and(or(p_S=x, q_S=x), B=y)");
	becomes(SEL("{A: x, B: y}"), STEP(MAP "{" SUFFIX ", field_name_conditions: [" APPLIED "]}"),
		"and(or(p_S=x, q_S=x), B=y)");
	becomes(SEL("{A: x}"),
		STEP("{id: m, type: field_name_mapping, mapping: {A: p}, rule_conditions: "
		     "[{type: logsource, product: linux}]}, {" SUFFIX ", rule_conditions: [" APPLIED "]}"),
		"A=x");
}

/* ---- items ---- */

#define DROP(field)                                                                                          \
	STEP("{type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: [" field    \
	     "]}]}")

VD_TEST(dropped_items_leave_nothing_behind)
{
	becomes(SEL("{A: x, B: y}"), DROP("A"), "B=y");
	becomes("{a: {A: x}, b: {B: y}, condition: a and b}", DROP("A"), "B=y");
	becomes("{a: {A: x}, b: {B: y}, condition: b and not a}", DROP("A"), "B=y");
	becomes(SEL("[{A: x}, {B: z}]"), DROP("A"), "B=z");
	becomes(SEL("{A: x}"), DROP("A"),
		"pipeline-empty: the pipelines drop every detection item of this rule");
}

VD_TEST(conditions_are_added_before_the_rule)
{
	becomes(SEL("{A: x}"), STEP("{type: add_condition, conditions: {X: 'v*', Y: [1, 2]}}"),
		"and(and(X=v*, Y=1|2), A=x)");
	becomes(SEL("{A: x}"), STEP("{type: add_condition, negated: true, conditions: {X: v}}"),
		"and(not(X=v), A=x)");
	becomes(SEL("{A: x}"), STEP("{type: add_condition, conditions: {'X|contains': v, N: null}}"),
		"and(and(X=*v*, N=null), A=x)");
	becomes(SEL("{A: x}"),
		STEP("{type: add_condition, template: true, conditions: "
		     "{X: '$category-${product}-$service-$other-$$-$'}}"),
		"and(X=process_creation-windows--$other-$-$, A=x)");
	becomes(SEL("{A: x}"),
		STEP("{type: add_condition, conditions: {X: v}}, {type: field_name_mapping, mapping: {X: "
		     "Y}}"),
		"and(Y=v, A=x)");
}

#define HASHES "type: hashes_fields, valid_hash_algos: [MD5, SHA1, SHA256, IMPHASH]"

VD_TEST(hashes_go_to_a_field_for_each_algorithm)
{
	becomes(SEL("{'Hashes|contains': ['MD5=aa', 'sha256=bb', 'MD5=cc']}"), STEP("{" HASHES "}"),
		"or(MD5=aa|cc, SHA256=bb)");
	becomes(SEL("{Hashes: 'IMPHASH|ab', A: y}"), STEP("{" HASHES ", field_prefix: File}"),
		"and(FileIMPHASH=ab, A=y)");
	becomes(SEL("{'Hashes|contains|all': ['MD5=aa', 'SHA1=bb']}"), STEP("{" HASHES "}"),
		"and(MD5=aa, SHA1=bb)");
	becomes(SEL("{'Hashes|neq': ['MD5=aa', 'SHA1=bb']}"), STEP("{" HASHES "}"),
		"not(or(MD5=aa, SHA1=bb))");
	becomes(SEL("{Hashes: ['MD5=aa', 'SHA1=bb']}"),
		STEP("{" HASHES ", field_prefix: File, drop_algo_prefix: true}"), "File=aa|bb");
	becomes(SEL("{Hashes: 'MD5=aa', Other: 'MD5=bb'}"), STEP("{" HASHES ", field_to_parse: [Other]}"),
		"and(Hashes=MD5=aa, MD5=bb)");
	becomes(SEL("{Hashes: [0123456789abcdef0123456789abcdef, 0123456789abcdef0123456789abcdef01234567]}"),
		STEP("{" HASHES "}"),
		"or(MD5=0123456789abcdef0123456789abcdef, SHA1=0123456789abcdef0123456789abcdef01234567)");
	becomes(SEL("{'Hashes|contains': ['MD5=ab*cd', 'MD5=*']}"), STEP("{" HASHES "}"), "MD5=ab*cd|*");
}

VD_TEST(values_that_are_no_listed_hash_stay_where_they_are)
{
	becomes(SEL("{'Hashes|contains': ['MD5=aa', 'SHA512=bb']}"), STEP("{" HASHES "}"),
		"or(MD5=aa, Hashes=*SHA512=bb*)");
	becomes(SEL("{'Hashes|contains': ['SHA1=x,MD5=y', 'zz', '=aa']}"), STEP("{" HASHES "}"),
		"Hashes=*SHA1=x,MD5=y*|*zz*|*=aa*");
	becomes(SEL("{'Hashes|re': 'MD5=aa.*'}"), STEP("{" HASHES "}"), "Hashes=/MD5=aa.*/");
	refused(STEP("{" HASHES ", drop_algo_prefix: true}"), "needs a field_prefix");
}

VD_TEST(groups_of_an_expression_become_fields)
{
#define EXTRACT "type: extract_fields, regex: '.*a=(?P<x>\\d);b=(?P<y>\\d)'"
	becomes(SEL("{A: ['a=1;b=2', c]}"), STEP("{" EXTRACT ", field_prefix: f}"), "and(f.x=1, f.y=2)");
	becomes(SEL("{A: ['a=1;b=2', c]}"), STEP("{" EXTRACT ", preserve_unmatched: true}"),
		"or(and(x=1, y=2), A=c)");
	becomes(SEL("{'A|contains|all': ['a=1;b=2', 'a=5;b=9']}"), STEP("{" EXTRACT "}"),
		"and(and(x=1, y=2), and(x=5, y=9))");
	becomes(SEL("{A: c}"), STEP("{" EXTRACT "}"), "A=c");
}

/* ---- values ---- */

VD_TEST(strings_are_replaced_with_their_wildcards)
{
#define REPLACE(regex, replacement) "type: replace_string, regex: '" regex "', replacement: '" replacement "'"
	becomes(SEL("{A: ['a*b', xay], 'B|re': 'a.b'}"), STEP("{" REPLACE("a", "ZZ") "}"),
		"and(A=ZZ*b|xZZy, B=/a.b/)");
	becomes(SEL("{A: ['a*b'], 'B|contains': a}"), STEP("{" REPLACE("^.*$", "Q") "}"), "and(A=Q, B=Q)");
	becomes(SEL("{A: ['a*b'], 'B|contains': a}"), STEP("{" REPLACE("^.*$", "Q") ", skip_special: true}"),
		"and(A=Q*Q, B=*Q*)");
	becomes(SEL("{A: xay}"), STEP("{" REPLACE("a", "Z*Z") "}"), "A=xZ*Zy");
	becomes(SEL("{A: xay}"), STEP("{" REPLACE("a", "Z*Z") ", skip_special: true}"), "A=xZ\\*Zy");
	becomes(SEL("{A: xay}"),
		STEP("{" REPLACE("a", "Z*Z") ", skip_special: true, interpret_special: true}"), "A=xZ*Zy");
	becomes(SEL("{A: xay}"), STEP("{" REPLACE("a", "Z\\*?\\.\\\\*") "}"), "A=xZ\\*?\\.\\*y");
	becomes(SEL("{A: abab}"), STEP("{" REPLACE("(a)(b)", "\\2\\1") "}"), "A=baba");
	becomes(SEL("{A: ab}"), STEP("{" REPLACE("(?P<x>a)b", "\\g<x>\\g<1>$1") "}"), "A=aa$1");
	becomes(SEL("{A: ab}"), STEP("{" REPLACE(".", "") "}"), "A=");
	becomes(SEL("{A: ''}"), STEP("{" REPLACE("^", "-") "}"), "A=-");
	becomes(SEL("{A: aab}"), STEP("{" REPLACE("x*", "-") ", skip_special: true}"), "A=-a-a-b-");
}

VD_TEST(backslashes_and_plain_wildcards_survive_a_replacement)
{
	becomes(SEL("{A: '\\\\\\\\srv\\\\share\\\\*'}"), STEP("{" REPLACE("srv", "Z") "}"),
		"A=\\\\Z\\share\\*");
	becomes(SEL("{A: 'a\\*?*x'}"), STEP("{" REPLACE("x", "Z") "}"), "A=a\\*?*Z");
	becomes(SEL("{A: 'c:\\d\\\\e'}"), STEP("{" REPLACE("\\\\", "/") ", skip_special: true}"), "A=c:/d/e");
	becomes(SEL("{'A|expand': '%ph%a'}"), STEP("{" REPLACE("[ap]", "Z") "}"), "A=%ph%Z");
}

VD_TEST(a_wildcard_after_a_backslash_is_still_one)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	assert_non_null(arena);
	struct vd_rule *rule = rule_with(arena, SEL("{A: 'srv\\\\*'}"));
	static const char *const pipeline = STEP("{" REPLACE("srv", "Z") "}");
	apply(arena, &pipeline, 1, rule);
	const struct vd_expr *leaf = rule->expr;
	while (leaf->kind != VD_EXPR_ITEM)
		leaf = leaf->kids[0];
	const struct vd_atom *atom = &leaf->item->values[0].atoms[0];
	assert_int_equal(atom->n_tokens, 2);
	assert_true(vd_str_is(atom->tokens[0].text, "Z\\"));
	assert_int_equal(atom->tokens[1].kind, VD_TOK_ANY);
}

VD_TEST(escaped_wildcards_cost_no_more_than_other_text)
{
#define STARS "\\*\\*\\*\\*\\*\\*\\*\\*\\*\\*"
	VD_AUTO(vd_arena) arena = vd_arena_new(4u << 20);
	char detection[600];
	(void)snprintf(detection, sizeof detection, SEL("{A: '%0500d'}"), 0);
	assert_non_null(arena);
	struct vd_rule *rule = rule_with(arena, detection);
	static const char *const pipeline = STEP("{" REPLACE("0", STARS STARS STARS STARS STARS) "}");
	apply(arena, &pipeline, 1, rule);
	const struct vd_expr *leaf = rule->expr;
	while (leaf->kind != VD_EXPR_ITEM)
		leaf = leaf->kids[0];
	const struct vd_atom *atom = &leaf->item->values[0].atoms[0];
	assert_int_equal(atom->n_tokens, 1);
	assert_int_equal(atom->tokens[0].text.len, 500 * 50);
}

VD_TEST(strings_are_mapped_as_a_whole)
{
	becomes(SEL("{A: [a, b, c], 'B|contains': a, K: A}"),
		STEP("{type: map_string, mapping: {a: A1, b: [B1, 'B2*'], '*a*': q}}"),
		"and(A=A1|B1/B2*|c, B=q, K=A)");
	becomes(SEL("{'C|all': [a, b]}"), STEP("{type: map_string, mapping: {b: [B1, B2]}}"), "C=a&B1/B2");
}

VD_TEST(case_is_changed)
{
	becomes(SEL("{A: 'AbC*dE', 'B|re': AbC}"), STEP("{type: case, method: lower}"),
		"and(A=abc*de, B=/AbC/)");
	becomes(SEL("{A: 'AbC*dE'}"), STEP("{type: case, method: upper}"), "A=ABC*DE");
	becomes(SEL("{A: ['AbC*dE', HTTPServer]}"), STEP("{type: case, method: snake_case}"),
		"A=ab_c*d_e|h_t_t_p_server");
	becomes(SEL("{A: 'AbC'}"), STEP("{type: case}"), "A=abc");
}

VD_TEST(values_are_set_and_types_checked)
{
	becomes(SEL("{A: [x, 5], 'B|re': y}"), STEP("{type: set_value, value: 'v*'}"), "and(A=v*|v*, B=v*)");
	becomes(SEL("{A: x}"), STEP("{type: set_value, value: null}"), "A=null");
	becomes(SEL("{A: x}"), STEP("{type: set_value, value: true}"), "A=true");
	becomes(SEL("{A: ['5', 5.5]}"), STEP("{type: convert_type, target_type: num}"), "A=5|5.5");
	becomes(SEL("{A: x}"), STEP("{type: convert_type, target_type: num}"),
		"pipeline-failure: the pipeline's convert_type needs a number and x is none");
	becomes(SEL("{A: x}"), STEP("{type: regex, method: ignore_case_brackets}"), "A=x");
}

VD_TEST(placeholders_get_the_values_of_variables)
{
	becomes(SEL("{'A|expand': '%u%', 'B|expand': 'a%u%b'}"),
		"{vars: {u: [x, 'y*']}, transformations: [{type: value_placeholders}]}",
		"and(A=x/y*, B=axb/ay*b)");
	becomes(SEL("{'A|expand': '%u%%v%', 'B|expand|all': ['a%u%b', z]}"),
		"{vars: {u: [x, y], v: 5}, transformations: [{type: value_placeholders}]}",
		"and(A=x5/y5, B=axb/ayb&z)");
	becomes(SEL("{'A|expand': '%u%', 'B|expand': '%v%'}"),
		"{vars: {u: 1, v: 2}, transformations: [{type: value_placeholders, include: [u]}]}",
		"and(A=1, B=%v%)");
	becomes(SEL("{'A|expand': '%u%', 'B|expand': '%v%'}"),
		"{vars: {u: 1}, transformations: [{type: value_placeholders}]}", "and(A=1, B=%v%)");
	becomes(SEL("{'A|expand': '%u%', 'B|contains|expand': 'a%v%b'}"),
		STEP("{type: wildcard_placeholders, exclude: [u]}"), "and(A=%u%, B=*a*b*)");
	becomes(SEL("{'A|expand': '%u%'}"),
		STEP("{type: query_expression_placeholders, expression: '{field} in {id}'}"),
		"pipeline-query: the pipeline replaces a placeholder with an expression of a query language, "
		"and there "
		"is none here: use value_placeholders");
	becomes(SEL("{A: x}"), STEP("{type: query_expression_placeholders, expression: e}"), "A=x");
}

VD_TEST(too_many_combinations_of_variables_reject_the_rule)
{
	becomes(SEL("{'A|expand': '%u%%u%%u%%u%%u%%u%%u%'}"),
		"{vars: {u: [a, b, c, d]}, transformations: [{type: value_placeholders}]}",
		"limit: the pipeline's variables make more than 4096 alternatives of one value");
}

/* ---- the rule ---- */

VD_TEST(rules_and_items_can_be_refused)
{
	becomes(SEL("{A: x}"), STEP("{type: rule_failure, message: no way}"),
		"pipeline-failure: the pipeline refuses this rule: no way");
	becomes(SEL("{A: x, 'B|contains': y}"),
		STEP("{type: detection_item_failure, message: no way, field_name_conditions: "
		     "[{type: include_fields, fields: [B]}]}"),
		"pipeline-failure: the pipeline refuses B|contains: no way");
	becomes(SEL("{A: x, B: y}"),
		STEP("{type: field_name_mapping, mapping: {A: p}}, {type: strict_field_mapping_failure}"),
		"pipeline-failure: the pipeline has no mapping for the field B and is strict about it");
	becomes(SEL("{A: x}"),
		STEP("{type: field_name_mapping, mapping: {A: p}}, {type: strict_field_mapping_failure}"),
		"p=x");
}

VD_TEST(the_log_source_is_replaced_as_a_whole)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	assert_non_null(arena);
	struct vd_rule *rule = rule_with(arena, SEL("{A: x}"));
	static const char *const pipeline = STEP("{type: change_logsource, category: c, service: s}");
	apply(arena, &pipeline, 1, rule);
	assert_true(vd_str_is(rule->logsource.category, "c"));
	assert_true(vd_str_is(rule->logsource.service, "s"));
	assert_int_equal(rule->logsource.product.len, 0);
}

VD_TEST(nested_steps_run_under_the_condition_of_the_nest)
{
#define NEST(product)                                                                                        \
	STEP("{type: nest, rule_conditions: [{type: logsource, product: " product "}], items: "              \
	     "[{type: field_name_mapping, mapping: {A: p}}, {" SUFFIX                                        \
	     "}, {type: set_state, key: k, val: v}]}, "                                                      \
	     "{type: field_name_prefix, prefix: Q, rule_conditions: [{type: processing_state, key: k, val: " \
	     "v}]}")
	becomes(SEL("{A: x}"), NEST("windows"), "Qp_S=x");
	becomes(SEL("{A: x}"), NEST("linux"), "A=x");
}

VD_TEST(pipelines_run_in_order_of_priority_and_share_variables)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	VD_AUTO_FINI(vd_buf) got = {0};
	assert_non_null(arena);
	static const char *const pipelines[] = {
		"{priority: 20, transformations: [{type: field_name_suffix, suffix: 2}]}",
		"{priority: 10, vars: {u: early}, transformations: [{type: field_name_suffix, suffix: 1}]}",
		"{priority: 20, vars: {u: late}, transformations: [{type: field_name_suffix, suffix: 3}]}",
		"{transformations: [{type: field_name_suffix, suffix: 0}, {type: value_placeholders}]}",
	};
	struct vd_rule *rule = rule_with(arena, SEL("{'A|expand': '%u%'}"));
	apply(arena, pipelines, VD_ARRAY_LEN(pipelines), rule);
	show_expr(&got, rule->expr);
	assert_string_equal(got.at, "A0123=late");
}

VD_TEST(steps_that_concern_queries_only_are_taken_and_do_nothing)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	assert_non_null(arena);
	struct vd_pipeline *pipeline =
		pipeline_of(arena, "{name: n, allowed_backends: [splunk], postprocessing: [{type: embed, "
				   "prefix: x}], finalizers: "
				   "[{type: concat}], transformations: [{type: add_field, field: a}, {type: "
				   "set_field, fields: [b]}]}");
	const struct vd_str *notes = NULL;
	assert_int_equal(vd_pipeline_notes(pipeline, &notes), 2);
	assert_true(vd_str_starts(notes[0], "postprocessing is ignored"));
	assert_true(vd_str_starts(notes[1], "finalizers are ignored"));
}

VD_TEST(the_tree_may_not_grow_beyond_its_bounds)
{
	/* 20 items with 64 names each, twice: more than 4,096 items */
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	VD_AUTO_FINI(vd_buf) pipeline = {0};
	assert_non_null(arena);
	vd_buf_text(&pipeline, "{transformations: [");
	for (int round = 0; round < 2; round++) {
		vd_buf_text(&pipeline, "{type: field_name_prefix_mapping, mapping: {A: [");
		for (int i = 0; i < 64; i++)
			vd_buf_printf(&pipeline, "A%d,", i);
		vd_buf_text(&pipeline, "]}},");
	}
	vd_buf_text(&pipeline, "]}");
	struct vd_rule *rule = rule_with(arena, SEL("{A: x, Ab: y, Ac: z}"));
	const char *text = pipeline.at;
	apply(arena, &text, 1, rule);
	assert_int_equal(rule->verdict, VD_REJECTED);
	assert_true(vd_str_is(rule->code, "limit"));
}

/* ---- correlations ---- */

static void
field_becomes(const char *pipeline_text, const char *field, const char *want)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_str got;
	struct vd_err err = VD_ERR_INIT;
	assert_non_null(arena);
	struct vd_pipeline *pipeline = pipeline_of(arena, pipeline_text);
	struct vd_rule *rule = rule_with(arena, SEL("{A: x}"));
	assert_int_equal(vd_pipelines_apply(arena, &pipeline, 1, rule, &err), VD_OK);
	assert_int_equal(
		vd_pipelines_field(arena, &pipeline, 1, rule, vd_str_from(field), &got, &err), VD_OK);
	assert_true(vd_str_is(got, want));
}

VD_TEST(fields_of_correlations_follow_the_rule_they_come_from)
{
	field_becomes(STEP("{type: field_name_mapping, mapping: {User: user.name}}"), "User", "user.name");
	field_becomes(STEP("{type: field_name_mapping, mapping: {User: [u1, u2]}}"), "User", "u1");
	field_becomes(STEP("{type: field_name_mapping, mapping: {User: u}}"), "Other", "Other");
	field_becomes(STEP("{type: field_name_prefix, prefix: w.}, {type: field_name_suffix, suffix: .s}"),
		"User", "w.User.s");
	field_becomes(
		STEP("{type: nest, items: [{type: field_name_mapping, mapping: {User: u}}]}"), "User", "u");
}

VD_TEST(conditions_for_fields_of_correlations_are_those_that_held_for_the_rule)
{
	/* the log source changes afterwards, which must not matter */
#define CHANGE ", {type: change_logsource, category: c}"
	field_becomes(STEP("{type: field_name_mapping, mapping: {User: u}, rule_conditions: "
			   "[{type: logsource, product: windows}]}" CHANGE),
		"User", "u");
	field_becomes(STEP("{type: field_name_mapping, mapping: {User: u}, rule_conditions: "
			   "[{type: logsource, product: linux}]}" CHANGE),
		"User", "User");
	field_becomes(
		STEP("{type: set_state, key: k, val: v}, {type: field_name_mapping, mapping: {User: u}, "
		     "field_name_conditions: [{type: processing_state, key: k, val: v}, "
		     "{type: include_fields, fields: [User]}]}"),
		"User", "u");
}

/* ---- wrong pipelines ---- */

VD_TEST(a_wrong_pipeline_is_refused_with_its_line)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct vd_pipeline *none = NULL;
	struct vd_err err = VD_ERR_INIT;
	assert_non_null(arena);
	assert_int_equal(vd_pipeline_parse(arena, VD_S("p.yml"),
				 VD_S("name: n\ntransformations:\n  - id: a\n    type: nope\n"), &none, &err),
		VD_EINPUT);
	assert_int_equal(err.line, 4);
	assert_string_equal(err.text, "p.yml:4: the transformation type nope is not known");
}

VD_TEST(what_is_not_known_is_refused)
{
	refused("[a]", "must be a map");
	refused("{bogus: 3}", "no key bogus");
	refused("{priority: high}", "priority must be a number");
	refused("{transformations: {a: b}}", "must be a list");
	refused(STEP("{mapping: {A: p}}"), "map with a type");
	refused(STEP("{type: field_name_mapping, mapping: {A: p}, bogus: 1}"), "bogus is not known here");
	refused(STEP("{type: field_name_mapping}"), "mapping is missing");
	refused(STEP("{type: field_name_mapping, mapping: {A: []}}"), "0 names");
	refused(STEP("{type: field_name_mapping, mapping: {A: {b: c}}}"), "text or a list");
	refused(STEP("{" SUFFIX ", rule_conditions: [{type: nope}]}"), "nope is not known");
	refused(STEP("{" SUFFIX ", rule_conditions: [{type: include_fields, fields: [a]}]}"),
		"include_fields is not");
	refused(STEP("{" SUFFIX ", rule_conditions: [{type: logsource}]}"), "needs product");
	refused(STEP("{" SUFFIX ", rule_cond_op: xor, rule_conditions: [{type: is_sigma_rule}]}"),
		"and, or or");
	refused(STEP("{" SUFFIX ", rule_conditions: [{type: rule_attribute, attribute: date, value: 1}]}"),
		"cannot ask for date");
	refused(STEP("{type: replace_string, regex: '(', replacement: x}"), "is wrong at byte 1");
	refused(STEP("{type: replace_string, regex: a, replacement: '\\1'}"), "names a group");
	refused(STEP("{type: replace_string, regex: a, replacement: '\\q'}"), "names a group");
	refused(STEP("{type: case, method: title}"), "title is none of");
	refused(STEP("{type: add_condition, conditions: {'A|nope': x}}"), "modifier");
	refused(STEP("{type: add_condition, conditions: x}"), "map of fields");
	refused(STEP("{type: change_logsource}"), "a log source needs");
	refused(STEP("{type: file_placeholders, path: x}"), "use value_placeholders");
	refused(STEP("{type: file_placeholders, path: x}"), "give them with --values");
	refused(STEP("{type: field_name_transform}"), "Python function");
	refused("--- {}\n--- {}\n", "one YAML document, not 2");
	refused("", "one YAML document, not 0");
}

/* ---- whole pipelines as they are shipped ---- */

static const char ecs[] = "name: events of a beat, in the Elastic Common Schema\n"
			  "priority: 20\n"
			  "allowed_backends: [lucene]\n"
			  "transformations:\n"
			  "  - id: channel\n"
			  "    type: add_condition\n"
			  "    conditions: {winlog.channel: Security}\n"
			  "    rule_conditions:\n"
			  "      - {type: logsource, product: windows, service: security}\n"
			  "  - id: names\n"
			  "    type: field_name_mapping\n"
			  "    mapping:\n"
			  "      EventID: event.code\n"
			  "      Image: process.executable\n"
			  "      CommandLine: process.command_line\n"
			  "      Hashes: [process.hash.md5, process.hash.sha256]\n"
			  "    rule_conditions:\n"
			  "      - {type: logsource, product: windows}\n"
			  "  - id: others\n"
			  "    type: field_name_prefix\n"
			  "    prefix: winlog.event_data.\n"
			  "    field_name_conditions:\n"
			  "      - {type: exclude_fields, mode: re, fields: ['\\w+\\.']}\n"
			  "    rule_conditions:\n"
			  "      - {type: logsource, product: windows}\n";

VD_TEST(a_pipeline_in_the_style_of_ecs_works)
{
	becomes(SEL("{'Image|endswith': '\\cmd.exe', OriginalFileName: Cmd.Exe, EventID: 1}"), ecs,
		"and(process.executable=*\\cmd.exe, winlog.event_data.OriginalFileName=Cmd.Exe, "
		"event.code=1)");
}

static const char audit[] =
	"name: process creation by the Windows audit log\n"
	"priority: 10\n"
	"transformations:\n"
	"  - id: event\n"
	"    type: add_condition\n"
	"    conditions: {EventID: 4688}\n"
	"    rule_conditions: [{type: logsource, category: process_creation, product: windows}]\n"
	"  - type: field_name_mapping\n"
	"    mapping: {Image: NewProcessName, ParentImage: ParentProcessName}\n"
	"    rule_conditions: [{type: processing_item_applied, processing_item_id: event}]\n"
	"  - type: replace_string\n"
	"    regex: '^High$'\n"
	"    replacement: S-1-16-12288\n"
	"    field_name_conditions: [{type: include_fields, fields: [IntegrityLevel]}]\n"
	"  - type: field_name_mapping\n"
	"    mapping: {IntegrityLevel: MandatoryLabel}\n"
	"  - type: change_logsource\n"
	"    product: windows\n"
	"    service: security\n"
	"    rule_conditions: [{type: processing_item_applied, processing_item_id: event}]\n";

VD_TEST(a_pipeline_in_the_style_of_windows_audit_works)
{
	becomes(SEL("{Image: x, IntegrityLevel: High, User: High}"), audit,
		"and(EventID=4688, and(NewProcessName=x, MandatoryLabel=S-1-16-12288, User=High))");
}

static void
becomes_by_file(const char *detection, const char *path, const char *want)
{
	size_t n;
	char *text = vd_test_file(path, &n);
	becomes(detection, text, want);
	vd_mem_free(text);
}

VD_TEST(the_shipped_pipeline_for_the_audit_log_works)
{
	static const char path[] = "pipelines/windows-audit.yml";
	becomes_by_file(
		SEL("{'Image|endswith': '\\a.exe', ParentImage: b, IntegrityLevel: [High, Untrusted]}"), path,
		"and(EventID=4688, and(NewProcessName=*\\a.exe, ParentProcessName=b, "
		"MandatoryLabel=S-1-16-12288|Untrusted))");
	becomes_by_file(SEL("{User: 'CORP\\adm', Hashes: x}"), path,
		"and(EventID=4688, and(or(SubjectUserName=adm, SubjectDomainName=adm), Hashes=x))");
	/* nothing is left of this but a wildcard: better no match than every event */
	becomes_by_file(SEL("{'User|startswith': 'NT AUTHORITY\\'}"), path,
		"and(EventID=4688, or(SubjectUserName=NT AUTHORITY\\*, SubjectDomainName=NT AUTHORITY\\*))");
}

VD_TEST(the_shipped_pipeline_for_ecs_works)
{
	static const char path[] = "pipelines/ecs-windows.yml";
	becomes_by_file(SEL("{Image: a, 'CommandLine|contains': b, IntegrityLevel: c, TargetFilename: d}"),
		path,
		"and(process.executable=a, process.command_line=*b*, winlog.event_data.IntegrityLevel=c, "
		"file.path=d)");
	becomes_by_file(SEL("{'Hashes|contains': ['MD5=aa', 'IMPHASH=bb']}"), path,
		"or(or(process.hash.md5=aa, file.hash.md5=aa), or(process.pe.imphash=bb, "
		"file.pe.imphash=bb))");
	becomes_by_file(SEL("[word]"), path, "=*word*");
}

/* Everything once, in an arena that may be too small: VD_OK or VD_ENOMEM. */
static enum vd_status
do_everything(struct vd_arena *arena)
{
	static const char steps[] =
		"{vars: {u: [x, y]}, transformations: [{id: m, type: field_name_mapping, mapping: {A: [p, "
		"q], R: S}}, "
		"{" HASHES "}, {" REPLACE(
			"(x)y*", "\\1z*") "}, {type: map_string, mapping: {b: [c, d]}}, "
					  "{type: value_placeholders}, {type: add_condition, template: true, "
					  "conditions: {Z: [$product, b]}}, "
					  "{type: nest, items: [{" SUFFIX ", detection_item_conditions: "
					  "[{type: processing_item_applied, processing_item_id: m}]}]}, "
					  "{type: extract_fields, regex: '(?P<l>.)c'}]}";
	static const char text[] =
		"{title: t, logsource: {product: windows}, detection: {sel: {A: xyy, 'R|fieldref': R, "
		"'Hashes|contains': ['MD5=aa', 'SHA1=bb'], 'E|expand': '%u%1', B: [b, ac]}, condition: sel}}";
	struct vd_yaml **docs = NULL;
	struct vd_rule *rule = NULL;
	struct vd_pipeline *pipeline = NULL;
	struct vd_str field = {0};
	struct vd_err err = VD_ERR_INIT;
	size_t n = 0;
	enum vd_status st = vd_yaml_parse(arena, vd_str_from(text), &docs, &n, &err);
	if (st == VD_OK)
		st = vd_rule_parse(arena, VD_S("r"), docs[0], &rule, &err);
	if (st == VD_OK)
		st = vd_pipeline_parse(arena, VD_S("p"), vd_str_from(steps), &pipeline, &err);
	if (st == VD_OK)
		st = vd_pipelines_apply(arena, &pipeline, 1, rule, &err);
	if (st == VD_OK)
		st = vd_pipelines_field(arena, &pipeline, 1, rule, VD_S("A"), &field, &err);
	if (st != VD_OK && st != VD_ENOMEM)
		fail_msg("%s: %s", vd_status_name(st), err.text);
	if (st == VD_OK)
		assert_true(vd_str_is(field, "p") && rule->verdict != VD_REJECTED);
	return st;
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_arena) arena = vd_arena_new(0);
		if (arena != NULL)
			(void)do_everything(arena);
	}
}

VD_TEST(an_arena_that_is_full_at_any_point_is_said_to_be)
{
	size_t limit = 0, failed = 0;
	enum vd_status st;
	do {
		limit += 112;
		VD_AUTO(vd_arena) arena = vd_arena_new(limit);
		assert_non_null(arena);
		st = do_everything(arena);
		failed += st == VD_ENOMEM;
	} while (st == VD_ENOMEM && limit < (1u << 22));
	assert_int_equal(st, VD_OK);
	assert_true(failed > 100);
}
