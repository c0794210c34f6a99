/*
 * Bad pieces of a file found under a folder, held back until it is known whether the file holds events at all:
 * a README or a script beside the logs is to be named once, not line by line.
 *
 * Memory: no heap.  Thread: one owner.
 */
#ifndef VD_EVENT_READ_HELD_H
#define VD_EVENT_READ_HELD_H

#include "event/read.h"

#define VD_HELD_NAMED 20u      /* pieces kept with their words; the others are counted */
#define VD_HELD_WORDS_MAX 256u /* of one piece; longer words are cut */

struct vd_held_piece {
	uint64_t line;
	char what[VD_HELD_WORDS_MAX];
};

struct vd_held {
	uint64_t n; /* pieces in all */
	struct vd_held_piece at[VD_HELD_NAMED];
};

void vd_held_add(struct vd_held *held, uint64_t line, const char *what);
/* Could the text of an event be a JSON object?  For what only begins with a brace: code, a style sheet. */
bool vd_held_is_object(struct vd_str text);

#endif
