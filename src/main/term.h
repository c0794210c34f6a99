/*
 * What a terminal can show: width, colours, progress line, and text from untrusted events made harmless.
 * Thread: main thread only, except vd_term_safe, vd_term_width and those that add text in a width, which are pure.
 */
#ifndef VD_MAIN_TERM_H
#define VD_MAIN_TERM_H

#include "base/str.h"

/* Columns of the terminal behind fd; $COLUMNS counts where it is no terminal; 0: unknown, do not cut. */
size_t vd_term_columns(int fd);
/* Colours: fd is a terminal, NO_COLOR is empty or unset, TERM is not dumb. */
bool vd_term_colours(int fd);
bool vd_term_is(int fd);

/*
 * Adds s with everything that could steer a terminal written as \xNN: control characters (also C1), DEL, marks
 * that reorder text, invalid UTF-8.  Tabs and line ends too, so that a value stays on its line.
 */
void vd_term_safe(struct vd_buf *buf, struct vd_str s);
/* Columns that vd_term_safe(s) takes. */
size_t vd_term_width(struct vd_str s);
/* The same in exactly width columns: padded with blanks, or cut with "…".  pad false: no blanks behind. */
void vd_term_cell(struct vd_buf *buf, struct vd_str s, size_t width, bool pad);
/* The end of s in at most width columns, "…" before it where it is cut: what tells files apart ends their names. */
void vd_term_end(struct vd_buf *buf, struct vd_str s, size_t width);
/* vd_term_cell that cuts in the middle: a third of what is left is the beginning. */
void vd_term_middle(struct vd_buf *buf, struct vd_str s, size_t width, bool pad);
/* s in lines of at most width columns, broken at blanks where there are any; the last of most lines is cut. */
void vd_term_wrap(struct vd_buf *buf, struct vd_str s, size_t indent, size_t width, size_t most);

/* One line on stderr that is rewritten in place; NULL clears it. */
void vd_term_progress(const char *line);
void vd_term_clear_progress(void);

#endif
