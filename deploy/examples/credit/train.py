#!/usr/bin/env python3
"""Train the example credit model and write everything that Assay needs to serve it.

usage: train.py            (in this folder; needs numpy and xgboost, see requirements.txt)

Reads german.csv and writes, next to it:
  model.json       the boosted trees, as XGBoost saves them
  manifest.json    inputs in order, vocabularies, reason codes, golden rows (assay.models.v1.Manifest)
  heldout.jsonl    one held-out applicant a line: {"request": AssessCreditRequest, "outcome": "good" | "bad",
                   "probability": what XGBoost itself predicts}
and prints the figures of the held-out part. The same input gives the same bytes: one thread, fixed seeds.
"""
import csv
import json
import os

import numpy as np
import xgboost as xgb

SEED = 42
HELD_OUT_FOLD = 0
HERE = os.path.dirname(os.path.abspath(__file__))

NUMBER, CATEGORY, FLAG = "number", "category", "flag"

# (input of the model, column of german.csv, kind, reason code). Left out on purpose, because a lender may not decide by
# them: age_in_years, personal_status_and_sex, foreign_worker.
INPUTS = [
    ("checking_status", "status_of_existing_checking_account", CATEGORY, "CR_CHECKING_STATUS"),
    ("duration_months", "duration_in_month", NUMBER, "CR_LOAN_TERM"),
    ("credit_history", "credit_history", CATEGORY, "CR_CREDIT_HISTORY"),
    ("purpose", "purpose", CATEGORY, "CR_LOAN_PURPOSE"),
    ("credit_amount", "credit_amount", NUMBER, "CR_LOAN_AMOUNT"),
    ("savings", "savings_account_and_bonds", CATEGORY, "CR_SAVINGS"),
    ("employment_since", "present_employment_since", CATEGORY, "CR_EMPLOYMENT_LENGTH"),
    ("installment_rate_percent", "installment_rate_in_percentage_of_disposable_income", NUMBER,
     "CR_INSTALLMENT_BURDEN"),
    ("guarantor", "other_debtors_or_guarantors", CATEGORY, "CR_GUARANTOR"),
    ("residence_since_years", "present_residence_since", NUMBER, "CR_RESIDENCE_LENGTH"),
    ("collateral", "property", CATEGORY, "CR_COLLATERAL"),
    ("other_installment_plans", "other_installment_plans", CATEGORY, "CR_OTHER_INSTALLMENTS"),
    ("housing", "housing", CATEGORY, "CR_HOUSING"),
    ("existing_credits", "number_of_existing_credits_at_this_bank", NUMBER, "CR_EXISTING_CREDITS"),
    ("job", "job", CATEGORY, "CR_EMPLOYMENT_TYPE"),
    ("dependants", "number_of_people_being_liable_to_provide_maintenance_for", NUMBER, "CR_DEPENDANTS"),
    ("telephone", "telephone", FLAG, "CR_CONTACT"),
]
# An application without these is not an application.
REQUIRED_IN_ORDER = ["duration_months", "credit_amount"]
REQUIRED = set(REQUIRED_IN_ORDER)
HAS_TELEPHONE = "yes, registered under the customers name"


def read():
    with open(os.path.join(HERE, "german.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    bad = np.array([row["creditability"] == "bad" for row in rows]).astype(int)
    # The fold of a row: its running number within its class, modulo 5. Anyone can rebuild it.
    fold = np.zeros(len(rows), int)
    for value in (0, 1):
        fold[bad == value] = np.arange((bad == value).sum()) % 5
    return rows, bad, fold


def vocabulary(rows, bad, train, column):
    """The column's texts, safest first by the training part, so that trees can split by order."""
    texts = sorted({row[column] for row in rows})
    rate = {}
    for text in texts:
        member = np.array([row[column] == text for row in rows]) & train
        # One row of the overall mean keeps rare texts from the extremes.
        rate[text] = (bad[member].sum() + bad[train].mean()) / (member.sum() + 1)
    return sorted(texts, key=lambda text: (rate[text], text))


def matrix(rows, vocabularies):
    columns = []
    for name, column, kind, _ in INPUTS:
        if kind == CATEGORY:
            code = {text: i for i, text in enumerate(vocabularies[name])}
            columns.append([code[row[column]] for row in rows])
        elif kind == FLAG:
            columns.append([row[column] == HAS_TELEPHONE for row in rows])
        else:
            columns.append([float(row[column]) for row in rows])
    return np.array(columns, np.float32).T


def hide(x, rng):
    """Hide 5 % of the values that may be absent, so that the trees learn what to do without them."""
    x = x.copy()
    hidden = rng.random(x.shape) < 0.05
    for i, (name, *_) in enumerate(INPUTS):
        if name in REQUIRED:
            hidden[:, i] = False
    x[hidden] = np.nan
    return x


def auc(y, score):
    _, inverse, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[inverse]
    positive, negative = y.sum(), (1 - y).sum()
    return (rank[y == 1].sum() - positive * (positive + 1) / 2) / (negative * positive)


def train_model(x, y):
    parameters = {
        "objective": "binary:logistic", "max_depth": 3, "eta": 0.05, "subsample": 0.8,
        "colsample_bytree": 0.5, "seed": SEED, "nthread": 1, "tree_method": "exact",
    }
    names = [name for name, *_ in INPUTS]
    return xgb.train(parameters, xgb.DMatrix(x, y, feature_names=names), 200)


def golden_rows(booster, x, rng):
    """Held-out applicants, the same with values hidden, and thresholds with their neighbours."""
    rows = [row for row in x[:24]]
    for row in x[24:40]:
        row = row.copy()
        for i, (name, *_) in enumerate(INPUTS):
            if name not in REQUIRED and rng.random() < 0.3:
                row[i] = np.nan
        rows.append(row)
    names = [name for name, *_ in INPUTS]
    numbers = [names.index(name) for name in REQUIRED_IN_ORDER]
    trees = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]
    splits = [(i, t) for tree in trees
              for left, i, t in zip(tree["left_children"], tree["split_indices"], tree["split_conditions"])
              if left >= 0 and i in numbers]
    for i, threshold in splits[:8]:
        for side in (-np.inf, 0, np.inf):
            row = x[40].copy()
            value = np.float32(threshold)
            row[i] = value if side == 0 else np.nextafter(value, np.float32(side))
            rows.append(row)
    rows = np.array(rows, np.float32)
    margins = booster.predict(xgb.DMatrix(rows, feature_names=names), output_margin=True)
    number = lambda v: "NaN" if v != v else float(v)
    return [{"values": [number(v) for v in row], "margin": [float(m)]} for row, m in zip(rows, margins)]


def manifest(vocabularies, golden):
    inputs = []
    for name, _, kind, code in INPUTS:
        field = {"name": name, "kind": kind, "reasonCode": code}
        if name not in REQUIRED:
            field["nullable"] = True
        if kind == CATEGORY:
            field["vocabulary"] = vocabularies[name]
        inputs.append(field)
    return {
        "purpose": "credit",
        "library": f"xgboost {xgb.__version__}",
        "description": "Probability that a loan turns out bad, trained on 800 applicants of the Statlog German "
                       "credit data (CC BY 4.0). Age, sex, marital and foreign-worker status are not used.",
        "inputs": inputs,
        "goldenRows": golden,
    }


def request(number, row):
    """The applicant as the message a bank would send (assay.risk.v1.AssessCreditRequest)."""
    return {
        "requestId": f"german-{number:04}",
        "customer": {
            "customerId": f"applicant-{number:04}",
            "employmentSince": row["present_employment_since"],
            "residenceSinceYears": int(row["present_residence_since"]),
            "housing": row["housing"],
            "job": row["job"],
            "dependants": int(row["number_of_people_being_liable_to_provide_maintenance_for"]),
            "telephone": row["telephone"] == HAS_TELEPHONE,
        },
        "amount": {"currency": "DEM", "amount": row["credit_amount"]},
        "termMonths": int(row["duration_in_month"]),
        "loan": {
            "purpose": row["purpose"],
            "installmentRatePercent": int(row["installment_rate_in_percentage_of_disposable_income"]),
            "guarantor": row["other_debtors_or_guarantors"],
            "collateral": row["property"],
        },
        "bureau": {
            "checkingStatus": row["status_of_existing_checking_account"],
            "savings": row["savings_account_and_bonds"],
            "creditHistory": row["credit_history"],
            "existingCredits": int(row["number_of_existing_credits_at_this_bank"]),
            "otherInstallmentPlans": row["other_installment_plans"],
        },
    }


def save(name, text):
    with open(os.path.join(HERE, name), "w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def main():
    rows, bad, fold = read()
    train, held_out = fold != HELD_OUT_FOLD, fold == HELD_OUT_FOLD
    vocabularies = {
        name: vocabulary(rows, bad, train, column) for name, column, kind, _ in INPUTS if kind == CATEGORY
    }
    rng = np.random.default_rng(SEED)
    x = matrix(rows, vocabularies)
    booster = train_model(hide(x[train], rng), bad[train])
    booster.save_model(os.path.join(HERE, "model.json"))

    names = [name for name, *_ in INPUTS]
    probability = booster.predict(xgb.DMatrix(x[held_out], feature_names=names))
    golden = golden_rows(booster, x[held_out], rng)
    save("manifest.json", json.dumps(manifest(vocabularies, golden), indent=1, ensure_ascii=False) + "\n")
    lines = []
    for p, index in zip(probability, np.flatnonzero(held_out)):
        lines.append(json.dumps({
            "request": request(index + 1, rows[index]), "outcome": rows[index]["creditability"],
            "probability": float(p),
        }, ensure_ascii=False))
    save("heldout.jsonl", "\n".join(lines) + "\n")

    y = bad[held_out]
    print(f"xgboost {xgb.__version__}, numpy {np.__version__}")
    print(f"trained on {train.sum()} applicants, {bad[train].mean():.1%} bad; held out {len(y)}, {y.mean():.1%} bad")
    print(f"AUC on the held-out applicants: {auc(y, probability):.4f}")
    print(f"mean predicted probability: {probability.mean():.4f}; golden rows: {len(golden)}")


if __name__ == "__main__":
    main()
