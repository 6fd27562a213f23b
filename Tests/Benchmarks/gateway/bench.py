#!/usr/bin/env python3
"""The gateway against HAProxy and nginx, in one run on one machine.

The same service behind all of them, the same load generator (h2load), one worker thread each, rounds in
turn; requests per second and processor time per call of each gateway, medians and ratios. Ends with a
failure if a ratio misses what is asked.

    make bench-gateway                                  everything
    make bench-gateway BENCH_FLAGS="--only guarded --rounds 3"
    make bench-gateway BENCH_FLAGS="--tls"              callers speak TLS with all gateways
    make bench-gateway BENCH_FLAGS="--only cost"        instructions and allocations of a call
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rpc"))

import programs  # noqa: E402
from cost import cost as counted  # noqa: E402
from gateways import (  # noqa: E402
    GUARDED, OPEN, AssayGateway, Backend, Gateway, HAProxy, Key, Nginx, Surroundings)
from load import Load, finish, message, varint  # noqa: E402
from programs import ROOT, Placing, Server  # noqa: E402

# Bytes of a message, prefix and all.
MESSAGE = 205
REDIS_SECONDS = 1
# What runs if nothing else is asked for.
STANDARD = ["forwarding", "guarded", "latency", "redis", "stages"]


@dataclass
class Contender:
    gateway: Gateway
    load: Load
    # Our rate over this one's must be at least that.
    minimum: float | None = None
    rates: list[float] = field(default_factory=list)
    # Microseconds of the gateway's processor time per call.
    costs: list[float] = field(default_factory=list)

    def run(self, placing: Placing, calls: int | None = None) -> None:
        before = self.gateway.used()
        rate = self.load.rate(self.gateway.port, placing, calls)
        used = self.gateway.used() - before
        if calls is None:
            self.rates.append(rate)
            self.costs.append(used / self.load.calls / 1000)


@dataclass
class Bench:
    arguments: argparse.Namespace
    around: Surroundings
    failures: list[str] = field(default_factory=list)

    def demand(self, what: str, value: float, minimum: float | None = None,
               maximum: float | None = None) -> str:
        """The bar as text; remembers a miss."""
        missed = (minimum is not None and value < minimum) or (
            maximum is not None and value > maximum)
        bar = f"at least {minimum:g}" if minimum is not None else f"at most {maximum:g}"
        if missed:
            self.failures.append(f"{what}: {value:.2f}, {bar} is asked")
        return f"{bar}{', MISSED' if missed else ''}"

    def load(self, path: str) -> Load:
        body = self.around.work / "message.bin"
        if not body.exists():
            body.write_bytes(message(b"\x0a" + varint(197) + bytes(range(197))))
        return Load(
            path, self.arguments.calls, str(body), reply=MESSAGE,
            scheme="https" if self.around.tls else "http",
            headers=(f"x-api-key: {self.around.key.text}",) if path == GUARDED else ())

    def assay(self, name: str, further: str = "", log: str | None = None) -> AssayGateway:
        return AssayGateway(name, self.arguments.gateway, self.around, further, log)

    def race(self, title: str, contenders: list[Contender]) -> None:
        """Rounds in turn; prints medians, and the first one's ratio to each other."""
        placing = self.around.placing
        for each in contenders:
            each.run(placing, max(100, each.load.calls // 5))
        for _ in range(self.arguments.rounds):
            for each in contenders:
                each.run(placing)
        print(f"\n{title}\n  {'':34}{'calls/s':>10}{'spread':>18}{'CPU µs/call':>13}"
              f"{'rate':>9}{'CPU':>8}")
        ours = contenders[0]
        for each in contenders:
            ratios = ""
            if each is not ours:
                rate = statistics.median(ours.rates) / statistics.median(each.rates)
                cost = statistics.median(each.costs) / statistics.median(ours.costs)
                ratios = f"{rate:7.2f} ×{cost:6.2f} ×"
                if each.minimum:
                    ratios += f"  {self.demand(f'{title}, {each.gateway.name}', rate, each.minimum)}"
            spread = f"{min(each.rates):,.0f}–{max(each.rates):,.0f}"
            print(f"  {each.gateway.name:34}{statistics.median(each.rates):10,.0f}{spread:>18}"
                  f"{statistics.median(each.costs):13.1f}{ratios}")
        sys.stdout.flush()


def forwarding(bench: Bench) -> None:
    load = bench.load(OPEN)
    with ExitStack() as stack:
        ours, haproxy, nginx = (stack.enter_context(each) for each in (
            bench.assay("Assay"), HAProxy("HAProxy h2 → h2", bench.around),
            Nginx("nginx grpc_pass", bench.around)))
        bench.race("Forwarding only", [
            Contender(ours, load), Contender(haproxy, load, 1.1), Contender(nginx, load, 2.5)])


def guarded(bench: Bench) -> None:
    load = bench.load(GUARDED)
    with ExitStack() as stack:
        ours, logged, haproxy, counting, nginx = (stack.enter_context(each) for each in (
            bench.assay("Assay, key + scope + limit"),
            bench.assay("Assay, the same with access log", log="access.log"),
            HAProxy("HAProxy h2 → h2, forwarding only", bench.around),
            HAProxy("HAProxy with stick-table rate", bench.around, counts=True),
            Nginx("nginx grpc_pass + limit_req", bench.around, limits=True)))
        bench.race("API key, scope and the limit in the process", [
            Contender(ours, load), Contender(haproxy, load, 1.0), Contender(counting, load),
            Contender(nginx, load, 2.5), Contender(logged, load)])
        print(f"  resident: Assay {ours.resident():.0f} MiB, HAProxy {haproxy.resident():.0f} MiB, "
              f"nginx {nginx.resident():.0f} MiB")


def latency(bench: Bench) -> None:
    """At a fixed rate, calls at even intervals, timed from when each was due. h2load cannot do that:
    it starts what is due in a hundredth of a second all at once.

    Half load is the rate at which our gateway's core is half busy. That is less than half of the peak
    of a closed loop, whose calls come in heaps and cost less for it."""
    if bench.around.tls:
        return
    load, placing = bench.load(GUARDED), bench.around.placing
    with ExitStack() as stack:
        ours, haproxy = (stack.enter_context(each) for each in (
            bench.assay("Assay, key + scope + limit"), HAProxy("HAProxy h2 → h2", bench.around)))
        load.rate(ours.port, placing, load.calls // 5)
        peak = statistics.median(load.rate(ours.port, placing) for _ in range(3))
        trial = int(peak / 4)
        rate = int(min(trial * 0.5 / busy(bench, ours, trial), peak / 2))
        places = {"direct": bench.around.backend, ours.name: ours.port, haproxy.name: haproxy.port}
        found: dict[str, list[tuple[int, int]]] = {}
        for _ in range(bench.arguments.rounds):
            for name, port in places.items():
                found.setdefault(name, []).append(paced(bench, port, rate))
        medians = {name: [statistics.median(column) for column in zip(*rounds)]
                   for name, rounds in found.items()}
        print(f"\nLatency at {rate:,} calls/s at even intervals (our core "
              f"{busy(bench, ours, rate):.0%} busy, HAProxy's {busy(bench, haproxy, rate):.0%}; "
              f"our peak {peak:,.0f})\n"
              f"  {'':34}{'p50 µs':>10}{'p99 µs':>10}{'added p50':>12}{'added p99':>12}")
        for name, (p50, p99) in medians.items():
            added = [p50 - medians["direct"][0], p99 - medians["direct"][1]]
            more = "" if name == "direct" else f"{added[0]:12,.0f}{added[1]:12,.0f}"
            if name == ours.name:
                more += (f"  {bench.demand('added p50, µs', added[0], maximum=150)}; "
                         f"{bench.demand('added p99, µs', added[1], maximum=1000)}")
            print(f"  {name:34}{p50:10,.0f}{p99:10,.0f}{more}")
        sys.stdout.flush()


def busy(bench: Bench, gateway: Gateway, rate: int) -> float:
    """The share of its core that a gateway uses at a rate."""
    begun, before = time.monotonic(), gateway.used()
    paced(bench, gateway.port, rate)
    used = gateway.used() - before
    # Of the generator's time half a second is warm-up, at the same rate; what it needs to start is less.
    seconds = bench.arguments.seconds + 0.5
    return used / 1e9 / min(seconds, time.monotonic() - begun)


def paced(bench: Bench, port: int, rate: int) -> tuple[int, int]:
    """The 50th and the 99th percentile in microseconds."""
    program = bench.arguments.gateway.parent / "rpc-bench-client"
    output = finish(bench.around.placing.wrap(1, [
        str(program), f"127.0.0.1:{port}", f"--rate={rate}", f"--seconds={bench.arguments.seconds}",
        f"--path={GUARDED}", f"--header=x-api-key: {bench.around.key.text}"]))
    found = re.search(r"p50 (\d+) µs.*p99 (\d+) µs", output)
    if not found:
        raise SystemExit(f"no times in:\n{output}")
    return int(found[1]), int(found[2])


def redis(bench: Bench) -> None:
    """A store that all replicas share: busy callers lease from it."""
    load = bench.load(GUARDED)
    port = programs.free_port()
    store = subprocess.Popen(
        bench.around.placing.wrap(1, ["redis-server", "--port", str(port), "--bind", "127.0.0.1",
                                      "--save", "", "--dir", str(bench.around.work)]),
        stdout=subprocess.DEVNULL)
    try:
        programs.wait_for(port)
        with ExitStack() as stack:
            stored, alone = (stack.enter_context(each) for each in (
                bench.assay("Assay, limit in Redis, leases",
                            f'store: {{ url: "redis://127.0.0.1:{port}" }}\n'),
                bench.assay("Assay, limit in the process")))
            bench.race("The limit in Redis", [Contender(stored, load), Contender(alone, load)])
    finally:
        store.terminate()
        store.wait()
    show(bench, "limit-bench", "--seconds", str(REDIS_SECONDS))


def cost(bench: Bench) -> None:
    """What a call costs, counted instead of timed; the kernel's work is not in it. Few at once: under
    valgrind all is slow."""
    around = replace(bench.around, placing=Placing(False))
    load = replace(bench.load(GUARDED), calls=10_000, clients=2, streams=8)

    def assay(_: str, command: list[str], __: Placing) -> Gateway:
        return AssayGateway("counted", Path(command[-1]), around, under=tuple(command[:-1]))

    def haproxy(_: str, command: list[str], __: Placing) -> Gateway:
        return HAProxy("counted", around, under=tuple(command))

    mine, swift, others = astuple(counted(assay, [str(bench.arguments.gateway)], load, bench.around.work))
    theirs = counted(haproxy, [str(shutil.which("haproxy"))], load, bench.around.work)
    print(f"\nCounted under valgrind, per call, without the kernel\n"
          f"  Assay, key + scope + limit: {mine:,.0f} instructions, "
          f"{swift:.1f} allocations of Swift, "
          f"{others:.1f} of libraries\n"
          f"  HAProxy h2 → h2: {theirs.instructions:,.0f} instructions", flush=True)


def stages(bench: Bench) -> None:
    show(bench, "gateway-bench", "--seconds", "0.3")


def show(bench: Bench, program: str, *options: str) -> None:
    """Another program of ours that prints figures of its own, where the gateways ran."""
    print(f"\n{program} {' '.join(options)}", flush=True)
    subprocess.run(
        bench.around.placing.wrap(0, [str(bench.arguments.gateway.parent / program), *options]),
        check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gateway", type=Path, default=ROOT / ".build/release/assay-gateway",
                        help="the programs beside it are used too")
    scenarios = {"forwarding": forwarding, "guarded": guarded, "latency": latency,
                 "redis": redis, "stages": stages, "cost": cost}
    parser.add_argument("--only", choices=scenarios, action="append")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=40_000, help="of a round")
    parser.add_argument("--seconds", type=int, default=2, help="of a round at half load")
    parser.add_argument("--tls", action="store_true", help="callers speak TLS with all gateways")
    parser.add_argument("--realtime", action="store_true",
                        help="real-time priority, for a machine that others use (needs root)")
    parser.add_argument("--free", action="store_true", help="leave the placing to the system")
    arguments = parser.parse_args()
    arguments.gateway = arguments.gateway.resolve()
    cores = os.cpu_count() or 1
    placing = Placing(pinned=not arguments.free and cores >= 2, realtime=arguments.realtime)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        with Backend(arguments.gateway.parent / "rpc-bench-server", placing) as backend:
            print(description(placing, arguments))
            pair = programs.certificate(work) if arguments.tls else None
            bench = Bench(arguments, Surroundings(work, placing, backend.port, Key.make(), pair))
            for name, scenario in scenarios.items():
                if name in (arguments.only or STANDARD):
                    scenario(bench)
    if bench.failures:
        sys.exit("\nmissed:\n  " + "\n  ".join(bench.failures))


def description(placing: Placing, arguments: argparse.Namespace) -> str:
    def first(*command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True)
        return (done.stdout or done.stderr).splitlines()[0].strip()

    processor = next(
        line.split(": ")[1].strip() for line in open("/proc/cpuinfo")
        if line.startswith("model name"))
    where = ("each gateway alone on core 0; load generator, service and Redis on core 1"
             if placing.pinned else "by the system, on all cores")
    if placing.realtime:
        where += "; real-time priority"
    return (f"machine   {os.cpu_count()} × {processor}, load {os.getloadavg()[0]:.1f}\n"
            f"placing   {where}\n"
            f"load      {first('h2load', '--version')}, 10 connections × 50 streams, messages of "
            f"{MESSAGE} bytes, {'TLS' if arguments.tls else 'plaintext'}, "
            f"{arguments.rounds} rounds of {arguments.calls:,} calls in turn\n"
            f"peers     {first('haproxy', '-v')}; {first('nginx', '-v')}; one thread each\n"
            f"ratios    rate: ours over theirs; CPU: theirs over ours")


if __name__ == "__main__":
    main()
