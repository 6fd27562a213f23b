"""The servers that are compared: how they are built, started and ended."""

import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PEERS = ROOT / "Tests/Benchmarks/peers"


@dataclass
class Placing:
    """Where programs run: each server alone on core 0, the load on core 1, or where they like."""

    pinned: bool
    realtime: bool = False

    def wrap(self, core: int, command: list[str]) -> list[str]:
        if self.pinned:
            command = ["taskset", "--cpu-list", str(core), *command]
        # On a shared machine: what else runs there takes no time from either side.
        return ["chrt", "--rr", "20", *command] if self.realtime else command

    def __str__(self) -> str:
        if not self.pinned:
            return "by the system, on all cores"
        extra = ", real-time priority" if self.realtime else ""
        return f"each server alone on core 0, the load generator on core 1{extra}"


@dataclass
class Server:
    """A program that prints "ready NAME rpc=PORT"."""

    name: str
    command: list[str]
    placing: Placing
    process: subprocess.Popen = field(init=False)
    label: str = field(init=False, default="")
    port: int = field(init=False, default=0)

    def __enter__(self) -> "Server":
        self.process = subprocess.Popen(
            self.placing.wrap(0, self.command), stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith("ready "):
                self.label, _, port = line.removeprefix("ready ").rpartition(" rpc=")
                self.port = int(port)
                return self
        raise SystemExit(f"{self.name} did not start: {' '.join(self.command)}")

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()


class StaticServer(Server):
    """nghttpd with one file: what the HTTP/2 library does with nothing behind it."""

    def __enter__(self) -> "StaticServer":
        self.port = free_port()
        self.process = subprocess.Popen(
            self.placing.wrap(0, [part.format(port=self.port) for part in self.command]),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.label = "nghttpd, a static file"
        wait_for(self.port)
        return self


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def build_grpc_cpp(work: Path) -> Path:
    """Builds the gRPC C++ peer outside the checkout, from our schema's .proto."""
    shutil.copy(ROOT / "docs/proto/bench/v1/bench.proto", work)
    shutil.copy(PEERS / "grpc-cpp/server.cc", work)
    plugin = shutil.which("grpc_cpp_plugin")
    run(["protoc", "--cpp_out=.", "--grpc_out=.", f"--plugin=protoc-gen-grpc={plugin}",
         "bench.proto"], work)
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "grpc++", "protobuf"],
        capture_output=True, text=True, check=True).stdout.split()
    run(["g++", "-O2", "-std=c++17", "server.cc", "bench.pb.cc", "bench.grpc.pb.cc",
         "-o", "grpc-cpp", *flags], work)
    return work / "grpc-cpp"


def build_grpc_swift() -> Path:
    scratch = ROOT / ".build/peers/grpc-swift"
    package = ["--package-path", str(PEERS / "grpc-swift"), "--scratch-path", str(scratch)]
    run(["swift", "build", "--configuration", "release", *package], ROOT)
    return scratch / "release/grpc-swift-peer"


def certificate(work: Path) -> tuple[str, str]:
    """A certificate of its own for 127.0.0.1, and its key."""
    chain, key = work / "server.pem", work / "server.key"
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(key), "-out", str(chain)], work)
    return str(chain), str(key)


def run(command: list[str], directory: Path) -> None:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
