"""What a searcher is, and what searchers share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from hpopt.space.dimensions import Params, identity
from hpopt.space.space import Space
from hpopt.trials import Trial


@dataclass(frozen=True)
class Suggestion:
    """Params to try, and what the searcher wants to remember of how it chose them.

    They are fitted to a `level`, a share of their epochs, behind which the trial is paused. `info`
    is strict JSON; it is written with the trial and comes back as `Trial.info`.
    """

    params: Params
    info: Mapping[str, Any] = field(default_factory=dict)
    level: float = 1.0


@dataclass(frozen=True)
class GoOn:
    """A paused trial, `trial` by its number, is to go on to a higher `level`."""

    trial: int
    level: float
    info: Mapping[str, Any] = field(default_factory=dict)


class Searcher(Protocol):
    """Chooses what to do next as a function of the history alone, so resuming needs no state."""

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion | GoOn:
        """Suggest the params of trial `number` (from 1) after `trials`, or to go on with one.

        Trials that still run are among them and count as pending; failed ones have no value. The
        same arguments give the same suggestion; `seed` is the run's.
        """
        ...


@runtime_checkable
class PausingSearcher(Searcher, Protocol):
    """One that has trials paused, and knows which of them are worth going on with."""

    def go_on(self, space: Space, trials: Sequence[Trial]) -> GoOn | None:
        """The paused trial to go on with where no new one may begin; None where none is worth it.

        There is one as long as no trial has finished.
        """
        ...


def generator(seed: int, number: int) -> np.random.Generator:
    """The random numbers that suggesting trial `number` may use."""
    return np.random.default_rng([seed, number])


# A walk through a larger space would take longer than a trial.
_MOST_WALKED = 100_000


def sample_unseen(
    space: Space, trials: Sequence[Trial], rng: np.random.Generator, *, tries: int = 100
) -> Params:
    """Random params that no trial has had; in a space that is used up, any.

    Where an earlier run has had them all, some that this one has not had.
    """
    seen = {identity(trial.params) for trial in trials}
    for _ in range(tries):
        params = space.sample(rng)
        if identity(params) not in seen:
            return params
    of_run = {identity(trial.params) for trial in trials if trial.number > 0}
    points = space.points(_MOST_WALKED) or []
    for had in (seen, of_run):
        unseen = [point for point in points if identity(point) not in had]
        if unseen:
            return unseen[int(rng.integers(len(unseen)))]
    return params


def is_seen(params: Params, trials: Sequence[Trial]) -> bool:
    """Whether a trial, running or over, has had these params."""
    return any(identity(trial.params) == identity(params) for trial in trials)
