"""Stubs of grpc.testing, made from the emitted .proto, and what the interop scripts share."""

import os
import sys
import tempfile
import threading
import time

from grpc_tools import protoc

PROTOS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Protos", "grpc", "testing")


def stubs():
    # The file by its bare name: `grpc` is the package of grpcio itself.
    output = tempfile.mkdtemp()
    arguments = ["protoc", f"-I{PROTOS}", f"--python_out={output}", f"--grpc_python_out={output}", "test.proto"]
    if protoc.main(arguments) != 0:
        sys.exit("the .proto does not compile")
    sys.path.insert(0, output)
    import test_pb2
    import test_pb2_grpc

    return test_pb2, test_pb2_grpc


def end_with_parent():
    """Ends this process when the one that started it has ended."""
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
