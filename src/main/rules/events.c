#include "main/rules/events.h"

#include "main/detect/bad.h"
#include "main/interrupt.h"

struct reading {
	struct vd_bad *bad;
	vd_event_fn fn;
	void *owner;
	uint64_t line;       /* the only one that is wanted; 0: all are */
	bool is_bad;         /* that line */
	struct vd_err fault; /* what is wrong with it */
};

static void
note(void *owner, const struct vd_bad_input *input)
{
	struct reading *r = owner;
	if (r->line == 0 || input->line == 0) { /* of the whole file: it may be why the line is not there */
		vd_bad_note(r->bad, input);
	} else if (input->line == r->line && !r->is_bad) {
		r->is_bad = true;
		(void)vd_fail(&r->fault, VD_EINPUT, "%s", input->what);
	}
}

static enum vd_status
each_of_batch(struct reading *r, const struct vd_batch *batch, struct vd_str file, struct vd_err *err)
{
	for (size_t i = 0; i < batch->n; i++) {
		struct vd_event_ref place = {file, batch->events[i].line};
		if (r->line != 0 && place.line != r->line)
			continue;
		enum vd_status st = r->fn(r->owner, batch->events[i].text, place, err);
		if (st == VD_EINPUT || st == VD_ELIMIT)
			note(r, &(struct vd_bad_input){file, place.line, err->text, 0});
		else if (st != VD_OK)
			return st;
	}
	return VD_OK;
}

static enum vd_status
each(struct reading *r, struct vd_reader *reader, struct vd_err *err)
{
	VD_AUTO(vd_batch) batch = vd_batch_new();
	enum vd_status st = batch == NULL ? vd_fail(err, VD_ENOMEM, "no memory for events") : VD_OK;
	while (st == VD_OK && !r->is_bad && !vd_interrupted()) {
		st = vd_reader_next(reader, batch, err);
		if (st == VD_OK)
			st = each_of_batch(r, batch, vd_reader_file(reader, batch->file), err);
		else if (st == VD_END)
			return VD_OK;
	}
	if (st == VD_END) /* fn has what it wanted */
		r->is_bad = false;
	return st == VD_END ? VD_OK : st;
}

static enum vd_status
read_all(struct reading *r, const char *const paths[], size_t n, struct vd_err *err)
{
	VD_AUTO(vd_reader) reader = NULL;
	struct vd_reader_options options = {.on_bad = note, .owner = r};
	enum vd_status st = vd_reader_new(paths, n, &options, &reader, err);
	if (st == VD_OK)
		st = each(r, reader, err);
	if (st == VD_OK)
		vd_bad_say_rest(r->bad);
	return st;
}

enum vd_status
vd_events_each(const char *const paths[], size_t n, vd_event_fn fn, void *owner, uint64_t *ret_bad,
	struct vd_err *err)
{
	VD_AUTO(vd_bad) bad = vd_bad_new();
	struct reading r = {.bad = bad, .fn = fn, .owner = owner};
	if (bad == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for events");
	enum vd_status st = read_all(&r, paths, n, err);
	*ret_bad = vd_bad_count(bad);
	return st;
}

enum vd_status
vd_events_at(const char *path, uint64_t line, vd_event_fn fn, void *owner, struct vd_err *err)
{
	VD_AUTO(vd_bad) bad = vd_bad_new();
	struct reading r = {.bad = bad, .fn = fn, .owner = owner, .line = line};
	if (bad == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for events");
	enum vd_status st = read_all(&r, &path, 1, err);
	if (st == VD_OK && r.is_bad)
		return vd_fail(err, VD_EINPUT, "%s:%llu: %s", path, (unsigned long long)line, r.fault.text);
	return st;
}
