#!/usr/bin/env python3
"""Train the example payment-fraud model on SIMULATED payments. No real payments are involved anywhere.

usage: train_payments.py            (in this folder; needs numpy and xgboost, see requirements.txt)

Simulates nine days of payments of 25,000 customers with four fraud patterns, computes the 19 values of the vector
payment_fraud@1 as the feature store does (as they were before each payment), trains on the first six days and
tests on the last three. Writes model.json and manifest.json (assay.models.v1.Manifest), the same bytes each time.
"""
import collections
import heapq
import json
import os

import numpy as np
import xgboost as xgb

SEED = 42
HERE = os.path.dirname(os.path.abspath(__file__))
CUSTOMERS, PAYMENTS, DAYS, FRAUD_SHARE = 25_000, 150_000, 9, 0.01
TEST_FROM_DAY = 6

# The vector payment_fraud@1: amount in major units, all other money in cents.
VECTOR = [
    ("amount", "PAYMENT_AMOUNT"),
    ("card_txn_cnt_1h", "CARD_VELOCITY"), ("card_txn_cnt_24h", "CARD_VELOCITY"),
    ("card_amt_sum_1h", "CARD_SPENDING"), ("card_amt_sum_24h", "CARD_SPENDING"),
    ("card_amt_avg_24h", "CARD_SPENDING"), ("card_amt_max_24h", "CARD_SPENDING"),
    ("cust_txn_cnt_1h", "CUSTOMER_VELOCITY"), ("cust_txn_cnt_24h", "CUSTOMER_VELOCITY"),
    ("cust_amt_sum_24h", "CUSTOMER_SPENDING"),
    ("acct_txn_cnt_1h", "ACCOUNT_VELOCITY"), ("acct_txn_cnt_24h", "ACCOUNT_VELOCITY"),
    ("acct_amt_sum_1h", "ACCOUNT_SPENDING"), ("acct_amt_sum_24h", "ACCOUNT_SPENDING"),
    ("acct_amt_avg_24h", "ACCOUNT_SPENDING"), ("acct_amt_max_24h", "ACCOUNT_SPENDING"),
    ("term_txn_cnt_1h", "TERMINAL_VELOCITY"), ("term_txn_cnt_24h", "TERMINAL_VELOCITY"),
    ("term_amt_avg_24h", "TERMINAL_SPENDING"),
]
NAMES = [name for name, _ in VECTOR]
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
# How busy each hour of the day is.
BUSY = np.array([180, 110, 80, 70, 90, 200, 450, 800, 1150, 1300, 1400, 1550,
                 1750, 1550, 1400, 1400, 1550, 1850, 1950, 1750, 1350, 1000, 700, 370]) / 24_000


def honest(rng, median, terminals):
    """Honest payments: (time, customer, uses the card, terminal or None, cents)."""
    count = PAYMENTS
    time = (rng.integers(0, DAYS, count) * DAY + rng.choice(24, count, p=BUSY) * HOUR + rng.integers(0, HOUR, count))
    customer = rng.integers(0, CUSTOMERS, count)
    kind = rng.random(count)
    level = rng.choice([0.45, 0.7, 0.9, 1.0, 1.1, 1.2, 1.8, 2.2, 6, 8, 9], count)
    cents = median[customer] * level * rng.lognormal(0, 0.9, count) * np.where(rng.random(count) < 0.004, 8, 1)
    own = rng.integers(0, 8, count)
    for i in range(count):
        c, amount = int(customer[i]), max(50, int(cents[i]))
        if kind[i] < 0.58:
            yield int(time[i]), c, True, f"term-{terminals[c, own[i]]}", amount, 0
        elif kind[i] < 0.84:
            yield int(time[i]), c, True, None, amount, 0
        elif kind[i] < 0.91:
            yield int(time[i]), c, True, f"atm-{c % 600}", int(rng.integers(1, 16)) * 2_000, 0
        else:
            yield int(time[i]), c, False, None, max(50, int(median[c] * 3.5 * rng.lognormal(0, 0.9))), 0


def fraud(rng, median, balance):
    """Four schemes: testing a card, emptying it, taking over an account, copying cards at a terminal."""
    made, number = 0, 0
    while made < PAYMENTS * FRAUD_SHARE:
        number += 1
        time, victim, roll = int(rng.integers(0, DAYS * DAY)), int(rng.integers(0, CUSTOMERS)), rng.random()
        if roll < 0.18:
            steps = int(rng.integers(9, 20))
            for step in range(steps):
                last = step == steps - 1
                yield time, victim, True, None, int(median[victim] * rng.integers(5, 13)) if last else int(rng.integers(50, 351)), 1
                time += int(rng.integers(10_000, 75_000))
        elif roll < 0.60:
            steps = int(rng.integers(2, 7))
            for _ in range(steps):
                terminal = f"term-{rng.integers(0, CUSTOMERS // 4)}" if rng.random() < 0.4 else None
                yield time, victim, True, terminal, max(50, int(median[victim] * rng.lognormal(0, 0.5) * 8)), 1
                time += int(rng.integers(2 * MINUTE, 40 * MINUTE))
        elif roll < 0.90:
            steps = int(rng.integers(1, 4))
            for _ in range(steps):
                yield time, victim, False, None, max(5_000, int(balance[victim] * rng.integers(30, 96) / 100)), 1
                time += int(rng.integers(3 * MINUTE, 25 * MINUTE))
        else:
            steps = int(rng.integers(5, 12))
            for _ in range(steps):
                yield time, int(rng.integers(0, CUSTOMERS)), True, f"atm-x{number}", int(rng.integers(10, 26)) * 2_000, 1
                time += int(rng.integers(MINUTE, 7 * MINUTE))
        made += steps


class Entity:
    """Payments of one card, customer, account or terminal, in tiles: a window reads whole tiles, as the store does."""

    def __init__(self):
        self.events = collections.deque()

    def add(self, time, cents):
        self.events.append((time, cents))

    def read(self, time):
        while self.events and self.events[0][0] < time - DAY - HOUR:
            self.events.popleft()
        hour = ((time - HOUR) // MINUTE) * MINUTE
        quarter = 15 * MINUTE
        day = ((time - DAY) // quarter) * quarter
        in_hour = [cents for t, cents in self.events if t >= hour]
        in_day = [cents for t, cents in self.events if t >= day]
        return {
            "txn_cnt_1h": len(in_hour), "txn_cnt_24h": len(in_day), "amt_sum_1h": sum(in_hour), "amt_sum_24h": sum(in_day),
            "amt_avg_24h": sum(in_day) / len(in_day) if in_day else np.nan,
            "amt_max_24h": max(in_day) if in_day else np.nan,
        }


def vectors(payments):
    """The vector of each payment, as it was before it, in order of time."""
    entities = collections.defaultdict(Entity)
    rows, labels, times = [], [], []
    for time, customer, uses_card, terminal, cents, label in payments:
        keys = {"cust": f"cust-{customer}", "acct": f"acct-{customer}"}
        if uses_card:
            keys["card"] = f"card-{customer}"
        if terminal:
            keys["term"] = terminal
        values = {"amount": cents / 100}
        for short, key in keys.items():
            values |= {f"{short}_{name}": value for name, value in entities[key].read(time).items()}
        rows.append([values.get(name, np.nan) for name in NAMES])
        labels.append(label)
        times.append(time)
        for key in keys.values():
            entities[key].add(time, cents)
    return np.array(rows, np.float32), np.array(labels), np.array(times)


def auc(y, score):
    _, inverse, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[inverse]
    positive, negative = y.sum(), (1 - y).sum()
    return (rank[y == 1].sum() - positive * (positive + 1) / 2) / (negative * positive)


def average_precision(y, score):
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(y[order])
    return (hits / np.arange(1, len(y) + 1))[y[order] == 1].mean()


def golden_rows(booster, x, y):
    rows = np.concatenate([x[y == 1][:20], x[y == 0][:28]])
    margins = booster.predict(xgb.DMatrix(rows, feature_names=NAMES), output_margin=True)
    number = lambda v: "NaN" if v != v else float(v)
    return [{"values": [number(v) for v in row], "margin": [float(m)]} for row, m in zip(rows, margins)]


def main():
    rng = np.random.default_rng(SEED)
    income = 260_000 * rng.lognormal(0, 0.5, CUSTOMERS)
    median = np.maximum(400, income / 100 * rng.lognormal(0, 0.5, CUSTOMERS))
    balance = income * rng.lognormal(0, 0.9, CUSTOMERS)
    terminals = rng.integers(0, CUSTOMERS // 4, (CUSTOMERS, 8))
    payments = heapq.merge(sorted(honest(rng, median, terminals), key=str_key),
                           sorted(fraud(rng, median, balance), key=str_key), key=str_key)
    x, y, time = vectors(payments)
    train = time < TEST_FROM_DAY * DAY
    parameters = {"objective": "binary:logistic", "max_depth": 4, "eta": 0.1, "subsample": 0.8, "colsample_bytree": 0.7,
                  "min_child_weight": 5, "seed": SEED, "nthread": 1, "tree_method": "exact"}
    booster = xgb.train(parameters, xgb.DMatrix(x[train], y[train], feature_names=NAMES), 120)
    booster.save_model(os.path.join(HERE, "model.json"))
    manifest = {
        "purpose": "fraud",
        "library": f"xgboost {xgb.__version__}",
        "description": "Probability that a payment is fraudulent, trained on SIMULATED payments by train_payments.py. "
                       "Its figures say nothing about real fraud.",
        "inputs": [{"name": name, "kind": "number", "reasonCode": code} | ({"nullable": True} if name != "amount" else {})
                   for name, code in VECTOR],
        "goldenRows": golden_rows(booster, x[~train], y[~train]),
        "vector": "payment_fraud@1",
    }
    with open(os.path.join(HERE, "manifest.json"), "w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(manifest, indent=1) + "\n")
    score = booster.predict(xgb.DMatrix(x[~train], feature_names=NAMES))
    test = y[~train]
    print(f"xgboost {xgb.__version__}, numpy {np.__version__}; simulated payments")
    print(f"trained on {train.sum()} payments, {y[train].mean():.2%} fraud; tested on {len(test)}, {test.mean():.2%} fraud")
    print(f"AUC {auc(test, score):.4f}, average precision {average_precision(test, score):.4f}")


def str_key(payment):
    """Order of time; equal times are ordered by everything else, so that no run differs."""
    return payment[0], payment[1], payment[4], str(payment[3])


if __name__ == "__main__":
    main()
