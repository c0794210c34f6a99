/*
 * Any bytes as a file of Sigma rules: each document has one verdict with words, and what loads keeps its bounds.
 */
#include "engine/sigma/load.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_item(const struct vd_item *item)
{
	must(item->n > 0);
	for (size_t i = 0; i < item->n; i++)
		for (size_t k = 0; k < item->values[i].n; k++) {
			const struct vd_atom *atom = &item->values[i].atoms[k];
			must(atom->kind == VD_ATOM_PATTERN || atom->n_tokens == 0);
			for (size_t t = 0; t < atom->n_tokens; t++)
				must(atom->tokens[t].kind != VD_TOK_PLACEHOLDER);
		}
}

static void
check_expr(const struct vd_expr *expr, size_t depth)
{
	must(depth <= VD_RULE_MAX_EXPR_DEPTH);
	must(expr->kind == VD_EXPR_ITEM ? expr->n == 0 : expr->n > 0);
	must((expr->kind != VD_EXPR_NOT && expr->kind != VD_EXPR_NAMED) || expr->n == 1);
	if (expr->kind == VD_EXPR_ITEM)
		check_item(expr->item);
	for (size_t i = 0; i < expr->n; i++)
		check_expr(expr->kids[i], depth + 1);
}

static void
check_verdicts(const struct vd_verdicts *verdicts, const struct vd_load_result *result)
{
	size_t stand = 0, n = vd_verdicts_count(verdicts);
	must(n > 0);
	for (size_t i = 0; i < n; i++) {
		const struct vd_verdict *row = vd_verdicts_at(verdicts, i);
		must(row->code.len > 0 && row->pos.line > 0 && row->pos.column > 0);
		must(row->kind == VD_LOADED || row->message.len > 0);
		stand += row->kind != VD_REJECTED;
	}
	must(result->n_rules + result->n_corrs <= stand);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	VD_AUTO(vd_verdicts) verdicts = vd_verdicts_new();
	struct vd_source_text rules = {VD_S("rules.yml"), {(const char *)bytes, n}};
	struct vd_source_text values = {VD_S("values.yml"), VD_S("a: [x, 'y*', 10.0.0.0/8]\nb: []\n")};
	struct vd_source_text pipeline = {VD_S("pipeline.yml"),
		VD_S("transformations: [{type: field_name_mapping, mapping: {m: n, User: [u, v]}}]\n"
		     "finalizers: [{type: concat}]\n")};
	struct vd_load_input input = {.n_rules = 1,
		.rules = &rules,
		.n_placeholders = 1,
		.placeholders = &values,
		.n_pipelines = 1,
		.pipelines = &pipeline};
	struct vd_load_result result;
	struct vd_err err = VD_ERR_INIT;
	if (arena == NULL || verdicts == NULL)
		return 0;
	must(vd_load_run(arena, &input, verdicts, &result, &err) == VD_OK);
	check_verdicts(verdicts, &result);
	for (size_t i = 0; i < result.n_rules; i++)
		check_expr(result.rules[i]->expr, 1);
	for (size_t i = 0; i < result.n_corrs; i++)
		for (size_t j = 0; j < result.corrs[i]->corr->n_rules; j++)
			must(result.refs[i][j] < result.n_rules + i);
	return 0;
}
