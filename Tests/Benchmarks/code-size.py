#!/usr/bin/env python3
"""How much machine code the generated messages are, per message and by what it is for.

    swift build -c release --target AssayMessages
    Tests/Benchmarks/code-size.py [--symbols N] [BUILD_FOLDER [GENERATED_FOLDER]]

Counts the functions in the object files of AssayMessages, generated services left out, and divides by
the number of messages and unions. Fails if the average is over BUDGET bytes (wire.md §13: 4 KB).
"""

import collections
import pathlib
import re
import subprocess
import sys

BUDGET = 4096
KINDS = [  # what a function is for: the first pattern that its name matches
    ("decode", r"\.read\(|WireReader|WireError"),
    ("size and write", r"measure\(|write\(|SizeCache|WireWriter"),
    ("JSON", r"JSON"),
    ("validate", r"validate|Violation"),
    ("equal and hash", r"hash|==|Canonical|isIdentical|Hashable|Equatable"),
    ("field table", r"\.fields|FieldTable|pattern\d|names|fullName"),
    ("init and properties", r"init\(|blank|getter|setter|modify|\.read :"),
    ("copies and metadata", r"outlined|witness|metadata|initialize|destroy|assign|accessor|enum"),
]


def functions(objects):
    """(size, demangled name) of every function, generic ones that several files share once."""
    found = {}
    for path in objects:
        lines = subprocess.run(
            ["nm", "--print-size", "--defined-only", path], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for line in lines:
            parts = line.split()
            if len(parts) == 4 and parts[2] in "tTwW":
                key = parts[3] if parts[2] in "TwW" else (path.name, parts[3])
                found[key] = (int(parts[1], 16), parts[3])
    names = "\n".join(name for _, name in found.values())
    demangled = subprocess.run(
        ["swift-demangle", "--simplified"], input=names, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [(size, name) for (size, _), name in zip(found.values(), demangled)]


def main():
    arguments = sys.argv[1:]
    shown = 0
    if arguments[:1] == ["--symbols"]:
        shown = int(arguments[1])
        arguments = arguments[2:]
    root = pathlib.Path(__file__).resolve().parents[2]
    build = pathlib.Path(arguments[0]) if arguments else root / ".build"
    generated = pathlib.Path(arguments[1]) if len(arguments) > 1 else root / "Proto/Generated"
    objects = sorted((build / "release" / "AssayMessages.build").glob("*.messages.swift.o"))
    if not objects:
        sys.exit(f"no object files below {build}: swift build -c release --target AssayMessages")
    sources = [generated / path.name.removesuffix(".o") for path in objects]
    text = "".join(path.read_text() for path in sources)
    messages = len(re.findall(r": WireMessage \{", text))
    everything = functions(objects)
    total = sum(size for size, _ in everything)
    sizes = collections.Counter()
    for size, name in everything:
        kind = next((kind for kind, pattern in KINDS if re.search(pattern, name)), "other")
        sizes[kind] += size
    for kind, size in sizes.most_common():
        print(f"{kind:22}{size:9} {100 * size / total:5.1f} % {size / messages:8.0f} per message")
    average = total / messages
    print(f"{'all':22}{total:9}         {average:8.0f} per message, {messages} messages")
    for size, name in sorted(everything, reverse=True)[:shown]:
        print(f"{size:8} {name}")
    if average > BUDGET:
        sys.exit(f"over the budget of {BUDGET} bytes per message")


if __name__ == "__main__":
    main()
