#include "main/rules/pick.h"

#include "base/str.h"

#define LIST_MAX 200u /* bytes; of a longer list of rules the rest is only counted */

/* ---- lists of rules in a message ---- */

static struct vd_str
key_of(const struct vd_rule_view *rule)
{
	return rule->id.len > 0 ? rule->id : rule->name.len > 0 ? rule->name : rule->title;
}

/* One of n rules; false: there is no room for it, the rest was counted. */
static bool
list_rule(struct vd_buf *to, const struct vd_rule_view *rule, size_t i, size_t n)
{
	struct vd_str key = key_of(rule);
	if (to->len > LIST_MAX) {
		vd_buf_printf(to, " and %zu more", n - i);
		return false;
	}
	vd_buf_text(to, i > 0 ? ", " : "");
	vd_buf_str(to, key);
	if (!vd_str_eq(key, rule->title))
		vd_buf_printf(to, " '%.*s'", (int)rule->title.len, rule->title.at);
	vd_buf_text(to, rule->correlation ? " (a correlation too)" : "");
	return true;
}

static enum vd_status
say_several(const struct vd_ruleset *set, size_t n, struct vd_err *err)
{
	VD_AUTO_FINI(vd_buf) list;
	vd_buf_init(&list, 0);
	for (size_t i = 0; i < n; i++) {
		struct vd_rule_view rule = vd_ruleset_rule(set, i);
		if (!list_rule(&list, &rule, i, n))
			break;
	}
	return vd_fail(err, VD_EINPUT,
		"the file holds %zu rules; write FILE:ID or FILE:TITLE of one of them: %s", n,
		list.failed ? "" : list.at);
}

static enum vd_status
say_correlation(const struct vd_ruleset *set, size_t correlation, const char *wanted, struct vd_err *err)
{
	VD_AUTO_FINI(vd_buf) list;
	vd_buf_init(&list, 0);
	size_t n;
	const size_t *refers = vd_ruleset_rule_refers(set, correlation, &n);
	for (size_t i = 0; i < n; i++) {
		struct vd_rule_view rule = vd_ruleset_rule(set, refers[i]);
		if (!list_rule(&list, &rule, i, n))
			break;
	}
	return vd_fail(err, VD_EINPUT,
		"'%s' is a correlation, and only rules on single events can be explained; explain what it "
		"refers "
		"to: %s",
		wanted, list.failed || n == 0 ? "" : list.at);
}

/* ---- what is no rule on single events ---- */

static enum vd_status
say_rejected(const struct vd_verdict_view *v, struct vd_err *err)
{
	return vd_fail(err, VD_EINPUT, "%.*s:%u:%u: rejected (%.*s): %.*s",
		(int)VD_MIN(v->file.len, (size_t)200), v->file.at, v->line, v->column, (int)v->code.len,
		v->code.at, (int)VD_MIN(v->message.len, (size_t)200), v->message.at);
}

static enum vd_status
say_none(const struct vd_ruleset *set, struct vd_err *err)
{
	for (size_t i = 0; i < vd_ruleset_verdicts(set); i++) {
		struct vd_verdict_view v = vd_ruleset_verdict(set, i);
		if (v.verdict == VD_RULE_REJECTED)
			return say_rejected(&v, err);
	}
	return vd_fail(err, VD_ENOTFOUND,
		"there is no rule of its own in it, only correlations or filters; explain those they refer "
		"to");
}

/* wanted names no rule and no correlation of the set: filters and what was rejected have a verdict only. */
static enum vd_status
say_unknown(const struct vd_ruleset *set, const char *wanted, struct vd_err *err)
{
	struct vd_str w = vd_str_from(wanted);
	for (size_t i = 0; i < vd_ruleset_verdicts(set); i++) {
		struct vd_verdict_view v = vd_ruleset_verdict(set, i);
		if (!vd_str_ieq(v.rule_id, w) && !vd_str_eq(v.title, w))
			continue;
		if (v.verdict == VD_RULE_REJECTED)
			return say_rejected(&v, err);
		return vd_fail(err, VD_EINPUT,
			"'%s' is a filter, and only rules on single events can be explained; explain a rule "
			"it is for",
			wanted);
	}
	if (vd_ruleset_single_rules(set) == 0)
		return say_none(set, err);
	return vd_fail(err, VD_ENOTFOUND,
		"no rule has the id, name or title '%s'; 'vedette rules check' lists them", wanted);
}

enum vd_status
vd_rule_pick(const struct vd_ruleset *set, const char *wanted, uint32_t *ret, struct vd_err *err)
{
	size_t n = vd_ruleset_single_rules(set);
	if (wanted == NULL && n > 1)
		return say_several(set, n, err);
	if (wanted == NULL && n == 0)
		return say_none(set, err);
	for (size_t i = 0; i < vd_ruleset_rules(set); i++) {
		struct vd_rule_view rule = vd_ruleset_rule(set, i);
		struct vd_str w = vd_str_from(wanted == NULL ? "" : wanted);
		if (wanted != NULL && !vd_str_ieq(rule.id, w) && !vd_str_eq(rule.name, w) &&
			!vd_str_eq(rule.title, w))
			continue;
		if (rule.correlation)
			return say_correlation(set, i, wanted, err);
		*ret = (uint32_t)i;
		return VD_OK;
	}
	return say_unknown(set, wanted, err);
}
