"""Numbers that stand for none: -999 among temperatures, 9999 among distances."""

from __future__ import annotations

import numpy as np

_FEWEST_ROWS = 3
_FEWEST_OTHERS = 20  # different ones


def filler_in_words(numbers: np.ndarray) -> str:
    """A word on a whole number that several of the rows [n] have, far from all others.

    That is further from the nearest than these are from each other; empty where there is none.
    """
    distinct, counts = np.unique(numbers[np.isfinite(numbers)], return_counts=True)
    if len(distinct) <= _FEWEST_OTHERS:
        return ""
    for value, count, others in (
        (distinct[0], counts[0], distinct[1:]),
        (distinct[-1], counts[-1], distinct[:-1]),
    ):
        distance = np.abs(others - value).min()
        is_far = distance > others[-1] - others[0]
        if is_far and count >= _FEWEST_ROWS and value == np.trunc(value):
            return (
                f"{value:.15g} stands in {count:,} rows, far from all other values: if it stands "
                "for a gap, name it in `gaps` of `dataset`"
            )
    return ""
