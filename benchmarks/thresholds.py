"""Whether the score at a cross-fitted threshold flatters: the table in docs/statistics.md.

    python benchmarks/thresholds.py [--draws 200]

A network gives rows log odds that are normal, around 0 for the common label and around 2 for the
rare one, at a level that is off, as half-trained ones are. Each draw is a validation part: its
cross-fitted score, the score by a threshold on the rows that it was chosen on, and what that
threshold gives on fresh rows, which is known by formula. Prints Markdown.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

from hpopt.metrics.metrics import METRICS
from hpopt.statistics.threshold import as_judged, best_threshold
from hpopt.task import OWN_THRESHOLD

SHARES = (0.03, 0.1, 0.5)
ROWS = (150, 450, 3000)
SEPARATION = 2.0


def network(rng: np.random.Generator, rows: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """The labels [n] of rows, and what the network says of them [n, 1]."""
    y = (np.arange(rows) < round(share * rows)).astype(np.int64)
    return y, expit(1.3 * (rng.normal(size=rows) + SEPARATION * y) - 2)[:, None]


def on_fresh_rows(threshold: float, share: float) -> dict[str, float]:
    """What a threshold gives of endless fresh rows, by metric."""
    place = (logit(threshold) + 2) / 1.3
    hit, false = norm.sf(place - SEPARATION), norm.sf(place)
    return {
        "f1": 2 * share * hit / (share + share * hit + (1 - share) * false),
        "balanced_accuracy": (hit + 1 - false) / 2,
        "accuracy": share * hit + (1 - share) * (1 - false),
    }


def scores(metric: str, rows: int, share: float, draws: int) -> np.ndarray:
    """Of each draw: the truth, the cross-fitted score, on its own rows, at 0.5 [draws, 4]."""
    rng = np.random.default_rng(0)
    score = METRICS[metric].scorer
    table = []
    for _ in range(draws):
        y, said = network(rng, rows, share)
        threshold = best_threshold(METRICS[metric], y, said)
        once = np.ones((rows, 1))
        table.append(
            [
                on_fresh_rows(threshold, share)[metric],
                score(y, as_judged(METRICS[metric], OWN_THRESHOLD, y, said))(once)[0],
                score(y, said, threshold)(once)[0],
                score(y, said)(once)[0],
            ]
        )
    return np.array(table)


def _lines(draws: int) -> Iterator[str]:
    yield "| metric | rare label | rows | on fresh rows | cross-fitted | on its own rows | at 0.5 |"
    yield "| --- |" + " --- |" * 6
    for metric in ("f1", "balanced_accuracy", "accuracy"):
        for share in SHARES:
            for rows in ROWS:
                table = scores(metric, rows, share, draws)
                truth, fitted, own, half = table.mean(axis=0)
                error = (table[:, 1] - table[:, 0]).std() / np.sqrt(draws)
                yield (
                    f"| {metric} | {share:.0%} | {rows} | {truth:.3f} | {fitted:.3f} "
                    f"({fitted - truth:+.3f} ± {error:.3f}) | {own:.3f} ({own - truth:+.3f}) | "
                    f"{half:.3f} |"
                )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=200)
    for line in _lines(parser.parse_args().draws):
        print(line, flush=True)


if __name__ == "__main__":
    main()
