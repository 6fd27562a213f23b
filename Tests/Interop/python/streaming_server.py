"""Serves bench.v1 with grpcio, for clients of ours.

    streaming_server.py PROTO_DIRECTORY [CERTIFICATE.pem KEY.pem]

Prints "ready PORT" and serves until it is killed. A payload that begins with "fail" ends its call with
FAILED_PRECONDITION; one that begins with "sleep" is never answered.
"""

import sys
import threading
from concurrent import futures

import grpc
from stubs import stubs


def main():
    bench_pb2, bench_pb2_grpc = stubs(sys.argv[1])

    def obey(request, context):
        if request.payload.startswith(b"fail"):
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "as asked: \u00fc")
        if request.payload.startswith(b"sleep"):
            ended = threading.Event()
            context.add_callback(ended.set)
            ended.wait(30)

    class Echo(bench_pb2_grpc.EchoServicer):
        def Say(self, request, context):
            obey(request, context)
            return request

    class Streaming(bench_pb2_grpc.StreamingServicer):
        def Replay(self, request, context):
            for _ in range(request.count):
                yield bench_pb2.EchoMessage(payload=request.payload)
            obey(request, context)

        def Collect(self, requests, context):
            summary = bench_pb2.CollectSummary()
            for request in requests:
                if request.payload.startswith(b"stop"):
                    return summary
                obey(request, context)
                summary.messages += 1
                summary.bytes += len(request.payload)
            return summary

        def Converse(self, requests, context):
            for request in requests:
                obey(request, context)
                yield request

    server = grpc.server(futures.ThreadPoolExecutor(max_workers=64))
    bench_pb2_grpc.add_EchoServicer_to_server(Echo(), server)
    bench_pb2_grpc.add_StreamingServicer_to_server(Streaming(), server)
    if len(sys.argv) > 2:
        with open(sys.argv[2], "rb") as certificate, open(sys.argv[3], "rb") as key:
            credentials = grpc.ssl_server_credentials([(key.read(), certificate.read())])
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"ready {port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
