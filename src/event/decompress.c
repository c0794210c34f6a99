#include "event/decompress.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"

#define ROOM (256u << 10) /* compressed bytes read at once */

enum format { UNKNOWN, PLAIN, GZIP, ZSTD };

struct vd_inflow {
	uint32_t magic;
#define VD_INFLOW_MAGIC 0x696e6601u
	int fd;
	uint8_t format;
	bool regular; /* a file on disk: reading never waits */
	void (*on_wait)(void *owner);
	void *owner;
	bool end;      /* the descriptor gives no more */
	bool inside;   /* a member or frame has begun and not ended */
	bool finished; /* failed, or everything was handed out */
	uint64_t taken;
	z_stream gzip;
	bool gzip_ready;
	ZSTD_DCtx *zstd;
	char head[VD_INFLOW_HEAD_MAX];
	size_t head_n, head_i;
	bool head_ready;
	enum vd_status behind; /* the head: what ended the content there, for the read that comes to it */
	struct vd_err behind_err;
	size_t n, i; /* bytes in buffer, and how many of them are used */
	unsigned char buffer[ROOM];
};

static void *
zlib_alloc(void *owner, unsigned n, unsigned size)
{
	return vd_mem_zalloc(n, size);
}

static void
zlib_free(void *owner, void *p)
{
	vd_mem_free(p);
}

enum vd_status
vd_inflow_new(int fd, struct vd_inflow **ret, struct vd_err *err)
{
	struct vd_inflow *in = vd_obj_new(struct vd_inflow, VD_INFLOW_MAGIC);
	if (in == NULL) {
		(void)close(fd);
		return vd_fail(err, VD_ENOMEM, "no memory to read a file");
	}
	in->fd = fd;
	struct stat st;
	in->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	/* a hint only: where it is refused reading works all the same */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	*ret = in;
	return VD_OK;
}

void
vd_inflow_free(struct vd_inflow *in)
{
	if (in == NULL)
		return;
	vd_obj_check(in, VD_INFLOW_MAGIC);
	if (in->gzip_ready)
		(void)inflateEnd(&in->gzip);
	(void)ZSTD_freeDCtx(in->zstd);
	(void)close(in->fd);
	vd_obj_free(in);
}

uint64_t
vd_inflow_taken(const struct vd_inflow *in)
{
	return in->taken;
}

void
vd_inflow_on_wait(struct vd_inflow *in, void (*on_wait)(void *owner), void *owner)
{
	vd_obj_check(in, VD_INFLOW_MAGIC);
	in->on_wait = on_wait;
	in->owner = owner;
}

/* Has the descriptor bytes, or its end, within so many milliseconds? */
static bool
comes_within(const struct vd_inflow *in, int ms)
{
	struct pollfd waiting = {.fd = in->fd, .events = POLLIN};
	return in->regular || in->end || poll(&waiting, 1, ms) > 0;
}

bool
vd_inflow_ready(const struct vd_inflow *in)
{
	return in->head_i < in->head_n || in->i < in->n || in->finished || comes_within(in, 0);
}

/* One read(2) into to; VD_END at the end. */
static enum vd_status
read_raw(struct vd_inflow *in, void *to, size_t room, size_t *ret_n, struct vd_err *err)
{
	ssize_t n;
	if (in->end)
		return VD_END;
	if (in->on_wait != NULL && !comes_within(in, VD_INFLOW_PAUSE_MS))
		in->on_wait(in->owner);
	do
		n = read(in->fd, to, room);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return vd_fail(err, VD_EIO, "cannot read: %s", strerror(errno));
	in->end = n == 0;
	in->taken += (size_t)n;
	*ret_n = (size_t)n;
	return n == 0 ? VD_END : VD_OK;
}

/* Makes sure that at least want bytes (or all there are) stand in the buffer. */
static enum vd_status
fill(struct vd_inflow *in, size_t want, struct vd_err *err)
{
	if (in->n - in->i >= want)
		return VD_OK;
	memmove(in->buffer, in->buffer + in->i, in->n - in->i);
	in->n -= in->i;
	in->i = 0;
	enum vd_status st = VD_OK;
	while (in->n < want && st == VD_OK) {
		size_t n = 0;
		st = read_raw(in, in->buffer + in->n, ROOM - in->n, &n, err);
		in->n += n;
	}
	return st == VD_END ? VD_OK : st;
}

static bool
is_gzip(const struct vd_inflow *in)
{
	const unsigned char *at = in->buffer + in->i;
	return in->n - in->i >= 2 && at[0] == 0x1f && at[1] == 0x8b;
}

/* RFC 8878: a frame, or a skippable one (0x184d2a50 to 5f) */
static bool
is_zstd(const struct vd_inflow *in)
{
	const unsigned char *at = in->buffer + in->i;
	if (in->n - in->i < 4)
		return false;
	uint32_t word =
		(uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
	return word == ZSTD_MAGICNUMBER || (word & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

static enum vd_status
find_format(struct vd_inflow *in, struct vd_err *err)
{
	enum vd_status st = fill(in, 4, err);
	if (st != VD_OK)
		return st;
	in->format = PLAIN;
	if (is_gzip(in)) {
		in->gzip.zalloc = zlib_alloc;
		in->gzip.zfree = zlib_free;
		in->gzip_ready = inflateInit2(&in->gzip, 16 + MAX_WBITS) == Z_OK; /* 16: a gzip header */
		in->format = GZIP;
		return in->gzip_ready ? VD_OK : vd_fail(err, VD_ENOMEM, "no memory to read a gzip file");
	}
	if (is_zstd(in)) {
		in->zstd = ZSTD_createDCtx();
		in->format = ZSTD;
		return in->zstd != NULL ? VD_OK : vd_fail(err, VD_ENOMEM, "no memory to read a zstd file");
	}
	return VD_OK;
}

/*
 * Between two members: VD_OK when another one begins, VD_END when all bytes are used.  Zeros are padding (tapes
 * and block devices leave them).
 */
static enum vd_status
next_member(struct vd_inflow *in, bool (*begins)(const struct vd_inflow *in), const char *format,
	struct vd_err *err)
{
	for (;;) {
		enum vd_status st = fill(in, 4, err);
		if (st != VD_OK)
			return st;
		if (in->n == in->i)
			return VD_END;
		if (begins(in))
			return VD_OK;
		if (in->buffer[in->i] != 0)
			return vd_fail(err, VD_EINPUT,
				"bytes that are not %s follow the %s data: they were not read", format,
				format);
		in->i++;
	}
}

static enum vd_status
cut_off(const char *format, struct vd_err *err)
{
	return vd_fail(err, VD_EINPUT, "the %s data is cut off: what came before was read", format);
}

static enum vd_status
read_gzip(struct vd_inflow *in, char *to, size_t room, size_t *ret_n, struct vd_err *err)
{
	z_stream *z = &in->gzip;
	z->next_out = (unsigned char *)to;
	z->avail_out = (unsigned)VD_MIN(room, (size_t)1 << 30);
	unsigned first = z->avail_out;
	while (z->avail_out == first) {
		enum vd_status st = in->inside ? fill(in, 1, err) : next_member(in, is_gzip, "gzip", err);
		if (st != VD_OK)
			return st;
		if (in->n == in->i)
			return cut_off("gzip", err);
		in->inside = true;
		z->next_in = in->buffer + in->i;
		z->avail_in = (unsigned)(in->n - in->i);
		int rc = inflate(z, Z_NO_FLUSH);
		in->i = in->n - z->avail_in;
		if (rc == Z_STREAM_END) {
			in->inside = false;
			(void)inflateReset(z);
		} else if (rc != Z_OK && rc != Z_BUF_ERROR && z->avail_out == first) {
			return vd_fail(err, VD_EINPUT,
				"the gzip data is damaged (%s): what came before was read",
				z->msg == NULL ? "wrong format" : z->msg);
		}
	}
	*ret_n = first - z->avail_out;
	return VD_OK;
}

static enum vd_status
read_zstd(struct vd_inflow *in, char *to, size_t room, size_t *ret_n, struct vd_err *err)
{
	ZSTD_outBuffer out = {to, room, 0};
	while (out.pos == 0) {
		enum vd_status st = in->inside ? VD_OK : next_member(in, is_zstd, "zstd", err);
		if (st == VD_OK)
			st = fill(in, 1, err);
		if (st != VD_OK)
			return st;
		/* with no more to give the decoder may still hold output */
		bool starved = in->n == in->i;
		ZSTD_inBuffer more = {in->buffer, in->n, in->i};
		size_t rc = ZSTD_decompressStream(in->zstd, &out, &more);
		in->i = more.pos;
		if (ZSTD_isError(rc))
			return vd_fail(err, VD_EINPUT,
				"the zstd data is damaged (%s): what came before was read",
				ZSTD_getErrorName(rc));
		in->inside = rc != 0;
		if (starved && out.pos == 0 && in->inside)
			return cut_off("zstd", err);
	}
	*ret_n = out.pos;
	return VD_OK;
}

static enum vd_status
read_plain(struct vd_inflow *in, char *to, size_t room, size_t *ret_n, struct vd_err *err)
{
	if (in->i == in->n)
		return read_raw(in, to, room, ret_n, err);
	*ret_n = VD_MIN(room, in->n - in->i);
	memcpy(to, in->buffer + in->i, *ret_n);
	in->i += *ret_n;
	return VD_OK;
}

static enum vd_status
read_content(struct vd_inflow *in, char *to, size_t room, size_t *ret_n, struct vd_err *err)
{
	enum vd_status st = in->finished ? VD_END : VD_OK;
	if (st == VD_OK && in->format == UNKNOWN)
		st = find_format(in, err);
	if (st == VD_OK && in->format == GZIP)
		st = read_gzip(in, to, room, ret_n, err);
	else if (st == VD_OK && in->format == ZSTD)
		st = read_zstd(in, to, room, ret_n, err);
	else if (st == VD_OK)
		st = read_plain(in, to, room, ret_n, err);
	in->finished = st != VD_OK;
	return st;
}

/* A pipe that pauses behind its first event is not waited for. */
static bool
wants_head(const struct vd_inflow *in)
{
	bool enough = in->head_n >= VD_INFLOW_HEAD ||
		      (in->head_n >= 2 && (in->head[0] == '{' || in->head[0] == '['));
	if (enough && in->i == in->n && !comes_within(in, 0))
		return false;
	return in->head_n < VD_INFLOW_HEAD_MAX;
}

enum vd_status
vd_inflow_head(struct vd_inflow *in, struct vd_str *ret, struct vd_err *err)
{
	vd_obj_check(in, VD_INFLOW_MAGIC);
	enum vd_status st = VD_OK;
	struct vd_err words = VD_ERR_INIT;
	while (!in->head_ready && st == VD_OK && wants_head(in)) {
		size_t n = 0;
		st = read_content(in, in->head + in->head_n, VD_INFLOW_HEAD_MAX - in->head_n, &n, &words);
		in->head_n += n;
	}
	in->head_ready = true;
	*ret = (struct vd_str){in->head, in->head_n};
	if (st == VD_OK || st == VD_END)
		return VD_OK;
	if (in->head_n == 0)
		return vd_fail(err, st, "%s", words.text);
	in->behind = st;
	in->behind_err = words;
	return VD_OK;
}

enum vd_status
vd_inflow_read(struct vd_inflow *in, char *to, size_t room, size_t *ret_n, struct vd_err *err)
{
	vd_obj_check(in, VD_INFLOW_MAGIC);
	if (in->head_i == in->head_n && in->behind != VD_OK) {
		enum vd_status st = in->behind;
		in->behind = VD_OK; /* the stream is at its end */
		return vd_fail(err, st, "%s", in->behind_err.text);
	}
	if (in->head_i == in->head_n)
		return read_content(in, to, room, ret_n, err);
	*ret_n = VD_MIN(room, in->head_n - in->head_i);
	memcpy(to, in->head + in->head_i, *ret_n);
	in->head_i += *ret_n;
	return VD_OK;
}
