/*
 * What the program can be asked: every command with its options.  --help, completion and the tests of the man
 * pages are made from here; main.c joins names to functions.  Constant.
 */
#ifndef VD_MAIN_COMMANDS_H
#define VD_MAIN_COMMANDS_H

#include "main/args.h"

/* One number an option, the same in every command that has it. */
enum vd_option_id {
	VD_O_HELP,
	VD_O_RULES,
	VD_O_PIPELINE,
	VD_O_VALUES,
	VD_O_FORMAT,
	VD_O_MIN_LEVEL,
	VD_O_SINCE,
	VD_O_UNTIL,
	VD_O_THREADS,
	VD_O_HOLD,
	VD_O_CORRELATION_GROUPS,
	VD_O_CORRELATION_EVENTS,
	VD_O_CORRELATION_MEMORY,
	VD_O_NO_ROUTING,
	VD_O_STRICT,
	VD_O_NO_CACHE,
	VD_O_QUIET,
	VD_O_EVENTS,
};

#define VD_THREADS_MAX 256u
#define VD_HOLD_MAX 65536u /* MiB */
#define VD_HOLD_DEFAULT 64u
/* limits of correlation; the defaults are those of struct vd_correlator_options */
#define VD_CORRELATION_GROUPS_MAX 1000000000u
#define VD_CORRELATION_GROUPS_DEFAULT 100000u
#define VD_CORRELATION_EVENTS_MAX 1000000000u
#define VD_CORRELATION_EVENTS_DEFAULT 100000u
#define VD_CORRELATION_MEMORY_MAX 1048576u /* MiB */
#define VD_CORRELATION_MEMORY_DEFAULT 256u

extern const struct vd_command vd_commands[];
size_t vd_commands_count(void);

/*
 * The command whose name is the first one or two words of argv; ret_words: how many.  NULL: none, and err says
 * which word is unknown, or what may follow a name such as "rules".
 */
const struct vd_command *vd_command_find(
	int argc, const char *const argv[], int *ret_words, struct vd_err *err);

/* Is word the first of two, as "rules" is? */
bool vd_command_is_group(const char *word);

/* --help of one command, of those that begin with the same word, and of the program. */
void vd_help_command(const struct vd_command *command, struct vd_buf *to);
void vd_help_group(const char *word, struct vd_buf *to);
void vd_help_program(struct vd_buf *to);

#endif
