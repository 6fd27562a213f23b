"""An issuer's host for tests: https with a certificate of the test's, and replies that misbehave.

Prints its port. Replies by path: /jwks the file as it is then, /redirect, /large, /slow, /status,
/gzip, /short, /plain-close (no content-length), /count how often /jwks was asked.
"""

import http.server
import ssl
import sys
import threading
import time

certificate, key, document = sys.argv[1:4]
count = 0
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        global count
        path = self.path.split("?")[0]
        if path == "/jwks":
            with lock:
                count += 1
            with open(document, "rb") as file:
                self.reply(200, file.read(), [("cache-control", "public, max-age=120")])
        elif path == "/redirect":
            self.reply(302, b"", [("location", "/jwks")])
        elif path == "/large":
            self.reply(200, b"x" * (256 * 1024 + 1))
        elif path == "/large-unannounced":
            self.reply(200, b"x" * (512 * 1024), announce=False)
        elif path == "/slow":
            self.send_response(200)
            self.send_header("content-length", "100")
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
        elif path == "/status":
            self.reply(500, b"no")
        elif path == "/gzip":
            self.reply(200, b"\x1f\x8b", [("content-encoding", "gzip")])
        elif path == "/short":
            self.send_response(200)
            self.send_header("content-length", "100")
            self.end_headers()
            self.wfile.write(b"{}")
            self.close_connection = True
        elif path == "/count":
            self.reply(200, str(count).encode())
        else:
            self.reply(404, b"")

    def reply(self, status, body, headers=(), announce=True):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if announce:
            self.send_header("content-length", str(len(body)))
        self.send_header("connection", "close")
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass
        self.close_connection = True

    def log_message(self, *arguments):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_address[1], flush=True)
server.serve_forever()
