/*
 * A Sigma document as the engine sees it: what sigma/parse.c makes of YAML, what pipelines and filters change
 * and what compile/ reads.  sigma-specification 2.1.0; docs/sigma.md says how each open case is decided.
 *
 * Memory: everything lives in the arena of the load; documents are built by one owner and immutable once
 * compiled.  Text of values is UTF-8 as written; folding happens in compile/.
 */
#ifndef VD_ENGINE_SIGMA_RULE_H
#define VD_ENGINE_SIGMA_RULE_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"
#include "engine/sigma/verdict.h"

/* Bounds of one document; beyond them it is rejected with the code "limit". */
#define VD_RULE_MAX_ITEMS 4096u   /* detection items */
#define VD_RULE_MAX_VALUES 65536u /* values in all */
#define VD_RULE_MAX_VALUE_LEN 65536u
#define VD_RULE_MAX_EXPR_DEPTH 64u
#define VD_RULE_MAX_CONDITION 65536u /* bytes of condition text */

#define VD_RULE_HASH_LEN 16u /* first half of a SHA-256 */

/* ---- values ---- */

/* A string pattern is a list of tokens; the whole value must match.  contains = ANY … ANY. */
enum vd_token_kind {
	VD_TOK_TEXT,        /* text: plain bytes */
	VD_TOK_ANY,         /* any run of characters, also none, also newlines */
	VD_TOK_ONE,         /* exactly one code point */
	VD_TOK_DASH,        /* windash: one of - / U+2013 U+2014 U+2015 (one code point) */
	VD_TOK_PLACEHOLDER, /* text: name without % signs; none is left after placeholders were resolved */
};

struct vd_token {
	enum vd_token_kind kind;
	struct vd_str text;
};

enum vd_compare { VD_CMP_LT, VD_CMP_LTE, VD_CMP_GT, VD_CMP_GTE, VD_CMP_EQ, VD_CMP_NEQ };
enum vd_time_unit { VD_TIME_MINUTE, VD_TIME_HOUR, VD_TIME_DAY, VD_TIME_WEEK, VD_TIME_MONTH, VD_TIME_YEAR };

enum vd_atom_kind {
	VD_ATOM_PATTERN,  /* tokens, cased */
	VD_ATOM_REGEX,    /* text, re_flags: searched, case-sensitive, raw */
	VD_ATOM_CIDR,     /* address family, prefix */
	VD_ATOM_NUMBER,   /* compare (lt lte gt gte), number */
	VD_ATOM_TIME,     /* unit, compare, number: digits as written, no time-zone conversion */
	VD_ATOM_NULL,     /* absent or JSON null */
	VD_ATOM_EXISTS,   /* wanted: present (also null or empty), or absent */
	VD_ATOM_FIELDREF, /* text: other field; ref_contains/starts/ends via compare_part */
};

#define VD_RE_ICASE 1u
#define VD_RE_MULTILINE 2u
#define VD_RE_DOTALL 4u

struct vd_regex;

enum vd_part { VD_PART_WHOLE, VD_PART_CONTAINS, VD_PART_STARTS, VD_PART_ENDS };

#define VD_CIDR_V4_BITS 96u /* an IPv4 prefix counts from here in the IPv6 form */

struct vd_atom {
	enum vd_atom_kind kind;
	bool cased;              /* PATTERN: byte-exact; else Unicode simple folding on both sides */
	bool wanted;             /* EXISTS */
	uint8_t re_flags;        /* REGEX */
	enum vd_part part;       /* FIELDREF: this field's value contains/starts/ends with the other's */
	enum vd_compare compare; /* NUMBER, TIME */
	enum vd_time_unit unit;
	uint8_t addr[16]; /* CIDR: IPv6, or IPv4 as ::ffff:a.b.c.d; host bits already masked */
	uint8_t prefix; /* CIDR: 0 to 128, in the IPv6 form (IPv4 /8 is 104): below VD_CIDR_V4_BITS it is IPv6 */
	double number;
	struct vd_str text;           /* REGEX source, FIELDREF field name */
	const struct vd_regex *regex; /* REGEX, once compiled: owned by the rule set */
	size_t n_tokens;              /* PATTERN; REGEX and CIDR only until their placeholders are resolved */
	struct vd_token *tokens;
};

/* One written value; its alternatives (base64offset gives three, expand one an entry) are OR-ed. */
struct vd_value {
	struct vd_pos pos;
	struct vd_str written; /* as in the file, for evidence and messages */
	size_t n;
	struct vd_atom *atoms;
};

/* field + modifiers + list of values.  field.len == 0: keywords, matched against every value of the event. */
struct vd_item {
	struct vd_pos pos;
	struct vd_str field;   /* after pipelines; blanks stripped */
	struct vd_str written; /* key as in the file, with modifiers: "Image|endswith" */
	bool all;              /* |all: each value in some element of the field; else any value */
	bool negate;           /* |neq: NOT(any); with all: NOT(all) */
	size_t n;
	struct vd_value *values;
};

/* ---- conditions ---- */

enum vd_expr_kind { VD_EXPR_AND, VD_EXPR_OR, VD_EXPR_NOT, VD_EXPR_ITEM, VD_EXPR_NAMED };

struct vd_expr {
	enum vd_expr_kind kind;
	struct vd_pos pos;
	struct vd_str name; /* NAMED: the identifier, for explain; has one kid.  "" for pipeline additions */
	struct vd_item *item; /* ITEM */
	size_t n;             /* kids of AND, OR (>= 1), NOT and NAMED (1) */
	struct vd_expr **kids;
};

/* ---- documents ---- */

enum vd_level {
	VD_LEVEL_NONE,
	VD_LEVEL_INFORMATIONAL,
	VD_LEVEL_LOW,
	VD_LEVEL_MEDIUM,
	VD_LEVEL_HIGH,
	VD_LEVEL_CRITICAL
};

struct vd_logsource {
	struct vd_str product, category, service; /* empty: not named */
};

enum vd_corr_type {
	VD_CORR_EVENT_COUNT,
	VD_CORR_VALUE_COUNT,
	VD_CORR_TEMPORAL,
	VD_CORR_TEMPORAL_ORDERED,
	VD_CORR_VALUE_SUM,
	VD_CORR_VALUE_AVG,
	VD_CORR_VALUE_PERCENTILE,
	VD_CORR_VALUE_MEDIAN,
};

#define VD_CORR_MAX_CRITERIA 6u
#define VD_CORR_MAX_RULES 64u
#define VD_CORR_MAX_GROUP 16u

struct vd_criterion {
	enum vd_compare compare;
	double number;
};

/* aliases: for rule_ref i, alias name → field of that rule; a rule without an entry uses the alias name. */
struct vd_corr_alias {
	struct vd_str name;
	size_t n;
	struct vd_str *rules;  /* rule names or ids as written */
	struct vd_str *fields; /* same n; through the rule's pipeline after parsing */
};

struct vd_corr_rule_expr; /* temporal condition "a and b and not c" (SEP 198) */

struct vd_corr {
	enum vd_corr_type type;
	size_t n_rules;
	struct vd_str *rules; /* references by name or id, as written */
	struct vd_pos *rules_pos;
	size_t n_group;
	struct vd_str *group; /* field or alias names */
	size_t n_aliases;
	struct vd_corr_alias *aliases;
	int64_t timespan_ms;
	size_t n_criteria; /* all must hold */
	struct vd_criterion criteria[VD_CORR_MAX_CRITERIA];
	size_t n_fields; /* condition.field: more than one = tuple */
	struct vd_str *fields;
	bool has_percentile;
	double percentile;
	/* temporal: NULL = criteria, or all rules where there are none.  Leaves are indexes into rules[]. */
	struct vd_corr_expr *expr;
	/* what rules[] names, once the loader has looked; NULL: nothing.  For conditions of pipelines */
	const struct vd_rule **below;
};

struct vd_corr_expr {
	enum vd_expr_kind kind; /* AND OR NOT; VD_EXPR_ITEM = leaf */
	size_t rule;            /* leaf */
	size_t n;
	struct vd_corr_expr **kids;
};

struct vd_filter {
	bool any; /* rules: any, or [] */
	size_t n_rules;
	struct vd_str *rules; /* names or ids */
};

enum vd_doc_kind { VD_DOC_RULE, VD_DOC_CORRELATION, VD_DOC_FILTER };

struct vd_rule {
	enum vd_doc_kind kind;
	struct vd_str file;
	struct vd_pos pos; /* first line of the document */
	struct vd_str id, name, title, status, description, author, taxonomy;
	enum vd_level level;
	struct vd_logsource logsource;
	struct vd_pos logsource_pos;
	size_t n_tags;
	struct vd_str *tags;
	bool generate;            /* top level or correlation.generate */
	struct vd_expr *expr;     /* RULE and FILTER: the whole condition */
	struct vd_corr *corr;     /* CORRELATION */
	struct vd_filter *filter; /* FILTER */
	bool *pipeline_steps; /* which steps of all pipelines concerned this rule: for vd_pipelines_field */
	/* the rule version in finding ids: of the text, and of what changed the rule (vd_rule_revise) */
	uint8_t hash[VD_RULE_HASH_LEN];
	bool piped; /* pipelines have a part in the version */
	/* worst so far; kept as verdict rows when the load ends */
	enum vd_verdict_kind verdict;
	struct vd_str code;
	struct vd_str message;
	struct vd_pos verdict_pos;
};

/* Marks; the worst kind wins, the first of one kind stays.  fmt's text is put in the arena. */
void vd_rule_degrade(struct vd_rule *rule, struct vd_arena *arena, struct vd_pos pos, const char *code,
	const char *fmt, ...) VD_PRINTF(5, 6);
void vd_rule_reject(struct vd_rule *rule, struct vd_arena *arena, struct vd_pos pos, const char *code,
	const char *fmt, ...) VD_PRINTF(5, 6);

void vd_rule_hash(struct vd_str text, uint8_t ret[VD_RULE_HASH_LEN]);
/* A filter, pipeline or values file with this hash has a part in what the rule does: its version changes. */
void vd_rule_revise(struct vd_rule *rule, const uint8_t by[VD_RULE_HASH_LEN]);

const char *vd_level_name(enum vd_level level); /* "" informational low medium high critical */
bool vd_level_parse(struct vd_str text, enum vd_level *ret);
const char *vd_corr_type_name(enum vd_corr_type type);

#endif
