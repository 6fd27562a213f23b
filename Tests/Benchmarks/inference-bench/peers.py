#!/usr/bin/env python3
"""Makes the models of the inference benchmark and times the libraries on single rows, one thread, through their C interfaces.

usage: peers.py FOLDER      (needs numpy, xgboost; lightgbm if it is installed)

Writes FOLDER/100x6.json and FOLDER/500x8.json for `inference-bench`. Run both in one session: only ratios mean something.
"""
import ctypes
import json
import os
import statistics
import sys
import time

import numpy as np
import xgboost as xgb

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
rng = np.random.default_rng(42)
x = rng.uniform(-2, 2, (20_000, 40)).astype(np.float32)
z = x[:, 0] - x[:, 1] * x[:, 2] + np.sin(3 * x[:, 3]) + x[:, 4:].sum(1) / 9
y = (rng.random(len(z)) < 1 / (1 + np.exp(-z))) * 1
x[rng.random(x.shape) < 0.05] = np.nan


def measure(call, rows, runs=11):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        for i in range(rows):
            call(i & 1023)
        times.append((time.perf_counter() - start) / rows * 1e6)
    return statistics.median(times)


empty = measure(ctypes.CDLL(None).abs, 20_000)
print(f"an empty call through ctypes: {empty:.2f} us, taken off below")
for trees, depth in ((100, 6), (500, 8)):
    booster = xgb.train({"objective": "binary:logistic", "max_depth": depth, "min_child_weight": 0, "eta": 0.1, "seed": 7,
                         "nthread": 1}, xgb.DMatrix(x, y), trees)
    booster.save_model(os.path.join(folder, f"{trees}x{depth}.json"))
    booster.set_param({"nthread": 1})
    lib = xgb.core._LIB
    interfaces = [json.dumps(x[i:i + 1].__array_interface__ | {"data": (x[i:i + 1].ctypes.data, True), "strides": None}).encode()
                  for i in range(1024)]
    config = json.dumps({"type": 1, "iteration_begin": 0, "iteration_end": 0, "strict_shape": False, "missing": float("nan"),
                         "cache_id": 0}).encode()
    shape, dims, result = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64(), ctypes.POINTER(ctypes.c_float)()

    def predict(i):
        if lib.XGBoosterPredictFromDense(booster.handle, interfaces[i], config, None, ctypes.byref(shape), ctypes.byref(dims),
                                         ctypes.byref(result)):
            raise SystemExit(xgb.core._LIB.XGBGetLastError())

    print(f"xgboost {xgb.__version__} C in-place, {trees} x {depth}: {measure(predict, 2_000) - empty:.2f} us a row")
    matrix = xgb.DMatrix(x[:60])
    start = time.perf_counter()
    booster.predict(matrix, pred_contribs=True)
    print(f"xgboost {xgb.__version__} contributions, {trees} x {depth}: {(time.perf_counter() - start) / 60 * 1e6:.0f} us a row")
    try:
        import lightgbm as lgb
    except ImportError:
        continue
    x64 = x.astype(np.float64)
    model = lgb.train({"objective": "binary", "num_leaves": 2**depth, "max_depth": depth, "min_data_in_leaf": 1, "num_threads": 1,
                       "verbose": -1, "seed": 7}, lgb.Dataset(x64, y), trees)
    lib, handle, length, out = lgb.basic._LIB, ctypes.c_void_p(), ctypes.c_int64(), ctypes.c_double()
    lib.LGBM_BoosterPredictForMatSingleRowFastInit(model._handle, 1, 0, -1, 1, 40, b"num_threads=1", ctypes.byref(handle))
    pointers = [ctypes.c_void_p(x64[i:i + 1].ctypes.data) for i in range(1024)]
    fast = lambda i: lib.LGBM_BoosterPredictForMatSingleRowFast(handle, pointers[i], ctypes.byref(length), ctypes.byref(out))
    print(f"lightgbm {lgb.__version__} C fast single row, {trees} x {depth}: {measure(fast, 20_000) - empty:.2f} us a row")
