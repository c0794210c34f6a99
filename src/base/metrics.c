#include "base/metrics.h"

#include <stdio.h>

void
vd_histogram_observe(struct vd_histogram *histogram, const struct vd_buckets *buckets, uint64_t value)
{
	size_t i = 0;
	while (i < buckets->n && value > buckets->bounds[i])
		i++;
	(void)atomic_fetch_add_explicit(&histogram->count[i], 1, memory_order_relaxed);
	(void)atomic_fetch_add_explicit(&histogram->sum, value, memory_order_relaxed);
}

/* name{labels,label="value",extra} with whatever of these there is. */
static void
show_name(const struct vd_metric_row *row, const char *suffix, struct vd_str labels, const char *extra,
	struct vd_buf *to)
{
	const char *separator = "{";
	vd_buf_printf(to, "%s%s", row->name, suffix);
	if (labels.len > 0) {
		vd_buf_text(to, separator);
		vd_buf_str(to, labels);
		separator = ",";
	}
	if (row->label[0] != '\0') {
		vd_buf_printf(to, "%s%s=\"%s\"", separator, row->label, row->label_value);
		separator = ",";
	}
	if (extra[0] != '\0') {
		vd_buf_printf(to, "%s%s", separator, extra);
		separator = ",";
	}
	vd_buf_text(to, *separator == ',' ? "} " : " ");
}

static void
show_histogram(const struct vd_metric_row *row, const struct vd_histogram *histogram, struct vd_str labels,
	struct vd_buf *to)
{
	uint64_t below = 0;
	double scale = row->buckets->scale;
	for (size_t i = 0; i <= row->buckets->n; i++) {
		char bound[48] = "le=\"+Inf\"";
		if (i < row->buckets->n)
			(void)snprintf(
				bound, sizeof bound, "le=\"%g\"", (double)row->buckets->bounds[i] * scale);
		below += atomic_load_explicit(&histogram->count[i], memory_order_relaxed);
		show_name(row, "_bucket", labels, bound, to);
		vd_buf_printf(to, "%llu\n", (unsigned long long)below);
	}
	show_name(row, "_sum", labels, "", to);
	vd_buf_printf(
		to, "%.17g\n", (double)atomic_load_explicit(&histogram->sum, memory_order_relaxed) * scale);
	show_name(row, "_count", labels, "", to);
	vd_buf_printf(to, "%llu\n", (unsigned long long)below);
}

static void
show_row(const struct vd_metric_row *row, const void *values, struct vd_str labels, struct vd_buf *to)
{
	const char *at = (const char *)values + row->offset;
	const void *value = at; /* through void: the member is aligned, its offset came from offsetof */
	switch (row->kind) {
	case VD_METRIC_COUNTER: {
		const struct vd_counter *counter = value;
		show_name(row, "", labels, "", to);
		vd_buf_printf(to, "%llu\n",
			(unsigned long long)atomic_load_explicit(&counter->n, memory_order_relaxed));
		break;
	}
	case VD_METRIC_GAUGE: {
		const struct vd_gauge *gauge = value;
		show_name(row, "", labels, "", to);
		vd_buf_printf(to, "%lld\n", (long long)atomic_load_explicit(&gauge->n, memory_order_relaxed));
		break;
	}
	case VD_METRIC_HISTOGRAM:
		show_histogram(row, value, labels, to);
		break;
	}
}

void
vd_metrics_show(
	const struct vd_metric_table *table, const void *values, struct vd_str labels, struct vd_buf *to)
{
	static const char *const types[] = {[VD_METRIC_COUNTER] = "counter",
		[VD_METRIC_GAUGE] = "gauge",
		[VD_METRIC_HISTOGRAM] = "histogram"};
	const char *family = "";
	for (size_t i = 0; i < table->n; i++) {
		const struct vd_metric_row *row = &table->rows[i];
		if (strcmp(row->name, family) != 0)
			vd_buf_printf(to, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->doc, row->name,
				types[row->kind]);
		family = row->name;
		show_row(row, values, labels, to);
	}
}

static bool
is_name(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz_";
	return name[0] != '\0' && strchr(first, name[0]) != NULL &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789")] == '\0';
}

static const char *
row_fault(const struct vd_metric_row *row)
{
	struct vd_str name = vd_str_from(row->name);
	if (!is_name(row->name) || (row->label[0] != '\0' && !is_name(row->label)))
		return "a name has other characters than a-z, 0-9 and _";
	if ((row->kind == VD_METRIC_COUNTER) != vd_str_ends(name, "_total"))
		return "counters, and only they, end in _total";
	if (strpbrk(row->label_value, "\"\\\n") != NULL || strpbrk(row->doc, "\\\n") != NULL)
		return "a label value or line of documentation needs escaping";
	if ((row->kind == VD_METRIC_HISTOGRAM) != (row->buckets != NULL))
		return "histograms, and only they, have buckets";
	if (row->buckets == NULL)
		return NULL;
	if (row->buckets->n == 0 || row->buckets->n > VD_HISTOGRAM_BOUNDS_MAX || !(row->buckets->scale > 0))
		return "a histogram has 1 to 20 bounds and a scale";
	for (size_t i = 1; i < row->buckets->n; i++)
		if (row->buckets->bounds[i] <= row->buckets->bounds[i - 1])
			return "the bounds of a histogram ascend";
	return NULL;
}

static const char *
pair_fault(const struct vd_metric_row *earlier, const struct vd_metric_row *later, bool adjacent)
{
	if (strcmp(earlier->name, later->name) != 0)
		return NULL;
	if (strcmp(earlier->label_value, later->label_value) == 0)
		return "two rows have one name and one label value";
	if (earlier->kind != later->kind || strcmp(earlier->label, later->label) != 0)
		return "rows of one name differ in kind or label";
	return adjacent ? NULL : "rows of one name do not stand together";
}

const char *
vd_metrics_fault(const struct vd_metric_table *table)
{
	for (size_t i = 0; i < table->n; i++) {
		const char *fault = row_fault(&table->rows[i]);
		bool adjacent = true;
		for (size_t j = i; j-- > 0 && fault == NULL;) {
			fault = pair_fault(&table->rows[j], &table->rows[i], adjacent);
			adjacent = adjacent && strcmp(table->rows[j].name, table->rows[i].name) == 0;
		}
		if (fault != NULL)
			return fault;
	}
	return NULL;
}
