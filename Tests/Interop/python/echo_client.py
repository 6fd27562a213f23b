"""Calls bench.v1.Echo through grpcio and stubs made from the emitted .proto.

    echo_client.py PROTO_DIRECTORY HOST:PORT

Prints one line per check; exits with 1 if one fails.
"""

import os
import sys

import grpc
from stubs import Checks, channel, status_of, stubs


def main():
    proto_directory, target = sys.argv[1:3]
    bench_pb2, bench_pb2_grpc = stubs(proto_directory)
    check = Checks()

    with channel(target) as connection:
        echo = bench_pb2_grpc.EchoStub(connection)

        def say(payload, **options):
            return echo.Say(bench_pb2.EchoMessage(payload=payload), timeout=5, **options).payload

        check("empty_unary", say(b"") == b"")
        check("small_unary", say(b"hello") == b"hello")
        large = os.urandom(271828)
        check("large_unary", say(large) == large)
        metadata = (("x-text", "value"), ("x-binary-bin", b"\x00\xff\x10"))
        check("custom_metadata", say(b"m", metadata=metadata) == b"m")
        futures = [
            echo.Say.future(bench_pb2.EchoMessage(payload=str(index).encode()), timeout=20)
            for index in range(1000)
        ]
        check(
            "a thousand calls at once",
            all(future.result().payload == str(index).encode() for index, future in enumerate(futures)),
        )
        unknown_method = connection.unary_unary("/bench.v1.Echo/Nothing")
        check("unimplemented_method", status_of(lambda: unknown_method(b"", timeout=5)) == grpc.StatusCode.UNIMPLEMENTED)
        unknown_service = connection.unary_unary("/no.Service/Say")
        check("unimplemented_service", status_of(lambda: unknown_service(b"", timeout=5)) == grpc.StatusCode.UNIMPLEMENTED)
        raw = connection.unary_unary("/bench.v1.Echo/Say")
        check("random bytes are INTERNAL", status_of(lambda: raw(b"\xff" * 40, timeout=5)) == grpc.StatusCode.INTERNAL)
        too_large = bytes(2 << 20)
        check("a message over the limit is RESOURCE_EXHAUSTED", status_of(lambda: say(too_large)) == grpc.StatusCode.RESOURCE_EXHAUSTED)
        check("the channel still works", say(b"again") == b"again")
    check.finish()


if __name__ == "__main__":
    main()
