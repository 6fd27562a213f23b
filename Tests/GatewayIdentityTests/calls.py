"""Sends one call per line of standard input, a bearer token or "-" for none, and prints how many got
which status and reason. HTTP/1.1 on THREADS connections that stay open. The method has more time than
a call waits for an issuer's keys, so that no deadline takes the place of the answer. Who is refused because
the gateway is busy comes again when it is told to.

    calls.py PORT AUTHORITIES THREADS [CERTIFICATE KEY]
"""

import collections
import http.client
import queue
import re
import ssl
import sys
import threading
import time

port, authorities, threads = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
context = ssl.create_default_context(cafile=authorities)
context.set_alpn_protocols(["http/1.1"])
if len(sys.argv) > 4:
    context.load_cert_chain(sys.argv[4], sys.argv[5])
tokens = queue.SimpleQueue()
for line in sys.stdin.read().split("\n"):
    if line:
        tokens.put(line)
seen = collections.Counter()
lock = threading.Lock()


def work():
    try:
        call()
    except Exception as error:  # told as an answer, so that no call is lost silently
        with lock:
            seen[f"failed: {error}"] += 1


def call():
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=20)
    while True:
        try:
            token = tokens.get_nowait()
        except queue.Empty:
            return
        headers = {"content-type": "application/json"}
        if token != "-":
            headers["authorization"] = "Bearer " + token
        for _ in range(30):
            connection.request(
                "POST", "/assay.risk.v1.RiskAssessment/ListDecisions", "{}", headers)
            reply = connection.getresponse()
            body = reply.read()
            found = re.search(r'"reason":"([A-Z_]+)"', body.decode())
            reason = found.group(1) if found else ""
            if reason != "OVERLOADED":
                break
            time.sleep(float(reply.getheader("retry-after", "1")))
        with lock:
            seen[f"{reply.status} {reason}".strip()] += 1


running = [threading.Thread(target=work) for _ in range(threads)]
for thread in running:
    thread.start()
for thread in running:
    thread.join()
for name, count in sorted(seen.items()):
    print(count, name)
