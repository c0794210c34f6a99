#include "event/read.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

#include "event/event.h"
#include "vd_test.h"

/* ---- files without a folder: descriptors of memory, read by their path ---- */

struct memory_file {
	int fd;
	char path[32];
};

static struct memory_file
memory_file(struct vd_str bytes)
{
	struct memory_file file = {.fd = memfd_create("test", MFD_CLOEXEC)};
	assert_true(file.fd >= 0);
	assert_int_equal(write(file.fd, bytes.at, bytes.len), bytes.len);
	(void)snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.fd);
	return file;
}

/* What a reader gives, one line each: "0 7: {…}" for file 0, line 7, and "path 7! words" for bad input. */
struct seen {
	struct vd_buf out;
	struct vd_buf bad;
	size_t batches;
};

static void
seen_init(struct seen *seen)
{
	vd_buf_init(&seen->out, 0);
	vd_buf_init(&seen->bad, 0);
	vd_buf_text(&seen->out, "");
	vd_buf_text(&seen->bad, "");
	seen->batches = 0;
}

static void
seen_fini(struct seen *seen)
{
	vd_buf_fini(&seen->out);
	vd_buf_fini(&seen->bad);
}

static void
on_bad(void *owner, const struct vd_bad_input *bad)
{
	struct seen *seen = owner;
	const char *slash = memrchr(bad->file.at, '/', bad->file.len);
	const char *name = slash == NULL ? bad->file.at : slash + 1;
	vd_buf_printf(&seen->bad, "%s %llu! %s\n", strncmp(bad->file.at, "/proc/", 6) == 0 ? "file" : name,
		(unsigned long long)bad->line, bad->what);
}

static void
take_batch(struct seen *seen, const struct vd_batch *batch)
{
	assert_int_equal(batch->sequence, seen->batches++);
	assert_true(batch->n > 0);
	for (size_t i = 0; i < batch->n; i++) {
		const struct vd_batch_event *event = &batch->events[i];
		vd_buf_printf(&seen->out, "%u %llu: %.*s\n", batch->file, (unsigned long long)event->line,
			(int)event->text.len, event->text.at);
		/* the padding is the batch's own memory */
		assert_true(event->text.at >= batch->bytes.at);
		assert_true(event->text.at + event->text.len + VD_EVENT_PADDING <=
			    batch->bytes.at + batch->bytes.cap);
	}
}

static enum vd_status
read_all(const char *const paths[], size_t n, struct vd_reader_options options, struct seen *seen,
	struct vd_err *err)
{
	VD_AUTO(vd_reader) reader = NULL;
	VD_AUTO(vd_batch) batch = vd_batch_new();
	options.on_bad = on_bad;
	options.owner = seen;
	if (batch == NULL)
		return VD_ENOMEM;
	enum vd_status st = vd_reader_new(paths, n, &options, &reader, err);
	while (st == VD_OK) {
		st = vd_reader_next(reader, batch, err);
		if (st == VD_OK)
			take_batch(seen, batch);
	}
	if (st == VD_END) {
		uint64_t done, total;
		vd_reader_progress(reader, &done, &total);
		assert_int_equal(done, total);
	}
	return st;
}

static void
assert_content(struct vd_str content, const char *expected, const char *expected_bad)
{
	struct memory_file file = memory_file(content);
	/* the smallest batches as well: every event crosses from one to the next */
	for (size_t batch_bytes = 0; batch_bytes < 12; batch_bytes++) {
		struct seen seen;
		seen_init(&seen);
		const char *path = file.path;
		struct vd_reader_options options = {.batch_bytes = batch_bytes};
		assert_int_equal(read_all(&path, 1, options, &seen, NULL), VD_END);
		assert_string_equal(seen.out.at, expected);
		if (batch_bytes == 0)
			assert_string_equal(seen.bad.at, expected_bad);
		seen_fini(&seen);
	}
	(void)close(file.fd);
}

static const char two[] = "0 1: {\"a\":1}\n0 2: {\"b\":2}\n";

VD_TEST(plain_text_is_read)
{
	assert_content(VD_S("{\"a\":1}\n{\"b\":2}\n"), two, "");
	assert_content(VD_S("{\"a\":1}\n{\"b\":2}"), two, "");
	assert_content(VD_S("[{\"a\":1},{\"b\":2}]"), two, "");
	assert_content(VD_S("\xef\xbb\xbf{\"a\":1}\n{\"b\":2}"), two, "");
}

VD_TEST(an_empty_file_is_named)
{
	assert_content(VD_S(""), "", "file 0! the file is empty\n");
	assert_content(VD_S(" \n\n"), "", "file 0! the file holds no event\n");
	assert_content(VD_S("[]"), "", "file 0! the file holds no event\n");
}

VD_TEST(other_formats_are_named_and_not_read)
{
	assert_content(VD_S("PK\3\4xxxx"), "", "file 0! a zip archive: unpack it first\n");
	char tar[512] = "x.jsonl";
	memcpy(tar + 257, "ustar", 6);
	assert_content((struct vd_str){tar, sizeof tar}, "", "file 0! a tar archive: unpack it first\n");
	assert_content(VD_S("LfLe"), "",
		"file 0! an event log of Windows XP (.evt), which is not read: convert it to .evtx first\n");
	assert_content(VD_S("ElfFile\0xxx"), "",
		"file 0! an EVTX file that is cut off in its header: it holds no event\n");
}

VD_TEST(utf_16_is_read)
{
	const char text[] = "{\"a\":1}\n{\"b\":2}\n{\"c\":\"\xc3\xa9\"}\n";
	char little[128] = "\xff\xfe", big[128] = "\xfe\xff";
	size_t n = 2;
	for (const char *at = text; *at != '\0'; at++, n += 2) {
		char c = *at;
		if (c == '\xc3') {
			at++;
			c = '\xe9';
		}
		little[n] = big[n + 1] = c;
		little[n + 1] = big[n] = 0;
	}
	const char expected[] = "0 1: {\"a\":1}\n0 2: {\"b\":2}\n0 3: {\"c\":\"\xc3\xa9\"}\n";
	assert_content((struct vd_str){little, n}, expected, "");
	assert_content((struct vd_str){big, n}, expected, "");
	assert_content((struct vd_str){little + 2, n - 2}, expected, "");
	assert_content((struct vd_str){big + 2, n - 2}, expected, "");
}

VD_TEST(surrogates_are_joined_and_lone_ones_replaced)
{
	assert_content(VD_S("\xff\xfe{\0\"\0a\0\"\0:\0\"\0\x3d\xd8\x00\xde\x3d\xd8x\0\x00\xde\"\0}\0"),
		"0 1: {\"a\":\"\xf0\x9f\x98\x80\xef\xbf\xbdx\xef\xbf\xbd\"}\n", "");
}

/* ---- compression ---- */

static void
add_gzip_of(struct vd_buf *to, struct vd_str bytes)
{
	z_stream z = {.next_in = NULL};
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	size_t bound = deflateBound(&z, bytes.len);
	assert_true(vd_buf_room(to, bound));
	unsigned char in[512];
	assert_true(bytes.len <= sizeof in);
	memcpy(in, bytes.at, bytes.len);
	z.next_in = in;
	z.avail_in = (unsigned)bytes.len;
	z.next_out = (unsigned char *)to->at + to->len;
	z.avail_out = (unsigned)bound;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	to->len += z.total_out;
	(void)deflateEnd(&z);
}

static void
add_gzip(struct vd_buf *to, const char *text)
{
	add_gzip_of(to, vd_str_from(text));
}

static void
add_zstd(struct vd_buf *to, const char *text)
{
	size_t bound = ZSTD_compressBound(strlen(text));
	assert_true(vd_buf_room(to, bound));
	size_t n = ZSTD_compress(to->at + to->len, bound, text, strlen(text), 3);
	assert_false(ZSTD_isError(n));
	to->len += n;
}

VD_TEST(gzip_is_read_with_all_its_members)
{
	VD_AUTO_FINI(vd_buf) bytes;
	vd_buf_init(&bytes, 0);
	add_gzip(&bytes, "{\"a\":1}\n{\"b\"");
	add_gzip(&bytes, ":2}\n");
	assert_content(vd_buf_view(&bytes), two, "");
	vd_buf_add(&bytes, "\0\0\0", 3);
	assert_content(vd_buf_view(&bytes), two, "");
	vd_buf_text(&bytes, "junk");
	assert_content(vd_buf_view(&bytes), two,
		"file 3! bytes that are not gzip follow the gzip data: they were not read\n");
}

VD_TEST(what_is_packed_twice_or_a_packed_archive_is_named_with_what_to_do)
{
	VD_AUTO_FINI(vd_buf) once, twice;
	vd_buf_init(&once, 0);
	vd_buf_init(&twice, 0);
	add_gzip(&once, "{\"a\":1}\n");
	add_gzip_of(&twice, vd_buf_view(&once));
	assert_content(vd_buf_view(&twice), "", "file 0! packed twice: unpack it once first\n");
	vd_buf_reset(&once);
	add_zstd(&once, "{\"a\":1}\n");
	vd_buf_reset(&twice);
	add_gzip_of(&twice, vd_buf_view(&once));
	assert_content(vd_buf_view(&twice), "", "file 0! packed twice: unpack it once first\n");
	char tar[512] = "x.jsonl";
	memcpy(tar + 257, "ustar", 6);
	vd_buf_reset(&twice);
	add_gzip_of(&twice, (struct vd_str){tar, sizeof tar});
	assert_content(vd_buf_view(&twice), "", "file 0! a tar archive: unpack it first\n");
}

VD_TEST(zstd_is_read_with_all_its_frames)
{
	VD_AUTO_FINI(vd_buf) bytes;
	vd_buf_init(&bytes, 0);
	vd_buf_add(&bytes, "\x52\x2a\x4d\x18\x03\0\0\0abc", 11); /* a skippable frame */
	add_zstd(&bytes, "{\"a\":1}\n{\"b\"");
	add_zstd(&bytes, ":2}\n");
	assert_content(vd_buf_view(&bytes), two, "");
	vd_buf_text(&bytes, "junk");
	assert_content(vd_buf_view(&bytes), two,
		"file 3! bytes that are not zstd follow the zstd data: they were not read\n");
}

VD_TEST(compressed_data_that_is_cut_off_is_read_up_to_there)
{
	VD_AUTO_FINI(vd_buf) gzip, zstd;
	vd_buf_init(&gzip, 0);
	vd_buf_init(&zstd, 0);
	add_gzip(&gzip, "{\"a\":1}\n{\"b\":2}\n");
	add_zstd(&zstd, "{\"a\":1}\n{\"b\":2}\n");
	size_t whole = gzip.len;
	add_gzip(&gzip, "{\"c\":3}\n");
	gzip.len = whole + 10; /* its header */
	assert_content(
		vd_buf_view(&gzip), two, "file 3! the gzip data is cut off: what came before was read\n");
	whole = zstd.len;
	add_zstd(&zstd, "{\"c\":3}\n");
	zstd.len = whole + 8;
	assert_content(
		vd_buf_view(&zstd), two, "file 3! the zstd data is cut off: what came before was read\n");
	gzip.len = 5;
	assert_content(
		vd_buf_view(&gzip), "", "file 0! the gzip data is cut off: what came before was read\n");
}

VD_TEST(damaged_compressed_data_is_named)
{
	VD_AUTO_FINI(vd_buf) bytes;
	vd_buf_init(&bytes, 0);
	add_gzip(&bytes, "{\"a\":1}\n{\"b\":2}\n");
	size_t whole = bytes.len;
	add_gzip(&bytes, "{\"c\":3}\n");
	bytes.at[whole + 10] = '\xff';
	assert_content(vd_buf_view(&bytes), two,
		"file 3! the gzip data is damaged (invalid block type): what came before was read\n");
}

/* ---- long and short ---- */

VD_TEST(a_line_over_the_limit_costs_no_other)
{
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	vd_buf_text(&text, "{\"a\":1}\n{\"x\":\"");
	for (size_t i = 0; i < 3000000; i++)
		vd_buf_char(&text, 'x');
	vd_buf_text(&text, "\"}\n{\"b\":2}\n");
	struct memory_file file = memory_file(vd_buf_view(&text));
	const char *path = file.path;
	struct seen seen;
	seen_init(&seen);
	assert_int_equal(
		read_all(&path, 1, (struct vd_reader_options){.max_event_bytes = 1 << 20}, &seen, NULL),
		VD_END);
	assert_string_equal(seen.out.at, "0 1: {\"a\":1}\n0 3: {\"b\":2}\n");
	assert_string_equal(seen.bad.at, "file 2! an event longer than 1048576 bytes, skipped\n");
	seen_fini(&seen);
	(void)close(file.fd);
}

VD_TEST(standard_input_is_a_dash)
{
	int ends[2], before = dup(STDIN_FILENO);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(write(ends[1], "{\"a\":1}\n{\"b\":2}\n", 16), 16);
	(void)close(ends[0]);
	(void)close(ends[1]);
	const char *path = "-";
	struct seen seen;
	seen_init(&seen);
	assert_int_equal(
		read_all(&path, 1, (struct vd_reader_options){.batch_bytes = 0}, &seen, NULL), VD_END);
	assert_string_equal(seen.out.at, two);
	seen_fini(&seen);
	(void)dup2(before, STDIN_FILENO);
	(void)close(before);
}

static void
count(void *owner)
{
	size_t *n = owner;
	(*n)++;
}

VD_TEST(a_pipe_that_waits_gives_what_it_has)
{
	int ends[2], before = dup(STDIN_FILENO);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	const char *path = "-";
	size_t waits = 0;
	const struct vd_reader_options options = {.on_wait = count, .owner = &waits};
	VD_AUTO(vd_reader) reader = NULL;
	VD_AUTO(vd_batch) batch = vd_batch_new();
	assert_int_equal(vd_reader_new(&path, 1, &options, &reader, NULL), VD_OK);
	assert_int_equal(write(ends[1], "{\"a\":1}\n{\"b\"", 12), 12);
	assert_int_equal(vd_reader_next(reader, batch, NULL), VD_OK); /* the other end is open */
	assert_int_equal(batch->n, 1);
	assert_int_equal(waits, 0);
	assert_int_equal(write(ends[1], ":2}\n", 4), 4);
	assert_int_equal(vd_reader_next(reader, batch, NULL), VD_OK);
	assert_int_equal(batch->n, 1);
	assert_int_equal(batch->events[0].line, 2);
	(void)close(ends[1]);
	assert_int_equal(vd_reader_next(reader, batch, NULL), VD_END);
	assert_int_equal(waits, 0);
	(void)close(ends[0]);
	(void)dup2(before, STDIN_FILENO);
	(void)close(before);
}

static void
write_more(void *owner)
{
	const int *end = owner;
	assert_int_equal(write(*end, "{\"a\":1}\n", 8), 8);
	assert_int_equal(close(*end), 0);
}

VD_TEST(before_a_pipe_is_waited_for_it_is_said)
{
	int ends[2], before = dup(STDIN_FILENO);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	const char *path = "-";
	const struct vd_reader_options options = {.on_wait = write_more, .owner = &ends[1]};
	VD_AUTO(vd_reader) reader = NULL;
	VD_AUTO(vd_batch) batch = vd_batch_new();
	assert_int_equal(vd_reader_new(&path, 1, &options, &reader, NULL), VD_OK);
	assert_int_equal(vd_reader_next(reader, batch, NULL), VD_OK); /* else it would wait for ever */
	assert_int_equal(batch->n, 1);
	(void)close(ends[0]);
	(void)dup2(before, STDIN_FILENO);
	(void)close(before);
}

/* ---- folders ---- */

static void
put(const char *folder, const char *name, const char *text)
{
	char path[128];
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

VD_TEST(folders_are_walked_in_the_order_of_names)
{
	char folder[] = "/tmp/vedette-read-XXXXXX", path[128];
	assert_non_null(mkdtemp(folder));
	put(folder, "b", "{\"b\":1}\n");
	put(folder, "a", "{\"a\":1}\n");
	put(folder, ".hidden", "{\"hidden\":1}\n");
	(void)snprintf(path, sizeof path, "%s/aa", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	put(path, "c", "{\"c\":1}\n");
	(void)snprintf(path, sizeof path, "%s/aa/loop", folder);
	assert_int_equal(symlink(folder, path), 0);
	(void)snprintf(path, sizeof path, "%s/nowhere", folder);
	assert_int_equal(symlink("/nowhere/at/all", path), 0);
	struct seen seen;
	seen_init(&seen);
	const char *paths[] = {folder, path};
	(void)snprintf(path, sizeof path, "%s/b", folder);
	assert_int_equal(
		read_all(paths, 2, (struct vd_reader_options){.batch_bytes = 0}, &seen, NULL), VD_END);
	assert_string_equal(seen.out.at, "0 1: {\"a\":1}\n1 1: {\"c\":1}\n2 1: {\"b\":1}\n3 1: {\"b\":1}\n");
	assert_string_equal(seen.bad.at, "nowhere 0! cannot be read: No such file or directory\n");
	seen_fini(&seen);
	static const char *const names[] = {"aa/loop", "aa/c", "aa", "a", "b", ".hidden", "nowhere"};
	for (size_t i = 0; i < VD_ARRAY_LEN(names); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		assert_int_equal(remove(path), 0);
	}
	/* now it holds nothing */
	seen_init(&seen);
	assert_int_equal(
		read_all(paths, 1, (struct vd_reader_options){.batch_bytes = 0}, &seen, NULL), VD_END);
	assert_non_null(strstr(seen.bad.at, "0! the folder holds no file\n"));
	seen_fini(&seen);
	/* what can be said better is said alone */
	assert_int_equal(symlink("/nowhere/at/all", path), 0);
	seen_init(&seen);
	assert_int_equal(
		read_all(paths, 1, (struct vd_reader_options){.batch_bytes = 0}, &seen, NULL), VD_END);
	assert_string_equal(seen.bad.at, "nowhere 0! cannot be read: No such file or directory\n");
	seen_fini(&seen);
	assert_int_equal(remove(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* What is said of a file with this content in a folder, and of the same file by its own name. */
static void
assert_found(const char *content, const char *out, const char *in_folder, const char *by_name)
{
	char folder[] = "/tmp/vedette-read-XXXXXX", path[128];
	assert_non_null(mkdtemp(folder));
	put(folder, "x", content);
	(void)snprintf(path, sizeof path, "%s/x", folder);
	const char *paths[] = {folder, path};
	for (size_t batch_bytes = 0; batch_bytes < 12; batch_bytes++)
		for (size_t i = 0; i < 2; i++) {
			struct seen seen;
			seen_init(&seen);
			assert_int_equal(
				read_all(&paths[i], 1, (struct vd_reader_options){.batch_bytes = batch_bytes},
					&seen, NULL),
				VD_END);
			if (i == 0 || by_name != NULL)
				assert_string_equal(seen.bad.at, i == 0 ? in_folder : by_name);
			assert_string_equal(seen.out.at, i == 0 || by_name != NULL ? out : seen.out.at);
			seen_fini(&seen);
		}
	assert_int_equal(remove(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

#define NO_EVENTS "x 0! not an event file: no line of it is a JSON object; skipped\n"
#define JUNK(line, text) "x " #line "! not a JSON object, line skipped: '" text "'\n"
#define FIRST_JUNK(line, text)                                                                               \
	"x " #line "! not a JSON object, line skipped: '" text                                               \
	"'; plain text logs and CSV are not read: have them "                                                \
	"written as JSON (journalctl -o json, nginx log_format with escape=json)\n"

VD_TEST(a_file_in_a_folder_that_is_no_event_file_is_named_once)
{
	assert_found(
		"# Logs\n\nhow they came\n", "", NO_EVENTS, FIRST_JUNK(1, "# Logs") JUNK(3, "how they came"));
	assert_found("[1,\n2]\n", "", NO_EVENTS, NULL);
	/* what only begins with a brace: by its name it is the parser that says so */
	assert_found("f()\n{\n\techo\n}\n{ x; }\n", "", NO_EVENTS, NULL);
	assert_found("", "", "x 0! the file is empty\n", "x 0! the file is empty\n");
	assert_found("\n\n", "", "x 0! the file holds no event\n", "x 0! the file holds no event\n");
}

VD_TEST(a_file_in_a_folder_with_one_event_is_an_event_file)
{
	static const char junk[] = FIRST_JUNK(1, "a") JUNK(2, "b") JUNK(4, "c");
	assert_found("a\nb\n{\"x\":1}\nc\n", "0 3: {\"x\":1}\n", junk, junk);
	assert_found("{,\"x\":1}\n", "0 1: {,\"x\":1}\n", "", "");
	assert_found("{}\n", "0 1: {}\n", "", "");
}

VD_TEST(pieces_that_are_held_back_are_all_counted)
{
	char folder[] = "/tmp/vedette-read-XXXXXX", path[128];
	assert_non_null(mkdtemp(folder));
	VD_AUTO_FINI(vd_buf) text;
	vd_buf_init(&text, 0);
	for (size_t i = 0; i < 100; i++)
		vd_buf_text(&text, "x\n");
	vd_buf_text(&text, "{\"x\":1}\n");
	put(folder, "x", text.at);
	const char *paths[] = {folder};
	struct seen seen;
	seen_init(&seen);
	VD_AUTO(vd_reader) reader = NULL;
	VD_AUTO(vd_batch) batch = vd_batch_new();
	struct vd_reader_options options = {.on_bad = on_bad, .owner = &seen};
	assert_int_equal(vd_reader_new(paths, 1, &options, &reader, NULL), VD_OK);
	assert_int_equal(vd_reader_next(reader, batch, NULL), VD_OK);
	assert_int_equal(vd_reader_bad(reader), 100);
	size_t named = 0;
	for (const char *p = seen.bad.at; (p = strchr(p, '\n')) != NULL; p++)
		named++;
	assert_int_equal(named, 20);
	seen_fini(&seen);
	(void)snprintf(path, sizeof path, "%s/x", folder);
	assert_int_equal(remove(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

VD_TEST(a_path_that_does_not_exist_is_an_error_at_once)
{
	const char *path = "/nowhere/at/all";
	struct vd_err err = VD_ERR_INIT;
	struct seen seen;
	seen_init(&seen);
	assert_int_equal(
		read_all(&path, 1, (struct vd_reader_options){.batch_bytes = 0}, &seen, &err), VD_ENOTFOUND);
	assert_string_equal(err.text, "cannot read '/nowhere/at/all': No such file or directory");
	seen_fini(&seen);
}

VD_TEST(a_path_that_is_given_and_may_not_be_read_is_an_error_and_one_below_a_folder_is_not)
{
	char folder[] = "/tmp/vedette-read-XXXXXX", file[64], inner[64];
	struct vd_err err = VD_ERR_INIT;
	struct vd_reader *reader = NULL;
	struct seen seen;
	uid_t user = geteuid();
	seen_init(&seen);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(file, sizeof file, "%s/a.jsonl", folder);
	(void)snprintf(inner, sizeof inner, "%s/inner", folder);
	assert_int_equal(mkdir(inner, 0), 0);
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(chmod(folder, 0755), 0);
	if (user == 0) /* root may read anything */
		assert_int_equal(seteuid(65534), 0);
	const struct vd_reader_options options = {.on_bad = on_bad, .owner = &seen};
	const char *const paths[] = {file, inner, folder};
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(vd_reader_new(&paths[i], 1, &options, &reader, &err), VD_EIO);
		assert_non_null(strstr(err.text, "Permission denied"));
		assert_non_null(strstr(err.text, paths[i]));
	}
	assert_int_equal(vd_reader_new(&paths[2], 1, &options, &reader, &err), VD_OK);
	VD_AUTO(vd_batch) batch = vd_batch_new();
	assert_non_null(batch);
	assert_int_equal(vd_reader_next(reader, batch, &err), VD_END);
	assert_string_equal(seen.bad.at, "inner 0! cannot open the folder: Permission denied\n"
					 "a.jsonl 0! cannot be opened: Permission denied\n");
	assert_int_equal(seteuid(user), 0);
	vd_reader_free(reader);
	(void)unlink(file);
	(void)rmdir(inner);
	(void)rmdir(folder);
	seen_fini(&seen);
}

VD_TEST(a_given_path_that_turns_out_not_to_open_ends_the_run)
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_reader *reader = NULL;
	struct memory_file file = memory_file(VD_S("{\"a\":1}\n"));
	const char *const paths[] = {file.path};
	assert_int_equal(vd_reader_new(paths, 1, NULL, &reader, &err), VD_OK);
	(void)close(file.fd);
	VD_AUTO(vd_batch) batch = vd_batch_new();
	assert_non_null(batch);
	assert_int_equal(vd_reader_next(reader, batch, &err), VD_ENOTFOUND);
	assert_non_null(strstr(err.text, "cannot be opened"));
	vd_reader_free(reader);
}

VD_TEST(survives_every_out_of_memory)
{
	VD_AUTO_FINI(vd_buf) gzip;
	vd_buf_init(&gzip, 0);
	add_gzip(&gzip, "{\"a\":1}\n{\"b\":2}\n");
	struct memory_file plain = memory_file(VD_S("{\"a\":1}\nx\n")),
			   packed = memory_file(vd_buf_view(&gzip));
	const char *paths[] = {plain.path, packed.path};
	VD_TORTURE
	{
		VD_AUTO(vd_batch) batch = vd_batch_new();
		VD_AUTO(vd_reader) reader = NULL;
		enum vd_status st = batch == NULL ? VD_ENOMEM : vd_reader_new(paths, 2, NULL, &reader, NULL);
		while (st == VD_OK)
			st = vd_reader_next(reader, batch, NULL);
		assert_true(st == VD_END || (st == VD_ENOMEM && vd_mem_failed()));
	}
	(void)close(plain.fd);
	(void)close(packed.fd);
}
