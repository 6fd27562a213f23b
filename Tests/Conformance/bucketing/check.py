#!/usr/bin/env python3
"""Checks `assay.bucket/1` in three implementations: Assay's own, this Python, and a SQL engine.

    check.py [--assay .build/release/assay] [--units 2000] [--seed 1]

The vectors of vectors.tsv and UNITS random draws, unit names from all of Unicode, must give the same
hash and bucket everywhere. The SQL is bucket.sql: DuckDB if it is installed (requirements.txt),
otherwise SQLite with a sha256 function, which it lacks.
"""

import argparse
import hashlib
import pathlib
import random
import sqlite3
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
PURPOSES = ["allocate", "arm", "layer", "holdout", "shadow"]


def bucket(purpose, seed, kind, unit):
    text = b"\0".join(part.encode() for part in ["assay.bucket/1", purpose, seed, kind, unit])
    hash = int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
    return f"{hash:016x}", hash * 1_000_000 >> 64


def vectors():
    for line in (HERE / "vectors.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            *draw, hash, number = line.split("\t")
            yield tuple(draw), (hash, int(number))


def random_draws(count, seed):
    source = random.Random(seed)

    def text(least, most, zero):
        letters = []
        while len(letters) < source.randint(least, most):
            code = source.choice([source.randrange(32, 127), source.randrange(0x80, 0x11_0000)])
            if not 0xD800 <= code < 0xE000:
                letters.append(chr(code))
        return "".join(letters)

    for _ in range(count):
        yield source.choice(PURPOSES), text(0, 40, False), text(0, 12, False), text(0, 80, True)


def by_sql(draws):
    query = (HERE / "bucket.sql").read_text()
    try:
        import duckdb

        connection, engine = duckdb.connect(), f"DuckDB {duckdb.__version__}"
        connection.execute("CREATE TABLE draws (n INTEGER, purpose TEXT, seed TEXT, kind TEXT, unit TEXT)")
    except ImportError:
        connection, engine = sqlite3.connect(":memory:"), f"SQLite {sqlite3.sqlite_version}"
        connection.create_function("sha256", 1, lambda t: hashlib.sha256(t.encode()).hexdigest())
        connection.create_function("chr", 1, chr)
        connection.execute("CREATE TABLE draws (n INTEGER, purpose TEXT, seed TEXT, kind TEXT, unit TEXT)")
    connection.executemany(
        "INSERT INTO draws VALUES (?, ?, ?, ?, ?)", [(n, *draw) for n, draw in enumerate(draws)]
    )
    return engine, [(hash, int(number)) for _, hash, number in connection.execute(query).fetchall()]


def by_assay(program, draws):
    lines = "".join("\t".join(draw) + "\n" for draw in draws)
    answer = subprocess.run(
        [program, "experiments", "bucket"], input=lines.encode(), capture_output=True, check=False
    )
    if answer.returncode != 0:
        sys.exit(f"{program} experiments bucket failed: {answer.stderr.decode()}")
    rows = [line.split("\t") for line in answer.stdout.decode().split("\n") if line]
    return [(row[-2], int(row[-1])) for row in rows]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--assay")
    parser.add_argument("--units", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    published = list(vectors())
    draws = [draw for draw, _ in published] + list(random_draws(options.units, options.seed))
    expected = [bucket(*draw) for draw in draws]
    wrong = 0

    def compare(name, found, wanted, of):
        nonlocal wrong
        differing = [n for n, (a, b) in enumerate(zip(found, wanted)) if a != b]
        wrong += len(differing) + abs(len(found) - len(wanted))
        print(f"{name}: {len(wanted) - len(differing)} of {len(wanted)} {of} agree")
        for n in differing[:5]:
            print(f"  {draws[n]}: {found[n]}, expected {wanted[n]}")

    compare("Python", expected[: len(published)], [answer for _, answer in published], "vectors")
    engine, found = by_sql(draws)
    compare(engine, found, expected, "draws")
    if options.assay:
        compare("assay", by_assay(options.assay, draws), expected, "draws")
    print("FAILED" if wrong else "passed")
    sys.exit(1 if wrong else 0)


main()
