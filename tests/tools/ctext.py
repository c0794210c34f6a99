"""Reading C text for the lints: which files there are, comments and strings blanked, functions found."""
import pathlib
import re
import subprocess

TOKEN = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'", re.DOTALL)


def sources(root, *folders, suffixes=(".c", ".h", ".cc")):
    """Our own C and C++ files, those not yet added to git included, relative to root."""
    git = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"],
                         capture_output=True, text=True)
    if git.returncode == 0:
        names = git.stdout.splitlines()
    else:  # a tree without its repository
        names = [str(p.relative_to(root)) for f in folders for p in pathlib.Path(root, f).rglob("*")]
    return sorted(n for n in set(names) if n.endswith(suffixes) and n.split("/")[0] in folders
                  and (pathlib.Path(root) / n).is_file())


def blank(text, keep_strings=False):
    """text with comments (and strings) replaced by spaces; every line and column stays where it is."""
    def spaces(match):
        if keep_strings and match.group(0)[0] == '"':
            return match.group(0)
        return re.sub(r"[^\n]", " ", match.group(0))
    return TOKEN.sub(spaces, text)


def without_directives(text):
    """text with preprocessor lines, continuations included, blanked."""
    return re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text,
                  flags=re.MULTILINE)


def functions(text):
    """Yields (name, line of the opening brace, line of the closing one, body) of each function."""
    code = without_directives(blank(text))
    depth, start, line = 0, None, 1
    head_from = 0
    outer = []  # for each open brace outside functions: nothing to know but that it is open
    for i, c in enumerate(code):
        if c == "\n":
            line += 1
        elif c == ";" and start is None:
            head_from = i + 1
        elif c == "{":
            if start is not None:
                depth += 1
                continue
            head = code[head_from:i].strip()
            called = re.search(r"([~\w:]+)\s*\(.*\)\s*(?:const|noexcept|override|\s)*$", head, re.DOTALL)
            if called and "=" not in head.split("(")[0]:
                start = (function_name(head, called.group(1)), line, i)
                depth = 1
            else:
                outer.append(i)
            head_from = i + 1
        elif c == "}":
            if start is None:
                if outer:
                    outer.pop()
                head_from = i + 1
                continue
            depth -= 1
            if depth == 0:
                name, first, at = start
                yield name, first, line, code[at:i + 1]
                start, head_from = None, i + 1


def function_name(head, fallback):
    """The word before the first parenthesis; of a test, its sentence."""
    match = re.search(r"([~\w:]+)\s*\(\s*(\w*)", head)
    if match is None:
        return fallback
    return match.group(2) if match.group(1) == "VD_TEST" else match.group(1)
