#include "main/rules/events.h"

#include "main/detect/bad.h"
#include "main/interrupt.h"

struct reading {
	struct vd_bad *bad;
	vd_event_fn fn;
	void *owner;
};

static enum vd_status
each_of_batch(const struct reading *r, const struct vd_batch *batch, struct vd_str file, struct vd_err *err)
{
	for (size_t i = 0; i < batch->n; i++) {
		struct vd_event_ref place = {file, batch->events[i].line};
		enum vd_status st = r->fn(r->owner, batch->events[i].text, place, err);
		if (st == VD_EINPUT || st == VD_ELIMIT)
			vd_bad_note(r->bad, &(struct vd_bad_input){file, place.line, err->text, 0});
		else if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

static enum vd_status
each(const struct reading *r, struct vd_reader *reader, struct vd_err *err)
{
	VD_AUTO(vd_batch) batch = vd_batch_new();
	enum vd_status st = batch == NULL ? vd_fail(err, VD_ENOMEM, "no memory for events") : VD_OK;
	while (st == VD_OK && !vd_interrupted()) {
		st = vd_reader_next(reader, batch, err);
		if (st == VD_OK)
			st = each_of_batch(r, batch, vd_reader_file(reader, batch->file), err);
	}
	return st == VD_END ? VD_OK : st;
}

enum vd_status
vd_events_each(const char *const paths[], size_t n, vd_event_fn fn, void *owner, uint64_t *ret_bad,
	struct vd_err *err)
{
	VD_AUTO(vd_bad) bad = vd_bad_new();
	VD_AUTO(vd_reader) reader = NULL;
	if (bad == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for events");
	struct vd_reader_options options = {.on_bad = vd_bad_note, .owner = bad};
	enum vd_status st = vd_reader_new(paths, n, &options, &reader, err);
	if (st != VD_OK)
		return st;
	st = each(&(struct reading){bad, fn, owner}, reader, err);
	vd_bad_say_rest(bad);
	*ret_bad = vd_bad_count(bad);
	return st;
}
