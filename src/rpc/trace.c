#include "rpc/trace.h"

#define MEMBER_LONG 128u /* bytes; longer members are the first to go */
#define KEY_MAX 256u
#define TENANT_MAX 241u /* of a key tenant@system */
#define SYSTEM_MAX 14u
#define VALUE_MAX 256u

/* ---- traceparent: version "-" trace-id "-" parent-id "-" trace-flags ---- */

#define AT_TRACE 3u
#define AT_SPAN 36u
#define AT_FLAGS 53u

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 2n lower-case digits become n bytes; true: so it is, and not all are zero or zero is allowed. */
static bool
read_hex(const char *at, size_t n, bool zero_too, uint8_t *to)
{
	uint8_t any = 0;
	for (size_t i = 0; i < n; i++) {
		int high = hex_value(at[2 * i]), low = hex_value(at[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		to[i] = (uint8_t)(high * 16 + low);
		any |= to[i];
	}
	return zero_too || any != 0;
}

bool
vd_trace_parse(struct vd_str text, struct vd_trace *ret)
{
	struct vd_trace trace;
	uint8_t version, flags;
	if (text.len < VD_TRACEPARENT_LEN)
		return false;
	if (text.at[AT_TRACE - 1] != '-' || text.at[AT_SPAN - 1] != '-' || text.at[AT_FLAGS - 1] != '-')
		return false;
	if (!read_hex(text.at, 1, true, &version) || version == 0xff)
		return false;
	if (text.len > VD_TRACEPARENT_LEN && (version == 0 || text.at[VD_TRACEPARENT_LEN] != '-'))
		return false;
	if (!read_hex(text.at + AT_TRACE, VD_TRACE_ID, false, trace.trace_id) ||
		!read_hex(text.at + AT_SPAN, VD_SPAN_ID, false, trace.span_id) ||
		!read_hex(text.at + AT_FLAGS, 1, true, &flags))
		return false;
	trace.sampled = (flags & 1u) != 0;
	*ret = trace;
	return true;
}

static char *
write_hex(char *to, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 15u];
	}
	return to;
}

void
vd_trace_format(const struct vd_trace *trace, char text[VD_TRACEPARENT_LEN + 1])
{
	const uint8_t version = 0, flags = trace->sampled;
	char *to = write_hex(text, &version, 1);
	*to++ = '-';
	to = write_hex(to, trace->trace_id, VD_TRACE_ID);
	*to++ = '-';
	to = write_hex(to, trace->span_id, VD_SPAN_ID);
	*to++ = '-';
	*write_hex(to, &flags, 1) = '\0';
}

/* Takes n bytes of chance; all zero, which no id may be, becomes one. */
static void
make_id(uint8_t *id, const uint8_t *chance, size_t n)
{
	uint8_t any = 0;
	for (size_t i = 0; i < n; i++) {
		id[i] = chance[i];
		any |= chance[i];
	}
	if (any == 0)
		id[n - 1] = 1;
}

void
vd_trace_begin(const uint8_t chance[VD_TRACE_ID + VD_SPAN_ID], bool sampled, struct vd_trace *ret)
{
	make_id(ret->trace_id, chance, VD_TRACE_ID);
	make_id(ret->span_id, chance + VD_TRACE_ID, VD_SPAN_ID);
	ret->sampled = sampled;
}

void
vd_trace_child(const struct vd_trace *parent, const uint8_t chance[VD_SPAN_ID], struct vd_trace *ret)
{
	struct vd_trace child = *parent;
	make_id(child.span_id, chance, VD_SPAN_ID);
	*ret = child;
}

/* ---- tracestate: list of key "=" value ---- */

static bool
small(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

/* 1 to max bytes of a-z 0-9 _ - * /; the first a letter, or a digit where that is allowed. */
static bool
is_name(struct vd_str name, size_t max, bool digit_first)
{
	if (name.len == 0 || name.len > max || !(small(name.at[0]) || (digit_first && digit(name.at[0]))))
		return false;
	for (size_t i = 1; i < name.len; i++)
		if (!small(name.at[i]) && !digit(name.at[i]) &&
			(name.at[i] == '\0' || strchr("_-*/", name.at[i]) == NULL))
			return false;
	return true;
}

/* 3.3.1.3.1 */
static bool
is_key(struct vd_str key)
{
	const char *at = key.len == 0 ? NULL : memchr(key.at, '@', key.len);
	if (at == NULL)
		return is_name(key, KEY_MAX, false);
	size_t n = (size_t)(at - key.at);
	return is_name((struct vd_str){key.at, n}, TENANT_MAX, true) &&
	       is_name((struct vd_str){at + 1, key.len - n - 1}, SYSTEM_MAX, false);
}

/* 3.3.1.3.2: printable ASCII without , and =, the last no blank (there is none: members are trimmed) */
static bool
is_value(struct vd_str value)
{
	if (value.len == 0 || value.len > VALUE_MAX)
		return false;
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] < 0x20 || value.at[i] > 0x7e || value.at[i] == '=')
			return false;
	return true;
}

static bool
is_member(struct vd_str member)
{
	const char *equals = memchr(member.at, '=', member.len);
	if (equals == NULL)
		return false;
	size_t n = (size_t)(equals - member.at);
	return is_key((struct vd_str){member.at, n}) &&
	       is_value((struct vd_str){equals + 1, member.len - n - 1});
}

/* The members that are not empty; false: more than VD_TRACESTATE_MEMBERS, or one is none. */
static bool
split(struct vd_str state, struct vd_str members[VD_TRACESTATE_MEMBERS], size_t *ret_n)
{
	size_t n = 0;
	while (state.len > 0) {
		const char *comma = memchr(state.at, ',', state.len);
		size_t len = comma == NULL ? state.len : (size_t)(comma - state.at);
		struct vd_str member = vd_str_trim((struct vd_str){state.at, len});
		size_t step = comma == NULL ? len : len + 1;
		state = (struct vd_str){state.at + step, state.len - step};
		if (member.len == 0)
			continue;
		if (n == VD_TRACESTATE_MEMBERS || !is_member(member))
			return false;
		members[n++] = member;
	}
	*ret_n = n;
	return true;
}

/* Bytes of the members with commas between them. */
static size_t
joined(const struct vd_str members[], size_t n)
{
	size_t len = 0;
	for (size_t i = 0; i < n; i++)
		len += members[i].len + (i != 0);
	return len;
}

size_t
vd_trace_state(struct vd_str state, char text[VD_TRACESTATE_MAX + 1])
{
	struct vd_str members[VD_TRACESTATE_MEMBERS];
	size_t n, len = 0;
	text[0] = '\0';
	if (!split(state, members, &n))
		return 0;
	for (size_t i = n; i > 0 && joined(members, n) > VD_TRACESTATE_MAX; i--) {
		if (members[i - 1].len <= MEMBER_LONG)
			continue;
		memmove(members + i - 1, members + i, (n - i) * sizeof *members);
		n--;
	}
	while (joined(members, n) > VD_TRACESTATE_MAX)
		n--;
	for (size_t i = 0; i < n; i++) {
		if (i != 0)
			text[len++] = ',';
		memcpy(text + len, members[i].at, members[i].len);
		len += members[i].len;
	}
	text[len] = '\0';
	return len;
}
