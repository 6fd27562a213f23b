"""AW/1 from the table of rules: what a decoder must say to a byte string, at both doors.

Written from wire.md section 7 alone, as a second opinion on the decoder in Swift. It favours being
obvious over being fast. A value is a dictionary from field number to content:

    message, union, value type    {number: content}, with its unknown records under UNKNOWN
    list, map                     [content], [(key, content)] in canonical order
    integer, bool, enum           int
    float, double, uuid           bytes, as they stand on the wire
    string, bytes                 bytes
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from functools import cache

from schema_model import Field, Message, Schema

VARINT, I64, LEN, I32 = 0, 1, 2, 5
UNKNOWN = 0
MAXIMUM_NUMBER = 536_870_911

# The value types of section 4 are messages that hold nothing else, with domains.
VALUE_MESSAGES = {
    "decimal": Message("decimal", [Field(1, "coefficient", "int64"), Field(2, "scale", "uint32")]),
    "money": Message(
        "money",
        [
            Field(1, "currency", "string"),
            Field(2, "coefficient", "int64"),
            Field(3, "scale", "uint32"),
        ],
    ),
    "timestamp": Message(
        "timestamp",
        [Field(1, "seconds", "int64", form="twos"), Field(2, "nanos", "int32", form="twos")],
    ),
    "duration": Message(
        "duration",
        [Field(1, "seconds", "int64", form="twos"), Field(2, "nanos", "int32", form="twos")],
    ),
    "date": Message("date", [Field(1, "days", "int32")]),
}


def in_domain(name: str, value: dict) -> bool:
    """The domains of section 4 (R10)."""
    if name in ("decimal", "money"):
        shift = 1 if name == "money" else 0
        currency = value.get(1, b"") if shift else b"EUR"
        coefficient, scale = value.get(1 + shift, 0), value.get(2 + shift, 0)
        letters = len(currency) == 3 and all(65 <= byte <= 90 for byte in currency)
        return letters and abs(coefficient) < 10**18 and scale <= 18
    first, nanos = value.get(1, 0), value.get(2, 0)
    if name == "timestamp":
        return -62_135_596_800 <= first <= 253_402_300_799 and 0 <= nanos <= 999_999_999
    if name == "duration":
        within = abs(first) <= 315_576_000_000 and abs(nanos) <= 999_999_999
        return within and not (first < 0 < nanos or nanos < 0 < first)
    return -719_162 <= first <= 2_932_896


@dataclass
class Limits:
    """Section 9. `depth` is that of the type unless given."""

    bytes: int = 4 << 20
    # What strings, bytes, list elements and unknown records take at the very least; a real
    # decoder charges more for the same value. None means the default.
    heap: int | None = None
    unknown_bytes: int = 16 << 10
    depth: int = 0


@dataclass
class Verdict:
    # What is wrong, in any order: "R5"; "R2/R6" where the rules overlap; "malformed" where the
    # bytes are not protobuf, with a reason such as "malformed:group" where some runtimes take it
    # all the same. A decoder that stops at its first finding reports one of them.
    problems: list[str] = field(default_factory=list)
    value: dict | None = None
    canonical: bytes | None = None
    # Places where other runtimes may see another content: see the remarks below.
    remarks: set[str] = field(default_factory=set)

    @property
    def accepted(self) -> bool:
        return not self.problems

    def rules(self) -> set[str]:
        return {rule.split(":")[0] for problem in self.problems for rule in problem.split("/")}


# A tag of more bytes than it needs: pure-Python protobuf takes the field for an unknown one.
LONG_TAG = "an over-long tag"
# A union with more than one record, not all known: protobuf keeps known and unknown side by side.
UNKNOWN_MEMBER = "a union with an unknown record beside others"
# An entry without its uuid: zero is sixteen bytes here, and none to protobuf.
ABSENT_UUID = "an absent uuid in an entry"
# A uuid of sixteen zero bytes counts as not given; to protobuf they are bytes like any other.
ZERO_UUID = "a zero uuid"


class Malformed(Exception):
    """Not protobuf from here on."""

    def __init__(self, reason: str = ""):
        self.problem = f"malformed:{reason}" if reason else "malformed"


@dataclass
class Record:
    number: int
    wire: int
    # An int for VARINT, else the bytes behind tag and length; None if it is cut short.
    content: int | bytes | None
    # The record with minimal tag, varint and length.
    minimal: bytes


# Scalars ------------------------------------------------------------------------------------------


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(body: bytes, position: int) -> tuple[int, int]:
    value = 0
    for index in range(10):
        if position + index >= len(body):
            raise Malformed
        byte = body[position + index]
        if index == 9 and byte > 1:
            raise Malformed("varint" if byte < 0x80 else "")
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, position + index + 1
    raise Malformed


def signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def unzigzag(value: int) -> int:
    return value >> 1 if value % 2 == 0 else -((value + 1) >> 1)


class Scalar:
    """How one scalar type is written: its wire type, its zero, and both directions."""

    def __init__(self, type: str, form: str, is_enum: bool):
        self.type, self.form = "enum" if is_enum else type, form
        self.bits = 64 if type.endswith("64") or type == "double" else 32
        self.wire = VARINT
        if type in ("string", "bytes", "uuid"):
            self.wire = LEN
        elif form == "fixed" or type in ("float", "double"):
            self.wire = I64 if self.bits == 64 else I32
        zeros = {"float": bytes(4), "double": bytes(8), "uuid": bytes(16)}
        self.zero = zeros.get(type, b"" if self.wire == LEN else 0)

    def decode(self, raw: int | bytes, strict: bool) -> tuple[int | bytes, str]:
        """The content, and the rule that it breaks or ""."""
        if self.wire == VARINT:
            return self._from_varint(raw, strict)
        if self.type == "string":
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError:
                return raw, "R8"
        if self.type == "uuid" and len(raw) != 16:
            return self.zero, "R10" if raw else "R3/R10"
        if self.wire != LEN and self.form == "fixed":
            return int.from_bytes(raw, "little", signed=self.type.startswith("int")), ""
        return raw, ""

    def _from_varint(self, raw: int, strict: bool) -> tuple[int, str]:
        if self.type == "bool":
            return int(raw != 0), "R5" if strict and raw > 1 else ""
        if self.type == "enum":
            if strict and raw >= 1 << 32:
                return 0, "R5/R10"
            number = signed(raw, 32)
            return number, "R10" if number < 0 else ""
        wide = raw != raw & 0xFFFF_FFFF
        if self.form == "twos":
            value = signed(raw, self.bits)
            wide = signed(raw, 64) != value
        else:
            value = raw & ((1 << self.bits) - 1)
            value = value if self.type.startswith("uint") else unzigzag(value)
        return value, "R5" if strict and self.bits == 32 and wide else ""

    def encode(self, value: int | bytes) -> bytes:
        """The content with its length, if it has one."""
        if self.wire == LEN:
            return varint(len(value)) + value
        if self.type in ("float", "double"):
            return value
        if self.wire != VARINT:
            return value.to_bytes(self.bits // 8, "little", signed=self.type.startswith("int"))
        if self.form == "twos":
            return varint(value & (1 << 64) - 1)
        return varint(zigzag(value) if self.type in ("int32", "int64") else value)


@cache
def scalar(type: str, form: str, is_enum: bool) -> Scalar:
    return Scalar(type, form, is_enum)


# Decoding -----------------------------------------------------------------------------------------


class Decoder:
    """One reading of one byte string. It goes on after a finding, to collect them all."""

    def __init__(self, schema: Schema, strict: bool, limits: Limits):
        self.schema, self.strict, self.limits = schema, strict, limits
        self.problems: list[str] = []
        self.remarks: set[str] = set()
        self.unknown_bytes = 0
        # Whether the last scan ended before its body did.
        self.is_cut = False
        self.heap = limits.heap if limits.heap is not None else (1 << 20) + 16 * limits.bytes

    def charge(self, count: int) -> None:
        self.heap -= count
        if self.heap < 0:
            self.note("R13")

    def note(self, problem: str) -> None:
        if problem:
            self.problems.append(problem)

    def scalar_of(self, type: str, form: str) -> Scalar:
        return scalar(type, form, self.schema.is_enum(type))

    # Records

    def scan(self, body: bytes) -> list[Record]:
        records, position, self.is_cut = [], 0, True
        while position < len(body):
            try:
                record, position = self.record(body, position)
            except Malformed as error:
                self.note(error.problem)
                break
            if record is not None:
                records.append(record)
            if record is None or record.content is None:
                break
        else:
            self.is_cut = False
        return records

    def record(self, body: bytes, start: int) -> tuple[Record | None, int]:
        tag, position = read_varint(body, start)
        number, wire = tag >> 3, tag & 7
        self.check_size(tag, position - start, "R5/R11")
        if position - start != len(varint(tag)):
            self.remarks.add(LONG_TAG)
        if number > MAXIMUM_NUMBER:
            self.note("R11/malformed:size")
            return None, position
        if number == 0 or wire not in (VARINT, I64, LEN, I32):
            raise Malformed("group" if wire in (3, 4) else "")
        try:
            return self.content(body, tag, position)
        except Malformed as error:
            # Its number and wire type may break a rule before anyone looks further.
            self.note(error.problem)
            return Record(number, wire, None, b""), position

    def content(self, body: bytes, tag: int, position: int) -> tuple[Record, int]:
        """The part of a record behind its tag."""
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            content, end = read_varint(body, position)
            if self.strict and end - position != len(varint(content)):
                self.note("R5/R11")
            return Record(number, wire, content, varint(tag) + varint(content)), end
        length = {I64: 8, I32: 4}.get(wire)
        prefix = b""
        if wire == LEN:
            length, behind = read_varint(body, position)
            self.check_size(length, behind - position, "R5/R11")
            position, prefix = behind, varint(length)
        if length > len(body) - position:
            raise Malformed
        content = body[position : position + length]
        return Record(number, wire, content, varint(tag) + prefix + content), position + length

    def check_size(self, value: int, size: int, problem: str) -> None:
        """R5 and R11 on a tag or length: minimal, or at the tolerant door at most five bytes."""
        if self.strict and size != len(varint(value)):
            self.note(problem)
        if not self.strict and size > 5:
            self.note("R5/R11/malformed:size")

    def keep_unknown(self, records: list[Record]) -> list[Record]:
        size = sum(len(record.minimal) for record in records)
        self.charge(size)
        self.unknown_bytes += size
        if self.unknown_bytes > self.limits.unknown_bytes:
            self.note("R13")
        return records

    # Messages

    def message(self, name: str, parts: list[bytes], depth: int) -> dict:
        """A message from its records; several parts are joined (R2), each being whole."""
        if depth > self.limits.depth:
            self.note("R13")
            for part in parts if len(parts) > 1 else ():
                self.scan(part)  # joining may look at the parts before anyone enters them
            return {}
        records = [record for part in parts for record in self.scan(part)]
        model = VALUE_MESSAGES.get(name) or self.schema.types[name]
        if model.is_union and len(records) > 1:
            if any(record.number not in model.by_number for record in records):
                self.remarks.add(UNKNOWN_MEMBER)
        if self.strict:
            self.check_order(model, records)
            if model.is_union and (len(records) > 1 or (records and self.is_cut)):
                self.note("R9")  # whatever follows the one record is too much
        records = [r for r in self.winners(model, records) if r.content is not None]
        value = {}
        for field in model.fields:
            own = [record for record in records if record.number == field.number]
            self.field(field, own, value, depth)
        unknown = [record for record in records if record.number not in model.by_number]
        if name in VALUE_MESSAGES:
            if unknown:
                self.note("R10/R11")
            if not in_domain(name, value):
                self.note("R10")
            elif self.strict and len({record.number for record in records}) < len(records):
                self.note("R10/R2")  # a decoder may look at each of the repeats
        elif unknown:
            unknown = self.keep_unknown(unknown)
            unknown.sort(key=lambda record: record.number)
            value[UNKNOWN] = [(record.number, record.minimal) for record in unknown]
        self.check_required(model, value)
        return value

    def check_order(self, model: Message, records: list[Record]) -> None:
        """R1, R2 and R9 at the strict door."""
        last, seen, chosen = 0, set(), {}
        for record in records:
            if record.number < last:
                self.note("R1")
            last = max(last, record.number)
            field = model.by_number.get(record.number)
            if record.content is None and field and field.shape == "list" and record.wire != LEN:
                self.note("R6")  # a decoder may refuse it before it sees that it is cut short
            if field is not None and record.number in seen:
                if self.schema.is_packable(field.type) and field.shape == "list":
                    self.note("R2/R6")
                elif field.shape not in ("list", "map"):
                    self.note("R2/R9" if field.oneof else "R2")
            if field is not None and field.oneof:
                if chosen.setdefault(field.oneof, record.number) != record.number:
                    self.note("R9")
            seen.add(record.number)

    def winners(self, model: Message, records: list[Record]) -> list[Record]:
        """R12 on all; then R9 at the tolerant door. Of a oneof stays what follows the last record
        of another member; of a union, where an unknown record is a member too, of any other."""
        for record in records:
            field = model.by_number.get(record.number)
            if field is not None and not self.fits(field, record):
                self.note("R12")
        groups = {}
        for index, record in enumerate(records):
            field = model.by_number.get(record.number)
            group = "kind" if model.is_union else field.oneof if field else ""
            if group:
                same = groups.get(group, [])
                repeats = same and records[same[-1]].number == record.number and field
                groups[group] = [*same, index] if repeats else [index]
        if not groups or self.strict:
            return records
        kept = {index for group in groups.values() for index in group}
        return [
            record
            for index, record in enumerate(records)
            if index in kept
            or not (
                model.is_union
                or (record.number in model.by_number and model.by_number[record.number].oneof)
            )
        ]

    def fits(self, field: Field, record: Record) -> bool:
        """R12, R6 apart."""
        if field.shape == "map" or self.schema.is_message(field.type):
            return record.wire == LEN
        wire = self.scalar_of(field.type, field.form).wire
        packed = field.shape == "list" and self.schema.is_packable(field.type)
        return record.wire == wire or (packed and record.wire == LEN)

    def check_required(self, model: Message, value: dict) -> None:
        """R14."""
        for field in model.fields:
            if field.shape == "required" and field.number not in value:
                self.note("R14")
        for oneof, is_required in model.oneofs.items():
            members = (field.number for field in model.fields if field.oneof == oneof)
            if is_required and not any(number in value for number in members):
                self.note("R14")

    # Fields

    def field(self, field: Field, records: list[Record], value: dict, depth: int) -> None:
        records = [record for record in records if self.fits(field, record)]
        if not records:
            return
        if field.shape == "map":
            value[field.number] = self.map(field, records, depth)
        elif field.shape == "list" and self.schema.is_packable(field.type):
            elements = self.packed(field, records)
            if elements:
                value[field.number] = elements
        elif field.shape == "list":
            value[field.number] = [self.single(field, [r.content], depth) for r in records]
        else:
            if self.strict and len(records) > 1:
                for record in records[:-1]:  # R2 is noted; what else is wrong with them?
                    self.field(field, [record], {}, depth)
                records = records[-1:]
            content = self.single(field, [record.content for record in records], depth)
            is_scalar = not self.schema.is_message(field.type)
            if is_scalar and field.shape == "implicit":
                if content == self.scalar_of(field.type, field.form).zero:
                    self.note("R3" if self.strict else "")
                    if field.type == "uuid":
                        self.remarks.add(ZERO_UUID)
                    return
            value[field.number] = content

    def single(self, field: Field, contents: list, depth: int) -> int | bytes | dict:
        """One value: a message is joined, of anything else the last wins (R2)."""
        if self.schema.is_message(field.type):
            return self.message(field.type, contents, depth + 1)
        content, problem = self.scalar_of(field.type, field.form).decode(contents[-1], self.strict)
        self.note(problem)
        self.charge(len(content) if field.type in ("string", "bytes") else 0)
        return content

    def packed(self, field: Field, records: list[Record]) -> list:
        codec = self.scalar_of(field.type, field.form)
        raws = []
        for record in records:
            if record.wire != LEN:
                self.note("R6" if self.strict else "")
                raws.append(record.content)
                continue
            if not record.content:
                self.note("R6" if self.strict else "")
            raws += self.elements(codec, record.content)
        self.charge(len(raws))
        found = [codec.decode(raw, self.strict) for raw in raws]
        for _, problem in found:
            self.note(problem)
        return [content for content, _ in found]

    def elements(self, codec: Scalar, body: bytes) -> list:
        if codec.wire != VARINT:
            size = codec.bits // 8
            if len(body) % size:
                self.note("malformed")
            return [body[at : at + size] for at in range(0, len(body) // size * size, size)]
        raws, position = [], 0
        while position < len(body):
            try:
                raw, end = read_varint(body, position)
            except Malformed as error:
                self.note(error.problem)
                break
            if self.strict and end - position != len(varint(raw)):
                self.note("R5")
            raws.append(raw)
            position = end
        return raws

    # Maps

    def map(self, field: Field, records: list[Record], depth: int) -> list:
        """R7."""
        found, previous = {}, None
        for record in records:
            key, content = self.entry(field, record.content, depth + 1)
            if self.strict and previous is not None and not previous < key:
                self.note("R7")
            previous = key
            found[key] = content
        return sorted(found.items(), key=lambda pair: pair[0])

    def entry(self, field: Field, body: bytes, depth: int) -> tuple:
        key = Field(1, "key", field.key, "optional", form=field.key_form)
        value = Field(2, "value", field.type, "optional", form=field.form)
        if depth > self.limits.depth:
            self.note("R13")
            return self.scalar_of(key.type, key.form).zero, {}
        records = self.scan(body)
        numbers = [record.number for record in records]
        if self.strict and (numbers != [1, 2] or self.is_cut):
            self.note("R7/R1/R2" if len(numbers) > 1 else "R7")
        self.keep_unknown([record for record in records if record.number > 2])
        for record in records:
            if record.number <= 2 and not self.fits((key, value)[record.number - 1], record):
                self.note("R12")
        records = [record for record in records if record.content is not None]
        content = {}
        for part in (key, value):
            own = [record for record in records if record.number == part.number]
            self.field(part, own, content, depth)
        absent_key = self.scalar_of(key.type, key.form).zero
        if 2 not in content:
            if self.schema.is_message(value.type):
                content[2] = self.message(value.type, [b""], depth + 1)
            else:
                content[2] = self.scalar_of(value.type, value.form).zero
                if value.type == "uuid":
                    self.remarks.add(ABSENT_UUID)
        return content.get(1, absent_key), content[2]


# Encoding -----------------------------------------------------------------------------------------


class Encoder:
    """The one canonical encoding of a value."""

    def __init__(self, schema: Schema):
        self.schema = schema

    def message(self, name: str, value: dict) -> bytes:
        model = VALUE_MESSAGES.get(name) or self.schema.types[name]
        parts = [
            (field.number, self.field(field, value[field.number]))
            for field in model.fields
            if field.number in value
        ]
        parts += value.get(UNKNOWN, [])
        parts.sort(key=lambda part: part[0])
        return b"".join(record for _, record in parts)

    def field(self, field: Field, content) -> bytes:
        if field.shape == "map":
            key = Field(1, "key", field.key, "optional", form=field.key_form)
            value = Field(2, "value", field.type, "optional", form=field.form)
            entries = (self.field(key, k) + self.field(value, v) for k, v in content)
            tag = varint(field.number << 3 | LEN)
            return b"".join(tag + varint(len(entry)) + entry for entry in entries)
        if field.shape == "list" and self.schema.is_packable(field.type):
            body = b"".join(self.payload(field, element) for element in content)
            return varint(field.number << 3 | LEN) + varint(len(body)) + body
        elements = content if field.shape == "list" else [content]
        is_message = self.schema.is_message(field.type)
        wire = LEN if is_message else self.scalar_of(field).wire
        tag = varint(field.number << 3 | wire)
        return b"".join(tag + self.payload(field, element) for element in elements)

    def payload(self, field: Field, content) -> bytes:
        if self.schema.is_message(field.type):
            body = self.message(field.type, content)
            return varint(len(body)) + body
        return self.scalar_of(field).encode(content)

    def scalar_of(self, field: Field) -> Scalar:
        return scalar(field.type, field.form, self.schema.is_enum(field.type))


# The two doors ------------------------------------------------------------------------------------


def check(
    schema: Schema, name: str, body: bytes, door: str, limits: Limits | None = None
) -> Verdict:
    """What the strict or tolerant door says to `body` as a message `name`."""
    limits = limits or Limits()
    depth = min(limits.depth or schema.depth(name), schema.depth(name))
    limits = replace(limits, depth=depth)
    decoder = Decoder(schema, door == "strict", limits)
    if len(body) > limits.bytes:
        return Verdict(["R13"])
    value = decoder.message(name, [body], 1)
    if decoder.problems:
        return Verdict(decoder.problems, remarks=decoder.remarks)
    return Verdict([], value, Encoder(schema).message(name, value), decoder.remarks)


def float_bits(value: float, type: str) -> bytes:
    """A number as it stands on the wire."""
    return struct.pack("<f" if type == "float" else "<d", value)
