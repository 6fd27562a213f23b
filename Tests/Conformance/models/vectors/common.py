"""Data to train with, rows that sit on thresholds, and the folder that a case becomes."""
import csv
import json
import os

import numpy as np


class Plan:
    """What one run makes: where, from which seed, how large, which cases."""

    def __init__(self, out, seed, small, only):
        self.out, self.seed, self.small, self.only = out, seed, small, only
        self.inputs = 8 if small else 12
        self.training = 900 if small else 3000
        self.rows = 40 if small else 200
        self.explained = 20 if small else 40

    def wants(self, name):
        return not self.only or name in self.only

    def rounds(self, count):
        return max(3, count // 4) if self.small else count


class Data:
    """Inputs of several kinds with 8 % missing, and targets that depend on them."""

    def __init__(self, plan, name, categories=0, zeros=False):
        self.random = random = np.random.default_rng([plan.seed, *name.encode()])
        count, width = plan.training, plan.inputs
        x = random.normal(size=(count, width))
        x[:, 4] = np.round(x[:, 4] * 3)
        x[:, 5] = np.exp(x[:, 5] * 2)
        self.categorical = list(range(width - categories, width))
        for column in self.categorical:
            x[:, column] = random.integers(0, 40 if column % 2 else 6, count)
        z = 1.3 * x[:, 0] - .8 * x[:, 1] * x[:, 2] + .6 * np.sin(2 * x[:, 3]) + .2 * x[:, 4]
        for column in self.categorical:
            z = z + np.isin(x[:, column] % 7, (1, 4)) * 1.1
        missing = random.random(x.shape) < .08
        missing[:, 0] = False
        x[missing] = np.nan
        if zeros:
            x[random.random(x.shape) < .1] = 0
        self.x, self.z, self.width = x, z, width

    @property
    def names(self):
        return [f"f{index}" for index in range(self.width)]

    def target(self, kind):
        random, z = self.random, self.z
        p = 1 / (1 + np.exp(-z))
        return {"binary": lambda: (random.random(len(z)) < p) * 1, "real": lambda: z + random.normal(size=len(z)) * .1,
                "share": lambda: p, "count": lambda: random.poisson(np.exp(z / 3)),
                "positive": lambda: random.gamma(2., np.exp(z / 4)) + .01,
                "mostly-zero": lambda: np.exp(z / 3) * (random.random(len(z)) < .6),
                "class": lambda: np.digitize(z, [-1, 1]), "class4": lambda: np.digitize(z, [-1, 0, 1]),
                "time": lambda: np.where(random.random(len(z)) < .3, -1, 1) * np.exp(z / 3),
                "three": lambda: np.stack([z, -z, z * z], 1),
                "two-labels": lambda: np.stack([p > .5, p < .3], 1) * 1}[kind]()

    def probes(self, plan, thresholds, width=np.float64, infinite=False):
        """Rows on thresholds and one unit in the last place beside them, and values that are odd."""
        rows = self.x[self.random.permutation(len(self.x))[:plan.rows]].astype(width)
        numbers = [t for t in thresholds if t[0] not in self.categorical]
        for index in range(plan.rows // 2):
            if not numbers:
                break
            column, value = numbers[self.random.integers(len(numbers))]
            value = width(value)
            rows[index, column] = (value, np.nextafter(value, width(np.inf)), np.nextafter(value, width(-np.inf)))[index % 3]
        largest = np.inf if infinite else 3e38
        # What LightGBM takes for zero ends at 1.0000000180025095e-35.
        zero = 1.0000000180025095e-35
        odd = [np.nan, largest, -largest, -0.0, 0.0, 1e-40, 1e30, -1e30, 1e-36, 1e-45 if width is np.float32 else 5e-324,
               zero, -zero, np.nextafter(zero, 1), np.nextafter(-zero, -1)]
        for index, value in enumerate(odd):
            rows[len(rows) - 1 - index, self.random.integers(0, 4)] = width(value)
        return rows


def text(value):
    value = float(value)
    if value != value:
        return "nan"
    return value.hex() if np.isfinite(value) else "inf" if value > 0 else "-inf"


def table(path, names, columns):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for row in zip(*columns):
            writer.writerow([cell if isinstance(cell, str) else text(cell) for cell in row])


def write(plan, name, model, save, rows, names, outputs, about, contributions=None):
    """One folder: the model, the rows, and what the library answered for them.

    rows: an array, or a list of columns whose cells may be texts.
    """
    folder = os.path.join(plan.out, name)
    os.makedirs(folder, exist_ok=True)
    save(os.path.join(folder, model))
    columns = list(rows.T) if hasattr(rows, "T") else rows
    table(os.path.join(folder, "rows.csv"), names, columns)
    header, found = [], []
    for kind, values in outputs.items():
        values = np.asarray(values, dtype=np.float64).reshape(len(columns[0]), -1)
        header += [f"{kind}_{index}" for index in range(values.shape[1])]
        found += list(values.T)
    table(os.path.join(folder, "expected.csv"), header, found)
    if contributions is not None:
        parts = np.asarray(contributions, dtype=np.float64).reshape(len(contributions), -1)
        table(os.path.join(folder, "shap.csv"), [f"shap_{index}" for index in range(parts.shape[1])], list(parts.T))
    with open(os.path.join(folder, "case.json"), "w", encoding="utf-8") as file:
        json.dump(about | {"seed": plan.seed}, file, indent=1, sort_keys=True, default=str)
        file.write("\n")
    print("  " + name, flush=True)


# Categories as people write them: none of these texts is a number.
TEXTS = ["007", "01234", "1e3", "0x10", "NA", "nan", "None", "a b", "c,d", "q\"q", "é", "-5", ".5", "inf"]
NUMBERS = [10, 20, 30, 45, 1 << 40]
