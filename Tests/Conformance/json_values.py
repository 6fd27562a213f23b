"""A value as JSON, by the mapping of wire.md sections 4 and 12, and a comparison of such texts."""

from __future__ import annotations

import base64
import json
import re
import struct
import uuid

from schema_model import VALUE_TYPES, Schema


def to_json(schema: Schema, name: str, value: dict) -> str:
    """The text that our JSON writer gives, up to the spelling of floats and durations."""
    if name in VALUE_TYPES:
        return value_type(name, value)
    parts = []
    for field in schema.types[name].fields:
        if field.number in value:
            content = value[field.number]
        elif field.shape in ("implicit", "list", "map"):
            content = None
        else:
            continue
        if field.shape == "list":
            items = (one(schema, field.type, item) for item in content or [])
            text = f"[{','.join(items)}]"
        elif field.shape == "map":
            pairs = (
                f"{key_text(field.key, k)}:{one(schema, field.type, v)}" for k, v in content or []
            )
            text = f"{{{','.join(pairs)}}}"
        else:
            text = one(schema, field.type, content)
        parts.append(f"{quoted(field.json)}:{text}")
    return f"{{{','.join(parts)}}}"


def one(schema: Schema, type: str, content) -> str:
    """One value; None is the zero of its type."""
    if schema.is_message(type):
        return to_json(schema, type, content)
    if schema.is_enum(type):
        name = schema.types[type].json_name(content or 0)
        return str(content) if name is None else quoted(name)
    if type == "bool":
        return "true" if content else "false"
    if type in ("float", "double"):
        return float_text(content or bytes(4 if type == "float" else 8))
    if type == "string":
        return quoted((content or b"").decode())
    if type == "bytes":
        return quoted(base64.b64encode(content or b"").decode())
    if type == "uuid":
        return quoted(str(uuid.UUID(bytes=content or bytes(16))))
    text = str(content or 0)
    return quoted(text) if type.endswith("64") else text


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def key_text(type: str, key) -> str:
    if type == "string":
        return quoted(key.decode())
    return quoted(("false", "true")[key] if type == "bool" else str(key))


def float_text(raw: bytes) -> str:
    number = struct.unpack("<f" if len(raw) == 4 else "<d", raw)[0]
    if number != number:
        return '"NaN"'
    if number in (float("inf"), float("-inf")):
        return '"Infinity"' if number > 0 else '"-Infinity"'
    if len(raw) == 8:
        return repr(number)
    texts = (f"{number:.{digits}g}" for digits in range(1, 10))
    return next(t for t in texts if same_float(float(t), raw))


def same_float(number: float, raw: bytes) -> bool:
    try:
        return struct.pack("<f", number) == raw
    except OverflowError:
        return False


def value_type(name: str, value: dict) -> str:
    if name == "decimal":
        return quoted(decimal_text(value.get(1, 0), value.get(2, 0)))
    if name == "money":
        amount = decimal_text(value.get(2, 0), value.get(3, 0))
        return f'{{"currency":{quoted(value[1].decode())},"amount":{quoted(amount)}}}'
    if name == "date":
        return quoted(date_text(value.get(1, 0)))
    seconds, nanos = value.get(1, 0), value.get(2, 0)
    fraction = f".{abs(nanos):09d}" if nanos else ""
    while fraction.endswith("000"):
        fraction = fraction[:-3]
    if name == "duration":
        sign = "-" if seconds < 0 or nanos < 0 else ""
        return quoted(f"{sign}{abs(seconds)}{fraction}s")
    days, second = divmod(seconds, 86_400)
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return quoted(f"{date_text(days)}T{clock}{fraction}Z")


def decimal_text(coefficient: int, scale: int) -> str:
    digits = str(abs(coefficient)).rjust(scale + 1, "0")
    text = f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits
    return f"-{text}" if coefficient < 0 else text


def date_text(days: int) -> str:
    """Days since 1970-01-01 in the Gregorian calendar, by eras of 400 years."""
    era, day = divmod(days + 719_468, 146_097)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5 - 1
    month += 3 if month < 10 else -9
    return f"{year + era * 400 + (month <= 2):04d}-{month:02d}-{day:02d}"


# Comparison ---------------------------------------------------------------------------------------


def same_text(left: str, right: str) -> bool:
    """Equal but for how a number is spelled and how many zeros end a duration. White space, the
    order of keys and everything inside strings count."""
    return left == right or tokens(left) == tokens(right)


TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^"{}\[\]:,]+')


def tokens(text: str) -> list[str]:
    return [token_value(token) for token in TOKEN.findall(text)]


def token_value(token: str) -> str:
    if token[0] == '"':
        body = json.loads(token)
        if re.fullmatch(r"-?[0-9]+\.[0-9]+s", body):
            body = body.rstrip("s").rstrip("0").rstrip(".") + "s"
        return '"' + body
    try:
        return repr(float(token))
    except ValueError:
        return token
