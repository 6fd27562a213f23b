"""Random messages of the official types, as pure-Python protobuf writes them.

    messages.py SEED COUNT    prints messages of every type, in lines: type canonical shuffled

The first messages of a type have every field and, by turns, every member of its oneofs; COUNT more
have what chance gives them.

All is hex, "-" for no bytes. `canonical` is protobuf's deterministic encoding; `shuffled` has the
fields of the same message in another order, each oneof member and singular message once.
vectors.txt beside this file is the output of `messages.py 1 1`.
"""

import random
import sys

import official
from google.protobuf.descriptor import FieldDescriptor as F

TEXTS = ["", "a", "tx-7f3a", "Zürich", "e\u0301", "\uffff", "\U00010000", "x" * 130]
KEYS = ["", "a", "ab", "abc", "b", "é", "\uffff", "\U00010000"]


def integer(generator, bits, signed):
    width = generator.choice([1, 7, 8, 14, 21, 31, bits - 1, bits])
    value = generator.getrandbits(width)
    if not signed:
        return value
    value %= 1 << (bits - 1)
    return -value - 1 if generator.random() < 0.4 else value


def scalar(generator, field):
    kind = field.type
    if kind == F.TYPE_BOOL:
        return generator.random() < 0.7
    if kind == F.TYPE_ENUM:
        known = [value.number for value in field.enum_type.values]
        return generator.choice(known + [77, 2**31 - 1])
    if kind in (F.TYPE_STRING,):
        return generator.choice(TEXTS)
    if kind == F.TYPE_BYTES:
        return generator.randbytes(generator.choice([0, 1, 8, 16, 200]))
    if kind == F.TYPE_DOUBLE:
        return generator.choice([0.5, -1.25, 1e300, float("inf"), float("nan"), 5e-324])
    if kind == F.TYPE_FLOAT:
        return generator.choice([0.5, -1.25, 2.0**100, float("-inf"), float("nan")])
    unsigned = kind in (F.TYPE_UINT32, F.TYPE_UINT64, F.TYPE_FIXED32, F.TYPE_FIXED64)
    is_short = kind in (
        F.TYPE_INT32, F.TYPE_UINT32, F.TYPE_SINT32, F.TYPE_FIXED32, F.TYPE_SFIXED32)
    return integer(generator, 32 if is_short else 64, not unsigned)


def fill_field(generator, message, field, depth, is_set=False):
    """Sets a field; with `is_set` to a value that is written, so not to zero."""
    value = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        entry = field.message_type.fields_by_name["value"]
        for key in generator.sample(KEYS, generator.randint(1, 4)):
            if entry.message_type is None:
                value[key] = scalar(generator, entry)
            else:
                fill(generator, value[key], depth + 1)
    elif field.is_repeated:
        for _ in range(generator.choice([1, 2, 3])):
            if field.message_type is None:
                value.append(scalar(generator, field))
            else:
                fill(generator, value.add(), depth + 1)
    elif field.message_type is not None:
        value.SetInParent()
        fill(generator, value, depth + 1)
    else:
        new = scalar(generator, field)
        while is_set and not new:
            new = scalar(generator, field)
        # An explicit empty value is something that our schema, like the specification, has not.
        if new or field.full_name not in official.OPTIONAL_IN_PYPI:
            setattr(message, field.name, new)


def plain_fields(descriptor):
    return [field for field in descriptor.fields if real_oneof(field) is None]


def real_oneof(field):
    oneof = field.containing_oneof
    return None if oneof is None or oneof.name == "_" + field.name else oneof


def real_oneofs(descriptor):
    return [oneof for oneof in descriptor.oneofs if real_oneof(oneof.fields[0]) is not None]


def fill(generator, message, depth=0):
    """Sets some of the fields, and of some oneofs a member."""
    share = 0.7 if depth < 2 else 0.25
    if depth > 6:
        return
    for oneof in real_oneofs(message.DESCRIPTOR):
        if generator.random() < share:
            fill_field(generator, message, generator.choice(oneof.fields), depth)
    for field in plain_fields(message.DESCRIPTOR):
        if generator.random() < share:
            fill_field(generator, message, field, depth)


def fill_all(generator, message, turn):
    """Sets every field, and of each oneof the member whose turn it is."""
    for oneof in real_oneofs(message.DESCRIPTOR):
        fill_field(generator, message, oneof.fields[turn % len(oneof.fields)], 0, is_set=True)
    for field in plain_fields(message.DESCRIPTOR):
        fill_field(generator, message, field, 0, is_set=True)


def shuffled(generator, message):
    """The same message, its fields in another order."""
    parts = []
    for field, value in message.ListFields():
        part = type(message)()
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is None:
                getattr(part, field.name).update(value)
            else:
                getattr(part, field.name).MergeFrom(value)
        elif field.is_repeated:
            getattr(part, field.name).extend(value)
        elif field.message_type is not None:
            getattr(part, field.name).CopyFrom(value)
        else:
            setattr(part, field.name, value)
        parts.append(part.SerializeToString(deterministic=True))
    generator.shuffle(parts)
    return b"".join(parts)


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    for name, cls in sorted(official.message_classes().items()):
        generator = random.Random(f"{seed} {name}")
        turns = max([1] + [len(oneof.fields) for oneof in real_oneofs(cls.DESCRIPTOR)])
        for index in range(turns + count):
            message = cls()
            if index < turns:
                fill_all(generator, message, index)
            else:
                fill(generator, message)
            canonical = message.SerializeToString(deterministic=True)
            other = shuffled(generator, message)
            assert cls.FromString(other).SerializeToString(deterministic=True) == canonical
            print(name, canonical.hex() or "-", other.hex() or "-")


main()
