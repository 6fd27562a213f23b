#!/usr/bin/env python3
"""Writes distributions.tsv: 1,000 values of distributions to 40 digits. Made with mpmath 1.4.1.

SciPy 1.17 agrees to 1e-13, but for large arguments only to 3e-10: there it subtracts large logarithms.
"""

import random
from pathlib import Path

from mpmath import beta, betainc, erfc, gammainc, log, mp, mpf, sqrt

mp.dps = 40
source = random.Random(2026)


def log_uniform(low, high):
    return low * (high / low) ** source.random()


def normal(z):
    return erfc(mpf(z) / sqrt(2)) / 2


def student(t, degrees):
    t, degrees = mpf(t), mpf(degrees)
    return betainc(degrees / 2, mpf(1) / 2, 0, degrees / (degrees + t * t), regularized=True)


def points():
    for _ in range(200):
        z = source.uniform(-8, 37)
        yield "normal_upper", [z], normal(z)
    for _ in range(150):
        z = source.uniform(-2, 37)
        yield "normal_quantile", [float(normal(z))], mpf(z)
    for _ in range(200):
        degrees = source.randint(1, 63)
        x = degrees * log_uniform(1e-2, 12)
        yield "chi_squared_upper", [x, degrees], gammainc(
            mpf(degrees) / 2, mpf(x) / 2, regularized=True)
    for _ in range(200):
        degrees, t = log_uniform(0.5, 1e7), log_uniform(1e-3, 30)
        yield "student_two_sided", [t, degrees], student(t, degrees)
    for _ in range(150):
        degrees, t = log_uniform(0.5, 1e7), log_uniform(0.05, 6)
        yield "student_quantile", [float(student(t, degrees)), degrees], mpf(t)
    for _ in range(100):
        a, b = log_uniform(1e-2, 1e7), log_uniform(1e-2, 1e3)
        yield "log_beta", [a, b], log(beta(mpf(a), mpf(b)))


with open(Path(__file__).with_name("distributions.tsv"), "w", encoding="utf-8") as file:
    for name, arguments, value in points():
        print(name, *(float(x).hex() for x in arguments), float(value).hex(), sep="\t", file=file)
