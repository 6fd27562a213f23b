"""What a call costs, counted instead of timed: instructions and allocations under callgrind."""

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from load import Load, finish
from programs import Placing, Server, StaticServer, wait_for

WARM_UP = 5_000


@dataclass
class Cost:
    """Per call, in the server's process."""

    instructions: float
    # Objects of the Swift runtime, and what the C libraries ask the allocator for.
    swift_allocations: float
    library_allocations: float


def cost(server: type[Server], command: list[str], load: Load, work: Path) -> Cost:
    """Counts `load.calls` calls after a warm-up."""
    program = work / f"counted-{Path(command[0]).name}"
    # Valgrind gives up over the debug information of large Swift programs; names stay.
    finish(["strip", "--strip-debug", "-o", str(program), command[0]])
    profile = work / f"{program.name}.callgrind"
    valgrind = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={profile}"]
    with server("counted", [*valgrind, str(program), *command[1:]], Placing(False)) as running:
        wait_for(running.port)
        load.rate(running.port, Placing(False), WARM_UP)
        control(running, "--zero")
        load.rate(running.port, Placing(False))
        control(running, "--dump")
    return read(Path(f"{profile}.1"), load.calls)


def control(server: Server, request: str) -> None:
    """Valgrind acts on a request when the program runs next; a connection makes it."""
    asked = subprocess.Popen(
        ["callgrind_control", request, str(server.process.pid)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while asked.poll() is None:
        wait_for(server.port)
        time.sleep(0.1)


def read(profile: Path, calls: int) -> Cost:
    for _ in range(100):
        if profile.exists() and "totals:" in profile.read_text():
            break
        time.sleep(0.1)
    total = int(re.search(r"^totals: (\d+)", profile.read_text(), re.MULTILINE)[1])
    tree = finish(["callgrind_annotate", "--tree=caller", "--threshold=100", str(profile)])
    swift = library = 0
    for caller, count in callers(tree, "malloc"):
        if "swift_slowAlloc" in caller:
            swift += count
        else:
            library += count
    return Cost(total / calls, swift / calls, library / calls)


def callers(tree: str, function: str) -> list[tuple[str, int]]:
    """Who called a function, and how often, from callgrind_annotate's text."""
    found, block = [], []
    for line in tree.splitlines():
        if not line.strip():
            block = []
        elif " < " in line:
            block.append(line)
        elif re.search(rf" \* .*:{function} \[", line):
            found += block
            block = []
    return [
        (line, int(count[1].replace(",", "")))
        for line in found if (count := re.search(r"\(([\d,]+)x\)", line))]
