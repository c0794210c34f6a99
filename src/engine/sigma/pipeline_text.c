#include "engine/sigma/pipeline.h"

void
vd_pipe_shown_fini(struct vd_pipe_shown *shown)
{
	vd_buf_fini(&shown->text);
	vd_buf_fini(&shown->tags);
}

void
vd_pipe_shown_put(struct vd_pipe_shown *shown, struct vd_str text, enum vd_pipe_tag tag)
{
	vd_buf_str(&shown->text, text);
	if (text.len == 0 || !vd_buf_room(&shown->tags, text.len))
		return;
	memset(shown->tags.at + shown->tags.len, (int)tag, text.len);
	shown->tags.len += text.len;
	shown->tags.at[shown->tags.len] = '\0';
}

static void
put_text(struct vd_pipe_shown *shown, struct vd_str text, bool escapes)
{
	size_t from = 0; /* what is before it is put */
	for (size_t i = 0; escapes && i < text.len; i++) {
		if (text.at[i] != '*' && text.at[i] != '?')
			continue;
		vd_pipe_shown_put(shown, (struct vd_str){text.at + from, i - from}, VD_PIPE_TAG_TEXT);
		vd_pipe_shown_put(shown, VD_S("\\"), VD_PIPE_TAG_ESCAPE);
		from = i;
	}
	if (from < text.len)
		vd_pipe_shown_put(shown, (struct vd_str){text.at + from, text.len - from}, VD_PIPE_TAG_TEXT);
}

void
vd_pipe_shown_add(struct vd_pipe_shown *shown, const struct vd_token *tokens, size_t n, bool escapes)
{
	for (size_t i = 0; i < n; i++) {
		switch (tokens[i].kind) {
		case VD_TOK_TEXT:
			put_text(shown, tokens[i].text, escapes);
			break;
		case VD_TOK_ANY:
			vd_pipe_shown_put(shown, VD_S("*"), VD_PIPE_TAG_ANY);
			break;
		case VD_TOK_ONE:
			vd_pipe_shown_put(shown, VD_S("?"), VD_PIPE_TAG_ONE);
			break;
		case VD_TOK_DASH:
			vd_pipe_shown_put(shown, VD_S("-"), VD_PIPE_TAG_OTHER);
			break;
		case VD_TOK_PLACEHOLDER:
			vd_pipe_shown_put(shown, VD_S("%"), VD_PIPE_TAG_OTHER);
			vd_pipe_shown_put(shown, tokens[i].text, VD_PIPE_TAG_OTHER);
			vd_pipe_shown_put(shown, VD_S("%"), VD_PIPE_TAG_OTHER);
			break;
		}
	}
}

enum vd_status
vd_pipe_text_of(struct vd_pipe_run *run, const struct vd_atom *atom, struct vd_str *ret)
{
	VD_AUTO_FINI(vd_pipe_shown) shown = {0};
	vd_pipe_shown_add(&shown, atom->tokens, atom->n_tokens, true);
	if (shown.text.failed || shown.tags.failed ||
		!vd_arena_str(run->build.arena, vd_buf_view(&shown.text), ret))
		return VD_BUILD_NOMEM(&run->build);
	return VD_OK;
}

static enum vd_status
join(struct vd_pipe_run *run, struct vd_token *last, struct vd_str more)
{
	char *both = vd_arena_alloc(run->build.arena, last->text.len + more.len + 1);
	if (both == NULL)
		return VD_BUILD_NOMEM(&run->build);
	memcpy(both, last->text.at, last->text.len);
	memcpy(both + last->text.len, more.at, more.len);
	both[last->text.len + more.len] = '\0';
	last->text = (struct vd_str){both, last->text.len + more.len};
	return VD_OK;
}

enum vd_status
vd_pipe_tokens_add(struct vd_pipe_run *run, struct vd_pipe_tokens *tokens, struct vd_token token)
{
	struct vd_token *last = tokens->n == 0 ? NULL : &tokens->at[tokens->n - 1];
	if (token.kind == VD_TOK_TEXT && token.text.len == 0)
		return VD_OK;
	if (last != NULL && last->kind == VD_TOK_ANY && token.kind == VD_TOK_ANY)
		return VD_OK;
	if (last != NULL && last->kind == VD_TOK_TEXT && token.kind == VD_TOK_TEXT)
		return join(run, last, token.text);
	if (tokens->n == tokens->cap) {
		size_t cap = tokens->cap == 0 ? 4 : tokens->cap * 2;
		struct vd_token *grown = vd_arena_array(run->build.arena, cap, sizeof *grown);
		if (grown == NULL)
			return VD_BUILD_NOMEM(&run->build);
		if (tokens->n != 0)
			memcpy(grown, tokens->at, tokens->n * sizeof *grown);
		tokens->at = grown;
		tokens->cap = cap;
	}
	tokens->at[tokens->n++] = token;
	return VD_OK;
}

/* Is the byte at i an escape that still stands before the plain wildcard it was written for? */
static bool
escapes_next(struct vd_str text, struct vd_str tags, size_t i)
{
	return tags.at[i] == VD_PIPE_TAG_ESCAPE && i + 1 < text.len && tags.at[i + 1] == VD_PIPE_TAG_TEXT &&
	       (text.at[i + 1] == '*' || text.at[i + 1] == '?');
}

enum vd_status
vd_pipe_tokens_add_shown(
	struct vd_pipe_run *run, struct vd_pipe_tokens *tokens, const struct vd_pipe_shown *shown)
{
	struct vd_str text = vd_buf_view(&shown->text), tags = vd_buf_view(&shown->tags);
	char *plain = vd_arena_alloc(run->build.arena, text.len + 1);
	if (shown->text.failed || shown->tags.failed || plain == NULL)
		return VD_BUILD_NOMEM(&run->build);
	enum vd_status st = VD_OK;
	size_t n = 0, from = 0; /* plain[from..n) is the text behind the last wildcard */
	for (size_t i = 0; i < text.len && st == VD_OK; i++) {
		bool any = tags.at[i] == VD_PIPE_TAG_ANY;
		if (!any && tags.at[i] != VD_PIPE_TAG_ONE) {
			if (!escapes_next(text, tags, i))
				plain[n++] = text.at[i];
			continue;
		}
		st = vd_pipe_tokens_add(
			run, tokens, (struct vd_token){VD_TOK_TEXT, {plain + from, n - from}});
		from = n;
		if (st == VD_OK)
			st = vd_pipe_tokens_add(
				run, tokens, (struct vd_token){.kind = any ? VD_TOK_ANY : VD_TOK_ONE});
	}
	if (st == VD_OK)
		st = vd_pipe_tokens_add(
			run, tokens, (struct vd_token){VD_TOK_TEXT, {plain + from, n - from}});
	return st;
}

enum vd_status
vd_pipe_atoms_keep(struct vd_pipe_run *run, struct vd_atom atom, struct vd_atoms *ret)
{
	/* the arrays double: n is the capacity whenever it is a power of two */
	if ((ret->n & (ret->n - 1)) == 0) {
		struct vd_atom *grown =
			vd_arena_array(run->build.arena, ret->n == 0 ? 1 : ret->n * 2, sizeof *grown);
		if (grown == NULL)
			return VD_BUILD_NOMEM(&run->build);
		if (ret->n != 0)
			memcpy(grown, ret->at, ret->n * sizeof *grown);
		ret->at = grown;
	}
	ret->at[ret->n++] = atom;
	return VD_OK;
}

enum vd_status
vd_pipe_atoms_add(struct vd_pipe_run *run, const struct vd_atom *like, const struct vd_pipe_tokens *tokens,
	struct vd_atoms *ret)
{
	return vd_pipe_atoms_keep(run,
		(struct vd_atom){.kind = VD_ATOM_PATTERN,
			.cased = like->kind == VD_ATOM_PATTERN && like->cased,
			.n_tokens = tokens->n,
			.tokens = tokens->at},
		ret);
}

enum vd_status
vd_pipe_atoms_add_text(
	struct vd_pipe_run *run, const struct vd_atom *like, struct vd_str text, struct vd_atoms *ret)
{
	struct vd_pipe_tokens tokens = {0};
	enum vd_status st =
		vd_pattern_parse(run->build.arena, text, false, &tokens.n, &tokens.at, run->build.err);
	if (st == VD_ENOMEM)
		return st;
	if (st != VD_OK)
		return VD_BUILD_REJECT(&run->build, run->build.rule->pos, "limit",
			"a pipeline makes a value of more than %u bytes", VD_RULE_MAX_VALUE_LEN);
	return vd_pipe_atoms_add(run, like, &tokens, ret);
}
