/*
 * What the engine costs an event, beside bare parsing of the same bytes, in one run.
 *
 *   bench-engine RULES-DIR… -- EVENTS.jsonl [--no-routing] [--cache DIR] [--runs N]
 *
 * CPU time of one thread.  The first half of the events warms, the second half is measured, each event once a
 * run; engine and baseline take turns, the median of the runs counts.  Prints one JSON object.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "dom.h"
#include "vedette/engine.h"

#define MAX_RUNS 31

struct files {
	struct vd_text *list;
	size_t n, cap;
};

struct events {
	char *bytes;
	struct vd_str *list;
	size_t n, cap;
};

static void
die(const char *what, const char *which)
{
	fprintf(stderr, "bench-engine: %s: %s\n", what, which);
	_Exit(2);
}

static double
cpu_seconds(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static char *
read_whole(const char *path, size_t *ret_len)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		die("cannot read", path);
	char *bytes = vd_mem_zalloc(1, (size_t)st.st_size + VD_INPUT_PADDING);
	size_t len = 0;
	for (ssize_t n; bytes != NULL && len < (size_t)st.st_size; len += (size_t)n)
		if ((n = read(fd, bytes + len, (size_t)st.st_size - len)) <= 0)
			die("cannot read", path);
	(void)close(fd);
	*ret_len = len;
	return bytes;
}

static void
add_rules(struct files *files, const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0)
		die("no such file", path);
	if (S_ISDIR(st.st_mode)) {
		struct dirent **names;
		int n = scandir(path, &names, NULL, alphasort);
		for (int i = 0; i < n; i++) {
			char inner[4096];
			(void)snprintf(inner, sizeof inner, "%s/%s", path, names[i]->d_name);
			if (names[i]->d_name[0] != '.')
				add_rules(files, inner);
			free(names[i]);
		}
		free(names);
		return;
	}
	if (!vd_str_ends(vd_str_from(path), ".yml"))
		return;
	void *list = files->list;
	if (!vd_mem_grow(&list, &files->cap, files->n + 1, sizeof *files->list, 1024))
		die("no memory", path);
	files->list = list;
	struct vd_text *text = &files->list[files->n++];
	text->name = vd_str_from(vd_mem_strdup(path));
	text->text.at = read_whole(path, &text->text.len);
}

static void
split(struct events *events, size_t len)
{
	for (size_t at = 0; at < len;) {
		const char *end = memchr(events->bytes + at, '\n', len - at);
		size_t n = end == NULL ? len - at : (size_t)(end - (events->bytes + at));
		void *list = events->list;
		if (!vd_mem_grow(&list, &events->cap, events->n + 1, sizeof *events->list, 4096))
			die("no memory", "events");
		events->list = list;
		if (n > 0)
			events->list[events->n++] = (struct vd_str){events->bytes + at, n};
		at += n + 1;
	}
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double
median(double *list, size_t n)
{
	qsort(list, n, sizeof *list, by_value);
	return list[n / 2];
}

static size_t
run_engine(struct vd_matcher *matcher, const struct events *events, size_t from, size_t to)
{
	size_t matches = 0;
	struct vd_err err = {0};
	struct vd_match_result result;
	for (size_t i = from; i < to; i++)
		if (vd_matcher_event(matcher, events->list[i], &result, &err) == VD_OK)
			matches += result.n;
	return matches;
}

static void
run_dom(struct vd_bench_dom *dom, const struct events *events, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (!vd_bench_dom_parse(dom, events->list[i].at, events->list[i].len))
			die("not JSON", "an event");
}

/* One file under a folder for each key; for measuring only: the command has its own with the checks. */
static const char *cache_dir;

static enum vd_status
cache_get(void *owner, const char *key, struct vd_str *ret)
{
	char path[4096];
	(void)owner;
	(void)snprintf(path, sizeof path, "%s/%s", cache_dir, key);
	if (access(path, R_OK) != 0)
		return VD_ENOTFOUND;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) != 0)
		return VD_EIO;
	void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	(void)close(fd);
	if (bytes == MAP_FAILED)
		return VD_EIO;
	*ret = (struct vd_str){bytes, (size_t)st.st_size};
	return VD_OK;
}

static enum vd_status
cache_put(void *owner, const char *key, struct vd_str bytes)
{
	char path[4096];
	(void)owner;
	(void)snprintf(path, sizeof path, "%s/%s", cache_dir, key);
	FILE *f = fopen(path, "wb");
	if (f == NULL)
		return VD_EIO;
	bool ok = fwrite(bytes.at, 1, bytes.len, f) == bytes.len;
	return fclose(f) == 0 && ok ? VD_OK : VD_EIO;
}

static void
measure(struct vd_ruleset *set, const struct events *events, size_t runs, double load)
{
	struct vd_err err = {0};
	double engine[MAX_RUNS], dom_times[MAX_RUNS];
	size_t half = events->n / 2, matches = 0, bytes = 0;
	struct vd_bench_dom *dom = vd_bench_dom_new();
	for (size_t i = half; i < events->n; i++)
		bytes += events->list[i].len;
	for (size_t r = 0; r < runs; r++) {
		struct vd_matcher *matcher; /* a new one each run: no run sees what another cached */
		if (vd_matcher_new(set, &matcher, &err) != VD_OK)
			die("matcher", err.text);
		(void)run_engine(matcher, events, 0, half);
		run_dom(dom, events, 0, half);
		double t0 = cpu_seconds();
		run_dom(dom, events, half, events->n);
		double t1 = cpu_seconds();
		uint64_t allocated = vd_mem_count();
		matches = run_engine(matcher, events, half, events->n);
		double t2 = cpu_seconds();
		if (getenv("BENCH_VERBOSE") != NULL)
			fprintf(stderr, "run %zu: dom %.0f ns, engine %.0f ns, %llu allocations\n", r,
				(t1 - t0) * 1e9 / (double)(events->n - half), (t2 - t1) * 1e9 / (double)(events->n - half),
				(unsigned long long)(vd_mem_count() - allocated));
		dom_times[r] = t1 - t0;
		engine[r] = t2 - t1;
		vd_matcher_free(matcher);
	}
	vd_bench_dom_free(dom);
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage);
	double n = (double)(events->n - half), dom_s = median(dom_times, runs), engine_s = median(engine, runs);
	printf("{\"rules\":%zu,\"events\":%.0f,\"bytes\":%zu,\"matches\":%zu,\"dom_ns\":%.1f,\"engine_ns\":%.1f,"
	       "\"events_per_s\":%.0f,\"of_dom\":%.4f,\"load_cpu_s\":%.3f,\"peak_kb\":%ld}\n",
		vd_ruleset_rules(set), n, bytes, matches, dom_s / n * 1e9, engine_s / n * 1e9, n / engine_s,
		dom_s / engine_s, load, usage.ru_maxrss);
}

int
main(int argc, char **argv)
{
	struct files files = {0};
	struct events events = {0};
	struct vd_ruleset_input input = {0};
	struct vd_blob_cache cache = {cache_get, cache_put, NULL};
	size_t runs = 5, len = 0;
	bool rules = true;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			rules = false;
		else if (strcmp(argv[i], "--no-routing") == 0)
			input.no_routing = true;
		else if (strcmp(argv[i], "--cache") == 0 && i + 1 < argc)
			cache_dir = argv[++i];
		else if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
			runs = (size_t)strtoul(argv[++i], NULL, 10);
		else if (rules)
			add_rules(&files, argv[i]);
		else
			events.bytes = read_whole(argv[i], &len);
	}
	if (files.n == 0 || events.bytes == NULL || runs == 0 || runs > MAX_RUNS)
		die("usage", "RULES… -- EVENTS.jsonl [--no-routing] [--cache DIR] [--runs 1..31]");
	split(&events, len);
	input.rules = files.list;
	input.n_rules = files.n;
	input.cache = cache_dir == NULL ? NULL : &cache;
	struct vd_ruleset *set;
	struct vd_err err = {0};
	double start = cpu_seconds();
	if (vd_ruleset_new(&input, &set, &err) != VD_OK)
		die("rules", err.text);
	measure(set, &events, runs, cpu_seconds() - start);
	vd_ruleset_unref(set);
	return 0;
}
