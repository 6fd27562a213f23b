"""What the conformance pack is made of: a vector, a file of them, and ways to write bytes."""

from __future__ import annotations

import hashlib
import json
import struct

from json_values import to_json
from schema_model import VALUE_TYPES, Field, Message, Schema
from wire_reference import LEN, UNKNOWN, VALUE_MESSAGES, Encoder, Limits, check, scalar, varint

ACCEPT = "accept"
MALFORMED = "malformed"


def bits(text: str) -> bytes:
    """Bytes from hex with spaces."""
    return bytes.fromhex(text)


def tag(number: int, wire: int) -> bytes:
    return varint(number << 3 | wire)


def record(number: int, body: bytes) -> bytes:
    """A LEN record."""
    return tag(number, LEN) + varint(len(body)) + body


def padded(value: int, count: int = 1) -> bytes:
    """A varint with superfluous bytes."""
    raw = varint(value)
    return raw[:-1] + bytes([raw[-1] | 0x80]) + b"\x80" * (count - 1) + b"\0"


class Pack:
    """Vectors by file."""

    def __init__(self, schema: Schema):
        self.schema, self.encoder = schema, Encoder(schema)
        self.files: dict[str, list[dict]] = {}

    def add(
        self, file: str, note: str, type: str, body: bytes, strict: str = ACCEPT,
        tolerant: str | bytes = ACCEPT, limits: dict | None = None,
    ) -> None:  # fmt: skip
        """One vector. `strict` is ACCEPT or the rule that is broken ("malformed": not protobuf);
        `tolerant` the same, or the canonical bytes that it makes of the body."""
        given = Limits(
            bytes=(limits or {}).get("bytes", 4 << 20), heap=(limits or {}).get("heap"),
            unknown_bytes=(limits or {}).get("unknownBytes", 16 << 10),
            depth=(limits or {}).get("depth", 0),
        )  # fmt: skip
        found = {
            door: check(self.schema, type, body, door, given) for door in ("strict", "tolerant")
        }
        problem = disagreement(found["strict"], strict, body if strict == ACCEPT else None)
        if tolerant == ACCEPT and strict == ACCEPT:
            tolerant = body
        wanted = tolerant if isinstance(tolerant, bytes) else None
        verdict = ACCEPT if isinstance(tolerant, bytes) else tolerant
        problem = problem or disagreement(found["tolerant"], verdict, wanted)
        if problem:
            raise SystemExit(f"{file}: {note}: {type} {body[:99].hex(' ')}: {problem}")
        vector = {
            "note": note, "type": type, "json": self.json(type, found["tolerant"]),
            "hex": body.hex(), "sha256": hashlib.sha256(body).hexdigest(),
            "strict": strict == ACCEPT, "rule": None if strict == ACCEPT else strict,
        }  # fmt: skip
        others = found["strict"].rules() - {strict}
        vector |= {"also": sorted(others)} if others else {}
        accepted = found["tolerant"].accepted
        vector |= {"tolerant": accepted, "tolerantRule": None if accepted else verdict}
        others = found["tolerant"].rules() - {verdict}
        vector |= {"tolerantAlso": sorted(others)} if others else {}
        vector["canonical"] = found["tolerant"].canonical.hex() if accepted else None
        vector |= {"limits": limits} if limits else {}
        self.files.setdefault(file, []).append(vector)

    def json(self, type: str, verdict) -> str | None:
        """The value as JSON, if JSON can say all of it."""
        if not verdict.accepted or is_beyond_json(self.schema, type, verdict.value):
            return None
        return to_json(self.schema, type, verdict.value)

    def value(self, file: str, note: str, type: str, value: dict) -> None:
        """A value whose canonical bytes both doors take."""
        self.add(file, note, type, self.encoder.message(type, value))

    def texts(self) -> dict[str, str]:
        texts = {}
        for name, vectors in self.files.items():
            lines = ",\n".join(json.dumps(vector, ensure_ascii=True) for vector in vectors)
            texts[f"{name}.json"] = f"[\n{lines}\n]\n"
        return texts


def disagreement(verdict, expected: str, canonical: bytes | None) -> str:
    if verdict.accepted != (expected == ACCEPT):
        return f"expected {expected}, the reference says {verdict.problems or ACCEPT}"
    if not verdict.accepted and expected not in verdict.rules():
        return f"expected {expected}, the reference says {verdict.problems}"
    if canonical is not None and verdict.canonical != canonical:
        return f"expected {canonical.hex(' ')}, the reference makes {verdict.canonical.hex(' ')}"
    return ""


def is_beyond_json(schema: Schema, type: str, value) -> bool:
    """Whether a value has unknown records or a NaN other than the quiet one."""
    if type in ("float", "double"):
        number = struct.unpack("<f" if type == "float" else "<d", value)[0]
        quiet = "0000c07f" if type == "float" else "000000000000f87f"
        return number != number and value.hex() != quiet
    if not isinstance(schema.types.get(type), Message):
        return False
    for field in schema.types[type].fields:
        items = value.get(field.number, [])
        items = items if isinstance(items, list) else [items]
        items = [item[1] for item in items] if field.shape == "map" else items
        if any(is_beyond_json(schema, field.type, item) for item in items):
            return True
    return UNKNOWN in value


def wire_of(schema: Schema, field: Field) -> int:
    """The wire type of a value, or of an element that stands alone."""
    if schema.is_message(field.type):
        return LEN
    return scalar(field.type, field.form, schema.is_enum(field.type)).wire


def payload(schema: Schema, field: Field, content) -> bytes:
    """A value as it stands behind its tag."""
    return Encoder(schema).payload(field, content)


def sample(schema: Schema, type: str, ordinal: int = 1):
    """A small value that is not zero; different for each ordinal."""
    if type in VALUE_TYPES or isinstance(schema.types.get(type), Message):
        return sample_message(schema, type, ordinal)
    if type in ("string", "bytes"):
        return b"abcdefgh"[ordinal - 1 : ordinal]
    if type == "uuid":
        return bytes(range(ordinal, ordinal + 16))
    if type in ("float", "double"):
        return struct.pack("<f" if type == "float" else "<d", ordinal / 2)
    return 1 if type == "bool" else ordinal


def sample_message(schema: Schema, type: str, ordinal: int) -> dict:
    if type == "money":
        return {1: b"EUR", 2: ordinal, 3: 2}
    if type in VALUE_TYPES:
        return {VALUE_MESSAGES[type].fields[0].number: ordinal}
    model = schema.types[type]
    if model.is_union:
        members = [f for f in model.fields if f.type in ("string", "int64")]
        return {members[0].number: sample(schema, members[0].type, ordinal)}
    value = {}
    for field in model.fields:
        scalar_field = field.shape == "implicit" and not value
        if field.shape == "required" or scalar_field:
            value[field.number] = sample(schema, field.type, ordinal)
    for oneof, is_required in model.oneofs.items():
        if is_required:
            member = next(f for f in model.fields if f.oneof == oneof)
            value[member.number] = sample(schema, member.type, ordinal)
    return value


# What the vectors are about -----------------------------------------------------------------------

REQUEST = "bank.risk.v1.AssessRequest"
EVERY = "test.everything.v1."
AMOUNT = bits("12 0b 0a 03 45 55 52 10 a5 a2 0f 18 02")
TIME = bits("1a 06 08 80 f0 9d c7 06")
# The smallest request: its two required fields.
BOTH = AMOUNT + TIME
