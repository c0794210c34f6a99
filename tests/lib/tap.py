"""Runs one unittest file and prints its results as TAP: tap.py FILE."""
import importlib.util
import pathlib
import sys
import unittest


class TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.lines = []

    def _line(self, ok, test, more="", details=""):
        name = str(test).split(" ")[0].replace("#", "")
        self.lines.append(f"{'ok' if ok else 'not ok'} {len(self.lines) + 1} - {name}{more}")
        print(self.lines[-1])
        for line in details.splitlines():
            print(f"# {line}")
        sys.stdout.flush()

    def addSuccess(self, test):
        self._line(True, test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line(False, test, details=self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._line(False, test, details=self.errors[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line(True, test, f" # SKIP {reason}")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            stack = self.failures if issubclass(err[0], test.failureException) else self.errors
            self._line(False, subtest, details=stack[-1][1])


def main():
    path = pathlib.Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    result = TapResult()
    suite.run(result)
    print(f"1..{len(result.lines)}")
    return 0 if result.wasSuccessful() and result.lines else 1


if __name__ == "__main__":
    sys.exit(main())
