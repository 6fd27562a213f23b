"""The types of a schema as data, and a small reader and writer for `.schema` text.

This is a second, separate reading of wire.md sections 2, 3, 6 and 9. It shares no code with the
compiler. It expects correct schemas and takes only what decides about bytes and JSON: numbers,
types, presence, encodings, oneofs, `@depth` and `@json`. Everything else is skipped.
"""

from __future__ import annotations

import pathlib
import re
from dataclasses import dataclass, field

INTEGERS = ("int32", "int64", "uint32", "uint64")
PACKABLE = ("bool", *INTEGERS, "float", "double")
VALUE_TYPES = ("decimal", "money", "timestamp", "duration", "date")
BUILTINS = (*PACKABLE, "string", "bytes", "uuid", *VALUE_TYPES)
KEY_TYPES = ("string", "bool", *INTEGERS)


@dataclass
class Field:
    """A field, or a member of a oneof or union."""

    number: int
    name: str
    # A builtin ("int32", "money"), or the full name of a message, union or enum.
    type: str
    # implicit (`T`), optional (`T?`), required (message types), member, list or map.
    shape: str = "implicit"
    # Of the value or element, for integers: "" (the default), "twos" or "fixed".
    form: str = ""
    # Of a map: type and form of the key.
    key: str = ""
    key_form: str = ""
    oneof: str = ""
    json: str = ""

    def __post_init__(self):
        self.json = self.json or camel_case(self.name)


@dataclass
class Message:
    name: str
    fields: list[Field]
    # Oneofs by name; true if one member is required.
    oneofs: dict[str, bool] = field(default_factory=dict)
    is_union: bool = False
    # The recursion limit, for a type that may contain itself.
    recursion: int = 0

    def __post_init__(self):
        self.by_number = {field.number: field for field in self.fields}


@dataclass
class Enum:
    name: str
    # Numbers by name.
    values: dict[str, int]
    # Foreign packages upper-case their value names.
    is_foreign: bool = False

    def json_name(self, number: int) -> str | None:
        for name, value in self.values.items():
            if value == number:
                return name.upper() if self.is_foreign else name
        return None


class Schema:
    """Messages, unions and enums by full name."""

    def __init__(self, types: list[Message | Enum]):
        self.types = {type.name: type for type in types}
        self._depths: dict[str, int] = {}

    def messages(self) -> list[str]:
        return sorted(name for name, type in self.types.items() if isinstance(type, Message))

    def is_enum(self, type: str) -> bool:
        return isinstance(self.types.get(type), Enum)

    def is_message(self, type: str) -> bool:
        """A "message type" of section 2: LEN on the wire, with presence of its own."""
        return type in VALUE_TYPES or isinstance(self.types.get(type), Message)

    def is_packable(self, type: str) -> bool:
        return type in PACKABLE or self.is_enum(type)

    def depth(self, name: str) -> int:
        """The static depth (section 9): the message itself and map entries included."""
        if name not in self._depths:
            if name in VALUE_TYPES:
                return 1
            message = self.types[name]
            if message.recursion:
                self._depths[name] = message.recursion
            else:
                inner = [
                    (self.depth(field.type) if self.is_message(field.type) else 0)
                    + (1 if field.shape == "map" else 0)
                    for field in message.fields
                ]
                self._depths[name] = 1 + max(inner, default=0)
        return self._depths[name]


def camel_case(name: str) -> str:
    """protoc's json_name: an underscore goes, and the letter after it is a capital."""
    return re.sub(r"_+(.?)", lambda match: match[1].upper(), name)


def last_name(package: str) -> str:
    """The last component that is not a version: how importers write the package."""
    return [part for part in package.split(".") if not re.fullmatch(r"v[0-9]\w*", part)][-1]


# Reading ------------------------------------------------------------------------------------------

TOKEN = re.compile(
    r'(?P<skip>[ ]+|//[^\n]*|/\*.*?\*/)|(?P<line>[\n;])|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>-?[0-9][0-9A-Za-z_]*(?:\.[0-9]+)?)"
    r"|(?P<mark>\.\.\.|->|.)",
    re.DOTALL,
)


def load(*roots: str | pathlib.Path) -> Schema:
    """Reads every `.schema` file below the folders."""
    paths = sorted(path for root in roots for path in pathlib.Path(root).rglob("*.schema"))
    return parse([path.read_text(encoding="utf-8") for path in paths])


def parse(texts: list[str]) -> Schema:
    readers = [_Reader(text) for text in texts]
    for reader in readers:
        reader.file()
    known = {type.name for reader in readers for type in reader.types}
    scalars = {name: s for reader in readers for name, s in reader.scalars.items()}
    for reader in readers:
        reader.resolve(known, scalars)
    schema = Schema([type for reader in readers for type in reader.types])
    _settle_shapes(schema)
    return schema


def _settle_shapes(schema: Schema) -> None:
    """Only message types are required on the wire; on a scalar, list or map it is validation."""
    for type in schema.types.values():
        for field in type.fields if isinstance(type, Message) else ():
            if field.shape == "required" and not schema.is_message(field.type):
                field.shape = "implicit"


class _Reader:
    """A recursive-descent reader of one file."""

    def __init__(self, text: str):
        self.tokens, depth = [], 0
        for match in TOKEN.finditer(text):
            kind, token = match.lastgroup, match[0]
            depth += (token in "([" and kind == "mark") - (token in ")]" and kind == "mark")
            if kind != "skip" and not (kind == "line" and depth > 0):
                self.tokens.append("\n" if kind == "line" else token)
        self.tokens.append("")
        self.position = 0
        self.package, self.is_foreign = "", False
        self.imports: dict[str, str] = {}
        self.types: list[Message | Enum] = []
        self.scalars: dict[str, str] = {}

    # Tokens

    @property
    def next(self) -> str:
        return self.tokens[self.position]

    def take(self, expected: str | None = None) -> str:
        token = self.next
        if expected is not None and token != expected:
            raise ValueError(f"expected {expected!r}, found {token!r}")
        self.position += 1
        return token

    def skip(self, token: str) -> bool:
        found = self.next == token
        self.position += found
        return found

    def lines(self) -> None:
        while self.skip("\n"):
            pass

    def qualified(self) -> str:
        name = self.take()
        while self.skip("."):
            name += "." + self.take()
        return name

    def integer(self) -> int:
        return int(self.take().replace("_", ""), 0)

    def annotations(self) -> dict[str, str]:
        """Names with the text of their arguments."""
        found = {}
        while self.skip("@"):
            name, depth, text = self.take(), 0, ""
            while self.next == "(" or depth:
                token = self.take()
                depth += (token == "(") - (token == ")")
                text += token
                if not depth:
                    break
            found[name] = text[1:-1]
        return found

    def head(self) -> dict[str, str]:
        found = {}
        self.lines()
        while self.next == "@":
            found |= self.annotations()
            self.lines()
        return found

    # Declarations

    def file(self) -> None:
        while True:
            head = self.head()
            if not self.next:
                return
            keyword = self.take()
            if keyword == "package":
                self.package, self.is_foreign = self.qualified(), "protobuf_types" in head
            elif keyword == "import":
                name = self.qualified()
                self.imports[self.take() if self.skip("as") else last_name(name)] = name
            elif keyword == "scalar":
                name = self.take()
                self.take("=")
                self.scalars[f"{self.package}.{name}"] = self.take()
                self.annotations()
            elif keyword == "service":
                self.take()
                self.block(lambda head: self.service_member())
            elif keyword == "enum":
                self.enum()
            else:
                self.message(keyword == "union", head)

    def block(self, member) -> None:
        self.take("{")
        head = self.head()
        while not self.skip("}"):
            if self.next == "reserved" and self.tokens[self.position + 1] not in (":", "="):
                while self.next not in ("\n", "}"):
                    self.take()
            else:
                member(head)
            head = self.head()

    def service_member(self) -> None:
        while self.next not in ("\n", "}"):
            self.take()

    def enum(self) -> None:
        enum = Enum(f"{self.package}.{self.qualified()}", {}, self.is_foreign)

        def value(head):
            name = self.take()
            self.take("=")
            enum.values[name] = self.integer()
            self.annotations()

        self.block(value)
        self.types.append(enum)

    def message(self, is_union: bool, head: dict[str, str]) -> None:
        message = Message(f"{self.package}.{self.qualified()}", [], is_union=is_union)
        message.recursion = int(head.get("depth", 0))
        if is_union:
            message.oneofs["kind"] = False

        def member(head):
            if self.next == "oneof" and self.tokens[self.position + 1] != ":":
                self.take()
                name = self.take()
                message.oneofs[name] = "required" in head
                self.block(lambda head: message.fields.append(self.field(head, name)))
            else:
                message.fields.append(self.field(head, "kind" if is_union else ""))

        self.block(member)
        message.fields.sort(key=lambda field: field.number)
        message.__post_init__()
        self.types.append(message)

    def field(self, head: dict[str, str], oneof: str) -> Field:
        name = self.take()
        self.take(":")
        shape, key = "member" if oneof else "implicit", ""
        if self.skip("["):
            shape, type = "list", self.qualified()
            if self.skip(":"):
                shape, key, type = "map", type, self.qualified()
            self.take("]")
        else:
            type = self.qualified()
            if self.skip("?"):
                shape = "optional"
        self.take("=")
        number = self.integer()
        annotations = head | self.annotations()
        if shape == "implicit" and "required" in annotations:
            shape = "required"
        return Field(
            number, name, type, shape, key=key, oneof=oneof,
            form=annotations.get("wire", ""), json=annotations.get("json", "").strip('"'),
        )  # fmt: skip

    # Names

    def resolve(self, known: set[str], scalars: dict[str, str]) -> None:
        for message in self.types:
            for field in message.fields if isinstance(message, Message) else ():
                if field.type not in BUILTINS:
                    field.type = self.full_name(field.type, known | set(scalars))
                    field.type = scalars.get(field.type, field.type)
                signed = "twos" if self.is_foreign else ""
                if field.type in ("int32", "int64") and not field.form:
                    field.form = signed
                field.form = "" if field.form == "zigzag" else field.form
                if field.key in ("int32", "int64"):
                    field.key_form = signed

    def full_name(self, name: str, known: set[str]) -> str:
        candidates = [f"{self.package}.{name}", name]
        qualifier, _, rest = name.partition(".")
        if qualifier in self.imports:
            candidates.insert(0, f"{self.imports[qualifier]}.{rest}")
        for candidate in candidates:
            if candidate in known:
                return candidate
        raise ValueError(f"unknown type {name!r} in package {self.package}")


# Writing ------------------------------------------------------------------------------------------


@dataclass
class Package:
    name: str
    imports: list[str] = field(default_factory=list)
    is_foreign: bool = False
    # Names of constrained scalars by builtin; every third field of the type is written with it.
    scalars: dict[str, str] = field(default_factory=dict)
    # Qualifiers of imported packages that are not their own.
    aliases: dict[str, str] = field(default_factory=dict)
    # Whether its types are spread over two files.
    is_split: bool = False

    def holds(self, type: str) -> bool:
        return type.startswith(f"{self.name}.")

    def qualifier(self, package: str) -> str:
        return self.aliases.get(package, last_name(package))

    def path(self, file: str) -> str:
        return "/".join([*self.name.split("."), f"{file}.schema"])


def text(schema: Schema, packages: list[Package]) -> dict[str, str]:
    """The schema as files, with types written in the shortest way."""
    files = {}
    for package in packages:
        writer = _Writer(schema, packages, package)
        types = [type for type in schema.types.values() if package.holds(type.name)]
        half = len(types) // 2 if package.is_split else len(types)
        files[package.path("first")] = writer.file(types[:half], package.scalars)
        if package.is_split:
            files[package.path("second")] = writer.file(types[half:], {})
    return files


class _Writer:
    """The text of one package."""

    def __init__(self, schema: Schema, packages: list[Package], package: Package):
        self.schema, self.package, self.packages = schema, package, packages

    def file(self, types: list[Message | Enum], scalars: dict[str, str]) -> str:
        lines = ["@protobuf_types"] if self.package.is_foreign else []
        lines.append(f"package {self.package.name}")
        for name in self.package.imports:
            alias = self.package.aliases.get(name)
            lines.append(f"import {name} as {alias}" if alias else f"import {name}")
        lines += [f"scalar {name} = {base}" for base, name in scalars.items()]
        for type in types:
            lines += self.declaration(type)
        return "\n".join(lines) + "\n"

    def declaration(self, type: Message | Enum) -> list[str]:
        short = type.name.removeprefix(f"{self.package.name}.")
        if isinstance(type, Enum):
            values = [f"  {name} = {number}" for name, number in type.values.items()]
            return [f"enum {short} {{", *values, "}"]
        lines = [f"@depth({type.recursion})"] if type.recursion else []
        lines.append(f"{'union' if type.is_union else 'message'} {short} {{")
        plain = [field for field in type.fields if type.is_union or not field.oneof]
        if len(type.name) % 2:
            plain.reverse()  # the order of fields in the text means nothing
        lines += [f"  {self.field(field)}" for field in plain]
        for oneof, is_required in type.oneofs.items() if not type.is_union else ():
            lines += ["  @required"] if is_required else []
            members = [field for field in type.fields if field.oneof == oneof]
            lines += [f"  oneof {oneof} {{", *(f"    {self.field(m)}" for m in members), "  }"]
        free = next(n for n in range(2047, 0, -1) if n not in type.by_number)
        return [*lines, f'  reserved {free}, "gone"', "}"]

    def field(self, field: Field) -> str:
        name = field.type
        home = next((package for package in self.packages if package.holds(name)), None)
        if home:
            name = name.removeprefix(f"{home.name}.")
            if home is not self.package:
                name = f"{self.package.qualifier(home.name)}.{name}"
        elif field.number % 3 == 0 and not field.form:
            name = self.package.scalars.get(name, name)
        if field.shape == "map":
            name = f"[{field.key}: {name}]"
        elif field.shape == "list":
            name = f"[{name}]"
        elif field.shape == "optional":
            name += "?"
        notes = " @required" if field.shape == "required" else ""
        form = field.form
        if self.package.is_foreign and field.type in ("int32", "int64"):
            form = {"": "zigzag", "twos": ""}.get(form, form)
        notes += f" @wire({form})" if form else ""
        notes += f' @json("{field.json}")' if field.json != camel_case(field.name) else ""
        return f"{field.name}: {name} = {field.number}{notes}"
