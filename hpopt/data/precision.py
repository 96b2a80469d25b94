"""What float32, in which models take numbers, loses of a column, and what is taken away before."""

from __future__ import annotations

import numpy as np

# All whole numbers up to here are their own in float32.
_ALL_KEPT = 2**24
_MOST_ROWS = 50_000
# Less than such a share of the different values is no loss, and no gain.
_LITTLE = 0.01


def offset_of(numbers: np.ndarray) -> float | None:
    """What to take away from numbers [n], so that float32 keeps more of them apart.

    A round number near their middle; None where it makes no difference.
    """
    distinct = _distinct(numbers)
    kept = _kept(distinct)
    if kept == len(distinct):
        return None
    digits = int(np.floor(np.log10(distinct[-1] - distinct[0])))
    middle = float(round(float(distinct[len(distinct) // 2]), -digits))
    if _kept(distinct - middle) - kept <= _LITTLE * len(distinct):
        return None
    return middle


def loss_in_words(numbers: np.ndarray) -> str:
    """A word on whole numbers [n] of which float32 makes one; empty where that is hardly so."""
    distinct = _distinct(numbers)
    kept = _kept(distinct)
    if len(distinct) - kept <= _LITTLE * len(distinct) or (distinct % 1).any():
        return ""
    return f"float32, which models take, keeps {kept} of {len(distinct)} different values apart"


def _distinct(numbers: np.ndarray) -> np.ndarray:
    """The different finite values, of many rows those of some."""
    present = numbers[:: -(-len(numbers) // _MOST_ROWS)]
    return np.unique(present[np.isfinite(present)])


def _kept(distinct: np.ndarray) -> int:
    if not len(distinct) or (np.abs(distinct).max() <= _ALL_KEPT and not (distinct % 1).any()):
        return len(distinct)
    with np.errstate(over="ignore"):
        return len(np.unique(distinct.astype(np.float32)))
