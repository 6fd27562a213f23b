#!/usr/bin/env python3
"""Hold replayed features against the Fraud Detection Handbook: its formulas, and its published AUC.

usage: evaluate.py PAYMENTS.csv FEATURES.csv

PAYMENTS.csv has the Handbook's simulated payments (transaction_id, occurred_at, customer_id, terminal_id, amount, fraud);
FEATURES.csv is what `assay features replay` made of them with the definitions in this folder. The script computes the
same features as the Handbook does (pandas, rolling windows), says how far the two are apart, and trains the Handbook's
classifiers by its protocol: a week of training, a week in which labels arrive, a week of test.
"""
import sys

import numpy as np
import pandas as pd
import xgboost
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

WINDOWS = [1, 7, 30]
DELAY = 7
TRAINING_START = pd.Timestamp("2018-07-25", tz="UTC")
DAYS_OF_TRAINING, DAYS_OF_DELAY, DAYS_OF_TEST = 7, 7, 7
PUBLISHED = {"XGBoost": (0.869, 0.687), "random forest": (0.870, 0.678), "logistic regression": (0.868, 0.623)}


def handbook_features(payments):
    """The Handbook's own formulas (chapter 3.2), windows that end with the payment at hand."""
    result = pd.DataFrame(index=payments.index)
    result["amount"] = payments["amount"]
    result["is_weekend"] = (payments["occurred_at"].dt.day_of_week >= 5).astype(float)
    result["is_night"] = (payments["occurred_at"].dt.hour <= 6).astype(float)
    for days in WINDOWS:
        rolling = rolled(payments, "customer_id", "amount", days)
        result[f"cust_txn_cnt_{days}d"] = rolling["count"]
        result[f"cust_txn_avg_{days}d"] = rolling["sum"] / rolling["count"]
    recent = rolled(payments, "terminal_id", "fraud", DELAY)
    for days in WINDOWS:
        whole = rolled(payments, "terminal_id", "fraud", DELAY + days)
        count = whole["count"] - recent["count"]
        result[f"term_txn_cnt_{days}d"] = count
        result[f"term_fraud_rate_{days}d"] = ((whole["sum"] - recent["sum"]) / count.where(count > 0)).fillna(0)
    return result


def rolled(payments, key, value, days):
    """Count and sum of the last days for each payment, itself included."""
    ordered = payments.sort_values([key, "occurred_at"], kind="stable")
    rolling = ordered.set_index("occurred_at").groupby(key)[value].rolling(f"{days}D")
    frame = pd.DataFrame({"count": rolling.count().to_numpy(), "sum": rolling.sum().to_numpy()}, index=ordered.index)
    return frame.reindex(payments.index)


def compare(found, expected):
    print("feature                  equal      largest difference   correlation")
    for name in expected.columns:
        ours, theirs = found[name].fillna(0).to_numpy(float), expected[name].to_numpy(float)
        apart = np.abs(ours - theirs)
        equal = np.mean(apart <= 1e-6 * np.maximum(1, np.abs(theirs)))
        correlation = np.corrcoef(ours, theirs)[0, 1]
        print(f"{name:22} {equal:9.4%} {apart.max():18.6g} {correlation:16.6f}")


def split(payments):
    """The Handbook's training and test sets: cards that are known as compromised are left out of the test."""
    day = (payments["occurred_at"].dt.floor("D") - TRAINING_START).dt.days
    train = payments.index[(day >= 0) & (day < DAYS_OF_TRAINING)]
    known = set(payments.loc[train].query("fraud == 1")["customer_id"])
    test = []
    first = DAYS_OF_TRAINING + DAYS_OF_DELAY
    for offset in range(DAYS_OF_TEST):
        arrived = payments[(day == DAYS_OF_TRAINING + offset - 1) & (payments["fraud"] == 1)]
        known |= set(arrived["customer_id"])
        today = payments[day == first + offset]
        test.append(today.index[~today["customer_id"].isin(known)])
    return train, test[0].append(test[1:])


def card_precision(test, scores, top=100):
    """Of the customers with the highest scores of each day, the share that has a fraud that day; found ones are left out."""
    frame = test.assign(score=scores, day=test["occurred_at"].dt.floor("D"))
    found, shares = set(), []
    for _, today in frame.groupby("day"):
        today = today[~today["customer_id"].isin(found)]
        cards = today.groupby("customer_id").agg(score=("score", "max"), fraud=("fraud", "max"))
        best = cards.sort_values("score", ascending=False, kind="stable").head(top)
        caught = set(best.index[best["fraud"] == 1])
        found |= caught
        shares.append(len(caught) / top)
    return float(np.mean(shares))


def train_and_test(name, features, payments):
    train, test = split(payments)
    models = {
        # The defaults of the library when the Handbook was written.
        "XGBoost": xgboost.XGBClassifier(random_state=0, n_jobs=1, tree_method="exact", base_score=0.5),
        "random forest": RandomForestClassifier(random_state=0, n_jobs=1),
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(random_state=0)),
    }
    inputs = features.fillna(0)
    for model_name, model in models.items():
        model.fit(inputs.loc[train], payments.loc[train, "fraud"])
        scores = model.predict_proba(inputs.loc[test])[:, 1]
        truth = payments.loc[test, "fraud"]
        area, precision = roc_auc_score(truth, scores), average_precision_score(truth, scores)
        cards = card_precision(payments.loc[test], scores)
        published = PUBLISHED[model_name]
        print(f"{name:18} {model_name:20} AUC {area:.4f} (Handbook {published[0]:.3f}), average precision {precision:.4f}"
              f" ({published[1]:.3f}), card precision@100 {cards:.4f}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    payments = pd.read_csv(sys.argv[1], parse_dates=["occurred_at"]).set_index("transaction_id")
    found = pd.read_csv(sys.argv[2]).set_index("id").reindex(payments.index)
    expected = handbook_features(payments)
    compare(found, expected)
    print()
    train_and_test("replayed features", found[expected.columns], payments)
    train_and_test("Handbook's own", expected, payments)


if __name__ == "__main__":
    main()
