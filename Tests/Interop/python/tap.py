"""A relay that reads along: which messages of a call came with the compressed flag.

grpcio does not tell this, neither to a server nor to a client.
"""

import asyncio
import ssl
import threading

PREFACE = len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")


class Messages:
    """The messages in one direction of a connection. `direction` learns of the newest call."""

    def __init__(self, direction, skip=0):
        self.direction = direction
        self.pending = bytearray()
        self.skip = skip
        self.streams = {}

    def feed(self, data):
        self.pending += data
        if self.skip:
            dropped = min(self.skip, len(self.pending))
            del self.pending[:dropped]
            self.skip -= dropped
        while len(self.pending) >= 9:
            length = int.from_bytes(self.pending[:3], "big")
            if len(self.pending) < 9 + length:
                return
            kind, flags = self.pending[3], self.pending[4]
            stream = int.from_bytes(self.pending[5:9], "big") & 0x7FFFFFFF
            payload = bytes(self.pending[9 : 9 + length])
            del self.pending[: 9 + length]
            if kind == 0:
                if flags & 0x8:
                    payload = payload[1 : len(payload) - payload[0]]
                self.data(stream, payload)

    def data(self, stream, payload):
        if stream not in self.streams:
            self.direction.newest = []
            self.streams[stream] = (bytearray(), 0, self.direction.newest)
        prefix, left, flags = self.streams[stream]
        while payload:
            skipped = min(left, len(payload))
            payload, left = payload[skipped:], left - skipped
            taken = payload[: 5 - len(prefix)] if left == 0 else b""
            prefix += taken
            payload = payload[len(taken) :]
            if len(prefix) == 5:
                flags.append(prefix[0])
                left = int.from_bytes(prefix[1:5], "big")
                prefix.clear()
        self.streams[stream] = (prefix, left, flags)


class Direction:
    """The flags of the call that began last, on whichever connection."""

    newest = ()


class Tap:
    """Listens on `port`; relays to `target`. Each side may be TLS, ended here."""

    def __init__(self, target, listen_tls=None, target_tls=None, server_name=None):
        self.target = target
        self.listen_tls = listen_tls
        self.target_tls = target_tls
        self.server_name = server_name
        self.requests = Direction()
        self.replies = Direction()
        self.port = 0
        started = threading.Event()
        threading.Thread(target=self.serve, args=(started,), daemon=True).start()
        started.wait(10)

    def serve(self, started):
        async def run():
            server = await asyncio.start_server(self.relay, "127.0.0.1", 0, ssl=self.listen_tls)
            self.port = server.sockets[0].getsockname()[1]
            started.set()
            await server.serve_forever()

        asyncio.run(run())

    async def relay(self, reader, writer):
        host, port = self.target
        there = await asyncio.open_connection(
            host, port, ssl=self.target_tls, server_hostname=self.server_name if self.target_tls else None
        )
        await asyncio.gather(
            self.copy(reader, there[1], Messages(self.requests, skip=PREFACE)),
            self.copy(there[0], writer, Messages(self.replies)),
            return_exceptions=True,
        )

    async def copy(self, reader, writer, messages):
        try:
            while data := await reader.read(1 << 16):
                messages.feed(data)
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()


def server_tls(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    return context


def client_tls(authority):
    context = ssl.create_default_context(cafile=authority)
    context.set_alpn_protocols(["h2"])
    return context
