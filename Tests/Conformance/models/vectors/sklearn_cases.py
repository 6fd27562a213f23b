"""scikit-learn, by the converter that Assay ships, and as bare exports."""
import importlib.util
import json
import os
import warnings

import numpy as np
import sklearn
from sklearn.ensemble import ExtraTreesRegressor, IsolationForest, RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from .common import Data, write

_path = os.path.join(os.path.dirname(__file__), "../../../../deploy/examples/convert/from_sklearn.py")
_spec = importlib.util.spec_from_file_location("from_sklearn", _path)
converter = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(converter)

# name: (model, target, whether rows may lack values)
CASES = {
    "logistic": (lambda n: make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=1000)), "binary", True),
    "softmax": (lambda n: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)), "class", False),
    "linear": (lambda n: LinearRegression(), "real", False),
    "poisson": (lambda n: make_pipeline(StandardScaler(), PoissonRegressor(max_iter=1000)), "count", False),
    "tree": (lambda n: DecisionTreeClassifier(max_depth=6, random_state=1), "binary", True),
    "forest": (lambda n: RandomForestClassifier(n(24), max_depth=6, random_state=1, class_weight="balanced"), "class", False),
    "forest-missing": (lambda n: RandomForestClassifier(n(24), max_depth=6, random_state=1), "binary", True),
    "forest-regressor": (lambda n: RandomForestRegressor(n(24), max_depth=6, random_state=1), "real", True),
    "extra-regressor": (lambda n: ExtraTreesRegressor(n(24), max_depth=6, random_state=1), "real", False),
    "isolation": (lambda n: IsolationForest(n_estimators=n(40), contamination=.1, random_state=1, max_samples=64), None, False),
    "isolation-features": (lambda n: IsolationForest(n_estimators=n(40), max_features=.5, random_state=1, max_samples=64), None, False),
}


def run(plan):
    version = sklearn.__version__
    for name, (make, target, may_lack) in CASES.items():
        if not plan.wants(name):
            continue
        data = Data(plan, name)
        x = data.x if may_lack else np.nan_to_num(data.x)
        y = None if target is None else data.target(target)
        model = make(plan.rounds)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(x, y)
        trees = getattr(model, "estimators_", [model]) if hasattr(model, "estimators_") or hasattr(model, "tree_") else []
        found = [(int(f), t) for e in trees for f, t in zip(e.tree_.feature, e.tree_.threshold) if f >= 0 and np.isfinite(t)]
        rows = data.probes(plan, [] if name == "isolation-features" else found)
        # Numbers beyond float32 are refused by the library.
        rows = np.where(np.abs(rows) > 1e30, 1e30, rows) if may_lack else np.nan_to_num(np.clip(rows, -1e30, 1e30))
        if not trees:
            rows = np.clip(rows, -50, 50)
        if target is None:
            outputs = {"score_samples": model.score_samples(rows), "decision": model.decision_function(rows),
                       "predict": model.predict(rows)}
        elif hasattr(model, "predict_proba"):
            outputs = {"probability": model.predict_proba(rows)}
            if not trees:
                outputs = {"margin": model.decision_function(rows)} | outputs
                if target == "binary":
                    outputs["probability"] = outputs["probability"][:, 1]
        else:
            outputs = {"probability": model.predict(rows)}
        about = {"library": "scikit-learn", "version": version, "model": type(model).__name__, "linear": not trees,
                 "input": "float64"}
        write(plan, f"sklearn-{version}-{name}", "model.json", lambda path: converter.save(model, path, data.names), rows,
              data.names, outputs, about)
        if name in ("forest", "isolation"):
            bare(plan, f"sklearn-{version}-{name}-bare", converter.convert(model, data.names), rows, data.names, outputs, about)


def bare(plan, name, document, rows, names, outputs, about):
    """The same trees without a head: inputs are the columns of the rows, in order."""
    kept = {key: document[key] for key in ("trees", "max_samples", "offset", "features") if key in document}
    for tree in kept["trees"]:
        tree.pop("missing_left", None)
        tree.pop("cover", None)

    def save(path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(kept, file)

    write(plan, name, "model.json", save, rows, names, outputs, about)
