#include "event/read.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"
#include "event/read_evtx.h"
#include "event/read_held.h"
#include "event/read_paths.h"
#include "event/read_text.h"

#define MAX_EVENT_BYTES ((size_t)64 << 20)
#define BATCH_BYTES ((size_t)1 << 20)

enum kind { CLOSED, TEXT, EVTX, ENDED };

struct vd_reader {
	uint32_t magic;
#define VD_READER_MAGIC 0x72656101u
	struct vd_reader_options options;
	struct vd_paths paths;
	size_t file;  /* the one that is read, or is next */
	uint8_t kind; /* of the file that is read */
	struct vd_inflow *in;
	struct vd_text_source text;
	struct vd_evtx_source evtx;
	bool holds; /* nothing shows yet that the file, found in a folder, holds events */
	struct vd_held held;
	uint64_t sequence;
	uint64_t bad, bad_before; /* pieces reported; before this file */
	uint64_t done;            /* bytes of the files that are finished */
	uint64_t total;
};

struct vd_batch *
vd_batch_new(void)
{
	struct vd_batch *batch = vd_mem_zalloc(1, sizeof *batch);
	if (batch != NULL)
		vd_buf_init(&batch->bytes, 0);
	return batch;
}

void
vd_batch_free(struct vd_batch *batch)
{
	if (batch == NULL)
		return;
	vd_buf_fini(&batch->bytes);
	vd_mem_free(batch->events);
	vd_mem_free(batch);
}

/* ---- what cannot be read ---- */

static void
report(struct vd_reader *reader, struct vd_str file, uint64_t line, const char *what, uint64_t more)
{
	const struct vd_bad_input bad = {file, line, what, more};
	reader->bad += 1 + more;
	if (reader->options.on_bad != NULL)
		reader->options.on_bad(reader->options.owner, &bad);
}

static void
on_bad_path(void *owner, struct vd_str path, const char *what)
{
	report(owner, path, 0, what, 0);
}

static void
on_bad_piece(void *owner, uint64_t line, const char *what)
{
	struct vd_reader *reader = owner;
	if (reader->holds)
		vd_held_add(&reader->held, line, what);
	else
		report(reader, reader->paths.at[reader->file].name, line, what, 0);
}

/* The file holds events after all, or breaks off: what was held back is reported. */
static void
let_go(struct vd_reader *reader)
{
	const struct vd_held *held = &reader->held;
	uint64_t named = VD_MIN(held->n, (uint64_t)VD_HELD_NAMED);
	reader->holds = false;
	for (uint64_t i = 0; i < named; i++)
		report(reader, reader->paths.at[reader->file].name, held->at[i].line, held->at[i].what,
			i + 1 == named ? held->n - named : 0);
}

/* Events of a file that is not known to hold any: the first that looks like one decides. */
static void
look_at_events(struct vd_reader *reader, struct vd_batch *batch)
{
	bool any = false;
	for (size_t i = 0; i < batch->n && !any; i++)
		any = vd_held_is_object(batch->events[i].text);
	if (any) {
		let_go(reader);
		return;
	}
	for (size_t i = 0; i < batch->n; i++)
		on_bad_piece(reader, batch->events[i].line, "not a JSON object, skipped");
	batch->n = 0;
}

/* Formats that are told apart only to say what to do with them. */
static const struct {
	const char *magic;
	uint8_t len;
	const char *what;
} foreign[] = {
	{"PK\3\4", 4, "a zip archive: unpack it first"},
	{"BZh", 3, "a bzip2 file: unpack it first (gzip and zstd are read as they are)"},
	{"\xfd"
	 "7zXZ",
		5, "an xz file: unpack it first (gzip and zstd are read as they are)"},
	{"7z\xbc\xaf\x27\x1c", 6, "a 7z archive: unpack it first"},
	{"\4\"M\x18", 4, "an lz4 file: unpack it first (gzip and zstd are read as they are)"},
	{"LfLe", 4, "an event log of Windows XP (.evt), which is not read: convert it to .evtx first"},
	{"\x1f\x8b", 2, "packed twice: unpack it once first"},
	{"\x28\xb5\x2f\xfd", 4, "packed twice: unpack it once first"},
	{"SQLite format 3", 16, "an SQLite database: export its rows as NDJSON"},
	{"PAR1", 4, "a Parquet file: export its rows as NDJSON"},
	{"Obj\1", 4, "an Avro file: export its rows as NDJSON"},
	{"%PDF-", 5, "a PDF document: it holds no events"},
	{"\x7f"
	 "ELF",
		4, "a program: it holds no events"},
};

static const char *
find_foreign(struct vd_str head)
{
	for (size_t i = 0; i < VD_ARRAY_LEN(foreign); i++)
		if (head.len >= foreign[i].len && memcmp(head.at, foreign[i].magic, foreign[i].len) == 0)
			return foreign[i].what;
	static const char old_evt[] = {'0', 0, 0, 0, 'L', 'f', 'L', 'e'}; /* its header's size comes first */
	if (head.len >= sizeof old_evt && memcmp(head.at, old_evt, sizeof old_evt) == 0)
		return "an event log of Windows XP (.evt), which is not read: convert it to .evtx first";
	/* POSIX, pax, "ustar Interchange Format": magic of the first member's header */
	if (head.len >= 262 && memcmp(head.at + 257, "ustar", 5) == 0)
		return "a tar archive: unpack it first";
	return NULL;
}

/* ---- one file ---- */

static int
open_path(const char *name)
{
	if (strcmp(name, "-") == 0)
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	return open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

/* Chooses by content.  VD_EINPUT and VD_EIO: nothing of the file can be read. */
static enum vd_status
start(struct vd_reader *reader, struct vd_err *err)
{
	struct vd_str head;
	enum vd_status st = vd_inflow_head(reader->in, &head, err);
	if (st != VD_OK)
		return st;
	const char *what = find_foreign(head);
	if (what != NULL)
		return vd_fail(err, VD_EINPUT, "%s", what);
	if (head.len == 0)
		return vd_fail(err, VD_EINPUT, "the file is empty");
	if (head.len >= 8 && memcmp(head.at, "ElfFile", 8) == 0) {
		reader->kind = EVTX;
		return vd_evtx_source_start(&reader->evtx, reader->in, reader->options.batch_bytes, err);
	}
	reader->kind = TEXT;
	reader->holds = reader->paths.at[reader->file].found;
	vd_cutter_init(&reader->text.cutter, reader->options.max_event_bytes, on_bad_piece, reader);
	vd_text_source_start(&reader->text, reader->in, head, reader->options.batch_bytes);
	return VD_OK;
}

static enum vd_status
open_file(struct vd_reader *reader, struct vd_err *err)
{
	const struct vd_path *path = &reader->paths.at[reader->file];
	/* opening a named pipe may wait as well */
	if (reader->options.on_wait != NULL && path->waits)
		reader->options.on_wait(reader->options.owner);
	int fd = open_path(path->name.at);
	reader->bad_before = reader->bad;
	reader->holds = false;
	reader->held.n = 0;
	if (fd < 0)
		return vd_fail(
			err, path->found ? VD_EIO : VD_ENOTFOUND, "cannot be opened: %s", strerror(errno));
	enum vd_status st = vd_inflow_new(fd, &reader->in, err);
	if (st != VD_OK)
		return st;
	vd_inflow_on_wait(reader->in, reader->options.on_wait, reader->options.owner);
	return start(reader, err);
}

static void
close_file(struct vd_reader *reader)
{
	vd_inflow_free(reader->in);
	reader->in = NULL;
	reader->kind = CLOSED;
	reader->done += reader->paths.at[reader->file].size;
	reader->file++;
}

/* The file gives no more: says why if it should have, and moves on when its last batch was taken. */
static void
end_file(struct vd_reader *reader, enum vd_status st, const struct vd_err *err)
{
	if (st == VD_END && reader->holds && reader->held.n > 0) {
		reader->holds = false;
		on_bad_piece(reader, 0, "not an event file: no line of it is a JSON object; skipped");
	}
	if (reader->holds)
		let_go(reader);
	if (st != VD_END)
		on_bad_piece(reader, reader->kind == TEXT ? reader->text.cutter.line : 0, err->text);
	else if (reader->kind == TEXT && reader->text.events == 0 && reader->bad == reader->bad_before)
		on_bad_piece(reader, 0, "the file holds no event");
	reader->kind = ENDED;
}

static bool
is_of_file(enum vd_status st)
{
	return st == VD_END || st == VD_EINPUT || st == VD_EIO;
}

static enum vd_status
next_of_text(struct vd_reader *reader, struct vd_batch *batch, struct vd_err *err)
{
	enum vd_status st = vd_text_source_next(&reader->text, batch, err);
	if (reader->holds && batch->n > 0)
		look_at_events(reader, batch);
	return st;
}

enum vd_status
vd_reader_next(struct vd_reader *reader, struct vd_batch *batch, struct vd_err *err)
{
	vd_obj_check(reader, VD_READER_MAGIC);
	batch->n = 0;
	while (batch->n == 0) {
		struct vd_err words = VD_ERR_INIT;
		enum vd_status st = VD_OK;
		if (reader->kind == ENDED)
			close_file(reader);
		if (reader->file == reader->paths.n)
			return VD_END;
		if (reader->kind == CLOSED)
			st = open_file(reader, &words);
		if (st == VD_OK && reader->kind == TEXT)
			st = next_of_text(reader, batch, &words);
		else if (st == VD_OK)
			st = vd_evtx_source_next(&reader->evtx, batch, &words);
		if (st != VD_OK && !is_of_file(st))
			return vd_fail(err, st, "%s: %s", reader->paths.at[reader->file].name.at, words.text);
		if (st != VD_OK)
			end_file(reader, st, &words);
	}
	batch->file = (uint32_t)reader->file;
	batch->sequence = reader->sequence++;
	return VD_OK;
}

/* ---- the whole ---- */

enum vd_status
vd_reader_new(const char *const paths[], size_t n, const struct vd_reader_options *options,
	struct vd_reader **ret, struct vd_err *err)
{
	VD_AUTO(vd_reader) reader = vd_obj_new(struct vd_reader, VD_READER_MAGIC);
	if (reader == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a reader");
	vd_paths_init(&reader->paths, on_bad_path, reader);
	vd_buf_init(&reader->text.rest, 0);
	vd_buf_init(&reader->text.wide, 0);
	if (options != NULL)
		reader->options = *options;
	if (reader->options.max_event_bytes == 0)
		reader->options.max_event_bytes = MAX_EVENT_BYTES;
	if (reader->options.batch_bytes == 0)
		reader->options.batch_bytes = BATCH_BYTES;
	reader->evtx.on_bad = on_bad_piece;
	reader->evtx.owner = reader;
	for (size_t i = 0; i < n; i++) {
		enum vd_status st = vd_paths_add(&reader->paths, paths[i], err);
		if (st != VD_OK)
			return st;
	}
	for (size_t i = 0; i < reader->paths.n; i++)
		reader->total += reader->paths.at[i].size;
	*ret = vd_reader_take(&reader);
	return VD_OK;
}

void
vd_reader_free(struct vd_reader *reader)
{
	if (reader == NULL)
		return;
	vd_obj_check(reader, VD_READER_MAGIC);
	vd_inflow_free(reader->in);
	vd_text_source_fini(&reader->text);
	vd_evtx_source_fini(&reader->evtx);
	vd_paths_fini(&reader->paths);
	vd_obj_free(reader);
}

size_t
vd_reader_files(const struct vd_reader *reader)
{
	return reader->paths.n;
}

struct vd_str
vd_reader_file(const struct vd_reader *reader, size_t file)
{
	return reader->paths.at[file].name;
}

void
vd_reader_progress(const struct vd_reader *reader, uint64_t *ret_done, uint64_t *ret_total)
{
	uint64_t done = reader->done;
	if (reader->in != NULL)
		done += VD_MIN(vd_inflow_taken(reader->in), reader->paths.at[reader->file].size);
	*ret_done = done;
	*ret_total = reader->total;
}

uint64_t
vd_reader_bad(const struct vd_reader *reader)
{
	return reader->bad;
}
