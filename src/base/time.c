#include "base/time.h"

#include <stdio.h>

#define MS_PER_SECOND 1000
#define MS_PER_MINUTE 60000
#define MS_PER_DAY 86400000

/* A point in time as it is written. */
struct civil {
	int year, month, day, hour, minute, second, ms;
	int offset; /* minutes east of UTC */
};

/* What is left to read.  A reader that returns false may have moved it. */
struct cursor {
	const char *p;
	size_t n;
};

static bool
skip(struct cursor *c, char want)
{
	if (c->n == 0 || *c->p != want)
		return false;
	c->p++;
	c->n--;
	return true;
}

static bool
skip_text(struct cursor *c, const char *want)
{
	size_t n = strlen(want);
	if (c->n < n || memcmp(c->p, want, n) != 0)
		return false;
	c->p += n;
	c->n -= n;
	return true;
}

static unsigned
peek_digit(const struct cursor *c)
{
	return c->n == 0 ? 10 : (unsigned)(unsigned char)*c->p - '0';
}

/* min to max digits as a number of at most 9 digits. */
static bool
number(struct cursor *c, int min, int max, int *ret)
{
	int v = 0, n = 0;
	for (; n < max && peek_digit(c) <= 9; n++) {
		v = v * 10 + (int)peek_digit(c);
		c->p++;
		c->n--;
	}
	*ret = v;
	return n >= min;
}

static bool
clock_time(struct cursor *c, int min_hour_digits, struct civil *t)
{
	return number(c, min_hour_digits, 2, &t->hour) && skip(c, ':') && number(c, 2, 2, &t->minute) &&
	       skip(c, ':') && number(c, 2, 2, &t->second);
}

/* [.,]digits: milliseconds count, the rest is cut off.  Nothing at all is fine. */
static bool
fraction(struct cursor *c, int *ret_ms)
{
	*ret_ms = 0;
	if (c->n == 0 || (*c->p != '.' && *c->p != ','))
		return true;
	c->p++;
	c->n--;
	if (peek_digit(c) > 9)
		return false;
	for (int weight = 100; peek_digit(c) <= 9; weight /= 10) {
		*ret_ms += weight * (int)peek_digit(c);
		c->p++;
		c->n--;
	}
	return true;
}

/* Z, UTC, GMT, ±hh:mm, ±hhmm or ±hh, with or without a blank before; nothing is UTC.  It ends the text. */
static bool
zone(struct cursor *c, int *ret_offset)
{
	*ret_offset = 0;
	if (c->n == 0)
		return true;
	bool blank = skip(c, ' ');
	if (skip(c, 'Z') || skip(c, 'z') || (blank && (skip_text(c, "UTC") || skip_text(c, "GMT"))))
		return c->n == 0;
	bool west = c->n != 0 && *c->p == '-';
	int hours, minutes = 0;
	if ((!skip(c, '+') && !skip(c, '-')) || !number(c, 2, 2, &hours) || hours > 23)
		return false;
	if (c->n != 0) {
		(void)skip(c, ':');
		if (!number(c, 2, 2, &minutes) || minutes > 59)
			return false;
	}
	*ret_offset = (hours * 60 + minutes) * (west ? -1 : 1);
	return c->n == 0;
}

static bool
month_name(struct cursor *c, int *ret_month)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	if (c->n < 3)
		return false;
	for (int i = 0; i < 12; i++) {
		if (memcmp(c->p, names + (size_t)i * 3, 3) == 0) {
			*ret_month = i + 1;
			c->p += 3;
			c->n -= 3;
			return true;
		}
	}
	return false;
}

static bool
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool
is_real(const struct civil *t)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (t->month < 1 || t->month > 12 || t->day < 1)
		return false;
	int last = t->month == 2 && is_leap(t->year) ? 29 : days[t->month - 1];
	/* second 60 is a leap second: it counts as the first of the next minute */
	return t->day <= last && t->hour <= 23 && t->minute <= 59 && t->second <= 60;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar, year >= 0; years begin in March here. */
static int64_t
days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

struct date {
	int64_t year;
	int month, day;
};

static struct date
date_of(int64_t days)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t day_of_era = days - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t shifted = (5 * day_of_year + 2) / 153;
	int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
	int day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
	return (struct date){year_of_era + era * 400 + (month <= 2), month, day};
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t
ms_of_day(int64_t ms)
{
	int64_t left = ms % MS_PER_DAY;
	return left < 0 ? left + MS_PER_DAY : left;
}

static int64_t
ms_of(const struct civil *t)
{
	int64_t minutes = (int64_t)t->hour * 60 + t->minute - t->offset;
	return days_of(t->year, t->month, t->day) * MS_PER_DAY + minutes * MS_PER_MINUTE +
	       (int64_t)t->second * MS_PER_SECOND + t->ms;
}

/* 2020-08-07T10:39:50.123+02:00, also with a blank for T and / for -. */
static bool
read_iso(struct cursor c, struct civil *t)
{
	if (!number(&c, 4, 4, &t->year) || c.n == 0)
		return false;
	char dash = *c.p;
	if ((dash != '-' && dash != '/') || !skip(&c, dash) || !number(&c, 2, 2, &t->month) ||
		!skip(&c, dash) || !number(&c, 2, 2, &t->day))
		return false;
	if (!skip(&c, 'T') && !skip(&c, ' ') && !skip(&c, 't'))
		return false;
	return clock_time(&c, 2, t) && fraction(&c, &t->ms) && zone(&c, &t->offset);
}

/* 8/7/2020 10:39:50 AM */
static bool
read_us(struct cursor c, struct civil *t)
{
	if (!number(&c, 1, 2, &t->month) || !skip(&c, '/') || !number(&c, 1, 2, &t->day) || !skip(&c, '/') ||
		!number(&c, 4, 4, &t->year) || !skip(&c, ' '))
		return false;
	if (!clock_time(&c, 1, t) || !fraction(&c, &t->ms) || !skip(&c, ' '))
		return false;
	bool after_noon = skip_text(&c, "PM");
	if ((!after_noon && !skip_text(&c, "AM")) || c.n != 0 || t->hour < 1 || t->hour > 12)
		return false;
	t->hour = t->hour % 12 + (after_noon ? 12 : 0);
	return true;
}

/* 07/Aug/2020:10:39:50 +0000 */
static bool
read_web(struct cursor c, struct civil *t)
{
	return number(&c, 2, 2, &t->day) && skip(&c, '/') && month_name(&c, &t->month) && skip(&c, '/') &&
	       number(&c, 4, 4, &t->year) && skip(&c, ':') && clock_time(&c, 2, t) && fraction(&c, &t->ms) &&
	       zone(&c, &t->offset);
}

/* Fri, 07 Aug 2020 10:39:50 GMT; the weekday is not checked against the date. */
static bool
read_rfc1123(struct cursor c, struct civil *t)
{
	static const char *const weekdays[] = {"Mon, ", "Tue, ", "Wed, ", "Thu, ", "Fri, ", "Sat, ", "Sun, "};
	size_t i = 0;
	while (i < VD_ARRAY_LEN(weekdays) && !skip_text(&c, weekdays[i]))
		i++;
	return i < VD_ARRAY_LEN(weekdays) && number(&c, 1, 2, &t->day) && skip(&c, ' ') &&
	       month_name(&c, &t->month) && skip(&c, ' ') && number(&c, 4, 4, &t->year) && skip(&c, ' ') &&
	       clock_time(&c, 2, t) && zone(&c, &t->offset);
}

/* Day of a month as logs pad it: one blank before, or two before a single digit. */
static bool
padded_day(struct cursor *c, int *ret_day)
{
	if (!skip(c, ' '))
		return false;
	(void)skip(c, ' ');
	return number(c, 1, 2, ret_day);
}

/* Jan  5 2026 03:59:00.123 UTC */
static bool
read_syslog(struct cursor c, struct civil *t)
{
	return month_name(&c, &t->month) && padded_day(&c, &t->day) && skip(&c, ' ') &&
	       number(&c, 4, 4, &t->year) && skip(&c, ' ') && clock_time(&c, 2, t) && fraction(&c, &t->ms) &&
	       zone(&c, &t->offset);
}

/* Mon Jan  5 03:59:00 2026, as ctime(3) writes it, and date(1) with UTC before the year. */
static bool
read_ctime(struct cursor c, struct civil *t)
{
	static const char *const weekdays[] = {"Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "};
	size_t i = 0;
	while (i < VD_ARRAY_LEN(weekdays) && !skip_text(&c, weekdays[i]))
		i++;
	if (i == VD_ARRAY_LEN(weekdays) || !month_name(&c, &t->month) || !padded_day(&c, &t->day) ||
		!skip(&c, ' ') || !clock_time(&c, 2, t) || !skip(&c, ' '))
		return false;
	(void)(skip_text(&c, "UTC ") || skip_text(&c, "GMT "));
	return number(&c, 4, 4, &t->year) && c.n == 0;
}

static bool
read_civil(struct vd_str text, struct civil *t)
{
	struct cursor c = {text.at, text.len};
	bool read;
	*t = (struct civil){0};
	/* the shortest of these, 1/2/2020 1:02:03 AM, has 18 bytes */
	if (text.len < 18)
		return false;
	if (text.at[2] == '/' && text.at[3] >= 'A')
		read = read_web(c, t);
	else if (text.at[1] == '/' || text.at[2] == '/')
		read = read_us(c, t);
	else if (text.at[0] >= 'A')
		read = text.at[3] == ',' ? read_rfc1123(c, t) : read_syslog(c, t) || read_ctime(c, t);
	else
		read = read_iso(c, t);
	return read && is_real(t);
}

/* Units by size: seconds to the year 5138, milliseconds from 1973, micro- and nanoseconds likewise. */
#define MAX_SECONDS 100000000000u
#define MAX_MILLIS (MAX_SECONDS * 1000u)
#define MAX_MICROS (MAX_MILLIS * 1000u)

/*
 * Windows FILETIME, 100 ns since 1601 ([MS-DTYP] 2.3.3), from 1970 to the year 2440: nanoseconds of such size would
 * be of September 1973 to May 1978.
 */
#define FILETIME_1970 116444736000000000u
#define FILETIME_END 265000000000000000u
#define FILETIME_PER_MS 10000u

/* Digits with an optional fraction. */
static bool
read_epoch(struct vd_str text, int64_t *ret_ms)
{
	uint64_t v;
	int ms;
	const char *dot = text.len == 0 ? NULL : memchr(text.at, '.', text.len);
	size_t whole = dot == NULL ? text.len : (size_t)(dot - text.at);
	struct cursor rest = {text.at + whole, text.len - whole};
	if (!vd_str_u64((struct vd_str){text.at, whole}, &v) || v > INT64_MAX || !fraction(&rest, &ms) ||
		rest.n != 0)
		return false;
	if (v < MAX_SECONDS)
		*ret_ms = (int64_t)v * MS_PER_SECOND + ms;
	else if (v < MAX_MILLIS)
		*ret_ms = (int64_t)v;
	else if (v >= FILETIME_1970 && v < FILETIME_END)
		*ret_ms = (int64_t)((v - FILETIME_1970) / FILETIME_PER_MS);
	else
		*ret_ms = (int64_t)(v / (v < MAX_MICROS ? 1000u : 1000000u));
	return true;
}

/* /Date(1596796790123)/, also negative and with a zone, which changes nothing: the number is UTC. */
static bool
read_dotnet(struct vd_str text, int64_t *ret_ms)
{
	struct cursor c = {text.at, text.len};
	uint64_t v;
	if (!skip_text(&c, "/Date("))
		return false;
	bool before = skip(&c, '-');
	struct vd_str ms = {c.p, 0};
	while (peek_digit(&c) <= 9) {
		(void)skip(&c, *c.p);
		ms.len++;
	}
	int ignored;
	if ((skip(&c, '+') || skip(&c, '-')) && !number(&c, 4, 4, &ignored))
		return false;
	if (!skip_text(&c, ")/") || c.n != 0 || !vd_str_u64(ms, &v) || v > INT64_MAX)
		return false;
	*ret_ms = before ? -(int64_t)v : (int64_t)v;
	return true;
}

bool
vd_time_parse(struct vd_str text, int64_t *ret_ms)
{
	struct civil t;
	if (read_civil(text, &t)) {
		*ret_ms = ms_of(&t);
		return true;
	}
	return read_epoch(text, ret_ms) || read_dotnet(text, ret_ms);
}

/* ISO 8601: the week belongs to the year that holds its Thursday; week 1 holds the year's first Thursday. */
static int
iso_week(int64_t days)
{
	int64_t weekday = days + 3 - floor_div(days + 3, 7) * 7; /* Monday is 0 */
	int64_t thursday = days - weekday + 3;
	struct date of = date_of(thursday);
	return (int)((thursday - days_of((int)of.year, 1, 1)) / 7) + 1;
}

bool
vd_time_parts(struct vd_str text, struct vd_time_parts *ret)
{
	struct civil t;
	int64_t ms;
	if (!read_civil(text, &t)) {
		if (!read_epoch(text, &ms) && !read_dotnet(text, &ms))
			return false;
		int64_t days = floor_div(ms, MS_PER_DAY);
		int64_t minutes = ms_of_day(ms) / MS_PER_MINUTE;
		struct date d = date_of(days);
		if (d.year < 0 || d.year > INT32_MAX)
			return false;
		t = (struct civil){.year = (int)d.year, .month = d.month, .day = d.day};
		t.hour = (int)(minutes / 60);
		t.minute = (int)(minutes % 60);
	}
	*ret = (struct vd_time_parts){.year = t.year,
		.month = t.month,
		.day = t.day,
		.hour = t.hour,
		.minute = t.minute,
		.week = iso_week(days_of(t.year, t.month, t.day))};
	return true;
}

static char *
put_digits(char *to, unsigned v, int n)
{
	for (int i = n - 1; i >= 0; i--, v /= 10)
		to[i] = (char)('0' + v % 10);
	return to + n;
}

size_t
vd_time_format(int64_t ms, char to[VD_TIME_TEXT_MAX])
{
	int64_t days = floor_div(ms, MS_PER_DAY);
	unsigned left = (unsigned)ms_of_day(ms);
	struct date d = date_of(days);
	char *p = to;
	if (d.year >= 0 && d.year <= 9999)
		p = put_digits(p, (unsigned)d.year, 4);
	else
		p += snprintf(p, VD_TIME_TEXT_MAX, "%+05lld", (long long)d.year); /* ISO 8601, expanded */
	*p++ = '-';
	p = put_digits(p, (unsigned)d.month, 2);
	*p++ = '-';
	p = put_digits(p, (unsigned)d.day, 2);
	*p++ = 'T';
	p = put_digits(p, left / 3600000, 2);
	*p++ = ':';
	p = put_digits(p, left / MS_PER_MINUTE % 60, 2);
	*p++ = ':';
	p = put_digits(p, left / MS_PER_SECOND % 60, 2);
	*p++ = '.';
	p = put_digits(p, left % MS_PER_SECOND, 3);
	*p++ = 'Z';
	*p = '\0';
	return (size_t)(p - to);
}

/* All but the year, which is not there. */
static bool
read_bsd(struct vd_str text, struct civil *t)
{
	struct cursor c = {text.at, text.len};
	return month_name(&c, &t->month) && padded_day(&c, &t->day) && skip(&c, ' ') &&
	       clock_time(&c, 2, t) && fraction(&c, &t->ms) && c.n == 0;
}

bool
vd_time_parse_bsd(struct vd_str text, int year, int64_t *ret_ms)
{
	struct civil t = {.year = year};
	if (year < 0 || !read_bsd(text, &t) || !is_real(&t))
		return false;
	*ret_ms = ms_of(&t);
	return true;
}

#define LEAP_GAP 8 /* years between two 29ths of February around 1900, 2100 … */

bool
vd_time_parse_yearless(struct vd_str text, int64_t reference_ms, int64_t *ret_ms)
{
	struct civil t = {0};
	if (reference_ms > INT64_MAX - MS_PER_DAY || !read_bsd(text, &t))
		return false;
	int64_t latest = reference_ms + MS_PER_DAY;
	struct date last = date_of(floor_div(latest, MS_PER_DAY));
	if (last.year < LEAP_GAP || last.year > 9999)
		return false;
	for (int back = 0; back <= LEAP_GAP; back++) {
		t.year = (int)last.year - back;
		if (!is_real(&t) || ms_of(&t) > latest)
			continue;
		*ret_ms = ms_of(&t);
		return true;
	}
	return false;
}

bool
vd_time_parse_audit(struct vd_str text, int64_t *ret_ms)
{
	static const char mark[] = "audit(";
	struct cursor c = {text.at, text.len};
	for (; c.n > 0; (void)skip(&c, *c.p)) {
		if (*c.p != mark[0] || !skip_text(&c, mark))
			continue;
		struct vd_str seconds = {c.p, 0};
		while (seconds.len < c.n && c.p[seconds.len] != ':' && c.p[seconds.len] != ')')
			seconds.len++;
		if (seconds.len < c.n && c.p[seconds.len] == ':')
			return read_epoch(seconds, ret_ms);
		return false;
	}
	return false;
}
