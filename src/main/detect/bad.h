/*
 * Bad input: each piece named on stderr with its place, the first VD_BAD_NAMED of a file; the rest is counted and
 * said at the end.  What the reader cannot cut is known before what the parser refuses: it is held until then, so that
 * all is said in the order of the input.  Thread: main thread.
 */
#ifndef VD_MAIN_DETECT_BAD_H
#define VD_MAIN_DETECT_BAD_H

#include "base/arena.h"
#include "base/status.h"
#include "event/read.h"

#define VD_BAD_NAMED 20u

struct vd_bad;

struct vd_bad *vd_bad_new(void) VD_MUST_USE;
void vd_bad_free(struct vd_bad *bad);
/* For vd_reader_options.on_bad: owner is a struct vd_bad. */
void vd_bad_note(void *owner, const struct vd_bad_input *input);
/* n pieces of file that nobody has words for. */
void vd_bad_add(struct vd_bad *bad, struct vd_str file, uint64_t n);
/* Puts the place inside the event, where err has one, behind its words.  before: bytes before the event on its line. */
void vd_bad_place(struct vd_err *err, uint32_t before);
uint64_t vd_bad_count(const struct vd_bad *bad);
void vd_bad_say_rest(const struct vd_bad *bad);

#define VD_BAD_HELD_MAX 1024u /* pieces with their words */

/* Names of files are borrowed. */
struct vd_bad_held {
	struct vd_arena *arena; /* words */
	struct vd_bad_input *at;
	size_t n, cap;
	uint64_t of_file; /* pieces among them that are of the last one's file */
};

bool vd_bad_held_init(struct vd_bad_held *held) VD_MUST_USE;
void vd_bad_held_fini(struct vd_bad_held *held);
/* False: no room or no memory; say what is held, then this. */
bool vd_bad_hold(struct vd_bad_held *held, const struct vd_bad_input *input) VD_MUST_USE;
/* Says what is held and n other pieces, all of one file and in the order of its lines.  Nothing is held then. */
void vd_bad_say(struct vd_bad *bad, struct vd_bad_held *held, const struct vd_bad_input others[], size_t n);

VD_AUTO_DEFINE(vd_bad, vd_bad_free)

#endif
