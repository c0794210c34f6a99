#include "net/loop.h"

#include <pthread.h>
#include <unistd.h>

#include "vd_test.h"

/* A clock that goes only when told to. */
struct fake {
	int64_t now_ms;
};

static int64_t
fake_now(void *owner)
{
	return ((struct fake *)owner)->now_ms;
}

static struct vd_loop *
loop_at(struct fake *fake)
{
	struct vd_loop *loop;
	struct vd_clock clock = {fake_now, fake_now, fake};
	assert_int_equal(vd_loop_new(&clock, &loop, NULL), VD_OK);
	return loop;
}

static void
one_round(struct vd_loop *loop)
{
	assert_int_equal(vd_loop_round(loop, 0, NULL), VD_OK);
}

struct alarm {
	struct vd_timer timer;
	struct vd_loop *loop;
	int64_t again_after; /* 0: once */
	unsigned n;
	unsigned *order, mine;
	struct alarm *clears;
};

static void
due(struct vd_timer *timer)
{
	struct alarm *alarm = (struct alarm *)(void *)timer;
	alarm->n++;
	if (alarm->order != NULL)
		alarm->mine = (*alarm->order)++;
	if (alarm->clears != NULL)
		vd_loop_clear_timer(alarm->loop, &alarm->clears->timer);
	if (alarm->again_after != 0)
		assert_true(vd_loop_set_timer(
			alarm->loop, timer, vd_loop_now(alarm->loop) + alarm->again_after - 1));
}

VD_TEST(timers_come_in_the_order_of_their_times_and_not_before)
{
	struct fake fake = {1000};
	VD_AUTO(vd_loop) loop = loop_at(&fake);
	struct alarm alarms[200] = {0};
	unsigned order = 0;
	for (unsigned i = 0; i < VD_ARRAY_LEN(alarms); i++) {
		alarms[i] = (struct alarm){.timer.due = due, .loop = loop, .order = &order};
		assert_true(vd_loop_set_timer(loop, &alarms[i].timer, 1001 + (i * 77) % 200));
	}
	for (unsigned i = 0; i < VD_ARRAY_LEN(alarms); i += 3) /* some are moved, */
		assert_true(vd_loop_set_timer(loop, &alarms[i].timer, 1300 - (i * 77) % 200));
	for (unsigned i = 1; i < VD_ARRAY_LEN(alarms); i += 3) /* some cleared */
		vd_loop_clear_timer(loop, &alarms[i].timer);
	one_round(loop);
	assert_int_equal(order, 0);
	fake.now_ms = 1100;
	one_round(loop);
	for (unsigned i = 0; i < VD_ARRAY_LEN(alarms); i++)
		assert_int_equal(alarms[i].n, i % 3 != 1 && alarms[i].timer.at_ms <= 1100);
	fake.now_ms = 2000;
	one_round(loop);
	for (unsigned i = 0; i < VD_ARRAY_LEN(alarms); i++) {
		assert_int_equal(alarms[i].n, i % 3 != 1);
		for (unsigned k = 0; k < i; k++)
			if (i % 3 != 1 && k % 3 != 1 && alarms[i].timer.at_ms < alarms[k].timer.at_ms)
				assert_true(alarms[i].mine < alarms[k].mine);
	}
}

VD_TEST(a_timer_set_anew_for_now_waits_for_the_next_round)
{
	struct fake fake = {0};
	VD_AUTO(vd_loop) loop = loop_at(&fake);
	struct alarm alarm = {.timer.due = due, .loop = loop, .again_after = 1};
	assert_true(vd_loop_set_timer(loop, &alarm.timer, 0));
	one_round(loop);
	assert_int_equal(alarm.n, 1);
	one_round(loop);
	assert_int_equal(alarm.n, 2);
}

VD_TEST(a_timer_may_clear_another_that_is_due_too)
{
	struct fake fake = {0};
	VD_AUTO(vd_loop) loop = loop_at(&fake);
	struct alarm second = {.timer.due = due, .loop = loop};
	struct alarm first = {.timer.due = due, .loop = loop, .clears = &second};
	assert_true(vd_loop_set_timer(loop, &second.timer, 2) && vd_loop_set_timer(loop, &first.timer, 1));
	fake.now_ms = 5;
	one_round(loop);
	assert_int_equal(first.n, 1);
	assert_int_equal(second.n, 0);
}

struct pair {
	struct vd_watch watch;
	struct vd_loop *loop;
	struct vd_watch *other;
	unsigned n, events;
};

static void
ready(struct vd_watch *watch, unsigned events)
{
	struct pair *pair = (struct pair *)(void *)watch;
	pair->n++;
	pair->events |= events;
	if (pair->other != NULL)
		vd_loop_unwatch(pair->loop, pair->other);
}

VD_TEST(an_event_of_a_watch_that_was_unset_in_the_same_round_is_dropped)
{
	VD_AUTO(vd_loop) loop = NULL;
	assert_int_equal(vd_loop_new(&vd_clock_system, &loop, NULL), VD_OK);
	int one[2], two[2];
	assert_int_equal(pipe(one) | pipe(two), 0);
	struct pair a = {.watch = {ready, one[0], 0}, .loop = loop},
		    b = {.watch = {ready, two[0], 0}, .loop = loop};
	a.other = &b.watch;
	b.other = &a.watch;
	assert_int_equal(vd_loop_watch(loop, &a.watch, VD_READABLE, NULL), VD_OK);
	assert_int_equal(vd_loop_watch(loop, &b.watch, VD_READABLE, NULL), VD_OK);
	assert_int_equal(write(one[1], "x", 1) + write(two[1], "x", 1), 2);
	one_round(loop);
	assert_int_equal(a.n + b.n, 1);
	assert_int_equal(a.events | b.events, VD_READABLE);
	vd_loop_unwatch(loop, &a.watch);
	vd_loop_unwatch(loop, &b.watch);
	for (int i = 0; i < 2; i++)
		(void)(close(one[i]) | close(two[i]));
}

VD_TEST(the_end_of_the_other_side_is_told)
{
	VD_AUTO(vd_loop) loop = NULL;
	assert_int_equal(vd_loop_new(&vd_clock_system, &loop, NULL), VD_OK);
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	struct pair a = {.watch = {ready, fds[0], 0}, .loop = loop};
	assert_int_equal(vd_loop_watch(loop, &a.watch, VD_READABLE, NULL), VD_OK);
	(void)close(fds[1]);
	one_round(loop);
	assert_true(a.events & VD_HUNG_UP);
	vd_loop_unwatch(loop, &a.watch);
	(void)close(fds[0]);
}

struct work {
	struct vd_task task;
	struct vd_loop *loop;
	unsigned n, again;
	unsigned *order, mine;
};

static void
run(struct vd_task *task)
{
	struct work *work = (struct work *)(void *)task;
	work->n++;
	if (work->order != NULL)
		work->mine = (*work->order)++;
	if (work->again-- > 0)
		vd_loop_put_off(work->loop, task);
	else
		vd_loop_stop(work->loop);
}

static void *
poster(void *owner)
{
	struct work *work = owner;
	for (unsigned i = 0; i < 3; i++)
		vd_loop_post(work[i].loop, &work[i].task);
	return NULL;
}

VD_TEST(another_thread_s_tasks_run_in_their_order_and_wake_the_loop)
{
	VD_AUTO(vd_loop) loop = NULL;
	assert_int_equal(vd_loop_new(&vd_clock_system, &loop, NULL), VD_OK);
	unsigned order = 0;
	struct work work[3];
	for (unsigned i = 0; i < 3; i++)
		work[i] = (struct work){.task.run = run, .loop = loop, .order = &order};
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, poster, work), 0);
	while (order < 3)
		assert_int_equal(vd_loop_run(loop, NULL), VD_OK);
	(void)pthread_join(thread, NULL);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(work[i].n, 1);
		assert_int_equal(work[i].mine, i);
	}
}

VD_TEST(what_is_put_off_runs_once_a_round_until_it_is_taken_back)
{
	VD_AUTO(vd_loop) loop = NULL;
	assert_int_equal(vd_loop_new(&vd_clock_system, &loop, NULL), VD_OK);
	struct work often = {.task.run = run, .loop = loop, .again = 100},
		    never = {.task.run = run, .loop = loop};
	vd_loop_put_off(loop, &often.task);
	vd_loop_put_off(loop, &often.task);
	vd_loop_put_off(loop, &never.task);
	vd_loop_take_back(loop, &never.task);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(vd_loop_round(loop, 1000, NULL), VD_OK); /* does not wait */
		assert_int_equal(often.n, i);
	}
	assert_int_equal(never.n, 0);
	vd_loop_take_back(loop, &often.task);
}

VD_TEST(survives_every_out_of_memory)
{
	VD_TORTURE
	{
		struct fake fake = {0};
		struct vd_clock clock = {fake_now, fake_now, &fake};
		VD_AUTO(vd_loop) loop = NULL;
		struct alarm alarm = {.timer.due = due};
		struct vd_err err = VD_ERR_INIT;
		enum vd_status st = vd_loop_new(&clock, &loop, &err);
		assert_true(st == VD_OK || st == VD_ENOMEM);
		if (st == VD_OK && vd_loop_set_timer(loop, &alarm.timer, 0)) {
			one_round(loop);
			assert_int_equal(alarm.n, 1);
		}
	}
}
