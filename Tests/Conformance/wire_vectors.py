"""Writes the conformance pack, `wire/*.json`.

    python3 Tests/Conformance/wire_vectors.py [--check]

Each vector is stated here with what both doors must say. The reference is asked too, and a vector
on which it disagrees is an error, so that nothing is in the pack because one program says so.
`--check` writes nothing and fails if the files differ.
"""

from __future__ import annotations

import argparse
import pathlib
import struct
import sys

import sealed_vectors
from schema_model import VALUE_TYPES, Field, Schema, load
from vectors import ACCEPT, Pack, bits, padded, payload, record, sample, tag, wire_of
from wire_reference import I32, I64, LEN, UNKNOWN, VALUE_MESSAGES, VARINT, scalar, varint

HERE = pathlib.Path(__file__).parent
ROOTS = [HERE.parent / f"SchemaCompilerTests/Golden/{name}/schemas"
         for name in ("conformance", "everything")]  # fmt: skip

REQUEST = "bank.risk.v1.AssessRequest"
EVERY = "test.everything.v1."
AMOUNT = bits("12 0b 0a 03 45 55 52 10 a5 a2 0f 18 02")
TIME = bits("1a 06 08 80 f0 9d c7 06")
BOTH = AMOUNT + TIME
EXAMPLE = bits(
    "0a 07 74 78 2d 37 66 33 61  12 0b 0a 03 45 55 52 10 a5 a2 0f 18 02"
    "1a 0b 08 80 f0 9d c7 06 10 80 e5 9a 77  20 02"
    "2a 0e 0a 03 69 4f 53 11 ef cd ab 89 67 45 23 01"
    "32 0b 0a 03 67 65 6f 12 04 22 02 44 45  32 0a 0a 03 6d 63 63 12 03 10 c6 54"
    "3a 18 00 00 00 00 00 00 e0 3f 00 00 00 00 00 00 f0 bf 00 00 00 00 00 00 0a 40  40 00"
)
MALFORMED = "malformed"


def examples(pack: Pack) -> None:
    """The worked example of wire.md section 7, and its malleable forms."""
    add = lambda *rest: pack.add("examples", rest[0], REQUEST, *rest[1:])
    add("the worked example", EXAMPLE)
    channel, features = EXAMPLE.index(bits("20 02")), EXAMPLE.index(bits("3a 18"))
    put = lambda at, old, new: EXAMPLE[:at] + bits(new) + EXAMPLE[at + len(bits(old)) :]
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


# Values of every type ------------------------------------------------------------------------------

SIGNED = {32: (0, 1, -1, 63, -64, 64, 2**31 - 1, -(2**31)), 64: (0, 1, -1, 2**63 - 1, -(2**63))}
UNSIGNED = {32: (0, 1, 127, 128, 2**32 - 1), 64: (0, 1, 2**32, 2**63, 2**64 - 1)}
FLOATS = {
    4: ("00000080", "0000807f", "000080ff", "0000c07f", "0100807f", "ffffffff", "01000000",
        "cdcccc3d"),
    8: ("0000000000000080", "000000000000f07f", "000000000000f0ff", "000000000000f87f",
        "010000000000f07f", "ffffffffffffffff", "0100000000000000", "9a9999999999b93f"),
}  # fmt: skip
TEXTS = ("a", "é", "e\u0301", "\0", "\u007f\u0080\u07ff\u0800", "\ud7ff\ue000", "\ufffd", "\uffff",
         "\U00010000", "\U0010ffff", "\ufeffa")  # fmt: skip
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
    pack.value("types", "map keys and values in two's complement", "foreign.InferRequest",
               {4: [(-1, -1), (0, 0), (1, 2**63 - 1)]})  # fmt: skip
    for name in ("Empty", "Tree", "Names", "Maps"):
        pack.value("types", f"{name} without anything", EVERY + name, {})
    pack.value("types", "two-byte tags", EVERY + "Names", {2047: b"x"})


# The rules ----------------------------------------------------------------------------------------


def rule_1(pack: Pack) -> None:
    add = lambda *rest: pack.add("R01-order", *rest)
    add("two fields in order", REQUEST, BOTH)
    add("two fields out of order", REQUEST, TIME + AMOUNT, "R1", BOTH)
    add("a known field behind a greater unknown one", REQUEST, BOTH + bits("a0 06 01 40 00"), "R1",
        BOTH + bits("40 00 a0 06 01"))  # fmt: skip
    add("unknown fields out of order", REQUEST, BOTH + bits("a0 06 01 78 01"), "R1",
        BOTH + bits("78 01 a0 06 01"))  # fmt: skip
    add("an unknown field before known ones", REQUEST, bits("78 01") + BOTH, "R1", BOTH + bits("78 01"))
    add("equal unknown numbers keep their order", REQUEST, BOTH + bits("78 02 78 01 7a 00"))
    add("the same, sorted stably", REQUEST, bits("78 02") + BOTH + bits("78 01"), "R1",
        BOTH + bits("78 02 78 01"))  # fmt: skip
    device = bits("2a 07 18 01 0a 03 69 4f 53")
    add("out of order inside a message", REQUEST, BOTH + device, "R1",
        BOTH + bits("2a 07 0a 03 69 4f 53 18 01"))  # fmt: skip
    money = bits("12 0b 10 a5 a2 0f 18 02 0a 03 45 55 52")
    add("out of order inside a value type", REQUEST, money + TIME, "R1", BOTH)
    lists = EVERY + "Lists"
    add("list elements apart", lists, bits("3a 01 61 42 01 00 3a 01 62"), "R1",
        bits("3a 01 61 3a 01 62 42 01 00"))  # fmt: skip
    maps = EVERY + "Maps"
    add("map entries apart", maps, bits("0a 06 0a 01 61 12 01 31 12 04 08 00 10 01 0a 06 0a 01 62 12 01 32"),
        "R1", bits("0a 06 0a 01 61 12 01 31 0a 06 0a 01 62 12 01 32 12 04 08 00 10 01"))  # fmt: skip
    deep = lambda body: record(2, record(2, body))
    tree = EVERY + "Tree"
    add("out of order two levels down", tree, deep(record(2, b"") + record(1, b"a")), "R1",
        deep(record(1, b"a") + record(2, b"")))  # fmt: skip


def rule_2(pack: Pack) -> None:
    add = lambda *rest: pack.add("R02-once", *rest)
    schema = pack.schema
    for name in ("Scalars", "Optionals"):
        for field in schema.types[EVERY + name].fields:
            head = tag(field.number, wire_of(schema, field))
            one = head + payload(schema, field, sample(schema, field.type, 1))
            two = head + payload(schema, field, sample(schema, field.type, 2))
            wanted = two
            if schema.is_message(field.type):
                wanted = None
            if field.type == "bool":
                two = wanted = head + payload(schema, field, 1)
            add(f"{field.name} once", EVERY + name, one)
            if wanted is not None:
                add(f"{field.name} twice: the last wins", EVERY + name, one + two, "R2", wanted)
    both = bits("2a 05 0a 03 69 4f 53 2a 02 18 01")
    add("a message in two parts is joined", REQUEST, BOTH + both, "R2",
        BOTH + bits("2a 07 0a 03 69 4f 53 18 01"))  # fmt: skip
    add("parts of a message that repeat a field", REQUEST,
        BOTH + bits("2a 03 0a 01 61 2a 03 0a 01 62"), "R2", BOTH + bits("2a 03 0a 01 62"))
    add("an empty part", REQUEST, BOTH + bits("2a 02 18 01 2a 00"), "R2", BOTH + bits("2a 02 18 01"))
    add("a required message in two parts, complete only together", REQUEST,
        bits("12 05 0a 03 45 55 52 12 02 10 02") + TIME, "R2",
        bits("12 07 0a 03 45 55 52 10 02") + TIME)  # fmt: skip
    add("parts apart from each other", REQUEST, bits("12 05 0a 03 45 55 52") + TIME + bits("12 02 10 02"),
        "R1", bits("12 07 0a 03 45 55 52 10 02") + TIME)  # fmt: skip
    add("a part whose end only the next one completes", REQUEST,
        BOTH + bits("2a 04 0a 03 69 4f 2a 03 53 18 01"), MALFORMED, MALFORMED)
    add("lists inside joined parts are joined too", EVERY + "Optionals",
        bits("8a 01 03 12 01 61 8a 01 03 12 01 62"), "R2", bits("8a 01 03 12 01 62"))
    add("a value that is dropped is not looked into", EVERY + "Optionals", bits("3a 01 ff 3a 01 61"),
        "R8", bits("3a 01 61"))  # fmt: skip


def rule_3(pack: Pack) -> None:
    add = lambda *rest: pack.add("R03-zero", *rest)
    schema = pack.schema
    for field in schema.types[EVERY + "Scalars"].fields:
        codec = scalar(field.type, field.form, schema.is_enum(field.type))
        zero = tag(field.number, codec.wire) + codec.encode(codec.zero)
        add(f"{field.name}: a zero {field.type}", EVERY + "Scalars", zero, "R3", b"")
    minus = tag(13, I64) + struct.pack("<d", -0.0)
    add("minus zero is not zero", EVERY + "Scalars", minus)
    add("minus zero, four bytes", EVERY + "Scalars", tag(12, I32) + struct.pack("<f", -0.0))
    add("a zero inside a message", REQUEST, BOTH + bits("2a 02 18 00"), "R3", BOTH + bits("2a 00"))
    add("a zero inside a value type", REQUEST,
        bits("12 09 0a 03 45 55 52 10 02 18 00") + TIME, "R3", bits("12 07 0a 03 45 55 52 10 02") + TIME)
    add("a zero by its low 32 bits", EVERY + "Scalars", tag(4, VARINT) + varint(1 << 32), "R5", b"")
    add("a zero with superfluous bytes", EVERY + "Scalars", tag(4, VARINT) + b"\x80\0", "R5", b"")
    add("an empty list is nothing at all", EVERY + "Lists", bits("0a 00"), "R6", b"")


def rule_4(pack: Pack) -> None:
    add = lambda *rest: pack.add("R04-presence", *rest)
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
    add = lambda *rest: pack.add("R05-minimal", *rest)
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
        add(f"{field.name}: one superfluous byte", EVERY + "Scalars", head + padded(raw), "R5", good)
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
    add("minus one as int32 in five bytes", scalars, tag(6, VARINT) + varint(0xFFFF_FFFF), "R5", minus)
    add("int32 over 2^31 - 1", scalars, tag(6, VARINT) + varint(1 << 31), "R5",
        tag(6, VARINT) + varint((1 << 64) - (1 << 31)))  # fmt: skip
    word = tag(17, VARINT)
    add("an enum number over 32 bits", scalars, word + varint((1 << 32) + 1), "R5", word + b"\1")
    lists = EVERY + "Lists"
    add("an over-long element", lists, bits("12 03 01 82 00"), "R5", bits("12 02 01 02"))
    add("an element of 33 bits", lists, bits("12 05 81 80 80 80 10"), "R5", bits("12 01 01"))
    add("a bool element of 3", lists, bits("0a 02 01 03"), "R5", bits("0a 02 01 01"))
    maps = EVERY + "Maps"
    add("an over-long map key", maps, bits("12 05 08 81 00 10 01"), "R5", bits("12 04 08 01 10 01"))
    add("an over-long tag in an entry", maps, bits("12 05 88 00 01 10 01"), "R5", bits("12 04 08 01 10 01"))
    add("an over-long length of an entry", maps, bits("12 84 00 08 01 10 01"), "R5", bits("12 04 08 01 10 01"))
    for size in (4, 5):
        raw = padded(2 << 3 | 2, size - 1)
        ok = size <= 5
        add(f"a tag of {size} bytes", REQUEST, raw + AMOUNT[1:] + TIME, "R5", BOTH if ok else "R5")
        raw = padded(11, size - 1)
        add(f"a length of {size} bytes", REQUEST, AMOUNT[:1] + raw + AMOUNT[2:] + TIME, "R5", BOTH)
    add("a tag of six bytes", REQUEST, padded(18, 5) + AMOUNT[1:] + TIME, "R5", MALFORMED)
    add("a length of six bytes", REQUEST, AMOUNT[:1] + padded(11, 5) + AMOUNT[2:] + TIME, "R5", MALFORMED)


def rule_6(pack: Pack) -> None:
    add = lambda *rest: pack.add("R06-packed", *rest)
    schema, lists = pack.schema, EVERY + "Lists"
    for field in schema.types[lists].fields:
        if not schema.is_packable(field.type):
            continue
        wire, number = wire_of(schema, field), field.number
        one, two = (payload(schema, field, sample(schema, field.type, n)) for n in (1, 2))
        good, alone = record(number, one + two), tag(number, wire)
        name = field.name
        add(f"{name}: one packed record", lists, good)
        add(f"{name}: one element, alone", lists, alone + one, "R6", record(number, one))
        add(f"{name}: unpacked", lists, alone + one + alone + two, "R6", good)
        add(f"{name}: in two packed records", lists, record(number, one) + record(number, two), "R6", good)
        add(f"{name}: one packed, one not", lists, record(number, one) + alone + two, "R6", good)
        add(f"{name}: an empty record", lists, record(number, b""), "R6", b"")
        add(f"{name}: an empty record behind another", lists, good + record(number, b""), "R6", good)
        if wire == VARINT:
            bad = record(number, b"\x81") + record(number, b"\x01")
            add(f"{name}: a varint cut between two records", lists, bad, MALFORMED, MALFORMED)
            add(f"{name}: a varint cut at the end", lists, record(number, one + b"\x80"), MALFORMED, MALFORMED)
        else:
            bad = record(number, one[:3]) + record(number, one[3:])
            add(f"{name}: an element cut between two records", lists, bad, MALFORMED, MALFORMED)
            add(f"{name}: half an element", lists, record(number, one + two[:3]), MALFORMED, MALFORMED)
    add("apart from each other", lists, bits("08 01 10 02 08 00"), "R6", bits("0a 02 01 00 12 01 02"))


def rule_7(pack: Pack) -> None:
    add = lambda *rest: pack.add("R07-maps", *rest)
    schema = pack.schema
    for field in schema.types[EVERY + "Maps"].fields:
        key = Field(1, "key", field.key, "optional")
        value = Field(2, "value", field.type, "optional")
        keys = [0, 1] if field.key == "bool" else [sample(schema, field.key, n) for n in (1, 2)]
        k = [tag(1, wire_of(schema, key)) + payload(schema, key, item) for item in keys]
        v = [tag(2, wire_of(schema, value)) + payload(schema, value, sample(schema, field.type, n))
             for n in (1, 2)]  # fmt: skip
        entry = lambda body: record(field.number, body)
        maps, name = EVERY + "Maps", field.name
        one, two = entry(k[0] + v[0]), entry(k[1] + v[1])
        add(f"{name}: ascending keys", maps, one + two)
        add(f"{name}: descending keys", maps, two + one, "R7", one + two)
        add(f"{name}: a key twice, the last wins", maps, one + entry(k[0] + v[1]), "R7", entry(k[0] + v[1]))
        add(f"{name}: the same entry twice", maps, one + one, "R7", one)
        add(f"{name}: value first", maps, entry(v[0] + k[0]), "R7", one)
        add(f"{name}: a third record", maps, entry(k[0] + v[0] + bits("18 01")), "R7", one)
        add(f"{name}: an unknown record first", maps, entry(bits("20 01") + k[0] + v[0]), "R7", one)
        add(f"{name}: the key twice", maps, entry(k[1] + k[0] + v[0]), "R7", one)
        zero_key = tag(1, wire_of(schema, key))
        codec = scalar(field.key, "", False)
        zero_key += codec.encode(codec.zero)
        add(f"{name}: no key", maps, entry(v[0]), "R7", entry(zero_key + v[0]))
        if schema.is_message(field.type):
            zero_value = tag(2, LEN) + b"\0"
        else:
            codec = scalar(field.type, "", schema.is_enum(field.type))
            zero_value = tag(2, codec.wire) + codec.encode(codec.zero)
        add(f"{name}: no value", maps, entry(k[0]), "R7", entry(k[0] + zero_value))
        add(f"{name}: an empty entry", maps, entry(b""), "R7", entry(zero_key + zero_value))
    map_orders(pack, add)


def map_orders(pack: Pack, add) -> None:
    """The order of keys, where runtimes disagree (section 8)."""
    maps, foreign = EVERY + "Maps", "foreign.InferRequest"
    text = lambda key: record(1, record(1, key.encode()) + record(2, b"x"))
    orders = [
        ("a before ab", "a", "ab"), ("U+FFFD before U+10000", "\ufffd", "\U00010000"),
        ("U+FFFF before U+10000", "\uffff", "\U00010000"), ("Z before a", "Z", "a"),
        ("NFD e and accent before NFC é", "e\u0301", "é"), ("empty before NUL", "", "\0"),
        ("NUL before a", "\0", "a"), ("z before é", "z", "é"),
    ]  # fmt: skip
    for note, low, high in orders:
        add(note, maps, text(low) + text(high))
        add(f"{note}, written the other way", maps, text(high) + text(low), "R7", text(low) + text(high))
    number = lambda field, key: record(field, tag(1, VARINT) + varint(key) + (
        tag(2, I64) + bytes(8) if field == 3 else tag(2, LEN) + b"\0"))  # fmt: skip
    signed = [(-(2**31), 2**32 - 1), (-1, 1), (0, 0), (1, 2), (2**31 - 1, 2**32 - 2)]
    entries = [number(3, zigzag) for _, zigzag in signed]
    add("int32 keys by value: -2^31, -1, 0, 1, 2^31 - 1", maps, b"".join(entries))
    by_bits = sorted(signed, key=lambda pair: pair[1])
    add("int32 keys by their zigzag bits", maps, b"".join(number(3, z) for _, z in by_bits), "R7", b"".join(entries))
    entries = [number(6, key) for key in (0, 1, 2**63 - 1, 2**63, 2**64 - 1)]
    add("uint64 keys by unsigned value", maps, b"".join(entries))
    add("uint64 keys by signed value", maps, b"".join(entries[3:] + entries[:3]), "R7", b"".join(entries))
    add("uint64 keys descending, as upb writes them", maps, b"".join(entries[::-1]), "R7", b"".join(entries))
    twos = lambda key: record(4, tag(1, VARINT) + varint(key & 2**64 - 1) + tag(2, VARINT) + b"\0")
    keys = [twos(key) for key in (-(2**31), -1, 0, 2**31 - 1)]
    add("int32 keys in two's complement by value", foreign, b"".join(keys))
    add("int32 keys in two's complement by bits", foreign, b"".join(keys[2:] + keys[:2]), "R7", b"".join(keys))
    false, true = bits("12 04 08 00 10 01"), bits("12 04 08 01 10 01")
    add("false before true", maps, false + true)
    add("true before false", maps, true + false, "R7", false + true)
    long_key = text("k" * 130)
    add("a long key", maps, long_key)
    add("a value of a map in two parts", EVERY + "Maps",
        record(6, bits("08 01 12 09 09 00 00 00 00 00 00 f0 3f 12 09 11 00 00 00 00 00 00 f0 3f")), "R7",
        record(6, bits("08 01 12 12 09 00 00 00 00 00 00 f0 3f 11 00 00 00 00 00 00 f0 3f")))


INVALID_UTF8 = {
    "a continuation byte alone": "80", "a cut sequence of two": "c3", "a cut sequence of three": "e2 82",
    "a cut sequence of four": "f0 9f 98", "no continuation": "c3 28", "over-long /": "c0 af",
    "over-long NUL": "c0 80", "over-long in three bytes": "e0 80 80", "over-long in four": "f0 80 80 80",
    "a high surrogate": "ed a0 80", "a low surrogate": "ed bf bf", "a surrogate pair": "ed a0 80 ed b0 80",
    "over U+10FFFF": "f4 90 80 80", "F5": "f5 80 80 80", "FE": "fe", "FF": "ff",
    "good, then bad": "61 62 63 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f 70 ff",
}  # fmt: skip


def rule_8(pack: Pack) -> None:
    add = lambda *rest: pack.add("R08-utf8", *rest)
    for note, text in INVALID_UTF8.items():
        add(note, EVERY + "Optionals", record(7, bits(text)), "R8", "R8")
    for text in TEXTS:
        add(f"U+{ord(text[-1]):04X}", EVERY + "Optionals", record(7, text.encode()))
    entry = lambda key, value: record(1, record(1, key) + record(2, value))
    add("in a map key", EVERY + "Maps", entry(b"\xff", b"a"), "R8", "R8")
    add("in a map value", EVERY + "Maps", entry(b"a", b"\xff"), "R8", "R8")
    add("in a list", EVERY + "Lists", record(7, b"a") + record(7, b"\xff"), "R8", "R8")
    add("in a oneof", REQUEST, BOTH + record(10, b"\xff"), "R8", "R8")
    add("in a union", EVERY + "Choice", record(2, b"\xff"), "R8", "R8")
    add("in a nested message", REQUEST, BOTH + record(5, record(1, b"\xff")), "R8", "R8")
    add("bytes need not be text", EVERY + "Optionals", record(8, b"\xff\xfe"))
    both = entry("e\u0301".encode(), b"nfd") + entry("é".encode(), b"nfc")
    add("a key in NFC and one in NFD are two keys", EVERY + "Maps", both)


def rule_9(pack: Pack) -> None:
    add = lambda *rest: pack.add("R09-oneof", *rest)
    iban, card = record(10, b"A"), record(11, record(1, b"B"))
    add("one member", REQUEST, BOTH + iban)
    add("the other member", REQUEST, BOTH + card)
    add("two members", REQUEST, BOTH + iban + card, "R9", BOTH + card)
    add("two members, the lower one last", REQUEST, BOTH + card + iban, "R1", BOTH + iban)
    add("a member twice", REQUEST, BOTH + iban + record(10, b"C"), "R2", BOTH + record(10, b"C"))
    add("a message member in two parts", REQUEST, BOTH + card + record(11, record(2, b"C")), "R2",
        BOTH + record(11, record(1, b"B") + record(2, b"C")))  # fmt: skip
    add("a message member, another, and it again: only its end stays", REQUEST,
        BOTH + card + iban + record(11, record(2, b"C")), "R1", BOTH + record(11, record(2, b"C")))
    add("unknown records in between change nothing", REQUEST, BOTH + card + bits("78 01") + iban,
        "R1", BOTH + iban + bits("78 01"))  # fmt: skip
    oneofs, choice = EVERY + "Oneofs", EVERY + "Choice"
    add("members around another field", oneofs, bits("1a 01 6e") + record(4, b""))
    add("two members around another field", oneofs, record(1, b"a") + bits("1a 01 6e") + record(4, b""), "R9",
        bits("1a 01 6e") + record(4, b""))  # fmt: skip
    add("members of two oneofs", oneofs, record(1, b"a") + bits("28 02"))
    add("an empty union", choice, b"")
    add("a union with one record", choice, bits("08 01"))
    add("a union with two records", choice, bits("08 01 12 01 61"), "R9", bits("12 01 61"))
    add("a union with two records, the lower one last", choice, bits("12 01 61 08 01"), "R1", bits("08 01"))
    add("a union with an unknown record", choice, bits("78 01"))
    add("a union with two unknown records", choice, bits("78 01 78 02"), "R9", bits("78 02"))
    add("a union with a known and an unknown record", choice, bits("08 01 78 01"), "R9", bits("78 01"))
    add("a union with an unknown and a known record", choice, bits("78 01 08 01"), "R1", bits("08 01"))
    money = [bits("22 05 0a 03 45 55 52"), bits("22 02 10 02")]
    joined = bits("22 07 0a 03 45 55 52 10 02")
    add("a union member in two parts", choice, money[0] + money[1], "R2", joined)
    add("a union member in two parts, another between: the rest alone is no money", choice,
        money[0] + bits("08 01") + money[1], "R1", "R10")  # fmt: skip
    add("a member that is replaced is not looked into", REQUEST, BOTH + record(10, b"\xff") + card, "R8",
        BOTH + card)  # fmt: skip
    add("a member that is replaced still has its wire type", REQUEST, BOTH + bits("50 01") + card, "R12", "R12")
    add("a union inside a map", REQUEST, BOTH + bits("32 0a 0a 01 61 12 05 08 01 22 01 78"), "R9",
        BOTH + bits("32 08 0a 01 61 12 03 22 01 78"))  # fmt: skip


def rule_10(pack: Pack) -> None:
    add = lambda *rest: pack.add("R10-domains", *rest)
    encoder, schema = pack.encoder, pack.schema
    numbers = {f.type: f.number for f in schema.types[EVERY + "Optionals"].fields}
    optionals, lists, maps = EVERY + "Optionals", EVERY + "Lists", EVERY + "Maps"
    for type in VALUE_TYPES:
        number = numbers[type]
        for value in INSIDE[type]:
            add(f"{type} {describe(type, value)}", optionals, record(number, encoder.message(type, value)))
        for value in OUTSIDE[type]:
            body = record(number, encoder.message(type, value))
            add(f"{type} {describe(type, value)}", optionals, body, "R10", "R10")
        extra = encoder.message(type, INSIDE[type][-1]) + bits("78 01")
        add(f"{type} with an unknown field", optionals, record(number, extra), "R10", "R10")
        element = next(f.number for f in schema.types[lists].fields if f.type == type)
        bad = encoder.message(type, OUTSIDE[type][0])
        good = encoder.message(type, INSIDE[type][-1])
        add(f"a {type} in a list", lists, record(element, good) + record(element, bad), "R10", "R10")
    time = encoder.message("timestamp", OUTSIDE["timestamp"][0])
    add("a timestamp in a map", maps, record(8, record(1, b"a") + record(2, time)), "R10", "R10")
    add("money in a union", EVERY + "Choice", record(4, b""), "R10", "R10")
    for size in (0, 1, 15, 17, 32):
        add(f"a uuid of {size} bytes", optionals, record(9, bytes(range(size))), "R10", "R10")
        add(f"a uuid of {size} bytes, implicit", EVERY + "Scalars", record(16, bytes(range(size))), "R10", "R10")
    add("a uuid of 16 bytes", optionals, record(9, bytes(range(16))))
    word = tag(10, VARINT)
    for number in (0, 1, 2, 3, 77, 2**31 - 1):
        add(f"enum number {number}", optionals, word + varint(number))
    for number in (2**31, 2**32 - 1, 2**64 - 1, 2**63):
        rule = "R10"
        low = number & 0xFFFF_FFFF
        tolerant = "R10" if low >> 31 else word + varint(low)
        add(f"enum number {number}", optionals, word + varint(number), rule, tolerant)
    add("a negative enum number in a list", lists, record(10, varint(1) + varint(2**64 - 1)), "R10", "R10")
    add("a negative enum number in a map", maps, record(5, bits("08 01 10") + varint(2**64 - 1)), "R10", "R10")
    add("currency before domain: the last currency wins", REQUEST,
        bits("12 0c 0a 03 65 75 72 0a 03 45 55 52 10 02") + TIME, "R10", bits("12 07 0a 03 45 55 52 10 02") + TIME)
    add("a coefficient that only two's complement would allow", optionals,
        record(11, tag(1, VARINT) + varint(2**64 - 1)), "R10", "R10")  # fmt: skip


def describe(type: str, value: dict) -> str:
    names = [f"{f.name} {value[f.number]!r}" for f in VALUE_MESSAGES[type].fields if f.number in value]
    return ", ".join(names).replace("b'", "'") or "without anything"


def rule_11(pack: Pack) -> None:
    add = lambda *rest: pack.add("R11-unknown", *rest)
    forms = {"varint": b"\1", "I64": bytes(8), "LEN": b"\3abc", "I32": bytes(4)}
    for number in (9, 15, 2047, 2048, 100_000, 536_870_911):
        for wire, (name, content) in zip((VARINT, I64, LEN, I32), forms.items(), strict=True):
            raw = tag(number, wire) + content
            body = BOTH + raw if number > 8 else raw + BOTH
            add(f"{number}, {name}", REQUEST, body)
    most = tag(536_870_912, VARINT) + b"\1"
    add("number 536,870,912", REQUEST, BOTH + most, "R11", "R11")
    add("number 2^32", REQUEST, BOTH + tag(1 << 32, VARINT) + b"\1", "R11", "R11")
    add("an over-long varint", REQUEST, BOTH + bits("78 81 00"), "R5", BOTH + bits("78 01"))
    add("an over-long tag", REQUEST, BOTH + bits("f8 00 01"), "R5", BOTH + bits("78 01"))
    add("an over-long length", REQUEST, BOTH + bits("7a 81 00 61"), "R5", BOTH + bits("7a 01 61"))
    add("a varint of ten bytes", REQUEST, BOTH + tag(15, VARINT) + varint(2**64 - 1))
    inside = bits("7a 08 10 81 00 08 00 18 f8 01")
    add("what looks like records inside LEN is kept as it is", REQUEST, BOTH + inside)
    add("broken records inside LEN too", REQUEST, BOTH + bits("7a 03 0b ff ff"))
    add("between known fields", REQUEST, BOTH + bits("48 07 52 01 41"))
    several = bits("0a 00 80 01 01 85 01 01 02 03 04 fa 7f 01 61")
    add("several of several types", EVERY + "Names", bits("0a 01 61") + several[2:])
    add("inside a nested message, in place", REQUEST, BOTH + bits("2a 07 0a 01 61 18 01 20 05"))
    nested = record(5, bits("18 01 28 05 32 02 08 00"))
    add("inside a nested message, several", REQUEST, BOTH + nested)
    add("inside a nested message, out of place", REQUEST, BOTH + record(5, bits("28 05 18 01")), "R1",
        BOTH + record(5, bits("18 01 28 05")))  # fmt: skip
    add("inside the messages of a list", EVERY + "Lists", record(16, bits("18 01")) + record(16, bits("22 00")))
    add("inside the messages of a map", EVERY + "Maps", record(6, bits("08 01 12 02 18 01")))
    add("inside a oneof member", REQUEST, BOTH + record(11, bits("0a 01 61 18 01")))
    add("inside a union's member", EVERY + "Choice", record(5, bits("18 01")))
    add("a union of a newer schema", EVERY + "Optionals", record(17, bits("3a 01 61")))
    add("all of a message unknown", EVERY + "Empty", bits("08 01 12 02 08 00 fd 7f 01 02 03 04"))
    add("in a recursive message", EVERY + "Tree", record(2, record(2, bits("20 01")) + bits("20 02")) + bits("20 03"))
    add("in a list apart", EVERY + "Lists", bits("3a 01 61 a0 06 01 3a 01 62"), "R1",
        bits("3a 01 61 3a 01 62 a0 06 01"))  # fmt: skip


def rule_12(pack: Pack) -> None:
    add = lambda *rest: pack.add("R12-wire-type", *rest)
    schema = pack.schema
    contents = {VARINT: b"\1", I64: bytes(8), LEN: b"\0", I32: bytes(4)}
    for name in ("Scalars", "Optionals", "Lists", "Maps", "Choice"):
        for field in schema.types[EVERY + name].fields:
            own = {LEN} if field.shape == "map" else {wire_of(schema, field)}
            if field.shape == "list" and schema.is_packable(field.type):
                own.add(LEN)
            for wire, content in contents.items():
                if wire not in own:
                    body = tag(field.number, wire) + content
                    note = f"{field.name} of {name} as wire type {wire}"
                    add(note, EVERY + name, body, "R12", "R12")
    add("a map key", EVERY + "Maps", record(1, bits("08 01 12 00")), "R12", "R12")
    add("a map value", EVERY + "Maps", record(1, bits("0a 00 10 01")), "R12", "R12")
    add("inside a value type", REQUEST, bits("12 07 0a 03 45 55 52 12 00") + TIME, "R12", "R12")
    add("before the right one", REQUEST, BOTH + bits("22 00 20 01"), "R12", "R12")
    add("behind the right one", REQUEST, BOTH + bits("20 01 22 00"), "R12", "R12")


def rule_13(pack: Pack) -> None:
    add = lambda *rest: pack.add("R13-limits", *rest)
    tree = EVERY + "Tree"

    def nest(levels: int, wrap) -> bytes:
        body = b""
        for _ in range(levels - 1):
            body = wrap(body)
        return body

    child = lambda body: record(2, body)
    named = lambda body: record(3, record(1, b"a") + record(2, body))
    add("eight levels of a type with @depth(8)", tree, nest(8, child))
    add("nine levels", tree, nest(9, child), "R13", "R13")
    add("a hundred levels", tree, nest(100, child), "R13", "R13")
    add("map entries count: seven levels in four messages", tree, nest(4, named))
    add("map entries count: nine levels in five messages", tree, nest(5, named), "R13", "R13")
    add("eight levels, the last in an entry", tree, child(child(child(child(child(named(b"")))))))
    add("nine levels, the last in an entry", tree, child(child(child(child(child(child(named(b""))))))), "R13", "R13")
    jumbled = record(2, b"") + record(1, b"x")
    ordered = record(1, b"x") + record(2, b"")
    for _ in range(6):
        jumbled, ordered = record(2, jumbled) + record(1, b"x"), record(1, b"x") + record(2, ordered)
    add("a deep chain out of order", tree, jumbled, "R1", ordered)
    limited = lambda note, body, strict, limits: pack.add(
        "R13-limits", note, REQUEST, body, strict, strict, limits)  # fmt: skip
    limited("a lower depth limit that suffices", BOTH, ACCEPT, {"depth": 2})
    limited("a lower depth limit", BOTH, "R13", {"depth": 1})
    unknown = lambda size: BOTH + tag(15, LEN) + varint(size) + bytes(size)
    limited("unknown records at their limit", unknown(200 - 3), ACCEPT, {"unknownBytes": 200})
    limited("unknown records over their limit", unknown(201 - 3), "R13", {"unknownBytes": 200})
    add("over 16 KiB of unknown records, without a limit given", REQUEST, unknown(16385 - 3), "R13", "R13")
    limited("no unknown records at all", BOTH, ACCEPT, {"unknownBytes": 0})
    limited("an unknown record where none may be", BOTH + bits("78 01"), "R13", {"unknownBytes": 0})
    spread = BOTH + record(5, bits("28 01")) + bits("78 01")
    limited("unknown records of all levels together, enough", spread, ACCEPT, {"unknownBytes": 4})
    limited("unknown records of all levels together, too many", spread, "R13", {"unknownBytes": 3})
    limited("the input at its limit", BOTH, ACCEPT, {"bytes": len(BOTH)})
    limited("the input over its limit", BOTH, "R13", {"bytes": len(BOTH) - 1})
    text = BOTH + record(10, b"x" * 3000)
    limited("a string within the heap", text, ACCEPT, {"heap": 100_000})
    limited("a string over the heap", text, "R13", {"heap": 1000})
    features = BOTH + record(7, bytes(8 * 500))
    limited("a list over the heap", features, "R13", {"heap": 400})
    add("a length of 2^31 - 1", REQUEST, BOTH + bits("52 ff ff ff ff 07"), MALFORMED, MALFORMED)
    add("a packed length of 2^31 - 1", REQUEST, BOTH + bits("3a ff ff ff ff 07"), MALFORMED, MALFORMED)


def rule_14(pack: Pack) -> None:
    add = lambda *rest: pack.add("R14-required", *rest)
    schema, required = pack.schema, EVERY + "Required"
    fields = schema.types[required].fields
    records = {f.number: record(f.number, pack.encoder.message(f.type, sample(schema, f.type))) for f in fields}
    add("all there", required, b"".join(records.values()))
    for field in fields:
        rest = b"".join(body for number, body in records.items() if number != field.number)
        add(f"no {field.name}", required, rest, "R14", "R14")
        if field.type != "money":
            empty = records | {field.number: record(field.number, b"")}
            add(f"an empty {field.name}", required, b"".join(empty.values()))
    add("nothing at all", required, b"", "R14", "R14")
    add("no amount", REQUEST, TIME, "R14", "R14")
    add("nothing at all in the request", REQUEST, b"", "R14", "R14")
    oneofs = EVERY + "Oneofs"
    add("a required oneof", oneofs, bits("0a 00"))
    add("a required oneof, its last member", oneofs, bits("22 00"))
    add("a required oneof, absent", oneofs, bits("1a 01 6e"), "R14", "R14")
    add("only the other oneof", oneofs, bits("28 02"), "R14", "R14")
    call = EVERY + "CallRequest"
    add("a required message, empty", call, bits("0a 00"))
    add("a required message, absent", call, b"", "R14", "R14")
    add("only an unknown record", call, bits("10 01"), "R14", "R14")


def malformed(pack: Pack) -> None:
    add = lambda note, body: pack.add("malformed", note, REQUEST, BOTH + bits(body), MALFORMED, MALFORMED)
    for note, body in {
        "a group": "7b 7c", "a group with content": "7b 08 01 7c", "an end of group": "7c",
        "a group that does not end": "7b", "nested groups": "7b 7b 7c 7c", "a group of a known field": "2b 2c",
        "wire type 6": "7e 01", "wire type 7": "7f 01", "field number 0": "00 01",
        "field number 0, LEN": "02 01 61", "half a tag": "80", "a tag alone": "40",
        "a varint that does not end": "40 80", "a varint of eleven bytes": "40 ff ff ff ff ff ff ff ff ff ff 01",
        "a varint of 65 bits": "40 ff ff ff ff ff ff ff ff ff 02",
        "an unknown varint of 65 bits": "78 80 80 80 80 80 80 80 80 80 02",
        "a length beyond the end": "52 02 41", "a length without content": "52 01",
        "a length that does not end": "52 80", "an unknown length beyond the end": "7a 7f",
        "half of an unknown I64": "79 00 00 00 00", "half of an unknown I32": "7d 00 00",
        "a nested length beyond its message": "2a 02 0a 02 61 62", "half a fixed field": "2a 05 11 01 02 03 04",
        "half a double": "3a 04 00 00 00 00", "a length of 2^31": "52 80 80 80 80 08",
        "a length of 2^35 - 1": "52 ff ff ff ff 7f", "half a tag in a nested message": "2a 01 88",
        "a group in a nested message": "2a 02 0b 0c", "a group in a map entry": "32 04 0a 00 13 14",
        "a cut map value": "32 04 0a 00 12 05",
    }.items():  # fmt: skip
        add(note, body)
    longest = tag(8, VARINT) + b"\xff" * 9 + b"\1"
    pack.add("malformed", "the longest varint is none of these", REQUEST, BOTH + longest, "R5",
             BOTH + tag(8, VARINT) + varint(2**32 - 1))  # fmt: skip


def found(pack: Pack) -> None:
    """Bytes on which two implementations once disagreed."""
    add = lambda *rest: pack.add("found", *rest)
    add("two halves of a message, completing each other", EVERY + "Optionals",
        bits("82 01 01 09 82 01 08 00 00 00 00 00 00 f0 3f"), MALFORMED, MALFORMED)  # fmt: skip
    add("two halves of a varint in two packed records", EVERY + "Lists", bits("12 02 f1 bb 12 02 c6 03"),
        MALFORMED, MALFORMED)  # fmt: skip
    add("two halves of a double in two packed records", REQUEST,
        BOTH + bits("3a 0c 00 00 00 00 00 00 e0 3f 00 00 00 00 3a 04 00 00 f0 bf"), MALFORMED, MALFORMED)
    add("an over-long key tag in an entry is R5, not R7", REQUEST, BOTH + bits("32 08 8a 00 01 61 12 02 08 01"),
        "R5", BOTH + bits("32 07 0a 01 61 12 02 08 01"))  # fmt: skip
    add("a key of another wire type is R12, not R7", REQUEST, BOTH + bits("32 06 08 01 12 02 08 01"), "R12", "R12")


def build() -> dict[str, str]:
    """The files of the pack by name."""
    pack = Pack(load(*ROOTS))
    for make in (examples, types, rule_1, rule_2, rule_3, rule_4, rule_5, rule_6, rule_7, rule_8,
                 rule_9, rule_10, rule_11, rule_12, rule_13, rule_14, malformed, found):  # fmt: skip
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
    print(f"{sum(text.count(chr(10)) - 2 for text in texts.values())} vectors in {len(texts)} files")
    if options.check and stale:
        print("differs:", ", ".join(sorted(stale)))
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
