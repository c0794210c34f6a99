#include "main/completion/completion.h"

#include "main/commands.h"

static void
words_argument(struct vd_buf *to, enum vd_word_kind word, const char *const *choices)
{
	switch (word) {
	case VD_WORD_FILE:
	case VD_WORD_FOLDER:
		vd_buf_text(to, " -F");
		break;
	case VD_WORD_CHOICE:
		vd_buf_text(to, " -f -a '");
		vd_completion_words(to, choices);
		vd_buf_char(to, '\'');
		break;
	case VD_WORD_COMMAND:
		vd_buf_text(to, " -f -a '");
		vd_completion_first_words(to);
		vd_buf_char(to, '\'');
		break;
	case VD_WORD_NONE:
	case VD_WORD_TEXT:
		vd_buf_text(to, " -f");
		break;
	}
}

static void
command_lines(struct vd_buf *to, const struct vd_command *command)
{
	for (size_t i = 0; i < command->n_options; i++) {
		const struct vd_option *option = &command->options[i];
		vd_buf_printf(
			to, "complete -c vedette -n '__vedette_is %s' -l %s", command->name, option->name);
		if (option->letter != 0)
			vd_buf_printf(to, " -s %c", option->letter);
		if (option->kind != VD_OPT_FLAG) {
			vd_buf_text(to, " -r");
			words_argument(to, option->word, option->choices);
		}
		vd_buf_text(to, " -d ");
		vd_completion_quoted(to, option->help, "\\");
		vd_buf_char(to, '\n');
	}
	vd_buf_printf(to, "complete -c vedette -n '__vedette_is %s%s'", command->name,
		command->operand_word == VD_WORD_COMMAND ? "; and test (count (commandline -opc)) -eq 2"
							 : "");
	words_argument(to, command->operand_word, command->operand_choices);
	vd_buf_char(to, '\n');
}

static const char beginning[] =
	"# fish completion of vedette; made by 'vedette completion fish'\n"
	"function __vedette_is\n"
	"\tset -l words (commandline -opc)\n"
	"\tset -l wanted (count $argv)\n"
	"\ttest (count $words) -gt $wanted; or return 1\n"
	"\tfor i in (seq $wanted)\n"
	"\t\ttest \"$words[(math $i + 1)]\" = \"$argv[$i]\"; or return 1\n"
	"\tend\n"
	"end\n"
	"function __vedette_needs_second\n"
	"\tset -l words (commandline -opc)\n"
	"\ttest (count $words) -eq 2; and test \"$words[2]\" = \"$argv[1]\"\n"
	"end\n"
	"function __vedette_helps\n"
	"\tset -l words (commandline -opc)\n"
	"\ttest (count $words) -eq 3; and test \"$words[2] $words[3]\" = \"help $argv[1]\"\n"
	"end\n";

void
vd_completion_fish(struct vd_buf *to)
{
	static const char *const conditions[] = {"__vedette_needs_second", "__vedette_helps"};
	struct vd_str first;
	vd_buf_text(to, beginning);
	vd_buf_text(to, "complete -c vedette -n 'test (count (commandline -opc)) -eq 1' -f -a '");
	vd_completion_first_words(to);
	vd_buf_text(to, " --help --version'\n");
	for (size_t i = 0; i < vd_commands_count(); i++) {
		if (!vd_completion_begins_pair(i, &first))
			continue;
		char word[32] = {0};
		memcpy(word, first.at, VD_MIN(first.len, sizeof word - 1));
		for (size_t k = 0; k < VD_ARRAY_LEN(conditions); k++) {
			vd_buf_printf(to, "complete -c vedette -n '%s %s' -f -a '", conditions[k], word);
			vd_completion_second_words(to, word);
			vd_buf_text(to, "'\n");
		}
	}
	for (size_t i = 0; i < vd_commands_count(); i++)
		command_lines(to, &vd_commands[i]);
}
