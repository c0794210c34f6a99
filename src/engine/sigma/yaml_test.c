#include "engine/sigma/yaml.h"

#include <stdio.h>

#include "base/mem.h"
#include "vd_test.h"

struct parsed {
	struct vd_arena *arena;
	struct vd_yaml **docs;
	size_t n;
	struct vd_err err;
	enum vd_status status;
};

static void
parse_bytes(struct parsed *p, struct vd_str text)
{
	*p = (struct parsed){.arena = vd_arena_new(0), .err = VD_ERR_INIT};
	assert_non_null(p->arena);
	p->status = vd_yaml_parse(p->arena, text, &p->docs, &p->n, &p->err);
}

static void
parsed_fini(struct parsed *p)
{
	vd_arena_free(p->arena);
}

/* {a: [b, 'c']} with quotes where a scalar was quoted */
static void
show(struct vd_buf *to, const struct vd_yaml *node)
{
	const char *quote = node->plain ? "" : "'";
	switch (node->kind) {
	case VD_YAML_SCALAR:
		vd_buf_printf(to, "%s%.*s%s", quote, (int)node->text.len, node->text.at, quote);
		break;
	case VD_YAML_LIST:
	case VD_YAML_MAP:
		vd_buf_char(to, node->kind == VD_YAML_LIST ? '[' : '{');
		for (size_t i = 0; i < node->n; i++) {
			vd_buf_text(to, i == 0 ? "" : ", ");
			if (node->kind == VD_YAML_MAP) {
				show(to, node->keys[i]);
				vd_buf_text(to, ": ");
			}
			show(to, node->items[i]);
		}
		vd_buf_char(to, node->kind == VD_YAML_LIST ? ']' : '}');
		break;
	}
}

static void
is(const char *text, const char *want)
{
	struct parsed p;
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	parse_bytes(&p, vd_str_from(text));
	if (p.status != VD_OK)
		vd_buf_printf(&buf, "%s %u:%u ", vd_status_name(p.status), p.err.line, p.err.column);
	for (size_t i = 0; i < p.n; i++) {
		vd_buf_text(&buf, i == 0 ? "" : " --- ");
		show(&buf, p.docs[i]);
	}
	assert_string_equal(buf.at == NULL ? "" : buf.at, want);
	parsed_fini(&p);
}

VD_TEST(documents_become_trees)
{
	is("a: b\nc: [1, 'x', \"y\"]\nd:\n  - e: f\n", "{a: b, c: [1, 'x', 'y'], d: [{e: f}]}");
	is("- a\n-\n- ~\n", "[a, , ~]");
	is("text", "text");
	is("a: |\n  x\n  y\n", "{a: 'x\ny\n'}");
	is("{}", "{}");
}

VD_TEST(a_file_holds_many_documents_and_empty_ones_do_not_count)
{
	is("a: 1\n---\nb: 2\n...\n---\nc: 3\n", "{a: 1} --- {b: 2} --- {c: 3}");
	is("---\n---\na: 1\n---\n# remark\n", "{a: 1}");
	is("", "");
	is("# remark\n", "");
	is("\xef\xbb\xbf"
	   "a: 1\n",
		"{a: 1}");
}

VD_TEST(a_broken_document_leaves_those_before_it)
{
	is("a: 1\n---\nb: [\n", "input 4:1 {a: 1}");
	is("a: 1\n---\nb: 2\nb: 3\n---\nc: 4\n", "input 4:1 {a: 1}");
	is("a: 1\n---\nb: \"\x01\"\n---\nc: 4\n", "input 3:5 {a: 1}");
	is("a: 1\n---\nb: x\xff\n", "input 3:5 {a: 1}");
	is("a: 1\n---\nb: [\xff\n", "input 3:5 {a: 1}");
}

VD_TEST(keys_are_unique_and_both_places_are_named)
{
	struct parsed p;
	parse_bytes(&p, VD_S("x:\n  - key: 1\n    other: 2\n    key: 3\n"));
	assert_int_equal(p.status, VD_EINPUT);
	assert_int_equal(p.err.line, 4);
	assert_int_equal(p.err.column, 5);
	assert_non_null(strstr(p.err.text, "\"key\" stands here and in line 2 column 5"));
	parsed_fini(&p);
	is("a: 1\n'a': 2\n", "input 2:1 ");
}

static void
says(const char *text, const char *want)
{
	struct parsed p;
	parse_bytes(&p, vd_str_from(text));
	assert_int_equal(p.status, VD_EINPUT);
	if (strstr(p.err.text, want) == NULL)
		fail_msg("%s: %s", text, p.err.text);
	parsed_fini(&p);
}

VD_TEST(what_is_open_where_the_text_ends_is_named_by_its_first_line)
{
	says("a: [\n", "(in a list that begins in line 1)");
	says("a:\n  b: {\n\n", "(in a map that begins in line 2)");
	says("a: 1\n---\nb: [1,\n", "that begins in line 3)");
	says("a: 'x\n\n", "that begins in line 1)");
	says("a: @x\n", "(in a map that begins in line 1)");
	says("@x\n", "token");
}

VD_TEST(large_maps_are_checked_for_doubles_too)
{
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	for (int i = 0; i < 50000; i++)
		vd_buf_printf(&buf, "k%d: 1\n", i);
	struct parsed p;
	parse_bytes(&p, vd_buf_view(&buf));
	assert_int_equal(p.status, VD_OK);
	assert_int_equal(p.docs[0]->n, 50000);
	parsed_fini(&p);
	vd_buf_text(&buf, "k17: 1\n");
	parse_bytes(&p, vd_buf_view(&buf));
	assert_int_equal(p.status, VD_EINPUT);
	assert_int_equal(p.err.line, 50001);
	assert_non_null(strstr(p.err.text, "in line 18 "));
	parsed_fini(&p);
}

VD_TEST(keys_are_words)
{
	is("[a]: 1\n", "input 1:1 ");
	is("{a: b}: 1\n", "input 1:1 ");
	is("a: 1\n<<: {b: 2}\n", "input 2:1 ");
	is("'<<': 1\n", "{'<<': 1}");
	is("? a\n: b\n", "{a: b}");
}

VD_TEST(aliases_stand_for_their_anchors)
{
	is("a: &x [1, 2]\nb: *x\n", "{a: [1, 2], b: [1, 2]}");
	is("a: &x 1\nb: *x\n", "{a: 1, b: 1}");
	is("a: *x\n", "input 1:4 ");
	is("a: &x [*x]\n", "input 1:8 ");
	is("a: &x 1\nb: &x 2\n", "input 2:4 ");
	/* anchors end with their document */
	is("a: &x 1\n---\nb: &x 2\n", "{a: 1} --- {b: 2}");
	is("a: &x 1\n---\nb: *x\n", "input 3:4 {a: 1}");
}

VD_TEST(a_bomb_of_aliases_reaches_the_limit)
{
	struct parsed p;
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	vd_buf_text(&buf, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 9; i++) {
		vd_buf_printf(&buf, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			vd_buf_printf(&buf, "%s*a%d", k == 0 ? "" : ", ", i - 1);
		vd_buf_text(&buf, "]\n");
	}
	parse_bytes(&p, vd_buf_view(&buf));
	assert_int_equal(p.status, VD_ELIMIT);
	parsed_fini(&p);
}

static void
repeat(struct vd_buf *buf, const char *part, size_t n)
{
	for (size_t i = 0; i < n; i++)
		vd_buf_text(buf, part);
}

VD_TEST(nesting_is_bounded_also_through_aliases)
{
	struct parsed p;
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	repeat(&buf, "[", 64);
	repeat(&buf, "]", 64);
	parse_bytes(&p, vd_buf_view(&buf));
	assert_int_equal(p.status, VD_OK);
	parsed_fini(&p);
	vd_buf_reset(&buf);
	repeat(&buf, "[", 10000);
	parse_bytes(&p, vd_buf_view(&buf));
	assert_int_equal(p.status, VD_ELIMIT);
	parsed_fini(&p);
	vd_buf_reset(&buf);
	vd_buf_text(&buf, "a: &a ");
	repeat(&buf, "[", 40);
	repeat(&buf, "]", 40);
	vd_buf_text(&buf, "\nb: ");
	repeat(&buf, "[", 40);
	vd_buf_text(&buf, "*a");
	repeat(&buf, "]", 40);
	parse_bytes(&p, vd_buf_view(&buf));
	assert_int_equal(p.status, VD_ELIMIT);
	parsed_fini(&p);
}

VD_TEST(nodes_and_bytes_are_bounded)
{
	struct parsed p;
	VD_AUTO_FINI(vd_buf) buf;
	vd_buf_init(&buf, 0);
	repeat(&buf, "- a\n", 199999);
	parse_bytes(&p, vd_buf_view(&buf));
	assert_int_equal(p.status, VD_OK);
	parsed_fini(&p);
	vd_buf_text(&buf, "- a\n");
	parse_bytes(&p, vd_buf_view(&buf));
	assert_int_equal(p.status, VD_ELIMIT);
	parsed_fini(&p);
	vd_buf_reset(&buf);
	repeat(&buf, "# 345678901234\n", VD_YAML_MAX_BYTES / 15 + 1);
	parse_bytes(&p, vd_buf_view(&buf));
	assert_int_equal(p.status, VD_ELIMIT);
	parsed_fini(&p);
}

VD_TEST(tags_of_the_core_schema_are_taken_at_their_word)
{
	is("a: !!str 12\nb: !!int \"12\"\nc: !!map {}\nd: !!seq []\n", "{a: '12', b: 12, c: {}, d: []}");
	is("a: !mine 12\n", "input 1:4 ");
	is("a: !!binary xyz\n", "input 1:4 ");
	is("a: !!map []\n", "input 1:4 ");
}

VD_TEST(places_count_lines_and_bytes)
{
	struct parsed p;
	parse_bytes(&p, VD_S("\n\xc3\xa9: \xe2\x82\xac\r\nb: \xf0\x9f\x98\x80\nlist: [\xc3\xa9, x]\n"));
	assert_int_equal(p.status, VD_OK);
	const struct vd_yaml *map = p.docs[0];
	assert_int_equal(map->pos.line, 2);
	assert_int_equal(map->pos.column, 1);
	assert_int_equal(map->items[0]->pos.column, 5);
	assert_int_equal(map->keys[1]->pos.line, 3);
	assert_int_equal(map->keys[1]->pos.column, 1);
	const struct vd_yaml *list = map->items[2];
	assert_int_equal(list->items[1]->pos.line, 4);
	assert_int_equal(list->items[1]->pos.column, 12);
	parsed_fini(&p);
}

VD_TEST(a_root_has_its_source_text)
{
	struct parsed p;
	parse_bytes(&p, VD_S("# before\na: 1 # here\n# after\n---\nb: \xc3\xa9\n\n"));
	assert_int_equal(p.n, 2);
	assert_true(vd_str_is(p.docs[0]->text, "a: 1 # here\n# after"));
	assert_true(vd_str_is(p.docs[1]->text, "b: \xc3\xa9"));
	parsed_fini(&p);
}

VD_TEST(utf16_is_named)
{
	struct parsed p;
	parse_bytes(&p, VD_S("\xff\xfe"
			     "a\0:\0"));
	assert_int_equal(p.status, VD_EINPUT);
	assert_non_null(strstr(p.err.text, "UTF-16"));
	parsed_fini(&p);
}

static struct vd_yaml
scalar(const char *text, bool plain)
{
	return (struct vd_yaml){.kind = VD_YAML_SCALAR, .plain = plain, .text = vd_str_from(text)};
}

VD_TEST(values_are_found_by_key)
{
	struct parsed p;
	parse_bytes(&p, VD_S("a: 1\nb: 2\n"));
	assert_true(vd_str_is(vd_yaml_get(p.docs[0], "b")->text, "2"));
	assert_null(vd_yaml_get(p.docs[0], "c"));
	assert_null(vd_yaml_get(NULL, "a"));
	assert_null(vd_yaml_get(p.docs[0]->items[0], "a"));
	parsed_fini(&p);
}

VD_TEST(null_and_booleans_are_plain_words)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	for (size_t i = 0; i < VD_ARRAY_LEN(nulls); i++) {
		struct vd_yaml plain = scalar(nulls[i], true), quoted = scalar(nulls[i], false);
		assert_true(vd_yaml_is_null(&plain));
		assert_false(vd_yaml_is_null(&quoted));
	}
	bool truth = false;
	struct vd_yaml yes = scalar("TRUE", true), no = scalar("false", true), word = scalar("yes", true),
		       quoted = scalar("true", false);
	assert_true(vd_yaml_bool(&yes, &truth) && truth);
	assert_true(vd_yaml_bool(&no, &truth) && !truth);
	assert_false(vd_yaml_bool(&word, &truth));
	assert_false(vd_yaml_bool(&quoted, &truth));
}

VD_TEST(numbers_are_those_of_the_core_schema)
{
	static const struct {
		const char *text;
		double want;
	} good[] = {{"0", 0}, {"-12", -12}, {"+5", 5}, {"0x1F", 31}, {"0o17", 15}, {"1.5", 1.5}, {".5", .5},
		{"5.", 5}, {"1e3", 1000}, {"1.5E-1", .15}, {"007", 7}};
	static const char *const bad[] = {"", ".", "-", "1_000", "0x", "0xg", "0o8", "1e", "12:30", ".inf",
		".nan", "1e999", "0x11111111111111111", "abc", "1 2"};
	double got;
	for (size_t i = 0; i < VD_ARRAY_LEN(good); i++) {
		struct vd_yaml node = scalar(good[i].text, true);
		assert_true(vd_yaml_number(&node, &got));
		assert_true(got >= good[i].want && got <= good[i].want);
		node.plain = false;
		assert_false(vd_yaml_number(&node, &got));
	}
	for (size_t i = 0; i < VD_ARRAY_LEN(bad); i++) {
		struct vd_yaml node = scalar(bad[i], true);
		assert_false(vd_yaml_number(&node, &got));
	}
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		VD_AUTO(vd_arena) arena = vd_arena_new(0);
		if (arena == NULL)
			continue;
		struct vd_yaml **docs;
		size_t n;
		struct vd_err err = VD_ERR_INIT;
		enum vd_status st = vd_yaml_parse(arena,
			VD_S("a: &x [1, 2, {b: c}]\nd: *x\ne: {1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1, 8: "
			     "1, 9: 1, "
			     "10: 1, 11: 1, 12: 1, 13: 1}\n---\nf: g\n"),
			&docs, &n, &err);
		assert_true(st == VD_OK || (st == VD_ENOMEM && vd_mem_failed()));
		assert_true(st == VD_OK || n <= 2);
	}
}
