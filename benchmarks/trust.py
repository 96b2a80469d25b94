"""How far hpopt's scores can be trusted: the study in docs/benchmarks.md.

    python benchmarks/trust.py [--seeds 5] [--datasets friedman digits] [--npz mine.npz]

Each run sees a few hundred rows, as people have them. Its networks are then scored on rows that
nobody has seen: 20,000 freshly drawn ones of a synthetic problem, or the rest of a real data set. A
file for `--npz` holds rows `x` [n, d] and their target `y` [n]; half of it is kept fresh. Prints
Markdown; differences count in each metric's good direction, so that above 0 is too good to be true.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np

from hpopt import tune
from hpopt.data.prepared import Prepared
from hpopt.metrics.metrics import METRICS, metrics_for
from hpopt.runs.folder import DATA, Run
from hpopt.statistics.sample import Predictor, Sample
from hpopt.training.fit import network_outputs
from hpopt.training.objective import Objective
from hpopt.training.settings import Training
from hpopt.trials import Trial

FRESH = 20_000
CALLS, EPOCHS = 15, 10

Rows = tuple[np.ndarray, np.ndarray]  # rows [n, d] and their target [n]


def friedman(n: int, seed: int) -> Rows:
    """Friedman's first regression problem, with noise."""
    from sklearn.datasets import make_friedman1

    x, y = make_friedman1(n, n_features=10, noise=2.0, random_state=seed)
    return x, y


def clusters(n: int, seed: int, weights: list[float], informative: int, flip: float) -> Rows:
    """Classes of a few Gaussian clusters each, in 12 columns; the same problem for every seed."""
    from sklearn.datasets import make_classification

    x, y = make_classification(
        FRESH + 10_000, n_features=12, n_informative=informative, n_redundant=2,
        n_classes=len(weights), weights=weights, flip_y=flip, random_state=7,
    )  # fmt: skip
    rows = np.random.default_rng(seed).permutation(len(y))[:n]
    return x[rows], y[rows]


def bundled(name: str, n: int, seed: int) -> Rows:
    """The rows of one of scikit-learn's data sets in a random order, as many as there are."""
    import sklearn.datasets

    x, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    rows = np.random.default_rng(seed).permutation(len(y))[:n]
    return x[rows], y[rows]


@dataclass(frozen=True)
class Problem:
    """How rows of a problem are drawn, and how many of them a run sees."""

    draw: Callable[[int, int], Rows]
    rows: int


PROBLEMS = {
    "friedman": Problem(friedman, 500),
    "two classes": Problem(lambda n, s: clusters(n, s, [0.5, 0.5], 6, 0.1), 500),
    "rare class": Problem(lambda n, s: clusters(n, s, [0.9, 0.1], 5, 0.05), 800),
    "four classes": Problem(lambda n, s: clusters(n, s, [0.25] * 4, 6, 0.05), 600),
    "digits": Problem(lambda n, s: bundled("digits", n, s), 600),
    "breast_cancer": Problem(lambda n, s: bundled("breast_cancer", n, s), 300),
}


@dataclass(frozen=True)
class Outcome:
    """What one run said, and what fresh rows say; scores in the metric's good direction."""

    search: float  # the best validation score
    confirmed: float | None  # the chosen params' mean on fresh splits
    test: float
    best_fresh: float  # of the network with the best validation score
    chosen_fresh: float  # of the final network
    test_holds: bool  # whether the test interval holds the final network's fresh score
    all_hold: list[bool]  # the same of every metric
    moved: bool  # whether another trial than the search's best was chosen


def main() -> None:
    """Run the study, and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--datasets", nargs="*", default=list(PROBLEMS), choices=list(PROBLEMS))
    parser.add_argument("--npz", nargs="*", type=Path, default=[], metavar="FILE")
    arguments = parser.parse_args()
    problems = {name: PROBLEMS[name] for name in arguments.datasets}
    problems |= {path.stem: from_file(path) for path in arguments.npz}
    print(
        "| data | runs | search's best - fresh | confirmed - fresh | test - fresh "
        "| test interval holds fresh | another trial confirmed: better, worse |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    every = []
    for name, problem in problems.items():
        outcomes = [study(problem, seed) for seed in range(arguments.seeds)]
        every += outcomes
        print(row(name, outcomes), flush=True)
    held = [hold for outcome in every for hold in outcome.all_hold]
    moved = [o.chosen_fresh - o.best_fresh for o in every if o.moved]
    print(
        f"\nOver all {len(every)} runs: the interval of the test score by the run's metric holds "
        f"the fresh score in {fmean(o.test_holds for o in every):.0%}, that by any metric of the "
        f"task in {fmean(held):.0%} ({len(held)} intervals). Another trial than the search's best "
        f"was confirmed in {len(moved)} runs: better on fresh rows in "
        f"{sum(gain > 0 for gain in moved)}, worse in {sum(gain < 0 for gain in moved)}."
    )


def from_file(path: Path) -> Problem:
    """The problem of an .npz file."""
    with np.load(path, allow_pickle=False) as arrays:
        x, y = arrays["x"], arrays["y"]

    def draw(n: int, seed: int) -> Rows:
        rows = np.random.default_rng(seed).permutation(len(y))[:n]
        return x[rows], y[rows]

    return Problem(draw, len(y) // 2)


def study(problem: Problem, seed: int) -> Outcome:
    """One run, and its networks on fresh rows."""
    x, y = problem.draw(problem.rows + FRESH, seed)
    fresh = x[problem.rows :], y[problem.rows :]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.savez(Path(folder) / "rows.npz", x=x[: problem.rows], y=y[: problem.rows])
        settings = config(Path(folder) / "rows.npz", seed)
        run = tune(settings, output_dir=Path(folder) / "runs", progress=False)
        return judged(run, fresh)


def config(path: Path, seed: int) -> dict[str, Any]:
    """A small search, as noisy as people's are."""
    return {
        "dataset": {"source": "npz", "path": str(path), "split": {"seed": seed}},
        "model": {"builder": "dense_dropout"},
        "training": {"epochs": EPOCHS, "batch_size": 32},
        "space": {
            "learning_rate": {
                "type": "real", "low": 3e-4, "high": 3e-2, "prior": "log-uniform", "default": 1e-3,
            },
            "num_layers": {"type": "integer", "low": 1, "high": 3, "default": 1},
            "num_dense_nodes": {"type": "integer", "low": 8, "high": 64, "default": 16},
            "dropout_prob": {"type": "real", "low": 0.0, "high": 0.6, "default": 0.0},
            "activation": ["relu", "tanh"],
        },
        "search": {"n_calls": CALLS, "seed": seed},
        "execution": {"workers": 1},
        "output": {"plots": False, "confirm": 1.0},
    }  # fmt: skip


def judged(run: Run, fresh: Rows) -> Outcome:
    """What the run said beside what the fresh rows say."""
    metric = METRICS[run.metric]
    sign = 1.0 if metric.greater_is_better else -1.0
    assert run.best is not None
    assert run.chosen is not None
    data = Prepared.from_json(json.loads((run.path / DATA).read_text()), run.data_folder)
    x, y = fresh
    y = y if data.output.task == "regression" else as_classes(data, y)
    metrics = metrics_for(data.output.task)
    chosen = Predictor(said(run, run.chosen, data, x), run.threshold)
    best = Predictor(said(run, run.best, data, x))
    on_fresh = Sample(y, {"chosen": chosen, "best": best}, metrics, resamples=2)
    scored = run.outcomes.test
    assert scored is not None
    assert scored.flattery is not None
    holds = {}
    for name in on_fresh.metrics:
        interval, score = scored.interval("best", name), on_fresh.score("chosen", name)
        if interval is not None and score is not None:
            holds[name] = interval.holds(score)
    confirmed = scored.flattery.confirmed
    scores = {one: on_fresh.score(one, run.metric) for one in ("chosen", "best")}
    return Outcome(
        search=sign * (run.score(run.best) or 0.0),
        confirmed=None if confirmed is None else sign * confirmed,
        test=sign * (scored.best[run.metric] or 0.0),
        best_fresh=sign * (scores["best"] or 0.0),
        chosen_fresh=sign * (scores["chosen"] or 0.0),
        test_holds=holds[run.metric],
        all_hold=list(holds.values()),
        moved=run.chosen.number != run.best.number,
    )


def as_classes(data: Prepared, y: np.ndarray) -> np.ndarray:
    """Labels [n] as the run's class indices; its labels are in no order of their own."""
    labels = np.array(data.labels, dtype=y.dtype if y.dtype.kind in "US" else np.int64)
    order = np.argsort(labels)
    return np.asarray(order[np.searchsorted(labels[order], y)])


def said(run: Run, trial: Trial, data: Prepared, x: np.ndarray) -> np.ndarray:
    """What a trial's network says of raw rows [n, d]."""
    constants = run.header.constants
    known = {n: v for n, v in constants["training"].items() if n in Training.model_fields}
    training = Training.model_validate(known)
    objective = Objective(
        constants["builder"], dict(constants["arguments"]), training, run.metric, data
    )
    weights = run.weights(trial)
    assert weights is not None
    network = objective.trained(trial.params, seed=trial.seed, weights=weights)
    return data.target.restore(network_outputs(network, data.features.apply(x)))


def row(name: str, outcomes: list[Outcome]) -> str:
    """A data set's line of the table."""
    flattered = [o.search - o.best_fresh for o in outcomes]
    confirmed = [o.confirmed - o.chosen_fresh for o in outcomes if o.confirmed is not None]
    tested = [o.test - o.chosen_fresh for o in outcomes]
    gains = [o.chosen_fresh - o.best_fresh for o in outcomes if o.moved]
    columns = [
        name,
        str(len(outcomes)),
        *map(spread, (flattered, confirmed, tested)),
        f"{sum(o.test_holds for o in outcomes)} of {len(outcomes)}",
        f"{len(gains)}: {sum(gain > 0 for gain in gains)}, {sum(gain < 0 for gain in gains)}",
    ]
    return "| " + " | ".join(columns) + " |"


def spread(differences: list[float]) -> str:
    """The mean, and the middle one behind it."""
    if not differences:
        return "–"
    return f"{fmean(differences):+.4f} (median {median(differences):+.4f})"


if __name__ == "__main__":
    main()
