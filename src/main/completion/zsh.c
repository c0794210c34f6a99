#include "main/completion/completion.h"

#include "main/commands.h"

/* Characters that mean something inside an argument of _arguments. */
#define SPECIAL "[]:\\"

static void
action(struct vd_buf *to, enum vd_word_kind word, const char *const *choices)
{
	switch (word) {
	case VD_WORD_FILE:
		vd_buf_text(to, "_files");
		break;
	case VD_WORD_FOLDER:
		vd_buf_text(to, "_files -/");
		break;
	case VD_WORD_CHOICE:
		vd_buf_char(to, '(');
		vd_completion_words(to, choices);
		vd_buf_char(to, ')');
		break;
	case VD_WORD_COMMAND:
		vd_buf_char(to, '(');
		vd_completion_first_words(to);
		vd_buf_char(to, ')');
		break;
	case VD_WORD_NONE:
	case VD_WORD_TEXT:
		vd_buf_char(to, ' ');
		break;
	}
}

/* One specification of _arguments; a list takes all words up to the next that begins with '-'. */
static void
specification(struct vd_buf *to, const struct vd_option *option, const char *dashes_and_name)
{
	struct vd_buf text;
	vd_buf_init(&text, 0);
	vd_buf_printf(&text, "\t\t%s%s", option->kind == VD_OPT_LIST ? "'*'" : "", dashes_and_name);
	vd_buf_text(&text, "'['");
	vd_completion_quoted(&text, option->help, SPECIAL);
	vd_buf_text(&text, "']");
	if (option->kind != VD_OPT_FLAG) {
		vd_buf_printf(&text, "%s:%s:", option->kind == VD_OPT_LIST ? ":*-*" : "", option->value);
		action(&text, option->word, option->choices);
	}
	vd_buf_text(&text, "' \\\n");
	vd_buf_str(to, vd_buf_view(&text));
	to->failed = to->failed || text.failed;
	vd_buf_fini(&text);
}

static void
command_arm(struct vd_buf *to, const struct vd_command *command)
{
	char name[64];
	struct vd_buf dashed;
	vd_buf_init(&dashed, 0);
	vd_buf_printf(to, "\t\"%s\")\n\t\t_arguments -s \\\n", command->name);
	for (size_t i = 0; i < command->n_options; i++) {
		const struct vd_option *option = &command->options[i];
		vd_buf_reset(&dashed);
		vd_buf_printf(&dashed, "--%s", option->name);
		memcpy(name, dashed.at, VD_MIN(dashed.len + 1, sizeof name));
		specification(to, option, name);
		if (option->letter == 0)
			continue;
		specification(to, option, (const char[]){'-', option->letter, '\0'});
	}
	vd_buf_printf(to, "\t\t'*:%s:", command->operands[0] == '\0' ? " " : command->operands);
	action(to, command->operand_word, command->operand_choices);
	vd_buf_text(to, "' ;;\n");
	vd_buf_fini(&dashed);
}

void
vd_completion_zsh(struct vd_buf *to)
{
	struct vd_str first;
	vd_buf_text(to, "#compdef vedette\n"
			"# zsh completion of vedette; made by 'vedette completion zsh'\n"
			"_vedette()\n"
			"{\n"
			"\tlocal command=$words[2]\n"
			"\tif ((CURRENT == 2)); then\n"
			"\t\tcompadd -- ");
	vd_completion_first_words(to);
	vd_buf_text(to, " --help --version\n\t\treturn\n\tfi\n");
	for (size_t i = 0; i < vd_commands_count(); i++) {
		if (!vd_completion_begins_pair(i, &first))
			continue;
		char word[32] = {0};
		memcpy(word, first.at, VD_MIN(first.len, sizeof word - 1));
		vd_buf_printf(to,
			"\tif [[ $command == %s ]]; then\n\t\tif ((CURRENT == 3)); then\n\t\t\tcompadd -- ",
			word);
		vd_completion_second_words(to, word);
		vd_buf_text(to, " --help\n\t\t\treturn\n\t\tfi\n\t\tcommand=\"$command $words[3]\"\n"
				"\t\tshift words\n\t\t((CURRENT--))\n\tfi\n");
		vd_buf_printf(to,
			"\tif [[ $command == help && $words[3] == %s ]] && ((CURRENT == 4)); "
			"then\n\t\tcompadd -- ",
			word);
		vd_completion_second_words(to, word);
		vd_buf_text(to, "\n\t\treturn\n\tfi\n");
	}
	vd_buf_text(to, "\t[[ $command == help ]] && ((CURRENT > 3)) && return\n");
	/* _arguments takes the first word for the command's name */
	vd_buf_text(to, "\tshift words\n\t((CURRENT--))\n\tcase $command in\n");
	for (size_t i = 0; i < vd_commands_count(); i++)
		command_arm(to, &vd_commands[i]);
	vd_buf_text(to, "\tesac\n}\n_vedette \"$@\"\n");
}
