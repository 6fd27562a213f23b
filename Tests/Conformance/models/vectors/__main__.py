"""Trains one library's cases in the Python that has that library: python -m vectors LIBRARY OUT [--seed N] [--small]."""
import argparse
import importlib
import os
import sys

from .common import Plan

parser = argparse.ArgumentParser(prog="vectors", description=__doc__)
parser.add_argument("library", choices=["xgboost", "lightgbm", "catboost", "sklearn"])
parser.add_argument("out")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--small", action="store_true", help="a few short trees and forty rows")
parser.add_argument("--only", action="append", help="a case; may be given several times")
options = parser.parse_args()
os.makedirs(options.out, exist_ok=True)
# CatBoost draws with libraries that it only needs for that.
if options.library == "catboost":
    from unittest import mock
    for name in ("matplotlib", "matplotlib.pyplot", "plotly", "plotly.graph_objs", "graphviz"):
        sys.modules.setdefault(name, mock.MagicMock())
importlib.import_module(f".{options.library}_cases", __package__).run(
    Plan(options.out, options.seed, options.small, options.only))
