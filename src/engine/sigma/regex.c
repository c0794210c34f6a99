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
	bool jit; /* compiled to machine code */
};

struct vd_regex_match {
	uint32_t magic;
#define VD_REGEX_MATCH_MAGIC 0x72656d01u
	pcre2_general_context *general;
	pcre2_match_context *limits;
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

static enum vd_status
compile(struct vd_regex *regex, struct vd_str text, unsigned flags, struct vd_err *err)
{
	int code = PCRE2_ERROR_NOMEMORY;
	PCRE2_SIZE at = 0;
	PCRE2_UCHAR words[160] = "";
	regex->general = pcre2_general_context_create(take, give_back, NULL);
	pcre2_compile_context *settings =
		regex->general == NULL ? NULL : pcre2_compile_context_create(regex->general);
	if (settings != NULL)
		regex->code = pcre2_compile((PCRE2_SPTR)(text.len == 0 ? "" : text.at), text.len,
			options_of(flags), &code, &at, settings);
	pcre2_compile_context_free(settings);
	if (regex->code != NULL)
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
	if (regex == NULL)
		return vd_fail(err, VD_ENOMEM, "no memory for a regular expression");
	enum vd_status st = compile(regex, text, flags, err);
	if (st == VD_OK)
		*ret = vd_regex_take(&regex);
	return st;
}

enum vd_status
vd_regex_new(struct vd_str text, unsigned flags, struct vd_regex **ret, struct vd_err *err)
{
	enum vd_status st = new_plain(text, flags, ret, err);
	if (st == VD_OK)
		(*ret)->jit = pcre2_jit_compile((*ret)->code, PCRE2_JIT_COMPLETE) ==
			      0; /* where it fails the interpreter runs */
	return st;
}

void
vd_regex_free(struct vd_regex *regex)
{
	if (regex == NULL)
		return;
	vd_obj_check(regex, VD_REGEX_MAGIC);
	pcre2_code_free(regex->code);
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
	match->block = pcre2_match_data_create(1, match->general);
	match->stack = pcre2_jit_stack_create(JIT_STACK_FIRST, JIT_STACK_LIMIT, match->general);
	if (match->limits == NULL || match->block == NULL || match->stack == NULL)
		return NULL;
	(void)pcre2_set_match_limit(match->limits, VD_REGEX_MATCH_LIMIT);
	(void)pcre2_set_depth_limit(match->limits, VD_REGEX_DEPTH_LIMIT);
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
	pcre2_general_context_free(match->general);
	vd_obj_free(match);
}

enum vd_regex_result
vd_regex_search(const struct vd_regex *regex, struct vd_regex_match *match, struct vd_str text)
{
	PCRE2_SPTR at = (PCRE2_SPTR)(text.len == 0 ? "" : text.at);
	int found = regex->jit ? pcre2_jit_match(regex->code, at, text.len, 0, 0, match->block, match->limits)
			       : pcre2_match(regex->code, at, text.len, 0, 0, match->block, match->limits);
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
