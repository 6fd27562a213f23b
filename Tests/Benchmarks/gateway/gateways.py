"""The gateways that are compared: their configurations, how they are started, what they use."""

import base64
import hashlib
import hmac
import os
import secrets
import subprocess
import tempfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from programs import Placing, Server, free_port, wait_for

# So wide that nobody is refused: what is measured is the counting.
WIDE = "{ limit: 1000000, period: 1s, burst: 1000000 }"
# Scope of the guarded method.
SCOPE = "risk.decisions.read"
OPEN = "/bench.v1.Echo/Say"
GUARDED = "/assay.risk.v1.RiskAssessment/GetDecision"


@dataclass
class Key:
    """An API key, and what the gateway keeps of it."""

    text: str
    id: str
    mac: str
    pepper: str

    @staticmethod
    def make() -> "Key":
        def base32(data: bytes) -> str:
            return base64.b32encode(data).decode().rstrip("=").lower()

        name, secret = base32(secrets.token_bytes(8))[:12], base32(secrets.token_bytes(32))
        pepper = secrets.token_hex(16)
        mac = hmac.new(pepper.encode(), f"assay-key-1\0{name}{secret}".encode(), hashlib.sha256)
        head = f"assay1_{name}_{secret}"
        check = base32(zlib.crc32(head.encode()).to_bytes(4, "big"))
        return Key(head + check, name, mac.hexdigest(), pepper)


@dataclass
class Surroundings:
    """What every gateway of a run has in common."""

    work: Path
    placing: Placing
    backend: int
    key: Key
    # Chain and key for callers; None is plaintext.
    tls: tuple[str, str] | None = None

    def write(self, name: str, text: str) -> str:
        path = self.work / name
        path.write_text(text)
        return str(path)


class Backend(Server):
    """Answers every method with what it was sent; shares its core with the load generator."""

    def __init__(self, program: Path, placing: Placing):
        command = placing.wrap(1, [str(program), "--every-method"])
        super().__init__("backend", command, Placing(False))


@dataclass
class Gateway(Server):
    """One that listens on a port of its own."""

    processes: list[int] = field(init=False, default_factory=list)

    def begin(self) -> None:
        self.process = subprocess.Popen(
            self.placing.wrap(0, self.command), stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        wait_for(self.port)
        self.processes = family(self.process.pid)
        self.label = self.name

    def used(self) -> int:
        """Nanoseconds of processor time that it has used, on all its threads."""
        total = 0
        for process in self.processes:
            for thread in Path(f"/proc/{process}/task").iterdir():
                total += int((thread / "schedstat").read_text().split()[0])
        return total

    def resident(self) -> float:
        """MiB."""
        pages = sum(int(Path(f"/proc/{each}/statm").read_text().split()[1])
                    for each in self.processes)
        return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)

    def __exit__(self, *_) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def family(process: int) -> list[int]:
    """A process and its children: nginx's worker is one."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(each for child in children for each in family(int(child)))]


class AssayGateway(Gateway):
    """Ours: one event loop."""

    def __init__(self, name: str, program: Path, around: Surroundings, further: str = "",
                 log: str | None = None, under: tuple[str, ...] = ()):
        folder = Path(tempfile.mkdtemp(dir=around.work))
        (folder / "pepper").write_text(around.key.pepper)
        (folder / "keys.yaml").write_text(
            f"version: 1\nkeys:\n  - {{ id: {around.key.id}, tenant: bank, client: payments, "
            f"scopes: [{SCOPE}], mac: \"{around.key.mac}\", pepper: 1, state: active }}\n")
        tls = ", tls: { certificate: %s, key: %s }" % around.tls if around.tls else ""
        (folder / "gateway.yaml").write_text(f"""version: 1
listeners: [ {{ name: public, port: 0{tls} }} ]
admin: {{ port: 0 }}
authentication: {{ api_keys: {{ file: keys.yaml, peppers: {{ 1: pepper }} }} }}
authorization: {{ tenants: {{ bank: {{ scopes: [{SCOPE}] }} }} }}
limits:
  address: {WIDE}
  plans:
    default: {{ client: {WIDE}, concurrency: {{ client: 10000, tenant: 10000 }} }}
capacity: {{ in_flight: 100000, memory: 1000GiB }}
routes:
  - {{ service: bench.v1.Echo, upstream: backend }}
  - {{ service: assay.risk.v1.RiskAssessment, upstream: backend }}
upstreams: {{ backend: {{ target: "127.0.0.1:{around.backend}", in_flight: 100000 }} }}
{further}""")
        command = [*under, str(program), "--insecure", "--config", str(folder / "gateway.yaml"),
                   "--endpoint-delay", "0", "--grace", "1", "--loops", "1",
                   "--log-level", "error"]
        super().__init__(
            name, [*command, "--access-log", str(folder / log)] if log else command,
            around.placing)

    def __enter__(self) -> "AssayGateway":
        self.process = subprocess.Popen(
            self.placing.wrap(0, self.command), stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith("ready gateway "):
                words = dict(word.split("=") for word in line.split() if "=" in word)
                self.port = int(words["rpc"])
                self.processes = family(self.process.pid)
                self.label = self.name
                return self
        raise SystemExit(f"{self.name} did not start: {' '.join(self.command)}")


class HAProxy(Gateway):
    """One thread, HTTP/2 on both sides."""

    def __init__(self, name: str, around: Surroundings, counts: bool = False,
                 under: tuple[str, ...] = ()):
        self.around, self.counts, self.under = around, counts, under
        super().__init__(name, [], around.placing)

    def __enter__(self) -> "HAProxy":
        self.port = free_port()
        listening = "proto h2"
        if self.around.tls:
            pair = "".join(Path(file).read_text() for file in self.around.tls)
            path = self.around.write("haproxy.pem", pair)
            # It hands the scheme on, which says https where the service is reached without.
            listening = f"""ssl crt {path} alpn h2
    http-request set-uri http://%[req.hdr(host)]%[pathq]"""
        counting = """
    stick-table type string len 96 size 100k expire 60s store http_req_rate(1s)
    http-request track-sc0 req.hdr(x-api-key)
    http-request deny deny_status 429 if { sc_http_req_rate(0) gt 1000000 }""" \
            if self.counts else ""
        path = self.around.write(f"haproxy-{self.port}.cfg", f"""global
    nbthread 1
    maxconn 4000
    tune.h2.max-concurrent-streams 100
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    http-reuse always
frontend public
    bind 127.0.0.1:{self.port} {listening}{counting}
    default_backend services
backend services
    server one 127.0.0.1:{self.around.backend} proto h2
""")
        self.command = [*(self.under or ["haproxy"]), "-q", "-f", path]
        self.begin()
        return self


class Nginx(Gateway):
    """One worker; HTTP/2 to callers, `grpc_pass` with kept connections to the service."""

    def __init__(self, name: str, around: Surroundings, limits: bool = False):
        self.around, self.limits = around, limits
        super().__init__(name, [], around.placing)

    def __enter__(self) -> "Nginx":
        self.port = free_port()
        folder = self.around.work / f"nginx-{self.port}"
        folder.mkdir()
        tls = ""
        listening = "http2"
        if self.around.tls:
            listening = "ssl http2"
            tls = "ssl_certificate %s; ssl_certificate_key %s;" % self.around.tls
        zone = "limit_req_zone $http_x_api_key zone=keys:10m rate=1000000r/s;" \
            if self.limits else ""
        limit = "limit_req zone=keys burst=1000000 nodelay;" if self.limits else ""
        path = self.around.write(f"nginx-{self.port}.conf", f"""daemon off;
{"user root;" if os.geteuid() == 0 else ""}
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000000;
    {zone}
    upstream services {{
        server 127.0.0.1:{self.around.backend};
        keepalive 1024;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{self.port} {listening};
        {tls}
        http2_max_concurrent_streams 100;
        location / {{
            {limit}
            grpc_pass grpc://services;
        }}
    }}
}}
""")
        self.command = ["nginx", "-c", path, "-e", f"{folder}/error.log"]
        self.begin()
        return self
