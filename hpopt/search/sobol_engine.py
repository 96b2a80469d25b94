"""Sobol' search: a low-discrepancy sequence, which fills the space more evenly than chance."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpopt.search.engines import Engine
from hpopt.search.searcher import Searcher, Suggestion, generator, is_seen, sample_unseen
from hpopt.space.dimensions import Params
from hpopt.space.space import Space
from hpopt.trials import Trial

# Where rules leave little, no more of the sequence is looked through for what meets them.
_MOST_PASSED = 10_000


class SobolEngine(Engine):
    """A sequence that spreads trials evenly."""

    def searcher(self, n_calls: int | None, n_initial: int | None) -> Searcher:
        """The sequence is its own design, and does not ask for its end."""
        return SobolSearcher()


@dataclass(frozen=True)
class SobolSearcher:
    """Follows a scrambled Sobol' sequence, of which the run's seed is the scrambling."""

    def suggest(
        self, space: Space, trials: Sequence[Trial], *, number: int, seed: int
    ) -> Suggestion:
        """The sequence's point for trial `number`; a random one where a trial has had that.

        Of the points that meet the space's rules, where it has any; denser where beliefs say so.
        """
        params: Params | None
        if space.rules:
            params = _nth_allowed(space, number, seed)
        else:
            params = space.from_unit(space.drawn(sobol_points(len(space), number, 1, seed))[0])
        if params is None or is_seen(params, trials):
            params = sample_unseen(space, trials, generator(seed, number))
        return Suggestion(params)


def _nth_allowed(space: Space, n: int, seed: int) -> Params | None:
    """The n-th point of the sequence that meets the rules; None where it is very far on."""
    first, size = 1, 64
    while first < _MOST_PASSED:
        points = space.drawn(sobol_points(len(space), first, size, seed))
        allowed = points[space.allowed(points)]
        if n <= len(allowed):
            return space.from_unit(allowed[n - 1])
        n -= len(allowed)
        first, size = first + size, 2 * size
    return None


def sobol_points(d: int, first: int, n: int, seed: int) -> np.ndarray:
    """The n points from `first` on (the first is 0) of a scrambled sequence: [n, d]."""
    from scipy.stats import qmc

    sequence = qmc.Sobol(d, scramble=True, seed=np.random.default_rng([seed, 0]))
    if first:
        sequence.fast_forward(first)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that n is no power of 2
        return np.asarray(sequence.random(n))
