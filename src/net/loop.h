/*
 * One thread's events: descriptors (epoll), timers (a heap), tasks posted by other threads, and work put off to the end
 * of a round.
 *
 * Watches, timers and tasks stand inside their owners' structures; the loop borrows them while they are set and
 * allocates only its heap of timers.  A callback may unset or free any watch, timer or task, its own included: events
 * already fetched for a watch that was unset are dropped.
 *
 * Time: vd_loop_now is the monotonic clock as of the round's start, vd_loop_wall the real one; both in milliseconds and
 * from the clock the loop was given, so that a test need not wait.
 *
 * A process with a loop ignores SIGPIPE, unless it handles it itself.
 *
 * Thread: one owner, the thread in vd_loop_run; vd_loop_post and vd_loop_stop are for any thread.
 */
#ifndef VD_NET_LOOP_H
#define VD_NET_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/status.h"

struct vd_loop;

struct vd_clock {
	int64_t (*now_ms)(void *owner);  /* monotonic */
	int64_t (*wall_ms)(void *owner); /* Unix milliseconds */
	void *owner;
};

/* The system's clocks. */
extern const struct vd_clock vd_clock_system;

enum vd_status vd_loop_new(
	const struct vd_clock *clock, struct vd_loop **ret, struct vd_err *err) VD_MUST_USE;
void vd_loop_free(struct vd_loop *loop);

/* Until vd_loop_stop; fails only where epoll does. */
enum vd_status vd_loop_run(struct vd_loop *loop, struct vd_err *err) VD_MUST_USE;
/* One round: waits at most wait_ms (-1: as long as the timers allow). */
enum vd_status vd_loop_round(struct vd_loop *loop, int wait_ms, struct vd_err *err) VD_MUST_USE;
void vd_loop_stop(struct vd_loop *loop);

int64_t vd_loop_now(const struct vd_loop *loop);
int64_t vd_loop_wall(const struct vd_loop *loop);

/* ---- descriptors: level-triggered ---- */

#define VD_READABLE 1u
#define VD_WRITABLE 2u
#define VD_HUNG_UP 4u /* the other side has gone, or an error is pending: always reported */

struct vd_watch {
	void (*ready)(struct vd_watch *watch, unsigned events); /* VD_READABLE … */
	int fd;
	unsigned events; /* asked for; 0: not set */
};

/* fd and ready are there.  Sets, or changes what is asked for. */
enum vd_status vd_loop_watch(
	struct vd_loop *loop, struct vd_watch *watch, unsigned events, struct vd_err *err) VD_MUST_USE;
void vd_loop_unwatch(struct vd_loop *loop, struct vd_watch *watch);

/* ---- timers ---- */

struct vd_timer {
	void (*due)(struct vd_timer *timer);
	int64_t at_ms;
	size_t place; /* in the heap, 1-based; 0: not set */
};

/* Sets or moves; at_ms of vd_loop_now's clock.  False: out of memory, the timer is as it was. */
bool vd_loop_set_timer(struct vd_loop *loop, struct vd_timer *timer, int64_t at_ms) VD_MUST_USE;
void vd_loop_clear_timer(struct vd_loop *loop, struct vd_timer *timer);

/* ---- work ---- */

struct vd_task {
	void (*run)(struct vd_task *task);
	struct vd_task *next;
	_Atomic bool posted;
};

/* From any thread: runs once, soon, on the loop's.  A task that is posted already stays so. */
void vd_loop_post(struct vd_loop *loop, struct vd_task *task);
/* From the loop's thread: runs at the end of this round, before it waits. */
void vd_loop_put_off(struct vd_loop *loop, struct vd_task *task);
/* Takes back a task that was put off; the loop's thread. */
void vd_loop_take_back(struct vd_loop *loop, struct vd_task *task);

VD_AUTO_DEFINE(vd_loop, vd_loop_free)

#endif
