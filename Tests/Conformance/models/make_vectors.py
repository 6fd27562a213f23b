#!/usr/bin/env python3
"""Trains small models with the real libraries, several versions of each, and keeps what they predict.

usage: make_vectors.py --out FOLDER [--seed N] [--small] [--only NAME] [--library PREFIX]

For each library a virtual environment is made under FOLDER/venvs, and there `python -m vectors` runs (see vectors/).
FOLDER/cases/<library>-<version>-<case>/ then holds the model as its library saved it, rows.csv (values on thresholds and
one unit in the last place beside them, odd values, categories by name), expected.csv, shap.csv and case.json: what
check.py compares. A library whose wheels need another Python than those of this machine is left out, and said so.
"""
import argparse
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# (library, package, what it is installed with, Pythons that its wheels are for, newest first)
OLD = ["3.11", "3.10"]
NEW = ["3.13", "3.12", "3.14"]
LIBRARIES = [
    ("xgboost", "xgboost==1.7.6", ["numpy<2", "scipy<1.12"], OLD),
    ("xgboost", "xgboost-cpu==2.1.4", ["numpy", "scipy"], OLD + NEW),
    ("xgboost", "xgboost-cpu==3.0.5", ["numpy", "scipy"], OLD + NEW),
    ("xgboost", "xgboost==3.2.0", ["numpy", "scipy", "pandas"], OLD + NEW),
    ("xgboost", "xgboost-cpu==3.4.1", ["numpy", "scipy", "pandas<3"], NEW),
    ("lightgbm", "lightgbm==3.3.5", ["numpy<2", "scipy<1.12", "pandas<2.1", "scikit-learn<1.4"], OLD),
    ("lightgbm", "lightgbm==4.7.0", ["numpy<2", "scipy<1.12", "pandas<2.1"], OLD),
    ("catboost", "catboost==1.2.10", ["numpy", "pandas"], OLD + NEW),
    ("sklearn", "scikit-learn==1.9.1", ["numpy", "scipy"], OLD + NEW),
]


def pythons():
    """Programs by version, from PATH and from pyenv."""
    found = {}
    places = [shutil.which(f"python{version}") for version in OLD + NEW]
    root = os.path.expanduser(os.environ.get("PYENV_ROOT", "~/.pyenv")) + "/versions"
    if os.path.isdir(root):
        places += [f"{root}/{name}/bin/python" for name in sorted(os.listdir(root))]
    for place in filter(None, [sys.executable, *places]):
        done = subprocess.run([place, "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"],
                              capture_output=True, text=True)
        if done.returncode == 0:
            found.setdefault(done.stdout.strip(), place)
    return found


def environment(folder, package, needs, python):
    """A virtual environment with the package, made once."""
    path = os.path.join(folder, package)
    program = os.path.join(path, "bin", "python")
    ready = os.path.join(path, "ready")
    if not os.path.exists(ready):
        subprocess.run([python, "-m", "venv", path], check=True)
        subprocess.run([program, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package, *needs],
                       check=True)
        open(ready, "w").close()
    return program


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="a few short trees and forty rows")
    parser.add_argument("--only", action="append", default=[], help="a case, such as binary")
    parser.add_argument("--library", default="", help="libraries and versions that begin so, such as xgboost==3")
    options = parser.parse_args()
    known, missing = pythons(), []
    out = os.path.abspath(options.out)
    cases = os.path.join(out, "cases")
    for library, package, needs, versions in LIBRARIES:
        if not package.replace("-cpu", "").startswith(options.library):
            continue
        python = next((known[version] for version in versions if version in known), None)
        if python is None:
            missing.append(f"{package} (needs Python {' or '.join(versions)})")
            continue
        print(f"{package}:", flush=True)
        try:
            program = environment(os.path.join(out, "venvs"), package, needs, python)
            subprocess.run(
                [program, "-W", "ignore", "-m", "vectors", library, cases, "--seed", str(options.seed),
                 *(["--small"] if options.small else []), *(part for name in options.only for part in ("--only", name))],
                cwd=HERE, check=True, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"})
        except subprocess.CalledProcessError as error:
            missing.append(f"{package} ({error.cmd[1:4]}: status {error.returncode})")
    for name in missing:
        print(f"left out: {name}")
    print(f"{len(os.listdir(cases)) if os.path.isdir(cases) else 0} folders in {cases}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
