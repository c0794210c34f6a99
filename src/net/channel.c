#include "net/channel.h"

#include "base/mem.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MOST_MS 20000
#define EPOCH_CHECK_MS 500
#define PING_ANSWER_MS 10000
#define CONNECTIONS_MAX 64u

struct link {
	struct link *next, *before;
	struct vd_channel *channel;
	struct vd_conn *conn;
	struct vd_http2 *http2; /* NULL: not yet */
	const struct vd_addr *addr;
	int64_t ping_at_ms;
};

struct vd_channel {
	uint32_t magic;
#define VD_CHANNEL_MAGIC 0x6368616eu
	struct vd_channel_setup setup;
	struct vd_demand demand; /* the setup's, and the protocol */
	struct link *links;
	uint32_t n_links, n_opening;
	struct vd_waiter *first, *last;
	size_t next_addr;
	int64_t backoff_ms, again_ms; /* again_ms: no attempt before */
	struct vd_err why;            /* of the last failed attempt */
	struct vd_timer timer;        /* of the next attempt */
	struct vd_timer check;        /* epoch, pings */
	uint64_t epoch, random;
	struct vd_exchange_pool pool;
	struct vd_task serve;
	bool closing;
	void (*gone)(void *owner);
	void *gone_owner;
};

static struct vd_channel *
of_timer(struct vd_timer *timer)
{
	return (struct vd_channel *)(void *)((char *)timer - offsetof(struct vd_channel, timer));
}

static struct vd_channel *
of_check(struct vd_timer *timer)
{
	return (struct vd_channel *)(void *)((char *)timer - offsetof(struct vd_channel, check));
}

static struct vd_channel *
of_serve(struct vd_task *task)
{
	return (struct vd_channel *)(void *)((char *)task - offsetof(struct vd_channel, serve));
}

/* ---- waiters ---- */

void
vd_channel_forget(struct vd_channel *channel, struct vd_waiter *waiter)
{
	if (!waiter->waiting)
		return;
	waiter->waiting = false;
	*(waiter->before == NULL ? &channel->first : &waiter->before->next) = waiter->next;
	*(waiter->next == NULL ? &channel->last : &waiter->next->before) = waiter->before;
}

static void
enqueue(struct vd_channel *channel, struct vd_waiter *waiter)
{
	waiter->waiting = true;
	waiter->next = NULL;
	waiter->before = channel->last;
	if (channel->last == NULL)
		channel->first = waiter;
	else
		channel->last->next = waiter;
	channel->last = waiter;
}

static void
tell(struct vd_channel *channel, struct vd_waiter *waiter, struct vd_http2 *session, const struct vd_err *why)
{
	vd_channel_forget(channel, waiter);
	waiter->ready(waiter, session, why);
}

/* Those that do not want to wait.  Each is looked at once, whatever those told ask for anew. */
static void
disappoint(struct vd_channel *channel)
{
	struct vd_err why = channel->why;
	size_t n = 0;
	for (const struct vd_waiter *waiter = channel->first; waiter != NULL; waiter = waiter->next)
		n++;
	for (; n > 0 && channel->first != NULL; n--) {
		struct vd_waiter *waiter = channel->first;
		vd_channel_forget(channel, waiter);
		if (waiter->patient)
			enqueue(channel, waiter);
		else
			waiter->ready(waiter, NULL, &why);
	}
}

/* ---- connections ---- */

/* The one with the fewest exchanges of those that take more. */
static struct vd_http2 *
best(const struct vd_channel *channel)
{
	struct vd_http2 *found = NULL;
	for (struct link *link = channel->links; link != NULL; link = link->next)
		if (link->http2 != NULL && vd_http2_takes(link->http2) > 0 &&
			(found == NULL || vd_http2_open(link->http2) < vd_http2_open(found)))
			found = link->http2;
	return found;
}

static uint32_t
useful_links(const struct vd_channel *channel)
{
	uint32_t n = channel->n_opening;
	for (struct link *link = channel->links; link != NULL; link = link->next)
		n += link->http2 != NULL && !vd_http2_is_draining(link->http2);
	return n;
}

static void serve_soon(struct vd_channel *channel);

static void
changed(void *keeper)
{
	struct link *link = keeper;
	if (link->channel->first != NULL)
		serve_soon(link->channel);
}

static uint64_t
draw(struct vd_channel *channel)
{
	channel->random ^= channel->random << 13;
	channel->random ^= channel->random >> 7;
	channel->random ^= channel->random << 17;
	return channel->random;
}

/* Up to half of the wait is taken off at random. */
static void
back_off(struct vd_channel *channel)
{
	channel->backoff_ms = channel->backoff_ms == 0 ? BACKOFF_FIRST_MS
						       : VD_MIN(channel->backoff_ms * 2, BACKOFF_MOST_MS);
	int64_t off = (int64_t)(draw(channel) % (uint64_t)(channel->backoff_ms / 2 + 1));
	channel->again_ms = vd_loop_now(channel->setup.loop) + channel->backoff_ms - off;
}

static void
discard(struct vd_channel *channel)
{
	vd_loop_clear_timer(channel->setup.loop, &channel->timer);
	vd_loop_clear_timer(channel->setup.loop, &channel->check);
	vd_loop_take_back(channel->setup.loop, &channel->serve);
	vd_exchange_pool_fini(&channel->pool);
	void (*gone)(void *) = channel->gone;
	void *owner = channel->gone_owner;
	vd_obj_free(channel);
	if (gone != NULL)
		gone(owner);
}

static void
link_closed(void *owner, const struct vd_err *why)
{
	struct link *link = owner;
	struct vd_channel *channel = link->channel;
	bool opened = link->http2 != NULL;
	if (channel->setup.report != NULL)
		channel->setup.report(channel->setup.owner, link->addr, why);
	*(link->before == NULL ? &channel->links : &link->before->next) = link->next;
	if (link->next != NULL)
		link->next->before = link->before;
	channel->n_links--;
	vd_mem_free(link);
	if (!opened) {
		channel->n_opening--;
		channel->why = *why;
		back_off(channel);
	}
	if (channel->closing && channel->n_links == 0)
		discard(channel);
	else if (channel->first != NULL)
		serve_soon(channel);
}

static void
link_opened(void *owner, struct vd_conn *conn)
{
	struct link *link = owner;
	struct vd_channel *channel = link->channel;
	struct vd_err err = VD_ERR_INIT;
	struct vd_http2_setup setup = {
		.limits = channel->setup.limits,
		.changed = changed,
		.closed = link_closed,
		.keeper = link,
		.pool = &channel->pool,
	};
	if (vd_http2_new(&setup, conn, &link->http2, &err) != VD_OK) {
		vd_conn_abort(conn, &err);
		return;
	}
	channel->n_opening--;
	channel->backoff_ms = 0;
	link->ping_at_ms = vd_loop_now(channel->setup.loop) + channel->setup.keep_alive_ms;
	serve_soon(channel);
}

static const struct vd_conn_ops link_ops = {.opened = link_opened, .closed = link_closed};

static enum vd_status
open_link(struct vd_channel *channel, struct vd_err *err)
{
	struct link *link = vd_mem_zalloc(1, sizeof *link);
	if (link == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a connection");
	link->channel = channel;
	link->addr = &channel->setup.addrs[channel->next_addr++ % channel->setup.n_addrs];
	struct vd_conn_setup setup = {
		.loop = channel->setup.loop,
		.identity = channel->setup.identity,
		.demand = &channel->demand,
		.times = channel->setup.times,
		.ops = &link_ops,
		.owner = link,
	};
	enum vd_status st = vd_conn_connect(&setup, link->addr, channel->setup.host, &link->conn, err);
	if (st != VD_OK) {
		vd_mem_free(link);
		return st;
	}
	link->next = channel->links;
	if (channel->links != NULL)
		channel->links->before = link;
	channel->links = link;
	channel->n_links++;
	channel->n_opening++;
	return VD_OK;
}

/* One more connection where waiters have none, now or when the wait is over. */
static void
try_again(struct vd_channel *channel)
{
	int64_t now = vd_loop_now(channel->setup.loop);
	if (channel->n_opening > 0 || useful_links(channel) >= channel->setup.connections_max)
		return;
	if (now < channel->again_ms) {
		disappoint(channel);
		if (channel->first != NULL)
			(void)!vd_loop_set_timer(channel->setup.loop, &channel->timer, channel->again_ms);
		return;
	}
	if (open_link(channel, &channel->why) == VD_OK)
		return;
	if (channel->setup.report != NULL)
		channel->setup.report(channel->setup.owner, &channel->setup.addrs[0], &channel->why);
	back_off(channel);
	disappoint(channel);
	if (channel->first != NULL)
		(void)!vd_loop_set_timer(channel->setup.loop, &channel->timer, channel->again_ms);
}

static void
serve(struct vd_task *task)
{
	struct vd_channel *channel = of_serve(task);
	struct vd_http2 *session;
	while (channel->first != NULL && (session = best(channel)) != NULL)
		tell(channel, channel->first, session, NULL);
	if (channel->first != NULL && !channel->closing)
		try_again(channel);
}

static void
serve_soon(struct vd_channel *channel)
{
	vd_loop_put_off(channel->setup.loop, &channel->serve);
}

static void
due(struct vd_timer *timer)
{
	serve_soon(of_timer(timer));
}

/* Has a peer been revoked; is one silent? */
static void
check(struct vd_timer *timer)
{
	struct vd_channel *channel = of_check(timer);
	const struct vd_identity *identity = channel->setup.identity;
	int64_t now = vd_loop_now(channel->setup.loop);
	uint64_t epoch = identity == NULL ? 0 : identity->epoch(identity->owner);
	for (struct link *link = channel->links; link != NULL; link = link->next) {
		if (epoch != channel->epoch)
			vd_conn_judge_again(link->conn);
		if (link->http2 == NULL || channel->setup.keep_alive_ms == 0 || now < link->ping_at_ms)
			continue;
		link->ping_at_ms = now + channel->setup.keep_alive_ms;
		if (vd_http2_open(link->http2) > 0)
			vd_http2_ping(link->http2, PING_ANSWER_MS);
	}
	channel->epoch = epoch;
	(void)!vd_loop_set_timer(channel->setup.loop, timer, now + EPOCH_CHECK_MS);
}

void
vd_channel_ask(struct vd_channel *channel, struct vd_waiter *waiter)
{
	vd_obj_check(channel, VD_CHANNEL_MAGIC);
	struct vd_http2 *session = channel->first == NULL ? best(channel) : NULL;
	if (session != NULL) {
		waiter->ready(waiter, session, NULL);
		return;
	}
	enqueue(channel, waiter);
	serve_soon(channel);
}

enum vd_status
vd_channel_new(const struct vd_channel_setup *setup, struct vd_channel **ret, struct vd_err *err)
{
	if (setup->n_addrs == 0 || setup->connections_max == 0 || setup->connections_max > CONNECTIONS_MAX)
		return vd_fail(err, VD_EINPUT, "a channel has at least one address and 1 to %u connections",
			CONNECTIONS_MAX);
	for (size_t i = 0; i < setup->n_addrs; i++)
		if (setup->identity == NULL && !vd_addr_is_unix(&setup->addrs[i]))
			return vd_fail(err, VD_EDENIED, "a connection over a network needs an identity");
	struct vd_channel *channel = vd_obj_new(struct vd_channel, VD_CHANNEL_MAGIC);
	if (channel == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a channel");
	channel->setup = *setup;
	if (setup->demand != NULL)
		channel->demand = *setup->demand;
	channel->demand.alpn = "\x02h2"; /* RFC 7301 */
	channel->random = setup->seed | 1;
	channel->timer.due = due;
	channel->check.due = check;
	channel->serve.run = serve;
	channel->epoch = setup->identity == NULL ? 0 : setup->identity->epoch(setup->identity->owner);
	if (!vd_loop_set_timer(setup->loop, &channel->check, vd_loop_now(setup->loop) + EPOCH_CHECK_MS)) {
		vd_obj_free(channel);
		return vd_fail(err, VD_ENOMEM, "no memory for a channel");
	}
	*ret = channel;
	return VD_OK;
}

void
vd_channel_free(struct vd_channel *channel, void (*gone)(void *owner), void *owner)
{
	struct vd_err why = VD_ERR_INIT;
	if (channel == NULL)
		return;
	vd_obj_check(channel, VD_CHANNEL_MAGIC);
	channel->closing = true;
	channel->gone = gone;
	channel->gone_owner = owner;
	(void)vd_fail(&why, VD_EAGAIN, "the channel was closed");
	while (channel->first != NULL)
		tell(channel, channel->first, NULL, &why);
	for (struct link *link = channel->links; link != NULL; link = link->next)
		if (link->http2 != NULL && vd_http2_open(link->http2) == 0)
			vd_conn_drain(link->conn);
		else
			vd_conn_abort(link->conn, &why);
	if (channel->n_links == 0)
		discard(channel);
}

const char *
vd_channel_host(const struct vd_channel *channel)
{
	return channel->setup.host;
}

struct vd_loop *
vd_channel_loop(const struct vd_channel *channel)
{
	return channel->setup.loop;
}

uint32_t
vd_channel_connections(const struct vd_channel *channel)
{
	return channel->n_links - channel->n_opening;
}
