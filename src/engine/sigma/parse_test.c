#include "engine/sigma/load_fixture.h"

#define IS(text, want) assert_string_equal(vd_verdict_words(text), want)
#define BODY "detection: {a: {A: 1}, condition: a}\n"
#define RULE VD_RULE_HEAD BODY
#define DETECTION(text, want) assert_string_equal(vd_condition_words(text), want)

VD_TEST(maps_are_and_lists_of_maps_are_or)
{
	DETECTION("{s: {A: 1, B: 2}, condition: s}", "s:(A='1' and B='2')");
	DETECTION("{s: [{A: 1, B: 2}, {C: 3}], condition: s}", "s:((A='1' and B='2') or C='3')");
	DETECTION("{s: [{A: 1}], condition: s}", "s:A='1'");
	DETECTION("{s: {A: [1, 2]}, condition: s}", "s:A='1', '2'");
}

VD_TEST(keywords_stand_alone_in_lists_or_beside_maps)
{
	DETECTION("{k: [x, 'y z'], condition: k}", "k:=*'x'*, *'y z'*");
	DETECTION("{k: [4625], condition: k}", "k:=*'4625'*");
	DETECTION("{k: word, condition: k}", "k:=*'word'*");
	DETECTION("{k: ['foo*bar'], condition: k}", "k:=*'foo'*'bar'*");
	DETECTION("{k: {'|all': [x, y]}, condition: k}", "k:=all *'x'*, *'y'*");
	DETECTION("{k: [x, {A: 1}], condition: k}", "k:(=*'x'* or A='1')");
	DETECTION("{k: [[x, y], {A: 1}], condition: k}", "k:(=*'x'*, *'y'* or A='1')");
	DETECTION("{k: ['*'], condition: k}", "k:=*");
}

VD_TEST(empty_detections_are_rejected)
{
	DETECTION("{s: {}, condition: s}", "rejected detection-empty");
	DETECTION("{s: [], condition: s}", "rejected detection-empty");
	DETECTION("{s: null, condition: s}", "rejected detection-empty");
	DETECTION("{s: [{A: 1}, null], condition: s}", "rejected detection-empty");
	DETECTION("{condition: s}", "rejected detection-empty");
	DETECTION("{s: {A: 1}}", "rejected condition-missing");
	DETECTION("{s: {null: 1}, condition: s}", "rejected field-name");
	DETECTION("[a]", "rejected detection-type");
	DETECTION("a", "rejected detection-type");
}

VD_TEST(an_identifier_may_be_called_timeframe)
{
	DETECTION("{timeframe: {A: 1}, condition: timeframe}", "timeframe:A='1'");
}

VD_TEST(what_the_schema_demands_is_demanded)
{
	IS(RULE, "loaded ok");
	IS("logsource: {category: test}\n" BODY, "rejected title-missing");
	IS("title: ''\nlogsource: {category: test}\n" BODY, "rejected title-missing");
	IS("title: [t]\nlogsource: {category: test}\n" BODY, "rejected title-type");
	IS("title: t\n" BODY, "rejected logsource-missing");
	IS("title: t\nlogsource: {}\n" BODY, "rejected logsource-missing");
	IS("title: t\nlogsource: {definition: x}\n" BODY, "rejected logsource-missing");
	IS("title: t\nlogsource: windows\n" BODY, "rejected logsource-type");
	IS("title: t\nlogsource: {product: [a]}\n" BODY, "rejected logsource-type");
	IS(VD_RULE_HEAD, "rejected detection-missing");
	IS(RULE "filter: {rules: any, s: {A: 1}, condition: not s}\n", "rejected document-kind");
	IS("just a text", "rejected document-type");
	IS("[a, b]", "rejected document-type");
}

VD_TEST(odd_metadata_degrades_and_never_rejects)
{
	IS("id: 12\n" RULE, "degraded metadata-id");
	IS("id: 96374a0a-1f4f-5268-b5a6-9cda748ba366\n" RULE, "loaded ok");
	IS("level: severe\n" RULE, "degraded metadata-level");
	IS("level: HIGH\n" RULE, "loaded ok");
	IS("status: fine\n" RULE, "degraded metadata-status");
	IS("status: experimental\n" RULE, "loaded ok");
	IS("tags: [attack.t1059, plain]\n" RULE, "degraded metadata-tags");
	IS("tags: {a: b}\n" RULE, "degraded metadata-tags");
	IS("tags: attack.t1059\n" RULE, "loaded ok");
	IS("date: yesterday\n" RULE, "degraded metadata-date");
	IS("date: 2020/01/31\nmodified: 2020-02-01\n" RULE, "loaded ok");
	IS("author: {a: b}\n" RULE, "degraded metadata-type");
	IS("references: {a: b}\n" RULE, "degraded metadata-type");
	IS("references: http://example.org\n" RULE, "loaded ok");
	IS("related: [{id: x, type: derived}]\n" RULE, "loaded ok");
	IS("related: [{id: x, type: cousin}]\n" RULE, "degraded metadata-related");
	IS("related: x\n" RULE, "degraded metadata-related");
	IS("my_own_key: {a: [b]}\n" RULE, "loaded ok");
}

VD_TEST(metadata_arrives_in_the_rule)
{
	const char *text =
		"id: 96374a0a-1f4f-5268-b5a6-9cda748ba366\nname: n\ndescription: d\nauthor: who\n"
		"status: test\nlevel: high\ntags: [attack.t1059, cve.2021-1]\n"
		"logsource: {product: windows, category: process_creation, service: sysmon}\ntitle: T\n" BODY;
	struct vd_loaded l;
	vd_loaded_init(&l, 1, &text, NULL);
	const struct vd_rule *rule = l.result.rules[0];
	assert_true(vd_str_is(rule->id, "96374a0a-1f4f-5268-b5a6-9cda748ba366"));
	assert_true(vd_str_is(rule->name, "n"));
	assert_true(vd_str_is(rule->title, "T"));
	assert_true(vd_str_is(rule->description, "d"));
	assert_true(vd_str_is(rule->author, "who"));
	assert_true(vd_str_is(rule->status, "test"));
	assert_int_equal(rule->level, VD_LEVEL_HIGH);
	assert_int_equal(rule->n_tags, 2);
	assert_true(vd_str_is(rule->tags[1], "cve.2021-1"));
	assert_true(vd_str_is(rule->logsource.product, "windows"));
	assert_true(vd_str_is(rule->logsource.category, "process_creation"));
	assert_true(vd_str_is(rule->logsource.service, "sysmon"));
	vd_loaded_fini(&l);
}

VD_TEST(a_foreign_taxonomy_needs_a_pipeline)
{
	IS("taxonomy: sigma\n" RULE, "loaded ok");
	IS("taxonomy: ecs\n" RULE, "rejected taxonomy-unmapped");
}

VD_TEST(the_version_of_a_rule_is_the_hash_of_its_text)
{
	const char *texts[] = {"---\n" RULE "---\n" RULE "# remark\n", RULE};
	struct vd_loaded l;
	vd_loaded_init(&l, 2, texts, NULL);
	assert_int_equal(l.result.n_rules, 3);
	/* SHA-256 of the text from the first key to the last value */
	static const uint8_t want[16] = {0xc6, 0x55, 0x43, 0xd8, 0x0b, 0x90, 0x76, 0xe6, 0x2e, 0x77, 0xbe,
		0x45, 0x29, 0x2b, 0x88, 0x74};
	assert_memory_equal(l.result.rules[0]->hash, l.result.rules[2]->hash, 16);
	assert_memory_not_equal(l.result.rules[0]->hash, l.result.rules[1]->hash, 16);
	assert_memory_equal(l.result.rules[2]->hash, want, 16);
	vd_loaded_fini(&l);
}

VD_TEST(a_verdict_has_the_place_of_its_cause)
{
	const char *text = "title: t\n"
			   "logsource:\n"
			   "    category: test\n"
			   "detection:\n"
			   "    sel:\n"
			   "        \xc3\xa9\xc3\xa9: {x: y}\n"
			   "    condition: sel\n";
	struct vd_loaded l;
	vd_loaded_init(&l, 1, &text, NULL);
	const struct vd_verdict *row = vd_verdicts_at(l.verdicts, 0);
	assert_true(vd_str_is(row->file, "0.yml"));
	assert_int_equal(row->pos.line, 6);
	/* columns count bytes: the two letters before are two bytes each */
	assert_int_equal(row->pos.column, 15);
	assert_true(vd_str_is(row->title, "t"));
	vd_loaded_fini(&l);
}
