#include "event/cut.h"

#include <stdio.h>

#include "base/mem.h"
#include "vd_test.h"

#define LIMIT ((size_t)1 << 20)

/* What the cutter says, one line each: first all events, "7: {…}", then all bad input, "7! words". */
static void
on_bad(void *owner, uint64_t line, const char *what)
{
	vd_buf_printf(owner, "%llu! %s\n", (unsigned long long)line, what);
}

static void
take_events(struct vd_batch *batch, struct vd_buf *out)
{
	for (size_t i = 0; i < batch->n; i++) {
		vd_buf_printf(out, "%llu: ", (unsigned long long)batch->events[i].line);
		for (size_t k = 0; k < batch->events[i].text.len; k++)
			vd_buf_char(
				out, batch->events[i].text.at[k] == '\n' ? '~' : batch->events[i].text.at[k]);
		vd_buf_char(out, '\n');
	}
	batch->n = 0;
}

/* Hands text over in pieces that grow by `step` bytes. */
static void
cut_in_steps(struct vd_str text, size_t step, size_t limit, struct vd_buf *out)
{
	VD_AUTO(vd_batch) batch = vd_batch_new();
	VD_AUTO_FINI(vd_buf) bad;
	vd_buf_init(&bad, 0);
	struct vd_cutter cutter;
	vd_cutter_init(&cutter, limit, on_bad, &bad);
	size_t from = 0, to = 0;
	do {
		to = VD_MIN(text.len, to + step);
		size_t used = SIZE_MAX;
		assert_int_equal(vd_cutter_run(&cutter, (struct vd_str){text.at + from, to - from},
					 to == text.len, batch, &used, NULL),
			VD_OK);
		take_events(batch, out);
		assert_true(used <= to - from);
		from += used;
	} while (to < text.len);
	assert_int_equal(from, text.len);
	vd_buf_str(out, vd_buf_view(&bad));
}

/* The excerpt in a message shows what had arrived by then: takes it away. */
static void
drop_excerpts(struct vd_buf *out)
{
	char *mark;
	while ((mark = strstr(out->at, ": '")) != NULL) {
		char *end = strchr(mark, '\n');
		memmove(mark, end, strlen(end) + 1);
	}
}

static void
assert_cut(struct vd_str text, const char *expected)
{
	const size_t steps[] = {text.len, 1, 2, 3, 7};
	VD_AUTO_FINI(vd_buf) wanted;
	vd_buf_init(&wanted, 0);
	vd_buf_text(&wanted, expected);
	for (size_t i = 0; i < VD_ARRAY_LEN(steps); i++) {
		VD_AUTO_FINI(vd_buf) out;
		vd_buf_init(&out, 0);
		vd_buf_text(&out, "");
		cut_in_steps(text, VD_MAX(steps[i], 1u), LIMIT, &out);
		if (i > 0) {
			drop_excerpts(&out);
			drop_excerpts(&wanted);
		}
		if (strcmp(out.at, wanted.at) != 0)
			fail_msg("in steps of %zu bytes:\n%s\nexpected:\n%s", steps[i], out.at, wanted.at);
	}
}

VD_TEST(lines_are_events)
{
	assert_cut(VD_S("{\"a\":1}\n{\"b\":2}\n"), "1: {\"a\":1}\n2: {\"b\":2}\n");
	assert_cut(VD_S("{\"a\":1}\n{\"b\":2}"), "1: {\"a\":1}\n2: {\"b\":2}\n");
	assert_cut(VD_S("\n  {\"a\":1} \r\n\r\n\t{\"b\":2}\r\n"), "2: {\"a\":1}\n4: {\"b\":2}\n");
	assert_cut(VD_S(""), "");
	assert_cut(VD_S(" \n \r\n"), "");
}

VD_TEST(a_broken_line_goes_to_the_parser_and_costs_no_other)
{
	assert_cut(VD_S("{\"a\":1\n{\"b\":2}\n"), "1: {\"a\":1\n2: {\"b\":2}\n");
	assert_cut(VD_S("{\"a\":\n{\"b\":2}\n{\"c\":3}\n"), "1: {\"a\":\n2: {\"b\":2}\n3: {\"c\":3}\n");
	assert_cut(VD_S("{\"a\":\"no end\n{\"b\":2}\n{\"c\":3}\n"),
		"1: {\"a\":\"no end\n2: {\"b\":2}\n3: {\"c\":3}\n");
	assert_cut(VD_S("{\"a\":[1,\n{\"b\":2}\n{\"c\":3}\n"), "1: {\"a\":[1\n2: {\"b\":2}\n3: {\"c\":3}\n");
	assert_cut(VD_S("{\"a\":{\n{\"b\":2}\n"), "1: {\"a\":{\n2: {\"b\":2}\n");
	assert_cut(VD_S("{\"b\":2}\n{\"a\":1"), "1: {\"b\":2}\n2: {\"a\":1\n");
	assert_cut(VD_S("{\"a\":x y}}}\n{\"b\":2}\n"), "1: {\"a\":x y}}}\n2: {\"b\":2}\n");
}

#define ADVICE                                                                                               \
	"; plain text logs and CSV are not read: have them written as JSON (journalctl -o json, nginx "      \
	"log_format with "                                                                                   \
	"escape=json)\n"

VD_TEST(lines_that_are_no_objects_are_reported)
{
	assert_cut(VD_S("Nov 23 09:51:02 host sshd[1]: no\n{\"a\":1}\n[2024-01-01] text\n17\n"),
		"2: {\"a\":1}\n1! not a JSON object, line skipped: 'Nov 23 09:51:02 host sshd[1]: no'" ADVICE
		"3! not a JSON object, line skipped: '[2024-01-01] text'\n4! not a JSON object, line "
		"skipped: '17'\n");
	assert_cut(VD_S("\x01\x02\xff{\n{\"a\":1}"),
		"2: {\"a\":1}\n1! not a JSON object, line skipped: '???{'" ADVICE);
}

VD_TEST(what_to_do_with_plain_text_is_said_once_and_not_where_an_event_came_first)
{
	assert_cut(VD_S("a\nb\n"),
		"1! not a JSON object, line skipped: 'a'" ADVICE "2! not a JSON object, line skipped: 'b'\n");
	assert_cut(VD_S("{\"a\":1}\nb\n"), "1: {\"a\":1}\n2! not a JSON object, line skipped: 'b'\n");
}

VD_TEST(pretty_printed_objects_are_cut_by_structure)
{
	assert_cut(VD_S("{\n  \"a\": {\n    \"b\": [1, \"}{\\\"\"]\n  }\n}\n{\n  \"c\": 2\n}\n"),
		"1: {~  \"a\": {~    \"b\": [1, \"}{\\\"\"]~  }~}\n6: {~  \"c\": 2~}\n");
	assert_cut(VD_S("{\"a\": 1,\n \"b\": 2}\n{\"c\": 3,\n \"d\": 4}\n"),
		"1: {\"a\": 1,~ \"b\": 2}\n3: {\"c\": 3,~ \"d\": 4}\n");
	assert_cut(VD_S("{\r\n  \"a\": 1\r\n}\r\n{}"), "1: {\r~  \"a\": 1\r~}\n4: {}\n");
}

VD_TEST(objects_on_one_line_are_told_apart)
{
	assert_cut(VD_S("{\"a\":1}{\"b\":2} {\"c\":3},{\"d\":4}\n{\"e\":5}{\"f\":6}"),
		"1: {\"a\":1}\n1: {\"b\":2}\n1: {\"c\":3}\n1: {\"d\":4}\n2: {\"e\":5}\n2: {\"f\":6}\n");
	assert_cut(VD_S("\x1e{\"a\":1}\n\x1e{\"b\":2}\n"), "1: {\"a\":1}\n2: {\"b\":2}\n");
	assert_cut(VD_S("{\"a\":1},\n{\"b\":2},\n"), "1: {\"a\":1}\n2: {\"b\":2}\n");
}

/* What becomes of a line that was taken for one event; nothing: it is no more than that. */
static void
assert_line(struct vd_str text, const char *expected)
{
	VD_AUTO(vd_batch) batch = vd_batch_new();
	VD_AUTO_FINI(vd_buf) out, bad;
	vd_buf_init(&out, 0);
	vd_buf_init(&bad, 0);
	vd_buf_text(&out, "");
	const struct vd_batch_event line = {text, 7, 0};
	if (vd_cut_finds_more(text))
		assert_int_equal(vd_cut_line(&line, on_bad, &bad, batch, NULL), VD_OK);
	take_events(batch, &out);
	vd_buf_str(&out, vd_buf_view(&bad));
	assert_string_equal(out.at, expected);
}

VD_TEST(a_line_that_was_taken_for_one_event_is_cut_when_it_is_more)
{
	assert_line(VD_S("{\"a\":1}{\"b\":2}"), "7: {\"a\":1}\n7: {\"b\":2}\n");
	assert_line(VD_S("{\"a\":1} , {\"b\":[{}]}\x1e{\"c\":3}"),
		"7: {\"a\":1}\n7: {\"b\":[{}]}\n7: {\"c\":3}\n");
	assert_line(VD_S("{\"a\":1}{\"Records\":[{\"b\":2}]}"), "7: {\"a\":1}\n1: {\"b\":2}\n");
	/* a broken one among them is still the parser's */
	assert_line(VD_S("{\"a\" 1}{\"b\":2}"), "7: {\"a\" 1}\n7: {\"b\":2}\n");
	assert_line(VD_S("{\"a\":1}{\"b\":\"}"), "7: {\"a\":1}\n7: {\"b\":\"}\n");
	assert_line(
		VD_S("{\"a\":1}}"), "7: {\"a\":1}\n7! not a JSON object, rest of the line skipped: '}'\n");
	assert_line(
		VD_S("{\"a\":1} x}"), "7: {\"a\":1}\n7! not a JSON object, rest of the line skipped: 'x}'\n");
	assert_line(VD_S("{\"a\":1}"), "");
	assert_line(VD_S("{\"a\" 1},"), "");
	assert_line(VD_S("{\"a\":{\"b\":1}"), "");
	assert_line(VD_S("{\"a\":\"b}{\"c\":1}"), "");
}

VD_TEST(what_stands_behind_an_object_on_its_line_is_reported)
{
	assert_cut(VD_S("{\"a\":1} text\n{\"b\":2}\n"),
		"1: {\"a\":1}\n2: {\"b\":2}\n1! not a JSON object, rest of the line skipped: 'text'\n");
	/* a bracket too many is no text */
	assert_cut(VD_S("{\"a\":1}]}, {\"b\":2},\n}\n"),
		"1: {\"a\":1}\n1: {\"b\":2}\n"
		"1! not a JSON object, rest of the line skipped: ']}, {\"b\":2},'\n"
		"2! not a JSON object, line skipped: '}'\n");
	assert_cut(VD_S("{\"a\":1}] text {\"b\":2},\n"),
		"1: {\"a\":1}\n1! not a JSON object, rest of the line skipped: '] text {\"b\":2},'\n");
}

VD_TEST(elements_of_an_array_are_numbered)
{
	assert_cut(VD_S("[{\"a\":1},{\"b\":[2]}]"), "1: {\"a\":1}\n2: {\"b\":[2]}\n");
	assert_cut(VD_S("[\n  {\n    \"a\": 1\n  },\n  {\n    \"b\": 2\n  }\n]\n"),
		"1: {~    \"a\": 1~  }\n2: {~    \"b\": 2~  }\n");
	assert_cut(
		VD_S("[{\"a\":1},\n{\"b\":2},\n{\"c\":3}]\n"), "1: {\"a\":1}\n2: {\"b\":2}\n3: {\"c\":3}\n");
	assert_cut(VD_S("[\n{\"a\":1},{\"b\":2},\n{\"c\":3},{\"d\":4}\n]\n"),
		"1: {\"a\":1}\n2: {\"b\":2}\n3: {\"c\":3}\n4: {\"d\":4}\n");
	assert_cut(VD_S("[\n{\"a\":1}\n, {\"b\":2} ,\n{\"c\":3}]"),
		"1: {\"a\":1}\n2: {\"b\":2}\n3: {\"c\":3}\n");
	assert_cut(VD_S("[\n{\"a\":1},\n{\"b\":2},{\"c\":3},\n{\"d\":4}{\"e\":[{},{}]}\n]\n"),
		"1: {\"a\":1}\n2: {\"b\":2}\n3: {\"c\":3}\n4: {\"d\":4}\n5: {\"e\":[{},{}]}\n");
	assert_cut(VD_S("[]\n{\"a\":1}\n"), "2: {\"a\":1}\n");
	assert_cut(VD_S("[{\"a\":1}]\n[{\"b\":2}]\n"), "1: {\"a\":1}\n2: {\"b\":2}\n");
}

VD_TEST(an_element_that_is_no_object_is_reported)
{
	assert_cut(VD_S("[null,{\"a\":1},\"x,]{\",[1,[2]],{\"b\":2}]"),
		"2: {\"a\":1}\n5: {\"b\":2}\n"
		"1! an element that is not a JSON object, skipped: "
		"'null,{\"a\":1},\"x,]{\",[1,[2]],{\"b\":2}]'\n"
		"3! an element that is not a JSON object, skipped: '\"x,]{\",[1,[2]],{\"b\":2}]'\n"
		"4! an element that is not a JSON object, skipped: '[1,[2]],{\"b\":2}]'\n");
	assert_cut(VD_S("[{\"a\":1}"), "1: {\"a\":1}\n1! the file ends before its array does\n");
}

VD_TEST(a_broken_element_costs_no_other)
{
	assert_cut(VD_S("[{\"a\":1,,},{\"b\":2}]"), "1: {\"a\":1,,}\n2: {\"b\":2}\n");
	assert_cut(VD_S("[{\"a\":[1},{\"b\":2}]"), "1: {\"a\":[1}\n2: {\"b\":2}\n");
	assert_cut(VD_S("[{\"a\":1,{\"b\":2}]"), "1: {\"a\":1\n2: {\"b\":2}\n");
	assert_cut(VD_S("[{\"a\":1,\"x\"]\n{\"b\":2}\n"), "1: {\"a\":1,\"x\"\n2: {\"b\":2}\n");
	assert_cut(VD_S("[\n  {\n    \"a\": \"no end,\n    \"b\": 1\n  },\n  {\n    \"c\": 2\n  }\n]\n"),
		"1: {~    \"a\": \"no end,~    \"b\": 1~  }\n2: {~    \"c\": 2~  }\n");
	assert_cut(VD_S("[\n  {\n    \"a\": {\n  {\n    \"c\": 2\n  }\n"),
		"2: {~    \"c\": 2~  }\n"
		"1! an object that begins here has no proper end: skipped up to what looks like the next\n"
		"2! the file ends before its array does\n");
}

VD_TEST(a_broken_pretty_printed_object_is_skipped_to_the_next)
{
	assert_cut(VD_S("{\n  \"a\": {\n    \"b\": 1\n\n{\n  \"c\": 2\n}\n"),
		"5: {~  \"c\": 2~}\n"
		"1! an object that begins here has no proper end: skipped up to what looks like the next\n");
	assert_cut(VD_S("{\n  \"a\": {\n    \"b\": 1\n"),
		"1! an object that begins here has no proper end: skipped up to what looks like the next\n");
}

VD_TEST(a_byte_order_mark_is_no_text)
{
	assert_cut(VD_S("\xef\xbb\xbf{\"a\":1}\n{\"b\":2}\n"), "1: {\"a\":1}\n2: {\"b\":2}\n");
	assert_cut(VD_S("\xef\xbb\xbf[{\"a\":1}]"), "1: {\"a\":1}\n");
}

VD_TEST(the_records_of_an_envelope_are_events)
{
	assert_cut(VD_S("{\"Records\":[{\"a\":1},{\"b\":[2]}]}"), "1: {\"a\":1}\n2: {\"b\":[2]}\n");
	assert_cut(VD_S("{\n  \"records\" : [\n    {\n \"a\": 1},\n    {\"b\":2}\n  ]\n}\n{\"c\":3}\n"),
		"1: {~ \"a\": 1}\n2: {\"b\":2}\n8: {\"c\":3}\n");
	assert_cut(VD_S("{\"Records\":[]}\n"), "");
	assert_cut(VD_S("{ \"Records\" : [\n] }\n{\"a\":1}\n"), "3: {\"a\":1}\n");
	/* one a line, as streams carry them */
	assert_cut(VD_S("{\"Records\":[{\"a\":1}]}\n{\"Records\":[{\"a\":2},{\"a\":3}]}\n"),
		"1: {\"a\":1}\n2: {\"a\":2}\n3: {\"a\":3}\n");
}

VD_TEST(the_end_of_an_envelope_may_stand_behind_an_event)
{
	assert_cut(VD_S("{\"Records\":[{\"a\":1},\n{\"b\":2}]}\n{\"c\":3}\n"),
		"1: {\"a\":1}\n2: {\"b\":2}\n3: {\"c\":3}\n");
	assert_cut(VD_S("{\"Records\":[\n{\"a\":1},\n{\"b\":[2]}\n] }\n"), "1: {\"a\":1}\n2: {\"b\":[2]}\n");
}

VD_TEST(a_broken_event_of_an_envelope_costs_no_other)
{
	assert_cut(VD_S("{\"Records\":[{\"a\":1},\n{\"b\":2,\n{\"c\":3},\n{\"d\":4}]}\n"),
		"1: {\"a\":1}\n2: {\"b\":2\n3: {\"c\":3}\n4: {\"d\":4}\n");
	assert_cut(VD_S("{\"Records\":[{\"a\":1},\n{\"b\":\"no end},\n{\"c\":3},\n{\"d\":4}]}\n"),
		"1: {\"a\":1}\n2: {\"b\":\"no end}\n3: {\"c\":3}\n4: {\"d\":4}\n");
	assert_cut(VD_S("{\"Records\":[{\"a\":1},\n{\"b\":2]}\n{\"c\":3}\n"),
		"1: {\"a\":1}\n2: {\"b\":2\n3: {\"c\":3}\n");
}

VD_TEST(an_object_with_other_records_is_an_event)
{
	assert_cut(VD_S("{\"Records\":[\"a\"]}\n"), "1: {\"Records\":[\"a\"]}\n");
	assert_cut(VD_S("{\"Records\":{\"a\":1}}\n"), "1: {\"Records\":{\"a\":1}}\n");
	assert_cut(VD_S("{\"Records\":[],\"a\":1}\n"), "1: {\"Records\":[],\"a\":1}\n");
	assert_cut(VD_S("{\"a\":1,\"Records\":[{\"b\":1}]}\n"), "1: {\"a\":1,\"Records\":[{\"b\":1}]}\n");
	assert_cut(VD_S("[{\"Records\":[{\"a\":1}]}]"), "1: {\"Records\":[{\"a\":1}]}\n");
	assert_cut(VD_S("{\"Reco"), "1: {\"Reco\n");
}

VD_TEST(an_object_longer_than_the_limit_is_skipped_without_being_held)
{
	for (int pretty = 0; pretty < 2; pretty++) {
		VD_AUTO_FINI(vd_buf) text, out;
		vd_buf_init(&text, 0);
		vd_buf_init(&out, 0);
		vd_buf_text(&text, pretty ? "{\n\"a\":\"" : "{\"a\":\"");
		while (text.len < 4 * LIMIT)
			vd_buf_text(&text, "0123456789{}[]");
		vd_buf_text(&text, "\"}\n{\"b\":2}\n");
		cut_in_steps(vd_buf_view(&text), 100000, LIMIT, &out);
		assert_string_equal(
			out.at, pretty ? "3: {\"b\":2}\n1! an event longer than 1048576 bytes, skipped\n"
				       : "2: {\"b\":2}\n1! an event longer than 1048576 bytes, skipped\n");
	}
}

VD_TEST(a_long_line_of_many_objects_is_cut_as_it_comes)
{
	VD_AUTO_FINI(vd_buf) text, out;
	vd_buf_init(&text, 0);
	vd_buf_init(&out, 0);
	size_t n = 0;
	for (; text.len < 4 * LIMIT; n++)
		vd_buf_text(&text, "{\"a\":1}");
	cut_in_steps(vd_buf_view(&text), 100000, LIMIT, &out);
	assert_int_equal(out.len, n * strlen("1: {\"a\":1}\n"));
}

VD_TEST(ten_thousand_levels_and_a_million_are_cut)
{
	for (size_t levels = 10000; levels <= 1000000; levels *= 100) {
		VD_AUTO_FINI(vd_buf) text, out;
		vd_buf_init(&text, 0);
		vd_buf_init(&out, 0);
		vd_buf_text(&text, "{\n\"a\":");
		for (size_t i = 0; i < levels; i++)
			vd_buf_text(&text, i % 2 ? "[" : "{\"k\":");
		for (size_t i = levels; i > 0; i--)
			vd_buf_text(&text, (i - 1) % 2 ? "]" : "}");
		vd_buf_text(&text, "}\n{\"b\":2}\n");
		cut_in_steps(vd_buf_view(&text), text.len, text.len, &out);
		assert_memory_equal(out.at, "1: {~\"a\":{\"k\":[", 15);
		assert_non_null(strstr(out.at, "}\n3: {\"b\":2}\n"));
	}
}

VD_TEST(hostile_lines_are_not_scanned_over_and_over)
{
	/* each line could begin an object that holds all lines below it */
	VD_AUTO_FINI(vd_buf) text, out;
	vd_buf_init(&text, 0);
	vd_buf_init(&out, 0);
	while (text.len < ((size_t)32 << 20))
		vd_buf_text(&text, "{\"a\":[\n");
	cut_in_steps(vd_buf_view(&text), text.len, (size_t)64 << 20, &out);
	assert_true(out.len > 0); /* ends within the time a test has */
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_batch) batch = vd_batch_new();
		VD_AUTO_FINI(vd_buf) out;
		vd_buf_init(&out, 0);
		if (batch == NULL)
			continue;
		struct vd_cutter cutter;
		vd_cutter_init(&cutter, LIMIT, on_bad, &out);
		size_t used = 0;
		enum vd_status st =
			vd_cutter_run(&cutter, VD_S("{\"a\":1}\nx\n{\n\"b\":2}\n"), true, batch, &used, NULL);
		assert_true(st == VD_OK ? batch->n == 2 : st == VD_ENOMEM && vd_mem_failed());
	}
}
