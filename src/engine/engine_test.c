/* The engine as its users see it: vedette/engine.h and nothing below. */
#include <stdio.h>

#include "base/mem.h"
#include "base/status.h"
#include "engine/random_case.h"
#include "vd_test.h"
#include "vedette/engine.h"

static struct vd_ruleset *
load(struct vd_str text, bool no_routing)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_text rule = {VD_S("rules.yml"), text};
	struct vd_ruleset_input input = {.rules = &rule, .n_rules = 1, .no_routing = no_routing};
	struct vd_ruleset *set = NULL;
	if (vd_ruleset_new(&input, &set, &err) != VD_OK)
		fail_msg("%s", err.text);
	return set;
}

static struct vd_matcher *
matcher_of(struct vd_ruleset *set)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_matcher *matcher = NULL;
	if (vd_matcher_new(set, &matcher, &err) != VD_OK)
		fail_msg("%s", err.text);
	return matcher;
}

/* to keeps the padded text until the next event */
static struct vd_match_result
run(struct vd_matcher *matcher, struct vd_buf *to, const char *event)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_match_result result;
	vd_buf_reset(to);
	vd_buf_text(to, event);
	assert_true(vd_buf_room(to, VD_INPUT_PADDING));
	if (vd_matcher_event(matcher, vd_buf_view(to), &result, &err) != VD_OK)
		fail_msg("%s: %s", event, err.text);
	return result;
}

/* Numbers of the rules that match, joined with a blank. */
static const char *
found(struct vd_ruleset *set, const char *event)
{
	static char room[256];
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	struct vd_matcher *matcher = matcher_of(set);
	struct vd_match_result result = run(matcher, &text, event);
	size_t at = 0;
	room[0] = '\0';
	for (size_t i = 0; i < result.n; i++)
		at += (size_t)snprintf(
			room + at, sizeof room - at, "%s%u", i == 0 ? "" : " ", result.rules[i]);
	vd_matcher_free(matcher);
	return room;
}

#define RULE(title, detection)                                                                               \
	"title: " title "\nlogsource: {category: test}\ndetection: {" detection ", condition: s}\n"

/* ---- fields ---- */

VD_TEST(each_element_of_an_array_counts_and_all_may_use_several)
{
	struct vd_ruleset *set =
		load(VD_S(RULE("any", "s: {A: abc}") "---\n" RULE("all",
			     "s: {A|contains|all: [x, y]}") "---\n" RULE("not any", "s: {A|neq: abc}")),
			true);
	assert_string_equal(found(set, "{\"A\": [\"q\", \"abc\"]}"), "0");
	assert_string_equal(found(set, "{\"A\": [\"-x-\", \"-y-\"]}"), "1 2");
	assert_string_equal(found(set, "{\"A\": \"xy\"}"), "1 2");
	assert_string_equal(found(set, "{\"A\": [\"x\", \"x\"]}"), "2");
	assert_string_equal(found(set, "{\"A\": []}"), "2");
	assert_string_equal(found(set, "{\"A\": [[\"abc\"]]}"), "0");
	vd_ruleset_unref(set);
}

VD_TEST(both_values_of_a_duplicate_key_count)
{
	struct vd_ruleset *set = load(
		VD_S(RULE("one", "s: {A: abc}") "---\n" RULE("all", "s: {A|contains|all: [x, y]}")), true);
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	assert_string_equal(found(set, "{\"A\": \"q\", \"A\": \"abc\"}"), "0");
	assert_string_equal(found(set, "{\"A\": \"x\", \"A\": \"y\"}"), "1");
	struct vd_matcher *matcher = matcher_of(set);
	assert_true(run(matcher, &text, "{\"A\": 1, \"A\": 2}").repaired & VD_MATCH_REPAIRED_DUPLICATE);
	vd_matcher_free(matcher);
	vd_ruleset_unref(set);
}

VD_TEST(nested_objects_go_by_their_path_and_null_is_as_absent)
{
	struct vd_ruleset *set =
		load(VD_S(RULE("path", "s: {A.b: x}") "---\n" RULE("gone", "s: {C: null}") "---\n" RULE(
			     "there", "s: {C|exists: true}") "---\n" RULE("empty", "s: {C: ''}")),
			true);
	assert_string_equal(found(set, "{\"A\": {\"b\": \"X\"}, \"C\": 1}"), "0 2");
	assert_string_equal(found(set, "{\"A.b\": \"x\", \"C\": null}"), "0 1 2");
	assert_string_equal(found(set, "{}"), "1");
	assert_string_equal(found(set, "{\"C\": \"\"}"), "2 3");
	vd_ruleset_unref(set);
}

VD_TEST(keywords_look_at_every_value_but_not_at_names)
{
	struct vd_ruleset *set =
		load(VD_S(RULE("word", "s: ['needle']") "---\n" RULE("words", "s: {'|all': ['one', 'two']}")),
			true);
	assert_string_equal(found(set, "{\"A\": {\"b\": [\"has a NEEDLE inside\"]}}"), "0");
	assert_string_equal(found(set, "{\"needle\": \"hay\"}"), "");
	assert_string_equal(found(set, "{\"A\": \"ne\\u0065dle\"}"), "0");
	assert_string_equal(found(set, "{\"A\": \"one\", \"B\": \"two\"}"), "1");
	assert_string_equal(found(set, "{\"A\": \"one\", \"B\": \"one\"}"), "");
	vd_ruleset_unref(set);
}

VD_TEST(keywords_are_found_behind_escapes_and_letters_that_fold)
{
	/* one word goes by its pair, the many by places: both look past what hides a letter */
	struct vd_ruleset *few = load(VD_S(RULE("word", "s: ['risk']")), true);
	struct vd_ruleset *many = load(
		VD_S(RULE("words",
			"s: ['risk', 'alpha-one', 'bravo-two', 'charlie', 'delta-4', 'echo-five', 'foxtrot', "
			"'golf-7', 'hotel-8', 'india-nine', 'juliett', 'kilo-11', 'lima-12', 'mike-13']")),
		true);
	static const char *const events[] = {
		"{\"A\":\"é é\",\"B\":\"at ri\xc5\xbf\xe2\x84\xaa\"}",
		"{\"A\":\"\\u0052isk\"}",
		"{\"A\":\"C:\\\\users\\\\\\u0052isk\"}",
		"{\"A\":\"RiSk\",\"B\":\"\xe2\x80\x93\"}",
	};
	for (size_t i = 0; i < VD_ARRAY_LEN(events); i++) {
		assert_string_equal(found(few, events[i]), "0");
		assert_string_equal(found(many, events[i]), "0");
	}
	assert_string_equal(found(few, "{\"A\":\"C:\\\\u0052isk ris\"}"), "");
	assert_string_equal(found(many, "{\"A\":\"C:\\\\u0052isk ris golf-\"}"), "");
	assert_string_equal(found(many, "{\"A\":\"xxJULIETTxx\"}"), "0");
	vd_ruleset_unref(few);
	vd_ruleset_unref(many);
}

/* What is searched for and what is judged only where something else holds are the same to the reader of a rule. */
VD_TEST(short_and_long_values_hold_together)
{
	struct vd_ruleset *set =
		load(VD_S(RULE("all", "s: {A|contains|all: ['-e', 'powershell', 'x']}") "---\n" RULE(
			     "keywords", "s: {'|all': ['-e', 'powershell', 'x']}") "---\n" RULE("regex",
			     "s: {A|contains: powershell, B|re: 'a[xy]+b{2}'}") "---\n" RULE("unicode",
			     "s: {A|contains|all: [powershell, '®']}")),
			true);
	assert_string_equal(found(set, "{\"A\":\"PowerShell -E x\"}"), "0 1");
	assert_string_equal(found(set, "{\"A\":[\"powershell\",\"-e\",\"x\"]}"), "0 1");
	assert_string_equal(found(set, "{\"A\":\"powershell -e\"}"), "");
	assert_string_equal(found(set, "{\"A\":\"powershell\",\"B\":\"-e x\"}"), "1");
	assert_string_equal(found(set, "{\"A\":\"powershell\",\"B\":\"axybb\"}"), "2");
	assert_string_equal(found(set, "{\"A\":\"powershell\",\"B\":\"axyb\"}"), "");
	assert_string_equal(found(set, "{\"A\":\"powershell \\u00ae\"}"), "3");
	assert_string_equal(found(set, "{\"A\":\"powershell ®\"}"), "3");
	vd_ruleset_unref(set);
}

VD_TEST(one_character_is_found_in_its_case_or_in_any)
{
	struct vd_ruleset *set =
		load(VD_S(RULE("any", "s: {F|contains: q}") "---\n" RULE("own", "s: {F|contains|cased: q}")),
			true);
	assert_string_equal(found(set, "{\"F\":\"xQx\"}"), "0");
	assert_string_equal(found(set, "{\"F\":\"xqx\"}"), "0 1");
	vd_ruleset_unref(set);
}

/* At every place of a value, with every neighbour in its set: a missed one is an attack missed. */
VD_TEST(words_that_are_not_ascii_are_found_at_every_place)
{
	static const char *const sets[][3] = {{"\xc3\xb6", "\xc3\xbc", NULL},
		{"\xd0\xb4\xd0\xb0", "\xd0\xbd\xd0\xb5\xd1\x82", NULL},
		{"\xe5\xaf\x86\xe7\xa0\x81", "\xe7\xae\xa1\xe7\x90\x86\xe5\x91\x98", "\xcb\xa3"}};
	for (size_t s = 0; s < VD_ARRAY_LEN(sets); s++) {
		char rules[800], event[700];
		int n = snprintf(rules, sizeof rules,
			"title: field\nlogsource: {category: test}\ndetection:\n  s:\n    F|contains: ['%s', "
			"'%s', '%s']\n  condition: s\n---\n"
			"title: word\nlogsource: {category: test}\ndetection:\n  s: ['%s', '%s']\n  "
			"condition: s\n---\n"
			"title: not\nlogsource: {category: test}\ndetection:\n  s:\n    F|contains: ['%s', "
			"'%s']\n  t: {F|re: '.'}\n  condition: t and "
			"not s\n",
			sets[s][0], sets[s][1], sets[s][2] == NULL ? "none" : sets[s][2], sets[s][0],
			sets[s][1], sets[s][0], sets[s][1]);
		assert_true(n > 0 && (size_t)n < sizeof rules);
		struct vd_ruleset *set = load(vd_str_from(rules), true);
		for (unsigned at = 0; at < 300; at++) {
			(void)snprintf(event, sizeof event, "{\"F\":\"%.*s%s tail of a command line\"}",
				(int)at,
				"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
				"xxxxxxxxxx"
				"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
				"xxxxxxxxxx"
				"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
				"xxxxxxxxxx"
				"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
				"xxxxxxxxxx",
				sets[s][at % 2]);
			assert_string_equal(found(set, event), "0 1");
		}
		vd_ruleset_unref(set);
	}
}

/* The rule that asks has been triggered by another field: absent, null and a value are three things. */
VD_TEST(what_is_judged_later_needs_a_value)
{
	struct vd_ruleset *set = load(VD_S("title: t\nlogsource: {category: test}\ndetection:\n  s: {A: "
					   "trig, B|contains: ul}\n  condition: s\n"),
		true);
	assert_string_equal(found(set, "{\"A\":\"trig\",\"B\":null}"), "");
	assert_string_equal(found(set, "{\"A\":\"trig\",\"B\":{\"ul\":1}}"), "");
	assert_string_equal(found(set, "{\"A\":\"trig\"}"), "");
	assert_string_equal(found(set, "{\"A\":\"trig\",\"B\":\"null\"}"), "0");
	vd_ruleset_unref(set);
}

/* The third of three backslashes, wherever a vector's width may end. */
VD_TEST(an_escape_is_seen_wherever_it_stands)
{
	struct vd_ruleset *set = load(VD_S(RULE("word", "s: [abcdefgh]")), true);
	for (int pad = 0; pad < 140; pad++) {
		char event[256];
		(void)snprintf(event, sizeof event, "{\"f\":\"é%0*d\\\\\\u0061bcdefgh\"}", pad + 1, 0);
		assert_string_equal(found(set, event), "0");
	}
	vd_ruleset_unref(set);
}

VD_TEST(fields_are_compared_whole_however_they_end)
{
	struct vd_ruleset *set = load(VD_S(RULE("same", "s: {A|fieldref: B}")), true);
	assert_string_equal(found(set, "{\"A\":\"C:\\\\a.exe\",\"B\":\"c:\\\\A.EXE\"}"), "0");
	assert_string_equal(found(set, "{\"A\":\"a/b.exe\",\"B\":\"a\\/b.exe\"}"), "0");
	assert_string_equal(found(set, "{\"A\":\"x\\u0041\",\"B\":\"xa\"}"), "0");
	assert_string_equal(found(set, "{\"A\":\"ris\xe2\x84\xaa\",\"B\":\"risk\"}"), "0");
	assert_string_equal(found(set, "{\"A\":\"line\\n\",\"B\":\"linen\"}"), "");
	assert_string_equal(found(set, "{\"A\":\"a.exe\",\"B\":\"b.exe\"}"), "");
	assert_string_equal(found(set, "{\"A\":[\"x\",\"y\"],\"B\":\"x\"}"), "0");
	assert_string_equal(found(set, "{\"A\":\"y\",\"A\":\"x\",\"B\":\"x\"}"), "0");
	assert_string_equal(found(set, "{\"A\":\"x\"}"), "");
	vd_ruleset_unref(set);
}

VD_TEST(a_number_is_itself_however_it_is_written)
{
	struct vd_ruleset *set =
		load(VD_S(RULE("plain", "s: {A: 443}") "---\n" RULE(
			     "cased", "s: {A|cased: '443'}") "---\n" RULE("dash", "s: {A|windash: '-5'}")),
			true);
	assert_string_equal(found(set, "{\"A\": 443}"), "0 1");
	assert_string_equal(found(set, "{\"A\": 4.43e2}"), "0 1");
	assert_string_equal(found(set, "{\"A\": \"443\"}"), "0 1");
	assert_string_equal(found(set, "{\"A\": \"443.0\"}"), "");
	assert_string_equal(found(set, "{\"A\": -5.0}"), "2");
	vd_ruleset_unref(set);
}

VD_TEST(a_number_of_a_rule_is_its_value_among_numbers_and_its_text_among_texts)
{
	struct vd_ruleset *set =
		load(VD_S(RULE("zero", "s: {A: 443.0}") "---\n" RULE("exponent", "s: {A: 1e3}") "---\n" RULE(
			     "all", "s: {A|all: [1.50, 2]}") "---\n" RULE("cased",
			     "s: {A|cased: 1e3}") "---\n" RULE("large", "s: {A: 10000000000000000}")),
			true);
	assert_string_equal(found(set, "{\"A\": 443}"), "0");
	assert_string_equal(found(set, "{\"A\": 443.00}"), "0");
	assert_string_equal(found(set, "{\"A\": \"443.0\"}"), "0");
	assert_string_equal(found(set, "{\"A\": \"443\"}"), "");
	assert_string_equal(found(set, "{\"A\": 1000}"), "1");
	assert_string_equal(found(set, "{\"A\": \"1E3\"}"), "1");
	assert_string_equal(found(set, "{\"A\": 1e3}"), "1 3");
	assert_string_equal(found(set, "{\"A\": [2.0, 1.5]}"), "2");
	assert_string_equal(found(set, "{\"A\": [2.0, \"1.5\"]}"), "");
	assert_string_equal(found(set, "{\"A\": 1e16}"), "4");
	vd_ruleset_unref(set);
}

VD_TEST(an_event_id_of_a_route_is_a_number_too)
{
	struct vd_ruleset *set =
		load(VD_S("title: a\nlogsource: {product: windows, service: security}\ndetection: "
			  "{s: {EventID: 4688.0}, condition: s}\n---\n"
			  "title: b\nlogsource: {product: windows, service: security}\ndetection: "
			  "{s: {EventID: 4688}, condition: s}\n"),
			false);
	assert_string_equal(found(set, "{\"Channel\": \"Security\", \"EventID\": 4688}"), "0 1");
	assert_string_equal(found(set, "{\"Channel\": \"Security\", \"EventID\": 4688.0}"), "0 1");
	assert_string_equal(found(set, "{\"Channel\": \"Security\", \"EventID\": \"4688\"}"), "1");
	assert_string_equal(found(set, "{\"Channel\": \"Security\", \"EventID\": 4689}"), "");
	vd_ruleset_unref(set);
}

/* ---- routing ---- */

VD_TEST(routing_keeps_rules_from_events_of_other_sources)
{
	static const char text[] = "title: t\nlogsource: {product: windows, service: security}\ndetection: "
				   "{s: {A: x}, condition: s}\n";
	static const char other[] =
		"{\"Channel\": \"Microsoft-Windows-Sysmon/Operational\", \"EventID\": 1, \"A\": \"x\"}";
	static const char own[] = "{\"Channel\": \"Security\", \"EventID\": 4688, \"A\": \"x\"}";
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	struct vd_ruleset *routed = load(vd_str_from(text), false), *all = load(vd_str_from(text), true);
	assert_string_equal(found(routed, own), "0");
	assert_string_equal(found(routed, other), "");
	assert_string_equal(found(all, own), "0");
	assert_string_equal(found(all, other), "0");
	/* one source, spelled in two ways; two sources */
	static const char twice[] =
		"{\"Channel\": \"Microsoft-Windows-Sysmon/Operational\", \"EventID\": 1, "
		"\"Channel \": \"microsoft-windows-\\u0053ysmon\\/Operational\", \"A\": \"x\"}";
	static const char both[] = "{\"Channel\": \"Microsoft-Windows-Sysmon/Operational\", \"EventID\": 1, "
				   "\"Channel \": \"Security\", \"A\": \"x\"}";
	assert_string_equal(found(routed, twice), "");
	assert_string_equal(found(routed, both), "0");
	struct vd_matcher *matcher = matcher_of(routed);
	size_t n;
	const struct vd_evidence *list;
	bool holds, routes;
	struct vd_err err = VD_ERR_INIT;
	(void)run(matcher, &buf, other);
	assert_int_equal(vd_matcher_explain(matcher, 0, &n, &list, &holds, &routes, &err), VD_OK);
	assert_true(holds);
	assert_false(routes);
	vd_matcher_free(matcher);
	vd_ruleset_unref(routed);
	vd_ruleset_unref(all);
}

#define ROUTED(title, logsource, detection)                                                                  \
	"title: " title "\nlogsource: {" logsource "}\ndetection: {" detection ", condition: s}\n"

VD_TEST(a_category_keeps_no_rule_from_the_event_ids_it_names)
{
	struct vd_ruleset *set = load(
		VD_S(ROUTED("unknown", "category: test", "s: {EventID: 9999}") "---\n" ROUTED("of all ids",
			"category: file_access", "s: {EventID: 9999}") "---\n" ROUTED("of other ids",
			"category: process_creation", "s: {EventID: 9999}")),
		false);
	assert_string_equal(found(set, "{\"Channel\": \"Security\", \"EventID\": 9999}"), "0");
	assert_string_equal(found(set, "{\"Channel\": \"Security\", \"EventID\": 9998}"), "");
	assert_string_equal(
		found(set, "{\"Channel\": \"Microsoft-Windows-Kernel-File\", \"EventID\": 9999}"), "0 1");
	assert_string_equal(found(set, "{\"Channel\": \"ForwardedEvents\", \"EventID\": \"9999\"}"), "0 1 2");
	vd_ruleset_unref(set);
}

VD_TEST(an_event_id_too_long_for_a_route_is_found)
{
	struct vd_ruleset *set = load(
		VD_S(ROUTED("long", "product: windows", "s: {EventID: '123456789012345678901234'}")), false);
	assert_string_equal(
		found(set, "{\"Channel\": \"Security\", \"EventID\": \"123456789012345678901234\"}"), "0");
	vd_ruleset_unref(set);
}

VD_TEST(of_two_channels_or_event_ids_that_of_system_decides_and_no_rule_is_lost)
{
	struct vd_ruleset *set =
		load(VD_S(ROUTED("security", "product: windows, service: security",
			     "s: {A: x}") "---\n" ROUTED("system", "product: windows, service: system",
			     "s: {EventID: 104, Channel: Security}") "---\n" ROUTED("other id",
			     "product: windows, service: system",
			     "s: {EventID: 7, A: x}") "---\n" ROUTED("linux", "product: linux", "s: {A: x}")),
			false);
	/* in either order, and in the flat form that .evtx files are read into */
	assert_string_equal(
		found(set, "{\"Event\": {\"System\": {\"EventID\": 104, \"Channel\": \"System\"}, "
			   "\"UserData\": {\"LogFileCleared\": {\"Channel\": \"Security\", \"A\": \"x\"}}}}"),
		"1");
	assert_string_equal(
		found(set,
			"{\"Event\": {\"UserData\": {\"LogFileCleared\": {\"Channel\": \"Security\", \"A\": "
			"\"x\"}}, \"System\": {\"EventID\": 104, \"Channel\": \"System\"}}}"),
		"1");
	assert_string_equal(
		found(set, "{\"EventID\": 104, \"Channel\": \"Security\", \"A\": \"x\", \"Event\": "
			   "{\"System\": {\"Channel\": \"System\"}}}"),
		"1");
	assert_string_equal(
		found(set, "{\"Event\": {\"EventData\": {\"EventID\": 7, \"A\": \"x\"}, \"System\": "
			   "{\"EventID\": 8, \"Channel\": \"System\"}}}"),
		"2");
	/* no System: no source is believed */
	assert_string_equal(
		found(set, "{\"EventID\": 104, \"Channel\": [\"System\", \"Security\"], \"A\": \"x\"}"),
		"0 1 3");
	assert_string_equal(
		found(set, "{\"EventID\": [8, 7], \"Channel\": \"System\", \"A\": \"x\"}"), "0 2 3");
	/* the same twice is once */
	assert_string_equal(
		found(set, "{\"EventID\": 7, \"Channel\": [\"System\", \"System\"], \"A\": \"x\"}"), "2");
	vd_ruleset_unref(set);
}

VD_TEST(an_event_id_with_attributes_gives_its_category)
{
	struct vd_ruleset *set =
		load(VD_S(ROUTED("start", "product: windows, category: ps_classic_start",
			     "s: {A: x}") "---\n" ROUTED("id", "product: windows", "s: {EventID: 400}")),
			false);
	assert_string_equal(
		found(set, "{\"Event\": {\"System\": {\"EventID\": {\"#attributes\": {\"Qualifiers\": "
			   "0}, \"#text\": 400}, \"Channel\": \"Windows PowerShell\"}, "
			   "\"EventData\": {\"A\": \"x\"}}}"),
		"0 1");
	vd_ruleset_unref(set);
}

/* n_shared rules on Security, then n of which each names an event id of its own from 10000 on */
static struct vd_ruleset *
load_ids(unsigned n_shared, unsigned n)
{
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	for (unsigned i = 0; i < n_shared + n; i++) {
		vd_buf_text(&text,
			"---\ntitle: t\nlogsource: {product: windows, service: security}\ndetection: {s: {");
		if (i >= n_shared)
			vd_buf_printf(&text, "EventID: %u, ", 10000 + i - n_shared);
		vd_buf_printf(&text, "A|contains: word%u.}, condition: s}\n", i);
	}
	struct vd_ruleset *set = load(vd_buf_view(&text), false);
	assert_int_equal(vd_ruleset_single_rules(set), n_shared + n);
	return set;
}

static const char *
found_on(struct vd_ruleset *set, unsigned id, const char *value)
{
	char event[128];
	(void)snprintf(event, sizeof event, "{\"Channel\": \"Security\", \"EventID\": %u, \"A\": \"%s\"}", id,
		value);
	return found(set, event);
}

VD_TEST(thousands_of_rules_may_each_name_an_event_id)
{
	struct vd_ruleset *set = load_ids(0, 5000);
	assert_string_equal(found_on(set, 10000, "word0."), "0");
	assert_string_equal(found_on(set, 14999, "word4999."), "4999");
	assert_string_equal(found_on(set, 14998, "word4999."), "");
	assert_string_equal(found_on(set, 15000, "word4999."), "");
	vd_ruleset_unref(set);
}

VD_TEST(event_ids_without_a_route_of_their_own_lose_no_rule)
{
	/* more than VD_CHANNELS_WORK allows */
	struct vd_ruleset *set = load_ids(1000, 2000);
	for (unsigned i = 0; i < 2000; i += 333) {
		char value[64], expected[64];
		(void)snprintf(
			value, sizeof value, "word7. word%u. word%u.", 1000 + i, 1000 + (i + 1) % 2000);
		(void)snprintf(expected, sizeof expected, "7 %u", 1000 + i);
		assert_string_equal(found_on(set, 10000 + i, value), expected);
	}
	assert_string_equal(found_on(set, 4624, "word7. word1000. word2999."), "7");
	vd_ruleset_unref(set);
}

/* ---- evidence ---- */

VD_TEST(evidence_names_field_value_predicate_and_selection)
{
	struct vd_ruleset *set = load(VD_S("title: t\nlogsource: {category: test}\ndetection:\n"
					   "  sel: {A|endswith: ['\\x.exe', '\\cmd.exe']}\n  filter: {B: y}\n"
					   "  condition: sel and not filter\n"),
		true);
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	struct vd_matcher *matcher = matcher_of(set);
	struct vd_err err = VD_ERR_INIT;
	size_t n;
	const struct vd_evidence *list;
	bool holds, routed;
	assert_int_equal(run(matcher, &text, "{\"A\": \"C:\\\\cmd.exe\", \"B\": \"z\"}").n, 1);
	assert_int_equal(vd_matcher_evidence(matcher, 0, &n, &list, &err), VD_OK);
	assert_int_equal(n, 1);
	assert_true(vd_str_is(list[0].field, "A") && vd_str_is(list[0].value, "C:\\cmd.exe"));
	assert_true(vd_str_is(list[0].predicate, "A|endswith: '\\cmd.exe'") &&
		    vd_str_is(list[0].selection, "sel"));
	assert_true(list[0].holds && !list[0].negated);
	assert_int_equal(vd_matcher_explain(matcher, 0, &n, &list, &holds, &routed, &err), VD_OK);
	assert_true(holds && routed);
	assert_int_equal(n, 3);
	assert_true(!list[0].holds && list[1].holds && !list[2].holds && list[2].negated);
	vd_matcher_free(matcher);
	vd_ruleset_unref(set);
}

#define ENDLESS "s: {A|re: '^(a+)+$'}"
#define LONG_RUN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

VD_TEST(searches_that_are_cut_short_are_counted)
{
	struct vd_ruleset *set =
		load(VD_S(RULE("cut", ENDLESS) "---\n" RULE("found", "s: {A|re: 'b$'}")), true);
	struct vd_matcher *matcher = matcher_of(set);
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	struct vd_err err = VD_ERR_INIT;
	size_t n;
	const struct vd_evidence *list;
	bool holds, routed;
	assert_int_equal(run(matcher, &text, "{\"A\": \"aab\"}").n, 1);
	assert_int_equal(vd_matcher_limits(matcher).searches, 0);
	assert_int_equal(run(matcher, &text, "{\"A\": \"" LONG_RUN "b\"}").n, 1);
	assert_int_equal(vd_matcher_limits(matcher).searches, 1);
	/* evidence repeats what matching did, an explanation asks anew */
	assert_int_equal(vd_matcher_evidence(matcher, 0, &n, &list, &err), VD_OK);
	assert_int_equal(vd_matcher_evidence(matcher, 1, &n, &list, &err), VD_OK);
	assert_int_equal(vd_matcher_limits(matcher).searches, 1);
	assert_int_equal(vd_matcher_explain(matcher, 0, &n, &list, &holds, &routed, &err), VD_OK);
	assert_false(holds);
	assert_true(vd_matcher_limits(matcher).searches > 1);
	vd_matcher_free(matcher);
	vd_ruleset_unref(set);
}

/* {"A": ["", a0, a1, …], "B": ["~", b0, b1, …, last]} */
static void
two_arrays(struct vd_buf *to, unsigned n, const char *last)
{
	vd_buf_reset(to);
	vd_buf_text(to, "{\"A\": [\"\"");
	for (unsigned i = 0; i < n; i++)
		vd_buf_printf(to, ",\"Value%u\"", i);
	vd_buf_text(to, "], \"B\": [\"~\"");
	for (unsigned i = 0; i < n; i++)
		vd_buf_printf(to, ",\"other%u\"", i);
	vd_buf_printf(to, ",\"%s\"]}", last);
}

VD_TEST(fields_of_very_many_values_are_compared_in_bounded_time)
{
	struct vd_ruleset *set =
		load(VD_S(RULE("whole", "s: {A|fieldref: B}") "---\n" RULE("starts",
			     "s: {A|fieldref|startswith: B}") "---\n" RULE("none", "s: {A|fieldref|neq: B}")),
			true);
	struct vd_matcher *matcher = matcher_of(set);
	VD_AUTO_FINI(vd_buf) arrays;
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&arrays, 0);
	vd_buf_init(&text, 0);
	/* whole values are found however many there are */
	two_arrays(&arrays, 30000, "vALUE29999");
	struct vd_match_result result = run(matcher, &text, arrays.at);
	assert_true(result.n == 1 && result.rules[0] == 0);
	assert_int_equal(vd_matcher_limits(matcher).comparisons, 1);
	two_arrays(&arrays, 30000, "vALUE30000");
	result = run(matcher, &text, arrays.at);
	assert_true(result.n == 1 && result.rules[0] == 2);
	assert_int_equal(vd_matcher_limits(matcher).comparisons, 2);
	/* few enough for every pair */
	two_arrays(&arrays, 300, "vAL");
	result = run(matcher, &text, arrays.at);
	assert_true(result.n == 2 && result.rules[0] == 1);
	assert_int_equal(vd_matcher_limits(matcher).comparisons, 2);
	/* evidence compares again and counts nothing, an explanation counts */
	struct vd_err err = VD_ERR_INIT;
	size_t n;
	const struct vd_evidence *list;
	bool holds, routed;
	two_arrays(&arrays, 30000, "vALUE29999");
	assert_int_equal(run(matcher, &text, arrays.at).n, 1);
	assert_int_equal(vd_matcher_evidence(matcher, 0, &n, &list, &err), VD_OK);
	assert_int_equal(vd_matcher_evidence(matcher, 1, &n, &list, &err), VD_OK);
	assert_int_equal(vd_matcher_limits(matcher).comparisons, 3);
	assert_int_equal(vd_matcher_explain(matcher, 1, &n, &list, &holds, &routed, &err), VD_OK);
	assert_false(holds);
	assert_true(vd_matcher_limits(matcher).comparisons > 3);
	vd_matcher_free(matcher);
	vd_ruleset_unref(set);
}

VD_TEST(after_an_unreadable_event_there_is_nothing_to_explain)
{
	struct vd_ruleset *set = load(VD_S(RULE("t", "s: {A: x}")), true);
	struct vd_matcher *matcher = matcher_of(set);
	struct vd_match_result result;
	struct vd_err err = VD_ERR_INIT;
	char text[2 + VD_INPUT_PADDING] = "42";
	size_t n;
	int64_t ms;
	struct vd_str value;
	const struct vd_evidence *list;
	assert_int_equal(vd_matcher_event(matcher, (struct vd_str){text, 2}, &result, &err), VD_EINPUT);
	assert_int_equal(vd_matcher_evidence(matcher, 0, &n, &list, &err), VD_EINPUT);
	assert_int_equal(vd_matcher_evidence(matcher, 1, &n, &list, &err), VD_ENOTFOUND);
	assert_false(vd_matcher_time(matcher, &ms));
	assert_false(vd_matcher_field(matcher, VD_S("A"), &value));
	assert_int_equal(vd_matcher_host(matcher).len, 0);
	vd_matcher_free(matcher);
	vd_ruleset_unref(set);
}

VD_TEST(times_without_a_year_need_the_reference_of_the_caller)
{
	struct vd_ruleset *set = load(VD_S(RULE("t", "s: {A: x}")), true);
	struct vd_matcher *matcher = matcher_of(set);
	struct vd_match_result result;
	struct vd_err err = VD_ERR_INIT;
	char text[64 + VD_INPUT_PADDING] = "{\"timestamp\": \"Jan  5 03:59:00\"}";
	int64_t ms = 0;
	assert_int_equal(vd_matcher_event(matcher, vd_str_from(text), &result, &err), VD_OK);
	assert_false(vd_matcher_time(matcher, &ms));
	vd_matcher_set_reference(matcher, 1767585540000);
	assert_true(vd_matcher_time(matcher, &ms));
	assert_true(ms == 1767585540000);
	vd_matcher_free(matcher);
	vd_ruleset_unref(set);
}

#define SYSMON(id) "{\"Channel\": \"Microsoft-Windows-Sysmon/Operational\", \"EventID\": " id "}"

VD_TEST(every_event_is_asked_anew_for_its_log_source)
{
	struct vd_ruleset *set =
		load(VD_S("title: t\nlogsource: {product: windows, category: process_creation}\n"
			  "detection: {s: {A: x}, condition: s}\n"),
			false);
	struct vd_matcher *matcher = matcher_of(set);
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	(void)run(matcher, &text, SYSMON("1"));
	assert_true(vd_matcher_routed(matcher, 0));
	assert_true(vd_matcher_routed(matcher, 0));
	(void)run(matcher, &text, SYSMON("3"));
	assert_false(vd_matcher_routed(matcher, 0));
	struct vd_log_source source = vd_matcher_log_source(matcher);
	assert_true(source.known && vd_str_is(source.product, "windows"));
	assert_true(source.n_categories == 1 && vd_str_is(source.categories[0], "network_connection"));
	assert_true(source.n_services == 1 && vd_str_is(source.services[0], "sysmon"));
	(void)run(matcher, &text, "{\"B\": 1}");
	assert_true(vd_matcher_routed(matcher, 0));
	assert_false(vd_matcher_log_source(matcher).known);
	vd_matcher_free(matcher);
	vd_ruleset_unref(set);
}

VD_TEST(an_explanation_tells_an_absent_field_from_an_empty_one)
{
	struct vd_ruleset *set = load(VD_S(RULE("t", "s: {A: [x, null], B: x, C: x}")), true);
	struct vd_matcher *matcher = matcher_of(set);
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	struct vd_err err = VD_ERR_INIT;
	size_t n;
	const struct vd_evidence *list;
	bool holds, routed;
	(void)run(matcher, &text, "{\"B\": \"\", \"C\": null}");
	assert_int_equal(vd_matcher_explain(matcher, 0, &n, &list, &holds, &routed, &err), VD_OK);
	assert_int_equal(n, 4);
	assert_null(list[0].value.at);
	assert_null(list[1].value.at);
	assert_true(list[2].value.at != NULL && list[2].value.len == 0);
	assert_true(vd_str_is(list[3].value, "null"));
	(void)run(matcher, &text, "{\"B\": \"x\", \"C\": \"x\"}");
	assert_int_equal(vd_matcher_evidence(matcher, 0, &n, &list, &err), VD_OK);
	assert_true(n == 3 && list[0].value.at == NULL);
	assert_true(vd_str_is(list[0].predicate, "A: null"));
	vd_matcher_free(matcher);
	vd_ruleset_unref(set);
}

VD_TEST(a_keyword_shows_the_value_it_is_found_in_and_none_where_it_is_not)
{
	struct vd_ruleset *set = load(VD_S(RULE("t", "s: [whoami, nobody]")), true);
	struct vd_matcher *matcher = matcher_of(set);
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	struct vd_err err = VD_ERR_INIT;
	size_t n;
	const struct vd_evidence *list;
	bool holds, routed;
	(void)run(matcher, &text, "{\"A\": \"x\", \"B\": \"cmd whoami\", \"C\": \"z\"}");
	assert_int_equal(vd_matcher_explain(matcher, 0, &n, &list, &holds, &routed, &err), VD_OK);
	assert_int_equal(n, 2);
	assert_true(list[0].holds && vd_str_is(list[0].value, "cmd whoami"));
	assert_true(!list[1].holds && list[1].value.at != NULL && list[1].value.len == 0);
	vd_matcher_free(matcher);
	vd_ruleset_unref(set);
}

VD_TEST(a_correlation_says_which_rules_it_refers_to)
{
	struct vd_ruleset *set =
		load(VD_S(RULE("a", "s: {A: x}") "---\nname: b\n" RULE("b",
			     "s: {A: y}") "---\n"
					  "title: c\nid: c\ncorrelation: {type: event_count, rules: [b], "
					  "group-by: [H], timespan: 1m, condition: {gte: 2}}\n"),
			true);
	size_t n;
	assert_int_equal(vd_ruleset_rules(set), 3);
	const size_t *refers = vd_ruleset_rule_refers(set, 2, &n);
	assert_true(n == 1 && refers[0] == 1);
	assert_null(vd_ruleset_rule_refers(set, 1, &n));
	assert_int_equal(n, 0);
	assert_null(vd_ruleset_rule_refers(set, 3, &n));
	vd_ruleset_unref(set);
}

/* ---- random rules on random events ---- */

static void
say_rule(struct vd_str rules, size_t rule, const struct vd_buf *event, bool explained)
{
	char title[32];
	(void)snprintf(title, sizeof title, "title: r%zu\n", rule);
	const char *from = memmem(rules.at, rules.len, title, strlen(title));
	const char *end = from == NULL ? NULL : strstr(from, "\n---");
	int len = from == NULL ? 0 : end == NULL ? (int)strlen(from) : (int)(end - from);
	print_error("%.*s\non %.*s\nplain evaluation says %d\n", len, from, (int)event->len, event->at,
		explained);
}

/* Every rule's plain evaluation against what the compiled set said; returns rules that match. */
static size_t
compare(struct vd_ruleset *set, struct vd_matcher *matcher, struct vd_str rules, struct vd_buf *event)
{
	struct vd_match_result result;
	struct vd_err err = VD_ERR_INIT;
	assert_true(vd_buf_room(event, VD_INPUT_PADDING));
	if (vd_matcher_event(matcher, vd_buf_view(event), &result, &err) != VD_OK)
		fail_msg("%s: %s", event->at, err.text);
	size_t at = 0, total = vd_ruleset_single_rules(set);
	for (uint32_t rule = 0; rule < total; rule++) {
		size_t n;
		const struct vd_evidence *list;
		bool explained, routed, matched = at < result.n && result.rules[at] == rule;
		assert_int_equal(
			vd_matcher_explain(matcher, rule, &n, &list, &explained, &routed, &err), VD_OK);
		if (explained != matched)
			say_rule(rules, rule, event, explained);
		assert_int_equal(explained, matched);
		assert_true(routed);
		at += matched;
	}
	assert_int_equal(at, result.n);
	return at;
}

/* seed, rules in a set, events; each event is seen twice, the second time out of the cache.  Returns matches. */
static size_t
agree(uint64_t seed, uint32_t n_rules, uint32_t n_events)
{
	struct vd_random random = {seed};
	VD_AUTO_FINI(vd_buf) rules;
	VD_AUTO_FINI(vd_buf) event;
	vd_buf_init(&rules, 0);
	vd_buf_init(&event, 0);
	vd_random_rules(&random, n_rules, &rules);
	struct vd_ruleset *set = load(vd_buf_view(&rules), true);
	for (size_t i = 0; i < vd_ruleset_verdicts(set); i++) {
		struct vd_verdict_view row = vd_ruleset_verdict(set, i);
		if (row.verdict == VD_RULE_REJECTED)
			fail_msg("line %u: %.*s", row.line, (int)row.message.len, row.message.at);
	}
	assert_int_equal(vd_ruleset_single_rules(set), n_rules);
	struct vd_matcher *matcher = matcher_of(set);
	size_t matches = 0;
	for (uint32_t i = 0; i < n_events; i++) {
		vd_buf_reset(&event);
		vd_random_event(&random, &event);
		size_t first = compare(set, matcher, vd_buf_view(&rules), &event);
		assert_int_equal(compare(set, matcher, vd_buf_view(&rules), &event), first);
		matches += first;
	}
	vd_matcher_free(matcher);
	vd_ruleset_unref(set);
	return matches;
}

VD_TEST(small_sets_of_random_rules_match_as_their_plain_evaluation_says)
{
	size_t matches = 0;
	for (uint64_t seed = 1; seed <= 20; seed++)
		matches += agree(seed * 0x9e3779b97f4a7c15u, 8, 40);
	assert_true(matches > 20 * 40); /* else the vocabulary is too wide to show anything */
}

VD_TEST(large_sets_of_random_rules_match_as_their_plain_evaluation_says)
{
	size_t matches = 0;
	for (uint64_t seed = 1; seed <= 3; seed++)
		matches += agree(seed * 0xc2b2ae3d27d4eb4fu, 150, 60);
	assert_true(matches > 3 * 60);
}

/* ---- memory ---- */

#define WARM_EVENTS                                                                                          \
	700u /* a route learns anew after 64, 512, 4,096 events: none of it falls into the second pass */

static uint64_t
pass(struct vd_matcher *matcher, uint64_t seed, struct vd_buf *event)
{
	struct vd_random random = {seed};
	uint64_t allocations = 0;
	for (uint32_t i = 0; i < WARM_EVENTS; i++) {
		struct vd_match_result result;
		struct vd_err err = VD_ERR_INIT;
		vd_buf_reset(event);
		vd_random_event(&random, event);
		assert_true(vd_buf_room(event, VD_INPUT_PADDING));
		uint64_t before = vd_mem_count();
		assert_int_equal(vd_matcher_event(matcher, vd_buf_view(event), &result, &err), VD_OK);
		allocations += vd_mem_count() - before;
	}
	return allocations;
}

VD_TEST(events_allocate_nothing_once_a_matcher_is_warm)
{
	struct vd_random random = {0x165667b19e3779f9u};
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	vd_random_rules(&random, 1000, &text);
	struct vd_ruleset *set = load(vd_buf_view(&text), true);
	assert_int_equal(vd_ruleset_single_rules(set), 1000);
	struct vd_matcher *matcher = matcher_of(set);
	assert_true(pass(matcher, 77, &text) > 0);
	assert_int_equal(pass(matcher, 77, &text), 0);
	vd_matcher_free(matcher);
	vd_ruleset_unref(set);
}

static enum vd_status
load_and_match(struct vd_str rules, struct vd_buf *event, size_t *ret_n)
{
	struct vd_text text = {VD_S("r.yml"), rules};
	struct vd_ruleset_input input = {.rules = &text, .n_rules = 1, .no_routing = true};
	struct vd_ruleset *set = NULL;
	struct vd_matcher *matcher = NULL;
	struct vd_match_result result;
	struct vd_err err = VD_ERR_INIT;
	enum vd_status st = vd_ruleset_new(&input, &set, &err);
	if (st == VD_OK)
		st = vd_matcher_new(set, &matcher, &err);
	if (st == VD_OK)
		st = vd_matcher_event(matcher, vd_buf_view(event), &result, &err);
	if (st == VD_OK)
		*ret_n = result.n;
	vd_matcher_free(matcher);
	vd_ruleset_unref(set);
	return st;
}

VD_TEST(survives_every_out_of_memory)
{
	struct vd_str rules = VD_S(RULE("a", "s: {A|contains: [abc, bcd], B|re: 'x.y'}") "---\n" RULE(
		"b", "s: {A|contains|all: [ab, cd]}") "---\n" RULE("c", "s: [word, other]") "---\n" RULE("d",
		"s: {A|fieldref: E, A|fieldref|endswith: B}"));
	VD_AUTO_FINI(vd_buf) event;
	vd_buf_init(&event, 0);
	vd_buf_text(&event, "{\"A\": [\"abcd\", \"\\u00e9\"], \"B\": \"axzy\", \"C\": {\"d\": \"a word\"},"
			    "\"E\": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,"
			    "21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, \"\\u00c9\"]}");
	assert_true(vd_buf_room(&event, VD_INPUT_PADDING));
	size_t n = 0;
	VD_TORTURE
	{
		enum vd_status st = load_and_match(rules, &event, &n);
		assert_true(st == VD_OK || st == VD_ENOMEM);
	}
	assert_int_equal(n, 3);
}
