#include "main/detect/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

#define READ_BYTES (1u << 18) /* of a run at a time */

/* A record in memory and in a run: this head, then len bytes. */
struct head {
	int64_t time_ms;
	uint64_t line;
	uint32_t file;
	uint32_t len;
};

struct entry {
	int64_t time_ms;
	size_t at; /* in bytes; grows with arrival, so it also orders equal times */
};

struct run {
	off_t at, end;     /* not yet read part of the spill file */
	struct vd_buf buf; /* read part */
	size_t used;       /* of buf */
	bool has;          /* record is the next one of this run */
	struct vd_hold_record record;
};

struct vd_hold {
	size_t memory_bytes;
	struct vd_buf bytes;
	struct entry *entries;
	size_t n, cap;
	int fd; /* spill file, -1: none */
	off_t written;
	struct run *runs;
	size_t n_runs, cap_runs;
};

enum vd_status
vd_hold_new(size_t memory_bytes, struct vd_hold **ret, struct vd_err *err)
{
	struct vd_hold *hold = vd_mem_zalloc(1, sizeof *hold);
	if (hold == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for correlations");
	hold->memory_bytes = memory_bytes == 0 ? VD_HOLD_BYTES : memory_bytes;
	hold->fd = -1;
	vd_buf_init(&hold->bytes, 0);
	*ret = hold;
	return VD_OK;
}

void
vd_hold_free(struct vd_hold *hold)
{
	if (hold == NULL)
		return;
	for (size_t i = 0; i < hold->n_runs; i++)
		vd_buf_fini(&hold->runs[i].buf);
	if (hold->fd >= 0)
		close(hold->fd);
	vd_buf_fini(&hold->bytes);
	vd_mem_free(hold->entries);
	vd_mem_free(hold->runs);
	vd_mem_free(hold);
}

size_t
vd_hold_runs(const struct vd_hold *hold)
{
	return hold->n_runs;
}

/* ---- records in memory ---- */

static int
by_time(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	if (x->time_ms != y->time_ms)
		return x->time_ms < y->time_ms ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static struct vd_hold_record
record_at(const char *at, struct head *ret_head)
{
	memcpy(ret_head, at, sizeof *ret_head);
	return (struct vd_hold_record){
		ret_head->time_ms, ret_head->file, ret_head->line, {at + sizeof *ret_head, ret_head->len}};
}

/* ---- spilling ---- */

static int
open_spill(void)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	if (folder == NULL || folder[0] != '/')
		folder = "/tmp";
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	/* a file system without O_TMPFILE */
	int n = snprintf(path, sizeof path, "%s/vedette-XXXXXX", folder);
	if (n < 0 || (size_t)n >= sizeof path)
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(path);
	return fd;
}

static bool
write_all(struct vd_hold *hold, struct vd_str bytes)
{
	while (bytes.len > 0) {
		ssize_t n = pwrite(hold->fd, bytes.at, bytes.len, hold->written);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		hold->written += n;
		bytes.at += n;
		bytes.len -= (size_t)n;
	}
	return true;
}

/* Writes the sorted entries; out of them comes one run. */
static bool
write_run(struct vd_hold *hold)
{
	struct vd_buf block;
	bool ok = true;
	vd_buf_init(&block, 0);
	for (size_t i = 0; i < hold->n && ok; i++) {
		struct head head;
		const char *at = hold->bytes.at + hold->entries[i].at;
		(void)record_at(at, &head);
		vd_buf_add(&block, at, sizeof head + head.len);
		if (block.len >= READ_BYTES || i + 1 == hold->n) {
			ok = !block.failed && write_all(hold, vd_buf_view(&block));
			vd_buf_reset(&block);
		}
	}
	vd_buf_fini(&block);
	return ok;
}

static enum vd_status
spill(struct vd_hold *hold, struct vd_err *err)
{
	void *runs = hold->runs;
	if (hold->n_runs >= VD_HOLD_MAX_RUNS)
		return vd_fail(err, VD_ELIMIT,
			"more correlated events than %u spilled parts hold; correlate a shorter time "
			"(--since)",
			VD_HOLD_MAX_RUNS);
	if (!vd_mem_grow(&runs, &hold->cap_runs, hold->n_runs + 1, sizeof *hold->runs, 16))
		return vd_fail(err, VD_ENOMEM, "no memory for correlations");
	hold->runs = runs;
	if (hold->fd < 0)
		hold->fd = open_spill();
	if (hold->fd < 0)
		return vd_fail(err, VD_EIO,
			"cannot make a temporary file for correlated events: %s; set TMPDIR",
			strerrordesc_np(errno));
	off_t begin = hold->written;
	qsort(hold->entries, hold->n, sizeof *hold->entries, by_time);
	if (!write_run(hold))
		return vd_fail(err, VD_EIO,
			"cannot write correlated events to a temporary file: %s; set TMPDIR",
			strerrordesc_np(errno));
	hold->runs[hold->n_runs] = (struct run){.at = begin, .end = hold->written};
	vd_buf_init(&hold->runs[hold->n_runs].buf, 0);
	hold->n_runs++;
	hold->n = 0;
	vd_buf_reset(&hold->bytes);
	return VD_OK;
}

enum vd_status
vd_hold_add(struct vd_hold *hold, const struct vd_hold_record *record, struct vd_err *err)
{
	struct head head = {record->time_ms, record->line, record->file, (uint32_t)record->bytes.len};
	void *entries = hold->entries;
	if (record->bytes.len > UINT32_MAX)
		return vd_fail(err, VD_ELIMIT, "an event brings more than 4 GiB to correlations");
	if (hold->n > 0 && hold->bytes.len + hold->n * sizeof *hold->entries > hold->memory_bytes) {
		enum vd_status st = spill(hold, err);
		if (st != VD_OK)
			return st;
	}
	if (!vd_mem_grow(&entries, &hold->cap, hold->n + 1, sizeof *hold->entries, 256))
		return vd_fail(err, VD_ENOMEM, "no memory for correlations");
	hold->entries = entries;
	hold->entries[hold->n] = (struct entry){record->time_ms, hold->bytes.len};
	vd_buf_add(&hold->bytes, &head, sizeof head);
	vd_buf_str(&hold->bytes, record->bytes);
	if (hold->bytes.failed)
		return vd_fail(err, VD_ENOMEM, "no memory for correlations");
	hold->n++;
	return VD_OK;
}

/* ---- merging ---- */

/* Makes need bytes of the run readable at buf.at + used. */
static bool
fill(struct vd_hold *hold, struct run *run, size_t need)
{
	size_t left = run->buf.len - run->used;
	if (left >= need)
		return true;
	if (left > 0)
		memmove(run->buf.at, run->buf.at + run->used, left);
	run->buf.len = left;
	run->used = 0;
	if (!vd_buf_room(&run->buf, VD_MAX(need, (size_t)READ_BYTES)))
		return false;
	while (run->buf.len < need && run->at < run->end) {
		size_t want = VD_MIN(run->buf.cap - run->buf.len - 1, (size_t)(run->end - run->at));
		ssize_t n = pread(hold->fd, run->buf.at + run->buf.len, want, run->at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		run->at += n;
		run->buf.len += (size_t)n;
	}
	return run->buf.len >= need;
}

static bool
next_of_run(struct vd_hold *hold, struct run *run)
{
	struct head head;
	run->has = false;
	if (run->at == run->end && run->used == run->buf.len)
		return true;
	if (!fill(hold, run, sizeof head))
		return false;
	(void)record_at(run->buf.at + run->used, &head);
	if (!fill(hold, run, sizeof head + head.len))
		return false;
	run->record = record_at(run->buf.at + run->used, &head);
	run->used += sizeof head + head.len;
	run->has = true;
	return true;
}

/* The run with the earliest record; of equal times the older run, which came first. */
static struct run *
earliest(struct vd_hold *hold)
{
	struct run *best = NULL;
	for (size_t i = 0; i < hold->n_runs; i++) {
		struct run *run = &hold->runs[i];
		if (run->has && (best == NULL || run->record.time_ms < best->record.time_ms))
			best = run;
	}
	return best;
}

static enum vd_status
read_failed(struct vd_err *err)
{
	return vd_fail(err, VD_EIO, "cannot read correlated events back from the temporary file: %s",
		strerrordesc_np(errno));
}

enum vd_status
vd_hold_drain(struct vd_hold *hold,
	enum vd_status (*fn)(void *owner, const struct vd_hold_record *record, struct vd_err *err),
	void *owner, struct vd_err *err)
{
	size_t next = 0;
	if (hold->n > 0)
		qsort(hold->entries, hold->n, sizeof *hold->entries, by_time);
	for (size_t i = 0; i < hold->n_runs; i++)
		if (!next_of_run(hold, &hold->runs[i]))
			return read_failed(err);
	for (;;) {
		struct run *run = earliest(hold);
		struct vd_hold_record record;
		struct head head;
		if (next < hold->n && (run == NULL || hold->entries[next].time_ms < run->record.time_ms)) {
			record = record_at(hold->bytes.at + hold->entries[next++].at, &head);
			run = NULL;
		} else if (run != NULL) {
			record = run->record;
		} else {
			break;
		}
		enum vd_status st = fn(owner, &record, err);
		if (st != VD_OK)
			return st;
		if (run != NULL && !next_of_run(hold, run))
			return read_failed(err);
	}
	hold->n = 0;
	vd_buf_reset(&hold->bytes);
	return VD_OK;
}
