"""Draws schemas and values: every kind of type in every place, biased towards the edges.

Everything comes from the `random.Random` that is passed in, so a seed gives the same run.
"""

from __future__ import annotations

import random

from schema_model import (
    BUILTINS,
    INTEGERS,
    KEY_TYPES,
    PACKABLE,
    VALUE_TYPES,
    Enum,
    Field,
    Message,
    Package,
    Schema,
)
from wire_reference import UNKNOWN, varint

STRINGS = (
    "", "a", "ab", "é", "e\u0301", "\ufffd", "\U00010000", "\U0010ffff", "\0", "\u007f", "\u0080",
    "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "quote\" back\\ /\n\t\u2028", "tx-7f3a",
)  # fmt: skip
NUMBERS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 15, 16, 17, 100, 127, 128, 1023, 2046, 2047)


class SchemaMaker:
    """One random schema of one to three packages."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.types: list[Message | Enum] = []
        self.packages: list[Package] = []

    def make(self) -> tuple[Schema, list[Package]]:
        rng = self.rng
        names = ["shop.v1", "shop.common.v2", "ledger.core.v1beta1", "deep.down.below.v3"]
        names = rng.sample(names, rng.randint(1, 3))
        for index, name in enumerate(names):
            foreign = index == 0 and rng.random() < 0.2
            self.package("outside" if foreign else name, foreign)
        return Schema(self.types), self.packages

    def package(self, name: str, is_foreign: bool) -> None:
        rng = self.rng
        package = Package(name, is_foreign=is_foreign)
        package.is_split = not is_foreign and rng.random() < 0.3
        if not is_foreign:
            for base in rng.sample(BUILTINS, 3):
                package.scalars[base] = f"Named{base.capitalize()}"
        used: set[str] = set()
        kinds = ["enum"] * rng.randint(0, 2) + ["message"] * rng.randint(1, 4)
        kinds += [] if is_foreign else ["union"] * rng.randint(0, 2)
        rng.shuffle(kinds)
        fresh: list[Message] = []
        for index, kind in enumerate(kinds):
            full = f"{name}.{kind.capitalize()}{index}"
            if is_foreign and fresh and kind == "message" and rng.random() < 0.4:
                full = f"{rng.choice(fresh).name}.Part{index}"
            if kind == "enum":
                self.types.append(self.enum(full, is_foreign))
            else:
                message = self.message(full, kind == "union", package, used)
                self.types.append(message)
                fresh.append(message)
        knots = [m for m in fresh if not m.is_union and len(m.fields) < 16]
        self.tie_knots(knots, is_foreign)
        package.imports = sorted(used)
        package.aliases = {other: f"other{i}" for i, other in enumerate(package.imports) if i % 2}
        self.packages.append(package)

    def enum(self, full: str, is_foreign: bool) -> Enum:
        word = full[-1]
        values = {f"nothing_{word}" if is_foreign else "unspecified": 0}
        for index in range(self.rng.randint(0, 4)):
            number = self.rng.choice([index + 1, index + 126, index + 16383, (1 << 31) - 1 - index])
            if number not in values.values():
                values[f"value_{word}_{number}" if is_foreign else f"value_{number}"] = number
        return Enum(full, values, is_foreign)

    def message(self, full: str, is_union: bool, package: Package, used: set[str]) -> Message:
        rng = self.rng
        count = rng.choice([0, 1, 2, 3, 5, 8, 12]) if not is_union else rng.randint(1, 6)
        numbers = set(rng.sample(NUMBERS, min(count, len(NUMBERS))))
        while len(numbers) < count:
            numbers.add(rng.randint(1, 2047))
        message = Message(full, [], is_union=is_union)
        if is_union:
            message.oneofs["kind"] = False
        elif count > 2:
            for index in range(rng.choice([0, 0, 1, 1, 2])):
                message.oneofs[f"choice_{'ab'[index]}"] = (
                    not package.is_foreign and rng.random() < 0.3
                )
        for number in sorted(numbers):
            oneof = "kind" if is_union else ""
            if message.oneofs and not is_union and rng.random() < 0.5:
                oneof = rng.choice(list(message.oneofs))
            message.fields.append(self.field(number, oneof, package, used))
        taken = {field.oneof for field in message.fields}
        message.oneofs = {name: r for name, r in message.oneofs.items() if name in taken}
        message.__post_init__()
        return message

    def field(self, number: int, oneof: str, package: Package, used: set[str]) -> Field:
        rng = self.rng
        name = f"{rng.choice(['f', 'a_b', 'field_x'])}{rng.choice(['', '_'])}{number}"
        name = f"{name}" if number != 1 else "f_1"
        type = self.type(package, used)
        is_message = type in VALUE_TYPES or any(
            isinstance(t, Message) and t.name == type for t in self.types
        )
        if oneof:
            shape = "member"
        else:
            shape = rng.choice(["plain", "plain", "optional", "list", "map"])
        if shape == "plain":
            shape = "implicit"
            if is_message:
                shape = "required" if not package.is_foreign and rng.random() < 0.5 else "optional"
        field = Field(number, name, type, shape, oneof=oneof)
        if rng.random() < 0.05:
            field.json = f"named{number}"
        signed_form = "twos" if package.is_foreign else ""
        if type in INTEGERS:
            forms = ["", "fixed"] if type.startswith("u") else ["", "twos", "fixed"]
            default = signed_form if type.startswith("i") else ""
            field.form = rng.choice([default, rng.choice(forms)])
        if shape == "map":
            field.key = rng.choice(KEY_TYPES)
            field.key_form = signed_form if field.key in ("int32", "int64") else ""
        return field

    def type(self, package: Package, used: set[str]) -> str:
        rng = self.rng
        local = [t.name for t in self.types if package.holds(t.name)]
        other = [t.name for t in self.types if not package.holds(t.name)]
        if rng.random() < 0.35 and local:
            return rng.choice(local)
        if rng.random() < 0.2 and other and not package.is_foreign:
            name = rng.choice(other)
            used.add(next(other.name for other in self.packages if other.holds(name)))
            return name
        if rng.random() < 0.3:
            return rng.choice(("timestamp", "duration") if package.is_foreign else VALUE_TYPES)
        return rng.choice(
            (*PACKABLE, "string", "bytes", *(() if package.is_foreign else ("uuid",)))
        )

    def tie_knots(self, messages: list[Message], is_foreign: bool) -> None:
        """Makes some messages contain themselves, or each other, through lists and maps."""
        rng = self.rng
        for index, message in enumerate(messages):
            if rng.random() > 0.25:
                continue
            # A later message may hold this one; a list of it here closes the circle.
            target = rng.choice([message, *messages[index + 1 :]])
            number = next(n for n in range(20, 40) if n not in message.by_number)
            shape = rng.choice(["list", "map"])
            key = rng.choice(KEY_TYPES) if shape == "map" else ""
            message.fields.append(Field(number, f"knot_{number}", target.name, shape, key=key))
            message.fields.sort(key=lambda field: field.number)
            message.__post_init__()
            if key in ("int32", "int64") and is_foreign:
                message.by_number[number].key_form = "twos"
        schema = Schema(self.types)
        for message in messages:
            if message.name in reachable(schema, message.name):
                message.recursion = min(32, need(schema, message.name) + rng.randint(0, 4))
        for type in self.types:
            # Unions can be part of a circle too.
            if isinstance(type, Message) and not type.recursion:
                if type.name in reachable(schema, type.name):
                    type.recursion = min(32, need(schema, type.name) + rng.randint(0, 4))


def reachable(schema: Schema, name: str) -> set[str]:
    """The messages that a message holds, directly or not."""
    found, open_names = set(), [name]
    while open_names:
        for field in schema.types[open_names.pop()].fields:
            if isinstance(schema.types.get(field.type), Message) and field.type not in found:
                found.add(field.type)
                open_names.append(field.type)
    return found


def need(schema: Schema, name: str) -> int:
    """How many levels the smallest value of a message type has."""
    if name in VALUE_TYPES:
        return 1
    message = schema.types[name]
    inner = [need(schema, f.type) for f in message.fields if f.shape == "required"]
    for oneof, is_required in message.oneofs.items():
        if is_required:
            members = [f for f in message.fields if f.oneof == oneof]
            inner.append(
                min(need(schema, f.type) if schema.is_message(f.type) else 0 for f in members)
            )
    return 1 + max(inner, default=0)


class ValueMaker:
    """Random values of a schema, each within the depth of its root."""

    def __init__(self, rng: random.Random, schema: Schema):
        self.rng, self.schema = rng, schema
        self.fuel, self.limit = 0, 0
        self.needs: dict[str, int] = {}

    def value(self, name: str, fuel: int = 40) -> dict:
        self.fuel, self.limit = fuel, self.schema.depth(name)
        return self.message(name, 1)

    def need(self, type: str) -> int:
        if not self.schema.is_message(type):
            return 0
        if type not in self.needs:
            self.needs[type] = need(self.schema, type)
        return self.needs[type]

    def message(self, name: str, depth: int) -> dict:
        rng, value = self.rng, {}
        self.fuel -= 1
        if name in VALUE_TYPES:
            return self.value_type(name)
        model = self.schema.types[name]
        chosen = {}
        for oneof, is_required in model.oneofs.items():
            members = [f for f in model.fields if f.oneof == oneof]
            members = [f for f in members if depth + self.need(f.type) <= self.limit]
            if members and (is_required or (self.fuel > 0 and rng.random() < 0.7)):
                member = rng.choice(members)
                chosen[oneof] = member.number
        for field in model.fields:
            if field.oneof:
                if chosen.get(field.oneof) == field.number:
                    value[field.number] = self.content(field.type, field.form, depth)
            elif field.shape == "required":
                value[field.number] = self.content(field.type, field.form, depth)
            elif self.fuel > 0 and rng.random() < 0.7:
                self.field(field, value, depth)
        return value

    def field(self, field: Field, value: dict, depth: int) -> None:
        rng = self.rng
        self.fuel -= 1
        levels = self.need(field.type) + (1 if field.shape == "map" else 0)
        if depth + levels > self.limit:
            return
        count = rng.choice([0, 1, 1, 2, 3, 5])
        if not self.schema.is_message(field.type) and rng.random() < 0.01:
            count = 150  # more than 127, so that the length of a packed list takes two bytes
        if field.shape == "list":
            items = [self.content(field.type, field.form, depth) for _ in range(count)]
            if items:
                value[field.number] = items
        elif field.shape == "map":
            keys = {self.scalar(field.key, field.key_form) for _ in range(count)}
            pairs = [(k, self.content(field.type, field.form, depth + 1)) for k in sorted(keys)]
            if pairs:
                value[field.number] = pairs
        else:
            content = self.content(field.type, field.form, depth)
            if field.shape != "implicit" or not is_zero(field.type, content):
                value[field.number] = content

    def content(self, type: str, form: str, depth: int):
        if self.schema.is_message(type):
            return self.message(type, depth + 1)
        if self.schema.is_enum(type):
            known = list(self.schema.types[type].values.values())
            return self.rng.choice([*known, *known, 77, 2**31 - 1])
        return self.scalar(type, form)

    def scalar(self, type: str, form: str):
        rng = self.rng
        self.fuel -= 0.3
        if type == "bool":
            return rng.randint(0, 1)
        if type in INTEGERS:
            bits = 64 if type.endswith("64") else 32
            size = rng.choice([0, 1, 3, 7, 8, 14, 21, 28, 31, 32, 35, 49, 56, 63, 64])
            number = rng.choice([0, 1, rng.getrandbits(size) if size else 0, (1 << size) - 1])
            if type.startswith("u"):
                return number & (1 << bits) - 1
            number &= (1 << bits - 1) - 1
            return rng.choice([number, -number, -number - 1])
        if type in ("float", "double"):
            return self.float(4 if type == "float" else 8)
        if type == "uuid":
            return rng.choice([bytes(16), rng.randbytes(16)])
        if type == "bytes":
            return rng.randbytes(rng.choice([0, 1, 2, 5, 16, 127, 128]))
        text = rng.choice([rng.choice(STRINGS), rng.choice(STRINGS) + rng.choice(STRINGS)])
        count = rng.choice([1, 1, 1, 1, 70]) if rng.random() < 0.997 else 9000
        return (text * count).encode()

    def float(self, size: int) -> bytes:
        rng = self.rng
        mantissa = 23 if size == 4 else 52
        exponent = size * 8 - 1 - mantissa
        infinite = (1 << exponent) - 1
        bits = rng.choice([
            0, 1 << size * 8 - 1, infinite << mantissa, infinite << mantissa | 1 << mantissa - 1,
            infinite << mantissa | 1, 1, rng.getrandbits(size * 8), rng.getrandbits(size * 8),
            (infinite >> 1) << mantissa, (infinite >> 1 | 1) << mantissa | 3 << mantissa - 4,
        ])  # fmt: skip
        return bits.to_bytes(size, "little")

    def value_type(self, name: str) -> dict:
        rng = self.rng
        if name in ("decimal", "money"):
            limit = 10**18 - 1
            coefficient = rng.choice([0, 1, -1, 125, -125075, limit, -limit])
            coefficient = rng.choice([coefficient, rng.randint(-limit, limit)])
            parts = [coefficient, rng.choice([0, 0, 2, 18, rng.randint(0, 18)])]
            if name == "money":
                parts.insert(0, bytes(rng.choice(b"AEURUSDZ") for _ in range(3)))
        elif name == "timestamp":
            low, high = -62_135_596_800, 253_402_300_799
            seconds = rng.choice([0, -1, 1_760_000_000, low, high, rng.randint(low, high)])
            parts = [seconds, self.nanos()]
        elif name == "duration":
            limit = 315_576_000_000
            sign = rng.choice([1, -1])
            seconds = rng.choice([0, 1, limit, rng.randint(0, limit)])
            parts = [sign * seconds, sign * self.nanos()]
        else:
            parts = [rng.choice([0, -719_162, 2_932_896, rng.randint(-719_162, 2_932_896)])]
        return {index + 1: part for index, part in enumerate(parts) if part not in (0, b"")}

    def nanos(self) -> int:
        rng = self.rng
        return rng.choice([0, 0, 1, 999_999_999, 250_000_000, 1_000, rng.randint(0, 999_999_999)])

    # Unknown records

    def with_unknowns(self, name: str, value: dict) -> dict:
        """The value with unknown records added here and there, also in what it holds."""
        model = self.schema.types.get(name)
        if not isinstance(model, Message):
            return value
        copy = {}
        for number, content in value.items():
            field = model.by_number.get(number)
            if field is None or not isinstance(self.schema.types.get(field.type), Message):
                copy[number] = content
            elif field.shape == "list":
                copy[number] = [self.with_unknowns(field.type, item) for item in content]
            elif field.shape == "map":
                copy[number] = [(k, self.with_unknowns(field.type, item)) for k, item in content]
            else:
                copy[number] = self.with_unknowns(field.type, content)
        if not (model.is_union and copy):
            count = self.rng.choice([0, 1, 1, 2, 3]) if not model.is_union else 1
            records = [unknown_record(self.rng, model) for _ in range(count)]
            records += [r for r in records if self.rng.random() < 0.2 and not model.is_union]
            records.sort(key=lambda record: record[0])
            if records:
                copy[UNKNOWN] = records
        return copy


def unknown_record(rng: random.Random, model: Message) -> tuple[int, bytes]:
    """A minimal record with a number that the message does not know."""
    free = [n for n in (1, 2, 5, 9, 13, 15, 16, 30, 2047) if n not in model.by_number]
    number = rng.choice([*free, 2048, 100_000, 536_870_911, rng.randint(2049, 536_870_911)])
    wire = rng.choice([0, 1, 2, 5])
    if wire == 0:
        content = varint(rng.getrandbits(rng.choice([1, 7, 8, 32, 64])))
    elif wire == 2:
        # Among them bytes that look like records, canonical or not.
        body = rng.choice(
            [b"", b"\x08\x01", b"\x08\x80\x00", b"\x10\x01\x08\x01", rng.randbytes(9)]
        )
        content = varint(len(body)) + body
    else:
        content = rng.randbytes(8 if wire == 1 else 4)
    return number, varint(number << 3 | wire) + content


def is_zero(type: str, content) -> bool:
    """Zero in the sense of R3: all bits zero, or empty."""
    return not any(content) if type in ("float", "double", "uuid") else not content
