#include "engine/sigma/resolve.h"

enum visit { NOT_SEEN, OPEN, DONE };

/* Correlations one after the other, children first.  refs[doc][j]: document that rules[j] names. */
struct order {
	struct vd_docs *docs;
	size_t **refs;
	uint8_t *visit;
	size_t *next;  /* per document: reference to look at when it is on top again */
	size_t *stack; /* documents being visited */
	size_t depth;
	size_t n;
	size_t *sorted;
	size_t *number; /* per document: its index in the result's rules[] or corrs[] */
};

static enum vd_status
order_init(struct order *o, struct vd_docs *docs)
{
	size_t n = docs->n;
	*o = (struct order){
		.docs = docs,
		.refs = vd_arena_array(docs->arena, n, sizeof(size_t *)),
		.visit = vd_arena_array(docs->arena, n, sizeof(uint8_t)),
		.next = vd_arena_array(docs->arena, n, sizeof(size_t)),
		.stack = vd_arena_array(docs->arena, n, sizeof(size_t)),
		.sorted = vd_arena_array(docs->arena, n, sizeof(size_t)),
		.number = vd_arena_array(docs->arena, n, sizeof(size_t)),
	};
	if (o->refs == NULL || o->visit == NULL || o->next == NULL || o->stack == NULL || o->sorted == NULL ||
		o->number == NULL)
		return vd_fail(docs->err, VD_ENOMEM, "no memory for the references of rules");
	return VD_OK;
}

static bool
is_open_corr(const struct vd_rule *rule)
{
	return rule->kind == VD_DOC_CORRELATION && rule->verdict != VD_REJECTED;
}

/* ---- references ---- */

static bool
find_reference(struct order *o, struct vd_rule *rule, size_t j, size_t *refs)
{
	struct vd_docs *docs = o->docs;
	const struct vd_corr *corr = rule->corr;
	refs[j] = vd_docs_find(docs, corr->rules[j]);
	if (refs[j] == SIZE_MAX)
		vd_rule_reject(rule, docs->arena, corr->rules_pos[j], "reference-missing",
			"no rule has the name or id %.*s: correct it or load that rule too",
			VD_SHOW(corr->rules[j]));
	else if (docs->at[refs[j]]->kind == VD_DOC_FILTER)
		vd_rule_reject(rule, docs->arena, corr->rules_pos[j], "reference-missing",
			"%.*s is a filter: a correlation refers to rules and correlations",
			VD_SHOW(corr->rules[j]));
	for (size_t i = 0; i < j; i++)
		if (refs[i] == refs[j])
			vd_rule_reject(rule, docs->arena, corr->rules_pos[j], "correlation-duplicate",
				"%.*s and %.*s are the same rule: name it once", VD_SHOW(corr->rules[i]),
				VD_SHOW(corr->rules[j]));
	return rule->verdict != VD_REJECTED;
}

static enum vd_status
find_references(struct order *o)
{
	for (size_t i = 0; i < o->docs->n; i++) {
		struct vd_rule *rule = o->docs->at[i];
		if (!is_open_corr(rule))
			continue;
		o->refs[i] = vd_arena_array(o->docs->arena, rule->corr->n_rules, sizeof(size_t));
		if (o->refs[i] == NULL)
			return vd_fail(o->docs->err, VD_ENOMEM, "no memory for the references of rules");
		for (size_t j = 0; j < rule->corr->n_rules; j++)
			if (!find_reference(o, rule, j, o->refs[i]))
				break;
	}
	return VD_OK;
}

/* ---- order and circles ---- */

/* All that stand between two visits of one document on the stack are in the circle. */
static void
reject_circle(struct order *o, size_t again)
{
	size_t from = o->depth;
	while (from > 0 && o->stack[from - 1] != again)
		from--;
	for (size_t i = from == 0 ? 0 : from - 1; i < o->depth; i++) {
		struct vd_rule *rule = o->docs->at[o->stack[i]];
		const struct vd_rule *other = o->docs->at[i + 1 < o->depth ? o->stack[i + 1] : again];
		vd_rule_reject(rule, o->docs->arena, rule->corr->rules_pos[0], "reference-circle",
			"the correlation refers to itself, by way of \"%.*s\": take one reference out",
			VD_SHOW(other->title));
	}
}

static void
leave(struct order *o, size_t doc)
{
	struct vd_rule *rule = o->docs->at[doc];
	for (size_t j = 0; is_open_corr(rule) && j < rule->corr->n_rules; j++) {
		const struct vd_rule *child = o->docs->at[o->refs[doc][j]];
		if (child->verdict == VD_REJECTED)
			vd_rule_reject(rule, o->docs->arena, rule->corr->rules_pos[j], "reference-rejected",
				"the rule %.*s was rejected (%.*s): mend it first",
				VD_SHOW(rule->corr->rules[j]), VD_SHOW(child->code));
	}
	if (is_open_corr(rule))
		o->sorted[o->n++] = doc;
	o->visit[doc] = DONE;
	o->depth--;
}

/* Depth first, with a stack of its own: chains may be as long as there are documents. */
static void
visit_from(struct order *o, size_t start)
{
	o->stack[o->depth++] = start;
	o->visit[start] = OPEN;
	while (o->depth != 0) {
		size_t doc = o->stack[o->depth - 1];
		const struct vd_rule *rule = o->docs->at[doc];
		if (!is_open_corr(rule) || o->next[doc] == rule->corr->n_rules) {
			leave(o, doc);
			continue;
		}
		size_t child = o->refs[doc][o->next[doc]++];
		if (!is_open_corr(o->docs->at[child]) || o->visit[child] == DONE)
			continue;
		if (o->visit[child] == OPEN) {
			reject_circle(o, child);
			continue;
		}
		o->visit[child] = OPEN;
		o->stack[o->depth++] = child;
	}
}

/* ---- field names through pipelines ---- */

static bool
alias_has(const struct vd_corr_alias *alias, const struct vd_rule *rule)
{
	for (size_t i = 0; i < alias->n; i++)
		if ((rule->id.len != 0 && vd_str_ieq(alias->rules[i], rule->id)) ||
			(rule->name.len != 0 && vd_str_eq(alias->rules[i], rule->name)))
			return true;
	return false;
}

static struct vd_corr_alias *
find_alias(struct vd_corr *corr, struct vd_str name)
{
	for (size_t i = 0; i < corr->n_aliases; i++)
		if (vd_str_eq(corr->aliases[i].name, name))
			return &corr->aliases[i];
	return NULL;
}

static bool
add_alias(struct vd_arena *arena, struct vd_corr *corr, struct vd_str name)
{
	struct vd_corr_alias *grown = vd_arena_array(arena, corr->n_aliases + 1, sizeof *grown);
	if (grown == NULL)
		return false;
	if (corr->n_aliases != 0)
		memcpy(grown, corr->aliases, corr->n_aliases * sizeof *grown);
	grown[corr->n_aliases++] = (struct vd_corr_alias){.name = name};
	corr->aliases = grown;
	return true;
}

static bool
extend_alias(struct vd_arena *arena, struct vd_corr_alias *alias, struct vd_str rule, struct vd_str field)
{
	struct vd_str *rules = vd_arena_array(arena, alias->n + 1, sizeof *rules);
	struct vd_str *fields = vd_arena_array(arena, alias->n + 1, sizeof *fields);
	if (rules == NULL || fields == NULL)
		return false;
	if (alias->n != 0) {
		memcpy(rules, alias->rules, alias->n * sizeof *rules);
		memcpy(fields, alias->fields, alias->n * sizeof *fields);
	}
	rules[alias->n] = rule;
	fields[alias->n++] = field;
	alias->rules = rules;
	alias->fields = fields;
	return true;
}

/* What one correlation needs while its fields are renamed as its rules' were. */
struct renaming {
	struct vd_docs *docs;
	struct vd_pipeline *const *pipelines;
	size_t n_pipelines;
	struct vd_rule *corr_rule;
};

static enum vd_status
rename_aliases(struct renaming *r, const struct vd_rule *rule)
{
	struct vd_corr *corr = r->corr_rule->corr;
	for (size_t i = 0; i < corr->n_aliases; i++)
		for (size_t k = 0; k < corr->aliases[i].n; k++) {
			struct vd_str by = corr->aliases[i].rules[k];
			if (!(rule->id.len != 0 && vd_str_ieq(by, rule->id)) &&
				!(rule->name.len != 0 && vd_str_eq(by, rule->name)))
				continue;
			enum vd_status st = vd_pipelines_field(r->docs->arena, r->pipelines, r->n_pipelines,
				rule, corr->aliases[i].fields[k], &corr->aliases[i].fields[k], r->docs->err);
			if (st != VD_OK)
				return st;
		}
	return VD_OK;
}

/* A field that one rule's events have under another name gets an alias with an entry for that rule. */
static enum vd_status
rename_field(struct renaming *r, const struct vd_rule *rule, struct vd_str reference, struct vd_str field)
{
	struct vd_corr *corr = r->corr_rule->corr;
	struct vd_corr_alias *alias = find_alias(corr, field);
	if (alias != NULL && alias_has(alias, rule))
		return VD_OK;
	struct vd_str renamed = field;
	enum vd_status st = vd_pipelines_field(
		r->docs->arena, r->pipelines, r->n_pipelines, rule, field, &renamed, r->docs->err);
	if (st != VD_OK || vd_str_eq(renamed, field))
		return st;
	if (alias == NULL) {
		if (!add_alias(r->docs->arena, corr, field))
			return vd_fail(r->docs->err, VD_ENOMEM, "no memory for an alias");
		alias = &corr->aliases[corr->n_aliases - 1];
	}
	return extend_alias(r->docs->arena, alias, reference, renamed)
		       ? VD_OK
		       : vd_fail(r->docs->err, VD_ENOMEM, "no memory for an alias");
}

static enum vd_status
rename_fields(struct renaming *r, const size_t *refs)
{
	struct vd_corr *corr = r->corr_rule->corr;
	for (size_t j = 0; j < corr->n_rules; j++) {
		const struct vd_rule *rule = r->docs->at[refs[j]];
		if (rule->kind != VD_DOC_RULE)
			continue;
		if (rule->piped)
			vd_pipelines_revise(r->pipelines, r->n_pipelines, r->corr_rule);
		enum vd_status st = rename_aliases(r, rule);
		for (size_t i = 0; st == VD_OK && i < corr->n_group; i++)
			st = rename_field(r, rule, corr->rules[j], corr->group[i]);
		for (size_t i = 0; st == VD_OK && i < corr->n_fields; i++)
			st = rename_field(r, rule, corr->rules[j], corr->fields[i]);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

/* An entry for a rule that is not in rules does nothing. */
static void
check_aliases(struct vd_docs *docs, struct vd_rule *rule, const size_t *refs)
{
	for (size_t i = 0; i < rule->corr->n_aliases; i++)
		for (size_t k = 0; k < rule->corr->aliases[i].n; k++) {
			struct vd_str name = rule->corr->aliases[i].rules[k];
			size_t doc = vd_docs_find(docs, name);
			bool used = false;
			for (size_t j = 0; j < rule->corr->n_rules; j++)
				used = used || refs[j] == doc;
			if (!used)
				vd_rule_degrade(rule, docs->arena, rule->pos, "alias-unused",
					"alias %.*s names %.*s, which is not in the correlation's rules",
					VD_SHOW(rule->corr->aliases[i].name), VD_SHOW(name));
		}
}

/* ---- the result ---- */

static enum vd_status
collect(struct order *o, struct vd_load_result *ret)
{
	struct vd_docs *docs = o->docs;
	size_t n_rules = 0;
	for (size_t i = 0; i < docs->n; i++)
		n_rules += docs->at[i]->kind == VD_DOC_RULE && docs->at[i]->verdict != VD_REJECTED;
	ret->rules = vd_arena_array(docs->arena, n_rules, sizeof(struct vd_rule *));
	ret->rule_alone = vd_arena_array(docs->arena, n_rules, sizeof(bool));
	ret->corrs = vd_arena_array(docs->arena, o->n, sizeof(struct vd_rule *));
	ret->corr_alone = vd_arena_array(docs->arena, o->n, sizeof(bool));
	ret->refs = vd_arena_array(docs->arena, o->n, sizeof(size_t *));
	if (ret->rules == NULL || ret->rule_alone == NULL || ret->corrs == NULL || ret->corr_alone == NULL ||
		ret->refs == NULL)
		return vd_fail(docs->err, VD_ENOMEM, "no memory for the rules that loaded");
	for (size_t i = 0; i < docs->n; i++)
		if (docs->at[i]->kind == VD_DOC_RULE && docs->at[i]->verdict != VD_REJECTED) {
			o->number[i] = ret->n_rules;
			ret->rules[ret->n_rules++] = docs->at[i];
		}
	for (size_t i = 0; i < o->n; i++) {
		size_t doc = o->sorted[i];
		o->number[doc] = n_rules + i;
		ret->corrs[i] = docs->at[doc];
		ret->refs[i] = o->refs[doc];
		for (size_t j = 0; j < docs->at[doc]->corr->n_rules; j++)
			ret->refs[i][j] = o->number[ret->refs[i][j]];
	}
	ret->n_corrs = o->n;
	return VD_OK;
}

/* A rule that only correlations without generate refer to is told so: it went quiet by another file's doing. */
static enum vd_status
note_silenced(struct vd_docs *docs, struct vd_rule *rule, const struct vd_rule *by)
{
	const char *before = rule->message.len == 0 ? "" : "; ";
	char *words = vd_arena_printf(docs->arena,
		"%.*s%sreports through correlations only, such as \"%.*s\" (%.*s): write generate: true "
		"there to hear "
		"of each match",
		(int)rule->message.len, rule->message.len == 0 ? "" : rule->message.at, before,
		VD_SHOW(by->title), VD_SHOW(by->file));
	if (words == NULL)
		return vd_fail(docs->err, VD_ENOMEM, "no memory for a note");
	rule->message = vd_str_from(words);
	if (rule->verdict == VD_LOADED)
		rule->code = VD_S("silenced");
	return VD_OK;
}

static enum vd_status
decide_alone(struct vd_docs *docs, struct vd_load_result *ret)
{
	size_t n = ret->n_rules + ret->n_corrs;
	const struct vd_rule **by = vd_arena_array(docs->arena, n, sizeof *by);
	bool *loud = vd_arena_array(docs->arena, n, sizeof *loud);
	if (by == NULL || loud == NULL)
		return vd_fail(docs->err, VD_ENOMEM, "no memory for the references of rules");
	for (size_t i = 0; i < ret->n_corrs; i++)
		for (size_t j = 0; j < ret->corrs[i]->corr->n_rules; j++) {
			size_t child = ret->refs[i][j];
			if (by[child] == NULL)
				by[child] = ret->corrs[i];
			loud[child] = loud[child] || ret->corrs[i]->generate;
		}
	for (size_t i = 0; i < n; i++) {
		bool alone = by[i] == NULL || loud[i];
		bool is_rule = i < ret->n_rules;
		*(is_rule ? &ret->rule_alone[i] : &ret->corr_alone[i - ret->n_rules]) = alone;
		struct vd_rule *rule = is_rule ? ret->rules[i] : ret->corrs[i - ret->n_rules];
		enum vd_status st = alone ? VD_OK : note_silenced(docs, rule, by[i]);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

enum vd_status
vd_docs_resolve(struct vd_docs *docs, struct vd_pipeline *const *pipelines, size_t n_pipelines,
	struct vd_load_result *ret)
{
	struct order o;
	enum vd_status st = order_init(&o, docs);
	if (st == VD_OK)
		st = find_references(&o);
	if (st != VD_OK)
		return st;
	for (size_t i = 0; i < docs->n; i++)
		if (is_open_corr(docs->at[i]) && o.visit[i] == NOT_SEEN)
			visit_from(&o, i);
	for (size_t i = 0; i < o.n; i++) {
		struct renaming r = {docs, pipelines, n_pipelines, docs->at[o.sorted[i]]};
		check_aliases(docs, r.corr_rule, o.refs[o.sorted[i]]);
		st = n_pipelines == 0 ? VD_OK : rename_fields(&r, o.refs[o.sorted[i]]);
		if (st != VD_OK)
			return st;
	}
	st = collect(&o, ret);
	return st == VD_OK ? decide_alone(docs, ret) : st;
}
