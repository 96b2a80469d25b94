"""Classes of which a validation part has too few rows to score trials by."""

from __future__ import annotations

import numpy as np

from hpopt.data.sources import Table
from hpopt.data.splits import Parts

# Of fewer rows of a class, one more or less that is right moves scores by more than params do.
_FEW = 20


def note_on_rare_classes(table: Table, parts: Parts) -> str | None:
    """That the validation part has few rows of a class, where folds would have more."""
    if not table.labels:
        return None
    counts = np.bincount(table.target[parts.validation], minlength=len(table.labels))
    few = int((counts < _FEW).sum())
    if not few:
        return None
    rarest = int(counts.argmin())
    others = f", and of {few - 1} more fewer than {_FEW}" if few > 1 else ""
    return (
        f'rows of "{table.labels[rarest]}" in the validation part: {counts[rarest]}'
        f"{others}; a score of so few is luck for the most part: `folds: 5` under `training` also "
        "scores each trial on the rows of the training part, in five fits"
    )
