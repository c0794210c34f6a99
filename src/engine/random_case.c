#include "engine/random_case.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

static const char *const fields[] = {"A", "B", "C.d", "E", "F", "CommandLine", "EventID", "Channel"};

static const char *const texts[] = {"a", "ab", "abc", "ABC", "bca", "cmd.exe", "\\cmd.exe",
	"C:\\Windows\\cmd.exe", "C:\\Windows\\*", "*\\Windows\\*.exe", "é", "É", "straße", "\xe2\x84\xaa",
	"k", "*", "a*c", "a?c", "?", "*b*", "\\*", "a\\?c", "x\\\\y", " -c ", "/c", "-enc", "443", "443.0",
	"1", "0", "true", "", "foo bar", "whoami /all", "x\"y", "10.1.2.3", "fe80::1", "one", "line",
	"net user", "AGEAYgBj", "YWJj", "2024-05-01T10:30:00Z", "ſ", "İ"};

static const char *const regexes[] = {"a.c", "^abc$", "b+c", "é", "\\\\cmd", "(?i)ABC", "[0-9]{2,}", "x|y",
	"a.*c", "^$", "\\bcmd\\b", ".", "^[^a]*$", "(ab|bc)+", "C:\\\\.*\\.exe$", "e\\s+t", "user|all",
	"a{2}"};

static const char *const networks[] = {"10.0.0.0/8", "10.1.2.3/32", "::/0", "fe80::/10", "192.168.0.0/16",
	"0.0.0.0/0", "::ffff:10.0.0.0/104"};

static const char *const numbers[] = {"0", "1", "443", "-5", "1.5", "1e3", "30", "10"};

enum taste { TEXT, REGEX, NETWORK, NUMBER, FIELD, BOOL };

static const struct {
	const char *chain;
	enum taste taste;
} chains[] = {
	{"", TEXT},
	{"", TEXT},
	{"|contains", TEXT},
	{"|contains", TEXT},
	{"|startswith", TEXT},
	{"|endswith", TEXT},
	{"|contains|all", TEXT},
	{"|all", TEXT},
	{"|startswith|all", TEXT},
	{"|cased", TEXT},
	{"|contains|cased", TEXT},
	{"|endswith|cased", TEXT},
	{"|cased|startswith|all", TEXT},
	{"|neq", TEXT},
	{"|contains|neq", TEXT},
	{"|contains|all|neq", TEXT},
	{"|windash", TEXT},
	{"|windash|contains", TEXT},
	{"|windash|contains|all", TEXT},
	{"|re", REGEX},
	{"|re|i", REGEX},
	{"|re|s", REGEX},
	{"|re|m", REGEX},
	{"|re|all", REGEX},
	{"|re|neq", REGEX},
	{"|cidr", NETWORK},
	{"|cidr|all", NETWORK},
	{"|cidr|neq", NETWORK},
	{"|lt", NUMBER},
	{"|lte", NUMBER},
	{"|gt", NUMBER},
	{"|gte", NUMBER},
	{"|hour", NUMBER},
	{"|minute|gte", NUMBER},
	{"|day|lt", NUMBER},
	{"|fieldref", FIELD},
	{"|fieldref|contains", FIELD},
	{"|fieldref|startswith", FIELD},
	{"|exists", BOOL},
};

uint32_t
vd_random_below(struct vd_random *random, uint32_t n)
{
	random->state ^= random->state << 13;
	random->state ^= random->state >> 7;
	random->state ^= random->state << 17;
	return (uint32_t)((random->state >> 32) % n);
}

static const char *
one_of(struct vd_random *random, const char *const list[], uint32_t n)
{
	return list[vd_random_below(random, n)];
}

/* ---- rules ---- */

static void
write_value(struct vd_random *random, enum taste taste, struct vd_buf *to)
{
	switch (taste) {
	case TEXT:
		vd_buf_printf(to, "'%s%s'", one_of(random, texts, COUNT(texts)),
			vd_random_below(random, 4) == 0 ? one_of(random, texts, COUNT(texts)) : "");
		return;
	case REGEX:
		vd_buf_printf(to, "'%s'", one_of(random, regexes, COUNT(regexes)));
		return;
	case NETWORK:
		vd_buf_printf(to, "'%s'", one_of(random, networks, COUNT(networks)));
		return;
	case NUMBER:
		vd_buf_text(to, one_of(random, numbers, COUNT(numbers)));
		return;
	case FIELD:
		vd_buf_text(to, one_of(random, fields, COUNT(fields)));
		return;
	case BOOL:
		vd_buf_text(to, vd_random_below(random, 2) == 0 ? "true" : "false");
	}
}

/* "A|contains: ['x', 'y']" */
static void
write_item(struct vd_random *random, const char *before, uint32_t field, struct vd_buf *to)
{
	uint32_t chain = vd_random_below(random, COUNT(chains));
	enum taste taste = chains[chain].taste;
	vd_buf_printf(to, "%s%s%s: ", before, fields[field % COUNT(fields)], chains[chain].chain);
	if (chains[chain].chain[0] == '\0' && vd_random_below(random, 8) == 0) {
		vd_buf_text(to, "null\n");
		return;
	}
	uint32_t n = taste == FIELD || taste == BOOL ? 1 : 1 + vd_random_below(random, 4);
	vd_buf_char(to, '[');
	for (uint32_t i = 0; i < n; i++) {
		vd_buf_text(to, i == 0 ? "" : ", ");
		write_value(random, taste, to);
	}
	vd_buf_text(to, "]\n");
}

static void
write_selection(struct vd_random *random, uint32_t number, struct vd_buf *to)
{
	uint32_t shape = vd_random_below(random, 8), field = vd_random_below(random, COUNT(fields));
	vd_buf_printf(to, "  s%u:\n", number);
	if (shape == 0) {
		for (uint32_t i = 0; i < 1 + field % 3; i++) {
			vd_buf_text(to, "    - ");
			write_value(random, TEXT, to);
			vd_buf_char(to, '\n');
		}
	} else if (shape == 1) {
		vd_buf_text(to, "    '|all':\n");
		for (uint32_t i = 0; i < 2; i++) {
			vd_buf_text(to, "      - ");
			write_value(random, TEXT, to);
			vd_buf_char(to, '\n');
		}
	} else if (shape == 2) {
		for (uint32_t i = 0; i < 2; i++)
			write_item(random, "    - ", field + i, to);
	} else {
		for (uint32_t i = 0; i < 1 + shape % 3; i++)
			write_item(random, "    ", field + i, to);
	}
}

static void
write_condition(struct vd_random *random, uint32_t depth, struct vd_buf *to)
{
	uint32_t op = depth == 0 ? 0 : vd_random_below(random, 5);
	if (op < 2) {
		vd_buf_printf(to, "s%u", vd_random_below(random, 3));
	} else if (op == 2) {
		vd_buf_text(to, "not (");
		write_condition(random, depth - 1, to);
		vd_buf_char(to, ')');
	} else {
		vd_buf_char(to, '(');
		write_condition(random, depth - 1, to);
		vd_buf_text(to, op == 3 ? " and " : " or ");
		write_condition(random, depth - 1, to);
		vd_buf_char(to, ')');
	}
}

void
vd_random_rules(struct vd_random *random, uint32_t n, struct vd_buf *to)
{
	for (uint32_t i = 0; i < n; i++) {
		vd_buf_printf(to, "%stitle: r%u\nlogsource: {category: test}\ndetection:\n",
			i == 0 ? "" : "---\n", i);
		for (uint32_t s = 0; s < 3; s++)
			write_selection(random, s, to);
		vd_buf_text(to, "  condition: ");
		if (vd_random_below(random, 6) == 0)
			vd_buf_text(to, vd_random_below(random, 2) == 0 ? "1 of s*" : "all of them");
		else
			write_condition(random, 3, to);
		vd_buf_char(to, '\n');
	}
}

/* ---- events ---- */

/* The text as JSON, now and then with an escape where none is needed. */
static void
write_escaped(struct vd_random *random, const char *text, struct vd_buf *to)
{
	for (const char *c = text; *c != '\0'; c++) {
		unsigned char byte = (unsigned char)*c;
		if (byte == '"' || byte == '\\')
			vd_buf_printf(to, "\\%c", byte);
		else if (byte < 0x80 && vd_random_below(random, 40) == 0)
			vd_buf_printf(to, "\\u%04x", (unsigned)byte);
		else
			vd_buf_char(to, *c);
	}
}

static void
write_text(struct vd_random *random, struct vd_buf *to)
{
	static const char *const between[] = {"", " ", "\\n", "\\r\\n", "\\t", "\\\\"};
	static const char *const dashes[] = {"\xe2\x80\x93\x63", " /c ", "–enc", "aé", "\\ud83d", "\\u00e9"};
	uint32_t parts = vd_random_below(random, 12) == 0 ? 100 : vd_random_below(random, 4);
	vd_buf_char(to, '"');
	for (uint32_t i = 0; i < parts; i++) {
		if (vd_random_below(random, 10) == 0)
			vd_buf_text(to, one_of(random, dashes, COUNT(dashes)));
		else
			write_escaped(random, one_of(random, texts, COUNT(texts)), to);
		vd_buf_text(to, one_of(random, between, parts > 4 ? COUNT(between) : 2));
	}
	vd_buf_char(to, '"');
}

static void
write_json(struct vd_random *random, uint32_t depth, struct vd_buf *to)
{
	static const char *const literals[] = {"null", "true", "false", "443", "443.0", "4.43e2", "-0", "1.5",
		"-5", "1000", "10", "0", "1", "{}", "[]", "1e400"};
	uint32_t shape = vd_random_below(random, depth > 0 ? 12 : 9);
	if (shape < 6) {
		write_text(random, to);
	} else if (shape < 9) {
		vd_buf_text(to, one_of(random, literals, COUNT(literals)));
	} else if (shape < 11) {
		uint32_t n = vd_random_below(random, 4);
		vd_buf_char(to, '[');
		for (uint32_t i = 0; i < n; i++) {
			vd_buf_text(to, i == 0 ? "" : ", ");
			write_json(random, depth - 1, to);
		}
		vd_buf_char(to, ']');
	} else {
		vd_buf_text(to, "{\"d\": ");
		write_json(random, depth - 1, to);
		vd_buf_text(to, ", \"e\": ");
		write_json(random, depth - 1, to);
		vd_buf_char(to, '}');
	}
}

void
vd_random_event(struct vd_random *random, struct vd_buf *to)
{
	static const char *const keys[] = {"A", "B", "C", "C.d", "E", "F", "CommandLine", "EventID",
		"Channel", "other", "A B", "\\u0041"};
	uint32_t from = vd_random_below(random, COUNT(keys)), n = vd_random_below(random, 7);
	vd_buf_char(to, '{');
	for (uint32_t i = 0; i < n; i++) {
		uint32_t key = vd_random_below(random, 30) == 0 ? from : from + i; /* seldom a key twice */
		vd_buf_printf(to, "%s\"%s\": ", i == 0 ? "" : ", ", keys[key % COUNT(keys)]);
		write_json(random, 2, to);
	}
	vd_buf_char(to, '}');
}
