#include "main/commands.h"

#include <stdio.h>

#include "main/completion/completion.h"
#include "vd_test.h"

VD_TEST(a_command_is_found_by_one_word_or_two)
{
	int words = 0;
	struct vd_err err = VD_ERR_INIT;
	const char *const one[] = {"detect", "x"}, *const two[] = {"rules", "check", "x"};
	assert_string_equal(vd_command_find(2, one, &words, &err)->name, "detect");
	assert_int_equal(words, 1);
	assert_string_equal(vd_command_find(3, two, &words, &err)->name, "rules check");
	assert_int_equal(words, 2);
}

VD_TEST(a_misspelt_command_gets_a_suggestion)
{
	int words = 0;
	struct vd_err err = VD_ERR_INIT;
	const char *const wrong[] = {"detcet"}, *const half[] = {"rules"},
			  *const second[] = {"rules", "chekc"};
	assert_null(vd_command_find(1, wrong, &words, &err));
	assert_non_null(strstr(err.text, "did you mean 'detect'?"));
	assert_null(vd_command_find(1, half, &words, &err));
	assert_non_null(strstr(err.text, "'rules' needs a second word: check, coverage, explain, test"));
	assert_null(vd_command_find(2, second, &words, &err));
	assert_non_null(strstr(err.text, "one of check, coverage, explain, test"));
}

VD_TEST(option_numbers_names_and_letters_are_unique_in_every_command)
{
	for (size_t c = 0; c < vd_commands_count(); c++) {
		const struct vd_command *command = &vd_commands[c];
		for (size_t i = 0; i < command->n_options; i++) {
			const struct vd_option *a = &command->options[i];
			assert_true((a->kind == VD_OPT_FLAG) == (a->value == NULL));
			assert_true((a->word == VD_WORD_CHOICE) == (a->choices != NULL));
			for (size_t k = 0; k < i; k++) {
				const struct vd_option *b = &command->options[k];
				assert_int_not_equal(a->id, b->id);
				assert_string_not_equal(a->name, b->name);
				assert_true(a->letter == 0 || a->letter != b->letter);
			}
		}
	}
}

VD_TEST(help_names_every_option)
{
	for (size_t c = 0; c < vd_commands_count(); c++) {
		struct vd_buf help;
		vd_buf_init(&help, 0);
		vd_help_command(&vd_commands[c], &help);
		for (size_t i = 0; i < vd_commands[c].n_options; i++) {
			char option[64];
			(void)snprintf(option, sizeof option, "--%s", vd_commands[c].options[i].name);
			assert_non_null(strstr(help.at, option));
		}
		vd_buf_fini(&help);
	}
}

VD_TEST(help_of_the_program_names_every_command)
{
	struct vd_buf help;
	vd_buf_init(&help, 0);
	vd_help_program(&help);
	for (size_t c = 0; c < vd_commands_count(); c++)
		assert_non_null(strstr(help.at, vd_commands[c].name));
	vd_buf_fini(&help);
}

/* ---- man pages ---- */

static const char *
page_of(const struct vd_command *command)
{
	if (strncmp(command->name, "rules ", 6) == 0)
		return "docs/man/vedette-rules.1";
	if (strncmp(command->name, "trust ", 6) == 0)
		return "docs/man/vedette-trust.1";
	return strcmp(command->name, "detect") == 0 ? "docs/man/vedette-detect.1" : "docs/man/vedette.1";
}

/* The part of a page that describes one of its commands: from its heading to the next. */
static char *
part_of(char *page, const struct vd_command *command)
{
	char heading[64];
	if (strchr(command->name, ' ') == NULL)
		return page;
	(void)snprintf(heading, sizeof heading, "\n.Ss %s\n", command->name);
	char *begin = strstr(page, heading);
	assert_non_null(begin);
	char *section = strstr(begin + 1, "\n.Sh "), *command_after = strstr(begin + 1, "\n.Ss ");
	if (section != NULL)
		*section = '\0';
	if (command_after != NULL)
		*command_after = '\0';
	return begin;
}

VD_TEST(the_man_pages_describe_every_option_of_every_command)
{
	for (size_t c = 0; c < vd_commands_count(); c++) {
		const struct vd_command *command = &vd_commands[c];
		size_t len;
		char *page = vd_test_file(page_of(command), &len);
		assert_non_null(page);
		char *part = part_of(page, command);
		for (size_t i = 0; i < command->n_options; i++) {
			const struct vd_option *option = &command->options[i];
			char letter[32], name[64];
			/* mdoc: ".It Fl o , Fl -format Ar FORMAT" */
			(void)snprintf(
				letter, sizeof letter, ".It Fl %c , Fl -%s", option->letter, option->name);
			(void)snprintf(name, sizeof name, ".It Fl -%s", option->name);
			if (strstr(part, option->letter != 0 ? letter : name) == NULL)
				fail_msg("%s says nothing of %s --%s", page_of(command), command->name,
					option->name);
		}
		vd_mem_free(page);
	}
}

VD_TEST(the_main_man_page_names_every_command)
{
	size_t len;
	char *page = vd_test_file("docs/man/vedette.1", &len);
	assert_non_null(page);
	for (size_t c = 0; c < vd_commands_count(); c++) {
		char item[64];
		(void)snprintf(item, sizeof item, ".It Cm %s", vd_commands[c].name);
		if (strstr(page, item) == NULL)
			fail_msg("docs/man/vedette.1 does not name %s", vd_commands[c].name);
	}
	vd_mem_free(page);
}

/* ---- completion ---- */

static void
expect_all_options(void (*write)(struct vd_buf *to), const char *form)
{
	struct vd_buf script;
	vd_buf_init(&script, 0);
	write(&script);
	assert_false(script.failed);
	for (size_t c = 0; c < vd_commands_count(); c++) {
		const struct vd_command *command = &vd_commands[c];
		for (size_t i = 0; i < command->n_options; i++) {
			char option[64];
			(void)snprintf(option, sizeof option, form, command->options[i].name);
			if (strstr(script.at, option) == NULL)
				fail_msg("completion lacks %s of %s", option, command->name);
		}
	}
	vd_buf_fini(&script);
}

VD_TEST(completion_of_every_shell_offers_every_option)
{
	expect_all_options(vd_completion_bash, "--%s");
	expect_all_options(vd_completion_zsh, "--%s'['");
	expect_all_options(vd_completion_fish, "-l %s");
}
