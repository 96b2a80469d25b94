"""What a searcher is, and the ones that can be chosen by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from hpopt.dimensions import Params
from hpopt.space import Space
from hpopt.trials import Trial


@dataclass(frozen=True)
class Suggestion:
    """Params to try, and what the searcher wants to remember of how it chose them.

    `info` is strict JSON; it is written with the trial and comes back as `Trial.info`.
    """

    params: Params
    info: Mapping[str, Any] = field(default_factory=dict)


class Searcher(Protocol):
    """Chooses the next params as a function of the history alone, so resuming needs no state."""

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion:
        """Suggest the params of trial `number` (from 1) after `trials`.

        Trials that still run are among them and count as pending; failed ones have no value. The
        same arguments give the same suggestion; `seed` is the run's.
        """
        ...


@dataclass(frozen=True)
class DefaultsFirst:
    """Suggests the defaults as the first trial, and leaves all others to another searcher."""

    searcher: Searcher

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion:
        """The defaults, or what the searcher behind says."""
        if number == 1:
            return Suggestion(space.defaults)
        return self.searcher.suggest(space, trials, number=number, seed=seed)


def make_searcher(engine: str, acquisition: str) -> Searcher:
    """The searcher of `search.engine`, which starts from the defaults."""
    if engine == "random":
        from hpopt.search.random_engine import RandomSearcher

        return DefaultsFirst(RandomSearcher())
    from hpopt.search.skopt_engine import SkoptSearcher

    return DefaultsFirst(SkoptSearcher(acquisition))


def generator(seed: int, number: int) -> np.random.Generator:
    """The random numbers that suggesting trial `number` may use."""
    return np.random.default_rng([seed, number])


def sample_unseen(
    space: Space, trials: Sequence[Trial], rng: np.random.Generator, *, tries: int = 100
) -> Params:
    """Random params that no trial has had; in a space that is (nearly) used up, any."""
    for _ in range(tries):
        params = space.sample(rng)
        if not is_seen(params, trials):
            return params
    return params


def is_seen(params: Params, trials: Sequence[Trial]) -> bool:
    """Whether a trial, running or over, has had these params."""
    return any(trial.params == params for trial in trials)
