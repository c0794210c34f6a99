"""Which room may include which: arrows.py [ROOT].  The table is the rule; ARCHITECTURE.md explains it."""
import pathlib
import re
import sys

from ctext import blank, sources

# room: what it may use besides itself, the C library and its own libraries.  main may use everything.
MAY = {
    "base": [],
    "event": ["base"],
    "engine": ["base", "event"],
    "net": ["base"],
    "rpc": ["base", "net"],
    "trust": ["base", "net", "rpc"],
    "schema": ["base", "event", "net"],
    "bus": ["base", "trust/identity"],
    "store": ["base", "net", "trust/identity"],
    "runtime": ["base", "net", "rpc", "trust", "bus"],
    "services": ["base", "event", "engine", "net", "rpc", "trust", "schema", "bus", "store", "runtime"],
    "jni": [],
    "plugins": [],
}
DRIVERS = ("bus", "store")  # a folder below is a driver: it may not reach into its neighbours'
PUBLIC = "vedette"          # include/vedette: open to every room, and all that plugins, jni, examples may see
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+["<]([^">]+)[">]', re.MULTILINE)


def rooms(root):
    return {p.name for p in pathlib.Path(root, "src").glob("*") if p.is_dir()}


def room_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" else parts[0]


def driver_of(path):
    """bus/kafka/x.h → kafka; bus/bus.h → nothing."""
    parts = path.removeprefix("src/").split("/")
    depth = 2 if parts[0] == "bus" else 3
    return "/".join(parts[:depth]) if parts[0] in DRIVERS and len(parts) > depth else None


def complaint(path, included, known):
    """What is wrong with path including included, or None."""
    room, target = room_of(path), included.split("/")[0]
    if target not in known or room == "main":
        return None
    if room not in MAY:
        return f"{room} is a room that tests/tools/arrows.py does not know"
    if room == "services":
        mine, theirs = path.split("/")[2], included.split("/")[1]
        if target == "services" and mine != theirs:
            return f"service {mine} may not use service {theirs}"
    if target == room:
        if driver_of(included) not in (None, driver_of(path)):
            return f"{driver_of(path) or room} may not use the driver {driver_of(included)}"
        return None
    if any(included.startswith(allowed + "/") for allowed in MAY[room]):
        return None
    return f"{room} may not use {target}"


def check(root):
    known = rooms(root) | set(MAY)
    for path in sources(root, "src", "plugins", "examples"):
        text = blank(pathlib.Path(root, path).read_text(encoding="utf-8"), keep_strings=True)
        for match in INCLUDE.finditer(text):
            if match.group(1).split("/")[0] == PUBLIC or path.startswith("examples/"):
                wrong = None if match.group(1).split("/")[0] not in known else "examples see include/vedette only"
            else:
                wrong = complaint(path, match.group(1), known)
            if wrong:
                yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match.group(1)}: {wrong}"


if __name__ == "__main__":
    found = list(check(sys.argv[1] if len(sys.argv) > 1 else "."))
    print("\n".join(found))
    sys.exit(bool(found))
