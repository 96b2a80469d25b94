"""Numbers as a page takes them: few digits, and null for what is not finite."""

from __future__ import annotations

from typing import Any

import numpy as np


def rounded(number: float | None, digits: int = 6) -> float | None:
    """A number to so many digits."""
    return None if number is None else float(f"{number:.{digits}g}")


def numbers(array: np.ndarray, digits: int = 6) -> Any:
    """An array of any shape as lists of numbers of so many digits."""
    if array.ndim > 1:
        return [numbers(row, digits) for row in array]
    return [rounded(x, digits) if np.isfinite(x) else None for x in array.tolist()]
