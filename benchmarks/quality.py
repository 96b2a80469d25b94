"""How good the networks are that `hpopt tune` finds: the README's table.

    python benchmarks/quality.py [--seeds 5]

The space is that of configs/breast_cancer.yaml, with 25 calls; each data set is searched with
several seeds on one split, in one process. Prints a Markdown table: median (lowest to highest).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from hpopt import load_config, tune
from hpopt.report.words import show_score

CONFIG = Path(__file__).parent.parent / "configs" / "breast_cancer.yaml"
DATASETS = {"breast_cancer": [], "digits": ["space.dropout_prob.low=0.0"], "wine": []}


def main() -> None:
    """Run every data set with every seed, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    for name, overrides in DATASETS.items():
        outcomes = [outcome(name, overrides, seed) for seed in range(seeds)]
        columns = [show(column) for column in zip(*outcomes, strict=True)]
        print(f"| {name} | {' | '.join(columns)} |", flush=True)


def outcome(name: str, overrides: list[str], seed: int) -> tuple[float, ...]:
    """Calls, best validation score, its test score, the default's test score."""
    overrides = [f"dataset.name={name}", f"search.seed={seed}", "search.n_calls=25", *overrides]
    with tempfile.TemporaryDirectory() as folder:
        run = tune(load_config(CONFIG, overrides), output_dir=Path(folder))
    assert run.best is not None
    assert run.best.result is not None
    metric, scored = run.header.metric, run.outcomes.test
    assert scored is not None
    assert scored.default is not None
    on_test, of_default = scored.best[metric], scored.default[metric]
    assert on_test is not None
    assert of_default is not None
    return (
        len(run.trials()),
        run.best.result.metrics[metric],
        on_test,
        of_default,
    )


def show(column: tuple[float, ...]) -> str:
    """The median, and the range where there is one."""
    low, middle, high = min(column), statistics.median(column), max(column)
    if isinstance(middle, int) and low == high:
        return f"{middle}"
    return f"{show_score(middle)} ({show_score(low)} to {show_score(high)})"


if __name__ == "__main__":
    main()
