"""Compares our descriptors of the foreign protocols with the official ones.

    structure.py SET    SET: a FileDescriptorSet, as `schemac compile --descriptors` writes it

Prints every difference and fails if there is one. Left out is what is no part of the protocol:
options for other languages, JSON names where they are the usual ones, and the order of
declarations. File names are compared too: ours are those of the official repositories.
"""

import sys

import official
from google.protobuf import descriptor_pb2

FILES = {
    "grpc.health.v1": "grpc/health/v1/health.proto",
    "grpc.reflection.v1": "grpc/reflection/v1/reflection.proto",
    "grpc.reflection.v1alpha": "grpc/reflection/v1alpha/reflection.proto",
    "inference": "open_inference_grpc.proto",
    "opentelemetry.proto.common.v1": "opentelemetry/proto/common/v1/common.proto",
    "opentelemetry.proto.resource.v1": "opentelemetry/proto/resource/v1/resource.proto",
    "opentelemetry.proto.trace.v1": "opentelemetry/proto/trace/v1/trace.proto",
    "opentelemetry.proto.collector.trace.v1":
        "opentelemetry/proto/collector/trace/v1/trace_service.proto",
}


def usual_json_name(name):
    head, *rest = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


def message_facts(message, scope, facts):
    name = f"{scope}.{message.name}"
    facts[name] = ("message", message.options.map_entry)
    oneofs = [oneof.name for oneof in message.oneof_decl]
    for field in message.field:
        full_name = f"{name}.{field.name}"
        in_oneof = field.HasField("oneof_index") and not field.proto3_optional
        is_optional = field.proto3_optional and full_name not in official.OPTIONAL_IN_PYPI
        facts[full_name] = (
            "field",
            field.number,
            field.Label.Name(field.label),
            field.Type.Name(field.type),
            field.type_name,
            oneofs[field.oneof_index] if in_oneof else None,
            is_optional,
            field.json_name or usual_json_name(field.name),
            field.options.deprecated,
        )
    for reserved in message.reserved_range:
        facts[f"{name} reserved {reserved.start}"] = reserved.end
    for reserved in message.reserved_name:
        facts[f"{name} reserved {reserved}"] = True
    for nested in message.nested_type:
        message_facts(nested, name, facts)
    for nested in message.enum_type:
        enum_facts(nested, name, facts)


def enum_facts(enum, scope, facts):
    name = f"{scope}.{enum.name}"
    facts[name] = ("enum",)
    for value in enum.value:
        facts[f"{name}/{value.name}"] = (value.number, value.options.deprecated)
    for reserved in enum.reserved_range:
        facts[f"{name} reserved {reserved.start}"] = reserved.end


def file_facts(file):
    facts = {"syntax": file.syntax}
    for message in file.message_type:
        message_facts(message, file.package, facts)
    for enum in file.enum_type:
        enum_facts(enum, file.package, facts)
    for service in file.service:
        name = f"{file.package}.{service.name}"
        facts[name] = ("service",)
        for method in service.method:
            facts[f"{name}/{method.name}"] = (
                method.input_type,
                method.output_type,
                method.client_streaming,
                method.server_streaming,
            )
    return facts


def main():
    ours = descriptor_pb2.FileDescriptorSet()
    with open(sys.argv[1], "rb") as file:
        ours.ParseFromString(file.read())
    ours = {file.package: file for file in ours.file}
    count = 0
    differences = []
    for package, theirs in official.files().items():
        if package not in ours:
            differences.append(f"{package}: missing")
            continue
        if ours[package].name != FILES[package]:
            differences.append(f"{package}: {ours[package].name}, not {FILES[package]}")
        our_facts, their_facts = file_facts(ours[package]), file_facts(theirs)
        count += len(their_facts)
        for name in sorted(our_facts.keys() | their_facts.keys()):
            our, their = our_facts.get(name), their_facts.get(name)
            if our != their:
                differences.append(f"{name}: ours {our}, official {their}")
    print(f"{count} facts of {len(FILES)} files, {len(differences)} differences")
    print("\n".join(differences), end="")
    sys.exit(1 if differences else 0)


main()
