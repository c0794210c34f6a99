#include "main/completion/completion.h"

#include "main/commands.h"

void
vd_completion_words(struct vd_buf *to, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++)
		vd_buf_printf(to, "%s%s", i > 0 ? " " : "", words[i]);
}

static struct vd_str
first_word(size_t i)
{
	return (struct vd_str){vd_commands[i].name, strcspn(vd_commands[i].name, " ")};
}

/* Does an earlier command begin with the same word? */
static bool
is_repeated(size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (vd_str_eq(first_word(k), first_word(i)))
			return true;
	return false;
}

void
vd_completion_first_words(struct vd_buf *to)
{
	for (size_t i = 0; i < vd_commands_count(); i++) {
		if (is_repeated(i))
			continue;
		vd_buf_text(to, i > 0 ? " " : "");
		vd_buf_str(to, first_word(i));
	}
}

void
vd_completion_second_words(struct vd_buf *to, const char *first)
{
	size_t n = strlen(first), written = 0;
	for (size_t i = 0; i < vd_commands_count(); i++) {
		const char *name = vd_commands[i].name;
		if (strncmp(name, first, n) == 0 && name[n] == ' ')
			vd_buf_printf(to, "%s%s", written++ > 0 ? " " : "", name + n + 1);
	}
}

bool
vd_completion_begins_pair(size_t i, struct vd_str *ret_first)
{
	*ret_first = first_word(i);
	return !is_repeated(i) && vd_commands[i].name[ret_first->len] == ' ';
}

void
vd_completion_quoted(struct vd_buf *to, const char *text, const char *special)
{
	vd_buf_char(to, '\'');
	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '\'') {
			vd_buf_text(to, "'\\''");
			continue;
		}
		if (strchr(special, *c) != NULL)
			vd_buf_char(to, '\\');
		vd_buf_char(to, *c);
	}
	vd_buf_char(to, '\'');
}
