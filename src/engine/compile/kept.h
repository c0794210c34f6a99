/*
 * What compiling decides, as bytes for the caller's cache: which rules each kind of event can reach, their programs,
 * triggers and the items of each set.  That is most of the time of loading; the sets' tables are built anew from their
 * items.
 *
 * The bytes are of one build of this program on one kind of machine: numbers and structures as they stand in memory.
 * The key says which (build and texts of rules); a hash tells damage.  Bytes that pass and yet do not fit the rules
 * are refused too: no index in them leads anywhere that is not there.
 *
 * Memory: what is read is copied into the rule set's arena.  Thread: that of the rule set being built.
 */
#ifndef VD_ENGINE_COMPILE_KEPT_H
#define VD_ENGINE_COMPILE_KEPT_H

#include "engine/compile/compile.h"

#define VD_KEPT_KEY 64u /* hexadecimal digits */

/* False: the program carries no build id (ld --build-id), so nothing may be kept. */
bool vd_kept_key(const struct vd_ruleset_input *input, char ret[VD_KEPT_KEY + 1]) VD_MUST_USE;

/* A header, to be sealed when the rest stands behind it. */
void vd_kept_begin(const char *key, struct vd_buf *to);
void vd_kept_seal(struct vd_buf *to);

/* The routes and sets of a compiled set; to->failed: out of memory. */
void vd_kept_write(struct vd_ruleset *set, const char *key, struct vd_buf *to);

/* Into a set with documents, keys and weighed items.  False: not to be used, and the set is as before. */
bool vd_kept_read(struct vd_ruleset *set, const char *key, struct vd_str bytes) VD_MUST_USE;

#endif
