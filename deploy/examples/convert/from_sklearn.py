#!/usr/bin/env python3
"""Writes a fitted scikit-learn model as a file that Assay reads: assay-linear or assay-forest.

In your own Python, where the model is:

    from from_sklearn import save
    save(model, "model.json", inputs=["age", "income"])      # inputs may be left out after a fit on a DataFrame

or for a model that was saved with joblib or pickle (which runs code: only for your own files):

    python from_sklearn.py model.joblib model.json --inputs age,income

Read are LogisticRegression, LinearRegression, Ridge, Lasso, ElasticNet, PoissonRegressor, GammaRegressor and
TweedieRegressor with a log link, each alone or behind SimpleImputer and StandardScaler in a Pipeline;
DecisionTree*, RandomForest* and ExtraTrees* (classifier and regressor), and IsolationForest.
Anything else is refused by name. Numbers are written as hexadecimal floats, so none is rounded.

XGBoost, LightGBM and CatBoost need no conversion: Assay reads what they save themselves.
"""
import argparse
import json
import sys


class NotConvertible(Exception):
    pass


def save(model, path, inputs=None):
    """Writes `model` to `path`; `inputs` are the names of its columns, by default those that it was fitted with."""
    document = convert(model, inputs)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, allow_nan=False)
        file.write("\n")


def convert(model, inputs=None):
    """The model as a document of lists, texts and numbers."""
    steps = [step for _, step in model.steps] if _kind(model) == "Pipeline" else [model]
    steps = [step for step in steps if step is not None and not isinstance(step, str)]
    names = _names(model, steps, inputs)
    last = steps[-1]
    if _kind(last) in LINEAR:
        return _linear(steps, names)
    if len(steps) > 1:
        raise NotConvertible(f"{_kind(last)} behind {_kind(steps[0])}: only linear models are read behind other steps")
    if _kind(last) in FORESTS:
        return _forest(last, names)
    if _kind(last) == "IsolationForest":
        return _isolation(last, names)
    raise NotConvertible(f"{_kind(last)} is not read")


LINEAR = {"LogisticRegression": "logit", "LinearRegression": "identity", "Ridge": "identity", "Lasso": "identity",
          "ElasticNet": "identity", "PoissonRegressor": "log", "GammaRegressor": "log", "TweedieRegressor": "log"}
FORESTS = {"DecisionTreeClassifier": "classifier", "RandomForestClassifier": "classifier",
           "ExtraTreeClassifier": "classifier", "ExtraTreesClassifier": "classifier",
           "DecisionTreeRegressor": "regressor", "RandomForestRegressor": "regressor",
           "ExtraTreeRegressor": "regressor", "ExtraTreesRegressor": "regressor"}


def _kind(model):
    return type(model).__name__


def _library():
    import sklearn
    return f"scikit-learn {sklearn.__version__}"


def _exact(number):
    number = float(number)
    if number != number or number in (float("inf"), float("-inf")):
        raise NotConvertible(f"a parameter of the model is {number}")
    return number.hex()


def _names(model, steps, inputs):
    count = getattr(steps[0], "n_features_in_", None) or getattr(model, "n_features_in_", None)
    if count is None:
        raise NotConvertible("the model is not fitted")
    if inputs is None:
        known = getattr(steps[0], "feature_names_in_", None)
        inputs = [f"f{index}" for index in range(count)] if known is None else list(known)
    inputs = [str(name) for name in inputs]
    if len(inputs) != count:
        raise NotConvertible(f"{len(inputs)} names for {count} inputs")
    return inputs


def _linear(steps, names):
    document = {"format": "assay-linear", "version": 1, "library": _library(), "inputs": names}
    for place, step in enumerate(steps[:-1]):
        if _kind(step) == "SimpleImputer" and place == 0:
            if step.add_indicator or step.missing_values == step.missing_values:
                raise NotConvertible("SimpleImputer with an indicator, or for another value than NaN")
            document["impute"] = [_exact(value) for value in step.statistics_]
        elif _kind(step) == "StandardScaler" and "scaler" not in document:
            zero, one = [0.0] * len(names), [1.0] * len(names)
            document["scaler"] = {
                "mean": [_exact(value) for value in (zero if step.mean_ is None else step.mean_)],
                "scale": [_exact(value) for value in (one if step.scale_ is None else step.scale_)]}
        else:
            raise NotConvertible(f"{_kind(step)} as step {place + 1}: read are SimpleImputer, then StandardScaler")
    model = steps[-1]
    link = LINEAR[_kind(model)]
    if _kind(model) == "TweedieRegressor" and not (model.link == "log" or model.link == "auto" and model.power > 0):
        raise NotConvertible("TweedieRegressor with another link than log")
    weights = model.coef_ if getattr(model.coef_, "ndim", 1) > 1 else [model.coef_]
    intercept = model.intercept_ if hasattr(model.intercept_, "__len__") else [model.intercept_] * len(weights)
    if _kind(model) == "LogisticRegression":
        document["classes"] = [str(name) for name in model.classes_]
        if len(model.classes_) > 2:
            if getattr(model, "multi_class", "auto") == "ovr" or getattr(model, "solver", "") == "liblinear":
                raise NotConvertible("LogisticRegression that asks class against class: only softmax is read")
            link = "softmax"
        else:
            # One margin, of the second class.
            del document["classes"]
    document |= {"link": link, "coefficients": [[_exact(value) for value in row] for row in weights],
                 "intercept": [_exact(value) for value in intercept]}
    return document


def _threshold(value):
    # A split between missing and all others has an infinite threshold; no value is beyond the largest number.
    largest = sys.float_info.max
    return _exact(min(max(value, -largest), largest))


def _tree(tree, leaves):
    # A leaf has no question, and what stands in its place is never read.
    split = tree.children_left >= 0
    result = {
        "left": tree.children_left.tolist(), "right": tree.children_right.tolist(),
        "feature": [int(f) if s else 0 for f, s in zip(tree.feature, split)],
        "threshold": [_threshold(t) if s else 0 for t, s in zip(tree.threshold, split)],
        "samples": tree.n_node_samples.tolist(),
        "cover": [_exact(weight) for weight in tree.weighted_n_node_samples]}
    if hasattr(tree, "missing_go_to_left"):
        result["missing_left"] = [bool(flag) for flag in tree.missing_go_to_left]
    if leaves == "classifier":
        result["value"] = [[_exact(share) for share in _shares(node[0])] for node in tree.value]
    elif leaves == "regressor":
        result["value"] = [_exact(node[0][0]) for node in tree.value]
    return result


def _shares(values):
    # To scikit-learn 1.2 a leaf held weights of the classes, since 1.3 it holds their shares.
    import sklearn
    if tuple(int(part) for part in sklearn.__version__.split(".")[:2]) >= (1, 3):
        return values
    return values / values.sum()


def _forest(model, names):
    kind = FORESTS[_kind(model)]
    if getattr(model, "n_outputs_", 1) != 1:
        raise NotConvertible("a model of several outputs")
    estimators = getattr(model, "estimators_", [model])
    document = {"format": "assay-forest", "version": 1, "library": _library(), "kind": kind, "inputs": names}
    if kind == "classifier":
        if len(model.classes_) < 2:
            raise NotConvertible("a classifier of one class")
        document["classes"] = [str(name) for name in model.classes_]
    document["trees"] = [_tree(estimator.tree_, kind) for estimator in estimators]
    return document


def _isolation(model, names):
    return {"format": "assay-forest", "version": 1, "library": _library(), "kind": "isolation", "inputs": names,
            "max_samples": int(model.max_samples_), "offset": _exact(model.offset_),
            "features": [features.tolist() for features in model.estimators_features_],
            "trees": [_tree(estimator.tree_, "isolation") for estimator in model.estimators_]}


def main():
    parser = argparse.ArgumentParser(description="Writes a saved scikit-learn model as a file that Assay reads.")
    parser.add_argument("model", help="file of joblib or pickle; loading it runs code, so only your own")
    parser.add_argument("output")
    parser.add_argument("--inputs", help="names of the columns, separated by commas")
    options = parser.parse_args()
    import joblib
    save(joblib.load(options.model), options.output, options.inputs.split(",") if options.inputs else None)


if __name__ == "__main__":
    main()
