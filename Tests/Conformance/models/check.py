#!/usr/bin/env python3
"""Compares what `assay models predict` prints with what the training library answered.

usage: check.py --assay PROGRAM FOLDER...

A folder holds model.json|ubj|txt, rows.csv, expected.csv (columns margin_0.., probability_0.., leaf_0..,
score_samples_0..), shap.csv if the library gives contributions, and case.json (library, version).
One line per folder says the largest distance of each output; the exit status is 1 if one is out of bounds.
Needs nothing but Python 3.9.
"""
import argparse
import csv
import glob
import json
import math
import os
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

# Largest distance from the library, by library and output: units in the last place of the library's own width.
ULPS = {
    "xgboost": {"margin": 0, "probability": 0, "leaf": 0},
    "lightgbm": {"margin": 0, "probability": 1, "leaf": 0},
    "catboost": {"margin": 0, "probability": 4, "leaf": 0},  # of two classes and of each class alone: 1
    "scikit-learn": {"margin": 0, "probability": 0, "score_samples": 2, "predict": 0},
}
# Linear models of scikit-learn, whose order of summation is the BLAS library's: largest relative distance.
RELATIVE = {"margin": 1e-12, "probability": 1e-12}
# A difference of two numbers near each other: largest absolute distance.
ABSOLUTE = {"decision": 1e-15}
SHAP = {"xgboost": 1e-5, "lightgbm": 1e-9, "catboost": 1e-9}


def number(text):
    return float.fromhex(text) if "x" in text else float(text)


def read_table(lines):
    rows = [row for row in csv.reader(lines) if row]
    return rows[0], [[number(cell) for cell in row] for row in rows[1:]]


def steps(a, b, single):
    """How many representable numbers lie between a and b."""
    if a == b or (a != a and b != b):
        return 0
    if a != a or b != b:
        return math.inf
    if single and any(math.isfinite(v) and struct.unpack("<f", struct.pack("<f", v))[0] != v for v in (a, b)):
        return math.inf
    form, code = ("<f", "<i") if single else ("<d", "<q")

    def place(value):
        bits = struct.unpack(code, struct.pack(form, value))[0]
        return bits if bits >= 0 else (-(1 << (31 if single else 63))) - bits

    return abs(place(a) - place(b))


class Mismatch(Exception):
    pass


def predict(assay, model, rows, output):
    done = subprocess.run(
        [assay, "models", "predict", "--file", model, "--rows", rows, "--output", output, "--hex"],
        capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise Mismatch((done.stderr.strip().splitlines() or [f"status {done.returncode}"])[0])
    return read_table(done.stdout.splitlines())


def pairs(got, wanted, kind):
    """The numbers of the columns that are called kind_0, kind_1, .., row by row, beside each other."""
    columns = [i for i, name in enumerate(wanted[0]) if name.rsplit("_", 1)[0] == kind]
    names = [wanted[0][i] for i in columns]
    if got[0] != names:
        raise Mismatch(f"{len(got[0])} columns {got[0][:3]} for {len(names)} columns {names[:3]}")
    if len(got[1]) < len(wanted[1]):
        raise Mismatch(f"{len(got[1])} rows for {len(wanted[1])}")
    return [(a, row[i]) for mine, row in zip(got[1], wanted[1]) for a, i in zip(mine, columns)]


def judge(case, kind, found):
    library = case["library"]
    if library == "scikit-learn" and kind in RELATIVE and (case.get("linear") or "logistic" in case["name"]):
        worst = max(abs(a - b) / abs(b) if b else abs(a) for a, b in found)
        return worst <= RELATIVE[kind], f"{kind} {worst:.1e} rel"
    if kind in ABSOLUTE:
        worst = max(abs(a - b) for a, b in found)
        return worst <= ABSOLUTE[kind], f"{kind} {worst:.1e}"
    if library == "xgboost" and "expectiles" in case["name"] and kind != "leaf":
        # Float32's log1p and expm1 differ between C libraries, and the parts may cancel.
        worst = max(abs(a - b) for a, b in found)
        return worst <= 5e-7, f"{kind} {worst:.1e}"
    distances = [steps(a, b, case.get("input") == "float32" and library == "xgboost") for a, b in found]
    bound = ULPS[library].get(kind, 0)
    if library == "catboost" and kind == "probability":
        if case["columns"] == {"margin": 1, "probability": 2}:
            # The first of two classes is 1 - p to the bit, in the library too: where p is near 1, one unit of p is
            # many of 1 - p, so that only p itself has a distance worth a bound.
            if any(first != 1 - second for pair in zip(found[::2], found[1::2]) for first, second in zip(*pair)):
                return False, f"{kind} of the first class is not 1 - p"
            bound, distances = 1, distances[1::2]
        elif "one-versus-all" in case["name"]:
            bound = 1
    worst = max(distances)
    several = sum(d > 0 for d in distances)
    return worst <= bound, f"{kind} {worst} ulp" + (f" ({several} differ)" if several else "")


def check(assay, folder):
    name = os.path.basename(os.path.normpath(folder))
    try:
        with open(os.path.join(folder, "case.json")) as file:
            case = json.load(file) | {"name": name}
        model = glob.glob(os.path.join(glob.escape(folder), "model.*"))[0]
        rows = os.path.join(folder, "rows.csv")
        with open(os.path.join(folder, "expected.csv")) as file:
            wanted = read_table(file)
        columns = [column.rsplit("_", 1)[0] for column in wanted[0]]
        kinds = list(dict.fromkeys(columns))
        case["columns"] = {kind: columns.count(kind) for kind in kinds}
    except (OSError, IndexError, ValueError) as error:
        return False, f"FAIL {name}: {error}"
    good, said = True, []
    for kind in kinds:
        try:
            fine, text = judge(case, kind, pairs(predict(assay, model, rows, kind), wanted, kind))
        except (Mismatch, OSError, ValueError, subprocess.TimeoutExpired) as error:
            fine, text = False, f"{kind}: {error}"
        good &= fine
        said.append(text if fine else "**" + text + "**")
    contributions = os.path.join(folder, "shap.csv")
    if os.path.exists(contributions):
        try:
            with open(contributions) as file:
                expected = read_table(file)
            # Only the first rows have contributions: score no more of them than that.
            with open(rows) as file:
                head = [line for _, line in zip(range(len(expected[1]) + 1), file)]
            part = f"/tmp/assay-check-{os.getpid()}-{name}.csv"
            with open(part, "w") as file:
                file.writelines(head)
            try:
                found = pairs(predict(assay, model, part, "shap"), expected, "shap")
            finally:
                os.remove(part)
            # XGBoost's contributions are float32: of a large one, that number's own unit is the bound.
            unit = 2**-23 if case["library"] == "xgboost" else 0
            fine = all(abs(a - b) <= SHAP[case["library"]] + unit * abs(b) for a, b in found)
            worst = max(abs(a - b) if a == a and b == b else math.inf for a, b in found)
            text = f"shap {worst:.1e}"
        except (Mismatch, OSError, ValueError, subprocess.TimeoutExpired) as error:
            fine, text = False, f"shap: {error}"
        good &= fine
        said.append(text if fine else "**" + text + "**")
    return good, f"{'ok  ' if good else 'FAIL'} {name}: {len(wanted[1])} rows, " + ", ".join(said)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assay", required=True, help="the assay program")
    parser.add_argument("folders", nargs="+")
    options = parser.parse_args()
    with ThreadPoolExecutor(2) as pool:
        results = []
        for good, line in pool.map(lambda folder: check(options.assay, folder), options.folders):
            print(line, flush=True)
            results.append(good)
    print(f"{sum(results)} of {len(results)} folders within bounds")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
