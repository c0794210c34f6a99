#include "main/rules/events.h"

#include "event/cut.h"
#include "main/detect/bad.h"
#include "main/interrupt.h"

struct reading {
	struct vd_bad *bad;
	vd_event_fn fn;
	void *owner;
	struct vd_batch *batch, *pieces; /* of one line of batch that holds more than one event */
	struct vd_str file;
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

static void
on_bad_piece(void *owner, uint64_t line, const char *what)
{
	struct reading *r = owner;
	note(r, &(struct vd_bad_input){r->file, line, what, 0});
}

/* got: what fn said of the event; bad input is named and does not end the run. */
static enum vd_status
judge(struct reading *r, const struct vd_batch_event *event, enum vd_status got, struct vd_err *err)
{
	if (got != VD_EINPUT && got != VD_ELIMIT)
		return got;
	vd_bad_place(err, event->column);
	note(r, &(struct vd_bad_input){r->file, event->line, err->text, 0});
	return VD_OK;
}

static enum vd_status
each_piece(struct reading *r, const struct vd_batch_event *line, struct vd_err *err)
{
	r->pieces->n = 0;
	enum vd_status st = vd_cut_line(line, on_bad_piece, r, r->pieces, err);
	for (size_t i = 0; i < r->pieces->n && st == VD_OK; i++) {
		const struct vd_batch_event *event = &r->pieces->events[i];
		st = r->fn(r->owner, event->text, (struct vd_event_ref){r->file, event->line}, err);
		st = judge(r, event, st, err);
	}
	return st;
}

static enum vd_status
each_of_batch(struct reading *r, struct vd_err *err)
{
	enum vd_status st = VD_OK;
	for (size_t i = 0; i < r->batch->n && st == VD_OK; i++) {
		const struct vd_batch_event *event = &r->batch->events[i];
		if (r->line != 0 && event->line != r->line)
			continue;
		st = r->fn(r->owner, event->text, (struct vd_event_ref){r->file, event->line}, err);
		if (st == VD_EINPUT && vd_cut_finds_more(event->text))
			st = each_piece(r, event, err);
		else
			st = judge(r, event, st, err);
	}
	return st;
}

static enum vd_status
each(struct reading *r, struct vd_reader *reader, struct vd_err *err)
{
	enum vd_status st = VD_OK;
	while (st == VD_OK && !r->is_bad && !vd_interrupted()) {
		st = vd_reader_next(reader, r->batch, err);
		if (st == VD_END)
			return VD_OK;
		if (st != VD_OK)
			return st;
		r->file = vd_reader_file(reader, r->batch->file);
		st = each_of_batch(r, err);
	}
	if (st == VD_END) /* fn has what it wanted */
		r->is_bad = false;
	return st == VD_END ? VD_OK : st;
}

static enum vd_status
read_all(struct reading *r, const char *const paths[], size_t n, struct vd_err *err)
{
	VD_AUTO(vd_batch) batch = vd_batch_new();
	VD_AUTO(vd_batch) pieces = vd_batch_new();
	VD_AUTO(vd_reader) reader = NULL;
	struct vd_reader_options options = {.on_bad = note, .owner = r};
	if (batch == NULL || pieces == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for events");
	r->batch = batch;
	r->pieces = pieces;
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
