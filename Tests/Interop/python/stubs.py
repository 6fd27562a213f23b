"""Stubs of bench.v1, made from the emitted .proto, and the channels and checks that the scripts share."""

import os
import sys
import tempfile

import grpc
from grpc_tools import protoc


def stubs(proto_directory):
    output = tempfile.mkdtemp()
    arguments = ["protoc", f"-I{proto_directory}", f"--python_out={output}", f"--grpc_python_out={output}"]
    if protoc.main(arguments + [os.path.join(proto_directory, "bench/v1/bench.proto")]) != 0:
        sys.exit("the .proto does not compile")
    sys.path.insert(0, output)
    from bench.v1 import bench_pb2, bench_pb2_grpc

    return bench_pb2, bench_pb2_grpc


def channel(target, authority=None):
    """A channel; over TLS if the file of an authority's certificate is given."""
    options = [("grpc.max_receive_message_length", -1)]
    if authority is None:
        return grpc.insecure_channel(target, options=options)
    with open(authority, "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    return grpc.secure_channel(target, credentials, options=options)


def status_of(call):
    try:
        call()
        return grpc.StatusCode.OK
    except grpc.RpcError as error:
        return error.code()


class Checks:
    """Prints one line per check; `finish` exits with 1 if one failed."""

    def __init__(self):
        self.failed = []

    def __call__(self, name, holds):
        print(("ok    " if holds else "FAIL  ") + name, flush=True)
        if not holds:
            self.failed.append(name)

    def finish(self):
        sys.exit(1 if self.failed else 0)
