"""Calls a platform through its gateways as grpcio does, one call after the other, until SIGTERM
comes; then prints, as JSON, how many were answered and what became of the others.

Nothing is repeated but what gRPC repeats by itself: calls that certainly never ran.

usage: foreign_load.py TARGETS CERTIFICATES KEY PATH=HEX...
"""

import collections
import json
import signal
import sys
import threading

import grpc

targets, authorities, key, *calls = sys.argv[1:]
credentials = grpc.ssl_channel_credentials(open(authorities, "rb").read())
policy = json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})
channel = grpc.secure_channel(
    "ipv4:" + targets,
    credentials,
    options=[
        ("grpc.ssl_target_name_override", "localhost"),
        ("grpc.default_authority", "localhost"),
        ("grpc.service_config", policy),
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 1000),
    ],
)
answered = 0
failures = collections.Counter()
stopped = threading.Event()
lock = threading.Lock()


def work(path, request):
    global answered
    call = channel.unary_unary(path)
    while not stopped.is_set():
        try:
            call(request, timeout=20, metadata=[("x-api-key", key)])
            with lock:
                answered += 1
        except grpc.RpcError as error:
            with lock:
                failures[f"{path}: {error.code().name}: {error.details()}"] += 1
        stopped.wait(0.01)


threads = []
for argument in calls:
    path, _, request = argument.partition("=")
    threads.append(threading.Thread(target=work, args=(path, bytes.fromhex(request))))
for thread in threads:
    thread.start()
signal.signal(signal.SIGTERM, lambda *_: stopped.set())
# A parent with many threads may have had it blocked.
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
print("started", flush=True)
stopped.wait()
for thread in threads:
    thread.join()
print(json.dumps({"answered": answered, "failures": failures}), flush=True)
