"""A dimension as scikit-optimize knows it: for the search that it does, and for `results.pkl`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpopt.space.dimensions import Categorical, Dimension, Integer


def skopt_dimension(dimension: Dimension, *, categories: Sequence[Any] | None = None) -> Any:
    """The skopt dimension; `categories` stand for a categorical's own, one for one.

    Steps are left out, which scikit-optimize has none of.
    """
    from skopt import space

    if isinstance(dimension, Categorical):
        values = dimension.categories if categories is None else categories
        return space.Categorical(list(values), name=dimension.name)
    kind = space.Integer if isinstance(dimension, Integer) else space.Real
    return kind(dimension.low, dimension.high, prior=dimension.prior, name=dimension.name)
