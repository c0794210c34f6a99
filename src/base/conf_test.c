#include "base/conf.h"

#include "vd_test.h"

#define ROWS(X)                                                                                              \
	X(lateness, DURATION, "", "5s", "0ms", "1h", LIVE, "how late an event may come")                     \
	X(groups, COUNT, "groups", "100000", "1", "", RESTART, "groups of one rule")                         \
	X(state, SIZE, "", "256MiB", "64KiB", "4GiB", RESTART, "state in all")                               \
	X(strict, BOOL, "", "false", "", "", LIVE, "bad input ends the run")                                 \
	X(share, RATIO, "", "0.5", "0", "1", LIVE, "share of events")                                        \
	X(tenant, WORDS, "", "default", "1", "12", RESTART, "whose events these are")                        \
	X(format, CHOICE, "table|ndjson|csv", "table", "", "", LIVE, "how findings are printed")

struct conf {
#define MEMBER(name, type, ...) VD_CONF_C_##type name;
	ROWS(MEMBER)
};

#define ROW(name, type, ...) VD_CONF_ROW(struct conf, name, type, __VA_ARGS__)
static const struct vd_conf_row rows[] = {ROWS(ROW)};
static const struct vd_conf_table table = VD_CONF_TABLE("detector", struct conf, rows);

static struct conf
defaults(struct vd_arena *arena)
{
	struct conf conf;
	assert_int_equal(vd_conf_init(&table, &conf, arena, NULL), VD_OK);
	return conf;
}

/* Setting name to value fails with st and says words. */
static void
refuses(const char *name, const char *value, enum vd_status st, const char *words)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct conf conf = defaults(arena), before = conf;
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(vd_conf_set(&table, &conf, vd_str_from(name), vd_str_from(value), arena, &err), st);
	assert_string_equal(err.text, words);
	assert_memory_equal(&conf, &before, sizeof conf);
}

VD_TEST(defaults_are_read_as_a_user_would_write_them)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct conf conf = defaults(arena);
	assert_int_equal(conf.lateness, 5000);
	assert_int_equal(conf.groups, 100000);
	assert_int_equal(conf.state, 256 << 20);
	assert_false(conf.strict);
	assert_true(conf.share == 0.5);
	assert_true(vd_str_is(conf.tenant, "default"));
	assert_int_equal(conf.format, 0);
}

VD_TEST(values_of_every_type_are_set)
{
	static const char *const set[][2] = {{"lateness", "2m"}, {"groups", "7"}, {"state", "1GiB"},
		{"strict", "on"}, {"share", "1e-1"}, {"tenant", "acme"}, {"format", "csv"}};
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct conf conf = defaults(arena);
	for (size_t i = 0; i < VD_ARRAY_LEN(set); i++)
		assert_int_equal(vd_conf_set(&table, &conf, vd_str_from(set[i][0]), vd_str_from(set[i][1]),
					 arena, NULL),
			VD_OK);
	assert_int_equal(conf.lateness, 120000);
	assert_int_equal(conf.groups, 7);
	assert_int_equal(conf.state, 1 << 30);
	assert_true(conf.strict);
	assert_true(conf.share == 0.1);
	assert_true(vd_str_is(conf.tenant, "acme"));
	assert_int_equal(conf.format, 2);
}

VD_TEST(a_value_that_does_not_read_is_refused_with_what_to_write)
{
	refuses("lateness", "5 parsecs", VD_EINPUT,
		"lateness: '5 parsecs' will not do: write a duration: 250ms, 5s, 10m, 2h, 1d");
	refuses("lateness", "5", VD_EINPUT,
		"lateness: '5' will not do: write a duration: 250ms, 5s, 10m, 2h, 1d");
	refuses("groups", "-1", VD_EINPUT, "groups: '-1' will not do: write a whole number");
	refuses("groups", "18446744073709551616", VD_EINPUT,
		"groups: '18446744073709551616' will not do: write a whole number");
	refuses("state", "99999999999TiB", VD_EINPUT,
		"state: '99999999999TiB' will not do: write a size: 4096, 64KiB, 16MiB, 2GiB");
	refuses("strict", "maybe", VD_EINPUT, "strict: 'maybe' will not do: write true or false");
	refuses("share", "half", VD_EINPUT, "share: 'half' will not do: write a number");
	refuses("format", "ndjso", VD_EINPUT, "format: 'ndjso' will not do: write table|ndjson|csv");
	refuses("format", "", VD_EINPUT, "format: '' will not do: write table|ndjson|csv");
	refuses("tenant", "a\x01", VD_EINPUT,
		"tenant: 'a\x01' will not do: write text without control characters");
}

VD_TEST(bounds_hold_and_are_named)
{
	refuses("lateness", "61m", VD_EINPUT, "lateness: '61m' is too much: at most 1h");
	refuses("groups", "0", VD_EINPUT, "groups: '0' is too little: at least 1");
	refuses("state", "65535", VD_EINPUT, "state: '65535' is too little: at least 64KiB");
	refuses("share", "-0.1", VD_EINPUT, "share: '-0.1' is too little: at least 0");
	refuses("tenant", "a tenant with a long name", VD_EINPUT,
		"tenant: 'a tenant with a long name' is too much: at most 12 bytes");
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct conf conf = defaults(arena);
	assert_int_equal(vd_conf_set(&table, &conf, VD_S("lateness"), VD_S("60m"), arena, NULL), VD_OK);
	assert_int_equal(vd_conf_set(&table, &conf, VD_S("groups"), VD_S("1"), arena, NULL), VD_OK);
}

VD_TEST(a_slip_in_a_name_is_answered_with_the_nearest)
{
	refuses("latenes", "5s", VD_ENOTFOUND, "detector has no setting 'latenes': is 'lateness' meant?");
	refuses("colour", "red", VD_ENOTFOUND, "detector has no setting 'colour': --help-config lists them");
}

VD_TEST(a_file_is_taken_whole_or_not_at_all)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct conf conf = defaults(arena);
	assert_int_equal(vd_conf_read(&table, &conf, VD_S("# ours\n\n  lateness =  10s \r\ntenant = a = b"),
				 arena, NULL),
		VD_OK);
	assert_int_equal(conf.lateness, 10000);
	assert_true(vd_str_is(conf.tenant, "a = b"));

	struct conf before = conf;
	struct vd_err err = VD_ERR_INIT;
	assert_int_equal(
		vd_conf_read(&table, &conf, VD_S("lateness = 1s\n\nstrict = 7\n"), arena, &err), VD_EINPUT);
	assert_string_equal(err.text, "line 3: strict: '7' will not do: write true or false");
	assert_int_equal(err.line, 3);
	assert_memory_equal(&conf, &before, sizeof conf);
	assert_int_equal(vd_conf_read(&table, &conf, VD_S("lateness"), arena, &err), VD_EINPUT);
	assert_string_equal(err.text, "line 1: no '=': write name = value");
	assert_int_equal(vd_conf_read(&table, &conf, VD_S("share=1\nshare=1"), arena, &err), VD_EEXIST);
	assert_string_equal(err.text, "line 2: share is set a second time");
}

VD_TEST(what_is_shown_reads_back_the_same)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct conf conf = defaults(arena), again = conf;
	assert_int_equal(vd_conf_read(&table, &conf,
				 VD_S("lateness=61500ms\ngroups=3\nstate=65537\nstrict=yes\nshare=0."
				      "1\ntenant=x\nformat=ndjson"),
				 arena, NULL),
		VD_OK);
	VD_AUTO_FINI(vd_buf) text = {0};
	vd_conf_show(&table, &conf, &text);
	assert_string_equal(text.at, "lateness = 61500ms\ngroups = 3\nstate = 65537\nstrict = true\n"
				     "share = 0.10000000000000001\ntenant = x\nformat = ndjson\n");
	assert_int_equal(vd_conf_read(&table, &again, vd_buf_view(&text), arena, NULL), VD_OK);
	VD_AUTO_FINI(vd_buf) twice = {0};
	vd_conf_show(&table, &again, &twice);
	assert_string_equal(twice.at, text.at);
}

VD_TEST(defaults_are_shown_in_their_largest_unit)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct conf conf = defaults(arena);
	VD_AUTO_FINI(vd_buf) text = {0};
	conf.lateness = 0;
	vd_conf_show(&table, &conf, &text);
	assert_string_equal(text.at,
		"lateness = 0ms\ngroups = 100000\nstate = 256MiB\nstrict = false\nshare = 0.5\n"
		"tenant = default\nformat = table\n");
}

VD_TEST(help_names_default_bounds_and_effect)
{
	VD_AUTO_FINI(vd_buf) text = {0};
	vd_conf_help(&table, &text);
	assert_non_null(strstr(text.at, "Settings of detector"));
	assert_non_null(strstr(text.at, "\nlateness = 5s\n    how late an event may come\n"
					"    duration, at least 0ms, at most 1h; takes effect at once\n"));
	assert_non_null(strstr(text.at, "    count groups, at least 1; takes effect at a restart\n"));
	assert_non_null(strstr(text.at, "    one of table|ndjson|csv; takes effect at once\n"));
}

VD_TEST(only_a_change_that_needs_a_restart_asks_for_one)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct conf running = defaults(arena), wanted = defaults(arena);
	wanted.lateness = 1;
	wanted.share = 0.25;
	assert_null(vd_conf_restart(&table, &running, &wanted));
	wanted.tenant = VD_S("other");
	assert_string_equal(vd_conf_restart(&table, &running, &wanted)->name, "tenant");
}

VD_TEST(a_row_with_a_bad_default_or_bound_is_our_mistake_and_found)
{
	static const struct vd_conf_row bad_default[] = {{.name = "n",
		.type = VD_CONF_COUNT,
		.unit = "",
		.def = "x",
		.min = "",
		.max = "",
		.doc = ""}};
	static const struct vd_conf_row bad_bound[] = {{.name = "n",
		.type = VD_CONF_COUNT,
		.unit = "",
		.def = "1",
		.min = "x",
		.max = "",
		.doc = ""}};
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	uint64_t value;
	struct vd_err err = VD_ERR_INIT;
	struct vd_conf_table one = {"a", bad_default, 1, sizeof value};
	assert_int_equal(vd_conf_init(&one, &value, arena, &err), VD_EINPUT);
	assert_string_equal(err.text, "a: default: n: 'x' will not do: write a whole number");
	one.rows = bad_bound;
	assert_int_equal(vd_conf_init(&one, &value, arena, &err), VD_EINPUT);
	assert_string_equal(err.text, "a: default: n: the bounds of this row do not read");
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_arena) arena = vd_arena_new(0);
		VD_AUTO_FINI(vd_buf) text = {0};
		struct conf conf;
		if (arena == NULL || vd_conf_init(&table, &conf, arena, NULL) != VD_OK)
			continue;
		if (vd_conf_read(&table, &conf, VD_S("tenant = x"), arena, NULL) != VD_OK) {
			assert_true(vd_str_is(conf.tenant, "default"));
			continue;
		}
		vd_conf_show(&table, &conf, &text);
		vd_conf_help(&table, &text);
		assert_true(text.failed || vd_str_ends(vd_buf_view(&text), "at once\n"));
	}
}
