"""Random schemas and values through our codec, pure-Python protobuf and the reference.

    .venv/bin/python Tests/Conformance/wire_oracle.py --driver PATH [--pairs 100000] [--seed 1]

For each (schema, value) pair, all of this must hold:

    encode     our bytes from JSON are the reference's, and protobuf's deterministic bytes
    strict     the strict door takes them, and gives the same bytes and JSON back
    unknown    the same with unknown records in every message, byte for byte in their place
    damaged    both doors say what the reference says, with one of its rules, and the tolerant door
               makes the same canonical bytes of it, which the strict door takes (P3)
    protobuf   takes what the tolerant door takes and gives the same known fields, but for the
               differences in `Expected` below

A schema is drawn from the seed and its index alone: `--only INDEX` runs it again. A difference is
made as small as possible, written as JSON to `--differences` and ends the run with code 1.
"""

from __future__ import annotations

import argparse
import collections
import json
import pathlib
import random
import subprocess
import sys
import threading
import time

import protobuf_peer
from json_values import same_text, to_json
from mutations import Mutator, split
from random_values import SchemaMaker, ValueMaker
from schema_model import parse, text
from wire_reference import LONG_TAG, Encoder, Verdict, check

VALUES_PER_SCHEMA = 25
DAMAGED_PER_VALUE = 2


class Driver:
    """The program that holds our codec: a line of JSON for a line of JSON."""

    def __init__(self, path: str):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, requests: list[dict]) -> list[dict]:
        lines = b"".join(json.dumps(request).encode() + b"\n" for request in requests)
        writer = threading.Thread(target=self.send, args=(lines,))
        writer.start()
        replies = []
        for request in requests:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit(f"the driver ended at {request}")
            replies.append(json.loads(line))
        writer.join()
        return replies

    def send(self, lines: bytes) -> None:
        try:
            self.process.stdin.write(lines)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # `ask` sees the end of the replies and says at which request

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


class Difference(Exception):
    """Two opinions on the same bytes."""

    def __init__(self, category: str, name: str, **facts):
        super().__init__(category)
        self.category, self.name, self.facts = category, name, facts


def decode_request(name: str, door: str, body: bytes) -> dict:
    return {"op": "decode", "type": name, "door": door, "hex": body.hex()}


def disagreement(reply: dict, verdict: Verdict) -> str:
    """How our door and the reference differ on some bytes; empty if they agree."""
    if "error" in reply:
        return f"the driver failed: {reply['error']}"
    if reply["accepted"] != verdict.accepted:
        mine = f"rejects: {verdict.problems}" if verdict.problems else "accepts"
        return f"ours {'accepts' if reply['accepted'] else 'rejects'}, the reference {mine}"
    if not verdict.accepted:
        rule = reply["rule"] or "malformed"
        return "" if rule in verdict.rules() else f"ours says {rule}, not {verdict.problems}"
    if reply["hex"] != verdict.canonical.hex():
        return f"ours encodes {reply['hex']}, the reference {verdict.canonical.hex()}"
    return ""


class Expected:
    """Where pure-Python protobuf and the tolerant door may differ, by the document."""

    # What the tolerant door refuses and protobuf takes: domains, wire types, required fields and
    # depth (R10, R12, R14, R13); groups; tags and lengths of more than five bytes; numbers over
    # 2^29 - 1 (R11); varints of more than 64 bits. What both take may differ as the remarks of
    # `wire_reference` say.
    REFUSED = {
        "R10", "R12", "R13", "R14", "R11", "malformed:group", "malformed:size", "malformed:varint",
    }  # fmt: skip

    @classmethod
    def refused(cls, tolerant: Verdict) -> bool:
        kinds = {kind for problem in tolerant.problems for kind in problem.split("/")}
        return bool(kinds & cls.REFUSED)

    @staticmethod
    def taken(strict: Verdict) -> bool:
        """Protobuf looks into a record that a later one replaces (R2, R9); the normalizer does
        not."""
        return bool({"R2", "R9"} & strict.rules())


class Round:
    """One schema and its values."""

    def __init__(self, driver: Driver, seed: int, index: int, counts: collections.Counter):
        self.driver, self.counts = driver, counts
        self.rng = random.Random(f"{seed}/{index}")
        self.schema, packages = SchemaMaker(self.rng).make()
        self.files = text(self.schema, packages)
        self.encoder = Encoder(self.schema)
        self.requests: list[dict] = []
        self.checks: list = []

    def run(self, pairs: int) -> None:
        if parse(list(self.files.values())).types != self.schema.types:
            raise Difference("schema text", "", message="our own reading of it differs")
        reply = self.driver.ask([{"files": self.files}])[0]
        if not reply.get("ok"):
            raise Difference("schema", "", reply=reply)
        if reply["types"] != self.schema.messages():
            raise Difference("schema", "", types=reply["types"], expected=self.schema.messages())
        self.peer = protobuf_peer.Peer(self.schema, reply["proto"])
        self.counts["schemas"] += 1
        maker, mutator = ValueMaker(self.rng, self.schema), Mutator(self.rng, self.schema)
        names = self.schema.messages()
        for _ in range(pairs):
            self.pair(self.rng.choice(names), maker, mutator)
        for reply, then in zip(self.driver.ask(self.requests), self.checks, strict=True):
            then(reply)

    def request(self, request: dict, then) -> None:
        self.requests.append(request)
        self.checks.append(then)

    def pair(self, name: str, maker: ValueMaker, mutator: Mutator) -> None:
        value = maker.value(name)
        body = self.encoder.message(name, value)
        quiet = protobuf_peer.quieted(self.schema, name, value)
        theirs = self.peer.encode(name, quiet)
        if theirs != self.encoder.message(name, quiet):
            raise Difference("protobuf encodes", name, ours=body.hex(), theirs=theirs.hex())
        self.counts["pairs"] += 1
        self.counts["bytes"] += len(body)
        self.counts["pairs with NaN payloads"] += quiet != value
        self.encode(name, quiet)
        json_text = to_json(self.schema, name, value)
        self.identity("strict", name, body, json_text)
        unknown = self.encoder.message(name, maker.with_unknowns(name, value))
        self.counts["pairs with unknown records"] += unknown != body
        self.identity("unknown", name, unknown, None)
        for _ in range(DAMAGED_PER_VALUE):
            other = self.encoder.message(name, maker.value(name, fuel=15))
            source = self.rng.choice([body, body, unknown])
            self.damaged(name, mutator.mutate(name, source, [body, other]))

    def encode(self, name: str, value: dict) -> None:
        body = self.encoder.message(name, value)

        def then(reply):
            if reply.get("hex") != body.hex():
                raise Difference(
                    "encode", name, json=request["json"], expected=body.hex(), reply=reply
                )
            self.counts["encode: equal to protobuf"] += 1

        request = {"op": "encode", "type": name, "json": to_json(self.schema, name, value)}
        self.request(request, then)

    def identity(self, category: str, name: str, body: bytes, json_text: str | None) -> None:
        """Canonical bytes, which both doors give back unchanged."""
        verdict = check(self.schema, name, body, "strict")
        if not verdict.accepted or verdict.canonical != body:
            raise Difference("reference", name, hex=body.hex(), problems=verdict.problems)
        for door in ("strict", "tolerant"):

            def then(reply, door=door):
                found = disagreement(reply, verdict)
                if found:
                    raise Difference(category, name, door=door, hex=body.hex(), found=found)
                if json_text is not None and not same_text(reply["json"], json_text):
                    raise Difference("json", name, expected=json_text, found=reply["json"])
                self.counts[f"{category}: {door} door is the identity"] += 1

            self.request(decode_request(name, door, body), then)

    def damaged(self, name: str, body: bytes) -> None:
        strict = check(self.schema, name, body, "strict")
        tolerant = check(self.schema, name, body, "tolerant")
        for door, verdict in (("strict", strict), ("tolerant", tolerant)):

            def then(reply, door=door, verdict=verdict):
                found = disagreement(reply, verdict)
                if found:
                    raise Difference("damaged", name, door=door, hex=body.hex(), found=found)
                if verdict.accepted:
                    self.counts[f"damaged: {door} accepts"] += 1
                else:
                    self.counts[f"damaged: {door} rejects"] += 1
                    self.counts[f"damaged: {door} rejects, {reply['rule'] or 'malformed'}"] += 1
                    certain = len(verdict.rules()) == 1
                    self.counts[f"damaged: {door} rejects, one rule possible"] += certain

            self.request(decode_request(name, door, body), then)
        if strict.accepted and not tolerant.accepted:
            raise Difference("reference doors", name, hex=body.hex(), found=tolerant.problems)
        if tolerant.accepted:
            again = check(self.schema, name, tolerant.canonical, "strict")
            if again.canonical != tolerant.canonical:
                raise Difference("reference P3", name, hex=body.hex(), found=again.problems)
            self.identity("P3", name, tolerant.canonical, None)
        self.compare(name, body, strict, tolerant)

    def compare(self, name: str, body: bytes, strict: Verdict, tolerant: Verdict) -> None:
        """The reference's tolerant door against protobuf."""
        theirs = self.peer.known_bytes(name, body)
        if theirs is None or not tolerant.accepted:
            outcome = f"we {'accept' if tolerant.accepted else 'refuse'}"
            outcome += f", it {'refuses' if theirs is None else 'accepts'}"
            self.counts[f"protobuf: {outcome}"] += 1
            is_fine = theirs is None and not tolerant.accepted
            if theirs is None and tolerant.accepted:
                is_fine = Expected.taken(strict)
            elif theirs is not None:
                is_fine = Expected.refused(tolerant) or LONG_TAG in tolerant.remarks
            if not is_fine:
                raise Difference(
                    "protobuf verdict", name, hex=body.hex(), found=outcome,
                    strict=strict.problems, tolerant=tolerant.problems,
                )  # fmt: skip
            return
        quiet = protobuf_peer.quieted(self.schema, name, tolerant.value)
        ours = self.encoder.message(name, quiet)
        if ours == theirs:
            self.counts["protobuf: both accept, the same content"] += 1
            return
        if not tolerant.remarks:
            raise Difference(
                "protobuf content", name, hex=body.hex(), ours=ours.hex(), theirs=theirs.hex(),
                strict=strict.problems,
            )  # fmt: skip
        for remark in tolerant.remarks:
            self.counts[f"protobuf: both accept, differ by {remark}"] += 1

    # Smaller cases

    def minimal(self, difference: Difference) -> None:
        """Shortens the bytes as long as our door and the reference still differ on them."""
        door, hex = difference.facts.get("door"), difference.facts.get("hex")
        if door is None:
            return
        body, name = bytes.fromhex(hex), difference.name

        def differs(candidate: bytes) -> str:
            reply = self.driver.ask([decode_request(name, door, candidate)])[0]
            return disagreement(reply, check(self.schema, name, candidate, door))

        found = True
        while found:
            found = next((c for c in shorter(body) if differs(c)), None)
            body = found if found is not None else body
        difference.facts |= {"minimal": body.hex(), "minimalFound": differs(body)}


def shorter(body: bytes):
    """Bodies with a record, some bytes or a single byte less; also inside LEN records."""
    parts = split(body) or []
    for index, chosen in enumerate(parts):
        before = b"".join(p.bytes for p in parts[:index])
        after = b"".join(p.bytes for p in parts[index + 1 :])
        yield before + after
        if chosen.wire == 2 and len(chosen.content) < 128 and len(chosen.prefix) == 1:
            for inner in shorter(chosen.content):
                yield before + chosen.tag + bytes([len(inner)]) + inner + after
    if not parts:
        for size in (8, 4, 2, 1):
            for at in range(0, len(body) - size + 1):
                yield body[:at] + body[at + size :]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--driver", required=True, help="wire-conformance-driver")
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="run one schema, by its index")
    parser.add_argument("--most", type=int, default=1, help="stop after so many differences")
    parser.add_argument("--differences", default=".assay/conformance", help="where to write them")
    options = parser.parse_args()

    driver, counts, found = Driver(options.driver), collections.Counter(), 0
    start, index, left = time.monotonic(), options.only or 0, options.pairs
    while left > 0 and found < options.most:
        pairs = min(left, VALUES_PER_SCHEMA)
        left -= pairs
        round = Round(driver, options.seed, index, counts)
        try:
            round.run(pairs)
        except Difference as difference:
            found += 1
            round.minimal(difference)
            report(difference, round, options, index)
        if options.only is not None:
            break
        index += 1
        if index % 400 == 0:
            print(f"{counts['pairs']} pairs, {time.monotonic() - start:.0f} s", file=sys.stderr)
    driver.close()
    for name in sorted(counts):
        print(f"{counts[name]:>9}  {name}")
    print(f"seed {options.seed}, {time.monotonic() - start:.1f} s, {found} differences")
    return 1 if found else 0


def report(difference: Difference, round: Round, options, index: int) -> None:
    case = {
        "category": difference.category, "seed": options.seed, "index": index,
        "type": difference.name, **difference.facts, "files": round.files,
    }  # fmt: skip
    folder = pathlib.Path(options.differences)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"difference-{options.seed}-{index}.json"
    path.write_text(json.dumps(case, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{difference.category}: {difference.name}: {difference.facts}\n  in {path}")


if __name__ == "__main__":
    sys.exit(main())
