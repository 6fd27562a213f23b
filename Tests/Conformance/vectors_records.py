"""Vectors about records: order, number, wire types and limits (R1, R2, R6, R7, R9, R11 to R14)."""

from __future__ import annotations

from functools import partial

from schema_model import Field
from vectors import (
    ACCEPT,
    AMOUNT,
    BOTH,
    EVERY,
    MALFORMED,
    REQUEST,
    TIME,
    Pack,
    bits,
    payload,
    record,
    sample,
    tag,
    wire_of,
)
from wire_reference import I32, I64, LEN, VARINT, scalar, varint


def rule_1(pack: Pack) -> None:
    add = partial(pack.add, "R01-order")
    add("two fields in order", REQUEST, BOTH)
    add("two fields out of order", REQUEST, TIME + AMOUNT, "R1", BOTH)
    add(
        "a known field behind a greater unknown one",
        REQUEST,
        BOTH + bits("a0 06 01 40 00"),
        "R1",
        BOTH + bits("40 00 a0 06 01"),
    )
    add(
        "unknown fields out of order",
        REQUEST,
        BOTH + bits("a0 06 01 78 01"),
        "R1",
        BOTH + bits("78 01 a0 06 01"),
    )
    add(
        "an unknown field before known ones",
        REQUEST,
        bits("78 01") + BOTH,
        "R1",
        BOTH + bits("78 01"),
    )
    add("equal unknown numbers keep their order", REQUEST, BOTH + bits("78 02 78 01 7a 00"))
    add(
        "the same, sorted stably",
        REQUEST,
        bits("78 02") + BOTH + bits("78 01"),
        "R1",
        BOTH + bits("78 02 78 01"),
    )
    device = bits("2a 07 18 01 0a 03 69 4f 53")
    add(
        "out of order inside a message",
        REQUEST,
        BOTH + device,
        "R1",
        BOTH + bits("2a 07 0a 03 69 4f 53 18 01"),
    )
    money = bits("12 0b 10 a5 a2 0f 18 02 0a 03 45 55 52")
    add("out of order inside a value type", REQUEST, money + TIME, "R1", BOTH)
    lists = EVERY + "Lists"
    add(
        "list elements apart",
        lists,
        bits("3a 01 61 42 01 00 3a 01 62"),
        "R1",
        bits("3a 01 61 3a 01 62 42 01 00"),
    )
    maps = EVERY + "Maps"
    add(
        "map entries apart",
        maps,
        bits("0a 06 0a 01 61 12 01 31 12 04 08 00 10 01 0a 06 0a 01 62 12 01 32"),
        "R1",
        bits("0a 06 0a 01 61 12 01 31 0a 06 0a 01 62 12 01 32 12 04 08 00 10 01"),
    )

    def deep(body):
        return record(2, record(2, body))

    tree = EVERY + "Tree"
    add(
        "out of order two levels down",
        tree,
        deep(record(2, b"") + record(1, b"a")),
        "R1",
        deep(record(1, b"a") + record(2, b"")),
    )


def rule_2(pack: Pack) -> None:
    add = partial(pack.add, "R02-once")
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
    add(
        "a message in two parts is joined",
        REQUEST,
        BOTH + both,
        "R2",
        BOTH + bits("2a 07 0a 03 69 4f 53 18 01"),
    )
    add(
        "parts of a message that repeat a field",
        REQUEST,
        BOTH + bits("2a 03 0a 01 61 2a 03 0a 01 62"),
        "R2",
        BOTH + bits("2a 03 0a 01 62"),
    )
    add(
        "an empty part", REQUEST, BOTH + bits("2a 02 18 01 2a 00"), "R2", BOTH + bits("2a 02 18 01")
    )
    add(
        "a required message in two parts, complete only together",
        REQUEST,
        bits("12 05 0a 03 45 55 52 12 02 10 02") + TIME,
        "R2",
        bits("12 07 0a 03 45 55 52 10 02") + TIME,
    )
    add(
        "parts apart from each other",
        REQUEST,
        bits("12 05 0a 03 45 55 52") + TIME + bits("12 02 10 02"),
        "R1",
        bits("12 07 0a 03 45 55 52 10 02") + TIME,
    )
    add(
        "a part whose end only the next one completes",
        REQUEST,
        BOTH + bits("2a 04 0a 03 69 4f 2a 03 53 18 01"),
        MALFORMED,
        MALFORMED,
    )
    add(
        "lists inside joined parts are joined too",
        EVERY + "Optionals",
        bits("8a 01 03 12 01 61 8a 01 03 12 01 62"),
        "R2",
        bits("8a 01 03 12 01 62"),
    )
    add(
        "a value that is dropped is not looked into",
        EVERY + "Optionals",
        bits("3a 01 ff 3a 01 61"),
        "R8",
        bits("3a 01 61"),
    )


def rule_6(pack: Pack) -> None:
    add = partial(pack.add, "R06-packed")
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
        add(
            f"{name}: in two packed records",
            lists,
            record(number, one) + record(number, two),
            "R6",
            good,
        )
        add(f"{name}: one packed, one not", lists, record(number, one) + alone + two, "R6", good)
        add(f"{name}: an empty record", lists, record(number, b""), "R6", b"")
        add(
            f"{name}: an empty record behind another", lists, good + record(number, b""), "R6", good
        )
        if wire == VARINT:
            bad = record(number, b"\x81") + record(number, b"\x01")
            add(f"{name}: a varint cut between two records", lists, bad, MALFORMED, MALFORMED)
            add(
                f"{name}: a varint cut at the end",
                lists,
                record(number, one + b"\x80"),
                MALFORMED,
                MALFORMED,
            )
        else:
            bad = record(number, one[:3]) + record(number, one[3:])
            add(f"{name}: an element cut between two records", lists, bad, MALFORMED, MALFORMED)
            add(
                f"{name}: half an element",
                lists,
                record(number, one + two[:3]),
                MALFORMED,
                MALFORMED,
            )
    add(
        "apart from each other",
        lists,
        bits("08 01 10 02 08 00"),
        "R6",
        bits("0a 02 01 00 12 01 02"),
    )


def rule_7(pack: Pack) -> None:
    add = partial(pack.add, "R07-maps")
    schema = pack.schema
    for field in schema.types[EVERY + "Maps"].fields:
        key = Field(1, "key", field.key, "optional")
        value = Field(2, "value", field.type, "optional")
        keys = [0, 1] if field.key == "bool" else [sample(schema, field.key, n) for n in (1, 2)]
        k = [tag(1, wire_of(schema, key)) + payload(schema, key, item) for item in keys]
        v = [
            tag(2, wire_of(schema, value)) + payload(schema, value, sample(schema, field.type, n))
            for n in (1, 2)
        ]
        entry = partial(record, field.number)
        maps, name = EVERY + "Maps", field.name
        one, two = entry(k[0] + v[0]), entry(k[1] + v[1])
        add(f"{name}: ascending keys", maps, one + two)
        add(f"{name}: descending keys", maps, two + one, "R7", one + two)
        add(
            f"{name}: a key twice, the last wins",
            maps,
            one + entry(k[0] + v[1]),
            "R7",
            entry(k[0] + v[1]),
        )
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

    def text(key):
        return record(1, record(1, key.encode()) + record(2, b"x"))

    orders = [
        ("a before ab", "a", "ab"), ("U+FFFD before U+10000", "\ufffd", "\U00010000"),
        ("U+FFFF before U+10000", "\uffff", "\U00010000"), ("Z before a", "Z", "a"),
        ("NFD e and accent before NFC é", "e\u0301", "é"), ("empty before NUL", "", "\0"),
        ("NUL before a", "\0", "a"), ("z before é", "z", "é"),
    ]  # fmt: skip
    for note, low, high in orders:
        add(note, maps, text(low) + text(high))
        add(
            f"{note}, written the other way",
            maps,
            text(high) + text(low),
            "R7",
            text(low) + text(high),
        )

    def number(field: int, key: int) -> bytes:
        value = tag(2, I64) + bytes(8) if field == 3 else tag(2, LEN) + b"\0"
        return record(field, tag(1, VARINT) + varint(key) + value)

    signed = [(-(2**31), 2**32 - 1), (-1, 1), (0, 0), (1, 2), (2**31 - 1, 2**32 - 2)]
    entries = [number(3, zigzag) for _, zigzag in signed]
    add("int32 keys by value: -2^31, -1, 0, 1, 2^31 - 1", maps, b"".join(entries))
    by_bits = sorted(signed, key=lambda pair: pair[1])
    add(
        "int32 keys by their zigzag bits",
        maps,
        b"".join(number(3, z) for _, z in by_bits),
        "R7",
        b"".join(entries),
    )
    entries = [number(6, key) for key in (0, 1, 2**63 - 1, 2**63, 2**64 - 1)]
    add("uint64 keys by unsigned value", maps, b"".join(entries))
    add(
        "uint64 keys by signed value",
        maps,
        b"".join(entries[3:] + entries[:3]),
        "R7",
        b"".join(entries),
    )
    add(
        "uint64 keys descending, as upb writes them",
        maps,
        b"".join(entries[::-1]),
        "R7",
        b"".join(entries),
    )

    def twos(key):
        return record(4, tag(1, VARINT) + varint(key & 2**64 - 1) + tag(2, VARINT) + b"\0")

    keys = [twos(key) for key in (-(2**31), -1, 0, 2**31 - 1)]
    add("int32 keys in two's complement by value", foreign, b"".join(keys))
    add(
        "int32 keys in two's complement by bits",
        foreign,
        b"".join(keys[2:] + keys[:2]),
        "R7",
        b"".join(keys),
    )
    false, true = bits("12 04 08 00 10 01"), bits("12 04 08 01 10 01")
    add("false before true", maps, false + true)
    add("true before false", maps, true + false, "R7", false + true)
    long_key = text("k" * 130)
    add("a long key", maps, long_key)
    add(
        "a value of a map in two parts",
        EVERY + "Maps",
        record(6, bits("08 01 12 09 09 00 00 00 00 00 00 f0 3f 12 09 11 00 00 00 00 00 00 f0 3f")),
        "R7",
        record(6, bits("08 01 12 12 09 00 00 00 00 00 00 f0 3f 11 00 00 00 00 00 00 f0 3f")),
    )


def rule_9(pack: Pack) -> None:
    add = partial(pack.add, "R09-oneof")
    iban, card = record(10, b"A"), record(11, record(1, b"B"))
    add("one member", REQUEST, BOTH + iban)
    add("the other member", REQUEST, BOTH + card)
    add("two members", REQUEST, BOTH + iban + card, "R9", BOTH + card)
    add("two members, the lower one last", REQUEST, BOTH + card + iban, "R1", BOTH + iban)
    add("a member twice", REQUEST, BOTH + iban + record(10, b"C"), "R2", BOTH + record(10, b"C"))
    add(
        "a message member in two parts",
        REQUEST,
        BOTH + card + record(11, record(2, b"C")),
        "R2",
        BOTH + record(11, record(1, b"B") + record(2, b"C")),
    )
    add(
        "a message member, another, and it again: only its end stays",
        REQUEST,
        BOTH + card + iban + record(11, record(2, b"C")),
        "R1",
        BOTH + record(11, record(2, b"C")),
    )
    add(
        "unknown records in between change nothing",
        REQUEST,
        BOTH + card + bits("78 01") + iban,
        "R1",
        BOTH + iban + bits("78 01"),
    )
    oneofs, choice = EVERY + "Oneofs", EVERY + "Choice"
    add("members around another field", oneofs, bits("1a 01 6e") + record(4, b""))
    add(
        "two members around another field",
        oneofs,
        record(1, b"a") + bits("1a 01 6e") + record(4, b""),
        "R9",
        bits("1a 01 6e") + record(4, b""),
    )
    add("members of two oneofs", oneofs, record(1, b"a") + bits("28 02"))
    add("an empty union", choice, b"")
    add("a union with one record", choice, bits("08 01"))
    add("a union with two records", choice, bits("08 01 12 01 61"), "R9", bits("12 01 61"))
    add(
        "a union with two records, the lower one last",
        choice,
        bits("12 01 61 08 01"),
        "R1",
        bits("08 01"),
    )
    add("a union with an unknown record", choice, bits("78 01"))
    add("a union with two unknown records", choice, bits("78 01 78 02"), "R9", bits("78 02"))
    add(
        "a union with a known and an unknown record",
        choice,
        bits("08 01 78 01"),
        "R9",
        bits("78 01"),
    )
    add(
        "a union with an unknown and a known record",
        choice,
        bits("78 01 08 01"),
        "R1",
        bits("08 01"),
    )
    money = [bits("22 05 0a 03 45 55 52"), bits("22 02 10 02")]
    joined = bits("22 07 0a 03 45 55 52 10 02")
    add("a union member in two parts", choice, money[0] + money[1], "R2", joined)
    add(
        "a union member in two parts, another between: the rest alone is no money",
        choice,
        money[0] + bits("08 01") + money[1],
        "R1",
        "R10",
    )
    add(
        "a member that is replaced is not looked into",
        REQUEST,
        BOTH + record(10, b"\xff") + card,
        "R8",
        BOTH + card,
    )
    add(
        "a member that is replaced still has its wire type",
        REQUEST,
        BOTH + bits("50 01") + card,
        "R12",
        "R12",
    )
    add(
        "a union inside a map",
        REQUEST,
        BOTH + bits("32 0a 0a 01 61 12 05 08 01 22 01 78"),
        "R9",
        BOTH + bits("32 08 0a 01 61 12 03 22 01 78"),
    )


def rule_11(pack: Pack) -> None:
    add = partial(pack.add, "R11-unknown")
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
    add(
        "inside a nested message, out of place",
        REQUEST,
        BOTH + record(5, bits("28 05 18 01")),
        "R1",
        BOTH + record(5, bits("18 01 28 05")),
    )
    add(
        "inside the messages of a list",
        EVERY + "Lists",
        record(16, bits("18 01")) + record(16, bits("22 00")),
    )
    add("inside the messages of a map", EVERY + "Maps", record(6, bits("08 01 12 02 18 01")))
    add("inside a oneof member", REQUEST, BOTH + record(11, bits("0a 01 61 18 01")))
    add("inside a union's member", EVERY + "Choice", record(5, bits("18 01")))
    add("a union of a newer schema", EVERY + "Optionals", record(17, bits("3a 01 61")))
    add("all of a message unknown", EVERY + "Empty", bits("08 01 12 02 08 00 fd 7f 01 02 03 04"))
    add(
        "in a recursive message",
        EVERY + "Tree",
        record(2, record(2, bits("20 01")) + bits("20 02")) + bits("20 03"),
    )
    add(
        "in a list apart",
        EVERY + "Lists",
        bits("3a 01 61 a0 06 01 3a 01 62"),
        "R1",
        bits("3a 01 61 3a 01 62 a0 06 01"),
    )


def rule_12(pack: Pack) -> None:
    add = partial(pack.add, "R12-wire-type")
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
    add = partial(pack.add, "R13-limits")
    tree = EVERY + "Tree"

    def nest(levels: int, wrap) -> bytes:
        body = b""
        for _ in range(levels - 1):
            body = wrap(body)
        return body

    def child(body):
        return record(2, body)

    def named(body):
        return record(3, record(1, b"a") + record(2, body))

    add("eight levels of a type with @depth(8)", tree, nest(8, child))
    add("nine levels", tree, nest(9, child), "R13", "R13")
    add("a hundred levels", tree, nest(100, child), "R13", "R13")
    add("map entries count: seven levels in four messages", tree, nest(4, named))
    add("map entries count: nine levels in five messages", tree, nest(5, named), "R13", "R13")
    add("eight levels, the last in an entry", tree, child(child(child(child(child(named(b"")))))))
    add(
        "nine levels, the last in an entry",
        tree,
        child(child(child(child(child(child(named(b""))))))),
        "R13",
        "R13",
    )
    jumbled = record(2, b"") + record(1, b"x")
    ordered = record(1, b"x") + record(2, b"")
    for _ in range(6):
        jumbled, ordered = (
            record(2, jumbled) + record(1, b"x"),
            record(1, b"x") + record(2, ordered),
        )
    add("a deep chain out of order", tree, jumbled, "R1", ordered)

    def limited(note: str, body: bytes, rule: str, limits: dict) -> None:
        pack.add("R13-limits", note, REQUEST, body, rule, rule, limits)

    limited("a lower depth limit that suffices", BOTH, ACCEPT, {"depth": 2})
    limited("a lower depth limit", BOTH, "R13", {"depth": 1})

    def unknown(size):
        return BOTH + tag(15, LEN) + varint(size) + bytes(size)

    limited("unknown records at their limit", unknown(200 - 3), ACCEPT, {"unknownBytes": 200})
    limited("unknown records over their limit", unknown(201 - 3), "R13", {"unknownBytes": 200})
    add(
        "over 16 KiB of unknown records, without a limit given",
        REQUEST,
        unknown(16385 - 3),
        "R13",
        "R13",
    )
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
    add(
        "a packed length of 2^31 - 1",
        REQUEST,
        BOTH + bits("3a ff ff ff ff 07"),
        MALFORMED,
        MALFORMED,
    )


def rule_14(pack: Pack) -> None:
    add = partial(pack.add, "R14-required")
    schema, required = pack.schema, EVERY + "Required"
    fields = schema.types[required].fields
    records = {
        f.number: record(f.number, pack.encoder.message(f.type, sample(schema, f.type)))
        for f in fields
    }
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

    def add(note, body):
        return pack.add("malformed", note, REQUEST, BOTH + bits(body), MALFORMED, MALFORMED)

    for note, body in {
        "a group": "7b 7c",
        "a group with content": "7b 08 01 7c",
        "an end of group": "7c",
        "a group that does not end": "7b",
        "nested groups": "7b 7b 7c 7c",
        "a group of a known field": "2b 2c",
        "wire type 6": "7e 01",
        "wire type 7": "7f 01",
        "field number 0": "00 01",
        "field number 0, LEN": "02 01 61",
        "half a tag": "80",
        "a tag alone": "40",
        "a varint that does not end": "40 80",
        "a varint of eleven bytes": "40 ff ff ff ff ff ff ff ff ff ff 01",
        "a varint of 65 bits": "40 ff ff ff ff ff ff ff ff ff 02",
        "an unknown varint of 65 bits": "78 80 80 80 80 80 80 80 80 80 02",
        "a length beyond the end": "52 02 41",
        "a length without content": "52 01",
        "a length that does not end": "52 80",
        "an unknown length beyond the end": "7a 7f",
        "half of an unknown I64": "79 00 00 00 00",
        "half of an unknown I32": "7d 00 00",
        "a nested length beyond its message": "2a 02 0a 02 61 62",
        "half a fixed field": "2a 05 11 01 02 03 04",
        "half a double": "3a 04 00 00 00 00",
        "a length of 2^31": "52 80 80 80 80 08",
        "a length of 2^35 - 1": "52 ff ff ff ff 7f",
        "half a tag in a nested message": "2a 01 88",
        "a group in a nested message": "2a 02 0b 0c",
        "a group in a map entry": "32 04 0a 00 13 14",
        "a cut map value": "32 04 0a 00 12 05",
    }.items():
        add(note, body)
    longest = tag(8, VARINT) + b"\xff" * 9 + b"\1"
    pack.add(
        "malformed",
        "the longest varint is none of these",
        REQUEST,
        BOTH + longest,
        "R5",
        BOTH + tag(8, VARINT) + varint(2**32 - 1),
    )
