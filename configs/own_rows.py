"""Rows of one's own, for digits_conv.yaml, waves.yaml and sales.yaml.

A function gives arrays, the rows and their target, or a DataFrame.
"""

import numpy as np


def digits():
    """scikit-learn's 1,797 digits as images [n, 8, 8, 1] of uint8, and what they show."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return np.uint8(bunch.images[..., None] * 15.9), bunch.target


def waves(count=900, steps=60, seed=0):
    """Series [n, steps, 1] of noise with a bump in it, and whether it is a sine, a saw or a square.

    Where in a series its bump begins, how long it is and how high, is drawn for each.
    """
    rng = np.random.default_rng(seed)
    kinds = rng.choice(["sine", "saw", "square"], count)
    series = rng.normal(scale=0.4, size=(count, steps, 1))
    for row, kind in zip(series, kinds, strict=True):
        length = rng.integers(20, 41)
        first = rng.integers(0, steps - length + 1)
        phase = np.linspace(0, 4 * np.pi, length) + rng.uniform(0, 2 * np.pi)
        shape = {
            "sine": np.sin(phase),
            "saw": phase / np.pi % 2 - 1,
            "square": np.sign(np.sin(phase)),
        }[kind]
        row[first : first + length, 0] += rng.uniform(0.7, 1.3) * shape
    return series, kinds


def sales(days=500, seed=0):
    """What three shops sold each day: a week and a year, prices that are planned, and noise."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    day = np.arange(days)
    shops = []
    for shop, level in (("north", 80), ("south", 120), ("harbour", 60)):
        price = rng.choice([2.0, 2.5, 3.0], days)
        week = np.where(day % 7 > 4, 30, 8 * np.sin(day))
        year = 15 * np.sin(2 * np.pi * day / 365)
        sold = level + week + year - 25 * (price - 2.5) + rng.normal(0, 5, days)
        dates = pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D")
        columns = {"day": dates, "shop": shop, "price": price, "sold": sold.round()}
        shops.append(pd.DataFrame(columns))
    return pd.concat(shops, ignore_index=True)
