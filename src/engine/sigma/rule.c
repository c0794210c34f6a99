#include "engine/sigma/rule.h"

#include <nettle/sha2.h>
#include <stdarg.h>
#include <stdio.h>

/* The first mark of a kind stays: what comes after it is often its consequence. */
static void
mark(struct vd_rule *rule, struct vd_arena *arena, enum vd_verdict_kind kind, struct vd_pos pos,
	const char *code, const char *fmt, va_list args)
{
	if (rule->verdict >= kind)
		return;
	char words[VD_ERR_TEXT_MAX];
	int n = vsnprintf(words, sizeof words, fmt, args);
	struct vd_str text = {words, n < 0 ? 0 : VD_MIN((size_t)n, sizeof words - 1)};
	rule->verdict = kind;
	rule->verdict_pos = pos.line == 0 ? rule->pos : pos;
	rule->code = vd_str_from(code);
	if (!vd_arena_str(arena, text, &rule->message))
		rule->message = VD_S("no memory was left for the words that belong to this code");
}

void
vd_rule_degrade(struct vd_rule *rule, struct vd_arena *arena, struct vd_pos pos, const char *code,
	const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	mark(rule, arena, VD_DEGRADED, pos, code, fmt, args);
	va_end(args);
}

void
vd_rule_reject(struct vd_rule *rule, struct vd_arena *arena, struct vd_pos pos, const char *code,
	const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	mark(rule, arena, VD_REJECTED, pos, code, fmt, args);
	va_end(args);
}

static const char *const level_names[] = {
	[VD_LEVEL_NONE] = "",
	[VD_LEVEL_INFORMATIONAL] = "informational",
	[VD_LEVEL_LOW] = "low",
	[VD_LEVEL_MEDIUM] = "medium",
	[VD_LEVEL_HIGH] = "high",
	[VD_LEVEL_CRITICAL] = "critical",
};

void
vd_rule_hash(struct vd_str text, uint8_t ret[VD_RULE_HASH_LEN])
{
	struct sha256_ctx sha;
	sha256_init(&sha);
	sha256_update(&sha, text.len, (const uint8_t *)(text.at == NULL ? "" : text.at));
	sha256_digest(&sha, VD_RULE_HASH_LEN, ret);
}

void
vd_rule_revise(struct vd_rule *rule, const uint8_t by[VD_RULE_HASH_LEN])
{
	struct sha256_ctx sha;
	sha256_init(&sha);
	sha256_update(&sha, sizeof rule->hash, rule->hash);
	sha256_update(&sha, VD_RULE_HASH_LEN, by);
	sha256_digest(&sha, sizeof rule->hash, rule->hash);
}

const char *
vd_level_name(enum vd_level level)
{
	return (size_t)level < VD_ARRAY_LEN(level_names) ? level_names[level] : "";
}

bool
vd_level_parse(struct vd_str text, enum vd_level *ret)
{
	for (size_t i = VD_LEVEL_INFORMATIONAL; i < VD_ARRAY_LEN(level_names); i++)
		if (vd_str_ieq(text, vd_str_from(level_names[i]))) {
			*ret = (enum vd_level)i;
			return true;
		}
	return false;
}

const char *
vd_corr_type_name(enum vd_corr_type type)
{
	static const char *const names[] = {
		[VD_CORR_EVENT_COUNT] = "event_count",
		[VD_CORR_VALUE_COUNT] = "value_count",
		[VD_CORR_TEMPORAL] = "temporal",
		[VD_CORR_TEMPORAL_ORDERED] = "temporal_ordered",
		[VD_CORR_VALUE_SUM] = "value_sum",
		[VD_CORR_VALUE_AVG] = "value_avg",
		[VD_CORR_VALUE_PERCENTILE] = "value_percentile",
		[VD_CORR_VALUE_MEDIAN] = "value_median",
	};
	return (size_t)type < VD_ARRAY_LEN(names) ? names[type] : "unknown";
}
