#include "engine/sigma/load.h"

#include "base/mem.h"
#include "engine/sigma/resolve.h"

/* A file that could not be read as YAML, after the documents that could. */
struct broken {
	size_t before; /* number of documents that stand before the row */
	struct vd_verdict row;
};

struct run {
	struct vd_arena *arena;
	const struct vd_load_input *input;
	struct vd_verdicts *verdicts;
	struct vd_err *err;
	struct vd_docs docs;
	size_t cap_docs;
	size_t n_broken, cap_broken;
	struct broken *broken;
	struct vd_pipeline **pipelines;
	struct vd_placeholders **placeholders;
};

static void
run_fini(struct run *r)
{
	vd_mem_free(r->docs.at);
	vd_mem_free(r->broken);
}

static enum vd_status
no_memory(struct run *r)
{
	return vd_fail(r->err, VD_ENOMEM, "no memory for the rules");
}

/* ---- documents ---- */

static enum vd_status
add_broken(struct run *r, const struct vd_source_text *source, const char *code, const struct vd_err *why)
{
	void *grown = r->broken;
	bool has_place = strncmp(code, "file-", 5) != 0; /* else the code is about all of the file */
	char *words = vd_arena_printf(
		r->arena, "%s%s", why->text, has_place ? "; nothing behind this place was read" : "");
	if (words == NULL || !vd_mem_grow(&grown, &r->cap_broken, r->n_broken + 1, sizeof *r->broken, 8))
		return no_memory(r);
	r->broken = grown;
	r->broken[r->n_broken++] = (struct broken){
		.before = r->docs.n,
		.row = {.file = source->file,
			.pos = {why->line == 0 ? 1 : why->line, why->column == 0 ? 1 : why->column},
			.kind = VD_REJECTED,
			.code = vd_str_from(code),
			.message = vd_str_from(words)},
	};
	return VD_OK;
}

static enum vd_status
add_document(struct run *r, struct vd_str file, const struct vd_yaml *doc)
{
	void *grown = r->docs.at;
	if (!vd_mem_grow(&grown, &r->cap_docs, r->docs.n + 1, sizeof(struct vd_rule *), 256))
		return no_memory(r);
	r->docs.at = grown;
	enum vd_status st = vd_rule_parse(r->arena, file, doc, &r->docs.at[r->docs.n], r->err);
	if (st == VD_OK)
		r->docs.n++;
	return st;
}

static enum vd_status
read_source(struct run *r, const struct vd_source_text *source)
{
	struct vd_err why = VD_ERR_INIT;
	struct vd_yaml **docs;
	size_t n;
	enum vd_status st = vd_yaml_parse(r->arena, source->text, &docs, &n, &why);
	if (st == VD_ENOMEM)
		return no_memory(r);
	for (size_t i = 0; i < n; i++) {
		enum vd_status parsed = add_document(r, source->file, docs[i]);
		if (parsed != VD_OK)
			return parsed;
	}
	if (st != VD_OK)
		return add_broken(r, source, st == VD_ELIMIT ? "limit" : "yaml", &why);
	if (n != 0)
		return VD_OK;
	(void)vd_fail(&why, VD_EINPUT, "the file holds no document: write a rule or remove it");
	return add_broken(r, source, "file-empty", &why);
}

static enum vd_status
note_unreadable(struct run *r, const struct vd_source_text *source)
{
	struct vd_err why = VD_ERR_INIT;
	(void)vd_fail(&why, VD_EIO, "%.*s", (int)VD_MIN(source->text.len, (size_t)400), source->text.at);
	return add_broken(r, source, "file-unreadable", &why);
}

/* ---- pipelines, placeholders, filters ---- */

static enum vd_status
read_pipelines(struct run *r)
{
	const struct vd_load_input *input = r->input;
	r->pipelines = vd_arena_array(r->arena, input->n_pipelines, sizeof *r->pipelines);
	if (r->pipelines == NULL)
		return no_memory(r);
	for (size_t i = 0; i < input->n_pipelines; i++) {
		enum vd_status st = vd_pipeline_parse(r->arena, input->pipelines[i].file,
			input->pipelines[i].text, &r->pipelines[i], r->err);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

/* Of every pipeline, with its file in front. */
static enum vd_status
list_notes(struct run *r, struct vd_load_result *ret)
{
	const struct vd_str *notes;
	size_t n = 0;
	for (size_t i = 0; i < r->input->n_pipelines; i++)
		n += vd_pipeline_notes(r->pipelines[i], &notes);
	ret->notes = vd_arena_array(r->arena, n, sizeof *ret->notes);
	if (ret->notes == NULL)
		return no_memory(r);
	for (size_t i = 0; i < r->input->n_pipelines; i++) {
		size_t own = vd_pipeline_notes(r->pipelines[i], &notes);
		for (size_t k = 0; k < own; k++) {
			char *words = vd_arena_printf(r->arena, "%.*s: %.*s",
				VD_SHOW(r->input->pipelines[i].file), (int)notes[k].len, notes[k].at);
			if (words == NULL)
				return no_memory(r);
			ret->notes[ret->n_notes++] = vd_str_from(words);
		}
	}
	return VD_OK;
}

static enum vd_status
read_placeholders(struct run *r)
{
	const struct vd_load_input *input = r->input;
	r->placeholders = vd_arena_array(r->arena, input->n_placeholders, sizeof *r->placeholders);
	if (r->placeholders == NULL)
		return no_memory(r);
	for (size_t i = 0; i < input->n_placeholders; i++) {
		enum vd_status st = vd_placeholders_parse(r->arena, input->placeholders[i].file,
			input->placeholders[i].text, &r->placeholders[i], r->err);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

/*
 * A filter whose placeholder nobody defines is rejected itself, before it could take rules with it.  Pipelines may
 * define placeholders too, so with pipelines the rules have to wait.
 */
static enum vd_status
expand(struct run *r, enum vd_doc_kind kind)
{
	const struct vd_placeholders *const *lists = (const struct vd_placeholders *const *)r->placeholders;
	for (size_t i = 0; i < r->docs.n; i++) {
		struct vd_rule *rule = r->docs.at[i];
		if (rule->kind != kind || rule->verdict == VD_REJECTED)
			continue;
		enum vd_status st =
			vd_placeholders_apply(r->arena, lists, r->input->n_placeholders, rule, r->err);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

static bool
is_foreign(const struct vd_rule *rule)
{
	return rule->taxonomy.len != 0 && !vd_str_is(rule->taxonomy, "sigma");
}

/* Sigma: a custom taxonomy must be handled or transformed into the default one. */
static void
check_taxonomy(struct run *r, struct vd_rule *rule)
{
	if (!is_foreign(rule))
		return;
	if (r->input->n_pipelines == 0)
		vd_rule_reject(rule, r->arena, rule->pos, "taxonomy-unmapped",
			"taxonomy %.*s needs a pipeline that maps its fields and log sources: give one with "
			"--pipeline",
			VD_SHOW(rule->taxonomy));
	else
		vd_rule_degrade(rule, r->arena, rule->pos, "taxonomy-custom",
			"taxonomy %.*s: whether the pipelines map all of it cannot be told from here",
			VD_SHOW(rule->taxonomy));
}

/* A reference that leads nowhere is found out later. */
static enum vd_status
look_below(struct run *r, struct vd_corr *corr)
{
	corr->below = vd_arena_array(r->arena, corr->n_rules, sizeof *corr->below);
	if (corr->below == NULL)
		return no_memory(r);
	for (size_t i = 0; i < corr->n_rules; i++) {
		size_t doc = vd_docs_find(&r->docs, corr->rules[i]);
		corr->below[i] = doc == SIZE_MAX ? NULL : r->docs.at[doc];
	}
	return VD_OK;
}

static enum vd_status
apply_pipelines(struct run *r, enum vd_doc_kind kind)
{
	for (size_t i = 0; i < r->docs.n; i++) {
		struct vd_rule *rule = r->docs.at[i];
		enum vd_status st = VD_OK;
		if (rule->kind != kind || rule->verdict == VD_REJECTED)
			continue;
		if (kind == VD_DOC_CORRELATION)
			st = look_below(r, rule->corr);
		if (st == VD_OK)
			st = vd_pipelines_apply(r->arena, r->pipelines, r->input->n_pipelines, rule, r->err);
		if (st != VD_OK)
			return st;
		if (kind == VD_DOC_RULE)
			check_taxonomy(r, rule);
	}
	return VD_OK;
}

/* ---- verdicts ---- */

static enum vd_status
add_row(struct run *r, const struct vd_verdict *row)
{
	return vd_verdicts_add(r->verdicts, row) == VD_OK ? VD_OK : no_memory(r);
}

static enum vd_status
write_verdicts(struct run *r)
{
	size_t b = 0;
	for (size_t i = 0; i <= r->docs.n; i++) {
		enum vd_status st = VD_OK;
		for (; st == VD_OK && b < r->n_broken && r->broken[b].before == i; b++)
			st = add_row(r, &r->broken[b].row);
		if (st == VD_OK && i < r->docs.n) {
			const struct vd_rule *rule = r->docs.at[i];
			st = add_row(
				r, &(struct vd_verdict){
					   .file = rule->file,
					   .pos = rule->verdict == VD_LOADED ? rule->pos : rule->verdict_pos,
					   .rule_id = rule->id,
					   .title = rule->title,
					   .kind = rule->verdict,
					   .code = rule->code.len == 0 ? VD_S("ok") : rule->code,
					   .message = rule->message,
				   });
		}
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

static enum vd_status
run(struct run *r, struct vd_load_result *ret)
{
	enum vd_status st = read_pipelines(r);
	if (st == VD_OK)
		st = list_notes(r, ret);
	if (st == VD_OK)
		st = read_placeholders(r);
	for (size_t i = 0; st == VD_OK && i < r->input->n_rules; i++)
		st = read_source(r, &r->input->rules[i]);
	for (size_t i = 0; st == VD_OK && i < r->input->n_unreadable; i++)
		st = note_unreadable(r, &r->input->unreadable[i]);
	if (st == VD_OK)
		st = vd_docs_index(&r->docs);
	if (st != VD_OK)
		return st;
	vd_docs_reject_duplicates(&r->docs);
	if (r->input->n_pipelines == 0)
		st = expand(r, VD_DOC_FILTER);
	if (st == VD_OK)
		st = vd_docs_filter(&r->docs);
	if (st == VD_OK)
		st = apply_pipelines(r, VD_DOC_RULE);
	if (st == VD_OK && r->input->n_pipelines != 0)
		st = apply_pipelines(r, VD_DOC_CORRELATION);
	if (st == VD_OK)
		st = expand(r, VD_DOC_RULE);
	if (st == VD_OK)
		st = vd_docs_resolve(&r->docs, r->pipelines, r->input->n_pipelines, ret);
	return st == VD_OK ? write_verdicts(r) : st;
}

enum vd_status
vd_load_run(struct vd_arena *arena, const struct vd_load_input *input, struct vd_verdicts *verdicts,
	struct vd_load_result *ret, struct vd_err *err)
{
	struct run r = {
		.arena = arena,
		.input = input,
		.verdicts = verdicts,
		.err = err,
		.docs = {.arena = arena, .err = err},
	};
	struct vd_load_result result = {0};
	enum vd_status st = run(&r, &result);
	run_fini(&r);
	if (st == VD_OK)
		*ret = result;
	return st;
}
