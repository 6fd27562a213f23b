"""Runs the interoperability cases against a server with grpcio.

Prints "ok NAME" or "FAIL NAME: why" for each case; exits with 1 if one fails.
"""

import argparse
import os
import sys
import threading
import time
import traceback

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from interop_stubs import stubs
from tap import Tap, client_tls

test_pb2, test_pb2_grpc = stubs()

HEADER = "x-grpc-test-echo-initial"
TRAILER = "x-grpc-test-echo-trailing-bin"
PINGS = ((31415, 27182), (9, 8), (2653, 1828), (58979, 45904))
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
TIMEOUT = 60


def payload(size):
    return test_pb2.Payload(body=bytes(size))


def asking(sizes, size=None):
    request = test_pb2.StreamingOutputCallRequest(
        response_parameters=[test_pb2.ResponseParameters(size=size) for size in sizes]
    )
    if size is not None:
        request.payload.CopyFrom(payload(size))
    return request


def large(**options):
    return test_pb2.SimpleRequest(response_size=314159, payload=payload(271828), **options)


def equal(found, due, what):
    if found != due:
        raise AssertionError(f"{what}: {found!r:.200} instead of {due!r:.200}")


def expect(code, call):
    try:
        call()
    except grpc.RpcError as error:
        equal(error.code(), code, "the code")
        return error
    raise AssertionError(f"success instead of {code}")


class Requests:
    """Requests that are written when the test says so."""

    def __init__(self):
        self.condition = threading.Condition()
        self.values = []
        self.finished = False

    def __iter__(self):
        return self

    def __next__(self):
        with self.condition:
            self.condition.wait_for(lambda: self.values or self.finished)
            if self.values:
                return self.values.pop(0)
            raise StopIteration

    def write(self, value):
        with self.condition:
            self.values.append(value)
            self.condition.notify()

    def finish(self):
        with self.condition:
            self.finished = True
            self.condition.notify()


class Cases:
    def __init__(self, options):
        self.options = options
        self.channel = self.connect()
        self.service = test_pb2_grpc.TestServiceStub(self.channel)

    def connect(self):
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_metadata_size", 16 << 10)]
        target = f"{self.options.server_host}:{self.options.server_port}"
        if not self.options.use_tls:
            return grpc.insecure_channel(target, options=options)
        if self.options.server_host_override:
            options.append(("grpc.ssl_target_name_override", self.options.server_host_override))
        with open(self.options.ca_file, "rb") as file:
            return grpc.secure_channel(target, grpc.ssl_channel_credentials(file.read()), options=options)

    def tapped(self):
        """A channel that shows which messages are compressed."""
        tls = client_tls(self.options.ca_file) if self.options.use_tls else None
        name = self.options.server_host_override or self.options.server_host
        tap = Tap((self.options.server_host, int(self.options.server_port)), target_tls=tls, server_name=name)
        scheme = ("grpc.http2_scheme", "https" if tls else "http")
        return tap, grpc.insecure_channel(f"127.0.0.1:{tap.port}", options=[scheme])

    # Messages.

    def empty_unary(self):
        equal(self.service.EmptyCall(test_pb2.Empty(), timeout=TIMEOUT), test_pb2.Empty(), "the reply")

    def large_unary(self):
        equal(self.service.UnaryCall(large(), timeout=TIMEOUT).payload, payload(314159), "the payload")

    def client_streaming(self):
        requests = [test_pb2.StreamingInputCallRequest(payload=payload(size)) for size in (27182, 8, 1828, 45904)]
        reply = self.service.StreamingInputCall(iter(requests), timeout=TIMEOUT)
        equal(reply.aggregated_payload_size, 74922, "the sum")

    def server_streaming(self):
        sizes = [31415, 9, 2653, 58979]
        replies = self.service.StreamingOutputCall(asking(sizes), timeout=TIMEOUT)
        equal([len(reply.payload.body) for reply in replies], sizes, "the sizes")

    def ping_pong(self):
        requests = Requests()
        replies = self.service.FullDuplexCall(requests, timeout=TIMEOUT)
        for reply, request in PINGS:
            requests.write(asking([reply], request))
            equal(len(next(replies).payload.body), reply, "the size")
        requests.finish()
        equal(list(replies), [], "replies to nothing")

    def empty_stream(self):
        equal(list(self.service.FullDuplexCall(iter(()), timeout=TIMEOUT)), [], "replies to nothing")

    def half_duplex(self):
        requests = [asking([reply], request) for reply, request in PINGS]
        replies = self.service.HalfDuplexCall(iter(requests), timeout=TIMEOUT)
        equal([len(reply.payload.body) for reply in replies], [reply for reply, _ in PINGS], "the sizes")

    # Metadata.

    def echo(self, header, trailer):
        metadata = ((HEADER, header), (TRAILER, trailer))
        _, unary = self.service.UnaryCall.with_call(large(), metadata=metadata, timeout=TIMEOUT)
        stream = self.service.FullDuplexCall(iter([asking([314159], 271828)]), metadata=metadata, timeout=TIMEOUT)
        list(stream)
        for call in (unary, stream):
            equal(dict(call.initial_metadata()).get(HEADER), header, "the header")
            equal(dict(call.trailing_metadata()).get(TRAILER), trailer, "the trailer")

    def custom_metadata(self):
        self.echo("test_initial_metadata_value", b"\xab\xab\xab")

    def large_metadata(self):
        self.echo("m" * (7 << 10), b"\x00\xff\x10")

    # Endings.

    def status(self, message):
        status = test_pb2.EchoStatus(code=2, message=message)
        unary = test_pb2.SimpleRequest(response_status=status)
        stream = test_pb2.StreamingOutputCallRequest(response_status=status)
        for call in (
            lambda: self.service.UnaryCall(unary, timeout=TIMEOUT),
            lambda: list(self.service.FullDuplexCall(iter([stream]), timeout=TIMEOUT)),
        ):
            equal(expect(grpc.StatusCode.UNKNOWN, call).details(), message, "the message")

    def status_code_and_message(self):
        self.status("test status message")

    def special_status_message(self):
        self.status("\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n")

    def unimplemented_method(self):
        call = lambda: self.service.UnimplementedCall(test_pb2.Empty(), timeout=TIMEOUT)
        expect(grpc.StatusCode.UNIMPLEMENTED, call)

    def unimplemented_service(self):
        service = test_pb2_grpc.UnimplementedServiceStub(self.channel)
        call = lambda: service.UnimplementedCall(test_pb2.Empty(), timeout=TIMEOUT)
        expect(grpc.StatusCode.UNIMPLEMENTED, call)

    def cancel_after_begin(self):
        requests = Requests()
        call = self.service.StreamingInputCall.future(requests)
        call.cancel()
        requests.finish()
        equal(call.cancelled(), True, "cancelled")
        equal(call.code(), grpc.StatusCode.CANCELLED, "the code")

    def cancel_after_first_response(self):
        requests = Requests()
        requests.write(asking([31415], 27182))
        call = self.service.FullDuplexCall(requests)
        equal(len(next(call).payload.body), 31415, "the size")
        call.cancel()
        requests.finish()
        expect(grpc.StatusCode.CANCELLED, lambda: next(call))

    def timeout_on_sleeping_server(self):
        requests = Requests()
        requests.write(asking([], 27182))
        call = self.service.FullDuplexCall(requests, timeout=0.001)
        expect(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: next(call))
        requests.finish()

    # Load.

    def concurrent_large_unary(self):
        request = large()
        calls = [self.service.UnaryCall.future(request, timeout=TIMEOUT) for _ in range(1000)]
        for call in calls:
            equal(len(call.result().payload.body), 314159, "the size")

    def flow_control_pushback(self):
        count, size, written = 1000, 64 << 10, 0

        def requests():
            nonlocal written
            for _ in range(count):
                written += 1
                yield asking([size], size)

        # A channel that has carried much opens its windows so wide that all replies fit.
        channel = self.connect()
        call = test_pb2_grpc.TestServiceStub(channel).FullDuplexCall(requests(), timeout=TIMEOUT)
        held, start = 0, time.monotonic()
        since = start
        while time.monotonic() - start < 10 and (held == 0 or time.monotonic() - since < 0.5):
            time.sleep(0.02)
            if held != written:
                held, since = written, time.monotonic()
        if held == count:
            raise AssertionError("all requests left, and no reply was read")
        equal([len(reply.payload.body) for reply in call], [size] * count, "the sizes")
        channel.close()

    def soak(self, call):
        failures = []
        for _ in range(self.options.soak_iterations):
            start = time.monotonic()
            try:
                call()
                if time.monotonic() - start > self.options.soak_per_iteration_max_acceptable_latency_ms / 1e3:
                    failures.append(f"a call took {time.monotonic() - start:.3f} s")
            except Exception as error:
                failures.append(repr(error))
        if len(failures) > self.options.soak_max_failures:
            raise AssertionError(f"{len(failures)} of {self.options.soak_iterations} failed: {failures[:3]}")

    def rpc_soak(self):
        self.soak(self.large_unary)

    def channel_soak(self):
        def call():
            with self.connect() as channel:
                reply = test_pb2_grpc.TestServiceStub(channel).UnaryCall(large(), timeout=TIMEOUT)
                equal(len(reply.payload.body), 314159, "the size")

        self.soak(call)

    # Services about services.

    def health_check(self):
        health = health_pb2_grpc.HealthStub(self.channel)

        def check(name):
            return health.Check(health_pb2.HealthCheckRequest(service=name), timeout=TIMEOUT).status

        for name in ("", "grpc.testing.XdsUpdateHealthService"):
            equal(check(name), SERVING, f"the state of '{name}'")
        expect(grpc.StatusCode.NOT_FOUND, lambda: check("no.Service"))

    def health_watch(self):
        health = health_pb2_grpc.HealthStub(self.channel)
        control = test_pb2_grpc.XdsUpdateHealthServiceStub(self.channel)
        call = health.Watch(health_pb2.HealthCheckRequest(service="grpc.testing.TestService"), timeout=TIMEOUT)
        equal(next(call).status, SERVING, "the state at first")
        control.SetNotServing(test_pb2.Empty(), timeout=TIMEOUT)
        equal(next(call).status, NOT_SERVING, "the next state")
        control.SetServing(test_pb2.Empty(), timeout=TIMEOUT)
        equal(next(call).status, SERVING, "the last state")
        call.cancel()
        call = health.Watch(health_pb2.HealthCheckRequest(service="no.Service"), timeout=TIMEOUT)
        equal(next(call).status, SERVICE_UNKNOWN, "an unknown service")
        call.cancel()

    def reflection(self):
        """As grpcurl does it: a call of a method that is known by reflection alone."""
        database = ProtoReflectionDescriptorDatabase(self.channel)
        services = list(database.get_services())
        if "grpc.testing.TestService" not in services:
            raise AssertionError(f"services: {services}")
        pool = descriptor_pool.DescriptorPool(database)
        method = pool.FindServiceByName("grpc.testing.TestService").FindMethodByName("UnaryCall")
        request_type = message_factory.GetMessageClass(method.input_type)
        reply_type = message_factory.GetMessageClass(method.output_type)
        call = self.channel.unary_unary(
            "/grpc.testing.TestService/UnaryCall", request_type.SerializeToString, reply_type.FromString
        )
        equal(len(call(request_type(response_size=99), timeout=TIMEOUT).payload.body), 99, "the size")
        try:
            pool.FindServiceByName("no.Service")
            raise AssertionError("a service that is not there")
        except KeyError:
            pass

    # Compression.

    def server_compressed_unary(self):
        tap, channel = self.tapped()
        with channel:
            service = test_pb2_grpc.TestServiceStub(channel)
            for compressed in (True, False):
                request = large(response_compressed=test_pb2.BoolValue(value=compressed))
                equal(len(service.UnaryCall(request, timeout=TIMEOUT).payload.body), 314159, "the size")
                equal(tap.replies.newest, [int(compressed)], "the flags")

    def server_compressed_streaming(self):
        tap, channel = self.tapped()
        with channel:
            request = test_pb2.StreamingOutputCallRequest(
                response_parameters=[
                    test_pb2.ResponseParameters(size=size, compressed=test_pb2.BoolValue(value=compressed))
                    for size, compressed in ((31415, True), (92653, False))
                ]
            )
            replies = test_pb2_grpc.TestServiceStub(channel).StreamingOutputCall(request, timeout=TIMEOUT)
            equal([len(reply.payload.body) for reply in replies], [31415, 92653], "the sizes")
            equal(tap.replies.newest, [1, 0], "the flags")

    def client_compressed_unary(self):
        def call(expected, compression):
            request = large(expect_compressed=test_pb2.BoolValue(value=expected))
            return self.service.UnaryCall(request, timeout=TIMEOUT, compression=compression)

        expect(grpc.StatusCode.INVALID_ARGUMENT, lambda: call(True, grpc.Compression.NoCompression))
        for expected, compression in ((True, grpc.Compression.Gzip), (False, grpc.Compression.NoCompression)):
            equal(len(call(expected, compression).payload.body), 314159, "the size")

    def client_compressed_streaming(self):
        """grpcio compresses a whole call or none of it, so there are two calls in place of one."""

        def call(expected, compression):
            request = test_pb2.StreamingInputCallRequest(
                payload=payload(27182), expect_compressed=test_pb2.BoolValue(value=expected)
            )
            return self.service.StreamingInputCall(iter([request, request]), timeout=TIMEOUT, compression=compression)

        expect(grpc.StatusCode.INVALID_ARGUMENT, lambda: call(True, grpc.Compression.NoCompression))
        for expected, compression in ((True, grpc.Compression.Gzip), (False, grpc.Compression.NoCompression)):
            equal(call(expected, compression).aggregated_payload_size, 2 * 27182, "the sum")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server_host", default="127.0.0.1")
    parser.add_argument("--server_port", required=True)
    parser.add_argument("--server_host_override")
    parser.add_argument("--use_tls", action="store_true")
    parser.add_argument("--ca_file")
    parser.add_argument("--test_case", required=True, help="a name, several with commas, or all")
    parser.add_argument("--soak_iterations", type=int, default=10)
    parser.add_argument("--soak_max_failures", type=int, default=0)
    parser.add_argument("--soak_per_iteration_max_acceptable_latency_ms", type=int, default=1000)
    options = parser.parse_args()

    names = options.test_case.split(",")
    if names == ["all"]:
        names = [name for name in vars(Cases) if name not in ("echo", "status", "soak", "tapped", "connect") and name[0] != "_"]
    cases = Cases(options)
    failed = False
    for name in names:
        try:
            getattr(cases, name)()
            print(f"ok {name}", flush=True)
        except Exception as error:
            failed = True
            if not isinstance(error, (AssertionError, grpc.RpcError)):
                traceback.print_exc()
            print(f"FAIL {name}: {str(error) or repr(error)}".replace("\n", " "), flush=True)
    # Threads of the tap and of calls that are being cancelled are not waited for.
    os._exit(failed)


if __name__ == "__main__":
    main()
