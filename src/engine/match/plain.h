/*
 * Fast looks at whole texts, 16 bytes at a time.
 */
#ifndef VD_ENGINE_MATCH_PLAIN_H
#define VD_ENGINE_MATCH_PLAIN_H

#include <stdbool.h>

#include "base/str.h"

/* JSON text in ASCII without \\u escapes: a word in it is written in one way only. */
bool vd_text_is_plain(struct vd_str json);

#endif
