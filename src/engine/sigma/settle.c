#include "engine/sigma/parse.h"

static bool
has_placeholder(const struct vd_atom *atom)
{
	for (size_t i = 0; i < atom->n_tokens; i++)
		if (atom->tokens[i].kind == VD_TOK_PLACEHOLDER)
			return true;
	return false;
}

static enum vd_status
join(struct vd_build *b, const struct vd_atom *atom, struct vd_str *ret)
{
	size_t len = 0;
	for (size_t i = 0; i < atom->n_tokens; i++)
		len += atom->tokens[i].text.len;
	char *text = vd_arena_alloc(b->arena, len + 1), *to = text;
	if (text == NULL)
		return VD_BUILD_NOMEM(b);
	for (size_t i = 0; i < atom->n_tokens; i++) {
		memcpy(to, atom->tokens[i].text.at, atom->tokens[i].text.len);
		to += atom->tokens[i].text.len;
	}
	*to = '\0';
	*ret = (struct vd_str){text, len};
	return VD_OK;
}

enum vd_status
vd_atom_settle(struct vd_build *b, struct vd_pos pos, struct vd_atom *atom)
{
	if (has_placeholder(atom))
		return VD_OK;
	struct vd_str text;
	enum vd_status st = join(b, atom, &text);
	if (st != VD_OK)
		return st;
	atom->n_tokens = 0;
	atom->tokens = NULL;
	if (atom->kind == VD_ATOM_REGEX) {
		atom->text = text;
		return vd_regex_check(b, pos, atom);
	}
	bool masked = false;
	if (!vd_cidr_parse(vd_str_trim(text), atom, &masked))
		return VD_BUILD_REJECT(b, pos, "cidr-invalid",
			"%.*s is no network: write an address and a prefix length, as 10.0.0.0/8 or "
			"2001:db8::/32",
			VD_SHOW(text));
	if (masked)
		VD_BUILD_DEGRADE(b, pos, "cidr-host-bits",
			"%.*s has bits set behind its prefix: they are ignored", VD_SHOW(text));
	return VD_OK;
}
