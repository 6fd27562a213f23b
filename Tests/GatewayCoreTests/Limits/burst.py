"""Sends a burst of calls as grpcio does and prints, as JSON, how each ended.

usage: burst.py TARGET PATH KEY COUNT
"""

import json
import sys

import grpc
from google.rpc import error_details_pb2, status_pb2


def details(call):
    """Reason and retry delay (seconds) of a google.rpc.Status in the trailers."""
    found = {}
    for key, value in call.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            for detail in status.details:
                retry = error_details_pb2.RetryInfo()
                if detail.Unpack(retry):
                    found["retry_delay"] = retry.retry_delay.ToTimedelta().total_seconds()
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info):
                    found["reason"] = info.reason
        else:
            found[key] = value
    return found


def main():
    target, path, key, count = sys.argv[1:]
    # Retries would hide what the server said.
    channel = grpc.insecure_channel(target, options=[("grpc.enable_retries", 0)])
    call = channel.unary_unary(path)
    futures = [
        call.future(b"", timeout=20, metadata=[("x-api-key", key)]) for _ in range(int(count))
    ]
    for future in futures:
        code = future.code()
        print(json.dumps({"code": code.name, **details(future)}))


main()
