"""The official types of the foreign protocols, from PyPI: the oracle for our schemas of them."""

import os

# The default build of protobuf writes map entries in an order of its own; pure Python sorts keys.
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: E402
from grpc_health.v1 import health_pb2  # noqa: E402
from grpc_reflection.v1alpha import reflection_pb2  # noqa: E402
from open_inference.grpc import protocol as inference_pb2  # noqa: E402
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2  # noqa: E402
from opentelemetry.proto.common.v1 import common_pb2  # noqa: E402
from opentelemetry.proto.resource.v1 import resource_pb2  # noqa: E402
from opentelemetry.proto.trace.v1 import trace_pb2  # noqa: E402

_MODULES = [
    health_pb2,
    reflection_pb2,
    inference_pb2,
    common_pb2,
    resource_pb2,
    trace_pb2,
    trace_service_pb2,
]

# Fields that the PyPI package of Open Inference has as proto3 `optional`; the specification's own
# open_inference_grpc.proto has them without.
OPTIONAL_IN_PYPI = {
    "inference.ModelReadyRequest.version",
    "inference.ModelMetadataRequest.version",
    "inference.ModelInferRequest.model_version",
}


def _proto(descriptor):
    result = descriptor_pb2.FileDescriptorProto()
    descriptor.CopyToProto(result)
    return result


def _reflection_v1(alpha):
    """Reflection v1 is v1alpha under another name; PyPI has only the latter."""
    data = alpha.SerializeToString()
    for name in [b"grpc.reflection.v1alpha", b"grpc_reflection/v1alpha"]:
        assert name in data
    copy = descriptor_pb2.FileDescriptorProto()
    copy.CopyFrom(alpha)
    copy.name = "grpc/reflection/v1/reflection.proto"
    copy.package = "grpc.reflection.v1"

    def rename(name):
        return name.replace(".grpc.reflection.v1alpha.", ".grpc.reflection.v1.")

    for message in copy.message_type:
        for field in message.field:
            field.type_name = rename(field.type_name)
    for method in copy.service[0].method:
        method.input_type = rename(method.input_type)
        method.output_type = rename(method.output_type)
    return copy


def files():
    """FileDescriptorProtos by package, each after those that it imports."""
    protos = [_proto(module.DESCRIPTOR) for module in _MODULES]
    alpha = next(p for p in protos if p.package == "grpc.reflection.v1alpha")
    return {p.package: p for p in protos + [_reflection_v1(alpha)]}


def message_classes():
    """Classes of all messages by their full names, those of map entries left out."""
    pool = descriptor_pool.DescriptorPool()
    for proto in files().values():
        pool.Add(proto)
    classes = {}

    def add(descriptor):
        if descriptor.GetOptions().map_entry:
            return
        classes[descriptor.full_name] = message_factory.GetMessageClass(descriptor)
        for nested in descriptor.nested_types:
            add(nested)

    for proto in files().values():
        for message in pool.FindFileByName(proto.name).message_types_by_name.values():
            add(message)
    return classes
