#include "engine/correlate/naive_model.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "vd_test.h"

#define MAX_LIST 64u
#define TEXT 48u

struct texts {
	size_t n;
	char at[MAX_LIST][TEXT];
};

struct finding;

/* What a correlation sees: an event through one of its rules, or a finding of a correlation below. */
struct input {
	int64_t t;
	size_t ref;
	const struct world_event *event;
	size_t rule; /* of the event */
	const struct finding *below;
};

struct inputs {
	struct input *at;
	size_t n, cap;
};

struct finding {
	size_t corr;
	int64_t t;
	struct texts group;
	struct inputs window;
};

struct model {
	const struct world *world;
	struct finding **findings;
	size_t n, cap;
};

/* ---- values ---- */

static void
add_text(struct texts *texts, const char *text)
{
	for (size_t i = 0; i < texts->n; i++)
		if (strcmp(texts->at[i], text) == 0)
			return;
	assert_true(texts->n < MAX_LIST);
	(void)snprintf(texts->at[texts->n++], TEXT, "%s", text);
}

static struct vd_str
field_name(const struct world *world, const struct vd_corr *corr, size_t c, size_t ref, struct vd_str name)
{
	size_t to = world->refs[c][ref];
	const struct vd_rule *rule =
		to < world->load.n_rules ? world->rules[to] : world->corrs[to - world->load.n_rules];
	for (size_t a = 0; a < corr->n_aliases; a++)
		for (size_t i = 0; i < corr->aliases[a].n; i++)
			if (vd_str_eq(corr->aliases[a].name, name) &&
				vd_str_eq(corr->aliases[a].rules[i], rule->name))
				return corr->aliases[a].fields[i];
	return name;
}

/* All distinct values of a name, lower case, as correlation c sees them in an input of its reference. */
static void
values_of(
	const struct world *world, size_t c, const struct input *input, struct vd_str name, struct texts *to)
{
	struct vd_str field = field_name(world, world->corrs[c]->corr, c, input->ref, name);
	if (input->below != NULL) {
		const struct vd_corr *below = world->corrs[input->below->corr]->corr;
		for (size_t g = 0; g < below->n_group; g++) {
			if (vd_str_eq(below->group[g], field)) {
				add_text(to, input->below->group.at[g]);
				return;
			}
		}
		for (size_t i = 0; i < input->below->window.n; i++)
			values_of(world, input->below->corr, &input->below->window.at[i], field, to);
		return;
	}
	for (size_t f = 0; f < input->event->n_fields; f++) {
		const struct world_field *found = &input->event->fields[f];
		for (size_t v = 0; v < found->n && vd_str_eq(found->name, field); v++) {
			char text[TEXT] = "";
			for (size_t k = 0; k < found->values[v].text.len; k++)
				text[k] = (char)tolower(found->values[v].text.at[k]);
			if (found->values[v].type != VD_CORR_NULL)
				add_text(to, text);
		}
	}
}

/* Every combination of one value a name, joined by "|"; none if a name has no value. */
static void
combinations(const struct world *world, size_t c, const struct input *input, const struct vd_str *names,
	size_t n, struct texts *to)
{
	struct texts *have = vd_mem_zalloc(2, sizeof *have);
	assert_non_null(have);
	have[0].n = 1; /* the empty combination */
	for (size_t i = 0; i < n; i++) {
		struct texts *values = vd_mem_zalloc(1, sizeof *values);
		assert_non_null(values);
		values_of(world, c, input, names[i], values);
		have[1].n = 0;
		for (size_t k = 0; k < have[0].n; k++) {
			for (size_t v = 0; v < values->n; v++) {
				char text[2 * TEXT];
				(void)snprintf(text, sizeof text, "%s%s%s", have[0].at[k], i == 0 ? "" : "|",
					values->at[v]);
				add_text(&have[1], text);
			}
		}
		have[0] = have[1];
		vd_mem_free(values);
	}
	*to = have[0];
	vd_mem_free(have);
}

/* ---- windows ---- */

static void
add_input(struct inputs *inputs, struct input input)
{
	void *at = inputs->at;
	assert_true(vd_mem_grow(&at, &inputs->cap, inputs->n + 1, sizeof *inputs->at, 8));
	inputs->at = at;
	inputs->at[inputs->n++] = input;
}

static bool
same_event(const struct input *a, const struct input *b)
{
	return a->event != NULL && a->event == b->event;
}

/* An event that several rules match is there once for each type but the temporal ones. */
static void
window_between(const struct inputs *group, int64_t from, int64_t to, bool temporal, struct inputs *ret)
{
	for (size_t i = 0; i < group->n; i++) {
		const struct input *input = &group->at[i];
		bool again = false;
		for (size_t k = 0; k < group->n; k++)
			again |= !temporal && same_event(input, &group->at[k]) &&
				 group->at[k].rule < input->rule;
		if (input->t >= from && input->t <= to && !again)
			add_input(ret, *input);
	}
}

static bool
meets(const struct vd_corr *corr, double value)
{
	for (size_t i = 0; i < corr->n_criteria; i++) {
		double number = corr->criteria[i].number;
		bool met[] = {
			[VD_CMP_LT] =
				value<number, [VD_CMP_LTE] = value <= number, [VD_CMP_GT] = value> number,
			[VD_CMP_GTE] = value >= number,
			[VD_CMP_EQ] = value == number,
			[VD_CMP_NEQ] = value != number};
		if (!met[corr->criteria[i].compare])
			return false;
	}
	return true;
}

static int
by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static bool
numbers_meet(const struct world *world, size_t c, const struct inputs *window)
{
	const struct vd_corr *corr = world->corrs[c]->corr;
	double *numbers = vd_mem_zalloc(window->n * MAX_LIST, sizeof *numbers), sum = 0;
	assert_non_null(numbers);
	size_t n = 0;
	for (size_t i = 0; i < window->n; i++) {
		struct texts values = {0};
		values_of(world, c, &window->at[i], corr->fields[0], &values);
		for (size_t v = 0; v < values.n; v++) {
			char *end;
			double number = strtod(values.at[v], &end);
			if (end != values.at[v] && *end == '\0')
				sum += numbers[n++] = number;
		}
	}
	qsort(numbers, n, sizeof *numbers, by_number);
	double value = sum;
	if (corr->type == VD_CORR_VALUE_AVG)
		value = sum / (double)n;
	if (n != 0 && (corr->type == VD_CORR_VALUE_PERCENTILE || corr->type == VD_CORR_VALUE_MEDIAN)) {
		double place = (double)(n - 1) * (corr->has_percentile ? corr->percentile : 50) / 100;
		size_t low = (size_t)place, high = low + 1 < n ? low + 1 : low;
		value = numbers[low] + (numbers[high] - numbers[low]) * (place - (double)low);
	}
	vd_mem_free(numbers);
	return n != 0 && meets(corr, value);
}

/* Rules under a not are asked for in the whole window, the others among those picked. */
static bool
expr_true(const struct vd_corr_expr *expr, const bool *seen, const bool *picked, bool under_not)
{
	bool any = false, all = true;
	if (expr->kind == VD_EXPR_ITEM)
		return under_not ? seen[expr->rule] : picked[expr->rule];
	for (size_t i = 0; i < expr->n; i++) {
		bool kid = expr_true(expr->kids[i], seen, picked, under_not != (expr->kind == VD_EXPR_NOT));
		any |= kid;
		all &= kid;
	}
	return expr->kind == VD_EXPR_NOT ? !all : expr->kind == VD_EXPR_AND ? all : any;
}

/* Can the rules of the set be found one after the other, each as early as possible? */
static bool
in_order(const struct inputs *window, size_t n_rules, size_t set)
{
	int64_t t = INT64_MIN;
	for (size_t j = 0; j < n_rules; j++) {
		int64_t next = INT64_MAX;
		for (size_t i = 0; i < window->n; i++)
			if (window->at[i].ref == j && window->at[i].t >= t && window->at[i].t < next)
				next = window->at[i].t;
		if ((set >> j & 1) == 0)
			continue;
		if (next == INT64_MAX)
			return false;
		t = next;
	}
	return true;
}

static bool
rules_meet(const struct vd_corr *corr, const struct inputs *window)
{
	bool seen[VD_CORR_MAX_RULES] = {false};
	size_t different = 0;
	for (size_t i = 0; i < window->n; i++)
		seen[window->at[i].ref] = true;
	for (size_t j = 0; j < corr->n_rules; j++)
		different += seen[j];
	if (corr->type == VD_CORR_TEMPORAL_ORDERED) {
		different = 0;
		for (size_t set = 0; set < (size_t)1 << corr->n_rules; set++) {
			bool picked[VD_CORR_MAX_RULES] = {false};
			if (!in_order(window, corr->n_rules, set))
				continue;
			different = VD_MAX(different, (size_t)__builtin_popcountll(set));
			for (size_t j = 0; j < corr->n_rules; j++)
				picked[j] = (set >> j & 1) != 0;
			if (corr->expr != NULL && expr_true(corr->expr, seen, picked, false))
				return true;
		}
		if (corr->expr != NULL)
			return false;
	}
	if (corr->n_criteria != 0 && !meets(corr, (double)different))
		return false;
	if (corr->expr != NULL)
		return expr_true(corr->expr, seen, seen, false);
	return corr->n_criteria != 0 || different == corr->n_rules;
}

/* at_event: the value is one of an input at t; else any in the window. */
static bool
values_meet(const struct world *world, size_t c, const struct inputs *window, bool at_event, int64_t t)
{
	const struct vd_corr *corr = world->corrs[c]->corr;
	char(*all)[TEXT] = vd_mem_zalloc(window->n * MAX_LIST, TEXT);
	int64_t *times = vd_mem_zalloc(window->n * MAX_LIST, sizeof *times);
	assert_true(all != NULL && times != NULL);
	size_t n = 0, distinct = 0;
	for (size_t i = 0; i < window->n; i++) {
		struct texts tuples;
		combinations(world, c, &window->at[i], corr->fields, corr->n_fields, &tuples);
		for (size_t v = 0; v < tuples.n; v++) {
			times[n] = window->at[i].t;
			memcpy(all[n++], tuples.at[v], TEXT);
		}
	}
	bool share = false;
	for (size_t i = 0; i < n; i++) {
		size_t same = 0, before = 0;
		for (size_t k = 0; k < n; k++) {
			bool equal = strcmp(all[i], all[k]) == 0;
			same += equal;
			before += equal && k < i;
		}
		distinct += before == 0;
		share |= (!at_event || times[i] == t) && meets(corr, 100.0 * (double)same / (double)n);
	}
	vd_mem_free(all);
	vd_mem_free(times);
	return corr->type == VD_CORR_VALUE_COUNT ? meets(corr, (double)distinct) : share;
}

static bool
window_meets(const struct world *world, size_t c, const struct inputs *window, bool at_event, int64_t t)
{
	const struct vd_corr *corr = world->corrs[c]->corr;
	switch (corr->type) {
	case VD_CORR_EVENT_COUNT:
		return meets(corr, (double)window->n);
	case VD_CORR_TEMPORAL:
	case VD_CORR_TEMPORAL_ORDERED:
		return rules_meet(corr, window);
	case VD_CORR_VALUE_COUNT:
		return values_meet(world, c, window, at_event, t);
	case VD_CORR_VALUE_PERCENTILE:
		if (!corr->has_percentile)
			return values_meet(world, c, window, at_event, t);
		return numbers_meet(world, c, window);
	default:
		return numbers_meet(world, c, window);
	}
}

/* ---- groups ---- */

static void
add_finding(struct model *model, size_t c, int64_t t, const char *key, struct inputs *window)
{
	void *at = model->findings;
	assert_true(vd_mem_grow(&at, &model->cap, model->n + 1, sizeof *model->findings, 16));
	model->findings = at;
	struct finding *finding = vd_mem_zalloc(1, sizeof *finding);
	assert_non_null(finding);
	finding->corr = c;
	finding->t = t;
	finding->window = *window;
	*window = (struct inputs){0};
	for (const char *from = key; finding->group.n < model->world->corrs[c]->corr->n_group;) {
		size_t n = strcspn(from, "|");
		(void)snprintf(finding->group.at[finding->group.n++], TEXT, "%.*s", (int)n, from);
		from += n + (from[n] == '|');
	}
	model->findings[model->n++] = finding;
}

static bool
negated(const struct vd_corr_expr *expr)
{
	bool found = expr != NULL && expr->kind == VD_EXPR_NOT;
	for (size_t i = 0; expr != NULL && i < expr->n; i++)
		found |= negated(expr->kids[i]);
	return found;
}

static bool
waits_for_close(const struct vd_corr *corr)
{
	bool waits = negated(corr->expr);
	for (size_t i = 0; i < corr->n_criteria; i++)
		waits |= corr->criteria[i].compare != VD_CMP_GT && corr->criteria[i].compare != VD_CMP_GTE;
	return waits;
}

/* Inputs are by rising time. */
static void
run_group(struct model *model, size_t c, const char *key, const struct inputs *group)
{
	const struct vd_corr *corr = model->world->corrs[c]->corr;
	bool temporal = corr->type == VD_CORR_TEMPORAL || corr->type == VD_CORR_TEMPORAL_ORDERED;
	bool close = waits_for_close(corr);
	int64_t free_from = INT64_MIN; /* silent before; at close: in the last window up to it */
	for (size_t i = 0; i < group->n; i++) {
		int64_t t = group->at[i].t, span = corr->timespan_ms;
		struct inputs window = {0};
		if (close ? free_from != INT64_MIN && t <= free_from : t < free_from)
			continue;
		window_between(group, close ? t : t - span, close ? t + span : t, temporal, &window);
		bool fires = window_meets(model->world, c, &window, !close, t);
		if (fires)
			add_finding(model, c, close ? t + span : t, key, &window);
		if (fires || close)
			free_from = t + span;
		vd_mem_free(window.at);
	}
}

static int
by_time(const void *a, const void *b)
{
	const struct input *x = a, *y = b;
	return x->t < y->t ? -1 : x->t > y->t;
}

static void
run_correlation(struct model *model, size_t c, const struct inputs *inputs)
{
	const struct vd_corr *corr = model->world->corrs[c]->corr;
	struct texts *keys = vd_mem_zalloc(1, sizeof *keys);
	assert_non_null(keys);
	for (size_t i = 0; i < inputs->n; i++) {
		struct texts own;
		combinations(model->world, c, &inputs->at[i], corr->group, corr->n_group, &own);
		for (size_t k = 0; k < own.n; k++)
			add_text(keys, own.at[k]);
	}
	for (size_t k = 0; k < keys->n; k++) {
		struct inputs group = {0};
		for (size_t i = 0; i < inputs->n; i++) {
			struct texts own;
			combinations(model->world, c, &inputs->at[i], corr->group, corr->n_group, &own);
			for (size_t o = 0; o < own.n; o++)
				if (strcmp(own.at[o], keys->at[k]) == 0)
					add_input(&group, inputs->at[i]);
		}
		run_group(model, c, keys->at[k], &group);
		vd_mem_free(group.at);
	}
	vd_mem_free(keys);
}

static void
collect_inputs(
	const struct model *model, size_t c, const struct world_event *events, size_t n, struct inputs *ret)
{
	const struct world *world = model->world;
	for (size_t j = 0; j < world->corrs[c]->corr->n_rules; j++) {
		size_t to = world->refs[c][j];
		for (size_t i = 0; i < n; i++)
			for (size_t r = 0; r < events[i].n_rules; r++)
				if (events[i].rules[r] == to)
					add_input(ret, (struct input){.t = events[i].t,
							       .ref = j,
							       .event = &events[i],
							       .rule = to});
		for (size_t i = 0; i < model->n; i++)
			if (world->load.n_rules + model->findings[i]->corr == to)
				add_input(ret, (struct input){.t = model->findings[i]->t,
						       .ref = j,
						       .below = model->findings[i]});
	}
	if (ret->n != 0)
		qsort(ret->at, ret->n, sizeof *ret->at, by_time);
}

/* ---- the whole ---- */

static void
mark_events(const struct inputs *window, const struct world_event *events, bool *seen)
{
	for (size_t i = 0; i < window->n; i++) {
		if (window->at[i].event != NULL)
			seen[window->at[i].event - events] = true;
		else
			mark_events(&window->at[i].below->window, events, seen);
	}
}

static void
report(const struct model *model, const struct world_event *events, size_t n, struct world_findings *ret)
{
	*ret = (struct world_findings){.at = vd_mem_zalloc(model->n, sizeof *ret->at), .n = model->n};
	bool *seen = vd_mem_zalloc(n, sizeof *seen);
	assert_true(ret->at != NULL && seen != NULL);
	for (size_t i = 0; i < model->n; i++) {
		const struct finding *from = model->findings[i];
		struct world_finding *to = &ret->at[i];
		to->corr = from->corr;
		to->t = from->t;
		for (size_t g = 0; g < from->group.n; g++) {
			size_t used = strlen(to->group);
			(void)snprintf(to->group + used, sizeof to->group - used, "%s%s", g == 0 ? "" : "|",
				from->group.at[g]);
		}
		memset(seen, 0, n * sizeof *seen);
		mark_events(&from->window, events, seen);
		for (size_t k = 0; k < n; k++)
			to->count += seen[k];
	}
	vd_mem_free(seen);
	world_sort(ret);
}

void
naive_run(const struct world *world, const struct world_event *events, size_t n, struct world_findings *ret)
{
	struct model model = {.world = world};
	for (size_t c = 0; c < world->load.n_corrs; c++) {
		struct inputs inputs = {0};
		collect_inputs(&model, c, events, n, &inputs);
		run_correlation(&model, c, &inputs);
		vd_mem_free(inputs.at);
	}
	report(&model, events, n, ret);
	for (size_t i = 0; i < model.n; i++) {
		vd_mem_free(model.findings[i]->window.at);
		vd_mem_free(model.findings[i]);
	}
	vd_mem_free(model.findings);
}
