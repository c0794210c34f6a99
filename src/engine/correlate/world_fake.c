#include "engine/correlate/world_fake.h"

#include <stdio.h>
#include <stdlib.h>

#include "vd_test.h"

/* ---- words ---- */

static struct vd_str
keep(struct world *world, const char *at, size_t n)
{
	return (struct vd_str){vd_arena_dup(world->arena, at, n), n};
}

/* Cuts text at every separator; returns the number of pieces. */
static size_t
split(struct world *world, struct vd_str text, char separator, struct vd_str *to, size_t max)
{
	size_t n = 0, from = 0;
	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && text.at[i] != separator)
			continue;
		assert_true(n < max);
		to[n++] = keep(world, text.at + from, i - from);
		from = i + 1;
	}
	return n;
}

/* "key=rest" */
static bool
keyed(struct vd_str word, const char *key, struct vd_str *ret_rest)
{
	size_t n = strlen(key);
	if (word.len <= n || memcmp(word.at, key, n) != 0 || word.at[n] != '=')
		return false;
	*ret_rest = (struct vd_str){word.at + n + 1, word.len - n - 1};
	return true;
}

static struct vd_str *
names(struct world *world, struct vd_str text, char separator, size_t *ret_n)
{
	struct vd_str *list = vd_arena_array(world->arena, WORLD_MAX_RULES, sizeof *list);
	*ret_n = split(world, text, separator, list, WORLD_MAX_RULES);
	return list;
}

/* ---- correlations ---- */

static size_t
reference(struct world *world, struct vd_str name)
{
	for (size_t c = 0; c < world->load.n_corrs; c++)
		if (vd_str_eq(world->corrs[c]->name, name))
			return SIZE_MAX - c;
	for (size_t r = 0; r < world->load.n_rules; r++)
		if (vd_str_eq(world->rules[r]->name, name))
			return r;
	assert_true(world->load.n_rules < WORLD_MAX_RULES);
	struct vd_rule *rule = vd_arena_zalloc(world->arena, sizeof *rule);
	*rule = (struct vd_rule){.name = name, .id = name};
	memcpy(rule->hash, name.at, VD_MIN(name.len, sizeof rule->hash));
	world->rules[world->load.n_rules] = rule;
	return world->load.n_rules++;
}

/* or, and, not, parentheses, names */
static struct vd_corr_expr *expr_or(struct world *world, const struct vd_corr *corr, struct vd_str *text);

static struct vd_corr_expr *
expr_leaf(struct world *world, const struct vd_corr *corr, struct vd_str *text)
{
	struct vd_corr_expr *expr = vd_arena_zalloc(world->arena, sizeof *expr);
	expr->kids = vd_arena_array(world->arena, 8, sizeof *expr->kids);
	char c = text->at[0];
	if (c == '!' || c == '(') {
		text->at++, text->len--;
		if (c == '!') {
			expr->kind = VD_EXPR_NOT;
			expr->n = 1;
			expr->kids[0] = expr_leaf(world, corr, text);
			return expr;
		}
		expr = expr_or(world, corr, text);
		assert_true(text->len > 0 && text->at[0] == ')');
		text->at++, text->len--;
		return expr;
	}
	size_t n = strcspn(text->at, "&|()!");
	n = VD_MIN(n, text->len);
	expr->kind = VD_EXPR_ITEM;
	expr->rule = SIZE_MAX;
	for (size_t j = 0; j < corr->n_rules; j++)
		if (vd_str_eq(corr->rules[j], (struct vd_str){text->at, n}))
			expr->rule = j;
	assert_true(expr->rule != SIZE_MAX);
	text->at += n, text->len -= n;
	return expr;
}

static struct vd_corr_expr *
expr_chain(struct world *world, const struct vd_corr *corr, struct vd_str *text, char separator)
{
	struct vd_corr_expr *expr = vd_arena_zalloc(world->arena, sizeof *expr);
	expr->kids = vd_arena_array(world->arena, 8, sizeof *expr->kids);
	expr->kind = separator == '&' ? VD_EXPR_AND : VD_EXPR_OR;
	for (;;) {
		assert_true(expr->n < 8);
		expr->kids[expr->n++] =
			separator == '&' ? expr_leaf(world, corr, text) : expr_chain(world, corr, text, '&');
		if (text->len == 0 || text->at[0] != separator)
			return expr;
		text->at++, text->len--;
	}
}

static struct vd_corr_expr *
expr_or(struct world *world, const struct vd_corr *corr, struct vd_str *text)
{
	return expr_chain(world, corr, text, '|');
}

static enum vd_corr_type
type_of(struct vd_str word)
{
	static const char *const types[] = {"event_count", "value_count", "temporal", "temporal_ordered",
		"value_sum", "value_avg", "value_percentile", "value_median"};
	for (size_t i = 0; i < VD_ARRAY_LEN(types); i++)
		if (vd_str_is(word, types[i]))
			return (enum vd_corr_type)i;
	fail_msg("no such type: %.*s", (int)word.len, word.at);
	return VD_CORR_EVENT_COUNT;
}

static void
add_alias(struct world *world, struct vd_corr *corr, struct vd_str text)
{
	struct vd_str parts[2], pair[2];
	assert_int_equal(split(world, text, ':', parts, 2), 2);
	corr->aliases = corr->aliases != NULL ? corr->aliases
					      : vd_arena_array(world->arena, 8, sizeof *corr->aliases);
	struct vd_corr_alias *alias = &corr->aliases[corr->n_aliases++];
	alias->name = parts[0];
	alias->rules = names(world, parts[1], ';', &alias->n);
	alias->fields = vd_arena_array(world->arena, alias->n, sizeof *alias->fields);
	for (size_t i = 0; i < alias->n; i++) {
		assert_int_equal(split(world, alias->rules[i], '=', pair, 2), 2);
		alias->rules[i] = pair[0];
		alias->fields[i] = pair[1];
	}
}

static void
add_word(struct world *world, struct vd_corr *corr, struct vd_str word)
{
	static const char *const compares[] = {"lt", "lte", "gt", "gte", "eq", "neq"};
	struct vd_str rest;
	if (keyed(word, "by", &rest))
		corr->group = names(world, rest, ',', &corr->n_group);
	else if (keyed(word, "span", &rest))
		corr->timespan_ms = strtoll(rest.at, NULL, 10) * 1000;
	else if (keyed(word, "field", &rest))
		corr->fields = names(world, rest, ',', &corr->n_fields);
	else if (keyed(word, "alias", &rest))
		add_alias(world, corr, rest);
	else if (keyed(word, "expr", &rest))
		corr->expr = expr_or(world, corr, &rest);
	else if (keyed(word, "percentile", &rest)) {
		corr->has_percentile = true;
		corr->percentile = strtod(rest.at, NULL);
	} else {
		for (size_t i = 0; i < VD_ARRAY_LEN(compares); i++)
			if (keyed(word, compares[i], &rest))
				corr->criteria[corr->n_criteria++] =
					(struct vd_criterion){(enum vd_compare)i, strtod(rest.at, NULL)};
	}
}

static void
add_correlation(struct world *world, const char *text)
{
	struct vd_str words[24];
	size_t n = split(world, vd_str_from(text), ' ', words, VD_ARRAY_LEN(words));
	struct vd_rule *rule = vd_arena_zalloc(world->arena, sizeof *rule);
	struct vd_corr *corr = vd_arena_zalloc(world->arena, sizeof *corr);
	*rule = (struct vd_rule){.kind = VD_DOC_CORRELATION,
		.name = words[0],
		.id = words[0],
		.title = words[0],
		.corr = corr};
	/* stands for the hash of the text */
	for (size_t i = 0; text[i] != '\0'; i++)
		rule->hash[i % sizeof rule->hash] =
			(uint8_t)(rule->hash[i % sizeof rule->hash] * 31u + (unsigned char)text[i]);
	corr->type = type_of(words[1]);
	corr->rules = names(world, words[2], ',', &corr->n_rules);
	size_t *refs = vd_arena_array(world->arena, corr->n_rules, sizeof *refs);
	for (size_t j = 0; j < corr->n_rules; j++)
		refs[j] = reference(world, corr->rules[j]);
	for (size_t i = 3; i < n; i++)
		add_word(world, corr, words[i]);
	assert_true(world->load.n_corrs < WORLD_MAX_RULES);
	world->refs[world->load.n_corrs] = refs;
	world->corr_alone[world->load.n_corrs] = true;
	world->corrs[world->load.n_corrs++] = rule;
}

void
world_init(struct world *world, const char *const correlations[], size_t n)
{
	*world = (struct world){.arena = vd_arena_new(0)};
	assert_non_null(world->arena);
	for (size_t i = 0; i < n; i++)
		add_correlation(world, correlations[i]);
	/* a rule nobody refers to: its number must not disturb the others */
	(void)reference(world, VD_S("unwanted"));
	world->load.rules = world->rules;
	world->load.corrs = world->corrs;
	world->load.rule_alone = world->rule_alone;
	world->load.corr_alone = world->corr_alone;
	world->load.refs = world->refs;
	for (size_t c = 0; c < world->load.n_corrs; c++)
		for (size_t j = 0; j < world->corrs[c]->corr->n_rules; j++)
			if (world->refs[c][j] > SIZE_MAX / 2)
				world->refs[c][j] = world->load.n_rules + (SIZE_MAX - world->refs[c][j]);
}

void
world_fini(struct world *world)
{
	vd_arena_free(world->arena);
	*world = (struct world){0};
}

size_t
world_corr(const struct world *world, const char *name)
{
	for (size_t c = 0; c < world->load.n_corrs; c++)
		if (vd_str_is(world->corrs[c]->name, name))
			return c;
	fail_msg("no correlation %s", name);
	return 0;
}

/* ---- events ---- */

static struct world_field
field_from(struct world *world, struct vd_str word)
{
	struct vd_str texts[WORLD_MAX_VALUES];
	struct world_field field = {0};
	size_t equals = 0;
	while (equals < word.len && word.at[equals] != '=')
		equals++;
	assert_true(equals < word.len);
	bool number = equals > 0 && word.at[equals - 1] == ':';
	field.name = (struct vd_str){word.at, number ? equals - 1 : equals};
	field.n = split(world, (struct vd_str){word.at + equals + 1, word.len - equals - 1}, ',', texts,
		WORLD_MAX_VALUES);
	for (size_t i = 0; i < field.n; i++)
		field.values[i] = (struct vd_corr_value){texts[i], vd_str_is(texts[i], "~") ? VD_CORR_NULL
								   : number                 ? VD_CORR_NUMBER
											    : VD_CORR_STRING};
	return field;
}

struct world_event
world_event(const struct world *const_world, const char *text, uint64_t line)
{
	struct world scratch = *const_world, *world = &scratch; /* the arena takes the words */
	struct vd_str words[16], rules[WORLD_MAX_RULES];
	struct world_event event = {.line = line};
	size_t n = split(world, vd_str_from(text), ' ', words, VD_ARRAY_LEN(words));
	event.t = (int64_t)(strtod(words[0].at, NULL) * 1000);
	event.n_rules = split(world, words[1], '+', rules, WORLD_MAX_RULES);
	for (size_t i = 0; i < event.n_rules; i++) {
		event.rules[i] = SIZE_MAX;
		for (size_t r = 0; r < world->load.n_rules; r++)
			if (vd_str_eq(world->rules[r]->name, rules[i]))
				event.rules[i] = r;
		assert_true(event.rules[i] != SIZE_MAX);
	}
	for (size_t i = 2; i < n; i++) {
		assert_true(event.n_fields < WORLD_MAX_FIELDS);
		event.fields[event.n_fields++] = field_from(world, words[i]);
	}
	return event;
}

enum vd_status
world_feed(const struct world *world, const struct vd_corr_plan *plan, struct vd_corr_core *core,
	const struct world_event *event, struct vd_err *err)
{
	for (size_t i = 0; i < event->n_rules; i++) {
		struct vd_corr_field fields[32] = {{0}};
		const struct vd_str *wanted = NULL;
		size_t n = vd_corr_plan_fields(plan, event->rules[i], &wanted);
		assert_true(n <= VD_ARRAY_LEN(fields));
		for (size_t f = 0; f < n; f++)
			for (size_t k = 0; k < event->n_fields; k++)
				if (vd_str_eq(wanted[f], event->fields[k].name))
					fields[f] = (struct vd_corr_field){
						event->fields[k].n, event->fields[k].values};
		struct vd_corr_input input = {.rule = event->rules[i],
			.t = event->t,
			.ref = {VD_S("events.jsonl"), event->line},
			.fields = fields};
		enum vd_status st = vd_corr_core_feed(core, &input, err);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

/* ---- findings ---- */

enum vd_status
world_take(void *owner, const struct vd_finding *finding)
{
	struct world_sink *sink = owner;
	struct world_findings *found = &sink->found;
	void *at = found->at;
	if (!vd_mem_grow(&at, &found->cap, found->n + 1, sizeof *found->at, 16))
		return VD_ENOMEM;
	found->at = at;
	struct world_finding *to = &found->at[found->n++];
	*to = (struct world_finding){.corr = finding->rule - sink->world->load.n_rules,
		.t = finding->time_ms,
		.count = finding->count,
		.has_fired = finding->has_fired,
		.fired = finding->fired.line,
		.n_events = finding->n_events,
		.alone = finding->alone};
	memcpy(to->id, finding->id, sizeof to->id);
	if (finding->n_events != 0) {
		to->first_event = finding->events[0].line;
		to->last_event = finding->events[finding->n_events - 1].line;
	}
	for (size_t i = 0; i < finding->n_group; i++) {
		size_t used = strlen(to->group);
		(void)snprintf(to->group + used, sizeof to->group - used, "%s%.*s", i == 0 ? "" : "|",
			(int)finding->group[i].value.len, finding->group[i].value.at);
	}
	return VD_OK;
}

void
world_sink_fini(struct world_sink *sink)
{
	vd_mem_free(sink->found.at);
	sink->found = (struct world_findings){0};
}

static int
by_time(const void *a, const void *b)
{
	const struct world_finding *x = a, *y = b;
	if (x->t != y->t)
		return x->t < y->t ? -1 : 1;
	if (x->corr != y->corr)
		return x->corr < y->corr ? -1 : 1;
	return strcmp(x->group, y->group);
}

void
world_sort(struct world_findings *findings)
{
	if (findings->n > 1)
		qsort(findings->at, findings->n, sizeof *findings->at, by_time);
}
