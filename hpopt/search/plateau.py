"""Ties are information: how the search leaves a plateau, on which most trials have one value.

Dead networks name the majority class, or one class or another. The surrogate of values that tie is
flat, its deviation largest on the hull of the space, and there an acquisition function goes on
asking though no asking has paid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

# Among the first trials, which mostly fill the space, a value that more than a quarter share is a
# level of the plateau. Of those that tie later only the most frequent of all is: others may be the
# steps on which a metric of few values climbs.
_FIRST = 10
# How far back it is judged whether the search has left the plateau.
_RECENT = 10
# Every which trial fills the space where something is better. Not every second: the points of even
# number of a Sobol' sequence are less even than chance.
_EVERY = 3


def calls_for_spread(values: Sequence[float], number: int) -> bool:
    """Whether trial `number` is to fill the space, the finished trials having had `values` [n].

    So it is while most of the recent values lie on the plateau: at each trial where none is better,
    and at every third where some are. The plateau may have several levels, for dead networks may
    name one class or another. What is better by a single row of the validation part may be chance,
    and must not hold the search; what is truly alive is followed meanwhile, and ends this as soon
    as its surroundings pay.
    """
    plateau = _levels(values) | {value for value, _ in Counter(values).most_common(1)}
    recent = values[-_RECENT:]
    if 2 * sum(value in plateau for value in recent) <= len(recent):
        return False
    return min(values) in plateau or number % _EVERY == 0


def edge_of_plateau(values: Sequence[float]) -> float | None:
    """The lowest level of the plateau, at and above which a value says "dead" and no more.

    None where less than half of the `values` [n] lie there, or where none is better: then it is all
    that is known.
    """
    levels = _levels(values)
    is_dead = sum(value in levels for value in values)
    if 2 * is_dead <= len(values) or min(values) in levels:
        return None
    return min(levels)


def _levels(values: Sequence[float]) -> set[float]:
    early = values[:_FIRST]
    return {value for value, count in Counter(early).items() if count > max(1, len(early) / 4)}
