/*
 * Any bytes through the cutter, at once and in pieces: both give the same events, in order and without overlap.
 * The first byte sets the size of the pieces and whether events longer than 64 bytes are too long.
 */
#include "event/cut.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define LIMIT 4096u
#define LIMIT_LOW 64u /* so that inputs of the usual length have events beyond it */

struct found {
	const char *text; /* of the whole input */
	size_t limit;
	size_t n, cap, bad;
	struct place {
		size_t from, len;
		uint64_t line;
	} * at;
};

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
on_bad(void *owner, uint64_t line, const char *what)
{
	struct found *found = owner;
	must(what[0] != '\0');
	found->bad++;
}

/* Cut as a line on its own, an event's pieces stand in it, in order and without overlap. */
static void
cut_line(struct found *found, const struct vd_batch_event *event)
{
	VD_AUTO(vd_batch) pieces = vd_batch_new();
	const char *behind = event->text.at;
	size_t bad = found->bad;
	must(pieces != NULL && vd_cut_line(event, on_bad, found, pieces, NULL) == VD_OK);
	must(pieces->n > 0 || found->bad > bad || !vd_cut_finds_more(event->text));
	found->bad = bad;
	for (size_t i = 0; i < pieces->n; i++) {
		const struct vd_batch_event *piece = &pieces->events[i];
		must(piece->text.at >= behind && piece->text.len > 0 && piece->text.at[0] == '{');
		behind = piece->text.at + piece->text.len;
	}
	must(behind <= event->text.at + event->text.len);
}

static void
take(struct found *found, const struct vd_batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		const struct vd_batch_event *event = &batch->events[i];
		size_t from = (size_t)(event->text.at - found->text);
		void *at = found->at;
		must(event->text.len > 0 && event->text.len <= found->limit && event->text.at[0] == '{');
		must(found->n == 0 || from >= found->at[found->n - 1].from + found->at[found->n - 1].len);
		must(vd_mem_grow(&at, &found->cap, found->n + 1, sizeof *found->at, 64) != 0);
		found->at = at;
		found->at[found->n++] = (struct place){from, event->text.len, event->line};
		cut_line(found, event);
	}
}

static void
cut(struct vd_str text, size_t step, struct found *found)
{
	VD_AUTO(vd_batch) batch = vd_batch_new();
	struct vd_cutter cutter;
	must(batch != NULL);
	vd_cutter_init(&cutter, found->limit, on_bad, found);
	size_t from = 0, to = 0;
	do {
		size_t used;
		to = VD_MIN(text.len, to + step);
		batch->n = 0;
		must(vd_cutter_run(&cutter, (struct vd_str){text.at + from, to - from}, to == text.len, batch,
			     &used, NULL) == VD_OK);
		must(used <= to - from);
		take(found, batch);
		from += used;
	} while (to < text.len);
	must(from == text.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (n < 2)
		return 0;
	struct vd_str text = {(const char *)bytes + 1, n - 1};
	size_t limit = (bytes[0] & 0x80) != 0 ? LIMIT_LOW : LIMIT;
	struct found whole = {.text = text.at, .limit = limit}, pieces = whole;
	cut(text, text.len, &whole);
	cut(text, (size_t)(bytes[0] & 0x7f) + 1, &pieces);
	/* what is too long may be dropped before it is seen where it would have been cut */
	if (text.len <= limit) {
		must(whole.n == pieces.n && whole.bad == pieces.bad);
		for (size_t i = 0; i < whole.n; i++)
			must(whole.at[i].from == pieces.at[i].from && whole.at[i].len == pieces.at[i].len &&
				whole.at[i].line == pieces.at[i].line);
	}
	vd_mem_free(whole.at);
	vd_mem_free(pieces.at);
	return 0;
}
