#!/usr/bin/env python3
"""What an idle connection costs a server: opens many, and divides the growth of its RSS by their number.

    idle-memory.py PORT PID [--tls] [--connections N] [--maximum KIB]

Prints one line: KiB per connection once its handshake is over, and once one call has been answered on
each. Exits with 1 if either is above --maximum.
"""
import argparse
import socket
import ssl
import struct
import sys
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def field(name, value):
    """Literal without indexing (RFC 7541, section 6.2.2); both below 127 bytes."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def call(scheme):
    message = b"\x0a\xc5\x01" + bytes(197)
    headers = b"".join(
        field(name, value)
        for name, value in [
            (b":method", b"POST"), (b":scheme", scheme), (b":path", b"/bench.v1.Echo/Say"),
            (b":authority", b"localhost"), (b"content-type", b"application/grpc"),
            (b"te", b"trailers"),
        ])
    body = b"\0" + struct.pack(">I", len(message)) + message
    return frame(1, 4, 1, headers) + frame(0, 1, 1, body)


def read_until(connection, kind, flags):
    """Reads frames until one of a kind with these flags has come."""
    data = b""
    while True:
        while len(data) >= 9:
            length = int.from_bytes(data[:3], "big")
            if len(data) < 9 + length:
                break
            if data[3] == kind and data[4] & flags == flags:
                return
            data = data[9 + length:]
        part = connection.recv(65536)
        if not part:
            sys.exit("the server has closed a connection")
        data += part


def resident(pid):
    """KiB. The lowest of a few looks, so that what is about to be freed does not count."""
    def look():
        with open(f"/proc/{pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    values = []
    for _ in range(5):
        time.sleep(0.1)
        values.append(look())
    return min(values)


def connect(port, context):
    connection = socket.create_connection(("127.0.0.1", port))
    if context:
        connection = context.wrap_socket(connection, server_hostname="localhost")
    connection.sendall(PREFACE + frame(4, 0, 0, b""))
    read_until(connection, 4, 0)
    connection.sendall(frame(4, 1, 0, b""))
    return connection


def ask(connection, scheme):
    connection.sendall(call(scheme))
    read_until(connection, 1, 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("pid", type=int)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--maximum", type=float)
    options = parser.parse_args()
    context = None
    if options.tls:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])

    # What the first connections make for all that follow does not count.
    warm = [connect(options.port, context) for _ in range(20)]
    for connection in warm:
        ask(connection, b"https" if options.tls else b"http")
    before = resident(options.pid)
    connections = [connect(options.port, context) for _ in range(options.connections)]
    opened = (resident(options.pid) - before) / options.connections
    for connection in connections:
        ask(connection, b"https" if options.tls else b"http")
    called = (resident(options.pid) - before) / options.connections
    name = "TLS" if options.tls else "h2c"
    limit = f", at most {options.maximum:g}" if options.maximum else ""
    print(f"idle connection, {name}: {opened:.1f} KiB, after a call {called:.1f} KiB{limit}")
    if options.maximum and max(opened, called) > options.maximum:
        sys.exit(1)


main()
