#include "main/completion/completion.h"

#include "main/commands.h"

/* What completes a word of this kind. */
static void
action(struct vd_buf *to, enum vd_word_kind word, const char *const *choices)
{
	switch (word) {
	case VD_WORD_FILE:
		vd_buf_text(to, "_vedette_files -f");
		break;
	case VD_WORD_FOLDER:
		vd_buf_text(to, "_vedette_files -d");
		break;
	case VD_WORD_CHOICE:
		vd_buf_text(to, "_vedette_words \"");
		vd_completion_words(to, choices);
		vd_buf_char(to, '"');
		break;
	case VD_WORD_COMMAND:
		vd_buf_text(to, "_vedette_words \"");
		vd_completion_first_words(to);
		vd_buf_char(to, '"');
		break;
	case VD_WORD_NONE:
	case VD_WORD_TEXT:
		vd_buf_char(to, ':');
		break;
	}
}

/* The case arms of one command: values of its options, its options, its operands. */
static void
command_arms(struct vd_buf *to, const struct vd_command *command)
{
	for (size_t i = 0; i < command->n_options; i++) {
		const struct vd_option *option = &command->options[i];
		if (option->kind == VD_OPT_FLAG)
			continue;
		vd_buf_printf(to, "\t\"%s --%s\"", command->name, option->name);
		if (option->letter != 0)
			vd_buf_printf(to, " | \"%s -%c\"", command->name, option->letter);
		vd_buf_text(to, ") ");
		action(to, option->word, option->choices);
		vd_buf_text(to, "; return ;;\n");
	}
}

static void
command_words(struct vd_buf *to, const struct vd_command *command)
{
	vd_buf_printf(to, "\t\"%s\")\n\t\tif [[ $cur == -* ]]; then _vedette_words \"", command->name);
	for (size_t i = 0; i < command->n_options; i++)
		vd_buf_printf(to, "%s--%s", i > 0 ? " " : "", command->options[i].name);
	vd_buf_text(to, "\"; else ");
	action(to, command->operand_word, command->operand_choices);
	vd_buf_text(to, "; fi ;;\n");
}

static const char beginning[] =
	"# bash completion of vedette; made by 'vedette completion bash'\n"
	"_vedette_words()\n"
	"{\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
	"}\n"
	"_vedette_files()\n"
	"{\n"
	"\tcompopt -o filenames\n"
	"\tmapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n"
	"}\n"
	"_vedette()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} first=2 option= i\n"
	"\tCOMPREPLY=()\n";

/* Options that take a list are open until the next word with '-'; the others take one word. */
static const char middle[] = "\tfor ((i = first; i < COMP_CWORD; i++)); do\n"
			     "\t\tcase ${COMP_WORDS[i]} in\n"
			     "\t\t-*) option=${COMP_WORDS[i]} ;;\n"
			     "\t\tesac\n"
			     "\tdone\n"
			     "\t[[ $cur == -* ]] && option=\n"
			     "\tcase \"$command $option\" in\n";

void
vd_completion_bash(struct vd_buf *to)
{
	struct vd_str first;
	vd_buf_text(to, beginning);
	vd_buf_text(to, "\tif ((COMP_CWORD == 1)); then _vedette_words \"");
	vd_completion_first_words(to);
	vd_buf_text(to, " --help --version\"; return; fi\n");
	for (size_t i = 0; i < vd_commands_count(); i++) {
		if (!vd_completion_begins_pair(i, &first))
			continue;
		char word[32] = {0};
		memcpy(word, first.at, VD_MIN(first.len, sizeof word - 1));
		vd_buf_printf(to,
			"\tif [[ $command == %s ]]; then\n\t\tif ((COMP_CWORD == 2)); then _vedette_words \"",
			word);
		vd_completion_second_words(to, word);
		vd_buf_text(to,
			" --help\"; return; fi\n\t\tcommand=\"$command ${COMP_WORDS[2]}\" first=3\n\tfi\n");
		vd_buf_printf(to,
			"\tif [[ $command == help && ${COMP_WORDS[2]} == %s ]] && ((COMP_CWORD == 3)); then "
			"_vedette_words \"",
			word);
		vd_completion_second_words(to, word);
		vd_buf_text(to, "\"; return; fi\n");
	}
	vd_buf_text(to, "\t[[ $command == help ]] && ((COMP_CWORD > 2)) && return\n");
	vd_buf_text(to, middle);
	for (size_t i = 0; i < vd_commands_count(); i++)
		command_arms(to, &vd_commands[i]);
	vd_buf_text(to, "\tesac\n\tcase $command in\n");
	for (size_t i = 0; i < vd_commands_count(); i++)
		command_words(to, &vd_commands[i]);
	vd_buf_text(to, "\tesac\n}\ncomplete -F _vedette vedette\n");
}
