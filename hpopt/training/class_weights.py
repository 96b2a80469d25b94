"""How much the rows of each class count in the loss: the setting `class_weight`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from annotated_types import Gt

Weight = Annotated[float, Gt(0)]
ClassWeight = Literal["balanced"] | Weight | dict[str, Weight] | None


def row_weights(
    wanted: Literal["balanced"] | float | Mapping[str, float],
    y: np.ndarray,
    labels: Sequence[str],
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """How much each row counts, float32 [n]; y [n] holds indices into the labels.

    `balanced` is scikit-learn's definition, by the rows' own weights [n] where there are such: in
    the loss each class then says as much as any other. A number is the weight of the second
    label, and a mapping gives weights by label; the others' is 1.
    """
    if wanted == "balanced":
        sums = np.bincount(y, weights, minlength=len(labels))
        return np.asarray(sums.sum() / (np.count_nonzero(sums) * sums[y]), dtype=np.float32)
    by_label = wanted if isinstance(wanted, Mapping) else {labels[1]: wanted}
    weights = np.array([by_label.get(label, 1.0) for label in labels], dtype=np.float32)
    return np.asarray(weights[y])
