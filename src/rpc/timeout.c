#include "rpc/timeout.h"

#include <stdio.h>

#define DIGITS_MAX 8u
#define VALUE_MAX 99999999

bool
vd_timeout_parse(struct vd_str text, int64_t *ret_ms)
{
	uint64_t value;
	if (text.len < 2 || text.len > DIGITS_MAX + 1)
		return false;
	if (!vd_str_u64((struct vd_str){text.at, text.len - 1}, &value))
		return false;
	int64_t n = (int64_t)value; /* at most 10^8 - 1, so that hours do not overflow: 3.6 · 10^14 ms */
	switch (text.at[text.len - 1]) {
	case 'H':
		*ret_ms = n * 3600000;
		return true;
	case 'M':
		*ret_ms = n * 60000;
		return true;
	case 'S':
		*ret_ms = n * 1000;
		return true;
	case 'm':
		*ret_ms = n;
		return true;
	case 'u':
		*ret_ms = (n + 999) / 1000;
		return true;
	case 'n':
		*ret_ms = (n + 999999) / 1000000;
		return true;
	default:
		return false;
	}
}

size_t
vd_timeout_format(int64_t ms, char text[VD_TIMEOUT_TEXT_MAX])
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {{'m', 1}, {'S', 1000}, {'M', 60000}, {'H', 3600000}};
	if (ms <= 0)
		return (size_t)snprintf(text, VD_TIMEOUT_TEXT_MAX, "1n");
	unsigned i = 0;
	while (i + 1 < VD_ARRAY_LEN(units) && ms / units[i].ms > VALUE_MAX)
		i++;
	int value = (int)VD_MIN(ms / units[i].ms, (int64_t)VALUE_MAX);
	return (size_t)snprintf(text, VD_TIMEOUT_TEXT_MAX, "%d%c", value, units[i].unit);
}

int64_t
vd_deadline_after(int64_t now_ms, int64_t timeout_ms)
{
	if (timeout_ms <= 0)
		return now_ms;
	return now_ms > 0 && timeout_ms > VD_DEADLINE_NEVER - now_ms ? VD_DEADLINE_NEVER
								     : now_ms + timeout_ms;
}

int64_t
vd_deadline_left(int64_t deadline_ms, int64_t now_ms)
{
	if (deadline_ms == VD_DEADLINE_NEVER)
		return INT64_MAX;
	if (deadline_ms <= now_ms)
		return 0;
	return now_ms < 0 && deadline_ms > INT64_MAX + now_ms ? INT64_MAX : deadline_ms - now_ms;
}
