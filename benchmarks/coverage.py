"""How often 95 % intervals hold the truth: the simulation in docs/statistics.md.

    python benchmarks/coverage.py [--draws 1000]

A classifier of two labels gives every row a score, normal around 0 for the common class and around
`d` for the rare one; the labels that it says are those above a threshold. So the truth is known by
formula, and each draw is a fresh test part with its interval. Prints Markdown.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from hpopt.metrics.metrics import METRICS
from hpopt.statistics.sample import Predictor, Sample

NAMES = ("accuracy", "balanced_accuracy", "f1", "auc")
ROWS, POSITIVES = 300, 15
# What the classifiers are called, and how large a share of the rare class they find.
FOUND = {"finds hardly any": 0.02, "finds some": 0.3, "finds most": 0.8, "finds nearly all": 0.98}
GROUPS = (4, 8, 20)
A_GROUP = 25  # rows


def coverage_of_rare(found: float, draws: int, rows: int = ROWS) -> dict[str, float]:
    """How often the interval of each metric holds the truth where the rare class is a 20th."""
    rng = np.random.default_rng(0)
    separation, share = 2.0, POSITIVES / ROWS
    threshold = separation - norm.ppf(found)
    false = norm.sf(threshold)
    truth = {
        "accuracy": share * found + (1 - share) * (1 - false),
        "balanced_accuracy": (found + 1 - false) / 2,
        "f1": 2 * share * found / (share + share * found + (1 - share) * false),
        "auc": norm.cdf(separation / np.sqrt(2)),
    }
    held = dict.fromkeys(NAMES, 0)
    for _ in range(draws):
        y = np.zeros(rows, dtype=np.int64)
        y[: rng.binomial(rows, share)] = 1
        y[:2] = (0, 1)
        said = expit(rng.normal(separation * y) - threshold)[:, None]
        sample = Sample(
            y, {"best": Predictor(said)}, [METRICS[name] for name in NAMES], resamples=1000
        )
        for metric in NAMES:
            interval = sample.interval("best", metric)
            held[metric] += interval is not None and interval.holds(truth[metric])
    return {metric: count / draws for metric, count in held.items()}


def coverage_of_groups(count: int, draws: int, metric: str = "accuracy") -> float:
    """How often the interval holds the truth for new groups, each of which is hard in its own way.

    The share of right labels in a group is that of a beta distribution of mean 0.8.
    """
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(draws):
        groups = np.repeat(np.arange(count), A_GROUP)
        right = rng.random(len(groups)) < rng.beta(8, 2, size=count)[groups]
        y = rng.integers(2, size=len(groups))
        said = np.where(right, y, 1 - y).astype(np.float64)[:, None]
        sample = Sample(
            y, {"best": Predictor(said)}, [METRICS[metric]], groups=groups, resamples=1000
        )
        interval = sample.interval("best", metric)
        held += interval is not None and interval.holds(0.8)
    return held / draws


def _lines(draws: int) -> Iterator[str]:
    yield f"| {ROWS} rows, {POSITIVES} of them rare | {' | '.join(NAMES)} |"
    yield "| --- |" + " --- |" * len(NAMES)
    for name, found in FOUND.items():
        yield _row(name, list(coverage_of_rare(found, draws).values()))
    yield ""
    yield f"| groups | {' | '.join(map(str, GROUPS))} |"
    yield "| --- |" + " --- |" * len(GROUPS)
    yield _row("accuracy", [coverage_of_groups(count, draws) for count in GROUPS])


def _row(name: str, shares: Sequence[float]) -> str:
    return f"| {name} | {' | '.join(f'{share:.1%}' for share in shares)} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    for line in _lines(parser.parse_args().draws):
        print(line, flush=True)


if __name__ == "__main__":
    main()
