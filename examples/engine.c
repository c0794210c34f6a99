/* engine RULE.yml < events.ndjson : prints the title of the rule beside each line that matches it.
 * cc engine.c $(pkg-config --cflags --libs vedette) */
#include <stdio.h>
#include <string.h>

#include <vedette/engine.h>

static char rule[1 << 16], line[(1 << 20) + VD_INPUT_PADDING];

int
main(int argc, char **argv)
{
	FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;
	if (f == NULL) {
		fputs("usage: engine RULE.yml < events.ndjson\n", stderr);
		return 2;
	}
	struct vd_text text = {
		.name = {argv[1], strlen(argv[1])}, .text = {rule, fread(rule, 1, sizeof rule, f)}};
	fclose(f);

	struct vd_err err = {0};
	struct vd_ruleset *set = NULL;
	struct vd_matcher *matcher = NULL;
	if (vd_ruleset_new(&(struct vd_ruleset_input){.rules = &text, .n_rules = 1}, &set, &err) != VD_OK ||
		vd_matcher_new(set, &matcher, &err) != VD_OK) {
		fprintf(stderr, "engine: %s\n", err.text);
		vd_ruleset_unref(set);
		return 2;
	}
	for (size_t i = 0; i < vd_ruleset_verdicts(set); i++) {
		struct vd_verdict_view v = vd_ruleset_verdict(set, i);
		if (v.verdict == VD_RULE_REJECTED)
			fprintf(stderr, "%s:%u: %.*s\n", argv[1], v.line, (int)v.message.len, v.message.at);
	}
	int found = 0;
	for (uint64_t n = 1; fgets(line, 1 << 20, stdin) != NULL; n++) {
		struct vd_match_result result;
		struct vd_str event = {line, strcspn(line, "\n")};
		if (vd_matcher_event(matcher, event, &result, &err) != VD_OK)
			fprintf(stderr, "line %llu: %s\n", (unsigned long long)n, err.text);
		else
			for (size_t i = 0; i < result.n; i++, found = 1) {
				struct vd_str title = vd_ruleset_rule(set, result.rules[i]).title;
				printf("%llu\t%.*s\n", (unsigned long long)n, (int)title.len, title.at);
			}
	}
	vd_matcher_free(matcher);
	vd_ruleset_unref(set);
	return found;
}
