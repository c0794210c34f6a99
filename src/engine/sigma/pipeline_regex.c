#define PCRE2_CODE_UNIT_WIDTH 8
#include "engine/sigma/pipeline.h"

#include <pcre2.h>

#include "engine/sigma/regex.h"

#define HEAP_LIMIT_KIB 4096u
#define MAX_GROUPS 100u /* numbers in templates have two digits */

struct vd_pipe_regex {
	struct vd_str text;
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
	uint32_t n_groups; /* without the whole match */
};

static void *
arena_take(size_t n, void *arena)
{
	return vd_arena_alloc(arena, n);
}

/* What an arena gave goes back with the arena. */
static void
arena_leave(void *p, void *arena)
{
}

static enum vd_status
compile(struct vd_pipe_regex *regex, pcre2_general_context *memory, struct vd_pos pos, struct vd_err *err)
{
	int code;
	PCRE2_SIZE at;
	pcre2_compile_context *options = pcre2_compile_context_create(memory);
	if (options == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a regular expression");
	pcre2_set_max_pattern_length(options, VD_REGEX_MAX_LEN);
	regex->code = pcre2_compile((PCRE2_SPTR)(regex->text.len == 0 ? "" : regex->text.at), regex->text.len,
		PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &code, &at, options);
	if (regex->code != NULL)
		return VD_OK;
	PCRE2_UCHAR words[256];
	if (code == PCRE2_ERROR_HEAP_FAILED || pcre2_get_error_message(code, words, sizeof words) < 0)
		return vd_fail(err, VD_ENOMEM, "no memory for a regular expression");
	return vd_fail_at(err, VD_EINPUT, pos.line, pos.column,
		"the regular expression %.*s is wrong at byte %zu: %s", VD_SHOW(regex->text), at,
		(const char *)words);
}

enum vd_status
vd_pipe_regex_new(struct vd_arena *arena, struct vd_str text, struct vd_pos pos, struct vd_pipe_regex **ret,
	struct vd_err *err)
{
	struct vd_pipe_regex *regex = vd_arena_zalloc(arena, sizeof *regex);
	pcre2_general_context *memory = pcre2_general_context_create(arena_take, arena_leave, arena);
	if (regex == NULL || memory == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a regular expression");
	regex->text = text;
	enum vd_status st = compile(regex, memory, pos, err);
	if (st != VD_OK)
		return st;
	regex->match = pcre2_match_data_create_from_pattern(regex->code, memory);
	regex->limits = pcre2_match_context_create(memory);
	if (regex->match == NULL || regex->limits == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a regular expression");
	(void)pcre2_set_match_limit(regex->limits, VD_REGEX_MATCH_LIMIT);
	(void)pcre2_set_depth_limit(regex->limits, VD_REGEX_DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(regex->limits, HEAP_LIMIT_KIB);
	(void)pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &regex->n_groups);
	*ret = regex;
	return VD_OK;
}

static enum vd_status
match(struct vd_pipe_run *run, struct vd_pipe_regex *regex, struct vd_str text, size_t from, uint32_t options,
	bool *ret)
{
	int n = pcre2_match(regex->code, (PCRE2_SPTR)(text.len == 0 ? "" : text.at), text.len, from, options,
		regex->match, regex->limits);
	if (n == PCRE2_ERROR_NOMEMORY)
		return VD_BUILD_NOMEM(&run->build);
	if (n < 0 && n != PCRE2_ERROR_NOMATCH)
		return VD_BUILD_REJECT(&run->build, run->build.rule->pos, "pipeline-regex",
			"the pipeline's regular expression %.*s cannot be run on a value of this rule: it "
			"takes too "
			"many steps, or the value is no UTF-8",
			VD_SHOW(regex->text));
	*ret = n > 0;
	return VD_OK;
}

enum vd_status
vd_pipe_regex_begins(struct vd_pipe_run *run, struct vd_pipe_regex *regex, struct vd_str text, bool *ret)
{
	return match(run, regex, text, 0, PCRE2_ANCHORED, ret);
}

/* The bytes of group i of the last match; at NULL: it took no part. */
static struct vd_str
group_text(const struct vd_pipe_regex *regex, struct vd_str text, uint32_t i)
{
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(regex->match);
	PCRE2_SIZE from = ends[2 * i], to = ends[2 * i + 1];
	if (from == PCRE2_UNSET || to < from)
		return (struct vd_str){0};
	return (struct vd_str){text.at + from, to - from};
}

enum vd_status
vd_pipe_regex_groups(struct vd_pipe_run *run, struct vd_pipe_regex *regex, struct vd_str text, size_t *ret_n,
	struct vd_pipe_group **ret)
{
	bool matched = false;
	uint32_t n_names = 0, row_size = 0;
	PCRE2_SPTR row = NULL;
	*ret_n = 0;
	enum vd_status st = match(run, regex, text, 0, PCRE2_ANCHORED, &matched);
	if (st != VD_OK || !matched)
		return st;
	(void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMECOUNT, &n_names);
	(void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMEENTRYSIZE, &row_size);
	(void)pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &row);
	struct vd_pipe_group *groups = vd_arena_array(run->build.arena, n_names, sizeof *groups);
	if (groups == NULL)
		return VD_BUILD_NOMEM(&run->build);
	for (uint32_t i = 0; i < n_names; i++, row += row_size) {
		/* a row: the number in two bytes, the name with its NUL */
		struct vd_str part = group_text(regex, text, (uint32_t)row[0] << 8 | row[1]);
		if (part.at == NULL)
			continue;
		groups[*ret_n].name = vd_str_from((const char *)row + 2);
		groups[(*ret_n)++].text = part;
	}
	*ret = groups;
	return VD_OK;
}

/* ---- templates ---- */

/* One piece of a template: a group, or one or two plain bytes. */
struct piece {
	bool is_group;
	uint32_t group;
	char bytes[2];
	size_t n;
};

/* \g<name> or \g<1> after the g; returns the bytes read, 0: wrong. */
static size_t
named_group(const struct vd_pipe_regex *regex, struct vd_str rest, uint32_t *ret)
{
	char name[64];
	uint64_t number;
	const char *end = rest.len == 0 || rest.at[0] != '<' ? NULL : memchr(rest.at, '>', rest.len);
	if (end == NULL)
		return 0;
	struct vd_str inside = {rest.at + 1, (size_t)(end - rest.at) - 1};
	if (inside.len == 0 || inside.len >= sizeof name)
		return 0;
	if (vd_str_u64(inside, &number)) {
		*ret = (uint32_t)VD_MIN(number, UINT32_MAX);
		return inside.len + 2;
	}
	memcpy(name, inside.at, inside.len);
	name[inside.len] = '\0';
	int found = pcre2_substring_number_from_name(regex->code, (PCRE2_SPTR)name);
	*ret = (uint32_t)found;
	return found > 0 ? inside.len + 2 : 0;
}

/* What follows a backslash; returns the bytes read, 0: wrong. */
static size_t
escape(const struct vd_pipe_regex *regex, struct vd_str rest, struct piece *ret)
{
	static const char letters[] = "nrtafv", meant[] = "\n\r\t\a\f\v";
	char c = rest.len == 0 ? '\0' : rest.at[0];
	const char *letter = c == '\0' ? NULL : strchr(letters, c);
	*ret = (struct piece){.n = 1};
	if (c >= '1' && c <= '9') {
		bool two = rest.len > 1 && rest.at[1] >= '0' && rest.at[1] <= '9';
		ret->is_group = true;
		ret->group = (uint32_t)(c - '0');
		if (two)
			ret->group = ret->group * 10 + (uint32_t)(rest.at[1] - '0');
		return two ? 2 : 1;
	}
	if (c == 'g') {
		ret->is_group = true;
		size_t n = named_group(regex, (struct vd_str){rest.at + 1, rest.len - 1}, &ret->group);
		return n == 0 ? 0 : n + 1;
	}
	if (letter != NULL || c == '\\') {
		ret->bytes[0] = letter == NULL ? '\\' : meant[letter - letters];
		return 1;
	}
	if (c == '\0' || c == '0' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
		return 0;
	*ret = (struct piece){.bytes = {'\\', c}, .n = 2};
	return 1;
}

/* Takes the next piece off *rest, which is not empty; false: the template is wrong. */
static bool
next_piece(const struct vd_pipe_regex *regex, struct vd_str *rest, struct piece *ret)
{
	size_t n = 1;
	*ret = (struct piece){.bytes = {rest->at[0]}, .n = 1};
	if (rest->at[0] == '\\') {
		n = escape(regex, (struct vd_str){rest->at + 1, rest->len - 1}, ret);
		if (n++ == 0 || (ret->is_group && (ret->group > regex->n_groups || ret->group >= MAX_GROUPS)))
			return false;
	}
	rest->at += n;
	rest->len -= n;
	return true;
}

enum vd_status
vd_pipe_template_check(
	const struct vd_pipe_regex *regex, struct vd_str text, const struct vd_yaml *at, struct vd_err *err)
{
	struct piece piece;
	for (struct vd_str rest = text; rest.len != 0;)
		if (!next_piece(regex, &rest, &piece))
			return vd_fail_at(err, VD_EINPUT, at->pos.line, at->pos.column,
				"the replacement is wrong at byte %zu: it names a group that the regular "
				"expression "
				"does not have, or an escape that does not exist",
				text.len - rest.len);
	return VD_OK;
}

/* ---- replacing ---- */

/* One stretch of a pattern without placeholders and dashes. */
struct subject {
	struct vd_str text;
	struct vd_str tags;
};

static void
put_range(struct vd_pipe_shown *out, const struct subject *from, size_t start, size_t end)
{
	vd_buf_add(&out->text, from->text.at + start, end - start);
	vd_buf_add(&out->tags, from->tags.at + start, end - start);
}

/* What a template says as it is; wildcards count where wild says so. */
static void
put_plain(struct vd_pipe_shown *out, struct vd_str bytes, bool wild)
{
	for (size_t i = 0, end; i < bytes.len; i = end) {
		char c = bytes.at[i];
		bool special = wild && (c == '*' || c == '?');
		end = i + 1;
		while (!special && end < bytes.len &&
			!(wild && (bytes.at[end] == '*' || bytes.at[end] == '?')))
			end++;
		vd_pipe_shown_put(out, (struct vd_str){bytes.at + i, end - i},
			!special   ? VD_PIPE_TAG_TEXT
			: c == '*' ? VD_PIPE_TAG_ANY
				   : VD_PIPE_TAG_ONE);
	}
}

/* What an escape stands for; two bytes: the backslash is kept, and takes from a wildcard what it would mean. */
static void
put_escaped(struct vd_pipe_shown *out, const struct piece *piece, bool wild)
{
	bool escape = piece->n == 2 && wild && (piece->bytes[1] == '*' || piece->bytes[1] == '?');
	vd_pipe_shown_put(
		out, (struct vd_str){piece->bytes, 1}, escape ? VD_PIPE_TAG_ESCAPE : VD_PIPE_TAG_TEXT);
	vd_pipe_shown_put(out, (struct vd_str){piece->bytes + 1, piece->n - 1}, VD_PIPE_TAG_TEXT);
}

static void
put_template(struct vd_pipe_shown *out, const struct vd_pipe_regex *regex, const struct subject *from,
	struct vd_str text, bool wild)
{
	struct piece piece;
	while (text.len != 0) {
		const char *mark = memchr(text.at, '\\', text.len);
		size_t run = mark == NULL ? text.len : (size_t)(mark - text.at);
		put_plain(out, (struct vd_str){text.at, run}, wild);
		text = (struct vd_str){text.at + run, text.len - run};
		if (text.len == 0 || !next_piece(regex, &text, &piece))
			return;
		if (!piece.is_group) {
			put_escaped(out, &piece, wild);
			continue;
		}
		struct vd_str part = group_text(regex, from->text, piece.group);
		if (part.at != NULL) {
			size_t start = (size_t)(part.at - from->text.at);
			put_range(out, from, start, start + part.len);
		}
	}
}

static enum vd_status
replace_all(struct vd_pipe_run *run, struct vd_pipe_regex *regex, const struct vd_pipe_args *args,
	const struct subject *from, struct vd_pipe_shown *out)
{
	bool wild = !args->skip_special || args->interpret_special;
	size_t done = 0;
	uint32_t options = 0;
	for (;;) {
		bool matched = false;
		enum vd_status st = match(run, regex, from->text, done, options, &matched);
		if (st != VD_OK)
			return st;
		if (!matched)
			break;
		const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(regex->match);
		size_t start = ends[0], end = ends[1];
		if (end < start || end < done) /* \K in a look-around: nothing sensible can be replaced */
			break;
		put_range(out, from, done, start);
		put_template(out, regex, from, args->text, wild);
		done = end;
		/* UTF-8 is checked once; after an empty match the next must not be empty at the same place */
		options = PCRE2_NO_UTF_CHECK | (start == end ? PCRE2_NOTEMPTY_ATSTART : 0);
		if (out->text.len > VD_RULE_MAX_VALUE_LEN)
			return VD_BUILD_REJECT(&run->build, run->build.rule->pos, "limit",
				"a pipeline makes a value of more than %u bytes", VD_RULE_MAX_VALUE_LEN);
	}
	put_range(out, from, done, from->text.len);
	return VD_OK;
}

static enum vd_status
replace_stretch(struct vd_pipe_run *run, struct vd_pipe_regex *regex, const struct vd_pipe_args *args,
	const struct vd_token *tokens, size_t n, struct vd_pipe_tokens *ret)
{
	VD_AUTO_FINI(vd_pipe_shown) shown = {0};
	VD_AUTO_FINI(vd_pipe_shown) out = {0};
	vd_pipe_shown_add(&shown, tokens, n, !args->skip_special);
	if (!vd_buf_room(&shown.text, 0) || !vd_buf_room(&shown.tags, 0))
		return VD_BUILD_NOMEM(&run->build);
	struct subject from = {vd_buf_view(&shown.text), vd_buf_view(&shown.tags)};
	enum vd_status st = replace_all(run, regex, args, &from, &out);
	return st == VD_OK ? vd_pipe_tokens_add_shown(run, ret, &out) : st;
}

static bool
is_barrier(const struct vd_token *token, bool skip_special)
{
	if (skip_special)
		return token->kind != VD_TOK_TEXT;
	return token->kind == VD_TOK_PLACEHOLDER || token->kind == VD_TOK_DASH;
}

enum vd_status
vd_pipe_regex_replace(struct vd_pipe_run *run, struct vd_pipe_regex *regex, const struct vd_pipe_args *args,
	const struct vd_atom *atom, struct vd_atoms *ret)
{
	struct vd_pipe_tokens tokens = {0};
	enum vd_status st = VD_OK;
	for (size_t i = 0, end; i <= atom->n_tokens && st == VD_OK; i = end + 1) {
		end = i;
		while (end < atom->n_tokens && !is_barrier(&atom->tokens[end], args->skip_special))
			end++;
		/* between two barriers there is nothing to replace, not even by an expression that matches nothing */
		if (end != i)
			st = replace_stretch(run, regex, args, &atom->tokens[i], end - i, &tokens);
		else if (atom->n_tokens == 0)
			st = replace_stretch(run, regex, args, NULL, 0, &tokens);
		if (st == VD_OK && end < atom->n_tokens)
			st = vd_pipe_tokens_add(run, &tokens, atom->tokens[end]);
	}
	return st == VD_OK ? vd_pipe_atoms_add(run, atom, &tokens, ret) : st;
}
