"""Calls bench.v1.Streaming through grpcio: every kind of stream, and every way to end one.

    streaming_client.py PROTO_DIRECTORY HOST:PORT [AUTHORITY.pem]

Prints one line per check; exits with 1 if one fails.
"""

import itertools
import queue
import sys
import threading

import grpc
from stubs import Checks, channel, status_of, stubs


def main():
    proto_directory, target = sys.argv[1:3]
    authority = sys.argv[3] if len(sys.argv) > 3 else None
    bench_pb2, bench_pb2_grpc = stubs(proto_directory)
    check = Checks()

    def message(size):
        return bench_pb2.EchoMessage(payload=bytes(size))

    with channel(target, authority) as connection:
        streaming = bench_pb2_grpc.StreamingStub(connection)
        check("unary on the same channel", bench_pb2_grpc.EchoStub(connection).Say(message(9), timeout=5) == message(9))

        def replay(count, size, **options):
            return streaming.Replay(bench_pb2.ReplayRequest(payload=bytes(size), count=count), **options)

        sizes = [len(reply.payload) for reply in replay(5000, 100, timeout=30)]
        check("server_streaming", sizes == [100] * 5000)
        check("empty server stream", list(replay(0, 10, timeout=5)) == [])
        check("large messages", [len(reply.payload) for reply in replay(5, 1 << 20, timeout=30)] == [1 << 20] * 5)

        summary = streaming.Collect((message(index % 1000) for index in range(5000)), timeout=30)
        expected = sum(index % 1000 for index in range(5000))
        check("client_streaming", (summary.messages, summary.bytes) == (5000, expected))
        check("empty_stream", streaming.Collect(iter(()), timeout=5).messages == 0)

        replies = list(streaming.Converse((message(index) for index in range(1000)), timeout=30))
        check("bidirectional", [len(reply.payload) for reply in replies] == list(range(1000)))
        check("empty bidirectional", list(streaming.Converse(iter(()), timeout=5)) == [])

        requests = queue.Queue()
        call = streaming.Converse(iter(requests.get, None), timeout=10)
        answers = []
        for size in (27182, 8, 1828, 45904):
            requests.put(message(size))
            answers.append(len(next(call).payload))
        requests.put(None)
        check("ping_pong", answers == [27182, 8, 1828, 45904] and list(call) == [])
        check("status of a stream that ended", call.code() == grpc.StatusCode.OK)

        # Ends from the client's side.
        call = streaming.Converse(iter(queue.Queue().get, None))
        call.cancel()
        check("cancel_after_begin", status_of(lambda: list(call)) == grpc.StatusCode.CANCELLED)
        call = replay(10_000_000, 100)
        next(call)
        call.cancel()
        check("cancel_after_first_response", status_of(lambda: list(call)) == grpc.StatusCode.CANCELLED)
        call = streaming.Converse(iter(queue.Queue().get, None), timeout=0.2)
        check("timeout_on_sleeping_server", status_of(lambda: list(call)) == grpc.StatusCode.DEADLINE_EXCEEDED)

        # Ends from the server's side.
        check("an invalid request", status_of(lambda: list(replay(10_000_001, 1, timeout=5))) == grpc.StatusCode.INVALID_ARGUMENT)
        too_large = (message(size) for size in (10, 2 << 20, 10))
        check("a message over the limit mid-stream", status_of(lambda: list(streaming.Converse(too_large, timeout=10))) == grpc.StatusCode.RESOURCE_EXHAUSTED)
        raw = connection.stream_stream("/bench.v1.Streaming/Converse")
        check("random bytes are INTERNAL", status_of(lambda: list(raw(iter([b"\xff" * 40]), timeout=5))) == grpc.StatusCode.INTERNAL)
        two = connection.stream_stream("/bench.v1.Streaming/Replay")
        check("two requests where one is due", status_of(lambda: list(two(iter([b"", b""]), timeout=5))) == grpc.StatusCode.UNIMPLEMENTED)
        unknown = connection.stream_stream("/bench.v1.Streaming/Nothing")
        check("unimplemented_method", status_of(lambda: list(unknown(iter([b""]), timeout=5))) == grpc.StatusCode.UNIMPLEMENTED)

        # Flow control, both ways at once, and many streams together.
        big = 200
        call = streaming.Converse((message(100_000) for _ in range(big)), timeout=60)
        first = next(call)
        threading.Event().wait(0.2)
        rest = sum(1 for _ in call)
        check("pushback both ways", len(first.payload) == 100_000 and rest == big - 1)
        calls = [replay(200, 500, timeout=60) for _ in range(100)]
        check("a hundred streams at once", all(len(list(call)) == 200 for call in calls))
        interleaved = list(itertools.zip_longest(*[replay(50, 5, timeout=30) for _ in range(20)]))
        check("twenty streams in turn", len(interleaved) == 50)
        check("the channel still works", len(list(replay(3, 3, timeout=5))) == 3)
    check.finish()


if __name__ == "__main__":
    main()
