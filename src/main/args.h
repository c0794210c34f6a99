/*
 * Command lines, read from one table of options a command.  The same tables give --help, the completion scripts
 * and the check of the man pages, so what is not in a table does not exist.
 *
 * An option of kind LIST takes every following word up to the next one that begins with '-'; "--name=word"
 * gives it exactly one.  "--" ends options; "-" alone is an operand (standard input).  A VALUE given twice
 * counts the last time.
 *
 * Memory: struct vd_args borrows argv and owns its index.  Thread: one owner.
 */
#ifndef VD_MAIN_ARGS_H
#define VD_MAIN_ARGS_H

#include "base/status.h"
#include "base/str.h"

/* Exit codes, the same for every command. */
#define VD_EXIT_NOTHING 0  /* done, nothing to report */
#define VD_EXIT_FINDINGS 1 /* done, and the answer is findings, rejections or differences */
#define VD_EXIT_ERROR 2    /* usage or error */

enum vd_option_kind { VD_OPT_FLAG, VD_OPT_VALUE, VD_OPT_LIST };

/* What a word is, for completion. */
enum vd_word_kind {
	VD_WORD_NONE,
	VD_WORD_TEXT,
	VD_WORD_FILE,
	VD_WORD_FOLDER,
	VD_WORD_CHOICE,
	VD_WORD_COMMAND
};

struct vd_option {
	int id;           /* unique in its table */
	const char *name; /* without dashes */
	char letter;      /* short form, or 0 */
	enum vd_option_kind kind;
	enum vd_word_kind word;
	const char *value;          /* what help calls its value; NULL for a flag */
	const char *const *choices; /* CHOICE: ends with NULL */
	const char *help;           /* one sentence, lower case, no full stop */
};

struct vd_args;

struct vd_command {
	const char *name;     /* words after "vedette": "detect", "rules check" */
	const char *summary;  /* one line for the list of commands */
	const char *operands; /* "PATH…", or "" */
	enum vd_word_kind operand_word;
	const char *const *operand_choices;
	size_t min_operands;
	size_t max_operands;
	const struct vd_option *options;
	size_t n_options;
	const char *notes; /* paragraphs after the options in --help */
};

struct vd_args_group {
	size_t first; /* in words */
	size_t n;
	bool given;
};

struct vd_args {
	const struct vd_command *command;
	const char **words;           /* grouped by option, operands last */
	struct vd_args_group *groups; /* as many as options, and one for the operands */
};

/* argv: the words after the command's name.  VD_EINPUT: the words say what is wrong and what to write. */
enum vd_status vd_args_parse(const struct vd_command *command, int argc, const char *const argv[],
	struct vd_args *ret, struct vd_err *err) VD_MUST_USE;
void vd_args_fini(struct vd_args *args);

bool vd_args_given(const struct vd_args *args, int id);
const char *vd_args_value(const struct vd_args *args, int id); /* NULL: not given */
const char *const *vd_args_list(const struct vd_args *args, int id, size_t *ret_n);
const char *const *vd_args_operands(const struct vd_args *args, size_t *ret_n);

/* The candidate nearest to a misspelt word, NULL where none is near.  next gives candidate i, NULL at the end. */
const char *vd_args_nearest(
	const char *word, const char *(*next)(const void *owner, size_t i), const void *owner);
/* The same over a NULL-ended list. */
const char *vd_args_nearest_of(const char *word, const char *const *choices);

/* Decimal number in [min, max]; the words name the option. */
enum vd_status vd_args_number(const char *option, const char *text, uint64_t min, uint64_t max, uint64_t *ret,
	struct vd_err *err) VD_MUST_USE;

/* "90m", "24h", "7d": a number and s, m, h, d or w.  False: no span. */
bool vd_args_span(const char *text, int64_t *ret_ms);

#endif
