#include "engine/compile/kept.h"

#include "base/mem.h"
#include "engine/random_case.h"
#include "vd_test.h"

/* One blob, and what was asked of it. */
struct shelf {
	struct vd_buf bytes;
	char key[VD_KEPT_KEY + 1];
	unsigned puts;
};

static enum vd_status
get(void *owner, const char *key, struct vd_str *ret)
{
	struct shelf *shelf = owner;
	*ret = vd_buf_view(&shelf->bytes);
	return shelf->bytes.len != 0 && strcmp(key, shelf->key) == 0 ? VD_OK : VD_ENOTFOUND;
}

static enum vd_status
put(void *owner, const char *key, struct vd_str bytes)
{
	struct shelf *shelf = owner;
	shelf->puts++;
	memcpy(shelf->key, key, sizeof shelf->key);
	vd_buf_reset(&shelf->bytes);
	vd_buf_str(&shelf->bytes, bytes);
	return VD_OK;
}

/* A bit of everything that a route may hold. */
static const char some_rules[] =
	"title: a\nlogsource: {product: windows, service: security}\n"
	"detection: {s: {EventID: [4624, 4688], A|contains: [one, two]}, f: {B: null}, condition: s and not "
	"f}\n---\n"
	"title: b\nlogsource: {category: process_creation, product: windows}\n"
	"detection: {s: {Image|endswith: '\\x.exe'}, k: {A|re: 'o.e'}, condition: s and k}\n---\n"
	"title: c\nlogsource: {category: test}\ndetection: {s: [needle], t: {A|fieldref: B}, condition: s or "
	"t}\n---\n"
	"title: d\nlogsource: {category: test}\ndetection: {s: {A|contains|all: [x, y]}, t: {C|exists: "
	"true}, "
	"condition: s and t}\n";

static const char *const some_events[] = {
	"{\"EventID\":4624,\"Channel\":\"Security\",\"A\":\"a one\",\"B\":\"b\"}",
	"{\"EventID\":4624,\"Channel\":\"Security\",\"A\":\"a one\",\"B\":null}",
	"{\"EventID\":4688,\"Channel\":\"Security\",\"Image\":\"c:\\\\x.exe\",\"A\":\"one\"}",
	"{\"EventID\":9,\"Channel\":\"nobody knows it\",\"A\":\"two\",\"Z\":\"a needle\"}",
	"{\"A\":\"same\",\"B\":\"same\"}", "{\"A\":\"y x\",\"C\":1}", "{\"A\":\"y x\"}"};

static struct vd_ruleset *
load(struct shelf *shelf, const char *rules, bool routing)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_text text = {VD_S("rules.yml"), vd_str_from(rules)};
	struct vd_blob_cache cache = {get, put, shelf};
	struct vd_ruleset_input input = {
		.rules = &text, .n_rules = 1, .no_routing = !routing, .cache = shelf == NULL ? NULL : &cache};
	struct vd_ruleset *set = NULL;
	enum vd_status st = vd_ruleset_new(&input, &set, &err);
	if (st != VD_OK && st != VD_ENOMEM)
		fail_msg("%s", err.text);
	return set;
}

/* Which rules match each event, as bits. */
static void
match_all(struct vd_ruleset *set, uint32_t ret[VD_ARRAY_LEN(some_events)])
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_matcher *matcher = NULL;
	assert_int_equal(vd_matcher_new(set, &matcher, &err), VD_OK);
	for (size_t i = 0; i < VD_ARRAY_LEN(some_events); i++) {
		struct vd_match_result result;
		char text[256 + VD_INPUT_PADDING] = "";
		size_t n = strlen(some_events[i]);
		memcpy(text, some_events[i], n);
		assert_int_equal(vd_matcher_event(matcher, (struct vd_str){text, n}, &result, &err), VD_OK);
		ret[i] = 0;
		for (size_t r = 0; r < result.n; r++)
			ret[i] |= (uint32_t)1 << result.rules[r];
	}
	vd_matcher_free(matcher);
}

VD_TEST(what_is_read_back_finds_what_was_built)
{
	for (unsigned routing = 0; routing < 2; routing++) {
		struct shelf shelf = {.puts = 0};
		uint32_t plain[VD_ARRAY_LEN(some_events)], built[VD_ARRAY_LEN(some_events)],
			read[VD_ARRAY_LEN(some_events)], any = 0;
		vd_buf_init(&shelf.bytes, 0);
		struct vd_ruleset *without = load(NULL, some_rules, routing != 0),
				  *first = load(&shelf, some_rules, routing != 0),
				  *second = load(&shelf, some_rules, routing != 0);
		assert_int_equal(shelf.puts, 1);
		match_all(without, plain);
		match_all(first, built);
		match_all(second, read);
		assert_memory_equal(plain, built, sizeof plain);
		assert_memory_equal(plain, read, sizeof plain);
		for (size_t i = 0; i < VD_ARRAY_LEN(some_events); i++)
			any |= plain[i];
		assert_int_equal(any, 15);
		assert_int_equal(first->n_routes, second->n_routes);
		assert_int_equal(first->n_sets, second->n_sets);
		vd_ruleset_unref(without);
		vd_ruleset_unref(first);
		vd_ruleset_unref(second);
		vd_buf_fini(&shelf.bytes);
	}
}

VD_TEST(a_key_is_of_all_that_compiling_depends_on)
{
	struct vd_text a = {VD_S("a"), VD_S("title: a")}, renamed = {VD_S("b"), VD_S("title: a")},
		       ab[] = {{VD_S("a"), VD_S("title")}, {VD_S("a"), VD_S(": a")}};
	struct vd_ruleset_input inputs[] = {{.rules = &a, .n_rules = 1},
		{.rules = &a, .n_rules = 1, .no_routing = true}, {.rules = ab, .n_rules = 2},
		{.rules = &a, .n_rules = 1, .pipelines = &a, .n_pipelines = 1},
		{.rules = &a, .n_rules = 1, .placeholders = &a, .n_placeholders = 1}, {.n_rules = 0}};
	char keys[VD_ARRAY_LEN(inputs)][VD_KEPT_KEY + 1], again[VD_KEPT_KEY + 1];
	for (size_t i = 0; i < VD_ARRAY_LEN(inputs); i++) {
		assert_true(vd_kept_key(&inputs[i], keys[i]));
		assert_int_equal(strspn(keys[i], "0123456789abcdef"), VD_KEPT_KEY);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(keys[i], keys[k]);
	}
	inputs[0].rules = &renamed;
	assert_true(vd_kept_key(&inputs[0], again));
	assert_string_equal(again, keys[0]);
}

/* Every length, and one wrong bit in every byte: compiled anew, and put in its place. */
VD_TEST(damaged_bytes_are_refused)
{
	struct shelf shelf = {.puts = 0};
	VD_AUTO_FINI(vd_buf) whole;
	vd_buf_init(&shelf.bytes, 0);
	vd_buf_init(&whole, 0);
	vd_ruleset_unref(load(&shelf, some_rules, false));
	vd_buf_str(&whole, vd_buf_view(&shelf.bytes));
	for (size_t i = 1; i < whole.len; i++) {
		unsigned puts = shelf.puts;
		shelf.bytes.len = i;
		vd_ruleset_unref(load(&shelf, some_rules, false));
		assert_int_equal(shelf.puts, puts + 1);
		shelf.bytes.at[i] = (char)(shelf.bytes.at[i] ^ 1 << i % 8);
		vd_ruleset_unref(load(&shelf, some_rules, false));
		assert_int_equal(shelf.puts, puts + 2);
		assert_memory_equal(shelf.bytes.at, whole.at, whole.len);
	}
	vd_buf_fini(&shelf.bytes);
}

/* Bytes that say they are whole: whatever they say of routes, no step leads out of them. */
VD_TEST(well_sealed_nonsense_leads_nowhere)
{
	struct vd_random random = {0x51ed270b7f1a3c95u};
	struct shelf shelf = {.puts = 0};
	VD_AUTO_FINI(vd_buf) whole;
	vd_buf_init(&shelf.bytes, 0);
	vd_buf_init(&whole, 0);
	vd_ruleset_unref(load(&shelf, some_rules, false));
	vd_buf_str(&whole, vd_buf_view(&shelf.bytes));
	uint32_t found[VD_ARRAY_LEN(some_events)];
	unsigned taken = 0;
	for (unsigned round = 0; round < 3000; round++) {
		size_t at = 80 + vd_random_below(&random, (uint32_t)whole.len - 80), puts = shelf.puts;
		vd_buf_reset(&shelf.bytes);
		vd_buf_str(&shelf.bytes, vd_buf_view(&whole));
		shelf.bytes.at[at] = (char)vd_random_below(&random, round % 3 == 0 ? 256 : 8);
		vd_kept_seal(&shelf.bytes);
		struct vd_ruleset *set = load(&shelf, some_rules, false);
		match_all(set, found);
		vd_ruleset_unref(set);
		taken += shelf.puts == puts;
	}
	assert_in_range(taken, 1, 2999); /* bytes that stay as they were, or lead elsewhere, are taken */
	vd_buf_fini(&shelf.bytes);
}

VD_TEST(without_memory_nothing_is_half_read)
{
	struct shelf shelf = {.puts = 0};
	vd_buf_init(&shelf.bytes, 0);
	vd_ruleset_unref(load(&shelf, some_rules, false));
	VD_TORTURE
	{
		vd_ruleset_unref(load(&shelf, some_rules, false));
	}
	vd_buf_fini(&shelf.bytes);
}
