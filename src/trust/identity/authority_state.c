#include "trust/identity/authority_state.h"

#include <stdio.h>

#include "base/time.h"

#define FIRST_LINE "vedette authority 1"
#define YEAR_10000_MS 253402300800000

static const char *const roles[] = {
	[VD_ROOT_OLD] = "old", [VD_ROOT_SIGNING] = "signing", [VD_ROOT_NEXT] = "next"};

const char *
vd_root_role_name(enum vd_root_role role)
{
	return roles[role];
}

void
vd_authority_file_name(
	const char *kind, const char *serial, const char *ending, char ret[VD_AUTHORITY_FILE_MAX])
{
	(void)snprintf(ret, VD_AUTHORITY_FILE_MAX, "%s-%s.%s", kind, serial, ending);
}

/* ---- reading ---- */

/* Lines in their fixed order. */
struct reader {
	struct vd_str text;
	uint32_t line;
};

static struct vd_str
next_line(struct reader *reader)
{
	const char *end = reader->text.len == 0 ? NULL : memchr(reader->text.at, '\n', reader->text.len);
	size_t n = end == NULL ? reader->text.len : (size_t)(end - reader->text.at);
	struct vd_str line = {reader->text.at, n};
	n += end == NULL ? 0 : 1;
	reader->text = (struct vd_str){reader->text.at + n, reader->text.len - n};
	reader->line++;
	return line;
}

static struct vd_str
next_word(struct vd_str *line)
{
	size_t n = 0;
	while (n < line->len && line->at[n] != ' ')
		n++;
	struct vd_str word = {line->at, n};
	n += n < line->len ? 1 : 0;
	*line = (struct vd_str){line->at + n, line->len - n};
	return word;
}

static bool
take_word(struct vd_str *line, const char *word)
{
	return vd_str_is(next_word(line), word);
}

/* The value of the line "name value". */
static bool
value_of(struct reader *reader, const char *name, struct vd_str *ret)
{
	struct vd_str line = next_line(reader);
	bool named = take_word(&line, name);
	*ret = next_word(&line);
	return named && ret->len > 0 && line.len == 0;
}

static bool
read_number(struct reader *reader, const char *name, uint64_t max, uint64_t *ret)
{
	struct vd_str value;
	return value_of(reader, name, &value) && vd_str_u64(value, ret) && *ret <= max;
}

static bool
read_yes(struct reader *reader, const char *name, bool *ret)
{
	struct vd_str value;
	if (!value_of(reader, name, &value))
		return false;
	*ret = vd_str_is(value, "yes");
	return *ret || vd_str_is(value, "no");
}

static bool
read_life(struct reader *reader, const char *name, int64_t *ret_ms)
{
	uint64_t seconds;
	if (!read_number(reader, name, YEAR_10000_MS / 1000, &seconds) || seconds == 0)
		return false;
	*ret_ms = (int64_t)seconds * 1000;
	return true;
}

static bool
read_serial(struct vd_str word, char ret[VD_SERIAL_MAX])
{
	if (word.len == 0 || word.len % 2 != 0 || word.len >= VD_SERIAL_MAX)
		return false;
	for (size_t i = 0; i < word.len; i++)
		if ((word.at[i] < '0' || word.at[i] > '9') && (word.at[i] < 'a' || word.at[i] > 'f'))
			return false;
	memcpy(ret, word.at, word.len);
	ret[word.len] = '\0';
	return true;
}

static bool
read_time(struct vd_str word, int64_t *ret_ms)
{
	return vd_time_parse(word, ret_ms) && *ret_ms >= 0 && *ret_ms < YEAR_10000_MS;
}

/* What stands behind "root". */
static bool
read_root(struct vd_str line, struct vd_root_state *ret)
{
	struct vd_root_state root = {.until_ms = INT64_MIN};
	struct vd_str role = next_word(&line), until;
	size_t r = 0;
	while (r < VD_ARRAY_LEN(roles) && !vd_str_is(role, roles[r]))
		r++;
	if (r == VD_ARRAY_LEN(roles) || !read_serial(next_word(&line), root.serial) ||
		!take_word(&line, "added") || !read_time(next_word(&line), &root.added_ms) ||
		!take_word(&line, "until"))
		return false;
	root.role = (enum vd_root_role)r;
	until = next_word(&line);
	if (!vd_str_is(until, "-") && !read_time(until, &root.until_ms))
		return false;
	*ret = root;
	return line.len == 0;
}

/* The name of a file in this folder, of those that are ours. */
static bool
read_drop(struct vd_str word, char ret[VD_AUTHORITY_FILE_MAX])
{
	static const char *const kinds[] = {"root-", "intermediate-"};
	char serial[VD_SERIAL_MAX];
	if (word.len >= VD_AUTHORITY_FILE_MAX || (!vd_str_ends(word, ".pem") && !vd_str_ends(word, ".key")))
		return false;
	for (size_t i = 0; i < VD_ARRAY_LEN(kinds); i++) {
		size_t n = strlen(kinds[i]);
		if (!vd_str_starts(word, kinds[i]) || word.len < n + 4 ||
			!read_serial((struct vd_str){word.at + n, word.len - n - 4}, serial))
			continue;
		memcpy(ret, word.at, word.len);
		ret[word.len] = '\0';
		return true;
	}
	return false;
}

static bool
read_head(struct reader *reader, struct vd_authority_state *state)
{
	struct vd_str domain;
	if (!value_of(reader, "trust-domain", &domain) || vd_trust_domain_check(domain, NULL) != VD_OK)
		return false;
	memcpy(state->trust_domain, domain.at, domain.len);
	return read_number(reader, "revision", INT64_MAX, &state->revision) &&
	       read_number(reader, "sequence", INT64_MAX, &state->sequence) &&
	       read_yes(reader, "sealed", &state->sealed) &&
	       read_yes(reader, "constrained", &state->constrained) &&
	       read_life(reader, "root-life", &state->root_life_ms) &&
	       read_life(reader, "intermediate-life", &state->intermediate_life_ms);
}

/* From the roots to "end". */
static bool
read_rest(struct reader *reader, struct vd_authority_state *state)
{
	for (;;) {
		struct vd_str line = next_line(reader), what = next_word(&line);
		bool before = state->intermediate[0] == '\0';
		if (vd_str_is(what, "root") && before && state->n_roots < VD_AUTHORITY_ROOTS_MAX) {
			if (!read_root(line, &state->roots[state->n_roots++]))
				return false;
		} else if (vd_str_is(what, "intermediate") && before) {
			if (!read_serial(line, state->intermediate))
				return false;
		} else if (vd_str_is(what, "drop") && !before && state->n_drops < VD_AUTHORITY_DROPS_MAX) {
			if (!read_drop(line, state->drops[state->n_drops++]))
				return false;
		} else {
			return vd_str_is(what, "end") && !before && line.len == 0 && reader->text.len == 0;
		}
	}
}

/* One root signs, at most one is the next, no two are the same. */
static bool
roots_agree(const struct vd_authority_state *state)
{
	unsigned n[VD_ARRAY_LEN(roles)] = {0};
	for (size_t i = 0; i < state->n_roots; i++) {
		n[state->roots[i].role]++;
		for (size_t k = 0; k < i; k++)
			if (strcmp(state->roots[i].serial, state->roots[k].serial) == 0)
				return false;
	}
	return n[VD_ROOT_SIGNING] == 1 && n[VD_ROOT_NEXT] <= 1;
}

enum vd_status
vd_authority_state_read(struct vd_str text, struct vd_authority_state *ret, struct vd_err *err)
{
	struct vd_authority_state state = {0};
	struct reader reader = {text, 0};
	struct vd_str first = next_line(&reader);
	if (!vd_str_is(first, FIRST_LINE) && vd_str_starts(first, "vedette authority "))
		return vd_fail(err, VD_EVERSION, "an authority of another version of Vedette: '%.*s'",
			(int)VD_MIN(first.len, 64u), first.at);
	if (!vd_str_is(first, FIRST_LINE))
		return vd_fail(
			err, VD_EINPUT, "not made by 'trust init': the first line is not '" FIRST_LINE "'");
	if (!read_head(&reader, &state) || !read_rest(&reader, &state))
		return vd_fail_at(err, VD_EINPUT, reader.line, 0, "line %u is damaged or the file was cut",
			reader.line);
	if (!roots_agree(&state))
		return vd_fail(
			err, VD_EINPUT, "the roots contradict each other: the file was changed by hand");
	*ret = state;
	return VD_OK;
}

/* ---- writing ---- */

static void
write_root(const struct vd_root_state *root, struct vd_buf *to)
{
	char added[VD_TIME_TEXT_MAX], until[VD_TIME_TEXT_MAX] = "-";
	(void)vd_time_format(root->added_ms, added);
	if (root->until_ms != INT64_MIN)
		(void)vd_time_format(root->until_ms, until);
	vd_buf_printf(to, "root %s %s added %s until %s\n", roles[root->role], root->serial, added, until);
}

void
vd_authority_state_write(const struct vd_authority_state *state, struct vd_buf *to)
{
	vd_buf_printf(to,
		FIRST_LINE "\ntrust-domain %s\nrevision %llu\nsequence %llu\nsealed %s\nconstrained %s\n"
			   "root-life %lld\nintermediate-life %lld\n",
		state->trust_domain, (unsigned long long)state->revision, (unsigned long long)state->sequence,
		state->sealed ? "yes" : "no", state->constrained ? "yes" : "no",
		(long long)(state->root_life_ms / 1000), (long long)(state->intermediate_life_ms / 1000));
	for (size_t i = 0; i < state->n_roots; i++)
		write_root(&state->roots[i], to);
	vd_buf_printf(to, "intermediate %s\n", state->intermediate);
	for (size_t i = 0; i < state->n_drops; i++)
		vd_buf_printf(to, "drop %s\n", state->drops[i]);
	vd_buf_text(to, "end\n");
}
