#!/usr/bin/env python3
"""The RPC runtime against its peers, in one run on one machine.

The same services of bench.v1, the same load generator (h2load), rounds in turn; medians, ratios and a
95 % interval of each ratio from resampled rounds. Ends with a failure if a ratio misses what is asked.

    make bench-rpc                          everything
    make bench-rpc BENCH_FLAGS="--only unary --rounds 3"
    make bench-rpc BENCH_FLAGS="--free"     servers and load on all cores
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import programs
from cost import cost
from load import Load, message, varint
from programs import ROOT, Placing, Server, StaticServer

REPLIES = 1_000
# Bytes of an echo of 200 bytes, prefix and all.
ECHO = 205


@dataclass
class Contender:
    server: Server
    load: Load
    # Our rate over this one's must be at least that.
    minimum: float | None = None


@dataclass
class Bench:
    arguments: argparse.Namespace
    work: Path
    placing: Placing
    failures: list[str]

    def demand(self, what: str, value: float, minimum: float | None = None,
               maximum: float | None = None) -> str:
        """The bar as text; remembers a miss."""
        missed = (minimum is not None and value < minimum) or (
            maximum is not None and value > maximum)
        bar = f"at least {minimum:g}" if minimum is not None else f"at most {maximum:g}"
        if missed:
            self.failures.append(f"{what}: {value:.2f}, {bar} is asked")
        return f"{bar}{', MISSED' if missed else ''}"

    def race(self, title: str, ours: Contender, peers: list[Contender], unit: str,
             factor: int = 1) -> None:
        """Rounds in turn; prints medians and our ratio to each."""
        print(f"\n{title}")
        rates: dict[str, list[float]] = {}
        for each in [ours, *peers]:
            each.load.rate(each.server.port, self.placing, max(100, each.load.calls // 10))
        for _ in range(self.arguments.rounds):
            for each in [ours, *peers]:
                rate = each.load.rate(each.server.port, self.placing) * factor
                rates.setdefault(each.server.name, []).append(rate)
        mine = rates[ours.server.name]
        print(f"  {ours.server.name:24}{statistics.median(mine):12,.0f} {unit}")
        for peer in peers:
            theirs = rates[peer.server.name]
            ratio = statistics.median(mine) / statistics.median(theirs)
            low, high = interval(mine, theirs)
            bar = f", {self.demand(f'{title}, {peer.server.name}', ratio, peer.minimum)}" \
                if peer.minimum else ""
            print(f"  {peer.server.label or peer.server.name:24}{statistics.median(theirs):12,.0f} "
                  f"{unit}   Assay {ratio:6.2f} × ({low:.2f} to {high:.2f}{bar})")


def interval(ours: list[float], theirs: list[float]) -> tuple[float, float]:
    """The bootstrap's 95 % interval of the ratio of medians."""
    source = random.Random(1)
    ratios = sorted(
        statistics.median(source.choices(ours, k=len(ours)))
        / statistics.median(source.choices(theirs, k=len(theirs))) for _ in range(2_000))
    return ratios[50], ratios[1949]


def write(path: Path, body: bytes) -> str:
    path.write_bytes(body)
    return str(path)


def echo(bench: Bench) -> str:
    return write(bench.work / "say.bin", message(b"\x0a" + varint(197) + bytes(range(197))))


def unary(bench: Bench, cpp: Path, swift: Path) -> None:
    say = Load("/bench.v1.Echo/Say", bench.arguments.calls, echo(bench), reply=ECHO)
    pages = bench.work / "pages"
    pages.mkdir()
    (pages / "200").write_bytes(bytes(range(200)))
    static = ["nghttpd", "--no-tls", f"--htdocs={pages}", "--workers=1", "{port}"]
    place = bench.placing
    with Server("Assay", [str(bench.arguments.server)], place) as ours, \
            Server("gRPC C++", [str(cpp)], place) as grpc_cpp, \
            Server("grpc-swift 2", [str(swift)], place) as grpc_swift, \
            StaticServer("nghttpd", static, place) as nghttpd:
        fewer = Load(say.path, max(1_000, say.calls // 10), say.body, reply=ECHO)
        bench.race("Unary echo of 200 bytes, 10 × 50 streams", Contender(ours, say), [
            Contender(grpc_cpp, say, 4), Contender(grpc_swift, fewer, 15),
            Contender(nghttpd, Load("/200", say.calls), 0.6)], "calls/s")
        rate = int(Load(say.path, 20_000, say.body).rate(grpc_cpp.port, place) / 2)
        mine, theirs = (
            say.latency(server.port, place, rate, 3) for server in (ours, grpc_cpp))
        print(f"  p99 at {rate:,} calls/s, open loop: Assay {mine:.2f} ms, gRPC C++ {theirs:.2f} ms")
        client(bench, ours, say)
    if bench.arguments.skip_cost:
        return
    # Few at once: a server under valgrind is so slow that it would refuse what waits.
    counted = Load(say.path, 20_000, say.body, clients=4, streams=10, reply=ECHO)
    mine = cost(Server, [str(bench.arguments.server)], counted, bench.work)
    library = cost(StaticServer, ["/usr/sbin/nghttpd", *static[1:]],
                   Load("/200", 20_000, clients=4, streams=10), bench.work)
    ratio = mine.instructions / library.instructions
    print(f"  instructions per call: Assay {mine.instructions:,.0f}, nghttpd "
          f"{library.instructions:,.0f}: {ratio:.2f} × "
          f"({bench.demand('instructions against nghttpd', ratio, maximum=2.5)})")
    print(f"  allocations per call: {mine.swift_allocations:.1f} of Swift "
          f"({bench.demand('allocations', mine.swift_allocations, maximum=12)}), "
          f"{mine.library_allocations:.1f} of libraries")


def client(bench: Bench, ours: Server, say: Load) -> None:
    """Our client's rate against our server, beside h2load's."""
    program = bench.arguments.server.parent / "rpc-bench-client"
    done = subprocess.run(
        bench.placing.wrap(1, [str(program), f"127.0.0.1:{ours.port}", "--concurrency=500",
                               f"--calls={max(10_000, say.calls // 2)}", "--rounds=3"]),
        capture_output=True, text=True, check=True, timeout=300)
    rate = statistics.median(
        float(line.split()[-2]) for line in done.stdout.splitlines() if line.endswith("calls/s"))
    other = say.rate(ours.port, bench.placing)
    print(f"  our client against our server: {rate:,.0f} calls/s, {rate / other:.2f} of h2load's "
          f"({bench.demand('our client against h2load', rate / other, 0.35)})")


def tls(bench: Bench, cpp: Path, swift: Path) -> None:
    chain, key = programs.certificate(bench.work)
    say = Load("/bench.v1.Echo/Say", bench.arguments.calls, echo(bench), scheme="https",
               reply=ECHO)
    ours_command = [str(bench.arguments.server), "--tls-certificate", chain, "--tls-key", key]
    with Server("Assay", ours_command, bench.placing) as ours, \
            Server("gRPC C++", [str(cpp), chain, key], bench.placing) as grpc_cpp, \
            Server("grpc-swift 2", [str(swift), chain, key], bench.placing) as grpc_swift:
        fewer = Load(say.path, max(1_000, say.calls // 10), say.body, scheme="https")
        bench.race("The same over TLS 1.3", Contender(ours, say), [
            Contender(grpc_cpp, say, 3), Contender(grpc_swift, fewer, 8)], "calls/s")


def streaming(bench: Bench, cpp: Path) -> None:
    body = b"\x0a" + varint(197) + bytes(range(197)) + b"\x10" + varint(REPLIES)
    path = write(bench.work / "replay.bin", message(body))
    calls = max(10, bench.arguments.calls // REPLIES)
    many = Load("/bench.v1.Streaming/Replay", calls * 5, path, streams=10)
    few = Load("/bench.v1.Streaming/Replay", calls, path, streams=10)
    with Server("Assay", [str(bench.arguments.server)], bench.placing) as ours, \
            Server("gRPC C++", [str(cpp)], bench.placing) as grpc_cpp:
        bench.race(f"Server streaming, {REPLIES:,} messages of 200 bytes a call, 10 × 10 streams",
                   Contender(ours, many), [Contender(grpc_cpp, few, 3)], "messages/s", REPLIES)


def observed(bench: Bench) -> None:
    say = Load("/bench.v1.Echo/Say", bench.arguments.calls, echo(bench), reply=ECHO)
    command = [str(bench.arguments.server)]
    with Server("Assay, observed", [*command, "--observed"], bench.placing) as ours, \
            Server("Assay", command, bench.placing) as plain:
        plain.label = "the same, unobserved"
        bench.race("Unary echo with metrics, call log, authorization and unsampled traces",
                   Contender(ours, say), [Contender(plain, say, 0.9)], "calls/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", type=Path, default=ROOT / ".build/release/rpc-bench-server")
    parser.add_argument("--grpc-swift", type=Path, help="the built peer, instead of building it")
    parser.add_argument("--only", choices=["unary", "tls", "streaming", "observed"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=200_000, help="of a round")
    parser.add_argument("--free", action="store_true", help="leave the placing to the system")
    parser.add_argument("--realtime", action="store_true",
                        help="real-time priority, for a machine that others use (needs root)")
    parser.add_argument("--skip-cost", action="store_true", help="no counting under valgrind")
    arguments = parser.parse_args()
    arguments.server = arguments.server.resolve()
    cores = os.cpu_count() or 1
    placing = Placing(pinned=not arguments.free and cores >= 2, realtime=arguments.realtime)
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(arguments, Path(work), placing, [])
        needs_peers = arguments.only != "observed"
        cpp = programs.build_grpc_cpp(bench.work) if needs_peers else Path()
        swift = arguments.grpc_swift or (programs.build_grpc_swift() if needs_peers else Path())
        processor = next(
            line.split(": ")[1].strip() for line in open("/proc/cpuinfo")
            if line.startswith("model name"))
        print(f"machine   {cores} × {processor}\nplacing   {placing}\n"
              f"load      h2load, {arguments.rounds} rounds of {arguments.calls:,} calls in turn")
        scenarios = {
            "unary": lambda: unary(bench, cpp, swift), "tls": lambda: tls(bench, cpp, swift),
            "streaming": lambda: streaming(bench, cpp), "observed": lambda: observed(bench)}
        for name, scenario in scenarios.items():
            if arguments.only in (None, name):
                scenario()
                sys.stdout.flush()
    if bench.failures:
        sys.exit("\nmissed:\n  " + "\n  ".join(bench.failures))


if __name__ == "__main__":
    main()
