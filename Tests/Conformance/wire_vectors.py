"""Writes the conformance pack, `wire/*.json`.

    python3 Tests/Conformance/wire_vectors.py [--check]

Each vector is stated here with what both doors must say. The reference is asked too, and a vector
on which it disagrees is an error, so that nothing is in the pack because one program says so.
`--check` writes nothing and fails if the files differ.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
from functools import partial

import sealed_vectors
import vectors_records as records
import vectors_values as values
from schema_model import load
from vectors import ACCEPT, BOTH, EVERY, MALFORMED, REQUEST, Pack, bits

HERE = pathlib.Path(__file__).parent
ROOTS = [
    HERE.parent / f"SchemaCompilerTests/Golden/{name}/schemas"
    for name in ("conformance", "everything")
]

EXAMPLE = bits(
    "0a 07 74 78 2d 37 66 33 61  12 0b 0a 03 45 55 52 10 a5 a2 0f 18 02"
    "1a 0b 08 80 f0 9d c7 06 10 80 e5 9a 77  20 02"
    "2a 0e 0a 03 69 4f 53 11 ef cd ab 89 67 45 23 01"
    "32 0b 0a 03 67 65 6f 12 04 22 02 44 45  32 0a 0a 03 6d 63 63 12 03 10 c6 54"
    "3a 18 00 00 00 00 00 00 e0 3f 00 00 00 00 00 00 f0 bf 00 00 00 00 00 00 0a 40  40 00"
)


def examples(pack: Pack) -> None:
    """The worked example of wire.md section 7, and its malleable forms."""

    def add(note: str, *rest) -> None:
        pack.add("examples", note, REQUEST, *rest)

    add("the worked example", EXAMPLE)
    channel, features = EXAMPLE.index(bits("20 02")), EXAMPLE.index(bits("3a 18"))

    def put(at: int, old: str, new: str) -> bytes:
        return EXAMPLE[:at] + bits(new) + EXAMPLE[at + len(bits(old)) :]

    add("an over-long channel (R5)", put(channel, "20 02", "20 82 80 00"), "R5", EXAMPLE)
    add("the channel twice (R2)", put(channel, "20 02", "20 01 20 02"), "R2", EXAMPLE)
    without = EXAMPLE[:channel] + EXAMPLE[channel + 2 :]
    add("no channel", without)
    add("a zero channel (R3)", put(channel, "20 02", "20 00"), "R3", without)
    items = EXAMPLE[features + 2 : features + 26]
    unpacked = b"".join(b"\x39" + items[at : at + 8] for at in (0, 8, 16))
    loose = EXAMPLE[:features] + unpacked + EXAMPLE[features + 26 :]
    add("features one by one (R6)", loose, "R6", EXAMPLE)
    add("a stray group", EXAMPLE + bits("7b 7c"), MALFORMED, MALFORMED)
    for size in (0, 1, 9, 22, 35, 37, 53, 66, 80, len(EXAMPLE) - 1):
        cut = EXAMPLE[:size]
        complete = size in (35, 37, 53, 66)
        rule = ACCEPT if complete else "R14" if size in (0, 9, 22) else MALFORMED
        add(f"the first {size} bytes", cut, rule, rule)
    middle = EXAMPLE[:channel] + EXAMPLE[channel + 2 :] + bits("20 02")
    add("the channel at the end, as upb moves it (R1)", middle, "R1", EXAMPLE)


def found(pack: Pack) -> None:
    """Bytes on which two implementations once disagreed."""
    add = partial(pack.add, "found")
    add(
        "two halves of a message, completing each other",
        EVERY + "Optionals",
        bits("82 01 01 09 82 01 08 00 00 00 00 00 00 f0 3f"),
        MALFORMED,
        MALFORMED,
    )
    add(
        "two halves of a varint in two packed records",
        EVERY + "Lists",
        bits("12 02 f1 bb 12 02 c6 03"),
        MALFORMED,
        MALFORMED,
    )
    add(
        "two halves of a double in two packed records",
        REQUEST,
        BOTH + bits("3a 0c 00 00 00 00 00 00 e0 3f 00 00 00 00 3a 04 00 00 f0 bf"),
        MALFORMED,
        MALFORMED,
    )
    add(
        "an over-long length of a second element is R5, not R2",
        EVERY + "Lists",
        bits("3a 01 61 3a 81 00 62"),
        "R5",
        bits("3a 01 61 3a 01 62"),
    )
    cut = bits("3a 01 61 3a 05 62")
    add("a second element that is cut short is not R2", EVERY + "Lists", cut, MALFORMED, MALFORMED)
    add(
        "an over-long key tag in an entry is R5, not R7",
        REQUEST,
        BOTH + bits("32 08 8a 00 01 61 12 02 08 01"),
        "R5",
        BOTH + bits("32 07 0a 01 61 12 02 08 01"),
    )
    add(
        "a key of another wire type is R12, not R7",
        REQUEST,
        BOTH + bits("32 06 08 01 12 02 08 01"),
        "R12",
        "R12",
    )


MAKERS = (
    values.types, records.rule_1, records.rule_2, values.rule_3, values.rule_4, values.rule_5,
    records.rule_6, records.rule_7, values.rule_8, records.rule_9, values.rule_10,
    records.rule_11, records.rule_12, records.rule_13, records.rule_14, records.malformed,
)  # fmt: skip


def build() -> dict[str, str]:
    """The files of the pack by name."""
    pack = Pack(load(*ROOTS))
    for make in (examples, *MAKERS, found):
        make(pack)
    return pack.texts() | sealed_vectors.build(pack.schema, EXAMPLE)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    options = parser.parse_args()
    texts, folder, stale = build(), HERE / "wire", []
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="ascii") != text:
            stale.append(name)
            if not options.check:
                path.write_text(text, encoding="ascii")
    stale += [p.name for p in folder.glob("*.json") if p.name not in texts]
    print(
        f"{sum(text.count(chr(10)) - 2 for text in texts.values())} vectors in {len(texts)} files"
    )
    if options.check and stale:
        print("differs:", ", ".join(sorted(stale)))
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
