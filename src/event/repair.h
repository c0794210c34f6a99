/*
 * The tolerant reader of one JSON object, for text that strict JSON refuses: one bad byte must not hide an
 * attack.
 *
 * Repaired and marked: bytes that are not UTF-8 (U+FFFD), raw control characters and NUL (kept as characters
 * in strings, blanks elsewhere), commas without a value and words JSON does not know such as NaN (text),
 * values deeper than VD_EVENT_MAX_DEPTH (handed over as one text).  Escapes that do not exist stay as written
 * and lone surrogates become U+FFFD, as in the strict walk.  Everything else, above all an object that does
 * not end, is VD_EINPUT with line and column.
 *
 * Memory: texts are borrowed from the input or the arena; the walk itself has a fixed stack.  Pure; thread:
 * any.
 */
#ifndef VD_EVENT_REPAIR_H
#define VD_EVENT_REPAIR_H

#include "base/arena.h"
#include "event/event.h"

struct vd_repair_value {
	enum vd_field_type type; /* never OBJECT or ARRAY */
	struct vd_str text;      /* STRING: decoded, VD_FF_PLAIN; others: as written */
};

/*
 * Who takes the values, in the order of the text.  A member is key then scalar or open … close; an element is
 * the same without key; the first open and the last close are the event itself.  A status other than VD_OK
 * ends the walk and is returned.  A key may come twice in one object: telling is the sink's part.
 */
struct vd_repair_sink {
	enum vd_status (*key)(void *owner, struct vd_str text, struct vd_err *err); /* decoded */
	enum vd_status (*open)(void *owner, enum vd_field_type container, struct vd_err *err);
	enum vd_status (*close)(void *owner, enum vd_field_type container, struct vd_err *err);
	enum vd_status (*scalar)(void *owner, const struct vd_repair_value *value, struct vd_err *err);
	void *owner;
};

/* ret_repaired: VD_REPAIRED_*, 0 where the text was sound. */
enum vd_status vd_event_repair(struct vd_arena *arena, struct vd_str text, const struct vd_repair_sink *sink,
	uint32_t *ret_repaired, struct vd_err *err) VD_MUST_USE;

#endif
