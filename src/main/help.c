#include "main/commands.h"

#include "main/term.h"

#define INDENT 2u
#define SUMMARY_COLUMN 18u

static void
blanks(struct vd_buf *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		vd_buf_char(to, ' ');
}

/* "-o, --format FORMAT" and, in a line of its own, what it does. */
static void
help_option(const struct vd_option *option, struct vd_buf *to)
{
	blanks(to, INDENT);
	if (option->letter != 0)
		vd_buf_printf(to, "-%c, ", option->letter);
	vd_buf_printf(to, "--%s", option->name);
	if (option->value != NULL)
		vd_buf_printf(to, " %s", option->value);
	vd_buf_char(to, '\n');
	blanks(to, 4 * INDENT);
	vd_buf_text(to, option->help);
	vd_buf_char(to, '\n');
}

void
vd_help_command(const struct vd_command *command, struct vd_buf *to)
{
	vd_buf_printf(to, "vedette %s: %s\n\nUsage: vedette %s [OPTION…]%s%s\n\nOptions:\n", command->name,
		command->summary, command->name, command->operands[0] == '\0' ? "" : " ", command->operands);
	for (size_t i = 0; i < command->n_options; i++)
		help_option(&command->options[i], to);
	if (command->notes[0] != '\0')
		vd_buf_printf(to, "\n%s", command->notes);
}

static void
summary_of(const struct vd_command *command, struct vd_buf *to)
{
	blanks(to, INDENT);
	vd_buf_text(to, command->name);
	blanks(to, SUMMARY_COLUMN - strlen(command->name));
	vd_buf_printf(to, "%s\n", command->summary);
}

#define EXIT_CODES                                                                                           \
	"Exit code: 0 done and nothing to report, 1 findings, rejections, gaps or failures, 2 usage or "     \
	"error.\n"

void
vd_help_group(const char *word, struct vd_buf *to)
{
	size_t n = strlen(word);
	vd_buf_printf(to,
		"vedette %s: one of these commands\n\nUsage: vedette %s COMMAND [OPTION…] …\n\nCommands:\n",
		word, word);
	for (size_t i = 0; i < vd_commands_count(); i++)
		if (strncmp(vd_commands[i].name, word, n) == 0 && vd_commands[i].name[n] == ' ')
			summary_of(&vd_commands[i], to);
	vd_buf_printf(to, "\n'vedette %s COMMAND --help' shows the options of one.\n" EXIT_CODES, word);
}

void
vd_help_program(struct vd_buf *to)
{
	vd_buf_text(to, "vedette: detects threats in event data with Sigma rules and correlations\n"
			"\n"
			"Usage: vedette COMMAND [OPTION…] …\n"
			"\n"
			"Commands:\n");
	for (size_t i = 0; i < vd_commands_count(); i++)
		summary_of(&vd_commands[i], to);
	vd_buf_text(to, "\n"
			"'vedette COMMAND --help' shows the options of one. Results go to standard output, "
			"everything else to\n"
			"standard error.\n" EXIT_CODES);
}
