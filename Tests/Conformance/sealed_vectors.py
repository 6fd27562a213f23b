"""Vectors around the codec: sealed records, commitments and fingerprints (wire.md, 10 and 11)."""

from __future__ import annotations

import hashlib
import json

from schema_model import Message, Schema
from wire_reference import check


def digest(name: bytes, fingerprint: bytes, payload: bytes) -> bytes:
    prefix = b"\0assay.record.v1\0" + bytes([len(name)]) + name + fingerprint
    return hashlib.sha256(prefix + len(payload).to_bytes(4, "big") + payload).digest()


def seal(name: str, fingerprint: bytes, payload: bytes) -> bytes:
    head = b"ASY1\0" + bytes([len(name)]) + name.encode() + fingerprint
    body = len(payload).to_bytes(4, "big") + payload
    return head + body + digest(name.encode(), fingerprint, payload)


def commitment(salt: bytes, value: bytes) -> bytes:
    return hashlib.sha256(b"\1assay.commit.v1\0" + salt + value).digest()


def verify(record: bytes) -> str | None:
    """Why bytes are not a sealed record; None if they are one."""
    if record[:4] != b"ASY1":
        return "magic"
    if len(record) < 6 or record[4] != 0:
        return "flags"
    start = 6 + record[5]
    if len(record) < start + 36:
        return "truncated"
    payload = start + 36
    end = payload + int.from_bytes(record[payload - 4 : payload], "big")
    if len(record) < end + 32:
        return "truncated"
    if len(record) > end + 32:
        return "trailing bytes"
    expected = digest(record[6:start], record[start : start + 32], record[payload:end])
    return None if record[end:] == expected else "digest"


def records(example: bytes) -> list[dict]:
    name, fingerprint = "bank.risk.v1.AssessRequest", bytes(32)
    good = seal(name, fingerprint, example)
    assert len(good) == 206
    assert good[-32:].hex() == "dbefa3c057f82009f6a6471f8b12f26bae1a53d259d36bf132b86b91c64b11a6"

    def flip(at: int) -> bytes:
        return good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]

    payload = good.index(example)
    forms = {
        "the format vector": good,
        "an empty payload": seal("bank.risk.v1.Device", bytes(range(32)), b""),
        "another magic": flip(3), "a flag": flip(4),
        "a longer name": flip(5), "another name": flip(6),
        "another fingerprint": flip(payload - 5), "another length": flip(payload - 1),
        "another first byte": flip(payload), "another last byte": flip(payload + len(example) - 1),
        "another digest": flip(len(good) - 1), "a byte behind it": good + b"\0",
        "a byte too few": good[:-1], "only its head": good[:6], "nothing": b"",
        "a payload of 4 GiB": good[: payload - 4] + b"\xff" * 4 + good[payload:],
    }  # fmt: skip
    found = []
    for note, body in forms.items():
        fault = verify(body)
        entry = {"note": note, "record": body.hex(), "valid": fault is None, "fault": fault}
        if fault is None:
            end = len(body) - 32
            start = 6 + body[5]
            entry |= {
                "name": body[6:start].decode(), "fingerprint": body[start : start + 32].hex(),
                "payload": body[start + 36 : end].hex(), "digest": body[end:].hex(),
            }  # fmt: skip
        found.append(entry)
    return found


def commitments() -> list[dict]:
    pairs = [
        (bytes(32), b"DE89370400440532013000"),
        (bytes(32), b""),
        (bytes(range(32)), b"\0\xff"),
    ]
    found = [
        {"salt": salt.hex(), "value": value.hex(), "commitment": commitment(salt, value).hex()}
        for salt, value in pairs
    ]
    expected = "5d9841e3c163b544ae19a0a3a68ae6d5506083a3ca3660bdab865f67fd036944"
    assert found[0]["commitment"] == expected
    return found


# Fingerprints -------------------------------------------------------------------------------------


def wire_text(schema: Schema, root: str) -> str:
    """The wire text of a message or union (section 10)."""
    order, lines = [root], []
    for name in order:
        model = schema.types[name]
        fields = model.fields if isinstance(model, Message) else []
        for field in fields:
            if field.type in schema.types and field.type not in order:
                order.append(field.type)
    for index, name in enumerate(order):
        model = schema.types[name]
        if not isinstance(model, Message):
            lines.append(f"enum {index}")
            lines += [str(number) for number in sorted(model.values.values())]
            continue
        lines.append(f"{'union' if model.is_union else 'message'} {index}")
        for field in model.fields:
            lines.append(field_line(model, field, order))
    return "".join(f"{line}\n" for line in lines)


def field_line(model: Message, field, order: list[str]) -> str:
    type = f"#{order.index(field.type)}" if field.type in order else field.type
    if field.shape == "list":
        type = f"[{type}]"
    elif field.shape == "map":
        type = f"[{field.key}:{type}]"
    elif field.shape == "optional":
        type += "?"
    type += f" {field.form}" if field.form else ""
    if field.oneof and not model.is_union:
        type += f" oneof {min(f.number for f in model.fields if f.oneof == field.oneof)}"
    return f"{field.number} {type}"


def fingerprints(schema: Schema) -> list[dict]:
    """Wire fingerprints of every message and union that is not foreign."""
    known = {
        "Device": "1ad7564521b6beb5f5f2da1cbc7f699115db6f8fd84b149ff5751ef6a8193341",
        "AssessRequest": "80655a5904dd14712385074324b2fb96e10392b4c87eb9f5a1e5e5d5262afe9f",
    }
    found = []
    for name in schema.messages():
        if name.startswith(("bank.", "test.")):
            text = wire_text(schema, name)
            value = hashlib.sha256(text.encode()).hexdigest()
            assert known.get(name.removeprefix("bank.risk.v1."), value) == value, (name, text)
            found.append({"type": name, "wireText": text, "wireFingerprint": value})
    return found


def build(schema: Schema, example: bytes) -> dict[str, str]:
    assert check(schema, "bank.risk.v1.AssessRequest", example, "strict").accepted
    lists = {
        "sealed": records(example),
        "commitments": commitments(),
        "fingerprints": fingerprints(schema),
    }
    return {
        f"{name}.json": "[\n" + ",\n".join(json.dumps(item) for item in items) + "\n]\n"
        for name, items in lists.items()
    }
