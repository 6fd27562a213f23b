"""Serves the services of grpc.testing, health and reflection with grpcio.

Prints "ready PORT" and serves until it or the process that started it ends. With --tap it can tell
whether requests came compressed.
"""

import argparse
import sys
import time
from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from interop_stubs import end_with_parent, stubs
from tap import Tap, server_tls

test_pb2, test_pb2_grpc = stubs()

HEADER = "x-grpc-test-echo-initial"
TRAILER = "x-grpc-test-echo-trailing-bin"
CODES = {code.value[0]: code for code in grpc.StatusCode}


def echo_metadata(context):
    metadata = dict(context.invocation_metadata())
    if HEADER in metadata:
        context.send_initial_metadata(((HEADER, metadata[HEADER]),))
    if TRAILER in metadata:
        context.set_trailing_metadata(((TRAILER, metadata[TRAILER]),))


def obey(request, context):
    if request.HasField("response_status") and request.response_status.code != 0:
        code = CODES.get(request.response_status.code, grpc.StatusCode.UNKNOWN)
        context.abort(code, request.response_status.message)


def payload(size):
    return test_pb2.Payload(body=bytes(size))


class TestService(test_pb2_grpc.TestServiceServicer):
    # UnimplementedCall is left to the base class, which answers UNIMPLEMENTED.

    def __init__(self):
        self.tap = None

    def expect(self, request, index, context):
        """Whether the request came compressed, if it says how it ought to come."""
        if not request.HasField("expect_compressed"):
            return
        if self.tap is None:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "start the server with --tap")
        if bool(self.tap.requests.newest[index]) != request.expect_compressed.value:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the request is not compressed as it says")

    def EmptyCall(self, request, context):
        echo_metadata(context)
        return test_pb2.Empty()

    def UnaryCall(self, request, context):
        echo_metadata(context)
        self.expect(request, 0, context)
        obey(request, context)
        if request.HasField("response_compressed") and request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        return test_pb2.SimpleResponse(payload=payload(request.response_size))

    CacheableUnaryCall = UnaryCall

    def answers(self, request, context):
        obey(request, context)
        for parameters in request.response_parameters:
            time.sleep(parameters.interval_us / 1e6)
            if not (parameters.HasField("compressed") and parameters.compressed.value):
                context.disable_next_message_compression()
            yield test_pb2.StreamingOutputCallResponse(payload=payload(parameters.size))

    def StreamingOutputCall(self, request, context):
        if any(parameters.compressed.value for parameters in request.response_parameters):
            context.set_compression(grpc.Compression.Gzip)
        echo_metadata(context)
        yield from self.answers(request, context)

    def StreamingInputCall(self, requests, context):
        echo_metadata(context)
        total = 0
        for index, request in enumerate(requests):
            self.expect(request, index, context)
            total += len(request.payload.body)
        return test_pb2.StreamingInputCallResponse(aggregated_payload_size=total)

    def FullDuplexCall(self, requests, context):
        echo_metadata(context)
        for request in requests:
            yield from self.answers(request, context)

    def HalfDuplexCall(self, requests, context):
        echo_metadata(context)
        for request in list(requests):
            yield from self.answers(request, context)


class HealthControl(test_pb2_grpc.XdsUpdateHealthServiceServicer):
    def __init__(self, servicer):
        self.servicer = servicer

    def SetServing(self, request, context):
        self.servicer.set("grpc.testing.TestService", health_pb2.HealthCheckResponse.SERVING)
        return test_pb2.Empty()

    def SetNotServing(self, request, context):
        self.servicer.set("grpc.testing.TestService", health_pb2.HealthCheckResponse.NOT_SERVING)
        return test_pb2.Empty()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--use_tls", action="store_true")
    parser.add_argument("--tls_cert_file")
    parser.add_argument("--tls_key_file")
    parser.add_argument("--tap", action="store_true")
    parser.add_argument("--max_connection_age_ms", type=int, help="ends connections of this age with GOAWAY")
    options = parser.parse_args()

    limits = []
    if options.max_connection_age_ms:
        limits = [("grpc.max_connection_age_ms", options.max_connection_age_ms)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=64), options=limits)
    service = TestService()
    test_pb2_grpc.add_TestServiceServicer_to_server(service, server)
    # With a thread for each watcher. Without, a watcher that leaves while a status changes can stop
    # grpcio's one serving thread for ever, at the servicer's lock.
    servicer = health.HealthServicer(experimental_non_blocking=False)
    names = ["", "grpc.testing.TestService", "grpc.testing.XdsUpdateHealthService"]
    for name in names:
        servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    test_pb2_grpc.add_XdsUpdateHealthServiceServicer_to_server(HealthControl(servicer), server)
    reflection.enable_server_reflection(names[1:] + [reflection.SERVICE_NAME, health.SERVICE_NAME], server)

    if options.tap:
        own = server.add_insecure_port("127.0.0.1:0")
        tls = server_tls(options.tls_cert_file, options.tls_key_file) if options.use_tls else None
        service.tap = Tap(("127.0.0.1", own), listen_tls=tls)
        port = service.tap.port
    elif options.use_tls:
        with open(options.tls_cert_file, "rb") as certificate, open(options.tls_key_file, "rb") as key:
            credentials = grpc.ssl_server_credentials([(key.read(), certificate.read())])
        port = server.add_secure_port(f"127.0.0.1:{options.port}", credentials)
    else:
        port = server.add_insecure_port(f"127.0.0.1:{options.port}")
    server.start()
    end_with_parent()
    print(f"ready {port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    sys.exit(main())
