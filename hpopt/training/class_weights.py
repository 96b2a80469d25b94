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
) -> np.ndarray:
    """How much each row counts, float32 [n]; y [n] holds indices into the labels.

    `balanced` is scikit-learn's definition. A number is the weight of the second label, and a
    mapping gives weights by label; the others' is 1.
    """
    if wanted == "balanced":
        from sklearn.utils.class_weight import compute_sample_weight

        return np.asarray(compute_sample_weight("balanced", y), dtype=np.float32)
    by_label = wanted if isinstance(wanted, Mapping) else {labels[1]: wanted}
    weights = np.array([by_label.get(label, 1.0) for label in labels], dtype=np.float32)
    return np.asarray(weights[y])
