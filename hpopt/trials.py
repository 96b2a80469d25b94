"""The records that pass between the rooms: what is tried, what came of it, and its seed."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean
from typing import Any, Literal

from hpopt.space.dimensions import Params, identity

# Paused: fitted to a part of its epochs, from where it can go on. Cut: ended by a limit of the run,
# without a value; it is to run again.
State = Literal["running", "paused", "finished", "failed", "cut"]
Curves = Mapping[str, list[float]]

WEIGHTS = "weights.npz"  # the file, in a trial's folder, of the weights that it kept
STATE = "state.npz"  # the file, in a trial's folder, from which a paused fit goes on


@dataclass(frozen=True)
class Result:
    """What a finished trial gives: `value` is minimised, everything else is for people.

    `metrics` are the named scores of the kept weights on the whole validation part, `scores` the
    metric once for each fold or repeat, `curves` one number an epoch. `weights` is the file, seen
    from the trial's folder, that holds the kept weights. `standard_error` is that of `value`, as
    far as several scores tell it. `kept_epoch` is the epoch after which the kept weights were as
    they are, which early stopping may put before the last of the `epochs`. A network `is_constant`
    that says the same of every row of the validation part, or labels no better than that. `state`
    is the file, seen from the trial's folder, from which a fit goes on that is not over.
    """

    value: float
    metrics: Mapping[str, float]
    scores: list[float]
    curves: Curves
    epochs: int
    seconds: float
    weights: str | None = None
    standard_error: float | None = None
    kept_epoch: int | None = None
    is_constant: bool = False
    state: str | None = None


@dataclass(frozen=True)
class Trial:
    """One evaluation, as folded from the journal; `number` counts from 1.

    It is fitted to a `level`, a share of its own epochs. What it gave at lower ones, at which it
    was paused, is `partial`, by level and ascending. Its `value` is that of all of its epochs.
    """

    number: int
    params: Params
    seed: int
    state: State = "running"
    attempt: int = 1
    started: datetime | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    result: Result | None = None
    reason: str | None = None
    level: float = 1.0
    partial: Mapping[float, Result] = field(default_factory=dict)

    @property
    def latest(self) -> Result | None:
        """What its longest fit gave, at whichever level; None before the first that gave any."""
        return self.result or next(reversed(list(self.partial.values())), None)

    @property
    def value(self) -> float | None:
        """The value to minimise, where there is one."""
        return None if self.result is None else self.result.value

    @property
    def seconds(self) -> float | None:
        """How long the fits took, where they came to their end."""
        return None if self.result is None else self.result.seconds


def made(trials: Sequence[Trial]) -> int:
    """How many trials have been tried, and paused or come to their end: what `n_calls` counts."""
    over = ("finished", "failed")
    return sum(trial.state in over or bool(trial.partial) for trial in trials)


def incumbent(trials: Sequence[Trial]) -> Trial | None:
    """The best trial so far: the first of `ranked`.

    Whoever needs the best of some trials asks this, or `ranked`; nobody compares values by itself.
    """
    return next(iter(ranked(trials)), None)


def ranked(trials: Sequence[Trial]) -> list[Trial]:
    """The finished trials from the lowest value to the highest, the earlier first among equals.

    Params that ran several times count by the mean of their values: the lowest of them is the
    luckiest. Of such trials the one nearest to that mean stands first, and of two the higher.
    """
    groups = _by_params(trials).values()
    return [trial for _, trial in sorted(rank for same in groups for rank in _ranks(same))]


def repeats(trial: Trial, trials: Sequence[Trial]) -> list[Trial]:
    """The finished trials of a trial's params, itself among them if it is finished."""
    return _by_params(trials).get(_key(trial), [])


def _by_params(trials: Sequence[Trial]) -> dict[Hashable, list[Trial]]:
    """The finished trials of each params."""
    groups: dict[Hashable, list[Trial]] = {}
    for trial in trials:
        if trial.state == "finished":
            groups.setdefault(_key(trial), []).append(trial)
    return groups


def _key(trial: Trial) -> Hashable:
    """What is equal for trials of the same params; one without params is like no other."""
    return identity(trial.params) if trial.params else trial.number


def _ranks(same: Sequence[Trial]) -> list[tuple[tuple[float, ...], Trial]]:
    """The finished trials of one params, each behind what it is sorted by among all trials."""
    mean = fmean(trial.value or 0.0 for trial in same)
    return [((*_rank(trial, mean), trial.number), trial) for trial in same]


def _rank(trial: Trial, mean: float) -> tuple[float, ...]:
    """What trials are sorted by, where their params gave `mean`."""
    value = trial.value or 0.0
    return mean, abs(value - mean), -value


def incumbents(trials: Sequence[Trial]) -> list[Trial | None]:
    """The incumbent after each of the trials; None before the first that finished."""
    groups: dict[Hashable, list[Trial]] = {}
    leaders: dict[Hashable, tuple[tuple[float, ...], Trial]] = {}  # the best of each group
    best: tuple[tuple[float, ...], Trial] | None = None
    after = []
    for trial in trials:
        if trial.state == "finished":
            same = groups.setdefault(_key(trial), [])
            same.append(trial)
            leader = leaders[_key(trial)] = min(_ranks(same))
            # A mean that has changed may have been the best one's: then all groups are asked.
            best = min(leaders.values()) if len(same) > 1 else min(best or leader, leader)
        after.append(None if best is None else best[1])
    return after


def trial_seed(run_seed: int, number: int) -> int:
    """The seed of a trial's fit, derived from the run's seed and the trial's number."""
    import numpy as np  # here: whoever only reads a run needs none of it

    # Another stream than a searcher's, whose generator starts from [run_seed, number].
    sequence = np.random.SeedSequence(run_seed, spawn_key=(number,))
    return int(sequence.generate_state(1)[0])


def fit_seed(seed: int, index: int) -> int:
    """The seed of one of a trial's fits; that of fit 0 is the trial's own."""
    import numpy as np

    if index == 0:
        return seed
    return int(np.random.SeedSequence(seed, spawn_key=(index,)).generate_state(1)[0])
