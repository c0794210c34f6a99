#include "engine/sigma/load_fixture.h"

#include <arpa/inet.h>
#include <stdio.h>

static char words[8192];

static const char *
keep(struct vd_buf *buf)
{
	assert_false(buf->failed);
	assert_true(buf->len < sizeof words);
	memcpy(words, buf->at == NULL ? "" : buf->at, buf->len + 1);
	words[buf->len] = '\0';
	vd_buf_fini(buf);
	return words;
}

void
vd_loaded_init(struct vd_loaded *l, size_t n, const char *const texts[], const char *placeholders)
{
	vd_loaded_init_piped(l, n, texts, placeholders, NULL);
}

void
vd_loaded_init_piped(struct vd_loaded *l, size_t n, const char *const texts[], const char *placeholders,
	const char *pipeline)
{
	static const char *const names[VD_FIXTURE_MAX_FILES] = {"0.yml", "1.yml", "2.yml", "3.yml", "4.yml",
		"5.yml", "6.yml", "7.yml", "8.yml", "9.yml", "10.yml", "11.yml", "12.yml", "13.yml", "14.yml",
		"15.yml"};
	struct vd_source_text files[VD_FIXTURE_MAX_FILES];
	assert_true(n <= VD_FIXTURE_MAX_FILES);
	for (size_t i = 0; i < n; i++)
		files[i] = (struct vd_source_text){vd_str_from(names[i]), vd_str_from(texts[i])};
	struct vd_source_text values = {VD_S("values.yml"), vd_str_from(placeholders)};
	struct vd_source_text piped = {VD_S("p.yml"), vd_str_from(pipeline)};
	struct vd_load_input input = {.n_rules = n,
		.rules = files,
		.n_pipelines = pipeline != NULL,
		.pipelines = &piped,
		.n_placeholders = placeholders != NULL,
		.placeholders = &values};
	*l = (struct vd_loaded){.arena = vd_arena_new(0), .verdicts = vd_verdicts_new(), .err = VD_ERR_INIT};
	assert_non_null(l->arena);
	assert_non_null(l->verdicts);
	l->status = vd_load_run(l->arena, &input, l->verdicts, &l->result, &l->err);
}

void
vd_loaded_fini(struct vd_loaded *l)
{
	vd_verdicts_free(l->verdicts);
	vd_arena_free(l->arena);
}

const char *
vd_verdict_words(const char *text)
{
	struct vd_loaded l;
	struct vd_buf buf;
	vd_buf_init(&buf, 0);
	vd_loaded_init(&l, 1, &text, NULL);
	assert_int_equal(l.status, VD_OK);
	for (size_t i = 0; i < vd_verdicts_count(l.verdicts); i++) {
		const struct vd_verdict *row = vd_verdicts_at(l.verdicts, i);
		vd_buf_printf(&buf, "%s%s ", i == 0 ? "" : ", ", vd_verdict_kind_name(row->kind));
		vd_buf_str(&buf, row->code);
		/* whatever is not fine says so in words and has a place */
		assert_true(row->kind == VD_LOADED || row->message.len != 0);
		assert_true(row->pos.line > 0 && row->pos.column > 0);
	}
	vd_loaded_fini(&l);
	return keep(&buf);
}

/* ---- printers ---- */

static void
show_text(struct vd_buf *to, struct vd_str text)
{
	vd_buf_char(to, '\'');
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
			vd_buf_printf(to, "\\x%02x", (unsigned)(unsigned char)text.at[i]);
		else
			vd_buf_char(to, text.at[i]);
	vd_buf_char(to, '\'');
}

static void
show_tokens(struct vd_buf *to, const struct vd_atom *atom)
{
	for (size_t i = 0; i < atom->n_tokens; i++)
		switch (atom->tokens[i].kind) {
		case VD_TOK_TEXT:
			show_text(to, atom->tokens[i].text);
			break;
		case VD_TOK_ANY:
			vd_buf_char(to, '*');
			break;
		case VD_TOK_ONE:
			vd_buf_char(to, '?');
			break;
		case VD_TOK_DASH:
			vd_buf_char(to, '~');
			break;
		case VD_TOK_PLACEHOLDER:
			vd_buf_printf(to, "%%%.*s%%", (int)atom->tokens[i].text.len, atom->tokens[i].text.at);
			break;
		}
	if (atom->n_tokens == 0)
		vd_buf_text(to, "''");
}

static void
show_atom(struct vd_buf *to, const struct vd_atom *atom)
{
	static const char *const compares[] = {"lt", "lte", "gt", "gte", "eq", "neq"};
	static const char *const units[] = {"minute", "hour", "day", "week", "month", "year"};
	static const char *const parts[] = {"", "contains ", "starts ", "ends "};
	char addr[INET6_ADDRSTRLEN];
	switch (atom->kind) {
	case VD_ATOM_PATTERN:
		vd_buf_text(to, atom->cased ? "cased " : "");
		show_tokens(to, atom);
		break;
	case VD_ATOM_REGEX:
		vd_buf_printf(to, "re/%.*s/%s%s%s", (int)atom->text.len, atom->text.at,
			(atom->re_flags & VD_RE_ICASE) != 0 ? "i" : "",
			(atom->re_flags & VD_RE_MULTILINE) != 0 ? "m" : "",
			(atom->re_flags & VD_RE_DOTALL) != 0 ? "s" : "");
		break;
	case VD_ATOM_CIDR:
		assert_non_null(inet_ntop(AF_INET6, atom->addr, addr, sizeof addr));
		vd_buf_printf(to, "cidr %s/%u", addr, atom->prefix);
		break;
	case VD_ATOM_NUMBER:
		vd_buf_printf(to, "%s %g", compares[atom->compare], atom->number);
		break;
	case VD_ATOM_TIME:
		vd_buf_printf(to, "%s %s %g", units[atom->unit], compares[atom->compare], atom->number);
		break;
	case VD_ATOM_NULL:
		vd_buf_text(to, "null");
		break;
	case VD_ATOM_EXISTS:
		vd_buf_text(to, atom->wanted ? "exists" : "absent");
		break;
	case VD_ATOM_FIELDREF:
		vd_buf_printf(to, "ref %s%.*s", parts[atom->part], (int)atom->text.len, atom->text.at);
		break;
	}
}

void
vd_show_item(struct vd_buf *to, const struct vd_item *item)
{
	if (item->negate)
		vd_buf_text(to, "not ");
	if (item->all)
		vd_buf_text(to, "all ");
	for (size_t i = 0; i < item->n; i++) {
		vd_buf_text(to, i == 0 ? "" : ", ");
		for (size_t k = 0; k < item->values[i].n; k++) {
			vd_buf_text(to, k == 0 ? "" : " | ");
			show_atom(to, &item->values[i].atoms[k]);
		}
		if (item->values[i].n == 0)
			vd_buf_text(to, "nothing");
	}
}

static void
show_kids(struct vd_buf *to, const struct vd_expr *expr, const char *between)
{
	vd_buf_char(to, '(');
	for (size_t i = 0; i < expr->n; i++) {
		vd_buf_text(to, i == 0 ? "" : between);
		vd_show_expr(to, expr->kids[i]);
	}
	vd_buf_char(to, ')');
}

void
vd_show_expr(struct vd_buf *to, const struct vd_expr *expr)
{
	switch (expr->kind) {
	case VD_EXPR_AND:
		show_kids(to, expr, " and ");
		break;
	case VD_EXPR_OR:
		show_kids(to, expr, " or ");
		break;
	case VD_EXPR_NOT:
		vd_buf_text(to, "not ");
		vd_show_expr(to, expr->kids[0]);
		break;
	case VD_EXPR_NAMED:
		vd_buf_str(to, expr->name);
		vd_buf_char(to, ':');
		vd_show_expr(to, expr->kids[0]);
		break;
	case VD_EXPR_ITEM:
		vd_buf_str(to, expr->item->field);
		vd_buf_char(to, '=');
		vd_show_item(to, expr->item);
		break;
	}
}

/* ---- rules of one item ---- */

/* The verdict before the rule's words, unless it is "loaded ok". */
static const char *
load_and_show(const char *text, const char *placeholders, bool only_item)
{
	struct vd_loaded l;
	struct vd_buf buf;
	vd_buf_init(&buf, 0);
	vd_loaded_init(&l, 1, &text, placeholders);
	assert_int_equal(l.status, VD_OK);
	assert_int_equal(vd_verdicts_count(l.verdicts), 1);
	const struct vd_verdict *row = vd_verdicts_at(l.verdicts, 0);
	if (row->kind != VD_LOADED) {
		vd_buf_printf(&buf, "%s ", vd_verdict_kind_name(row->kind));
		vd_buf_str(&buf, row->code);
		vd_buf_text(&buf, row->kind == VD_DEGRADED ? ": " : "");
	}
	assert_int_equal(l.result.n_rules, row->kind != VD_REJECTED);
	if (row->kind != VD_REJECTED) {
		const struct vd_expr *expr = l.result.rules[0]->expr;
		if (only_item && expr->kind == VD_EXPR_NAMED && expr->kids[0]->kind == VD_EXPR_ITEM)
			vd_show_item(&buf, expr->kids[0]->item);
		else
			vd_show_expr(&buf, expr);
	}
	vd_loaded_fini(&l);
	return keep(&buf);
}

const char *
vd_expand_words(const char *key, const char *value, const char *placeholders)
{
	char text[4096];
	int n = snprintf(text, sizeof text,
		VD_RULE_HEAD "detection:\n    sel:\n        %s: %s\n    condition: sel\n", key, value);
	assert_true(n > 0 && (size_t)n < sizeof text);
	return load_and_show(text, placeholders, true);
}

const char *
vd_item_words(const char *key, const char *value)
{
	return vd_expand_words(key, value, NULL);
}

const char *
vd_condition_words(const char *detection)
{
	char text[65536 * 2];
	int n = snprintf(text, sizeof text, VD_RULE_HEAD "detection: %s\n", detection);
	assert_true(n > 0 && (size_t)n < sizeof text);
	return load_and_show(text, NULL, false);
}
