#include "main/commands.h"

#include "main/level.h"
#include "main/rows.h"

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

/* ---- options that several commands share ---- */

#define HELP                                                                                                 \
	{                                                                                                    \
		VD_O_HELP, "help", 'h', VD_OPT_FLAG, VD_WORD_NONE, NULL, NULL, "show this text"              \
	}
#define RULES                                                                                                \
	{                                                                                                    \
		VD_O_RULES, "rules", 'r', VD_OPT_LIST, VD_WORD_FILE, "PATH…", NULL,                          \
			"rule files, or folders searched recursively for *.yml and *.yaml"                   \
	}
#define PIPELINE                                                                                             \
	{                                                                                                    \
		VD_O_PIPELINE, "pipeline", 'p', VD_OPT_LIST, VD_WORD_FILE, "FILE…", NULL,                    \
			"field-mapping pipelines in pySigma's YAML format, applied by priority, then in "    \
			"this order"                                                                         \
	}
#define VALUES                                                                                               \
	{                                                                                                    \
		VD_O_VALUES, "values", 0, VD_OPT_LIST, VD_WORD_FILE, "FILE…", NULL,                          \
			"YAML files that give the values of |expand placeholders, name: [values]"            \
	}
#define NO_ROUTING                                                                                           \
	{                                                                                                    \
		VD_O_NO_ROUTING, "no-routing", 0, VD_OPT_FLAG, VD_WORD_NONE, NULL, NULL,                     \
			"let every rule see every event, whatever its log source"                            \
	}
#define NO_CACHE                                                                                             \
	{                                                                                                    \
		VD_O_NO_CACHE, "no-cache", 0, VD_OPT_FLAG, VD_WORD_NONE, NULL, NULL,                         \
			"neither read nor write compiled rules in the cache folder"                          \
	}
#define FORMAT                                                                                               \
	{                                                                                                    \
		VD_O_FORMAT, "format", 'o', VD_OPT_VALUE, VD_WORD_CHOICE, "FORMAT", vd_format_choices,       \
			"table, ndjson, json or csv; a table on a terminal, ndjson otherwise"                \
	}
#define QUIET(what)                                                                                          \
	{                                                                                                    \
		VD_O_QUIET, "quiet", 'q', VD_OPT_FLAG, VD_WORD_NONE, NULL, NULL, what                        \
	}

static const struct vd_option detect_options[] = {
	RULES,
	PIPELINE,
	VALUES,
	{VD_O_FORMAT, "format", 'o', VD_OPT_VALUE, VD_WORD_CHOICE, "FORMAT", vd_format_choices_ocsf,
		"table, ndjson, json, csv or ocsf; a table on a terminal, ndjson otherwise"},
	{VD_O_MIN_LEVEL, "min-level", 'l', VD_OPT_VALUE, VD_WORD_CHOICE, "LEVEL", vd_level_choices,
		"report nothing below this level; rules without a level count as informational"},
	{VD_O_SINCE, "since", 0, VD_OPT_VALUE, VD_WORD_TEXT, "TIME", NULL,
		"leave out events before this time; events without a time are kept"},
	{VD_O_UNTIL, "until", 0, VD_OPT_VALUE, VD_WORD_TEXT, "TIME", NULL,
		"leave out events at or after this time; events without a time are kept"},
	{VD_O_THREADS, "threads", 'j', VD_OPT_VALUE, VD_WORD_TEXT, "N", NULL,
		"match with N threads, 1 to 256; as many as there are processors unless given"},
	{VD_O_HOLD, "hold", 0, VD_OPT_VALUE, VD_WORD_TEXT, "MIB", NULL,
		"keep so much of what waits for correlation in memory, 64 unless given; the rest goes to "
		"$TMPDIR"},
	{VD_O_CORRELATION_GROUPS, "correlation-groups", 0, VD_OPT_VALUE, VD_WORD_TEXT, "N", NULL,
		"remember so many groups of a correlation rule, 100000 unless given; the one idle longest "
		"goes"},
	{VD_O_CORRELATION_EVENTS, "correlation-events", 0, VD_OPT_VALUE, VD_WORD_TEXT, "N", NULL,
		"remember so many events of a group, 100000 unless given; the oldest goes"},
	{VD_O_CORRELATION_MEMORY, "correlation-memory", 0, VD_OPT_VALUE, VD_WORD_TEXT, "MIB", NULL,
		"memory for what all correlations remember, 256 unless given, half of it for groups"},
	NO_ROUTING,
	{VD_O_STRICT, "strict", 0, VD_OPT_FLAG, VD_WORD_NONE, NULL, NULL,
		"end with exit code 2 if any input was bad or a limit was reached, after the whole run"},
	NO_CACHE,
	QUIET("no progress bar, no summary"),
	HELP,
};

static const struct vd_option check_options[] = {
	PIPELINE, VALUES, FORMAT, NO_CACHE, QUIET("no summary"), HELP};

static const struct vd_option coverage_options[] = {
	{VD_O_EVENTS, "events", 'e', VD_OPT_LIST, VD_WORD_FILE, "PATH…", NULL,
		"event files or folders; --events=- for standard input"},
	RULES, PIPELINE, VALUES, FORMAT, NO_ROUTING, NO_CACHE, QUIET("no summary"), HELP};

static const struct vd_option explain_options[] = {
	RULES, PIPELINE, VALUES, FORMAT, NO_ROUTING, NO_CACHE, QUIET("only the rows"), HELP};

static const struct vd_option test_options[] = {
	PIPELINE, VALUES, FORMAT, NO_ROUTING, QUIET("print only failures, no summary"), HELP};

static const struct vd_option help_only[] = {HELP};

#define OPTIONS(table) table, VD_ARRAY_LEN(table)
#define ANY_NUMBER SIZE_MAX

const struct vd_command vd_commands[] = {
	{"detect", "find threats in event files", "PATH…", VD_WORD_FILE, NULL, 1, ANY_NUMBER,
		OPTIONS(detect_options),
		"PATH is a file, a folder (searched recursively) or - for standard input: NDJSON, a JSON "
		"array,\n"
		"pretty-printed JSON, .evtx; plain, gzip or zstd. The content tells, not the name.\n"
		"\n"
		"TIME is RFC 3339 (2026-01-05T03:59:00Z; no zone means UTC), a date, epoch seconds, or a "
		"span back\n"
		"from now such as 90m, 24h or 7d.\n"
		"\n"
		"An option with … takes every word up to the next option: write the event paths first, or "
		"after --.\n"
		"\n"
		"Exit code: 0 nothing found, 1 findings, 2 usage or error.\n"
		"\n"
		"Examples:\n"
		"  vedette detect logs/ --rules rules/\n"
		"  vedette detect Security.evtx --rules sigma/rules --min-level high -o ndjson\n"
		"  zcat events.gz | vedette detect --rules rules/ -- -\n"},
	{"rules check", "say of every rule whether it loads, and why not", "PATH…", VD_WORD_FILE, NULL, 1,
		ANY_NUMBER, OPTIONS(check_options),
		"A row a rule: file, line, column, rule_id, title, verdict (loaded, degraded, rejected), "
		"code, message.\n"
		"docs/verdicts.md explains the codes.\n"
		"\n"
		"Exit code: 0 no rule rejected, 1 some rejected, 2 usage or error.\n"},
	{"rules coverage", "name fields and rules that the given events can never serve", "", VD_WORD_NONE,
		NULL, 0, 0, OPTIONS(coverage_options),
		"A row a field that rules use and no event has (kind field), and a row a rule that no event "
		"could reach\n"
		"(kind rule): no event of its log source, or none there with any of its fields.\n"
		"\n"
		"Exit code: 0 everything is covered, 1 gaps, 2 usage or error.\n"
		"\n"
		"Example:\n"
		"  vedette rules coverage --events logs/ --rules rules/\n"},
	{"rules explain", "show predicate by predicate why a rule matches an event or not", "RULE EVENT",
		VD_WORD_FILE, NULL, 2, 2, OPTIONS(explain_options),
		"RULE is a rule file (FILE, FILE:ID or FILE:TITLE), or an id, name or title out of --rules.\n"
		"It must be about single events: of a correlation, explain the rules it refers to.\n"
		"EVENT is an event file (the first event), FILE:LINE (record id of an .evtx, element of a "
		"JSON array),\n"
		"or - for standard input.\n"
		"\n"
		"Exit code: 0 the rule does not match, 1 it matches, 2 usage or error.\n"
		"\n"
		"Example:\n"
		"  vedette rules explain rules/proc_mimikatz.yml events.jsonl:17\n"},
	{"rules test", "run rules against events that must and must not match", "DIR…", VD_WORD_FOLDER, NULL,
		1, ANY_NUMBER, OPTIONS(test_options),
		"DIR holds rule.yml, match.jsonl and nomatch.jsonl, or folders that do. Every event of "
		"match.jsonl must\n"
		"match; a correlation must fire at least once over all of them; no event of nomatch.jsonl "
		"may match.\n"
		"\n"
		"Exit code: 0 all cases hold, 1 some fail, 2 usage or error.\n"},
	{"completion", "print completion for a shell", "SHELL", VD_WORD_CHOICE, shells, 1, 1,
		OPTIONS(help_only),
		"SHELL is bash, zsh or fish.\n"
		"\n"
		"Examples:\n"
		"  source <(vedette completion bash)\n"
		"  vedette completion zsh > ~/.zfunc/_vedette\n"
		"  vedette completion fish > ~/.config/fish/completions/vedette.fish\n"},
	{"version", "print the version", "", VD_WORD_NONE, NULL, 0, 0, OPTIONS(help_only), ""},
	{"help", "show help of a command", "[COMMAND…]", VD_WORD_COMMAND, NULL, 0, 2, OPTIONS(help_only), ""},
};

size_t
vd_commands_count(void)
{
	return VD_ARRAY_LEN(vd_commands);
}

/* ---- finding ---- */

static enum vd_status
unknown_command(const char *word, struct vd_err *err)
{
	char words[VD_ARRAY_LEN(vd_commands)][16] = {0};
	const char *choices[VD_ARRAY_LEN(vd_commands) + 1] = {NULL};
	for (size_t i = 0; i < VD_ARRAY_LEN(vd_commands); i++) {
		size_t n = strcspn(vd_commands[i].name, " ");
		memcpy(words[i], vd_commands[i].name, VD_MIN(n, sizeof words[i] - 1));
		choices[i] = words[i];
	}
	const char *near = vd_args_nearest_of(word, choices);
	if (near != NULL)
		return vd_fail(err, VD_EINPUT, "unknown command '%s'; did you mean '%s'?", word, near);
	return vd_fail(err, VD_EINPUT, "unknown command '%s'; 'vedette --help' lists them", word);
}

/* word is the first of two: says which second words there are. */
static enum vd_status
needs_second(const char *word, const char *second, struct vd_err *err)
{
	struct vd_buf list;
	vd_buf_init(&list, 0);
	size_t n = strlen(word);
	for (size_t i = 0; i < VD_ARRAY_LEN(vd_commands); i++)
		if (strncmp(vd_commands[i].name, word, n) == 0 && vd_commands[i].name[n] == ' ')
			vd_buf_printf(&list, "%s%s", list.len > 0 ? ", " : "", vd_commands[i].name + n + 1);
	enum vd_status st =
		second == NULL ? vd_fail(err, VD_EINPUT, "'%s' needs a second word: %s", word,
					 list.failed ? "" : list.at)
			       : vd_fail(err, VD_EINPUT, "'%s %s' is no command; after '%s' comes one of %s",
					 word, second, word, list.failed ? "" : list.at);
	vd_buf_fini(&list);
	return st;
}

bool
vd_command_is_group(const char *word)
{
	size_t n = strlen(word);
	for (size_t i = 0; i < VD_ARRAY_LEN(vd_commands); i++)
		if (strncmp(vd_commands[i].name, word, n) == 0 && vd_commands[i].name[n] == ' ')
			return true;
	return false;
}

const struct vd_command *
vd_command_find(int argc, const char *const argv[], int *ret_words, struct vd_err *err)
{
	if (argc < 1)
		return NULL;
	for (size_t i = 0; i < VD_ARRAY_LEN(vd_commands); i++) {
		const char *name = vd_commands[i].name;
		const char *space = strchr(name, ' ');
		if (space == NULL ? strcmp(name, argv[0]) != 0
				  : argc < 2 ||
					    !vd_str_is(
						    (struct vd_str){name, (size_t)(space - name)}, argv[0]) ||
					    strcmp(space + 1, argv[1]) != 0)
			continue;
		*ret_words = space == NULL ? 1 : 2;
		return &vd_commands[i];
	}
	if (vd_command_is_group(argv[0]))
		(void)needs_second(argv[0], argc > 1 && argv[1][0] != '-' ? argv[1] : NULL, err);
	else
		(void)unknown_command(argv[0], err);
	return NULL;
}
