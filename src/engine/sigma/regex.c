#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"
#include "engine/sigma/parse.h"

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

/* Only syntax and references are looked at here; the matcher builds its own automaton from the same text. */
enum vd_status
vd_regex_check(struct vd_build *b, struct vd_pos pos, const struct vd_atom *atom)
{
	uint32_t options = PCRE2_UTF | ((atom->re_flags & VD_RE_ICASE) != 0 ? PCRE2_CASELESS : 0u) |
			   ((atom->re_flags & VD_RE_MULTILINE) != 0 ? PCRE2_MULTILINE : 0u) |
			   ((atom->re_flags & VD_RE_DOTALL) != 0 ? PCRE2_DOTALL : 0u);
	pcre2_general_context *general = pcre2_general_context_create(take, give_back, NULL);
	if (general == NULL)
		return VD_BUILD_NOMEM(b);
	pcre2_compile_context *compile = pcre2_compile_context_create(general);
	int code = PCRE2_ERROR_NOMEMORY;
	PCRE2_SIZE at = 0;
	pcre2_code *compiled = compile == NULL ? NULL :
						 pcre2_compile((PCRE2_SPTR)atom->text.at, atom->text.len,
							 options, &code, &at, compile);
	pcre2_code_free(compiled);
	pcre2_compile_context_free(compile);
	pcre2_general_context_free(general);
	if (compiled != NULL)
		return VD_OK;
	if (code == PCRE2_ERROR_NOMEMORY || code == PCRE2_ERROR_HEAP_FAILED)
		return VD_BUILD_NOMEM(b);
	PCRE2_UCHAR words[160] = "";
	(void)pcre2_get_error_message(code, words, sizeof words);
	return VD_BUILD_REJECT(b, pos, "regex-invalid", "regular expression %.*s: %s (at byte %zu)",
		VD_SHOW(atom->text), (const char *)words, (size_t)at);
}
