/* The command "vedette": finds the command in the table, reads its options, runs it. */
#include "main/cmd.h"

#include <unistd.h>

#include "main/commands.h"
#include "main/interrupt.h"
#include "main/out.h"
#include "vedette/engine.h"

static const struct {
	const char *name;
	int (*run)(const struct vd_args *args);
} runs[] = {
	{"detect", vd_cmd_detect},
	{"rules check", vd_cmd_rules_check},
	{"rules coverage", vd_cmd_rules_coverage},
	{"rules explain", vd_cmd_rules_explain},
	{"rules test", vd_cmd_rules_test},
	{"completion", vd_cmd_completion},
};

static int
print(struct vd_buf *text)
{
	struct vd_out out;
	vd_out_init(&out, STDOUT_FILENO);
	vd_out_add(&out, vd_buf_view(text));
	int code = vd_out_end(&out, VD_EXIT_NOTHING);
	vd_out_fini(&out);
	vd_buf_fini(text);
	return code;
}

static int
print_version(void)
{
	struct vd_buf text;
	vd_buf_init(&text, 0);
	vd_buf_text(&text, "vedette " VD_ENGINE_VERSION "\n");
	return print(&text);
}

static int
print_group(const char *word)
{
	struct vd_buf text;
	vd_buf_init(&text, 0);
	vd_help_group(word, &text);
	return print(&text);
}

static int
print_help(const struct vd_command *command)
{
	struct vd_buf text;
	vd_buf_init(&text, 0);
	if (command == NULL)
		vd_help_program(&text);
	else
		vd_help_command(command, &text);
	return print(&text);
}

/* "vedette help [COMMAND…]", and "vedette rules --help". */
static int
help_on(int argc, const char *const argv[])
{
	struct vd_err err = VD_ERR_INIT;
	int words = 0;
	if (argc == 0)
		return print_help(NULL);
	if (argc == 1 && vd_command_is_group(argv[0]))
		return print_group(argv[0]);
	const struct vd_command *command = vd_command_find(argc, argv, &words, &err);
	return command == NULL ? vd_usage_error("help", &err) : print_help(command);
}

/* True: the number of operands fits; else says what is missing. */
static bool
check_operands(const struct vd_args *args)
{
	const struct vd_command *command = args->command;
	size_t n;
	const char *const *operands = vd_args_operands(args, &n);
	if (n > command->max_operands) {
		vd_complain("%s: '%s' is one word too many; 'vedette %s --help' shows the usage",
			command->name, operands[command->max_operands], command->name);
		return false;
	}
	if (n >= command->min_operands)
		return true;
	for (size_t i = 0; i < command->n_options; i++) {
		if (command->options[i].kind != VD_OPT_LIST || args->groups[i].n < 2)
			continue;
		vd_complain("%s: %s is missing: every word after --%s was taken as its value; write %s "
			    "first, or after --",
			command->name, command->operands, command->options[i].name, command->operands);
		return false;
	}
	vd_complain("%s: %s is missing; 'vedette %s --help' shows the usage", command->name,
		command->operands, command->name);
	return false;
}

static int
run_command(const struct vd_command *command, const struct vd_args *args)
{
	if (strcmp(command->name, "version") == 0)
		return print_version();
	if (strcmp(command->name, "help") == 0) {
		size_t n;
		const char *const *words = vd_args_operands(args, &n);
		return help_on((int)n, words);
	}
	for (size_t i = 0; i < VD_ARRAY_LEN(runs); i++)
		if (strcmp(runs[i].name, command->name) == 0)
			return runs[i].run(args);
	vd_complain("%s: not in this build", command->name);
	return VD_EXIT_ERROR;
}

/* The words after "vedette". */
static int
dispatch(int argc, const char *const argv[])
{
	struct vd_err err = VD_ERR_INIT;
	struct vd_args args;
	int words = 0;
	const struct vd_command *command = vd_command_find(argc, argv, &words, &err);
	if (command == NULL && argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return help_on(1, argv);
	if (command == NULL) {
		vd_complain("%s", err.text);
		return VD_EXIT_ERROR;
	}
	if (vd_args_parse(command, argc - words, argv + words, &args, &err) != VD_OK)
		return vd_usage_error(command->name, &err);
	int code = VD_EXIT_ERROR;
	if (vd_args_given(&args, VD_O_HELP))
		code = print_help(command);
	else if (check_operands(&args))
		code = run_command(command, &args);
	vd_args_fini(&args);
	return code;
}

int
main(int argc, char *argv[])
{
	const char *first = argc > 1 ? argv[1] : NULL;
	vd_interrupt_ignore_pipe();
	if (first == NULL) {
		vd_complain("what shall be done? 'vedette --help' lists the commands");
		return VD_EXIT_ERROR;
	}
	if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)
		return print_help(NULL);
	if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0)
		return print_version();
	return dispatch(argc - 1, (const char *const *)argv + 1);
}
