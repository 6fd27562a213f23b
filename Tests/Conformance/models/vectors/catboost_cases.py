"""CatBoost: oblivious and nested trees, losses, the three ways of missing, categories one-hot."""
import json
import os
import tempfile

import numpy as np
import catboost as cb

from .common import TEXTS, Data, write

# name: (parameters, target)
CASES = {
    "binary": ({"loss_function": "Logloss"}, "binary"),
    "cross-entropy": ({"loss_function": "CrossEntropy"}, "share"),
    "regression": ({"loss_function": "RMSE"}, "real"),
    "mae": ({"loss_function": "MAE"}, "real"),
    "poisson": ({"loss_function": "Poisson"}, "count"),
    "nan-max": ({"loss_function": "Logloss", "nan_mode": "Max"}, "binary"),
    "multiclass": ({"loss_function": "MultiClass"}, "class"),
    "one-versus-all": ({"loss_function": "MultiClassOneVsAll"}, "class"),
    "several": ({"loss_function": "MultiRMSE"}, "three"),
    "lossguide": ({"loss_function": "Logloss", "grow_policy": "Lossguide", "max_leaves": 20}, "binary"),
    "depthwise": ({"loss_function": "Logloss", "grow_policy": "Depthwise"}, "binary"),
    "lossguide-multiclass": ({"loss_function": "MultiClass", "grow_policy": "Lossguide"}, "class"),
    "one-hot": ({"loss_function": "Logloss", "one_hot_max_size": 60, "max_ctr_complexity": 0}, "binary"),
    "one-hot-depthwise": ({"loss_function": "Logloss", "one_hot_max_size": 60, "max_ctr_complexity": 0, "grow_policy": "Depthwise"}, "binary"),
    "named": ({"loss_function": "Logloss", "one_hot_max_size": 60, "max_ctr_complexity": 0}, "binary"),
}


def run(plan):
    version = cb.__version__
    for name, (parameters, target) in CASES.items():
        if not plan.wants(name):
            continue
        try:
            one(plan, version, name, parameters, target)
        except cb.CatBoostError as error:
            print(f"  catboost-{version}-{name}: not with this version: {error}")


def one(plan, version, name, parameters, target):
    data = Data(plan, name, categories=2 if name.startswith("one-hot") or name == "named" else 0)

    def label(value):
        if value != value:
            return ""
        return TEXTS[int(value) % len(TEXTS)] if name == "named" else str(int(value))

    def pool(x, y=None):
        rows = [[label(v) if i in data.categorical else v for i, v in enumerate(row)] for row in x]
        return cb.Pool(rows if data.categorical else x.astype(np.float32), y, cat_features=data.categorical or None,
                       feature_names=data.names)

    training = pool(data.x, data.target(target))
    model = cb.CatBoost(dict(iterations=plan.rounds(30), depth=4 if plan.small else 5, learning_rate=.2, random_seed=7,
                             thread_count=1, verbose=False, allow_writing_files=False, **parameters)).fit(training)
    borders = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.json")
        model.save_model(path, format="json", pool=training)
        with open(path, encoding="utf-8") as file:
            information = json.load(file)["features_info"]
    for feature in information.get("float_features", []):
        borders += [(feature["flat_feature_index"], border) for border in feature.get("borders") or []]
    rows = data.probes(plan, borders, np.float32)
    for column in data.categorical:
        rows[::7, column] = 77
        rows[:, column] = np.where(np.isnan(rows[:, column]) | (np.abs(rows[:, column]) < 99), np.round(rows[:, column]), 3)
    scored = pool(rows)
    outputs = {"margin": model.predict(scored, prediction_type="RawFormulaVal")}
    if target in ("binary", "share", "class"):
        outputs["probability"] = model.predict(scored, prediction_type="Probability")
    elif target == "count":
        outputs["probability"] = model.predict(scored, prediction_type="Exponent")
    cells = [[label(v) for v in column] if index in data.categorical and name == "named" else column
             for index, column in enumerate(rows.T)]
    parts = None
    # Of nested trees the library gives other values than the definition's; ours are those of brute force to 1e-14.
    if not data.categorical and "several" not in name and "grow_policy" not in parameters:
        parts = model.get_feature_importance(pool(rows[:plan.explained]), type="ShapValues")
    write(plan, f"catboost-{version}-{name}", "model.json", lambda path: model.save_model(path, format="json", pool=training),
          cells, data.names, outputs,
          {"library": "catboost", "version": version, "parameters": parameters, "input": "float32"}, parts)
