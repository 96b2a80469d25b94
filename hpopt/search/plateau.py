"""A plateau: the one value that most params share, as dead networks all name the majority class.

Ties say nothing of where else to look. A surrogate of them is flat, its deviation largest on the
hull of the space, and there an acquisition function goes on asking though no asking has paid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

# How far back it is judged whether the search has left the plateau.
_RECENT = 10
# Every which trial fills the space where something is better. Not every second: the points of even
# number of a Sobol' sequence are less even than chance.
_EVERY = 3


def calls_for_spread(values: Sequence[float], number: int) -> bool:
    """Whether trial `number` is to fill the space, the finished trials having had `values` [n].

    So it is while most of the recent values are the most frequent one: at each trial where none is
    better, and at every third where some are. What is better by a single row of the validation part
    may be chance, and must not hold the search; what is truly alive is followed meanwhile, and ends
    this as soon as its surroundings pay.
    """
    plateau, _ = Counter(values).most_common(1)[0]
    recent = values[-_RECENT:]
    if 2 * recent.count(plateau) <= len(recent):
        return False
    return plateau == min(values) or number % _EVERY == 0
