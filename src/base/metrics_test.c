#include "base/metrics.h"

#include <pthread.h>

#include "vd_test.h"

static const struct vd_buckets latency_buckets = {1e-6, 3, {100, 1000, 10000}};

#define ROWS(X)                                                                                              \
	X(events, COUNTER, "vedette_events_total", "", "", NULL, "events read")                              \
	X(utf8, COUNTER, "vedette_repaired_total", "how", "utf8", NULL, "events repaired")                   \
	X(nul, COUNTER, "vedette_repaired_total", "how", "nul", NULL, "events repaired")                     \
	X(groups, GAUGE, "vedette_groups", "", "", NULL, "groups held")                                      \
	X(latency, HISTOGRAM, "vedette_match_seconds", "", "", &latency_buckets, "time to match one event")

struct metrics {
#define MEMBER(member, kind, ...) VD_METRIC_C_##kind member;
	ROWS(MEMBER)
};

#define ROW(member, ...) VD_METRIC_ROW(struct metrics, member, __VA_ARGS__)
static const struct vd_metric_row rows[] = {ROWS(ROW)};
static const struct vd_metric_table table = {rows, VD_ARRAY_LEN(rows)};

VD_TEST(every_kind_is_printed_for_prometheus)
{
	struct metrics metrics = {0};
	vd_counter_add(&metrics.events, 3);
	vd_counter_add(&metrics.nul, 1);
	vd_gauge_set(&metrics.groups, 5);
	vd_gauge_add(&metrics.groups, -7);
	vd_histogram_observe(&metrics.latency, &latency_buckets, 100);
	vd_histogram_observe(&metrics.latency, &latency_buckets, 101);
	vd_histogram_observe(&metrics.latency, &latency_buckets, 20000);
	VD_AUTO_FINI(vd_buf) text = {0};
	vd_metrics_show(&table, &metrics, VD_S(""), &text);
	assert_string_equal(text.at, "# HELP vedette_events_total events read\n"
				     "# TYPE vedette_events_total counter\n"
				     "vedette_events_total 3\n"
				     "# HELP vedette_repaired_total events repaired\n"
				     "# TYPE vedette_repaired_total counter\n"
				     "vedette_repaired_total{how=\"utf8\"} 0\n"
				     "vedette_repaired_total{how=\"nul\"} 1\n"
				     "# HELP vedette_groups groups held\n"
				     "# TYPE vedette_groups gauge\n"
				     "vedette_groups -2\n"
				     "# HELP vedette_match_seconds time to match one event\n"
				     "# TYPE vedette_match_seconds histogram\n"
				     "vedette_match_seconds_bucket{le=\"0.0001\"} 1\n"
				     "vedette_match_seconds_bucket{le=\"0.001\"} 2\n"
				     "vedette_match_seconds_bucket{le=\"0.01\"} 2\n"
				     "vedette_match_seconds_bucket{le=\"+Inf\"} 3\n"
				     "vedette_match_seconds_sum 0.020201\n"
				     "vedette_match_seconds_count 3\n");
}

VD_TEST(labels_of_the_service_go_to_every_line)
{
	struct metrics metrics = {0};
	VD_AUTO_FINI(vd_buf) text = {0};
	vd_metrics_show(&table, &metrics, VD_S("service=\"a\""), &text);
	assert_non_null(strstr(text.at, "\nvedette_events_total{service=\"a\"} 0\n"));
	assert_non_null(strstr(text.at, "\nvedette_repaired_total{service=\"a\",how=\"nul\"} 0\n"));
	assert_non_null(strstr(text.at, "\nvedette_match_seconds_bucket{service=\"a\",le=\"+Inf\"} 0\n"));
	assert_non_null(strstr(text.at, "\nvedette_match_seconds_sum{service=\"a\"} 0\n"));
}

#define PER_THREAD 20000

static void *
count(void *owner)
{
	struct metrics *metrics = owner;
	for (uint64_t i = 0; i < PER_THREAD; i++) {
		vd_counter_add(&metrics->events, 1);
		vd_gauge_add(&metrics->groups, i % 2 == 0 ? 1 : -1);
		vd_histogram_observe(&metrics->latency, &latency_buckets, i);
	}
	return NULL;
}

VD_TEST(threads_count_together_without_losing_any)
{
	struct metrics metrics = {0};
	pthread_t threads[4];
	for (size_t i = 0; i < VD_ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, &metrics), 0);
	for (size_t i = 0; i < VD_ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(metrics.events.n, 4 * PER_THREAD);
	assert_int_equal(metrics.groups.n, 0);
	uint64_t observed = 0;
	for (size_t i = 0; i <= latency_buckets.n; i++)
		observed += metrics.latency.count[i];
	assert_int_equal(observed, 4 * PER_THREAD);
	assert_int_equal(metrics.latency.count[0], 4 * 101);
}

static const char *
fault_of(struct vd_metric_row a, struct vd_metric_row b, struct vd_metric_row c)
{
	const struct vd_metric_row three[] = {a, b, c};
	return vd_metrics_fault(&(struct vd_metric_table){three, 3});
}

static struct vd_metric_row
row(const char *name, enum vd_metric_kind kind, const char *label, const char *value,
	const struct vd_buckets *buckets)
{
	return (struct vd_metric_row){name, kind, label, value, buckets, "x", 0};
}

VD_TEST(a_table_that_prometheus_would_misread_is_found)
{
	static const struct vd_buckets falling = {1, 2, {5, 5}}, none = {1, 0, {0}};
	struct vd_metric_row a = row("a_total", VD_METRIC_COUNTER, "", "", NULL);
	struct vd_metric_row g = row("g", VD_METRIC_GAUGE, "k", "1", NULL);
	struct vd_metric_row g2 = row("g", VD_METRIC_GAUGE, "k", "2", NULL);
	assert_null(vd_metrics_fault(&table));
	assert_null(fault_of(a, g, g2));
	assert_string_equal(fault_of(g, a, g2), "rows of one name do not stand together");
	assert_string_equal(fault_of(a, g, g), "two rows have one name and one label value");
	assert_string_equal(fault_of(a, g, row("g", VD_METRIC_GAUGE, "j", "2", NULL)),
		"rows of one name differ in kind or label");
	assert_string_equal(fault_of(a, g, row("h", VD_METRIC_COUNTER, "", "", NULL)),
		"counters, and only they, end in _total");
	assert_string_equal(fault_of(a, g, row("h-i", VD_METRIC_GAUGE, "", "", NULL)),
		"a name has other characters than a-z, 0-9 and _");
	assert_string_equal(fault_of(a, g, row("h", VD_METRIC_GAUGE, "k", "\"", NULL)),
		"a label value or line of documentation needs escaping");
	assert_string_equal(fault_of(a, g, row("h", VD_METRIC_HISTOGRAM, "", "", NULL)),
		"histograms, and only they, have buckets");
	assert_string_equal(fault_of(a, g, row("h", VD_METRIC_HISTOGRAM, "", "", &falling)),
		"the bounds of a histogram ascend");
	assert_string_equal(fault_of(a, g, row("h", VD_METRIC_HISTOGRAM, "", "", &none)),
		"a histogram has 1 to 20 bounds and a scale");
}

VD_TEST(survives_every_out_of_memory)
{
	struct metrics metrics = {0};
	VD_TORTURE
	{
		VD_AUTO_FINI(vd_buf) text = {0};
		vd_metrics_show(&table, &metrics, VD_S(""), &text);
		assert_true(
			text.failed || vd_str_ends(vd_buf_view(&text), "vedette_match_seconds_count 0\n"));
	}
}
