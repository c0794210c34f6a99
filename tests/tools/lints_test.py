"""Each lint against a small tree with one planted fault, and against the same tree without it."""
import contextlib
import io
import pathlib
import subprocess
import tempfile
import unittest

import arrows
import banned
import ctext
import format
import magics
import size
import tally
import texts
import tidy

TOOLS = pathlib.Path(__file__).parent


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def run_in(self, *command):
        return subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True)

    def finds(self, lint, *parts):
        """One complaint, and these are parts of it."""
        found = list(lint.check(str(self.root)))
        self.assertEqual(1, len(found), found)
        for part in parts:
            self.assertIn(part, found[0])

    def finds_nothing(self, lint):
        self.assertEqual([], list(lint.check(str(self.root))))


class Arrows(Tree):
    def setUp(self):
        super().setUp()
        self.write("src/base/a.h", "")
        self.write("src/bus/bus.h", "")
        self.write("src/bus/kafka/k.h", "")
        self.write("src/services/iam/i.h", "")

    def test_an_allowed_include_passes(self):
        self.write("src/engine/x.c", '#include "base/a.h"\n#include "vedette/types.h"\n#include <stdio.h>\n')
        self.write("src/main/m.c", '#include "bus/bus.h"\n')
        self.finds_nothing(arrows)

    def test_a_forbidden_room_is_named_with_its_line(self):
        self.write("src/engine/x.c", '#include "base/a.h"\n#include "bus/bus.h"\n')
        self.finds(arrows, "src/engine/x.c:2", "engine may not use bus")

    def test_a_commented_include_is_no_include(self):
        self.write("src/engine/x.c", '/*\n#include "bus/bus.h"\n*/\n')
        self.finds_nothing(arrows)

    def test_a_driver_may_not_use_another(self):
        self.write("src/bus/embedded/e.c", '#include "bus/bus.h"\n#include "bus/kafka/k.h"\n')
        self.finds(arrows, "e.c:2", "bus/kafka")

    def test_a_service_may_not_use_another(self):
        self.write("src/services/gateway/g.c", '#include "services/iam/i.h"\n')
        self.finds(arrows, "service gateway may not use service iam")

    def test_a_room_nobody_declared_is_refused(self):
        self.write("src/attic/x.c", '#include "base/a.h"\n')
        self.finds(arrows, "attic is a room")

    def test_an_example_sees_only_the_public_headers(self):
        self.write("examples/e.c", '#include <vedette/engine.h>\n#include "base/a.h"\n')
        self.finds(arrows, "examples/e.c:2")


class Size(Tree):
    def test_a_function_of_100_lines_passes_and_one_of_101_does_not(self):
        small = "".join(f"void f{i}(void)\n{{\n}}\n" for i in range(100))
        self.write("src/base/a.c", small + "int f(int a)\n{\n" + "\ta++;\n" * 100 + "}\n")
        self.finds_nothing(size)
        self.write("src/base/a.c", small + "int f(int a)\n{\n" + "\ta++;\n" * 101 + "}\n")
        self.finds(size, "src/base/a.c:302", "f: 101 lines")

    def test_a_long_file_is_named(self):
        self.write("src/base/a.c", "int x;\n" * 1201)
        self.finds(size, "1201 lines")

    def test_a_function_with_too_many_ways_is_named(self):
        small = "".join(f"void f{i}(void)\n{{\n}}\n" for i in range(100))
        self.write("src/base/a.c", small + "int f(int a)\n{\n" + "\tif (a && 1)\n\t\ta++;\n" * 10 + "}\n")
        self.finds(size, "complexity 21")

    def test_too_many_middling_functions_are_noticed(self):
        self.write("src/base/a.c", "int f(int a)\n{\n" + "\ta++;\n" * 60 + "}\n")
        self.finds(size, "one function in twenty", "(60)")


class Functions(unittest.TestCase):
    def test_braces_in_strings_comments_and_directives_do_not_count(self):
        text = ('#define M(x) { \\\n x\nstruct s {\n\tint a;\n};\nstatic const int v[] = {1, 2};\n'
                "int\nf(int a)\n{\n\tchar c = '{'; /* } */ // {\n\treturn a ? \"}\\\"{\" : 0;\n}\n"
                "VD_TEST(a_sentence)\n{\n\tif (1) {\n\t}\n}\n"
                'extern "C" {\nstatic bool g(void) { return true; }\n}\nnamespace {\nvoid h() {}\n}\n')
        self.assertEqual([("f", 9, 12), ("a_sentence", 14, 17), ("g", 19, 19), ("h", 22, 22)],
                         [(name, first, last) for name, first, last, _ in ctext.functions(text)])


class Banned(Tree):
    def check(self, path, text, *parts):
        self.write(path, text)
        if parts:
            self.finds(banned, path, *parts)
        else:
            self.finds_nothing(banned)

    def test_words_that_say_nothing_are_found_in_names(self):
        self.check("src/base/a.c", "int parse_ctx(void);\n", "parse_ctx")
        self.check("src/base/a.c", "struct s {\n\tint user_data;\n};\n", "user_data", ":2")

    def test_the_sentence_of_a_test_may_use_any_word(self):
        self.check("src/base/a_test.c", "VD_TEST(common_data_is_read)\n{\n}\n")

    def test_names_of_other_libraries_and_text_are_not_ours(self):
        self.check("src/base/a.c", "/* ctx */ int a = f(pcre2_match_data_create(x), e->data.scalar, \"info\");\n")

    def test_unsafe_calls_are_found_and_members_of_that_name_are_not(self):
        self.check("src/base/a.c", "int f(void)\n{\n\treturn atoi(s);\n}\n", "atoi", ":3")
        self.check("src/base/a.c", "int f(void)\n{\n\treturn io->gets(s);\n}\n")

    def test_the_library_does_not_print_and_main_may(self):
        self.check("src/base/a.c", "void f(void)\n{\n\tprintf(s);\n}\n", "printf")
        self.check("src/base/a.c", "")
        self.check("src/main/a.c", "void f(void)\n{\n\tprintf(s);\n}\n")

    def test_only_mem_c_uses_the_heap(self):
        self.check("src/event/a.c", "void f(void)\n{\n\tp = malloc(3);\n}\n", "malloc")
        self.check("src/event/a.c", "")
        self.check("src/base/mem.c", "void f(void)\n{\n\tp = malloc(3);\n}\n")

    def test_mocks_are_found_in_tests(self):
        self.check("src/base/a_test.c", "void f(void)\n{\n\twill_return(g, 1);\n}\n", "fakes")

    def test_a_conditional_inside_a_function_is_found(self):
        self.check("src/base/a.c", "int f(void)\n{\n#ifdef X\n\treturn 1;\n#endif\n}\n", "conditional", ":3")
        self.check("src/base/a.c", "#ifdef X\nint f(void)\n{\n}\n#endif\n")

    def test_typedef_of_a_structure_and_stray_attributes_are_found(self):
        self.check("src/base/a.h", "typedef struct a {\n\tint b;\n} a_t;\n", "typedef")
        self.check("src/base/a.h", "int f(void) __attribute__((pure));\n", "attributes")


class Magics(Tree):
    def test_a_number_used_twice_is_found_with_both_places(self):
        self.write("src/base/a.c", "#define A_MAGIC 0x11111111u\n#define B_MAGIC 0x22222222u\n")
        self.finds_nothing(magics)
        self.write("src/event/b.c", "\n#define C_MAGIC 0x11111111u\n")
        self.finds(magics, "src/event/b.c:2", "A_MAGIC", "src/base/a.c:1")

    def test_an_object_with_a_bare_number_is_found(self):
        self.write("src/base/a.c", "x = vd_obj_new(struct a, A_MAGIC);\n")
        self.finds_nothing(magics)
        self.write("src/base/a.c", "x = vd_obj_new(struct a, 7);\n")
        self.finds(magics, "src/base/a.c:1")


class Pure(Tree):
    def objects(self, name, text):
        self.write(name, text)
        self.run_in("gcc", "-O0", "-c", name, "-o", name + ".o")
        return subprocess.run([str(TOOLS / "pure.sh"), name + ".o"], cwd=self.root, capture_output=True, text=True)

    def test_memory_and_text_functions_pass(self):
        run = self.objects("a.c", "#include <string.h>\nint f(char *a) { return (int)strlen(a) + memcmp(a, a, 3); }\n")
        self.assertEqual((0, ""), (run.returncode, run.stdout))

    def test_input_output_clock_and_exit_are_found(self):
        for call in ("puts(a)", "open(a, 0)", "socket(1, 2, 3)", "exit(1)", "time(0)", "getenv(a)"):
            with self.subTest(call):
                run = self.objects("a.c", f"long {call.split('(')[0]}();\nvoid f(char *a) {{ {call}; }}\n")
                self.assertEqual(1, run.returncode)
                self.assertIn("may not use " + call.split("(")[0], run.stdout)

    def test_the_heap_is_for_mem_c(self):
        text = "#include <stdlib.h>\nvoid *f(void) { return malloc(3); }\n"
        self.assertEqual(1, self.objects("a.c", text).returncode)
        self.assertEqual(0, self.objects("mem.c", text.replace("malloc", "realloc").replace("(3)", "(0, 3)")).returncode)


class Format(Tree):
    def test_a_line_in_another_style_is_named(self):
        self.write(".clang-format", (TOOLS.parents[1] / ".clang-format").read_text())
        self.write("src/base/a.c", "int\nf(void)\n{\n\treturn 1;\n}\n")
        self.finds_nothing(format)
        self.write("src/base/a.c", "int f(void) {\n  return 1;\n}\n")
        self.finds(format, "src/base/a.c:1")


class Tidy(Tree):
    def test_a_fault_is_found_and_what_passed_is_remembered(self):
        self.write(".clang-tidy", (TOOLS.parents[1] / ".clang-tidy").read_text())
        self.write("build/compile_commands.json", (
            '[{"directory": "%s/build", "command": "cc -I../src -I../include -c ../src/base/a.c", "file": "../src/base/a.c"}]' % self.root))
        for header in ("src/base/status.h", "src/base/defs.h", "include/vedette/types.h"):
            self.write(header, (TOOLS.parents[1] / header).read_text())
        self.write("src/base/a.c", "int f(int a);\nint f(int a)\n{\n\treturn a - a;\n}\n")
        self.assertIn("misc-redundant-expression", "\n".join(tidy.check(self.root, self.root / "build")))
        self.assertEqual([], list((self.root / ".cache/tidy").iterdir()))
        self.write("src/base/a.c", "int f(int a);\nint f(int a)\n{\n\treturn a - 1;\n}\n")
        self.assertEqual([], tidy.check(self.root, self.root / "build"))
        self.assertEqual(1, len(list((self.root / ".cache/tidy").iterdir())))


class Texts(Tree):
    def setUp(self):
        super().setUp()
        self.run_in("git", "init", "-q")
        self.run_in("git", "config", "user.email", "a@example.org")
        self.run_in("git", "config", "user.name", "a")

    def commit(self, words):
        self.run_in("git", "add", "-A")
        self.run_in("git", "commit", "-q", "--allow-empty", "-m", words)

    def test_a_path_in_a_commit_message_is_found(self):
        self.commit("Say /etc/passwd, https://example.org/" + "work/x and 10 km/h")
        self.finds_nothing(texts)
        self.commit("Fix it\n\nas in /home/" + "someone/tree/a.c")
        self.finds(texts, "commit", "/home/" + "someone")

    def test_a_path_in_the_tree_is_found_and_recordings_are_left_alone(self):
        self.write("samples/a.txt", "/home/" + "someone/x\n")
        self.finds_nothing(texts)
        self.write("README.md", "\nsee /" + "work/shared\n")
        self.finds(texts, "README.md:2")


class Tally(Tree):
    def total(self, *arguments):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            status = tally.main([str(a) for a in arguments])
        return status, out.getvalue().splitlines()

    def test_cases_of_tap_and_plain_tests_are_counted(self):
        log = self.write("testlog.json", "\n".join((
            '{"name": "a", "result": "OK", "stdout": "1..3\\nok 1 - x\\n# skipped: y: why\\nok 2 - y\\nok 3 # SKIP z"}',
            '{"name": "b", "result": "OK", "stdout": "words"}')))
        status, lines = self.total(log)
        self.assertEqual((0, "2 passed, 0 failed, 2 skipped"), (status, lines[-1]))
        self.assertIn("skipped: a: y (why)", lines)

    def test_a_test_that_dies_after_good_cases_has_failed(self):
        log = self.write("testlog.json", '{"name": "a", "result": "FAIL", "returncode": -6, "stdout": "ok 1 - x"}')
        status, lines = self.total(log)
        self.assertEqual((1, "1 passed, 1 failed, 0 skipped"), (status, lines[-1]))

    def test_a_missing_log_a_failed_build_and_no_test_at_all_are_failures(self):
        self.assertEqual((1, "0 passed, 1 failed, 0 skipped"), self.last(self.total(self.root / "none.json")))
        self.assertEqual((1, "0 passed, 1 failed, 0 skipped"), self.last(self.total("--failed", "the build")))
        self.assertEqual((1, "0 passed, 0 failed, 0 skipped"), self.last(self.total(self.write("a.tap", ""))))

    @staticmethod
    def last(result):
        return result[0], result[1][-1]


if __name__ == "__main__":
    unittest.main()
