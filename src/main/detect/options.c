#include "main/detect/options.h"

#include <sched.h>
#include <unistd.h>

#include "base/time.h"
#include "main/commands.h"
#include "main/level.h"

void
vd_rule_paths_read(const struct vd_args *args, struct vd_rule_paths *ret)
{
	*ret = (struct vd_rule_paths){
		.no_routing = vd_args_given(args, VD_O_NO_ROUTING),
		.no_cache = vd_args_given(args, VD_O_NO_CACHE),
		.quiet = vd_args_given(args, VD_O_QUIET),
	};
	ret->rules = vd_args_list(args, VD_O_RULES, &ret->n_rules);
	ret->pipelines = vd_args_list(args, VD_O_PIPELINE, &ret->n_pipelines);
	ret->values = vd_args_list(args, VD_O_VALUES, &ret->n_values);
}

/* Milliseconds of one unit of a span; 0: none. */
static int64_t
unit_ms(char unit)
{
	switch (unit) {
	case 's':
		return 1000;
	case 'm':
		return 60 * 1000;
	case 'h':
		return 3600 * 1000;
	case 'd':
		return 24 * 3600 * (int64_t)1000;
	case 'w':
		return 7 * 24 * 3600 * (int64_t)1000;
	default:
		return 0;
	}
}

static bool
is_date(struct vd_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (i == 4 || i == 7 ? s.at[i] != '-' : s.at[i] < '0' || s.at[i] > '9')
			return false;
	return s.len == 10;
}

enum vd_status
vd_detect_time(const char *option, const char *text, int64_t now_ms, int64_t *ret_ms, struct vd_err *err)
{
	struct vd_str s = vd_str_from(text);
	char midnight[32] = {0};
	uint64_t n;
	if (s.len > 1 && unit_ms(s.at[s.len - 1]) > 0 && vd_str_u64((struct vd_str){s.at, s.len - 1}, &n) &&
		n <= 100000000u) {
		*ret_ms = now_ms - (int64_t)n * unit_ms(s.at[s.len - 1]);
		return VD_OK;
	}
	if (is_date(s)) {
		memcpy(midnight, text, 10);
		memcpy(midnight + 10, "T00:00:00Z", 10);
		s = vd_str_from(midnight);
	}
	if (vd_time_parse(s, ret_ms))
		return VD_OK;
	return vd_fail(err, VD_EINPUT,
		"--%s: '%s' is no time; write it like 2026-01-05T03:59:00Z, 2026-01-05, or 24h for the last "
		"24 hours",
		option, text);
}

static size_t
processors(void)
{
	cpu_set_t set;
	long n = sched_getaffinity(0, sizeof set, &set) == 0 ? (long)CPU_COUNT(&set)
							     : sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : VD_MIN((size_t)n, (size_t)VD_THREADS_MAX);
}

static enum vd_status
read_times(const struct vd_args *args, int64_t now_ms, struct vd_detect_options *o, struct vd_err *err)
{
	const char *since = vd_args_value(args, VD_O_SINCE), *until = vd_args_value(args, VD_O_UNTIL);
	enum vd_status st = VD_OK;
	o->has_since = since != NULL;
	o->has_until = until != NULL;
	if (since != NULL)
		st = vd_detect_time("since", since, now_ms, &o->since_ms, err);
	if (st == VD_OK && until != NULL)
		st = vd_detect_time("until", until, now_ms, &o->until_ms, err);
	if (st == VD_OK && o->has_since && o->has_until && o->since_ms >= o->until_ms)
		return vd_fail(
			err, VD_EINPUT, "--since is not before --until: no event can lie between them");
	return st;
}

static enum vd_status
read_limits(const struct vd_args *args, struct vd_detect_options *o, struct vd_err *err)
{
	const struct {
		int id;
		const char *name;
		uint64_t max, unless_given;
		unsigned shift; /* MiB to bytes */
		size_t *to;
	} limits[] = {
		{VD_O_HOLD, "hold", VD_HOLD_MAX, VD_HOLD_DEFAULT, 20, &o->hold_bytes},
		{VD_O_CORRELATION_GROUPS, "correlation-groups", VD_CORRELATION_GROUPS_MAX,
			VD_CORRELATION_GROUPS_DEFAULT, 0, &o->max_groups},
		{VD_O_CORRELATION_EVENTS, "correlation-events", VD_CORRELATION_EVENTS_MAX,
			VD_CORRELATION_EVENTS_DEFAULT, 0, &o->max_events},
		{VD_O_CORRELATION_MEMORY, "correlation-memory", VD_CORRELATION_MEMORY_MAX,
			VD_CORRELATION_MEMORY_DEFAULT, 20, &o->max_bytes},
	};
	for (size_t i = 0; i < VD_ARRAY_LEN(limits); i++) {
		const char *text = vd_args_value(args, limits[i].id);
		uint64_t n = limits[i].unless_given;
		enum vd_status st = text == NULL
					    ? VD_OK
					    : vd_args_number(limits[i].name, text, 1, limits[i].max, &n, err);
		if (st != VD_OK)
			return st;
		*limits[i].to = (size_t)n << limits[i].shift;
	}
	return VD_OK;
}

enum vd_status
vd_detect_options_read(
	const struct vd_args *args, int64_t now_ms, struct vd_detect_options *ret, struct vd_err *err)
{
	struct vd_detect_options o = {
		.strict = vd_args_given(args, VD_O_STRICT), .quiet = vd_args_given(args, VD_O_QUIET)};
	const char *level = vd_args_value(args, VD_O_MIN_LEVEL), *threads = vd_args_value(args, VD_O_THREADS);
	uint64_t n = 0;
	vd_rule_paths_read(args, &o.rules);
	o.paths = vd_args_operands(args, &o.n_paths);
	o.format = vd_format_of(vd_args_value(args, VD_O_FORMAT), STDOUT_FILENO);
	o.min_rank = level == NULL ? 0 : vd_level_rank(vd_str_from(level));
	if (o.rules.n_rules == 0)
		return vd_fail(err, VD_EINPUT, "no rules; name rule files or folders with --rules PATH…");
	enum vd_status st = read_times(args, now_ms, &o, err);
	if (st == VD_OK && threads != NULL)
		st = vd_args_number("threads", threads, 1, VD_THREADS_MAX, &n, err);
	if (st == VD_OK)
		st = read_limits(args, &o, err);
	if (st != VD_OK)
		return st;
	o.threads = threads != NULL ? (size_t)n : processors();
	*ret = o;
	return VD_OK;
}
