/*
 * Rules and one event out of any bytes, divided by a NUL: what loads is matched, and what the compiled set says is
 * what the plain evaluation of each rule says.
 */
#include "vedette/engine.h"

#include <stdlib.h>

#include "base/status.h"
#include "base/str.h"

#define RULES_MAX 2048u /* more are no other rules, only slower ones */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check(struct vd_matcher *matcher, size_t n_rules, struct vd_match_result result)
{
	struct vd_err err = VD_ERR_INIT;
	size_t at = 0, n;
	const struct vd_evidence *list;
	for (uint32_t rule = 0; rule < n_rules; rule++) {
		bool holds, routed, matched = at < result.n && result.rules[at] == rule;
		must(vd_matcher_explain(matcher, rule, &n, &list, &holds, &routed, &err) == VD_OK);
		must(holds == matched && routed);
		must(vd_matcher_evidence(matcher, rule, &n, &list, &err) == VD_OK);
		at += matched;
	}
	must(at == result.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const uint8_t *mark = n == 0 ? NULL : memchr(bytes, 0, n);
	size_t n_rules = mark == NULL ? n : (size_t)(mark - bytes);
	if (mark == NULL || n_rules > RULES_MAX)
		return 0;
	struct vd_text rules = {VD_S("rules.yml"), {(const char *)bytes, n_rules}};
	struct vd_ruleset_input input = {.rules = &rules, .n_rules = 1, .no_routing = true};
	struct vd_ruleset *set = NULL;
	struct vd_matcher *matcher = NULL;
	struct vd_match_result result;
	struct vd_err err = VD_ERR_INIT;
	size_t len = n - n_rules - 1;
	char *event =
		calloc(1, len + VD_INPUT_PADDING); /* of exact size: the sanitizer sees any step beyond */
	must(event != NULL);
	memcpy(event, mark + 1, len);
	must(vd_ruleset_new(&input, &set, &err) == VD_OK);
	must(vd_matcher_new(set, &matcher, &err) == VD_OK);
	if (vd_matcher_event(matcher, (struct vd_str){event, len}, &result, &err) == VD_OK)
		check(matcher, vd_ruleset_single_rules(set), result);
	vd_matcher_free(matcher);
	vd_ruleset_unref(set);
	free(event);
	return 0;
}
