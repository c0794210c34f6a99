/* engine RULE.yml < events.ndjson : prints the number of each line that a rule matches, and the rule's title.
 * cc engine.c $(pkg-config --cflags --libs vedette) */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <vedette/engine.h>
#define TEXT(s) (int)(s).len, (s).at
static char rule[1 << 20], line[sizeof rule + VD_INPUT_PADDING]; /* each for less than 1 MiB */

int
main(int argc, char **argv)
{
	FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;
	size_t len = f == NULL ? 0 : fread(rule, 1, sizeof rule, f);
	if (f == NULL || ferror(f) || len == sizeof rule)
		errx(2, "usage: engine RULE.yml < events.ndjson, with a file below 1 MiB that can be read");
	struct vd_ruleset_input input = {.rules = &(struct vd_text){.text = {rule, len}}, .n_rules = 1};
	struct vd_ruleset *set;
	struct vd_matcher *matcher;
	struct vd_err why = {0};
	if (vd_ruleset_new(&input, &set, &why) != VD_OK || vd_matcher_new(set, &matcher, &why) != VD_OK)
		errx(2, "%s", why.text);
	for (size_t i = 0; i < vd_ruleset_verdicts(set); i++)
		if (vd_ruleset_verdict(set, i).verdict == VD_RULE_REJECTED)
			warnx("%s:%u: %.*s", argv[1], vd_ruleset_verdict(set, i).line,
				TEXT(vd_ruleset_verdict(set, i).message));
	int found = 0;
	for (unsigned long n = 1; fgets(line, sizeof rule, stdin) != NULL; n++) {
		struct vd_match_result result = {0};
		if (strlen(line) == sizeof rule - 1)
			errx(2, "line %lu: an event of 1 MiB or more", n);
		if (vd_matcher_event(matcher, (struct vd_str){line, strlen(line)}, &result, &why) != VD_OK)
			warnx("line %lu: %s", n, why.text);
		for (size_t i = 0; i < result.n; i++, found = 1)
			printf("%lu\t%.*s\n", n, TEXT(vd_ruleset_rule(set, result.rules[i]).title));
	}
	vd_matcher_free(matcher);
	vd_ruleset_unref(set);
	return found;
}
