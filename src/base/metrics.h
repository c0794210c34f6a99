/*
 * Metrics declared as rows, counted in place, printed in the Prometheus text format (0.0.4).
 *
 * A service lists its metrics once and makes of them a structure and a table, as with settings (base/conf.h):
 *
 *   VD_METRIC(events, COUNTER, "vedette_events_total", "", "", NULL, "events read")
 *   VD_METRIC(utf8, COUNTER, "vedette_repaired_total", "how", "utf8", NULL, "events repaired, by what was wrong")
 *   VD_METRIC(latency, HISTOGRAM, "vedette_match_seconds", "", "", &latency_buckets, "time to match one event")
 *
 * Rows of one name are one family and stand together; they differ in the value of one label.  Names and labels
 * are constants, so their number is bounded by the table.
 *
 * Memory: values stand inside the owner's structure, zeroed at start; nothing is allocated but by the writer's
 * buffer.  Thread: counting from any thread, without locks; printing sees each number whole but not all of them
 * at one instant.
 */
#ifndef VD_BASE_METRICS_H
#define VD_BASE_METRICS_H

#include <stdatomic.h>

#include "base/str.h"

#define VD_HISTOGRAM_BOUNDS_MAX 20u

struct vd_counter {
	_Atomic uint64_t n; /* only grows */
};

struct vd_gauge {
	_Atomic int64_t n;
};

/* Bounds ascend; a value counts in the first bucket whose bound it does not exceed. */
struct vd_buckets {
	double scale; /* what is observed, times this, is the unit of the metric's name: 1e-6 for µs as seconds */
	size_t n;
	uint64_t bounds[VD_HISTOGRAM_BOUNDS_MAX];
};

struct vd_histogram {
	_Atomic uint64_t count[VD_HISTOGRAM_BOUNDS_MAX + 1]; /* the last: above every bound */
	_Atomic uint64_t sum;
};

enum vd_metric_kind { VD_METRIC_COUNTER, VD_METRIC_GAUGE, VD_METRIC_HISTOGRAM };

#define VD_METRIC_C_COUNTER struct vd_counter
#define VD_METRIC_C_GAUGE struct vd_gauge
#define VD_METRIC_C_HISTOGRAM struct vd_histogram

struct vd_metric_row {
	const char *name; /* with unit and, for counters, _total, as Prometheus wants it */
	enum vd_metric_kind kind;
	const char *label, *label_value;  /* "" : none */
	const struct vd_buckets *buckets; /* of a histogram */
	const char *doc;                  /* one line, no full stop */
	size_t offset;
};

struct vd_metric_table {
	const struct vd_metric_row *rows;
	size_t n;
};

#define VD_METRIC_ROW(owner, member, kind_, name_, label_, label_value_, buckets_, doc_)                     \
	{.name = (name_),                                                                                    \
		.kind = VD_METRIC_##kind_,                                                                   \
		.label = (label_),                                                                           \
		.label_value = (label_value_),                                                               \
		.buckets = (buckets_),                                                                       \
		.doc = (doc_),                                                                               \
		.offset = offsetof(owner, member)},

VD_INLINE void
vd_counter_add(struct vd_counter *counter, uint64_t n)
{
	(void)atomic_fetch_add_explicit(&counter->n, n, memory_order_relaxed);
}

VD_INLINE void
vd_gauge_set(struct vd_gauge *gauge, int64_t n)
{
	atomic_store_explicit(&gauge->n, n, memory_order_relaxed);
}

VD_INLINE void
vd_gauge_add(struct vd_gauge *gauge, int64_t n)
{
	(void)atomic_fetch_add_explicit(&gauge->n, n, memory_order_relaxed);
}

void vd_histogram_observe(struct vd_histogram *histogram, const struct vd_buckets *buckets, uint64_t value);

/* labels go to every line: "service=\"detector\",instance=\"a\"", or empty. */
void vd_metrics_show(
	const struct vd_metric_table *table, const void *values, struct vd_str labels, struct vd_buf *to);

/*
 * What is wrong with a table: a name Prometheus does not take, a family that does not stand together, bounds
 * that do not ascend.  NULL: nothing; a service's test calls this.
 */
const char *vd_metrics_fault(const struct vd_metric_table *table);

#endif
