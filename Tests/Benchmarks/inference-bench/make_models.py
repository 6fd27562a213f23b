#!/usr/bin/env python3
"""Makes what `inference-bench` scores: models of each library and 10,000 rows. One thread, so that it repeats.

100 trees to depth 6 and 500 to depth 8 are the contest; the others show how time grows with trees and depth.

usage: make_models.py FOLDER      (needs requirements.txt)
"""
import os
import sys

import lightgbm
import numpy as np
import xgboost

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
rng = np.random.default_rng(7)
x = rng.normal(size=(60_000, 40)).astype(np.float32)
x[rng.random(x.shape) < 0.05] = np.nan
known = np.nan_to_num(x)
logit = known[:, 0] * 1.2 - known[:, 1] * 0.8 + np.nan_to_num(x[:, 2] * x[:, 3]) + 0.5 * np.sin(known[:, 4] * 3) - 1
y = (rng.random(len(x)) < 1 / (1 + np.exp(-logit))).astype(int)



def save(name, kept, trees, ours, theirs):
    """Trains `trees` trees with both libraries and saves a model of the first of them for each number of `kept`."""
    parameters = {"objective": "binary:logistic", "eta": 0.1, "nthread": 1, **ours}
    booster = xgboost.train(parameters, xgboost.DMatrix(x, y), trees)
    for count in kept:
        booster[:count].save_model(os.path.join(folder, f"xgb_{count}_{name}.json"))
    parameters = {"objective": "binary", "learning_rate": 0.1, "num_threads": 1, "deterministic": True, "verbose": -1, **theirs}
    booster = lightgbm.train(parameters, lightgbm.Dataset(x, y), trees)
    for count in kept:
        booster.save_model(os.path.join(folder, f"lgb_{count}_{name}.txt"), num_iteration=count)


for depth, kept in ((6, (50, 100, 200, 400, 800)), (8, (100, 500)), (4, (100,)), (10, (100,)), (12, (100,))):
    save(depth, kept, kept[-1], {"max_depth": depth}, {"max_depth": depth, "num_leaves": 2**depth - 1})
# LightGBM's own choice: 31 leaves at any depth.
save("leafwise", (100,), 100, {"max_depth": 0, "max_leaves": 31, "grow_policy": "lossguide"}, {})

np.ascontiguousarray(x[:10_000]).tofile(os.path.join(folder, "X.f32"))
