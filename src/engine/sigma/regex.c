#include "engine/sigma/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"
#include "engine/sigma/parse.h"

#define JIT_STACK_FIRST (32u * 1024u)
#define JIT_STACK_LIMIT (512u * 1024u)

struct vd_regex {
	uint32_t magic;
#define VD_REGEX_MAGIC 0x72656701u
	pcre2_general_context *general;
	pcre2_code *code;
	pcre2_code *
		reluctant; /* the same with greedy and lazy exchanged; NULL: it has no use or might not be the same */
	size_t quick_bytes; /* longest text for machine code; 0: there is none */
	char often;         /* must stand in a text so many times */
	uint32_t times;
};

struct vd_regex_match {
	uint32_t magic;
#define VD_REGEX_MATCH_MAGIC 0x72656d01u
	pcre2_general_context *general;
	pcre2_match_context *limits; /* of machine code */
	pcre2_match_context *steps;  /* of the interpreter */
	pcre2_jit_stack *stack;
	pcre2_match_data *block;
	uint64_t limited;
};

static void *
take(size_t size, void *owner)
{
	return vd_mem_alloc(size);
}

static void
give_back(void *p, void *owner)
{
	vd_mem_free(p);
}

/* ---- expressions ---- */

static uint32_t
options_of(unsigned flags)
{
	/* invalid bytes in a value are passed over, never an error that would hide a match behind them */
	return PCRE2_MATCH_INVALID_UTF | ((flags & VD_RE_ICASE) != 0 ? PCRE2_CASELESS : 0u) |
	       ((flags & VD_RE_MULTILINE) != 0 ? PCRE2_MULTILINE : 0u) |
	       ((flags & VD_RE_DOTALL) != 0 ? PCRE2_DOTALL : 0u);
}

/* ---- repetitions ---- */

struct repeats {
	uint32_t open;     /* of no or a large bound: each may end at any place of the text */
	uint32_t optional; /* each doubles the ways */
	bool exact; /* atomic groups, possessive repetitions, verbs, conditions: greedy and lazy are not the same */
};

#define FEW_TIMES 16u   /* {0,16} has about as many ways as one open repetition has on a short text */
#define FEW_OPTIONAL 8u /* so many double nothing worth counting */

/* Behind the class that begins at i. */
static size_t
behind_class(struct vd_str text, size_t i)
{
	i++;
	if (i < text.len && text.at[i] == '^')
		i++;
	if (i < text.len && text.at[i] == ']')
		i++;
	for (; i < text.len && text.at[i] != ']'; i++)
		i += text.at[i] == '\\';
	return i + 1;
}

/* {2,} and {2,500} at i: does it repeat at will?  0: no repetition, else its length. */
static size_t
braces(struct vd_str text, size_t i, bool *ret_open)
{
	uint64_t bounds[2] = {0, 0};
	size_t k = i + 1, which = 0;
	for (; k < text.len && text.at[k] != '}'; k++) {
		if (text.at[k] == ',' && which == 0)
			which = 1;
		else if (text.at[k] < '0' || text.at[k] > '9')
			return 0;
		else
			bounds[which] = VD_MIN(
				bounds[which] * 10 + (uint64_t)(text.at[k] - '0'), (uint64_t)UINT16_MAX);
	}
	if (k >= text.len || k == i + 1)
		return 0;
	*ret_open = which == 1 && (text.at[k - 1] == ',' || bounds[1] > bounds[0] + FEW_TIMES);
	return k + 1 - i;
}

/* Counts what repeats; what it does not understand it takes for more rather than less. */
static struct repeats
count_repeats(struct vd_str text)
{
	struct repeats found = {0, 0, false};
	for (size_t i = 0; i < text.len;) {
		char c = text.at[i];
		size_t length = 1;
		bool open = c == '*' || c == '+', repeats = open || c == '?';
		if (c == '\\') {
			i += 2;
			continue;
		}
		if (c == '[') {
			i = behind_class(text, i);
			continue;
		}
		if (c == '(') { /* (?…) is an option or a kind of group; (?>, (?( and (* are exact */
			bool mark = i + 1 < text.len && (text.at[i + 1] == '?' || text.at[i + 1] == '*');
			found.exact |=
				mark &&
				(text.at[i + 1] == '*' ||
					(i + 2 < text.len && memchr(">(|R&P0123456789", text.at[i + 2], 16)));
			i += mark ? 2 : 1;
			continue;
		}
		if (c == '{')
			repeats = (length = braces(text, i, &open)) != 0;
		i += length == 0 ? 1 : length;
		if (!repeats)
			continue;
		found.open += open;
		found.optional += c == '?';
		if (i < text.len && (text.at[i] == '+' || text.at[i] == '?')) {
			found.exact |= text.at[i] == '+';
			i++;
		}
	}
	return found;
}

/* The longest text on which so many repetitions have at most VD_REGEX_QUICK_STEPS ways: n over k. */
static size_t
quick_bytes(struct repeats repeats)
{
	size_t least = 0, most = (size_t)VD_REGEX_QUICK_STEPS;
	while (least < most) {
		size_t n = least + (most - least + 1) / 2;
		double ways = 1;
		for (uint32_t i = 0; i < VD_MAX(repeats.open, 1u) && ways <= VD_REGEX_QUICK_STEPS; i++)
			ways *= (double)n / (i + 1);
		for (uint32_t i = FEW_OPTIONAL; i < repeats.optional && ways <= VD_REGEX_QUICK_STEPS; i++)
			ways *= 2;
		if (ways <= VD_REGEX_QUICK_STEPS)
			least = n;
		else
			most = n - 1;
	}
	return least;
}

/* ---- compiling ---- */

static enum vd_status
compile(struct vd_regex *regex, struct vd_str text, uint32_t options, pcre2_code **ret, struct vd_err *err)
{
	int code = PCRE2_ERROR_NOMEMORY;
	PCRE2_SIZE at = 0;
	PCRE2_UCHAR words[160] = "";
	pcre2_compile_context *settings = pcre2_compile_context_create(regex->general);
	if (settings != NULL)
		*ret = pcre2_compile(
			(PCRE2_SPTR)(text.len == 0 ? "" : text.at), text.len, options, &code, &at, settings);
	pcre2_compile_context_free(settings);
	if (*ret != NULL)
		return VD_OK;
	if (code == PCRE2_ERROR_NOMEMORY || code == PCRE2_ERROR_HEAP_FAILED)
		return vd_fail(err, VD_ENOMEM, "no memory for a regular expression");
	(void)pcre2_get_error_message(code, words, sizeof words);
	return vd_fail_at(err, VD_EINPUT, 1, (uint32_t)at + 1, "%s", (const char *)words);
}

/* Without JIT: enough to know that the text is a regular expression. */
static enum vd_status
new_plain(struct vd_str text, unsigned flags, struct vd_regex **ret, struct vd_err *err)
{
	if (text.len > VD_REGEX_MAX_LEN)
		return vd_fail(err, VD_ELIMIT, "%zu bytes, more than %u", text.len, VD_REGEX_MAX_LEN);
	VD_AUTO(vd_regex) regex = vd_obj_new(struct vd_regex, VD_REGEX_MAGIC);
	if (regex != NULL)
		regex->general = pcre2_general_context_create(take, give_back, NULL);
	if (regex == NULL || regex->general == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a regular expression");
	enum vd_status st = compile(regex, text, options_of(flags), &regex->code, err);
	if (st == VD_OK)
		*ret = vd_regex_take(&regex);
	return st;
}

enum vd_status
vd_regex_new(struct vd_str text, unsigned flags, struct vd_regex **ret, struct vd_err *err)
{
	VD_AUTO(vd_regex) regex = NULL;
	struct repeats repeats = count_repeats(text);
	enum vd_status st = new_plain(text, flags, &regex, err);
	if (st == VD_OK && repeats.open > 1 && !repeats.exact)
		st = compile(regex, text, options_of(flags) | PCRE2_UNGREEDY, &regex->reluctant, err);
	if (st != VD_OK)
		return st;
	/* where it fails the interpreter runs */
	if (pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE) == 0)
		regex->quick_bytes = quick_bytes(repeats);
	*ret = vd_regex_take(&regex);
	return VD_OK;
}

void
vd_regex_expect(struct vd_regex *regex, char c, uint32_t n)
{
	regex->often = c;
	regex->times = n;
}

size_t
vd_regex_quick_bytes(const struct vd_regex *regex)
{
	return regex->quick_bytes;
}

void
vd_regex_free(struct vd_regex *regex)
{
	if (regex == NULL)
		return;
	vd_obj_check(regex, VD_REGEX_MAGIC);
	pcre2_code_free(regex->code);
	pcre2_code_free(regex->reluctant);
	pcre2_general_context_free(regex->general);
	vd_obj_free(regex);
}

uint32_t
vd_regex_min_chars(const struct vd_regex *regex)
{
	uint32_t chars = 0;
	return pcre2_pattern_info(regex->code, PCRE2_INFO_MINLENGTH, &chars) == 0 ? chars : 0;
}

enum vd_status
vd_regex_check(struct vd_build *b, struct vd_pos pos, const struct vd_atom *atom)
{
	VD_AUTO(vd_regex) regex = NULL;
	struct vd_err why = VD_ERR_INIT;
	enum vd_status st = new_plain(atom->text, atom->re_flags, &regex, &why);
	if (st == VD_ENOMEM)
		return VD_BUILD_NOMEM(b);
	if (st == VD_EINPUT)
		return VD_BUILD_REJECT(b, pos, "regex-invalid", "regular expression %.*s: %s (at byte %u)",
			VD_SHOW(atom->text), why.text, why.column);
	return st == VD_OK ? VD_OK : VD_BUILD_REJECT(b, pos, "limit", "a regular expression of %s", why.text);
}

/* ---- searching ---- */

struct vd_regex_match *
vd_regex_match_new(void)
{
	VD_AUTO(vd_regex_match) match = vd_obj_new(struct vd_regex_match, VD_REGEX_MATCH_MAGIC);
	if (match == NULL)
		return NULL;
	match->general = pcre2_general_context_create(take, give_back, NULL);
	if (match->general == NULL)
		return NULL;
	match->limits = pcre2_match_context_create(match->general);
	match->steps = pcre2_match_context_create(match->general);
	match->block = pcre2_match_data_create(1, match->general);
	match->stack = pcre2_jit_stack_create(JIT_STACK_FIRST, JIT_STACK_LIMIT, match->general);
	if (match->limits == NULL || match->steps == NULL || match->block == NULL || match->stack == NULL)
		return NULL;
	(void)pcre2_set_match_limit(match->limits, VD_REGEX_MATCH_LIMIT);
	(void)pcre2_set_depth_limit(match->limits, VD_REGEX_DEPTH_LIMIT);
	(void)pcre2_set_depth_limit(match->steps, VD_REGEX_DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(match->steps, VD_REGEX_HEAP_KIB);
	pcre2_jit_stack_assign(match->limits, NULL, match->stack);
	return vd_regex_match_take(&match);
}

void
vd_regex_match_free(struct vd_regex_match *match)
{
	if (match == NULL)
		return;
	vd_obj_check(match, VD_REGEX_MATCH_MAGIC);
	pcre2_match_data_free(match->block);
	pcre2_jit_stack_free(match->stack);
	pcre2_match_context_free(match->limits);
	pcre2_match_context_free(match->steps);
	pcre2_general_context_free(match->general);
	vd_obj_free(match);
}

/* Does the character stand there often enough?  An attempt in vain is what it saves. */
static bool
stands_often(const struct vd_regex *regex, struct vd_str text)
{
	uint32_t n = 0;
	const char *at = text.at, *end = text.at + text.len;
	while (n < regex->times && at < end && (at = memchr(at, regex->often, (size_t)(end - at))) != NULL) {
		at++;
		n++;
	}
	return n >= regex->times;
}

/* Every step is counted. */
static int
search_slowly(const struct vd_regex *regex, struct vd_regex_match *match, PCRE2_SPTR at, size_t n)
{
	uint64_t limit = VD_REGEX_MATCH_LIMIT + (uint64_t)n * VD_REGEX_STEPS_PER_BYTE;
	(void)pcre2_set_match_limit(match->steps, (uint32_t)VD_MIN(limit, (uint64_t)UINT32_MAX));
	int found = pcre2_match(regex->code, at, n, 0, PCRE2_NO_JIT, match->block, match->steps);
	if (found == PCRE2_ERROR_MATCHLIMIT && regex->reluctant != NULL)
		found = pcre2_match(regex->reluctant, at, n, 0, PCRE2_NO_JIT, match->block, match->steps);
	return found;
}

enum vd_regex_result
vd_regex_search(const struct vd_regex *regex, struct vd_regex_match *match, struct vd_str text)
{
	PCRE2_SPTR at = (PCRE2_SPTR)(text.len == 0 ? "" : text.at);
	if (regex->times > 0 && !stands_often(regex, text))
		return VD_REGEX_NO;
	int found = text.len < regex->quick_bytes
			    ? pcre2_jit_match(regex->code, at, text.len, 0, 0, match->block, match->limits)
			    : search_slowly(regex, match, at, text.len);
	if (found >= 0)
		return VD_REGEX_YES;
	if (found == PCRE2_ERROR_NOMATCH)
		return VD_REGEX_NO;
	match->limited++;
	return VD_REGEX_LIMIT;
}

uint64_t
vd_regex_match_limited(const struct vd_regex_match *match)
{
	return match->limited;
}
