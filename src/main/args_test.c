#include "main/args.h"

#include "vd_test.h"

enum { RULES, FORMAT, QUIET, LEVEL };

static const char *const formats[] = {"table", "ndjson", NULL};

static const struct vd_option options[] = {
	{RULES, "rules", 'r', VD_OPT_LIST, VD_WORD_FILE, "PATH…", NULL, "rules"},
	{FORMAT, "format", 'o', VD_OPT_VALUE, VD_WORD_CHOICE, "FORMAT", formats, "format"},
	{QUIET, "quiet", 'q', VD_OPT_FLAG, VD_WORD_NONE, NULL, NULL, "quiet"},
	{LEVEL, "min-level", 0, VD_OPT_VALUE, VD_WORD_TEXT, "LEVEL", NULL, "level"},
};

static const struct vd_command command = {.name = "detect",
	.summary = "",
	.operands = "PATH…",
	.max_operands = SIZE_MAX,
	.options = options,
	.n_options = VD_ARRAY_LEN(options),
	.notes = ""};

#define PARSE(args, ...)                                                                                     \
	const char *const words[] = {__VA_ARGS__};                                                           \
	struct vd_args args = {0};                                                                           \
	struct vd_err err = VD_ERR_INIT;                                                                     \
	enum vd_status st = vd_args_parse(&command, (int)VD_ARRAY_LEN(words), words, &args, &err)

static void
expect_words(const char *const *got, size_t n, size_t want_n, const char *first, const char *last)
{
	assert_int_equal(n, want_n);
	assert_string_equal(got[0], first);
	assert_string_equal(got[n - 1], last);
}

VD_TEST(a_list_takes_every_word_up_to_the_next_option)
{
	size_t n;
	PARSE(args, "events", "--rules", "a", "b", "c", "-q", "more");
	assert_int_equal(st, VD_OK);
	const char *const *rules = vd_args_list(&args, RULES, &n);
	expect_words(rules, n, 3, "a", "c");
	const char *const *operands = vd_args_operands(&args, &n);
	expect_words(operands, n, 2, "events", "more");
	assert_true(vd_args_given(&args, QUIET));
	vd_args_fini(&args);
}

VD_TEST(a_list_may_be_repeated_and_keeps_its_order)
{
	size_t n;
	PARSE(args, "--rules", "a", "--quiet", "-r", "b", "--rules=c", "operand");
	assert_int_equal(st, VD_OK);
	const char *const *rules = vd_args_list(&args, RULES, &n);
	expect_words(rules, n, 3, "a", "c");
	assert_string_equal(rules[1], "b");
	/* "=" gives exactly one word, so what follows is an operand */
	const char *const *operands = vd_args_operands(&args, &n);
	expect_words(operands, n, 1, "operand", "operand");
	vd_args_fini(&args);
}

VD_TEST(two_dashes_end_options)
{
	size_t n;
	PARSE(args, "--rules", "a", "--", "-q", "--rules");
	assert_int_equal(st, VD_OK);
	const char *const *operands = vd_args_operands(&args, &n);
	expect_words(operands, n, 2, "-q", "--rules");
	assert_false(vd_args_given(&args, QUIET));
	vd_args_fini(&args);
}

VD_TEST(a_dash_alone_is_an_operand_and_ends_a_list)
{
	size_t n;
	PARSE(args, "--rules", "a", "-");
	assert_int_equal(st, VD_OK);
	const char *const *operands = vd_args_operands(&args, &n);
	expect_words(operands, n, 1, "-", "-");
	vd_args_fini(&args);
}

VD_TEST(short_letters_stand_together_and_carry_values)
{
	PARSE(args, "-qotable");
	assert_int_equal(st, VD_OK);
	assert_true(vd_args_given(&args, QUIET));
	assert_string_equal(vd_args_value(&args, FORMAT), "table");
	vd_args_fini(&args);
}

VD_TEST(the_last_of_two_values_counts)
{
	PARSE(args, "--min-level", "low", "--min-level=high");
	assert_int_equal(st, VD_OK);
	assert_string_equal(vd_args_value(&args, LEVEL), "high");
	vd_args_fini(&args);
}

VD_TEST(a_misspelt_option_gets_a_suggestion)
{
	PARSE(args, "--rulse", "a");
	assert_int_equal(st, VD_EINPUT);
	assert_non_null(strstr(err.text, "did you mean --rules?"));
	assert_null(args.words);
}

VD_TEST(an_option_like_no_other_gets_the_way_to_help)
{
	PARSE(args, "--zzzzzzzzz");
	assert_int_equal(st, VD_EINPUT);
	assert_non_null(strstr(err.text, "vedette detect --help"));
}

VD_TEST(a_wrong_choice_names_the_right_ones)
{
	PARSE(args, "--format", "ndjsn");
	assert_int_equal(st, VD_EINPUT);
	assert_non_null(strstr(err.text, "table, ndjson"));
	assert_non_null(strstr(err.text, "did you mean ndjson?"));
}

VD_TEST(an_option_without_its_value_is_an_error)
{
	PARSE(args, "--rules", "--quiet");
	assert_int_equal(st, VD_EINPUT);
	assert_non_null(strstr(err.text, "--rules needs PATH…"));
}

VD_TEST(a_flag_takes_no_value)
{
	PARSE(args, "--quiet=yes");
	assert_int_equal(st, VD_EINPUT);
	assert_non_null(strstr(err.text, "takes no value"));
}

VD_TEST(numbers_have_bounds)
{
	uint64_t n = 7;
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(vd_args_number("threads", "0", 1, 256, &n, &err), VD_EINPUT);
	assert_int_equal(vd_args_number("threads", "257", 1, 256, &n, &err), VD_EINPUT);
	assert_int_equal(vd_args_number("threads", "4x", 1, 256, &n, &err), VD_EINPUT);
	assert_int_equal(n, 7);
	assert_int_equal(vd_args_number("threads", "256", 1, 256, &n, &err), VD_OK);
	assert_int_equal(n, 256);
}

VD_TEST(a_span_is_a_number_and_a_unit)
{
	int64_t ms = 7;
	static const char *const wrong[] = {"", "h", "1", "1y", "-1h", "1.5h", "1h30m", " 1h", "100000001s"};
	for (size_t i = 0; i < VD_ARRAY_LEN(wrong); i++)
		assert_false(vd_args_span(wrong[i], &ms));
	assert_int_equal(ms, 7);
	assert_true(vd_args_span("90m", &ms) && ms == 5400000);
	assert_true(vd_args_span("100000000w", &ms) && ms == 60480000000000000);
}

VD_TEST(a_command_line_survives_every_out_of_memory)
{
	VD_TORTURE
	{
		PARSE(args, "--rules", "a", "b");
		if (st == VD_OK)
			vd_args_fini(&args);
		else
			assert_int_equal(st, VD_ENOMEM);
	}
}
