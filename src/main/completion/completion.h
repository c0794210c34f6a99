/* Completion scripts made from the tables of commands.c.  Pure. */
#ifndef VD_MAIN_COMPLETION_COMPLETION_H
#define VD_MAIN_COMPLETION_COMPLETION_H

#include "base/str.h"
#include "main/args.h"

void vd_completion_bash(struct vd_buf *to);
void vd_completion_zsh(struct vd_buf *to);
void vd_completion_fish(struct vd_buf *to);

/* ---- pieces that the three share ---- */

/* "a b c" of a NULL-ended list. */
void vd_completion_words(struct vd_buf *to, const char *const *words);
/* First words of all commands, each once; or the second words of those that begin with first. */
void vd_completion_first_words(struct vd_buf *to);
void vd_completion_second_words(struct vd_buf *to, const char *first);
/* Is command i the first of those that share its first word, and has it a second one? */
bool vd_completion_begins_pair(size_t i, struct vd_str *ret_first);
/* text between single quotes of a shell; before each byte of special stands a backslash. */
void vd_completion_quoted(struct vd_buf *to, const char *text, const char *special);

#endif
