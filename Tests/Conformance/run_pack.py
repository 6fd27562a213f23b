"""Runs the conformance pack against the reference or, with `--driver`, against our codec.

    python3 Tests/Conformance/run_pack.py [--driver .build/debug/wire-conformance-driver]

It is also the example for another implementation: replace `answer` by a call to it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pathlib
import sys

import sealed_vectors
from schema_model import load
from wire_reference import Limits, check
from wire_vectors import ROOTS

PACK = pathlib.Path(__file__).parent / "wire"
OTHERS = ("sealed", "commitments", "fingerprints")


def vectors():
    """Every codec vector, with the name of its file."""
    for path in sorted(PACK.glob("*.json")):
        if path.stem not in OTHERS:
            for vector in json.loads(path.read_text(encoding="ascii")):
                yield path.stem, vector


class Reference:
    """`wire_reference.py` as an implementation."""

    def __init__(self):
        self.schema = load(*ROOTS)

    def answer(self, vector: dict, door: str) -> tuple[set[str], str | None]:
        """The rules that may be named, and the canonical encoding in hex if there are none."""
        given = vector.get("limits", {})
        limits = Limits(
            given.get("bytes", 4 << 20), given.get("heap"), given.get("unknownBytes", 16 << 10),
            given.get("depth", 0),
        )  # fmt: skip
        verdict = check(self.schema, vector["type"], bytes.fromhex(vector["hex"]), door, limits)
        return verdict.rules(), verdict.canonical.hex() if verdict.accepted else None


class Driver:
    """Our codec, behind the conformance driver."""

    def __init__(self, path: str):
        from wire_oracle import Driver as Process

        self.process = Process(path)
        files = {
            str(p.relative_to(root)): p.read_text()
            for root in ROOTS
            for p in root.rglob("*.schema")
        }
        reply = self.process.ask([{"files": files, "proto": False}])[0]
        if not reply.get("ok"):
            raise SystemExit(f"the driver refuses the schemas: {reply}")

    def answer(self, vector: dict, door: str) -> tuple[set[str], str | None]:
        request = {"op": "decode", "type": vector["type"], "door": door, "hex": vector["hex"]}
        request |= {"limits": vector["limits"]} if "limits" in vector else {}
        requests = [request]
        if vector["json"] is not None:
            requests.append({"op": "encode", "type": vector["type"], "json": vector["json"]})
        reply, *encoded = self.process.ask(requests)
        if encoded and encoded[0].get("hex") != vector["canonical"]:
            return {f"JSON encodes to {encoded[0]}"}, None
        if "accepted" not in reply:
            return {str(reply)}, None
        if reply["accepted"]:
            return set(), reply["hex"]
        return {reply["rule"] or "malformed"}, None


def faults(vector: dict, implementation) -> list[str]:
    """What an implementation gets wrong about a vector."""
    body, found = bytes.fromhex(vector["hex"]), []
    if hashlib.sha256(body).hexdigest() != vector["sha256"]:
        found.append("the SHA-256 is another")
    for door, accepts, rule, also, canonical in (
        ("strict", vector["strict"], vector["rule"], vector.get("also", []), vector["hex"]),
        ("tolerant", vector["tolerant"], vector["tolerantRule"], vector.get("tolerantAlso", []),
         vector["canonical"]),
    ):  # fmt: skip
        rules, encoded = implementation.answer(vector, door)
        if accepts and encoded != canonical:
            found.append(f"{door}: expected {canonical}, got {encoded or sorted(rules)}")
        elif not accepts and (encoded is not None or not rules & {rule, *also}):
            found.append(f"{door}: expected {rule}, got {encoded or sorted(rules)}")
    return found


def other_faults() -> list[str]:
    """Sealed records, commitments and fingerprints, by this directory's own Python."""
    found, schema = [], load(*ROOTS)

    def read(name: str) -> list[dict]:
        return json.loads((PACK / f"{name}.json").read_text(encoding="ascii"))

    for vector in read("sealed"):
        if sealed_vectors.verify(bytes.fromhex(vector["record"])) != vector["fault"]:
            found.append(f"sealed: {vector['note']}")
    for vector in read("commitments"):
        made = sealed_vectors.commitment(
            bytes.fromhex(vector["salt"]), bytes.fromhex(vector["value"])
        )
        if made.hex() != vector["commitment"]:
            found.append(f"commitments: {vector['commitment']}")
    for vector in read("fingerprints"):
        text = sealed_vectors.wire_text(schema, vector["type"])
        if (
            text != vector["wireText"]
            or hashlib.sha256(text.encode()).hexdigest() != vector["wireFingerprint"]
        ):
            found.append(f"fingerprints: {vector['type']}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--driver", help="wire-conformance-driver; without it the reference runs")
    options = parser.parse_args()
    implementation = Driver(options.driver) if options.driver else Reference()
    count, wrong = 0, 0
    for file, vector in vectors():
        count += 1
        for fault in faults(vector, implementation):
            wrong += 1
            print(f"{file}: {vector['note']}: {vector['type']} {vector['hex'][:120]}")
            print(f"    {fault[:300]}")
    for fault in other_faults():
        wrong += 1
        print(fault)
    print(f"{count} codec vectors, {wrong} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
