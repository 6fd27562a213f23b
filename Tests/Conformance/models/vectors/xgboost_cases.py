"""XGBoost: boosters, objectives, categories; each model as JSON and as UBJSON."""
import json
import os
import tempfile

import numpy as np
import xgboost as xgb

from .common import NUMBERS, TEXTS, Data, write

# name: (parameters, rounds, target)
CASES = {
    "binary": ({"objective": "binary:logistic"}, 40, "binary"),
    "base-score": ({"objective": "binary:logistic", "base_score": .2}, 15, "binary"),
    "base-extreme": ({"objective": "binary:logistic", "base_score": 1e-7}, 5, "binary"),
    "logitraw": ({"objective": "binary:logitraw"}, 15, "binary"),
    "hinge": ({"objective": "binary:hinge"}, 10, "binary"),
    "reg-logistic": ({"objective": "reg:logistic"}, 10, "share"),
    "regression": ({"objective": "reg:squarederror"}, 25, "real"),
    "absolute": ({"objective": "reg:absoluteerror"}, 10, "real"),
    "pseudo-huber": ({"objective": "reg:pseudohubererror"}, 10, "real"),
    "squared-log": ({"objective": "reg:squaredlogerror"}, 10, "positive"),
    "poisson": ({"objective": "count:poisson"}, 15, "count"),
    "gamma": ({"objective": "reg:gamma"}, 10, "positive"),
    "tweedie": ({"objective": "reg:tweedie"}, 10, "mostly-zero"),
    "cox": ({"objective": "survival:cox"}, 10, "time"),
    "aft": ({"objective": "survival:aft"}, 10, "interval"),
    "quantile": ({"objective": "reg:quantileerror", "quantile_alpha": [.2, .5, .9]}, 8, "real"),
    "quantile-crossing": ({"objective": "reg:quantileerror", "quantile_alpha": [.9, .2, .5]}, 8, "real"),
    "expectile": ({"objective": "reg:expectileerror", "expectile_alpha": .3}, 8, "real"),
    "expectiles": ({"objective": "reg:expectileerror", "expectile_alpha": [.2, .5, .8]}, 8, "real"),
    "softprob": ({"objective": "multi:softprob", "num_class": 3}, 12, "class"),
    "softmax": ({"objective": "multi:softmax", "num_class": 4}, 12, "class4"),
    "softprob-forest": ({"objective": "multi:softprob", "num_class": 4, "num_parallel_tree": 3, "subsample": .6}, 4, "class4"),
    "rank": ({"objective": "rank:ndcg"}, 8, "binary"),
    "pairwise": ({"objective": "rank:pairwise"}, 8, "binary"),
    "targets": ({"objective": "reg:squarederror"}, 8, "three"),
    "labels": ({"objective": "binary:logistic"}, 8, "two-labels"),
    "forest": ({"objective": "binary:logistic", "num_parallel_tree": 20, "subsample": .7, "eta": 1}, 4, "binary"),
    "dart": ({"objective": "binary:logistic", "booster": "dart", "rate_drop": .2}, 25, "binary"),
    "dart-softprob": ({"objective": "multi:softprob", "num_class": 3, "booster": "dart", "rate_drop": .5, "one_drop": 1}, 8, "class"),
    "dart-forest": ({"objective": "reg:squarederror", "booster": "dart", "rate_drop": .3, "num_parallel_tree": 4}, 6, "real"),
    "deep": ({"objective": "binary:logistic", "max_depth": 14, "min_child_weight": 0, "tree_method": "exact"}, 12, "binary"),
    "lossguide": ({"objective": "binary:logistic", "grow_policy": "lossguide", "max_leaves": 40, "max_depth": 0, "tree_method": "hist"}, 10, "binary"),
    "pruned": ({"objective": "binary:logistic", "tree_method": "exact", "gamma": 2.5, "max_depth": 8}, 10, "binary"),
    "constant": ({"objective": "binary:logistic", "min_child_weight": 1e9}, 4, "binary"),
    "linear": ({"objective": "binary:logistic", "booster": "gblinear"}, 10, "binary"),
    "linear-softprob": ({"objective": "multi:softprob", "num_class": 3, "booster": "gblinear"}, 10, "class"),
    "linear-poisson": ({"objective": "count:poisson", "booster": "gblinear"}, 10, "count"),
    "categories": ({"objective": "binary:logistic", "tree_method": "hist", "max_cat_to_onehot": 2}, 16, "binary"),
    "categories-one-hot": ({"objective": "binary:logistic", "tree_method": "hist", "max_cat_to_onehot": 200}, 16, "binary"),
    "categories-softprob": ({"objective": "multi:softprob", "num_class": 3, "tree_method": "hist", "max_cat_to_onehot": 3}, 8, "class"),
}


def thresholds(booster):
    """(input, threshold) of every split on a number."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.json")
        booster.save_model(path)
        with open(path, encoding="utf-8") as file:
            learner = json.load(file)["learner"]["gradient_booster"]
    model = learner.get("gbtree", learner).get("model", {})
    found = []
    for tree in model.get("trees", []):
        kinds = tree.get("split_type") or [0] * len(tree["left_children"])
        found += [(column, value) for column, value, left, kind in zip(
            tree["split_indices"], tree["split_conditions"], tree["left_children"], kinds) if left >= 0 and kind == 0]
    return found


def matrix(data, x, **more):
    types = ["c" if index in data.categorical else "q" for index in range(data.width)]
    return xgb.DMatrix(x, feature_names=data.names, feature_types=types,
                       **({"enable_categorical": True} if data.categorical else {}), **more)


def train(plan, name, parameters, rounds, target):
    data = Data(plan, name, categories=2 if name.startswith("categories") else 0)
    x = data.x.astype(np.float32)
    training = matrix(data, np.nan_to_num(x) if "linear" in name else x)
    if target == "interval":
        training.set_float_info("label_lower_bound", np.exp(data.z / 3).astype(np.float32))
        training.set_float_info("label_upper_bound", np.exp(data.z / 3 + 1).astype(np.float32))
    else:
        training.set_label(data.target(target))
    if name in ("rank", "pairwise"):
        training.set_group([len(x) // 3] * 3)
    common = {"max_depth": 4 if plan.small else 5, "eta": .3, "seed": 7, "nthread": 1}
    booster = xgb.train(common | parameters, training, plan.rounds(rounds))
    rows = data.probes(plan, thresholds(booster), np.float32)
    for column in data.categorical:
        # The library refuses what is no category; one that it never saw is a category too.
        rows[::7, column] = 41
        values = rows[:, column]
        rows[:, column] = np.where(np.isnan(values) | (values >= 0) & (values < 50) & (values == np.floor(values)), values, 3)
    return data, booster, np.nan_to_num(rows) if "linear" in name else rows


def answers(booster, made, head):
    outputs = {"margin": booster.predict(made, output_margin=True), "probability": booster.predict(made)}
    is_linear = not thresholds(booster) and "weights" in booster.get_dump()[0] if booster.get_dump() else False
    if not is_linear and "bias" not in booster.get_dump()[0]:
        outputs["leaf"] = booster.predict(made, pred_leaf=True)
    return outputs, booster.predict(head, pred_contribs=True)


def run(plan):
    version = xgb.__version__
    numbers = tuple(int(part) for part in version.split(".")[:2])
    for name, (parameters, rounds, target) in CASES.items():
        if not plan.wants(name):
            continue
        try:
            data, booster, rows = train(plan, name, parameters, rounds, target)
            outputs, parts = answers(booster, matrix(data, rows), matrix(data, rows[:plan.explained]))
        except (xgb.core.XGBoostError, ValueError, TypeError) as error:
            print(f"  xgboost-{version}-{name}: not with this version: {str(error).strip().splitlines()[-1][:90]}")
            continue
        about = {"library": "xgboost", "version": version, "parameters": parameters, "rounds": rounds, "input": "float32"}
        for ending in ("json", "ubj"):
            write(plan, f"xgboost-{version}-{name}-{ending}", f"model.{ending}", booster.save_model, rows, data.names,
                  outputs, about, parts)
    if numbers >= (3, 1) and plan.wants("named"):
        named(plan, version)


def named(plan, version):
    """Categories by name: the model has their texts or numbers, the rows too."""
    import pandas as pd
    random = np.random.default_rng([plan.seed, 5])
    # Before 3.4 the library counts characters for bytes, and finds no name behind one that is not ASCII.
    texts = [text for text in TEXTS if text.isascii() or tuple(map(int, version.split(".")[:2])) >= (3, 4)]
    count = plan.training
    frame = pd.DataFrame({
        "amount": random.normal(size=count).astype(np.float32),
        "branch": pd.Categorical(random.choice(texts, count), categories=texts),
        "kind": pd.Categorical(random.choice(NUMBERS, count), categories=NUMBERS)})
    y = (frame.branch.cat.codes % 2 + frame.kind.cat.codes % 3 + frame.amount > 1.5) * 1
    booster = xgb.train({"objective": "binary:logistic", "max_depth": 4, "nthread": 1, "seed": 7, "max_cat_to_onehot": 3},
                        xgb.DMatrix(frame, y, enable_categorical=True), plan.rounds(20))
    rows = frame.head(plan.rows).copy()
    rows.loc[3, "branch"], rows.loc[5, "kind"] = None, None
    made = xgb.DMatrix(rows, enable_categorical=True)
    cells = [list(rows.amount), *(["" if value != value or value is None else str(value) for value in rows[column]]
                                  for column in ("branch", "kind"))]
    outputs, parts = answers(booster, made, xgb.DMatrix(rows.head(plan.explained), enable_categorical=True))
    for ending in ("json", "ubj"):
        write(plan, f"xgboost-{version}-named-{ending}", f"model.{ending}", booster.save_model, cells, list(rows.columns),
              outputs, {"library": "xgboost", "version": version, "input": "float32"}, parts)
