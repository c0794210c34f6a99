"""Words and calls that our code does without: banned.py [ROOT].

Names are judged where they are ours: other libraries' (pcre2_match_data, …) and what follows a dot or an arrow
are not.  Our own structure members are seen where they are declared.
"""
import pathlib
import re
import sys

from ctext import blank, functions, sources, without_directives

WORDS = {"ctx", "data", "info", "manager", "util", "utils", "helper", "helpers", "common", "context"}
# the element <Data Name=…> of Windows events, a status code of gRPC
OURS = re.compile(r"name_data|data_item|data_loss", re.IGNORECASE)
FOREIGN = ("pcre2_", "PCRE2_", "yaml_", "YAML_", "ZSTD_", "libevtx_", "libcerror_", "gz", "z_",
           "simdjson", "CMOCKA", "si_", "dl_", "nettle_", "sha256_", "std", "SSL_", "X509", "EVP_", "BIO_", "ASN1_",
           "PEM_", "CRYPTO_", "PKCS8_", "pkcs8_", "nghttp2_", "NGHTTP2_", "google__", "GOOGLE__", "Google__",
           "__user_cap_", "seccomp_")
CALLS = {"sprintf", "vsprintf", "strcpy", "strcat", "strncpy", "strncat", "strtok", "strtok_r", "atoi", "atol",
         "atof", "gets", "rand", "srand", "system", "popen", "alloca", "sleep", "usleep", "tmpnam", "mktemp"}
OUTPUT = {"printf", "puts", "putchar", "exit"}          # only src/main and tests; exit nowhere in src
HEAP = {"malloc", "calloc", "realloc", "free", "strdup", "strndup", "aligned_alloc", "asprintf"}
MOCKING = {"will_return", "mock", "mock_type", "expect_value", "expect_string", "expect_any", "function_called"}
NAME = re.compile(r"(?<![\w.])(?<!->)([A-Za-z_]\w*)\b")
CALL = re.compile(r"(?<![\w.])(?<!->)([a-z_]\w*)[ \t]*\(")


def calls_of(path):
    """call → why it may not stand in path."""
    banned = dict.fromkeys(CALLS, "banned (conventions: CONTRIBUTING.md)")
    banned.update(dict.fromkeys(MOCKING, "fakes, never mocks"))
    test = not path.startswith("src/") or path.endswith("_test.c")
    if not test and not path.startswith("src/main/"):
        banned.update(dict.fromkeys(OUTPUT, "library code never prints or exits"))
    if not test:
        banned["exit"] = "return a status instead"
        if path != "src/base/mem.c":
            banned.update(dict.fromkeys(HEAP, "only src/base/mem.c uses the heap: vd_mem_…"))
        if path.startswith("src/main/"):
            del banned["free"]  # of what the C library gave: scandir, getline
    return banned


def in_file(path, text):
    code = blank(text)
    code = re.sub(r"\bVD_TEST\(\w+\)", lambda m: " " * len(m.group(0)), code)  # a sentence may use any word
    directives_kept = code
    code = without_directives(code)
    calls = calls_of(path)

    def at(position):
        return f"{path}:{code.count(chr(10), 0, position) + 1}"
    seen = set()
    for match in NAME.finditer(code):
        name = match.group(1)
        bad = WORDS & set(name.lower().split("_"))
        if bad and name not in seen and not name.startswith(FOREIGN) and not OURS.search(name):
            seen.add(name)
            yield f"{at(match.start())}: {name}: the word {bad.pop()} says nothing: name what it is"
    for match in CALL.finditer(code):
        if match.group(1) in calls:
            yield f"{at(match.start())}: {match.group(1)}: {calls[match.group(1)]}"
    for match in re.finditer(r"\btypedef\s+(?:struct|union)\b(?!\s+\w+\s*\(?\s*\*)", code):
        yield f"{at(match.start())}: a structure keeps its name: no typedef"
    if path not in ("src/base/defs.h", "include/vedette/types.h") and path.startswith(("src/", "include/")):
        for match in re.finditer(r"__attribute__", text if path.endswith(".def") else directives_kept):
            yield f"{at(match.start())}: attributes live in src/base/defs.h"
    for name, first, last, _ in functions(text):
        for n, line in enumerate(directives_kept.splitlines()[first:last - 1], first + 1):
            if re.match(r"\s*#\s*if", line):
                yield f"{path}:{n}: {name}: a conditional inside a function: put the difference in files"


def check(root):
    for path in sources(root, "src", "include", "tests", "fuzz", "bench", "examples"):
        yield from in_file(path, pathlib.Path(root, path).read_text(encoding="utf-8"))


if __name__ == "__main__":
    found = list(check(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(found))
    sys.exit(bool(found))
