"""The load: h2load, the same for every server, and what it saw."""

import re
import subprocess
import tempfile
from dataclasses import dataclass

from programs import Placing

GRPC = ["--header=content-type: application/grpc", "--header=te: trailers"]


@dataclass
class Load:
    """Requests to one path."""

    path: str
    calls: int
    body: str | None = None
    clients: int = 10
    streams: int = 50
    scheme: str = "http"
    # Bytes of a whole reply: a call that fails has status 200 too, but no message.
    reply: int | None = None
    # Further fields of every request.
    headers: tuple[str, ...] = ()

    def command(self, port: int, calls: int | None = None) -> list[str]:
        return [
            "h2load", f"--requests={calls or self.calls}", f"--clients={self.clients}",
            f"--max-concurrent-streams={self.streams}", "--threads=1",
            *([f"--data={self.body}", *GRPC] if self.body else []),
            *(f"--header={field}" for field in self.headers),
            f"{self.scheme}://127.0.0.1:{port}{self.path}"]

    def rate(self, port: int, placing: Placing, calls: int | None = None) -> float:
        """Requests per second, closed loop. Ends the run unless every call succeeded."""
        calls = calls or self.calls
        output = finish(placing.wrap(1, self.command(port, calls)))
        if f" {calls} succeeded, 0 failed, 0 errored" not in output:
            raise SystemExit(f"not every call succeeded:\n{output[-1500:]}")
        data = int(re.search(r"\((\d+)\) data", output)[1])
        if self.reply is not None and data != calls * self.reply:
            raise SystemExit(f"{data} bytes of replies, not {calls} × {self.reply}:\n{output}")
        return float(re.search(r"finished in .*?, ([\d.]+) req/s", output)[1])

    def latency(self, port: int, placing: Placing, per_second: int, seconds: int) -> float:
        """The 99th percentile in milliseconds at a fixed rate, open loop."""
        each = max(1, per_second // self.clients)
        with tempfile.NamedTemporaryFile("r", suffix=".log") as log:
            calls = each * self.clients * seconds
            finish(placing.wrap(1, [
                *self.command(port, calls), f"--rps={each}", f"--log-file={log.name}"]))
            times = sorted(int(line.split("\t")[2]) for line in log)
        return times[len(times) * 99 // 100] / 1000


def finish(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def message(body: bytes) -> bytes:
    """A message behind its prefix."""
    return b"\0" + len(body).to_bytes(4, "big") + body


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])
