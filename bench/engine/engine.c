/*
 * What the engine costs an event, beside bare parsing of the same bytes, in one process.
 *
 *   bench-engine [--no-routing] [--cache DIR] [--runs N] RULES… -- EVENTS.jsonl…
 *   bench-engine --turns [--no-routing] [--cache DIR] RULES… -- EVENTS.jsonl…
 *
 * CPU time of one thread.  The first half of a stream warms, the second half is measured, each event once a turn; a
 * new matcher each turn, so that no turn sees what another cached.  Alone it lets engine and baseline take N turns (5)
 * and prints one JSON line a stream, with the medians.  With --turns it prints one JSON line after loading and then
 * answers each line of standard input with one, so that bench/engine/run can let other engines take turns too:
 *
 *   engine S | dom S    one turn over stream S
 *   pairs S FILE        writes "event rule-id" for every match of every event of stream S to FILE
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "dom.h"
#include "vedette/engine.h"

#define MAX_RUNS 31u
#define MAX_STREAMS 8u

/* What is read lives until the process ends. */
struct files {
	struct vd_text *list;
	size_t n, cap;
};

struct stream {
	const char *path;
	struct vd_str *events; /* VD_INPUT_PADDING readable bytes behind each */
	size_t n, cap;
};

struct bench {
	struct files rules;
	struct stream streams[MAX_STREAMS];
	size_t n_streams, runs;
	bool turns, no_routing;
	struct vd_ruleset *set;
	struct vd_bench_dom *dom;
	double load; /* CPU s, rule files in memory already */
};

struct turn {
	double ns; /* CPU, of the measured half */
	size_t events, bytes, matches;
	uint64_t allocations;
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

/* ---- rules and events into memory ---- */

static char *
read_whole(const char *path, size_t *ret_len)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		die("cannot read", path);
	char *bytes = vd_mem_zalloc(1, (size_t)st.st_size + VD_INPUT_PADDING);
	if (bytes == NULL)
		die("no memory", path);
	size_t len = 0;
	for (ssize_t n; len < (size_t)st.st_size; len += (size_t)n)
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
		if (n >= 0)
			free(names);
		return;
	}
	if (!vd_str_ends(vd_str_from(path), ".yml"))
		return;
	void *list = files->list;
	char *name = vd_mem_strdup(path);
	if (name == NULL || !vd_mem_grow(&list, &files->cap, files->n + 1, sizeof *files->list, 1024))
		die("no memory", path);
	files->list = list;
	struct vd_text *text = &files->list[files->n++];
	text->name = vd_str_from(name);
	text->text.at = read_whole(path, &text->text.len);
}

static void
add_stream(struct bench *bench, const char *path)
{
	size_t len;
	if (bench->n_streams == MAX_STREAMS)
		die("too many streams", path);
	struct stream *stream = &bench->streams[bench->n_streams++];
	const char *bytes = read_whole(path, &len);
	stream->path = path;
	for (size_t at = 0; at < len;) {
		const char *end = memchr(bytes + at, '\n', len - at);
		size_t n = end == NULL ? len - at : (size_t)(end - (bytes + at));
		void *list = stream->events;
		if (!vd_mem_grow(&list, &stream->cap, stream->n + 1, sizeof *stream->events, 4096))
			die("no memory", path);
		stream->events = list;
		if (n > 0)
			stream->events[stream->n++] = (struct vd_str){bytes + at, n};
		at += n + 1;
	}
}

/* ---- compiled rules on disk: for measuring only, the command has its own with the checks ---- */

static enum vd_status
cache_get(void *owner, const char *key, struct vd_str *ret)
{
	char path[4096];
	struct stat st;
	(void)snprintf(path, sizeof path, "%s/%s", (const char *)owner, key);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return VD_ENOTFOUND;
	void *bytes = MAP_FAILED;
	if (fstat(fd, &st) == 0)
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
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
	(void)snprintf(path, sizeof path, "%s/%s", (const char *)owner, key);
	FILE *f = fopen(path, "wb");
	if (f == NULL)
		return VD_EIO;
	bool ok = fwrite(bytes.at, 1, bytes.len, f) == bytes.len;
	return fclose(f) == 0 && ok ? VD_OK : VD_EIO;
}

static void
load(struct bench *bench, char *cache_dir)
{
	struct vd_err err = {0};
	struct vd_blob_cache cache = {cache_get, cache_put, cache_dir};
	struct vd_ruleset_input input = {
		.rules = bench->rules.list,
		.n_rules = bench->rules.n,
		.no_routing = bench->no_routing,
		.cache = cache_dir == NULL ? NULL : &cache,
	};
	double start = cpu_seconds();
	if (vd_ruleset_new(&input, &bench->set, &err) != VD_OK)
		die("rules", err.text);
	bench->load = cpu_seconds() - start;
	bench->dom = vd_bench_dom_new();
	if (bench->dom == NULL)
		die("no memory", "parser");
}

/* ---- turns ---- */

static struct vd_matcher *
new_matcher(struct vd_ruleset *set)
{
	struct vd_err err = {0};
	struct vd_matcher *matcher;
	if (vd_matcher_new(set, &matcher, &err) != VD_OK)
		die("matcher", err.text);
	return matcher;
}

static size_t
run_engine(struct vd_matcher *matcher, const struct stream *stream, size_t from, size_t to)
{
	size_t matches = 0;
	struct vd_err err = {0};
	struct vd_match_result result;
	for (size_t i = from; i < to; i++)
		if (vd_matcher_event(matcher, stream->events[i], &result, &err) == VD_OK)
			matches += result.n;
	return matches;
}

static void
run_dom(struct vd_bench_dom *dom, const struct stream *stream, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (!vd_bench_dom_parse(dom, stream->events[i].at, stream->events[i].len))
			die("not JSON", stream->path);
}

/* The measured half: its size and bytes. */
static struct turn
turn_of(const struct stream *stream)
{
	struct turn turn = {.events = stream->n - stream->n / 2};
	for (size_t i = stream->n / 2; i < stream->n; i++)
		turn.bytes += stream->events[i].len;
	return turn;
}

static struct turn
turn_engine(struct bench *bench, const struct stream *stream)
{
	struct turn turn = turn_of(stream);
	struct vd_matcher *matcher = new_matcher(bench->set);
	(void)run_engine(matcher, stream, 0, stream->n / 2);
	uint64_t allocations = vd_mem_count();
	double start = cpu_seconds();
	turn.matches = run_engine(matcher, stream, stream->n / 2, stream->n);
	turn.ns = (cpu_seconds() - start) * 1e9;
	turn.allocations = vd_mem_count() - allocations;
	vd_matcher_free(matcher);
	return turn;
}

static struct turn
turn_dom(struct bench *bench, const struct stream *stream)
{
	struct turn turn = turn_of(stream);
	run_dom(bench->dom, stream, 0, stream->n / 2);
	double start = cpu_seconds();
	run_dom(bench->dom, stream, stream->n / 2, stream->n);
	turn.ns = (cpu_seconds() - start) * 1e9;
	return turn;
}

static size_t
write_pairs(struct bench *bench, const struct stream *stream, const char *path)
{
	size_t n = 0;
	struct vd_err err = {0};
	struct vd_match_result result;
	struct vd_matcher *matcher = new_matcher(bench->set);
	FILE *f = fopen(path, "w");
	if (f == NULL)
		die("cannot write", path);
	for (size_t i = 0; i < stream->n; i++) {
		if (vd_matcher_event(matcher, stream->events[i], &result, &err) != VD_OK)
			continue;
		for (size_t m = 0; m < result.n; m++, n++) {
			struct vd_rule_view rule = vd_ruleset_rule(bench->set, result.rules[m]);
			struct vd_str id = rule.id.len == 0 ? rule.title : rule.id;
			fprintf(f, "%zu %.*s\n", i, (int)id.len, id.at);
		}
	}
	if (fclose(f) != 0)
		die("cannot write", path);
	vd_matcher_free(matcher);
	return n;
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

static void
measure_alone(struct bench *bench)
{
	for (size_t s = 0; s < bench->n_streams; s++) {
		double engine[MAX_RUNS], dom[MAX_RUNS];
		struct turn last = {0};
		for (size_t i = 0; i < bench->runs; i++) {
			dom[i] = turn_dom(bench, &bench->streams[s]).ns;
			last = turn_engine(bench, &bench->streams[s]);
			engine[i] = last.ns;
		}
		double n = (double)last.events, dom_ns = median(dom, bench->runs) / n;
		double engine_ns = median(engine, bench->runs) / n;
		printf("{\"stream\":\"%s\",\"rules\":%zu,\"events\":%zu,\"bytes\":%zu,\"matches\":%zu,\"dom_"
		       "ns\":%.1f,"
		       "\"engine_ns\":%.1f,\"events_per_s\":%.0f,\"of_dom\":%.4f,\"allocations\":%llu,"
		       "\"load_cpu_s\":%.3f}\n",
			bench->streams[s].path, vd_ruleset_rules(bench->set), last.events, last.bytes,
			last.matches, dom_ns, engine_ns, 1e9 / engine_ns, dom_ns / engine_ns,
			(unsigned long long)last.allocations, bench->load);
	}
}

static void
answer(struct bench *bench, char *line)
{
	size_t s;
	char verb[16], path[4096] = "";
	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%15s %zu %4095[^\n]", verb, &s, path) < 2 || s >= bench->n_streams)
		die("not understood", line);
	const struct stream *stream = &bench->streams[s];
	if (strcmp(verb, "pairs") == 0) {
		printf("{\"pairs\":%zu}\n", write_pairs(bench, stream, path));
		return;
	}
	bool engine = strcmp(verb, "engine") == 0;
	if (!engine && strcmp(verb, "dom") != 0)
		die("not understood", line);
	struct turn turn = engine ? turn_engine(bench, stream) : turn_dom(bench, stream);
	printf("{\"ns\":%.0f,\"events\":%zu,\"bytes\":%zu,\"matches\":%zu,\"allocations\":%llu}\n", turn.ns,
		turn.events, turn.bytes, turn.matches, (unsigned long long)turn.allocations);
}

static void
take_turns(struct bench *bench)
{
	char line[8192];
	size_t n = vd_ruleset_verdicts(bench->set), refused = 0;
	for (size_t i = 0; i < n; i++)
		refused += vd_ruleset_verdict(bench->set, i).verdict == VD_RULE_REJECTED;
	printf("{\"rules\":%zu,\"refused\":%zu,\"load_cpu_s\":%.3f}\n", vd_ruleset_rules(bench->set), refused,
		bench->load);
	(void)fflush(stdout);
	while (fgets(line, sizeof line, stdin) != NULL) {
		answer(bench, line);
		(void)fflush(stdout);
	}
}

int
main(int argc, char **argv)
{
	struct bench bench = {.runs = 5};
	char *cache_dir = NULL;
	bool rules = true;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			rules = false;
		else if (strcmp(argv[i], "--turns") == 0)
			bench.turns = true;
		else if (strcmp(argv[i], "--no-routing") == 0)
			bench.no_routing = true;
		else if (strcmp(argv[i], "--cache") == 0 && i + 1 < argc)
			cache_dir = argv[++i];
		else if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
			bench.runs = (size_t)strtoul(argv[++i], NULL, 10);
		else if (rules)
			add_rules(&bench.rules, argv[i]);
		else
			add_stream(&bench, argv[i]);
	}
	if (bench.rules.n == 0 || bench.n_streams == 0 || bench.runs == 0 || bench.runs > MAX_RUNS)
		die("usage", "[--turns] [--no-routing] [--cache DIR] [--runs 1..31] RULES… -- EVENTS.jsonl…");
	load(&bench, cache_dir);
	if (bench.turns)
		take_turns(&bench);
	else
		measure_alone(&bench);
	vd_bench_dom_free(bench.dom);
	vd_ruleset_unref(bench.set);
	return 0;
}
