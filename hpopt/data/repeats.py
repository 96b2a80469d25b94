"""Rows that stand in the training part and in another one as well: they are known before."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hpopt.data.sources import Table
from hpopt.data.splits import Parts
from hpopt.inputs.registry import kind_named
from hpopt.inputs.stored import Texts


def repeated_rows(table: Table, parts: Parts) -> Mapping[str, int]:
    """How many rows of each part but the training one stand in that too, by the part's name.

    Two rows are the same that have the same values in all that a network is given, and the same
    target. Parts without any are left out; so are all where rows can't be compared.
    """
    hashes = _hashes(table)
    if hashes is None:
        return {}
    in_training = np.unique(hashes[parts.train])
    counts = {
        part: int(np.isin(hashes[rows], in_training).sum())
        for part, rows in parts.items()
        if part != "train"
    }
    return {part: count for part, count in counts.items() if count}


def note_on_repeats(table: Table, parts: Parts) -> str | None:
    """A word on rows that stand in two parts, where there are any."""
    counts, sizes = repeated_rows(table, parts), {part: len(rows) for part, rows in parts.items()}
    if not counts:
        return None
    shown = " and ".join(f"{count} of {sizes[part]} {part}" for part, count in counts.items())
    return (
        f"{shown} rows stand in the training part too, the same in all columns that are used and "
        "in the target: a network may know them by heart, so scores flatter; delete repeated rows, "
        "or keep them in one part by `groups` in split"
    )


def _hashes(table: Table) -> np.ndarray | None:
    """A number for each row [n], the same for the same features and target."""
    import pandas as pd

    columns = kind_named(table.kind).named_columns(table.features)
    if columns:
        values = {
            str(place): each.codes if isinstance(each, Texts) else each
            for place, each in enumerate(columns.values())
        }
        frame = pd.DataFrame({**values, "target": table.target})
        return np.asarray(pd.util.hash_pandas_object(frame, index=False))
    if not isinstance(table.features, np.ndarray):
        return None
    rows = zip(table.features, table.target, strict=True)
    return np.array([hash((row.tobytes(), value)) for row, value in rows])
