#!/usr/bin/env python3
"""Reads of a feature vector: Assay against a Feast server with Redis, in one run on one machine.

    bench.py [--vector card_authorization@1] [--rounds 5] [--rows 100] [--events 40]

Assay takes in random payments and computes the vector of each row when it is asked. Feast gets these
values, view by view, and looks them up. Both give the same values, bit for bit, before anything is
timed. Each server runs alone on core 0, its load on core 1 (Redis too); the load generator is h2load.
Ends with a failure if Assay makes less than twenty times the reads per second over gRPC.
"""

import argparse
import contextlib
import datetime
import json
import os
import random
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "rpc"))

from load import GRPC, finish, message  # noqa: E402
from programs import ROOT, free_port, wait_for  # noqa: E402

PEER = HERE / "peer.py"
STORE = "assay.features.v1.FeatureStore"
# What a gateway says of a caller; a server without TLS on the loopback believes anyone.
CALLER = {"assay-tenant": "bench", "assay-client": "bench",
          "assay-scopes": "features.read features.ingest"}


@dataclass
class Contender:
    name: str
    process: subprocess.Popen
    command: list[str]
    calls: int

    def run(self, calls: int) -> tuple[float, float]:
        """Requests per second, and the server's CPU seconds per thousand requests."""
        before = cpu(self.process.pid)
        output = finish(["taskset", "--cpu-list", "1", *self.command, f"--requests={calls}"])
        if f" {calls} succeeded, 0 failed, 0 errored" not in output:
            raise SystemExit(f"{self.name}: not every request succeeded:\n{output[-1500:]}")
        rate = float(re.search(r"finished in .*?, ([\d.]+) req/s", output)[1])
        return rate, (cpu(self.process.pid) - before) / calls * 1_000


def cpu(pid: int) -> float:
    """Seconds of user and system time of a process and its children."""
    total = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(folder.name) == pid or int(fields[1]) == pid:
                total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


# Assay


def stubs(work: Path):
    from grpc_tools import protoc
    protos = ROOT / "docs/proto"
    files = [str(p.relative_to(protos)) for p in sorted(protos.rglob("*.proto"))]
    known = Path(protoc.__file__).parent / "_proto"
    if protoc.main(["protoc", f"-I{protos}", f"-I{known}", f"--python_out={work}",
                    f"--grpc_python_out={work}", *files]):
        raise SystemExit("the .proto files do not compile")
    sys.path.insert(0, str(work))
    from assay.features.v1 import features_pb2, features_pb2_grpc
    return features_pb2, features_pb2_grpc


def definitions(folder: Path) -> dict:
    import yaml
    merged: dict = {}
    for file in sorted(folder.rglob("*.yaml")):
        for section, content in (yaml.safe_load(file.read_text()) or {}).items():
            if isinstance(content, dict):
                merged.setdefault(section, {}).update(content)
    return merged


class Payments:
    """Random events of one type, as the definitions describe it, for so many rows of entities."""

    def __init__(self, pb, defined: dict, kind: str, seed: int):
        self.pb, self.kind, self.random = pb, kind, random.Random(seed)
        event = defined["events"][kind]
        self.enums = defined.get("enums", {})
        self.fields = event["fields"]
        self.time_field = event.get("time")
        self.identity = event.get("id")
        self.keys: dict[str, str] = {}
        for entity, field in event["entities"].items():
            if isinstance(field, dict):  # by role: the one who acts
                field = next(iter(field.values()))
            if isinstance(field, str) and isinstance(defined["entities"][entity]["key"], str):
                self.keys[entity] = field

    def key(self, entity: str, row: int) -> str:
        declared = self.fields.get(self.keys[entity])
        room = declared.get("max", 64) if isinstance(declared, dict) else 64
        long = f"{entity}-{row}"
        return long if len(long) <= room else f"{row:0{room}d}"

    def event(self, number: int, row: int, moment: datetime.datetime):
        event = self.pb.Event(id=f"bench-{number}", type=self.kind)
        event.time.FromDatetime(moment)
        for name, declared in self.fields.items():
            declared = declared if isinstance(declared, dict) else {"type": declared}
            if "expr" in declared or name in (self.time_field, self.identity):
                continue
            value = self.value(declared)
            if value is not None:
                event.fields[name].CopyFrom(value)
        for entity, field in self.keys.items():
            event.fields[field].CopyFrom(self.pb.FieldValue(text=self.key(entity, row)))
        return event

    def value(self, declared: dict):
        low, high = declared.get("range", [0, 20])
        match declared["type"]:
            case "money":
                value = self.pb.FieldValue()
                value.amount.currency = "EUR"
                value.amount.coefficient = self.random.randrange(100, 50_000)
                value.amount.scale = 2
                return value
            case "int":
                return self.pb.FieldValue(integer=self.random.randint(max(low, 0), min(high, 20)))
            case "double":
                return self.pb.FieldValue(number=self.random.uniform(low, min(high, 1)))
            case "bool":
                return self.pb.FieldValue(flag=self.random.random() < 0.3)
            case "string":
                digits = min(declared.get("max", 4), 4)
                return self.pb.FieldValue(text=f"{self.random.randrange(1_000):0{digits}d}"[:digits])
            case kind if kind in self.enums:
                return self.pb.FieldValue(text=self.random.choice(self.enums[kind]))
        return None


def fill(options, pb, channel, defined: dict) -> dict:
    """Takes in events; what the vector is for each row then."""
    payments = Payments(pb, defined, options.event, options.seed)
    start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=6)
    step = datetime.timedelta(hours=5) / (options.rows * options.events)
    number = 0
    for _ in range(options.events):
        batch = []
        for row in range(options.rows):
            batch.append(payments.event(number, row, start + step * number))
            number += 1
        for part in range(0, len(batch), 500):
            request = pb.IngestEventsRequest(
                batch_id=f"bench-{number}-{part}", events=batch[part:part + 500])
            for receipt in channel.IngestEvents(
                    request, timeout=30, metadata=list(CALLER.items())).receipts:
                if receipt.outcome not in (pb.OUTCOME_APPLIED, pb.OUTCOME_LOGGED):
                    raise SystemExit(f"an event was not applied: {receipt}")
    moment = start + datetime.timedelta(hours=6)
    names = vector_names(defined, options.vector)
    views = group_by_entity(names, defined)
    rows = []
    for row in range(options.rows):
        keys = {entity: payments.key(entity, row) for entity in payments.keys}
        reply = channel.GetVector(
            ask(pb, options.vector, keys, moment), timeout=30, metadata=list(CALLER.items()))
        values = {name: struct.pack(">d", value).hex()
                  for name, value in zip(names, reply.vector.values, strict=True)}
        rows.append({"keys": {view: keys[view] for view in views}, "all": keys, "values": values})
    return {"views": views, "rows": rows, "moment": moment}


def ask(pb, vector: str, keys: dict[str, str], moment: datetime.datetime):
    name, _, version = vector.partition("@")
    request = pb.GetVectorRequest(vector=pb.VectorRef(name=name, version=int(version)), keys=keys)
    request.time.FromDatetime(moment)
    return request


def vector_names(defined: dict, vector: str) -> list[str]:
    names = []
    for entry in defined["vectors"][vector]["features"]:
        names.append(entry if isinstance(entry, str) else next(iter(entry)))
    return names


def group_by_entity(names: list[str], defined: dict) -> dict[str, list[str]]:
    """The entity whose prefix a name has; the others, computed of several, go to the smallest."""
    prefixes = {entity["short"]: name for name, entity in defined["entities"].items()
                if isinstance(entity["key"], str)}
    views: dict[str, list[str]] = {}
    others = []
    for name in names:
        entity = prefixes.get(name.split("_")[0])
        views.setdefault(entity, []).append(name) if entity else others.append(name)
    for name in others:
        min(views.values(), key=len).append(name)
    return views


# The race


def assay(options, work: Path, stack: contextlib.ExitStack) -> tuple[subprocess.Popen, int]:
    port = free_port()
    process = stack.enter_context(running([
        "taskset", "--cpu-list", "0", str(options.server), "--listen", f"127.0.0.1:{port}",
        "--insecure", "--data", str(work / "assay"), "--definitions", str(options.definitions),
        "--admin", "127.0.0.1:0", "--endpoint-delay", "0"], work / "assay.log", ROOT))
    wait_for(port)
    return process, port


def feast(options, work: Path, stack: contextlib.ExitStack, values: Path):
    redis_port, grpc_port, http_port = free_port(), free_port(), free_port()
    stack.enter_context(running([
        "taskset", "--cpu-list", "1", "redis-server", "--port", str(redis_port), "--save", ""],
        work / "redis.log", work))
    wait_for(redis_port)
    peer(options, "prepare", str(work / "feast"), str(redis_port), str(values))
    command = str(Path(options.feast_python).absolute().parent / "feast")
    place = ["taskset", "--cpu-list", "0", command]
    over_grpc = stack.enter_context(running(
        [*place, "listen", "-a", f"127.0.0.1:{grpc_port}", "-w", "4"],
        work / "feast-grpc.log", work / "feast"))
    over_http = stack.enter_context(running(
        [*place, "serve", "-h", "127.0.0.1", "-p", str(http_port), "--no-access-log",
         "--max-requests", "0"], work / "feast-http.log", work / "feast"))
    wait_long(grpc_port)
    wait_long(http_port)
    return over_grpc, grpc_port, over_http, http_port


def wait_long(port: int) -> None:
    for _ in range(20):
        with contextlib.suppress(SystemExit):
            return wait_for(port)
    raise SystemExit(f"nothing listens on port {port}")


def peer(options, *arguments: str) -> None:
    finish([options.feast_python, str(PEER), *arguments])


@contextlib.contextmanager
def running(command: list[str], log: Path, folder: Path):
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=folder)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def race(title: str, ours: Contender, theirs: Contender, rounds: int) -> tuple[float, float]:
    """Rounds in turn: medians, and the ratios of rates and of CPU time."""
    results: dict[str, list[tuple[float, float]]] = {ours.name: [], theirs.name: []}
    for each in (ours, theirs):
        each.run(max(20, each.calls // 10))
    for _ in range(rounds):
        for each in (ours, theirs):
            results[each.name].append(each.run(each.calls))
    print(f"\n{title}")
    medians = {}
    for name, runs in results.items():
        medians[name] = [statistics.median(values) for values in zip(*runs)]
        print(f"  {name:8}{medians[name][0]:12,.0f} reads/s {medians[name][1]:10.3f} CPU s per 1,000")
    mine, other = medians[ours.name], medians[theirs.name]
    print(f"  ratio   {mine[0] / other[0]:11,.1f} x         {other[1] / mine[1]:10.1f} x")
    return mine[0] / other[0], other[1] / mine[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", type=Path, default=ROOT / ".build/release/assay-features")
    parser.add_argument("--feast-python", default=str(ROOT / ".venv-feast/bin/python"))
    parser.add_argument("--definitions", type=Path, default=ROOT / "deploy/definitions")
    parser.add_argument("--vector", default="card_authorization@1")
    parser.add_argument("--event", default="payment")
    parser.add_argument("--rows", type=int, default=100, help="rows of entities")
    parser.add_argument("--events", type=int, default=40, help="events of each row")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=50_000, help="reads of Assay in a round")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-feast-") as folder, \
            contextlib.ExitStack() as stack:
        measure(options, Path(folder), stack)


def measure(options, work: Path, stack: contextlib.ExitStack) -> None:
    import grpc
    pb, pb_grpc = stubs(work)
    process, port = assay(options, work, stack)
    channel = pb_grpc.FeatureStoreStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
    filled = fill(options, pb, channel, definitions(options.definitions))
    moment, first = filled.pop("moment"), filled["rows"][0]
    values = work / "values.json"
    values.write_text(json.dumps(filled))
    over_grpc, grpc_port, over_http, http_port = feast(options, work, stack, values)
    peer(options, "check", str(values), str(grpc_port))
    features = sum(len(names) for names in filled["views"].values())
    print(f"{options.vector}: {features} values of {len(filled['views'])} entities, "
          f"{options.rows} rows after {options.events} events each; both give the same bits")

    request = ask(pb, options.vector, first["all"], moment)
    from google.protobuf import json_format
    paths = {name: work / name for name in (
        "ours.bin", "ours.json", "theirs.pb", "theirs.bin", "theirs.json")}
    paths["ours.bin"].write_bytes(message(request.SerializeToString()))
    paths["ours.json"].write_text(json_format.MessageToJson(request))
    peer(options, "request", str(values), str(paths["theirs.pb"]), str(paths["theirs.json"]))
    paths["theirs.bin"].write_bytes(message(paths["theirs.pb"].read_bytes()))
    load = ["h2load", "--threads=1", "--clients=4",
            *(f"--header={name}: {value}" for name, value in CALLER.items())]
    grpc_load = [*load, "--max-concurrent-streams=4", *GRPC]
    json_load = [*load, "--header=content-type: application/json"]
    ratio, _ = race(
        "gRPC", Contender("Assay", process, [*grpc_load, f"--data={paths['ours.bin']}",
                          f"http://127.0.0.1:{port}/{STORE}/GetVector"], options.calls),
        Contender("Feast", over_grpc, [*grpc_load, f"--data={paths['theirs.bin']}",
                  f"http://127.0.0.1:{grpc_port}/GrpcFeatureServer/GetOnlineFeatures"], 500),
        options.rounds)
    race(
        "JSON", Contender("Assay", process, [*json_load, f"--data={paths['ours.json']}",
                          f"http://127.0.0.1:{port}/{STORE}/GetVector"], options.calls // 4),
        Contender("Feast", over_http, [*json_load, "--h1", f"--data={paths['theirs.json']}",
                  f"http://127.0.0.1:{http_port}/get-online-features"], 500),
        options.rounds)
    if ratio < 20:
        raise SystemExit(f"{ratio:.1f} times the reads per second over gRPC; at least 20 are asked")


if __name__ == "__main__":
    main()
