"""What grpcio does at the gateway's limits, as one line of JSON per group of calls.

    limits.py burst   TARGET CA KEY PATH COUNT    COUNT calls at once; then one after the longest wait told
    limits.py retries TARGET CA KEY PATH COUNT    COUNT calls of a client that is told to try again
"""

import collections
import json
import sys
import time

import grpc
from google.rpc import error_details_pb2, status_pb2

RETRIES = {
    "methodConfig": [{
        "name": [{}],
        "retryPolicy": {
            "maxAttempts": 4, "initialBackoff": "0.02s", "maxBackoff": "0.1s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": ["RESOURCE_EXHAUSTED", "UNAVAILABLE"],
        },
    }],
    # Failures beyond a few stop the retries until calls succeed again.
    "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
}


def waits(call):
    """Seconds to wait by what a refusal says: RetryInfo, and the pushback."""
    found = {}
    for key, value in call.trailing_metadata() or ():
        if key == "grpc-retry-pushback-ms":
            found["pushback"] = int(value) / 1000
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            for detail in status.details:
                retry = error_details_pb2.RetryInfo()
                if detail.Unpack(retry):
                    found["delay"] = retry.retry_delay.ToTimedelta().total_seconds()
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info):
                    found["reason"] = info.reason
    return found


def open_channel(target, authorities, options):
    with open(authorities, "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    channel = grpc.secure_channel(target, credentials, options=options)
    grpc.channel_ready_future(channel).result(timeout=30)
    return channel


def burst(target, authorities, key, path, count):
    # Retries would hide what the server said.
    channel = open_channel(target, authorities, [("grpc.enable_retries", 0)])
    call = channel.unary_unary(path)
    metadata = [("x-api-key", key)]
    start = time.monotonic()
    futures = [call.future(b"", timeout=20, metadata=metadata) for _ in range(count)]
    codes = collections.Counter(future.code().name for future in futures)
    seconds = time.monotonic() - start
    refused = [waits(f) for f in futures if f.code() == grpc.StatusCode.RESOURCE_EXHAUSTED]
    after = ""
    if refused:
        time.sleep(max(max(w["delay"], w["pushback"]) for w in refused))
        later = call.future(b"", timeout=20, metadata=metadata)
        after = later.code().name
    print(json.dumps({
        "codes": codes, "seconds": seconds, "after": after,
        "reasons": collections.Counter(w.get("reason", "") for w in refused),
        "shortest": min((w["delay"] for w in refused), default=0),
        "longest": max((w["delay"] for w in refused), default=0),
        "pushback": max((w["pushback"] for w in refused), default=0),
    }))


def retries(target, authorities, key, path, count):
    channel = open_channel(
        target, authorities, [("grpc.service_config", json.dumps(RETRIES))])
    call = channel.unary_unary(path)
    codes = collections.Counter()
    for _ in range(count // 20):
        futures = [
            call.future(b"", timeout=20, metadata=[("x-api-key", key)]) for _ in range(20)]
        codes.update(future.code().name for future in futures)
    print(json.dumps({"codes": codes}))


def main():
    what, target, authorities, key, path, count = sys.argv[1:]
    {"burst": burst, "retries": retries}[what](target, authorities, key, path, int(count))


main()
