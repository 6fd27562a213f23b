"""LightGBM: boosters, objectives, the three ways of missing, categories, linear leaves."""
import numpy as np
import lightgbm as lgb

from .common import NUMBERS, TEXTS, Data, write

# name: (parameters, rounds, target)
CASES = {
    "binary": ({"objective": "binary"}, 40, "binary"),
    "binary-sigmoid": ({"objective": "binary", "sigmoid": 1.7}, 15, "binary"),
    "zero-as-missing": ({"objective": "binary", "zero_as_missing": True}, 20, "binary"),
    "no-missing": ({"objective": "binary", "use_missing": False}, 20, "binary"),
    "regression": ({"objective": "regression"}, 25, "real"),
    "regression-sqrt": ({"objective": "regression", "reg_sqrt": True}, 10, "real"),
    "regression-l1": ({"objective": "regression_l1"}, 10, "real"),
    "huber": ({"objective": "huber"}, 10, "real"),
    "fair": ({"objective": "fair"}, 10, "real"),
    "quantile": ({"objective": "quantile", "alpha": .8}, 10, "real"),
    "mape": ({"objective": "mape"}, 10, "positive"),
    "poisson": ({"objective": "poisson"}, 15, "count"),
    "gamma": ({"objective": "gamma"}, 10, "positive"),
    "tweedie": ({"objective": "tweedie"}, 10, "mostly-zero"),
    "multiclass": ({"objective": "multiclass", "num_class": 3}, 12, "class"),
    "multiclassova": ({"objective": "multiclassova", "num_class": 3}, 8, "class"),
    "cross-entropy": ({"objective": "cross_entropy"}, 12, "share"),
    "cross-entropy-lambda": ({"objective": "cross_entropy_lambda"}, 12, "share"),
    "lambdarank": ({"objective": "lambdarank"}, 10, "binary"),
    "forest": ({"objective": "binary", "boosting": "rf", "bagging_fraction": .6, "bagging_freq": 1, "feature_fraction": .7}, 20, "binary"),
    "forest-multiclass": ({"objective": "multiclass", "num_class": 3, "boosting": "rf", "bagging_fraction": .6, "bagging_freq": 1}, 8, "class"),
    "dart": ({"objective": "binary", "boosting": "dart", "drop_rate": .3}, 20, "binary"),
    "linear-tree": ({"objective": "regression", "linear_tree": True}, 12, "real"),
    "stump": ({"objective": "binary", "min_data_in_leaf": 100000}, 4, "binary"),
    "categories": ({"objective": "binary", "min_data_per_group": 20, "cat_smooth": 1}, 20, "binary"),
    "categories-multiclass": ({"objective": "multiclass", "num_class": 3, "min_data_per_group": 20, "cat_smooth": 1}, 8, "class"),
}


def thresholds(booster):
    """(input, threshold) of every split on a number, from the text of the model."""
    found, columns = [], []
    for line in booster.model_to_string().splitlines():
        key, _, value = line.partition("=")
        if key == "split_feature":
            columns = [int(part) for part in value.split()]
        elif key == "threshold":
            values = [float(part) for part in value.split()]
        elif key == "decision_type":
            found += [(c, t) for c, t, d in zip(columns, values, value.split()) if int(d) & 1 == 0]
    return found


def run(plan):
    version = lgb.__version__
    common = {"num_leaves": 11 if plan.small else 23, "learning_rate": .2, "seed": 7, "num_threads": 1, "verbose": -1,
              "min_data_in_leaf": 10, "deterministic": True}
    for name, (parameters, rounds, target) in CASES.items():
        if not plan.wants(name):
            continue
        data = Data(plan, name, categories=2 if "categories" in name else 0, zeros="missing" in name)
        group = {"group": [len(data.x) // 3] * 3} if name == "lambdarank" else {}
        training = lgb.Dataset(data.x, data.target(target), feature_name=data.names,
                               categorical_feature=data.categorical, **group)
        try:
            booster = lgb.train(common | parameters, training, plan.rounds(rounds))
        except lgb.basic.LightGBMError as error:
            print(f"  lightgbm-{version}-{name}: not with this version: {error}")
            continue
        rows = data.probes(plan, thresholds(booster), np.float64, infinite=True)
        for column in data.categorical:
            rows[::5, column] = [(-1, 41, 3e9, -.5, 2.7)[index % 5] for index in range(len(rows[::5]))]
        outputs = {"margin": booster.predict(rows, raw_score=True), "probability": booster.predict(rows)}
        parts = None
        if "linear" not in name:
            outputs["leaf"] = booster.predict(rows, pred_leaf=True)
            parts = booster.predict(rows[:plan.explained], pred_contrib=True)
        write(plan, f"lightgbm-{version}-{name}", "model.txt", booster.save_model, rows, data.names, outputs,
              {"library": "lightgbm", "version": version, "parameters": parameters, "rounds": rounds, "input": "float64"}, parts)
    if plan.wants("named"):
        named(plan, version)


def named(plan, version):
    """Categories by name: the model has their texts or numbers, the rows too, and some that it never saw."""
    import pandas as pd
    random = np.random.default_rng([plan.seed, 6])
    count, rates = plan.training, [.5, 1e-5, 2.]
    frame = pd.DataFrame({
        "amount": random.normal(size=count),
        "branch": pd.Categorical(random.choice(TEXTS, count), categories=TEXTS),
        "kind": pd.Categorical(random.choice(NUMBERS, count), categories=NUMBERS),
        "rate": pd.Categorical(random.choice(rates, count), categories=rates),
        "flag": pd.Categorical(random.random(count) < .5, categories=[False, True])})
    y = (frame.branch.cat.codes % 2 + frame.kind.cat.codes % 3 + frame.rate.cat.codes % 2 + frame.flag.cat.codes
         + frame.amount > 2.5) * 1
    booster = lgb.train({"objective": "binary", "num_leaves": 15, "min_data_in_leaf": 5, "min_data_per_group": 2,
                         "cat_smooth": 1, "max_cat_to_onehot": 2, "num_threads": 1, "seed": 7, "verbose": -1},
                        lgb.Dataset(frame, y), plan.rounds(30))
    rows = frame.head(plan.rows).copy()
    cells = {column: ["" if value != value or value is None else str(value) for value in rows[column]] for column in rows}
    for line, (column, value) in enumerate([("branch", ""), ("kind", ""), ("branch", "7"), ("branch", "1000"), ("kind", "2"),
                                            ("branch", "zz"), ("kind", "0"), ("rate", "3.5")]):
        cells[column][line] = value
    frame = pd.DataFrame({
        "amount": rows.amount, "branch": pd.Categorical([value or None for value in cells["branch"]]),
        "kind": pd.Categorical([int(value) if value else None for value in cells["kind"]]),
        "rate": pd.Categorical([float(value) if value else None for value in cells["rate"]]), "flag": rows.flag})
    cells["amount"] = list(rows.amount)
    outputs = {"margin": booster.predict(frame, raw_score=True), "probability": booster.predict(frame),
               "leaf": booster.predict(frame, pred_leaf=True)}
    write(plan, f"lightgbm-{version}-named", "model.txt", booster.save_model, list(cells.values()), list(cells), outputs,
          {"library": "lightgbm", "version": version, "input": "float64"},
          booster.predict(frame.head(plan.explained), pred_contrib=True))
