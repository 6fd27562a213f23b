"""Reads the details of an error on both faces with Google's own types (googleapis-common-protos)."""

import base64
import json
import subprocess
import sys

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from stubs import Checks, channel, stubs

TYPES = [error_details_pb2.ErrorInfo, error_details_pb2.RetryInfo, error_details_pb2.BadRequest]


def check_details(checks, face, error_info, retry_info, bad_request):
    checks(f"{face}: reason", error_info.reason == "NOT_TODAY")
    checks(f"{face}: domain", error_info.domain == "assay")
    checks(f"{face}: delay", retry_info.retry_delay.ToTimedelta().total_seconds() == 1.5)
    found = [(v.field, v.description) for v in bad_request.field_violations]
    checks(f"{face}: violations", found == [("/payload", "is wrong: ü"), ("/other", "too")])


def on_grpc(checks, messages, services, target):
    stub = services.EchoStub(channel(target))
    try:
        stub.Say(messages.EchoMessage(payload=b"x"))
        checks("grpc: fails", False)
    except grpc.RpcError as error:
        status = rpc_status.from_call(error)
        checks("grpc: code", status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0])
        checks("grpc: message", status.message == error.details())
        details = []
        for kind, packed in zip(TYPES, status.details):
            detail = kind()
            checks(f"grpc: {kind.DESCRIPTOR.name}", packed.Unpack(detail))
            details.append(detail)
        check_details(checks, "grpc", *details)


def on_json(checks, target):
    command = ["curl", "--silent", "--http2-prior-knowledge", "--include", "--data", '{"payload":"eA=="}']
    command += ["--header", "content-type: application/json", f"http://{target}/bench.v1.Echo/Say"]
    head, _, body = subprocess.run(command, capture_output=True, check=True).stdout.partition(b"\r\n\r\n")
    checks("json: status", head.split()[1] == b"400")
    checks("json: retry-after", b"retry-after: 2" in head)
    error = json.loads(body)
    checks("json: code", error["code"] == "invalid_argument")
    details = []
    for kind, packed in zip(TYPES, error["details"]):
        checks("json: type", packed["type"] == kind.DESCRIPTOR.full_name)
        value = packed["value"]
        details.append(kind.FromString(base64.b64decode(value + "=" * (-len(value) % 4))))
    check_details(checks, "json", *details)


def main():
    messages, services = stubs(sys.argv[1])
    checks = Checks()
    on_grpc(checks, messages, services, sys.argv[2])
    on_json(checks, sys.argv[2])
    checks.finish()


main()
