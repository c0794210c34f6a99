#include "rpc/trace.h"

#include <stdio.h>

#include "vd_test.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

VD_TEST(a_traceparent_reads_and_writes_back_as_it_was)
{
	static const uint8_t id[] = {0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d,
		0x0e, 0x0e, 0x47, 0x36};
	static const char *const texts[] = {"00-" TRACE "-" SPAN "-01", "00-" TRACE "-" SPAN "-00"};
	for (unsigned i = 0; i < VD_ARRAY_LEN(texts); i++) {
		struct vd_trace trace;
		char back[VD_TRACEPARENT_LEN + 1];
		assert_true(vd_trace_parse(vd_str_from(texts[i]), &trace));
		assert_memory_equal(trace.trace_id, id, sizeof id);
		assert_memory_equal(trace.span_id, "\x00\xf0\x67\xaa\x0b\xa9\x02\xb7", 8);
		assert_int_equal(trace.sampled, i == 0);
		vd_trace_format(&trace, back);
		assert_string_equal(back, texts[i]);
	}
}

VD_TEST(only_the_flag_that_version_00_knows_is_passed_on)
{
	struct vd_trace trace;
	char back[VD_TRACEPARENT_LEN + 1];
	assert_true(vd_trace_parse(VD_S("00-" TRACE "-" SPAN "-ff"), &trace));
	vd_trace_format(&trace, back);
	assert_string_equal(back, "00-" TRACE "-" SPAN "-01");
	assert_true(vd_trace_parse(VD_S("00-" TRACE "-" SPAN "-fe"), &trace));
	assert_false(trace.sampled);
}

VD_TEST(of_a_later_version_the_part_we_know_is_read)
{
	static const char *const texts[] = {"01-" TRACE "-" SPAN "-01", "cc-" TRACE "-" SPAN "-01-",
		"fe-" TRACE "-" SPAN "-01-what-the-future-will-be-like"};
	for (unsigned i = 0; i < VD_ARRAY_LEN(texts); i++) {
		struct vd_trace trace;
		char back[VD_TRACEPARENT_LEN + 1];
		assert_true(vd_trace_parse(vd_str_from(texts[i]), &trace));
		vd_trace_format(&trace, back);
		assert_string_equal(back, "00-" TRACE "-" SPAN "-01");
	}
}

VD_TEST(what_is_no_traceparent_is_refused)
{
	static const char *const bad[] = {
		"",
		"00-" TRACE "-" SPAN "-0",
		"00-" TRACE "-" SPAN "-011",
		"00-" TRACE "-" SPAN "-01-",
		"00-" TRACE "-" SPAN "-01-more",
		"01-" TRACE "-" SPAN "-01.more",
		"01-" TRACE "-" SPAN "-010",
		"ff-" TRACE "-" SPAN "-01",
		"FF-" TRACE "-" SPAN "-01",
		"0x-" TRACE "-" SPAN "-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
		"00-" TRACE "-00F067AA0BA902B7-01",
		"00-" TRACE "-" SPAN "-0A",
		"00-00000000000000000000000000000000-" SPAN "-01",
		"00-" TRACE "-0000000000000000-01",
		"00_" TRACE "-" SPAN "-01",
		"00-" TRACE "_" SPAN "-01",
		"00-" TRACE "-" SPAN "_01",
		" 00-" TRACE "-" SPAN "-01",
		"00-" TRACE "-" SPAN "-01 ",
		"00-4bf92f3577b34da6a3ce929d0e0e473-" SPAN "0-01",
		"00-4bf92f3577b34da6a3ce929d0e0e473g-" SPAN "-01",
	};
	for (unsigned i = 0; i < VD_ARRAY_LEN(bad); i++) {
		struct vd_trace trace = {.sampled = true, .span_id = {42}};
		assert_false(vd_trace_parse(vd_str_from(bad[i]), &trace));
		assert_true(trace.sampled && trace.span_id[0] == 42);
	}
}

VD_TEST(a_child_keeps_its_trace_and_has_a_span_of_its_own)
{
	struct vd_trace parent, child;
	assert_true(vd_trace_parse(VD_S("00-" TRACE "-" SPAN "-01"), &parent));
	vd_trace_child(&parent, (const uint8_t *)"12345678", &child);
	assert_memory_equal(child.trace_id, parent.trace_id, VD_TRACE_ID);
	assert_memory_equal(child.span_id, "12345678", VD_SPAN_ID);
	assert_true(child.sampled);
	vd_trace_child(&child, (const uint8_t *)"abcdefgh", &child);
	assert_memory_equal(child.span_id, "abcdefgh", VD_SPAN_ID);
}

VD_TEST(no_id_is_all_zero_whatever_chance_gives)
{
	static const uint8_t zeros[VD_TRACE_ID + VD_SPAN_ID];
	struct vd_trace trace, back;
	char text[VD_TRACEPARENT_LEN + 1];
	vd_trace_begin(zeros, false, &trace);
	vd_trace_format(&trace, text);
	assert_true(vd_trace_parse(vd_str_from(text), &back));
	assert_false(back.sampled);
	vd_trace_child(&trace, zeros, &trace);
	vd_trace_format(&trace, text);
	assert_true(vd_trace_parse(vd_str_from(text), &back));
	vd_trace_begin((const uint8_t *)"0123456789abcdefABCDEFGH", true, &trace);
	assert_memory_equal(trace.trace_id, "0123456789abcdef", VD_TRACE_ID);
	assert_memory_equal(trace.span_id, "ABCDEFGH", VD_SPAN_ID);
	assert_true(trace.sampled);
}

static void
passes(const char *list, const char *want)
{
	char text[VD_TRACESTATE_MAX + 1];
	assert_int_equal(vd_trace_state(vd_str_from(list), text), strlen(want));
	assert_string_equal(text, want);
}

VD_TEST(a_tracestate_is_passed_on_in_its_order)
{
	passes("", "");
	passes(" , ,", "");
	passes("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
	passes("a=1, b=2 ,\t,c=3", "a=1,b=2,c=3");
	passes("a/b_c-d*9=x y!~", "a/b_c-d*9=x y!~");
	passes("0tenant@system=1,fw529a3039@dt=FfB", "0tenant@system=1,fw529a3039@dt=FfB");
}

VD_TEST(a_tracestate_that_is_none_is_not_passed_on)
{
	static const char *const bad[] = {"a", "=1", "a=", "A=1", "0=1", "a=b=c", "a=\x7f", "a=\xc3\xb6",
		"a@=1", "@b=1", "a@0b=1", "a@b@c=1", "a@abcdefghijklmno=1", "a b=1", "a=1,b", "a\x01=1"};
	for (unsigned i = 0; i < VD_ARRAY_LEN(bad); i++)
		passes(bad[i], "");
	char text[VD_TRACESTATE_MAX + 1], nul[] = "a=1";
	nul[1] = '\0';
	assert_int_equal(vd_trace_state((struct vd_str){nul, 3}, text), 0);
	assert_int_equal(vd_trace_state(VD_S("a\0=1"), text), 0);
}

VD_TEST(more_than_32_members_are_too_many)
{
	char list[200] = "", text[VD_TRACESTATE_MAX + 1];
	size_t n = 0;
	for (unsigned i = 0; i < 33; i++)
		n += (size_t)snprintf(list + n, sizeof list - n, "k%02u=%u,", i, i % 10);
	assert_int_equal(vd_trace_state((struct vd_str){list, n}, text), 0);
	assert_int_equal(vd_trace_state((struct vd_str){list, n - 6}, text), n - 7);
}

/* Appends key=vvv… of n bytes. */
static size_t
member(char *to, char key, size_t n)
{
	to[0] = key;
	to[1] = '=';
	memset(to + 2, 'v', n - 2);
	to[n] = ',';
	return n + 1;
}

VD_TEST(beyond_512_bytes_long_members_go_first_and_then_those_at_the_end)
{
	char list[1200], text[VD_TRACESTATE_MAX + 1];
	size_t n = member(list, 'a', 129);
	n += member(list + n, 'b', 128);
	n += member(list + n, 'c', 129);
	n += member(list + n, 'd', 128); /* 514 and commas between */
	assert_int_equal(vd_trace_state((struct vd_str){list, n}, text), 129 + 128 + 128 + 2);
	assert_true(text[0] == 'a' && text[130] == 'b' && text[259] == 'd');
	n += member(list + n, 'e', 128);
	n += member(list + n, 'f', 128); /* a and c go: b d e f have 515 with their commas, so f goes too */
	assert_int_equal(vd_trace_state((struct vd_str){list, n}, text), 3 * 128 + 2);
	assert_true(text[0] == 'b' && text[129] == 'd' && text[258] == 'e');
	n = member(list, 'a', 128) + member(list + 129, 'b', 128) + member(list + 258, 'c', 128);
	n += member(list + n, 'd', 125);
	assert_int_equal(vd_trace_state((struct vd_str){list, n}, text), 512);
}
