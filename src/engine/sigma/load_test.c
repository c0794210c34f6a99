#include "engine/sigma/load_fixture.h"

#include <stdio.h>

#include "base/mem.h"

#define LOGIC "logsource: {category: test}\ndetection: {a: {A: 1}, condition: a}\n"
#define RULE(name) "title: " name "\nname: " name "\n" LOGIC
#define CORR(name, rules) CORR_WITH(name, rules, "")
#define CORR_WITH(name, rules, more)                                                                         \
	"title: " name "\nname: " name "\ncorrelation: {type: temporal, rules: [" rules                      \
	"], group-by: [U], timespan: 5m}\n" more
#define NEXT "---\n"
#define ID "00000000-0000-4000-8000-00000000000"

#define IS(text, want) assert_string_equal(vd_verdict_words(text), want)

VD_TEST(every_document_of_every_file_has_one_verdict)
{
	const char *texts[] = {RULE("a") NEXT RULE("b") NEXT "title: c\n", RULE("d"), "title: [", ""};
	struct vd_loaded l;
	vd_loaded_init(&l, 4, texts, NULL);
	assert_int_equal(l.status, VD_OK);
	static const struct {
		const char *file, *title, *code;
	} want[] = {{"0.yml", "a", "ok"}, {"0.yml", "b", "ok"}, {"0.yml", "c", "detection-missing"},
		{"1.yml", "d", "ok"}, {"2.yml", "", "yaml"}, {"3.yml", "", "file-empty"}};
	assert_int_equal(vd_verdicts_count(l.verdicts), VD_ARRAY_LEN(want));
	for (size_t i = 0; i < VD_ARRAY_LEN(want); i++) {
		const struct vd_verdict *row = vd_verdicts_at(l.verdicts, i);
		assert_true(vd_str_is(row->file, want[i].file));
		assert_true(vd_str_is(row->title, want[i].title));
		assert_true(vd_str_is(row->code, want[i].code));
	}
	assert_int_equal(l.result.n_rules, 3);
	vd_loaded_fini(&l);
}

VD_TEST(a_broken_document_does_not_hide_those_before_it)
{
	IS(RULE("a") NEXT "title: [\n", "loaded ok, rejected yaml");
	IS(RULE("a") NEXT "title: x\ntitle: y\n" NEXT RULE("b"), "loaded ok, rejected yaml");
	IS(RULE("a") NEXT "title: \x01\n", "loaded ok, rejected yaml");
	IS("# only a remark\n", "rejected file-empty");
	IS(RULE("a") NEXT NEXT RULE("b") NEXT, "loaded ok, loaded ok");
}

VD_TEST(a_second_rule_with_an_id_or_name_is_rejected)
{
	IS("id: " ID "1\n" RULE("a") NEXT "id: " ID "1\n" RULE("b"), "loaded ok, rejected id-duplicate");
	IS("id: " ID "a\n" RULE("a") NEXT "id: 00000000-0000-4000-8000-00000000000A\n" RULE("b"),
		"loaded ok, rejected id-duplicate");
	IS(RULE("a") NEXT RULE("a"), "loaded ok, rejected name-duplicate");
	IS(RULE("a") NEXT RULE("a") NEXT RULE("a"),
		"loaded ok, rejected name-duplicate, rejected name-duplicate");
	/* a rejected rule takes its id with it */
	IS("id: " ID "1\nname: b\n" LOGIC NEXT "id: " ID "1\n" RULE("b"),
		"rejected title-missing, loaded ok");
}

VD_TEST(the_words_of_a_duplicate_say_where_the_first_stands)
{
	const char *texts[] = {"\n\n" RULE("a"), RULE("a")};
	struct vd_loaded l;
	vd_loaded_init(&l, 2, texts, NULL);
	const struct vd_verdict *row = vd_verdicts_at(l.verdicts, 1);
	assert_true(vd_str_is(
		row->message, "name a belongs to the rule in 0.yml line 3 already: give this one its own"));
	vd_loaded_fini(&l);
}

VD_TEST(references_are_by_id_or_name)
{
	IS("id: " ID "1\n" RULE("a") NEXT RULE("b") NEXT CORR("c", ID "1, b"),
		"loaded silenced, loaded silenced, loaded ok");
	IS("id: 00000000-0000-4000-8000-00000000000a\n" RULE("a")
			NEXT CORR("c", "00000000-0000-4000-8000-00000000000A"),
		"loaded silenced, loaded ok");
	IS(CORR("c", "a") NEXT RULE("a"), "loaded ok, loaded silenced");
	IS("id: " ID "1\n" RULE("a") NEXT CORR("c", "a, " ID "1"),
		"loaded ok, rejected correlation-duplicate");
}

VD_TEST(references_that_lead_nowhere_reject_the_correlation)
{
	IS(CORR("c", "a"), "rejected reference-missing");
	IS("name: a\n" LOGIC NEXT CORR("c", "a"), "rejected title-missing, rejected reference-rejected");
	IS(CORR("c", "d") NEXT CORR("d", "e"), "rejected reference-rejected, rejected reference-missing");
	IS(RULE("a") NEXT "title: f\nname: f\nlogsource: {category: test}\n"
			  "filter: {rules: any, s: {B: 1}, condition: not s}\n" NEXT CORR("c", "f"),
		"loaded ok, loaded ok, rejected reference-missing");
}

VD_TEST(a_rule_whose_correlation_is_rejected_reports_alone)
{
	const char *text = RULE("a") NEXT CORR("c", "a, nobody");
	struct vd_loaded l;
	vd_loaded_init(&l, 1, &text, NULL);
	assert_int_equal(l.result.n_corrs, 0);
	assert_true(l.result.rule_alone[0]);
	vd_loaded_fini(&l);
}

VD_TEST(circles_are_rejected_and_what_rests_on_them_too)
{
	IS(CORR("c", "c"), "rejected reference-circle");
	IS(CORR("c", "d") NEXT CORR("d", "c"), "rejected reference-circle, rejected reference-circle");
	IS(CORR("e", "c") NEXT CORR("c", "d") NEXT CORR("d", "c"),
		"rejected reference-rejected, rejected reference-circle, rejected reference-circle");
	IS(RULE("a") NEXT CORR("c", "a, d") NEXT CORR("d", "c, a") NEXT CORR("e", "a"),
		"loaded silenced, rejected reference-circle, rejected reference-circle, loaded ok");
}

VD_TEST(children_stand_before_their_parents)
{
	const char *text = CORR("top", "mid, a") NEXT CORR("mid", "low") NEXT RULE("a")
		NEXT CORR("low", "a, b") NEXT RULE("b");
	struct vd_loaded l;
	vd_loaded_init(&l, 1, &text, NULL);
	assert_int_equal(l.result.n_rules, 2);
	assert_int_equal(l.result.n_corrs, 3);
	assert_true(vd_str_is(l.result.corrs[0]->name, "low"));
	assert_true(vd_str_is(l.result.corrs[1]->name, "mid"));
	assert_true(vd_str_is(l.result.corrs[2]->name, "top"));
	/* low: a and b; mid: low, which is number 2 behind two rules; top: mid and a */
	assert_int_equal(l.result.refs[0][0], 0);
	assert_int_equal(l.result.refs[0][1], 1);
	assert_int_equal(l.result.refs[1][0], 2);
	assert_int_equal(l.result.refs[2][0], 3);
	assert_int_equal(l.result.refs[2][1], 0);
	assert_false(l.result.corr_alone[0]);
	assert_false(l.result.corr_alone[1]);
	assert_true(l.result.corr_alone[2]);
	vd_loaded_fini(&l);
}

VD_TEST(one_correlation_that_generates_is_enough_to_be_heard)
{
	IS(RULE("a") NEXT CORR("c", "a") NEXT CORR_WITH("d", "a", "generate: true\n"),
		"loaded ok, loaded ok, loaded ok");
	IS(RULE("a") NEXT CORR("c", "a") NEXT CORR("d", "a"), "loaded silenced, loaded ok, loaded ok");
}

VD_TEST(a_silenced_rule_is_told_by_whom)
{
	const char *texts[] = {"id: 12\n" RULE("a"), CORR("Count of a", "a")};
	struct vd_loaded l;
	vd_loaded_init(&l, 2, texts, NULL);
	const struct vd_verdict *row = vd_verdicts_at(l.verdicts, 0);
	assert_int_equal(row->kind, VD_DEGRADED);
	assert_true(vd_str_is(row->code, "metadata-id"));
	assert_true(vd_str_ends(row->message, "reports through correlations only, such as \"Count of a\" "
					      "(1.yml): write generate: true there to "
					      "hear of each match"));
	vd_loaded_fini(&l);
}

VD_TEST(a_long_chain_of_correlations_is_no_recursion)
{
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	vd_buf_text(&buf, RULE("c0"));
	for (int i = 1; i <= 3000; i++)
		vd_buf_printf(&buf,
			NEXT
			"title: c\nname: c%d\ncorrelation: {type: temporal, rules: [c%d], group-by: [U], "
			"timespan: 5m}\n",
			i, i == 3000 ? 0 : i + 1);
	const char *text = buf.at;
	struct vd_loaded l;
	vd_loaded_init(&l, 1, &text, NULL);
	assert_int_equal(l.status, VD_OK);
	assert_int_equal(l.result.n_corrs, 3000);
	assert_true(vd_str_is(l.result.corrs[2999]->name, "c1"));
	vd_loaded_fini(&l);
}

VD_TEST(a_yaml_bomb_is_a_verdict)
{
	IS("a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c "
	   "[*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
	   "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
	   "f: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
		"rejected limit");
}

/* ---- pipelines and versions ---- */

/* "rejected pipeline-failure, …" with this pipeline, which fails what its conditions hold for. */
static void
fails(const char *text, const char *conditions, const char *want)
{
	char pipeline[256];
	struct vd_loaded l;
	VD_AUTO_FINI(vd_buf) words;
	vd_buf_init(&words, 0);
	(void)snprintf(pipeline, sizeof pipeline,
		"{transformations: [{type: rule_failure, message: m, rule_conditions: [%s]}]}", conditions);
	vd_loaded_init_piped(&l, 1, &text, NULL, pipeline);
	assert_int_equal(l.status, VD_OK);
	for (size_t i = 0; i < vd_verdicts_count(l.verdicts); i++)
		vd_buf_printf(&words, "%s%.*s", i == 0 ? "" : ", ",
			(int)vd_verdicts_at(l.verdicts, i)->code.len, vd_verdicts_at(l.verdicts, i)->code.at);
	assert_string_equal(words.at, want);
	vd_loaded_fini(&l);
}

VD_TEST(pipelines_are_for_correlations_too)
{
	static const char chain[] = RULE("a") NEXT CORR("c", "a") NEXT CORR("d", "c");
	fails(chain, "{type: is_sigma_rule}", "pipeline-failure, reference-rejected, reference-rejected");
	fails(chain, "{type: is_sigma_correlation_rule}", "ok, pipeline-failure, pipeline-failure");
	fails(chain, "{type: rule_attribute, attribute: title, value: c}",
		"ok, pipeline-failure, reference-rejected");
	/* a correlation is of the log sources of the rules it names */
	fails(RULE("a") NEXT CORR("c", "a"), "{type: logsource, product: windows}", "silenced, ok");
	fails(RULE("a") NEXT CORR("c", "a"),
		"{type: is_sigma_correlation_rule}, {type: logsource, category: test}",
		"ok, pipeline-failure");
	fails(CORR("c", "nobody"), "{type: logsource, category: test}", "reference-missing");
}

static const char versions[] = RULE("a") NEXT CORR("c", "a") NEXT
	"title: b\nname: b\nlogsource: {category: other}\ndetection: {x: {B|expand: '%p%'}, condition: "
	"x}\n" NEXT "title: d\nname: d\nlogsource: {category: other}\ndetection: {x: {B: 1}, condition: x}\n";

/* Which of a, b, d and c have another version with the second three: "abdc", '-' for the same. */
static const char *
changed(const char *values, const char *pipeline, const char *more, const char *other_values,
	const char *other_pipeline, const char *other_more)
{
	static char words[5];
	const char *first[] = {versions, more}, *second[] = {versions, other_more};
	struct vd_loaded a, b;
	vd_loaded_init_piped(&a, 1 + (more != NULL), first, values, pipeline);
	vd_loaded_init_piped(&b, 1 + (other_more != NULL), second, other_values, other_pipeline);
	assert_int_equal(a.status, VD_OK);
	assert_int_equal(b.status, VD_OK);
	assert_int_equal(a.result.n_rules, 3);
	assert_int_equal(b.result.n_rules, 3);
	for (size_t i = 0; i < 4; i++) {
		const struct vd_rule *x = i < 3 ? a.result.rules[i] : a.result.corrs[0];
		const struct vd_rule *y = i < 3 ? b.result.rules[i] : b.result.corrs[0];
		words[i] = memcmp(x->hash, y->hash, sizeof x->hash) == 0 ? '-' : "abdc"[i];
	}
	vd_loaded_fini(&a);
	vd_loaded_fini(&b);
	return words;
}

VD_TEST(the_version_of_a_rule_covers_what_changed_it)
{
	static const char values[] = "p: [1]\n", other_values[] = "p: [2]\n";
	static const char maps[] =
		"{transformations: [{type: field_name_prefix, prefix: x., rule_conditions: "
		"[{type: logsource, category: test}]}]}";
	static const char other_maps[] =
		"{transformations: [{type: field_name_prefix, prefix: y., rule_conditions: "
		"[{type: logsource, category: test}]}]}";
	static const char filter[] = "title: f\nlogsource: {category: test}\n"
				     "filter: {rules: any, x: {A: 1}, condition: not x}\n";
	static const char other_filter[] = "title: f\nlogsource: {category: test}\n"
					   "filter: {rules: any, x: {A: 2}, condition: not x}\n";
	assert_string_equal(changed(values, maps, filter, values, maps, filter), "----");
	assert_string_equal(changed(values, NULL, NULL, values, maps, NULL), "a--c");
	assert_string_equal(changed(values, maps, NULL, values, other_maps, NULL), "a--c");
	assert_string_equal(changed(values, NULL, NULL, other_values, NULL, NULL), "-b--");
	assert_string_equal(changed(values, NULL, NULL, values, NULL, filter), "a---");
	assert_string_equal(changed(values, NULL, filter, values, NULL, other_filter), "a---");
}

static const char everything[] =
	"id: " ID "1\nlevel: bad\ntags: [attack.t1]\nrelated: [{id: x, type: derived}]\n" RULE("a") NEXT
	"title: b\nname: b\nlogsource: {product: windows, category: test}\ndetection:\n"
	"    s: [{F|windash|contains|all: ['-a', \"x*\"], G|re|i: 'a+'}, {H|cidr: 10.1.0.0/8}]\n"
	"    k: [word, 0x10]\n"
	"    e: {U|expand: 'x%admins%', V|re|expand: '%admins%', W|wide|base64offset|contains: 'cmd'}\n"
	"    n: {X|gte: 5, Y|hour|lt: 3, Z|exists: true, Q: null, R|fieldref|endswith: S}\n"
	"    condition: [s and not k, 1 of e* or all of n* or (n and e)]\n" NEXT
	"title: f\nlogsource: {product: windows}\nfilter: {rules: any, s: {A: 1}, condition: not s}\n" NEXT
		CORR("c", "a, b") NEXT CORR_WITH("d", "c", "generate: true\n") NEXT
	"title: v\nname: v\ncorrelation: {type: value_count, rules: [a], group-by: [ip], timespan: 5m,\n"
	"    aliases: {ip: {a: x, b: y}}, condition: {gte: 1, field: [A, B]}}\n" NEXT
	"title: w\ncorrelation: {type: temporal, group-by: [U], timespan: 5m, condition: a and not b}\n" NEXT
		CORR("x", "y") NEXT CORR("y", "x") NEXT "title: z\ntitle: z\n";

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_arena) arena = vd_arena_new(0);
		VD_AUTO(vd_verdicts) verdicts = vd_verdicts_new();
		if (arena == NULL || verdicts == NULL)
			continue;
		struct vd_source_text rules = {VD_S("rules.yml"), vd_str_from(everything)};
		struct vd_source_text values = {VD_S("values.yml"), VD_S("admins: [a, b]\n")};
		struct vd_source_text pipeline = {VD_S("pipeline.yml"),
			VD_S("{transformations: [{type: field_name_prefix, prefix: x.}], "
			     "postprocessing: [{type: embed}]}")};
		struct vd_load_input input = {.n_rules = 1,
			.rules = &rules,
			.n_pipelines = 1,
			.pipelines = &pipeline,
			.n_placeholders = 1,
			.placeholders = &values};
		struct vd_load_result result;
		struct vd_err err = VD_ERR_INIT;
		enum vd_status st = vd_load_run(arena, &input, verdicts, &result, &err);
		assert_true(st == VD_OK || (st == VD_ENOMEM && vd_mem_failed()));
		assert_true(st == VD_OK || err.text[0] != '\0');
		if (st == VD_OK && !vd_mem_failed()) {
			assert_int_equal(vd_verdicts_count(verdicts), 10);
			assert_int_equal(result.n_rules, 2);
			assert_int_equal(result.n_corrs, 4);
		}
	}
}

VD_TEST(an_arena_that_ends_anywhere_is_out_of_memory)
{
	for (size_t limit = 1000; limit < 200000; limit += 997) {
		VD_AUTO(vd_arena) arena = vd_arena_new(limit);
		VD_AUTO(vd_verdicts) verdicts = vd_verdicts_new();
		struct vd_source_text rules = {VD_S("rules.yml"), vd_str_from(everything)};
		struct vd_source_text values = {VD_S("values.yml"), VD_S("admins: [a, b]\n")};
		struct vd_load_input input = {
			.n_rules = 1, .rules = &rules, .n_placeholders = 1, .placeholders = &values};
		struct vd_load_result result;
		enum vd_status st = vd_load_run(arena, &input, verdicts, &result, NULL);
		assert_true(st == VD_OK || st == VD_ENOMEM);
	}
}
