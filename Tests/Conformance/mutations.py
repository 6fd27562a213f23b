"""Damages bytes on purpose: as other runtimes may write them, and as only an enemy would."""

from __future__ import annotations

import random
from dataclasses import dataclass

from random_values import unknown_record
from schema_model import Field, Message, Schema
from wire_reference import VALUE_MESSAGES, Encoder, Malformed, read_varint, scalar, varint


@dataclass
class Part:
    """A record, with its tag and its length or varint as they will be written."""

    number: int
    wire: int
    tag: bytes
    # The length of LEN; empty for others.
    prefix: bytes
    content: bytes

    @property
    def bytes(self) -> bytes:
        return self.tag + self.prefix + self.content


def part(number: int, wire: int, content: bytes) -> Part:
    prefix = varint(len(content)) if wire == 2 else b""
    return Part(number, wire, varint(number << 3 | wire), prefix, content)


def split(body: bytes) -> list[Part] | None:
    """The records of a body; None if it has none that can be told apart."""
    parts, position = [], 0
    try:
        while position < len(body):
            tag, end = read_varint(body, position)
            raw_tag, position, prefix = body[position:end], end, b""
            if tag & 7 == 2:
                length, end = read_varint(body, position)
                prefix, position = body[position:end], end
            elif tag & 7 == 0:
                length = read_varint(body, position)[1] - position
            else:
                length = {1: 8, 5: 4}[tag & 7]
            if position + length > len(body):
                return None
            content = body[position : position + length]
            parts.append(Part(tag >> 3, tag & 7, raw_tag, prefix, content))
            position += length
    except (Malformed, KeyError):
        return None
    return parts


def padded(raw: bytes, count: int) -> bytes:
    """A varint with superfluous bytes."""
    return raw[:-1] + bytes([raw[-1] | 0x80]) + b"\x80" * (count - 1) + b"\0"


# Values at the edges of the domains of section 4, and one beyond, field by field.
SECONDS = (0, 1, -1)
NANOS = (0, 1, -1, 999_999_999, 10**9, -999_999_999, -(10**9))
MOST = 10**18
DOMAIN_EDGES = {
    "decimal": ((0, MOST - 1, MOST, 1 - MOST, -MOST), (0, 18, 19, 2**32 - 1)),
    "money": (
        (b"", b"EUR", b"EUr", b"EU", b"EURO", b"@AZ", b"AZ["),
        (0, MOST - 1, MOST, 1 - MOST, -MOST),
        (0, 18, 19),
    ),
    "timestamp": (
        (*SECONDS, -62_135_596_800, -62_135_596_801, 253_402_300_799, 253_402_300_800),
        NANOS,
    ),
    "duration": (
        (*SECONDS, 315_576_000_000, 315_576_000_001, -315_576_000_000, -315_576_000_001),
        NANOS,
    ),
    "date": ((0, 1, -719_162, -719_163, 2_932_896, 2_932_897),),
}


class Mutator:
    def __init__(self, rng: random.Random, schema: Schema):
        self.rng, self.schema = rng, schema
        self.encoder = Encoder(schema)

    def mutate(self, name: str, body: bytes, others: list[bytes]) -> bytes:
        """One to three changes. `others` are encodings of the same type to take records from."""
        for _ in range(self.rng.choice([1, 1, 1, 2, 3])):
            if self.rng.random() < 0.25:
                body = self.raw(body)
            else:
                body = self.level(self.schema.types[name], body, others)
        if self.rng.random() < 0.1:
            body = self.deeper(name, body)
        return body

    def deeper(self, name: str, body: bytes) -> bytes:
        """The message inside itself, some levels down."""
        fields = [f for f in self.schema.types[name].fields if f.type == name]
        if fields:
            field = self.rng.choice(fields)
            for _ in range(self.rng.randint(1, 6)):
                if field.shape == "map":
                    key = Field(1, "key", field.key, "optional", form=field.key_form)
                    zero = scalar(field.key, field.key_form, False).zero
                    body = self.encoder.field(key, zero) + part(2, 2, body).bytes
                body = part(field.number, 2, body).bytes
        return body

    def edge(self, name: str) -> bytes:
        """A value type with each of its fields at an edge of its domain or just outside."""
        value = {}
        for index, choices in enumerate(DOMAIN_EDGES[name]):
            content = self.rng.choice(choices)
            if content:
                value[index + 1] = content
        return self.encoder.message(name, value)

    def raw(self, body: bytes) -> bytes:
        """A change without regard to structure."""
        rng = self.rng
        if not body:
            return rng.randbytes(rng.randint(1, 3))
        at = rng.randrange(len(body))
        return rng.choice([
            lambda: body[:at] + bytes([body[at] ^ 1 << rng.randrange(8)]) + body[at + 1 :],
            lambda: body[:at],
            lambda: body[:at] + rng.randbytes(1) + body[at:],
            lambda: body[:at] + body[at + 1 :],
            lambda: body[:at] + rng.choice([b"\x80", b"\xff", b"\0"]) + body[at + 1 :],
        ])()  # fmt: skip

    def level(self, model: Message, body: bytes, others: list[bytes]) -> bytes:
        """A change to the records of a message, or of one inside it."""
        parts = split(body)
        if parts is None:
            return self.raw(body)
        inner = [p for p in parts if p.wire == 2 and self.model_of(model, p.number)]
        if inner and self.rng.random() < 0.5:
            chosen = self.rng.choice(inner)
            siblings = [p.content for p in inner if p.number == chosen.number]
            within = self.model_of(model, chosen.number)
            if within.name in DOMAIN_EDGES and self.rng.random() < 0.5:
                chosen.content = self.edge(within.name)
            else:
                chosen.content = self.level(within, chosen.content, siblings)
            chosen.prefix = varint(len(chosen.content))
        else:
            change = self.rng.choice(self.CHANGES)
            parts = change(self, model, parts, others)
        return b"".join(p.bytes for p in parts)

    def model_of(self, model: Message, number: int) -> Message | None:
        """What a LEN record holds, if it holds records; an entry is a message too."""
        field = model.by_number.get(number)
        if field is None:
            return None
        if field.shape == "map":
            key = Field(1, "key", field.key, "optional", form=field.key_form)
            value = Field(2, "value", field.type, "optional", form=field.form)
            return Message("", [key, value])
        if field.type in VALUE_MESSAGES:
            return VALUE_MESSAGES[field.type]
        type = self.schema.types.get(field.type)
        return type if isinstance(type, Message) else None

    # Changes that other runtimes make

    def shuffle(self, model, parts, others):
        if self.rng.random() < 0.5 and len(parts) > 1:
            at = self.rng.randrange(len(parts) - 1)
            parts[at : at + 2] = parts[at + 1], parts[at]
        else:
            self.rng.shuffle(parts)
        return parts

    def duplicate(self, model, parts, others):
        if parts:
            at = self.rng.randrange(len(parts))
            parts.insert(self.rng.choice([at, len(parts)]), parts[at])
        return parts

    def borrow(self, model, parts, others):
        """Records of another value of the type: repeats, second members, merged messages."""
        donors = split(self.rng.choice(others)) if others else None
        for _ in range(self.rng.choice([1, 1, 2])):
            if donors:
                parts.insert(self.rng.randint(0, len(parts)), self.rng.choice(donors))
        return parts

    def divide(self, model, parts, others):
        """A message, packed list or map entry in two records."""
        found = [p for p in parts if p.wire == 2 and p.number in model.by_number and p.content]
        if not found:
            return self.shuffle(model, parts, others)
        chosen = self.rng.choice(found)
        at = parts.index(chosen)
        inner = split(chosen.content)
        if self.model_of(model, chosen.number) and inner and self.rng.random() < 0.8:
            cut = self.rng.randint(0, len(inner))
            halves = [
                b"".join(p.bytes for p in inner[:cut]),
                b"".join(p.bytes for p in inner[cut:]),
            ]
        else:
            cut = self.rng.randint(0, len(chosen.content))
            if self.rng.random() < 0.7:
                cut -= cut % 8
            halves = [chosen.content[:cut], chosen.content[cut:]]
        halves = [part(chosen.number, 2, half) for half in halves]
        if self.rng.random() < 0.3:
            parts.append(halves.pop())
        parts[at : at + 1] = halves
        return parts

    def unpack(self, model, parts, others):
        """A packed list as single records, or some of it."""
        for at, chosen in enumerate(parts):
            field = model.by_number.get(chosen.number)
            if field is None or field.shape != "list" or chosen.wire != 2:
                continue
            if not self.schema.is_packable(field.type) or self.rng.random() < 0.3:
                continue
            wire = 0
            if field.form == "fixed" or field.type in ("float", "double"):
                wire = 1 if field.type.endswith("64") or field.type == "double" else 5
            elements = self.elements(chosen.content, wire)
            parts[at : at + 1] = [part(chosen.number, wire, element) for element in elements]
            break
        return parts

    def elements(self, body: bytes, wire: int) -> list[bytes]:
        if wire:
            size = 8 if wire == 1 else 4
            return [body[at : at + size] for at in range(0, len(body) // size * size, size)]
        found, position = [], 0
        try:
            while position < len(body):
                end = read_varint(body, position)[1]
                found.append(body[position:end])
                position = end
        except Malformed:
            pass
        return found

    def lengthen(self, model, parts, others):
        """Superfluous bytes in a tag, a length or a varint."""
        if parts:
            chosen = self.rng.choice(parts)
            count = self.rng.choice([1, 1, 2, 3, 4, 8, 9])
            where = self.rng.choice(["tag", "prefix", "content"])
            if where == "content" and chosen.wire == 0:
                chosen.content = padded(chosen.content, count)
            elif where == "prefix" and chosen.wire == 2:
                chosen.prefix = padded(chosen.prefix, count)
            else:
                chosen.tag = padded(chosen.tag, count)
        return parts

    def zero(self, model, parts, others):
        """A zero or an empty record where a field is absent."""
        absent = [f for f in model.fields if all(p.number != f.number for p in parts)]
        if absent:
            field = self.rng.choice(absent)
            wire = self.rng.choice([0, 2, 1, 5])
            content = {0: b"\0", 1: bytes(8), 2: self.rng.choice([b"", bytes(16)]), 5: bytes(4)}
            parts.append(part(field.number, wire, content[wire]))
            parts.sort(key=lambda p: p.number)
        return parts

    def remove(self, model, parts, others):
        if parts:
            parts.pop(self.rng.randrange(len(parts)))
        return parts

    def unknown(self, model, parts, others):
        number, raw = unknown_record(self.rng, model)
        new = split(raw)[0]
        if self.rng.random() < 0.6:
            before = [index for index, p in enumerate(parts) if p.number > number]
            parts.insert(before[0] if before else len(parts), new)
        else:
            parts.insert(self.rng.randint(0, len(parts)), new)
        return parts

    # Changes that only an enemy makes

    def forbidden(self, model, parts, others):
        """Groups, unused wire types, number zero and numbers that are too large."""
        rng = self.rng
        number = rng.choice([1, 15, 2047, 536_870_911] + [p.number for p in parts])

        def tag(number: int, wire: int) -> bytes:
            return varint(number << 3 | wire)

        raw = rng.choice([
            tag(number, 3) + tag(number, 4), tag(number, 3) + b"\x08\x01" + tag(number, 4),
            tag(number, 4), tag(number, 3), tag(number, 6) + b"\0", tag(number, 7) + b"\0",
            b"\0\0", b"\x02\x01a", tag(536_870_912, 0) + b"\x01", tag(1 << 40, 0) + b"\x01",
        ])  # fmt: skip
        parts.insert(rng.randint(0, len(parts)), Part(number, 3, raw, b"", b""))
        return parts

    def retype(self, model, parts, others):
        """Another wire type, with content that fits it."""
        if parts:
            chosen = self.rng.choice(parts)
            wire = self.rng.choice([0, 1, 2, 5])
            content = {0: b"\x01", 1: self.rng.randbytes(8), 2: b"\x08\x01", 5: b"\x01\0\0\0"}
            parts[parts.index(chosen)] = part(chosen.number, wire, content[wire])
        return parts

    def extreme(self, model, parts, others):
        """A value at or beyond an edge: 32 bits, domains, UTF-8, lengths."""
        rng = self.rng
        if not parts:
            return parts
        chosen = rng.choice(parts)
        if chosen.wire == 0:
            number = rng.choice([
                0, 1, 2, 18, 19, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 32) + 5,
                (1 << 63) - 1, 1 << 63, (1 << 64) - 1, (1 << 64) - (1 << 31), 2 * 10**18 - 2,
                2 * 10**18, 999_999_999, 10**9, 253_402_300_799, 253_402_300_800,
                (1 << 64) - 62_135_596_800, (1 << 64) - 62_135_596_801, 315_576_000_000,
                315_576_000_001, 5_865_792, 5_865_794, 1_438_323, 1_438_325, (1 << 64) - 1,
            ])  # fmt: skip
            chosen.content = rng.choice(
                [varint(number)] * 5 + [b"\xff" * 9 + b"\x02", b"\xff" * 10]
            )
        elif chosen.wire == 2 and rng.random() < 0.5:
            chosen.prefix = varint(rng.choice([
                len(chosen.content) + 1, max(0, len(chosen.content) - 1), 0,
                (1 << 31) - 1, 1 << 31, (1 << 35) - 1, (1 << 64) - 1,
            ]))  # fmt: skip
        elif chosen.wire == 2:
            new = rng.choice([
                b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xc3\x28",
                b"eur", b"EURO", bytes(15), bytes(16), bytes(17), b"\x80", "\ufffe".encode(),
            ])  # fmt: skip
            parts[parts.index(chosen)] = part(chosen.number, 2, new)
        else:
            chosen.content = rng.randbytes(len(chosen.content))
        return parts

    CHANGES = (
        shuffle, shuffle, duplicate, borrow, borrow, divide, divide, unpack, unpack, lengthen,
        lengthen, zero, remove, unknown, unknown, forbidden, retype, extreme, extreme,
    )  # fmt: skip
