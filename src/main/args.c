#include "main/args.h"

#include "base/mem.h"

#define WORD_MAX 64u        /* longer words get no suggestion */
#define SPAN_MAX 100000000u /* units: even as weeks it fits */

/* ---- suggestions ---- */

/* Optimal string alignment: insert, delete, replace, swap of neighbours; each costs 1. */
static size_t
distance(const char *a, const char *b)
{
	size_t an = strlen(a), bn = strlen(b);
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];
	if (an > WORD_MAX || bn > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= bn; j++)
		last[j] = j;
	for (size_t i = 1; i <= an; i++) {
		now[0] = i;
		for (size_t j = 1; j <= bn; j++) {
			size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
			best = VD_MIN(best, VD_MIN(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = VD_MIN(best, before[j - 2] + 1);
			now[j] = best;
		}
		size_t *spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[bn];
}

const char *
vd_args_nearest(const char *word, const char *(*next)(const void *owner, size_t i), const void *owner)
{
	const char *best = NULL;
	size_t best_distance = VD_MIN(strlen(word) / 3 + 1, (size_t)3) + 1;
	const char *candidate;
	for (size_t i = 0; (candidate = next(owner, i)) != NULL; i++) {
		size_t d = distance(word, candidate);
		if (d < best_distance) {
			best_distance = d;
			best = candidate;
		}
	}
	return best;
}

static const char *
next_choice(const void *owner, size_t i)
{
	return ((const char *const *)owner)[i];
}

const char *
vd_args_nearest_of(const char *word, const char *const *choices)
{
	return vd_args_nearest(word, next_choice, choices);
}

static const char *
next_option(const void *owner, size_t i)
{
	const struct vd_command *command = owner;
	return i < command->n_options ? command->options[i].name : NULL;
}

/* ---- parsing ---- */

struct parse {
	const struct vd_command *command;
	int argc;
	const char *const *argv;
	int at;             /* next word */
	bool only_operands; /* after "--" */
	/* given words in order of the line: at most argc, and one a flag */
	size_t n;
	size_t *owners; /* option index, n_options for operands */
	const char **words;
	bool *flags; /* per option: given */
};

static void
put(struct parse *p, size_t owner, const char *word)
{
	p->owners[p->n] = owner;
	p->words[p->n] = word;
	p->n++;
}

static enum vd_status
unknown(const struct parse *p, const char *name, struct vd_err *err)
{
	const char *near = vd_args_nearest(name, next_option, p->command);
	if (near != NULL)
		return vd_fail(err, VD_EINPUT, "unknown option --%s; did you mean --%s?", name, near);
	return vd_fail(err, VD_EINPUT, "unknown option --%s; 'vedette %s --help' lists them", name,
		p->command->name);
}

static enum vd_status
check_choice(const struct vd_option *option, const char *word, struct vd_err *err)
{
	if (option->choices == NULL)
		return VD_OK;
	char list[256];
	size_t len = 0;
	for (size_t i = 0; option->choices[i] != NULL; i++) {
		const char *choice = option->choices[i];
		if (strcmp(choice, word) == 0)
			return VD_OK;
		size_t n = strlen(choice);
		if (len + n + 3 > sizeof list)
			break;
		memcpy(list + len, i > 0 ? ", " : "", i > 0 ? 2 : 0);
		len += i > 0 ? 2 : 0;
		memcpy(list + len, choice, n);
		len += n;
	}
	list[len] = '\0';
	const char *near = vd_args_nearest_of(word, option->choices);
	if (near != NULL)
		return vd_fail(err, VD_EINPUT, "--%s: '%s' is none of %s; did you mean %s?", option->name,
			word, list, near);
	return vd_fail(err, VD_EINPUT, "--%s: '%s' is none of %s", option->name, word, list);
}

static bool
is_word(const struct parse *p)
{
	return p->at < p->argc && p->argv[p->at][0] != '-';
}

/* Takes the words of option i; value: what stood after '=' or behind a short letter, or NULL. */
static enum vd_status
take_option(struct parse *p, size_t i, const char *value, struct vd_err *err)
{
	const struct vd_option *option = &p->command->options[i];
	p->flags[i] = true;
	if (option->kind == VD_OPT_FLAG) {
		if (value != NULL)
			return vd_fail(err, VD_EINPUT, "--%s takes no value", option->name);
		return VD_OK;
	}
	if (value != NULL) {
		put(p, i, value);
		return check_choice(option, value, err);
	}
	if (option->kind == VD_OPT_VALUE && p->at < p->argc && strcmp(p->argv[p->at], "-") == 0) {
		put(p, i, p->argv[p->at++]);
		return VD_OK;
	}
	if (!is_word(p))
		return vd_fail(err, VD_EINPUT,
			"--%s needs %s%s; write --%s=… where the value begins with '-'", option->name,
			option->value, option->kind == VD_OPT_LIST ? " (one or more)" : "", option->name);
	do {
		const char *word = p->argv[p->at++];
		enum vd_status st = check_choice(option, word, err);
		if (st != VD_OK)
			return st;
		put(p, i, word);
	} while (option->kind == VD_OPT_LIST && is_word(p));
	return VD_OK;
}

static enum vd_status
take_long(struct parse *p, const char *word, struct vd_err *err)
{
	const char *name = word + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals == NULL ? strlen(name) : (size_t)(equals - name);
	for (size_t i = 0; i < p->command->n_options; i++)
		if (vd_str_is((struct vd_str){name, len}, p->command->options[i].name))
			return take_option(p, i, equals == NULL ? NULL : equals + 1, err);
	char shown[WORD_MAX + 1] = {0};
	memcpy(shown, name, VD_MIN(len, sizeof shown - 1));
	return unknown(p, shown, err);
}

/* "-o json", "-ojson", "-qo json": letters without values may stand together. */
static enum vd_status
take_short(struct parse *p, const char *word, struct vd_err *err)
{
	for (const char *c = word + 1; *c != '\0'; c++) {
		size_t i = 0;
		while (i < p->command->n_options && p->command->options[i].letter != *c)
			i++;
		if (i == p->command->n_options)
			return vd_fail(err, VD_EINPUT, "unknown option '%s'; 'vedette %s --help' lists them",
				word, p->command->name);
		bool flag = p->command->options[i].kind == VD_OPT_FLAG;
		enum vd_status st = take_option(p, i, flag || c[1] == '\0' ? NULL : c + 1, err);
		if (st != VD_OK || !flag)
			return st;
	}
	return VD_OK;
}

static enum vd_status
take_all(struct parse *p, struct vd_err *err)
{
	while (p->at < p->argc) {
		const char *word = p->argv[p->at++];
		enum vd_status st = VD_OK;
		if (p->only_operands || word[0] != '-' || word[1] == '\0')
			put(p, p->command->n_options, word);
		else if (strcmp(word, "--") == 0)
			p->only_operands = true;
		else if (word[1] == '-')
			st = take_long(p, word, err);
		else
			st = take_short(p, word, err);
		if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

/* The words again, those of one option side by side. */
static void
group(const struct parse *p, struct vd_args *args)
{
	size_t at = 0;
	for (size_t g = 0; g <= p->command->n_options; g++) {
		args->groups[g].first = at;
		args->groups[g].given = g < p->command->n_options && p->flags[g];
		for (size_t i = 0; i < p->n; i++)
			if (p->owners[i] == g)
				args->words[at++] = p->words[i];
		args->groups[g].n = at - args->groups[g].first;
	}
}

enum vd_status
vd_args_parse(const struct vd_command *command, int argc, const char *const argv[], struct vd_args *ret,
	struct vd_err *err)
{
	size_t room = (size_t)argc + 1, n_groups = command->n_options + 1;
	struct parse p = {.command = command, .argc = argc, .argv = argv};
	struct vd_args args = {.command = command};
	p.owners = vd_mem_zalloc(room, sizeof *p.owners);
	p.words = vd_mem_zalloc(room, sizeof *p.words);
	p.flags = vd_mem_zalloc(n_groups, sizeof *p.flags);
	args.words = vd_mem_zalloc(room, sizeof *args.words);
	args.groups = vd_mem_zalloc(n_groups, sizeof *args.groups);
	enum vd_status st = VD_OK;
	if (p.owners == NULL || p.words == NULL || p.flags == NULL || args.words == NULL ||
		args.groups == NULL)
		st = vd_fail(err, VD_ENOMEM, "no memory for the command line");
	if (st == VD_OK)
		st = take_all(&p, err);
	if (st == VD_OK)
		group(&p, &args);
	vd_mem_free(p.owners);
	vd_mem_free(p.words);
	vd_mem_free(p.flags);
	if (st != VD_OK) {
		vd_args_fini(&args);
		return st;
	}
	*ret = args;
	return VD_OK;
}

void
vd_args_fini(struct vd_args *args)
{
	vd_mem_free(args->words);
	vd_mem_free(args->groups);
	*args = (struct vd_args){.command = args->command};
}

/* ---- reading ---- */

static const struct vd_args_group *
find(const struct vd_args *args, int id)
{
	for (size_t i = 0; i < args->command->n_options; i++)
		if (args->command->options[i].id == id)
			return &args->groups[i];
	return NULL;
}

bool
vd_args_given(const struct vd_args *args, int id)
{
	const struct vd_args_group *g = find(args, id);
	return g != NULL && g->given;
}

const char *
vd_args_value(const struct vd_args *args, int id)
{
	const struct vd_args_group *g = find(args, id);
	return g == NULL || g->n == 0 ? NULL : args->words[g->first + g->n - 1];
}

const char *const *
vd_args_list(const struct vd_args *args, int id, size_t *ret_n)
{
	const struct vd_args_group *g = find(args, id);
	*ret_n = g == NULL ? 0 : g->n;
	return g == NULL ? NULL : args->words + g->first;
}

const char *const *
vd_args_operands(const struct vd_args *args, size_t *ret_n)
{
	const struct vd_args_group *g = &args->groups[args->command->n_options];
	*ret_n = g->n;
	return args->words + g->first;
}

enum vd_status
vd_args_number(
	const char *option, const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct vd_err *err)
{
	uint64_t n = 0;
	if (!vd_str_u64(vd_str_from(text), &n) || n < min || n > max)
		return vd_fail(err, VD_EINPUT, "--%s: '%s' is no number from %llu to %llu", option, text,
			(unsigned long long)min, (unsigned long long)max);
	*ret = n;
	return VD_OK;
}

/* Milliseconds of one unit of a span; 0: none. */
static int64_t
unit_ms(char unit)
{
	switch (unit) {
	case 's':
		return 1000;
	case 'm':
		return 60 * 1000;
	case 'h':
		return 3600 * 1000;
	case 'd':
		return 24 * 3600 * (int64_t)1000;
	case 'w':
		return 7 * 24 * 3600 * (int64_t)1000;
	default:
		return 0;
	}
}

bool
vd_args_span(const char *text, int64_t *ret_ms)
{
	struct vd_str s = vd_str_from(text);
	uint64_t n;
	if (s.len < 2 || unit_ms(s.at[s.len - 1]) == 0 || !vd_str_u64((struct vd_str){s.at, s.len - 1}, &n) ||
		n > SPAN_MAX)
		return false;
	*ret_ms = (int64_t)n * unit_ms(s.at[s.len - 1]);
	return true;
}
