/*
 * Any bytes through the tolerant reader: whatever it hands over is well nested and valid UTF-8.
 */
#include "event/repair.h"

#include <stdlib.h>

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct seen {
	enum vd_field_type stack[VD_EVENT_MAX_DEPTH];
	size_t depth;
	bool keyed; /* a key was given and its value not yet */
	bool ended; /* the event was closed */
};

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* A value may come now: after a key in an object, at any time in an array, once at the top. */
static void
take_value(struct seen *seen)
{
	must(!seen->ended);
	if (seen->depth > 0)
		must(seen->keyed == (seen->stack[seen->depth - 1] == VD_F_OBJECT));
	seen->keyed = false;
}

static enum vd_status
on_key(void *owner, struct vd_str text, struct vd_err *err)
{
	struct seen *seen = owner;
	must(seen->depth > 0 && seen->stack[seen->depth - 1] == VD_F_OBJECT && !seen->keyed);
	must(vd_utf8_valid(text.at, text.len));
	seen->keyed = true;
	return VD_OK;
}

static enum vd_status
on_open(void *owner, enum vd_field_type container, struct vd_err *err)
{
	struct seen *seen = owner;
	take_value(seen);
	must(seen->depth < VD_EVENT_MAX_DEPTH);
	seen->stack[seen->depth++] = container;
	return VD_OK;
}

static enum vd_status
on_close(void *owner, enum vd_field_type container, struct vd_err *err)
{
	struct seen *seen = owner;
	must(seen->depth > 0 && !seen->keyed && seen->stack[--seen->depth] == container);
	seen->ended = seen->depth == 0;
	return VD_OK;
}

static enum vd_status
on_scalar(void *owner, const struct vd_repair_value *value, struct vd_err *err)
{
	take_value(owner);
	must(vd_utf8_valid(value->text.at, value->text.len));
	must(value->type != VD_F_OBJECT && value->type != VD_F_ARRAY);
	return VD_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	VD_AUTO(vd_arena) arena = vd_arena_new(0);
	struct seen seen = {.depth = 0};
	const struct vd_repair_sink sink = {on_key, on_open, on_close, on_scalar, &seen};
	struct vd_err err = VD_ERR_INIT;
	uint32_t repaired;
	struct vd_str text = {(const char *)bytes, n};
	if (arena == NULL)
		return 0;
	if (vd_event_repair(arena, text, &sink, &repaired, &err) == VD_OK)
		must(seen.ended && seen.depth == 0);
	else
		must(err.text[0] != '\0' && err.line > 0 && err.column > 0);
	return 0;
}
