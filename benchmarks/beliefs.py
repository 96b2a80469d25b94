"""What beliefs about the best params are worth, where they are right and where they are wrong.

    python benchmarks/beliefs.py --seeds 10

Searches three functions by `engine: gp`, without a belief and with three kinds, each `within` a
tenth of the range on the prior's scale, of every number that has a best value. A right one is
around a draw of that deviation from the best value; a slightly wrong one lies two deviations off;
a wrong one five. Prints the mean regret (0 at the minimum, 1 at the median random params) of the
best trial so far, and how often it is below that of the search without a belief. One thread.
"""

from __future__ import annotations

import argparse
import functools
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
from search import FLOOR, markdown
from search_engines import run
from search_problems import Problem, make_problem
from threadpoolctl import threadpool_limits

from hpopt.space.beliefs import Belief
from hpopt.space.dimensions import Categorical, Dimension
from hpopt.space.space import Space

MARKS = (10, 25, 50)
KINDS = ("none", "right", "slightly wrong", "wrong")
_WITHIN = 0.1  # of the unit interval
_OFF = {"slightly wrong": 2 * _WITHIN, "wrong": 5 * _WITHIN}
# Where the minima are.
BEST: dict[str, dict[str, float]] = {
    "branin": {"x": math.pi, "y": 2.275},
    "hartmann6": {
        f"x{i}": x
        for i, x in enumerate((0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573), start=1)
    },
    "conditional": {
        "rate": 1e-3, "beta": 0.95, "layers": 3, "units_1": 128, "units_2": 64, "units_3": 32,
    },
}  # fmt: skip


def believing(problem: Problem, kind: str, seed: int) -> Problem:
    """The problem with beliefs of one kind in its space."""
    rng = np.random.default_rng([seed, 7])
    dimensions = [_believing(each, BEST[problem.name], kind, rng) for each in problem.space]
    return replace(problem, space=Space(dimensions))


def _believing(
    dimension: Dimension, best: dict[str, float], kind: str, rng: np.random.Generator
) -> Dimension:
    off = _OFF.get(kind)
    shift = _WITHIN * rng.normal() if off is None else off * rng.choice([-1, 1])
    if kind == "none" or isinstance(dimension, Categorical) or dimension.name not in best:
        return dimension
    is_log = dimension.prior == "log-uniform"
    low, high = (math.log(end) if is_log else end for end in (dimension.low, dimension.high))
    value = best[dimension.name]
    u = ((math.log(value) if is_log else value) - low) / (high - low)
    centre = u + shift if 0 <= u + shift <= 1 else u - shift  # to the side where there is room
    around, within = low + centre * (high - low), _WITHIN * (high - low)
    if is_log:
        around, within = math.exp(around), math.exp(within)
    around = min(max(around, dimension.low), dimension.high)
    return replace(dimension, default=None, belief=Belief(around, within))


def regrets(name: str, kind: str, seed: int) -> list[float]:
    """The least regret after each of the marks."""
    with threadpool_limits(1):
        problem = believing(make_problem(name, seed), kind, seed)
        steps: Iterator[tuple[float, ...]] = run("gp", problem, seed, MARKS[-1])
        lowest = np.minimum.accumulate([step[0] for step in steps])
    return [float(lowest[mark - 1]) for mark in MARKS]


def main() -> None:
    """Search, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    jobs = [(n, kind, seed) for n in BEST for kind in KINDS for seed in range(options.seeds)]
    with ProcessPoolExecutor(options.jobs) as pool:
        found = dict(zip(jobs, pool.map(functools.partial(_at, regrets), jobs), strict=True))
    print(markdown(["problem", "belief", *(f"regret at {m} (better in)" for m in MARKS)],
                   list(_rows(found, options.seeds))))  # fmt: skip


def _at(function, job):  # type: ignore[no-untyped-def]
    return function(*job)


def _rows(found: dict[tuple[str, str, int], list[float]], seeds: int) -> Iterator[Sequence[str]]:
    for name in BEST:
        without = np.maximum([found[name, "none", seed] for seed in range(seeds)], FLOOR)
        for kind in KINDS:
            here = np.maximum([found[name, kind, seed] for seed in range(seeds)], FLOOR)
            better = (here < without).sum(axis=0)
            cells = [f"{mean:.4f}" for mean in here.mean(axis=0)]
            if kind != "none":
                cells = [f"{c} ({b} of {seeds})" for c, b in zip(cells, better, strict=True)]
            yield [name, kind, *cells]


if __name__ == "__main__":
    main()
