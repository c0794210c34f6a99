/*
 * EVTX against real logs: the regression files of SigmaHQ, each an .evtx and the same events as JSON of another
 * reader.  They are not part of this tree: VD_SHARED_DATA names the folder that holds sigma/regression.
 */
#include "event/evtx.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zlib.h>

#include "event/event.h"
#include "event/read.h"
#include "event/read_paths.h"
#include "vd_test.h"

static void
on_bad_path(void *owner, struct vd_str path, const char *what)
{
	fail_msg("%s: %s", path.at, what);
}

/* All files below sigma/regression; false: there is no such folder. */
static bool
find_logs(struct vd_paths *paths)
{
	const char *shared = getenv("VD_SHARED_DATA");
	char folder[1024];
	vd_paths_init(paths, on_bad_path, NULL);
	(void)snprintf(folder, sizeof folder, "%s/sigma/regression", shared == NULL ? "/nowhere" : shared);
	return access(folder, R_OK) == 0 && vd_paths_add(paths, folder, NULL) == VD_OK;
}

static const char *
no_logs(void)
{
	return getenv("VD_SHARED_DATA") == NULL
		       ? "VD_SHARED_DATA is not set: it names a folder of public rules and events"
		       : "the folder that VD_SHARED_DATA names has no sigma/regression";
}

static bool
is_evtx(const struct vd_path *path)
{
	return vd_str_ends(path->name, ".evtx");
}

/* ---- the same events as another reader has them ---- */

struct side {
	struct vd_keys *keys;
	struct vd_event_parser *parser;
	struct vd_reader *reader;
	struct vd_batch *batch;
	size_t i;
	struct vd_event ev;
};

static void
on_bad(void *owner, const struct vd_bad_input *bad)
{
	fail_msg(
		"%.*s: %llu: %s", (int)bad->file.len, bad->file.at, (unsigned long long)bad->line, bad->what);
}

static void
side_init(struct side *side, const char *path)
{
	struct vd_reader_options options = {.on_bad = on_bad};
	*side = (struct side){.keys = vd_keys_new()};
	side->parser = vd_event_parser_new(side->keys);
	side->batch = vd_batch_new();
	assert_int_equal(vd_reader_new(&path, 1, &options, &side->reader, NULL), VD_OK);
}

static void
side_fini(struct side *side)
{
	vd_event_parser_free(side->parser);
	vd_keys_free(side->keys);
	vd_reader_free(side->reader);
	vd_batch_free(side->batch);
}

static bool
side_next(struct side *side)
{
	if (side->i == side->batch->n) {
		side->i = 0;
		if (vd_reader_next(side->reader, side->batch, NULL) == VD_END)
			return false;
	}
	assert_int_equal(
		vd_event_parse(side->parser, side->batch->events[side->i++].text, &side->ev, NULL), VD_OK);
	assert_int_equal(side->ev.repaired, 0);
	return true;
}

/*
 * What the other reader changes (docs/events.md): blanks at the ends of values are lost, identifiers lose their
 * braces, times their seventh digit.
 */
static struct vd_str
bare(struct vd_str value)
{
	value = vd_str_trim(value);
	if (value.len == 38 && value.at[0] == '{')
		value = (struct vd_str){value.at + 1, 36};
	if (value.len == 30 && value.at[29] == 'Z' && value.at[10] == 'T')
		value.len = 26;
	if (value.len == 27 && value.at[26] == 'Z' && value.at[10] == 'T')
		value.len = 26;
	return value;
}

static bool
has_field(const struct vd_event *ev, const struct vd_field *wanted)
{
	VD_AUTO_FINI(vd_buf) a, b;
	vd_buf_init(&a, 0);
	vd_buf_init(&b, 0);
	struct vd_str name = {wanted->name, wanted->name_len}, value = vd_field_text(wanted, &a);
	for (size_t i = 0; i < ev->n; i++) {
		const struct vd_field *field = &ev->fields[i];
		vd_buf_reset(&b);
		if (vd_str_eq((struct vd_str){field->name, field->name_len}, name) &&
			(field->type == VD_F_NULL) == (wanted->type == VD_F_NULL) &&
			vd_str_eq(bare(vd_field_text(field, &b)), bare(value)))
			return true;
	}
	return false;
}

static void
assert_has_all(const struct vd_event *ev, const struct vd_event *other, const char *path)
{
	for (size_t i = 0; i < other->n; i++) {
		const struct vd_field *field = &other->fields[i];
		struct vd_str name = {field->name, field->name_len};
		if (field->type == VD_F_OBJECT || field->type == VD_F_ARRAY || vd_str_is(name, "Event_xmlns"))
			continue;
		if (!has_field(ev, field))
			fail_msg("%s: %.*s is '%.*s' on one side only", path, (int)name.len, name.at,
				(int)field->raw_len, field->raw);
	}
}

VD_TEST(an_evtx_file_gives_the_fields_of_its_json_dump)
{
	struct vd_paths paths;
	size_t pairs = 0, events = 0;
	if (!find_logs(&paths)) {
		vd_paths_fini(&paths);
		VD_SKIP(no_logs());
	}
	for (size_t i = 0; i < paths.n; i++) {
		if (!is_evtx(&paths.at[i]))
			continue;
		char dump[1024];
		(void)snprintf(
			dump, sizeof dump, "%.*sjson", (int)paths.at[i].name.len - 4, paths.at[i].name.at);
		struct side log, json;
		side_init(&log, paths.at[i].name.at);
		side_init(&json, dump);
		while (side_next(&log)) {
			assert_true(side_next(&json));
			assert_has_all(&log.ev, &json.ev, dump);
			assert_has_all(&json.ev, &log.ev, paths.at[i].name.at);
			events++;
		}
		assert_false(side_next(&json));
		side_fini(&log);
		side_fini(&json);
		pairs++;
	}
	vd_paths_fini(&paths);
	assert_true(pairs > 0 && events >= pairs);
}

/* ---- damage ---- */

static void
count_bad(void *owner, const struct vd_bad_input *bad)
{
	size_t *n = owner;
	assert_true(bad->what[0] != '\0');
	(*n)++;
}

/* Reads bytes as a file; returns its events. */
static size_t
read_bytes(const void *bytes, size_t n, size_t *ret_bad)
{
	int fd = memfd_create("evtx", MFD_CLOEXEC);
	char path[32];
	const char *name = path;
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	assert_int_equal(write(fd, bytes, n), n);
	size_t events = 0;
	*ret_bad = 0;
	struct vd_reader_options options = {.on_bad = count_bad, .owner = ret_bad};
	VD_AUTO(vd_reader) reader = NULL;
	VD_AUTO(vd_batch) batch = vd_batch_new();
	assert_int_equal(vd_reader_new(&name, 1, &options, &reader, NULL), VD_OK);
	enum vd_status st;
	while ((st = vd_reader_next(reader, batch, NULL)) == VD_OK)
		events += batch->n;
	assert_int_equal(st, VD_END);
	(void)close(fd);
	return events;
}

#define LOG_MAX (VD_EVTX_FILE_HEADER + 4 * VD_EVTX_CHUNK)

/* The first log of the shared ones with its chunk four times over; 0: there is none. */
static size_t
make_log(uint8_t to[LOG_MAX])
{
	struct vd_paths paths;
	FILE *f = NULL;
	if (find_logs(&paths))
		for (size_t i = 0; f == NULL && i < paths.n; i++)
			if (is_evtx(&paths.at[i]))
				f = fopen(paths.at[i].name.at, "rb");
	vd_paths_fini(&paths);
	if (f == NULL)
		return 0;
	size_t n = fread(to, 1, VD_EVTX_FILE_HEADER + VD_EVTX_CHUNK, f);
	(void)fclose(f);
	assert_int_equal(n, VD_EVTX_FILE_HEADER + VD_EVTX_CHUNK);
	for (size_t i = 1; i < 4; i++)
		memcpy(to + VD_EVTX_FILE_HEADER + i * VD_EVTX_CHUNK, to + VD_EVTX_FILE_HEADER, VD_EVTX_CHUNK);
	return LOG_MAX;
}

VD_TEST(damage_in_one_chunk_costs_no_other)
{
	static uint8_t log[LOG_MAX];
	size_t bad, n = make_log(log);
	if (n == 0)
		VD_SKIP(no_logs());
	size_t each = read_bytes(log, n, &bad) / 4;
	assert_true(each > 0);
	assert_int_equal(bad, 0);
	uint8_t *second = log + VD_EVTX_FILE_HEADER + VD_EVTX_CHUNK;
	memset(second + 48, 0xff, 4); /* where the free space begins: libevtx alone gives up the file */
	assert_true(read_bytes(log, n, &bad) >= 4 * each);
	assert_true(bad > 0);
	memset(second, 0xff, VD_EVTX_CHUNK);
	assert_int_equal(read_bytes(log, n, &bad), 3 * each);
	assert_int_equal(bad, 1);
	/* bytes that are missing move what follows */
	assert_true(make_log(log) == n);
	memmove(second + 40000, second + 50000, (size_t)(log + n - (second + 50000)));
	assert_int_equal(read_bytes(log, n - 10000, &bad), 4 * each);
	assert_true(bad > 0);
}

VD_TEST(a_log_that_is_cut_off_is_read_up_to_there)
{
	static uint8_t log[LOG_MAX];
	size_t bad, n = make_log(log);
	if (n == 0)
		VD_SKIP(no_logs());
	size_t all = read_bytes(log, n, &bad), before = 0;
	for (size_t cut = VD_EVTX_FILE_HEADER; cut <= n; cut += 4096) {
		size_t events = read_bytes(log, cut, &bad);
		assert_true(events >= before && events <= all);
		assert_true(cut % VD_EVTX_CHUNK == VD_EVTX_FILE_HEADER || bad > 0);
		before = events;
	}
	assert_int_equal(before, all);
	assert_int_equal(read_bytes(log, 100, &bad), 0);
	assert_int_equal(bad, 1);
}

VD_TEST(a_packed_log_is_read)
{
	static uint8_t log[LOG_MAX], packed[LOG_MAX + 4096];
	size_t bad, n = make_log(log);
	if (n == 0)
		VD_SKIP(no_logs());
	z_stream z = {
		.next_in = log, .avail_in = (unsigned)n, .next_out = packed, .avail_out = sizeof packed};
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(read_bytes(packed, z.total_out, &bad), read_bytes(log, n, &bad));
	assert_int_equal(bad, 0);
	(void)deflateEnd(&z);
}

VD_TEST(any_damage_is_survived)
{
	static uint8_t log[LOG_MAX], damaged[LOG_MAX];
	size_t bad, n = make_log(log);
	if (n == 0)
		VD_SKIP(no_logs());
	uint64_t random = 88172645463325252u; /* xorshift: the same damage in every run */
	n = VD_EVTX_FILE_HEADER + VD_EVTX_CHUNK;
	for (unsigned round = 0; round < 300; round++) {
		memcpy(damaged, log, n);
		for (unsigned i = 0; i < 1u << (round % 8); i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			/* most records lie at the start of the chunk */
			size_t range = round % 2 ? n : VD_EVTX_FILE_HEADER + 4096;
			damaged[(random >> 8) % range] = (uint8_t)random;
		}
		(void)read_bytes(damaged, n, &bad);
	}
}
