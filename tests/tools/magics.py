"""Every magic number of a heap object belongs to one type: magics.py [ROOT]."""
import collections
import pathlib
import re
import sys

from ctext import sources

MAGIC = re.compile(r"^[ \t]*#define[ \t]+(\w+_MAGIC)[ \t]+(0x[0-9a-fA-F]{1,16})[uU]?[lL]*\b", re.MULTILINE)


def check(root):
    places = collections.defaultdict(list)
    for path in sources(root, "src", "include", "tests"):
        text = pathlib.Path(root, path).read_text(encoding="utf-8")
        for match in MAGIC.finditer(text):
            places[int(match.group(2), 16)].append(
                (f"{path}:{text.count(chr(10), 0, match.start()) + 1}", match.group(1)))
        if path != "src/base/mem.h" and not path.endswith("_test.c"):
            for match in re.finditer(r"vd_obj_new\((?:struct )?\w+,(?!\s*[A-Z]\w*_MAGIC\b)[^)]*\)", text):
                yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: give the object a named …_MAGIC"
    for value, uses in sorted(places.items()):
        for place, name in uses[1:]:
            yield f"{place}: {name} is 0x{value:08x}, as {uses[0][1]} in {uses[0][0]} is"


if __name__ == "__main__":
    found = list(check(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(found))
    sys.exit(bool(found))
