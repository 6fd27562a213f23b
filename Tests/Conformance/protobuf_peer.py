"""Pure-Python protobuf on the emitted `.proto` files: another runtime's opinion on bytes."""

from __future__ import annotations

import os
import pathlib
import struct
import subprocess
import tempfile

os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.internal import api_implementation
from google.protobuf.message import DecodeError

from schema_model import VALUE_TYPES, Schema
from wire_reference import VALUE_MESSAGES

if api_implementation.Type() != "python":
    raise SystemExit("protobuf must run in pure Python; upb orders maps differently")

# Where a file costs least.
MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None


class Peer:
    """The messages of one schema, as classes made from protoc's descriptors."""

    def __init__(self, schema: Schema, protos: dict[str, str]):
        self.schema = schema
        self.pool = descriptor_pool.DescriptorPool()
        with tempfile.TemporaryDirectory(prefix="assay-conformance-", dir=MEMORY) as folder:
            for path, text in protos.items():
                file = pathlib.Path(folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            output = pathlib.Path(folder, "descriptors")
            subprocess.run(
                ["protoc", f"--proto_path={folder}", f"--descriptor_set_out={output}",
                 "--include_imports", *protos],
                check=True,
            )  # fmt: skip
            files = descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes())
        for file in files.file:
            self.pool.Add(file)
        self._classes = {}

    def new(self, name: str):
        if name not in self._classes:
            descriptor = self.pool.FindMessageTypeByName(name)
            self._classes[name] = message_factory.GetMessageClass(descriptor)
        return self._classes[name]()

    def encode(self, name: str, value: dict) -> bytes:
        """The deterministic bytes of a value without unknown records."""
        message = self.new(name)
        self.fill(message, name, value)
        return message.SerializeToString(deterministic=True)

    def fill(self, message, name: str, value: dict) -> None:
        model = VALUE_MESSAGES.get(name) or self.schema.types[name]
        for field in model.fields:
            if field.number not in value:
                continue
            content = value[field.number]
            if field.shape == "map":
                self.fill_map(getattr(message, field.name), field, content)
            elif field.shape == "list":
                target = getattr(message, field.name)
                for item in content:
                    if self.schema.is_message(field.type):
                        self.fill(target.add(), field.type, item)
                    else:
                        target.append(native(field.type, item))
            elif self.schema.is_message(field.type):
                inner = getattr(message, field.name)
                inner.SetInParent()
                self.fill(inner, field.type, content)
            else:
                setattr(message, field.name, native(field.type, content))

    def fill_map(self, target, field, pairs) -> None:
        for key, content in pairs:
            key = native(field.key, key)
            if self.schema.is_message(field.type):
                self.fill(target[key], field.type, content)
            else:
                target[key] = native(field.type, content)

    def parse(self, name: str, body: bytes):
        """The message, or None if protobuf refuses the bytes."""
        message = self.new(name)
        try:
            message.ParseFromString(body)
        except (DecodeError, UnicodeDecodeError, struct.error, IndexError):
            return None
        return message

    def known_bytes(self, name: str, body: bytes) -> bytes | None:
        """What protobuf makes of the bytes, without unknown fields."""
        message = self.parse(name, body)
        if message is None:
            return None
        message.DiscardUnknownFields()
        return message.SerializeToString(deterministic=True)


def native(type: str, content):
    if type == "string":
        return content.decode()
    if type == "bool":
        return bool(content)
    if type in ("float", "double"):
        return struct.unpack("<f" if type == "float" else "<d", content)[0]
    return content


QUIET = {4: bytes.fromhex("0000c07f"), 8: bytes.fromhex("000000000000f87f")}


def quieted(schema: Schema, name: str, value: dict) -> dict:
    """The value as pure-Python protobuf keeps it: every NaN is the one quiet NaN, and there are
    no unknown records (it writes those last)."""
    if name in VALUE_TYPES:
        return value

    def one(type: str, content):
        if schema.is_message(type):
            return quieted(schema, type, content)
        is_float = type in ("float", "double")
        return QUIET[len(content)] if is_float and native(type, content) != native(type, content) \
            else content  # fmt: skip

    copy = {}
    for field in schema.types[name].fields:
        if field.number in value:
            content = value[field.number]
            if field.shape == "list":
                content = [one(field.type, item) for item in content]
            elif field.shape == "map":
                content = [(key, one(field.type, item)) for key, item in content]
            else:
                content = one(field.type, content)
            copy[field.number] = content
    return copy
