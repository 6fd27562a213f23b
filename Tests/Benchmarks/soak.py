#!/usr/bin/env python3
"""Half load with random cancels for a long time: does anything grow?

    soak.py --minutes 20 [--rate CALLS_PER_SECOND] [--programs .build/release]

Starts rpc-bench-server and rpc-soak-client, measures what they can do together, and then lets the
client call at half of that rate, after a burst that both grow at. Each minute it prints the
server's and the client's resident memory and descriptors, the client's percentiles, and the longest
pause of the machine. At the end: the slope of memory (least squares, after a fifth of the time to
warm up), the spread around it, and the drift of the 99th percentile.

Fails if a slope is 1 MiB/h or more beyond its own uncertainty, if descriptors do not end where they
were, if a call failed that nobody cancelled, or if the 99th percentile drifted by 10 % or more.
"""

import argparse
import math
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time


def memory(process):
    """Resident memory in KiB."""
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise SystemExit("no VmRSS")


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def start(program, *arguments):
    return subprocess.Popen([program, *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def fields(line):
    return dict(word.partition("=")[::2] for word in line.split())


def slope(samples):
    """MiB per hour with its standard error, from (seconds, KiB)."""
    count = len(samples)
    if count < 3:
        return math.nan, math.nan
    mean_x = statistics.fmean(x for x, _ in samples)
    mean_y = statistics.fmean(y for _, y in samples)
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    gradient = sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread
    rest = sum((y - mean_y - gradient * (x - mean_x)) ** 2 for x, y in samples)
    error = math.sqrt(rest / (count - 2) / spread)
    unit = 3600 / 1024
    return gradient * unit, error * unit


class PauseWatch(threading.Thread):
    """The longest time by which a sleep of five milliseconds was late: pauses of the whole machine.

    Calls are due in them, too. What a pause costs is not the runtime's doing, so a reader of the
    table should see it.
    """

    def __init__(self):
        super().__init__(daemon=True)
        self.longest = 0.0

    def run(self):
        while True:
            begun = time.monotonic()
            time.sleep(0.005)
            self.longest = max(self.longest, time.monotonic() - begun - 0.005)

    def take(self):
        """In milliseconds, since it was last asked."""
        longest, self.longest = self.longest, 0.0
        return round(longest * 1000)


class Sampler(threading.Thread):
    """Memory and descriptors of both processes every five seconds."""

    def __init__(self, server, client):
        super().__init__(daemon=True)
        self.processes = {"server": server, "client": client}
        self.samples = {name: [] for name in self.processes}
        self.begun = time.monotonic()
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(5):
            for name, process in self.processes.items():
                if process.poll() is None:
                    self.samples[name].append(
                        (time.monotonic() - self.begun, memory(process), descriptors(process)))


def peak(client_program, target, seed):
    process = start(client_program, target, "--rate", 0, "--seconds", 10, "--interval", 10, "--seed", seed)
    line = process.stdout.readline()
    if process.wait() != 0 or not line:
        raise SystemExit("the peak could not be measured")
    return int(fields(line)["rate"])


def verdict(sampler, rows, warm_up, is_long):
    problems = []
    for name, samples in sampler.samples.items():
        settled = [sample for sample in samples if sample[0] >= warm_up]
        gradient, error = slope([(seconds, kib) for seconds, kib, _ in settled])
        print(f"{name}: {gradient:+.2f} MiB/h, standard error {error:.2f}, {len(settled)} samples")
        if is_long and gradient - 2 * error >= 1:
            problems.append(f"{name} grows by {gradient:.2f} MiB/h")
        open_files = [count for _, _, count in settled]
        print(f"{name}: {min(open_files)} to {max(open_files)} descriptors, {open_files[-1]} in the end")
        # A connection or two come and go with their age.
        if max(open_files) - min(open_files) > 4 or open_files[-1] > open_files[0] + 1:
            problems.append(f"the descriptors of the {name} are not flat")
    failed = sum(int(row["failed"]) for row in rows)
    if failed:
        reason = next(row["reason"] for row in rows if int(row["failed"]))
        problems.append(f"{failed} calls failed: {reason}")
    settled = [int(row["p99"]) for row in rows[len(rows) // 5:]]
    third = max(1, len(settled) // 3)
    before, after = statistics.median(settled[:third]), statistics.median(settled[-third:])
    drift = (after - before) / before * 100
    print(f"p99: {before:.0f} µs in the first third, {after:.0f} µs in the last: {drift:+.1f} %")
    if is_long and drift >= 10:
        problems.append(f"p99 drifted by {drift:.1f} %")
    return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=int, default=0)
    parser.add_argument("--interval", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cancel-percent", type=int, default=10)
    parser.add_argument("--programs", default=".build/release")
    options = parser.parse_args()
    folder = pathlib.Path(options.programs)
    client_program = folder / "rpc-soak-client"
    server = start(folder / "rpc-bench-server", "--port", 0)
    client = None
    try:
        target = "127.0.0.1:" + fields(server.stdout.readline())["rpc"]
        rate = options.rate
        if rate == 0:
            most = peak(client_program, target, options.seed)
            rate = max(1, most // 2)
            print(f"peak: {most} calls/s of the mix; half of it: {rate}")
        seconds = max(options.interval, int(options.minutes * 60))
        print(f"{seconds} s at {rate} calls/s, {options.cancel_percent} % cancelled, seed {options.seed}", flush=True)
        client = start(
            client_program, target, "--rate", rate, "--seconds", seconds, "--interval", options.interval,
            "--cancel-percent", options.cancel_percent, "--seed", options.seed)
        sampler = Sampler(server, client)
        sampler.start()
        pauses = PauseWatch()
        pauses.start()
        rows = []
        print("minute  calls/s  cancelled  failed  p50 µs  p99 µs  server KiB  fds  client KiB  fds  pause ms")
        for line in client.stdout:
            row = fields(line)
            row["server_kib"], row["client_kib"] = memory(server), memory(client)
            row["server_fds"], row["client_fds"] = descriptors(server), descriptors(client)
            rows.append(row)
            print(
                f"{len(rows) * options.interval / 60:6.1f}{row['rate']:>9}{row['cancelled']:>11}{row['failed']:>8}"
                f"{row['p50']:>8}{row['p99']:>8}{row['server_kib']:>12}{row['server_fds']:>5}"
                f"{row['client_kib']:>12}{row['client_fds']:>5}{pauses.take():>10}", flush=True)
        sampler.over.set()
        if client.wait() != 0 or not rows:
            raise SystemExit(f"the client ended with {client.returncode}")
        is_long = len(rows) >= 10
        problems = verdict(sampler, rows, warm_up=seconds / 5, is_long=is_long)
        server.terminate()
        if server.wait(timeout=60) != 0:
            problems.append(f"the server ended with {server.returncode}")
    finally:
        for process in (server, client):
            if process and process.poll() is None:
                process.kill()
                process.wait()
    for problem in problems:
        print(f"FAILED: {problem}")
    print("flat" if not problems else "not flat", "" if is_long else "(too short to judge slopes)")
    sys.exit(1 if problems else 0)


main()
