#include "engine/sigma/load_fixture.h"

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
		struct vd_load_input input = {
			.n_rules = 1, .rules = &rules, .n_placeholders = 1, .placeholders = &values};
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
