/*
 * Time as Unix milliseconds (int64_t, UTC), its spellings in logs, and RFC 3339 out.  Pure: no clock here.
 */
#ifndef VD_BASE_TIME_H
#define VD_BASE_TIME_H

#include <stdbool.h>

#include "base/str.h"

/*
 * Reads RFC 3339 (any fraction; blank or T; Z, UTC, ±hh:mm, ±hhmm, ±hh or nothing = UTC) also with slashes,
 * "MM/DD/YYYY hh:mm:ss AM", "DD/Mon/YYYY:hh:mm:ss +zzzz" (web access logs), RFC 1123, "Mon DD YYYY hh:mm:ss"
 * (syslog of network devices), ctime(3), "/Date(ms)/", and epoch seconds, milliseconds, microseconds, nanoseconds
 * as digits with an optional fraction (told apart by size: below 1e11, 1e14, 1e17), and Windows FILETIME (from
 * 116444736000000000, which is 1970, to below 2.65e17, the year 2440).  The whole text must be it, with no blanks around.  What is finer than a millisecond
 * is cut off; a leap second counts as the second after.  False: none of them, or no such date.
 */
bool vd_time_parse(struct vd_str text, int64_t *ret_ms);

/* The parts as written, with no conversion of zone, for Sigma's time modifiers. */
struct vd_time_parts {
	int year, month, day, hour, minute; /* month 1-12 */
	int week;                           /* ISO 8601, 1-53 */
};
bool vd_time_parts(struct vd_str text, struct vd_time_parts *ret);

#define VD_TIME_TEXT_MAX 32u
/* "2026-01-05T03:59:00.000Z"; years beyond 0000 to 9999 get a sign (ISO 8601).  Returns its length. */
size_t vd_time_format(int64_t ms, char to[VD_TIME_TEXT_MAX]);

/* RFC 3164 "Nov 23 09:51:02", also with a fraction, has no year: the caller gives one.  UTC. */
bool vd_time_parse_bsd(struct vd_str text, int year, int64_t *ret_ms);
/* The same in the latest year that makes it at most one day later than the reference. */
bool vd_time_parse_yearless(struct vd_str text, int64_t reference_ms, int64_t *ret_ms);

/* The time in the first "audit(SECONDS.FRACTION:SERIAL)" (Linux auditd) that stands anywhere in the text. */
bool vd_time_parse_audit(struct vd_str text, int64_t *ret_ms);

#endif
