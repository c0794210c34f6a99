#include "net/loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

#define FETCHED_MAX 256u /* events taken from the kernel at once */

struct vd_loop {
	uint32_t magic;
#define VD_LOOP_MAGIC 0x6c6f6f70u
	struct vd_clock clock;
	int epoll;
	struct vd_watch wake; /* an eventfd: another thread has posted */
	int64_t now_ms;
	_Atomic bool stopped;
	/* timers: a binary heap, places from 1 */
	struct vd_timer **heap;
	size_t n_timers, heap_cap;
	_Atomic(struct vd_task *) posted; /* newest first */
	struct vd_task *put_off, **put_off_end;
	/* events of this round that are still to be given out */
	struct epoll_event fetched[FETCHED_MAX];
	unsigned n_fetched;
};

static int64_t
milliseconds(clockid_t id)
{
	struct timespec t;
	(void)clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t
system_now(void *owner)
{
	(void)owner;
	return milliseconds(CLOCK_MONOTONIC);
}

static int64_t
system_wall(void *owner)
{
	(void)owner;
	return milliseconds(CLOCK_REALTIME);
}

const struct vd_clock vd_clock_system = {system_now, system_wall, NULL};

/* Takes the count, so that the descriptor is quiet again. */
static void
woken(struct vd_watch *watch, unsigned events)
{
	(void)events;
	uint64_t n;
	(void)!read(watch->fd, &n, sizeof n);
}

/* A peer that has gone must not end the process: OpenSSL writes without MSG_NOSIGNAL. */
static void
ignore_broken_pipes(void)
{
	struct sigaction now;
	if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		(void)signal(SIGPIPE, SIG_IGN);
}

enum vd_status
vd_loop_new(const struct vd_clock *clock, struct vd_loop **ret, struct vd_err *err)
{
	VD_AUTO(vd_loop) loop = vd_obj_new(struct vd_loop, VD_LOOP_MAGIC);
	if (loop == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for an event loop");
	ignore_broken_pipes();
	loop->clock = *clock;
	loop->put_off_end = &loop->put_off;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->wake = (struct vd_watch){woken, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), 0};
	if (loop->epoll < 0 || loop->wake.fd < 0)
		return vd_fail(err, VD_EIO, "an event loop: %s", strerror(errno));
	enum vd_status st = vd_loop_watch(loop, &loop->wake, VD_READABLE, err);
	if (st != VD_OK)
		return st;
	loop->now_ms = clock->now_ms(clock->owner);
	*ret = vd_loop_take(&loop);
	return VD_OK;
}

void
vd_loop_free(struct vd_loop *loop)
{
	if (loop == NULL)
		return;
	vd_obj_check(loop, VD_LOOP_MAGIC);
	if (loop->wake.fd >= 0)
		(void)close(loop->wake.fd);
	if (loop->epoll >= 0)
		(void)close(loop->epoll);
	vd_mem_free(loop->heap);
	vd_obj_free(loop);
}

int64_t
vd_loop_now(const struct vd_loop *loop)
{
	return loop->now_ms;
}

int64_t
vd_loop_wall(const struct vd_loop *loop)
{
	return loop->clock.wall_ms(loop->clock.owner);
}

/* ---- descriptors ---- */

enum vd_status
vd_loop_watch(struct vd_loop *loop, struct vd_watch *watch, unsigned events, struct vd_err *err)
{
	uint32_t asked =
		(events & VD_READABLE ? EPOLLIN | EPOLLRDHUP : 0u) | (events & VD_WRITABLE ? EPOLLOUT : 0u);
	struct epoll_event one = {.events = asked, .data.ptr = watch};
	if (watch->events == (events | VD_HUNG_UP))
		return VD_OK;
	if (epoll_ctl(loop->epoll, watch->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, watch->fd, &one) != 0)
		return vd_fail(err, VD_EIO, "watching descriptor %d: %s", watch->fd, strerror(errno));
	watch->events = events | VD_HUNG_UP; /* never 0 while set */
	return VD_OK;
}

void
vd_loop_unwatch(struct vd_loop *loop, struct vd_watch *watch)
{
	if (watch->events == 0)
		return;
	(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->events = 0;
	for (unsigned i = 0; i < loop->n_fetched; i++)
		if (loop->fetched[i].data.ptr == watch)
			loop->fetched[i].data.ptr = NULL;
}

static unsigned
events_of(uint32_t kernel)
{
	unsigned events = kernel & EPOLLIN ? VD_READABLE : 0;
	events |= kernel & EPOLLOUT ? VD_WRITABLE : 0;
	return events | (kernel & (EPOLLERR | EPOLLHUP | EPOLLRDHUP) ? VD_HUNG_UP : 0);
}

/* ---- timers ---- */

static void
put(struct vd_loop *loop, size_t place, struct vd_timer *timer)
{
	loop->heap[place - 1] = timer;
	timer->place = place;
}

static struct vd_timer *
at_place(const struct vd_loop *loop, size_t place)
{
	return loop->heap[place - 1];
}

/* Moves the timer up or down to where it belongs; its place is free. */
static void
settle(struct vd_loop *loop, size_t place, struct vd_timer *timer)
{
	for (; place > 1 && at_place(loop, place / 2)->at_ms > timer->at_ms; place /= 2)
		put(loop, place, at_place(loop, place / 2));
	for (size_t kid; (kid = place * 2) <= loop->n_timers; place = kid) {
		if (kid < loop->n_timers && at_place(loop, kid + 1)->at_ms < at_place(loop, kid)->at_ms)
			kid++;
		if (at_place(loop, kid)->at_ms >= timer->at_ms)
			break;
		put(loop, place, at_place(loop, kid));
	}
	put(loop, place, timer);
}

bool
vd_loop_set_timer(struct vd_loop *loop, struct vd_timer *timer, int64_t at_ms)
{
	void *heap = loop->heap;
	if (timer->place == 0) {
		if (!vd_mem_grow(&heap, &loop->heap_cap, loop->n_timers + 1, sizeof(struct vd_timer *), 64))
			return false;
		loop->heap = heap;
		timer->place = ++loop->n_timers;
	}
	timer->at_ms = at_ms;
	settle(loop, timer->place, timer);
	return true;
}

void
vd_loop_clear_timer(struct vd_loop *loop, struct vd_timer *timer)
{
	size_t place = timer->place;
	if (place == 0)
		return;
	timer->place = 0;
	struct vd_timer *last = at_place(loop, loop->n_timers--);
	if (last != timer)
		settle(loop, place, last);
}

/* Each timer that is due by now, also those that one sets anew for this moment only in the next round. */
static void
run_timers(struct vd_loop *loop)
{
	for (size_t n = loop->n_timers; n > 0 && loop->n_timers > 0; n--) {
		struct vd_timer *first = at_place(loop, 1);
		if (first->at_ms > loop->now_ms)
			return;
		vd_loop_clear_timer(loop, first);
		first->due(first);
	}
}

static int
wait_for(const struct vd_loop *loop, int wait_ms)
{
	if (loop->put_off != NULL || atomic_load(&loop->stopped))
		return 0;
	if (loop->n_timers == 0)
		return wait_ms;
	int64_t left = at_place(loop, 1)->at_ms - loop->clock.now_ms(loop->clock.owner);
	int until = left <= 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
	return wait_ms < 0 ? until : VD_MIN(wait_ms, until);
}

/* ---- work ---- */

void
vd_loop_post(struct vd_loop *loop, struct vd_task *task)
{
	if (atomic_exchange(&task->posted, true))
		return;
	struct vd_task *first = atomic_load(&loop->posted);
	do
		task->next = first;
	while (!atomic_compare_exchange_weak(&loop->posted, &first, task));
	uint64_t one = 1;
	(void)!write(loop->wake.fd, &one, sizeof one); /* full: it is awake */
}

/* Those posted so far, oldest first. */
static void
run_posted(struct vd_loop *loop)
{
	struct vd_task *newest = atomic_exchange(&loop->posted, NULL), *oldest = NULL;
	while (newest != NULL) {
		struct vd_task *next = newest->next;
		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	while (oldest != NULL) {
		struct vd_task *next = oldest->next;
		atomic_store(&oldest->posted, false); /* may be posted again from here on */
		oldest->run(oldest);
		oldest = next;
	}
}

void
vd_loop_put_off(struct vd_loop *loop, struct vd_task *task)
{
	if (atomic_exchange(&task->posted, true))
		return;
	task->next = NULL;
	*loop->put_off_end = task;
	loop->put_off_end = &task->next;
}

void
vd_loop_take_back(struct vd_loop *loop, struct vd_task *task)
{
	for (struct vd_task **at = &loop->put_off; *at != NULL; at = &(*at)->next) {
		if (*at != task)
			continue;
		*at = task->next;
		if (loop->put_off_end == &task->next)
			loop->put_off_end = at;
		atomic_store(&task->posted, false);
		return;
	}
}

/* What they put off themselves waits for the next round. */
static void
run_put_off(struct vd_loop *loop)
{
	size_t n = 0;
	for (const struct vd_task *task = loop->put_off; task != NULL; task = task->next)
		n++;
	for (; n > 0 && loop->put_off != NULL; n--) {
		struct vd_task *task = loop->put_off;
		vd_loop_take_back(loop, task);
		task->run(task);
	}
}

enum vd_status
vd_loop_round(struct vd_loop *loop, int wait_ms, struct vd_err *err)
{
	vd_obj_check(loop, VD_LOOP_MAGIC);
	int n = epoll_wait(loop->epoll, loop->fetched, FETCHED_MAX, wait_for(loop, wait_ms));
	if (n < 0 && errno != EINTR)
		return vd_fail(err, VD_EIO, "waiting for events: %s", strerror(errno));
	loop->now_ms = loop->clock.now_ms(loop->clock.owner);
	loop->n_fetched = n < 0 ? 0 : (unsigned)n;
	for (unsigned i = 0; i < loop->n_fetched; i++) {
		struct vd_watch *watch = loop->fetched[i].data.ptr;
		if (watch != NULL)
			watch->ready(watch, events_of(loop->fetched[i].events));
	}
	loop->n_fetched = 0;
	run_posted(loop);
	run_timers(loop);
	run_put_off(loop);
	return VD_OK;
}

enum vd_status
vd_loop_run(struct vd_loop *loop, struct vd_err *err)
{
	enum vd_status st = VD_OK;
	while (st == VD_OK && !atomic_load(&loop->stopped))
		st = vd_loop_round(loop, -1, err);
	atomic_store(&loop->stopped, false);
	return st;
}

void
vd_loop_stop(struct vd_loop *loop)
{
	uint64_t one = 1;
	atomic_store(&loop->stopped, true);
	(void)!write(loop->wake.fd, &one, sizeof one);
}
