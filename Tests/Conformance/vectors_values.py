"""Vectors about values: every type, and what may stand in a record (R3, R4, R5, R8, R10)."""

from __future__ import annotations

import struct
from functools import partial

from schema_model import VALUE_TYPES, Schema
from vectors import (
    AMOUNT,
    BOTH,
    EVERY,
    MALFORMED,
    REQUEST,
    TIME,
    Pack,
    bits,
    padded,
    payload,
    record,
    sample,
    tag,
    wire_of,
)
from wire_reference import I32, I64, LEN, VALUE_MESSAGES, VARINT, scalar, varint

SIGNED = {32: (0, 1, -1, 63, -64, 64, 2**31 - 1, -(2**31)), 64: (0, 1, -1, 2**63 - 1, -(2**63))}
UNSIGNED = {32: (0, 1, 127, 128, 2**32 - 1), 64: (0, 1, 2**32, 2**63, 2**64 - 1)}
FLOATS = {
    4: ("00000080", "0000807f", "000080ff", "0000c07f", "0100807f", "ffffffff", "01000000",
        "cdcccc3d"),
    8: ("0000000000000080", "000000000000f07f", "000000000000f0ff", "000000000000f87f",
        "010000000000f07f", "ffffffffffffffff", "0100000000000000", "9a9999999999b93f"),
}  # fmt: skip
TEXTS = (
    "a",
    "é",
    "e\u0301",
    "\0",
    "\u007f\u0080\u07ff\u0800",
    "\ud7ff\ue000",
    "\ufffd",
    "\uffff",
    "\U00010000",
    "\U0010ffff",
    "\ufeffa",
)
# Value types at the edges of their domains, and just outside.
INSIDE = {
    "decimal": ({}, {1: 1}, {1: 10**18 - 1, 2: 18}, {1: -(10**18) + 1}, {2: 1}, {1: 150, 2: 2}),
    "money": ({1: b"EUR"}, {1: b"AAA", 2: 10**18 - 1, 3: 18}, {1: b"ZZZ", 2: 1 - 10**18}),
    "timestamp": ({}, {1: -62_135_596_800}, {1: 253_402_300_799, 2: 999_999_999}, {1: -1, 2: 1}),
    "duration": ({}, {1: 315_576_000_000, 2: 999_999_999}, {1: -315_576_000_000, 2: -999_999_999},
                 {2: -1}, {2: 999_999_999}, {1: 1}, {1: -1}),
    "date": ({}, {1: -719_162}, {1: 2_932_896}, {1: 1}),
}  # fmt: skip
OUTSIDE = {
    "decimal": ({1: 10**18}, {1: -(10**18)}, {1: 1, 2: 19}, {1: 2**63 - 1}, {1: -(2**63)},
                {2: 2**32 - 1}),
    "money": ({}, {2: 1}, {1: b"eur"}, {1: b"EU"}, {1: b"EURO"}, {1: b"EU1"}, {1: b"EU\0"},
              {1: "É".encode() + b"U"}, {1: b"EUR", 2: 10**18}, {1: b"EUR", 3: 19}),
    "timestamp": ({1: -62_135_596_801}, {1: 253_402_300_800}, {2: 10**9}, {2: -1}, {1: -1, 2: -1}),
    "duration": ({1: 315_576_000_001}, {1: -315_576_000_001}, {2: 10**9}, {2: -(10**9)},
                 {1: 1, 2: -1}, {1: -1, 2: 1}),
    "date": ({1: -719_163}, {1: 2_932_897}, {1: 2**31 - 1}, {1: -(2**31)}),
}  # fmt: skip


def edges(schema: Schema, type: str) -> list:
    """Values of a scalar type worth a vector."""
    if schema.is_enum(type):
        return [0, 1, 77, 2**31 - 1]
    if type in ("float", "double"):
        size = 4 if type == "float" else 8
        return [bytes(size), *(bytes.fromhex(text) for text in FLOATS[size])]
    if type == "string":
        return [b"", *(text.encode() for text in TEXTS)]
    if type == "bytes":
        return [b"", b"\0", b"\xff\xfe", bytes(range(256))]
    if type == "uuid":
        return [bytes(16), bytes(15) + b"\1", bytes(range(16))]
    if type == "bool":
        return [0, 1]
    width = 64 if type.endswith("64") else 32
    return list((UNSIGNED if type.startswith("u") else SIGNED)[width])


def types(pack: Pack) -> None:
    """Every type of section 4 in every place it may stand, at the edges of its values."""
    schema = pack.schema
    for name in ("Scalars", "Optionals", "Lists"):
        for field in schema.types[EVERY + name].fields:
            if schema.is_message(field.type):
                values = [*INSIDE.get(field.type, [sample(schema, field.type)])]
            else:
                values = edges(schema, field.type)
            label = f"{field.name}: {field.type}"
            if name == "Lists":
                pack.value("types", f"{label}, a list", EVERY + name, {field.number: values})
                continue
            for value in values:
                if field.shape == "implicit" and value in (0, b"", bytes(4), bytes(8), bytes(16)):
                    continue
                pack.value("types", label, EVERY + name, {field.number: value})
    for name in ("foreign.InferRequest", EVERY + "Choice", "bank.risk.v1.Value"):
        for field in schema.types[name].fields:
            if field.shape in ("member", "optional", "list") and field.type not in VALUE_TYPES:
                value = sample(schema, field.type, 2)
                value = [value, value] if field.shape == "list" else value
                pack.value("types", f"{field.name} of {name}", name, {field.number: value})
    pack.value("types", "minus one in two's complement", "foreign.InferRequest", {2: [-1, 0, 1]})
    pack.value(
        "types",
        "map keys and values in two's complement",
        "foreign.InferRequest",
        {4: [(-1, -1), (0, 0), (1, 2**63 - 1)]},
    )
    for name in ("Empty", "Tree", "Names", "Maps"):
        pack.value("types", f"{name} without anything", EVERY + name, {})
    pack.value("types", "two-byte tags", EVERY + "Names", {2047: b"x"})


def rule_3(pack: Pack) -> None:
    add = partial(pack.add, "R03-zero")
    schema = pack.schema
    for field in schema.types[EVERY + "Scalars"].fields:
        codec = scalar(field.type, field.form, schema.is_enum(field.type))
        zero = tag(field.number, codec.wire) + codec.encode(codec.zero)
        add(f"{field.name}: a zero {field.type}", EVERY + "Scalars", zero, "R3", b"")
    minus = tag(13, I64) + struct.pack("<d", -0.0)
    add("minus zero is not zero", EVERY + "Scalars", minus)
    add("minus zero, four bytes", EVERY + "Scalars", tag(12, I32) + struct.pack("<f", -0.0))
    add("a zero inside a message", REQUEST, BOTH + bits("2a 02 18 00"), "R3", BOTH + bits("2a 00"))
    add(
        "a zero inside a value type",
        REQUEST,
        bits("12 09 0a 03 45 55 52 10 02 18 00") + TIME,
        "R3",
        bits("12 07 0a 03 45 55 52 10 02") + TIME,
    )
    add("a zero by its low 32 bits", EVERY + "Scalars", tag(4, VARINT) + varint(1 << 32), "R5", b"")
    add("a zero with superfluous bytes", EVERY + "Scalars", tag(4, VARINT) + b"\x80\0", "R5", b"")
    add("an empty list is nothing at all", EVERY + "Lists", bits("0a 00"), "R6", b"")


def rule_4(pack: Pack) -> None:
    add = partial(pack.add, "R04-presence")
    schema = pack.schema
    for name in ("Optionals", "Choice", "Oneofs"):
        for field in schema.types[EVERY + name].fields:
            if schema.is_message(field.type):
                if field.type in ("money",):
                    continue
                body = record(field.number, b"")
            else:
                codec = scalar(field.type, field.form, schema.is_enum(field.type))
                body = tag(field.number, codec.wire) + codec.encode(codec.zero)
            who = b"\x0a\0"
            if name == "Oneofs" and field.oneof != "who":
                if field.shape == "implicit":
                    continue
                body = who + body
            add(f"{field.name}, set to zero, in {name}", EVERY + name, body)
    lists = EVERY + "Lists"
    add("empty strings in a list", lists, bits("3a 00 3a 01 61 3a 00"))
    add("zeros in a packed list", lists, bits("12 03 00 01 00"))
    add("empty messages in a list", lists, bits("5a 00 5a 00"))
    maps = EVERY + "Maps"
    add("an empty key and an empty value", maps, bits("0a 04 0a 00 12 00"))
    add("key false, value zero", maps, bits("12 04 08 00 10 00"))
    add("a zero key, an empty message", maps, bits("32 04 08 00 12 00"))


def rule_5(pack: Pack) -> None:
    add = partial(pack.add, "R05-minimal")
    schema = pack.schema
    for field in schema.types[EVERY + "Scalars"].fields:
        wire, content = wire_of(schema, field), sample(schema, field.type)
        good = tag(field.number, wire) + payload(schema, field, content)
        long_tag = padded(field.number << 3 | wire) + payload(schema, field, content)
        add(f"{field.name}: an over-long tag", EVERY + "Scalars", long_tag, "R5", good)
        if wire == LEN:
            body = tag(field.number, wire) + padded(len(content)) + content
            add(f"{field.name}: an over-long length", EVERY + "Scalars", body, "R5", good)
        if wire != VARINT:
            continue
        raw = int.from_bytes(payload(schema, field, content), "little")
        head = tag(field.number, wire)
        add(
            f"{field.name}: one superfluous byte", EVERY + "Scalars", head + padded(raw), "R5", good
        )
        longest = head + padded(raw, 9)
        add(f"{field.name}: ten bytes", EVERY + "Scalars", longest, "R5", good)
        if field.type in ("int32", "uint32"):
            wide = head + varint(raw | 1 << 32)
            add(f"{field.name}: 33 bits", EVERY + "Scalars", wide, "R5", good)
            most = head + varint(raw | 0xFFFF_FFFF << 32)
            add(f"{field.name}: 64 bits", EVERY + "Scalars", most, "R5", good)
    scalars = EVERY + "Scalars"
    add("a bool of 2", scalars, bits("08 02"), "R5", bits("08 01"))
    add("a bool of 2^63", scalars, tag(1, VARINT) + varint(1 << 63), "R5", bits("08 01"))
    minus = tag(6, VARINT) + varint((1 << 64) - 1)
    add("minus one as int32 in ten bytes", scalars, minus)
    add(
        "minus one as int32 in five bytes",
        scalars,
        tag(6, VARINT) + varint(0xFFFF_FFFF),
        "R5",
        minus,
    )
    add(
        "int32 over 2^31 - 1",
        scalars,
        tag(6, VARINT) + varint(1 << 31),
        "R5",
        tag(6, VARINT) + varint((1 << 64) - (1 << 31)),
    )
    word = tag(17, VARINT)
    add("an enum number over 32 bits", scalars, word + varint((1 << 32) + 1), "R5", word + b"\1")
    lists = EVERY + "Lists"
    add("an over-long element", lists, bits("12 03 01 82 00"), "R5", bits("12 02 01 02"))
    add("an element of 33 bits", lists, bits("12 05 81 80 80 80 10"), "R5", bits("12 01 01"))
    add("a bool element of 3", lists, bits("0a 02 01 03"), "R5", bits("0a 02 01 01"))
    maps = EVERY + "Maps"
    add("an over-long map key", maps, bits("12 05 08 81 00 10 01"), "R5", bits("12 04 08 01 10 01"))
    add(
        "an over-long tag in an entry",
        maps,
        bits("12 05 88 00 01 10 01"),
        "R5",
        bits("12 04 08 01 10 01"),
    )
    add(
        "an over-long length of an entry",
        maps,
        bits("12 84 00 08 01 10 01"),
        "R5",
        bits("12 04 08 01 10 01"),
    )
    for size in (4, 5):
        raw = padded(2 << 3 | 2, size - 1)
        ok = size <= 5
        add(f"a tag of {size} bytes", REQUEST, raw + AMOUNT[1:] + TIME, "R5", BOTH if ok else "R5")
        raw = padded(11, size - 1)
        add(f"a length of {size} bytes", REQUEST, AMOUNT[:1] + raw + AMOUNT[2:] + TIME, "R5", BOTH)
    add("a tag of six bytes", REQUEST, padded(18, 5) + AMOUNT[1:] + TIME, "R5", MALFORMED)
    add(
        "a length of six bytes",
        REQUEST,
        AMOUNT[:1] + padded(11, 5) + AMOUNT[2:] + TIME,
        "R5",
        MALFORMED,
    )


INVALID_UTF8 = {
    "a continuation byte alone": "80",
    "a cut sequence of two": "c3",
    "a cut sequence of three": "e2 82",
    "a cut sequence of four": "f0 9f 98",
    "no continuation": "c3 28",
    "over-long /": "c0 af",
    "over-long NUL": "c0 80",
    "over-long in three bytes": "e0 80 80",
    "over-long in four": "f0 80 80 80",
    "a high surrogate": "ed a0 80",
    "a low surrogate": "ed bf bf",
    "a surrogate pair": "ed a0 80 ed b0 80",
    "over U+10FFFF": "f4 90 80 80",
    "F5": "f5 80 80 80",
    "FE": "fe",
    "FF": "ff",
    "good, then bad": "61 62 63 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f 70 ff",
}


def rule_8(pack: Pack) -> None:
    add = partial(pack.add, "R08-utf8")
    for note, text in INVALID_UTF8.items():
        add(note, EVERY + "Optionals", record(7, bits(text)), "R8", "R8")
    for text in TEXTS:
        add(f"U+{ord(text[-1]):04X}", EVERY + "Optionals", record(7, text.encode()))

    def entry(key, value):
        return record(1, record(1, key) + record(2, value))

    add("in a map key", EVERY + "Maps", entry(b"\xff", b"a"), "R8", "R8")
    add("in a map value", EVERY + "Maps", entry(b"a", b"\xff"), "R8", "R8")
    add("in a list", EVERY + "Lists", record(7, b"a") + record(7, b"\xff"), "R8", "R8")
    add("in a oneof", REQUEST, BOTH + record(10, b"\xff"), "R8", "R8")
    add("in a union", EVERY + "Choice", record(2, b"\xff"), "R8", "R8")
    add("in a nested message", REQUEST, BOTH + record(5, record(1, b"\xff")), "R8", "R8")
    add("bytes need not be text", EVERY + "Optionals", record(8, b"\xff\xfe"))
    both = entry("e\u0301".encode(), b"nfd") + entry("é".encode(), b"nfc")
    add("a key in NFC and one in NFD are two keys", EVERY + "Maps", both)


def rule_10(pack: Pack) -> None:
    add = partial(pack.add, "R10-domains")
    encoder, schema = pack.encoder, pack.schema
    numbers = {f.type: f.number for f in schema.types[EVERY + "Optionals"].fields}
    optionals, lists, maps = EVERY + "Optionals", EVERY + "Lists", EVERY + "Maps"
    for type in VALUE_TYPES:
        number = numbers[type]
        for value in INSIDE[type]:
            add(
                f"{type} {describe(type, value)}",
                optionals,
                record(number, encoder.message(type, value)),
            )
        for value in OUTSIDE[type]:
            body = record(number, encoder.message(type, value))
            add(f"{type} {describe(type, value)}", optionals, body, "R10", "R10")
        extra = encoder.message(type, INSIDE[type][-1]) + bits("78 01")
        add(f"{type} with an unknown field", optionals, record(number, extra), "R10", "R10")
        element = next(f.number for f in schema.types[lists].fields if f.type == type)
        bad = encoder.message(type, OUTSIDE[type][0])
        good = encoder.message(type, INSIDE[type][-1])
        add(
            f"a {type} in a list", lists, record(element, good) + record(element, bad), "R10", "R10"
        )
    time = encoder.message("timestamp", OUTSIDE["timestamp"][0])
    add("a timestamp in a map", maps, record(8, record(1, b"a") + record(2, time)), "R10", "R10")
    add("money in a union", EVERY + "Choice", record(4, b""), "R10", "R10")
    for size in (0, 1, 15, 17, 32):
        add(f"a uuid of {size} bytes", optionals, record(9, bytes(range(size))), "R10", "R10")
        add(
            f"a uuid of {size} bytes, implicit",
            EVERY + "Scalars",
            record(16, bytes(range(size))),
            "R10",
            "R10",
        )
    add("a uuid of 16 bytes", optionals, record(9, bytes(range(16))))
    word = tag(10, VARINT)
    for number in (0, 1, 2, 3, 77, 2**31 - 1):
        add(f"enum number {number}", optionals, word + varint(number))
    for number in (2**31, 2**32 - 1, 2**64 - 1, 2**63):
        rule = "R10"
        low = number & 0xFFFF_FFFF
        tolerant = "R10" if low >> 31 else word + varint(low)
        add(f"enum number {number}", optionals, word + varint(number), rule, tolerant)
    add(
        "a negative enum number in a list",
        lists,
        record(10, varint(1) + varint(2**64 - 1)),
        "R10",
        "R10",
    )
    add(
        "a negative enum number in a map",
        maps,
        record(5, bits("08 01 10") + varint(2**64 - 1)),
        "R10",
        "R10",
    )
    add(
        "currency before domain: the last currency wins",
        REQUEST,
        bits("12 0c 0a 03 65 75 72 0a 03 45 55 52 10 02") + TIME,
        "R10",
        bits("12 07 0a 03 45 55 52 10 02") + TIME,
    )
    add(
        "a coefficient that only two's complement would allow",
        optionals,
        record(11, tag(1, VARINT) + varint(2**64 - 1)),
        "R10",
        "R10",
    )


def describe(type: str, value: dict) -> str:
    names = [
        f"{f.name} {value[f.number]!r}" for f in VALUE_MESSAGES[type].fields if f.number in value
    ]
    return ", ".join(names).replace("b'", "'") or "without anything"
