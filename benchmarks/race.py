"""How much of the gain among its candidates the race of `confirm` gets, on made-up networks.

    python benchmarks/race.py [--runs 60] [--default]

A network's score is a bowl over three params, so what each is worth is known, and a fit of it adds
noise: of the split, which all candidates share, and of its own. A search of 50 trials near the
bottom hands over to hpopt's own race. The gain that there is: how much better the best candidate is
than the trial with the lowest value. With `--default` the race is held against the default params
instead: how often its answer is worse than they, and what it gains over them on average, by how
sure it has to be before it gives them up. No network is built. Prints Markdown.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np

from hpopt.closing import confirm
from hpopt.closing.confirm import Race
from hpopt.data.folds import OWN, Splits
from hpopt.data.prepared import prepare
from hpopt.data.sources import load_sklearn
from hpopt.data.splits import split_rows
from hpopt.execution.serial import SerialSlots
from hpopt.runs.events import Finished, Header, Started
from hpopt.runs.folder import Run
from hpopt.search.choosing import expected_best
from hpopt.space.dimensions import Params, Real
from hpopt.space.space import Space
from hpopt.trials import Result

SPACE = Space([Real(name, 0, 1, default=0.5) for name in ("x", "y", "z")])
TRIALS = 50
# The noise of a fit, against the 0.01 or so that the best ten of the trials differ by.
NOISES = (0.003, 0.01, 0.03)
BUDGETS = (0.1, 0.2, 0.5, 1.0, 2.0)  # of the time that the trials took
REACHES = (0.12, 0.3)  # how far from the bottom the default params are at most, in each param
CONFIDENCES = (0.0, 0.8, 0.9)  # before the default params are given up
_NOTHING = 0.001  # what is worse by less is not called worse
_OF_SPLIT = 0.7  # the share of the noise's variance that candidates have in common


@dataclass(frozen=True)
class Network:
    """Stands for an objective whose networks are worth what `truth` says, in a second each."""

    bottom: tuple[float, ...]
    noise: float

    def __call__(self, params: Params, *, seed: int, folder: Path, fold: int = OWN) -> Result:
        """The truth with noise: of the fold, and of the seed."""
        shared = np.random.default_rng([abs(fold), fold == OWN, seed if fold == OWN else 0])
        own = np.random.default_rng(seed)
        noise = _OF_SPLIT**0.5 * shared.normal() + (1 - _OF_SPLIT) ** 0.5 * own.normal()
        value = self.truth(params) + self.noise * noise
        return Result(value, {"rmse": value}, [value], {}, 1, 1.0)

    alone = nullcontext

    def truth(self, params: Params) -> float:
        """What the params are worth, to be minimised."""
        point = np.array([params[name] for name in SPACE.names], dtype=float)
        return 0.1 + 0.2 * float(np.square(point - self.bottom).sum())

    def network(self, params: Params, *, seed: int) -> Any:
        """All networks are of one size."""
        return SimpleNamespace(count_params=lambda: 100)


@dataclass(frozen=True)
class Answers:
    """What the params are worth that the default, the search, the race, and the best have."""

    default: float
    search: float
    race: float
    best: float  # of the candidates
    expected: float  # of which the surrogate expects most


def searched(folder: Path, network: Network, seed: int) -> Run:
    """A run of trials that come near to the bottom, each on the split of the search."""
    rng = np.random.default_rng(seed)
    run = Run.create(folder, "race", Header("0", "rmse", False, {}, {}, SPACE.to_json()))
    for number in range(1, TRIALS + 1):
        point = np.clip(rng.normal(network.bottom, 0.2 if number % 2 else 0.4), 0, 1)
        params = dict(zip(SPACE.names, map(float, point), strict=True))
        params = SPACE.defaults if number == 1 else params
        run.append(Started(number, params, seed=1000 * seed + number, time=""))
        result = network(params, seed=1000 * seed + number, folder=folder)
        run.append(Finished(number, **vars(result)))
    return run


def answers(noise: float, budget: float, seed: int, reach: float = REACHES[-1]) -> Answers:
    """What comes of a search and its race, whose default is so far from the bottom at most."""
    bottom = tuple(np.random.default_rng(seed).uniform(0.5 - reach, 0.5 + reach, size=3))
    network = Network(bottom, noise)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = load_sklearn("iris")
        parts = split_rows(table, train=0.6, validation=0.2, test=0.2, seed=0, stratify="auto")
        prepare(table, parts, folder / "data")
        run = searched(folder, network, seed)
        race = Race(
            run=run,
            objective=network,  # type: ignore[arg-type]
            space=SPACE,
            slots=SerialSlots(network),  # type: ignore[arg-type]
            splits=Splits(table, parts, folder / "data", 1, 0, True),
            budget_s=budget * TRIALS,
            stop=threading.Event(),
        )
        outcome = race()
        run.close()
        truths = {trial.number: network.truth(trial.params) for trial in run.trials()}
        return Answers(
            default=truths[1],
            search=truths[outcome.search_best],
            race=truths[outcome.chosen],
            best=min(truths[each.number] for each in outcome.candidates),
            expected=truths[expected_best(SPACE, run.trials())[0].number],
        )


def gains(noise: float, budget: float, seed: int) -> tuple[float, float, float]:
    """What there is to gain among the candidates; what the race gets; and the surrogate alone."""
    got = answers(noise, budget, seed)
    return got.search - got.best, got.search - got.race, got.search - got.expected


def against_default(noise: float, budget: float, reach: float, runs: int) -> Iterator[str]:
    """Of the search's best and of the race by each confidence: worse in so many, mean gain."""
    cells: list[str] = []
    for confidence in CONFIDENCES:
        with mock.patch.object(confirm, "_OVER_DEFAULT", confidence):
            of_runs = [answers(noise, budget, seed, reach) for seed in range(runs)]
        if not cells:
            cells.append(_against(of_runs, [each.search for each in of_runs]))
        cells.append(_against(of_runs, [each.race for each in of_runs]))
    yield from cells


def _against(of_runs: Sequence[Answers], worths: Sequence[float]) -> str:
    gain = np.array([each.default - worth for each, worth in zip(of_runs, worths, strict=True)])
    return f"{np.mean(gain < -_NOTHING):.0%}, {gain.mean():+.4f}"


def _lines_of_default(runs: int) -> Iterator[str]:
    rules = [f"race, {confidence:.0%} sure" for confidence in CONFIDENCES]
    yield f"| default within | noise of a fit | confirm | search's best | {' | '.join(rules)} |"
    yield "| --- |" + " --- |" * (len(rules) + 3)
    for reach, noise, budget in itertools.product(REACHES, NOISES, (0.2, 1.0)):
        cells = against_default(noise, budget, reach, runs)
        yield _row(f"{reach:g}", [f"{noise:g}", f"{budget:g}", *cells])


def _lines(runs: int) -> Iterator[str]:
    yield f"| noise of a fit | {' | '.join(f'confirm: {b:g}' for b in BUDGETS)} | no race |"
    yield "| --- |" + " --- |" * (len(BUDGETS) + 1)
    for noise in NOISES:
        cells = []
        for budget in BUDGETS:
            of_runs = np.array([gains(noise, budget, seed) for seed in range(runs)])
            there_is, got, _ = of_runs.sum(axis=0)
            cells.append(f"{got / there_is:.0%} of {there_is / runs:.4f}" if there_is else "–")
        there_is, _, alone = of_runs.sum(axis=0)
        yield _row(f"{noise:g}", [*cells, f"{alone / there_is:.0%}"])


def _row(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    logging.disable(logging.WARNING)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--default", action="store_true")
    options = parser.parse_args()
    for line in (_lines_of_default if options.default else _lines)(options.runs):
        print(line, flush=True)


if __name__ == "__main__":
    main()
