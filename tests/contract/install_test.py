"""What meson install puts in place is enough to build and run a program of somebody else."""
import os
import pathlib
import subprocess
import tempfile
import unittest

SOURCE, BUILD = pathlib.Path(os.environ["VD_SOURCE_ROOT"]), pathlib.Path(os.environ["VD_BUILD_ROOT"])


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", cls.root], check=True,
                       capture_output=True, env={**os.environ, "DESTDIR": ""})

    def one(self, pattern):
        found = [path for path in self.root.rglob(pattern) if not path.is_symlink()]
        self.assertEqual(1, len(found), f"{pattern}: {found}")
        return found[0]

    def test_the_example_builds_and_runs_against_the_installed_library(self):
        pc = self.one("vedette.pc").parent
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "vedette"], check=True, capture_output=True,
                               text=True, env={**os.environ, "PKG_CONFIG_PATH": str(pc),
                                               "PKG_CONFIG_SYSROOT_DIR": str(self.root)}).stdout.split()
        program = self.root / "example"
        subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-o", program, SOURCE / "examples/engine.c", *flags],
                       check=True)
        run = subprocess.run([program], capture_output=True, text=True,
                             env={**os.environ, "LD_LIBRARY_PATH": str(self.one("libvedette.so.*").parent)})
        self.assertEqual(2, run.returncode)
        self.assertIn("usage: engine RULE.yml < events.ndjson", run.stderr)

    def test_pkg_config_finds_the_library_without_being_told_where(self):
        path = subprocess.run(["pkg-config", "--variable", "pc_path", "pkg-config"], check=True, capture_output=True,
                              text=True).stdout.strip().split(":")
        place = "/" + str(self.one("vedette.pc").parent.relative_to(self.root))
        self.assertIn(place, path)

    def test_the_public_headers_compile_alone_as_c_and_as_cpp(self):
        include = self.one("engine.h").parents[1]
        for compiler, standard in (("cc", "c11"), ("c++", "c++11")):
            for header in sorted((include / "vedette").glob("*.h")):
                with self.subTest(f"{compiler} {header.name}"):
                    subprocess.run([compiler, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                                    "-fsyntax-only", "-I", include, "-include", header, "-x",
                                    "c" if compiler == "cc" else "c++", "/dev/null"], check=True)

    def test_command_manual_and_completion_are_there(self):
        for pattern in ("bin/vedette", "man1/vedette.1", "man1/vedette-detect.1", "completions/vedette",
                        "site-functions/_vedette", "vendor_completions.d/vedette.fish"):
            self.assertGreater(self.one(pattern).stat().st_size, 0)


if __name__ == "__main__":
    unittest.main()
