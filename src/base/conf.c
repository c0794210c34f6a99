#include "base/conf.h"

#include <stdint.h>

struct scale {
	const char *suffix;
	uint64_t times;
};

/* Largest first: vd_conf_show takes the first that divides. */
static const struct scale sizes[] = {
	{"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"", 1}};
static const struct scale durations[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

/* One value of any type, read but not yet stored. */
struct value {
	bool truth;
	uint64_t number; /* COUNT, SIZE, CHOICE; DURATION too, which fits int64_t */
	double ratio;
	struct vd_str words;
};

static bool
read_scaled(struct vd_str text, const struct scale *scales, size_t n, uint64_t *ret)
{
	size_t digits = 0;
	while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9')
		digits++;
	struct vd_str suffix = {text.at + digits, text.len - digits};
	uint64_t number;
	if (!vd_str_u64((struct vd_str){text.at, digits}, &number))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!vd_str_is(suffix, scales[i].suffix))
			continue;
		if (number > INT64_MAX / scales[i].times)
			return false;
		*ret = number * scales[i].times;
		return true;
	}
	return false;
}

static bool
read_bool(struct vd_str text, bool *ret)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
	for (unsigned i = 0; i < VD_ARRAY_LEN(words); i++) {
		if (vd_str_is(text, words[i])) {
			*ret = i % 2 != 0;
			return true;
		}
	}
	return false;
}

/* The i-th of words joined by '|'; an empty string beyond the last. */
static struct vd_str
choice(const char *words, uint64_t i)
{
	for (; i > 0; i--) {
		words = strchr(words, '|');
		if (words == NULL)
			return VD_S("");
		words++;
	}
	return (struct vd_str){words, strcspn(words, "|")};
}

static bool
read_choice(struct vd_str text, const char *words, uint64_t *ret)
{
	struct vd_str word;
	for (uint64_t i = 0; (word = choice(words, i)).len > 0; i++) {
		if (vd_str_eq(text, word)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool
read_words(struct vd_str text, struct vd_str *ret)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] < 0x20)
			return false;
	*ret = text;
	return true;
}

static bool
read_value(const struct vd_conf_row *row, struct vd_str text, struct value *ret)
{
	switch (row->type) {
	case VD_CONF_BOOL:
		return read_bool(text, &ret->truth);
	case VD_CONF_COUNT:
		return vd_str_u64(text, &ret->number);
	case VD_CONF_SIZE:
		return read_scaled(text, sizes, VD_ARRAY_LEN(sizes), &ret->number);
	case VD_CONF_DURATION:
		return read_scaled(text, durations, VD_ARRAY_LEN(durations), &ret->number);
	case VD_CONF_RATIO:
		return vd_str_double(text, &ret->ratio);
	case VD_CONF_WORDS:
		return read_words(text, &ret->words);
	case VD_CONF_CHOICE:
		return read_choice(text, row->unit, &ret->number);
	}
	return false;
}

/* Where value stands against bound: < 0 below, 0 at it, > 0 above; bad when the bound itself does not read. */
static int
against(const struct vd_conf_row *row, const struct value *value, const char *bound, bool *bad)
{
	struct value limit = {0};
	struct vd_conf_row as = *row;
	uint64_t number = value->number;
	if (row->type == VD_CONF_WORDS) { /* bounds are lengths */
		as.type = VD_CONF_COUNT;
		number = value->words.len;
	}
	if (!read_value(&as, vd_str_from(bound), &limit)) {
		*bad = true;
		return 0;
	}
	if (row->type == VD_CONF_RATIO)
		return value->ratio < limit.ratio ? -1 : value->ratio > limit.ratio;
	return number < limit.number ? -1 : number > limit.number;
}

static const char *
what_to_write(const struct vd_conf_row *row)
{
	switch (row->type) {
	case VD_CONF_BOOL:
		return "true or false";
	case VD_CONF_COUNT:
		return "a whole number";
	case VD_CONF_SIZE:
		return "a size: 4096, 64KiB, 16MiB, 2GiB";
	case VD_CONF_DURATION:
		return "a duration: 250ms, 5s, 10m, 2h, 1d";
	case VD_CONF_RATIO:
		return "a number";
	case VD_CONF_WORDS:
		return "text without control characters";
	case VD_CONF_CHOICE:
		return row->unit;
	}
	return "";
}

static enum vd_status
judge(const struct vd_conf_row *row, struct vd_str text, struct value *ret, struct vd_err *err)
{
	int shown = (int)VD_MIN(text.len, 80u);
	if (!read_value(row, text, ret))
		return vd_fail(err, VD_EINPUT, "%s: '%.*s' will not do: write %s", row->name, shown, text.at,
			what_to_write(row));
	bool bad = false;
	const char *of = row->type == VD_CONF_WORDS ? " bytes" : "";
	if (row->min[0] != '\0' && against(row, ret, row->min, &bad) < 0)
		return vd_fail(err, VD_EINPUT, "%s: '%.*s' is too little: at least %s%s", row->name, shown,
			text.at, row->min, of);
	if (row->max[0] != '\0' && against(row, ret, row->max, &bad) > 0)
		return vd_fail(err, VD_EINPUT, "%s: '%.*s' is too much: at most %s%s", row->name, shown,
			text.at, row->max, of);
	if (bad)
		return vd_fail(err, VD_EINPUT, "%s: the bounds of this row do not read", row->name);
	return VD_OK;
}

static void
store(const struct vd_conf_row *row, void *values, const struct value *value)
{
	char *at = (char *)values + row->offset;
	switch (row->type) {
	case VD_CONF_BOOL:
		memcpy(at, &value->truth, sizeof value->truth);
		break;
	case VD_CONF_COUNT:
	case VD_CONF_SIZE:
		memcpy(at, &value->number, sizeof value->number);
		break;
	case VD_CONF_DURATION:
		memcpy(at, &(int64_t){(int64_t)value->number}, sizeof(int64_t));
		break;
	case VD_CONF_RATIO:
		memcpy(at, &value->ratio, sizeof value->ratio);
		break;
	case VD_CONF_WORDS:
		memcpy(at, &value->words, sizeof value->words);
		break;
	case VD_CONF_CHOICE:
		memcpy(at, &(unsigned){(unsigned)value->number}, sizeof(unsigned));
		break;
	}
}

static struct value
fetch(const struct vd_conf_row *row, const void *values)
{
	const char *at = (const char *)values + row->offset;
	struct value value = {0};
	int64_t duration;
	unsigned word;
	switch (row->type) {
	case VD_CONF_BOOL:
		memcpy(&value.truth, at, sizeof value.truth);
		break;
	case VD_CONF_COUNT:
	case VD_CONF_SIZE:
		memcpy(&value.number, at, sizeof value.number);
		break;
	case VD_CONF_DURATION:
		memcpy(&duration, at, sizeof duration);
		value.number = (uint64_t)duration;
		break;
	case VD_CONF_RATIO:
		memcpy(&value.ratio, at, sizeof value.ratio);
		break;
	case VD_CONF_WORDS:
		memcpy(&value.words, at, sizeof value.words);
		break;
	case VD_CONF_CHOICE:
		memcpy(&word, at, sizeof word);
		value.number = word;
		break;
	}
	return value;
}

static enum vd_status
set_row(const struct vd_conf_row *row, void *values, struct vd_str text, struct vd_arena *arena,
	struct vd_err *err)
{
	struct value value = {0};
	enum vd_status st = judge(row, text, &value, err);
	if (st != VD_OK)
		return st;
	if (row->type == VD_CONF_WORDS && !vd_arena_str(arena, value.words, &value.words))
		return vd_fail(err, VD_ENOMEM, "%s: no memory for its value", row->name);
	store(row, values, &value);
	return VD_OK;
}

enum vd_status
vd_conf_init(const struct vd_conf_table *table, void *values, struct vd_arena *arena, struct vd_err *err)
{
	if (table->n > VD_CONF_ROWS_MAX)
		return vd_fail(err, VD_ELIMIT, "%s: more than %u settings", table->service, VD_CONF_ROWS_MAX);
	memset(values, 0, table->size);
	for (size_t i = 0; i < table->n; i++) {
		enum vd_status st =
			set_row(&table->rows[i], values, vd_str_from(table->rows[i].def), arena, err);
		if (st != VD_OK)
			return vd_fail_in(err, st, "%s: default", table->service);
	}
	return VD_OK;
}

static const struct vd_conf_row *
find_row(const struct vd_conf_table *table, struct vd_str name)
{
	for (size_t i = 0; i < table->n; i++)
		if (vd_str_is(name, table->rows[i].name))
			return &table->rows[i];
	return NULL;
}

#define NAME_MAX_COMPARED 40u

/* Levenshtein distance of names up to NAME_MAX_COMPARED bytes; longer ones are far. */
static size_t
distance(struct vd_str a, struct vd_str b)
{
	size_t row[NAME_MAX_COMPARED + 1];
	if (a.len > NAME_MAX_COMPARED || b.len > NAME_MAX_COMPARED)
		return NAME_MAX_COMPARED;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 0; i < a.len; i++) {
		size_t diagonal = row[0];
		row[0] = i + 1;
		for (size_t j = 0; j < b.len; j++) {
			size_t change = diagonal + (a.at[i] != b.at[j]);
			size_t step = VD_MIN(row[j], row[j + 1]) + 1;
			diagonal = row[j + 1];
			row[j + 1] = VD_MIN(change, step);
		}
	}
	return row[b.len];
}

static enum vd_status
no_such(const struct vd_conf_table *table, struct vd_str name, struct vd_err *err)
{
	const char *near = NULL;
	size_t best = 3; /* at most two slips */
	for (size_t i = 0; i < table->n; i++) {
		size_t d = distance(name, vd_str_from(table->rows[i].name));
		if (d < best) {
			best = d;
			near = table->rows[i].name;
		}
	}
	int shown = (int)VD_MIN(name.len, 80u);
	if (near != NULL)
		return vd_fail(err, VD_ENOTFOUND, "%s has no setting '%.*s': is '%s' meant?", table->service,
			shown, name.at, near);
	return vd_fail(err, VD_ENOTFOUND, "%s has no setting '%.*s': --help-config lists them",
		table->service, shown, name.at);
}

enum vd_status
vd_conf_set(const struct vd_conf_table *table, void *values, struct vd_str name, struct vd_str value,
	struct vd_arena *arena, struct vd_err *err)
{
	const struct vd_conf_row *row = find_row(table, name);
	return row == NULL ? no_such(table, name, err) : set_row(row, values, value, arena, err);
}

/* Cuts the next line off text; false at its end. */
static bool
next_line(struct vd_str *text, struct vd_str *ret)
{
	if (text->len == 0)
		return false;
	const char *end = memchr(text->at, '\n', text->len);
	size_t n = end == NULL ? text->len : (size_t)(end - text->at);
	*ret = vd_str_trim((struct vd_str){text->at, n});
	n += end != NULL;
	*text = (struct vd_str){text->at + n, text->len - n};
	return true;
}

static enum vd_status
read_line(const struct vd_conf_table *table, void *values, struct vd_str line, bool seen[],
	struct vd_arena *arena, struct vd_err *err)
{
	const char *equals = memchr(line.at, '=', line.len);
	if (equals == NULL)
		return vd_fail(err, VD_EINPUT, "no '=': write name = value");
	size_t n = (size_t)(equals - line.at);
	struct vd_str name = vd_str_trim((struct vd_str){line.at, n});
	struct vd_str value = vd_str_trim((struct vd_str){equals + 1, line.len - n - 1});
	const struct vd_conf_row *row = find_row(table, name);
	if (row == NULL)
		return no_such(table, name, err);
	if (seen[row - table->rows])
		return vd_fail(err, VD_EEXIST, "%s is set a second time", row->name);
	seen[row - table->rows] = true;
	return set_row(row, values, value, arena, err);
}

enum vd_status
vd_conf_read(const struct vd_conf_table *table, void *values, struct vd_str text, struct vd_arena *arena,
	struct vd_err *err)
{
	bool seen[VD_CONF_ROWS_MAX] = {false};
	void *wanted = vd_arena_alloc(arena, table->size);
	if (wanted == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for the configuration of %s", table->service);
	memcpy(wanted, values, table->size);
	struct vd_str line;
	for (uint32_t number = 1; next_line(&text, &line); number++) {
		if (line.len == 0 || line.at[0] == '#')
			continue;
		enum vd_status st = read_line(table, wanted, line, seen, arena, err);
		if (st != VD_OK) {
			st = vd_fail_in(err, st, "line %u", number);
			if (err != NULL)
				err->line = number;
			return st;
		}
	}
	memcpy(values, wanted, table->size);
	return VD_OK;
}

static void
show_scaled(uint64_t number, const struct scale *scales, size_t n, struct vd_buf *to)
{
	size_t i = 0;
	while (i + 1 < n && (number == 0 || number % scales[i].times != 0))
		i++;
	vd_buf_printf(to, "%llu%s", (unsigned long long)(number / scales[i].times), scales[i].suffix);
}

static void
show_value(const struct vd_conf_row *row, const struct value *value, struct vd_buf *to)
{
	switch (row->type) {
	case VD_CONF_BOOL:
		vd_buf_text(to, value->truth ? "true" : "false");
		break;
	case VD_CONF_COUNT:
		vd_buf_printf(to, "%llu", (unsigned long long)value->number);
		break;
	case VD_CONF_SIZE:
		show_scaled(value->number, sizes, VD_ARRAY_LEN(sizes), to);
		break;
	case VD_CONF_DURATION:
		show_scaled(value->number, durations, VD_ARRAY_LEN(durations), to);
		break;
	case VD_CONF_RATIO:
		vd_buf_printf(to, "%.17g", value->ratio);
		break;
	case VD_CONF_WORDS:
		vd_buf_str(to, value->words);
		break;
	case VD_CONF_CHOICE:
		vd_buf_str(to, choice(row->unit, value->number));
		break;
	}
}

void
vd_conf_show(const struct vd_conf_table *table, const void *values, struct vd_buf *to)
{
	for (size_t i = 0; i < table->n; i++) {
		struct value value = fetch(&table->rows[i], values);
		vd_buf_printf(to, "%s = ", table->rows[i].name);
		show_value(&table->rows[i], &value, to);
		vd_buf_char(to, '\n');
	}
}

void
vd_conf_help(const struct vd_conf_table *table, struct vd_buf *to)
{
	static const char *const types[] = {
		[VD_CONF_BOOL] = "true or false",
		[VD_CONF_COUNT] = "count",
		[VD_CONF_SIZE] = "size",
		[VD_CONF_DURATION] = "duration",
		[VD_CONF_RATIO] = "number",
		[VD_CONF_WORDS] = "text",
		[VD_CONF_CHOICE] = "one of",
	};
	vd_buf_printf(to, "Settings of %s, as \"name = value\" lines:\n", table->service);
	for (size_t i = 0; i < table->n; i++) {
		const struct vd_conf_row *row = &table->rows[i];
		vd_buf_printf(
			to, "\n%s = %s\n    %s\n    %s", row->name, row->def, row->doc, types[row->type]);
		if (row->unit[0] != '\0')
			vd_buf_printf(to, " %s", row->unit);
		if (row->min[0] != '\0')
			vd_buf_printf(to, ", at least %s", row->min);
		if (row->max[0] != '\0')
			vd_buf_printf(to, ", at most %s", row->max);
		vd_buf_printf(to, "; %s\n",
			row->when == VD_CONF_LIVE ? "takes effect at once" : "takes effect at a restart");
	}
}

static bool
same(const struct vd_conf_row *row, const struct value *a, const struct value *b)
{
	/* a setting is what was written: == on doubles is meant */
	return a->truth == b->truth && a->number == b->number &&
	       (row->type != VD_CONF_RATIO || a->ratio == b->ratio) && vd_str_eq(a->words, b->words);
}

const struct vd_conf_row *
vd_conf_restart(const struct vd_conf_table *table, const void *running, const void *wanted)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct vd_conf_row *row = &table->rows[i];
		struct value a = fetch(row, running), b = fetch(row, wanted);
		if (row->when == VD_CONF_RESTART && !same(row, &a, &b))
			return row;
	}
	return NULL;
}
