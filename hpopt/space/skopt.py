"""A dimension as scikit-optimize knows it: for the search that it does, and for `results.pkl`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hpopt.space.conditions import is_scalar
from hpopt.space.dimensions import Categorical, Dimension, Integer


def skopt_value(dimension: Dimension, value: Any) -> Any:
    """A value of a dimension as scikit-optimize holds it: lists and mappings are texts to it.

    Where a dimension has one of these, all of its values are JSON, as what is text may look so.
    """
    is_plain = not isinstance(dimension, Categorical) or all(map(is_scalar, dimension.categories))
    return value if is_plain else json.dumps(value, ensure_ascii=False)


def skopt_dimension(dimension: Dimension, *, categories: Sequence[Any] | None = None) -> Any:
    """The skopt dimension; `categories` stand for a categorical's own, one for one.

    Steps are left out, which scikit-optimize has none of.
    """
    from skopt import space

    if isinstance(dimension, Categorical):
        own = [skopt_value(dimension, category) for category in dimension.categories]
        values = own if categories is None else categories
        return space.Categorical(list(values), name=dimension.name)
    kind = space.Integer if isinstance(dimension, Integer) else space.Real
    return kind(dimension.low, dimension.high, prior=dimension.prior, name=dimension.name)
