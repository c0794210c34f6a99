/*
 * Field-mapping pipelines in pySigma's YAML format: what the pipeline*.c files share.
 *
 * A pipeline is a list of steps.  A step has a kind (a row of a table: the keys it takes and what it does) and up
 * to three groups of conditions: on the rule, on the detection item, on the field name.  Steps run one after the
 * other over the tree of a rule; a value is never changed in place, since items share values after a split.
 *
 * A step that finds the rule wrong marks it rejected and returns VD_EINPUT, which only says "stop here"
 * (as in parse.h); VD_ENOMEM is passed on.
 *
 * Memory: everything lives in arenas, compiled regular expressions too: a pipeline in that of
 * vd_pipeline_parse, a run in that of vd_pipelines_apply.  Thread: one owner (expressions keep match blocks).
 */
#ifndef VD_ENGINE_SIGMA_PIPELINE_H
#define VD_ENGINE_SIGMA_PIPELINE_H

#include "engine/sigma/load.h"
#include "engine/sigma/parse.h"

#define VD_PIPE_MAX_PIPELINES 64u /* in one load */
#define VD_PIPE_MAX_STEPS 4096u   /* of one pipeline, nested ones included */
#define VD_PIPE_MAX_NESTING 8u    /* of nest in nest */
#define VD_PIPE_MAX_NAMES 64u     /* that one field is mapped to */
#define VD_PIPE_MAX_LOGIC 64u     /* operators and brackets deep in a condition expression */

struct vd_pipe_list {
	size_t n;
	struct vd_str *at;
};

/* One entry of a mapping; keywords: its key is null, which stands for keyword searches. */
struct vd_pipe_entry {
	struct vd_str from;
	bool keywords;
	struct vd_pipe_list to;
};

/* A variable, a state or an attribute of a rule. */
struct vd_pipe_pair {
	struct vd_str key;
	struct vd_pipe_list values;
	struct vd_pipe_pair *next; /* set before */
};

enum vd_pipe_op {
	VD_PIPE_EQ,
	VD_PIPE_NE,
	VD_PIPE_GT,
	VD_PIPE_GTE,
	VD_PIPE_LT,
	VD_PIPE_LTE,
	VD_PIPE_IN,
	VD_PIPE_NOT_IN,
};

struct vd_pipe_regex;

/* What the keys of a step or condition say; each kind uses those that its table of keys names. */
struct vd_pipe_args {
	size_t n_entries; /* mapping */
	struct vd_pipe_entry *entries;
	struct vd_pipe_list fields; /* fields, field_to_parse */
	struct vd_pipe_list algos;  /* valid_hash_algos */
	struct vd_pipe_list include, exclude;
	bool has_include;
	struct vd_logsource logsource;
	struct vd_str affix;         /* prefix, suffix, field_prefix */
	struct vd_str key;           /* of a state or attribute; a field, a tag, the id of a step */
	bool no_key;                 /* field: null */
	struct vd_str text;          /* message, replacement, method, target_type, force_type */
	const struct vd_yaml *value; /* val, value */
	struct vd_str value_text;
	const struct vd_yaml *conditions;
	enum vd_pipe_op op;
	bool all;      /* cond: all */
	bool by_regex; /* mode: re */
	bool negated, is_template, skip_special, interpret_special, drop_algo_prefix, preserve_unmatched;
	size_t n_regexes;
	struct vd_pipe_regex **regexes;
};

struct vd_pipe_run;
struct vd_pipe_step;
struct vd_pipe_key;
struct vd_pipe_reader;

/* ---- conditions: pipeline_cond.c ---- */

enum vd_pipe_scope { VD_PIPE_RULE, VD_PIPE_ITEM, VD_PIPE_FIELD };

/* What a condition is asked about: the rule always, the item and the field where its scope has them. */
struct vd_pipe_subject {
	const struct vd_item *item; /* NULL: none (a field of a correlation) */
	struct vd_str field;        /* empty: keywords */
};

struct vd_pipe_cond_kind {
	const char *name;
	const struct vd_pipe_key *keys; /* ends with a NULL name */
	/* what the keys alone do not say; may be NULL */
	enum vd_status (*check)(
		struct vd_pipe_reader *r, const struct vd_yaml *map, struct vd_pipe_args *args);
	enum vd_status (*test)(struct vd_pipe_run *run, const struct vd_pipe_args *args,
		const struct vd_pipe_subject *subject, bool *ret);
};

struct vd_pipe_cond {
	const struct vd_pipe_cond_kind *kind;
	struct vd_str name; /* in a condition expression; else empty */
	struct vd_pipe_args args;
};

struct vd_pipe_logic {
	enum vd_expr_kind kind; /* AND OR NOT; VD_EXPR_ITEM = leaf */
	size_t leaf;
	size_t n;
	struct vd_pipe_logic *kids[2];
};

struct vd_pipe_conds {
	size_t n;
	struct vd_pipe_cond *at;
	bool any;                    /* …_cond_op: or */
	bool negated;                /* …_cond_not */
	struct vd_pipe_logic *logic; /* …_cond_expr, or NULL */
};

const struct vd_pipe_cond_kind *vd_pipe_cond_kind_find(enum vd_pipe_scope scope, struct vd_str name);
/* No condition at all holds. */
enum vd_status vd_pipe_conds_test(struct vd_pipe_run *run, const struct vd_pipe_conds *conds,
	const struct vd_pipe_subject *subject, bool *ret) VD_MUST_USE;

/* ---- steps: pipeline_step.c (rule), pipeline_field.c, pipeline_item.c, pipeline_value.c ---- */

/* A kind has one of these functions, or none where the step concerns only other engines. */
struct vd_pipe_step_kind {
	const char *name;
	const struct vd_pipe_key *keys;
	enum vd_status (*check)(
		struct vd_pipe_reader *r, const struct vd_yaml *map, struct vd_pipe_args *args);
	/* may change the rule */
	enum vd_status (*on_rule)(struct vd_pipe_run *run, const struct vd_pipe_step *step);
	/* may replace *at, whose kind is VD_EXPR_ITEM; NULL drops it */
	enum vd_status (*on_item)(
		struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_expr **at);
	/* new names of a field, none where it stays; field empty: keywords */
	enum vd_status (*on_field)(struct vd_pipe_run *run, const struct vd_pipe_step *step,
		struct vd_str field, struct vd_pipe_list *ret);
	/* appends what takes the place of an atom; nothing where it stays */
	enum vd_status (*on_atom)(struct vd_pipe_run *run, const struct vd_pipe_step *step,
		const struct vd_item *item, const struct vd_atom *atom, struct vd_atoms *ret);
	bool nests;
};

struct vd_pipe_step {
	const struct vd_pipe_step_kind *kind;
	struct vd_str id;
	struct vd_pos pos;
	size_t number; /* in its pipeline, nested ones counted */
	struct vd_pipe_args args;
	struct vd_pipe_conds rule_conds, item_conds, field_conds;
	size_t n_kids; /* nest */
	struct vd_pipe_step *kids;
};

extern const struct vd_pipe_step_kind vd_pipe_rule_kinds[], vd_pipe_field_kinds[], vd_pipe_item_kinds[],
	vd_pipe_value_kinds[]; /* each ends with a NULL name */

struct vd_pipeline {
	struct vd_str file;
	uint8_t hash[VD_RULE_HASH_LEN]; /* of its text */
	double priority;
	size_t n_steps;
	struct vd_pipe_step *steps;
	size_t n_numbers; /* steps with the nested ones */
	struct vd_pipe_pair *vars;
	bool asks_history; /* a condition or step asks what was applied before: a run keeps marks */
	size_t n_notes;
	struct vd_str notes[2];
};

/* "Step id was applied to": the rule (both NULL), an item, or a field of that name. */
struct vd_pipe_mark {
	struct vd_str id;
	const struct vd_item *item;
	struct vd_str field; /* at NULL: none */
	struct vd_pipe_mark *next;
};

/* One rule on its way through all pipelines. */
struct vd_pipe_run {
	struct vd_build build; /* arena, rule, err */
	size_t n;
	const struct vd_pipeline *pipelines[VD_PIPE_MAX_PIPELINES]; /* in order of priority */
	const struct vd_pipeline *at;                               /* the one that runs */
	size_t first_number;                                        /* of its steps, among those of all */
	bool keeps_marks;
	struct vd_pipe_mark *marks;
	struct vd_pipe_pair *states;
	struct vd_pipe_pair *attributes;
};

/* For vd_pipe_marked: any step. */
#define VD_PIPE_ANY_ID ((struct vd_str){0})

enum vd_status vd_pipe_mark(struct vd_pipe_run *run, struct vd_str id, const struct vd_item *item,
	struct vd_str field) VD_MUST_USE;
bool vd_pipe_marked(
	const struct vd_pipe_run *run, struct vd_str id, const struct vd_item *item, struct vd_str field);
const struct vd_pipe_list *vd_pipe_pair_find(const struct vd_pipe_pair *pairs, struct vd_str key);
/* The variable of that name; of the last pipeline that has it. */
const struct vd_pipe_list *vd_pipe_var(const struct vd_pipe_run *run, struct vd_str name);
enum vd_status vd_pipe_pair_set(struct vd_pipe_run *run, struct vd_pipe_pair **pairs, struct vd_str key,
	struct vd_str value) VD_MUST_USE;
/* A leaf with an item of its own that shares its values with the old one; marks go with it. */
enum vd_status vd_pipe_item_split(struct vd_pipe_run *run, const struct vd_item *item, struct vd_pos pos,
	struct vd_expr **ret) VD_MUST_USE;
/* Counts values that a step adds against the bound of a rule. */
enum vd_status vd_pipe_count_values(struct vd_pipe_run *run, size_t more) VD_MUST_USE;

/* pipeline_field.c: a step with on_field, on an item and its references to fields. */
enum vd_status vd_pipe_rename_item(
	struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_expr **at) VD_MUST_USE;
/* The new names of one field where the step's conditions hold; none: it stays.  item may be NULL. */
enum vd_status vd_pipe_rename(struct vd_pipe_run *run, const struct vd_pipe_step *step,
	const struct vd_item *item, struct vd_str field, struct vd_pipe_list *ret) VD_MUST_USE;
/* pipeline_value.c: a step with on_atom, on an item. */
enum vd_status vd_pipe_change_values(
	struct vd_pipe_run *run, const struct vd_pipe_step *step, struct vd_item *item) VD_MUST_USE;

/* ---- arguments: pipeline_args.c ---- */

enum vd_pipe_type {
	VD_PIPE_TEXT,   /* struct vd_str */
	VD_PIPE_KEY,    /* the same; null is allowed and sets no_key */
	VD_PIPE_SCALAR, /* const struct vd_yaml *, and value_text */
	VD_PIPE_NODE,   /* const struct vd_yaml *: anything */
	VD_PIPE_BOOL,
	VD_PIPE_WORDS,   /* struct vd_pipe_list: a text or a list of texts */
	VD_PIPE_MAPPING, /* entries */
	VD_PIPE_REGEX,   /* appends to regexes; on the offset of nothing */
	VD_PIPE_CHOICE,  /* enum vd_pipe_op: the number of the word among words */
	VD_PIPE_FLAG,    /* bool: the second of two words */
	VD_PIPE_NESTED,  /* items of nest: read by pipeline_parse.c */
};

struct vd_pipe_key {
	const char *name;
	enum vd_pipe_type type;
	bool required;
	size_t offset;     /* in struct vd_pipe_args */
	const char *words; /* CHOICE: "eq ne gt"; TEXT: the texts allowed, NULL: any */
};

struct vd_pipe_reader {
	struct vd_arena *arena;
	struct vd_err *err;
	struct vd_pipeline *pipeline;
	size_t nesting;
};

#define VD_PIPE_WRONG(r, node, ...)                                                                          \
	vd_fail_at((r)->err, VD_EINPUT, (node)->pos.line, (node)->pos.column, __VA_ARGS__)
#define VD_PIPE_NOMEM(r) vd_fail((r)->err, VD_ENOMEM, "no memory for a pipeline")

/* Keys of map that are neither in keys nor in also (ends with NULL) are wrong. */
enum vd_status vd_pipe_args_read(struct vd_pipe_reader *r, const struct vd_yaml *map,
	const struct vd_pipe_key *keys, const char *const *also, struct vd_pipe_args *ret) VD_MUST_USE;
enum vd_status vd_pipe_words_read(
	struct vd_pipe_reader *r, const struct vd_yaml *node, struct vd_pipe_list *ret) VD_MUST_USE;
/* Number of word in "a b c"; false: none. */
bool vd_pipe_choice(const char *words, struct vd_str word, size_t *ret);

/* ---- texts: pipeline_text.c ---- */

/* What the bytes of a shown pattern stand for. */
enum vd_pipe_tag {
	VD_PIPE_TAG_TEXT,
	VD_PIPE_TAG_ANY,    /* * */
	VD_PIPE_TAG_ONE,    /* ? */
	VD_PIPE_TAG_ESCAPE, /* the backslash before a plain * or ? */
	VD_PIPE_TAG_OTHER,  /* of a placeholder or dash: only to look at */
};

/* A pattern as regular expressions and comparisons see it: wildcards as * and ?, plain ones as \* and \?. */
struct vd_pipe_shown {
	struct vd_buf text;
	struct vd_buf tags; /* one enum vd_pipe_tag a byte */
};

void vd_pipe_shown_fini(struct vd_pipe_shown *shown);
/* Appends tokens; escapes: plain * and ? get their backslash. */
void vd_pipe_shown_add(struct vd_pipe_shown *shown, const struct vd_token *tokens, size_t n, bool escapes);
void vd_pipe_shown_put(struct vd_pipe_shown *shown, struct vd_str text, enum vd_pipe_tag tag);
/* The whole atom, whose kind is VD_ATOM_PATTERN, in the arena of the run. */
enum vd_status vd_pipe_text_of(
	struct vd_pipe_run *run, const struct vd_atom *atom, struct vd_str *ret) VD_MUST_USE;

/* Tokens in the making: neighbours that are text or ANY become one. */
struct vd_pipe_tokens {
	size_t n, cap;
	struct vd_token *at;
};
enum vd_status vd_pipe_tokens_add(
	struct vd_pipe_run *run, struct vd_pipe_tokens *tokens, struct vd_token token) VD_MUST_USE;
enum vd_status vd_pipe_tokens_add_shown(struct vd_pipe_run *run, struct vd_pipe_tokens *tokens,
	const struct vd_pipe_shown *shown) VD_MUST_USE;
/* Appends; *ret must have grown from nothing by these functions. */
enum vd_status vd_pipe_atoms_keep(
	struct vd_pipe_run *run, struct vd_atom atom, struct vd_atoms *ret) VD_MUST_USE;
/* A pattern of these tokens with the case rule of like; *ret gets one more atom. */
enum vd_status vd_pipe_atoms_add(struct vd_pipe_run *run, const struct vd_atom *like,
	const struct vd_pipe_tokens *tokens, struct vd_atoms *ret) VD_MUST_USE;
/* The same from Sigma's string syntax. */
enum vd_status vd_pipe_atoms_add_text(struct vd_pipe_run *run, const struct vd_atom *like, struct vd_str text,
	struct vd_atoms *ret) VD_MUST_USE;

/* ---- regular expressions: pipeline_regex.c ---- */

/* pos: where text stands, for the words of a failure. */
enum vd_status vd_pipe_regex_new(struct vd_arena *arena, struct vd_str text, struct vd_pos pos,
	struct vd_pipe_regex **ret, struct vd_err *err) VD_MUST_USE;
/* Python's re.match: at the beginning of text. */
enum vd_status vd_pipe_regex_begins(
	struct vd_pipe_run *run, struct vd_pipe_regex *regex, struct vd_str text, bool *ret) VD_MUST_USE;

struct vd_pipe_group {
	struct vd_str name;
	struct vd_str text;
};
/* The same, with the named groups that took part; *ret_n 0: no match. */
enum vd_status vd_pipe_regex_groups(struct vd_pipe_run *run, struct vd_pipe_regex *regex, struct vd_str text,
	size_t *ret_n, struct vd_pipe_group **ret) VD_MUST_USE;

/* Python's re.sub with a template of \1, \g<1> and \g<name>: the new tokens of a pattern. */
enum vd_status vd_pipe_regex_replace(struct vd_pipe_run *run, struct vd_pipe_regex *regex,
	const struct vd_pipe_args *args, const struct vd_atom *atom, struct vd_atoms *ret) VD_MUST_USE;
/* Is the template right, and does it name groups that regex has? */
enum vd_status vd_pipe_template_check(const struct vd_pipe_regex *regex, struct vd_str text,
	const struct vd_yaml *at, struct vd_err *err) VD_MUST_USE;

/* ---- reading: pipeline_parse.c; running: pipeline.c ---- */

enum vd_status vd_pipe_steps_read(struct vd_pipe_reader *r, const struct vd_yaml *list, size_t *ret_n,
	struct vd_pipe_step **ret) VD_MUST_USE;
enum vd_status vd_pipe_conds_read(struct vd_pipe_reader *r, const struct vd_yaml *map,
	enum vd_pipe_scope scope, struct vd_pipe_conds *ret) VD_MUST_USE;

#endif
