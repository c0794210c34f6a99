#include "base/log.h"

#include <math.h>

#include "vd_test.h"

/* What a test's logger wrote last. */
struct written {
	struct vd_buf lines;
	size_t n;
	enum vd_log_level level;
};

static void
keep(void *owner, enum vd_log_level level, struct vd_str line)
{
	struct written *w = owner;
	vd_buf_str(&w->lines, line);
	w->level = level;
	w->n++;
}

static int64_t
noon(void *owner)
{
	(void)owner;
	return 1767585540000; /* 2026-01-05T03:59:00Z */
}

static struct vd_log *
logger(struct written *w, enum vd_log_form form)
{
	struct vd_log_options options = {
		.level = VD_NOTICE, .form = form, .service = "detect", .write = keep, .owner = w};
	struct vd_log *log = NULL;
	*w = (struct written){0};
	assert_int_equal(vd_log_new(&options, &log, NULL), VD_OK);
	return log;
}

VD_TEST(a_line_has_identity_event_and_fields_in_json)
{
	struct written w = {0};
	struct vd_log_options options = {.form = VD_LOG_JSON,
		.service = "detector",
		.instance = "a-1",
		.now_ms = noon,
		.write = keep,
		.owner = &w};
	VD_AUTO(vd_log) log = NULL;
	assert_int_equal(vd_log_new(&options, &log, NULL), VD_OK);
	vd_log_set_trace(log, VD_S("4bf9"));
	vd_log(log, VD_WARN, "rule.rejected", VD_STR("rule", VD_S("a\"b\n")), VD_INT("line", -3),
		VD_UINT("n", UINT64_MAX), VD_BOOL("strict", true), VD_DOUBLE("share", 0.5));
	assert_string_equal(w.lines.at,
		"{\"level\":\"warn\",\"time\":\"2026-01-05T03:59:00.000Z\",\"service\":\"detector\","
		"\"instance\":\"a-1\","
		"\"trace\":\"4bf9\",\"event\":\"rule.rejected\",\"rule\":\"a\\\"b\\n\",\"line\":-3,"
		"\"n\":18446744073709551615,\"strict\":true,\"share\":0.5}\n");
	assert_int_equal(w.level, VD_WARN);
	vd_buf_fini(&w.lines);
}

VD_TEST(text_form_quotes_only_what_would_be_ambiguous)
{
	struct written w;
	VD_AUTO(vd_log) log = logger(&w, VD_LOG_TEXT);
	vd_log(log, VD_NOTICE, "rules.loaded", VD_INT("n", 3), VD_TEXT("file", "a b.yml"),
		VD_TEXT("id", "x-1"), VD_TEXT("none", ""));
	assert_string_equal(w.lines.at, "notice detect rules.loaded n=3 file=\"a b.yml\" id=x-1 none=\"\"\n");
	vd_buf_fini(&w.lines);
}

VD_TEST(an_event_needs_no_fields)
{
	struct written w;
	VD_AUTO(vd_log) log = logger(&w, VD_LOG_JSON);
	vd_log(log, VD_ERROR, "service.stopped");
	assert_string_equal(
		w.lines.at, "{\"level\":\"error\",\"service\":\"detect\",\"event\":\"service.stopped\"}\n");
	vd_buf_fini(&w.lines);
}

VD_TEST(lines_below_the_level_are_not_written)
{
	struct written w;
	VD_AUTO(vd_log) log = logger(&w, VD_LOG_TEXT);
	vd_log(log, VD_DEBUG, "a");
	assert_int_equal(w.n, 0);
	vd_log_set_level(log, VD_DEBUG);
	vd_log(log, VD_DEBUG, "a");
	assert_int_equal(w.n, 1);
	vd_log_set_level(log, VD_ERROR);
	vd_log(log, VD_WARN, "a");
	assert_int_equal(w.n, 1);
	vd_buf_fini(&w.lines);
}

VD_TEST(no_logger_swallows_the_line)
{
	vd_log(NULL, VD_ERROR, "a", VD_INT("n", 1));
	vd_log_free(NULL);
}

VD_TEST(a_newline_in_a_value_cannot_forge_a_line)
{
	struct written w;
	VD_AUTO(vd_log) log = logger(&w, VD_LOG_TEXT);
	vd_log(log, VD_NOTICE, "a", VD_TEXT("x", "1\nerror detect forged"), VD_TEXT("y", "\x1b[2J"),
		VD_TEXT("z", "a=b"));
	assert_string_equal(
		w.lines.at, "notice detect a x=\"1\\nerror detect forged\" y=\"\\u001b[2J\" z=\"a=b\"\n");
	vd_buf_fini(&w.lines);
}

VD_TEST(a_long_value_is_cut_between_characters)
{
	char text[VD_LOG_VALUE_MAX + 2];
	memset(text, 'x', sizeof text);
	memcpy(text + VD_LOG_VALUE_MAX - 1, "\xc3\xa4", 2); /* ä across the bound */
	text[VD_LOG_VALUE_MAX + 1] = '\0';
	struct written w;
	VD_AUTO(vd_log) log = logger(&w, VD_LOG_TEXT);
	vd_log(log, VD_NOTICE, "a", VD_TEXT("v", text));
	assert_true(vd_str_ends(vd_buf_view(&w.lines), "xx…\"\n"));
	assert_int_equal(w.lines.len, strlen("notice detect a v=\"\"\n") + VD_LOG_VALUE_MAX - 1 + 3);
	vd_buf_fini(&w.lines);
}

VD_TEST(fields_that_do_not_fit_the_line_are_marked_as_cut)
{
	char controls[VD_LOG_VALUE_MAX + 1];
	memset(controls, 1, VD_LOG_VALUE_MAX);
	controls[VD_LOG_VALUE_MAX] = '\0';
	for (int form = VD_LOG_JSON; form <= VD_LOG_TEXT; form++) {
		struct written w;
		VD_AUTO(vd_log) log = logger(&w, (enum vd_log_form)form);
		vd_log(log, VD_NOTICE, "a", VD_TEXT("x", controls), VD_TEXT("y", controls),
			VD_TEXT("z", controls), VD_INT("n", 1));
		assert_int_equal(w.n, 1);
		assert_true(w.lines.len <= VD_LOG_LINE_MAX);
		assert_true(vd_str_ends(vd_buf_view(&w.lines),
			form == VD_LOG_JSON ? "\\u0001\",\"cut\":true}\n" : "\\u0001\" cut=true\n"));
		vd_buf_fini(&w.lines);
	}
}

VD_TEST(a_number_json_cannot_say_is_null)
{
	struct written w;
	VD_AUTO(vd_log) log = logger(&w, VD_LOG_JSON);
	vd_log(log, VD_NOTICE, "a", VD_DOUBLE("x", NAN), VD_DOUBLE("y", INFINITY));
	assert_true(vd_str_ends(vd_buf_view(&w.lines), "\"x\":null,\"y\":null}\n"));
	vd_buf_fini(&w.lines);
}

VD_TEST(level_names_read_back)
{
	enum vd_log_level level = VD_ERROR;
	for (int i = VD_DEBUG; i <= VD_ERROR; i++) {
		assert_true(vd_log_level_parse(vd_str_from(vd_log_level_name((enum vd_log_level)i)), &level));
		assert_int_equal(level, i);
	}
	assert_false(vd_log_level_parse(VD_S("loud"), &level));
}

VD_TEST(writing_allocates_nothing)
{
	static size_t n;
	struct written w;
	VD_AUTO(vd_log) log = logger(&w, VD_LOG_JSON);
	assert_true(vd_buf_room(&w.lines, 4096));
	uint64_t before = vd_mem_count();
	for (n = 0; n < 10; n++)
		vd_log(log, VD_NOTICE, "a", VD_TEXT("x", "y"), VD_UINT("n", n));
	assert_int_equal(vd_mem_count(), before);
	vd_buf_fini(&w.lines);
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		struct written w = {0};
		struct vd_log_options options = {.service = "a", .write = keep, .owner = &w};
		struct vd_log *log = NULL;
		struct vd_err err = VD_ERR_INIT;
		enum vd_status st = vd_log_new(&options, &log, &err);
		assert_int_equal(st, log == NULL ? VD_ENOMEM : VD_OK);
		vd_log_free(log);
	}
}
